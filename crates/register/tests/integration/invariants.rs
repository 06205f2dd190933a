//! The invariants of a register, I1 to I15: each with what is taken and what is refused or shown.

use eyrie_register::domain::fact::*;
use eyrie_register::domain::policy::Channel;
use eyrie_register::domain::state::lint::lint;
use eyrie_register::domain::vote::{Choice, Outcome};
use jiff::civil::date;

use crate::fixture::*;

fn lints(book: &Book, day: jiff::civil::Date) -> Vec<String> {
    lint(book.register.state(), day).iter().map(ToString::to_string).collect()
}

fn entered(project: &str, stage: &str) -> StageEntered {
    StageEntered { project: id(project), stage: id(stage) }
}

/// I1: one stage at a time, moves that the policy knows, in the order of their days.
#[test]
fn i1_stages_follow_the_policy_in_force() {
    let mut book = Book::incubating("enarx");
    assert_eq!(book.project("enarx").stages.len(), 1);
    // Emeritus is the end: nothing leads on from there.
    book.add("2026-01", entered("enarx", "emeritus"));
    assert_eq!(book.refused("2026-02-01", entered("enarx", "incubation")), ["I1"]);
    assert_eq!(book.refused("2026-02-01", entered("enarx", "graduated")), ["I1"]);
    // Certainly before the stage it is in: refused. Perhaps in the same month: not.
    assert_eq!(book.refused("2025-07-15", entered("enarx", "graduation")), ["I1"]);
    let mut other = Book::incubating("veracruz");
    other.add("2025-08", entered("veracruz", "graduation"));
    assert_eq!(other.stage("veracruz"), Some("graduation"));
    assert_eq!(
        other.refused("2025-01-01", ProjectRenamed { project: id("veracruz"), name: "V".into() }),
        ["I1"]
    );
    assert_eq!(
        other.refused("2025-10-01", ProjectRenamed { project: id("veracruzz"), name: "V".into() }),
        ["I1"]
    );
    // What happened before the first version that is known cannot be checked, and is said to be so.
    let mut early = Book::ccc();
    early.add(
        "2019-10",
        ProjectSubmitted { preferred_stage: None, answers: Default::default(), ..submission("oesdk") },
    );
    assert_eq!(early.flagged("2019-10", entered("oesdk", "incubation")), ["I1"]);
}

/// I2: the committee, then the law, then the board; and a notice a month before the end.
#[test]
fn i2_the_board_votes_last() {
    let mut book = Book::ccc();
    book.submitted("enarx");
    let board = |book: &Book, when: &str| {
        let mut book = book.clone();
        book.add(when, meeting("gb", "board", &["b1", "b2", "b3"]));
        book.refused(
            when,
            opened("gb-vote", "board", to("enarx", "incubation"), Channel::Meeting, Some("gb")),
        )
    };
    assert_eq!(board(&book, "2025-07-20"), ["C16", "C17", "I2"]);
    book.decide("2025-07-24", "tac", to("enarx", "incubation"), &ALL_SEATS, &ALL_SEATS);
    assert_eq!(book.stage("enarx"), None);
    assert_eq!(board(&book, "2025-07-25"), ["C16", "C17"]);
    book.legal("enarx");
    let question = LegalQuestionRaised {
        project: id("enarx"),
        question: id("marks"),
        text: "whose is the name?".into(),
        referred: true,
    };
    book.add("2025-08-12", question);
    assert_eq!(board(&book, "2025-08-13"), ["C19"]);
    book.add(
        "2025-08-14",
        LegalQuestionAnswered { project: id("enarx"), question: id("marks"), text: "ours".into() },
    );
    book.decide("2025-08-20", "board", to("enarx", "incubation"), &["b1", "b2"], &["b1", "b2"]);
    assert_eq!(book.stage("enarx"), Some("incubation"));
}

#[test]
fn i2_a_notice_stands_for_a_month_before_emeritus() {
    let mut book = Book::incubating("occlum");
    let vote =
        |when: &str| opened(&format!("v-{when}"), "tac", to("occlum", "emeritus"), Channel::Email, None);
    assert_eq!(book.refused("2026-03-01", vote("2026-03-01")), ["I2"]);
    book.add(
        "2026-03-01",
        NoticePosted { project: id("occlum"), url: "https://example.org/README.md".into() },
    );
    assert_eq!(book.refused("2026-03-31", vote("2026-03-31")), ["I2"]);
    book.add("2026-04-01", vote("2026-04-01"));
    // By a partial date it certainly stands a month only a month after the last day that it may mean.
    let mut partial = Book::incubating("occlum");
    partial
        .add("2026-03", NoticePosted { project: id("occlum"), url: "https://example.org/README.md".into() });
    assert_eq!(partial.refused("2026-04-29", vote("2026-04-29")), ["I2"]);
    partial.add("2026-04-30", vote("2026-04-30"));
    // Before June 2025 the policy asked for no notice.
    let mut old = Book::ccc();
    old.add("2024-09-01", ProjectSubmitted { answers: Default::default(), ..submission("enarx") });
    old.add("2024-09-02", entered("enarx", "incubation"));
    old.add("2025-06-05", opened("old", "tac", to("enarx", "emeritus"), Channel::Email, None));
}

/// I3: a ballot is a seat's, one each, given by who holds it on that day.
#[test]
fn i3_a_seat_has_one_ballot_from_who_holds_it() {
    let mut book = Book::ccc();
    let motion = Motion::Resolve { text: "approve the minutes".into() };
    book.add("2025-07-01", opened("v", "tac", motion, Channel::Email, None));
    let by =
        |seat: &str, voter: &str| BallotCast { voter: Some(id(voter)), ..ballot("v", seat, Choice::Yes) };
    book.add("2025-07-02", by("s1", "s1-primary"));
    book.add("2025-07-02", by("s2", "s2-alternate"));
    assert_eq!(book.refused("2025-07-02", by("s1", "s1-alternate")), ["I3"]);
    assert_eq!(book.refused("2025-07-02", by("s3", "s4-primary")), ["I3"]);
    assert_eq!(book.refused("2025-07-02", ballot("v", "s10", Choice::Yes)), ["I3"]);
    assert_eq!(book.refused("2025-07-02", ballot("w", "s3", Choice::Yes)), ["I3"]);
    assert_eq!(book.refused("2025-06-30", ballot("v", "s3", Choice::Yes)), ["I3"]);
    // On that day: who left the seat earlier cannot, who came later cannot yet.
    book.add("2025-07-03", SeatVacated { body: id("tac"), seat: id("s3"), person: id("s3-primary") });
    book.add(
        "2025-07-05",
        SeatFilled { body: id("tac"), seat: id("s3"), person: id("new"), capacity: Capacity::Primary },
    );
    assert_eq!(book.refused("2025-07-03", by("s3", "s3-primary")), ["I3"]);
    assert_eq!(book.refused("2025-07-04", by("s3", "new")), ["I3"]);
    book.add("2025-07-05", by("s3", "new"));
    // Recused seats do not vote.
    book.add("2025-07-05", SeatRecused { vote: id("v"), seat: id("s4"), reason: "employer".into() });
    assert_eq!(book.refused("2025-07-05", ballot("v", "s4", Choice::Yes)), ["I3"]);
    assert_eq!(
        book.refused("2025-07-05", SeatRecused { vote: id("v"), seat: id("s1"), reason: "late".into() }),
        ["I3"]
    );
    // Nor after the end.
    book.add("2025-07-06", VoteClosed { vote: id("v"), claimed: None });
    assert_eq!(book.refused("2025-07-07", ballot("v", "s5", Choice::Yes)), ["I3"]);
}

#[test]
fn i3_the_roll_call_knows_the_seats_of_its_day() {
    let book = Book::ccc();
    let roll = |person: &str| MeetingHeld {
        present: vec![Attendance { seat: id("s1"), person: Some(id(person)) }],
        ..meeting("m", "tac", &[])
    };
    let mut taken = book.clone();
    taken.add("2025-07-01", roll("s1-alternate"));
    assert_eq!(book.refused("2025-07-01", roll("s2-primary")), ["I3"]);
    assert_eq!(book.refused("2025-07-01", meeting("m", "tac", &["s1", "s1"])), ["I3"]);
    assert_eq!(book.refused("2024-07-31", meeting("m", "tac", &["s1"])), ["I3"]);
    assert_eq!(book.refused("2025-07-01", meeting("m", "tca", &[])), ["I3"]);
    // An absent seat's ballot is shown.
    let mut book = Book::ccc();
    book.add("2025-07-10", meeting("m", "tac", &["s1", "s2", "s3", "s4", "s5"]));
    let motion = Motion::Resolve { text: "approve the minutes".into() };
    book.add("2025-07-10", opened("v", "tac", motion, Channel::Meeting, Some("m")));
    assert_eq!(book.flagged("2025-07-10", ballot("v", "s6", Choice::Yes)), ["I3"]);
    assert!(book.flagged("2025-07-10", ballot("v", "s5", Choice::Yes)).is_empty());
}

/// I4: what is claimed of a vote is what the rule says.
#[test]
fn i4_claims_are_checked() {
    let mut book = Book::ccc();
    book.submitted("enarx");
    let m = book.meeting("2025-07-24", "tac", &["s1", "s2", "s3", "s4", "s5"]);
    book.add("2025-07-24", opened("v", "tac", to("enarx", "incubation"), Channel::Meeting, Some(&m)));
    for seat in ["s1", "s2", "s3"] {
        book.add("2025-07-24", ballot("v", seat, Choice::Yes));
    }
    let close = |outcome, yes| VoteClosed {
        vote: id("v"),
        claimed: Some(Claim { outcome, yes: Some(yes), no: Some(0), abstain: None }),
    };
    assert_eq!(book.refused("2025-07-24", close(Outcome::Failed, 3)), ["I4"]);
    assert_eq!(book.refused("2025-07-24", close(Outcome::Passed, 4)), ["I4"]);
    book.add("2025-07-24", close(Outcome::Passed, 3));
    // A quorum that the minutes state is that of the roll call.
    let mut stated = Book::ccc();
    stated.add(
        "2025-07-10",
        MeetingHeld { stated_quorum: Some(true), ..meeting("m", "tac", &["s1", "s2", "s3", "s4"]) },
    );
    let motion = Motion::Resolve { text: "approve the minutes".into() };
    stated.add("2025-07-10", opened("v", "tac", motion, Channel::Meeting, Some("m")));
    assert_eq!(stated.refused("2025-07-10", VoteClosed { vote: id("v"), claimed: None }), ["I4"]);
}

/// I5: sponsors hold a seat, have no interest, and not too many projects; projects have liaisons.
#[test]
fn i5_sponsors_and_liaisons() {
    let mut book = Book::ccc();
    book.add("2025-07-01", submission("enarx"));
    let sponsor =
        |seat: &str| SponsorNamed { project: id("enarx"), body: id("tac"), seat: id(seat), exception: None };
    assert_eq!(book.refused("2025-07-02", sponsor("s10")), ["I5"]);
    book.add(
        "2025-07-01",
        ConflictDeclared { project: id("enarx"), seat: id("s2"), text: "employs a maintainer".into() },
    );
    assert_eq!(book.refused("2025-07-02", sponsor("s2")), ["I5"]);
    book.add("2025-07-02", sponsor("s1"));
    assert_eq!(book.refused("2025-07-02", SponsorReleased { project: id("enarx"), seat: id("s3") }), ["I5"]);
    // At most two at a time in the CNCF, but for a reason.
    let mut cncf = Book::empty();
    cncf.add("2026-06-29", adopted("cncf-1.6.yaml"));
    cncf.seat("2026-07-01", "toc", "t1");
    let named = |project: &str, exception: Option<&str>| SponsorNamed {
        project: id(project),
        body: id("toc"),
        seat: id("t1"),
        exception: exception.map(Into::into),
    };
    for project in ["a", "b", "c"] {
        cncf.add(
            "2026-07-02",
            ProjectSubmitted { answers: Default::default(), preferred_stage: None, ..submission(project) },
        );
    }
    cncf.add("2026-07-03", named("a", None));
    cncf.add("2026-07-03", named("b", None));
    assert_eq!(cncf.refused("2026-07-03", named("c", None)), ["I5"]);
    cncf.add("2026-07-03", named("c", Some("knows the code")));
    // Without a liaison.
    let mut book = Book::incubating("enarx");
    let lacks =
        |book: &Book| lints(book, date(2025, 12, 1)).iter().any(|text| text == "[C3] enarx has no liaison");
    assert!(lacks(&book));
    book.add("2025-09-01", PersonKnown { person: id("lia"), name: "Lia".into(), aliases: vec![] });
    book.add("2025-09-01", LiaisonAssigned { project: id("enarx"), person: id("lia") });
    assert!(!lacks(&book));
    book.add("2025-11-01", LiaisonReleased { project: id("enarx"), person: id("lia") });
    assert!(lacks(&book));
    assert_eq!(
        book.refused("2025-11-02", LiaisonReleased { project: id("enarx"), person: id("lia") }),
        ["C3"]
    );
}

/// I6: a review every twelve months while accepted; at the end no reviews and no grants.
#[test]
fn i6_yearly_reviews() {
    let mut book = Book::incubating("enarx");
    let due = |book: &Book, day| book.register.state().annual_review_due(&id("enarx"), day);
    assert_eq!(due(&book, date(2026, 1, 1)), Some(date(2026, 8, 20)));
    let overdue = |book: &Book, day| lints(book, day).iter().any(|text| text.starts_with("[I6]"));
    assert!(!overdue(&book, date(2026, 8, 20)));
    assert!(overdue(&book, date(2026, 8, 21)));
    book.add("2026-08-25", AnnualReviewMissed { project: id("enarx") });
    assert!(lints(&book, date(2026, 8, 26)).iter().any(|text| text.contains("it did not come 1 time")));
    let parts = ["answers", "stage", "budget", "license-scans", "badge"];
    let held = |parts: &[&str]| AnnualReviewHeld {
        project: id("enarx"),
        meeting: None,
        parts: parts.iter().map(|part| (id(part), "nothing new".to_owned())).collect(),
    };
    assert_eq!(book.refused("2026-09-10", held(&parts[..4])), ["C46"]);
    assert_eq!(
        book.refused("2026-09-10", held(&["answers", "stage", "budget", "license-scans", "badge", "jokes"])),
        ["C46"]
    );
    book.add("2026-09-10", held(&parts));
    assert_eq!(due(&book, date(2026, 10, 1)), Some(date(2027, 9, 10)));
    // The end.
    book.add("2026-10-01", entered("enarx", "emeritus"));
    assert_eq!(due(&book, date(2026, 11, 1)), None);
    assert_eq!(book.refused("2027-09-10", held(&parts)), ["I6"]);
    let grant = BenefitGranted {
        project: id("enarx"),
        benefit: id("domain-name"),
        cents: 0,
        count: 0,
        raised_by: None,
    };
    assert_eq!(book.refused("2026-11-01", grant), ["C44"]);
    // What is held stays held.
    let asset = AssetHeld {
        project: id("enarx"),
        asset: "enarx.dev".into(),
        owner: "LF Projects".into(),
        renew: None,
    };
    book.add("2026-11-01", asset);
    assert_eq!(book.project("enarx").assets["enarx.dev"].0, "LF Projects");
}

/// I7: what is granted in a year stays below the limit, unless a vote raised it.
#[test]
fn i7_limits_on_what_is_granted() {
    let mut book = Book::incubating("enarx");
    let grant = |cents, raised_by: Option<&str>| BenefitGranted {
        project: id("enarx"),
        benefit: id("test-infrastructure"),
        cents,
        count: 0,
        raised_by: raised_by.map(id),
    };
    book.add("2025-10-01", grant(500_000, None));
    book.add("2025-11-01", grant(250_000, None));
    assert_eq!(book.refused("2025-12-01", grant(1, None)), ["C5"]);
    book.add("2026-01-01", grant(750_000, None));
    // Enarx was given 10,000 instead of 7,500 dollars by a vote with one abstention.
    let motion =
        Motion::RaiseCap { project: id("enarx"), benefit: id("test-infrastructure"), cents: 1_000_000 };
    let vote = book.decide("2026-02-05", "tac", motion, &ALL_SEATS, &ALL_SEATS[..8]);
    book.add("2026-02-06", grant(250_000, Some(&vote)));
    assert_eq!(book.refused("2026-02-07", grant(1, Some(&vote))), ["C5"]);
    assert_eq!(book.refused("2026-02-07", grant(1, Some("vote-tac-2025-07-24"))), ["C5", "I7"]);
    // One mentee.
    let mentee = |count| BenefitGranted {
        project: id("enarx"),
        benefit: id("mentorship"),
        cents: 0,
        count,
        raised_by: None,
    };
    assert_eq!(book.refused("2026-03-01", mentee(2)), ["C4"]);
    book.add("2026-03-01", mentee(1));
    assert_eq!(book.refused("2026-04-01", mentee(1)), ["C4"]);
    assert_eq!(book.refused("2026-04-01", BenefitGranted { benefit: id("yacht"), ..grant(1, None) }), ["C3"]);
}

/// I8: before a vote, every required criterion is met, waived or not applicable, and nothing that blocks is open.
#[test]
fn i8_what_must_be_there_before_a_vote() {
    let mut book = Book::ready_to_graduate("enarx");
    let vote = opened("v", "tac", to("enarx", "graduation"), Channel::Email, None);
    let mut taken = book.clone();
    taken.add("2026-05-01", vote.clone());
    for verdict in [Verdict::Unmet, Verdict::Unknown] {
        let mut open = book.clone();
        open.add("2026-04-01", evaluated("enarx", "graduation.diversity", verdict));
        assert_eq!(open.refused("2026-05-01", vote.clone()), ["I8"]);
    }
    // Waived by a vote with a reason, not by who evaluates.
    book.add("2026-04-01", evaluated("enarx", "graduation.diversity", Verdict::Unmet));
    assert_eq!(
        book.refused("2026-04-02", evaluated("enarx", "graduation.diversity", Verdict::Waived)),
        ["I8"]
    );
    let motion = Motion::Waive {
        project: id("enarx"),
        criterion: id("graduation.diversity"),
        reason: "under way".into(),
    };
    book.decide("2026-04-09", "tac", motion, &ALL_SEATS, &ALL_SEATS);
    book.add("2026-05-01", vote);
    assert_eq!(book.refused("2026-05-01", evaluated("enarx", "graduation.divesity", Verdict::Met)), ["I8"]);
}

/// A project of the CNCF that may be voted on to graduate on 15 September 2026.
fn cncf() -> Book {
    let mut book = Book::empty();
    book.add("2026-06-29", adopted("cncf-1.6.yaml"));
    for number in 1..=11 {
        book.seat("2026-07-01", "toc", &format!("t{number}"));
    }
    book.add(
        "2026-07-01",
        ProjectSubmitted { answers: Default::default(), preferred_stage: None, ..submission("falco") },
    );
    book.add("2026-07-01", entered("falco", "incubating"));
    book.add(
        "2026-07-02",
        SponsorNamed { project: id("falco"), body: id("toc"), seat: id("t1"), exception: None },
    );
    let policy = book.register.state().policies[0].clone();
    for one in policy.criteria_for(&id("graduated")) {
        book.add("2026-07-03", evaluated("falco", one.id.as_str(), Verdict::Met));
    }
    for number in 1..=3 {
        book.add(
            "2026-07-10",
            AdopterInterviewed {
                project: id("falco"),
                interview: id(&format!("a{number}")),
                adopter: "a bank".into(),
                summary_approved: true,
            },
        );
    }
    book.add(
        "2026-08-01",
        CommentOpened { project: id("falco"), kind: "internal".into(), last: date(2026, 8, 8) },
    );
    book.add(
        "2026-08-10",
        CommentOpened { project: id("falco"), kind: "public".into(), last: date(2026, 8, 24) },
    );
    book
}

#[test]
fn i8_concerns_findings_and_exceptions_block() {
    let mut book = cncf();
    let vote = opened("v", "toc", to("falco", "graduated"), Channel::Forge, None);
    let mut taken = book.clone();
    taken.add("2026-09-15", vote.clone());
    let concern = ConcernRaised {
        project: id("falco"),
        concern: id("libs"),
        text: "libs in a vendor's organisation".into(),
        raised_by: None,
    };
    book.add("2026-08-02", concern);
    let audit = AuditPublished {
        project: id("falco"),
        audit: id("cure53"),
        vendor: "Cure53".into(),
        sponsor: Some("CNCF".into()),
        scope: "userspace and drivers".into(),
        report: evidence("audits/SECURITY_AUDIT_2019_07.pdf", "2019-07"),
    };
    book.add("2026-08-03", audit);
    let finding = |name: &str, severity| FindingRecorded {
        project: id("falco"),
        finding: id(name),
        audit: id("cure53"),
        severity,
        text: "a bypass".into(),
    };
    book.add("2026-08-03", finding("f1", Severity::High));
    book.add("2026-08-03", finding("f2", Severity::Moderate));
    let exception = |state| LicenseExceptionFiled { project: id("falco"), exception: id("gpl"), state };
    book.add("2026-08-03", exception(ExceptionState::Pending));
    assert_eq!(book.refused("2026-09-15", vote.clone()), ["F24", "F38", "I8"]);
    let resolved = ConcernResolved {
        project: id("falco"),
        concern: id("libs"),
        text: "contributed".into(),
        evidence: evidence("https://github.com/falcosecurity/libs", "2021-02-24"),
    };
    book.add("2026-08-20", resolved);
    let advisory = evidence("https://github.com/falcosecurity/falco/security/advisories", "2026-08-20");
    book.add("2026-08-20", FindingResolved { project: id("falco"), finding: id("f1"), evidence: advisory });
    book.add("2026-08-20", exception(ExceptionState::Granted));
    book.add("2026-09-15", vote);
}

/// I9: nothing opens in a freeze, and comment periods last as long as they must.
#[test]
fn i9_freezes_and_comment_periods() {
    let mut book = cncf();
    let vote = opened("v", "toc", to("falco", "graduated"), Channel::Forge, None);
    assert_eq!(book.refused("2026-08-24", vote.clone()), ["I9"]);
    book.clone().add("2026-08-25", vote.clone());
    book.add(
        "2026-08-25",
        FreezeSet { name: "KubeCon NA".into(), first: date(2026, 10, 12), last: date(2026, 11, 15) },
    );
    assert_eq!(book.refused("2026-10-12", vote.clone()), ["I9"]);
    book.clone().add("2026-11-16", vote.clone());
    let comment = |kind: &str, last| CommentOpened { project: id("falco"), kind: kind.into(), last };
    assert_eq!(book.refused("2026-11-01", comment("public", date(2026, 12, 1))), ["I9"]);
    assert_eq!(book.refused("2026-09-01", comment("public", date(2026, 8, 1))), ["I9"]);
    assert_eq!(
        book.refused(
            "2026-09-01",
            FreezeSet { name: "x".into(), first: date(2026, 2, 1), last: date(2026, 1, 1) }
        ),
        ["I9"]
    );
    // A day short.
    let mut short = cncf();
    let entry = short
        .register
        .log()
        .entries()
        .iter()
        .rfind(|entry| entry.body.draft.fact.project().is_some())
        .unwrap()
        .body
        .entry;
    short.add("2026-08-11", EntryRetracted { entry, reason: "not opened".into() });
    short.add("2026-08-11", comment("public", date(2026, 8, 24)));
    assert_eq!(short.refused("2026-09-15", vote), ["I9"]);
}

/// I10: evidence is dated, not newer than the look at it, and what has expired proves nothing.
#[test]
fn i10_evidence_has_its_time() {
    let mut book = Book::ready_to_graduate("enarx");
    let looked = |date: &str, expires: Option<&str>| CriterionEvaluated {
        evidence: vec![Evidence {
            expires: expires.map(|day| day.parse().unwrap()),
            ..evidence("https://example.org", date)
        }],
        ..evaluated("enarx", "graduation.diversity", Verdict::Met)
    };
    assert_eq!(book.refused("2026-04-01", looked("2026-04-02", None)), ["I10"]);
    assert_eq!(book.refused("2026-04-01", looked("2026-03-01", Some("2026-03-31"))), ["I10"]);
    book.add("2026-04-01", looked("2026-04", Some("2026-04-30")));
    let vote = opened("v", "tac", to("enarx", "graduation"), Channel::Email, None);
    book.clone().add("2026-04-30", vote.clone());
    assert_eq!(book.refused("2026-05-01", vote), ["I8"]);
}

/// A security review with a lead, two reviewers, two chairs, a facilitator and the project's lead.
fn review() -> Book {
    let mut book = cncf();
    book.add(
        "2026-07-05",
        ReviewRequested { review: id("falco-2026"), project: id("falco"), origin: ReviewOrigin::Project },
    );
    for (person, role) in [
        ("pl", ReviewRole::ProjectLead),
        ("lead", ReviewRole::LeadReviewer),
        ("r1", ReviewRole::Reviewer),
        ("r2", ReviewRole::Reviewer),
        ("c1", ReviewRole::Chair),
        ("c2", ReviewRole::Chair),
        ("fac", ReviewRole::Facilitator),
    ] {
        let experienced = role == ReviewRole::LeadReviewer;
        book.add(
            "2026-07-06",
            ReviewerJoined { review: id("falco-2026"), person: id(person), role, experienced },
        );
    }
    book
}

fn stated(person: &str, hard: u8) -> ConflictStated {
    ConflictStated { review: id("falco-2026"), person: id(person), hard, soft: 0 }
}

fn delivered(part: PackagePart, by: &[&str], at: &str, date: &str) -> ReviewPartDelivered {
    ReviewPartDelivered {
        review: id("falco-2026"),
        part,
        by: by.iter().map(|person| id(person)).collect(),
        evidence: Some(evidence(at, date)),
        not_performed: None,
    }
}

const SELF: &str = "assessments/projects/falco/self-assessment.md";

/// I11: the team is large enough, led by who has done it before, and free of conflicts that nobody waived.
#[test]
fn i11_the_team_of_a_security_review() {
    let mut book = review();
    let joined = |person: &str, role, experienced| ReviewerJoined {
        review: id("falco-2026"),
        person: id(person),
        role,
        experienced,
    };
    assert_eq!(book.refused("2026-07-06", joined("pl", ReviewRole::Reviewer, true)), ["I11"]);
    assert_eq!(book.refused("2026-07-06", joined("new", ReviewRole::LeadReviewer, false)), ["I11"]);
    book.add("2026-07-07", delivered(PackagePart::SelfAssessment, &["pl"], SELF, "2026-07-07"));
    let joint = |when: &str| {
        delivered(
            PackagePart::JointReview,
            &["pl", "lead"],
            "assessments/projects/falco/joint-review.md",
            when,
        )
    };
    // Nobody has said anything of conflicts.
    assert_eq!(book.refused("2026-07-20", joint("2026-07-20")), ["I11"]);
    for person in ["lead", "r1"] {
        book.add("2026-07-08", stated(person, 0));
    }
    book.add("2026-07-08", stated("r2", 1));
    assert_eq!(book.refused("2026-07-20", joint("2026-07-20")), ["I11"]);
    let waiver = |chairs: &[&str], reason: &str| ConflictWaived {
        review: id("falco-2026"),
        person: id("r2"),
        chairs: chairs.iter().map(|chair| id(chair)).collect(),
        facilitator: id("fac"),
        reason: reason.into(),
    };
    assert_eq!(book.refused("2026-07-09", waiver(&["c1"], "nobody else")), ["I11"]);
    assert_eq!(book.refused("2026-07-09", waiver(&["c1", "c1"], "nobody else")), ["I11"]);
    assert_eq!(book.refused("2026-07-09", waiver(&["c1", "c2"], " ")), ["I11"]);
    book.add("2026-07-09", waiver(&["c1", "c2"], "nobody else knows eBPF"));
    // A week to read.
    assert_eq!(book.refused("2026-07-13", joint("2026-07-13")), ["I11"]);
    book.add("2026-07-14", joint("2026-07-14"));
}

/// I12: drafts are no evidence; a package is final with all four parts, or a reason for what is not there, and with approvals.
#[test]
fn i12_drafts_stay_drafts() {
    let mut book = review();
    for person in ["lead", "r1", "r2"] {
        book.add("2026-07-07", stated(person, 0));
    }
    assert_eq!(
        book.refused("2026-07-07", delivered(PackagePart::SelfAssessment, &["r1"], SELF, "2026-07-07")),
        ["R8"]
    );
    book.add("2026-07-07", delivered(PackagePart::SelfAssessment, &["pl"], SELF, "2026-07-07"));
    let cited = CriterionEvaluated {
        evidence: vec![evidence(SELF, "2026-07-07")],
        ..evaluated("falco", "graduation.self-assessment", Verdict::Met)
    };
    assert_eq!(book.refused("2026-07-08", cited.clone()), ["R13"]);
    let readme =
        delivered(PackagePart::JointReadme, &["lead"], "assessments/projects/falco/README.md", "2026-07-20");
    assert_eq!(book.refused("2026-07-20", readme.clone()), ["R11"]);
    book.add(
        "2026-07-15",
        delivered(PackagePart::JointReview, &["pl", "lead"], "joint-review.md", "2026-07-15"),
    );
    book.add("2026-07-20", readme);
    let end = ReviewFinalised { review: id("falco-2026") };
    assert_eq!(book.refused("2026-07-25", end.clone()), ["I12", "R14"]);
    let presentation = ReviewPartDelivered {
        evidence: None,
        not_performed: Some("agreed with the chairs: no meeting before the freeze".into()),
        ..delivered(PackagePart::Presentation, &["pl"], "", "2026-07-20")
    };
    book.add("2026-07-20", presentation);
    for person in ["c1", "r1"] {
        assert_eq!(book.refused("2026-07-25", end.clone()), ["R14"]);
        book.add("2026-07-24", ReviewApproved { review: id("falco-2026"), person: id(person) });
    }
    book.add("2026-07-25", end.clone());
    book.add("2026-07-26", cited);
    assert_eq!(book.refused("2026-07-26", end), ["R14"]);
}

/// I13: nobody joins late, scores are frozen at the deadline, and no more is paid than was promised.
#[test]
fn i13_campaigns() {
    let mut book = Book::ccc();
    let projects: Vec<String> = (1..=21).map(|number| format!("p{number:02}")).collect();
    for project in &projects {
        book.add("2025-07-01", submission(project));
    }
    let campaign = CampaignOpened {
        campaign: id("slam"),
        name: "Security Slam".into(),
        category: "security".into(),
        target: 1000,
        last_enrolment: date(2025, 11, 21),
        deadline: date(2025, 11, 21),
        cents_each: 250_000,
        cents_cap: 5_000_000,
    };
    assert_eq!(
        book.refused("2025-09-01", CampaignOpened { last_enrolment: date(2025, 11, 22), ..campaign.clone() }),
        ["I13"]
    );
    assert_eq!(book.refused("2025-09-01", CampaignOpened { target: 1001, ..campaign.clone() }), ["L7"]);
    book.add("2025-09-01", campaign);
    let joined =
        |project: &str| CampaignJoined { campaign: id("slam"), project: id(project), repositories: vec![] };
    let taken = |project: &str, earned| SnapshotTaken {
        campaign: id("slam"),
        project: id(project),
        earned,
        possible: 250,
    };
    assert_eq!(book.refused("2025-09-02", taken("p01", 250)), ["I13"]);
    for project in &projects[..13] {
        book.add("2025-10-01", joined(project));
    }
    for project in &projects[..11] {
        book.add("2025-10-20", taken(project, 250));
    }
    // 99.6 percent is not all.
    book.add("2025-11-21", taken("p12", 249));
    assert_eq!(book.flagged("2025-11-22", taken("p12", 250)), ["I13"]);
    book.add("2025-11-22", taken("p12", 250));
    assert_eq!(book.refused("2025-11-20", taken("p13", 251)), ["I13"]);
    let slam = &book.register.state().campaigns[&id("slam")];
    assert_eq!(slam.payout(), 2_750_000);
    assert_eq!(
        slam.board(date(2026, 1, 1)).iter().map(|one| one.rank).collect::<Vec<_>>(),
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 12, 13]
    );
    assert_eq!(slam.board(date(2026, 1, 1))[11].tenths, 996);
    for project in &projects[13..] {
        assert_eq!(book.refused("2025-11-22", joined(project)), ["I13"]);
        book.add("2025-11-21", joined(project));
        book.add("2025-11-21", taken(project, 250));
    }
    for project in ["p12", "p13"] {
        book.add("2025-11-21", taken(project, 250));
    }
    assert_eq!(book.register.state().campaigns[&id("slam")].payout(), 5_000_000);
}

/// I15: numbers and names are unique and not reserved.
#[test]
fn i15_numbers_of_plugins() {
    let mut book = Book::ccc();
    let registered = |number: Option<u32>, name: &str, source: Option<&str>| IdentifierRegistered {
        number,
        name: name.into(),
        event_source: source.map(Into::into),
        contact: "The Falco Authors".into(),
    };
    book.add("2025-01-01", registered(Some(1), "k8saudit", Some("k8s_audit")));
    // Another plugin may bring the same events, under a number of its own; one that only extracts needs none.
    book.add("2025-01-02", registered(Some(2), "k8saudit-eks", Some("k8s_audit")));
    book.add("2025-01-02", registered(None, "json", None));
    assert_eq!(book.refused("2025-01-03", registered(Some(1), "other", Some("x"))), ["P5"]);
    assert_eq!(book.refused("2025-01-03", registered(Some(3), "K8sAudit", Some("x"))), ["I15"]);
    assert_eq!(book.refused("2025-01-03", registered(Some(3), "other", Some("syscall"))), ["I15"]);
    assert_eq!(book.refused("2025-01-03", registered(Some(3), "other", None)), ["P5"]);
    for number in [0, 999] {
        assert_eq!(book.refused("2025-01-03", registered(Some(number), "other", Some("x"))), ["I15"]);
    }
}

/// C21: the charter in the repository is the one that the board approved.
#[test]
fn a_charter_that_differs_is_shown() {
    let mut book = Book::incubating("enarx");
    book.add("2025-08-20", filed("enarx", Document::Charter, DocumentState::Approved, Some("aa")));
    assert!(
        book.flagged(
            "2025-09-01",
            filed("enarx", Document::Charter, DocumentState::InRepository, Some("aa"))
        )
        .is_empty()
    );
    assert_eq!(
        book.flagged(
            "2025-09-01",
            filed("enarx", Document::Charter, DocumentState::InRepository, Some("bb"))
        ),
        ["C21"]
    );
    book.add("2025-09-01", filed("enarx", Document::Charter, DocumentState::InRepository, Some("bb")));
    assert!(
        lints(&book, date(2025, 10, 1))
            .iter()
            .any(|text| text.starts_with("[C21] the charter in the repository"))
    );
}

/// C11, C22, C23, C10: what a submission has to say, and changes that are asked for.
#[test]
fn submissions_are_complete_and_changes_made() {
    let mut book = Book::ccc();
    assert_eq!(
        book.refused("2025-07-01", ProjectSubmitted { parent: Some(id("nobody")), ..submission("x") }),
        ["C22"]
    );
    assert_eq!(
        book.refused(
            "2025-07-01",
            ProjectSubmitted { preferred_stage: Some(id("sandbox")), ..submission("x") }
        ),
        ["C23"]
    );
    let mut answers = submission("x").answers;
    answers.insert("4.1".into(), "?".into());
    assert_eq!(book.refused("2025-07-01", ProjectSubmitted { answers, ..submission("x") }), ["C10"]);
    let mut answers = submission("x").answers;
    answers.remove("3.2");
    answers.remove("3.13");
    book.add("2025-07-01", ProjectSubmitted { answers, ..submission("x") });
    assert_eq!(book.refused("2025-07-01", submission("x")), ["I1"]);
    book.add("2025-07-10", meeting("m", "tac", &ALL_SEATS));
    let change = ChangeRequested {
        project: id("x"),
        change: id("governance"),
        text: "add a governance document".into(),
    };
    book.add("2025-07-10", change);
    let vote = opened("v", "tac", to("x", "incubation"), Channel::Meeting, Some("m"));
    assert_eq!(book.refused("2025-07-10", vote.clone()), ["C10", "C11", "C30", "I8"]);
    book.add("2025-07-10", ProposalPresented { project: id("x"), meeting: id("m") });
    book.add(
        "2025-07-10",
        AnswersChanged { project: id("x"), answers: [("3.2".to_owned(), "the enclave".to_owned())].into() },
    );
    book.add(
        "2025-07-10",
        SponsorNamed { project: id("x"), body: id("tac"), seat: id("s1"), exception: None },
    );
    assert_eq!(book.refused("2025-07-10", vote.clone()), ["C11"]);
    let made = |change: &str| ChangeMade {
        project: id("x"),
        change: id(change),
        evidence: evidence("GOVERNANCE.md", "2025-07-10"),
    };
    assert_eq!(book.refused("2025-07-10", made("licence")), ["C11"]);
    book.add("2025-07-10", made("governance"));
    book.add("2025-07-10", vote);
}
