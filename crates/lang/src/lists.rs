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

/// Replaces the name of one list; `None` if the text does not have it.
pub fn replace(text: &str, list: &List) -> Option<String> {
    const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
    let delimits = |c: char| BLANKS.contains(&c) || matches!(c, '(' | ')' | ',' | '=');
    if list.name.is_empty() {
        return None;
    }
    let mut out = String::new();
    // What is before `done` has been written to `out`; the name is looked for from `from` on.
    let (mut done, mut from) = (0, 0);
    let mut found = false;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(&list.name)) {
        let start = from + at;
        let end = start + list.name.len();
        let before = text.get(done..start).unwrap_or_default();
        let after = text.get(end..).unwrap_or_default();
        // What was put in for an occurrence just before ends with a blank.
        let starts_word = before.chars().next_back().is_none_or(delimits);
        let ends_word = after.chars().next().is_none_or(delimits);
        if !(starts_word && ends_word) {
            from = start + after_first_char(&list.name);
            continue;
        }
        found = true;
        out.push_str(before);
        // Blanks around the name go.
        out.truncate(out.trim_end_matches(BLANKS).len());
        let mut rest = after.trim_start_matches(BLANKS);
        if list.empty {
            // With nothing to put in, one of the commas around goes, too.
            if out.ends_with(',') {
                out.pop();
            } else {
                rest = rest.strip_prefix(',').unwrap_or(rest);
            }
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&list.items);
        out.push(' ');
        done = text.len() - rest.len();
        from = done;
    }
    found.then(|| {
        out.push_str(text.get(done..).unwrap_or_default());
        out
    })
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
        ] {
            assert_eq!(substitute(text, &lists), expected, "{text}");
        }
    }
}
