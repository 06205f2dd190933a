//! What fields are computed from: [`EventRecord`], an event with the state it is seen in, and [`Stream`], what is the same for
//! many events.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::event::Event;
use crate::state::{Container, Fd, FdTable, Host, Interface, Seen, Thread, ThreadIndex, join_paths};
use crate::text::{AT_FDCWD, BufferFormat};

/// What is known of a row of events as a whole.
///
/// Whoever drives the events calls [`advance`](Self::advance) before each of them.
#[derive(Debug, Default)]
pub struct Stream {
    /// When the first event was.
    pub first_time: u64,
    /// When the event before the current one was; the current one's time for the first.
    pub previous_time: u64,
    /// When the current event is.
    pub time: u64,
    /// Where the clock hangs by which times are shown; UTC if nowhere.
    pub time_zone: Option<TimeZone>,
    /// The name of the machine that judges the events, for `evt.hostname`.
    pub hostname: String,
    /// How data that was read or written is shown.
    pub buffer_format: BufferFormat,
    pub(crate) counter: AtomicU64,
    leftovers: Option<Mutex<Leftovers>>,
}

/// What would still be in the memory in which Falco puts parameters' texts together.
///
/// Where there is no data, Falco's `evt.buffer` is `NULL` and then what is left of earlier texts, as long as the latest data was.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    bytes: Vec<u8>,
    data_len: usize,
}

impl Leftovers {
    /// A text was put together.
    pub(crate) fn write(&mut self, text: &[u8], is_data: bool) {
        if self.bytes.len() <= text.len() {
            self.bytes.resize(text.len() + 1, 0);
        }
        for (place, byte) in self.bytes.iter_mut().zip(text.iter().chain([&0])) {
            *place = *byte;
        }
        if is_data {
            self.data_len = text.len();
        }
    }

    /// As much as the latest data was long.
    pub(crate) fn shown(&self) -> &[u8] {
        self.bytes.get(..self.data_len).unwrap_or(&self.bytes)
    }
}

impl Stream {
    /// Nothing has happened yet.
    pub fn new() -> Stream {
        Stream::default()
    }

    /// Shows `evt.buffer` as Falco does where it is Falco that errs: what is left of other texts where there is no data, and
    /// Base64 of Base64.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.leftovers = Some(Mutex::default());
        self
    }

    /// What is left of earlier texts, if anybody wants to see that.
    pub(crate) fn leftovers(&self) -> Option<MutexGuard<'_, Leftovers>> {
        Some(self.leftovers.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next event is at this time.
    pub fn advance(&mut self, time: u64) {
        if self.first_time == 0 {
            self.first_time = time;
            self.time = time;
        }
        self.previous_time = self.time;
        self.time = time;
    }

    /// Seconds by which the clock is ahead of UTC at a time.
    pub(crate) fn offset_at(&self, time: u64) -> i32 {
        let stamp =
            i64::try_from(time / 1_000_000_000).ok().and_then(|time| Timestamp::from_second(time).ok());
        self.time_zone.as_ref().zip(stamp).map_or(0, |(zone, stamp)| zone.to_offset(stamp).seconds())
    }

    /// Counts, for `util.cnt`.
    pub(crate) fn count(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }
}

/// An event and the machine as it is after the event.
#[derive(Clone, Copy, Debug)]
pub struct EventRecord<'a> {
    /// The event.
    pub event: &'a Event<'a>,
    /// The machine.
    pub host: &'a Host,
    /// Whose the event is, as [`Host::apply`] said.
    pub seen: Seen,
    /// The events as a whole.
    pub stream: &'a Stream,
}

impl<'a> EventRecord<'a> {
    /// The place of the event's thread.
    pub fn thread_index(&self) -> Option<ThreadIndex> {
        self.seen.thread.or_else(|| self.host.threads().find(self.event.tid))
    }

    /// The thread of the event.
    pub fn thread(&self) -> Option<&'a Thread> {
        self.host.threads().get(self.thread_index()?)
    }

    /// The descriptor that the event is about.
    pub fn fd(&self) -> Option<&'a Fd> {
        self.host.fd(&self.seen)
    }

    /// The descriptors that the thread can use.
    pub fn fds(&self) -> Option<&'a FdTable> {
        self.host.threads().fds_of(self.thread_index()?)
    }

    /// The working directory of the thread's process.
    pub(crate) fn working_directory(&self) -> &'a [u8] {
        let threads = self.host.threads();
        let main = self.thread_index().and_then(|index| threads.main_of(index));
        main.and_then(|index| threads.get(index)).map_or(b"./", |thread| &thread.cwd)
    }

    /// Writes the path that `path` means in the directory that this descriptor is open on, or in the working directory.
    /// `unknown` stands for a directory that is not known.
    pub(crate) fn write_path_in(&self, directory: i64, unknown: &[u8], path: &[u8], out: &mut Vec<u8>) {
        let mut base = Vec::new();
        if path.starts_with(b"/") {
            // The directory does not matter.
        } else if directory == AT_FDCWD {
            base.extend_from_slice(self.working_directory());
        } else {
            match self.fds().and_then(|fds| fds.get(directory)) {
                Some(fd) => write_directory(fd, &mut base),
                None => base.extend_from_slice(unknown),
            }
        }
        write_joined(&base, path, out);
    }

    /// Whether the address is this machine's, or that of the container that the thread is in.
    pub(crate) fn is_local(&self, address: IpAddr) -> bool {
        let container = self.thread().map(|thread| &*thread.container_id).filter(|id| !id.is_empty());
        let interfaces = &self.host.interfaces;
        match (container, address) {
            (None, IpAddr::V4(address)) => interfaces.is_local_v4(address),
            // Networks are told apart by their first eight bytes.
            (None, IpAddr::V6(address)) => interfaces.iter().any(|interface| match interface {
                Interface::Ipv6 { address: own, .. } => own.to_bits() >> 64 == address.to_bits() >> 64,
                Interface::Ipv4 { .. } => false,
            }),
            (Some(id), IpAddr::V4(address)) => match self.host.containers.get(id).and_then(address_of) {
                Some(own) => own == address || interfaces.is_local_v4(address),
                None => self.host.containers.iter().filter_map(address_of).any(|own| own == address),
            },
            // The IPv6 addresses of containers are not known.
            (Some(_), IpAddr::V6(_)) => false,
        }
    }
}

/// The address of a container, if its runtime told one.
fn address_of(container: &Container) -> Option<Ipv4Addr> {
    container.ip.parse().ok()
}

/// Writes the name of a directory's descriptor, with a slash at its end.
pub(crate) fn write_directory(fd: &Fd, out: &mut Vec<u8>) {
    out.extend_from_slice(&fd.name);
    if !matches!(fd.name.last(), None | Some(b'/')) {
        out.push(b'/');
    }
}

/// Whether a path is from the root and would not change if it were put together: no `.`, `..` or repeated slashes in it. Names that
/// begin with a dot are not told from those, which only costs the putting together.
pub(crate) fn is_whole(path: &[u8]) -> bool {
    let mut last = 0;
    let dull = path.iter().all(|byte| {
        let dull = last != b'/' || !matches!(byte, b'/' | b'.');
        last = *byte;
        dull
    });
    dull && path.starts_with(b"/") && (last != b'/' || path.len() == 1) && path.len() < 1000
}

/// Writes the path that `path` means in `directory`.
pub(crate) fn write_joined(directory: &[u8], path: &[u8], out: &mut Vec<u8>) {
    let mut joined = Vec::with_capacity(directory.len() + path.len() + 1);
    join_paths(directory, path, &mut joined);
    out.extend_from_slice(&joined);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_paths_stay_as_they_are() {
        for path in ["/", "/etc/passwd", "/a/b.c", "/a/..", "/a//b", "/a/./b", "/a/", "a/b", "", "/.x", "//"]
        {
            let mut joined = Vec::new();
            write_joined(b"/tmp/", path.as_bytes(), &mut joined);
            assert!(!is_whole(path.as_bytes()) || joined == path.as_bytes(), "{path}");
        }
        assert!(is_whole(b"/") && is_whole(b"/etc/passwd") && is_whole(b"/a/b.c"));
    }
}
