//! Rule files as YAML, read as Falco's reader reads them: of a key given twice the first counts, there are no merge keys, and
//! every value knows its place. [`documents`] is the entry point.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use eyrie_lang::Span;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

/// How deep values may be nested.
const MAX_DEPTH: usize = 128;

/// A place in a file, from 0. The parser counts characters, Falco counts bytes.
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

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Plain,
    Single,
    Double,
    /// After `|` or `>`.
    Block,
}

/// A value. What an anchor names is shared by its aliases.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where Falco puts it.
    pub(crate) mark: Mark,
    /// The bytes of the file that it is written in; of a block of text with its indicator.
    pub(crate) span: Span,
    pub(crate) style: Style,
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

    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.kind, Kind::Mapping(_))
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
        self.entry(key).map(|(_, value)| value)
    }

    /// The first entry with this key.
    pub(crate) fn entry(&self, key: &str) -> Option<&(Arc<Node>, Arc<Node>)> {
        self.entries().iter().find(|(k, _)| k.scalar() == Some(key))
    }

    /// What it is, for a reader.
    pub(crate) fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_) => "a plain value",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a map",
        }
    }
}

/// What is not YAML, and where.
#[derive(Debug)]
pub(crate) struct NotYaml {
    pub(crate) message: String,
    pub(crate) mark: Mark,
    pub(crate) span: Span,
}

/// A container that is not complete yet.
struct Open {
    /// As the parser counts.
    counted: Mark,
    mark: Mark,
    start: usize,
    anchor: usize,
    items: Vec<Arc<Node>>,
    mapping: bool,
}

/// How much text may be read again: because of lines within brackets that are indented too little for the parser, and after
/// something that is not YAML. Of a large file it is more.
const MAX_READ_AGAIN: usize = 16 << 20;

/// How far such a line is moved to the right.
const SHIFT: usize = 64;

/// How often reading is taken up again after something that is not YAML.
const MAX_RESUMED: usize = 200;

/// Stands for a carriage return that ends no line, which for the parser here would end one.
const LONE_RETURN: char = '\u{e000}';

/// What a file contains.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) documents: Vec<Arc<Node>>,
    /// What is not YAML; after the first, reading went on at the next item.
    pub(crate) mistakes: Vec<NotYaml>,
}

/// The documents of a file. `resume` is whether to go on at the next item after something that is not YAML.
///
/// Within brackets indentation does not count, as for Falco's reader. The parser here is stricter: a line that it finds
/// indented too little is moved to the right, and places on it are counted as if it were not.
pub(crate) fn documents(text: &str, resume: bool) -> Documents {
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let text = text.get(bom..).unwrap_or_default();
    let mut found = Documents::default();
    let mut base = Base { mark: Mark::default(), byte: bom };
    let mut rest = text;
    let mut again = MAX_READ_AGAIN.max(4 * text.len());
    loop {
        let before = found.mistakes.len();
        part(rest, base, &mut again, &mut found);
        let Some(mistake) = found.mistakes.get(before) else { return found };
        if !resume || found.mistakes.len() > MAX_RESUMED {
            return found;
        }
        // From the next line on that begins an item.
        let from = mistake.span.start.saturating_sub(base.byte).min(rest.len());
        let next = rest
            .get(from..)
            .and_then(|tail| tail.find("\n- "))
            .map(|at| from + at + 1)
            .filter(|at| *at < rest.len());
        let Some(next) = next.filter(|_| again >= rest.len()) else { return found };
        again -= rest.len();
        let skipped = rest.get(..next).unwrap_or_default();
        base = Base {
            mark: Mark {
                line: base.mark.line + skipped.matches('\n').count(),
                column: 0,
                offset: base.mark.offset + skipped.len(),
            },
            byte: base.byte + next,
        };
        rest = rest.get(next..).unwrap_or_default();
    }
}

/// Where a part of a file starts.
#[derive(Clone, Copy)]
struct Base {
    mark: Mark,
    byte: usize,
}

fn part(text: &str, base: Base, again: &mut usize, found: &mut Documents) {
    let lone = text.replace("\r\n", "").contains('\r');
    let mut changed = if lone { Cow::Owned(without_lone_returns(text)) } else { Cow::Borrowed(text) };
    let mut places = Places {
        text,
        base,
        lone,
        bytes: ByteIndex::new(text),
        line: Cell::new((0, 0)),
        shifted: BTreeSet::new(),
    };
    let count = found.documents.len();
    loop {
        found.documents.truncate(count);
        match parse(&changed, &places, &mut found.documents) {
            Some((error, line))
                if error.message.starts_with("invalid indentation")
                    && *again >= changed.len()
                    && places.shifted.insert(line) =>
            {
                *again -= changed.len();
                let start = changed.match_indices('\n').nth(line.wrapping_sub(1)).map_or(0, |(at, _)| at + 1);
                changed.to_mut().insert_str(start, &" ".repeat(SHIFT));
            }
            mistake => {
                found.mistakes.extend(mistake.map(|(error, _)| error));
                return;
            }
        }
    }
}

fn without_lone_returns(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(if c == '\r' && chars.peek() != Some(&'\n') { LONE_RETURN } else { c });
    }
    out
}

/// From characters to bytes of a text.
struct ByteIndex {
    ascii: bool,
    /// The byte of every 256th character.
    steps: Vec<usize>,
}

impl ByteIndex {
    fn new(text: &str) -> Self {
        let ascii = text.is_ascii();
        let steps =
            if ascii { Vec::new() } else { text.char_indices().step_by(256).map(|(at, _)| at).collect() };
        ByteIndex { ascii, steps }
    }

    fn byte(&self, text: &str, character: usize) -> usize {
        if self.ascii {
            return character.min(text.len());
        }
        let Some(start) = self.steps.get(character / 256) else { return text.len() };
        let tail = text.get(*start..).unwrap_or_default();
        tail.char_indices().nth(character % 256).map_or(text.len(), |(at, _)| start + at)
    }
}

/// Where what the parser sees stands in the file.
struct Places<'t> {
    /// As it is in the file.
    text: &'t str,
    base: Base,
    lone: bool,
    bytes: ByteIndex,
    /// The last place that was counted in bytes, and the start of its line.
    line: Cell<(usize, usize)>,
    /// The lines that were moved.
    shifted: BTreeSet<usize>,
}

impl Places<'_> {
    /// Where a place was before lines were moved, within this part of the file.
    fn undo(&self, mut mark: Mark) -> Mark {
        if !self.shifted.is_empty() {
            let before = self.shifted.range(..mark.line).count();
            let here = usize::from(self.shifted.contains(&mark.line));
            mark.offset = mark.offset.saturating_sub((before + here) * SHIFT);
            mark.column = mark.column.saturating_sub(here * SHIFT);
        }
        mark
    }

    /// The place as Falco counts it.
    fn mark(&self, mark: Mark) -> Mark {
        let mut mark = self.undo(mark);
        if !self.bytes.ascii {
            let byte = self.bytes.byte(self.text, mark.offset);
            // Places come in the order of the text, so that a long line is not looked through again and again.
            let (last, mut start) = self.line.get();
            let between = self.text.get(last..byte);
            match between.map(|between| between.rfind('\n')) {
                Some(Some(newline)) => start = last + newline + 1,
                Some(None) => {}
                None => {
                    let before = self.text.get(..byte).unwrap_or_default();
                    start = before.rfind('\n').map_or(0, |newline| newline + 1);
                }
            }
            self.line.set((byte, start));
            mark.column = byte - start;
            mark.offset = byte;
        }
        Mark {
            line: mark.line + self.base.mark.line,
            column: mark.column,
            offset: mark.offset + self.base.mark.offset,
        }
    }

    fn byte(&self, mark: Mark) -> usize {
        self.base.byte + self.bytes.byte(self.text, self.undo(mark).offset)
    }

    fn value(&self, text: Cow<'_, str>) -> String {
        if self.lone { text.replace(LONE_RETURN, "\r") } else { text.into_owned() }
    }
}

/// A mistake comes with its line.
type Mistake = (NotYaml, usize);

fn parse(text: &str, places: &Places<'_>, documents: &mut Vec<Arc<Node>>) -> Option<Mistake> {
    let mut reading = Reading {
        text,
        places,
        documents,
        open: Vec::new(),
        anchors: HashMap::new(),
        cursor: Cursor::new(text),
    };
    let mistake = reading.run();
    if mistake.is_some() {
        // The items before it.
        let whole = reading.open.into_iter().next().filter(|first| !first.mapping);
        if let Some(first) = whole {
            let span = Span::new(first.start, first.start);
            let kind = Kind::Sequence(first.items);
            reading.documents.push(Arc::new(Node { mark: first.mark, span, style: Style::Plain, kind }));
        }
    }
    mistake
}

struct Reading<'r> {
    text: &'r str,
    places: &'r Places<'r>,
    documents: &'r mut Vec<Arc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    cursor: Cursor<'r>,
}

impl Reading<'_> {
    fn refuse(&self, message: String, mark: Mark, span: Span) -> Mistake {
        // A mistake may be that the file ends, and the character there may be longer than a byte.
        let base = self.places.base.byte;
        let within = |byte: usize| {
            let mut at = byte.saturating_sub(base).min(self.places.text.len());
            while !self.places.text.is_char_boundary(at) {
                at += 1;
            }
            base + at
        };
        let span = Span::new(within(span.start), within(span.end));
        (NotYaml { message, mark: self.places.mark(mark), span }, mark.line)
    }

    fn run(&mut self) -> Option<Mistake> {
        let mut parser = Parser::new_from_str(self.text);
        while let Some(next) = parser.next_event() {
            let (event, span) = match next {
                Ok(next) => next,
                Err(error) => return Some(self.not_yaml(error.info(), Mark::from(*error.marker()))),
            };
            let mut mark = Mark::from(span.start);
            let start = self.places.byte(mark);
            let (node, anchor) = match event {
                Event::Scalar(text, style, anchor, tag) => {
                    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                    if block {
                        mark = self.cursor.indicator().unwrap_or(mark);
                    }
                    let plain = style == ScalarStyle::Plain && tag.is_none();
                    if plain && text.is_empty() {
                        // Nothing is where the next thing is.
                        self.cursor.advance_to(mark.offset);
                        mark = self.cursor.clone().next_token();
                    }
                    self.cursor.advance_to(span.end.index());
                    let null = plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                    let value = self.places.value(text);
                    let kind = if null { Kind::Null } else { Kind::Scalar(value) };
                    let end = self.places.byte(Mark::from(span.end));
                    let start = if block { self.places.byte(mark) } else { start };
                    let style = match style {
                        ScalarStyle::SingleQuoted => Style::Single,
                        ScalarStyle::DoubleQuoted => Style::Double,
                        _ if block => Style::Block,
                        _ => Style::Plain,
                    };
                    (Node { mark: self.places.mark(mark), span: Span::new(start, end), style, kind }, anchor)
                }
                Event::Alias(anchor) => {
                    let known = self.anchors.get(&anchor).cloned();
                    let node = known.unwrap_or_else(|| self.own_alias(anchor, mark));
                    self.complete(node);
                    continue;
                }
                Event::SequenceStart(..) | Event::MappingStart(..) if self.open.len() >= MAX_DEPTH => {
                    let message = format!("values are nested more than {MAX_DEPTH} levels deep");
                    return Some(self.refuse(message, mark, Span::new(start, start + 1)));
                }
                Event::SequenceStart(anchor, _) => {
                    let mark = self.first_dash(mark);
                    self.open.push(Open {
                        counted: mark,
                        mark: self.places.mark(mark),
                        start,
                        anchor,
                        items: Vec::new(),
                        mapping: false,
                    });
                    continue;
                }
                Event::MappingStart(anchor, _) => {
                    self.open.push(Open {
                        counted: mark,
                        mark: self.places.mark(mark),
                        start,
                        anchor,
                        items: Vec::new(),
                        mapping: true,
                    });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(Open { mark, start, anchor, items, mapping, .. }) = self.open.pop() else {
                        continue;
                    };
                    let kind = if mapping {
                        let mut pairs = Vec::with_capacity(items.len() / 2);
                        let mut items = items.into_iter();
                        while let (Some(key), Some(value)) = (items.next(), items.next()) {
                            if !(key.is_null() || key.scalar().is_some()) {
                                let message = "a key has to be a plain value".to_string();
                                let (mut mistake, _) = self.refuse(message, Mark::default(), key.span);
                                mistake.mark = Mark::default();
                                return Some((mistake, 0));
                            }
                            pairs.push((key, value));
                        }
                        Kind::Mapping(pairs)
                    } else {
                        Kind::Sequence(items)
                    };
                    // The parser finds the end of a block before what comes next.
                    let end = self.places.byte(Mark::from(span.end));
                    let span = Span::new(start, trimmed_end(self.places, start, end));
                    (Node { mark, span, style: Style::Plain, kind }, anchor)
                }
                Event::DocumentStart(_) => {
                    self.anchors.clear();
                    continue;
                }
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            };
            let node = Arc::new(node);
            if anchor != 0 {
                self.anchors.insert(anchor, Arc::clone(&node));
            }
            self.complete(node);
        }
        None
    }

    fn complete(&mut self, node: Arc<Node>) {
        match self.open.last_mut() {
            Some(parent) => parent.items.push(node),
            None => self.documents.push(node),
        }
    }

    /// Where a list starts that is written with dashes; the parser here says where its first item does.
    fn first_dash(&self, mark: Mark) -> Mark {
        let byte = self.places.byte(mark).saturating_sub(self.places.base.byte);
        let before = self.places.text.get(..byte).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let flow = self.places.text.get(byte..).is_some_and(|rest| rest.starts_with('['));
        match line.trim_end().strip_suffix('-') {
            Some(indent) if !flow => {
                let back = line.chars().count() - indent.chars().count();
                Mark {
                    column: mark.column.saturating_sub(back),
                    offset: mark.offset.saturating_sub(back),
                    ..mark
                }
            }
            _ => mark,
        }
    }

    /// What an anchor within itself stands for: a container of the kind, which has nothing in it.
    fn own_alias(&mut self, anchor: usize, mark: Mark) -> Arc<Node> {
        let (mark, kind) = match self.open.iter().find(|open| open.anchor == anchor) {
            Some(open) if open.mapping => (open.anchor_mark(self.text), Kind::Mapping(Vec::new())),
            Some(open) => (open.anchor_mark(self.text), Kind::Sequence(Vec::new())),
            None => (mark, Kind::Null),
        };
        let start = self.places.byte(mark);
        let span = Span::new(start, start + 1);
        let node = Arc::new(Node { mark: self.places.mark(mark), span, style: Style::Plain, kind });
        self.anchors.insert(anchor, Arc::clone(&node));
        node
    }

    fn not_yaml(&self, message: &str, mark: Mark) -> Mistake {
        let mut mark = mark;
        let mut len = 1;
        let message = message.to_string();
        if message.contains("escape character") {
            // Falco's reader has read the escape by then.
            if let Some(at) = bad_escape(self.text, mark.offset) {
                mark = Cursor::at(self.text, at + 2);
                let start = self.places.byte(Cursor::at(self.text, at));
                let end = self.places.byte(mark);
                return self.refuse(message, mark, Span::new(start, end));
            }
        } else if message.contains("tab") {
            // Falco's reader finds the first line that a tab indents.
            let mut cursor = Cursor::new(self.text);
            for (line, text) in self.text.split('\n').enumerate() {
                let indent: String = text.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
                if line >= mark.line && indent.contains('\t') && indent.len() < text.trim_end().len() {
                    cursor.mark.column = indent.find('\t').unwrap_or_default();
                    cursor.mark.offset += cursor.mark.column;
                    cursor.mark.line = line;
                    mark = cursor.mark;
                    len = indent.len() - mark.column;
                    break;
                }
                cursor.mark.offset += text.chars().count() + 1;
            }
        }
        let start = self.places.byte(mark);
        self.refuse(message, mark, Span::new(start, start + len))
    }
}

/// Where the text of a block ends that a parser follows up to the next thing.
fn trimmed_end(places: &Places<'_>, start: usize, end: usize) -> usize {
    let base = places.base.byte;
    let text = places.text.get(start.saturating_sub(base)..end.saturating_sub(base)).unwrap_or_default();
    start + text.trim_end().len()
}

/// The character of the first backslash from here on that starts no escape.
fn bad_escape(text: &str, from: usize) -> Option<usize> {
    let mut chars = text.chars().enumerate().skip(from);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            let (_, next) = chars.next()?;
            if !"0abtnvfre \"/\\N_LPxuU\t\n\r".contains(next) {
                return Some(at);
            }
        }
    }
    None
}

impl Open {
    /// Where the anchor stands that names it.
    fn anchor_mark(&self, text: &str) -> Mark {
        let before: Vec<char> = text.chars().take(self.counted.offset).collect();
        let Some(at) = before.iter().rposition(|c| *c == '&') else { return self.counted };
        Cursor::at(text, at)
    }
}

/// A place that moves through the text from value to value.
#[derive(Clone)]
struct Cursor<'t> {
    rest: std::str::Chars<'t>,
    mark: Mark,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Cursor { rest: text.chars(), mark: Mark::default() }
    }

    /// The place of a character.
    fn at(text: &'t str, character: usize) -> Mark {
        let mut cursor = Cursor::new(text);
        cursor.advance_to(character);
        cursor.mark
    }

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

    /// The place of what comes after blanks, line ends and comments.
    fn next_token(mut self) -> Mark {
        loop {
            let mark = self.mark;
            match self.step() {
                Some(' ' | '\t' | '\r' | '\n' | ':') => {}
                Some('#') => while !matches!(self.step(), None | Some('\n')) {},
                _ => return mark,
            }
        }
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
