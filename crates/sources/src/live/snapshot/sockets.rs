//! The sockets of a network namespace by their inode, from /proc/PID/net.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use eyrie_events::state::FdType;
use eyrie_events::state::head::FdDetail;

use super::number;

const TCP: u8 = 1;
const UDP: u8 = 2;
const RAW: u8 = 4;

/// What is known of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Socket {
    V4 { local: (Ipv4Addr, u16), remote: (Ipv4Addr, u16), protocol: u8, listens: bool },
    V6 { local: (Ipv6Addr, u16), remote: (Ipv6Addr, u16), protocol: u8, listens: bool },
    Unix { address: u64, path: Vec<u8> },
    Netlink,
}

/// The sockets of a network namespace.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    by_inode: HashMap<u64, Socket>,
}

impl Sockets {
    /// Those that this process sees.
    pub(super) fn of(process: &Path) -> Sockets {
        let mut sockets = Sockets::default();
        let read = |name: &str| fs::read(process.join("net").join(name)).unwrap_or_default();
        for (name, protocol) in [("tcp", TCP), ("udp", UDP), ("raw", RAW)] {
            sockets.internet(&read(name), protocol, false);
            sockets.internet(&read(&format!("{name}6")), protocol, true);
        }
        sockets.unix(&read("unix"));
        sockets.netlink(&read("netlink"));
        sockets
    }

    /// What a descriptor of a socket with this inode is open on.
    pub(super) fn detail(&self, inode: u64) -> FdDetail<'_> {
        // Falco numbers protocols on its own: 1 TCP, 2 UDP, 3 ICMP, 4 RAW.
        match self.by_inode.get(&inode) {
            Some(Socket::V4 { local, protocol, listens: true, .. }) => {
                FdDetail::Ipv4Server { address: local.0, port: local.1, protocol: *protocol }
            }
            Some(Socket::V4 { local, remote, protocol, .. }) => FdDetail::Ipv4 {
                source: local.0,
                destination: remote.0,
                source_port: local.1,
                destination_port: remote.1,
                protocol: *protocol,
            },
            Some(Socket::V6 { local, protocol, listens: true, .. }) => {
                FdDetail::Ipv6Server { address: local.0, port: local.1, protocol: *protocol }
            }
            Some(Socket::V6 { local, remote, protocol, .. }) => FdDetail::Ipv6 {
                source: local.0,
                destination: remote.0,
                source_port: local.1,
                destination_port: remote.1,
                protocol: *protocol,
            },
            Some(Socket::Unix { address, path }) => FdDetail::Unix { source: *address, destination: 0, path },
            Some(Socket::Netlink) => FdDetail::Other { ty: FdType::Netlink, name: b"" },
            None => FdDetail::Other { ty: FdType::Unknown, name: b"" },
        }
    }

    /// `sl local remote state …`, addresses in the machine's order of bytes, in words of four.
    fn internet(&mut self, text: &[u8], protocol: u8, six: bool) {
        for line in text.split(|byte| *byte == b'\n').skip(1) {
            let words: Vec<&[u8]> =
                line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
            let [_, local, remote, state, _, _, _, _, _, inode, ..] = words.as_slice() else { continue };
            let Some(inode) = number(inode) else { continue };
            let (Some(local), Some(remote)) = (endpoint(local), endpoint(remote)) else { continue };
            // 0A is listening; a datagram socket without another end waits as well.
            let listens = *state == b"0A" || (protocol != TCP && remote.1 == 0);
            let socket = if six {
                let v6 = |words: &[u32]| {
                    let mut bytes = [0; 16];
                    for (four, word) in bytes.chunks_exact_mut(4).zip(words) {
                        four.copy_from_slice(&word.to_ne_bytes());
                    }
                    Ipv6Addr::from(bytes)
                };
                let (local, remote) = ((v6(&local.0), local.1), (v6(&remote.0), remote.1));
                Socket::V6 { local, remote, protocol, listens }
            } else {
                let v4 = |words: &[u32]| Ipv4Addr::from(words.first().copied().unwrap_or(0).to_ne_bytes());
                let (local, remote) = ((v4(&local.0), local.1), (v4(&remote.0), remote.1));
                Socket::V4 { local, remote, protocol, listens }
            };
            self.by_inode.insert(inode, socket);
        }
    }

    /// `address: count protocol flags type state inode path`.
    fn unix(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n').skip(1) {
            let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
            let address = words.next().and_then(|word| word.strip_suffix(b":")).and_then(hex);
            let Some(inode) = words.nth(5).and_then(number) else { continue };
            let path = words.next().unwrap_or_default().to_vec();
            self.by_inode.insert(inode, Socket::Unix { address: address.unwrap_or(0), path });
        }
    }

    /// The inode is the last column.
    fn netlink(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n').skip(1) {
            let last = line.split(u8::is_ascii_whitespace).rfind(|word| !word.is_empty());
            if let Some(inode) = last.and_then(number) {
                self.by_inode.insert(inode, Socket::Netlink);
            }
        }
    }
}

fn hex(text: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

/// `0100007F:0016`
fn endpoint(text: &[u8]) -> Option<(Vec<u32>, u16)> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let (address, port) = text.split_at(colon);
    let words = address.chunks(8).map(|word| hex(word).and_then(|word| u32::try_from(word).ok()));
    Some((words.collect::<Option<_>>()?, u16::try_from(hex(port.get(1..)?)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel() {
        let mut sockets = Sockets::default();
        sockets.internet(
            b"  sl  local_address rem_address   st\n   0: 0100007F:0016 0200007F:C350 01 00000000:00000000 02:000A7214 00000000     0        0 77 2\n   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 78 1\n",
            TCP,
            false,
        );
        sockets.unix(b"Num RefCount\nffff888: 00000002 00000000 00010000 0001 01 79 /run/x.sock\n");
        sockets.netlink(b"sk Eth\nffff 0 1 0 0 0 0 2 0 80\n");
        let shown: Vec<String> = (77..82).map(|inode| format!("{:?}", sockets.detail(inode))).collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        Ipv4 { source: 127.0.0.1, destination: 127.0.0.2, source_port: 22, destination_port: 50000, protocol: 1 }
        Ipv4Server { address: 0.0.0.0, port: 8080, protocol: 1 }
        Unix { source: 268433544, destination: 0, path: [47, 114, 117, 110, 47, 120, 46, 115, 111, 99, 107] }
        Other { ty: Netlink, name: [] }
        Other { ty: Unknown, name: [] }
        ");
    }
}
