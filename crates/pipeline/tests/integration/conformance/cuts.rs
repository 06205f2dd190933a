//! Parts of recorded captures show the events that the whole shows.

use std::ops::ControlFlow;

use eyrie_pipeline::{Columns, Cut, Moment, Replay};
use eyrie_sources::capture::{Compression, Reader, Writer};

use super::folder;

const FIELDS: [&str; 18] = [
    "evt.rawtime",
    "evt.type",
    "evt.args",
    "thread.tid",
    "proc.name",
    "proc.pid",
    "proc.ppid",
    "proc.pname",
    "proc.aname[2]",
    "proc.exe",
    "proc.exepath",
    "proc.cmdline",
    "proc.cwd",
    "user.name",
    "fd.num",
    "fd.type",
    "fd.name",
    "container.id",
];

fn rows<R: std::io::Read>(mut replay: Replay<R>, from: u64) -> Vec<Vec<String>> {
    let mut columns = Columns::new(FIELDS).unwrap();
    let mut rows = Vec::new();
    replay
        .for_each(|record| {
            if record.event.time >= from {
                let mut row = Vec::with_capacity(FIELDS.len());
                columns.texts(record, |_, text| row.push(text.unwrap_or("<NA>").to_string()));
                rows.push(row);
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    rows
}

#[test]
fn parts_of_recorded_captures_show_what_the_whole_shows() {
    let Some(folder) = folder("captures") else { return };
    for name in ["syscalls", "net", "suspicious"] {
        let path = folder.join(name).with_extension("scap");
        let mut whole = Replay::open(&path).unwrap();
        whole.for_each(|_| ControlFlow::Continue(())).unwrap();
        let summary = whole.summary();
        let (first, last) = (summary.first_time.unwrap(), summary.last_time.unwrap());
        let middle = first + (last - first) / 2;

        let mut writer = Writer::new(Vec::new(), Compression::None).unwrap();
        let cut = Cut { from: Some(Moment::At(middle)), ..Cut::default() };
        cut.write(&mut Replay::open(&path).unwrap(), &mut writer).unwrap();
        let part = writer.finish().unwrap();

        let expected = rows(Replay::open(&path).unwrap(), middle);
        let found = rows(Replay::new(Reader::new(part.as_slice()).unwrap()), 0);
        assert_eq!(expected.len(), found.len(), "{name}");
        let mut different = vec![0; FIELDS.len()];
        for (expected, found) in expected.iter().zip(&found) {
            for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
                if expected != found {
                    if different[at] < 3 {
                        println!("{name}: {} is {found:?}, in the whole {expected:?}", FIELDS[at]);
                    }
                    different[at] += 1;
                }
            }
        }
        let all: usize = different.iter().sum();
        let share = all as f64 / (expected.len() * FIELDS.len()) as f64;
        println!("{name}: {all} of {} values are different", expected.len() * FIELDS.len());
        assert!(share < 0.0005, "{name}: {different:?}");
    }
}
