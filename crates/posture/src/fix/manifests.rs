//! The project's own manifests: which folders hold which files, and what a TOML or JSON manifest says.
//!
//! What the entries mean is decided by the writers that ask.

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::tree::{Entry, EntryKind, Tree};

/// No manifest of a project is larger.
const MAX_BYTES: usize = 1 << 20;

/// The project's own files by folder and name; the root is the empty folder. Links, vendored code, test data and names
/// that are not UTF-8 are not among them.
pub(super) struct OwnFiles<'f> {
    tree: &'f dyn Tree,
    folders: BTreeMap<&'f str, BTreeMap<&'f str, &'f Entry>>,
}

impl<'f> OwnFiles<'f> {
    pub(super) fn of(facts: &'f Facts) -> Self {
        let tree = &*facts.sources.tree;
        let mut folders: BTreeMap<&str, BTreeMap<&str, &Entry>> = BTreeMap::new();
        for entry in tree.entries() {
            let Ok(path) = std::str::from_utf8(&entry.path) else { continue };
            if !matches!(entry.kind, EntryKind::File { .. }) || !super::is_own(path) {
                continue;
            }
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            folders.entry(folder).or_default().insert(name, entry);
        }
        Self { tree, folders }
    }

    /// All folders that hold files, with the names in them.
    pub(super) fn folders(&self) -> impl Iterator<Item = (&'f str, &BTreeMap<&'f str, &'f Entry>)> {
        self.folders.iter().map(|(folder, names)| (*folder, names))
    }

    /// Whether a folder holds a file of one of these names.
    pub(super) fn has(&self, folder: &str, names: &[&str]) -> bool {
        self.folders.get(folder).is_some_and(|files| names.iter().any(|name| files.contains_key(name)))
    }

    /// The text of a file; none if there is none that can be read.
    pub(super) fn text(&self, folder: &str, name: &str) -> Option<String> {
        super::text(self.tree, self.folders.get(folder)?.get(name)?, MAX_BYTES).ok()
    }

    /// A TOML file; none if there is none that can be read.
    pub(super) fn toml(&self, folder: &str, name: &str) -> Option<toml::Table> {
        self.text(folder, name)?.parse().ok()
    }

    /// A JSON file; none if there is none that can be read.
    pub(super) fn json(&self, folder: &str, name: &str) -> Option<serde_json::Value> {
        serde_json::from_str(&self.text(folder, name)?).ok()
    }
}

/// The folders above a folder, the nearest first, the root last.
pub(super) fn above(folder: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(folder).filter(|folder| !folder.is_empty());
    std::iter::from_fn(move || {
        let parent = rest?.rsplit_once('/').map_or("", |(parent, _)| parent);
        rest = Some(parent).filter(|parent| !parent.is_empty());
        Some(parent)
    })
}

/// The path of `folder` as seen from `from`, which is above it.
pub(super) fn below<'p>(from: &str, folder: &'p str) -> &'p str {
    folder.strip_prefix(from).map_or(folder, |rest| rest.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_above() {
        assert_eq!(above("a/b/c").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(above("a").collect::<Vec<_>>(), [""]);
        assert_eq!(above("").count(), 0);
        assert_eq!(below("", "a/b"), "a/b");
        assert_eq!(below("a", "a/b"), "b");
    }
}
