//! A tree of files to be judged, wherever it is kept.
//!
//! Facts read a [`Tree`], never the file system: a work tree ([`WorkTree`]), a commit ([`crate::git::CommitTree`])
//! or one that a test wrote ([`MemoryTree`]). Principal types: [`Tree`], [`Entry`], [`Content`]. What the files
//! mean is in `facts`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gix::ObjectId;

/// How often a symbolic link may lead on to another before it counts as leading nowhere (Linux allows 40).
const MAX_LINKS: usize = 40;

/// What an [`Entry`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File {
        /// Whether it may be executed.
        executable: bool,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A commit of another repository.
    Submodule,
    /// A socket, device or pipe.
    Special,
}

impl EntryKind {
    /// The word for it in conditions (`file.type`).
    pub fn as_str(self) -> &'static str {
        match self {
            EntryKind::File { .. } => "file",
            EntryKind::Directory => "directory",
            EntryKind::Link => "symlink",
            EntryKind::Submodule => "submodule",
            EntryKind::Special => "special",
        }
    }
}

/// A name in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path from the root, parts separated by `/`; not necessarily UTF-8.
    pub path: Box<[u8]>,
    /// What it is.
    pub kind: EntryKind,
    /// The object that holds its content, where the tree is a commit's. The same id means the same content.
    pub object: Option<ObjectId>,
}

impl Entry {
    /// The part of the path before the last `/`; empty at the root.
    pub fn directory(&self) -> &[u8] {
        split_path(&self.path).0
    }

    /// The part of the path after the last `/`.
    pub fn name(&self) -> &[u8] {
        split_path(&self.path).1
    }
}

/// Splits a path into its directory (without the last `/`) and its name.
pub fn split_path(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&[], path),
    }
}

/// Bytes of a file, perhaps not all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The bytes from the beginning.
    pub bytes: Vec<u8>,
    /// Whether that is all there is.
    pub whole: bool,
}

/// Files with their names, readable at any time, by many readers at once.
pub trait Tree: Send + Sync {
    /// All names, sorted by the bytes of their paths, each path once; directories are among them.
    fn entries(&self) -> &[Entry];

    /// The first `limit` bytes of a file.
    ///
    /// # Errors
    ///
    /// What the file system or the object database says; anything but a file is [`io::ErrorKind::InvalidInput`].
    fn read(&self, entry: &Entry, limit: usize) -> io::Result<Content>;

    /// Fills `buffer` from the beginning of a file and says how much of it was filled; less than all of it means that
    /// the file ends there.
    ///
    /// # Errors
    ///
    /// As [`Tree::read`].
    fn read_start(&self, entry: &Entry, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.read(entry, buffer.len())?;
        let length = content.bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&content.bytes[..length]);
        Ok(length)
    }

    /// Size of a file in bytes.
    ///
    /// # Errors
    ///
    /// As [`Tree::read`].
    fn size(&self, entry: &Entry) -> io::Result<u64>;

    /// Whether a file may be executed.
    ///
    /// # Errors
    ///
    /// As [`Tree::read`].
    fn is_executable(&self, entry: &Entry) -> io::Result<bool> {
        match entry.kind {
            EntryKind::File { executable } => Ok(executable),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Where a symbolic link points to, as it is written in the link.
    ///
    /// # Errors
    ///
    /// As [`Tree::read`].
    fn link_target(&self, entry: &Entry) -> io::Result<Vec<u8>>;

    /// Names that could not be read, as sentences for the report.
    fn problems(&self) -> &[String] {
        &[]
    }
}

/// What a name leads to once links have been followed inside the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved<'a> {
    /// An entry that is no link.
    Entry(&'a Entry),
    /// A link that leaves the tree; it is not followed.
    Outside,
    /// A link to nothing, or in a circle.
    Nothing,
}

/// Position of a path in the entries of a tree.
pub fn find(entries: &[Entry], path: &[u8]) -> Option<usize> {
    entries.binary_search_by(|entry| (*entry.path).cmp(path)).ok()
}

/// Follows links inside the tree, and never out of it.
pub fn resolve<'a>(tree: &'a dyn Tree, entry: &'a Entry) -> Resolved<'a> {
    if entry.kind != EntryKind::Link {
        return Resolved::Entry(entry);
    }
    let mut path = entry.path.to_vec();
    // Each turn replaces the first link on the path by its target, so that a link to a directory in the middle of a
    // path is followed as well.
    for _ in 0..MAX_LINKS {
        match first_link(tree.entries(), &path) {
            Step::Link { at, rest } => {
                let link = &tree.entries()[at];
                let Ok(target) = tree.link_target(link) else { return Resolved::Nothing };
                if target.starts_with(b"/") {
                    return Resolved::Outside;
                }
                let mut next = link.directory().to_vec();
                for part in [target.as_slice(), rest.as_slice()] {
                    if !part.is_empty() {
                        if !next.is_empty() {
                            next.push(b'/');
                        }
                        next.extend_from_slice(part);
                    }
                }
                match normalise(&next) {
                    Some(normal) if normal.is_empty() => return Resolved::Outside,
                    Some(normal) => path = normal,
                    None => return Resolved::Outside,
                }
            }
            Step::Entry(at) => return Resolved::Entry(&tree.entries()[at]),
            Step::Nothing => return Resolved::Nothing,
        }
    }
    Resolved::Nothing
}

enum Step {
    Link { at: usize, rest: Vec<u8> },
    Entry(usize),
    Nothing,
}

fn first_link(entries: &[Entry], path: &[u8]) -> Step {
    let ends =
        path.iter().enumerate().filter(|&(_, &byte)| byte == b'/').map(|(at, _)| at).chain([path.len()]);
    let mut last = Step::Nothing;
    for end in ends {
        match find(entries, &path[..end]) {
            Some(at) if entries[at].kind == EntryKind::Link => {
                return Step::Link { at, rest: path.get(end + 1..).unwrap_or_default().to_vec() };
            }
            Some(at) => last = Step::Entry(at),
            None => return Step::Nothing,
        }
    }
    last
}

/// Removes `.` and `..`; none if the path leaves the root.
pub fn normalise(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}

/// Reads at most `limit` bytes and says whether that was all.
pub(crate) fn read_limited(mut from: impl Read, limit: usize) -> io::Result<Content> {
    let mut bytes = Vec::with_capacity(limit.min(1024));
    // One byte more than is wanted tells whether there is more.
    from.by_ref().take(limit as u64 + 1).read_to_end(&mut bytes)?;
    let whole = bytes.len() <= limit;
    bytes.truncate(limit);
    Ok(Content { bytes, whole })
}

/// More names than this are not listed; the largest known repositories have half a million.
pub const MAX_ENTRIES: usize = 2_000_000;

/// What git's index says of a folder; paths are relative to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// Files and links.
    pub paths: Vec<Vec<u8>>,
    /// Folders that are commits of other repositories.
    pub submodules: Vec<Vec<u8>>,
}

/// Whether a folder above `path` is a symbolic link.
fn leads_through_a_link(root: &Path, path: &[u8]) -> bool {
    let mut parent = split_path(path).0;
    while !parent.is_empty() {
        let metadata = root.join(bytes_path(parent)).symlink_metadata();
        if metadata.is_ok_and(|metadata| metadata.is_symlink()) {
            return true;
        }
        parent = split_path(parent).0;
    }
    false
}

/// A directory on disk: the files that git tracks or would track, or, outside git, all of them.
#[derive(Debug)]
pub struct WorkTree {
    root: PathBuf,
    entries: Vec<Entry>,
    problems: Vec<String>,
}

impl WorkTree {
    /// Lists a directory.
    ///
    /// What `.gitignore` and `.git/info/exclude` name is left out, unless it is among `tracked` (paths below `root`).
    /// Symbolic links are listed and not followed. A part that cannot be read is named in [`Tree::problems`].
    ///
    /// # Errors
    ///
    /// If `root` itself cannot be listed.
    pub fn open(root: &Path, tracked: Option<Tracked>) -> io::Result<Self> {
        std::fs::read_dir(root)?;
        let in_git = tracked.is_some();
        let Tracked { paths, submodules } = tracked.unwrap_or_default();
        let mut entries: BTreeMap<Box<[u8]>, EntryKind> = BTreeMap::new();
        let mut problems = Vec::new();
        let within: BTreeSet<PathBuf> = submodules.iter().map(|path| root.join(bytes_path(path))).collect();
        let walk = ignore::WalkBuilder::new(root)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            // Outside git a `.gitignore` further up says nothing about this folder.
            .parents(in_git)
            .require_git(false)
            .follow_links(false)
            .filter_entry(move |entry| {
                let is_git = entry.file_name() == ".git" && entry.depth() > 0;
                // What is in a submodule belongs to another repository.
                let in_submodule = || entry.path().parent().is_some_and(|parent| within.contains(parent));
                !is_git && !in_submodule()
            })
            .build();
        for found in walk {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    problems.push(format!("not all files could be listed: {error}"));
                    continue;
                }
            };
            if found.depth() == 0 {
                continue;
            }
            let Ok(relative) = found.path().strip_prefix(root) else { continue };
            let Some(file_type) = found.file_type() else { continue };
            if entries.len() == MAX_ENTRIES {
                problems.push(format!(
                    "only the first {MAX_ENTRIES} names were listed; the rest was not looked at"
                ));
                break;
            }
            entries.insert(path_bytes(relative).into_boxed_slice(), kind_of(file_type));
        }
        for path in submodules {
            entries.insert(path.into_boxed_slice(), EntryKind::Submodule);
        }
        for path in paths {
            if entries.contains_key(path.as_slice()) || entries.len() == MAX_ENTRIES {
                continue;
            }
            // A folder that has become a link leads to files that are not the repository's.
            if leads_through_a_link(root, &path) {
                continue;
            }
            // Tracked and deleted is simply not there.
            let Ok(metadata) = root.join(bytes_path(&path)).symlink_metadata() else { continue };
            let kind = kind_of(metadata.file_type());
            if kind == EntryKind::Directory {
                continue;
            }
            let mut parent = split_path(&path).0;
            while !parent.is_empty() && !entries.contains_key(parent) {
                entries.insert(parent.into(), EntryKind::Directory);
                parent = split_path(parent).0;
            }
            entries.insert(path.into_boxed_slice(), kind);
        }
        let entries = entries.into_iter().map(|(path, kind)| Entry { path, kind, object: None }).collect();
        Ok(Self { root: root.to_owned(), entries, problems })
    }

    fn on_disk(&self, entry: &Entry) -> PathBuf {
        self.root.join(bytes_path(&entry.path))
    }
}

impl Tree for WorkTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry, limit: usize) -> io::Result<Content> {
        match entry.kind {
            EntryKind::File { .. } => read_limited(std::fs::File::open(self.on_disk(entry))?, limit),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn read_start(&self, entry: &Entry, buffer: &mut [u8]) -> io::Result<usize> {
        if !matches!(entry.kind, EntryKind::File { .. }) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut file = std::fs::File::open(self.on_disk(entry))?;
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(more) => {
                    let asked = buffer.len() - filled;
                    filled += more;
                    // A regular file gives less than is asked for only at its end; asking again would cost a call.
                    if more < asked {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn size(&self, entry: &Entry) -> io::Result<u64> {
        match entry.kind {
            EntryKind::File { .. } => Ok(self.on_disk(entry).symlink_metadata()?.len()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Listing does not ask for each file's mode, so it is looked up here.
    fn is_executable(&self, entry: &Entry) -> io::Result<bool> {
        match entry.kind {
            EntryKind::File { .. } => {
                Ok(self.on_disk(entry).symlink_metadata()?.permissions().mode() & 0o111 != 0)
            }
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn link_target(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        Ok(path_bytes(&std::fs::read_link(self.on_disk(entry))?))
    }

    fn problems(&self) -> &[String] {
        &self.problems
    }
}

fn kind_of(file_type: std::fs::FileType) -> EntryKind {
    if file_type.is_dir() {
        EntryKind::Directory
    } else if file_type.is_symlink() {
        EntryKind::Link
    } else if file_type.is_file() {
        EntryKind::File { executable: false }
    } else {
        EntryKind::Special
    }
}

fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

fn bytes_path(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// A tree that a test wrote.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    entries: Vec<Entry>,
    contents: BTreeMap<Box<[u8]>, Vec<u8>>,
}

impl MemoryTree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, and the directories above it.
    #[must_use]
    pub fn file(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.with(path, EntryKind::File { executable: false }, content.into())
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.with(path, EntryKind::Link, target.into())
    }

    /// Adds an empty directory.
    #[must_use]
    pub fn directory(self, path: &str) -> Self {
        self.with(path, EntryKind::Directory, Vec::new())
    }

    fn with(mut self, path: &str, kind: EntryKind, content: Vec<u8>) -> Self {
        let mut parent = split_path(path.as_bytes()).0;
        while !parent.is_empty() {
            self.insert(parent, EntryKind::Directory);
            parent = split_path(parent).0;
        }
        self.insert(path.as_bytes(), kind);
        self.contents.insert(path.as_bytes().into(), content);
        self
    }

    fn insert(&mut self, path: &[u8], kind: EntryKind) {
        match self.entries.binary_search_by(|entry| (*entry.path).cmp(path)) {
            Ok(at) => self.entries[at].kind = kind,
            Err(at) => self.entries.insert(at, Entry { path: path.into(), kind, object: None }),
        }
    }
}

impl Tree for MemoryTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry, limit: usize) -> io::Result<Content> {
        match (entry.kind, self.contents.get(&entry.path)) {
            (EntryKind::File { .. }, Some(content)) => read_limited(content.as_slice(), limit),
            (EntryKind::File { .. }, None) => Err(io::ErrorKind::NotFound.into()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn size(&self, entry: &Entry) -> io::Result<u64> {
        self.contents
            .get(&entry.path)
            .map(|content| content.len() as u64)
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn link_target(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        self.contents.get(&entry.path).cloned().ok_or(io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved<'a>(tree: &'a MemoryTree, path: &str) -> Resolved<'a> {
        let at = find(tree.entries(), path.as_bytes()).expect("listed");
        resolve(tree, &tree.entries()[at])
    }

    #[test]
    fn links_are_followed_inside_the_tree_only() {
        let tree = MemoryTree::new()
            .file("docs/SECURITY.md", "x")
            .link("SECURITY.md", "docs/SECURITY.md")
            .link("again", "./docs/../SECURITY.md")
            .link("dir", "docs")
            .link("through", "dir/SECURITY.md")
            .link("out", "../etc/passwd")
            .link("absolute", "/etc/passwd")
            .link("dangling", "none")
            .link("a", "b")
            .link("b", "a");
        for path in ["SECURITY.md", "again", "through"] {
            assert!(
                matches!(resolved(&tree, path), Resolved::Entry(e) if &*e.path == b"docs/SECURITY.md"),
                "{path}: {:?}",
                resolved(&tree, path)
            );
        }
        assert_eq!(resolved(&tree, "out"), Resolved::Outside);
        assert_eq!(resolved(&tree, "absolute"), Resolved::Outside);
        assert_eq!(resolved(&tree, "dangling"), Resolved::Nothing);
        assert_eq!(resolved(&tree, "a"), Resolved::Nothing);
    }

    #[test]
    fn a_tracked_folder_that_became_a_link_is_not_followed() {
        let outside = tempfile::tempdir().expect("a directory");
        std::fs::write(outside.path().join("SECURITY.md"), "not ours").expect("write");
        let dir = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink(outside.path(), dir.path().join(".github")).expect("link");
        let paths = vec![b".github/SECURITY.md".to_vec()];
        let tree = WorkTree::open(dir.path(), Some(Tracked { paths, ..Tracked::default() })).expect("opens");
        let paths: Vec<_> =
            tree.entries().iter().map(|e| String::from_utf8_lossy(&e.path).into_owned()).collect();
        assert_eq!(paths, [".github"]);
    }

    #[test]
    fn a_submodule_is_listed_and_not_entered() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("third/src")).expect("mkdir");
        std::fs::write(dir.path().join("third/src/x"), "x").expect("write");
        let tracked = Tracked { submodules: vec![b"third".to_vec()], ..Tracked::default() };
        let tree = WorkTree::open(dir.path(), Some(tracked)).expect("opens");
        let kinds: Vec<_> = tree.entries().iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [EntryKind::Submodule]);
    }

    #[test]
    fn what_is_ignored_further_up_hides_nothing_outside_git() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join(".gitignore"), "*\n").expect("write");
        std::fs::create_dir(dir.path().join("plain")).expect("mkdir");
        std::fs::write(dir.path().join("plain/README.md"), "x").expect("write");
        let tree = WorkTree::open(&dir.path().join("plain"), None).expect("opens");
        assert_eq!(tree.entries().len(), 1);
    }

    #[test]
    fn reading_says_whether_it_was_all() {
        let tree = MemoryTree::new().file("a", "12345");
        let entry = &tree.entries()[0];
        assert_eq!(tree.read(entry, 5).expect("read"), Content { bytes: b"12345".to_vec(), whole: true });
        assert_eq!(tree.read(entry, 4).expect("read"), Content { bytes: b"1234".to_vec(), whole: false });
    }

    #[test]
    fn a_work_tree_has_what_git_would_track() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        std::fs::create_dir_all(root.join("target/debug")).expect("mkdir");
        std::fs::create_dir_all(root.join(".github")).expect("mkdir");
        std::fs::create_dir_all(root.join(".git")).expect("mkdir");
        for file in ["README.md", "target/debug/x", "target/kept", ".github/CODEOWNERS", ".git/HEAD"] {
            std::fs::write(root.join(file), "x").expect("write");
        }
        std::fs::write(root.join(".gitignore"), "/target\n").expect("write");
        let paths = vec![b"target/kept".to_vec(), b"gone".to_vec()];
        let tree = WorkTree::open(root, Some(Tracked { paths, ..Tracked::default() })).expect("opens");
        let paths: Vec<_> =
            tree.entries().iter().map(|e| String::from_utf8_lossy(&e.path).into_owned()).collect();
        assert_eq!(
            paths,
            [".github", ".github/CODEOWNERS", ".gitignore", "README.md", "target", "target/kept"]
        );
    }
}
