//! What is known of a project: [`Project`] and its parts. What facts do to it is in `projects`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::domain::date::PartialDate;
use crate::domain::fact::{
    Document, DocumentState, Evidence, ExceptionState, Precision, ProjectKind, ProjectOrigin,
    RepositoryStatus, Severity, Trademarks, Verdict,
};
use crate::domain::id::{
    BenefitId, BodyId, CriterionId, ItemId, MeetingId, OrganisationId, PersonId, ProjectId, SeatId, StageId,
    VoteId,
};
use crate::domain::policy::Obligation;

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// Names it had.
    pub aliases: Vec<String>,
    /// What it makes.
    pub kind: ProjectKind,
    /// Where it comes from.
    pub origin: ProjectOrigin,
    /// The project it was spun off from.
    pub parent: Option<ProjectId>,
    /// Who created it.
    pub creator: Option<OrganisationId>,
    /// Its main repository.
    pub repository: Option<String>,
    /// The stage that it would like to enter at.
    pub preferred_stage: Option<StageId>,
    /// When it was submitted.
    pub submitted: PartialDate,
    /// The answers to the submission, each with when it was last given.
    pub answers: BTreeMap<String, (PartialDate, String)>,
    /// Its presentations.
    pub presentations: Vec<Presentation>,
    /// Changes that were asked for.
    pub changes: BTreeMap<ItemId, Change>,
    /// The bodies that were informed, and when.
    pub informed: BTreeMap<BodyId, PartialDate>,
    /// How far the legal side is.
    pub legal: Legal,
    /// The votes on its stages.
    pub decisions: Vec<DecisionTaken>,
    /// The stages it was and is in, in order.
    pub stages: Vec<StageSpan>,
    /// Notices that it posted.
    pub notices: Vec<Notice>,
    /// Comment periods.
    pub comments: Vec<Comment>,
    /// Who champions it.
    pub sponsors: Vec<Sponsor>,
    /// Seats with an interest in it, and which.
    pub conflicts: BTreeMap<SeatId, String>,
    /// Its liaisons: who, since when, until when.
    pub liaisons: Vec<Held<PersonId>>,
    /// What it owes.
    pub obligations: Vec<Owed>,
    /// Its criteria.
    pub criteria: BTreeMap<CriterionId, CriterionRecord>,
    /// What people state of it.
    pub attestations: Vec<Attestation>,
    /// Interviews with adopters.
    pub interviews: BTreeMap<ItemId, Interview>,
    /// Concerns of due diligences.
    pub concerns: BTreeMap<ItemId, Concern>,
    /// Audits.
    pub audits: BTreeMap<ItemId, Audit>,
    /// What audits found.
    pub findings: BTreeMap<ItemId, Finding>,
    /// Exceptions from the licence policy.
    pub license_exceptions: BTreeMap<ItemId, ExceptionState>,
    /// What was measured.
    pub metrics: Vec<Measured>,
    /// Its badge: when, the number at the badge's site, percent of passing, silver, gold.
    pub badges: Vec<(PartialDate, u64, [u8; 3])>,
    /// Its growth plans, the last one last.
    pub growth_plans: Vec<GrowthPlan>,
    /// Its own reports.
    pub reports: Vec<(PartialDate, String)>,
    /// Its yearly reviews.
    pub annual_reviews: Vec<Annual>,
    /// When it did not come to one.
    pub missed_reviews: Vec<PartialDate>,
    /// What it was granted.
    pub grants: Vec<Grant>,
    /// Limits that a vote raised for it.
    pub raised_caps: BTreeMap<VoteId, (BenefitId, u64)>,
    /// What is held for it: owner, and when to renew.
    pub assets: BTreeMap<String, (String, Option<Date>)>,
    /// Its repositories, each with its check sets and status.
    pub repositories: BTreeMap<String, Repository>,
}

/// Where a project stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status<'a> {
    /// Not accepted yet.
    Proposed,
    /// In this stage.
    In(&'a StageSpan),
}

/// A presentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Presentation {
    /// At which meeting.
    pub meeting: MeetingId,
    /// Of which body.
    pub body: BodyId,
    /// When.
    pub date: PartialDate,
}

/// A change that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What.
    pub text: String,
    /// When it was asked for.
    pub requested: PartialDate,
    /// When it was made, and what shows it.
    pub made: Option<(PartialDate, Evidence)>,
}

/// How far the legal side is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Legal {
    /// When the form was filled in.
    pub submitted: Option<PartialDate>,
    /// Whether a contribution agreement is needed.
    pub contribution_agreement: bool,
    /// The documents.
    pub documents: BTreeMap<Document, Filed>,
    /// What becomes of trademarks.
    pub trademarks: Option<Trademarks>,
    /// Legal questions.
    pub questions: BTreeMap<ItemId, Question>,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filed {
    /// Its state.
    pub state: DocumentState,
    /// Since when.
    pub date: PartialDate,
    /// The hash of the approved text.
    pub approved: Option<String>,
    /// The hash of the text in the repository.
    pub in_repository: Option<String>,
    /// Where it is.
    pub url: Option<String>,
}

/// A legal question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// What it is.
    pub text: String,
    /// Whether it was referred to the legal committee.
    pub referred: bool,
    /// When it came up.
    pub raised: PartialDate,
    /// The answer, and when.
    pub answered: Option<(PartialDate, String)>,
}

/// A vote on a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionTaken {
    /// Who voted.
    pub body: BodyId,
    /// On which stage.
    pub to: StageId,
    /// The vote.
    pub vote: VoteId,
    /// When.
    pub date: PartialDate,
    /// Whether it passed.
    pub passed: bool,
}

/// A stage that a project was or is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageSpan {
    /// The stage.
    pub stage: StageId,
    /// Since when.
    pub entered: PartialDate,
    /// By which vote, if it is on record.
    pub vote: Option<VoteId>,
    /// By which entry of the log.
    pub entry: u64,
}

/// A public notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Where.
    pub url: String,
    /// Since when.
    pub posted: PartialDate,
}

/// A comment period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// `internal`, `public` or `final`.
    pub kind: String,
    /// Its first day.
    pub opened: PartialDate,
    /// Its last day.
    pub last: Date,
}

/// A sponsor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sponsor {
    /// Of which body.
    pub body: BodyId,
    /// Which seat.
    pub seat: SeatId,
    /// Since when.
    pub since: PartialDate,
    /// Until when.
    pub until: Option<PartialDate>,
}

/// Something held for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held<T> {
    /// What or who.
    pub what: T,
    /// Since when.
    pub since: PartialDate,
    /// Until when.
    pub until: Option<PartialDate>,
}

/// Something owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// What.
    pub obligation: Obligation,
    /// Since when.
    pub since: PartialDate,
    /// When it was done, and what shows it.
    pub met: Option<(PartialDate, Evidence)>,
}

/// What is known of a criterion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CriterionRecord {
    /// What the project says: when, what, with which evidence.
    pub assertions: Vec<(PartialDate, String, Vec<Evidence>)>,
    /// What was found.
    pub evaluations: Vec<Evaluated>,
    /// When it was waived, and why.
    pub waived: Option<(PartialDate, String)>,
}

/// A look at a criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evaluated {
    /// When.
    pub date: PartialDate,
    /// By whom or what.
    pub by: String,
    /// What was found.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// What a person states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attestation {
    /// What about.
    pub about: String,
    /// When.
    pub date: PartialDate,
    /// Who.
    pub by: String,
    /// Of which organisation.
    pub organisation: Option<OrganisationId>,
    /// The statement.
    pub text: String,
    /// Whether the organisation is independent.
    pub independent: bool,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

/// An interview with an adopter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interview {
    /// Who, or which industry.
    pub adopter: String,
    /// When.
    pub date: PartialDate,
    /// Whether the adopter approved the summary.
    pub summary_approved: bool,
}

/// A concern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Concern {
    /// What it is.
    pub text: String,
    /// Who raised it.
    pub raised_by: Option<String>,
    /// When.
    pub raised: PartialDate,
    /// When it was resolved, how, and what shows it.
    pub resolved: Option<(PartialDate, String, Evidence)>,
}

/// An audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Who did it.
    pub vendor: String,
    /// Who paid.
    pub sponsor: Option<String>,
    /// What was looked at.
    pub scope: String,
    /// When.
    pub date: PartialDate,
    /// The report.
    pub report: Evidence,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The audit.
    pub audit: ItemId,
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub text: String,
    /// When it was addressed, and what shows it.
    pub resolved: Option<(PartialDate, Evidence)>,
}

/// Something measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// What.
    pub metric: String,
    /// Of what.
    pub subject: Option<String>,
    /// When.
    pub date: PartialDate,
    /// How many.
    pub value: u64,
    /// How exactly.
    pub precision: Precision,
    /// How it was found.
    pub evidence: Evidence,
    /// What to keep in mind.
    pub caveat: Option<String>,
}

/// A growth plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrowthPlan {
    /// When it was made.
    pub date: PartialDate,
    /// By whom.
    pub authors: Vec<PersonId>,
    /// Its goals.
    pub goals: Vec<String>,
    /// Whether a liaison of the project took part.
    pub with_liaison: bool,
    /// Where it is.
    pub url: Option<String>,
}

/// A yearly review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Annual {
    /// When.
    pub date: PartialDate,
    /// At which meeting.
    pub meeting: Option<MeetingId>,
    /// What was said to each part.
    pub parts: BTreeMap<ItemId, String>,
}

/// Something granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Which benefit.
    pub benefit: BenefitId,
    /// When.
    pub date: PartialDate,
    /// US cents.
    pub cents: u64,
    /// How many.
    pub count: u32,
}

/// A repository of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repository {
    /// Its check sets.
    pub check_sets: Vec<String>,
    /// Its status.
    pub status: RepositoryStatus,
    /// Since when.
    pub since: PartialDate,
}

impl Project {
    /// Where it stands.
    pub fn status(&self) -> Status<'_> {
        self.stages.last().map_or(Status::Proposed, Status::In)
    }

    /// The stage it is in, once it is accepted.
    pub fn stage(&self) -> Option<&StageId> {
        self.stages.last().map(|span| &span.stage)
    }

    /// The liaisons on this day.
    pub fn liaisons(&self, day: Date) -> impl Iterator<Item = &PersonId> {
        let now = move |held: &&Held<PersonId>| {
            held.since.days().first <= day && held.until.is_none_or(|until| day < until.days().last)
        };
        self.liaisons.iter().filter(now).map(|held| &held.what)
    }

    /// The seats that champion it now.
    pub fn sponsors(&self) -> impl Iterator<Item = &Sponsor> {
        self.sponsors.iter().filter(|sponsor| sponsor.until.is_none())
    }

    /// Whether `body` carried the motion to move it to `to` since it last changed its stage.
    pub fn decided(&self, body: &BodyId, to: &StageId) -> Option<&DecisionTaken> {
        let since = self.stages.last().and_then(|span| span.vote.as_ref());
        let last_move = since.and_then(|vote| self.decisions.iter().rposition(|taken| taken.vote == *vote));
        let current = self.decisions.get(last_move.map_or(0, |at| at + 1)..).unwrap_or_default();
        current.iter().rev().find(|taken| taken.body == *body && taken.to == *to).filter(|taken| taken.passed)
    }

    /// How much a metric grew since a day, in percent, rounded to the nearest: from the last value known on or before that
    /// day to the last value known.
    pub fn growth(&self, metric: &str, subject: Option<&str>, since: Date) -> Option<i64> {
        let of_it = || {
            self.metrics.iter().filter(move |one| one.metric == metric && one.subject.as_deref() == subject)
        };
        let base =
            of_it().filter(|one| one.date.days().last <= since).max_by_key(|one| one.date.days().first)?;
        let now = of_it().max_by_key(|one| one.date.days().first)?;
        let (base, now) = (i64::try_from(base.value).ok()?, i64::try_from(now.value).ok()?);
        if base == 0 {
            return None;
        }
        let thousandth = (now.checked_sub(base)?).checked_mul(1000)?.checked_div(base)?;
        Some((thousandth + 5 * thousandth.signum()) / 10)
    }
}
