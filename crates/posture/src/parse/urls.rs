//! The `http` and `https` URLs in raw text, and their parts.
//!
//! [`find`] sees every occurrence, also in code, comments and other URLs; what a reader of a document sees as a
//! link is [`document`](super::document)'s business. Nothing is resolved, decoded or fetched.

use std::borrow::Cow;

use super::text::Lines;

/// The longest URL that [`find`] gives; what is longer is cut. Servers refuse more than 8 KB.
pub const MAX_URL: usize = 8 * 1024;

/// A URL somewhere in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundUrl<'a> {
    /// The URL as written.
    pub url: &'a str,
    /// Byte offset of its first byte.
    pub start: usize,
    /// Its line, from 1.
    pub line: u32,
    /// It is part of another URL, as in `https://img.shields.io/endpoint?url=https://…`.
    pub nested: bool,
}

/// Every `http://` and `https://` URL in `text`, in order. A URL ends before white space, a control character
/// or one of `" ' ) ] < > \ |` and the backtick; so one inside another ends where the other does.
///
/// ```
/// use eyrie_posture::parse::urls::find;
///
/// let found = find("see [x](https://a.example/?u=https://b.example/y).");
/// let urls: Vec<_> = found.iter().map(|f| f.url).collect();
/// assert_eq!(urls, ["https://a.example/?u=https://b.example/y", "https://b.example/y"]);
/// ```
#[must_use]
pub fn find(text: &str) -> Vec<FoundUrl<'_>> {
    let bytes = text.as_bytes();
    let lines = Lines::new(text);
    let mut found = Vec::new();
    let mut outer_end = 0;
    for at in memchr::memmem::find_iter(bytes, "://") {
        let Some(start) = scheme_start(bytes, at) else { continue };
        let nested = start < outer_end;
        if !nested {
            outer_end = at + 3 + text[at + 3..].find(ends_url).unwrap_or(text.len() - at - 3);
        }
        let mut end = outer_end.min(start + MAX_URL);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // A bare scheme is no URL.
        if end > at + 3 {
            found.push(FoundUrl { url: &text[start..end], start, line: lines.line(start), nested });
        }
    }
    found
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | ')' | ']' | '<' | '>' | '\\' | '|' | '`')
}

/// Where `http` or `https` before the `://` at `colon` begins.
fn scheme_start(bytes: &[u8], colon: usize) -> Option<usize> {
    [5, 4].into_iter().find_map(|len| {
        let start = colon.checked_sub(len)?;
        let scheme = &bytes[start..colon];
        let known = scheme.eq_ignore_ascii_case(if len == 5 { b"https" } else { b"http" });
        known.then_some(start)
    })
}

/// The bare URLs in running text that GitHub makes links of: `http://…`, `https://…` and `www.…`, at the start of
/// a word, without the punctuation that ends the sentence. Gives byte ranges.
/// Source: <https://github.github.com/gfm/#autolinks-extension->.
#[must_use]
pub fn autolinks(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = next_autolink(text, from) {
        let stop =
            text[start..].find(|c: char| c.is_whitespace() || c == '<').map_or(text.len(), |n| start + n);
        let url = trim_autolink(&text[start..stop]);
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default();
        if host.contains('.') || host == "localhost" {
            found.push(start..start + url.len());
        }
        from = stop.max(start + 1);
    }
    found
}

fn next_autolink(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let begins = |at: usize, word: &str| {
        bytes.get(at..at + word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word.as_bytes()))
    };
    let free = |at: usize| {
        at == 0 || bytes[at - 1].is_ascii_whitespace() || matches!(bytes[at - 1], b'*' | b'_' | b'~' | b'(')
            // Not in the specification, but GitHub does link after these.
            || matches!(bytes[at - 1], b'[' | b'"' | b'\'' | b':' | b',' | b'|')
            || bytes[at - 1] >= 0x80
    };
    memchr::memchr3_iter(b'h', b'w', b'H', bytes.get(from..)?)
        .map(|n| from + n)
        .find(|at| (begins(*at, "http://") || begins(*at, "https://") || begins(*at, "www.")) && free(*at))
}

fn trim_autolink(mut url: &str) -> &str {
    // Counted once: taking the balance again for each bracket cut would be quadratic.
    let mut surplus = url.matches(')').count() as i64 - url.matches('(').count() as i64;
    while let Some(last) = url.chars().next_back() {
        match last {
            '?' | '!' | '.' | ',' | ':' | '*' | '_' | '~' | '"' | '\'' | ']' | '|' => {}
            ')' if surplus > 0 => surplus -= 1,
            ';' => match url[..url.len() - 1].rfind(|c: char| !c.is_ascii_alphanumeric()) {
                Some(amp) if url.as_bytes()[amp] == b'&' => {
                    url = &url[..amp];
                    continue;
                }
                _ => {}
            },
            _ => break,
        }
        url = &url[..url.len() - last.len_utf8()];
    }
    url
}

/// The parts of a URL, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlParts<'a> {
    /// `https`
    pub scheme: &'a str,
    /// The host without user and port.
    pub host: &'a str,
    /// The path with its leading slash; empty if there is none.
    pub path: &'a str,
    /// What follows `?`.
    pub query: Option<&'a str>,
    /// What follows `#`.
    pub fragment: Option<&'a str>,
}

impl<'a> UrlParts<'a> {
    /// Split an absolute URL (`scheme://host…`). `None` for anything else.
    #[must_use]
    pub fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
            return None;
        }
        let (rest, fragment) = split_off(rest, '#');
        let (rest, query) = split_off(rest, '?');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        (!host.is_empty()).then_some(Self { scheme, host, path, query, fragment })
    }

    /// The host in lower case without a leading `www.`, which compares well.
    #[must_use]
    pub fn plain_host(&self) -> Cow<'a, str> {
        let host = match self.host.get(..4) {
            Some(www) if www.eq_ignore_ascii_case("www.") => &self.host[4..],
            _ => self.host,
        };
        if host.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        }
    }

    /// The segments of the path that are not empty.
    pub fn segments(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.path.split('/').filter(|segment| !segment.is_empty())
    }
}

fn split_off(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn urls(text: &str) -> Vec<&str> {
        find(text).iter().map(|f| f.url).collect()
    }

    #[test]
    fn urls_end_where_text_or_markup_goes_on() {
        let cases: [(&str, &[&str]); 12] = [
            ("a https://x.y/z b", &["https://x.y/z"]),
            ("[![x](https://i/b.svg)](HTTP://t/p)", &["https://i/b.svg", "HTTP://t/p"]),
            ("<a href=\"https://x/?a=1&b=2#f\">", &["https://x/?a=1&b=2#f"]),
            ("href='https://x'", &["https://x"]),
            ("`https://x`<https://y>", &["https://x", "https://y"]),
            ("https://x/?u=https://y/z end", &["https://x/?u=https://y/z", "https://y/z"]),
            ("[https://x](https://y)", &["https://x", "https://y"]),
            ("ftp://x shttp://y", &["http://y"]),
            ("http:// https://", &[]),
            ("://", &[]),
            ("https://münchen.example/ü", &["https://münchen.example/ü"]),
            ("| https://x|https://y |", &["https://x", "https://y"]),
        ];
        for (text, expected) in cases {
            assert_eq!(urls(text), expected, "{text}");
        }
    }

    #[test]
    fn found_urls_have_lines() {
        let found = find("a\r\nhttps://x\n\nhttps://y?https://z");
        let got: Vec<_> = found.iter().map(|f| (f.line, f.nested)).collect();
        assert_eq!(got, [(2, false), (4, false), (4, true)]);
    }

    #[test]
    fn endless_urls_are_cut() {
        let text = "http://".repeat(200_000);
        let found = find(&text);
        assert!(found.len() > 199_000);
        assert!(found.iter().all(|f| f.url.len() <= MAX_URL));
    }

    #[test]
    fn bare_urls_become_links_as_on_github() {
        let cases: [(&str, &[&str]); 11] = [
            ("see https://x.y/z.", &["https://x.y/z"]),
            ("(https://x.y/a_(b))", &["https://x.y/a_(b)"]),
            ("(see www.x.y)", &["www.x.y"]),
            ("www.x.y/a?b=c&amp; next", &["www.x.y/a?b=c"]),
            ("xhttps://x.y", &[]),
            ("https://nodot", &[]),
            ("http://localhost:8080/x", &["http://localhost:8080/x"]),
            ("https://x.y<b", &["https://x.y"]),
            ("**https://x.y**", &["https://x.y"]),
            ("Slack:https://x.y, https://z.a!", &["https://x.y", "https://z.a"]),
            ("hhhh www", &[]),
        ];
        for (text, expected) in cases {
            let got: Vec<_> = autolinks(text).into_iter().map(|r| &text[r]).collect();
            assert_eq!(got, expected, "{text}");
        }
        assert_eq!(autolinks(&format!("https://a.b/{}", ")".repeat(500_000))).len(), 1);
    }

    #[test]
    fn parts_and_helpers() {
        let parts = UrlParts::of("https://me@WWW.GitHub.com:443/o//r/?q=a?b#f#g").unwrap();
        assert_eq!((parts.host, &*parts.plain_host()), ("WWW.GitHub.com", "github.com"));
        assert_eq!(parts.segments().collect::<Vec<_>>(), ["o", "r"]);
        assert_eq!((parts.query, parts.fragment), (Some("q=a?b"), Some("f#g")));
        let bare = UrlParts::of("http://x?y").unwrap();
        assert_eq!((bare.host, bare.path, bare.query), ("x", "", Some("y")));
        for none in ["", "x", "docs/a.md", "https://", "://x", "mailto:a@b"] {
            assert_eq!(UrlParts::of(none), None, "{none}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_text_is_searched(text in "(http|s|://|www\\.|[a-zé./?&;#)( \n\"]){0,60}") {
            for found in find(&text) {
                prop_assert_eq!(&text[found.start..found.start + found.url.len()], found.url);
                let _ = UrlParts::of(found.url).map(|p| (p.plain_host(), p.segments().count()));
            }
            for range in autolinks(&text) {
                prop_assert!(!text[range].is_empty());
            }
        }
    }
}
