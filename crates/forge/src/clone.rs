//! [`clone`]: brings a repository from a forge onto this machine, without a `git` program.
//!
//! The result is a bare repository: whoever assesses it reads trees of commits, and no file that a stranger named
//! is ever written. gix does the git part; bytes travel over the crate's own HTTP client ([`transport`]), with its
//! time-outs, proxy and rule that a token goes to its own host only.

mod steps;
mod transport;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix::bstr::ByteSlice as _;
use gix::protocol::handshake::Ref;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::http::Transport;
use gix::remote::fetch::{Shallow, Tags};

use crate::answer::short;
use crate::http::{Credential, Http, Network, NetworkError, Token};
use crate::url::is_loopback;
use crate::{Reason, RepositoryUrl};
use steps::Steps;
use transport::{Shared, UreqHttp};

/// What is cloned and how much of it.
#[derive(Debug, Clone)]
pub struct CloneOptions {
    /// How many commits of the default branch to fetch. `None` fetches all branches and tags with their whole
    /// history; with a depth the clone is shallow, and has only the default branch and tags of what was fetched.
    pub depth: Option<NonZeroU32>,
    /// The largest transfer that is accepted, in bytes.
    pub max_bytes: u64,
    /// The largest single object that is accepted, in bytes when unpacked.
    pub max_object_bytes: u64,
    /// Limits of the network. The response time-out covers what the server needs to start sending; the total
    /// time-out of `network` does not apply to a clone, [`CloneOptions::total_timeout`] does.
    pub network: Network,
    /// How long the transfer may take.
    pub total_timeout: Duration,
}

impl Default for CloneOptions {
    fn default() -> Self {
        Self {
            depth: None,
            max_bytes: 8 << 30,
            max_object_bytes: 1 << 30,
            network: Network {
                response_timeout: Duration::from_secs(120),
                read_timeout: Duration::from_secs(60),
                ..Network::default()
            },
            total_timeout: Duration::from_secs(3600),
        }
    }
}

/// How far a clone has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloneProgress {
    /// The server is asked what it has.
    Connecting,
    /// Objects arrive.
    Receiving {
        /// Bytes received so far.
        bytes: u64,
    },
    /// All is received; objects are being put together.
    Resolving,
}

/// Is told how far a clone has come; called often.
pub type OnProgress = Arc<dyn Fn(CloneProgress) + Send + Sync>;

/// A clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloned {
    /// The bare repository.
    pub path: PathBuf,
    /// Whether history is cut off, because that was asked for or because the server has no more.
    pub shallow: bool,
    /// The full name of the default branch, `refs/heads/main`; `None` where `HEAD` is detached.
    pub branch: Option<String>,
    /// The commit of `HEAD`; `None` for a repository without commits.
    pub commit: Option<String>,
    /// How many bytes were received.
    pub bytes: u64,
}

/// Why a repository could not be cloned.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// The network or the server said no.
    #[error("cannot clone {url}: {reason}")]
    Network {
        /// The repository.
        url: String,
        /// What happened; [`Reason::remedy`] says what to do.
        reason: Reason,
    },
    /// The network cannot be used as configured.
    #[error(transparent)]
    Settings(#[from] NetworkError),
    /// The transfer is larger than what is accepted.
    #[error("cannot clone {url}: it is larger than {limit} bytes")]
    TooLarge {
        /// The repository.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The caller asked to stop.
    #[error("cloning was cancelled")]
    Cancelled,
    /// The folder is not empty, or cannot be written.
    #[error("cannot clone into {}: {message}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The server's answers are not those of a git server, or the repository cannot be read.
    #[error("cannot clone {url}: {message}")]
    Protocol {
        /// The repository.
        url: String,
        /// What is wrong.
        message: String,
    },
}

/// Clones a repository into a folder that is empty or does not exist yet.
///
/// The token, if any, is sent to the host of `url` alone, redirects or not. When cloning fails, or `interrupt`
/// becomes true, what was written is removed.
pub fn clone(
    url: &RepositoryUrl,
    token: Option<&Token>,
    into: &Path,
    options: &CloneOptions,
    progress: Option<OnProgress>,
    interrupt: &Arc<AtomicBool>,
) -> Result<Cloned, CloneError> {
    let existed = prepare(into)?;
    let result = fetch(url, token, into, options, progress, interrupt);
    if result.is_err() {
        // Best effort: the error that is reported is the one that matters.
        let _ = std::fs::remove_dir_all(into);
        if existed {
            let _ = std::fs::create_dir(into);
        }
    }
    result
}

/// Makes sure that the folder is empty or missing; whether it is there.
fn prepare(into: &Path) -> Result<bool, CloneError> {
    let error = |message: String| CloneError::Folder { path: into.to_owned(), message };
    match std::fs::read_dir(into) {
        Ok(mut entries) => match entries.next() {
            None => Ok(true),
            Some(_) => Err(error("it is not empty".into())),
        },
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(other) => Err(error(other.to_string())),
    }
}

fn fetch(
    url: &RepositoryUrl,
    token: Option<&Token>,
    into: &Path,
    options: &CloneOptions,
    progress: Option<OnProgress>,
    interrupt: &Arc<AtomicBool>,
) -> Result<Cloned, CloneError> {
    let address = url.clone_url();
    let credential = match token {
        None => None,
        Some(_) if address.starts_with("http://") && !is_loopback(url.host()) => {
            return Err(NetworkError::PlainText { origin: url.origin() }.into());
        }
        Some(token) => {
            // Any user name will do; this one is GitHub's for tokens of apps.
            let secret = STANDARD.encode(format!("x-access-token:{}", token.secret()));
            Credential::new("Basic", &secret, &address)
        }
    };
    let shared = Arc::new(Shared::new(options.max_bytes, progress, Arc::clone(interrupt)));
    let deadline = Instant::now() + options.total_timeout;
    let http = UreqHttp::new(Http::new(options.network.clone())?, credential, deadline, Arc::clone(&shared));

    let failed = |error: gix::Error| -> CloneError {
        let url = url.web_url();
        if interrupt.load(Ordering::Relaxed) {
            CloneError::Cancelled
        } else if shared.is_over_limit() {
            CloneError::TooLarge { url, limit: options.max_bytes }
        } else if let Some(reason) = shared.reason() {
            CloneError::Network { url, reason }
        } else {
            CloneError::Protocol { url, message: chain(&error) }
        }
    };
    shared.report(CloneProgress::Connecting);

    // Nothing but what is here decides: neither the user's git configuration nor the environment.
    let open = gix::open::Options::isolated().config_overrides([
        format!("gitoxide.objects.allocLimit={}", options.max_object_bytes),
        "committer.name=eyrie".into(),
        "committer.email=eyrie@localhost".into(),
    ]);
    let repository = gix::ThreadSafeRepository::init_opts(
        into,
        gix::create::Kind::Bare,
        gix::create::Options { destination_must_be_empty: Some(true), ..Default::default() },
        open,
    )
    .map_err(|error| CloneError::Folder { path: into.to_owned(), message: chain(&error) })?
    .to_thread_local();

    let mut specs = vec![format!("+HEAD:{FETCHED_HEAD}")];
    let tags = match options.depth {
        None => {
            specs.push("+refs/heads/*:refs/heads/*".into());
            Tags::All
        }
        Some(_) => Tags::Included,
    };
    let remote = repository
        .remote_at(address.as_str())
        .and_then(|remote| {
            remote.with_refspecs(specs.iter().map(String::as_str), gix::remote::Direction::Fetch)
        })
        .map_err(failed)?
        .with_fetch_tags(tags);
    let parsed = remote
        .url(gix::remote::Direction::Fetch)
        .cloned()
        .ok_or_else(|| CloneError::Protocol { url: url.web_url(), message: "no address".into() })?;
    let transport = Transport::new_http(http, parsed, Protocol::V2, false);
    let outcome = remote
        .to_connection_with_transport(transport)
        // No credential helper is run, nobody is prompted.
        .with_credentials(|_| Ok(None))
        .prepare_fetch(gix::progress::Discard, gix::remote::ref_map::Options::default())
        .and_then(|fetch| {
            let shallow = options.depth.map_or(Shallow::NoChange, Shallow::DepthAtRemote);
            fetch
                .with_shallow(shallow)
                .with_write_packed_refs_only(true)
                .receive(Steps::new(&shared), interrupt)
        });
    let ref_map = match outcome {
        Ok(outcome) => outcome.ref_map,
        Err(error) => return Err(failed(error)),
    };
    if interrupt.load(Ordering::Relaxed) {
        return Err(CloneError::Cancelled);
    }

    let head = ref_map.remote_refs.iter().find_map(Head::of);
    let (branch, commit) = set_head(&repository, head).map_err(failed)?;
    Ok(Cloned {
        path: into.to_owned(),
        shallow: repository.is_shallow().map_err(failed)?,
        branch,
        commit,
        bytes: shared.bytes(),
    })
}

/// An error with its causes, in one line.
fn chain(error: &gix::Error) -> String {
    let mut causes = vec![short(&error.to_string())];
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let text = short(&cause.to_string());
        if !text.is_empty() && !causes.contains(&text) && causes.len() < 6 {
            causes.push(text);
        }
        next = cause.source();
    }
    causes.join(": ")
}

/// Where `HEAD` is fetched to, so that its commit comes along in every case; it is gone when the clone is done.
const FETCHED_HEAD: &str = "refs/eyrie/HEAD";

/// What `HEAD` is on the server.
struct Head {
    branch: Option<String>,
    commit: Option<gix::ObjectId>,
}

impl Head {
    fn of(reference: &Ref) -> Option<Self> {
        let (name, branch, commit) = match reference {
            Ref::Symbolic { full_ref_name, target, object, .. } => {
                (full_ref_name, Some(target), Some(*object))
            }
            Ref::Unborn { full_ref_name, target } => (full_ref_name, Some(target), None),
            Ref::Direct { full_ref_name, object } | Ref::Peeled { full_ref_name, object, .. } => {
                (full_ref_name, None, Some(*object))
            }
        };
        // A `HEAD` that points to something else than a branch (to itself, for example) is as good as detached.
        let branch = branch.map(|branch| branch.to_str_lossy().into_owned());
        (name == "HEAD")
            .then(|| Self { branch: branch.filter(|branch| branch.starts_with("refs/heads/")), commit })
    }
}

/// Points `HEAD` to where it points on the server; its branch and commit.
fn set_head(
    repository: &gix::Repository,
    head: Option<Head>,
) -> gix::Result<(Option<String>, Option<String>)> {
    use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
    use gix::refs::{FullName, Target};

    let Some(head) = head else { return Ok((None, None)) };
    let name = |name: &str| FullName::try_from(name).map_err(gix::Error::from_error);
    let edit = |name: FullName, change: Change| RefEdit { change, name, deref: false };
    let update =
        |new: Target| Change::Update { log: LogChange::default(), expected: PreviousValue::Any, new };
    let mut edits = Vec::new();
    match (&head.branch, head.commit) {
        (Some(branch), commit) => {
            if let Some(commit) = commit {
                edits.push(edit(name(branch)?, update(Target::Object(commit))));
            }
            edits.push(edit(name("HEAD")?, update(Target::Symbolic(name(branch)?))));
        }
        (None, Some(commit)) => edits.push(edit(name("HEAD")?, update(Target::Object(commit)))),
        (None, None) => {}
    }
    if head.commit.is_some() {
        let change = Change::Delete { expected: PreviousValue::Any, log: RefLog::AndReference };
        edits.push(edit(name(FETCHED_HEAD)?, change));
    }
    repository.edit_references(edits)?;
    Ok((head.branch, head.commit.map(|commit| commit.to_string())))
}
