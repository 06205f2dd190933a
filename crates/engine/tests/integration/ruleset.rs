//! Rule sets: which rules judge which events, in which order, and what that costs.

use std::collections::BTreeMap;

use eyrie_engine::rules::{Loader, Rules};
use eyrie_engine::{
    Event, JsonRecord, JudgeScratch, LiveRules, Matching, Priority, RuleSet, RuleSetOptions, Selection,
    StaticFields, WithStaticFields,
};
use eyrie_events::{EventType, SyscallSchema};
use eyrie_lang::{
    Compiler, Discriminant, Field, FieldInfo, Fields, Kind, Presence, Schema, Scratch, StaticSchema, Type,
    Values,
};

const KINDS: [&str; 4] = ["open", "execve", "connect", "asyncevent"];

pub(crate) fn schema() -> StaticSchema {
    StaticSchema::new(vec![
        FieldInfo::new("evt.type", Type::CharBuf, ""),
        FieldInfo::new("proc.name", Type::CharBuf, ""),
        FieldInfo::new("proc.cmdline", Type::CharBuf, ""),
        FieldInfo::new("proc.exepath", Type::FsPath, ""),
        FieldInfo::new("proc.pid", Type::Int64, ""),
        FieldInfo::new("fd.name", Type::CharBuf, ""),
        FieldInfo::new("fd.sip", Type::IpAddr, ""),
        FieldInfo::new("fd.sport", Type::Port, ""),
        FieldInfo::new("user.name", Type::CharBuf, ""),
    ])
    .unwrap()
    .with_discriminant("evt.type", KINDS)
    .unwrap()
}

pub(crate) fn load(text: &str, schema: &dyn Schema) -> Rules {
    let mut loader = Loader::new([("syscall", schema)]);
    let report = loader.load("rules.yaml", text.as_bytes());
    assert!(report.errors.is_empty(), "{:#?}", report.errors);
    loader.finish().rules
}

fn rule(name: &str, condition: &str, more: &str) -> String {
    format!("- rule: {name}\n  desc: text\n  condition: {condition}\n  output: out\n{more}\n")
}

fn names(set: &RuleSet, record: &str, schema: &dyn Schema) -> String {
    let record = JsonRecord::parse(record, schema).unwrap();
    let event = Event { kind: record.kind().unwrap(), time: 0, fields: &record };
    let mut names = Vec::new();
    set.source("syscall")
        .unwrap()
        .judge(&event, &mut JudgeScratch::new(), |finding| names.push(finding.rule.name.clone()));
    names.join(" ")
}

#[test]
fn rules_are_tried_in_the_order_of_their_first_definition() {
    let schema = schema();
    let text = [
        rule("a", "evt.type = open and proc.name = cat", "  priority: ERROR\n  tags: [x]"),
        rule("b", "proc.name exists", "  priority: NOTICE\n  tags: [x, y]"),
        rule("c", "evt.type in (open, connect)", "  priority: DEBUG\n  enabled: false"),
        rule("d", "not evt.type = open", "  priority: CRITICAL"),
        rule("b", "proc.name exists and evt.type != connect", "  priority: NOTICE\n  tags: [x, y]"),
    ]
    .concat();
    let rules = load(&text, &schema);
    let build = |options: RuleSetOptions| {
        RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &options).unwrap()
    };
    let all = RuleSetOptions { matching: Matching::All, ..RuleSetOptions::default() };
    let cat = r#"{"evt.type": "open", "proc.name": "cat"}"#;
    let exec = r#"{"evt.type": "execve", "proc.name": "cat"}"#;
    let connect = r#"{"evt.type": "connect", "proc.name": "cat"}"#;
    let set = build(RuleSetOptions::default());
    assert_eq!([cat, exec, connect].map(|record| names(&set, record, &schema)), ["a", "b", "d"]);
    let set = build(all.clone());
    assert_eq!([cat, exec, connect].map(|record| names(&set, record, &schema)), ["a b", "b d", "d"]);
    let select = |selections: Vec<Selection>| {
        names(&build(RuleSetOptions { selections, ..all.clone() }), cat, &schema)
    };
    assert_eq!(select(vec![Selection::enable_rule("*")]), "a b c");
    assert_eq!(select(vec![Selection::disable_tag("y"), Selection::enable_rule("c")]), "a c");
    // What is switched off and on again comes last.
    assert_eq!(select(vec![Selection::disable_tag("x"), Selection::enable_tag("x")]), "a b");
    assert_eq!(select(vec![Selection::disable_rule("a"), Selection::enable_rule("a")]), "b a");
    assert_eq!(select(vec![Selection::disable_rule("*")]), "");
    let urgent = RuleSetOptions {
        minimum_priority: Priority::Error,
        selections: vec![Selection::enable_rule("*")],
        ..all.clone()
    };
    assert_eq!(names(&build(urgent), cat, &schema), "a");
}

#[test]
fn kinds_without_rules_are_not_wanted() {
    let schema = schema();
    let text = [
        rule("a", "evt.type = open and proc.name = cat", "  priority: ERROR"),
        rule("b", "evt.type = connect", "  priority: ERROR"),
    ]
    .concat();
    let rules = load(&text, &schema);
    let sources = [("syscall", &schema as &dyn Schema)];
    let set = RuleSet::build(&rules, sources, &RuleSetOptions::default()).unwrap();
    let wanted: Vec<u32> = set.source("syscall").unwrap().wanted_kinds().iter().map(|kind| kind.0).collect();
    assert_eq!(wanted, [0, 2]);
    let options =
        RuleSetOptions { selections: vec![Selection::disable_rule("a")], ..RuleSetOptions::default() };
    let set = RuleSet::build(&rules, sources, &options).unwrap();
    let wanted: Vec<u32> = set.source("syscall").unwrap().wanted_kinds().iter().map(|kind| kind.0).collect();
    assert_eq!(wanted, [2]);
    // A kind that there is not is no reason to panic.
    let record = JsonRecord::parse("{}", &schema).unwrap();
    let event = Event { kind: Kind(77), time: 0, fields: &record };
    set.source("syscall").unwrap().judge(&event, &mut JudgeScratch::new(), |_| panic!("nothing matches"));
}

#[test]
fn injected_events_are_judged_by_all_rules() {
    let schema = SyscallSchema::new();
    let text = [
        rule("a", "evt.type = container and evt.num > 0", "  priority: ERROR"),
        rule("b", "not evt.type = execve", "  priority: ERROR"),
        rule("c", "evt.type = open", "  priority: ERROR"),
    ]
    .concat();
    let rules = load(&text, &schema);
    let options = RuleSetOptions { matching: Matching::All, ..RuleSetOptions::default() };
    let set = RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &options).unwrap();
    let source = set.source("syscall").unwrap();
    assert!(source.wanted_kinds().contains(EventType::ASYNCEVENT_E.into()));
    let judged = |kind: EventType, record: &str| {
        let record = JsonRecord::parse(record, &schema).unwrap();
        let event = Event { kind: kind.into(), time: 0, fields: &record };
        let mut names = Vec::new();
        source.judge(&event, &mut JudgeScratch::new(), |finding| names.push(finding.rule.name.clone()));
        names.join(" ")
    };
    let injected = r#"{"evt.type": "container", "evt.num": 1}"#;
    assert_eq!(judged(EventType::ASYNCEVENT_E, injected), "a b");
    assert_eq!(judged(EventType::GENERIC_X, r#"{"evt.type": "getpid", "evt.num": 1}"#), "b");
}

#[test]
fn static_fields_can_be_asked_and_shown() {
    let schema = schema();
    let fields =
        StaticFields::from([("site".to_string(), "lab".to_string()), ("n".to_string(), "5".to_string())]);
    let with = WithStaticFields::new(&schema, &fields);
    let text = "- rule: S\n  desc: text\n  condition: evt.type = open and static.site = lab\n  output: \"%static.site %static.n %proc.name\"\n  priority: WARNING\n";
    let rules = load(text, &with);
    let options = RuleSetOptions { static_fields: fields, ..RuleSetOptions::default() };
    let set = RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &options).unwrap();
    let record = JsonRecord::parse(r#"{"evt.type": "open", "proc.name": "cat"}"#, &schema).unwrap();
    let event = Event { kind: Kind(0), time: 0, fields: &record };
    let mut messages = Vec::new();
    set.source("syscall").unwrap().judge(&event, &mut JudgeScratch::new(), |finding| {
        assert_eq!(serde_json::to_string(&finding.field("static.n")).unwrap(), r#""5""#);
        messages.push(finding.message);
    });
    assert_eq!(messages, ["lab 5 cat"]);
}

#[test]
fn a_set_that_does_not_come_about_leaves_the_old_one_in_use() {
    let schema = schema();
    let build = |name: &str| {
        let rules = load(&rule(name, "evt.type = open", "  priority: ERROR"), &schema);
        RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &RuleSetOptions::default()).unwrap()
    };
    let live = LiveRules::new(build("old"));
    let open = r#"{"evt.type": "open"}"#;
    let kept = live.snapshot();
    assert!(live.try_replace(|| Err::<RuleSet, _>("broken")).is_err());
    assert_eq!(names(&live.current(), open, &schema), "old");
    live.try_replace(|| Ok::<_, ()>(build("new"))).unwrap();
    assert_eq!(names(&live.current(), open, &schema), "new");
    assert_eq!(names(&kept, open, &schema), "old");
}

#[test]
fn threads_share_a_set() {
    let schema = schema();
    let rules = load(&rule("a", "evt.type = open and proc.name = cat", "  priority: ERROR"), &schema);
    let set =
        RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &RuleSetOptions::default()).unwrap();
    let source = set.source("syscall").unwrap();
    let found: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|at| {
                let schema = &schema;
                scope.spawn(move || {
                    let name = if at % 2 == 0 { "cat" } else { "dog" };
                    let text = format!(r#"{{"evt.type": "open", "proc.name": "{name}"}}"#);
                    let record = JsonRecord::parse(&text, schema).unwrap();
                    let mut scratch = JudgeScratch::new();
                    let mut found = 0;
                    for _ in 0..1000 {
                        let event = Event { kind: Kind(0), time: 0, fields: &record };
                        source.judge(&event, &mut scratch, |_| found += 1);
                    }
                    found
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(found, 2000);
}

/// An event that gives its fields without allocating.
struct Plain(BTreeMap<&'static str, &'static str>);

impl Fields for Plain {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        match self.0.get(&*field.name) {
            Some(text) if field.ty == Type::IpAddr => out.push(eyrie_lang::Value::Ip(text.parse().unwrap())),
            Some(text) if field.ty == Type::Port => out.uint(text.parse().unwrap()),
            Some(text) if field.ty == Type::Int64 => out.int(text.parse().unwrap()),
            Some(text) => out.text(*text),
            None => Presence::Absent,
        }
    }
}

/// Rules of all shapes that can be looked up, and some that cannot.
fn conditions(random: &mut fastrand::Rng, count: usize) -> Vec<String> {
    let word =
        |random: &mut fastrand::Rng| *random.choice(&["cat", "sh", "curl", "bash", "nc", "id"]).unwrap();
    let path =
        |random: &mut fastrand::Rng| *random.choice(&["/etc", "/etc/ssh", "/usr/bin", "/tmp", "/"]).unwrap();
    let atom = |random: &mut fastrand::Rng| match random.u8(0..12) {
        0 => format!("proc.name = {}", word(random)),
        1 => format!("proc.name in ({}, {})", word(random), word(random)),
        2 => format!("fd.name startswith {}", path(random)),
        3 => format!("proc.exepath endswith {}", word(random)),
        4 => format!("proc.cmdline contains \"{} -\"", word(random)),
        5 => format!("fd.sport in ({}, {})", random.u8(1..5), random.u8(1..5)),
        6 => format!("proc.pid = {}", random.u8(1..5)),
        7 => "fd.sip in (10.0.0.1, 10.0.0.2)".to_string(),
        8 => format!("proc.name startswith anyof ({}, {})", word(random), word(random)),
        9 => format!("user.name != {}", word(random)),
        10 => format!("tolower(proc.name) = {}", word(random)),
        _ => format!("evt.type in ({}, {})", random.choice(KINDS).unwrap(), random.choice(KINDS).unwrap()),
    };
    (0..count)
        .map(|_| {
            let mut parts = Vec::new();
            for _ in 0..random.usize(1..5) {
                let part = match random.u8(0..5) {
                    0 => format!("not {}", atom(random)),
                    1 => format!("({} or {})", atom(random), atom(random)),
                    _ => atom(random),
                };
                parts.push(part);
            }
            parts.join(" and ")
        })
        .collect()
}

fn event(random: &mut fastrand::Rng) -> (Kind, Plain) {
    let kind = random.usize(0..KINDS.len());
    let mut fields = BTreeMap::from([("evt.type", KINDS[kind])]);
    for (name, values) in [
        ("proc.name", &["cat", "sh", "curl", "bash", "nc", "id", "CAT", ""][..]),
        ("proc.cmdline", &["cat -n", "sh -c id", "curl x", "nc -l sh -c", ""][..]),
        ("proc.exepath", &["/usr/bin/cat", "/bin/bash", "cat", "/tmp/nc"][..]),
        ("fd.name", &["/etc/ssh/sshd", "/etc", "/etcetera", "/usr/bin/x", "/tmp", "", "x"][..]),
        ("fd.sport", &["1", "2", "3", "70"][..]),
        ("proc.pid", &["1", "2", "3"][..]),
        ("fd.sip", &["10.0.0.1", "::1"][..]),
        ("user.name", &["cat", "root"][..]),
    ] {
        if random.u8(0..5) > 0 {
            fields.insert(name, random.choice(values).unwrap());
        }
    }
    (Kind(u32::try_from(kind).unwrap()), Plain(fields))
}

#[test]
fn a_set_finds_what_its_rules_find_one_by_one() {
    let mut random = fastrand::Rng::with_seed(11);
    let schema = schema();
    let discriminant: &dyn Discriminant = schema.discriminant().unwrap();
    let mut found = 0;
    for _ in 0..60 {
        let count = random.usize(1..120);
        let conditions = conditions(&mut random, count);
        let text: String = conditions
            .iter()
            .enumerate()
            .map(|(at, condition)| rule(&format!("r{at}"), &format!("'{condition}'"), "  priority: ERROR"))
            .collect();
        let rules = load(&text, &schema);
        let one_by_one: Vec<_> = conditions
            .iter()
            .map(|condition| {
                let mut compiler = Compiler::new(&schema);
                let id = compiler.add(condition).unwrap().id;
                (compiler.finish(), id)
            })
            .collect();
        for matching in [Matching::First, Matching::All] {
            let options = RuleSetOptions { matching, ..RuleSetOptions::default() };
            let set = RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &options).unwrap();
            let source = set.source("syscall").unwrap();
            let mut scratch = JudgeScratch::new();
            for _ in 0..60 {
                let (kind, fields) = event(&mut random);
                let mut plain = Scratch::new();
                let mut expected: Vec<String> = one_by_one
                    .iter()
                    .enumerate()
                    .filter(|(_, (program, id))| program.run(*id, &fields, &mut plain).is_true())
                    .map(|(at, _)| format!("r{at}"))
                    .collect();
                if matching == Matching::First {
                    expected.truncate(1);
                }
                let mut names = Vec::new();
                let event = Event { kind, time: 0, fields: &fields };
                source.judge(&event, &mut scratch, |finding| names.push(finding.rule.name.clone()));
                assert_eq!(names, expected, "{:?} {}", discriminant.text(kind), fields.0.len());
                found += names.len();
            }
        }
    }
    assert!(found > 5000, "only {found} findings");
}

#[test]
fn an_event_that_matches_nothing_allocates_nothing() {
    let schema = schema();
    let mut random = fastrand::Rng::with_seed(5);
    let conditions = conditions(&mut random, 500);
    let text: String = conditions
        .iter()
        .enumerate()
        .map(|(at, condition)| {
            rule(&format!("r{at}"), &format!("'user.name = nobody and {condition}'"), "  priority: ERROR")
        })
        .collect();
    let rules = load(&text, &schema);
    let set =
        RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &RuleSetOptions::default()).unwrap();
    let source = set.source("syscall").unwrap();
    let events: Vec<_> = (0..200).map(|_| event(&mut random)).collect();
    let mut scratch = JudgeScratch::new();
    let mut all = || {
        for (kind, fields) in &events {
            let event = Event { kind: *kind, time: 0, fields };
            source.judge(&event, &mut scratch, |_| panic!("nothing matches"));
        }
    };
    all();
    let counted = allocation_counter::measure(all);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
