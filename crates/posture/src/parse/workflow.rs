//! GitHub Actions workflows: what triggers them, what their token may do, and what their jobs use, run and read.
//!
//! [`Workflow::parse`] reads a file of `.github/workflows`. It is tolerant: what does not belong there is told as a
//! [`Problem`], and the rest is read. Everything has its place in the text. Nothing is judged: that
//! `pull_request_target` with a checkout is a danger, or that `write-all` is too much, rules say.
//!
//! Principal types: [`Workflow`] with its [`Job`]s and [`Step`]s, [`Permissions`], [`Expression`], [`Uses`].

use crate::yaml::Span;

mod delivery;
pub mod expression;
mod read;
mod uses;

pub use uses::{Pinning, Uses, UsesKind, image_version};

/// GitHub reads no larger file (`ParseOptions.MaxFileSize` in actions/runner). Whoever cuts a file short must hand over
/// at least one byte more, so that a part does not pass for the whole.
pub const MAX_BYTES: usize = 1 << 20;

/// A workflow file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workflow {
    /// Whether there was anything to read.
    pub state: State,
    /// Its name, where it has one.
    pub name: Option<Written>,
    /// What its runs are called.
    pub run_name: Option<Written>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// What its token may do, unless a job says otherwise.
    pub permissions: Permissions,
    /// Environment of all its jobs.
    pub env: Vec<Variable>,
    /// The shell that its scripts run in, unless a job or step says otherwise.
    pub default_shell: Option<Written>,
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// Every expression in it, in the order of the text, and every `if` condition.
    pub expressions: Vec<Expression>,
    /// What does not belong in a workflow, or could not be read, in the order of the text.
    pub problems: Vec<Problem>,
}

/// Whether a file held anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// Nothing but blank lines and comments.
    #[default]
    Empty,
    /// It is not YAML, or not within the limits; the problem says why, and nothing of it is known.
    Unreadable,
    /// It was read.
    Read,
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A name with a value: an environment variable, an input, a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name, as it is written.
    pub name: String,
    /// The value.
    pub value: Written,
}

/// An event that starts a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The event: `push`, `pull_request_target` …
    pub event: String,
    /// What narrows it down: `types`, `branches`, `paths-ignore`, `workflows`, `cron` … with the values given.
    pub filters: Vec<(String, Vec<String>)>,
    /// The names of the inputs of `workflow_dispatch` and `workflow_call`.
    pub inputs: Vec<String>,
    /// Where it is named.
    pub span: Span,
}

/// What a workflow's or a job's token may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Permissions {
    /// There is no `permissions:`; what the repository or the workflow has set, holds.
    #[default]
    Undeclared,
    /// One word for all scopes: `read-all`, `write-all`. GitHub knows no other, but another may be written.
    All(Written),
    /// Scope by scope; a scope that is not named gets nothing. `{}` names none.
    Scopes(Vec<Permission>, Span),
}

/// What a token may do in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The scope, as it is written: `contents`, `packages` …
    pub scope: String,
    /// What is granted, as it is written: `read`, `write`, `none`. Empty if there is no word.
    pub access: String,
    /// Where the scope is named.
    pub span: Span,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Job {
    /// Its key among the jobs.
    pub id: String,
    /// Where its key is.
    pub span: Span,
    /// Its name.
    pub name: Option<Written>,
    /// The reusable workflow that it calls instead of having steps.
    pub uses: Option<Reference>,
    /// Inputs of the reusable workflow.
    pub with: Vec<Variable>,
    /// Whether the reusable workflow gets all secrets (`secrets: inherit`).
    pub inherits_secrets: bool,
    /// Secrets that the reusable workflow gets by name.
    pub secrets: Vec<Variable>,
    /// Ids of the jobs that must end before.
    pub needs: Vec<String>,
    /// Its `if`.
    pub condition: Option<Written>,
    /// Labels of the runner it wants.
    pub runs_on: Vec<String>,
    /// The group of runners it wants.
    pub runner_group: Option<String>,
    /// The deployment environment.
    pub environment: Option<String>,
    /// The image that its steps run in.
    pub container: Option<Written>,
    /// Images of its services.
    pub services: Vec<Written>,
    /// What its token may do.
    pub permissions: Permissions,
    /// Environment of its steps.
    pub env: Vec<Variable>,
    /// The shell that its scripts run in, unless a step says otherwise.
    pub default_shell: Option<Written>,
    /// The rows of its matrix, and the values that `include` gives to their keys.
    pub matrix: Vec<(String, Vec<String>)>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Where it delivers to, told by what its steps use and run: `npm`, `maven`, `gradle`, `sbt`, `rubygems`,
    /// `nuget`, `docker`, `pypi`, `go`, `crates.io`, `ko`, `hex`, `github-release`, `github-pages`.
    pub publishes_to: Vec<&'static str>,
}

/// A step of a job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// Its place among the job's steps, from 0.
    pub index: usize,
    /// Where it begins.
    pub span: Span,
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<Written>,
    /// Its `if`.
    pub condition: Option<Written>,
    /// The action that it uses.
    pub uses: Option<Reference>,
    /// The inputs of the action.
    pub with: Vec<Variable>,
    /// The script that it runs.
    pub run: Option<Written>,
    /// The shell that the script runs in, where that can be told: its own, the job's or the workflow's, else the
    /// runner's.
    pub shell: Option<String>,
    /// The folder that it runs in.
    pub working_directory: Option<String>,
    /// Its environment.
    pub env: Vec<Variable>,
}

/// Something that is used, and where that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What is used.
    pub uses: Uses,
    /// Where it is named.
    pub span: Span,
    /// The comment on the line, without `#`: where a commit is used, often the version it belongs to.
    pub comment: Option<String>,
}

/// An expression, `${{ … }}`, or an `if` condition, which is one without the braces, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The key of the workflow, job or step whose value it is in: `run`, `if`, `with`, `env`, `name`, `runs-on`,
    /// `concurrency` …; `other` for keys that GitHub does not have.
    pub place: &'static str,
    /// The last key above it, where that is another: the input of `with`, the variable of `env` …
    pub key: Option<String>,
    /// The index of the job it is in.
    pub job: Option<usize>,
    /// The index of the step it is in.
    pub step: Option<usize>,
    /// What stands between the braces, without blanks around.
    pub text: String,
    /// What it says.
    pub parsed: expression::Parsed,
    /// Where it is; the whole value if its place inside cannot be told (in a value that stands for an alias).
    pub span: Span,
}

/// Something that does not belong in a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of fault it is.
    pub kind: ProblemKind,
    /// What is wrong, in a sentence without its place.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do about it, where that is known.
    pub help: Option<&'static str>,
}

/// What kind of fault a workflow has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// It is not YAML, or not within the limits.
    Yaml,
    /// A value is of another type than it must be.
    Type,
    /// A key that GitHub does not have there.
    UnknownKey,
    /// A key that was there before.
    DuplicateKey,
    /// Something must be there and is not.
    Missing,
    /// An expression that cannot be read.
    Expression,
}

impl Workflow {
    /// Read a workflow file.
    ///
    /// ```
    /// use eyrie_posture::parse::workflow::Workflow;
    ///
    /// let text = "on: [pull_request_target]\njobs:\n  a:\n    runs-on: x\n    steps: [{uses: actions/checkout@v4}]\n";
    /// let workflow = Workflow::parse(text.as_bytes());
    /// assert_eq!(workflow.triggers[0].event, "pull_request_target");
    /// assert_eq!(workflow.actions().collect::<Vec<_>>(), ["actions/checkout"]);
    /// assert!(workflow.problems.is_empty());
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        read::workflow(bytes)
    }

    /// Whether GitHub takes a file for a workflow: `.yml` or `.yaml`, directly in `.github/workflows`. Scorecard
    /// takes folders in any case (`IsWorkflowFile`), GitHub does not.
    #[must_use]
    pub fn is_path(path: &str) -> bool {
        path.strip_prefix(".github/workflows/")
            .is_some_and(|name| !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml")))
    }

    /// The names of all actions that steps use, without versions, in order; some occur several times.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.jobs.iter().flat_map(Job::actions)
    }

    /// Where its jobs deliver to, each once.
    #[must_use]
    pub fn publishes_to(&self) -> Vec<&'static str> {
        let mut all: Vec<_> = self.jobs.iter().flat_map(|job| job.publishes_to.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Job {
    /// The names of the actions that its steps use, without versions.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.uses.as_ref()).map(|used| used.uses.name.as_str())
    }
}

impl Step {
    /// The value of an input. GitHub does not tell the case of its name.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&str> {
        let found = self.with.iter().find(|input| input.name.eq_ignore_ascii_case(name))?;
        Some(&found.value.text)
    }
}

impl Permissions {
    /// In a word, as rules write it: `undeclared`, `read-all`, `write-all`, `none` (`{}` or no value), `scopes`
    /// or, for any other word, `other`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Undeclared => "undeclared",
            Self::All(word) => match &*word.text {
                "read-all" => "read-all",
                "write-all" => "write-all",
                "" => "none",
                _ => "other",
            },
            Self::Scopes(scopes, _) if scopes.is_empty() => "none",
            Self::Scopes(..) => "scopes",
        }
    }

    /// The scopes that are named.
    #[must_use]
    pub fn scopes(&self) -> &[Permission] {
        match self {
            Self::Scopes(scopes, _) => scopes,
            _ => &[],
        }
    }

    /// Where they are declared.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Undeclared => None,
            Self::All(word) => Some(word.span),
            Self::Scopes(_, span) => Some(*span),
        }
    }
}

impl State {
    /// Its name, as rules write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Unreadable => "unreadable",
            Self::Read => "read",
        }
    }
}

impl ProblemKind {
    /// Its name, as rules write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Type => "type",
            Self::UnknownKey => "unknown-key",
            Self::DuplicateKey => "duplicate-key",
            Self::Missing => "missing",
            Self::Expression => "expression",
        }
    }
}

#[cfg(test)]
mod tests;
