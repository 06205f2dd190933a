//! What the place that output goes to can show: [`Screen`], decided from flags, environment and terminal.
//!
//! The environment comes in as a function, so that every decision can be tested.

use std::io::IsTerminal as _;

use clap::ValueEnum;

/// `auto`, `always` or `never`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// As the terminal and the environment suggest.
    #[default]
    Auto,
    /// Whatever the output is.
    Always,
    /// Not at all.
    Never,
}

/// What can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Whether it is a terminal at all.
    pub terminal: bool,
    /// Columns; 80 where nothing tells.
    pub width: usize,
    /// Colours.
    pub color: bool,
    /// Characters beyond ASCII.
    pub unicode: bool,
    /// OSC 8 hyperlinks.
    pub links: bool,
    /// Whether something that redraws itself, such as a progress bar, is welcome.
    pub lively: bool,
}

/// What is known about a stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stream {
    /// Whether it is a terminal.
    pub terminal: bool,
    /// The terminal's columns, if it tells.
    pub columns: Option<usize>,
    /// Whether the terminal is known to show hyperlinks.
    pub hyperlinks: bool,
}

impl Stream {
    /// Standard output as it is now.
    pub fn stdout() -> Stream {
        Stream {
            terminal: std::io::stdout().is_terminal(),
            columns: terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0.into()),
            hyperlinks: supports_hyperlinks::supports_hyperlinks(),
        }
    }

    /// Standard error as it is now.
    pub fn stderr() -> Stream {
        Stream {
            terminal: std::io::stderr().is_terminal(),
            columns: terminal_size::terminal_size_of(std::io::stderr()).map(|(width, _)| width.0.into()),
            hyperlinks: false,
        }
    }
}

impl Screen {
    /// Decides. Flags win over the environment, `NO_COLOR` over `FORCE_COLOR` and `CLICOLOR_FORCE`, these over
    /// `TERM=dumb`, and all of them over what the stream is. `CI` only keeps things still: build logs neither redraw
    /// nor follow links to a build machine's files.
    pub fn decide(
        stream: Stream,
        color: When,
        links: When,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Screen {
        let set = |name: &str| environment(name).is_some_and(|value| !value.is_empty());
        let forced = |name: &str| environment(name).is_some_and(|value| !value.is_empty() && value != "0");
        let dumb = environment("TERM").is_some_and(|term| term == "dumb");
        let ci = forced("CI") && environment("CI").is_none_or(|value| value != "false");
        let color = match color {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR") => false,
            When::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
            When::Auto => stream.terminal && !dumb,
        };
        let links = match links {
            When::Always => true,
            When::Never => false,
            When::Auto => stream.terminal && !dumb && !ci && stream.hyperlinks,
        };
        let width = environment("COLUMNS")
            .and_then(|columns| columns.trim().parse().ok())
            .or(stream.columns)
            .filter(|columns| *columns > 0)
            .unwrap_or(80);
        Screen {
            terminal: stream.terminal,
            width,
            color,
            unicode: unicode(environment),
            links,
            lively: stream.terminal && !dumb && !ci,
        }
    }
}

/// Whether the locale is one of UTF-8. Containers and build machines often name no locale and do show UTF-8; a Linux
/// console has no glyphs for most of it.
fn unicode(environment: &dyn Fn(&str) -> Option<String>) -> bool {
    if environment("TERM").is_some_and(|term| term == "linux") {
        return false;
    }
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| environment(name).filter(|value| !value.is_empty()))
        .is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
}
