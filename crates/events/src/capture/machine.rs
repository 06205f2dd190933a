//! The blocks that there is one of: [`Section`], which begins a capture, and the [`Machine`] on which it was recorded.

use super::cursor::{ByteOrder, Cursor};
use super::{BlockError, SECTION};
use crate::state::Machine;

/// The magic number by which the byte order is known.
pub(super) const MAGIC: u32 = 0x1A2B_3C4D;

/// The version that is written: 1.2.
pub(super) const VERSION: (u16, u16) = (1, 2);

/// A machine's name has this many bytes at most, the rest being NUL.
pub(super) const HOSTNAME: usize = 128;

/// How a section of a capture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// In which order its bytes are.
    pub order: ByteOrder,
    /// Version of the format; 1 is known.
    pub major: u16,
    /// Minor version of the format.
    pub minor: u16,
}

impl Section {
    /// The byte order and the length of the block that begins with these bytes, header included; `None` if it is no section
    /// header or the bytes are too few.
    ///
    /// Which order a section has is written after its length: a reader has to look ahead.
    pub fn peek(bytes: &[u8]) -> Option<(ByteOrder, u32)> {
        let (kind, rest) = bytes.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (magic, _) = rest.split_first_chunk()?;
        if u32::from_le_bytes(*kind) != SECTION {
            return None;
        }
        match u32::from_le_bytes(*magic) {
            MAGIC => Some((ByteOrder::Little, u32::from_le_bytes(*len))),
            swapped if swapped.swap_bytes() == MAGIC => Some((ByteOrder::Big, u32::from_be_bytes(*len))),
            _ => None,
        }
    }

    /// From the block's body. What follows the version, comments for example, is left aside.
    ///
    /// # Errors
    /// If it is too short, has another magic number or is of a later version.
    pub fn decode(body: &[u8]) -> Result<Section, BlockError> {
        let mut cursor = Cursor::new(body, ByteOrder::Little);
        let magic = cursor.u32("the section's magic number")?;
        let order = if magic == MAGIC {
            ByteOrder::Little
        } else if magic.swap_bytes() == MAGIC {
            ByteOrder::Big
        } else {
            return Err(BlockError::Magic { found: magic });
        };
        let mut cursor = Cursor::new(body.get(4..).unwrap_or_default(), order);
        let major = cursor.u16("the section's version")?;
        let minor = cursor.u16("the section's version")?;
        if major > VERSION.0 {
            return Err(BlockError::Version { major, minor });
        }
        Ok(Section { order, major, minor })
    }
}

/// The machine on which a capture was recorded, from the block's body.
///
/// # Errors
/// If it is too short.
pub fn decode_machine(body: &[u8], order: ByteOrder) -> Result<Machine, BlockError> {
    let mut cursor = Cursor::new(body, order);
    Ok(Machine {
        cpus: cursor.u32("the number of processors")?,
        memory: cursor.u64("the machine's memory")?,
        max_pid: cursor.u64("the highest process id")?,
        hostname: {
            let name = cursor.take(HOSTNAME, "the machine's name")?;
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned()
        },
        boot_time: cursor.u64("the time the machine was started")?,
        flags: cursor.u64("the recorder's flags")?,
    })
}
