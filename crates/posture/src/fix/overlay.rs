//! A tree with some files written over it: what the repository would be.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::tree::{Content, Entry, EntryKind, Tree, find, read_limited, split_path};

/// Another tree with some files added or replaced.
pub(super) struct Overlay {
    base: Arc<dyn Tree>,
    entries: Vec<Entry>,
    written: BTreeMap<Box<[u8]>, Vec<u8>>,
}

impl Overlay {
    /// `base` with these files, given as path and text.
    pub(super) fn new<'t>(base: Arc<dyn Tree>, files: impl Iterator<Item = (&'t str, &'t str)>) -> Self {
        let mut overlay = Self { entries: base.entries().to_vec(), base, written: BTreeMap::new() };
        for (path, text) in files {
            let mut parent = split_path(path.as_bytes()).0;
            while !parent.is_empty() {
                if find(&overlay.entries, parent).is_none() {
                    overlay.insert(parent, EntryKind::Directory);
                }
                parent = split_path(parent).0;
            }
            if find(&overlay.entries, path.as_bytes()).is_none() {
                overlay.insert(path.as_bytes(), EntryKind::File { executable: false });
            }
            overlay.written.insert(path.as_bytes().into(), text.as_bytes().to_vec());
        }
        overlay
    }

    fn insert(&mut self, path: &[u8], kind: EntryKind) {
        let at = self.entries.partition_point(|entry| &*entry.path < path);
        self.entries.insert(at, Entry { path: path.into(), kind, object: None });
    }
}

impl Tree for Overlay {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry, limit: usize) -> io::Result<Content> {
        match self.written.get(&entry.path) {
            Some(written) => read_limited(&**written, limit),
            None => self.base.read(entry, limit),
        }
    }

    fn size(&self, entry: &Entry) -> io::Result<u64> {
        match self.written.get(&entry.path) {
            Some(written) => Ok(written.len() as u64),
            None => self.base.size(entry),
        }
    }

    fn is_executable(&self, entry: &Entry) -> io::Result<bool> {
        match self.written.get(&entry.path) {
            Some(_) => Ok(matches!(entry.kind, EntryKind::File { executable: true })),
            None => self.base.is_executable(entry),
        }
    }

    fn link_target(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        self.base.link_target(entry)
    }

    fn problems(&self) -> &[String] {
        self.base.problems()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    #[test]
    fn files_are_added_with_their_folders_and_replaced() {
        let base = MemoryTree::new().file("a.md", "old").file(".github/x", "x");
        let files = [("a.md", "new"), (".github/workflows/b.yml", "b")];
        let overlay = Overlay::new(Arc::new(base), files.into_iter());
        let paths: Vec<_> = overlay.entries().iter().map(|e| String::from_utf8_lossy(&e.path)).collect();
        assert_eq!(paths, [".github", ".github/workflows", ".github/workflows/b.yml", ".github/x", "a.md"]);
        let read = |path: &str| {
            let at = find(overlay.entries(), path.as_bytes()).expect("listed");
            String::from_utf8(overlay.read(&overlay.entries()[at], 100).expect("read").bytes).expect("text")
        };
        assert_eq!([read("a.md"), read(".github/x"), read(".github/workflows/b.yml")], ["new", "x", "b"]);
    }
}
