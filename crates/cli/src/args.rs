//! What was typed: [`Cli`] and its parts, as clap reads them, without any effect or decision.
//!
//! What the arguments mean, together with the environment, is in `run`.

pub mod moment;
pub mod replay;
pub mod rules;
#[cfg(target_os = "linux")]
pub mod watch;

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use jiff::Timestamp;

use crate::assess::{HistoryArg, parse_now};
use crate::exit::Exit;
use crate::register::args::{
    AttestArgs, CampaignArgs, FactArgs, MeetingArgs, PolicyArgs, ProjectArgs, RegisterArgs, VoteArgs,
};
use crate::render::PassScore;
use crate::screen::When;

use replay::{CaptureArgs, ReplayArgs};

/// Judges cloud native projects by evidence.
#[derive(Debug, Parser)]
#[command(name = "eyrie", version, about, after_help = Exit::overview_help(), max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Assess repositories as one project: a score, a checklist, evidence and fixes
    ///
    /// Needs no network and no token for folders. With GITHUB_TOKEN set, GitHub is asked for what only it knows; what
    /// cannot be decided is unknown, and the report says what would help. Addresses are cloned.
    Assess(Box<AssessArgs>),
    /// Replay a capture of system calls: alerts as rules would have raised them, or its events
    ///
    /// Without rules, events are shown. Times are UTC.
    Replay(Box<ReplayArgs>),
    /// Look into captures, and make smaller ones of them
    Capture(CaptureArgs),
    /// Show the checks of a catalogue, explained
    Checks(ChecksArgs),
    /// Show as a diff what can safely be written so that checks pass; write it with --write
    ///
    /// Looks at the checks that fail in the files as they are. What is written follows from what the repository shows:
    /// its manifests, tags and workflows. The diff goes to standard output, as `git apply` reads it.
    Fix(Box<FixArgs>),
    /// Draw a JSON report again, in another format
    Render(RenderArgs),
    /// Ask a forge, for a machine that cannot
    Forge(ForgeArgs),
    /// Check, describe and explain detection rules: Falco's rule files
    Rules(Box<rules::RulesArgs>),
    /// Keep a foundation's register: its log, as files, checked
    Register(Box<RegisterArgs>),
    /// Projects of a register: submit them, see where they stand
    Project(Box<ProjectArgs>),
    /// State something about a project that no repository shows, with evidence
    Attest(Box<AttestArgs>),
    /// Meetings of a register's bodies
    Meeting(Box<MeetingArgs>),
    /// Votes: open, cast, close, explain
    Vote(Box<VoteArgs>),
    /// Policies of foundations: lint, diff, explain
    Policy(PolicyArgs),
    /// Campaigns: who takes part, scores, leaderboard, checklists, report
    Campaign(Box<CampaignArgs>),
    /// Write any fact into a register
    Fact(Box<FactArgs>),
    /// Watch this host with eBPF: alerts of detection rules, as things happen
    ///
    /// Needs root, or the capabilities that `--doctor` names. With no rule files named, Eyrie's own are taken.
    #[cfg(target_os = "linux")]
    Watch(Box<watch::WatchArgs>),
    /// Record a capture of a command, or of the host
    ///
    /// The capture is what Falco's tools and `eyrie replay` read. Needs root, as `watch`.
    #[cfg(target_os = "linux")]
    Record(Box<watch::RecordHostArgs>),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// Arguments of `forge`.
#[derive(Debug, Args)]
pub struct ForgeArgs {
    /// What to do with a forge.
    #[command(subcommand)]
    pub command: ForgeCommand,
}

/// The commands of `forge`.
#[derive(Debug, Subcommand)]
pub enum ForgeCommand {
    /// Write what a forge says of a repository into a folder, for `--forge-data`
    ///
    /// GITHUB_TOKEN is sent to github.com alone, GH_ENTERPRISE_TOKEN to the host of GH_HOST alone. Without a token a
    /// forge tells less. HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are heeded.
    Record(RecordArgs),
}

/// Arguments of `forge record`.
#[derive(Debug, Args)]
#[command(after_help = Exit::plain_help("the forge told nothing, or what was asked failed"))]
pub struct RecordArgs {
    /// Address of the repository, such as `https://github.com/falcosecurity/falco`
    pub url: String,
    /// Folder to write, instead of NAME-forge in the current folder; an earlier recording in it is replaced
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// The project's name in the landscape, where it is not the repository's
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Address of a foundation's landscape file to look the project up in
    #[arg(long, value_name = "URL")]
    pub landscape_url: Option<String>,
    /// Which API the host speaks, where its name does not tell
    #[arg(long, value_enum, value_name = "KIND")]
    pub forge_kind: Option<ForgeKindArg>,
    /// Say nothing of what was not told
    #[arg(long, short)]
    pub quiet: bool,
}

/// A forge's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForgeKindArg {
    /// GitHub or a GitHub Enterprise Server
    Github,
    /// GitLab
    Gitlab,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Arguments of `assess`.
#[derive(Debug, Args)]
#[command(after_help = Exit::help())]
pub struct AssessArgs {
    /// Folders of repositories, or their addresses
    #[arg(required = true, value_name = "PATH|URL")]
    pub targets: Vec<String>,
    /// Name of the project; else that of the first repository
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Assess this revision instead of the files as they are
    #[arg(long, value_name = "REV")]
    pub at: Option<String>,
    /// Follow the score back over 2y, 6mo, 12w, 90d or "100 commits"
    #[arg(long, value_name = "TIME")]
    pub history: Option<HistoryArg>,
    #[command(flatten)]
    /// Where results go and in which form.
    pub output: OutputArgs,
    #[command(flatten)]
    /// What they are held to.
    pub judgement: JudgementArgs,
    /// Check set to take; may be repeated. Else those that the catalogue takes by default
    #[arg(long = "set", value_name = "SET", help_heading = "Judgement")]
    pub sets: Vec<String>,
    /// Catalogue to add to Eyrie's own, or that replaces it; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    pub catalog: Vec<PathBuf>,
    /// CLOMonitor's own verdicts and score, its mistakes included
    #[arg(long, help_heading = "Judgement")]
    pub strict_compat: bool,
    /// The day that ages are counted from, for a result that can be reproduced
    #[arg(long, value_name = "DATE", value_parser = parse_now, help_heading = "Judgement")]
    pub now: Option<Timestamp>,
    /// Address of the repository on its forge, where git does not know it; once for each repository, in their order
    #[arg(long, value_name = "URL", help_heading = "Evidence")]
    pub url: Vec<String>,
    /// Answers of the forge recorded elsewhere; once for each repository, in their order
    #[arg(long, value_name = "FILE|DIR", help_heading = "Evidence")]
    pub forge_data: Vec<PathBuf>,
    /// The foundation's landscape.yml
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub landscape: Option<PathBuf>,
    /// JSON of an OpenSSF Scorecard run; once for each repository, in their order
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub scorecard: Vec<PathBuf>,
    /// Use no network, whatever tokens are set
    #[arg(long, help_heading = "Evidence")]
    pub offline: bool,
    /// Clone only so many commits; what needs older ones is then unknown
    #[arg(long, value_name = "COMMITS", help_heading = "Evidence")]
    pub depth: Option<NonZeroU32>,
    #[command(flatten)]
    /// How the terminal is used.
    pub screen: ScreenArgs,
    /// Show no progress
    #[arg(long, help_heading = "Terminal")]
    pub no_progress: bool,
}

/// Arguments of `fix`.
#[derive(Debug, Args)]
#[command(after_help = Exit::plain_help("the repository could not be assessed, or a fix not be written"))]
pub struct FixArgs {
    /// Folder of the repository
    #[arg(default_value = ".", value_name = "PATH")]
    pub path: String,
    /// Write the files
    #[arg(long, short)]
    pub write: bool,
    /// Check to look at; may be repeated. Else all of the check sets
    #[arg(long = "check", value_name = "ID")]
    pub checks: Vec<String>,
    /// Only what is or would be written, not what is left to do
    #[arg(long, short)]
    pub quiet: bool,
    /// Check set to take; may be repeated. Else those that the catalogue takes by default
    #[arg(long = "set", value_name = "SET", help_heading = "Judgement")]
    pub sets: Vec<String>,
    /// Catalogue to add to Eyrie's own, or that replaces it; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    pub catalog: Vec<PathBuf>,
    /// Address of the repository on its forge, where git does not know it
    #[arg(long, value_name = "URL", help_heading = "Evidence")]
    pub url: Option<String>,
    /// Answers of the forge recorded elsewhere
    #[arg(long, value_name = "FILE|DIR", help_heading = "Evidence")]
    pub forge_data: Option<PathBuf>,
    /// Use no network, whatever tokens are set
    #[arg(long, help_heading = "Evidence")]
    pub offline: bool,
    #[command(flatten)]
    /// How the terminal is used.
    pub screen: ScreenArgs,
}

impl FixArgs {
    /// The arguments of the assessment that a fix begins with.
    pub(crate) fn as_assessed(&self) -> AssessArgs {
        AssessArgs {
            targets: vec![self.path.clone()],
            name: None,
            url: self.url.iter().cloned().collect(),
            at: None,
            history: None,
            output: OutputArgs { format: Format::default(), output: None, quiet: self.quiet },
            judgement: JudgementArgs { pass_score: None },
            sets: self.sets.clone(),
            catalog: self.catalog.clone(),
            strict_compat: false,
            now: None,
            forge_data: self.forge_data.iter().cloned().collect(),
            landscape: None,
            scorecard: Vec::new(),
            offline: self.offline,
            depth: None,
            screen: ScreenArgs { color: self.screen.color, render_links: self.screen.render_links },
            no_progress: self.quiet,
        }
    }
}

/// Arguments of `checks`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = false)]
pub struct ChecksArgs {
    /// What to show of it.
    #[command(subcommand)]
    pub command: Option<ChecksCommand>,
    /// Catalogue to add to Eyrie's own, or that replaces it; may be repeated
    #[arg(long, value_name = "FILE", global = true)]
    pub catalog: Vec<PathBuf>,
    /// The rules that give CLOMonitor's own verdicts
    #[arg(long, global = true)]
    pub strict_compat: bool,
    #[command(flatten)]
    /// How the terminal is used.
    pub screen: ScreenArgs,
}

/// The commands of `checks`.
#[derive(Debug, Subcommand)]
pub enum ChecksCommand {
    /// All checks, by category (the default)
    List,
    /// Checks, explained: what they look at, why, how to pass, the rule itself
    Show {
        /// Ids of checks
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Kinds of records and their fields, for rules of your own
    Fields {
        /// Kinds; all if none is named
        #[arg(value_name = "KIND")]
        kinds: Vec<String>,
    },
}

/// Arguments of `render`.
#[derive(Debug, Args)]
#[command(after_help = Exit::help())]
pub struct RenderArgs {
    /// A report that `--format json` wrote; `-` reads standard input
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,
    #[command(flatten)]
    /// Where results go and in which form.
    pub output: OutputArgs,
    #[command(flatten)]
    /// What they are held to.
    pub judgement: JudgementArgs,
    #[command(flatten)]
    /// How the terminal is used.
    pub screen: ScreenArgs,
}

/// Where results go and in which form.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Form of the report
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
    /// Write the report to FILE instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only the score and what fails; no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// What a report is held to.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judgement")]
pub struct JudgementArgs {
    /// Exit with code 1 if a project's score is below N percent, such as 80 or 72.5
    #[arg(long, value_name = "N")]
    pub pass_score: Option<PassScore>,
}

/// How the terminal is used.
#[derive(Debug, Args)]
#[command(next_help_heading = "Terminal")]
pub struct ScreenArgs {
    /// Colours; `auto` heeds NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE and TERM
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", global = true)]
    pub color: When,
    /// Clickable evidence (OSC 8 hyperlinks)
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", global = true)]
    pub render_links: When,
}

/// Form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, at a terminal
    #[default]
    Terminal,
    /// The documented contract, docs/report.schema.json
    Json,
    /// A checklist for an issue; an existing FILE is updated in place
    Markdown,
    /// One self-contained page
    Html,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JSON of a shields.io endpoint
    Badge,
    /// A badge as a picture
    BadgeSvg,
}
