//! A small capture: `cat` of a user reads a file, `bash` writes one.

use eyrie_events::capture::{Account, Interface};
use eyrie_events::state::Machine;
use eyrie_events::state::head::{FdDetail, FdRecord, GroupRecord, ThreadRecord, UserRecord};
use eyrie_events::{Event, EventType};
use eyrie_sources::capture::{Compression, Writer};

/// When the capture begins: 2026-11-22T01:00:00Z.
pub(crate) const START: u64 = 1_795_309_200_000_000_000;

const MILLISECOND: u64 = 1_000_000;

/// The bytes of an event with these parameters, so many milliseconds after the start.
fn event(after: u64, tid: i64, ty: EventType, params: &[&[u8]]) -> Vec<u8> {
    let lengths = params.iter().flat_map(|param| u16::try_from(param.len()).unwrap().to_le_bytes());
    let body: Vec<u8> = lengths.chain(params.concat()).collect();
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&(START + after * MILLISECOND).to_le_bytes());
    bytes.extend_from_slice(&tid.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(26 + body.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&ty.0.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(params.len()).unwrap().to_le_bytes());
    bytes.extend(body);
    bytes
}

fn open(after: u64, tid: i64, fd: i64, path: &str, flags: u32) -> Vec<u8> {
    let params: [&[u8]; 7] = [
        &fd.to_le_bytes(),
        &(-100i64).to_le_bytes(),
        &[path.as_bytes(), b"\0"].concat(),
        &flags.to_le_bytes(),
        &0o644u32.to_le_bytes(),
        &8u32.to_le_bytes(),
        &77u64.to_le_bytes(),
    ];
    event(after, tid, EventType::OPENAT_2_X, &params)
}

fn transfer(after: u64, tid: i64, ty: EventType, fd: i64, data: &[u8]) -> Vec<u8> {
    let len = i64::try_from(data.len()).unwrap();
    let size = u32::try_from(data.len()).unwrap();
    event(after, tid, ty, &[&len.to_le_bytes(), data, &fd.to_le_bytes(), &size.to_le_bytes()])
}

fn close(after: u64, tid: i64, fd: i64) -> Vec<u8> {
    event(after, tid, EventType::CLOSE_X, &[&0i64.to_le_bytes(), &fd.to_le_bytes()])
}

fn thread<'a>(tid: i64, ptid: i64, comm: &'a [u8], exepath: &'a [u8], args: &'a [u8]) -> ThreadRecord<'a> {
    ThreadRecord {
        tid,
        pid: tid,
        ptid,
        sid: 41,
        vpgid: tid,
        pgid: tid,
        vtid: tid,
        vpid: tid,
        comm,
        exe: comm,
        exepath,
        args,
        cwd: b"/home/eve",
        uid: 1000,
        gid: 1000,
        fd_limit: 1024,
        ..ThreadRecord::default()
    }
}

/// The capture.
pub(crate) fn capture(compression: Compression) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), compression).unwrap();
    writer
        .machine(&Machine {
            cpus: 4,
            memory: 8 << 30,
            max_pid: 4_194_304,
            hostname: "web-1".into(),
            boot_time: START - 3_600_000 * MILLISECOND,
            flags: 0,
        })
        .unwrap();
    let address = Interface {
        name: b"eth0",
        address: "10.0.0.5".parse().unwrap(),
        mask: "255.0.0.0".parse().unwrap(),
        broadcast: "10.255.255.255".parse().unwrap(),
        link_speed: 0,
    };
    writer.interfaces([address]).unwrap();
    writer
        .accounts([
            Account::User(UserRecord {
                uid: 1000,
                gid: 1000,
                name: b"eve",
                home: b"/home/eve",
                shell: b"/bin/bash",
            }),
            Account::Group(GroupRecord { gid: 1000, name: b"eve" }),
        ])
        .unwrap();
    writer
        .threads([
            thread(41, 1, b"bash", b"/usr/bin/bash", b""),
            thread(42, 41, b"cat", b"/usr/bin/cat", b"/etc/shadow\0"),
        ])
        .unwrap();
    let detail = FdDetail::Other { ty: eyrie_events::state::FdType::Fifo, name: b"" };
    writer.descriptors(42, [FdRecord { number: 1, inode: 5, detail }]).unwrap();
    let events = [
        open(0, 42, 3, "/etc/shadow", 1),
        transfer(1000, 42, EventType::READ_X, 3, b"root:*:1::\n"),
        open(1500, 41, 4, "notes\tof \x1b[31meve", 2 | 4),
        transfer(1600, 41, EventType::WRITE_X, 4, b"secret"),
        transfer(1700, 42, EventType::READ_X, 3, b"eve:*:1::\n"),
        close(2000, 42, 3),
        open(2500, 42, 3, "/etc/hosts", 1),
        close(3000, 42, 3),
    ];
    for bytes in &events {
        writer.event(&Event::decode(bytes).unwrap(), 0).unwrap();
    }
    writer.finish().unwrap()
}

/// A rule file about it.
pub(crate) const RULES: &str = "\
- macro: opened
  condition: evt.type = openat and evt.rawres >= 0
- rule: Password file opened
  desc: Somebody opened the file with passwords.
  condition: opened and fd.name = /etc/shadow
  output: Password file opened | file=%fd.name user=%user.name command=%proc.cmdline
  priority: WARNING
  tags: [filesystem]
- rule: File opened
  desc: Somebody opened a file.
  condition: opened
  output: File opened | file=%fd.name
  priority: DEBUG
";
