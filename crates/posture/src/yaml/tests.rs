use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn read_ok(text: &str) -> Stream {
    read_str(text, &Limits::default()).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn read_err(text: &str) -> YamlError {
    read_str(text, &Limits::default()).expect_err(text)
}

/// A line per node: place, what it is, and the text that its span covers.
fn show(text: &str, node: &Node) -> String {
    fn go(text: &str, node: &Node, depth: usize, out: &mut String) {
        let Span { start, end, line, column } = node.span;
        let covered: String = text[start..end].chars().take(24).collect();
        let tag = node.tag.as_deref().map(|t| format!(" {t}")).unwrap_or_default();
        let what = match &node.kind {
            Kind::Scalar(s) => format!("{:?} {:?}", s.kind, s.text),
            other => match other {
                Kind::Sequence(_) => "sequence".to_owned(),
                _ => "mapping".to_owned(),
            },
        };
        let _ = writeln!(out, "{:pad$}{line}:{column} {what}{tag} ← {covered:?}", "", pad = depth * 2);
        match &node.kind {
            Kind::Scalar(_) => {}
            Kind::Sequence(items) => items.iter().for_each(|n| go(text, n, depth + 1, out)),
            Kind::Mapping(entries) => entries.iter().for_each(|(k, v)| {
                go(text, k, depth + 1, out);
                go(text, v, depth + 2, out);
            }),
        }
    }
    let mut out = String::new();
    go(text, node, 0, &mut out);
    out
}

#[test]
fn nodes_keep_where_they_are() {
    let text = "\
name: \u{fc}ber 'x'
on:
  push: {branches: [main, \"a\\tb\"]}
run: |
  one
  two
none:
more: # comment
  - 1.10
  - !mine ~
";
    insta::assert_snapshot!(show(text, &read_ok(text).documents[0]), @r#"
    1:1 mapping ← "name: über 'x'\non:\n  pus"
      1:1 Str "name" ← "name"
        1:7 Str "über 'x'" ← "über 'x'"
      2:1 Str "on" ← "on"
        3:3 mapping ← "push: {branches: [main, "
          3:3 Str "push" ← "push"
            3:9 mapping ← "{branches: [main, \"a\\tb\""
              3:10 Str "branches" ← "branches"
                3:20 sequence ← "[main, \"a\\tb\"]"
                  3:21 Str "main" ← "main"
                  3:27 Str "a\tb" ← "\"a\\tb\""
      4:1 Str "run" ← "run"
        5:3 Str "one\ntwo\n" ← "one\n  two\n"
      7:1 Str "none" ← "none"
        7:5 Null "" ← ""
      8:1 Str "more" ← "more"
        9:3 sequence ← "- 1.10\n  - !mine ~"
          9:5 Float "1.10" ← "1.10"
          10:5 Str "~" !mine ← "!mine ~"
    "#);
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    use ScalarKind::{Bool, Float, Int, Null, Str};
    let cases = [
        ("~", Null),
        ("null", Null),
        ("nULL", Str),
        ("true", Bool),
        ("False", Bool),
        ("yes", Str),
        ("on", Str),
        ("off", Str),
        ("12", Int),
        ("-12", Int),
        ("+12", Int),
        ("0x1F", Int),
        ("0o17", Int),
        ("0o18", Str),
        ("0x", Str),
        ("017", Int),
        ("1_000", Str),
        ("1.", Float),
        (".5", Float),
        ("1.10", Float),
        ("1.2.3", Str),
        ("1e3", Float),
        ("1e", Str),
        ("-.inf", Float),
        (".nan", Float),
        ("2024-01-01", Str),
        ("1:30", Str),
        ("'true'", Str),
        ("\"1\"", Str),
        ("!!str 1", Str),
        ("!!int '1'", Int),
        ("!!int x", Str),
        ("!!float 1", Float),
        ("!mine 1", Str),
    ];
    for (text, kind) in cases {
        let stream = read_ok(&format!("k: {text}\n"));
        assert_eq!(stream.documents[0].get("k").unwrap().scalar().unwrap().kind, kind, "{text}");
    }
}

#[test]
fn numbers_and_booleans_have_values() {
    let node = &read_ok("[0x10, 0o10, -7, 99999999999999999999, True, text, ~]").documents[0];
    let numbers: Vec<_> = node.items().iter().map(Node::as_i64).collect();
    assert_eq!(numbers, [Some(16), Some(8), Some(-7), None, None, None, None]);
    assert_eq!(node.items()[4].as_bool(), Some(true));
    assert_eq!(node.items()[3].as_str(), Some("99999999999999999999"));
    assert!(node.items()[6].is_null() && node.items()[6].as_str().is_none());
}

#[test]
fn several_documents_and_none() {
    assert_eq!(read_ok("").documents.len(), 0);
    assert_eq!(read_ok("# only a comment\n").documents.len(), 0);
    let stream = read_ok("a: 1\n---\nb: 2\n...\n---\n- c\n");
    let lines: Vec<_> = stream.documents.iter().map(|d| d.span.line).collect();
    assert_eq!(lines, [1, 3, 6]);
}

#[test]
fn aliases_stand_for_their_anchor() {
    let text = "base: &b {x: 1}\nuse: *b\n";
    let stream = read_ok(text);
    insta::assert_snapshot!(show(text, &stream.documents[0]), @r#"
    1:1 mapping ← "base: &b {x: 1}\nuse: *b"
      1:1 Str "base" ← "base"
        1:7 mapping ← "&b {x: 1}"
          1:11 Str "x" ← "x"
            1:14 Int "1" ← "1"
      2:1 Str "use" ← "use"
        2:6 mapping ← "*b"
          1:11 Str "x" ← "x"
            1:14 Int "1" ← "1"
    "#);
}

#[test]
fn merge_keys_are_resolved_on_request() {
    let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  y: 0\n  <<: [*a, *b]\n";
    let plain = read_ok(text);
    assert!(plain.documents[0].at(&["c", "<<"]).is_some());
    let limits = Limits { merge_keys: true, ..Limits::default() };
    let merged = read_str(text, &limits).unwrap();
    let c = merged.documents[0].get("c").unwrap();
    let got: Vec<_> = c.entries().iter().map(|(k, v)| (k.as_str().unwrap(), v.as_i64().unwrap())).collect();
    assert_eq!(got, [("y", 0), ("x", 1), ("z", 2)]);
    let bad = read_str("c: {<<: 1}\n", &limits).unwrap_err();
    assert_eq!((bad.kind, bad.span.line, bad.span.column), (YamlErrorKind::Merge, 1, 9));
}

#[test]
fn duplicate_keys_are_told() {
    let stream = read_ok("a: 1\nb: {c: 1, c: 2}\na: 3\n");
    let got: Vec<_> =
        stream.duplicate_keys.iter().map(|d| (d.key.as_str(), d.span.line, d.first.column)).collect();
    assert_eq!(got, [("c", 2, 5), ("a", 3, 1)]);
    assert_eq!(stream.documents[0].get("a").unwrap().as_i64(), Some(1), "the first is found");
}

#[test]
fn byte_order_marks_count_in_offsets() {
    let bytes = b"\xEF\xBB\xBFkey: value\r\nnext: x\r\n";
    let stream = read(bytes, &Limits::default()).unwrap();
    let next = stream.documents[0].get("next").unwrap();
    assert_eq!(&bytes[next.span.start..next.span.end], b"x");
    assert_eq!((next.span.line, next.span.column), (2, 7));
    let utf16: Vec<u8> = "\u{feff}key: value".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&utf16, &Limits::default()).unwrap().documents[0].get("key").is_some());
}

#[test]
fn faults_are_named_with_place_and_help() {
    let texts = [
        "a: 1\n\tb: 2\n",
        "a: @x\n",
        "a: {{ x }} y\n",
        "a: b: c\n",
        "a: *nowhere\n",
        "a: &a [*a]\n",
        "a: 'open\n",
        "a: [1, 2\nb: 3\n",
        "- a\nb: c\n",
        "a: 1\n---\nb: *a\n",
        "x: &x 1\n---\nb: *x\n",
        "k\u{0}: 1\n",
    ];
    let mut out = String::new();
    for text in texts {
        let error = read_err(text);
        let _ = writeln!(out, "{text:?}\n    {error} [{:?}]", error.kind);
        if let Some(help) = error.help {
            let _ = writeln!(out, "    help: {help}");
        }
    }
    insta::assert_snapshot!(out, @r#"
    "a: 1\n\tb: 2\n"
        not YAML: while scanning a plain scalar, found a tab (line 1, column 4) [Syntax]
        help: indent with spaces; YAML does not take tabs
    "a: @x\n"
        not YAML: unexpected character: `@' (line 1, column 4) [Syntax]
        help: put the value in quotes; it starts with a reserved character
    "a: {{ x }} y\n"
        not YAML: while parsing a block mapping, did not find expected key (line 1, column 12) [Syntax]
        help: put the value in quotes; `{` begins a mapping
    "a: b: c\n"
        not YAML: mapping values are not allowed in this context (line 1, column 5) [Syntax]
        help: put the value in quotes; it holds a colon and a blank
    "a: *nowhere\n"
        the alias names an anchor that is not defined before it (line 1, column 4) [Alias]
        help: define it with `&name` further up
    "a: &a [*a]\n"
        the alias stands inside the value that its anchor names (line 1, column 8) [Alias]
    "a: 'open\n"
        not YAML: while scanning a quoted scalar, found unexpected end of stream (line 1, column 4) [Syntax]
    "a: [1, 2\nb: 3\n"
        not YAML: illegal placement of ':' indicator (line 2, column 2) [Syntax]
    "- a\nb: c\n"
        not YAML: while parsing a block collection, did not find expected '-' indicator (line 2, column 1) [Syntax]
    "a: 1\n---\nb: *a\n"
        the alias names an anchor that is not defined before it (line 3, column 4) [Alias]
        help: define it with `&name` further up
    "x: &x 1\n---\nb: *x\n"
        the alias names an anchor that is not defined before it in this document (line 3, column 4) [Alias]
    "k\0: 1\n"
        not YAML: found unprintable character (line 1, column 2) [Syntax]
    "#);
}

#[test]
fn bytes_that_are_not_text_are_placed() {
    let error = read(b"a: 1\nb: \xFFx\n", &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "the byte 0xFF is not UTF-8 (line 2, column 4)");
}

/// The classic: nine levels of nine aliases each.
fn bomb() -> String {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..9 {
        let refs = vec![format!("*a{}", level - 1); 9].join(",");
        let _ = writeln!(text, "a{level}: &a{level} [{refs}]");
    }
    text
}

#[test]
fn what_would_explode_is_refused() {
    let cases = [
        (bomb(), YamlErrorKind::TooManyAliases),
        ("[".repeat(100_000), YamlErrorKind::TooDeep),
        ("- ".repeat(100_000), YamlErrorKind::TooDeep),
        ("? ".repeat(100_000), YamlErrorKind::TooDeep),
        ("{a: ".repeat(100_000), YamlErrorKind::TooDeep),
        ((0..1000).map(|n| format!("{:n$}a:\n", "")).collect(), YamlErrorKind::TooDeep),
        (format!("[{}]", "x,".repeat(600_000)), YamlErrorKind::TooLarge),
        ("a".repeat(9 << 20), YamlErrorKind::TooLarge),
        // Aliases that only make it deep: each level is one node more.
        (
            (0..300)
                .map(|n| if n == 0 { "- &a0 [x]\n".to_owned() } else { format!("- &a{n} [*a{}]\n", n - 1) })
                .collect(),
            YamlErrorKind::TooDeep,
        ),
    ];
    for (text, kind) in cases {
        let error = read_err(&text);
        assert_eq!(error.kind, kind, "{:.60}: {error}", text);
    }
}

#[test]
fn long_texts_take_linear_time() {
    // Each would take minutes if anything were quadratic.
    for text in [
        format!("[{}]", "ä, ".repeat(200_000)),
        format!("a: \"{}\"", "\\n".repeat(1_000_000)),
        format!("a: {}\n", "word ".repeat(400_000)),
        format!("a: |\n{}", "  line\n".repeat(400_000)),
        (0..100_000).map(|n| format!("key{n}: 1\n")).collect(),
        "#".repeat(2_000_000),
        "a: 1\n---\n".repeat(50_000),
    ] {
        read_ok(&text);
    }
}

fn inside(node: &Node, len: usize, lines: usize) -> bool {
    let ok = |n: &Node| {
        n.span.start <= n.span.end
            && n.span.end <= len
            && n.span.line >= 1
            && n.span.line as usize <= lines
            && n.span.column >= 1
    };
    ok(node)
        && match &node.kind {
            Kind::Scalar(_) => true,
            Kind::Sequence(items) => items.iter().all(|n| inside(n, len, lines)),
            Kind::Mapping(entries) => {
                entries.iter().all(|(k, v)| inside(k, len, lines) && inside(v, len, lines))
            }
        }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_places_are_inside(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", "key: ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ", "\"", "'", "&x ", "*x", "? ",
                ": ", "|\n", ">-\n", "# c", "---\n", "...\n", "!t ", "<<: ", "é", "\r\n", "\t", "%YAML 1.2\n", "~",
                "\u{feff}", "\\x", "@",
            ]),
            0..40,
        )
    ) {
        let text: String = parts.concat();
        for merge_keys in [false, true] {
            let limits = Limits { merge_keys, ..Limits::default() };
            let lines = Lines::new(&text).count();
            match read_str(&text, &limits) {
                Ok(stream) => for document in &stream.documents {
                    prop_assert!(inside(document, text.len(), lines), "{document:?}");
                },
                Err(error) => {
                    prop_assert!(error.span.end <= text.len() && error.span.line as usize <= lines, "{error:?}");
                    prop_assert!(!error.message.is_empty());
                }
            }
        }
    }

    #[test]
    fn plain_scalars_are_found_where_they_are_written(words in prop::collection::vec("[a-zé]{1,5}", 1..20)) {
        let text: String = words.iter().enumerate().map(|(n, w)| format!("k{n}: {w} # ü\r\n")).collect();
        let stream = read_ok(&text);
        for (n, word) in words.iter().enumerate() {
            let node = stream.documents[0].get(&format!("k{n}")).unwrap();
            prop_assert_eq!(&text[node.span.start..node.span.end], word);
            prop_assert_eq!(node.span.line as usize, n + 1);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &Limits::default());
    }
}

#[test]
fn a_long_text_cannot_be_multiplied_by_aliases() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 20_000].join(", "));
    let error = read_str(&text, &Limits::default()).unwrap_err();
    assert_eq!(error.kind, YamlErrorKind::TooManyAliases);
}
