//! What processes have open: [`Fd`], and [`FdTable`], the descriptors of a process by number. How events change them is in
//! `update`.

use std::sync::Arc;

use super::endpoints::{Endpoints, Protocol};
use super::text::Text;

/// What a descriptor is open on. The numbers are those of captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(i8)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub enum FdType {
    /// Nothing: left behind by a call that failed.
    #[default]
    None = -1,
    /// Nobody knows.
    Unknown = 0,
    /// A file as captures before 2018 describe it.
    File = 1,
    Directory = 2,
    Ipv4Socket = 3,
    Ipv6Socket = 4,
    /// A socket bound to an IPv4 address.
    Ipv4Server = 5,
    /// A socket bound to an IPv6 address.
    Ipv6Server = 6,
    Fifo = 7,
    UnixSocket = 8,
    Event = 9,
    /// Something that the recorder does not tell apart.
    Unsupported = 10,
    Signal = 11,
    EventPoll = 12,
    Inotify = 13,
    Timer = 14,
    Netlink = 15,
    /// A file.
    FileV2 = 16,
    Bpf = 17,
    Userfault = 18,
    IoUring = 19,
    Memory = 20,
    Pid = 21,
}

impl FdType {
    /// The type that captures write as this number; `None` beyond what is known.
    pub fn from_number(number: u8) -> Option<FdType> {
        use FdType::*;
        const ALL: [FdType; 22] = [
            Unknown,
            File,
            Directory,
            Ipv4Socket,
            Ipv6Socket,
            Ipv4Server,
            Ipv6Server,
            Fifo,
            UnixSocket,
            Event,
            Unsupported,
            Signal,
            EventPoll,
            Inotify,
            Timer,
            Netlink,
            FileV2,
            Bpf,
            Userfault,
            IoUring,
            Memory,
            Pid,
        ];
        ALL.get(usize::from(number)).copied()
    }

    /// The number that captures write; -1 for [`FdType::None`].
    pub fn number(self) -> i8 {
        self as i8
    }

    /// The letter that `fd.typechar` shows.
    pub fn letter(self) -> char {
        match self {
            FdType::File | FdType::FileV2 => 'f',
            FdType::Directory => 'd',
            FdType::Ipv4Socket | FdType::Ipv4Server => '4',
            FdType::Ipv6Socket | FdType::Ipv6Server => '6',
            FdType::Fifo => 'p',
            FdType::UnixSocket | FdType::Userfault => 'u',
            FdType::Event => 'e',
            FdType::Unknown => 'o',
            FdType::Unsupported => 'X',
            FdType::Signal => 's',
            FdType::EventPoll => 'l',
            FdType::Inotify => 'i',
            FdType::Timer => 't',
            FdType::Netlink => 'n',
            FdType::Bpf => 'b',
            FdType::IoUring => 'r',
            FdType::Memory => 'm',
            FdType::Pid => 'P',
            FdType::None => '?',
        }
    }

    /// The word that `fd.type` shows; `None` where there is none.
    pub fn word(self) -> Option<&'static str> {
        Some(match self {
            FdType::File | FdType::FileV2 => "file",
            FdType::Directory => "directory",
            FdType::Ipv4Socket | FdType::Ipv4Server => "ipv4",
            FdType::Ipv6Socket | FdType::Ipv6Server => "ipv6",
            FdType::UnixSocket => "unix",
            FdType::Fifo => "pipe",
            FdType::Event => "event",
            FdType::Signal => "signalfd",
            FdType::EventPoll => "eventpoll",
            FdType::Inotify => "inotify",
            FdType::Timer => "timerfd",
            FdType::Netlink => "netlink",
            FdType::Bpf => "bpf",
            FdType::Userfault => "userfaultfd",
            FdType::IoUring => "io_uring",
            FdType::Memory => "memfd",
            FdType::Pid => "pidfd",
            FdType::None | FdType::Unknown | FdType::Unsupported => return None,
        })
    }
}

/// Marks of a descriptor, as Falco numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FdFlags(pub u32);

impl FdFlags {
    /// It was open before the recording began.
    pub const FROM_HEAD: FdFlags = FdFlags(1);
    /// This side of the connection asked for it.
    pub const CLIENT: FdFlags = FdFlags(1 << 2);
    /// This side of the connection listened.
    pub const SERVER: FdFlags = FdFlags(1 << 3);
    /// The connection stands.
    pub const CONNECTED: FdFlags = FdFlags(1 << 13);
    /// It came from the parent.
    pub const CLONED: FdFlags = FdFlags(1 << 14);
    /// The file is in the upper layer of an overlay.
    pub const UPPER_LAYER: FdFlags = FdFlags(1 << 17);
    /// The file is in a lower layer of an overlay.
    pub const LOWER_LAYER: FdFlags = FdFlags(1 << 18);

    /// Whether all of the other's bits are set.
    pub const fn has(self, other: FdFlags) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn set(&mut self, other: FdFlags) {
        self.0 |= other.0;
    }
}

/// An open descriptor.
#[derive(Clone, Debug, Default)]
pub struct Fd {
    /// What it is open on.
    pub ty: FdType,
    /// How it was opened: `PPM_O_*`.
    pub open_flags: u32,
    /// Marks.
    pub flags: FdFlags,
    /// The device that the file is on, as the kernel encodes it.
    pub device: u32,
    /// The mount that the file is in.
    pub mount_id: u32,
    /// The number of the file, pipe or socket.
    pub inode: u64,
    /// The process that a pidfd stands for.
    pub pid: i64,
    /// The ends of a socket.
    pub endpoints: Endpoints,
    /// The full path of a file, the addresses of a socket; empty where nothing has a name.
    pub name: Text,
    /// The path as the process gave it.
    pub raw_name: Text,
}

/// Bits of [`Fd::open_flags`].
pub(crate) mod open_flags {
    pub(crate) const DIRECTORY: u32 = 1 << 10;
    pub(crate) const CLOEXEC: u32 = 1 << 12;
    pub(crate) const CREATED: u32 = 1 << 14;
    pub(crate) const UPPER_LAYER: u32 = 1 << 15;
    pub(crate) const LOWER_LAYER: u32 = 1 << 16;
    /// `PPM_EPOLL_CLOEXEC` and `PPM_MFD_CLOEXEC`.
    pub(crate) const OTHER_CLOEXEC: u32 = 1;
}

impl Fd {
    /// Nothing but a type.
    pub fn of(ty: FdType) -> Fd {
        Fd { ty, ..Fd::default() }
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        matches!(self.ty, FdType::File | FdType::FileV2)
    }

    /// Whether it is an IPv4 or IPv6 connection.
    pub fn is_ip_socket(&self) -> bool {
        matches!(self.ty, FdType::Ipv4Socket | FdType::Ipv6Socket)
    }

    /// Whether this side of the connection listened.
    pub fn is_server(&self) -> bool {
        self.flags.has(FdFlags::SERVER)
    }

    /// Whether this side of the connection asked for it.
    pub fn is_client(&self) -> bool {
        self.flags.has(FdFlags::CLIENT)
    }

    /// Whether nobody knows which side this is.
    pub fn has_no_role(&self) -> bool {
        !self.is_server() && !self.is_client()
    }

    /// The protocol; [`Protocol::None`] for what is no socket, and while it is open which side this is.
    pub fn protocol(&self) -> Protocol {
        let of_connection = |protocol| match protocol {
            Protocol::Raw => Protocol::Raw,
            _ if self.has_no_role() => Protocol::None,
            other => other,
        };
        match self.ty {
            FdType::Ipv4Socket => of_connection(self.endpoints.v4().protocol),
            FdType::Ipv6Socket => of_connection(self.endpoints.v6().protocol),
            FdType::Ipv4Server => self.endpoints.listening_v4().protocol,
            FdType::Ipv6Server => self.endpoints.listening_v6().protocol,
            _ => Protocol::None,
        }
    }

    /// Whether another program in the same process will not have it.
    pub fn closes_on_exec(&self) -> bool {
        self.open_flags & open_flags::CLOEXEC != 0
            || (matches!(self.ty, FdType::EventPoll | FdType::Memory)
                && self.open_flags & open_flags::OTHER_CLOEXEC != 0)
    }

    /// Whether it is a connection to the system's log.
    pub fn is_syslog(&self) -> bool {
        self.name.windows(8).any(|part| part == b"/dev/log")
    }

    /// Sets or clears what [`closes_on_exec`](Self::closes_on_exec) tells.
    pub(crate) fn set_close_on_exec(&mut self, on: bool) {
        self.open_flags &= !(open_flags::CLOEXEC | open_flags::OTHER_CLOEXEC);
        if on {
            self.open_flags |= open_flags::CLOEXEC;
        }
    }

    /// Bytes of memory that it accounts for.
    pub(crate) fn share(&self) -> usize {
        size_of::<Fd>() + self.name.share() + self.raw_name.share()
    }
}

/// The descriptors of a process by number.
///
/// A child begins with its parent's: both tables then refer to the same descriptors until one of them changes.
#[derive(Clone, Debug, Default)]
pub struct FdTable {
    // Sorted by number. Numbers are mostly 0, 1, 2 … so that a number is usually its own place.
    entries: Vec<(i64, Arc<Fd>)>,
}

impl FdTable {
    fn place(&self, number: i64) -> Result<usize, usize> {
        if let Ok(guess) = usize::try_from(number) {
            match self.entries.get(guess) {
                Some((found, _)) if *found == number => return Ok(guess),
                None if self.entries.last().is_none_or(|(last, _)| *last < number) => {
                    return Err(self.entries.len());
                }
                _ => {}
            }
        }
        self.entries.binary_search_by_key(&number, |(number, _)| *number)
    }

    /// The descriptor of this number.
    pub fn get(&self, number: i64) -> Option<&Fd> {
        let (_, fd) = self.entries.get(self.place(number).ok()?)?;
        Some(fd)
    }

    /// The descriptor of this number, shared.
    pub(crate) fn get_shared(&self, number: i64) -> Option<&Arc<Fd>> {
        let (_, fd) = self.entries.get(self.place(number).ok()?)?;
        Some(fd)
    }

    /// The descriptor of this number, to be changed in this table alone.
    pub(crate) fn get_mut(&mut self, number: i64) -> Option<&mut Fd> {
        let at = self.place(number).ok()?;
        let (_, fd) = self.entries.get_mut(at)?;
        Some(Arc::make_mut(fd))
    }

    /// Puts a descriptor at this number, in the place of what was there. False, and nothing changes, if that would make more than
    /// `limit`.
    pub(crate) fn insert(&mut self, number: i64, fd: Arc<Fd>, limit: usize) -> bool {
        match self.place(number) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.1 = fd;
                }
            }
            Err(_) if self.entries.len() >= limit => return false,
            Err(at) => self.entries.insert(at, (number, fd)),
        }
        true
    }

    pub(crate) fn remove(&mut self, number: i64) -> bool {
        self.place(number).map(|at| self.entries.remove(at)).is_ok()
    }

    /// Keeps what `keep` says.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(i64, &Fd) -> bool) {
        self.entries.retain(|(number, fd)| keep(*number, fd));
    }

    /// Changes every descriptor that `wanted` names.
    pub(crate) fn change(
        &mut self,
        mut wanted: impl FnMut(i64, &Fd) -> bool,
        mut change: impl FnMut(&mut Fd),
    ) {
        for (number, fd) in &mut self.entries {
            if wanted(*number, fd) {
                change(Arc::make_mut(fd));
            }
        }
    }

    /// Every descriptor with its number, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (i64, &Fd)> {
        self.entries.iter().map(|(number, fd)| (*number, &**fd))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of memory that the table accounts for.
    pub(crate) fn share(&self) -> usize {
        let own = self.entries.capacity() * size_of::<(i64, Arc<Fd>)>();
        own + self.entries.iter().map(|(_, fd)| fd.share() / Arc::strong_count(fd).max(1)).sum::<usize>()
    }
}
