//! Events that make, change and end processes.

use std::borrow::Cow;

use super::{Params, result_of};
use crate::event::Event;
use crate::state::text::{Text, TextList};
use crate::state::threads::{Capabilities, Executable, Memory, Thread, ThreadFlags, ThreadIndex};
use crate::state::{Host, Seen};
use crate::table::EventType;

/// After this time a thread that is said to be made is another one with the same id, in nanoseconds.
const STALE: u64 = 2_000_000_000;

/// How many threads that have just been removed are remembered.
const RECENT: usize = 4_096;

/// The parameters of events that make threads and start programs; the same for both as far as these go.
mod at {
    pub(super) const EXE: usize = 1;
    pub(super) const ARGS: usize = 2;
    pub(super) const PID: usize = 4;
    pub(super) const PTID: usize = 5;
    pub(super) const FD_LIMIT: usize = 7;
    pub(super) const MAJOR_FAULTS: usize = 8;
    pub(super) const MINOR_FAULTS: usize = 9;
    pub(super) const VM_SIZE: usize = 10;
    pub(super) const VM_RSS: usize = 11;
    pub(super) const VM_SWAP: usize = 12;
    pub(super) const COMM: usize = 13;
    pub(super) const CGROUPS: usize = 14;
    // Made threads.
    pub(super) const FLAGS: usize = 15;
    pub(super) const UID: usize = 16;
    pub(super) const GID: usize = 17;
    pub(super) const VTID: usize = 18;
    pub(super) const VPID: usize = 19;
    pub(super) const PIDNS_START: usize = 20;
    // Started programs.
    pub(super) const ENV: usize = 15;
    pub(super) const TTY: usize = 16;
    pub(super) const VPGID: usize = 17;
    pub(super) const LOGIN_UID: usize = 18;
    pub(super) const EXE_FLAGS: usize = 19;
    pub(super) const CAP_INHERITABLE: usize = 20;
    pub(super) const CAP_PERMITTED: usize = 21;
    pub(super) const CAP_EFFECTIVE: usize = 22;
    pub(super) const EXE_INODE: usize = 23;
    pub(super) const EXE_CTIME: usize = 24;
    pub(super) const EXE_MTIME: usize = 25;
    pub(super) const EXE_UID: usize = 26;
    pub(super) const EXEPATH: usize = 27;
    pub(super) const PGID: usize = 28;
    pub(super) const EXE_GID: usize = 29;
}

/// Threads that have just been removed, so that a maker whose event comes late does not bring them back. Forgets by and by.
#[derive(Debug, Default)]
pub(crate) struct RecentExits {
    /// Parent and id, and when; each pair has one place.
    places: Vec<(u64, u64)>,
}

impl RecentExits {
    fn key(ptid: i64, tid: i64) -> (u64, usize) {
        // Ids have 32 bits at most where they mean something.
        let low = |id: i64| u64::from_le_bytes(id.to_le_bytes()) & 0xffff_ffff;
        let key = low(ptid) << 32 | low(tid);
        let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        (key, usize::try_from(mixed).unwrap_or(0) % RECENT)
    }

    pub(crate) fn note(&mut self, ptid: i64, tid: i64, now: u64) {
        if self.places.is_empty() {
            self.places.resize(RECENT, (u64::MAX, 0));
        }
        let (key, place) = Self::key(ptid, tid);
        if let Some(place) = self.places.get_mut(place) {
            *place = (key, now);
        }
    }

    fn has(&self, ptid: i64, tid: i64, now: u64) -> bool {
        let (key, place) = Self::key(ptid, tid);
        self.places.get(place).is_some_and(|(known, when)| {
            *known == key && now.checked_sub(*when).is_some_and(|age| age < STALE)
        })
    }
}

fn memory(params: &Params<'_>) -> Option<Memory> {
    params.is_given(at::VM_SWAP).then(|| Memory {
        vm_size: params.u32(at::VM_SIZE).unwrap_or(0),
        vm_rss: params.u32(at::VM_RSS).unwrap_or(0),
        vm_swap: params.u32(at::VM_SWAP).unwrap_or(0),
        major_faults: params.u64(at::MAJOR_FAULTS).unwrap_or(0),
        minor_faults: params.u64(at::MINOR_FAULTS).unwrap_or(0),
    })
}

/// Name, program and arguments, kept once where they are the same as `known` has them.
fn set_command(thread: &mut Thread, params: &Params<'_>, known: Option<&Thread>) {
    let empty = Text::EMPTY;
    let (exe, comm, cmdline) =
        known.map_or((&empty, &empty, &empty), |known| (&known.exe, &known.comm, &known.cmdline));
    thread.exe = Text::same_or_new(exe, params.text(at::EXE));
    thread.comm = if params.is_given(at::COMM) {
        Text::same_or_new(comm, params.text(at::COMM))
    } else {
        thread.exe.clone()
    };
    let no_args = TextList::EMPTY;
    let args = TextList::same_or_new(known.map_or(&no_args, |known| &known.args), params.bytes(at::ARGS));
    match known {
        Some(known) if known.comm.is(&thread.comm) && known.args.is(&args) => {
            thread.cmdline = known.cmdline.clone();
            thread.args = args;
        }
        _ => thread.set_args(args, cmdline),
    }
}

impl Host {
    /// Removes a thread that has ended.
    pub(super) fn remove_thread(&mut self, index: ThreadIndex) {
        self.threads.remove(index);
    }

    pub(super) fn cloned(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let child = result_of(event);
        match child {
            ..0 => {}
            0 => self.cloned_in_child(event, seen),
            _ => self.cloned_in_caller(event, seen, child),
        }
    }

    /// The end of the call in the thread that made another. Completes what is known of the maker, and makes the other unless its own
    /// event did or will.
    fn cloned_in_caller(&mut self, event: &Event<'_>, seen: &mut Seen, child_tid: i64) {
        let params = Params::of(event);
        seen.thread = self.find_or_invent(event.tid, event.time);
        let Some(caller) = seen.thread else { return };
        let mut is_known = true;
        if let Some(thread) = self.threads.get_mut(caller).filter(|thread| thread.is_unknown()) {
            is_known = false;
            thread.pid = params.i64(at::PID).unwrap_or(-1);
            thread.ptid = params.i64(at::PTID).unwrap_or(-1);
            if params.is_given(at::VPID) {
                thread.vtid = params.i64(at::VTID).unwrap_or(-1);
                thread.vpid = params.i64(at::VPID).unwrap_or(-1);
            } else {
                thread.vtid = event.tid;
                thread.vpid = -1;
            }
            self.threads.join(caller);
        }
        let flags = ThreadFlags(params.u32(at::FLAGS).unwrap_or(0));
        let Some(thread) = self.threads.get(caller) else { return };
        // In another pid namespace the child's id is not known here, and after vfork the child may be gone already: the child's
        // own event makes it.
        if flags.has(ThreadFlags::CHILD_IN_PIDNS)
            || flags.has(ThreadFlags::CLONE_NEWPID)
            || flags.has(ThreadFlags::CLONE_PARENT)
            || flags.has(ThreadFlags::CLONE_VFORK)
            || thread.vtid != event.tid
            || event.ty == EventType::VFORK_20_X
            || self.pending.exits.has(event.tid, child_tid, event.time)
        {
            return;
        }
        let mut replaces = false;
        if let Some(existing) = self.threads.find(child_tid) {
            if self.threads.get(existing).is_some_and(|old| old.flags.has(ThreadFlags::CLONE_INVERTED)) {
                return;
            }
            // Its end was lost.
            self.threads.remove(existing);
            replaces = true;
        }
        let Some(thread) = self.threads.get(caller) else {
            seen.thread = None;
            return;
        };
        let mut child = Thread::unknown(child_tid);
        child.flags = flags;
        if flags.has(ThreadFlags::CLONE_THREAD) {
            child.pid = thread.pid;
            child.ptid = thread.ptid;
            child.flags.set(ThreadFlags::CLONE_FILES);
            child.exec_time = thread.exec_time;
        } else {
            child.pid = child_tid;
            child.ptid = thread.tid;
            if is_known {
                self.inherit_process(&mut child, caller);
            }
        }
        child.vtid = child.tid;
        child.vpid = child.pid;
        set_command(&mut child, &params, Some(thread));
        self.describe_child(&mut child, &params, event.time, Some(thread));
        child.pidns_start = self.boot_time;
        if is_known {
            inherit(&mut child, thread);
        } else {
            let (exe, comm) = (child.exe.clone(), child.comm.clone());
            let (args, cmdline) = (child.args.clone(), child.cmdline.clone());
            if let Some(thread) = self.threads.get_mut(caller) {
                thread.exe = exe;
                thread.comm = comm;
                thread.args = args;
                thread.cmdline = cmdline;
            }
        }
        self.add_thread(child);
        if replaces {
            // The maker itself may have been what was in the way.
            seen.thread = self.threads.find_and_remember(event.tid);
        }
    }

    /// The end of the call in the thread that was made.
    fn cloned_in_child(&mut self, event: &Event<'_>, seen: &mut Seen) {
        if let Some((index, thread)) = seen.thread.and_then(|index| Some((index, self.threads.get(index)?)))
            && thread.clone_time != 0
        {
            if event.time.wrapping_sub(thread.clone_time) < STALE {
                // Its maker's event made it.
                return;
            }
            // An older thread with the same id, whose end was lost.
            self.threads.remove(index);
            seen.thread = None;
        }
        let params = Params::of(event);
        let mut child = Thread::unknown(event.tid);
        child.pid = params.i64(at::PID).unwrap_or(-1);
        child.ptid = params.i64(at::PTID).unwrap_or(-1);
        if params.is_given(at::VPID) {
            child.vtid = params.i64(at::VTID).unwrap_or(-1);
            child.vpid = params.i64(at::VPID).unwrap_or(-1);
        } else {
            child.vtid = child.tid;
        }
        child.flags = ThreadFlags(params.u32(at::FLAGS).unwrap_or(0));
        child.flags.set(ThreadFlags::CLONE_INVERTED);
        let is_leader = !child.flags.has(ThreadFlags::CLONE_THREAD);
        let model = if is_leader { child.ptid } else { child.pid };
        if !is_leader {
            child.flags.set(ThreadFlags::CLONE_FILES);
        }
        let Some(model) = self.find_or_invent(model, event.time) else {
            seen.thread = None;
            return;
        };
        let is_known = self.threads.get(model).is_some_and(|thread| !thread.is_unknown());
        if !is_known && !is_leader {
            // At least the ids of the main thread are known now.
            if let Some(main) = self.threads.get_mut(model) {
                main.pid = child.pid;
                main.ptid = child.ptid;
                main.vpid = child.vpid;
                main.vtid = child.vpid;
            }
            self.threads.join(model);
        }
        let Some(thread) = self.threads.get(model) else { return };
        set_command(&mut child, &params, Some(thread));
        if is_known {
            inherit(&mut child, thread);
            if is_leader {
                self.inherit_process(&mut child, model);
            } else {
                child.exec_time = thread.exec_time;
            }
        }
        self.describe_child(&mut child, &params, event.time, Some(thread));
        let in_namespace = child.flags.has(ThreadFlags::CHILD_IN_PIDNS)
            || child.flags.has(ThreadFlags::CLONE_NEWPID)
            || child.tid != child.vtid;
        if !in_namespace {
            child.pidns_start = self.boot_time;
        } else if let Some(since_boot) = params.u64(at::PIDNS_START) {
            child.pidns_start = since_boot.wrapping_add(self.boot_time);
        }
        if !is_known
            && !is_leader
            && let Some(main) = self.threads.get_mut(model)
        {
            main.exe = child.exe.clone();
            main.comm = child.comm.clone();
            main.args = child.args.clone();
            main.cmdline = child.cmdline.clone();
        }
        seen.thread = self.add_thread(child);
        if let Some(thread) = self.thread_mut(seen) {
            thread.last_access = event.time;
        }
    }

    /// What a process has from its parent: copies of its descriptors, its directory and its variables.
    fn inherit_process(&self, child: &mut Thread, parent: ThreadIndex) {
        if let Some(fds) = self.threads.fds_of(parent) {
            child.fds = fds.clone();
        }
        let main = self.threads.main_of(parent).and_then(|main| self.threads.get(main));
        child.cwd = main.map_or_else(|| Text::from("./"), |main| main.cwd.clone());
        if let Some(parent) = self.threads.get(parent) {
            child.env = parent.env.clone();
        }
    }

    fn describe_child(&self, child: &mut Thread, params: &Params<'_>, now: u64, known: Option<&Thread>) {
        child.fd_limit = params.i64(at::FD_LIMIT).unwrap_or(-1);
        child.memory = memory(params).unwrap_or_default();
        child.uid = params.u32(at::UID).unwrap_or(u32::MAX);
        child.gid = params.u32(at::GID).unwrap_or(u32::MAX);
        if params.is_given(at::CGROUPS) {
            let none = TextList::EMPTY;
            let known = known.map_or(&none, |known| &known.cgroups);
            child.cgroups = cgroups(known, params.bytes(at::CGROUPS));
        }
        child.clone_time = now;
        child.last_access = now;
    }

    /// Adds a thread and puts it where it belongs, if there is room.
    fn add_thread(&mut self, thread: Thread) -> Option<ThreadIndex> {
        if !self.has_room_for_thread() {
            return None;
        }
        let list = thread.fds.len() * size_of::<usize>() * 2;
        self.take(
            size_of::<Thread>()
                + list
                + thread.cmdline.len()
                + thread.exe.len()
                + thread.args.as_bytes().len(),
        );
        let index = self.threads.insert(thread);
        self.threads.join(index);
        Some(index)
    }

    pub(super) fn executed(&mut self, event: &Event<'_>, seen: &mut Seen) {
        if result_of(event) < 0 {
            return;
        }
        let Some(index) = seen.thread else { return };
        let params = Params::of(event);
        // A thread that is not the main one takes its place, which may have ended.
        self.threads.resurrect(index);
        let old_path = if params.is_given(at::EXEPATH) { None } else { self.entered_exepath(event, seen) };
        let Some(thread) = self.threads.get_mut(index) else { return };
        thread.exec_time = event.time;
        let (exe, cmdline) = (thread.exe.clone(), thread.cmdline.clone());
        thread.exe = Text::same_or_new(&exe, params.text(at::EXE));
        thread.comm = if params.is_given(at::COMM) {
            Text::same_or_new(&thread.comm, params.text(at::COMM))
        } else {
            thread.exe.clone()
        };
        let args = TextList::same_or_new(&thread.args, params.bytes(at::ARGS));
        thread.set_args(args, &cmdline);
        thread.pid = params.i64(at::PID).filter(|pid| *pid >= 0).unwrap_or(thread.pid);
        if thread.is_unknown() {
            thread.ptid = params.i64(at::PTID).unwrap_or(-1);
            if !thread.flags.has(ThreadFlags::CHILD_IN_PIDNS) {
                thread.vtid = thread.tid;
                thread.vpid = thread.pid;
            }
        }
        // Now that it is known it can be put where it belongs, if it was not there before.
        self.threads.join(index);
        let Some(thread) = self.threads.get_mut(index) else { return };
        thread.fd_limit = params.i64(at::FD_LIMIT).unwrap_or(-1);
        if let Some(memory) = memory(&params) {
            thread.memory = memory;
        }
        if params.is_given(at::ENV) {
            thread.env = TextList::same_or_new(&thread.env, params.bytes(at::ENV));
        }
        if params.is_given(at::CGROUPS) {
            thread.cgroups = cgroups(&thread.cgroups, params.bytes(at::CGROUPS));
        }
        if let Some(tty) = params.u32(at::TTY) {
            thread.tty = tty;
        }
        if params.is_given(at::EXEPATH) {
            thread.set_exepath(params.text(at::EXEPATH));
        } else if let Some(path) = old_path {
            thread.set_exepath(&path);
        }
        if let Some(vpgid) = params.i64(at::VPGID) {
            thread.vpgid = vpgid;
        }
        if let Some(uid) = params.u32(at::LOGIN_UID) {
            thread.login_uid = uid;
        }
        set_executable(thread, &params);
        if params.is_given(at::CAP_EFFECTIVE) {
            thread.capabilities = Capabilities {
                permitted: params.u64(at::CAP_PERMITTED).unwrap_or(0),
                effective: params.u64(at::CAP_EFFECTIVE).unwrap_or(0),
                inheritable: params.u64(at::CAP_INHERITABLE).unwrap_or(0),
            };
        }
        if let Some(uid) = params.u32(at::EXE_UID) {
            thread.uid = uid;
        }
        thread.pgid = params.i64(at::PGID).unwrap_or(-1);
        if let Some(gid) = params.u32(at::EXE_GID) {
            thread.gid = gid;
        }
        if let Some(fds) = self.threads.fds_of_mut(index) {
            fds.retain(|_, fd| !fd.closes_on_exec());
        }
        let Some(thread) = self.threads.get_mut(index) else { return };
        let kept = thread.flags.only(&[
            ThreadFlags::PIPE_SOURCE,
            ThreadFlags::PIPE_DESTINATION,
            ThreadFlags::IS_MAIN_THREAD,
            ThreadFlags::CLONE_INVERTED,
        ]);
        thread.flags = kept;
        thread.flags.set(ThreadFlags::ACTIVE);
        thread.flags.set(ThreadFlags::NAME_CHANGED);
        let texts = [&thread.exe, &thread.exepath, &thread.cmdline].map(|text| text.len());
        let lists = [&thread.args, &thread.env, &thread.cgroups].map(|list| list.as_bytes().len());
        self.take(texts.iter().chain(&lists).sum());
        // The other threads of the process are gone.
        if self.threads.alive_in_group_of(index) > 1 {
            let members: Vec<ThreadIndex> = self.threads.members_of(index).collect();
            for member in members {
                let goes = self.threads.get(member).is_some_and(|thread| !thread.is_main());
                if goes && member != index {
                    self.threads.remove(member);
                }
            }
        }
    }

    /// The path of the program from the beginning of the call, for captures whose end does not have it.
    fn entered_exepath(&mut self, event: &Event<'_>, seen: &mut Seen) -> Option<Vec<u8>> {
        let entered = self.take_entered(event, seen)?;
        let mut out = Vec::new();
        if entered.ty == EventType::EXECVEAT_E.0 {
            /// `AT_EMPTY_PATH`: the program is the descriptor itself.
            const EMPTY_PATH: u32 = 1;
            let name = super::text_of(entered.param(1));
            let flags = entered.u32(2);
            let number = entered.i64(0).unwrap_or(-1);
            let directory = self.directory_at(seen, number, name);
            let is_unknown = *directory == *super::paths::UNKNOWN_DIRECTORY;
            if is_unknown || (flags & EMPTY_PATH == 0 && name == super::NOT_AVAILABLE) {
                out.extend_from_slice(super::NOT_AVAILABLE);
            } else if flags & EMPTY_PATH != 0 {
                super::paths::join(b"", &directory, &mut out);
            } else {
                super::paths::join(&directory, name, &mut out);
            }
            if !is_unknown && number >= 0 && !name.starts_with(b"/") {
                seen.fd = Some(number);
            }
        } else {
            let name = super::text_of(entered.param(0));
            if name == super::NOT_AVAILABLE {
                out.extend_from_slice(name);
            } else {
                let directory = seen.thread.map(|index| self.directory_of(index)).unwrap_or_default();
                super::paths::join(directory, name, &mut out);
            }
        }
        self.give_back(seen, Some(entered));
        Some(out)
    }

    pub(super) fn exited(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let Some(index) = seen.thread else { return };
        self.threads.mark_dead(index);
        self.pending.thread = Some(event.tid);
        if self.threads.children_of(index).next().is_none() {
            return;
        }
        let reaper = if event.param_count() > 4 { event.i64(4) } else { Some(-1) };
        if let (Some(thread), Some(reaper)) = (self.threads.get_mut(index), reaper) {
            thread.reaper = reaper;
        }
    }

    pub(super) fn limited(&mut self, event: &Event<'_>, seen: &Seen) {
        if result_of(event) < 0 || event.u8(3) != Some(OPEN_FILES) {
            return;
        }
        let Some(index) = seen.thread else { return };
        self.set_fd_limit(index, event.i64(1));
    }

    pub(super) fn limited_other(&mut self, event: &Event<'_>) {
        if result_of(event) != 0 || event.u8(6) != Some(OPEN_FILES) || event.i64(1) == Some(-1) {
            return;
        }
        let Some(tid) = event.i64(5) else { return };
        let tid = if tid == 0 { event.tid } else { tid };
        let Some(index) = self.find_or_invent(tid, event.time) else { return };
        if self.threads.get(index).is_some_and(|thread| !thread.is_unknown()) {
            self.set_fd_limit(index, event.i64(1));
        }
    }

    fn set_fd_limit(&mut self, index: ThreadIndex, limit: Option<i64>) {
        let main = self.threads.main_of(index).and_then(|main| self.threads.get_mut(main));
        if let (Some(main), Some(limit)) = (main, limit.filter(|limit| *limit != -1)) {
            main.fd_limit = limit;
        }
    }

    pub(super) fn switched(&mut self, event: &Event<'_>, seen: &Seen) {
        self.timed(event, seen);
        let (Some(index), Some(vm_swap)) = (seen.thread, event.u32(5)) else { return };
        if let Some(thread) = self.threads.get_mut(index) {
            thread.memory.major_faults = event.u64(1).unwrap_or(0);
            thread.memory.minor_faults = event.u64(2).unwrap_or(0);
        }
        if let Some(main) = self.threads.main_of(index).and_then(|main| self.threads.get_mut(main)) {
            main.memory.vm_size = event.u32(3).unwrap_or(0);
            main.memory.vm_rss = event.u32(4).unwrap_or(0);
            main.memory.vm_swap = vm_swap;
        }
    }

    /// How long the thread that leaves the processor has had it.
    fn timed(&mut self, event: &Event<'_>, seen: &Seen) {
        let cpu = usize::from(event.cpu);
        if cpu >= usize::try_from(self.machine.cpus).unwrap_or(usize::MAX) {
            return;
        }
        let switches = &mut self.pending.switches;
        if switches.len() <= cpu {
            switches.resize(cpu + 1, 0);
        }
        let before = switches.get_mut(cpu).map_or(0, |last| std::mem::replace(last, event.time));
        let slice = if before == 0 { 0 } else { event.time.wrapping_sub(before) };
        if let Some(thread) = self.thread_mut(seen) {
            thread.cpu.slice = slice;
            thread.cpu.total = thread.cpu.total.wrapping_add(slice);
        }
    }

    /// A second has passed: how much of it the thread had.
    pub(super) fn accounted(&mut self, event: &Event<'_>, seen: &Seen) {
        let (Some(user), Some(system)) = (event.u64(0), event.u64(1)) else { return };
        let Some(thread) = self.thread_mut(seen) else { return };
        let cpu = &mut thread.cpu;
        let percent = |now: u64, before: u64| {
            let spent = if before == 0 { 0 } else { now.wrapping_sub(before) };
            u8::try_from(spent).unwrap_or(100).min(100)
        };
        let before = cpu.ticks;
        cpu.percent = percent(user.wrapping_add(system), before.0.wrapping_add(before.1));
        cpu.user_percent = percent(user, before.0);
        cpu.system_percent = percent(system, before.1);
        cpu.ticks = (user, system);
    }

    pub(super) fn mapped(&mut self, event: &Event<'_>, seen: &Seen) {
        let Some(thread) = self.thread_mut(seen) else { return };
        if let Some(vm_size) = event.u32(1) {
            thread.memory.vm_size = vm_size;
        }
        if let (Some(vm_rss), Some(vm_swap)) = (event.u32(2), event.u32(3)) {
            thread.memory.vm_rss = vm_rss;
            thread.memory.vm_swap = vm_swap;
        }
    }

    pub(super) fn made_session(&mut self, event: &Event<'_>, seen: &Seen) {
        let sid = result_of(event);
        if let Some(thread) = self.thread_mut(seen).filter(|_| sid >= 0) {
            thread.sid = sid;
        }
    }

    pub(super) fn controlled_process(&mut self, event: &Event<'_>, seen: &Seen) {
        /// `PPM_PR_SET_CHILD_SUBREAPER` and `PPM_PR_GET_CHILD_SUBREAPER`.
        const SUBREAPER: [u32; 2] = [36, 37];
        if result_of(event) < 0 || !event.u32(1).is_some_and(|option| SUBREAPER.contains(&option)) {
            return;
        }
        let Some(index) = seen.thread else { return };
        if self.threads.get(index).is_some_and(|thread| !thread.is_unknown()) {
            self.threads.set_reaper(index, event.i64(3).is_some_and(|on| on != 0));
        }
    }

    pub(super) fn changed_namespace(&mut self, event: &Event<'_>, seen: &Seen) {
        /// Every capability that there is.
        const ALL: u64 = (1 << 41) - 1;
        if result_of(event) < 0 {
            return;
        }
        let flags = event.u32(if event.ty == EventType::UNSHARE_X { 1 } else { 2 }).unwrap_or(0);
        if !ThreadFlags(flags).has(ThreadFlags::CLONE_NEWUSER) {
            return;
        }
        if let Some(thread) = self.thread_mut(seen) {
            thread.capabilities = Capabilities { permitted: ALL, effective: ALL, inheritable: ALL };
        }
    }
}

/// `PPM_RLIMIT_NOFILE`
const OPEN_FILES: u8 = 7;

fn set_executable(thread: &mut Thread, params: &Params<'_>) {
    let executable = &mut thread.executable;
    if let Some(flags) = params.u32(at::EXE_FLAGS) {
        executable.writable = flags & 1 != 0;
        executable.upper_layer = flags & 2 != 0;
        executable.from_memory = flags & 4 != 0;
        executable.lower_layer = flags & 8 != 0;
    }
    let (Some(inode), Some(ctime), Some(mtime)) =
        (params.u64(at::EXE_INODE), params.u64(at::EXE_CTIME), params.u64(at::EXE_MTIME))
    else {
        return;
    };
    executable.inode = inode;
    executable.ctime = ctime;
    executable.mtime = mtime;
    if thread.clone_time != 0 {
        executable.ctime_to_clone = thread.clone_time.wrapping_sub(ctime);
    }
    if thread.pidns_start != 0 && ctime > thread.pidns_start {
        executable.pidns_start_to_ctime = ctime - thread.pidns_start;
    }
}

/// What every thread has from the one that made it.
fn inherit(child: &mut Thread, parent: &Thread) {
    child.exepath = parent.exepath.clone();
    child.executable = Executable { pidns_start_to_ctime: 0, ..parent.executable };
    child.root = parent.root.clone();
    child.sid = parent.sid;
    child.vpgid = parent.vpgid;
    child.pgid = parent.pgid;
    child.tty = parent.tty;
    child.login_uid = parent.login_uid;
    child.capabilities = parent.capabilities;
}

/// Control groups with the names of subsystems as fields show them.
pub(crate) fn cgroups(known: &TextList, bytes: &[u8]) -> TextList {
    let mut out = Vec::with_capacity(bytes.len());
    for entry in TextList::from_nul_separated(bytes).iter() {
        let Some(at) = entry.iter().position(|byte| *byte == b'=') else {
            return known.clone();
        };
        let (name, path) = entry.split_at(at);
        out.extend_from_slice(subsystem(name).as_ref());
        out.extend_from_slice(path);
        out.push(0);
    }
    TextList::same_or_new(known, &out)
}

/// The name of a subsystem: without `_cgroup`, and the long one where the kernel has a short one.
fn subsystem(name: &[u8]) -> Cow<'_, [u8]> {
    let mark = b"_cgroup";
    let short = match name.windows(mark.len()).position(|part| part == mark) {
        Some(at) => {
            let mut short = name.get(..at).unwrap_or_default().to_vec();
            short.extend_from_slice(name.get(at + mark.len()..).unwrap_or_default());
            Cow::Owned(short)
        }
        None => Cow::Borrowed(name),
    };
    match short.as_ref() {
        b"perf" => Cow::Borrowed(b"perf_event"),
        b"mem" => Cow::Borrowed(b"memory"),
        b"io" => Cow::Borrowed(b"blkio"),
        _ => short,
    }
}
