//! `eyrie capture`: what is in a capture, and parts of it.

use std::io::{self, Write as _};
use std::path::Path;

use eyrie_pipeline::{Cut, CutError, CutSummary, Info};
use eyrie_sources::capture::{Compression, ReadError, Writer};

use crate::args::replay::{CaptureArgs, CaptureCommand, CutArgs, EventFormat, InfoArgs};
use crate::catalog::diagnostic_style;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{Destination, Staged};
use crate::render::capture;
use crate::replay::{filter, note, notes, open};

/// Does what was asked.
pub(crate) fn run(args: &CaptureArgs) -> Result<Exit, Error> {
    match &args.command {
        CaptureCommand::Info(args) => info(args),
        CaptureCommand::Cut(args) => cut(args),
    }
}

fn info(args: &InfoArgs) -> Result<Exit, Error> {
    let mut replay = open(&args.capture)?;
    let (info, problem) = Info::of(&mut replay);
    let failed = |source| Error::Capture { path: args.capture.clone(), source };
    let problem = match problem.map(failed) {
        // Nothing was read, so there is nothing to tell.
        Some(error) if info.sections == 0 => return Err(error),
        problem => problem,
    };
    let drawn = match args.format {
        EventFormat::Text => capture::text(&info, args.top),
        EventFormat::Json => capture::json(&info, args.top),
    };
    Destination::Stdout.write(drawn.as_bytes()).map_err(Error::Stdout)?;
    let mut told = String::new();
    notes(&info.summary, &mut told);
    // Nowhere is left to complain to if this fails.
    let _ = io::stderr().write_all(told.as_bytes());
    problem.map_or(Ok(Exit::Clean), Err)
}

fn cut(args: &CutArgs) -> Result<Exit, Error> {
    let style = diagnostic_style(&args.screen);
    let filter = args.filter.as_deref().map(|text| filter(text, style)).transpose()?;
    let mut replay = open(&args.capture)?;
    let failed = |source| Error::Write { path: args.output.clone(), source };
    let staged = Staged::beside(&args.output).map_err(failed)?;
    let mut writer = Writer::new(staged, compression(&args.output)).map_err(failed)?;
    let cut = Cut { from: args.from, to: args.to, filter };
    let (summary, problem) = match cut.write(&mut replay, &mut writer) {
        Ok(summary) => (summary, None),
        Err(CutError::Read {
            source: source @ (ReadError::Empty | ReadError::NotACapture { .. }), ..
        }) => {
            return Err(Error::Capture { path: args.capture.clone(), source });
        }
        // What came before is a capture, too.
        Err(CutError::Read { source, summary }) => (summary, Some(source)),
        Err(CutError::Backwards) => {
            return Err(Error::Usage {
                message: "--to is before --from".to_owned(),
                help: "swap them, or leave one away".to_owned(),
            });
        }
        Err(CutError::Write(source)) => return Err(failed(source)),
    };
    writer.finish().and_then(Staged::persist).map_err(failed)?;
    if !args.quiet {
        let mut told = tell(&summary);
        notes(&replay.summary(), &mut told);
        // Nowhere is left to complain to if this fails.
        let _ = io::stderr().write_all(told.as_bytes());
    }
    match problem {
        None => Ok(Exit::Clean),
        Some(source) => Err(Error::Capture { path: args.capture.clone(), source }),
    }
}

fn tell(summary: &CutSummary) -> String {
    let CutSummary { taken, state_only, left_out, forgotten } = *summary;
    let mut told =
        format!("{taken} events taken, {state_only} kept for the state alone, {left_out} left out\n");
    note(
        forgotten,
        "event",
        "on containers, users and groups from before the part not kept: there are too many",
        &mut told,
    );
    told
}

/// By the ending of the file's name.
fn compression(path: &Path) -> Compression {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("zst" | "zstd") => Compression::Zstd,
        Some("raw") => Compression::None,
        _ => Compression::Gzip,
    }
}
