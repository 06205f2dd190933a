//! The fields `proc.*`: the process of an event's thread, its parents, and the leaders of its session and group.

use eyrie_lang::{Field, Presence, Values};

use super::id;
use super::record::EventRecord;
use super::thread;
use crate::state::{FdTable, FdType, Thread, ThreadIndex, Threads};

/// A thread with the table that it is in.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) threads: &'a Threads,
    pub(super) index: ThreadIndex,
    pub(super) thread: &'a Thread,
}

impl<'a> Subject<'a> {
    pub(super) fn of(record: &EventRecord<'a>) -> Option<Subject<'a>> {
        let threads = record.host.threads();
        // Events without a thread of their own are about the one that they name.
        let index = record.seen.thread.or_else(|| threads.find(record.event.tid))?;
        Some(Subject { threads, index, thread: threads.get(index)? })
    }

    fn at(self, index: ThreadIndex) -> Option<Subject<'a>> {
        Some(Subject { index, thread: self.threads.get(index)?, ..self })
    }

    /// The main thread of the process.
    pub(super) fn main(self) -> Option<Subject<'a>> {
        self.at(self.threads.main_of(self.index)?)
    }

    /// The process so many generations above.
    fn ancestor(self, generations: usize) -> Option<Subject<'a>> {
        self.at(self.threads.ancestor_of(self.index, generations)?)
    }

    /// The thread that made this one.
    fn parent(self) -> Option<Subject<'a>> {
        self.at(self.threads.parent_of(self.index)?)
    }

    /// Every thread above the process, the nearest first.
    fn ancestors(self) -> impl Iterator<Item = Subject<'a>> {
        let main = self.main();
        main.into_iter()
            .flat_map(|main| main.threads.parents_of(main.index))
            .filter_map(move |at| self.at(at))
    }

    fn fds(self) -> Option<&'a FdTable> {
        self.threads.fds_of(self.index)
    }

    /// Variables: those of the main thread.
    fn env(self) -> &'a crate::state::TextList {
        self.main().map_or(&self.thread.env, |main| &main.thread.env)
    }

    /// The thread that leads a session or process group: the one whose id that is or, in a pid namespace, where the id means
    /// another thread, the highest in an unbroken line of parents with the same id.
    fn leader(self, id_of: impl Fn(&Thread) -> i64, is_virtual: bool) -> Option<&'a Thread> {
        let id = id_of(self.thread);
        if id == -1 {
            return None;
        }
        if (!is_virtual || !self.thread.is_in_pid_namespace())
            && let Some(leader) = self.threads.by_tid(id)
        {
            return Some(leader);
        }
        let parents = self.threads.parents_of(self.index).filter_map(|at| self.threads.get(at));
        parents.take_while(|parent| id_of(parent) == id).last()
    }
}

/// Whether an id can be shown: -1 to the largest of 32 bits.
pub(super) fn is_shown(id: i64) -> bool {
    (-1..=i64::from(u32::MAX)).contains(&id)
}

fn args(thread: &Thread, out: &mut Vec<u8>) {
    out.extend(thread.args.as_bytes().iter().map(|byte| if *byte == 0 { b' ' } else { *byte }));
}

fn env(list: &crate::state::TextList, out: &mut Vec<u8>) {
    out.extend(list.as_bytes().iter().map(|byte| if *byte == 0 { b' ' } else { *byte }));
}

/// The value of a variable, without spaces around it; empty if it is not set.
fn variable<'a>(list: &'a crate::state::TextList, name: &[u8]) -> &'a [u8] {
    let value = list.iter().find_map(|entry| {
        let value = entry.strip_prefix(name)?.strip_prefix(b"=")?;
        (!value.is_empty()).then_some(value)
    });
    let mut value = value.unwrap_or_default();
    while let Some(rest) = value.strip_prefix(b" ") {
        value = rest;
    }
    while let Some(rest) = value.strip_suffix(b" ") {
        value = rest;
    }
    value
}

fn text_or_empty<'v>(out: &mut Values<'v>, text: Option<&'v crate::state::Text>) -> Presence {
    match text {
        Some(text) => out.text(text),
        None => out.text(b""),
    }
}

pub(super) fn extract<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    if field.id == id::THREAD_TID {
        let tid = record.event.tid;
        return if is_shown(tid) { out.int(tid) } else { Presence::Absent };
    }
    let Some(subject) = Subject::of(record) else { return Presence::Absent };
    let thread = subject.thread;
    let executable = &thread.executable;
    let unless_zero = |out: &mut Values<'v>, value: u64| {
        if value == 0 { Presence::Absent } else { out.uint(value) }
    };
    match field.id {
        id::PROC_NAME => out.text(&thread.comm),
        id::PROC_EXE => out.text(&thread.exe),
        id::PROC_EXEPATH => out.text(&thread.exepath),
        id::PROC_CMDLINE => out.text(&thread.cmdline),
        id::PROC_PNAME => out.text_or_absent(subject.ancestor(1).map(|above| &above.thread.comm)),
        id::PROC_PEXE => out.text_or_absent(subject.ancestor(1).map(|above| &above.thread.exe)),
        id::PROC_PEXEPATH => out.text_or_absent(subject.ancestor(1).map(|above| &above.thread.exepath)),
        id::PROC_PCMDLINE => out.text_or_absent(subject.ancestor(1).map(|above| &above.thread.cmdline)),
        id::PROC_ANAME | id::PROC_AEXE | id::PROC_AEXEPATH | id::PROC_ACMDLINE => {
            ancestor_texts(subject, field, out)
        }
        id::PROC_PID if is_shown(thread.pid) => out.int(thread.pid),
        id::PROC_PPID => match subject.ancestor(1).map(|above| above.thread.pid) {
            Some(pid) if is_shown(pid) => out.int(pid),
            _ => Presence::Absent,
        },
        id::PROC_APID => ancestor_pids(subject, field, out),
        id::PROC_VPID if thread.vpid != -1 => out.int(thread.vpid),
        id::PROC_PVPID => subject.parent().map_or(Presence::Absent, |parent| out.int(parent.thread.vpid)),
        id::PROC_ARGS => match index_of(field) {
            Some(at) => out.text(thread.args.get(at).unwrap_or_default()),
            None => out.written_text(|text| args(thread, text)),
        },
        id::PROC_AARGS => ancestor_args(subject, field, out),
        id::PROC_CMDNARGS => out.uint(thread.args.len() as u64),
        id::PROC_CMDLENARGS => out.uint(thread.args.iter().map(|arg| arg.len() as u64).sum()),
        id::PROC_EXELINE => out.written_text(|text| {
            text.extend_from_slice(&thread.exe);
            text.push(b' ');
            args(thread, text);
        }),
        id::PROC_ENV => match name_of(field) {
            Some(name) => out.text(variable(subject.env(), name)),
            None => out.written_text(|text| env(subject.env(), text)),
        },
        id::PROC_AENV => ancestor_env(subject, field, out),
        id::PROC_CWD => match subject.main() {
            Some(main) => out.text(&main.thread.cwd),
            None => out.text(b"./"),
        },
        id::PROC_LOGINSHELLID => login_shell(subject).map_or(Presence::Absent, |pid| out.int(pid)),
        id::PROC_TTY => out.uint(u64::from(thread.tty)),
        id::PROC_SID => out.int(thread.sid),
        id::PROC_VPGID => out.int(thread.vpgid),
        id::PROC_PGID => out.int(thread.pgid),
        id::PROC_SNAME => {
            text_or_empty(out, subject.leader(|thread| thread.sid, true).map(|leader| &leader.comm))
        }
        id::PROC_SID_EXE => {
            text_or_empty(out, subject.leader(|thread| thread.sid, true).map(|leader| &leader.exe))
        }
        id::PROC_SID_EXEPATH => {
            text_or_empty(out, subject.leader(|thread| thread.sid, true).map(|leader| &leader.exepath))
        }
        id::PROC_VPGID_NAME => {
            text_or_empty(out, subject.leader(|thread| thread.vpgid, true).map(|leader| &leader.comm))
        }
        id::PROC_VPGID_EXE => {
            text_or_empty(out, subject.leader(|thread| thread.vpgid, true).map(|leader| &leader.exe))
        }
        id::PROC_VPGID_EXEPATH => {
            text_or_empty(out, subject.leader(|thread| thread.vpgid, true).map(|leader| &leader.exepath))
        }
        id::PROC_PGID_NAME => {
            text_or_empty(out, subject.leader(|thread| thread.pgid, false).map(|leader| &leader.comm))
        }
        id::PROC_PGID_EXE => {
            text_or_empty(out, subject.leader(|thread| thread.pgid, false).map(|leader| &leader.exe))
        }
        id::PROC_PGID_EXEPATH => {
            text_or_empty(out, subject.leader(|thread| thread.pgid, false).map(|leader| &leader.exepath))
        }
        id::PROC_IS_SID_LEADER => out.bool(thread.sid == thread.vpid),
        id::PROC_IS_VPGID_LEADER => out.bool(thread.vpgid == thread.vpid),
        id::PROC_IS_PGID_LEADER => out.bool(thread.pgid == thread.pid),
        id::PROC_DURATION if thread.clone_time != 0 => {
            out.uint(record.event.time.wrapping_sub(thread.clone_time))
        }
        id::PROC_PPID_DURATION => match subject.ancestor(1).map(|above| above.thread.clone_time) {
            None => Presence::Absent,
            // Of a parent from before the recording Falco shows how many descriptors the process has open.
            Some(0) => out.uint(open_fds(subject)),
            Some(time) => out.uint(record.event.time.wrapping_sub(time)),
        },
        id::PROC_PID_TS => unless_zero(out, thread.clone_time),
        id::PROC_PPID_TS => {
            subject.parent().map_or(Presence::Absent, |parent| out.uint(parent.thread.clone_time))
        }
        id::PROC_IS_EXE_WRITABLE => out.bool(executable.writable),
        id::PROC_IS_EXE_UPPER_LAYER => out.bool(executable.upper_layer),
        id::PROC_IS_EXE_LOWER_LAYER => out.bool(executable.lower_layer),
        id::PROC_IS_EXE_FROM_MEMFD => out.bool(executable.from_memory),
        id::PROC_EXE_INO if executable.inode != 0 => out.int(executable.inode.cast_signed()),
        id::PROC_EXE_INO_CTIME => unless_zero(out, executable.ctime),
        id::PROC_EXE_INO_MTIME => unless_zero(out, executable.mtime),
        id::PROC_EXE_INO_CTIME_DURATION_PROC_START => unless_zero(out, executable.ctime_to_clone),
        id::PROC_EXE_INO_CTIME_DURATION_PIDNS_START => unless_zero(out, executable.pidns_start_to_ctime),
        id::PROC_PIDNS_INIT_START_TS => unless_zero(out, thread.pidns_start),
        id::PROC_FDOPENCOUNT => out.uint(open_fds(subject)),
        id::PROC_FDLIMIT => out.int(subject.main().map_or(0, |main| main.thread.fd_limit)),
        id::PROC_FDUSAGE => out.float(fd_usage(subject)),
        id::PROC_VMSIZE => out.uint(u64::from(thread.memory.vm_size)),
        id::PROC_VMRSS => out.uint(u64::from(thread.memory.vm_rss)),
        id::PROC_VMSWAP => out.uint(u64::from(thread.memory.vm_swap)),
        id::PROC_NTHREADS => out.uint(subject.threads.alive_in_group_of(subject.index)),
        id::PROC_NCHILDS => out.uint(other_threads(subject)),
        id::PROC_STDIN_TYPE => standard_type(subject, 0, out),
        id::PROC_STDOUT_TYPE => standard_type(subject, 1, out),
        id::PROC_STDERR_TYPE => standard_type(subject, 2, out),
        id::PROC_STDIN_NAME => standard_name(subject, 0, out),
        id::PROC_STDOUT_NAME => standard_name(subject, 1, out),
        id::PROC_STDERR_NAME => standard_name(subject, 2, out),
        _ => thread::extract(record, subject, field, out),
    }
}

/// The argument as a place in a list.
fn index_of(field: &Field) -> Option<usize> {
    usize::try_from(field.argument.as_ref()?.index?).ok()
}

/// The argument as the name of a variable; a number is none.
fn name_of(field: &Field) -> Option<&[u8]> {
    let text = field.argument.as_ref()?.text.as_bytes();
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    (!is_number && !text.is_empty()).then_some(text)
}

fn ancestor_texts<'v>(subject: Subject<'v>, field: &Field, out: &mut Values<'v>) -> Presence {
    let text = |thread: &'v Thread| match field.id {
        id::PROC_ANAME => &thread.comm,
        id::PROC_AEXE => &thread.exe,
        id::PROC_AEXEPATH => &thread.exepath,
        _ => &thread.cmdline,
    };
    if let Some(generations) = index_of(field) {
        return out.text_or_absent(subject.ancestor(generations).map(|above| text(above.thread)));
    }
    let mut presence = Presence::Absent;
    for above in subject.ancestors() {
        presence = out.text(text(above.thread));
    }
    presence
}

fn ancestor_pids(subject: Subject<'_>, field: &Field, out: &mut Values<'_>) -> Presence {
    if let Some(generations) = index_of(field) {
        return match subject.ancestor(generations).map(|above| above.thread.pid) {
            Some(pid) if is_shown(pid) => out.int(pid),
            _ => Presence::Absent,
        };
    }
    let mut presence = Presence::Absent;
    for above in subject.ancestors() {
        presence = out.int(above.thread.pid);
    }
    presence
}

fn ancestor_args<'v>(subject: Subject<'v>, field: &Field, out: &mut Values<'v>) -> Presence {
    if let Some(generations) = index_of(field) {
        let Some(above) = subject.ancestor(generations) else { return Presence::Absent };
        return out.written_text(|text| args(above.thread, text));
    }
    let mut joined = Vec::new();
    for above in subject.ancestors() {
        if !joined.is_empty() {
            joined.push(b' ');
        }
        args(above.thread, &mut joined);
    }
    if joined.is_empty() { Presence::Absent } else { out.written_text(|text| text.append(&mut joined)) }
}

fn ancestor_env<'v>(subject: Subject<'v>, field: &Field, out: &mut Values<'v>) -> Presence {
    /// How far up a variable is looked for.
    const GENERATIONS: usize = 20;
    if let Some(name) = name_of(field) {
        let found = subject
            .ancestors()
            .take(GENERATIONS)
            .map(|above| variable(above.env(), name))
            .find(|value| !value.is_empty());
        return out.text(found.unwrap_or_default());
    }
    let Some(argument) = &field.argument else {
        let mut presence = Presence::Absent;
        for above in subject.ancestors() {
            presence = out.written_text(|text| env(above.env(), text));
        }
        return presence;
    };
    let generations = argument.text.parse::<usize>().unwrap_or(0);
    let above = match generations {
        0 => Some(subject),
        _ => subject.ancestors().nth(generations - 1),
    };
    match above {
        Some(above) => out.written_text(|text| env(above.env(), text)),
        None => Presence::Absent,
    }
}

/// The highest process, this one included, whose name ends like a shell's.
fn login_shell(subject: Subject<'_>) -> Option<i64> {
    let main = subject.main()?;
    let is_shell = |subject: &Subject<'_>| subject.thread.comm.ends_with(b"sh");
    std::iter::once(main).chain(subject.ancestors()).filter(is_shell).last().map(|shell| shell.thread.pid)
}

fn open_fds(subject: Subject<'_>) -> u64 {
    subject.main().and_then(|main| main.threads.own_fds_of(main.index)).map_or(0, |fds| fds.len() as u64)
}

#[expect(clippy::cast_precision_loss, reason = "neither number is large enough to lose anything")]
fn fd_usage(subject: Subject<'_>) -> f64 {
    let limit = subject.main().map_or(0, |main| main.thread.fd_limit);
    let open = open_fds(subject);
    match u64::try_from(limit) {
        Ok(limit) if limit > 0 => {
            if open <= limit {
                open as f64 * 100.0 / limit as f64
            } else {
                100.0
            }
        }
        _ => 0.0,
    }
}

/// The threads of the process without the main one.
fn other_threads(subject: Subject<'_>) -> u64 {
    let all = subject.threads.alive_in_group_of(subject.index);
    match subject.main() {
        Some(main) if !main.thread.is_dead() => all.saturating_sub(1),
        _ => all,
    }
}

fn standard_type<'v>(subject: Subject<'v>, number: i64, out: &mut Values<'v>) -> Presence {
    let ty = subject.fds().and_then(|fds| fds.get(number)).map(|fd| fd.ty);
    out.text_or_absent(ty.map(|ty: FdType| ty.word().unwrap_or("<NA>")))
}

fn standard_name<'v>(subject: Subject<'v>, number: i64, out: &mut Values<'v>) -> Presence {
    out.text_or_absent(subject.fds().and_then(|fds| fds.get(number)).map(|fd| &fd.name))
}
