//! [`Plan`]: a repository that looks like that of a grown project.
//!
//! Most of the files are there from the first commit on, the others come one by one; each commit also changes a few. The
//! documents that checks look for arrive over time, some change, and workflows change now and then, so that the score
//! has a history. Every tenth commit on the main line merges a branch.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use fastrand::Rng;
use gix::ObjectId;
use gix::objs::tree::EntryKind;
use gix::refs::transaction::PreviousValue;

/// What went wrong; whatever it is, there is no repository to measure with.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

const DAY: i64 = 24 * 60 * 60;

/// How large a repository is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Files in the newest commit.
    pub files: usize,
    /// Commits on the main line, merges included.
    pub commits: usize,
    /// Over how many days they are spread.
    pub days: u32,
    /// When the newest commit was made, in seconds since 1970.
    pub newest: i64,
}

/// The repository while it is being made.
struct Site {
    repository: gix::Repository,
    rng: Rng,
    tree: ObjectId,
    /// Files of the newest commit so far, for changes to choose from.
    files: Vec<String>,
    contents: BTreeMap<String, Vec<u8>>,
}

/// Parts of paths: some 1,500 folders in all, as a project of 10,000 files has.
const AREAS: [&str; 12] = [
    "api",
    "cmd",
    "docs",
    "hack",
    "internal",
    "pkg",
    "plugins",
    "scripts",
    "test",
    "tools",
    "ui",
    "userspace",
];
const NAMES: [&str; 16] = [
    "agent", "buffer", "cache", "config", "driver", "engine", "event", "filter", "index", "loader", "metric",
    "parser", "queue", "rule", "schema", "worker",
];
const EXTENSIONS: [(&str, u8); 8] =
    [("go", 40), ("rs", 60), ("md", 68), ("yaml", 78), ("json", 82), ("sh", 86), ("py", 95), ("png", 100)];

/// When, in thousandths of the way, which document arrives or changes.
const DOCUMENTS: [(usize, &str, &str); 16] = [
    (
        0,
        "README.md",
        "# Synthetic\n\nA program that does nothing, at length.\n\n## Build\n\nSee [the guide](docs/guide.md).\n",
    ),
    (0, "LICENSE", include_str!("../../LICENSE")),
    (0, "docs/guide.md", "# Guide\n\n1. Read.\n2. Build.\n"),
    (20, "CONTRIBUTING.md", "# Contributing\n\nSend a change; sign it off.\n"),
    (
        60,
        ".github/workflows/ci.yml",
        "name: CI\non: [push, pull_request]\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: make test\n",
    ),
    (120, "OWNERS", "approvers:\n  - ada\n  - grace\nreviewers:\n  - edsger\n"),
    (180, "CODE_OF_CONDUCT.md", "# Code of conduct\n\nWe follow the CNCF Code of Conduct.\n"),
    (240, "CHANGELOG.md", "# Changelog\n\n## 0.1.0\n\n- First release.\n"),
    (300, "SECURITY.md", "# Security policy\n\nWrite to security@synthetic.example.\n"),
    (360, "GOVERNANCE.md", "# Governance\n\nMaintainers decide by lazy consensus.\n"),
    (
        420,
        ".github/workflows/release.yml",
        "name: Release\non:\n  push:\n    tags: ['v*']\npermissions: write-all\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with: {push: true}\n",
    ),
    (480, "ROADMAP.md", "# Roadmap\n\n* More of nothing.\n"),
    (
        560,
        ".github/workflows/release.yml",
        "name: Release\non:\n  push:\n    tags: ['v*']\npermissions:\n  contents: read\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    permissions: {packages: write}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with: {push: true}\n",
    ),
    (
        640,
        ".github/dependabot.yml",
        "version: 2\nupdates:\n  - package-ecosystem: gomod\n    directory: /\n    schedule: {interval: weekly}\n",
    ),
    (720, "ADOPTERS.md", "# Adopters\n\n* Example Inc.\n"),
    (
        800,
        "README.md",
        "# Synthetic\n\n[![OpenSSF](https://www.bestpractices.dev/projects/1/badge)](https://www.bestpractices.dev/projects/1)\n\nA program that does nothing, at length.\n\n## Community meetings\n\nEvery second Wednesday.\n",
    ),
];

impl Plan {
    /// Makes the repository in a folder that is empty or does not exist: objects, the branch `main`, the work tree and
    /// its index.
    ///
    /// # Errors
    ///
    /// Whatever the file system or git's object database says.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let repository = gix::ThreadSafeRepository::init_opts(
            folder,
            gix::create::Kind::WithWorktree,
            gix::create::Options::default(),
            // Nobody wants to know who moved the branch.
            gix::open::Options::isolated().config_overrides(["core.logAllRefUpdates=false"]),
        )?
        .to_thread_local();
        let tree = ObjectId::empty_tree(repository.object_hash());
        let mut site =
            Site { tree, repository, rng: Rng::with_seed(1), files: Vec::new(), contents: BTreeMap::new() };
        let commits = self.commits.max(1);
        let mut head = None;
        for number in 0..commits {
            let mut changes = self.documents(number, commits);
            // Two thirds of the files are there from the beginning.
            let planned = self.files * 2 / 3 + self.files * number / commits / 3;
            while site.files.len() + changes.len() < planned {
                changes.push(site.new_file());
            }
            if number + 1 == commits {
                while site.files.len() + site.unseen(&changes) < self.files {
                    changes.push(site.new_file());
                }
            }
            for _ in 0..3 {
                changes.extend(site.changed_file());
            }
            let time =
                self.newest - i64::from(self.days) * DAY * (commits - 1 - number) as i64 / commits as i64;
            let parents: Vec<ObjectId> = head.into_iter().collect();
            if number % 10 == 9 {
                let branch = changes.split_off(changes.len() / 2);
                let side = site.commit(branch, &parents, time - 60, number, false)?;
                let both = parents.into_iter().chain([side]).collect::<Vec<_>>();
                head = Some(site.commit(changes, &both, time, number, true)?);
            } else {
                head = Some(site.commit(changes, &parents, time, number, false)?);
            }
        }
        site.finish(folder, head)
    }

    fn documents(&self, number: usize, commits: usize) -> Vec<(String, Vec<u8>)> {
        DOCUMENTS
            .iter()
            .filter(|(at, ..)| at * commits / 1000 == number)
            .map(|(_, path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }
}

impl Site {
    /// How many of the changes are new files.
    fn unseen(&self, changes: &[(String, Vec<u8>)]) -> usize {
        changes.iter().filter(|(path, _)| !self.contents.contains_key(path)).count()
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.rng.usize(..words.len())]
    }

    fn new_file(&mut self) -> (String, Vec<u8>) {
        let mut path = self.pick(&AREAS).to_owned();
        for choice in [8, 5, 2].into_iter().take(self.rng.usize(1..4)) {
            path.push('/');
            path.push_str(self.pick(&NAMES[..choice]));
        }
        let roll = self.rng.u8(..100);
        let extension = EXTENSIONS.iter().find(|(_, upto)| roll < *upto).map_or("txt", |(name, _)| name);
        // The number makes the name unlike all others.
        let _ = write!(
            path,
            "/{}_{}.{extension}",
            self.pick(&NAMES),
            self.contents.len() + self.rng.usize(..1 << 40)
        );
        let content = self.content(extension);
        (path, content)
    }

    fn changed_file(&mut self) -> Option<(String, Vec<u8>)> {
        if self.files.is_empty() {
            return None;
        }
        let path = self.files[self.rng.usize(..self.files.len())].clone();
        // Only files whose text means nothing, so that documents stay as they were planned.
        if !path.contains('_') || path.starts_with(".github") {
            return None;
        }
        let mut content = self.contents.get(&path)?.clone();
        let at = self.rng.usize(..=content.len());
        let line = self.line();
        content.splice(at..at, line.into_bytes());
        Some((path, content))
    }

    /// 1 to 8 KiB of lines that compress as well as source does; an image is a PNG signature and noise.
    fn content(&mut self, extension: &str) -> Vec<u8> {
        let size = self.rng.usize(1 << 10..8 << 10);
        if extension == "png" {
            let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
            bytes.extend((0..size).map(|_| self.rng.u8(..)));
            return bytes;
        }
        let mut text = String::with_capacity(size);
        while text.len() < size {
            text.push_str(&self.line());
        }
        text.into_bytes()
    }

    fn line(&mut self) -> String {
        let indent = " ".repeat(4 * self.rng.usize(..4));
        let (a, b, c) = (self.pick(&NAMES), self.pick(&NAMES), self.pick(&NAMES));
        format!("{indent}{a} = {b}.{c}({});\n", self.rng.u16(..))
    }

    fn commit(
        &mut self,
        changes: Vec<(String, Vec<u8>)>,
        parents: &[ObjectId],
        time: i64,
        number: usize,
        merge: bool,
    ) -> Result<ObjectId, Error> {
        let mut editor = self.repository.edit_tree(self.tree)?;
        for (path, content) in &changes {
            let blob = self.repository.write_blob(content)?;
            editor.upsert(path.as_str(), EntryKind::Blob, blob.detach())?;
        }
        self.tree = editor.write()?.detach();
        for (path, content) in changes {
            if self.contents.insert(path.clone(), content).is_none() {
                self.files.push(path);
            }
        }
        let author = gix::actor::Signature {
            name: format!("Author {}", self.rng.u8(..40)).into(),
            email: format!("author{}@example.org", self.rng.u8(..40)).into(),
            time: gix::date::Time::new(time, 0),
        };
        let message = if merge {
            format!("Merge pull request #{number} from example/branch-{number}\n")
        } else {
            let signed_off =
                if number % 50 == 7 { "" } else { "\nSigned-off-by: Author <author@example.org>\n" };
            format!(
                "{}: {} the {}\n{signed_off}",
                self.pick(&NAMES),
                self.pick(&["fix", "add", "test"]),
                self.pick(&NAMES)
            )
        };
        let commit = gix::objs::Commit {
            tree: self.tree,
            parents: parents.iter().copied().collect(),
            committer: author.clone(),
            author,
            encoding: None,
            message: message.into(),
            extra_headers: Vec::new(),
        };
        Ok(self.repository.write_object(&commit)?.detach())
    }

    fn finish(self, folder: &Path, head: Option<ObjectId>) -> Result<(), Error> {
        for (path, content) in &self.contents {
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(file, content)?;
        }
        if let Some(head) = head {
            self.repository.reference("refs/heads/main", head, PreviousValue::Any, "made to be measured")?;
        }
        let mut index = self.repository.index_from_tree(&self.tree)?;
        index.write(gix::index::write::Options::default())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(plan: Plan) -> (tempfile::TempDir, gix::Repository) {
        let folder = tempfile::tempdir().unwrap();
        plan.write(folder.path()).unwrap();
        let repository = gix::open_opts(folder.path(), gix::open::Options::isolated()).unwrap();
        (folder, repository)
    }

    /// Commits from the newest along first parents, each with its tree.
    fn main_line(repository: &gix::Repository) -> Vec<(ObjectId, ObjectId)> {
        let mut line = Vec::new();
        let mut next = Some(repository.head_id().unwrap().detach());
        while let Some(id) = next {
            let commit = repository.find_commit(id).unwrap();
            line.push((id, commit.tree_id().unwrap().detach()));
            next = commit.parent_ids().next().map(gix::Id::detach);
        }
        line
    }

    #[test]
    fn has_the_size_that_was_planned_and_is_the_same_every_time() {
        let plan = Plan { files: 90, commits: 30, days: 300, newest: 1_800_000_000 };
        let (folder, repository) = written(plan);
        let line = main_line(&repository);
        assert_eq!(line.len(), 30);
        let index = repository.open_index().unwrap();
        assert_eq!(index.entries().len(), 90);
        for entry in index.entries() {
            let path = entry.path(&index).to_string();
            let content = std::fs::read(folder.path().join(&path)).unwrap();
            assert_eq!(repository.find_blob(entry.id).unwrap().data, content, "{path}");
        }
        for pair in line.windows(2) {
            assert_ne!(pair[0].1, pair[1].1, "a commit changes nothing");
        }
        let (_other, again) = written(plan);
        assert_eq!(main_line(&again), line);
    }
}
