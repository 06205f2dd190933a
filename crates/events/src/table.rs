//! What kinds of events there are: [`EventType`], Falco's number of a kind, and its [`EventInfo`]: name, class, flags and
//! parameters. Made from `table/events.tsv`, one line a kind. [`SyscallId`] is Falco's number of a system call, which events of
//! the kind `GENERIC_X` carry.

use std::fmt;

use eyrie_lang::Type;

/// Falco's number of a kind of event (`PPME_*`), an index into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType(pub u16);

/// Whether a system call was entered or left. What happens at once, such as a context switch, counts as entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `>`
    Enter,
    /// `<`
    Exit,
}

/// Where events of a kind come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventClass {
    /// Nowhere: the kind only fills a gap in the table.
    None,
    /// A system call.
    Syscall,
    /// A tracepoint of the kernel.
    Tracepoint,
    /// A plugin.
    Plugin,
    /// Whoever records the host: users, containers, lost events.
    Metaevent,
    /// An iterator over what there is at the start.
    Iterator,
}

/// What events of a kind are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are Falco's and say all there is to say")]
pub enum Category {
    Unknown,
    Other,
    File,
    Net,
    Ipc,
    Memory,
    Process,
    Sleep,
    System,
    Signal,
    User,
    Time,
    Processing,
    IoRead,
    IoWrite,
    IoOther,
    Wait,
    Scheduler,
    Internal,
}

/// What an event of a kind does, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct EventFlags(pub u32);

impl EventFlags {
    /// Makes a file descriptor.
    pub const CREATES_FD: EventFlags = EventFlags(1);
    /// Closes a file descriptor.
    pub const DESTROYS_FD: EventFlags = EventFlags(1 << 1);
    /// Works on a file descriptor.
    pub const USES_FD: EventFlags = EventFlags(1 << 2);
    /// Reads data.
    pub const READS: EventFlags = EventFlags(1 << 3);
    /// Writes data.
    pub const WRITES: EventFlags = EventFlags(1 << 4);
    /// Changes what is known of the host.
    pub const MODIFIES_STATE: EventFlags = EventFlags(1 << 5);
    /// Is not a kind of event, but a gap.
    pub const UNUSED: EventFlags = EventFlags(1 << 6);
    /// Waits for something.
    pub const WAITS: EventFlags = EventFlags(1 << 7);
    /// Does not end what its thread was doing.
    pub const SKIP_PARSE_RESET: EventFlags = EventFlags(1 << 8);
    /// Is no longer recorded.
    pub const OLD: EventFlags = EventFlags(1 << 9);
    /// Has lengths of four bytes.
    pub const LARGE: EventFlags = EventFlags(1 << 11);
    /// Is rewritten when it comes from an old capture.
    pub const CONVERTED: EventFlags = EventFlags(1 << 12);

    /// Whether all of the other's bits are set.
    pub const fn has(self, other: EventFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// How a number is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// In the way of its type.
    Na,
    /// Decimal.
    Dec,
    /// Hexadecimal.
    Hex,
    /// Decimal, ten digits.
    Padded,
    /// As an identifier.
    Id,
    /// As a direction.
    Dir,
    /// Octal.
    Oct,
}

/// The number of a name that parameters have. Parameters of the same name have the same number, whatever their event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamName(pub u16);

impl ParamName {
    /// The number of this name; `None` if no event has such a parameter.
    pub fn find(name: &str) -> Option<ParamName> {
        let at = PARAM_NAMES.binary_search_by_key(&name, |(known, _)| known).ok()?;
        u16::try_from(at).ok().map(ParamName)
    }

    /// The name.
    pub fn text(self) -> &'static str {
        PARAM_NAMES.get(usize::from(self.0)).map_or("", |(name, _)| name)
    }

    /// The type of the first parameter with this name in the table; conditions take all of them to have it.
    pub fn ty(self) -> Type {
        PARAM_NAMES.get(usize::from(self.0)).map_or(Type::Dyn, |(_, ty)| *ty)
    }

    /// All names, sorted.
    pub fn all() -> impl Iterator<Item = &'static str> {
        PARAM_NAMES.iter().map(|(name, _)| *name)
    }
}

/// A parameter of a kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamInfo {
    /// Its name, as in `evt.arg.name`.
    pub name: &'static str,
    /// The number of its name, which is quicker to compare.
    pub name_id: ParamName,
    /// What it is.
    pub ty: Type,
    /// How numbers are shown.
    pub format: Format,
    /// The names that its bits or values have, in the order in which they are shown; empty if they have none.
    pub names: &'static [(u32, &'static str)],
    /// The types that it can have, by its first byte; empty if it is always of one.
    pub types: &'static [Type],
    /// The parameter with the descriptor of the directory that this path is relative to.
    pub dirfd: Option<u8>,
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventInfo {
    /// The kind's unique name, such as `OPENAT_2_X`.
    pub code: &'static str,
    /// The name that rules know it by, such as `openat`. Several kinds may share one.
    pub name: &'static str,
    /// Whether something begins or ends with it.
    pub direction: Direction,
    /// Where it comes from.
    pub class: EventClass,
    /// What it is about.
    pub category: Category,
    /// What it does.
    pub flags: EventFlags,
    /// Its parameters. An event may have fewer: parameters were added over the years.
    pub params: &'static [ParamInfo],
}

include!(concat!(env!("OUT_DIR"), "/events.rs"));
include!(concat!(env!("OUT_DIR"), "/syscalls.rs"));

impl EventType {
    /// How many kinds there are.
    pub const COUNT: usize = EVENTS.len();

    /// What is known of the kind; `None` for a number beyond the table, which a newer recorder may have written.
    pub fn info(self) -> Option<&'static EventInfo> {
        EVENTS.get(usize::from(self.0))
    }

    /// Every kind, in the order of the table.
    pub fn all() -> impl ExactSizeIterator<Item = (EventType, &'static EventInfo)> {
        // The table is shorter than u16::MAX, which a test holds it to.
        EVENTS.iter().enumerate().map(|(at, info)| (EventType(u16::try_from(at).unwrap_or(u16::MAX)), info))
    }

    /// Whether it is the beginning of something.
    pub fn is_enter(self) -> bool {
        self.0 & 1 == 0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.info() {
            Some(info) => f.write_str(info.code),
            None => write!(f, "event type {}", self.0),
        }
    }
}

/// Falco's number of a system call (`PPM_SC_*`), the same on every architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SyscallId(pub u16);

impl SyscallId {
    /// How many there are.
    pub const COUNT: usize = SYSCALLS.len();

    /// The call's name, such as `getpid`; `None` for a number beyond the table.
    pub fn name(self) -> Option<&'static str> {
        SYSCALLS.get(usize::from(self.0)).map(|(name, ..)| *name)
    }

    /// The names of the events that stand for the call, where they are not its own name or the generic event.
    pub fn event_names(self) -> &'static [&'static str] {
        SYSCALLS.get(usize::from(self.0)).map_or(&[], |(_, events, _)| events)
    }

    /// The call with this number on x86-64.
    pub fn from_native(number: u16) -> Option<SyscallId> {
        let at = SYSCALLS.iter().position(|(.., native)| *native == Some(number))?;
        u16::try_from(at).ok().map(SyscallId)
    }

    /// Every call, in the order of the table.
    pub fn all() -> impl ExactSizeIterator<Item = (SyscallId, &'static str)> {
        SYSCALLS
            .iter()
            .enumerate()
            .map(|(at, (name, ..))| (SyscallId(u16::try_from(at).unwrap_or(u16::MAX)), *name))
    }

    /// The call of this name.
    pub fn from_name(name: &str) -> Option<SyscallId> {
        SYSCALLS
            .iter()
            .position(|(known, ..)| *known == name)
            .and_then(|at| u16::try_from(at).ok())
            .map(SyscallId)
    }
}
