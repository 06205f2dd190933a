//! Processes: their threads and what they have open.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use eyrie_events::state::head::{FdDetail, FdRecord, ThreadRecord};
use eyrie_events::state::threads::{Capabilities, Executable, Memory};
use eyrie_events::state::{FdType, ThreadFlags};

use super::sockets::Sockets;
use super::{Snapshot, number};
use crate::capture::Item;
use crate::live::ring;

/// As Falco's libraries: arguments, environments and control groups are cut here.
const MAX_TEXT: usize = 4096;

/// Everything that is told of the leader and holds for all of its threads.
#[derive(Default)]
struct Process {
    exe: Vec<u8>,
    args: Vec<u8>,
    env: Vec<u8>,
    cgroups: Vec<u8>,
    exepath: Vec<u8>,
    cwd: Vec<u8>,
    root: Vec<u8>,
    executable: Executable,
    fd_limit: i64,
    login_uid: u32,
}

/// What `status` and `stat` say of a thread.
#[derive(Default)]
struct Thread {
    comm: Vec<u8>,
    ptid: i64,
    uid: u32,
    gid: u32,
    vtid: i64,
    vpid: i64,
    vpgid: i64,
    pgid: i64,
    sid: i64,
    tty: u32,
    started: u64,
    nested: bool,
    capabilities: Capabilities,
    memory: Memory,
}

/// Every process.
pub(super) fn all(
    boot_time: u64,
    snapshot: &mut Snapshot,
    each: &mut impl FnMut(Item<'_>),
) -> io::Result<()> {
    let own = std::process::id();
    let mut namespaces: HashMap<PathBuf, Sockets> = HashMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = number::<i64>(entry.file_name().as_bytes()) else { continue };
        let path = entry.path();
        if one(&path, pid, boot_time, snapshot, each).is_none() {
            snapshot.vanished += 1;
            continue;
        }
        // What is open here closes again without an event, since its own events are left out.
        if pid == i64::from(own) {
            continue;
        }
        let namespace = fs::read_link(path.join("ns/net")).unwrap_or_default();
        let sockets = namespaces.entry(namespace).or_insert_with(|| Sockets::of(&path));
        descriptors(&path, pid, sockets, snapshot, each);
    }
    Ok(())
}

fn one(
    path: &Path,
    pid: i64,
    boot_time: u64,
    snapshot: &mut Snapshot,
    each: &mut impl FnMut(Item<'_>),
) -> Option<()> {
    let process = process(path)?;
    for entry in fs::read_dir(path.join("task")).ok()?.flatten() {
        let Some(tid) = number::<i64>(entry.file_name().as_bytes()) else { continue };
        let Some(thread) = thread(&entry.path(), tid) else {
            snapshot.vanished += 1;
            continue;
        };
        let mut flags = 0;
        if tid != pid {
            flags |= ThreadFlags::CLONE_THREAD.0 | ThreadFlags::CLONE_FILES.0;
        }
        if thread.nested {
            flags |= ThreadFlags::CHILD_IN_PIDNS.0;
        }
        snapshot.threads += 1;
        each(Item::Thread(ThreadRecord {
            tid,
            pid,
            ptid: thread.ptid,
            sid: thread.sid,
            vpgid: thread.vpgid,
            pgid: thread.pgid,
            vtid: thread.vtid,
            vpid: thread.vpid,
            comm: &thread.comm,
            exe: &process.exe,
            exepath: &process.exepath,
            args: &process.args,
            env: &process.env,
            cgroups: &process.cgroups,
            cwd: &process.cwd,
            root: &process.root,
            executable: process.executable,
            flags,
            fd_limit: process.fd_limit,
            uid: thread.uid,
            gid: thread.gid,
            login_uid: process.login_uid,
            capabilities: thread.capabilities,
            memory: thread.memory,
            pidns_start: 0,
            tty: thread.tty,
            clone_time: boot_time.saturating_add(thread.started),
        }));
    }
    Some(())
}

fn process(path: &Path) -> Option<Process> {
    let mut process = Process { fd_limit: -1, login_uid: u32::MAX, ..Process::default() };
    let mut arguments = read(&path.join("cmdline"))?;
    if !arguments.is_empty() {
        end_with_nul(&mut arguments);
        let exe = arguments.iter().position(|byte| *byte == 0).unwrap_or(arguments.len());
        process.exe = arguments.get(..exe).unwrap_or_default().to_vec();
        process.args = arguments.get(exe + 1..).unwrap_or_default().to_vec();
    }
    process.env = read(&path.join("environ")).unwrap_or_default();
    if !process.env.is_empty() {
        end_with_nul(&mut process.env);
    }
    process.cgroups = cgroups(&read(&path.join("cgroup"))?);
    let exe = path.join("exe");
    process.exepath = link(&exe);
    if let Ok(file) = fs::metadata(&exe) {
        let nanoseconds = |seconds: i64, rest: i64| {
            u64::try_from(seconds.saturating_mul(1_000_000_000).saturating_add(rest)).unwrap_or(0)
        };
        process.executable = Executable {
            writable: false,
            from_memory: process.exepath.starts_with(b"/memfd:"),
            inode: file.ino(),
            ctime: nanoseconds(file.ctime(), file.ctime_nsec()),
            mtime: nanoseconds(file.mtime(), file.mtime_nsec()),
            ..Executable::default()
        };
    }
    process.cwd = link(&path.join("cwd"));
    process.root = link(&path.join("root"));
    if let Some(login) = read(&path.join("loginuid")).as_deref().and_then(number) {
        process.login_uid = login;
    }
    if let Some(limits) = read(&path.join("limits")) {
        let line = limits.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"Max open files"));
        process.fd_limit = line
            .and_then(|line| line.split(|byte| *byte == b' ').find(|word| !word.is_empty()))
            .and_then(number)
            .unwrap_or(-1);
    }
    Some(process)
}

fn thread(path: &Path, tid: i64) -> Option<Thread> {
    let mut thread = Thread { vtid: tid, vpid: -1, vpgid: -1, ..Thread::default() };
    let status = read(&path.join("status"))?;
    for line in status.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let hex = || u64::from_str_radix(std::str::from_utf8(value).unwrap_or_default(), 16).unwrap_or(0);
        let last = |words: &mut dyn Iterator<Item = &[u8]>| words.last().and_then(number).unwrap_or(-1);
        match name {
            b"PPid" => thread.ptid = number(value).unwrap_or(-1),
            // Real, effective, saved, of the file system.
            b"Uid" => thread.uid = words.nth(1).and_then(number).unwrap_or(u32::MAX),
            b"Gid" => thread.gid = words.nth(1).and_then(number).unwrap_or(u32::MAX),
            b"NSpid" => {
                thread.nested =
                    value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count() > 1;
                thread.vtid = last(&mut words);
            }
            b"NStgid" => thread.vpid = last(&mut words),
            b"NSpgid" => thread.vpgid = last(&mut words),
            b"CapInh" => thread.capabilities.inheritable = hex(),
            b"CapPrm" => thread.capabilities.permitted = hex(),
            b"CapEff" => thread.capabilities.effective = hex(),
            b"VmSize" => thread.memory.vm_size = words.next().and_then(number).unwrap_or(0),
            b"VmRSS" => thread.memory.vm_rss = words.next().and_then(number).unwrap_or(0),
            b"VmSwap" => thread.memory.vm_swap = words.next().and_then(number).unwrap_or(0),
            _ => {}
        }
    }
    let stat = read(&path.join("stat"))?;
    // The name stands in brackets and may hold brackets and spaces itself.
    let (open, close) =
        (stat.iter().position(|byte| *byte == b'(')?, stat.iter().rposition(|byte| *byte == b')')?);
    thread.comm = stat.get(open + 1..close)?.to_vec();
    let fields: Vec<&[u8]> = stat.get(close + 2..)?.split(|byte| *byte == b' ').collect();
    // Counted from the state, which is the third field of proc(5).
    let field = |at: usize| fields.get(at - 3).copied().unwrap_or_default();
    thread.pgid = number(field(5)).unwrap_or(-1);
    thread.sid = number(field(6)).unwrap_or(-1);
    thread.tty = number(field(7)).unwrap_or(0);
    thread.memory.minor_faults = number(field(10)).unwrap_or(0);
    thread.memory.major_faults = number(field(12)).unwrap_or(0);
    let ticks: u64 = number(field(22)).unwrap_or(0);
    thread.started = ticks.saturating_mul(1_000_000_000 / ring::ticks().max(1));
    Some(thread)
}

/// `cpuset=/path` and so on, each with a NUL, in the order in which events have them.
fn cgroups(text: &[u8]) -> Vec<u8> {
    const KNOWN: [&[u8]; 5] = [b"cpuset", b"cpu", b"cpuacct", b"io", b"memory"];
    let mut unified: Option<&[u8]> = None;
    let mut named: Vec<(&[u8], &[u8])> = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let mut columns = line.splitn(3, |byte| *byte == b':');
        let (Some(_), Some(controllers), Some(path)) = (columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        if controllers.is_empty() {
            unified = Some(path);
        }
        for controller in controllers.split(|byte| *byte == b',') {
            // Its older name.
            named.push((if controller == b"blkio" { b"io" } else { controller }, path));
        }
    }
    let mut joined = Vec::new();
    for known in KNOWN {
        let path = named.iter().find(|(name, _)| *name == known).map(|(_, path)| *path).or(unified);
        if let Some(path) = path {
            joined.extend_from_slice(known);
            joined.push(b'=');
            joined.extend_from_slice(path);
            joined.push(0);
        }
    }
    joined
}

fn descriptors(
    path: &Path,
    pid: i64,
    sockets: &Sockets,
    snapshot: &mut Snapshot,
    each: &mut impl FnMut(Item<'_>),
) {
    let Ok(entries) = fs::read_dir(path.join("fd")) else { return };
    for entry in entries.flatten() {
        let Some(fd) = number::<i64>(entry.file_name().as_bytes()) else { continue };
        let place = entry.path();
        let name = link(&place);
        let Ok(file) = fs::metadata(&place) else { continue };
        let inode = file.ino();
        let flags = || open_flags(path, fd);
        let kind = file.file_type();
        let detail = if kind.is_socket() {
            sockets.detail(inode)
        } else if kind.is_fifo() {
            FdDetail::Other { ty: FdType::Fifo, name: &name }
        } else if kind.is_dir() {
            FdDetail::Other { ty: FdType::Directory, name: &name }
        } else if let Some(what) = name.strip_prefix(b"anon_inode:") {
            let ty = match what.strip_prefix(b"[").and_then(|what| what.strip_suffix(b"]")).unwrap_or(what) {
                b"eventfd" => FdType::Event,
                b"eventpoll" => FdType::EventPoll,
                b"signalfd" => FdType::Signal,
                b"timerfd" => FdType::Timer,
                b"inotify" => FdType::Inotify,
                b"userfaultfd" => FdType::Userfault,
                b"io_uring" => FdType::IoUring,
                b"pidfd" => FdType::Pid,
                what if what.starts_with(b"bpf") => FdType::Bpf,
                _ => FdType::Unsupported,
            };
            FdDetail::Other { ty, name: &name }
        } else if let Some(name) = name.strip_prefix(b"/memfd:") {
            FdDetail::Other { ty: FdType::Memory, name: name.strip_suffix(b" (deleted)").unwrap_or(name) }
        } else {
            FdDetail::File {
                open_flags: flags(),
                path: &name,
                device: u32::try_from(file.dev() & 0xffff_ffff).unwrap_or(0),
            }
        };
        snapshot.descriptors += 1;
        each(Item::Descriptor(pid, FdRecord { number: fd, inode, detail }));
    }
}

/// As events have them.
fn open_flags(path: &Path, fd: i64) -> u32 {
    let Some(text) = read(&path.join("fdinfo").join(fd.to_string())) else { return 0 };
    let line = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"flags:"));
    let octal = line.and_then(|line| std::str::from_utf8(line.trim_ascii()).ok());
    let flags = octal.and_then(|octal| i32::from_str_radix(octal, 8).ok()).unwrap_or(0);
    let mut portable = match flags & libc::O_ACCMODE {
        libc::O_RDONLY => 1,
        libc::O_WRONLY => 2,
        libc::O_RDWR => 3,
        _ => 0,
    };
    let pairs = [
        (libc::O_APPEND, 3),
        (libc::O_DSYNC, 4),
        (libc::O_NONBLOCK, 6),
        (libc::O_SYNC, 7),
        (libc::O_DIRECT, 9),
        (libc::O_DIRECTORY, 10),
        (libc::O_CLOEXEC, 12),
        (libc::O_TMPFILE, 13),
    ];
    for (bits, at) in pairs {
        if flags & bits == bits {
            portable |= 1 << at;
        }
    }
    portable
}

fn link(path: &Path) -> Vec<u8> {
    fs::read_link(path).map(|target| target.as_os_str().as_bytes().to_vec()).unwrap_or_default()
}

/// The first bytes of a file; `None` if it is gone.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_TEXT as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A list that was cut, or that a process overwrote, may not end as it should.
fn end_with_nul(list: &mut Vec<u8>) {
    if list.last() != Some(&0) {
        if list.len() >= MAX_TEXT {
            list.pop();
        }
        list.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_groups_of_either_version() {
        let shown = |text: &str| String::from_utf8(cgroups(text.as_bytes())).unwrap().replace('\0', " ");
        insta::assert_snapshot!(
            shown("9:memory:/docker/ab\n4:cpu,cpuacct:/c\n2:cpuset:/\n1:name=systemd:/s\n0::/\n"),
            @"cpuset=/ cpu=/c cpuacct=/c io=/ memory=/docker/ab "
        );
        insta::assert_snapshot!(
            shown("0::/system.slice/docker-ab.scope\n"),
            @"cpuset=/system.slice/docker-ab.scope cpu=/system.slice/docker-ab.scope cpuacct=/system.slice/docker-ab.scope io=/system.slice/docker-ab.scope memory=/system.slice/docker-ab.scope "
        );
    }

    #[test]
    fn this_process_is_as_it_knows_itself() {
        let mut found = None;
        let mut snapshot = Snapshot::default();
        let pid = i64::from(std::process::id());
        one(Path::new(&format!("/proc/{pid}")), pid, 0, &mut snapshot, &mut |item| {
            if let Item::Thread(thread) = item
                && thread.tid == pid
            {
                found = Some((thread.exepath.to_vec(), thread.cwd.to_vec(), thread.flags, thread.vpid));
            }
        })
        .unwrap();
        let exe = std::env::current_exe().unwrap();
        let cwd = std::env::current_dir().unwrap();
        let (exepath, directory, flags, vpid) = found.unwrap();
        assert_eq!(exepath, exe.as_os_str().as_bytes());
        assert_eq!(directory, cwd.as_os_str().as_bytes());
        assert_eq!(flags & ThreadFlags::CLONE_THREAD.0, 0);
        assert!(vpid > 0);
    }
}
