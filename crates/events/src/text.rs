//! The text of parameters, as `evt.args` and `evt.arg` show it. A parameter has a plain text, such as a number, and may have a
//! second one that says more: the names of flags, of an error, of what a descriptor is open on. `evt.args` shows both,
//! `fd=3(<f>/etc/passwd)`; `evt.arg.fd` shows the second where there is one.
//!
//! What is written is what Falco writes, quirks included: `UINT32` is shown as if it had a sign, and what is missing is `<NA>`
//! or `NULL` depending on its type. Bytes that no recorder would write are shown as far as they go; nothing here fails.

pub mod address;
pub mod buffer;
pub mod time;

use std::fmt;
use std::io::Write as _;

use eyrie_lang::Type;

pub use buffer::BufferFormat;

use crate::fields::EventRecord;
use crate::state::{FdType, Protocol, ThreadIndex};
use crate::table::{Format, ParamInfo, SyscallId, names};

/// What `dirfd` is where a path is relative to the working directory.
pub(crate) const AT_FDCWD: i64 = -100;

/// What stands for something that is missing.
pub(crate) const MISSING: &[u8] = b"<NA>";

/// A parameter of an event, to be shown.
#[derive(Clone, Copy, Debug)]
pub struct ParamText<'a> {
    record: EventRecord<'a>,
    info: &'static ParamInfo,
    ty: Type,
    bytes: &'a [u8],
    /// The bytes, the first of which says their type, name a type that there is not.
    invalid: bool,
}

impl<'a> ParamText<'a> {
    /// The parameter at this position; `None` if the event does not have it.
    pub fn new(record: &EventRecord<'a>, at: usize) -> Option<Self> {
        let bytes = record.event.param(at)?;
        let info = record.event.info().params.get(at)?;
        Some(ParamText::of(record, info, bytes))
    }

    /// A parameter with these bytes.
    pub(crate) fn of(record: &EventRecord<'a>, info: &'static ParamInfo, bytes: &'a [u8]) -> Self {
        let (mut ty, mut rest, mut invalid) = (info.ty, bytes, false);
        if ty == Type::Dyn
            && let Some((kind, after)) = bytes.split_first()
        {
            match info.types.get(usize::from(*kind)) {
                Some(found) => (ty, rest) = (*found, after),
                None => invalid = true,
            }
        }
        ParamText { record: *record, info, ty, bytes: rest, invalid }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.info.name
    }

    /// The text if it is lent by the event: that of a parameter that is a text. A path that is relative has a second text
    /// that is not.
    pub fn lent(&self) -> Option<&'a [u8]> {
        match self.ty {
            Type::CharBuf => Some(text(self.bytes)),
            Type::FsPath | Type::FsRelPath => {
                let path = text(self.bytes);
                (path.is_empty() || path.starts_with(b"/") || path == MISSING || self.thread().is_none())
                    .then_some(path)
            }
            _ => None,
        }
    }

    /// Remembers the plain text if that matters to anybody.
    pub(crate) fn remember(&self) {
        if let Some(mut leftovers) = self.record.stream.leftovers() {
            let mut plain = Vec::new();
            self.write_plain(self.record.stream.buffer_format, &mut plain);
            let len = plain.len();
            // What is put together at first and then cut off.
            match self.ty {
                Type::AbsTime => plain.extend_from_slice(b" +0000"),
                Type::FdList => plain.push(0),
                _ => {}
            }
            leftovers.write(&plain, false);
            plain.truncate(len);
            leftovers.write(&plain, self.ty == Type::ByteBuf && !self.bytes.is_empty());
        }
    }

    /// Writes the second text, or the plain one where there is none.
    pub fn write(&self, format: BufferFormat, out: &mut Vec<u8>) {
        let before = out.len();
        self.write_meaning(out);
        if out.len() == before {
            self.write_plain(format, out);
        }
    }

    /// Writes `name=plain(second)`, or `name=plain` where there is no second text.
    pub fn write_pair(&self, format: BufferFormat, out: &mut Vec<u8>) {
        self.remember();
        out.extend_from_slice(self.info.name.as_bytes());
        out.push(b'=');
        self.write_plain(format, out);
        out.push(b'(');
        let before = out.len();
        self.write_meaning(out);
        if out.len() == before {
            out.pop();
        } else {
            out.push(b')');
        }
    }

    /// Writes the plain text.
    pub fn write_plain(&self, format: BufferFormat, out: &mut Vec<u8>) {
        if self.bytes.is_empty() && !is_text(self.ty) {
            out.extend_from_slice(missing(self.info.ty));
            return;
        }
        if self.invalid {
            out.extend_from_slice(b"INVALID DYNAMIC PARAMETER");
            return;
        }
        match self.ty {
            Type::Int8 => self.number(out, self.int().map(|n| i64::from(n as i8)), 32),
            Type::Int16 => self.number(out, self.int().map(|n| i64::from(n as i16)), 32),
            Type::Uint8 | Type::Uint16 => self.number(out, self.int(), 32),
            // Shown as if they had a sign.
            Type::Int32 | Type::Uint32 => self.number(out, self.int().map(|n| i64::from(n as i32)), 32),
            Type::Int64 | Type::Uint64 => self.number(out, self.int(), 64),
            Type::Fd | Type::Pid | Type::Errno => display(out, self.int()),
            Type::Fd32 | Type::Pid32 => display(out, self.int().map(|n| n as i32)),
            Type::CharBuf | Type::FsPath | Type::FsRelPath => out.extend_from_slice(text(self.bytes)),
            Type::ByteBuf => buffer::write(format, self.bytes, out),
            Type::SockAddr => address::write_address(self.bytes, out),
            Type::SockTuple => address::write_tuple(self.bytes, out),
            Type::FdList => self.write_descriptors(out),
            Type::SyscallId => match self.int().and_then(|n| u16::try_from(n).ok()) {
                Some(number) if usize::from(number) < SyscallId::COUNT => display(out, Some(number)),
                _ => out.extend_from_slice(b"<unknown syscall>"),
            },
            Type::SigType => display(out, self.int()),
            Type::RelTime => match self.int() {
                Some(-1) => out.extend_from_slice(b"none"),
                time => display(out, time.map(|n| n as u64)),
            },
            Type::AbsTime => match self.int() {
                Some(time) => {
                    let time = time as u64;
                    time::write_date_time(time, self.record.stream.offset_at(time), true, out);
                }
                None => out.extend_from_slice(MISSING),
            },
            Type::Flags8
            | Type::Flags16
            | Type::Flags32
            | Type::EnumFlags8
            | Type::EnumFlags16
            | Type::EnumFlags32 => display(out, self.int()),
            Type::Mode => self.number(out, self.int().map(|n| i64::from(n as i32)), 32),
            Type::Uid | Type::Gid => display(out, self.int().map(|n| n as i32)),
            Type::SigSet => self.write_signals(out),
            // No event has a parameter of these types.
            _ => out.extend_from_slice(b"(n.a.)"),
        }
    }

    /// Writes the second text, if there is one.
    pub fn write_meaning(&self, out: &mut Vec<u8>) {
        if self.invalid || (self.bytes.is_empty() && !is_text(self.ty)) {
            return;
        }
        match self.ty {
            Type::Fd | Type::Fd32 => self.write_descriptor(out),
            Type::Pid | Type::Pid32 => {
                if let Some(thread) = self.int().and_then(|tid| self.record.host.threads().by_tid(tid)) {
                    out.extend_from_slice(&thread.comm);
                }
            }
            Type::Errno => {
                if let Some(number) = self.int().filter(|number| *number < 0) {
                    out.extend_from_slice(errno_name(number).unwrap_or_default().as_bytes());
                }
            }
            Type::FsPath | Type::FsRelPath => self.write_full_path(out),
            Type::SyscallId => {
                let name = self.int().and_then(|n| SyscallId(u16::try_from(n).ok()?).name());
                out.extend_from_slice(name.unwrap_or_default().as_bytes());
            }
            Type::SigType => {
                let name = self.int().and_then(|n| named(names::SIGNAL, u32::try_from(n).ok()?));
                out.extend_from_slice(name.unwrap_or_default().as_bytes());
            }
            Type::RelTime => {
                if let Some(time) = self.int().filter(|time| *time != -1) {
                    write_general(out, time as u64 as f64 / 1e9);
                    out.push(b's');
                }
            }
            Type::Flags8 | Type::Flags16 | Type::Flags32 => self.write_flags(out),
            Type::EnumFlags8 | Type::EnumFlags16 | Type::EnumFlags32 => {
                let value = self.int().map(|n| n as u32);
                let all = self.info.names.iter().filter(|(known, _)| Some(*known) == value);
                join(out, all.map(|(_, name)| *name));
            }
            Type::Mode => self.write_mode(out),
            Type::Uid | Type::Gid => self.write_identity(out),
            _ => {}
        }
    }

    fn thread(&self) -> Option<ThreadIndex> {
        self.record.thread_index()
    }

    /// The bytes as a number of the type's width; `None` if there are too few.
    fn int(&self) -> Option<i64> {
        read_int(self.ty, self.bytes)
    }

    fn number(&self, out: &mut Vec<u8>, number: Option<i64>, bits: u32) {
        let Some(number) = number else {
            out.extend_from_slice(MISSING);
            return;
        };
        let raw = if bits == 32 { u64::from(number as u32) } else { number as u64 };
        // Writing to a vector of bytes does not fail.
        let _ = match self.info.format {
            Format::Hex => write!(out, "{raw:X}"),
            Format::Oct if raw == 0 => write!(out, "0"),
            Format::Oct => write!(out, "0{raw:o}"),
            Format::Padded => write!(out, "{number:09}"),
            _ => write!(out, "{number}"),
        };
    }

    /// `<4t>127.0.0.1:80->…`: the type, the protocol, the name.
    fn write_descriptor(&self, out: &mut Vec<u8>) {
        let (Some(number), Some(thread)) = (self.int(), self.thread()) else { return };
        if number >= 0 {
            let fds = self.record.host.threads().fds_of(thread);
            let Some(fd) = fds.and_then(|fds| fds.get(number)) else { return };
            out.push(b'<');
            push_char(out, fd.ty.letter());
            let protocol = match (fd.ty, fd.protocol()) {
                (
                    FdType::Ipv4Socket | FdType::Ipv6Socket | FdType::Ipv4Server | FdType::Ipv6Server,
                    protocol,
                ) => protocol,
                _ => Protocol::None,
            };
            match protocol {
                Protocol::Tcp => out.push(b't'),
                Protocol::Udp => out.push(b'u'),
                Protocol::Icmp => out.push(b'i'),
                Protocol::Raw => out.push(b'r'),
                Protocol::Unknown | Protocol::None => {}
            }
            out.push(b'>');
            out.extend_from_slice(until_nul(&fd.name));
        } else if number == AT_FDCWD {
            out.extend_from_slice(b"AT_FDCWD");
        } else {
            out.extend_from_slice(errno_name(number).unwrap_or_default().as_bytes());
        }
    }

    /// `3:p1 4:f4`: the numbers, types and events of descriptors that are waited for.
    fn write_descriptors(&self, out: &mut Vec<u8>) {
        let fds = self.thread().and_then(|thread| self.record.host.threads().fds_of(thread));
        for (at, (number, events)) in poll_list(self.bytes).enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            let _ = write!(out, "{}:", number as u64);
            push_char(out, fds.and_then(|fds| fds.get(number)).map_or('?', |fd| fd.ty.letter()));
            let _ = write!(out, "{:x}", i32::from(events));
        }
    }

    fn write_full_path(&self, out: &mut Vec<u8>) {
        let path = text(self.bytes);
        if path.is_empty() || path.starts_with(b"/") || path == MISSING || self.thread().is_none() {
            return;
        }
        let directory = match self.info.dirfd.map(usize::from) {
            Some(at) if self.record.event.info().params.get(at).is_some_and(|info| info.ty == Type::Fd) => {
                self.record.event.i64(at).unwrap_or(AT_FDCWD)
            }
            _ => AT_FDCWD,
        };
        self.record.write_path_in(directory, b"", path, out);
    }

    fn write_flags(&self, out: &mut Vec<u8>) {
        let Some(initial) = self.int().map(|n| n as u32) else { return };
        let mut rest = initial;
        let mut done = false;
        let named = self.info.names.iter().filter(move |(value, _)| {
            let found = !done
                && match *value {
                    0 => initial == 0,
                    value => rest != 0 && rest & value == value,
                };
            if found {
                rest &= !value;
                done = *value == initial;
            }
            found
        });
        join(out, named.map(|(_, name)| *name));
    }

    fn write_mode(&self, out: &mut Vec<u8>) {
        let Some(initial) = self.int().map(|n| n as u32) else { return };
        let mut rest = initial;
        let mut done = false;
        let named = self.info.names.iter().filter(move |(value, _)| {
            if done {
                return false;
            }
            if *value == initial {
                done = true;
                return true;
            }
            let found = *value != 0 && rest != 0 && rest & value == *value;
            if found {
                rest &= !value;
            }
            found
        });
        join(out, named.map(|(_, name)| *name));
    }

    fn write_identity(&self, out: &mut Vec<u8>) {
        let Some(number) = self.int().map(|n| n as u32) else { return };
        if number == u32::MAX {
            out.extend_from_slice(b"<NONE>");
            return;
        }
        let identities = &self.record.host.identities;
        let name = self.record.thread().and_then(|thread| match self.ty {
            Type::Uid => identities.user(&thread.container_id, number).map(|user| &user.name),
            _ => identities.group(&thread.container_id, number).map(|group| &group.name),
        });
        let name = name.map(|name| &**name).filter(|name| !name.is_empty());
        out.extend_from_slice(name.unwrap_or(MISSING));
    }

    fn write_signals(&self, out: &mut Vec<u8>) {
        let bits = self.int().unwrap_or(0) as u32;
        let mut first = true;
        for (number, name) in names::SIGNAL {
            if (1..=32).contains(number) && bits & 1 << (number - 1) != 0 {
                if !first {
                    out.push(b' ');
                }
                first = false;
                out.extend_from_slice(name.as_bytes());
            }
        }
    }
}

/// The text of a parameter that is one: what stands before the first NUL; `<NA>` for no bytes, and for what old recorders wrote
/// instead.
pub(crate) fn text(bytes: &[u8]) -> &[u8] {
    if bytes.is_empty() || bytes == b"(NULL)\0" { MISSING } else { until_nul(bytes) }
}

pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The descriptors and events in the bytes of a list: `count u16`, then `number i64, events i16` for each.
pub(crate) fn poll_list(bytes: &[u8]) -> impl Iterator<Item = (i64, i16)> + '_ {
    let (count, rest) = match bytes.split_first_chunk() {
        Some((count, rest)) => (usize::from(u16::from_le_bytes(*count)), rest),
        None => (0, &[][..]),
    };
    rest.chunks_exact(10).take(count).filter_map(|entry| {
        let (number, events) = entry.split_first_chunk()?;
        Some((i64::from_le_bytes(*number), i16::from_le_bytes(*events.first_chunk()?)))
    })
}

/// The bytes as a number of the type's width and sign; `None` if there are too few, or the type is no number.
pub(crate) fn read_int(ty: Type, bytes: &[u8]) -> Option<i64> {
    let width = ty.width()?;
    Some(match (width.bits, width.signed) {
        (8, true) => i64::from(i8::from_le_bytes(*bytes.first_chunk()?)),
        (8, false) => i64::from(*bytes.first()?),
        (16, true) => i64::from(i16::from_le_bytes(*bytes.first_chunk()?)),
        (16, false) => i64::from(u16::from_le_bytes(*bytes.first_chunk()?)),
        (32, true) => i64::from(i32::from_le_bytes(*bytes.first_chunk()?)),
        (32, false) => i64::from(u32::from_le_bytes(*bytes.first_chunk()?)),
        _ => i64::from_le_bytes(*bytes.first_chunk()?),
    })
}

/// The name of an error, such as `ENOENT` for -2; `None` if it has none.
pub fn errno_name(number: i64) -> Option<&'static str> {
    named(names::ERRNO, u32::try_from(number.checked_neg()?).ok()?)
}

/// The name of a value in a sorted set.
fn named(names: &'static [(u32, &'static str)], value: u32) -> Option<&'static str> {
    let at = names.binary_search_by_key(&value, |(known, _)| *known).ok()?;
    names.get(at).map(|(_, name)| *name)
}

fn is_text(ty: Type) -> bool {
    matches!(ty, Type::CharBuf | Type::FsPath | Type::FsRelPath)
}

fn missing(ty: Type) -> &'static [u8] {
    match ty {
        Type::ByteBuf
        | Type::SockTuple
        | Type::FdList
        | Type::CharBufArray
        | Type::CharBufPairArray
        | Type::Dyn => b"NULL",
        _ => MISSING,
    }
}

fn display(out: &mut Vec<u8>, value: Option<impl fmt::Display>) {
    match value {
        // Writing to a vector of bytes does not fail.
        Some(value) => _ = write!(out, "{value}"),
        None => out.extend_from_slice(MISSING),
    }
}

fn push_char(out: &mut Vec<u8>, letter: char) {
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

fn join<'n>(out: &mut Vec<u8>, names: impl Iterator<Item = &'n str>) {
    for (at, name) in names.enumerate() {
        if at > 0 {
            out.push(b'|');
        }
        out.extend_from_slice(name.as_bytes());
    }
}

/// Writes a number as C's `%g` does: six significant digits, the shorter of the plain and the scientific form, no zeros at
/// the end.
pub(crate) fn write_general(out: &mut Vec<u8>, number: f64) {
    let scientific = format!("{number:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        } else {
            text.to_string()
        }
    };
    let _ = if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).unwrap_or(0);
        write!(out, "{}", trim(&format!("{number:.decimals$}")))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{}e{sign}{:02}", trim(digits), exponent.abs())
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_by_c() {
        let general = |number| {
            let mut out = Vec::new();
            write_general(&mut out, number);
            String::from_utf8(out).unwrap()
        };
        for (number, text) in [
            (0.0, "0"),
            (0.1, "0.1"),
            (1.0, "1"),
            (30.0, "30"),
            (0.5, "0.5"),
            (1234567.0, "1.23457e+06"),
            (100000.0, "100000"),
            (999999.5, "1e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.0 / 3.0, "0.333333"),
            (18446744073.709553, "1.84467e+10"),
        ] {
            assert_eq!(general(number), text);
        }
    }

    #[test]
    fn errors_have_names() {
        assert_eq!(errno_name(-2), Some("ENOENT"));
        assert_eq!(errno_name(-11), Some("EAGAIN"));
        assert_eq!(errno_name(-9999), None);
        assert_eq!(errno_name(i64::MIN), None);
        assert_eq!(named(names::SIGNAL, 9), Some("SIGKILL"));
    }
}
