//! Captures that were recorded on real machines, where they are at hand.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use eyrie_events::capture::DescriptorKind;
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
                    files += usize::from(matches!(descriptor.kind, DescriptorKind::File { .. }));
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
