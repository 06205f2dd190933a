//! `regex`: the POSIX syntax that RE2 reads with its POSIX options (no `\d`, `\b`, `(?:…)`; `^` and `$` at lines),
//! translated for the `regex` crate and anchored at both ends.

use std::fmt::Write as _;

/// Why a pattern is none, and at which of its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) reason: String,
    pub(crate) at: usize,
}

/// The most memory a compiled pattern may take; RE2's budget.
const SIZE_LIMIT: usize = 8 << 20;

/// The largest repetition count, also when repetitions nest.
const MAX_REPEAT: u32 = 1000;

/// Compiles a pattern that has to match a whole text.
pub(crate) fn compile(pattern: &str) -> Result<regex::Regex, Problem> {
    let translated = translate(pattern)?;
    regex::RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| Problem {
            reason: match error {
                regex::Error::CompiledTooBig(_) => "it takes too much memory".to_string(),
                error => error.to_string(),
            },
            at: 0,
        })
}

/// Whether the pattern has nothing that `=`, `contains`, `startswith` or `endswith` could not do.
pub(crate) fn is_simple(pattern: &str) -> bool {
    let rest = pattern.strip_prefix('^').unwrap_or(pattern);
    let rest = rest.strip_suffix('$').unwrap_or(rest);
    let rest = rest.strip_prefix(".*").unwrap_or(rest);
    let rest = rest.strip_suffix(".*").unwrap_or(rest);
    !rest.contains(['.', '^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '\\'])
}

/// An open group.
struct Group {
    /// Where it starts in the output and in the pattern.
    out: usize,
    at: usize,
    /// The largest product of nested repetition counts in it.
    weight: u32,
}

struct Translator<'p> {
    pattern: &'p str,
    at: usize,
    out: String,
    groups: Vec<Group>,
    /// Where the last element starts in the output, with its weight; nothing at the start of an alternative.
    last: Option<(usize, u32)>,
}

/// The pattern in the syntax of the `regex` crate.
pub(crate) fn translate(pattern: &str) -> Result<String, Problem> {
    let mut t = Translator {
        pattern,
        at: 0,
        out: String::with_capacity(pattern.len() * 2),
        groups: Vec::new(),
        last: None,
    };
    while let Some(c) = t.peek() {
        let start = t.at;
        match c {
            '(' => {
                t.at += 1;
                t.groups.push(Group { out: t.out.len(), at: start, weight: 1 });
                t.out.push_str("(?:");
                t.last = None;
            }
            ')' => {
                let Some(group) = t.groups.pop() else { return t.fail(start, "unexpected )") };
                t.at += 1;
                t.out.push(')');
                t.element(group.out, group.weight);
            }
            '|' => {
                t.at += 1;
                t.out.push('|');
                t.last = None;
            }
            '*' | '+' | '?' => {
                t.at += 1;
                t.repeat(start, &c.to_string(), 1)?;
            }
            '{' => match t.counts() {
                Some((text, low, high)) => {
                    t.at += text.len();
                    if low > MAX_REPEAT || high.is_some_and(|high| high > MAX_REPEAT || high < low) {
                        return t.fail(start, format!("invalid repetition size: {text}"));
                    }
                    t.repeat(start, text, high.unwrap_or(low).max(1))?;
                }
                None => t.literal('{'),
            },
            '[' => t.class()?,
            '\\' => {
                let c = t.escape()?;
                let out = t.out.len();
                t.push_literal(c);
                t.element(out, 1);
            }
            '^' | '$' | '.' => {
                t.at += 1;
                let out = t.out.len();
                t.out.push_str(match c {
                    '^' => "(?m:^)",
                    '$' => "(?m:$)",
                    _ => ".",
                });
                t.element(out, 1);
            }
            c => t.literal(c),
        }
    }
    match t.groups.last() {
        Some(group) => {
            let at = group.at;
            t.fail(at, "missing )")
        }
        None => Ok(t.out),
    }
}

impl<'p> Translator<'p> {
    fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fail<T>(&self, at: usize, reason: impl Into<String>) -> Result<T, Problem> {
        Err(Problem { reason: reason.into(), at })
    }

    fn element(&mut self, out: usize, weight: u32) {
        self.last = Some((out, weight));
        if let Some(group) = self.groups.last_mut() {
            group.weight = group.weight.max(weight);
        }
    }

    fn literal(&mut self, c: char) {
        self.at += c.len_utf8();
        let out = self.out.len();
        self.push_literal(c);
        self.element(out, 1);
    }

    fn push_literal(&mut self, c: char) {
        // Writing to a string does not fail.
        let _ = write!(self.out, r"\x{{{:X}}}", u32::from(c));
    }

    /// The operator `text`, which starts at `start`, applies to the last element.
    fn repeat(&mut self, start: usize, text: &str, times: u32) -> Result<(), Problem> {
        let Some((out, weight)) = self.last else {
            return self.fail(start, format!("no argument for repetition operator: {text}"));
        };
        let weight = weight.saturating_mul(times);
        if weight > MAX_REPEAT {
            return self.fail(start, format!("invalid repetition size: {text}"));
        }
        // In a group, so that `a+?` is an optional `a+`, not a lazy one.
        self.out.insert_str(out, "(?:");
        self.out.push(')');
        self.out.push_str(text);
        self.element(out, weight);
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,3}`: its text and counts. Anything else is an ordinary brace.
    fn counts(&self) -> Option<(&'p str, u32, Option<u32>)> {
        let rest = self.rest();
        let end = rest.find('}')?;
        let inner = rest.get(1..end)?;
        let number = |digits: &str| {
            let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            // Too large for the type is too large for the limit.
            all_digits.then(|| digits.parse().unwrap_or(u32::MAX))
        };
        let (low, high) = match inner.split_once(',') {
            None => (number(inner)?, Some(number(inner)?)),
            Some((low, "")) => (number(low)?, None),
            Some((low, high)) => (number(low)?, Some(number(high)?)),
        };
        Some((rest.get(..=end)?, low, high))
    }

    /// The character that the escape at the current place stands for.
    fn escape(&mut self) -> Result<char, Problem> {
        let start = self.at;
        let mut chars = self.rest().chars();
        chars.next();
        let Some(c) = chars.next() else { return self.fail(start, r"trailing \") };
        self.at += 1 + c.len_utf8();
        let simple = match c {
            'a' => Some('\u{7}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            c if c.is_ascii_punctuation() && c != '_' || c.is_ascii_control() || c == ' ' => Some(c),
            '0'..='7' => self.octal(c),
            'x' => self.hex(),
            _ => None,
        };
        match simple {
            Some(c) => Ok(c),
            None => {
                let text = self.pattern.get(start..self.at).unwrap_or_default();
                self.fail(start, format!("invalid escape sequence: {text}"))
            }
        }
    }

    /// Up to three octal digits, the first of which has been read. A single one that is not zero would be a
    /// back-reference, which there is not.
    fn octal(&mut self, first: char) -> Option<char> {
        let more: String = self.rest().chars().take_while(|c| ('0'..='7').contains(c)).take(2).collect();
        if first != '0' && more.is_empty() {
            return None;
        }
        self.at += more.len();
        u32::from_str_radix(&format!("{first}{more}"), 8).ok().and_then(char::from_u32)
    }

    fn hex(&mut self) -> Option<char> {
        let rest = self.rest();
        let (digits, len) = match rest.strip_prefix('{') {
            Some(braced) => {
                let end = braced.find('}')?;
                (braced.get(..end)?, end + 2)
            }
            None => (rest.get(..2)?, 2),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += len;
        u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
    }

    fn class(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let out = self.out.len();
        self.at += 1;
        self.out.push('[');
        if self.peek() == Some('^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            match self.peek() {
                None => {
                    let text = self.pattern.get(start..).unwrap_or_default();
                    return self.fail(start, format!("missing ]: {text}"));
                }
                Some(']') if !first => {
                    self.at += 1;
                    break;
                }
                Some('-') if !first => {
                    // A dash that is neither first nor last.
                    let mut next = self.rest().chars().skip(1);
                    match next.next() {
                        Some(']') | None => {}
                        Some(c) => {
                            let at = self.at;
                            return self.fail(at, format!("invalid character class range: -{c}"));
                        }
                    }
                }
                _ => {}
            }
            first = false;
            if self.rest().starts_with("[:")
                && let Some(end) = self.rest().find(":]")
            {
                let name = self.rest().get(..end + 2).unwrap_or_default();
                let bare = name.get(2..end).unwrap_or_default();
                if !NAMED_CLASSES.contains(&bare.strip_prefix('^').unwrap_or(bare)) {
                    let at = self.at;
                    return self.fail(at, format!("invalid character class range: {name}"));
                }
                self.at += name.len();
                self.out.push_str(name);
                continue;
            }
            let from = self.at;
            let low = self.class_member(start)?;
            let mut high = low;
            let mut ahead = self.rest().chars();
            if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
                self.at += 1;
                high = self.class_member(start)?;
                if high < low {
                    let text = self.pattern.get(from..self.at).unwrap_or_default();
                    return self.fail(from, format!("invalid character class range: {text}"));
                }
            }
            self.push_literal(low);
            if high != low {
                self.out.push('-');
                self.push_literal(high);
            }
        }
        self.out.push(']');
        self.element(out, 1);
        Ok(())
    }

    fn class_member(&mut self, start: usize) -> Result<char, Problem> {
        match self.peek() {
            Some('\\') => self.escape(),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(c)
            }
            None => {
                let text = self.pattern.get(start..).unwrap_or_default();
                self.fail(start, format!("missing ]: {text}"))
            }
        }
    }
}

const NAMED_CLASSES: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("cat", "cat", true),
            ("cat", "cats", false),
            ("c.t", "cot", true),
            ("c.t", "c\nt", false),
            ("(cat|dog)", "dog", true),
            ("cat|dog", "xdog", false),
            ("|a", "", true),
            ("a+?b", "b", true),
            ("a+?b", "aab", true),
            ("a**", "aaa", true),
            ("a{2,3}", "aa", true),
            ("a{2,3}", "aaaa", false),
            ("a{,2}", "a{,2}", true),
            ("a{x", "a{x", true),
            ("[^a]", "\n", true),
            ("[]a]+", "]a", true),
            ("[a-]", "-", true),
            ("[[:digit:]x]+", "1x2", true),
            ("[[:^digit:]]", "x", true),
            ("[.]", ".", true),
            ("a\\.b", "a.b", true),
            ("a\\.b", "axb", false),
            ("\\x41\\x{42}\\103", "ABC", true),
            ("^cat$", "cat", true),
            ("a\n^b", "a\nb", true),
            ("^*a", "a", true),
            ("ä.", "äö", true),
            ("[&&]", "&", true),
            ("[~~a]", "~", true),
            ("#x y", "#x y", true),
        ] {
            assert_eq!(compile(pattern).unwrap().is_match(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for (pattern, reason) in [
            ("a(", "missing )"),
            ("a)", "unexpected )"),
            ("[a", "missing ]: [a"),
            ("[]", "missing ]: []"),
            ("*a", "no argument for repetition operator: *"),
            ("(*a)", "no argument for repetition operator: *"),
            ("a|+", "no argument for repetition operator: +"),
            ("(?:a|b)", "no argument for repetition operator: ?"),
            ("(?i)a", "no argument for repetition operator: ?"),
            ("\\bx", "invalid escape sequence: \\b"),
            ("\\d", "invalid escape sequence: \\d"),
            ("[\\d]", "invalid escape sequence: \\d"),
            ("(a)\\1", "invalid escape sequence: \\1"),
            ("\\pL", "invalid escape sequence: \\p"),
            ("a\\", "trailing \\"),
            ("[[:foo:]]+", "invalid character class range: [:foo:]"),
            ("[z-a]", "invalid character class range: z-a"),
            ("[a-b-c]", "invalid character class range: -c"),
            ("a{1001}", "invalid repetition size: {1001}"),
            ("a{2,1}", "invalid repetition size: {2,1}"),
            ("(a{100}){11}", "invalid repetition size: {11}"),
        ] {
            assert_eq!(compile(pattern).unwrap_err().reason, reason, "{pattern}");
        }
        assert!(compile("a{1000}").is_ok());
        // Refused by the memory limit, not by running out of memory.
        assert!(compile(&".{1000}".repeat(36)).is_err());
    }

    #[test]
    fn simple_patterns_are_told_from_others() {
        for (pattern, simple) in [
            ("abc", true),
            ("", true),
            ("^cat$", true),
            (".*", true),
            ("a.*", true),
            (".*a.*", true),
            ("c.t", false),
            ("c[ao]t+", false),
            ("(cat|dog)", false),
            ("a\\.b", false),
        ] {
            assert_eq!(is_simple(pattern), simple, "{pattern}");
        }
    }
}
