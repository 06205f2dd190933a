//! Which program of the probe delivers which kind of event, and where it is attached.

use eyrie_events::{EventType, SyscallId};

use super::Wanted;

/// A place in the kernel where a program can be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Point {
    /// A system call's exit, by the name of its tracepoint.
    Exit(&'static str),
    /// A system call's entry.
    Enter(&'static str),
    /// Another tracepoint.
    Other(&'static str),
}

impl Point {
    /// The program's name in the probe.
    pub(super) fn program(self) -> String {
        match self {
            Point::Exit(name) => format!("x_{name}"),
            Point::Enter(name) => format!("e_{name}"),
            Point::Other(name) => format!("t_{name}"),
        }
    }
}

/// Exits, as `(tracepoint, kind)`.
const EXITS: &[(&str, &str)] = &[
    ("accept", "ACCEPT_5_X"),
    ("accept4", "ACCEPT4_6_X"),
    ("access", "ACCESS_X"),
    ("bind", "BIND_X"),
    ("bpf", "BPF_2_X"),
    ("brk", "BRK_4_X"),
    ("capset", "CAPSET_X"),
    ("chdir", "CHDIR_X"),
    ("chmod", "CHMOD_X"),
    ("chown", "CHOWN_X"),
    ("chroot", "CHROOT_X"),
    ("clone", "CLONE_20_X"),
    ("clone3", "CLONE3_X"),
    ("close", "CLOSE_X"),
    ("close_range", "CLOSE_RANGE_X"),
    ("connect", "CONNECT_X"),
    ("copy_file_range", "COPY_FILE_RANGE_X"),
    ("creat", "CREAT_X"),
    ("delete_module", "DELETE_MODULE_X"),
    ("dup", "DUP_1_X"),
    ("dup2", "DUP2_X"),
    ("dup3", "DUP3_X"),
    ("epoll_create", "EPOLL_CREATE_X"),
    ("epoll_create1", "EPOLL_CREATE1_X"),
    ("epoll_wait", "EPOLLWAIT_X"),
    ("eventfd", "EVENTFD_X"),
    ("eventfd2", "EVENTFD2_X"),
    ("execve", "EXECVE_19_X"),
    ("execveat", "EXECVEAT_X"),
    ("fchdir", "FCHDIR_X"),
    ("fchmod", "FCHMOD_X"),
    ("fchmodat", "FCHMODAT_X"),
    ("fchown", "FCHOWN_X"),
    ("fchownat", "FCHOWNAT_X"),
    ("fcntl", "FCNTL_X"),
    ("finit_module", "FINIT_MODULE_X"),
    ("flock", "FLOCK_X"),
    ("fork", "FORK_20_X"),
    ("fsconfig", "FSCONFIG_X"),
    ("futex", "FUTEX_X"),
    ("getcwd", "GETCWD_X"),
    ("getdents", "GETDENTS_X"),
    ("getdents64", "GETDENTS64_X"),
    ("getegid", "GETEGID_X"),
    ("geteuid", "GETEUID_X"),
    ("getgid", "GETGID_X"),
    ("getpeername", "GETPEERNAME_X"),
    ("getresgid", "GETRESGID_X"),
    ("getresuid", "GETRESUID_X"),
    ("getrlimit", "GETRLIMIT_X"),
    ("getsockname", "GETSOCKNAME_X"),
    ("getsockopt", "GETSOCKOPT_X"),
    ("getuid", "GETUID_X"),
    ("init_module", "INIT_MODULE_X"),
    ("inotify_init", "INOTIFY_INIT_X"),
    ("inotify_init1", "INOTIFY_INIT1_X"),
    ("io_uring_enter", "IO_URING_ENTER_X"),
    ("io_uring_register", "IO_URING_REGISTER_X"),
    ("io_uring_setup", "IO_URING_SETUP_X"),
    ("ioctl", "IOCTL_3_X"),
    ("keyctl", "KEYCTL_X"),
    ("kill", "KILL_X"),
    ("lchown", "LCHOWN_X"),
    ("link", "LINK_2_X"),
    ("linkat", "LINKAT_2_X"),
    ("listen", "LISTEN_X"),
    ("lseek", "LSEEK_X"),
    ("memfd_create", "MEMFD_CREATE_X"),
    ("mkdir", "MKDIR_2_X"),
    ("mkdirat", "MKDIRAT_X"),
    ("mknod", "MKNOD_X"),
    ("mknodat", "MKNODAT_X"),
    ("mlock", "MLOCK_X"),
    ("mlock2", "MLOCK2_X"),
    ("mlockall", "MLOCKALL_X"),
    ("mmap", "MMAP_X"),
    ("mount", "MOUNT_X"),
    ("mprotect", "MPROTECT_X"),
    ("munlock", "MUNLOCK_X"),
    ("munlockall", "MUNLOCKALL_X"),
    ("munmap", "MUNMAP_X"),
    ("nanosleep", "NANOSLEEP_X"),
    ("newfstat", "FSTAT_X"),
    ("newfstatat", "NEWFSTATAT_X"),
    ("newlstat", "LSTAT_X"),
    ("newstat", "STAT_X"),
    ("open", "OPEN_X"),
    ("open_by_handle_at", "OPEN_BY_HANDLE_AT_X"),
    ("openat", "OPENAT_2_X"),
    ("openat2", "OPENAT2_X"),
    ("pidfd_getfd", "PIDFD_GETFD_X"),
    ("pidfd_open", "PIDFD_OPEN_X"),
    ("pipe", "PIPE_X"),
    ("pipe2", "PIPE2_X"),
    ("poll", "POLL_X"),
    ("ppoll", "PPOLL_X"),
    ("prctl", "PRCTL_X"),
    ("pread64", "PREAD_X"),
    ("preadv", "PREADV_X"),
    ("prlimit64", "PRLIMIT_X"),
    ("process_vm_readv", "PROCESS_VM_READV_X"),
    ("process_vm_writev", "PROCESS_VM_WRITEV_X"),
    ("ptrace", "PTRACE_X"),
    ("pwrite64", "PWRITE_X"),
    ("pwritev", "PWRITEV_X"),
    ("quotactl", "QUOTACTL_X"),
    ("read", "READ_X"),
    ("readv", "READV_X"),
    ("recvfrom", "RECVFROM_X"),
    ("recvmmsg", "RECVMMSG_X"),
    ("recvmsg", "RECVMSG_X"),
    ("rename", "RENAME_X"),
    ("renameat", "RENAMEAT_X"),
    ("renameat2", "RENAMEAT2_X"),
    ("rmdir", "RMDIR_2_X"),
    ("seccomp", "SECCOMP_X"),
    ("select", "SELECT_X"),
    ("semctl", "SEMCTL_X"),
    ("semget", "SEMGET_X"),
    ("semop", "SEMOP_X"),
    ("sendfile64", "SENDFILE_X"),
    ("sendmmsg", "SENDMMSG_X"),
    ("sendmsg", "SENDMSG_X"),
    ("sendto", "SENDTO_X"),
    ("setgid", "SETGID_X"),
    ("setns", "SETNS_X"),
    ("setpgid", "SETPGID_X"),
    ("setregid", "SETREGID_X"),
    ("setresgid", "SETRESGID_X"),
    ("setresuid", "SETRESUID_X"),
    ("setreuid", "SETREUID_X"),
    ("setrlimit", "SETRLIMIT_X"),
    ("setsid", "SETSID_X"),
    ("setsockopt", "SETSOCKOPT_X"),
    ("setuid", "SETUID_X"),
    ("shutdown", "SHUTDOWN_X"),
    ("signalfd", "SIGNALFD_X"),
    ("signalfd4", "SIGNALFD4_X"),
    ("socket", "SOCKET_X"),
    ("socketpair", "SOCKETPAIR_X"),
    ("splice", "SPLICE_X"),
    ("symlink", "SYMLINK_X"),
    ("symlinkat", "SYMLINKAT_X"),
    ("tgkill", "TGKILL_X"),
    ("timerfd_create", "TIMERFD_CREATE_X"),
    ("tkill", "TKILL_X"),
    ("umount", "UMOUNT2_X"),
    ("unlink", "UNLINK_2_X"),
    ("unlinkat", "UNLINKAT_2_X"),
    ("unshare", "UNSHARE_X"),
    ("userfaultfd", "USERFAULTFD_X"),
    ("vfork", "VFORK_20_X"),
    ("write", "WRITE_X"),
    ("writev", "WRITEV_X"),
];

/// Entries that are delivered beside an exit, as `(tracepoint, kind)`.
const ENTRIES: &[(&str, &str)] = &[
    ("connect", "CONNECT_E"),
    ("creat", "CREAT_E"),
    ("open", "OPEN_E"),
    ("openat", "OPENAT_2_E"),
    ("openat2", "OPENAT2_E"),
];

/// Other tracepoints, as `(program, tracepoint, kinds)`. A program that was started is told by the scheduler, since nothing
/// can come between.
pub(super) const OTHERS: &[(&str, &str, &[&str])] = &[
    ("exec", "sched_process_exec", &["EXECVE_19_X", "EXECVEAT_X"]),
    ("exit", "sched_process_exit", &["PROCEXIT_1_E"]),
    ("switch", "sched_switch", &["SCHEDSWITCH_6_E"]),
    ("signal", "signal_deliver", &["SIGNALDELIVER_E"]),
    ("fault_user", "page_fault_user", &["PAGE_FAULT_E"]),
    ("fault_kernel", "page_fault_kernel", &["PAGE_FAULT_E"]),
    ("absent_modules", "sys_exit", &[]),
];

/// Calls that a kernel without modules has no tracepoints for, and the program that sees them all the same.
pub(super) const MODULES: ([&str; 3], Point) =
    (["init_module", "finit_module", "delete_module"], Point::Other("absent_modules"));

/// Calls of which the tracepoint has another name.
const RENAMED: &[(&str, &str)] = &[
    ("stat", "newstat"),
    ("lstat", "newlstat"),
    ("fstat", "newfstat"),
    ("uname", "newuname"),
    ("sendfile", "sendfile64"),
    ("umount2", "umount"),
];

/// The name of a call's tracepoint.
pub(super) fn tracepoint(call: &'static str) -> &'static str {
    RENAMED.iter().find(|(name, _)| *name == call).map_or(call, |(_, point)| *point)
}

/// Every call's number on this machine.
pub(super) fn numbers() -> impl Iterator<Item = (u16, SyscallId)> {
    (0..512).filter_map(|native| Some((native, SyscallId::from_native(native)?)))
}

/// A call's number on this machine.
pub(super) fn native(call: &str) -> Option<u16> {
    let wanted = SyscallId::from_name(call)?;
    numbers().find(|(_, id)| *id == wanted).map(|(native, _)| native)
}

/// What has to be attached for what is wanted: programs with an event of their own.
pub(super) fn points(wanted: &Wanted, enter: bool) -> Vec<Point> {
    let kind = |code: &str| EventType::all().find(|(_, info)| info.code == code).map(|(ty, _)| ty);
    let wants = |code: &str| kind(code).is_some_and(|kind| wanted.has(kind));
    let calls: Vec<&str> =
        SyscallId::all().filter(|(id, _)| wanted.has_call(*id)).map(|(_, name)| tracepoint(name)).collect();
    let mut points = Vec::new();
    for (name, code) in EXITS {
        if wants(code) || calls.contains(name) {
            points.push(Point::Exit(name));
            if enter && ENTRIES.iter().any(|(entry, _)| entry == name) {
                points.push(Point::Enter(name));
            }
        }
    }
    for (name, _, codes) in OTHERS {
        let exec = *name == "exec" && (calls.contains(&"execve") || calls.contains(&"execveat"));
        if exec || codes.iter().any(|code| wants(code)) {
            points.push(Point::Other(name));
        }
    }
    points
}

/// Wanted calls without an event of their own: they are delivered as `GENERIC_X`.
pub(super) fn generic(wanted: &Wanted) -> Vec<&'static str> {
    SyscallId::all()
        .filter(|(id, _)| wanted.has_call(*id))
        .map(|(_, name)| tracepoint(name))
        .filter(|name| !EXITS.iter().any(|(exit, _)| exit == name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_table_of_events() {
        let known = |code: &str| EventType::all().any(|(_, info)| info.code == code);
        for (name, code) in EXITS.iter().chain(ENTRIES) {
            assert!(known(code), "{name}: {code}");
        }
        for (name, _, codes) in OTHERS {
            assert!(codes.iter().all(|code| known(code)), "{name}: {codes:?}");
        }
    }

    /// Whatever changes the state has a program, but for what no system call on this architecture does.
    #[test]
    fn state_is_covered() {
        let elsewhere = [
            // Made by whoever reads, not by the kernel.
            "CONTAINER_E",
            "CONTAINER_JSON_E",
            "CONTAINER_JSON_2_E",
            "CPU_HOTPLUG_E",
            "ASYNCEVENT_E",
            "USER_ADDED_E",
            "USER_DELETED_E",
            "GROUP_ADDED_E",
            "GROUP_DELETED_E",
            "UMOUNT_1_X",
        ];
        let missing: Vec<&str> = EventType::all()
            .filter(|(kind, _)| Wanted::state().has(*kind))
            .map(|(_, info)| info.code)
            .filter(|code| {
                let named = EXITS.iter().chain(ENTRIES).any(|(_, known)| known == code);
                !named && !OTHERS.iter().any(|(.., codes)| codes.contains(code))
            })
            .filter(|code| !elsewhere.contains(code) && !code.starts_with("ITER_"))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}
