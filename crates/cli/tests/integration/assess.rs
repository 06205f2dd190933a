//! `eyrie assess`, by a catalogue of three checks so that the results are ours to say.

use std::fs;
use std::path::Path;
use std::process::Output;

use eyrie_posture::report::Report;
use tempfile::TempDir;

use crate::command::{eyrie, text};

/// A catalogue of its own.
pub(crate) const CATALOG: &str = r#"
- catalog: tiny
  title: A tiny catalogue
  categories: [{id: documentation, title: Documentation}, {id: forge, title: Forge}]
  sets: [{id: files, about: "what files tell", default: true}, {id: all, about: "everything"}]
  ratings: [{name: good, at_least_tenths: 500}, {name: poor, at_least_tenths: 0}]

- check: readme
  title: Readme
  category: documentation
  weight: 3
  sets: [files, all]
  about: The first thing that people read.
  docs: https://eyrie.example/readme
  fix: Add a README.md.
  fail: There is no README.md.
  pass:
    - any: file
      condition: file.path = README.md
      reason: "%file.path is there"

- check: changelog
  title: Changelog
  category: documentation
  weight: 1
  sets: [files, all]
  about: What changed.
  docs: https://eyrie.example/changelog
  fix: Add a CHANGELOG.md.
  fail: There is no CHANGELOG.md.
  pass:
    - any: file
      condition: file.path = CHANGELOG.md
      reason: "%file.path is there"

- check: described
  title: Described
  category: forge
  weight: 2
  sets: [all]
  about: The forge says what it is.
  docs: https://eyrie.example/described
  fix: Describe the repository on the forge.
  fail: It is not described.
  pass:
    - condition: repo.archived = false
      reason: it is not archived
"#;

/// A workplace: `tiny.yaml`, `good` with all files, `poor` with none, `file`.
fn workplace() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.yaml"), CATALOG).unwrap();
    for (name, files) in [("good", &["README.md", "CHANGELOG.md"][..]), ("poor", &["other.txt"])] {
        fs::create_dir(folder.path().join(name)).unwrap();
        for file in files {
            fs::write(folder.path().join(name).join(file), "# Title\n\nText.\n").unwrap();
        }
    }
    fs::write(folder.path().join("file"), "text").unwrap();
    folder
}

fn assess(folder: &Path, arguments: &[&str]) -> Output {
    eyrie()
        .current_dir(folder)
        .args(["assess", "--catalog", "tiny.yaml", "--now", "2026-11-22"])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_folder_is_assessed() {
    let folder = workplace();
    let output = assess(folder.path(), &["poor"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    insta::assert_snapshot!(text(&output.stdout), @"
    poor
    no git history · catalogue tiny · sets files

      0.0%  poor  ·················································  0 of 4 points
      4 points to win

      Documentation    0.0%  ···············································  0 of 4

      ✗ 2 failed

    To fix  2 checks, 4 points

      ✗ Readme  readme                                                            +3
        There is no README.md.
        fix   Add a README.md.
        docs  https://eyrie.example/readme

      ✗ Changelog  changelog                                                      +1
        There is no CHANGELOG.md.
        fix   Add a CHANGELOG.md.
        docs  https://eyrie.example/changelog

    poor 0.0%, most to win: readme (+3), changelog (+1)
    ");
}

#[test]
fn what_only_a_forge_knows_is_unknown_with_what_would_help() {
    let folder = workplace();
    let output = assess(folder.path(), &["good", "--set", "all", "--offline"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(text(&output.stdout), @"
    good
    no git history · catalogue tiny · sets all

      66.6%  good  ████████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  4 of 6 points
      2 points to win · 2 undecided · best possible now 100.0%

      Documentation  100.0%  ███████████████████████████████████████████████  4 of 4
      Forge            0.0%  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  0 of 2

      ✓ 2 passed   ? 1 unknown

    Unknown  1 check, 2 points
      ? described   2  Described

    Nobody could look  and what would help
      ? the forge: the network was not to be used (--offline) (2 points)  described
        → run without --offline, or record the answers elsewhere with `eyrie forge
          record URL` and give them with --forge-data

    Passed  2 checks, 4 points
      ✓ readme      3  README.md is there
      ✓ changelog   1  CHANGELOG.md is there

    good 66.6%, nothing failed
    ");
}

#[test]
fn recorded_answers_decide_it() {
    let folder = workplace();
    let answers = r#"{"data": {"repository": {"name": "good", "isArchived": false}}}"#;
    fs::write(folder.path().join("answers.json"), answers).unwrap();
    let output =
        assess(folder.path(), &["good", "--set", "all", "--forge-data", "answers.json", "--format", "json"]);
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.projects[0].score.overall.percent, 1000, "{}", text(&output.stdout));
}

#[test]
fn the_exit_code_tells_clean_below_and_not_assessed_apart() {
    let folder = workplace();
    let code = |arguments: &[&str]| assess(folder.path(), arguments).status.code();
    assert_eq!(code(&["good"]), Some(0));
    assert_eq!(code(&["good", "--pass-score", "100"]), Some(0));
    assert_eq!(code(&["good", "poor", "--pass-score", "50"]), Some(0));
    assert_eq!(code(&["good", "poor", "--pass-score", "50.1"]), Some(1));
    assert_eq!(code(&["good", "missing", "--pass-score", "50"]), Some(3));
    assert_eq!(code(&["good", "--set", "fils"]), Some(2));
    assert_eq!(code(&["good", "--history", "2 fortnights"]), Some(2));
    assert_eq!(code(&["good", "--now", "tomorrow"]), Some(2));
    assert_eq!(code(&["good", "poor", "--forge-data", "answers.json"]), Some(2));
    assert_eq!(code(&["good", "--forge-data", "answers.json"]), Some(3));
}

#[test]
fn one_bad_repository_does_not_stop_the_others() {
    let folder = workplace();
    let output = assess(
        folder.path(),
        &["missing", "good", "file", "https://github.com/o/r", "--offline", "--name", "all"],
    );
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(text(&output.stdout), @"
    all
    good · no git history · catalogue tiny · sets files

      100.0%  good  ███████████████████████████████████████████████  4 of 4 points

      Documentation  100.0%  ███████████████████████████████████████████████  4 of 4

      ✓ 2 passed

    Passed  2 checks, 4 points
      ✓ readme      3  README.md is there
      ✓ changelog   1  CHANGELOG.md is there

    Not assessed  3 repositories, not in the score
      ✗ https://github.com/o/r: it would have to be cloned, and the network is not
        to be used (--offline); clone it elsewhere and give the folder
      ✗ missing: there is no folder missing
      ✗ file: file is a file; give the folder of a repository

    all 100.0%, nothing left to win
    ");
}

#[test]
fn mistakes_in_arguments_come_with_a_next_step() {
    let folder = workplace();
    let said = |arguments: &[&str]| text(&assess(folder.path(), arguments).stderr);
    insta::assert_snapshot!(said(&["good", "--set", "fils"]), @"
    error: there is no check set `fils`
      help: did you mean `files`? `eyrie checks` lists all
    ");
    insta::assert_snapshot!(said(&["good", "poor", "--scorecard", "x.json"]), @"
    error: --scorecard was given 1 time for 2 repositories
      help: give --scorecard once for each repository, in their order
    ");
    insta::assert_snapshot!(said(&["http://github.com/o/r"]), @"
    error: not the address of a repository: plain http is neither private nor safe
      help: use `https://github.com/o/r`
    ");
    insta::assert_snapshot!(said(&["good", "--history", "soon"]), @"
    error: invalid value 'soon' for '--history <TIME>': give a time or a number of commits: 2y, 6mo, 12w, 90d, `100 commits`

    For more information, try '--help'.
    ");
    fs::write(folder.path().join("x.json"), r#"{"score": 7}"#).unwrap();
    insta::assert_snapshot!(said(&["good", "--scorecard", "x.json"]), @"
    error: x.json is not the JSON of an OpenSSF Scorecard run: it has no checks
      help: make it with `scorecard --format json`
    ");
}

#[test]
fn a_catalogue_with_mistakes_shows_all_of_them_in_place() {
    let folder = workplace();
    let wrong =
        CATALOG.replace("file.path = README.md", "file.pth = README.md").replace("weight: 1", "wieght: 1");
    fs::write(folder.path().join("tiny.yaml"), wrong).unwrap();
    let output = assess(folder.path(), &["good"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    insta::assert_snapshot!(text(&output.stderr), @r#"
    error[catalog-missing-key]: the key `weight` is missing
       ╭▸ tiny.yaml:22:3
       │
    22 │   - check: changelog
       │ ┏━━━┛
    23 │ ┃   title: Changelog
    24 │ ┃   category: documentation
    25 │ ┃   wieght: 1
       ┆ ┇
    33 │ ┃       condition: file.path = CHANGELOG.md
    34 │ ┃       reason: "%file.path is there"
       ╰╴┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛

    error[catalog-unknown-key]: the key `wieght` means nothing here
       ╭▸ tiny.yaml:25:3
       │
    25 │   wieght: 1
       │   ━━━━━━
       │
       ╰ help: keys here: about, category, check, decide, deviation, docs, enabled, exempt_when, fail, fix, fix_with, near, pass, score, sets, strict, title, weight, when

    error[unknown-field]: there is no field `file.pth`
       ╭▸ tiny.yaml:19:18
       │
    19 │       condition: file.pth = README.md
       │                  ━━━━━━━━
       │
       ╰ help: did you mean `file.path`?

    error: the catalogue has 3 mistakes
    "#);
}

#[test]
fn a_checklist_is_updated_in_place() {
    let folder = workplace();
    let list = folder.path().join("list.md");
    let run = || {
        let output = assess(folder.path(), &["poor", "--format", "markdown", "--output", "list.md"]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
        fs::read_to_string(&list).unwrap()
    };
    let first = run();
    assert_eq!(run(), first);
    fs::write(&list, format!("{first}\nMine.\n")).unwrap();
    fs::write(folder.path().join("poor/README.md"), "# Poor\n").unwrap();
    let then = run();
    assert!(then.ends_with("\nMine.\n") && then.contains("- [x] <!-- eyrie:check readme pass -->"), "{then}");
}

#[test]
fn an_interrupted_clone_leaves_nothing() {
    use std::os::unix::process::ExitStatusExt as _;
    use std::time::{Duration, Instant};
    // Accepts, and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/o/r", listener.local_addr().unwrap());
    let folder = workplace();
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut child = eyrie()
        .current_dir(folder.path())
        .env("TMPDIR", &temporary)
        .args(["assess", "--catalog", "tiny.yaml", &url])
        .spawn()
        .unwrap();
    let asked = listener.accept().unwrap();
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 1, "the clone's folder");
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    if !signal.as_ref().is_ok_and(std::process::ExitStatus::success) {
        child.kill().unwrap();
        child.wait().unwrap();
        eprintln!("skipped: no program `kill` here");
        return;
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        assert!(Instant::now() < deadline, "it goes on after Ctrl-C");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(ended.signal(), Some(2), "as any interrupted program ends");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    drop(asked);
}

/// A run that could not look at the repository does not touch the list in which people keep their ticks.
#[test]
fn a_checklist_is_left_alone_when_a_repository_cannot_be_assessed() {
    let folder = workplace();
    let output = assess(folder.path(), &["good", "--format", "markdown", "--output", "list.md"]);
    assert_eq!(output.status.code(), Some(0));
    let before = fs::read_to_string(folder.path().join("list.md")).unwrap();
    let output = assess(folder.path(), &["gone", "--format", "markdown", "--output", "list.md"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("list.md is left as it is"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("list.md")).unwrap(), before);
}
