//! The probe on this host: its programs are accepted, and each call delivers its event with the right parameters. Needs root
//! and a kernel with BTF; without them a note is printed and nothing is tested.
#![allow(unsafe_code, reason = "system calls as a C program makes them, to see how they are told")]

use std::ffi::CString;
use std::path::Path;
use std::time::{Duration, Instant};

use eyrie_events::{Event, EventType};
use eyrie_sources::live::{Live, Probe, Settings, Wanted};

/// Whether this host can be watched; says so if not.
fn can_watch() -> bool {
    let root = std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")));
    let able = root && Path::new("/sys/kernel/btf/vmlinux").exists();
    if !able {
        eprintln!("SKIPPED: watching this host needs root and a kernel with BTF");
    }
    able
}

fn kind(code: &str) -> EventType {
    EventType::all().find(|(_, info)| info.code == code).map(|(kind, _)| kind).unwrap()
}

#[test]
fn the_kernel_accepts_every_program() {
    if !can_watch() {
        return;
    }
    let mut probe = Probe::load(&Settings::default()).unwrap();
    let count = probe.verify_all().unwrap();
    assert!(count > 160, "{count} programs");
}

/// What a parameter has to be.
#[derive(Clone, Debug)]
enum Is {
    Number(i64),
    Text(String),
    /// So many bytes.
    Bytes(Vec<u8>),
    Nothing,
    /// Something.
    There,
}

fn text(text: &str) -> Is {
    Is::Text(text.to_string())
}

/// A signed number of as many bytes as there are.
fn number(bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    match bytes.len() {
        4 => i64::from(i32::from_le_bytes([wide[0], wide[1], wide[2], wide[3]])),
        _ => i64::from_le_bytes(wide),
    }
}

fn check(event: &Event<'_>, case: &str, wanted: &[(&str, Is)]) -> Vec<String> {
    let info = event.info();
    let mut wrong = Vec::new();
    if event.param_count() != info.params.len() {
        wrong.push(format!("{case}: {} parameters instead of {}", event.param_count(), info.params.len()));
    }
    for (name, is) in wanted {
        let at = info.params.iter().position(|param| param.name == *name);
        let Some(bytes) = at.and_then(|at| event.param(at)) else {
            wrong.push(format!("{case}: no {name}"));
            continue;
        };
        let right = match is {
            Is::Number(n) => !bytes.is_empty() && bytes.len() <= 8 && number(bytes) == *n,
            Is::Text(text) => bytes.strip_suffix(&[0]) == Some(text.as_bytes()),
            Is::Bytes(expected) => bytes == expected,
            Is::Nothing => bytes.is_empty(),
            Is::There => !bytes.is_empty(),
        };
        if !right {
            wrong.push(format!("{case}: {name} is {bytes:?}, not {is:?}"));
        }
    }
    wrong
}

struct Case {
    code: &'static str,
    act: Box<dyn Fn() -> i64>,
    wanted: Vec<(&'static str, Is)>,
}

fn case(code: &'static str, act: impl Fn() -> i64 + 'static, wanted: Vec<(&'static str, Is)>) -> Case {
    Case { code, act: Box::new(act), wanted }
}

/// A system call with these arguments; its result, or the error as a negative number, as events have it.
macro_rules! call {
    ($name:ident $(, $arg:expr)*) => {{
        // SAFETY: the arguments are valid for the call, or such that the kernel refuses them without touching memory.
        let result = unsafe { libc::syscall(libc::$name $(, $arg)*) };
        if result == -1 { -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)) } else { result }
    }};
}

fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

const NONE: i64 = 7_000_000;
const CWD: i64 = -100;

fn cases(dir: &str) -> Vec<Case> {
    let path = move |name: &str| format!("{dir}/{name}");
    let (file, gone) = (path("file"), path("gone"));
    let n = Is::Number;
    let enoent = -i64::from(libc::ENOENT);
    let ebadf = -i64::from(libc::EBADF);
    let mut cases = Vec::new();
    let mut add = |case: Case| cases.push(case);
    {
        let file = file.clone();
        add(case(
            "OPENAT_2_X",
            {
                let file = file.clone();
                move || {
                    call!(
                        SYS_openat,
                        -100,
                        c(&file).as_ptr(),
                        libc::O_RDWR | libc::O_CREAT | libc::O_CLOEXEC,
                        0o640
                    )
                }
            },
            vec![
                ("dirfd", n(CWD)),
                ("name", text(&file)),
                ("flags", n(3 | 4 | 1 << 12 | 1 << 14)),
                ("mode", n(0o640)),
                ("dev", Is::There),
                ("ino", Is::There),
            ],
        ));
        add(case(
            "OPEN_X",
            {
                let file = file.clone();
                move || call!(SYS_open, c(&file).as_ptr(), libc::O_RDONLY | libc::O_NONBLOCK, 0)
            },
            vec![("name", text(&file)), ("flags", n(1 | 1 << 6)), ("mode", n(0))],
        ));
        add(case(
            "CREAT_X",
            {
                let file = file.clone();
                move || call!(SYS_creat, c(&file).as_ptr(), 0o600)
            },
            vec![("name", text(&file)), ("mode", n(0o600)), ("creat_flags", n(0))],
        ));
        add(case(
            "CHMOD_X",
            {
                let file = file.clone();
                move || call!(SYS_chmod, c(&file).as_ptr(), 0o4755)
            },
            vec![("filename", text(&file)), ("mode", n(0o4755))],
        ));
        add(case(
            "FCHMODAT_X",
            {
                let file = file.clone();
                move || call!(SYS_fchmodat, -100, c(&file).as_ptr(), 0o600)
            },
            vec![("dirfd", n(CWD)), ("filename", text(&file)), ("mode", n(0o600))],
        ));
        add(case(
            "ACCESS_X",
            {
                let file = file.clone();
                move || call!(SYS_access, c(&file).as_ptr(), libc::R_OK | libc::X_OK)
            },
            vec![("name", text(&file)), ("mode", n(5))],
        ));
        add(case(
            "STAT_X",
            move || {
                let mut room = [0u8; 256];
                call!(SYS_stat, c(&file).as_ptr(), room.as_mut_ptr())
            },
            vec![("path", text(&path("file")))],
        ));
    }
    // Names of files that are not there: the kernel refuses, the event tells what was asked for.
    macro_rules! names {
        ($code:literal, $call:ident, $($param:literal),*) => {{
            let gone = gone.clone();
            let wanted = vec![("res", n(enoent)), $(($param, text(&gone))),*];
            add(case($code, move || {
                let name = c(&gone);
                let _ = [$($param),*];
                call!($call, name.as_ptr(), name.as_ptr(), 0, 0)
            }, wanted));
        }};
    }
    names!("UNLINK_2_X", SYS_unlink, "path");
    names!("RMDIR_2_X", SYS_rmdir, "path");
    names!("RENAME_X", SYS_rename, "oldpath", "newpath");
    names!("LINK_2_X", SYS_link, "oldpath", "newpath");
    names!("CHDIR_X", SYS_chdir, "path");
    names!("CHROOT_X", SYS_chroot, "path");
    names!("LSTAT_X", SYS_lstat, "path");
    macro_rules! act {
        ($code:literal, [$($param:literal = $is:expr),*], $act:expr) => {
            add(case($code, $act, vec![$(($param, $is)),*]))
        };
    }
    let g = gone.clone();
    act!("UNLINKAT_2_X", ["res" = n(enoent), "dirfd" = n(CWD), "name" = text(&gone), "flags" = n(0x200)], {
        let g = g.clone();
        move || call!(SYS_unlinkat, -100, c(&g).as_ptr(), libc::AT_REMOVEDIR)
    });
    act!(
        "RENAMEAT2_X",
        [
            "res" = n(enoent),
            "olddirfd" = n(CWD),
            "oldpath" = text(&gone),
            "newdirfd" = n(CWD),
            "newpath" = text(&gone),
            "flags" = n(1)
        ],
        {
            let g = g.clone();
            move || {
                let g = c(&g);
                call!(SYS_renameat2, -100, g.as_ptr(), -100, g.as_ptr(), 1)
            }
        }
    );
    act!(
        "LINKAT_2_X",
        [
            "res" = n(enoent),
            "olddir" = n(CWD),
            "oldpath" = text(&gone),
            "newpath" = text(&gone),
            "flags" = n(0x400)
        ],
        {
            let g = g.clone();
            move || {
                let g = c(&g);
                call!(SYS_linkat, -100, g.as_ptr(), -100, g.as_ptr(), libc::AT_SYMLINK_FOLLOW)
            }
        }
    );
    let link = path("link");
    act!("SYMLINK_X", ["res" = n(0), "target" = text("target"), "linkpath" = text(&link)], {
        let link = link.clone();
        move || call!(SYS_symlink, c("target").as_ptr(), c(&link).as_ptr())
    });
    act!("SYMLINKAT_X", ["target" = text("target"), "linkdirfd" = n(CWD), "linkpath" = text(&link)], {
        let link = link.clone();
        move || call!(SYS_symlinkat, c("target").as_ptr(), -100, c(&link).as_ptr())
    });
    let sub = path("sub");
    act!("MKDIR_2_X", ["res" = n(0), "path" = text(&sub), "mode" = n(0o700)], {
        let sub = sub.clone();
        move || call!(SYS_mkdir, c(&sub).as_ptr(), 0o700)
    });
    act!("MKDIRAT_X", ["dirfd" = n(CWD), "path" = text(&sub), "mode" = n(0o711)], {
        let sub = sub.clone();
        move || call!(SYS_mkdirat, -100, c(&sub).as_ptr(), 0o711)
    });
    let fifo = path("fifo");
    act!("MKNOD_X", ["res" = n(0), "path" = text(&fifo), "mode" = n(0o10600), "dev" = n(0)], {
        let fifo = fifo.clone();
        move || call!(SYS_mknod, c(&fifo).as_ptr(), libc::S_IFIFO | 0o600, 0)
    });
    act!("CHOWN_X", ["res" = n(enoent), "path" = text(&gone), "uid" = n(12), "gid" = n(34)], {
        let g = g.clone();
        move || call!(SYS_chown, c(&g).as_ptr(), 12, 34)
    });
    act!(
        "MOUNT_X",
        ["dev" = text("dev"), "dir" = text(&gone), "type" = text("tmpfs"), "flags" = n(1 << 12 | 1)],
        {
            let g = g.clone();
            move || {
                call!(
                    SYS_mount,
                    c("dev").as_ptr(),
                    c(&g).as_ptr(),
                    c("tmpfs").as_ptr(),
                    libc::MS_BIND | libc::MS_RDONLY,
                    0
                )
            }
        }
    );
    act!("UMOUNT2_X", ["res" = n(enoent), "name" = text(&gone), "flags" = n(2)], {
        let g = g.clone();
        move || call!(SYS_umount2, c(&g).as_ptr(), libc::MNT_DETACH)
    });

    // Descriptors that are not there.
    act!("CLOSE_X", ["res" = n(ebadf), "fd" = n(NONE)], || call!(SYS_close, NONE));
    act!("CLOSE_RANGE_X", ["res" = n(0), "first" = n(NONE), "last" = n(NONE + 1), "flags" = n(4)], || call!(
        SYS_close_range,
        NONE,
        NONE + 1,
        4
    ));
    act!("DUP_1_X", ["res" = n(ebadf), "oldfd" = n(NONE)], || call!(SYS_dup, NONE));
    act!("DUP2_X", ["oldfd" = n(NONE), "newfd" = n(9)], || call!(SYS_dup2, NONE, 9));
    act!("DUP3_X", ["oldfd" = n(NONE), "newfd" = n(9), "flags" = n(1 << 12)], || call!(
        SYS_dup3,
        NONE,
        9,
        libc::O_CLOEXEC
    ));
    act!("FCNTL_X", ["fd" = n(0), "cmd" = n(4)], || call!(SYS_fcntl, 0, libc::F_GETFL, 0));
    act!("FCHDIR_X", ["res" = n(ebadf), "fd" = n(NONE)], || call!(SYS_fchdir, NONE));
    act!("FCHMOD_X", ["res" = n(ebadf), "fd" = n(NONE), "mode" = n(0o644)], || call!(
        SYS_fchmod, NONE, 0o644
    ));
    act!("IOCTL_3_X", ["fd" = n(NONE), "request" = n(0x5401), "argument" = n(5)], || call!(
        SYS_ioctl, NONE, 0x5401, 5
    ));
    act!("LSEEK_X", ["res" = n(ebadf), "fd" = n(NONE), "offset" = n(77), "whence" = n(1)], || call!(
        SYS_lseek,
        NONE,
        77,
        libc::SEEK_CUR
    ));
    act!("READ_X", ["res" = n(ebadf), "fd" = n(NONE), "size" = n(16), "data" = Is::Nothing], || {
        let mut room = [0u8; 16];
        call!(SYS_read, NONE, room.as_mut_ptr(), 16)
    });
    act!("WRITE_X", ["fd" = n(NONE), "size" = n(100), "data" = Is::Bytes(vec![b'w'; 80])], || {
        let data = [b'w'; 100];
        call!(SYS_write, NONE, data.as_ptr(), 100)
    });
    act!("WRITEV_X", ["fd" = n(NONE), "size" = n(5), "data" = Is::Bytes(b"abcde".to_vec())], || {
        let (one, two) = (b"abc", b"de");
        let vectors = [
            libc::iovec { iov_base: one.as_ptr().cast_mut().cast(), iov_len: 3 },
            libc::iovec { iov_base: two.as_ptr().cast_mut().cast(), iov_len: 2 },
        ];
        call!(SYS_writev, NONE, vectors.as_ptr(), 2)
    });
    act!(
        "PIPE2_X",
        ["res" = n(0), "fd1" = Is::There, "fd2" = Is::There, "ino" = Is::There, "flags" = n(1 << 12)],
        || {
            let mut pair = [0i32; 2];
            call!(SYS_pipe2, pair.as_mut_ptr(), libc::O_CLOEXEC)
        }
    );
    act!("EVENTFD2_X", ["initval" = n(5), "flags" = n(1 << 12)], || call!(
        SYS_eventfd2,
        5,
        libc::EFD_CLOEXEC
    ));
    act!("EPOLL_CREATE1_X", ["flags" = n(1)], || call!(SYS_epoll_create1, libc::EPOLL_CLOEXEC));
    act!("INOTIFY_INIT1_X", ["flags" = n(1 << 6)], || call!(SYS_inotify_init1, libc::IN_NONBLOCK));
    act!("TIMERFD_CREATE_X", ["clockid" = n(1)], || call!(SYS_timerfd_create, libc::CLOCK_MONOTONIC, 0));
    act!("MEMFD_CREATE_X", ["name" = text("quiet"), "flags" = n(1)], || call!(
        SYS_memfd_create,
        c("quiet").as_ptr(),
        libc::MFD_CLOEXEC
    ));
    act!("USERFAULTFD_X", ["flags" = n(1)], || call!(SYS_userfaultfd, 1));

    // Sockets.
    act!(
        "SOCKET_X",
        ["domain" = n(2), "type" = n(1 | 0o2000000), "proto" = n(6), "flags" = n(1 << 12)],
        || call!(SYS_socket, libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 6)
    );
    act!(
        "SOCKETPAIR_X",
        ["res" = n(0), "fd1" = Is::There, "source" = Is::There, "peer" = Is::There, "domain" = n(1)],
        || {
            let mut pair = [0i32; 2];
            call!(SYS_socketpair, libc::AF_UNIX, libc::SOCK_STREAM, 0, pair.as_mut_ptr())
        }
    );
    let loopback = |port: u16| libc::sockaddr_in {
        sin_family: 2,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    };
    act!(
        "BIND_X",
        ["res" = n(ebadf), "fd" = n(NONE), "addr" = Is::Bytes(vec![2, 127, 0, 0, 1, 0x39, 0x30])],
        move || {
            let address = loopback(12345);
            call!(SYS_bind, NONE, &raw const address, 16)
        }
    );
    act!(
        "CONNECT_X",
        ["fd" = n(NONE), "addr" = Is::Bytes(vec![2, 127, 0, 0, 1, 9, 0]), "tuple" = Is::Nothing],
        move || {
            let address = loopback(9);
            call!(SYS_connect, NONE, &raw const address, 16)
        }
    );
    act!(
        "SENDTO_X",
        ["res" = n(3), "data" = Is::Bytes(b"hey".to_vec()), "size" = n(3), "tuple" = Is::There],
        move || {
            let socket = call!(SYS_socket, libc::AF_INET, libc::SOCK_DGRAM, 0);
            let address = loopback(9);
            call!(SYS_sendto, socket, c("hey").as_ptr(), 3, 0, &raw const address, 16)
        }
    );
    act!("LISTEN_X", ["res" = n(ebadf), "fd" = n(NONE), "backlog" = n(7)], || call!(SYS_listen, NONE, 7));
    act!("SHUTDOWN_X", ["res" = n(ebadf), "fd" = n(NONE), "how" = n(2)], || call!(SYS_shutdown, NONE, 2));
    act!(
        "GETSOCKOPT_X",
        [
            "fd" = Is::There,
            "level" = n(1),
            "optname" = n(3),
            "val" = Is::Bytes(vec![2, 1, 0, 0, 0]),
            "optlen" = n(4)
        ],
        || {
            let socket = call!(SYS_socket, libc::AF_UNIX, libc::SOCK_STREAM, 0);
            let (mut value, mut len) = (0u32, 4u32);
            call!(SYS_getsockopt, socket, libc::SOL_SOCKET, libc::SO_TYPE, &raw mut value, &raw mut len)
        }
    );

    // Processes.
    act!("SETPGID_X", ["pid" = n(NONE), "pgid" = n(3)], || call!(SYS_setpgid, NONE, 3));
    act!("KILL_X", ["res" = n(-i64::from(libc::ESRCH)), "pid" = n(NONE), "sig" = n(15)], || call!(
        SYS_kill, NONE, 15
    ));
    act!("TGKILL_X", ["pid" = n(NONE), "tid" = n(NONE), "sig" = n(9)], || call!(SYS_tgkill, NONE, NONE, 9));
    act!(
        "PTRACE_X",
        ["res" = n(-i64::from(libc::ESRCH)), "request" = n(11), "pid" = n(NONE), "addr" = Is::Nothing],
        || call!(SYS_ptrace, libc::PTRACE_ATTACH, NONE, 0, 0)
    );
    act!("PRCTL_X", ["option" = n(15), "arg2_str" = text("renamed"), "arg2_int" = n(0)], || call!(
        SYS_prctl,
        libc::PR_SET_NAME,
        c("renamed").as_ptr(),
        0,
        0,
        0
    ));
    act!("SETRESUID_X", ["res" = n(0), "ruid" = n(-1), "euid" = n(-1), "suid" = n(-1)], || call!(
        SYS_setresuid,
        -1i64,
        -1i64,
        -1i64
    ));
    act!("SETNS_X", ["res" = n(ebadf), "fd" = n(NONE), "nstype" = n(1 << 4)], || call!(
        SYS_setns,
        NONE,
        libc::CLONE_NEWNET
    ));
    act!("UNSHARE_X", ["flags" = n(1 << 0)], || call!(SYS_unshare, libc::CLONE_FILES));
    act!("PRLIMIT_X", ["res" = n(0), "resource" = n(7), "pid" = n(0), "oldcur" = Is::There], || {
        let mut limits = [0u64; 2];
        call!(SYS_prlimit64, 0, libc::RLIMIT_NOFILE, 0, limits.as_mut_ptr())
    });
    act!("PIDFD_OPEN_X", ["pid" = n(NONE), "flags" = n(1)], || call!(SYS_pidfd_open, NONE, libc::O_NONBLOCK));
    act!(
        "EXECVE_19_X",
        [
            "res" = n(enoent),
            "exe" = text("zero"),
            "args" = Is::Bytes(b"one\0two\0".to_vec()),
            "env" = Is::Bytes(b"A=1\0".to_vec()),
            "filename" = text(&gone),
            "comm" = Is::There,
            "cgroups" = Is::There,
            "trusted_exepath" = Is::There
        ],
        {
            let g = g.clone();
            move || {
                let (name, zero, one, two, a) = (c(&g), c("zero"), c("one"), c("two"), c("A=1"));
                let argv = [zero.as_ptr(), one.as_ptr(), two.as_ptr(), std::ptr::null()];
                let envp = [a.as_ptr(), std::ptr::null()];
                call!(SYS_execve, name.as_ptr(), argv.as_ptr(), envp.as_ptr())
            }
        }
    );

    // Memory, modules and the rest.
    act!("MMAP_X", ["length" = n(4096), "prot" = n(3), "flags" = n(2 | 8), "fd" = n(-1)], || call!(
        SYS_mmap,
        0,
        4096,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        -1,
        0
    ));
    act!("MPROTECT_X", ["addr" = n(4096), "length" = n(8192), "prot" = n(7)], || call!(
        SYS_mprotect,
        4096,
        8192,
        7
    ));
    act!("FINIT_MODULE_X", ["fd" = n(NONE), "uargs" = text("a=b")], || call!(
        SYS_finit_module,
        NONE,
        c("a=b").as_ptr(),
        0
    ));
    act!("DELETE_MODULE_X", ["name" = text("nomod"), "flags" = n(2)], || call!(
        SYS_delete_module,
        c("nomod").as_ptr(),
        libc::O_NONBLOCK
    ));
    act!("BPF_2_X", ["cmd" = n(8)], || call!(SYS_bpf, 8, 0, 0));
    act!("NANOSLEEP_X", ["res" = n(0), "interval" = n(1000)], || {
        let time = libc::timespec { tv_sec: 0, tv_nsec: 1000 };
        call!(SYS_nanosleep, &raw const time, 0)
    });
    act!("SECCOMP_X", ["op" = n(99), "flags" = n(0)], || call!(SYS_seccomp, 99, 0, 0));
    act!("IO_URING_SETUP_X", ["entries" = n(0)], || {
        let mut room = [0u32; 64];
        call!(SYS_io_uring_setup, 0, room.as_mut_ptr())
    });
    act!(
        "KEYCTL_X",
        ["operation" = n(3), "arg2" = Is::Bytes([&[0u8][..], &7u64.to_le_bytes()].concat())],
        || call!(SYS_keyctl, 3, 7, 0, 0, 0)
    );
    act!("SEMGET_X", ["key" = n(4711), "nsems" = n(1), "semflg" = n(0)], || call!(SYS_semget, 4711, 1, 0));
    cases
}

/// Each call between two marks of its own, so that it is clear which event is its.
#[test]
fn each_call_is_told_as_it_was_made() {
    if !can_watch() {
        return;
    }
    let dir = std::env::temp_dir().join(format!("eyrie-live-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let cases = cases(dir.to_str().unwrap());
    let mut wanted = Wanted::nothing();
    for case in &cases {
        wanted.insert(kind(case.code));
    }
    let settings = Settings { skip_self: false, enter: false, ..Settings::default() };
    let mut live = Live::open(&settings, &wanted).unwrap();
    // SAFETY: reads a number.
    let tid = unsafe { libc::syscall(libc::SYS_gettid) };
    let mut results = Vec::new();
    call!(SYS_close, 7_999_999);
    for (at, case) in cases.iter().enumerate() {
        results.push((case.act)());
        call!(SYS_close, 8_000_000 + i64::try_from(at).unwrap());
    }
    let close = kind("CLOSE_X");
    let (mut began, mut at, mut found, mut wrong) = (false, 0, false, Vec::new());
    let until = Instant::now() + Duration::from_secs(20);
    while at < cases.len() && Instant::now() < until {
        let Some(recorded) = live.next(Duration::from_millis(200)).unwrap() else { continue };
        let event = recorded.event;
        if event.tid != tid {
            continue;
        }
        began |= event.ty == close && event.i64(1) == Some(7_999_999);
        if !began {
            continue;
        }
        let case = &cases[at];
        if event.ty == close && event.i64(1) == Some(8_000_000 + i64::try_from(at).unwrap()) {
            if !found {
                wrong.push(format!("{}: no event", case.code));
            }
            (at, found) = (at + 1, false);
            continue;
        }
        if event.ty == kind(case.code) && !found {
            found = true;
            wrong.extend(check(&event, case.code, &case.wanted));
            let told = event.param(0).map(number);
            if case.code != "MMAP_X" && told != Some(results[at]) {
                wrong.push(format!("{}: the result is told as {told:?}, and was {}", case.code, results[at]));
            }
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(at, cases.len(), "events stopped after {at} cases; {:#?}", live.losses());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A program that is started, and its end, as its parent, itself and the kernel tell it.
#[test]
fn a_process_is_told_from_its_beginning_to_its_end() {
    if !can_watch() {
        return;
    }
    let settings = Settings { skip_self: false, ..Settings::default() };
    let mut live = Live::open(&settings, &Wanted::state()).unwrap();
    let child =
        std::process::Command::new("/bin/sh").args(["-c", "exit 3"]).env("MARK", "here").spawn().unwrap();
    let pid = i64::from(child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let (mut told, mut exec) = (Vec::new(), None);
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until && told.last() != Some(&"procexit") {
        let Some(recorded) = live.next(Duration::from_millis(200)).unwrap() else { continue };
        let event = recorded.event;
        let name = event.info().name;
        if event.tid == pid && ["clone", "clone3", "vfork", "fork", "execve", "procexit"].contains(&name) {
            if name == "execve" {
                let text = |at: usize| String::from_utf8_lossy(event.param(at).unwrap()).replace('\0', " ");
                exec = Some((text(1), text(2), text(13), text(15).contains("MARK=here"), text(27), text(30)));
            }
            if name == "procexit" {
                assert_eq!(event.i64(1), Some(3), "how it ended");
            }
            told.push(name);
        }
    }
    let (exe, args, comm, env, path, filename) = exec.unwrap();
    assert_eq!((exe.as_str(), args.as_str(), comm.as_str()), ("/bin/sh ", "-c exit 3 ", "sh "));
    assert!(env, "the environment has the mark");
    assert_eq!(filename, "/bin/sh ");
    let shell = std::fs::canonicalize("/bin/sh").unwrap();
    assert_eq!(path.trim_end(), shell.to_str().unwrap());
    assert!(told.ends_with(&["execve", "procexit"]), "{told:?}");
    assert_eq!(live.losses().unwrap().total(), 0);
}
