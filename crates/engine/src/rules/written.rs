//! Text of rule files with the memory of where it stands: [`Written`] is what a condition or list became after appends,
//! exceptions and lists, and every byte of it can be found again in the file that somebody wrote.

use std::ops::Range;

use eyrie_lang::Span;
use eyrie_lang::lists::{Piece, replace_pieces};

use super::yaml::{Node, Style};

/// A file that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name as given.
    pub name: String,
    /// Its text; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Where lines start.
    lines: Vec<usize>,
}

impl SourceFile {
    /// A file of this name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        SourceFile { name, text, lines }
    }

    /// The line and column of a byte, both counted from 1, columns in characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..byte.max(start)).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The lines that hold these bytes, without the last line break, and the byte that they start at.
    pub(crate) fn lines(&self, span: Span) -> (usize, &str) {
        let (line, _) = self.position(span.start);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let after = self.lines.partition_point(|start| *start < span.end.max(span.start + 1));
        let end = self.lines.get(after).map_or(self.text.len(), |next| next - 1);
        (start, self.text.get(start..end.max(start)).unwrap_or_default())
    }
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's number in the order of loading.
    pub file: usize,
    /// The bytes of its text.
    pub span: Span,
}

/// A plain value of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) place: Place,
    style: Style,
}

impl Origin {
    pub(crate) fn new(file: usize, node: &Node) -> Self {
        Origin { place: Place { file, span: node.span }, style: node.style }
    }
}

/// A text and where its parts come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) text: String,
    parts: Vec<Part>,
}

/// What is in no part was put in by the loader.
#[derive(Clone, Debug)]
struct Part {
    at: Range<usize>,
    origin: Origin,
    /// How many characters of the value, without blanks, come before.
    from: usize,
    /// The value is to be found as a whole only.
    whole: bool,
    /// For what a list put in: where the list is named.
    via: Option<Place>,
}

impl Written {
    pub(crate) fn new(text: String, origin: Origin) -> Self {
        let parts = vec![Part { at: 0..text.len(), origin, from: 0, whole: false, via: None }];
        Written { text, parts }
    }

    /// Adds text that nobody wrote.
    pub(crate) fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a value that is to be found as a whole.
    pub(crate) fn put_value(&mut self, text: &str, origin: Origin) {
        let start = self.text.len();
        self.text.push_str(text);
        self.parts.push(Part { at: start..self.text.len(), origin, from: 0, whole: true, via: None });
    }

    /// Adds another text.
    pub(crate) fn put_written(&mut self, other: &Written) {
        self.put_range(other, 0..other.text.len(), None);
    }

    fn put_range(&mut self, other: &Written, range: Range<usize>, via: Option<Place>) {
        let start = self.text.len();
        self.text.push_str(other.text.get(range.clone()).unwrap_or_default());
        let first = other.parts.partition_point(|part| part.at.end <= range.start);
        for part in other.parts.iter().skip(first).take_while(|part| part.at.start < range.end) {
            let (from, to) = (part.at.start.max(range.start), part.at.end.min(range.end));
            if from < to {
                self.parts.push(Part {
                    at: start + from - range.start..start + to - range.start,
                    origin: part.origin,
                    from: part.from + solid(other.text.get(part.at.start..from)),
                    whole: part.whole,
                    via: via.or(part.via),
                });
            }
        }
    }

    /// Without the blanks around.
    pub(crate) fn trimmed(&self) -> Written {
        let start = self.text.len() - self.text.trim_start().len();
        let end = self.text.trim_end().len().max(start);
        let mut out = Written::default();
        out.put_range(self, start..end, None);
        out
    }

    /// With the name of a list replaced by its items, as [`eyrie_lang::lists::replace`] does it.
    pub(crate) fn replaced(&self, name: &str, items: &Written, files: &[SourceFile]) -> Option<Written> {
        let pieces = replace_pieces(&self.text, name, items.text.is_empty())?;
        let mut out = Written::default();
        // What has been looked at for the name.
        let mut done = 0;
        for piece in pieces {
            match piece {
                Piece::Kept { from, len } => {
                    out.put_range(self, from..from + len, None);
                    done = from + len;
                }
                Piece::Items => {
                    let named = self.text.get(done..).and_then(|rest| rest.find(name)).map(|at| done + at);
                    let span = named.map(|at| Span::new(at, at + name.len()));
                    done = span.map_or(done, |span| span.end);
                    // Of a list in a list, where the first of them is named.
                    let use_of = span.and_then(|span| self.place_and_use(span, files));
                    let via = use_of.map(|(place, via)| via.unwrap_or(place));
                    out.put_range(items, 0..items.text.len(), via);
                }
                Piece::Blank => out.put(" "),
            }
        }
        Some(out)
    }

    /// Where a stretch of the text stands, and if a list put it there, where the list is named.
    pub(crate) fn place_and_use(&self, span: Span, files: &[SourceFile]) -> Option<(Place, Option<Place>)> {
        let place = self.place(span, files)?;
        let at = self.parts.partition_point(|part| part.at.end <= span.start);
        let part = self.parts.get(at).or_else(|| self.parts.last())?;
        // What stands between two parts belongs to the first if it is within a list.
        let before = at.checked_sub(1).and_then(|at| self.parts.get(at));
        let within = span.start < part.at.start && before.is_some_and(|before| before.via == part.via);
        Some((place, part.via.filter(|_| span.start >= part.at.start || within)))
    }

    /// Where a stretch of the text stands in a file. Text that nobody wrote is where the next or last written text is; of a
    /// stretch that comes from several places, the first.
    pub(crate) fn place(&self, span: Span, files: &[SourceFile]) -> Option<Place> {
        let at = self.parts.partition_point(|part| part.at.end <= span.start);
        let first = self.parts.get(at).or_else(|| self.parts.last())?;
        let begin = span.start.clamp(first.at.start, first.at.end);
        let start = first.locate(begin, self, files);
        if span.end <= span.start {
            // An empty place: before what follows, or after all there is.
            return Some(Place { file: first.origin.place.file, span: Span::at(start.start) });
        }
        // The last written byte of the stretch, if it is of the same value or a later one in the file.
        let last = self.parts.partition_point(|part| part.at.start < span.end).checked_sub(1);
        let last = last.and_then(|at| self.parts.get(at)).unwrap_or(first);
        let end = last.locate(self.last_char(last, span.end), self, files);
        let same = last.origin.place.file == first.origin.place.file && end.end > start.start;
        let near = last.origin.place == first.origin.place;
        let end =
            if same && near { end } else { first.locate(self.last_char(first, usize::MAX), self, files) };
        let end = end.end.max(start.end);
        Some(Place { file: first.origin.place.file, span: Span::new(start.start, end) })
    }
}

impl Written {
    /// The last character of a part that is before this byte.
    fn last_char(&self, part: &Part, end: usize) -> usize {
        let before = self.text.get(part.at.start..end.clamp(part.at.start, part.at.end)).unwrap_or_default();
        part.at.start + before.char_indices().next_back().map_or(0, |(at, _)| at)
    }
}

impl Part {
    /// Where the character at this byte of the text stands.
    fn locate(&self, at: usize, written: &Written, files: &[SourceFile]) -> Span {
        let span = self.origin.place.span;
        if self.whole {
            return span;
        }
        let Some(file) = files.get(self.origin.place.file) else { return span };
        let source = file.text.get(span.start..span.end).unwrap_or_default();
        let before = self.from + solid(written.text.get(self.at.start..at));
        let blank =
            written.text.get(at..).and_then(|rest| rest.chars().next()).is_none_or(char::is_whitespace);
        locate(source, self.origin.style, before, blank || at >= self.at.end).shifted(span.start)
    }
}

/// How many characters of a text are no blanks.
fn solid(text: Option<&str>) -> usize {
    text.unwrap_or_default().chars().filter(|c| !c.is_whitespace()).count()
}

/// Where a character of a value stands in the text that the value is written with: the one after so many others that are no
/// blanks, or the blank after them. Folding, stripping and indentation change nothing but blanks.
fn locate(source: &str, style: Style, before: usize, blank: bool) -> Span {
    let rest = match style {
        Style::Plain => 0..source.len(),
        Style::Single | Style::Double => 1.min(source.len())..source.len().saturating_sub(1).max(1),
        Style::Block => source.find('\n').map_or(source.len(), |newline| newline + 1)..source.len(),
    };
    let mut last = Span::at(rest.start);
    let chars = Decoded { source, style, rest };
    for (number, (span, _)) in chars.filter(|(_, c)| !c.is_whitespace()).enumerate() {
        match (number == before, blank) {
            (true, false) => return span,
            (true, true) => return Span::new(last.end, (last.end + 1).min(span.start)),
            _ => last = span,
        }
    }
    Span::at(last.end)
}

/// The characters of a value, with escapes undone, and where they stand.
struct Decoded<'t> {
    source: &'t str,
    style: Style,
    rest: Range<usize>,
}

impl Iterator for Decoded<'_> {
    type Item = (Span, char);

    fn next(&mut self) -> Option<(Span, char)> {
        let tail = self.source.get(self.rest.clone())?;
        let c = tail.chars().next()?;
        let start = self.rest.start;
        let (len, value) = match (self.style, c) {
            (Style::Single, '\'') if tail.starts_with("''") => (2, c),
            (Style::Double, '\\') => escape(tail),
            _ => (c.len_utf8(), c),
        };
        self.rest.start = (start + len).min(self.rest.end);
        Some((Span::new(start, self.rest.start), value))
    }
}

/// How long the escape is that a text starts with, and what it stands for.
fn escape(text: &str) -> (usize, char) {
    let code = text.chars().nth(1).unwrap_or('\\');
    let digits = match code {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let number = text.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let value = match code {
        'x' | 'u' | 'U' => number.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        // What is a blank is left out of the count.
        'n' | 't' | 'r' | 'v' | 'f' | 'N' | '_' | 'L' | 'P' => ' ',
        // Control characters are none.
        'a' | 'b' | 'e' | '0' => '\0',
        other => other,
    };
    (1 + code.len_utf8() + digits, value)
}

#[cfg(test)]
mod tests {
    use super::super::yaml::documents;
    use super::*;

    /// Every character of the value that is no blank is found where it stands.
    #[test]
    fn values_are_found_again() {
        for text in [
            "a: evt.type = open and x",
            "a: evt.type = open\n  and x\n  \n  or y",
            "a: 'it''s = \"x\"\n  and y'",
            "a: \"x \\\"q\\\" \\u00e4 \\x41\\t and \\\n   more\\nlines\n  folded\"",
            "a: |\n  one\n    two\n\n  three äöü x",
            "a: >\n  one\n  two\n\n  three\n    four more\n  five\n",
            "a: >-   # remark\n\n    one  two\n    three",
            "a: |2-\n    one\n   two\n",
            "a: 'ä\r\n  b'\r\n",
        ] {
            let found = documents(text, false);
            assert!(found.mistakes.is_empty(), "{text}");
            let node = found.documents[0].get("a").unwrap();
            let value = node.scalar().unwrap().to_string();
            let files = [SourceFile::new("", text)];
            let written = Written::new(value.clone(), Origin::new(0, node));
            for (at, c) in value.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                let place = written.place(Span::new(at, at + c.len_utf8()), &files).unwrap();
                let there = &text[place.span.start..place.span.end];
                let same = there == c.to_string() || there.starts_with('\\') || there == "''";
                assert!(same, "{text:?}: {c} at {at} is found at {:?}: {there:?}", place.span);
            }
        }
    }

    #[test]
    fn what_lists_put_in_is_found_in_the_list() {
        let text = "a: proc.name in (l, x)\nb: first\nc: \"second\"\n";
        let found = documents(text, false);
        let files = [SourceFile::new("", text)];
        let node = |key: &str| found.documents[0].get(key).unwrap().clone();
        let mut items = Written::default();
        items.put_value("first", Origin::new(0, &node("b")));
        items.put(", ");
        items.put_value("second", Origin::new(0, &node("c")));
        let a = node("a");
        let whole = Written::new(a.scalar().unwrap().to_string(), Origin::new(0, &a));
        let put = whole.replaced("l", &items, &files).unwrap();
        assert_eq!(put.text, "proc.name in ( first, second , x)");
        let shown = |what: &str| {
            let at = put.text.find(what).unwrap();
            let place = put.place(Span::new(at, at + what.len()), &files).unwrap();
            &text[place.span.start..place.span.end]
        };
        assert_eq!(shown("proc.name"), "proc.name");
        assert_eq!(shown("second"), "\"second\"");
        assert_eq!(shown("first"), "first");
        assert_eq!(shown(", x)"), ", x)");
        let at = put.text.find("second").unwrap();
        let (_, named) = put.place_and_use(Span::new(at, at + 6), &files).unwrap();
        assert_eq!(&text[named.unwrap().span.start..named.unwrap().span.end], "l");
        assert_eq!(put.place_and_use(Span::new(0, 4), &files).unwrap().1, None);
    }
}
