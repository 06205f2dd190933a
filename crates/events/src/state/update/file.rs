//! Events that open, close and copy descriptors, and those that change directories.

use super::paths;
use super::{result_of, text_of, text_param};
use crate::event::Event;
use crate::state::descriptors::{Fd, FdFlags, FdType, open_flags};
use crate::state::text::Text;
use crate::state::threads::{Entered, ThreadFlags};
use crate::state::{Host, Seen};
use crate::table::EventType;

/// What the end of an open says, and what its beginning says better: a process cannot change the arguments in between.
struct Opened<'a> {
    name: &'a [u8],
    flags: u32,
    directory: Option<i64>,
    device: u32,
    inode: u64,
}

/// Flags that the recorder adds at the end of the call.
const ADDED: u32 = !(open_flags::CREATED - 1);

impl<'a> Opened<'a> {
    fn read(event: &Event<'a>) -> Opened<'a> {
        let mut params: [&'a [u8]; 8] = [&[]; 8];
        for (place, (_, bytes)) in params.iter_mut().zip(event.params()) {
            *place = bytes;
        }
        let u32_at = |at: usize| {
            params.get(at).and_then(|bytes| bytes.first_chunk()).map(|bytes| u32::from_le_bytes(*bytes))
        };
        let u64_at = |at: usize| {
            params.get(at).and_then(|bytes| bytes.first_chunk()).map(|bytes| u64::from_le_bytes(*bytes))
        };
        // Device and inode, as far as they are given.
        let place = |at| u32_at(at).map_or((0, 0), |device| (device, u64_at(at + 1).unwrap_or(0)));
        let text = |at: usize| text_of(params.get(at).copied().unwrap_or_default());
        let flags = |at| u32_at(at).unwrap_or(0);
        let current = Some(paths::CURRENT);
        match event.ty {
            EventType::OPEN_X => {
                let (device, inode) = place(4);
                Opened { name: text(1), flags: flags(2), directory: current, device, inode }
            }
            EventType::CREAT_X => {
                let (device, inode) = place(3);
                let layer = match event.u16(5).filter(|_| u64_at(4).is_some()).unwrap_or(0) {
                    layer if layer & 1 != 0 => open_flags::UPPER_LAYER,
                    layer if layer & 2 != 0 => open_flags::LOWER_LAYER,
                    _ => 0,
                };
                Opened { name: text(1), flags: layer, directory: current, device, inode }
            }
            EventType::OPEN_BY_HANDLE_AT_X => {
                let (device, inode) = place(4);
                // The recorder gives the whole path.
                Opened { name: text(3), flags: flags(2), directory: None, device, inode }
            }
            _ => {
                let at = if event.ty == EventType::OPENAT_2_X { 5 } else { 6 };
                let (device, inode) = u64_at(at + 1).map_or((0, 0), |inode| (flags(at), inode));
                let directory = u64_at(1).map(u64::cast_signed);
                Opened { name: text(2), flags: flags(3), directory, device, inode }
            }
        }
    }

    fn correct(&mut self, entered: &'a Entered) {
        let (name, flags) = match entered.ty {
            ty if ty == EventType::OPEN_E.0 => (0, Some(entered.u32(1))),
            ty if ty == EventType::CREAT_E.0 => (0, None),
            _ => (1, Some(entered.u32(2))),
        };
        let from_open_at = name == 1;
        let name = text_of(entered.param(name));
        if name == super::NOT_AVAILABLE {
            return;
        }
        self.name = name;
        if let Some(flags) = flags {
            self.flags = flags | (self.flags & ADDED);
        }
        if from_open_at {
            self.directory = entered.i64(0);
        }
    }
}

impl Host {
    pub(super) fn opened(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let number = result_of(event);
        if seen.thread.is_none() || number < 0 {
            return;
        }
        let entered =
            if event.ty == EventType::OPEN_BY_HANDLE_AT_X { None } else { self.take_entered(event, seen) };
        let mut opened = Opened::read(event);
        if let Some(entered) = &entered {
            opened.correct(entered);
        }
        let mut path = std::mem::take(&mut self.pending.scratch);
        match opened.directory {
            Some(directory) => {
                let directory = self.directory_at(seen, directory, opened.name);
                paths::join(&directory, opened.name, &mut path);
            }
            None => paths::join(b"", opened.name, &mut path),
        }
        let mut fd = Fd::of(if opened.flags & open_flags::DIRECTORY != 0 {
            FdType::Directory
        } else {
            FdType::FileV2
        });
        fd.open_flags = opened.flags;
        fd.device = opened.device;
        fd.inode = opened.inode;
        fd.name = path.as_slice().into();
        fd.raw_name = Text::same_or_new(&fd.name, opened.name);
        if opened.flags & open_flags::UPPER_LAYER != 0 {
            fd.flags.set(FdFlags::UPPER_LAYER);
        }
        if opened.flags & open_flags::LOWER_LAYER != 0 {
            fd.flags.set(FdFlags::LOWER_LAYER);
        }
        self.pending.scratch = path;
        self.give_back(seen, entered);
        self.add_fd(seen, number, fd);
    }

    pub(super) fn closed(&mut self, event: &Event<'_>, seen: &Seen) {
        if result_of(event) >= 0
            && let (Some(number), Some(thread)) = (seen.fd, self.thread_mut(seen))
        {
            let tid = thread.tid;
            self.pending.fd = Some((tid, number));
        }
    }

    pub(super) fn range_closed(&mut self, event: &Event<'_>, seen: &Seen) {
        /// `PPM_CLOSE_RANGE_CLOEXEC`: they are closed when another program starts.
        const ON_EXEC: u32 = 1 << 2;
        if result_of(event) < 0 {
            return;
        }
        let range = i64::from(event.u32(1).unwrap_or(0))..=i64::from(event.u32(2).unwrap_or(0));
        let flags = event.u32(3).unwrap_or(0);
        let Some(fds) = seen.thread.and_then(|index| self.threads.fds_of_mut(index)) else { return };
        if flags & ON_EXEC != 0 {
            fds.change(|number, _| range.contains(&number), |fd| fd.open_flags |= open_flags::CLOEXEC);
        } else {
            fds.retain(|number, _| !range.contains(&number));
        }
    }

    pub(super) fn duplicated(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let number = result_of(event);
        if number < 0 || seen.fd.is_none() {
            return;
        }
        if let Some(thread) = self.thread_mut(seen) {
            // The way of shells to make pipes.
            match number {
                0 => thread.flags.set(ThreadFlags::PIPE_DESTINATION),
                1 => thread.flags.set(ThreadFlags::PIPE_SOURCE),
                _ => {}
            }
        }
        let on_exec = event.ty == EventType::DUP3_X
            && event.u32(3).is_some_and(|flags| flags & open_flags::CLOEXEC != 0);
        self.copy_fd(seen, number, on_exec);
    }

    pub(super) fn controlled(&mut self, event: &Event<'_>, seen: &mut Seen) {
        const DUPFD: u8 = 1;
        const SETFD: u8 = 3;
        const DUPFD_CLOEXEC: u8 = 26;
        let number = result_of(event);
        if number < 0 || seen.fd.is_none() {
            return;
        }
        match event.u8(2) {
            Some(SETFD) => {
                let on = event.u64(3).is_some_and(|arg| arg & 1 != 0);
                if let Some(fd) = self.fd_mut(seen) {
                    fd.set_close_on_exec(on);
                }
            }
            Some(command @ (DUPFD | DUPFD_CLOEXEC)) => {
                self.copy_fd(seen, number, command == DUPFD_CLOEXEC);
            }
            _ => {}
        }
    }

    pub(super) fn piped(&mut self, event: &Event<'_>, seen: &mut Seen) {
        if result_of(event) < 0 {
            return;
        }
        let mut fd = Fd::of(FdType::Fifo);
        fd.inode = event.u64(3).unwrap_or(0);
        if event.ty == EventType::PIPE2_X {
            fd.open_flags = event.u32(4).unwrap_or(0);
        }
        let fd = std::sync::Arc::new(fd);
        for at in [1, 2] {
            if let Some(number) = event.i64(at) {
                self.add_fd(seen, number, fd.clone());
            }
        }
    }

    /// Descriptors of which no more is known than what they are.
    pub(super) fn made_special(&mut self, event: &Event<'_>, seen: &mut Seen) {
        use EventType as E;
        let number = result_of(event);
        if number < 0 {
            return;
        }
        let (ty, flags) = match event.ty {
            E::EVENTFD_X => (FdType::Event, 0),
            E::EVENTFD2_X => (FdType::Event, u32::from(event.u16(1).unwrap_or(0))),
            E::SIGNALFD_X => (FdType::Signal, 0),
            E::SIGNALFD4_X => (FdType::Signal, u32::from(event.u16(1).unwrap_or(0))),
            E::TIMERFD_CREATE_X => (FdType::Timer, u32::from(event.u8(2).unwrap_or(0))),
            E::INOTIFY_INIT_X => (FdType::Inotify, 0),
            E::INOTIFY_INIT1_X => (FdType::Inotify, u32::from(event.u16(1).unwrap_or(0))),
            E::BPF_2_X => (FdType::Bpf, 0),
            E::USERFAULTFD_X => (FdType::Userfault, 0),
            E::IO_URING_SETUP_X => (FdType::IoUring, 0),
            E::EPOLL_CREATE1_X
                if event.u32(1).is_some_and(|flags| flags & open_flags::OTHER_CLOEXEC != 0) =>
            {
                (FdType::EventPoll, open_flags::CLOEXEC)
            }
            _ => (FdType::EventPoll, 0),
        };
        self.add_fd(seen, number, Fd { open_flags: flags, ..Fd::of(ty) });
    }

    pub(super) fn made_memory_file(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let number = result_of(event);
        // Falco keeps a call that failed under its error's number; it counts as open.
        let mut fd = Fd::of(FdType::None);
        if number >= 0 {
            fd.ty = FdType::Memory;
            fd.name = text_param(event, 1).into();
            fd.open_flags = event.u32(2).unwrap_or(0);
        }
        self.add_fd(seen, number, fd);
    }

    pub(super) fn opened_process(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let number = result_of(event);
        if number < 0 {
            return;
        }
        let pid = event.i64(1).unwrap_or(0);
        let mut fd = Fd::of(FdType::Pid);
        fd.name = format!("/proc/{pid}").as_str().into();
        fd.open_flags = event.u32(2).unwrap_or(0);
        fd.pid = pid;
        self.add_fd(seen, number, fd);
    }

    /// A descriptor taken from another process.
    pub(super) fn took_fd(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let (Some(pidfd), Some(target)) = (event.i64(1), event.i64(2)) else { return };
        let process =
            self.fd_at(seen, pidfd).filter(|fd| pidfd >= 0 && fd.ty == FdType::Pid).map(|fd| fd.pid);
        let fds = process.and_then(|pid| self.threads.fds_of(self.threads.find(pid)?));
        let Some(fd) = fds.filter(|_| target >= 0).and_then(|fds| fds.get(target)) else { return };
        let mut fd = fd.clone();
        fd.set_close_on_exec(true);
        self.add_fd(seen, result_of(event), fd);
        seen.fd_renamed = false;
    }

    pub(super) fn moved(&mut self, event: &Event<'_>, seen: &Seen) {
        if result_of(event) < 0 {
            return;
        }
        let Some(index) = seen.thread else { return };
        let path: Text = match event.ty {
            EventType::FCHDIR_X => match self.fd(seen) {
                Some(fd) => fd.name.clone(),
                None => return,
            },
            _ => text_param(event, 1).into(),
        };
        // As in Falco, a path that is relative is so to the directory of the thread itself, which only main threads have.
        let own = self.threads.get(index).map(|thread| thread.cwd.clone()).unwrap_or_default();
        if let Some(main) = self.threads.main_of(index).and_then(|main| self.threads.get_mut(main)) {
            let cwd = paths::directory(&own, &path);
            if main.cwd != cwd {
                main.cwd = cwd;
            }
        }
    }

    pub(super) fn changed_root(&mut self, event: &Event<'_>, seen: &Seen) {
        let Some(index) = seen.thread.filter(|_| result_of(event) == 0) else { return };
        let mut path = Vec::new();
        paths::join(self.directory_of(index), text_param(event, 1), &mut path);
        if let Some(thread) = self.threads.get_mut(index) {
            thread.root = path.into();
        }
    }
}
