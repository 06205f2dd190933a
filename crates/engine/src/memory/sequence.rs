//! `sequence`: these events, one after another, with equal keys and not further apart than `within`.
//!
//! Of each key at most one sequence is remembered per step that it has reached. An event of the first step begins a sequence,
//! in place of one that has not got further. An event of another step moves the sequence that waits for it one step on, in place
//! of one that has got there before; if it was the last step, the sequence is found, and forgotten. What ends sequences
//! (`until`) makes all of its key forgotten. An event that is several steps at once counts for the last of them first, so that
//! it never moves one sequence twice; if it ends sequences, that comes before.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::key::Key;
use super::timeline::{Stamp, Timeline};

/// What an event is in a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It ends sequences.
    Until,
    /// It is this step, the first being 0.
    Step(usize),
}

/// The sequences that have begun. `P` is what is kept of an event.
#[derive(Debug)]
pub(crate) struct Sequences<P> {
    steps: usize,
    within: u64,
    /// The time of the latest event.
    now: u64,
    /// Of each key the sequences by the number of the step that they have reached.
    begun: HashMap<Key, Vec<Option<Begun<P>>>, RandomState>,
    timeline: Timeline<Key>,
}

#[derive(Debug)]
struct Begun<P> {
    stamp: Stamp,
    events: Vec<P>,
}

impl<P> Sequences<P> {
    /// None yet. There are two steps or more; times are in nanoseconds.
    pub(crate) fn new(steps: usize, within: u64, limit: usize) -> Self {
        Sequences { steps, within, now: 0, begun: HashMap::default(), timeline: Timeline::new(limit) }
    }

    /// One with nothing in it.
    pub(crate) fn anew(&self) -> Self {
        Sequences::new(self.steps, self.within, self.timeline.limit())
    }

    /// Takes an event in, and gives the events of the sequence that it completes.
    pub(crate) fn take(&mut self, time: u64, part: Part, key: Key, event: P) -> Option<Vec<P>> {
        self.now = self.now.max(time);
        let since = self.now.saturating_sub(self.within);
        while let Some((stamp, key)) = self.timeline.pop_before(since) {
            self.forget(stamp, &key);
        }
        match part {
            Part::Until => {
                for begun in self.begun.remove(&key).into_iter().flatten().flatten() {
                    self.timeline.remove(begun.stamp);
                }
                None
            }
            Part::Step(0) => {
                if time >= since {
                    let stamp = self.timeline.insert(time, key.clone());
                    self.put(key, 0, Begun { stamp, events: vec![event] });
                }
                self.evict();
                None
            }
            Part::Step(step) => {
                let mut moved = self.begun.get_mut(&key)?.get_mut(step - 1)?.take()?;
                moved.events.push(event);
                if step + 1 < self.steps {
                    self.put(key, step, moved);
                    return None;
                }
                self.timeline.remove(moved.stamp);
                self.drop_if_empty(&key);
                Some(moved.events)
            }
        }
    }

    fn put(&mut self, key: Key, step: usize, begun: Begun<P>) {
        let steps = self.steps - 1;
        let slots = self.begun.entry(key).or_insert_with(|| (0..steps).map(|_| None).collect());
        if let Some(slot) = slots.get_mut(step)
            && let Some(before) = slot.replace(begun)
        {
            self.timeline.remove(before.stamp);
        }
    }

    fn forget(&mut self, stamp: Stamp, key: &Key) {
        for slot in self.begun.get_mut(key).into_iter().flatten() {
            if slot.as_ref().is_some_and(|begun| begun.stamp == stamp) {
                *slot = None;
            }
        }
        self.drop_if_empty(key);
    }

    fn drop_if_empty(&mut self, key: &Key) {
        if self.begun.get(key).is_some_and(|slots| slots.iter().all(Option::is_none)) {
            self.begun.remove(key);
        }
    }

    fn evict(&mut self) {
        while let Some((stamp, key)) = self.timeline.overflow() {
            self.forget(stamp, &key);
        }
    }

    pub(crate) fn remembered(&self) -> usize {
        self.timeline.len()
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.timeline.evicted()
    }
}
