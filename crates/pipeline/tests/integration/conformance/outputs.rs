//! Outputs: what alerts look like, as text and as JSON, in all their fields and formats.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use eyrie_engine::rules::Loader;
use eyrie_engine::ruleset::Matching;
use eyrie_engine::{AlertFormat, AppendOutput, RuleSetOptions};
use eyrie_events::SyscallSchema;
use eyrie_lang::Schema;
use eyrie_pipeline::{Replay, build_rules};
use serde_json::{Value as Json, json};

use super::folder;

/// Everything that the container plugin suggests to show.
pub(super) const SUGGESTED: [&str; 6] = [
    "container.id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "k8s.pod.name",
    "k8s.ns.name",
];

/// Cases in which Falco's answer is not ours, and why.
const KNOWN: [(&str, &str); 7] = [
    ("evt/04", "recorded without the plugin `container`, so that users of containers are those of the host"),
    ("evt/08", "`evt.deltatime` is the time since the event before; in Falco, since it was shown before"),
    ("fd/08", "addresses are shown; Falco shows `<IPNET>`"),
    ("net/01", "addresses are shown; Falco shows `<IPNET>`"),
    ("format/16", "`%len(…)` is shown; Falco shows `<NA>`"),
    ("format/20", "`%len(…)` is shown; Falco shows `<NA>`"),
    ("format/24", "`%len(…)` is shown; Falco shows `<NA>`"),
];

/// A case, and what we write.
struct Output {
    case: Json,
    format: AlertFormat,
    alerts: u64,
    texts: Vec<Json>,
    jsons: Vec<Json>,
}

impl Output {
    fn new(case: Json) -> Output {
        let mut format = AlertFormat { hostname: "conformance".into(), ..AlertFormat::default() };
        let config = |key: &str, default| case["config"][key].as_bool().unwrap_or(default);
        format.json_include_output_property = config("json_include_output_property", true);
        format.json_include_message_property = config("json_include_message_property", false);
        Output { case, format, alerts: 0, texts: Vec::new(), jsons: Vec::new() }
    }

    fn name(&self) -> &str {
        self.case["name"].as_str().unwrap()
    }

    /// The rule of the case, with the case's name.
    fn rule(&self) -> Json {
        let mut rule = json!({
            "rule": self.name(), "desc": "text", "condition": self.case["condition"],
            "output": self.case["output"], "priority": self.case["priority"].as_str().unwrap_or("NOTICE"),
        });
        if !self.case["tags"].is_null() {
            rule["tags"] = self.case["tags"].clone();
        }
        rule
    }

    fn differences(&self) -> Vec<String> {
        let expected = &self.case["expected"];
        let mut said = Vec::new();
        if expected["alerts"] != json!(self.alerts) {
            said.push(format!("{} alerts, ours {}", expected["alerts"], self.alerts));
        }
        for (theirs, ours) in [(&expected["text"], &self.texts), (&expected["json"], &self.jsons)] {
            for (theirs, ours) in theirs.as_array().unwrap().iter().zip(ours) {
                if theirs != ours {
                    said.push(format!("{theirs}\n  {ours}"));
                }
            }
        }
        said
    }
}

/// Replays the capture once, for all cases.
fn replay(capture: &Path, outputs: &mut [Output], appended: Vec<AppendOutput>) {
    let schema = SyscallSchema::new().strict();
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]).with_append_output(appended);
    let items: Vec<Json> = outputs.iter().map(Output::rule).collect();
    let report = loader.load("rules.yaml", json!(items).to_string().as_bytes());
    assert!(report.errors.is_empty(), "{:#?}", report.errors);
    let options = RuleSetOptions { matching: Matching::All, ..RuleSetOptions::default() };
    let rules = build_rules(&loader.finish().rules, &options).unwrap();
    Replay::open(capture)
        .unwrap()
        .strict()
        .judge(&rules, |finding| {
            let output = outputs.iter_mut().find(|output| output.name() == finding.rule.name).unwrap();
            output.alerts += 1;
            if output.alerts <= 5 {
                output.texts.push(Json::from(output.format.text(&finding)));
                let mut alert = serde_json::from_str::<Json>(&output.format.json(&finding)).unwrap();
                alert["rule"] = "Case".into();
                output.jsons.push(alert);
            }
            ControlFlow::Continue(())
        })
        .unwrap();
}

#[test]
fn outputs_are_written_as_by_falco() {
    let (Some(folder), Some(captures)) = (folder("rules"), folder("captures")) else { return };
    let text = std::fs::read_to_string(folder.join("outputs.jsonl")).unwrap();
    let mut cases: BTreeMap<(String, bool), Vec<Output>> = BTreeMap::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let appended = case["config"]["append_output"].is_array();
        // Other additions of the configuration are tested where they are made.
        if (appended && case["name"] == "extra/1") || case["expected"]["error"].is_string() {
            continue;
        }
        let capture = case["capture"].as_str().unwrap().to_string();
        cases.entry((capture, appended)).or_default().push(Output::new(case));
    }
    let (mut compared, mut differences) = (0, BTreeMap::new());
    for ((capture, appended), mut outputs) in cases {
        let appended =
            if appended { vec![AppendOutput::suggested("syscall", SUGGESTED)] } else { Vec::new() };
        replay(&captures.join(format!("{capture}.scap")), &mut outputs, appended);
        for output in outputs {
            compared += 1;
            let said = output.differences();
            if let Some((name, why)) = KNOWN.iter().find(|(known, _)| *known == output.name()) {
                println!("{name}: {why}");
                assert!(!said.is_empty(), "{name} is the same");
            } else if !said.is_empty() {
                differences.insert(output.name().to_string(), said.join("\n  "));
            }
        }
    }
    println!("{compared} outputs, {} of them different", differences.len());
    for (name, said) in &differences {
        println!("{name}: {said}");
    }
    assert!(compared > 50 && differences.is_empty(), "{} differences", differences.len());
}
