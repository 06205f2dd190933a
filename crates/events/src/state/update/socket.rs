//! Events on sockets.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::result_of;
use crate::event::Event;
use crate::state::descriptors::{Fd, FdFlags, FdType, open_flags};
use crate::state::endpoints::{Protocol, TupleV4, TupleV6, mapped_v4};
use crate::state::machine::Interfaces;
use crate::state::text::Text;
use crate::state::threads::Threads;
use crate::state::{Host, Seen};
use crate::table::{EventFlags, EventType};

const AF_UNIX: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const AF_NETLINK: u32 = 16;

/// `EINPROGRESS`: the connection is being made.
const IN_PROGRESS: i64 = -115;

/// An address as events have it.
#[derive(Clone, Copy)]
enum Address<'a> {
    V4(Ipv4Addr, u16),
    V6(Ipv6Addr, u16),
    Unix(&'a [u8]),
    Other(u8),
}

impl<'a> Address<'a> {
    /// `None` if there is none, or it is too short for its family.
    fn read(bytes: &'a [u8]) -> Option<Address<'a>> {
        let (family, rest) = bytes.split_first()?;
        Some(match *family {
            AF_INET => {
                let (address, rest) = rest.split_first_chunk::<4>()?;
                Address::V4((*address).into(), u16::from_le_bytes(*rest.first_chunk()?))
            }
            AF_INET6 => {
                let (address, rest) = rest.split_first_chunk::<16>()?;
                Address::V6((*address).into(), u16::from_le_bytes(*rest.first_chunk()?))
            }
            AF_UNIX => Address::Unix(path_of(rest)?),
            other => Address::Other(other),
        })
    }

    /// The text that names a socket bound to it.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Address::V4(address, port) => put(out, format_args!("{address}:{port}")),
            Address::V6(address, port) => put(out, format_args!("{address}:{port}")),
            Address::Unix(path) => out.extend_from_slice(path),
            Address::Other(family) => put(out, format_args!("family {family}")),
        }
    }
}

/// Both ends as events have them.
#[derive(Clone, Copy)]
enum Tuple<'a> {
    V4 { source: Ipv4Addr, source_port: u16, destination: Ipv4Addr, destination_port: u16 },
    V6 { source: Ipv6Addr, source_port: u16, destination: Ipv6Addr, destination_port: u16 },
    Unix { source: u64, destination: u64, path: &'a [u8] },
    Other(u8),
}

impl<'a> Tuple<'a> {
    /// `None` if there is none, or it is too short for its family.
    fn read(bytes: &'a [u8]) -> Option<Tuple<'a>> {
        let (family, rest) = bytes.split_first()?;
        Some(match *family {
            AF_INET => {
                let rest = rest.first_chunk::<12>()?;
                let [a, b, c, d, sp0, sp1, e, f, g, h, dp0, dp1] = *rest;
                Tuple::V4 {
                    source: [a, b, c, d].into(),
                    source_port: u16::from_le_bytes([sp0, sp1]),
                    destination: [e, f, g, h].into(),
                    destination_port: u16::from_le_bytes([dp0, dp1]),
                }
            }
            AF_INET6 => {
                let (source, rest) = rest.split_first_chunk::<16>()?;
                let (source_port, rest) = rest.split_first_chunk::<2>()?;
                let (destination, rest) = rest.split_first_chunk::<16>()?;
                let (source, destination) = (Ipv6Addr::from(*source), Ipv6Addr::from(*destination));
                let source_port = u16::from_le_bytes(*source_port);
                let destination_port = u16::from_le_bytes(*rest.first_chunk()?);
                Tuple::V6 { source, source_port, destination, destination_port }
            }
            AF_UNIX => {
                let (source, rest) = rest.split_first_chunk::<8>()?;
                let (destination, rest) = rest.split_first_chunk::<8>()?;
                Tuple::Unix {
                    source: u64::from_le_bytes(*source),
                    destination: u64::from_le_bytes(*destination),
                    path: path_of(rest)?,
                }
            }
            other => Tuple::Other(other),
        })
    }

    /// IPv4 addresses in the form of IPv6 are taken for what they are, if both ends are.
    fn unmapped(self) -> Tuple<'a> {
        match self {
            Tuple::V6 { source, source_port, destination, destination_port } => {
                match (mapped_v4(source), mapped_v4(destination)) {
                    (Some(source), Some(destination)) => {
                        Tuple::V4 { source, source_port, destination, destination_port }
                    }
                    _ => self,
                }
            }
            other => other,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self.unmapped() {
            Tuple::V4 { source, source_port, destination, destination_port } => {
                put_v4(source, source_port, destination, destination_port, out);
            }
            Tuple::V6 { source, source_port, destination, destination_port } => {
                put(out, format_args!("{source}:{source_port}->{destination}:{destination_port}"));
            }
            Tuple::Unix { source, destination, path } => {
                put(out, format_args!("{source:x}->{destination:x} "));
                out.extend_from_slice(path);
            }
            Tuple::Other(family) => put(out, format_args!("family {family}")),
        }
    }
}

/// The path of a unix socket, which must end with a NUL.
fn path_of(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.last() != Some(&0) {
        return None;
    }
    bytes.split(|byte| *byte == 0).next()
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a vector of bytes does not fail.
    let _ = std::io::Write::write_fmt(out, text);
}

/// Both ends of an IPv4 connection, without the cost of formatting: there is one for every connection.
fn put_v4(
    source: Ipv4Addr,
    source_port: u16,
    destination: Ipv4Addr,
    destination_port: u16,
    out: &mut Vec<u8>,
) {
    let number = |number: u16, out: &mut Vec<u8>| {
        let mut divisor = 10_000;
        while divisor > 1 && number < divisor {
            divisor /= 10;
        }
        while divisor > 0 {
            // A digit.
            out.push(b'0' + u8::try_from(number / divisor % 10).unwrap_or(0));
            divisor /= 10;
        }
    };
    for (separator, address, port) in [("", source, source_port), ("->", destination, destination_port)] {
        out.extend_from_slice(separator.as_bytes());
        for (at, part) in address.octets().into_iter().enumerate() {
            if at > 0 {
                out.push(b'.');
            }
            number(u16::from(part), out);
        }
        out.push(b':');
        number(port, out);
    }
}

/// The text of a connection's ends, as `fd.name` shows it.
fn write_connection(fd: &Fd, out: &mut Vec<u8>) {
    match fd.ty {
        FdType::Ipv4Socket => {
            let tuple = fd.endpoints.v4();
            match tuple.protocol {
                Protocol::Tcp | Protocol::Udp => {
                    put_v4(tuple.source, tuple.source_port, tuple.destination, tuple.destination_port, out);
                }
                Protocol::Icmp | Protocol::Raw => {
                    put(out, format_args!("{}->{}", tuple.source, tuple.destination));
                }
                _ => out.extend_from_slice(b"<unknown>"),
            }
        }
        FdType::Ipv6Socket => {
            let tuple = fd.endpoints.v6();
            match tuple.protocol {
                Protocol::Tcp | Protocol::Udp => put(out, format_args!("{tuple}")),
                Protocol::Icmp => put(out, format_args!("{}->{}", tuple.source, tuple.destination)),
                Protocol::Raw => {}
                _ => out.extend_from_slice(b"<unknown>"),
            }
        }
        _ => {}
    }
}

/// Whether a socket has these ends already, in either direction.
fn has_ends(fd: &Fd, tuple: &Tuple<'_>) -> bool {
    match tuple.unmapped() {
        Tuple::V4 { source, source_port, destination, destination_port } => {
            let known = fd.endpoints.v4();
            let known = ((known.source, known.source_port), (known.destination, known.destination_port));
            let (a, b) = ((source, source_port), (destination, destination_port));
            fd.ty == FdType::Ipv4Socket && (known == (a, b) || known == (b, a))
        }
        Tuple::V6 { source, source_port, destination, destination_port } => {
            let known = fd.endpoints.v6();
            let known = ((known.source, known.source_port), (known.destination, known.destination_port));
            let (a, b) = ((source, source_port), (destination, destination_port));
            fd.ty == FdType::Ipv6Socket && (known == (a, b) || known == (b, a))
        }
        Tuple::Unix { .. } | Tuple::Other(_) => false,
    }
}

/// Takes over the ends of a connection. Whether that is a change: the same connection seen from the other side is none; to write
/// where nothing was is one, whatever is written.
fn set_ends(fd: &mut Fd, tuple: &Tuple<'_>) -> bool {
    if has_ends(fd, tuple) {
        return false;
    }
    match *tuple {
        Tuple::V4 { source, source_port, destination, destination_port } => {
            let old = fd.endpoints.v4();
            let protocol = old.protocol;
            let new = TupleV4 { source, source_port, destination, destination_port, protocol };
            fd.endpoints.set_v4(new);
            new != old || old.destination == Ipv4Addr::UNSPECIFIED || old.destination_port == 0
        }
        Tuple::V6 { source, source_port, destination, destination_port } => {
            let old = fd.endpoints.v6();
            let protocol = old.protocol;
            let new = TupleV6 { source, source_port, destination, destination_port, protocol };
            fd.endpoints.set_v6(new);
            new != old || old.destination == Ipv6Addr::UNSPECIFIED || old.destination_port == 0
        }
        Tuple::Unix { .. } | Tuple::Other(_) => false,
    }
}

/// Guesses a missing end of a connection from the machine's addresses.
pub(crate) fn complete_addresses(interfaces: &Interfaces, fd: &mut Fd) {
    match fd.ty {
        FdType::Ipv4Socket => {
            let mut tuple = fd.endpoints.v4();
            let same_port = tuple.source_port == tuple.destination_port;
            if tuple.source == Ipv4Addr::UNSPECIFIED {
                let own = interfaces.infer_v4(tuple.destination);
                if own == tuple.destination && same_port {
                    return;
                }
                tuple.source = own;
            } else if tuple.destination == Ipv4Addr::UNSPECIFIED {
                let own = interfaces.infer_v4(tuple.source);
                if own == tuple.source && same_port {
                    return;
                }
                tuple.destination = own;
            } else {
                return;
            }
            fd.endpoints.set_v4(tuple);
        }
        FdType::Ipv6Socket => {
            let mut tuple = fd.endpoints.v6();
            let same_port = tuple.source_port == tuple.destination_port;
            if tuple.source == Ipv6Addr::UNSPECIFIED {
                let own = interfaces.infer_v6(tuple.destination);
                if own == tuple.destination && same_port {
                    return;
                }
                tuple.source = own;
            } else if tuple.destination == Ipv6Addr::UNSPECIFIED {
                let own = interfaces.infer_v6(tuple.source);
                if own == tuple.source && same_port {
                    return;
                }
                tuple.destination = own;
            } else {
                return;
            }
            fd.endpoints.set_v6(tuple);
        }
        _ => {}
    }
}

/// A socket as the call that made it describes it.
fn new_socket(domain: u32, ty: u32, protocol: u32, flags: u32) -> Fd {
    const SOCK_STREAM: u32 = 1;
    const SOCK_DGRAM: u32 = 2;
    const SOCK_RAW: u32 = 3;
    const IPPROTO_IP: u32 = 0;
    const IPPROTO_ICMP: u32 = 1;
    const IPPROTO_TCP: u32 = 6;
    const IPPROTO_UDP: u32 = 17;
    const IPPROTO_RAW: u32 = 255;
    let mut fd = Fd { open_flags: flags, ..Fd::of(FdType::Unknown) };
    let unless_raw = |protocol| if ty == SOCK_RAW { Protocol::Raw } else { protocol };
    let protocol = match (protocol, ty & 0xff) {
        (IPPROTO_TCP, _) => unless_raw(Protocol::Tcp),
        (IPPROTO_UDP, _) => unless_raw(Protocol::Udp),
        (IPPROTO_IP, SOCK_STREAM) => Protocol::Tcp,
        (IPPROTO_IP, SOCK_DGRAM) => Protocol::Udp,
        (IPPROTO_ICMP, _) => unless_raw(Protocol::Icmp),
        (IPPROTO_RAW, _) => Protocol::Raw,
        _ => Protocol::Unknown,
    };
    if domain == u32::from(AF_UNIX) {
        fd.ty = FdType::UnixSocket;
    } else if domain == u32::from(AF_INET) {
        fd.ty = FdType::Ipv4Socket;
        fd.endpoints.set_v4(TupleV4 { protocol, ..fd.endpoints.v4() });
    } else if domain == u32::from(AF_INET6) {
        fd.ty = FdType::Ipv6Socket;
        fd.endpoints.set_v6(TupleV6 { protocol, ..fd.endpoints.v6() });
    } else if domain == AF_NETLINK {
        fd.ty = FdType::Netlink;
    }
    fd
}

/// Guesses which side of a connection a socket is: the server if the process listens at its port, else by who talks first.
fn guess_role(threads: &Threads, seen: &Seen, incoming: bool) -> FdFlags {
    let fds = seen.thread.and_then(|index| threads.fds_of(index));
    let Some((fds, fd)) = fds.and_then(|fds| Some((fds, fds.get(seen.fd?)?))) else { return FdFlags::CLIENT };
    // As in Falco, whatever the socket is, its ends are read as IPv4.
    let TupleV4 { source_port, destination_port, .. } = fd.endpoints.v4();
    let is_bound = fds.iter().any(|(_, other)| match other.ty {
        FdType::Ipv4Socket => other.endpoints.v4().destination_port == destination_port,
        FdType::Ipv4Server => other.endpoints.listening_v4().port == destination_port,
        _ => false,
    });
    if !is_bound {
        return FdFlags::CLIENT;
    }
    let is_client = fds
        .iter()
        .any(|(_, other)| other.ty == FdType::Ipv4Socket && other.endpoints.v4().source_port == source_port);
    if !is_client || incoming { FdFlags::SERVER } else { FdFlags::CLIENT }
}

impl Host {
    pub(super) fn made_socket(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let number = result_of(event);
        if number < 0 {
            return;
        }
        let at = |at| event.u32(at).unwrap_or(0);
        self.add_fd(seen, number, new_socket(at(1), at(2), at(3), at(4)));
    }

    pub(super) fn made_socket_pair(&mut self, event: &Event<'_>, seen: &mut Seen) {
        if result_of(event) < 0 {
            return;
        }
        let (Some(one), Some(other)) = (event.i64(1), event.i64(2)) else { return };
        if one == other {
            seen.fd = None;
            return;
        }
        let mut fd = Fd::of(FdType::UnixSocket);
        fd.endpoints.set_unix(event.u64(3).unwrap_or(0), event.u64(4).unwrap_or(0));
        let fd = std::sync::Arc::new(fd);
        self.add_fd(seen, one, fd.clone());
        let first = seen.fd;
        self.add_fd(seen, other, fd);
        seen.fd = first;
    }

    pub(super) fn bound(&mut self, event: &Event<'_>, seen: &mut Seen) {
        if result_of(event) < 0 {
            return;
        }
        let Some(address) = event.param(1).and_then(Address::read) else { return };
        let mut name = std::mem::take(&mut self.pending.scratch);
        name.clear();
        address.write(&mut name);
        if let Some(fd) = self.fd_mut(seen) {
            match address {
                Address::V4(address, port) if port > 0 => {
                    let protocol = fd.endpoints.v4().protocol;
                    fd.ty = FdType::Ipv4Server;
                    fd.endpoints.set_listening_v4(address, port, protocol);
                    fd.flags.set(FdFlags::SERVER);
                }
                Address::V6(address, port) if port > 0 => {
                    let protocol = fd.endpoints.v6().protocol;
                    if let Some(address) = mapped_v4(address) {
                        fd.ty = FdType::Ipv4Server;
                        fd.endpoints.set_listening_v4(address, port, protocol);
                    } else {
                        fd.ty = FdType::Ipv6Server;
                        fd.endpoints.set_listening_v6(address, port, protocol);
                    }
                    fd.flags.set(FdFlags::SERVER);
                }
                _ => {}
            }
            seen.fd_renamed = rename(fd, &name);
        }
        self.pending.scratch = name;
    }

    pub(super) fn connected(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let result = result_of(event);
        if seen.fd.is_none() || (result < 0 && result != IN_PROGRESS) {
            return;
        }
        let entered = self.take_entered(event, seen);
        let mut name = std::mem::take(&mut self.pending.scratch);
        name.clear();
        if let Some(fd) = self.fd_mut(seen) {
            fd.flags.set(FdFlags::CONNECTED);
            let before = entered.as_ref().and_then(|entered| Address::read(entered.param(1)));
            let tuple = event.param(1).unwrap_or_default();
            if tuple.is_empty() {
                // TCP fast open: the socket is not connected yet.
                if let Some(address) = before {
                    seen.fd_renamed = connect_to(fd, address, &mut name);
                }
            } else if let Some(tuple) = Tuple::read(tuple) {
                let after = event.param(3).and_then(Address::read);
                let tuple = trusted(tuple, after, before).unmapped();
                seen.fd_renamed = connect(fd, &tuple, &mut name);
            }
        }
        self.pending.scratch = name;
        self.give_back(seen, entered);
    }

    pub(super) fn accepted(&mut self, event: &Event<'_>, seen: &mut Seen) {
        let number = result_of(event);
        if number < 0 {
            return;
        }
        if let Some(thread) = self.thread_mut(seen) {
            thread.last_fd = number;
        }
        let Some(tuple) = event.param(1).and_then(Tuple::read).map(Tuple::unmapped) else { return };
        let mut fd = Fd::default();
        match tuple {
            Tuple::V4 { .. } => {
                set_ends(&mut fd, &tuple);
                fd.ty = FdType::Ipv4Socket;
                fd.endpoints.set_v4(TupleV4 { protocol: Protocol::Tcp, ..fd.endpoints.v4() });
            }
            Tuple::V6 { .. } => {
                set_ends(&mut fd, &tuple);
                fd.ty = FdType::Ipv6Socket;
                fd.endpoints.set_v6(TupleV6 { protocol: Protocol::Tcp, ..fd.endpoints.v6() });
            }
            Tuple::Unix { source, destination, .. } => {
                fd.ty = FdType::UnixSocket;
                fd.endpoints.set_unix(source, destination);
            }
            Tuple::Other(_) => return,
        }
        let mut name = Vec::new();
        tuple.write(&mut name);
        fd.name = name.into();
        if event.ty == EventType::ACCEPT4_6_X {
            fd.open_flags = event.u32(5).unwrap_or(0) & open_flags::CLOEXEC;
        }
        fd.flags.set(FdFlags::SERVER);
        fd.flags.set(FdFlags::CONNECTED);
        self.add_fd(seen, number, fd);
    }

    /// Data went through a descriptor. Sockets learn their ends from it.
    pub(super) fn transferred(&mut self, event: &Event<'_>, seen: &mut Seen) {
        use EventType as E;
        let incoming = event.has(EventFlags::READS);
        let tuple_at = match event.ty {
            E::RECVFROM_X => Some(2),
            E::RECVMSG_X => Some(3),
            E::RECV_X | E::RECVMMSG_X | E::SEND_X | E::SENDTO_X | E::SENDMSG_X | E::SENDMMSG_X => Some(4),
            _ => None,
        };
        if matches!(event.ty, E::RECVMMSG_X | E::SENDMMSG_X) && event.param(0).is_none_or(<[u8]>::is_empty) {
            return;
        }
        if seen.fd.is_none() && matches!(event.ty, E::SEND_X | E::SENDTO_X | E::SENDMSG_X) {
            self.infer_socket(event, seen);
        }
        let Some((ty, flags, named, is_tcp)) = self.fd(seen).map(|fd| {
            let is_tcp = fd.ty == FdType::Ipv4Socket && fd.endpoints.v4().protocol == Protocol::Tcp;
            (fd.ty, fd.flags, !fd.name.is_empty(), is_tcp)
        }) else {
            return;
        };
        if result_of(event) < 0 {
            return;
        }
        let is_ip = matches!(ty, FdType::Ipv4Socket | FdType::Ipv6Socket);
        if is_ip
            && !flags.has(FdFlags::CONNECTED)
            && let Some(fd) = self.fd_mut(seen)
        {
            fd.flags.set(FdFlags::CONNECTED);
        }
        if named && is_tcp {
            return;
        }
        if let Some(tuple) = tuple_at.and_then(|at| event.param(at)).and_then(Tuple::read) {
            self.learn_ends(seen, &tuple, incoming);
        }
    }

    /// A socket of which the making was not seen: UDP is the likeliest.
    fn infer_socket(&mut self, event: &Event<'_>, seen: &mut Seen) {
        const SOCK_DGRAM: u32 = 2;
        const IPPROTO_UDP: u32 = 17;
        let family = event.param(4).and_then(<[u8]>::first).copied();
        if result_of(event) < 0 {
            return;
        }
        if let (Some(number), Some(family @ (AF_INET | AF_INET6))) = (event.i64(2), family) {
            self.add_fd(seen, number, new_socket(u32::from(family), SOCK_DGRAM, IPPROTO_UDP, 0));
        }
    }

    fn learn_ends(&mut self, seen: &mut Seen, tuple: &Tuple<'_>, incoming: bool) {
        let mut name = std::mem::take(&mut self.pending.scratch);
        name.clear();
        if self.take_ends(seen, tuple, incoming)
            && let Some(fd) = self.fd_mut_if_renamed(seen, tuple, &mut name)
        {
            seen.fd_renamed = rename(fd, &name);
        }
        self.pending.scratch = name;
    }

    /// Writes the name that the descriptor should have, and gives the descriptor to be changed if it has another.
    fn fd_mut_if_renamed(&mut self, seen: &Seen, tuple: &Tuple<'_>, name: &mut Vec<u8>) -> Option<&mut Fd> {
        let fd = self.fd(seen)?;
        if fd.is_ip_socket() {
            write_connection(fd, name);
        } else {
            tuple.write(name);
        }
        if *fd.name == **name {
            return None;
        }
        self.fd_mut(seen)
    }

    /// Sets the ends of a socket to those of a message. Whether they are others than before.
    fn take_ends(&mut self, seen: &Seen, tuple: &Tuple<'_>, incoming: bool) -> bool {
        match *tuple {
            Tuple::Unix { source, destination, .. } => {
                let known = self.fd(seen).is_some_and(|fd| {
                    fd.ty == FdType::UnixSocket && fd.endpoints.unix() == (source, destination)
                });
                if !known && let Some(fd) = self.fd_mut(seen) {
                    fd.ty = FdType::UnixSocket;
                    fd.endpoints.set_unix(source, destination);
                }
                return true;
            }
            Tuple::V4 { .. } | Tuple::V6 { .. } => {
                if self.fd(seen).is_some_and(|fd| has_ends(fd, tuple)) {
                    return false;
                }
                if let Some(fd) = self.fd_mut(seen) {
                    if fd.ty == FdType::Ipv4Server && matches!(tuple, Tuple::V4 { .. }) {
                        let protocol = fd.endpoints.listening_v4().protocol;
                        fd.endpoints.set_v4(TupleV4 { protocol, ..fd.endpoints.v4() });
                    }
                    let tuple = tuple.unmapped();
                    if matches!(tuple, Tuple::V4 { .. }) {
                        fd.ty = FdType::Ipv4Socket;
                    }
                    if !set_ends(fd, &tuple) {
                        return false;
                    }
                }
            }
            // Falco goes on as if the ends had changed.
            Tuple::Other(_) => {}
        }
        let Some(index) = seen.thread else { return false };
        let interfaces = &self.interfaces;
        let Some(fd) = self.threads.fds_of_mut(index).and_then(|fds| fds.get_mut(seen.fd?)) else {
            return false;
        };
        // TCP does not change its ends in the middle.
        match fd.ty {
            FdType::Ipv4Socket if fd.endpoints.v4().protocol == Protocol::Unknown => {
                fd.endpoints.set_v4(TupleV4 { protocol: Protocol::Udp, ..fd.endpoints.v4() });
            }
            FdType::Ipv6Socket if fd.endpoints.v6().protocol == Protocol::Unknown => {
                fd.endpoints.set_v6(TupleV6 { protocol: Protocol::Udp, ..fd.endpoints.v6() });
            }
            _ => {}
        }
        complete_addresses(interfaces, fd);
        if !fd.is_ip_socket() {
            return true;
        }
        if fd.has_no_role() {
            let role = guess_role(&self.threads, seen, incoming);
            if let Some(fd) = self.fd_mut(seen) {
                fd.flags.set(role);
            }
        }
        if let Some(fd) = self.fd_mut(seen) {
            // The source is the client's, whichever way the message goes.
            if (incoming && fd.is_client()) || (!incoming && fd.is_server()) {
                let ty = fd.ty;
                fd.endpoints.swap(ty);
            }
        }
        true
    }
}

/// Gives a descriptor another name. Whether it had a different one.
fn rename(fd: &mut Fd, name: &[u8]) -> bool {
    if *fd.name == *name {
        return false;
    }
    fd.name = Text::from(name);
    true
}

/// The ends of a connection of which the process may have changed the address during the call. If the destination at the end is
/// what the process' memory said then, it comes from there, and what it said at the beginning is right; if not, it is the
/// kernel's.
fn trusted<'a>(tuple: Tuple<'a>, after: Option<Address<'a>>, before: Option<Address<'a>>) -> Tuple<'a> {
    match (tuple, after, before) {
        (
            Tuple::V4 { source, source_port, destination, destination_port },
            Some(Address::V4(address, port)),
            Some(Address::V4(first, first_port)),
        ) if (address, port) == (destination, destination_port) => {
            Tuple::V4 { source, source_port, destination: first, destination_port: first_port }
        }
        (
            Tuple::V6 { source, source_port, destination, destination_port },
            Some(Address::V6(address, port)),
            Some(Address::V6(first, first_port)),
        ) if (address, port) == (destination, destination_port) => {
            Tuple::V6 { source, source_port, destination: first, destination_port: first_port }
        }
        (
            Tuple::Unix { source, destination, path },
            Some(Address::Unix(after)),
            Some(Address::Unix(before)),
        ) if after == path => Tuple::Unix { source, destination, path: before },
        (tuple, _, _) => tuple,
    }
}

fn connect(fd: &mut Fd, tuple: &Tuple<'_>, name: &mut Vec<u8>) -> bool {
    match *tuple {
        Tuple::V4 { .. } | Tuple::V6 { .. } => {
            fd.ty = if matches!(tuple, Tuple::V4 { .. }) { FdType::Ipv4Socket } else { FdType::Ipv6Socket };
            let changed = set_ends(fd, tuple);
            let is_udp = fd.ty == FdType::Ipv4Socket && fd.endpoints.v4().protocol == Protocol::Udp;
            if changed && fd.is_server() && is_udp {
                fd.endpoints.swap(fd.ty);
            }
            write_connection(fd, name);
        }
        Tuple::Unix { source, destination, .. } => {
            if fd.ty != FdType::UnixSocket {
                return false;
            }
            fd.endpoints.set_unix(source, destination);
            tuple.write(name);
        }
        Tuple::Other(_) => {
            if fd.ty != FdType::UnixSocket {
                return false;
            }
            tuple.write(name);
        }
    }
    let renamed = rename(fd, name);
    if fd.has_no_role() {
        fd.flags.set(FdFlags::CLIENT);
    }
    renamed
}

/// A connection of which only the address is known.
fn connect_to(fd: &mut Fd, address: Address<'_>, name: &mut Vec<u8>) -> bool {
    match address {
        Address::V4(destination, destination_port) => {
            fd.ty = FdType::Ipv4Socket;
            fd.endpoints.set_v4(TupleV4 { destination, destination_port, ..fd.endpoints.v4() });
            false
        }
        Address::V6(destination, destination_port) => {
            if let Some(destination) = mapped_v4(destination) {
                fd.ty = FdType::Ipv4Socket;
                fd.endpoints.set_v4(TupleV4 { destination, destination_port, ..fd.endpoints.v4() });
            } else {
                fd.ty = FdType::Ipv6Socket;
                fd.endpoints.set_v6(TupleV6 { destination, destination_port, ..fd.endpoints.v6() });
            }
            false
        }
        Address::Unix(_) | Address::Other(_) => {
            // Falco names it by the parameter that is empty.
            name.extend_from_slice(b"NULL");
            rename(fd, name)
        }
    }
}
