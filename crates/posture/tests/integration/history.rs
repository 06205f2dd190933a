//! Following a repository through its history gives, at every commit, what assessing that commit afresh gives.

use std::collections::BTreeMap;

use eyrie_posture::assess::{Options, Span, Target, assess_one};
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::catalog::read::Compatibility;
use eyrie_posture::catalog::{CLOMONITOR, Catalog};
use eyrie_posture::report::Outcome;
use jiff::Timestamp;

use crate::fixture::Fixture;

/// A small generator of numbers, the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("fits") % end
    }
}

const PATHS: [&str; 22] = [
    "README.md",
    "readme.rst",
    "docs/README.md",
    "SECURITY.md",
    "docs/security.md",
    ".github/SECURITY.md",
    "CONTRIBUTING.md",
    "docs/contributing/index.md",
    "ADOPTERS.md",
    "LICENSE",
    "LICENSE@",
    "GOVERNANCE.md",
    "MAINTAINERS",
    "CHANGELOG/v1.md",
    ".clomonitor.yml",
    "security-insights.yml",
    ".github/dependabot.yml",
    ".github/workflows/ci.yml",
    ".github/workflows/other.yaml",
    "bin/tool",
    "README.md@",
    "sbom.cdx.json",
];

const TEXTS: [&str; 13] = [
    "",
    " \n",
    "some text\n",
    "# Security\n\n## Roadmap\n\n[adopters](ADOPTERS.md)\n",
    "docs/README.md",
    "on: pull_request_target\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n",
    "on: push\npermissions: read-all\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n",
    "exemptions:\n  - check: adopters\n    reason: none yet\n",
    "licenseScanning:\n  url: https://example.org\nexemptions:\n  - {check: roadmap, reason: soon, expires: 2023-11-25}\n",
    "broken: [",
    "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\0\0\0\0\0\0\u{3}\0\u{3e}\0\u{1}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    "header:\n  schema-version: 2.0.0\n",
    "{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\"}",
];

/// A check whose facts depend on names that no document has.
const OWN: &str = "- check: living_links\n  category: documentation\n  weight: 3\n  sets: [code]\n  pass:\n    \
                   - none: link\n      condition: link.resolves = false\n";

#[test]
fn history_agrees_with_assessing_every_commit_afresh() {
    for compatibility in [Compatibility::Sane, Compatibility::Strict] {
        let files = [("clomonitor.yaml", CLOMONITOR), ("own.yaml", OWN)];
        let catalog = Catalog::read(&files, compatibility).expect("read");
        let compiled = Compiled::new(catalog).expect("compiled");
        let mut compared = 0;
        for seed in 1..=6 {
            let directory = tempfile::tempdir().expect("a directory");
            let mut fixture = Fixture::new(directory.path());
            let mut numbers = Numbers(seed);
            let mut files: BTreeMap<String, String> = BTreeMap::new();
            let mut commits = Vec::new();
            for day in 0..30_i64 {
                for _ in 0..=numbers.below(3) {
                    let path = PATHS[numbers.below(PATHS.len())];
                    files.remove(path.trim_end_matches('@'));
                    files.remove(&format!("{}@", path.trim_end_matches('@')));
                    if numbers.below(4) > 0 {
                        files.insert(path.to_owned(), TEXTS[numbers.below(TEXTS.len())].to_owned());
                    }
                }
                let message =
                    if numbers.below(2) == 0 { "Change" } else { "Change\n\nSigned-off-by: A <a@b>" };
                let seconds = 1_700_000_000 + day * 86_400;
                commits.push((fixture.commit(&files, message, seconds), seconds));
            }
            let options = |seconds: i64, history| Options {
                sets: Vec::new(),
                strict: compatibility == Compatibility::Strict,
                now: Timestamp::from_second(seconds).expect("a time"),
                history,
                name: None,
            };
            let mut target = Target::folder(directory.path());
            target.at = Some("HEAD".to_owned());
            let report = assess_one(&compiled, target, &options(1_800_000_000, Some(Span::Commits(1000))));
            let Ok(report) = report else {
                // With strict compatibility a broken metadata file at the last commit ends it all.
                assert_eq!(compatibility, Compatibility::Strict);
                continue;
            };
            let points = report.history.expect("a history").points;
            assert_eq!(points.len(), commits.len());
            let mut outcomes: BTreeMap<String, Outcome> = BTreeMap::new();
            for (point, (commit, seconds)) in points.iter().zip(&commits) {
                assert_eq!(point.commit, commit.to_string());
                let mut target = Target::folder(directory.path());
                target.at = Some(commit.to_string());
                for change in &point.changes {
                    outcomes.insert(change.check.clone(), change.to);
                }
                let Ok(afresh) = assess_one(&compiled, target, &options(*seconds, None)) else { continue };
                let fresh: BTreeMap<_, _> = afresh.checks.iter().map(|c| (c.id.clone(), c.outcome)).collect();
                if outcomes.len() < fresh.len() {
                    outcomes = fresh.clone();
                }
                assert_eq!(outcomes, fresh, "seed {seed}, {commit}");
                compared += 1;
                let failed: Vec<_> = afresh.checks.iter().map(|c| (c.id.as_str(), c.outcome)).collect();
                assert_eq!(point.categories, afresh.score.categories, "seed {seed}, {commit}: {failed:?}");
                assert_eq!(point.score, afresh.score.overall, "seed {seed}, {commit}");
            }
        }
        assert!(compared > 60, "only {compared} commits were compared");
    }
}
