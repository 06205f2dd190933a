//! Rule files as the real Falco loaded them: verdicts, codes, positions, compiled conditions.

use std::collections::BTreeMap;

use eyrie_engine::rules::{FileReport, Loader, Problem, Version};
use eyrie_events::SyscallSchema;
use eyrie_lang::Schema;
use serde_json::Value as Json;

use crate::falco::shared;

type Place = (String, u64, u64);

fn place(problem: &Problem) -> Place {
    let last = problem.locations.last().unwrap();
    (problem.falco_code().unwrap().to_string(), last.line as u64, last.column as u64)
}

fn places(list: &Json) -> Vec<Place> {
    let mut all: Vec<Place> = list
        .as_array()
        .into_iter()
        .flatten()
        .map(|found| {
            let number = |key: &str| found[key].as_u64().unwrap_or(9999);
            (found["code"].as_str().unwrap().to_string(), number("line"), number("column"))
        })
        .collect();
    all.sort();
    all
}

fn codes(places: &[Place]) -> Vec<&str> {
    let mut codes: Vec<&str> = places.iter().map(|(code, ..)| code.as_str()).collect();
    codes.sort_unstable();
    codes
}

#[derive(Default)]
struct Tally {
    compared: u32,
    verdicts: u32,
    error_codes: u32,
    warning_codes: u32,
    positions: u32,
    compiled: u32,
}

#[test]
fn rule_files_load_as_in_falco() {
    let Some(folder) = shared("conformance/rules") else { return };
    let schema = SyscallSchema::new();
    let text = std::fs::read_to_string(folder.join("files.jsonl")).unwrap();
    let mut tally = Tally::default();
    let mut differences: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let expected = &case["expected"];
        // What needs the configuration, a plugin or the program around the loader.
        let configured =
            ["append_output", "static_fields", "plugins"].iter().any(|key| !case["config"][key].is_null());
        if name.starts_with("plugin-version/") && expected["fatal_error"].is_string() {
            check_plugins(&schema, &case);
            continue;
        }
        let elsewhere = !expected["fatal_error"].is_null() || !expected["crash"].is_null();
        if configured || elsewhere || !case["plugins"].is_null() {
            continue;
        }
        tally.compared += 1;
        let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
        let reports: Vec<FileReport> = case["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| {
                let bytes = match (file["text"].as_str(), file["hex"].as_str()) {
                    (Some(text), _) => text.as_bytes().to_vec(),
                    (_, hex) => unhex(hex.unwrap_or_default()),
                };
                loader.load(file["name"].as_str().unwrap(), &bytes).clone()
            })
            .collect();
        let rules = loader.finish().rules;
        let results = expected["results"].as_array().unwrap();
        let mut said = Vec::new();
        let ok = reports.iter().all(|report| report.errors.is_empty());
        if Some(ok) == expected["ok"].as_bool() {
            tally.verdicts += 1;
        } else {
            said.push(format!("verdict {ok}"));
        }
        let mut same = [true; 3];
        for (report, result) in reports.iter().zip(results) {
            let mut errors: Vec<Place> = report.errors.iter().take(1).map(place).collect();
            errors.sort();
            let mut warnings: Vec<Place> =
                report.warnings.iter().filter(|w| w.code.is_some()).map(place).collect();
            warnings.sort();
            let (their_errors, their_warnings) = (places(&result["errors"]), places(&result["warnings"]));
            same[0] &= codes(&errors) == codes(&their_errors);
            same[1] &= codes(&warnings) == codes(&their_warnings);
            same[2] &= errors == their_errors && warnings == their_warnings;
            if errors != their_errors {
                said.push(format!(
                    "errors {their_errors:?}, ours {errors:?} {}",
                    report.errors.first().map(|e| e.message().to_string()).unwrap_or_default()
                ));
            }
            if warnings != their_warnings {
                said.push(format!("warnings {their_warnings:?}, ours {warnings:?}"));
            }
        }
        tally.error_codes += u32::from(same[0]);
        tally.warning_codes += u32::from(same[1]);
        tally.positions += u32::from(same[2]);
        let theirs: Option<Vec<(String, String)>> = expected["rules"].as_array().map(|all| {
            let text = |rule: &Json, key: &str| rule[key].as_str().unwrap().to_string();
            all.iter().map(|rule| (text(rule, "name"), text(rule, "condition_compiled"))).collect()
        });
        let ours: Vec<(String, String)> =
            rules.rules.iter().map(|rule| (rule.name.clone(), rule.condition_compiled.clone())).collect();
        match theirs {
            Some(theirs) if theirs != ours => said.push(format!("rules {theirs:?}\n  ours {ours:?}")),
            _ => tally.compiled += 1,
        }
        if !said.is_empty() {
            differences.insert(name.to_string(), said.join("; "));
        }
    }
    let Tally { compared, verdicts, error_codes, warning_codes, positions, compiled } = tally;
    println!(
        "{compared} cases: {verdicts} verdicts, {error_codes} error codes, {warning_codes} warning codes, {positions} positions, {compiled} compiled"
    );
    for (name, said) in &differences {
        println!("{name}: {said}");
    }
    assert!(compared > 1000, "only {compared} cases were found");
    let share = |part: u32| f64::from(part) * 100.0 / f64::from(compared);
    for (what, part, least) in [
        ("verdicts", verdicts, 99.0),
        ("error codes", error_codes, 99.0),
        ("warning codes", warning_codes, 99.0),
        ("positions", positions, 98.0),
        ("compiled conditions", compiled, 99.0),
    ] {
        assert!(share(part) >= least, "{what}: {:.2} % as in Falco", share(part));
    }
}

fn check_plugins(schema: &SyscallSchema, case: &Json) {
    let mut loader = Loader::new([("syscall", schema as &dyn Schema)]);
    let report = loader.load("rules.yaml", case["files"][0]["text"].as_str().unwrap().as_bytes());
    assert!(report.errors.is_empty(), "{}: {report:?}", case["name"]);
    // The message is ours; which plugins and versions it names is what Falco names.
    let error =
        loader.finish().rules.check_plugins(&[("container", Version::new(0, 7, 1))]).unwrap_err().to_string();
    let theirs = case["expected"]["fatal_error"].as_str().unwrap();
    let numbers = |text: &str| {
        let parts =
            text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|part| part.trim_matches('.'));
        parts.filter(|part| part.contains('.')).map(String::from).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(numbers(&error), numbers(theirs), "{error}\n{theirs}");
}

#[test]
fn the_upstream_rules_load() {
    let Some(folder) = shared("conformance/falco-rules") else { return };
    let schema = SyscallSchema::new();
    let mut all = 0;
    for (file, rules) in
        [("falco_rules.yaml", 25), ("falco-incubating_rules.yaml", 0), ("falco-sandbox_rules.yaml", 0)]
    {
        let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
        let report = loader.load(file, &std::fs::read(folder.join(file)).unwrap());
        assert!(report.errors.is_empty(), "{file}: {:#?}", report.errors);
        for warning in &report.warnings {
            let expected = ["LOAD_UNUSED_MACRO", "LOAD_UNUSED_LIST", "LOAD_NO_EVTTYPE"];
            assert!(expected.contains(&warning.falco_code().unwrap()), "{file}: {warning:#?}");
        }
        let loaded = loader.finish().rules;
        loaded.check_plugins(&[("container", Version::new(0, 7, 1))]).unwrap();
        assert!(loaded.rules.len() >= rules, "{file}: {} rules", loaded.rules.len());
        all += loaded.rules.len();
    }
    assert_eq!(all, 93);
}

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
