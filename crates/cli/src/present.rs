//! A report on its way out: in which form, to where, and what it means for the exit code.

use eyrie_posture::report::Report;

use crate::args::{Format, JudgementArgs, OutputArgs, ScreenArgs};
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Destination;
use crate::render::text::visible;
use crate::render::{PassScore, badge, html, json, markdown, sarif, terminal};
use crate::screen::{Screen, Stream};

/// How a report is shown, and what it is held to.
pub(crate) struct Presentation {
    format: Format,
    destination: Destination,
    screen: Screen,
    quiet: bool,
    pass_score: Option<PassScore>,
}

impl Presentation {
    pub(crate) fn of(output: &OutputArgs, judgement: &JudgementArgs, screen: &ScreenArgs) -> Presentation {
        let destination = Destination::from_argument(output.output.as_deref());
        let stream = match destination {
            Destination::Stdout => Stream::stdout(),
            Destination::File(_) => Stream::default(),
        };
        Presentation {
            format: output.format,
            screen: Screen::decide(stream, screen.color, screen.render_links, &environment::get),
            destination,
            quiet: output.quiet,
            pass_score: judgement.pass_score,
        }
    }

    /// Draws, writes and says how it ended.
    pub(crate) fn present(&self, report: &Report) -> Result<Exit, Error> {
        let mut drawn = Vec::new();
        match self.format {
            Format::Terminal => {
                let options = environment::terminal(&self.screen, self.pass_score, self.quiet);
                terminal::render(report, &options, &mut drawn)
            }
            // Compact for a program at the other end of a pipe.
            Format::Json => {
                let piped = self.destination == Destination::Stdout && !self.screen.terminal;
                json::render(report, !piped, &mut drawn)
            }
            Format::Markdown => {
                let existing = self.destination.existing().map_err(|source| self.output_error(source))?;
                // People's ticks belong to lines that a report with gaps does not have.
                let failed = report.projects.iter().flat_map(|project| &project.failures);
                let failed: Vec<_> =
                    failed.map(|failure| format!("{}: {}", failure.path, failure.error)).collect();
                if let (Destination::File(path), Some(_), false) =
                    (&self.destination, &existing, failed.is_empty())
                {
                    let failed = visible(&failed.join("; ")).into_owned();
                    return Err(Error::KeptChecklist { path: path.clone(), failed });
                }
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

    fn output_error(&self, source: std::io::Error) -> Error {
        match &self.destination {
            Destination::Stdout => Error::Stdout(source),
            Destination::File(path) => Error::Write { path: path.clone(), source },
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
