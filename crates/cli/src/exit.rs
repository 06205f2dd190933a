//! What the command's exit codes mean; nowhere else is one written down as a number.

use std::process::ExitCode;

/// How the command ended.
///
/// A reader that closes the pipe early has seen enough: that is [`Exit::Clean`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done, and the pass score, if one was asked for, is reached.
    Clean,
    /// Everything was done, and a project is below the pass score.
    BelowPassScore,
    /// Everything was done, and something is wrong with the rules.
    RulesWrong,
    /// The arguments are wrong. clap ends the command with the same code.
    Usage,
    /// At least one repository could not be assessed, or what was asked for could not be done.
    CouldNotAssess,
}

impl Exit {
    /// Those of commands that assess, in the order of their codes.
    pub const ALL: [Exit; 4] = [Exit::Clean, Exit::BelowPassScore, Exit::Usage, Exit::CouldNotAssess];

    /// The code the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::BelowPassScore | Exit::RulesWrong => 1,
            Exit::Usage => 2,
            Exit::CouldNotAssess => 3,
        }
    }

    /// One line for the help text.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Clean => "done; the pass score, if one was asked for, is reached",
            Exit::BelowPassScore => "done; below the pass score",
            Exit::RulesWrong => "done; something is wrong with the rules",
            Exit::Usage => "wrong arguments",
            Exit::CouldNotAssess => "at least one repository could not be assessed, or what was asked failed",
        }
    }

    /// The table that `--help` of the commands with a pass score ends with.
    pub fn help() -> String {
        table(&Exit::ALL.map(|exit| (exit, exit.meaning())))
    }

    /// The table of the command as a whole.
    pub fn overview_help() -> String {
        table(&[
            (Exit::Clean, "done"),
            (Exit::BelowPassScore, "below the pass score, or something is wrong with the rules"),
            (Exit::Usage, Exit::Usage.meaning()),
            (Exit::CouldNotAssess, "what was asked for could not be done, or not all of it"),
        ])
    }

    /// The table of commands that either do what they are asked or fail, and how they fail.
    pub fn plain_help(failure: &str) -> String {
        table(&[(Exit::Clean, "done"), (Exit::Usage, Exit::Usage.meaning()), (Exit::CouldNotAssess, failure)])
    }

    /// The table that `--help` of `replay` ends with.
    pub fn replay_help() -> String {
        table(&[
            (Exit::Clean, "done, with alerts or without"),
            (Exit::RulesWrong, "the rules have errors; nothing was replayed"),
            (Exit::Usage, Exit::Usage.meaning()),
            (Exit::CouldNotAssess, "the capture is damaged or cannot be read, or what was asked failed"),
        ])
    }

    /// The table that `--help` of `watch` and `record` ends with.
    pub fn watch_help() -> String {
        table(&[
            (Exit::Clean, "done"),
            (Exit::RulesWrong, Exit::RulesWrong.meaning()),
            (Exit::Usage, Exit::Usage.meaning()),
            (Exit::CouldNotAssess, "this host cannot be watched, or what was asked failed"),
        ])
    }

    /// The table that `--help` of the commands of `rules` ends with.
    pub fn rules_help() -> String {
        table(&[
            (Exit::Clean, "done"),
            (Exit::RulesWrong, Exit::RulesWrong.meaning()),
            (Exit::Usage, Exit::Usage.meaning()),
            (Exit::CouldNotAssess, "a file cannot be read, or what was asked failed"),
        ])
    }
}

fn table(lines: &[(Exit, &str)]) -> String {
    let lines: Vec<_> = lines.iter().map(|(exit, meaning)| format!("  {}  {meaning}", exit.code())).collect();
    format!("Exit codes:\n{}", lines.join("\n"))
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
