//! Addresses in parameters: an address is `family u8` and what the family has, a tuple is the two ends of a connection.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{MISSING, until_nul};

const UNIX: u8 = 1;
const INET: u8 = 2;
const INET6: u8 = 10;

/// Writes an address: `1.2.3.4:80`, `::1:80`, the path of a unix socket.
pub fn write_address(bytes: &[u8], out: &mut Vec<u8>) {
    let Some((family, rest)) = bytes.split_first() else {
        out.extend_from_slice(MISSING);
        return;
    };
    match *family {
        UNIX if rest.last() == Some(&0) => out.extend_from_slice(until_nul(rest)),
        UNIX => out.extend_from_slice(b"INVALID PATH"),
        INET => match end_v4(rest) {
            Some((address, port, _)) => write_v4(address, port, out),
            None => out.extend_from_slice(b"INVALID IPv4"),
        },
        INET6 => match end_v6(rest) {
            Some((address, port, _)) => write_v6(address, port, out),
            None => out.extend_from_slice(b"INVALID IPv6"),
        },
        // Writing to a vector of bytes does not fail.
        family => _ = write!(out, "family {family}"),
    }
}

/// Writes the ends of a connection: `1.2.3.4:40000->5.6.7.8:80`; of a unix socket the kernel's addresses and the path.
pub fn write_tuple(bytes: &[u8], out: &mut Vec<u8>) {
    let Some((family, rest)) = bytes.split_first() else {
        out.extend_from_slice(b"NULL");
        return;
    };
    match *family {
        UNIX => match unix(rest) {
            Some((source, destination, path)) => {
                let _ = write!(out, "{source:x}->{destination:x} ");
                out.extend_from_slice(until_nul(path));
            }
            None => out.extend_from_slice(b"INVALID PATH"),
        },
        INET => match end_v4(rest).and_then(|(from, port, rest)| Some(((from, port), end_v4(rest)?))) {
            Some(((source, source_port), (destination, destination_port, _))) => {
                write_v4(source, source_port, out);
                out.extend_from_slice(b"->");
                write_v4(destination, destination_port, out);
            }
            None => out.extend_from_slice(b"INVALID IPv4"),
        },
        INET6 => match end_v6(rest).and_then(|(from, port, rest)| Some(((from, port), end_v6(rest)?))) {
            Some(((source, source_port), (destination, destination_port, _))) => {
                match (mapped(source), mapped(destination)) {
                    (Some(source), Some(destination)) => {
                        write_v4(source, source_port, out);
                        out.extend_from_slice(b"->");
                        write_v4(destination, destination_port, out);
                    }
                    _ => {
                        write_v6(source, source_port, out);
                        out.extend_from_slice(b"->");
                        write_v6(destination, destination_port, out);
                    }
                }
            }
            None => out.extend_from_slice(b"INVALID IPv6"),
        },
        family => _ = write!(out, "family {family}"),
    }
}

/// Writes an IPv6 address as C's `inet_ntop` does, which shows the last four bytes of some as an IPv4 address.
pub fn write_ipv6(address: Ipv6Addr, out: &mut Vec<u8>) {
    let _ = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, last] if last < 2 => write!(out, "{address}"),
        [0, 0, 0, 0, 0, 0, high, low] => {
            write!(out, "::{}", Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => write!(out, "{address}"),
    };
}

fn write_v4(address: Ipv4Addr, port: u16, out: &mut Vec<u8>) {
    let _ = write!(out, "{address}:{port}");
}

fn write_v6(address: Ipv6Addr, port: u16, out: &mut Vec<u8>) {
    write_ipv6(address, out);
    let _ = write!(out, ":{port}");
}

fn end_v4(bytes: &[u8]) -> Option<(Ipv4Addr, u16, &[u8])> {
    let (address, rest) = bytes.split_first_chunk::<4>()?;
    let (port, rest) = rest.split_first_chunk()?;
    Some((Ipv4Addr::from(*address), u16::from_le_bytes(*port), rest))
}

fn end_v6(bytes: &[u8]) -> Option<(Ipv6Addr, u16, &[u8])> {
    let (address, rest) = bytes.split_first_chunk::<16>()?;
    let (port, rest) = rest.split_first_chunk()?;
    Some((Ipv6Addr::from(*address), u16::from_le_bytes(*port), rest))
}

fn unix(bytes: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (source, rest) = bytes.split_first_chunk()?;
    let (destination, path) = rest.split_first_chunk()?;
    (path.last() == Some(&0)).then(|| (u64::from_le_bytes(*source), u64::from_le_bytes(*destination), path))
}

/// The IPv4 address that an IPv6 address stands for; all zeros stand for all zeros.
fn mapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if address.is_unspecified() { Some(Ipv4Addr::UNSPECIFIED) } else { address.to_ipv4_mapped() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ipv6(text: &str) -> String {
        let mut out = Vec::new();
        write_ipv6(text.parse().unwrap(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ipv6_is_shown_as_by_c() {
        for (address, shown) in [
            ("::", "::"),
            ("::1", "::1"),
            ("::2", "::0.0.0.2"),
            ("::1.2.3.4", "::1.2.3.4"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("fe80::1", "fe80::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ] {
            assert_eq!(ipv6(address), shown);
        }
    }

    #[test]
    fn addresses_are_shown_by_family() {
        let address = |bytes: &[u8]| {
            let mut out = Vec::new();
            write_address(bytes, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(address(&[2, 10, 0, 0, 1, 80, 0]), "10.0.0.1:80");
        assert_eq!(address(b"\x01/run/x.sock\0"), "/run/x.sock");
        assert_eq!(address(&[16]), "family 16");
        assert_eq!(address(&[2, 1]), "INVALID IPv4");
        assert_eq!(address(&[]), "<NA>");
        let tuple = |bytes: &[u8]| {
            let mut out = Vec::new();
            write_tuple(bytes, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(tuple(&[2, 1, 2, 3, 4, 1, 0, 5, 6, 7, 8, 80, 0]), "1.2.3.4:1->5.6.7.8:80");
        assert_eq!(tuple(&[]), "NULL");
        let mut both = vec![10];
        for port in [1u16, 80] {
            both.extend(Ipv4Addr::new(9, 9, 9, 9).to_ipv6_mapped().octets());
            both.extend(port.to_le_bytes());
        }
        assert_eq!(tuple(&both), "9.9.9.9:1->9.9.9.9:80");
        let mut unix = vec![1];
        unix.extend(255u64.to_le_bytes());
        unix.extend(16u64.to_le_bytes());
        unix.extend(b"/run/x\0");
        assert_eq!(tuple(&unix), "ff->10 /run/x");
    }
}
