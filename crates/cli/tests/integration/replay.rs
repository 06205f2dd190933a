//! `eyrie replay` and `eyrie capture`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use eyrie_sources::capture::Compression;
use tempfile::TempDir;

use crate::captured;
use crate::command::{eyrie, text};

/// A folder with a capture and rules.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("trace.scap"), captured::capture(Compression::Gzip)).unwrap();
        std::fs::write(folder.path().join("rules.yaml"), captured::RULES).unwrap();
        Folder(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = eyrie();
        command.current_dir(self.0.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a run that goes well.
    fn shown(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    }
}

#[test]
fn alerts_are_shown_as_falco_shows_them() {
    let folder = Folder::new();
    let output = folder.run(&["replay", "trace.scap", "-r", "rules.yaml"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(text(&output.stdout), @r"
    01:00:00.000000000: Warning Password file opened | file=/etc/shadow user=eve command=cat /etc/shadow container_id=host container_name=host container_image_repository= container_image_tag= k8s_pod_name=<NA> k8s_ns_name=<NA>
    01:00:01.500000000: Debug File opened | file=/home/eve/notes\tof \u001b[31meve container_id=host container_name=host container_image_repository= container_image_tag= k8s_pod_name=<NA> k8s_ns_name=<NA>
    01:00:02.500000000: Debug File opened | file=/etc/hosts container_id=host container_name=host container_image_repository= container_image_tag= k8s_pod_name=<NA> k8s_ns_name=<NA>
    ");
    insta::assert_snapshot!(text(&output.stderr), @r"
    Events detected: 3
    Rule counts by severity:
       WARNING: 1
       DEBUG: 2
    Triggered rules by rule name:
       File opened: 2
       Password file opened: 1
    ");

    let all = folder.shown(&[
        "replay",
        "trace.scap",
        "-r",
        "rules.yaml",
        "--rule-matching",
        "all",
        "--format",
        "json",
        "--hostname",
        "h",
    ]);
    let first: serde_json::Value = serde_json::from_str(all.lines().next().unwrap()).unwrap();
    assert_eq!(all.lines().count(), 4);
    assert_eq!(first["hostname"], "h");
    assert_eq!(first["rule"], "Password file opened");
    assert_eq!(first["time"], "2026-11-22T01:00:00.000000000Z");
    assert_eq!(first["output_fields"]["proc.cmdline"], "cat /etc/shadow");

    let urgent = folder.shown(&["replay", "trace.scap", "-r", "rules.yaml", "--priority", "notice", "-q"]);
    assert_eq!(urgent.lines().count(), 1);
    let of_bash = folder.shown(&["replay", "trace.scap", "-r", "rules.yaml", "--filter", "proc.name = bash"]);
    assert!(of_bash.lines().count() == 1 && of_bash.contains("notes"), "{of_bash}");
    std::fs::create_dir(folder.path("none")).unwrap();
    std::fs::write(folder.path("none/empty.yaml"), "- list: shells\n  items: [bash]\n").unwrap();
    let none = folder.run(&["replay", "trace.scap", "-r", "none/empty.yaml"]);
    assert_eq!((none.status.code(), text(&none.stdout)), (Some(0), String::new()));
    insta::assert_snapshot!(text(&none.stderr), @r"
    warning: there are no rules in the rule files, so nothing is found
    Events detected: 0
    Rule counts by severity:
    Triggered rules by rule name:
    ");
    // A folder stands for the rule files in it.
    assert_eq!(folder.shown(&["replay", "trace.scap", "-r", "."]).lines().count(), 3);
}

#[test]
fn events_are_shown_as_asked() {
    let folder = Folder::new();
    let print = [
        "replay",
        "trace.scap",
        "--filter",
        "fd.name contains notes",
        "--print",
        "%evt.time %proc.cmdline %fd.name",
    ];
    insta::assert_snapshot!(folder.shown(&print), @r"
    01:00:01.500000000 bash /home/eve/notes\tof \x1b[31meve
    01:00:01.600000000 bash /home/eve/notes\tof \x1b[31meve
    ");
    let columns = [
        "replay",
        "trace.scap",
        "--columns",
        "evt.num,proc.name,fd.name,user.loginuid,toupper(fd.name),concat(proc.name, \",\", fd.name)",
    ];
    let columns = folder.shown(&columns);
    let lines: Vec<&str> = columns.lines().collect();
    assert_eq!(
        lines[0],
        "evt.num\tproc.name\tfd.name\tuser.loginuid\ttoupper(fd.name)\tconcat(proc.name, \",\", fd.name)"
    );
    assert_eq!(lines[1], "1\tcat\t/etc/shadow\t-1\t/ETC/SHADOW\tcat,/etc/shadow");
    // Nothing of a recorded name acts on a terminal.
    assert!(lines[3].contains("\t/home/eve/notes\\tof \\x1b[31meve\t"), "{}", lines[3]);
    let dotted = ["replay", "trace.scap", "--columns", "evt.arg.flags,evt.rawarg.res", "-q"];
    let print = ["replay", "trace.scap", "--print", "%evt.arg.flags %evt.rawarg.res", "-q"];
    let dotted = folder.shown(&dotted);
    let (_, dotted) = dotted.split_once('\n').unwrap();
    assert!(dotted.starts_with("O_RDONLY"), "{dotted}");
    assert_eq!(dotted.replace('\t', " "), folder.shown(&print));
    assert_eq!(
        folder.shown(&["replay", "trace.scap", "--columns", "fd.sip,evt.num"]).lines().nth(1),
        Some("<NA>\t1")
    );
    let fields = folder.shown(&["replay", "trace.scap", "--fields", "--filter", "evt.num = 2"]);
    let fields: serde_json::Value = serde_json::from_str(&fields).unwrap();
    assert_eq!(
        (fields["evt.type"].as_str(), fields["fd.name"].as_str()),
        (Some("read"), Some("/etc/shadow"))
    );
    assert_eq!(fields["evt.num"], 2);
    assert_eq!(fields.get("fd.sip"), None);
    assert_eq!(folder.shown(&["replay", "trace.scap"]).lines().count(), 8);
    let json = folder.shown(&["replay", "trace.scap", "--print", "%proc.name %fd.name", "--format", "json"]);
    assert_eq!(json.lines().next(), Some(r#"{"fd.name":"/etc/shadow","proc.name":"cat"}"#));
}

#[test]
fn a_pipe_is_a_capture_too() {
    let folder = Folder::new();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let mut child = folder
            .command(&["replay", "-", "-r", "rules.yaml", "-q"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&captured::capture(compression)).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(text(&output.stdout).lines().count(), 3);
    }
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = folder.command(&["replay", "trace.scap", "-q"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn what_cannot_be_used_is_said_with_its_place() {
    let folder = Folder::new();
    let failed = |arguments: &[&str], code| {
        let output = folder.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    insta::assert_snapshot!(failed(&["replay", "trace.scap", "--filter", "proc.nme = x"], 2), @r#"
    error[unknown-field]: there is no field `proc.nme`
      ╭▸ --filter:1:1
      │
    1 │ proc.nme = x
      │ ━━━━━━━━
      │
      ╰ help: did you mean `proc.name`?

    error: --filter cannot be used
    "#);
    insta::assert_snapshot!(failed(&["replay", "trace.scap", "--columns", "evt.num,proc.nameX"], 2), @r#"
    there is no field `proc.nameX`

    error: --columns cannot be used
    "#);
    for nothing in ["", ",", " , "] {
        let said = failed(&["replay", "trace.scap", "--columns", nothing], 2);
        assert!(said.starts_with("no field is named"), "{said}");
    }
    std::fs::write(
        folder.path("bad.yaml"),
        "- rule: Bad\n  desc: d\n  condition: proc.nme = x\n  output: o\n  priority: INFO\n",
    )
    .unwrap();
    insta::assert_snapshot!(failed(&["replay", "trace.scap", "-r", "bad.yaml"], 1), @r#"
    error[unknown-field]: there is no field `proc.nme`
      ╭▸ bad.yaml:3:14
      │
    3 │   condition: proc.nme = x
      │              ━━━━━━━━
      │
      ├ help: did you mean `proc.name`?
      ╰ note: Falco's code is LOAD_ERR_COMPILE_CONDITION

    error: the rules have 1 error
    "#);
    insta::assert_snapshot!(failed(&["replay", "rules.yaml"], 3), @r#"
    error: rules.yaml: this is no capture: a capture begins with the bytes 0a 0d 0d 0a, this with 2d 20 6d 61
      help: give a capture of Falco, sysdig or Eyrie
    "#);
    let whole = captured::capture(Compression::None);
    std::fs::write(folder.path("cut.scap"), &whole[..whole.len() - 20]).unwrap();
    let output = folder.run(&["replay", "cut.scap", "-r", "rules.yaml", "-q"]);
    assert_eq!(text(&output.stdout).lines().count(), 3);
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(text(&output.stderr), @r"
    error: cut.scap: the capture ends in the middle of the block at byte 1472: it was cut off there
      help: what came before the cut is all that can be had
    ");
}

#[test]
fn what_is_in_a_capture_is_told() {
    let folder = Folder::new();
    insta::assert_snapshot!(folder.shown(&["capture", "info", "trace.scap"]), @r#"
    host         web-1
    machine      4 processors, 8.0 GiB of memory
    started      2026-11-22T00:00:00Z
    format       1.2, gzip
    at its head  2 threads, 1 descriptor, 2 users and groups, 1 address
    from         2026-11-22T01:00:00Z
    to           2026-11-22T01:00:03Z, 3.000 s later
    events       8

    Events
      3  openat
      2  close
      2  read
      1  write

    Processes by events
      6  /usr/bin/cat
      2  /usr/bin/bash

    Files by events
      4  /etc/shadow  (21 B read)
      2  /etc/hosts
      2  /home/eve/notes\tof \x1b[31meve  (6 B written)
    "#);
    let json = folder.shown(&["capture", "info", "trace.scap", "--format", "json", "--top", "1"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["host"]["hostname"], "web-1");
    assert_eq!(json["top_events"], serde_json::json!([{"name": "openat", "events": 3}]));
    // Sections of the same format are counted, not listed.
    let capture = captured::capture(Compression::None);
    std::fs::write(folder.path("three.scap"), capture.repeat(3)).unwrap();
    let three = folder.shown(&["capture", "info", "three.scap"]);
    assert!(three.contains("\nformat       1.2, not compressed\nsections     3\n"), "{three}");
    let three = folder.shown(&["capture", "info", "three.scap", "--format", "json"]);
    let three: serde_json::Value = serde_json::from_str(&three).unwrap();
    assert_eq!((&three["sections"], &three["formats"]), (&3.into(), &serde_json::json!(["1.2"])));
}

#[test]
fn of_what_is_no_capture_nothing_is_told() {
    let folder = Folder::new();
    std::fs::write(folder.path("empty.scap"), "").unwrap();
    for name in ["empty.scap", "rules.yaml"] {
        for format in ["text", "json"] {
            let output = folder.run(&["capture", "info", name, "--format", format]);
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), String::new()));
            assert!(text(&output.stderr).starts_with(&format!("error: {name}: ")));
        }
    }
    // Of what is cut off, what comes before is told.
    let whole = captured::capture(Compression::None);
    std::fs::write(folder.path("cut.scap"), &whole[..whole.len() - 20]).unwrap();
    let output = folder.run(&["capture", "info", "cut.scap"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stdout).starts_with("host         web-1\n"));
}

#[test]
fn a_part_of_a_capture_is_a_capture() {
    let folder = Folder::new();
    for (name, magic) in
        [("part.scap", &[0x1f, 0x8b][..]), ("part.zst", &[0x28, 0xb5]), ("part.raw", &[0x0a, 0x0d])]
    {
        let output =
            folder.run(&["capture", "cut", "trace.scap", "--from", "01:00:01", "--to", "+2s", "-o", name]);
        assert_eq!(text(&output.stderr), "5 events taken, 0 kept for the state alone, 1 left out\n");
        assert!(std::fs::read(folder.path(name)).unwrap().starts_with(magic), "{name}");
        let shown = folder.shown(&["replay", name, "--print", "%evt.type %fd.name", "-q"]);
        assert_eq!(shown.lines().next(), Some("read /etc/shadow"), "{name}");
    }
    let output =
        folder.run(&["capture", "cut", "trace.scap", "--filter", "evt.type = read", "-o", "reads.scap"]);
    assert_eq!(text(&output.stderr), "2 events taken, 5 kept for the state alone, 1 left out\n");
    assert_eq!(folder.shown(&["replay", "reads.scap", "--print", "%fd.name"]), "/etc/shadow\n/etc/shadow\n");
    for (from, to) in [("+2s", "+1s"), ("01:00:02", "01:00:01"), ("01:00:02", "+1s")] {
        let backwards = ["capture", "cut", "trace.scap", "--from", from, "--to", to, "-o", "no.scap"];
        let output = folder.run(&backwards);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).starts_with("error: --to is before --from\n"));
        assert!(!folder.path("no.scap").exists());
    }
    // Nothing is left behind where it fails.
    let output = folder.run(&["capture", "cut", "rules.yaml", "-o", "no.scap"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(!Path::new(&folder.path("no.scap")).exists());
}
