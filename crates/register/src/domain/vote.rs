//! Counting votes: [`count`] takes who has a seat, who was there and how they voted, and says what came of it by a rule of a
//! policy, step by step. In whole numbers only. Who holds a seat, and whether a vote may be held, is in `state`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::id::SeatId;
use super::policy::{Base, Channel, Share, VoteRule};

/// What a seat says to a motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// In favour.
    Yes,
    /// Against.
    No,
    /// Neither.
    Abstain,
}

impl Choice {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Choice::Yes => "yes",
            Choice::No => "no",
            Choice::Abstain => "abstain",
        }
    }
}

/// A vote as it stands.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The rule it is counted by.
    pub rule: &'a VoteRule,
    /// How ballots are given.
    pub channel: Channel,
    /// The seats of the body on that day.
    pub seats: &'a BTreeSet<SeatId>,
    /// The seats at the roll call; none for votes outside a meeting.
    pub roll: Option<&'a BTreeSet<SeatId>>,
    /// The seats that do not take part because of a conflict of interest.
    pub recused: &'a BTreeSet<SeatId>,
    /// The ballots; those of seats that are not seats, or are recused, are not counted.
    pub ballots: &'a BTreeMap<SeatId, Choice>,
    /// Whether the chair took the motion as carried because nobody present objected: every seat present that cast no ballot is
    /// in favour.
    pub consent: bool,
    /// Whether no ballot can be given any more.
    pub closed: bool,
}

/// What came of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Enough were in favour.
    Passed,
    /// Not enough were in favour.
    Failed,
    /// Too few took part for the vote to count.
    NoQuorum,
    /// It is open, and passes whatever ballots are still given.
    MustPass,
    /// It is open, and cannot pass any more, whatever ballots are still given.
    CannotPass,
    /// It is open either way.
    Open,
}

impl Outcome {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::NoQuorum => "no-quorum",
            Outcome::MustPass => "must-pass",
            Outcome::CannotPass => "cannot-pass",
            Outcome::Open => "open",
        }
    }
}

/// A counted vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// All seats.
    pub seats: usize,
    /// Those not recused.
    pub eligible: usize,
    /// Those present.
    pub present: usize,
    /// In favour.
    pub yes: usize,
    /// Against.
    pub no: usize,
    /// Neither.
    pub abstain: usize,
    /// Those who may still vote; none once the vote is closed.
    pub outstanding: usize,
    /// Whether enough took part, where that matters.
    pub quorum: Option<bool>,
    /// How many in favour it takes, as things stand.
    pub needed: usize,
    /// What came of it.
    pub outcome: Outcome,
    /// How, a line a step.
    pub steps: Vec<String>,
}

/// Numbers that a rule is applied to.
#[derive(Clone, Copy)]
struct Numbers {
    seats: usize,
    recused: usize,
    present: usize,
    yes: usize,
    no: usize,
}

impl Numbers {
    fn base(self, rule: &VoteRule, of: Base) -> usize {
        match of {
            Base::Seats if rule.recused_leave => self.seats - self.recused,
            Base::Seats => self.seats,
            Base::Eligible => self.seats - self.recused,
            Base::Present => self.present,
            Base::Cast => self.yes + self.no,
        }
    }

    /// Whether enough take part: quorum is a share of the seats present.
    fn quorum(self, rule: &VoteRule) -> bool {
        rule.quorum.is_none_or(|quorum| quorum.holds(self.present, self.base(rule, quorum.of)))
    }

    fn passes(self, rule: &VoteRule) -> bool {
        // Nobody in favour never carries a motion, not even where the base is empty.
        self.yes > 0 && rule.pass.holds(self.yes, self.base(rule, rule.pass.of))
    }
}

/// Counts a vote.
pub fn count(question: &Question<'_>) -> Count {
    let rule = question.rule;
    let recused: BTreeSet<&SeatId> = question.recused.intersection(question.seats).collect();
    let in_meeting = question.channel == Channel::Meeting;
    let at_roll_call = |seat: &SeatId| question.roll.is_some_and(|roll| roll.contains(seat));
    let mut chosen: BTreeMap<&SeatId, Choice> = BTreeMap::new();
    let mut left_out = Vec::new();
    let mut late = Vec::new();
    for (seat, choice) in question.ballots {
        if !question.seats.contains(seat) {
            left_out.push(format!("{seat} is no seat on that day"));
        } else if recused.contains(seat) {
            left_out.push(format!("{seat} is recused"));
        } else if in_meeting && !at_roll_call(seat) && !rule.late_ballots {
            left_out.push(format!("{seat} was absent, and the rule knows no late ballots"));
        } else {
            if in_meeting && !at_roll_call(seat) {
                late.push(seat.as_str());
            }
            chosen.insert(seat, *choice);
        }
    }
    let present: BTreeSet<&SeatId> = match in_meeting {
        true => question
            .seats
            .iter()
            .filter(|seat| at_roll_call(seat) || chosen.contains_key(seat))
            // A recused seat in the room does not make a quorum where recused seats leave it.
            .filter(|seat| !(rule.recused_leave && recused.contains(seat)))
            .collect(),
        false => chosen.keys().copied().collect(),
    };
    let mut by_consent = 0;
    if question.consent {
        for seat in present.iter().filter(|seat| !recused.contains(**seat)) {
            chosen.entry(seat).or_insert_with(|| {
                by_consent += 1;
                Choice::Yes
            });
        }
    }
    let number = |wanted: Choice| chosen.values().filter(|choice| **choice == wanted).count();
    let numbers = Numbers {
        seats: question.seats.len(),
        recused: recused.len(),
        present: present.len(),
        yes: number(Choice::Yes),
        no: number(Choice::No),
    };
    let abstain = number(Choice::Abstain);
    let may_still_vote = |seat: &&SeatId| {
        !recused.contains(*seat)
            && !chosen.contains_key(*seat)
            && (!in_meeting || rule.late_ballots || at_roll_call(seat))
    };
    let outstanding: Vec<&SeatId> = match question.closed {
        true => Vec::new(),
        false => question.seats.iter().filter(may_still_vote).collect(),
    };
    let newly_present = outstanding.iter().filter(|seat| !present.contains(**seat)).count();
    // Whoever votes later is then present, too.
    let all_yes =
        Numbers { yes: numbers.yes + outstanding.len(), present: numbers.present + newly_present, ..numbers };
    let all_no =
        Numbers { no: numbers.no + outstanding.len(), present: numbers.present + newly_present, ..numbers };
    let quorum = rule.quorum.map(|_| numbers.quorum(rule));
    let needed = rule.pass.needed(numbers.base(rule, rule.pass.of)).max(1);
    let outcome = if question.closed {
        match (numbers.quorum(rule), numbers.passes(rule)) {
            (false, _) => Outcome::NoQuorum,
            (true, true) => Outcome::Passed,
            (true, false) => Outcome::Failed,
        }
    } else if !(all_yes.quorum(rule) && all_yes.passes(rule)) {
        // Every ballot in favour makes both likelier, so if all of them do not do, none will.
        Outcome::CannotPass
    } else if numbers.quorum(rule) && numbers.passes(rule) && all_no.passes(rule) {
        Outcome::MustPass
    } else {
        Outcome::Open
    };
    let mut steps = Vec::new();
    steps.push(format!("{} seats on that day: {}", numbers.seats, list(question.seats.iter())));
    if !recused.is_empty() {
        let leave = if rule.recused_leave {
            "they leave quorum and base"
        } else {
            "they stay in the base of all seats"
        };
        steps.push(format!("{} recused: {}; {leave}", recused.len(), list(recused.iter().copied())));
    }
    steps.push(match in_meeting {
        true => format!("{} present: {}", numbers.present, list(present.iter().copied())),
        false => format!("{} took part by {}", numbers.present, question.channel.name()),
    });
    if !late.is_empty() {
        steps.push(format!("absent, completed the vote later: {}", late.join(", ")));
    }
    for reason in left_out {
        steps.push(format!("a ballot is not counted: {reason}"));
    }
    if by_consent > 0 {
        steps.push(format!("general consent: {by_consent} present did not object and count in favour"));
    }
    if let Some(share) = rule.quorum {
        let base = numbers.base(rule, share.of);
        let reached = if numbers.quorum(rule) { "reached" } else { "not reached" };
        steps.push(format!("quorum, {share}: {} — {reached}", compared(share, numbers.present, base)));
    }
    steps.push(format!("{} yes, {} no, {abstain} abstain", numbers.yes, numbers.no));
    let base = numbers.base(rule, rule.pass.of);
    let enough = if numbers.passes(rule) { "enough" } else { "not enough" };
    steps.push(format!(
        "to pass, {}: {} of {base} needed; {} — {enough}",
        rule.pass,
        needed,
        compared(rule.pass, numbers.yes, base)
    ));
    if !question.closed {
        steps.push(format!("{} can still vote: {}", outstanding.len(), list(outstanding.iter().copied())));
    }
    steps.push(
        match outcome {
            Outcome::Passed => "the motion passed",
            Outcome::Failed => "the motion failed",
            Outcome::NoQuorum => "too few took part: the vote has no effect",
            Outcome::MustPass => "open, but it passes whatever ballots are still given",
            Outcome::CannotPass => "open, but it cannot pass any more",
            Outcome::Open => "open",
        }
        .to_owned(),
    );
    Count {
        seats: numbers.seats,
        eligible: numbers.seats - numbers.recused,
        present: numbers.present,
        yes: numbers.yes,
        no: numbers.no,
        abstain,
        outstanding: outstanding.len(),
        quorum,
        needed,
        outcome,
        steps,
    }
}

fn compared(share: Share, count: usize, base: usize) -> String {
    let sign = match (share.comparison, share.holds(count, base)) {
        (super::policy::Comparison::AtLeast, true) => "≥",
        (super::policy::Comparison::AtLeast, false) => "<",
        (super::policy::Comparison::MoreThan, true) => ">",
        (super::policy::Comparison::MoreThan, false) => "≤",
    };
    let super::policy::Fraction { numerator, denominator } = share.fraction;
    format!("{count}×{denominator} {sign} {numerator}×{base}")
}

fn list<'a>(seats: impl Iterator<Item = &'a SeatId>) -> String {
    let seats: Vec<&str> = seats.map(SeatId::as_str).collect();
    if seats.is_empty() { "none".to_owned() } else { seats.join(", ") }
}
