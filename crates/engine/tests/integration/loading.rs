//! Loading rule files, without recorded answers: each kind of item, each code, and input that no one should write.

use eyrie_engine::rules::{FileReport, LoadCode, Loader, Rules};
use eyrie_lang::diagnostic::RenderStyle;
use eyrie_lang::schema::FieldFlags;
use eyrie_lang::{FieldInfo, Schema, StaticSchema, Type};

pub(crate) fn schema() -> StaticSchema {
    let kinds: Vec<String> =
        ["open", "close"].into_iter().map(String::from).chain((0..200).map(|n| format!("e{n}"))).collect();
    let old = FieldFlags { deprecated: true, ..FieldFlags::default() };
    StaticSchema::new(vec![
        FieldInfo::new("evt.type", Type::CharBuf, ""),
        FieldInfo::new("evt.dir", Type::CharBuf, "").flags(old),
        FieldInfo::new("proc.name", Type::CharBuf, ""),
        FieldInfo::new("fd.name", Type::CharBuf, ""),
        FieldInfo::new("fd.num", Type::Int64, ""),
    ])
    .unwrap()
    .with_discriminant("evt.type", kinds)
    .unwrap()
}

fn load(files: &[&str]) -> (Vec<FileReport>, Rules) {
    let schema = schema();
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
    for (text, n) in files.iter().zip(1..) {
        loader.load(&format!("f{n}.yaml"), text.as_bytes());
    }
    let loaded = loader.finish();
    (loaded.reports, loaded.rules)
}

/// Errors and warnings as `CODE line:column`, then the rules' compiled conditions.
fn told(files: &[&str]) -> String {
    let (reports, rules) = load(files);
    let mut lines = Vec::new();
    for report in reports {
        for problem in report.errors.iter().chain(&report.warnings) {
            let last = problem.locations.last().unwrap();
            let way: Vec<_> =
                problem.locations.iter().skip(1).map(|l| format!("{}({})", l.item, l.name)).collect();
            lines.push(format!(
                "{} {} {}:{} {}: {}",
                report.name,
                problem.falco_code().unwrap_or("-"),
                last.line,
                last.column,
                way.join(" > "),
                problem.message()
            ));
        }
    }
    lines.extend(
        rules
            .rules
            .iter()
            .map(|rule| format!("{} [{}] {}", rule.name, rule.priority_name(), rule.condition_compiled)),
    );
    lines.join("\n")
}

const FIRST: &str = "\
- required_engine_version: 0.57.0
- list: shells
  items: [bash, zsh, \"my shell\"]
- list: all_shells
  items: [shells, fish]
- macro: shell
  condition: proc.name in (all_shells)
- rule: Shell
  desc: A shell opens a file
  condition: >
    evt.type = open
    and shell
  output: \"%proc.name opened %fd.name\"
  priority: warning
  tags: [shell]
  exceptions:
    - name: logs
      fields: [proc.name, fd.name]
      comps: [=, startswith]
      values:
        - [bash, /var/log]
        - [zsh, \"/tmp/a b\"]
- rule: Close
  desc: Something closes
  condition: evt.type = close
  output: closed
  priority: INFO
";

#[test]
fn items_make_rules() {
    insta::assert_snapshot!(told(&[FIRST]), @r#"
    Shell [Warning] ((evt.type = open and proc.name in (bash, zsh, "my shell", fish)) and not ((proc.name = bash and fd.name startswith /var/log) or (proc.name = zsh and fd.name startswith "/tmp/a b")))
    Close [Informational] evt.type = close
    "#);
    insta::assert_snapshot!(told(&[
        FIRST,
        "- list: shells\n  items: [dash]\n  override: {items: append}\n- macro: shell\n  condition: or proc.name = sh\n  append: true\n",
        "- rule: Close\n  condition: and fd.num > 2\n  priority: ERROR\n  exceptions:\n    - name: names\n      fields: proc.name\n      values: [a, b]\n  override: {condition: append, priority: replace, exceptions: append}\n- rule: Shell\n  enabled: false\n",
    ]), @r#"
    f2.yaml LOAD_DEPRECATED_ITEM 3:2 macro(shell): `append: true` is the old way
    f3.yaml LOAD_DEPRECATED_ITEM 8:2 rule(Shell): a rule is switched in the old way
    Shell [Warning] ((evt.type = open and (proc.name in (bash, zsh, "my shell", dash, fish) or proc.name = sh)) and not ((proc.name = bash and fd.name startswith /var/log) or (proc.name = zsh and fd.name startswith "/tmp/a b")))
    Close [Error] ((evt.type = close and fd.num > 2) and not proc.name in (a, b))
    "#);
}

#[test]
fn mistakes_are_told_with_their_places() {
    insta::assert_snapshot!(told(&["- rule: [\n"]), @r"f1.yaml LOAD_ERR_YAML_PARSE 1:0 value for(): not YAML: while parsing a node, did not find expected node content");
    insta::assert_snapshot!(told(&["words\n"]), @r"f1.yaml LOAD_ERR_YAML_VALIDATE 0:0 : a rule file is a list of items, and this document is a plain value");
    insta::assert_snapshot!(told(&["- rule: A\n  desc: d\n  output: o\n  priority: INFO\n"]), @r"f1.yaml LOAD_ERR_YAML_VALIDATE 0:2 rule(A): the key `condition` is missing");
    insta::assert_snapshot!(told(&["- rule: A\n  desc: d\n  condition: |\n    evt.type = open\n    and nope.nope = 1\n  output: o\n  priority: INFO\n"]), @r"f1.yaml LOAD_ERR_COMPILE_CONDITION 4:18 rule(A) > rule condition() > condition expression(): there is no field `nope.nope`");
    insta::assert_snapshot!(told(&["- macro: m\n  condition: evt.type = open and ghost\n"]), @"f1.yaml LOAD_ERR_VALIDATE 1:23 macro(m) > condition expression(): there is no macro `ghost`");
    insta::assert_snapshot!(told(&["- macro: m\n  condition: evt.type = open\n- macro: m\n  condition: m or evt.type = close\n"]), @r"f1.yaml LOAD_ERR_VALIDATE 3:3 macro(m) > condition expression(): the macro `m` stands for itself");
    insta::assert_snapshot!(told(&["- rule: A\n  desc: d\n  condition: evt.type = open\n  output: \"%nope.nope\"\n  priority: INFO\n"]), @r"f1.yaml LOAD_ERR_COMPILE_OUTPUT 3:10 rule(A) > rule output(): there is no field `nope.nope`");
    insta::assert_snapshot!(told(&["- rule: A\n  desc: d\n  condition: nope.nope = 1\n  output: o\n  priority: INFO\n  skip-if-unknown-filter: true\n"]), @r"f1.yaml LOAD_UNKNOWN_FILTER 3:14 rule(A) > rule condition() > condition expression(): there is no field `nope.nope`");
    insta::assert_snapshot!(told(&["- required_engine_version: 0.99.0\n"]), @r"f1.yaml LOAD_ERR_VALIDATE 0:2 required_engine_version(): the rules need engine version 0.99.0; this is 0.63.0");
    insta::assert_snapshot!(told(&["- rule: A\n  condition: x\n  override: {condition: prepend}\n"]), @"f1.yaml LOAD_ERR_YAML_VALIDATE 2:24 rule(A) > overrides() > value for(condition): `prepend` is nothing that an override can do");
    insta::assert_snapshot!(told(&["- widget: 1\n- list: unused\n  items: [a]\n- rule: A\n  desc: d\n  condition: proc.name regex cat and evt.dir = x\n  output: evt.dir\n  priority: INFO\n  color: red\n- rule: B\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n  source: moon\n"]), @"
    f1.yaml LOAD_UNKNOWN_ITEM 0:2 rules content item(): an item of no known kind is left out
    f1.yaml LOAD_UNKNOWN_KEY 3:2 rule(A): there is no key `color` here; it is left out
    f1.yaml LOAD_UNKNOWN_SOURCE 9:2 rule(B): there is no source `moon`; the rule is left out
    f1.yaml LOAD_COMPILE_CONDITION 6:30 rule(A) > rule condition() > condition expression(): this regular expression has nothing that a simpler operator could not do
    f1.yaml LOAD_DEPRECATED_ITEM 5:13 rule(A) > rule condition() > condition expression(): the field `evt.dir` should not be used any more
    f1.yaml LOAD_DEPRECATED_ITEM 6:10 rule(A) > rule output(): the output mentions the field `evt.dir`, which should not be used any more
    f1.yaml LOAD_NO_EVTTYPE 3:2 rule(A): the rule is looked at for 202 types of events
    f1.yaml LOAD_UNUSED_LIST 1:2 list(unused): nothing uses the list `unused`
    A [Informational] (proc.name regex cat and evt.dir = x)
    ");
}

#[test]
fn within_brackets_indentation_does_not_count() {
    let text = "- list: l\n  items: [\n\"a\", \"b\",\n  \"c\"\n]\n- rule: A\n  desc: d\n  condition: fd.num = 1 and proc.name in (l)\n  output: \"%nope.nope\"\n  priority: INFO\n";
    let (reports, _) = load(&[text]);
    let place = reports[0].errors[0].locations.last().unwrap();
    assert_eq!((place.line, place.column), (8, 10));
    let (reports, rules) = load(&[&text.replace("%nope.nope", "fine")]);
    assert!(reports[0].errors.is_empty(), "{reports:?}");
    assert_eq!(rules.rules[0].condition_compiled, "(fd.num = 1 and proc.name in (a, b, c))");
}

#[test]
fn long_chains_of_macros_are_refused() {
    let forward = |from: usize, n: usize| {
        (from..n)
            .map(|n| format!("- macro: m{n}\n  condition: fd.num = {n} or m{}\n", n.wrapping_sub(1)))
            .collect::<String>()
    };
    let chain = format!("- macro: m0\n  condition: fd.num = 0\n{}", forward(1, 3000));
    assert_eq!(load(&[&chain]).0[0].errors[0].code, Some(LoadCode::CompileCondition));
    // Each uses the next, which it can see since it was appended to.
    let mut backward: String =
        (0..3000).map(|n| format!("- macro: m{n}\n  condition: fd.num = {n}\n")).collect();
    for n in 0..2999 {
        backward.push_str(&format!(
            "- macro: m{n}\n  condition: or m{}\n  override: {{condition: append}}\n",
            n + 1
        ));
    }
    assert_eq!(load(&[&backward]).0[0].errors[0].code, Some(LoadCode::CompileCondition));
}

#[test]
fn a_broken_file_keeps_the_rules_before_it() {
    let (reports, rules) =
        load(&[FIRST, "- rule: Broken\n  desc: d\n  condition: (\n  output: o\n  priority: INFO\n"]);
    assert!(reports[0].errors.is_empty());
    assert_eq!(reports[1].errors[0].code, Some(LoadCode::CompileCondition));
    assert_eq!(rules.rules.len(), 2);
}

#[test]
fn input_that_no_one_should_write_is_refused_or_taken_and_never_fatal() {
    for text in [
        "\u{feff}",
        "- rule: \"\\ud800\"\n",
        "- &a [*a]\n",
        "- rule: A\n  exceptions: &e [*e]\n",
        "%YAML 9.9\n---\n- {}\n",
        "- ? [a]\n  : b\n",
        "- {rule: A, rule: B}\n",
        "\0\0\0",
        "- rule: A\n  desc: d\n  condition: |2\n      evt.type = open and (\n  output: o\n  priority: INFO",
    ] {
        load(&[text]);
    }
    let schema = schema();
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
    loader.load("bytes", b"- list: \xff\xfe\n  items: [a]\n");
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..1500 {
        let mut bytes = FIRST.as_bytes().to_vec();
        for _ in 0..random.usize(1..5) {
            let at = random.usize(..bytes.len());
            match random.u8(..4) {
                0 => drop(bytes.drain(at..bytes.len().min(at + random.usize(1..20)))),
                1 => bytes[at] = random.u8(..),
                2 => bytes.insert(at, *b"\n -:[]{}&*!|>'\"%#,?@".get(random.usize(..20)).unwrap()),
                _ => {
                    let part = bytes[at..bytes.len().min(at + 30)].to_vec();
                    let to = random.usize(..bytes.len());
                    drop(bytes.splice(to..to, part));
                }
            }
        }
        Loader::new([("syscall", &schema as &dyn Schema)]).load("mutated.yaml", &bytes);
    }
}

/// What `eyrie rules check` shows.
pub(crate) fn rendered(files: &[(&str, &str)]) -> String {
    let schema = schema();
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
    for (name, text) in files {
        loader.load(name, text.as_bytes());
    }
    let loaded = loader.finish();
    let style = RenderStyle { width: 100, ..RenderStyle::default() };
    let all = loaded.problems();
    all.iter().map(|problem| problem.render(&loaded.files, style)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn all_mistakes_are_shown_where_they_were_written() {
    let first = "\
- macro: opens
  condition: evt.type = opne
- list: editors
  items:
    - vim
    - \"emacs\\\" x\"
- rule: First
  desc: has four mistakes
  condition: >
    opens and proc.nmae = cat
    and fd.num = \"two\"
    and shel
  output: \"%proc.name %proc.cmdlin\"
  priority: WARN
- rule: Second
  desc: names a list with a quote in it
  condition: evt.type = open and proc.name in (editors)
  output: out
  priority: INFO
  tag: [x]
";
    let second = "\
- rule: First
  condition: or evt.typ = close
  override: {condition: append}
- rule: Third
  desc: uses what could not be read
  condition: broken and evt.type = open
  output: out
  priority: INFO
  exceptions:
    - name: known
      fields: [proc.name, fd.nam]
      values:
        - [a, b]
- macro: broken
  conditio: evt.type = open
- rule: Second
  condition: and fd.num = x
  override: {condition: append}
";
    insta::assert_snapshot!(rendered(&[("one.yaml", first), ("two.yaml", second)]), @r#"
    error[unknown-kind]: `opne` is not a value of `evt.type`
     --> one.yaml:2:25
      |
    2 |   condition: evt.type = opne
      |                         ^^^^
      |
      = help: did you mean `open`?
      = help: this is in the macro `opens`, which the rule `First` uses
      = note: Falco's code is LOAD_ERR_COMPILE_CONDITION

    error[unknown-field]: there is no field `proc.nmae`
      --> one.yaml:10:15
       |
    10 |     opens and proc.nmae = cat
       |               ^^^^^^^^^
       |
       = help: did you mean `proc.name`?
       = note: Falco's code is LOAD_ERR_COMPILE_CONDITION

    error[bad-number]: `two` is not a whole decimal number
      --> one.yaml:11:18
       |
    11 |     and fd.num = "two"
       |                  ^^^^^
       |
       = note: Falco's code is LOAD_ERR_COMPILE_CONDITION

    error[unknown-macro]: there is no macro `shel`
      --> one.yaml:12:9
       |
    12 |     and shel
       |         ^^^^
       |
       = help: a word alone is a macro's name; a field has a dot in its name
       = note: Falco's code is LOAD_ERR_VALIDATE

    error[output-no-field]: there is no field `proc.cmdlin`
      --> one.yaml:13:24
       |
    13 |   output: "%proc.name %proc.cmdlin"
       |                        ^^^^^^^^^^^
       |
       = note: Falco's code is LOAD_ERR_COMPILE_OUTPUT

    error[unknown-priority]: there is no priority `WARN`
      --> one.yaml:14:13
       |
    14 |   priority: WARN
       |             ^^^^
       |
       = help: did you mean `WARNING`?
       = help: the priorities are EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFORMATIONAL and DEBUG
       = note: Falco's code is LOAD_ERR_YAML_VALIDATE

    error[unclosed]: expected `)` or `,`
      --> one.yaml:17:48
       |
     6 |     - "emacs\" x"
       |       ----------- this is what the list puts there
    ...
    17 |   condition: evt.type = open and proc.name in (editors)
       |                                               -^^^^^^^
       |                                               |
       |                                               in this list
       |
       = help: put a comma between values, and a value that contains blanks in quotes
       = note: Falco's code is LOAD_ERR_COMPILE_CONDITION

    warning[unknown-key]: there is no key `tag` here; it is left out
      --> one.yaml:20:3
       |
    20 |   tag: [x]
       |   ^^^
       |
       = help: did you mean `tags`?
       = note: Falco's code is LOAD_UNKNOWN_KEY

    error[unknown-field]: there is no field `evt.typ`
     --> two.yaml:2:17
      |
    2 |   condition: or evt.typ = close
      |                 ^^^^^^^
      |
      = help: did you mean `evt.type`?
      = note: Falco's code is LOAD_ERR_COMPILE_CONDITION

    error[exception-fields]: there is no field `fd.nam`
      --> two.yaml:11:27
       |
    11 |       fields: [proc.name, fd.nam]
       |                           ^^^^^^
       |
       = help: did you mean `fd.name`?
       = note: Falco's code is LOAD_ERR_VALIDATE

    error[missing-key]: the key `condition` is missing
      --> two.yaml:14:3
       |
    14 | - macro: broken
       |   ^^^^^^^^^^^^^
       |
       = note: Falco's code is LOAD_ERR_YAML_VALIDATE
    "#);
}

#[test]
fn reading_goes_on_after_what_is_not_yaml() {
    let text = "\
- rule: A
  desc: d
  condition: evt.type = open
  output: \"%proc.nam\"
  priority: INFO
- rule: B
  desc: \"a \\q b\"
  condition: evt.type = open
- macro: m
\tcondition: x
- rule: C
  desc: d
  condition: m and evt.type = opn
  output: o
  priority: INFO
";
    insta::assert_snapshot!(rendered(&[("one.yaml", text)]), @r#"
    error[output-no-field]: there is no field `proc.nam`
     --> one.yaml:4:13
      |
    4 |   output: "%proc.nam"
      |             ^^^^^^^^
      |
      = help: did you mean `%proc.name`?
      = note: Falco's code is LOAD_ERR_COMPILE_OUTPUT

    error[not-yaml]: not YAML: while parsing a quoted scalar, found unknown escape character
     --> one.yaml:7:12
      |
    7 |   desc: "a \q b"
      |            ^^
      |
      = help: in double quotes write `\\` for a backslash, or use single quotes
      = note: Falco's code is LOAD_ERR_YAML_PARSE

    error[not-yaml]: not YAML: while scanning a plain scalar, found a tab
      --> one.yaml:10:1
       |
    10 |     condition: x
       | ^^^^
       |
       = help: YAML is indented with blanks, never with tabs
       = note: Falco's code is LOAD_ERR_YAML_PARSE

    error[unknown-kind]: `opn` is not a value of `evt.type`
      --> one.yaml:13:31
       |
    13 |   condition: m and evt.type = opn
       |                               ^^^
       |
       = help: did you mean `open`?
       = note: Falco's code is LOAD_ERR_COMPILE_CONDITION
    "#);
}

/// A macro that uses a later one which uses it again: the way round is told, not the order.
#[test]
fn a_cycle_of_macros_is_named() {
    let text = "- macro: a\n  condition: b\n- macro: c\n  condition: a\n- macro: b\n  condition: c or evt.type = open\n";
    let (reports, _) = load(&[text]);
    let problem = reports[0].errors.first().unwrap();
    assert_eq!(problem.message(), "the macro `a` stands for itself");
    assert_eq!(problem.diagnostic.help, ["it is used like this: a → b → c → a"]);
    let later = told(&["- macro: a\n  condition: b\n- macro: b\n  condition: evt.type = open\n"]);
    assert!(later.contains("the macro `b` is defined after this one"), "{later}");
}
