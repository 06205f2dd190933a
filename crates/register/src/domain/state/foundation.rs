//! Bodies, seats, people, organisations, meetings, freezes, and the versions of the policy.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::Applying;
use crate::domain::date::PartialDate;
use crate::domain::fact::{
    Capacity, FreezeSet, MeetingHeld, OrganisationKnown, PersonKnown, PolicyAdopted, SeatCreated, SeatEnded,
    SeatFilled, SeatVacated,
};
use crate::domain::id::{BodyId, MeetingId, OrganisationId, PersonId, SeatId, folded};
use crate::domain::policy::read::read;

/// A body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BodyState {
    /// Its seats, those that are gone included.
    pub seats: BTreeMap<SeatId, Seat>,
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seat {
    /// Whose it is.
    pub organisation: Option<OrganisationId>,
    /// Since when it is there.
    pub created: PartialDate,
    /// Since when it is gone.
    pub ended: Option<PartialDate>,
    /// Who sat or sits on it.
    pub holders: Vec<Holder>,
}

impl Seat {
    /// Whether it is there on this day. With partial dates, whether it may be.
    pub fn exists(&self, day: Date) -> bool {
        self.created.days().first <= day && self.ended.is_none_or(|ended| day < ended.days().last)
    }

    /// Who sits on it on this day.
    pub fn holders(&self, day: Date) -> impl Iterator<Item = &Holder> {
        self.holders.iter().filter(move |holder| {
            holder.since.days().first <= day && holder.until.is_none_or(|until| day < until.days().last)
        })
    }
}

/// A person on a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub capacity: Capacity,
    /// Since when.
    pub since: PartialDate,
    /// Since when not any more.
    pub until: Option<PartialDate>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organisation {
    /// The name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
}

impl Organisation {
    /// Whether it stands for people who belong to no organisation. They are not one organisation (F18).
    pub fn is_independent(&self) -> bool {
        folded(&self.name) == "independent"
    }
}

/// A freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freeze {
    /// What for.
    pub name: String,
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meeting {
    /// Of whom.
    pub body: BodyId,
    /// When.
    pub date: PartialDate,
    /// The roll call.
    pub present: BTreeMap<SeatId, Option<PersonId>>,
    /// Whether the minutes say that there was a quorum.
    pub stated_quorum: Option<bool>,
}

pub(super) fn policy(on: &mut Applying<'_>, fact: &PolicyAdopted) {
    let policy = match read(&fact.text) {
        Ok(policy) => policy,
        Err(error) => {
            return on.refuse("C2", format!("the policy cannot be read: {error}"), None);
        }
    };
    if policy.policy != fact.policy || policy.version != fact.version {
        on.refuse(
            "C2",
            format!(
                "the entry speaks of {} {}, its text of {} {}",
                fact.policy, fact.version, policy.policy, policy.version
            ),
            None,
        );
    }
    if let Some(other) = on.state.policies.iter().find(|other| other.policy != policy.policy) {
        let text = format!("this register is kept by the policy {}, not by {}", other.policy, policy.policy);
        return on.refuse("C2", text, Some("use a register of its own for each foundation".to_owned()));
    }
    if let Some(same) = on.state.policies.iter().find(|other| other.version == policy.version) {
        let text = format!("version {} of {} is there already", same.version, same.policy);
        return on.refuse("C2", text, None);
    }
    on.state.policies.push(policy);
    on.state.policies.sort_by_key(|policy| policy.from);
}

/// Says so if the policy knows no such body.
fn known_body(on: &mut Applying<'_>, body: &BodyId) {
    if on.state.policies.iter().any(|policy| policy.bodies.iter().any(|known| known.id == *body)) {
        return;
    }
    let known: BTreeSet<&str> = on
        .state
        .policies
        .iter()
        .flat_map(|policy| policy.bodies.iter().map(|body| body.id.as_str()))
        .collect();
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    on.refuse("I3", format!("the policy knows no body `{body}`"), Some(format!("it knows {known}")));
}

pub(super) fn seat_created(on: &mut Applying<'_>, fact: &SeatCreated) {
    known_body(on, &fact.body);
    let when = on.when;
    let body = on.state.bodies.entry(fact.body.clone()).or_default();
    if body.seats.contains_key(&fact.seat) {
        return on.refuse("I3", format!("{} has a seat {} already", fact.body, fact.seat), None);
    }
    let seat =
        Seat { organisation: fact.organisation.clone(), created: when, ended: None, holders: Vec::new() };
    body.seats.insert(fact.seat.clone(), seat);
}

fn with_seat(
    on: &mut Applying<'_>,
    body: &BodyId,
    id: &SeatId,
    act: impl FnOnce(&mut Seat, PartialDate) -> Result<(), String>,
) {
    let when = on.when;
    let seat = on.state.bodies.get_mut(body).and_then(|body| body.seats.get_mut(id));
    let result = match seat {
        None => Err(format!("{body} has no seat {id}")),
        Some(seat) if !seat.exists(when.days().first) => Err(format!("{body} has no seat {id} on {when}")),
        Some(seat) => act(seat, when),
    };
    if let Err(text) = result {
        on.refuse("I3", text, None);
    }
}

pub(super) fn seat_ended(on: &mut Applying<'_>, fact: &SeatEnded) {
    with_seat(on, &fact.body, &fact.seat, |seat, when| {
        seat.ended = Some(when);
        Ok(())
    });
}

pub(super) fn seat_filled(on: &mut Applying<'_>, fact: &SeatFilled) {
    with_seat(on, &fact.body, &fact.seat, |seat, when| {
        let day = when.days().first;
        if seat.holders(day).any(|holder| holder.person == fact.person) {
            return Err(format!("{} sits on {} already", fact.person, fact.seat));
        }
        let primary = seat.holders(day).find(|holder| holder.capacity == Capacity::Primary);
        if let (Capacity::Primary, Some(primary)) = (fact.capacity, primary) {
            return Err(format!("{} is the primary of {} on {when}", primary.person, fact.seat));
        }
        seat.holders.push(Holder {
            person: fact.person.clone(),
            capacity: fact.capacity,
            since: when,
            until: None,
        });
        Ok(())
    });
}

pub(super) fn seat_vacated(on: &mut Applying<'_>, fact: &SeatVacated) {
    with_seat(on, &fact.body, &fact.seat, |seat, when| {
        let holder =
            seat.holders.iter_mut().find(|holder| holder.person == fact.person && holder.until.is_none());
        match holder {
            Some(holder) => {
                holder.until = Some(when);
                Ok(())
            }
            None => Err(format!("{} does not sit on {}", fact.person, fact.seat)),
        }
    });
}

pub(super) fn person(on: &mut Applying<'_>, fact: &PersonKnown) {
    for name in std::iter::once(&fact.name).chain(&fact.aliases) {
        if let Some(other) = on.state.person(name).filter(|other| **other != fact.person).cloned() {
            on.refuse("F20", format!("`{name}` is {other} already, it cannot be {}, too", fact.person), None);
        }
    }
    let person = Person { name: fact.name.clone(), aliases: fact.aliases.clone() };
    on.state.people.insert(fact.person.clone(), person);
}

pub(super) fn organisation(on: &mut Applying<'_>, fact: &OrganisationKnown) {
    for name in std::iter::once(&fact.name).chain(&fact.aliases) {
        if let Some(other) = on.state.organisation(name).filter(|other| **other != fact.organisation).cloned()
        {
            on.refuse(
                "F20",
                format!("`{name}` is {other} already, it cannot be {}, too", fact.organisation),
                None,
            );
        }
    }
    let organisation = Organisation { name: fact.name.clone(), aliases: fact.aliases.clone() };
    on.state.organisations.insert(fact.organisation.clone(), organisation);
}

pub(super) fn freeze(on: &mut Applying<'_>, fact: &FreezeSet) {
    if fact.last < fact.first {
        on.refuse(
            "I9",
            format!("the freeze ends on {}, before it begins on {}", fact.last, fact.first),
            None,
        );
    }
    on.state.freezes.push(Freeze { name: fact.name.clone(), first: fact.first, last: fact.last });
}

pub(super) fn meeting(on: &mut Applying<'_>, fact: &MeetingHeld) {
    known_body(on, &fact.body);
    if on.state.meetings.contains_key(&fact.meeting) {
        return on.refuse("I3", format!("there is a meeting {} already", fact.meeting), None);
    }
    let day = on.day();
    let mut present = BTreeMap::new();
    for attendance in &fact.present {
        let seat = on.state.bodies.get(&fact.body).and_then(|body| body.seats.get(&attendance.seat));
        match (seat.filter(|seat| seat.exists(day)), &attendance.person) {
            (None, _) => {
                on.refuse("I3", format!("{} has no seat {} on {day}", fact.body, attendance.seat), None);
            }
            (Some(seat), Some(person)) if !seat.holders(day).any(|holder| holder.person == *person) => {
                let text = format!("{person} neither holds nor stands in for {} on {day}", attendance.seat);
                on.refuse("I3", text, Some("write who got the seat first, as `seat-filled`".to_owned()));
            }
            _ => {}
        }
        if present.insert(attendance.seat.clone(), attendance.person.clone()).is_some() {
            on.refuse("I3", format!("{} is on the roll call twice", attendance.seat), None);
        }
    }
    let meeting =
        Meeting { body: fact.body.clone(), date: on.when, present, stated_quorum: fact.stated_quorum };
    on.state.meetings.insert(fact.meeting.clone(), meeting);
}

/// The meeting, if it is one of this body that was held by now.
pub(super) fn held(on: &Applying<'_>, id: &MeetingId, body: Option<&BodyId>) -> Result<Meeting, String> {
    let Some(meeting) = on.state.meetings.get(id) else { return Err(format!("there is no meeting {id}")) };
    if body.is_some_and(|body| meeting.body != *body) {
        return Err(format!("the meeting {id} is one of {}", meeting.body));
    }
    if on.when.before(meeting.date) {
        return Err(format!("the meeting {id} is later, on {}", meeting.date));
    }
    Ok(meeting.clone())
}
