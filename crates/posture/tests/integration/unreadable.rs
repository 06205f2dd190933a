//! What is there and cannot be read is unknown, never silently a "no"; what is read only in part is searched as far as
//! it goes.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use eyrie_forge::{Answer, ForgeAnswers};
use eyrie_lang::{Presence, Values};
use eyrie_posture::assess::{Options, Target, assess_one};
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::catalog::read::Compatibility;
use eyrie_posture::catalog::{CLOMONITOR, Catalog};
use eyrie_posture::facts::{Facts, FileSet, Sources};
use eyrie_posture::judge::{Judge, Judged};
use eyrie_posture::kind::Kind;
use eyrie_posture::report::Outcome;
use eyrie_posture::tree::{Content, Entry, MemoryTree, Tree, WorkTree};
use jiff::Timestamp;

use crate::fixture::Fixture;

/// A tree in which some files cannot be read.
struct Broken {
    tree: MemoryTree,
    paths: Vec<String>,
}

impl Tree for Broken {
    fn entries(&self) -> &[Entry] {
        self.tree.entries()
    }

    fn read(&self, entry: &Entry, limit: usize) -> io::Result<Content> {
        match self.paths.iter().any(|path| path.as_bytes() == &*entry.path) {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => self.tree.read(entry, limit),
        }
    }

    fn size(&self, entry: &Entry) -> io::Result<u64> {
        self.tree.size(entry)
    }

    fn link_target(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        self.tree.link_target(entry)
    }
}

fn compiled(compatibility: Compatibility) -> Compiled {
    let catalog = Catalog::read(&[("clomonitor.yaml", CLOMONITOR)], compatibility).expect("read");
    Compiled::new(catalog).expect("compiled")
}

/// A forge that has been asked for a security policy and a licence and found none.
fn forge() -> ForgeAnswers {
    let mut forge = ForgeAnswers::default();
    forge.repository.security_policy_url = Answer::Known(None);
    forge.repository.license = Answer::Known(None);
    forge
}

/// Judges a tree of these files, of which some cannot be read.
fn judge(compatibility: Compatibility, files: &[(&str, &str)], broken: &[&str]) -> BTreeMap<String, Judged> {
    let tree = files.iter().fold(MemoryTree::new(), |tree, (path, text)| tree.file(path, *text));
    let compiled = compiled(compatibility);
    let facts = Facts::new(Sources {
        given: "x".to_owned(),
        at_commit: false,
        prefix: String::new(),
        tree: Arc::new(Broken { tree, paths: broken.iter().map(|&path| path.to_owned()).collect() }),
        git: None,
        forge: Arc::new(forge()),
        url: None,
        scorecard: None,
        landscape_given: false,
        license_scanning_url: None,
        now: Timestamp::UNIX_EPOCH,
    });
    let mut judge = Judge::new(&compiled, Vec::new(), compatibility == Compatibility::Strict);
    let sets = ["code".to_owned(), "community".to_owned()];
    judge.judge(&facts, &sets).into_iter().map(|judged| (judged.result.id.clone(), judged)).collect()
}

/// Asserts that a check is unknown for want of this file and nothing else.
#[track_caller]
fn assert_wants(judged: &BTreeMap<String, Judged>, check: &str, path: &str) {
    let judged = &judged[check];
    assert_eq!(judged.result.outcome, Outcome::Unknown, "{check}: {}", judged.result.reason);
    let why: Vec<_> = judged.missing.iter().map(|missing| missing.why.as_str()).collect();
    assert_eq!(why, [format!("{path} cannot be read: permission denied")], "{check}");
}

#[track_caller]
fn assert_outcome(judged: &BTreeMap<String, Judged>, check: &str, outcome: Outcome) {
    assert_eq!(judged[check].result.outcome, outcome, "{check}: {}", judged[check].result.reason);
}

#[test]
fn a_file_that_cannot_be_read_leaves_its_checks_open_and_no_others() {
    let files = [
        ("README.md", "# Project\n"),
        ("SECURITY.md", "Write to us.\n"),
        ("LICENSE", "MIT"),
        ("security-insights.yml", "header: {schema-version: 2.0.0}"),
    ];
    let read = judge(Compatibility::Sane, &files, &[]);
    assert_outcome(&read, "security_policy", Outcome::Pass);
    assert_outcome(&read, "security_insights", Outcome::Fail);
    let broken = judge(Compatibility::Sane, &files, &["SECURITY.md", "LICENSE", "security-insights.yml"]);
    assert_wants(&broken, "security_policy", "SECURITY.md");
    assert_wants(&broken, "license_spdx_id", "LICENSE");
    assert_wants(&broken, "security_insights", "security-insights.yml");
    assert_outcome(&broken, "readme", Outcome::Pass);
    assert_outcome(&broken, "roadmap", Outcome::Fail);
    assert_outcome(&broken, "governance", Outcome::Fail);
}

#[test]
fn another_file_that_can_be_read_is_enough() {
    let files = [
        ("SECURITY.md", "Write to us.\n"),
        (".github/SECURITY.md", "Write to us.\n"),
        ("LICENSE", "?"),
        ("README.md", "?"),
    ];
    let broken = judge(Compatibility::Sane, &files, &["SECURITY.md", "README.md"]);
    assert_outcome(&broken, "security_policy", Outcome::Pass);
    assert_wants(&broken, "readme", "README.md");
}

#[test]
fn a_readme_that_cannot_be_read_may_say_anything() {
    for compatibility in [Compatibility::Sane, Compatibility::Strict] {
        let files = [("README.md", "nothing\n"), ("CONTRIBUTING.md", "Do.\n")];
        assert_outcome(&judge(compatibility, &files, &[]), "roadmap", Outcome::Fail);
        let broken = judge(compatibility, &files, &["README.md"]);
        for check in ["roadmap", "adopters", "governance", "security_policy", "openssf_scorecard_badge"] {
            assert_wants(&broken, check, "README.md");
        }
        assert_outcome(&broken, "contributing", Outcome::Pass);
    }
}

#[test]
fn thousands_of_files_that_cannot_be_read_do_not_flood_the_report() {
    let paths: Vec<String> = (0..3000).map(|at| format!("bin/{at:04}.jar")).collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "text")).collect();
    let broken: Vec<&str> = paths.iter().map(String::as_str).collect();
    let judged = judge(Compatibility::Sane, &files, &broken);
    let binaries = &judged["binary_artifacts"];
    assert_eq!(binaries.result.outcome, Outcome::Unknown);
    let why: Vec<_> = binaries.missing.iter().map(|missing| missing.why.as_str()).collect();
    assert!(why.contains(&"bin/0000.jar cannot be read: permission denied"), "{why:?}");
    assert!(why.contains(&"more files cannot be read"), "{why:?}");
    assert!(why.len() < 100, "{}", why.len());
}

fn assess(root: &Path) -> BTreeMap<String, (Outcome, String)> {
    let mut target = Target::folder(root);
    target.at = Some("HEAD".to_owned());
    target.forge = forge();
    let options =
        Options { sets: Vec::new(), strict: false, now: Timestamp::UNIX_EPOCH, history: None, name: None };
    let report = assess_one(&compiled(Compatibility::Sane), target, &options).expect("assessed");
    report.checks.into_iter().map(|check| (check.id, (check.outcome, check.reason))).collect()
}

#[test]
fn a_blob_that_a_partial_clone_left_out_is_unknown() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = "Write to us, in confidence.\n";
    let files = [("SECURITY.md", text), ("README.md", "# Project\n")];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    Fixture::new(directory.path()).commit(&files, "One", 1_700_000_000);
    assert_eq!(assess(directory.path())["security_policy"].0, Outcome::Pass);
    let blob = gix::open(directory.path()).expect("opened").write_blob(text).expect("there").to_string();
    let (folder, name) = blob.split_at(2);
    let object = directory.path().join(".git/objects").join(folder).join(name);
    std::fs::remove_file(object).expect("a loose object");
    let checks = assess(directory.path());
    let (outcome, reason) = &checks["security_policy"];
    assert_eq!(*outcome, Outcome::Unknown, "{reason}");
    assert!(reason.starts_with("cannot be decided: SECURITY.md cannot be read: "), "{reason}");
    assert_eq!(checks["readme"].0, Outcome::Pass);
    assert_eq!(checks["roadmap"].0, Outcome::Fail);
}

#[test]
fn a_readme_that_is_cut_inside_a_character_is_searched_as_far_as_it_goes() {
    let badge = "https://www.bestpractices.dev/projects/12345 \n";
    let text = format!("{badge}x{}", "é".repeat(4 << 20));
    assert!(!text.is_char_boundary(4 << 20));
    let judged = judge(Compatibility::Strict, &[("README.md", &text)], &[]);
    assert_outcome(&judged, "openssf_badge", Outcome::Pass);
}

#[test]
fn a_readme_of_zero_bytes_is_none() {
    let judged = judge(Compatibility::Sane, &[("README.md", "\0\0\0\0\0\0\0\0")], &[]);
    assert_outcome(&judged, "readme", Outcome::Fail);
}

#[test]
fn a_work_tree_knows_what_may_be_executed() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, mode) in [("run", 0o755), ("read", 0o644)] {
        let path = directory.path().join(name);
        std::fs::write(&path, "x").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
    }
    let tree = WorkTree::open(directory.path(), None).expect("listed");
    let files = FileSet::new(&tree);
    let field = Kind::File.field("file.is_executable").expect("a field");
    let told = ["run", "read"].map(|name| {
        let mut out = Values::new();
        let at = files.find(name.as_bytes()).expect("listed");
        assert_eq!(files.extract(&tree, at, field, &mut out), Presence::Present);
        out.get(0).expect("a value").to_string()
    });
    assert_eq!(told, ["true", "false"]);
}
