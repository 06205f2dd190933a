//! The expressions of GitHub Actions, `${{ … }}`: where a text holds them, and what they read and call.
//!
//! [`find`] cuts them out of a text, [`parse`] reads one. What matters about an expression is which contexts it
//! reads (`github.event.issue.title`) and which functions it calls with what (`tojson(github)`); GitHub tells
//! neither case nor `a['b']` from `a.b`, so neither do we. Whether a context can be trusted is not known here.
//!
//! Grammar: <https://docs.github.com/en/actions/reference/workflows-and-actions/expressions>.

use std::collections::HashSet;
use std::ops::Range;

/// GitHub reads no expression with more characters (`ExpressionConstants.MaxLength` in actions/runner).
pub const MAX_LENGTH: usize = 21_000;

/// GitHub reads no expression that is nested deeper (`ExpressionConstants.MaxDepth` in actions/runner).
pub const MAX_DEPTH: usize = 50;

/// A call is kept with its arguments up to this many bytes, so that calls inside calls cost no more than a line.
const MAX_CALL: usize = 256;

/// An expression in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The bytes from `${{` to the end of `}}`.
    pub whole: Range<usize>,
    /// The bytes between.
    pub inner: Range<usize>,
    /// Whether there is a `}}`. If not, the expression goes on to the end of the text.
    pub closed: bool,
}

/// What an expression says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// It, with one spelling for what means the same: lower case outside of strings, `a.b` for `a['b']`, one blank
    /// around operators and none inside brackets. Empty if there is a fault.
    pub normalized: String,
    /// The contexts that it reads, each once, in order: as far as their keys are written out, with `*` for an
    /// index or a key that is not: `github.event.commits.*.message`.
    pub contexts: Vec<String>,
    /// The calls that it makes, each once, inner before outer, in the spelling of [`Self::normalized`]:
    /// `tojson(github.event)`. The arguments of a very long call are left out: `format(…)`.
    pub calls: Vec<String>,
    /// The first thing wrong with it. Contexts and calls are then those that could be made out.
    pub fault: Option<Fault>,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset in the expression.
    pub at: usize,
    /// What was found or expected.
    pub message: String,
}

/// The expressions in a text. `}}` inside of a string does not end one, unless nothing else does.
///
/// ```
/// use eyrie_posture::parse::workflow::expression::find;
///
/// let text = "echo ${{ inputs.a }} ${{ format('}}') }}";
/// let inner: Vec<_> = find(text).map(|found| &text[found.inner]).collect();
/// assert_eq!(inner, [" inputs.a ", " format('}}') "]);
/// ```
pub fn find(text: &str) -> impl Iterator<Item = Found> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find("${{")?;
        let inner = start + 3;
        let rest = &text[inner..];
        // A stray quote must not make one expression of many.
        let end = closing(rest).filter(|end| !rest[..*end].contains("${{")).or_else(|| rest.find("}}"));
        let end = end.map(|end| inner + end);
        let (end, closed) = (end.unwrap_or(text.len()), end.is_some());
        let whole_end = if closed { end + 2 } else { end };
        from = whole_end;
        Some(Found { whole: start..whole_end, inner: inner..end, closed })
    })
}

/// Where the first `}}` outside of strings is.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut in_string = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\'' => in_string = !in_string,
            b'}' if !in_string && bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
    }
    None
}

/// Read an expression, without `${{` and `}}`.
///
/// ```
/// use eyrie_posture::parse::workflow::expression::parse;
///
/// let parsed = parse("startsWith(GitHub.event['Issue'].title, 'x') && env.DEBUG");
/// assert_eq!(parsed.contexts, ["github.event.issue.title", "env.debug"]);
/// assert_eq!(parsed.calls, ["startswith(github.event.issue.title, 'x')"]);
/// ```
#[must_use]
pub fn parse(text: &str) -> Parsed {
    if text.len() > MAX_LENGTH && text.chars().count() > MAX_LENGTH {
        let message = format!("the expression is longer than {MAX_LENGTH} characters");
        return Parsed { fault: Some(Fault { at: 0, message }), ..Parsed::default() };
    }
    let mut parser = Parser::new(text);
    if parser.tokens.is_empty() && parser.parsed.fault.is_none() {
        parser.fault_at(0, "the expression is empty".to_owned());
    }
    let mut normalized = String::new();
    while parser.at < parser.tokens.len() {
        let from = parser.at;
        parser.depth = 0;
        match parser.or() {
            Ok(value) if parser.at == parser.tokens.len() => normalized = value.text,
            Ok(_) => parser.unexpected("an operator or the end"),
            Err(Stopped) => {}
        }
        // After a fault, go on there: what follows is read all the same.
        parser.at += usize::from(parser.at == from);
    }
    let mut parsed = parser.parsed;
    keep_first(&mut parsed.contexts);
    keep_first(&mut parsed.calls);
    if parsed.fault.is_none() {
        parsed.normalized = normalized;
    }
    parsed
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A name or a keyword.
    Name(&'a str),
    /// A number, as it is written.
    Number(&'a str),
    /// A string with its quotes.
    Text(&'a str),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Signs, those that begin like another first.
const SIGNS: [&str; 16] =
    ["<=", ">=", "==", "!=", "&&", "||", "<", ">", "!", "(", ")", "[", "]", ".", ",", "*"];

/// A fault was noted; the parser stands where it is.
struct Stopped;

/// A part of an expression.
struct Value {
    text: String,
    /// The path, if it is a context with keys.
    path: Option<String>,
}

impl Value {
    fn other(text: String) -> Self {
        Self { text, path: None }
    }
}

type Reading = Result<Value, Stopped>;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(usize, Token<'a>)>,
    at: usize,
    depth: usize,
    parsed: Parsed,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut parser = Self { text, tokens: Vec::new(), at: 0, depth: 0, parsed: Parsed::default() };
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            let rest = &text[at..];
            let (token, length) = match first {
                _ if first.is_whitespace() => (None, first.len_utf8()),
                '\'' => match string_length(rest) {
                    Some(length) => (Some(Token::Text(&rest[..length])), length),
                    None => {
                        parser.fault_at(at, "the string is not closed".to_owned());
                        (None, 1)
                    }
                },
                'a'..='z' | 'A'..='Z' | '_' => {
                    let length = count(rest, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                    (Some(Token::Name(&rest[..length])), length)
                }
                // A point begins a number where no value can stand before it.
                '0'..='9' | '+' | '-' => number(rest),
                '.' if !parser.after_value() && rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                    number(rest)
                }
                _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                    Some(sign) => (Some(Token::Sign(sign)), sign.len()),
                    None => {
                        let help = if first == '"' { "; strings are in single quotes" } else { "" };
                        parser.fault_at(at, format!("unexpected {first:?}{help}"));
                        (None, first.len_utf8())
                    }
                },
            };
            parser.tokens.extend(token.map(|token| (at, token)));
            at += length;
        }
        parser
    }

    /// Whether the last token ends a value.
    fn after_value(&self) -> bool {
        let last = self.tokens.last().map(|(_, token)| *token);
        matches!(last, Some(Token::Name(_) | Token::Sign(")" | "]" | "*")))
    }

    fn fault_at(&mut self, at: usize, message: String) {
        if self.parsed.fault.as_ref().is_none_or(|first| first.at > at) {
            self.parsed.fault = Some(Fault { at, message });
        }
    }

    fn unexpected(&mut self, expected: &str) {
        let (at, found) = match self.tokens.get(self.at) {
            None => (self.text.len(), "the end".to_owned()),
            Some((at, Token::Name(t) | Token::Number(t) | Token::Text(t))) => (*at, format!("`{t}`")),
            Some((at, Token::Sign(sign))) => (*at, format!("`{sign}`")),
        };
        self.fault_at(at, format!("expected {expected}, found {found}"));
    }

    fn next(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).map(|(_, token)| *token)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.next(), Some(Token::Sign(next)) if next == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Stopped> {
        if self.take(sign) {
            return Ok(());
        }
        self.unexpected(&format!("`{sign}`"));
        Err(Stopped)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Stopped>) -> Result<T, Stopped> {
        if self.depth >= MAX_DEPTH {
            let at = self.tokens.get(self.at).map_or(self.text.len(), |(at, _)| *at);
            self.fault_at(at, format!("the expression is nested more than {MAX_DEPTH} levels deep"));
            return Err(Stopped);
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn chain(&mut self, operators: &[&'static str], operand: fn(&mut Self) -> Reading) -> Reading {
        let mut value = operand(self)?;
        while let Some(Token::Sign(sign)) = self.next()
            && operators.contains(&sign)
        {
            self.at += 1;
            let right = operand(self)?;
            value = Value::other(format!("{} {sign} {}", value.text, right.text));
        }
        Ok(value)
    }

    fn or(&mut self) -> Reading {
        self.chain(&["||"], Self::and)
    }

    fn and(&mut self) -> Reading {
        self.chain(&["&&"], Self::equality)
    }

    fn equality(&mut self) -> Reading {
        self.chain(&["==", "!="], Self::comparison)
    }

    fn comparison(&mut self) -> Reading {
        self.chain(&["<", "<=", ">", ">="], Self::not)
    }

    fn not(&mut self) -> Reading {
        if self.take("!") {
            let value = self.deeper(Self::not)?;
            return Ok(Value::other(format!("!{}", value.text)));
        }
        let value = self.indexed()?;
        self.keep(&value);
        Ok(value)
    }

    /// A value with keys and indices behind it.
    fn indexed(&mut self) -> Reading {
        let mut value = self.value()?;
        loop {
            let (key, text) = if self.take(".") {
                match self.next() {
                    Some(Token::Name(name)) => {
                        let key = format!(".{}", name.to_ascii_lowercase());
                        (key.clone(), key)
                    }
                    Some(Token::Sign("*")) => (".*".to_owned(), ".*".to_owned()),
                    _ => {
                        self.keep(&value);
                        self.unexpected("a name or `*` after the point");
                        return Err(Stopped);
                    }
                }
            } else if self.take("[") {
                match self.index() {
                    Ok(index) => index,
                    Err(stopped) => {
                        self.keep(&value);
                        return Err(stopped);
                    }
                }
            } else {
                return Ok(value);
            };
            self.at += 1;
            value.text.push_str(&text);
            if let Some(path) = &mut value.path {
                path.push_str(&key);
            }
        }
    }

    /// What stands in brackets, as a part of a path and as it is written; the parser is left at `]`.
    fn index(&mut self) -> Result<(String, String), Stopped> {
        let literal = match self.next() {
            Some(Token::Sign("*")) => Some((".*".to_owned(), ".*".to_owned())),
            Some(Token::Text(quoted)) => Some(key_of(quoted)),
            _ => None,
        };
        let closes = matches!(self.tokens.get(self.at + 1), Some((_, Token::Sign("]"))));
        if let (Some(literal), true) = (literal, closes) {
            self.at += 1;
            return Ok(literal);
        }
        let inner = self.deeper(Self::or)?;
        if self.next() == Some(Token::Sign("]")) {
            return Ok((".*".to_owned(), format!("[{}]", inner.text)));
        }
        self.unexpected("`]`");
        Err(Stopped)
    }

    fn keep(&mut self, value: &Value) {
        self.parsed.contexts.extend(value.path.clone());
    }

    fn value(&mut self) -> Reading {
        if self.take("(") {
            let inner = self.deeper(Self::or)?;
            self.expect(")")?;
            // `(github.event).issue` goes on from where the brackets left off.
            let text = if inner.path.is_some() { inner.text } else { format!("({})", inner.text) };
            return Ok(Value { text, path: inner.path });
        }
        let value = match self.next() {
            Some(Token::Number(text)) => Value::other(text.to_ascii_lowercase()),
            Some(Token::Text(text)) => Value::other(text.to_owned()),
            Some(Token::Name(name)) => {
                self.at += 1;
                let name = name.to_ascii_lowercase();
                if self.take("(") {
                    return self.call(&name);
                }
                let literal = matches!(&*name, "true" | "false" | "null" | "nan" | "infinity");
                let path = (!literal).then(|| name.clone());
                return Ok(Value { text: name, path });
            }
            _ => {
                self.unexpected("a value");
                return Err(Stopped);
            }
        };
        self.at += 1;
        Ok(value)
    }

    /// A call, behind its `(`.
    fn call(&mut self, name: &str) -> Reading {
        let mut text = format!("{name}(");
        if !self.take(")") {
            loop {
                let argument = self.deeper(Self::or)?;
                text.push_str(&argument.text);
                if !self.take(",") {
                    break;
                }
                text.push_str(", ");
            }
            self.expect(")")?;
        }
        text.push(')');
        let kept = if text.len() <= MAX_CALL { text.clone() } else { format!("{name}(…)") };
        self.parsed.calls.push(kept);
        Ok(Value::other(text))
    }
}

/// Keep the first of what is equal.
fn keep_first(list: &mut Vec<String>) {
    let mut seen = HashSet::with_capacity(list.len());
    list.retain(|text| seen.insert(text.clone()));
}

fn count(text: &str, wanted: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|b| wanted(*b)).count()
}

/// The length of the string that a text begins with. A quote is doubled inside.
fn string_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        at += memchr::memchr(b'\'', bytes.get(at..)?)?;
        if bytes.get(at + 1) != Some(&b'\'') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// A number and its length. How many points and signs it may have is left open: what is written is kept.
fn number(text: &str) -> (Option<Token<'_>>, usize) {
    let bytes = text.as_bytes();
    let mut length = 1;
    while let Some(byte) = bytes.get(length) {
        let exponent = matches!(bytes[length - 1], b'e' | b'E') && matches!(byte, b'+' | b'-');
        if !byte.is_ascii_alphanumeric() && *byte != b'.' && !exponent {
            break;
        }
        length += 1;
    }
    (Some(Token::Number(&text[..length])), length)
}

/// A string in brackets, as a part of a path and as it is written.
fn key_of(quoted: &str) -> (String, String) {
    let inner = &quoted[1..quoted.len() - 1];
    let is_name = inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let key = if is_name { format!(".{}", inner.to_ascii_lowercase()) } else { format!("[{quoted}]") };
    (key.clone(), key)
}

#[cfg(test)]
mod tests;
