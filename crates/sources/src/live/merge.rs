//! The ring buffers of all processors as one row of events in order of time: [`Merge`].
//!
//! Each ring is in order by itself. An event may be given when no ring can bring an earlier one any more: when it happened
//! before the rings were last looked at, by more than it takes from an event's time being read to the event being in its ring.

use std::time::{Duration, Instant, SystemTime};

use super::ring::Ring;

/// From an event's time being read to the event being in the ring. Programs are not interrupted by other work meanwhile, but
/// a virtual processor may be.
const SETTLE: Duration = Duration::from_micros(300);

/// How long to sleep when nothing is there: first, and at most.
const NAP: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(5));

/// A ring is given back in portions, since every time the kernel's processor has to fetch the position anew.
const PORTION: usize = 64 * 1024;

/// Several rings.
#[derive(Debug)]
pub(super) struct Merge {
    lanes: Vec<Lane>,
    /// Events up to this time may be given.
    settled: u64,
    /// The time of the last event given.
    last: u64,
    late: u64,
    nap: Duration,
}

#[derive(Debug)]
struct Lane {
    ring: Ring,
    /// The time and the length of the next event; `None` if there is none.
    head: Option<(u64, usize)>,
}

impl Lane {
    fn peek(&mut self) {
        self.head = self.ring.peek().map(|bytes| {
            let time = bytes.first_chunk().map_or(0, |time| u64::from_le_bytes(*time));
            (time, bytes.len())
        });
    }
}

impl Merge {
    /// Rings by number of processor.
    pub(super) fn new(rings: Vec<Ring>) -> Merge {
        let lanes = rings.into_iter().map(|ring| Lane { ring, head: None }).collect();
        Merge { lanes, settled: 0, last: 0, late: 0, nap: NAP.0 }
    }

    /// The next event's bytes and its processor; `None` if none came within `wait`.
    pub(super) fn next(&mut self, wait: Duration) -> Option<(u16, &[u8])> {
        let mut until = None;
        let (lane, len) = loop {
            if let Some(next) = self.earliest() {
                break next;
            }
            let behind = self.look();
            if let Some(next) = self.earliest() {
                self.nap = NAP.0;
                break next;
            }
            let now = Instant::now();
            let until = *until.get_or_insert(now + wait);
            if now >= until {
                return None;
            }
            // Something is there but may not be given yet, or nothing is.
            let nap = if behind { SETTLE } else { self.nap };
            std::thread::sleep(nap.min(until - now));
            if !behind {
                self.nap = (self.nap * 2).min(NAP.1);
            }
        };
        let cpu = u16::try_from(lane).unwrap_or(u16::MAX);
        let lane = self.lanes.get_mut(lane)?;
        let (time, _) = lane.head?;
        if time < self.last {
            self.late += 1;
        }
        self.last = self.last.max(time);
        // What was given before is no longer borrowed.
        if lane.ring.untold() > PORTION {
            lane.ring.tell();
        }
        let position = lane.ring.position();
        lane.ring.take(len);
        lane.peek();
        Some((cpu, lane.ring.taken(position, len)))
    }

    /// How many events came after one of a later time.
    pub(super) fn late(&self) -> u64 {
        self.late
    }

    /// The ring with the earliest event that may be given, and that event's length.
    fn earliest(&self) -> Option<(usize, usize)> {
        let heads = self.lanes.iter().enumerate().filter_map(|(at, lane)| Some((at, lane.head?)));
        let (at, (time, len)) = heads.min_by_key(|(_, (time, _))| *time)?;
        (time <= self.settled).then_some((at, len))
    }

    /// Looks into every ring. Whether there is an event that may not be given yet.
    fn look(&mut self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.settled = u64::try_from(now.saturating_sub(SETTLE).as_nanos()).unwrap_or(u64::MAX);
        let mut any = false;
        for lane in &mut self.lanes {
            lane.ring.tell();
            lane.ring.look();
            if lane.head.is_none() {
                lane.peek();
            }
            any |= lane.head.is_some();
        }
        any
    }
}
