//! Threads and how they belong together: [`Thread`], and [`Threads`], the table of them by thread id with groups (processes),
//! parents and children. What events do to them is in `update`.
//!
//! A thread that has ended stays until the next event, and a main thread until the last thread of its process has ended: the
//! process' descriptors, directory and environment are the main thread's.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::descriptors::FdTable;
use super::text::{Text, TextList};

/// The place of a thread in the table. Good until the next event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadIndex(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct GroupIndex(u32);

/// Marks of a thread, as Falco numbers them: how it was made, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ThreadFlags(pub u32);

impl ThreadFlags {
    /// It shares the main thread's descriptors.
    pub const CLONE_FILES: ThreadFlags = ThreadFlags(1);
    /// It is the first of a new pid namespace.
    pub const CLONE_NEWPID: ThreadFlags = ThreadFlags(1 << 6);
    /// Its parent is its maker's parent.
    pub const CLONE_PARENT: ThreadFlags = ThreadFlags(1 << 8);
    /// It is a thread of its maker's process.
    pub const CLONE_THREAD: ThreadFlags = ThreadFlags(1 << 13);
    /// Its own first event came before its maker's.
    pub const CLONE_INVERTED: ThreadFlags = ThreadFlags(1 << 16);
    /// Its name changed.
    pub const NAME_CHANGED: ThreadFlags = ThreadFlags(1 << 17);
    /// It has ended.
    pub const CLOSED: ThreadFlags = ThreadFlags(1 << 18);
    /// It has done something.
    pub const ACTIVE: ThreadFlags = ThreadFlags(1 << 19);
    /// It is in a new user namespace.
    pub const CLONE_NEWUSER: ThreadFlags = ThreadFlags(1 << 20);
    /// Its output is a pipe of a shell.
    pub const PIPE_SOURCE: ThreadFlags = ThreadFlags(1 << 21);
    /// Its input is a pipe of a shell.
    pub const PIPE_DESTINATION: ThreadFlags = ThreadFlags(1 << 22);
    /// Its maker waits for it.
    pub const CLONE_VFORK: ThreadFlags = ThreadFlags(1 << 27);
    /// It is in a pid namespace of its own.
    pub const CHILD_IN_PIDNS: ThreadFlags = ThreadFlags(1 << 29);
    /// It is the main thread although its id is not the process'.
    pub const IS_MAIN_THREAD: ThreadFlags = ThreadFlags(1 << 30);

    /// Whether all of the other's bits are set.
    pub const fn has(self, other: ThreadFlags) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn set(&mut self, other: ThreadFlags) {
        self.0 |= other.0;
    }

    pub(crate) fn clear(&mut self, other: ThreadFlags) {
        self.0 &= !other.0;
    }

    pub(crate) fn only(self, others: &[ThreadFlags]) -> ThreadFlags {
        ThreadFlags(others.iter().fold(0, |kept, other| kept | self.0 & other.0))
    }
}

/// What a thread may do, as bits by capability number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Capabilities {
    pub permitted: u64,
    pub effective: u64,
    pub inheritable: u64,
}

/// The file that a program was started from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Executable {
    /// Whether the thread's user may write to it.
    pub writable: bool,
    /// Whether it is in the upper layer of an overlay.
    pub upper_layer: bool,
    /// Whether it is in a lower layer of an overlay.
    pub lower_layer: bool,
    /// Whether it is in memory alone.
    pub from_memory: bool,
    /// Its number in the file system.
    pub inode: u64,
    /// When it was last changed in any way, in nanoseconds since the Unix epoch.
    pub ctime: u64,
    /// When its contents were last changed, in nanoseconds since the Unix epoch.
    pub mtime: u64,
    /// Nanoseconds from its last change to the making of the process.
    pub ctime_to_clone: u64,
    /// Nanoseconds from the start of the pid namespace to its last change; 0 if that was before.
    pub pidns_start_to_ctime: u64,
}

/// Memory, in KiB, and page faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Memory {
    pub vm_size: u32,
    pub vm_rss: u32,
    pub vm_swap: u32,
    pub major_faults: u64,
    pub minor_faults: u64,
}

/// The time that a thread has had a processor, as far as the recorder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CpuTime {
    /// Nanoseconds from the switch before to the latest on the same processor.
    pub slice: u64,
    /// The sum of slices, in nanoseconds.
    pub total: u64,
    /// Ticks in the latest second, at most 100.
    pub percent: u8,
    /// Those of them in the program.
    pub user_percent: u8,
    /// Those of them in the kernel.
    pub system_percent: u8,
    /// The thread's ticks so far, in the program and in the kernel.
    pub(crate) ticks: (u64, u64),
}

/// An id that is not known.
pub const NO_ID: u32 = u32::MAX;

/// A thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its id.
    pub tid: i64,
    /// The id of its process; negative if nothing is known but that the thread exists.
    pub pid: i64,
    /// The id of the thread that made it, 0 if that is not known.
    pub ptid: i64,
    /// Who gets its children when it ends.
    pub reaper: i64,
    /// Its session.
    pub sid: i64,
    /// Its process group, as its pid namespace numbers it.
    pub vpgid: i64,
    /// Its process group.
    pub pgid: i64,
    /// Its id in its pid namespace.
    pub vtid: i64,
    /// The id of its process in its pid namespace.
    pub vpid: i64,
    /// The name that the kernel has for it, at most 15 bytes.
    pub comm: Text,
    /// The first argument, by which the program was called.
    pub exe: Text,
    /// The path of the program.
    pub exepath: Text,
    /// The further arguments.
    pub args: TextList,
    /// Name and arguments, as `proc.cmdline` shows them.
    pub cmdline: Text,
    /// Variables, `NAME=value`. Only main threads have them.
    pub env: TextList,
    /// Control groups, `subsystem=path`.
    pub cgroups: TextList,
    /// The directory that it is in, with a slash at the end. Only main threads have one.
    pub cwd: Text,
    /// What it takes for the root directory.
    pub root: Text,
    /// The container that it is in; empty if none.
    pub container_id: Text,
    /// The file of its program.
    pub executable: Executable,
    /// Marks.
    pub flags: ThreadFlags,
    /// How many descriptors it may have, -1 if not known.
    pub fd_limit: i64,
    /// The user whose rights it has.
    pub uid: u32,
    /// The group whose rights it has.
    pub gid: u32,
    /// The user who logged in; [`NO_ID`] if nobody did.
    pub login_uid: u32,
    /// What it may do.
    pub capabilities: Capabilities,
    /// Memory and faults.
    pub memory: Memory,
    /// When the first process of its pid namespace was started, in nanoseconds since the Unix epoch.
    pub pidns_start: u64,
    /// The controlling terminal, 0 if none.
    pub tty: u32,
    /// When it was made, 0 if before the recording.
    pub clone_time: u64,
    /// When its program was started, 0 if before the recording.
    pub exec_time: u64,
    /// When its latest event was.
    pub last_event_time: u64,
    /// When the event before that was.
    pub previous_event_time: u64,
    /// When it was last looked at.
    pub last_access: u64,
    /// The time that it has had a processor.
    pub cpu: CpuTime,
    /// The descriptor of its latest event, -1 if there was none.
    pub last_fd: i64,
    pub(crate) fds: FdTable,
    pub(crate) last_enter: Option<Box<Entered>>,
    pub(crate) last_type: u16,
    group: Option<GroupIndex>,
    parent: Option<ThreadIndex>,
    first_child: Option<ThreadIndex>,
    next_sibling: Option<ThreadIndex>,
    previous_sibling: Option<ThreadIndex>,
    children: u32,
}

/// The beginning of a system call, kept until its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entered {
    pub(crate) ty: u16,
    /// Whether there is one; if not, this is memory for the next.
    pub(crate) is_filled: bool,
    /// Whether the event that is being looked at is its end.
    pub(crate) is_valid: bool,
    /// The parameters one after another.
    pub(crate) params: Vec<u8>,
    /// Where each ends.
    pub(crate) ends: Vec<usize>,
}

impl Entered {
    /// The bytes of a parameter; none if it is not there.
    pub(crate) fn param(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let end = self.ends.get(index).copied();
        start.zip(end).and_then(|(start, end)| self.params.get(start..end)).unwrap_or_default()
    }

    pub(crate) fn u32(&self, index: usize) -> u32 {
        self.param(index).first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    pub(crate) fn i64(&self, index: usize) -> Option<i64> {
        self.param(index).first_chunk().map(|bytes| i64::from_le_bytes(*bytes))
    }
}

impl Thread {
    /// A thread of which only the id is known.
    pub(crate) fn unknown(tid: i64) -> Thread {
        Thread {
            tid,
            pid: -1,
            ptid: -1,
            reaper: -1,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            vtid: -1,
            vpid: -1,
            comm: Text::EMPTY,
            exe: Text::EMPTY,
            exepath: Text::EMPTY,
            args: TextList::EMPTY,
            cmdline: Text::EMPTY,
            env: TextList::EMPTY,
            cgroups: TextList::EMPTY,
            cwd: Text::EMPTY,
            root: Text::EMPTY,
            container_id: Text::EMPTY,
            executable: Executable::default(),
            flags: ThreadFlags::NAME_CHANGED,
            fd_limit: -1,
            uid: NO_ID,
            gid: NO_ID,
            login_uid: NO_ID,
            capabilities: Capabilities::default(),
            memory: Memory::default(),
            pidns_start: 0,
            tty: 0,
            clone_time: 0,
            exec_time: 0,
            last_event_time: 0,
            previous_event_time: 0,
            last_access: 0,
            cpu: CpuTime::default(),
            last_fd: 0,
            fds: FdTable::default(),
            last_enter: None,
            last_type: u16::MAX,
            group: None,
            parent: None,
            first_child: None,
            next_sibling: None,
            previous_sibling: None,
            children: 0,
        }
    }

    /// Whether it is the first thread of its process.
    pub fn is_main(&self) -> bool {
        self.tid == self.pid || self.flags.has(ThreadFlags::IS_MAIN_THREAD)
    }

    /// Whether nothing is known of it but that it exists.
    pub fn is_unknown(&self) -> bool {
        self.tid < 0 || self.pid < 0 || self.ptid < 0
    }

    /// Whether it has ended.
    pub fn is_dead(&self) -> bool {
        self.flags.has(ThreadFlags::CLOSED)
    }

    /// Whether it is in a pid namespace of its own.
    pub fn is_in_pid_namespace(&self) -> bool {
        self.flags.has(ThreadFlags::CHILD_IN_PIDNS) || (self.tid != self.vtid && self.vtid >= 0)
    }

    /// How many children it has that have not ended.
    pub fn child_count(&self) -> u64 {
        u64::from(self.children)
    }

    /// Sets the arguments, and the command line from them and the name.
    pub(crate) fn set_args(&mut self, args: TextList, known: &Text) {
        self.args = args;
        let mut line = Vec::with_capacity(self.comm.len() + 1 + self.args.as_bytes().len());
        line.extend_from_slice(&self.comm);
        if !self.args.is_empty() {
            line.push(b' ');
            line.extend(self.args.as_bytes().iter().map(|byte| if *byte == 0 { b' ' } else { *byte }));
        }
        self.cmdline = Text::same_or_new(known, &line);
    }

    /// Sets the path of the program. The kernel's mark of a file that is gone is left out.
    pub(crate) fn set_exepath(&mut self, path: &[u8]) {
        let mark = b" (deleted)";
        let path = if path.len() > mark.len() { path.strip_suffix(mark).unwrap_or(path) } else { path };
        self.exepath = Text::same_or_new(&self.exepath, path);
    }

    /// The path of a control group, by the name of its subsystem.
    pub fn cgroup(&self, subsystem: &[u8]) -> Option<&[u8]> {
        self.cgroups.iter().find_map(|entry| {
            let at = entry.iter().position(|byte| *byte == b'=')?;
            let (name, path) = entry.split_at(at);
            if name == subsystem { path.get(1..) } else { None }
        })
    }

    /// Bytes of memory that it accounts for.
    pub(crate) fn share(&self) -> usize {
        let texts =
            [&self.comm, &self.exe, &self.exepath, &self.cmdline, &self.cwd, &self.root, &self.container_id];
        let lists = [&self.args, &self.env, &self.cgroups];
        let entered = self.last_enter.as_ref().map_or(0, |entered| {
            size_of::<Entered>() + entered.params.capacity() + entered.ends.capacity() * size_of::<usize>()
        });
        size_of::<Thread>()
            + texts.iter().map(|text| text.share()).sum::<usize>()
            + lists.iter().map(|list| list.share()).sum::<usize>()
            + self.fds.share()
            + entered
    }
}

/// The threads of a process.
#[derive(Clone, Debug)]
struct Group {
    pid: i64,
    alive: u32,
    is_reaper: bool,
    main: Option<ThreadIndex>,
    others: Vec<ThreadIndex>,
}

impl Group {
    /// Its threads, the main one first, then as they were made.
    fn members(&self) -> impl Iterator<Item = ThreadIndex> {
        self.main.into_iter().chain(self.others.iter().copied())
    }
}

/// The table of threads.
#[derive(Clone, Debug, Default)]
pub struct Threads {
    slots: Vec<Option<Box<Thread>>>,
    free: Vec<u32>,
    by_tid: HashMap<i64, ThreadIndex, RandomState>,
    groups: Vec<Option<Group>>,
    free_groups: Vec<u32>,
    by_pid: HashMap<i64, GroupIndex, RandomState>,
    // The thread of the latest event: most events come from the same thread as the one before.
    latest: Option<(i64, ThreadIndex)>,
}

impl Threads {
    /// How many threads there are, those included that have just ended.
    pub fn len(&self) -> usize {
        self.by_tid.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_tid.is_empty()
    }

    /// The thread in this place.
    pub fn get(&self, index: ThreadIndex) -> Option<&Thread> {
        self.slots.get(index.0 as usize)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, index: ThreadIndex) -> Option<&mut Thread> {
        self.slots.get_mut(index.0 as usize)?.as_deref_mut()
    }

    /// The place of the thread with this id.
    pub fn find(&self, tid: i64) -> Option<ThreadIndex> {
        match self.latest {
            Some((known, index)) if known == tid => Some(index),
            _ => self.by_tid.get(&tid).copied(),
        }
    }

    /// As [`find`](Self::find), and remembers it.
    pub(crate) fn find_and_remember(&mut self, tid: i64) -> Option<ThreadIndex> {
        let index = self.find(tid)?;
        self.latest = Some((tid, index));
        Some(index)
    }

    /// The thread with this id.
    pub fn by_tid(&self, tid: i64) -> Option<&Thread> {
        self.get(self.find(tid)?)
    }

    /// Every thread, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (ThreadIndex, &Thread)> {
        (0_u32..).zip(&self.slots).filter_map(|(at, slot)| Some((ThreadIndex(at), slot.as_deref()?)))
    }

    /// The main thread of a thread's process; `None` if it is not known.
    pub fn main_of(&self, index: ThreadIndex) -> Option<ThreadIndex> {
        let thread = self.get(index)?;
        if thread.is_main() {
            return Some(index);
        }
        let main = self.group(thread.group?)?.main?;
        self.get(main).is_some_and(Thread::is_main).then_some(main)
    }

    /// The thread whose table of descriptors a thread uses.
    pub fn fd_owner_of(&self, index: ThreadIndex) -> Option<ThreadIndex> {
        if self.get(index)?.flags.has(ThreadFlags::CLONE_FILES) { self.main_of(index) } else { Some(index) }
    }

    /// The descriptors that a thread can use.
    pub fn fds_of(&self, index: ThreadIndex) -> Option<&FdTable> {
        Some(&self.get(self.fd_owner_of(index)?)?.fds)
    }

    /// A thread's own table of descriptors, which for others than main threads is usually not the one it uses.
    pub fn own_fds_of(&self, index: ThreadIndex) -> Option<&FdTable> {
        Some(&self.get(index)?.fds)
    }

    pub(crate) fn fds_of_mut(&mut self, index: ThreadIndex) -> Option<&mut FdTable> {
        let owner = self.fd_owner_of(index)?;
        Some(&mut self.get_mut(owner)?.fds)
    }

    /// The thread that made a thread, or took it over when its maker ended.
    pub fn parent_of(&self, index: ThreadIndex) -> Option<ThreadIndex> {
        self.get(index)?.parent
    }

    /// The process `generations` above a thread's process: 1 is the parent. Each step goes to the main thread.
    pub fn ancestor_of(&self, index: ThreadIndex, generations: usize) -> Option<ThreadIndex> {
        let mut at = self.main_of(index)?;
        for _ in 0..generations {
            at = self.main_of(self.parent_of(at)?)?;
        }
        Some(at)
    }

    /// The threads above a thread, its parent first. It ends: parents have no cycles.
    pub fn parents_of(&self, index: ThreadIndex) -> impl Iterator<Item = ThreadIndex> + '_ {
        std::iter::successors(self.parent_of(index), |at| self.parent_of(*at))
    }

    /// The children of a thread, the youngest first.
    pub fn children_of(&self, index: ThreadIndex) -> impl Iterator<Item = ThreadIndex> + '_ {
        let first = self.get(index).and_then(|thread| thread.first_child);
        std::iter::successors(first, |at| self.get(*at)?.next_sibling)
    }

    /// How many threads of a thread's process have not ended.
    pub fn alive_in_group_of(&self, index: ThreadIndex) -> u64 {
        let group = self.get(index).and_then(|thread| self.group(thread.group?));
        group.map_or(0, |group| u64::from(group.alive))
    }

    /// The threads of a thread's process, the main one first.
    pub fn members_of(&self, index: ThreadIndex) -> impl Iterator<Item = ThreadIndex> + '_ {
        let group = self.get(index).and_then(|thread| self.group(thread.group?));
        group.into_iter().flat_map(Group::members)
    }

    fn group(&self, index: GroupIndex) -> Option<&Group> {
        self.groups.get(index.0 as usize)?.as_ref()
    }

    fn group_mut(&mut self, index: GroupIndex) -> Option<&mut Group> {
        self.groups.get_mut(index.0 as usize)?.as_mut()
    }

    /// Marks the process as one that takes over the children of those who end.
    pub(crate) fn set_reaper(&mut self, index: ThreadIndex, is_reaper: bool) {
        if let Some(group) = self.get(index).and_then(|thread| thread.group)
            && let Some(group) = self.group_mut(group)
        {
            group.is_reaper = is_reaper;
        }
    }

    /// Adds a thread that belongs nowhere yet; [`join`](Self::join) is next. Whoever had its id before is removed.
    pub(crate) fn insert(&mut self, thread: Thread) -> ThreadIndex {
        if let Some(old) = self.find(thread.tid) {
            self.remove(old);
            self.remove_at_once(old);
        }
        let tid = thread.tid;
        let thread = Some(Box::new(thread));
        let index = match self.free.pop() {
            Some(at) => {
                if let Some(slot) = self.slots.get_mut(at as usize) {
                    *slot = thread;
                }
                ThreadIndex(at)
            }
            None => {
                self.slots.push(thread);
                ThreadIndex(u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX))
            }
        };
        self.by_tid.insert(tid, index);
        index
    }

    /// Puts a thread into its process and below its parent. Nothing happens if it is unknown or has been put there before.
    ///
    /// A parent that is not known, or that would be below its own child, leaves the thread without one; its `ptid` becomes 0.
    pub(crate) fn join(&mut self, index: ThreadIndex) {
        let Some(thread) = self.get(index) else { return };
        if thread.is_unknown() || thread.group.is_some() {
            return;
        }
        let (pid, ptid, is_main) = (thread.pid, thread.ptid, thread.is_main());
        let first = pid == 1 || thread.vpid == 1;
        let alive = u32::from(!thread.is_dead());
        let group = match self.by_pid.get(&pid) {
            Some(known) => *known,
            None => self.new_group(pid, first),
        };
        if let Some(group) = self.group_mut(group) {
            group.alive += alive;
            if is_main {
                let before = group.main.replace(index);
                group.others.extend(before);
            } else {
                group.others.push(index);
            }
        }
        if let Some(thread) = self.get_mut(index) {
            thread.group = Some(group);
        }
        if pid == 1 {
            return;
        }
        match self.find(ptid) {
            Some(parent) if self.get(parent).is_some_and(|parent| !parent.is_unknown()) => {
                self.set_parent(index, Some(parent));
            }
            _ => self.set_parent(index, None),
        }
    }

    fn new_group(&mut self, pid: i64, is_reaper: bool) -> GroupIndex {
        let group = Some(Group { pid, alive: 0, is_reaper, main: None, others: Vec::new() });
        let index = match self.free_groups.pop() {
            Some(at) => {
                if let Some(slot) = self.groups.get_mut(at as usize) {
                    *slot = group;
                }
                GroupIndex(at)
            }
            None => {
                self.groups.push(group);
                GroupIndex(u32::try_from(self.groups.len() - 1).unwrap_or(u32::MAX))
            }
        };
        self.by_pid.insert(pid, index);
        index
    }

    /// Moves a thread below another; below none if `parent` is none or would make a cycle.
    fn set_parent(&mut self, index: ThreadIndex, parent: Option<ThreadIndex>) {
        self.leave_parent(index);
        let has_children = self.get(index).is_some_and(|thread| thread.first_child.is_some());
        let parent = parent
            .filter(|parent| *parent != index)
            // Only who has children can be above its new parent.
            .filter(|parent| !has_children || self.parents_of(*parent).all(|above| above != index));
        let Some((parent, ptid)) = parent.and_then(|parent| Some((parent, self.get(parent)?.tid))) else {
            if let Some(thread) = self.get_mut(index) {
                thread.ptid = 0;
            }
            return;
        };
        let mut next = None;
        if let Some(above) = self.get_mut(parent) {
            next = above.first_child.replace(index);
            above.children += 1;
        }
        if let Some(next) = next.and_then(|next| self.get_mut(next)) {
            next.previous_sibling = Some(index);
        }
        if let Some(thread) = self.get_mut(index) {
            thread.ptid = ptid;
            thread.parent = Some(parent);
            thread.next_sibling = next;
            thread.previous_sibling = None;
        }
    }

    fn leave_parent(&mut self, index: ThreadIndex) {
        let Some(thread) = self.get_mut(index) else { return };
        let (parent, next, previous) =
            (thread.parent.take(), thread.next_sibling.take(), thread.previous_sibling.take());
        if let Some(next) = next.and_then(|next| self.get_mut(next)) {
            next.previous_sibling = previous;
        }
        if let Some(previous) = previous.and_then(|previous| self.get_mut(previous)) {
            previous.next_sibling = next;
        }
        if let Some(parent) = parent.and_then(|parent| self.get_mut(parent)) {
            parent.children = parent.children.saturating_sub(1);
            if previous.is_none() {
                parent.first_child = next;
            }
        }
    }

    /// Marks a thread as ended. It stays in the table.
    pub(crate) fn mark_dead(&mut self, index: ThreadIndex) {
        let Some(thread) = self.get_mut(index) else { return };
        if thread.is_dead() {
            return;
        }
        thread.flags.set(ThreadFlags::CLOSED);
        let group = thread.group;
        if let Some(group) = group.and_then(|group| self.group_mut(group)) {
            group.alive = group.alive.saturating_sub(1);
        }
    }

    /// Takes back that a thread has ended.
    pub(crate) fn resurrect(&mut self, index: ThreadIndex) {
        let Some(thread) = self.get_mut(index) else { return };
        if !thread.is_dead() {
            return;
        }
        thread.flags.clear(ThreadFlags::CLOSED);
        let group = thread.group;
        if let Some(group) = group.and_then(|group| self.group_mut(group)) {
            group.alive += 1;
        }
    }

    /// Removes a thread that has ended. Its children go to its reaper. A main thread stays while others of its process live, and
    /// goes with the last of them.
    pub(crate) fn remove(&mut self, index: ThreadIndex) {
        let Some(thread) = self.get(index) else { return };
        if thread.is_unknown() || thread.group.is_none() {
            self.remove_at_once(index);
            return;
        }
        self.mark_dead(index);
        self.give_children_away(index);
        if self.alive_in_group_of(index) == 0 {
            let members: Vec<ThreadIndex> = self.members_of(index).collect();
            for member in members {
                self.give_children_away(member);
                self.remove_at_once(member);
            }
        } else if self.get(index).is_some_and(|thread| !thread.is_main()) {
            self.remove_at_once(index);
        }
    }

    /// Removes a thread's whole process, whether it has ended or not. Returns how many threads that were.
    pub(crate) fn remove_process(&mut self, index: ThreadIndex) -> u64 {
        let before = self.len();
        let members: Vec<ThreadIndex> = self.members_of(index).collect();
        for member in members {
            self.mark_dead(member);
            self.give_children_away(member);
            self.remove_at_once(member);
        }
        self.remove_at_once(index);
        (before - self.len()) as u64
    }

    fn give_children_away(&mut self, index: ThreadIndex) {
        let Some(thread) = self.get(index) else { return };
        if thread.first_child.is_none() {
            return;
        }
        let (pid, named) = (thread.pid, thread.reaper);
        let named = if named > 0 { self.find(named) } else { None };
        let reaper = named
            .filter(|reaper| *reaper != index && self.get(*reaper).is_some_and(|reaper| !reaper.is_unknown()))
            .or_else(|| self.find_reaper(index));
        if let Some(reaper) = reaper
            && self.get(reaper).is_some_and(|reaper| reaper.pid != pid)
        {
            self.set_reaper(reaper, true);
        }
        while let Some(child) = self.get(index).and_then(|thread| thread.first_child) {
            self.set_parent(child, reaper);
        }
    }

    /// Who takes over the children of a thread that ends, as the kernel decides it: another thread of the process, else the next
    /// process above that is a reaper in the same pid namespace.
    fn find_reaper(&self, index: ThreadIndex) -> Option<ThreadIndex> {
        let alive = |at: &ThreadIndex| self.get(*at).is_some_and(|thread| !thread.is_dead());
        if let Some(other) = self.members_of(index).filter(|at| *at != index).find(alive) {
            return Some(other);
        }
        let in_namespace = self.get(index)?.is_in_pid_namespace();
        self.parents_of(index)
            .take_while(|at| self.get(*at).is_some_and(|thread| thread.is_in_pid_namespace() == in_namespace))
            .filter(|at| {
                let group = self.get(*at).and_then(|thread| self.group(thread.group?));
                group.is_some_and(|group| group.is_reaper)
            })
            .find_map(|at| self.members_of(at).find(alive))
    }

    /// Takes a thread out of the table, whatever depends on it.
    fn remove_at_once(&mut self, index: ThreadIndex) {
        if self.get(index).is_none() {
            return;
        }
        self.mark_dead(index);
        while let Some(child) = self.get(index).and_then(|thread| thread.first_child) {
            self.set_parent(child, None);
        }
        self.leave_parent(index);
        let Some(thread) = self.slots.get_mut(index.0 as usize).and_then(Option::take) else { return };
        self.free.push(index.0);
        self.by_tid.remove(&thread.tid);
        self.latest = None;
        let Some(at) = thread.group else { return };
        let Some(group) = self.group_mut(at) else { return };
        if group.main == Some(index) {
            group.main = None;
        } else {
            group.others.retain(|other| *other != index);
        }
        if group.main.is_none() && group.others.is_empty() {
            let pid = group.pid;
            if let Some(slot) = self.groups.get_mut(at.0 as usize) {
                *slot = None;
            }
            self.free_groups.push(at.0);
            self.by_pid.remove(&pid);
        }
    }
}
