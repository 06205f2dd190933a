//! `CHANGELOG.md` from the version tags in git and the subjects of the commits between them.
//!
//! A commit belongs to the oldest version that contains it. Merges say nothing that the merged commits do not, and are
//! left out.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::Regex;

use super::{Draft, Offer};
use crate::facts::Facts;
use crate::git::{Commit, CommitId, GitError, GitRepository, Tag};
use crate::parse::commit::Message;

const PATH: &str = "CHANGELOG.md";

/// At most so many subjects are listed for a version.
const MOST_SUBJECTS: usize = 30;

/// A history with more commits than this is not read through.
const MOST_COMMITS: usize = 100_000;

/// A longer subject is cut.
const MOST_CHARS: usize = 200;

/// What a list of changes is called where it is not called CHANGELOG, in lower case and without extension.
const OTHER_NAMES: [&str; 9] = [
    "changes",
    "history",
    "news",
    "release-notes",
    "release_notes",
    "releasenotes",
    "releases",
    "whats-new",
    "whatsnew",
];

pub(super) fn offer(facts: &Facts) -> Offer {
    let Some(git) = &facts.sources.git else {
        return Offer::refusing("there is no git repository with tags");
    };
    if !git.at_root {
        return Offer::refusing("the folder is only a part of the git repository whose tags these are");
    }
    for entry in facts.sources.tree.entries() {
        let name = String::from_utf8_lossy(&entry.path);
        let stem = name.split_once('.').map_or(&*name, |(stem, _)| stem).to_ascii_lowercase();
        if OTHER_NAMES.contains(&&*stem) {
            return Offer::refusing(format!(
                "{name} seems to tell what changed: link to it as \"Changelog\""
            ));
        }
    }
    if git.repository.is_shallow() {
        return Offer::refusing(
            "the clone is shallow: fetch the whole history (`git fetch --unshallow --tags`)",
        );
    }
    let versions = versions(git.repository.tags());
    if versions.is_empty() {
        return Offer::refusing("git has no version tags (such as v1.2.0) to tell the changes from");
    }
    match sections(&git.repository, &versions) {
        Ok(Some(text)) => {
            let why = format!(
                "Git has {} version tag{}; the sections hold the subjects of the commits between them, for you to edit.",
                versions.len(),
                if versions.len() == 1 { "" } else { "s" }
            );
            Offer::writing(Draft { path: PATH.to_owned(), before: None, after: text, why })
        }
        Ok(None) => Offer::refusing(format!("the history has more than {MOST_COMMITS} commits")),
        Err(error) => Offer::refusing(error.to_string()),
    }
}

/// A tag that names a version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    tag: Tag,
    numbers: Vec<u64>,
    /// Absent for the release itself, which comes after its pre-releases.
    pre_release: Option<String>,
}

impl Version {
    fn of(tag: Tag) -> Option<Version> {
        let form =
            Regex::new(r"^v?([0-9]+(?:\.[0-9]+){1,3})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$").ok()?;
        let (numbers, pre_release) = {
            let found = form.captures(&tag.name)?;
            let numbers: Option<Vec<u64>> = found[1].split('.').map(|number| number.parse().ok()).collect();
            (numbers?, found.get(2).map(|pre| pre.as_str().to_owned()))
        };
        Some(Version { tag, numbers, pre_release })
    }

    /// By time, and what was tagged at once by number.
    fn cmp(&self, other: &Version) -> Ordering {
        let key =
            |version: &Version| (version.tag.seconds, version.numbers.clone(), version.pre_release.is_none());
        key(self).cmp(&key(other)).then_with(|| self.tag.name.cmp(&other.tag.name))
    }
}

/// The version tags, the oldest first.
fn versions(tags: Vec<Tag>) -> Vec<Version> {
    let mut versions: Vec<Version> = tags.into_iter().filter_map(Version::of).collect();
    versions.sort_by(Version::cmp);
    versions
}

/// The file's text; none if the history is too long.
fn sections(git: &GitRepository, versions: &[Version]) -> Result<Option<String>, GitError> {
    let mut seen: HashSet<CommitId> = HashSet::new();
    let mut sections = Vec::with_capacity(versions.len());
    for (at, version) in versions.iter().enumerate() {
        let is_same = |other: &&Version| other.tag.commit == version.tag.commit;
        // Of tags in a row on one commit, a release after its candidates, the last has the commits.
        let last = versions[at + 1..].iter().take_while(is_same).last();
        let commits = match last {
            Some(_) => Vec::new(),
            None => new_commits(git, version.tag.commit, &mut seen)?,
        };
        if seen.len() > MOST_COMMITS {
            return Ok(None);
        }
        let same = last.or_else(|| versions[..at].iter().rev().find(is_same));
        sections.push(section(version, &commits, same));
    }
    let mut text = String::from(
        "# Changelog\n\nOne section for each version tag in git, with the subjects of the commits that came with it.\n",
    );
    for section in sections.iter().rev() {
        let _ = write!(text, "\n{section}");
    }
    Ok(Some(text))
}

fn section(version: &Version, commits: &[Arc<Commit>], same: Option<&Version>) -> String {
    let date = Timestamp::from_second(version.tag.seconds).map(|time| time.to_zoned(TimeZone::UTC).date());
    let name = escape(&version.tag.name);
    let mut text = match date {
        Ok(date) => format!("## {name} ({date})\n\n"),
        Err(_) => format!("## {name}\n\n"),
    };
    let changes: Vec<_> = commits.iter().filter(|commit| commit.parents.len() < 2).collect();
    for commit in changes.iter().take(MOST_SUBJECTS) {
        let _ = writeln!(text, "- {}", escape(&subject(commit)));
    }
    match (changes.len().checked_sub(MOST_SUBJECTS), same) {
        (Some(more @ 1..), _) => {
            let _ = writeln!(text, "- and {more} more commit{}", if more == 1 { "" } else { "s" });
        }
        (_, Some(same)) if changes.is_empty() => {
            let _ = writeln!(text, "The same commit as {}.", escape(&same.tag.name));
        }
        _ if changes.is_empty() => text.push_str("No commits of its own.\n"),
        _ => {}
    }
    text
}

/// The commits that lead to `from` and to no version before, the newest first.
fn new_commits(
    git: &GitRepository,
    from: CommitId,
    seen: &mut HashSet<CommitId>,
) -> Result<Vec<Arc<Commit>>, GitError> {
    let mut found = Vec::new();
    let mut queue: VecDeque<CommitId> = VecDeque::new();
    queue.extend(seen.insert(from).then_some(from));
    while let Some(id) = queue.pop_front().filter(|_| seen.len() <= MOST_COMMITS) {
        let commit = git.commit(id)?;
        queue.extend(commit.parents.iter().filter(|parent| seen.insert(**parent)));
        found.push(commit);
    }
    // Stable, so that commits of the same second stay in the order in which they were found: children first.
    found.sort_by_key(|commit| std::cmp::Reverse(commit.committer.seconds));
    Ok(found)
}

/// The first line of a commit's message on one line, cut if it is very long.
fn subject(commit: &Commit) -> String {
    let message = Message::parse(&commit.message);
    let words: Vec<&str> = message.subject.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let text = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None if text.is_empty() => format!("commit {}", &commit.id.to_string()[..12]),
        None => text,
    }
}

/// A text so that Markdown shows it as it is.
fn escape(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (at, &c) in chars.iter().enumerate() {
        let beside = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
        // What matters only at the beginning of a line: headings, lists, quotes, rules, numbers of lists.
        let begins = at == 0 || chars[..at].iter().all(char::is_ascii_digit);
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '~' | '|' | '&' => true,
            // Inside of a word it is only itself.
            '_' => !(beside(at.checked_sub(1)) && beside(Some(at + 1))),
            '#' | '+' | '-' | '=' => at == 0,
            '.' | ')' => begins && at > 0,
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag as Element};

    fn version(name: &str, seconds: i64) -> Option<Version> {
        let commit = CommitId(gix::ObjectId::null(gix::hash::Kind::Sha1));
        Version::of(Tag { name: name.to_owned(), commit, seconds, annotated: false, signed: false })
    }

    #[test]
    fn version_tags_are_told_from_others() {
        for name in ["v1.2.3", "1.2", "v0.1.0-rc.1", "1.2.3.4", "v1.0.0+build.5"] {
            assert!(version(name, 0).is_some(), "{name}");
        }
        for name in [
            "latest",
            "v1",
            "nightly-2024-01-01",
            "api/v1.0.0",
            "v1.2.3 ",
            "v1.2.x",
            "1.99999999999999999999",
        ] {
            assert!(version(name, 0).is_none(), "{name}");
        }
    }

    #[test]
    fn versions_of_one_second_are_in_the_order_of_their_numbers() {
        let mut all: Vec<_> = ["v1.10.0", "v1.9.0", "v1.10.0-rc.1", "v2.0.0"]
            .iter()
            .filter_map(|name| version(name, if *name == "v2.0.0" { -5 } else { 7 }))
            .collect();
        all.sort_by(Version::cmp);
        let names: Vec<_> = all.iter().map(|version| &*version.tag.name).collect();
        assert_eq!(names, ["v2.0.0", "v1.9.0", "v1.10.0-rc.1", "v1.10.0"]);
    }

    /// What a reader of Markdown shows of a list item; none if there is more in it than text.
    fn shown(item: &str) -> Option<String> {
        let text = format!("- {item}\n");
        let mut shown = String::new();
        for event in Parser::new_ext(&text, Options::all()) {
            match event {
                Event::Text(part) => shown.push_str(&part),
                Event::Start(Element::List(None) | Element::Item) | Event::End(_) => {}
                _ => return None,
            }
        }
        Some(shown)
    }

    #[test]
    fn the_usual_markup_is_escaped() {
        for text in [
            "**x** `y` [z](w) <b>",
            "# no heading",
            "1. no list",
            "- no",
            "snake_case _stress_ a*b",
            "&lt; ~~x~~",
        ] {
            assert_eq!(shown(&escape(text)).as_deref(), Some(text));
        }
        assert_eq!(escape("fix snake_case in parse_all"), "fix snake_case in parse_all");
    }

    proptest! {
        /// Whatever a subject holds, a reader sees it as it is.
        #[test]
        fn any_subject_is_shown_as_it_is(text in "[ -~äß…€]{1,60}") {
            let words: Vec<&str> = text.split_whitespace().collect();
            let text = words.join(" ");
            prop_assume!(!text.is_empty());
            // Smart punctuation, footnotes and mathematics are not in what forges show as plain text.
            let with = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
            let item = format!("- {}\n", escape(&text));
            let mut shown = String::new();
            for event in Parser::new_ext(&item, with) {
                match event {
                    Event::Text(part) => shown.push_str(&part),
                    Event::Start(Element::List(None) | Element::Item) | Event::End(_) => {}
                    other => prop_assert!(false, "{text:?} gave {other:?}"),
                }
            }
            prop_assert_eq!(shown, text);
        }
    }
}
