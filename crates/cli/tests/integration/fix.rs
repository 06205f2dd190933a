//! `eyrie fix`: shows first, writes when told to.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::command::{eyrie, text};

const CI: &str = "on: push\n\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";
const PATH: &str = ".github/workflows/ci.yml";

fn workplace() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".github/workflows")).unwrap();
    fs::write(folder.path().join(PATH), CI).unwrap();
    folder
}

fn fix(folder: &Path, arguments: &[&str]) -> Output {
    eyrie().current_dir(folder).arg("fix").args(arguments).output().unwrap()
}

#[test]
fn a_diff_is_shown_and_written_only_when_told_to() {
    let folder = workplace();
    let shown = fix(folder.path(), &["--check", "token_permissions"]);
    assert_eq!(shown.status.code(), Some(0));
    insta::assert_snapshot!(text(&shown.stdout), @"
    token_permissions: The workflow's token may only read, unless a job says otherwise: nothing in its jobs shows a use of the token beyond reading.
    diff --git a/.github/workflows/ci.yml b/.github/workflows/ci.yml
    --- a/.github/workflows/ci.yml
    +++ b/.github/workflows/ci.yml
    @@ -1,5 +1,8 @@
     on: push
     
    +permissions:
    +  contents: read
    +
     jobs:
       test:
         runs-on: ubuntu-latest
    ");
    insta::assert_snapshot!(text(&shown.stderr), @"
    1 file to write: token_permissions then passes (1 point)
    nothing was written; --write does it
    ");
    assert_eq!(fs::read_to_string(folder.path().join(PATH)).unwrap(), CI);

    let written = fix(folder.path(), &["--check", "token_permissions", "--write"]);
    assert_eq!(written.stdout, shown.stdout);
    insta::assert_snapshot!(text(&written.stderr), @"wrote 1 file: token_permissions then passes (1 point)");
    let expected = CI.replace("jobs:", "permissions:\n  contents: read\n\njobs:");
    assert_eq!(fs::read_to_string(folder.path().join(PATH)).unwrap(), expected);

    let again = fix(folder.path(), &["--check", "token_permissions", "--write"]);
    assert_eq!((text(&again.stdout), again.status.code()), (String::new(), Some(0)));
    assert_eq!(text(&again.stderr), "nothing to fix\n");
}

#[test]
fn what_is_left_to_do_is_said_with_the_reason() {
    let folder = workplace();
    let publishes = CI.replace("run: make", "run: git push");
    fs::write(folder.path().join(PATH), publishes).unwrap();
    fs::write(folder.path().join("package.json"), "{\"license\": \"MIT\"}").unwrap();
    let output = fix(folder.path(), &["--check", "token_permissions", "--check", "license_spdx_id"]);
    assert_eq!(text(&output.stdout), "");
    insta::assert_snapshot!(text(&output.stderr), @"
    nothing that fails can safely be written

    license_spdx_id: LICENSE could be written if it were known that it fails
      cannot be decided: the forge: nothing says on which forge the repository is
      help: give the address instead of the folder, add a git remote called origin, or supply recorded answers with --forge-data

    for you to do:
      token_permissions: Declare `permissions: read-all` or less at the top of each workflow, and more only for the job that needs it.
        - .github/workflows/ci.yml: job `test` runs `push`, which may write to the repository
    ");
}

#[test]
fn wrong_arguments_are_told_apart_from_what_cannot_be_assessed() {
    let folder = workplace();
    let unknown = fix(folder.path(), &["--check", "token_permission"]);
    assert_eq!(unknown.status.code(), Some(2));
    insta::assert_snapshot!(text(&unknown.stderr), @"
    error: there is no check `token_permission`
      help: did you mean `token_permissions`? `eyrie checks` lists all
    ");
    let address = fix(folder.path(), &["https://github.com/o/r"]);
    assert_eq!(address.status.code(), Some(2));
    insta::assert_snapshot!(text(&address.stderr), @"
    error: https://github.com/o/r is no folder
      help: clone the repository and give the folder
    ");
    let nowhere = fix(folder.path(), &["nowhere"]);
    assert_eq!(nowhere.status.code(), Some(3));
    insta::assert_snapshot!(text(&nowhere.stderr), @"error: there is no folder nowhere");
}
