//! What is known of the machine: [`Host`], with its threads, their descriptors, users, groups and containers. Events change it one
//! by one ([`Host::apply`]); a capture begins with what there was before ([`head`]).
//!
//! An event is applied before anybody looks at it, and [`Seen`] says whose it is. What it ends is still there to be seen: a closed
//! descriptor and an ended thread go when the next event comes.
//!
//! The rules are those of Falco's libraries, so that rules written for Falco see the same values. Where those lose or keep too
//! much, this says so and counts ([`Counts`]). Not here: what bytes of a capture mean, and what fields show of the state.

use crate::event::Event;

pub mod containers;
pub mod descriptors;
pub mod endpoints;
pub mod head;
pub mod identity;
pub mod limits;
pub mod machine;
mod text;
pub mod threads;
pub(crate) mod update;

pub use containers::{Container, Containers};
pub use descriptors::{Fd, FdFlags, FdTable, FdType};
pub use endpoints::{Endpoints, Listening, Protocol, TupleV4, TupleV6};
pub use identity::{Identities, User, UserGroup};
pub use limits::{Counts, Limits};
pub use machine::{Interface, Interfaces, Machine};
pub use text::{Text, TextList};
pub use threads::{
    Capabilities, CpuTime, Executable, Memory, NO_ID, Thread, ThreadFlags, ThreadIndex, Threads,
};
pub(crate) use update::paths::join as join_paths;

/// Whose an event is, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Seen {
    /// The thread. `None` if the event has none, such as a new user, or nothing is known of it.
    pub thread: Option<ThreadIndex>,
    /// The descriptor that the event is about, by its number, if it stands in the thread's table.
    pub fd: Option<i64>,
    /// The number of the descriptor that the event names or made, whether it is in the table or not; -1 if there is none. This
    /// is what `fd.num` shows.
    pub fd_number: i64,
    /// Whether the event gave the descriptor another name.
    pub fd_renamed: bool,
    /// The error of the system call, 0 if it went well.
    pub errno: i32,
}

/// The machine as the events so far describe it.
#[derive(Debug, Default)]
pub struct Host {
    /// The machine.
    pub machine: Machine,
    /// Its addresses.
    pub interfaces: Interfaces,
    /// Users and groups.
    pub identities: Identities,
    /// Containers.
    pub containers: Containers,
    threads: Threads,
    /// When the machine was started, as far as the pid namespaces of new threads go.
    boot_time: u64,
    limits: Limits,
    counts: Counts,
    ledger: limits::Ledger,
    pending: update::Pending,
    head: head::Head,
}

impl Host {
    /// A machine of which nothing is known.
    pub fn new(limits: Limits) -> Host {
        Host { limits, ..Host::default() }
    }

    /// Changes the state by an event and says whose the event is.
    ///
    /// Events come in the order in which they happened. What the event before ended is removed first.
    pub fn apply(&mut self, event: &Event<'_>) -> Seen {
        update::apply(self, event)
    }

    /// Says when the machine was started, in nanoseconds since the Unix epoch: the pid namespaces of new threads are then
    /// that old. Without it their age is not known, as in Falco when it replays a capture: it forgets what the capture says of
    /// the machine.
    pub fn set_boot_time(&mut self, time: u64) {
        self.boot_time = time;
    }

    /// The threads.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// The thread of an event.
    pub fn thread(&self, seen: &Seen) -> Option<&Thread> {
        self.threads.get(seen.thread?)
    }

    /// The descriptor that an event is about.
    pub fn fd(&self, seen: &Seen) -> Option<&Fd> {
        self.threads.fds_of(seen.thread?)?.get(seen.fd?)
    }

    /// What was guessed and what was dropped.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How much is kept.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}
