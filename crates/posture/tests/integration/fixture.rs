//! Repositories written for tests.

use std::collections::BTreeMap;
use std::path::Path;

use gix::ObjectId;
use gix::actor::SignatureRef;
use gix::objs::tree::{Entry, EntryKind};

/// A repository being written, commit by commit.
pub(crate) struct Fixture {
    repository: gix::Repository,
    head: Vec<ObjectId>,
}

impl Fixture {
    /// An empty one at `root`.
    pub(crate) fn new(root: &Path) -> Self {
        Self { repository: gix::init(root).expect("a repository"), head: Vec::new() }
    }

    /// Commits a tree; a path that ends in `@` is a symbolic link to its content.
    pub(crate) fn commit(
        &mut self,
        files: &BTreeMap<String, String>,
        message: &str,
        seconds: i64,
    ) -> ObjectId {
        self.commit_by("a@b", files, message, seconds)
    }

    /// As [`Fixture::commit`], with the author's address; the committer's is always the same.
    pub(crate) fn commit_by(
        &mut self,
        author: &str,
        files: &BTreeMap<String, String>,
        message: &str,
        seconds: i64,
    ) -> ObjectId {
        let paths: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let tree = self.tree(&paths);
        let time = format!("{seconds} +0000");
        let who = SignatureRef { name: "A".into(), email: "a@b".into(), time: &time };
        let author = SignatureRef { email: author.into(), ..who };
        let parents = self.head.iter().copied();
        let id = self
            .repository
            .commit_as(who, author, "HEAD", message, tree, parents)
            .expect("committed")
            .detach();
        self.head = vec![id];
        id
    }

    fn tree(&self, paths: &[(&str, &str)]) -> ObjectId {
        let mut entries: Vec<Entry> = Vec::new();
        let mut below: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (path, text) in paths {
            match path.split_once('/') {
                Some((directory, rest)) => below.entry(directory).or_default().push((rest, text)),
                None => {
                    let (name, kind) = match path.strip_suffix('@') {
                        Some(name) => (name, EntryKind::Link),
                        None => (*path, EntryKind::Blob),
                    };
                    let oid = self.repository.write_blob(text).expect("written").detach();
                    entries.push(Entry { mode: kind.into(), filename: name.into(), oid });
                }
            }
        }
        for (directory, paths) in below {
            let oid = self.tree(&paths);
            entries.push(Entry { mode: EntryKind::Tree.into(), filename: directory.into(), oid });
        }
        entries.sort();
        self.repository.write_object(gix::objs::Tree { entries }).expect("written").detach()
    }
}

/// Makes a repository at `root` with empty commits of these messages, a day apart, the last one at `seconds`.
pub(crate) fn repository(root: &Path, messages: &[&str], seconds: i64) {
    let mut fixture = Fixture::new(root);
    for (at, message) in messages.iter().enumerate() {
        let age = i64::try_from(messages.len() - 1 - at).expect("small") * 86_400;
        fixture.commit(&BTreeMap::new(), message, seconds - age);
    }
}
