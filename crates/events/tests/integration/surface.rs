//! Everything that is asked of events, asked of any bytes.

use std::sync::LazyLock;

use eyrie_events::fields::SyscallSchema;
use eyrie_events::state::Limits;
use eyrie_events::state::head::{FdDetail, FdRecord, ThreadRecord};
use eyrie_events::text::{BufferFormat, ParamText};
use eyrie_events::{Event, EventRecord, EventType, Host, Seen, Stream};
use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy};
use eyrie_lang::{Field, Fields as _, Presence, Schema as _, Values};

/// Every field, those with arguments with several, some of which make no sense.
pub(crate) fn fields(schema: &SyscallSchema) -> Vec<Field> {
    let mut fields = Vec::new();
    for info in schema.fields() {
        let arguments: &[&str] = match info.argument {
            ArgumentPolicy::Forbidden => &[],
            ArgumentPolicy::Optional(ArgumentKind::Index) | ArgumentPolicy::Required(ArgumentKind::Index) => {
                &["0", "1", "31", "-1", "9999999999"]
            }
            ArgumentPolicy::Optional(ArgumentKind::Key) | ArgumentPolicy::Required(ArgumentKind::Key) => {
                &["0", "PATH", "/*", "99"]
            }
        };
        fields.extend(schema.resolve(&info.name, None));
        fields
            .extend(arguments.iter().filter_map(|argument| schema.resolve(&info.name, Some(argument)).ok()));
    }
    for name in eyrie_events::table::ParamName::all() {
        for prefix in ["evt.arg", "evt.rawarg"] {
            fields.extend(schema.resolve(&format!("{prefix}.{name}"), None));
        }
    }
    for name in ["evt.type.is.open", "evt.abspath.src", "evt.abspath.dst", "thread.cgroup.cpu"] {
        fields.extend(schema.resolve(name, None));
    }
    fields
}

/// A machine with two processes and some descriptors.
pub(crate) fn host() -> Host {
    let mut host = Host::new(Limits { threads: 64, fds: 64, ..Limits::default() });
    for (pid, ptid) in [(1, 0), (7, 1)] {
        host.insert_thread(&ThreadRecord {
            tid: pid,
            pid,
            ptid,
            comm: b"sh",
            exe: b"sh",
            args: b"-c\0true\0",
            env: b"PATH=/bin\0",
            cwd: b"/tmp",
            ..ThreadRecord::default()
        });
        let details = [
            FdDetail::File { open_flags: 1, path: b"/etc/passwd", device: 5 },
            FdDetail::Ipv4 {
                source: [10, 0, 0, 1].into(),
                destination: [10, 0, 0, 2].into(),
                source_port: 1,
                destination_port: 80,
                protocol: 2,
            },
            FdDetail::Unix { source: 1, destination: 2, path: b"/dev/log" },
            FdDetail::File { open_flags: 1 << 10, path: b"/home/\xff", device: 5 },
        ];
        for (number, detail) in (0..).zip(details) {
            host.insert_fd(pid, &FdRecord { number, inode: 3, detail });
        }
    }
    host.finish_head();
    host
}

/// Asks everything of an event.
pub(crate) fn exercise(fields: &[Field], record: &EventRecord<'_>) {
    let mut text = String::new();
    for field in fields {
        let mut values = Values::new();
        let presence = record.extract(field, &mut values);
        assert_ne!(presence, Presence::Unavailable);
        if presence == Presence::Present {
            for value in values.iter() {
                text.clear();
                let _ = record.structured(field, value);
                assert!(value.fits(field.ty), "{field}: {value:?}");
                if !record.display(field, value, &mut text) {
                    text.push_str(&value.to_string());
                }
            }
        }
    }
    let mut out = Vec::new();
    for at in 0..33 {
        let Some(param) = ParamText::new(record, at) else { continue };
        for format in
            [BufferFormat::Printable, BufferFormat::Base64, BufferFormat::Hex, BufferFormat::HexAscii]
        {
            out.clear();
            param.write_pair(format, &mut out);
            assert!(out.starts_with(param.name().as_bytes()));
        }
        if let Some(lent) = param.lent() {
            out.clear();
            param.write(BufferFormat::Printable, &mut out);
            assert_eq!(out, lent);
        }
    }
}

/// Events out of any bytes. If the first byte is even, the rest is one event as a recorder writes it; else it is a row of events,
/// `kind u16, thread u8, count u8`, then for each parameter its length in a byte and its bytes.
pub(crate) fn exercise_bytes(bytes: &[u8]) {
    static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| fields(&SyscallSchema::new()));
    let fields: &[Field] = &FIELDS;
    let mut host = host();
    let mut stream = Stream::new();
    let Some((first, rest)) = bytes.split_first() else { return };
    if first & 2 == 2 {
        stream = stream.strict();
    }
    if first % 2 == 0 {
        if let Ok(event) = Event::decode(rest) {
            one(fields, &mut host, &mut stream, &event);
        }
        return;
    }
    let mut rest = rest;
    for number in 1_u64..50 {
        let Some((&[low, high, tid, count], mut after)) = rest.split_first_chunk() else { return };
        let ty = EventType(u16::from_le_bytes([low, high]) % u16::try_from(EventType::COUNT).unwrap_or(1));
        let wide = ty.info().is_some_and(|info| info.flags.has(eyrie_events::table::EventFlags::LARGE));
        let (mut lengths, mut payload) = (Vec::new(), Vec::new());
        let count = count % 33;
        for _ in 0..count {
            let (len, after_len) = after.split_first().unwrap_or((&0, &[]));
            let (param, after_param) = after_len.split_at(usize::from(*len).min(after_len.len()));
            let width = if wide { 4 } else { 2 };
            lengths.extend_from_slice(&u32::try_from(param.len()).unwrap_or(0).to_le_bytes()[..width]);
            payload.extend_from_slice(param);
            after = after_param;
        }
        rest = after;
        lengths.extend_from_slice(&payload);
        if let Ok(mut event) = Event::from_parts(number << 40, i64::from(tid), ty, u32::from(count), &lengths)
        {
            event.number = number;
            one(fields, &mut host, &mut stream, &event);
        }
    }
}

fn one(fields: &[Field], host: &mut Host, stream: &mut Stream, event: &Event<'_>) {
    stream.advance(event.time);
    // As it is, and to an onlooker who knows nothing of it.
    let seen = host.apply(event);
    exercise(fields, &EventRecord { event, host, seen, stream });
    exercise(fields, &EventRecord { event, host, seen: Seen::default(), stream });
}
