//! `eyrie checks`: a catalogue, explained.

use crate::assess::CATALOG;
use crate::command::{eyrie, text};

fn checks(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.yaml"), CATALOG).unwrap();
    let output = eyrie()
        .current_dir(folder.path())
        .args(["checks", "--catalog", "tiny.yaml"])
        .args(arguments)
        .output()
        .unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn all_checks() {
    insta::assert_snapshot!(checks(&[]), @"
    A tiny catalogue  3 checks

      files  what files tell  4 points, taken by default
      all    everything  6 points

    Documentation
      readme      3  Readme  files, all
      changelog   1  Changelog  files, all

    Forge
      described   2  Described  all

    eyrie checks show ID tells what one of them looks at, and why
    ");
    assert_eq!(checks(&["list"]), checks(&[]));
}

#[test]
fn one_check() {
    insta::assert_snapshot!(checks(&["show", "changelog"]), @r#"
    Changelog  changelog                                                     1 point
    Documentation, sets files, all

        What changed.

        fix   Add a CHANGELOG.md.

        docs  https://eyrie.example/changelog

    The rule  tiny.yaml:22

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
    "#);
    insta::assert_snapshot!(checks(&["show", "chnagelog"]), @"
    error: there is no check `chnagelog`
      help: did you mean `changelog`? `eyrie checks` lists all
    ");
}

#[test]
fn fields_of_a_kind() {
    let fields = checks(&["fields", "step"]);
    assert!(fields.starts_with("step\n") && fields.contains("step.action"), "{fields}");
    insta::assert_snapshot!(checks(&["fields", "stp"]), @"
    error: there is no kind of record `stp`
      help: did you mean `step`? `eyrie checks fields` lists all
    ");
    let all = checks(&["fields"]);
    for kind in eyrie_posture::kind::Kind::ALL {
        assert!(all.contains(&format!("{}\n", kind.name())), "{}", kind.name());
    }
}

#[test]
fn every_check_of_the_catalogue_that_comes_along_is_explained() {
    let list = text(&eyrie().arg("checks").output().unwrap().stdout);
    let ids: Vec<_> =
        list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(ids.len() > 35 && ids.contains(&"dco"), "{list}");
    let output = eyrie().args(["checks", "show", "dco", "cla", "readme"]).output().unwrap();
    let shown = text(&output.stdout);
    for id in ["dco", "cla", "readme"] {
        assert!(shown.contains(&format!("- check: {id}\n")), "{shown}");
    }
}
