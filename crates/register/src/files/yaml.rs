//! JSON written as YAML for people: block style, plain scalars where they are safe, long texts as blocks. What it writes is read
//! back as the same JSON by [`crate::domain::policy::read::json`].

use std::fmt::Write as _;

use serde_json::Value;

/// A list of mappings, an empty line between them.
pub(super) fn list(items: &[Value]) -> String {
    let mut out = String::new();
    for item in items {
        if !out.is_empty() {
            out.push('\n');
        }
        write_item(&mut out, item, 0);
    }
    if items.is_empty() {
        out.push_str("[]\n");
    }
    out
}

/// A mapping.
pub(super) fn mapping(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, 0);
    out
}

fn write_item(out: &mut String, item: &Value, indent: usize) {
    let pad = " ".repeat(indent);
    match item {
        Value::Object(entries) if !entries.is_empty() => {
            for (at, (key, value)) in entries.iter().enumerate() {
                let lead = if at == 0 { "- " } else { "  " };
                let _ = write!(out, "{pad}{lead}{}:", key_text(key));
                write_after(out, value, indent + 2);
            }
        }
        other => {
            let _ = write!(out, "{pad}-");
            write_after(out, other, indent);
        }
    }
}

fn write_value(out: &mut String, value: &Value, indent: usize) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let _ = write!(out, "{pad}{}:", key_text(key));
                write_after(out, value, indent);
            }
        }
        Value::Array(items) => {
            for item in items {
                write_item(out, item, indent);
            }
        }
        _ => {}
    }
}

/// A value after `key:` or `-`, with the line's end.
fn write_after(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            out.push('\n');
            write_value(out, value, indent + 2);
        }
        Value::String(text) if is_block(text) => {
            out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
            for line in text.lines() {
                if !line.is_empty() {
                    out.push_str(&" ".repeat(indent + 2));
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        Value::String(text) => {
            let _ = writeln!(out, " {}", scalar(text));
        }
        other => {
            let _ = writeln!(out, " {other}");
        }
    }
}

fn key_text(key: &str) -> String {
    // A key that is a very long text would be no simple key; ours are ids and item numbers.
    if is_plain(key) { key.to_owned() } else { quoted(key) }
}

fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether a text can stand without quotes and is then read as this text.
fn is_plain(text: &str) -> bool {
    // The latter are truth values to readers of YAML 1.1.
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let word = |text: &str| !words.contains(&text.to_ascii_lowercase().as_str());
    let letter = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let date = text.len() >= 7
        && text.as_bytes().get(4) == Some(&b'-')
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "-:TZ.".contains(c));
    let ok = |c: char| c.is_alphanumeric() || " _-./@+()=;',:…’".contains(c);
    (letter || date)
        && word(text)
        && text.len() <= 1000
        && text.chars().all(ok)
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
}

/// Whether a text can be a block of lines.
fn is_block(text: &str) -> bool {
    let printable = |c: char| c == '\n' || (!c.is_control() && !is_special(c));
    text.trim_end_matches('\n').contains('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.chars().all(printable)
        && text.lines().all(|line| !line.ends_with(' '))
}

/// What readers of YAML take for a line end, a byte order mark, or nothing.
fn is_special(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || is_special(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use eyrie_posture::yaml::{Limits, read_str};
    use proptest::prelude::*;

    fn back(text: &str) -> Value {
        let stream = read_str(text, &Limits::default()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        crate::domain::policy::read::json(&stream.documents[0])
    }

    #[test]
    fn what_it_looks_like() {
        let value = serde_json::json!([{
            "entry": 3, "when": "2021", "recorded": "2026-11-22T12:00:00Z", "on": "2021-03-05", "text": "a\n\n  b\n",
            "name": "Natch & Eric", "yes": "true", "list": ["x", "1.1", {"a": [], "b": {}}], "map": {"1.1": "N/A"},
            "url": "https://a.b/c#d", "last": "no\nend"
        }, {"entry": 4}]);
        let text = list(value.as_array().unwrap());
        insta::assert_snapshot!(text, @r#"
        - entry: 3
          when: "2021"
          recorded: 2026-11-22T12:00:00Z
          "on": 2021-03-05
          text: |
            a

              b
          name: "Natch & Eric"
          "yes": "true"
          list:
            - x
            - "1.1"
            - a: []
              b: {}
          map:
            "1.1": N/A
          url: "https://a.b/c#d"
          last: |-
            no
            end

        - entry: 4
        "#);
        assert_eq!(back(&text), value);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[a-zA-Z0-9 :#,.'\"\\n-]{0,30}",
            "(line[ a]*\n){1,3}",
            "[0-9.eE+-]{1,6}"
        ];
        let leaf = prop_oneof![
            text.prop_map(Value::String),
            any::<u64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            let key = prop_oneof!["[a-z]{1,8}", any::<String>()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                prop::collection::vec((key, inner), 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any_value()) {
            let value = serde_json::json!([{ "value": value }]);
            let text = list(value.as_array().unwrap());
            prop_assert_eq!(back(&text), value, "{}", text);
        }
    }
}
