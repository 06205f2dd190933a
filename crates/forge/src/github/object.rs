//! GitHub's GraphQL repository object, read piece by piece: a key that is missing or malformed costs that piece
//! alone. Live answers and recorded ones are read here.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::response::GraphQl;
use crate::repository::{Actor, AssociatedChange};
use crate::{
    Answer, Association, ChangeChecks, Changeset, Comment, Discussion, Issue, MergedChange, Owner, OwnerKind,
    Reason, Release, RepositoryAnswer, Review, ReviewState,
};

/// Reads everything that the object holds; what it does not hold is [`Reason::NotRecorded`].
pub(crate) fn read(answer: &GraphQl) -> RepositoryAnswer {
    RepositoryAnswer {
        name: piece(answer, "name"),
        owner: piece::<RawOwner>(answer, "owner").map(Owner::from),
        url: piece(answer, "url"),
        default_branch: piece::<Option<RawBranch>>(answer, "defaultBranchRef")
            .map(|branch| branch.map(|b| b.name)),
        description: piece(answer, "description").map(not_blank),
        homepage_url: piece(answer, "homepageUrl").map(not_blank),
        archived: piece(answer, "isArchived"),
        fork: piece(answer, "isFork"),
        private: piece(answer, "isPrivate"),
        created_at: piece(answer, "createdAt"),
        pushed_at: piece(answer, "pushedAt"),
        license: piece::<Option<RawLicense>>(answer, "licenseInfo").map(|l| not_blank(l?.spdx_id)),
        code_of_conduct_url: piece::<Option<RawUrl>>(answer, "codeOfConduct").map(|c| not_blank(c?.url)),
        security_policy_url: piece(answer, "securityPolicyUrl").map(not_blank),
        discussions: piece::<Nodes<RawDiscussion>>(answer, "discussions")
            .map(|discussions| discussions.items().into_iter().map(Discussion::from).collect()),
        releases: piece::<Nodes<RawRelease>>(answer, "releases")
            .map(|releases| releases.items().into_iter().map(Release::from).collect()),
        last_merged: piece::<Nodes<RawMerged>>(answer, "pullRequests")
            .map(|merged| merged.items().into_iter().next().map(MergedChange::from)),
        changesets: changesets(answer),
        issues: issues(answer),
    }
}

pub(crate) fn issues(answer: &GraphQl) -> Answer<Vec<Issue>> {
    piece::<Nodes<RawIssue>>(answer, "issues")
        .map(|issues| issues.items().into_iter().map(Issue::from).collect())
}

/// The commits below `defaultBranchRef.target.history`, if they were asked for.
pub(crate) fn changesets(answer: &GraphQl) -> Answer<Vec<Changeset>> {
    let branch = piece::<Option<RawHistoryBranch>>(answer, "defaultBranchRef");
    match branch {
        Answer::Known(None) => Answer::Known(Vec::new()),
        Answer::Known(Some(RawHistoryBranch { target: Some(RawTarget { history: Some(history) }) })) => {
            let own = own_name(answer);
            let commits = history.items().into_iter();
            Answer::Known(commits.map(|commit| commit.changeset(own.as_deref())).collect())
        }
        Answer::Known(Some(_)) => Answer::Unavailable(Reason::NotRecorded),
        Answer::Unavailable(reason) => Answer::Unavailable(reason),
    }
}

/// `OWNER/NAME`, as the forge calls the repository now. The address may be that of a repository since renamed.
fn own_name(answer: &GraphQl) -> Option<String> {
    let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
    text(answer.object.get("nameWithOwner")).or_else(|| {
        let owner = text(answer.object.get("owner")?.get("login"))?;
        Some(format!("{owner}/{}", text(answer.object.get("name"))?))
    })
}

fn piece<T: DeserializeOwned>(answer: &GraphQl, key: &str) -> Answer<T> {
    if let Some((_, reason)) = answer.errors.iter().find(|(piece, _)| piece == key) {
        return Answer::Unavailable(reason.clone());
    }
    match answer.object.get(key) {
        Some(value) => T::deserialize(value)
            .map_err(|error| Reason::Malformed { detail: crate::answer::short(&format!("{key}: {error}")) })
            .into(),
        None => Answer::Unavailable(Reason::NotRecorded),
    }
}

pub(crate) fn not_blank(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// A GraphQL connection. Elements that the forge may not show are null and left out.
#[derive(Deserialize)]
#[serde(expecting = "an object with `nodes`")]
struct Nodes<T> {
    nodes: Vec<Option<T>>,
}

impl<T> Nodes<T> {
    fn items(self) -> Vec<T> {
        self.nodes.into_iter().flatten().collect()
    }
}

#[derive(Deserialize)]
struct RawOwner {
    login: String,
    #[serde(rename = "__typename")]
    kind: Option<String>,
}

impl From<RawOwner> for Owner {
    fn from(raw: RawOwner) -> Self {
        Self { login: raw.login, kind: raw.kind.map(owner_kind) }
    }
}

pub(crate) fn owner_kind(word: String) -> OwnerKind {
    match word.as_str() {
        "Organization" => OwnerKind::Organization,
        "User" => OwnerKind::User,
        _ => OwnerKind::Other(word),
    }
}

#[derive(Deserialize)]
struct RawBranch {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLicense {
    spdx_id: Option<String>,
}

#[derive(Deserialize)]
struct RawUrl {
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDiscussion {
    created_at: Timestamp,
    url: Option<String>,
}

impl From<RawDiscussion> for Discussion {
    fn from(raw: RawDiscussion) -> Self {
        Self { created_at: raw.created_at, url: raw.url }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRelease {
    name: Option<String>,
    tag_name: Option<String>,
    created_at: Timestamp,
    published_at: Option<Timestamp>,
    is_latest: bool,
    is_prerelease: bool,
    #[serde(default)]
    is_draft: bool,
    description: Option<String>,
    url: Option<String>,
    release_assets: Nodes<RawName>,
    tag_commit: Option<RawOid>,
}

#[derive(Deserialize)]
struct RawName {
    name: String,
}

#[derive(Deserialize)]
struct RawOid {
    oid: String,
}

impl From<RawRelease> for Release {
    fn from(raw: RawRelease) -> Self {
        Self {
            name: not_blank(raw.name),
            tag: raw.tag_name,
            created_at: raw.created_at,
            published_at: raw.published_at,
            is_latest: raw.is_latest,
            is_prerelease: raw.is_prerelease,
            is_draft: raw.is_draft,
            description: raw.description,
            url: raw.url,
            assets: raw.release_assets.items().into_iter().map(|asset| asset.name).collect(),
            target: raw.tag_commit.map(|commit| commit.oid),
        }
    }
}

#[derive(Deserialize)]
struct RawMerged {
    number: Option<u64>,
    url: Option<String>,
    commits: Option<Nodes<RawMergedCommit>>,
}

#[derive(Deserialize)]
struct RawMergedCommit {
    commit: RawCheckedCommit,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCheckedCommit {
    oid: Option<String>,
    check_suites: Option<Nodes<RawSuite>>,
    status: Option<RawStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSuite {
    app: Option<RawName>,
    check_runs: Option<Nodes<RawName>>,
}

#[derive(Deserialize)]
struct RawStatus {
    contexts: Vec<RawContext>,
}

#[derive(Deserialize)]
struct RawContext {
    context: String,
}

impl From<RawMerged> for MergedChange {
    fn from(raw: RawMerged) -> Self {
        let mut head = None;
        let checks = match raw.commits {
            None => Answer::Unavailable(Reason::NotRecorded),
            Some(commits) => {
                let mut checks = ChangeChecks::default();
                if let Some(last) = commits.items().into_iter().next_back() {
                    head = last.commit.oid;
                    for suite in last.commit.check_suites.map(Nodes::items).unwrap_or_default() {
                        checks.apps.extend(suite.app.map(|app| app.name));
                        let runs = suite.check_runs.map(Nodes::items).unwrap_or_default();
                        checks.runs.extend(runs.into_iter().map(|run| run.name));
                    }
                    let contexts = last.commit.status.map(|status| status.contexts).unwrap_or_default();
                    checks.contexts.extend(contexts.into_iter().map(|context| context.context));
                }
                Answer::Known(checks)
            }
        };
        Self { number: raw.number, url: raw.url, head, checks }
    }
}

#[derive(Deserialize)]
struct RawHistoryBranch {
    target: Option<RawTarget>,
}

#[derive(Deserialize)]
struct RawTarget {
    history: Option<Nodes<RawCommit>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCommit {
    oid: String,
    message: String,
    committed_date: Option<Timestamp>,
    author: Option<RawGitActor>,
    committer: Option<RawGitActor>,
    associated_pull_requests: Option<Nodes<RawAssociated>>,
}

impl RawCommit {
    /// `own` is the repository's `OWNER/NAME`: what a fork merged is no change of ours.
    fn changeset(self, own: Option<&str>) -> Changeset {
        let raw = self;
        let merged_change = match raw.associated_pull_requests {
            None => Answer::Unavailable(Reason::NotRecorded),
            Some(changes) => {
                let merged = changes
                    .items()
                    .into_iter()
                    .find(|change| change.merged_at.is_some() && change.may_be_of(own));
                Answer::Known(merged.map(AssociatedChange::from))
            }
        };
        Changeset {
            oid: raw.oid,
            message: raw.message,
            committed_at: raw.committed_date,
            author: raw.author.and_then(RawGitActor::actor),
            committer: raw.committer.and_then(RawGitActor::actor),
            merged_change,
        }
    }
}

#[derive(Deserialize)]
struct RawGitActor {
    email: Option<String>,
    user: Option<RawActor>,
}

impl RawGitActor {
    /// The account. Apps have no user object here, but an address that names them:
    /// `49699333+dependabot[bot]@users.noreply.github.com`.
    fn actor(self) -> Option<Actor> {
        if let Some(user) = self.user {
            return Some(user.into());
        }
        let email = self.email?;
        let (local, host) = email.split_once('@')?;
        let login = local.split_once('+').map_or(local, |(_, login)| login);
        (host.starts_with("users.noreply.") && login.ends_with(BOT))
            .then(|| Actor { login: login.to_owned(), is_bot: true })
    }
}

const BOT: &str = "[bot]";

#[derive(Deserialize)]
struct RawActor {
    login: String,
    #[serde(rename = "__typename")]
    kind: Option<String>,
}

impl From<RawActor> for Actor {
    fn from(raw: RawActor) -> Self {
        actor(raw.login, raw.kind.as_deref())
    }
}

/// An account by login and type. GraphQL calls an app `dependabot`, REST `dependabot[bot]`: the latter, which no
/// person can have, is used everywhere.
pub(crate) fn actor(mut login: String, kind: Option<&str>) -> Actor {
    let is_bot = kind == Some("Bot") || login.ends_with(BOT);
    if is_bot && !login.ends_with(BOT) {
        login.push_str(BOT);
    }
    Actor { login, is_bot }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAssociated {
    number: u64,
    author: Option<RawActor>,
    merged_by: Option<RawActor>,
    merged_at: Option<Timestamp>,
    head_ref_oid: Option<String>,
    labels: Option<Nodes<RawName>>,
    reviews: Option<Nodes<RawReview>>,
    /// The repository that it was merged into; answers recorded elsewhere may not say.
    repository: Option<RawFullName>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFullName {
    name_with_owner: Option<String>,
}

impl RawAssociated {
    /// Whether nothing says that it was merged into another repository than `own`.
    fn may_be_of(&self, own: Option<&str>) -> bool {
        let into = self.repository.as_ref().and_then(|repository| repository.name_with_owner.as_deref());
        own.zip(into).is_none_or(|(own, into)| own.eq_ignore_ascii_case(into))
    }
}

#[derive(Deserialize)]
struct RawReview {
    author: Option<RawActor>,
    state: String,
}

impl From<RawAssociated> for AssociatedChange {
    fn from(raw: RawAssociated) -> Self {
        let reviews = raw.reviews.map(Nodes::items).unwrap_or_default();
        Self {
            number: raw.number,
            author: raw.author.map(Actor::from),
            merged_by: raw.merged_by.map(Actor::from),
            merged_at: raw.merged_at,
            labels: raw.labels.map(Nodes::items).unwrap_or_default().into_iter().map(|l| l.name).collect(),
            reviews: reviews
                .into_iter()
                .map(|review| Review {
                    author: review.author.map(Actor::from),
                    state: ReviewState::from_github(&review.state),
                })
                .collect(),
            head: raw.head_ref_oid,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIssue {
    number: Option<u64>,
    url: Option<String>,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
    author: Option<RawActor>,
    author_association: String,
    comments: Nodes<RawComment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawComment {
    created_at: Timestamp,
    author: Option<RawActor>,
    author_association: String,
}

impl From<RawIssue> for Issue {
    fn from(raw: RawIssue) -> Self {
        let comments = raw.comments.items().into_iter().map(|comment| Comment {
            created_at: comment.created_at,
            author: comment.author.map(Actor::from),
            association: Association::from_github(&comment.author_association),
        });
        Self {
            number: raw.number,
            url: raw.url,
            created_at: raw.created_at,
            updated_at: raw.updated_at,
            author: raw.author.map(Actor::from),
            association: Association::from_github(&raw.author_association),
            comments: comments.collect(),
        }
    }
}
