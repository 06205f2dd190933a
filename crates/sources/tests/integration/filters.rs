//! Conditions on the recorded captures: which events match, compared with what Falco said.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;

use eyrie_events::fields::SyscallSchema;
use eyrie_events::state::{Host, Limits};
use eyrie_events::{EventRecord, Stream};
use eyrie_lang::{Compiler, ConditionId, KindSet, Scratch};
use eyrie_sources::capture::Reader;
use flate2::read::MultiGzDecoder;
use serde_json::Value as Json;

use crate::fields::feed;
use crate::recorded::captures;

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

#[test]
fn conditions_match_as_in_falco() {
    let Some(folder) = captures() else { return };
    let text = std::fs::read_to_string(folder.join("../rules/filters.jsonl")).unwrap();
    let mut cases: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        if case["plugins"].is_null() {
            cases.entry(case["capture"].as_str().unwrap().to_string()).or_default().push(case);
        }
    }
    let (mut compared, mut different) = (0, Vec::new());
    for (capture, cases) in cases {
        let schema = SyscallSchema::new();
        let mut compiler = Compiler::new(&schema);
        let ids: Vec<_> =
            cases.iter().map(|case| compiler.add(case["condition"].as_str().unwrap()).unwrap().id).collect();
        let program = compiler.finish();
        let mut filters: Vec<Filter> = cases
            .iter()
            .zip(ids)
            .map(|(case, id)| Filter {
                name: case["name"].as_str().unwrap().to_string(),
                condition: case["condition"].as_str().unwrap().to_string(),
                id,
                kinds: program.kinds(id),
                matches: 0,
                first: Vec::new(),
                expected: case["matches"].as_u64().unwrap(),
                expected_first: case["first_matches"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|n| n.as_u64().unwrap())
                    .collect(),
            })
            .collect();
        let mut bytes = Vec::new();
        let file = File::open(folder.join(format!("{capture}.scap"))).unwrap();
        MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        let mut reader = Reader::new(bytes.as_slice()).unwrap();
        let (mut host, mut stream, mut in_head) = (Host::new(Limits::default()), Stream::new(), true);
        let mut scratch = Scratch::new();
        while let Some(item) = reader.next().unwrap() {
            let Some((event, seen)) = feed(&mut host, &mut in_head, item) else { continue };
            stream.advance(event.time);
            let record = EventRecord { event: &event, host: &host, seen, stream: &stream };
            let mut run = program.start(&record, &mut scratch);
            for filter in &mut filters {
                if filter.kinds.contains(event.ty.into()) && run.verdict(filter.id).is_true() {
                    filter.matches += 1;
                    if filter.first.len() < 20 {
                        filter.first.push(event.number);
                    }
                }
            }
        }
        for filter in filters {
            compared += 1;
            if filter.matches != filter.expected || filter.first != filter.expected_first {
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
    }
    println!("{compared} conditions, {} of them different", different.len());
    for difference in &different {
        println!("{difference}");
    }
}
