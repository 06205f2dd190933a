//! Rules with memory: what they remember of events, and when they find something. How such rules are written is in
//! [`rules`](crate::rules), how events come to them in [`ruleset`](crate::ruleset).
//!
//! * `sequence`: events one after another, joined by the values of fields.
//! * `threshold`: so many events, or events with so many distinct values of a field, of one key.
//! * `suppress`: findings that are alike are not told again for some time.
//!
//! **Time** is that of events, never of a clock: the same events give the same findings whenever they are judged. *Now* is the
//! time of the latest event that was seen. Something is forgotten once now is more than `within` after it.
//!
//! **Order.** Within `slack`, events count in the order of their times, however they arrive: they wait until an event later by
//! `slack` has been seen. Without slack, and if they are later than that, they count in the order in which they
//! arrive.
//!
//! **Bounds.** A rule remembers at most `limit` events. If there are more, what would be forgotten next is evicted, and
//! counted ([`MemoryStats`]).

mod captured;
mod key;
#[cfg(test)]
mod oracle;
mod rule;
mod sequence;
mod slack;
mod steps;
mod suppress;
mod threshold;
mod timeline;

pub(crate) use rule::{Memory, Suppressor};
pub(crate) use steps::WithSteps;

/// What a rule's memory holds and has let go of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryStats {
    /// Events that are remembered now.
    pub remembered: usize,
    /// Events that were let go of to stay within the limit, since the memory began.
    pub evicted: u64,
    /// Events that arrived later than the slack allows, since the memory began.
    pub late: u64,
    /// Findings that were not told, since the memory began.
    pub suppressed: u64,
}
