//! What rules with memory find, against implementations so plain that they can be checked by reading: everything that is
//! remembered in one list, looked through from end to end for each event.

use super::key::Key;
use super::sequence::{Part, Sequences};
use super::slack::Waiting;
use super::suppress::Told;
use super::threshold::Counts;

fn key(number: u64) -> Key {
    Key::from_bytes(number.to_le_bytes().to_vec())
}

/// Times that mostly ascend.
fn times(random: &mut fastrand::Rng, count: usize, jitter: u64) -> Vec<u64> {
    let mut time = 100;
    (0..count)
        .map(|_| {
            time += random.u64(0..4);
            time - random.u64(0..=jitter)
        })
        .collect()
}

struct Plain {
    key: u64,
    reached: usize,
    first: u64,
    born: usize,
    events: Vec<usize>,
}

/// The events of each sequence that is found, and how many sequences were evicted.
fn plain_sequences(
    events: &[(u64, Part, u64)],
    steps: usize,
    within: u64,
    limit: usize,
) -> (Vec<Vec<usize>>, u64) {
    let (mut found, mut evicted) = (Vec::new(), 0);
    let mut begun: Vec<Plain> = Vec::new();
    for (at, (time, part, key)) in events.iter().enumerate() {
        let now = events[..=at].iter().map(|(time, ..)| *time).max().unwrap();
        begun.retain(|plain| plain.first + within >= now);
        match part {
            Part::Until => begun.retain(|plain| plain.key != *key),
            Part::Step(0) => {
                if time + within >= now {
                    begun.retain(|plain| plain.key != *key || plain.reached != 0);
                    begun.push(Plain { key: *key, reached: 0, first: *time, born: at, events: vec![at] });
                }
                while begun.len() > limit {
                    let earliest = begun.iter().map(|plain| (plain.first, plain.born)).min().unwrap();
                    begun.retain(|plain| (plain.first, plain.born) != earliest);
                    evicted += 1;
                }
            }
            Part::Step(step) => {
                let waiting = begun.iter().position(|plain| plain.key == *key && plain.reached + 1 == *step);
                let Some(waiting) = waiting else { continue };
                let mut moved = begun.remove(waiting);
                moved.events.push(at);
                moved.reached = *step;
                if step + 1 == steps {
                    found.push(moved.events);
                } else {
                    begun.retain(|plain| plain.key != *key || plain.reached != *step);
                    begun.push(moved);
                }
            }
        }
    }
    (found, evicted)
}

#[test]
fn sequences_are_found_as_by_looking_through_all() {
    let mut random = fastrand::Rng::with_seed(21);
    let (mut all, mut all_evicted, mut ended) = (0, 0, 0);
    for round in 0..3_000 {
        let (steps, within) = (random.usize(2..5), random.u64(1..40));
        let limit = if round % 3 == 0 { random.usize(1..6) } else { 1_000 };
        let jitter = if round % 2 == 0 { 0 } else { random.u64(0..30) };
        let times = times(&mut random, 120, jitter);
        let events: Vec<(u64, Part, u64)> = times
            .into_iter()
            .map(|time| {
                let part = match random.usize(0..=steps) {
                    0 if random.u8(0..4) == 0 => Part::Until,
                    part => Part::Step(part.saturating_sub(1)),
                };
                (time, part, random.u64(0..5))
            })
            .collect();
        let mut sequences = Sequences::new(steps, within, limit);
        let mut found = Vec::new();
        for (at, (time, part, number)) in events.iter().enumerate() {
            found.extend(sequences.take(*time, *part, key(*number), at));
        }
        let (expected, evicted) = plain_sequences(&events, steps, within, limit);
        assert_eq!(found, expected, "{steps} steps within {within}, limit {limit}: {events:?}");
        assert_eq!(sequences.evicted(), evicted);
        assert!(sequences.remembered() <= limit);
        for sequence in &found {
            // What is found is what was asked for.
            let (first, last) = (sequence[0], sequence[steps - 1]);
            assert!(sequence.is_sorted() && sequence.len() == steps);
            assert!(events[last].0.saturating_sub(events[first].0) <= within);
            for (step, at) in sequence.iter().enumerate() {
                assert_eq!((events[*at].1, events[*at].2), (Part::Step(step), events[first].2));
            }
            let between = events[first..last].iter();
            assert!(!between.clone().any(|(_, part, key)| *part == Part::Until && *key == events[first].2));
            ended += between.filter(|(_, part, _)| *part == Part::Until).count();
        }
        all += found.len();
        all_evicted += evicted;
    }
    assert!(all > 10_000 && all_evicted > 1_000 && ended > 100, "{all} {all_evicted} {ended}");
}

/// What is reached: at which event, with which values; and how much was evicted.
type Reached = (Vec<(usize, Vec<u64>)>, u64);

fn plain_counts(
    events: &[(u64, u64, u64)],
    distinct: bool,
    count: usize,
    within: u64,
    limit: usize,
) -> Reached {
    let (mut found, mut evicted) = (Vec::new(), 0);
    // Time, number, key, value.
    let mut counted: Vec<(u64, usize, u64, u64)> = Vec::new();
    for (at, (time, key, value)) in events.iter().enumerate() {
        let now = events[..=at].iter().map(|(time, ..)| *time).max().unwrap();
        counted.retain(|(time, ..)| time + within >= now);
        if time + within < now {
            continue;
        }
        let same = counted.iter().position(|(_, _, k, v)| distinct && k == key && v == value);
        match same {
            Some(same) if counted[same].0 >= *time => {}
            Some(same) => {
                counted.remove(same);
                counted.push((*time, at, *key, *value));
            }
            None => counted.push((*time, at, *key, *value)),
        }
        let mut own: Vec<_> = counted.iter().filter(|(_, _, k, _)| k == key).collect();
        own.sort();
        if own.len() >= count {
            let values = own.into_iter().map(|(.., value)| *value).collect();
            found.push((at, if distinct { values } else { Vec::new() }));
            counted.retain(|(_, _, k, _)| k != key);
        }
        while counted.len() > limit {
            let earliest = *counted.iter().min().unwrap();
            counted.retain(|other| *other != earliest);
            evicted += 1;
        }
    }
    (found, evicted)
}

#[test]
fn thresholds_are_reached_as_by_counting_all() {
    let mut random = fastrand::Rng::with_seed(22);
    let (mut all, mut all_evicted) = (0, 0);
    for round in 0..3_000 {
        let (count, within) = (random.usize(2..7), random.u64(1..60));
        let limit = if round % 3 == 0 { random.usize(count..12) } else { 1_000 };
        let jitter = if round % 2 == 0 { 0 } else { random.u64(0..30) };
        let distinct = random.bool();
        let times = times(&mut random, 120, jitter);
        let events: Vec<(u64, u64, u64)> =
            times.into_iter().map(|time| (time, random.u64(0..4), random.u64(0..9))).collect();
        let mut counts = Counts::new(count, within, limit);
        let mut found = Vec::new();
        for (at, (time, number, value)) in events.iter().enumerate() {
            let value = distinct.then(|| (key(*value), *value));
            if let Some(reached) = counts.take(*time, key(*number), value) {
                assert!(reached.count >= count);
                found.push((at, reached.values));
            }
        }
        let (expected, evicted) = plain_counts(&events, distinct, count, within, limit);
        assert_eq!(found, expected, "{count} within {within}, limit {limit}, {distinct}: {events:?}");
        assert_eq!(counts.evicted(), evicted);
        assert!(counts.remembered() <= limit);
        all += found.len();
        all_evicted += evicted;
    }
    assert!(all > 10_000 && all_evicted > 1_000, "{all} {all_evicted}");
}

#[test]
fn findings_are_told_as_by_looking_through_all_that_were() {
    let mut random = fastrand::Rng::with_seed(23);
    let (mut all, mut silent) = (0, 0);
    for _ in 0..2_000 {
        let period = random.u64(1..40);
        let events: Vec<(u64, u64)> =
            times(&mut random, 100, 0).into_iter().map(|time| (time, random.u64(0..5))).collect();
        let mut told = Told::new(period, 1_000);
        let mut plain: Vec<(u64, u64)> = Vec::new();
        for (time, number) in events {
            let expected = !plain.iter().any(|(before, key)| *key == number && time - before < period);
            assert_eq!(told.tell(time, key(number)), expected);
            if expected {
                plain.push((time, number));
            }
            all += 1;
            silent += u64::from(!expected);
        }
        assert!(told.remembered() as u64 <= all - silent);
    }
    assert!(silent > all / 10 && silent < all * 9 / 10, "{silent} of {all}");
}

/// Events that are not later than the slack count in the order of their times, whatever the order in which they arrive.
#[test]
fn slack_puts_events_in_the_order_of_their_times() {
    let mut random = fastrand::Rng::with_seed(24);
    let (mut late, mut moved) = (0, 0);
    for _ in 0..2_000 {
        let slack = random.u64(1..30);
        let jitter = random.u64(0..45);
        let events: Vec<(u64, usize)> = times(&mut random, 80, jitter).into_iter().zip(0..).collect();
        let mut waiting = Waiting::new(slack, 1_000);
        let (mut order, mut punctual) = (Vec::new(), Vec::new());
        let mut latest = 0;
        for (time, number) in &events {
            waiting.see(*time);
            latest = latest.max(*time);
            if time + slack >= latest {
                punctual.push((*time, *number));
            } else {
                late += 1;
            }
            let at_once = waiting.arrive(*time, *number);
            assert_eq!(at_once.is_some(), time + slack < latest);
            order.extend(std::iter::from_fn(|| waiting.next()));
        }
        waiting.see(u64::MAX);
        order.extend(std::iter::from_fn(|| waiting.next()));
        moved += usize::from(!punctual.is_sorted());
        punctual.sort();
        assert_eq!(order, punctual);
        assert_eq!((waiting.len(), waiting.due()), (0, None));
    }
    assert!(late > 1_000 && moved > 1_000, "{late} {moved}");
}

/// What waits is bounded, too: what has waited longest counts at once.
#[test]
fn what_waits_is_bounded() {
    let mut waiting = Waiting::new(1_000, 3);
    let mut order = Vec::new();
    for time in [5, 4, 9, 1, 7, 3] {
        waiting.see(time);
        assert!(waiting.arrive(time, ()).is_none());
        order.extend(std::iter::from_fn(|| waiting.next()).map(|(time, ())| time));
    }
    assert_eq!(order, [1, 4, 3]);
    assert_eq!(waiting.len(), 3);
    assert_eq!(waiting.due(), Some(1_005));
}
