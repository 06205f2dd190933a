//! What is written is read again, and damage is told.

use std::io::Read;

use eyrie_events::capture::{Account, Interface, Section};
use eyrie_events::state::head::{FdDetail, FdRecord, GroupRecord, ThreadRecord, UserRecord};
use eyrie_events::state::{FdType, Machine};
use eyrie_events::{Event, EventType};
use eyrie_sources::capture::{Compression, Item, Limit, ReadError, Reader, Writer};

/// The bytes of an event with these parameters.
fn event(time: u64, tid: i64, ty: EventType, params: &[&[u8]]) -> Vec<u8> {
    let large = ty.info().unwrap().flags.has(eyrie_events::table::EventFlags::LARGE);
    let mut body = Vec::new();
    for param in params {
        if large {
            body.extend_from_slice(&u32::try_from(param.len()).unwrap().to_le_bytes());
        } else {
            body.extend_from_slice(&u16::try_from(param.len()).unwrap().to_le_bytes());
        }
    }
    body.extend(params.concat());
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&time.to_le_bytes());
    bytes.extend_from_slice(&tid.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(26 + body.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&ty.0.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(params.len()).unwrap().to_le_bytes());
    bytes.extend(body);
    bytes
}

fn close(time: u64, tid: i64, fd: i64) -> Vec<u8> {
    event(time, tid, EventType::CLOSE_X, &[&0i64.to_le_bytes(), &fd.to_le_bytes()])
}

fn write_head(writer: &mut Writer<Vec<u8>>) {
    let machine = Machine {
        cpus: 2,
        memory: 1 << 34,
        max_pid: 4_194_304,
        hostname: "web-1".into(),
        boot_time: 1_700_000_000_000_000_000,
        flags: 1,
    };
    writer.machine(&machine).unwrap();
    writer
        .interfaces([
            Interface {
                name: b"lo",
                address: "127.0.0.1".parse().unwrap(),
                mask: "255.0.0.0".parse().unwrap(),
                broadcast: "127.0.0.1".parse().unwrap(),
                link_speed: 0,
            },
            Interface {
                name: b"eth0",
                address: "fe80::1".parse().unwrap(),
                mask: "ffff:ffff:ffff:ffff::".parse().unwrap(),
                broadcast: "::".parse().unwrap(),
                link_speed: 1_000_000_000,
            },
        ])
        .unwrap();
    writer
        .accounts([
            Account::User(UserRecord { uid: 0, gid: 0, name: b"root", home: b"/root", shell: b"/bin/sh" }),
            Account::Group(GroupRecord { gid: 4, name: b"adm" }),
        ])
        .unwrap();
    let thread = ThreadRecord {
        tid: 42,
        pid: 41,
        ptid: 1,
        sid: 7,
        vpgid: 8,
        pgid: 9,
        vtid: 2,
        vpid: 1,
        comm: b"cat",
        exe: b"cat",
        exepath: b"/bin/cat",
        args: b"-n\0/etc/passwd\0",
        env: b"A=1\0",
        cgroups: b"cpu=/\0",
        cwd: b"/",
        root: b"/",
        fd_limit: 1024,
        uid: 1000,
        gid: 1000,
        login_uid: 1000,
        tty: 3,
        pidns_start: 5,
        ..ThreadRecord::default()
    };
    writer.threads([thread, ThreadRecord { tid: 43, ..ThreadRecord::default() }]).unwrap();
    let details = [
        FdDetail::Ipv4 {
            source: "10.0.0.1".parse().unwrap(),
            destination: "10.0.0.2".parse().unwrap(),
            source_port: 40_000,
            destination_port: 443,
            protocol: 1,
        },
        FdDetail::Ipv6 {
            source: "::1".parse().unwrap(),
            destination: "::2".parse().unwrap(),
            source_port: 40_000,
            destination_port: 443,
            protocol: 2,
        },
        FdDetail::Ipv4Server { address: "0.0.0.0".parse().unwrap(), port: 80, protocol: 1 },
        FdDetail::Ipv6Server { address: "::".parse().unwrap(), port: 80, protocol: 1 },
        FdDetail::Unix { source: 1, destination: 2, path: b"/run/x.sock" },
        FdDetail::File { open_flags: 1, path: b"/etc/passwd", device: 77 },
        FdDetail::Other { ty: FdType::Fifo, name: b"pipe:[9]" },
        // Left out: Falco's reader does not know it.
        FdDetail::Other { ty: FdType::Unknown, name: b"" },
    ];
    let records =
        details.iter().zip(3..).map(|(detail, number)| FdRecord { number, inode: 9, detail: *detail });
    writer.descriptors(42, records).unwrap();
}

/// A capture with everything that there is in one.
fn sample(compression: Compression) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), compression).unwrap();
    write_head(&mut writer);
    let user = event(
        1,
        -1,
        EventType::USER_ADDED_E,
        &[&5u32.to_le_bytes(), &5u32.to_le_bytes(), b"bob\0", b"/home/bob\0", b"/bin/sh\0", b"\0", b""],
    );
    writer.event(&Event::decode(&user).unwrap(), 0).unwrap();
    for at in 0..50 {
        let bytes = close(10 + at, 42, 3);
        let mut event = Event::decode(&bytes).unwrap();
        event.cpu = 1;
        writer.event(&event, u32::from(at == 7)).unwrap();
    }
    let large = event(99, -1, EventType::PLUGINEVENT_E, &[&7u32.to_le_bytes(), &vec![b'x'; 70_000]]);
    writer.event(&Event::decode(&large).unwrap(), 0).unwrap();
    writer.finish().unwrap()
}

/// Everything in a capture, as text.
fn listing(bytes: &[u8]) -> (Vec<String>, Option<ReadError>) {
    let mut reader = match Reader::new(bytes) {
        Ok(reader) => reader,
        Err(source) => return (Vec::new(), Some(ReadError::Io { offset: 0, source })),
    };
    let mut lines = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(item)) => lines.push(format!("{item:?}")),
            Ok(None) => return (lines, None),
            Err(error) => return (lines, Some(error)),
        }
    }
}

fn events(bytes: &[u8]) -> Vec<u64> {
    let mut reader = Reader::new(bytes).unwrap();
    let mut numbers = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        if let Item::Event(recorded) = item {
            numbers.push(recorded.event.number);
        }
    }
    numbers
}

#[test]
fn what_is_written_is_read_whatever_compresses_it() {
    let (plain, error) = listing(&sample(Compression::None));
    assert!(error.is_none());
    for compression in [Compression::Gzip, Compression::Zstd] {
        let bytes = sample(compression);
        assert_eq!(Reader::new(bytes.as_slice()).unwrap().compression(), compression);
        assert_eq!(listing(&bytes).0, plain);
        let mut ahead = Reader::new(std::io::Cursor::new(bytes)).unwrap().ahead().unwrap();
        assert_eq!(ahead.compression(), compression);
        for line in &plain {
            assert_eq!(*line, format!("{:?}", ahead.next().unwrap().unwrap()));
        }
        assert!(ahead.next().unwrap().is_none());
    }
    let text = plain.join("\n");
    for part in [
        "hostname: \"web-1\"",
        "boot_time: 1700000000000000000",
        "address: fe80::1",
        "link_speed: 1000000000",
        "source: 10.0.0.1, destination: 10.0.0.2, source_port: 40000, destination_port: 443, protocol: 1",
        "source: ::1, destination: ::2, source_port: 40000, destination_port: 443, protocol: 2",
        "login_uid: 1000",
        "pgid: 9",
        "pidns_start: 5, tty: 3",
        "device: 77",
        "ty: Fifo",
        "initial: true",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("ty: Unknown"));
    let flagged = plain.iter().filter(|line| line.contains("flags: 1, initial: false")).count();
    assert_eq!(flagged, 1);
    assert_eq!(events(&sample(Compression::None)), (1..=52).collect::<Vec<u64>>());
}

#[test]
fn a_capture_cut_anywhere_gives_everything_before_the_cut() {
    let whole = sample(Compression::None);
    assert!(whole.len() > 64 << 10);
    // Where each item ends.
    let mut ends = Vec::new();
    let mut reader = Reader::new(whole.as_slice()).unwrap();
    while reader.next().unwrap().is_some() {
        ends.push(reader.offset());
    }
    for cut in 0..64 << 10 {
        let mut reader = Reader::new(&whole[..cut]).unwrap();
        let mut items = 0;
        let error = loop {
            match reader.next() {
                Ok(Some(_)) => items += 1,
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        assert_eq!(items, ends.iter().filter(|end| **end <= cut as u64).count(), "cut at {cut}");
        match error {
            // Between two blocks nothing shows the cut. A list's last entry may be followed by padding and a length.
            None => assert!(cut as u64 - ends[items - 1] < 8, "cut at {cut}"),
            Some(ReadError::Truncated { offset }) => assert!(offset < cut as u64),
            Some(ReadError::Empty) => assert_eq!(cut, 0),
            Some(ReadError::NotACapture { found }) => assert!(found.len() == cut && cut < 4),
            Some(other) => panic!("cut at {cut}: {other}"),
        }
    }
}

#[test]
fn a_compressed_capture_cut_off_gives_what_can_be_decompressed() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let whole = sample(compression);
        let (all, _) = listing(&whole);
        for cut in 1..whole.len() {
            let (lines, error) = listing(&whole[..cut]);
            assert!(all.starts_with(&lines));
            match error {
                Some(ReadError::Truncated { .. } | ReadError::NotACapture { .. } | ReadError::Empty) => {}
                other => panic!("{compression:?} cut at {cut}: {other:?}"),
            }
            if cut % 16 == 0 {
                // As well with another thread that decompresses.
                let mut ahead =
                    Reader::new(std::io::Cursor::new(whole[..cut].to_vec())).unwrap().ahead().unwrap();
                let mut items = 0;
                while let Ok(Some(_)) = ahead.next() {
                    items += 1;
                }
                assert_eq!(items, lines.len());
                assert!(matches!(ahead.next(), Err(ReadError::Truncated { .. })));
            }
        }
    }
}

#[test]
fn bytes_arrive_one_by_one() {
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let len = self.0.len().min(1);
            self.0.read(&mut buf[..len])
        }
    }
    let bytes = sample(Compression::Gzip);
    let mut reader = Reader::new(Slow(&bytes)).unwrap();
    let mut count = 0;
    while reader.next().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, listing(&bytes).0.len());
}

#[test]
fn captures_one_after_another_are_sections() {
    let one = sample(Compression::Gzip);
    let both = [one.clone(), one].concat();
    let mut reader = Reader::new(both.as_slice()).unwrap();
    let (mut sections, mut numbers) = (0, Vec::new());
    while let Some(item) = reader.next().unwrap() {
        match item {
            Item::Section(Section { major: 1, minor: 2, .. }) => sections += 1,
            Item::Event(recorded) if !recorded.initial => numbers.push(recorded.event.number),
            _ => {}
        }
    }
    assert_eq!(sections, 2);
    // As in Falco, what a later section begins with is not counted.
    let expected: Vec<u64> = (2..=52).chain(53..=103).collect();
    assert_eq!(numbers, expected);
}

/// A block with this body.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len().next_multiple_of(4) + 12).unwrap();
    let mut bytes = [kind.to_le_bytes(), len.to_le_bytes()].concat();
    bytes.extend_from_slice(body);
    bytes.resize(len as usize - 4, 0);
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes
}

fn section() -> Vec<u8> {
    block(0x0A0D_0D0A, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 2, 0, 255, 255, 255, 255, 255, 255, 255, 255])
}

#[test]
fn what_is_not_known_is_skipped_and_counted() {
    let mut known = close(1, 2, 3);
    let mut unknown = known.clone();
    unknown[20..22].copy_from_slice(&60_000u16.to_le_bytes());
    let frame = |event: &[u8]| block(0x216, &[&[0, 0], event].concat());
    let bytes = [
        section(),
        block(0x9999, b"something new"),
        frame(&known),
        frame(&unknown),
        block(0x9999, &[7; 300_000]),
        frame(&known),
    ]
    .concat();
    let mut reader = Reader::new(bytes.as_slice()).unwrap();
    let mut count = 0;
    while let Some(item) = reader.next().unwrap() {
        count += usize::from(matches!(item, Item::Event(_)));
    }
    let counts = reader.counts();
    assert_eq!((count, counts.unknown_events, counts.unknown_blocks), (2, 1, 2));

    // A damaged event is told, and those after it can be read.
    known[26..28].copy_from_slice(&500u16.to_le_bytes());
    let bytes = [section(), frame(&known), frame(&close(1, 2, 3))].concat();
    let mut reader = Reader::new(bytes.as_slice()).unwrap();
    reader.next().unwrap();
    let error = reader.next().unwrap_err();
    assert_eq!(
        error.to_string(),
        "in the block at byte 28: the parameters of an event of the kind CLOSE_X are 508 bytes long, the event has room for 16"
    );
    assert!(matches!(reader.next(), Ok(Some(Item::Event(_)))));
}

#[test]
fn absurd_lengths_are_refused_and_take_no_memory() {
    let claim = |kind: u32, len: u32| {
        let mut bytes = section();
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&[0; 64]);
        bytes
    };
    for kind in [0x201, 0x215, 0x218, 0x219, 0x220, 0x9999, 0x221] {
        let bytes = claim(kind, u32::MAX - 3);
        let mut result = None;
        let used = allocation_counter::measure(|| result = Some(listing(&bytes).1));
        assert!(used.bytes_max < 1_200_000, "{kind:#x}: {} bytes", used.bytes_max);
        match result.unwrap().unwrap() {
            ReadError::Truncated { offset: 28 } => {}
            ReadError::Length { limit: Limit::Most(_), .. } => assert_eq!(kind, 0x221),
            other => panic!("{kind:#x}: {other}"),
        }
    }
    for (kind, len) in [(0x216, 70_000), (0x216, 3), (0x215, 11), (0x201, 0)] {
        let error = listing(&claim(kind, len)).1.unwrap();
        assert!(matches!(error, ReadError::Length { offset: 28, .. }), "{error}");
    }
}

#[test]
fn what_is_no_capture_is_said_to_be_none() {
    let mut later = section();
    later[12] = 2;
    let mut magic = section();
    magic[8] = 0;
    let mut trailer = [section(), block(0x9998, b"new"), block(0x201, &[0; 180])].concat();
    let at = trailer.len() - 4;
    trailer[at] = 99;
    let cases: [&[u8]; 8] = [
        b"",
        b"GIF89a, or so",
        &later,
        &magic,
        &trailer,
        &[section(), block(0x220, b"\0\0\0\0")].concat(),
        &[section(), block(0x220, &[200, 0, 0, 0, 0, 1, 2, 3])].concat(),
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 255, 255, 255],
    ];
    let messages: Vec<String> = cases.iter().map(|bytes| listing(bytes).1.unwrap().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    the file is empty
    this is no capture: a capture begins with the bytes 0a 0d 0d 0a, this with 47 49 46 38
    in the block at byte 0: the capture's format is version 2.2; version 1 is known
    in the block at byte 0: the section header's magic number is 0x1a2b3c00 instead of 0x1a2b3c4d
    the block at byte 44 is 192 bytes long by its beginning and 99 by its end
    in the block at byte 36: an entry of the user list says that it is 0 bytes long, but it has 4
    in the block at byte 36: the user list needs 200 bytes, but only 8 are left
    the capture cannot be read further at byte 0: corrupt deflate stream
    ");
}

#[test]
fn what_follows_a_whole_gzip_member_is_left_unread() {
    let (plain, whole) = (listing(&sample(Compression::None)).0, sample(Compression::Gzip));
    for trailing in [&[0u8; 700][..], b"\x1f", b"x", b"trailing words", b"\n"] {
        let bytes = [&whole[..], trailing].concat();
        let (lines, error) = listing(&bytes);
        assert!(error.is_none(), "{trailing:?}: {error:?}");
        assert_eq!(lines, plain);
    }
    // Another member is read, and one that is cut off is said to be.
    let (lines, error) = listing(&whole.repeat(2));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(lines.len(), 2 * plain.len());
    let twice = whole.repeat(2);
    for len in [whole.len() + 2, whole.len() + 7, twice.len() - 1] {
        let (lines, error) = listing(&twice[..len]);
        assert!(matches!(error, Some(ReadError::Truncated { .. })), "{len}: {error:?}");
        assert_eq!(lines[..plain.len()], plain);
    }
    let (_, error) = listing(&whole[..whole.len() - 1]);
    assert!(matches!(error, Some(ReadError::Truncated { .. })), "{error:?}");
}
