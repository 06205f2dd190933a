use proptest::prelude::*;

use super::*;

/// One line: normalised text, contexts, calls, fault.
fn show(text: &str) -> String {
    let parsed = parse(text);
    let mut out = parsed.normalized;
    if !parsed.contexts.is_empty() {
        out += &format!(" | reads {}", parsed.contexts.join(" "));
    }
    if !parsed.calls.is_empty() {
        out += &format!(" | calls {}", parsed.calls.join(" ; "));
    }
    if let Some(fault) = parsed.fault {
        out += &format!(" | {}: {}", fault.at, fault.message);
    }
    out
}

#[test]
fn spellings_of_one_thing_are_one() {
    let one = [
        "github.event.issue.title",
        " GitHub . Event . issue [ 'title' ] ",
        "github['event']['issue']['Title']",
        "(github.event).issue.title",
        "((github).event['issue']).title\n",
    ];
    for text in one {
        let parsed = parse(text);
        assert_eq!(parsed.normalized, "github.event.issue.title", "{text}");
        assert_eq!(parsed.contexts.last().map(String::as_str), Some("github.event.issue.title"), "{text}");
        assert_eq!(parsed.fault, None, "{text}");
    }
}

#[test]
fn expressions_are_read() {
    let rows = [
        "1",
        "-1.5e-3",
        "0xff",
        ".5",
        "true",
        "NULL",
        "'it''s }} \"x\"'",
        "github",
        "a || b && c == d",
        "!(a == 'B') && !c",
        "github.event.commits[0].message",
        "github.event.commits.*.message",
        "github.event.commits[*].author.name",
        "matrix[inputs.key].os",
        "steps.a-b.outputs['x y']",
        "github.event.pull_request.labels.*.name",
        "toJSON(github)",
        "toJson( github.event )",
        "contains(github.event.issue.labels.*.name, 'Bug')",
        "format('{0}-{1}', env.A, fromJSON(inputs.b).c[1])",
        "always()",
        "hashFiles('**/a', '**/b')",
        "fromJSON(steps.x.outputs.y)['k'][0]",
        "success() && (github.ref == 'refs/heads/main' || failure())",
        "a < 1 && b >= 2",
        "github.event.inputs.x != ''",
    ];
    let shown: Vec<String> = rows.iter().map(|text| format!("{text}  →  {}", show(text))).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    1  →  1
    -1.5e-3  →  -1.5e-3
    0xff  →  0xff
    .5  →  .5
    true  →  true
    NULL  →  null
    'it''s }} "x"'  →  'it''s }} "x"'
    github  →  github | reads github
    a || b && c == d  →  a || b && c == d | reads a b c d
    !(a == 'B') && !c  →  !(a == 'B') && !c | reads a c
    github.event.commits[0].message  →  github.event.commits[0].message | reads github.event.commits.*.message
    github.event.commits.*.message  →  github.event.commits.*.message | reads github.event.commits.*.message
    github.event.commits[*].author.name  →  github.event.commits.*.author.name | reads github.event.commits.*.author.name
    matrix[inputs.key].os  →  matrix[inputs.key].os | reads inputs.key matrix.*.os
    steps.a-b.outputs['x y']  →  steps.a-b.outputs['x y'] | reads steps.a-b.outputs['x y']
    github.event.pull_request.labels.*.name  →  github.event.pull_request.labels.*.name | reads github.event.pull_request.labels.*.name
    toJSON(github)  →  tojson(github) | reads github | calls tojson(github)
    toJson( github.event )  →  tojson(github.event) | reads github.event | calls tojson(github.event)
    contains(github.event.issue.labels.*.name, 'Bug')  →  contains(github.event.issue.labels.*.name, 'Bug') | reads github.event.issue.labels.*.name | calls contains(github.event.issue.labels.*.name, 'Bug')
    format('{0}-{1}', env.A, fromJSON(inputs.b).c[1])  →  format('{0}-{1}', env.a, fromjson(inputs.b).c[1]) | reads env.a inputs.b | calls fromjson(inputs.b) ; format('{0}-{1}', env.a, fromjson(inputs.b).c[1])
    always()  →  always() | calls always()
    hashFiles('**/a', '**/b')  →  hashfiles('**/a', '**/b') | calls hashfiles('**/a', '**/b')
    fromJSON(steps.x.outputs.y)['k'][0]  →  fromjson(steps.x.outputs.y).k[0] | reads steps.x.outputs.y | calls fromjson(steps.x.outputs.y)
    success() && (github.ref == 'refs/heads/main' || failure())  →  success() && (github.ref == 'refs/heads/main' || failure()) | reads github.ref | calls success() ; failure()
    a < 1 && b >= 2  →  a < 1 && b >= 2 | reads a b
    github.event.inputs.x != ''  →  github.event.inputs.x != '' | reads github.event.inputs.x
    "#);
}

#[test]
fn faults_tell_where_and_the_rest_is_read() {
    let rows = [
        "",
        " ",
        "a b",
        "github.",
        "github.event[",
        "github.event['x'",
        "a ==",
        "&& a",
        "toJSON(github",
        "f(a,)",
        "f(a b.c)",
        "\"x\" == github.head_ref",
        "'open",
        "a = b",
        "github.event.issue.title }",
        "a.'b'",
        "ü.a",
        "(a",
        "a)",
        "*",
        "github.event.issue.title #x",
    ];
    let shown: Vec<String> = rows.iter().map(|text| format!("{text}  →  {}", show(text))).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
      →   | 0: the expression is empty
       →   | 0: the expression is empty
    a b  →   | reads a b | 2: expected an operator or the end, found `b`
    github.  →   | reads github | 7: expected a name or `*` after the point, found the end
    github.event[  →   | reads github.event | 13: expected a value, found the end
    github.event['x'  →   | reads github.event | 16: expected `]`, found the end
    a ==  →   | reads a | 4: expected a value, found the end
    && a  →   | reads a | 0: expected a value, found `&&`
    toJSON(github  →   | reads github | 13: expected `)`, found the end
    f(a,)  →   | reads a | 4: expected a value, found `)`
    f(a b.c)  →   | reads a b.c | 4: expected `)`, found `b`
    "x" == github.head_ref  →   | reads x github.head_ref | 0: unexpected '"'; strings are in single quotes
    'open  →   | reads open | 0: the string is not closed
    a = b  →   | reads a b | 2: unexpected '='
    github.event.issue.title }  →   | reads github.event.issue.title | 25: unexpected '}'
    a.'b'  →   | reads a | 2: expected a name or `*` after the point, found `'b'`
    ü.a  →   | reads a | 0: unexpected 'ü'
    (a  →   | reads a | 2: expected `)`, found the end
    a)  →   | reads a | 1: expected an operator or the end, found `)`
    *  →   | 0: expected a value, found `*`
    github.event.issue.title #x  →   | reads github.event.issue.title x | 25: unexpected '#'
    "#);
}

#[test]
fn texts_hold_expressions() {
    let inner = |text: &str| -> Vec<String> {
        find(text)
            .map(|f| format!("{}{}", &text[f.inner.clone()], if f.closed { "" } else { " (open)" }))
            .collect()
    };
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        ("$ {{ a }}", &[]),
        ("${{a}}${{b}}", &["a", "b"]),
        ("x ${{ '}}' }} y", &[" '}}' "]),
        ("${{ a", &[" a (open)"]),
        ("${{ a }", &[" a } (open)"]),
        ("${{ ' }} it's ${{ b }}", &[" ' ", " b "]),
        ("${{ ' }}", &[" ' "]),
        ("${{ a ${{ b }}", &[" a ${{ b "]),
        ("${{}}", &[""]),
    ];
    for (text, expected) in rows {
        assert_eq!(inner(text), *expected, "{text}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(parse(&deep(MAX_DEPTH)).fault, None);
    assert!(parse(&deep(MAX_DEPTH + 1)).fault.is_some());
    for hostile in ["(", "!", "a[", "f(", "a.", "'a", "${{", "]", "&&", "a||"] {
        let parsed = parse(&hostile.repeat(MAX_LENGTH / hostile.len()));
        assert!(parsed.fault.is_some(), "{hostile}");
    }
    assert_eq!(parse(&"é".repeat(MAX_LENGTH)).fault.map(|f| f.at), Some(0));
    assert!(parse(&"a".repeat(MAX_LENGTH + 1)).fault.unwrap().message.contains("longer"));
    let nested = format!("{}'{}'{}", "f(".repeat(40), "x".repeat(20_000), ")".repeat(40));
    let parsed = parse(&nested);
    assert_eq!((parsed.fault, parsed.calls), (None, vec!["f(…)".to_owned()]));
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("github.event.issue.title".to_owned()),
        Just("env.A".to_owned()),
        Just("'it''s'".to_owned()),
        Just("1".to_owned()),
        Just("true".to_owned()),
        Just("needs.x.outputs.y".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), prop_oneof!["&&", "\\|\\|", "==", "<="], inner.clone())
                .prop_map(|(a, op, b)| format!("({a}{op}{b})")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("github[ {a} ]")),
            proptest::collection::vec(inner, 0..3).prop_map(|args| format!("toJSON( {} )", args.join(" , "))),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "(?s).{0,80}") {
        let parsed = parse(&text);
        if let Some(fault) = parsed.fault {
            prop_assert!(fault.at <= text.len());
        }
        let mut end = 0;
        for found in find(&text) {
            prop_assert!(found.whole.start >= end && found.whole.end <= text.len());
            prop_assert!(text[found.whole.clone()].starts_with("${{"));
            prop_assert_eq!(text[found.whole.clone()].ends_with("}}"), found.closed);
            end = found.whole.end;
        }
    }

    #[test]
    fn tokens_in_any_order_are_read_without_panic(
        parts in proptest::collection::vec(prop_oneof![
            Just("github"), Just("."), Just("["), Just("]"), Just("("), Just(")"), Just("'x'"), Just("*"),
            Just("&&"), Just("!"), Just(","), Just("f"), Just(" "), Just("1"), Just("'"), Just("="),
        ], 0..40),
    ) {
        let text = parts.concat();
        let parsed = parse(&text);
        prop_assert_eq!(parsed.fault.is_some(), parsed.normalized.is_empty());
    }

    /// What is well formed has no fault, and its normal form is a fixed point.
    #[test]
    fn normal_forms_are_stable(text in expression()) {
        let first = parse(&text);
        prop_assert_eq!(&first.fault, &None, "{}", text);
        let second = parse(&first.normalized);
        prop_assert_eq!(&first.normalized, &second.normalized);
        prop_assert_eq!(&first.calls, &second.calls);
        let leaves = |contexts: &[String]| contexts.iter().filter(|c| c.contains('.')).cloned().collect::<HashSet<_>>();
        prop_assert_eq!(leaves(&first.contexts), leaves(&second.contexts));
    }
}
