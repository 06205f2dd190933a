//! Where a job delivers to, told by the actions it uses and the commands it runs.
//!
//! The table is that of OpenSSF Scorecard (`IsPackagingWorkflow` in `checks/fileparser/github_workflow.go`,
//! `isReleasingWorkflow` and `isGitHubPagesDeploymentWorkflow` in `checks/raw/permissions.go`): rough, but what it
//! sees is what its users are judged by. One difference: either of the two actions that set up `ko` is enough,
//! where Scorecard wants both, which are the same action under its old and its new owner.

use super::{Job, Step};

/// What one step has to show.
enum Sign {
    /// The step uses this action at some version.
    Uses(&'static str),
    /// The step uses an action with an input of exactly this value.
    UsesWith(&'static str, &'static str, &'static str),
    /// A line of the step's script has these words in this order.
    Runs(&'static [&'static str]),
    /// As [`Sign::Runs`], with any one character between two words.
    RunsJoined(&'static str, &'static str),
}

use Sign::{Runs, RunsJoined, Uses, UsesWith};

/// Where a job delivers to if each of the signs is on one of its steps.
const TABLE: &[(&str, &[Sign])] = &[
    (
        "npm",
        &[
            UsesWith("actions/setup-node", "registry-url", "https://registry.npmjs.org"),
            Runs(&["npm", "publish"]),
        ],
    ),
    ("npm", &[Runs(&["npx", "semantic-release"])]),
    ("maven", &[Uses("actions/setup-java"), Runs(&["mvn", "deploy"])]),
    ("gradle", &[Uses("actions/setup-java"), Runs(&["gradle", "publish"])]),
    ("sbt", &[Runs(&["sbt", "ci-release"])]),
    ("rubygems", &[Runs(&["gem", "push"])]),
    ("nuget", &[Runs(&["nuget", "push"])]),
    ("docker", &[Runs(&["docker", "push"])]),
    ("docker", &[Uses("docker/build-push-action")]),
    ("pypi", &[Uses("pypa/gh-action-pypi-publish")]),
    ("pypi", &[Uses("relekang/python-semantic-release")]),
    ("go", &[Uses("goreleaser/goreleaser-action")]),
    ("crates.io", &[Runs(&["cargo", "publish"])]),
    ("ko", &[Uses("imjasonh/setup-ko")]),
    ("ko", &[Uses("ko-build/setup-ko")]),
    ("hex", &[Uses("erlef/setup-elixir"), RunsJoined("hex", "publish")]),
    ("github-release", &[Uses("relekang/python-semantic-release")]),
    ("github-release", &[Runs(&["npx", "semantic-release"])]),
    ("github-release", &[Runs(&["pnpm", "semantic-release"])]),
    ("github-release", &[Runs(&["yarn", "semantic-release"])]),
    ("github-release", &[Uses("actions/setup-go"), Uses("goreleaser/goreleaser-action")]),
    (
        "github-release",
        &[Uses("slsa-framework/slsa-github-generator/.github/workflows/builder_go_slsa3.yml")],
    ),
    (
        "github-release",
        &[Uses("slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml")],
    ),
    ("github-release", &[Runs(&["mvn", "release:prepare"])]),
    ("github-pages", &[Uses("peaceiris/actions-gh-pages")]),
];

/// Where a job delivers to, each once: `npm`, `docker`, `github-release` …
pub(super) fn publishes_to(job: &Job) -> Vec<&'static str> {
    let mut found = Vec::new();
    for (target, signs) in TABLE {
        if !found.contains(target) && signs.iter().all(|sign| sign.is_on(job)) {
            found.push(*target);
        }
    }
    found
}

impl Sign {
    fn is_on(&self, job: &Job) -> bool {
        let calls = match self {
            Uses(name) => job.uses.as_ref().is_some_and(|used| used.uses.is(name)),
            _ => false,
        };
        calls || job.steps.iter().any(|step| self.is_on_step(step))
    }

    fn is_on_step(&self, step: &Step) -> bool {
        let uses = |name: &str| step.uses.as_ref().is_some_and(|used| used.uses.is(name));
        let line = |test: &dyn Fn(&str) -> bool| step.run.as_ref().is_some_and(|run| lines(&run.text, test));
        match self {
            Uses(name) => uses(name),
            UsesWith(name, input, value) => {
                uses(name) && step.input(input).is_some_and(|given| given == *value)
            }
            Runs(words) => line(&|line| in_order(line, words)),
            RunsJoined(first, second) => line(&|line| {
                line.match_indices(first).any(|(at, _)| {
                    let mut rest = line[at + first.len()..].chars();
                    rest.next().is_some() && rest.as_str().starts_with(second)
                })
            }),
        }
    }
}

/// Whether a line of a script, continued lines joined, passes a test.
fn lines(script: &str, test: &dyn Fn(&str) -> bool) -> bool {
    if script.contains("\\\n") {
        script.replace("\\\n", "").split('\n').any(test)
    } else {
        script.split('\n').any(test)
    }
}

fn in_order(line: &str, words: &[&str]) -> bool {
    let mut rest = Some(line);
    for word in words {
        rest = rest.and_then(|line| line.find(word).map(|at| &line[at + word.len()..]));
    }
    rest.is_some()
}
