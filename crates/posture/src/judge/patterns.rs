//! The records of kind `match`: where the catalogue's patterns match in files and web pages.

use crate::catalog::Pattern;
use crate::facts::Facts;
use crate::facts::files::unreadable;
use crate::kind::Kind;
use crate::record::{FieldValue, MissingId, Record, RecordSet};
use crate::tree::Content;

/// Larger files are searched up to here.
const MAX_BYTES: usize = 4 << 20;

/// At most so many matches per pattern and text: one is enough to know, some more are good to show.
const MOST: usize = 20;

/// Searches. `files` has, for each pattern, the positions of the files it is searched in; none for web pages.
pub(super) fn find(facts: &Facts, patterns: &[Pattern], files: &[Option<Vec<usize>>]) -> RecordSet {
    let mut set = RecordSet::default();
    let tree = &*facts.sources.tree;
    // A file is read once, whatever many patterns want it.
    let mut wanted: Vec<usize> = files.iter().flatten().flatten().copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let texts: Vec<(usize, Result<String, MissingId>)> = wanted
        .into_iter()
        .filter_map(|at| {
            let entry = &facts.files().resolved_file(tree, at)?.entry;
            match tree.read(entry, MAX_BYTES) {
                Ok(content) => Some((at, Ok(text(content)?))),
                Err(error) => {
                    Some((at, Err(unreadable(facts, &facts.files().records()[at].entry.path, &error))))
                }
            }
        })
        .collect();
    for (pattern, files) in patterns.iter().zip(files) {
        match files {
            Some(files) => {
                for (at, text) in texts.iter().filter(|(at, _)| files.contains(at)) {
                    let path = &facts.files().records()[*at].entry.path;
                    match text {
                        Ok(text) => {
                            for (line, found) in search(pattern, text) {
                                set.records.push(record(pattern, found).seen_at(path, line));
                            }
                        }
                        Err(missing) => set.records.push(unseen(pattern, *missing).seen_at(path, None)),
                    }
                }
            }
            None => pages(facts, pattern, &mut set),
        }
    }
    set
}

fn pages(facts: &Facts, pattern: &Pattern, set: &mut RecordSet) {
    let pages = facts.set(Kind::Page);
    let field = |record: &Record, name: &str| {
        Kind::Page.field(name).map_or(FieldValue::Absent, |at| record.value(at).clone())
    };
    for page in &pages.records {
        let FieldValue::Text(body) = field(page, "page.body") else { continue };
        let body = String::from_utf8_lossy(&body);
        for (_, found) in search(pattern, &body) {
            set.records.push(record(pattern, found).seen_on(page.evidence.url.as_deref()));
        }
    }
    if let Some(missing) = pages.rest {
        set.records.push(unseen(pattern, missing));
    }
}

/// The text of a file; none if it is not in UTF-8. Where it was cut off, that may be inside a character.
fn text(content: Content) -> Option<String> {
    match String::from_utf8(content.bytes) {
        Ok(text) => Some(text),
        Err(error) if !content.whole && error.utf8_error().error_len().is_none() => {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(valid);
            String::from_utf8(bytes).ok()
        }
        Err(_) => None,
    }
}

/// The matches that may be where nobody could look.
fn unseen(pattern: &Pattern, missing: MissingId) -> Record {
    Record::unseen(Kind::Match, missing).with("match.pattern", &pattern.id)
}

fn search<'t>(pattern: &Pattern, text: &'t str) -> Vec<(u32, &'t str)> {
    let mut all = Vec::new();
    let mut line = 1;
    let mut counted = 0;
    for found in pattern.regex.captures_iter(text).take(MOST) {
        let Some(place) = found.get(1).or_else(|| found.get(0)) else { continue };
        let newlines = text[counted..place.start()].bytes().filter(|&byte| byte == b'\n').count();
        line += u32::try_from(newlines).unwrap_or(0);
        counted = place.start();
        all.push((line, place.as_str()));
    }
    all
}

fn record(pattern: &Pattern, found: &str) -> Record {
    Record::new(Kind::Match).with("match.pattern", &pattern.id).with("match.text", found).saying(found)
}
