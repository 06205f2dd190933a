//! What a project lacks: whether each criterion is met ([`criterion`]), whether each gate of a vote is open ([`gate`]), and why a
//! vote on moving a project may not open ([`refusals`]).

use jiff::civil::Date;
use serde::Serialize;

use super::projects::reachable;
use super::{Project, State, Violation};
use crate::domain::date::months_later;
use crate::domain::fact::{Document, DocumentState, ExceptionState, Verdict};
use crate::domain::id::{BodyId, ProjectId, StageId};
use crate::domain::policy::{Criterion, DecidedBy, Gate, Level, Needs, Policy};

/// How a criterion stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// What is known.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// What it rests on: addresses with dates.
    pub evidence: Vec<String>,
    /// Who has to act, where it is not met.
    pub act: Option<String>,
}

/// How a gate stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GateStanding {
    /// The source's rule id.
    pub rule: String,
    /// Whether it is open.
    pub open: bool,
    /// What is there, or what is lacking.
    pub text: String,
    /// What to do.
    pub help: Option<String>,
}

/// How a criterion of a project stands on a day.
pub fn criterion(state: &State, project: &Project, criterion: &Criterion, day: Date) -> Standing {
    let record = project.criteria.get(&criterion.id);
    if let Some((date, reason)) = record.and_then(|record| record.waived.as_ref()) {
        return Standing {
            verdict: Verdict::Waived,
            reason: format!("waived on {date}: {reason}"),
            evidence: Vec::new(),
            act: None,
        };
    }
    let latest = record.and_then(|record| {
        record
            .evaluations
            .iter()
            .filter(|one| one.date.days().first <= day)
            .max_by_key(|one| one.date.days().first)
    });
    if let Some(evaluated) = latest {
        let evidence = evaluated.evidence.iter().map(|one| format!("{} ({})", one.at, one.date)).collect();
        let expired = evaluated
            .evidence
            .iter()
            .find(|one| one.expires.is_some_and(|expires| expires < day))
            .filter(|_| evaluated.verdict == Verdict::Met);
        if let Some(expired) = expired {
            return Standing {
                verdict: Verdict::Unknown,
                reason: format!(
                    "the evidence {} has expired; met when looked at on {}",
                    expired.at, evaluated.date
                ),
                evidence,
                act: Some("look again".to_owned()),
            };
        }
        let act = match evaluated.verdict {
            Verdict::Unmet | Verdict::Unknown => Some(asked(criterion)),
            _ => None,
        };
        return Standing {
            verdict: evaluated.verdict,
            reason: format!("{} ({}, {})", evaluated.reason, evaluated.by, evaluated.date),
            evidence,
            act,
        };
    }
    if let Some(wanted) = &criterion.attested {
        let mut organisations: Vec<&str> = Vec::new();
        let mut evidence = Vec::new();
        for one in project.attestations.iter().filter(|one| one.about == wanted.about) {
            let counts = (!wanted.independent || one.independent)
                && one.date.days().first <= day
                && one.evidence.iter().all(|evidence| evidence.expires.is_none_or(|last| day <= last));
            if let Some(organisation) = one.organisation.as_ref().filter(|_| counts)
                && !organisations.contains(&organisation.as_str())
            {
                organisations.push(organisation.as_str());
                evidence.extend(one.evidence.iter().map(|one| format!("{} ({})", one.at, one.date)));
            }
        }
        let enough = organisations.len() >= wanted.at_least;
        let independent = if wanted.independent { "independent " } else { "" };
        let reason = format!(
            "{} of {} {independent}organisations attested{}",
            organisations.len(),
            wanted.at_least,
            if organisations.is_empty() { String::new() } else { format!(": {}", organisations.join(", ")) }
        );
        // Attested is not judged: where the text leaves the last word to the body, it stays open until that is recorded.
        return match (enough, criterion.decided_by) {
            (true, DecidedBy::Judgement) => Standing {
                verdict: Verdict::Unknown,
                reason: format!("{reason}; the body has not judged it yet"),
                evidence,
                act: Some(asked(criterion)),
            },
            (true, _) => Standing { verdict: Verdict::Met, reason, evidence, act: None },
            (false, _) => Standing {
                verdict: Verdict::Unknown,
                reason,
                evidence,
                act: Some(format!(
                    "a maintainer: `eyrie attest {} {} --org … --evidence URL`",
                    project.id, wanted.about
                )),
            },
        };
    }
    if let Some(needs) = &criterion.needs {
        let (open, text, help) = needed(state, project, needs, &criterion.stage, None, day);
        let verdict = if open { Verdict::Met } else { Verdict::Unmet };
        return Standing { verdict, reason: text, evidence: Vec::new(), act: help };
    }
    let attested = project
        .attestations
        .iter()
        .rfind(|one| one.about == criterion.id.as_str() && one.date.days().first <= day);
    if let (Some(one), DecidedBy::Attestation) = (attested, criterion.decided_by) {
        let evidence: Vec<String> =
            one.evidence.iter().map(|one| format!("{} ({})", one.at, one.date)).collect();
        let current = one.evidence.iter().all(|one| one.expires.is_none_or(|last| day <= last));
        return match (current, evidence.is_empty()) {
            (true, false) => Standing {
                verdict: Verdict::Met,
                reason: format!("attested by {} on {}: {}", one.by, one.date, one.text),
                evidence,
                act: None,
            },
            (false, _) => Standing {
                verdict: Verdict::Unknown,
                reason: format!(
                    "what {} attested on {} rests on evidence that has expired",
                    one.by, one.date
                ),
                evidence,
                act: Some(asked(criterion)),
            },
            (true, true) => Standing {
                verdict: Verdict::Unknown,
                reason: format!("{} attested it on {} without evidence", one.by, one.date),
                evidence,
                act: Some(asked(criterion)),
            },
        };
    }
    let asserted = record.and_then(|record| record.assertions.last());
    let reason = match asserted {
        Some((date, claim, _)) => format!("the project asserted on {date}: {claim}; nobody has looked yet"),
        None => "nobody has looked yet".to_owned(),
    };
    Standing { verdict: Verdict::Unknown, reason, evidence: Vec::new(), act: Some(asked(criterion)) }
}

/// Who has to answer a criterion.
fn asked(criterion: &Criterion) -> String {
    criterion.ask.clone().unwrap_or_else(|| {
        match criterion.decided_by {
            DecidedBy::Repository => "assess the repository",
            DecidedBy::Service => "ask the service, or attest with evidence",
            DecidedBy::Register => "record it",
            DecidedBy::Attestation => "a maintainer attests it with evidence",
            DecidedBy::Judgement => "the body judges",
        }
        .to_owned()
    })
}

/// How a gate of a vote on moving a project to `to` stands on a day.
pub fn gate(
    state: &State,
    project: &Project,
    gate: &Gate,
    to: &StageId,
    body: &BodyId,
    day: Date,
) -> GateStanding {
    let (open, text, help) = needed(state, project, &gate.needs, to, Some(body), day);
    GateStanding { rule: gate.rule.clone(), open, text, help }
}

fn needed(
    state: &State,
    project: &Project,
    needs: &Needs,
    to: &StageId,
    body: Option<&BodyId>,
    day: Date,
) -> (bool, String, Option<String>) {
    let id = &project.id;
    let policy = state.policy(day);
    let shut = |text: String, help: &str| (false, text, Some(help.to_owned()));
    let open = |text: String| (true, text, None);
    let names = |open: Vec<String>| open.join(", ");
    match needs {
        Needs::Presentation => {
            // As a criterion (no body votes) it is met for good; as a gate it is asked for anew in every stage.
            let since = body.and(project.stages.last()).map(|span| span.entered);
            let found = project.presentations.iter().find(|one| {
                body.is_none_or(|body| one.body == *body) && since.is_none_or(|since| !one.date.before(since))
            });
            match found {
                Some(one) => open(format!("presented on {} at {}", one.date, one.meeting)),
                None => shut(
                    format!("{id} has not presented its proposal at a meeting"),
                    "record the meeting, and then `proposal-presented`",
                ),
            }
        }
        Needs::Answers => {
            let missing: Vec<String> = policy
                .map(|policy| {
                    let wanted = policy.answers.iter().filter(|answer| !answer.optional);
                    wanted
                        .filter(|answer| {
                            project.answers.get(&answer.id).is_none_or(|(_, text)| text.trim().is_empty())
                        })
                        .map(|answer| answer.id.clone())
                        .collect()
                })
                .unwrap_or_default();
            match missing.is_empty() {
                true => open("every item of the submission is answered".to_owned()),
                false => shut(
                    format!("the submission leaves {} unanswered", missing.join(", ")),
                    "answer them; what does not apply is answered with N/A",
                ),
            }
        }
        Needs::ChangesMade => {
            let due: Vec<String> = project
                .changes
                .iter()
                .filter(|(_, change)| change.made.is_none())
                .map(|(item, change)| format!("{item} ({})", change.text))
                .collect();
            match due.is_empty() {
                true => open("every change that was asked for is made".to_owned()),
                false => {
                    shut(format!("changes are still to be made: {}", names(due)), "the project makes them")
                }
            }
        }
        Needs::Sponsors { at_least } => {
            let sponsors: Vec<String> = project
                .sponsors
                .iter()
                .filter(|one| body.is_none_or(|body| one.body == *body && one.until.is_none()))
                .map(|one| one.seat.to_string())
                .collect();
            match sponsors.len() >= *at_least {
                true => open(format!("championed by {}", names(sponsors))),
                false => shut(
                    format!("{id} has {} of {at_least} sponsors", sponsors.len()),
                    "a member of the body agrees to be its sponsor",
                ),
            }
        }
        Needs::Criteria => {
            let Some(policy) = policy else { return shut("no policy is in force".to_owned(), "adopt one") };
            let lacking: Vec<String> = policy
                .criteria_for(to)
                .into_iter()
                .filter(|one| one.level != Level::Suggested)
                .map(|one| (one, criterion(state, project, one, day)))
                .filter(|(_, standing)| {
                    !matches!(standing.verdict, Verdict::Met | Verdict::NotApplicable | Verdict::Waived)
                })
                .map(|(one, standing)| format!("{} ({})", one.id, standing.verdict.name()))
                .collect();
            match lacking.is_empty() {
                true => open(format!("every required criterion of {to} is met, waived or not applicable")),
                false => (
                    false,
                    format!("required criteria of {to} are open: {}", names(lacking)),
                    Some(format!("see `eyrie project status {id} --for {to}`")),
                ),
            }
        }
        Needs::Decided { body } => match project.decided(body, to) {
            Some(taken) => open(format!("{body} decided on {} ({})", taken.date, taken.vote)),
            None => shut(format!("{body} has not decided to move {id} to {to}"), "that vote comes first"),
        },
        Needs::Informed { body } => match project.informed.get(body) {
            Some(date) => open(format!("{body} was informed on {date}")),
            None => shut(format!("{body} was not informed of {id}"), "inform it, and record that"),
        },
        Needs::Legal => legal(project),
        Needs::LegalQuestions => {
            let due: Vec<String> = project
                .legal
                .questions
                .iter()
                .filter(|(_, question)| question.answered.is_none())
                .map(|(item, question)| {
                    let where_ = if question.referred { ", with the legal committee" } else { "" };
                    format!("{item} ({}{where_})", question.text)
                })
                .collect();
            match due.is_empty() {
                true => open("no legal question is open".to_owned()),
                false => shut(format!("legal questions are open: {}", names(due)), "answer them"),
            }
        }
        Needs::Notice { months } => {
            let since = project.stages.last().map(|span| span.entered);
            let notice = project
                .notices
                .iter()
                .filter(|notice| since.is_none_or(|since| !notice.posted.before(since)))
                .min_by_key(|notice| notice.posted.days().last);
            match notice.map(|notice| (notice, months_later(notice.posted.days().last, *months))) {
                Some((notice, due)) if due <= day => open(format!("a notice stands since {}", notice.posted)),
                Some((notice, due)) => shut(
                    format!(
                        "the notice of {} has not stood for {months} month(s): until {due}",
                        notice.posted
                    ),
                    "wait until then",
                ),
                None => shut(
                    format!("{id} has posted no notice"),
                    "the project posts it in its README, and it is recorded as `notice-posted`",
                ),
            }
        }
        Needs::Comment { kind, days } => {
            let since = project.stages.last().map(|span| span.entered);
            let periods = project
                .comments
                .iter()
                .filter(|one| one.kind == *kind && since.is_none_or(|since| !one.opened.before(since)));
            let lasted = |one: &super::Comment| {
                let opened = one.opened.days().last;
                (one.last - opened).get_days() >= *days
            };
            let mut found = periods.peekable();
            if found.peek().is_none() {
                return shut(format!("there was no {kind} comment period"), "open one");
            }
            let Some(period) = found.find(|one| lasted(one)) else {
                return shut(format!("the {kind} comment period is shorter than {days} days"), "extend it");
            };
            match period.last < day {
                true => open(format!("the {kind} comment period ended on {}", period.last)),
                false => {
                    shut(format!("the {kind} comment period lasts until {}", period.last), "wait until then")
                }
            }
        }
        Needs::NoFreeze => match state.frozen(day) {
            None => open("no freeze is on".to_owned()),
            Some(freeze) => shut(
                format!(
                    "votes do not open between {} and {}, for {}",
                    freeze.first, freeze.last, freeze.name
                ),
                "wait until it is over",
            ),
        },
        Needs::ConcernsResolved => {
            let due: Vec<String> = project
                .concerns
                .iter()
                .filter(|(_, concern)| concern.resolved.is_none())
                .map(|(item, concern)| format!("{item} ({})", concern.text))
                .collect();
            match due.is_empty() {
                true => open("no concern is open".to_owned()),
                false => shut(format!("concerns are open: {}", names(due)), "resolve each with evidence"),
            }
        }
        Needs::FindingsResolved { severities } => {
            let due: Vec<String> = project
                .findings
                .iter()
                .filter(|(_, finding)| finding.resolved.is_none())
                .filter(|(_, finding)| severities.iter().any(|one| one == finding.severity.name()))
                .map(|(item, finding)| format!("{item} ({}: {})", finding.severity.name(), finding.text))
                .collect();
            match due.is_empty() {
                true => open(format!("no audit finding of severity {} is open", severities.join(" or "))),
                false => shut(format!("audit findings are open: {}", names(due)), "address them"),
            }
        }
        Needs::LicenseExceptions => {
            let due: Vec<String> = project
                .license_exceptions
                .iter()
                .filter(|(_, exception)| **exception == ExceptionState::Pending)
                .map(|(item, _)| item.to_string())
                .collect();
            match due.is_empty() {
                true => open("no licence exception is pending".to_owned()),
                false => {
                    shut(format!("licence exceptions are pending: {}", names(due)), "wait for the answer")
                }
            }
        }
        Needs::GrowthPlan => match project.growth_plans.last() {
            Some(plan) if plan.with_liaison => open(format!("growth plan of {}", plan.date)),
            Some(plan) => shut(
                format!("no liaison took part in the growth plan of {}", plan.date),
                "go over it with the project's liaison",
            ),
            None => shut(format!("{id} has no growth plan"), "make one together with the project's liaison"),
        },
        Needs::Interviews { at_least } => {
            let done = project.interviews.values().filter(|one| one.summary_approved).count();
            match done >= *at_least {
                true => open(format!("{done} adopters were interviewed and approved the summary")),
                false => shut(
                    format!("{done} of {at_least} adopters were interviewed and approved the summary"),
                    "interview more",
                ),
            }
        }
    }
}

fn legal(project: &Project) -> (bool, String, Option<String>) {
    let legal = &project.legal;
    let mut lacking = Vec::new();
    if legal.submitted.is_none() {
        lacking.push("the form that starts it".to_owned());
    }
    let mut documents = vec![Document::Charter, Document::SeriesAgreement];
    if legal.contribution_agreement {
        documents.push(Document::ContributionAgreement);
    }
    for document in documents {
        if legal.documents.get(&document).is_none_or(|filed| filed.state < DocumentState::Drafted) {
            lacking.push(format!("the {}", document.name()));
        }
    }
    if legal.trademarks.is_none() {
        lacking.push("what becomes of trademarks".to_owned());
    }
    match lacking.is_empty() {
        true => (true, "the legal submission is complete".to_owned(), None),
        false => (
            false,
            format!("the legal submission of {} lacks {}", project.id, lacking.join(", ")),
            Some("record them as `legal-submitted`, `document-filed`, `trademarks-settled`".to_owned()),
        ),
    }
}

/// All gates of the vote of `body` on moving a project to `to`.
pub fn gates(state: &State, project: &Project, to: &StageId, body: &BodyId, day: Date) -> Vec<GateStanding> {
    let decision = state.policy(day).and_then(|policy| {
        let transition = policy.transition(project.stage(), to)?;
        transition.decisions.iter().find(|decision| decision.body == *body)
    });
    let Some(decision) = decision else { return Vec::new() };
    decision.gates.iter().map(|one| gate(state, project, one, to, body, day)).collect()
}

/// Why a vote of `body` on moving a project to `to` may not open on a day; nothing if it may.
pub fn refusals(
    state: &State,
    project: &ProjectId,
    to: &StageId,
    body: &BodyId,
    day: Date,
) -> Vec<Violation> {
    let refusal = |rule: &str, text: String, help: Option<String>| Violation {
        rule: rule.to_owned(),
        entry: None,
        refused: true,
        text,
        help,
    };
    let Some(project) = state.projects.get(project) else {
        return vec![refusal("I1", format!("there is no project {project}"), None)];
    };
    let Some(policy) = state.policy(day) else {
        return vec![refusal("I1", format!("no version of the policy is in force on {day}"), None)];
    };
    let Some(transition) = policy.transition(project.stage(), to) else {
        return vec![refusal("I1", no_way(policy, project, to), Some(reachable(policy, project.stage())))];
    };
    if !transition.decisions.iter().any(|decision| decision.body == *body) {
        let bodies: Vec<&str> = transition.decisions.iter().map(|one| one.body.as_str()).collect();
        let text = format!("{body} does not vote on moving a project to {to} ({})", transition.at);
        return vec![refusal("C9", text, Some(format!("{} does", bodies.join(" and then "))))];
    }
    gates(state, project, to, body, day)
        .into_iter()
        .filter(|gate| !gate.open)
        .map(|gate| refusal(&gate.rule, gate.text, gate.help))
        .collect()
}

fn no_way(policy: &Policy, project: &Project, to: &StageId) -> String {
    let from = project.stage().map_or("proposed", StageId::as_str);
    match policy.stage(to) {
        Some(_) => format!("{} {} knows no way from {from} to {to}", policy.policy, policy.version),
        None => format!("{} {} knows no stage `{to}`", policy.policy, policy.version),
    }
}
