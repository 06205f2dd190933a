//! `threshold`: so many events of one key, or events with so many distinct values of a field, not further apart than `within`.
//! Once there are, all events of the key are forgotten, so that the next finding takes as many again.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::key::Key;
use super::timeline::{Stamp, Timeline};

/// The events that count. `V` is what is kept of a distinct value.
#[derive(Debug)]
pub(crate) struct Counts<V> {
    count: usize,
    within: u64,
    /// The time of the latest event.
    now: u64,
    /// Of each key the events that count: each for itself, or the latest of each distinct value.
    counted: HashMap<Key, Counted<V>, RandomState>,
    timeline: Timeline<(Key, Option<Key>)>,
}

#[derive(Debug)]
enum Counted<V> {
    Events(BTreeSet<Stamp>),
    Values(HashMap<Key, (Stamp, V), RandomState>),
}

impl<V> Counted<V> {
    fn len(&self) -> usize {
        match self {
            Counted::Events(events) => events.len(),
            Counted::Values(values) => values.len(),
        }
    }
}

/// What has been reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reached<V> {
    /// How many there are.
    pub(crate) count: usize,
    /// What is kept of the distinct values, the one that was seen longest ago first.
    pub(crate) values: Vec<V>,
}

impl<V> Counts<V> {
    /// Nothing counted yet. `count` is two or more; times are in nanoseconds.
    pub(crate) fn new(count: usize, within: u64, limit: usize) -> Self {
        Counts { count, within, now: 0, counted: HashMap::default(), timeline: Timeline::new(limit) }
    }

    /// One with nothing in it.
    pub(crate) fn anew(&self) -> Self {
        Counts::new(self.count, self.within, self.timeline.limit())
    }

    /// Takes an event in; of distinct values with the value and what is kept of it.
    pub(crate) fn take(&mut self, time: u64, key: Key, value: Option<(Key, V)>) -> Option<Reached<V>> {
        self.now = self.now.max(time);
        let since = self.now.saturating_sub(self.within);
        while let Some((stamp, (key, value))) = self.timeline.pop_before(since) {
            self.forget(stamp, &key, value.as_ref());
        }
        if time < since {
            return None;
        }
        match value {
            None => {
                let stamp = self.timeline.insert(time, (key.clone(), None));
                let counted = self.counted.entry(key.clone());
                if let Counted::Events(events) = counted.or_insert_with(|| Counted::Events(BTreeSet::new())) {
                    events.insert(stamp);
                }
            }
            Some((value, kept)) => {
                let counted =
                    self.counted.entry(key.clone()).or_insert_with(|| Counted::Values(HashMap::default()));
                let Counted::Values(values) = counted else { return None };
                match values.get(&value).map(|(known, _)| *known) {
                    Some(known) if known.time >= time => {}
                    known => {
                        if let Some(known) = known {
                            self.timeline.remove(known);
                        }
                        let stamp = self.timeline.insert(time, (key.clone(), Some(value.clone())));
                        values.insert(value, (stamp, kept));
                    }
                }
            }
        }
        let reached = self.counted.get(&key).is_some_and(|counted| counted.len() >= self.count);
        let found = if reached { self.reached(&key) } else { None };
        while let Some((stamp, (key, value))) = self.timeline.overflow() {
            self.forget(stamp, &key, value.as_ref());
        }
        found
    }

    fn reached(&mut self, key: &Key) -> Option<Reached<V>> {
        let counted = self.counted.remove(key)?;
        let count = counted.len();
        let mut values = Vec::new();
        match counted {
            Counted::Values(all) => {
                let mut all: Vec<_> = all.into_values().collect();
                all.sort_unstable_by_key(|(stamp, _)| *stamp);
                for (stamp, kept) in all {
                    self.timeline.remove(stamp);
                    values.push(kept);
                }
            }
            Counted::Events(events) => {
                for stamp in events {
                    self.timeline.remove(stamp);
                }
            }
        }
        Some(Reached { count, values })
    }

    fn forget(&mut self, stamp: Stamp, key: &Key, value: Option<&Key>) {
        let Some(counted) = self.counted.get_mut(key) else { return };
        match (&mut *counted, value) {
            (Counted::Events(events), _) => _ = events.remove(&stamp),
            (Counted::Values(values), Some(value)) => {
                if values.get(value).is_some_and(|(known, _)| *known == stamp) {
                    values.remove(value);
                }
            }
            (Counted::Values(_), None) => {}
        }
        if counted.len() == 0 {
            self.counted.remove(key);
        }
    }

    pub(crate) fn remembered(&self) -> usize {
        self.timeline.len()
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.timeline.evicted()
    }
}
