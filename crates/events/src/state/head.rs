//! What there was before the first event, as a capture's head describes it: [`ThreadRecord`], [`FdRecord`], [`UserRecord`],
//! [`GroupRecord`], and the functions of [`Host`] that take them. The bytes of the head are read elsewhere.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::descriptors::{Fd, FdFlags, FdType};
use super::endpoints::{Protocol, TupleV4, TupleV6, mapped_v4};
use super::identity::{User, UserGroup};
use super::machine::{Interface, Machine};
use super::text::{Text, TextList};
use super::threads::{Capabilities, Executable, Memory, NO_ID, Thread, ThreadFlags};
use super::{Host, update};

/// A thread that there was before. What an old capture does not say has the value of [`Default`].
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are those of `Thread`")]
pub struct ThreadRecord<'a> {
    pub tid: i64,
    pub pid: i64,
    pub ptid: i64,
    pub sid: i64,
    pub vpgid: i64,
    pub pgid: i64,
    pub vtid: i64,
    pub vpid: i64,
    pub comm: &'a [u8],
    pub exe: &'a [u8],
    pub exepath: &'a [u8],
    /// The further arguments, each ended by a NUL.
    pub args: &'a [u8],
    /// Variables, each ended by a NUL.
    pub env: &'a [u8],
    /// Control groups, each ended by a NUL.
    pub cgroups: &'a [u8],
    pub cwd: &'a [u8],
    pub root: &'a [u8],
    pub executable: Executable,
    pub flags: u32,
    pub fd_limit: i64,
    pub uid: u32,
    pub gid: u32,
    pub login_uid: u32,
    pub capabilities: Capabilities,
    pub memory: Memory,
    pub pidns_start: u64,
    pub tty: u32,
    pub clone_time: u64,
}

impl Default for ThreadRecord<'_> {
    fn default() -> Self {
        ThreadRecord {
            tid: -1,
            pid: -1,
            ptid: -1,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            vtid: -1,
            vpid: -1,
            comm: b"",
            exe: b"",
            exepath: b"",
            args: b"",
            env: b"",
            cgroups: b"",
            cwd: b"",
            root: b"",
            executable: Executable::default(),
            flags: 0,
            fd_limit: -1,
            uid: NO_ID,
            gid: NO_ID,
            login_uid: NO_ID,
            capabilities: Capabilities::default(),
            memory: Memory::default(),
            pidns_start: 0,
            tty: 0,
            clone_time: 0,
        }
    }
}

/// A descriptor that there was before.
#[derive(Clone, Copy, Debug)]
pub struct FdRecord<'a> {
    /// Its number.
    pub number: i64,
    /// The number of the file, pipe or socket.
    pub inode: u64,
    /// What it is open on.
    pub detail: FdDetail<'a>,
}

/// What a descriptor that there was before is open on. Ports are numbers, addresses are addresses, whatever order of bytes
/// the capture has them in.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names say all there is to say")]
pub enum FdDetail<'a> {
    Ipv4 {
        source: Ipv4Addr,
        destination: Ipv4Addr,
        source_port: u16,
        destination_port: u16,
        protocol: u8,
    },
    Ipv4Server {
        address: Ipv4Addr,
        port: u16,
        protocol: u8,
    },
    Ipv6 {
        source: Ipv6Addr,
        destination: Ipv6Addr,
        source_port: u16,
        destination_port: u16,
        protocol: u8,
    },
    Ipv6Server {
        address: Ipv6Addr,
        port: u16,
        protocol: u8,
    },
    Unix {
        source: u64,
        destination: u64,
        path: &'a [u8],
    },
    /// [`FdType::FileV2`]
    File {
        open_flags: u32,
        path: &'a [u8],
        device: u32,
    },
    /// Any other type, with the name that the recorder found.
    Other {
        ty: FdType,
        name: &'a [u8],
    },
}

/// A user that there was before.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are those of `User`")]
pub struct UserRecord<'a> {
    pub uid: u32,
    pub gid: u32,
    pub name: &'a [u8],
    pub home: &'a [u8],
    pub shell: &'a [u8],
}

/// A group that there was before.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are those of `UserGroup`")]
pub struct GroupRecord<'a> {
    pub gid: u32,
    pub name: &'a [u8],
}

/// What has to be remembered until the head has been read.
#[derive(Debug, Default)]
pub(crate) struct Head {
    server_ports: HashSet<u16>,
}

/// The head of a capture. Machine and interfaces come first, then users, then threads, each with its descriptors after it; then
/// [`finish_head`](Host::finish_head).
impl Host {
    /// Says which machine it is.
    pub fn set_machine(&mut self, machine: Machine) {
        self.machine = machine;
    }

    /// Adds an address of the machine.
    pub fn insert_interface(&mut self, interface: Interface) {
        self.interfaces.push(interface);
    }

    /// Adds a user of the host.
    pub fn insert_user(&mut self, user: &UserRecord<'_>) {
        let UserRecord { uid, gid, name, home, shell } = *user;
        let user = User { uid, gid, name: name.into(), home: home.into(), shell: shell.into() };
        if !self.identities.add_user(b"", user, self.limits.identities) {
            self.counts.dropped_identities += 1;
        }
    }

    /// Adds a group of the host.
    pub fn insert_group(&mut self, group: &GroupRecord<'_>) {
        let group = UserGroup { gid: group.gid, name: group.name.into() };
        if !self.identities.add_group(b"", group, self.limits.identities) {
            self.counts.dropped_identities += 1;
        }
    }

    /// Adds a thread, in the place of one with the same id. Dropped and counted if there are too many.
    pub fn insert_thread(&mut self, record: &ThreadRecord<'_>) {
        self.keep_within_limits(0);
        if !self.has_room_for_thread() {
            return;
        }
        let texts =
            [record.comm, record.exe, record.exepath, record.args, record.env, record.cgroups, record.cwd];
        self.take(size_of::<Thread>() + texts.iter().map(|text| text.len()).sum::<usize>());
        let mut thread = Thread::unknown(record.tid);
        thread.pid = record.pid;
        thread.ptid = record.ptid;
        thread.sid = record.sid;
        thread.vpgid = record.vpgid;
        thread.pgid = record.pgid;
        thread.vtid = record.vtid;
        thread.vpid = record.vpid;
        thread.comm = record.comm.into();
        thread.exe = record.exe.into();
        thread.set_exepath(record.exepath);
        thread.executable = record.executable;
        thread.set_args(TextList::from_nul_separated(record.args), &Text::EMPTY);
        if thread.is_main() {
            thread.env = TextList::from_nul_separated(record.env);
            thread.cwd = update::paths::directory(b"", record.cwd);
        }
        thread.flags = ThreadFlags(thread.flags.0 | record.flags | ThreadFlags::ACTIVE.0);
        thread.fd_limit = record.fd_limit;
        thread.capabilities = record.capabilities;
        thread.memory = record.memory;
        thread.pidns_start = record.pidns_start;
        thread.clone_time = record.clone_time;
        thread.tty = record.tty;
        thread.cgroups = update::process::cgroups(&TextList::EMPTY, record.cgroups);
        thread.root = record.root.into();
        thread.uid = record.uid;
        thread.gid = record.gid;
        thread.login_uid = record.login_uid;
        self.threads.insert(thread);
    }

    /// Adds a descriptor of a thread. Nothing happens if there is no such thread.
    pub fn insert_fd(&mut self, tid: i64, record: &FdRecord<'_>) {
        let Some(index) = self.threads.find(tid) else { return };
        let mut fd = Fd { inode: record.inode, flags: FdFlags::FROM_HEAD, ..Fd::default() };
        match record.detail {
            FdDetail::Ipv4 { source, destination, source_port, destination_port, protocol } => {
                let protocol = Protocol::from_number(protocol);
                let tuple = TupleV4 { source, destination, source_port, destination_port, protocol };
                self.fill_v4(&mut fd, tuple);
            }
            FdDetail::Ipv6 { source, destination, source_port, destination_port, protocol } => {
                let protocol = Protocol::from_number(protocol);
                if let (Some(source), Some(destination)) = (mapped_v4(source), mapped_v4(destination)) {
                    let tuple = TupleV4 { source, destination, source_port, destination_port, protocol };
                    self.fill_v4(&mut fd, tuple);
                } else {
                    let tuple = TupleV6 { source, destination, source_port, destination_port, protocol };
                    fd.ty = FdType::Ipv6Socket;
                    fd.endpoints.set_v6(tuple);
                    fd.name = tuple.to_string().as_str().into();
                    if protocol == Protocol::Tcp {
                        fd.flags.set(FdFlags::CONNECTED);
                    }
                }
            }
            FdDetail::Ipv4Server { address, port, protocol } => {
                fd.ty = FdType::Ipv4Server;
                fd.endpoints.set_listening_v4(address, port, Protocol::from_number(protocol));
                fd.name = fd.endpoints.listening_v4().to_string().as_str().into();
                self.head.server_ports.insert(port);
            }
            FdDetail::Ipv6Server { address, port, protocol } => {
                fd.ty = FdType::Ipv6Server;
                fd.endpoints.set_listening_v6(address, port, Protocol::from_number(protocol));
                fd.name = fd.endpoints.listening_v6().to_string().as_str().into();
                self.head.server_ports.insert(port);
            }
            FdDetail::Unix { source, destination, path } => {
                fd.ty = FdType::UnixSocket;
                fd.endpoints.set_unix(source, destination);
                fd.flags.set(if path.is_empty() { FdFlags::CLIENT } else { FdFlags::SERVER });
                fd.name = path.into();
            }
            FdDetail::File { open_flags, path, device } => {
                fd.ty = FdType::FileV2;
                fd.open_flags = open_flags;
                fd.device = device;
                fd.name = path.into();
            }
            FdDetail::Other { ty, name } => {
                fd.ty = ty;
                fd.name = name.into();
            }
        }
        let limit = self.limits.fds;
        self.take(size_of::<Fd>() + fd.name.len());
        if let Some(thread) = self.threads.get_mut(index)
            && !thread.fds.insert(record.number, Arc::new(fd), limit)
        {
            self.counts.dropped_fds += 1;
        }
    }

    fn fill_v4(&self, fd: &mut Fd, tuple: TupleV4) {
        fd.ty = FdType::Ipv4Socket;
        fd.endpoints.set_v4(tuple);
        if tuple.protocol == Protocol::Tcp {
            fd.flags.set(FdFlags::CONNECTED);
        }
        update::socket::complete_addresses(&self.interfaces, fd);
        fd.name = fd.endpoints.v4().to_string().as_str().into();
    }

    /// Puts threads into their processes and below their parents, and decides which side of a connection each socket is. To be
    /// called once after the head and before the first event.
    pub fn finish_head(&mut self) {
        let all: Vec<_> = self.threads.iter().map(|(index, _)| index).collect();
        for index in &all {
            self.threads.join(*index);
            self.find_container(*index);
        }
        let ports = std::mem::take(&mut self.head.server_ports);
        for index in all {
            let Some(thread) = self.threads.get_mut(index) else { continue };
            thread.fds.change(
                |_, fd| fd.ty == FdType::Ipv4Socket,
                |fd| {
                    if ports.contains(&fd.endpoints.v4().source_port) {
                        fd.endpoints.swap(FdType::Ipv4Socket);
                        fd.name = fd.endpoints.v4().to_string().as_str().into();
                        fd.flags.set(FdFlags::SERVER);
                    } else {
                        fd.flags.set(FdFlags::CLIENT);
                    }
                },
            );
        }
    }
}
