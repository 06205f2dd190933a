//! The fields of every event of the recorded captures, compared with what Falco's libraries said of them.
//!
//! `FIELDS=fd.name cargo nextest run -p eyrie-sources --no-capture fields` shows where the values of one field differ.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use eyrie_events::capture::Account;
use eyrie_events::fields::SyscallSchema;
use eyrie_events::state::{Host, Interface, Limits};
use eyrie_events::{EventRecord, Stream};
use eyrie_lang::{Field, Fields as _, Presence, Schema as _, Value, Values};
use eyrie_sources::capture::{Item, Reader};
use flate2::read::MultiGzDecoder;

use crate::recorded::captures;

/// How values compare.
#[derive(Default)]
struct Tally {
    equal: u64,
    /// Equal because neither has one.
    absent: u64,
    different: u64,
    examples: Vec<String>,
}

impl Tally {
    fn share(&self) -> f64 {
        let all = self.equal + self.different;
        if all == 0 { 100.0 } else { self.equal as f64 * 100.0 / all as f64 }
    }
}

/// Changes the machine by what is in a capture; returns whether it is an event to be looked at.
pub(crate) fn feed<'a>(
    host: &mut Host,
    in_head: &mut bool,
    item: Item<'a>,
) -> Option<(eyrie_events::Event<'a>, eyrie_events::Seen)> {
    match item {
        Item::Section(_) => *host = Host::new(Limits::default()),
        Item::Machine(machine) => host.set_machine(machine),
        Item::Interface(interface) => {
            let name = String::from_utf8_lossy(interface.name).into_owned();
            host.insert_interface(match (interface.address, interface.mask, interface.broadcast) {
                (
                    std::net::IpAddr::V4(address),
                    std::net::IpAddr::V4(netmask),
                    std::net::IpAddr::V4(broadcast),
                ) => Interface::Ipv4 { name, address, netmask, broadcast },
                (std::net::IpAddr::V6(address), ..) => Interface::Ipv6 { name, address },
                other => panic!("{other:?}"),
            });
        }
        Item::Account(Account::User(user)) => host.insert_user(&user),
        Item::Account(Account::Group(group)) => host.insert_group(&group),
        Item::Thread(thread) => host.insert_thread(&thread),
        Item::Descriptor(tid, fd) => host.insert_fd(tid, &fd),
        Item::Event(recorded) => {
            if std::mem::take(in_head) {
                host.finish_head();
            }
            let seen = host.apply(&recorded.event);
            return (!recorded.initial).then_some((recorded.event, seen));
        }
    }
    None
}

/// What a field shows, as Falco prints it.
fn shown(record: &EventRecord<'_>, field: &Field) -> Vec<u8> {
    let mut values = Values::new();
    if record.extract(field, &mut values) != Presence::Present {
        return b"<NA>".to_vec();
    }
    let mut out = Vec::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let mut text = String::new();
        if record.display(field, value, &mut text) {
            out.extend_from_slice(text.as_bytes());
            continue;
        }
        match value {
            Value::Text(text) | Value::Bytes(text) => out.extend_from_slice(text),
            Value::Float(number) => out.extend_from_slice(format!("{number:.1}").as_bytes()),
            other => out.extend_from_slice(other.to_string().as_bytes()),
        }
    }
    let mut escaped = Vec::with_capacity(out.len());
    for byte in out {
        match byte {
            b'\t' => escaped.extend_from_slice(b"\\t"),
            b'\n' => escaped.extend_from_slice(b"\\n"),
            b'\r' => escaped.extend_from_slice(b"\\r"),
            b'\\' => escaped.extend_from_slice(b"\\\\"),
            byte => escaped.push(byte),
        }
    }
    escaped
}

fn resolve(schema: &SyscallSchema, written: &str) -> Field {
    match written.split_once('[') {
        Some((name, argument)) => schema.resolve(name, argument.strip_suffix(']')),
        None => schema.resolve(written, None),
    }
    .unwrap()
}

fn compare(
    folder: &Path,
    name: &str,
    kind: &str,
    wanted: Option<&str>,
    tallies: &mut BTreeMap<String, Tally>,
) {
    let schema = SyscallSchema::new();
    let answers = File::open(folder.join(format!("{name}.{kind}.tsv.gz"))).unwrap();
    let mut answers = BufReader::new(MultiGzDecoder::new(answers)).split(b'\n').map(Result::unwrap);
    let header = String::from_utf8(answers.next().unwrap()).unwrap();
    let fields: Vec<Field> = header.split('\t').map(|written| resolve(&schema, written)).collect();
    let mut capture = Vec::new();
    MultiGzDecoder::new(File::open(folder.join(format!("{name}.scap"))).unwrap())
        .read_to_end(&mut capture)
        .unwrap();
    let mut reader = Reader::new(capture.as_slice()).unwrap();
    let (mut host, mut stream, mut in_head) = (Host::new(Limits::default()), Stream::new(), true);
    while let Some(item) = reader.next().unwrap() {
        let Some((event, seen)) = feed(&mut host, &mut in_head, item) else { continue };
        stream.advance(event.time);
        let record = EventRecord { event: &event, host: &host, seen, stream: &stream };
        let answer = answers.next().unwrap();
        let answer: Vec<&[u8]> = answer.split(|byte| *byte == b'\t').collect();
        assert_eq!(answer.len(), fields.len());
        for (field, theirs) in fields.iter().zip(answer) {
            if wanted.is_some_and(|wanted| field.to_string() != wanted) {
                continue;
            }
            let ours = shown(&record, field);
            let tally = tallies.entry(field.to_string()).or_default();
            if ours != theirs {
                tally.different += 1;
                if tally.examples.len() < if wanted.is_some() { 40 } else { 3 } {
                    let at = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
                    let around = |text: &[u8]| {
                        let part = text.get(at.saturating_sub(40)..).unwrap_or_default();
                        String::from_utf8_lossy(part.get(..100).unwrap_or(part)).into_owned()
                    };
                    tally.examples.push(format!(
                        "{name} {} {} tid {}: `{}`, ours `{}`",
                        event.number,
                        event.info().name,
                        event.tid,
                        around(theirs),
                        around(&ours)
                    ));
                }
            } else if theirs == b"<NA>" {
                tally.absent += 1;
            } else {
                tally.equal += 1;
            }
        }
    }
    assert!(answers.next().is_none_or(|rest| rest.is_empty()));
}

#[test]
fn fields_are_those_of_falco() {
    let Some(folder) = captures() else { return };
    let wanted = std::env::var("FIELDS").ok();
    let mut tallies = BTreeMap::new();
    for name in ["mixed", "forkexec", "net", "suspicious", "syscalls"] {
        for kind in ["core", "fields"] {
            compare(&folder, name, kind, wanted.as_deref(), &mut tallies);
        }
    }
    let mut sorted: Vec<(&String, &Tally)> = tallies.iter().collect();
    sorted.sort_by(|(_, a), (_, b)| b.share().total_cmp(&a.share()));
    let (mut equal, mut all) = (0, 0);
    for (field, tally) in sorted {
        equal += tally.equal;
        all += tally.equal + tally.different;
        println!("{:7.3} % {field}: {} equal, {} different", tally.share(), tally.equal, tally.different);
        for example in &tally.examples {
            println!("      {example}");
        }
    }
    println!("{equal} of {all} values: {:.3} %", equal as f64 * 100.0 / all as f64);
}
