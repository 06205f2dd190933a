//! `eyrie project`.

use std::fmt::Write as _;

use eyrie_register::domain::date::PartialDate;
use eyrie_register::domain::fact::{
    CriterionEvaluated, ProjectKind, ProjectOrigin, ProjectSubmitted, Verdict,
};
use eyrie_register::domain::id::{ProjectId, StageId};
use eyrie_register::domain::policy::{Channel, Level, Policy};
use eyrie_register::domain::state::gates::{criterion, gates};
use eyrie_register::domain::state::{Project, State};
use jiff::civil::Date;
use serde_json::json;

use super::args::{LookArgs, ProjectArgs, ProjectCommand};
use super::{Answer, Desk, answers, evaluate, evidence, id, optional};
use crate::error::Error;
use crate::exit::Exit;
use crate::render::text::visible;

/// The project that a name means.
pub(super) fn find<'a>(state: &'a State, name: &str) -> Result<&'a Project, Error> {
    state.project(name).ok_or_else(|| {
        Error::unknown("project", name, state.projects.keys().map(ProjectId::as_str), "eyrie project list")
    })
}

/// Runs `eyrie project`.
pub(crate) fn run(args: &ProjectArgs) -> Result<Exit, Error> {
    let desk = Desk::new(&args.place);
    match &args.command {
        ProjectCommand::List { look } => list(&desk, look),
        ProjectCommand::Submit { project, name, repo, answers: file, preferred, parent, creator, write } => {
            let (answers, notes) = match file {
                Some(path) => answers::read(path)?,
                None => Default::default(),
            };
            let fact = ProjectSubmitted {
                project: id(project)?,
                name: name.clone().unwrap_or_else(|| project.clone()),
                kind: ProjectKind::default(),
                origin: ProjectOrigin::default(),
                repository: repo.clone(),
                preferred_stage: optional(preferred.as_ref())?,
                parent: optional(parent.as_ref())?,
                creator: optional(creator.as_ref())?,
                answers,
            };
            let draft = desk.draft(write, fact)?;
            let day = draft.when.days().last;
            desk.write_and(write, vec![draft], |register| {
                let policy = register.state().policy(day)?;
                let project = register.state().projects.get(&project.parse::<ProjectId>().ok()?)?;
                let lacking: Vec<&str> = policy
                    .answers
                    .iter()
                    .filter(|one| !one.optional && !project.answers.contains_key(&one.id))
                    .map(|one| one.id.as_str())
                    .collect();
                let mut text: String = notes.iter().map(|note| format!("note: {note}\n")).collect();
                if !lacking.is_empty() {
                    let _ =
                        writeln!(text, "note: [C10] the submission leaves {} unanswered", lacking.join(", "));
                }
                Some(Answer { text, json: json!({ "unanswered": lacking, "repaired": notes }) })
            })
        }
        ProjectCommand::Status { project, stage, look } => {
            let (state, day) = desk.look(look)?;
            desk.answer(&status(&state, find(&state, project)?, stage.as_deref(), day)?)
        }
        ProjectCommand::Draft { project, to, look } => {
            let (state, day) = desk.look(look)?;
            let project = find(&state, project)?;
            let policy = in_force(&state, day)?;
            let to = target(policy, project, to.as_deref())?;
            let proposal = eyrie_register::proposal::proposal(&state, policy, project, &to, day);
            let json = json!({ "proposal": proposal });
            desk.answer(&Answer { text: proposal.markdown(), json })
        }
        ProjectCommand::Evaluate {
            project,
            criterion,
            verdict,
            reason,
            evidence: at,
            repo,
            stage,
            write,
        } => {
            let register = desk.load()?;
            let project = find(register.state(), project)?;
            let when = write.date.unwrap_or_else(|| desk.today().into());
            let day = when.days().last;
            let Some(repo) = repo else {
                let fact = CriterionEvaluated {
                    project: project.id.clone(),
                    criterion: id(criterion.as_deref().unwrap_or_default())?,
                    verdict: verdict.unwrap_or(Verdict::Unknown),
                    reason: reason.clone().unwrap_or_default(),
                    evidence: evidence(at, when, None),
                };
                return desk.write(write, vec![desk.draft(write, fact)?]);
            };
            let policy = in_force(register.state(), day)?;
            let to = target(policy, project, stage.as_deref())?;
            let report = evaluate::assess(repo, desk.now)?;
            let mut drafts = Vec::new();
            for criterion in policy.criteria_for(&to) {
                if let Some(fact) = evaluate::evaluate(&report, &project.id, criterion, day) {
                    drafts.push(desk.draft(write, fact)?);
                }
            }
            desk.write(write, drafts)
        }
    }
}

fn in_force(state: &State, day: Date) -> Result<&Policy, Error> {
    state.policy(day).ok_or_else(|| Error::Usage {
        message: format!("no version of the policy is in force on {day}"),
        help: "adopt one with `eyrie register adopt`, or name another day".to_owned(),
    })
}

/// The stage that was asked for, or the next one up.
fn target(policy: &Policy, project: &Project, stage: Option<&str>) -> Result<StageId, Error> {
    if let Some(name) = stage {
        let found = policy
            .stages
            .iter()
            .find(|stage| stage.id.as_str() == name || stage.name.eq_ignore_ascii_case(name));
        return found.map(|stage| stage.id.clone()).ok_or_else(|| {
            let known = policy.stages.iter().map(|stage| stage.id.as_str());
            Error::unknown("stage", name, known, "eyrie policy explain")
        });
    }
    let rank = project.stage().and_then(|stage| policy.stage(stage)).map_or(0, |stage| stage.rank);
    let next =
        policy.reachable(project.stage()).into_iter().find(|stage| stage.rank > rank && !stage.is_final);
    let preferred = project.preferred_stage.clone().filter(|_| rank == 0);
    preferred.or_else(|| next.map(|stage| stage.id.clone())).ok_or_else(|| Error::Usage {
        message: format!("there is no stage after the one that {} is in", project.id),
        help: "name one with --for".to_owned(),
    })
}

fn list(desk: &Desk, look: &LookArgs) -> Result<Exit, Error> {
    let (state, _) = desk.look(look)?;
    let (mut text, mut all) = (String::new(), Vec::new());
    for project in state.projects.values() {
        let (stage, since): (&str, PartialDate) = match project.stages.last() {
            Some(span) => (span.stage.as_str(), span.entered),
            None => ("proposed", project.submitted),
        };
        let _ = writeln!(
            text,
            "{:<20} {stage:<12} since {since}  {}",
            project.id.as_str(),
            visible(&project.name)
        );
        all.push(json!({ "project": project.id, "name": project.name, "stage": stage, "since": since }));
    }
    desk.answer(&Answer { text, json: json!({ "projects": all }) })
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "✓",
        Verdict::Unmet => "✗",
        Verdict::NotApplicable | Verdict::Waived => "–",
        Verdict::Unknown => "?",
    }
}

/// Where a project stands, and what the stage asks for.
fn status(state: &State, project: &Project, stage: Option<&str>, day: Date) -> Result<Answer, Error> {
    let policy = in_force(state, day)?;
    let mut text = match project.stages.last() {
        Some(span) => {
            let by = span.vote.as_ref().map_or_else(|| "no vote on record".to_owned(), ToString::to_string);
            format!("{}: {} since {} ({by})\n", visible(&project.name), span.stage, span.entered)
        }
        None => format!("{}: proposed on {}\n", visible(&project.name), project.submitted),
    };
    let _ = writeln!(text, "as of {day}, by {} {}", policy.policy, policy.version);
    let (mut gates_json, mut criteria_json) = (Vec::new(), Vec::new());
    let mut asked_for = None;
    match target(policy, project, stage) {
        Err(error) if stage.is_some() => return Err(error),
        Err(_) => {}
        Ok(to) => {
            match policy.transition(project.stage(), &to) {
                None => {
                    let _ = writeln!(text, "\nto {to}: the policy knows no way there from here");
                }
                Some(way) => {
                    for decision in &way.decisions {
                        let rule = policy.vote_rule(&decision.body, Channel::Meeting, Some(&to));
                        let rule =
                            rule.or_else(|| policy.vote_rule(&decision.body, Channel::Forge, Some(&to)));
                        let rule = rule.map_or_else(String::new, |one| format!(": {}", one.rule.pass));
                        let _ = writeln!(text, "\nto {to}, a vote of {}{rule}", decision.body);
                        for gate in gates(state, project, &to, &decision.body, day) {
                            let sign = if gate.open { "✓" } else { "✗" };
                            let _ = writeln!(text, "  {sign} {}  [{}]", visible(&gate.text), gate.rule);
                            if let Some(help) = &gate.help {
                                let _ = writeln!(text, "      {}", visible(help));
                            }
                            gates_json.push(json!({ "body": decision.body, "gate": gate }));
                        }
                    }
                }
            }
            let all = policy.criteria_for(&to);
            if !all.is_empty() {
                let standings: Vec<_> =
                    all.iter().map(|one| (*one, criterion(state, project, one, day))).collect();
                let done = standings
                    .iter()
                    .filter(|(_, one)| !matches!(one.verdict, Verdict::Unmet | Verdict::Unknown))
                    .count();
                let _ = writeln!(text, "\ncriteria of {to}: {done} of {}", all.len());
                for (one, standing) in standings {
                    let level = match one.level {
                        Level::Suggested => ", suggested",
                        Level::Required | Level::Unmarked => "",
                    };
                    let _ = writeln!(
                        text,
                        "  {} {}  {}{level}: {}",
                        mark(standing.verdict),
                        one.id,
                        standing.verdict.name(),
                        visible(&standing.reason)
                    );
                    for evidence in &standing.evidence {
                        let _ = writeln!(text, "      evidence: {}", visible(evidence));
                    }
                    if let Some(act) = &standing.act {
                        let _ = writeln!(text, "      next: {}", visible(act));
                    }
                    criteria_json.push(json!({ "criterion": one.id, "level": one.level, "text": one.text, "standing": standing }));
                }
            }
            asked_for = Some(to);
        }
    }
    let owed: Vec<_> = project.obligations.iter().filter(|owed| owed.met.is_none()).collect();
    if !owed.is_empty() {
        text.push_str("\nowed\n");
        for one in &owed {
            let _ = writeln!(text, "  {} ({}), since {}", one.obligation.text, one.obligation.by, one.since);
        }
    }
    let due = state.annual_review_due(&project.id, day);
    if let Some(due) = due {
        let _ = writeln!(text, "\nyearly review due on {due}");
    }
    let json = json!({
        "project": project.id,
        "stage": project.stage(),
        "as_of": day,
        "policy": format!("{} {}", policy.policy, policy.version),
        "for": asked_for,
        "gates": gates_json,
        "criteria": criteria_json,
        "owed": owed,
        "annual_review_due": due,
    });
    Ok(Answer { text, json })
}
