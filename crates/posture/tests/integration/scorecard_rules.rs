//! The seven checks that CLOMonitor takes from OpenSSF Scorecard, decided by Eyrie itself: tables from a repository to
//! the outcome and, where the check counts, the points of ten. One row per rule, and one per way in which facts may be
//! missing.
//!
//! [`Case`] is a repository in the making, [`check`] judges a table of them. The tables are below this file: what is
//! decided from files, from workflows, from the forge.

mod files;
mod forge;
mod workflows;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use eyrie_forge::{ForgeAnswers, Reason, Recorded, RepositoryAnswer, collect};
use eyrie_posture::assess::{Options, Target, assess_one};
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::catalog::read::Compatibility;
use eyrie_posture::catalog::{CLOMONITOR, Catalog};
use eyrie_posture::report::RepositoryReport;
use jiff::Timestamp;
use serde_json::Value;

use crate::fixture::Fixture;

const NOW: &str = "2026-11-22T12:00:00Z";
const DAY: i64 = 24 * 60 * 60;

/// A repository in the making: nothing but an empty folder, offline, until something is added.
#[derive(Clone, Default)]
struct Case {
    files: Vec<(String, Vec<u8>)>,
    links: Vec<(String, String)>,
    commits: Option<Vec<Commit>>,
    shallow: bool,
    forge: Option<Value>,
}

/// A commit, by its author's address and its age.
#[derive(Clone)]
struct Commit {
    author: String,
    seconds_ago: i64,
}

impl Case {
    fn new() -> Self {
        Self::default()
    }

    fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.to_owned(), content.into()));
        self
    }

    fn link(mut self, path: &str, target: &str) -> Self {
        self.links.push((path.to_owned(), target.to_owned()));
        self
    }

    /// Makes it a git repository, without commits if there are none yet.
    fn git(mut self) -> Self {
        self.commits.get_or_insert_default();
        self
    }

    /// Adds a commit on top.
    fn commit(mut self, author: &str, seconds_ago: i64) -> Self {
        let author = author.to_owned();
        self.commits.get_or_insert_default().push(Commit { author, seconds_ago });
        self
    }

    /// Adds so many commits of so many days ago on top.
    fn commits(self, number: usize, days: i64) -> Self {
        (0..number).fold(self.git(), |case, _| case.commit("a@b", days * DAY))
    }

    /// Cuts the history off below the first commit that was added.
    fn shallow(mut self) -> Self {
        self.shallow = true;
        self
    }

    /// GitHub's GraphQL answer; `{NOW-7d}` in it is a date.
    fn forge(mut self, repository: Value) -> Self {
        self.forge = Some(repository);
        self
    }

    fn lay_out(&self, root: &Path) {
        let place = |path: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("below the root")).expect("made");
            path
        };
        for (path, content) in &self.files {
            std::fs::write(place(path), content).expect("written");
        }
        for (path, target) in &self.links {
            std::os::unix::fs::symlink(target, place(path)).expect("linked");
        }
        let Some(commits) = &self.commits else { return };
        let mut fixture = Fixture::new(root);
        let mut oldest = None;
        for (at, commit) in commits.iter().enumerate() {
            let seconds = now().as_second() - commit.seconds_ago;
            let message = format!("Change {at}");
            let id = fixture.commit_by(&commit.author, &BTreeMap::new(), &message, seconds);
            oldest.get_or_insert(id);
        }
        if let (true, Some(oldest)) = (self.shallow, oldest) {
            std::fs::write(root.join(".git/shallow"), format!("{oldest}\n")).expect("written");
        }
    }

    fn answers(&self) -> ForgeAnswers {
        let Some(json) = &self.forge else {
            let repository = RepositoryAnswer::unavailable(&Reason::Offline);
            return ForgeAnswers { repository, ..ForgeAnswers::default() };
        };
        let recorded = Recorded::from_json(json.to_string().as_bytes(), now()).expect("recorded answers");
        collect(&recorded, &"https://github.com/o/r".parse().expect("an address"), None)
    }

    fn judge(&self, check: &str) -> RepositoryReport {
        let directory = tempfile::tempdir().expect("a directory");
        self.lay_out(directory.path());
        let mut target = Target::folder(directory.path());
        target.forge = self.answers();
        let options = Options { sets: Vec::new(), strict: false, now: now(), history: None, name: None };
        let report = assess_one(only(check), target, &options).expect("assessed");
        assert_eq!(report.checks.len(), 1);
        report
    }
}

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

/// The shipped catalogue with all other checks switched off, so that a row costs no more than it must.
fn only(check: &str) -> &'static Compiled {
    static COMPILED: OnceLock<BTreeMap<String, Compiled>> = OnceLock::new();
    let all = COMPILED.get_or_init(|| {
        let read = |files: &[(&str, &str)]| Catalog::read(files, Compatibility::Sane).expect("read");
        let ids: Vec<String> =
            read(&[("shipped", CLOMONITOR)]).checks.iter().map(|check| check.id.to_string()).collect();
        let seven = [
            "binary_artifacts",
            "code_review",
            "dangerous_workflow",
            "dependency_update_tool",
            "maintained",
            "signed_releases",
            "token_permissions",
        ];
        let one = |kept: &str| {
            let off = ids.iter().filter(|id| *id != kept);
            let off: String = off.map(|id| format!("- {{check: {id}, enabled: false}}\n")).collect();
            let catalog = read(&[("shipped", CLOMONITOR), ("off", &off)]);
            (kept.to_owned(), Compiled::new(catalog).expect("compiled"))
        };
        seven.into_iter().map(one).collect()
    });
    &all[check]
}

/// A row: what it is about, the repository, what is expected: `pass 10`, `fail 4`, `fail` (no certain number of
/// points), `not_applicable`, or `unknown: ` with a part of what would supply the facts that are missing.
type Row = (String, Case, &'static str);

fn row(about: impl Into<String>, case: Case, expected: &'static str) -> Row {
    (about.into(), case, expected)
}

/// Judges every row and tells all that differ at once.
fn check(check: &str, rows: Vec<Row>) {
    assert!(!rows.is_empty());
    let mut wrong = Vec::new();
    for (about, case, expected) in rows {
        let report = case.judge(check);
        let result = &report.checks[0];
        let points = result.value.as_ref().map(|points| format!(" {points}")).unwrap_or_default();
        let found = format!("{}{points}", result.outcome.as_str());
        let as_expected = match expected.strip_prefix("unknown: ") {
            Some(by) => {
                found == "unknown"
                    && !result.decided_by.is_empty()
                    && report.missing.iter().any(|missing| missing.supply.contains(by))
            }
            None => found == expected,
        };
        if !as_expected {
            wrong.push(format!(
                "{about}\n    expected {expected}, found {found}: {} {:?}",
                result.reason, report.missing
            ));
        }
    }
    assert!(wrong.is_empty(), "{check}:\n{}", wrong.join("\n"));
}
