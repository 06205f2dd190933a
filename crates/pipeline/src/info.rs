//! [`Info`]: what is in a capture.

use std::collections::HashMap;
use std::io::Read;
use std::ops::ControlFlow;

use eyrie_events::state::Machine;
use eyrie_events::table::EventFlags;
use eyrie_events::{EventRecord, EventType, SyscallId};
use eyrie_sources::capture::{Compression, Item, ReadError};

use crate::replay::{Replay, Step, Summary};

/// How many names are counted at most; the rarest are forgotten when there are more.
const MAX_NAMES: usize = 100_000;

/// How many bytes these names have at most.
const MAX_NAME_BYTES: usize = 16 << 20;

/// How many versions of sections are told at most.
pub const MAX_FORMATS: usize = 16;

/// What is in a capture.
#[derive(Clone, Debug)]
pub struct Info {
    /// How it is compressed.
    pub compression: Compression,
    /// How many sections it has; several if captures were put one after another.
    pub sections: u64,
    /// The versions of its sections, each once: the first [`MAX_FORMATS`].
    pub formats: Vec<(u16, u16)>,
    /// The machine of the last section.
    pub machine: Machine,
    /// Threads, descriptors, users and groups, and network addresses at its head.
    pub head: HeadCounts,
    /// Events and their time.
    pub summary: Summary,
    /// Events by name, the most frequent first.
    pub events: Vec<(String, u64)>,
    /// Processes by path and name, those with the most events first.
    pub processes: Vec<(String, u64)>,
    /// Files by path, those with the most events first.
    pub files: Vec<(String, Usage)>,
}

/// What stands at a capture's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say all there is to say")]
pub struct HeadCounts {
    pub threads: u64,
    pub descriptors: u64,
    pub accounts: u64,
    pub interfaces: u64,
}

/// How a file was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Events on it.
    pub events: u64,
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
}

impl Info {
    /// Reads a capture to its end. If it is damaged or cut off, what comes before is told, and why there is no more.
    pub fn of<R: Read>(replay: &mut Replay<R>) -> (Info, Option<ReadError>) {
        let mut counting = Counting::default();
        let read = replay.steps(|step| {
            match step {
                Step::Item(item) => counting.item(item),
                Step::Event { record, state_only: false } => counting.event(record),
                _ => {}
            }
            ControlFlow::Continue(())
        });
        (counting.finish(replay), read.err())
    }
}

#[derive(Default)]
struct Counting {
    sections: u64,
    formats: Vec<(u16, u16)>,
    head: HeadCounts,
    events: HashMap<&'static str, u64>,
    processes: Names<u64>,
    files: Names<Usage>,
}

impl Counting {
    fn item(&mut self, item: &Item<'_>) {
        match item {
            Item::Section(section) => {
                self.sections += 1;
                let format = (section.major, section.minor);
                if self.formats.len() < MAX_FORMATS && !self.formats.contains(&format) {
                    self.formats.push(format);
                }
            }
            Item::Interface(_) => self.head.interfaces += 1,
            Item::Account(_) => self.head.accounts += 1,
            Item::Thread(_) => self.head.threads += 1,
            Item::Descriptor(..) => self.head.descriptors += 1,
            Item::Machine(_) | Item::Event(_) => {}
        }
    }

    fn event(&mut self, record: &EventRecord<'_>) {
        let event = record.event;
        // Calls without a kind of event of their own say which they are.
        let generic =
            (event.ty == EventType::GENERIC_X).then(|| SyscallId(event.u16(0).unwrap_or_default()).name());
        *self.events.entry(generic.flatten().unwrap_or(event.info().name)).or_default() += 1;
        if let Some(thread) = record.thread() {
            let path = if thread.exepath.is_empty() { &thread.comm } else { &thread.exepath };
            self.processes.change(path, |count| *count += 1);
        }
        let Some(fd) = record.fd().filter(|fd| fd.is_file() && !fd.name.is_empty()) else { return };
        let bytes = event.i64(0).and_then(|result| u64::try_from(result).ok()).unwrap_or(0);
        self.files.change(&fd.name, |usage| {
            usage.events += 1;
            if event.has(EventFlags::READS) {
                usage.read += bytes;
            } else if event.has(EventFlags::WRITES) {
                usage.written += bytes;
            }
        });
    }

    fn finish<R: Read>(self, replay: &Replay<R>) -> Info {
        let mut events: Vec<_> =
            self.events.into_iter().map(|(name, count)| (name.to_string(), count)).collect();
        events.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Info {
            compression: replay.compression(),
            sections: self.sections,
            formats: self.formats,
            machine: replay.host().machine.clone(),
            head: self.head,
            summary: replay.summary(),
            events,
            processes: self.processes.sorted(),
            files: self.files.sorted(),
        }
    }
}

/// What is counted by name.
#[derive(Default)]
struct Names<T> {
    counts: HashMap<Vec<u8>, T>,
    /// How many bytes the names have.
    bytes: usize,
}

impl<T: Copy + Default + Count> Names<T> {
    fn change(&mut self, name: &[u8], change: impl FnOnce(&mut T)) {
        if let Some(value) = self.counts.get_mut(name) {
            return change(value);
        }
        while !self.counts.is_empty()
            && (self.counts.len() >= MAX_NAMES || self.bytes + name.len() > MAX_NAME_BYTES)
        {
            let mut counts: Vec<u64> = self.counts.values().map(Count::count).collect();
            let middle = counts.len() / 2;
            let (_, median, _) = counts.select_nth_unstable(middle);
            let median = *median;
            self.counts.retain(|_, value| value.count() > median);
            self.bytes = self.counts.keys().map(Vec::len).sum();
        }
        self.bytes += name.len();
        change(self.counts.entry(name.to_vec()).or_default());
    }

    fn sorted(self) -> Vec<(String, T)> {
        let named = |(name, value): (Vec<u8>, T)| (String::from_utf8_lossy(&name).into_owned(), value);
        let mut all: Vec<_> = self.counts.into_iter().map(named).collect();
        all.sort_by(|a, b| b.1.count().cmp(&a.1.count()).then_with(|| a.0.cmp(&b.0)));
        all
    }
}

trait Count {
    fn count(&self) -> u64;
}

impl Count for u64 {
    fn count(&self) -> u64 {
        *self
    }
}

impl Count for Usage {
    fn count(&self) -> u64 {
        self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_in_bytes_and_the_frequent_stay() {
        let mut names = Names::<u64>::default();
        for at in 0..3_000u32 {
            names.change(b"frequent", |count| *count += 1);
            let mut long = vec![b'x'; 60_000];
            long.extend(at.to_le_bytes());
            names.change(&long, |count| *count += 1);
            assert!(names.bytes <= MAX_NAME_BYTES);
            assert_eq!(names.bytes, names.counts.keys().map(Vec::len).sum::<usize>());
        }
        assert_eq!(names.sorted().first(), Some(&("frequent".to_string(), 3_000)));
    }
}
