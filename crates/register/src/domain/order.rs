//! The order in which entries are replayed: as they happened where their dates say so, otherwise as they were written.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use jiff::civil::Date;

use super::date::Days;

/// The places of `dates` in the order of replay: whatever certainly came first stands first; of all that may come next, what was
/// written first does. `2021-03` and `2021-03-05` may be either way, so they stay as they were written.
///
/// ```
/// use eyrie_register::domain::{date::PartialDate, order::order};
/// let days = ["2021-03", "2021-03-05", "2020"].map(|text| PartialDate::parse(text).unwrap().days());
/// assert_eq!(order(&days), [2, 0, 1]);
/// ```
pub fn order(dates: &[Days]) -> Vec<usize> {
    let mut by_first: Vec<usize> = (0..dates.len()).collect();
    by_first.sort_by_key(|at| (dates[*at].first, *at));
    // How many that are not placed yet end on each day.
    let mut ends: BTreeMap<Date, usize> = BTreeMap::new();
    for days in dates {
        *ends.entry(days.last).or_default() += 1;
    }
    let mut waiting = by_first.into_iter().peekable();
    let mut ready: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
    let mut placed = Vec::with_capacity(dates.len());
    while let Some((&earliest_end, _)) = ends.first_key_value() {
        // Nothing that is not placed is certainly before these.
        while let Some(at) = waiting.next_if(|at| dates[*at].first <= earliest_end) {
            ready.push(Reverse(at));
        }
        let Some(Reverse(at)) = ready.pop() else { break };
        if let Some(number) = ends.get_mut(&dates[at].last) {
            *number -= 1;
            if *number == 0 {
                ends.remove(&dates[at].last);
            }
        }
        placed.push(at);
    }
    placed
}
