//! Writing a capture: [`Writer`].

use std::io::{self, Write};

use eyrie_events::Event;
use eyrie_events::capture::{Account, Encoder, Interface};
use eyrie_events::state::Machine;
use eyrie_events::state::head::{FdRecord, ThreadRecord};
use flate2::write::GzEncoder;

use super::compression::Compression;

/// Blocks are gathered up to this many bytes before they are compressed and written.
const PORTION: usize = 128 * 1024;

/// Writes a capture that Falco's tools read (unless it is compressed with Zstandard).
///
/// Lists at the head come in this order: machine, interfaces, accounts, threads, descriptors; events follow.
///
/// ```
/// use eyrie_events::state::Machine;
/// use eyrie_sources::capture::{Compression, Item, Reader, Writer};
///
/// let mut writer = Writer::new(Vec::new(), Compression::Gzip)?;
/// writer.machine(&Machine { hostname: "web-1".into(), ..Machine::default() })?;
/// let bytes = writer.finish()?;
///
/// let mut reader = Reader::new(bytes.as_slice())?;
/// assert!(matches!(reader.next()?, Some(Item::Section(_))));
/// assert!(matches!(reader.next()?, Some(Item::Machine(machine)) if machine.hostname == "web-1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer<W: Write> {
    output: Output<W>,
    blocks: Vec<u8>,
}

/// What compresses.
enum Output<W: Write> {
    None(W),
    Gzip(Box<GzEncoder<W>>),
    Zstd(Box<zstd::Encoder<'static, W>>),
}

impl<W: Write> Writer<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// If the compression cannot be set up.
    pub fn new(output: W, compression: Compression) -> io::Result<Self> {
        let output = match compression {
            Compression::None => Output::None(output),
            Compression::Gzip => {
                Output::Gzip(Box::new(GzEncoder::new(output, flate2::Compression::default())))
            }
            Compression::Zstd => {
                Output::Zstd(Box::new(zstd::Encoder::new(output, zstd::DEFAULT_COMPRESSION_LEVEL)?))
            }
        };
        let mut blocks = Vec::with_capacity(PORTION);
        Encoder::new(&mut blocks).section();
        Ok(Writer { output, blocks })
    }

    /// Begins another section: what was said of the host so far no longer holds.
    ///
    /// # Errors
    /// Those of the output, as for all that follow.
    pub fn section(&mut self) -> io::Result<()> {
        self.write(|encoder| encoder.section())
    }

    /// The machine.
    #[expect(clippy::missing_errors_doc, reason = "as `section`")]
    pub fn machine(&mut self, machine: &Machine) -> io::Result<()> {
        self.write(|encoder| encoder.machine(machine))
    }

    /// Network interfaces.
    #[expect(clippy::missing_errors_doc, reason = "as `section`")]
    pub fn interfaces<'i>(&mut self, interfaces: impl IntoIterator<Item = Interface<'i>>) -> io::Result<()> {
        self.write(|encoder| encoder.interfaces(interfaces))
    }

    /// Users and groups.
    #[expect(clippy::missing_errors_doc, reason = "as `section`")]
    pub fn accounts<'i>(&mut self, accounts: impl IntoIterator<Item = Account<'i>>) -> io::Result<()> {
        self.write(|encoder| encoder.accounts(accounts))
    }

    /// Threads.
    #[expect(clippy::missing_errors_doc, reason = "as `section`")]
    pub fn threads<'i>(&mut self, threads: impl IntoIterator<Item = ThreadRecord<'i>>) -> io::Result<()> {
        self.write(|encoder| encoder.threads(threads))
    }

    /// The descriptors of the process that this thread leads.
    #[expect(clippy::missing_errors_doc, reason = "as `section`")]
    pub fn descriptors<'i>(
        &mut self,
        tid: i64,
        descriptors: impl IntoIterator<Item = FdRecord<'i>>,
    ) -> io::Result<()> {
        self.write(|encoder| encoder.descriptors(tid, descriptors))
    }

    /// An event, with the recorder's flags.
    #[expect(clippy::missing_errors_doc, reason = "as `section`")]
    pub fn event(&mut self, event: &Event<'_>, flags: u32) -> io::Result<()> {
        self.write(|encoder| encoder.event(event, flags))
    }

    /// Blocks that an [`Encoder`] has written.
    #[expect(clippy::missing_errors_doc, reason = "as `section`")]
    pub fn blocks(&mut self, blocks: &[u8]) -> io::Result<()> {
        self.blocks.extend_from_slice(blocks);
        if self.blocks.len() >= PORTION { self.flush_blocks() } else { Ok(()) }
    }

    /// Ends the capture and gives the output back.
    #[expect(clippy::missing_errors_doc, reason = "as `section`")]
    pub fn finish(mut self) -> io::Result<W> {
        self.flush_blocks()?;
        let mut output = match self.output {
            Output::None(output) => output,
            Output::Gzip(encoder) => encoder.finish()?,
            Output::Zstd(encoder) => encoder.finish()?,
        };
        output.flush()?;
        Ok(output)
    }

    fn write(&mut self, encode: impl FnOnce(&mut Encoder<'_>)) -> io::Result<()> {
        encode(&mut Encoder::new(&mut self.blocks));
        if self.blocks.len() >= PORTION { self.flush_blocks() } else { Ok(()) }
    }

    fn flush_blocks(&mut self) -> io::Result<()> {
        match &mut self.output {
            Output::None(output) => output.write_all(&self.blocks)?,
            Output::Gzip(output) => output.write_all(&self.blocks)?,
            Output::Zstd(output) => output.write_all(&self.blocks)?,
        }
        self.blocks.clear();
        Ok(())
    }
}
