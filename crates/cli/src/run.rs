//! From arguments to an exit code: who does the work.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use eyrie_posture::report::{REPORT_VERSION, Report};

use crate::args::{Cli, Command, CompletionsArgs, ForgeCommand, RenderArgs};
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Destination;
use crate::present::Presentation;
use crate::{assess, capture, catalog, fix, forge, register, replay, rules};

/// Runs the command. Wrong arguments, `--help` and `--version` are clap's to answer, which ends the process.
///
/// # Errors
/// See [`Error`].
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<Exit, Error> {
    let cli = Cli::parse_from(arguments);
    // These end in their own way when they are asked to.
    #[cfg(target_os = "linux")]
    let own_end = matches!(cli.command, Command::Watch(_) | Command::Record(_));
    #[cfg(not(target_os = "linux"))]
    let own_end = false;
    if !own_end {
        crate::interrupt::listen().map_err(Error::Signals)?;
    }
    let result = match cli.command {
        Command::Assess(args) => assess::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Capture(args) => capture::run(&args),
        Command::Checks(args) => catalog::checks(&args),
        Command::Fix(args) => fix::run(&args),
        Command::Render(args) => render(&args),
        Command::Forge(args) => match args.command {
            ForgeCommand::Record(args) => forge::record(&args),
        },
        Command::Rules(args) => rules::run(&args),
        Command::Register(args) => register::run(&args),
        Command::Project(args) => register::projects(&args),
        Command::Attest(args) => register::attest(&args),
        Command::Meeting(args) => register::meeting(&args),
        Command::Vote(args) => register::votes(&args),
        Command::Policy(args) => register::policies(&args),
        Command::Campaign(args) => register::campaigns(&args),
        Command::Fact(args) => register::record(&args),
        #[cfg(target_os = "linux")]
        Command::Watch(args) => crate::watch::run(&args),
        #[cfg(target_os = "linux")]
        Command::Record(args) => crate::record::run(&args),
        Command::Completions(args) => completions(&args),
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

fn completions(args: &CompletionsArgs) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "eyrie", &mut script);
    Destination::Stdout.write(&script).map_err(Error::Stdout)?;
    Ok(Exit::Clean)
}
