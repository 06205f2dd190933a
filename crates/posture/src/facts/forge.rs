//! The records that only a forge or the network can give: releases and their assets, what ran on changes, reviews,
//! issues, web pages.

use std::collections::BTreeSet;

use eyrie_forge::{Actor, AssociatedChange, Association, Changeset, Release, ReviewState};
use jiff::{Span, SpanRelativeTo, Timestamp};

use super::Facts;
use super::commits::days;
use crate::kind::Kind;
use crate::parse::commit::{Message, ReviewSystem};
use crate::record::{FieldValue, Record, RecordSet, list};

/// All records of this group.
#[derive(Clone, Debug, Default)]
pub(super) struct ForgeRecords {
    pub(super) releases: RecordSet,
    pub(super) assets: RecordSet,
    pub(super) change_checks: RecordSet,
    pub(super) changesets: RecordSet,
    pub(super) issues: RecordSet,
    pub(super) pages: RecordSet,
}

impl ForgeRecords {
    pub(super) fn read(facts: &Facts) -> Self {
        let answers = &facts.sources.forge;
        let repository = &answers.repository;
        let releases = facts.answer_set(&repository.releases, |releases| {
            let current = current(releases);
            (releases.iter().enumerate())
                .map(|(index, release)| release_record(facts, release, index, current == Some(index)))
                .collect()
        });
        let assets = facts.answer_set(&repository.releases, |releases| {
            let assets = releases.iter().enumerate().flat_map(|(index, release)| {
                release.assets.iter().map(move |name| {
                    Record::new(Kind::Asset)
                        .with("asset.name", name)
                        .below(Kind::Release, index)
                        .saying(name)
                        .seen_on(release.url.as_deref())
                })
            });
            assets.collect()
        });
        let change_checks = match repository.last_merged.known() {
            Some(Some(change)) => facts.answer_set(&change.checks, |checks| {
                let named = [("app", &checks.apps), ("run", &checks.runs), ("status", &checks.contexts)];
                let records = named.into_iter().flat_map(|(what, names)| {
                    names.iter().map(move |name| {
                        Record::new(Kind::ChangeCheck)
                            .with("change_check.name", name)
                            .with("change_check.type", what)
                            .saying(name)
                            .seen_on(change.url.as_deref())
                    })
                });
                records.collect()
            }),
            _ => facts.answer_set(&repository.last_merged, |_| Vec::new()),
        };
        let changesets = facts.answer_set(&repository.changesets, |commits| changesets(facts, commits));
        let issues = facts.answer_set(&repository.issues, |issues| {
            let since = ninety_days_before(facts.sources.now);
            let is_member = |association: &Association| {
                matches!(association, Association::Collaborator | Association::Member | Association::Owner)
            };
            let records = issues.iter().map(|issue| {
                let opened = issue.created_at > since && is_member(&issue.association);
                let commented = issue
                    .comments
                    .iter()
                    .any(|comment| comment.created_at > since && is_member(&comment.association));
                Record::new(Kind::Issue)
                    .with("issue.number", issue.number.and_then(|number| i64::try_from(number).ok()))
                    .with("issue.touched_by_member", opened || commented)
                    .seen_on(issue.url.as_deref())
            });
            records.collect()
        });
        let pages = facts.answer_set(&answers.homepage, |page| {
            let records = page.iter().map(|page| {
                Record::new(Kind::Page)
                    .with("page.url", &page.url)
                    .with("page.status", i64::from(page.status))
                    .with("page.body", &page.body)
                    .seen_on(Some(&page.final_url))
            });
            records.collect()
        });
        Self { releases, assets, change_checks, changesets, issues, pages }
    }
}

/// The release that a user would take: CLOMonitor's choice.
fn current(releases: &[Release]) -> Option<usize> {
    let latest = releases.iter().position(|release| release.is_latest && !release.is_prerelease);
    latest.or_else(|| releases.iter().position(|release| !release.is_prerelease))
}

/// What an address ends in; of a release's page that is its tag.
fn last_part(url: Option<&str>) -> Option<&str> {
    url?.rsplit('/').next().filter(|part| !part.is_empty())
}

fn release_record(facts: &Facts, release: &Release, index: usize, is_current: bool) -> Record {
    let now = facts.sources.now;
    let name = release.name.as_deref().or(release.tag.as_deref()).unwrap_or("(no name)");
    Record::new(Kind::Release)
        .with(
            "release.tag",
            release.tag.as_deref().or(last_part(release.url.as_deref())).or(release.name.as_deref()),
        )
        .with("release.index", index as i64)
        .with("release.age_days", days(now, release.created_at.as_second()))
        .with("release.published_age_days", release.published_at.map(|at| days(now, at.as_second())))
        .with("release.is_latest", release.is_latest)
        .with("release.is_prerelease", release.is_prerelease)
        .with("release.is_current", is_current)
        .with("release.notes", release.description.as_deref())
        .with("release.url", release.url.as_deref())
        .with("release.assets", list(release.assets.iter().map(String::as_str)))
        .with("release.asset_extensions", list(extensions(&release.assets)))
        .saying(name)
        .seen_on(release.url.as_deref())
}

/// Last and last two extensions of each name, each once.
fn extensions(names: &[String]) -> BTreeSet<&str> {
    let mut all = BTreeSet::new();
    for name in names {
        let dots: Vec<_> = name.rmatch_indices('.').map(|(at, _)| at).take(2).collect();
        all.extend(dots.into_iter().filter(|&at| at > 0).map(|at| &name[at + 1..]));
    }
    all
}

/// The changes that commits belong to, in the order of their newest commit. Scorecard's grouping: by merged change, else
/// by the revision of the review system that the message names, else each commit by itself.
fn changesets(facts: &Facts, commits: &[Changeset]) -> Vec<Record> {
    let mut seen = BTreeSet::new();
    let mut records = Vec::new();
    for commit in commits {
        let message = Message::parse(&commit.message);
        let revision = message.revision();
        let change = commit.merged_change.known().and_then(Option::as_ref);
        let key = match (change, &revision) {
            (Some(change), _) => format!("change {}", change.number),
            (None, Some(revision)) => format!("{:?} {}", revision.system, revision.id.unwrap_or(&commit.oid)),
            (None, None) => commit.oid.clone(),
        };
        if seen.insert(key) {
            records.push(changeset(facts, commit, change, revision.map(|revision| revision.system)));
        }
    }
    records
}

fn changeset(
    facts: &Facts,
    commit: &Changeset,
    change: Option<&AssociatedChange>,
    system: Option<ReviewSystem>,
) -> Record {
    let reviewed_on = system.map(|system| match system {
        ReviewSystem::Gerrit => "gerrit",
        ReviewSystem::Phabricator => "phabricator",
        ReviewSystem::Piper => "piper",
    });
    let url = facts.url().map(|url| format!("{url}/commit/{}", commit.oid));
    let mut record = Record::new(Kind::Changeset)
        .with("changeset.id", &commit.oid)
        .with("changeset.author", commit.author.as_ref().map(|author| &author.login))
        .with("changeset.reviewed_on", list(reviewed_on))
        .saying(&commit.message)
        .seen_on(url.as_deref());
    record.evidence.commit = Some(commit.oid.clone());
    if commit.merged_change.known().is_none() {
        for field in [
            "changeset.change_author",
            "changeset.author_is_bot",
            "changeset.merged_by",
            "changeset.approved_by",
            "changeset.is_approved_by_other",
            "changeset.labels",
        ] {
            record.set(field, facts.answer(&commit.merged_change, |_| FieldValue::Absent));
        }
    }
    if let Some(change) = change {
        // A person whose account is gone has no login any more, and was somebody else all the same.
        let login = |actor: Option<&Actor>| actor.map_or(String::new(), |actor| actor.login.clone());
        let author = login(change.author.as_ref());
        let approved_by: Vec<String> = (change.reviews.iter())
            .filter(|review| review.state == ReviewState::Approved)
            .map(|review| login(review.author.as_ref()))
            .collect();
        let merged_by = change.merged_at.map(|_| login(change.merged_by.as_ref()));
        let by_other = approved_by.iter().chain(&merged_by).any(|login| *login != author);
        record.set("changeset.change_author", &author);
        record.set("changeset.author_is_bot", change.author.as_ref().is_some_and(|author| author.is_bot));
        record.set("changeset.merged_by", merged_by);
        record.set("changeset.is_approved_by_other", by_other);
        record.set("changeset.approved_by", list(approved_by));
        record.set("changeset.labels", list(change.labels.iter().map(String::as_str)));
    }
    record
}

fn ninety_days_before(now: Timestamp) -> Timestamp {
    let span = Span::new().days(90).to_duration(SpanRelativeTo::days_are_24_hours());
    span.ok().and_then(|span| now.checked_sub(span).ok()).unwrap_or(Timestamp::MIN)
}
