//! Unit tests for rules.

use eyrie_engine::rules::{Loader, Rules};
use eyrie_engine::{JsonRecord, RuleTests, explain};
use eyrie_events::SyscallSchema;
use eyrie_lang::Schema;
use eyrie_lang::diagnostic::{RenderStyle, Source, render};

const RULES: &str = "
- extensions: [memory]
- macro: spawned
  condition: (evt.type in (execve, execveat) and evt.arg.res = 0)
- rule: Shell in a container
  desc: text
  condition: spawned and container.id != host and proc.name in (bash, sh, zsh)
  output: A shell | command=%proc.cmdline tty=%proc.tty
  priority: NOTICE
- rule: Off
  desc: text
  condition: spawned and proc.name = id
  output: off
  priority: NOTICE
  enabled: false
- sequence: Downloaded file is executed
  desc: text
  within: 10m
  steps:
    - {as: download, condition: 'evt.type = openat and proc.name in (curl, wget)', by: fd.name}
    - {condition: spawned, by: proc.exepath}
  output: ran %proc.exepath
  priority: WARNING
- threshold: Many
  desc: text
  within: 10s
  condition: evt.type = connect
  by: proc.pid
  distinct: fd.sport
  count: 3
  output: many
  priority: WARNING
";

fn rules(schema: &SyscallSchema) -> Rules {
    let mut loader = Loader::new([("syscall", schema as &dyn Schema)]);
    loader.load("rules.yaml", RULES.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.is_ok(), "{:#?}", loaded.problems());
    loaded.rules
}

fn drawn(text: &str, diagnostic: &eyrie_lang::Diagnostic) -> String {
    render(diagnostic, Source::new(text).named("rules_test.yaml"), RenderStyle::default())
}

fn outcome(text: &str) -> String {
    let schema = SyscallSchema::new();
    let sources = [("syscall", &schema as &dyn Schema)];
    let tests = match RuleTests::parse(text, sources) {
        Ok(tests) => tests,
        Err(problems) => {
            return problems.iter().map(|found| drawn(text, found)).collect::<Vec<_>>().join("\n");
        }
    };
    let results = tests.run(&rules(&schema), sources).unwrap();
    let lines = results.iter().map(|result| {
        let failures = result.failures.iter().map(|failure| drawn(text, &failure.diagnostic));
        let failures: Vec<_> = failures.collect();
        format!("{}: {}\n{}", result.name, if result.passed() { "ok" } else { "failed" }, failures.join("\n"))
    });
    lines.map(|line| line.trim_end().to_string()).collect::<Vec<_>>().join("\n")
}

#[test]
fn tests_that_hold_pass() {
    let text = r#"
tests:
  - name: shell fires
    given: {evt.type: execve, evt.arg.res: 0, container.id: 3ad7b26ded6d, proc.name: bash, proc.cmdline: bash -i, proc.tty: 34816}
    expect:
      - rule: Shell in a container
        output: A shell | command=bash -i tty=34816
        fields: {proc.tty: 34816, proc.cmdline: bash -i}
  - name: no shell on the host
    given: {evt.type: execve, evt.arg.res: "0", container.id: host, proc.name: bash}
    expect: []
  - name: rules that are off do not count
    given: {evt.type: execve, evt.arg.res: 0, container.id: host, proc.name: id}
    expect: []
  - name: unless they are named
    rules: Off
    given: {evt.type: execve, evt.arg.res: 0, container.id: host, proc.name: id}
    expect: Off
  - name: a sequence
    rules: [Downloaded file is executed]
    events:
      - {at: 0s, evt.type: openat, proc.name: curl, fd.name: /tmp/x}
      - {at: 5m, evt.type: execve, evt.arg.res: 0, proc.exepath: /tmp/x, proc.name: sh, container.id: a}
      - {at: 6m, evt.type: execve, evt.arg.res: 0, proc.exepath: /tmp/x, proc.name: sh, container.id: a}
    expect:
      - {rule: Downloaded file is executed, at: 5m, fields: {proc.exepath: /tmp/x}}
  - name: nothing is remembered from one test to the next
    rules: [Downloaded file is executed]
    given: {evt.type: execve, evt.arg.res: 0, proc.exepath: /tmp/x}
    expect: []
  - name: a threshold
    events:
      - {at: 0s, evt.type: connect, proc.pid: 1, fd.sport: 1}
      - {at: 1s, evt.type: connect, proc.pid: 1, fd.sport: 2}
      - {at: 2s, evt.type: connect, proc.pid: 1, fd.sport: 3}
    expect: [Many]
"#;
    insta::assert_snapshot!(outcome(text), @r#"
    shell fires: ok
    no shell on the host: ok
    rules that are off do not count: ok
    unless they are named: ok
    a sequence: ok
    nothing is remembered from one test to the next: ok
    a threshold: ok
    "#);
}

#[test]
fn tests_that_fail_say_which_comparison_made_the_difference() {
    let text = r#"
tests:
  - name: near
    given: {evt.type: execve, evt.arg.res: 0, container.id: a, proc.name: fish}
    expect: [Shell in a container]
  - name: far
    given: {evt.type: execve, proc.name: fish}
    expect: [Shell in a container]
  - name: wrong type
    given: {evt.type: connect, container.id: a, proc.name: bash}
    expect: [Shell in a container]
  - name: not expected
    given: {evt.type: execve, evt.arg.res: 0, container.id: a, proc.name: bash}
    expect: []
  - name: something else
    given: {evt.type: execve, evt.arg.res: 0, container.id: a, proc.name: bash, proc.cmdline: bash}
    expect:
      - rule: Shell in a container
        output: A shell | command=sh tty=<NA>
        fields: {proc.cmdline: sh, proc.tty: 5, proc.name: bash}
  - name: unknown
    given: {evt.type: execve}
    expect: [Shell in container]
  - name: one step is missing
    events:
      - {at: 0s, evt.type: openat, proc.name: curl, fd.name: /tmp/x}
      - {at: 5m, evt.type: execve, evt.arg.res: -2, proc.exepath: /tmp/x, proc.name: x}
    expect: [Downloaded file is executed]
  - name: the steps are about different files
    rules: [Downloaded file is executed]
    events:
      - {at: 0s, evt.type: openat, proc.name: curl, fd.name: /tmp/x}
      - {at: 5m, evt.type: execve, evt.arg.res: 0, proc.exepath: /tmp/y}
    expect: [Downloaded file is executed]
  - name: too few
    events:
      - {at: 0s, evt.type: connect, proc.pid: 1, fd.sport: 1}
      - {at: 1s, evt.type: connect, proc.pid: 1, fd.sport: 1}
      - {at: 2s, evt.type: connect, proc.pid: 1, fd.sport: 3}
    expect: [Many]
"#;
    insta::assert_snapshot!(outcome(text), @r#"
    near: failed
    error[test-missing-finding]: the rule `Shell in a container` finds nothing
     --> rules_test.yaml:5:14
      |
    5 |     expect: [Shell in a container]
      |              ^^^^^^^^^^^^^^^^^^^^
      |
      = help: `proc.name in (bash, sh, zsh)` does not hold: `proc.name` is `fish`
    far: failed
    error[test-missing-finding]: the rule `Shell in a container` finds nothing
     --> rules_test.yaml:8:14
      |
    8 |     expect: [Shell in a container]
      |              ^^^^^^^^^^^^^^^^^^^^
      |
      = help: `evt.arg.res = 0` does not hold: `evt.arg[res]` is not given
      = help: `container.id != host` does not hold: `container.id` is not given
      = help: `proc.name in (bash, sh, zsh)` does not hold: `proc.name` is `fish`
    wrong type: failed
    error[test-missing-finding]: the rule `Shell in a container` finds nothing
      --> rules_test.yaml:11:14
       |
    11 |     expect: [Shell in a container]
       |              ^^^^^^^^^^^^^^^^^^^^
       |
       = help: the rule is not looked at for events of this type
    not expected: failed
    error[test-unexpected-finding]: the rule `Shell in a container` finds something that is not expected: A shell | command=<NA> tty=<NA>
      --> rules_test.yaml:13:12
       |
    13 |     given: {evt.type: execve, evt.arg.res: 0, container.id: a, proc.name: bash}
       |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: `evt.type in (execve, execveat)` holds: `evt.type` is `execve`
       = help: `evt.arg.res = 0` holds: `evt.arg[res]` is `0`
       = help: `container.id != host` holds: `container.id` is `a`
       = help: `proc.name in (bash, sh, zsh)` holds: `proc.name` is `bash`
    something else: failed
    error[test-different-finding]: the rule `Shell in a container` says something else
      --> rules_test.yaml:18:15
       |
    18 |       - rule: Shell in a container
       |               ^^^^^^^^^^^^^^^^^^^^
       |
       = help: expected: A shell | command=sh tty=<NA>
                  found: A shell | command=bash tty=<NA>
    error[test-different-finding]: `proc.cmdline` is `bash`, and `sh` is expected
      --> rules_test.yaml:18:15
       |
    18 |       - rule: Shell in a container
       |               ^^^^^^^^^^^^^^^^^^^^
    error[test-different-finding]: `proc.tty` has no value, and `5` is expected
      --> rules_test.yaml:18:15
       |
    18 |       - rule: Shell in a container
       |               ^^^^^^^^^^^^^^^^^^^^
    error[test-different-finding]: the finding has no field `proc.name`
      --> rules_test.yaml:18:15
       |
    18 |       - rule: Shell in a container
       |               ^^^^^^^^^^^^^^^^^^^^
       |
       = help: a finding has the fields of its output: proc.cmdline, proc.tty
    unknown: failed
    error[test-unknown-rule]: there is no rule `Shell in container`
      --> rules_test.yaml:23:14
       |
    23 |     expect: [Shell in container]
       |              ^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `Shell in a container`?
    one step is missing: failed
    error[test-missing-finding]: the rule `Downloaded file is executed` finds nothing
      --> rules_test.yaml:28:14
       |
    28 |     expect: [Downloaded file is executed]
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: step `download`: event 1 of the test
       = help: step 2: event 2: `evt.arg.res = 0` does not hold: `evt.arg[res]` is `-2`
    the steps are about different files: failed
    error[test-missing-finding]: the rule `Downloaded file is executed` finds nothing
      --> rules_test.yaml:34:14
       |
    34 |     expect: [Downloaded file is executed]
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: step `download`: event 1 of the test
       = help: step 2: event 2 of the test
       = help: the steps match, but not one after another within 10m with equal (fd.name) = (proc.exepath), or something ended the sequence
    too few: failed
    error[test-missing-finding]: the rule `Many` finds nothing
      --> rules_test.yaml:40:14
       |
    40 |     expect: [Many]
       |              ^^^^
       |
       = help: what counts: events 1, 2, 3 of the test
       = help: there are not 3 different values of fd.sport within 10s with equal proc.pid
    "#);
}

#[test]
fn files_that_are_no_tests_are_told_at_once() {
    let text = r#"
tests:
  - name: one
    gvien: {evt.type: execve}
    expect: []
  - given: {evt.type: execve}
    expect: []
  - name: two
    source: k8s_audit
    given: {ka.verb: get}
    expect: []
  - name: three
    given: {proc.nmae: x, proc.pid: one, proc.name: x}
    expect: {rule: X}
  - name: four
    events: [{at: soon, evt.type: execve}]
    expect: [{output: x}]
"#;
    insta::assert_snapshot!(outcome(text), @r#"
    error[bad-rule-tests]: there is no key `gvien` here
     --> rules_test.yaml:4:5
      |
    4 |     gvien: {evt.type: execve}
      |     ^^^^^
      |
      = help: did you mean `given`?
    error[bad-rule-tests]: a test has either `given`, the fields of one event, or `events`
     --> rules_test.yaml:3:11
      |
    3 |   - name: one
      |           ^^^
      |
      = help: write `given: {evt.type: execve, …}`
    error[bad-rule-tests]: a test has a `name`
     --> rules_test.yaml:6:5
      |
    6 |   - given: {evt.type: execve}
      |     ^
    error[bad-rule-tests]: there is no source `k8s_audit`
     --> rules_test.yaml:9:13
      |
    9 |     source: k8s_audit
      |             ^^^^^^^^^
      |
      = help: the sources are syscall
    error[bad-rule-tests]: there is no field `proc.nmae`
      --> rules_test.yaml:13:13
       |
    13 |     given: {proc.nmae: x, proc.pid: one, proc.name: x}
       |             ^^^^^^^^^
       |
       = help: did you mean `proc.name`?
    error[bad-rule-tests]: `proc.pid` is a whole number, not "one"
      --> rules_test.yaml:13:37
       |
    13 |     given: {proc.nmae: x, proc.pid: one, proc.name: x}
       |                                     ^^^
    error[bad-rule-tests]: an event has a `evt.type`
      --> rules_test.yaml:13:12
       |
    13 |     given: {proc.nmae: x, proc.pid: one, proc.name: x}
       |            ^
       |
       = help: rules are looked at by the type of an event
    error[bad-rule-tests]: `expect` takes a list, and this is a map
      --> rules_test.yaml:14:13
       |
    14 |     expect: {rule: X}
       |             ^^^^^^^^^
    error[bad-rule-tests]: this is no length of time
      --> rules_test.yaml:16:19
       |
    16 |     events: [{at: soon, evt.type: execve}]
       |                   ^^^^
       |
       = help: write numbers with units, as in `30s` or `1h30m`
    error[bad-rule-tests]: an expected finding names its `rule`
      --> rules_test.yaml:17:14
       |
    17 |     expect: [{output: x}]
       |              ^
    "#);
}

#[test]
fn rules_are_explained_by_their_comparisons() {
    let schema = SyscallSchema::new();
    let rules = rules(&schema);
    let explained = |rule: &str, record: &str| {
        let record = JsonRecord::parse(record, &schema).unwrap();
        let all = explain::explain(&rules, rule, &schema, &record, record.kind()).unwrap().unwrap();
        all.iter()
            .map(|one| {
                let atoms = one.explanation.atoms.iter().map(|atom| {
                    let mark = if atom.decisive { "*" } else { " " };
                    let seen: Vec<_> = atom.fields.iter().map(|field| field.values.join(" ")).collect();
                    format!("{mark} {:?} {} [{}]", atom.verdict, atom.text, seen.join("; "))
                });
                let part = one.part.clone().unwrap_or_default();
                format!("{part} {} {}\n{}", one.holds(), one.left_out, atoms.collect::<Vec<_>>().join("\n"))
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(
        explained("Shell in a container", r#"{"evt.type": "execve", "evt.arg.res": "0", "container.id": "host", "proc.name": "sh"}"#),
        @r#"
         false false
          True evt.type in (execve, execveat) [execve]
          True evt.arg.res = 0 [0]
        * False container.id != host [host]
          True proc.name in (bash, sh, zsh) [sh]
        "#
    );
    insta::assert_snapshot!(
        explained("Downloaded file is executed", r#"{"evt.type": "openat", "proc.name": "curl"}"#),
        @r#"
        step `download` true false
        * True evt.type = openat [openat]
        * True proc.name in (curl, wget) [curl]
        step 2 false true
        * False evt.type in (execve, execveat) [openat]
          False evt.arg.res = 0 []
        "#
    );
    let record = JsonRecord::parse("{}", &schema).unwrap();
    assert!(explain::explain(&rules, "Nope", &schema, &record, None).unwrap().is_none());
}
