//! `eyrie rules`: what a user sees of rule files.

use std::path::Path;

use serde_json::Value as Json;

use crate::command::{eyrie, text};

/// Five mistakes of different kinds.
const FIVE: &str = "\
- required_engine_version: 0.57.0
- list: shells
  items: [bash, zsh]
- macro: spawned
  condition: evt.type in (execve, execveat) and evt.arg.res = 0
- rule: Shell in a web server
  desc: A web server starts a shell
  condition: >
    spawned and proc.name in (shells)
    and proc.cmdlin contains \"-c\"
  output: \"%proc.name started by %proc.pname\"
  priority: WARN
- rule: Write below etc
  desc: Something writes below /etc
  condition: evt.type = open and fd.name startswith /etc
  output: \"%fd.name written (user=%user.nam)\"
  priority: ERROR
  tag: [filesystem]
- rule: Write below etc
  condition: and not proc.name in shells)
  override: {condition: append}
";

const GOOD: &str = "\
- list: shells
  items: [bash, zsh]
- macro: spawned
  condition: evt.type in (execve, execveat)
- rule: Shell
  desc: Somebody starts a shell.
  condition: spawned and proc.name in (shells)
  output: \"%proc.name started by %proc.pname\"
  priority: NOTICE
  tags: [T1059.004, mitre_execution]
  exceptions:
    - name: parents
      fields: [proc.name, proc.pname]
      values:
        - [bash, sshd]
- rule: Secrets
  desc: Somebody reads a secret.
  condition: evt.type in (open, openat) and fd.name startswith /etc/shadow
  output: \"%fd.name read\"
  priority: CRITICAL
  tags: [T1003.008]
- rule: Nothing
  desc: Never.
  condition: evt.type = open and proc.name = a and proc.name = b
  output: out
  priority: DEBUG
  enabled: false
";

struct Run {
    out: String,
    code: Option<i32>,
}

fn run(files: &[(&str, &str)], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let output = eyrie()
        .current_dir(folder.path())
        .env("COLUMNS", "80")
        .arg("rules")
        .args(arguments)
        .output()
        .unwrap();
    Run { out: text(&output.stdout) + &text(&output.stderr), code: output.status.code() }
}

fn good(arguments: &[&str]) -> String {
    let run = run(&[("good.yaml", GOOD), ("event.json", EVENT)], arguments);
    assert_eq!(run.code, Some(0), "{}", run.out);
    run.out
}

const EVENT: &str = r#"{"evt.type": "execve", "proc.name": "bash", "proc.pname": "sshd"}"#;

#[test]
fn five_mistakes_show_five_diagnostics() {
    let run = run(&[("five.yaml", FIVE)], &["check", "five.yaml"]);
    assert_eq!(run.code, Some(1));
    insta::assert_snapshot!(run.out, @r#"
    error[unknown-field]: there is no field `proc.cmdlin`
       ╭▸ five.yaml:10:9
       │
    10 │     and proc.cmdlin contains "-c"
       │         ━━━━━━━━━━━
       │
       ├ help: did you mean `proc.cmdline`?
       ╰ note: Falco's code is LOAD_ERR_COMPILE_CONDITION

    error[unknown-priority]: there is no priority `WARN`
       ╭▸ five.yaml:12:13
       │
    12 │   priority: WARN
       │             ━━━━
       │
       ├ help: did you mean `WARNING`?
       ├ help: the priorities are EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFORMATIONAL and DEBUG
       ╰ note: Falco's code is LOAD_ERR_YAML_VALIDATE

    error[output-no-field]: there is no field `user.nam`
       ╭▸ five.yaml:16:36
       │
    16 │   output: "%fd.name written (user=%user.nam)"
       │                                    ━━━━━━━━
       │
       ├ help: did you mean `%user.name`?
       ╰ note: Falco's code is LOAD_ERR_COMPILE_OUTPUT

    warning[unknown-key]: there is no key `tag` here; it is left out
       ╭▸ five.yaml:18:3
       │
    18 │   tag: [filesystem]
       │   ━━━
       │
       ├ help: did you mean `tags`?
       ╰ note: Falco's code is LOAD_UNKNOWN_KEY

    error[unexpected-text]: expected `and` or `or` here, or nothing
       ╭▸ five.yaml:20:35
       │
     3 │   items: [bash, zsh]
       │                 ─── this is what the list puts there
       ┆
    20 │   condition: and not proc.name in shells)
       │                                   ━━━━━━
       │
       ├ help: a list's name stands in parentheses, as in `proc.name in (NAME)`
       ╰ note: Falco's code is LOAD_ERR_COMPILE_CONDITION

    1 file, 0 rules: 4 errors, 1 warning
    "#);
}

#[test]
fn check_says_in_its_exit_code_how_it_ended() {
    let unused = "- list: unused\n  items: [a]\n";
    assert_eq!(run(&[("good.yaml", GOOD)], &["check", "good.yaml"]).code, Some(0));
    assert_eq!(run(&[("a.yaml", unused)], &["check", "a.yaml"]).code, Some(0));
    assert_eq!(run(&[("a.yaml", unused)], &["check", "--deny-warnings", "a.yaml"]).code, Some(1));
    assert_eq!(run(&[("a.yaml", "- rule: [")], &["check", "a.yaml"]).code, Some(1));
    assert_eq!(run(&[], &["check", "nowhere.yaml"]).code, Some(3));
    assert_eq!(run(&[], &["check", "--nonsense"]).code, Some(2));
}

/// A file that cannot be read does not hide what is wrong with the others.
#[test]
fn check_reports_files_that_cannot_be_read_among_the_others() {
    let files = [("five.yaml", FIVE), ("good.yaml", GOOD)];
    let found = run(&files, &["check", "five.yaml", "none.yaml", "good.yaml", "nor.yaml"]);
    assert_eq!(found.code, Some(3));
    let alone = run(&files, &["check", "five.yaml"]);
    let problems = |run: &Run| run.out.matches("five.yaml:").count();
    assert!(problems(&alone) >= 5 && problems(&found) >= problems(&alone), "{}", found.out);
    for name in ["none.yaml", "nor.yaml"] {
        assert!(found.out.contains(&format!("error: cannot read {name}: ")), "{}", found.out);
    }
    assert!(found.out.ends_with("; 2 files cannot be read\n"), "{}", found.out);

    let found = run(&files, &["check", "good.yaml", "none.yaml", "-f", "json"]);
    assert_eq!(found.code, Some(3));
    let json: Json = serde_json::from_str(&found.out).unwrap();
    let results = &json["falco_load_results"];
    assert_eq!((&results[0]["name"], &results[0]["successful"]), (&"good.yaml".into(), &true.into()));
    assert_eq!((&results[1]["name"], &results[1]["successful"]), (&"none.yaml".into(), &false.into()));
    assert_eq!(results[1]["errors"][0]["code"], "LOAD_ERR_FILE_READ");
}

#[test]
fn check_writes_the_json_of_falco() {
    let run =
        run(&[("five.yaml", FIVE), ("good.yaml", GOOD)], &["check", "-f", "json", "five.yaml", "good.yaml"]);
    assert_eq!(run.code, Some(1));
    let json: Json = serde_json::from_str(&run.out).unwrap();
    let results = json["falco_load_results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    // The first error is Falco's.
    assert_eq!(results[0]["errors"][0]["code"], "LOAD_ERR_YAML_VALIDATE");
    assert_eq!(results[0]["errors"].as_array().unwrap().len(), 4);
    assert_eq!(results[1]["successful"], true);
    let keys: Vec<&String> = results[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["errors", "name", "schema_valid", "schema_warnings", "successful", "warnings"]);
    let strict = self::run(&[("five.yaml", FIVE)], &["check", "-f", "json", "--strict-compat", "five.yaml"]);
    let json: Json = serde_json::from_str(&strict.out).unwrap();
    assert_eq!(json["falco_load_results"][0]["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn plugins_that_are_not_there_are_told() {
    let text = "- required_plugin_versions:\n  - name: rocket\n    version: 1.0.0\n    alternatives:\n    - {name: plane, version: 2.0.0}\n  - name: container\n    version: 0.4.0\n";
    let run = run(&[("a.yaml", text)], &["check", "a.yaml"]);
    assert_eq!(run.code, Some(1));
    insta::assert_snapshot!(run.out, @"
    error[plugin-missing]: the rules need one of these plugins: rocket (>= 1.0.0), plane (>= 2.0.0)
      ╭▸ a.yaml:2:5
      │
    2 │   - name: rocket
      ╰╴    ━━━━━━━━━━━━

    1 file, 0 rules: 1 error
    ");
}

#[test]
fn directories_give_their_rule_files_in_order() {
    let rule =
        |name: &str| GOOD.lines().skip(15).take(5).collect::<Vec<_>>().join("\n").replace("Secrets", name);
    let files = [
        ("rules.d/20.yml", rule("Second")),
        ("rules.d/10.yaml", rule("First")),
        ("rules.d/30.txt", "no rules".to_string()),
        ("rules.d/deeper/40.yaml", rule("Deeper")),
        ("last.yaml", rule("Last")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let out = run(&files, &["list", "rules.d", "last.yaml"]).out;
    let names: Vec<&str> = out.lines().filter_map(|line| line.split("  ").nth(1)).collect();
    assert_eq!(names, ["First", "Second", "Last"], "{out}");
    assert_eq!(run(&[("empty/x.txt", "")], &["list", "empty"]).code, Some(2));
}

#[test]
fn rules_are_listed_and_searched() {
    insta::assert_snapshot!(good(&["list", "good.yaml"]), @"
    Notice    Shell  T1059.004 mitre_execution
    Critical  Secrets  T1003.008
    Debug     Nothing  off

    3 rules
    ");
    insta::assert_snapshot!(good(&["list", "--all", "-s", "s*", "good.yaml"]), @"
    Notice    Shell  T1059.004 mitre_execution
    Critical  Secrets  T1003.008

    Macros
      spawned  good.yaml:3

    Lists
      shells  good.yaml:1

    2 of 3 rules
    ");
    let lines = |arguments: &[&str]| {
        let out = good(&[&["list", "good.yaml"], arguments].concat());
        out.lines().take_while(|line| !line.is_empty()).count()
    };
    assert_eq!(lines(&["-s", "SECRET"]), 1);
    assert_eq!(lines(&["-t", "mitre_execution"]), 1);
    assert_eq!(lines(&["-p", "notice"]), 2);
    assert_eq!(lines(&["--enabled", "false"]), 1);
    assert_eq!(lines(&["--source", "k8s_audit"]), 0);
    let json: Json = serde_json::from_str(&good(&["list", "-f", "json", "good.yaml"])).unwrap();
    assert_eq!(json["rules"][1]["line"], 16);
}

#[test]
fn rules_macros_and_lists_are_shown() {
    insta::assert_snapshot!(good(&["show", "Shell", "good.yaml"]), @"
    Shell  Notice
      good.yaml:5

        Somebody starts a shell.

      source     syscall
      tags       T1059.004, mitre_execution
      output     %proc.name started by %proc.pname
      events     execve, execveat
      macros     spawned
      lists      shells
      fields     evt.type, proc.name, proc.pname
      operators  =, in
      exceptions parents

    Condition
        spawned and proc.name in (shells)

    With macros, lists and exceptions
        ((evt.type in (execve, execveat) and proc.name in (bash, zsh)) and not
        (proc.name = bash and proc.pname = sshd))
    ");
    insta::assert_snapshot!(good(&["show", "s*", "good.yaml"]).lines().filter(|l| !l.starts_with(' ')).collect::<Vec<_>>().join("\n"), @"
    Shell  Notice



    Condition

    With macros, lists and exceptions

    Secrets  Critical



    Condition

    With macros, lists and exceptions

    spawned  macro


    Condition

    shells  list
    ");
    let run = run(&[("good.yaml", GOOD)], &["show", "Shel", "good.yaml"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(run.out, @"
    error: there is no rule, macro or list `Shel`
      help: did you mean `Shell`? `eyrie rules list --all` lists all
    ");
}

#[test]
fn rules_are_described_as_by_falco() {
    let json: Json = serde_json::from_str(&good(&["describe", "-f", "json", "good.yaml"])).unwrap();
    assert_eq!(json["rules"][0]["details"]["macros"], serde_json::json!(["spawned"]));
    assert_eq!(json["rules"][0]["details"]["exception_names"], serde_json::json!(["parents"]));
    assert_eq!(json["lists"][0]["details"]["items_compiled"], serde_json::json!(["bash", "zsh"]));
    insta::assert_snapshot!(good(&["describe", "--rule", "Secrets", "good.yaml"]), @"
    Secrets  Critical
      condition  (evt.type in (open, openat) and fd.name startswith /etc/shadow)
      output     %fd.name read
      events     open, openat
      fields     evt.type, fd.name
      operators  in, startswith
      shown      fd.name
    ");
}

#[test]
fn fields_and_events_are_listed_and_searched() {
    insta::assert_snapshot!(good(&["fields", "proc.pname*"]), @"
    Process and thread
      proc.pname  CHARBUF  `proc.name` of the parent.

    1 field
    ");
    let all: Json = serde_json::from_str(&good(&["fields", "-f", "json"])).unwrap();
    assert!(all.as_array().unwrap().len() > 250);
    assert!(all.as_array().unwrap().iter().all(|field| !field["description"].as_str().unwrap().is_empty()));
    insta::assert_snapshot!(good(&["events", "--used", "--rules", "good.yaml"]), @"
    execve    1 rule    system call           res exe args tid pid ptid cwd fdlimit
                                              pgft_maj pgft_min vm_size vm_rss
                                              vm_swap comm cgroups env tty vpgid
                                              loginuid flags cap_inheritable
                                              cap_permitted cap_effective exe_ino
                                              exe_ino_ctime exe_ino_mtime uid
                                              trusted_exepath pgid gid filename
    execveat  1 rule    system call           res exe args tid pid ptid cwd fdlimit
                                              pgft_maj pgft_min vm_size vm_rss
                                              vm_swap comm cgroups env tty vpgid
                                              loginuid flags cap_inheritable
                                              cap_permitted cap_effective exe_ino
                                              exe_ino_ctime exe_ino_mtime uid
                                              trusted_exepath pgid gid
    open      2 rules   system call           fd name flags mode dev ino
    openat    1 rule    system call           fd dirfd name flags mode dev ino

    4 events; evt.arg.NAME is a parameter as text, evt.rawarg.NAME as it is
    ");
    // Without rules there are events all the same.
    let execve = good(&["events", "execve"]);
    assert!(execve.contains("execveat") && !execve.contains("openat"), "{execve}");
}

#[test]
fn a_search_that_finds_nothing_says_so() {
    let alone = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
        let output = eyrie().current_dir(folder.path()).arg("rules").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        text(&output.stderr)
    };
    insta::assert_snapshot!(alone(&["fields", "nosuchf"]), @"note: no field matches; `eyrie rules fields` without a pattern lists all");
    insta::assert_snapshot!(alone(&["events", "nosuche"]), @"note: no type of event matches; `eyrie rules events` without a pattern lists all");
    insta::assert_snapshot!(alone(&["list", "-s", "zzz", "good.yaml"]), @"note: no rule matches; `eyrie rules list` without a pattern lists all");
    insta::assert_snapshot!(alone(&["list", "-a", "-s", "zzz", "good.yaml"]), @"note: no rule, macro or list matches; `eyrie rules list` without a pattern lists all");
    assert_eq!(alone(&["list", "-s", "shell", "good.yaml"]), "");
}

#[test]
fn what_is_piped_has_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    let output = eyrie().current_dir(folder.path()).args(["rules", "list", "good.yaml"]).output().unwrap();
    assert_eq!(text(&output.stdout).lines().count(), 3);
    let output = eyrie().args(["rules", "fields", "--type", "bool"]).output().unwrap();
    assert!(text(&output.stdout).lines().all(|line| line.contains("BOOL")));
}

#[test]
fn lint_shows_both_places() {
    let run = run(&[("good.yaml", GOOD)], &["lint", "good.yaml"]);
    assert_eq!(run.code, Some(1));
    insta::assert_snapshot!(run.out, @"
    warning[never-matches]: the rule `Nothing` can never match
       ╭▸ good.yaml:24:52
       │
    24 │   condition: evt.type = open and proc.name = a and proc.name = b
       │                                  ┬────────────     ━━━━━━━━━━━━━ this never holds …
       │                                  │
       ╰╴                                 … together with this

    3 rules: 1 warning
    ");
    let run = self::run(&[("good.yaml", GOOD)], &["lint", "-f", "json", "good.yaml"]);
    let json: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&json[0]["code"], &json[0]["line"]), (&"never-matches".into(), &24.into()));
}

#[test]
fn coverage_is_a_table_a_page_and_json() {
    let out = good(&["coverage", "good.yaml"]);
    let covered: Vec<&str> =
        out.lines().filter(|line| !line.ends_with("no rules") && !line.is_empty()).collect();
    insta::assert_snapshot!(covered.join("\n"), @"
    MITRE ATT&CK  2 rules, 2 techniques
    Execution  TA0002  1 rule, 1 of 12 techniques
      T1059    1  Command and Scripting Interpreter  Shell
    Credential Access  TA0006  1 rule, 1 of 11 techniques
      T1003    1  OS Credential Dumping  Secrets
    ");
    let page = good(&["coverage", "-f", "html", "good.yaml"]);
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("Command and Scripting Interpreter (1)"));
    // Nothing is loaded from elsewhere.
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    let json: Json = serde_json::from_str(&good(&["coverage", "-f", "json", "good.yaml"])).unwrap();
    assert_eq!(json["techniques"][0]["name"], "/etc/passwd and /etc/shadow");
}

#[test]
fn a_verdict_is_explained() {
    insta::assert_snapshot!(good(&["explain", "Shell", "good.yaml", "--event", "event.json"]), @"
    Shell does not match  good.yaml:5

    Each comparison, and the value that it saw; * marks those that decide
      ✓ evt.type in (execve, execveat)  evt.type is execve
      ✓ proc.name in (bash, zsh)  proc.name is bash
    * ✓ proc.name = bash  proc.name is bash
    * ✓ proc.pname = sshd  proc.pname is sshd

    It would match if one of these came out the other way
      proc.name = bash
      proc.pname = sshd
    ");
    let json: Json =
        serde_json::from_str(&good(&["explain", "Secrets", "good.yaml", "-e", "event.json", "-f", "json"]))
            .unwrap();
    assert_eq!(json["conditions"][0]["verdict"], "false");
    let bad = run(
        &[("good.yaml", GOOD), ("event.json", r#"{"proc.nam": 1}"#)],
        &["explain", "Shell", "good.yaml", "-e", "event.json"],
    );
    assert_eq!(bad.code, Some(3));
    insta::assert_snapshot!(bad.out, @r#"
    there is no field `proc.nam`; did you mean `proc.name`?

    error: event.json is not an event: 1 problem
      help: give a JSON object of fields, such as {"evt.type": "openat", "proc.name": "cat"}; `eyrie rules fields` lists them
    "#);
}

const TESTS: &str = "\
tests:
  - name: a shell is found
    rules: [Shell]
    given: {evt.type: execve, proc.name: zsh}
    expect: [Shell]
  - name: a cat is found
    rules: [Shell]
    given: {evt.type: execve, proc.name: cat}
    expect: [Shell]
";

#[test]
fn rules_are_tested() {
    let files = [("good.yaml", GOOD), ("tests.yaml", TESTS)];
    let result = run(&files, &["test", "tests.yaml", "--rules", "good.yaml"]);
    assert_eq!(result.code, Some(1));
    insta::assert_snapshot!(result.out, @"
    ✓ a shell is found
    ✗ a cat is found
    error[test-missing-finding]: the rule `Shell` finds nothing
      ╭▸ tests.yaml:9:14
      │
    9 │     expect: [Shell]
      │              ━━━━━
      │
      ╰ help: `proc.name in (bash, zsh)` does not hold: `proc.name` is `cat`

    2 tests: 1 failed, 1 passed
    ");
    let result = run(&files, &["test", "tests.yaml", "-r", "good.yaml", "-s", "shell", "-f", "json"]);
    assert_eq!(result.code, Some(0));
    let json: Json = serde_json::from_str(&result.out).unwrap();
    assert_eq!((&json[0]["passed"], json.as_array().unwrap().len()), (&true.into(), 1));
    let broken =
        run(&[("good.yaml", GOOD), ("tests.yaml", "tests: 5")], &["test", "tests.yaml", "-r", "good.yaml"]);
    assert_eq!(broken.code, Some(3));
    insta::assert_snapshot!(broken.out, @"
    error[bad-rule-tests]: a file of rule tests is a map with a list `tests`
      ╭▸ tests.yaml:1:1
      │
    1 │ tests: 5
      │ ━
      │
      ╰ help: write `tests:` and below it `- name: …`

    error: tests.yaml has 1 mistake
    ");
}

#[test]
fn without_a_file_the_shipped_tests_are_run() {
    let result = run(&[], &["test", "--quiet"]);
    assert_eq!(result.code, Some(0), "{}", result.out);
    let passed: usize = result.out.split(' ').next().unwrap().parse().unwrap();
    assert!(passed > 50, "{}", result.out);
    let json = run(&[], &["test", "-f", "json", "-s", "*"]);
    assert_eq!(serde_json::from_str::<Json>(&json.out).unwrap().as_array().unwrap().len(), passed);
}

/// What strangers write in rules does not reach the terminal as it is.
#[test]
fn control_characters_are_shown_and_not_obeyed() {
    let evil = GOOD.replace("Secrets", "\"Evil \\u001b[31m\\u202e\"").replace("/etc/shadow", "\"\\e[2J\"");
    for arguments in [
        &["list", "a.yaml"][..],
        &["check", "a.yaml"],
        &["show", "E*", "a.yaml"],
        &["lint", "a.yaml"],
        &["coverage", "a.yaml"],
    ] {
        let out = run(&[("a.yaml", &evil)], arguments).out;
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{arguments:?}\n{out}");
    }
}
