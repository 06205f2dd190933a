//! `glob` and `iglob`: POSIX `fnmatch` without flags, byte by byte. `*` and `?` match slashes and leading dots as well.

/// Whether the whole text matches the pattern.
pub(crate) fn matches(pattern: &[u8], text: &[u8], fold: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last `*` did not match: after the star, and one byte later in the text.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, t));
            continue;
        }
        let step = match (text.get(t), p < pattern.len()) {
            (None, false) => return true,
            (None, true) => return false,
            (Some(byte), true) => one(pattern.get(p..).unwrap_or_default(), *byte, fold),
            (Some(_), false) => None,
        };
        match (step, retry) {
            (Some(len), _) => {
                p += len;
                t += 1;
            }
            (None, Some((after_star, from))) => {
                retry = Some((after_star, from + 1));
                p = after_star;
                t = from + 1;
            }
            (None, None) => return false,
        }
    }
}

/// What a text has to begin with, and what it has to end with, for the pattern to match the whole of it.
pub(crate) fn ends(pattern: &[u8]) -> (&[u8], &[u8]) {
    let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
    let Some(first) = pattern.iter().position(special) else { return (pattern, pattern) };
    // After a star nothing of a bracket or an escape can be left open, if there is neither.
    let last = match pattern.iter().rposition(|byte| *byte == b'*') {
        Some(star) if !pattern.iter().any(|byte| matches!(byte, b'[' | b'\\')) => star + 1,
        _ => pattern.len(),
    };
    let tail = pattern.get(last..).unwrap_or_default();
    let tail = if tail.iter().any(special) { &[] } else { tail };
    (pattern.get(..first).unwrap_or_default(), tail)
}

/// If the first element of the pattern matches the byte: how long that element is.
fn one(pattern: &[u8], byte: u8, fold: bool) -> Option<usize> {
    let same = |a: u8, b: u8| a == b || (fold && a.eq_ignore_ascii_case(&b));
    match *pattern.first()? {
        b'?' => Some(1),
        b'\\' => same(*pattern.get(1)?, byte).then_some(2),
        b'[' => match bracket(pattern, byte, fold) {
            Some((len, matched)) => matched.then_some(len),
            // Not closed: an ordinary bracket.
            None => (byte == b'[').then_some(1),
        },
        literal => same(literal, byte).then_some(1),
    }
}

/// The length of a bracket expression and whether it matches; `None` if it is not closed.
fn bracket(pattern: &[u8], byte: u8, fold: bool) -> Option<(usize, bool)> {
    let mut at = 1;
    let negated = matches!(pattern.get(at)?, b'!' | b'^');
    at += usize::from(negated);
    let first = at;
    let mut matched = false;
    let hit = |low: u8, high: u8| {
        let inside = |b: u8| low <= b && b <= high;
        inside(byte) || (fold && (inside(byte.to_ascii_lowercase()) || inside(byte.to_ascii_uppercase())))
    };
    loop {
        let c = *pattern.get(at)?;
        if c == b']' && at > first {
            return Some((at + 1, matched != negated));
        }
        if c == b'['
            && let Some((len, class)) = class(pattern.get(at..)?)
        {
            matched |= class(byte)
                || (fold && (class(byte.to_ascii_lowercase()) || class(byte.to_ascii_uppercase())));
            at += len;
            continue;
        }
        let (low, len) = element(pattern, at)?;
        at += len;
        // A range, unless the dash is the last before the closing bracket.
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|b| *b != b']') {
            let (high, len) = element(pattern, at + 1)?;
            matched |= hit(low, high);
            at += 1 + len;
        } else {
            matched |= hit(low, low);
        }
    }
}

/// One byte of a bracket expression, perhaps escaped, and its length.
fn element(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match *pattern.get(at)? {
        b'\\' => Some((*pattern.get(at + 1)?, 2)),
        byte => Some((byte, 1)),
    }
}

type ByteTest = fn(u8) -> bool;

/// `[:name:]` at the start of the pattern: its length and test.
fn class(pattern: &[u8]) -> Option<(usize, ByteTest)> {
    let rest = pattern.strip_prefix(b"[:")?;
    let len = rest.iter().position(|b| *b == b':')?;
    if rest.get(len + 1) != Some(&b']') {
        return None;
    }
    let test: ByteTest = match rest.get(..len)? {
        b"alpha" => |b| b.is_ascii_alphabetic(),
        b"digit" => |b| b.is_ascii_digit(),
        b"alnum" => |b| b.is_ascii_alphanumeric(),
        b"upper" => |b| b.is_ascii_uppercase(),
        b"lower" => |b| b.is_ascii_lowercase(),
        b"space" => |b| b.is_ascii_whitespace() || b == 0x0b,
        b"blank" => |b| matches!(b, b' ' | b'\t'),
        b"punct" => |b| b.is_ascii_punctuation(),
        b"print" => |b| b.is_ascii_graphic() || b == b' ',
        b"graph" => |b| b.is_ascii_graphic(),
        b"cntrl" => |b| b.is_ascii_control(),
        b"xdigit" => |b| b.is_ascii_hexdigit(),
        _ => return None,
    };
    Some((len + 4, test))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_fnmatch_does() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a/b", true),
            ("a*c", "abc", true),
            ("a*c", "ab/.c", true),
            ("a*c", "ab", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("**", "x", true),
            ("?", "", false),
            ("?", "/", true),
            ("??", "ab", true),
            ("[mn]*", "nc", true),
            ("[!mn]*", "nc", false),
            ("[^mn]*", "xc", true),
            ("[a-c]", "b", true),
            ("[a-c]", "d", false),
            ("[]a]", "]", true),
            ("[!]a]", "]", false),
            ("[a-]", "-", true),
            ("[[]*", "[x", true),
            ("*[[]*", "a[b", true),
            ("[a", "[a", true),
            ("[", "[", true),
            ("[[:digit:]]x", "7x", true),
            ("[[:digit:]]x", "ax", false),
            ("[[:nope:]]", ":]", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*\\**", "a*b", true),
            ("a\\", "a\\", false),
            ("[\\]]", "]", true),
            ("{a,b}", "a", false),
            ("A", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), false), expected, "{pattern} {text}");
        }
        for (pattern, text) in [("AB*", "abc"), ("[a-c]X", "Bx"), ("[[:upper:]]", "q"), ("\\Q", "q")] {
            assert!(matches(pattern.as_bytes(), text.as_bytes(), true), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "*a".repeat(100) + "b";
        assert!(!matches(pattern.as_bytes(), "a".repeat(10_000).as_bytes(), false));
    }
}
