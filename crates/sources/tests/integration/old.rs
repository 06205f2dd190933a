//! Captures of earlier versions and of machines of the other byte order.

use eyrie_events::EventType;
use eyrie_events::capture::{Account, ByteOrder, Interface, Section};
use eyrie_events::state::NO_ID;
use eyrie_events::state::head::{FdDetail, FdRecord, ThreadRecord};
use eyrie_sources::capture::{Item, Reader};

/// Writes numbers in one byte order.
struct Bytes {
    out: Vec<u8>,
    big: bool,
}

impl Bytes {
    fn put<const N: usize>(&mut self, little: [u8; N]) -> &mut Self {
        let mut bytes = little;
        if self.big {
            bytes.reverse();
        }
        self.out.extend_from_slice(&bytes);
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.put(value.to_le_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.put(value.to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.put(value.to_le_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        self.u16(u16::try_from(text.len()).unwrap()).raw(text)
    }

    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Bytes)) -> &mut Self {
        let mut inner = Bytes { out: Vec::new(), big: self.big };
        body(&mut inner);
        inner.out.resize(inner.out.len().next_multiple_of(4), 0);
        let len = u32::try_from(inner.out.len() + 12).unwrap();
        self.u32(kind).u32(len).raw(&inner.out).u32(len)
    }

    fn section(big: bool) -> Bytes {
        let mut bytes = Bytes { out: Vec::new(), big };
        bytes.block(0x0A0D_0D0A, |block| {
            block.u32(0x1A2B_3C4D).u16(1).u16(2).u64(u64::MAX).raw(b"a comment...");
        });
        bytes
    }
}

/// An entry of a process list of this version.
fn thread(bytes: &mut Bytes, version: u8) {
    bytes.u64(42).u64(41).u64(1);
    if version >= 6 {
        bytes.u64(7);
    }
    if version >= 8 {
        bytes.u64(8);
    }
    bytes.text(b"cat").text(b"/bin/cat");
    if version >= 7 {
        bytes.text(b"/usr/bin/cat");
    }
    bytes.text(b"-n\0").text(b"/tmp").u64(1024).u32(3).u32(1000).u32(1001);
    if version >= 2 {
        bytes.u32(11).u32(12).u32(13).u64(14).u64(15);
    }
    if version >= 3 {
        bytes.text(b"A=1\0");
    }
    if version >= 4 {
        bytes.u64(2).u64(1).text(b"cpu=/\0");
    }
    if version >= 5 {
        bytes.text(b"/root");
    }
}

fn check_thread(thread: &ThreadRecord<'_>, version: u8) {
    let since = |first: u8, value: i64| if version >= first { value } else { -1 };
    assert_eq!((thread.tid, thread.pid, thread.ptid), (42, 41, 1));
    assert_eq!((thread.sid, thread.vpgid, thread.pgid), (since(6, 7), since(8, 8), -1));
    assert_eq!((thread.comm, thread.exe), (&b"cat"[..], &b"/bin/cat"[..]));
    assert_eq!(thread.exepath, if version >= 7 { &b"/usr/bin/cat"[..] } else { b"" });
    assert_eq!((thread.args, thread.cwd), (&b"-n\0"[..], &b"/tmp"[..]));
    assert_eq!((thread.fd_limit, thread.flags, thread.uid, thread.gid), (1024, 3, 1000, 1001));
    let memory = thread.memory;
    assert_eq!((memory.vm_swap, memory.minor_faults), if version >= 2 { (13, 15) } else { (0, 0) });
    assert_eq!(thread.env, if version >= 3 { &b"A=1\0"[..] } else { b"" });
    assert_eq!((thread.vtid, thread.vpid), (since(4, 2), since(4, 1)));
    assert_eq!(thread.cgroups, if version >= 4 { &b"cpu=/\0"[..] } else { b"" });
    assert_eq!(thread.root, if version >= 5 { &b"/root"[..] } else { b"" });
    assert_eq!(thread.login_uid, NO_ID);
}

#[test]
fn process_lists_of_every_version_are_read_in_either_byte_order() {
    let kinds = [0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214];
    let unofficial = [0x8000_ABCD, 0x8013_ABCD, 0x8014_ABCD];
    for big in [false, true] {
        for (kind, version) in kinds.into_iter().zip(1..).chain(unofficial.into_iter().zip(1..)) {
            let mut bytes = Bytes::section(big);
            bytes.block(kind, |block| {
                thread(block, version);
                thread(block, version);
            });
            let mut reader = Reader::new(bytes.out.as_slice()).unwrap();
            let mut threads = 0;
            while let Some(item) = reader.next().unwrap() {
                if let Item::Thread(thread) = item {
                    check_thread(&thread, version);
                    threads += 1;
                }
            }
            assert_eq!(threads, 2, "version {version}");
        }
    }
}

/// An entry of version 9 with these bytes after what version 8 had.
fn sized_thread(tail: impl FnOnce(&mut Bytes)) -> Vec<u8> {
    let mut entry = Bytes { out: Vec::new(), big: false };
    thread(&mut entry, 8);
    tail(&mut entry);
    let mut bytes = Bytes::section(false);
    let len = u32::try_from(entry.out.len() + 4).unwrap();
    bytes.block(0x215, |block| {
        block.u32(len).raw(&entry.out).u32(len).raw(&entry.out);
    });
    bytes.out
}

#[test]
fn what_was_added_to_threads_over_time_is_told_by_their_length() {
    let read = |bytes: &[u8], check: &dyn Fn(&ThreadRecord<'_>)| {
        let mut reader = Reader::new(bytes).unwrap();
        let mut threads = 0;
        while let Some(item) = reader.next().unwrap() {
            if let Item::Thread(thread) = item {
                check(&thread);
                threads += 1;
            }
        }
        assert_eq!(threads, 2);
    };
    // Nothing added.
    read(&sized_thread(|_| {}), &|thread| check_thread(thread, 9));
    // Before 0.10: who logged in comes first.
    let old = sized_thread(|entry| {
        entry.u32(500).raw(&[1]).u64(1).u64(2).u64(3);
    });
    read(&old, &|thread| {
        assert_eq!((thread.login_uid, thread.executable.writable, thread.tty), (500, true, 0));
        assert_eq!(thread.capabilities.effective, 3);
    });
    // Since 0.10 the namespace and the terminal come first; everything of today; and something of tomorrow.
    let new = sized_thread(|entry| {
        entry.u64(77).u32(5).u32(500).raw(&[1]).u64(1).u64(2).u64(3).raw(&[1]).u64(4).u64(5).u64(6);
        entry.raw(&[1, 1]).u64(9).raw(b"tomorrow");
    });
    read(&new, &|thread| {
        assert_eq!((thread.pidns_start, thread.tty, thread.login_uid, thread.pgid), (77, 5, 500, 9));
        let program = thread.executable;
        assert_eq!((program.inode, program.ctime, program.mtime), (4, 5, 6));
        assert!(program.upper_layer && program.lower_layer && program.from_memory && program.writable);
        let capabilities = thread.capabilities;
        assert_eq!((capabilities.inheritable, capabilities.permitted, capabilities.effective), (1, 2, 3));
    });
}

#[test]
fn lists_without_lengths_are_read() {
    let mut bytes = Bytes::section(false);
    bytes.block(0x205, |block| {
        block.u16(1).u16(2).raw(&[127, 0, 0, 1, 255, 0, 0, 0, 127, 0, 0, 1]).u64(9).raw(b"lo");
        block.u16(3).u16(4).raw(&[10, 0, 0, 1, 255, 0, 0, 0, 10, 0, 0, 255]).raw(b"eth0");
        block.u16(4).u16(2).raw(&[1; 48]).raw(b"v6");
    });
    bytes.block(0x206, |block| {
        block.raw(&[0]).u32(0).u32(0).text(b"root").text(b"/root").text(b"/bin/sh");
        block.raw(&[1]).u32(4).text(b"adm");
    });
    bytes.block(0x203, |block| {
        block.u64(42);
        block.u64(0).u64(5).raw(&[1]).text(b"/dev/null");
        block.u64(1).u64(6).raw(&[16]).u32(3).text(b"/etc/passwd");
        block.u64(2).u64(7).raw(&[3]).raw(&[10, 0, 0, 1, 10, 0, 0, 2]).u16(1).u16(2).raw(&[1]);
    });
    let mut reader = Reader::new(bytes.out.as_slice()).unwrap();
    let (mut names, mut speeds, mut accounts, mut fds) = (Vec::new(), Vec::new(), 0, Vec::new());
    while let Some(item) = reader.next().unwrap() {
        match item {
            Item::Interface(Interface { name, link_speed, .. }) => {
                names.push(String::from_utf8_lossy(name).into_owned());
                speeds.push(link_speed);
            }
            Item::Account(Account::User(user)) => {
                assert_eq!((user.name, user.shell), (&b"root"[..], &b"/bin/sh"[..]));
                accounts += 1;
            }
            Item::Account(Account::Group(group)) => {
                assert_eq!((group.gid, group.name), (4, &b"adm"[..]));
                accounts += 1;
            }
            Item::Descriptor(42, FdRecord { number, detail, .. }) => {
                let detail = match detail {
                    FdDetail::File { open_flags: 3, path: b"/etc/passwd", device: 0 } => "file",
                    FdDetail::Ipv4 { source_port: 1, destination_port: 2, protocol: 1, .. } => "socket",
                    FdDetail::Other { name: b"/dev/null", .. } => "other",
                    other => panic!("{other:?}"),
                };
                fds.push((number, detail));
            }
            _ => {}
        }
    }
    assert_eq!(names, ["lo", "eth0", "v6"]);
    assert_eq!(speeds, [9, 0, 0]);
    assert_eq!(accounts, 2);
    assert_eq!(fds, [(0, "other"), (1, "file"), (2, "socket")]);
}

/// An event without the number of its parameters.
fn uncounted(bytes: &mut Bytes, ty: EventType, extra: u32, lengths: &[u16], params: &[u8]) {
    bytes.block(0x204, |block| {
        let len = u32::try_from(22 + lengths.len() * 2 + params.len()).unwrap() + extra;
        block.u16(1).u64(1000).u64(42).u32(len).u16(ty.0);
        for len in lengths {
            block.u16(*len);
        }
        block.raw(params).raw(&[0; 3]);
    });
}

#[test]
fn events_without_a_number_of_parameters_are_read() {
    let mut bytes = Bytes::section(false);
    uncounted(&mut bytes, EventType::CLOSE_E, 0, &[8], &3i64.to_le_bytes());
    uncounted(&mut bytes, EventType::CLOSE_X, 0, &[8], &0i64.to_le_bytes());
    // Old recorders counted three bytes too many here.
    uncounted(&mut bytes, EventType::NOTIFICATION_E, 3, &[2, 3], b"a\0bc\0");
    let mut reader = Reader::new(bytes.out.as_slice()).unwrap();
    let mut seen = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        if let Item::Event(recorded) = item {
            let event = recorded.event;
            assert_eq!((event.cpu, event.time, event.tid), (1, 1000, 42));
            seen.push((
                event.number,
                event.ty,
                event.param(0).unwrap().to_vec(),
                event.param(1).unwrap().to_vec(),
            ));
        }
    }
    assert_eq!(
        seen,
        [
            (1, EventType::CLOSE_X, 0i64.to_le_bytes().to_vec(), 3i64.to_le_bytes().to_vec()),
            (2, EventType::NOTIFICATION_E, b"a\0".to_vec(), b"bc\0".to_vec()),
        ]
    );
    assert_eq!(reader.counts().merged_events, 1);
}

#[test]
fn a_capture_of_the_other_byte_order_is_read() {
    let mut bytes = Bytes::section(true);
    bytes.block(0x201, |block| {
        let mut name = [0; 128];
        name[..5].copy_from_slice(b"s390x");
        block.u32(4).u64(1 << 33).u64(32_768).raw(&name).u64(77).u64(0).u64(0).u64(0);
    });
    bytes.block(0x218, |block| {
        block.u64(42);
        block
            .u32(4 + 17 + 13)
            .u64(3)
            .u64(9)
            .raw(&[3])
            .raw(&[10, 0, 0, 1, 10, 0, 0, 2])
            .u16(1)
            .u16(443)
            .raw(&[1]);
    });
    bytes.block(0x216, |block| {
        block.u16(2).u64(1000).u64(42).u32(26 + 4 + 16).u16(EventType::CLOSE_X.0).u32(2);
        block.u16(8).u16(8).u64((-9i64).cast_unsigned()).u64(3);
    });
    // An old event, to be converted as well.
    bytes.block(0x217, |block| {
        block.u16(2).u32(5).u64(1001).u64(42).u32(26 + 2 + 8).u16(EventType::CLOSE_X.0).u32(1).u16(8).u64(0);
    });
    let mut reader = Reader::new(bytes.out.as_slice()).unwrap();
    let mut seen = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        seen.push(match item {
            Item::Section(Section { order, .. }) => {
                assert_eq!(order, ByteOrder::Big);
                "section".to_string()
            }
            Item::Machine(machine) => {
                format!("{} {} {} {}", machine.hostname, machine.cpus, machine.memory, machine.boot_time)
            }
            Item::Descriptor(42, fd) => format!("{fd:?}"),
            Item::Event(recorded) => {
                let event = recorded.event;
                format!(
                    "{} {} {} {} {:?} {:?} {}",
                    event.number,
                    event.time,
                    event.tid,
                    event.cpu,
                    event.i64(0),
                    event.i64(1),
                    recorded.flags
                )
            }
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(
        seen,
        [
            "section",
            "s390x 4 8589934592 77",
            "FdRecord { number: 3, inode: 9, detail: Ipv4 { source: 10.0.0.1, destination: 10.0.0.2, source_port: 1, \
             destination_port: 443, protocol: 1 } }",
            "1 1000 42 2 Some(-9) Some(3) 0",
            "2 1001 42 2 Some(0) Some(0) 5",
        ]
    );
}
