//! The folder form of recorded answers: its files, and how they are read. [`Recorded`] documents them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scenario::Pages;
use super::{Recorded, RecordedError, Source, VERSION, VERSION_KEY};
use crate::{Answer, Page, Reason, RepositoryAnswer, RepositoryUrl};

pub(crate) const REPOSITORY: &str = "repository.json";
pub(crate) const HOMEPAGE: &str = "homepage.json";
pub(crate) const HOMEPAGE_BODY: &str = "homepage.html";
pub(crate) const ORGANIZATION: &str = "org-github.json";
pub(crate) const LANDSCAPE: &str = "landscape.yml";

/// All files of a recording.
pub(crate) const FILES: [&str; 5] = [REPOSITORY, HOMEPAGE, HOMEPAGE_BODY, ORGANIZATION, LANDSCAPE];

/// JSON files larger than this are none of ours.
pub(crate) const MAX_JSON: u64 = 64 << 20;

/// `repository.json` in our own form.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OwnForm {
    #[serde(rename = "eyrie_forge_record")]
    pub(crate) version: u64,
    pub(crate) recorded_at: Option<Timestamp>,
    pub(crate) url: Option<RepositoryUrl>,
    #[serde(default)]
    pub(crate) repository: RepositoryAnswer,
    /// Why `homepage`, `organization_files` and `landscape` have no file, if they have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) missing: BTreeMap<String, Reason>,
}

impl OwnForm {
    fn missing<T>(&self, piece: &str) -> Answer<T> {
        Answer::Unavailable(self.missing.get(piece).cloned().unwrap_or(Reason::NotRecorded))
    }

    pub(super) fn into_recorded(self) -> Recorded {
        Recorded {
            pages: Pages::One(self.missing("homepage")),
            organization_files: self.missing("organization_files"),
            landscape: self.missing("landscape"),
            repository: Source::Own(Box::new(self.repository)),
        }
    }
}

/// Reads our own form of `repository.json`.
pub(super) fn read_own(value: Value, path: &Path) -> Result<OwnForm, RecordedError> {
    let version = value.get(VERSION_KEY).cloned().unwrap_or_default();
    if version != VERSION {
        return Err(RecordedError::Version { path: path.to_owned(), found: version.to_string() });
    }
    serde_json::from_value(value)
        .map_err(|error| RecordedError::Form { path: path.to_owned(), message: error.to_string() })
}

/// The page without its text, as in `homepage.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PageHead {
    pub(crate) url: String,
    pub(crate) final_url: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) content_type: Option<String>,
    #[serde(default)]
    pub(crate) truncated: bool,
}

/// Reads a folder.
pub(super) fn read(folder: &Path) -> Result<Recorded, RecordedError> {
    let json = |name: &str| -> Result<Option<Value>, RecordedError> {
        let path = folder.join(name);
        let Some(bytes) = read_file(&path, MAX_JSON)? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| RecordedError::NotJson { path, message: error.to_string() })
    };
    let text = |name: &str, limit: u64| -> Result<Option<String>, RecordedError> {
        let bytes = read_file(&folder.join(name), limit)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let form = |name: &str, error: serde_json::Error| RecordedError::Form {
        path: folder.join(name),
        message: error.to_string(),
    };

    let repository = json(REPOSITORY)?;
    let homepage = json(HOMEPAGE)?;
    let body = text(HOMEPAGE_BODY, MAX_JSON)?;
    let organization = json(ORGANIZATION)?;
    let landscape = text(LANDSCAPE, crate::landscape::MAX_BYTES as u64)?;
    if repository.is_none()
        && homepage.is_none()
        && body.is_none()
        && organization.is_none()
        && landscape.is_none()
    {
        return Err(RecordedError::Empty { path: folder.to_owned() });
    }

    let mut recorded = match repository {
        Some(value) if value.get(VERSION_KEY).is_some() => {
            read_own(value, &folder.join(REPOSITORY))?.into_recorded()
        }
        Some(value) => {
            // Dates that count from now belong into scenarios, which are single files.
            let bytes = value.to_string();
            Recorded::parse(bytes.as_bytes(), Timestamp::UNIX_EPOCH, &folder.join(REPOSITORY))?
        }
        None => Recorded {
            repository: Source::Own(Box::default()),
            pages: Pages::NotRecorded,
            organization_files: Answer::default(),
            landscape: Answer::default(),
        },
    };
    match (homepage, body) {
        (Some(Value::Null), _) => {}
        (Some(head), body) => {
            let head: PageHead = serde_json::from_value(head).map_err(|error| form(HOMEPAGE, error))?;
            recorded.pages = Pages::One(Answer::Known(Page {
                url: head.url,
                final_url: head.final_url,
                status: head.status,
                content_type: head.content_type,
                truncated: head.truncated,
                body: body.unwrap_or_default(),
            }));
        }
        (None, Some(body)) => recorded.pages = Pages::Body(body),
        (None, None) => {}
    }
    if let Some(files) = organization {
        let files = serde_json::from_value(files).map_err(|error| form(ORGANIZATION, error))?;
        recorded.organization_files = Answer::Known(files);
    }
    if let Some(text) = landscape {
        recorded.landscape = Answer::Known(text);
    }
    Ok(recorded)
}

/// Reads a file up to a limit; `None` where there is none.
pub(super) fn read_file(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, RecordedError> {
    let failed = |source| RecordedError::Read { path: path.to_owned(), source };
    // Opening a pipe would wait for its other end.
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(failed(std::io::Error::other("it is not a file"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(RecordedError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(Some(bytes))
}
