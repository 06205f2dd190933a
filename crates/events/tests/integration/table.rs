//! The table of events, and events read by it.

use std::collections::HashSet;

use eyrie_events::table::{Direction, EventFlags};
use eyrie_events::{DecodeError, Event, EventType, SyscallId};

/// The bytes of an event with these parameters.
fn bytes(ty: EventType, wide: bool, params: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&7u64.to_le_bytes());
    out.extend_from_slice(&42i64.to_le_bytes());
    let width = if wide { 4 } else { 2 };
    let len = 26 + params.iter().map(|param| param.len() + width).sum::<usize>();
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&ty.0.to_le_bytes());
    out.extend_from_slice(&u32::try_from(params.len()).unwrap_or(u32::MAX).to_le_bytes());
    for param in params {
        let len = u32::try_from(param.len()).unwrap_or(u32::MAX).to_le_bytes();
        out.extend_from_slice(&len[..width]);
    }
    params.iter().for_each(|param| out.extend_from_slice(param));
    out
}

#[test]
fn kinds_come_in_pairs_with_unique_codes() {
    assert_eq!(EventType::COUNT, 454);
    let mut codes = HashSet::new();
    for (ty, info) in EventType::all() {
        assert!(codes.insert(info.code), "{} is there twice", info.code);
        assert_eq!(ty.is_enter(), info.direction == Direction::Enter, "{}", info.code);
        assert!(info.params.len() <= eyrie_events::event::MAX_PARAMS, "{}", info.code);
        for param in info.params {
            assert!(
                param.dirfd.is_none_or(|at| usize::from(at) < info.params.len()),
                "{}.{}",
                info.code,
                param.name
            );
        }
    }
    let info = EventType::OPENAT_2_X.info().unwrap();
    assert_eq!((info.name, info.params[2].name, info.params[2].dirfd), ("openat", "name", Some(1)));
    assert!(info.flags.has(EventFlags::CREATES_FD));
    assert_eq!(EventType(454).info(), None);
}

#[test]
fn system_calls_have_numbers() {
    assert_eq!(SyscallId::COUNT, 454);
    assert_eq!(SyscallId(3).name(), Some("read"));
    assert_eq!(SyscallId::from_name("read"), Some(SyscallId(3)));
    assert_eq!(SyscallId::from_name("nope"), None);
}

#[test]
fn an_event_gives_its_parameters() {
    let bytes = bytes(EventType::CLOSE_X, false, &[&(-9i64).to_le_bytes(), &3i64.to_le_bytes()]);
    let event = Event::decode(&bytes).unwrap();
    assert_eq!((event.time, event.tid, event.param_count()), (7, 42, 2));
    assert_eq!((event.i64(0), event.i64(1), event.i64(2)), (Some(-9), Some(3), None));
    assert_eq!(event.params().map(|(info, _)| info.name).collect::<Vec<_>>(), ["res", "fd"]);
}

#[test]
fn fewer_parameters_than_the_table_has_are_absent() {
    let bytes = bytes(EventType::CLOSE_X, false, &[&0i64.to_le_bytes()]);
    let event = Event::decode(&bytes).unwrap();
    assert_eq!((event.param_count(), event.param(1)), (1, None));
}

#[test]
fn large_kinds_have_lengths_of_four_bytes() {
    let payload = vec![b'x'; 70_000];
    let bytes = bytes(EventType::PLUGINEVENT_E, true, &[&3u32.to_le_bytes(), &payload]);
    let event = Event::decode(&bytes).unwrap();
    assert_eq!(event.param(1).map(<[u8]>::len), Some(70_000));
}

#[test]
fn text_ends_at_its_nul_and_no_bytes_are_no_text() {
    let bytes = bytes(EventType::CHDIR_X, false, &[&0i64.to_le_bytes(), b"/tmp\0"]);
    assert_eq!(Event::decode(&bytes).unwrap().text(1), Some(&b"/tmp"[..]));
    let bytes = self::bytes(EventType::CHDIR_X, false, &[&0i64.to_le_bytes(), b""]);
    assert_eq!(Event::decode(&bytes).unwrap().text(1), None);
}

#[test]
fn what_is_no_event_is_refused() {
    let good = bytes(EventType::CLOSE_X, false, &[&0i64.to_le_bytes(), &3i64.to_le_bytes()]);
    for len in 0..good.len() {
        assert!(matches!(Event::decode(&good[..len]), Err(DecodeError::Truncated { .. })), "{len}");
    }
    let mut lying = good.clone();
    lying[26] = 200;
    assert!(matches!(Event::decode(&lying), Err(DecodeError::ParamsTooLong { params: 208, .. })));
    let mut many = good.clone();
    many[22] = 33;
    assert!(matches!(Event::decode(&many), Err(DecodeError::TooManyParams { count: 33, .. })));
    let mut new = good;
    new[20..22].copy_from_slice(&500u16.to_le_bytes());
    assert!(matches!(Event::decode(&new), Err(DecodeError::UnknownType(500))));
}

#[test]
fn every_entry_of_the_tables_is_found() {
    let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
    // Events: by their numbers, as the table has them.
    for line in lines(include_str!("../../src/table/events.tsv")) {
        let columns: Vec<&str> = line.split('\t').collect();
        let info = EventType(columns[0].parse().unwrap()).info().unwrap();
        assert_eq!([info.code, info.name], [columns[1], columns[3]]);
        let params: Vec<&str> = columns[6].split(',').filter(|param| *param != "-").collect();
        assert_eq!(info.params.len(), params.len(), "{line}");
        for (param, written) in info.params.iter().zip(params) {
            let parts: Vec<&str> = written.split(':').collect();
            let ty = if parts[1] == "DYN" { "DYNAMIC" } else { parts[1] };
            assert_eq!((param.name, param.ty.name()), (parts[0], ty), "{line}");
            // What it says of names, types or directories has come along.
            let said = !param.names.is_empty() || !param.types.is_empty() || param.dirfd.is_some();
            assert_eq!(said, parts.len() > 3, "{line}: {written}");
        }
    }
    for line in lines(include_str!("../../src/table/syscalls.tsv")) {
        let columns: Vec<&str> = line.split('\t').collect();
        let call = SyscallId(columns[0].parse().unwrap());
        assert_eq!((call.name(), SyscallId::from_name(columns[1])), (Some(columns[1]), Some(call)));
        if let Ok(native) = columns[2].parse() {
            assert_eq!(SyscallId::from_native(native), Some(call), "{line}");
        }
        for event in call.event_names() {
            assert!(EventType::all().any(|(_, info)| info.name == *event), "{line}");
        }
    }
}
