//! Reads the JSON of an OpenSSF Scorecard run (`scorecard --format json`).

use crate::facts::ScorecardRun;

/// Why a Scorecard run cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScorecardError {
    /// It is not JSON, or not of that form.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// There are no checks in it.
    #[error("it has no checks")]
    Empty,
}

#[derive(serde::Deserialize)]
struct Run {
    checks: Option<Vec<CheckScore>>,
}

#[derive(serde::Deserialize)]
struct CheckScore {
    name: String,
    score: f64,
    #[serde(default)]
    reason: Option<String>,
}

/// Reads a run. Checks without a conclusion have the score -1.
///
/// # Errors
///
/// If it is no Scorecard run.
///
/// # Examples
///
/// ```
/// let run = eyrie_posture::scorecard::read(br#"{"checks": [{"name": "SAST", "score": 7, "reason": "used"}]}"#)?;
/// assert_eq!(run.checks, [("SAST".to_owned(), 7.0, "used".to_owned())]);
/// # Ok::<(), eyrie_posture::scorecard::ScorecardError>(())
/// ```
pub fn read(json: &[u8]) -> Result<ScorecardRun, ScorecardError> {
    let run: Run = serde_json::from_slice(json)?;
    let checks = run.checks.unwrap_or_default();
    if checks.is_empty() {
        return Err(ScorecardError::Empty);
    }
    let checks = checks.into_iter().map(|check| (check.name, check.score, check.reason.unwrap_or_default()));
    Ok(ScorecardRun { checks: checks.collect() })
}
