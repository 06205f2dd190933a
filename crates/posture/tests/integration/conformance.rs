//! What CLOMonitor's own program answered to generated input trees, compared with our answers: with strict compatibility
//! they must be the same; without, only where the catalogue names a deviation may they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use eyrie_forge::{Recorded, collect};
use eyrie_posture::assess::{AssessError, Options, Target, assess_one};
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::catalog::read::Compatibility;
use eyrie_posture::catalog::{CLOMONITOR, Catalog};
use eyrie_posture::report::{Outcome, RepositoryReport};
use eyrie_posture::scorecard::read as read_scorecard;
use jiff::Timestamp;
use serde_json::Value;

use crate::fixture;

const NOW: &str = "2026-11-22T12:00:00Z";

/// The checks that CLOMonitor has decided by Scorecard's program.
const SCORECARD: [&str; 7] = [
    "binary_artifacts",
    "code_review",
    "dangerous_workflow",
    "dependency_update_tool",
    "maintained",
    "signed_releases",
    "token_permissions",
];

fn cases() -> Option<Vec<Value>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/clomonitor/cases.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: no conformance data at {}", path.display());
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect())
}

fn compiled(compatibility: Compatibility) -> &'static Compiled {
    static COMPILED: [OnceLock<Compiled>; 2] = [OnceLock::new(), OnceLock::new()];
    COMPILED[usize::from(compatibility == Compatibility::Strict)].get_or_init(|| {
        let catalog = Catalog::read(&[("clomonitor.yaml", CLOMONITOR)], compatibility).expect("read");
        Compiled::new(catalog).expect("compiled")
    })
}

/// A case on disk.
struct Case {
    _directory: tempfile::TempDir,
    root: PathBuf,
}

fn lay_out(case: &Value) -> Case {
    let directory = tempfile::tempdir().expect("a directory");
    let top = directory.path().join(case["dirname"].as_str().unwrap_or("tree"));
    std::fs::create_dir(&top).expect("made");
    for (path, content) in case["files"].as_object().expect("files") {
        let path = top.join(path);
        std::fs::create_dir_all(path.parent().expect("below")).expect("made");
        let bytes = match content {
            Value::String(text) => text.as_bytes().to_vec(),
            other => base64::engine::general_purpose::STANDARD
                .decode(other["base64"].as_str().expect("base64"))
                .expect("base64"),
        };
        std::fs::write(path, bytes).expect("written");
    }
    for (path, target) in case["links"].as_object().expect("links") {
        let path = top.join(path);
        std::fs::create_dir_all(path.parent().expect("below")).expect("made");
        std::os::unix::fs::symlink(target.as_str().expect("a target"), path).expect("linked");
    }
    if case["git"].as_bool().unwrap_or(false) {
        let messages: Vec<&str> =
            case["commits"].as_array().expect("commits").iter().filter_map(Value::as_str).collect();
        let now: Timestamp = NOW.parse().expect("a time");
        fixture::repository(&top, &messages, now.as_second() - 3600);
    }
    let root = match case["sub"].as_str() {
        Some(sub) => top.join(sub),
        None => top,
    };
    Case { _directory: directory, root }
}

/// A Scorecard run's JSON from `4` or `10,Signed-Releases=0`; none for `fail`.
fn scorecard(case: &Value) -> Option<String> {
    let text = case["scorecard"].as_str().expect("scorecard");
    if text == "fail" {
        return None;
    }
    let omitted: Vec<&str> = case["scorecard_omit"].as_str().unwrap_or_default().split(',').collect();
    let names = [
        "Binary-Artifacts",
        "Code-Review",
        "Dangerous-Workflow",
        "Dependency-Update-Tool",
        "Maintained",
        "Signed-Releases",
        "Token-Permissions",
    ];
    let mut parts = text.split(',');
    let default: f64 = parts.next().expect("a default").parse().expect("a number");
    let mut scores: BTreeMap<&str, f64> = names.iter().map(|name| (*name, default)).collect();
    for part in parts {
        let (name, score) = part.split_once('=').expect("a pair");
        scores.insert(name, score.parse().expect("a number"));
    }
    let checks: Vec<Value> = (scores.iter())
        .filter(|(name, _)| !omitted.contains(*name))
        .map(
            |(name, score)| serde_json::json!({"name": name, "score": score, "reason": "r", "details": null}),
        )
        .collect();
    Some(serde_json::json!({"date": "2026-11-01", "checks": checks}).to_string())
}

fn assess(case: &Value, compatibility: Compatibility) -> Result<RepositoryReport, AssessError> {
    let now: Timestamp = NOW.parse().expect("a time");
    let laid_out = lay_out(case);
    let url = case["url"].as_str().unwrap_or("https://github.com/o/r");
    let recorded = Recorded::from_json(case["github"].to_string().as_bytes(), now).expect("recorded answers");
    let mut target = Target::folder(&laid_out.root);
    target.url = Some(url.to_owned());
    if let Ok(parsed) = url.parse() {
        target.forge = collect(&recorded, &parsed, None);
    }
    target.scorecard = scorecard(case).map(|json| read_scorecard(json.as_bytes()).expect("a run").into());
    let sets =
        case["check_sets"].as_array().expect("sets").iter().filter_map(Value::as_str).map(str::to_owned);
    let strict = compatibility == Compatibility::Strict;
    let options = Options { sets: sets.collect(), strict, now, history: None, name: None };
    assess_one(compiled(compatibility), target, &options)
}

fn outcome(report: &RepositoryReport, check: &str) -> Option<Outcome> {
    report.checks.iter().find(|result| result.id == check).map(|result| result.outcome)
}

#[test]
fn strict_compatibility_gives_clomonitors_verdicts_and_scores() {
    let Some(cases) = cases() else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let expected = &case["expected"];
        let report = match (assess(case, Compatibility::Strict), expected["checks"].as_object()) {
            (Ok(report), Some(_)) => report,
            (Err(_), None) => continue,
            (Ok(_), None) => {
                wrong.push(format!("{name}: assessed, where CLOMonitor gives up: {}", expected["stderr"]));
                continue;
            }
            (Err(error), Some(_)) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let checks = expected["checks"].as_object().expect("checks");
        for (check, answer) in checks {
            let theirs = answer["outcome"].as_str().expect("an outcome");
            let ours = outcome(&report, check);
            let same = matches!(
                (theirs, ours),
                ("pass", Some(Outcome::Pass))
                    | ("no", Some(Outcome::Fail))
                    | ("exempt", Some(Outcome::Exempt))
            ) || (theirs == "could-not-evaluate"
                && (SCORECARD.contains(&&**check) || matches!(ours, Some(Outcome::Unknown | Outcome::Fail))));
            if !same {
                wrong.push(format!("{name}: {check}: {theirs}, ours {ours:?}"));
                continue;
            }
            let result = report.checks.iter().find(|result| result.id == **check).expect("there");
            if let Some(value) = answer.get("value")
                && result.value.as_ref() != Some(value)
            {
                wrong.push(format!("{name}: {check}: value {value}, ours {:?}", result.value));
            }
            if let Some(reason) = answer["exemption_reason"].as_str()
                && result.reason != reason
            {
                wrong.push(format!("{name}: {check}: exempt because {reason:?}, ours {:?}", result.reason));
            }
            if let Some(url) = answer["url"].as_str()
                && result.evidence.first().and_then(|evidence| evidence.url.as_deref()) != Some(url)
            {
                wrong.push(format!("{name}: {check}: url {url}, ours {:?}", result.evidence.first()));
            }
        }
        for result in &report.checks {
            if !checks.contains_key(&result.id) {
                wrong.push(format!("{name}: {} is not in the sets asked for", result.id));
            }
        }
        let numbers = report.score.clomonitor.as_ref().expect("strict numbers");
        for (key, number) in expected["score"].as_object().expect("a score") {
            if key.ends_with("_weight") {
                continue;
            }
            let ours = numbers.get(key).copied().unwrap_or(f64::NAN);
            let theirs = number.as_f64().expect("a number");
            if ours.is_nan() || (ours - theirs).abs() >= 1e-9 {
                wrong.push(format!("{name}: score {key}: {theirs}, ours {ours}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    println!("{} cases agree", cases.len());
}

/// Verdicts of our own differ from CLOMonitor's only for checks whose entry names the deviation, or where nobody could
/// look, or where a verdict is native.
#[test]
fn sane_verdicts_differ_only_where_the_catalogue_says_so() {
    let Some(cases) = cases() else { return };
    let catalog = Catalog::read(&[("clomonitor.yaml", CLOMONITOR)], Compatibility::Sane).expect("read");
    let mut unexplained = Vec::new();
    let mut explained: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let Some(checks) = case["expected"]["checks"].as_object() else { continue };
        let report = assess(case, Compatibility::Sane).expect("assessed");
        for (check, answer) in checks {
            if SCORECARD.contains(&&**check) && answer["outcome"] == "could-not-evaluate" {
                continue;
            }
            let theirs = answer["outcome"].as_str().expect("an outcome");
            let ours = outcome(&report, check).expect("an outcome").as_str();
            let same = (theirs == ours)
                || (theirs == "no" && ours == "fail")
                || (theirs == "could-not-evaluate" && ours == "unknown");
            if same {
                continue;
            }
            let line = format!("{name}: {theirs} → {ours}");
            if catalog.check(check).is_some_and(|check| check.deviation.is_some()) {
                explained.entry(check.clone()).or_default().insert(line);
            } else {
                unexplained.push(format!("{check}: {line}"));
            }
        }
    }
    for (check, lines) in &explained {
        println!("{check}: {}", lines.iter().cloned().collect::<Vec<_>>().join("; "));
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}
