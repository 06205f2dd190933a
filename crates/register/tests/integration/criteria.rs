//! How criteria stand: what is claimed, what was found, what is attested, and what nobody knows.

use eyrie_register::domain::fact::*;
use eyrie_register::domain::state::gates::criterion;
use jiff::civil::{Date, date};

use crate::fixture::*;

fn standing(book: &Book, name: &str, day: Date) -> (Verdict, String) {
    let state = book.register.state();
    let policy = state.policy(day).unwrap();
    let one = policy.criteria.iter().find(|one| one.id.as_str() == name).unwrap();
    let standing = criterion(state, book.project("enarx"), one, day);
    (standing.verdict, standing.reason)
}

/// What a project says of itself is no evaluation (F36).
#[test]
fn an_assertion_is_no_evaluation() {
    let mut book = Book::incubating("enarx");
    let asserted = CriterionAsserted {
        project: id("enarx"),
        criterion: id("graduation.flow-of-commits"),
        claim: "we merge every day".into(),
        evidence: vec![],
    };
    book.add("2026-01-01", asserted);
    let (verdict, reason) = standing(&book, "graduation.flow-of-commits", date(2026, 2, 1));
    assert_eq!(verdict, Verdict::Unknown);
    assert_eq!(reason, "the project asserted on 2026-01-01: we merge every day; nobody has looked yet");
    book.add("2026-02-01", evaluated("enarx", "graduation.flow-of-commits", Verdict::Met));
    assert_eq!(standing(&book, "graduation.flow-of-commits", date(2026, 2, 1)).0, Verdict::Met);
    // The last look counts, as of its day.
    book.add("2026-03-01", evaluated("enarx", "graduation.flow-of-commits", Verdict::Unmet));
    assert_eq!(standing(&book, "graduation.flow-of-commits", date(2026, 2, 28)).0, Verdict::Met);
    assert_eq!(standing(&book, "graduation.flow-of-commits", date(2026, 3, 1)).0, Verdict::Unmet);
}

/// Two independent organisations in production, and then the TAC's judgement (C35).
#[test]
fn attestations_are_counted_by_independent_organisation() {
    let mut book = Book::incubating("enarx");
    for (name, alias) in [("Red Hat", "RedHat"), ("Qonto", "Qonto SAS"), ("Independent", "individuals")] {
        let organisation = id(&eyrie_register::domain::id::slug(name).unwrap());
        book.add(
            "2025-09-01",
            OrganisationKnown { organisation, name: name.into(), aliases: vec![alias.into()] },
        );
    }
    let attested = |organisation: &str, independent| Attested {
        project: id("enarx"),
        about: "production-use".into(),
        organisation: Some(id(organisation)),
        text: "runs it in production".into(),
        independent,
        evidence: vec![evidence("https://example.org/case", "2026-01")],
    };
    let look = |book: &Book| standing(book, "graduation.production-use", date(2026, 6, 1));
    book.add("2026-02-01", attested("red-hat", true));
    book.add("2026-02-02", attested("red-hat", true));
    book.add("2026-02-02", attested("qonto", false));
    assert_eq!(look(&book), (Verdict::Unknown, "1 of 2 independent organisations attested: red-hat".into()));
    book.add("2026-02-03", attested("qonto", true));
    assert_eq!(look(&book).0, Verdict::Unknown);
    assert!(look(&book).1.ends_with("the body has not judged it yet"), "{}", look(&book).1);
    book.add("2026-03-01", evaluated("enarx", "graduation.production-use", Verdict::Met));
    assert_eq!(look(&book).0, Verdict::Met);
    assert_eq!(book.refused("2026-02-01", attested("acme", true)), ["C35"]);
}

/// `Red Hat`, `RedHat` and `REDHAT` are one organisation, and nothing else may take its names (F20).
#[test]
fn names_and_their_spellings() {
    let mut book = Book::ccc();
    let known = |organisation: &str, name: &str, aliases: &[&str]| OrganisationKnown {
        organisation: id(organisation),
        name: name.into(),
        aliases: aliases.iter().map(ToString::to_string).collect(),
    };
    book.add("2025-09-01", known("red-hat", "Red Hat", &["Red Hat, Inc."]));
    let state = book.register.state();
    for name in ["RedHat", "REDHAT", "red hat inc", "red-hat"] {
        assert_eq!(state.organisation(name).map(|one| one.as_str()), Some("red-hat"), "{name}");
    }
    assert_eq!(book.refused("2025-09-01", known("rh", "RedHat", &[])), ["F20"]);
    assert_eq!(book.refused("2025-09-01", known("ibm", "IBM", &["REDHAT"])), ["F20"]);
    // The same name, composed and decomposed.
    let person = |name: &str| PersonKnown { person: id("sergio"), name: name.into(), aliases: vec![] };
    book.add("2025-09-01", person("Sergio Casta\u{f1}o Arteaga"));
    assert!(book.register.state().person("sergio castan\u{303}o arteaga").is_some());
    assert!(book.register.state().person("Sergio Castano Arteaga").is_none());
}

/// Growth is computed from what was measured, never typed in (F7): 24 to 41.7 million is 74 %, whatever a proposal says.
#[test]
fn growth_is_computed() {
    let mut book = Book::incubating("enarx");
    let measured = |metric: &str, value| MetricMeasured {
        project: id("enarx"),
        metric: metric.into(),
        subject: None,
        value,
        precision: Precision::AtLeast,
        evidence: evidence("https://hub.docker.com", "2021-04-19"),
        caveat: None,
    };
    book.add("2025-08-20", measured("pulls", 24_000_000));
    book.add("2026-08-01", measured("pulls", 41_700_000));
    book.add("2026-08-01", measured("stars", 5_000));
    let project = book.project("enarx");
    assert_eq!(project.growth("pulls", None, date(2025, 8, 20)), Some(74));
    assert_eq!(project.growth("pulls", None, date(2025, 8, 19)), None);
    assert_eq!(project.growth("stars", None, date(2025, 8, 20)), None);
}

#[test]
fn badges_are_kept_and_lost() {
    let mut book = Book::incubating("falco");
    let badge =
        |passing, silver| BadgeMeasured { project: id("falco"), number: 2317, passing, silver, gold: 26 };
    book.add("2025-09-01", badge(100, 49));
    assert_eq!(book.flagged("2025-10-01", badge(97, 49)), ["F21"]);
    assert!(book.flagged("2025-10-01", badge(100, 60)).is_empty());
    assert_eq!(book.refused("2025-10-01", badge(101, 49)), ["F22"]);
}

/// What a transition leaves to be done is owed until it is shown to be done (C32).
#[test]
fn obligations_are_owed_until_shown() {
    let mut book = Book::incubating("enarx");
    let owed = |book: &Book| book.project("enarx").obligations.iter().filter(|one| one.met.is_none()).count();
    assert_eq!(owed(&book), 4);
    let met = |obligation: &str| ObligationMet {
        project: id("enarx"),
        obligation: id(obligation),
        evidence: evidence("README.md", "2025-08-25"),
    };
    book.add("2025-08-25", met("status-listed"));
    assert_eq!(owed(&book), 3);
    assert_eq!(book.refused("2025-08-26", met("status-listed")), ["C32"]);
    // Some the register itself shows to be done.
    book.add("2025-09-01", PersonKnown { person: id("lia"), name: "Lia".into(), aliases: vec![] });
    book.add("2025-09-01", LiaisonAssigned { project: id("enarx"), person: id("lia") });
    assert_eq!(owed(&book), 2);
    book.add("2025-09-02", filed("enarx", Document::Charter, DocumentState::Approved, Some("aa")));
    book.add("2025-09-03", filed("enarx", Document::Charter, DocumentState::InRepository, Some("bb")));
    assert_eq!(owed(&book), 2);
    book.add("2025-09-04", filed("enarx", Document::Charter, DocumentState::InRepository, Some("aa")));
    assert_eq!(owed(&book), 1);
    // What was owed for a life that is over is not owed any more.
    book.add("2025-10-01", StageEntered { project: id("enarx"), stage: id("emeritus") });
    let owed: Vec<_> = book
        .project("enarx")
        .obligations
        .iter()
        .filter(|one| one.met.is_none())
        .map(|one| one.obligation.id.to_string())
        .collect();
    assert_eq!(owed, ["status-listed", "repositories-archived"]);
}
