//! Captures replayed, cut and looked into.

use std::ops::ControlFlow;
use std::process::Command;

use eyrie_engine::ruleset::{Matching, RuleSetOptions};
use eyrie_pipeline::{Columns, Cut, CutSummary, Info, Moment, Query, Replay, build_rules, load_rules};
use eyrie_sources::capture::{Compression, ReadError, Reader, Writer};

use crate::fixture::{self, RULES};

fn replay(bytes: &[u8]) -> Replay<&[u8]> {
    Replay::new(Reader::new(bytes).unwrap())
}

/// These fields of every event, a line each.
fn shown(bytes: &[u8], fields: &[&str]) -> Vec<String> {
    let mut columns = Columns::new(fields).unwrap();
    let mut lines = Vec::new();
    replay(bytes)
        .for_each(|record| {
            let mut line = Vec::new();
            columns.texts(record, |_, text| line.push(text.unwrap_or("<NA>").to_string()));
            lines.push(line.join(" "));
            ControlFlow::Continue(())
        })
        .unwrap();
    lines
}

fn findings(bytes: &[u8], matching: Matching) -> Vec<String> {
    let loaded = load_rules([("rules.yaml", RULES.as_bytes())]);
    assert!(loaded.is_ok(), "{:?}", loaded.problems());
    let options = RuleSetOptions { matching, ..RuleSetOptions::default() };
    let rules = build_rules(&loaded.rules, &options).unwrap();
    let mut found = Vec::new();
    replay(bytes)
        .judge(&rules, |finding| {
            found.push(format!("{} {}", finding.time - fixture::START, finding.message));
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

#[test]
fn rules_see_the_host_as_the_capture_tells_it() {
    let capture = fixture::capture(Compression::Gzip);
    let container = "container_id=host container_name=host container_image_repository= container_image_tag= \
                     k8s_pod_name=<NA> k8s_ns_name=<NA>";
    assert_eq!(
        findings(&capture, Matching::First),
        [
            format!("0 Password file opened | file=/etc/shadow user=eve command=cat /etc/shadow {container}"),
            format!("1500000000 File opened | file=/home/eve/notes\tof \u{1b}[31meve {container}"),
            format!("2500000000 File opened | file=/etc/hosts {container}"),
        ]
    );
    assert_eq!(findings(&capture, Matching::All).len(), 4);
    // A second capture after the first is seen for itself.
    let twice = [capture.clone(), capture].concat();
    assert_eq!(findings(&twice, Matching::All).len(), 8);
}

#[test]
fn a_query_is_asked_as_a_rule_is() {
    let capture = fixture::capture(Compression::None);
    let mut query =
        Query::new("evt.type in (read, write) and fd.name startswith /etc", "%evt.num %fd.name").unwrap();
    let mut found = Vec::new();
    replay(&capture)
        .for_each(|record| {
            found.extend(query.ask(record).map(|finding| finding.message));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(found, ["2 /etc/shadow", "5 /etc/shadow"]);
    assert!(Query::new("proc.nme = x", "%evt.num").is_err());
    assert!(Query::new("proc.name = x", "%evt.nm").is_err());
    assert!(Columns::new(["proc.nameX"]).is_err());
    assert!(Columns::new(["10proc.name"]).is_err());
    // An argument after a dot, which the schema names otherwise than it is written.
    let dotted = Columns::new(["evt.arg.flags", "evt.rawarg.res", "evt.arg[0]"]).unwrap();
    assert_eq!(dotted.names(), ["evt.arg.flags", "evt.rawarg.res", "evt.arg[0]"]);
}

#[test]
fn a_capture_that_is_cut_off_is_judged_up_to_there() {
    let capture = fixture::capture(Compression::None);
    let cut = &capture[..capture.len() - 20];
    let mut replay = replay(cut);
    let result = replay.for_each(|_| ControlFlow::Continue(()));
    assert!(matches!(result, Err(ReadError::Truncated { .. })), "{result:?}");
    assert_eq!(replay.summary().events, 7);
}

#[test]
fn whoever_has_seen_enough_can_stop() {
    let capture = fixture::capture(Compression::None);
    let mut replay = replay(&capture);
    replay.for_each(|_| ControlFlow::Break(())).unwrap();
    let summary = replay.summary();
    assert_eq!(
        (summary.events, summary.first_time, summary.last_time),
        (1, Some(fixture::START), Some(fixture::START))
    );
}

fn cut(bytes: &[u8], cut: Cut) -> (CutSummary, Vec<u8>) {
    let mut writer = Writer::new(Vec::new(), Compression::Zstd).unwrap();
    let summary = cut.write(&mut replay(bytes), &mut writer).unwrap();
    (summary, writer.finish().unwrap())
}

const FIELDS: [&str; 8] =
    ["evt.rawtime", "evt.type", "proc.cmdline", "proc.pname", "fd.name", "user.name", "proc.cwd", "fd.type"];

#[test]
fn a_part_of_a_capture_begins_with_the_host_as_it_was_there() {
    let capture = fixture::capture(Compression::Gzip);
    let seconds = |seconds: u64| Some(Moment::AfterFirst(seconds * 1_000_000_000));
    let (summary, part) = cut(&capture, Cut { from: seconds(1), to: seconds(2), filter: None });
    assert_eq!(summary, CutSummary { taken: 5, state_only: 0, left_out: 1, forgotten: 0 });
    assert_eq!(shown(&part, &FIELDS), shown(&capture, &FIELDS)[1..6]);

    // All of it.
    let (summary, all) = cut(&capture, Cut::default());
    assert_eq!(summary, CutSummary { taken: 8, state_only: 0, left_out: 0, forgotten: 0 });
    assert_eq!(shown(&all, &FIELDS), shown(&capture, &FIELDS));

    // Nothing of it is still a capture, with the host at its end.
    let (summary, none) = cut(&capture, Cut { from: seconds(60), ..Cut::default() });
    assert_eq!(summary, CutSummary { taken: 0, state_only: 0, left_out: 8, forgotten: 0 });
    assert_eq!(shown(&none, &FIELDS), [""; 0]);
    assert_eq!(Info::of(&mut replay(&none)).0.machine.hostname, "web-1");
}

#[test]
fn what_a_filter_leaves_out_is_kept_where_names_depend_on_it() {
    let capture = fixture::capture(Compression::Gzip);
    let filter = Some(Query::new("evt.type = read", "%evt.num").unwrap());
    let (summary, part) = cut(&capture, Cut { filter, ..Cut::default() });
    // Opening and closing change what descriptors stand for; writing does not.
    assert_eq!(summary, CutSummary { taken: 2, state_only: 5, left_out: 1, forgotten: 0 });
    assert_eq!(shown(&part, &["evt.type", "fd.name"]), ["read /etc/shadow", "read /etc/shadow"]);
    // Once more changes nothing: what was only for the state stays so.
    let (summary, again) = cut(&part, Cut::default());
    assert_eq!(summary, CutSummary { taken: 2, state_only: 5, left_out: 0, forgotten: 0 });
    assert_eq!(shown(&again, &["evt.type", "fd.name"]), shown(&part, &["evt.type", "fd.name"]));
}

#[test]
fn captures_one_after_another_stay_so_when_cut() {
    let one = fixture::capture(Compression::Gzip);
    let both = [one.clone(), one].concat();
    let (_, part) = cut(&both, Cut::default());
    assert_eq!(Info::of(&mut replay(&part)).0.sections, 2);
    assert_eq!(shown(&part, &FIELDS), shown(&both, &FIELDS));
}

#[test]
fn what_is_in_a_capture_is_told() {
    let capture = fixture::capture(Compression::Gzip);
    let (info, problem) = Info::of(&mut replay(&capture));
    assert!(problem.is_none());
    assert_eq!((info.compression, info.formats.as_slice()), (Compression::Gzip, &[(1, 2)][..]));
    assert_eq!(info.machine.hostname, "web-1");
    assert_eq!(
        (info.head.threads, info.head.descriptors, info.head.accounts, info.head.interfaces),
        (2, 1, 2, 1)
    );
    assert_eq!(info.summary.events, 8);
    let named = |name: &str, count| (name.to_string(), count);
    assert_eq!(info.events, [named("openat", 3), named("close", 2), named("read", 2), named("write", 1)]);
    assert_eq!(info.processes, [named("/usr/bin/cat", 6), named("/usr/bin/bash", 2)]);
    let (path, usage) = &info.files[0];
    assert_eq!((path.as_str(), usage.events, usage.read, usage.written), ("/etc/shadow", 4, 21, 0));
}

#[test]
fn the_example_replays_a_capture() {
    // Cargo builds examples beside tests.
    let example = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/embed");
    let folder = tempfile::tempdir().unwrap();
    let (capture, rules) = (folder.path().join("trace.scap"), folder.path().join("rules.yaml"));
    std::fs::write(&capture, fixture::capture(Compression::Gzip)).unwrap();
    std::fs::write(&rules, RULES).unwrap();
    let output = Command::new(example).args([&capture, &rules]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("01:00:00.000000000: Warning Password file opened | file=/etc/shadow user=eve"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 3);

    let source = include_str!("../../examples/embed.rs");
    assert!(source.lines().count() <= 30);
}
