//! Arguments of `eyrie watch` and `eyrie record`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::ScreenArgs;
use crate::exit::Exit;

/// Arguments of `watch`.
#[derive(Debug, Args)]
#[command(after_help = Exit::watch_help())]
pub struct WatchArgs {
    /// Rule file or directory of them; may be repeated. Else Eyrie's own rules
    #[arg(short, long, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Stop after 60s, 5m, 1h
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    pub time: Option<Duration>,
    /// How alerts are shown
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub format: AlertForm,
    /// At the end, say what happened: by rule, kind of event, process, file and connection
    #[arg(long)]
    pub summary: bool,
    /// Say what watching needs and whether it is here, and end
    #[arg(long)]
    pub doctor: bool,
    /// Say how many events there were and whether any were lost, on standard error
    #[arg(long, short)]
    pub verbose: bool,
    #[command(flatten)]
    /// How events are taken from the kernel.
    pub source: SourceArgs,
    #[command(flatten)]
    /// How the terminal is used.
    pub screen: ScreenArgs,
}

/// Arguments of `record`.
#[derive(Debug, Args)]
#[command(after_help = Exit::watch_help())]
pub struct RecordHostArgs {
    /// The capture: compressed with gzip if it ends with .gz, with zstd if it ends with .zst
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Stop after 60s, 5m, 1h
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    pub time: Option<Duration>,
    #[command(flatten)]
    /// How events are taken from the kernel.
    pub source: SourceArgs,
    /// Command to run; what it and its descendants do is recorded. Else the whole host
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// How events are taken from the kernel.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// Size of each processor's ring buffer, in MiB; a power of two
    #[arg(long, value_name = "MIB", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=512))]
    pub ring_size: u32,
    /// How many bytes of what is read or written are taken
    #[arg(long, value_name = "BYTES", default_value_t = 80, value_parser = clap::value_parser!(u32).range(0..=16383))]
    pub snaplen: u32,
}

/// How alerts are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AlertForm {
    /// A line of text each, as Falco prints it
    #[default]
    Text,
    /// A line of JSON each, as Falco prints it
    Json,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let time: jiff::SignedDuration =
        text.parse().map_err(|_| "a time is a number with a unit, such as 60s, 5m or 1h".to_owned())?;
    Duration::try_from(time).map_err(|_| "a time is not negative".to_owned())
}
