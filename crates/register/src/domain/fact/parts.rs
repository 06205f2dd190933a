//! What facts are made of: motions, evidence, verdicts, documents and the like.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::date::PartialDate;
use crate::domain::id::{BenefitId, CriterionId, PersonId, ProjectId, SeatId, StageId};
use crate::domain::vote::Outcome;

/// As what a person sits on a seat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    /// Its representative.
    #[default]
    Primary,
    /// Who stands in.
    Alternate,
}

/// Who was there for a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attendance {
    /// The seat.
    pub seat: SeatId,
    /// Who, if the minutes say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
}

/// What is voted on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "motion", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Motion {
    /// A project is to enter a stage.
    Move {
        /// The project.
        project: ProjectId,
        /// The stage.
        to: StageId,
    },
    /// A criterion is not to be asked of a project.
    Waive {
        /// The project.
        project: ProjectId,
        /// The criterion.
        criterion: CriterionId,
        /// Why.
        reason: String,
    },
    /// A project may be granted more of a benefit than the policy's limit.
    RaiseCap {
        /// The project.
        project: ProjectId,
        /// The benefit.
        benefit: BenefitId,
        /// The new limit in US cents a year.
        cents: u64,
    },
    /// Anything else.
    Resolve {
        /// What.
        text: String,
    },
}

impl Motion {
    /// The project it is about, if it is about one.
    pub fn project(&self) -> Option<&ProjectId> {
        match self {
            Motion::Move { project, .. }
            | Motion::Waive { project, .. }
            | Motion::RaiseCap { project, .. } => Some(project),
            Motion::Resolve { .. } => None,
        }
    }

    /// Where it moves a project, if it does.
    pub fn to(&self) -> Option<&StageId> {
        match self {
            Motion::Move { to, .. } => Some(to),
            _ => None,
        }
    }
}

impl std::fmt::Display for Motion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Motion::Move { project, to } => write!(f, "move {project} to {to}"),
            Motion::Waive { project, criterion, .. } => write!(f, "waive {criterion} for {project}"),
            Motion::RaiseCap { project, benefit, cents } => {
                write!(f, "raise {benefit} of {project} to {}", dollars(*cents))
            }
            Motion::Resolve { text } => f.write_str(text),
        }
    }
}

/// US cents as `$27,500.00`.
///
/// ```
/// assert_eq!(eyrie_register::domain::fact::dollars(2_750_000), "$27,500.00");
/// ```
pub fn dollars(cents: u64) -> String {
    let whole = (cents / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("${grouped}.{:02}", cents % 100)
}

/// What minutes say came of a vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The result.
    pub outcome: Outcome,
    /// How many in favour, if said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes: Option<usize>,
    /// How many against, if said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no: Option<usize>,
    /// How many neither, if said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstain: Option<usize>,
}

/// What a project makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectKind {
    /// Software.
    #[default]
    Software,
    /// A specification.
    Specification,
}

/// Where a project comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectOrigin {
    /// It existed before.
    #[default]
    Existing,
    /// It is formed within the foundation.
    New,
}

/// What shows something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Where it is: an address, or a path in the project's repository.
    pub at: String,
    /// When it was looked at, or made.
    pub date: PartialDate,
    /// The last day it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Date>,
    /// SHA-256 of it, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A legal document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// The technical charter.
    Charter,
    /// The project contribution agreement.
    ContributionAgreement,
    /// The series agreement.
    SeriesAgreement,
}

impl Document {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Document::Charter => "technical charter",
            Document::ContributionAgreement => "project contribution agreement",
            Document::SeriesAgreement => "series agreement",
        }
    }
}

/// How far a legal document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentState {
    /// There is a draft.
    Drafted,
    /// It is approved; for the charter, by the board.
    Approved,
    /// It is in the project's main repository.
    InRepository,
}

/// What becomes of trademarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trademarks {
    /// There are none.
    None,
    /// They were transferred.
    Transferred,
    /// They are available for use by the foundation's entity.
    Available,
}

/// What an evaluation found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is met.
    Met,
    /// It is not met.
    Unmet,
    /// It does not apply.
    NotApplicable,
    /// It is not asked for, by a decision.
    Waived,
    /// Nobody knows.
    Unknown,
}

impl Verdict {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Unmet => "unmet",
            Verdict::NotApplicable => "not-applicable",
            Verdict::Waived => "waived",
            Verdict::Unknown => "unknown",
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Informational,
    /// Low.
    Low,
    /// Moderate.
    Moderate,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Moderate => "moderate",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// How far an exception is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// Asked for.
    Pending,
    /// Granted.
    Granted,
    /// Refused.
    Refused,
}

/// How exact a number is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// It is the number.
    #[default]
    Exact,
    /// It is at least this: `4,200+`.
    AtLeast,
    /// It is about this: `~45`.
    About,
}

/// What becomes of a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryStatus {
    /// It is worked on.
    #[default]
    Active,
    /// It is archived.
    Archived,
    /// It is no part of the project any more.
    Removed,
}

/// Who asked for a security review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewOrigin {
    /// The project, which names its lead.
    Project,
    /// A member of the group that reviews.
    Member,
    /// The technical committee.
    Committee,
}

/// As what somebody takes part in a security review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewRole {
    /// Leads for the project.
    ProjectLead,
    /// Leads the reviewers.
    LeadReviewer,
    /// Reviews.
    Reviewer,
    /// Chairs the group that reviews.
    Chair,
    /// Sees to it that it goes on.
    Facilitator,
}

/// A part of a review's package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackagePart {
    /// The project's assessment of itself.
    SelfAssessment,
    /// The review by reviewers and project together.
    JointReview,
    /// The presentation on security.
    Presentation,
    /// The reviewers' summary.
    JointReadme,
}

impl PackagePart {
    /// All four, in the order they are made.
    pub const ALL: [PackagePart; 4] = [
        PackagePart::SelfAssessment,
        PackagePart::Presentation,
        PackagePart::JointReview,
        PackagePart::JointReadme,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            PackagePart::SelfAssessment => "self-assessment",
            PackagePart::JointReview => "joint review",
            PackagePart::Presentation => "presentation",
            PackagePart::JointReadme => "joint README",
        }
    }
}
