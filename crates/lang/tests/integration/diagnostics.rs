//! What users see when a condition is wrong.

use eyrie_lang::diagnostic::{RenderStyle, Source, render};
use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, FieldFlags};
use eyrie_lang::{Compiler, Diagnostic, FieldInfo, StaticSchema, Type, codes};

fn schema() -> StaticSchema {
    let fixed = FieldFlags { no_transformer: true, no_rhs: true, ..FieldFlags::default() };
    StaticSchema::new(vec![
        FieldInfo::new("evt.type", Type::CharBuf, ""),
        FieldInfo::new("evt.num", Type::Uint64, ""),
        FieldInfo::new("evt.failed", Type::Bool, ""),
        FieldInfo::new("evt.buffer", Type::ByteBuf, ""),
        FieldInfo::new("evt.addr", Type::SockAddr, ""),
        FieldInfo::new("evt.raw", Type::SigType, "")
            .flags(FieldFlags { no_literal: true, ..FieldFlags::default() }),
        FieldInfo::new("evt.dir", Type::CharBuf, "")
            .flags(FieldFlags { deprecated: true, ..FieldFlags::default() }),
        FieldInfo::new("evt.line", Type::CharBuf, "")
            .flags(FieldFlags { print_only: true, ..FieldFlags::default() }),
        FieldInfo::new("proc.name", Type::CharBuf, ""),
        FieldInfo::new("proc.pname", Type::CharBuf, ""),
        FieldInfo::new("proc.pid", Type::Int64, ""),
        FieldInfo::new("proc.aname", Type::CharBuf, "")
            .argument(ArgumentPolicy::Optional(ArgumentKind::Index))
            .flags(fixed),
        FieldInfo::new("proc.env", Type::CharBuf, "").key(),
        FieldInfo::new("fd.sport", Type::Port, ""),
        FieldInfo::new("fd.sip", Type::IpAddr, ""),
        FieldInfo::new("fd.snet", Type::IpNet, ""),
        FieldInfo::new("fd.types", Type::CharBuf, "").list(),
        FieldInfo::new("check.outcome", Type::CharBuf, "").values(&["pass", "fail", "unknown"]),
    ])
    .unwrap()
    .with_discriminant("evt.type", ["open", "openat", "close"])
    .unwrap()
}

/// Errors and warnings of a condition, drawn.
fn drawn(condition: &str) -> String {
    let schema = schema();
    let mut compiler = Compiler::new(&schema);
    compiler.define_list("shells", ["sh", "bash"]);
    compiler.define_macro("spawned", "evt.type = open").unwrap();
    let problems = match compiler.add(condition) {
        Ok(added) => added.warnings,
        Err(problems) => problems,
    };
    let text = compiler.substitute(condition);
    problems
        .iter()
        .map(|problem| render(problem, Source::new(&text), RenderStyle::default()))
        .collect::<Vec<_>>()
        .join("\n\n")
}

#[test]
fn all_problems_are_told_at_once() {
    insta::assert_snapshot!(
        drawn(
            "evt.type = opne and proc.nmae = cat\n  and (proc.pid contains 5 or fd.sip = 10.0.0.300)\n  and tolower(proc.pid) = x and proc.name regex \"a(b\""
        ),
        @r#"
    error[unknown-kind]: `opne` is not a value of `evt.type`
      |
    1 | evt.type = opne and proc.nmae = cat
      |            ^^^^
      |
      = help: did you mean `open`?

    error[unknown-field]: there is no field `proc.nmae`
      |
    1 | evt.type = opne and proc.nmae = cat
      |                     ^^^^^^^^^
      |
      = help: did you mean `proc.name`?

    error[operator-type]: the operator `contains` does not work on numbers
      |
    2 |   and (proc.pid contains 5 or fd.sip = 10.0.0.300)
      |        -------- ^^^^^^^^
      |        |
      |        `proc.pid` has the type INT64
      |
      = help: the operators here are exists, <=, <, >=, >, =, !=, intersects, in

    error[bad-address]: `10.0.0.300` is not an IP address
      |
    2 |   and (proc.pid contains 5 or fd.sip = 10.0.0.300)
      |                                        ^^^^^^^^^^

    error[transformer-type]: `tolower` works on text only
      |
    3 |   and tolower(proc.pid) = x and proc.name regex "a(b"
      |               ^^^^^^^^ this has the type INT64

    error[bad-regex]: the regular expression is not valid: missing )
      |
    3 |   and tolower(proc.pid) = x and proc.name regex "a(b"
      |                                           -----   ^^
      |                                           |
      |                                           takes the POSIX syntax and has to match the whole value
    "#
    );
}

#[test]
fn fields_that_are_none_are_guessed() {
    insta::assert_snapshot!(drawn("proc.nmae = cat or file.name exists or xyz.abc = 1"), @r"
    error[unknown-field]: there is no field `proc.nmae`
      |
    1 | proc.nmae = cat or file.name exists or xyz.abc = 1
      | ^^^^^^^^^
      |
      = help: did you mean `proc.name`?

    error[unknown-field]: there is no field `file.name`
      |
    1 | proc.nmae = cat or file.name exists or xyz.abc = 1
      |                    ^^^^^^^^^
      |
      = help: there is `proc.name`

    error[unknown-field]: there is no field `xyz.abc`
      |
    1 | proc.nmae = cat or file.name exists or xyz.abc = 1
      |                                        ^^^^^^^
    ");
    insta::assert_snapshot!(drawn("proc.env = x or proc.name[1] = x or proc.aname[x] = y or evt.line = z"), @r"
    error[bad-field-argument]: the field `proc.env` needs an argument
      |
    1 | proc.env = x or proc.name[1] = x or proc.aname[x] = y or evt.line = z
      | ^^^^^^^^
      |
      = help: write `proc.env[…]` with a name in the brackets

    error[unwanted-field-argument]: the field `proc.name` takes no argument
      |
    1 | proc.env = x or proc.name[1] = x or proc.aname[x] = y or evt.line = z
      |                 ^^^^^^^^^^^^
      |
      = help: write `proc.name`

    error[bad-field-argument]: `x` is no argument of the field `proc.aname`: it takes a number
      |
    1 | proc.env = x or proc.name[1] = x or proc.aname[x] = y or evt.line = z
      |                                     ^^^^^^^^^^^^^

    error[print-only-field]: `evt.line` may be used in output only
      |
    1 | proc.env = x or proc.name[1] = x or proc.aname[x] = y or evt.line = z
      |                                                          ^^^^^^^^
    ");
}

#[test]
fn macros_that_are_none_are_guessed() {
    insta::assert_snapshot!(drawn("spawnd and shells2 and and or evt.failed = true"), @r"
    error[unknown-macro]: there is no macro `spawnd`
      |
    1 | spawnd and shells2 and and or evt.failed = true
      | ^^^^^^
      |
      = help: did you mean `spawned`?

    error[unknown-macro]: there is no macro `shells2`
      |
    1 | spawnd and shells2 and and or evt.failed = true
      |            ^^^^^^^
      |
      = help: a word alone is a macro's name; a field has a dot in its name

    error[unknown-macro]: there is no macro `and`
      |
    1 | spawnd and shells2 and and or evt.failed = true
      |                        ^^^
      |
      = help: `and` is a keyword; something is missing before it
    ");
}

#[test]
fn syntax_errors_say_what_to_write() {
    insta::assert_snapshot!(drawn("evt.type = open AND proc.name = cat"), @r"
    error[unexpected-text]: expected `and` or `or` here, or nothing
      |
    1 | evt.type = open AND proc.name = cat
      |            ---- ^^^
      |            |
      |            the condition is complete after this
      |
      = help: keywords are lower case: `and`
    ");
    insta::assert_snapshot!(drawn("evt.type = open && proc.name = cat"), @r"
    error[unexpected-text]: expected `and` or `or` here, or nothing
      |
    1 | evt.type = open && proc.name = cat
      |            ---- ^^
      |            |
      |            the condition is complete after this
      |
      = help: write `and` instead of `&&`
    ");
    insta::assert_snapshot!(drawn("evt.failed and proc.name = cat"), @r"
    error[expected-operator]: expected a comparison operator
      |
    1 | evt.failed and proc.name = cat
      |            ^^^
      |
      = help: a field alone is no condition; write `evt.failed = true` or `evt.failed exists`
    ");
    insta::assert_snapshot!(drawn("proc.name startwith ca"), @r"
    error[expected-operator]: expected a comparison operator
      |
    1 | proc.name startwith ca
      |           ^^^^^^^^^
      |
      = help: did you mean `startswith`?
    ");
    insta::assert_snapshot!(drawn("proc.name = (cat, dog)"), @r"
    error[expected-value]: expected a value after `=`
      |
    1 | proc.name = (cat, dog)
      |             ^
      |
      = help: for several values write `in (…)` or `= anyof (…)`
    ");
    insta::assert_snapshot!(drawn("proc.name = my prog"), @r"
    error[unexpected-text]: expected `and` or `or` here, or nothing
      |
    1 | proc.name = my prog
      |             -- ^^^^
      |             |
      |             the condition is complete after this
      |
      = help: put a value that contains blanks, quotes, commas, parentheses or `=` in quotes
    ");
    insta::assert_snapshot!(drawn("evt.type = open and (proc.name = cat"), @r"
    error[unclosed]: expected `)`
      |
    1 | evt.type = open and (proc.name = cat
      |                     -               ^
      |                     |
      |                     this parenthesis is not closed
      |
      = help: the condition ends here; add `)`
    ");
    insta::assert_snapshot!(drawn("evt.type = open and"), @r"
    error[expected-blank]: expected a blank or `(` after `and`
      |
    1 | evt.type = open and
      |                    ^
      |
      = help: the condition ends here; a comparison is missing after `and`
    ");
    insta::assert_snapshot!(drawn("proc.name < abc"), @r"
    error[expected-number]: expected a number after `<`
      |
    1 | proc.name < abc
      |             ^^^
      |
      = help: `<` compares with a number, `val(field)` or a transformer only
    ");
    insta::assert_snapshot!(drawn("!proc.name = cat"), @r"
    error[expected-check]: expected a comparison, a macro or `(`
      |
    1 | !proc.name = cat
      | ^^^^^^^^^^
      |
      = help: write `not` instead of `!`
    ");
    insta::assert_snapshot!(drawn("proc.name = \"a\\d\""), @r#"
    error[bad-escape]: `\d` is not an escape
      |
    1 | proc.name = "a\d"
      |               ^^
      |
      = help: write `\\` for a backslash; the escapes are \b \f \n \r \t \\ \/ \xHH and the quote
    "#);
    insta::assert_snapshot!(drawn("lower(proc.name) = cat"), @r"
    error[unexpected-text]: expected `and` or `or` here, or nothing
      |
    1 | lower(proc.name) = cat
      | -----^
      | |
      | the condition is complete after this
      |
      = help: there is no transformer `lower`; did you mean `tolower`?
    ");
    insta::assert_snapshot!(drawn("proc.name in (cat, (dog))"), @r"
    error[expected-value]: expected a value after `,`
      |
    1 | proc.name in (cat, (dog))
      |                    ^
      |
      = help: a list contains plain values: no fields, transformers or other lists
    ");
    insta::assert_snapshot!(drawn("proc.name in (cat,, dog)"), @r"
    error[expected-value]: expected a value after `,`
      |
    1 | proc.name in (cat,, dog)
      |                   ^
      |
      = help: a comma stands only between two values
    ");
    insta::assert_snapshot!(drawn("proc.name = cat # the animal"), @r"
    error[unexpected-text]: expected `and` or `or` here, or nothing
      |
    1 | proc.name = cat # the animal
      |             --- ^
      |             |
      |             the condition is complete after this
      |
      = help: a condition cannot contain comments; put them beside it
    ");
    insta::assert_snapshot!(drawn("proc.name = \"cat"), @r#"
    error[expected-value]: expected a value after `=`
      |
    1 | proc.name = "cat
      |             ^^^^
      |
      = help: the quote is not closed; a backslash before the last quote escapes it
    "#);
}

#[test]
fn warnings_tell_what_is_probably_not_meant() {
    insta::assert_snapshot!(
        drawn("proc.name = proc.pname and proc.name = \"tolower(x)\" and proc.name regex cat and evt.dir = x and check.outcome = failed"),
        @r#"
    warning[field-as-text]: `proc.pname` is a field and is taken as text here
      |
    1 | proc.name = proc.pname and proc.name = "tolower(x)" and proc.name regex cat and evt.dir = x and check.outcome = f...
      |             ^^^^^^^^^^
      |
      = help: to compare with the field's value, write `val(proc.pname)`

    warning[transformer-as-text]: `tolower(x)` looks like a transformer and is taken as text here
      |
    1 | proc.name = proc.pname and proc.name = "tolower(x)" and proc.name regex cat and evt.dir = x and check.outcome = f...
      |                                        ^^^^^^^^^^^^
      |
      = help: to compare with the transformed value, leave the quotes out

    warning[simple-regex]: this regular expression has nothing that a simpler operator could not do
      |
    1 | proc.name = proc.pname and proc.name = "tolower(x)" and proc.name regex cat and evt.dir = x and check.outcome = f...
      |                                                                         ^^^
      |
      = help: `=`, `contains`, `startswith` and `endswith` are faster and easier to read

    warning[deprecated-field]: `evt.dir` is deprecated
      |
    1 | proc.name = proc.pname and proc.name = "tolower(x)" and proc.name regex cat and evt.dir = x and check.outcome = f...
      |                                                                                 ^^^^^^^

    warning[unlikely-value]: `check.outcome` is never `failed`
      |
    1 | ....name regex cat and evt.dir = x and check.outcome = failed
      |                                                        ^^^^^^
      |
      = help: did you mean `fail`?
    "#
    );
}

/// A condition for each code, so that none is without a test.
#[test]
fn every_code_has_a_condition_that_gives_it() {
    let deep = "(".repeat(300);
    let long = "v".repeat(256);
    let long_condition = format!("proc.name = {long}");
    let conditions = [
        (codes::EMPTY_CONDITION, ""),
        (codes::CONDITION_TOO_DEEP, &deep),
        (codes::EXPECTED_CHECK, "= x"),
        (codes::EXPECTED_OPERATOR, "proc.name"),
        (codes::EXPECTED_VALUE, "proc.name ="),
        (codes::EXPECTED_NUMBER, "proc.pid > x"),
        (codes::EXPECTED_LIST, "proc.pid in 5"),
        (codes::EXPECTED_ARGUMENT, "proc.env[] = x"),
        (codes::EXPECTED_BLANK, "spawned orx"),
        (codes::UNCLOSED, "(spawned"),
        (codes::UNEXPECTED_TEXT, "spawned spawned"),
        (codes::BAD_ESCAPE, "proc.name = \"\\q\""),
        (codes::UNKNOWN_FIELD, "a.b = c"),
        (codes::BAD_FIELD_ARGUMENT, "proc.env = x"),
        (codes::UNWANTED_FIELD_ARGUMENT, "proc.name[1] = x"),
        (codes::PRINT_ONLY_FIELD, "evt.line = x"),
        (codes::UNKNOWN_MACRO, "nope"),
        (codes::OPERATOR_TYPE, "proc.pid contains 5"),
        (codes::NOT_COMPARABLE, "evt.raw = 5"),
        (codes::BAD_NUMBER, "proc.pid = x"),
        (codes::BAD_BOOLEAN, "evt.failed = yes"),
        (codes::BAD_PORT, "fd.sport = nope"),
        (codes::BAD_ADDRESS, "fd.sip = 1"),
        (codes::BAD_NETWORK, "fd.snet = 10.0.0.0"),
        (codes::BAD_HEX, "evt.buffer bcontains xyz"),
        (codes::BAD_REGEX, "proc.name regex \"(\""),
        (codes::VALUE_TOO_LONG, &long_condition),
        (codes::NUL_IN_VALUE, "proc.name = \"\\x00\""),
        (codes::UNKNOWN_KIND, "evt.type startswith op"),
        (codes::TRANSFORMER_TYPE, "tolower(proc.pid) = x"),
        (codes::TRANSFORMER_FORBIDDEN, "tolower(proc.aname) = x"),
        (codes::TRANSFORMER_ARGUMENTS, "concat(proc.name) = x"),
        (codes::TRANSFORMER_SELECTOR, "tolower(proc.name)[x] = y"),
        (codes::RIGHT_SIDE_FORBIDDEN, "proc.name regex val(proc.pname)"),
        (codes::RIGHT_SIDE_TYPE, "proc.name = val(proc.pid)"),
        (codes::FIELD_AS_TEXT, "proc.name = proc.pname"),
        (codes::TRANSFORMER_AS_TEXT, "proc.name = \"tolower(x)\""),
        (codes::SIMPLE_REGEX, "proc.name regex cat"),
        (codes::DEPRECATED_FIELD, "evt.dir = x"),
        (codes::UNLIKELY_VALUE, "check.outcome = x"),
    ];
    let schema = schema();
    for (code, condition) in conditions {
        let mut compiler = Compiler::new(&schema);
        compiler.define_macro("spawned", "evt.type = open").unwrap();
        let problems = match compiler.add(condition) {
            Ok(added) => added.warnings,
            Err(problems) => problems,
        };
        let found: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert!(found.contains(&code), "{condition}: {found:?}");
        for problem in &problems {
            let inside = problem.span.end <= condition.len() && problem.anchor() <= condition.len();
            assert!(inside, "{condition}: {problem:?}");
        }
    }
    let elsewhere = [codes::CONDITION_TOO_LONG, codes::MACRO_NAME];
    for code in codes::ALL {
        let tested = conditions.iter().any(|(tested, _)| tested == code) || elsewhere.contains(code);
        assert!(tested, "{code} has no condition");
    }
}

#[test]
fn macros_are_checked_where_they_are_defined() {
    let schema = schema();
    let mut compiler = Compiler::new(&schema);
    let names =
        |problems: Vec<Diagnostic>| problems.iter().map(|p| p.code.name).collect::<Vec<_>>().join(" ");
    assert_eq!(names(compiler.define_macro("a-b", "proc.name = x").unwrap_err()), "macro-name");
    assert_eq!(names(compiler.define_macro("self", "self or proc.name = x").unwrap_err()), "unknown-macro");
    assert_eq!(
        names(compiler.define_macro("m", "proc.nope = x and proc.pid = y").unwrap_err()),
        "unknown-field bad-number"
    );
    assert_eq!(names(compiler.add("m").unwrap_err()), "unknown-macro");
    // A later definition counts for what comes after it.
    compiler.define_macro("m", "proc.name = x").unwrap();
    let first = compiler.add("m").unwrap().id;
    compiler.define_macro("m", "m or proc.name = y").unwrap();
    let second = compiler.add("m").unwrap().id;
    let program = compiler.finish();
    assert_eq!(program.text(first), "proc.name = x");
    assert_eq!(program.text(second), "(proc.name = x or proc.name = y)");
}
