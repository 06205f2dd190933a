//! The records of kinds `document`, `heading`, `link`, `badge`, `block` and `url`: the structure of the READMEs and
//! community files.

use super::Facts;
use super::files::{split_name, unreadable};
use crate::kind::Kind;
use crate::parse::document::{Document, Format, MAX_BYTES, ProseKind};
use crate::parse::text::Text;
use crate::parse::urls::{self, UrlParts};
use crate::record::{FieldValue, Record, RecordSet};
use crate::tree::{self, split_path};

/// Files whose name begins like this, at the root, in `.github` or in `docs`, are read for their structure.
const STEMS: [&str; 10] = [
    "adopters",
    "code",
    "contributing",
    "governance",
    "maintainers",
    "readme",
    "roadmap",
    "security",
    "support",
    "users",
];

const EXTENSIONS: [&str; 14] = [
    "md", "markdown", "mkd", "mkdn", "mdown", "mdwn", "mdx", "rst", "rest", "adoc", "asciidoc", "asc", "txt",
    "",
];

/// More documents than this are not read; no project has them.
const MOST: usize = 100;

/// All records of this group.
#[derive(Clone, Debug, Default)]
pub(super) struct DocumentRecords {
    pub(super) documents: RecordSet,
    pub(super) headings: RecordSet,
    pub(super) links: RecordSet,
    pub(super) badges: RecordSet,
    pub(super) blocks: RecordSet,
    pub(super) urls: RecordSet,
}

/// Whether a path is one of the documents that are read.
pub(super) fn is_document(path: &[u8]) -> bool {
    let (dir, name) = split_path(path);
    if !matches!(dir, b"" | b".github" | b"docs") {
        return false;
    }
    let (stem, extension) = split_name(name);
    let starts = |prefix: &&str| {
        stem.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let extension = extension.unwrap_or_default();
    STEMS.iter().any(starts)
        && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known.as_bytes()))
}

impl DocumentRecords {
    pub(super) fn read(facts: &Facts) -> Self {
        let mut all = Self::default();
        let (tree, files) = (&*facts.sources.tree, facts.files());
        for (at, file) in files.records().iter().enumerate() {
            if all.documents.records.len() == MOST {
                break;
            }
            if !is_document(&file.entry.path) {
                continue;
            }
            let Some(target) = files.resolved_file(tree, at) else { continue };
            let path = &file.entry.path;
            match tree.read(&target.entry, MAX_BYTES + 1) {
                Ok(content) => all.add(path, &content.bytes),
                Err(error) => all.add_unreadable(facts, path, &error),
            }
        }
        all
    }

    fn add_document(&mut self, path: &[u8], format: Format) {
        let (dir, name) = split_path(path);
        let format = match format {
            Format::Markdown => "markdown",
            Format::ReStructuredText => "restructuredtext",
            Format::AsciiDoc => "asciidoc",
            Format::Plain => "plain",
        };
        self.documents.records.push(
            Record::new(Kind::Document)
                .with("document.path", path)
                .with("document.dir", dir)
                .with("document.name", name)
                .with("document.stem", split_name(name).0)
                .with("document.format", format)
                .seen_at(path, None),
        );
    }

    /// A document of which only the name is known: it may have headings, links and so on of any kind.
    fn add_unreadable(&mut self, facts: &Facts, path: &[u8], error: &std::io::Error) {
        let missing = unreadable(facts, path, error);
        let index = self.documents.records.len();
        self.add_document(path, Format::of_path(&String::from_utf8_lossy(path)));
        for (kind, set) in [
            (Kind::Heading, &mut self.headings),
            (Kind::Link, &mut self.links),
            (Kind::Badge, &mut self.badges),
            (Kind::Block, &mut self.blocks),
            (Kind::Url, &mut self.urls),
        ] {
            let part = Record::unseen(kind, missing).below(Kind::Document, index).seen_at(path, None);
            set.records.push(part);
        }
    }

    fn add(&mut self, path: &[u8], bytes: &[u8]) {
        let index = self.documents.records.len();
        let dir = split_path(path).0;
        let document = Document::parse(bytes, Format::of_path(&String::from_utf8_lossy(path)));
        self.add_document(path, document.format);
        let part = |kind, line: u32, text: &str| {
            Record::new(kind).below(Kind::Document, index).seen_at(path, line).saying(text)
        };
        for heading in &document.headings {
            let record = part(Kind::Heading, heading.line, &heading.text)
                .with("heading.text", &heading.text)
                .with("heading.level", i64::from(heading.level));
            self.headings.records.push(record);
        }
        for link in &document.links {
            let record = part(Kind::Link, link.line, &link.text)
                .with("link.text", &link.text)
                .with("link.target", &link.target)
                .with("link.is_image", link.is_image)
                .with("link.resolves", resolves(dir, &link.target));
            self.links.records.push(record);
        }
        for badge in &document.badges {
            let record = part(Kind::Badge, badge.line, &badge.alt)
                .with("badge.image", &badge.image)
                .with("badge.target", &badge.target)
                .with("badge.alt", &badge.alt);
            self.badges.records.push(record);
        }
        for block in &document.prose {
            let record = part(Kind::Block, block.line, &block.text).with("block.text", &block.text).with(
                "block.type",
                match block.kind {
                    ProseKind::Paragraph => "paragraph",
                    ProseKind::ListItem => "list_item",
                    ProseKind::TableCell => "table_cell",
                },
            );
            self.blocks.records.push(record);
        }
        for found in urls::find(&Text::decode(bytes, MAX_BYTES).text) {
            let parts = UrlParts::of(found.url);
            let record = part(Kind::Url, found.line, found.url)
                .with("url.text", found.url)
                .with("url.host", parts.as_ref().map(|parts| parts.host))
                .with("url.path", parts.as_ref().map(|parts| parts.path));
            self.urls.records.push(record);
        }
    }
}

/// Whether a link into the repository leads to something; absent for links elsewhere.
fn resolves(dir: &[u8], target: &str) -> FieldValue {
    let path = target.split(['#', '?']).next().unwrap_or_default();
    let has_scheme = path.split('/').next().is_some_and(|first| first.contains(':'));
    if path.is_empty() || has_scheme || path.starts_with("//") {
        return FieldValue::Absent;
    }
    let decoded = percent_decode(path);
    // A path from `/` is from the repository's root, as forges take it.
    let joined = match decoded.strip_prefix(b"/") {
        Some(rest) => rest.to_vec(),
        None => [dir, b"/", &decoded].concat(),
    };
    let Some(normal) = tree::normalise(&joined) else { return false.into() };
    FieldValue::InTree(normal.into())
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| byte == b'%') {
            Some(decoded) => {
                out.push(decoded);
                rest = &tail[2..];
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}
