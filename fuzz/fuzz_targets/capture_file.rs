//! Any bytes as a capture file, through the host's state, a rule and fields of every event; and once more as what `capture cut`
//! makes of it.

#![no_main]

use std::ops::ControlFlow;

use eyrie_events::state::Limits;
use eyrie_pipeline::{Columns, Cut, Info, Query, Replay};
use eyrie_sources::capture::{Compression, Reader, Writer};

const FIELDS: [&str; 14] = [
    "evt.args",
    "evt.buffer",
    "proc.cmdline",
    "proc.aname",
    "proc.cwd",
    "proc.env",
    "fd.name",
    "fd.containername",
    "fd.cip",
    "fs.path.name",
    "fs.path.target",
    "user.name",
    "container.id",
    "thread.cgroups",
];

fn replay(bytes: &[u8]) -> Option<Replay<&[u8]>> {
    let limits = Limits { threads: 1_000, ..Limits::default() };
    Some(Replay::new(Reader::new(bytes).ok()?).with_limits(limits))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(mut first) = replay(bytes) else { return };
    let mut columns = Columns::new(FIELDS).expect("these are fields");
    let mut query = Query::new("evt.type in (openat, read, close) and proc.name != x", "%fd.name %evt.args")
        .expect("this is a condition");
    let mut events = 0;
    let read = first.for_each(|record| {
        events += 1;
        columns.texts(record, |_, _| {});
        query.ask(record);
        ControlFlow::Continue(())
    });
    assert_eq!(first.summary().events, events);
    if let Some(mut replay) = replay(bytes) {
        let (info, problem) = Info::of(&mut replay);
        assert_eq!((info.summary.events, problem.is_some()), (events, read.is_err()));
    }
    // What is cut is a capture with the same events.
    let mut writer = Writer::new(Vec::new(), Compression::None).expect("memory takes all");
    if let Some(mut replay) = replay(bytes) {
        let cut = Cut::default().write(&mut replay, &mut writer);
        assert_eq!(cut.is_err(), read.is_err());
        let part = writer.finish().expect("memory takes all");
        let mut again = Replay::new(Reader::new(part.as_slice()).expect("it was just written"));
        again.for_each(|_| ControlFlow::Continue(())).expect("it was just written");
    }
});
