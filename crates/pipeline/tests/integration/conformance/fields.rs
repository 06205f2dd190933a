//! Every field of every event.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::ops::ControlFlow;
use std::path::Path;

use eyrie_pipeline::{Columns, Replay};
use flate2::read::MultiGzDecoder;

use super::folder;

/// How a field's values compare.
#[derive(Default)]
struct Tally {
    equal: u64,
    different: u64,
    /// Events where either side has a value.
    valued: u64,
    /// The first differences: the event, what Falco says, what we say.
    examples: Vec<(String, String, String)>,
    /// How often which difference was seen.
    kinds: BTreeMap<(String, String), u64>,
}

fn compare(capture: &Path, expected: &Path, tallies: &mut BTreeMap<String, Tally>) {
    let mut lines = BufReader::new(MultiGzDecoder::new(File::open(expected).unwrap())).split(b'\n');
    let header = String::from_utf8(lines.next().unwrap().unwrap()).unwrap();
    let names: Vec<&str> = header.split('\t').collect();
    let mut columns = Columns::new(&names).unwrap_or_else(|error| panic!("{error}"));
    let mut own: Vec<Tally> = names.iter().map(|_| Tally::default()).collect();
    let mut replay = Replay::open(capture).unwrap().strict();
    let mut escaped = String::new();
    replay
        .for_each(|record| {
            let Some(line) = lines.next() else { panic!("more events than Falco has") };
            let line = line.unwrap();
            let expected: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
            assert_eq!(expected.len(), names.len());
            columns.texts(record, |at, text| {
                escaped.clear();
                match text {
                    None => escaped.push_str("<NA>"),
                    Some(text) => {
                        for c in text.chars() {
                            match c {
                                '\t' => escaped.push_str("\\t"),
                                '\n' => escaped.push_str("\\n"),
                                '\r' => escaped.push_str("\\r"),
                                '\\' => escaped.push_str("\\\\"),
                                c => escaped.push(c),
                            }
                        }
                    }
                }
                let (expected, tally) = (expected[at], &mut own[at]);
                let expected = String::from_utf8_lossy(expected);
                tally.valued += u64::from(expected != "<NA>" || escaped != "<NA>");
                if expected == escaped {
                    tally.equal += 1;
                    return;
                }
                tally.different += 1;
                let kind = around(&expected, &escaped);
                let known = tally.kinds.len();
                if let Some(seen) = tally.kinds.get_mut(&kind) {
                    *seen += 1;
                } else if known < 2000 {
                    if tally.examples.len() < 6 {
                        let what = format!("{} {}", record.event.number, record.event.info().name);
                        tally.examples.push((what, kind.0.clone(), kind.1.clone()));
                    }
                    tally.kinds.insert(kind, 1);
                }
            });
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(lines.next().is_none(), "Falco has more events");
    for (name, tally) in names.into_iter().zip(own) {
        let all = tallies.entry(name.to_string()).or_default();
        all.equal += tally.equal;
        all.different += tally.different;
        all.valued += tally.valued;
        all.examples.extend(tally.examples);
        for (kind, count) in tally.kinds {
            *all.kinds.entry(kind).or_default() += count;
        }
    }
}

/// Both texts from a little before they differ.
fn around(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let from = same.saturating_sub(24);
    let part = |text: &str| text.chars().skip(from).take(120).collect::<String>();
    (part(one), part(other))
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn check(name: &str) {
    let Some(folder) = folder("captures") else { return };
    let mut tallies = BTreeMap::new();
    let capture = folder.join(name).with_extension("scap");
    compare(&capture, &folder.join(format!("{name}.core.tsv.gz")), &mut tallies);
    compare(&capture, &folder.join(format!("{name}.fields.tsv.gz")), &mut tallies);

    let (mut equal, mut all, mut poor) = (0, 0, Vec::new());
    let mut fields: Vec<_> = tallies.iter().collect();
    fields.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.different));
    for (field, tally) in fields {
        equal += tally.equal;
        all += tally.equal + tally.different;
        if tally.different == 0 {
            continue;
        }
        let right = share(tally.valued - tally.different, tally.valued);
        if right < 99.0 {
            poor.push(field.as_str());
        }
        println!(
            "{field:32} {:8} equal {:8} different  {right:7.3} % of {} with a value",
            tally.equal, tally.different, tally.valued
        );
        let mut kinds: Vec<_> = tally.kinds.iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for ((falco, ours), count) in kinds.into_iter().take(3) {
            println!("      {count:7} ×  Falco {falco:?}  Eyrie {ours:?}");
        }
        for (event, falco, ours) in tally.examples.iter().take(3) {
            println!("      event {event}: Falco {falco:?}  Eyrie {ours:?}");
        }
    }
    println!(
        "{name}: {:.4} % of {all} values are equal; {} fields are below 99 %",
        share(equal, all),
        poor.len()
    );
    assert!(share(equal, all) >= 99.9 && poor.is_empty(), "below 99 %: {poor:?}");
}

#[test]
fn fields_of_mixed() {
    check("mixed");
}

#[test]
fn fields_of_forkexec() {
    check("forkexec");
}

#[test]
fn fields_of_net() {
    check("net");
}

#[test]
fn fields_of_suspicious() {
    check("suspicious");
}

#[test]
fn fields_of_syscalls() {
    check("syscalls");
}
