//! File descriptors at a capture's head, as [`FdRecord`]s.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::cursor::{ByteOrder, Cursor};
use super::{BlockError, Entries};
use crate::state::FdType;
use crate::state::head::{FdDetail, FdRecord};

/// The thread that a list of descriptors belongs to, which stands before them, and its length.
///
/// # Errors
/// If the bytes are too few.
pub fn decode_fd_owner(bytes: &[u8], order: ByteOrder) -> Result<(i64, usize), BlockError> {
    let mut cursor = Cursor::new(bytes, order);
    Ok((cursor.i64("the id of a thread with descriptors")?, cursor.used()))
}

/// Reads one entry of a list; `bytes` is what is left of the list or at least [`MAX_ENTRY`](super::MAX_ENTRY) of it. Returns
/// the entry and its length.
///
/// # Errors
/// If the bytes end within it.
pub fn decode_fd(
    bytes: &[u8],
    entries: Entries,
    order: ByteOrder,
) -> Result<(FdRecord<'_>, usize), BlockError> {
    const PORT: &str = "a port";
    const PROTOCOL: &str = "a protocol";
    let mut cursor = Cursor::new(bytes, order);
    let len = match entries {
        Entries::Plain => None,
        Entries::Sized => Some(cursor.entry("the descriptor list")?),
    };
    let fd = cursor.i64("a descriptor's number")?;
    let ino = cursor.u64("a descriptor's inode")?;
    let number = cursor.u8("a descriptor's type")?;
    let detail = match FdType::from_number(number) {
        Some(FdType::Ipv4Socket) => FdDetail::Ipv4 {
            source: ipv4(&mut cursor)?,
            destination: ipv4(&mut cursor)?,
            source_port: cursor.u16(PORT)?,
            destination_port: cursor.u16(PORT)?,
            protocol: cursor.u8(PROTOCOL)?,
        },
        Some(FdType::Ipv6Socket) => FdDetail::Ipv6 {
            source: ipv6(&mut cursor)?,
            destination: ipv6(&mut cursor)?,
            source_port: cursor.u16(PORT)?,
            destination_port: cursor.u16(PORT)?,
            protocol: cursor.u8(PROTOCOL)?,
        },
        Some(FdType::Ipv4Server) => FdDetail::Ipv4Server {
            address: ipv4(&mut cursor)?,
            port: cursor.u16(PORT)?,
            protocol: cursor.u8(PROTOCOL)?,
        },
        Some(FdType::Ipv6Server) => FdDetail::Ipv6Server {
            address: ipv6(&mut cursor)?,
            port: cursor.u16(PORT)?,
            protocol: cursor.u8(PROTOCOL)?,
        },
        Some(FdType::UnixSocket) => FdDetail::Unix {
            source: cursor.u64("a Unix socket's address")?,
            destination: cursor.u64("a Unix socket's address")?,
            path: cursor.text("a Unix socket's path")?,
        },
        Some(FdType::FileV2) => FdDetail::File {
            open_flags: cursor.u32("the flags of an open file")?,
            path: cursor.text("the path of an open file")?,
            device: match len {
                Some(_) => cursor.u32("the device of an open file").unwrap_or(0),
                None => 0,
            },
        },
        // Nothing follows.
        Some(FdType::Unknown) => FdDetail::Other { ty: FdType::Unknown, name: b"" },
        Some(ty) => FdDetail::Other { ty, name: cursor.text("a descriptor's name")? },
        // A newer recorder wrote it.
        None => FdDetail::Other { ty: FdType::Unsupported, name: b"" },
    };
    Ok((FdRecord { number: fd, inode: ino, detail }, len.unwrap_or(cursor.used())))
}

/// Addresses are in network order in captures of either byte order.
fn ipv4(cursor: &mut Cursor<'_>) -> Result<Ipv4Addr, BlockError> {
    cursor.array::<4>("an IPv4 address").map(Ipv4Addr::from)
}

fn ipv6(cursor: &mut Cursor<'_>) -> Result<Ipv6Addr, BlockError> {
    cursor.array::<16>("an IPv6 address").map(Ipv6Addr::from)
}
