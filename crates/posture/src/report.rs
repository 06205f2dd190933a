//! The report: what an assessment found, as data.
//!
//! This is the JSON contract of `eyrie assess --format json` (schema in `docs/report.schema.json`) and the only
//! thing that renderings look at. Principal types: [`Report`], [`RepositoryReport`], [`CheckResult`], [`Score`].
//! How a result comes about is in `judge`, how it is counted in `score`, how it is drawn in the `cli` crate.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Version of the JSON contract. Additions keep it, changes of meaning raise it.
pub const REPORT_VERSION: u32 = 1;

/// Everything one run of `assess` has to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Version of this contract, [`REPORT_VERSION`].
    pub version: u32,
    /// One entry per project; the repositories named in one call are one project.
    pub projects: Vec<ProjectReport>,
}

/// A project: one or more repositories and the score over all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProjectReport {
    /// The name given, or that of the first repository.
    pub name: String,
    /// Repositories' points added up, category by category.
    pub score: Score,
    /// The repositories that could be assessed, in the order they were named.
    pub repositories: Vec<RepositoryReport>,
    /// The ones that could not, with the reason; they count nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<RepositoryFailure>,
}

/// A repository that could not be assessed at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RepositoryFailure {
    /// The path or URL as it was given.
    pub path: String,
    /// What is wrong with it and what to do.
    pub error: String,
}

/// One repository judged by one catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RepositoryReport {
    /// The path or URL as it was given.
    pub path: String,
    /// Where the repository lives, if anything says so.
    pub url: Option<String>,
    /// The commit judged, in full hexadecimal; none for a plain directory.
    pub commit: Option<String>,
    /// Whether the files judged are a work tree's rather than the commit's own.
    #[serde(default)]
    pub work_tree: bool,
    /// Id of the catalogue.
    pub catalog: String,
    /// The check sets that were asked for.
    pub sets: Vec<String>,
    /// The catalogue's categories in their order, with their names for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryTitle>,
    /// Points by category and overall.
    pub score: Score,
    /// One result per check of those sets, in catalogue order.
    pub checks: Vec<CheckResult>,
    /// Facts that nobody could look at, with what they cost and what would supply them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingFacts>,
    /// What the user should know besides: an expired exemption, an unreadable file, a shallow clone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The score over time, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
}

/// A category's name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CategoryTitle {
    /// Its id, as in scores and checks.
    pub id: String,
    /// Its name.
    pub title: String,
}

/// A group of facts that were unavailable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MissingFacts {
    /// Why nobody could look, such as `no token for github.com`.
    pub why: String,
    /// What would supply the facts, such as `set GITHUB_TOKEN`.
    pub supply: String,
    /// Checks whose outcome is `unknown` because of it.
    pub checks: Vec<String>,
    /// Points that these checks could still win.
    pub points: u32,
}

/// A remark about the repository or its metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// `warning` or `info`.
    pub severity: NoteSeverity,
    /// One sentence.
    pub text: String,
    /// File it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Line in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// How much a [`Note`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoteSeverity {
    /// Good to know.
    Info,
    /// Something is probably wrong.
    Warning,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckResult {
    /// Id in the catalogue, such as `security_policy`.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Id of its category.
    pub category: String,
    /// Points it is worth.
    pub weight: u32,
    /// The verdict.
    pub outcome: Outcome,
    /// What was found, where a value says more than yes or no (an SPDX id, a list of tools, `7 of 10`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// Why this outcome, one sentence.
    pub reason: String,
    /// What to do about it; none if there is nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Where the check is explained.
    pub docs: String,
    /// What the verdict rests on.
    pub evidence: Vec<Evidence>,
    /// For `unknown`: the facts that would decide it, as fields or kinds of records (`eyrie checks fields`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided_by: Vec<String>,
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The evidence shows it.
    Pass,
    /// The evidence shows that it is not so.
    Fail,
    /// The evidence at hand cannot decide it.
    Unknown,
    /// Excused, by the project's metadata or by another check.
    Exempt,
    /// Does not concern this repository.
    NotApplicable,
}

impl Outcome {
    /// All outcomes, in the order in which legends list them.
    pub const ALL: [Outcome; 5] =
        [Outcome::Pass, Outcome::Fail, Outcome::Unknown, Outcome::Exempt, Outcome::NotApplicable];

    /// The word used in conditions and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
            Outcome::Exempt => "exempt",
            Outcome::NotApplicable => "not_applicable",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that a verdict rests on, precise enough to go and look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Kind of the record, such as `file`, `heading`, `commit`, `release`.
    pub kind: String,
    /// Path inside the repository.
    pub path: Option<String>,
    /// Line in that file, from 1.
    pub line: Option<u32>,
    /// Commit it was seen in.
    pub commit: Option<String>,
    /// Address where a person can look.
    pub url: Option<String>,
    /// The text itself, shortened.
    pub text: Option<String>,
}

/// Points by category and overall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Score {
    /// What was earned.
    pub overall: Tally,
    /// What would be earned if every `unknown` turned out well.
    pub best_possible: Tally,
    /// By category id; a category in which nothing counts is absent.
    pub categories: BTreeMap<String, Tally>,
    /// The catalogue's word for this score, such as `a`; none where it has no ratings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<String>,
    /// With strict compatibility: the numbers as CLOMonitor computes them, in floating point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clomonitor: Option<BTreeMap<String, f64>>,
}

/// Earned out of possible points. Integers only, so that 99.96 % is never shown or compared as 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tally {
    /// Weight of what passed or is exempt.
    pub earned: u32,
    /// Weight of all that applies, `unknown` included.
    pub possible: u32,
    /// `earned` of `possible` in tenths of a percent, rounded down: 0 to 1000.
    pub percent: u32,
}

/// The score over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct History {
    /// Commits along the first parents, oldest first, that were judged.
    pub points: Vec<HistoryPoint>,
    /// Why it does not reach back as far as was asked, if so (a shallow clone).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<String>,
}

/// The score at one commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryPoint {
    /// Full hexadecimal commit id.
    pub commit: String,
    /// Committer's date, RFC 3339 in UTC.
    pub date: String,
    /// First line of the message.
    pub subject: String,
    /// Overall points.
    pub score: Tally,
    /// Points by category id.
    pub categories: BTreeMap<String, Tally>,
    /// Checks whose outcome differs from the point before; empty at the first point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<OutcomeChange>,
}

/// A check that changed from one commit to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutcomeChange {
    /// Id of the check.
    pub check: String,
    /// Outcome before.
    pub from: Outcome,
    /// Outcome now.
    pub to: Outcome,
    /// Why, as the check says.
    pub reason: String,
}
