//! File descriptors at a capture's head: [`Descriptor`].

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::cursor::{ByteOrder, Cursor};
use super::{BlockError, Entries};

/// What a descriptor stands for, with Falco's numbers (`SCAP_FD_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are Falco's and say all there is to say")]
#[repr(u8)]
pub enum FdType {
    Unknown = 0,
    File = 1,
    Directory = 2,
    Ipv4Socket = 3,
    Ipv6Socket = 4,
    Ipv4ServerSocket = 5,
    Ipv6ServerSocket = 6,
    Fifo = 7,
    UnixSocket = 8,
    Event = 9,
    Unsupported = 10,
    SignalFd = 11,
    EventPoll = 12,
    Inotify = 13,
    TimerFd = 14,
    Netlink = 15,
    /// A file with the flags it was opened with and its device.
    FileV2 = 16,
    Bpf = 17,
    UserfaultFd = 18,
    IoUring = 19,
    MemFd = 20,
    PidFd = 21,
}

impl FdType {
    /// Every type, in the order of their numbers.
    pub const ALL: [FdType; 22] = [
        FdType::Unknown,
        FdType::File,
        FdType::Directory,
        FdType::Ipv4Socket,
        FdType::Ipv6Socket,
        FdType::Ipv4ServerSocket,
        FdType::Ipv6ServerSocket,
        FdType::Fifo,
        FdType::UnixSocket,
        FdType::Event,
        FdType::Unsupported,
        FdType::SignalFd,
        FdType::EventPoll,
        FdType::Inotify,
        FdType::TimerFd,
        FdType::Netlink,
        FdType::FileV2,
        FdType::Bpf,
        FdType::UserfaultFd,
        FdType::IoUring,
        FdType::MemFd,
        FdType::PidFd,
    ];

    /// The type of this number; `None` if a newer recorder wrote it.
    pub fn from_number(number: u8) -> Option<FdType> {
        FdType::ALL.get(usize::from(number)).copied()
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// A file descriptor that was open when the recording began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor<'a> {
    /// Its number.
    pub fd: i64,
    /// Its inode.
    pub ino: u64,
    /// What it stands for.
    pub kind: DescriptorKind<'a>,
}

/// What a file descriptor stands for, with what the capture says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DescriptorKind<'a> {
    /// A connection, or one end of it.
    Socket {
        /// The client's end.
        source: SocketAddr,
        /// The server's end.
        destination: SocketAddr,
        /// Protocol, with Falco's numbers (`SCAP_L4_*`).
        l4: u8,
    },
    /// A socket that listens.
    ServerSocket {
        /// Where.
        address: SocketAddr,
        /// Protocol, with Falco's numbers (`SCAP_L4_*`).
        l4: u8,
    },
    /// A Unix socket.
    UnixSocket {
        /// Where the kernel has one end.
        source: u64,
        /// Where the kernel has the other end.
        destination: u64,
        /// Its path, if it has one.
        path: &'a [u8],
    },
    /// A file.
    File {
        /// The flags it was opened with (`PPM_O_*`).
        open_flags: u32,
        /// Its path.
        path: &'a [u8],
        /// Its device; 0 if the capture does not say.
        dev: u32,
    },
    /// Anything else that has a name.
    Named {
        /// What it is.
        ty: FdType,
        /// Its name.
        name: &'a [u8],
    },
    /// A type that a newer recorder wrote.
    Other(u8),
}

impl DescriptorKind<'_> {
    /// The type's number, as captures have it.
    pub fn number(&self) -> u8 {
        match self {
            DescriptorKind::Socket { source: SocketAddr::V4(_), .. } => FdType::Ipv4Socket.number(),
            DescriptorKind::Socket { source: SocketAddr::V6(_), .. } => FdType::Ipv6Socket.number(),
            DescriptorKind::ServerSocket { address: SocketAddr::V4(_), .. } => {
                FdType::Ipv4ServerSocket.number()
            }
            DescriptorKind::ServerSocket { address: SocketAddr::V6(_), .. } => {
                FdType::Ipv6ServerSocket.number()
            }
            DescriptorKind::UnixSocket { .. } => FdType::UnixSocket.number(),
            DescriptorKind::File { .. } => FdType::FileV2.number(),
            DescriptorKind::Named { ty, .. } => ty.number(),
            DescriptorKind::Other(number) => *number,
        }
    }
}

impl<'a> Descriptor<'a> {
    /// The thread that a list of descriptors belongs to, which stands before them, and its length.
    ///
    /// # Errors
    /// If the bytes are too few.
    pub fn decode_owner(bytes: &[u8], order: ByteOrder) -> Result<(i64, usize), BlockError> {
        let mut cursor = Cursor::new(bytes, order);
        Ok((cursor.i64("the id of a thread with descriptors")?, cursor.used()))
    }

    /// Reads one entry of a list; `bytes` is what is left of the list or at least [`MAX_ENTRY`](super::MAX_ENTRY) of it. Returns
    /// the entry and its length.
    ///
    /// # Errors
    /// If the bytes end within it.
    pub fn decode(
        bytes: &'a [u8],
        entries: Entries,
        order: ByteOrder,
    ) -> Result<(Descriptor<'a>, usize), BlockError> {
        const PORT: &str = "a port";
        let mut cursor = Cursor::new(bytes, order);
        let len = match entries {
            Entries::Plain => None,
            Entries::Sized => Some(cursor.entry("descriptor list")?),
        };
        let fd = cursor.i64("a descriptor's number")?;
        let ino = cursor.u64("a descriptor's inode")?;
        let number = cursor.u8("a descriptor's type")?;
        let kind = match FdType::from_number(number) {
            Some(FdType::Ipv4Socket) => {
                let (source, destination) = (ipv4(&mut cursor)?, ipv4(&mut cursor)?);
                let (from, to) = (cursor.u16(PORT)?, cursor.u16(PORT)?);
                DescriptorKind::Socket {
                    source: SocketAddrV4::new(source, from).into(),
                    destination: SocketAddrV4::new(destination, to).into(),
                    l4: cursor.u8("a protocol")?,
                }
            }
            Some(FdType::Ipv6Socket) => {
                let (source, destination) = (ipv6(&mut cursor)?, ipv6(&mut cursor)?);
                let (from, to) = (cursor.u16(PORT)?, cursor.u16(PORT)?);
                DescriptorKind::Socket {
                    source: SocketAddrV6::new(source, from, 0, 0).into(),
                    destination: SocketAddrV6::new(destination, to, 0, 0).into(),
                    l4: cursor.u8("a protocol")?,
                }
            }
            Some(FdType::Ipv4ServerSocket) => {
                let address = SocketAddrV4::new(ipv4(&mut cursor)?, cursor.u16(PORT)?).into();
                DescriptorKind::ServerSocket { address, l4: cursor.u8("a protocol")? }
            }
            Some(FdType::Ipv6ServerSocket) => {
                let address = SocketAddrV6::new(ipv6(&mut cursor)?, cursor.u16(PORT)?, 0, 0).into();
                DescriptorKind::ServerSocket { address, l4: cursor.u8("a protocol")? }
            }
            Some(FdType::UnixSocket) => DescriptorKind::UnixSocket {
                source: cursor.u64("a Unix socket's address")?,
                destination: cursor.u64("a Unix socket's address")?,
                path: cursor.text("a Unix socket's path")?,
            },
            Some(FdType::FileV2) => DescriptorKind::File {
                open_flags: cursor.u32("the flags of an open file")?,
                path: cursor.text("the path of an open file")?,
                dev: match len {
                    Some(_) => cursor.u32("the device of an open file").unwrap_or(0),
                    None => 0,
                },
            },
            // Nothing follows.
            Some(FdType::Unknown) => DescriptorKind::Named { ty: FdType::Unknown, name: b"" },
            Some(ty) => DescriptorKind::Named { ty, name: cursor.text("a descriptor's name")? },
            None => DescriptorKind::Other(number),
        };
        Ok((Descriptor { fd, ino, kind }, len.unwrap_or(cursor.used())))
    }
}

/// Addresses are in network order in captures of either byte order.
fn ipv4(cursor: &mut Cursor<'_>) -> Result<Ipv4Addr, BlockError> {
    cursor.array::<4>("an IPv4 address").map(Ipv4Addr::from)
}

fn ipv6(cursor: &mut Cursor<'_>) -> Result<Ipv6Addr, BlockError> {
    cursor.array::<16>("an IPv6 address").map(Ipv6Addr::from)
}
