//! The score over time, from git alone: the same catalogue applied to each commit along the first parents.
//!
//! From one commit to the next only what changed is read again: the two trees are compared, unchanged files keep what is
//! known of them, and groups of facts whose files did not change are kept whole. What only a forge can say of the past is
//! unknown, so the last point can be lower than the score of today. Principal function: `follow`.

use std::sync::Arc;

use eyrie_forge::{Answer, ForgeAnswers, Reason, RepositoryAnswer};
use jiff::Timestamp;

use crate::assess::{Asked, AssessError, METADATA_FILE, Opened, Options, Span, asked};
use crate::catalog::compile::Compiled;
use crate::facts::{Facts, GitSource, Sources};
use crate::git::{Commit, CommitTree, GitRepository};
use crate::judge::Judge;
use crate::report::{CheckResult, History, HistoryPoint, OutcomeChange, Score};

/// Judges the commits from the one assessed back to the end of `span`; none if there is no commit.
///
/// # Errors
///
/// If git cannot read a commit that should be there.
pub(crate) fn follow(
    compiled: &Compiled,
    opened: &Opened,
    options: &Options,
    sets: &[String],
    span: Span,
) -> Result<Option<History>, AssessError> {
    let sources = &opened.facts.sources;
    let Some(GitSource { repository, commit: Some(commit), at_root }) = &sources.git else { return Ok(None) };
    let (since, most) = match span {
        Span::Since(since) => (since, usize::MAX),
        Span::Commits(most) => (i64::MIN, most.max(1)),
    };
    let (mut line, cut) = repository.first_parents(*commit, since, most)?;
    line.reverse();
    let mut line = line.into_iter();
    let Some(first) = line.next() else { return Ok(None) };
    let mut walk = Walk::begin(repository, &first, &opened.prefix, sources, *at_root)?;
    // What CLOMonitor would give up on at a commit of the past is judged without exemptions there.
    let ask = |walk: &mut Walk, commit: &Commit| -> Asked {
        let asked = asked(compiled, &walk.tree, options.strict, time(commit)).unwrap_or_default();
        walk.facts.sources.license_scanning_url.clone_from(&asked.license_scanning_url);
        asked
    };
    let mut asked_for = ask(&mut walk, &first);
    let mut judge = Judge::new(compiled, asked_for.exemptions.clone(), options.strict);
    let mut before = judged(&mut judge, &walk.facts, sets);
    let mut points = vec![point(compiled, &first, &before, None, options.strict)];
    for commit in line {
        let paths = walk.advance(&commit, &opened.prefix)?;
        if asked_for.has_expiry || paths.iter().any(|path| **path == *METADATA_FILE.as_bytes()) {
            asked_for = ask(&mut walk, &commit);
            judge.set_exemptions(asked_for.exemptions.clone());
        }
        judge.forget(&walk.facts.kept(&paths));
        let now = judged(&mut judge, &walk.facts, sets);
        points.push(point(compiled, &commit, &now, Some(&*before), options.strict));
        before = now;
    }
    let cut_short = cut.then(|| "the clone is shallow: older commits are not there".to_owned());
    Ok(Some(History { points, cut_short }))
}

/// A repository's facts, moving from commit to commit.
struct Walk {
    repository: Arc<GitRepository>,
    tree: CommitTree,
    root: gix::ObjectId,
    facts: Facts,
}

impl Walk {
    fn begin(
        repository: &Arc<GitRepository>,
        commit: &Commit,
        prefix: &[u8],
        sources: &Sources,
        at_root: bool,
    ) -> Result<Self, AssessError> {
        let root = repository.folder_of(commit.id, prefix)?;
        let tree = match root {
            Some(root) => repository.tree(root)?,
            None => repository.empty_tree(),
        };
        let sources = Sources {
            tree: Arc::new(tree.clone()),
            git: Some(GitSource { repository: repository.clone(), commit: Some(commit.id), at_root }),
            forge: Arc::new(nobody_asked()),
            now: time(commit),
            // A run of today says nothing of the past.
            scorecard: None,
            at_commit: true,
            ..sources.clone()
        };
        let root = root.unwrap_or_else(|| gix::ObjectId::empty_tree(gix::hash::Kind::Sha1));
        Ok(Self { repository: repository.clone(), tree, root, facts: Facts::new(sources) })
    }

    /// Goes on to a commit; gives the paths that differ.
    fn advance(&mut self, commit: &Commit, prefix: &[u8]) -> Result<Vec<Box<[u8]>>, AssessError> {
        let root = self.repository.folder_of(commit.id, prefix)?;
        let root = root.unwrap_or_else(|| gix::ObjectId::empty_tree(gix::hash::Kind::Sha1));
        let changes = self.repository.changes(self.root, root)?;
        self.root = root;
        self.tree.apply(&changes);
        self.facts.advance(&changes, Arc::new(self.tree.clone()), commit.id, time(commit));
        Ok(changes.into_iter().map(|change| change.path).collect())
    }
}

/// What a forge would have said at a commit of the past, nobody knows.
fn nobody_asked() -> ForgeAnswers {
    let reason = Reason::NotConfigured;
    ForgeAnswers {
        repository: RepositoryAnswer::unavailable(&reason),
        homepage: Answer::Unavailable(reason.clone()),
        organization_files: Answer::Unavailable(reason.clone()),
        landscape: Answer::Unavailable(reason),
    }
}

fn time(commit: &Commit) -> Timestamp {
    Timestamp::from_second(commit.committer.seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn judged(judge: &mut Judge<'_>, facts: &Facts, sets: &[String]) -> Vec<CheckResult> {
    judge.judge(facts, sets).into_iter().map(|judged| judged.result).collect()
}

fn point(
    compiled: &Compiled,
    commit: &Commit,
    now: &[CheckResult],
    before: Option<&[CheckResult]>,
    strict: bool,
) -> HistoryPoint {
    let score = Score::of(&compiled.catalog, now, strict);
    let pairs = now.iter().zip(before.unwrap_or_default());
    let changes =
        pairs.filter(|(now, before)| now.outcome != before.outcome).map(|(now, before)| OutcomeChange {
            check: now.id.clone(),
            from: before.outcome,
            to: now.outcome,
            reason: now.reason.clone(),
        });
    HistoryPoint {
        commit: commit.id.to_string(),
        date: time(commit).to_string(),
        subject: crate::record::shorten(&commit.message),
        score: score.overall,
        categories: score.categories,
        changes: changes.collect(),
    }
}
