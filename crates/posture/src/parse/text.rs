//! Bytes to text: decoding that never fails, and byte offset → line and column.
//!
//! What a parser of this crate reads first goes through [`Text`] (byte order mark, invalid UTF-8, a bound on the
//! size) and gets its positions from [`Lines`]. No format is known here.

use std::borrow::Cow;

/// The decoded text of a file, with what had to be done to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// The text, without a byte order mark.
    pub text: Cow<'a, str>,
    /// The file began with a byte order mark.
    pub bom: bool,
    /// Some bytes were not UTF-8 (or UTF-16 after its mark) and became U+FFFD.
    pub lossy: bool,
    /// The file is longer than the bound; only its beginning was decoded.
    pub truncated: bool,
}

impl<'a> Text<'a> {
    /// Decode at most `max_bytes` of `bytes`. UTF-8 is assumed unless the file starts with an UTF-16 byte order
    /// mark (some Windows editors write it). A cut never falls inside a character, and falls on the end of a
    /// line if there is one in the last 64 KiB.
    #[must_use]
    pub fn decode(bytes: &'a [u8], max_bytes: usize) -> Self {
        let truncated = bytes.len() > max_bytes;
        let bytes = if truncated { cut(bytes, max_bytes) } else { bytes };
        match bytes {
            [0xEF, 0xBB, 0xBF, rest @ ..] => Self::utf8(rest, true, truncated),
            [0xFF, 0xFE, rest @ ..] => Self::utf16(rest, u16::from_le_bytes, truncated),
            [0xFE, 0xFF, rest @ ..] => Self::utf16(rest, u16::from_be_bytes, truncated),
            _ => Self::utf8(bytes, false, truncated),
        }
    }

    fn utf8(bytes: &'a [u8], bom: bool, truncated: bool) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let lossy = matches!(text, Cow::Owned(_));
        Self { text, bom, lossy, truncated }
    }

    fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, truncated: bool) -> Self {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let mut lossy = !rest.is_empty() && !truncated;
        let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
            .map(|c| {
                c.unwrap_or_else(|_| {
                    lossy = true;
                    char::REPLACEMENT_CHARACTER
                })
            })
            .collect();
        Self { text: Cow::Owned(text), bom: true, lossy, truncated }
    }
}

/// The first `max` bytes, shortened to the end of a line or at least of a character.
fn cut(bytes: &[u8], max: usize) -> &[u8] {
    let head = &bytes[..max];
    let tail_start = max.saturating_sub(64 * 1024);
    if let Some(newline) = memchr::memrchr(b'\n', &head[tail_start..]) {
        return &head[..=tail_start + newline];
    }
    // No line end: step back over the continuation bytes of a character that the cut splits.
    let mut end = max;
    while end > max.saturating_sub(3) && bytes.get(end).is_some_and(|b| b & 0xC0 == 0x80) {
        end -= 1;
    }
    &bytes[..end]
}

/// Where the lines of a text begin. Lines end with LF, CRLF or a lone CR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Index `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at + 1);
            }
        }
        Self { starts }
    }

    /// The line, counted from 1, that holds the byte at `offset`; the last line for an offset past the end.
    #[must_use]
    pub fn line(&self, offset: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// The byte offset at which `line` (from 1) begins.
    #[must_use]
    pub fn start(&self, line: u32) -> Option<usize> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    /// How many lines there are; a text that ends with a line end has an empty last line.
    #[must_use]
    pub fn count(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_tells_what_it_had_to_do() {
        let cases: [(&[u8], &str, bool, bool); 6] = [
            (b"plain", "plain", false, false),
            (b"\xEF\xBB\xBFmark", "mark", true, false),
            (b"bad\xFFbyte", "bad\u{FFFD}byte", false, true),
            (b"\xFF\xFEh\0i\0", "hi", true, false),
            (b"\xFE\xFF\0h\0i", "hi", true, false),
            (b"\xFF\xFEh\0\0\xD8i\0", "h\u{FFFD}i", true, true),
        ];
        for (bytes, text, bom, lossy) in cases {
            let got = Text::decode(bytes, 100);
            assert_eq!((&*got.text, got.bom, got.lossy, got.truncated), (text, bom, lossy, false));
        }
    }

    #[test]
    fn a_cut_spares_lines_and_characters() {
        let got = Text::decode(b"one\ntwo\nthree", 9);
        assert_eq!((&*got.text, got.truncated, got.lossy), ("one\ntwo\n", true, false));
        let euro = "€€€€".as_bytes();
        for max in 0..euro.len() {
            let got = Text::decode(euro, max);
            assert!(got.truncated && !got.lossy, "{max}");
            assert_eq!(got.text.chars().count(), max / 3);
        }
    }

    #[test]
    fn lines_end_in_three_ways() {
        let lines = Lines::new("a\nb\r\nc\rd");
        assert_eq!(lines.count(), 4);
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 99].map(|o| lines.line(o)), [1, 1, 2, 2, 2, 3, 3, 4, 4]);
        assert_eq!(lines.start(3), Some(5));
        assert_eq!(lines.start(0), None);
    }
}
