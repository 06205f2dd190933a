//! The rules that Eyrie ships, over recorded captures: attacks are seen, everyday work makes no noise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use eyrie_engine::rules::BUILT_IN_PLUGINS;
use eyrie_engine::ruleset::{Matching, RuleSet, RuleSetOptions};
use eyrie_pipeline::{Replay, build_rules, load_rules};

use crate::conformance::folder;

fn shipped() -> RuleSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.insert(
                path.file_name().unwrap().to_str().unwrap().to_string(),
                std::fs::read(&path).unwrap(),
            );
        }
    }
    let loaded = load_rules(files.iter().map(|(name, text)| (name.as_str(), text.as_slice())));
    assert!(loaded.is_ok());
    loaded.rules.check_plugins(BUILT_IN_PLUGINS).unwrap();
    build_rules(&loaded.rules, &RuleSetOptions { matching: Matching::All, ..RuleSetOptions::default() })
        .unwrap()
}

/// How often each rule fires on a capture, a line a rule; `None` without the captures.
fn found(rules: &RuleSet, capture: &str) -> Option<String> {
    let path = folder("captures")?.join(capture).with_extension("scap");
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    Replay::open(&path)
        .unwrap()
        .judge(rules, |finding| {
            *counts.entry(finding.rule.name.clone()).or_default() += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    let mut lines = String::new();
    for (rule, count) in counts {
        writeln!(lines, "{count} {rule}").unwrap();
    }
    Some(lines)
}

#[test]
fn everyday_work_makes_no_noise() {
    let rules = shipped();
    for capture in ["mixed", "forkexec", "net"] {
        let Some(found) = found(&rules, capture) else { return };
        assert_eq!(found, "", "{capture}");
    }
}

/// A program in `/tmp` makes nearly every system call there is.
#[test]
fn what_a_program_from_tmp_does_is_told() {
    let Some(found) = found(&shipped(), "syscalls") else { return };
    insta::assert_snapshot!(found, @"
    1 Program from a writable folder connects to the internet
    1 Program run through a file descriptor
    1 Set-user-id bit set
    1 io_uring set up by a program from a writable folder
    ");
}

#[test]
fn attacks_are_seen() {
    let Some(found) = found(&shipped(), "suspicious") else { return };
    insta::assert_snapshot!(found, @"
    1 Cloud metadata service asked by a shell tool or web server
    1 Cloud metadata service asked from a container
    1 Connection to a port of mining pools
    1 Cron job written
    2 File system mounted inside a container
    4 Interactive shell in a container
    1 Kernel helper program set from a container
    2 Link to a protected file made in a world-writable folder
    1 Memory of another process opened
    2 Miner of crypto money started
    2 Namespaces changed inside a container
    2 Netcat or socat hands out a shell
    2 Network connection put in place of standard input
    1 New program run in a container
    4 Password hashes read by an unusual program
    3 Program from a writable folder connects to the internet
    1 Program run from memory
    2 Program run from shared memory or a hidden folder
    1 Program run through a file descriptor
    1 Raw packets received in a container
    4 Search for secrets in files
    2 Set-user-id bit set
    1 Shell history removed or switched off
    1 Shell start-up file changed by a service
    3 Shell started by a web server
    3 System program replaced
    ");
}
