//! reStructuredText into the [`Document`](super::document::Document) model.
//!
//! Read by lines and without recursion: sections in all adornments, lists, tables, directives by what their
//! bodies are (text, literal, HTML), explicit targets, substitutions that are images, and inline references.
//! Comments, literal blocks and doctests are skipped. Includes are not followed.
//! Source: <https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html>.

use std::collections::HashMap;

use super::{
    document::{Builder, Joined, ProseKind, indentation, lines_of, list_marker},
    html::Html,
};

/// Directives whose body is not text of the document.
const LITERAL: [&str; 18] = [
    "code",
    "code-block",
    "sourcecode",
    "literalinclude",
    "highlight",
    "parsed-literal",
    "math",
    "include",
    "toctree",
    "contents",
    "sectnum",
    "meta",
    "default-role",
    "role",
    "graphviz",
    "csv-table",
    "testcode",
    "doctest",
];

pub(super) fn read(text: &str, out: &mut Builder) {
    let lines: Vec<(usize, &str)> = lines_of(text).collect();
    let names = Names::collect(&lines);
    Reader { lines, names, levels: Vec::new(), html: Html::default(), anonymous: 0, out }.run();
}

/// An image that a directive makes.
#[derive(Debug, Clone, Default)]
struct Image {
    address: String,
    alt: String,
    target: Option<String>,
}

/// What references stand for.
#[derive(Default)]
struct Names {
    /// Normalised name → address, or another name with `_`.
    targets: HashMap<String, String>,
    anonymous: Vec<String>,
    images: HashMap<String, Image>,
}

/// Names compare without case and with single blanks.
fn normalise(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word.to_lowercase());
    }
    out
}

impl Names {
    /// Find the definitions; a reference may come before its own. Those in literal blocks do harm only if a text
    /// outside refers to them.
    fn collect(lines: &[(usize, &str)]) -> Self {
        let mut names = Self::default();
        for (at, (_, line)) in lines.iter().enumerate() {
            let trimmed = line.trim_start();
            if let Some(address) = trimmed.strip_prefix("__ ") {
                names.anonymous.push(address.trim().to_owned());
            }
            let Some(explicit) = trimmed.strip_prefix(".. ") else { continue };
            let explicit = explicit.trim_start();
            if let Some(target) = explicit.strip_prefix("_") {
                names.target(target, lines, at);
            } else if let Some((name, rest)) = explicit.strip_prefix('|').and_then(|e| e.split_once('|'))
                && let Some(address) = rest.trim_start().strip_prefix("image::")
            {
                let (image, _) = image_at(address, lines, at);
                names.images.insert(normalise(name), image);
            }
        }
        names
    }

    fn target(&mut self, definition: &str, lines: &[(usize, &str)], at: usize) {
        let (name, rest) = if let Some(quoted) = definition.strip_prefix('`') {
            let Some((name, rest)) = quoted.split_once("`:") else { return };
            (name.to_owned(), rest)
        } else {
            // A colon inside a name is escaped.
            let Some(colon) = unescaped_colon(definition) else { return };
            (definition[..colon].replace('\\', ""), &definition[colon + 1..])
        };
        let mut address = rest.trim().to_owned();
        // An address may go on in indented lines.
        let indent = indentation(lines[at].1);
        for (_, next) in &lines[at + 1..] {
            if next.trim().is_empty() || indentation(next) <= indent || address.len() > 8192 {
                break;
            }
            address.push_str(next.trim());
        }
        if name == "_" {
            self.anonymous.push(address);
        } else {
            self.targets.entry(normalise(&name)).or_insert(address);
        }
    }

    /// The address that `name` stands for; a target without one is a place in the document.
    fn address(&self, name: &str) -> Option<String> {
        let mut name = normalise(name);
        for _ in 0..8 {
            let address = self.targets.get(&name)?;
            match address.strip_suffix('_') {
                Some(other) if !other.contains("//") => name = normalise(other.trim_matches('`')),
                _ if address.is_empty() => return Some(format!("#{}", name.replace(' ', "-"))),
                _ => return Some(address.clone()),
            }
        }
        None
    }
}

fn unescaped_colon(text: &str) -> Option<usize> {
    text.match_indices(':').map(|(at, _)| at).find(|at| {
        !text[..*at].ends_with('\\') && text[at + 1..].chars().next().is_none_or(char::is_whitespace)
    })
}

/// The image of a directive whose argument begins `argument`, at line `at`; and the line after its options.
fn image_at(argument: &str, lines: &[(usize, &str)], at: usize) -> (Image, usize) {
    let mut image = Image { address: argument.trim().to_owned(), ..Image::default() };
    let indent = indentation(lines[at].1);
    let mut next = at + 1;
    let mut options = false;
    while let Some((_, line)) = lines.get(next) {
        let trimmed = line.trim();
        if trimmed.is_empty() || indentation(line) <= indent {
            break;
        }
        if let Some((name, value)) = trimmed.strip_prefix(':').and_then(|t| t.split_once(':')) {
            options = true;
            match name {
                "alt" => value.trim().clone_into(&mut image.alt),
                "target" => image.target = Some(value.trim().to_owned()),
                _ => {}
            }
        } else if !options && image.address.len() < 8192 {
            image.address.push_str(trimmed);
        }
        next += 1;
    }
    (image, next)
}

struct Reader<'a, 'b> {
    lines: Vec<(usize, &'a str)>,
    names: Names,
    /// Adornments in order of appearance: character, with overline.
    levels: Vec<(u8, bool)>,
    html: Html,
    /// Anonymous references seen.
    anonymous: usize,
    out: &'b mut Builder,
}

/// The character of a line that is nothing but one punctuation character.
fn adornment(line: &str) -> Option<u8> {
    let line = line.trim_end();
    let first = *line.as_bytes().first()?;
    (first.is_ascii_punctuation() && line.bytes().all(|b| b == first)).then_some(first)
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

    fn is_blank(&self, at: usize) -> bool {
        self.line(at).trim().is_empty()
    }

    /// The first line from `at` on that is neither blank nor indented by more than `indent`.
    fn after_body(&self, mut at: usize, indent: usize) -> usize {
        while at < self.lines.len() && (self.is_blank(at) || indentation(self.line(at)) > indent) {
            at += 1;
        }
        at
    }

    /// Read the block at line `at`; gives the line after it.
    fn block(&mut self, at: usize) -> usize {
        let Some(&(offset, line)) = self.lines.get(at) else { return at + 1 };
        let indent = indentation(line);
        let content = &line[indent..];
        if content.trim().is_empty() {
            return at + 1;
        }
        if indent == 0
            && let Some(next) = self.section(at)
        {
            return next;
        }
        if content == ".." || content.starts_with(".. ") {
            return self.explicit(at, indent, offset);
        }
        if content.starts_with("__ ") {
            return at + 1;
        }
        if content.starts_with(">>>") {
            return (at..self.lines.len()).find(|n| self.is_blank(*n)).unwrap_or(self.lines.len());
        }
        if content.starts_with("+-") || content.starts_with("+=") {
            return self.grid_table(at);
        }
        if content.starts_with("==") && content.trim_end().bytes().all(|b| matches!(b, b'=' | b' ')) {
            return self.simple_table(at);
        }
        self.paragraph(at)
    }

    /// A section title or a transition at `at`.
    fn section(&mut self, at: usize) -> Option<usize> {
        let line = self.line(at);
        if let Some(mark) = adornment(line) {
            let title = self.line(at + 1).trim();
            let closed = adornment(self.line(at + 2)) == Some(mark);
            // The lines are as long as the title; `width` is generous to wide characters.
            if closed && !title.is_empty() && line.trim_end().len() >= 2 && adornment(title).is_none() {
                self.title(at + 1, mark, true);
                return Some(at + 3);
            }
            if line.trim_end().len() >= 4 && self.is_blank(at + 1) {
                return Some(at + 1);
            }
            return None;
        }
        let below = self.line(at + 1).trim_end();
        let mark = adornment(below)?;
        let width = line.trim_end().chars().count();
        // Docutils takes a short underline from four characters on, with a warning.
        if below.len() >= width || below.len() >= 4 {
            // `::` and `..` below a line of text are no underline.
            if matches!(below, "::" | "..") {
                return None;
            }
            self.title(at, mark, false);
            return Some(at + 2);
        }
        None
    }

    fn title(&mut self, at: usize, mark: u8, overline: bool) {
        let style = (mark, overline);
        let level = self.levels.iter().position(|l| *l == style).unwrap_or_else(|| {
            self.levels.push(style);
            self.levels.len() - 1
        });
        let Some(&(offset, line)) = self.lines.get(at) else { return };
        let indent = indentation(line);
        self.out.open_heading(u8::try_from(level + 1).unwrap_or(u8::MAX), offset);
        let mut joined = Joined::default();
        joined.push(line.trim(), offset + indent);
        self.inline(&joined);
        self.out.close_heading();
    }

    /// `.. something`: a target, a substitution, a directive, a footnote, or a comment.
    fn explicit(&mut self, at: usize, indent: usize, offset: usize) -> usize {
        self.out.end_block();
        let Some(&(_, line)) = self.lines.get(at) else { return at + 1 };
        let content = line[indent..].trim_start_matches("..").trim_start();
        let skip = |reader: &Self| reader.after_body(at + 1, indent);
        if content.starts_with('_') || content.starts_with('|') {
            return skip(self);
        }
        if let Some((_, note)) = content.strip_prefix('[').and_then(|c| c.split_once(']')) {
            let from = line.len() - note.len();
            self.out.block(ProseKind::Paragraph);
            let mut joined = Joined::default();
            joined.push(note.trim(), offset + from);
            self.inline(&joined);
            self.out.end_block();
            return at + 1;
        }
        let Some((name, argument)) = content.split_once("::") else { return skip(self) };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:.+".contains(&b)) {
            return skip(self);
        }
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "image" | "figure" => {
                let (image, next) = image_at(argument, &self.lines, at);
                self.image(&image, offset + indent);
                self.out.end_block();
                next
            }
            "raw" => {
                let next = skip(self);
                if argument.trim() == "html" {
                    self.raw_html(at + 1, next);
                }
                next
            }
            _ if LITERAL.contains(&name.as_str()) => skip(self),
            _ => {
                // The body of any other directive is text; its argument is a title, its options are not shown.
                self.out.block(ProseKind::Paragraph);
                let mut joined = Joined::default();
                joined.push(argument.trim(), offset + line.len() - argument.trim_start().len());
                self.inline(&joined);
                self.out.end_block();
                let mut next = at + 1;
                while self.line(next).trim_start().starts_with(':') && indentation(self.line(next)) > indent {
                    next += 1;
                }
                next
            }
        }
    }

    fn raw_html(&mut self, from: usize, to: usize) {
        let mut joined = Joined::default();
        for (offset, line) in &self.lines[from..to] {
            if !(joined.is_empty() && line.trim_start().starts_with(':')) {
                joined.push(line, *offset);
            }
        }
        self.html.read(&joined.text, &|n| joined.offset_of(n), self.out);
        self.out.end_block();
    }

    fn image(&mut self, image: &Image, offset: usize) {
        match &image.target {
            Some(target) => {
                let name = target.strip_suffix('_').filter(|t| !t.contains("//"));
                let resolved = name.and_then(|name| self.names.address(name.trim_matches('`')));
                self.out.open_link(resolved.unwrap_or_else(|| target.clone()), offset);
                self.out.image(&image.address, &image.alt, offset);
                self.out.close();
            }
            None => self.out.image(&image.address, &image.alt, offset),
        }
    }

    fn grid_table(&mut self, at: usize) -> usize {
        let mut next = at;
        while let Some(&(offset, line)) = self.lines.get(next) {
            let indent = indentation(line);
            let content = line[indent..].trim_end();
            if !content.starts_with(['+', '|']) {
                break;
            }
            if let Some(cells) = content.strip_prefix('|') {
                self.cells(
                    cells.split('|').map(|c| (c, c.as_ptr() as usize - line.as_ptr() as usize)),
                    offset,
                );
            }
            next += 1;
        }
        next.max(at + 1)
    }

    fn simple_table(&mut self, at: usize) -> usize {
        let mut next = at + 1;
        // The columns begin where the `=` do; the text between two of them is a cell.
        while let Some(&(offset, line)) = self.lines.get(next) {
            if line.trim().is_empty() {
                break;
            }
            if !line.trim_end().bytes().all(|b| matches!(b, b'=' | b' ' | b'-')) {
                let columns = line.split("  ").filter(|c| !c.trim().is_empty());
                self.cells(columns.map(|c| (c, c.as_ptr() as usize - line.as_ptr() as usize)), offset);
            }
            next += 1;
        }
        next
    }

    fn cells<'t>(&mut self, cells: impl Iterator<Item = (&'t str, usize)>, offset: usize) {
        for (cell, at) in cells {
            self.out.block(ProseKind::TableCell);
            let mut joined = Joined::default();
            joined.push(cell.trim(), offset + at + indentation(cell));
            self.inline(&joined);
            self.out.block(ProseKind::Paragraph);
        }
    }

    /// A paragraph or list item, and the literal block that it announces.
    fn paragraph(&mut self, at: usize) -> usize {
        let Some(&(_, first)) = self.lines.get(at) else { return at + 1 };
        let indent = indentation(first);
        let marker = list_marker(&first[indent..]);
        self.out.block(if marker.is_some() { ProseKind::ListItem } else { ProseKind::Paragraph });
        let mut joined = Joined::default();
        let mut next = at;
        while let Some(&(offset, line)) = self.lines.get(next) {
            let here = indentation(line);
            let content = line[here..].trim_end();
            if content.is_empty() {
                break;
            }
            if next > at {
                // In a list the next item begins without a blank line between.
                let explicit = content == ".." || content.starts_with(".. ");
                let item = marker.is_some() && list_marker(content).is_some();
                if explicit || item || (here == 0 && indent == 0 && adornment(self.line(next + 1)).is_some())
                {
                    break;
                }
            }
            let mark = if next == at { marker.unwrap_or(0) } else { 0 };
            let line_block = if content.starts_with("| ") { 2 } else { 0 };
            let from = here + mark.max(line_block);
            joined.push(line.get(from..).unwrap_or_default().trim_end(), offset + from);
            next += 1;
        }
        let literal = joined.text.trim_end().ends_with("::");
        if joined.text.trim() == "::" {
            joined.text.clear();
        } else if literal {
            joined.text.truncate(joined.text.trim_end().len() - 1);
        }
        self.inline(&joined);
        self.out.block(ProseKind::Paragraph);
        if literal {
            let text_indent = indent + marker.unwrap_or(0);
            return self.after_literal(next, text_indent);
        }
        next.max(at + 1)
    }

    /// The line after a literal block: what is indented, or lines that all begin with one punctuation character.
    fn after_literal(&self, mut at: usize, indent: usize) -> usize {
        while at < self.lines.len() && self.is_blank(at) {
            at += 1;
        }
        if indentation(self.line(at)) > indent {
            return self.after_body(at, indent);
        }
        let quote = self.line(at).trim_start().bytes().next().filter(u8::is_ascii_punctuation);
        // `..` begins markup, not a quoted literal block.
        if let Some(quote) = quote
            && !self.line(at).starts_with("..")
        {
            while self.line(at).trim_start().bytes().next() == Some(quote) {
                at += 1;
            }
        }
        at
    }

    /// Inline markup.
    fn inline(&mut self, joined: &Joined) {
        let mut scanner = Inline { text: &joined.text, at: 0, plain: 0, no_backquote: false, no_bar: false };
        while let Some(piece) = scanner.next() {
            let offset = joined.offset_of(piece.at);
            match piece.what {
                // Bare URLs are found by their place in the piece itself: joined lines have no blanks between.
                What::Text(text) => {
                    for (n, line) in text.split('\n').enumerate() {
                        let at = piece.at + (line.as_ptr() as usize - text.as_ptr() as usize);
                        if n > 0 {
                            self.out.text(" ", joined.offset_of(at));
                        }
                        self.running(line, joined.offset_of(at));
                    }
                }
                What::Literal(text) => self.out.text(text, offset),
                What::Link { text, target } => self.out.link(text, target, offset),
                What::Named { text, name, bare } => match self.names.address(name) {
                    Some(address) => self.out.link(text, &address, offset),
                    None => {
                        self.out.text(text, offset);
                        if bare {
                            self.out.text("_", offset);
                        }
                    }
                },
                What::Anonymous(text) => {
                    let address = self.names.anonymous.get(self.anonymous).cloned();
                    self.anonymous += 1;
                    match address {
                        Some(address) => self.out.link(text, &address, offset),
                        None => self.out.text(text, offset),
                    }
                }
                What::Substitution { name, reference } => match self.names.images.get(&normalise(name)) {
                    Some(image) => {
                        let mut image = image.clone();
                        if image.alt.is_empty() {
                            name.clone_into(&mut image.alt);
                        }
                        if reference && image.target.is_none() {
                            image.target = self.names.address(name);
                        }
                        self.image(&image, offset);
                    }
                    None => self.out.text(name, offset),
                },
            }
        }
    }

    fn running(&mut self, text: &str, offset: usize) {
        // Emphasis has no part in the text. The URLs are looked for before, since an asterisk may be part of one.
        let source = text;
        if source.contains("://") || source.contains("www.") {
            self.out.bare_links(source, offset);
        }
        let cleaned = without_emphasis(text);
        self.out.text(&cleaned, offset);
    }
}

/// `text` without the marks of emphasis and without the backslashes of escapes.
fn without_emphasis(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        if c == '\\' {
            if let Some(escaped) = chars.next() {
                if !escaped.is_whitespace() {
                    out.push(escaped);
                }
                before = escaped;
            }
            continue;
        }
        if c == '*' {
            while chars.peek() == Some(&'*') {
                chars.next();
            }
            let after = chars.peek().copied().unwrap_or(' ');
            let opens = !before.is_alphanumeric() && !after.is_whitespace();
            let closes = !before.is_whitespace() && !after.is_alphanumeric();
            if opens || closes {
                continue;
            }
        }
        out.push(c);
        before = c;
    }
    out
}

/// A piece of inline markup at a byte of the text.
struct Piece<'a> {
    at: usize,
    what: What<'a>,
}

enum What<'a> {
    Text(&'a str),
    Literal(&'a str),
    Link {
        text: &'a str,
        target: &'a str,
    },
    /// `bare`: a word with an underscore, which is just that if nothing has its name.
    Named {
        text: &'a str,
        name: &'a str,
        bare: bool,
    },
    Anonymous(&'a str),
    Substitution {
        name: &'a str,
        reference: bool,
    },
}

struct Inline<'a> {
    text: &'a str,
    at: usize,
    /// Where the text that is not given yet begins.
    plain: usize,
    no_backquote: bool,
    no_bar: bool,
}

impl<'a> Inline<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() {
            let start = self.at;
            let found = match bytes[start] {
                b'\\' => {
                    self.at += 1 + self.text[start + 1..].chars().next().map_or(0, char::len_utf8);
                    continue;
                }
                b'`' if !self.no_backquote => self.backquote(start),
                b'|' if !self.no_bar => self.substitution(start),
                b'_' => self.word_reference(start),
                // An underscore at the end of a URL is part of it.
                b':' if bytes[start..].starts_with(b"://") => {
                    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '`' | '|' | '\\');
                    self.at = start + self.text[start..].find(ends).unwrap_or(self.text.len() - start);
                    continue;
                }
                _ => None,
            };
            match found {
                Some((begin, end, what)) => {
                    if self.plain < begin {
                        // First what stands before; the piece is found again from its beginning.
                        let text = &self.text[self.plain..begin];
                        let at = std::mem::replace(&mut self.plain, begin);
                        self.at = start;
                        return Some(Piece { at, what: What::Text(text) });
                    }
                    self.at = end;
                    self.plain = end;
                    return Some(Piece { at: begin, what });
                }
                None => self.at = self.at.max(start) + usize::from(self.at == start),
            }
        }
        let at = std::mem::replace(&mut self.plain, bytes.len());
        (at < bytes.len()).then(|| Piece { at, what: What::Text(&self.text[at..]) })
    }

    fn backquote(&mut self, start: usize) -> Option<(usize, usize, What<'a>)> {
        let text = self.text;
        if text[start..].starts_with("``") {
            let end = memchr::memmem::find(&text.as_bytes()[start + 2..], b"``").map(|n| start + 2 + n);
            let Some(mut end) = end else {
                self.at = start + 2;
                return None;
            };
            // A literal may end with a backquote.
            while text.as_bytes().get(end + 2) == Some(&b'`') {
                end += 1;
            }
            return Some((start, end + 2, What::Literal(&text[start + 2..end])));
        }
        let Some(n) = memchr::memchr(b'`', &text.as_bytes()[start + 1..]) else {
            self.no_backquote = true;
            return None;
        };
        let close = start + 1 + n;
        let inner = &text[start + 1..close];
        if inner.is_empty() || inner.starts_with(char::is_whitespace) {
            return None;
        }
        let rest = &text[close + 1..];
        let (label, target) = embedded(inner);
        if let Some(role) = role_before(&text[self.plain..start]) {
            let begin = start - role.len() - 2;
            let what = match role {
                "doc" | "ref" | "download" | "any" => {
                    What::Link { text: label, target: target.unwrap_or(inner) }
                }
                _ => What::Literal(label),
            };
            return Some((begin, close + 1, what));
        }
        if rest.starts_with("__") {
            let what = match target {
                Some(target) => What::Link { text: label, target },
                None => What::Anonymous(inner),
            };
            return Some((start, close + 3, what));
        }
        if rest.starts_with('_') {
            let what = match target {
                Some(alias) if alias.ends_with('_') && !alias.contains("//") => {
                    What::Named { text: label, name: alias.trim_end_matches('_'), bare: false }
                }
                Some(target) => What::Link { text: label, target },
                None => What::Named { text: inner, name: inner, bare: false },
            };
            return Some((start, close + 2, what));
        }
        Some((start, close + 1, What::Literal(inner)))
    }

    fn substitution(&mut self, start: usize) -> Option<(usize, usize, What<'a>)> {
        let text = self.text;
        let Some(n) = memchr::memchr(b'|', &text.as_bytes()[start + 1..]) else {
            self.no_bar = true;
            return None;
        };
        let name = &text[start + 1..start + 1 + n];
        if name.is_empty() || name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace) {
            return None;
        }
        let close = start + 1 + n + 1;
        let underscores = text[close..].bytes().take(2).take_while(|b| *b == b'_').count();
        Some((start, close + underscores, What::Substitution { name, reference: underscores > 0 }))
    }

    /// `name_` or `name__`, seen at its underscore.
    fn word_reference(&mut self, start: usize) -> Option<(usize, usize, What<'a>)> {
        let text = self.text;
        let bytes = text.as_bytes();
        let anonymous = bytes.get(start + 1) == Some(&b'_');
        let end = start + 1 + usize::from(anonymous);
        if text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let word_char = |b: &u8| b.is_ascii_alphanumeric() || b"-._+".contains(b) || *b >= 0x80;
        let len = bytes[self.plain..start].iter().rev().take(200).take_while(|b| word_char(b)).count();
        let mut begin = start - len;
        while !text.is_char_boundary(begin) {
            begin += 1;
        }
        let word = &text[begin..start];
        if !word.starts_with(char::is_alphanumeric) {
            return None;
        }
        let what = if anonymous {
            What::Anonymous(word)
        } else {
            What::Named { text: word, name: word, bare: true }
        };
        Some((begin, end, what))
    }
}

/// `text <target>` apart.
fn embedded(inner: &str) -> (&str, Option<&str>) {
    match inner.strip_suffix('>').and_then(|i| i.rsplit_once('<')) {
        Some((text, target)) if text.trim().is_empty() => (target, Some(target)),
        Some((text, target)) => (text.trim_end(), Some(target)),
        None => (inner, None),
    }
}

/// The role in `:role:` at the end of `before`.
fn role_before(before: &str) -> Option<&str> {
    let before = before.strip_suffix(':')?;
    let from = before.len().saturating_sub(40);
    let colon = memchr::memrchr(b':', &before.as_bytes()[from..])? + from;
    let role = &before[colon + 1..];
    (!role.is_empty() && role.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)))
        .then_some(role)
}
