//! Threads at a capture's head: [`Thread`].

use super::BlockError;
use super::cursor::{ByteOrder, Cursor};

/// A thread that was there when the recording began. Texts are as they stand in the capture: without a NUL at the end, except
/// where lists are joined by them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Falco's and say all there is to say")]
pub struct Thread<'a> {
    pub tid: i64,
    pub pid: i64,
    /// The parent's process id.
    pub ptid: i64,
    /// Session; -1 if the capture does not say.
    pub sid: i64,
    /// Process group in its own namespace; -1 if the capture does not say.
    pub vpgid: i64,
    /// Process group; -1 if the capture does not say.
    pub pgid: i64,
    /// The command's name.
    pub comm: &'a [u8],
    /// The command as it was called.
    pub exe: &'a [u8],
    /// The program's full path.
    pub exepath: &'a [u8],
    /// Arguments, joined by NUL.
    pub args: &'a [u8],
    /// Current directory.
    pub cwd: &'a [u8],
    /// How many descriptors it may have.
    pub fd_limit: i64,
    /// `PPM_CL_*` flags.
    pub flags: u32,
    pub uid: u32,
    pub gid: u32,
    /// Who logged in; `u32::MAX` if nobody or unknown.
    pub loginuid: u32,
    /// KiB of virtual memory.
    pub vm_size: u32,
    /// KiB of resident memory.
    pub vm_rss: u32,
    /// KiB in swap.
    pub vm_swap: u32,
    /// Page faults that had to wait for the disk.
    pub pf_major: u64,
    /// Page faults that had not.
    pub pf_minor: u64,
    /// Environment, `NAME=value` joined by NUL.
    pub env: &'a [u8],
    /// Thread id in its own namespace; -1 if the capture does not say.
    pub vtid: i64,
    /// Process id in its own namespace; -1 if the capture does not say.
    pub vpid: i64,
    /// Control groups, `controller=path` joined by NUL.
    pub cgroups: &'a [u8],
    /// Root directory.
    pub root: &'a [u8],
    /// When the first process of its namespace was started, in nanoseconds since the Unix epoch; 0 if unknown.
    pub pidns_init_start_ts: u64,
    /// Controlling terminal; 0 if none.
    pub tty: u32,
    pub cap_inheritable: u64,
    pub cap_permitted: u64,
    pub cap_effective: u64,
    pub exe_writable: bool,
    pub exe_upper_layer: bool,
    pub exe_lower_layer: bool,
    pub exe_from_memfd: bool,
    pub exe_ino: u64,
    pub exe_ino_ctime: u64,
    pub exe_ino_mtime: u64,
}

impl Default for Thread<'_> {
    fn default() -> Self {
        Thread {
            tid: 0,
            pid: 0,
            ptid: 0,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            comm: b"",
            exe: b"",
            exepath: b"",
            args: b"",
            cwd: b"",
            fd_limit: 0,
            flags: 0,
            uid: 0,
            gid: 0,
            loginuid: u32::MAX,
            vm_size: 0,
            vm_rss: 0,
            vm_swap: 0,
            pf_major: 0,
            pf_minor: 0,
            env: b"",
            vtid: -1,
            vpid: -1,
            cgroups: b"",
            root: b"",
            pidns_init_start_ts: 0,
            tty: 0,
            cap_inheritable: 0,
            cap_permitted: 0,
            cap_effective: 0,
            exe_writable: false,
            exe_upper_layer: false,
            exe_lower_layer: false,
            exe_from_memfd: false,
            exe_ino: 0,
            exe_ino_ctime: 0,
            exe_ino_mtime: 0,
        }
    }
}

/// Up to version 0.10 of Falco's libraries an entry ended with at most this many bytes: who logged in, whether the program was
/// writable, and capabilities. Two fields were then put before them instead of after.
const TAIL_BEFORE_0_10: usize = 29;

impl<'a> Thread<'a> {
    /// Reads one entry of a list of this version; `bytes` is what is left of the list or at least [`MAX_ENTRY`](super::MAX_ENTRY)
    /// of it. Returns the entry and its length.
    ///
    /// # Errors
    /// If the bytes end within it.
    pub fn decode(bytes: &'a [u8], version: u8, order: ByteOrder) -> Result<(Thread<'a>, usize), BlockError> {
        let mut cursor = Cursor::new(bytes, order);
        let len = if version >= 9 { Some(cursor.entry("process list")?) } else { None };
        let mut thread = Thread {
            tid: cursor.i64("a thread's id")?,
            pid: cursor.i64("a process id")?,
            ptid: cursor.i64("a parent's id")?,
            ..Thread::default()
        };
        if version >= 6 {
            thread.sid = cursor.i64("a session id")?;
        }
        if version >= 8 {
            thread.vpgid = cursor.i64("a process group")?;
        }
        thread.comm = cursor.text("a command's name")?;
        thread.exe = cursor.text("a command")?;
        if version >= 7 {
            thread.exepath = cursor.text("a program's path")?;
        }
        thread.args = cursor.text("arguments")?;
        thread.cwd = cursor.text("a current directory")?;
        thread.fd_limit = cursor.i64("a limit of descriptors")?;
        thread.flags = cursor.u32("a thread's flags")?;
        thread.uid = cursor.u32("a user id")?;
        thread.gid = cursor.u32("a group id")?;
        if version >= 2 {
            thread.vm_size = cursor.u32("a size of memory")?;
            thread.vm_rss = cursor.u32("a size of memory")?;
            thread.vm_swap = cursor.u32("a size of memory")?;
            thread.pf_major = cursor.u64("a number of page faults")?;
            thread.pf_minor = cursor.u64("a number of page faults")?;
        }
        if version >= 3 {
            thread.env = cursor.text("an environment")?;
        }
        if version >= 4 {
            thread.vtid = cursor.i64("a thread's id in its namespace")?;
            thread.vpid = cursor.i64("a process id in its namespace")?;
            thread.cgroups = cursor.text("control groups")?;
        }
        if version >= 5 {
            thread.root = cursor.text("a root directory")?;
        }
        let Some(len) = len else {
            return Ok((thread, cursor.used()));
        };
        // What follows was added one by one: a field is there if the entry is long enough for it.
        const TAIL: &str = "a field that was added later";
        if cursor.left() > TAIL_BEFORE_0_10 {
            thread.pidns_init_start_ts = cursor.u64(TAIL).unwrap_or(0);
            thread.tty = cursor.u32(TAIL).unwrap_or(0);
        }
        thread.loginuid = cursor.u32(TAIL).unwrap_or(u32::MAX);
        thread.exe_writable = flag(&mut cursor);
        thread.cap_inheritable = cursor.u64(TAIL).unwrap_or(0);
        thread.cap_permitted = cursor.u64(TAIL).unwrap_or(0);
        thread.cap_effective = cursor.u64(TAIL).unwrap_or(0);
        thread.exe_upper_layer = flag(&mut cursor);
        thread.exe_ino = cursor.u64(TAIL).unwrap_or(0);
        thread.exe_ino_ctime = cursor.u64(TAIL).unwrap_or(0);
        thread.exe_ino_mtime = cursor.u64(TAIL).unwrap_or(0);
        thread.exe_from_memfd = flag(&mut cursor);
        thread.exe_lower_layer = flag(&mut cursor);
        thread.pgid = cursor.i64(TAIL).unwrap_or(-1);
        Ok((thread, len))
    }
}

fn flag(cursor: &mut Cursor<'_>) -> bool {
    cursor.u8("a flag that was added later").is_ok_and(|byte| byte != 0)
}
