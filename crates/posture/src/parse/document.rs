//! What a document holds, whatever markup it is written in: headings, links, badges, prose, tasks, with lines.
//!
//! [`Document`] is the model, [`Format`] the choice of reader: `markdown`, `restructured`,
//! `asciidoc`, or plain text, which is read here. The readers fill a `Builder`, which renders text and keeps the
//! result within bounds. What is in code, in comments or in literal blocks is nowhere in the result, but a code
//! span is part of the text around it.

use std::ops::Range;

use super::{
    text::{Lines, Text},
    urls,
};

/// How much of a file is read: 4 MiB. (GitHub shows 500 KiB of a README.)
pub const MAX_BYTES: usize = 4 << 20;

/// At most so many headings, links, badges, blocks and tasks are kept, each.
pub const MAX_PARTS: usize = 100_000;

/// The longest text of a heading or link that is kept, in bytes.
const MAX_LABEL: usize = 1024;

/// The markup of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// GitHub Flavored Markdown.
    Markdown,
    /// reStructuredText, as Docutils reads it.
    ReStructuredText,
    /// AsciiDoc, as Asciidoctor reads it.
    AsciiDoc,
    /// No markup. Forges show such a file as it is; a person still sees titles in it, so lines that begin with
    /// `#`s and a blank, and lines underlined with `=` or `-`, are headings. Bare URLs are links.
    Plain,
}

impl Format {
    /// The format of a file by the extension of its name, as GitHub chooses it; [`Format::Plain`] for a name
    /// without an extension, with `.txt`, or with one that is not known.
    /// Source: <https://github.com/github/markup#markups>.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
        match extension.as_str() {
            "md" | "markdown" | "mkd" | "mkdn" | "mdown" | "mdwn" | "mdx" => Self::Markdown,
            "rst" | "rest" => Self::ReStructuredText,
            "adoc" | "asciidoc" | "asc" => Self::AsciiDoc,
            _ => Self::Plain,
        }
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Document {
    /// The markup it was read as.
    pub format: Format,
    /// The file began with a byte order mark.
    pub bom: bool,
    /// Bytes that are not UTF-8 were replaced.
    pub lossy: bool,
    /// Only the beginning was read ([`MAX_BYTES`]), or some parts were dropped ([`MAX_PARTS`]).
    pub truncated: bool,
    /// Headings in order.
    pub headings: Vec<Heading>,
    /// Links and images in the order in which they begin.
    pub links: Vec<Link>,
    /// Images that are links, in the order in which they begin.
    pub badges: Vec<Badge>,
    /// Blocks of text in order; headings are not among them.
    pub prose: Vec<Prose>,
    /// Items of task lists in order; they are also among the prose.
    pub tasks: Vec<Task>,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Heading {
    /// Its text without markup.
    pub text: String,
    /// Its level, from 1 (the title). In reStructuredText levels are numbered as they appear.
    pub level: u8,
    /// The line of its text, from 1.
    pub line: u32,
}

/// A link or an image.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Link {
    /// Its text without markup; the alternative text of an image.
    pub text: String,
    /// Where it leads, as written: a URL, a path, `#anchor`, `mailto:…`. References are resolved.
    pub target: String,
    /// Its line, from 1.
    pub line: u32,
    /// Byte offset of its beginning in the text without a byte order mark, for ordering.
    pub offset: usize,
    /// It is an image; `target` is the image's address.
    pub is_image: bool,
}

/// An image that is a link.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Badge {
    /// The image's address.
    pub image: String,
    /// Where the link leads.
    pub target: String,
    /// The image's alternative text.
    pub alt: String,
    /// The line of the link, from 1.
    pub line: u32,
}

/// A block of text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Prose {
    /// What it is.
    pub kind: ProseKind,
    /// Its text without markup, line breaks and other white space as single blanks.
    pub text: String,
    /// Its first line, from 1.
    pub line: u32,
}

/// What a block of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProseKind {
    /// A paragraph.
    Paragraph,
    /// A paragraph of a list item.
    ListItem,
    /// A cell of a table.
    TableCell,
}

/// An item of a task list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Task {
    /// Its text without markup.
    pub text: String,
    /// It is ticked.
    pub done: bool,
    /// Its line, from 1.
    pub line: u32,
}

impl Document {
    /// Read a document. Any bytes are one.
    ///
    /// ```
    /// use eyrie_posture::parse::document::{Document, Format};
    ///
    /// let readme = Document::parse(b"# Hello *you*\n\nSee [the docs](docs/).\n", Format::Markdown);
    /// assert_eq!(readme.headings[0].text, "Hello you");
    /// assert_eq!((readme.links[0].target.as_str(), readme.links[0].line), ("docs/", 3));
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8], format: Format) -> Self {
        let decoded = Text::decode(bytes, MAX_BYTES);
        let text = &*decoded.text;
        let mut builder = Builder::new(text);
        match format {
            Format::Markdown => super::markdown::read(text, &mut builder),
            Format::ReStructuredText => super::restructured::read(text, &mut builder),
            Format::AsciiDoc => super::asciidoc::read(text, &mut builder),
            Format::Plain => read_plain(text, &mut builder),
        }
        builder.finish(format, &decoded)
    }
}

/// Something that is open in the text of the current block.
enum Frame {
    Link {
        target: String,
        offset: usize,
        /// Where its text begins in the block.
        start: usize,
        /// Its text from blocks before this one.
        before: String,
        /// Images inside: address and alternative text.
        images: Vec<(String, String)>,
    },
    Image {
        target: String,
        offset: usize,
        start: usize,
    },
}

/// Collects what the readers find.
pub(super) struct Builder {
    lines: Lines,
    headings: Vec<Heading>,
    links: Vec<Link>,
    badges: Vec<(usize, Badge)>,
    prose: Vec<Prose>,
    tasks: Vec<Task>,
    truncated: bool,
    /// The text of the current block, and the offset of its first piece.
    block: String,
    block_at: Option<usize>,
    kind: ProseKind,
    /// Level of the heading that the block is, and the offset of its markup.
    heading: Option<(u8, usize)>,
    task: Option<bool>,
    frames: Vec<Frame>,
    /// Indices of the links among the frames.
    open_links: Vec<usize>,
}

impl Builder {
    pub(super) fn new(text: &str) -> Self {
        Self {
            lines: Lines::new(text),
            headings: Vec::new(),
            links: Vec::new(),
            badges: Vec::new(),
            prose: Vec::new(),
            tasks: Vec::new(),
            truncated: false,
            block: String::new(),
            block_at: None,
            kind: ProseKind::Paragraph,
            heading: None,
            task: None,
            frames: Vec::new(),
            open_links: Vec::new(),
        }
    }

    /// Text of the current block that begins at `offset`.
    pub(super) fn text(&mut self, text: &str, offset: usize) {
        let blank = text.len() - text.trim_start().len();
        // White space alone does not begin a block.
        if self.block_at.is_none() && blank < text.len() {
            self.block_at = Some(offset + blank);
        }
        self.block.push_str(text);
    }

    /// Running text: as [`Self::text`], and the bare URLs in it are links. `range` is where it stands in
    /// `source`, which may differ from `text` by escapes.
    pub(super) fn running_text(&mut self, text: &str, range: Range<usize>, source: &str) {
        let mut from = range.start;
        self.bare(text, |url| {
            let here = source.get(from..range.end).and_then(|s| s.find(url)).map(|n| from + n);
            from = here.map_or(from, |at| at + url.len());
            here.unwrap_or(from)
        });
        self.text(text, range.start);
    }

    /// Links for the bare URLs in `text`, which begins at `offset` as it is.
    pub(super) fn bare_links(&mut self, text: &str, offset: usize) {
        self.bare(text, |url| offset + (url.as_ptr() as usize - text.as_ptr() as usize));
    }

    fn bare(&mut self, text: &str, mut offset_of: impl FnMut(&str) -> usize) {
        if !self.frames.is_empty() {
            return;
        }
        for range in urls::autolinks(text) {
            let url = &text[range];
            let target = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
            self.push_link(url.to_owned(), target, offset_of(url), false);
        }
    }

    /// End the current block, if one is open; the next is of this kind.
    pub(super) fn block(&mut self, kind: ProseKind) {
        self.end_block();
        self.kind = kind;
    }

    /// End the current block. A heading goes on until it is closed, links until they are.
    pub(super) fn end_block(&mut self) {
        if self.heading.is_some() {
            // `<h1>` around a Markdown block. One that is never closed must not swallow the document.
            if self.block.len() <= MAX_LABEL {
                self.block.push(' ');
                return;
            }
            self.heading = None;
        }
        let Some((text, at)) = self.take_block() else {
            self.task = None;
            return;
        };
        let line = self.lines.line(at);
        if let Some(done) = self.task.take() {
            let task = Task { text: text.clone(), done, line };
            self.truncated |= !push_bounded(&mut self.tasks, task);
        }
        let prose = Prose { kind: self.kind, text, line };
        self.truncated |= !push_bounded(&mut self.prose, prose);
    }

    /// The text of the block and where it begins, leaving an empty block. Links that are open keep their part.
    fn take_block(&mut self) -> Option<(String, usize)> {
        let block = std::mem::take(&mut self.block);
        for frame in &mut self.frames {
            if let Frame::Link { start, before, .. } = frame
                && before.len() < MAX_LABEL
            {
                before.push_str(cut(block.get(*start..).unwrap_or_default(), MAX_LABEL));
                before.push(' ');
            }
            let (Frame::Link { start, .. } | Frame::Image { start, .. }) = frame;
            *start = 0;
        }
        let text = plain(&block);
        let at = self.block_at.take()?;
        (!text.is_empty()).then_some((text, at))
    }

    /// The block that begins now is a task.
    pub(super) fn task(&mut self, done: bool) {
        self.task = Some(done);
    }

    /// A heading begins; one that is open ends.
    pub(super) fn open_heading(&mut self, level: u8, offset: usize) {
        self.close_heading();
        self.end_block();
        self.heading = Some((level, offset));
    }

    /// The heading ends, if one is open. One without text is none.
    pub(super) fn close_heading(&mut self) {
        let Some((level, _)) = self.heading.take() else { return };
        if let Some((text, at)) = self.take_block() {
            let heading =
                Heading { text: cut(&text, MAX_LABEL).to_owned(), level, line: self.lines.line(at) };
            self.truncated |= !push_bounded(&mut self.headings, heading);
        }
    }

    pub(super) fn open_link(&mut self, target: String, offset: usize) {
        self.open_links.push(self.frames.len());
        self.frames.push(Frame::Link {
            target,
            offset,
            start: self.block.len(),
            before: String::new(),
            images: Vec::new(),
        });
    }

    pub(super) fn open_image(&mut self, target: String, offset: usize) {
        self.frames.push(Frame::Image { target, offset, start: self.block.len() });
    }

    /// End the innermost link or image, if one is open.
    pub(super) fn close(&mut self) {
        match self.frames.pop() {
            None => {}
            Some(Frame::Image { target, offset, start }) => {
                let alt = self.label("", start);
                self.image_in_link(&target, &alt);
                self.push_link(alt, target, offset, true);
            }
            Some(Frame::Link { target, offset, start, before, images }) => {
                self.open_links.pop();
                let text = self.label(&before, start);
                let line = self.lines.line(offset);
                for (image, alt) in images {
                    let badge = Badge { image, target: target.clone(), alt, line };
                    self.truncated |= !push_bounded(&mut self.badges, (offset, badge));
                }
                self.push_link(text, target, offset, false);
            }
        }
    }

    /// A whole image.
    pub(super) fn image(&mut self, target: &str, alt: &str, offset: usize) {
        self.open_image(target.to_owned(), offset);
        self.text(alt, offset);
        self.close();
    }

    /// A whole link.
    pub(super) fn link(&mut self, text: &str, target: &str, offset: usize) {
        self.open_link(target.to_owned(), offset);
        self.text(text, offset);
        self.close();
    }

    fn label(&self, before: &str, start: usize) -> String {
        let part = cut(self.block.get(start..).unwrap_or_default(), MAX_LABEL);
        if before.is_empty() { plain(part) } else { plain(&format!("{before}{part}")) }
    }

    fn image_in_link(&mut self, target: &str, alt: &str) {
        if let Some(frame) = self.open_links.last().and_then(|at| self.frames.get_mut(*at))
            && let Frame::Link { images, .. } = frame
        {
            images.push((target.to_owned(), alt.to_owned()));
        }
    }

    fn push_link(&mut self, text: String, target: String, offset: usize, is_image: bool) {
        let line = self.lines.line(offset);
        self.truncated |= !push_bounded(&mut self.links, Link { text, target, line, offset, is_image });
    }

    fn finish(mut self, format: Format, decoded: &Text<'_>) -> Document {
        self.close_heading();
        while !self.frames.is_empty() {
            self.close();
        }
        self.end_block();
        self.links.sort_by_key(|link| link.offset);
        self.badges.sort_by_key(|(offset, _)| *offset);
        Document {
            format,
            bom: decoded.bom,
            lossy: decoded.lossy,
            truncated: decoded.truncated || self.truncated,
            headings: self.headings,
            links: self.links,
            badges: self.badges.into_iter().map(|(_, badge)| badge).collect(),
            prose: self.prose,
            tasks: self.tasks,
        }
    }
}

fn push_bounded<T>(list: &mut Vec<T>, item: T) -> bool {
    let room = list.len() < MAX_PARTS;
    if room {
        list.push(item);
    }
    room
}

/// White space made single blanks, none at the ends.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// At most the first `max` bytes, whole characters.
fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Lines that belong together, joined, and where each came from.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) text: String,
    starts: Vec<(usize, usize)>,
}

impl Joined {
    /// Add a line (or the part of it) that begins at `offset` of the document.
    pub(super) fn push(&mut self, line: &str, offset: usize) {
        if !self.starts.is_empty() {
            self.text.push('\n');
        }
        self.starts.push((self.text.len(), offset));
        self.text.push_str(line);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Where in the document the byte at `at` is.
    pub(super) fn offset_of(&self, at: usize) -> usize {
        let line = self.starts.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        self.starts.get(line).map_or(0, |(start, offset)| offset + (at - start))
    }
}

/// The lines of `text` without their ends, each with the offset of its beginning.
pub(super) fn lines_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = offset;
        offset += line.len();
        (at, line.strip_suffix('\n').unwrap_or(line).trim_end_matches('\r'))
    })
}

/// How many bytes of blanks and tabs a line begins with.
pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// The length of a list marker at the beginning of `line` (`- `, `* `, `12. `, `a) `), its blanks included.
pub(super) fn list_marker(line: &str) -> Option<usize> {
    let rest = line.strip_prefix('(').unwrap_or(line);
    let mark = match rest.as_bytes().first()? {
        b'-' | b'*' | b'+' => 1,
        b'#' if rest.starts_with("#.") => 2,
        _ => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let letters = usize::from(digits == 0 && rest.as_bytes()[0].is_ascii_alphabetic());
            let count = digits + letters;
            if count == 0 || count > 9 || !rest[count..].starts_with(['.', ')']) {
                return None;
            }
            count + 1
        }
    };
    let mark = mark + (line.len() - rest.len());
    let blanks = indentation(&line[mark..]);
    (blanks > 0).then_some(mark + blanks)
}

fn read_plain(text: &str, builder: &mut Builder) {
    let mut lines = lines_of(text).peekable();
    while let Some((at, line)) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            builder.end_block();
            continue;
        }
        let hashes = trimmed.len() - trimmed.trim_start_matches('#').len();
        let title = trimmed[hashes..].trim_start();
        if (1..=6).contains(&hashes) && title.len() < trimmed.len() - hashes && !title.is_empty() {
            builder.open_heading(u8::try_from(hashes).unwrap_or(6), at);
            builder.text(title, at);
            builder.close_heading();
            continue;
        }
        if let Some((_, next)) = lines.peek()
            && let Some(level) = underline_level(next.trim_end(), line.trim_end())
        {
            builder.open_heading(level, at);
            builder.text(line, at);
            builder.close_heading();
            lines.next();
            continue;
        }
        builder.running_text(line, at..at + line.len(), text);
        builder.text(" ", at + line.len());
    }
}

/// The level of a title in plain text that `underline` is under.
fn underline_level(underline: &str, title: &str) -> Option<u8> {
    let level = match underline.as_bytes().first()? {
        b'=' => 1,
        b'-' => 2,
        _ => return None,
    };
    let first = underline.as_bytes()[0];
    let long = underline.len() >= 3 && underline.len() + 2 >= title.chars().count();
    (long && underline.bytes().all(|b| b == first) && title.chars().any(char::is_alphanumeric))
        .then_some(level)
}

#[cfg(test)]
mod tests;
