//! Foreign text in Markdown: it says what it says and does nothing else.
//!
//! Beside what Markdown and HTML would take as theirs, mentions (`@name` would call a person) and references (`#12`)
//! are broken up.

use std::fmt::Write as _;

use crate::render::text::{self, ProseLine, ProseSpan, visible};

/// Prose with its code spans kept, on one line: line breaks become `<br>`.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (number, line) in text::prose(text).into_iter().enumerate() {
        if number > 0 {
            out.push_str("<br>");
        }
        match line {
            ProseLine::Code(line) => out.push_str(&code(&line)),
            ProseLine::Words(spans) => {
                for span in spans {
                    match span {
                        ProseSpan::Plain(words) => plain(&mut out, &words),
                        ProseSpan::Code(words) => out.push_str(&code(&words)),
                    }
                }
            }
        }
    }
    out
}

fn plain(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // An empty comment ends a mention, a reference or a link before it begins.
            '@' => out.push_str("@<!-- -->"),
            '#' => out.push_str("\\#<!-- -->"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}

/// A code span that holds exactly this text.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    // A comment's start inside would be found by whoever looks for our markers before parsing Markdown.
    let text = text.replace("<!--", "<\u{2060}!--");
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A key of a marker: no blanks, nothing that ends a comment.
pub(super) fn key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' if out.ends_with('-') => out.push_str("%2d"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b':' | b'/' | b'-' => {
                out.push(byte.into())
            }
            byte => {
                let _ = write!(out, "%{byte:02x}");
            }
        }
    }
    out
}
