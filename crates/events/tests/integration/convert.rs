//! Old events become today's.

use eyrie_events::convert::{Converter, Outcome};
use eyrie_events::event::MAX_PARAMS;
use eyrie_events::table::EventFlags;
use eyrie_events::{Event, EventType};

/// Lengths and parameters: so many parameters of eight bytes, each with its number.
fn body(ty: EventType, params: usize) -> Vec<u8> {
    let large = ty.info().unwrap().flags.has(EventFlags::LARGE);
    let mut bytes = Vec::new();
    for _ in 0..params {
        bytes.extend_from_slice(if large { &[8, 0, 0, 0] } else { &[8, 0] });
    }
    for at in 0..params {
        bytes.extend_from_slice(&[u8::try_from(at).unwrap() + 1; 8]);
    }
    bytes
}

/// An event's kind and its parameters.
type Converted = (EventType, Vec<Vec<u8>>);

/// What becomes of an event with so many parameters.
fn convert(converter: &mut Converter, ty: EventType, params: usize) -> Result<Option<Converted>, Outcome> {
    let bytes = body(ty, params);
    let event = Event::from_parts(1, 42, ty, u32::try_from(params).unwrap(), &bytes).unwrap();
    let params = |event: &Event<'_>| {
        (0..event.param_count()).map(|at| event.param(at).unwrap().to_vec()).collect::<Vec<_>>()
    };
    match converter.convert(&event) {
        Outcome::Keep => Ok(Some((ty, params(&event)))),
        Outcome::Drop => Ok(None),
        Outcome::Rewritten(ty, count) => {
            let event = Event::from_parts(1, 42, ty, count, converter.body()).unwrap();
            Ok(Some((ty, params(&event))))
        }
        Outcome::Unknown => Err(Outcome::Unknown),
    }
}

#[test]
fn whatever_becomes_of_an_event_is_an_event_of_today() {
    let mut converted = 0;
    for (ty, info) in EventType::all() {
        for params in 0..=info.params.len().min(MAX_PARAMS) {
            let mut converter = Converter::new();
            let Ok(Some((after, given))) = convert(&mut converter, ty, params) else { continue };
            let today = after.info().unwrap();
            assert!(!today.flags.has(EventFlags::UNUSED), "{ty} becomes {after}");
            if after.is_enter() {
                // Beginnings that are of use by themselves are given.
                continue;
            }
            assert!(!today.flags.has(EventFlags::OLD), "{ty} becomes {after}");
            if today.flags.has(EventFlags::CONVERTED) && (after, params) != (ty, params) {
                assert_eq!(given.len(), today.params.len(), "{ty} with {params} becomes {after}");
            }
            converted += usize::from(after != ty || given.len() != params);
        }
    }
    assert!(converted > 120, "{converted}");
}

#[test]
fn every_old_kind_is_known_with_all_its_parameters() {
    for (ty, info) in EventType::all() {
        if info.flags.has(EventFlags::OLD) && !info.flags.has(EventFlags::UNUSED) {
            let outcome = convert(&mut Converter::new(), ty, info.params.len());
            assert!(outcome.is_ok(), "{ty} with {} parameters", info.params.len());
        }
    }
}

#[test]
fn an_end_takes_what_its_beginning_said() {
    let mut converter = Converter::new();
    assert_eq!(convert(&mut converter, EventType::READ_E, 2), Ok(None));
    let (ty, params) = convert(&mut converter, EventType::READ_X, 2).unwrap().unwrap();
    assert_eq!((ty, params[2].clone(), params[3].clone()), (EventType::READ_X, vec![1; 8], vec![2; 4]));

    // The beginning is used up: what was lost is 0.
    let (_, params) = convert(&mut converter, EventType::READ_X, 2).unwrap().unwrap();
    assert_eq!((params[2].clone(), params[3].clone()), (vec![0; 8], vec![0; 4]));

    // One whose end was lost is not mistaken for another's beginning.
    assert_eq!(convert(&mut converter, EventType::CLOSE_E, 1), Ok(None));
    let (_, params) = convert(&mut converter, EventType::READ_X, 2).unwrap().unwrap();
    assert_eq!(params[2], vec![0; 8]);

    // After another section begins, nothing is known.
    assert_eq!(convert(&mut converter, EventType::READ_E, 2), Ok(None));
    converter.reset();
    let (_, params) = convert(&mut converter, EventType::READ_X, 2).unwrap().unwrap();
    assert_eq!(params[2], vec![0; 8]);
}

#[test]
fn versions_follow_one_another() {
    let (ty, params) = convert(&mut Converter::new(), EventType::EXECVE_8_X, 8).unwrap().unwrap();
    assert_eq!(ty, EventType::EXECVE_19_X);
    assert_eq!(params.len(), ty.info().unwrap().params.len());
    assert_eq!((params[1].clone(), params[7].clone(), params[13].clone()), (vec![2; 8], vec![8; 8], vec![]));
}

#[test]
fn containers_become_json() {
    let bytes = [&[4, 0, 4, 0, 4, 0, 4, 0][..], b"id1\0", &[7, 0, 0, 0], b"a\"b\0", b"img\0"].concat();
    let event = Event::from_parts(1, 42, EventType::CONTAINER_E, 4, &bytes).unwrap();
    let mut converter = Converter::new();
    assert_eq!(converter.convert(&event), Outcome::Rewritten(EventType::CONTAINER_JSON_2_E, 1));
    let event = Event::from_parts(1, 42, EventType::CONTAINER_JSON_2_E, 1, converter.body()).unwrap();
    assert_eq!(
        String::from_utf8_lossy(event.param(0).unwrap()),
        "{\"id\":\"id1\",\"type\":7,\"name\":\"a\\\"b\",\"image\":\"img\"}\0"
    );
}

#[test]
fn made_up_threads_do_not_fill_the_memory() {
    let mut converter = Converter::new();
    let long = vec![b'x'; 60_000];
    let body = [&8u16.to_le_bytes()[..], &60_000u16.to_le_bytes(), &[0; 8], &long].concat();
    for tid in 0..5_000 {
        let event = Event::from_parts(1, tid, EventType::LINK_E, 2, &body).unwrap();
        assert_eq!(converter.convert(&event), Outcome::Drop);
    }
    assert!(converter.forgotten() > 3_000, "{}", converter.forgotten());
}
