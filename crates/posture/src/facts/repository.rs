//! The one record of kind `repository`.

use eyrie_forge::Answer;

use super::Facts;
use super::commits::days;
use crate::kind::Kind;
use crate::record::{FieldValue, Missing, Record, list, map};

pub(super) fn record(facts: &Facts) -> Record {
    let sources = &facts.sources;
    let forge = &sources.forge.repository;
    let seconds = sources.now;
    let mut record = Record::new(Kind::Repository)
        .with("repo.name", facts.answer(&forge.name, |name| name.into()))
        .with("repo.owner", facts.answer(&forge.owner, |owner| (&owner.login).into()))
        .with("repo.url", facts.url())
        .with("repo.root_path", &sources.given)
        .with("repo.has_git", sources.git.is_some())
        .with("repo.git_at_root", sources.git.as_ref().is_some_and(|git| git.at_root))
        .with("repo.is_shallow", sources.git.as_ref().map(|git| git.repository.is_shallow()))
        .with("repo.commit", sources.git.as_ref().and_then(|git| git.commit).map(|commit| commit.to_string()))
        .with("repo.homepage", facts.answer(&forge.homepage_url, non_empty))
        .with("repo.license", facts.answer(&forge.license, non_empty))
        .with("repo.code_of_conduct_url", facts.answer(&forge.code_of_conduct_url, non_empty))
        .with("repo.security_policy_url", facts.answer(&forge.security_policy_url, non_empty))
        .with("repo.archived", facts.answer(&forge.archived, |archived| (*archived).into()))
        .with("repo.age_days", facts.answer(&forge.created_at, |at| days(seconds, at.as_second()).into()))
        .with(
            "repo.discussion_url",
            facts.answer(&forge.discussions, |all| {
                let newest = all.iter().max_by_key(|discussion| discussion.created_at);
                newest.and_then(|discussion| discussion.url.as_ref()).into()
            }),
        )
        .with(
            "repo.discussion_age_days",
            facts.answer(&forge.discussions, |all| {
                let newest = all.iter().map(|discussion| discussion.created_at).max();
                newest.map(|at| days(seconds, at.as_second())).into()
            }),
        )
        .with(
            "repo.organisation_files",
            facts.answer(&sources.forge.organization_files, |files| list(files.iter().map(String::as_str))),
        )
        .with("repo.license_scanning_url", sources.license_scanning_url.as_deref())
        .with("landscape.given", sources.landscape_given)
        .with(
            "landscape.keys",
            facts.answer(&sources.forge.landscape, |item| match item {
                Some(item) => {
                    list(item.extra.iter().filter(|(_, value)| value.is_some()).map(|(key, _)| key.as_str()))
                }
                None => FieldValue::Absent,
            }),
        );
    record.set("repo.default_branch", default_branch(facts));
    record.set("repo.actions", actions(facts));
    let runs = facts.missing(Missing {
        why: "the results of workflow runs are not asked for".to_owned(),
        supply: "give the result of a Scorecard run with --scorecard".to_owned(),
    });
    record.set("repo.actions_succeeded_at_head", runs);
    record.set("scorecard.given", sources.scorecard.is_some());
    match &sources.scorecard {
        Some(run) => {
            let scores = run.checks.iter().map(|(name, score, _)| (name.as_str().into(), *score)).collect();
            record.set("scorecard.score", FieldValue::Numbers(scores));
            let reasons = run.checks.iter().map(|(name, _, reason)| (name.as_str(), reason.as_str()));
            record.set("scorecard.reason", map(reasons));
        }
        None => {
            let missing = facts.missing(Missing {
                why: "no OpenSSF Scorecard run was given".to_owned(),
                supply: "give the JSON of a run with --scorecard".to_owned(),
            });
            record.set("scorecard.score", missing);
            record.set("scorecard.reason", missing);
        }
    }
    record.evidence.url = facts.url();
    record
}

fn actions(facts: &Facts) -> FieldValue {
    let Some(at) = Kind::Workflow.field("workflow.actions") else { return FieldValue::Absent };
    let mut all: Vec<Box<str>> = Vec::new();
    for workflow in &facts.set(Kind::Workflow).records {
        match workflow.value(at) {
            FieldValue::List(actions) => all.extend(actions.iter().cloned()),
            FieldValue::Unavailable(missing) => return (*missing).into(),
            _ => {}
        }
    }
    all.sort_unstable();
    all.dedup();
    list(all)
}

fn non_empty(text: &Option<String>) -> FieldValue {
    text.as_deref().filter(|text| !text.is_empty()).into()
}

fn default_branch(facts: &Facts) -> FieldValue {
    if let Answer::Known(Some(branch)) = &facts.sources.forge.repository.default_branch {
        return branch.into();
    }
    match &facts.sources.git {
        Some(git) => git.repository.default_branch().into(),
        None => FieldValue::Unavailable(facts.missing(Missing {
            why: "there is no git repository here".to_owned(),
            supply: "assess a clone instead of a plain folder".to_owned(),
        })),
    }
}
