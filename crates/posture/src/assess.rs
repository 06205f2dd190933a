//! Assessing: from folders to a report.
//!
//! [`assess`] judges repositories in parallel and adds them up to a project; [`Target`] is one repository with what is
//! known beside it, [`Options`] is what was asked for. Fetching (clones, forges) is the caller's; drawing is in `cli`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eyrie_forge::{ForgeAnswers, Owner, OwnerKind, RepositoryUrl};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rayon::prelude::*;

use crate::catalog::compile::Compiled;
use crate::facts::{Facts, GitSource, ScorecardRun, Sources};
use crate::git::{CommitId, GitError, GitRepository};
use crate::judge::{Exemption, Judge, Judged};
use crate::parse::metadata::{Metadata, Strict};
use crate::parse::problem::Severity;
use crate::report::{
    CategoryTitle, MissingFacts, Note, NoteSeverity, Outcome, ProjectReport, REPORT_VERSION, Report,
    RepositoryFailure, RepositoryReport, Score,
};
use crate::tree::{Entry, EntryKind, Tree, WorkTree, find};

/// The project's own metadata for this catalogue: exemptions and where the licence scan is.
pub const METADATA_FILE: &str = ".clomonitor.yml";

/// Why a repository cannot be assessed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssessError {
    /// There is nothing at this path.
    #[error("there is no folder {0}")]
    NoSuchPath(PathBuf),
    /// It is a file.
    #[error("{0} is a file; give the folder of a repository")]
    NotAFolder(PathBuf),
    /// It cannot be listed.
    #[error("cannot read the folder {path}: {error}")]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A revision was asked for where there is no git repository.
    #[error("{0} is no git repository, so there is no revision `{1}` in it")]
    NoGit(PathBuf, String),
    /// A bare repository in which nothing was committed.
    #[error("{0} is a bare repository without a commit: there is nothing to assess")]
    Empty(PathBuf),
    /// There are no files that could be changed.
    #[error("{0} has no work tree at this revision: there are no files to change")]
    NoWorkTree(PathBuf),
    /// Git's own trouble.
    #[error(transparent)]
    Git(#[from] GitError),
    /// With strict compatibility: CLOMonitor would give up here.
    #[error("CLOMonitor does not assess this repository: {0}")]
    Strict(String),
}

/// One repository to assess, and what is known beside it.
#[derive(Clone)]
pub struct Target {
    /// As the user named it.
    pub given: String,
    /// Its folder.
    pub path: PathBuf,
    /// Its address, if the user gave one; else the one that git knows is taken.
    pub url: Option<String>,
    /// The revision to judge instead of the work tree.
    pub at: Option<String>,
    /// What the forge says.
    pub forge: ForgeAnswers,
    /// Whether a landscape was given.
    pub landscape_given: bool,
    /// An OpenSSF Scorecard run.
    pub scorecard: Option<Arc<ScorecardRun>>,
}

impl Target {
    /// A folder of which nothing else is known.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            given: path.display().to_string(),
            path,
            url: None,
            at: None,
            forge: ForgeAnswers::default(),
            landscape_given: false,
            scorecard: None,
        }
    }
}

/// How far back a history goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Commits not older than this, in seconds since 1970.
    Since(i64),
    /// So many commits.
    Commits(usize),
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Check sets; empty means the catalogue's default ones.
    pub sets: Vec<String>,
    /// CLOMonitor's own verdicts and numbers. The catalogue must have been read in the same way.
    pub strict: bool,
    /// The time that ages are counted from.
    pub now: Timestamp,
    /// How far back the score is followed.
    pub history: Option<Span>,
    /// Name of the project; the first repository's if there is none.
    pub name: Option<String>,
}

/// A repository that has been opened: what is needed to judge it, now or at another commit.
pub(crate) struct Opened {
    pub(crate) facts: Facts,
    pub(crate) work_tree: bool,
    pub(crate) url: Option<String>,
    /// The folder inside the repository that is judged, with a slash at the end; empty for all of it.
    pub(crate) prefix: Vec<u8>,
}

/// What the metadata file asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) exemptions: Vec<Exemption>,
    pub(crate) license_scanning_url: Option<String>,
    pub(crate) notes: Vec<Note>,
    /// Whether the day decides which exemptions hold.
    pub(crate) has_expiry: bool,
}

/// Assesses repositories, in parallel, as one project. `done` is called with each as it is finished.
pub fn assess(
    compiled: &Compiled,
    targets: Vec<Target>,
    options: &Options,
    done: &(dyn Fn(&str) + Sync),
) -> Report {
    let assessed: Vec<_> = targets
        .into_par_iter()
        .map(|target| {
            let given = target.given.clone();
            let report = assess_one(compiled, target, options);
            done(&given);
            (given, report)
        })
        .collect();
    let mut repositories = Vec::new();
    let mut failures = Vec::new();
    for (path, report) in assessed {
        match report {
            Ok(report) => repositories.push(report),
            Err(error) => failures.push(RepositoryFailure { path, error: error.to_string() }),
        }
    }
    let score = Score::merged(&compiled.catalog, repositories.iter().map(|report| &report.score));
    let name = options.name.clone().or_else(|| repositories.first().map(project_name));
    let name = name.or_else(|| failures.first().map(|failure| failure.path.clone())).unwrap_or_default();
    Report { version: REPORT_VERSION, projects: vec![ProjectReport { name, score, repositories, failures }] }
}

/// The repository's name: the last part of its address, or of its path.
fn project_name(report: &RepositoryReport) -> String {
    let from_url = report.url.as_deref().and_then(|url| url.parse::<RepositoryUrl>().ok());
    if let Some(url) = from_url {
        return url.name().to_owned();
    }
    let path = Path::new(&report.path);
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name =
        absolute.file_name().map_or_else(|| report.path.clone(), |name| name.to_string_lossy().into_owned());
    // A bare repository's folder is called after it.
    name.strip_suffix(".git").filter(|name| !name.is_empty()).map_or_else(|| name.clone(), str::to_owned)
}

/// Assesses one repository.
///
/// # Errors
///
/// If it cannot be assessed at all; what merely cannot be decided is `unknown` in the report.
pub fn assess_one(
    compiled: &Compiled,
    target: Target,
    options: &Options,
) -> Result<RepositoryReport, AssessError> {
    if options.strict {
        refuse_like_clomonitor(&target)?;
    }
    let given = target.given.clone();
    let (opened, asked) = open(compiled, target, options)?;
    let sets = if options.sets.is_empty() { compiled.catalog.default_sets() } else { options.sets.clone() };
    let mut judge = Judge::new(compiled, asked.exemptions.clone(), options.strict);
    let judged = judge.judge(&opened.facts, &sets);
    let missing = missing_facts(&judged);
    let checks: Vec<_> = judged.into_iter().map(|judged| judged.result).collect();
    let score = Score::of(&compiled.catalog, &checks, options.strict);
    let mut notes = asked.notes;
    notes.extend(opened.facts.sources.tree.problems().iter().map(|text| note(NoteSeverity::Warning, text)));
    let git = opened.facts.sources.git.clone();
    if let Some(git) = &git
        && git.repository.is_shallow()
    {
        notes.push(note(
            NoteSeverity::Info,
            "the clone is shallow: what needs older commits cannot be decided",
        ));
    }
    let history = match options.history {
        Some(span) => match crate::history::follow(compiled, &opened, options, &sets, span) {
            Ok(history) => history,
            // What is wrong with the past does not take the present away.
            Err(error) => {
                notes.push(note(NoteSeverity::Warning, &format!("there is no history: {error}")));
                None
            }
        },
        None => None,
    };
    Ok(RepositoryReport {
        path: given,
        url: opened.url,
        commit: git.and_then(|git| git.commit).map(|commit| commit.to_string()),
        work_tree: opened.work_tree,
        catalog: compiled.catalog.id.clone(),
        sets,
        categories: titles(compiled),
        score,
        checks,
        missing,
        notes,
        history,
    })
}

fn titles(compiled: &Compiled) -> Vec<CategoryTitle> {
    let categories = compiled.catalog.categories.iter();
    categories
        .map(|category| CategoryTitle { id: category.id.clone(), title: category.title.clone() })
        .collect()
}

fn note(severity: NoteSeverity, text: &str) -> Note {
    Note { severity, text: text.to_owned(), path: None, line: None }
}

/// CLOMonitor assesses nothing when the forge does not answer, and only repositories on GitHub.
fn refuse_like_clomonitor(target: &Target) -> Result<(), AssessError> {
    if let Some(url) = &target.url {
        let is_github = url.strip_prefix("https://github.com/").is_some_and(|rest| {
            let parts: Vec<_> = rest.trim_end_matches('/').split('/').collect();
            parts.len() == 2 && parts.iter().all(|part| !part.is_empty())
        });
        if !is_github {
            return Err(AssessError::Strict(format!("invalid repository url {url}")));
        }
    }
    if let Some(Owner { kind: Some(OwnerKind::Other(kind)), .. }) = target.forge.repository.owner.known() {
        return Err(AssessError::Strict(format!("GitHub's answer has an owner of an unknown kind, {kind}")));
    }
    match target.forge.repository.name.reason() {
        None | Some(eyrie_forge::Reason::NotRecorded | eyrie_forge::Reason::NotConfigured) => Ok(()),
        Some(reason) => Err(AssessError::Strict(format!("GitHub's answer: {reason}"))),
    }
}

/// Opens a repository: finds its files, its git side and its metadata.
pub(crate) fn open(
    compiled: &Compiled,
    target: Target,
    options: &Options,
) -> Result<(Opened, Asked), AssessError> {
    let path = target.path.clone();
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(AssessError::NotAFolder(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(AssessError::NoSuchPath(path));
        }
        Err(error) => return Err(AssessError::Unreadable { path, error }),
    }
    let git = GitRepository::discover(&path)?.map(Arc::new);
    let prefix = git.as_ref().and_then(|git| prefix_of(git, &path)).unwrap_or_default();
    let (commit, tree, work_tree): (Option<CommitId>, Arc<dyn Tree>, bool) = match (&git, &target.at) {
        (None, Some(revision)) => return Err(AssessError::NoGit(path, revision.clone())),
        (Some(git), Some(revision)) => {
            let commit = git.resolve(revision)?;
            (Some(commit), Arc::new(git.tree_of(commit, &prefix)?), false)
        }
        (Some(git), None) if git.work_dir().is_none() => {
            let commit = git.head()?.ok_or_else(|| AssessError::Empty(path.clone()))?;
            (Some(commit), Arc::new(git.tree_of(commit, &prefix)?), false)
        }
        (git, None) => {
            let commit = match git {
                Some(git) => git.head()?,
                None => None,
            };
            let tracked = git.as_ref().map(|git| git.tracked(&prefix));
            let tree =
                WorkTree::open(&path, tracked).map_err(|error| AssessError::Unreadable { path, error })?;
            (commit, Arc::new(tree), git.is_some())
        }
    };
    let asked = asked(compiled, &*tree, options.strict, options.now)?;
    let url = address(&target, git.as_deref());
    let at_root = git.as_ref().is_some_and(|git| {
        prefix.is_empty() && (work_tree || git.work_dir().is_none() || target.at.is_some())
    });
    let sources = Sources {
        given: target.given,
        tree,
        git: git.map(|repository| GitSource { repository, commit, at_root }),
        forge: Arc::new(target.forge),
        url: url.clone(),
        scorecard: target.scorecard,
        landscape_given: target.landscape_given,
        license_scanning_url: asked.license_scanning_url.clone(),
        now: options.now,
        // CLOMonitor links as if the folder were the whole repository.
        prefix: if options.strict { String::new() } else { String::from_utf8_lossy(&prefix).into_owned() },
        at_commit: !work_tree && commit.is_some(),
    };
    Ok((Opened { facts: Facts::new(sources), work_tree, url, prefix }, asked))
}

/// Where below the work tree's root a folder is, with a slash at the end.
fn prefix_of(git: &GitRepository, path: &Path) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    let root = git.work_dir()?.canonicalize().ok()?;
    let path = path.canonicalize().ok()?;
    let below = path.strip_prefix(root).ok()?.as_os_str().as_bytes().to_vec();
    Some(if below.is_empty() { below } else { [&below[..], b"/"].concat() })
}

/// The repository's address for people: as given, as the forge says, or as git's remote says, without credentials.
fn address(target: &Target, git: Option<&GitRepository>) -> Option<String> {
    if let Some(url) = target.forge.repository.url.known() {
        return Some(url.clone());
    }
    let raw = target.url.clone().or_else(|| git.and_then(GitRepository::origin_url))?;
    let parsed = raw.parse::<RepositoryUrl>().ok()?;
    Some(parsed.web_url())
}

/// Reads the project's metadata file from a tree.
pub(crate) fn asked(
    compiled: &Compiled,
    tree: &dyn Tree,
    strict: bool,
    now: Timestamp,
) -> Result<Asked, AssessError> {
    let mut asked = Asked::default();
    let entry = find(tree.entries(), METADATA_FILE.as_bytes()).map(|at| &tree.entries()[at]);
    let Some(entry) = entry.filter(|entry: &&Entry| matches!(entry.kind, EntryKind::File { .. })) else {
        return Ok(asked);
    };
    let content = match tree.read(entry, 1 << 20) {
        Ok(content) => content,
        Err(error) => {
            asked.notes.push(in_metadata(NoteSeverity::Warning, format!("cannot be read: {error}"), None));
            return Ok(asked);
        }
    };
    let metadata = Metadata::parse(&content.bytes);
    if let (true, Strict::Aborts(why)) = (strict, &metadata.strict) {
        return Err(AssessError::Strict(format!("{METADATA_FILE}: {why}")));
    }
    for problem in &metadata.problems {
        let severity = match problem.severity {
            Severity::Error => NoteSeverity::Warning,
            Severity::Warning => NoteSeverity::Info,
        };
        let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        let place = if problem.path.is_empty() { String::new() } else { format!("{}: ", problem.path) };
        asked.notes.push(in_metadata(
            severity,
            format!("{place}{}{help}", problem.message),
            Some(problem.span.line),
        ));
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    for exemption in &metadata.exemptions {
        let check = &exemption.check;
        if compiled.catalog.check(&check.text).is_none() {
            let text = format!("there is no check `{}` to exempt from", check.text);
            asked.notes.push(in_metadata(NoteSeverity::Info, text, Some(check.span.line)));
        }
        // CLOMonitor looks at the first entry of an id only.
        if asked.exemptions.iter().any(|known| known.check == check.text) {
            continue;
        }
        let Some(reason) = &exemption.reason else { continue };
        asked.has_expiry |= exemption.expires.is_some();
        if let Some(expiry) = exemption.expires.as_ref().filter(|_| !strict) {
            match expiry.date {
                Some(date) if date >= today => {}
                Some(date) => {
                    let text = format!("the exemption from `{}` expired on {date}", check.text);
                    asked.notes.push(in_metadata(NoteSeverity::Warning, text, Some(expiry.span.line)));
                    continue;
                }
                None => continue,
            }
        }
        asked.exemptions.push(Exemption {
            check: check.text.clone(),
            reason: reason.text.clone(),
            path: METADATA_FILE.to_owned(),
            line: exemption.span.line,
        });
    }
    asked.license_scanning_url = metadata.license_scanning_url.map(|url| url.text);
    Ok(asked)
}

fn in_metadata(severity: NoteSeverity, text: String, line: Option<u32>) -> Note {
    Note { severity, text, path: Some(METADATA_FILE.to_owned()), line }
}

/// What was missing, with what it costs; the most costly first.
fn missing_facts(judged: &[Judged]) -> Vec<MissingFacts> {
    let mut all: Vec<MissingFacts> = Vec::new();
    for one in judged.iter().filter(|one| one.result.outcome == Outcome::Unknown) {
        for missing in &one.missing {
            let known =
                all.iter().position(|facts| facts.why == missing.why && facts.supply == missing.supply);
            let at = known.unwrap_or_else(|| {
                let (why, supply) = (missing.why.clone(), missing.supply.clone());
                all.push(MissingFacts { why, supply, checks: Vec::new(), points: 0 });
                all.len() - 1
            });
            all[at].checks.push(one.result.id.clone());
            all[at].points += one.result.weight;
        }
    }
    all.sort_by_key(|facts| std::cmp::Reverse(facts.points));
    all
}
