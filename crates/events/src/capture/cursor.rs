//! Reading numbers and texts from a block, one after another, in its byte order.

use super::BlockError;

/// In which order the bytes of numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The lowest byte first, as on x86 and most ARM.
    Little,
    /// The highest byte first, as on s390x.
    Big,
}

/// A place in a block.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    order: ByteOrder,
}

macro_rules! number {
    ($($name:ident: $ty:ident),*) => {
        $(pub(super) fn $name(&mut self, what: &'static str) -> Result<$ty, BlockError> {
            let bytes = self.array(what)?;
            Ok(match self.order {
                ByteOrder::Little => $ty::from_le_bytes(bytes),
                ByteOrder::Big => $ty::from_be_bytes(bytes),
            })
        })*
    };
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Cursor { bytes, at: 0, order }
    }

    /// How many bytes were read.
    pub(super) fn used(&self) -> usize {
        self.at
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(super) fn take(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], BlockError> {
        let found = self.left();
        let end = self.at.saturating_add(len);
        let taken =
            self.bytes.get(self.at..end).ok_or(BlockError::TooShort { what, expected: len, found })?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], BlockError> {
        let found = self.left();
        let short = BlockError::TooShort { what, expected: N, found };
        self.take(N, what)?.first_chunk().copied().ok_or(short)
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, BlockError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    number!(u16: u16, u32: u32, u64: u64, i64: i64);

    /// A text with a length of two bytes before it.
    pub(super) fn text(&mut self, what: &'static str) -> Result<&'a [u8], BlockError> {
        let len = self.u16(what)?;
        self.take(usize::from(len), what)
    }

    /// Reads the length of an entry, which counts itself, and lets the entry end there.
    pub(super) fn entry(&mut self, list: &'static str) -> Result<usize, BlockError> {
        let said = usize::try_from(self.u32(list)?).unwrap_or(usize::MAX);
        if said < self.at {
            return Err(BlockError::EntryLength { list, said, has: self.at });
        }
        let found = self.bytes.len();
        self.bytes =
            self.bytes.get(..said).ok_or(BlockError::TooShort { what: list, expected: said, found })?;
        Ok(said)
    }
}
