//! Every alert.

use std::ops::ControlFlow;

use eyrie_engine::AlertFormat;
use eyrie_engine::rules::BUILT_IN_PLUGINS;
use eyrie_engine::ruleset::{Matching, RuleSetOptions};
use eyrie_pipeline::{Replay, build_rules, load_rules};
use serde_json::Value as Json;

use super::folder;

fn check(name: &str, files: &[&str], matching: Matching, expected: &str) {
    let (Some(captures), Some(rules)) = (folder("captures"), folder("falco-rules")) else { return };
    let texts: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(rules.join(file)).unwrap()).collect();
    let loaded = load_rules(files.iter().copied().zip(texts.iter().map(Vec::as_slice)));
    assert!(loaded.is_ok(), "{:?}", loaded.reports);
    loaded.rules.check_plugins(BUILT_IN_PLUGINS).unwrap();
    let rules =
        build_rules(&loaded.rules, &RuleSetOptions { matching, ..RuleSetOptions::default() }).unwrap();

    let format = AlertFormat { hostname: "vm".into(), ..AlertFormat::default() };
    let mut ours = Vec::new();
    let mut replay = Replay::open(&captures.join(name).with_extension("scap")).unwrap();
    replay
        .judge(&rules, |finding| {
            ours.push(format.json(&finding));
            ControlFlow::Continue(())
        })
        .unwrap();

    let falco = std::fs::read_to_string(captures.join(format!("{name}.alerts.{expected}.jsonl"))).unwrap();
    let falco: Vec<&str> = falco.lines().collect();
    let differences = differences(&falco, &ours);
    for difference in &differences {
        println!("{name}, {expected}: {difference}");
    }
    assert!(differences.is_empty(), "{name}, {expected}: {} differences", differences.len());
}

/// Alerts that only one side has, and what is different in those that both have.
fn differences(falco: &[&str], ours: &[String]) -> Vec<String> {
    let key = |alert: &Json| (alert["time"].to_string(), alert["rule"].to_string());
    let parse = |line: &str| serde_json::from_str::<Json>(line).unwrap();
    let theirs: Vec<Json> = falco.iter().map(|line| parse(line)).collect();
    let own: Vec<Json> = ours.iter().map(|line| parse(line)).collect();
    let mut found = Vec::new();
    for alert in &theirs {
        let Some(same) = own.iter().find(|own| key(own) == key(alert)) else {
            found.push(format!("missing: {} {}", alert["time"], alert["output"]));
            continue;
        };
        let (Some(alert), Some(same)) = (alert.as_object(), same.as_object()) else { continue };
        for (name, value) in alert {
            let own = same.get(name);
            if name == "output_fields" {
                for (field, value) in value.as_object().unwrap() {
                    let own = own.and_then(|fields| fields.get(field));
                    if own != Some(value) {
                        found.push(format!(
                            "{} {}: {field} is {value}, not {own:?}",
                            alert["time"], alert["rule"]
                        ));
                    }
                }
            } else if own != Some(value) {
                found.push(format!("{} {}: {name} is {value}, not {own:?}", alert["time"], alert["rule"]));
            }
        }
    }
    for alert in &own {
        if !theirs.iter().any(|falco| key(falco) == key(alert)) {
            found.push(format!("too many: {} {}", alert["time"], alert["output"]));
        }
    }
    if found.is_empty() {
        // Nothing is left but the order, and how the lines are written.
        let odd = falco.iter().zip(ours).find(|(falco, ours)| **falco != ours.as_str());
        if let Some((falco, ours)) = odd {
            found.push(format!("written differently:\n{falco}\n{ours}"));
        }
    }
    found
}

const DEFAULT: [&str; 1] = ["falco_rules.yaml"];
const ALL: [&str; 3] = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];

macro_rules! captures {
    ($($test:ident: $name:literal),*) => {
        $(#[test]
        fn $test() {
            check($name, &DEFAULT, Matching::First, "default");
            check($name, &ALL, Matching::All, "all");
        })*
    };
}
captures!(
    alerts_of_mixed: "mixed",
    alerts_of_forkexec: "forkexec",
    alerts_of_net: "net",
    alerts_of_suspicious: "suspicious",
    alerts_of_syscalls: "syscalls",
    alerts_of_large: "large"
);
