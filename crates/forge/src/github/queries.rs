//! What is asked of GitHub's GraphQL API: three questions, so that the failure of one leaves the others.

/// The repository itself: what [`object::read`](super::object::read) reads but for commits and issues.
pub(super) const REPOSITORY: &str = "
query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    name
    owner { login __typename }
    url
    description
    homepageUrl
    isArchived
    isFork
    isPrivate
    createdAt
    pushedAt
    defaultBranchRef { name }
    licenseInfo { spdxId }
    codeOfConduct { url }
    securityPolicyUrl
    discussions(first: 1, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { createdAt url } }
    releases(first: 30, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes {
        name tagName createdAt publishedAt isLatest isPrerelease isDraft description url
        tagCommit { oid }
        releaseAssets(first: 100) { nodes { name } }
      }
    }
    pullRequests(first: 1, states: [MERGED], orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes {
        number url
        commits(last: 1) {
          nodes {
            commit {
              oid
              checkSuites(first: 100) { nodes { app { name } checkRuns(first: 100) { nodes { name } } } }
              status { contexts { context } }
            }
          }
        }
      }
    }
  }
}";

/// The last 30 commits of the default branch with the pull requests that brought them: more than one, because forks
/// merge the same commits.
pub(super) const CHANGESETS: &str = "
query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    defaultBranchRef {
      name
      target {
        ... on Commit {
          history(first: 30) {
            nodes {
              oid message committedDate
              author { email user { login } }
              committer { email user { login } }
              associatedPullRequests(first: 5) {
                nodes {
                  number mergedAt headRefOid
                  repository { nameWithOwner }
                  author { login __typename }
                  mergedBy { login __typename }
                  labels(last: 30) { nodes { name } }
                  reviews(last: 30) { nodes { state author { login __typename } } }
                }
              }
            }
          }
        }
      }
    }
  }
}";

/// The 30 issues touched last since a date, with their last 30 comments.
pub(super) const ISSUES: &str = "
query($owner: String!, $name: String!, $since: DateTime!) {
  repository(owner: $owner, name: $name) {
    issues(first: 30, orderBy: {field: UPDATED_AT, direction: DESC}, filterBy: {since: $since}) {
      nodes {
        number url createdAt updatedAt authorAssociation
        author { login __typename }
        comments(last: 30) { nodes { createdAt authorAssociation author { login __typename } } }
      }
    }
  }
}";
