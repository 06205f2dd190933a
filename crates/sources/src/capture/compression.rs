//! How a capture is compressed: [`Compression`], told by its first bytes, and what undoes it.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::GzDecoder;

use super::ahead::Ahead;

/// How a capture is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, which Falco's tools read and write.
    Gzip,
    /// Zstandard: smaller and faster; Falco's tools do not read it.
    Zstd,
}

impl Compression {
    /// What a file with these first bytes is.
    fn of(magic: &[u8]) -> Compression {
        if magic.starts_with(&GZIP) {
            Compression::Gzip
        } else if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Compression::Zstd
        } else {
            Compression::None
        }
    }
}

/// How a member of a gzip file begins (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Compressed bytes are read in portions of this size.
const PORTION: usize = 128 * 1024;

type Raw<R> = Chain<Cursor<Vec<u8>>, R>;

/// What gives a capture's bytes, decompressed.
pub(super) enum Input<R: Read> {
    None(Raw<R>),
    Gzip(Box<Members<BufReader<Raw<R>>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Raw<R>>>>),
    /// Another thread decompresses.
    Ahead(Ahead, Compression),
}

impl<R: Read> Input<R> {
    /// Looks at the first bytes.
    pub(super) fn detect(mut input: R) -> io::Result<Input<R>> {
        let mut magic = Vec::with_capacity(4);
        (&mut input).take(4).read_to_end(&mut magic)?;
        let compression = Compression::of(&magic);
        let raw = Cursor::new(magic).chain(input);
        Ok(match compression {
            Compression::None => Input::None(raw),
            Compression::Gzip => Input::Gzip(Box::new(Members::new(BufReader::with_capacity(PORTION, raw)))),
            Compression::Zstd => {
                Input::Zstd(Box::new(zstd::Decoder::with_buffer(BufReader::with_capacity(PORTION, raw))?))
            }
        })
    }

    pub(super) fn compression(&self) -> Compression {
        match self {
            Input::None(_) => Compression::None,
            Input::Gzip(_) => Compression::Gzip,
            Input::Zstd(_) => Compression::Zstd,
            Input::Ahead(_, compression) => *compression,
        }
    }
}

impl<R: Read + Send + 'static> Input<R> {
    /// Lets another thread decompress, if there is anything to.
    pub(super) fn ahead(self) -> io::Result<Input<R>> {
        match self.compression() {
            Compression::None => Ok(self),
            compression => Ok(Input::Ahead(Ahead::new(self)?, compression)),
        }
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::None(input) => input.read(buf),
            Input::Gzip(input) => input.read(buf),
            Input::Zstd(input) => input.read(buf),
            Input::Ahead(input, _) => input.read(buf),
        }
    }
}

/// The members of a gzip file, one after another. What follows a whole member and is no other is left unread, as gzip does:
/// padding of tapes and blocks, or what was appended by mistake.
pub(super) struct Members<R: BufRead> {
    /// The member that is being read; what was looked at to tell that it is one comes first. None at the end.
    member: Option<GzDecoder<Chain<Cursor<Vec<u8>>, R>>>,
}

impl<R: BufRead> Members<R> {
    /// The first member is not looked at: that it is one has been told.
    fn new(input: R) -> Self {
        Members { member: Some(GzDecoder::new(Cursor::new(Vec::new()).chain(input))) }
    }

    /// Goes on to what follows a member.
    fn advance(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else { return Ok(()) };
        let (_, mut input) = member.into_inner().into_inner();
        let mut magic = Vec::with_capacity(GZIP.len());
        (&mut input).take(GZIP.len() as u64).read_to_end(&mut magic)?;
        if magic == GZIP {
            self.member = Some(GzDecoder::new(Cursor::new(magic).chain(input)));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            match member.read(buf)? {
                0 => self.advance()?,
                read => return Ok(read),
            }
        }
        Ok(0)
    }
}
