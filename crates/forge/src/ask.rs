//! [`Forge`]: who is asked. [`collect`] asks all of it and gives [`ForgeAnswers`].

use serde::{Deserialize, Serialize};

use crate::{Answer, LandscapeItem, RepositoryAnswer, RepositoryUrl};

/// Somebody who can say what a forge knows of a repository: live, or from a recording.
///
/// No method fails as a whole: what is missing is [`Answer::Unavailable`] with its reason, piece by piece.
pub trait Forge: Send + Sync {
    /// What the forge's API says of the repository.
    fn repository(&self, url: &RepositoryUrl) -> RepositoryAnswer;

    /// A web page, redirects followed, whatever its status.
    fn page(&self, url: &str) -> Answer<Page>;

    /// Paths of the community files (`CONTRIBUTING.md` …) in the `.github` repository of the owner, which the
    /// forge uses for repositories without their own. Empty where there is no such repository.
    fn organization_files(&self, url: &RepositoryUrl) -> Answer<Vec<String>>;

    /// The project's entry in a foundation's landscape, found by `extra.clomonitor_name`; `None` where the
    /// landscape does not have the project.
    fn landscape(&self, project: &str) -> Answer<Option<LandscapeItem>>;
}

/// A web page as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The address that was asked for.
    pub url: String,
    /// The address that answered in the end, after redirects.
    pub final_url: String,
    /// The HTTP status of the last answer.
    pub status: u16,
    /// The media type that the server named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Whether the body was longer than what is read, and cut there.
    #[serde(default)]
    pub truncated: bool,
    /// The text; bytes that are not UTF-8 are replaced.
    pub body: String,
}

/// All that a forge, and the pages beside it, say of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ForgeAnswers {
    /// What the API says.
    pub repository: RepositoryAnswer,
    /// The page at [`RepositoryAnswer::homepage_url`]; `Known(None)` where the repository names no homepage.
    pub homepage: Answer<Option<Page>>,
    /// Paths of the community files in the owner's `.github` repository.
    pub organization_files: Answer<Vec<String>>,
    /// The project's entry in the landscape; `Known(None)` where it has none.
    pub landscape: Answer<Option<LandscapeItem>>,
}

/// Asks a forge everything, the independent questions at the same time.
///
/// `project` is the name by which a landscape knows the project; without it the repository's name is used.
pub fn collect(forge: &dyn Forge, url: &RepositoryUrl, project: Option<&str>) -> ForgeAnswers {
    std::thread::scope(|scope| {
        let files = scope.spawn(|| forge.organization_files(url));
        let landscape = scope.spawn(|| forge.landscape(project.unwrap_or(url.name())));
        let repository = forge.repository(url);
        let homepage = match &repository.homepage_url {
            Answer::Known(Some(address)) => forge.page(address).map(Some),
            Answer::Known(None) => Answer::Known(None),
            Answer::Unavailable(reason) => Answer::Unavailable(reason.clone()),
        };
        ForgeAnswers { repository, homepage, organization_files: join(files), landscape: join(landscape) }
    })
}

/// A thread's answer. A panic in it goes on in the caller's thread, as it would have without the thread.
fn join<T>(thread: std::thread::ScopedJoinHandle<'_, Answer<T>>) -> Answer<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
