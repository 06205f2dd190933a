//! The policies that come with Eyrie, and what is said of policies that are not right.

use std::collections::BTreeMap;

use eyrie_register::catalogs::POLICIES;
use eyrie_register::domain::policy::diff::{Change, diff};
use eyrie_register::domain::policy::lint::{Weight, lint};
use eyrie_register::domain::policy::read::{codes, read};
use eyrie_register::domain::policy::{Channel, Level, Policy};

use crate::fixture::{id, policy_text};

fn policy(file: &str) -> Policy {
    read(policy_text(file)).unwrap_or_else(|error| panic!("{file}: {:#?}", error.problems))
}

#[test]
fn policies_that_come_with_eyrie_can_be_read() {
    for (file, _) in POLICIES {
        let policy = policy(file);
        assert_eq!(*file, format!("{}-{}.yaml", policy.policy, policy.version));
    }
}

#[test]
fn cncf_1_6_has_50_criteria_of_graduation_and_47_of_incubation() {
    let policy = policy("cncf-1.6.yaml");
    let mut counted: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in &policy.criteria {
        let level = match one.level {
            Level::Required => "required",
            Level::Suggested => "suggested",
            Level::Unmarked => "unmarked",
        };
        *counted.entry((one.stage.as_str(), level)).or_default() += 1;
        // The heading and, where there is one, the level under it.
        assert_eq!(one.path.len(), if one.level == Level::Unmarked { 1 } else { 2 }, "{}", one.id);
    }
    let expected = [
        (("graduated", "required"), 37),
        (("graduated", "suggested"), 6),
        (("graduated", "unmarked"), 7),
        (("incubating", "required"), 32),
        (("incubating", "suggested"), 15),
    ];
    assert_eq!(counted.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(policy.criteria_for(&id("graduated")).len(), 50);
    assert_eq!(policy.criteria_for(&id("incubating")).len(), 47);
}

#[test]
fn cncf_1_3_has_five_criteria_of_graduation_beside_those_of_incubation() {
    let policy = policy("cncf-1.3.yaml");
    let own = policy.criteria.iter().filter(|one| one.stage.as_str() == "graduated").count();
    assert_eq!(own, 5);
    assert_eq!(policy.criteria_for(&id("graduated")).len(), 5 + 6 + 4);
}

#[test]
fn the_submission_to_the_ccc_has_22_items() {
    for file in ["ccc-2024-07-11.yaml", "ccc-2025-06-06.yaml"] {
        let policy = policy(file);
        let parts = |part: &str| policy.answers.iter().filter(|answer| answer.part.starts_with(part)).count();
        assert_eq!((parts("General"), parts("Legal"), parts("Technical")), (5, 4, 13));
        assert_eq!(policy.benefits.len(), 13);
        assert_eq!(policy.stages.len(), 3);
    }
}

/// II says a majority, III two thirds: the rule that names the stage applies.
#[test]
fn the_ccc_contradicts_itself_about_graduation() {
    let policy = policy("ccc-2024-07-11.yaml");
    let findings = lint(&policy);
    let contradictions: Vec<_> =
        findings.iter().filter(|finding| finding.weight == Weight::Contradiction).collect();
    insta::assert_json_snapshot!(contradictions, @r#"
    [
      {
        "weight": "contradiction",
        "code": "vote-rules-differ",
        "at": [
          "II. Technical Review",
          "III. Graduation Stage"
        ],
        "text": "for votes to graduation by email, ccc.email asks for more than 1/2 of seats, and ccc.graduation for at least 2/3 of seats",
        "reading": "ccc.graduation applies: the most specific rule wins, and it names the stage, and the other does not"
      },
      {
        "weight": "contradiction",
        "code": "vote-rules-differ",
        "at": [
          "II. Technical Review",
          "III. Graduation Stage"
        ],
        "text": "for votes to graduation by meeting, ccc.meeting asks for more than 1/2 of present with a quorum of at least 1/2 of seats, and ccc.graduation for at least 2/3 of seats",
        "reading": "ccc.graduation applies: the most specific rule wins, and it names the stage, and the other does not"
      }
    ]
    "#);
    let rule =
        |channel, to| policy.vote_rule(&id("tac"), channel, Some(&id(to))).map(|one| one.rule.id.to_string());
    assert_eq!(rule(Channel::Meeting, "incubation").as_deref(), Some("ccc.meeting"));
    assert_eq!(rule(Channel::Email, "incubation").as_deref(), Some("ccc.email"));
    assert_eq!(rule(Channel::Meeting, "graduation").as_deref(), Some("ccc.graduation"));
    assert_eq!(rule(Channel::Email, "emeritus").as_deref(), Some("ccc.emeritus"));
    // Of what two thirds are taken is not said for graduation, and is for emeritus.
    let unstated: Vec<_> =
        findings.iter().filter(|one| one.code == "base-unstated").map(|one| &one.text).collect();
    assert!(unstated.iter().any(|text| text.contains("ccc.graduation")), "{unstated:?}");
    assert!(!unstated.iter().any(|text| text.contains("ccc.emeritus")), "{unstated:?}");
}

#[test]
fn criteria_of_engineering_stand_under_no_level() {
    let findings = lint(&policy("cncf-1.6.yaml"));
    let found = findings.iter().find(|finding| finding.code == "level-unmarked").unwrap();
    assert_eq!(found.at, ["Engineering Principles"]);
    assert!(found.text.starts_with("7 criteria of graduated"), "{}", found.text);
}

#[test]
fn rules_that_are_equally_specific_are_not_resolved_silently() {
    let text =
        policy_text("ccc-2024-07-11.yaml").replace("    except_to: [emeritus]\n    quorum", "    quorum");
    let text = text.replace(
        "    to: [emeritus]\n    pass: at least 2/3",
        "    channels: [meeting]\n    pass: at least 2/3",
    );
    let findings = lint(&read(&text).unwrap());
    let found = findings.iter().find(|finding| finding.code == "vote-rules-differ").unwrap();
    assert_eq!(found.weight, Weight::Unresolved);
}

#[test]
fn what_changed_in_the_ccc_in_2025() {
    let changes = diff(&policy("ccc-2024-07-11.yaml"), &policy("ccc-2025-06-06.yaml"));
    let [only] = changes.as_slice() else { panic!("{changes:#?}") };
    assert_eq!((only.part, only.id.as_str()), ("transition", "incubation, graduation → emeritus"));
    let Change::Changed { keys } = &only.change else { panic!("{only:?}") };
    let keys: Vec<&str> = keys.iter().map(|(key, _, _)| key.as_str()).collect();
    assert_eq!(keys, ["decisions", "obligations"]);
}

#[test]
fn the_version_in_force_ends_where_the_next_begins() {
    let (old, new) = (policy("ccc-2024-07-11.yaml"), policy("ccc-2025-06-06.yaml"));
    let day = |text: &str| text.parse().unwrap();
    assert!(!old.in_force(day("2024-07-10")) && old.in_force(day("2024-07-11")));
    assert!(old.in_force(day("2025-06-05")) && !old.in_force(day("2025-06-06")));
    assert!(new.in_force(day("2025-06-06")) && new.in_force(day("2030-01-01")));
}

#[test]
fn mistakes_are_told_with_their_places_all_at_once() {
    let text = "\
policy: house
version: \"1\"
name: House rules
from: 2025-01-01
until: 2024-01-01
source: {repository: a/b, commit: c, paths: []}
bodees: []
bodies:
  - {id: tac, name: TAC}
  - {id: tac, name: Again}
stages:
  - {id: inc, name: Inc, rank: 1, notice: x, levle: 3}
transitions:
  - {from: [proposed], to: incc, at: II, decisions: [{body: tca}]}
vote_rules:
  - {id: all, at: II, pass: two thirds}
criteria:
  - {id: a, stage: inc, level: must, path: [x], text: t, decided_by: register}
";
    let error = read(text).unwrap_err();
    let told: Vec<_> = error
        .problems
        .iter()
        .map(|problem| {
            let line = text[..problem.span.start].matches('\n').count() + 1;
            (line, problem.code.name, &text[problem.span.start..problem.span.end])
        })
        .collect();
    let expected = [
        (5, "policy-dates", "2024-01-01"),
        (7, "policy-unknown-key", "bodees"),
        (10, "policy-twice", "id: tac"),
        (12, "policy-unknown-key", "levle"),
        (14, "policy-unknown-name", "incc"),
        (14, "policy-unknown-name", "tca"),
        (16, "policy-shape", "two thirds"),
        (18, "policy-shape", "must"),
    ];
    assert_eq!(told, expected);
    let known: Vec<_> = codes::ALL.iter().map(|code| code.name).collect();
    assert!(told.iter().all(|(_, code, _)| known.contains(code)));
}
