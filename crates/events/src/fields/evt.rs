//! The fields of the event itself: what every event has (number, time, source) and what system calls have (kind, parameters,
//! result).

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use eyrie_lang::{Class, Field, Presence, Type, Value, Values};

use super::id;
use super::record::{EventRecord, Stream, write_directory, write_joined};
use super::schema::{BY_PARAM_NAME, NO_POSITION};
use crate::event::Event;
use crate::state::{Fd, FdType, Thread};
use crate::table::{Category, Direction, EventClass, EventFlags, EventType, Format, ParamName, SyscallId};
use crate::text::{self, AT_FDCWD, ParamText, time};

const SECOND: u64 = 1_000_000_000;

/// `PPM_O_*`: how a file was opened.
mod open {
    pub(super) const READ: u32 = 1;
    pub(super) const WRITE: u32 = 1 << 1;
    pub(super) const CREATE: u32 = 1 << 2;
    pub(super) const TEMPORARY: u32 = 1 << 13;
    /// The call made the file.
    pub(super) const CREATED: u32 = 1 << 14;
    /// Anyone may execute the file.
    pub(super) const MODE_EXECUTE: u32 = 0o111;
}

/// The fields that events of every source have: those of [`FieldClass::Event`](super::FieldClass::Event).
///
/// `evt.pluginname` and `evt.plugininfo` are left to who knows the plugin.
pub fn extract_event<'v>(
    event: &'v Event<'_>,
    stream: &'v Stream,
    source: &'v str,
    field: &Field,
    out: &mut Values<'v>,
) -> Presence {
    let since_first = event.time.wrapping_sub(stream.first_time);
    match field.id {
        id::EVT_NUM => out.uint(event.number),
        id::EVT_TIME => {
            out.written_text(|out| time::write_clock(event.time, stream.offset_at(event.time), true, out))
        }
        id::EVT_TIME_S => {
            out.written_text(|out| time::write_clock(event.time, stream.offset_at(event.time), false, out))
        }
        id::EVT_TIME_ISO8601 => out.written_text(|out| time::write_iso8601(event.time, out)),
        id::EVT_DATETIME => {
            out.written_text(|out| time::write_date_time(event.time, stream.offset_at(event.time), true, out))
        }
        id::EVT_DATETIME_S => out
            .written_text(|out| time::write_date_time(event.time, stream.offset_at(event.time), false, out)),
        id::EVT_RAWTIME => out.uint(event.time),
        id::EVT_RAWTIME_S => out.uint(event.time / SECOND),
        id::EVT_RAWTIME_NS => out.uint(event.time % SECOND),
        id::EVT_RELTIME => out.uint(since_first),
        id::EVT_RELTIME_S => out.uint(since_first / SECOND),
        id::EVT_RELTIME_NS => out.uint(since_first % SECOND),
        id::EVT_SOURCE => out.text(source),
        id::EVT_IS_ASYNC => out.bool(event.info().class == EventClass::Metaevent),
        id::EVT_ASYNCTYPE if event.info().class != EventClass::Metaevent => Presence::Absent,
        id::EVT_ASYNCTYPE => name(event, out),
        id::EVT_HOSTNAME => out.text(&stream.hostname),
        _ => Presence::Absent,
    }
}

/// The fields that system calls have.
pub(super) fn extract_syscall<'v>(
    record: &'v EventRecord<'_>,
    field: &Field,
    out: &mut Values<'v>,
) -> Presence {
    let event = record.event;
    let info = event.info();
    let category = info.category;
    let since_previous = event.time.wrapping_sub(record.stream.previous_time);
    match field.id {
        id::EVT_TYPE => name(event, out),
        id::SYSCALL_TYPE if info.class != EventClass::Syscall => Presence::Absent,
        id::SYSCALL_TYPE => name(event, out),
        id::EVT_ARG => argument(record, field, out),
        id::EVT_RAWARG => raw_argument(record, field, out),
        id::EVT_ARGS | id::EVT_INFO => out.written_text(|out| write_arguments(record, out)),
        id::EVT_TYPE_IS => {
            // An entry and its exit follow one another.
            let first = field.key;
            out.uint(u64::from((first..=first + 1).contains(&u64::from(event.ty.0))))
        }
        id::EVT_DIR => out.text(if event.ty.is_enter() { ">" } else { "<" }),
        id::EVT_CATEGORY => out.text(category_name(category, record.fd())),
        id::EVT_CPU => out.int(i64::from(event.cpu as i16)),
        id::EVT_RES => match result(record) {
            None => Presence::Absent,
            Some(0..) => out.text("SUCCESS"),
            Some(_) => shown(record, 0, out),
        },
        id::EVT_RAWRES => result(record).map_or(Presence::Absent, |result| out.int(result)),
        id::EVT_FAILED => result(record).map_or(Presence::Absent, |result| out.bool(result < 0)),
        id::EVT_BUFFER => data(record).map_or(Presence::Absent, |data| out.bytes(data)),
        id::EVT_BUFLEN => buffer_len(record, is_io(category), |_| true, out),
        id::EVT_BUFLEN_IN => buffer_len(record, category == Category::IoRead, |_| true, out),
        id::EVT_BUFLEN_OUT => buffer_len(record, category == Category::IoWrite, |_| true, out),
        id::EVT_BUFLEN_FILE => buffer_len(record, is_io(category), Fd::is_file, out),
        id::EVT_BUFLEN_FILE_IN => buffer_len(record, category == Category::IoRead, Fd::is_file, out),
        id::EVT_BUFLEN_FILE_OUT => buffer_len(record, category == Category::IoWrite, Fd::is_file, out),
        id::EVT_BUFLEN_NET => buffer_len(record, is_io(category), is_ip, out),
        id::EVT_BUFLEN_NET_IN => buffer_len(record, category == Category::IoRead, is_ip, out),
        id::EVT_BUFLEN_NET_OUT => buffer_len(record, category == Category::IoWrite, is_ip, out),
        id::EVT_IS_IO => out.bool(event.has(EventFlags::READS) || event.has(EventFlags::WRITES)),
        id::EVT_IS_IO_READ => out.bool(event.has(EventFlags::READS)),
        id::EVT_IS_IO_WRITE => out.bool(event.has(EventFlags::WRITES)),
        id::EVT_IO_DIR if event.has(EventFlags::WRITES) => out.text("write"),
        id::EVT_IO_DIR if event.has(EventFlags::READS) => out.text("read"),
        id::EVT_IS_WAIT => out.bool(event.has(EventFlags::WAITS)),
        id::EVT_IS_SYSLOG => {
            out.bool(event.has(EventFlags::WRITES) && record.fd().is_some_and(Fd::is_syslog))
        }
        id::EVT_IS_OPEN_READ | id::EVT_IS_OPEN_WRITE | id::EVT_IS_OPEN_CREATE | id::EVT_IS_OPEN_EXEC => {
            out.bool(is_open(record, field))
        }
        id::EVT_DELTATIME => out.uint(since_previous),
        id::EVT_DELTATIME_S => out.uint(since_previous / SECOND),
        id::EVT_DELTATIME_NS => out.uint(since_previous % SECOND),
        id::EVT_OUTPUTTIME => out.written_text(|out| {
            time::write_clock(event.time, record.stream.offset_at(event.time), true, out)
        }),
        // System calls' beginnings are no longer recorded.
        id::EVT_LATENCY
        | id::EVT_LATENCY_S
        | id::EVT_LATENCY_NS
        | id::EVT_LATENCY_QUANTIZED
        | id::EVT_WAIT_LATENCY => out.uint(0),
        id::EVT_LATENCY_HUMAN => out.text("0ns"),
        id::EVT_COUNT => out.uint(1),
        id::EVT_COUNT_EXIT if !event.ty.is_enter() => out.uint(1),
        id::EVT_COUNT_ERROR
        | id::EVT_COUNT_ERROR_FILE
        | id::EVT_COUNT_ERROR_NET
        | id::EVT_COUNT_ERROR_MEMORY
        | id::EVT_COUNT_ERROR_OTHER => error_count(record, field, out),
        id::EVT_COUNT_THREADINFO => out.uint(u64::from(event.ty == EventType::PROCINFO_E)),
        id::EVT_COUNT_PROCINFO => {
            let is_main = record.thread().is_some_and(Thread::is_main);
            out.uint(u64::from(event.ty == EventType::PROCINFO_E && is_main))
        }
        // How far the event is from the time, in milliseconds.
        id::EVT_AROUND => out.uint(event.time.abs_diff(field.key).div_ceil(1_000_000)),
        id::EVT_ABSPATH => absolute_path(record, field.key, out),
        id::EVT_INFRA_DOCKER_NAME
        | id::EVT_INFRA_DOCKER_CONTAINER_ID
        | id::EVT_INFRA_DOCKER_CONTAINER_NAME
        | id::EVT_INFRA_DOCKER_CONTAINER_IMAGE => docker(record, field, out),
        _ => Presence::Absent,
    }
}

/// What the kind is called: the system call's name, or the name that an injected event brings.
fn name<'v>(event: &'v Event<'_>, out: &mut Values<'v>) -> Presence {
    match event.ty {
        EventType::GENERIC_X => {
            let call = event.u16(0).map(SyscallId).filter(|call| call.0 != 0);
            // What was not known to the recorder may be known here, by the machine's own number.
            let call = call.or_else(|| SyscallId::from_native(event.u16(1)?));
            out.text(call.unwrap_or(SyscallId(0)).name().unwrap_or(""))
        }
        EventType::ASYNCEVENT_E => event.param(1).map_or(Presence::Absent, |name| out.text(text::text(name))),
        _ => out.text(event.info().name),
    }
}

/// What the system call returned; `None` if it returns nothing.
pub(super) fn result(record: &EventRecord<'_>) -> Option<i64> {
    let event = record.event;
    let info = event.info();
    let returns = event.ty != EventType::GENERIC_X
        && info.class == EventClass::Syscall
        && info.direction == Direction::Exit;
    let bytes = event.param(0).filter(|_| returns)?;
    Some(match bytes.len() {
        4 => event.i32(0).map_or(0, i64::from),
        8 => event.i64(0).unwrap_or(0),
        _ => 0,
    })
}

fn is_io(category: Category) -> bool {
    matches!(category, Category::IoRead | Category::IoWrite | Category::IoOther)
}

fn is_ip(fd: &Fd) -> bool {
    matches!(fd.ty, FdType::Ipv4Socket | FdType::Ipv6Socket | FdType::Ipv4Server | FdType::Ipv6Server)
}

fn is_file_or_directory(fd: &Fd) -> bool {
    fd.is_file() || fd.ty == FdType::Directory
}

fn category_name(category: Category, fd: Option<&Fd>) -> &'static str {
    match category {
        Category::Unknown => "unknown",
        Category::Other => "other",
        Category::File => "file",
        Category::Net => "net",
        Category::Ipc => "IPC",
        Category::Memory => "memory",
        Category::Process => "process",
        Category::Sleep => "sleep",
        Category::System => "system",
        Category::Signal => "signal",
        Category::User => "user",
        Category::Time => "time",
        Category::Processing => "processing",
        Category::Wait => "wait",
        Category::Scheduler => "scheduler",
        Category::Internal => "internal",
        Category::IoRead | Category::IoWrite | Category::IoOther => match fd.map(|fd| fd.ty) {
            Some(FdType::File | FdType::FileV2 | FdType::Directory) => "file",
            Some(FdType::Ipv4Socket | FdType::Ipv6Socket | FdType::Ipv4Server | FdType::Ipv6Server) => "net",
            Some(
                FdType::Fifo
                | FdType::UnixSocket
                | FdType::Event
                | FdType::Signal
                | FdType::Inotify
                | FdType::Userfault,
            ) => "ipc",
            _ => "unknown",
        },
    }
}

/// The position of a parameter by its name.
fn position(record: &EventRecord<'_>, name: ParamName) -> Option<usize> {
    let params = record.event.info().params;
    params.iter().take(record.event.param_count()).position(|param| param.name_id == name)
}

fn position_of(record: &EventRecord<'_>, field: &Field) -> Option<usize> {
    match field.key {
        NO_POSITION => None,
        key if key & BY_PARAM_NAME != 0 => position(record, ParamName(u16::try_from(key & 0xffff).ok()?)),
        key => usize::try_from(key).ok(),
    }
}

fn argument<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    position_of(record, field).map_or(Presence::Absent, |at| shown(record, at, out))
}

/// A parameter's text.
pub(super) fn shown<'v>(record: &'v EventRecord<'_>, at: usize, out: &mut Values<'v>) -> Presence {
    let Some(param) = ParamText::new(record, at) else { return Presence::Absent };
    param.remember();
    match param.lent() {
        Some(text) => out.text(text),
        None => out.written_text(|out| param.write(record.stream.buffer_format, out)),
    }
}

fn write_arguments(record: &EventRecord<'_>, out: &mut Vec<u8>) {
    // The parameters of these are for machines.
    if record.event.ty == EventType::GENERIC_X {
        return;
    }
    for (at, (info, bytes)) in record.event.params().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        ParamText::of(record, info, bytes).write_pair(record.stream.buffer_format, out);
    }
}

/// A parameter's value. Its type is the one that the first parameter of that name has, which the condition was checked with.
fn raw_argument<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let Some(at) = position_of(record, field) else { return Presence::Absent };
    let (Some(bytes), Some(info)) = (record.event.param(at), record.event.info().params.get(at)) else {
        return Presence::Absent;
    };
    let is_text = |ty| matches!(ty, Type::CharBuf | Type::FsPath | Type::FsRelPath);
    if is_text(field.ty) || is_text(info.ty) {
        return if is_text(field.ty) && is_text(info.ty) {
            out.text(text::text(bytes))
        } else {
            Presence::Absent
        };
    }
    if bytes.is_empty() {
        return Presence::Absent;
    }
    match field.ty.width() {
        Some(width) => match text::read_int(info.ty, bytes) {
            Some(number) if width.signed => out.int(number),
            Some(number) => out.uint(match width.bits {
                8 => u64::from(number as u8),
                16 => u64::from(number as u16),
                32 => u64::from(number as u32),
                _ => number as u64,
            }),
            None => Presence::Absent,
        },
        None => match (field.ty.class(), bytes) {
            (Class::Bool, _) => out.bool(bytes.iter().any(|byte| *byte != 0)),
            (Class::Number, _) => match bytes.first_chunk() {
                Some(number) => out.float(f64::from_le_bytes(*number)),
                None => Presence::Absent,
            },
            (Class::Ip | Class::Net, &[a, b, c, d]) => out.ip(Ipv4Addr::new(a, b, c, d).into()),
            (Class::Ip | Class::Net, _) => match bytes.first_chunk::<16>() {
                Some(address) => out.ip(Ipv6Addr::from(*address).into()),
                None => Presence::Absent,
            },
            _ => out.bytes(bytes),
        },
    }
}

/// How numbers of the parameter that `evt.rawarg` is are shown.
pub(super) fn format_of(record: &EventRecord<'_>, field: &Field) -> Option<Format> {
    let at = position_of(record, field)?;
    record.event.info().params.get(at).map(|info| info.format)
}

/// Shows a parameter's value in the format of the parameter.
pub(super) fn show_raw(record: &EventRecord<'_>, field: &Field, value: Value<'_>, out: &mut String) -> bool {
    let bits = match (value, field.ty.width()) {
        (Value::Uint(number), _) => number,
        (Value::Int(number), Some(width)) if width.bits < 64 => number as u64 & u64::from(u32::MAX),
        (Value::Int(number), _) => number as u64,
        _ => return false,
    };
    // Writing to a string does not fail.
    match format_of(record, field) {
        Some(Format::Hex) => _ = write!(out, "{bits:X}"),
        Some(Format::Oct) => _ = write!(out, "{bits:o}"),
        _ => return false,
    }
    true
}

/// The data that was read or written.
fn data<'a>(record: &EventRecord<'a>) -> Option<&'a [u8]> {
    record.event.param(position(record, ParamName::DATA)?)
}

fn buffer_len<'v>(
    record: &EventRecord<'_>,
    category: bool,
    fd: impl Fn(&Fd) -> bool,
    out: &mut Values<'v>,
) -> Presence {
    if !category || !record.fd().is_some_and(fd) {
        return Presence::Absent;
    }
    match result(record) {
        Some(len @ 0..) => out.uint(len as u64),
        _ => Presence::Absent,
    }
}

fn is_open(record: &EventRecord<'_>, field: &Field) -> bool {
    let event = record.event;
    let is_execute = field.id == id::EVT_IS_OPEN_EXEC;
    // Where the flags and the mode stand.
    let (flags_at, mode_at) = match event.ty {
        EventType::OPENAT_2_X | EventType::OPENAT2_X => (3, Some(4)),
        EventType::OPEN_X => (2, Some(3)),
        EventType::OPEN_BY_HANDLE_AT_X => (2, None),
        EventType::CREAT_X => {
            return is_execute && event.u32(2).is_some_and(|mode| mode & open::MODE_EXECUTE != 0);
        }
        _ => return false,
    };
    let flags = event.u32(flags_at).unwrap_or(0);
    match field.id {
        id::EVT_IS_OPEN_READ => flags & open::READ != 0,
        id::EVT_IS_OPEN_WRITE => flags & open::WRITE != 0,
        id::EVT_IS_OPEN_CREATE => {
            flags & open::CREATED != 0
                || (flags & open::TEMPORARY != 0 && result(record).is_some_and(|result| result >= 0))
        }
        _ => {
            flags & (open::TEMPORARY | open::CREATE) != 0
                && mode_at.and_then(|at| event.u32(at)).is_some_and(|mode| mode & open::MODE_EXECUTE != 0)
        }
    }
}

fn error_count<'v>(record: &EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let event = record.event;
    let opens = matches!(
        event.ty,
        EventType::OPEN_X
            | EventType::CREAT_X
            | EventType::OPENAT_2_X
            | EventType::OPENAT2_X
            | EventType::OPEN_BY_HANDLE_AT_X
    );
    let connects = matches!(event.ty, EventType::ACCEPT_5_X | EventType::ACCEPT4_6_X | EventType::CONNECT_X);
    let about_memory = event.info().category == Category::Memory;
    let is_net = |fd: &Fd| is_ip(fd) || fd.ty == FdType::UnixSocket;
    let counts = match field.id {
        id::EVT_COUNT_ERROR => true,
        id::EVT_COUNT_ERROR_FILE => record.fd().map_or(opens, is_file_or_directory),
        id::EVT_COUNT_ERROR_NET => record.fd().map_or(connects, is_net),
        id::EVT_COUNT_ERROR_MEMORY => about_memory,
        _ => record
            .fd()
            .map_or(!opens && !connects && !about_memory, |fd| !is_file_or_directory(fd) && !is_net(fd)),
    };
    match result(record).filter(|_| counts) {
        Some(result) => out.uint(u64::from(result < 0)),
        None => Presence::Absent,
    }
}

/// The whole path of a call with a directory and a path in it; `which` is 2 for the second of two.
fn absolute_path<'v>(record: &EventRecord<'_>, which: u64, out: &mut Values<'v>) -> Presence {
    let event = record.event;
    if record.thread_index().is_none() {
        return Presence::Absent;
    }
    // Where the directory and the path stand.
    let first = which < 2;
    let (directory, path) = match event.ty {
        EventType::RENAMEAT_X | EventType::RENAMEAT2_X | EventType::LINKAT_2_X if first => (1, 2),
        EventType::RENAMEAT_X | EventType::RENAMEAT2_X | EventType::LINKAT_2_X => (3, 4),
        EventType::SYMLINKAT_X => (2, 3),
        EventType::OPENAT_2_X
        | EventType::OPENAT2_X
        | EventType::UNLINKAT_2_X
        | EventType::MKDIRAT_X
        | EventType::FCHMODAT_X
        | EventType::FCHOWNAT_X => (1, 2),
        EventType::OPEN_BY_HANDLE_AT_X => {
            return match (result(record), event.param(3)) {
                (Some(1..), Some(path)) => out.written_text(|out| write_joined(b"", text::text(path), out)),
                _ => Presence::Absent,
            };
        }
        _ => return Presence::Absent,
    };
    let (Some(directory), Some(path)) =
        (event.i64(directory), event.param(path).filter(|path| !path.is_empty()))
    else {
        return Presence::Absent;
    };
    let path = text::text(path);
    out.written_text(|out| {
        let mut base = Vec::new();
        if directory == AT_FDCWD {
            base.extend_from_slice(record.working_directory());
        } else {
            match record.fds().and_then(|fds| fds.get(directory)) {
                Some(fd) => write_directory(fd, &mut base),
                None => base.extend_from_slice(b"<UNKNOWN>/"),
            }
        }
        write_joined(&base, path, out);
    })
}

/// What an old report of Docker says: parts like `Event:start` with semicolons between.
fn docker<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let event = record.event;
    let Some(text) = event.text(2).filter(|_| event.ty == EventType::INFRASTRUCTURE_EVENT_E) else {
        return Presence::Absent;
    };
    let name: &[u8] = match field.id {
        id::EVT_INFRA_DOCKER_NAME => b"Event",
        id::EVT_INFRA_DOCKER_CONTAINER_ID => b"ID",
        id::EVT_INFRA_DOCKER_CONTAINER_NAME => b"name",
        _ => b"Image",
    };
    let part = text.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).find(|part| part.starts_with(name));
    let value = part.and_then(|part| part.splitn(2, |byte| *byte == b':').nth(1)).map(<[u8]>::trim_ascii);
    let Some(value) = value else { return Presence::Absent };
    out.text(match field.id {
        id::EVT_INFRA_DOCKER_CONTAINER_ID => value.get(..12).unwrap_or(value),
        id::EVT_INFRA_DOCKER_CONTAINER_IMAGE => value.split(|byte| *byte == b'@').next().unwrap_or(value),
        _ => value,
    })
}

/// Shows the data of `evt.buffer`. Some events call something else `data`, which is shown in the way of its type.
pub(super) fn show_buffer(record: &EventRecord<'_>, out: &mut String) -> bool {
    let format = record.stream.buffer_format;
    let Some(param) = position(record, ParamName::DATA).and_then(|at| ParamText::new(record, at)) else {
        return false;
    };
    let mut shown = Vec::new();
    param.write_plain(format, &mut shown);
    param.remember();
    if let Some(leftovers) = record.stream.leftovers() {
        shown.clear();
        text::buffer::write(format, leftovers.shown(), &mut shown);
    }
    out.push_str(&String::from_utf8_lossy(&shown));
    true
}
