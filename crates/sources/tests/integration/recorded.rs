//! Captures that were recorded on real machines, where they are at hand.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use eyrie_events::capture::Encoder;
use eyrie_events::state::head::FdDetail;
use eyrie_sources::capture::{Compression, Item, Reader};

/// The folder of recorded captures, if there is one beside the workspace.
pub(crate) fn captures() -> Option<PathBuf> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/captures").canonicalize();
    if folder.is_err() {
        eprintln!("skipped: the recorded captures are not beside the workspace");
    }
    folder.ok()
}

#[test]
fn every_event_of_the_recorded_captures_is_read() {
    let Some(folder) = captures() else { return };
    for name in ["mixed", "forkexec", "net", "suspicious", "syscalls", "large"] {
        let file = File::open(folder.join(name).with_extension("scap")).unwrap();
        let mut reader = Reader::new(file).unwrap();
        assert_eq!(reader.compression(), Compression::Gzip);
        let (mut heads, mut threads, mut files) = (BTreeMap::new(), 0, 0);
        let (mut initial, mut events, mut first, mut last) = (0, 0, None, 0);
        let mut types: BTreeMap<String, usize> = BTreeMap::new();
        let mut time = 0;
        while let Some(item) = reader.next().unwrap() {
            let head = match item {
                Item::Section(_) => "section",
                Item::Machine(machine) => {
                    assert_eq!(machine.hostname, "vm");
                    "machine"
                }
                Item::Interface(_) => "interface",
                Item::Account(_) => "account",
                Item::Thread(thread) => {
                    assert!(!thread.comm.is_empty());
                    threads += 1;
                    "thread"
                }
                Item::Descriptor(_, descriptor) => {
                    files += usize::from(matches!(descriptor.detail, FdDetail::File { .. }));
                    "descriptor"
                }
                Item::Event(recorded) if recorded.initial => {
                    initial += 1;
                    "event"
                }
                Item::Event(recorded) => {
                    let event = recorded.event;
                    events += 1;
                    first.get_or_insert(event.number);
                    last = event.number;
                    assert_eq!(event.params().count(), event.info().params.len(), "{}", event.ty);
                    assert!(event.time >= time, "events are in order");
                    time = event.time;
                    let info = event.info();
                    let direction = if event.ty.is_enter() { "E" } else { "X" };
                    *types.entry(format!("{}_{direction} {}", info.name, event.ty.0)).or_default() += 1;
                    "event"
                }
            };
            *heads.entry(head).or_insert(0) += 1;
        }
        let info = std::fs::read_to_string(folder.join(name).with_extension("info.json")).unwrap();
        assert!(info.contains(&format!("\"events\":{events},")), "{name}: {events} events, but {info}");
        assert_eq!((initial, first, last), (71, Some(72), events + 71), "{name}");
        assert!(threads > 1 && files > 1, "{name}");
        assert_eq!((heads["section"], heads["machine"]), (1, 1));
        let counts = reader.counts();
        assert_eq!((counts.unknown_events, counts.unknown_blocks), (0, 0));
        assert_eq!(counts.events, events + 71);
        if let Ok(expected) = std::fs::read_to_string(folder.join(format!("{name}.types.txt"))) {
            let expected: BTreeMap<String, usize> = expected
                .lines()
                .map(|line| {
                    let (count, ty) = line.trim().split_once(' ').unwrap();
                    (ty.to_string(), count.parse().unwrap())
                })
                .collect();
            assert_eq!(types, expected, "{name}");
        }
    }
}

/// The blocks of a capture, those of lists taken apart into their entries: kind, who owns them, bytes.
fn pieces(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>, Vec<u8>)> {
    let number = |bytes: &[u8]| u32::from_le_bytes(*bytes.first_chunk().unwrap());
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (kind, len) = (number(bytes), number(&bytes[4..]) as usize);
        let mut body = &bytes[8..len - 4];
        let (owner, own) = match kind {
            0x215 | 0x220 => (0, 0),
            0x218 => (8, 0),
            0x219 => (0, 4),
            _ => {
                pieces.push((kind, Vec::new(), body.to_vec()));
                bytes = &bytes[len..];
                continue;
            }
        };
        let (owner, entries) = body.split_at(owner);
        body = entries;
        while body.len() >= 4 {
            let (entry, rest) = body.split_at(number(body) as usize + own);
            pieces.push((kind, owner.to_vec(), entry.to_vec()));
            body = rest;
        }
        bytes = &bytes[len..];
    }
    pieces
}

#[test]
fn what_falco_wrote_is_written_again_byte_for_byte() {
    let Some(folder) = captures() else { return };
    for name in ["mixed", "net", "suspicious", "syscalls"] {
        let mut original = Vec::new();
        let file = File::open(folder.join(name).with_extension("scap")).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut original).unwrap();
        let mut copy = Vec::new();
        let mut encoder = Encoder::new(&mut copy);
        let mut reader = Reader::new(original.as_slice()).unwrap();
        while let Some(item) = reader.next().unwrap() {
            match item {
                Item::Section(_) => encoder.section(),
                Item::Machine(machine) => encoder.machine(&machine),
                Item::Interface(interface) => encoder.interfaces([interface]),
                Item::Account(account) => encoder.accounts([account]),
                Item::Thread(thread) => encoder.threads([thread]),
                Item::Descriptor(tid, fd) => encoder.descriptors(tid, [fd]),
                Item::Event(recorded) => encoder.event(&recorded.event, recorded.flags),
            }
        }
        let (original, copy) = (pieces(&original), pieces(&copy));
        for (original, copy) in original.iter().zip(&copy) {
            assert_eq!(original, copy, "{name}");
        }
        assert_eq!(original.len(), copy.len(), "{name}");
    }
}
