//! Writing blocks, always in today's layout and low byte first: [`Encoder`].

use std::net::IpAddr;

use super::machine::{HOSTNAME, MAGIC, VERSION};
use super::{Account, BLOCK_HEADER, Interface};
use crate::Event;
use crate::event::HEADER_LEN;
use crate::state::head::{FdDetail, FdRecord, GroupRecord, ThreadRecord, UserRecord};
use crate::state::{FdType, Machine};
use crate::table::EventFlags;

/// Texts of an entry are cut at this many bytes: that is what Falco's reader takes of a path.
const MAX_PATH: usize = 1024;

/// Likewise of arguments and environments.
const MAX_ARGS: usize = 4096;

/// Likewise of names of users and groups, their homes and shells.
const MAX_ACCOUNT: usize = 255;

/// Appends blocks to bytes.
///
/// ```
/// use eyrie_events::capture::{BlockKind, Encoder, Section};
///
/// let mut bytes = Vec::new();
/// Encoder::new(&mut bytes).section();
/// assert_eq!(bytes.len(), 28);
/// assert_eq!(BlockKind::from_number(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])), BlockKind::Section);
/// ```
#[derive(Debug)]
pub struct Encoder<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Encoder<'o> {
    /// Appends to `out`.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Encoder { out }
    }

    /// The section header, which a capture begins with.
    pub fn section(&mut self) {
        self.block(super::SECTION, |out| {
            out.extend_from_slice(&MAGIC.to_le_bytes());
            out.extend_from_slice(&VERSION.0.to_le_bytes());
            out.extend_from_slice(&VERSION.1.to_le_bytes());
            // Of unknown length.
            out.extend_from_slice(&u64::MAX.to_le_bytes());
        });
    }

    /// The machine.
    pub fn machine(&mut self, machine: &Machine) {
        self.block(0x201, |out| {
            out.extend_from_slice(&machine.cpus.to_le_bytes());
            out.extend_from_slice(&machine.memory.to_le_bytes());
            out.extend_from_slice(&machine.max_pid.to_le_bytes());
            let name = cut(machine.hostname.as_bytes(), HOSTNAME - 1);
            out.extend_from_slice(name);
            out.resize(out.len() + HOSTNAME - name.len(), 0);
            out.extend_from_slice(&machine.boot_time.to_le_bytes());
            out.extend_from_slice(&machine.flags.to_le_bytes());
            out.extend_from_slice(&[0; 16]);
        });
    }

    /// Network interfaces, version 2. Falco's reader wants those of IPv4 and of IPv6 in no order; recorders write IPv4 first.
    pub fn interfaces<'i>(&mut self, interfaces: impl IntoIterator<Item = Interface<'i>>) {
        self.block(0x219, |out| {
            for interface in interfaces {
                // Its length does not count itself.
                sized(out, 0, |out| {
                    let name = cut(interface.name, MAX_PATH - 1);
                    let ty: u16 = if interface.address.is_ipv4() { 1 } else { 2 };
                    out.extend_from_slice(&ty.to_le_bytes());
                    out.extend_from_slice(&short(name.len()).to_le_bytes());
                    for address in [interface.address, interface.mask, interface.broadcast] {
                        put_ip(out, address);
                    }
                    out.extend_from_slice(&interface.link_speed.to_le_bytes());
                    out.extend_from_slice(name);
                });
            }
        });
    }

    /// Users and groups, version 2. Recorders write users first.
    pub fn accounts<'i>(&mut self, accounts: impl IntoIterator<Item = Account<'i>>) {
        self.block(0x220, |out| {
            for account in accounts {
                sized(out, 4, |out| match account {
                    Account::User(UserRecord { uid, gid, name, home, shell }) => {
                        out.push(0);
                        out.extend_from_slice(&uid.to_le_bytes());
                        out.extend_from_slice(&gid.to_le_bytes());
                        for text in [name, home, shell] {
                            put_text(out, text, MAX_ACCOUNT);
                        }
                    }
                    Account::Group(GroupRecord { gid, name }) => {
                        out.push(1);
                        out.extend_from_slice(&gid.to_le_bytes());
                        put_text(out, name, MAX_ACCOUNT);
                    }
                });
            }
        });
    }

    /// Threads, version 9.
    pub fn threads<'i>(&mut self, threads: impl IntoIterator<Item = ThreadRecord<'i>>) {
        self.block(0x215, |out| {
            for thread in threads {
                sized(out, 4, |out| put_thread(out, &thread));
            }
        });
    }

    /// The descriptors of the process that this thread leads, version 2.
    pub fn descriptors<'i>(&mut self, tid: i64, descriptors: impl IntoIterator<Item = FdRecord<'i>>) {
        self.block(0x218, |out| {
            out.extend_from_slice(&tid.to_le_bytes());
            // Falco's reader takes no type that it does not know.
            for descriptor in descriptors.into_iter().filter(|descriptor| {
                !matches!(descriptor.detail, FdDetail::Other { ty: FdType::Unknown | FdType::None, .. })
            }) {
                sized(out, 4, |out| put_descriptor(out, &descriptor));
            }
        });
    }

    /// An event, with the recorder's flags if there are any.
    pub fn event(&mut self, event: &Event<'_>, flags: u32) {
        let large = event.has(EventFlags::LARGE);
        let number = match (large, flags != 0) {
            (false, false) => 0x216,
            (false, true) => 0x217,
            (true, false) => 0x221,
            (true, true) => 0x222,
        };
        self.block(number, |out| {
            out.extend_from_slice(&event.cpu.to_le_bytes());
            if flags != 0 {
                out.extend_from_slice(&flags.to_le_bytes());
            }
            put_event(out, event, large);
        });
    }

    /// A block: its header, what `body` appends, padding and its length again.
    fn block(&mut self, number: u32, body: impl FnOnce(&mut Vec<u8>)) {
        let out = &mut *self.out;
        let start = out.len();
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        body(out);
        let padded = out.len().saturating_sub(start).next_multiple_of(4);
        out.resize(start + padded, 0);
        let len = u32::try_from(padded + 4).unwrap_or(u32::MAX).to_le_bytes();
        out.extend_from_slice(&len);
        if let Some(header) = out.get_mut(start + 4..start + BLOCK_HEADER) {
            header.copy_from_slice(&len);
        }
    }
}

/// What `entry` appends, with its length before it, which counts `own` bytes of itself.
fn sized(out: &mut Vec<u8>, own: usize, entry: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    entry(out);
    let len = u32::try_from(out.len() - start - 4 + own).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&len.to_le_bytes());
    }
}

fn put_thread(out: &mut Vec<u8>, thread: &ThreadRecord<'_>) {
    let (memory, program, capabilities) = (&thread.memory, &thread.executable, &thread.capabilities);
    for id in [thread.tid, thread.pid, thread.ptid, thread.sid, thread.vpgid] {
        out.extend_from_slice(&id.to_le_bytes());
    }
    put_text(out, thread.comm, MAX_PATH);
    put_text(out, thread.exe, MAX_PATH);
    put_text(out, thread.exepath, MAX_PATH);
    put_text(out, thread.args, MAX_ARGS);
    put_text(out, thread.cwd, MAX_PATH);
    out.extend_from_slice(&thread.fd_limit.to_le_bytes());
    for number in [thread.flags, thread.uid, thread.gid, memory.vm_size, memory.vm_rss, memory.vm_swap] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&memory.major_faults.to_le_bytes());
    out.extend_from_slice(&memory.minor_faults.to_le_bytes());
    put_text(out, thread.env, MAX_ARGS);
    out.extend_from_slice(&thread.vtid.to_le_bytes());
    out.extend_from_slice(&thread.vpid.to_le_bytes());
    put_text(out, thread.cgroups, MAX_ARGS);
    put_text(out, thread.root, MAX_PATH);
    out.extend_from_slice(&thread.pidns_start.to_le_bytes());
    out.extend_from_slice(&thread.tty.to_le_bytes());
    out.extend_from_slice(&thread.login_uid.to_le_bytes());
    out.push(u8::from(program.writable));
    for set in [capabilities.inheritable, capabilities.permitted, capabilities.effective] {
        out.extend_from_slice(&set.to_le_bytes());
    }
    out.push(u8::from(program.upper_layer));
    for number in [program.inode, program.ctime, program.mtime] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.push(u8::from(program.from_memory));
    out.push(u8::from(program.lower_layer));
    out.extend_from_slice(&thread.pgid.to_le_bytes());
}

fn put_descriptor(out: &mut Vec<u8>, descriptor: &FdRecord<'_>) {
    out.extend_from_slice(&descriptor.number.to_le_bytes());
    out.extend_from_slice(&descriptor.inode.to_le_bytes());
    let ty = match descriptor.detail {
        FdDetail::Ipv4 { .. } => FdType::Ipv4Socket,
        FdDetail::Ipv4Server { .. } => FdType::Ipv4Server,
        FdDetail::Ipv6 { .. } => FdType::Ipv6Socket,
        FdDetail::Ipv6Server { .. } => FdType::Ipv6Server,
        FdDetail::Unix { .. } => FdType::UnixSocket,
        FdDetail::File { .. } => FdType::FileV2,
        FdDetail::Other { ty, .. } => ty,
    };
    out.push(ty.number().to_le_bytes()[0]);
    match descriptor.detail {
        FdDetail::Ipv4 { source, destination, source_port, destination_port, protocol } => {
            put_ip(out, source.into());
            put_ip(out, destination.into());
            put_ports(out, &[source_port, destination_port], protocol);
        }
        FdDetail::Ipv6 { source, destination, source_port, destination_port, protocol } => {
            put_ip(out, source.into());
            put_ip(out, destination.into());
            put_ports(out, &[source_port, destination_port], protocol);
        }
        FdDetail::Ipv4Server { address, port, protocol } => {
            put_ip(out, address.into());
            put_ports(out, &[port], protocol);
        }
        FdDetail::Ipv6Server { address, port, protocol } => {
            put_ip(out, address.into());
            put_ports(out, &[port], protocol);
        }
        FdDetail::Unix { source, destination, path } => {
            out.extend_from_slice(&source.to_le_bytes());
            out.extend_from_slice(&destination.to_le_bytes());
            put_text(out, path, MAX_PATH - 1);
        }
        FdDetail::File { open_flags, path, device } => {
            out.extend_from_slice(&open_flags.to_le_bytes());
            put_text(out, path, MAX_PATH - 1);
            out.extend_from_slice(&device.to_le_bytes());
        }
        FdDetail::Other { name, .. } => put_text(out, name, MAX_PATH - 1),
    }
}

fn put_ports(out: &mut Vec<u8>, ports: &[u16], protocol: u8) {
    for port in ports {
        out.extend_from_slice(&port.to_le_bytes());
    }
    out.push(protocol);
}

fn put_event(out: &mut Vec<u8>, event: &Event<'_>, large: bool) {
    let count = event.param_count();
    let params = || (0..count).map(|at| event.param(at).unwrap_or_default());
    let size = if large { 4 } else { 2 };
    let len = HEADER_LEN + params().map(|param| size + param.len()).sum::<usize>();
    out.extend_from_slice(&event.time.to_le_bytes());
    out.extend_from_slice(&event.tid.to_le_bytes());
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&event.ty.0.to_le_bytes());
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    for param in params() {
        if large {
            out.extend_from_slice(&u32::try_from(param.len()).unwrap_or(u32::MAX).to_le_bytes());
        } else {
            out.extend_from_slice(&short(param.len()).to_le_bytes());
        }
    }
    for param in params() {
        out.extend_from_slice(param);
    }
}

fn put_ip(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
    }
}

fn put_text(out: &mut Vec<u8>, text: &[u8], most: usize) {
    let text = cut(text, most);
    out.extend_from_slice(&short(text.len()).to_le_bytes());
    out.extend_from_slice(text);
}

fn cut(text: &[u8], most: usize) -> &[u8] {
    text.get(..most).unwrap_or(text)
}

fn short(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}
