//! [`RepositoryAnswer`]: everything a forge's API says of one repository, piece by piece.
//!
//! The pages beside it (homepage, the organisation's `.github` repository, a landscape) are in
//! [`ForgeAnswers`](crate::ForgeAnswers).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Answer, Reason};

/// What the forge's API says of a repository. Every field stands alone: one may be known while another is not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RepositoryAnswer {
    /// The repository's name without its owner, as the forge spells it.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub name: Answer<String>,
    /// Who owns it.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub owner: Answer<Owner>,
    /// Its web address.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub url: Answer<String>,
    /// The default branch; `None` for a repository without commits.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub default_branch: Answer<Option<String>>,
    /// The one-line description; `None` where there is none or it is blank.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub description: Answer<Option<String>>,
    /// The homepage's address as the maintainers entered it, unchecked; `None` where there is none or it is blank.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub homepage_url: Answer<Option<String>>,
    /// Whether it is archived (read-only).
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub archived: Answer<bool>,
    /// Whether it is a fork of another repository.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub fork: Answer<bool>,
    /// Whether only some may see it.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub private: Answer<bool>,
    /// When it was created.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub created_at: Answer<Timestamp>,
    /// When something was last pushed; `None` for never.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub pushed_at: Answer<Option<Timestamp>>,
    /// The licence as the forge identifies it (SPDX id; `NOASSERTION` where it found a text that it does not
    /// know); `None` where it found none.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub license: Answer<Option<String>>,
    /// Address of the code of conduct, the organisation's default one included.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub code_of_conduct_url: Answer<Option<String>>,
    /// Address of the security policy, the organisation's default one included.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub security_policy_url: Answer<Option<String>>,
    /// The newest discussion, if there is any (GitHub: `discussions(first: 1)`).
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub discussions: Answer<Vec<Discussion>>,
    /// The newest releases, at most 30, newest first.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub releases: Answer<Vec<Release>>,
    /// The most recently created of the merged pull requests, with the checks of its last commit.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub last_merged: Answer<Option<MergedChange>>,
    /// The last commits of the default branch, at most 30, newest first.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub changesets: Answer<Vec<Changeset>>,
    /// Issues (no pull requests) touched in the last 90 days, at most 30, each with at most 30 comments.
    /// Without a token the comments are those among the last hundred of all issues.
    #[serde(skip_serializing_if = "Answer::is_not_recorded")]
    pub issues: Answer<Vec<Issue>>,
}

impl RepositoryAnswer {
    /// An answer in which every piece is missing for the same reason.
    pub fn unavailable(reason: &Reason) -> Self {
        let r = reason;
        Self {
            name: Answer::Unavailable(r.clone()),
            owner: Answer::Unavailable(r.clone()),
            url: Answer::Unavailable(r.clone()),
            default_branch: Answer::Unavailable(r.clone()),
            description: Answer::Unavailable(r.clone()),
            homepage_url: Answer::Unavailable(r.clone()),
            archived: Answer::Unavailable(r.clone()),
            fork: Answer::Unavailable(r.clone()),
            private: Answer::Unavailable(r.clone()),
            created_at: Answer::Unavailable(r.clone()),
            pushed_at: Answer::Unavailable(r.clone()),
            license: Answer::Unavailable(r.clone()),
            code_of_conduct_url: Answer::Unavailable(r.clone()),
            security_policy_url: Answer::Unavailable(r.clone()),
            discussions: Answer::Unavailable(r.clone()),
            releases: Answer::Unavailable(r.clone()),
            last_merged: Answer::Unavailable(r.clone()),
            changesets: Answer::Unavailable(r.clone()),
            issues: Answer::Unavailable(r.clone()),
        }
    }

    /// The names of the pieces with the reason why they are missing, `None` for those that are known, in the
    /// order of the fields.
    pub fn pieces(&self) -> [(&'static str, Option<&Reason>); 19] {
        [
            ("name", self.name.reason()),
            ("owner", self.owner.reason()),
            ("url", self.url.reason()),
            ("default_branch", self.default_branch.reason()),
            ("description", self.description.reason()),
            ("homepage_url", self.homepage_url.reason()),
            ("archived", self.archived.reason()),
            ("fork", self.fork.reason()),
            ("private", self.private.reason()),
            ("created_at", self.created_at.reason()),
            ("pushed_at", self.pushed_at.reason()),
            ("license", self.license.reason()),
            ("code_of_conduct_url", self.code_of_conduct_url.reason()),
            ("security_policy_url", self.security_policy_url.reason()),
            ("discussions", self.discussions.reason()),
            ("releases", self.releases.reason()),
            ("last_merged", self.last_merged.reason()),
            ("changesets", self.changesets.reason()),
            ("issues", self.issues.reason()),
        ]
    }
}

/// Who owns a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The account's name.
    pub login: String,
    /// What sort of account it is; `None` where the recording does not say.
    pub kind: Option<OwnerKind>,
}

/// What sort of account owns a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// An organisation.
    Organization,
    /// A person.
    User,
    /// Something else, in the forge's words (`EnterpriseUserAccount`, for example).
    Other(String),
}

/// A discussion in the forge's own forum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discussion {
    /// When it was opened.
    pub created_at: Timestamp,
    /// Its web address.
    pub url: Option<String>,
}

/// A release as the forge publishes it; a tag alone is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its title.
    pub name: Option<String>,
    /// The tag that it is of.
    pub tag: Option<String>,
    /// The date of the release's record. On GitHub that is the date of the tag's commit, not of the publication.
    pub created_at: Timestamp,
    /// When it was published; `None` for a draft, or where the recording does not say.
    pub published_at: Option<Timestamp>,
    /// Whether the forge shows it as the latest one.
    pub is_latest: bool,
    /// Whether it is marked as a pre-release.
    pub is_prerelease: bool,
    /// Whether it is an unpublished draft.
    pub is_draft: bool,
    /// Its notes, in Markdown.
    pub description: Option<String>,
    /// Its web address.
    pub url: Option<String>,
    /// The names of its files (without the source archives that the forge adds), at most 100.
    pub assets: Vec<String>,
    /// The branch or commit that it was made of, where the forge says so.
    pub target: Option<String>,
}

/// A merged pull request and the checks of its last commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedChange {
    /// Its number.
    pub number: Option<u64>,
    /// Its web address.
    pub url: Option<String>,
    /// The commit whose checks these are.
    pub head: Option<String>,
    /// The checks of its last commit; the first 100 of each sort.
    pub checks: Answer<ChangeChecks>,
}

/// What ran on a commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangeChecks {
    /// Names of the apps of its check suites (`DCO`, `GitHub Actions`).
    pub apps: Vec<String>,
    /// Names of its check runs.
    pub runs: Vec<String>,
    /// Contexts of its commit statuses (`license/cla`).
    pub contexts: Vec<String>,
}

/// A commit of the default branch and the change that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changeset {
    /// The commit's id.
    pub oid: String,
    /// Its message.
    pub message: String,
    /// When it was committed.
    pub committed_at: Option<Timestamp>,
    /// The account that wrote it, if the forge knows one.
    pub author: Option<Actor>,
    /// The account that committed it, if the forge knows one.
    pub committer: Option<Actor>,
    /// The merged pull request that it came with; `Known(None)` where it was pushed directly.
    pub merged_change: Answer<Option<AssociatedChange>>,
}

/// An account that did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The account's name.
    pub login: String,
    /// Whether the forge says that it is a machine.
    pub is_bot: bool,
}

/// The merged pull request that a commit came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociatedChange {
    /// Its number.
    pub number: u64,
    /// Who opened it; `None` where the account is gone.
    pub author: Option<Actor>,
    /// Who merged it.
    pub merged_by: Option<Actor>,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// Names of its labels, at most 30.
    pub labels: Vec<String>,
    /// Its last reviews, at most 30.
    pub reviews: Vec<Review>,
    /// The commit that was merged.
    pub head: Option<String>,
}

/// A review of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who reviewed; `None` where the account is gone.
    pub author: Option<Actor>,
    /// The verdict.
    pub state: ReviewState,
}

/// A review's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// The change was approved.
    Approved,
    /// The reviewer wants something else first.
    ChangesRequested,
    /// Neither.
    Commented,
    /// The review was withdrawn.
    Dismissed,
    /// Not yet submitted.
    Pending,
    /// Something else, in the forge's words.
    Other(String),
}

/// An issue that was touched lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Its number.
    pub number: Option<u64>,
    /// Its web address.
    pub url: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Option<Timestamp>,
    /// Who opened it; `None` where the account is gone.
    pub author: Option<Actor>,
    /// What the author is to the repository.
    pub association: Association,
    /// Its last comments, at most 30.
    pub comments: Vec<Comment>,
}

/// A comment to an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// When it was written.
    pub created_at: Timestamp,
    /// Who wrote it; `None` where the account is gone.
    pub author: Option<Actor>,
    /// What the author is to the repository.
    pub association: Association,
}

/// What an account is to a repository, in GitHub's terms (`author_association`), least first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Association {
    /// Nothing.
    None,
    /// A placeholder account that stands for an import.
    Mannequin,
    /// Wrote to GitHub for the first time.
    FirstTimer,
    /// Contributed to the repository for the first time.
    FirstTimeContributor,
    /// Contributed before.
    Contributor,
    /// Was invited to work on the repository.
    Collaborator,
    /// Belongs to the organisation that owns it.
    Member,
    /// Owns it.
    Owner,
    /// Something else, in the forge's words.
    Other(String),
}

impl Association {
    /// As GitHub writes it: `COLLABORATOR`, `NONE`, …
    pub fn from_github(word: &str) -> Self {
        match word {
            "NONE" => Self::None,
            "MANNEQUIN" => Self::Mannequin,
            "FIRST_TIMER" => Self::FirstTimer,
            "FIRST_TIME_CONTRIBUTOR" => Self::FirstTimeContributor,
            "CONTRIBUTOR" => Self::Contributor,
            "COLLABORATOR" => Self::Collaborator,
            "MEMBER" => Self::Member,
            "OWNER" => Self::Owner,
            other => Self::Other(other.into()),
        }
    }

    /// The word that GitHub uses.
    pub fn as_github(&self) -> &str {
        match self {
            Self::None => "NONE",
            Self::Mannequin => "MANNEQUIN",
            Self::FirstTimer => "FIRST_TIMER",
            Self::FirstTimeContributor => "FIRST_TIME_CONTRIBUTOR",
            Self::Contributor => "CONTRIBUTOR",
            Self::Collaborator => "COLLABORATOR",
            Self::Member => "MEMBER",
            Self::Owner => "OWNER",
            Self::Other(word) => word,
        }
    }
}

impl ReviewState {
    /// As GitHub writes it: `APPROVED`, `CHANGES_REQUESTED`, …
    pub fn from_github(word: &str) -> Self {
        match word {
            "APPROVED" => Self::Approved,
            "CHANGES_REQUESTED" => Self::ChangesRequested,
            "COMMENTED" => Self::Commented,
            "DISMISSED" => Self::Dismissed,
            "PENDING" => Self::Pending,
            other => Self::Other(other.into()),
        }
    }
}
