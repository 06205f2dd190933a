//! A foundation's policy as data: [`Policy`] is one version of it, with the days it was in force. How it is read from YAML is in
//! [`read`], what contradicts itself in [`lint`], what changed between two versions in [`diff`]. What a policy means for a
//! project is in `state`.

pub mod diff;
pub mod lint;
pub mod read;

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::id::{BenefitId, BodyId, CriterionId, ItemId, PolicyId, StageId, VoteRuleId};

/// One version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Which policy.
    pub policy: PolicyId,
    /// Which version of it, as its body names it: `1.6`, or the date of the text.
    pub version: String,
    /// Its name.
    pub name: String,
    /// The first day it is in force.
    pub from: Date,
    /// The first day it is no longer in force, where the text was replaced.
    pub until: Option<Date>,
    /// Where its text is.
    pub source: Source,
    /// Who decides.
    pub bodies: Vec<Body>,
    /// The stages, in order of rank.
    pub stages: Vec<Stage>,
    /// How a project gets from one stage to another.
    pub transitions: Vec<Transition>,
    /// How votes are counted. More than one may speak of the same vote: [`Policy::vote_rule`] says which applies.
    pub vote_rules: Vec<VoteRule>,
    /// What a stage asks of a project.
    pub criteria: Vec<Criterion>,
    /// What a submission has to answer.
    pub answers: Vec<Answer>,
    /// What projects get.
    pub benefits: Vec<Benefit>,
    /// What is reviewed every year, if anything.
    pub annual_review: Option<AnnualReview>,
    /// How security reviews are done, if the policy says.
    pub security_review: Option<SecurityReview>,
    /// How many projects a seat may sponsor at a time, if that is limited.
    pub sponsor_limit: Option<SponsorLimit>,
    /// Whether every accepted project has a liaison; the source's rule id.
    pub liaisons: Option<String>,
    /// Remarks of ours on the text: what is unclear, and how it is read here.
    pub remarks: Vec<Remark>,
}

/// How many projects a seat may sponsor at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SponsorLimit {
    /// So many.
    pub at_most: usize,
    /// Where the policy says so.
    pub at: String,
}

/// Where the text of a policy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The repository, as `owner/name`.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// The files.
    pub paths: Vec<String>,
}

/// A body that decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Its id.
    pub id: BodyId,
    /// Its name.
    pub name: String,
}

/// A stage of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its id.
    pub id: StageId,
    /// Its name.
    pub name: String,
    /// Its place among the stages, from 1; a later stage has a higher rank.
    pub rank: u32,
    /// Whether a project's life ends here: no benefits, no reviews.
    #[serde(default, rename = "final")]
    pub is_final: bool,
    /// The stage whose criteria are asked for, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builds_on: Option<StageId>,
    /// What users are told of projects in this stage.
    pub notice: String,
    /// What a project in this stage has to do, besides obligations of the transition to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<String>,
    /// The source's rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A way from stages to a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// The stages it begins at; `proposed` for projects that are not accepted yet. Empty: any accepted stage but final ones.
    #[serde(default)]
    pub from: Vec<Origin>,
    /// The stage it leads to.
    pub to: StageId,
    /// Who may ask for it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// Where the policy says so.
    pub at: String,
    /// The source's rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The votes it takes, in order.
    pub decisions: Vec<Decision>,
    /// What is to be done once it has happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Obligation>,
}

/// Where a transition begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Origin {
    /// Not accepted yet.
    Proposed,
    /// In this stage.
    Stage(String),
}

impl From<String> for Origin {
    fn from(text: String) -> Self {
        if text == "proposed" { Origin::Proposed } else { Origin::Stage(text) }
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        match origin {
            Origin::Proposed => "proposed".to_owned(),
            Origin::Stage(stage) => stage,
        }
    }
}

/// A vote that a transition takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Who votes.
    pub body: BodyId,
    /// What must be there before the vote opens.
    #[serde(default)]
    pub gates: Vec<Gate>,
}

/// What must be there before a vote opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// What.
    #[serde(flatten)]
    pub needs: Needs,
    /// The source's rule id.
    pub rule: String,
}

/// What a gate asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gate", rename_all = "kebab-case")]
pub enum Needs {
    /// The proposal was presented at a meeting of the body.
    Presentation,
    /// Every required item of the submission is answered.
    Answers,
    /// Every change that the body asked for is made.
    ChangesMade,
    /// So many members of the body champion the project.
    Sponsors {
        /// How many.
        at_least: usize,
    },
    /// Every required criterion of the stage is met, waived or not applicable.
    Criteria,
    /// An earlier decision of this body on the same transition.
    Decided {
        /// Which body.
        body: BodyId,
    },
    /// This body was informed.
    Informed {
        /// Which body.
        body: BodyId,
    },
    /// The legal submission is complete: form, charter, agreements as needed, trademarks.
    Legal,
    /// No legal question is open.
    LegalQuestions,
    /// A public notice has stood for so many months.
    Notice {
        /// How many.
        months: i32,
    },
    /// A comment period of this kind has run for so many days.
    Comment {
        /// `internal`, `public` or `final`.
        kind: String,
        /// How many days.
        days: i32,
    },
    /// No freeze is on.
    NoFreeze,
    /// No concern of an earlier due diligence is open.
    ConcernsResolved,
    /// No audit finding of these severities is open.
    FindingsResolved {
        /// Which.
        severities: Vec<String>,
    },
    /// No licence exception is pending.
    LicenseExceptions,
    /// There is a growth plan, made together with a liaison.
    GrowthPlan,
    /// So many adopters were interviewed.
    Interviews {
        /// How many.
        at_least: usize,
    },
}

/// What a project or the foundation owes once a transition has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// Its id.
    pub id: ItemId,
    /// What.
    pub text: String,
    /// Who owes it.
    pub by: String,
    /// What in the register shows that it is done; otherwise somebody records that with evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met_by: Option<MetBy>,
    /// The source's rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// What in the register shows that something owed is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetBy {
    /// A liaison was assigned.
    Liaison,
    /// There is a growth plan.
    GrowthPlan,
    /// The charter in the repository is the one that was approved.
    Charter,
}

/// An exact fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// Above the line.
    pub numerator: u32,
    /// Below the line; not zero.
    pub denominator: u32,
}

/// What a fraction is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// All seats of the body on that day.
    Seats,
    /// All seats but those that are recused.
    Eligible,
    /// The seats present: at the roll call, or by having voted where there is no meeting.
    Present,
    /// The votes for and against.
    Cast,
}

impl Base {
    /// Its name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Base::Seats => "seats",
            Base::Eligible => "eligible",
            Base::Present => "present",
            Base::Cast => "cast",
        }
    }
}

/// How a number compares with a fraction of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Reaching it is enough.
    AtLeast,
    /// It has to be exceeded.
    MoreThan,
}

/// A share that has to be reached or exceeded, as `at least 2/3 of seats` or `more than 1/2 of present`.
///
/// ```
/// use eyrie_register::domain::policy::Share;
/// let share: Share = "at least 2/3 of seats".parse()?;
/// assert_eq!((share.needed(9), share.needed(11)), (6, 8));
/// let majority: Share = "more than 1/2 of present".parse()?;
/// assert_eq!((majority.needed(9), majority.needed(10)), (5, 6));
/// # Ok::<(), eyrie_register::domain::policy::ShareError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share {
    /// Whether reaching it is enough.
    pub comparison: Comparison,
    /// Which fraction.
    pub fraction: Fraction,
    /// Of what.
    pub of: Base,
}

/// A text that is no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no share: write `at least 2/3 of seats` or `more than 1/2 of present` (or of `eligible` or `cast`)"
)]
pub struct ShareError(String);

impl Share {
    /// Whether `count` of `base` are enough. In whole numbers: 33 of 50 are not two thirds.
    pub fn holds(self, count: usize, base: usize) -> bool {
        let left = count as u128 * u128::from(self.fraction.denominator);
        let right = base as u128 * u128::from(self.fraction.numerator);
        match self.comparison {
            Comparison::AtLeast => left >= right,
            Comparison::MoreThan => left > right,
        }
    }

    /// How many of `base` are enough; one more than there are if none would be.
    pub fn needed(self, base: usize) -> usize {
        (0..=base).find(|count| self.holds(*count, base)).unwrap_or(base + 1)
    }
}

impl std::str::FromStr for Share {
    type Err = ShareError;
    fn from_str(text: &str) -> Result<Self, ShareError> {
        let error = || ShareError(text.to_owned());
        let words: Vec<&str> = text.split_whitespace().collect();
        let [first, second, fraction, "of", base] = words.as_slice() else { return Err(error()) };
        let comparison = match (*first, *second) {
            ("at", "least") => Comparison::AtLeast,
            ("more", "than") => Comparison::MoreThan,
            _ => return Err(error()),
        };
        let (numerator, denominator) = fraction.split_once('/').ok_or_else(error)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| error());
        let fraction = Fraction { numerator: number(numerator)?, denominator: number(denominator)? };
        if fraction.denominator == 0 || fraction.numerator > fraction.denominator {
            return Err(error());
        }
        let of = [Base::Seats, Base::Eligible, Base::Present, Base::Cast];
        let of = of.into_iter().find(|of| of.name() == *base).ok_or_else(error)?;
        Ok(Share { comparison, fraction, of })
    }
}

impl TryFrom<String> for Share {
    type Error = ShareError;
    fn try_from(text: String) -> Result<Self, ShareError> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> String {
        share.to_string()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = match self.comparison {
            Comparison::AtLeast => "at least",
            Comparison::MoreThan => "more than",
        };
        let Fraction { numerator, denominator } = self.fraction;
        write!(f, "{comparison} {numerator}/{denominator} of {}", self.of.name())
    }
}

/// How ballots are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// At a meeting with a roll call.
    Meeting,
    /// By e-mail.
    Email,
    /// On a forge: an issue, a pull request.
    Forge,
}

impl Channel {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Meeting => "meeting",
            Channel::Email => "email",
            Channel::Forge => "forge",
        }
    }
}

/// How votes are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteRule {
    /// Its id.
    pub id: VoteRuleId,
    /// Where the policy says so.
    pub at: String,
    /// The source's rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Of which body's votes it speaks; of every body's if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyId>,
    /// Of which votes by how ballots are given; of all if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Of which moves by where they lead; of all votes if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<StageId>,
    /// Moves of which it says that it does not speak.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_to: Vec<StageId>,
    /// Whether it speaks of moves only, or of every motion.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moves_only: bool,
    /// Who must take part for the vote to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<Share>,
    /// Who must be in favour.
    pub pass: Share,
    /// Whether the text leaves open of what the share is taken, so that `pass` is our reading.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub base_unstated: bool,
    /// Whether recused seats leave quorum and base even where these are taken of `seats` or `present`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recused_leave: bool,
    /// Whether a seat that was absent may complete a vote of a meeting later, by e-mail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late_ballots: bool,
    /// How many members can end a vote outside a meeting without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided_by: Option<usize>,
}

impl VoteRule {
    /// Whether it speaks of a vote like this.
    pub fn speaks_of(&self, body: &BodyId, channel: Channel, to: Option<&StageId>) -> bool {
        self.body.as_ref().is_none_or(|own| own == body)
            && (self.channels.is_empty() || self.channels.contains(&channel))
            && match to {
                Some(to) => (self.to.is_empty() || self.to.contains(to)) && !self.except_to.contains(to),
                None => self.to.is_empty() && !self.moves_only,
            }
    }

    /// How specific it is: a rule that names the stage beats one that does not, then one that names the body, then one that
    /// names the channel.
    pub fn specificity(&self) -> (bool, bool, bool) {
        (!self.to.is_empty(), self.body.is_some(), !self.channels.is_empty())
    }
}

/// Which rule a vote is counted by, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected<'a> {
    /// The rule that applies.
    pub rule: &'a VoteRule,
    /// Rules that speak of the vote, too, and ask for something else.
    pub overridden: Vec<&'a VoteRule>,
    /// Rules that are as specific and ask for something else: the policy does not say which applies, the first one is taken.
    pub rivals: Vec<&'a VoteRule>,
}

/// How much a criterion binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It must be met.
    Required,
    /// It counts in the project's favour.
    Suggested,
    /// The text stands under no heading that says which; read as required.
    Unmarked,
}

/// What can decide a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidedBy {
    /// The repository.
    Repository,
    /// What a forge or another service says.
    Service,
    /// What is in the register: votes, documents, people.
    Register,
    /// A person's statement with evidence.
    Attestation,
    /// The judgement of the body.
    Judgement,
}

impl DecidedBy {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            DecidedBy::Repository => "repository",
            DecidedBy::Service => "service",
            DecidedBy::Register => "register",
            DecidedBy::Attestation => "attestation",
            DecidedBy::Judgement => "judgement",
        }
    }
}

/// What a stage asks of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Its id.
    pub id: CriterionId,
    /// The stage that asks for it.
    pub stage: StageId,
    /// How much it binds.
    pub level: Level,
    /// The headings it stands under.
    pub path: Vec<String>,
    /// What it asks for, in our words.
    pub text: String,
    /// What can decide it.
    pub decided_by: DecidedBy,
    /// Who answers where evidence cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// What else satisfies it, as `general-technical-review`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfied_by: Option<String>,
    /// Its parts, where it has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// The checks of a posture catalogue whose results are evidence for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// What has to be attested for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<AttestedBy>,
    /// What the register has to show for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    /// The source's rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// Attestations that a criterion asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestedBy {
    /// What about.
    pub about: String,
    /// Of how many organisations.
    pub at_least: usize,
    /// Whether only independent ones count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub independent: bool,
}

/// An item of the submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its number, such as `3.11`.
    pub id: String,
    /// The part of the template.
    pub part: String,
    /// What it asks, in our words.
    pub text: String,
    /// Whether it may be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// What projects get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benefit {
    /// Its id.
    pub id: BenefitId,
    /// What it is, in our words.
    pub text: String,
    /// How much money at most, if it is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
    /// How many at most, if it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
    /// What a project has to do to get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The source's rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A limit on money per project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// US cents a year.
    pub cents_a_year: u64,
}

/// What is reviewed every year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnualReview {
    /// How many months after the last one the next is due.
    pub every_months: i32,
    /// Who reviews.
    pub body: BodyId,
    /// What is looked at.
    pub parts: Vec<ReviewPart>,
    /// The source's rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A part of a yearly review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewPart {
    /// Its id.
    pub id: ItemId,
    /// What is looked at, in our words.
    pub text: String,
    /// The source's rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// How security reviews are done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityReview {
    /// How many reviewers besides the lead.
    pub reviewers: usize,
    /// How many days reviewers have before questions are asked, at least.
    pub reviewing_days: i32,
    /// After how many months a review is due again.
    pub renewal_months: i32,
    /// Where the guide says so.
    pub at: String,
}

/// A remark of ours on the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Where in the policy.
    pub at: String,
    /// What is unclear, and how it is read here.
    pub text: String,
}

impl Policy {
    /// Whether it is in force on this day. Where a later version is known, that one's first day ends it, too.
    pub fn in_force(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }

    /// The stage with this id.
    pub fn stage(&self, id: &StageId) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == *id)
    }

    /// The way from `from` (none: proposed) to `to`.
    pub fn transition(&self, from: Option<&StageId>, to: &StageId) -> Option<&Transition> {
        let begins = |transition: &&Transition| {
            transition.to == *to
                && match from {
                    None => transition.from.contains(&Origin::Proposed),
                    Some(stage) if transition.from.is_empty() => {
                        stage != to && self.stage(stage).is_some_and(|stage| !stage.is_final)
                    }
                    Some(stage) => transition.from.contains(&Origin::Stage(stage.as_str().to_owned())),
                }
        };
        self.transitions.iter().find(begins)
    }

    /// The stages that can be reached from `from` (none: proposed).
    pub fn reachable(&self, from: Option<&StageId>) -> Vec<&Stage> {
        self.stages.iter().filter(|stage| self.transition(from, &stage.id).is_some()).collect()
    }

    /// All criteria of a stage: its own and those of the stages it builds on, lowest first.
    pub fn criteria_for(&self, stage: &StageId) -> Vec<&Criterion> {
        let mut chain = vec![stage.clone()];
        while let Some(next) =
            chain.last().and_then(|stage| self.stage(stage)).and_then(|stage| stage.builds_on.clone())
        {
            if chain.contains(&next) {
                break;
            }
            chain.push(next);
        }
        let own =
            |stage: &StageId| self.criteria.iter().filter(move |c| c.stage == *stage).collect::<Vec<_>>();
        chain.iter().rev().flat_map(own).collect()
    }

    /// The rule that a vote is counted by: of those that speak of it the most specific, and of equally specific ones the
    /// first.
    pub fn vote_rule(&self, body: &BodyId, channel: Channel, to: Option<&StageId>) -> Option<Selected<'_>> {
        let speaking: Vec<&VoteRule> =
            self.vote_rules.iter().filter(|rule| rule.speaks_of(body, channel, to)).collect();
        let most = speaking.iter().map(|rule| rule.specificity()).max()?;
        let rule = *speaking.iter().find(|rule| rule.specificity() == most)?;
        let differs = |other: &&&VoteRule| (other.pass, other.quorum) != (rule.pass, rule.quorum);
        let (rivals, overridden) =
            speaking.iter().filter(differs).copied().partition(|other| other.specificity() == most);
        Some(Selected { rule, overridden, rivals })
    }

    /// The benefit with this id.
    pub fn benefit(&self, id: &BenefitId) -> Option<&Benefit> {
        self.benefits.iter().find(|benefit| benefit.id == *id)
    }
}
