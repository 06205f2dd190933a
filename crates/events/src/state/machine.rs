//! The machine that events come from: [`Machine`], and its network interfaces, from which the missing half of a socket's
//! addresses is guessed ([`Interfaces`]).

use std::net::{Ipv4Addr, Ipv6Addr};

/// The machine as the recorder describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// How many processors it has.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// The largest process id.
    pub max_pid: u64,
    /// Its name.
    pub hostname: String,
    /// When it was started, in nanoseconds since the Unix epoch.
    pub boot_time: u64,
    /// The recorder's marks.
    pub flags: u64,
}

/// An address of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interface {
    /// An IPv4 address.
    Ipv4 {
        /// The interface, such as `eth0`.
        name: String,
        /// The address.
        address: Ipv4Addr,
        /// Which part of it is the network's.
        netmask: Ipv4Addr,
        /// The address of everyone in the network.
        broadcast: Ipv4Addr,
    },
    /// An IPv6 address.
    Ipv6 {
        /// The interface, such as `eth0`.
        name: String,
        /// The address.
        address: Ipv6Addr,
    },
}

/// The addresses of the machine.
#[derive(Clone, Debug, Default)]
pub struct Interfaces {
    all: Vec<Interface>,
}

impl Interfaces {
    /// Adds an address; no machine has more than this keeps.
    pub(crate) fn push(&mut self, interface: Interface) {
        const MAX: usize = 16_384;
        if self.all.len() < MAX {
            self.all.push(interface);
        }
    }

    /// The addresses in the order in which the recorder listed them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Interface> {
        self.all.iter()
    }

    fn v4(&self) -> impl Iterator<Item = (Ipv4Addr, u32)> {
        self.all.iter().filter_map(|interface| match interface {
            Interface::Ipv4 { address, netmask, .. } => Some((*address, netmask.to_bits())),
            Interface::Ipv6 { .. } => None,
        })
    }

    fn v6(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.all.iter().filter_map(|interface| match interface {
            Interface::Ipv6 { address, .. } => Some(*address),
            Interface::Ipv4 { .. } => None,
        })
    }

    /// Whether the address is one of the machine's.
    pub fn is_local_v4(&self, address: Ipv4Addr) -> bool {
        self.v4().any(|(own, _)| own == address)
    }

    /// Whether the address is one of the machine's.
    pub fn is_local_v6(&self, address: Ipv6Addr) -> bool {
        self.v6().any(|own| own == address)
    }

    /// Whether the address is near: private, or in a network that the machine is in.
    pub fn is_near_v4(&self, address: Ipv4Addr) -> bool {
        let bits = address.to_bits();
        // As Falco tests it; 172.16.0.0/12 comes out as 172.16.0.0/16 and its multiples of 64.
        bits & 0xff00_0000 == 0x0a00_0000
            || bits & 0xffff_0000 == 0xc0a8_0000
            || bits & 0xff3f_0000 == 0xac10_0000
            || self.v4().any(|(own, mask)| own.to_bits() & mask == bits & mask)
    }

    /// The machine's address that talks to `peer`: the peer itself if it is the machine's, then an address in the same
    /// network, then the first that is not the loopback.
    pub(crate) fn infer_v4(&self, peer: Ipv4Addr) -> Ipv4Addr {
        let bits = peer.to_bits();
        self.v4()
            .find(|(own, _)| *own == peer)
            .or_else(|| self.v4().find(|(own, mask)| own.to_bits() & mask == bits & mask))
            .or_else(|| self.v4().find(|(own, _)| *own != Ipv4Addr::LOCALHOST))
            .map_or(Ipv4Addr::UNSPECIFIED, |(own, _)| own)
    }

    /// As [`infer_v4`](Self::infer_v4); networks are told apart by their first eight bytes.
    pub(crate) fn infer_v6(&self, peer: Ipv6Addr) -> Ipv6Addr {
        let network = |address: Ipv6Addr| address.to_bits() >> 64;
        self.v6()
            .find(|own| *own == peer)
            .or_else(|| self.v6().find(|own| network(*own) == network(peer)))
            .or_else(|| self.v6().find(|own| *own != Ipv6Addr::LOCALHOST))
            .unwrap_or(Ipv6Addr::UNSPECIFIED)
    }
}
