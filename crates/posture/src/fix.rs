//! Fixes: what can safely be written so that checks that fail pass, as changes to files that somebody else shows and
//! writes.
//!
//! [`plan`] judges a work tree, asks the [`Writer`]s that the catalogue names for the checks that fail (`fix_with`), and
//! judges again what the tree would be: only what makes its check pass is proposed. A writer states what the repository
//! shows, never a policy, a contact or a promise; what none of them can write is left to people with the reasons
//! ([`ByHand`]). Each writer has a file of its own below this one. Nothing here writes to disk, and no change touches an
//! existing file but a workflow.
//!
//! Principal types: [`FixPlan`], [`FileChange`], [`Writer`].

mod changelog;
mod dependabot;
mod license;
mod manifests;
mod overlay;
mod permissions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::GitignoreBuilder;

use crate::assess::{AssessError, Opened, Options, Target, open};
use crate::catalog::CheckId;
use crate::catalog::compile::Compiled;
use crate::facts::{Facts, Sources};
use crate::judge::{Judge, Judged};
use crate::report::Outcome;
use crate::tree::{Entry, EntryKind, Tree, find, split_path};

use overlay::Overlay;

/// What can be written to make checks pass, and what is left to people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixPlan {
    /// Files to write, by path; each path once.
    pub changes: Vec<FileChange>,
    /// Checks that fail now and pass once all changes are written, in the order of the catalogue.
    pub fixed: Vec<CheckId>,
    /// Checks that fail and still do then, in the order of the catalogue.
    pub by_hand: Vec<ByHand>,
    /// Checks for which something could be written if only it were known that they fail.
    pub undecided: Vec<Undecided>,
}

/// A file as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Path below the folder, parts separated by `/`.
    pub path: String,
    /// What the file holds; none if it is not there.
    pub before: Option<String>,
    /// What it should hold.
    pub after: String,
    /// The first check that it is for.
    pub check: CheckId,
    /// What it does and what it rests on, one sentence or two.
    pub why: String,
}

/// A check that fails and that somebody has to see to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// The check.
    pub check: CheckId,
    /// Its name for people.
    pub title: String,
    /// What to do, as the catalogue says.
    pub advice: String,
    /// Why Eyrie does not do it; empty where there is no writer for the check.
    pub reasons: Vec<String>,
}

/// A check that is unknown, so that nothing is written for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The check.
    pub check: CheckId,
    /// Its name for people.
    pub title: String,
    /// Why it cannot be decided.
    pub why: String,
    /// What would decide it.
    pub supply: Vec<String>,
    /// The files that would be written if it failed.
    pub would_write: Vec<String>,
}

/// Something that writes files from what a repository shows. A catalogue names it in `fix_with`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Writer {
    /// `.github/dependabot.yml` from the manifests that are there.
    Dependabot,
    /// `permissions:` at the top of workflows that declare none and whose jobs need no more than to read.
    WorkflowPermissions,
    /// `CHANGELOG.md` from version tags and the commits between them.
    ChangelogFromTags,
    /// `LICENSE` with the text of the licence that all manifests declare.
    LicenseFromManifest,
}

impl Writer {
    /// All of them.
    pub const ALL: [Writer; 4] = [
        Writer::Dependabot,
        Writer::WorkflowPermissions,
        Writer::ChangelogFromTags,
        Writer::LicenseFromManifest,
    ];

    /// The name in a catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Writer::Dependabot => "dependabot",
            Writer::WorkflowPermissions => "workflow-permissions",
            Writer::ChangelogFromTags => "changelog-from-tags",
            Writer::LicenseFromManifest => "license-from-manifest",
        }
    }

    /// The writer with this name.
    pub fn from_name(name: &str) -> Option<Writer> {
        Writer::ALL.into_iter().find(|writer| writer.name() == name)
    }

    /// Whether each of its changes is right by itself, even if the check needs more to pass.
    fn helps_in_part(self) -> bool {
        self == Writer::WorkflowPermissions
    }

    fn offer(self, facts: &Facts) -> Offer {
        match self {
            Writer::Dependabot => dependabot::offer(facts),
            Writer::WorkflowPermissions => permissions::offer(facts),
            Writer::ChangelogFromTags => changelog::offer(facts),
            Writer::LicenseFromManifest => license::offer(facts),
        }
    }
}

/// What a writer can do, and what it refuses to.
#[derive(Clone, Debug, Default)]
struct Offer {
    drafts: Vec<Draft>,
    refusals: Vec<String>,
}

impl Offer {
    fn refusing(why: impl Into<String>) -> Self {
        Self { drafts: Vec::new(), refusals: vec![why.into()] }
    }

    fn writing(draft: Draft) -> Self {
        Self { drafts: vec![draft], refusals: Vec::new() }
    }
}

/// A change before it is known which checks it serves.
#[derive(Clone, Debug)]
struct Draft {
    path: String,
    before: Option<String>,
    after: String,
    why: String,
}

/// A change with the failing checks that want it, as positions in the list of results.
#[derive(Debug)]
struct Candidate {
    draft: Draft,
    writer: Writer,
    wanted_by: Vec<usize>,
}

/// Plans what to write so that the checks that fail in a work tree or plain folder pass; `only` names the checks to
/// look at, empty means all of [`Options::sets`].
///
/// Checks that are named in `only` are looked at whatever set they are in, unless [`Options::sets`] says otherwise; ids
/// that the catalogue does not have name nothing.
///
/// # Errors
///
/// As [`crate::assess::assess_one`], and [`AssessError::NoWorkTree`] for a bare repository or another revision than
/// what is checked out: there are no files to change.
pub fn plan(
    compiled: &Compiled,
    target: Target,
    options: &Options,
    only: &[String],
) -> Result<FixPlan, AssessError> {
    let root = target.path.clone();
    let (opened, asked) = open(compiled, target, options)?;
    let Opened { facts, work_tree, .. } = opened;
    let work_dir = facts.sources.git.as_ref().map(|git| git.repository.work_dir());
    if !work_tree && work_dir.is_some() {
        return Err(AssessError::NoWorkTree(root));
    }
    let place = Place { top: work_dir.flatten().unwrap_or_else(|| root.clone()), root };
    let sets = wanted_sets(compiled, options, only);
    let judge = |facts: &Facts| -> Vec<Judged> {
        let mut judge = Judge::new(compiled, asked.exemptions.clone(), options.strict);
        let mut judged = judge.judge(facts, &sets);
        judged.retain(|judged| only.is_empty() || only.contains(&judged.result.id));
        judged
    };
    let now = judge(&facts);
    let mut offers = Offers { facts: &facts, place: &place, made: BTreeMap::new() };
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut reasons: Vec<Vec<String>> = vec![Vec::new(); now.len()];
    for (at, judged) in now.iter().enumerate() {
        if judged.result.outcome == Outcome::Fail {
            let writers = writers(compiled, judged);
            offers.choose(writers, |writer, offer| {
                reasons[at].extend(offer.refusals.iter().cloned());
                add(&mut candidates, writer, offer, at);
            });
        }
    }
    let after = loop {
        let after = judge(&Facts::new(changed(&facts.sources, &candidates)));
        let before = candidates.len();
        candidates.retain(|candidate| {
            let passes = |at: &usize| passes(&after, &now[*at]);
            let kept = candidate.writer.helps_in_part() || candidate.wanted_by.iter().any(passes);
            if !kept {
                for &at in &candidate.wanted_by {
                    let reason = result(&after, &now[at]).map(|judged| &*judged.result.reason);
                    let path = &candidate.draft.path;
                    reasons[at].push(match reason.filter(|reason| !reason.is_empty()) {
                        Some(reason) => format!("even with {path} the check would not pass: {reason}"),
                        None => format!("even with {path} the check would not pass"),
                    });
                }
            }
            kept
        });
        if candidates.len() == before {
            break after;
        }
    };
    let mut plan = FixPlan::default();
    for (judged, mut reasons) in now.iter().zip(reasons) {
        let Some(check) = compiled.catalog.check(&judged.result.id) else { continue };
        let (id, title) = (check.id.clone(), check.title.clone());
        match judged.result.outcome {
            Outcome::Fail if passes(&after, judged) => plan.fixed.push(id),
            Outcome::Fail => {
                // What is left once everything is written, if that is something else than now.
                if let Some(result) = result(&after, judged)
                    && result.result.reason != judged.result.reason
                    && reasons.is_empty()
                {
                    reasons.push(result.result.reason.clone());
                }
                plan.by_hand.push(ByHand { check: id, title, advice: check.fix.clone(), reasons });
            }
            Outcome::Unknown => {
                let mut would_write = Vec::new();
                offers.choose(&check.fix_with, |_, offer| {
                    would_write.extend(offer.drafts.iter().map(|draft| draft.path.clone()));
                });
                if !would_write.is_empty() {
                    let why = judged.result.reason.clone();
                    let supply = judged.missing.iter().map(|missing| missing.supply.clone()).collect();
                    plan.undecided.push(Undecided { check: id, title, why, supply, would_write });
                }
            }
            _ => {}
        }
    }
    plan.changes = candidates
        .into_iter()
        .filter_map(|Candidate { draft: Draft { path, before, after, why }, wanted_by, .. }| {
            let check = compiled.catalog.check(&now[*wanted_by.first()?].result.id)?.id.clone();
            Some(FileChange { path, before, after, check, why })
        })
        .collect();
    plan.changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(plan)
}

/// The sets that are judged: what was asked for, those of the checks that were named, or the default ones.
fn wanted_sets(compiled: &Compiled, options: &Options, only: &[String]) -> Vec<String> {
    if !options.sets.is_empty() {
        return options.sets.clone();
    }
    if only.is_empty() {
        return compiled.catalog.default_sets();
    }
    let checks = only.iter().filter_map(|id| compiled.catalog.check(id));
    let mut sets: Vec<String> = checks.flat_map(|check| check.sets.iter().cloned()).collect();
    sets.sort_unstable();
    sets.dedup();
    sets
}

fn writers<'c>(compiled: &'c Compiled, judged: &Judged) -> &'c [Writer] {
    compiled.catalog.check(&judged.result.id).map_or(&[], |check| &check.fix_with)
}

fn result<'j>(all: &'j [Judged], of: &Judged) -> Option<&'j Judged> {
    all.iter().find(|judged| judged.result.id == of.result.id)
}

fn passes(all: &[Judged], of: &Judged) -> bool {
    result(all, of).is_some_and(|judged| judged.result.outcome == Outcome::Pass)
}

/// Adds an offer's changes for the check at `at`; what another check already wants is shared.
fn add(candidates: &mut Vec<Candidate>, writer: Writer, offer: &Offer, at: usize) {
    for draft in &offer.drafts {
        match candidates.iter_mut().find(|known| known.draft.path == draft.path) {
            Some(known) if known.writer == writer => known.wanted_by.push(at),
            Some(_) => {}
            None => candidates.push(Candidate { draft: draft.clone(), writer, wanted_by: vec![at] }),
        }
    }
}

/// The same sources over the tree as it would be.
fn changed(sources: &Sources, candidates: &[Candidate]) -> Sources {
    let files = candidates.iter().map(|candidate| (&*candidate.draft.path, &*candidate.draft.after));
    let tree: Arc<dyn Tree> = Arc::new(Overlay::new(sources.tree.clone(), files));
    Sources { tree, ..sources.clone() }
}

/// What the writers offer, each asked once.
struct Offers<'f> {
    facts: &'f Facts,
    place: &'f Place,
    made: BTreeMap<Writer, Offer>,
}

impl Offers<'_> {
    /// Hands over the offers in their order, up to the first that has something to write.
    fn choose(&mut self, writers: &[Writer], mut take: impl FnMut(Writer, &Offer)) {
        for &writer in writers {
            let offer = self.made.entry(writer).or_insert_with(|| {
                let Offer { drafts, mut refusals } = writer.offer(self.facts);
                let mut free = Vec::new();
                for draft in drafts {
                    match self.place.obstacle(&*self.facts.sources.tree, &draft) {
                        Some(why) => refusals.push(why),
                        None => free.push(draft),
                    }
                }
                Offer { drafts: free, refusals }
            });
            take(writer, offer);
            if !offer.drafts.is_empty() {
                return;
            }
        }
    }
}

/// Where the files are.
struct Place {
    /// The folder that is judged.
    root: PathBuf,
    /// The folder at the top of the git work tree; the same without git.
    top: PathBuf,
}

impl Place {
    /// What speaks against writing a file there, if anything does.
    fn obstacle(&self, tree: &dyn Tree, draft: &Draft) -> Option<String> {
        let path = &*draft.path;
        let mut parent = split_path(path.as_bytes()).0;
        while !parent.is_empty() {
            if let Some(at) = find(tree.entries(), parent)
                && tree.entries()[at].kind != EntryKind::Directory
            {
                let parent = String::from_utf8_lossy(parent);
                return Some(format!("{parent} is no plain folder, so {path} is not written"));
            }
            parent = split_path(parent).0;
        }
        if draft.before.is_some() {
            return None;
        }
        let same = |entry: &&Entry| entry.path.eq_ignore_ascii_case(path.as_bytes());
        if let Some(entry) = tree.entries().iter().find(same) {
            let there = String::from_utf8_lossy(&entry.path);
            return Some(format!("{there} is there already, and no existing file is replaced"));
        }
        if self.root.join(path).symlink_metadata().is_ok() {
            return Some(format!("{path} is there already, ignored by git"));
        }
        self.is_ignored(path).then(|| format!("git would ignore {path} (see .gitignore)"))
    }

    /// Whether git would ignore a new file: the nearest `.gitignore` that says something about it decides.
    fn is_ignored(&self, path: &str) -> bool {
        let (Ok(root), Ok(top)) = (self.root.canonicalize(), self.top.canonicalize()) else { return false };
        let file = root.join(path);
        let mut folders: Vec<&Path> =
            file.ancestors().skip(1).take_while(|at| at.starts_with(&top)).collect();
        let exclude = top.join(".git/info/exclude");
        let mut found = ignore::Match::None;
        while !folders.is_empty() && found.is_none() {
            let folder = folders.remove(0);
            let mut builder = GitignoreBuilder::new(folder);
            // A file that is not there or has a faulty line says nothing; the rest of it holds.
            drop(builder.add(folder.join(".gitignore")));
            if folder == top {
                drop(builder.add(&exclude));
            }
            if let Ok(rules) = builder.build() {
                found = rules.matched_path_or_any_parents(&file, false).map(|rule| rule.is_only_dir());
            }
        }
        found.is_ignore()
    }
}

/// Folders that hold what others wrote, what a build made, or what tests are fed with.
const NOT_OURS: [&str; 27] = [
    ".git",
    ".terraform",
    ".tox",
    ".venv",
    "__fixtures__",
    "_build",
    "bower_components",
    "build",
    "carthage",
    "deps",
    "dist",
    "external",
    "externals",
    "fixture",
    "fixtures",
    "node_modules",
    "pods",
    "site-packages",
    "target",
    "template",
    "templates",
    "test-data",
    "test_data",
    "testdata",
    "third_party",
    "third-party",
    "venv",
];

/// Whether a file belongs to the project itself: no folder above it is one of vendored code, of build results, or of
/// data for tests.
fn is_own(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').all(|folder| {
        let folder = folder.to_ascii_lowercase();
        folder != "vendor" && !NOT_OURS.contains(&&*folder)
    })
}

/// The whole text of a file.
fn text(tree: &dyn Tree, entry: &Entry, limit: usize) -> Result<String, String> {
    let content = tree.read(entry, limit).map_err(|error| format!("it cannot be read: {error}"))?;
    if !content.whole {
        return Err(format!("it has more than {limit} bytes"));
    }
    String::from_utf8(content.bytes).map_err(|_| "it is not UTF-8".to_owned())
}

/// `a`, `a and b`, `a, b and c`.
fn enumerate<T: AsRef<str>>(all: &[T]) -> String {
    match all {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_found_by_their_names() {
        for writer in Writer::ALL {
            assert_eq!(Writer::from_name(writer.name()), Some(writer));
        }
        assert_eq!(Writer::from_name("magic"), None);
    }

    #[test]
    fn vendored_code_and_test_data_are_not_ours() {
        for path in
            ["Cargo.toml", "crates/a/Cargo.toml", "examples/x/go.mod", "vendor.rs", "e2e/package.json"]
        {
            assert!(is_own(path), "{path}");
        }
        for path in
            ["vendor/a/go.mod", "a/node_modules/b/package.json", "x/TestData/pom.xml", "target/go.mod"]
        {
            assert!(!is_own(path), "{path}");
        }
    }
}
