//! `eyrie vote`.

use std::fmt::Write as _;

use eyrie_register::domain::fact::{
    BallotCast, Claim, ConsentGiven, Fact, Motion, SeatRecused, VoteClosed, VoteOpened,
};
use eyrie_register::domain::id::{ProjectId, VoteId};
use eyrie_register::domain::policy::Channel;
use eyrie_register::domain::state::{State, Vote};
use eyrie_register::domain::vote::{Choice, Outcome};
use jiff::civil::Date;
use serde_json::json;

use super::args::{VoteArgs, VoteCommand};
use super::{Answer, Desk, id, project};
use crate::error::Error;
use crate::exit::Exit;
use crate::render::text::visible;

/// The project that a fact about a vote is about.
pub(super) fn of_entry<'a>(state: &'a State, fact: &Fact) -> Option<&'a ProjectId> {
    let vote = match fact {
        Fact::BallotCast(fact) => &fact.vote,
        Fact::SeatRecused(fact) => &fact.vote,
        Fact::ConsentGiven(fact) => &fact.vote,
        Fact::VoteClosed(fact) => &fact.vote,
        Fact::VoteVoided(fact) => &fact.vote,
        _ => return None,
    };
    state.votes.get(vote)?.motion.project()
}

fn find<'a>(state: &'a State, name: &str) -> Result<&'a Vote, Error> {
    let found = name.parse::<VoteId>().ok().and_then(|id| state.votes.get(&id));
    found.ok_or_else(|| {
        Error::unknown("vote", name, state.votes.keys().map(VoteId::as_str), "eyrie vote list")
    })
}

/// Runs `eyrie vote`.
pub(crate) fn run(args: &VoteArgs) -> Result<Exit, Error> {
    let desk = Desk::new(&args.place);
    match &args.command {
        VoteCommand::List { look } => {
            let (state, day) = desk.look(look)?;
            let (mut text, mut list) = (String::new(), Vec::new());
            for vote in state.votes.values() {
                let answer = explained(&state, vote, day);
                let outcome = answer.json["outcome"].as_str().unwrap_or("not counted").to_owned();
                let closed =
                    vote.closed.or(vote.voided).map_or_else(|| "open".to_owned(), |date| date.to_string());
                let _ =
                    writeln!(text, "{}  {closed}  {outcome}  {}", vote.id, visible(&vote.motion.to_string()));
                list.push(answer.json);
            }
            desk.answer(&Answer { text, json: json!({ "votes": list }) })
        }
        VoteCommand::Open {
            vote,
            project: name,
            to,
            resolve,
            waive,
            reason,
            raise,
            cents,
            body,
            meeting,
            email,
            forge: _,
            write,
        } => {
            let register = desk.load()?;
            let project = || -> Result<ProjectId, Error> {
                let name = name.as_deref().unwrap_or_default();
                Ok(project::find(register.state(), name)?.id.clone())
            };
            let motion = match (to, resolve, waive, raise) {
                (Some(to), ..) => Motion::Move { project: project()?, to: id(to)? },
                (_, Some(text), ..) => Motion::Resolve { text: text.clone() },
                (_, _, Some(criterion), _) => Motion::Waive {
                    project: project()?,
                    criterion: id(criterion)?,
                    reason: reason.clone().unwrap_or_default(),
                },
                (_, _, _, raise) => Motion::RaiseCap {
                    project: project()?,
                    benefit: id(raise.as_deref().unwrap_or_default())?,
                    cents: cents.unwrap_or_default(),
                },
            };
            let (channel, meeting) = match meeting {
                Some(meeting) => (Channel::Meeting, Some(id(meeting)?)),
                None if *email => (Channel::Email, None),
                None => (Channel::Forge, None),
            };
            let fact = VoteOpened {
                vote: id(vote)?,
                body: id(body)?,
                motion,
                channel,
                meeting,
                moved_by: None,
                seconded_by: None,
            };
            desk.write(write, vec![desk.draft(write, fact)?])
        }
        VoteCommand::Cast { vote, ballots, write } => {
            let mut drafts = Vec::new();
            for ballot in ballots {
                drafts.push(desk.draft(write, cast(vote, ballot)?)?);
            }
            let name = vote.clone();
            let day = write.date.map_or_else(|| desk.today(), |date| date.days().last);
            desk.write_and(write, drafts, |register| {
                let vote = find(register.state(), &name).ok()?;
                let counted = vote.count(register.state(), day).ok()?;
                let last = counted.count.steps.last()?.clone();
                let json = json!({ "outcome": counted.count.outcome.name() });
                Some(Answer { text: format!("{name}: {last}\n"), json })
            })
        }
        VoteCommand::Recuse { vote, seat, reason, write } => {
            let fact = SeatRecused { vote: id(vote)?, seat: id(seat)?, reason: reason.clone() };
            desk.write(write, vec![desk.draft(write, fact)?])
        }
        VoteCommand::Consent { vote, write } => {
            desk.write(write, vec![desk.draft(write, ConsentGiven { vote: id(vote)? })?])
        }
        VoteCommand::Close { vote, claim, yes, no, abstain, write } => {
            let outcome = |text: &String| {
                let all = [Outcome::Passed, Outcome::Failed, Outcome::NoQuorum];
                all.into_iter().find(|outcome| outcome.name() == text).ok_or_else(|| {
                    Error::unknown(
                        "result",
                        text,
                        all.iter().map(|one| one.name()),
                        "eyrie vote close --help",
                    )
                })
            };
            let claimed = match claim {
                Some(text) => Some(Claim { outcome: outcome(text)?, yes: *yes, no: *no, abstain: *abstain }),
                None => None,
            };
            let name = vote.clone();
            let draft = desk.draft(write, VoteClosed { vote: id(vote)?, claimed })?;
            let day = draft.when.days().first;
            desk.write_and(write, vec![draft], |register| {
                let vote = find(register.state(), &name).ok()?;
                Some(explained(register.state(), vote, day))
            })
        }
        VoteCommand::Explain { vote, look } => {
            let (state, day) = desk.look(look)?;
            desk.answer(&explained(&state, find(&state, vote)?, day))
        }
    }
}

/// A ballot as `seat=yes` or `seat/person=yes`.
fn cast(vote: &str, ballot: &str) -> Result<BallotCast, Error> {
    let all = [Choice::Yes, Choice::No, Choice::Abstain];
    let parsed = ballot.split_once('=').and_then(|(who, choice)| {
        let choice = all.into_iter().find(|one| one.name() == choice)?;
        Some((who, choice))
    });
    let (who, choice) = parsed.ok_or_else(|| Error::Usage {
        message: format!("`{ballot}` is no ballot"),
        help: "write it as `intel=yes`, with `no` or `abstain` for the others".to_owned(),
    })?;
    let (seat, voter) = match who.split_once('/') {
        Some((seat, voter)) => (seat, Some(id(voter)?)),
        None => (who, None),
    };
    Ok(BallotCast { vote: id(vote)?, seat: id(seat)?, voter, choice })
}

/// What came of a vote, or can still come of it, step by step.
fn explained(state: &State, vote: &Vote, day: Date) -> Answer {
    let mut text = format!("{}: {}\n", vote.id, visible(&vote.motion.to_string()));
    let at = vote.meeting.as_ref().map_or_else(String::new, |meeting| format!(" at {meeting}"));
    let _ = writeln!(text, "  opened on {} in {} by {}{at}", vote.opened, vote.body, vote.channel.name());
    if let Some(closed) = vote.closed {
        let _ = writeln!(text, "  closed on {closed}");
    }
    if let Some(voided) = vote.voided {
        let _ = writeln!(text, "  ended without effect on {voided}, because members asked for a meeting");
        let json = json!({ "vote": vote, "outcome": "voided" });
        return Answer { text, json };
    }
    let counted = match vote.result.clone().map_or_else(|| vote.count(state, day), Ok) {
        Ok(counted) => counted,
        Err(why) => {
            let _ = writeln!(text, "  it cannot be counted: {why}");
            return Answer { text, json: json!({ "vote": vote, "error": why }) };
        }
    };
    let _ = writeln!(text, "  by {} of {} ({})", counted.rule, counted.policy, counted.at);
    for remark in &counted.remarks {
        let _ = writeln!(text, "    {remark}");
    }
    for step in &counted.count.steps {
        let _ = writeln!(text, "  · {step}");
    }
    let json = json!({ "vote": vote, "outcome": counted.count.outcome.name(), "counted": counted });
    Answer { text, json }
}
