//! Threads at a capture's head, as [`ThreadRecord`]s.

use super::BlockError;
use super::cursor::{ByteOrder, Cursor};
use crate::state::NO_ID;
use crate::state::head::ThreadRecord;

/// Up to version 0.10 of Falco's libraries an entry ended with at most this many bytes: who logged in, whether the program was
/// writable, and capabilities. Two fields were then put before them instead of after.
const TAIL_BEFORE_0_10: usize = 29;

/// Reads one entry of a list of threads of this version; `bytes` is what is left of the list or at least
/// [`MAX_ENTRY`](super::MAX_ENTRY) of it. Returns the entry and its length. Texts are as they stand in the capture: without a
/// NUL at the end, except where lists are joined by them.
///
/// # Errors
/// If the bytes end within it.
pub fn decode_thread(
    bytes: &[u8],
    version: u8,
    order: ByteOrder,
) -> Result<(ThreadRecord<'_>, usize), BlockError> {
    let mut cursor = Cursor::new(bytes, order);
    let len = if version >= 9 { Some(cursor.entry("the process list")?) } else { None };
    let mut thread = ThreadRecord {
        tid: cursor.i64("a thread's id")?,
        pid: cursor.i64("a process id")?,
        ptid: cursor.i64("a parent's id")?,
        ..ThreadRecord::default()
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
        thread.memory.vm_size = cursor.u32("a size of memory")?;
        thread.memory.vm_rss = cursor.u32("a size of memory")?;
        thread.memory.vm_swap = cursor.u32("a size of memory")?;
        thread.memory.major_faults = cursor.u64("a number of page faults")?;
        thread.memory.minor_faults = cursor.u64("a number of page faults")?;
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
        thread.pidns_start = cursor.u64(TAIL).unwrap_or(0);
        thread.tty = cursor.u32(TAIL).unwrap_or(0);
    }
    thread.login_uid = cursor.u32(TAIL).unwrap_or(NO_ID);
    thread.executable.writable = flag(&mut cursor);
    thread.capabilities.inheritable = cursor.u64(TAIL).unwrap_or(0);
    thread.capabilities.permitted = cursor.u64(TAIL).unwrap_or(0);
    thread.capabilities.effective = cursor.u64(TAIL).unwrap_or(0);
    thread.executable.upper_layer = flag(&mut cursor);
    thread.executable.inode = cursor.u64(TAIL).unwrap_or(0);
    thread.executable.ctime = cursor.u64(TAIL).unwrap_or(0);
    thread.executable.mtime = cursor.u64(TAIL).unwrap_or(0);
    thread.executable.from_memory = flag(&mut cursor);
    thread.executable.lower_layer = flag(&mut cursor);
    thread.pgid = cursor.i64(TAIL).unwrap_or(-1);
    Ok((thread, len))
}

fn flag(cursor: &mut Cursor<'_>) -> bool {
    cursor.u8("a flag that was added later").is_ok_and(|byte| byte != 0)
}
