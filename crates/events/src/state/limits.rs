//! How much state is kept: [`Limits`], what happens when there is more, and [`Counts`] of what was guessed and dropped.
//!
//! A machine that is recorded for months, a recorder that loses events and a capture that was made to exhaust whoever reads it
//! all lead to the same: threads whose end is never seen. Their number is bounded, as in Falco, and so is the memory of all texts
//! and descriptors. Memory is not counted as it is taken, which would cost every event, but looked at whenever enough was taken since
//! the last time; it can be exceeded by a thirty-second part in between.

use super::Host;
use super::threads::{Thread, ThreadIndex};

/// How much state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Threads. Falco keeps 262,144.
    pub threads: usize,
    /// Descriptors of a process. Falco keeps 4,096.
    pub fds: usize,
    /// Users and groups of the machine and all containers.
    pub identities: usize,
    /// Bytes of memory for threads and their descriptors.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { threads: 262_144, fds: 4_096, identities: 65_536, bytes: 512 << 20 }
    }
}

/// What was guessed and what was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Threads that were made up because an event came from a thread that nobody had announced.
    pub invented_threads: u64,
    /// Threads that were not kept because there were too many.
    pub dropped_threads: u64,
    /// Descriptors that were not kept because their process had too many, or to make room.
    pub dropped_fds: u64,
    /// Users and groups that were not kept because there were too many.
    pub dropped_identities: u64,
    /// Threads that were removed to make room, or because nothing had been heard of them for long.
    pub purged_threads: u64,
}

/// For how long nothing must have been heard of a thread for it to be removed when there is no more room: 300 seconds.
const IDLE: u64 = 300_000_000_000;

/// How much was taken, and when to look.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Bytes taken since the last look.
    taken: usize,
    /// After how many to look again; 0 before the first look.
    look_after: usize,
    /// Whether a thread was refused.
    is_full: bool,
    /// How many more have to be refused before room is looked for again.
    patience: u64,
}

impl Host {
    /// Notes that memory was taken.
    pub(super) fn take(&mut self, bytes: usize) {
        self.ledger.taken = self.ledger.taken.saturating_add(bytes);
    }

    /// Bytes of memory that threads and their descriptors account for.
    pub fn memory(&self) -> usize {
        self.threads.iter().map(|(_, thread)| thread.share()).sum()
    }

    /// Makes room if there are too many threads, or too much memory was taken. Only between events: threads may go.
    pub(super) fn keep_within_limits(&mut self, now: u64) {
        if self.ledger.is_full {
            self.ledger.is_full = false;
            if self.ledger.patience == 0 {
                self.purge(now.saturating_sub(IDLE), |_| false);
                // If that was in vain, it would be again for the next.
                self.ledger.patience = (self.limits.threads / 16) as u64;
            }
        }
        let limit = self.limits.bytes;
        if self.ledger.taken < self.ledger.look_after.max(limit / 32) {
            return;
        }
        let mut held = self.memory();
        if held > limit {
            self.make_room(&mut held, limit / 4 * 3);
        }
        self.ledger.taken = 0;
        self.ledger.look_after = limit.saturating_sub(held) / 2;
    }

    /// Removes processes, those of which nothing is known first, then those that have been silent for longest; and descriptors if
    /// that is not enough.
    fn make_room(&mut self, held: &mut usize, wanted: usize) {
        let mut order: Vec<(bool, u64, ThreadIndex, usize)> = self
            .threads
            .iter()
            .map(|(index, thread)| (!thread.is_unknown(), thread.last_access, index, thread.share()))
            .collect();
        order.sort_unstable();
        // The latest is at work.
        order.pop();
        for (_, _, index, share) in order {
            if *held <= wanted {
                return;
            }
            *held = held.saturating_sub(share);
            self.counts.purged_threads += self.threads.remove_process(index);
        }
        let rest: Vec<ThreadIndex> = self.threads.iter().map(|(index, _)| index).collect();
        for index in rest {
            if let Some(thread) = self.threads.get_mut(index) {
                self.counts.dropped_fds += thread.fds.len() as u64;
                thread.fds = Default::default();
            }
        }
        *held = self.memory();
    }

    /// Whether another thread may be kept; counts it as dropped if not.
    ///
    /// When there are too many, unknown threads and those that have been silent for five minutes go before the next event. Falco
    /// does that every so often on a live machine; when it replays a capture it only drops every new thread.
    pub(super) fn has_room_for_thread(&mut self) -> bool {
        if self.threads.len() < self.limits.threads {
            return true;
        }
        self.counts.dropped_threads += 1;
        self.ledger.is_full = true;
        self.ledger.patience = self.ledger.patience.saturating_sub(1);
        false
    }

    /// Removes threads of which nothing is known, and those that have been silent since `idle_since` unless `is_alive` says that
    /// they still exist. Returns how many. For live machines, every few minutes and between events.
    pub fn purge(&mut self, idle_since: u64, mut is_alive: impl FnMut(&Thread) -> bool) -> u64 {
        let gone: Vec<ThreadIndex> = self
            .threads
            .iter()
            .filter(|(_, thread)| {
                thread.is_unknown() || (thread.last_access < idle_since && !is_alive(thread))
            })
            .map(|(index, _)| index)
            .collect();
        let before = self.threads.len();
        for index in gone {
            self.threads.remove(index);
        }
        let removed = (before - self.threads.len()) as u64;
        self.counts.purged_threads += removed;
        removed
    }
}
