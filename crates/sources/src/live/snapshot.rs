//! What there is at the start, from /proc and a few files of /etc: the machine, its addresses, users and groups, every thread
//! and every descriptor. Processes come and go meanwhile; one that cannot be read any more has ended, and is left out.

mod process;
mod sockets;

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use eyrie_events::capture::{Account, Interface};
use eyrie_events::state::Machine;
use eyrie_events::state::head::{GroupRecord, UserRecord};

use super::ring;
use crate::capture::Item;

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Threads.
    pub threads: u64,
    /// Descriptors.
    pub descriptors: u64,
    /// Processes that ended, or could not be read, while they were looked at.
    pub vanished: u64,
    /// How long it took.
    pub took: Duration,
}

/// Why nothing can be found out.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be read: {source}")]
pub struct SnapshotError {
    path: &'static str,
    #[source]
    source: io::Error,
}

/// Gives everything to `each`: the machine first, then addresses, accounts, and each process with its threads and descriptors.
pub(super) fn take(mut each: impl FnMut(Item<'_>)) -> Result<Snapshot, SnapshotError> {
    let began = Instant::now();
    let machine = machine();
    let boot_time = machine.boot_time;
    each(Item::Machine(machine));
    for found in ring::addresses().unwrap_or_default() {
        each(Item::Interface(Interface {
            name: &found.name,
            address: found.address,
            mask: found.mask,
            broadcast: found.broadcast,
            link_speed: 0,
        }));
    }
    accounts(&mut each);
    let mut snapshot = Snapshot::default();
    process::all(boot_time, &mut snapshot, &mut each)
        .map_err(|source| SnapshotError { path: "/proc", source })?;
    snapshot.took = began.elapsed();
    Ok(snapshot)
}

fn machine() -> Machine {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse().ok();
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = meminfo.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    Machine {
        cpus: std::thread::available_parallelism().map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(1)),
        memory: kib.unwrap_or(0) * 1024,
        max_pid: number("/proc/sys/kernel/pid_max").unwrap_or(0),
        hostname: ring::hostname(),
        boot_time: super::boot_epoch().unwrap_or(0),
        flags: 0,
    }
}

fn accounts(each: &mut impl FnMut(Item<'_>)) {
    for line in fs::read("/etc/passwd").unwrap_or_default().split(|byte| *byte == b'\n') {
        let columns: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        if let [name, _, uid, gid, _, home, shell] = columns.as_slice()
            && let (Some(uid), Some(gid)) = (number(uid), number(gid))
        {
            each(Item::Account(Account::User(UserRecord { uid, gid, name, home, shell })));
        }
    }
    for line in fs::read("/etc/group").unwrap_or_default().split(|byte| *byte == b'\n') {
        let columns: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        if let [name, _, gid, ..] = columns.as_slice()
            && let Some(gid) = number(gid)
        {
            each(Item::Account(Account::Group(GroupRecord { gid, name })));
        }
    }
}

/// A number in text; `None` if it is none.
fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}
