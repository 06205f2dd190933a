//! [`Recorded`]: answers that were recorded or written elsewhere, so that a machine without network gets the full
//! report.
//!
//! [`folder`] is the form that [`record`](crate::record()) writes, [`scenario`] the one that people write.

pub(crate) mod folder;
mod scenario;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use crate::github::{object, response};
use crate::landscape::LandscapeItem;
use crate::{Answer, Forge, Page, Reason, RepositoryAnswer, RepositoryUrl};
use scenario::Pages;

/// Recorded answers behind the [`Forge`] trait.
///
/// Two forms are read: a JSON file, and a folder.
///
/// # A JSON file
///
/// It holds GitHub's GraphQL repository object, plain or as the API answers,
/// `{"data": {"repository": …}, "errors": […]}`. Pieces whose keys are not there are [`Reason::NotRecorded`]; a
/// present `null` is a known absence.
///
/// A **scenario** is a plain object written by hand: it has keys that begin with `_`, or placeholders. It describes
/// the world beside the API as a whole, so what it leaves out is not there:
///
/// | in a scenario | meaning |
/// |---|---|
/// | `_pages` | web page by host; a host that is missing answers 404, `@refuse` closes the connection, `@hang` never answers |
/// | `_community_files` | paths of the files in the organisation's `.github` repository; none when missing |
/// | `_status`, `_raw` | the API's own status (200) and body |
/// | `{NOW-7d}` | a date that long before now; units `d`, `h`, `m`, `s` |
/// | `{owner}`, `{repo}` | owner and name of the repository that is asked for |
///
/// # A folder
///
/// Version 1, as [`record`](crate::record()) writes it:
///
/// | file | content |
/// |---|---|
/// | `repository.json` | `{"eyrie_forge_record": 1, "recorded_at": date, "url": address, "repository": …, "missing": {piece: reason}}`, where `repository` is a [`RepositoryAnswer`]; GitHub's GraphQL repository object is accepted, too |
/// | `homepage.json` | the page's `url`, `final_url`, `status`, `content_type`, `truncated`; `null` where the repository names no homepage |
/// | `homepage.html` | the page's text; without `homepage.json` beside it, the homepage's text with status 200 |
/// | `org-github.json` | paths of the files in the organisation's `.github` repository, a list |
/// | `landscape.yml` | a landscape file, or an excerpt with the project's entry |
///
/// Any of them may be missing: that piece is then [`Reason::NotRecorded`], or what `missing` says of `homepage`,
/// `organization_files` and `landscape`.
#[derive(Debug, Clone)]
pub struct Recorded {
    repository: Source,
    pages: Pages,
    organization_files: Answer<Vec<String>>,
    landscape: Answer<String>,
}

/// Where the answer of the API comes from.
#[derive(Debug, Clone)]
enum Source {
    /// A GraphQL answer, whole.
    GraphQl(Value),
    /// A GraphQL repository object written by hand, with placeholders.
    Scenario(Value),
    /// The API itself failed.
    Failed(Reason),
    /// Our own form.
    Own(Box<RepositoryAnswer>),
}

/// Why recorded answers cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is larger than what is read.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file is not JSON.
    #[error("{} is not JSON: {message}", path.display())]
    NotJson {
        /// The file; empty when the text came without one.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
    /// A file is JSON but not of the documented form.
    #[error("{}: {message}", path.display())]
    Form {
        /// The file; empty when the text came without one.
        path: PathBuf,
        /// What was expected.
        message: String,
    },
    /// A recording of a later version of Eyrie.
    #[error("{} has version {found} of the recorded form; this Eyrie reads version {VERSION}", path.display())]
    Version {
        /// The file; empty when the text came without one.
        path: PathBuf,
        /// The version it claims.
        found: String,
    },
    /// A folder without any recorded answer.
    #[error("{} holds no recorded answers", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

impl RecordedError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Read { .. } => "check the path given to --forge-data",
            Self::TooLarge { .. } => "recorded answers are small; check that this is the right file",
            Self::NotJson { .. } | Self::Form { .. } => {
                "expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote"
            }
            Self::Version { .. } => "record again with this version of Eyrie, or use a newer one",
            Self::Empty { .. } => "write them with `eyrie forge record URL`",
        }
    }
}

/// The version of the recorded form that is written and read.
pub(crate) const VERSION: u64 = 1;

/// The key that tells our own form from a GraphQL object.
pub(crate) const VERSION_KEY: &str = "eyrie_forge_record";

impl Recorded {
    /// Reads a file (GraphQL answer, scenario) or a folder that was recorded. `now` is what `{NOW-7d}` counts from.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, RecordedError> {
        let read = |source| RecordedError::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(read)?.is_dir() {
            return folder::read(path);
        }
        let bytes = folder::read_file(path, folder::MAX_JSON)?.ok_or_else(|| RecordedError::Read {
            path: path.to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        Self::parse(&bytes, now, path)
    }

    /// Reads a single JSON text. `now` is what `{NOW-7d}` counts from.
    pub fn from_json(bytes: &[u8], now: Timestamp) -> Result<Self, RecordedError> {
        Self::parse(bytes, now, Path::new(""))
    }

    fn parse(bytes: &[u8], now: Timestamp, path: &Path) -> Result<Self, RecordedError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| RecordedError::NotJson { path: path.to_owned(), message: error.to_string() })?;
        let Value::Object(object) = &value else {
            return Err(RecordedError::Form { path: path.to_owned(), message: "not a JSON object".into() });
        };
        if object.contains_key(VERSION_KEY) {
            return folder::read_own(value, path).map(|own| own.into_recorded());
        }
        if object.contains_key("data") || object.contains_key("errors") {
            return Ok(Self {
                repository: Source::GraphQl(value),
                pages: Pages::NotRecorded,
                organization_files: Answer::default(),
                landscape: Answer::default(),
            });
        }
        scenario::read(value, now, path)
    }
}

impl Forge for Recorded {
    fn repository(&self, url: &RepositoryUrl) -> RepositoryAnswer {
        let answer = match &self.repository {
            Source::Own(answer) => return (**answer).clone(),
            Source::Failed(reason) => return RepositoryAnswer::unavailable(reason),
            Source::GraphQl(value) => response::graphql_value(value.clone(), true),
            Source::Scenario(value) => {
                let mut value = value.clone();
                scenario::fill_names(&mut value, url);
                match value {
                    Value::Object(object) => Ok(response::GraphQl { object, errors: Vec::new() }),
                    // `scenario::read` made sure of it.
                    _ => Err(Reason::NotRecorded),
                }
            }
        };
        match answer {
            Ok(answer) => object::read(&answer),
            Err(reason) => RepositoryAnswer::unavailable(&reason),
        }
    }

    fn page(&self, url: &str) -> Answer<Page> {
        self.pages.get(url)
    }

    fn organization_files(&self, _url: &RepositoryUrl) -> Answer<Vec<String>> {
        self.organization_files.clone()
    }

    fn landscape(&self, project: &str) -> Answer<Option<LandscapeItem>> {
        match &self.landscape {
            Answer::Known(text) => LandscapeItem::find(text, project)
                .map_err(|error| Reason::Malformed { detail: format!("landscape.yml: {error}") })
                .into(),
            Answer::Unavailable(reason) => Answer::Unavailable(reason.clone()),
        }
    }
}
