//! Changes to files: shown as a diff first, then written, and only where nothing speaks against it.
//!
//! Principal types: [`Change`], [`Plan`]. What is to be changed is decided in `eyrie-posture`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use similar::{Algorithm, TextDiff};

use crate::output::staged;
use crate::render::text::visible;

/// A file as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Path below the root, with `/`.
    pub path: String,
    /// What the file held when the change was planned; none if it was not there.
    pub before: Option<String>,
    /// What it is to hold.
    pub after: String,
    /// What for, one sentence.
    pub why: String,
}

impl Change {
    /// The change as a unified diff, as `git apply` reads it.
    pub fn diff(&self) -> String {
        let before = self.before.as_deref().unwrap_or_default();
        let (old, new) = (quoted(&format!("a/{}", self.path)), quoted(&format!("b/{}", self.path)));
        let mut text = format!("diff --git {old} {new}\n");
        let old = if self.before.is_some() {
            old
        } else {
            text.push_str("new file mode 100644\n");
            "/dev/null".to_owned()
        };
        let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(before, &self.after);
        let _ = write!(text, "{}", diff.unified_diff().context_radius(3).header(&old, &new));
        text
    }
}

/// A name as git writes it in a diff: in quotes with escapes if it holds anything unusual.
fn quoted(path: &str) -> String {
    let usual = |c: char| !c.is_control() && c != '"' && c != '\\';
    if path.chars().all(usual) {
        return path.to_owned();
    }
    let mut text = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(byte.into());
            }
            b' '..=b'~' => text.push(byte.into()),
            byte => {
                let _ = write!(text, "\\{byte:03o}");
            }
        }
    }
    text.push('"');
    text
}

/// Why a change is not written.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The path leads out of the root, into git's own folder or nowhere.
    #[error("{path} is not a path inside the repository")]
    Outside {
        /// As it was planned.
        path: String,
    },
    /// A part of the path is a symbolic link.
    #[error("{path} leads through the symbolic link {link}")]
    Link {
        /// As it was planned.
        path: String,
        /// The link.
        link: String,
    },
    /// Something that is no plain file or folder is in the way.
    #[error("{path} is in the way and no plain file")]
    InTheWay {
        /// What it is.
        path: String,
    },
    /// Somebody wrote the file since the change was planned.
    #[error("{path} changed meanwhile")]
    Changed {
        /// As it was planned.
        path: String,
    },
    /// Two changes are of one file.
    #[error("{path} would be written twice")]
    Twice {
        /// As it was planned.
        path: String,
    },
    /// The system refuses.
    #[error("cannot write {path}: {source}")]
    Io {
        /// As it was planned.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// Changes that were looked at and can be written.
#[derive(Debug)]
pub struct Plan<'a> {
    root: PathBuf,
    changes: Vec<(PathBuf, &'a Change)>,
}

impl<'a> Plan<'a> {
    /// Looks at every change, and touches nothing: either all can be written or none is.
    ///
    /// # Errors
    /// The first reason that speaks against it.
    pub fn new(root: &Path, changes: &'a [Change]) -> Result<Plan<'a>, Refusal> {
        let mut checked: Vec<(PathBuf, &Change)> = Vec::with_capacity(changes.len());
        for change in changes {
            let path = inside(&change.path)?;
            if checked.iter().any(|(other, _)| *other == path) {
                return Err(Refusal::Twice { path: shown(&change.path) });
            }
            as_planned(root, &path, change)?;
            checked.push((path, change));
        }
        Ok(Plan { root: root.to_owned(), changes: checked })
    }

    /// Writes each file as a whole, looking again right before.
    ///
    /// # Errors
    /// The first change that cannot be written; those before it are.
    pub fn apply(self) -> Result<(), Refusal> {
        for (path, change) in &self.changes {
            as_planned(&self.root, path, change)?;
            let failed = |source| Refusal::Io { path: shown(&change.path), source };
            write(&self.root.join(path), change).map_err(failed)?;
        }
        Ok(())
    }
}

fn shown(path: &str) -> String {
    visible(path).into_owned()
}

/// The path below the root, if it is one.
fn inside(path: &str) -> Result<PathBuf, Refusal> {
    let outside = || Refusal::Outside { path: shown(path) };
    let mut clean = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            // Case does not matter to some file systems.
            Component::Normal(name) if !name.eq_ignore_ascii_case(".git") => clean.push(name),
            _ => return Err(outside()),
        }
    }
    if clean.as_os_str().is_empty() || path.ends_with('/') || path.contains('\0') {
        return Err(outside());
    }
    Ok(clean)
}

/// Whether the file is still what the change was planned on, reached through plain folders alone.
fn as_planned(root: &Path, path: &Path, change: &Change) -> Result<(), Refusal> {
    let failed = |source| Refusal::Io { path: shown(&change.path), source };
    let mut at = root.to_owned();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        let last = parts.peek().is_none();
        let here = || at.strip_prefix(root).unwrap_or(&at).to_string_lossy().into_owned();
        match fs::symlink_metadata(&at) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return match change.before {
                    None => Ok(()),
                    Some(_) => Err(Refusal::Changed { path: shown(&change.path) }),
                };
            }
            Err(error) => return Err(failed(error)),
            Ok(metadata) if metadata.is_symlink() => {
                return Err(Refusal::Link { path: shown(&change.path), link: shown(&here()) });
            }
            Ok(metadata) if last && metadata.is_file() => {}
            Ok(metadata) if !last && metadata.is_dir() => {}
            Ok(_) => return Err(Refusal::InTheWay { path: shown(&here()) }),
        }
    }
    let now = fs::read(&at).map_err(failed)?;
    match &change.before {
        Some(before) if before.as_bytes() == now => Ok(()),
        _ => Err(Refusal::Changed { path: shown(&change.path) }),
    }
}

fn write(path: &Path, change: &Change) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let content = change.after.as_bytes();
    if change.before.is_some() {
        let (file, _while_it_lasts) = staged(path, content, Some(fs::metadata(path)?.permissions()))?;
        file.persist(path).map_err(|error| error.error)?;
    } else {
        let (file, _while_it_lasts) = staged(path, content, None)?;
        // Fails if somebody was quicker.
        file.persist_noclobber(path).map_err(|error| error.error)?;
    }
    Ok(())
}
