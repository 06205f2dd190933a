//! [`Timeline`]: things by the time of their event, of which there are at most so many.

use std::collections::BTreeMap;

/// What tells things apart: when they happened, and which of those of one time came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stamp {
    pub(crate) time: u64,
    number: u64,
}

/// Things in the order of their times.
#[derive(Debug)]
pub(crate) struct Timeline<T> {
    entries: BTreeMap<Stamp, T>,
    next: u64,
    limit: usize,
    evicted: u64,
}

impl<T> Timeline<T> {
    /// Empty; [`overflow`](Timeline::overflow) keeps it to so many.
    pub(crate) fn new(limit: usize) -> Self {
        Timeline { entries: BTreeMap::new(), next: 0, limit, evicted: 0 }
    }

    pub(crate) fn insert(&mut self, time: u64, thing: T) -> Stamp {
        let stamp = Stamp { time, number: self.next };
        self.next += 1;
        self.entries.insert(stamp, thing);
        stamp
    }

    pub(crate) fn remove(&mut self, stamp: Stamp) -> Option<T> {
        self.entries.remove(&stamp)
    }

    /// The earliest, if it happened before this time; it is taken out.
    pub(crate) fn pop_before(&mut self, time: u64) -> Option<(Stamp, T)> {
        let first = self.entries.first_entry()?;
        if first.key().time >= time {
            return None;
        }
        Some(first.remove_entry())
    }

    /// The earliest, if there are too many; it is taken out and counted.
    pub(crate) fn overflow(&mut self) -> Option<(Stamp, T)> {
        if self.entries.len() <= self.limit {
            return None;
        }
        self.evicted += 1;
        self.entries.pop_first()
    }

    /// When the earliest happened.
    pub(crate) fn first_time(&self) -> Option<u64> {
        self.entries.keys().next().map(|stamp| stamp.time)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many there were too many, since the beginning.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }
}
