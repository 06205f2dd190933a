//! Rule files with settings, replayed: which rules are on and in which order they are tried, the least priority, what is appended
//! to outputs, static fields.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use eyrie_engine::rules::Loader;
use eyrie_engine::{
    AlertFormat, AppendOutput, ExtraField, Matching, Priority, RuleSet, RuleSetOptions, SelectedBy,
    Selection, StaticFields, WithStaticFields,
};
use eyrie_events::SyscallSchema;
use eyrie_lang::Schema;
use eyrie_pipeline::Replay;
use serde_json::{Value as Json, json};

use super::folder;
use super::outputs::SUGGESTED;

fn texts(list: &Json) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_string()).collect()
}

fn text(value: &Json) -> Option<String> {
    value.as_str().map(str::to_string)
}

/// Falco's `append_output`, as far as the cases use it.
fn append_output(config: &Json, with_plugin: bool) -> Vec<AppendOutput> {
    let mut all = Vec::new();
    for entry in config["append_output"].as_array().into_iter().flatten() {
        let extra_fields = entry["extra_fields"].as_array().into_iter().flatten().map(|field| match field {
            Json::String(name) => (name.clone(), ExtraField::Raw),
            other => {
                let (name, format) = other.as_object().unwrap().iter().next().unwrap();
                (name.clone(), ExtraField::Format(format.as_str().unwrap().to_string()))
            }
        });
        all.push(AppendOutput {
            rule: text(&entry["match"]["rule"]),
            source: text(&entry["match"]["source"]),
            tags: texts(&entry["match"]["tags"]).into_iter().collect(),
            extra_output: text(&entry["extra_output"]),
            extra_fields: extra_fields.collect(),
        });
        if with_plugin && entry["suggested_output"] == json!(true) {
            all.push(AppendOutput::suggested("syscall", SUGGESTED));
        }
    }
    all
}

fn options(config: &Json, static_fields: StaticFields) -> RuleSetOptions {
    let mut selections = Vec::new();
    for entry in config["rules"].as_array().into_iter().flatten() {
        for (operation, what) in entry.as_object().unwrap() {
            let by_rule = text(&what["rule"]).map(SelectedBy::Rule);
            let by_tag = text(&what["tag"]).map(SelectedBy::Tag);
            let enable = operation == "enable";
            selections.extend(by_rule.into_iter().chain(by_tag).map(|by| Selection { enable, by }));
        }
    }
    RuleSetOptions {
        selections,
        minimum_priority: config["priority"]
            .as_str()
            .map_or(Priority::Debug, |name| Priority::parse(name).unwrap()),
        matching: if config["rule_matching"] == "all" { Matching::All } else { Matching::First },
        static_fields,
        ..RuleSetOptions::default()
    }
}

/// What Falco answers, from what we find.
fn replayed(case: &Json) -> Json {
    let config = &case["config"];
    let with_plugin = texts(&case["plugins"]).iter().any(|name| name == "container");
    let static_fields: StaticFields = config["static_fields"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), text(value).unwrap()))
        .collect();
    let schema = SyscallSchema::new();
    let schema = WithStaticFields::new(&schema, &static_fields);
    let sources = [("syscall", &schema as &dyn Schema)];
    let mut loader = Loader::new(sources).with_append_output(append_output(config, with_plugin));
    for file in case["files"].as_array().unwrap() {
        loader.load(file["name"].as_str().unwrap(), file["text"].as_str().unwrap().as_bytes());
    }
    let loaded = loader.finish();
    let first = loaded.reports.iter().flat_map(|report| &report.errors).find_map(|error| error.falco_code());
    if let Some(code) = first {
        return json!({"exit": 1, "alerts_by_rule": {}, "first_alerts": [], "error": code});
    }
    let set = RuleSet::build(&loaded.rules, sources, &options(config, static_fields)).unwrap();
    let capture = folder("captures").unwrap().join(format!("{}.scap", case["replay"].as_str().unwrap()));
    let format = AlertFormat::default();
    let mut by_rule: BTreeMap<String, u64> = BTreeMap::new();
    let mut alerts: Vec<Json> = Vec::new();
    let mut replay = Replay::open(&capture).unwrap();
    let found = replay.judge(&set, |finding| {
        *by_rule.entry(finding.rule.name.clone()).or_default() += 1;
        if alerts.len() < 8 {
            let alert = format.alert(&finding).to_value();
            let mut kept = serde_json::Map::new();
            for key in ["rule", "priority", "tags", "output_fields", "output"] {
                kept.insert(key.to_string(), alert[key].clone());
            }
            alerts.push(kept.into());
        }
        ControlFlow::Continue(())
    });
    found.unwrap();
    json!({"exit": 0, "alerts_by_rule": by_rule, "first_alerts": alerts})
}

#[test]
fn rule_files_with_settings_find_what_falco_finds() {
    let (Some(rules), Some(_)) = (folder("rules"), folder("captures")) else { return };
    let text = std::fs::read_to_string(rules.join("files.jsonl")).unwrap();
    let mut compared = 0;
    let mut differences = Vec::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        if case["replay"].is_null() {
            continue;
        }
        compared += 1;
        let ours = replayed(&case);
        let mut theirs = case["expected"]["replay"].clone();
        // Of an error, the code.
        if let Some(error) = theirs["error"].as_str() {
            theirs["error"] = json!(error.split(' ').next());
        }
        for key in ["exit", "alerts_by_rule", "first_alerts", "error"] {
            if ours[key] != theirs[key] {
                differences.push(format!("{} {key}:\n  {}\n  {}", case["name"], theirs[key], ours[key]));
            }
        }
    }
    for difference in &differences {
        println!("{difference}");
    }
    assert!(compared > 20, "only {compared} cases were found");
    assert!(differences.is_empty(), "{} differ in {compared} cases", differences.len());
}
