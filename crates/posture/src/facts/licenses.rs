//! The records of kind `license`: texts of licences at the root and in the REUSE folder `LICENSES`.

use super::Facts;
use super::files::unreadable;
use crate::kind::Kind;
use crate::parse::license::{LicenseFile, MAX_BYTES};
use crate::record::{Record, RecordSet, list};
use crate::tree::{EntryKind, split_path};

/// What files with a licence's text are called, in the order in which they are looked at.
const NAMES: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"];

/// Files in the folder of licences that are looked at.
const MOST: usize = 50;

/// Which of [`NAMES`] a file at the root begins with, or one after them for what is in `LICENSES`.
fn rank(path: &[u8]) -> Option<usize> {
    let (dir, name) = split_path(path);
    if dir == b"LICENSES" {
        return Some(NAMES.len());
    }
    let begins = |known: &&str| {
        name.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known.as_bytes()))
    };
    dir.is_empty().then(|| NAMES.iter().position(begins))?
}

/// Whether a path may hold a licence's text.
pub(super) fn is_license(path: &[u8]) -> bool {
    rank(path).is_some()
}

pub(super) fn read(facts: &Facts) -> RecordSet {
    let (tree, files) = (&*facts.sources.tree, facts.files());
    let mut found: Vec<(usize, usize)> = (files.records().iter().enumerate())
        .filter_map(|(at, file)| Some((rank(&file.entry.path)?, at)))
        .collect();
    found.sort_unstable();
    let mut set = RecordSet::default();
    for (_, at) in found.into_iter().take(MOST) {
        let file = &files.records()[at];
        let Some(target) = files.resolved_file(tree, at) else { continue };
        let (dir, name) = split_path(&file.entry.path);
        let named = |record: Record| {
            record
                .with("license.path", &*file.entry.path)
                .with("license.name", name)
                .with("license.dir", dir)
                .with("license.is_symlink", file.entry.kind == EntryKind::Link)
                .seen_at(&file.entry.path, None)
        };
        let content = match tree.read(&target.entry, MAX_BYTES + 1) {
            Ok(content) => content,
            Err(error) => {
                let missing = unreadable(facts, &file.entry.path, &error);
                set.records.push(named(Record::unread(Kind::License, missing)));
                continue;
            }
        };
        let held = LicenseFile::parse(&content.bytes);
        let near = held.whole.as_ref().or(held.nearest.as_ref());
        let mut record = named(Record::new(Kind::License))
            .with("license.spdx_id", held.whole.as_ref().map(|whole| whole.id))
            .with(
                "license.measured_id",
                held.by_measure.as_ref().or(held.whole.as_ref()).map(|measured| measured.id),
            )
            .with("license.nearest", near.map(|near| near.id))
            .with("license.confidence", near.map(|near| i64::from(near.confidence)))
            .with("license.ids", list(held.ids()));
        if let Some(whole) = &held.whole {
            record = record.saying(whole.id);
        }
        set.records.push(record);
    }
    set
}
