//! Arguments of `eyrie rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ScreenArgs;
use crate::exit::Exit;

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// What to do with rules.
    #[command(subcommand)]
    pub command: RulesCommand,
    #[command(flatten)]
    /// How the terminal is used.
    pub screen: ScreenArgs,
}

/// The commands of `rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Check rule files: all problems of all files, each with its place and what to do
    Check(CheckArgs),
    /// Describe rules: compiled conditions, fields, macros, lists, events
    Describe(DescribeArgs),
    /// List rules
    List(ListArgs),
    /// Show rules, macros or lists with all that is known of them
    Show(ShowArgs),
    /// List the fields that conditions and outputs may use
    Fields(FieldsArgs),
    /// List the types of events, with the rules that look at them
    Events(EventsArgs),
    /// Look for rules that load and are probably wrong or costly
    Lint(LintArgs),
    /// Show which of MITRE ATT&CK's tactics and techniques rules name in their tags
    Coverage(CoverageArgs),
    /// Run unit tests of rules: given these fields, expect these findings
    Test(TestArgs),
    /// Explain why a rule matches an event or does not: each comparison, its value, its verdict
    Explain(ExplainArgs),
}

/// Which rules.
#[derive(Debug, Args)]
pub struct RuleFiles {
    /// Rule files or directories of them, in the order of loading; `-` reads standard input. Else Eyrie's own rules
    #[arg(value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
}

/// Form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Arguments of `rules check`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct CheckArgs {
    #[command(flatten)]
    /// Which rules.
    pub rules: RuleFiles,
    /// `json` is what `falco -V` writes
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AnswerFormat,
    /// Only errors, no warnings
    #[arg(long, short)]
    pub quiet: bool,
    /// Exit with code 1 for warnings, too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Falco's own answer: one error a file, nothing that only we say
    #[arg(long)]
    pub strict_compat: bool,
}

/// Arguments of `rules describe`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct DescribeArgs {
    #[command(flatten)]
    /// Which rules.
    pub rules: RuleFiles,
    /// Only the rule of this name
    #[arg(long, short, value_name = "NAME")]
    pub rule: Option<String>,
    /// `json` is what `falco -L` writes
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AnswerFormat,
    /// Refuse to describe what Falco refuses to describe
    #[arg(long)]
    pub strict_compat: bool,
}

/// Arguments of `rules list`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct ListArgs {
    #[command(flatten)]
    /// Which rules.
    pub rules: RuleFiles,
    /// Only rules with this in their name, tags or description; `*` stands for any text
    #[arg(long, short, value_name = "PATTERN")]
    pub search: Option<String>,
    /// Only rules with this tag; may be repeated, then all are needed
    #[arg(long, short, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Only rules for this source of events
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Only rules of this priority or a more urgent one
    #[arg(long, short, value_name = "PRIORITY")]
    pub priority: Option<PriorityArg>,
    /// Only rules that the files switch on, or off
    #[arg(long, value_name = "BOOL")]
    pub enabled: Option<bool>,
    /// List macros and lists, too
    #[arg(long, short)]
    pub all: bool,
    /// Form of the list
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AnswerFormat,
}

/// A priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are Falco's and say all there is to say")]
pub enum PriorityArg {
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    #[value(alias = "info")]
    Informational,
    Debug,
}

/// Arguments of `rules show`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct ShowArgs {
    /// Name of a rule, macro or list; `*` stands for any text
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    /// Which rules.
    pub rules: RuleFiles,
}

/// Arguments of `rules fields`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct FieldsArgs {
    /// Only fields with this in their name or description; `*` stands for any text
    #[arg(value_name = "PATTERN")]
    pub search: Option<String>,
    /// Only fields of this type, such as CHARBUF
    #[arg(long, value_name = "TYPE")]
    pub r#type: Option<String>,
    /// Form of the list
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AnswerFormat,
}

/// Arguments of `rules events`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct EventsArgs {
    /// Only events with this in their name; `*` stands for any text
    #[arg(value_name = "PATTERN")]
    pub search: Option<String>,
    /// Only events that a rule looks at
    #[arg(long, short)]
    pub used: bool,
    /// Rule file or directory that uses are counted in; may be repeated. Else Eyrie's own rules
    #[arg(long, short, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Form of the list
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AnswerFormat,
}

/// Arguments of `rules lint`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct LintArgs {
    #[command(flatten)]
    /// Which rules.
    pub rules: RuleFiles,
    /// No notes on style and cost
    #[arg(long, short)]
    pub quiet: bool,
    /// Form of the findings
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AnswerFormat,
}

/// Form of a coverage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CoverageFormat {
    /// For people, at a terminal
    #[default]
    Text,
    /// One self-contained page
    Html,
    /// For programs
    Json,
}

/// Arguments of `rules coverage`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct CoverageArgs {
    #[command(flatten)]
    /// Which rules.
    pub rules: RuleFiles,
    /// Form of the coverage
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: CoverageFormat,
    /// Write to FILE instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `rules test`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct TestArgs {
    /// Files of tests. Else those of Eyrie's own rules
    #[arg(value_name = "FILE")]
    pub tests: Vec<PathBuf>,
    /// Rule file or directory that the tests are about; may be repeated. Else Eyrie's own rules
    #[arg(long, short, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Only tests with this in their name; `*` stands for any text
    #[arg(long, short, value_name = "PATTERN")]
    pub search: Option<String>,
    /// Only what fails
    #[arg(long, short)]
    pub quiet: bool,
    /// Form of the results
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AnswerFormat,
}

/// Arguments of `rules explain`.
#[derive(Debug, Args)]
#[command(after_help = Exit::rules_help())]
pub struct ExplainArgs {
    /// Name of the rule
    #[arg(value_name = "RULE")]
    pub rule: String,
    #[command(flatten)]
    /// Which rules.
    pub rules: RuleFiles,
    /// The event: a JSON object of fields, or an alert with `output_fields`; `-` reads standard input
    #[arg(long, short, value_name = "FILE")]
    pub event: PathBuf,
    /// Form of the explanation
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AnswerFormat,
}
