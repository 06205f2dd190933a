//! Proposals: no sentence without a ground.

use eyrie_register::domain::fact::*;
use eyrie_register::proposal::proposal;
use jiff::civil::date;

use crate::fixture::*;

/// The lines of a drafted document that claim something and neither end with a date nor are marked.
fn unmarked(document: &str) -> Vec<&str> {
    let claims = document.lines().filter(|line| line.starts_with("* "));
    claims
        .filter(|line| {
            let dated = line
                .rsplit_once(", ")
                .is_some_and(|(_, date)| eyrie_register::domain::date::PartialDate::parse(date).is_ok());
            !dated && !line.contains("— **to be attested** by ")
        })
        .collect()
}

fn book() -> Book {
    let mut book = Book::ready_to_graduate("tresor");
    let project = || id("tresor");
    let measured = |value, date: &str| MetricMeasured {
        project: project(),
        metric: "docker-pulls".into(),
        subject: None,
        value,
        precision: Precision::AtLeast,
        evidence: evidence("https://hub.docker.com/r/tresor", date),
        caveat: Some("the host compiles first".into()),
    };
    book.add("2025-08-20", measured(24_000_000, "2025-08-20"));
    book.add("2026-04-01", measured(41_700_000, "2026-04-01"));
    book.add(
        "2026-04-01",
        BadgeMeasured { project: project(), number: 2317, passing: 100, silver: 49, gold: 26 },
    );
    book.add(
        "2026-04-01",
        ConcernRaised {
            project: project(),
            concern: id("libs"),
            text: "libraries in a vendor's organisation".into(),
            raised_by: None,
        },
    );
    book.add(
        "2026-04-01",
        ConcernRaised {
            project: project(),
            concern: id("s3"),
            text: "artifacts in a vendor's bucket".into(),
            raised_by: None,
        },
    );
    let resolved = ConcernResolved {
        project: project(),
        concern: id("libs"),
        text: "contributed".into(),
        evidence: evidence("https://github.com/tresor/libs", "2026-02-24"),
    };
    book.add("2026-04-02", resolved);
    book.add("2026-04-03", evaluated("tresor", "graduation.diversity", Verdict::Unknown));
    book
}

#[test]
fn every_sentence_has_a_ground() {
    let book = book();
    let state = book.register.state();
    let day = date(2026, 5, 1);
    let drafted = proposal(state, state.policy(day).unwrap(), book.project("tresor"), &id("graduation"), day);
    let document = drafted.markdown();
    assert_eq!(unmarked(&document), Vec::<&str>::new());
    assert!(document.matches("\n* ").count() > 10, "{document}");
    // The test is none if it cannot fail.
    assert_eq!(
        unmarked("* We are great\n* Users love it, really\n"),
        ["* We are great", "* Users love it, really"]
    );
    let open: Vec<_> = drafted.open().map(|(heading, ..)| heading).collect();
    assert_eq!(open, ["graduation.diversity (required)", "Concerns of the last due diligence"]);
    // Growth is computed.
    assert!(document.contains("docker-pulls: at least 41700000, +74 % since incubation"), "{document}");
    insta::assert_snapshot!(document, @r#"
    # tresor: proposal for Graduation

    As of 2026-05-01, under ccc 2025-06-06. Each sentence ends with what it rests on; **to be attested** marks what does not rest on anything yet.

    ## Where the project stands

    * tresor was submitted — submission, 2025-07-01
    * it has been in incubation since 2025-08-20 — vote vote-board-2025-08-20, 2025-08-20

    ## Figures

    * docker-pulls: at least 41700000, +74 % since incubation (the host compiles first) — <https://hub.docker.com/r/tresor>, 2026-04-01
    * best practices badge: passing 100 %, silver 49 %, gold 26 % — <https://www.bestpractices.dev/projects/2317>, 2026-04-01

    ## incubation.sponsor (required)

    > One representative on the TAC sponsors the project, champions it and guides it as needed.

    * met: championed by s1 — the register, 2026-05-01

    ## incubation.presentation (required)

    > The project has been presented at a meeting of the TAC.

    * met: presented on 2025-07-10 at tac-presents-tresor — the register, 2026-05-01

    ## graduation.growth-plan (required)

    > A growth plan has been developed together with the project's liaison(s) at the TAC.

    * met: growth plan of 2025-10-01 — the register, 2026-05-01

    ## graduation.production-use (required)

    > At least two independent end-user organisations use it successfully in production, as documented; in the TAC's judgement they are of adequate quality and scope.

    * met: looked at (mona, 2026-03-01) — <https://example.org/evidence>, 2026-02-01

    ## graduation.flow-of-commits (required)

    > Commits and merged contributions flow steadily and, in the TAC's opinion, substantially.

    * met: looked at (mona, 2026-03-01) — <https://example.org/evidence>, 2026-02-01

    ## graduation.participation (required)

    > The community takes part enough to reach the goals of the growth plan; the TAC has the last word on what is adequate.

    * met: looked at (mona, 2026-03-01) — <https://example.org/evidence>, 2026-02-01

    ## graduation.diversity (required)

    > The project is shown to invest in a diverse and inclusive community.

    * unknown: looked at (mona, 2026-04-03) — **to be attested** by the TAC

    ## Concerns of the last due diligence

    * libraries in a vendor's organisation — contributed — <https://github.com/tresor/libs>, 2026-02-24
    * artifacts in a vendor's bucket — **to be attested** by the project: this concern is open

    ## To be attested

    - [ ] graduation.diversity (required) — the TAC
    - [ ] Concerns of the last due diligence — the project: this concern is open
    "#);
}

/// What others wrote has no effect in the document.
#[test]
fn text_of_others_stays_text() {
    let mut book = book();
    let asserted = CriterionAsserted {
        project: id("tresor"),
        criterion: id("graduation.participation"),
        claim: "# <b>we</b>\n* [all](https://evil.example) is met, 2026-01-01".into(),
        evidence: vec![],
    };
    book.add("2026-04-05", asserted);
    let state = book.register.state();
    let day = date(2026, 5, 1);
    let drafted = proposal(state, state.policy(day).unwrap(), book.project("tresor"), &id("graduation"), day);
    let document = drafted.markdown();
    assert_eq!(unmarked(&document), Vec::<&str>::new());
    assert!(
        !document.contains("<b>") && !document.contains("\n# <") && !document.contains("[all]("),
        "{document}"
    );
    assert!(document.contains("2026-01-01 — **to be attested** by "), "{document}");
}
