//! The records of kinds `commit` and `tag`.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Facts, GitSource};
use crate::git::Commit;
use crate::kind::Kind;
use crate::parse::commit::{Identity, Message, ReviewSystem};
use crate::record::{Missing, Record, RecordSet, list};

/// How many commits are read when a check asks for "the last few".
pub const FEW: usize = 32;

/// How many commits are read at the most, the newest ones.
pub const MOST: usize = 500;

/// Whole days from `then` (seconds since 1970) to `now`; negative if `then` is later.
pub fn days(now: Timestamp, then: i64) -> i64 {
    (now.as_second() - then).div_euclid(24 * 60 * 60)
}

pub(super) fn commits(facts: &Facts, most: usize) -> RecordSet {
    let Some(GitSource { repository, commit, .. }) = &facts.sources.git else {
        return RecordSet::unavailable(facts.missing_git());
    };
    let Some(head) = commit else { return RecordSet::default() };
    let mut set = RecordSet::default();
    for commit in repository.ancestors(*head) {
        if set.records.len() == most {
            set.rest = Some(facts.missing(Missing {
                why: format!("only the newest {most} commits are read"),
                supply: "give what older commits would tell in another way, such as a Scorecard run with --scorecard".to_owned(),
            }));
            return set;
        }
        match commit {
            Ok(commit) => {
                let depth = set.records.len();
                set.records.push(record(facts, depth, &commit));
            }
            Err(error) => {
                set.rest = Some(facts.missing(Missing {
                    why: error.to_string(),
                    supply: "repair the repository (`git fsck`) or clone it again".to_owned(),
                }));
                return set;
            }
        }
    }
    if repository.is_shallow() {
        set.rest = Some(facts.missing(Missing {
            why: format!("the clone is shallow: {} commits are there", set.records.len()),
            supply: "fetch the whole history (`git fetch --unshallow`)".to_owned(),
        }));
    }
    set
}

fn record(facts: &Facts, depth: usize, commit: &Arc<Commit>) -> Record {
    let message = Message::parse(&commit.message);
    let author = Identity { name: &commit.author.name, email: &commit.author.email };
    let reviewed_on = message.revision().map(|revision| match revision.system {
        ReviewSystem::Gerrit => "gerrit",
        ReviewSystem::Phabricator => "phabricator",
        ReviewSystem::Piper => "piper",
    });
    let id = commit.id.to_string();
    let url = facts.url().map(|url| format!("{url}/commit/{id}"));
    let mut record = Record::new(Kind::Commit)
        .with("commit.depth", depth as i64)
        .with("commit.age_days", days(facts.sources.now, commit.committer.seconds))
        .with("commit.subject", &*message.subject)
        .with("commit.message", &commit.message)
        .with("commit.trailers", list(message.trailers.iter().map(|trailer| trailer.key)))
        .with(
            "commit.has_signoff_line",
            commit.message.split('\n').any(|line| line.starts_with("Signed-off-by: ")),
        )
        .with("commit.is_merge", commit.parents.len() > 1)
        .with("commit.is_signed", commit.signed)
        .with("commit.author_name", &commit.author.name)
        .with("commit.author_email", &commit.author.email)
        .with("commit.author_is_bot", author.bot_mark().is_some())
        .with("commit.reviewed_on", list(reviewed_on))
        .saying(&commit.message)
        .seen_on(url.as_deref());
    record.set("commit.id", &id);
    record.evidence.commit = Some(id);
    record
}

pub(super) fn tags(facts: &Facts) -> RecordSet {
    let Some(git) = &facts.sources.git else { return RecordSet::unavailable(facts.missing_git()) };
    // At a commit of the past, later tags were not there yet.
    let now = facts.sources.now.as_second();
    let judged = git.commit.and_then(|commit| git.repository.commit(commit).ok());
    let until =
        judged.filter(|_| facts.sources.at_commit).map_or(now, |commit| commit.committer.seconds.min(now));
    let mut tags: Vec<_> = git.repository.tags().into_iter().filter(|tag| tag.seconds <= until).collect();
    tags.sort_by_key(|tag| std::cmp::Reverse(tag.seconds));
    let records = tags.into_iter().map(|tag| {
        let mut record = Record::new(Kind::Tag)
            .with("tag.age_days", days(facts.sources.now, tag.seconds))
            .with("tag.is_annotated", tag.annotated)
            .with("tag.is_signed", tag.signed)
            .with("tag.name", &tag.name)
            .saying(&tag.name);
        record.evidence.commit = Some(tag.commit.to_string());
        record
    });
    RecordSet::complete(records.collect())
}
