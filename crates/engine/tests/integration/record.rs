//! Records given as JSON.

use eyrie_engine::JsonRecord;
use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, Arity};
use eyrie_lang::{Compiler, FieldInfo, Kind, Schema, Scratch, StaticSchema, Type};

fn schema() -> StaticSchema {
    StaticSchema::new(vec![
        FieldInfo::new("evt.type", Type::CharBuf, ""),
        FieldInfo::new("evt.time", Type::CharBuf, ""),
        FieldInfo::new("evt.buffer", Type::ByteBuf, ""),
        FieldInfo::new("proc.name", Type::CharBuf, ""),
        FieldInfo::new("proc.pid", Type::Int64, ""),
        FieldInfo::new("proc.root", Type::Bool, ""),
        FieldInfo::new("proc.aname", Type::CharBuf, "")
            .arity(Arity::Any)
            .argument(ArgumentPolicy::Optional(ArgumentKind::Index)),
        FieldInfo::new("user.uid", Type::Uint32, ""),
        FieldInfo::new("fd.types", Type::CharBuf, "").list(),
        FieldInfo::new("fd.sip", Type::IpAddr, ""),
        FieldInfo::new("fd.snet", Type::IpNet, ""),
    ])
    .unwrap()
    .with_discriminant("evt.type", ["open", "connect"])
    .unwrap()
}

#[test]
fn json_is_seen_as_fields() {
    let schema = schema();
    let record = JsonRecord::parse(
        r#"{"evt.type": "connect", "evt.time": 17, "evt.buffer": "GET", "proc.name": "cat", "proc.pid": -1,
            "proc.root": true, "proc.aname": ["sh", "init"], "proc.aname[2]": "init", "user.uid": 0,
            "fd.types": ["file", "ipv4"], "fd.sip": "10.0.0.1", "fd.snet": "10.0.0.1"}"#,
        &schema,
    )
    .unwrap();
    assert_eq!(record.kind(), Some(Kind(1)));
    for (condition, expected) in [
        ("evt.type = connect and evt.time = 17 and evt.buffer contains ET", true),
        ("proc.name = cat and proc.pid = -1 and proc.root = true and user.uid = 0", true),
        ("proc.aname = init and proc.aname[2] = init", true),
        ("proc.aname[3] exists", false),
        ("fd.types intersects (ipv4) and fd.sip = 10.0.0.1 and fd.snet = 10.0.0.0/8", true),
        ("proc.name = dog or user.uid != 0", false),
    ] {
        let mut compiler = Compiler::new(&schema);
        let id = compiler.add(condition).unwrap().id;
        let verdict = compiler.finish().run(id, &record, &mut Scratch::new());
        assert_eq!(verdict.is_true(), expected, "{condition}");
    }
    assert!(JsonRecord::parse(r#"{"proc.name": null}"#, &schema as &dyn Schema).unwrap().kind().is_none());
}

#[test]
fn what_is_no_record_is_told_at_once() {
    let problems = JsonRecord::parse(
        r#"{"proc.nmae": "cat", "proc.pid": "one", "proc.name": ["a"], "fd.sip": "here", "user.uid": -1, "evt.type[1]": "x"}"#,
        &schema(),
    )
    .unwrap_err();
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    there is no field `proc.nmae`; did you mean `proc.name`?
    `proc.pid` is a whole number, not "one"
    `proc.name` is a single value, not ["a"]
    `fd.sip` is an address such as 192.0.2.1, not "here"
    `user.uid` is a whole number from 0 up, not -1
    the field `evt.type` takes no argument
    "#);
    let problems = JsonRecord::parse("[1]", &schema()).unwrap_err();
    insta::assert_snapshot!(problems[0], @"expected a JSON object of fields: this is something else");
}
