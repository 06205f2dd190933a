//! The rules that Eyrie ships, in `rules/` of the repository: that they load, are labelled and described, and that each has tests that
//! fire it and tests that come near without.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use eyrie_engine::RuleTests;
use eyrie_engine::rules::{Loaded, Loader, Pattern, Rules};
use eyrie_events::fields::SyscallSchema;
use eyrie_lang::ast::{Expr, Operand, Right};
use eyrie_lang::diagnostic::{RenderStyle, Source, render};
use eyrie_lang::{Diagnostic, Schema};

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

/// What there is to say about the files, as a user would read it. What nothing uses because of an error goes without saying.
fn told(loaded: &Loaded) -> String {
    let style = RenderStyle::default();
    let all = loaded.problems();
    let told =
        all.iter().filter(|problem| loaded.is_ok() || problem.falco_code() != Some("LOAD_UNUSED_MACRO"));
    told.map(|problem| problem.render(&loaded.files, style)).collect::<Vec<_>>().join("\n")
}

fn shipped(schema: &SyscallSchema) -> Loaded {
    let loaded = load(schema, files(&folder()));
    assert!(loaded.problems().is_empty(), "{}", told(&loaded));
    loaded
}

#[test]
fn they_load_without_a_word() {
    let schema = SyscallSchema::new();
    let rules = shipped(&schema).rules;
    assert!(
        rules.rules.len() >= 60 && rules.memory.len() >= 15,
        "{} {}",
        rules.rules.len(),
        rules.memory.len()
    );
    assert!(rules.rules.iter().all(|rule| rule.enabled && rule.source == "syscall"));
    assert!(rules.memory.iter().all(|rule| rule.enabled && rule.source == "syscall"));
}

#[test]
fn they_load_beside_the_rules_of_falco() {
    let Some(folder_of_falco) = shared("conformance/falco-rules") else { return };
    let schema = SyscallSchema::new();
    let theirs = load(&schema, files(&folder_of_falco));
    let ours = shipped(&schema);
    let known: BTreeSet<_> = names(&theirs.rules).chain(words(&theirs.rules)).collect();
    let both: Vec<_> =
        names(&ours.rules).chain(words(&ours.rules)).filter(|name| known.contains(name)).collect();
    assert!(both.is_empty(), "names that others have, too: {both:?}");
    for order in [[folder_of_falco.as_path(), &folder()], [&folder(), folder_of_falco.as_path()]] {
        let loaded = load(&schema, order.into_iter().flat_map(files));
        assert!(loaded.is_ok(), "{}", told(&loaded));
        assert_eq!(loaded.rules.rules.len(), theirs.rules.rules.len() + ours.rules.rules.len());
    }
}

/// The names of all rules.
fn names(rules: &Rules) -> impl Iterator<Item = &str> {
    let single = rules.rules.iter().map(|rule| rule.name.as_str());
    single.chain(rules.memory.iter().map(|rule| rule.name.as_str()))
}

/// The names of all macros and lists.
fn words(rules: &Rules) -> impl Iterator<Item = &str> {
    let macros = rules.macros.iter().map(|item| item.name.as_str());
    macros.chain(rules.lists.iter().map(|item| item.name.as_str()))
}

#[test]
fn words_say_whose_they_are() {
    let schema = SyscallSchema::new();
    for name in words(&shipped(&schema).rules) {
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
    let rules = shipped(&schema).rules;
    let single = rules.rules.iter().map(|rule| (&rule.name, &rule.desc, &rule.tags, &rule.output));
    let memory = rules.memory.iter().map(|rule| (&rule.name, &rule.desc, &rule.tags, &rule.output));
    for (name, desc, tags, output) in single.chain(memory) {
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        assert!(tags.iter().any(|tag| is_technique(tag)), "{name}: {tags:?}");
        assert!(tags.iter().any(|tag| TACTICS.contains(tag)), "{name}: {tags:?}");
        assert!(tags.contains(&"host") || tags.contains(&"container"), "{name}: {tags:?}");
        for tag in &tags {
            assert!(!tag.starts_with("mitre_") || TACTICS.contains(tag), "{name}: {tag}");
            assert!(!tag.starts_with('T') || is_technique(tag), "{name}: {tag}");
        }
        let (what, advice) = desc.split_once(" What to do: ").unwrap_or_else(|| panic!("{name}: {desc}"));
        assert!(what.len() > 100 && what.ends_with('.'), "{name}: {what}");
        assert!(advice.len() > 30 && advice.ends_with('.'), "{name}: {advice}");
        assert!(output.contains(" | ") && output.contains("command=%"), "{name}: {output}");
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
    Memory,
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
    let rules = shipped(&schema).rules;
    let single = rules.rules.iter().map(|rule| needed(&rule.expr));
    let memory = rules.memory.iter().map(|rule| {
        let parts = match &rule.pattern {
            Pattern::Sequence { steps, .. } => steps.iter().map(|step| &step.on).collect(),
            Pattern::Threshold { on, .. } => vec![on],
        };
        let mut all: BTreeSet<_> = parts.iter().flat_map(|part| needed(&part.expr)).collect();
        all.insert(Evidence::Memory);
        all
    });
    let several = single.chain(memory).filter(|kinds| kinds.len() >= 2).count();
    assert!(several >= 25, "{several}");
}

#[test]
fn each_fires_on_what_it_is_for_and_not_on_what_is_near() {
    let schema = SyscallSchema::new();
    let sources = [("syscall", &schema as &dyn Schema)];
    let rules = shipped(&schema).rules;
    let mut tested: BTreeMap<&str, (u32, u32)> = names(&rules).map(|name| (name, (0, 0))).collect();
    let mut wrong = Vec::new();
    for (file, text) in files(&folder().join("tests")) {
        let told = |diagnostic: &Diagnostic| {
            render(diagnostic, Source::new(&text).named(&file), RenderStyle::default())
        };
        let tests = RuleTests::parse(&text, sources)
            .unwrap_or_else(|wrong| panic!("{}", wrong.iter().map(told).collect::<String>()));
        let results = tests.run(&rules, sources).unwrap();
        for failure in results.iter().flat_map(|result| &result.failures) {
            wrong.push(told(&failure.diagnostic));
        }
        for test in &tests.tests {
            let [(rule, _)] = test.rules.as_slice() else { panic!("{file}: {}: not of one rule", test.name) };
            let counts = tested.get_mut(rule.as_str()).unwrap();
            if test.expect.is_empty() { counts.1 += 1 } else { counts.0 += 1 }
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

/// The table of the documents, as it should be.
fn table(loaded: &Loaded) -> String {
    let first = |desc: &str| desc.split_once(". ").map_or(desc.to_string(), |(first, _)| format!("{first}."));
    let techniques = |tags: &BTreeSet<String>| {
        tags.iter().filter(|tag| is_technique(tag)).cloned().collect::<Vec<_>>().join(", ")
    };
    let rules = &loaded.rules;
    let single = rules
        .rules
        .iter()
        .map(|rule| (rule.place.file, &rule.name, &rule.tags, rule.priority_name(), &rule.desc));
    let memory = rules
        .memory
        .iter()
        .map(|rule| (rule.place.file, &rule.name, &rule.tags, rule.priority_name(), &rule.desc));
    let mut table = String::new();
    let mut last = None;
    for (file, name, tags, priority, desc) in single.chain(memory) {
        if last.replace(file) != Some(file) {
            let file = &loaded.files[file].name;
            table += &format!(
                "\n### `{file}`\n\n| rule | ATT&CK | priority | what it sees |\n|---|---|---|---|\n"
            );
        }
        table += &format!("| {name} | {} | {priority} | {} |\n", techniques(tags), first(desc));
    }
    table
}

#[test]
fn the_documents_list_them() {
    let schema = SyscallSchema::new();
    let table = table(&shipped(&schema));
    let path = folder().join("../docs/shipped-rules.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, listed) = text.split_once("what should be here. -->\n").unwrap();
    assert!(listed == table, "docs/shipped-rules.md should end with:\n{table}");
}

#[test]
fn the_documents_make_them_fit() {
    let schema = SyscallSchema::new();
    let text = std::fs::read_to_string(folder().join("../docs/shipped-rules.md")).unwrap();
    let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let own: String = blocks.filter(|block| block.starts_with("- ")).collect();
    let loaded = load(&schema, files(&folder()).into_iter().chain([("site.yaml".to_string(), own)]));
    assert!(loaded.problems().is_empty(), "{}", told(&loaded));
    let rule = |name: &str| loaded.rules.rules.iter().find(|rule| rule.name == name).unwrap();
    let hashes = rule("Password hashes read by an unusual program");
    assert!(hashes.condition_compiled.contains("proc.exepath in (/opt/backup/bin/agent)"));
    assert!(hashes.condition_compiled.contains(", our-agent)"), "{}", hashes.condition_compiled);
    assert!(rule("Search for secrets in files").suppress.is_some());
}
