//! Why the command could not do what was asked, and what to do about it: [`Error`].

use std::io;
use std::path::PathBuf;

use eyrie_forge::{LandscapeError, NetworkError, RecordError, RecordedError, UrlError};
use eyrie_posture::report::REPORT_VERSION;
use eyrie_posture::scorecard::ScorecardError;
use eyrie_register::store::StoreError;

use eyrie_sources::capture::ReadError;

use crate::exit::Exit;
use crate::render::text::visible_lines;

/// Why the command could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This host cannot be watched.
    #[cfg(target_os = "linux")]
    #[error("{0}")]
    Watch(#[from] eyrie_pipeline::watch::WatchError),
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
    /// A checklist that people keep is not updated from a report with gaps.
    #[error("{} is left as it is: {failed}", path.display())]
    KeptChecklist {
        /// The checklist.
        path: PathBuf,
        /// What could not be assessed, and why.
        failed: String,
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
    /// A text is no address of a repository.
    #[error("not the address of a repository: {0}")]
    Url(#[source] UrlError),
    /// The network cannot be used as the environment says.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The recording cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The forge told nothing at all.
    #[error("nothing is known of {url}: {reason}")]
    NothingKnown {
        /// The repository.
        url: String,
        /// Why.
        reason: eyrie_forge::Reason,
    },
    /// A catalogue has mistakes.
    #[error("the catalogue has {}", crate::render::digest::count_of(*number, "mistake"))]
    Catalog {
        /// How many.
        number: usize,
        /// All of them, drawn for a terminal.
        rendered: String,
    },
    /// Rule files have errors.
    #[error("the rules have {}", crate::render::digest::count_of(*number, "error"))]
    RuleFiles {
        /// How many.
        number: usize,
        /// All of them, drawn for a terminal.
        rendered: String,
    },
    /// A file of rule tests has mistakes.
    #[error("{} has {}", path.display(), crate::render::digest::count_of(*number, "mistake"))]
    RuleTests {
        /// The file.
        path: PathBuf,
        /// How many.
        number: usize,
        /// All of them, drawn for a terminal.
        rendered: String,
    },
    /// Rules that load cannot be compiled together.
    #[error(transparent)]
    Build(Box<eyrie_engine::BuildError>),
    /// A file is no event.
    #[error("{} is not an event: {}", path.display(), crate::render::digest::count_of(*number, "problem"))]
    NotAnEvent {
        /// The file.
        path: PathBuf,
        /// How many.
        number: usize,
        /// All of them, one a line.
        problems: String,
    },
    /// A policy has mistakes.
    #[error("the policy has {}", crate::render::digest::count_of(*number, "mistake"))]
    Policy {
        /// How many.
        number: usize,
        /// All of them, drawn for a terminal.
        rendered: String,
    },
    /// Rules of a register forbid it.
    #[error("nothing was written: {} to see to", crate::render::digest::count_of(*number, "thing"))]
    Refused {
        /// How many.
        number: usize,
        /// All of them, drawn for a terminal.
        rendered: String,
    },
    /// A register cannot be used.
    #[error(transparent)]
    Register(#[from] StoreError),
    /// A register's folder cannot be read or written.
    #[error(transparent)]
    Folder(#[from] eyrie_register::files::FolderError),
    /// There is nothing of that name.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name.
        name: String,
        /// What to do.
        help: String,
    },
    /// Arguments that do not go together.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// A file is no result of Scorecard.
    #[error("{} is not the JSON of an OpenSSF Scorecard run: {source}", path.display())]
    NotScorecard {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: ScorecardError,
    },
    /// Recorded answers cannot be used.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// A landscape file cannot be used.
    #[error("{} is not a landscape: {source}", path.display())]
    Landscape {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: LandscapeError,
    },
    /// A repository cannot be looked at.
    #[error(transparent)]
    Assess(#[from] eyrie_posture::assess::AssessError),
    /// A capture is damaged or cut off. What came before has been looked at.
    #[error("{}: {source}", path.display())]
    Capture {
        /// The capture.
        path: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
    /// A condition or format of the command line has mistakes.
    #[error("{option} cannot be used")]
    Query {
        /// The option that it was given with.
        option: &'static str,
        /// What is wrong, drawn for a terminal.
        rendered: String,
    },
    /// A fix cannot be written.
    #[error("cannot write the fixes: {0}")]
    Fix(#[from] crate::patch::Refusal),
    /// No place for clones.
    #[error("cannot make a temporary folder: {0}")]
    Scratch(#[source] io::Error),
    /// Ctrl-C cannot be listened for.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Error::Stdout(_)
            | Error::Signals(_)
            | Error::Catalog { .. }
            | Error::Policy { .. }
            | Error::Refused { .. }
            | Error::RuleFiles { .. }
            | Error::RuleTests { .. }
            | Error::Build(_)
            | Error::Query { .. }
            | Error::Assess(_) => return None,
            Error::NotAnEvent { .. } => {
                "give a JSON object of fields, such as {\"evt.type\": \"openat\", \"proc.name\": \"cat\"}; `eyrie rules fields` lists them"
            }
            Error::Capture { source, .. } => return capture_help(source),
            Error::Register(StoreError::Missing(_)) => {
                "name it with --register or EYRIE_REGISTER, or make one with `eyrie register init`"
            }
            Error::Register(StoreError::Log(_)) => "compare it with an export or a backup from before",
            Error::Register(StoreError::Derived(_)) => "`eyrie register rebuild` makes them anew",
            Error::Register(_) => "check the name, the permissions, and that the database runs",
            Error::Folder(_) => "check the name and the permissions",
            #[cfg(target_os = "linux")]
            Error::Watch(_) => "`eyrie watch --doctor` says what watching needs and what is missing",
            Error::Fix(_) => "see to it, and run it again",
            Error::Unknown { help, .. } | Error::Usage { help, .. } => help,
            Error::NotScorecard { .. } => "make it with `scorecard --format json`",
            Error::Recorded(error) => error.help(),
            Error::Landscape { .. } => "give a landscape.yml, as a foundation publishes it",
            Error::Scratch(_) => "set TMPDIR to a folder that you may write to",
            Error::Write { .. } => "name a file in a folder that exists and that you may write to",
            Error::Read { .. } => "check the name and the permissions",
            Error::KeptChecklist { .. } => "mend that, or leave the repository out, and run it again",
            Error::NotAReport { .. } => "make one with `--format json`",
            Error::ReportVersion { .. } => "use the eyrie that wrote it, or a newer one",
            Error::Url(error) => error.help(),
            Error::Network(_) => "check HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE in the environment",
            Error::Record(RecordError::Occupied { .. }) => {
                "name a new folder, or one with an earlier recording"
            }
            Error::Record(RecordError::Write { .. }) => "name a folder that you may write to",
            Error::NothingKnown { reason, .. } => return Some(reason.remedy()),
        };
        Some(help.to_owned())
    }

    /// That there is nothing of this name among those known, with the nearest of them.
    pub(crate) fn unknown<'a>(
        what: &'static str,
        name: &str,
        known: impl Iterator<Item = &'a str>,
        list: &str,
    ) -> Error {
        let known: Vec<_> = known.collect();
        let nearest = eyrie_lang::closest(name, known.iter().copied());
        let help = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`? `{list}` lists all"),
            None if known.len() <= 12 => format!("there are {}", known.join(", ")),
            None => format!("`{list}` lists all"),
        };
        Error::Unknown { what, name: name.to_owned(), help }
    }

    /// The whole message for standard error, ending with a line end. What others wrote in it is made visible.
    pub fn message(&self) -> String {
        let mut message = String::new();
        if let Error::NotAnEvent { problems, .. } = self {
            message.push_str(&visible_lines(problems));
            message.push_str("\n\n");
        }
        if let Error::Catalog { rendered, .. }
        | Error::Policy { rendered, .. }
        | Error::RuleFiles { rendered, .. }
        | Error::RuleTests { rendered, .. }
        | Error::Query { rendered, .. } = self
        {
            // Drawn, and made safe, where the catalogue is read.
            message.push_str(rendered);
            message.push_str("\n\n");
        }
        if let Error::Refused { rendered, .. } = self {
            message.push_str(rendered);
        }
        message.push_str(&format!("error: {}\n", visible_lines(&self.to_string())));
        if let Some(help) = self.help() {
            message.push_str(&format!("  help: {}\n", visible_lines(&help)));
        }
        message
    }

    /// The code to end with.
    pub fn exit(&self) -> Exit {
        match self {
            Error::RuleFiles { .. } => Exit::RulesWrong,
            Error::Url(_) | Error::Unknown { .. } | Error::Usage { .. } | Error::Query { .. } => Exit::Usage,
            _ => Exit::CouldNotAssess,
        }
    }

    /// Whether a reader has closed the pipe: no error of ours.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Stdout(source) | Error::Write { source, .. }
            if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn capture_help(error: &ReadError) -> Option<String> {
    let help = match error {
        ReadError::Truncated { .. } => "what came before the cut is all that can be had",
        ReadError::Empty | ReadError::NotACapture { .. } => "give a capture of Falco, sysdig or Eyrie",
        ReadError::Io { .. } => "what came before is all that can be had",
        _ => "the capture is damaged there; what came before is right",
    };
    Some(help.to_owned())
}
