//! The JSON that OpenSSF Scorecard writes, as far as it is evidence: [`read`].
//!
//! Format: `scorecard --format json`, <https://github.com/ossf/scorecard#using-repository-url>.

use std::path::Path;

use eyrie_posture::facts::ScorecardRun;
use serde_json::Value;

use crate::error::Error;

/// Reads the results of a run from a file.
pub(crate) fn read(path: &Path) -> Result<ScorecardRun, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let wrong = |message: String| Error::NotScorecard { path: path.to_owned(), message };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let checks = value.get("checks").and_then(Value::as_array);
    let checks = checks.ok_or_else(|| wrong("it has no list `checks`".into()))?;
    let mut run = ScorecardRun::default();
    for check in checks {
        let name = check.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| wrong("one of its checks has no `name`".into()))?;
        let score = check.get("score").and_then(Value::as_f64);
        let score = score.ok_or_else(|| wrong(format!("`{name}` has no `score`")))?;
        let reason = check.get("reason").and_then(Value::as_str).unwrap_or_default();
        run.checks.push((name.to_owned(), score, reason.to_owned()));
    }
    Ok(run)
}
