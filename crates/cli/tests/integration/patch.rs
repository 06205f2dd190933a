//! Changes to files: the diff that is shown, and all that speaks against writing.

use std::fs;
use std::path::Path;

use eyrie_cli::patch::{Change, Plan};
use eyrie_cli::render::terminal::{TerminalOptions, diff};

use crate::fixture::HOSTILE;

fn change(path: &str, before: Option<&str>, after: &str) -> Change {
    Change { path: path.into(), before: before.map(Into::into), after: after.into(), why: "Because.".into() }
}

fn draw(changes: &[Change], color: bool, width: usize) -> String {
    let options =
        TerminalOptions { width, color, unicode: true, links: None, pass_score: None, quiet: false };
    let mut out = Vec::new();
    diff::render(changes, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn refused(root: &Path, changes: &[Change]) -> String {
    Plan::new(root, changes).unwrap_err().to_string()
}

#[test]
fn a_diff_for_people() {
    let changes = [
        change("SECURITY.md", None, "# Security\n\nWrite to us.\n"),
        change(
            ".github/workflows/ci.yml",
            Some("on: push\njobs:\n  a:\n\tx: 1\n"),
            "on: push\npermissions:\n  contents: read\njobs:\n  a:\n\tx: 1\n",
        ),
    ];
    insta::assert_snapshot!(draw(&changes, false, 80), @"
    SECURITY.md  new file
      Because.
      @@ -0,0 +1,3 @@
      +# Security
      +
      +Write to us.

    .github/workflows/ci.yml
      Because.
      @@ -1,4 +1,6 @@
       on: push
      +permissions:
      +  contents: read
       jobs:
         a:
           x: 1
    ");
    insta::assert_snapshot!(draw(&changes[..1], true, 80).replace('\x1b', "␛"), @"
    ␛[1mSECURITY.md␛[0m␛[32m  new file␛[0m
      ␛[2mBecause.␛[0m
      ␛[36m@␛[0m␛[36m@ -0,0 +1,3 @@␛[0m
      ␛[32m+␛[0m␛[32m# Security␛[0m
      ␛[32m+␛[0m
      ␛[32m+␛[0m␛[32mWrite to us.␛[0m
    ");
}

#[test]
fn a_diff_cannot_steer_the_terminal() {
    let drawn = draw(&[change(HOSTILE, Some(HOSTILE), &format!("{HOSTILE}!"))], false, 60);
    assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "{drawn:?}");
    assert!(drawn.lines().all(|line| eyrie_cli::render::text::columns(line) <= 60), "{drawn}");
}

#[test]
fn git_applies_the_diff_and_we_do_the_same() {
    let cases = [
        ("new.md", None, "one\ntwo\n"),
        ("sub/folder/new.md", None, "no line end"),
        ("old.md", Some("one\ntwo\nthree\n"), "one\n2\nthree\nfour\n"),
        ("no-end.md", Some("one\ntwo"), "one\ntwo\n"),
        ("odd \"name\"\t.md", Some("a\n"), "b\n"),
        ("umlaut-ä.md", None, "ä\r\nwindows\r\n"),
    ];
    let (ours, gits) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let changes: Vec<_> = cases.iter().map(|(path, before, after)| change(path, *before, after)).collect();
    for change in &changes {
        for root in [&ours, &gits] {
            if let Some(before) = &change.before {
                fs::write(root.path().join(&change.path), before).unwrap();
            }
        }
    }
    Plan::new(ours.path(), &changes).unwrap().apply().unwrap();
    for change in &changes {
        assert_eq!(
            fs::read_to_string(ours.path().join(&change.path)).unwrap(),
            change.after,
            "{}",
            change.path
        );
    }
    let patch: String = changes.iter().map(Change::diff).collect();
    fs::write(gits.path().join("all.patch"), &patch).unwrap();
    let git = std::process::Command::new("git")
        .args(["apply", "--whitespace=nowarn", "all.patch"])
        .current_dir(gits.path())
        .env("GIT_CEILING_DIRECTORIES", gits.path().parent().unwrap())
        .output();
    let Ok(git) = git else {
        eprintln!("skipped: no program `git` here");
        return;
    };
    assert!(git.status.success(), "{}\n{patch}", String::from_utf8_lossy(&git.stderr));
    for change in &changes {
        assert_eq!(
            fs::read_to_string(gits.path().join(&change.path)).unwrap(),
            change.after,
            "{}",
            change.path
        );
    }
}

#[test]
fn nothing_is_written_outside() {
    let root = tempfile::tempdir().unwrap();
    for path in [
        "../x",
        "/etc/x",
        "a/../../x",
        "",
        ".",
        "a/",
        ".git/hooks/post-commit",
        "sub/.GIT/config",
        "./x",
        "a\0b",
    ] {
        let said = refused(root.path(), &[change(path, None, "x")]);
        assert!(said.contains("is not a path inside the repository"), "{path}: {said}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn nothing_is_written_through_links() {
    let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(elsewhere.path(), root.path().join("docs")).unwrap();
    std::os::unix::fs::symlink("nowhere", root.path().join("dangling.md")).unwrap();
    insta::assert_snapshot!(refused(root.path(), &[change("docs/new.md", None, "x")]), @"docs/new.md leads through the symbolic link docs");
    insta::assert_snapshot!(refused(root.path(), &[change("dangling.md", None, "x")]), @"dangling.md leads through the symbolic link dangling.md");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn nothing_is_written_over_what_changed_meanwhile() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file.md");
    fs::write(&file, "before").unwrap();
    let changes = [change("file.md", Some("before"), "after")];
    let plan = Plan::new(root.path(), &changes).unwrap();
    fs::write(&file, "somebody's").unwrap();
    assert_eq!(plan.apply().unwrap_err().to_string(), "file.md changed meanwhile");
    assert_eq!(fs::read_to_string(&file).unwrap(), "somebody's");
    assert_eq!(refused(root.path(), &changes), "file.md changed meanwhile");
    assert_eq!(refused(root.path(), &[change("file.md", None, "new")]), "file.md changed meanwhile");
    assert_eq!(refused(root.path(), &[change("gone.md", Some("x"), "new")]), "gone.md changed meanwhile");
    fs::create_dir(root.path().join("folder")).unwrap();
    assert_eq!(
        refused(root.path(), &[change("folder", None, "x")]),
        "folder is in the way and no plain file"
    );
    assert_eq!(
        refused(root.path(), &[change("file.md/x", None, "x")]),
        "file.md is in the way and no plain file"
    );
}

#[test]
fn one_refusal_keeps_all_from_being_written() {
    let root = tempfile::tempdir().unwrap();
    let changes = [change("a.md", None, "a"), change("../b.md", None, "b")];
    assert!(Plan::new(root.path(), &changes).is_err());
    assert_eq!(
        refused(root.path(), &[change("a", None, "1"), change("a", None, "2")]),
        "a would be written twice"
    );
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_written_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let script = root.path().join("run.sh");
    fs::write(&script, "a").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o750)).unwrap();
    let changes = [change("run.sh", Some("a"), "b")];
    Plan::new(root.path(), &changes).unwrap().apply().unwrap();
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}
