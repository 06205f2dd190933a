//! What was typed after `replay` and `capture`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use eyrie_engine::Priority;
use eyrie_pipeline::Moment;

use super::ScreenArgs;
use crate::exit::Exit;

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = Exit::replay_help())]
pub struct ReplayArgs {
    /// Capture, plain or compressed with gzip or Zstandard; `-` reads standard input
    #[arg(value_name = "CAPTURE")]
    pub capture: PathBuf,
    /// Rule file, or folder of rule files; may be repeated, and order counts
    #[arg(long, short, value_name = "FILE|DIR", help_heading = "What is asked")]
    pub rules: Vec<PathBuf>,
    /// Only events that match this condition
    #[arg(long, value_name = "CONDITION", help_heading = "What is asked")]
    pub filter: Option<String>,
    /// Report the first rule that matches an event, or all that do
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHICH",
        requires = "rules",
        help_heading = "What is asked"
    )]
    pub rule_matching: RuleMatching,
    /// Leave out rules below this priority, such as `notice`
    #[arg(long, value_parser = parse_priority, value_name = "PRIORITY", requires = "rules", help_heading = "What is asked")]
    pub priority: Option<Priority>,
    /// Form of alerts and events
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    pub format: EventFormat,
    /// Show events in this format instead, such as `%evt.time %proc.cmdline %fd.name`
    #[arg(
        long,
        short,
        value_name = "FORMAT",
        group = "shown",
        conflicts_with = "rules",
        help_heading = "Output"
    )]
    pub print: Option<String>,
    /// Show these fields of events, a header and one tab-separated line each; `<NA>` for no value
    #[arg(long, value_name = "FIELD,…", group = "shown", conflicts_with = "rules", help_heading = "Output")]
    pub columns: Option<String>,
    /// Show events with every field that they have, one JSON object a line
    #[arg(long, group = "shown", conflicts_with = "rules", help_heading = "Output")]
    pub fields: bool,
    /// What Falco shows, its mistakes included
    #[arg(long, help_heading = "Output")]
    pub strict_compat: bool,
    /// Name of the host in alerts, instead of this machine's
    #[arg(long, value_name = "NAME", env = "FALCO_HOSTNAME", help_heading = "Output")]
    pub hostname: Option<String>,
    /// No summary at the end
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
    #[command(flatten)]
    /// How the terminal is used.
    pub screen: ScreenArgs,
}

/// Which of several rules that match an event are reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RuleMatching {
    /// The first, in the order of the files
    #[default]
    First,
    /// All
    All,
}

/// Form of alerts and events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EventFormat {
    /// A line for people
    #[default]
    Text,
    /// A JSON object a line
    Json,
}

fn parse_priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| {
        let names = Priority::ALL.map(|priority| priority.name().to_lowercase());
        format!("priorities are {}", names.join(", "))
    })
}

/// Arguments of `capture`.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// What to do with a capture.
    #[command(subcommand)]
    pub command: CaptureCommand,
}

/// The commands of `capture`.
#[derive(Debug, Subcommand)]
pub enum CaptureCommand {
    /// Say what is in a capture: host, time, events, the busiest processes and files
    Info(InfoArgs),
    /// Write a part of a capture as a smaller one, which Falco's tools read
    ///
    /// Its head tells the host as it is where the part begins. With --filter, events that change what is known of the host
    /// are kept and marked, so that names stay right and nothing else shows.
    Cut(CutArgs),
}

/// Arguments of `capture info`.
#[derive(Debug, Args)]
#[command(after_help = Exit::plain_help("the capture is damaged or cannot be read, or what was asked failed"))]
pub struct InfoArgs {
    /// Capture; `-` reads standard input
    #[arg(value_name = "CAPTURE")]
    pub capture: PathBuf,
    /// Form of the answer
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: EventFormat,
    /// How many events, processes and files to list
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
}

/// Arguments of `capture cut`.
#[derive(Debug, Args)]
#[command(after_help = Exit::plain_help("the capture is damaged or cannot be read, or what was asked failed"))]
pub struct CutArgs {
    /// Capture; `-` reads standard input
    #[arg(value_name = "CAPTURE")]
    pub capture: PathBuf,
    /// File to write; `.gz` and `.scap` are compressed with gzip, `.zst` with Zstandard, `.raw` not at all
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Begin here: 2026-11-22T01:47:53.5Z, 01:47:53.5 on the day of the capture (UTC), or +2.5s after its first event
    #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
    pub from: Option<Moment>,
    /// End here, this moment included; as --from
    #[arg(long, value_name = "TIME", value_parser = super::moment::parse)]
    pub to: Option<Moment>,
    /// Only events that match this condition
    #[arg(long, value_name = "CONDITION")]
    pub filter: Option<String>,
    /// No summary at the end
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    /// How the terminal is used.
    pub screen: ScreenArgs,
}
