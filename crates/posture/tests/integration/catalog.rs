//! The shipped catalogue is read and compiled, in both ways, without a problem.

use eyrie_lang::diagnostic::RenderStyle;
use eyrie_posture::assess::{Options, Target, assess_one};
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::catalog::read::Compatibility;
use eyrie_posture::catalog::{CLOMONITOR, Catalog, Problem};
use eyrie_posture::report::Outcome;

fn drawn(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.render(RenderStyle::default()) + "\n").collect()
}

fn shipped(compatibility: Compatibility) -> Compiled {
    let catalog = Catalog::read(&[("catalogs/clomonitor.yaml", CLOMONITOR)], compatibility);
    let catalog = catalog.unwrap_or_else(|error| panic!("{}", drawn(&error.problems)));
    Compiled::new(catalog).unwrap_or_else(|error| panic!("{}", drawn(&error.problems)))
}

#[test]
fn the_shipped_catalogue_compiles_without_a_warning() {
    for compatibility in [Compatibility::Sane, Compatibility::Strict] {
        let compiled = shipped(compatibility);
        assert_eq!(drawn(&compiled.warnings), "");
        assert_eq!(compiled.catalog.checks.len(), 35);
    }
}

/// The weights by set and category that CLOMonitor has: documentation, license, best practices, security, legal.
#[test]
fn weights_by_set_are_clomonitors() {
    let compiled = shipped(Compatibility::Sane);
    let expected: [(&[&str], [u32; 5]); 5] = [
        (&["code"], [18, 20, 16, 22, 0]),
        (&["code-lite"], [17, 15, 5, 0, 0]),
        (&["community"], [26, 0, 3, 3, 5]),
        (&["docs"], [10, 15, 0, 0, 0]),
        (&["code", "community"], [30, 20, 19, 22, 5]),
    ];
    for (sets, weights) in expected {
        let of = |category: &str| -> u32 {
            let checks = compiled.catalog.checks.iter().filter(|check| check.category == category);
            checks
                .filter(|check| check.sets.iter().any(|set| sets.contains(&&**set)))
                .map(|check| check.weight)
                .sum()
        };
        let found = ["documentation", "license", "best_practices", "security", "legal"].map(of);
        assert_eq!(found, weights, "{sets:?}");
    }
}

fn outcomes(files: &[(&str, &str)], root: &std::path::Path) -> Vec<(String, Outcome, u32)> {
    let catalog = Catalog::read(files, Compatibility::Sane)
        .unwrap_or_else(|error| panic!("{}", drawn(&error.problems)));
    let compiled = Compiled::new(catalog).unwrap_or_else(|error| panic!("{}", drawn(&error.problems)));
    let now = "2026-11-22T00:00:00Z".parse().expect("a time");
    let options = Options { sets: Vec::new(), strict: false, now, history: None, name: None };
    let report = assess_one(&compiled, Target::folder(root), &options).expect("assessed");
    report.checks.into_iter().map(|check| (check.id, check.outcome, check.weight)).collect()
}

/// The catalogue is data: an entry that is gone is not judged, one that is rewritten is judged by what it says now.
#[test]
fn a_changed_catalogue_changes_the_report() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("README.md"), "# It\n").expect("written");
    std::fs::write(directory.path().join("HACKING.md"), "Build with make.\n").expect("written");
    let shipped = outcomes(&[("shipped", CLOMONITOR)], directory.path());
    assert!(shipped.iter().any(|(id, ..)| id == "adopters"));
    let of = |all: &[(String, Outcome, u32)], id: &str| all.iter().find(|(known, ..)| known == id).cloned();
    assert_eq!(of(&shipped, "contributing").map(|found| found.1), Some(Outcome::Unknown));

    let start = CLOMONITOR.find("- check: adopters\n").expect("there");
    let end = start + CLOMONITOR[start..].find("\n- pattern:").expect("there");
    let mut edited = format!("{}{}", &CLOMONITOR[..start], &CLOMONITOR[end..]);
    let start = edited.find("- check: contributing\n").expect("there");
    let end = start + edited[start..].find("\n- pattern:").expect("there");
    let rewritten = "- check: contributing\n  category: documentation\n  weight: 7\n  sets: [code]\n  pass:\n    \
                     - {any: file, condition: file.path = HACKING.md and file.is_blank = false}\n";
    edited.replace_range(start..end, rewritten);
    let judged = outcomes(&[("edited", &edited)], directory.path());
    assert_eq!(of(&judged, "adopters"), None);
    assert_eq!(of(&judged, "contributing"), Some(("contributing".to_owned(), Outcome::Pass, 7)));
    assert_eq!(judged.len(), shipped.len() - 1);
}

/// A file of the user's adds checks, replaces some and switches others off.
#[test]
fn a_users_file_builds_on_the_shipped_catalogue() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("README.md"), "# It\n\n[gone](missing.md) and [here](README.md)\n")
        .expect("written");
    let own = "- check: links_resolve\n  category: documentation\n  weight: 2\n  sets: [code]\n  pass:\n    \
               - none: link\n      condition: in_readme and link.resolves = false\n- check: roadmap\n  enabled: false\n";
    let judged = outcomes(&[("shipped", CLOMONITOR), ("own", own)], directory.path());
    assert!(judged.contains(&("links_resolve".to_owned(), Outcome::Fail, 2)));
    assert!(judged.iter().all(|(id, ..)| id != "roadmap"));
    std::fs::write(directory.path().join("missing.md"), "not any more\n").expect("written");
    let judged = outcomes(&[("shipped", CLOMONITOR), ("own", own)], directory.path());
    assert!(judged.contains(&("links_resolve".to_owned(), Outcome::Pass, 2)));
}

/// All mistakes of a catalogue are told at once, each with its place.
#[test]
fn mistakes_are_told_with_their_places() {
    let text = "- catalog: mine\n  categories: [{id: a}]\n  sets: [{id: s}]\n  colour: red\n\
                - check: one\n  category: b\n  weight: 1\n  sets: [t]\n  pass:\n    - any: flie\n    - condition: repo.nmae exists\n\
                - check: two\n  category: a\n  weight: heavy\n  pass: [{condition: \"repo.name = \"}]\n\
                - chekc: three\n- pattern: p\n  regex: '('\n  pages: true\n";
    let error = Compiled::read(&[("mine.yaml", text)], Compatibility::Sane).expect_err("mistakes");
    insta::assert_snapshot!(drawn(&error.problems));
    let text = "- catalog: mine\n  categories: [{id: a}]\n  sets: [{id: s}]\n\
                - check: one\n  category: a\n  weight: 1\n  sets: [s]\n  pass:\n    - condition: repo.nmae exists\n      reason: \"%repo.nam\"\n    \
                - any: file\n      condition: file.size > big or heading.text = x\n    \
                - condition: check.outcome[tow] = pass\n";
    let catalog = Catalog::read(&[("mine.yaml", text)], Compatibility::Sane).expect("read");
    let error = Compiled::new(catalog).expect_err("mistakes");
    insta::assert_snapshot!(drawn(&error.problems));
    let text = "- catalog: mine\n  categories: [{id: a}]\n  sets: [{id: s}]\n\
                - {check: one, category: a, weight: 1, sets: [s], pass: {condition: \"check.verdict[two] = pass\"}}\n\
                - {check: two, category: a, weight: 1, sets: [s], pass: {condition: \"check.outcome[one] = pass\"}}\n";
    let catalog = Catalog::read(&[("mine.yaml", text)], Compatibility::Sane).expect("read");
    let error = Compiled::new(catalog).expect_err("a circle");
    insta::assert_snapshot!(drawn(&error.problems));
}

/// A circle by way of a pattern's files is told, and not followed.
#[test]
fn a_pattern_cannot_close_a_circle() {
    let text = "- catalog: mine\n  categories: [{id: a}]\n  sets: [{id: s}]\n\
                - {pattern: p, files: \"check.verdict[one] = pass\", regex: x}\n\
                - {check: one, category: a, weight: 1, sets: [s], pass: {any: match}}\n";
    let error = Compiled::read(&[("mine.yaml", text)], Compatibility::Sane).expect_err("a circle");
    assert!(drawn(&error.problems).contains("catalog-cycle"), "{}", drawn(&error.problems));
}

/// What an exempt check would have found is still missing for the checks that want its value.
#[test]
fn an_exempt_unknown_leaves_its_value_unknown() {
    let directory = tempfile::tempdir().expect("a directory");
    let metadata = "exemptions:\n  - {check: license_spdx_id, reason: several}\n";
    std::fs::write(directory.path().join(".clomonitor.yml"), metadata).expect("written");
    let judged = outcomes(&[("shipped", CLOMONITOR)], directory.path());
    assert!(judged.contains(&("license_spdx_id".to_owned(), Outcome::Exempt, 5)));
    assert!(judged.contains(&("license_approved".to_owned(), Outcome::Unknown, 10)));
}

/// Every deviation from CLOMonitor is told in the documentation.
#[test]
fn deviations_are_documented() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
    let text = std::fs::read_to_string(path).expect("docs/compatibility.md");
    for check in shipped(Compatibility::Sane).catalog.checks.iter().filter(|check| check.deviation.is_some())
    {
        assert!(text.contains(&format!("`{}`", check.id)), "{} is not in docs/compatibility.md", check.id);
    }
}
