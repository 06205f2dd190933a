//! The table of fields, and what conditions may ask for.

use std::collections::HashSet;

use eyrie_events::fields::{FieldClass, SyscallSchema, class, id};
use eyrie_events::table::{EventType, ParamName};
use eyrie_events::{Event, EventRecord, Host, Seen, Stream};
use eyrie_lang::ast::Op;
use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, Arity};
use eyrie_lang::{Compiler, Discriminant, FieldError, FieldId, Schema, Scratch, Type};

#[test]
fn every_field_is_found_by_its_name() {
    let schema = SyscallSchema::new();
    let mut names = HashSet::new();
    let mut last = FieldClass::Event;
    for (info, at) in schema.fields().iter().zip(0..) {
        assert!(names.insert(info.name.as_ref()), "{} is there twice", info.name);
        assert_eq!(schema.id(&info.name), Some(FieldId(at)), "{}", info.name);
        assert!((9..=200).contains(&info.doc.len()) && info.doc.ends_with(['.', '…']), "{}", info.name);
        let argument = match info.argument {
            ArgumentPolicy::Required(ArgumentKind::Index) => Some("1"),
            ArgumentPolicy::Required(ArgumentKind::Key) => Some("name"),
            _ => None,
        };
        if !matches!(FieldId(at), id::EVT_RAWARG | id::EVT_TYPE_IS | id::THREAD_CGROUP) {
            let field = schema.resolve(&info.name, argument).unwrap();
            assert_eq!((field.id, field.ty), (FieldId(at), info.ty), "{}", info.name);
        }
        let class = class(FieldId(at)).unwrap();
        assert!(class >= last, "{}", info.name);
        last = class;
    }
    assert_eq!(names.len(), 233 + 61);
    let of = |wanted| (0..294).filter(|at| class(FieldId(*at)) == Some(wanted)).count();
    assert_eq!((of(FieldClass::Event), of(FieldClass::Syscall), of(FieldClass::Process)), (18, 58, 90));
    assert_eq!((of(FieldClass::Fd), of(FieldClass::Container)), (46, 61));
}

#[test]
fn every_parameter_is_an_argument() {
    let schema = SyscallSchema::new();
    for (ty, info) in EventType::all() {
        for param in info.params {
            assert_eq!(ParamName::find(param.name), Some(param.name_id), "{}", param.name);
            assert_eq!(param.name_id.text(), param.name);
            for prefix in ["evt.arg", "evt.rawarg"] {
                let name = format!("{prefix}.{}", param.name);
                assert!(schema.resolve(&name, None).is_ok(), "{name}");
            }
        }
        let name = format!("evt.type.is.{}", info.name);
        assert!(schema.resolve(&name, None).is_ok(), "{name}");
        assert!(schema.kinds().kinds(info.name).is_some(), "{}", info.name);
        assert!(ty.0 <= 1 || schema.kinds().kinds(info.name).unwrap().contains(&ty.into()));
    }
}

#[test]
fn arguments_decide_types() {
    let schema = SyscallSchema::new();
    let ty = |name: &str| schema.resolve(name, None).map(|field| field.ty);
    assert_eq!(ty("evt.rawarg.res"), Ok(Type::Errno));
    assert_eq!(ty("evt.rawarg.flags"), Ok(Type::Flags32));
    assert_eq!(ty("evt.arg.flags"), Ok(Type::CharBuf));
    assert!(schema.resolve("evt.rawarg.data", None).unwrap().flags.no_literal);
    assert_eq!(schema.resolve("proc.aname", None).unwrap().arity, Arity::Any);
    assert_eq!(schema.resolve("proc.aname", Some("2")).unwrap().arity, Arity::One);
    for wrong in ["evt.type.is.nonsense", "evt.abspath.both", "thread.cgroup.a-b", "evt.nonsense", "evt"] {
        assert!(matches!(schema.resolve(wrong, None), Err(FieldError::Unknown { .. })), "{wrong}");
    }
    for (name, argument) in
        [("evt.rawarg", "res"), ("evt.abspath", "src"), ("evt.arg", "flags"), ("fd.name", "1")]
    {
        assert!(schema.resolve(name, Some(argument)).is_err(), "{name}[{argument}]");
    }
}

#[test]
fn plugins_add_names_of_events() {
    let schema = SyscallSchema::new().with_async_events(["pod_started"]);
    assert_eq!(schema.kinds().kinds("pod_started"), Some(vec![EventType::ASYNCEVENT_E.into()]));
    assert_eq!(SyscallSchema::new().kinds().kinds("pod_started"), None);
}

/// The kinds that a condition can match, and what they are called.
fn kinds(condition: &str) -> (Vec<EventType>, Vec<String>) {
    let schema = SyscallSchema::new();
    let mut compiler = Compiler::new(&schema);
    let id = compiler.add(condition).unwrap().id;
    let kinds = compiler.finish().kinds(id);
    let records = EventType::all().map(|(ty, _)| ty).filter(|ty| kinds.contains((*ty).into())).collect();
    (records, schema.kinds().described(&kinds).into_iter().map(String::from).collect())
}

#[test]
fn a_name_stands_for_its_kinds_of_events() {
    let (records, names) = kinds("evt.type = close_range");
    assert_eq!(records, [EventType::CLOSE_RANGE_X]);
    assert_eq!(names, ["asyncevent", "close_range"]);
    // System calls without events of their own share a kind, in a record; in a description each is itself.
    let (records, names) = kinds("evt.type in (getpid, umask)");
    assert_eq!(records, [EventType::GENERIC_E, EventType::GENERIC_X]);
    assert_eq!(names, ["asyncevent", "getpid", "umask"]);
    let (records, names) = kinds("not evt.type = getpid");
    assert_eq!(records.len(), EventType::COUNT - 2);
    assert!(names.contains(&"umask".to_string()) && !names.contains(&"getpid".to_string()));
    assert!(kinds("evt.num = 0").0.is_empty());
}

#[test]
fn counts_begin_at_one() {
    let schema = SyscallSchema::new();
    let field = schema.resolve("evt.num", None).unwrap();
    let constant = |op, values: &[&[u8]]| schema.constant(&field, op, values);
    assert_eq!(constant(Op::Eq, &[b"0"]), Some(false));
    assert_eq!(constant(Op::Lt, &[b"1"]), Some(false));
    assert_eq!(constant(Op::Gt, &[b"0"]), Some(true));
    assert_eq!(constant(Op::In, &[b"0", b"0"]), Some(false));
    assert_eq!(constant(Op::In, &[b"0", b"7"]), None);
    assert_eq!(constant(Op::Eq, &[b"1"]), None);
}

/// Whether a condition holds for an event at this time.
fn holds_at(time: u64, condition: &str) -> bool {
    let schema = SyscallSchema::new();
    let mut compiler = Compiler::new(&schema);
    let id = compiler.add(condition).unwrap().id;
    let event = Event::from_parts(time, 1, EventType::CLOSE_X, 0, &[]).unwrap();
    let (host, mut stream) = (Host::default(), Stream::new());
    stream.advance(time);
    let record = EventRecord { event: &event, host: &host, seen: Seen::default(), stream: &stream };
    compiler.finish().run(id, &record, &mut Scratch::new()).is_true()
}

#[test]
fn around_is_a_distance_in_milliseconds() {
    let condition = "evt.around[5000000000] = 2";
    for (time, holds) in [
        (4_997_999_999, false),
        (4_998_000_000, true),
        (5_000_000_000, true),
        (5_002_000_000, true),
        (5_002_000_001, false),
    ] {
        assert_eq!(holds_at(time, condition), holds, "{time}");
        assert_eq!(holds_at(time, &format!("not {condition}")), !holds, "{time}");
    }
}
