//! Text that comes from a repository, made fit to be shown.
//!
//! File names, headings and commit messages are written by strangers. [`visible`] makes whatever could move a
//! cursor, colour a terminal, reverse a line or hide in one visible; [`columns`] says how wide a text is drawn.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// `text` on one line, with control and invisible formatting characters written as escapes.
///
/// ```
/// use eyrie_cli::render::text::visible;
/// assert_eq!(visible("a\x1b[31mb"), "a\\x1b[31mb");
/// assert_eq!(visible("plain"), "plain");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, false)
}

/// As [`visible`], but keeps line breaks (as `\n`) and turns a tab into blanks: for explanations of several lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escape(text, true)
}

fn escape(text: &str, lines: bool) -> Cow<'_, str> {
    if !text.chars().any(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if lines && chars.peek() == Some(&'\n') => {}
            '\n' if lines => out.push('\n'),
            '\t' if lines => out.push_str("    "),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) && u32::from(c) < 0x80 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if needs_escape(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Control characters, and those of Unicode's formatting characters that reorder, hide or tag text (the ones that
/// "Trojan Source" uses, zero-width characters, line and paragraph separators, tags). Joiners that emoji and
/// scripts need stay.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A line of foreign prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProseLine {
    /// Words, some of them between backticks.
    Words(Vec<ProseSpan>),
    /// An indented line: code.
    Code(String),
}

/// A part of a line of prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProseSpan {
    /// Plain words.
    Plain(String),
    /// What stood between a pair of backticks.
    Code(String),
}

/// Foreign prose in parts: lines, and in them what stands between backticks. An unpaired backtick is a character like
/// any other. All of it is [`visible`].
pub fn prose(text: &str) -> Vec<ProseLine> {
    let line = |line: &str| {
        if let Some(code) = line.strip_prefix("    ") {
            return ProseLine::Code(code.trim_end().to_owned());
        }
        let parts: Vec<_> = line.split('`').collect();
        let paired = parts.len() - usize::from(parts.len().is_multiple_of(2));
        let mut spans = Vec::with_capacity(parts.len());
        for (index, part) in parts.into_iter().enumerate() {
            if index >= paired {
                spans.push(ProseSpan::Plain(format!("`{part}")));
            } else if index % 2 == 1 {
                spans.push(ProseSpan::Code(part.to_owned()));
            } else if !part.is_empty() {
                spans.push(ProseSpan::Plain(part.to_owned()));
            }
        }
        ProseLine::Words(spans)
    };
    visible_lines(text.trim_end()).trim_start_matches('\n').lines().map(line).collect()
}

/// What would end a URL early, or what it may not hold at all.
const NOT_IN_URLS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// `url` fit to be linked to; `None` for any scheme but HTTP, whatever a repository says.
///
/// ```
/// use eyrie_cli::render::text::web_address;
/// assert_eq!(web_address("https://a.example/b c").as_deref(), Some("https://a.example/b%20c"));
/// assert_eq!(web_address("javascript:alert(1)"), None);
/// ```
pub fn web_address(url: &str) -> Option<String> {
    (url.starts_with("https://") || url.starts_with("http://"))
        .then(|| utf8_percent_encode(url, NOT_IN_URLS).to_string())
}

/// Number of terminal columns that `text` takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// `text` cut to at most `width` columns, ending in `mark` where something was cut.
pub fn cut<'a>(text: &'a str, width: usize, mark: &str) -> Cow<'a, str> {
    if columns(text) <= width {
        return Cow::Borrowed(text);
    }
    let room = width.saturating_sub(columns(mark));
    let (head, _) = split_at_columns(text, room);
    Cow::Owned(if width >= columns(mark) { format!("{head}{mark}") } else { head.to_owned() })
}

/// Splits after as many whole grapheme clusters as fit into `width` columns.
pub fn split_at_columns(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += columns(cluster);
        if used > width {
            return text.split_at(at);
        }
    }
    (text, "")
}
