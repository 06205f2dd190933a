//! Rule files as the real Falco loaded them: verdicts, codes, positions, compiled conditions.

use std::collections::BTreeMap;

use eyrie_engine::rules::describe::{Surroundings, describe};
use eyrie_engine::rules::{FileReport, Loader, Problem, Version, falco_json};
use eyrie_events::SyscallSchema;
use eyrie_events::fields::{FieldClass, class};
use eyrie_lang::Schema;
use serde_json::{Value as Json, json};

use crate::conditions::named_set;
use crate::falco::shared;

type Place = (String, u64, u64);

fn place(problem: &Problem) -> Place {
    let last = problem.locations.last().unwrap();
    (problem.falco_code().unwrap().to_string(), last.line as u64, last.column as u64)
}

fn recorded_places(list: &Json) -> Vec<Place> {
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

/// How often something is as in Falco.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, (u32, u32)>);

impl Tally {
    fn count(&mut self, what: &'static str, same: bool) -> bool {
        let (all, good) = self.0.entry(what).or_default();
        *all += 1;
        *good += u32::from(same);
        same
    }
}

/// The surroundings of Falco with its container plugin.
pub(crate) struct Syscalls<'s>(pub(crate) &'s SyscallSchema);

impl Surroundings for Syscalls<'_> {
    fn schema(&self, source: &str) -> Option<&dyn Schema> {
        (source == "syscall").then_some(self.0)
    }

    fn plugin_of_field(&self, _: &str, field: &str) -> Option<&str> {
        let id = self.0.id(field)?;
        (class(id) == Some(FieldClass::Container)).then_some("container")
    }
}

/// What Falco's answer gives of rules, macros and lists, in the form of its own JSON.
fn recorded(expected: &Json) -> Json {
    let list = |key: &str| expected[key].as_array().cloned().unwrap_or_default();
    let pick = |item: &Json, keys: &[(&str, &str)]| -> Json {
        keys.iter().map(|(ours, theirs)| ((*ours).to_string(), item[*theirs].clone())).collect()
    };
    let condition = [
        ("condition_compiled", "condition_compiled"),
        ("condition_fields", "fields"),
        ("condition_operators", "operators"),
        ("events", "events"),
        ("lists", "lists"),
        ("macros", "macros"),
    ];
    let of_rule = [
        ("exception_fields", "exception_fields"),
        ("exception_names", "exception_names"),
        ("exception_operators", "exception_operators"),
        ("output_compiled", "output_compiled"),
        ("output_fields", "output_fields"),
        ("plugins", "plugins"),
    ];
    let info = [
        ("capture", "capture"),
        ("capture_duration", "capture_duration"),
        ("condition", "condition"),
        ("description", "desc"),
        ("enabled", "enabled"),
        ("name", "name"),
        ("output", "output"),
        ("priority", "priority"),
        ("source", "source"),
        ("tags", "tags"),
    ];
    let rules: Vec<Json> = list("rules")
        .iter()
        .map(|rule| json!({"details": pick(rule, &[&condition[..], &of_rule].concat()), "info": pick(rule, &info)}))
        .collect();
    let macros: Vec<Json> = list("macros")
        .iter()
        .map(|item| {
            let details = pick(item, &[&condition[..], &[("used", "used")]].concat());
            json!({"details": details, "info": pick(item, &[("condition", "condition"), ("name", "name")])})
        })
        .collect();
    let lists: Vec<Json> = list("lists")
        .iter()
        .map(|item| {
            let details =
                pick(item, &[("items_compiled", "items_compiled"), ("lists", "lists"), ("used", "used")]);
            json!({"details": details, "info": pick(item, &[("items", "items"), ("name", "name")])})
        })
        .collect();
    json!({"rules": rules, "macros": macros, "lists": lists})
}

fn compare_description(ours: &Json, theirs: &Json, sets: &Json, tally: &mut Tally, said: &mut Vec<String>) {
    for (kind, keys) in [
        (
            "rules",
            &[
                ("condition_compiled", "compiled conditions"),
                ("condition_fields", "fields"),
                ("condition_operators", "operators"),
                ("events", "events"),
                ("exception_fields", "exceptions"),
                ("exception_names", "exceptions"),
                ("exception_operators", "exceptions"),
                ("lists", "lists used"),
                ("macros", "macros used"),
                ("output_compiled", "outputs"),
                ("output_fields", "output fields"),
                ("plugins", "plugins"),
            ][..],
        ),
        (
            "macros",
            &[
                ("condition_compiled", "compiled macros"),
                ("condition_fields", "fields"),
                ("condition_operators", "operators"),
                ("events", "events"),
                ("lists", "lists used"),
                ("macros", "macros used"),
                ("used", "used"),
            ],
        ),
        ("lists", &[("items_compiled", "items"), ("lists", "lists used"), ("used", "used")]),
    ] {
        let (ours, theirs) = (ours[kind].as_array().unwrap(), theirs[kind].as_array().unwrap());
        if !tally.count("items there", ours.len() == theirs.len()) {
            said.push(format!("{} {kind}, ours {}", theirs.len(), ours.len()));
            continue;
        }
        for (ours, theirs) in ours.iter().zip(theirs) {
            if !tally.count("what was written", ours["info"] == theirs["info"]) {
                said.push(format!("{}\n    ours {}", theirs["info"], ours["info"]));
            }
            for (key, what) in keys {
                let (mine, mut other) = (&ours["details"][key], theirs["details"][key].clone());
                // Long lists of events are given by their hash.
                if *key == "events" && other.is_object() {
                    other = named_set(sets, &other).map_or(other, Json::from);
                }
                if !tally.count(what, *mine == other) {
                    said.push(format!("{} {key} {}", ours["info"]["name"], difference(mine, &other)));
                }
            }
        }
    }
}

/// What only one of two lists of names has, or both values.
fn difference(ours: &Json, theirs: &Json) -> String {
    let (Some(mine), Some(other)) = (ours.as_array(), theirs.as_array()) else {
        return format!("{theirs}\n    ours {ours}");
    };
    let missing: Vec<_> = other.iter().filter(|name| !mine.contains(name)).collect();
    let extra: Vec<_> = mine.iter().filter(|name| !other.contains(name)).collect();
    format!("missing {missing:?}, extra {extra:?}")
}

#[test]
fn rule_files_load_as_in_falco() {
    let Some(folder) = shared("conformance/rules") else { return };
    let schema = SyscallSchema::new();
    let text = std::fs::read_to_string(folder.join("files.jsonl")).unwrap();
    let sets: Json =
        serde_json::from_str(&std::fs::read_to_string(folder.join("event_sets.json")).unwrap()).unwrap();
    let mut tally = Tally::default();
    let mut compared = 0;
    let mut differences: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let expected = &case["expected"];
        // What needs the configuration or a plugin that is not built in.
        let configured =
            ["append_output", "static_fields", "plugins"].iter().any(|key| !case["config"][key].is_null());
        if name.starts_with("plugin-version/") && expected["fatal_error"].is_string() {
            tally.count("plugin requirements", plugins_are_refused(&schema, &case));
            continue;
        }
        let plugins: Vec<&str> =
            case["plugins"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        let elsewhere = !expected["fatal_error"].is_null() || !expected["crash"].is_null();
        if configured || elsewhere || plugins.iter().any(|name| *name != "container") {
            continue;
        }
        compared += 1;
        let mut said = Vec::new();
        let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
        let mut reports: Vec<FileReport> = Vec::new();
        for file in case["files"].as_array().unwrap() {
            let bytes = match (file["text"].as_str(), file["hex"].as_str()) {
                (Some(text), _) => text.as_bytes().to_vec(),
                (_, hex) => unhex(hex.unwrap_or_default()),
            };
            reports.push(loader.load(file["name"].as_str().unwrap(), &bytes).clone());
        }
        let loaded = loader.finish();
        let results = expected["results"].as_array().unwrap();
        let ok = reports.iter().all(|report| report.errors.is_empty());
        if !tally.count("verdicts", Some(ok) == expected["ok"].as_bool()) {
            said.push(format!("verdict {ok}"));
        }
        assert_eq!(ok, loaded.is_ok(), "{name}");
        for ((report, result), found) in reports.iter().zip(results).zip(&loaded.reports) {
            // What is found by going on stands after what Falco finds.
            assert!(found.errors.starts_with(&report.errors), "{name}");
            assert!(found.warnings.starts_with(&report.warnings), "{name}");
            let places = |problems: &[Problem]| -> Vec<Place> {
                let mut all: Vec<Place> =
                    problems.iter().filter(|problem| problem.code.is_some()).map(place).collect();
                all.sort();
                all
            };
            let (errors, warnings) = (places(&report.errors), places(&report.warnings));
            let (their_errors, their_warnings) =
                (recorded_places(&result["errors"]), recorded_places(&result["warnings"]));
            tally.count("error codes", codes(&errors) == codes(&their_errors));
            tally.count("warning codes", codes(&warnings) == codes(&their_warnings));
            if !tally.count("positions", errors == their_errors && warnings == their_warnings) {
                said.push(format!(
                    "{their_errors:?} {their_warnings:?}\n    ours {errors:?} {warnings:?} {}",
                    report.errors.first().map(|e| e.message().to_string()).unwrap_or_default()
                ));
            }
            let ways = |problems: &[Problem]| -> Vec<Json> {
                problems.iter().filter(|problem| problem.code.is_some()).map(way).collect()
            };
            let (ways, mut their_ways) = (
                [ways(&report.errors), ways(&report.warnings)].concat(),
                [
                    result["errors"].as_array().unwrap().clone(),
                    result["warnings"].as_array().unwrap().clone(),
                ]
                .concat(),
            );
            their_ways.iter_mut().for_each(|found| *found = found["locations"].clone());
            let sorted = |mut ways: Vec<Json>| {
                ways.sort_by_key(ToString::to_string);
                ways
            };
            let (ways, their_ways) = (sorted(ways), sorted(their_ways));
            if !tally.count("locations", ways == their_ways) {
                said.push(format!("locations {}\n    ours {}", Json::from(their_ways), Json::from(ways)));
            }
            let snippets: Vec<_> =
                report.errors.iter().map(|problem| falco_json::snippet(problem, &loaded.files)).collect();
            let theirs: Vec<_> =
                result["errors"].as_array().unwrap().iter().map(|e| e["snippet"].as_str().unwrap()).collect();
            if !tally.count("snippets", snippets == theirs) {
                said.push(format!("snippet {theirs:?}\n    ours {snippets:?}"));
            }
            let valid = report.schema.as_ref().map(Vec::is_empty);
            if !tally.count("schema verdicts", valid == result["schema_valid"].as_bool()) {
                said.push(format!("schema {:?}, ours {:?}", result["schema_valid"], report.schema));
            }
        }
        let (description, refused) = describe(&loaded.rules, &Syscalls(&schema));
        if ok {
            let theirs = expected["describe_error"].as_str();
            if !tally.count("descriptions there", theirs.is_some() != refused.is_empty()) {
                said.push(format!("describing {theirs:?}, ours {refused:?}"));
            }
            if theirs.is_none() && refused.is_empty() && !expected["rules"].is_null() {
                let ours = falco_json::describe_results(&loaded.rules, &description);
                for key in ["required_engine_version", "required_plugin_versions"] {
                    if !tally.count("required versions", ours[key] == expected[key]) {
                        said.push(format!("{key} {}, ours {}", expected[key], ours[key]));
                    }
                }
                compare_description(&ours, &recorded(expected), &sets, &mut tally, &mut said);
            }
        }
        if !said.is_empty() {
            differences.insert(name.to_string(), said.join("\n  "));
        }
    }
    for (name, said) in &differences {
        println!("{name}: {said}");
    }
    println!("{compared} cases");
    for (what, (all, good)) in &tally.0 {
        println!("{what}: {good} of {all}, {:.2} %", f64::from(*good) * 100.0 / f64::from(*all));
    }
    assert!(compared > 1000, "only {compared} cases were found");
    for (what, (all, good)) in &tally.0 {
        let share = f64::from(*good) * 100.0 / f64::from(*all);
        assert!(share >= 99.0, "{what}: {share:.2} % as in Falco");
    }
}

fn way(problem: &Problem) -> Json {
    let steps = problem.locations.iter().map(|location| {
        json!({
            "item_type": location.item,
            "item_name": location.name,
            "name": location.file,
            "line": location.line,
            "column": location.column,
            "offset": location.offset,
        })
    });
    steps.collect()
}

fn plugins_are_refused(schema: &SyscallSchema, case: &Json) -> bool {
    let mut loader = Loader::new([("syscall", schema as &dyn Schema)]);
    let report = loader.load("rules.yaml", case["files"][0]["text"].as_str().unwrap().as_bytes());
    assert!(report.errors.is_empty(), "{}: {report:?}", case["name"]);
    // The message is ours; which plugins and versions it names is what Falco names.
    let Err(error) = loader.finish().rules.check_plugins(&[("container", Version::new(0, 7, 1))]) else {
        return false;
    };
    let theirs = case["expected"]["fatal_error"].as_str().unwrap();
    let numbers = |text: &str| {
        let parts =
            text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|part| part.trim_matches('.'));
        parts.filter(|part| part.contains('.')).map(String::from).collect::<std::collections::BTreeSet<_>>()
    };
    numbers(&error.to_string()) == numbers(theirs)
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
