//! `suppress`: after a finding those with an equal key are not told for some time, counted from the one that was told.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::key::Key;
use super::timeline::{Stamp, Timeline};

/// The findings that were told.
#[derive(Debug)]
pub(crate) struct Told {
    period: u64,
    /// The time of the latest finding.
    now: u64,
    told: HashMap<Key, Stamp, RandomState>,
    timeline: Timeline<Key>,
    suppressed: u64,
}

impl Told {
    /// None told yet; the period is in nanoseconds.
    pub(crate) fn new(period: u64, limit: usize) -> Self {
        Told { period, now: 0, told: HashMap::default(), timeline: Timeline::new(limit), suppressed: 0 }
    }

    /// One with nothing in it.
    pub(crate) fn anew(&self) -> Self {
        Told::new(self.period, self.timeline.limit())
    }

    /// Whether a finding is to be told. If so, others are not for the period.
    pub(crate) fn tell(&mut self, time: u64, key: Key) -> bool {
        self.now = self.now.max(time);
        let since = self.now.saturating_sub(self.period);
        while let Some((stamp, key)) = self.timeline.pop_before(since) {
            self.forget(stamp, &key);
        }
        if let Some(told) = self.told.get(&key) {
            if told.time.abs_diff(time) < self.period {
                self.suppressed += 1;
                return false;
            }
            // One that is late does not take the place of a later one.
            if told.time > time {
                return true;
            }
            self.timeline.remove(*told);
        }
        let stamp = self.timeline.insert(time, key.clone());
        self.told.insert(key, stamp);
        while let Some((stamp, key)) = self.timeline.overflow() {
            self.forget(stamp, &key);
        }
        true
    }

    fn forget(&mut self, stamp: Stamp, key: &Key) {
        if self.told.get(key) == Some(&stamp) {
            self.told.remove(key);
        }
    }

    pub(crate) fn remembered(&self) -> usize {
        self.timeline.len()
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.timeline.evicted()
    }

    pub(crate) fn suppressed(&self) -> u64 {
        self.suppressed
    }
}
