//! A register as a folder of plain files that can be kept in git and reviewed: [`export::export`] and [`import::import`]. Both work
//! on a map of paths and texts; [`read()`] and [`write()`] are all that touches a disk.
//!
//! ```text
//! register.yaml              how many entries there are, and the hash of the last
//! foundation.yaml            policies, bodies, seats, people, freezes, numbers of plugins
//! policies/NAME-VERSION.yaml the texts of the policies
//! meetings/YEAR.yaml         meetings
//! votes/VOTE.yaml            a vote with its ballots
//! projects/PROJECT/log.yaml  everything else about a project
//! projects/PROJECT/README.md, README.md   what that comes to, for reading; not read back
//! reviews/REVIEW.yaml, campaigns/CAMPAIGN.yaml
//! ```
//!
//! Each `.yaml` file is a list of entries. Those with a number are what was written; those without one are new.

pub mod export;
pub mod import;
pub mod mojibake;
mod yaml;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Files by their path within the folder, with `/`.
pub type Files = BTreeMap<String, String>;

/// Why a folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FolderError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Whether a path is one of an export.
fn is_ours(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["register.yaml" | "foundation.yaml" | "README.md"] => true,
        ["policies" | "meetings" | "votes" | "reviews" | "campaigns", file] => file.ends_with(".yaml"),
        ["projects", _, "log.yaml" | "README.md"] => true,
        _ => false,
    }
}

/// The files of an export in a folder; others in it are left out.
///
/// # Errors
/// If one cannot be read, or is not UTF-8.
pub fn read(folder: &Path) -> Result<Files, FolderError> {
    let mut files = Files::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((path, name)) = waiting.pop() {
        let fail = |source| FolderError { path: path.clone(), source };
        for entry in fs::read_dir(&path).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let Ok(file_name) = entry.file_name().into_string() else { continue };
            let inner = if name.is_empty() { file_name } else { format!("{name}/{file_name}") };
            let kind = entry.file_type().map_err(fail)?;
            // No deeper than an export is, and through no links.
            if kind.is_dir() && inner.matches('/').count() < 2 && !inner.starts_with('.') {
                waiting.push((entry.path(), inner));
            } else if kind.is_file() && is_ours(&inner) {
                let text = fs::read_to_string(entry.path())
                    .map_err(|source| FolderError { path: entry.path(), source })?;
                files.insert(inner, text);
            }
        }
    }
    Ok(files)
}

/// What writing an export would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are not there yet, or say something else.
    pub written: Vec<String>,
    /// Files of an earlier export that are there no longer.
    pub removed: Vec<String>,
}

/// What writing `files` into a folder would change.
///
/// # Errors
/// As [`read`]; a folder that is not there is empty.
pub fn changes(folder: &Path, files: &Files) -> Result<Changes, FolderError> {
    let there = if folder.exists() { read(folder)? } else { Files::new() };
    Ok(Changes {
        written: files
            .iter()
            .filter(|(path, text)| there.get(*path) != Some(text))
            .map(|(path, _)| path.clone())
            .collect(),
        removed: there.into_keys().filter(|path| !files.contains_key(path)).collect(),
    })
}

/// Writes an export into a folder: what differs is written, what an earlier export had and this one has not is removed, and
/// anything else in the folder is left alone.
///
/// # Errors
/// Whatever the system says.
pub fn write(folder: &Path, files: &Files) -> Result<Changes, FolderError> {
    let changes = changes(folder, files)?;
    for path in &changes.written {
        let full = folder.join(path);
        let fail = |source| FolderError { path: full.clone(), source };
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent).map_err(fail)?;
        }
        // Beside it and renamed over it: nobody reads half a file.
        let staged = full.with_extension("eyrie-new");
        fs::write(&staged, files.get(path).map(String::as_str).unwrap_or_default()).map_err(fail)?;
        fs::rename(&staged, &full).map_err(fail)?;
    }
    for path in &changes.removed {
        let full = folder.join(path);
        fs::remove_file(&full).map_err(|source| FolderError { path: full.clone(), source })?;
    }
    Ok(changes)
}
