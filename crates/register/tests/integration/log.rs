//! The log: what is changed in it is found, and what it comes to does not depend on how it was written down.

use eyrie_register::domain::fact::*;
use eyrie_register::domain::log::{Digest, Log, LogError};
use eyrie_register::domain::order::order;
use eyrie_register::domain::register::Register;
use eyrie_register::domain::state::AsOf;
use proptest::prelude::*;

use crate::fixture::*;

fn rows(log: &Log) -> Vec<(u64, String, Digest)> {
    log.entries().iter().map(|entry| (entry.body.entry, entry.text.clone(), entry.digest)).collect()
}

#[test]
fn a_log_is_read_back_as_it_was_written() {
    let book = Book::incubating("enarx");
    let read = Log::verified(rows(book.register.log())).unwrap();
    assert_eq!(&read, book.register.log());
    assert_eq!(Register::new(read), book.register);
}

/// Adding to a register comes to the same as replaying all of it.
#[test]
fn adding_is_replaying() {
    let mut book = Book::ready_to_graduate("enarx");
    for (date, name) in
        [("2026-04", "a"), ("2026-04-02", "b"), ("2026", "c"), ("2025-09-10", "d"), ("2026-04-01", "e")]
    {
        book.add(date, ProjectRenamed { project: id("enarx"), name: name.into() });
        assert_eq!(Register::new(book.register.log().clone()), book.register, "{date}");
    }
    // The first of April is certainly before the second; within month and year all stay as they were written.
    let project = book.project("enarx");
    assert_eq!(
        (project.aliases.as_slice(), project.name.as_str()),
        (["enarx", "d", "a", "c", "e"].map(String::from).as_slice(), "b")
    );
}

#[test]
fn the_first_bad_entry_is_found() {
    let rows = rows(Book::incubating("enarx").register.log());
    assert_eq!(rows[0].0, 1);
    // A byte of the text.
    let mut changed = rows.clone();
    changed[4].1 = changed[4].1.replace("mona", "lisa");
    assert_eq!(Log::verified(changed).unwrap_err().entry(), Some(5));
    // The text and its hash: the next entry tells.
    let mut rehashed = rows.clone();
    rehashed[4].1 = rehashed[4].1.replace("mona", "lisa");
    rehashed[4].2 = Digest::of(rehashed[4].1.as_bytes());
    assert_eq!(Log::verified(rehashed).unwrap_err(), LogError::Broken { entry: 6 });
    // An entry taken out, with and without new numbers.
    let mut removed = rows.clone();
    removed.remove(4);
    assert_eq!(Log::verified(removed.clone()).unwrap_err(), LogError::Gap { expected: 5, found: 6 });
    for (at, row) in removed.iter_mut().enumerate() {
        row.0 = at as u64 + 1;
    }
    assert_eq!(Log::verified(removed).unwrap_err(), LogError::Broken { entry: 5 });
    // Two entries swapped.
    let mut swapped = rows;
    swapped.swap(4, 5);
    assert_eq!(Log::verified(swapped).unwrap_err().entry(), Some(5));
}

#[test]
fn what_was_taken_back_counts_no_more() {
    let mut book = Book::incubating("enarx");
    let wrong = book.register.log().next_number();
    book.add("2025-09-01", StageEntered { project: id("enarx"), stage: id("emeritus") });
    assert_eq!(book.stage("enarx"), Some("emeritus"));
    book.add("2025-09-02", EntryRetracted { entry: wrong, reason: "another project".into() });
    assert_eq!(book.stage("enarx"), Some("incubation"));
    assert!(book.register.log().entry(wrong).is_some());
    // What rests on an entry keeps it: nothing that was decided is left without its ground.
    assert!(
        !book.refused("2025-09-03", EntryRetracted { entry: 3, reason: "no such seat".into() }).is_empty()
    );
    for entry in [wrong, wrong + 1, 9999] {
        assert_eq!(book.refused("2025-09-03", EntryRetracted { entry, reason: "again".into() }), ["I1"]);
    }
}

/// Both what had happened by a day and what had been written down by then can be asked for.
#[test]
fn as_of_a_day_in_two_ways() {
    let book = Book::incubating("enarx");
    let stage = |as_of: AsOf, register: &Register| {
        let state = register.as_of(as_of).state;
        state.projects.get(&id("enarx")).map(|project| project.stage().map(ToString::to_string))
    };
    let happened = |text: &str| AsOf { happened: Some(text.parse().unwrap()), recorded: None };
    assert_eq!(stage(happened("2025-06-30"), &book.register), None);
    assert_eq!(stage(happened("2025-08-19"), &book.register), Some(None));
    assert_eq!(stage(happened("2025-08-20"), &book.register), Some(Some("incubation".into())));
    // Written down a month later, about a day before: seen by whoever asks what happened, not by whoever asks what was known.
    let later = "2026-12-24T00:00:00Z".parse().unwrap();
    let late =
        Draft::new("mona", day("2025-09"), StageEntered { project: id("enarx"), stage: id("emeritus") });
    let (register, _) = book.register.with(vec![late], later).unwrap();
    let recorded = AsOf { happened: None, recorded: Some(now()) };
    assert_eq!(stage(recorded, &register), Some(Some("incubation".into())));
    assert_eq!(stage(happened("2025-09-29"), &register), Some(Some("incubation".into())));
    assert_eq!(stage(happened("2025-09-30"), &register), Some(Some("emeritus".into())));
}

#[test]
fn facts_of_earlier_days_are_checked_with_what_came_after() {
    let mut book = Book::ccc();
    book.submitted("enarx");
    book.decide("2025-07-24", "tac", to("enarx", "incubation"), &ALL_SEATS, &ALL_SEATS);
    // A seat that ended before the meeting cannot have been at it.
    let ended = SeatEnded { body: id("tac"), seat: id("s9") };
    assert_eq!(book.refused("2025-07-01", ended.clone()), ["I3"]);
    book.add("2025-08-01", ended);
}

proptest! {
    /// Whatever certainly came first is replayed first, and nothing is lost.
    #[test]
    fn replay_keeps_the_order_of_days(dates in prop::collection::vec((2019i16..2022, prop::option::of((1i8..13, prop::option::of(1i8..29)))), 0..40)) {
        let days: Vec<_> = dates.iter().map(|(year, rest)| {
            let text = match rest {
                None => format!("{year}"),
                Some((month, None)) => format!("{year}-{month:02}"),
                Some((month, Some(of_month))) => format!("{year}-{month:02}-{of_month:02}"),
            };
            day(&text).days()
        }).collect();
        let order = order(&days);
        let mut all = order.clone();
        all.sort_unstable();
        prop_assert_eq!(all, (0..days.len()).collect::<Vec<_>>());
        for (place, &earlier) in order.iter().enumerate() {
            for &later in &order[place + 1..] {
                prop_assert!(!days[later].before(days[earlier]), "{} before {}", later, earlier);
            }
        }
    }
}
