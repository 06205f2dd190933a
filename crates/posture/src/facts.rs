//! Everything that can be known about one repository at one commit, collected when somebody asks.
//!
//! [`Sources`] is where facts come from, [`Facts`] gives the records of each [`Kind`]. Each group of kinds that are
//! read together has a file of its own below this one; what is read once is kept, and when history goes on to the next
//! commit, only the groups whose files changed are read again (`Facts::advance`).

pub mod commits;
mod documents;
pub mod files;
mod forge;
mod insights;
mod licenses;
mod people;
mod repository;
mod sboms;
mod workflows;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use eyrie_forge::{Answer, ForgeAnswers, Reason};
use jiff::Timestamp;

use crate::git::{Change, CommitId, GitRepository};
use crate::kind::Kind;
use crate::record::{FieldValue, Missing, MissingId, Record, RecordSet};
use crate::report::Evidence;
use crate::tree::{EntryKind, Tree};

pub use files::{FileRecord, FileSet};

/// The git side of a repository.
#[derive(Clone, Debug)]
pub struct GitSource {
    /// The repository.
    pub repository: Arc<GitRepository>,
    /// The commit that is judged; none if nothing has been committed.
    pub commit: Option<CommitId>,
    /// Whether the folder judged is the root of the repository.
    pub at_root: bool,
}

/// The scores of an OpenSSF Scorecard run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScorecardRun {
    /// Check name, score (-1 if inconclusive), reason.
    pub checks: Vec<(String, f64, String)>,
}

/// Where the facts about one repository come from.
#[derive(Clone)]
pub struct Sources {
    /// The folder or URL as it was given.
    pub given: String,
    /// The files.
    pub tree: Arc<dyn Tree>,
    /// Git, if the folder is in a repository.
    pub git: Option<GitSource>,
    /// What the forge says.
    pub forge: Arc<ForgeAnswers>,
    /// Address of the repository, as far as git or the user say.
    pub url: Option<String>,
    /// An OpenSSF Scorecard run, if one was supplied.
    pub scorecard: Option<Arc<ScorecardRun>>,
    /// Whether a landscape was supplied.
    pub landscape_given: bool,
    /// `licenseScanning.url` of the project's metadata file.
    pub license_scanning_url: Option<String>,
    /// The time that ages are counted from.
    pub now: Timestamp,
    /// The folder inside the repository that is judged, with a slash at the end; empty for all of it.
    pub prefix: String,
    /// Whether the files are the commit's own and not a work tree's.
    pub at_commit: bool,
}

/// The kinds that are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Group {
    Repository,
    Files,
    Documents,
    Matches,
    Licenses,
    Insights,
    People,
    Sboms,
    Workflows,
    Commits,
    Tags,
    Forge,
}

impl Group {
    const ALL: [Group; 12] = [
        Group::Repository,
        Group::Files,
        Group::Documents,
        Group::Matches,
        Group::Licenses,
        Group::Insights,
        Group::People,
        Group::Sboms,
        Group::Workflows,
        Group::Commits,
        Group::Tags,
        Group::Forge,
    ];

    pub(crate) fn of(kind: Kind) -> Group {
        match kind {
            Kind::Repository => Group::Repository,
            Kind::File => Group::Files,
            Kind::Document | Kind::Heading | Kind::Link | Kind::Badge | Kind::Block | Kind::Url => {
                Group::Documents
            }
            Kind::Match => Group::Matches,
            Kind::License => Group::Licenses,
            Kind::Insights => Group::Insights,
            Kind::Person => Group::People,
            Kind::Sbom => Group::Sboms,
            Kind::Workflow | Kind::Job | Kind::Step | Kind::Expression | Kind::Permission => Group::Workflows,
            Kind::Commit => Group::Commits,
            Kind::Tag => Group::Tags,
            Kind::Release | Kind::Asset | Kind::ChangeCheck | Kind::Changeset | Kind::Issue | Kind::Page => {
                Group::Forge
            }
        }
    }
}

/// All facts about one repository at one commit.
pub struct Facts {
    /// Where they come from.
    pub sources: Sources,
    missing: Mutex<Vec<Missing>>,
    repository: OnceLock<RecordSet>,
    files: OnceLock<FileSet>,
    few_commits: OnceLock<RecordSet>,
    all_commits: OnceLock<RecordSet>,
    tags: OnceLock<RecordSet>,
    documents: OnceLock<documents::DocumentRecords>,
    workflows: OnceLock<workflows::WorkflowRecords>,
    insights: OnceLock<RecordSet>,
    licenses: OnceLock<RecordSet>,
    people: OnceLock<RecordSet>,
    sboms: OnceLock<RecordSet>,
    forge: OnceLock<forge::ForgeRecords>,
    matches: OnceLock<RecordSet>,
}

impl Facts {
    /// Facts from these sources; nothing is read yet.
    pub fn new(sources: Sources) -> Self {
        Self {
            sources,
            missing: Mutex::default(),
            repository: OnceLock::new(),
            files: OnceLock::new(),
            few_commits: OnceLock::new(),
            all_commits: OnceLock::new(),
            tags: OnceLock::new(),
            documents: OnceLock::new(),
            workflows: OnceLock::new(),
            insights: OnceLock::new(),
            licenses: OnceLock::new(),
            people: OnceLock::new(),
            sboms: OnceLock::new(),
            forge: OnceLock::new(),
            matches: OnceLock::new(),
        }
    }

    /// The names in the tree.
    pub fn files(&self) -> &FileSet {
        self.files.get_or_init(|| FileSet::new(&*self.sources.tree))
    }

    /// The records of a kind; of [`Kind::File`], whose records are in [`Facts::files`], none.
    ///
    /// Of commits, all that have been read so far: the first few, or, once somebody wanted more, as many as are read at
    /// the most.
    pub fn set(&self, kind: Kind) -> &RecordSet {
        self.set_of(kind, self.all_commits.get().is_none())
    }

    /// As [`Facts::set`], with `few` choosing how many commits are read at least.
    pub(crate) fn set_of(&self, kind: Kind, few: bool) -> &RecordSet {
        static NONE: RecordSet = RecordSet { records: Vec::new(), rest: None };
        let documents = || self.documents.get_or_init(|| documents::DocumentRecords::read(self));
        let workflows = || self.workflows.get_or_init(|| workflows::WorkflowRecords::read(self));
        let forge = || self.forge.get_or_init(|| forge::ForgeRecords::read(self));
        match kind {
            Kind::Repository => {
                self.repository.get_or_init(|| RecordSet::complete(vec![repository::record(self)]))
            }
            Kind::File => &NONE,
            Kind::Document => &documents().documents,
            Kind::Heading => &documents().headings,
            Kind::Link => &documents().links,
            Kind::Badge => &documents().badges,
            Kind::Block => &documents().blocks,
            Kind::Url => &documents().urls,
            Kind::Match => self.matches.get().unwrap_or(&NONE),
            Kind::License => self.licenses.get_or_init(|| licenses::read(self)),
            Kind::Person => self.people.get_or_init(|| people::read(self)),
            Kind::Insights => self.insights.get_or_init(|| insights::read(self)),
            Kind::Sbom => self.sboms.get_or_init(|| sboms::read(self)),
            Kind::Commit if few => self.few_commits.get_or_init(|| commits::commits(self, commits::FEW)),
            Kind::Commit => self.all_commits.get_or_init(|| commits::commits(self, commits::MOST)),
            Kind::Tag => self.tags.get_or_init(|| commits::tags(self)),
            Kind::Release => &forge().releases,
            Kind::Asset => &forge().assets,
            Kind::ChangeCheck => &forge().change_checks,
            Kind::Changeset => &forge().changesets,
            Kind::Issue => &forge().issues,
            Kind::Page => &forge().pages,
            Kind::Workflow => &workflows().workflows,
            Kind::Job => &workflows().jobs,
            Kind::Step => &workflows().steps,
            Kind::Expression => &workflows().expressions,
            Kind::Permission => &workflows().permissions,
        }
    }

    /// Goes on to another commit: forgets what may differ there, and keeps the rest.
    pub(crate) fn advance(
        &mut self,
        changes: &[Change],
        tree: Arc<dyn Tree>,
        commit: CommitId,
        now: Timestamp,
    ) {
        self.sources.tree = tree;
        self.sources.now = now;
        if let Some(git) = &mut self.sources.git {
            git.commit = Some(commit);
        }
        if let Some(files) = self.files.get_mut() {
            files.advance(changes);
        }
        let paths: Vec<Box<[u8]>> = changes.iter().map(|change| change.path.clone()).collect();
        let kept = self.kept(&paths);
        for group in Group::ALL.into_iter().filter(|group| !kept.contains(group)) {
            match group {
                Group::Repository => drop(self.repository.take()),
                Group::Files => {}
                Group::Documents => drop(self.documents.take()),
                Group::Matches => drop(self.matches.take()),
                Group::Licenses => drop(self.licenses.take()),
                Group::Insights => drop(self.insights.take()),
                Group::People => drop(self.people.take()),
                Group::Sboms => drop(self.sboms.take()),
                Group::Workflows => drop(self.workflows.take()),
                Group::Commits => {
                    self.few_commits.take();
                    self.all_commits.take();
                }
                Group::Tags => drop(self.tags.take()),
                Group::Forge => drop(self.forge.take()),
            }
        }
    }

    /// The groups whose records are the same when these paths differ. What depends on the commit or its date never is.
    pub(crate) fn kept(&self, paths: &[Box<[u8]>]) -> Vec<Group> {
        let untouched = |reads: fn(&[u8]) -> bool| {
            let linked = || {
                let links = self.files().records().iter().filter(|file| file.entry.kind == EntryKind::Link);
                links.into_iter().any(|file| reads(&file.entry.path))
            };
            // What is behind a link may have changed without the link.
            !paths.iter().any(|path| reads(path)) && !linked()
        };
        let mut kept = vec![Group::Forge];
        if paths.is_empty() {
            kept.push(Group::Files);
        }
        for (group, reads) in [
            (Group::Documents, documents::is_document as fn(&[u8]) -> bool),
            (Group::Insights, insights::is_insights),
            (Group::Licenses, licenses::is_license),
            (Group::People, people::names_people),
            (Group::Sboms, sboms::may_be_sbom),
            (Group::Workflows, workflows::is_workflow),
        ] {
            if untouched(reads) {
                kept.push(group);
            }
        }
        kept
    }

    /// Whether the records of kind `match` have been made.
    pub(crate) fn has_matches(&self) -> bool {
        self.matches.get().is_some()
    }

    /// Keeps the records of kind `match`, which the judge makes, since patterns are the catalogue's.
    pub(crate) fn set_matches(&self, matches: RecordSet) {
        let _ = self.matches.set(matches);
    }

    /// What a record rests on.
    pub fn evidence(&self, kind: Kind, at: usize) -> Evidence {
        match kind {
            Kind::File => self.files().evidence(at),
            kind => self.set(kind).records.get(at).map(|record| record.evidence.clone()).unwrap_or_default(),
        }
    }

    /// Adds the address where a person can look at a file, where the repository's own address is known.
    pub(crate) fn with_address(&self, mut evidence: Evidence) -> Evidence {
        if let (None, Some(path), Some(url)) = (&evidence.url, &evidence.path, self.url()) {
            let commit =
                self.sources.git.as_ref().and_then(|git| git.commit).map(|commit| commit.to_string());
            let branch = self.sources.forge.repository.default_branch.known();
            let branch = match (branch, commit) {
                (_, Some(commit)) if self.sources.at_commit => commit,
                (Some(branch), _) => branch.clone().unwrap_or_else(|| "master".to_owned()),
                (None, Some(commit)) => commit,
                (None, None) => "HEAD".to_owned(),
            };
            let path = format!("{}{path}", self.sources.prefix);
            let line = evidence.line.map(|line| format!("#L{line}")).unwrap_or_default();
            evidence.url = Some(format!("{url}/blob/{branch}/{}{line}", escape_path(&path)));
        }
        evidence
    }

    /// Keeps a reason and gives its number; the same reason has one number.
    pub fn missing(&self, reason: Missing) -> MissingId {
        let mut all = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|known| *known == reason).unwrap_or_else(|| {
            all.push(reason);
            all.len() - 1
        });
        MissingId(u16::try_from(at).unwrap_or(u16::MAX))
    }

    /// The reason with this number.
    pub fn reason(&self, id: MissingId) -> Missing {
        let all = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(usize::from(id.0))
            .cloned()
            .unwrap_or_else(|| Missing { why: "unknown".to_owned(), supply: String::new() })
    }

    fn missing_git(&self) -> MissingId {
        self.missing(Missing {
            why: "there is no git repository here".to_owned(),
            supply: "assess a clone instead of a plain folder".to_owned(),
        })
    }

    fn missing_answer(&self, reason: &Reason) -> MissingId {
        self.missing(Missing { why: format!("the forge: {reason}"), supply: reason.remedy() })
    }

    /// A forge's answer as a field's value.
    fn answer<T>(&self, answer: &Answer<T>, value: impl FnOnce(&T) -> FieldValue) -> FieldValue {
        match answer {
            Answer::Known(known) => value(known),
            Answer::Unavailable(reason) => self.missing_answer(reason).into(),
        }
    }

    /// A forge's answer as records.
    fn answer_set<T>(&self, answer: &Answer<T>, records: impl FnOnce(&T) -> Vec<Record>) -> RecordSet {
        match answer {
            Answer::Known(known) => RecordSet::complete(records(known)),
            Answer::Unavailable(reason) => RecordSet::unavailable(self.missing_answer(reason)),
        }
    }

    /// Address of the repository for people, without a slash at the end.
    pub fn url(&self) -> Option<String> {
        self.sources.url.as_deref().map(|url| url.trim_end_matches('/').to_owned())
    }
}

/// A path as it stands in an address.
fn escape_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
