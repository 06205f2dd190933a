//! GitHub's REST API: all that it tells without a token. Every question stands alone.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::object::{actor, not_blank, owner_kind};
use super::{GitHub, ISSUES_SINCE};
use crate::answer::short;
use crate::repository::Actor;
use crate::{
    Answer, Association, ChangeChecks, Changeset, Comment, Issue, MergedChange, Owner, Reason, Release,
    RepositoryAnswer,
};

/// Asks what can be had without a token: about a dozen of the 60 requests an hour that GitHub grants.
pub(super) fn repository(github: &GitHub, owner: &str, name: &str) -> RepositoryAnswer {
    let base = format!("/repos/{owner}/{name}");
    let mut answer = match github.rest::<RawRepository>(&base) {
        Ok(raw) => RepositoryAnswer::from(raw),
        // Without the repository there is nothing that hangs on it.
        Err(reason) => return RepositoryAnswer::unavailable(&reason),
    };
    // GitHub tells these only through GraphQL, which wants a token.
    answer.discussions = Answer::Unavailable(Reason::NoToken);
    answer.security_policy_url = Answer::Unavailable(Reason::NoToken);

    answer.code_of_conduct_url = github
        .rest::<RawProfile>(&format!("{base}/community/profile"))
        .map(|profile| profile.files.and_then(|files| not_blank(files.code_of_conduct_file?.html_url)))
        .into();
    answer.releases = releases(github, &base).into();
    answer.last_merged = last_merged(github, &base).into();
    answer.changesets = match github.rest::<Vec<RawCommit>>(&format!("{base}/commits?per_page=30")) {
        Ok(commits) => Answer::Known(commits.into_iter().map(Changeset::from).collect()),
        // The repository is empty: the branch that it names is not there yet.
        Err(Reason::UnexpectedStatus { status: 409 }) => {
            answer.default_branch = Answer::Known(None);
            Answer::Known(Vec::new())
        }
        Err(reason) => Answer::Unavailable(reason),
    };
    answer.issues = issues(github, &base).into();
    answer
}

/// Paths of the files in the root, `.github` and `docs` of the owner's `.github` repository.
pub(super) fn organization_files(github: &GitHub, owner: &str) -> Result<Vec<String>, Reason> {
    let list = |folder: &str| {
        github.rest::<Vec<RawEntry>>(&format!("/repos/{owner}/.github/contents/{folder}")).or_else(|reason| {
            // No such repository, or an empty one.
            if reason == Reason::NotFound { Ok(Vec::new()) } else { Err(reason) }
        })
    };
    let mut entries = list("")?;
    for folder in [".github", "docs"] {
        if entries.iter().any(|entry| entry.kind == "dir" && entry.path == folder) {
            entries.extend(list(folder)?);
        }
    }
    let mut files: Vec<String> =
        entries.into_iter().filter(|entry| entry.kind == "file").map(|entry| entry.path).collect();
    files.sort();
    Ok(files)
}

fn releases(github: &GitHub, base: &str) -> Result<Vec<Release>, Reason> {
    let raw = github.rest::<Vec<RawRelease>>(&format!("{base}/releases?per_page=30"))?;
    let latest = match raw.iter().any(|release| !release.draft && !release.prerelease) {
        false => None,
        true => match github.rest::<RawId>(&format!("{base}/releases/latest")) {
            Ok(latest) => Some(latest.id),
            Err(Reason::NotFound) => None,
            Err(reason) => return Err(reason),
        },
    };
    Ok(raw
        .into_iter()
        .map(|raw| Release {
            name: not_blank(raw.name),
            tag: Some(raw.tag_name),
            created_at: raw.created_at,
            published_at: raw.published_at,
            is_latest: latest == Some(raw.id),
            is_prerelease: raw.prerelease,
            is_draft: raw.draft,
            description: raw.body,
            url: Some(raw.html_url),
            assets: raw.assets.into_iter().map(|asset| asset.name).collect(),
            target: raw.target_commitish,
        })
        .collect())
}

fn last_merged(github: &GitHub, base: &str) -> Result<Option<MergedChange>, Reason> {
    let path = format!("{base}/pulls?state=closed&sort=created&direction=desc&per_page=100");
    let closed = github.rest::<Vec<RawPull>>(&path)?;
    let all_seen = closed.len() < 100;
    let Some(merged) = closed.into_iter().find(|pull| pull.merged_at.is_some()) else {
        // None of the last hundred was merged: whether an older one was is not known.
        return if all_seen { Ok(None) } else { Err(Reason::NoToken) };
    };
    let checks = checks(github, base, &merged.head.sha).into();
    Ok(Some(MergedChange {
        number: Some(merged.number),
        url: Some(merged.html_url),
        head: Some(merged.head.sha),
        checks,
    }))
}

fn checks(github: &GitHub, base: &str, commit: &str) -> Result<ChangeChecks, Reason> {
    let base = format!("{base}/commits/{commit}");
    let suites = github.rest::<RawSuites>(&format!("{base}/check-suites?per_page=100"))?;
    let runs = github.rest::<RawRuns>(&format!("{base}/check-runs?per_page=100"))?;
    let status = github.rest::<RawStatus>(&format!("{base}/status?per_page=100"))?;
    Ok(ChangeChecks {
        apps: suites.check_suites.into_iter().filter_map(|suite| Some(suite.app?.name)).collect(),
        runs: runs.check_runs.into_iter().map(|run| run.name).collect(),
        contexts: status.statuses.into_iter().map(|status| status.context).collect(),
    })
}

fn issues(github: &GitHub, base: &str) -> Result<Vec<Issue>, Reason> {
    let since = github.now.checked_sub(ISSUES_SINCE).unwrap_or(github.now);
    // The list holds pull requests, too; a hundred of both leave some issues.
    let path = format!("{base}/issues?state=all&sort=updated&direction=desc&per_page=100&since={since}");
    let raw = match github.rest::<Vec<RawIssue>>(&path) {
        Ok(raw) => raw,
        // 410: the repository has no issues.
        Err(Reason::NotFound) => return Ok(Vec::new()),
        Err(reason) => return Err(reason),
    };
    let path = format!("{base}/issues/comments?sort=updated&direction=desc&per_page=100&since={since}");
    let comments = github.rest::<Vec<RawComment>>(&path)?;
    let issues = raw.into_iter().filter(|issue| issue.pull_request.is_none()).take(30);
    Ok(issues
        .map(|issue| Issue {
            comments: comments
                .iter()
                .filter(|comment| comment.issue_url == issue.url)
                .take(30)
                .map(|comment| Comment {
                    created_at: comment.created_at,
                    author: comment.user.clone().map(Actor::from),
                    association: Association::from_github(&comment.author_association),
                })
                .collect(),
            number: Some(issue.number),
            url: Some(issue.html_url),
            created_at: issue.created_at,
            updated_at: Some(issue.updated_at),
            author: issue.user.map(Actor::from),
            association: Association::from_github(&issue.author_association),
        })
        .collect())
}

/// Reads a body as JSON of the documented shape.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reason> {
    serde_json::from_slice(body).map_err(|error| Reason::Malformed { detail: short(&error.to_string()) })
}

#[derive(Deserialize)]
struct RawRepository {
    name: String,
    owner: RawUser,
    html_url: String,
    default_branch: Option<String>,
    description: Option<String>,
    homepage: Option<String>,
    archived: bool,
    fork: bool,
    private: bool,
    created_at: Timestamp,
    pushed_at: Option<Timestamp>,
    license: Option<RawLicense>,
}

#[derive(Deserialize)]
struct RawLicense {
    spdx_id: Option<String>,
}

impl From<RawRepository> for RepositoryAnswer {
    fn from(raw: RawRepository) -> Self {
        Self {
            name: Answer::Known(raw.name),
            owner: Answer::Known(Owner { login: raw.owner.login, kind: raw.owner.kind.map(owner_kind) }),
            url: Answer::Known(raw.html_url),
            default_branch: Answer::Known(raw.default_branch),
            description: Answer::Known(not_blank(raw.description)),
            homepage_url: Answer::Known(not_blank(raw.homepage)),
            archived: Answer::Known(raw.archived),
            fork: Answer::Known(raw.fork),
            private: Answer::Known(raw.private),
            created_at: Answer::Known(raw.created_at),
            pushed_at: Answer::Known(raw.pushed_at),
            license: Answer::Known(raw.license.and_then(|license| not_blank(license.spdx_id))),
            ..Self::default()
        }
    }
}

#[derive(Deserialize, Clone)]
struct RawUser {
    login: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl From<RawUser> for Actor {
    fn from(raw: RawUser) -> Self {
        actor(raw.login, raw.kind.as_deref())
    }
}

#[derive(Deserialize)]
struct RawProfile {
    files: Option<RawProfileFiles>,
}

#[derive(Deserialize)]
struct RawProfileFiles {
    code_of_conduct_file: Option<RawProfileFile>,
}

#[derive(Deserialize)]
struct RawProfileFile {
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct RawEntry {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct RawRelease {
    id: u64,
    name: Option<String>,
    tag_name: String,
    created_at: Timestamp,
    published_at: Option<Timestamp>,
    prerelease: bool,
    draft: bool,
    body: Option<String>,
    html_url: String,
    assets: Vec<RawName>,
    target_commitish: Option<String>,
}

#[derive(Deserialize)]
struct RawId {
    id: u64,
}

#[derive(Deserialize)]
struct RawName {
    name: String,
}

#[derive(Deserialize)]
struct RawPull {
    number: u64,
    html_url: String,
    merged_at: Option<Timestamp>,
    head: RawHead,
}

#[derive(Deserialize)]
struct RawHead {
    sha: String,
}

#[derive(Deserialize)]
struct RawSuites {
    check_suites: Vec<RawSuite>,
}

#[derive(Deserialize)]
struct RawSuite {
    app: Option<RawName>,
}

#[derive(Deserialize)]
struct RawRuns {
    check_runs: Vec<RawName>,
}

#[derive(Deserialize)]
struct RawStatus {
    statuses: Vec<RawContext>,
}

#[derive(Deserialize)]
struct RawContext {
    context: String,
}

#[derive(Deserialize)]
struct RawCommit {
    sha: String,
    commit: RawGitCommit,
    author: Option<RawUser>,
    committer: Option<RawUser>,
}

#[derive(Deserialize)]
struct RawGitCommit {
    message: String,
    committer: Option<RawDate>,
}

#[derive(Deserialize)]
struct RawDate {
    date: Option<Timestamp>,
}

impl From<RawCommit> for Changeset {
    fn from(raw: RawCommit) -> Self {
        Self {
            oid: raw.sha,
            message: raw.commit.message,
            committed_at: raw.commit.committer.and_then(|committer| committer.date),
            author: raw.author.map(Actor::from),
            committer: raw.committer.map(Actor::from),
            // One request per commit, and another for its reviews: more than is granted without a token.
            merged_change: Answer::Unavailable(Reason::NoToken),
        }
    }
}

#[derive(Deserialize)]
struct RawIssue {
    number: u64,
    url: String,
    html_url: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    user: Option<RawUser>,
    author_association: String,
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RawComment {
    issue_url: String,
    created_at: Timestamp,
    user: Option<RawUser>,
    author_association: String,
}
