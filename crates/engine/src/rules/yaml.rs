//! Rule files as YAML, read as Falco's reader reads them: of a key given twice the first counts, there are no merge keys, and
//! every value knows its place. [`documents`] is the entry point.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

/// How deep values may be nested.
const MAX_DEPTH: usize = 128;

/// A place in a file, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) offset: usize,
}

impl From<Marker> for Mark {
    fn from(marker: Marker) -> Self {
        Mark { line: marker.line().saturating_sub(1), column: marker.col(), offset: marker.index() }
    }
}

/// A value. What an anchor names is shared by its aliases.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) mark: Mark,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Scalar(String),
    Sequence(Vec<Arc<Node>>),
    Mapping(Vec<(Arc<Node>, Arc<Node>)>),
}

impl Node {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn sequence(&self) -> Option<&[Arc<Node>]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> &[(Arc<Node>, Arc<Node>)] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The first value with this key.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Node>> {
        self.entries().iter().find(|(k, _)| k.scalar() == Some(key)).map(|(_, value)| value)
    }
}

/// What is not YAML, and where.
#[derive(Debug)]
pub(crate) struct NotYaml {
    pub(crate) message: String,
    pub(crate) mark: Mark,
}

/// A container that is not complete yet.
struct Open {
    mark: Mark,
    anchor: usize,
    items: Vec<Arc<Node>>,
    mapping: bool,
}

/// How much text may be read again because of lines within brackets that are indented too little for the parser.
const MAX_READ_AGAIN: usize = 256 << 20;

/// How far such a line is moved to the right.
const SHIFT: usize = 64;

/// The documents of a file. Those before a mistake are returned along with it.
///
/// Within brackets indentation does not count, as for Falco's reader. The parser here is stricter: a line that it finds
/// indented too little is moved to the right, and places on it are counted as if it were not.
pub(crate) fn documents(text: &str) -> (Vec<Arc<Node>>, Option<NotYaml>) {
    let mut text = Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut shifted = Shifted::default();
    loop {
        let (documents, mistake) = parse(&text, &shifted);
        match mistake {
            Some((error, line))
                if error.message.starts_with("invalid indentation")
                    && (shifted.0.len() + 1).saturating_mul(text.len()) < MAX_READ_AGAIN
                    && shifted.0.insert(line) =>
            {
                let start = text.match_indices('\n').nth(line.wrapping_sub(1)).map_or(0, |(at, _)| at + 1);
                text.to_mut().insert_str(start, &" ".repeat(SHIFT));
            }
            mistake => return (documents, mistake.map(|(error, _)| error)),
        }
    }
}

/// The lines that were moved.
#[derive(Default)]
struct Shifted(BTreeSet<usize>);

impl Shifted {
    /// Where a place was before lines were moved.
    fn undo(&self, mut mark: Mark) -> Mark {
        if self.0.is_empty() {
            return mark;
        }
        let before = self.0.range(..mark.line).count();
        let here = usize::from(self.0.contains(&mark.line));
        mark.offset = mark.offset.saturating_sub((before + here) * SHIFT);
        mark.column = mark.column.saturating_sub(here * SHIFT);
        mark
    }
}

/// A mistake comes with its line.
type Mistake = (NotYaml, usize);

fn parse(text: &str, shifted: &Shifted) -> (Vec<Arc<Node>>, Option<Mistake>) {
    let refuse =
        |message: String, mark: Mark| Some((NotYaml { message, mark: shifted.undo(mark) }, mark.line));
    let mut parser = Parser::new_from_str(text);
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Arc<Node>> = HashMap::new();
    let mut cursor = Cursor { rest: text.chars(), mark: Mark::default() };
    while let Some(next) = parser.next_event() {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => {
                let mark = Mark::from(*error.marker());
                return (documents, refuse(error.info().to_string(), mark));
            }
        };
        let mut mark = Mark::from(span.start);
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    mark = cursor.indicator().unwrap_or(mark);
                }
                cursor.advance_to(span.end.index());
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let null = plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let kind = if null { Kind::Null } else { Kind::Scalar(text.into_owned()) };
                (Node { mark: shifted.undo(mark), kind }, anchor)
            }
            Event::Alias(anchor) => {
                // An anchor within itself has no value yet.
                let node = anchors.get(&anchor).cloned();
                complete(
                    &mut open,
                    &mut documents,
                    node.unwrap_or_else(|| Arc::new(Node { mark: shifted.undo(mark), kind: Kind::Null })),
                );
                continue;
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) if open.len() >= MAX_DEPTH => {
                let _ = anchor;
                let message = format!("values are nested more than {MAX_DEPTH} levels deep");
                return (documents, refuse(message, mark));
            }
            Event::SequenceStart(anchor, _) => {
                open.push(Open { mark, anchor, items: Vec::new(), mapping: false });
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open { mark, anchor, items: Vec::new(), mapping: true });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { mark, anchor, items, mapping }) = open.pop() else { continue };
                let kind = if mapping {
                    let mut pairs = Vec::with_capacity(items.len() / 2);
                    let mut items = items.into_iter();
                    while let (Some(key), Some(value)) = (items.next(), items.next()) {
                        if !(key.is_null() || key.scalar().is_some()) {
                            let message = "a key has to be a plain value".to_string();
                            return (documents, refuse(message, Mark::default()));
                        }
                        pairs.push((key, value));
                    }
                    Kind::Mapping(pairs)
                } else {
                    Kind::Sequence(items)
                };
                (Node { mark: shifted.undo(mark), kind }, anchor)
            }
            Event::DocumentStart(_) => {
                anchors.clear();
                continue;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
        };
        let node = Arc::new(node);
        if anchor != 0 {
            anchors.insert(anchor, Arc::clone(&node));
        }
        complete(&mut open, &mut documents, node);
    }
    (documents, None)
}

/// A place that moves through the text from value to value.
struct Cursor<'t> {
    rest: std::str::Chars<'t>,
    mark: Mark,
}

impl Cursor<'_> {
    fn step(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.mark.offset += 1;
        if c == '\n' {
            self.mark.line += 1;
            self.mark.column = 0;
        } else {
            self.mark.column += 1;
        }
        Some(c)
    }

    fn advance_to(&mut self, offset: usize) {
        while self.mark.offset < offset && self.step().is_some() {}
    }

    /// The place of the next `|` or `>`, which starts a block of text.
    fn indicator(&mut self) -> Option<Mark> {
        loop {
            let mark = self.mark;
            match self.step()? {
                '|' | '>' => return Some(mark),
                _ => {}
            }
        }
    }
}

fn complete(open: &mut [Open], documents: &mut Vec<Arc<Node>>, node: Arc<Node>) {
    match open.last_mut() {
        Some(parent) => parent.items.push(node),
        None => documents.push(node),
    }
}

/// A truth value as YAML 1.1 writes them: `true`, `Yes`, `ON`, `n` and so on, each in lower case, upper case or with a capital.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let mut rest = text.chars();
    let capital = rest.next().is_some_and(|c| c.is_ascii_uppercase());
    let rest = rest.as_str();
    let uniform = text == lower
        || (capital && (rest == rest.to_ascii_lowercase() || rest == rest.to_ascii_uppercase()));
    match lower.as_str() {
        "true" | "yes" | "y" | "on" if uniform => Some(true),
        "false" | "no" | "n" | "off" if uniform => Some(false),
        _ => None,
    }
}

/// A number without sign: decimal, `0x` hexadecimal or, after a `0`, octal.
pub(crate) fn unsigned(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}
