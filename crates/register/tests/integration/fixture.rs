//! A small foundation: the CCC's policy of 2025, a TAC of nine seats and a board of three.

use eyrie_register::catalogs::POLICIES;
use eyrie_register::domain::date::PartialDate;
use eyrie_register::domain::fact::*;
use eyrie_register::domain::id::*;
use eyrie_register::domain::policy::Channel;
use eyrie_register::domain::policy::read::read;
use eyrie_register::domain::register::{Refusal, Register};
use eyrie_register::domain::state::Violation;
use eyrie_register::domain::vote::Choice;
use jiff::Timestamp;

/// When everything is written down, unless a test says otherwise.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// An id.
pub(crate) fn id<T: std::str::FromStr<Err = IdError>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> PartialDate {
    PartialDate::parse(text).unwrap()
}

/// The text of a policy that comes with Eyrie.
pub(crate) fn policy_text(file: &str) -> &'static str {
    POLICIES.iter().find(|(name, _)| *name == file).unwrap().1
}

pub(crate) fn adopted(file: &str) -> Fact {
    let text = policy_text(file);
    let policy = read(text).unwrap();
    PolicyAdopted { policy: policy.policy, version: policy.version, text: text.to_owned() }.into()
}

/// Evidence of a day.
pub(crate) fn evidence(at: &str, date: &str) -> Evidence {
    Evidence { at: at.into(), date: day(date), expires: None, sha256: None }
}

/// A register that grows.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) register: Register,
    pub(crate) notes: Vec<Violation>,
}

impl Book {
    pub(crate) fn empty() -> Self {
        Book { register: Register::default(), notes: Vec::new() }
    }

    /// Adds a fact, which must be taken.
    #[track_caller]
    pub(crate) fn add(&mut self, when: &str, fact: impl Into<Fact>) -> &mut Self {
        match self.attempt(when, fact) {
            Ok(()) => self,
            Err(refusal) => panic!("refused on {when}: {refusal}"),
        }
    }

    /// Tries to add a fact.
    pub(crate) fn attempt(&mut self, when: &str, fact: impl Into<Fact>) -> Result<(), Refusal> {
        let (register, notes) = self.register.with(vec![Draft::new("mona", day(when), fact)], now())?;
        self.register = register;
        self.notes = notes;
        Ok(())
    }

    /// The rules that a fact would break; it must break some.
    #[track_caller]
    pub(crate) fn refused(&self, when: &str, fact: impl Into<Fact>) -> Vec<String> {
        let refusal = self.clone().attempt(when, fact).expect_err("it was taken");
        let mut rules: Vec<String> =
            refusal.violations().iter().map(|violation| violation.rule.clone()).collect();
        rules.dedup();
        rules
    }

    /// What is said about a fact that is taken.
    #[track_caller]
    pub(crate) fn flagged(&self, when: &str, fact: impl Into<Fact>) -> Vec<String> {
        let mut book = self.clone();
        book.attempt(when, fact).unwrap_or_else(|refusal| panic!("refused on {when}: {refusal}"));
        book.notes.iter().map(|note| note.rule.clone()).collect()
    }

    pub(crate) fn project(&self, project: &str) -> &eyrie_register::domain::state::Project {
        &self.register.state().projects[&id::<ProjectId>(project)]
    }

    pub(crate) fn stage(&self, project: &str) -> Option<&str> {
        self.project(project).stage().map(StageId::as_str)
    }

    /// The CCC since 2024, with nine seats on the TAC, each with a primary and an alternate, and three on the board.
    pub(crate) fn ccc() -> Self {
        let mut book = Book::empty();
        book.add("2024-07-11", adopted("ccc-2024-07-11.yaml"));
        book.add("2025-06-06", adopted("ccc-2025-06-06.yaml"));
        for number in 1..=9 {
            book.seat("2024-08-01", "tac", &format!("s{number}"));
        }
        for number in 1..=3 {
            book.seat("2024-08-01", "board", &format!("b{number}"));
        }
        book
    }

    /// A seat with a primary and an alternate, called after it.
    pub(crate) fn seat(&mut self, when: &str, body: &str, seat: &str) {
        self.add(when, SeatCreated { body: id(body), seat: id(seat), organisation: None });
        for (person, capacity) in [
            (format!("{seat}-primary"), Capacity::Primary),
            (format!("{seat}-alternate"), Capacity::Alternate),
        ] {
            let fact = SeatFilled { body: id(body), seat: id(seat), person: id(&person), capacity };
            self.add(when, fact);
        }
    }

    /// A meeting at which these seats are represented.
    pub(crate) fn meeting(&mut self, when: &str, body: &str, seats: &[&str]) -> String {
        let name = format!("{body}-{when}");
        self.add(when, meeting(&name, body, seats));
        name
    }

    /// A whole vote at a meeting of its own: those named are in favour, the others present are against.
    pub(crate) fn decide(
        &mut self,
        when: &str,
        body: &str,
        motion: Motion,
        present: &[&str],
        yes: &[&str],
    ) -> String {
        let meeting = self.meeting(when, body, present);
        let vote = format!("vote-{meeting}");
        self.add(when, opened(&vote, body, motion, Channel::Meeting, Some(&meeting)));
        for seat in present {
            let choice = if yes.contains(seat) { Choice::Yes } else { Choice::No };
            self.add(when, ballot(&vote, seat, choice));
        }
        self.add(when, VoteClosed { vote: id(&vote), claimed: None });
        vote
    }

    /// A project that may be voted on by the TAC.
    pub(crate) fn submitted(&mut self, project: &str) {
        self.add("2025-07-01", submission(project));
        let sponsor = SponsorNamed { project: id(project), body: id("tac"), seat: id("s1"), exception: None };
        self.add("2025-07-02", sponsor);
        let name = format!("tac-presents-{project}");
        self.add("2025-07-10", meeting(&name, "tac", &ALL_SEATS));
        self.add("2025-07-10", ProposalPresented { project: id(project), meeting: id(&name) });
    }

    /// The legal side of a project, so that the board may vote.
    pub(crate) fn legal(&mut self, project: &str) {
        self.add("2025-07-25", BodyInformed { project: id(project), body: id("board") });
        self.add("2025-08-01", LegalSubmitted { project: id(project), contribution_agreement: false });
        for document in [Document::Charter, Document::SeriesAgreement] {
            self.add("2025-08-10", filed(project, document, DocumentState::Drafted, None));
        }
        self.add("2025-08-11", TrademarksSettled { project: id(project), state: Trademarks::None });
    }

    /// A project that was accepted to incubation in August 2025.
    pub(crate) fn incubating(project: &str) -> Self {
        let mut book = Book::ccc();
        book.submitted(project);
        book.decide("2025-07-24", "tac", to(project, "incubation"), &ALL_SEATS, &ALL_SEATS);
        book.legal(project);
        book.decide("2025-08-20", "board", to(project, "incubation"), &["b1", "b2", "b3"], &["b1", "b2"]);
        assert_eq!(book.stage(project), Some("incubation"));
        book
    }

    /// That with everything that graduation asks for.
    pub(crate) fn ready_to_graduate(project: &str) -> Self {
        let mut book = Book::incubating(project);
        book.add("2025-09-01", PersonKnown { person: id("lia"), name: "Lia Son".into(), aliases: vec![] });
        book.add("2025-09-01", LiaisonAssigned { project: id(project), person: id("lia") });
        let plan = GrowthPlanSet {
            project: id(project),
            authors: vec![id("lia"), id("maintainer")],
            goals: vec!["two more maintainers".into()],
            url: None,
        };
        book.add("2025-10-01", plan);
        for criterion in ["production-use", "flow-of-commits", "participation", "diversity"] {
            book.add("2026-03-01", evaluated(project, &format!("graduation.{criterion}"), Verdict::Met));
        }
        book
    }
}

pub(crate) const ALL_SEATS: [&str; 9] = ["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"];

pub(crate) fn submission(project: &str) -> ProjectSubmitted {
    let policy = read(policy_text("ccc-2025-06-06.yaml")).unwrap();
    let answers = policy.answers.iter().map(|answer| (answer.id.clone(), "N/A".to_owned())).collect();
    ProjectSubmitted {
        project: id(project),
        name: project.to_owned(),
        kind: ProjectKind::Software,
        origin: ProjectOrigin::Existing,
        repository: None,
        preferred_stage: Some(id("incubation")),
        parent: None,
        creator: None,
        answers,
    }
}

pub(crate) fn meeting(name: &str, body: &str, seats: &[&str]) -> MeetingHeld {
    let present = seats.iter().map(|seat| Attendance { seat: id(seat), person: None }).collect();
    MeetingHeld { meeting: id(name), body: id(body), present, stated_quorum: None }
}

pub(crate) fn to(project: &str, stage: &str) -> Motion {
    Motion::Move { project: id(project), to: id(stage) }
}

pub(crate) fn opened(
    vote: &str,
    body: &str,
    motion: Motion,
    channel: Channel,
    meeting: Option<&str>,
) -> VoteOpened {
    VoteOpened {
        vote: id(vote),
        body: id(body),
        motion,
        channel,
        meeting: meeting.map(id),
        moved_by: None,
        seconded_by: None,
    }
}

pub(crate) fn ballot(vote: &str, seat: &str, choice: Choice) -> BallotCast {
    BallotCast { vote: id(vote), seat: id(seat), voter: None, choice }
}

pub(crate) fn filed(
    project: &str,
    document: Document,
    state: DocumentState,
    sha256: Option<&str>,
) -> DocumentFiled {
    DocumentFiled { project: id(project), document, state, sha256: sha256.map(Into::into), url: None }
}

pub(crate) fn evaluated(project: &str, criterion: &str, verdict: Verdict) -> CriterionEvaluated {
    CriterionEvaluated {
        project: id(project),
        criterion: id(criterion),
        verdict,
        reason: "looked at".into(),
        evidence: vec![evidence("https://example.org/evidence", "2026-02-01")],
    }
}
