//! This host's events, as they happen: [`Live`]. It gives what a [capture's reader](crate::capture) gives, first what there is
//! at the start and then events, in order of time.
//!
//! The probe (`bpf/` in the repository, programs in the kernel) is loaded and attached by [`Probe`]: only those programs
//! that [`Wanted`] asks for. Events come through a ring buffer per processor, in the bytes of captures, and are merged here
//! (`merge`). What rules make of them is elsewhere.
//!
//! Needs Linux with BTF and ring buffers (5.17 or later) and the capabilities that [`doctor`] names.

pub mod doctor;
mod merge;
mod probe;
mod programs;
mod ring;
mod snapshot;
mod wanted;

use std::io;
use std::time::{Duration, SystemTime};

use eyrie_events::{Event, EventType};

use crate::capture::{Item, Recorded};

pub use probe::{Attached, Losses, Probe};
pub use snapshot::{Snapshot, SnapshotError};
pub use wanted::Wanted;

/// How this build came by the probe: which compiler, or that it was kept.
pub const PROBE_BUILD: &str = env!("EYRIE_PROBE_BUILD");

/// How the host is watched.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes of the ring buffer of each processor; rounded up to a power of two. Falco has 8 MiB for two processors.
    pub ring_bytes: u32,
    /// How many bytes of what is read or written are recorded.
    pub snap_len: u32,
    /// Whether events of this process are left out, so that writing an alert makes none.
    pub skip_self: bool,
    /// Whether the arguments of `open` and `connect` are also read as the call is entered, before another thread can change
    /// them.
    pub enter: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { ring_bytes: 4 << 20, snap_len: 80, skip_self: true, enter: true }
    }
}

/// Why the host cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The kernel's description of its own types is not there.
    #[error("the kernel does not say what its types are: {0}")]
    Btf(#[source] aya::BtfError),
    /// The probe does not fit this kernel, or may not be loaded.
    #[error("the probe cannot be loaded: {0}")]
    Load(#[source] Box<aya::EbpfError>),
    /// A program was refused.
    #[error("the program {program} is refused by the kernel: {source}")]
    Program {
        /// Which.
        program: String,
        /// Why; with the verifier's words.
        #[source]
        source: Box<aya::programs::ProgramError>,
    },
    /// One of the maps cannot be made or set.
    #[error("the map {map} cannot be set up: {source}")]
    Map {
        /// Which.
        map: &'static str,
        /// Why.
        #[source]
        source: Box<aya::maps::MapError>,
    },
    /// Something that the probe should have is not in it.
    #[error("the probe has no {0}")]
    Missing(String),
    /// The system refuses.
    #[error("{what}: {source}")]
    System {
        /// What was to be done.
        what: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// What there is at the start cannot be found out.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// This host's events.
///
/// Dropping it detaches the probe.
pub struct Live {
    probe: Probe,
    merge: merge::Merge,
    numbered: u64,
}

impl Live {
    /// Loads the probe and attaches what is wanted. From here on events are kept until [`next`](Live::next) takes them.
    ///
    /// # Errors
    /// If the kernel does not allow or understand it; [`doctor`] finds out why.
    pub fn open(settings: &Settings, wanted: &Wanted) -> Result<Live, LiveError> {
        let mut probe = Probe::load(settings)?;
        let merge = merge::Merge::new(probe.take_rings()?);
        probe.want(wanted)?;
        Ok(Live { probe, merge, numbered: 0 })
    }

    /// What there is at the start, item by item, as at the head of a capture. To be called before the first event is taken:
    /// events since [`open`](Live::open) wait, so that nothing that happens meanwhile is missed.
    ///
    /// # Errors
    /// If /proc cannot be read at all. Processes that end while they are looked at are left out.
    pub fn snapshot(&self, each: impl FnMut(Item<'_>)) -> Result<Snapshot, LiveError> {
        Ok(snapshot::take(each)?)
    }

    /// Changes what is delivered. What was wanted before and still is goes on without a gap.
    ///
    /// # Errors
    /// If the kernel refuses a program; what was attached before stays.
    pub fn want(&mut self, wanted: &Wanted) -> Result<(), LiveError> {
        self.probe.want(wanted)
    }

    /// The next event, in order of time; `None` if none came within `wait`.
    ///
    /// # Errors
    /// If the probe delivers what is no event, which would be a mistake in it.
    pub fn next(&mut self, wait: Duration) -> Result<Option<Recorded<'_>>, eyrie_events::DecodeError> {
        let Some((cpu, bytes)) = self.merge.next(wait) else { return Ok(None) };
        let mut event = Event::decode(bytes)?;
        self.numbered += 1;
        event.number = self.numbered;
        event.cpu = cpu;
        Ok(Some(Recorded { event, flags: 0, initial: false }))
    }

    /// What was lost so far because the ring buffers were full.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn losses(&self) -> Result<Losses, LiveError> {
        self.probe.losses()
    }

    /// What is attached.
    pub fn attached(&self) -> Attached {
        self.probe.attached()
    }

    /// How many events came after one of a later time.
    pub fn late(&self) -> u64 {
        self.merge.late()
    }
}

/// What the kinds of events are called that say what was lost: Falco's categories.
pub fn loss_category(kind: EventType) -> &'static str {
    let Some(info) = kind.info() else { return "other_interest" };
    match info.name {
        "clone" | "clone3" | "fork" | "vfork" => "clone_fork",
        "execve" | "execveat" => "execve",
        "connect" => "connect",
        "open" | "openat" | "openat2" | "creat" | "open_by_handle_at" => "open",
        "close" => "close",
        "procexit" => "proc",
        "chmod" | "fchmod" | "fchmodat" | "chown" | "lchown" | "fchown" | "fchownat" | "link" | "linkat"
        | "mkdir" | "mkdirat" | "mount" | "umount" | "umount2" | "rename" | "renameat" | "renameat2"
        | "rmdir" | "symlink" | "symlinkat" | "unlink" | "unlinkat" => "dir_file",
        _ => "other_interest",
    }
}

/// When the machine was started, in nanoseconds since 1970: what the kernel's clock that counts from there is added to.
fn boot_epoch() -> Result<u64, LiveError> {
    let boot = ring::boot_clock()
        .map_err(|source| LiveError::System { what: "the clock cannot be read", source })?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(u64::try_from(now.saturating_sub(boot).as_nanos()).unwrap_or(u64::MAX))
}
