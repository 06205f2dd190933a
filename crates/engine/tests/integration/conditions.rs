//! Conditions as the real Falco answered to them: which it takes, what it makes of them, where it finds a mistake.

use eyrie_events::SyscallSchema;
use eyrie_lang::diagnostic::Code;
use eyrie_lang::{Compiler, Diagnostic, Discriminant, codes};
use serde_json::Value as Json;

use crate::falco::shared;

/// The condition of a file with one simple rule, and the line and column that Falco counts its positions from.
fn condition(case: &Json) -> Option<(String, u64, u64)> {
    let files = case["files"].as_array()?;
    let [file] = files.as_slice() else { return None };
    let text = file["text"].as_str()?;
    let head = "- rule: Watch\n  desc: text\n  condition: |\n";
    let rest = text.strip_prefix(head)?;
    let (body, _) = rest.split_once("  output: ")?;
    let indent = body.len() - body.trim_start_matches(' ').len();
    let mut lines: Vec<&str> = Vec::new();
    for line in body.lines() {
        lines.push(line.get(indent..).unwrap_or(""));
    }
    let mut text = lines.join("\n");
    text.push('\n');
    // In the recorded answers the text starts one line down and one column in.
    Some((text, 2, 13))
}

fn position(text: &str, at: usize, line: u64, column: u64) -> (u64, u64) {
    let before = &text[..at];
    let lines = before.matches('\n').count() as u64;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line + lines + 1, column + (at - start) as u64 + 1)
}

#[test]
fn conditions_are_taken_as_by_falco() {
    let Some(folder) = shared("conformance/rules") else { return };
    let schema = SyscallSchema::new();
    let text = std::fs::read_to_string(folder.join("files.jsonl")).unwrap();
    let mut differences = Vec::new();
    let (mut compared, mut positions, mut good_positions) = (0, 0, 0);
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let expected = &case["expected"];
        let Some((condition, first_line, first_column)) = condition(&case) else { continue };
        if !expected["fatal_error"].is_null() || !expected["crash"].is_null() || !case["plugins"].is_null() {
            continue;
        }
        compared += 1;
        let mut compiler = Compiler::new(&schema);
        let found = compiler.add(&condition);
        let accepted = expected["ok"].as_bool().unwrap();
        match (&found, accepted) {
            (Ok(added), true) => {
                let theirs: Vec<_> = expected["results"][0]["warnings"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|warning| warning["code"] == "LOAD_COMPILE_CONDITION")
                    .map(|warning| (warning["line"].as_u64().unwrap(), warning["column"].as_u64().unwrap()))
                    .collect();
                let ours: Vec<_> = added
                    .warnings
                    .iter()
                    .filter(|warning| FALCO_WARNS.contains(&warning.code))
                    .map(|warning| position(&condition, warning.anchor(), first_line, first_column))
                    .collect();
                if ours != theirs {
                    differences
                        .push(format!("{name}: warnings at {theirs:?}, ours {ours:?}\n    {condition}"));
                }
                let id = added.id;
                let program = compiler.finish();
                if let Some(compiled) = expected["rules"][0]["condition_compiled"].as_str()
                    && compiled != program.text(id)
                {
                    differences.push(format!("{name}: {compiled}\n    ours: {}", program.text(id)));
                }
            }
            (Err(problems), false) => {
                let error = &expected["results"][0]["errors"][0];
                if error["code"] == "LOAD_ERR_COMPILE_CONDITION" {
                    positions += 1;
                    let at = position(&condition, problems[0].anchor(), first_line, first_column);
                    let theirs = (error["line"].as_u64().unwrap(), error["column"].as_u64().unwrap());
                    if at == theirs {
                        good_positions += 1;
                    } else {
                        differences.push(format!(
                            "{name}: position {theirs:?}, ours {at:?}\n    {condition}    {}\n    {}",
                            error["message"],
                            titles(problems)
                        ));
                    }
                }
            }
            (Ok(_), false) => {
                let error = &expected["results"][0]["errors"][0]["message"];
                differences.push(format!("{name}: Falco refuses: {error}\n    {condition}"));
            }
            (Err(problems), true) => {
                differences.push(format!("{name}: Falco accepts\n    {condition}    {}", titles(problems)));
            }
        }
    }
    println!("{compared} conditions, {good_positions} of {positions} positions");
    for difference in &differences {
        println!("{difference}");
    }
    assert!(compared > 500, "only {compared} conditions were found");
    assert!(differences.is_empty(), "{} differences", differences.len());
}

/// The warnings of ours that Falco has as `LOAD_COMPILE_CONDITION`.
const FALCO_WARNS: &[Code] = &[codes::FIELD_AS_TEXT, codes::TRANSFORMER_AS_TEXT, codes::SIMPLE_REGEX];

#[test]
fn kinds_are_those_that_falco_finds() {
    let Some(folder) = shared("conformance/rules") else { return };
    let schema = SyscallSchema::new();
    let text = std::fs::read_to_string(folder.join("files.jsonl")).unwrap();
    let sets: Json =
        serde_json::from_str(&std::fs::read_to_string(folder.join("event_sets.json")).unwrap()).unwrap();
    let (mut compared, mut differences) = (0, Vec::new());
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let Some((condition, ..)) = condition(&case) else { continue };
        let expected = &case["expected"]["rules"][0]["events"];
        let mut compiler = Compiler::new(&schema);
        let (false, Ok(added)) = (expected.is_null(), compiler.add(&condition)) else { continue };
        let program = compiler.finish();
        let ours: Vec<String> =
            schema.kinds().described(&program.kinds(added.id)).into_iter().map(String::from).collect();
        let theirs: Vec<String> = match expected.as_array() {
            Some(names) => names.iter().map(|name| name.as_str().unwrap().to_string()).collect(),
            None => match named_set(&sets, expected) {
                Some(names) => names,
                None => continue,
            },
        };
        compared += 1;
        if ours != theirs {
            let missing: Vec<_> = theirs.iter().filter(|name| !ours.contains(name)).take(8).collect();
            let extra: Vec<_> = ours.iter().filter(|name| !theirs.contains(name)).take(8).collect();
            differences
                .push(format!("{}: missing {missing:?}, extra {extra:?}\n    {condition}", case["name"]));
        }
    }
    println!("{compared} conditions");
    differences.iter().for_each(|difference| println!("{difference}"));
    assert!(compared > 300, "only {compared} conditions were found");
    assert!(differences.is_empty(), "{} differences", differences.len());
}

/// A set of events that the recorded answers give by its hash.
pub(crate) fn named_set(sets: &Json, hashed: &Json) -> Option<Vec<String>> {
    let names = |list: &Json| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_string()).collect()
    };
    let found = &sets["sets"][hashed["sha256"].as_str()?];
    if found["events"].is_array() {
        return Some(names(&found["events"]));
    }
    let missing = names(found.get("missing_from_all")?);
    Some(names(&sets["_all_events"]).into_iter().filter(|name| !missing.contains(name)).collect())
}

#[test]
fn filters_are_taken_as_by_falco() {
    let Some(folder) = shared("conformance/rules") else { return };
    let schema = SyscallSchema::new();
    for (file, accepted, at_least) in [("filters.jsonl", true, 500), ("filters_rejected.jsonl", false, 10)] {
        let mut compared = 0;
        for line in std::fs::read_to_string(folder.join(file)).unwrap().lines() {
            let case: Json = serde_json::from_str(line).unwrap();
            let condition = case["condition"].as_str().unwrap();
            if !case["plugins"].is_null() {
                continue;
            }
            compared += 1;
            let found = Compiler::new(&schema).add(condition);
            assert_eq!(found.is_ok(), accepted, "{condition}: {found:?}");
        }
        assert!(compared >= at_least, "only {compared} conditions in {file}");
    }
}

fn titles(problems: &[Diagnostic]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
