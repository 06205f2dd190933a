//! What follows from the log: [`State`], derived by replaying entries and by nothing else. The modules below it say what each
//! kind of fact does, and which rules it may not break ([`Violation`]).
//!
//! Replaying never stops: a fact that breaks a rule is reported and, as far as it can be, taken as it is, since history is what it
//! is. Whoever adds to a log refuses what brings new refused violations ([`super::register`]).

mod campaigns;
mod foundation;
pub mod gates;
pub mod lint;
mod model;
mod projects;
mod reviews;
mod votes;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::date::PartialDate;
use super::fact::Fact;
use super::id::{
    BodyId, CampaignId, MeetingId, OrganisationId, PersonId, ProjectId, ReviewId, SeatId, VoteId,
};
use super::log::Entry;
use super::order::order;
use super::policy::Policy;

pub use campaigns::{Campaign, Identifier, Participant, Snapshot, Standing};
pub use foundation::{BodyState, Freeze, Holder, Meeting, Organisation, Person, Seat};
pub use model::{
    Annual, Attestation, Audit, Change, Comment, Concern, CriterionRecord, DecisionTaken, Evaluated, Filed,
    Finding, Grant, GrowthPlan, Held, Interview, Legal, Measured, Notice, Owed, Presentation, Project,
    Question, Repository, Sponsor, StageSpan, Status,
};
pub use reviews::{Approval, ConflictOfInterest, Delivered, Review, Reviewer};
pub use votes::{Ballot, Counted, Vote};

/// A rule that something breaks, or that should be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// The rule's id: of the sources (`C40`), an invariant (`I4`), or a policy's own.
    pub rule: String,
    /// The entry that breaks it, if it is one.
    pub entry: Option<u64>,
    /// Whether nothing that does so is taken into a register; otherwise it is shown.
    pub refused: bool,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {}", self.rule, self.text)
    }
}

/// Up to when the log is looked at, in two ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsOf {
    /// What had happened at the end of this day. All that is known to have happened if not given.
    pub happened: Option<Date>,
    /// What had been written down by then. All that is written down if not given.
    pub recorded: Option<Timestamp>,
}

/// What is known of a foundation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct State {
    /// The versions of the policy, by their first day.
    pub policies: Vec<Policy>,
    /// Bodies and their seats.
    pub bodies: BTreeMap<BodyId, BodyState>,
    /// People.
    pub people: BTreeMap<PersonId, Person>,
    /// Organisations.
    pub organisations: BTreeMap<OrganisationId, Organisation>,
    /// Freezes.
    pub freezes: Vec<Freeze>,
    /// Meetings.
    pub meetings: BTreeMap<MeetingId, Meeting>,
    /// Votes.
    pub votes: BTreeMap<VoteId, Vote>,
    /// Projects.
    pub projects: BTreeMap<ProjectId, Project>,
    /// Security reviews.
    pub reviews: BTreeMap<ReviewId, Review>,
    /// Campaigns.
    pub campaigns: BTreeMap<CampaignId, Campaign>,
    /// Registered numbers and names.
    pub identifiers: Vec<Identifier>,
    /// The entries that were taken back.
    pub retracted: BTreeSet<u64>,
}

/// A replayed log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// What is known.
    pub state: State,
    /// What broke rules on the way, in the order of the entries.
    pub violations: Vec<Violation>,
}

/// One entry while it is applied.
pub(crate) struct Applying<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) violations: &'a mut Vec<Violation>,
    pub(crate) number: u64,
    pub(crate) when: PartialDate,
    pub(crate) by: &'a str,
}

impl Applying<'_> {
    /// The first day that it may have happened on.
    pub(crate) fn day(&self) -> Date {
        self.when.days().first
    }

    pub(crate) fn refuse(&mut self, rule: &str, text: String, help: Option<String>) {
        self.violations.push(Violation {
            rule: rule.to_owned(),
            entry: Some(self.number),
            refused: true,
            text,
            help,
        });
    }

    pub(crate) fn flag(&mut self, rule: &str, text: String) {
        self.violations.push(Violation {
            rule: rule.to_owned(),
            entry: Some(self.number),
            refused: false,
            text,
            help: None,
        });
    }
}

/// The last day that an entry may be about: what is written down has happened, so not later than it was recorded. Plans are
/// written with their own day.
fn latest(entry: &Entry) -> Date {
    let recorded = entry.body.recorded.to_zoned(TimeZone::UTC).date();
    let days = entry.body.draft.when.days();
    if days.first <= recorded { days.last.min(recorded) } else { days.last }
}

/// Replays the entries that count as of `as_of`.
pub fn replay(entries: &[Entry], as_of: AsOf) -> Replayed {
    let counts = |entry: &&Entry| {
        as_of.recorded.is_none_or(|limit| entry.body.recorded <= limit)
            && as_of.happened.is_none_or(|day| latest(entry) <= day)
    };
    let entries: Vec<&Entry> = entries.iter().filter(counts).collect();
    let mut replayed = Replayed::default();
    for entry in &entries {
        if let Fact::EntryRetracted(fact) = &entry.body.draft.fact {
            let target = entries.iter().find(|other| other.body.entry == fact.entry);
            let fault = match target.map(|target| &target.body.draft.fact) {
                None => Some(format!("entry {} is not in the log", fact.entry)),
                Some(Fact::EntryRetracted(_)) => {
                    Some(format!("entry {} takes another entry back; write that one anew", fact.entry))
                }
                Some(_) if fact.entry >= entry.body.entry => {
                    Some(format!("entry {} is not earlier in the log", fact.entry))
                }
                Some(_) if !replayed.state.retracted.insert(fact.entry) => {
                    Some(format!("entry {} is taken back already", fact.entry))
                }
                Some(_) => None,
            };
            if let Some(text) = fault {
                replayed.violations.push(Violation {
                    rule: "I1".to_owned(),
                    entry: Some(entry.body.entry),
                    refused: true,
                    text,
                    help: None,
                });
            }
        }
    }
    let days: Vec<_> = entries.iter().map(|entry| entry.body.draft.when.days()).collect();
    for at in order(&days) {
        let entry = entries[at];
        if !replayed.state.retracted.contains(&entry.body.entry) {
            apply(&mut replayed, entry);
        }
    }
    replayed.sort();
    replayed
}

impl Replayed {
    /// Puts violations in the order of the entries.
    pub(super) fn sort(&mut self) {
        self.violations.sort_by(|a, b| a.entry.cmp(&b.entry).then_with(|| a.cmp(b)));
    }
}

/// Applies an entry that is the last in the order of replay.
pub(super) fn apply(replayed: &mut Replayed, entry: &Entry) {
    let Replayed { state, violations } = replayed;
    let draft = &entry.body.draft;
    let on = &mut Applying { state, violations, number: entry.body.entry, when: draft.when, by: &draft.by };
    match &draft.fact {
        Fact::PolicyAdopted(fact) => foundation::policy(on, fact),
        Fact::SeatCreated(fact) => foundation::seat_created(on, fact),
        Fact::SeatEnded(fact) => foundation::seat_ended(on, fact),
        Fact::SeatFilled(fact) => foundation::seat_filled(on, fact),
        Fact::SeatVacated(fact) => foundation::seat_vacated(on, fact),
        Fact::PersonKnown(fact) => foundation::person(on, fact),
        Fact::OrganisationKnown(fact) => foundation::organisation(on, fact),
        Fact::FreezeSet(fact) => foundation::freeze(on, fact),
        Fact::MeetingHeld(fact) => foundation::meeting(on, fact),
        Fact::VoteOpened(fact) => votes::opened(on, fact),
        Fact::BallotCast(fact) => votes::ballot(on, fact),
        Fact::SeatRecused(fact) => votes::recused(on, fact),
        Fact::ConsentGiven(fact) => votes::consent(on, fact),
        Fact::VoteClosed(fact) => votes::closed(on, fact),
        Fact::VoteVoided(fact) => votes::voided(on, fact),
        Fact::ProjectSubmitted(fact) => projects::submitted(on, fact),
        Fact::IdentifierRegistered(fact) => campaigns::identifier(on, fact),
        Fact::CampaignOpened(fact) => campaigns::opened(on, fact),
        Fact::CampaignJoined(fact) => campaigns::joined(on, fact),
        Fact::SnapshotTaken(fact) => campaigns::snapshot(on, fact),
        Fact::ReviewRequested(fact) => reviews::requested(on, fact),
        Fact::ReviewerJoined(fact) => reviews::joined(on, fact),
        Fact::ConflictStated(fact) => reviews::conflict(on, fact),
        Fact::ConflictWaived(fact) => reviews::waived(on, fact),
        Fact::ReviewPartDelivered(fact) => reviews::delivered(on, fact),
        Fact::ReviewApproved(fact) => reviews::approved(on, fact),
        Fact::ReviewFinalised(fact) => reviews::finalised(on, fact),
        Fact::EntryRetracted(_) => {}
        about_a_project => projects::apply(on, about_a_project),
    }
}

impl State {
    /// The version of the policy in force on this day: of those that are, the newest.
    pub fn policy(&self, day: Date) -> Option<&Policy> {
        self.policies.iter().rev().find(|policy| policy.in_force(day))
    }

    /// The seats of a body on this day.
    pub fn seats(&self, body: &BodyId, day: Date) -> BTreeSet<SeatId> {
        let Some(body) = self.bodies.get(body) else { return BTreeSet::new() };
        body.seats.iter().filter(|(_, seat)| seat.exists(day)).map(|(id, _)| id.clone()).collect()
    }

    /// The person that a name means: an id, a name or another spelling.
    pub fn person(&self, name: &str) -> Option<&PersonId> {
        let wanted = super::id::folded(name);
        let found = self.people.iter().find(|(id, person)| {
            id.as_str() == name
                || std::iter::once(&person.name)
                    .chain(&person.aliases)
                    .any(|known| super::id::folded(known) == wanted)
        });
        found.map(|(id, _)| id)
    }

    /// The organisation that a name means: an id, a name or another spelling.
    pub fn organisation(&self, name: &str) -> Option<&OrganisationId> {
        let wanted = super::id::folded(name);
        let found = self.organisations.iter().find(|(id, organisation)| {
            id.as_str() == name
                || std::iter::once(&organisation.name)
                    .chain(&organisation.aliases)
                    .any(|known| super::id::folded(known) == wanted)
        });
        found.map(|(id, _)| id)
    }

    /// The project that a name means: an id, its name, or one that it had.
    pub fn project(&self, name: &str) -> Option<&Project> {
        let wanted = super::id::folded(name);
        self.projects.values().find(|project| {
            project.id.as_str() == name
                || std::iter::once(&project.name)
                    .chain(&project.aliases)
                    .any(|known| super::id::folded(known) == wanted)
        })
    }
}
