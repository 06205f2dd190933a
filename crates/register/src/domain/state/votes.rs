//! Votes: who may vote when, and what a carried motion does. Counting is in [`crate::domain::vote`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::foundation::held;
use super::projects::enter_stage;
use super::{Applying, DecisionTaken, State, gates};
use crate::domain::date::PartialDate;
use crate::domain::fact::{
    BallotCast, ConsentGiven, Motion, SeatRecused, VoteClosed, VoteOpened, VoteVoided,
};
use crate::domain::id::{BodyId, MeetingId, PersonId, SeatId, VoteId, VoteRuleId};
use crate::domain::policy::{Channel, Selected};
use crate::domain::vote::{Choice, Count, Outcome, Question, count};

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vote {
    /// Its id.
    pub id: VoteId,
    /// Who votes.
    pub body: BodyId,
    /// On what.
    pub motion: Motion,
    /// How.
    pub channel: Channel,
    /// At which meeting.
    pub meeting: Option<MeetingId>,
    /// When it opened.
    pub opened: PartialDate,
    /// Who moved it.
    pub moved_by: Option<PersonId>,
    /// Who seconded it.
    pub seconded_by: Option<PersonId>,
    /// The ballots.
    pub ballots: BTreeMap<SeatId, Ballot>,
    /// The recused seats, and why.
    pub recused: BTreeMap<SeatId, String>,
    /// Whether it was taken as carried by consent.
    pub consent: bool,
    /// When it closed.
    pub closed: Option<PartialDate>,
    /// What came of it, once it is closed.
    pub result: Option<Counted>,
    /// Whether members ended it without effect.
    pub voided: Option<PartialDate>,
}

/// A ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ballot {
    /// Who gave it.
    pub voter: Option<PersonId>,
    /// What it says.
    pub choice: Choice,
    /// When.
    pub date: PartialDate,
}

/// A counted vote, with the rule it was counted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The version of the policy.
    pub policy: String,
    /// The rule.
    pub rule: VoteRuleId,
    /// Where the policy says so.
    pub at: String,
    /// The numbers.
    pub count: Count,
    /// Why this rule and not another, and what is to be known of it.
    pub remarks: Vec<String>,
}

impl Vote {
    /// Counts it as it stands on this day.
    ///
    /// # Errors
    /// If no policy is in force on that day, or none of its rules speaks of such a vote.
    pub fn count(&self, state: &State, day: Date) -> Result<Counted, String> {
        // A closed vote is judged as of the day it closed, however late one looks.
        let day = self.closed.map_or(day, |closed| closed.days().first);
        let policy =
            state.policy(day).ok_or_else(|| format!("no version of the policy is in force on {day}"))?;
        let Selected { rule, overridden, rivals } =
            policy.vote_rule(&self.body, self.channel, self.motion.to()).ok_or_else(|| {
                format!(
                    "{} {} says nothing of votes of {} by {}",
                    policy.policy,
                    policy.version,
                    self.body,
                    self.channel.name()
                )
            })?;
        let meeting = self.meeting.as_ref().and_then(|meeting| state.meetings.get(meeting));
        let roll: Option<BTreeSet<SeatId>> = meeting.map(|meeting| meeting.present.keys().cloned().collect());
        // Who may vote in a meeting's vote is settled on the meeting's day.
        let seats_on = meeting.map_or(day, |meeting| meeting.date.days().first);
        let seats = state.seats(&self.body, seats_on);
        let recused: BTreeSet<SeatId> = self.recused.keys().cloned().collect();
        let ballots: BTreeMap<SeatId, Choice> =
            self.ballots.iter().map(|(seat, ballot)| (seat.clone(), ballot.choice)).collect();
        let counted = count(&Question {
            rule,
            channel: self.channel,
            seats: &seats,
            roll: roll.as_ref(),
            recused: &recused,
            ballots: &ballots,
            consent: self.consent,
            closed: self.closed.is_some(),
        });
        let mut remarks = Vec::new();
        for other in overridden {
            remarks.push(format!(
                "{} ({}) says {}: {} applies, since it is the more specific",
                other.id, other.at, other.pass, rule.id
            ));
        }
        for other in rivals {
            remarks.push(format!(
                "{} ({}) says {} and is as specific: the policy contradicts itself; {} is taken, since it stands first",
                other.id, other.at, other.pass, rule.id
            ));
        }
        if rule.base_unstated {
            remarks.push(format!(
                "{} does not say of what the share is taken; it is read as {}",
                rule.at, rule.pass
            ));
        }
        Ok(Counted {
            policy: format!("{} {}", policy.policy, policy.version),
            rule: rule.id.clone(),
            at: rule.at.clone(),
            count: counted,
            remarks,
        })
    }

    /// Whether ballots can still be given.
    pub fn is_open(&self) -> bool {
        self.closed.is_none() && self.voided.is_none()
    }
}

pub(super) fn opened(on: &mut Applying<'_>, fact: &VoteOpened) {
    if on.state.votes.contains_key(&fact.vote) {
        return on.refuse("I3", format!("there is a vote {} already", fact.vote), None);
    }
    match (&fact.meeting, fact.channel) {
        (Some(meeting), Channel::Meeting) => {
            if let Err(text) = held(on, meeting, Some(&fact.body)) {
                on.refuse("I3", text, None);
            }
        }
        (None, Channel::Meeting) => {
            let help = Some("record it with `eyrie meeting record`, and name it".to_owned());
            on.refuse("C12", "a vote at a meeting needs the meeting with its roll call".to_owned(), help);
        }
        (Some(_), _) => {
            on.refuse("C13", format!("a vote by {} has no meeting", fact.channel.name()), None);
        }
        (None, _) => {}
    }
    let day = on.day();
    match &fact.motion {
        Motion::Move { project, to } => {
            for refusal in gates::refusals(on.state, project, to, &fact.body, day) {
                on.refuse(&refusal.rule, refusal.text, refusal.help);
            }
        }
        motion => {
            if let Some(project) = motion.project()
                && !on.state.projects.contains_key(project)
            {
                on.refuse("I1", format!("there is no project {project}"), None);
            }
        }
    }
    on.state.votes.insert(
        fact.vote.clone(),
        Vote {
            id: fact.vote.clone(),
            body: fact.body.clone(),
            motion: fact.motion.clone(),
            channel: fact.channel,
            meeting: fact.meeting.clone(),
            opened: on.when,
            moved_by: fact.moved_by.clone(),
            seconded_by: fact.seconded_by.clone(),
            ballots: BTreeMap::new(),
            recused: BTreeMap::new(),
            consent: false,
            closed: None,
            result: None,
            voided: None,
        },
    );
}

/// The vote, if it can be acted on now.
fn open_vote<'a>(on: &'a mut Applying<'_>, id: &VoteId) -> Result<&'a mut Vote, String> {
    let when = on.when;
    let vote = on.state.votes.get_mut(id).ok_or_else(|| format!("there is no vote {id}"))?;
    if when.before(vote.opened) {
        return Err(format!("the vote {id} opened later, on {}", vote.opened));
    }
    if let Some(closed) = vote.closed.or(vote.voided) {
        return Err(format!("the vote {id} closed on {closed}"));
    }
    Ok(vote)
}

pub(super) fn ballot(on: &mut Applying<'_>, fact: &BallotCast) {
    let (day, when) = (on.day(), on.when);
    let (body, channel, meeting) = match open_vote(on, &fact.vote) {
        Ok(vote) => (vote.body.clone(), vote.channel, vote.meeting.clone()),
        Err(text) => return on.refuse("I3", text, None),
    };
    let seat = on.state.bodies.get(&body).and_then(|body| body.seats.get(&fact.seat));
    let Some(seat) = seat.filter(|seat| seat.exists(day)) else {
        let seats = on.state.seats(&body, day);
        let seats: Vec<&str> = seats.iter().map(SeatId::as_str).collect();
        let help = format!("on that day it has {}", seats.join(", "));
        return on.refuse("I3", format!("{body} has no seat {} on {day}", fact.seat), Some(help));
    };
    if let Some(voter) = &fact.voter
        && !seat.holders(day).any(|holder| holder.person == *voter)
    {
        let holders: Vec<&str> = seat.holders(day).map(|holder| holder.person.as_str()).collect();
        let help = match holders.is_empty() {
            true => "nobody is on record for the seat; write `seat-filled` first".to_owned(),
            false => format!("{} can", holders.join(" or ")),
        };
        let text = format!("{voter} cannot vote for {} on {day}", fact.seat);
        return on.refuse("I3", text, Some(help));
    }
    let roll = meeting.as_ref().and_then(|meeting| on.state.meetings.get(meeting));
    let absent =
        channel == Channel::Meeting && roll.is_some_and(|meeting| !meeting.present.contains_key(&fact.seat));
    let to = on.state.votes.get(&fact.vote).and_then(|vote| vote.motion.to().cloned());
    let late_ballots = on
        .state
        .policy(day)
        .and_then(|policy| policy.vote_rule(&body, channel, to.as_ref()))
        .is_some_and(|selected| selected.rule.late_ballots);
    let result = open_vote(on, &fact.vote).and_then(|vote| {
        if vote.recused.contains_key(&fact.seat) {
            return Err(format!("{} is recused from {}", fact.seat, fact.vote));
        }
        if let Some(earlier) = vote.ballots.get(&fact.seat) {
            return Err(format!(
                "{} voted {} on {} already; a seat has one ballot",
                fact.seat,
                earlier.choice.name(),
                earlier.date
            ));
        }
        let ballot = Ballot { voter: fact.voter.clone(), choice: fact.choice, date: when };
        vote.ballots.insert(fact.seat.clone(), ballot);
        Ok(())
    });
    match result {
        Err(text) => on.refuse("I3", text, None),
        Ok(()) if absent => {
            let effect = if late_ballots { "it completes the vote" } else { "it is not counted" };
            on.flag(
                "I3",
                format!("{} voted on {} but was not at the meeting; {effect}", fact.seat, fact.vote),
            );
        }
        Ok(()) => {}
    }
}

pub(super) fn recused(on: &mut Applying<'_>, fact: &SeatRecused) {
    let day = on.day();
    let result = open_vote(on, &fact.vote).map(|vote| vote.body.clone()).and_then(|body| {
        let seats = on.state.seats(&body, day);
        if !seats.contains(&fact.seat) {
            return Err(format!("{body} has no seat {} on {day}", fact.seat));
        }
        let vote = open_vote(on, &fact.vote)?;
        if vote.ballots.contains_key(&fact.seat) {
            return Err(format!("{} voted already and cannot be recused", fact.seat));
        }
        vote.recused.insert(fact.seat.clone(), fact.reason.clone());
        Ok(())
    });
    if let Err(text) = result {
        on.refuse("I3", text, None);
    }
}

pub(super) fn consent(on: &mut Applying<'_>, fact: &ConsentGiven) {
    let result = open_vote(on, &fact.vote).and_then(|vote| {
        if vote.channel != Channel::Meeting {
            return Err("general consent is given by those present at a meeting".to_owned());
        }
        let objection = vote.ballots.iter().find(|(_, ballot)| ballot.choice == Choice::No);
        if let Some((seat, _)) = objection {
            return Err(format!("{seat} voted no: there is no general consent"));
        }
        vote.consent = true;
        Ok(())
    });
    if let Err(text) = result {
        on.refuse("I3", text, None);
    }
}

pub(super) fn closed(on: &mut Applying<'_>, fact: &VoteClosed) {
    let (when, day) = (on.when, on.day());
    let vote = match open_vote(on, &fact.vote) {
        Ok(vote) => {
            vote.closed = Some(when);
            vote.clone()
        }
        Err(text) => return on.refuse("I3", text, None),
    };
    let counted = match vote.count(on.state, day) {
        Ok(counted) => counted,
        Err(text) => return on.refuse("I4", text, None),
    };
    let count = counted.count.clone();
    if let Some(claim) = &fact.claimed {
        let mut differences = Vec::new();
        if claim.outcome != count.outcome {
            differences.push(format!("claimed {}, counted {}", claim.outcome.name(), count.outcome.name()));
        }
        for (what, claimed, counted) in [
            ("yes", claim.yes, count.yes),
            ("no", claim.no, count.no),
            ("abstain", claim.abstain, count.abstain),
        ] {
            if let Some(claimed) = claimed.filter(|claimed| *claimed != counted) {
                differences.push(format!("claimed {claimed} {what}, counted {counted}"));
            }
        }
        if !differences.is_empty() {
            let help = format!("by {} ({}): {}", counted.rule, counted.at, count.steps.join("; "));
            let text = format!("the vote {} is not as claimed: {}", fact.vote, differences.join(", "));
            on.refuse("I4", text, Some(help));
        }
    }
    let meeting = vote.meeting.as_ref().and_then(|meeting| on.state.meetings.get(meeting));
    let stated = meeting.and_then(|meeting| meeting.stated_quorum);
    if let (Some(stated), Some(computed)) = (stated, count.quorum)
        && stated != computed
    {
        let say = |quorum: bool| if quorum { "a quorum" } else { "no quorum" };
        let text = format!("the minutes say there was {}, the roll call says {}", say(stated), say(computed));
        on.refuse("I4", text, None);
    }
    if let Some(vote) = on.state.votes.get_mut(&fact.vote) {
        vote.result = Some(counted);
    }
    let passed = count.outcome == Outcome::Passed;
    let taken = |to| DecisionTaken { body: vote.body.clone(), to, vote: vote.id.clone(), date: when, passed };
    match &vote.motion {
        Motion::Move { project, to } => {
            let Some(known) = on.state.projects.get(project) else { return };
            let from = known.stage().cloned();
            let policy = on.state.policy(day);
            let transition = policy.and_then(|policy| policy.transition(from.as_ref(), to));
            // The last vote that the transition takes is the one that moves the project.
            let last = transition
                .and_then(|transition| transition.decisions.last())
                .is_some_and(|decision| decision.body == vote.body);
            if let Some(project) = on.state.projects.get_mut(project) {
                project.decisions.push(taken(to.clone()));
            }
            if passed && last {
                enter_stage(on, project, to, Some(&vote.id));
            }
        }
        Motion::Waive { project, criterion, reason } if passed => {
            if let Some(project) = on.state.projects.get_mut(project) {
                let record = project.criteria.entry(criterion.clone()).or_default();
                record.waived = Some((when, reason.clone()));
            }
        }
        Motion::RaiseCap { project, benefit, cents } if passed => {
            if let Some(project) = on.state.projects.get_mut(project) {
                project.raised_caps.insert(vote.id.clone(), (benefit.clone(), *cents));
            }
        }
        Motion::Waive { .. } | Motion::RaiseCap { .. } | Motion::Resolve { .. } => {}
    }
}

pub(super) fn voided(on: &mut Applying<'_>, fact: &VoteVoided) {
    let (when, day) = (on.when, on.day());
    let vote = match open_vote(on, &fact.vote) {
        Ok(vote) => vote.clone(),
        Err(text) => return on.refuse("I3", text, None),
    };
    let selected = on
        .state
        .policy(day)
        .and_then(|policy| policy.vote_rule(&vote.body, vote.channel, vote.motion.to()))
        .map(|selected| (selected.rule.id.to_string(), selected.rule.voided_by));
    let seats = on.state.seats(&vote.body, day);
    let asked: BTreeSet<&SeatId> = fact.by.iter().filter(|seat| seats.contains(*seat)).collect();
    match selected {
        Some((_, Some(needed))) if asked.len() >= needed => {}
        Some((rule, Some(needed))) => {
            let text = format!("{needed} members have to ask for a meeting; {} did", asked.len());
            return on.refuse(&rule, text, None);
        }
        Some((rule, None)) => {
            let text = "the policy does not let members end this vote".to_owned();
            return on.refuse(&rule, text, None);
        }
        None => return on.refuse("I4", "no rule speaks of this vote".to_owned(), None),
    }
    if let Some(vote) = on.state.votes.get_mut(&fact.vote) {
        vote.voided = Some(when);
    }
}
