//! Campaigns: who takes part, how scores went, what is paid; and numbers and names that only one plugin may have.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::Applying;
use crate::domain::date::PartialDate;
use crate::domain::fact::{CampaignJoined, CampaignOpened, IdentifierRegistered, SnapshotTaken};
use crate::domain::id::{CampaignId, ProjectId, folded};

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Campaign {
    /// Its name.
    pub name: String,
    /// Since when.
    pub opened: PartialDate,
    /// The category that counts.
    pub category: String,
    /// The target, in tenths of a percent.
    pub target: u32,
    /// The last day to join.
    pub last_enrolment: Date,
    /// The last day that counts.
    pub deadline: Date,
    /// US cents for each project that reaches the target.
    pub cents_each: u64,
    /// US cents at most.
    pub cents_cap: u64,
    /// Who takes part.
    pub participants: BTreeMap<ProjectId, Participant>,
}

/// A project in a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// Since when which repositories count.
    pub scopes: Vec<(PartialDate, Vec<String>)>,
    /// Its scores.
    pub snapshots: Vec<Snapshot>,
}

/// A score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// When.
    pub date: PartialDate,
    /// Points earned.
    pub earned: u32,
    /// Points possible.
    pub possible: u32,
}

impl Snapshot {
    /// Whether it reaches a target in tenths of a percent. Never rounded: 99.6 % is not 100 %.
    pub fn reaches(self, target: u32) -> bool {
        self.possible > 0 && u64::from(self.earned) * 1000 >= u64::from(target) * u64::from(self.possible)
    }

    /// Tenths of a percent, rounded down.
    pub fn tenths(self) -> u32 {
        (u64::from(self.earned) * 1000)
            .checked_div(u64::from(self.possible))
            .and_then(|tenths| u32::try_from(tenths).ok())
            .unwrap_or(0)
    }
}

/// A place on the leaderboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The place, from 1; equal scores share one.
    pub rank: usize,
    /// The project.
    pub project: ProjectId,
    /// Its score at the end, in tenths of a percent.
    pub tenths: u32,
    /// When it first reached the target.
    pub reached: Option<PartialDate>,
}

impl Campaign {
    /// When a project first reached the target, if it did by the deadline.
    pub fn reached(&self, project: &ProjectId) -> Option<PartialDate> {
        let participant = self.participants.get(project)?;
        let in_time = participant.snapshots.iter().filter(|one| one.date.days().last <= self.deadline);
        let reaching = in_time.filter(|one| one.reaches(self.target));
        reaching.min_by_key(|one| (one.date.days().first, one.date.days().last)).map(|one| one.date)
    }

    /// US cents that are paid: so much for each project that reached the target by the deadline, up to the cap.
    pub fn payout(&self) -> u64 {
        let reached =
            self.participants.keys().filter(|project| self.reached(project).is_some()).count() as u64;
        self.cents_each.saturating_mul(reached).min(self.cents_cap)
    }

    /// The leaderboard as of a day, scores frozen at the deadline: by score, then by when the target was reached, then by
    /// name.
    pub fn board(&self, day: Date) -> Vec<Standing> {
        let until = day.min(self.deadline);
        let mut board: Vec<(Standing, Option<Snapshot>)> = self
            .participants
            .iter()
            .map(|(project, participant)| {
                let known = participant.snapshots.iter().filter(|one| one.date.days().last <= until);
                let last = known.max_by_key(|one| one.date.days().last).copied();
                let reached = self.reached(project).filter(|date| date.days().last <= until);
                let tenths = last.map_or(0, Snapshot::tenths);
                (Standing { rank: 0, project: project.clone(), tenths, reached }, last)
            })
            .collect();
        let exact = |snapshot: &Option<Snapshot>| {
            snapshot.map_or((0, 1), |one| (u64::from(one.earned), u64::from(one.possible.max(1))))
        };
        let by_score = |a: &Option<Snapshot>, b: &Option<Snapshot>| {
            let ((ae, ap), (be, bp)) = (exact(a), exact(b));
            (be * ap).cmp(&(ae * bp))
        };
        board.sort_by(|(a, a_last), (b, b_last)| {
            let reached = |standing: &Standing| standing.reached.map_or(Date::MAX, |date| date.days().first);
            by_score(a_last, b_last)
                .then_with(|| reached(a).cmp(&reached(b)))
                .then_with(|| a.project.cmp(&b.project))
        });
        let mut rank = 1;
        for at in 0..board.len() {
            if at > 0 && by_score(&board[at - 1].1, &board[at].1).is_ne() {
                rank = at + 1;
            }
            board[at].0.rank = rank;
        }
        board.into_iter().map(|(standing, _)| standing).collect()
    }
}

/// A registered number and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identifier {
    /// The number.
    pub number: Option<u32>,
    /// The name.
    pub name: String,
    /// The event source.
    pub event_source: Option<String>,
    /// Who answers for it.
    pub contact: String,
}

/// Numbers that nobody gets: 0 means none, 999 is for development.
const RESERVED_NUMBERS: [u32; 2] = [0, 999];
/// Event sources that nobody's plugin may bring.
const RESERVED_SOURCES: [&str; 3] = ["syscall", "internal", "plugins"];

pub(super) fn identifier(on: &mut Applying<'_>, fact: &IdentifierRegistered) {
    if let Some(number) = fact.number {
        if RESERVED_NUMBERS.contains(&number) {
            on.refuse("I15", format!("the number {number} is reserved"), None);
        }
        if let Some(other) = on.state.identifiers.iter().find(|other| other.number == Some(number)) {
            let taken: Vec<u32> = on.state.identifiers.iter().filter_map(|one| one.number).collect();
            let free = (1..).find(|free| !RESERVED_NUMBERS.contains(free) && !taken.contains(free));
            let text = format!("the number {number} belongs to {}", other.name);
            on.refuse("P5", text, free.map(|free| format!("{free} is free")));
        }
        if fact.event_source.is_none() {
            on.refuse(
                "P5",
                "a number is for plugins that bring events: name the event source".to_owned(),
                None,
            );
        }
    }
    if let Some(source) = &fact.event_source
        && RESERVED_SOURCES.contains(&source.as_str())
    {
        on.refuse("I15", format!("the event source `{source}` is reserved"), None);
    }
    if let Some(other) = on.state.identifiers.iter().find(|other| folded(&other.name) == folded(&fact.name)) {
        on.refuse("I15", format!("there is a plugin {} already", other.name), None);
    }
    on.state.identifiers.push(Identifier {
        number: fact.number,
        name: fact.name.clone(),
        event_source: fact.event_source.clone(),
        contact: fact.contact.clone(),
    });
}

pub(super) fn opened(on: &mut Applying<'_>, fact: &CampaignOpened) {
    if on.state.campaigns.contains_key(&fact.campaign) {
        return on.refuse("L1", format!("there is a campaign {} already", fact.campaign), None);
    }
    if fact.deadline < fact.last_enrolment {
        let text = format!(
            "projects could join until {}, after the deadline {}",
            fact.last_enrolment, fact.deadline
        );
        on.refuse("I13", text, None);
    }
    if fact.target == 0 || fact.target > 1000 {
        on.refuse("L7", "the target is between 1 and 1000 tenths of a percent".to_owned(), None);
    }
    on.state.campaigns.insert(
        fact.campaign.clone(),
        Campaign {
            name: fact.name.clone(),
            opened: on.when,
            category: fact.category.clone(),
            target: fact.target,
            last_enrolment: fact.last_enrolment,
            deadline: fact.deadline,
            cents_each: fact.cents_each,
            cents_cap: fact.cents_cap,
            participants: BTreeMap::new(),
        },
    );
}

fn campaign<'a>(on: &'a mut Applying<'_>, id: &CampaignId) -> Result<&'a mut Campaign, String> {
    on.state.campaigns.get_mut(id).ok_or_else(|| format!("there is no campaign {id}"))
}

pub(super) fn joined(on: &mut Applying<'_>, fact: &CampaignJoined) {
    let (when, day) = (on.when, on.day());
    if !on.state.projects.contains_key(&fact.project) {
        on.refuse("I1", format!("there is no project {}", fact.project), None);
    }
    let result = campaign(on, &fact.campaign).and_then(|campaign| {
        let late = day > campaign.last_enrolment && !campaign.participants.contains_key(&fact.project);
        let over = day > campaign.deadline;
        let last = campaign.last_enrolment;
        let participant = campaign.participants.entry(fact.project.clone()).or_default();
        participant.scopes.push((when, fact.repositories.clone()));
        match (late, over) {
            (true, _) => Err(format!("projects could join until {last}")),
            (_, true) => Err("the campaign is over".to_owned()),
            _ => Ok(()),
        }
    });
    if let Err(text) = result {
        on.refuse("I13", text, None);
    }
}

pub(super) fn snapshot(on: &mut Applying<'_>, fact: &SnapshotTaken) {
    let (when, day) = (on.when, on.day());
    let result = campaign(on, &fact.campaign).and_then(|campaign| {
        let late = (day > campaign.deadline).then_some(campaign.deadline);
        let Some(participant) = campaign.participants.get_mut(&fact.project) else {
            return Err(format!("{} does not take part in {}", fact.project, fact.campaign));
        };
        if fact.earned > fact.possible {
            return Err(format!("{} of {} points are more than all", fact.earned, fact.possible));
        }
        participant.snapshots.push(Snapshot { date: when, earned: fact.earned, possible: fact.possible });
        Ok(late)
    });
    match result {
        Err(text) => on.refuse("I13", text, None),
        Ok(Some(deadline)) => {
            on.flag("I13", format!("scores count until {deadline}; this one does not"));
        }
        Ok(None) => {}
    }
}
