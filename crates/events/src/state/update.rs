//! How events change the state: [`apply`] finds out whose an event is and hands it to the module for its family.
//!
//! | module | events |
//! |---|---|
//! | [`process`] | clone, fork, exec, exit, sessions, limits, memory |
//! | [`file`] | open, close, dup, pipes and everything else that makes descriptors, directories |
//! | [`socket`] | socket, bind, connect, accept, send, receive |
//! | [`identity`] | users, groups, capabilities |
//! | [`container`] | what recorders say of containers |
//! | [`paths`] | how paths are put together |

pub(super) mod paths;
pub(super) mod process;
pub(super) mod socket;

use super::threads::{Thread, ThreadFlags, ThreadIndex};
use super::{Host, Seen};
use crate::event::Event;
use crate::table::{Direction, EventClass, EventFlags, EventType};

/// What goes when the next event comes.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// A thread that has ended.
    thread: Option<i64>,
    /// A descriptor that was closed: its thread and number.
    fd: Option<(i64, i64)>,
    /// The time of the latest event.
    now: u64,
}

/// The result of a system call: its first parameter.
pub(super) fn result_of(event: &Event<'_>) -> Option<i64> {
    let bytes = event.param(0)?;
    match bytes.len() {
        4 => event.i32(0).map(i64::from),
        8 => event.i64(0),
        _ => Some(0),
    }
}

/// Whether an event's first parameter is the result of a system call.
fn has_result(event: &Event<'_>) -> bool {
    event.ty != EventType::GENERIC_X
        && event.info().class == EventClass::Syscall
        && event.info().direction == Direction::Exit
        && event.param_count() > 0
}

pub(super) fn apply(host: &mut Host, event: &Event<'_>) -> Seen {
    host.pending.now = event.time;
    host.settle();
    host.look_up(event)
}

impl Host {
    /// Removes what the event before ended.
    fn settle(&mut self) {
        if let Some(tid) = self.pending.thread.take() {
            if let Some(index) = self.threads.find(tid) {
                self.threads.remove(index);
            }
        }
        if let Some((tid, number)) = self.pending.fd.take() {
            if let Some(fds) = self.threads.find(tid).and_then(|index| self.threads.fds_of_mut(index)) {
                fds.remove(number);
            }
        }
    }

    /// Whether another thread may be kept; counts it as dropped if not.
    pub(super) fn has_room_for_thread(&mut self) -> bool {
        let room = self.threads.len() < self.limits.threads;
        if !room {
            self.counts.dropped_threads += 1;
        }
        room
    }

    /// The thread with this id, made up if it is not known.
    pub(super) fn find_or_invent(&mut self, tid: i64) -> Option<ThreadIndex> {
        if let Some(index) = self.threads.find_and_remember(tid) {
            return Some(index);
        }
        if !self.has_room_for_thread() {
            return None;
        }
        self.counts.invented_threads += 1;
        let mut thread = Thread::unknown(tid);
        thread.comm = "<NA>".into();
        thread.exe = "<NA>".into();
        Some(self.threads.insert(thread))
    }

    fn look_up(&mut self, event: &Event<'_>) -> Seen {
        let mut seen = Seen { fd_number: -1, ..Seen::default() };
        if event.has(EventFlags::SKIP_PARSE_RESET) {
            return seen;
        }
        let Some(index) = self.find_or_invent(event.tid) else { return seen };
        seen.thread = Some(index);
        if let Some(thread) = self.threads.get_mut(index) {
            thread.flags.set(ThreadFlags::ACTIVE);
            thread.last_access = event.time;
        }
        if has_result(event) {
            let result = result_of(event).unwrap_or(0);
            seen.errno = if result < 0 { i32::try_from(-result).unwrap_or(i32::MAX) } else { 0 };
        }
        seen
    }
}
