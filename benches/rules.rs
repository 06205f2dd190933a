//! Measures rules: reading conditions, loading rule files, building a rule set, judging events; with 25 to 10,000 rules.
//!
//! `cargo bench -p eyrie-benches --bench rules` prints a table; README.md beside this file says how to read it. The rules are
//! those of [`eyrie_benches::rules`]; the events are everyday ones, of which none matches. Nothing is judged here: what is fast
//! enough depends on the machine.
//!
//! With `-- --capture FILE.scap [RULES.yaml …]` it replays a capture instead: without rules, with the rules of the files, and with
//! those of [`eyrie_benches::rules`], so that the fields are computed from real events.

#![allow(clippy::print_stdout, reason = "a program whose results are what it prints")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "benchmarks")]

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use eyrie_benches::rules::rules;
use eyrie_engine::rules::{Loader, Rules};
use eyrie_engine::{Event, JudgeScratch, RuleSet, RuleSetOptions};
use eyrie_events::{EventType, SyscallSchema};
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{Field, Fields, Presence, Schema, Value, Values};
use eyrie_pipeline::{Replay, build_rules, load_rules};
use rustix::time::{ClockId, clock_gettime};

/// Falco's numbers of the kinds that today's kernels' events are of.
const CLOSE: EventType = EventType(5);
const CONNECT: EventType = EventType(23);
const EXECVE: EventType = EventType(293);
const OPENAT: EventType = EventType(307);

const COUNTS: [usize; 4] = [25, 100, 1_000, 10_000];

/// How often each thing is measured; the median is shown.
const RUNS: usize = 9;

/// How many events are judged in one run.
const EVENTS: u32 = 200_000;

fn main() {
    // cargo passes `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => synthetic(),
        ["--capture", capture, ref files @ ..] => replayed(Path::new(capture), files),
        _ => panic!(
            "usage: cargo bench -p eyrie-benches --bench rules [-- --capture FILE.scap [RULES.yaml …]]"
        ),
    }
}

/// Replays a capture with different rules.
fn replayed(capture: &Path, files: &[&str]) {
    let options = RuleSetOptions::default();
    let mut base = None;
    let mut row = |name: &str, set: &RuleSet| {
        let mut events = 0;
        let time = median(|| {
            let mut replay = Replay::open(capture).unwrap();
            replay.judge(set, |_| ControlFlow::Continue(())).unwrap();
            events = replay.summary().events;
        });
        let base = *base.get_or_insert(time);
        let each = time.saturating_sub(base).as_nanos() / u128::from(events.max(1));
        println!(
            "{name:<24} {:>10} {:>8} events {:>8} ns for the rules, each event",
            shown(time),
            events,
            each
        );
    };
    row("no rules", &build_rules(&load_rules([]).rules, &options).unwrap());
    let texts: Vec<(&str, Vec<u8>)> =
        files.iter().map(|file| (*file, std::fs::read(file).unwrap())).collect();
    for count in 1..=texts.len() {
        let loaded = load_rules(texts.iter().take(count).map(|(name, text)| (*name, text.as_slice())));
        assert!(loaded.is_ok(), "{:?}", loaded.problems());
        row(
            &format!("{} rules of files", loaded.rules.rules.len()),
            &build_rules(&loaded.rules, &options).unwrap(),
        );
    }
    for count in COUNTS {
        let loaded = load_rules([("rules.yaml", rules(count).as_bytes())]);
        row(&format!("{count} rules"), &build_rules(&loaded.rules, &options).unwrap());
    }
}

fn synthetic() {
    let schema = SyscallSchema::new();
    println!(
        "{:>7} {:>11} {:>11} {:>11} {:>11} {:>11} {:>12} {:>12}",
        "rules", "parse", "load", "ten files", "build", "an event", "a wanted one", "allocations"
    );
    for count in COUNTS {
        let text = rules(count);
        let loaded = load(&[&text], &schema);
        let set = build(&loaded, &schema);
        let conditions: Vec<&str> = loaded.rules.iter().map(|rule| rule.condition.as_str()).collect();
        let parsing = median(|| {
            for condition in &conditions {
                black_box(parse(condition, Limits::default()).unwrap());
            }
        });
        let loading = median(|| load(&[&text], &schema));
        let files = in_ten(&text);
        let loading_ten = median(|| load(&files, &schema));
        let building = median(|| build(&loaded, &schema));
        let events = everyday(&schema);
        let wanted: Vec<_> = everyday(&schema).into_iter().filter(|(kind, _)| *kind != CLOSE).collect();
        let mut scratch = JudgeScratch::new();
        let judging = median(|| judge(&set, &events, &mut scratch)) / EVENTS;
        let judging_wanted = median(|| judge(&set, &wanted, &mut scratch)) / EVENTS;
        let counted = allocation_counter::measure(|| judge(&set, &events, &mut scratch));
        println!(
            "{count:>7} {:>11} {:>11} {:>11} {:>11} {:>11} {:>12} {:>12}",
            shown(parsing),
            shown(loading),
            shown(loading_ten),
            shown(building),
            shown(judging),
            shown(judging_wanted),
            counted.count_total
        );
    }
}

/// The median of the CPU time of this thread, which other work disturbs less than the time on the clock.
fn median<T>(mut run: impl FnMut() -> T) -> Duration {
    black_box(run());
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = cpu_time();
            black_box(run());
            cpu_time().saturating_sub(start)
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

fn shown(time: Duration) -> String {
    match time.as_nanos() {
        nanoseconds @ 0..10_000 => format!("{nanoseconds} ns"),
        nanoseconds @ 10_000..10_000_000 => format!("{} us", nanoseconds / 1_000),
        nanoseconds => format!("{} ms", nanoseconds / 1_000_000),
    }
}

fn load(files: &[&str], schema: &SyscallSchema) -> Rules {
    let mut loader = Loader::new([("syscall", schema as &dyn Schema)]);
    for file in files {
        let report = loader.load("rules.yaml", file.as_bytes());
        assert!(report.errors.is_empty(), "{:?}", report.errors);
    }
    loader.finish().rules
}

/// The same items in ten files.
fn in_ten(text: &str) -> Vec<&str> {
    let starts: Vec<usize> = text.match_indices("- rule: ").map(|(at, _)| at).collect();
    let mut from = 0;
    let ends = (1..=10).map(|part| *starts.get(starts.len() * part / 10).unwrap_or(&text.len()));
    ends.map(|to| &text[std::mem::replace(&mut from, to)..to]).collect()
}

fn build(rules: &Rules, schema: &SyscallSchema) -> RuleSet {
    RuleSet::build(rules, [("syscall", schema as &dyn Schema)], &RuleSetOptions::default()).unwrap()
}

fn judge(set: &RuleSet, events: &[(EventType, Everyday)], scratch: &mut JudgeScratch) {
    let source = set.source("syscall").unwrap();
    for (kind, fields) in events.iter().cycle().take(EVENTS as usize) {
        let event = Event { kind: (*kind).into(), time: 0, fields };
        source.judge(&event, scratch, |finding| panic!("{finding:?}"));
    }
}

/// The values of an event by the number of the field.
struct Everyday(HashMap<u32, Value<'static>>);

impl Fields for Everyday {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        match self.0.get(&field.id.0) {
            // The result of the call, among its parameters.
            _ if &*field.name == "evt.arg" => out.text("0"),
            Some(value) => out.push(*value),
            None => Presence::Absent,
        }
    }
}

/// Programs that start, files that are read and written, connections that are made, and calls that no rule is about.
fn everyday(schema: &SyscallSchema) -> Vec<(EventType, Everyday)> {
    let id = |name: &str| schema.resolve(name, None).unwrap().id.0;
    let processes = [
        ("bash", "bash -c ls /var/log", "/usr/bin/bash", "sshd"),
        ("nginx", "nginx: worker process", "/usr/sbin/nginx", "nginx"),
        ("python3", "python3 -m http.server 8000 --directory /srv", "/usr/bin/python3.11", "bash"),
        ("postgres", "postgres: checkpointer", "/usr/lib/postgresql/15/bin/postgres", "postgres"),
        ("git", "git fetch --quiet origin main", "/usr/bin/git", "sh"),
    ];
    let files =
        ["/etc/passwd", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/var/lib/app/data.db", "/tmp/a1b2c3.tmp"];
    let mut events = Vec::new();
    for (name, command, path, parent) in processes {
        let process = HashMap::from([
            (id("proc.name"), Value::from(name)),
            (id("proc.cmdline"), Value::from(command)),
            (id("proc.exepath"), Value::from(path)),
            (id("proc.pname"), Value::from(parent)),
            (id("proc.aname"), Value::from(parent)),
            (id("user.name"), Value::from("app")),
            (id("user.uid"), Value::Uint(1000)),
            (id("container.id"), Value::from("3ad7b26ded6d")),
        ]);
        let mut add = |kind: EventType, ty: &'static str, more: &[(&str, Value<'static>)]| {
            let mut values = process.clone();
            values.insert(id("evt.type"), Value::from(ty));
            values.extend(more.iter().map(|(name, value)| (id(name), *value)));
            events.push((kind, Everyday(values)));
        };
        add(EXECVE, "execve", &[]);
        for (at, file) in files.iter().enumerate() {
            let write = at % 2 == 1;
            let more = [
                ("fd.name", Value::from(*file)),
                ("fd.typechar", Value::from("f")),
                ("fd.num", Value::Int(3)),
                ("evt.is_open_read", Value::from(!write)),
                ("evt.is_open_write", Value::from(write)),
            ];
            add(OPENAT, "openat", &more);
        }
        let more = [
            ("fd.name", Value::from("192.0.2.7:51234->192.0.2.80:443")),
            ("fd.typechar", Value::from("4")),
            ("fd.sip", Value::Ip("192.0.2.80".parse().unwrap())),
            ("fd.sport", Value::Uint(443)),
        ];
        add(CONNECT, "connect", &more);
        add(CLOSE, "close", &[]);
    }
    events
}
