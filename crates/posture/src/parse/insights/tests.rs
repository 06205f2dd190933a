use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn problems(text: &str) -> String {
    let insights = Insights::parse(text.as_bytes());
    let mut out = format!("{:?} valid: {}\n", insights.version, insights.is_valid());
    for p in &insights.problems {
        let _ = writeln!(out, "[{}] {p}", p.code);
    }
    out
}

const V1_LEAST: &str = "\
header: {schema-version: 1.0.0, expiration-date: '2027-09-28T01:00:00.000Z', project-url: https://p.example}
project-lifecycle: {status: active, bug-fixes-only: false, core-maintainers: [github:someone]}
contribution-policy: {accepts-pull-requests: true, accepts-automated-pull-requests: false}
distribution-points: [https://d.example]
security-contacts:
  - {type: email, value: security@p.example}
  - {kind: url, value: https://p.example/report}
vulnerability-reporting: {accepts-vulnerability-reports: true, security-policy: https://p.example/policy}
dependencies:
  env-dependencies-policy: {policy-url: https://p.example/dependencies}
  sbom: [{sbom-file: https://p.example/bom.json}]
security-artifacts: {self-assessment: {self-assessment-created: true, evidence-url: [https://p.example/self]}}
security-testing: [{tool-name: CodeQL, tool-type: sast}]
";

const V2_FULL: &str = "\
header: {schema-version: 2.0.0, last-reviewed: 2026-04-01, last-updated: 2026-03-01, url: https://u.example}
project:
  name: Project
  administrators: [{name: Ann, primary: true, email: ann@p.example, affiliation: ACME}]
  repositories: [{name: one, comment: first, url: https://r.example/one}]
  vulnerability-reporting:
    reports-accepted: true
    bug-bounty-available: false
    contact: {name: Team, primary: true, email: sec@p.example}
repository:
  url: https://r.example/one
  status: active
  accepts-change-request: true
  accepts-automated-change-request: true
  core-team: [{name: Bob, primary: false}]
  documentation: {dependency-management-policy: https://p.example/dependencies, security-policy: S.md}
  license: {url: https://l.example, expression: Apache-2.0}
  release: {distribution-points: [{uri: https://d.example, comment: x}]}
  security:
    assessments:
      self: {comment: Done, evidence: https://p.example/self, date: 2025-12-24}
      third-party: [{comment: Audit}]
    champions: [{name: Cleo, primary: true}]
    tools: [{name: Dependabot, type: SCA}]
";

#[test]
fn a_manifest_of_version_1() {
    let insights = Insights::parse(V1_LEAST.as_bytes());
    assert!(insights.is_valid(), "{:?}", insights.problems);
    assert_eq!(insights.version, Some(SchemaVersion::V1));
    let v = &insights.values;
    let texts = |list: &[Located]| list.iter().map(|l| l.text.clone()).collect::<Vec<_>>();
    let policy = v.dependency_policy.as_ref().unwrap();
    assert_eq!((policy.text.as_str(), policy.span.line), ("https://p.example/dependencies", 10));
    assert_eq!(v.expires.as_ref().unwrap().date.unwrap().to_string(), "2027-09-28");
    assert_eq!(texts(&v.contacts), ["security@p.example", "https://p.example/report"]);
    assert_eq!((v.people[0].name.as_str(), v.people[0].list), ("github:someone", "core-maintainers"));
    assert_eq!(v.assessments[0].evidence.as_ref().unwrap().text, "https://p.example/self");
    assert_eq!(texts(&v.sboms), ["https://p.example/bom.json"]);
    assert_eq!((v.accepts_reports, v.tools[0].name.as_str()), (Some(true), "CodeQL"));
    assert_eq!(v.security_policy.as_ref().unwrap().text, "https://p.example/policy");
}

#[test]
fn a_manifest_of_version_2() {
    let insights = Insights::parse(V2_FULL.as_bytes());
    assert!(insights.is_valid(), "{:?}", insights.problems);
    assert_eq!(insights.version, Some(SchemaVersion::V2));
    let v = &insights.values;
    assert_eq!(v.dependency_policy.as_ref().unwrap().span.line, 16);
    assert_eq!(v.last_reviewed.as_ref().unwrap().date.unwrap().to_string(), "2026-04-01");
    let people: Vec<_> = v.people.iter().map(|p| (p.list, p.name.as_str(), p.primary)).collect();
    assert_eq!(
        people,
        [("administrators", "Ann", true), ("core-team", "Bob", false), ("champions", "Cleo", true)]
    );
    assert_eq!(v.people[0].affiliation.as_deref(), Some("ACME"));
    assert_eq!(v.contacts[0].text, "sec@p.example");
    assert_eq!((v.assessments.len(), v.assessments[1].is_self), (2, false));
    assert_eq!(v.assessments[0].date.as_ref().unwrap().span.line, 21);
    assert_eq!(v.repositories[0].text, "https://r.example/one");
    assert_eq!(v.license.as_ref().unwrap().text, "Apache-2.0");
    assert_eq!((v.distribution_points.len(), v.tools[0].kind.as_deref()), (1, Some("SCA")));
}

#[test]
fn every_problem_has_path_and_place() {
    insta::assert_snapshot!(problems("\
header:
  schema-version: 2.0.0
  last-reviewed: ''
  url: [x]
project:
  name: P
  administrators:
    - name: One
      primary: true
    - name: Two
  repositories: []
  vulnerability-reporting: {reports-accepted: 'true', bug-bounty-available: no}
repository:
  core-team: text
"), @r#"
    Some(V2) valid: false
    [missing-key] 2:3: header.last-updated: the key `last-updated` is missing
    [empty] 3:18: header.last-reviewed: must not be empty
    [wrong-type] 4:8: header.url: must be a string, but is a list
    [missing-key] 10:7: project.administrators[1].primary: the key `primary` is missing
    [empty] 11:17: project.repositories: must have at least 1 item
    [wrong-type] 12:47: project.vulnerability-reporting.reports-accepted: must be `true` or `false`, but is a string
    [wrong-type] 12:77: project.vulnerability-reporting.bug-bounty-available: must be `true` or `false`, but is a string
    [missing-key] 14:3: repository.accepts-automated-change-request: the key `accepts-automated-change-request` is missing
    [missing-key] 14:3: repository.accepts-change-request: the key `accepts-change-request` is missing
    [missing-key] 14:3: repository.license: the key `license` is missing
    [missing-key] 14:3: repository.security: the key `security` is missing
    [missing-key] 14:3: repository.status: the key `status` is missing
    [missing-key] 14:3: repository.url: the key `url` is missing
    [wrong-type] 14:14: repository.core-team: must be a list, but is a string
    "#);
}

#[test]
fn required_keys_of_version_1() {
    insta::assert_snapshot!(problems("\
header: {schema-version: 1.1}
distribution-points: x
security-contacts: [{type: email, kind: email, value: x}, {value: y}]
security-artifacts: {self-assessment: {}}
"), @r#"
    Some(V1) valid: false
    [missing-key] 1:1: contribution-policy: the key `contribution-policy` is missing
    [missing-key] 1:1: project-lifecycle: the key `project-lifecycle` is missing
    [missing-key] 1:1: vulnerability-reporting: the key `vulnerability-reporting` is missing
    [missing-key] 1:10: header.expiration-date: the key `expiration-date` is missing
    [missing-key] 1:10: header.project-url: the key `project-url` is missing
    [wrong-type] 2:22: distribution-points: must be a list, but is a string
    [duplicate-key] 3:35: security-contacts[0].type: the key is there twice
    [missing-key] 3:60: security-contacts[1].type: the key `type` or `kind` is missing
    [missing-key] 4:39: security-artifacts.self-assessment.self-assessment-created: the key `self-assessment-created` is missing
    "#);
}

#[test]
fn what_has_no_version_is_not_valid() {
    let mut out = String::new();
    for text in [
        "",
        "# nothing\n",
        "header:\n",
        "header: {schema-version: 3.0.0}\n",
        "header: {schema-version: 2}\n",
        "header: {}\n",
        "[a]\n",
        "just text",
        "header: {schema-version: 2.0.0, last-reviewed: a, last-updated: b, url: c}\n",
        "a: [\n",
        "header: {schema-version: 2.0.0}\n---\nb: 1\n",
    ] {
        let _ = write!(out, "{text:?}: {}", problems(text));
    }
    insta::assert_snapshot!(out, @r##"
    "": None valid: false
    [empty] 1:1: the file is empty
    "# nothing\n": None valid: false
    [empty] 1:1: the file is empty
    "header:\n": None valid: false
    [missing-key] 1:7: header.schema-version: the key `schema-version` is missing
    "header: {schema-version: 3.0.0}\n": None valid: false
    [unknown-version] 1:26: header.schema-version: the schema version `3.0.0` is neither 1.x nor 2.x
    "header: {schema-version: 2}\n": None valid: false
    [unknown-version] 1:26: header.schema-version: the schema version `2` is neither 1.x nor 2.x
    "header: {}\n": None valid: false
    [missing-key] 1:9: header.schema-version: the key `schema-version` is missing
    "[a]\n": None valid: false
    [wrong-type] 1:1: must be a mapping, but is a list
    "just text": None valid: false
    [wrong-type] 1:1: must be a mapping, but is a string
    "header: {schema-version: 2.0.0, last-reviewed: a, last-updated: b, url: c}\n": Some(V2) valid: false
    [missing-key] 1:1: one of `project` and `repository` must be there
    "a: [\n": None valid: false
    [yaml] 2:1: not YAML: while parsing a node, did not find expected node content
    "header: {schema-version: 2.0.0}\n---\nb: 1\n": Some(V2) valid: false
    [missing-key] 1:1: one of `project` and `repository` must be there
    [missing-key] 1:10: header.last-reviewed: the key `last-reviewed` is missing
    [missing-key] 1:10: header.last-updated: the key `last-updated` is missing
    [missing-key] 1:10: header.url: the key `url` is missing
    [several-documents] 3:1: the file holds several documents; a manifest is one
    "##);
}

#[test]
fn a_version_written_as_a_number_counts() {
    let text = V2_FULL.replace("2.0.0", "2.0");
    assert!(Insights::parse(text.as_bytes()).is_valid());
}

/// Take any one line of a valid manifest away: it is valid, or a problem says what is missing.
#[test]
fn removing_a_line_is_noticed_or_harmless() {
    for manifest in [V1_LEAST, V2_FULL] {
        for n in 0..manifest.lines().count() {
            let text: String = manifest
                .lines()
                .enumerate()
                .filter(|(m, _)| *m != n)
                .map(|(_, l)| format!("{l}\n"))
                .collect();
            let insights = Insights::parse(text.as_bytes());
            assert_eq!(insights.is_valid(), insights.problems.is_empty(), "{n}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn mangled_manifests_are_read(from in 0..1200usize, len in 0..60usize, filler in "[a-z:\\[\\]{} \n&*'-]{0,12}") {
        for manifest in [V1_LEAST, V2_FULL] {
            let from = from.min(manifest.len());
            let to = (from + len).min(manifest.len());
            let text = format!("{}{filler}{}", &manifest[..from], &manifest[to..]);
            for problem in Insights::parse(text.as_bytes()).problems {
                prop_assert!(problem.span.end <= text.len() && problem.span.line >= 1, "{problem:?}");
            }
        }
    }
}
