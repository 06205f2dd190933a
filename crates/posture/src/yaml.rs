//! YAML with positions: a tree of [`Node`]s that keep where in the text they are, made within [`Limits`].
//!
//! Workflows, catalogues, Security Insights, OWNERS and `.clomonitor.yml` are all read through here. Scalars keep
//! their text: `on:` is the key `on`, `1.10` is `1.10`; what type a plain scalar has in the YAML 1.2 core schema
//! is told beside it ([`Scalar::kind`]). What the nodes mean is the readers' business.
//!
//! Scanning and parsing is `saphyr-parser`; this module builds the tree without recursion, so that the input
//! cannot overflow the stack, and counts, so that it cannot fill the memory either.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};

use crate::parse::text::{Lines, Text};

/// A stretch of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize)]
pub struct Span {
    /// Byte offset of its first byte, in the text as given (a byte order mark counts).
    pub start: usize,
    /// Byte offset after its last byte.
    pub end: usize,
    /// Line of its first byte, from 1.
    pub line: u32,
    /// Column of its first byte, from 1, in characters.
    pub column: u32,
}

/// One value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it is. A value that stands for an alias (`*name`) is where the alias is; what it holds is where the
    /// anchor is.
    pub span: Span,
    /// An explicit tag as it resolves, as `!include` or `tag:yaml.org,2002:str`.
    pub tag: Option<String>,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence and its items.
    Sequence(Vec<Node>),
    /// A mapping: keys and values in the order of the text, duplicates included.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its text, after quotes, escapes and folding are undone.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// What it is in the YAML 1.2 core schema, its tag considered.
    pub kind: ScalarKind,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'…'`.
    SingleQuoted,
    /// In `"…"`.
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// What a scalar is in the YAML 1.2 core schema. `yes`, `no`, `on` and `off` are strings there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarKind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number with a point or an exponent, an infinity, or not-a-number.
    Float,
    /// Any other text, and everything in quotes.
    Str,
}

/// So many bytes of a scalar's text count as a further node.
const BYTES_PER_NODE: usize = 64;

/// What a text may cost at most. The defaults hold for every file that this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Nodes, those that aliases and merge keys bring in included. A scalar counts once more for each 64 bytes.
    pub nodes: usize,
    /// Levels of sequences and mappings inside each other.
    pub depth: usize,
    /// Nodes that anchors are kept for and that aliases and merge keys bring in.
    pub expanded: usize,
    /// Whether `<<: *base` is replaced by the entries of `base` (YAML 1.1). If not, `<<` is an ordinary key.
    pub merge_keys: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 8 << 20, nodes: 500_000, depth: 100, expanded: 100_000, merge_keys: false }
    }
}

/// All documents of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stream {
    /// The documents in order. A text without any has none.
    pub documents: Vec<Node>,
    /// Keys that a mapping already had. YAML forbids them; readers differ in what they do.
    pub duplicate_keys: Vec<DuplicateKey>,
}

/// A key that occurs again in one mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The key's text.
    pub key: String,
    /// Where it occurs again.
    pub span: Span,
    /// Where it occurred first.
    pub first: Span,
}

/// Why a text could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {}, column {})", .span.line, .span.column)]
pub struct YamlError {
    /// What kind of fault it is.
    pub kind: YamlErrorKind,
    /// What is wrong, in a sentence without its place.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do about it, where that is known.
    pub help: Option<&'static str>,
}

/// What kind of fault a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum YamlErrorKind {
    /// It is not text in UTF-8 or UTF-16.
    Encoding,
    /// It is not YAML.
    Syntax,
    /// An alias names no anchor that is complete at that place.
    Alias,
    /// A merge key has a value that cannot be merged.
    Merge,
    /// It is larger than [`Limits::bytes`] or has more than [`Limits::nodes`].
    TooLarge,
    /// It is deeper than [`Limits::depth`].
    TooDeep,
    /// Its aliases bring in more than [`Limits::expanded`].
    TooManyAliases,
}

/// Read all documents of `bytes`.
///
/// # Errors
/// The first fault of the text. Nothing is returned of a text that has one, so that half a file never passes for
/// the whole.
///
/// ```
/// use eyrie_posture::yaml::{Limits, read};
///
/// let stream = read(b"on: [push]\njobs: {}\n", &Limits::default()).unwrap();
/// let push = &stream.documents[0].get("on").unwrap().items()[0];
/// assert_eq!((push.as_str(), push.span.line, push.span.column), (Some("push"), 1, 6));
/// ```
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Stream, YamlError> {
    if bytes.len() > limits.bytes {
        return Err(YamlError::bare(
            YamlErrorKind::TooLarge,
            format!("the file has {} bytes; at most {} are read", bytes.len(), limits.bytes),
        ));
    }
    if let Err(bad) = std::str::from_utf8(bytes)
        && !matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..])
    {
        let valid = String::from_utf8_lossy(&bytes[..bad.valid_up_to()]);
        let places = Places::new(&valid);
        return Err(YamlError {
            kind: YamlErrorKind::Encoding,
            message: format!("the byte 0x{:02X} is not UTF-8", bytes[bad.valid_up_to()]),
            span: places.at(bad.valid_up_to(), bad.valid_up_to() + 1, &valid),
            help: Some("save the file as UTF-8"),
        });
    }
    let decoded = Text::decode(bytes, limits.bytes);
    if decoded.lossy {
        return Err(YamlError::bare(YamlErrorKind::Encoding, "the file is not valid UTF-16".to_owned()));
    }
    let bom = if decoded.bom && std::str::from_utf8(bytes).is_ok() { 3 } else { 0 };
    Builder::new(&decoded.text, bom, limits).run()
}

/// Read all documents of `text`; as [`read`].
///
/// # Errors
/// As [`read`].
pub fn read_str(text: &str, limits: &Limits) -> Result<Stream, YamlError> {
    read(text.as_bytes(), limits)
}

impl YamlError {
    fn bare(kind: YamlErrorKind, message: String) -> Self {
        Self { kind, message, span: Span { line: 1, column: 1, ..Span::default() }, help: None }
    }
}

impl Node {
    /// The scalar, if it is one.
    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar that is not null, whatever its type: `1.10`, `true`, `text`.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.scalar().filter(|s| s.kind != ScalarKind::Null).map(|s| s.text.as_str())
    }

    /// The boolean, if it is one in the YAML 1.2 core schema.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        let scalar = self.scalar().filter(|s| s.kind == ScalarKind::Bool)?;
        Some(scalar.text.eq_ignore_ascii_case("true"))
    }

    /// The whole number, if it is one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        let scalar = self.scalar().filter(|s| s.kind == ScalarKind::Int)?;
        let text = scalar.text.as_str();
        if let Some(hex) = text.strip_prefix("0x") {
            i64::from_str_radix(hex, 16).ok()
        } else if let Some(octal) = text.strip_prefix("0o") {
            i64::from_str_radix(octal, 8).ok()
        } else {
            text.parse().ok()
        }
    }

    /// Whether it is null: nothing, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(|s| s.kind == ScalarKind::Null)
    }

    /// The items of a sequence; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The value of the first entry whose key is the scalar `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The first entry whose key is the scalar `key`.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        let found = self.entries().iter().find(|(k, _)| k.scalar().is_some_and(|s| s.text == key));
        found.map(|(k, v)| (k, v))
    }

    /// The value below several keys: `get` after `get`.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// What it is, for messages: `a mapping`, `a list`, `a boolean` …
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Mapping(_) => "a mapping",
            Kind::Sequence(_) => "a list",
            Kind::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => "null",
                ScalarKind::Bool => "a boolean",
                ScalarKind::Int | ScalarKind::Float => "a number",
                ScalarKind::Str => "a string",
            },
        }
    }
}

impl ScalarKind {
    /// What `text` is in the core schema if written plainly.
    /// Source: <https://yaml.org/spec/1.2.2/#1032-tag-resolution>.
    fn of_plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Self::Bool,
            ".nan" | ".NaN" | ".NAN" => Self::Float,
            _ => Self::of_number(text).unwrap_or(Self::Str),
        }
    }

    fn of_number(text: &str) -> Option<Self> {
        let all = |digits: &str, ok: fn(&char) -> bool| !digits.is_empty() && digits.chars().all(|c| ok(&c));
        if let Some(hex) = text.strip_prefix("0x") {
            return all(hex, char::is_ascii_hexdigit).then_some(Self::Int);
        }
        if let Some(octal) = text.strip_prefix("0o") {
            return all(octal, |c| matches!(c, '0'..='7')).then_some(Self::Int);
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
            return Some(Self::Float);
        }
        if all(unsigned, char::is_ascii_digit) {
            return Some(Self::Int);
        }
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        if let Some(exponent) = exponent
            && !all(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), char::is_ascii_digit)
        {
            return None;
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit());
        let some = !whole.is_empty() || !fraction.is_empty();
        (some && digits(whole) && digits(fraction)).then_some(Self::Float)
    }
}

/// Character index (as the scanner counts) → byte offset, line and column.
struct Places {
    lines: Lines,
    /// The byte offset of every 64th character; empty for ASCII, where both counts agree.
    every_64th: Vec<usize>,
}

impl Places {
    fn new(text: &str) -> Self {
        let every_64th = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(64).map(|(offset, _)| offset).collect()
        };
        Self { lines: Lines::new(text), every_64th }
    }

    fn offset(&self, index: usize, text: &str) -> usize {
        if self.every_64th.is_empty() {
            return index.min(text.len());
        }
        let Some(base) = self.every_64th.get(index / 64) else { return text.len() };
        text[*base..].char_indices().nth(index % 64).map_or(text.len(), |(offset, _)| base + offset)
    }

    /// The span of the bytes from `start` to `end`. Both are moved to where a character begins.
    fn at(&self, start: usize, end: usize, text: &str) -> Span {
        let line = self.lines.line(start);
        let line_start = self.lines.start(line).unwrap_or(0);
        let before = &text[line_start..start.min(text.len())];
        // A line of a megabyte with a thousand nodes must not cost a thousand megabytes: past 64 KiB bytes count.
        let column = if before.len() < 1 << 16 { before.chars().count() } else { before.len() };
        Span { start, end: end.max(start), line, column: u32::try_from(column + 1).unwrap_or(u32::MAX) }
    }
}

/// A container that is not complete yet.
struct Open {
    start: usize,
    anchor: usize,
    tag: Option<String>,
    /// The node count when it began: what it holds is the difference at its end.
    nodes_before: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>, Option<Node>),
}

struct Builder<'a> {
    text: &'a str,
    /// Bytes of a byte order mark before `text`.
    bom: usize,
    limits: Limits,
    places: Places,
    parser: Parser<'a, StrInput<'a>>,
    open: Vec<Open>,
    /// Complete anchored nodes with their number of nodes; `None` while one is being built.
    anchors: HashMap<usize, Option<(Node, usize)>>,
    /// Without an asterisk in the text no alias can follow, and anchored nodes need not be kept.
    has_aliases: bool,
    nodes: usize,
    expanded: usize,
    stream: Stream,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, bom: usize, limits: &Limits) -> Self {
        Self {
            text,
            bom,
            limits: *limits,
            places: Places::new(text),
            parser: Parser::new_from_str(text),
            open: Vec::new(),
            anchors: HashMap::new(),
            has_aliases: text.contains('*'),
            nodes: 0,
            expanded: 0,
            stream: Stream::default(),
        }
    }

    fn run(mut self) -> Result<Stream, YamlError> {
        while let Some(next) = self.parser.next_event() {
            let (event, at) = next.map_err(|e| self.syntax(e.marker(), e.info()))?;
            let (start, end) = (self.offset(at.start), self.offset(at.end));
            match event {
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart(_) => self.anchors.clear(),
                Event::Alias(id) => self.alias(id, start, end)?,
                Event::Scalar(text, style, anchor, tag) => {
                    let scalar = scalar(text.into_owned(), style, tag.as_deref());
                    // A long text weighs as much as several values, so that aliases cannot multiply it into gigabytes.
                    let size = 1 + scalar.text.len() / BYTES_PER_NODE;
                    let node = Node {
                        span: self.span(start, end),
                        tag: tag.map(|t| tag_text(&t)),
                        kind: Kind::Scalar(scalar),
                    };
                    self.count(size, start)?;
                    self.complete(node, anchor, size)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.begin(start, anchor, tag.as_deref(), Content::Sequence(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.begin(start, anchor, tag.as_deref(), Content::Mapping(Vec::new(), None))?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(start, end)?,
            }
        }
        Ok(self.stream)
    }

    fn offset(&self, marker: Marker) -> usize {
        self.places.offset(marker.index(), self.text)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let span = self.places.at(start, end, self.text);
        Span { start: span.start + self.bom, end: span.end + self.bom, ..span }
    }

    fn error(
        &self,
        kind: YamlErrorKind,
        message: String,
        at: usize,
        help: Option<&'static str>,
    ) -> YamlError {
        let end = at + self.text[at..].chars().next().map_or(0, char::len_utf8);
        YamlError { kind, message, span: self.span(at, end), help }
    }

    fn syntax(&self, marker: &Marker, info: &str) -> YamlError {
        let at = self.offset(*marker);
        if info.contains("unknown anchor") {
            let message = "the alias names an anchor that is not defined before it".to_owned();
            return self.error(YamlErrorKind::Alias, message, at, Some("define it with `&name` further up"));
        }
        if info.contains("recursion limit") {
            let message = "values are nested more than 255 levels deep".to_owned();
            return self.error(YamlErrorKind::TooDeep, message, at, None);
        }
        let tab = info.contains("found a tab").then_some(NO_TABS);
        let help = tab.or_else(|| syntax_help(self.text, at));
        self.error(YamlErrorKind::Syntax, format!("not YAML: {info}"), at, help)
    }

    fn count(&mut self, more: usize, at: usize) -> Result<(), YamlError> {
        self.nodes += more;
        if self.nodes > self.limits.nodes {
            let message = format!("the file holds more than {} values", self.limits.nodes);
            return Err(self.error(YamlErrorKind::TooLarge, message, at, None));
        }
        Ok(())
    }

    fn expand(&mut self, more: usize, at: usize) -> Result<(), YamlError> {
        self.expanded = self.expanded.saturating_add(more);
        if self.expanded > self.limits.expanded {
            let message = format!("anchors and aliases stand for more than {} values", self.limits.expanded);
            let help = Some("write out what is meant, or use fewer aliases");
            return Err(self.error(YamlErrorKind::TooManyAliases, message, at, help));
        }
        Ok(())
    }

    fn begin(
        &mut self,
        start: usize,
        anchor: usize,
        tag: Option<&Tag>,
        content: Content,
    ) -> Result<(), YamlError> {
        if self.open.len() >= self.limits.depth {
            let message = format!("values are nested more than {} levels deep", self.limits.depth);
            return Err(self.error(YamlErrorKind::TooDeep, message, start, None));
        }
        let nodes_before = self.nodes;
        self.count(1, start)?;
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open { start, anchor, tag: tag.map(tag_text), nodes_before, content });
        Ok(())
    }

    fn end(&mut self, end_start: usize, end_end: usize) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        // A flow collection ends with its bracket; the end of a block collection is where the next token is, so
        // its last child tells better.
        let closed = end_end > end_start;
        let bom = self.bom;
        let end_of = |node: &Node| node.span.end - bom;
        let (last, kind) = match open.content {
            Content::Sequence(items) => (items.last().map(end_of), Kind::Sequence(items)),
            Content::Mapping(entries, _) => {
                self.find_duplicates(&entries);
                (entries.last().map(|(_, v)| end_of(v)), Kind::Mapping(entries))
            }
        };
        let end = if closed { end_end } else { last.unwrap_or(end_end) };
        let kind = match kind {
            Kind::Mapping(entries) if self.limits.merge_keys => Kind::Mapping(self.merge(entries)?),
            other => other,
        };
        let node = Node { span: self.span(open.start, end), tag: open.tag, kind };
        self.complete(node, open.anchor, self.nodes - open.nodes_before)
    }

    fn alias(&mut self, id: usize, start: usize, end: usize) -> Result<(), YamlError> {
        let (mut node, size) = match self.anchors.get(&id) {
            Some(Some((node, size))) => {
                // Before the clone, so that a bomb costs nothing.
                let size = *size;
                if self.expanded.saturating_add(size) > self.limits.expanded {
                    (Node { span: Span::default(), tag: None, kind: Kind::Sequence(Vec::new()) }, size)
                } else {
                    (node.clone(), size)
                }
            }
            found => {
                let message = if found.is_some() {
                    "the alias stands inside the value that its anchor names"
                } else {
                    "the alias names an anchor that is not defined before it in this document"
                };
                return Err(self.error(YamlErrorKind::Alias, message.to_owned(), start, None));
            }
        };
        self.expand(size, start)?;
        self.count(size, start)?;
        if self.open.len() + depth(&node) > self.limits.depth {
            let message = format!("values are nested more than {} levels deep", self.limits.depth);
            return Err(self.error(YamlErrorKind::TooDeep, message, start, None));
        }
        node.span = self.span(start, end);
        self.complete(node, 0, size)
    }

    /// Put a finished node where it belongs.
    fn complete(&mut self, mut node: Node, anchor: usize, size: usize) -> Result<(), YamlError> {
        if anchor != 0 && self.has_aliases {
            self.expand(size, node.span.start - self.bom)?;
            self.anchors.insert(anchor, Some((node.clone(), size)));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.stream.documents.push(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping(entries, key)) => match key.take() {
                None => *key = Some(node),
                Some(key) => {
                    // A value that is not there has no place of its own; it is missed after its key.
                    if node.span.start == node.span.end && node.is_null() {
                        let after = key.span.end - self.bom;
                        node.span = self.places.at(after, after, self.text);
                        node.span.start += self.bom;
                        node.span.end += self.bom;
                    }
                    entries.push((key, node));
                }
            },
        }
        Ok(())
    }

    fn find_duplicates(&mut self, entries: &[(Node, Node)]) {
        let mut seen: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
        for (key, _) in entries {
            let Some(scalar) = key.scalar() else { continue };
            match seen.get(scalar.text.as_str()) {
                // Several `<<` in one mapping are common, and harmless.
                Some(_) if scalar.text == "<<" => {}
                Some(first) => self.stream.duplicate_keys.push(DuplicateKey {
                    key: scalar.text.clone(),
                    span: key.span,
                    first: *first,
                }),
                None => {
                    seen.insert(&scalar.text, key.span);
                }
            }
        }
    }

    /// Replace `<<` entries by what they bring in: a key of the mapping itself wins, then the first that is
    /// merged. Source: <https://yaml.org/type/merge.html>.
    fn merge(&mut self, entries: Vec<(Node, Node)>) -> Result<Vec<(Node, Node)>, YamlError> {
        let is_merge = |key: &Node| {
            key.scalar().is_some_and(|s| s.text == "<<" && s.style == Style::Plain)
                && key.tag.as_deref().is_none_or(|t| t == "tag:yaml.org,2002:merge")
        };
        if !entries.iter().any(|(key, _)| is_merge(key)) {
            return Ok(entries);
        }
        let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| is_merge(key));
        let text_of = |node: &Node| node.scalar().map(|s| s.text.clone());
        let mut seen: HashSet<String> = own.iter().filter_map(|(key, _)| text_of(key)).collect();
        for (_, value) in merges {
            let at = value.span.start - self.bom;
            let sources = match value.kind {
                Kind::Sequence(items) => items,
                _ => vec![value],
            };
            for source in sources {
                let what = source.describe();
                let Kind::Mapping(brought) = source.kind else {
                    let message = format!("`<<` merges mappings, but this is {what}");
                    return Err(self.error(YamlErrorKind::Merge, message, at, None));
                };
                own.extend(
                    brought.into_iter().filter(|(key, _)| text_of(key).is_none_or(|text| seen.insert(text))),
                );
            }
        }
        Ok(own)
    }
}

fn scalar(text: String, style: ScalarStyle, tag: Option<&Tag>) -> Scalar {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    };
    let plain = style == Style::Plain;
    let kind = match tag {
        Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
            // A tag that the text does not bear out (`!!int x`) leaves a string.
            "null" | "bool" | "int" | "float" => match (tag.suffix.as_str(), ScalarKind::of_plain(&text)) {
                ("null", ScalarKind::Null) => ScalarKind::Null,
                ("bool", ScalarKind::Bool) => ScalarKind::Bool,
                ("int", ScalarKind::Int) => ScalarKind::Int,
                ("float", ScalarKind::Float | ScalarKind::Int) => ScalarKind::Float,
                _ => ScalarKind::Str,
            },
            _ => ScalarKind::Str,
        },
        None if plain => ScalarKind::of_plain(&text),
        _ => ScalarKind::Str,
    };
    Scalar { text, style, kind }
}

fn tag_text(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// Levels of containers; the recursion is bounded by the depth limit under which the node was made.
fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Mapping(entries) => 1 + entries.iter().map(|(k, v)| depth(k).max(depth(v))).max().unwrap_or(0),
    }
}

const NO_TABS: &str = "indent with spaces; YAML does not take tabs";

/// The usual cause of a fault in the line at `at`.
fn syntax_help(text: &str, at: usize) -> Option<&'static str> {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let indentation = &line[..line.len() - line.trim_start().len()];
    if indentation.contains('\t') {
        return Some(NO_TABS);
    }
    let value = line.split_once(": ").map_or(line, |(_, value)| value).trim_start();
    let value = value.strip_prefix("- ").unwrap_or(value);
    match value.chars().next() {
        Some('@' | '`' | '%') => Some("put the value in quotes; it starts with a reserved character"),
        Some('*') => Some("put the value in quotes; `*` begins an alias"),
        Some('{') => Some("put the value in quotes; `{` begins a mapping"),
        Some('[') => Some("put the value in quotes; `[` begins a sequence"),
        _ if value.contains(": ") => Some("put the value in quotes; it holds a colon and a blank"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
