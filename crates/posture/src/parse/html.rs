//! The HTML that stands in documents: links, images, headings and text of it, for the readers of markup.
//!
//! A forgiving scanner for fragments, in linear time; not a parser of pages. Comments, scripts, styles and
//! preformatted text are skipped.

use super::document::{Builder, ProseKind};

/// Reads pieces of HTML in the order of the text; what one piece opens another may close.
#[derive(Default)]
pub(super) struct Html {
    /// Level of the heading that is open.
    heading: Option<u8>,
    /// `<a href>` that are open.
    links: usize,
    /// The element whose content is skipped.
    skip: Option<&'static str>,
    /// No quote of this kind ends after the last place where one was looked for: `"`, `'`.
    no_quote: [bool; 2],
}

const SKIPPED: [&str; 6] = ["script", "style", "pre", "textarea", "svg", "template"];

impl Html {
    /// Read `html`. `offset_of` tells where in the document a byte of it is.
    pub(super) fn read(&mut self, html: &str, offset_of: &dyn Fn(usize) -> usize, out: &mut Builder) {
        self.no_quote = [false; 2];
        let mut at = 0;
        while at < html.len() {
            let tag = memchr::memchr(b'<', &html.as_bytes()[at..]).map_or(html.len(), |n| at + n);
            if tag > at && self.skip.is_none() {
                out.text(&decode(&html[at..tag]), offset_of(at));
            }
            if tag == html.len() {
                break;
            }
            at = self.markup(html, tag, offset_of(tag), out);
        }
    }

    /// What begins with the `<` at `start`; gives where it ends.
    fn markup(&mut self, html: &str, start: usize, offset: usize, out: &mut Builder) -> usize {
        let rest = &html[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            return comment.find("-->").map_or(html.len(), |n| start + 4 + n + 3);
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            return rest.find('>').map_or(html.len(), |n| start + n + 1);
        }
        let closing = rest.starts_with("</");
        let name_at = start + if closing { 2 } else { 1 };
        let name_end = html[name_at..]
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .map_or(html.len(), |n| name_at + n);
        if !html[name_at..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            if self.skip.is_none() {
                out.text("<", offset);
            }
            return start + 1;
        }
        let name = html[name_at..name_end.min(name_at + 16)].to_ascii_lowercase();
        let (attributes, end) = self.attributes(html, name_end);
        if let Some(skipped) = self.skip {
            if closing && name == skipped {
                self.skip = None;
            }
            return end;
        }
        if closing {
            self.close(&name, out)
        } else {
            self.open(&name, &attributes, offset, out)
        }
        end
    }

    /// The attributes that matter (`href`, `src`, `alt`), and where the tag ends. A `<` ends a tag that has no `>`.
    fn attributes<'a>(&mut self, html: &'a str, mut at: usize) -> (Vec<(&'a str, &'a str)>, usize) {
        let bytes = html.as_bytes();
        let mut found = Vec::new();
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'>' => return (found, at + 1),
                b'<' => return (found, at),
                b if b.is_ascii_whitespace() || *b == b'/' => at += 1,
                _ => {
                    let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '<' | '/');
                    let name_end = html[at..].find(ends).map_or(html.len(), |n| at + n);
                    // A stray `=` is a name of its own, so that the loop goes on.
                    let name_end = if name_end == at { at + 1 } else { name_end };
                    let name = &html[at..name_end];
                    at = name_end + blanks(&html[name_end..]);
                    if bytes.get(at) != Some(&b'=') {
                        continue;
                    }
                    at += 1 + blanks(&html[at + 1..]);
                    let (value, end) = self.value(html, at);
                    at = end;
                    if ["href", "src", "alt"].iter().any(|n| name.eq_ignore_ascii_case(n)) {
                        found.push((name, value));
                    }
                }
            }
        }
        (found, html.len())
    }

    fn value<'a>(&mut self, html: &'a str, at: usize) -> (&'a str, usize) {
        let quote = html.as_bytes().get(at).copied().filter(|b| matches!(b, b'"' | b'\''));
        if let Some(quote) = quote {
            let known_missing = &mut self.no_quote[usize::from(quote == b'\'')];
            if !*known_missing {
                if let Some(n) = memchr::memchr(quote, &html.as_bytes()[at + 1..]) {
                    return (&html[at + 1..at + 1 + n], at + n + 2);
                }
                *known_missing = true;
            }
        }
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '>' | '<');
        let end = html[at..].find(ends).map_or(html.len(), |n| at + n);
        (&html[at..end], end)
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)], offset: usize, out: &mut Builder) {
        let get = |wanted: &str| {
            attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(wanted)).map(|(_, v)| decode(v.trim()))
        };
        match name {
            "a" => {
                if let Some(href) = get("href") {
                    // Links do not nest; one that was not closed ends here.
                    self.close("a", out);
                    out.open_link(href, offset);
                    self.links += 1;
                }
            }
            "img" => {
                if let Some(src) = get("src") {
                    out.image(&src, &get("alt").unwrap_or_default(), offset);
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = name.as_bytes()[1] - b'0';
                out.open_heading(level, offset);
                self.heading = Some(level);
            }
            "br" => out.text(" ", offset),
            "li" => out.block(ProseKind::ListItem),
            "td" | "th" => out.block(ProseKind::TableCell),
            _ if is_block(name) => out.block(ProseKind::Paragraph),
            _ => self.skip = SKIPPED.into_iter().find(|skipped| *skipped == name),
        }
    }

    fn close(&mut self, name: &str, out: &mut Builder) {
        match name {
            "a" if self.links > 0 => {
                self.links -= 1;
                out.close();
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if self.heading.take().is_some() => out.close_heading(),
            "li" | "td" | "th" => out.block(ProseKind::Paragraph),
            _ if is_block(name) => out.block(ProseKind::Paragraph),
            _ => {}
        }
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "center"
            | "table"
            | "thead"
            | "tbody"
            | "tr"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "hr"
            | "blockquote"
            | "details"
            | "summary"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "nav"
            | "main"
            | "figure"
            | "figcaption"
            | "caption"
    )
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_whitespace()).len()
}

/// `text` with the character references that documents use undone.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(amp) = rest.find('&') {
        out.push_str(&rest[..amp]);
        rest = &rest[amp..];
        let end = rest.bytes().take(12).position(|b| b == b';');
        match end.and_then(|end| Some((reference(&rest[1..end])?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "copy" => '©',
        "mdash" => '—',
        "ndash" => '–',
        "hellip" => '…',
        _ => return None,
    })
}
