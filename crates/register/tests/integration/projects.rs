//! Rules about projects, campaigns and reviews that the invariants do not cover.

use eyrie_register::domain::fact::*;
use eyrie_register::domain::policy::Channel;
use eyrie_register::domain::policy::read::read;
use eyrie_register::domain::state::lint::lint;
use jiff::civil::date;

use crate::fixture::*;

/// F2: a stage names the vote that led to it, and one without is shown.
#[test]
fn stages_without_a_vote_are_shown() {
    let mut book = Book::incubating("enarx");
    let without = |book: &Book| {
        let found = lint(book.register.state(), date(2026, 1, 1));
        found.iter().filter(|one| one.text.ends_with("by no vote on record")).count()
    };
    let span = &book.project("enarx").stages[0];
    assert_eq!(span.vote.as_ref().map(|vote| vote.as_str()), Some("vote-board-2025-08-20"));
    assert_eq!(without(&book), 0);
    book.add("2025-10", StageEntered { project: id("enarx"), stage: id("graduation") });
    assert_eq!(without(&book), 1);
}

/// F5, F6, F9, F15: a figure is exact, or at least so many, of something, with a caveat.
#[test]
fn figures_keep_what_they_are_of() {
    let mut book = Book::incubating("falco");
    let measured = |subject: Option<&str>, value, precision| MetricMeasured {
        project: id("falco"),
        metric: "docker-pulls".into(),
        subject: subject.map(Into::into),
        value,
        precision,
        evidence: evidence("https://hub.docker.com", "2025-01-01"),
        caveat: Some("the driver is compiled on the host first".into()),
    };
    book.add("2025-08-20", measured(None, 24_000_000, Precision::AtLeast));
    book.add("2025-08-20", measured(Some("falcosidekick"), 390_000, Precision::AtLeast));
    book.add("2026-08-20", measured(Some("falcosidekick"), 780_000, Precision::Exact));
    let project = book.project("falco");
    assert_eq!(project.growth("docker-pulls", Some("falcosidekick"), date(2025, 8, 20)), Some(100));
    assert_eq!(project.growth("docker-pulls", None, date(2025, 8, 20)), Some(0));
    let precisions: Vec<_> = project.metrics.iter().map(|one| one.precision).collect();
    assert_eq!(precisions, [Precision::AtLeast, Precision::AtLeast, Precision::Exact]);
    assert_eq!(project.metrics[0].caveat.as_deref(), Some("the driver is compiled on the host first"));
}

/// C6: what is held for a project is renewed in time.
#[test]
fn renewals_are_shown_a_month_ahead() {
    let mut book = Book::incubating("enarx");
    let asset = AssetHeld {
        project: id("enarx"),
        asset: "enarx.dev".into(),
        owner: "LF Projects, LLC".into(),
        renew: Some(date(2026, 6, 15)),
    };
    book.add("2025-09-01", asset);
    let due = |day| lint(book.register.state(), day).iter().any(|one| one.rule == "C6");
    assert!(!due(date(2026, 5, 14)));
    assert!(due(date(2026, 5, 15)));
}

/// C7: benefits are for accepted projects.
#[test]
fn proposals_get_no_benefits() {
    let mut book = Book::ccc();
    book.submitted("enarx");
    let grant = BenefitGranted {
        project: id("enarx"),
        benefit: id("mailing-lists"),
        cents: 0,
        count: 0,
        raised_by: None,
    };
    assert_eq!(book.refused("2025-07-20", grant.clone()), ["C7"]);
    Book::incubating("enarx").add("2025-09-01", grant);
}

/// C8, C15: whether a project is new or existed before, the way is the same; the stage is the committee's to decide.
#[test]
fn the_committee_decides_the_stage() {
    let mut book = Book::ccc();
    let submission = ProjectSubmitted {
        preferred_stage: Some(id("graduation")),
        origin: ProjectOrigin::New,
        ..submission("enarx")
    };
    book.add("2025-07-01", submission);
    book.add(
        "2025-07-02",
        SponsorNamed { project: id("enarx"), body: id("tac"), seat: id("s1"), exception: None },
    );
    book.add("2025-07-10", meeting("m", "tac", &ALL_SEATS));
    book.add("2025-07-10", ProposalPresented { project: id("enarx"), meeting: id("m") });
    // What it would prefer asks for more than it has.
    let vote = opened("v", "tac", to("enarx", "graduation"), Channel::Meeting, Some("m"));
    assert_eq!(book.refused("2025-07-10", vote), ["I8"]);
    book.add("2025-07-10", opened("v", "tac", to("enarx", "incubation"), Channel::Meeting, Some("m")));
}

/// C18: it is settled what becomes of trademarks, even if that is that there are none.
#[test]
fn trademarks_are_settled_before_the_board_votes() {
    let mut book = Book::ccc();
    book.submitted("enarx");
    book.decide("2025-07-24", "tac", to("enarx", "incubation"), &ALL_SEATS, &ALL_SEATS);
    book.add("2025-07-25", BodyInformed { project: id("enarx"), body: id("board") });
    book.add("2025-08-01", LegalSubmitted { project: id("enarx"), contribution_agreement: true });
    for document in [Document::Charter, Document::SeriesAgreement] {
        book.add("2025-08-10", filed("enarx", document, DocumentState::Drafted, None));
    }
    let m = book.meeting("2025-08-20", "board", &["b1", "b2"]);
    let vote = opened("v", "board", to("enarx", "incubation"), Channel::Meeting, Some(&m));
    assert_eq!(book.refused("2025-08-20", vote.clone()), ["C17"]);
    book.add("2025-08-11", TrademarksSettled { project: id("enarx"), state: Trademarks::None });
    // The contribution agreement is needed only where it was said to be.
    assert_eq!(book.refused("2025-08-20", vote.clone()), ["C17"]);
    book.add("2025-08-12", filed("enarx", Document::ContributionAgreement, DocumentState::Drafted, None));
    book.add("2025-08-20", vote);
}

/// C26, C33: each stage tells its users what to expect, and Graduation asks for what Incubation does, too.
#[test]
fn stages_say_what_to_expect_and_build_on_each_other() {
    let policy = read(policy_text("ccc-2025-06-06.yaml")).unwrap();
    assert!(policy.stages.iter().all(|stage| stage.notice.len() > 20));
    let asked: Vec<&str> =
        policy.criteria_for(&id("graduation")).iter().map(|one| one.stage.as_str()).collect();
    assert_eq!(
        asked,
        ["incubation", "incubation", "graduation", "graduation", "graduation", "graduation", "graduation"]
    );
}

/// C34: the growth plan is made together with a liaison of the project.
#[test]
fn a_growth_plan_has_a_liaison_among_its_authors() {
    let mut book = Book::ready_to_graduate("enarx");
    let plan = |authors: &[&str]| GrowthPlanSet {
        project: id("enarx"),
        authors: authors.iter().map(|author| id(author)).collect(),
        goals: vec!["grow".into()],
        url: None,
    };
    let vote = opened("v", "tac", to("enarx", "graduation"), Channel::Email, None);
    book.clone().add("2026-05-01", vote.clone());
    book.add("2026-04-01", plan(&["maintainer"]));
    assert_eq!(book.refused("2026-05-01", vote.clone()), ["I8"]);
    book.add("2026-04-02", plan(&["maintainer", "lia"]));
    book.add("2026-05-01", vote);
}

/// L8, L18: when a project reached the target is known as of any day, and scopes change in the course of a campaign.
#[test]
fn campaigns_as_of_any_day() {
    let mut book = Book::ccc();
    book.add("2025-07-01", submission("argo"));
    book.add("2025-07-01", submission("cortex"));
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
    book.add("2025-09-01", campaign);
    let joined = |project: &str, repositories: &[&str]| CampaignJoined {
        campaign: id("slam"),
        project: id(project),
        repositories: repositories.iter().map(ToString::to_string).collect(),
    };
    let taken = |project: &str, earned| SnapshotTaken {
        campaign: id("slam"),
        project: id(project),
        earned,
        possible: 100,
    };
    book.add("2025-10-01", joined("argo", &["argo-cd"]));
    book.add("2025-10-20", taken("argo", 100));
    book.add(
        "2025-10-21",
        joined("argo", &["argo-cd", "argo-workflows", "argo-events", "argo-rollouts", "argoproj"]),
    );
    book.add("2025-11-01", taken("argo", 80));
    book.add("2025-11-02", joined("cortex", &["cortex"]));
    book.add("2025-11-05", taken("cortex", 100));
    let slam = &book.register.state().campaigns[&id("slam")];
    assert_eq!(
        slam.participants[&id("argo")].scopes.iter().map(|(_, scope)| scope.len()).collect::<Vec<_>>(),
        [1, 5]
    );
    let reached = |day| slam.board(day).iter().filter(|one| one.reached.is_some()).count();
    assert_eq!(
        (reached(date(2025, 10, 19)), reached(date(2025, 10, 28)), reached(date(2025, 11, 5))),
        (0, 1, 2)
    );
    // First by today's score, though the other was first to reach the target.
    let board: Vec<_> =
        slam.board(date(2025, 11, 20)).iter().map(|one| (one.rank, one.project.to_string())).collect();
    assert_eq!(board, [(1, "cortex".to_owned()), (2, "argo".to_owned())]);
}

/// R9, R10, R17: who makes which part of a review's package, and that there is a project to review.
#[test]
fn each_part_of_a_package_has_its_authors() {
    let mut book = Book::ccc();
    let requested = |project: &str| ReviewRequested {
        review: id("r"),
        project: id(project),
        origin: ReviewOrigin::Member,
    };
    assert_eq!(book.refused("2025-07-01", requested("falco")), ["R17"]);
    book.add("2025-07-01", submission("falco"));
    book.add("2025-07-02", requested("falco"));
    assert_eq!(book.refused("2025-07-02", requested("falco")), ["R17"]);
    for (person, role) in
        [("pl", ReviewRole::ProjectLead), ("lead", ReviewRole::LeadReviewer), ("r1", ReviewRole::Reviewer)]
    {
        book.add(
            "2025-07-03",
            ReviewerJoined { review: id("r"), person: id(person), role, experienced: true },
        );
    }
    for person in ["lead", "r1"] {
        book.add("2025-07-03", ConflictStated { review: id("r"), person: id(person), hard: 0, soft: 0 });
    }
    let part = |part, by: &[&str]| ReviewPartDelivered {
        review: id("r"),
        part,
        by: by.iter().map(|person| id(person)).collect(),
        evidence: Some(evidence("package.md", "2025-07-03")),
        not_performed: None,
    };
    assert_eq!(book.refused("2025-07-04", part(PackagePart::Presentation, &["lead"])), ["R10"]);
    book.add("2025-07-04", part(PackagePart::Presentation, &["pl"]));
    assert_eq!(book.refused("2025-07-20", part(PackagePart::JointReview, &["pl", "lead"])), ["R9"]);
    book.add("2025-07-04", part(PackagePart::SelfAssessment, &["pl"]));
    for alone in ["pl", "lead"] {
        assert_eq!(book.refused("2025-07-20", part(PackagePart::JointReview, &[alone])), ["R9"]);
    }
    book.add("2025-07-20", part(PackagePart::JointReview, &["pl", "lead"]));
}
