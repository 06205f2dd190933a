//! What git knows: commits, trees, tags, where the repository came from.
//!
//! Reads repositories with a pure-Rust library, never runs a program, never reads the user's or the system's git
//! configuration. Principal types: [`GitRepository`], [`Commit`], [`CommitTree`]. Which commits matter is decided by
//! rules; fetching over the network is in `forge`.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::tree::EntryKind as GitKind;

use crate::tree::{Content, Entry, EntryKind, MAX_ENTRIES, Tracked, Tree};

/// Why something could not be read from git.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// There is a repository, and it cannot be opened.
    #[error("cannot open the git repository at {path}: {why}")]
    Open {
        /// The folder.
        path: PathBuf,
        /// What git's own files say.
        why: String,
    },
    /// A revision that does not name a commit.
    #[error("`{revision}` does not name a commit of this repository: {why}")]
    Revision {
        /// As it was given.
        revision: String,
        /// What is wrong.
        why: String,
    },
    /// Something in the object database is missing or broken.
    #[error("cannot read {what} from git: {why}")]
    Object {
        /// What was wanted.
        what: String,
        /// What went wrong.
        why: String,
    },
}

fn object_error(what: impl ToString, why: impl ToString) -> GitError {
    GitError::Object { what: what.to_string(), why: why.to_string() }
}

/// A commit's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub ObjectId);

impl std::fmt::Display for CommitId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A name and an address, with the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Name as written in the commit.
    pub name: String,
    /// E-mail address as written in the commit.
    pub email: String,
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
}

/// A commit, as far as rules ask about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// Its tree's id.
    pub tree: ObjectId,
    /// Its parents, the first one first.
    pub parents: Vec<CommitId>,
    /// Who wrote it.
    pub author: Signature,
    /// Who committed it.
    pub committer: Signature,
    /// The whole message; invalid UTF-8 replaced.
    pub message: String,
    /// Whether it carries a signature. It is not verified.
    pub signed: bool,
}

/// A tag and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Name without `refs/tags/`.
    pub name: String,
    /// The commit it points to.
    pub commit: CommitId,
    /// When: the tagger's date, or the commit's for a lightweight tag.
    pub seconds: i64,
    /// Whether it is an object of its own, with a message.
    pub annotated: bool,
    /// Whether that object carries a signature. It is not verified.
    pub signed: bool,
}

/// A repository on disk.
pub struct GitRepository {
    inner: gix::ThreadSafeRepository,
    /// Parsed commits; the window of one commit of a history overlaps with that of the next.
    commits: Mutex<HashMap<CommitId, Arc<Commit>>>,
}

impl std::fmt::Debug for GitRepository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitRepository").field("git_dir", &self.git_dir()).finish_non_exhaustive()
    }
}

impl GitRepository {
    /// Opens the repository that `path` is, or is inside of; none if there is none.
    ///
    /// # Errors
    ///
    /// [`GitError::Open`] if there is one that cannot be read.
    pub fn discover(path: &Path) -> Result<Option<Self>, GitError> {
        let upwards =
            gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
        let Ok((found, _trust)) = gix::discover::upwards_opts(path, upwards) else { return Ok(None) };
        let (git_dir, work_dir) = found.into_repository_and_work_tree_directories();
        // Only this repository's own files: a verdict must not depend on who runs it. Ownership by another user is
        // no reason to refuse, since nothing in the repository is ever executed.
        let options = gix::open::Options::isolated().with(gix::sec::Trust::Full).open_path_as_is(true);
        let inner = options
            .open(&git_dir)
            .map_err(|why| GitError::Open { path: work_dir.unwrap_or(git_dir), why: why.to_string() })?;
        Ok(Some(Self { inner, commits: Mutex::default() }))
    }

    fn local(&self) -> gix::Repository {
        let mut local = self.inner.to_thread_local();
        local.object_cache_size_if_unset(16 << 20);
        local
    }

    /// The folder with git's own files.
    pub fn git_dir(&self) -> PathBuf {
        self.inner.to_thread_local().git_dir().to_owned()
    }

    /// The folder that is checked out; none for a bare repository.
    pub fn work_dir(&self) -> Option<PathBuf> {
        self.inner.to_thread_local().workdir().map(Path::to_owned)
    }

    /// Whether history was cut off when it was cloned.
    pub fn is_shallow(&self) -> bool {
        // A `shallow` file that cannot be read promises nothing about what is behind it.
        self.inner.to_thread_local().is_shallow().unwrap_or(true)
    }

    /// URL of the remote called `origin`, or of the only one.
    pub fn origin_url(&self) -> Option<String> {
        let local = self.inner.to_thread_local();
        let remote = local.find_default_remote(gix::remote::Direction::Fetch)?.ok()?;
        Some(remote.url(gix::remote::Direction::Fetch)?.to_bstring().to_string())
    }

    /// Name of the branch that `origin` calls its default, or else of the one checked out.
    pub fn default_branch(&self) -> Option<String> {
        let local = self.inner.to_thread_local();
        let remote_head = local.try_find_reference("refs/remotes/origin/HEAD").ok().flatten();
        if let Some(name) =
            remote_head.and_then(|head| head.target().try_name().map(|name| name.as_bstr().to_string()))
        {
            return name.strip_prefix("refs/remotes/origin/").map(str::to_owned);
        }
        Some(local.head_name().ok()??.shorten().to_string())
    }

    /// The commit that is checked out; none where nothing has been committed.
    ///
    /// # Errors
    ///
    /// [`GitError::Object`] if `HEAD` points to something that is not there.
    pub fn head(&self) -> Result<Option<CommitId>, GitError> {
        let local = self.inner.to_thread_local();
        let mut head = local.head().map_err(|why| object_error("HEAD", why))?;
        if head.is_unborn() {
            return Ok(None);
        }
        let commit = head.peel_to_commit().map_err(|why| object_error("HEAD", why))?;
        Ok(Some(CommitId(commit.id)))
    }

    /// The commit that a revision names: a tag, a branch, an abbreviated id, `HEAD~3`.
    ///
    /// # Errors
    ///
    /// [`GitError::Revision`] if it names none.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        let local = self.inner.to_thread_local();
        let failed = |why: String| GitError::Revision { revision: revision.to_owned(), why };
        let id = local.rev_parse_single(revision).map_err(|why| failed(why.to_string()))?;
        let object = id.object().map_err(|why| failed(why.to_string()))?;
        let commit = object.peel_to_commit().map_err(|why| failed(why.to_string()))?;
        Ok(CommitId(commit.id))
    }

    /// Reads a commit; parsed once.
    ///
    /// # Errors
    ///
    /// [`GitError::Object`] if it is not there (a shallow clone) or broken.
    pub fn commit(&self, id: CommitId) -> Result<Arc<Commit>, GitError> {
        self.commit_with(&self.inner.to_thread_local(), id)
    }

    fn commit_with(&self, local: &gix::Repository, id: CommitId) -> Result<Arc<Commit>, GitError> {
        if let Some(commit) = self.commits.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(commit.clone());
        }
        let what = || format!("commit {id}");
        let object = local.find_commit(id.0).map_err(|why| object_error(what(), why))?;
        let decoded = object.decode().map_err(|why| object_error(what(), why))?;
        let signature = |signature: gix::actor::SignatureRef<'_>| Signature {
            name: signature.name.to_string(),
            email: signature.email.to_string(),
            seconds: signature.seconds(),
        };
        let commit = Arc::new(Commit {
            id,
            tree: decoded.tree(),
            parents: decoded.parents().map(CommitId).collect(),
            author: signature(decoded.author().map_err(|why| object_error(what(), why))?),
            committer: signature(decoded.committer().map_err(|why| object_error(what(), why))?),
            message: decoded.message.to_string(),
            signed: decoded.extra_headers.iter().any(|(name, _)| name.starts_with(b"gpgsig")),
        });
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).insert(id, commit.clone());
        Ok(commit)
    }

    /// Commits reachable from `from`, the newest first, `from` itself the first of all.
    ///
    /// An error ends the walk; in a shallow clone the walk ends where history was cut.
    pub fn ancestors(&self, from: CommitId) -> Ancestors<'_> {
        Ancestors { git: self, local: self.local(), pending: Pending::starting_at(from), failed: false }
    }

    /// The first-parent line from `from` back, `from` first, while commits are not older than `since` (seconds
    /// since 1970) and not more than `most`. The second value says whether a cut-off history ended it early.
    ///
    /// # Errors
    ///
    /// [`GitError::Object`] if a commit that should be there cannot be read.
    pub fn first_parents(
        &self,
        from: CommitId,
        since: i64,
        most: usize,
    ) -> Result<(Vec<Arc<Commit>>, bool), GitError> {
        let local = self.local();
        let mut line = Vec::new();
        let mut next = Some(from);
        while let Some(id) = next.filter(|_| line.len() < most) {
            let commit = match self.commit_with(&local, id) {
                Ok(commit) => commit,
                Err(_) if self.is_shallow() && !line.is_empty() => return Ok((line, true)),
                Err(error) => return Err(error),
            };
            if commit.committer.seconds < since && !line.is_empty() {
                break;
            }
            next = commit.parents.first().copied();
            line.push(commit);
        }
        Ok((line, false))
    }

    /// All tags that lead to a commit, by name.
    pub fn tags(&self) -> Vec<Tag> {
        let local = self.local();
        let mut tags = Vec::new();
        let Ok(references) = local.references() else { return tags };
        let Ok(all) = references.tags() else { return tags };
        for mut reference in all.flatten() {
            let name = reference.name().shorten().to_string();
            let target = reference.try_id().map(gix::Id::detach);
            let Ok(commit) = reference.peel_to_id().map(|id| CommitId(id.detach())) else { continue };
            let Ok(read) = self.commit_with(&local, commit) else { continue };
            let object = target.filter(|&id| id != commit.0).and_then(|id| local.find_tag(id).ok());
            let decoded = object.as_ref().and_then(|tag| tag.decode().ok());
            let seconds = decoded
                .as_ref()
                .and_then(|tag| tag.tagger().ok().flatten())
                .map_or(read.committer.seconds, |tagger| tagger.seconds());
            tags.push(Tag {
                name,
                commit,
                seconds,
                annotated: decoded.is_some(),
                signed: decoded.is_some_and(|tag| tag.signature.is_some()),
            });
        }
        tags.sort_by(|a, b| a.name.cmp(&b.name));
        tags
    }

    /// What the index tracks below `prefix` (with a slash at the end; empty for all), relative to it.
    pub fn tracked(&self, prefix: &[u8]) -> Tracked {
        let mut tracked = Tracked::default();
        if let Ok(index) = self.inner.to_thread_local().index_or_empty() {
            for entry in index.entries() {
                let Some(path) = entry.path(&index).strip_prefix(prefix) else { continue };
                match entry.mode {
                    gix::index::entry::Mode::COMMIT => tracked.submodules.push(path.to_vec()),
                    _ => tracked.paths.push(path.to_vec()),
                }
            }
        }
        tracked
    }

    /// Lists the tree of a commit, or the part of it below `prefix` (with a slash at the end).
    ///
    /// # Errors
    ///
    /// [`GitError::Object`] if a part of it is missing or broken, or if the commit has no such folder.
    pub fn tree_of(self: &Arc<Self>, commit: CommitId, prefix: &[u8]) -> Result<CommitTree, GitError> {
        let folder = || format!("folder {} of commit {commit}", String::from_utf8_lossy(prefix));
        let tree =
            self.folder_of(commit, prefix)?.ok_or_else(|| object_error(folder(), "it is not there"))?;
        self.tree(tree)
    }

    /// Id of a commit's tree, or of the folder `prefix` in it; none if the commit has no such folder.
    ///
    /// # Errors
    ///
    /// [`GitError::Object`] if something is missing or broken.
    pub fn folder_of(&self, commit: CommitId, prefix: &[u8]) -> Result<Option<ObjectId>, GitError> {
        let mut tree = self.commit(commit)?.tree;
        for part in prefix.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
            let entries = read_tree(&self.local(), tree)?;
            match entries.into_iter().find(|entry| entry.mode.is_tree() && entry.filename == part) {
                Some(below) => tree = below.oid,
                None => return Ok(None),
            }
        }
        Ok(Some(tree))
    }

    /// A tree without anything in it.
    pub fn empty_tree(self: &Arc<Self>) -> CommitTree {
        CommitTree { git: self.clone(), entries: Vec::new() }
    }

    /// Lists a tree.
    ///
    /// # Errors
    ///
    /// [`GitError::Object`] if a part of it is missing or broken.
    pub fn tree(self: &Arc<Self>, tree: ObjectId) -> Result<CommitTree, GitError> {
        let local = self.local();
        let mut entries = Vec::new();
        list(&local, tree, &mut Vec::new(), &mut entries)?;
        // Git sorts a directory as if its name ended in `/`.
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(CommitTree { git: self.clone(), entries })
    }

    /// What differs between two trees, as paths with what is there now, sorted by path. Subtrees with the same id are
    /// not looked into.
    ///
    /// # Errors
    ///
    /// [`GitError::Object`] if a part is missing or broken.
    pub fn changes(&self, before: ObjectId, after: ObjectId) -> Result<Vec<Change>, GitError> {
        let local = self.local();
        let mut changes = Vec::new();
        compare(&local, Some(before), Some(after), &mut Vec::new(), &mut changes)?;
        // A name that was a file and is a folder now, or the other way round, is told once.
        changes.sort_by(|a, b| a.path.cmp(&b.path).then(a.now.is_none().cmp(&b.now.is_none())));
        changes.dedup_by(|later, first| later.path == first.path);
        Ok(changes)
    }
}

/// A name that differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path.
    pub path: Box<[u8]>,
    /// What is there now; none if it is gone.
    pub now: Option<Entry>,
}

/// Walks commits from the newest to the oldest.
pub struct Ancestors<'r> {
    git: &'r GitRepository,
    local: gix::Repository,
    pending: Pending,
    failed: bool,
}

/// Commits found and not yet given out. `git log` order: by commit time, among equals the one found first.
#[derive(Default)]
struct Pending {
    first: Option<CommitId>,
    queue: VecDeque<Arc<Commit>>,
    seen: std::collections::HashSet<CommitId>,
}

impl Pending {
    fn starting_at(id: CommitId) -> Self {
        Self { first: Some(id), ..Self::default() }
    }
}

impl Ancestors<'_> {
    fn enqueue(&mut self, id: CommitId) -> Result<(), GitError> {
        if !self.pending.seen.insert(id) {
            return Ok(());
        }
        let commit = self.git.commit_with(&self.local, id)?;
        let at =
            self.pending.queue.partition_point(|other| other.committer.seconds >= commit.committer.seconds);
        self.pending.queue.insert(at, commit);
        Ok(())
    }
}

impl Iterator for Ancestors<'_> {
    type Item = Result<Arc<Commit>, GitError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if let Some(first) = self.pending.first.take()
            && let Err(error) = self.enqueue(first)
        {
            self.failed = true;
            return Some(Err(error));
        }
        let commit = self.pending.queue.pop_front()?;
        for &parent in &commit.parents {
            if let Err(error) = self.enqueue(parent) {
                if self.git.is_shallow() {
                    continue;
                }
                self.failed = true;
                return Some(Err(error));
            }
        }
        Some(Ok(commit))
    }
}

fn kind_of(mode: GitKind) -> EntryKind {
    match mode {
        GitKind::Tree => EntryKind::Directory,
        GitKind::Blob => EntryKind::File { executable: false },
        GitKind::BlobExecutable => EntryKind::File { executable: true },
        GitKind::Link => EntryKind::Link,
        GitKind::Commit => EntryKind::Submodule,
    }
}

fn read_tree(local: &gix::Repository, id: ObjectId) -> Result<Vec<gix::objs::tree::Entry>, GitError> {
    if id.is_empty_tree() {
        return Ok(Vec::new());
    }
    let object = local.find_object(id).map_err(|why| object_error(format!("tree {id}"), why))?;
    let tree = object.try_into_tree().map_err(|why| object_error(format!("tree {id}"), why))?;
    let decoded = tree.decode().map_err(|why| object_error(format!("tree {id}"), why))?;
    Ok(decoded.entries.into_iter().map(Into::into).collect())
}

/// Trees nested deeper than this are refused: no project has them, and a hostile one must not exhaust the stack.
const MAX_DEPTH: usize = 512;

fn list(
    local: &gix::Repository,
    tree: ObjectId,
    prefix: &mut Vec<u8>,
    into: &mut Vec<Entry>,
) -> Result<(), GitError> {
    if prefix.iter().filter(|&&byte| byte == b'/').count() > MAX_DEPTH {
        return Err(object_error(format!("tree {tree}"), "directories are nested too deeply"));
    }
    for entry in read_tree(local, tree)? {
        if into.len() == MAX_ENTRIES {
            return Err(object_error(
                format!("tree {tree}"),
                format!("it has more than {MAX_ENTRIES} names"),
            ));
        }
        let length = prefix.len();
        prefix.extend_from_slice(&entry.filename);
        let kind = kind_of(entry.mode.kind());
        into.push(Entry { path: prefix.as_slice().into(), kind, object: Some(entry.oid) });
        if kind == EntryKind::Directory {
            prefix.push(b'/');
            list(local, entry.oid, prefix, into)?;
        }
        prefix.truncate(length);
    }
    Ok(())
}

fn compare(
    local: &gix::Repository,
    before: Option<ObjectId>,
    after: Option<ObjectId>,
    prefix: &mut Vec<u8>,
    into: &mut Vec<Change>,
) -> Result<(), GitError> {
    if before == after {
        return Ok(());
    }
    if prefix.iter().filter(|&&byte| byte == b'/').count() > MAX_DEPTH {
        return Err(object_error("a tree", "directories are nested too deeply"));
    }
    if into.len() > MAX_ENTRIES {
        return Err(object_error("the changes of a commit", format!("there are more than {MAX_ENTRIES}")));
    }
    let entries = |tree: Option<ObjectId>| tree.map_or_else(|| Ok(Vec::new()), |id| read_tree(local, id));
    let (old, new) = (entries(before)?, entries(after)?);
    let mut old: HashMap<_, _> = old.into_iter().map(|entry| (entry.filename.clone(), entry)).collect();
    for entry in new {
        let was = old.remove(&entry.filename);
        if was.as_ref().is_some_and(|was| was.oid == entry.oid && was.mode == entry.mode) {
            continue;
        }
        let length = prefix.len();
        prefix.extend_from_slice(&entry.filename);
        let kind = kind_of(entry.mode.kind());
        let path: Box<[u8]> = prefix.as_slice().into();
        into.push(Change { path: path.clone(), now: Some(Entry { path, kind, object: Some(entry.oid) }) });
        let subtree = |entry: &gix::objs::tree::Entry| entry.mode.is_tree().then_some(entry.oid);
        prefix.push(b'/');
        compare(local, was.as_ref().and_then(subtree), subtree(&entry), prefix, into)?;
        prefix.truncate(length);
    }
    for gone in old.into_values() {
        let length = prefix.len();
        prefix.extend_from_slice(&gone.filename);
        into.push(Change { path: prefix.as_slice().into(), now: None });
        if gone.mode.is_tree() {
            prefix.push(b'/');
            compare(local, Some(gone.oid), None, prefix, into)?;
        }
        prefix.truncate(length);
    }
    Ok(())
}

/// Brings a list sorted by path up to date with changes sorted by path, in one pass.
pub(crate) fn merge<T>(
    list: &mut Vec<T>,
    changes: &[Change],
    path: impl Fn(&T) -> &[u8],
    make: impl Fn(&Entry) -> T,
) {
    if changes.is_empty() {
        return;
    }
    let old = std::mem::take(list);
    list.reserve(old.len() + changes.len());
    let mut changes = changes.iter().peekable();
    for item in old {
        let mut replaced = false;
        while let Some(change) = changes.next_if(|change| *change.path <= *path(&item)) {
            replaced |= *change.path == *path(&item);
            list.extend(change.now.as_ref().map(&make));
        }
        if !replaced {
            list.push(item);
        }
    }
    list.extend(changes.filter_map(|change| change.now.as_ref().map(&make)));
}

/// The tree of a commit, read from the object database.
#[derive(Debug, Clone)]
pub struct CommitTree {
    git: Arc<GitRepository>,
    entries: Vec<Entry>,
}

impl CommitTree {
    /// Goes on to another commit's tree by what changed between the two, sorted by path.
    pub fn apply(&mut self, changes: &[Change]) {
        merge(&mut self.entries, changes, |entry| &entry.path, Entry::clone);
    }

    fn object(&self, entry: &Entry, wanted: &[EntryKind]) -> io::Result<Vec<u8>> {
        let id = entry.object.filter(|_| wanted.contains(&entry.kind)).ok_or(io::ErrorKind::InvalidInput)?;
        let local = self.git.inner.to_thread_local();
        let mut object = local.find_object(id).map_err(io::Error::other)?;
        Ok(std::mem::take(&mut object.data))
    }
}

const FILES: [EntryKind; 2] = [EntryKind::File { executable: false }, EntryKind::File { executable: true }];

impl Tree for CommitTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry, limit: usize) -> io::Result<Content> {
        if self.size(entry)? > MAX_BLOB {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = self.object(entry, &FILES)?;
        let whole = bytes.len() <= limit;
        bytes.truncate(limit);
        Ok(Content { bytes, whole })
    }

    fn size(&self, entry: &Entry) -> io::Result<u64> {
        let id = entry.object.filter(|_| FILES.contains(&entry.kind)).ok_or(io::ErrorKind::InvalidInput)?;
        let header = self.git.inner.to_thread_local().find_header(id).map_err(io::Error::other)?;
        Ok(header.size())
    }

    fn link_target(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        self.object(entry, &[EntryKind::Link])
    }
}

/// A blob has to be unpacked whole even if only its beginning is wanted; larger ones are not looked into.
const MAX_BLOB: u64 = 256 << 20;
