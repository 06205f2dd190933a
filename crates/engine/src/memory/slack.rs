//! `slack`: events wait until no earlier one can come any more, and then count in the order of their times.
//!
//! An event is late if one that happened more than the slack after it has been seen before. Late events do not wait. What waits
//! counts towards the limit; if there is too much, the earliest waits no longer.

use super::timeline::Timeline;

/// Events that wait.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    slack: u64,
    /// The time of the latest event that was seen, whether it takes part or not.
    now: u64,
    waiting: Timeline<T>,
    late: u64,
}

impl<T> Waiting<T> {
    /// Nothing waits yet; the slack is in nanoseconds.
    pub(crate) fn new(slack: u64, limit: usize) -> Self {
        Waiting { slack, now: 0, waiting: Timeline::new(limit), late: 0 }
    }

    /// One with nothing in it.
    pub(crate) fn anew(&self) -> Self {
        Waiting::new(self.slack, self.waiting.limit())
    }

    /// An event of this time has been seen.
    pub(crate) fn see(&mut self, time: u64) {
        self.now = self.now.max(time);
    }

    /// Takes an event in. It is given back if it does not have to wait.
    pub(crate) fn arrive(&mut self, time: u64, event: T) -> Option<(u64, T)> {
        if self.slack == 0 {
            return Some((time, event));
        }
        if time.saturating_add(self.slack) < self.now {
            self.late += 1;
            return Some((time, event));
        }
        self.waiting.insert(time, event);
        None
    }

    /// The next event that has waited long enough.
    pub(crate) fn next(&mut self) -> Option<(u64, T)> {
        let overflow = self.waiting.overflow();
        let due = self.now.checked_sub(self.slack).and_then(|due| due.checked_add(1));
        let found = overflow.or_else(|| self.waiting.pop_before(due?));
        found.map(|(stamp, event)| (stamp.time, event))
    }

    /// When what waits is to be looked at again: once an event of this time has been seen.
    pub(crate) fn due(&self) -> Option<u64> {
        self.waiting.first_time().map(|time| time.saturating_add(self.slack))
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn late(&self) -> u64 {
        self.late
    }
}
