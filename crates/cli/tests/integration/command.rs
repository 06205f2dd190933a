//! The built command: exit codes, help, what it heeds in its environment.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use eyrie_posture::report::Report;

use crate::fixture;

/// The command in an environment that holds nothing but what a test puts there.
pub(crate) fn eyrie() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eyrie"));
    command.env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn write(folder: &Path, report: &Report) -> PathBuf {
    let path = folder.join("report.json");
    std::fs::write(&path, serde_json::to_vec(report).unwrap()).unwrap();
    path
}

fn render(report: &Report, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    eyrie().arg("render").arg(write(folder.path(), report)).args(arguments).output().unwrap()
}

#[test]
fn three_different_codes_say_how_it_ended() {
    // 51 of 77 points.
    assert_eq!(render(&fixture::falco(), &[]).status.code(), Some(0));
    assert_eq!(render(&fixture::falco(), &["--pass-score", "66.2"]).status.code(), Some(0));
    assert_eq!(render(&fixture::falco(), &["--pass-score", "66.3"]).status.code(), Some(1));
    assert_eq!(render(&fixture::falco(), &["--pass-score", "101"]).status.code(), Some(2));
    assert_eq!(render(&fixture::several(), &["--pass-score", "100"]).status.code(), Some(3));
    assert_eq!(eyrie().args(["render", "/nowhere"]).output().unwrap().status.code(), Some(3));
    assert_eq!(eyrie().output().unwrap().status.code(), Some(2));
}

#[test]
fn a_closed_pipe_is_success() {
    let folder = tempfile::tempdir().unwrap();
    let report = write(folder.path(), &fixture::falco());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output =
        eyrie().arg("render").arg(report).args(["--pass-score", "100"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn a_full_disk_is_not_success() {
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let report = write(folder.path(), &fixture::falco());
    let output = eyrie().arg("render").arg(report).args(["--output", "/dev/full"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(text(&output.stderr), @"
    error: cannot write /dev/full: No space left on device (os error 28)
      help: name a file in a folder that exists and that you may write to
    ");
}

#[test]
fn what_is_no_report_is_named_with_a_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not.json");
    let run = |content: &str| {
        std::fs::write(&path, content).unwrap();
        let output = eyrie().current_dir(folder.path()).args(["render", "not.json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        text(&output.stderr)
    };
    insta::assert_snapshot!(run("{"), @"
    error: not.json is not a report of Eyrie: EOF while parsing an object at line 1 column 1
      help: make one with `--format json`
    ");
    insta::assert_snapshot!(run(r#"{"version":2,"news":[]}"#), @"
    error: not.json is a report of version 2; this eyrie knows version 1
      help: use the eyrie that wrote it, or a newer one
    ");
    insta::assert_snapshot!(run(r#"{"version":1,"projects":[{}]}"#), @"
    error: not.json is not a report of Eyrie: missing field `name`
      help: make one with `--format json`
    ");
}

#[test]
fn a_report_comes_from_standard_input_too() {
    let mut child =
        eyrie().args(["render", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let report = serde_json::to_vec(&fixture::falco()).unwrap();
    child.stdin.take().unwrap().write_all(&report).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(text(&output.stdout).starts_with("falco\n"), "{}", text(&output.stdout));
}

#[test]
fn colour_is_for_those_who_want_it() {
    let folder = tempfile::tempdir().unwrap();
    let report = write(folder.path(), &fixture::falco());
    let colored = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = eyrie()
            .arg("render")
            .arg(&report)
            .args(arguments)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        text(&output.stdout).contains("\x1b[")
    };
    assert!(!colored(&[], &[]), "a pipe");
    assert!(colored(&[("FORCE_COLOR", "1")], &[]));
    assert!(colored(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!colored(&[("FORCE_COLOR", "0")], &[]));
    assert!(!colored(&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], &[]), "NO_COLOR wins");
    assert!(colored(&[("NO_COLOR", "1")], &["--color", "always"]), "a flag wins over all");
    assert!(!colored(&[("FORCE_COLOR", "1")], &["--color", "never"]));
}

#[test]
fn a_file_is_replaced_through_its_link_with_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let report = write(folder.path(), &fixture::falco());
    let (file, link) = (folder.path().join("out.txt"), folder.path().join("link.txt"));
    std::fs::write(&file, "old").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("out.txt", &link).unwrap();
    let output = eyrie().arg("render").arg(&report).arg("-o").arg(&link).output().unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(0), vec![]));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("falco\n"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let mut left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["link.txt", "out.txt", "report.json"]);
}

#[test]
fn help_tells_what_there_is() {
    let help = |arguments: &[&str]| text(&eyrie().args(arguments).output().unwrap().stdout);
    insta::assert_snapshot!(help(&["--help"]), @"
    The eyrie command

    Usage: eyrie <COMMAND>

    Commands:
      assess       Assess repositories as one project: a score, a checklist, evidence and fixes
      replay       Replay a capture of system calls: alerts as rules would have raised them, or its
                   events
      capture      Look into captures, and make smaller ones of them
      checks       Show the checks of a catalogue, explained
      fix          Show as a diff what can safely be written so that checks pass; write it with --write
      render       Draw a JSON report again, in another format
      forge        Ask a forge, for a machine that cannot
      rules        Check, describe and explain detection rules: Falco's rule files
      register     Keep a foundation's register: its log, as files, checked
      project      Projects of a register: submit them, see where they stand
      attest       State something about a project that no repository shows, with evidence
      meeting      Meetings of a register's bodies
      vote         Votes: open, cast, close, explain
      policy       Policies of foundations: lint, diff, explain
      campaign     Campaigns: who takes part, scores, leaderboard, checklists, report
      fact         Write any fact into a register
      watch        Watch this host with eBPF: alerts of detection rules, as things happen
      record       Record a capture of a command, or of the host
      completions  Print a completion script for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
      0  done
      1  below the pass score, or something is wrong with the rules
      2  wrong arguments
      3  what was asked for could not be done, or not all of it
    ");
    insta::assert_snapshot!(help(&["assess", "--help"]), @r#"
    Assess repositories as one project: a score, a checklist, evidence and fixes

    Needs no network and no token for folders. With GITHUB_TOKEN set, GitHub is asked for what only it
    knows; what cannot be decided is unknown, and the report says what would help. Addresses are cloned.

    Usage: eyrie assess [OPTIONS] <PATH|URL>...

    Arguments:
      <PATH|URL>...
              Folders of repositories, or their addresses

    Options:
          --name <NAME>
              Name of the project; else that of the first repository

          --at <REV>
              Assess this revision instead of the files as they are

          --history <TIME>
              Follow the score back over 2y, 6mo, 12w, 90d or "100 commits"

      -h, --help
              Print help (see a summary with '-h')

    Output:
      -f, --format <FORMAT>
              Form of the report

              Possible values:
              - terminal:  For people, at a terminal
              - json:      The documented contract, docs/report.schema.json
              - markdown:  A checklist for an issue; an existing FILE is updated in place
              - html:      One self-contained page
              - sarif:     SARIF 2.1.0, for code scanning
              - badge:     JSON of a shields.io endpoint
              - badge-svg: A badge as a picture
              
              [default: terminal]

      -o, --output <FILE>
              Write the report to FILE instead of standard output

      -q, --quiet
              Only the score and what fails; no progress

    Judgement:
          --pass-score <N>
              Exit with code 1 if a project's score is below N percent, such as 80 or 72.5

          --set <SET>
              Check set to take; may be repeated. Else those that the catalogue takes by default

          --catalog <FILE>
              Catalogue to add to Eyrie's own, or that replaces it; may be repeated

          --strict-compat
              CLOMonitor's own verdicts and score, its mistakes included

          --now <DATE>
              The day that ages are counted from, for a result that can be reproduced

    Evidence:
          --url <URL>
              Address of the repository on its forge, where git does not know it; once for each
              repository, in their order

          --forge-data <FILE|DIR>
              Answers of the forge recorded elsewhere; once for each repository, in their order

          --landscape <FILE>
              The foundation's landscape.yml

          --scorecard <FILE>
              JSON of an OpenSSF Scorecard run; once for each repository, in their order

          --offline
              Use no network, whatever tokens are set

          --depth <COMMITS>
              Clone only so many commits; what needs older ones is then unknown

    Terminal:
          --color <WHEN>
              Colours; `auto` heeds NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE and TERM

              Possible values:
              - auto:   As the terminal and the environment suggest
              - always: Whatever the output is
              - never:  Not at all
              
              [default: auto]

          --render-links <WHEN>
              Clickable evidence (OSC 8 hyperlinks)

              Possible values:
              - auto:   As the terminal and the environment suggest
              - always: Whatever the output is
              - never:  Not at all
              
              [default: auto]

          --no-progress
              Show no progress

    Exit codes:
      0  done; the pass score, if one was asked for, is reached
      1  done; below the pass score
      2  wrong arguments
      3  at least one repository could not be assessed, or what was asked failed
    "#);
    insta::assert_snapshot!(help(&["checks", "--help"]), @"
    Show the checks of a catalogue, explained

    Usage: eyrie checks [OPTIONS] [COMMAND]

    Commands:
      list    All checks, by category (the default)
      show    Checks, explained: what they look at, why, how to pass, the rule itself
      fields  Kinds of records and their fields, for rules of your own
      help    Print this message or the help of the given subcommand(s)

    Options:
          --catalog <FILE>
              Catalogue to add to Eyrie's own, or that replaces it; may be repeated

          --strict-compat
              The rules that give CLOMonitor's own verdicts

      -h, --help
              Print help (see a summary with '-h')

    Terminal:
          --color <WHEN>
              Colours; `auto` heeds NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE and TERM

              Possible values:
              - auto:   As the terminal and the environment suggest
              - always: Whatever the output is
              - never:  Not at all
              
              [default: auto]

          --render-links <WHEN>
              Clickable evidence (OSC 8 hyperlinks)

              Possible values:
              - auto:   As the terminal and the environment suggest
              - always: Whatever the output is
              - never:  Not at all
              
              [default: auto]
    ");
    insta::assert_snapshot!(help(&["render", "--help"]), @"
    Draw a JSON report again, in another format

    Usage: eyrie render [OPTIONS] <REPORT>

    Arguments:
      <REPORT>
              A report that `--format json` wrote; `-` reads standard input

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Output:
      -f, --format <FORMAT>
              Form of the report

              Possible values:
              - terminal:  For people, at a terminal
              - json:      The documented contract, docs/report.schema.json
              - markdown:  A checklist for an issue; an existing FILE is updated in place
              - html:      One self-contained page
              - sarif:     SARIF 2.1.0, for code scanning
              - badge:     JSON of a shields.io endpoint
              - badge-svg: A badge as a picture
              
              [default: terminal]

      -o, --output <FILE>
              Write the report to FILE instead of standard output

      -q, --quiet
              Only the score and what fails; no progress

    Judgement:
          --pass-score <N>
              Exit with code 1 if a project's score is below N percent, such as 80 or 72.5

    Terminal:
          --color <WHEN>
              Colours; `auto` heeds NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE and TERM

              Possible values:
              - auto:   As the terminal and the environment suggest
              - always: Whatever the output is
              - never:  Not at all
              
              [default: auto]

          --render-links <WHEN>
              Clickable evidence (OSC 8 hyperlinks)

              Possible values:
              - auto:   As the terminal and the environment suggest
              - always: Whatever the output is
              - never:  Not at all
              
              [default: auto]

    Exit codes:
      0  done; the pass score, if one was asked for, is reached
      1  done; below the pass score
      2  wrong arguments
      3  at least one repository could not be assessed, or what was asked failed
    ");
    insta::assert_snapshot!(help(&["forge", "record", "--help"]), @"
    Write what a forge says of a repository into a folder, for `--forge-data`

    GITHUB_TOKEN is sent to github.com alone, GH_ENTERPRISE_TOKEN to the host of GH_HOST alone. Without
    a token a forge tells less. HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are heeded.

    Usage: eyrie forge record [OPTIONS] <URL>

    Arguments:
      <URL>
              Address of the repository, such as `https://github.com/falcosecurity/falco`

    Options:
      -o, --output <DIR>
              Folder to write, instead of NAME-forge in the current folder; an earlier recording in it
              is replaced

          --project <NAME>
              The project's name in the landscape, where it is not the repository's

          --landscape-url <URL>
              Address of a foundation's landscape file to look the project up in

          --forge-kind <KIND>
              Which API the host speaks, where its name does not tell

              Possible values:
              - github: GitHub or a GitHub Enterprise Server
              - gitlab: GitLab

      -q, --quiet
              Say nothing of what was not told

      -h, --help
              Print help (see a summary with '-h')

    Exit codes:
      0  done
      2  wrong arguments
      3  the forge told nothing, or what was asked failed
    ");
}

/// Each command's help says what its own exit codes mean.
#[test]
fn exit_codes_are_those_of_the_command() {
    let codes = |arguments: &[&str]| {
        let output = eyrie().args(arguments).arg("--help").output().unwrap();
        let help = text(&output.stdout);
        help.split_once("Exit codes:").unwrap().1.to_owned()
    };
    insta::assert_snapshot!(codes(&["replay"]), @"
      0  done, with alerts or without
      1  the rules have errors; nothing was replayed
      2  wrong arguments
      3  the capture is damaged or cannot be read, or what was asked failed
    ");
    insta::assert_snapshot!(codes(&["capture", "info"]), @"
      0  done
      2  wrong arguments
      3  the capture is damaged or cannot be read, or what was asked failed
    ");
    insta::assert_snapshot!(codes(&["fix"]), @"
      0  done
      2  wrong arguments
      3  the repository could not be assessed, or a fix not be written
    ");
}

#[test]
fn the_arguments_are_consistent() {
    use clap::CommandFactory as _;
    eyrie_cli::args::Cli::command().debug_assert();
}

#[test]
fn every_shell_gets_a_completion() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = eyrie().args(["completions", shell]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let script = text(&output.stdout);
        assert!(script.contains("--pass-score") || script.contains("pass-score"), "{shell}: {script}");
    }
}
