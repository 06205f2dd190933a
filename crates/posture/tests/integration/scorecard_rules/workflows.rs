//! What is decided by workflows: `dangerous_workflow`, `token_permissions`, and which files are workflows.

use super::{Case, Row, check, row};

const PATH: &str = ".github/workflows/ci.yml";

fn workflow(text: &str) -> Case {
    Case::new().file(PATH, text)
}

/// A workflow with this `on:` and these steps, each a line of YAML, indented by their own lines.
fn steps(on: &str, steps: &str) -> String {
    let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    format!("on: {on}\npermissions: {{}}\njobs:\n  build:\n    runs-on: x\n    steps:\n{steps}")
}

/// A workflow that runs a script with one expression.
fn runs(expression: &str) -> String {
    steps("push", &format!("- run: |\n    echo start\n    echo \"${{{{ {expression} }}}}\" | cat\n"))
}

const BROKEN: &str = "on: push\njobs:\n  a: [\n";
const CLEAN: &str = "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps: [{run: make}]\n";

/// The same files count for both checks.
#[test]
fn which_files_are_workflows() {
    let bad = runs("github.head_ref").replace("permissions: {}\n", "");
    let mut rows: Vec<(&str, Case, bool)> = vec![
        ("no files", Case::new(), false),
        ("nothing but a comment", workflow("# on: push\n\n   # no more\n"), false),
        ("blank", workflow(" \n\n\t\n"), false),
        ("empty", workflow(""), false),
    ];
    for (path, counts) in [
        (".github/workflows/ci.yml", true),
        (".github/workflows/ci.yaml", true),
        (".github/workflows/.hidden.yml", true),
        (".github/workflows/ci.YML", false),
        (".github/workflows/ci.yml.bak", false),
        (".github/workflows/ci.json", false),
        (".github/workflows/README.md", false),
        (".github/workflows/below/ci.yml", false),
        (".github/Workflows/ci.yml", false),
        (".GITHUB/workflows/ci.yml", false),
        (".github/ci.yml", false),
        ("workflows/ci.yml", false),
        ("sub/.github/workflows/ci.yml", false),
    ] {
        rows.push((path, Case::new().file(path, bad.as_str()), counts));
    }
    for id in ["dangerous_workflow", "token_permissions"] {
        let rows = rows.iter().map(|(about, case, counts)| {
            row(*about, case.clone(), if *counts { "fail 0" } else { "not_applicable" })
        });
        check(id, rows.collect());
    }
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let more = |text: &str| workflow(BROKEN).file(".github/workflows/more.yml", text);
    let large = format!("{CLEAN}{}", "# filler\n".repeat(120_000));
    let rows = |bad: &str| -> Vec<Row> {
        vec![
            row("broken YAML", workflow(BROKEN), "unknown: mend .github/workflows/ci.yml"),
            row("larger than GitHub reads", workflow(&large), "unknown: mend .github/workflows/ci.yml"),
            row("broken beside a good one", more(CLEAN), "unknown: mend .github/workflows/ci.yml"),
            row("broken beside a bad one", more(bad), "fail 0"),
        ]
    };
    check("dangerous_workflow", rows(&runs("github.head_ref")));
    check("token_permissions", rows("on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: make}]\n"));
    // A fault in one place costs nothing elsewhere.
    let odd = runs("github.head_ref").replace("    runs-on: x\n", "    runs-on: x\n    colour: [red]\n");
    check("dangerous_workflow", vec![row("a key that GitHub does not have", workflow(&odd), "fail 0")]);
}

#[test]
fn checkout_of_a_strangers_change() {
    let checkout =
        |action: &str, reference: &str| format!("- uses: {action}\n  with:\n    ref: {reference}\n");
    const HEAD: &str = "${{ github.event.pull_request.head.sha }}";
    let mut rows = Vec::new();
    for (on, expected) in [
        ("pull_request_target", "fail 0"),
        ("workflow_run", "fail 0"),
        ("[push, pull_request_target]", "fail 0"),
        ("{workflow_run: {workflows: [ci], types: [completed]}}", "fail 0"),
        ("{pull_request_target: }", "fail 0"),
        ("pull_request", "pass 10"),
        ("push", "pass 10"),
        ("issue_comment", "pass 10"),
        ("[push, pull_request, schedule]", "pass 10"),
    ] {
        rows.push(row(
            format!("on {on}"),
            workflow(&steps(on, &checkout("actions/checkout@v4", HEAD))),
            expected,
        ));
    }
    for (reference, expected) in [
        (HEAD, "fail 0"),
        ("${{ github.event.pull_request.head.ref }}", "fail 0"),
        ("refs/pull/${{ github.event.pull_request.number }}/merge", "fail 0"),
        ("${{ github.event.workflow_run.head_sha }}", "fail 0"),
        ("${{ github.event.workflow_run.head_branch || 'main' }}", "fail 0"),
        ("main", "pass 10"),
        ("${{ github.sha }}", "pass 10"),
        ("${{ github.base_ref }}", "pass 10"),
        ("${{ github.event.inputs.ref }}", "pass 10"),
        // Not looked for there.
        ("${{ github.head_ref }}", "pass 10"),
        ("", "pass 10"),
    ] {
        for on in ["pull_request_target", "workflow_run"] {
            let text = steps(on, &checkout("actions/checkout@v4", reference));
            rows.push(row(format!("on {on}, ref {reference}"), workflow(&text), expected));
        }
    }
    for (action, expected) in [
        ("actions/checkout@main", "fail 0"),
        ("actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4", "fail 0"),
        ("mirror/actions/checkout@v1", "fail 0"),
        ("./.github/actions/checkout", "fail 0"),
        ("somebody/checkout@v1", "pass 10"),
        ("actions/setup-go@v5", "pass 10"),
    ] {
        rows.push(row(action, workflow(&steps("pull_request_target", &checkout(action, HEAD))), expected));
    }
    let target = |steps_of: &str| workflow(&steps("pull_request_target", steps_of));
    rows.push(row("no inputs", target("- uses: actions/checkout@v4\n"), "pass 10"));
    rows.push(row(
        "only another repository",
        target("- uses: actions/checkout@v4\n  with:\n    repository: ${{ github.event.pull_request.head.repo.full_name }}\n"),
        "pass 10",
    ));
    rows.push(row(
        "the case of the input does not matter",
        target(&format!("- uses: actions/checkout@v4\n  with:\n    REF: {HEAD}\n")),
        "fail 0",
    ));
    rows.push(row(
        "the second step of the second job",
        workflow(&format!(
            "{}  other:\n    runs-on: x\n    steps:\n      - run: make\n      - uses: actions/checkout@v4\n        with: {{ref: \"{HEAD}\"}}\n",
            steps("pull_request_target", "- run: make\n")
        )),
        "fail 0",
    ));
    rows.push(row(
        "git by hand is not looked for",
        target(&format!("- run: git checkout {HEAD}\n")),
        "pass 10",
    ));
    check("dangerous_workflow", rows);
}

#[test]
fn a_strangers_words_in_a_script() {
    let mut rows = Vec::new();
    for context in [
        "github.event.issue.title",
        "github.event.issue.body",
        "github.event.pull_request.title",
        "github.event.pull_request.body",
        "github.event.discussion.title",
        "github.event.discussion.body",
        "github.event.comment.body",
        "github.event.review.body",
        "github.event.review_comment.body",
        "github.event.pages[0].page_name",
        "github.event.pages.*.page_name",
        "github.event.commits[0].message",
        "github.event.commits.*.message",
        "github.event.head_commit.message",
        "github.event.head_commit.author.email",
        "github.event.head_commit.author.name",
        "github.event.commits[0].author.email",
        "github.event.commits[0].author.name",
        "github.event.pull_request.organization.blocked_user.name",
        "github.event.blocked_user.email",
        "github.event.pull_request.head.ref",
        "github.event.pull_request.head.label",
        "github.event.pull_request.head.repo.default_branch",
        "github.event.workflow_run.head_commit.message",
        "github.head_ref",
        "toJSON(github)",
        "tojson( github.event )",
        "toJson (github)",
        "fromJSON(toJSON(github.event))",
        "format('{0}', github.event.issue.title)",
        "github.head_ref || github.ref_name",
        // Seen because the expression is understood, not only searched.
        "github.event['issue']['title']",
        "github.event.issue['title']",
        "GitHub.Event.Issue.Title",
        "GITHUB.HEAD_REF",
        // A fault in the expression hides nothing.
        "github.event.issue.title +",
    ] {
        rows.push(row(context, workflow(&runs(context)), "fail 0"));
    }
    for context in [
        "github.event.issue.number",
        "github.event.pull_request.number",
        "github.event.pull_request.head.sha",
        "github.event.pull_request.user.login",
        "github.event.action",
        "github.event.comment.id",
        "github.event_name",
        "github.sha",
        "github.ref_name",
        "github.actor",
        "inputs.title",
        "github.event.inputs.title",
        "secrets.TOKEN",
        "env.TITLE",
        "steps.one.outputs.body",
        "toJSON(github.event.issue.number)",
        "toJSON(steps)",
        "toJSON(github.event.inputs)",
    ] {
        rows.push(row(context, workflow(&runs(context)), "pass 10"));
    }
    rows.push(row(
        "braces that are not closed",
        workflow(&steps("push", "- run: echo ${{ github.head_ref\n")),
        "pass 10",
    ));
    const TITLE: &str = "${{ github.event.issue.title }}";
    let on_push = |steps_of: &str| workflow(&steps("push", steps_of));
    rows.push(row("any trigger", workflow(&steps("issues", &format!("- run: echo {TITLE}\n"))), "fail 0"));
    rows.push(row(
        "the second expression of a script",
        on_push(&format!("- run: echo ${{{{ github.sha }}}} {TITLE}\n")),
        "fail 0",
    ));
    rows.push(row(
        "the words without an expression",
        on_push("- run: echo github.event.issue.title\n"),
        "pass 10",
    ));
    rows.push(row(
        "a way round by the environment is not followed",
        on_push(&format!("- run: echo \"$TITLE\"\n  env:\n    TITLE: {TITLE}\n")),
        "pass 10",
    ));
    rows.push(row(
        "nor one by `env` in an expression",
        on_push(&format!("- run: echo ${{{{ env.TITLE }}}}\n  env:\n    TITLE: {TITLE}\n")),
        "pass 10",
    ));
    rows.push(row(
        "scripts of github-script are not looked at",
        on_push(&format!(
            "- uses: actions/github-script@v7\n  with:\n    script: console.log(\"{TITLE}\")\n"
        )),
        "pass 10",
    ));
    rows.push(row(
        "inputs of actions",
        on_push(&format!("- uses: a/b@v1\n  with:\n    title: {TITLE}\n")),
        "pass 10",
    ));
    rows.push(row(
        "a condition",
        on_push("- run: make\n  if: contains(github.event.issue.title, 'x')\n"),
        "pass 10",
    ));
    rows.push(row("a name", on_push(&format!("- run: make\n  name: {TITLE}\n")), "pass 10"));
    rows.push(row(
        "a folder to run in",
        on_push(&format!("- run: make\n  working-directory: {TITLE}\n")),
        "pass 10",
    ));
    rows.push(row(
        "defaults of the job's scripts",
        workflow(
            &steps("push", "- run: make\n")
                .replace("    steps:", &format!("    defaults: {{run: {{shell: \"{TITLE}\"}}}}\n    steps:")),
        ),
        "pass 10",
    ));
    rows.push(row(
        "inputs of reusable workflows",
        workflow(&format!(
            "on: push\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n    with:\n      title: {TITLE}\n"
        )),
        "pass 10",
    ));
    rows.push(row(
        "an alias in YAML stands for its text",
        on_push(&format!("- name: &script \"echo {TITLE}\"\n  run: \"true\"\n- run: *script\n")),
        "fail 0",
    ));
    rows.push(row(
        "one bad workflow of two",
        workflow(CLEAN).file(".github/workflows/b.yaml", runs("github.head_ref")),
        "fail 0",
    ));
    check("dangerous_workflow", rows);
}

/// A workflow with these lines at the top and these in its one job.
fn permitted(top: &str, job: &str) -> String {
    let top = if top.is_empty() { String::new() } else { format!("permissions: {top}\n") };
    let job = if job.is_empty() { String::new() } else { format!("    permissions: {job}\n") };
    format!("on: push\n{top}jobs:\n  a:\n    runs-on: x\n{job}    steps: [{{run: make}}]\n")
}

/// Two jobs, of which the second declares nothing.
fn half_declared(top: &str, job: &str) -> String {
    format!("{}  b:\n    runs-on: x\n    steps: [{{run: make}}]\n", permitted(top, job))
}

const SCOPES: [(&str, &str); 7] = [
    ("contents", "fail 0"),
    ("packages", "fail 0"),
    ("actions", "fail 0"),
    ("deployments", "pass 9"),
    ("security-events", "pass 9"),
    ("checks", "pass 9"),
    ("statuses", "pass 9"),
];

#[test]
fn token_permissions_at_the_top() {
    let mut rows = Vec::new();
    let mut top =
        |top: &str, expected| rows.push(row(format!("top {top}"), workflow(&permitted(top, "")), expected));
    for (scope, expected) in SCOPES {
        top(&format!("{{{scope}: write}}"), expected);
        top(&format!("{{{scope}: read}}"), "pass 10");
        top(&format!("{{{scope}: none}}"), "pass 10");
        top(&format!("{{{}: WRITE}}", scope.to_uppercase()), expected);
    }
    for scope in
        ["issues", "pull-requests", "id-token", "pages", "discussions", "attestations", "repository-projects"]
    {
        top(&format!("{{{scope}: write}}"), "pass 10");
    }
    top("{}", "pass 10");
    top("read-all", "pass 10");
    top("write-all", "fail 0");
    top("{contents: read, issues: write}", "pass 10");
    // Nothing is taken off for words that are exactly neither.
    top("Write-All", "pass 10");
    top("everything", "pass 10");
    top("{deployments: write, security-events: write}", "pass 8");
    top("{checks: write, statuses: write}", "pass 9");
    top("{deployments: write, checks: write}", "pass 8");
    top("{deployments: write, security-events: write, checks: write, statuses: write}", "pass 7");
    // `permissions:` without a value is `{}`.
    let null = "on: push\npermissions:\njobs:\n  a:\n    runs-on: x\n    steps: [{run: make}]\n";
    rows.push(row("top without a value", workflow(null), "pass 10"));
    let many = |number: usize, text: &str| {
        (0..number).fold(Case::new(), |case, at| case.file(&format!(".github/workflows/{at}.yml"), text))
    };
    for (number, expected) in
        [(1, "pass 9"), (2, "pass 9"), (3, "pass 8"), (10, "pass 5"), (11, "fail 4"), (21, "fail 0")]
    {
        let text = permitted("{checks: write}", "{}");
        rows.push(row(
            format!("half a point off in each of {number} workflows"),
            many(number, &text),
            expected,
        ));
    }
    for (number, expected) in [(5, "pass 5"), (6, "fail 4"), (11, "fail 0")] {
        let text = permitted("{deployments: write}", "{}");
        rows.push(row(format!("a point off in each of {number} workflows"), many(number, &text), expected));
    }
    rows.push(row(
        "one that is declared does not help another",
        workflow(&permitted("{}", "")).file(".github/workflows/b.yml", permitted("", "")),
        "fail 0",
    ));
    check("token_permissions", rows);
}

#[test]
fn token_permissions_at_the_top_and_in_jobs() {
    let mut rows = Vec::new();
    let mut both = |top: &str, job: &str, expected| {
        rows.push(row(format!("top {top:?}, job {job:?}"), workflow(&permitted(top, job)), expected));
    };
    both("", "", "fail 0");
    both("", "{}", "pass 9");
    both("", "read-all", "pass 9");
    both("", "{contents: read}", "pass 9");
    // Write access of a job alone costs nothing.
    for (scope, _) in SCOPES {
        both("", &format!("{{{scope}: write}}"), "pass 9");
        both("{}", &format!("{{{scope}: write}}"), "pass 10");
        both("read-all", &format!("{{{scope}: write}}"), "pass 10");
        // With write-all above it, it costs all.
        both("write-all", &format!("{{{scope}: write}}"), "fail 0");
        both("write-all", &format!("{{{scope}: read}}"), "pass 9");
    }
    both("write-all", "", "fail 0");
    both("write-all", "{}", "pass 9");
    both("write-all", "read-all", "pass 9");
    both("write-all", "{issues: write}", "pass 9");
    both("{}", "write-all", "pass 10");
    both("", "write-all", "pass 9");
    both("write-all", "write-all", "pass 9");
    both("{contents: write}", "{}", "fail 0");
    both("{contents: write}", "{contents: read}", "fail 0");
    both("{checks: write}", "{contents: write}", "pass 9");
    for (top, expected) in
        [("", "fail 0"), ("write-all", "fail 0"), ("{}", "pass 10"), ("read-all", "pass 10")]
    {
        let case = workflow(&half_declared(top, "{contents: read}"));
        rows.push(row(format!("top {top:?}, one job of two undeclared"), case, expected));
    }
    rows.push(row(
        "a job undeclared in another file",
        workflow(&permitted("", "{}")).file(".github/workflows/b.yml", permitted("{}", "")),
        "pass 9",
    ));
    rows.push(row(
        "a job that is a reusable workflow",
        workflow("on: push\njobs:\n  a:\n    uses: o/r/.github/workflows/w.yml@v1\n"),
        "fail 0",
    ));
    check("token_permissions", rows);
}

/// What a job does may be the reason for its write access. It shows under `write-all`, where a needless one costs all.
#[test]
fn token_permissions_with_a_reason() {
    let doing = |scope: &str, steps: &str| {
        let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
        workflow(&format!(
            "on: push\npermissions: write-all\njobs:\n  a:\n    runs-on: x\n    permissions: {{{scope}: write}}\n    steps:\n{steps}"
        ))
    };
    const NPM: &str = "- uses: actions/setup-node@v4\n  with: {registry-url: \"https://registry.npmjs.org\"}\n- run: npm publish\n";
    let packaging = [
        NPM,
        "- uses: actions/setup-java@v4\n- run: mvn deploy\n",
        "- uses: actions/setup-java@v4\n- run: gradle publish\n",
        "- run: sbt ci-release\n",
        "- run: gem push x.gem\n",
        "- run: dotnet nuget push x.nupkg\n",
        "- run: docker push x\n",
        "- uses: docker/build-push-action@v6\n",
        "- uses: pypa/gh-action-pypi-publish@release/v1\n",
        "- uses: relekang/python-semantic-release@v7\n",
        "- uses: goreleaser/goreleaser-action@v6\n",
        "- run: cargo publish\n",
        "- uses: ko-build/setup-ko@v0.6\n",
        "- uses: imjasonh/setup-ko@v0.6\n",
        "- run: npx semantic-release\n",
        "- uses: erlef/setup-elixir@v1\n- run: mix hex.publish --yes\n",
    ];
    let releasing = [
        "- uses: relekang/python-semantic-release@v7\n",
        "- run: npx semantic-release\n",
        "- run: pnpm exec semantic-release\n",
        "- run: yarn semantic-release\n",
        "- uses: actions/setup-go@v5\n- uses: goreleaser/goreleaser-action@v6\n",
        "- run: mvn -B release:prepare\n",
        "- uses: peaceiris/actions-gh-pages@v4\n",
    ];
    let scanning = [
        "- uses: github/codeql-action/analyze@v3\n",
        "- uses: github/codeql-action/upload-sarif@v3\n",
        "- uses: ossf/scorecard-action@v2\n",
        "- uses: haskell-actions/hlint-scan@v1\n",
        "- uses: zizmorcore/zizmor-action@v0\n",
    ];
    let mut rows = Vec::new();
    let mut reasons = |scope: &str, steps: &str, expected| {
        rows.push(row(format!("{scope} with {steps:?}"), doing(scope, steps), expected));
    };
    for steps in packaging {
        reasons("packages", steps, "pass 9");
        reasons("security-events", steps, "fail 0");
        reasons("statuses", steps, "fail 0");
        if !releasing.contains(&steps) {
            reasons("contents", steps, "fail 0");
        }
    }
    for steps in releasing {
        reasons("contents", steps, "pass 9");
        reasons("actions", steps, "fail 0");
    }
    for steps in scanning {
        reasons("security-events", steps, "pass 9");
        reasons("contents", steps, "fail 0");
        reasons("packages", steps, "fail 0");
    }
    for steps in [
        "- uses: actions/setup-node@v4\n- run: npm publish\n",
        "- run: npm publish\n",
        "- run: mvn deploy\n",
        "- run: gradle publish\n",
        "- run: docker build .\n",
        "- run: cargo build\n",
        "- uses: erlef/setup-elixir@v1\n",
    ] {
        reasons("packages", steps, "fail 0");
    }
    reasons("contents", "- uses: goreleaser/goreleaser-action@v6\n", "fail 0");
    reasons("contents", "- uses: github/codeql-action/init@v3\n", "fail 0");
    reasons("security-events", "- uses: github/codeql-action/init@v3\n", "fail 0");
    let called = |workflow: &str| {
        format!(
            "on: push\npermissions: write-all\njobs:\n  a:\n    permissions: {{contents: write}}\n    uses: {workflow}@v2\n"
        )
    };
    for (name, expected) in [
        ("slsa-framework/slsa-github-generator/.github/workflows/builder_go_slsa3.yml", "pass 9"),
        ("slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml", "pass 9"),
        ("slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml", "fail 0"),
    ] {
        rows.push(row(name, workflow(&called(name)), expected));
    }
    rows.push(row(
        "another job of the workflow gives the reason",
        workflow(
            "on: push\npermissions: write-all\njobs:\n  a:\n    runs-on: x\n    permissions: {packages: write}\n    steps: [{run: make}]\n  \
             b:\n    runs-on: x\n    permissions: {}\n    steps: [{run: docker push x}]\n",
        ),
        "pass 9",
    ));
    // At the top, no reason counts.
    let top = |scope: &str, run: &str| {
        format!(
            "on: push\npermissions: {{{scope}: write}}\njobs:\n  a:\n    runs-on: x\n    steps: [{run}]\n"
        )
    };
    rows.push(row("packages at the top", workflow(&top("packages", "{run: docker push x}")), "fail 0"));
    rows.push(row(
        "contents at the top",
        workflow(&top("contents", "{run: npx semantic-release}")),
        "fail 0",
    ));
    rows.push(row(
        "security-events at the top",
        workflow(&top("security-events", "{uses: ossf/scorecard-action@v2}")),
        "pass 9",
    ));
    check("token_permissions", rows);
}
