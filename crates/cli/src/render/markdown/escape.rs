//! Foreign text in Markdown: it says what it says and does nothing else.
//!
//! Beside what Markdown and HTML would take as theirs, mentions (`@name` would call a person) and references (`#12`)
//! are broken up.

use std::fmt::Write as _;

use crate::render::text::{visible, visible_lines};

/// Prose with its code spans kept, on one line: line breaks become `<br>`.
pub(super) fn prose(text: &str) -> String {
    let text = visible_lines(text.trim());
    let mut out = String::with_capacity(text.len() + 16);
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            out.push_str("<br>");
        }
        if line.starts_with("    ") {
            out.push_str(&code(line.trim()));
            continue;
        }
        let parts: Vec<_> = line.split('`').collect();
        // An odd number of backticks: the last one begins nothing.
        let paired = parts.len() - usize::from(parts.len() % 2 == 0);
        for (index, part) in parts.iter().enumerate() {
            if index >= paired {
                out.push_str("\\`");
                plain(&mut out, part);
            } else if index % 2 == 1 {
                out.push_str(&code(part));
            } else {
                plain(&mut out, part);
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
