//! Lines of styled text that never exceed the width: [`Span`], [`Page`].

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_segmentation::UnicodeSegmentation as _;

use super::TerminalOptions;
use crate::render::text::{columns, cut, split_at_columns};

/// No colour of its own: reads on any background.
pub(super) const PLAIN: Style = Style::new();
/// What a reader looks for first.
pub(super) const BOLD: Style = Style::new().bold();
/// What a reader may skip.
pub(super) const DIM: Style = Style::new().dimmed();
/// Passed, won.
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
/// Failed, lost.
pub(super) const RED: Style = AnsiColor::Red.on_default();
/// Undecided, to be looked at.
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Excused; what to do.
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();
/// An address or place.
pub(super) const BLUE: Style = AnsiColor::Blue.on_default();

/// A piece of a line in one style.
#[derive(Clone, Debug)]
pub(super) struct Span {
    style: Style,
    text: String,
    link: Option<String>,
}

/// A span; the text must have been made visible.
pub(super) fn span(style: Style, text: impl Into<String>) -> Span {
    Span { style, text: text.into(), link: None }
}

impl Span {
    /// With an address behind the text, for terminals that can.
    pub(super) fn link(mut self, link: Option<String>) -> Span {
        self.link = link;
        self
    }

    /// With blanks at which no line breaks.
    pub(super) fn glued(mut self) -> Span {
        self.text = self.text.replace(' ', "\u{a0}");
        self
    }

    /// At most so wide.
    pub(super) fn cut(mut self, width: usize, page: &Page<'_>) -> Span {
        self.text = cut(&self.text, width, page.glyph("…", "~")).into_owned();
        self
    }

    /// What it says.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Columns of a line.
pub(super) fn width_of(line: &[Span]) -> usize {
    line.iter().map(|span| columns(&span.text)).sum()
}

/// A character for a screen that has only ASCII, as wide as it was.
fn ascii(cluster: &str) -> Cow<'_, str> {
    if cluster.is_ascii() { Cow::Borrowed(cluster) } else { Cow::Owned("?".repeat(columns(cluster))) }
}

/// A writer of lines.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    pub(super) options: &'a TerminalOptions,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, options: &'a TerminalOptions) -> Page<'a> {
        Page { out, options }
    }

    /// The width of the terminal.
    pub(super) fn width(&self) -> usize {
        self.options.width.max(20)
    }

    /// The width that prose is set in: lines of 200 columns are hard to read.
    pub(super) fn measure(&self) -> usize {
        self.width().min(110)
    }

    /// The first of two texts where the terminal speaks Unicode, else the second.
    pub(super) fn glyph(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.options.unicode { unicode } else { ascii }
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// One line as it is, cut at the right edge.
    pub(super) fn line(&mut self, line: &[Span]) -> io::Result<()> {
        let mut room = self.width();
        let mut last = line.len();
        while last > 0 && line[last - 1].text.trim_end().is_empty() {
            last -= 1;
        }
        for (index, part) in line[..last].iter().enumerate() {
            let text = if index + 1 == last { part.text.trim_end() } else { &part.text };
            let text = cut(text, room, self.glyph("…", "~"));
            room -= columns(&text).min(room);
            self.piece(part.style, &text, part.link.as_deref())?;
        }
        writeln!(self.out)
    }

    /// A line with something at the right edge of the measure; the right part moves up to the text if it is short
    /// of room, and is never cut.
    pub(super) fn spread(&mut self, left: Vec<Span>, right: Vec<Span>) -> io::Result<()> {
        let taken = width_of(&right);
        let room = self.measure().saturating_sub(taken + 1);
        let mut line = Vec::new();
        let mut used = 0;
        for mut part in left {
            part.text = cut(&part.text, room - used, self.glyph("…", "~")).into_owned();
            used += columns(&part.text);
            line.push(part);
        }
        line.push(span(PLAIN, " ".repeat(room - used + 1)));
        line.extend(right);
        self.line(&line)
    }

    /// Words one after the other, broken at blanks, in lines of at most `measure` columns. The first line begins
    /// with `lead`, the others with as many blanks.
    pub(super) fn flow(&mut self, lead: Vec<Span>, text: &[Span], measure: usize) -> io::Result<()> {
        let indent = width_of(&lead);
        let measure = measure.clamp(1, self.width());
        let mut flow = Flow { page: self, line: lead, used: indent, indent, measure, empty: true };
        // Blanks since the last word; a span may end in the middle of a word.
        let mut blanks = 0;
        for part in text {
            for (number, paragraph) in part.text.split('\n').enumerate() {
                if number > 0 {
                    flow.next_line()?;
                    // Indented text is code: its blanks at the start count.
                    let code = paragraph.len() - paragraph.trim_start_matches(' ').len();
                    flow.push(PLAIN, None, &" ".repeat(code.min(measure.saturating_sub(indent) / 2)));
                    flow.empty = true;
                    blanks = 0;
                }
                for (index, word) in paragraph.split(' ').enumerate() {
                    blanks += usize::from(index > 0);
                    if !word.is_empty() {
                        flow.word(part, word, blanks)?;
                        blanks = 0;
                    }
                }
            }
        }
        flow.next_line()
    }

    fn piece(&mut self, style: Style, text: &str, link: Option<&str>) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let link = link.filter(|_| self.options.links.is_some());
        if let Some(link) = link {
            write!(self.out, "\x1b]8;;{link}\x1b\\")?;
        }
        // A blank that must not break has done its work by now.
        let mut text = text.replace('\u{a0}', " ");
        if !self.options.unicode && !text.is_ascii() {
            text = text.graphemes(true).map(ascii).collect();
        }
        if self.options.color && style != PLAIN {
            write!(self.out, "{style}{text}{style:#}")?;
        } else {
            self.out.write_all(text.as_bytes())?;
        }
        if link.is_some() {
            write!(self.out, "\x1b]8;;\x1b\\")?;
        }
        Ok(())
    }
}

/// Words being set into lines.
struct Flow<'page, 'out> {
    page: &'page mut Page<'out>,
    line: Vec<Span>,
    used: usize,
    indent: usize,
    measure: usize,
    /// Whether no word stands on this line yet.
    empty: bool,
}

impl Flow<'_, '_> {
    fn push(&mut self, style: Style, link: Option<String>, text: &str) {
        self.used += columns(text);
        self.line.push(Span { style, text: text.to_owned(), link });
        self.empty = false;
    }

    fn next_line(&mut self) -> io::Result<()> {
        self.page.line(&self.line)?;
        self.line = vec![span(PLAIN, " ".repeat(self.indent))];
        self.used = self.indent;
        self.empty = true;
        Ok(())
    }

    fn word(&mut self, part: &Span, word: &str, blanks: usize) -> io::Result<()> {
        if !self.empty && blanks > 0 {
            if self.used + blanks + columns(word) > self.measure {
                self.next_line()?;
            } else {
                self.push(part.style, part.link.clone(), &" ".repeat(blanks));
            }
        }
        let mut rest = word;
        while self.used + columns(rest) > self.measure {
            let (head, tail) = split_at_columns(rest, self.measure.saturating_sub(self.used));
            if head.is_empty() && self.empty {
                break; // Not even one character fits: the line is cut.
            }
            self.push(part.style, part.link.clone(), head);
            self.next_line()?;
            rest = tail;
        }
        self.push(part.style, part.link.clone(), rest);
        Ok(())
    }
}
