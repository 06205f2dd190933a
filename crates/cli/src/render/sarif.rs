//! The report as SARIF 2.1.0, for code scanning: a run per repository, a rule per check, a result per check that
//! fails or that nobody could decide.
//!
//! Format: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>, section numbers below.

use std::io::{self, Write};

use eyrie_posture::report::{CheckResult, Evidence, Outcome, ProjectReport, Report, RepositoryReport};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::text::{visible, visible_lines, web_address};

/// Characters of a path that stay as they are in a relative URI reference (3.4.4).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'+')
    .remove(b'@');
/// Places given for one result; GitHub keeps at most 1,000 of all.
const LOCATIONS: usize = 100;

/// Writes the report.
///
/// # Errors
/// Whatever the writer says.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut runs = Vec::new();
    for project in &report.projects {
        runs.extend(project.repositories.iter().map(|repository| run(project, repository)));
        runs.extend(failures(project));
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn run(project: &ProjectReport, repository: &RepositoryReport) -> Value {
    let mut results = Vec::new();
    for (index, check) in repository.checks.iter().enumerate() {
        match check.outcome {
            Outcome::Fail => results.push(result(repository, check, index, "fail", level(check))),
            // 3.27.10: a result of another kind than `fail` has no level.
            Outcome::Unknown => results.push(result(repository, check, index, "open", "none")),
            Outcome::Pass | Outcome::Exempt | Outcome::NotApplicable => {}
        }
    }
    let mut run = json!({
        "tool": {"driver": driver(repository.checks.iter().map(rule).collect())},
        // Tells runs of several repositories apart (3.17.3).
        "automationDetails": {"id": format!("eyrie/{}/{}", utf8_percent_encode(&repository.path, PATH), repository.catalog)},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The repository's top folder"}}},
        "invocations": [{"executionSuccessful": true}],
        "results": results,
        "properties": {
            "project": project.name,
            "repository": repository.path,
            "catalog": repository.catalog,
            "sets": repository.sets,
            "score": repository.score,
        },
    });
    if let (Some(url), Some(run)) = (repository.url.as_deref().and_then(web_address), run.as_object_mut()) {
        let mut provenance = Map::new();
        provenance.insert("repositoryUri".into(), url.into());
        if let Some(commit) = &repository.commit {
            provenance.insert("revisionId".into(), commit.as_str().into());
        }
        run.insert("versionControlProvenance".into(), json!([provenance]));
    }
    run
}

/// A run that says which repositories could not be assessed.
fn failures(project: &ProjectReport) -> Option<Value> {
    let notifications: Vec<_> = project
        .failures
        .iter()
        .map(|failure| {
            let text = format!("{}: {}", visible(&failure.path), visible_lines(&failure.error));
            json!({"level": "error", "message": {"text": message(&text)}})
        })
        .collect();
    (!notifications.is_empty()).then(|| {
        json!({
            "tool": {"driver": driver(Vec::new())},
            "automationDetails": {"id": "eyrie/not-assessed/"},
            "invocations": [{"executionSuccessful": false, "toolExecutionNotifications": notifications}],
            "results": [],
        })
    })
}

fn driver(rules: Vec<Value>) -> Value {
    json!({
        "name": "Eyrie",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": rules,
    })
}

fn rule(check: &CheckResult) -> Value {
    let security = check.category == "security";
    let mut properties = Map::new();
    properties.insert("category".into(), check.category.as_str().into());
    properties.insert("weight".into(), check.weight.into());
    properties.insert("tags".into(), json!([check.category]));
    if security {
        properties.insert("security-severity".into(), severity(check.weight).into());
    }
    let mut rule = json!({
        "id": check.id,
        "shortDescription": {"text": visible(&check.title)},
        "defaultConfiguration": {"level": level(check)},
        "properties": properties,
    });
    if let Some(rule) = rule.as_object_mut() {
        if let Some(docs) = web_address(&check.docs) {
            rule.insert("helpUri".into(), docs.into());
        }
        if let Some(fix) = &check.fix {
            rule.insert("help".into(), json!({"text": visible_lines(fix)}));
        }
    }
    rule
}

fn result(
    repository: &RepositoryReport,
    check: &CheckResult,
    index: usize,
    kind: &str,
    level: &str,
) -> Value {
    let mut text = visible_lines(&check.reason).into_owned();
    if let (Outcome::Fail, Some(fix)) = (check.outcome, &check.fix) {
        text = format!("{text}\n{}", visible_lines(fix));
    }
    let mut locations: Vec<_> = check.evidence.iter().filter_map(location).take(LOCATIONS).collect();
    if locations.is_empty() {
        // What is wrong is that something is nowhere: the repository as a whole.
        locations
            .push(json!({"physicalLocation": {"artifactLocation": {"uri": ".", "uriBaseId": "SRCROOT"}}}));
    }
    json!({
        "ruleId": check.id,
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": {"text": message(&text)},
        "locations": locations,
        // One result per check: the check is what makes it the same next time.
        "partialFingerprints": {"eyrieCheck/v1": format!("{}/{}", repository.catalog, check.id)},
        "properties": {"outcome": check.outcome, "points": check.weight},
    })
}

fn location(evidence: &Evidence) -> Option<Value> {
    let path = evidence.path.as_deref()?;
    let uri = utf8_percent_encode(path, PATH).to_string();
    // A first segment with a colon would be a scheme; the set above encodes colons.
    let mut physical = json!({"artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"}});
    if let (Some(line), Some(physical)) = (evidence.line.filter(|line| *line > 0), physical.as_object_mut()) {
        physical.insert("region".into(), json!({"startLine": line}));
    }
    let mut location = json!({"physicalLocation": physical});
    if let (Some(text), Some(location)) = (&evidence.text, location.as_object_mut()) {
        location.insert("message".into(), json!({"text": message(&visible(text))}));
    }
    Some(location)
}

/// How loud a failed check is, by the points it costs.
fn level(check: &CheckResult) -> &'static str {
    match check.weight {
        5.. => "error",
        2..=4 => "warning",
        _ => "note",
    }
}

/// GitHub's scale from 0 to 10: 7 and up is high, 4 and up medium.
fn severity(weight: u32) -> &'static str {
    match weight {
        5.. => "8.0",
        3..=4 => "7.0",
        2 => "5.0",
        _ => "3.0",
    }
}

/// A text with nothing that reads as an embedded link (3.11.6).
fn message(text: &str) -> String {
    if text.contains("](") {
        text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
    } else {
        text.into()
    }
}
