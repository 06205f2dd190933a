//! What a repository decides of a stage's criteria: the checks that a criterion names, as evaluations to be recorded.

use std::path::Path;

use eyrie_posture::assess::{Options, Target, assess_one};
use eyrie_posture::report::{CheckResult, Outcome, RepositoryReport};
use eyrie_register::domain::fact::{CriterionEvaluated, Evidence, Verdict};
use eyrie_register::domain::id::ProjectId;
use eyrie_register::domain::policy::Criterion;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::catalog;
use crate::error::Error;

/// Assesses a repository with the checks that criteria name.
pub(super) fn assess(folder: &Path, now: Timestamp) -> Result<RepositoryReport, Error> {
    let compiled = catalog::load(&[], false, eyrie_lang::diagnostic::RenderStyle::default())?;
    let sets = compiled.catalog.sets.iter().map(|set| set.id.clone()).collect();
    let options = Options { sets, strict: false, now, history: None, name: None };
    Ok(assess_one(&compiled, Target::folder(folder), &options)?)
}

/// What the repository says of a criterion; nothing if it names no checks. One that passes is enough.
pub(super) fn evaluate(
    report: &RepositoryReport,
    project: &ProjectId,
    criterion: &Criterion,
    day: Date,
) -> Option<CriterionEvaluated> {
    let results: Vec<&CheckResult> =
        report.checks.iter().filter(|check| criterion.checks.contains(&check.id)).collect();
    if results.is_empty() {
        return None;
    }
    // Several checks stand for the same thing in different places: a channel is public on Slack or on a forge's discussions.
    let any = |outcome: Outcome| results.iter().any(|check| check.outcome == outcome);
    let verdict = if any(Outcome::Pass) {
        Verdict::Met
    } else if any(Outcome::Unknown) || any(Outcome::Exempt) || any(Outcome::NotApplicable) {
        Verdict::Unknown
    } else {
        Verdict::Unmet
    };
    let said: Vec<String> =
        results.iter().map(|check| format!("{}: {}", check.id, check.reason.trim_end_matches('.'))).collect();
    let at = |check: &CheckResult| {
        check.evidence.iter().filter_map(|one| one.path.clone().or_else(|| one.url.clone())).next()
    };
    let evidence = results
        .iter()
        .filter_map(|check| at(check))
        .map(|at| Evidence { at, date: day.into(), expires: None, sha256: None })
        .collect();
    Some(CriterionEvaluated {
        project: project.clone(),
        criterion: criterion.id.clone(),
        verdict,
        reason: said.join("; "),
        evidence,
    })
}
