use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// Everything that was read, one line each, with line numbers.
fn show(workflow: &Workflow) -> String {
    let mut out = format!("{}\n", workflow.state.name());
    let written = |out: &mut String, what: &str, value: &Option<Written>| {
        if let Some(value) = value {
            let _ = writeln!(out, "{what} {:?} @{}", value.text, value.span.line);
        }
    };
    let variables = |out: &mut String, what: &str, all: &[Variable]| {
        for v in all {
            let _ = writeln!(out, "{what} {} = {:?} @{}", v.name, v.value.text, v.value.span.line);
        }
    };
    let permissions = |out: &mut String, pad: &str, permissions: &Permissions| {
        let at = permissions.span().map(|span| format!(" @{}", span.line)).unwrap_or_default();
        let _ = writeln!(out, "{pad}permissions {}{at}", permissions.kind());
        for p in permissions.scopes() {
            let _ = writeln!(out, "{pad}  {}: {:?} @{}", p.scope, p.access, p.span.line);
        }
    };
    let uses = |used: &Reference| {
        let (u, comment) = (&used.uses, used.comment.as_deref().unwrap_or("-"));
        let version = u.version.as_deref().unwrap_or("-");
        format!("{} {} {version} {} #{comment} @{}", u.kind.name(), u.name, u.pinning.name(), used.span.line)
    };
    written(&mut out, "name", &workflow.name);
    written(&mut out, "run-name", &workflow.run_name);
    for t in &workflow.triggers {
        let _ = writeln!(out, "on {} {:?} inputs {:?} @{}", t.event, t.filters, t.inputs, t.span.line);
    }
    permissions(&mut out, "", &workflow.permissions);
    variables(&mut out, "env", &workflow.env);
    written(&mut out, "shell", &workflow.default_shell);
    for job in &workflow.jobs {
        let _ = writeln!(out, "job {} @{}", job.id, job.span.line);
        written(&mut out, "  name", &job.name);
        if let Some(used) = &job.uses {
            let _ = writeln!(out, "  uses {} inherits {}", uses(used), job.inherits_secrets);
        }
        variables(&mut out, "  with", &job.with);
        variables(&mut out, "  secret", &job.secrets);
        written(&mut out, "  if", &job.condition);
        let (group, environment) = (&job.runner_group, &job.environment);
        let _ = writeln!(
            out,
            "  needs {:?} runs-on {:?} group {group:?} environment {environment:?}",
            job.needs, job.runs_on
        );
        written(&mut out, "  container", &job.container);
        job.services.iter().for_each(|s| written(&mut out, "  service", &Some(s.clone())));
        permissions(&mut out, "  ", &job.permissions);
        variables(&mut out, "  env", &job.env);
        written(&mut out, "  shell", &job.default_shell);
        if !job.matrix.is_empty() {
            let _ = writeln!(out, "  matrix {:?}", job.matrix);
        }
        if !job.publishes_to.is_empty() {
            let _ = writeln!(out, "  publishes to {:?}", job.publishes_to);
        }
        for step in &job.steps {
            let _ = writeln!(out, "  step {} id {:?} @{}", step.index, step.id, step.span.line);
            written(&mut out, "    name", &step.name);
            written(&mut out, "    if", &step.condition);
            if let Some(used) = &step.uses {
                let _ = writeln!(out, "    uses {}", uses(used));
            }
            variables(&mut out, "    with", &step.with);
            if step.run.is_some() {
                written(&mut out, &format!("    run in {:?}", step.shell), &step.run);
            }
            variables(&mut out, "    env", &step.env);
        }
    }
    for e in &workflow.expressions {
        let (job, step) =
            (e.job.map_or("-".into(), |j| j.to_string()), e.step.map_or("-".into(), |s| s.to_string()));
        let key = e.key.as_deref().unwrap_or("-");
        let (contexts, calls) = (e.parsed.contexts.join(" "), e.parsed.calls.join(" ; "));
        let _ = writeln!(
            out,
            "expression {job}/{step} {}/{key} {:?} reads [{contexts}] calls [{calls}] @{}:{}",
            e.place, e.text, e.span.line, e.span.column
        );
    }
    for p in &workflow.problems {
        let _ = writeln!(out, "{} {} @{}:{}", p.kind.name(), p.message, p.span.line, p.span.column);
    }
    out
}

fn parse(text: &str) -> Workflow {
    Workflow::parse(text.as_bytes())
}

/// A workflow with one job that has these steps.
fn with_steps(steps: &str) -> Workflow {
    parse(&format!("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"))
}

#[test]
fn a_whole_workflow() {
    let workflow = parse(
        r#"# Release
name: Release ${{ github.ref_name }}
run-name: by @${{ github.actor }}
on:
  push:
    branches: [main, 'release/**']
    tags: v*
  pull_request_target: {types: [opened]}
  schedule:
    - cron: '0 0 * * 0'
    - cron: '5 0 * * 1'
  workflow_dispatch:
    inputs:
      level: {type: choice, options: [a, b]}
  workflow_call:
permissions:
  contents: read
  id-token: write # for signing
env:
  DEBUG: ${{ vars.DEBUG }}
defaults:
  run: {shell: 'bash -e {0}', working-directory: src}
concurrency: ${{ github.workflow }}
jobs:
  build:
    name: Build
    needs: lint
    if: github.event_name == 'push' && !cancelled()
    runs-on: ${{ matrix.os }}
    environment: {name: production, url: 'https://example.org'}
    permissions: write-all
    container: ghcr.io/a/b:1
    services:
      db: {image: postgres}
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        include: [{os: macos-14, extra: 1}]
    steps:
      - uses: actions/checkout@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v4.1.0
        with:
          Ref: ${{ github.event.pull_request.head.sha }}
          fetch-depth: 0
      - name: Run
        id: run
        env: {TITLE: "${{ github.event['issue'].title }}"}
        run: |
          echo "one"
          echo "${{ github.head_ref }}" ${{ toJSON(github.event) }}
      - uses: docker://alpine:3.20
        if: ${{ always() }}
  call:
    needs: [build]
    uses: a/b/.github/workflows/c.yml@main
    with: {x: 1}
    secrets: inherit
"#,
    );
    insta::assert_snapshot!(show(&workflow), @r#"
    read
    name "Release ${{ github.ref_name }}" @2
    run-name "by @${{ github.actor }}" @3
    on push [("branches", ["main", "release/**"]), ("tags", ["v*"])] inputs [] @5
    on pull_request_target [("types", ["opened"])] inputs [] @8
    on schedule [("cron", ["0 0 * * 0", "5 0 * * 1"])] inputs [] @9
    on workflow_dispatch [] inputs ["level"] @12
    on workflow_call [] inputs [] @15
    permissions scopes @17
      contents: "read" @17
      id-token: "write" @18
    env DEBUG = "${{ vars.DEBUG }}" @20
    shell "bash -e {0}" @22
    job build @25
      name "Build" @26
      if "github.event_name == 'push' && !cancelled()" @28
      needs ["lint"] runs-on ["${{ matrix.os }}"] group None environment Some("production")
      container "ghcr.io/a/b:1" @32
      service "postgres" @34
      permissions write-all @31
      matrix [("os", ["ubuntu-latest", "windows-latest", "macos-14"]), ("extra", ["1"])]
      step 0 id None @40
        uses action actions/checkout 8f4b7f84864484a7bf31766abe9204da3cbe65b3 commit #v4.1.0 @40
        with Ref = "${{ github.event.pull_request.head.sha }}" @42
        with fetch-depth = "0" @43
      step 1 id Some("run") @44
        name "Run" @44
        run in Some("bash -e {0}") "echo \"one\"\necho \"${{ github.head_ref }}\" ${{ toJSON(github.event) }}\n" @48
        env TITLE = "${{ github.event['issue'].title }}" @46
      step 2 id None @50
        if "${{ always() }}" @51
        uses image alpine 3.20 version #- @50
    job call @52
      uses workflow a/b/.github/workflows/c.yml main name #- @54 inherits true
      with x = "1" @55
      needs ["build"] runs-on [] group None environment None
      permissions undeclared
    expression -/- name/- "github.ref_name" reads [github.ref_name] calls [] @2:15
    expression -/- run-name/- "github.actor" reads [github.actor] calls [] @3:15
    expression -/- env/DEBUG "vars.DEBUG" reads [vars.debug] calls [] @20:10
    expression -/- concurrency/- "github.workflow" reads [github.workflow] calls [] @23:14
    expression 0/- if/- "github.event_name == 'push' && !cancelled()" reads [github.event_name] calls [cancelled()] @28:9
    expression 0/- runs-on/- "matrix.os" reads [matrix.os] calls [] @29:14
    expression 0/0 with/Ref "github.event.pull_request.head.sha" reads [github.event.pull_request.head.sha] calls [] @42:16
    expression 0/1 env/TITLE "github.event['issue'].title" reads [github.event.issue.title] calls [] @46:23
    expression 0/1 run/- "github.head_ref" reads [github.head_ref] calls [] @49:17
    expression 0/1 run/- "toJSON(github.event)" reads [github.event] calls [tojson(github.event)] @49:41
    expression 0/2 if/- "always()" reads [] calls [always()] @51:13
    "#);
}

#[test]
fn a_broken_workflow_tells_what_is_wrong_and_the_rest_is_read() {
    let workflow = parse(
        "\
on:
  push: main
  schedule: daily
permissons: read-all
permissions: [contents]
jobs:
  a:
    runs-on: ubuntu-latest
    step: []
  b:
    steps:
      - uses: {a: b}
      - run: [x]
      - text
      - uses: actions/checkout@v4
        run: echo ${{ github.
      - name: nothing
        uses:
  c: null
  a:
    runs-on: x
  d:
    uses: ./.github/workflows/x.yml
    steps:
      - run: echo '${{ a b }}'
  e:
    permissions: {contents: [write], packages: }
    secrets: all
    runs-on: {group: g, label: x}
    steps: []
? [complex]
: 1
",
    );
    insta::assert_snapshot!(show(&workflow), @r#"
    read
    on push [] inputs [] @2
    on schedule [] inputs [] @3
    permissions none @5
    job a @7
      needs [] runs-on ["ubuntu-latest"] group None environment None
      permissions undeclared
    job b @10
      needs [] runs-on [] group None environment None
      permissions undeclared
      step 0 id None @12
      step 1 id None @13
      step 2 id None @14
      step 3 id None @15
        uses action actions/checkout v4 version #- @15
        run in None "echo ${{ github." @16
      step 4 id None @17
        name "nothing" @17
    job c @19
      needs [] runs-on [] group None environment None
      permissions undeclared
    job d @22
      uses local ./.github/workflows/x.yml - local #- @23 inherits false
      needs [] runs-on [] group None environment None
      permissions undeclared
      step 0 id None @25
        run in None "echo '${{ a b }}'" @25
    job e @26
      needs [] runs-on [] group Some("g") environment None
      permissions scopes @27
        contents: "" @27
        packages: "" @27
    expression 3/0 run/- "a b" reads [a b] calls [] @25:20
    type `push` must be a mapping, but this is a string @2:9
    type `schedule` must be a list of `cron` entries, but this is a string @3:13
    unknown-key a workflow has no key `permissons` @4:1
    type `permissions` must be a mapping, but this is a list @5:14
    missing the job `a` has no `steps` @7:3
    unknown-key a job has no key `step` @9:5
    missing the job `b` has no `runs-on` @10:3
    type `uses` must be a string, but this is a mapping @12:15
    type `run` must be a string, but this is a list @13:14
    type a step must be a mapping, but this is a string @14:9
    type a step has both `uses` and `run`; it can have one of them @15:9
    expression `${{` has no `}}` @16:19
    missing the job `c` has no `steps` @19:3
    duplicate-key `a` was there before, in line 7 @20:3
    type the job `d` calls a workflow and has steps; it can do one of both @22:3
    expression `a b` cannot be read: expected an operator or the end, found `b` @25:20
    type `contents` must be a string, but this is a list @27:29
    type `secrets` must be a mapping, but this is a string @28:14
    unknown-key `runs-on` has no key `label` @29:25
    missing `steps` is empty @30:12
    type a key must be a string, but this is a list @31:3
    "#);
}

#[test]
fn files_without_a_workflow() {
    let rows = [
        ("", "empty"),
        ("\n  \n# only\n\t# comments\r\n", "empty"),
        ("\u{feff}# marked", "empty"),
        ("---\n", "read"),
        ("text", "read"),
        ("- a", "read"),
        ("a: b: c", "unreadable"),
        ("on: push\n\tjobs: {}", "unreadable"),
        ("on: *nothing", "unreadable"),
    ];
    for (text, state) in rows {
        let workflow = parse(text);
        assert_eq!(workflow.state.name(), state, "{text:?}");
        assert_eq!(workflow.problems.is_empty(), state == "empty", "{text:?}");
        assert!(workflow.jobs.is_empty());
    }
    assert_eq!(Workflow::parse(b"name: \xff").state, State::Unreadable);
    assert_eq!(Workflow::parse(b"\xff\xfeo\0n\0:\0 \0x\0").triggers[0].event, "x");
    let problems = parse("a: b: c").problems;
    assert_eq!((problems[0].kind, problems[0].span.line), (ProblemKind::Yaml, 1));
}

#[test]
fn triggers_in_all_forms() {
    let rows: &[(&str, &[&str])] = &[
        ("on: push", &["push"]),
        ("'on': push", &["push"]),
        ("on: [push, pull_request_target]", &["push", "pull_request_target"]),
        ("on:\n  workflow_run:\n    workflows: [a]\n  push:", &["workflow_run", "push"]),
        ("on:", &[]),
        ("true: push", &[]),
    ];
    for (text, expected) in rows {
        let workflow = parse(text);
        let found: Vec<_> = workflow.triggers.iter().map(|t| t.event.as_str()).collect();
        assert_eq!(found, *expected, "{text}");
    }
}

/// Row by row what `checks/raw/permissions.go` of Scorecard tells apart: declared or not, for all or by scope.
#[test]
fn permissions_in_all_forms() {
    type Scopes = &'static [(&'static str, &'static str)];
    let rows: &[(&str, &str, Scopes)] = &[
        ("", "undeclared", &[]),
        ("permissions: read-all", "read-all", &[]),
        ("permissions: write-all", "write-all", &[]),
        ("permissions: Write-All", "other", &[]),
        ("permissions: read", "other", &[]),
        ("permissions: {}", "none", &[]),
        ("permissions:", "none", &[]),
        ("permissions: ~", "none", &[]),
        ("permissions: {contents: write}", "scopes", &[("contents", "write")]),
        (
            "permissions:\n  Contents: Write\n  packages: none\n  x: y",
            "scopes",
            &[("Contents", "Write"), ("packages", "none"), ("x", "y")],
        ),
        ("permissions: {contents: }", "scopes", &[("contents", "")]),
        ("permissions: {contents: read, contents: write}", "scopes", &[("contents", "read")]),
    ];
    for (text, kind, scopes) in rows {
        let workflow = parse(&format!("on: push\n{text}\njobs: {{}}\n"));
        let found: Vec<_> = workflow.permissions.scopes().iter().map(|p| (&*p.scope, &*p.access)).collect();
        assert_eq!((workflow.permissions.kind(), &*found), (*kind, *scopes), "{text}");
        let indented = text.replace('\n', "\n    ");
        let workflow = parse(&format!("on: push\njobs:\n  a:\n    runs-on: x\n    {indented}\n"));
        let found: Vec<_> =
            workflow.jobs[0].permissions.scopes().iter().map(|p| (&*p.scope, &*p.access)).collect();
        assert_eq!((workflow.jobs[0].permissions.kind(), &*found), (*kind, *scopes), "job: {text}");
    }
}

/// The 21 alternatives of `containsUntrustedContextPattern` in `checks/raw/dangerous_workflow.go`, and the three
/// that stand beside them: each is a context or a call of its own here.
#[test]
fn contexts_that_an_outsider_can_fill() {
    let rows = [
        ("github.event.issue.title", "github.event.issue.title"),
        ("github.event.issue.body", "github.event.issue.body"),
        ("github.event.pull_request.title", "github.event.pull_request.title"),
        ("github.event.pull_request.body", "github.event.pull_request.body"),
        ("github.event.discussion.title", "github.event.discussion.title"),
        ("github.event.discussion.body", "github.event.discussion.body"),
        ("github.event.comment.body", "github.event.comment.body"),
        ("github.event.review.body", "github.event.review.body"),
        ("github.event.review_comment.body", "github.event.review_comment.body"),
        ("github.event.pages[0].page_name", "github.event.pages.*.page_name"),
        ("github.event.commits[12].message", "github.event.commits.*.message"),
        ("github.event.head_commit.message", "github.event.head_commit.message"),
        ("github.event.head_commit.author.email", "github.event.head_commit.author.email"),
        ("github.event.head_commit.author.name", "github.event.head_commit.author.name"),
        ("github.event.commits.*.author.email", "github.event.commits.*.author.email"),
        ("github.event.commits[matrix.i].author.name", "github.event.commits.*.author.name"),
        (
            "github.event.pull_request.organization.blocked_user.name",
            "github.event.pull_request.organization.blocked_user.name",
        ),
        ("github.event.blocked_user.email", "github.event.blocked_user.email"),
        ("github.event.pull_request.head.ref", "github.event.pull_request.head.ref"),
        ("github.event.pull_request.head.label", "github.event.pull_request.head.label"),
        (
            "github.event.pull_request.head.repo.default_branch",
            "github.event.pull_request.head.repo.default_branch",
        ),
        ("github.head_ref", "github.head_ref"),
        ("toJSON( github )", "tojson(github)"),
        ("TOJSON(github.event)", "tojson(github.event)"),
        // Spellings that Scorecard misses.
        ("github['event'].issue['title']", "github.event.issue.title"),
        ("GITHUB.HEAD_REF", "github.head_ref"),
    ];
    for (text, expected) in rows {
        let workflow =
            with_steps(&format!("      - run: 'echo \"${{{{ {} }}}}\"'\n", text.replace('\'', "''")));
        let [expression] = &workflow.expressions[..] else { panic!("{text}: {:?}", workflow.expressions) };
        assert_eq!((expression.place, &*expression.text), ("run", text));
        let parsed = &expression.parsed;
        let found = parsed.contexts.iter().chain(&parsed.calls).any(|found| found == expected);
        assert!(found, "{text}: {:?} {:?}", parsed.contexts, parsed.calls);
    }
    // What is only named in a string is not read.
    let workflow = with_steps("      - run: echo ${{ contains('github.event.issue.title', 'x') }}\n");
    assert!(workflow.expressions[0].parsed.contexts.is_empty());
}

/// Row by row the matchers of `IsPackagingWorkflow`, `isReleasingWorkflow` and `isGitHubPagesDeploymentWorkflow`.
#[test]
fn where_jobs_deliver_to() {
    let node = "      - {uses: actions/setup-node@v4, with: {registry-url: 'https://registry.npmjs.org'}}\n";
    let java = "      - uses: actions/setup-java@v4\n";
    let rows: &[(&str, &[&str])] = &[
        (&format!("{node}      - run: npm ci && npm publish\n"), &["npm"]),
        (&format!("{node}      - run: |\n          npm ci\n          yarn publish\n"), &[]),
        ("      - run: npm publish\n", &[]),
        ("      - uses: actions/setup-node@v4\n      - run: npm publish\n", &[]),
        (&format!("{node}      - run: |\n          npm \\\n            publish\n"), &["npm"]),
        (&format!("{java}      - run: mvn -B deploy\n"), &["maven"]),
        ("      - run: mvn -B deploy\n", &[]),
        (&format!("{java}      - run: ./gradlew publish\n"), &["gradle"]),
        ("      - run: sbt 'ci-release'\n", &["sbt"]),
        ("      - run: gem build x && gem push x\n", &["rubygems"]),
        ("      - run: dotnet nuget push x\n", &["nuget"]),
        ("      - run: docker push x\n", &["docker"]),
        ("      - uses: docker/build-push-action@v6\n", &["docker"]),
        ("      - uses: docker/build-push-action\n", &[]),
        ("      - uses: pypa/gh-action-pypi-publish@release/v1\n", &["pypi"]),
        ("      - uses: relekang/python-semantic-release@master\n", &["pypi", "github-release"]),
        ("      - uses: goreleaser/goreleaser-action@v6\n", &["go"]),
        (
            "      - uses: actions/setup-go@v5\n      - uses: goreleaser/goreleaser-action@v6\n",
            &["go", "github-release"],
        ),
        ("      - run: cargo publish -p x\n", &["crates.io"]),
        ("      - uses: ko-build/setup-ko@v0.7\n", &["ko"]),
        ("      - uses: imjasonh/setup-ko@v0.6\n", &["ko"]),
        ("      - run: npx semantic-release\n", &["npm", "github-release"]),
        ("      - run: pnpm exec semantic-release\n", &["github-release"]),
        ("      - run: yarn semantic-release\n", &["github-release"]),
        ("      - uses: erlef/setup-elixir@v1\n      - run: mix hex.publish --yes\n", &["hex"]),
        ("      - uses: erlef/setup-elixir@v1\n      - run: mix hexpublish\n", &[]),
        ("      - run: mvn -B release:prepare\n", &["github-release"]),
        ("      - uses: peaceiris/actions-gh-pages@v4\n", &["github-pages"]),
        ("      - run: push docker\n", &[]),
    ];
    for (steps, expected) in rows {
        assert_eq!(with_steps(steps).jobs[0].publishes_to, *expected, "{steps}");
    }
    for file in ["builder_go_slsa3.yml", "generator_generic_slsa3.yml"] {
        let uses = format!("slsa-framework/slsa-github-generator/.github/workflows/{file}@v2.0.0");
        let workflow = parse(&format!("on: push\njobs:\n  a:\n    uses: {uses}\n"));
        assert_eq!(workflow.publishes_to(), ["github-release"]);
    }
    // The steps must be those of one job.
    let apart = parse(&format!(
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{java}  b:\n    runs-on: x\n    steps:\n      - run: mvn deploy\n"
    ));
    assert!(apart.publishes_to().is_empty());
}

#[test]
fn scripts_run_in_the_shell_that_is_set_or_that_the_runner_has() {
    let rows = [
        ("runs-on: ubuntu-latest", Some("bash")),
        ("runs-on: Windows-2022", Some("pwsh")),
        ("runs-on: [self-hosted, windows]", Some("pwsh")),
        ("runs-on: [self-hosted, linux]", Some("bash")),
        ("runs-on: {labels: [windows-x], group: g}", Some("pwsh")),
        ("runs-on: ${{ inputs.os }}", None),
        ("strategy: {matrix: {os: [ubuntu, macos]}}\n    runs-on: ${{ matrix.os }}", Some("bash")),
        ("strategy: {matrix: {OS: [windows-1, windows-2]}}\n    runs-on: ${{matrix['os']}}", Some("pwsh")),
        ("strategy: {matrix: {os: [ubuntu, windows]}}\n    runs-on: ${{ matrix.os }}", None),
        ("strategy: {matrix: {include: [{os: windows}]}}\n    runs-on: ${{ matrix.os }}", Some("pwsh")),
        ("strategy: {matrix: {os: \"${{ fromJSON(x) }}\"}}\n    runs-on: ${{ matrix.os }}", None),
        ("strategy: {matrix: {os: [windows]}}\n    runs-on: ${{ matrix.os || 'x' }}", None),
        ("runs-on: windows-latest\n    container: x", Some("sh")),
        ("runs-on: x\n    defaults: {run: {shell: zsh}}", Some("zsh")),
        ("env: {}", None),
    ];
    for (job, expected) in rows {
        let text = format!(
            "on: push\njobs:\n  a:\n    {job}\n    steps:\n      - run: x\n      - {{run: y, shell: python}}\n"
        );
        let steps = &parse(&text).jobs[0].steps;
        assert_eq!(steps[0].shell.as_deref(), expected, "{job}");
        assert_eq!(steps[1].shell.as_deref(), Some("python"), "{job}");
    }
    // The workflow's default may stand below the jobs.
    let text = "on: push\njobs: {a: {runs-on: x, steps: [{run: y}, {uses: a/b@v1}]}}\ndefaults: {run: {shell: fish}}";
    let steps = parse(text).jobs.remove(0).steps;
    assert_eq!((steps[0].shell.as_deref(), steps[1].shell.as_deref()), (Some("fish"), None));
}

#[test]
fn expressions_know_their_place_in_the_text() {
    let text = "\
on: push
jobs:
  a:
    runs-on: \"${{ x }}\"
    steps:
      - run: |
          ü ${{ a }} ${{ b }}

          ${{
            c
          }}
      - run: >-
          folded
          ${{ d }}
      - run: \"\\x24{{ e }}\"
      - &step {run: '${{ f }}'}
      - *step
      - if: g
";
    let workflow = parse(text);
    let found: Vec<_> = workflow
        .expressions
        .iter()
        .map(|e| (&*e.text, e.span.line, e.span.column, &text[e.span.start..e.span.end]))
        .collect();
    insta::assert_debug_snapshot!(found, @r#"
    [
        (
            "x",
            4,
            15,
            "${{ x }}",
        ),
        (
            "a",
            7,
            13,
            "${{ a }}",
        ),
        (
            "b",
            7,
            22,
            "${{ b }}",
        ),
        (
            "c",
            9,
            11,
            "${{\n            c\n          }}",
        ),
        (
            "d",
            14,
            11,
            "${{ d }}",
        ),
        (
            "e",
            15,
            14,
            "\"\\x24{{ e }}\"",
        ),
        (
            "f",
            16,
            22,
            "${{ f }}",
        ),
        (
            "f",
            16,
            22,
            "${{ f }}",
        ),
        (
            "g",
            18,
            13,
            "g",
        ),
    ]
    "#);
}

#[test]
fn inputs_are_found_in_any_case() {
    let workflow = with_steps("      - {uses: a/b@v1, with: {Ref: x, other: y}}\n");
    let step = &workflow.jobs[0].steps[0];
    assert_eq!((step.input("ref"), step.input("missing")), (Some("x"), None));
}

#[test]
fn paths_of_workflows() {
    for path in [".github/workflows/a.yml", ".github/workflows/a.b.yaml"] {
        assert!(Workflow::is_path(path), "{path}");
    }
    for path in [
        ".github/workflows/a/b.yml",
        ".github/workflows/a.YML",
        "x/.github/workflows/a.yml",
        ".github/a.yml",
        ".github/workflows/a.json",
        ".github/workflows/yml",
    ] {
        assert!(!Workflow::is_path(path), "{path}");
    }
}

#[test]
fn hostile_files_are_refused_in_bounded_time() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &(b'b'..=b'j')
            .map(|c| {
                let (name, before) = (c as char, (c - 1) as char);
                format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(","))
            })
            .collect::<String>();
    assert_eq!(parse(&bomb).state, State::Unreadable);
    assert_eq!(parse(&"[".repeat(5_000)).state, State::Unreadable);
    let sized = |bytes: usize| parse(&format!("name: {}", "x".repeat(bytes - 6))).state;
    assert_eq!((sized(MAX_BYTES), sized(MAX_BYTES + 1)), (State::Read, State::Unreadable));
    // The largest file, holding nothing but expressions.
    let many = format!("name: '{}'", "${{}}".repeat(200_000));
    let workflow = parse(&many);
    assert_eq!(
        (workflow.state, workflow.expressions.len(), workflow.problems.len()),
        (State::Read, 200_000, 1_000)
    );
    // Aliases that bring in more expressions than a file can hold.
    let aliases = format!("name: &a '{}'\nx:\n{}", "${{}}".repeat(1_000), "  - *a\n".repeat(300));
    let workflow = parse(&aliases);
    assert_eq!((workflow.state, workflow.expressions.len()), (State::Unreadable, 0));
}

/// Every span lies in the text, on characters, and on the line it tells.
fn check_spans(text: &str, workflow: &Workflow) {
    let check = |span: Span| {
        assert!(text.get(span.start..span.end).is_some(), "{span:?} of {}", text.len());
        let line = text[..span.start].matches('\n').count() + 1;
        // A lone CR is a line end, too.
        assert!(span.line as usize >= line, "{span:?} is on line {line}");
    };
    workflow.problems.iter().for_each(|p| check(p.span));
    workflow.expressions.iter().for_each(|e| check(e.span));
    workflow.triggers.iter().for_each(|t| check(t.span));
    let permissions = workflow.jobs.iter().map(|j| &j.permissions).chain([&workflow.permissions]);
    permissions.for_each(|p| {
        p.scopes().iter().for_each(|s| check(s.span));
        p.span().into_iter().for_each(check);
    });
    for job in &workflow.jobs {
        check(job.span);
        for step in &job.steps {
            check(step.span);
            step.uses.iter().for_each(|u| check(u.span));
            step.run.iter().for_each(|r| check(r.span));
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let workflow = Workflow::parse(&bytes);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            check_spans(text, &workflow);
        }
    }

    /// Lines of a workflow at any indentation and in any order.
    #[test]
    fn shuffled_workflows_are_read_without_panic(
        bom in any::<bool>(),
        lines in proptest::collection::vec((0usize..6, prop_oneof![
            Just("on: push"), Just("jobs:"), Just("a:"), Just("steps:"), Just("- run: echo ${{ a.b }}"),
            Just("- uses: a/b@v1 # c"), Just("permissions: {contents: write}"), Just("permissions:"),
            Just("contents: write"), Just("with: {ref: '${{ x }}'}"), Just("if: x == ${{ y"), Just("run: |"),
            Just("ü ${{ 'é' }} text"), Just("- *a"), Just("&a b: c"), Just("---"), Just("# comment"), Just("strategy: {matrix: {os: [a]}}"),
            Just("runs-on: ${{ matrix.os }}"), Just(""), Just("? x"), Just("env: >"), Just("\r"),
        ]), 0..24),
    ) {
        let mut text = if bom { "\u{feff}".to_owned() } else { String::new() };
        for (indent, line) in lines {
            text += &format!("{:pad$}{line}\n", "", pad = indent * 2);
        }
        let workflow = Workflow::parse(text.as_bytes());
        check_spans(&text, &workflow);
    }
}
