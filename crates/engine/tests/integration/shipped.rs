//! The rules that Eyrie ships, in `rules/` of the repository: that they load, are labelled and described, and that each has tests that
//! fire it and tests that come near without.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use eyrie_engine::rules::{Loaded, Loader, Rule};
use eyrie_engine::{Event, JsonRecord, JudgeScratch, Matching, RuleSet, RuleSetOptions};
use eyrie_events::fields::SyscallSchema;
use eyrie_lang::Schema;
use eyrie_lang::ast::{Expr, Operand, Right};
use eyrie_lang::diagnostic::RenderStyle;
use saphyr_parser::{Event as Yaml, Parser, ScalarStyle};
use serde_json::{Map, Value as Json};

use crate::falco::shared;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

/// The YAML files of a folder by name, in the order in which they load.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    files
}

fn load(schema: &SyscallSchema, files: impl IntoIterator<Item = (String, String)>) -> Loaded {
    let mut loader = Loader::new([("syscall", schema as &dyn Schema)]);
    for (name, text) in files {
        loader.load(&name, text.as_bytes());
    }
    loader.finish()
}

/// What there is to say about the files, as a user would read it.
fn told(loaded: &Loaded) -> String {
    let style = RenderStyle::default();
    loaded
        .problems()
        .iter()
        .map(|problem| problem.render(&loaded.files, style))
        .collect::<Vec<_>>()
        .join("\n")
}

fn shipped(schema: &SyscallSchema) -> Loaded {
    let loaded = load(schema, files(&folder()));
    assert!(loaded.problems().is_empty(), "{}", told(&loaded));
    loaded
}

#[test]
fn they_load_without_a_word() {
    let schema = SyscallSchema::new();
    let loaded = shipped(&schema);
    assert!(loaded.rules.rules.len() >= 60, "{}", loaded.rules.rules.len());
    assert!(loaded.rules.rules.iter().all(|rule| rule.enabled && rule.source == "syscall"));
}

#[test]
fn they_load_beside_the_rules_of_falco() {
    let Some(folder_of_falco) = shared("conformance/falco-rules") else { return };
    let schema = SyscallSchema::new();
    let names = |loaded: &Loaded| {
        let rules = &loaded.rules;
        let mut names: Vec<_> = rules.rules.iter().map(|rule| rule.name.clone()).collect();
        names.extend(rules.macros.iter().map(|item| item.name.clone()));
        names.extend(rules.lists.iter().map(|item| item.name.clone()));
        names
    };
    let theirs = load(&schema, files(&folder_of_falco));
    let ours = shipped(&schema);
    let known: BTreeSet<_> = names(&theirs).into_iter().collect();
    let both: Vec<_> = names(&ours).into_iter().filter(|name| known.contains(name)).collect();
    assert!(both.is_empty(), "names that others have, too: {both:?}");
    for order in [[folder_of_falco.as_path(), &folder()], [&folder(), folder_of_falco.as_path()]] {
        let loaded = load(&schema, order.into_iter().flat_map(files));
        assert!(loaded.is_ok(), "{}", told(&loaded));
        assert_eq!(loaded.rules.rules.len(), theirs.rules.rules.len() + ours.rules.rules.len());
    }
}

#[test]
fn names_say_whose_they_are() {
    let schema = SyscallSchema::new();
    let rules = shipped(&schema).rules;
    let names = rules.macros.iter().map(|item| &item.name).chain(rules.lists.iter().map(|item| &item.name));
    for name in names {
        assert!(name.starts_with("eyrie_"), "{name}");
    }
}

const TACTICS: [&str; 14] = [
    "mitre_reconnaissance",
    "mitre_resource_development",
    "mitre_initial_access",
    "mitre_execution",
    "mitre_persistence",
    "mitre_privilege_escalation",
    "mitre_defense_evasion",
    "mitre_credential_access",
    "mitre_discovery",
    "mitre_lateral_movement",
    "mitre_collection",
    "mitre_command_and_control",
    "mitre_exfiltration",
    "mitre_impact",
];

/// Whether it is a technique's number: `T1059` or `T1059.004`.
fn is_technique(tag: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    tag.strip_prefix('T').is_some_and(|number| match number.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(number, 4),
    })
}

#[test]
fn they_are_labelled_and_described() {
    let schema = SyscallSchema::new();
    for rule in &shipped(&schema).rules.rules {
        let name = &rule.name;
        let tags: Vec<&str> = rule.tags.iter().map(String::as_str).collect();
        assert!(tags.iter().any(|tag| is_technique(tag)), "{name}: {tags:?}");
        assert!(tags.iter().any(|tag| TACTICS.contains(tag)), "{name}: {tags:?}");
        assert!(tags.contains(&"host") || tags.contains(&"container"), "{name}: {tags:?}");
        for tag in &tags {
            assert!(!tag.starts_with("mitre_") || TACTICS.contains(tag), "{name}: {tag}");
            assert!(!tag.starts_with('T') || is_technique(tag), "{name}: {tag}");
        }
        let (what, advice) =
            rule.desc.split_once(" What to do: ").unwrap_or_else(|| panic!("{name}: {}", rule.desc));
        assert!(what.len() > 100 && what.ends_with('.'), "{name}: {what}");
        assert!(advice.len() > 30 && advice.ends_with('.'), "{name}: {advice}");
        assert!(!rule.kinds.is_empty(), "{name}");
    }
}

/// A kind of evidence that a rule may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    Ancestry,
    File,
    Network,
    User,
    Container,
}

fn evidence(field: &str) -> Option<Evidence> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| field.starts_with(prefix));
    if starts(&["proc.p", "proc.a"]) && !starts(&["proc.pid", "proc.args", "proc.pgid"]) {
        Some(Evidence::Ancestry)
    } else if field.starts_with("proc.std")
        || starts(&["fd.s", "fd.c", "fd.r", "fd.l", "fd.ip", "fd.port", "fd.net"])
    {
        Some(Evidence::Network)
    } else if starts(&["user.", "group.", "thread.cap"]) {
        Some(Evidence::User)
    } else if starts(&["container.", "k8s."]) || field == "proc.is_exe_upper_layer" {
        Some(Evidence::Container)
    } else if starts(&["fd.name", "fd.directory", "fd.filename", "fs.path", "evt.is_open"]) {
        Some(Evidence::File)
    } else {
        None
    }
}

fn fields(operand: &Operand, found: &mut BTreeSet<Evidence>) {
    match operand {
        Operand::Field(field) | Operand::Val { field, .. } => found.extend(evidence(&field.name)),
        Operand::Call { arguments: items, .. } | Operand::List { items, .. } => {
            items.iter().for_each(|item| fields(item, found));
        }
        Operand::Literal(_) => {}
    }
}

/// The evidence without which the condition cannot hold: of all parts of an `and`, of what the branches of an `or` have in
/// common, and nothing of what is only excluded.
fn needed(expr: &Expr) -> BTreeSet<Evidence> {
    match expr {
        Expr::And(parts) => parts.iter().flat_map(needed).collect(),
        Expr::Or(parts) => parts.iter().map(needed).reduce(|a, b| &a & &b).unwrap_or_default(),
        Expr::Not(_) => BTreeSet::new(),
        Expr::Macro { body, .. } => body.as_deref().map(needed).unwrap_or_default(),
        // A rule for the host asks for no more than that there is no container.
        Expr::Check(check) if check.to_string() == "container.id = host" => BTreeSet::new(),
        Expr::Check(check) => {
            let mut found = BTreeSet::new();
            fields(&check.left, &mut found);
            if let Right::Operand(operand) = &check.right {
                fields(operand, &mut found);
            }
            found
        }
    }
}

#[test]
fn many_need_evidence_of_several_kinds() {
    let schema = SyscallSchema::new();
    let rules = shipped(&schema).rules.rules;
    let several: Vec<&Rule> = rules.iter().filter(|rule| needed(&rule.expr).len() >= 2).collect();
    assert!(several.len() >= 15, "{}", several.len());
}

/// A test file as JSON.
fn yaml(text: &str) -> Json {
    fn value<'a>(events: &mut impl Iterator<Item = Yaml<'a>>) -> Option<Json> {
        Some(match events.next()? {
            Yaml::Scalar(text, style, ..) => match &*text {
                text if style != ScalarStyle::Plain => Json::from(text),
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                "null" | "~" | "" => Json::Null,
                text => text.parse::<i64>().map_or_else(|_| Json::from(text), Json::from),
            },
            Yaml::SequenceStart(..) => std::iter::from_fn(|| value(events)).collect(),
            Yaml::MappingStart(..) => {
                let mut map = Map::new();
                while let Some(Json::String(key)) = value(events) {
                    map.insert(key, value(events)?);
                }
                Json::Object(map)
            }
            Yaml::SequenceEnd | Yaml::MappingEnd => return None,
            other => panic!("{other:?}"),
        })
    }
    let mut events = Parser::new_from_str(text).map(|event| event.unwrap().0).filter(|event| {
        !matches!(event, Yaml::StreamStart | Yaml::StreamEnd | Yaml::DocumentStart(_) | Yaml::DocumentEnd)
    });
    value(&mut events).unwrap()
}

#[test]
fn each_fires_on_what_it_is_for_and_not_on_what_is_near() {
    let schema = SyscallSchema::new();
    let rules = shipped(&schema).rules;
    let options = RuleSetOptions { matching: Matching::All, ..RuleSetOptions::default() };
    let set = RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &options).unwrap();
    let source = set.source("syscall").unwrap();
    let mut scratch = JudgeScratch::new();
    let mut tested: BTreeMap<&str, (u32, u32)> =
        rules.rules.iter().map(|rule| (rule.name.as_str(), (0, 0))).collect();
    let mut wrong = Vec::new();
    for (file, text) in files(&folder().join("tests")) {
        for test in yaml(&text)["tests"].as_array().unwrap_or_else(|| panic!("{file}")) {
            let name = test["name"].as_str().unwrap_or_else(|| panic!("{file}: {test}"));
            let rule = test["rule"].as_str().unwrap_or_else(|| panic!("{file}: {name}"));
            let record = JsonRecord::new(test["given"].as_object().unwrap(), &schema)
                .unwrap_or_else(|errors| panic!("{file}: {name}: {errors:?}"));
            let kind = record.kind().unwrap_or_else(|| panic!("{file}: {name}: evt.type"));
            let mut fired = false;
            source.judge(&Event { kind, time: 0, fields: &record }, &mut scratch, |finding| {
                fired |= finding.rule.name == rule;
            });
            let expected = !test["expect"].as_array().unwrap().is_empty();
            if fired != expected {
                wrong.push(format!(
                    "{file}: {name}: {rule} {}",
                    if fired { "fires" } else { "does not fire" }
                ));
            }
            let counts = tested.get_mut(rule).unwrap_or_else(|| panic!("{file}: {name}: no rule {rule}"));
            if expected { counts.0 += 1 } else { counts.1 += 1 }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let untested: Vec<_> = tested.iter().filter(|(_, counts)| counts.0 == 0 || counts.1 == 0).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn nothing_is_wrong_with_them_on_a_closer_look() {
    let schema = SyscallSchema::new();
    let loaded = shipped(&schema);
    let found = loaded.lint([("syscall", &schema as &dyn Schema)]);
    let style = RenderStyle::default();
    let text: Vec<_> = found.iter().map(|problem| problem.render(&loaded.files, style)).collect();
    assert!(text.is_empty(), "{}", text.join("\n"));
}
