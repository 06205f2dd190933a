//! [`record`]: writes what a forge says into a folder that [`Recorded`](crate::Recorded) reads.
//!
//! The folder appears whole or not at all. The files are text, in a stable order. Answers hold no secrets, so no
//! file does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::landscape::LandscapeItem;
use crate::recorded::VERSION;
use crate::recorded::folder::{self, OwnForm, PageHead};
use crate::{Answer, ForgeAnswers, Reason, RepositoryUrl};

/// Why answers could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The folder holds something else.
    #[error("{} is not a recording: it holds {found}", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// The file that is none of ours.
        found: String,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// Writes answers into a folder that [`Recorded`](crate::Recorded) reads; its files are described there. An earlier
/// recording in the folder is replaced; anything else is left alone.
///
/// `recorded_at` is written down as the time of the answers.
pub fn record(
    answers: &ForgeAnswers,
    url: &RepositoryUrl,
    recorded_at: Timestamp,
    into: &Path,
) -> Result<(), RecordError> {
    let failed = |path: &Path, source| RecordError::Write { path: path.to_owned(), source };
    let replaces = match std::fs::read_dir(into) {
        Ok(entries) => {
            for entry in entries {
                let name = entry.map_err(|error| failed(into, error))?.file_name();
                if !folder::FILES.iter().any(|ours| name == *ours) {
                    let found = name.to_string_lossy().into_owned();
                    return Err(RecordError::Occupied { path: into.to_owned(), found });
                }
            }
            true
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(failed(into, error)),
    };
    let parent = match into.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
    let temporary = tempfile::Builder::new()
        .prefix(".eyrie-record-")
        .tempdir_in(parent)
        .map_err(|error| failed(parent, error))?;
    let fresh = temporary.path().join("new");
    std::fs::create_dir(&fresh).map_err(|error| failed(&fresh, error))?;
    for (name, content) in files(answers, url, recorded_at) {
        let path = fresh.join(name);
        std::fs::write(&path, content).map_err(|error| failed(&path, error))?;
    }
    let old = temporary.path().join("old");
    if replaces {
        std::fs::rename(into, &old).map_err(|error| failed(into, error))?;
    }
    if let Err(error) = std::fs::rename(&fresh, into) {
        if replaces {
            // The earlier recording is better than none; if even that fails, the first error tells why.
            let _ = std::fs::rename(&old, into);
        }
        return Err(failed(into, error));
    }
    Ok(())
}

/// The files of a recording with their content.
fn files(answers: &ForgeAnswers, url: &RepositoryUrl, recorded_at: Timestamp) -> Vec<(&'static str, String)> {
    let mut files = Vec::new();
    let mut missing = BTreeMap::new();
    let mut miss = |piece: &str, reason: &Reason| {
        if *reason != Reason::NotRecorded {
            missing.insert(piece.to_owned(), reason.clone());
        }
    };
    match &answers.homepage {
        Answer::Known(None) => files.push((folder::HOMEPAGE, json(&()))),
        Answer::Known(Some(page)) => {
            let head = PageHead {
                url: page.url.clone(),
                final_url: page.final_url.clone(),
                status: page.status,
                content_type: page.content_type.clone(),
                truncated: page.truncated,
            };
            files.push((folder::HOMEPAGE, json(&head)));
            files.push((folder::HOMEPAGE_BODY, page.body.clone()));
        }
        Answer::Unavailable(reason) => miss("homepage", reason),
    }
    match &answers.organization_files {
        Answer::Known(paths) => files.push((folder::ORGANIZATION, json(paths))),
        Answer::Unavailable(reason) => miss("organization_files", reason),
    }
    match &answers.landscape {
        Answer::Known(item) => files.push((folder::LANDSCAPE, LandscapeItem::to_yaml(item.as_ref()))),
        Answer::Unavailable(reason) => miss("landscape", reason),
    }
    let own = OwnForm {
        version: VERSION,
        recorded_at: Some(recorded_at),
        url: Some(url.clone()),
        repository: answers.repository.clone(),
        missing,
    };
    files.push((folder::REPOSITORY, json(&own)));
    files
}

/// JSON for people to read. The types have string keys and no way to fail.
fn json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
