//! The words of a condition. There is no separate lexing pass: what a word is depends on what is expected, as in Falco.

use crate::ast::{Op, Transformer};
use crate::diagnostic::Span;

/// A place in a condition's text, with what was read last.
#[derive(Clone)]
pub(super) struct Scanner<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Where the last word that was read starts and ends.
    pub(super) last_start: usize,
    pub(super) last_end: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Scanner { text, at: 0, last_start: 0, last_end: 0 }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips blanks and says whether there were any.
    pub(super) fn blanks(&mut self) -> bool {
        let start = self.at;
        self.at += self.rest().bytes().take_while(|b| is_blank(*b)).count();
        self.at > start
    }

    /// Reads `word` if it is next.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.take(word.len());
        }
        found
    }

    fn take(&mut self, len: usize) -> &'t str {
        let start = self.at;
        self.at += len;
        self.last_start = start;
        self.last_end = self.at;
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn take_if(&mut self, len: usize) -> Option<&'t str> {
        (len > 0).then(|| self.take(len))
    }

    pub(super) fn identifier(&mut self) -> Option<&'t str> {
        self.take_if(identifier_len(self.rest().as_bytes()))
    }

    /// Two or more identifiers, separated by dots; as many as there are.
    pub(super) fn field_name(&mut self) -> Option<&'t str> {
        let bytes = self.rest().as_bytes();
        let mut len = identifier_len(bytes);
        let first = len;
        while len > 0 && bytes.get(len) == Some(&b'.') {
            let next = identifier_len(bytes.get(len + 1..).unwrap_or_default());
            if next == 0 {
                break;
            }
            len += 1 + next;
        }
        if len > first { self.take_if(len) } else { None }
    }

    pub(super) fn bare_argument(&mut self) -> Option<&'t str> {
        let forbidden = |b: u8| matches!(b, b'[' | b']' | b'"' | b'\'') || is_space(b);
        self.take_if(self.rest().bytes().take_while(|b| !forbidden(*b)).count())
    }

    pub(super) fn bare_text(&mut self) -> Option<&'t str> {
        self.take_if(bare_text_len(self.rest()))
    }

    pub(super) fn number(&mut self) -> Option<&'t str> {
        self.take_if(number_len(self.rest().as_bytes()))
    }

    /// A text in quotes, with the quotes. A quote ends it unless the byte before is a backslash, even when that backslash
    /// is itself escaped, so that `"a\\"` is not closed.
    pub(super) fn quoted(&mut self) -> Option<&'t str> {
        let bytes = self.rest().as_bytes();
        let quote = *bytes.first().filter(|b| matches!(b, b'"' | b'\''))?;
        let mut previous = quote;
        for (at, byte) in bytes.iter().enumerate().skip(1) {
            if *byte == quote && previous != b'\\' {
                return self.take_if(at + 1);
            }
            previous = *byte;
        }
        None
    }

    /// The name of a transformer with its opening parenthesis.
    pub(super) fn transformer(&mut self) -> Option<Transformer> {
        let found = Transformer::ALL
            .iter()
            .find(|t| self.rest().strip_prefix(t.name()).is_some_and(|rest| rest.starts_with('(')))?;
        self.take(found.name().len() + 1);
        Some(*found)
    }

    /// An operator. Those that are words and take one text need a blank after them.
    pub(super) fn operator(&mut self) -> Option<Op> {
        let found = Op::ALL.iter().copied().find(|op| {
            let word = matches!(
                op,
                Op::Glob
                    | Op::Iglob
                    | Op::Contains
                    | Op::Icontains
                    | Op::Bcontains
                    | Op::StartsWith
                    | Op::BstartsWith
                    | Op::EndsWith
                    | Op::Regex
            );
            self.rest()
                .strip_prefix(op.name())
                .is_some_and(|rest| !word || rest.bytes().next().is_some_and(is_blank))
        })?;
        self.take(found.name().len());
        Some(found)
    }

    /// The word at the current place: what a caret should point at. Empty at the end of the text.
    pub(super) fn word_span(&self) -> Span {
        let rest = self.rest();
        let len = rest
            .char_indices()
            .find(|(at, c)| {
                c.is_whitespace()
                    || (*at > 0 && matches!(c, '(' | ')' | ',' | '=' | '[' | ']' | '<' | '>' | '!'))
            })
            .map_or(rest.len(), |(at, _)| at);
        let len = if rest.starts_with(['(', ')', ',', '[', ']']) { 1 } else { len };
        Span::new(self.at, self.at + len)
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x08 | b'\r' | b'\n')
}

/// POSIX `[:space:]`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

fn identifier_len(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(first) if first.is_ascii_alphabetic() => {
            bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
        }
        _ => 0,
    }
}

fn bare_text_len(text: &str) -> usize {
    let forbidden = |b: u8| matches!(b, b'(' | b')' | b'"' | b'\'' | b'=' | b',') || is_space(b);
    text.bytes().take_while(|b| !forbidden(*b)).count()
}

fn number_len(bytes: &[u8]) -> usize {
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    if let [b'0', b'x' | b'X', rest @ ..] = bytes {
        let hex = rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if hex > 0 {
            return 2 + hex;
        }
    }
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(sign);
    if whole == 0 {
        return 0;
    }
    let mut len = sign + whole;
    if bytes.get(len) == Some(&b'.') {
        len += 1 + digits(len + 1);
    }
    // An exponent has a sign.
    if let (Some(b'e' | b'E'), Some(b'+' | b'-')) = (bytes.get(len), bytes.get(len + 1)) {
        let exponent = digits(len + 2);
        if exponent > 0 {
            len += 2 + exponent;
        }
    }
    len
}

/// Whether the whole text is an identifier, as a macro's name must be.
pub fn is_identifier(text: &str) -> bool {
    !text.is_empty() && identifier_len(text.as_bytes()) == text.len()
}

/// Whether the whole text can stand as a value without quotes, as a list's name should.
pub fn is_bare_text(text: &str) -> bool {
    !text.is_empty() && bare_text_len(text) == text.len()
}

/// Undoes the escapes of a quoted text.
///
/// # Errors
/// With the place of the first backslash, counted from the opening quote, whose letter has no meaning, and the letter.
pub(super) fn unescape(quoted: &str) -> Result<Vec<u8>, (usize, char)> {
    let quote = quoted.chars().next().unwrap_or('"');
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut out = Vec::with_capacity(inner.len());
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let Some((_, escape)) = chars.next() else { break };
        match escape {
            'b' => out.push(8),
            'f' => out.push(12),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            // Older rules have it; the blank goes.
            ' ' => out.push(b'\\'),
            '\\' => out.push(b'\\'),
            '/' => out.push(b'/'),
            '"' | '\'' if escape == quote => out.push(if quote == '"' { b'"' } else { b'\'' }),
            'x' => {
                let digits = inner.get(at + 2..at + 4).unwrap_or_default();
                let byte = u8::from_str_radix(digits, 16)
                    .ok()
                    .filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()))
                    .ok_or((at + 1, escape))?;
                out.push(byte);
                chars.next();
                chars.next();
            }
            other => return Err((at + 1, other)),
        }
    }
    Ok(out)
}
