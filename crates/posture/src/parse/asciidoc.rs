//! AsciiDoc into the [`Document`](super::document::Document) model.
//!
//! Read by lines and without recursion: titles (`==`, `##`, and underlined ones), lists, tables, delimited blocks
//! by what they hold (text, literal, HTML), attributes, and inline macros. Comments, listings and literal
//! paragraphs are skipped. Includes are not followed and conditions not evaluated: both branches are text.
//! Source: <https://docs.asciidoctor.org/asciidoc/latest/>.

use std::{borrow::Cow, collections::HashMap};

use super::{
    document::{Builder, Joined, ProseKind, indentation, lines_of, list_marker},
    html::Html,
};

/// The longest value of an attribute that is put in for `{name}`.
const MAX_VALUE: usize = 2048;

/// How far an attribute list `[…]` of a macro may reach, in bytes.
const MAX_LIST: usize = 1024;

pub(super) fn read(text: &str, out: &mut Builder) {
    let reader = Reader {
        lines: lines_of(text).collect(),
        attributes: HashMap::new(),
        html: Html::default(),
        literal: false,
        table: false,
        header: false,
        out,
    };
    reader.run();
}

struct Reader<'a, 'b> {
    lines: Vec<(usize, &'a str)>,
    attributes: HashMap<String, String>,
    html: Html,
    /// `[source]`, `[listing]` or `[literal]` stands before the next block.
    literal: bool,
    /// Inside `|===`.
    table: bool,
    /// After the document's title, where lines are the author, the revision and attributes.
    header: bool,
    out: &'b mut Builder,
}

/// What the content between two delimiter lines is.
#[derive(Clone, Copy, PartialEq)]
enum Delimited {
    Skipped,
    Html,
    Text,
}

fn delimiter(line: &str) -> Option<Delimited> {
    let line = line.trim_end();
    if line == "--" {
        return Some(Delimited::Text);
    }
    if line.starts_with("```") && !line[3..].contains('`') {
        return Some(Delimited::Skipped);
    }
    let first = *line.as_bytes().first()?;
    if line.len() < 4 || !line.bytes().all(|b| b == first) {
        return None;
    }
    match first {
        b'-' | b'.' | b'/' => Some(Delimited::Skipped),
        b'+' => Some(Delimited::Html),
        b'=' | b'*' | b'_' => Some(Delimited::Text),
        _ => None,
    }
}

impl Reader<'_, '_> {
    fn run(mut self) {
        let mut at = 0;
        while at < self.lines.len() {
            at = self.block(at);
        }
        self.out.end_block();
    }

    fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", |(_, line)| line)
    }

    fn block(&mut self, at: usize) -> usize {
        let Some(&(offset, line)) = self.lines.get(at) else { return at + 1 };
        let content = line.trim_end();
        if content.trim().is_empty() || content == "+" {
            self.out.end_block();
            self.header = false;
            return at + 1;
        }
        if is_comment(content) {
            return at + 1;
        }
        // An underlined title looks like a listing that begins after a line of text.
        if let Some(level) = self.underlined(at) {
            self.title(level, content, offset);
            return at + 2;
        }
        if let Some(kind) = delimiter(content) {
            return self.delimited(at, kind, content);
        }
        if content.starts_with("|===") || content.starts_with("!===") {
            self.out.end_block();
            self.table = !self.table;
            self.literal = false;
            return at + 1;
        }
        if let Some((level, from)) = title_level(content) {
            self.title(level, &content[from..], offset + from);
            self.header = level == 1;
            return at + 1;
        }
        if let Some(next) = self.metadata(at, content) {
            return next;
        }
        if self.header {
            self.out.block(ProseKind::Paragraph);
            let mut joined = Joined::default();
            joined.push(content, offset);
            self.inline(&joined);
            self.out.end_block();
            return at + 1;
        }
        if std::mem::take(&mut self.literal) {
            self.out.end_block();
            return self.paragraph_end(at);
        }
        if self.table && content.contains('|') {
            self.cells(content, offset);
            return at + 1;
        }
        if indentation(line) > 0 && marker(content.trim_start()).is_none() && !self.table {
            // A literal paragraph.
            self.out.end_block();
            return self.paragraph_end(at);
        }
        self.paragraph(at)
    }

    fn paragraph_end(&self, mut at: usize) -> usize {
        while at < self.lines.len() && !self.line(at).trim().is_empty() {
            at += 1;
        }
        at
    }

    fn underlined(&self, at: usize) -> Option<u8> {
        let title = self.line(at).trim_end();
        if at > 0 && !self.line(at - 1).trim().is_empty() && !self.line(at - 1).starts_with(['[', '/']) {
            return None;
        }
        let below = self.line(at + 1).trim_end();
        let first = *below.as_bytes().first()?;
        let level = b"=-~^+".iter().position(|mark| *mark == first)?;
        let width = title.chars().count();
        let fits = below.len() >= 3 && below.len().abs_diff(width) <= 1;
        let is_title =
            title.starts_with(|c: char| c.is_alphanumeric() || c == '{') && delimiter(title).is_none();
        (fits && is_title && below.bytes().all(|b| b == first)).then_some(level as u8 + 1)
    }

    fn title(&mut self, level: u8, title: &str, offset: usize) {
        // In a table and in a list there are no sections; the line is where a person sees a title all the same.
        self.literal = false;
        self.out.open_heading(level, offset);
        let mut joined = Joined::default();
        let closing = title.trim_end().trim_end_matches(['=', '#']);
        joined.push(if closing.ends_with(' ') { closing.trim_end() } else { title }, offset);
        self.inline(&joined);
        self.out.close_heading();
    }

    fn delimited(&mut self, at: usize, kind: Delimited, opening: &str) -> usize {
        self.out.end_block();
        let literal = std::mem::take(&mut self.literal);
        // The delimiters of text only separate; a `[source]` before `--` or `====` makes it a listing.
        if kind == Delimited::Text && !literal {
            return at + 1;
        }
        let closing = if opening.starts_with("```") { "```" } else { opening };
        let close = (at + 1..self.lines.len())
            .find(|n| self.line(*n).trim_end() == closing)
            .unwrap_or(self.lines.len());
        if kind == Delimited::Html {
            let mut joined = Joined::default();
            for (offset, line) in &self.lines[at + 1..close] {
                joined.push(line, *offset);
            }
            self.html.read(&joined.text, &|n| joined.offset_of(n), self.out);
            self.out.end_block();
        }
        close + 1
    }

    /// Lines that say something of the document or of the next block; gives the line after them.
    fn metadata(&mut self, at: usize, content: &str) -> Option<usize> {
        if content.starts_with('[') && content.ends_with(']') && !content.contains("](") {
            self.out.end_block();
            let style = content[1..].split([',', ']', '%', '#', '.']).next().unwrap_or_default();
            self.literal =
                matches!(style, "source" | "listing" | "literal" | "stem" | "latexmath" | "asciimath")
                    || style.is_empty() && content.starts_with("[,");
            return Some(at + 1);
        }
        if let Some((name, value)) = content.strip_prefix(':').and_then(|c| c.split_once(':'))
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_!".contains(&b))
            && (value.is_empty() || value.starts_with(' '))
        {
            let value = self.substitute(value.trim());
            let value = value.into_owned();
            if value.len() <= MAX_VALUE {
                self.attributes.insert(name.to_ascii_lowercase(), value);
            }
            return Some(at + 1);
        }
        let directive =
            ["include::", "ifdef::", "ifndef::", "ifeval::", "endif::", "toc::", "video::", "audio::"];
        if directive.iter().any(|d| content.starts_with(d)) && content.ends_with(']') {
            return Some(at + 1);
        }
        matches!(content, "'''" | "<<<" | "---" | "***").then(|| {
            self.out.end_block();
            at + 1
        })
    }

    fn cells(&mut self, line: &str, offset: usize) {
        let mut from = 0;
        let mut bars =
            line.match_indices('|').map(|(at, _)| at).filter(|at| !line[..*at].ends_with('\\')).peekable();
        // What stands before the first bar belongs to the cell of the line before, or specifies the cell.
        while let Some(bar) = bars.next() {
            from = bar + 1;
            let end = bars.peek().copied().unwrap_or(line.len());
            let cell = &line[from..end];
            self.out.block(ProseKind::TableCell);
            let mut joined = Joined::default();
            joined.push(cell.trim(), offset + from + indentation(cell));
            self.inline(&joined);
        }
        if from > 0 {
            self.out.text(" ", offset + line.len());
        }
    }

    fn paragraph(&mut self, at: usize) -> usize {
        let Some(&(offset, first)) = self.lines.get(at) else { return at + 1 };
        let indent = indentation(first);
        let mut from = indent;
        let kind = match marker(&first[indent..]) {
            Some(len) => {
                from += len;
                ProseKind::ListItem
            }
            None if self.table => ProseKind::TableCell,
            None if is_term(first) => ProseKind::ListItem,
            None => ProseKind::Paragraph,
        };
        // A line inside a cell goes on with its block.
        if !(self.table && kind == ProseKind::TableCell) {
            self.out.block(kind);
        }
        if kind == ProseKind::ListItem
            && let Some((done, len)) = checkbox(&first[from..])
        {
            self.out.task(done);
            from += len;
        }
        // `.Title` of a block, `term:: definition`.
        if kind == ProseKind::Paragraph && first.starts_with('.') && first.len() > 1 {
            let mut joined = Joined::default();
            joined.push(first[1..].trim_end(), offset + 1);
            self.inline(&joined);
            self.out.end_block();
            return at + 1;
        }
        let mut joined = Joined::default();
        joined.push(first[from..].trim_end(), offset + from);
        let mut next = at + 1;
        while let Some(&(offset, line)) = self.lines.get(next) {
            let content = line.trim();
            let stops = content.is_empty()
                || content == "+"
                || delimiter(content).is_some()
                || marker(content).is_some()
                || is_directive(content)
                || (kind == ProseKind::ListItem && is_term(content))
                || line.starts_with("|===")
                || (self.table && content.contains('|'))
                || (line.starts_with('[') && content.ends_with(']') && !content.contains("]("));
            if stops {
                break;
            }
            if !is_comment(line) {
                joined.push(line.trim_end(), offset);
            }
            next += 1;
        }
        self.inline(&joined);
        if !self.table {
            self.out.end_block();
        }
        next
    }

    /// `text` with `{name}` replaced, once.
    fn substitute<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.attributes.is_empty() || !text.contains('{') {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            rest = &rest[open..];
            let close = rest.bytes().take(80).position(|b| b == b'}');
            match close.and_then(|c| Some((self.attributes.get(&rest[1..c].to_ascii_lowercase())?, c))) {
                // The bound keeps a text of nothing but references within reason.
                Some((value, close)) if out.len() < text.len() + (64 << 10) => {
                    out.push_str(value);
                    rest = &rest[close + 1..];
                }
                _ => {
                    out.push('{');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    fn inline(&mut self, joined: &Joined) {
        let text = self.substitute(&joined.text);
        let same = matches!(text, Cow::Borrowed(_));
        // With attributes put in, places are those of the line only.
        let offset_of = |at: usize| {
            if same {
                return joined.offset_of(at);
            }
            let line = text[..at].bytes().filter(|b| *b == b'\n').count();
            let start = joined.text.match_indices('\n').nth(line.wrapping_sub(1)).map_or(0, |(n, _)| n + 1);
            joined.offset_of(start)
        };
        Inline { text: &text, offset_of: &offset_of, out: self.out, no_bracket: usize::MAX, no_url: 0 }
            .run(0..text.len(), 0);
    }
}

fn is_comment(line: &str) -> bool {
    line.starts_with("//") && !line.starts_with("///")
}

fn is_directive(line: &str) -> bool {
    ["include::", "ifdef::", "ifndef::", "ifeval::", "endif::", "toc::", "video::", "audio::"]
        .iter()
        .any(|d| line.starts_with(d))
        && line.ends_with(']')
}

/// `term:: definition`.
fn is_term(line: &str) -> bool {
    let ends = |at: usize| line[at + 2..].is_empty() || line[at + 2..].starts_with([' ', '\t']);
    line.match_indices("::").next().is_some_and(|(at, _)| at > 0 && ends(at))
}

/// The level of a title in `line` and where its text begins. (`=` is the document's title.)
fn title_level(line: &str) -> Option<(u8, usize)> {
    let mark = line.chars().next().filter(|c| matches!(c, '=' | '#'))?;
    let marks = line.len() - line.trim_start_matches(mark).len();
    let blanks = indentation(&line[marks..]);
    let fits = marks <= 6 && blanks > 0 && line.len() > marks + blanks;
    fits.then(|| (u8::try_from(marks).unwrap_or(6), marks + blanks))
}

/// The length of a list marker: `*`, `**`, `-`, `.`, `1.`, `<1>`, each with its blanks.
fn marker(line: &str) -> Option<usize> {
    let first = *line.as_bytes().first()?;
    let count = match first {
        b'*' | b'.' => line.bytes().take_while(|b| *b == first).count(),
        b'<' => {
            let close = line.bytes().take(6).position(|b| b == b'>')?;
            line[1..close].bytes().all(|b| b.is_ascii_digit() || b == b'.').then_some(close + 1)?
        }
        _ => return list_marker(line),
    };
    let blanks = indentation(&line[count..]);
    (count <= 6 && blanks > 0 && line.len() > count + blanks).then_some(count + blanks)
}

fn checkbox(text: &str) -> Option<(bool, usize)> {
    let done = match text.get(..4)? {
        "[x] " | "[X] " | "[*] " => true,
        "[ ] " => false,
        _ => return None,
    };
    Some((done, 4))
}

struct Inline<'a, 'b> {
    text: &'a str,
    offset_of: &'a dyn Fn(usize) -> usize,
    out: &'b mut Builder,
    /// From here on no `]` follows.
    no_bracket: usize,
    /// Before this place no URL begins.
    no_url: usize,
}

impl Inline<'_, '_> {
    /// Read a part of the text; `depth` counts macros inside macros.
    fn run(&mut self, range: std::ops::Range<usize>, depth: u8) {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut plain = range.start;
        let mut at = range.start;
        while at < range.end {
            // What may begin something.
            let here = match bytes[at] {
                b'\\' => {
                    self.plain(plain..at);
                    let next = text[at + 1..range.end].chars().next().map_or(0, char::len_utf8);
                    plain = at + 1;
                    // An escaped macro is text up to its colon.
                    at += 1 + next;
                    while at < range.end && bytes[at].is_ascii_alphabetic() {
                        at += 1;
                    }
                    continue;
                }
                b'`' | b'+' => self.literal(at, range.end),
                b'<' => self.angle(at, range.end),
                b'l' | b'i' | b'x' | b'm' | b'h' | b'f' | b'w' if !in_word(text, at) => {
                    self.named(at, range.end, depth)
                }
                _ => None,
            };
            let Some((found, end)) = here else {
                at += 1;
                continue;
            };
            self.plain(plain..at);
            self.emit(found, at, depth);
            at = end;
            plain = end;
        }
        self.plain(plain..range.end);
    }

    fn plain(&mut self, range: std::ops::Range<usize>) {
        if range.is_empty() {
            return;
        }
        let text = without_marks(&self.text[range.clone()]);
        self.out.text(&text, (self.offset_of)(range.start));
    }

    fn emit(&mut self, found: Found, at: usize, depth: u8) {
        let offset = (self.offset_of)(at);
        match found {
            Found::Literal(range) => self.out.text(&self.text[range], offset),
            Found::Link { target, label } => {
                // Links do not nest.
                let link = depth == 0;
                if link {
                    self.out.open_link(target.clone(), offset);
                }
                match label {
                    Some(label) if !label.is_empty() && depth < 3 => self.run(label, depth + 1),
                    _ => self.out.text(&target, offset),
                }
                if link {
                    self.out.close();
                }
            }
            Found::Image { address, alt, link } => {
                let wrap = link.filter(|_| depth == 0);
                if let Some(target) = &wrap {
                    self.out.open_link(target.clone(), offset);
                }
                self.out.image(&address, &alt, offset);
                if wrap.is_some() {
                    self.out.close();
                }
            }
            Found::Text(range) => self.run(range, depth + 1),
        }
    }

    fn literal(&self, at: usize, end: usize) -> Option<(Found, usize)> {
        let bytes = self.text.as_bytes();
        let mark = bytes[at];
        let marks = bytes[at..end].iter().take(3).take_while(|b| **b == mark).count();
        if marks == 1 && in_word(self.text, at) {
            return None;
        }
        let from = at + marks;
        let window = &bytes[from..end.min(from + 4096)];
        let close = from + memchr::memmem::find(window, &bytes[at..from])?;
        let constrained = marks > 1 || !bytes.get(close + 1).is_some_and(u8::is_ascii_alphanumeric);
        (close > from && constrained).then(|| {
            // `+text+` inside backquotes is the same literal.
            let inner = &self.text[from..close];
            let pass = inner.len() > 2 && inner.starts_with('+') && inner.ends_with('+');
            let cut = usize::from(pass);
            (Found::Literal(from + cut..close - cut), close + marks)
        })
    }

    /// `<https://…>`, `<<id,text>>`.
    fn angle(&self, at: usize, end: usize) -> Option<(Found, usize)> {
        let rest = &self.text[at..end.min(at + MAX_LIST).max(at)];
        let rest = if rest.is_empty() { return None } else { rest };
        if let Some(inner) = rest.strip_prefix("<<") {
            let close = inner.find(">>")?;
            let (id, label) = match inner[..close].split_once(',') {
                Some((id, _)) => (id, at + 2 + id.len() + 1..at + 2 + close),
                None => (&inner[..close], at + 2..at + 2 + close),
            };
            let id = id.trim();
            let target = if id.contains(['#', '.']) { id.to_owned() } else { format!("#{id}") };
            return Some((Found::Link { target, label: Some(label) }, at + 2 + close + 2));
        }
        let close = rest.find('>')?;
        let url = &rest[1..close];
        (is_url(url) && !url.contains(char::is_whitespace))
            .then(|| (Found::Link { target: url.to_owned(), label: None }, at + close + 1))
    }

    /// A macro or a URL that begins at `at`.
    fn named(&mut self, at: usize, end: usize, depth: u8) -> Option<(Found, usize)> {
        let text = self.text;
        let rest = text.get(at..end)?;
        if at < self.no_url {
            return None;
        }
        if is_url(rest) || (rest.starts_with("www.") && depth == 0) {
            return self.url(at, end);
        }
        let name = ["link:", "image:", "xref:", "mailto:", "footnote:", "icon:"]
            .into_iter()
            .find(|name| rest.starts_with(name))?;
        let from = at + name.len();
        // A block macro has two colons.
        let from = from + usize::from(name == "image:" && text[from..].starts_with(':'));
        let quoted = match text[from..end].strip_prefix("++") {
            Some(inner) => 2 + cut_find(inner, "++")? + 2,
            None => 0,
        };
        let stop = text[from + quoted..end]
            .bytes()
            .take(MAX_LIST)
            .position(|b| b == b'[' || b.is_ascii_whitespace())
            .map(|n| from + quoted + n)?;
        if text.as_bytes()[stop] != b'[' {
            return None;
        }
        let close = self.bracket(stop, end)?;
        let target = text[from..stop].trim_matches('+').to_owned();
        let list = stop + 1..close;
        let found = match name {
            "image:" => {
                let (alt, link) = image_attributes(&text[list]);
                if target.is_empty() {
                    return None;
                }
                Found::Image { address: target, alt, link }
            }
            "icon:" => Found::Literal(close..close),
            "footnote:" => Found::Text(list),
            "mailto:" => Found::Link { target: format!("mailto:{target}"), label: Some(label(text, list)) },
            "xref:" => {
                let target = if target.contains(['#', '.']) { target } else { format!("#{target}") };
                Found::Link { target, label: Some(label(text, list)) }
            }
            _ => Found::Link { target, label: Some(label(text, list)) },
        };
        Some((found, close + 1))
    }

    fn url(&mut self, at: usize, end: usize) -> Option<(Found, usize)> {
        let text = self.text;
        let stop = text[at..end]
            .find(|c: char| c.is_whitespace() || matches!(c, '[' | '<' | '>' | ']'))
            .map_or(end, |n| at + n);
        if text.as_bytes().get(stop) == Some(&b'[')
            && stop < end
            && let Some(close) = self.bracket(stop, end)
        {
            let found =
                Found::Link { target: text[at..stop].to_owned(), label: Some(label(text, stop + 1..close)) };
            return Some((found, close + 1));
        }
        let Some(url) =
            super::urls::autolinks(&text[at..stop]).into_iter().next().filter(|url| url.start == 0)
        else {
            self.no_url = stop;
            return None;
        };
        let shown = at..at + url.end;
        let target = &text[shown.clone()];
        let found = if target.starts_with("www.") {
            Found::Link { target: format!("http://{target}"), label: Some(shown) }
        } else {
            Found::Link { target: target.to_owned(), label: None }
        };
        Some((found, at + url.end))
    }

    /// The `]` that closes the `[` at `open`.
    fn bracket(&mut self, open: usize, end: usize) -> Option<usize> {
        if open >= self.no_bracket {
            return None;
        }
        let window = &self.text.as_bytes()[open..end.min(open + MAX_LIST)];
        if !window.contains(&b']') {
            if window.len() < MAX_LIST && end == self.text.len() {
                self.no_bracket = open;
            }
            return None;
        }
        let mut depth = 0_usize;
        for (n, byte) in window.iter().enumerate() {
            match byte {
                b'[' => depth += 1,
                b']' if window[n - 1] == b'\\' => {}
                b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(open + n);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// What an inline construct is; ranges are of the text.
enum Found {
    Literal(std::ops::Range<usize>),
    /// Without a label the target is shown.
    Link {
        target: String,
        label: Option<std::ops::Range<usize>>,
    },
    Image {
        address: String,
        alt: String,
        link: Option<String>,
    },
    Text(std::ops::Range<usize>),
}

/// Where `what` is in the first [`MAX_LIST`] bytes of `text`.
fn cut_find(text: &str, what: &str) -> Option<usize> {
    memchr::memmem::find(&text.as_bytes()[..text.len().min(MAX_LIST)], what.as_bytes())
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn in_word(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The text of a link's attribute list: up to `,name=value`, without the `^` of a new window and without quotes.
fn label(text: &str, list: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let inner = &text[list.clone()];
    if let Some(quoted) = inner.strip_prefix('"')
        && let Some(close) = quoted.find('"')
    {
        return list.start + 1..list.start + 1 + close;
    }
    // Inside a nested macro the comma is that macro's.
    let comma =
        if inner.contains('[') { None } else { inner.find(',').filter(|n| inner[*n..].contains('=')) };
    let inner = &inner[..comma.unwrap_or(inner.len())];
    list.start..list.start + inner.strip_suffix('^').unwrap_or(inner).len()
}

/// Alternative text and link of an image's attribute list.
fn image_attributes(list: &str) -> (String, Option<String>) {
    let mut alt = String::new();
    let mut link = None;
    let mut rest = list;
    let mut first = true;
    while !rest.is_empty() {
        let (item, after) = attribute(rest);
        rest = after;
        match item.split_once('=') {
            Some((name, value)) => {
                let value = value.trim().trim_matches('"');
                match name.trim() {
                    "link" => link = Some(value.to_owned()),
                    "alt" => value.clone_into(&mut alt),
                    _ => {}
                }
            }
            None if first => item.trim().trim_matches('"').clone_into(&mut alt),
            None => {}
        }
        first = false;
    }
    (alt, link)
}

/// The first item of an attribute list and what follows its comma. A comma in quotes is no end.
fn attribute(list: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => return (&list[..at], &list[at + 1..]),
            _ => {}
        }
    }
    (list, "")
}

/// `text` without the marks of emphasis, anchors and character references undone.
fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if matches!(c, '*' | '_' | '#' | '^' | '~') {
            let doubled = chars.peek() == Some(&c);
            if doubled {
                chars.next();
            }
            let after = chars.peek().copied().unwrap_or(' ');
            let opens = !before.is_alphanumeric() && !after.is_whitespace();
            let closes = !before.is_whitespace() && !after.is_alphanumeric();
            if doubled || ((opens || closes) && c != '~' && c != '^') {
                continue;
            }
        }
        out.push(c);
        before = c;
    }
    if out.contains('&') { super::html::decode(&out) } else { out }
}
