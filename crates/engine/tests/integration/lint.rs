//! What is probably wrong with rules that load.

use eyrie_engine::rules::Loader;
use eyrie_events::SyscallSchema;
use eyrie_lang::Schema;
use eyrie_lang::diagnostic::RenderStyle;

use crate::falco::shared;

fn lint(files: &[(&str, &str)]) -> String {
    let schema = SyscallSchema::new();
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
    for (name, text) in files {
        let report = loader.load(name, text.as_bytes());
        assert!(report.errors.is_empty(), "{report:?}");
    }
    let loaded = loader.finish();
    let style = RenderStyle { width: 100, ..RenderStyle::default() };
    let found = loaded.lint([("syscall", &schema as &dyn Schema)]);
    found.iter().map(|problem| problem.render(&loaded.files, style)).collect::<Vec<_>>().join("\n\n")
}

fn rule(name: &str, condition: &str) -> String {
    format!("- rule: {name}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n")
}

#[test]
fn contradictions_are_shown_with_both_places() {
    let macros =
        "- macro: opens\n  condition: (evt.type in (open, openat))\n- list: shells\n  items: [bash, zsh]\n";
    let text = macros.to_string() + &rule("Never", "opens and proc.name = cat and evt.type = close");
    insta::assert_snapshot!(lint(&[("rules.yaml", &text)]), @"
    warning[never-matches]: the rule `Never` can never match
     --> rules.yaml:7:44
      |
    2 |   condition: (evt.type in (open, openat))
      |               -------------------------- … together with this
    ...
    7 |   condition: opens and proc.name = cat and evt.type = close
      |                                            ^^^^^^^^^^^^^^^^ this never holds …
      |
      = help: one of them is in the macro `opens`
    ");
    let text = macros.to_string()
        + &rule("Set", "opens and proc.name in (shells) and fd.num > 3 and not proc.name in (bash, zsh, sh)");
    insta::assert_snapshot!(lint(&[("rules.yaml", &text)]), @"
    warning[never-matches]: the rule `Set` can never match
     --> rules.yaml:7:69
      |
    7 |   condition: opens and proc.name in (shells) and fd.num > 3 and not proc.name in (bash, zsh, sh)
      |                        --------------------- … together with this   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this never holds …
    ");
    for (condition, never) in [
        ("evt.type = open and proc.name = a and proc.name = b", true),
        ("evt.type = open and proc.name in (a, b) and proc.name in (b, c)", false),
        ("evt.type = open and proc.name = a and proc.name != a", true),
        ("evt.type = open and proc.name != a and proc.name != b", false),
        ("evt.type = open and not proc.name = a and proc.name != a", false),
        ("evt.type = open and fd.num < 3 and fd.num > 5", true),
        ("evt.type = open and fd.num <= 3 and fd.num >= 3", false),
        ("evt.type = open and fd.num in (1, 2) and fd.num > 2", true),
        ("evt.type = open and fd.name = /etc/x and fd.name startswith /usr", true),
        ("evt.type = open and fd.name in (/etc/x, /usr/y) and fd.name startswith /usr", false),
        ("evt.type = open and fd.name startswith /etc and fd.name startswith /usr", true),
        ("evt.type = open and fd.name startswith /etc and fd.name startswith /etc/ssl", false),
        ("evt.type = open and fd.name contains a and not fd.name contains a", true),
        ("evt.type = open and not fd.name exists and fd.name = a", true),
        // Any ancestor may have either name.
        ("evt.type = open and proc.aname = a and proc.aname = b", false),
        ("evt.type = open and (proc.name = a or proc.name = b) and proc.name = c", true),
        ("evt.type = open and proc.name in () and proc.name = c", false),
        ("evt.type = open and proc.name = a and proc.pname = b", false),
        ("not (evt.type = open or proc.name = a) and evt.type = open", true),
        ("evt.num = 0", true),
    ] {
        let found = lint(&[("rules.yaml", &rule("A", condition))]);
        let told = found.contains("never-matches") || found.contains("dead-alternative");
        assert_eq!(told, never, "{condition}\n{found}");
    }
}

#[test]
fn rules_that_an_earlier_one_takes_are_shown() {
    let text = rule("Wide", "evt.type in (open, openat) and fd.name startswith /etc")
        + &rule("Narrow", "evt.type = open and proc.name = cat and fd.name startswith /etc")
        + &rule("Other", "evt.type = open and fd.name startswith /usr");
    insta::assert_snapshot!(lint(&[("rules.yaml", &text)]), @"
    warning[shadowed-rule]: whatever the rule `Narrow` matches, `Wide` matches, too
     --> rules.yaml:6:3
      |
    1 | - rule: Wide
      |   ---------- this rule comes first
    ...
    6 | - rule: Narrow
      |   ^^^^^^^^^^^^
      |
      = help: where the first match counts (`rule_matching: first`), this rule is never reported
    ");
    for (first, second, shadowed) in [
        ("evt.type = open", "evt.type = open", true),
        ("evt.type = open and fd.num > 3", "evt.type = open and fd.num > 5", true),
        ("evt.type = open and fd.num > 5", "evt.type = open and fd.num > 3", false),
        ("evt.type = open and proc.name != a", "evt.type = open and proc.name = b", true),
        ("evt.type = open and proc.name != a", "evt.type = open and not proc.name = a", false),
        ("evt.type = open and not proc.name in (a)", "evt.type = open and not proc.name in (a, b)", true),
        ("evt.type = open and not proc.name in (a, b)", "evt.type = open and not proc.name in (a)", false),
        ("evt.type = open and proc.name exists", "evt.type = open and proc.name = a", true),
        (
            "evt.type = open and (proc.name = a or fd.num = 1)",
            "evt.type = open and (proc.name = a or fd.num = 1) and fd.num > 0",
            true,
        ),
    ] {
        let found = lint(&[("rules.yaml", &(rule("A", first) + &rule("B", second)))]);
        assert_eq!(found.contains("shadowed-rule"), shadowed, "{first} / {second}\n{found}");
    }
}

#[test]
fn names_and_costs_are_shown() {
    let one = "- macro: known\n  condition: proc.name = a\n- list: known\n  items: [x, y]\n".to_string()
        + &rule("A", "evt.type = open and proc.name regex 'a[0-9]+' and fd.num > 3 and fd.num > 3");
    let two = rule("A", "evt.type = open and (fd.num = 1 or fd.num = 2 or fd.num = 3)")
        + "- macro: unused\n  condition: evt.type = opne\n";
    insta::assert_snapshot!(lint(&[("one.yaml", &one), ("two.yaml", &two)]), @"
    warning[shadowed-macro]: the list `known` hides the macro of this name
     --> one.yaml:3:3
      |
    1 | - macro: known
      |   ------------ no condition can use this macro
    2 |   condition: proc.name = a
    3 | - list: known
      |   ^^^^^^^^^^^
      |
      = help: a list's name is replaced wherever it stands in a condition; rename one of them

    warning[redefined]: the rule `A` is defined again
     --> two.yaml:1:3
      |
    1 | - rule: A
      |   ^^^^^^^
      |
      = help: this definition is replaced (one.yaml:5:3)
      = help: to change a part of it, use `override`; to have both, give this one another name

    note[use-in]: `fd.num` is compared 3 times, one after the other
     --> two.yaml:3:35
      |
    3 |   condition: evt.type = open and (fd.num = 1 or fd.num = 2 or fd.num = 3)
      |                                   ^^^^^^^^^^
      |
      = help: write `fd.num in (1, 2, 3)`

    warning[broken-macro]: the macro `unused` would not compile: `opne` is not a value of `evt.type`
     --> two.yaml:7:25
      |
    7 |   condition: evt.type = opne
      |                         ^^^^
      |
      = help: nothing uses it, so that loading does not notice
    ");
}

/// Rules that many use: what is told about them has to be worth their time.
#[test]
fn upstream_rules_are_told_little() {
    let Some(folder) = shared("conformance/falco-rules") else { return };
    let schema = SyscallSchema::new();
    for file in ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"] {
        let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
        loader.load(file, &std::fs::read(folder.join(file)).unwrap());
        let loaded = loader.finish();
        let found = loaded.lint([("syscall", &schema as &dyn Schema)]);
        for problem in &found {
            println!("{}\n", problem.render(&loaded.files, RenderStyle::default()));
        }
        let warnings =
            found.iter().filter(|problem| problem.diagnostic.severity > eyrie_lang::Severity::Note);
        assert!(warnings.count() <= 1, "{file}");
    }
}
