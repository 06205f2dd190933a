//! The grammar: what is taken, with blanks anywhere; how it is printed; how deep and long it may be.

use eyrie_lang::ast::Expr;
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{Compiler, FieldInfo, StaticSchema, Type};

/// Conditions in pieces between which any blanks may stand (`_`) or must stand (`~`), and their canonical text.
const ROWS: &[(&str, &str)] = &[
    ("_a.b_=_c_", "a.b = c"),
    ("_a.b_==_c_", "a.b == c"),
    ("_a.b_exists_", "a.b exists"),
    ("_a.b_in_(_x_,_y_)_", "a.b in (x, y)"),
    ("_a.b_in_(_)_", "a.b in ()"),
    ("_a.b_in_x_", "a.b in x"),
    ("_a.b_contains~x_", "a.b contains x"),
    ("_a.b_startswith~anyof~(_x_,_y_)_", "a.b startswith anyof (x, y)"),
    ("_a.b_=~oneof~x_", "a.b = oneof x"),
    ("_a.b_=_anyof~and~c.d_exists_", "(a.b = anyof and c.d exists)"),
    ("_a.b_<_-5_", "a.b < -5"),
    ("_a.b[x]_=_\"q r\"_", "a.b[x] = \"q r\""),
    ("_a.b[\"x y\"]_=_''_", "a.b[\"x y\"] = "),
    ("_tolower(_a.b_)_=_val(_c.d_)_", "tolower(a.b) = val(c.d)"),
    ("_join(_\",\"_,_(_a.b_,_5_)_)_=_x_", "join(,,(a.b,5)) = x"),
    ("_getopt(_(_a.b_)_,_\"x\"_)[x]_exists_", "getopt((a.b),x)[x] exists"),
    ("_not~a.b_exists_", "not a.b exists"),
    ("_not(_a.b_exists_)_", "not a.b exists"),
    ("_not~not~a.b_exists_", "a.b exists"),
    ("_m_and~n_or~o_", "((m and n) or o)"),
    ("_(_m_)_and(_n_or(_o_)_)_", "(m and (n or o))"),
    ("_m_or~n_or~o_and~p_", "(m or n or (o and p))"),
    ("_m_and~(_n_and~o_)_", "(m and (n and o))"),
];

#[test]
fn blanks_may_stand_between_words() {
    let mut random = fastrand::Rng::with_seed(1);
    for (pieces, expected) in ROWS {
        for round in 0..200 {
            let mut text = String::new();
            for c in pieces.chars() {
                let blanks = [" ", "\t", "\n", "\r\n", "  \n\t "];
                match c {
                    // Macros and operators that are words need a blank before what follows.
                    '_' if round == 0 => text.push(' '),
                    '_' if text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '"')
                        && round % 2 == 0 =>
                    {
                        text.push_str(blanks[random.usize(..blanks.len())]);
                    }
                    '_' if text.ends_with(['(', ')', ',', '=', '<']) || text.is_empty() => {
                        text.push_str(if random.bool() { "" } else { blanks[random.usize(..blanks.len())] });
                    }
                    '_' | '~' => text.push_str(blanks[random.usize(..blanks.len())]),
                    c => text.push(c),
                }
            }
            let parsed =
                parse(&text, Limits::default()).unwrap_or_else(|problem| panic!("{text:?}: {problem}"));
            assert_eq!(parsed.to_string(), *expected, "{text:?}");
        }
    }
}

#[test]
fn what_is_printed_is_parsed_to_the_same() {
    // Only as far as printing keeps it: Falco's printing loses empty texts and quotes around what needs them.
    for (_, canonical) in ROWS.iter().filter(|(_, text)| !text.ends_with("= ") && !text.contains("(,")) {
        let again = parse(canonical, Limits::default());
        if let Ok(again) = again {
            assert_eq!(again.to_string(), *canonical);
        } else {
            assert!(canonical.contains("getopt"), "{canonical}");
        }
    }
}

#[test]
fn quotes_and_escapes_are_undone() {
    for (text, expected) in [
        (r#"a.b = "x\\y""#, r#"a.b = "x\\y""#),
        (r#"a.b = "x\/y""#, "a.b = x/y"),
        (r#"a.b = "\x41\x7a""#, "a.b = Az"),
        (r#"a.b = "a\ b""#, r#"a.b = "a\\b""#),
        (r#"a.b = "it's""#, r#"a.b = "it's""#),
        (r#"a.b = 'say "x"'"#, r#"a.b = "say \"x\"""#),
        (r#"a.b = 'it\'s'"#, r#"a.b = "it's""#),
        (r#"a.b = "\b\f\n\r\t""#, r#"a.b = "\b\f\n\r\t""#),
        (r"a.b = a\nb", r#"a.b = "a\\nb""#),
        ("a.b = żółć", "a.b = żółć"),
        ("a.b = a\u{a0}b", "a.b = a\u{a0}b"),
    ] {
        assert_eq!(parse(text, Limits::default()).unwrap().to_string(), expected);
    }
    for text in [
        r#"a.b = "a\qb""#,
        r#"a.b = "a\u0041""#,
        r#"a.b = "\x4""#,
        r#"a.b = "\'""#,
        r#"a.b = "a\\""#,
        "a.b = \"a",
    ] {
        assert!(parse(text, Limits::default()).is_err(), "{text}");
    }
}

fn depth_of(text: &str, depth: usize) -> bool {
    parse(text, Limits { depth, ..Limits::default() }).is_ok()
}

#[test]
fn nesting_is_limited_as_in_falco() {
    let nested = |n: usize| format!("{}a.b = 1{}", "(".repeat(n), ")".repeat(n));
    assert!(depth_of(&nested(198), 1000));
    assert!(!depth_of(&nested(199), 1000));
    assert!(depth_of(&nested(18), 100));
    assert!(!depth_of(&nested(19), 100));
    let problem = parse(&nested(200), Limits::default()).unwrap_err();
    assert_eq!((problem.code.name, problem.span.start), ("condition-too-deep", 200));
    // What nests much deeper is refused as well, and quickly.
    for text in
        ["(".repeat(1_000_000), "not (".repeat(200_000), "tolower(".repeat(200_000), "not ".repeat(200_000)]
    {
        assert!(parse(&text, Limits::default()).is_err());
    }
    let not = format!("{}a.b = 1", "not ".repeat(100_001));
    assert!(matches!(parse(&not, Limits::default()), Ok(Expr::Not(_))));
}

#[test]
fn wide_conditions_are_fine() {
    let schema = StaticSchema::new(vec![FieldInfo::new("a.b", Type::Int64, "")]).unwrap();
    let wide: Vec<_> = (0..20_000).map(|n| format!("a.b = {n}")).collect();
    let mut compiler = Compiler::new(&schema);
    let id = compiler.add(&wide.join(" or ")).unwrap().id;
    assert_eq!(compiler.finish().atoms(id).len(), 20_000);
    let list: Vec<_> = (0..300_000).map(|n| n.to_string()).collect();
    assert!(Compiler::new(&schema).add(&format!("a.b in ({})", list.join(","))).is_ok());
    let small = Limits { text: 100, ..Limits::default() };
    let problems = Compiler::with_limits(&schema, small).add(&wide.join(" or ")).unwrap_err();
    assert_eq!(problems[0].code.name, "condition-too-long");
}

#[test]
fn macros_of_macros_take_neither_time_nor_memory_nor_stack() {
    let schema = StaticSchema::new(vec![FieldInfo::new("a.b", Type::Int64, "")]).unwrap();
    let mut compiler = Compiler::new(&schema);
    // Written out, this would have 2^200 comparisons: without sharing the test would not end.
    compiler.define_macro("m0", "a.b = 1 or a.b = 2").unwrap();
    for n in 1..200 {
        compiler
            .define_macro(&format!("m{n}"), &format!("not m{m} and (m{m} or not m{m})", m = n - 1))
            .unwrap();
    }
    let id = compiler.add("m199").unwrap().id;
    assert!(compiler.add("m199 and a.c = 1").is_err());
    let program = compiler.finish();
    assert!(program.text(id).ends_with('…'));
    assert_eq!(program.atoms(id).len(), 2);
    assert_eq!(program.fields(id).len(), 1);

    let mut compiler = Compiler::new(&schema);
    compiler.define_macro("n0", "a.b = 1").unwrap();
    let mut refused = None;
    for n in 1..20_000 {
        let result = compiler.define_macro(&format!("n{n}"), &format!("a.b = {n} or n{}", n - 1));
        if let Err(problems) = result {
            refused = Some((n, problems));
            break;
        }
    }
    let (n, problems) = refused.expect("a limit");
    assert!((200..1001).contains(&n), "{n}");
    assert_eq!(problems[0].code.name, "condition-too-deep");
}
