//! The blocks of a capture file, decoded from bytes and encoded into them. What lives here is the format alone: a block's kind,
//! the entries of the lists at a capture's head, as the [state](crate::state::head) takes them, and the frame around an event
//! ([`EventFrame`]). Reading and writing files is in `eyrie-sources`; what entries mean is the host's state.
//!
//! A capture is a row of blocks: `kind u32, length u32, body, padding to 4 bytes, length u32`, the length counting everything.
//! The first is a section header ([`Section`]), which says in which order bytes are. Lists are decoded entry by entry, so that
//! none has to be held in memory as a whole: an entry is never longer than [`MAX_ENTRY`].

mod cursor;
mod descriptor;
mod encode;
mod event;
mod interface;
mod machine;
mod thread;
mod users;

pub use cursor::ByteOrder;
pub use descriptor::{decode_fd, decode_fd_owner};
pub use encode::Encoder;
pub use event::{EventFrame, infer_params};
pub use interface::Interface;
pub use machine::{Section, decode_machine};
pub use thread::decode_thread;
pub use users::Account;

/// Bytes before a block's body: its kind and its length.
pub const BLOCK_HEADER: usize = 8;

/// Bytes around a block's body.
pub const BLOCK_FRAME: usize = 12;

/// No entry of a list is longer: its texts have lengths of two bytes, and there are at most nine of them.
pub const MAX_ENTRY: usize = 640 * 1024;

/// The body of a block that holds an event of a kind that is not [`LARGE`](crate::table::EventFlags::LARGE) is no longer, as in
/// Falco.
pub const MAX_EVENT_BLOCK: u32 = 1 << 16;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// A new section begins: bytes may be in another order, and nothing is known of the host.
    Section,
    /// The machine.
    Machine,
    /// Network interfaces.
    Interfaces(Entries),
    /// Users and groups.
    Users(Entries),
    /// Threads, in version 1 to 9 of their layout.
    Threads(u8),
    /// A process's file descriptors.
    Descriptors(Entries),
    /// An event.
    Event(EventLayout),
    /// Something that a newer recorder wrote; to be skipped.
    Unknown(u32),
}

/// How the entries of a list follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entries {
    /// Directly.
    Plain,
    /// Each with its length before it, so that what was added later can be skipped.
    Sized,
}

/// How an event's block is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventLayout {
    /// Whether the event's header has the number of its parameters. It had not before version 1.2 of the format.
    pub counted: bool,
    /// Whether the recorder's flags stand before the event.
    pub flags: bool,
    /// Whether it may be longer than [`MAX_EVENT_BLOCK`].
    pub large: bool,
}

/// The number of a section header block; the same in either byte order.
pub const SECTION: u32 = 0x0A0D_0D0A;

impl BlockKind {
    /// The kind of this number. Numbers that end in `ABCD` were used before the format had a version.
    pub fn from_number(number: u32) -> BlockKind {
        let event = |counted, flags, large| BlockKind::Event(EventLayout { counted, flags, large });
        match number {
            // First what there is most of.
            0x216 => event(true, false, false),
            0x217 => event(true, true, false),
            0x221 => event(true, false, true),
            0x222 => event(true, true, true),
            0x204 | 0x8010_ABCD => event(false, false, false),
            0x208 => event(false, true, false),
            SECTION => BlockKind::Section,
            0x201 | 0x8002_ABCD => BlockKind::Machine,
            0x205 | 0x8011_ABCD => BlockKind::Interfaces(Entries::Plain),
            0x219 => BlockKind::Interfaces(Entries::Sized),
            0x206 | 0x8012_ABCD => BlockKind::Users(Entries::Plain),
            0x220 => BlockKind::Users(Entries::Sized),
            0x202 | 0x8000_ABCD => BlockKind::Threads(1),
            0x207 | 0x8013_ABCD => BlockKind::Threads(2),
            0x209 | 0x8014_ABCD => BlockKind::Threads(3),
            0x210 => BlockKind::Threads(4),
            0x211 => BlockKind::Threads(5),
            0x212 => BlockKind::Threads(6),
            0x213 => BlockKind::Threads(7),
            0x214 => BlockKind::Threads(8),
            0x215 => BlockKind::Threads(9),
            0x203 | 0x8001_ABCD => BlockKind::Descriptors(Entries::Plain),
            0x218 => BlockKind::Descriptors(Entries::Sized),
            other => BlockKind::Unknown(other),
        }
    }
}

/// Why a block cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// An entry or a block ends before what should be in it.
    #[error("{what} needs {expected} bytes, but only {found} are left")]
    TooShort {
        /// What should be there.
        what: &'static str,
        /// How many bytes it needs.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An entry says a length that is less than what is in it.
    #[error("an entry of {list} says that it is {said} bytes long, but it has {has}")]
    EntryLength {
        /// The list.
        list: &'static str,
        /// What it says.
        said: usize,
        /// What it has.
        has: usize,
    },
    /// Not a section header: neither byte order fits.
    #[error("the section header's magic number is {found:#010x} instead of 0x1a2b3c4d")]
    Magic {
        /// What is there.
        found: u32,
    },
    /// A later version of the format.
    #[error("the capture's format is version {major}.{minor}; version 1 is known")]
    Version {
        /// Its major version.
        major: u16,
        /// Its minor version.
        minor: u16,
    },
    /// A kind of network interface that does not exist.
    #[error("a network interface of the kind {0}")]
    InterfaceType(u16),
    /// The number of an old event's parameters cannot be found: no number fits its length.
    #[error("no number of parameters fits the event of the kind {ty} of {len} bytes")]
    Parameters {
        /// Its kind.
        ty: crate::EventType,
        /// Its length.
        len: usize,
    },
    /// What is in the block is no event.
    #[error(transparent)]
    Event(#[from] crate::DecodeError),
}
