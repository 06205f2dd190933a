//! Lists: a list's name in a condition's text is replaced by its items, as text, wherever it stands between delimiters, in
//! quoted text too. That is how Falco does it, and what rules rely on.

use std::borrow::Cow;

/// A named list of items, as the text they have in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub(crate) name: String,
    items: String,
    empty: bool,
}

impl List {
    /// A list of these items. An item with a blank is put in double quotes, unless it starts with a quote.
    pub fn new(name: &str, items: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut text = String::new();
        let mut empty = true;
        for item in items {
            if !empty {
                text.push_str(", ");
            }
            empty = false;
            text.push_str(&item_text(item.as_ref()));
        }
        List { name: name.to_string(), items: text, empty }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The text of a list's item: quoted if it has a blank.
pub fn item_text(item: &str) -> Cow<'_, str> {
    if item.contains(' ') && !item.starts_with(['"', '\'']) {
        Cow::Owned(format!("\"{item}\""))
    } else {
        Cow::Borrowed(item)
    }
}

/// Replaces the names of lists, list by list in their order, so that a list's items may name lists that come later.
pub fn substitute<'t>(text: &'t str, lists: &[List]) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for list in lists {
        if let Some(replaced) = replace(&text, list) {
            text = Cow::Owned(replaced);
        }
    }
    text
}

/// Where a part of a text comes from in which the name of a list was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The bytes of the old text from here on.
    Kept {
        /// The first byte in the old text.
        from: usize,
        /// How many.
        len: usize,
    },
    /// The list's items.
    Items,
    /// A blank that was put in.
    Blank,
}

/// Replaces the name of one list; `None` if the text does not have it.
pub fn replace(text: &str, list: &List) -> Option<String> {
    let pieces = replace_pieces(text, &list.name, list.empty)?;
    let mut out = String::with_capacity(text.len() + list.items.len() + 2);
    for piece in pieces {
        match piece {
            Piece::Kept { from, len } => out.push_str(text.get(from..from + len).unwrap_or_default()),
            Piece::Items => out.push_str(&list.items),
            Piece::Blank => out.push(' '),
        }
    }
    Some(out)
}

/// What a text consists of after the name of a list has been replaced, so that places in it can be found in the old text or
/// among the items; `None` if the text does not have the name.
pub fn replace_pieces(text: &str, name: &str, empty: bool) -> Option<Vec<Piece>> {
    const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
    if name.is_empty() {
        return None;
    }
    let mut pieces = Vec::new();
    // What is before `done` is in `pieces`; the name is looked for from `from` on.
    let (mut done, mut from) = (0, 0);
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(name)) {
        let start = from + at;
        let end = start + name.len();
        let before = text.get(done..start).unwrap_or_default();
        let after = text.get(end..).unwrap_or_default();
        // What was put in for an occurrence just before ends with a blank.
        let starts_word = before.chars().next_back().is_none_or(delimits);
        let ends_word = after.chars().next().is_none_or(delimits);
        if !(starts_word && ends_word) {
            from = start + after_first_char(name);
            continue;
        }
        // Blanks around the name go, also those that were put in before.
        let kept = before.trim_end_matches(BLANKS);
        if !kept.is_empty() {
            pieces.push(Piece::Kept { from: done, len: kept.len() });
        }
        while matches!(pieces.last(), Some(Piece::Blank)) || (empty && pieces.last() == Some(&Piece::Items)) {
            pieces.pop();
        }
        let mut rest = after.trim_start_matches(BLANKS);
        if empty {
            // With nothing to put in, one of the commas around goes, too.
            match pieces.last_mut() {
                Some(Piece::Kept { from, len })
                    if text.get(*from..*from + *len).is_some_and(|t| t.ends_with(',')) =>
                {
                    *len -= 1;
                }
                _ => rest = rest.strip_prefix(',').unwrap_or(rest),
            }
        }
        if !pieces.is_empty() {
            pieces.push(Piece::Blank);
        }
        pieces.push(Piece::Items);
        pieces.push(Piece::Blank);
        done = text.len() - rest.len();
        from = done;
    }
    if pieces.is_empty() {
        return None;
    }
    if done < text.len() {
        pieces.push(Piece::Kept { from: done, len: text.len() - done });
    }
    Some(pieces)
}

/// What ends a word in which the name of a list is looked for.
pub fn delimits(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '(' | ')' | ',' | '=')
}

fn after_first_char(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_between_delimiters() {
        let list = |name: &str, items: &[&str]| List::new(name, items);
        for (lists, text, expected) in [
            (vec![list("l", &["a", "b"])], "x in (l)", "x in ( a, b )"),
            (vec![list("l", &["a", "b"])], "x in (l) or y in (l,l)", "x in ( a, b ) or y in ( a, b , a, b )"),
            (vec![list("net", &["a"]), list("network", &["b"])], "x in (network, net)", "x in ( b , a )"),
            (vec![list("none", &[])], "x in (none)", "x in (  )"),
            (vec![list("none", &[])], "x in (none, y)", "x in (   y)"),
            (vec![list("none", &[])], "x in (y, none)", "x in (y  )"),
            (vec![list("l", &["a b", "\"c d\"", "'e f'"])], "x in (l)", "x in ( \"a b\", \"c d\", 'e f' )"),
            (vec![list("a1", &["b1"]), list("b1", &["c1"])], "x in (a1)", "x in ( c1 )"),
            (vec![list("run", &["go"])], "x = \"run one\"", "x = \"run one\""),
            (vec![list("one", &["1"])], "x = \"run one now\"", "x = \"run 1 now\""),
            (vec![list("5", &["7"])], "x = 5", "x = 7 "),
            (vec![list("", &["7"])], "x = 5", "x = 5"),
            (vec![list("none", &[])], "x in (y, none none)", "x in (y  )"),
            (vec![list("l", &["a"])], "l l", "a a "),
        ] {
            assert_eq!(substitute(text, &lists), expected, "{text}");
        }
    }
}
