//! Votes: exact fractions, who counts, what can still become of a vote; and a slow count to compare with.

use std::collections::{BTreeMap, BTreeSet};

use eyrie_register::domain::fact::*;
use eyrie_register::domain::id::SeatId;
use eyrie_register::domain::policy::{Channel, Share, VoteRule};
use eyrie_register::domain::vote::{Choice, Count, Outcome, Question, count};
use proptest::prelude::*;

use crate::fixture::*;

fn rule(pass: &str, quorum: Option<&str>) -> VoteRule {
    VoteRule {
        id: id("house"),
        at: "II".into(),
        rule: None,
        body: None,
        channels: Vec::new(),
        to: Vec::new(),
        except_to: Vec::new(),
        moves_only: false,
        quorum: quorum.map(|text| text.parse().unwrap()),
        pass: pass.parse().unwrap(),
        base_unstated: false,
        recused_leave: false,
        late_ballots: false,
        voided_by: None,
    }
}

fn seats(number: usize) -> BTreeSet<SeatId> {
    (1..=number).map(|number| id(&format!("s{number:02}"))).collect()
}

/// So many seats, so many of them present; then ballots from the first seat on.
fn counted(
    rule: &VoteRule,
    channel: Channel,
    all: usize,
    present: usize,
    ballots: &str,
    closed: bool,
) -> Count {
    let seats = seats(all);
    let roll: BTreeSet<SeatId> = seats.iter().take(present).cloned().collect();
    let mut given = BTreeMap::new();
    let mut recused = BTreeSet::new();
    for (seat, letter) in seats.iter().zip(ballots.chars()) {
        let choice = match letter {
            'y' => Choice::Yes,
            'n' => Choice::No,
            'a' => Choice::Abstain,
            'r' => {
                recused.insert(seat.clone());
                continue;
            }
            _ => continue,
        };
        given.insert(seat.clone(), choice);
    }
    count(&Question {
        rule,
        channel,
        seats: &seats,
        roll: (channel == Channel::Meeting).then_some(&roll),
        recused: &recused,
        ballots: &given,
        consent: false,
        closed,
    })
}

#[test]
fn fractions_are_exact() {
    let needed = |share: &str, base| share.parse::<Share>().unwrap().needed(base);
    for (base, expected) in [(1, 1), (7, 5), (8, 6), (9, 6), (10, 7), (11, 8), (50, 34), (12, 8)] {
        assert_eq!(needed("at least 2/3 of seats", base), expected, "two thirds of {base}");
    }
    // 66 percent is not two thirds: they first differ at 50 voters.
    assert_eq!(needed("at least 66/100 of seats", 50), 33);
    assert_eq!(needed("at least 66/100 of seats", 11), needed("at least 2/3 of seats", 11));
    assert_eq!(needed("more than 1/2 of present", 8), 5);
    assert_eq!(needed("at least 1/2 of seats", 7), 4);
    for text in [
        "2/3 of seats",
        "at least 2/0 of seats",
        "at least 3/2 of seats",
        "at least 2/3 of people",
        "at most 1/2 of cast",
    ] {
        assert!(text.parse::<Share>().is_err(), "{text}");
    }
}

/// The rules of the CCC, in words: a majority of those present at a meeting with quorum, of all by e-mail, two thirds of all.
#[test]
fn majorities_of_those_present_and_of_all() {
    let meeting = rule("more than 1/2 of present", Some("at least 1/2 of seats"));
    let email = rule("more than 1/2 of seats", None);
    let two_thirds = rule("at least 2/3 of seats", None);
    let outcome =
        |rule, channel, all, present, ballots| counted(rule, channel, all, present, ballots, true).outcome;
    use Channel::{Email, Meeting};
    use Outcome::{Failed, NoQuorum, Passed};
    assert_eq!(outcome(&meeting, Meeting, 9, 5, "yyynn"), Passed);
    assert_eq!(outcome(&meeting, Meeting, 9, 6, "yyynnn"), Failed);
    assert_eq!(outcome(&meeting, Meeting, 9, 4, "yyyy"), NoQuorum);
    // Half is a quorum.
    assert_eq!(outcome(&meeting, Meeting, 8, 4, "yyyn"), Passed);
    // Who is present and abstains is not in favour.
    assert_eq!(outcome(&meeting, Meeting, 9, 5, "yyaan"), Failed);
    assert_eq!(outcome(&email, Email, 9, 0, "yyyyy"), Passed);
    assert_eq!(outcome(&email, Email, 9, 0, "yyyynnnn"), Failed);
    assert_eq!(outcome(&email, Email, 8, 0, "yyyy"), Failed);
    assert_eq!(outcome(&two_thirds, Meeting, 9, 6, "yyyyyy"), Passed);
    assert_eq!(outcome(&two_thirds, Meeting, 11, 11, "yyyyyyynnnn"), Failed);
    assert_eq!(outcome(&two_thirds, Meeting, 11, 11, "yyyyyyyynnn"), Passed);
}

#[test]
fn recused_seats_leave_the_base_where_the_rule_says_so() {
    let mut stays = rule("at least 2/3 of seats", Some("at least 1/2 of seats"));
    let outcome = |rule: &VoteRule| counted(rule, Channel::Meeting, 9, 9, "yyyyynnrr", true);
    assert_eq!((outcome(&stays).outcome, outcome(&stays).needed), (Outcome::Failed, 6));
    stays.recused_leave = true;
    assert_eq!((outcome(&stays).outcome, outcome(&stays).needed), (Outcome::Passed, 5));
    let eligible = rule("at least 2/3 of eligible", None);
    assert_eq!(outcome(&eligible).outcome, Outcome::Passed);
    // A ballot of a recused seat, were there one, is not counted: of these seats the eighth and ninth have none.
    assert_eq!(outcome(&eligible).yes, 5);
}

#[test]
fn what_can_still_become_of_a_vote() {
    let two_thirds = rule("at least 2/3 of seats", None);
    let outcome = |ballots| counted(&two_thirds, Channel::Email, 9, 0, ballots, false).outcome;
    assert_eq!(outcome("yyyyy"), Outcome::Open);
    assert_eq!(outcome("yyyyyy"), Outcome::MustPass);
    assert_eq!(outcome("nnn"), Outcome::Open);
    assert_eq!(outcome("nnnn"), Outcome::CannotPass);
    assert_eq!(outcome("aaaa"), Outcome::CannotPass);
    // Of those who take part by e-mail, each further one makes the base larger.
    let cast = rule("more than 1/2 of cast", Some("at least 1/2 of seats"));
    let outcome = |ballots| counted(&cast, Channel::Email, 9, 0, ballots, false).outcome;
    assert_eq!(outcome("yyyy"), Outcome::Open);
    assert_eq!(outcome("yyyyy"), Outcome::MustPass);
    assert_eq!(outcome("nnnnn"), Outcome::CannotPass);
    assert_eq!(outcome("yyyynnnn"), Outcome::Open);
    let meeting = rule("more than 1/2 of present", Some("at least 1/2 of seats"));
    // Too few came: whatever they say.
    assert_eq!(counted(&meeting, Channel::Meeting, 9, 4, "", false).outcome, Outcome::CannotPass);
}

#[test]
fn every_step_is_told() {
    let meeting = rule("more than 1/2 of present", Some("at least 1/2 of seats"));
    let count = counted(&meeting, Channel::Meeting, 7, 5, "yyynar", true);
    insta::assert_json_snapshot!(count.steps, @r#"
    [
      "7 seats on that day: s01, s02, s03, s04, s05, s06, s07",
      "1 recused: s06; they stay in the base of all seats",
      "5 present: s01, s02, s03, s04, s05",
      "quorum, at least 1/2 of seats: 5×2 ≥ 1×7 — reached",
      "3 yes, 1 no, 1 abstain",
      "to pass, more than 1/2 of present: 3 of 5 needed; 3×2 > 1×5 — enough",
      "the motion passed"
    ]
    "#);
}

/// General consent: whoever is present and casts no ballot is in favour.
#[test]
fn general_consent_counts_those_present() {
    let mut book = Book::ccc();
    let meeting = book.meeting("2025-07-10", "tac", &["s1", "s2", "s3", "s4", "s5", "s6"]);
    let motion = Motion::Resolve { text: "approve the minutes".into() };
    book.add("2025-07-10", opened("minutes", "tac", motion, Channel::Meeting, Some(&meeting)));
    book.add("2025-07-10", ballot("minutes", "s6", Choice::Abstain));
    book.add("2025-07-10", ConsentGiven { vote: id("minutes") });
    book.add("2025-07-10", VoteClosed { vote: id("minutes"), claimed: None });
    let result = book.register.state().votes[&id("minutes")].result.clone().unwrap();
    assert_eq!((result.count.yes, result.count.abstain, result.count.outcome), (5, 1, Outcome::Passed));
    assert!(book.refused("2025-07-10", ConsentGiven { vote: id("minutes") }).contains(&"I3".to_owned()));
    // Not by e-mail, and not over an objection.
    let motion = Motion::Resolve { text: "x".into() };
    book.add("2025-07-11", opened("mail", "tac", motion.clone(), Channel::Email, None));
    assert_eq!(book.refused("2025-07-11", ConsentGiven { vote: id("mail") }), ["I3"]);
    book.add("2025-07-10", opened("objected", "tac", motion, Channel::Meeting, Some(&meeting)));
    book.add("2025-07-10", ballot("objected", "s1", Choice::No));
    assert_eq!(book.refused("2025-07-10", ConsentGiven { vote: id("objected") }), ["I3"]);
}

/// A seat that was absent may complete a meeting's vote by e-mail where the policy takes it so.
#[test]
fn late_ballots_complete_a_vote() {
    let mut book = Book::ccc();
    book.submitted("openvmm");
    let meeting = book.meeting("2025-07-24", "tac", &["s1", "s2", "s3", "s4", "s5"]);
    book.add("2025-07-24", opened("v", "tac", to("openvmm", "incubation"), Channel::Meeting, Some(&meeting)));
    for (seat, choice) in [
        ("s1", Choice::Yes),
        ("s2", Choice::Yes),
        ("s3", Choice::Yes),
        ("s4", Choice::No),
        ("s5", Choice::No),
    ] {
        book.add("2025-07-24", ballot("v", seat, choice));
    }
    assert_eq!(book.flagged("2025-07-25", ballot("v", "s9", Choice::Yes)), ["I3"]);
    book.add("2025-07-25", ballot("v", "s9", Choice::Yes));
    book.add("2025-07-26", VoteClosed { vote: id("v"), claimed: None });
    let result = book.register.state().votes[&id("v")].result.clone().unwrap();
    assert_eq!((result.count.present, result.count.yes, result.count.outcome), (6, 4, Outcome::Passed));
}

/// Two members of the TOC can end a vote outside a meeting without effect.
#[test]
fn members_can_ask_for_a_meeting_instead() {
    let mut book = Book::empty();
    book.add("2026-06-29", adopted("cncf-1.6.yaml"));
    for number in 1..=11 {
        book.seat("2026-07-01", "toc", &format!("t{number}"));
    }
    let motion = Motion::Resolve { text: "a new group".into() };
    book.add("2026-07-02", opened("group", "toc", motion, Channel::Forge, None));
    let by =
        |seats: &[&str]| VoteVoided { vote: id("group"), by: seats.iter().map(|seat| id(seat)).collect() };
    for number in 1..=8 {
        book.add("2026-07-03", ballot("group", &format!("t{number}"), Choice::Yes));
    }
    assert_eq!(book.refused("2026-07-03", by(&["t1"])), ["cncf.electronic"]);
    assert_eq!(book.refused("2026-07-03", by(&["t1", "t1", "nobody"])), ["cncf.electronic"]);
    book.add("2026-07-03", by(&["t10", "t11"]));
    let vote = &book.register.state().votes[&id("group")];
    assert!(!vote.is_open() && vote.result.is_none());
    assert_eq!(book.refused("2026-07-04", ballot("group", "t9", Choice::Yes)), ["I3"]);
}

/// The rule of the day on which a vote closes, with the version of the policy; and why that rule.
#[test]
fn the_decision_says_by_which_rule() {
    let mut book = Book::ready_to_graduate("enarx");
    let vote = book.decide(
        "2026-05-14",
        "tac",
        to("enarx", "graduation"),
        &ALL_SEATS,
        &["s1", "s2", "s3", "s4", "s5"],
    );
    let result = book.register.state().votes[&id(&vote)].result.clone().unwrap();
    assert_eq!(result.policy, "ccc 2025-06-06");
    assert_eq!(result.rule.as_str(), "ccc.graduation");
    assert_eq!(result.count.outcome, Outcome::Failed);
    insta::assert_json_snapshot!(result.remarks, @r#"
    [
      "ccc.meeting (II. Technical Review) says more than 1/2 of present: ccc.graduation applies, since it is the more specific",
      "III. Graduation Stage does not say of what the share is taken; it is read as at least 2/3 of seats"
    ]
    "#);
    assert_eq!(book.stage("enarx"), Some("incubation"));
    book.decide(
        "2026-06-11",
        "tac",
        to("enarx", "graduation"),
        &ALL_SEATS,
        &["s1", "s2", "s3", "s4", "s5", "s6"],
    );
    assert_eq!(book.stage("enarx"), Some("graduation"));
    // And back by an ordinary majority, since the text names no other.
    book.decide("2026-09-10", "tac", to("enarx", "incubation"), &ALL_SEATS, &["s1", "s2", "s3", "s4", "s5"]);
    assert_eq!(book.stage("enarx"), Some("incubation"));
}

/// What a vote comes to, told once more and slowly: go through every way in which those who have not voted may vote.
fn slowly(rule: &VoteRule, channel: Channel, all: usize, present: usize, ballots: &str) -> Outcome {
    let letters: Vec<char> = (0..all).map(|at| ballots.chars().nth(at).unwrap_or('-')).collect();
    let can_vote = |at: usize| channel != Channel::Meeting || at < present;
    let open: Vec<usize> = (0..all).filter(|at| letters[*at] == '-' && can_vote(*at)).collect();
    let (mut some_pass, mut some_fail) = (false, false);
    for mut way in 0..4usize.pow(open.len() as u32) {
        let mut full = letters.clone();
        for at in &open {
            full[*at] = ['y', 'n', 'a', '-'][way % 4];
            way /= 4;
        }
        let number =
            |letter| full.iter().enumerate().filter(|(at, one)| **one == letter && can_vote(*at)).count();
        let (yes, no, recused) = (number('y'), number('n'), full.iter().filter(|one| **one == 'r').count());
        let there = match channel {
            Channel::Meeting if rule.recused_leave => {
                (0..present.min(all)).filter(|at| full[*at] != 'r').count()
            }
            Channel::Meeting => present.min(all),
            _ => yes + no + number('a'),
        };
        let base = |name: &str| match name {
            "seats" if rule.recused_leave => all - recused,
            "seats" => all,
            "eligible" => all - recused,
            "present" => there,
            _ => yes + no,
        };
        let enough = |share: &Share, number: usize| {
            let base = base(share.of.name()) as f64 * f64::from(share.fraction.numerator)
                / f64::from(share.fraction.denominator);
            match share.to_string().starts_with("at least") {
                true => number as f64 >= base - 1e-9,
                false => number as f64 > base + 1e-9,
            }
        };
        let passes = yes > 0
            && rule.quorum.as_ref().is_none_or(|share| enough(share, there))
            && enough(&rule.pass, yes);
        if passes { some_pass = true } else { some_fail = true }
    }
    match (some_pass, some_fail) {
        (true, false) => Outcome::MustPass,
        (false, _) => Outcome::CannotPass,
        (true, true) => Outcome::Open,
    }
}

proptest! {
    #[test]
    fn counting_agrees_with_trying_every_way(
        all in 1usize..8,
        present in 0usize..8,
        ballots in "[ynar-]{0,8}",
        channel in prop::sample::select(vec![Channel::Meeting, Channel::Email]),
        pass in prop::sample::select(vec!["at least 2/3 of seats", "more than 1/2 of present", "more than 1/2 of cast", "at least 2/3 of eligible", "more than 1/2 of seats"]),
        quorum in prop::sample::select(vec![None, Some("at least 1/2 of seats"), Some("at least 2/3 of eligible")]),
        recused_leave in any::<bool>(),
    ) {
        let mut rule = rule(pass, quorum);
        rule.recused_leave = recused_leave;
        let present = present.min(all);
        let ballots: String = ballots.chars().take(all).collect();
        let expected = slowly(&rule, channel, all, present, &ballots);
        let open = counted(&rule, channel, all, present, &ballots, false);
        prop_assert_eq!(open.outcome, expected, "{:?}", open.steps);
        // Closed as it stands, it passed if nobody else's ballot was needed, and never if none could have helped.
        let closed = counted(&rule, channel, all, present, &ballots, true).outcome;
        prop_assert!(expected != Outcome::MustPass || closed == Outcome::Passed);
        prop_assert!(expected != Outcome::CannotPass || closed != Outcome::Passed);
    }
}
