//! From arguments to an exit code: what the flags and the environment mean, and who does the work.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Parser as _;
use eyrie_posture::report::{REPORT_VERSION, Report};

use crate::args::{Cli, Command, Format, JudgementArgs, OutputArgs, RenderArgs, ScreenArgs};
use crate::exit::Exit;
use crate::output::Destination;
use crate::render::{PassScore, badge, html, json, markdown, sarif, terminal};
use crate::screen::{Screen, Stream};

/// Why the command could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Standard output is gone or full.
    #[error("cannot write the result: {0}")]
    Stdout(#[source] io::Error),
    /// The file of `--output` cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that was named cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that was named is no report.
    #[error("{} is not a report of Eyrie: {source}", path.display())]
    NotAReport {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// A report of a later version.
    #[error("{} is a report of version {found}; this eyrie knows version {REPORT_VERSION}", path.display())]
    ReportVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// Ctrl-C cannot be listened for.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Error::Stdout(_) | Error::Signals(_) => None,
            Error::Write { .. } => Some("name a file in a folder that exists and that you may write to"),
            Error::Read { .. } => Some("check the name and the permissions"),
            Error::NotAReport { .. } => Some("make one with `--format json`"),
            Error::ReportVersion { .. } => Some("use the eyrie that wrote it, or a newer one"),
        }
    }

    /// Whether a reader has closed the pipe: no error of ours.
    fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Stdout(source) | Error::Write { source, .. }
            if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Runs the command. Wrong arguments, `--help` and `--version` are clap's to answer, which ends the process.
///
/// # Errors
/// See [`Error`].
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<Exit, Error> {
    let cli = Cli::parse_from(arguments);
    crate::interrupt::listen().map_err(Error::Signals)?;
    let result = match cli.command {
        Command::Render(args) => render(&args),
    };
    match result {
        Err(error) if error.is_broken_pipe() => Ok(Exit::Clean),
        result => result,
    }
}

fn render(args: &RenderArgs) -> Result<Exit, Error> {
    let report = read_report(&args.report)?;
    Presentation::of(&args.output, &args.judgement, &args.screen).present(&report)
}

fn read_report(path: &Path) -> Result<Report, Error> {
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let not_a_report = |source| Error::NotAReport { path: path.to_owned(), source };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(not_a_report)?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(found) if found > u64::from(REPORT_VERSION) => {
            Err(Error::ReportVersion { path: path.to_owned(), found })
        }
        _ => serde_json::from_value(value).map_err(not_a_report),
    }
}

/// How a report is shown, and what it is held to.
struct Presentation {
    format: Format,
    destination: Destination,
    screen: Screen,
    quiet: bool,
    pass_score: Option<PassScore>,
}

impl Presentation {
    fn of(output: &OutputArgs, judgement: &JudgementArgs, screen: &ScreenArgs) -> Presentation {
        let destination = Destination::from_argument(output.output.as_deref());
        let stream = match destination {
            Destination::Stdout => Stream::stdout(),
            Destination::File(_) => Stream::default(),
        };
        Presentation {
            format: output.format,
            screen: Screen::decide(stream, screen.color, screen.render_links, &environment),
            destination,
            quiet: output.quiet,
            pass_score: judgement.pass_score,
        }
    }

    /// Draws, writes and says how it ended.
    fn present(&self, report: &Report) -> Result<Exit, Error> {
        let mut drawn = Vec::new();
        match self.format {
            Format::Terminal => terminal::render(report, &self.terminal(), &mut drawn),
            // Compact for a program at the other end of a pipe.
            Format::Json => {
                let piped = self.destination == Destination::Stdout && !self.screen.terminal;
                json::render(report, !piped, &mut drawn)
            }
            Format::Markdown => {
                let existing = self.destination.existing().map_err(|source| self.output_error(source))?;
                markdown::render(report, self.pass_score, existing.as_deref(), &mut drawn)
            }
            Format::Html => html::render(report, self.pass_score, &mut drawn),
            Format::Sarif => sarif::render(report, &mut drawn),
            Format::Badge => badge::render_endpoint(report, self.pass_score, &mut drawn),
            Format::BadgeSvg => badge::render_svg(report, self.pass_score, &mut drawn),
        }
        .map_err(Error::Stdout)?;
        self.destination.write(&drawn).map_err(|source| self.output_error(source))?;
        Ok(verdict(report, self.pass_score))
    }

    fn output_error(&self, source: io::Error) -> Error {
        match &self.destination {
            Destination::Stdout => Error::Stdout(source),
            Destination::File(path) => Error::Write { path: path.clone(), source },
        }
    }

    fn terminal(&self) -> terminal::TerminalOptions {
        terminal::TerminalOptions {
            width: self.screen.width,
            color: self.screen.color,
            unicode: self.screen.unicode,
            links: self
                .screen
                .links
                .then(|| terminal::Links { base: std::env::current_dir().ok(), host: String::new() }),
            pass_score: self.pass_score,
            quiet: self.quiet,
        }
    }
}

/// What a report means for whoever called: an incomplete one is no verdict, whatever the score.
fn verdict(report: &Report, pass_score: Option<PassScore>) -> Exit {
    if report.projects.iter().any(|project| !project.failures.is_empty()) {
        return Exit::CouldNotAssess;
    }
    let below = |pass_score: PassScore| {
        report.projects.iter().any(|project| !pass_score.reached_by(project.score.overall))
    };
    if pass_score.is_some_and(below) { Exit::BelowPassScore } else { Exit::Clean }
}

fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
