//! The records of kind `person`: who is named in OWNERS, OWNERS_ALIASES, CODEOWNERS and MAINTAINERS files.

use super::Facts;
use super::files::{split_name, unreadable};
use crate::kind::Kind;
use crate::parse::owners::{MAX_BYTES, Owners};
use crate::record::{Record, RecordSet};
use crate::tree::split_path;

/// Whether a path names people for the whole repository.
pub(super) fn names_people(path: &[u8]) -> bool {
    let (dir, name) = split_path(path);
    let stem = split_name(name).0.to_ascii_uppercase();
    let place = matches!(dir, b"" | b".github" | b".gitlab" | b"docs");
    place && matches!(&*stem, b"OWNERS" | b"OWNERS_ALIASES" | b"CODEOWNERS" | b"MAINTAINERS" | b"EMERITUS")
}

pub(super) fn read(facts: &Facts) -> RecordSet {
    let (tree, files) = (&*facts.sources.tree, facts.files());
    let mut set = RecordSet::default();
    for (at, file) in files.records().iter().enumerate() {
        let path = &file.entry.path;
        if !names_people(path) {
            continue;
        }
        let Some(target) = files.resolved_file(tree, at) else { continue };
        let content = match tree.read(&target.entry, MAX_BYTES + 1) {
            Ok(content) => content,
            Err(error) => {
                let people = Record::unseen(Kind::Person, unreadable(facts, path, &error));
                set.records.push(people.with("person.path", &**path).seen_at(path, None));
                continue;
            }
        };
        for person in Owners::parse(&String::from_utf8_lossy(path), &content.bytes).people {
            let shown = person.handle.as_ref().or(person.name.as_ref()).or(person.email.as_ref());
            let shown = shown.cloned().unwrap_or_default();
            set.records.push(
                Record::new(Kind::Person)
                    .with("person.path", &**path)
                    .with("person.name", person.name.as_ref())
                    .with("person.handle", person.handle.as_ref())
                    .with("person.email", person.email.as_ref())
                    .with("person.organisation", person.org.as_ref())
                    .with("person.role", person.role.as_ref().map(|role| role.to_lowercase()))
                    .with("person.is_team", person.is_team())
                    .seen_at(path, person.line)
                    .saying(&shown),
            );
        }
    }
    set
}
