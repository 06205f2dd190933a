//! Captures that were made to do harm.

use std::io::{self, Read};
use std::ops::ControlFlow;

use eyrie_events::capture::Encoder;
use eyrie_events::state::Limits;
use eyrie_events::state::head::ThreadRecord;
use eyrie_pipeline::{Info, Replay};
use eyrie_sources::capture::Reader;

/// A capture whose head has one list with so many threads, made as it is read.
struct Threads {
    left: u64,
    tid: i64,
    pending: Vec<u8>,
    at: usize,
}

impl Threads {
    fn new(count: u64) -> Threads {
        let entry = entry(1).len() as u64;
        let mut pending = Vec::new();
        Encoder::new(&mut pending).section();
        let padded = (count * entry).next_multiple_of(4);
        pending.extend_from_slice(&0x215u32.to_le_bytes());
        pending.extend_from_slice(&u32::try_from(padded + 12).unwrap().to_le_bytes());
        Threads { left: count, tid: 1, pending, at: 0 }
    }
}

/// An entry of a list of threads.
fn entry(tid: i64) -> Vec<u8> {
    let mut block = Vec::new();
    Encoder::new(&mut block).threads([ThreadRecord {
        tid,
        pid: tid,
        ptid: 1,
        comm: b"x",
        ..ThreadRecord::default()
    }]);
    let len = u32::from_le_bytes(*block[8..].first_chunk().unwrap()) as usize;
    block[8..8 + len].to_vec()
}

impl Read for Threads {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.pending.len() {
            if self.left == 0 {
                return Ok(0);
            }
            self.pending.clear();
            self.at = 0;
            for _ in 0..self.left.min(500) {
                self.pending.extend(entry(self.tid));
                self.tid += 1;
                self.left -= 1;
            }
        }
        let len = buf.len().min(self.pending.len() - self.at);
        buf[..len].copy_from_slice(&self.pending[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

#[test]
fn ever_more_threads_do_not_take_ever_more_memory() {
    let limits = Limits { threads: 2_000, ..Limits::default() };
    let peak = |count: u64| {
        let mut dropped = 0;
        let used = allocation_counter::measure(|| {
            let mut replay = Replay::new(Reader::new(Threads::new(count)).unwrap()).with_limits(limits);
            // It ends within the list, as nothing closes it.
            let _ = replay.for_each(|_| ControlFlow::Continue(()));
            dropped = replay.summary().host.dropped_threads;
        });
        (used.bytes_max, dropped)
    };
    let (some, dropped) = peak(10_000);
    assert!(dropped >= 8_000, "{dropped}");
    let (many, dropped) = peak(200_000);
    assert!(dropped >= 198_000, "{dropped}");
    assert!(many < some + some / 10, "{some} bytes with 10,000 threads, {many} with 200,000");
}

#[test]
fn ever_more_sections_do_not_take_ever_more_memory() {
    let mut section = Vec::new();
    Encoder::new(&mut section).section();
    let peak = |count: usize| {
        let bytes = section.repeat(count);
        let mut sections = 0;
        let used = allocation_counter::measure(|| {
            let (info, problem) = Info::of(&mut Replay::new(Reader::new(bytes.as_slice()).unwrap()));
            assert!(problem.is_none());
            assert_eq!(info.formats, [(1, 2)]);
            sections = info.sections;
        });
        assert_eq!(sections, count as u64);
        used.bytes_max
    };
    let (some, many) = (peak(1_000), peak(100_000));
    assert!(many < some + some / 10, "{some} bytes with 1,000 sections, {many} with 100,000");
}
