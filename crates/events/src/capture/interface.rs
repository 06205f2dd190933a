//! Network interfaces at a capture's head: [`Interface`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cursor::{ByteOrder, Cursor};
use super::{BlockError, Entries};

/// An address of one of the machine's network interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface<'a> {
    /// The interface's name, such as `eth0`.
    pub name: &'a [u8],
    /// The address.
    pub address: IpAddr,
    /// The mask of its network, of the address's family.
    pub mask: IpAddr,
    /// The network's broadcast address, of the address's family.
    pub broadcast: IpAddr,
    /// Bits per second; 0 if unknown.
    pub link_speed: u64,
}

impl<'a> Interface<'a> {
    /// Reads one entry of a list; `bytes` is what is left of the list or at least [`MAX_ENTRY`](super::MAX_ENTRY) of it. Returns
    /// the entry and its length.
    ///
    /// # Errors
    /// If the bytes end within it, or it is of a kind that does not exist.
    pub fn decode(
        bytes: &'a [u8],
        entries: Entries,
        order: ByteOrder,
    ) -> Result<(Interface<'a>, usize), BlockError> {
        let mut cursor = Cursor::new(bytes, order);
        let len = match entries {
            Entries::Plain => None,
            // Here alone the length does not count itself.
            Entries::Sized => {
                let len = usize::try_from(cursor.u32("a network interface")?).unwrap_or(usize::MAX);
                let body = cursor.take(len, "a network interface")?;
                cursor = Cursor::new(body, order);
                Some(len.saturating_add(4))
            }
        };
        let ty = cursor.u16("the kind of a network interface")?;
        let name = usize::from(cursor.u16("the length of an interface's name")?);
        let (address, mask, broadcast) = match ty {
            1 | 3 => (v4(&mut cursor)?, v4(&mut cursor)?, v4(&mut cursor)?),
            2 | 4 => (v6(&mut cursor)?, v6(&mut cursor)?, v6(&mut cursor)?),
            other => return Err(BlockError::InterfaceType(other)),
        };
        let link_speed = if ty <= 2 { cursor.u64("the speed of a network interface")? } else { 0 };
        let name = cursor.take(name, "an interface's name")?;
        Ok((Interface { name, address, mask, broadcast, link_speed }, len.unwrap_or(cursor.used())))
    }
}

fn v4(cursor: &mut Cursor<'_>) -> Result<IpAddr, BlockError> {
    cursor.array::<4>("an interface's address").map(|bytes| Ipv4Addr::from(bytes).into())
}

fn v6(cursor: &mut Cursor<'_>) -> Result<IpAddr, BlockError> {
    cursor.array::<16>("an interface's address").map(|bytes| Ipv6Addr::from(bytes).into())
}
