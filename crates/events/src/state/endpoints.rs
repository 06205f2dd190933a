//! The two ends of a socket: [`Endpoints`], kept as the bytes that Falco keeps, and their text, as `fd.name` shows it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::descriptors::FdType;

/// The protocol above IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    /// Nobody knows.
    #[default]
    Unknown,
    /// There is none: not a socket.
    None,
    /// TCP
    Tcp,
    /// UDP
    Udp,
    /// ICMP
    Icmp,
    /// Raw packets.
    Raw,
}

impl Protocol {
    /// The protocol that captures write as this number.
    pub fn from_number(number: u8) -> Protocol {
        match number {
            1 => Protocol::None,
            2 => Protocol::Tcp,
            3 => Protocol::Udp,
            4 => Protocol::Icmp,
            5 => Protocol::Raw,
            _ => Protocol::Unknown,
        }
    }

    /// The number that captures write.
    pub fn number(self) -> u8 {
        match self {
            Protocol::Unknown => 0,
            Protocol::None => 1,
            Protocol::Tcp => 2,
            Protocol::Udp => 3,
            Protocol::Icmp => 4,
            Protocol::Raw => 5,
        }
    }
}

/// The ends of a socket.
///
/// One piece of memory that is read according to the descriptor's [`FdType`], as in Falco: a socket that has been bound and then
/// receives may have its new ends read in its old form. Rules written for Falco see what comes of that.
///
/// | form | bytes |
/// |---|---|
/// | IPv4 | source 0–3, destination 4–7, ports 8–9 and 10–11, protocol 12 |
/// | IPv6 | source 0–15, destination 16–31, ports 32–33 and 34–35, protocol 36 |
/// | IPv4, listening | address 0–3, port 4–5, protocol 6 |
/// | IPv6, listening | address 0–15, port 16–17, protocol 18 |
/// | unix | source 0–7, destination 8–15 |
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Endpoints([u8; 40]);

impl Default for Endpoints {
    fn default() -> Self {
        Endpoints([0; 40])
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.v6())
    }
}

/// Source and destination of an IPv4 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say all there is to say")]
pub struct TupleV4 {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub source_port: u16,
    pub destination_port: u16,
    pub protocol: Protocol,
}

/// Source and destination of an IPv6 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say all there is to say")]
pub struct TupleV6 {
    pub source: Ipv6Addr,
    pub destination: Ipv6Addr,
    pub source_port: u16,
    pub destination_port: u16,
    pub protocol: Protocol,
}

/// The address at which a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say all there is to say")]
pub struct Listening {
    pub address: IpAddr,
    pub port: u16,
    pub protocol: Protocol,
}

impl Endpoints {
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
    }

    fn set<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(place) = self.0.get_mut(at..at + N) {
            place.copy_from_slice(&bytes);
        }
    }

    /// Read as an IPv4 connection.
    pub fn v4(&self) -> TupleV4 {
        TupleV4 {
            source: self.bytes::<4>(0).into(),
            destination: self.bytes::<4>(4).into(),
            source_port: u16::from_le_bytes(self.bytes(8)),
            destination_port: u16::from_le_bytes(self.bytes(10)),
            protocol: Protocol::from_number(self.bytes::<1>(12)[0]),
        }
    }

    /// Read as an IPv6 connection.
    pub fn v6(&self) -> TupleV6 {
        TupleV6 {
            source: self.bytes::<16>(0).into(),
            destination: self.bytes::<16>(16).into(),
            source_port: u16::from_le_bytes(self.bytes(32)),
            destination_port: u16::from_le_bytes(self.bytes(34)),
            protocol: Protocol::from_number(self.bytes::<1>(36)[0]),
        }
    }

    /// Read as an IPv4 address where a server listens.
    pub fn listening_v4(&self) -> Listening {
        Listening {
            address: Ipv4Addr::from(self.bytes::<4>(0)).into(),
            port: u16::from_le_bytes(self.bytes(4)),
            protocol: Protocol::from_number(self.bytes::<1>(6)[0]),
        }
    }

    /// Read as an IPv6 address where a server listens.
    pub fn listening_v6(&self) -> Listening {
        Listening {
            address: Ipv6Addr::from(self.bytes::<16>(0)).into(),
            port: u16::from_le_bytes(self.bytes(16)),
            protocol: Protocol::from_number(self.bytes::<1>(18)[0]),
        }
    }

    /// Read as a unix socket: the kernel's addresses of this socket and its peer.
    pub fn unix(&self) -> (u64, u64) {
        (u64::from_le_bytes(self.bytes(0)), u64::from_le_bytes(self.bytes(8)))
    }

    pub(crate) fn set_v4(&mut self, tuple: TupleV4) {
        self.set(0, tuple.source.octets());
        self.set(4, tuple.destination.octets());
        self.set(8, tuple.source_port.to_le_bytes());
        self.set(10, tuple.destination_port.to_le_bytes());
        self.set(12, [tuple.protocol.number()]);
    }

    pub(crate) fn set_v6(&mut self, tuple: TupleV6) {
        self.set(0, tuple.source.octets());
        self.set(16, tuple.destination.octets());
        self.set(32, tuple.source_port.to_le_bytes());
        self.set(34, tuple.destination_port.to_le_bytes());
        self.set(36, [tuple.protocol.number()]);
    }

    pub(crate) fn set_listening_v4(&mut self, address: Ipv4Addr, port: u16, protocol: Protocol) {
        self.set(0, address.octets());
        self.set(4, port.to_le_bytes());
        self.set(6, [protocol.number()]);
    }

    pub(crate) fn set_listening_v6(&mut self, address: Ipv6Addr, port: u16, protocol: Protocol) {
        self.set(0, address.octets());
        self.set(16, port.to_le_bytes());
        self.set(18, [protocol.number()]);
    }

    pub(crate) fn set_unix(&mut self, source: u64, destination: u64) {
        self.set(0, source.to_le_bytes());
        self.set(8, destination.to_le_bytes());
    }

    /// Source becomes destination, as seen by the other side.
    pub(crate) fn swap(&mut self, ty: FdType) {
        if ty == FdType::Ipv4Socket {
            let TupleV4 { source, destination, source_port, destination_port, protocol } = self.v4();
            self.set_v4(TupleV4 {
                source: destination,
                destination: source,
                source_port: destination_port,
                destination_port: source_port,
                protocol,
            });
        } else {
            let TupleV6 { source, destination, source_port, destination_port, protocol } = self.v6();
            self.set_v6(TupleV6 {
                source: destination,
                destination: source,
                source_port: destination_port,
                destination_port: source_port,
                protocol,
            });
        }
    }
}

/// `127.0.0.1:40000->127.0.0.1:80`
impl fmt::Display for TupleV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}->{}:{}", self.source, self.source_port, self.destination, self.destination_port)
    }
}

/// `::1:40000->::1:80`
impl fmt::Display for TupleV6 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}->{}:{}", self.source, self.source_port, self.destination, self.destination_port)
    }
}

/// `0.0.0.0:80`
impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.address, self.port)
    }
}

/// Whether an IPv6 address stands for an IPv4 address: `::ffff:a.b.c.d`, and `::` for `0.0.0.0`.
pub(crate) fn mapped_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if address.is_unspecified() { Some(Ipv4Addr::UNSPECIFIED) } else { address.to_ipv4_mapped() }
}
