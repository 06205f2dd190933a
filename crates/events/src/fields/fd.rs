//! The fields of the descriptor that a system call opened, used or closed.

use std::net::IpAddr;

use eyrie_lang::{Field, Presence, Values};

use super::id;
use super::record::{EventRecord, is_whole};
use crate::state::{Fd, FdFlags, FdTable, FdType, Protocol};
use crate::table::{EventFlags, EventType};
use crate::text::{self, ParamText};

/// The descriptor that the fields are about, which may be unknown, or `None` if the event is about none.
#[derive(Clone, Copy)]
struct Subject<'a> {
    record: EventRecord<'a>,
    fd: Option<&'a Fd>,
}

/// One end of a connection.
pub(super) type End = (IpAddr, u16);

pub(super) fn extract<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let event = record.event;
    let about_fds = [EventFlags::CREATES_FD, EventFlags::USES_FD, EventFlags::DESTROYS_FD];
    if !about_fds.iter().any(|flag| event.has(*flag)) || record.thread_index().is_none() {
        return Presence::Absent;
    }
    let subject = Subject { record: *record, fd: subject_of(record) };
    match (field.id, subject.fd) {
        (id::FD_NAME, Some(fd)) => out.text(&fd.name),
        (id::FD_NAME, None) => subject.name_from_event(out),
        (id::FD_TYPECHAR, Some(fd)) => out.text(letter(fd.ty)),
        (id::FD_TYPECHAR, None) => out.text(letter_of_event(event.ty)),
        (id::FD_NUM, _) => out.int(record.seen.fd_number),
        (id::FD_DIRECTORY, _) => subject.directory(out),
        (id::FD_UID, _) => {
            let tid = record.thread().map_or(event.tid, |thread| thread.tid);
            out.formatted_text(format_args!("{tid}{}", record.seen.fd_number))
        }
        (id::FD_CONTAINERNAME | id::FD_CONTAINERDIRECTORY, _) => subject.in_container(field, out),
        (id::FD_NAMERAW, _) => subject.raw_name(out),
        (id::FD_TYPES, _) => types(record.fds(), field, out),
        (_, Some(fd)) => subject.of_fd(fd, field, out),
        (_, None) => Presence::Absent,
    }
}

/// The descriptor that an event is about: the one it says, or the one with the number that it names.
pub(super) fn subject_of<'a>(record: &EventRecord<'a>) -> Option<&'a Fd> {
    record.fd().or_else(|| match record.seen.fd_number {
        -1 => None,
        number => record.fds()?.get(number),
    })
}

impl<'a> Subject<'a> {
    /// The fields that a known descriptor alone has.
    fn of_fd<'v>(&self, fd: &'a Fd, field: &Field, out: &mut Values<'v>) -> Presence
    where
        'a: 'v,
    {
        match field.id {
            id::FD_TYPE => out.text(fd.ty.word().unwrap_or("<NA>")),
            id::FD_FILENAME if fd.is_file() => out.text(file_name(&fd.name)),
            id::FD_SIP | id::FD_SNET => address(server(fd), out),
            id::FD_CIP | id::FD_CNET => address(client(fd), out),
            id::FD_LIP | id::FD_LNET => address(self.local(fd), out),
            id::FD_RIP | id::FD_RNET => address(self.remote(fd), out),
            id::FD_SPORT => port(server(fd), out),
            id::FD_CPORT => port(client(fd), out),
            id::FD_LPORT => port(self.local(fd), out),
            id::FD_RPORT => port(self.remote(fd), out),
            // Either of them counts; that there are none is known, too.
            id::FD_IP | id::FD_NET => {
                for (address, _) in both_ends(fd).into_iter().flatten() {
                    out.ip(address);
                }
                Presence::Present
            }
            id::FD_PORT | id::FD_PROTO => {
                for (_, port) in both_ends(fd).into_iter().flatten() {
                    out.uint(u64::from(port));
                }
                Presence::Present
            }
            // Falco gives an empty text for what has no client or server, and for addresses where servers listen.
            id::FD_CPROTO if !fd.has_no_role() => port_text(client(fd), out),
            id::FD_SPROTO => match fd.ty {
                FdType::Ipv4Server | FdType::Ipv6Server => out.text(""),
                _ => server(fd).map_or(Presence::Absent, |end| port_text(Some(end), out)),
            },
            id::FD_LPROTO => self.local(fd).map_or(Presence::Absent, |end| port_text(Some(end), out)),
            // The number of a port on the other side is taken for one with a sign, and back.
            id::FD_RPROTO => self.remote(fd).map_or(Presence::Absent, |end| port_text(Some(end), out)),
            id::FD_L4PROTO => out.text(match fd.protocol() {
                Protocol::Tcp => "tcp",
                Protocol::Udp => "udp",
                Protocol::Icmp => "icmp",
                Protocol::Raw => "raw",
                Protocol::Unknown | Protocol::None => "<NA>",
            }),
            id::FD_SOCKFAMILY => match fd.ty {
                FdType::Ipv4Socket | FdType::Ipv6Socket | FdType::Ipv4Server | FdType::Ipv6Server => {
                    out.text("ip")
                }
                FdType::UnixSocket => out.text("unix"),
                _ => Presence::Absent,
            },
            id::FD_IS_SERVER => out.bool(match fd.ty {
                FdType::Ipv4Server | FdType::Ipv6Server => true,
                _ => connection(fd).is_some_and(|(_, (address, _))| self.record.is_local(address)),
            }),
            id::FD_CONNECTED => out.bool(fd.flags.has(FdFlags::CONNECTED)),
            id::FD_NAME_CHANGED => out.bool(self.record.seen.fd_renamed),
            id::FD_DEV => out.int(i64::from(fd.device as i32)),
            id::FD_DEV_MAJOR => out.int(i64::from(fd.device >> 8 & 0xfff)),
            id::FD_DEV_MINOR => out.int(i64::from(fd.device & 0xff | fd.device >> 12 & 0xf_ff00)),
            id::FD_INO => out.int(fd.inode as i64),
            id::FD_IS_UPPER_LAYER => out.bool(fd.flags.has(FdFlags::UPPER_LAYER)),
            id::FD_IS_LOWER_LAYER => out.bool(fd.flags.has(FdFlags::LOWER_LAYER)),
            // Names of addresses are not looked up.
            _ => Presence::Absent,
        }
    }

    /// The name of a descriptor that is not known, as far as the event tells it.
    fn name_from_event<'v>(&self, out: &mut Values<'v>) -> Presence
    where
        'a: 'v,
    {
        let event = self.record.event;
        if event.ty.is_enter() {
            return Presence::Absent;
        }
        match event.ty {
            EventType::OPEN_X
            | EventType::ACCEPT_5_X
            | EventType::ACCEPT4_6_X
            | EventType::CREAT_X
            | EventType::CONNECT_X => {
                let Some(param) = ParamText::new(&self.record, 1) else { return Presence::Absent };
                param.remember();
                match param.lent() {
                    Some(text) => out.text(text),
                    None => out.written_text(|out| param.write(self.record.stream.buffer_format, out)),
                }
            }
            EventType::OPENAT_2_X | EventType::OPENAT2_X => {
                match (event.i64(1), event.param(2).filter(|path| !path.is_empty())) {
                    (Some(_), Some(path)) if is_whole(text::text(path)) => out.text(text::text(path)),
                    (Some(directory), Some(path)) => out.written_text(|out| {
                        self.record.write_path_in(directory, b"<UNKNOWN>", text::text(path), out);
                    }),
                    _ => Presence::Absent,
                }
            }
            EventType::OPEN_BY_HANDLE_AT_X => {
                event.param(3).map_or(Presence::Absent, |path| out.text(text::text(path)))
            }
            _ => out.text(""),
        }
    }

    /// As [`name_from_event`](Self::name_from_event), in memory of its own.
    fn owned_name(&self) -> Option<Vec<u8>> {
        if let Some(fd) = self.fd {
            return Some(fd.name.to_vec());
        }
        let mut values = Values::new();
        if self.name_from_event(&mut values) != Presence::Present {
            return None;
        }
        match values.get(0) {
            Some(eyrie_lang::Value::Text(text)) => Some(text.to_vec()),
            _ => None,
        }
    }

    fn directory<'v>(&self, out: &mut Values<'v>) -> Presence
    where
        'a: 'v,
    {
        match self.fd {
            Some(fd) if fd.is_file() => out.text(directory_of(&fd.name)),
            Some(fd) if fd.ty == FdType::Directory => out.text(&fd.name),
            Some(_) => Presence::Absent,
            None => match self.owned_name() {
                Some(name) => out.written_text(|out| out.extend_from_slice(directory_of(&name))),
                None => Presence::Absent,
            },
        }
    }

    fn in_container<'v>(&self, field: &Field, out: &mut Values<'v>) -> Presence {
        let id = self.record.thread().map_or(&b""[..], |thread| &thread.container_id);
        let name = match self.fd {
            Some(fd)
                if field.id == id::FD_CONTAINERDIRECTORY && !fd.is_file() && fd.ty != FdType::Directory =>
            {
                None
            }
            _ => self.owned_name(),
        };
        let Some(name) = name else { return Presence::Absent };
        let part = match self.fd {
            _ if field.id == id::FD_CONTAINERNAME => &name,
            Some(fd) if fd.ty == FdType::Directory => &name,
            _ => directory_of(&name),
        };
        out.written_text(|out| {
            out.extend_from_slice(id);
            out.push(b':');
            out.extend_from_slice(part);
        })
    }

    fn raw_name<'v>(&self, out: &mut Values<'v>) -> Presence
    where
        'a: 'v,
    {
        let event = self.record.event;
        let name = match (self.fd, event.ty) {
            (Some(fd), _) => &*fd.raw_name,
            (None, EventType::OPENAT_2_X | EventType::OPENAT2_X) => {
                match event.param(2).filter(|path| !path.is_empty()) {
                    Some(path) => text::text(path),
                    None => return Presence::Absent,
                }
            }
            (None, _) => return self.name_from_event(out),
        };
        if name.windows(2).any(|pair| pair == b"//") {
            out.written_text(|out| {
                let mut last = 0;
                out.extend(name.iter().filter(|byte| {
                    let repeated = last == b'/' && **byte == b'/';
                    last = **byte;
                    !repeated
                }));
            })
        } else {
            out.text(name)
        }
    }

    /// The end on this machine; the server's if the client's is not here.
    fn local(&self, fd: &Fd) -> Option<End> {
        let (client, server) = connection(fd).filter(|_| !fd.has_no_role())?;
        Some(if self.record.is_local(client.0) { client } else { server })
    }

    /// The other end.
    fn remote(&self, fd: &Fd) -> Option<End> {
        let (client, server) = connection(fd).filter(|_| !fd.has_no_role())?;
        Some(if self.record.is_local(client.0) { server } else { client })
    }
}

/// The ends of a connection, the client's first.
pub(super) fn connection(fd: &Fd) -> Option<(End, End)> {
    match fd.ty {
        FdType::Ipv4Socket => {
            let tuple = fd.endpoints.v4();
            Some((
                (tuple.source.into(), tuple.source_port),
                (tuple.destination.into(), tuple.destination_port),
            ))
        }
        FdType::Ipv6Socket => {
            let tuple = fd.endpoints.v6();
            Some((
                (tuple.source.into(), tuple.source_port),
                (tuple.destination.into(), tuple.destination_port),
            ))
        }
        _ => None,
    }
}

/// Where a server listens.
pub(super) fn listening(fd: &Fd) -> Option<End> {
    let listening = match fd.ty {
        FdType::Ipv4Server => fd.endpoints.listening_v4(),
        FdType::Ipv6Server => fd.endpoints.listening_v6(),
        _ => return None,
    };
    Some((listening.address, listening.port))
}

fn both_ends(fd: &Fd) -> [Option<End>; 2] {
    match connection(fd) {
        Some((client, server)) => [Some(client), Some(server)],
        None => [listening(fd), None],
    }
}

fn client(fd: &Fd) -> Option<End> {
    connection(fd).filter(|_| !fd.has_no_role()).map(|(client, _)| client)
}

fn server(fd: &Fd) -> Option<End> {
    let of_connection = connection(fd).filter(|_| !fd.has_no_role()).map(|(_, server)| server);
    of_connection.or_else(|| listening(fd))
}

fn address(end: Option<End>, out: &mut Values<'_>) -> Presence {
    end.map_or(Presence::Absent, |(address, _)| out.ip(address))
}

fn port(end: Option<End>, out: &mut Values<'_>) -> Presence {
    end.map_or(Presence::Absent, |(_, port)| out.uint(u64::from(port)))
}

fn port_text(end: Option<End>, out: &mut Values<'_>) -> Presence {
    match end {
        Some((_, port)) => out.formatted_text(format_args!("{port}")),
        None => out.text(""),
    }
}

/// The directory that a path is in. A path that ends in a slash is its own.
fn directory_of(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None | Some(0) => b"/",
        Some(at) if at + 1 < path.len() => path.get(..at).unwrap_or_default(),
        Some(_) => path,
    }
}

/// The last name of a path. A path that ends in a slash is its own.
fn file_name(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None => b"/",
        Some(at) if at + 1 < path.len() => path.get(at + 1..).unwrap_or_default(),
        Some(_) => path,
    }
}

/// The types of all descriptors, each once, or of one.
fn types<'v>(fds: Option<&FdTable>, field: &Field, out: &mut Values<'v>) -> Presence {
    let Some(fds) = fds else { return Presence::Absent };
    let word = |fd: &Fd| fd.ty.word().unwrap_or("<NA>");
    match &field.argument {
        Some(argument) => {
            let fd = argument.index.and_then(|number| fds.get(number));
            fd.map_or(Presence::Absent, |fd| out.text(word(fd)))
        }
        None => {
            let mut seen: Vec<&'static str> = Vec::new();
            for (_, fd) in fds.iter() {
                if !seen.contains(&word(fd)) {
                    seen.push(word(fd));
                    out.text(word(fd));
                }
            }
            Presence::Present
        }
    }
}

/// The letter of a type, as text.
fn letter(ty: FdType) -> &'static str {
    // By the numbers of the types.
    const LETTERS: [&str; 22] = [
        "o", "f", "d", "4", "6", "4", "6", "p", "u", "e", "X", "s", "l", "i", "t", "n", "f", "b", "u", "r",
        "m", "P",
    ];
    usize::try_from(ty.number()).ok().and_then(|at| LETTERS.get(at)).unwrap_or(&"?")
}

/// What a call opens whose descriptor is not known.
fn letter_of_event(ty: EventType) -> &'static str {
    match EventType(ty.0 | 1) {
        EventType::OPENAT_2_X | EventType::OPENAT2_X | EventType::CREAT_X => "f",
        EventType::SOCKET_X | EventType::ACCEPT_5_X | EventType::ACCEPT4_6_X => "4",
        EventType::PIPE_X | EventType::PIPE2_X => "p",
        EventType::EVENTFD_X | EventType::EVENTFD2_X => "e",
        EventType::SIGNALFD_X | EventType::SIGNALFD4_X => "s",
        EventType::TIMERFD_CREATE_X => "t",
        EventType::INOTIFY_INIT_X | EventType::INOTIFY_INIT1_X => "i",
        _ => "o",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_the_types() {
        for number in 0..22 {
            let ty = FdType::from_number(number).unwrap();
            assert_eq!(letter(ty), ty.letter().to_string());
        }
        assert_eq!(letter(FdType::None), "?");
    }

    #[test]
    fn paths_have_a_directory_and_a_name() {
        for (path, directory, name) in [
            ("/etc/passwd", "/etc", "passwd"),
            ("/vmlinuz", "/", "vmlinuz"),
            ("/etc/", "/etc/", "/etc/"),
            ("relative", "/", "/"),
            ("", "/", "/"),
        ] {
            assert_eq!(directory_of(path.as_bytes()), directory.as_bytes(), "{path}");
            assert_eq!(file_name(path.as_bytes()), name.as_bytes(), "{path}");
        }
    }
}
