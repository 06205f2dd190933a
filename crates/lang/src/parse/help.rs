//! What to tell someone whose condition does not parse: guesses at what was meant, from what stands at the place.

use super::scan::Scanner;
use crate::ast::{Op, Operand, Transformer};
use crate::suggest::closest;

/// The word at the scanner's place, up to the next blank or punctuation.
fn word<'t>(scan: &Scanner<'t>) -> &'t str {
    let rest = scan.rest();
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

pub(super) fn keyword_run_on(keyword: &str, scan: &Scanner<'_>) -> Option<String> {
    let word = word(scan);
    if scan.rest().is_empty() {
        return Some(format!("the condition ends here; a comparison is missing after `{keyword}`"));
    }
    (!word.is_empty()).then(|| format!("write `{keyword} {word}`"))
}

pub(super) fn leftover(scan: &Scanner<'_>) -> Option<String> {
    let rest = scan.rest();
    let word = word(scan);
    let lower = word.to_ascii_lowercase();
    let last = scan.text.get(scan.last_start..scan.last_end).unwrap_or_default();
    if rest.is_empty() {
        return Some("the condition ends here; add `)`".to_string());
    }
    if let Some((symbol, keyword)) =
        [("&&", "and"), ("||", "or"), ("&", "and"), ("|", "or"), (";", "and"), (",", "or")]
            .iter()
            .find(|(symbol, _)| rest.starts_with(symbol))
    {
        return Some(format!("write `{keyword}` instead of `{symbol}`"));
    }
    if rest.starts_with('#') {
        return Some("a condition cannot contain comments; put them beside it".to_string());
    }
    if matches!(lower.as_str(), "and" | "or" | "not") && word != lower {
        return Some(format!("keywords are lower case: `{lower}`"));
    }
    if word == "not" {
        return Some("put `and` or `or` before `not`".to_string());
    }
    if rest.starts_with('(') && matches!(last, "val" | "tolower" | "toupper" | "b64" | "basename" | "len") {
        return Some(format!("there may be no blank between `{last}` and `(`"));
    }
    if rest.starts_with('(') && matches!(last, "oneof" | "anyof" | "allof") {
        return Some(format!("`{last}` needs a blank before and after it, and an operator that takes it"));
    }
    if rest.starts_with('(') {
        let names = Transformer::ALL.iter().map(|t| t.name());
        let meant = match last {
            "lower" | "lowercase" | "downcase" | "lc" => Some("tolower"),
            "upper" | "uppercase" | "upcase" | "uc" => Some("toupper"),
            "base64" | "b64decode" | "base64decode" => Some("b64"),
            "length" | "count" | "size" => Some("len"),
            last => closest(last, names),
        };
        if let Some(name) = meant {
            return Some(format!("there is no transformer `{last}`; did you mean `{name}`?"));
        }
        let names = ["oneof", "anyof", "allof"];
        return closest(last, names).map(|name| format!("did you mean `{}`?", name));
    }
    if rest.starts_with(['=', '"', '\'']) {
        return Some(
            "put a value that contains blanks, quotes, commas, parentheses or `=` in quotes".to_string(),
        );
    }
    if let Some(keyword) = closest(word, ["and", "or"]) {
        return Some(format!("did you mean `{keyword}`?"));
    }
    (!rest.starts_with(')'))
        .then(|| "put a value that contains blanks, quotes, commas, parentheses or `=` in quotes".to_string())
}

pub(super) fn no_check(scan: &Scanner<'_>) -> Option<String> {
    let rest = scan.rest();
    if rest.is_empty() {
        return Some(
            "the condition ends here; a comparison such as `proc.name = cat` is missing".to_string(),
        );
    }
    if rest.starts_with('!') {
        return Some("write `not` instead of `!`".to_string());
    }
    if rest.starts_with(['"', '\'']) {
        return Some("a comparison starts with the field, the value comes after the operator".to_string());
    }
    None
}

pub(super) fn no_argument(scan: &Scanner<'_>) -> Option<String> {
    if scan.rest().starts_with("val(") {
        return Some("a transformer takes the field itself, without `val(…)`".to_string());
    }
    let word = word(scan);
    (!word.is_empty()).then(|| format!("put text in quotes: `\"{word}\"`"))
}

pub(super) fn no_operator(scan: &Scanner<'_>, left: &Operand) -> Option<String> {
    let rest = scan.rest();
    let word = word(scan);
    if word.is_empty() || matches!(word, "and" | "or") {
        if rest.starts_with('!') || rest.starts_with('~') || rest.starts_with(':') || rest.starts_with('-') {
            return Some(format!(
                "the operators are {}",
                Op::ALL.iter().map(|op| op.name()).collect::<Vec<_>>().join(" ")
            ));
        }
        return Some(format!("a field alone is no condition; write `{left} = true` or `{left} exists`"));
    }
    if let Some(op) = closest(word, Op::ALL.iter().map(|op| op.name())) {
        return Some(if op == word {
            format!("`{op}` needs a blank and a value after it")
        } else {
            format!("did you mean `{op}`?")
        });
    }
    let meant = match word.to_ascii_lowercase().as_str() {
        "like" | "matches" | "match" => "glob` or `regex",
        "has" | "includes" | "include" => "contains` or `intersects",
        "is" | "eq" | "equals" => "=",
        "ne" => "!=",
        "not" => "not` before the field, as in `not proc.name in (a, b)",
        _ => return None,
    };
    Some(format!("write `{meant}`"))
}

pub(super) fn no_number(op: Op, scan: &Scanner<'_>) -> Option<String> {
    let rest = scan.rest();
    if rest.starts_with(['"', '\'']) {
        return Some(format!("`{}` takes a number without quotes", op.name()));
    }
    Some(format!("`{}` compares with a number, `val(field)` or a transformer only", op.name()))
}

pub(super) fn no_value(op: Op, scan: &Scanner<'_>) -> Option<String> {
    let rest = scan.rest();
    if rest.starts_with(['"', '\'']) {
        return Some("the quote is not closed; a backslash before the last quote escapes it".to_string());
    }
    if rest.starts_with('(') {
        return Some(match op {
            Op::Regex => "put the regular expression in quotes".to_string(),
            _ => format!("for several values write `in (…)` or `{} anyof (…)`", op.name()),
        });
    }
    if rest.starts_with('=') {
        return Some("the operators for equality are `=` and `==`".to_string());
    }
    None
}

pub(super) fn in_list(scan: &Scanner<'_>) -> Option<String> {
    let rest = scan.rest();
    if rest.starts_with(['"', '\'']) {
        return Some("the quote is not closed, or there is no comma before it".to_string());
    }
    if rest.starts_with(',')
        && scan.text.get(..scan.at).is_some_and(|before| before.trim_end().ends_with('('))
    {
        return Some("a list starts with a value, not with a comma".to_string());
    }
    if rest.starts_with('(') {
        return Some("a list contains plain values: no fields, transformers or other lists".to_string());
    }
    (!rest.is_empty())
        .then(|| "put a comma between values, and a value that contains blanks in quotes".to_string())
}
