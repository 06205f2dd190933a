//! Alerts as the real Falco wrote them: from the values that an alert shows we write the same line.

use std::collections::BTreeMap;

use eyrie_engine::rules::{Loader, Rules};
use eyrie_engine::{
    AlertFormat, AppendOutput, Event, ExtraField, JsonRecord, JudgeScratch, RuleSet, RuleSetOptions,
};
use eyrie_events::SyscallSchema;
use eyrie_lang::{Kind, Schema};
use serde_json::{Value as Json, json};

use crate::falco::shared;

/// Everything that the container plugin suggests to show.
const SUGGESTED: [&str; 6] = [
    "container.id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "k8s.pod.name",
    "k8s.ns.name",
];

/// A rule that matches everything, with this output.
fn rule(
    name: &str,
    output: &str,
    priority: &str,
    tags: &Json,
    appended: Vec<AppendOutput>,
    schema: &dyn Schema,
) -> Rules {
    let item = json!([{
        "rule": name, "desc": "text", "condition": "evt.num >= 0 or not evt.num >= 0",
        "output": output, "priority": priority, "tags": tags,
    }]);
    let mut loader = Loader::new([("syscall", schema)]).with_append_output(appended);
    let report = loader.load("rules.yaml", item.to_string().as_bytes());
    assert!(report.errors.is_empty(), "{:#?}", report.errors);
    loader.finish().rules
}

fn written(rules: &Rules, schema: &dyn Schema, alert: &Json, format: &AlertFormat) -> (String, String) {
    let sources = [("syscall", schema)];
    let set = RuleSet::build(rules, sources, &RuleSetOptions::default()).unwrap();
    let fields = alert["output_fields"].as_object().unwrap();
    // Which other fields an alert was given does not matter here.
    let known = |key: &str| {
        let name = key.split_once('[').map_or(key, |(name, _)| name);
        schema.resolve(name, key.split_once('[').map(|(_, rest)| rest.trim_end_matches(']'))).is_ok()
    };
    let mut fields = fields.clone();
    fields.retain(|key, _| known(key));
    let record = JsonRecord::new(&fields, schema).unwrap();
    let time = fields.get("evt.time").and_then(Json::as_u64).unwrap();
    let event = Event { kind: Kind(2), time, fields: &record };
    let mut lines = Vec::new();
    set.source("syscall").unwrap().judge(&event, &mut JudgeScratch::new(), |finding| {
        lines.push((format.text(&finding), format.json(&finding)));
    });
    assert_eq!(lines.len(), 1);
    lines.pop().unwrap()
}

#[test]
fn alerts_of_the_upstream_rules_are_written_as_by_falco() {
    let (Some(folder), Some(captures)) = (shared("conformance/falco-rules"), shared("conformance/captures"))
    else {
        return;
    };
    let schema = SyscallSchema::new();
    let mut outputs = BTreeMap::new();
    for file in ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"] {
        let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
        loader.load(file, &std::fs::read(folder.join(file)).unwrap());
        outputs.extend(loader.finish().rules.rules.into_iter().map(|rule| (rule.name.clone(), rule.output)));
    }
    let format = AlertFormat { hostname: "vm".to_string(), ..AlertFormat::default() };
    let mut compared = 0;
    for name in ["large", "net", "suspicious", "syscalls"] {
        let text = std::fs::read_to_string(captures.join(format!("{name}.alerts.all.jsonl"))).unwrap();
        for line in text.lines() {
            let alert: Json = serde_json::from_str(line).unwrap();
            let name = alert["rule"].as_str().unwrap();
            let rules = rule(
                name,
                &outputs[name],
                alert["priority"].as_str().unwrap(),
                &alert["tags"],
                vec![AppendOutput::suggested("syscall", SUGGESTED)],
                &schema,
            );
            let (text, json) = written(&rules, &schema, &alert, &format);
            assert_eq!(json, line);
            let output = Json::from(alert["output"].as_str().unwrap()).to_string();
            assert_eq!(format!("\"{text}\""), output);
            compared += 1;
        }
    }
    assert!(compared > 150, "only {compared} alerts were found");
}

#[test]
fn formats_are_written_as_by_falco() {
    let Some(folder) = shared("conformance/rules") else { return };
    let text = std::fs::read_to_string(folder.join("outputs.jsonl")).unwrap();
    let schema = SyscallSchema::new();
    let mut compared = 0;
    let mut differences = BTreeMap::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let output = case["output"].as_str().unwrap();
        // What the alert does not tell the values of: they are shown in another way than they are kept, or transformed.
        let text_of_its_own =
            ["evt.rawarg", "%evt.time", "%evt.datetime", "<NA>", "%len(", "net", "outputtime"];
        if text_of_its_own.iter().any(|part| output.contains(part)) || name == "extra/1" {
            continue;
        }
        let mut format = AlertFormat { hostname: "conformance".to_string(), ..AlertFormat::default() };
        let config = |key: &str, default| case["config"][key].as_bool().unwrap_or(default);
        format.json_include_output_property = config("json_include_output_property", true);
        format.json_include_message_property = config("json_include_message_property", false);
        let appended = match case["config"]["append_output"] {
            Json::Null => Vec::new(),
            _ => vec![AppendOutput::suggested("syscall", SUGGESTED)],
        };
        let tags = if case["tags"].is_null() { json!([]) } else { case["tags"].clone() };
        let priority = case["priority"].as_str().unwrap_or("NOTICE");
        let rules = rule("Case", output, priority, &tags, appended, &schema);
        let first = case["expected"]["json_lines"][0].as_str();
        let (Some(line), Some(expected)) = (first, case["expected"]["text"][0].as_str()) else { continue };
        let (text, json) = written(&rules, &schema, &serde_json::from_str(line).unwrap(), &format);
        compared += 1;
        if json != line || text != expected {
            differences.insert(name.to_string(), format!("{output}\n{json}\n{line}\n{text}\n{expected}"));
        }
    }
    for (name, said) in &differences {
        println!("{name}: {said}");
    }
    assert!(compared > 30, "only {compared} formats were compared");
    assert!(differences.is_empty(), "{} of {compared} differ", differences.len());
}

#[test]
fn fields_that_are_appended_stand_among_the_others() {
    let schema = SyscallSchema::new();
    let appended = vec![
        AppendOutput { extra_output: Some("pid=%proc.pid".to_string()), ..AppendOutput::default() },
        AppendOutput {
            extra_fields: vec![
                ("proc.name".to_string(), ExtraField::Raw),
                ("fd.sip".to_string(), ExtraField::Raw),
                ("mine".to_string(), ExtraField::Format("%proc.name-%fd.num".to_string())),
                ("evt.num".to_string(), ExtraField::Format("over".to_string())),
            ],
            ..AppendOutput::default()
        },
    ];
    let rules = rule("Case", "x", "NOTICE", &json!([]), appended, &schema);
    let seen = json!({"output_fields":
        {"evt.time": 1_795_312_039_216_933_257_u64, "proc.name": "susp", "fd.num": 3, "proc.pid": 9158}});
    let format = AlertFormat { hostname: "conformance".to_string(), ..AlertFormat::default() };
    let (text, json) = written(&rules, &schema, &seen, &format);
    assert_eq!(text, "01:47:19.216933257: Notice x pid=9158");
    assert_eq!(
        json,
        r#"{"hostname":"conformance","output":"01:47:19.216933257: Notice x pid=9158","output_fields":{"evt.num":"over","evt.time":1795312039216933257,"fd.sip":null,"mine":"susp-3","proc.name":"susp","proc.pid":9158},"priority":"Notice","rule":"Case","source":"syscall","tags":[],"time":"2026-11-22T01:47:19.216933257Z"}"#
    );
    let format = AlertFormat {
        time_format_iso_8601: true,
        json_include_tags_property: false,
        json_include_output_fields_property: false,
        ..format
    };
    let (text, json) = written(&rules, &schema, &seen, &format);
    assert_eq!(text, "2026-11-22T01:47:19.216933257+0000: Notice x pid=9158");
    assert_eq!(
        json,
        r#"{"hostname":"conformance","output":"2026-11-22T01:47:19.216933257+0000: Notice x pid=9158","priority":"Notice","rule":"Case","source":"syscall","time":"2026-11-22T01:47:19.216933257Z"}"#
    );
}
