//! The records of kind `file`: every name in the tree. What is inside a file is read when the first condition asks.
//!
//! Principal types: [`FileSet`], [`FileRecord`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use eyrie_lang::{Presence, Values};

use super::Facts;
use crate::kind::Kind;
use crate::parse::binary;
use crate::parse::text::Text;
use crate::record::{Missing, MissingId};
use crate::report::Evidence;
use crate::tree::{self, Entry, EntryKind, Resolved, Tree, split_path};

/// As much of a file as is looked at to tell its type; Scorecard reads as many bytes.
pub const START: usize = binary::SNIFF_LEN;

/// A file whose first [`START`] bytes are white space is read up to here before it is called blank.
const BLANK_LIMIT: usize = 1 << 20;

/// So many files that cannot be read are named one by one; a clone without blobs has tens of thousands.
const MOST_NAMED: usize = 50;

/// What the content of a file shows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inside {
    blank: bool,
    text: bool,
    content_type: Option<&'static str>,
}

/// A name in the tree with what is known of it.
#[derive(Clone, Debug)]
pub struct FileRecord {
    /// The name.
    pub entry: Entry,
    /// What is in it, or why it cannot be read.
    inside: OnceLock<Result<Inside, Box<str>>>,
    /// Whether it is among those that are named when they cannot be read.
    named: OnceLock<bool>,
    /// Position of the entry that it leads to; equal to its own unless it is a link inside the tree.
    target: OnceLock<Target>,
    /// Which selections of the catalogue it matches, and which it may match, one bit each; kept from commit to commit.
    pub(crate) verdicts: OnceLock<(u128, u128)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Itself,
    Entry(usize),
    Outside,
    Nothing,
}

/// All names of a tree, sorted by path.
#[derive(Clone, Debug, Default)]
pub struct FileSet {
    records: Vec<FileRecord>,
    /// How many that cannot be read have been named.
    named: Arc<AtomicUsize>,
}

/// The fields of kind `file` in the order of [`Kind::fields`].
#[derive(Clone, Copy)]
enum Field {
    Path,
    Dir,
    Name,
    Stem,
    Extension,
    Depth,
    Type,
    ResolvesTo,
    IsExecutable,
    Size,
    IsBlank,
    IsText,
    ContentType,
}

const FIELDS: [(&str, Field); 13] = [
    ("file.path", Field::Path),
    ("file.dir", Field::Dir),
    ("file.name", Field::Name),
    ("file.stem", Field::Stem),
    ("file.extension", Field::Extension),
    ("file.depth", Field::Depth),
    ("file.type", Field::Type),
    ("file.resolves_to", Field::ResolvesTo),
    ("file.is_executable", Field::IsExecutable),
    ("file.size", Field::Size),
    ("file.is_blank", Field::IsBlank),
    ("file.is_text", Field::IsText),
    ("file.content_type", Field::ContentType),
];

/// Splits a file name into what is before its last dot and what is after; a dot at the beginning splits nothing.
pub fn split_name(name: &[u8]) -> (&[u8], Option<&[u8]>) {
    match name.iter().rposition(|&byte| byte == b'.') {
        Some(at) if at > 0 => (&name[..at], Some(&name[at + 1..])),
        _ => (name, None),
    }
}

impl FileSet {
    /// All names of a tree.
    pub fn new(tree: &dyn Tree) -> Self {
        Self { records: tree.entries().iter().cloned().map(FileRecord::new).collect(), named: Arc::default() }
    }

    /// The records, sorted by path.
    pub fn records(&self) -> &[FileRecord] {
        &self.records
    }

    /// Position of a path.
    pub fn find(&self, path: &[u8]) -> Option<usize> {
        self.records.binary_search_by(|record| (*record.entry.path).cmp(path)).ok()
    }

    /// Goes on to another tree: takes over what is known of the names that are the same in both.
    ///
    /// Links may lead elsewhere now, so what was known of them is forgotten.
    pub fn advance(&mut self, changes: &[crate::git::Change]) {
        crate::git::merge(
            &mut self.records,
            changes,
            |record| &record.entry.path,
            |entry| FileRecord::new(entry.clone()),
        );
        for record in &mut self.records {
            if record.entry.kind == EntryKind::Link {
                *record = FileRecord::new(record.entry.clone());
            }
        }
    }

    /// Lends a field's value to a condition; `field` is its position in [`Kind::fields`].
    pub fn extract<'a>(&'a self, tree: &dyn Tree, at: usize, field: usize, out: &mut Values<'a>) -> Presence {
        let (Some(record), Some((_, field))) = (self.records.get(at), FIELDS.get(field)) else {
            return Presence::Absent;
        };
        let (dir, name) = split_path(&record.entry.path);
        match field {
            Field::Path => out.text(&record.entry.path),
            Field::Dir => out.text(dir),
            Field::Name => out.text(name),
            Field::Stem => out.text(split_name(name).0),
            Field::Extension => out.text_or_absent(split_name(name).1),
            Field::Depth => out.int(record.entry.path.iter().filter(|&&byte| byte == b'/').count() as i64),
            Field::Type => out.text(record.entry.kind.as_str()),
            Field::ResolvesTo => out.text(match self.target(tree, record) {
                Target::Itself => record.entry.kind.as_str(),
                Target::Entry(at) => self.records[at].entry.kind.as_str(),
                Target::Outside => "outside",
                Target::Nothing => "nothing",
            }),
            Field::IsExecutable => match record.entry.kind {
                EntryKind::File { .. } => match tree.is_executable(&record.entry) {
                    Ok(executable) => out.bool(executable),
                    Err(_) => Presence::Unavailable,
                },
                _ => Presence::Absent,
            },
            Field::Size => match self.content_of(tree, record).map(|record| tree.size(&record.entry)) {
                Some(Ok(size)) => out.int(i64::try_from(size).unwrap_or(i64::MAX)),
                Some(Err(_)) => Presence::Unavailable,
                None => Presence::Absent,
            },
            Field::IsBlank | Field::IsText | Field::ContentType => match self.inside(tree, record) {
                Some(Ok(inside)) => match (field, inside.content_type) {
                    (Field::IsBlank, _) => out.bool(inside.blank),
                    (Field::IsText, _) => out.bool(inside.text),
                    (_, Some(content_type)) => out.text(content_type),
                    (_, None) => Presence::Absent,
                },
                Some(Err(_)) => Presence::Unavailable,
                None => Presence::Absent,
            },
        }
    }

    /// Why a field of a file is unavailable; none if it is not.
    pub fn missing(&self, tree: &dyn Tree, at: usize, field: usize) -> Option<Missing> {
        let (record, (_, field)) = (self.records.get(at)?, FIELDS.get(field)?);
        let error: Box<str> = match field {
            Field::IsExecutable => match record.entry.kind {
                EntryKind::File { .. } => tree.is_executable(&record.entry).err()?.to_string().into(),
                _ => return None,
            },
            Field::Size => tree.size(&self.content_of(tree, record)?.entry).err()?.to_string().into(),
            Field::IsBlank | Field::IsText | Field::ContentType => {
                self.inside(tree, record)?.as_ref().err()?.clone()
            }
            _ => return None,
        };
        let named = record.named.get_or_init(|| self.named.fetch_add(1, Ordering::Relaxed) < MOST_NAMED);
        Some(if *named {
            cannot_be_read(&record.entry.path, &error)
        } else {
            Missing { why: "more files cannot be read".to_owned(), supply: REMEDY.to_owned() }
        })
    }

    /// The path of what a name leads to, if that is a regular file in the tree.
    pub fn resolved_file(&self, tree: &dyn Tree, at: usize) -> Option<&FileRecord> {
        self.content_of(tree, self.records.get(at)?)
    }

    fn target(&self, tree: &dyn Tree, record: &FileRecord) -> Target {
        if record.entry.kind != EntryKind::Link {
            return Target::Itself;
        }
        *record.target.get_or_init(|| match tree::resolve(tree, &record.entry) {
            Resolved::Entry(entry) => self.find(&entry.path).map_or(Target::Nothing, Target::Entry),
            Resolved::Outside => Target::Outside,
            Resolved::Nothing => Target::Nothing,
        })
    }

    /// The regular file whose content a name shows.
    fn content_of<'a>(&'a self, tree: &dyn Tree, record: &'a FileRecord) -> Option<&'a FileRecord> {
        let record = match self.target(tree, record) {
            Target::Itself => record,
            Target::Entry(at) => self.records.get(at)?,
            Target::Outside | Target::Nothing => return None,
        };
        matches!(record.entry.kind, EntryKind::File { .. }).then_some(record)
    }

    /// What is in the file, or why it cannot be read; none if it is no file.
    fn inside<'a>(&'a self, tree: &dyn Tree, record: &'a FileRecord) -> Option<&'a Result<Inside, Box<str>>> {
        let record = self.content_of(tree, record)?;
        let read = || Inside::read(tree, &record.entry).map_err(|error| error.to_string().into());
        Some(record.inside.get_or_init(read))
    }

    /// What the record rests on.
    pub fn evidence(&self, at: usize) -> Evidence {
        let path =
            self.records.get(at).map(|record| String::from_utf8_lossy(&record.entry.path).into_owned());
        Evidence { kind: Kind::File.name().to_owned(), path, ..Evidence::default() }
    }
}

impl FileRecord {
    fn new(entry: Entry) -> Self {
        Self {
            entry,
            inside: OnceLock::new(),
            named: OnceLock::new(),
            target: OnceLock::new(),
            verdicts: OnceLock::new(),
        }
    }
}

impl Inside {
    fn read(tree: &dyn Tree, entry: &Entry) -> std::io::Result<Self> {
        let mut buffer = [0; START];
        let length = tree.read_start(entry, &mut buffer)?;
        let start = &buffer[..length];
        let mut blank = is_blank(start);
        if blank && length == START {
            let content = tree.read(entry, BLANK_LIMIT)?;
            blank = content.whole && is_blank(&content.bytes);
        }
        let sniffed = binary::sniff(start);
        let content_type = sniffed.content_type.map(binary::ContentType::name);
        Ok(Self { blank, text: sniffed.is_text || is_utf16_text(start), content_type })
    }
}

/// Text in UTF-16 is full of zero bytes. With its byte order mark it is read as what it is.
fn is_utf16_text(start: &[u8]) -> bool {
    matches!(start, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        && !Text::decode(start, START)
            .text
            .chars()
            .any(|c| (c.is_control() && !c.is_whitespace()) || c == char::REPLACEMENT_CHARACTER)
}

/// What would make a file readable.
const REMEDY: &str = "make it readable, or fetch what is missing";

fn cannot_be_read(path: &[u8], error: &str) -> Missing {
    let why = format!("{} cannot be read: {error}", String::from_utf8_lossy(path));
    Missing { why, supply: REMEDY.to_owned() }
}

/// The reason why what a file holds is unavailable.
pub(crate) fn unreadable(facts: &Facts, path: &[u8], error: &std::io::Error) -> MissingId {
    facts.missing(cannot_be_read(path, &error.to_string()))
}

fn is_blank(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    #[test]
    fn the_fields_are_those_of_the_kind_in_its_order() {
        let names: Vec<_> = FIELDS.iter().map(|(name, _)| *name).collect();
        let declared: Vec<_> = Kind::File.fields().iter().map(|field| field.name.as_ref()).collect();
        assert_eq!(names, declared);
    }

    fn text(files: &FileSet, tree: &dyn Tree, path: &str, field: &str) -> String {
        let mut out = Values::new();
        let at = files.find(path.as_bytes()).expect("listed");
        match files.extract(tree, at, Kind::File.field(field).expect("a field"), &mut out) {
            Presence::Present => out.get(0).expect("a value").to_string(),
            presence => format!("{presence:?}"),
        }
    }

    const ELF: &[u8; 64] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    #[test]
    fn names_are_taken_apart_and_contents_read() {
        let tree = MemoryTree::new()
            .file("docs/a.tar.gz", ELF.to_vec())
            .file("blank.md", " \n\t\n")
            .file("long-blank.md", " ".repeat(5000))
            .file("long.md", format!("{}x", " ".repeat(5000)))
            .file("utf16.md", b"\xff\xfe#\0 \0H\0i\0\r\0\n\0".to_vec())
            .file("zeros.md", vec![0; 100])
            .file("marked-zeros.md", b"\xff\xfe\0\0\0\0\0\0".to_vec())
            .file(".gitignore", "x")
            .link("link", "docs/a.tar.gz")
            .link("out", "../../x")
            .directory("empty");
        let files = FileSet::new(&tree);
        let get = |path: &str, field: &str| text(&files, &tree, path, field);
        assert_eq!(get("docs/a.tar.gz", "file.dir"), "docs");
        assert_eq!(get("docs/a.tar.gz", "file.stem"), "a.tar");
        assert_eq!(get("docs/a.tar.gz", "file.extension"), "gz");
        assert_eq!(get("docs/a.tar.gz", "file.depth"), "1");
        assert_eq!(get(".gitignore", "file.stem"), ".gitignore");
        assert_eq!(get(".gitignore", "file.extension"), "Absent");
        assert_eq!(get("blank.md", "file.is_blank"), "true");
        assert_eq!(get("long-blank.md", "file.is_blank"), "true");
        assert_eq!(get("long.md", "file.is_blank"), "false");
        assert_eq!(get("utf16.md", "file.is_text"), "true");
        assert_eq!(get("zeros.md", "file.is_text"), "false");
        assert_eq!(get("marked-zeros.md", "file.is_text"), "false");
        assert_eq!(get("link", "file.type"), "symlink");
        assert_eq!(get("link", "file.resolves_to"), "file");
        assert_eq!(get("link", "file.content_type"), "elf");
        assert_eq!(get("link", "file.size"), "64");
        assert_eq!(get("out", "file.resolves_to"), "outside");
        assert_eq!(get("out", "file.is_blank"), "Absent");
        assert_eq!(get("empty", "file.is_blank"), "Absent");
    }
}
