//! Reports to draw: one rich and plausible, one hostile, one of several repositories.

use std::collections::BTreeMap;

use eyrie_posture::report::{
    CheckResult, Evidence, History, HistoryPoint, MissingFacts, Note, NoteSeverity, Outcome, OutcomeChange,
    ProjectReport, REPORT_VERSION, Report, RepositoryFailure, RepositoryReport, Score, Tally,
};

/// Counts points as the contract says.
fn tally(checks: &[CheckResult], category: Option<&str>, best: bool) -> Tally {
    let counted = |check: &&CheckResult| {
        category.is_none_or(|category| check.category == category) && check.outcome != Outcome::NotApplicable
    };
    let possible = checks.iter().filter(counted).map(|check| check.weight).sum();
    let earned = checks
        .iter()
        .filter(counted)
        .filter(|check| match check.outcome {
            Outcome::Pass | Outcome::Exempt => true,
            Outcome::Unknown => best,
            _ => false,
        })
        .map(|check| check.weight)
        .sum();
    of(earned, possible)
}

/// So many of so many points.
pub(crate) fn of(earned: u32, possible: u32) -> Tally {
    Tally { earned, possible, percent: (earned * 1000).checked_div(possible).unwrap_or(0) }
}

fn score(checks: &[CheckResult]) -> Score {
    let mut categories = BTreeMap::new();
    for check in checks {
        let tally = tally(checks, Some(&check.category), false);
        if tally.possible > 0 {
            categories.insert(check.category.clone(), tally);
        }
    }
    let overall = tally(checks, None, false);
    let rating = match overall.percent {
        750.. => "a",
        500.. => "b",
        250.. => "c",
        _ => "d",
    };
    Score {
        overall,
        best_possible: tally(checks, None, true),
        categories,
        rating: Some(rating.into()),
        clomonitor: None,
    }
}

/// A check with what all of them have.
pub(crate) fn check(id: &str, category: &str, weight: u32, outcome: Outcome, reason: &str) -> CheckResult {
    let mut title = id.replace('_', " ");
    title[..1].make_ascii_uppercase();
    CheckResult {
        id: id.into(),
        title,
        category: category.into(),
        weight,
        outcome,
        value: None,
        reason: reason.into(),
        fix: None,
        docs: format!("https://eyrie.example/checks/{id}"),
        evidence: Vec::new(),
        decided_by: Vec::new(),
    }
}

/// A line of a file.
pub(crate) fn at(path: &str, line: u32, text: &str) -> Evidence {
    Evidence {
        kind: "file".into(),
        path: Some(path.into()),
        line: (line > 0).then_some(line),
        url: Some(format!("https://github.com/falcosecurity/falco/blob/3f2a91c0/{path}")),
        text: (!text.is_empty()).then(|| text.into()),
        ..Evidence::default()
    }
}

/// A report of one project.
pub(crate) fn project(name: &str, repositories: Vec<RepositoryReport>) -> Report {
    let all: Vec<_> = repositories.iter().flat_map(|repository| repository.checks.clone()).collect();
    Report {
        version: REPORT_VERSION,
        projects: vec![ProjectReport {
            name: name.into(),
            score: score(&all),
            repositories,
            failures: Vec::new(),
        }],
    }
}

/// A repository of these checks.
pub(crate) fn repository(path: &str, checks: Vec<CheckResult>) -> RepositoryReport {
    RepositoryReport {
        path: path.into(),
        url: Some("https://github.com/falcosecurity/falco".into()),
        commit: Some("3f2a91c0b7d15e8842c6f0a9d3b1e7745c20ab66".into()),
        work_tree: true,
        catalog: "clomonitor".into(),
        sets: vec!["code".into(), "community".into()],
        categories: Vec::new(),
        score: score(&checks),
        checks,
        missing: Vec::new(),
        notes: Vec::new(),
        history: None,
    }
}

fn with(mut check: CheckResult, change: impl FnOnce(&mut CheckResult)) -> CheckResult {
    change(&mut check);
    check
}

/// One repository with every outcome, evidence, missing facts, notes and history.
pub(crate) fn falco() -> Report {
    use Outcome::{Exempt, Fail, NotApplicable, Pass, Unknown};
    let seen = |evidence: Vec<Evidence>| move |check: &mut CheckResult| check.evidence = evidence;
    let checks = vec![
        with(
            check("adopters", "documentation", 1, Pass, "A file lists who uses it."),
            seen(vec![at("ADOPTERS.md", 0, "")]),
        ),
        with(
            check("changelog", "documentation", 1, Pass, "CHANGELOG.md has content."),
            seen(vec![at("CHANGELOG.md", 1, "# Change Log")]),
        ),
        with(
            check(
                "code_of_conduct",
                "documentation",
                2,
                Fail,
                "No code of conduct in the repository, and the README has no heading or link that names one.",
            ),
            |check| {
                check.fix = Some("Add CODE_OF_CONDUCT.md. A project of the CNCF can adopt the foundation's code with one line:\n\n    This project follows the [CNCF Code of Conduct](https://github.com/cncf/foundation/blob/main/code-of-conduct.md).".into());
            },
        ),
        with(
            check("contributing", "documentation", 4, Pass, "CONTRIBUTING.md has content."),
            seen(vec![at("CONTRIBUTING.md", 0, "")]),
        ),
        with(
            check("governance", "documentation", 3, Pass, "GOVERNANCE.md has content."),
            seen(vec![at("GOVERNANCE.md", 0, "")]),
        ),
        with(
            check("maintainers", "documentation", 3, Pass, "OWNERS names 9 people."),
            seen(vec![at("OWNERS", 1, "approvers:")]),
        ),
        with(
            check("readme", "documentation", 10, Pass, "README.md has 214 lines of text under 11 headings."),
            seen(vec![at("README.md", 1, "# Falco")]),
        ),
        check(
            "summary_table",
            "documentation",
            1,
            Exempt,
            "No landscape was given, so nothing can be looked up in it.",
        ),
        check(
            "website",
            "documentation",
            4,
            Unknown,
            "The forge knows the homepage, and nobody could ask it.",
        ),
        with(check("license_spdx_id", "license", 5, Pass, "COPYING is the text of one licence."), |check| {
            check.value = Some("Apache-2.0".into());
            check.evidence = vec![at("COPYING", 1, "Apache License")];
        }),
        with(
            check("license_approved", "license", 10, Pass, "Apache-2.0 is on the list of approved licences."),
            seen(vec![at("COPYING", 1, "Apache License")]),
        ),
        with(
            check(
                "license_scanning",
                "license",
                5,
                Fail,
                "Neither .clomonitor.yml nor a badge in the README names a licence scan.",
            ),
            |check| {
                check.fix = Some("Scan with FOSSA or Snyk and show the badge in the README, or name the report in .clomonitor.yml under `licenseScanning.url`.".into());
            },
        ),
        with(
            check("artifacthub_badge", "best_practices", 1, Pass, "The README shows the badge."),
            seen(vec![at("README.md", 5, "https://artifacthub.io/packages/helm/falcosecurity/falco")]),
        ),
        with(
            check("dco", "best_practices", 1, Pass, "All of the last 20 commits are signed off or merges."),
            |check| check.value = Some("20 of 20".into()),
        ),
        check("cla", "best_practices", 1, Exempt, "The DCO check passes, and one of the two is enough."),
        with(
            check(
                "recent_release",
                "best_practices",
                3,
                Unknown,
                "No tag of the last year is here, and the clone is shallow.",
            ),
            |check| {
                check.decided_by = vec!["release.created".into(), "tag.date".into()];
            },
        ),
        check("github_discussions", "best_practices", 0, Unknown, "Discussions are only known to the forge."),
        with(
            check("openssf_badge", "best_practices", 5, Pass, "The README shows the badge of project 2317."),
            seen(vec![at("README.md", 3, "https://bestpractices.coreinfrastructure.org/projects/2317")]),
        ),
        with(check("binary_artifacts", "security", 2, Fail, "Two files are compiled programs."), |check| {
            check.evidence = vec![
                at("test/trace_files/syscall.scap.bin", 0, "ELF executable, 1,204,224 bytes"),
                at("userspace/engine/lua/测试数据/プラグイン.so", 0, "ELF shared object, 88,120 bytes"),
            ];
            check.fix =
                Some("Build them in CI, or download them with a checksum, and remove them from git.".into());
        }),
        check("code_review", "security", 3, Unknown, "Reviews are only known to the forge."),
        with(
            check(
                "dangerous_workflow",
                "security",
                2,
                Pass,
                "No workflow runs a stranger's code with the repository's rights.",
            ),
            seen(vec![at(".github/workflows/ci.yml", 1, "on: [push, pull_request]")]),
        ),
        with(
            check(
                "token_permissions",
                "security",
                1,
                Fail,
                "6 of 14 workflows give the token more rights than reading at the top level.",
            ),
            |check| {
                check.evidence = (0..6)
                    .map(|n| {
                        at(
                            &format!(".github/workflows/reusable_build_packages_{n}.yaml"),
                            12 + n,
                            "permissions: write-all",
                        )
                    })
                    .collect();
                check.fix = Some("Set `permissions: {contents: read}` at the top of each workflow and grant more in the job that needs it.".into());
            },
        ),
        with(
            check("security_policy", "security", 3, Pass, "SECURITY.md says how to report a vulnerability."),
            seen(vec![at("SECURITY.md", 1, "# Security Policy")]),
        ),
        check(
            "signed_releases",
            "security",
            2,
            NotApplicable,
            "The repository publishes no releases of its own.",
        ),
        check(
            "sbom",
            "security",
            1,
            Unknown,
            "The assets of the latest release are only known to the forge.",
        ),
        check(
            "trademark_disclaimer",
            "legal",
            5,
            Unknown,
            "The homepage is not known, and nobody may ask the network.",
        ),
    ];
    let mut falco = repository("/src/falco", checks);
    falco.missing = vec![
        MissingFacts {
            why: "No token for github.com".into(),
            supply: "Set GITHUB_TOKEN, or record the answers elsewhere with `eyrie forge record https://github.com/falcosecurity/falco --output DIR` and give them with `--forge-data DIR`.".into(),
            checks: ["website", "code_review", "sbom", "github_discussions"].map(String::from).to_vec(),
            points: 8,
        },
        MissingFacts {
            why: "No network (--offline)".into(),
            supply: "Run without `--offline`.".into(),
            checks: vec!["trademark_disclaimer".into()],
            points: 5,
        },
        MissingFacts {
            why: "The clone is shallow: 50 commits, no tags".into(),
            supply: "git fetch --unshallow --tags".into(),
            checks: vec!["recent_release".into()],
            points: 3,
        },
    ];
    falco.notes = vec![
        Note {
            severity: NoteSeverity::Warning,
            text: "the exemption of `website` expired on 2026-06-30 and no longer counts".into(),
            path: Some(".clomonitor.yml".into()),
            line: Some(4),
        },
        Note {
            severity: NoteSeverity::Info,
            text: "1 file over 64 MiB was not read: test/big.scap".into(),
            path: None,
            line: None,
        },
    ];
    falco.history = Some(history());
    project("falco", vec![falco])
}

/// Two years of a score, with rises and a fall.
pub(crate) fn history() -> History {
    let mut points = Vec::new();
    let step = |date: &str, earned: u32, subject: &str, changes: Vec<OutcomeChange>| HistoryPoint {
        commit: format!("{:0<40}", format!("{:x}", 0xabc_1234 + earned * 7919)),
        date: format!("{date}T10:00:00Z"),
        subject: subject.into(),
        score: of(earned, 70),
        categories: BTreeMap::new(),
        changes,
    };
    let change = |check: &str, from: Outcome, to: Outcome, reason: &str| OutcomeChange {
        check: check.into(),
        from,
        to,
        reason: reason.into(),
    };
    use Outcome::{Fail, Pass, Unknown};
    points.push(step("2024-11-25", 30, "cleanup: remove the old build", vec![]));
    points.push(step("2025-02-03", 30, "fix: handle empty output", vec![]));
    points.push(step(
        "2025-03-17",
        34,
        "docs: say how to contribute",
        vec![change("contributing", Fail, Pass, "CONTRIBUTING.md has content.")],
    ));
    points.push(step(
        "2025-08-30",
        39,
        "new: OpenSSF badge (project 2317)",
        vec![change("openssf_badge", Fail, Pass, "The README shows the badge of project 2317.")],
    ));
    points.push(step("2025-12-01", 37, "chore: add a prebuilt probe for the tests of the new driver on kernels that have no headers installed", vec![change("binary_artifacts", Pass, Fail, "Two files are compiled programs."), change("token_permissions", Unknown, Fail, "6 of 14 workflows give the token more rights.")]));
    points.push(step(
        "2026-04-12",
        43,
        "docs: governance and security policy",
        vec![
            change("governance", Fail, Pass, "GOVERNANCE.md has content."),
            change("security_policy", Fail, Pass, "SECURITY.md says how to report a vulnerability."),
        ],
    ));
    points.push(step("2026-11-20", 43, "update: bump libs", vec![]));
    History { points, cut_short: Some("the clone is shallow: nothing before 2024-11-25 is here".into()) }
}

/// Three repositories, one of which could not be assessed.
pub(crate) fn several() -> Report {
    use Outcome::{Fail, Pass, Unknown};
    let mut report = project(
        "falco",
        vec![
            repository(
                "/src/falco",
                vec![
                    check("readme", "documentation", 10, Pass, "README.md has content."),
                    check("sbom", "security", 1, Fail, "No release has one."),
                ],
            ),
            repository(
                "https://github.com/falcosecurity/a-repository-with-a-very-long-name-indeed/rules",
                vec![
                    check("readme", "documentation", 10, Fail, "No README."),
                    check("code_review", "security", 3, Unknown, "Reviews are only known to the forge."),
                ],
            ),
        ],
    );
    report.projects[0].repositories[1].url =
        Some("https://github.com/falcosecurity/a-repository-with-a-very-long-name-indeed".into());
    report.projects[0].failures.push(RepositoryFailure {
        path: "/src/plugins".into(),
        error: "no such folder; give the path of a checkout, a bare repository or a URL".into(),
    });
    report
}

/// What a hostile repository would put where it can.
pub(crate) const HOSTILE: &str = "\x1b[31mred\x1b[0m\x07\u{202e}gnp.exe <script>alert(1)</script> ](x) --> | `tick` & \"q\" \u{9b}2J é\u{200b}";

/// A report in which every text that a repository controls is [`HOSTILE`].
pub(crate) fn hostile() -> Report {
    use Outcome::{Exempt, Fail, NotApplicable, Pass, Unknown};
    let evidence = Evidence {
        kind: HOSTILE.into(),
        path: Some(HOSTILE.into()),
        line: Some(3),
        commit: Some(HOSTILE.into()),
        url: Some(format!("https://example.org/{HOSTILE}")),
        text: Some(HOSTILE.into()),
    };
    let checks = [Pass, Fail, Unknown, Exempt, NotApplicable].map(|outcome| {
        with(check(&format!("check_{outcome}"), "security", 2, outcome, HOSTILE), |check| {
            check.title = HOSTILE.into();
            check.fix = Some(format!("{HOSTILE}\nsecond line {HOSTILE}"));
            check.value = Some(HOSTILE.into());
            check.docs = "javascript:alert(1)".into();
            check.evidence = vec![
                evidence.clone(),
                Evidence { path: None, ..evidence.clone() },
                Evidence {
                    path: None,
                    commit: None,
                    url: Some("javascript:alert(1)".into()),
                    ..evidence.clone()
                },
            ];
            check.decided_by = vec![HOSTILE.into()];
        })
    });
    let mut hostile = repository(HOSTILE, checks.to_vec());
    hostile.url = Some(format!("javascript:{HOSTILE}"));
    hostile.commit = Some(HOSTILE.into());
    hostile.catalog = HOSTILE.into();
    hostile.sets = vec![HOSTILE.into()];
    hostile.missing = vec![MissingFacts {
        why: HOSTILE.into(),
        supply: HOSTILE.into(),
        checks: vec![HOSTILE.into()],
        points: 2,
    }];
    hostile.notes = vec![Note {
        severity: NoteSeverity::Warning,
        text: HOSTILE.into(),
        path: Some(HOSTILE.into()),
        line: Some(1),
    }];
    let mut history = history();
    for point in &mut history.points {
        point.subject = HOSTILE.into();
        for change in &mut point.changes {
            change.reason = HOSTILE.into();
        }
    }
    history.cut_short = Some(HOSTILE.into());
    hostile.history = Some(history);
    let mut report = project(HOSTILE, vec![hostile]);
    report.projects[0].failures.push(RepositoryFailure { path: HOSTILE.into(), error: HOSTILE.into() });
    report
}
