//! Conditions: which events of the captures match.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use eyrie_events::SyscallSchema;
use eyrie_lang::{Compiler, ConditionId, KindSet, Scratch};
use eyrie_pipeline::Replay;
use serde_json::Value as Json;

use super::folder;

/// A condition and the events that match.
struct Filter {
    name: String,
    condition: String,
    id: ConditionId,
    kinds: KindSet,
    matches: u64,
    first: Vec<u64>,
    expected: u64,
    expected_first: Vec<u64>,
}

/// Cases in which Falco's answer is not that of the condition alone, and why.
const KNOWN: [(&str, &str); 2] = [
    ("fd/024-e", "another rule's `evt.abspath` puts its directory in the place of the event's descriptor"),
    ("val/008-e", "another rule's `evt.abspath` puts its directory in the place of the event's descriptor"),
];

#[test]
fn conditions_match_as_in_falco() {
    let (Some(rules), Some(captures)) = (folder("rules"), folder("captures")) else { return };
    let text = std::fs::read_to_string(rules.join("filters.jsonl")).unwrap();
    let mut cases: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        if case["plugins"].is_null() {
            cases.entry(case["capture"].as_str().unwrap().to_string()).or_default().push(case);
        }
    }
    let (mut compared, mut known, mut different) = (0, 0, Vec::new());
    for (capture, cases) in cases {
        let schema = SyscallSchema::new().strict();
        let mut compiler = Compiler::new(&schema);
        let ids: Vec<_> =
            cases.iter().map(|case| compiler.add(case["condition"].as_str().unwrap()).unwrap().id).collect();
        let program = compiler.finish();
        let mut filters: Vec<Filter> = cases
            .iter()
            .zip(ids)
            .map(|(case, id)| {
                // What its plugin `container` gives is built in here.
                let answer = case.get("with_container_plugin").unwrap_or(case);
                let numbers = answer["first_matches"].as_array().unwrap().iter();
                Filter {
                    name: case["name"].as_str().unwrap().to_string(),
                    condition: case["condition"].as_str().unwrap().to_string(),
                    id,
                    kinds: program.kinds(id),
                    matches: 0,
                    first: Vec::new(),
                    expected: answer["matches"].as_u64().unwrap(),
                    expected_first: numbers.map(|number| number.as_u64().unwrap()).collect(),
                }
            })
            .collect();
        let mut replay = Replay::open(&captures.join(format!("{capture}.scap"))).unwrap();
        let mut scratch = Scratch::new();
        replay
            .for_each(|record| {
                let mut run = program.start(record, &mut scratch);
                for filter in &mut filters {
                    if filter.kinds.contains(record.event.ty.into()) && run.verdict(filter.id).is_true() {
                        filter.matches += 1;
                        if filter.first.len() < 20 {
                            filter.first.push(record.event.number);
                        }
                    }
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        for filter in filters {
            compared += 1;
            if filter.matches == filter.expected && filter.first == filter.expected_first {
                continue;
            }
            if let Some((name, why)) = KNOWN.iter().find(|(name, _)| *name == filter.name) {
                known += 1;
                println!("{name} on {capture}: {} ({why})", filter.condition);
                continue;
            }
            let at = filter.first.iter().zip(&filter.expected_first).position(|(a, b)| a != b);
            let at = at.unwrap_or(filter.first.len().min(filter.expected_first.len()));
            different.push(format!(
                "{} on {capture}: {}\n    {} events, ours {}; from {:?}, ours {:?}",
                filter.name,
                filter.condition,
                filter.expected,
                filter.matches,
                filter.expected_first.get(at),
                filter.first.get(at),
            ));
        }
    }
    println!(
        "{compared} conditions, {} of them different, {known} for a known reason",
        different.len() + known
    );
    for difference in &different {
        println!("{difference}");
    }
    assert!(
        compared > 600 && different.is_empty(),
        "{} of {compared} conditions are different",
        different.len()
    );
}
