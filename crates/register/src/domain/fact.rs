//! What can be written into the log: [`Fact`], one variant a thing that happened. A fact says what happened, never what follows
//! from it: that is [`super::state`]'s to derive.
//!
//! Facts are kept for good, so their fields are only ever added to, with a default.

mod parts;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::date::PartialDate;
use super::id::{
    BenefitId, BodyId, CampaignId, CriterionId, ItemId, MeetingId, OrganisationId, PersonId, PolicyId,
    ProjectId, ReviewId, SeatId, StageId, VoteId,
};
use super::policy::Channel;
use super::vote::Choice;

pub use parts::*;

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        /// Something that happened.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "fact", rename_all = "kebab-case")]
        pub enum Fact {
            $($(#[$doc])* $name($name),)*
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

            impl From<$name> for Fact {
                fn from(fact: $name) -> Fact {
                    Fact::$name(fact)
                }
            }
        )*

        impl Fact {
            /// The names of all kinds of facts.
            pub const KINDS: &'static [&'static str] = &[$(stringify!($name)),*];
        }
    };
}

facts! {
    // ── the foundation ──────────────────────────────────────────────────────────────────────────────────────────────
    /// A version of the foundation's policy was taken up. Its text is kept, so that the log alone explains every decision.
    PolicyAdopted {
        /// Which policy.
        policy: PolicyId,
        /// Which version.
        version: String,
        /// The whole text, as in `catalogs/policies/`.
        text: String,
    }
    /// A body got a seat.
    SeatCreated {
        /// The body.
        body: BodyId,
        /// The seat.
        seat: SeatId,
        /// Whose seat it is, if an organisation's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organisation: Option<OrganisationId>,
    }
    /// A seat is gone; the day is the first without it.
    SeatEnded {
        /// The body.
        body: BodyId,
        /// The seat.
        seat: SeatId,
    }
    /// A person got a seat, as its primary or an alternate.
    SeatFilled {
        /// The body.
        body: BodyId,
        /// The seat.
        seat: SeatId,
        /// The person.
        person: PersonId,
        /// In which capacity.
        #[serde(default)]
        capacity: Capacity,
    }
    /// A person left a seat; the day is the first without them.
    SeatVacated {
        /// The body.
        body: BodyId,
        /// The seat.
        seat: SeatId,
        /// The person.
        person: PersonId,
    }
    /// A person, with their names.
    PersonKnown {
        /// The person.
        person: PersonId,
        /// The name.
        name: String,
        /// Other names and spellings.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aliases: Vec<String>,
    }
    /// An organisation, with its names.
    OrganisationKnown {
        /// The organisation.
        organisation: OrganisationId,
        /// The name.
        name: String,
        /// Other names and spellings.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aliases: Vec<String>,
    }
    /// A period in which votes and comment periods do not open.
    FreezeSet {
        /// The event it is for.
        name: String,
        /// Its first day.
        first: Date,
        /// Its last day.
        last: Date,
    }
    /// A body met.
    MeetingHeld {
        /// The meeting.
        meeting: MeetingId,
        /// The body.
        body: BodyId,
        /// The roll call: who sat on which seat.
        present: Vec<Attendance>,
        /// Whether the minutes say that there was a quorum, if they do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stated_quorum: Option<bool>,
    }
    // ── votes ───────────────────────────────────────────────────────────────────────────────────────────────────────
    /// A vote opened.
    VoteOpened {
        /// The vote.
        vote: VoteId,
        /// Who votes.
        body: BodyId,
        /// What is voted on.
        motion: Motion,
        /// How ballots are given.
        channel: Channel,
        /// The meeting, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meeting: Option<MeetingId>,
        /// Who moved it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moved_by: Option<PersonId>,
        /// Who seconded it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconded_by: Option<PersonId>,
    }
    /// A seat voted.
    BallotCast {
        /// The vote.
        vote: VoteId,
        /// The seat.
        seat: SeatId,
        /// Who voted for it, if not on record for the seat alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voter: Option<PersonId>,
        /// How.
        choice: Choice,
    }
    /// A seat does not take part because of a conflict of interest.
    SeatRecused {
        /// The vote.
        vote: VoteId,
        /// The seat.
        seat: SeatId,
        /// Why.
        reason: String,
    }
    /// The chair took a motion as carried because nobody present objected.
    ConsentGiven {
        /// The vote.
        vote: VoteId,
    }
    /// A vote closed.
    VoteClosed {
        /// The vote.
        vote: VoteId,
        /// What the minutes say came of it; it must be what the rule says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed: Option<Claim>,
    }
    /// A vote outside a meeting ended without effect because members asked for a meeting.
    VoteVoided {
        /// The vote.
        vote: VoteId,
        /// Who asked.
        by: Vec<SeatId>,
    }
    // ── a project's way in and up ───────────────────────────────────────────────────────────────────────────────────
    /// A project was submitted.
    ProjectSubmitted {
        /// The project.
        project: ProjectId,
        /// Its name.
        name: String,
        /// Software or a specification.
        #[serde(default)]
        kind: ProjectKind,
        /// Whether it existed before or is formed within the foundation.
        #[serde(default)]
        origin: ProjectOrigin,
        /// Its main repository.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repository: Option<String>,
        /// The stage that it would like to enter at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preferred_stage: Option<StageId>,
        /// The project it was spun off from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<ProjectId>,
        /// The organisation that created it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        creator: Option<OrganisationId>,
        /// The answers to the items of the submission, by item.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        answers: BTreeMap<String, String>,
    }
    /// A project got another name; the old one stays an alias.
    ProjectRenamed {
        /// The project.
        project: ProjectId,
        /// The new name.
        name: String,
    }
    /// Answers of the submission changed.
    AnswersChanged {
        /// The project.
        project: ProjectId,
        /// The new answers, by item.
        answers: BTreeMap<String, String>,
    }
    /// A project presented its proposal to a body.
    ProposalPresented {
        /// The project.
        project: ProjectId,
        /// The meeting.
        meeting: MeetingId,
    }
    /// The body asked for a change; until it is made the project does not progress.
    ChangeRequested {
        /// The project.
        project: ProjectId,
        /// The request.
        change: ItemId,
        /// What is to be changed.
        text: String,
    }
    /// A change that was asked for was made.
    ChangeMade {
        /// The project.
        project: ProjectId,
        /// The request.
        change: ItemId,
        /// What shows it.
        evidence: Evidence,
    }
    /// A body was informed of a project.
    BodyInformed {
        /// The project.
        project: ProjectId,
        /// The body.
        body: BodyId,
    }
    /// The form that starts the legal review was filled in.
    LegalSubmitted {
        /// The project.
        project: ProjectId,
        /// Whether a contribution agreement is needed.
        #[serde(default)]
        contribution_agreement: bool,
    }
    /// A legal document got a state.
    DocumentFiled {
        /// The project.
        project: ProjectId,
        /// Which document.
        document: Document,
        /// Its state.
        state: DocumentState,
        /// SHA-256 of its normalised text, in hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    }
    /// It is settled what becomes of the project's trademarks.
    TrademarksSettled {
        /// The project.
        project: ProjectId,
        /// How.
        state: Trademarks,
    }
    /// A legal question came up.
    LegalQuestionRaised {
        /// The project.
        project: ProjectId,
        /// The question.
        question: ItemId,
        /// What it is.
        text: String,
        /// Whether it was referred to the legal committee.
        #[serde(default)]
        referred: bool,
    }
    /// A legal question was answered.
    LegalQuestionAnswered {
        /// The project.
        project: ProjectId,
        /// The question.
        question: ItemId,
        /// The answer.
        text: String,
    }
    /// A project entered a stage by a decision whose ballots are not on record: for history that is taken over.
    StageEntered {
        /// The project.
        project: ProjectId,
        /// The stage.
        stage: StageId,
    }
    /// A project posted a notice, as before it becomes emeritus.
    NoticePosted {
        /// The project.
        project: ProjectId,
        /// Where it can be read.
        url: String,
    }
    /// A comment period opened.
    CommentOpened {
        /// The project.
        project: ProjectId,
        /// `internal`, `public` or `final`.
        kind: String,
        /// Its last day.
        last: Date,
    }
    /// A member of a body champions a project.
    SponsorNamed {
        /// The project.
        project: ProjectId,
        /// The body.
        body: BodyId,
        /// The seat.
        seat: SeatId,
        /// Why the seat may take more projects than the limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exception: Option<String>,
    }
    /// A sponsor's task is done, or given up.
    SponsorReleased {
        /// The project.
        project: ProjectId,
        /// The seat.
        seat: SeatId,
    }
    /// A seat has an interest in a project.
    ConflictDeclared {
        /// The project.
        project: ProjectId,
        /// The seat.
        seat: SeatId,
        /// Which.
        text: String,
    }
    /// A liaison was assigned to a project.
    LiaisonAssigned {
        /// The project.
        project: ProjectId,
        /// Who.
        person: PersonId,
    }
    /// A liaison's task is done, or given up.
    LiaisonReleased {
        /// The project.
        project: ProjectId,
        /// Who.
        person: PersonId,
    }
    /// What a project or the foundation owed after a transition was done.
    ObligationMet {
        /// The project.
        project: ProjectId,
        /// Which.
        obligation: ItemId,
        /// What shows it.
        evidence: Evidence,
    }
    // ── criteria ────────────────────────────────────────────────────────────────────────────────────────────────────
    /// A project says that it meets a criterion. That is not yet an evaluation.
    CriterionAsserted {
        /// The project.
        project: ProjectId,
        /// The criterion.
        criterion: CriterionId,
        /// What the project says.
        claim: String,
        /// What shows it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<Evidence>,
    }
    /// Somebody or something looked whether a criterion is met.
    CriterionEvaluated {
        /// The project.
        project: ProjectId,
        /// The criterion.
        criterion: CriterionId,
        /// What was found.
        verdict: Verdict,
        /// Why.
        reason: String,
        /// What it rests on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<Evidence>,
    }
    /// A person states something about a project that no repository shows.
    Attested {
        /// The project.
        project: ProjectId,
        /// What about, as `production-use`; or the criterion.
        about: String,
        /// The organisation it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organisation: Option<OrganisationId>,
        /// The statement.
        text: String,
        /// Whether the organisation is independent of the project and its vendors.
        #[serde(default)]
        independent: bool,
        /// What shows it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<Evidence>,
    }
    /// An adopter was interviewed.
    AdopterInterviewed {
        /// The project.
        project: ProjectId,
        /// The interview.
        interview: ItemId,
        /// The organisation, or its industry where it is to stay unnamed.
        adopter: String,
        /// Whether the adopter approved the summary.
        #[serde(default)]
        summary_approved: bool,
    }
    /// A due diligence raised a concern.
    ConcernRaised {
        /// The project.
        project: ProjectId,
        /// The concern.
        concern: ItemId,
        /// What it is.
        text: String,
        /// Who raised it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        raised_by: Option<String>,
    }
    /// A concern was resolved.
    ConcernResolved {
        /// The project.
        project: ProjectId,
        /// The concern.
        concern: ItemId,
        /// How.
        text: String,
        /// What shows it.
        evidence: Evidence,
    }
    /// An independent audit was done.
    AuditPublished {
        /// The project.
        project: ProjectId,
        /// The audit.
        audit: ItemId,
        /// Who did it.
        vendor: String,
        /// Who paid.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sponsor: Option<String>,
        /// What was looked at.
        scope: String,
        /// The report.
        report: Evidence,
    }
    /// An audit found something.
    FindingRecorded {
        /// The project.
        project: ProjectId,
        /// The finding.
        finding: ItemId,
        /// The audit.
        audit: ItemId,
        /// How bad it is.
        severity: Severity,
        /// What it is.
        text: String,
    }
    /// What an audit found was addressed.
    FindingResolved {
        /// The project.
        project: ProjectId,
        /// The finding.
        finding: ItemId,
        /// What shows it: an advisory, a commit.
        evidence: Evidence,
    }
    /// An exception from the licence policy was asked for, granted or refused.
    LicenseExceptionFiled {
        /// The project.
        project: ProjectId,
        /// The exception.
        exception: ItemId,
        /// Its state.
        state: ExceptionState,
    }
    /// Something about a project was measured.
    MetricMeasured {
        /// The project.
        project: ProjectId,
        /// What, as `stars` or `docker-pulls`.
        metric: String,
        /// Of what: a repository, an image; the whole project if not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// How many.
        value: u64,
        /// Whether it is the exact number.
        #[serde(default)]
        precision: Precision,
        /// How it was found.
        evidence: Evidence,
        /// What to keep in mind when reading it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caveat: Option<String>,
    }
    /// How far a best practices badge is.
    BadgeMeasured {
        /// The project.
        project: ProjectId,
        /// The number of the project at the badge's site.
        number: u64,
        /// Percent of the passing level.
        passing: u8,
        /// Percent of the silver level.
        silver: u8,
        /// Percent of the gold level.
        gold: u8,
    }
    // ── after acceptance ────────────────────────────────────────────────────────────────────────────────────────────
    /// A growth plan was made or changed.
    GrowthPlanSet {
        /// The project.
        project: ProjectId,
        /// Who made it.
        authors: Vec<PersonId>,
        /// Its goals.
        goals: Vec<String>,
        /// Where it can be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    }
    /// A project reported its status on its own account.
    StatusReported {
        /// The project.
        project: ProjectId,
        /// The report.
        text: String,
    }
    /// The yearly review of a project was held.
    AnnualReviewHeld {
        /// The project.
        project: ProjectId,
        /// The meeting.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meeting: Option<MeetingId>,
        /// What was said to each part.
        parts: BTreeMap<ItemId, String>,
    }
    /// A project did not come to its yearly review.
    AnnualReviewMissed {
        /// The project.
        project: ProjectId,
    }
    /// A project was granted a benefit.
    BenefitGranted {
        /// The project.
        project: ProjectId,
        /// The benefit.
        benefit: BenefitId,
        /// US cents, where it is money.
        #[serde(default)]
        cents: u64,
        /// How many, where it is counted.
        #[serde(default)]
        count: u32,
        /// The vote that raised the limit for this grant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        raised_by: Option<VoteId>,
    }
    /// Something that the foundation holds for a project, or the project itself.
    AssetHeld {
        /// The project.
        project: ProjectId,
        /// The asset: a domain, a trademark, a place for artifacts.
        asset: String,
        /// Who owns it.
        owner: String,
        /// When it has to be renewed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renew: Option<Date>,
    }
    /// A repository became part of a project, or changed its part.
    RepositoryListed {
        /// The project.
        project: ProjectId,
        /// The repository's address.
        repository: String,
        /// Its check sets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        check_sets: Vec<String>,
        /// Its status.
        #[serde(default)]
        status: RepositoryStatus,
    }
    // ── security reviews ────────────────────────────────────────────────────────────────────────────────────────────
    /// A security review was asked for.
    ReviewRequested {
        /// The review.
        review: ReviewId,
        /// The project.
        project: ProjectId,
        /// Who asked.
        origin: ReviewOrigin,
    }
    /// Somebody takes part in a security review.
    ReviewerJoined {
        /// The review.
        review: ReviewId,
        /// Who.
        person: PersonId,
        /// As what.
        role: ReviewRole,
        /// Whether they have reviewed before.
        #[serde(default)]
        experienced: bool,
    }
    /// A reviewer says whether they have a conflict of interest.
    ConflictStated {
        /// The review.
        review: ReviewId,
        /// Who.
        person: PersonId,
        /// How many hard conflicts.
        hard: u8,
        /// How many soft conflicts.
        soft: u8,
    }
    /// A conflict of interest was waived.
    ConflictWaived {
        /// The review.
        review: ReviewId,
        /// Whose.
        person: PersonId,
        /// The chairs who agreed.
        chairs: Vec<PersonId>,
        /// The facilitator who agreed.
        facilitator: PersonId,
        /// Why.
        reason: String,
    }
    /// A part of the review's package was delivered.
    ReviewPartDelivered {
        /// The review.
        review: ReviewId,
        /// Which part.
        part: PackagePart,
        /// Who delivered it.
        by: Vec<PersonId>,
        /// Where it is; none if it was agreed not to do it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<Evidence>,
        /// Why it was not done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_performed: Option<String>,
    }
    /// A review's package was approved by somebody.
    ReviewApproved {
        /// The review.
        review: ReviewId,
        /// Who.
        person: PersonId,
    }
    /// A review's package became final.
    ReviewFinalised {
        /// The review.
        review: ReviewId,
    }
    // ── campaigns ───────────────────────────────────────────────────────────────────────────────────────────────────
    /// A campaign was set up.
    CampaignOpened {
        /// The campaign.
        campaign: CampaignId,
        /// Its name.
        name: String,
        /// The category of the score whose target counts.
        category: String,
        /// The target in tenths of a percent.
        target: u32,
        /// The last day on which projects join.
        last_enrolment: Date,
        /// The last day that counts.
        deadline: Date,
        /// US cents given for each project that reaches the target.
        #[serde(default)]
        cents_each: u64,
        /// US cents given at most.
        #[serde(default)]
        cents_cap: u64,
    }
    /// A project joined a campaign, or its scope changed.
    CampaignJoined {
        /// The campaign.
        campaign: CampaignId,
        /// The project.
        project: ProjectId,
        /// The repositories that count from now on.
        repositories: Vec<String>,
    }
    /// A project's score was taken in a campaign.
    SnapshotTaken {
        /// The campaign.
        campaign: CampaignId,
        /// The project.
        project: ProjectId,
        /// Points earned in the campaign's category.
        earned: u32,
        /// Points possible in it.
        possible: u32,
    }
    // ── numbers that only one may have ──────────────────────────────────────────────────────────────────────────────
    /// A plugin got its number and name.
    IdentifierRegistered {
        /// The number; none for plugins that bring no events.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u32>,
        /// The name.
        name: String,
        /// The event source.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_source: Option<String>,
        /// Who answers for it.
        contact: String,
    }
    // ── the log itself ──────────────────────────────────────────────────────────────────────────────────────────────
    /// An earlier entry was wrong and counts no more. It stays in the log.
    EntryRetracted {
        /// Its number.
        entry: u64,
        /// Why.
        reason: String,
    }
}

/// What somebody wants to write into the log: a fact, and when and where it is known from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Who writes it, as `name` or `name <address>`.
    pub by: String,
    /// When it happened.
    pub when: PartialDate,
    /// Where it is known from: an address, a file, minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

impl Draft {
    /// A fact without a source.
    pub fn new(by: impl Into<String>, when: impl Into<PartialDate>, fact: impl Into<Fact>) -> Self {
        Draft { by: by.into(), when: when.into(), source: None, fact: fact.into() }
    }

    /// Says where it is known from.
    #[must_use]
    pub fn from(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What is written at this time.
    pub fn at(self, recorded: Timestamp) -> Recorded {
        Recorded { recorded, draft: self }
    }
}

/// A draft with the time it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When it is written.
    pub recorded: Timestamp,
    /// What.
    pub draft: Draft,
}
