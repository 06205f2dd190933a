//! Whole rule files with a configuration: which alerts they raise.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use eyrie_engine::rules::Loader;
use eyrie_engine::ruleset::{Matching, RuleSet, RuleSetOptions, SelectedBy, Selection};
use eyrie_engine::{AlertFormat, AppendOutput, ExtraField, Priority, StaticFields};
use eyrie_events::SyscallSchema;
use eyrie_lang::Schema;
use eyrie_pipeline::{Replay, SYSCALL};
use serde_json::{Value as Json, json};

use super::folder;

/// What the container plugin suggests to show.
const SUGGESTED: [&str; 6] = [
    "container.id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "k8s.pod.name",
    "k8s.ns.name",
];

/// The case in which Falco's answer is not ours: `%container.info` is taken out of an output, and we take the blank before it, too.
const KNOWN: &str = "cfg/container-info";

fn texts(list: &Json) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_string()).collect()
}

fn append_output(entry: &Json) -> AppendOutput {
    if entry["suggested_output"] == true {
        return AppendOutput::suggested(SYSCALL, SUGGESTED);
    }
    let text = |value: &Json| value.as_str().map(String::from);
    let mut extra_fields = Vec::new();
    for field in entry["extra_fields"].as_array().into_iter().flatten() {
        match field.as_object() {
            None => extra_fields.push((text(field).unwrap(), ExtraField::Raw)),
            Some(fields) => extra_fields.extend(
                fields.iter().map(|(name, format)| (name.clone(), ExtraField::Format(text(format).unwrap()))),
            ),
        }
    }
    AppendOutput {
        rule: text(&entry["match"]["rule"]),
        source: text(&entry["match"]["source"]),
        tags: texts(&entry["match"]["tags"]).into_iter().collect(),
        extra_output: text(&entry["extra_output"]),
        extra_fields,
    }
}

fn selections(entry: &Json) -> Vec<Selection> {
    let (enable, what) = match (&entry["enable"], &entry["disable"]) {
        (Json::Null, what) => (false, what),
        (what, _) => (true, what),
    };
    let rule = what["rule"].as_str().map(|rule| SelectedBy::Rule(rule.to_string()));
    let tag = what["tag"].as_str().map(|tag| SelectedBy::Tag(tag.to_string()));
    rule.into_iter().chain(tag).map(|by| Selection { enable, by }).collect()
}

/// What we answer: as Falco's recorded answer, without an error's text.
fn replayed(captures: &Path, case: &Json) -> Json {
    let config = &case["config"];
    let static_fields: StaticFields = config["static_fields"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().map_or(value.to_string(), String::from)))
        .collect();
    let schema = SyscallSchema::new();
    let layered = eyrie_engine::WithStaticFields::new(&schema, &static_fields);
    let appended = config["append_output"].as_array().into_iter().flatten().map(append_output).collect();
    let mut loader = Loader::new([(SYSCALL, &layered as &dyn Schema)]).with_append_output(appended);
    for file in case["files"].as_array().unwrap() {
        loader.load(file["name"].as_str().unwrap(), file["text"].as_str().unwrap().as_bytes());
    }
    let loaded = loader.finish();
    if !loaded.is_ok() {
        return json!({"exit": 1, "alerts_by_rule": {}, "first_alerts": []});
    }
    let options = RuleSetOptions {
        selections: config["rules"].as_array().into_iter().flatten().flat_map(selections).collect(),
        minimum_priority: config["priority"].as_str().and_then(Priority::parse).unwrap_or_default(),
        matching: if config["rule_matching"] == "all" { Matching::All } else { Matching::First },
        static_fields,
        ..RuleSetOptions::default()
    };
    let rules = RuleSet::build(&loaded.rules, [(SYSCALL, &schema as &dyn Schema)], &options).unwrap();
    let format = AlertFormat::default();
    let (mut by_rule, mut first) = (BTreeMap::new(), Vec::new());
    let capture = captures.join(case["replay"].as_str().unwrap()).with_extension("scap");
    Replay::open(&capture)
        .unwrap()
        .judge(&rules, |finding| {
            *by_rule.entry(finding.rule.name.clone()).or_insert(0) += 1;
            if first.len() < 8 {
                let alert = format.alert(&finding).to_value();
                let wanted = ["rule", "priority", "tags", "output_fields", "output"];
                first.push(
                    wanted.into_iter().map(|key| (key, alert[key].clone())).collect::<BTreeMap<_, _>>(),
                );
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    json!({"exit": 0, "alerts_by_rule": by_rule, "first_alerts": first})
}

#[test]
fn rule_files_raise_the_alerts_that_they_raise_in_falco() {
    let (Some(captures), Some(rules)) = (folder("captures"), folder("rules")) else { return };
    let text = std::fs::read_to_string(rules.join("files.jsonl")).unwrap();
    let (mut cases, mut wrong) = (0, Vec::new());
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        if case["replay"].is_null() {
            continue;
        }
        cases += 1;
        let mut expected = case["expected"]["replay"].clone();
        expected.as_object_mut().unwrap().remove("error");
        let ours = replayed(&captures, &case);
        if case["name"] == KNOWN {
            assert_ne!(ours, expected);
        } else if ours != expected {
            println!("{}: Falco {expected}\n  ours {ours}", case["name"]);
            wrong.push(case["name"].to_string());
        }
    }
    println!("{cases} rule files were replayed");
    assert!(cases > 20 && wrong.is_empty(), "{wrong:?}");
}
