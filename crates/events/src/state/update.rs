//! How events change the state: [`apply`] finds out whose an event is and hands it to the module for its family.
//!
//! | module | events |
//! |---|---|
//! | [`process`] | clone, fork, exec, exit, sessions, limits, memory |
//! | [`file`] | open, close, dup, everything that makes descriptors, directories |
//! | [`socket`] | socket, bind, connect, accept, send, receive |
//! | [`identity`] | users, groups, capabilities |
//! | [`container`] | containers, and which one a process is in |
//! | [`paths`] | how paths are put together |

pub(super) mod container;
mod file;
mod identity;
pub(super) mod paths;
pub(super) mod process;
pub(super) mod socket;

use std::sync::Arc;

use super::descriptors::Fd;
use super::threads::{Entered, Thread, ThreadFlags, ThreadIndex};
use super::{Host, Seen};
use crate::event::{Event, MAX_PARAMS};
use crate::table::{EventClass, EventFlags, EventType};

/// What goes when the next event comes, and what is remembered from one event to the next.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// A thread that has ended.
    thread: Option<i64>,
    /// A descriptor that was closed: its thread and number.
    fd: Option<(i64, i64)>,
    /// When each processor last changed its thread.
    switches: Vec<u64>,
    /// Threads that have just been removed.
    exits: process::RecentExits,
    /// Memory for paths and names while they are put together.
    scratch: Vec<u8>,
}

/// The parameters of an event that has many, all found at once.
pub(super) struct Params<'a>([&'a [u8]; MAX_PARAMS]);

impl<'a> Params<'a> {
    fn of(event: &Event<'a>) -> Params<'a> {
        let mut all: [&'a [u8]; MAX_PARAMS] = [&[]; MAX_PARAMS];
        for (place, (_, bytes)) in all.iter_mut().zip(event.params()) {
            *place = bytes;
        }
        Params(all)
    }

    /// The bytes; none if the event does not have the parameter.
    fn bytes(&self, index: usize) -> &'a [u8] {
        self.0.get(index).copied().unwrap_or_default()
    }

    fn is_given(&self, index: usize) -> bool {
        !self.bytes(index).is_empty()
    }

    fn u32(&self, index: usize) -> Option<u32> {
        self.bytes(index).first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn u64(&self, index: usize) -> Option<u64> {
        self.bytes(index).first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    fn i64(&self, index: usize) -> Option<i64> {
        self.bytes(index).first_chunk().map(|bytes| i64::from_le_bytes(*bytes))
    }

    fn text(&self, index: usize) -> &'a [u8] {
        text_of(self.bytes(index))
    }
}

/// What stands for a text that the recorder could not read.
pub(super) const NOT_AVAILABLE: &[u8] = b"<NA>";

/// A text before its NUL, or [`NOT_AVAILABLE`].
fn text_of(bytes: &[u8]) -> &[u8] {
    if bytes.is_empty() || bytes == b"(NULL)\0" {
        return NOT_AVAILABLE;
    }
    memchr::memchr(0, bytes).and_then(|end| bytes.get(..end)).unwrap_or(bytes)
}

/// A text parameter, or [`NOT_AVAILABLE`].
fn text_param<'a>(event: &Event<'a>, index: usize) -> &'a [u8] {
    text_of(event.param(index).unwrap_or_default())
}

/// The result of a system call: its first parameter.
fn result_of(event: &Event<'_>) -> i64 {
    match event.param(0).map_or(0, <[u8]>::len) {
        4 => event.i32(0).map_or(0, i64::from),
        8 => event.i64(0).unwrap_or(0),
        _ => 0,
    }
}

/// Whether an event's first parameter is the result of a system call.
fn has_result(event: &Event<'_>) -> bool {
    event.ty != EventType::GENERIC_X
        && event.info().class == EventClass::Syscall
        && !event.ty.is_enter()
        && event.param_count() > 0
}

/// Whether a thread that is not known may be made up for an event: not for what makes and ends threads.
fn may_invent(ty: EventType) -> bool {
    !matches!(
        ty,
        EventType::CLONE_20_X
            | EventType::CLONE3_X
            | EventType::FORK_20_X
            | EventType::VFORK_20_X
            | EventType::SCHEDSWITCH_6_E
            | EventType::PROCEXIT_1_E
    )
}

/// The parameter that has the descriptor's number at the end of a call. `None` where Falco does not look.
fn fd_position(ty: EventType) -> Option<usize> {
    use EventType as E;
    Some(match ty {
        E::SETNS_X
        | E::LISTEN_X
        | E::SHUTDOWN_X
        | E::FCHDIR_X
        | E::LSEEK_X
        | E::LLSEEK_X
        | E::IOCTL_3_X
        | E::FSTAT_X
        | E::CLOSE_X
        | E::GETDENTS_X
        | E::GETDENTS64_X
        | E::FLOCK_X
        | E::COPY_FILE_RANGE_X
        | E::FCNTL_X
        | E::DUP_1_X
        | E::DUP2_X
        | E::DUP3_X
        | E::NEWFSTATAT_X
        | E::FCHOWNAT_X
        | E::FCHMODAT_X
        | E::MKDIRAT_X
        | E::UNLINKAT_2_X
        | E::MKNODAT_X
        | E::SENDMMSG_X
        | E::RECVMMSG_X
        | E::IO_URING_REGISTER_X
        | E::IO_URING_ENTER_X
        | E::SETSOCKOPT_X
        | E::GETSOCKOPT_X
        | E::FSCONFIG_X
        | E::FINIT_MODULE_X
        | E::FCHMOD_X
        | E::FCHOWN_X => 1,
        E::READ_X
        | E::PREAD_X
        | E::BIND_X
        | E::WRITE_X
        | E::PWRITE_X
        | E::RECV_X
        | E::SEND_X
        | E::SENDTO_X
        | E::SENDMSG_X
        | E::SENDFILE_X
        | E::SPLICE_X
        | E::WRITEV_X
        | E::PWRITEV_X
        | E::CONNECT_X
        | E::SYMLINKAT_X => 2,
        E::RECVFROM_X | E::READV_X | E::PREADV_X => 3,
        E::RECVMSG_X => 5,
        E::MMAP_X | E::MMAP2_X => 8,
        _ => return None,
    })
}

/// The same at the beginning of a call.
fn entered_fd_position(ty: EventType) -> usize {
    match ty {
        EventType::MMAP_E | EventType::MMAP2_E => 4,
        EventType::SPLICE_E => 1,
        _ => 0,
    }
}

pub(super) fn apply(host: &mut Host, event: &Event<'_>) -> Seen {
    host.settle(event.time);
    host.keep_within_limits(event.time);
    let mut seen = host.look_up(event);
    host.dispatch(event, &mut seen);
    host.finish(event, &mut seen);
    seen
}

impl Host {
    /// Removes what the event before ended.
    fn settle(&mut self, now: u64) {
        if let Some(tid) = self.pending.thread.take() {
            let index = self.threads.find(tid);
            let ptid = index.and_then(|index| self.threads.get(index)).map_or(-1, |thread| thread.ptid);
            self.pending.exits.note(ptid, tid, now);
            if let Some(index) = index {
                self.remove_thread(index);
            }
        }
        if let Some((tid, number)) = self.pending.fd.take()
            && let Some(fds) = self.threads.find(tid).and_then(|index| self.threads.fds_of_mut(index))
        {
            fds.remove(number);
        }
    }

    /// The thread with this id, made up if it is not known.
    fn find_or_invent(&mut self, tid: i64, now: u64) -> Option<ThreadIndex> {
        if let Some(index) = self.threads.find_and_remember(tid) {
            if let Some(thread) = self.threads.get_mut(index) {
                thread.last_access = now;
            }
            return Some(index);
        }
        if !self.has_room_for_thread() {
            return None;
        }
        self.counts.invented_threads += 1;
        let mut thread = Thread::unknown(tid);
        thread.comm = NOT_AVAILABLE.into();
        thread.exe = thread.comm.clone();
        thread.cmdline = thread.comm.clone();
        thread.last_access = now;
        self.take(size_of::<Thread>());
        Some(self.threads.insert(thread))
    }

    /// Whose the event is, and which descriptor it names.
    fn look_up(&mut self, event: &Event<'_>) -> Seen {
        let mut seen = Seen { fd_number: -1, ..Seen::default() };
        let ty = event.ty;
        if event.has(EventFlags::SKIP_PARSE_RESET)
            || matches!(event.info().class, EventClass::Metaevent | EventClass::Plugin | EventClass::None)
        {
            seen.thread = self.threads.find(event.tid);
            return seen;
        }
        let invent = may_invent(ty);
        seen.thread = if invent {
            self.find_or_invent(event.tid, event.time)
        } else {
            self.threads.find_and_remember(event.tid)
        };
        if ty == EventType::SCHEDSWITCH_6_E {
            return seen;
        }
        let Some(thread) = seen.thread.and_then(|index| self.threads.get_mut(index)) else { return seen };
        thread.last_access = event.time;
        if invent {
            thread.flags.set(ThreadFlags::ACTIVE);
        }
        let uses_fd = event.has(EventFlags::USES_FD);
        if ty.is_enter() {
            thread.last_type = ty.0;
            thread.last_fd = -1;
            if uses_fd {
                thread.last_fd = event.i64(entered_fd_position(ty)).unwrap_or(-1);
            }
        } else {
            let follows = ty.0 == thread.last_type.wrapping_add(1)
                || (ty == EventType::EXECVE_19_X && thread.last_type == EventType::EXECVEAT_E.0);
            if let Some(entered) = &mut thread.last_enter {
                entered.is_valid = follows;
            }
            if !follows {
                thread.last_fd = -1;
            }
            if has_result(event) {
                let result = result_of(event);
                seen.errno =
                    if result < 0 { i32::try_from(result.unsigned_abs()).unwrap_or(i32::MAX) } else { 0 };
            }
            if uses_fd
                && thread.last_fd == -1
                && let Some(number) = fd_position(ty).and_then(|at| event.i64(at))
            {
                thread.last_fd = number;
            }
        }
        if uses_fd {
            let number = thread.last_fd;
            seen.fd = Some(number).filter(|_| number >= 0 && self.fd_at(&seen, number).is_some());
        }
        seen
    }

    /// The descriptor with this number in the table that the event's thread uses.
    fn fd_at(&self, seen: &Seen, number: i64) -> Option<&Fd> {
        self.threads.fds_of(seen.thread?)?.get(number)
    }

    /// The descriptor that the event is about, to be changed.
    fn fd_mut(&mut self, seen: &Seen) -> Option<&mut Fd> {
        self.threads.fds_of_mut(seen.thread?)?.get_mut(seen.fd?)
    }

    /// Puts a descriptor into the table of the event's thread; it is the one that the event is about.
    fn add_fd(&mut self, seen: &mut Seen, number: i64, fd: impl Into<Arc<Fd>>) {
        let fd = fd.into();
        let Some(index) = seen.thread else { return };
        let named = !fd.name.is_empty();
        self.take(size_of::<Fd>() + fd.name.len() + fd.raw_name.len());
        seen.fd = None;
        let limit = self.limits.fds;
        let Some(fds) = self.threads.fds_of_mut(index) else { return };
        if fds.insert(number, fd, limit) {
            seen.fd = Some(number);
            seen.fd_renamed = named;
        } else {
            self.counts.dropped_fds += 1;
        }
        if let Some(thread) = self.threads.get_mut(index) {
            thread.last_fd = number;
        }
    }

    /// Puts a copy of the event's descriptor at another number.
    fn copy_fd(&mut self, seen: &mut Seen, number: i64, close_on_exec: bool) {
        let Some(fd) = self.threads_fd_shared(seen) else { return };
        let mut fd = Arc::clone(fd);
        if fd.closes_on_exec() || close_on_exec || fd.open_flags & 1 != 0 {
            Arc::make_mut(&mut fd).set_close_on_exec(close_on_exec);
        }
        self.add_fd(seen, number, fd);
        seen.fd_renamed = false;
    }

    fn threads_fd_shared(&self, seen: &Seen) -> Option<&Arc<Fd>> {
        self.threads.fds_of(seen.thread?)?.get_shared(seen.fd?)
    }

    fn thread_mut(&mut self, seen: &Seen) -> Option<&mut Thread> {
        self.threads.get_mut(seen.thread?)
    }

    /// Keeps the beginning of a call until its end.
    fn store(&mut self, event: &Event<'_>, seen: &Seen) {
        let Some(thread) = self.thread_mut(seen) else { return };
        let entered = thread.last_enter.get_or_insert_default();
        entered.ty = event.ty.0;
        entered.is_filled = true;
        entered.params.clear();
        entered.ends.clear();
        for (_, bytes) in event.params() {
            entered.params.extend_from_slice(bytes);
            entered.ends.push(entered.params.len());
        }
    }

    /// The beginning of the call whose end this is, if it is known.
    fn take_entered(&mut self, event: &Event<'_>, seen: &Seen) -> Option<Box<Entered>> {
        let thread = self.thread_mut(seen)?;
        let entered = thread.last_enter.as_ref()?;
        let fits = entered.ty.wrapping_add(1) == event.ty.0
            || (event.ty == EventType::EXECVE_19_X && entered.ty == EventType::EXECVEAT_E.0);
        if entered.is_valid && entered.is_filled && fits { thread.last_enter.take() } else { None }
    }

    /// Gives the memory of [`take_entered`](Self::take_entered) back.
    fn give_back(&mut self, seen: &Seen, entered: Option<Box<Entered>>) {
        // Long paths are rare: the memory for them is not kept.
        if let Some(entered) = entered.filter(|entered| entered.params.capacity() <= 512)
            && let Some(thread) = self.thread_mut(seen)
        {
            thread.last_enter = Some(entered);
        }
    }

    fn dispatch(&mut self, event: &Event<'_>, seen: &mut Seen) {
        use EventType as E;
        match event.ty {
            E::OPEN_E | E::CREAT_E | E::OPENAT_2_E | E::OPENAT2_E | E::EXECVE_19_E
                if event.param(0).is_some_and(|bytes| !bytes.is_empty()) =>
            {
                self.store(event, seen);
            }
            E::EXECVEAT_E | E::CONNECT_E => self.store(event, seen),
            E::READ_X
            | E::READV_X
            | E::PREAD_X
            | E::PREADV_X
            | E::RECV_X
            | E::RECVFROM_X
            | E::RECVMSG_X
            | E::RECVMMSG_X
            | E::WRITE_X
            | E::WRITEV_X
            | E::PWRITE_X
            | E::PWRITEV_X
            | E::SEND_X
            | E::SENDTO_X
            | E::SENDMSG_X
            | E::SENDMMSG_X => self.transferred(event, seen),
            E::OPEN_X | E::CREAT_X | E::OPENAT_2_X | E::OPENAT2_X | E::OPEN_BY_HANDLE_AT_X => {
                self.opened(event, seen);
            }
            E::CLOSE_X => self.closed(event, seen),
            E::CLOSE_RANGE_X => self.range_closed(event, seen),
            E::DUP_1_X | E::DUP2_X | E::DUP3_X => self.duplicated(event, seen),
            E::FCNTL_X => self.controlled(event, seen),
            E::PIPE_X | E::PIPE2_X => self.piped(event, seen),
            E::EVENTFD_X
            | E::EVENTFD2_X
            | E::SIGNALFD_X
            | E::SIGNALFD4_X
            | E::TIMERFD_CREATE_X
            | E::INOTIFY_INIT_X
            | E::INOTIFY_INIT1_X
            | E::BPF_2_X
            | E::USERFAULTFD_X
            | E::IO_URING_SETUP_X
            | E::EPOLL_CREATE_X
            | E::EPOLL_CREATE1_X => self.made_special(event, seen),
            E::MEMFD_CREATE_X => self.made_memory_file(event, seen),
            E::PIDFD_OPEN_X => self.opened_process(event, seen),
            E::PIDFD_GETFD_X => self.took_fd(event, seen),
            E::CHDIR_X | E::FCHDIR_X | E::GETCWD_X => self.moved(event, seen),
            E::CHROOT_X => {
                self.changed_root(event, seen);
                self.place_in_container(event, seen);
            }
            E::SOCKET_X => self.made_socket(event, seen),
            E::SOCKETPAIR_X => self.made_socket_pair(event, seen),
            E::BIND_X => self.bound(event, seen),
            E::CONNECT_X => self.connected(event, seen),
            E::ACCEPT_5_X | E::ACCEPT4_6_X => self.accepted(event, seen),
            E::CLONE_20_X | E::FORK_20_X | E::VFORK_20_X | E::CLONE3_X => {
                self.cloned(event, seen);
                self.place_in_container(event, seen);
            }
            E::EXECVE_19_X | E::EXECVEAT_X => {
                self.executed(event, seen);
                self.place_in_container(event, seen);
            }
            E::PROCEXIT_1_E => self.exited(event, seen),
            E::GETRLIMIT_X | E::SETRLIMIT_X => self.limited(event, seen),
            E::PRLIMIT_X => self.limited_other(event),
            E::SCHEDSWITCH_6_E => self.switched(event, seen),
            E::PROCINFO_E => self.accounted(event, seen),
            E::BRK_4_X | E::MMAP_X | E::MMAP2_X | E::MUNMAP_X => self.mapped(event, seen),
            E::SETRESUID_X | E::SETREUID_X | E::SETUID_X => self.changed_user(event, seen),
            E::SETRESGID_X | E::SETREGID_X | E::SETGID_X => self.changed_group(event, seen),
            E::CAPSET_X => self.changed_capabilities(event, seen),
            E::UNSHARE_X | E::SETNS_X => self.changed_namespace(event, seen),
            E::SETSID_X => self.made_session(event, seen),
            E::PRCTL_X => self.controlled_process(event, seen),
            E::USER_ADDED_E | E::USER_DELETED_E => self.user_changed(event),
            E::GROUP_ADDED_E | E::GROUP_DELETED_E => self.group_changed(event),
            E::ASYNCEVENT_E | E::CONTAINER_JSON_2_E | E::CONTAINER_JSON_E | E::CONTAINER_E => {
                self.container_changed(event);
            }
            _ => {}
        }
    }

    fn finish(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let Some(thread) = self.thread_mut(seen) else { return };
        seen.fd_number = thread.last_fd;
        if event.ty != EventType::SCHEDSWITCH_6_E {
            thread.previous_event_time = thread.last_event_time;
            thread.last_event_time = event.time;
        }
        if !event.ty.is_enter()
            && let Some(entered) = &mut thread.last_enter
        {
            entered.is_filled = false;
        }
    }
}
