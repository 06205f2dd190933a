//! What is planned is what makes checks pass: every plan is written into the folder it was made for, and judged.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use eyrie_forge::{Answer, ForgeAnswers};
use eyrie_lang::diagnostic::RenderStyle;
use eyrie_posture::assess::{AssessError, Options, Target, assess_one};
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::catalog::read::Compatibility;
use eyrie_posture::catalog::{CLOMONITOR, Catalog};
use eyrie_posture::facts::ScorecardRun;
use eyrie_posture::fix::{FixPlan, plan};
use eyrie_posture::parse::workflow::Workflow;
use eyrie_posture::report::Outcome;
use proptest::prelude::*;

use crate::fixture::Fixture;

fn compiled() -> &'static Compiled {
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let catalog = Catalog::read(&[("clomonitor.yaml", CLOMONITOR)], Compatibility::Sane).expect("read");
        Compiled::new(catalog).expect("compiled")
    })
}

fn options() -> Options {
    let now = "2026-11-22T00:00:00Z".parse().expect("a time");
    Options { sets: Vec::new(), strict: false, now, history: None, name: None }
}

/// A folder of which the forge says that it has neither releases nor a licence.
fn target(root: &Path) -> Target {
    let mut forge = ForgeAnswers::default();
    forge.repository.releases = Answer::Known(Vec::new());
    forge.repository.license = Answer::Known(None);
    Target { forge, ..Target::folder(root) }
}

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("below")).expect("made");
    std::fs::write(path, content).expect("written");
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (path, content) in files {
        write(directory.path(), path, content);
    }
    directory
}

fn planned(root: &Path, only: &[&str]) -> FixPlan {
    let only: Vec<String> = only.iter().map(|id| (*id).to_owned()).collect();
    plan(compiled(), target(root), &options(), &only).expect("planned")
}

fn outcomes(root: &Path) -> BTreeMap<String, Outcome> {
    let report = assess_one(compiled(), target(root), &options()).expect("assessed");
    report.checks.into_iter().map(|check| (check.id, check.outcome)).collect()
}

/// Checks that the plan is about what is on disk, writes it, and checks that it keeps its promises.
fn apply(root: &Path, plan: &FixPlan) {
    for change in &plan.changes {
        let there = std::fs::read(root.join(&change.path)).ok();
        assert_eq!(there.as_deref(), change.before.as_ref().map(String::as_bytes), "{}", change.path);
    }
    let before = outcomes(root);
    for change in &plan.changes {
        write(root, &change.path, &change.after);
    }
    let after = outcomes(root);
    for (id, outcome) in &after {
        let fixed = plan.fixed.iter().any(|check| *check.0 == **id);
        let expected = if fixed { Outcome::Pass } else { before[id] };
        assert_eq!(*outcome, expected, "{id}");
        assert!(!fixed || before[id] == Outcome::Fail, "{id}");
    }
    let again = planned(root, &[]);
    assert_eq!(again.changes, [], "a second plan");
    assert_eq!(again.fixed, []);
}

/// The plan as text: what is written, and what Eyrie has reasons not to write.
fn shown(plan: &FixPlan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let _ = writeln!(text, "{} ({}): {}", change.path, change.check, change.why);
        let before: Vec<&str> = change.before.iter().flat_map(|before| before.lines()).collect();
        let mut rest = before.iter().peekable();
        for line in change.after.lines() {
            let kept = rest.next_if(|known| **known == line).is_some();
            let _ = writeln!(text, "{}{line}", if kept { "  " } else { "+ " });
        }
    }
    let fixed: Vec<_> = plan.fixed.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "fixed: {}", fixed.join(", "));
    for by_hand in plan.by_hand.iter().filter(|by_hand| !by_hand.reasons.is_empty()) {
        let _ = writeln!(text, "by hand, {}: {}", by_hand.check, by_hand.reasons.join("; "));
    }
    for undecided in &plan.undecided {
        let files = undecided.would_write.join(", ");
        let _ = writeln!(text, "undecided, {}: {files}; {}", undecided.check, undecided.supply.join("; "));
    }
    text
}

#[test]
fn dependabot_is_set_up_for_the_manifests_that_are_there() {
    let directory = folder(&[
        ("README.md", "# It\n"),
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"fuzz\"]\n"),
        ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
        ("fuzz/Cargo.toml", "[package]\nname = \"fuzz\"\n"),
        ("fuzz/nested/Cargo.toml", "[package]\nname = \"nested\"\n"),
        ("tools/go.mod", "module tools\n"),
        ("vendor/x/go.mod", "module x\n"),
        ("testdata/y/go.mod", "module y\n"),
        ("ignored/z/go.mod", "module z\n"),
        (".gitignore", "/ignored\n"),
        ("web/package.json", "{\"workspaces\": [\"packages/*\"]}"),
        ("web/packages/one/package.json", "{}"),
        ("web/packages/alone/package.json", "{}"),
        ("web/packages/alone/yarn.lock", ""),
        ("app/package.json", "{}"),
        ("app/bun.lock", ""),
        ("docs site/requirements-docs.txt", "mkdocs\n"),
        ("lint/pyproject.toml", "[tool.black]\nline-length = 100\n"),
        ("py/pyproject.toml", "[project]\nname = \"py\"\n"),
        ("uv/pyproject.toml", "[project]\nname = \"uv\"\n"),
        ("uv/uv.lock", ""),
        ("java/pom.xml", "<project><modules><module>core</module></modules></project>"),
        ("java/core/pom.xml", "<project/>"),
        ("java/other/pom.xml", "<project/>"),
        ("gradle/settings.gradle.kts", ""),
        ("gradle/app/build.gradle.kts", ""),
        ("dotnet/All.sln", ""),
        ("dotnet/src/A/A.csproj", ""),
        ("elixir/mix.exs", "[apps_path: \"apps\"]"),
        ("elixir/apps/a/mix.exs", ""),
        ("deploy/Dockerfile.dev", "FROM scratch\n"),
        ("deploy/compose.yaml", "services: {}\n"),
        ("infra/main.tf", ""),
        ("Gemfile", ""),
        (
            ".github/workflows/ci.yml",
            "on: push\npermissions: {}\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n",
        ),
        (".github/actions/build/action.yml", "runs: {using: composite, steps: []}\n"),
    ]);
    fixture_repository(directory.path());
    let plan = planned(directory.path(), &["dependency_update_tool"]);
    insta::assert_snapshot!(shown(&plan), @r#"
    .github/dependabot.yml (dependency_update_tool): Manifests are there for bun in /app, bundler in /, cargo in 3 folders, docker in /deploy, docker-compose in /deploy, github-actions in /, gomod in /tools, gradle in /gradle, maven in 2 folders, mix in /elixir, npm in 2 folders, nuget in /dotnet, pip in 2 folders, terraform in /infra and uv in /uv. The file must name an interval: change `weekly` as you like.
    + version: 2
    + updates:
    +   - package-ecosystem: bun
    +     directory: /app
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: bundler
    +     directory: /
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: cargo
    +     directories:
    +       - /
    +       - /fuzz
    +       - /fuzz/nested
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: docker
    +     directory: /deploy
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: docker-compose
    +     directory: /deploy
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: github-actions
    +     directory: /
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: gomod
    +     directory: /tools
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: gradle
    +     directory: /gradle
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: maven
    +     directories:
    +       - /java
    +       - /java/other
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: mix
    +     directory: /elixir
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: npm
    +     directories:
    +       - /web
    +       - /web/packages/alone
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: nuget
    +     directory: /dotnet
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: pip
    +     directories:
    +       - "/docs site"
    +       - /py
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: terraform
    +     directory: /infra
    +     schedule:
    +       interval: weekly
    +   - package-ecosystem: uv
    +     directory: /uv
    +     schedule:
    +       interval: weekly
    fixed: dependency_update_tool
    "#);
    let yaml = eyrie_posture::yaml::read_str(&plan.changes[0].after, &Default::default()).expect("YAML");
    assert_eq!(yaml.documents[0].get("version").and_then(|node| node.as_i64()), Some(2));
    apply(directory.path(), &plan);
}

/// A repository with one commit, so that what depends on commits is known.
fn fixture_repository(root: &Path) {
    Fixture::new(root).commit(&BTreeMap::new(), "Begin\n\nSigned-off-by: A <a@b>", 1_790_000_000);
}

#[test]
fn dependabot_is_not_for_gitlab_nor_for_nothing() {
    let directory = folder(&[("README.md", "# It\n")]);
    fixture_repository(directory.path());
    insta::assert_snapshot!(shown(&planned(directory.path(), &["dependency_update_tool"])), @r"
    fixed: 
    by hand, dependency_update_tool: no manifest was found for which Dependabot proposes updates
    ");
    write(directory.path(), "go.mod", "module x\n");
    let target = Target { url: Some("https://gitlab.com/a/b".into()), ..target(directory.path()) };
    let only = ["dependency_update_tool".to_owned()];
    let plan = plan(compiled(), target, &options(), &only).expect("planned");
    insta::assert_snapshot!(shown(&plan), @r"
    fixed: 
    by hand, dependency_update_tool: the repository is on gitlab.com, and Dependabot runs on GitHub
    ");
}

/// Nothing is written past a link, over something that is there, or where git would not see it.
#[test]
fn new_files_go_only_where_nothing_is_in_the_way() {
    let only = ["dependency_update_tool"];
    let reasons = |root: &Path| planned(root, &only).by_hand[0].reasons.join("; ");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let make = |files: &[(&str, &str)]| {
        let directory = folder(files);
        fixture_repository(directory.path());
        directory
    };

    let linked = make(&[("go.mod", "module x\n")]);
    std::os::unix::fs::symlink(elsewhere.path(), linked.path().join(".github")).expect("linked");
    insta::assert_snapshot!(reasons(linked.path()), @".github is no plain folder, so .github/dependabot.yml is not written");

    let file = make(&[("go.mod", "module x\n"), (".github", "a file\n")]);
    insta::assert_snapshot!(reasons(file.path()), @".github is no plain folder, so .github/dependabot.yml is not written");

    let dangling = make(&[("go.mod", "module x\n"), (".github/x", "")]);
    std::os::unix::fs::symlink("nothing", dangling.path().join(".github/dependabot.yml")).expect("linked");
    insta::assert_snapshot!(reasons(dangling.path()), @".github/dependabot.yml is there already, and no existing file is replaced");

    let hidden =
        make(&[("go.mod", "module x\n"), (".gitignore", "dependabot.yml\n"), (".github/dependabot.yml", "")]);
    insta::assert_snapshot!(reasons(hidden.path()), @".github/dependabot.yml is there already, ignored by git");

    for (at, rule) in [
        (".gitignore", ".*\n!.gitignore\n"),
        (".git/info/exclude", "/.github\n"),
        (".github/.gitignore", "*\n"),
    ] {
        let ignored = make(&[("go.mod", "module x\n")]);
        write(ignored.path(), at, rule);
        assert_eq!(
            reasons(ignored.path()),
            "git would ignore .github/dependabot.yml (see .gitignore)",
            "{at}"
        );
    }

    let fine =
        make(&[("go.mod", "module x\n"), (".gitignore", "*.yml\n"), (".github/.gitignore", "!*.yml\n")]);
    apply(fine.path(), &planned(fine.path(), &[]));
    assert!(fine.path().join(".github/dependabot.yml").exists());
}

const CI: &str = "# Tests every change.\nname: CI\non: [push, pull_request] # both\n\n# What runs\njobs:\n  test:\n    \
                  runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          cargo \
                  test --release\n";

fn with_workflows(workflows: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = folder(&[("README.md", "# It\n")]);
    for (name, text) in workflows {
        write(directory.path(), &format!(".github/workflows/{name}"), text);
    }
    directory
}

#[test]
fn permissions_are_declared_where_reading_is_enough() {
    let own = "on: push\njobs:\n  release:\n    permissions: {contents: write}\n    runs-on: x\n    steps: [{run: make release}]\n";
    let directory = with_workflows(&[("ci.yml", CI), ("release.yaml", own), ("empty.yml", "# nothing\n")]);
    let plan = planned(directory.path(), &["token_permissions"]);
    insta::assert_snapshot!(shown(&plan), @"
    .github/workflows/ci.yml (token_permissions): The workflow's token may only read, unless a job says otherwise: nothing in its jobs shows a use of the token beyond reading.
      # Tests every change.
      name: CI
      on: [push, pull_request] # both
      
    + permissions:
    +   contents: read
    + 
      # What runs
      jobs:
        test:
          runs-on: ubuntu-latest
          steps:
            - uses: actions/checkout@v4
            - run: |
                cargo test --release
    .github/workflows/release.yaml (token_permissions): The workflow's token may only read, unless a job says otherwise: all jobs declare what they need themselves.
      on: push
    + permissions:
    +   contents: read
      jobs:
        release:
          permissions: {contents: write}
          runs-on: x
          steps: [{run: make release}]
    fixed: token_permissions
    ");
    apply(directory.path(), &plan);
}

/// What cannot be shown to be safe is left alone, and said.
#[test]
fn permissions_are_not_declared_where_more_may_be_needed() {
    let steps = |steps: &str| format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}");
    let texts = [
        ("01-push", steps("      - uses: actions/checkout@v4\n      - run: git push\n")),
        ("02-token", steps("      - run: make\n        env:\n          T: ${{ secrets.GITHUB_TOKEN }}\n")),
        ("03-token", steps("      - run: echo ${{ GitHub['token'] }}\n")),
        ("04-all", steps("      - run: echo '${{ toJSON(secrets) }}'\n")),
        ("05-action", steps("      - uses: actions/stale@v9\n")),
        ("06-local", steps("      - uses: ./.github/actions/x\n")),
        (
            "07-input",
            steps("      - uses: golangci/golangci-lint-action@v6\n        with: {only-new-issues: true}\n"),
        ),
        ("08-npm", steps("      - uses: pypa/gh-action-pypi-publish@v1\n")),
        ("09-calls", "on: push\njobs: {a: {uses: o/r/.github/workflows/x.yml@v1}}\n".into()),
        ("10-called", "on: workflow_call\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n".into()),
        ("11-env", format!("env: {{T: '${{{{ github.token }}}}'}}\n{}", steps("      - run: make\n"))),
        ("12-flow", "{on: push, jobs: {a: {runs-on: x, steps: [{run: make}]}}}\n".into()),
        ("13-tabs", "on: push\njobs:\n\ta:\n\t\truns-on: x\n".into()),
        ("14-twice", "on: push\non: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n".into()),
        ("15-broken", steps("      - run: echo ${{ github. }}\n")),
        ("16-write", format!("permissions: write-all\n{}", steps("      - run: make\n"))),
    ];
    let directory = with_workflows(&[]);
    for (name, text) in &texts {
        write(directory.path(), &format!(".github/workflows/{name}.yml"), text);
    }
    write(directory.path(), ".github/workflows/17-latin.yml", b"on: push # \xe9\njobs: {a: {runs-on: x}}\n");
    write(directory.path(), "elsewhere.yml", CI);
    std::os::unix::fs::symlink("../../elsewhere.yml", directory.path().join(".github/workflows/18-link.yml"))
        .expect("linked");
    let plan = planned(directory.path(), &["token_permissions"]);
    assert_eq!(plan.changes, []);
    insta::assert_snapshot!(plan.by_hand[0].reasons.join("\n"), @"
    .github/workflows/01-push.yml: job `a` runs `push`, which may write to the repository
    .github/workflows/02-token.yml: job `a` uses the token: `secrets.GITHUB_TOKEN`
    .github/workflows/03-token.yml: job `a` uses the token: `GitHub['token']`
    .github/workflows/04-all.yml: job `a` uses the token: `toJSON(secrets)`
    .github/workflows/05-action.yml: job `a` uses actions/stale@v9, of which Eyrie does not know what it needs
    .github/workflows/06-local.yml: job `a` uses ./.github/actions/x, of which Eyrie does not know what it needs
    .github/workflows/07-input.yml: job `a` uses golangci/golangci-lint-action@v6 with `only-new-issues`, for which it needs more
    .github/workflows/08-npm.yml: job `a` publishes (pypi)
    .github/workflows/09-calls.yml: job `a` calls o/r/.github/workflows/x.yml@v1, which may need more
    .github/workflows/10-called.yml: other workflows call it, and each would have to grant what it asks for
    .github/workflows/11-env.yml: job `a` uses the token: `github.token`
    .github/workflows/12-flow.yml: its layout is none that Eyrie can edit
    .github/workflows/13-tabs.yml: line 3: not YAML: tabs disallowed within this context (block indentation)
    .github/workflows/14-twice.yml: line 2: `on` was there before, in line 1
    .github/workflows/15-broken.yml: line 6: `github.` cannot be read: expected a name or `*` after the point, found the end
    .github/workflows/16-write.yml: line 1: all jobs get `write-all`; give it to the job that needs it
    .github/workflows/17-latin.yml: it is not UTF-8
    .github/workflows/18-link.yml: it is a symbolic link, which is not followed
    ");
}

/// What is safe is written even where something else is left to do, and the check is not called fixed.
#[test]
fn one_workflow_can_be_fixed_without_the_other() {
    let other = "on: push\njobs: {a: {runs-on: x, steps: [{uses: actions/stale@v9}]}}\n";
    let directory = with_workflows(&[("ci.yml", CI), ("stale.yml", other)]);
    let plan = planned(directory.path(), &["token_permissions"]);
    assert_eq!(
        plan.changes.iter().map(|change| &*change.path).collect::<Vec<_>>(),
        [".github/workflows/ci.yml"]
    );
    assert_eq!(plan.fixed, []);
    insta::assert_snapshot!(plan.by_hand[0].reasons.join("\n"), @".github/workflows/stale.yml: job `a` uses actions/stale@v9, of which Eyrie does not know what it needs");
    apply(directory.path(), &plan);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever the layout: an edit says what the file on disk said, and besides that only what its token may do.
    #[test]
    fn edits_add_nothing_but_the_key(
        parts in proptest::collection::vec(0_usize..14, 0..8),
        crlf in any::<bool>(),
        last in any::<bool>(),
        jobs_first in any::<bool>(),
    ) {
        const PARTS: [&str; 14] = [
            "on: push\n", "# a comment\n", "\n", "name: &name 'CI: # no comment'\n", "run-name: *name\n", "---\n",
            "env:\n  A: |\n    text\n\n  # after\n", "  # indented\n", "defaults: {run: {shell: bash}}\n", "\u{feff}",
            "concurrency: >-\n  folded\n  text\n", "\t\n", "...\n", "permissions: read-all\n",
        ];
        const JOBS: &str = "jobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          make\n";
        let mut text: String = parts.iter().map(|part| PARTS[*part]).collect();
        text = if jobs_first { format!("{JOBS}{text}") } else { format!("{text}{JOBS}") };
        if !last {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let directory = with_workflows(&[("ci.yml", &text)]);
        let plan = planned(directory.path(), &["token_permissions"]);
        for change in &plan.changes {
            prop_assert_eq!(change.before.as_deref(), Some(&*text));
            let (old, new) = (Workflow::parse(text.as_bytes()), Workflow::parse(change.after.as_bytes()));
            prop_assert_eq!(new.permissions.kind(), "scopes");
            prop_assert_eq!(old.jobs.len(), new.jobs.len());
            let lines: Vec<&str> = text.lines().collect();
            let mut rest = lines.iter().peekable();
            let added: Vec<&str> =
                change.after.lines().filter(|line| rest.next_if(|known| *known == line).is_none()).collect();
            prop_assert!(rest.next().is_none());
            prop_assert!(added.iter().all(|line| ["permissions:", "  contents: read", ""].contains(&line.trim_end())), "{:?}", added);
            prop_assert_eq!(change.after.matches("\r\n").count(), if crlf { change.after.matches('\n').count() } else { 0 });
        }
        apply(directory.path(), &plan);
    }
}

#[test]
fn a_changelog_is_made_from_tags() {
    let directory = folder(&[("README.md", "# It\n")]);
    let root = directory.path();
    let mut fixture = Fixture::new(root);
    let day = |day: i64| 1_700_000_000 + day * 86_400;
    let nothing = BTreeMap::new();
    let tag = |name: &str, id: gix::ObjectId| {
        let repository = gix::open(root).expect("a repository");
        let new = gix::refs::transaction::PreviousValue::MustNotExist;
        repository.tag_reference(name, id, new).expect("tagged");
    };
    fixture.commit(&nothing, "Begin", day(0));
    let first = fixture.commit(&nothing, "Add *everything* <at once> & [more](x)\n\nBody", day(1));
    tag("v0.1.0", first);
    tag("nightly", first);
    for number in 1..=32 {
        fixture.commit(&nothing, &format!("Change {number}"), day(1) + number);
    }
    let second = fixture.commit(&nothing, "# No heading\u{7}", day(2));
    tag("v0.2.0-rc.1", second);
    tag("v0.2.0", second);
    fixture.commit(&nothing, "Not released", day(3));
    // A fix for the first version, made later, beside the main line.
    let repository = gix::open(root).expect("a repository");
    let time = format!("{} +0000", day(4));
    let who = gix::actor::SignatureRef { name: "A".into(), email: "a@b".into(), time: &time };
    let tree = repository.empty_tree().id;
    let fix = repository
        .commit_as(who, who, "refs/heads/old", "Fix the old one", tree, [first])
        .expect("committed");
    tag("v0.1.1", fix.detach());

    let plan = planned(root, &["changelog"]);
    insta::assert_snapshot!(shown(&plan), @r"
    CHANGELOG.md (changelog): Git has 4 version tags; the sections hold the subjects of the commits between them, for you to edit.
    + # Changelog
    + 
    + One section for each version tag in git, with the subjects of the commits that came with it.
    + 
    + ## v0.1.1 (2023-11-18)
    + 
    + - Fix the old one
    + 
    + ## v0.2.0 (2023-11-16)
    + 
    + - \# No heading
    + - Change 32
    + - Change 31
    + - Change 30
    + - Change 29
    + - Change 28
    + - Change 27
    + - Change 26
    + - Change 25
    + - Change 24
    + - Change 23
    + - Change 22
    + - Change 21
    + - Change 20
    + - Change 19
    + - Change 18
    + - Change 17
    + - Change 16
    + - Change 15
    + - Change 14
    + - Change 13
    + - Change 12
    + - Change 11
    + - Change 10
    + - Change 9
    + - Change 8
    + - Change 7
    + - Change 6
    + - Change 5
    + - Change 4
    + - and 3 more commits
    + 
    + ## v0.2.0-rc.1 (2023-11-16)
    + 
    + The same commit as v0.2.0.
    + 
    + ## v0.1.0 (2023-11-15)
    + 
    + - Add \*everything\* \<at once\> \& \[more\](x)
    + - Begin
    fixed: changelog
    ");
    apply(root, &plan);
}

#[test]
fn a_changelog_is_not_invented() {
    let reasons = |root: &Path| planned(root, &["changelog"]).by_hand[0].reasons.join("; ");
    let plain = folder(&[("README.md", "# It\n")]);
    insta::assert_snapshot!(reasons(plain.path()), @"there is no git repository with tags");
    fixture_repository(plain.path());
    insta::assert_snapshot!(reasons(plain.path()), @"git has no version tags (such as v1.2.0) to tell the changes from");
    write(plain.path(), "HISTORY.rst", "1.0\n===\n");
    insta::assert_snapshot!(reasons(plain.path()), @r#"HISTORY.rst seems to tell what changed: link to it as "Changelog""#);
    let below = plain.path().join("part");
    write(plain.path(), "part/README.md", "# Part\n");
    insta::assert_snapshot!(reasons(&below), @"the folder is only a part of the git repository whose tags these are");
}

#[test]
fn a_licence_is_written_as_all_manifests_declare_it() {
    let directory = folder(&[
        (
            "Cargo.toml",
            "[workspace.package]\nlicense = \"MIT\"\n[package]\nname = \"x\"\nlicense.workspace = true\n",
        ),
        ("web/package.json", "{\"license\": \"MIT\"}"),
        ("vendor/x/package.json", "{\"license\": \"GPL-3.0-only\"}"),
    ]);
    let plan = planned(directory.path(), &["license_spdx_id", "license_approved"]);
    assert!(plan.changes[0].after.starts_with("MIT License\n\nCopyright (c) <year> <copyright holders>\n"));
    insta::assert_snapshot!(shown(&plan).lines().filter(|line| !line.starts_with('+')).collect::<Vec<_>>().join("\n"), @r"
    LICENSE (license_spdx_id): MIT is the licence declared in Cargo.toml and web/package.json. The text has places that only you can fill in: <year> and <copyright holders>.
    fixed: license_spdx_id, license_approved
    ");
    apply(directory.path(), &plan);
}

#[test]
fn a_licence_is_not_chosen_for_anybody() {
    let reasons = |files: &[(&str, &str)]| {
        planned(folder(files).path(), &["license_spdx_id"]).by_hand[0].reasons.join("; ")
    };
    let cargo = |licence: &str| format!("[package]\nname = \"x\"\nlicense = \"{licence}\"\n");
    let all = [
        reasons(&[("README.md", "# It\n")]),
        reasons(&[("Cargo.toml", &cargo("MIT OR Apache-2.0"))]),
        reasons(&[("Cargo.toml", &cargo("MIT")), ("package.json", "{\"license\": \"ISC\"}")]),
        reasons(&[("package.json", "{\"license\": \"UNLICENSED\"}")]),
        reasons(&[("pyproject.toml", "[project]\nlicense = {file = \"LIC\"}\n")]),
        reasons(&[("Cargo.toml", &cargo("MIT")), ("COPYING", "All rights reserved.\n")]),
        reasons(&[("Cargo.toml", &cargo("MIT")), ("LICENSE.txt", "\n")]),
        reasons(&[("Cargo.toml", "license = [\n")]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    no manifest declares a licence
    Cargo.toml says `MIT OR Apache-2.0`, which is not the SPDX id of a single licence
    package.json says `ISC`, Cargo.toml says `MIT`
    package.json says `UNLICENSED`, which is not the SPDX id of a single licence
    pyproject.toml says `LIC`, which is not the SPDX id of a single licence
    COPYING is there already; whether its text is meant is for you to say
    LICENSE.txt is there already; whether its text is meant is for you to say
    no manifest declares a licence
    ");
}

/// Without the forge's answer it is not known that a check fails; then nothing is written, and it says so.
#[test]
fn nothing_is_written_for_what_is_unknown() {
    let directory = folder(&[("Cargo.toml", "[package]\nname = \"x\"\nlicense = \"Apache-2.0\"\n")]);
    let only = ["license_spdx_id".to_owned()];
    let plan = plan(compiled(), Target::folder(directory.path()), &options(), &only).expect("planned");
    assert_eq!((plan.changes.len(), plan.by_hand.len()), (0, 0));
    insta::assert_snapshot!(shown(&plan), @"
    fixed: 
    undecided, license_spdx_id: LICENSE; record it with `eyrie forge record URL`, or assess online without --forge-data
    ");
}

/// Which writer serves which check is the catalogue's; one that does not help is found out.
#[test]
fn what_would_not_help_is_not_written() {
    let own = "- check: roadmap\n  title: Roadmap\n  category: documentation\n  weight: 1\n  sets: [community]\n  fix: Write one.\n  \
               fix_with: [changelog-from-tags, dependabot]\n  pass:\n    - {any: file, condition: file.path = ROADMAP.md}\n";
    let catalog = Catalog::read(&[("shipped", CLOMONITOR), ("own", own)], Compatibility::Sane).expect("read");
    let compiled = Compiled::new(catalog).expect("compiled");
    let directory = folder(&[("go.mod", "module x\n")]);
    let plan =
        plan(&compiled, target(directory.path()), &options(), &["roadmap".to_owned()]).expect("planned");
    insta::assert_snapshot!(shown(&plan), @"
    fixed: 
    by hand, roadmap: there is no git repository with tags; even with .github/dependabot.yml the check would not pass
    ");
}

#[test]
fn a_recorded_verdict_is_not_changed_by_writing() {
    let directory = folder(&[("go.mod", "module x\n")]);
    let run = ScorecardRun { checks: vec![("Dependency-Update-Tool".into(), 0.0, "no tool".into())] };
    let target = Target { scorecard: Some(run.into()), ..target(directory.path()) };
    let only = ["dependency_update_tool".to_owned()];
    let plan = plan(compiled(), target, &options(), &only).expect("planned");
    insta::assert_snapshot!(shown(&plan), @"
    fixed: 
    by hand, dependency_update_tool: even with .github/dependabot.yml the check would not pass: Scorecard: 0 of 10, no tool
    ");
}

#[test]
fn a_fix_that_does_not_exist_is_a_mistake() {
    let own = "- check: mine\n  category: legal\n  weight: 1\n  fix_with: [dependabott, magic]\n  pass: {any: file}\n";
    let error =
        Catalog::read(&[("shipped", CLOMONITOR), ("own.yaml", own)], Compatibility::Sane).expect_err("no");
    let drawn: Vec<_> = error.problems.iter().map(|problem| problem.render(RenderStyle::default())).collect();
    insta::assert_snapshot!(drawn.join("\n"), @"
    error[catalog-unknown-fix]: there is no fix called `dependabott`
     --> own.yaml:4:14
      |
    4 |   fix_with: [dependabott, magic]
      |              ^^^^^^^^^^^
      |
      = help: did you mean `dependabot`?
    error[catalog-unknown-fix]: there is no fix called `magic`
     --> own.yaml:4:27
      |
    4 |   fix_with: [dependabott, magic]
      |                           ^^^^^
      |
      = help: there are dependabot, workflow-permissions, changelog-from-tags, license-from-manifest
    ");
}

#[test]
fn there_is_nothing_to_change_without_files() {
    let directory = tempfile::tempdir().expect("a directory");
    fixture_repository(directory.path());
    let at = Target { at: Some("HEAD".into()), ..target(directory.path()) };
    assert!(matches!(plan(compiled(), at, &options(), &[]), Err(AssessError::NoWorkTree(_))));
    let bare = directory.path().join("it.git");
    std::fs::rename(directory.path().join(".git"), &bare).expect("moved");
    let config = std::fs::read_to_string(bare.join("config")).expect("read");
    write(&bare, "config", config.replace("bare = false", "bare = true"));
    assert!(matches!(plan(compiled(), target(&bare), &options(), &[]), Err(AssessError::NoWorkTree(_))));
}
