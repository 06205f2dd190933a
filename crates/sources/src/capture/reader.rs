//! Streaming a capture: [`Reader`] gives what is in it, one [`Item`] after another, borrowed from one buffer.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use eyrie_events::capture::{
    Account, BLOCK_FRAME, BLOCK_HEADER, BlockError, BlockKind, ByteOrder, Entries, EventFrame, EventLayout,
    Interface, MAX_ENTRY, MAX_EVENT_BLOCK, SECTION, Section, decode_fd, decode_fd_owner, decode_machine,
    decode_thread,
};
use eyrie_events::convert::{Converter, Outcome};
use eyrie_events::state::Machine;
use eyrie_events::state::head::{FdRecord, ThreadRecord};
use eyrie_events::{Event, EventType};

use super::compression::{Compression, Input};
use super::window::Window;

/// No event is longer than this many bytes; what claims to be is refused.
const MAX_LARGE_EVENT: u32 = 64 << 20;

/// Something in a capture.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time is made, and no event should cost an allocation"
)]
pub enum Item<'a> {
    /// A section begins. What was known of the host before is no longer true.
    Section(Section),
    /// The machine.
    Machine(Machine),
    /// An address of one of its network interfaces.
    Interface(Interface<'a>),
    /// A user or a group.
    Account(Account<'a>),
    /// A thread that was there at the start.
    Thread(ThreadRecord<'a>),
    /// A file descriptor that was open at the start, and the thread that leads its process.
    Descriptor(i64, FdRecord<'a>),
    /// An event.
    Event(Recorded<'a>),
}

/// An event with what the capture says around it.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// The event, numbered as Falco numbers it.
    pub event: Event<'a>,
    /// The recorder's flags.
    pub flags: u32,
    /// Whether it says what was so when the recording began (users, groups, containers): it changes what is known of the host
    /// and counts in `evt.num`, but nothing is judged by it.
    pub initial: bool,
}

impl Recorded<'_> {
    /// Whether the event is only there so that the host's state is right: whoever wrote the capture had filtered it out.
    pub fn is_state_only(&self) -> bool {
        self.flags & STATE_ONLY != 0
    }
}

/// The recorder's flag of events that were filtered out and kept because they change the host's state.
pub const STATE_ONLY: u32 = 1;

/// What a capture had that was not given as an [`Item`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events given, those at the head included.
    pub events: u64,
    /// Events of kinds that are not known.
    pub unknown_events: u64,
    /// Blocks of kinds that are not known.
    pub unknown_blocks: u64,
    /// Events of old captures that became part of another, such as the beginnings of system calls.
    pub merged_events: u64,
    /// Events of old captures of which it is not known what they would be today.
    pub unconverted_events: u64,
    /// System calls of old captures whose beginning was forgotten, to keep memory in bounds, before their end came.
    pub forgotten_calls: u64,
}

/// Why a capture cannot be read, or not to its end. What came before is not touched by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system or the decompression fails.
    #[error("the capture cannot be read further at byte {offset}: {source}")]
    Io {
        /// Where, in the decompressed capture.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// There is nothing.
    #[error("the file is empty")]
    Empty,
    /// It does not begin as a capture does.
    #[error("this is no capture: a capture begins with the bytes 0a 0d 0d 0a, this with {}", hex(found))]
    NotACapture {
        /// How it begins.
        found: Vec<u8>,
    },
    /// It ends in the middle of a block.
    #[error("the capture ends in the middle of the block at byte {offset}: it was cut off there")]
    Truncated {
        /// Where the block begins.
        offset: u64,
    },
    /// A block that is impossibly short or long.
    #[error("the block of the kind {kind:#x} at byte {offset} claims to be {len} bytes long; {limit}")]
    Length {
        /// Where the block begins.
        offset: u64,
        /// The number of its kind.
        kind: u32,
        /// Its length.
        len: u32,
        /// What can be.
        limit: Limit,
    },
    /// A block whose length at the end is not that at its beginning.
    #[error("the block at byte {offset} is {header} bytes long by its beginning and {trailer} by its end")]
    Trailer {
        /// Where the block begins.
        offset: u64,
        /// Its length by its beginning.
        header: u32,
        /// Its length by its end.
        trailer: u32,
    },
    /// What is in a block is wrong.
    #[error("in the block at byte {offset}: {source}")]
    Block {
        /// Where the block, or the entry in it, begins.
        offset: u64,
        /// What is wrong.
        source: BlockError,
    },
}

/// How long a block can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// At least this many bytes.
    Least(u32),
    /// At most this many bytes.
    Most(u32),
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Limit::Least(len) => write!(f, "{len} is the least"),
            Limit::Most(len) => write!(f, "{len} is the most"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// Streams a capture from a file, a pipe or memory. Compression is told by the first bytes.
///
/// ```
/// use eyrie_events::capture::Encoder;
/// use eyrie_sources::capture::{Item, Reader};
///
/// let mut bytes = Vec::new();
/// Encoder::new(&mut bytes).section();
/// let mut reader = Reader::new(bytes.as_slice())?;
/// assert!(matches!(reader.next()?, Some(Item::Section(_))));
/// assert!(reader.next()?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader<R: Read> {
    window: Window<Input<R>>,
    order: ByteOrder,
    /// The list that is being read.
    list: Option<List>,
    /// What the last item was made of, to be left behind before the next is looked for.
    used: usize,
    /// Whether only the initial state came so far in this section.
    initial: bool,
    number: u64,
    /// The number of the last event of the section before, while the initial state of this one is read.
    resume: Option<u64>,
    counts: Counts,
    scratch: Vec<u8>,
    converter: Converter,
}

/// A list of which entries are left.
#[derive(Clone, Copy, Debug)]
struct List {
    kind: ListKind,
    /// Where its block begins.
    offset: u64,
    /// The block's length.
    len: u32,
    /// How many bytes of its body are left.
    left: u64,
}

#[derive(Clone, Copy, Debug)]
enum ListKind {
    Interfaces(Entries),
    Accounts(Entries),
    Threads(u8),
    Descriptors(Entries, i64),
}

/// What comes next, before it is borrowed.
enum Place {
    End,
    Section(Section),
    Machine(Machine),
    /// An entry of a list, and what to say if it is not there as a whole.
    Entry(List, Option<ReadError>),
    Event(Found),
}

/// An event that has been found.
struct Found {
    time: u64,
    tid: i64,
    ty: EventType,
    params: u32,
    cpu: u16,
    flags: u32,
    body: Body,
}

/// Where an event's lengths and parameters are.
enum Body {
    /// Here in the window.
    Window(Range<usize>),
    /// In the scratch memory: their bytes were in the other order.
    Swapped,
    /// In the converter: the event is of an old kind.
    Converted,
}

impl Reader<Box<dyn Read + Send>> {
    /// Opens a file; `-` is standard input. What is compressed is decompressed [on a thread of its own](Reader::ahead).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn open(path: &Path) -> io::Result<Self> {
        let input: Box<dyn Read + Send> =
            if path.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
        Reader::new(input)?.ahead()
    }
}

impl<R: Read + Send + 'static> Reader<R> {
    /// Lets another thread decompress what is compressed, while what has been read is looked at. To be called before the first
    /// item is read.
    ///
    /// # Errors
    /// If there can be no further thread.
    pub fn ahead(mut self) -> io::Result<Self> {
        self.window = self.window.map(Input::ahead)?;
        Ok(self)
    }
}

impl<R: Read> Reader<R> {
    /// Reads from `input`, which needs no buffer of its own.
    ///
    /// # Errors
    /// If the first bytes cannot be read.
    pub fn new(input: R) -> io::Result<Self> {
        Ok(Reader {
            window: Window::new(Input::detect(input)?),
            order: ByteOrder::Little,
            list: None,
            used: 0,
            initial: true,
            number: 0,
            resume: None,
            counts: Counts::default(),
            scratch: Vec::new(),
            converter: Converter::new(),
        })
    }

    /// How the capture is compressed.
    pub fn compression(&self) -> Compression {
        self.window.input().compression()
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        Counts { forgotten_calls: self.converter.forgotten(), ..self.counts }
    }

    /// How many bytes of the decompressed capture were read so far.
    pub fn offset(&self) -> u64 {
        self.window.offset() + self.used as u64
    }

    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// If the capture is damaged or cut off. After [`ReadError::Block`] for an event, the events after it can be read.
    #[expect(clippy::should_implement_trait, reason = "what it gives is borrowed from the reader")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        let place = self.locate()?;
        let order = self.order;
        Ok(Some(match place {
            Place::End => return Ok(None),
            Place::Section(section) => Item::Section(section),
            Place::Machine(machine) => Item::Machine(machine),
            Place::Event(found) => {
                let offset = self.window.offset();
                let body = match found.body {
                    Body::Window(range) => self.window.bytes().get(range).unwrap_or_default(),
                    Body::Swapped => &self.scratch,
                    Body::Converted => self.converter.body(),
                };
                let mut event = Event::from_parts(found.time, found.tid, found.ty, found.params, body)
                    .map_err(|source| ReadError::Block { offset, source: source.into() })?;
                self.initial = self.initial && is_initial(found.ty);
                if !self.initial
                    && let Some(number) = self.resume.take()
                {
                    self.number = number;
                }
                self.number += 1;
                self.counts.events += 1;
                event.cpu = found.cpu;
                event.number = self.number;
                Item::Event(Recorded { event, flags: found.flags, initial: self.initial })
            }
            Place::Entry(list, cut_off) => {
                let offset = self.window.offset();
                let bytes = self.window.bytes();
                let bytes = bytes.get(..usize::try_from(list.left).unwrap_or(usize::MAX)).unwrap_or(bytes);
                let decoded = match list.kind {
                    ListKind::Interfaces(entries) => Interface::decode(bytes, entries, order)
                        .map(|(interface, used)| (Item::Interface(interface), used)),
                    ListKind::Accounts(entries) => Account::decode(bytes, entries, order)
                        .map(|(account, used)| (Item::Account(account), used)),
                    ListKind::Threads(version) => decode_thread(bytes, version, order)
                        .map(|(thread, used)| (Item::Thread(thread), used)),
                    ListKind::Descriptors(entries, tid) => decode_fd(bytes, entries, order)
                        .map(|(descriptor, used)| (Item::Descriptor(tid, descriptor), used)),
                };
                match decoded {
                    Ok((item, used)) => {
                        self.used = used;
                        self.list = Some(List { left: list.left.saturating_sub(used as u64), ..list });
                        item
                    }
                    Err(source) => {
                        if let Some(cut_off) = cut_off {
                            return Err(cut_off);
                        }
                        // Nothing tells where the next entry begins; the next block is known.
                        self.list = Some(List { left: 0, ..list });
                        self.used = bytes.len();
                        return Err(ReadError::Block { offset, source });
                    }
                }
            }
        }))
    }

    /// Leaves the last item behind and finds the next.
    fn locate(&mut self) -> Result<Place, ReadError> {
        loop {
            self.window.consume(std::mem::take(&mut self.used));
            if let Some(list) = self.list {
                // Up to three bytes of padding are no entry.
                if list.left >= 4 {
                    let want = usize::try_from(list.left).unwrap_or(usize::MAX).min(MAX_ENTRY);
                    let cut_off = self.window.fill(want).len() < want;
                    return Ok(Place::Entry(list, cut_off.then(|| self.cut_off(list.offset))));
                }
                self.list = None;
                self.trailer(list)?;
            }
            let (offset, order) = (self.window.offset(), self.order);
            let head = self.window.fill(BLOCK_FRAME);
            if offset == 0 && !head.starts_with(&SECTION.to_le_bytes()) {
                let found = head.get(..4).unwrap_or(head).to_vec();
                let error =
                    if found.is_empty() { ReadError::Empty } else { ReadError::NotACapture { found } };
                return Err(self.failed(offset).unwrap_or(error));
            }
            let Some((number, len)) = block_header(head, order) else {
                return match head {
                    [] => self.failed(offset).map_or(Ok(Place::End), Err),
                    _ => Err(self.cut_off(offset)),
                };
            };
            let kind = BlockKind::from_number(number);
            if kind == BlockKind::Section {
                return self.section(offset);
            }
            let least = BLOCK_FRAME as u32;
            if len < least {
                return Err(ReadError::Length { offset, kind: number, len, limit: Limit::Least(least) });
            }
            let place = match kind {
                BlockKind::Event(layout) => self.event(layout, number, offset, len)?,
                BlockKind::Machine => {
                    let body = self.block(offset, len, 1024)?;
                    let machine =
                        decode_machine(body, order).map_err(|source| ReadError::Block { offset, source })?;
                    self.leave(offset, len)?;
                    Some(Place::Machine(machine))
                }
                BlockKind::Interfaces(entries) => {
                    self.begin(ListKind::Interfaces(entries), offset, len);
                    None
                }
                BlockKind::Users(entries) => {
                    self.begin(ListKind::Accounts(entries), offset, len);
                    None
                }
                BlockKind::Threads(version) => {
                    self.begin(ListKind::Threads(version), offset, len);
                    None
                }
                BlockKind::Descriptors(entries) => {
                    let body = self.block(offset, len, 8)?;
                    let (tid, used) =
                        decode_fd_owner(body, order).map_err(|source| ReadError::Block { offset, source })?;
                    self.begin(ListKind::Descriptors(entries, tid), offset, len);
                    self.used += used;
                    if let Some(list) = &mut self.list {
                        list.left = list.left.saturating_sub(used as u64);
                    }
                    None
                }
                BlockKind::Unknown(_) | BlockKind::Section => {
                    self.counts.unknown_blocks += 1;
                    if !self.window.skip(u64::from(len)) {
                        return Err(self.cut_off(offset));
                    }
                    None
                }
            };
            if let Some(place) = place {
                return Ok(place);
            }
        }
    }

    /// The section header at the window's beginning. Its byte order holds from here on.
    fn section(&mut self, offset: u64) -> Result<Place, ReadError> {
        let head = self.window.fill(BLOCK_FRAME);
        let magic = head.get(BLOCK_HEADER..BLOCK_FRAME).and_then(|bytes| bytes.first_chunk());
        let Some(magic) = magic else { return Err(self.cut_off(offset)) };
        let Some((order, len)) = Section::peek(head) else {
            let source = BlockError::Magic { found: u32::from_le_bytes(*magic) };
            return Err(ReadError::Block { offset, source });
        };
        let least = BLOCK_FRAME as u32 + 16;
        if len < least {
            return Err(ReadError::Length { offset, kind: SECTION, len, limit: Limit::Least(least) });
        }
        self.order = order;
        let body = self.block(offset, len, 16)?;
        let section = Section::decode(body).map_err(|source| ReadError::Block { offset, source })?;
        self.leave(offset, len)?;
        self.initial = true;
        // As in Falco, the initial state counts in the first section only.
        if offset > 0 {
            self.resume = Some(self.resume.unwrap_or(self.number));
            self.number = 0;
        }
        self.converter.reset();
        Ok(Place::Section(section))
    }

    /// At least the first `most` bytes of the body of the block at the window's beginning, or all of it.
    fn block(&mut self, offset: u64, len: u32, most: usize) -> Result<&[u8], ReadError> {
        let body = (len as usize).saturating_sub(BLOCK_FRAME).min(most);
        if self.window.fill(BLOCK_HEADER + body).len() < BLOCK_HEADER + body {
            return Err(self.cut_off(offset));
        }
        Ok(self.window.bytes().get(BLOCK_HEADER..BLOCK_HEADER + body).unwrap_or_default())
    }

    /// Leaves the block at the window's beginning behind.
    fn leave(&mut self, offset: u64, len: u32) -> Result<(), ReadError> {
        let list =
            List { kind: ListKind::Threads(0), offset, len, left: u64::from(len) - BLOCK_FRAME as u64 };
        self.window.consume(BLOCK_HEADER);
        self.trailer(list)
    }

    /// Leaves behind what is left of a list's block.
    fn trailer(&mut self, list: List) -> Result<(), ReadError> {
        if !self.window.skip(list.left) {
            return Err(self.cut_off(list.offset));
        }
        let Some(trailer) = self.window.fill(4).first_chunk().copied() else {
            return Err(self.cut_off(list.offset));
        };
        self.window.consume(4);
        let trailer = number(trailer, self.order);
        if trailer != list.len {
            return Err(ReadError::Trailer { offset: list.offset, header: list.len, trailer });
        }
        Ok(())
    }

    /// Begins the list in the block at the window's beginning.
    fn begin(&mut self, kind: ListKind, offset: u64, len: u32) {
        self.used = BLOCK_HEADER;
        let left = u64::from(len).saturating_sub(BLOCK_FRAME as u64);
        self.list = Some(List { kind, offset, len, left });
    }

    /// The event in the block at the window's beginning; `None` if it is to be skipped.
    fn event(
        &mut self,
        layout: EventLayout,
        kind: u32,
        offset: u64,
        len: u32,
    ) -> Result<Option<Place>, ReadError> {
        let most = if layout.large { MAX_LARGE_EVENT } else { MAX_EVENT_BLOCK + BLOCK_HEADER as u32 };
        if len > most {
            return Err(ReadError::Length { offset, kind, len, limit: Limit::Most(most) });
        }
        let bytes = self.window.fill(len as usize);
        let Some(body) = bytes.get(BLOCK_HEADER..len as usize - 4).filter(|_| bytes.len() >= len as usize)
        else {
            return Err(self.cut_off(offset));
        };
        self.used = len as usize;
        let at = |source| ReadError::Block { offset, source };
        let frame = EventFrame::decode(body, layout, self.order).map_err(at)?;
        let Some(info) = frame.ty.info() else {
            self.counts.unknown_events += 1;
            return Ok(None);
        };
        let start = BLOCK_HEADER + frame.start;
        let mut found = Found {
            time: frame.time,
            tid: frame.tid,
            ty: frame.ty,
            params: frame.count(self.order).map_err(at)?,
            cpu: frame.cpu,
            flags: frame.flags,
            body: Body::Window(start..start + frame.body.len()),
        };
        if self.order == ByteOrder::Big {
            frame.swap(found.params, &mut self.scratch).map_err(at)?;
            found.body = Body::Swapped;
        }
        if !Converter::is_current(found.ty, info, found.params) {
            let body = if self.order == ByteOrder::Big { &self.scratch } else { frame.body };
            let event = Event::from_parts(found.time, found.tid, found.ty, found.params, body)
                .map_err(|source| at(source.into()))?;
            match self.converter.convert(&event) {
                Outcome::Keep => {}
                Outcome::Drop => {
                    self.counts.merged_events += 1;
                    return Ok(None);
                }
                Outcome::Rewritten(ty, params) => {
                    (found.ty, found.params, found.body) = (ty, params, Body::Converted);
                }
                Outcome::Unknown => {
                    self.counts.unconverted_events += 1;
                    return Ok(None);
                }
            }
        }
        Ok(Some(Place::Event(found)))
    }
}

impl<R: Read> Reader<R> {
    /// Why a block at `offset` is not there as a whole.
    fn cut_off(&self, offset: u64) -> ReadError {
        self.failed(offset).unwrap_or(ReadError::Truncated { offset })
    }

    /// What went wrong with the stream, if anything did.
    fn failed(&self, offset: u64) -> Option<ReadError> {
        let source = self.window.error()?;
        Some(match source.kind() {
            // What was compressed ends too early.
            io::ErrorKind::UnexpectedEof => ReadError::Truncated { offset },
            _ => ReadError::Io { offset: self.window.offset() + self.window.bytes().len() as u64, source },
        })
    }
}

/// A block's kind and length.
fn block_header(bytes: &[u8], order: ByteOrder) -> Option<(u32, u32)> {
    let (kind, rest) = bytes.split_first_chunk()?;
    let (len, _) = rest.split_first_chunk()?;
    Some((number(*kind, order), number(*len, order)))
}

fn number(bytes: [u8; 4], order: ByteOrder) -> u32 {
    match order {
        ByteOrder::Little => u32::from_le_bytes(bytes),
        ByteOrder::Big => u32::from_be_bytes(bytes),
    }
}

/// Whether events of this kind, at the head of a section, say what was so when the recording began.
pub fn is_initial(ty: EventType) -> bool {
    matches!(
        ty,
        EventType::CONTAINER_JSON_2_E
            | EventType::USER_ADDED_E
            | EventType::USER_DELETED_E
            | EventType::GROUP_ADDED_E
            | EventType::GROUP_DELETED_E
            | EventType::ASYNCEVENT_E
    )
}
