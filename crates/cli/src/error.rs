//! Why the command could not do what was asked, and what to do about it: [`Error`].

use std::io;
use std::path::PathBuf;

use eyrie_forge::{NetworkError, RecordError, UrlError};
use eyrie_posture::report::REPORT_VERSION;

use crate::exit::Exit;

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
    /// Ctrl-C cannot be listened for.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Error::Stdout(_) | Error::Signals(_) => return None,
            Error::Write { .. } => "name a file in a folder that exists and that you may write to",
            Error::Read { .. } => "check the name and the permissions",
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

    /// The code to end with.
    pub fn exit(&self) -> Exit {
        match self {
            Error::Url(_) => Exit::Usage,
            _ => Exit::CouldNotAssess,
        }
    }

    /// Whether a reader has closed the pipe: no error of ours.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Stdout(source) | Error::Write { source, .. }
            if source.kind() == io::ErrorKind::BrokenPipe)
    }
}
