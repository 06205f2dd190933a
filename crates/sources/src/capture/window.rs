//! The part of a stream that is in memory: [`Window`]. It is filled with large reads and its memory is used again and again.

use std::io::{self, Read};

/// What a window holds at first. Small enough for a second-level cache, so that a block is decoded while it is still there.
const CAPACITY: usize = 256 * 1024;

/// The part of a stream that is in memory.
pub(super) struct Window<R> {
    input: R,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// How many bytes of the stream came before `start`.
    offset: u64,
    ended: bool,
    /// What went wrong; told when all that came before has been used.
    error: Option<io::Error>,
}

impl<R: Read> Window<R> {
    pub(super) fn new(input: R) -> Self {
        Window { input, bytes: vec![0; CAPACITY], start: 0, end: 0, offset: 0, ended: false, error: None }
    }

    /// The same part of the same stream, read by what `map` makes of what reads it.
    pub(super) fn map<E>(self, map: impl FnOnce(R) -> Result<R, E>) -> Result<Self, E> {
        Ok(Window { input: map(self.input)?, ..self })
    }

    /// Where the window begins in the stream.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What is in memory.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// What is in memory, of which there are at least `len` bytes unless the stream ends or fails before.
    ///
    /// Memory grows with the bytes that arrive, never with what is only promised.
    pub(super) fn fill(&mut self, len: usize) -> &[u8] {
        if self.end - self.start < len {
            self.fill_slow(len);
        }
        self.bytes()
    }

    #[cold]
    fn fill_slow(&mut self, len: usize) {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < len && !self.ended && self.error.is_none() {
            if self.end == self.bytes.len() {
                self.bytes.resize(self.bytes.len().saturating_mul(2), 0);
            }
            let Some(room) = self.bytes.get_mut(self.end..) else { return };
            match self.input.read(room) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read.min(room.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.error = Some(error),
            }
        }
    }

    /// Leaves this many bytes of what is in memory behind.
    pub(super) fn consume(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.offset += len as u64;
    }

    /// Leaves this many bytes behind, in memory or not; false if the stream ends or fails before.
    pub(super) fn skip(&mut self, mut len: u64) -> bool {
        loop {
            let here = usize::try_from(len).unwrap_or(usize::MAX).min(self.end - self.start);
            self.consume(here);
            len -= here as u64;
            if len == 0 {
                return true;
            }
            if self.fill(1).is_empty() {
                return false;
            }
        }
    }

    /// What went wrong with the stream, if anything did.
    pub(super) fn error(&self) -> Option<io::Error> {
        self.error.as_ref().map(|error| io::Error::new(error.kind(), error.to_string()))
    }

    pub(super) fn input(&self) -> &R {
        &self.input
    }
}
