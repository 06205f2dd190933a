//! Rule files that no one should write: refused or taken, told about in bounded time, and never fatal. And many files, which
//! must come out as Falco has it although not everything is compiled again after each.

use eyrie_engine::rules::{LoadCode, Loaded, Loader};
use eyrie_lang::Schema;
use eyrie_lang::diagnostic::RenderStyle;

use crate::loading::schema;

fn load<B: AsRef<[u8]>>(files: &[B]) -> Loaded {
    let schema = schema();
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
    for (file, number) in files.iter().zip(1..) {
        loader.load(&format!("f{number}.yaml"), file.as_ref());
    }
    let loaded = loader.finish();
    // Whatever is said can be shown.
    for problem in loaded.problems() {
        let shown = problem.render(&loaded.files, RenderStyle::default());
        assert!(shown.len() < 100_000, "{}", &shown[..1000]);
        let span = problem.diagnostic.span;
        assert!(loaded.files[problem.file].text.get(span.start..span.end).is_some(), "{problem:?}");
    }
    loaded
}

/// The codes of the first file's errors.
fn errors(text: impl AsRef<[u8]>) -> Vec<&'static str> {
    let loaded = load(&[text]);
    loaded.reports[0].errors.iter().map(|problem| problem.diagnostic.code.name).collect()
}

fn rule(name: &str, condition: &str) -> String {
    format!("- rule: {name}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n")
}

#[test]
fn a_rule_file_of_50_megabytes() {
    let rules = rule("A", "evt.type = open")
        + &"# padding that a reader passes over, line after line\n".repeat(1_000_000);
    assert_eq!(errors(&rules), [] as [&str; 0]);
}

#[test]
fn lists_of_a_million_items() {
    let items = (0..1_000_000).map(|n| format!("i{n}")).collect::<Vec<_>>().join(", ");
    let text =
        format!("- list: l\n  items: [{items}]\n{}", rule("A", "evt.type = open and proc.name in (l)"));
    let loaded = load(&[&text]);
    assert!(loaded.is_ok());
    assert_eq!(loaded.rules.lists[0].items.len(), 1_000_000);
}

#[test]
fn ten_thousand_levels() {
    assert_eq!(errors(format!("- list: {}", "[".repeat(10_000))), ["not-yaml"]);
    assert_eq!(errors(format!("- list: l\n  items: {}", "{a: ".repeat(10_000))), ["not-yaml"]);
    let block = (0..10_000).map(|n| format!("{}-\n", " ".repeat(n))).collect::<String>();
    assert_eq!(errors(block), ["not-yaml"]);
    let parentheses = format!("{}evt.type = open{}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(errors(rule("A", &parentheses)), ["condition-too-deep"]);
    let nots = format!("{}evt.type = open", "not ".repeat(10_000));
    assert_eq!(errors(rule("A", &nots)), [] as [&str; 0]);
}

#[test]
fn quotes_without_end() {
    for text in ["- \"\n", "- '\n", "- [\n", "- {\n", "- \"\\\n", "- |\n  \"\n- \"", "- &a *a\n"] {
        let found = errors(text.repeat(20_000));
        assert!(found.iter().all(|code| ["not-yaml", "not-an-item"].contains(code)), "{text:?}");
    }
}

#[test]
fn macros_in_circles() {
    let mut text = String::new();
    for n in 0..500 {
        text.push_str(&format!("- macro: m{n}\n  condition: evt.type = open\n"));
    }
    for n in 0..500 {
        text.push_str(&format!("- macro: m{n}\n  condition: m{} or fd.num = 1\n", (n + 1) % 500));
    }
    let found = errors(&text);
    assert!(
        found.iter().all(|code| ["macro-cycle", "macro-chain", "unknown-macro"].contains(code)),
        "{found:?}"
    );
    assert!(!found.is_empty());
    let itself = "- macro: m\n  condition: evt.type = open\n- macro: m\n  condition: m\n";
    assert_eq!(errors(itself), ["macro-cycle"]);
}

#[test]
fn macros_that_double() {
    let mut text = String::from("- macro: m0\n  condition: proc.name = a\n");
    for n in 1..100 {
        text.push_str(&format!("- macro: m{n}\n  condition: m{p} and not m{p} or m{p}\n", p = n - 1));
    }
    let loaded = load(&[&(text + &rule("A", "evt.type = open and m99"))]);
    assert!(loaded.is_ok());
    assert!(loaded.rules.rules[0].condition_compiled.len() <= 17 << 20);
}

#[test]
fn lists_that_double() {
    // A list's items are put in once; names among them are put in where the list is used.
    let mut text = String::new();
    for n in (0..60).rev() {
        text.push_str(&format!("- list: l{n}\n  items: [l{p}, l{p}]\n", p = n + 1));
    }
    let loaded = load(&[&(text + &rule("A", "evt.type = open and proc.name in (l0)"))]);
    assert!(loaded.is_ok(), "{:?}", loaded.reports);
}

#[test]
fn aliases_of_aliases() {
    let mut bomb = String::from("- &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..30 {
        bomb.push_str(&format!("- &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", ")));
    }
    let uses = |key: &str| {
        format!(
            "{bomb}- rule: A\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n  {key}: *a29\n"
        )
    };
    for key in ["tags", "exceptions", "condition", "output", "enabled"] {
        assert!(errors(uses(key)).contains(&"not-an-item"), "{key}");
    }
    let exception = "- rule: A\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n  exceptions:\n  - name: e\n    fields: [proc.name]\n    values: *v\n";
    let mut values = String::from("- list: l\n  items: []\n  a: &v0 [[x]]\n");
    for n in 1..9 {
        values.push_str(&format!("  b{n}: &v{n} [{}]\n", vec![format!("*v{}", n - 1); 10].join(", ")));
    }
    let found = errors(values + &exception.replace("*v", "*v8"));
    assert_eq!(found, ["exception-values"]);
    assert_eq!(errors("- &a\n  list: x\n  items: *a\n"), ["wrong-kind"]);
    let many = format!("- list: x\n  items: &a [{}]\n", "*a, ".repeat(20_000));
    assert_eq!(errors(many), ["wrong-kind"]);
}

#[test]
fn bytes_that_are_no_text() {
    let loaded = load(&[b"- list: \xff\xfe\n  items: [\xc3, a]\n".as_slice()]);
    assert!(loaded.is_ok());
    assert_eq!(loaded.rules.lists[0].name, "\u{fffd}\u{fffd}");
    let mut bytes = rule("A", "evt.type = open and nope.nope = 1").into_bytes();
    bytes.splice(8..9, [0xff, 0xfe]);
    assert_eq!(errors(bytes), ["unknown-field"]);
    assert_eq!(errors([0_u8; 1000]), ["not-yaml"]);
    // Found by fuzzing: what is missing is past the end.
    assert_eq!(errors("?\n\u{7f}"), ["not-yaml"]);
    assert_eq!(errors("?\nä"), ["not-yaml"]);
}

#[test]
fn tabs_and_lone_carriage_returns() {
    assert_eq!(errors("- rule: A\n\tdesc: x\n"), ["not-yaml"]);
    assert_eq!(errors("- rule: A\r  desc: x\r"), ["not-yaml"]);
    assert_eq!(errors(rule("A", "evt.type\t=\topen")), [] as [&str; 0]);
    assert_eq!(errors(rule("A", "evt.type = open").replace('\n', "\r\n")), [] as [&str; 0]);
}

#[test]
fn regular_expressions_that_explode() {
    let nested = format!("{}a{}", "(".repeat(60), "){1,200}".repeat(60));
    for pattern in ["((a{1,1000}){1,1000}){1,1000}", "(a*)*b", "[a-", &nested, "(x+x+)+y"] {
        let loaded = load(&[&rule("A", &format!("\"evt.type = open and proc.name regex '{pattern}'\""))]);
        let codes: Vec<_> = loaded.reports[0].errors.iter().map(|p| p.diagnostic.code.name).collect();
        assert!(
            codes.iter().all(|code| ["bad-regex", "value-too-long"].contains(code)),
            "{pattern}: {codes:?}"
        );
    }
}

#[test]
fn sources_and_keys_that_are_not_there_or_twice() {
    let source = rule("A", "nope.nope = 1") + "  source: moon\n";
    let loaded = load(&[&source]);
    assert!(loaded.is_ok());
    assert_eq!(loaded.reports[0].warnings[0].code, Some(LoadCode::UnknownSource));
    assert!(loaded.rules.rules.is_empty());
    let twice = "- rule: A\n  desc: d\n  condition: evt.type = open\n  condition: evt.type = close\n  output: o\n  priority: INFO\n";
    let loaded = load(&[twice]);
    // For Falco there is nothing to say; the first counts.
    assert_eq!(loaded.reports[0].warnings[0].code, None);
    assert_eq!(loaded.reports[0].warnings[0].diagnostic.code.name, "duplicate-key");
    assert_eq!(loaded.rules.rules[0].condition, "evt.type = open");
}

/// Falco crashes.
#[test]
fn exceptions_replaced_without_operators() {
    let exception = "  exceptions:\n  - name: e\n    fields: [proc.name, fd.name]\n    values: [[a, b]]\n";
    let text = rule("A", "evt.type = open")
        + exception
        + "- rule: A\n"
        + exception
        + "  override: {exceptions: replace}\n";
    assert_eq!(errors(text), ["exception-operators"]);
}

/// What is said of each file, and the compiled rules, when all of these files are loaded.
fn told(files: &[String]) -> (Vec<String>, Vec<String>) {
    let schema = schema();
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
    let reports = files.iter().map(|file| said(loader.load("file.yaml", file.as_bytes()))).collect();
    let rules = loader.finish().rules.rules;
    (reports, rules.iter().map(|rule| rule.condition_compiled.clone()).collect())
}

fn said(report: &eyrie_engine::rules::FileReport) -> String {
    let lines = report.errors.iter().take(1).chain(&report.warnings);
    lines.map(|problem| format!("{:?} {}\n", problem.code, problem.message())).collect()
}

/// What is compiled again after a file, because something it uses has changed, is enough.
#[test]
fn many_files_come_out_as_if_all_were_compiled_anew() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let files: Vec<String> = (0..random.usize(2..6)).map(|_| random_file(&mut random)).collect();
        let (reports, rules) = told(&files);
        for number in 1..=files.len() {
            // All items of the files so far in one file are compiled at once. Redefinitions are told in both.
            let whole = files[..number].concat();
            let (at_once, of_whole) = told(&[whole]);
            let expected = &at_once[0];
            assert_eq!(&reports[number - 1], expected, "seed {seed}, file {number}: {files:#?}");
            if number == files.len() && !expected.contains("Condition)") && !expected.contains("Validate)") {
                assert_eq!(rules, of_whole, "seed {seed}: {files:#?}");
            }
        }
    }
}

fn random_file(random: &mut fastrand::Rng) -> String {
    let mut text = String::new();
    for _ in 0..random.usize(1..6) {
        let name = random.u8(..4);
        let other = random.u8(..4);
        text.push_str(&match random.u8(..7) {
            0 => format!("- list: l{name}\n  items: [a{other}, l{other}, b]\n"),
            1 => format!("- list: l{name}\n  items: []\n"),
            2 => format!(
                "- macro: m{name}\n  condition: proc.name in (l{other}, l{name}) or fd.num = {other}\n"
            ),
            3 if name > 0 => {
                format!("- macro: m{name}\n  condition: m{} or proc.name = l{other}\n", name - 1)
            }
            4 => rule(&format!("R{name}"), &format!("evt.type = open and m{other} and proc.name != l{name}")),
            5 => rule(&format!("R{name}"), &format!("evt.type = close and proc.name in (l{other}, x)")),
            _ => rule(&format!("S{name}"), "evt.type = open and fd.name = l1"),
        });
    }
    text
}
