//! Rules with memory, from rule files to findings.

use std::path::Path;

use eyrie_engine::rules::{Loaded, Loader, Pattern};
use eyrie_engine::{
    Event, Finding, JsonRecord, JudgeScratch, LiveRules, Matching, MemoryStats, RuleSet, RuleSetOptions,
    Selection, SourceRules,
};
use eyrie_events::SyscallSchema;
use eyrie_lang::Schema;
use eyrie_lang::diagnostic::RenderStyle;
use serde_json::{Value as Json, json};

use crate::ruleset::schema;

const SECOND: u64 = 1_000_000_000;

fn load(text: &str, schema: &dyn Schema) -> Loaded {
    let mut loader = Loader::new([("syscall", schema)]);
    loader.load("rules.yaml", text.as_bytes());
    loader.finish()
}

fn build(text: &str, schema: &dyn Schema) -> RuleSet {
    let loaded = load(text, schema);
    let problems: Vec<_> = loaded
        .problems()
        .iter()
        .map(|problem| problem.render(&loaded.files, RenderStyle::default()))
        .collect();
    assert!(loaded.is_ok(), "{}", problems.join("\n"));
    let options = RuleSetOptions { matching: Matching::All, ..RuleSetOptions::default() };
    RuleSet::build(&loaded.rules, [("syscall", schema)], &options).unwrap()
}

fn judge(rules: &SourceRules, schema: &dyn Schema, time: u64, record: &Json) -> Vec<Finding> {
    let record = JsonRecord::new(record.as_object().unwrap(), schema).unwrap();
    let event = Event { kind: record.kind().unwrap(), time, fields: &record };
    let mut found = Vec::new();
    rules.judge(&event, &mut JudgeScratch::new(), |finding| found.push(finding));
    found
}

/// What is found, event by event, as `TIME RULE: MESSAGE`.
fn told(rules: &SourceRules, schema: &dyn Schema, events: &[(u64, Json)]) -> Vec<String> {
    let mut all = Vec::new();
    for (time, record) in events {
        all.extend(judge(rules, schema, *time, record));
    }
    rules.finish(|finding| all.push(finding));
    all.iter()
        .map(|found| format!("{} {}: {}", found.time / SECOND, found.rule.name, found.message))
        .collect()
}

fn stats(rules: &SourceRules) -> MemoryStats {
    rules.memory().next().unwrap().1
}

/// The rules of the documents, which have to work as they stand.
fn documented() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules-with-memory.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_downloaded_file_that_is_executed_is_found() {
    let schema = SyscallSchema::new();
    let set = build(&documented(), &schema);
    let rules = set.source("syscall").unwrap();
    let write = |tool: &str, file: &str| {
        json!({"evt.type": "openat", "evt.is_open_write": true, "fd.typechar": "f", "fd.name": file,
            "proc.name": tool, "proc.cmdline": format!("{tool} http://192.0.2.1/x"), "container.id": "host",
            "evt.time": "09:00:00.000000000"})
    };
    let run = |file: &str| {
        json!({"evt.type": "execve", "evt.arg.res": "0", "proc.exepath": file, "proc.cmdline": "./x -d",
            "proc.name": "x", "user.name": "www-data", "container.id": "host"})
    };
    let events = [
        (0, write("curl", "/tmp/x")),
        (10, write("wget", "/tmp/y")),
        (20, run("/usr/bin/ls")),
        (30, run("/tmp/x")),
        // Found once.
        (40, run("/tmp/x")),
        // Overwritten by something else.
        (50, write("gcc", "/tmp/y")),
        (60, run("/tmp/y")),
        // Too late.
        (100, write("curl", "/tmp/z")),
        (701, run("/tmp/z")),
    ]
    .map(|(time, record)| (time * SECOND, record));
    insta::assert_snapshot!(told(rules, &schema, &events).join("\n"), @"30 Downloaded file is executed: A downloaded file was executed | file=/tmp/x command=./x -d user=www-data downloaded_by=curl http://192.0.2.1/x download_time=09:00:00.000000000");
}

#[test]
fn a_port_scan_is_found_once() {
    let schema = SyscallSchema::new();
    let set = build(&documented(), &schema);
    let rules = set.source("syscall").unwrap();
    let connect = |pid: i64, host: &str, port: u64| {
        json!({"evt.type": "connect", "fd.typechar": "4", "fd.sip": host, "fd.sport": port, "proc.pid": pid,
            "proc.name": "nc", "proc.cmdline": "nc -z", "user.name": "www-data", "container.id": "host"})
    };
    let mut events = Vec::new();
    for at in 0..60 {
        // One port again and again, many hosts, and one process slowly: no scan.
        events.push((at * SECOND, connect(1, "192.0.2.1", 443)));
        events.push((at * SECOND, connect(2, &format!("192.0.2.{at}"), 80)));
        events.push((at * 5 * SECOND, connect(3, "192.0.2.9", at)));
        // A scan, which goes on after it was found.
        events.push((at * SECOND, connect(4, "192.0.2.7", 1_000 + at)));
    }
    events.sort_by_key(|(time, _)| *time);
    insta::assert_snapshot!(told(rules, &schema, &events).join("\n"), @"19 Many ports of one host: A process connects to many ports of one host | ports=(1000,1001,1002,1003,1004,1005,1006,1007,1008,1009,1010,1011,1012,1013,1014,1015,1016,1017,1018,1019) count=20 host=192.0.2.7 process=nc command=nc -z user=www-data");
    let scan = rules.memory().find(|(info, _)| info.name == "Many ports of one host").unwrap().1;
    assert_eq!(scan.suppressed, 2);
}

#[test]
fn a_burst_of_failed_logins_is_found() {
    let schema = SyscallSchema::new();
    let set = build(&documented(), &schema);
    let rules = set.source("syscall").unwrap();
    let log = |time: u64, text: &str| {
        let record = json!({"evt.type": "sendto", "proc.name": "sshd", "evt.buffer": format!("sshd[7]: {text}"),
            "container.id": "host", "container.name": "host", "evt.time": format!("09:00:{time:02}")});
        (time * SECOND, record)
    };
    let events = [
        log(0, "Failed password for root from 192.0.2.1"),
        log(1, "Failed password for root from 192.0.2.1"),
        log(2, "Connection closed"),
        log(3, "Failed password for admin from 192.0.2.1"),
        log(4, "Failed password for test from 192.0.2.1"),
        log(5, "Failed password for root from 192.0.2.1"),
        log(9, "Accepted password for root from 192.0.2.1"),
        log(40, "Accepted password for alice from 192.0.2.5"),
    ];
    insta::assert_snapshot!(told(rules, &schema, &events).join("\n"), @r"
    5 Burst of failed logins: Failed logins one after another | count=5 last=sshd[7]: Failed password for root from 192.0.2.1 container=host
    9 Login after failed ones: A login succeeded after failed ones | since=09:00:04 login=sshd[7]: Accepted password for root from 192.0.2.1 container=host
    ");
}

const MIXED: &str = "
- extensions: [memory]
- sequence: S
  desc: text
  within: 20s
  SLACK
  steps:
    - {as: one, condition: evt.type = open and proc.name = a, by: [proc.pid]}
    - {as: two, condition: evt.type = open and proc.name = b, by: [proc.pid]}
    - {condition: evt.type = execve and proc.name = c, by: [proc.pid]}
  until: {condition: evt.type = connect, by: [proc.pid]}
  output: s %one.fd.name %two.fd.name %fd.name
  priority: ERROR
- threshold: T
  desc: text
  within: 10s
  SLACK
  condition: evt.type = execve
  by: proc.pid
  distinct: fd.name
  count: 3
  output: t %threshold.count %threshold.values %proc.name
  priority: ERROR
  suppress: {by: [proc.pid], for: 5s}
- rule: R
  desc: text
  condition: evt.type = execve and proc.name = a
  output: r %proc.pid
  priority: ERROR
  suppress: {by: [proc.pid, user.name], for: 30s}
";

fn random_events(random: &mut fastrand::Rng, count: usize) -> Vec<(u64, Json)> {
    let mut time = 1_000 * SECOND;
    (0..count)
        .map(|at| {
            time += random.u64(0..3) * SECOND;
            let kind = *random.choice(&["open", "open", "execve", "execve", "connect"]).unwrap();
            let name = *random.choice(&["a", "b", "c"]).unwrap();
            let mut record = json!({"evt.type": kind, "proc.name": name, "fd.name": format!("f{}", at % 7)});
            if random.u8(0..10) > 0 {
                record["proc.pid"] = json!(random.u8(0..3));
            }
            (time, record)
        })
        .collect()
}

#[test]
fn loading_unchanged_rules_again_changes_nothing() {
    let schema = schema();
    let text = MIXED.replace("  SLACK\n", "");
    let mut random = fastrand::Rng::with_seed(31);
    let events = random_events(&mut random, 600);
    let expected = told(build(&text, &schema).source("syscall").unwrap(), &schema, &events);
    assert!(expected.len() > 40, "{expected:#?}");
    for rule in ["S", "T", "R"] {
        assert!(expected.iter().any(|found| found.contains(&format!(" {rule}: "))), "{rule} finds nothing");
    }
    let live = LiveRules::new(build(&text, &schema));
    let mut found = Vec::new();
    for (at, event) in events.iter().enumerate() {
        if at % 7 == 3 {
            // Another description, priority and rule beside it; what a rule remembers is the same.
            let more = text.replace("desc: text", &format!("desc: text {at}")).replace("ERROR", "NOTICE");
            let more = format!(
                "{more}\n- {{rule: X, desc: x, condition: proc.name = zzz, output: x, priority: INFO}}\n"
            );
            live.replace(build(&more, &schema));
        }
        let set = live.current();
        found.extend(told(set.source("syscall").unwrap(), &schema, std::slice::from_ref(event)));
    }
    assert_eq!(found, expected);
    // A rule that has changed begins anew.
    let again =
        live.current().source("syscall").unwrap().memory().map(|(_, stats)| stats.remembered).sum::<usize>();
    assert!(again > 0);
    live.replace(build(
        &text
            .replace("within: 20s", "within: 21s")
            .replace("count: 3", "count: 4")
            .replace("for: 30s", "for: 31s"),
        &schema,
    ));
    let after: usize =
        live.current().source("syscall").unwrap().memory().map(|(_, stats)| stats.remembered).sum();
    assert_eq!(after, 0);
}

#[test]
fn with_slack_the_order_of_arrival_does_not_matter() {
    let schema = schema();
    // Findings of rules without memory are told as events arrive.
    let text = MIXED.replace("SLACK", "slack: 4s").replace("- rule: R", "- rule: R\n  enabled: false");
    let mut random = fastrand::Rng::with_seed(32);
    let mut moved = 0;
    for _ in 0..20 {
        let mut events = random_events(&mut random, 200);
        // Events of one time would count in the order of their arrival.
        for (at, (time, _)) in (0..).zip(&mut events) {
            *time += at;
        }
        let in_order = told(build(&text, &schema).source("syscall").unwrap(), &schema, &events);
        let plain = MIXED.replace("  SLACK\n", "").replace("- rule: R", "- rule: R\n  enabled: false");
        let without = told(build(&plain, &schema).source("syscall").unwrap(), &schema, &events);
        assert_eq!(in_order, without);
        let mut arrivals: Vec<(u64, (u64, Json))> =
            events.iter().map(|event| (event.0 + random.u64(0..4 * SECOND), event.clone())).collect();
        arrivals.sort_by_key(|(arrival, _)| *arrival);
        let shuffled: Vec<_> = arrivals.into_iter().map(|(_, event)| event).collect();
        moved += usize::from(!shuffled.is_sorted_by_key(|(time, _)| *time));
        assert_eq!(told(build(&text, &schema).source("syscall").unwrap(), &schema, &shuffled), in_order);
    }
    assert!(moved > 15);
}

#[test]
fn what_arrives_too_late_counts_when_it_arrives() {
    let schema = schema();
    let set = build(&MIXED.replace("SLACK", "slack: 2s"), &schema);
    let rules = set.source("syscall").unwrap();
    let event = |kind: &str, name: &str| json!({"evt.type": kind, "proc.name": name, "proc.pid": 1});
    let events = [
        (10 * SECOND, event("open", "a")),
        (11 * SECOND, event("open", "b")),
        (30 * SECOND, event("open", "x")),
        // Later than the slack, and still within the time of the sequence.
        (12 * SECOND, event("execve", "c")),
    ];
    assert_eq!(told(rules, &schema, &events), ["12 S: s <NA> <NA> <NA>"]);
    assert_eq!(stats(rules).late, 1);
}

#[test]
fn memory_is_bounded_and_says_what_it_let_go_of() {
    let schema = schema();
    let text = "
- extensions: [memory]
- sequence: S
  desc: text
  within: 1h
  limit: 100
  steps:
    - {condition: evt.type = open, by: proc.pid}
    - {condition: evt.type = execve, by: proc.pid}
  output: s %proc.pid
  priority: ERROR
";
    let set = build(text, &schema);
    let rules = set.source("syscall").unwrap();
    let open: Vec<_> = (0..250).map(|pid| (pid, json!({"evt.type": "open", "proc.pid": pid}))).collect();
    assert!(told(rules, &schema, &open).is_empty());
    assert_eq!(stats(rules), MemoryStats { remembered: 100, evicted: 150, ..MemoryStats::default() });
    let run: Vec<_> = (0..250).map(|pid| (300, json!({"evt.type": "execve", "proc.pid": pid}))).collect();
    let found = told(rules, &schema, &run);
    assert_eq!((found.len(), found[0].as_str()), (100, "0 S: s 150"));
    assert_eq!(stats(rules).remembered, 0);
}

#[test]
fn rules_with_memory_can_be_switched_like_others() {
    let schema = schema();
    let loaded = load(&MIXED.replace("  SLACK\n", ""), &schema);
    assert_eq!(loaded.rules.memory.len(), 2);
    assert!(
        matches!(&loaded.rules.memory[0].pattern, Pattern::Sequence { steps, until: Some(_) } if steps.len() == 3)
    );
    let names = |selections: Vec<Selection>| {
        let options = RuleSetOptions { selections, ..RuleSetOptions::default() };
        let set = RuleSet::build(&loaded.rules, [("syscall", &schema as &dyn Schema)], &options).unwrap();
        let rules = set.source("syscall").unwrap();
        let wanted = rules.wanted_kinds().count();
        (rules.rules().map(|rule| rule.name.clone()).collect::<Vec<_>>().join(" "), wanted)
    };
    assert_eq!(names(vec![]), ("R S T".to_string(), 3));
    assert_eq!(names(vec![Selection::disable_rule("S"), Selection::disable_rule("R")]), ("T".to_string(), 1));
}

#[test]
fn files_that_do_not_say_so_have_none() {
    let schema = schema();
    let text = MIXED.replace("  SLACK\n", "").replace("- extensions: [memory]\n", "");
    let loaded = load(&text, &schema);
    assert!(loaded.is_ok() && loaded.rules.memory.is_empty() && loaded.rules.rules[0].suppress.is_none());
    let codes: Vec<_> = loaded.problems().iter().map(|problem| problem.falco_code()).collect();
    assert_eq!(codes, [Some("LOAD_UNKNOWN_ITEM"), Some("LOAD_UNKNOWN_ITEM"), Some("LOAD_UNKNOWN_KEY")]);
    let help: Vec<_> = loaded.problems().iter().flat_map(|problem| problem.diagnostic.help.clone()).collect();
    assert_eq!(help.len(), 3);
    assert!(help.iter().all(|help| help.contains("extensions: [memory]")), "{help:?}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let schema = schema();
    let text = "
- extensions: [memory, time]
- sequence: One step
  desc: text
  within: 1h
  steps:
    - {condition: evt.type = open, by: proc.pid}
  output: text
  priority: ERROR
- sequence: Names
  desc: text
  within: soon
  steps:
    - {as: proc, condition: evt.type = open, by: proc.pid}
    - {as: two, condition: evt.type = open and proc.nmae = x, by: [proc.pid, fd.name]}
  output: text %three.fd.name
  priority: ERROR
- sequence: Fields
  desc: text
  within: 1h
  steps:
    - {as: proc, condition: evt.type = open, by: proc.pdi}
    - {as: two, condition: evt.type = open and proc.nmae = x, by: proc.pid}
  output: text %three.fd.name
  priority: ERROR
- threshold: Much
  desc: text
  within: 1h
  condition: evt.type = open
  cuont: 3
  output: text
  priority: ERROR
- suppress: Nothing
  by: proc.name
  for: 1h
";
    let loaded = load(text, &schema);
    let said: Vec<_> = loaded
        .problems()
        .iter()
        .map(|problem| {
            let (line, column) = problem.position(&loaded.files);
            format!("{line}:{column} {} | {}", problem.diagnostic, problem.diagnostic.help.join("; "))
                .trim_end()
                .to_string()
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    2:24 warning[unknown-extension]: there is no extension `time` | the only extension is `memory`
    6:3 error[sequence-steps]: a sequence has two steps or more | for one event write a `rule`, for many of one sort a `threshold`
    12:11 error[bad-value]: `within` is a length of time, not `soon` | write numbers with units, as in `30s`, `10m` or `1h30m`
    15:7 error[unequal-by]: this has 2 fields in `by`, and the first step has 1 | events belong together if the values of these fields are equal, the first with the first and so on
    22:7 error[step-name]: `proc` cannot be a step's name: fields begin with it | give the step another name in `as`
    22:50 error[bad-by]: there is no field `proc.pdi` | did you mean `proc.pid`?
    23:48 error[unknown-field]: there is no field `proc.nmae` | did you mean `proc.name`?
    24:17 error[output-no-field]: there is no field `three.fd.name` | the steps are called `proc` and `two`
    26:3 error[missing-key]: the key `count` is missing |
    30:3 warning[unknown-key]: there is no key `cuont` here; it is left out | did you mean `count`?
    33:3 error[nothing-to-change]: this suppresses findings of the rule `Nothing`, and there is none of this name yet | the rule has to be defined before this item, in this file or one that is loaded earlier
    ");
}

#[test]
fn events_that_no_rule_with_memory_is_about_allocate_nothing() {
    let schema = schema();
    let set = build(&MIXED.replace("SLACK", "slack: 1s"), &schema);
    let rules = set.source("syscall").unwrap();
    let record = JsonRecord::parse(r#"{"evt.type": "open", "proc.name": "zzz"}"#, &schema).unwrap();
    struct Plain;
    impl eyrie_lang::Fields for Plain {
        fn extract<'a>(
            &'a self,
            field: &eyrie_lang::Field,
            out: &mut eyrie_lang::Values<'a>,
        ) -> eyrie_lang::Presence {
            match &*field.name {
                "evt.type" => out.text("open"),
                "proc.name" => out.text("zzz"),
                _ => eyrie_lang::Presence::Absent,
            }
        }
    }
    let mut scratch = JudgeScratch::new();
    let mut judge = || {
        for time in 0..200 {
            let event = Event { kind: record.kind().unwrap(), time: time * SECOND, fields: &Plain };
            rules.judge(&event, &mut scratch, |_| panic!("nothing matches"));
        }
    };
    judge();
    let counted = allocation_counter::measure(judge);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
