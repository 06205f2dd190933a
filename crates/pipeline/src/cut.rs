//! [`Cut`]: a part of a capture as a capture of its own.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::ops::ControlFlow;

use eyrie_events::capture::{Account, Encoder, Interface as Address};
use eyrie_events::state::head::{FdDetail, FdRecord, GroupRecord, ThreadRecord, UserRecord};
use eyrie_events::state::{Fd, FdType, Interface, Thread, ThreadIndex};
use eyrie_events::table::EventFlags;
use eyrie_events::{Event, Host};
use eyrie_sources::capture::{Item, ReadError, STATE_ONLY, Writer, is_initial};

use crate::query::Query;
use crate::replay::{Replay, Step};

/// Which part of a capture to take.
#[derive(Debug, Default)]
pub struct Cut {
    /// Events from this time on.
    pub from: Option<Moment>,
    /// Events up to and including this time.
    pub to: Option<Moment>,
    /// Events that match. Others that change the host's state are kept for its sake, marked so that nothing shows them.
    pub filter: Option<Query>,
}

/// A time in a capture, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Since the Unix epoch.
    At(u64),
    /// Since the midnight (UTC) before the first event.
    OfDay(u64),
    /// Since the first event.
    AfterFirst(u64),
}

impl Moment {
    /// Since the Unix epoch, for a capture that begins at `first`.
    pub fn resolve(self, first: u64) -> u64 {
        const DAY: u64 = 24 * 3600 * 1_000_000_000;
        match self {
            Moment::At(time) => time,
            Moment::OfDay(time) => (first - first % DAY).saturating_add(time),
            Moment::AfterFirst(time) => first.saturating_add(time),
        }
    }
}

/// What a cut came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutSummary {
    /// Events that were taken.
    pub taken: u64,
    /// Events that were kept for the state alone.
    pub state_only: u64,
    /// Events that were left out.
    pub left_out: u64,
    /// Events on containers, users and groups from before the part that are not in its head: there were too many.
    pub forgotten: u64,
}

/// Why a cut did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// The capture cannot be read further. What came before has been written.
    #[error("{source}")]
    Read {
        /// Why.
        source: ReadError,
        /// What has been written.
        summary: CutSummary,
    },
    /// It ends before it begins. Nothing has been written.
    #[error("the end is before the beginning")]
    Backwards,
    /// The new capture cannot be written.
    #[error("the capture cannot be written: {0}")]
    Write(#[source] io::Error),
}

impl Cut {
    /// Writes the part. Its head tells the host as it is at the first event taken.
    ///
    /// # Errors
    /// If the capture is damaged or cut off (what came before is written), or the output fails.
    pub fn write<R: Read, W: Write>(
        mut self,
        replay: &mut Replay<R>,
        writer: &mut Writer<W>,
    ) -> Result<CutSummary, CutError> {
        let mut summary = CutSummary::default();
        let mut failed = None;
        let mut part = Part::default();
        let read = replay.steps(|step| match self.step(step, &mut part, writer, &mut summary) {
            Ok(flow) => flow,
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        });
        summary.forgotten = part.initial.forgotten;
        if let Some(error) = failed {
            return Err(error);
        }
        if !part.begun {
            // Nothing was taken; it is a capture all the same.
            part.begin(replay.host(), writer).map_err(CutError::Write)?;
        }
        match read {
            Ok(()) => Ok(summary),
            Err(source) => Err(CutError::Read { source, summary }),
        }
    }

    fn step<W: Write>(
        &mut self,
        step: Step<'_>,
        part: &mut Part,
        writer: &mut Writer<W>,
        summary: &mut CutSummary,
    ) -> Result<ControlFlow<()>, CutError> {
        match step {
            Step::Item(Item::Section(_)) => {
                part.initial.clear();
                part.begun = false;
            }
            Step::Item(_) => {}
            Step::Initial(event) => part.initial.push(event),
            Step::Before(event, host) => {
                if part.first.is_none()
                    && let (Some(from), Some(to)) = (self.from, self.to)
                    && to.resolve(event.time) < from.resolve(event.time)
                {
                    return Err(CutError::Backwards);
                }
                let first = *part.first.get_or_insert(event.time);
                if self.to.is_some_and(|to| event.time > to.resolve(first)) {
                    return Ok(ControlFlow::Break(()));
                }
                if self.from.is_none_or(|from| event.time >= from.resolve(first)) && !part.begun {
                    part.begin(host, writer).map_err(CutError::Write)?;
                }
            }
            Step::Event { record, .. } if !part.begun => {
                // What it did will be in the head, but for what only events tell: containers, and their users.
                if is_initial(record.event.ty) {
                    part.initial.push(record.event);
                }
                summary.left_out += 1;
            }
            Step::Event { record, state_only } => {
                let event = record.event;
                if !state_only && self.filter.as_mut().is_none_or(|query| query.ask(record).is_some()) {
                    summary.taken += 1;
                    writer.event(event, 0).map_err(CutError::Write)?;
                } else if event.has(EventFlags::MODIFIES_STATE) {
                    summary.state_only += 1;
                    writer.event(event, STATE_ONLY).map_err(CutError::Write)?;
                } else {
                    summary.left_out += 1;
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// What has been written of the part.
#[derive(Default)]
struct Part {
    /// Whether the head of the current section has been written.
    begun: bool,
    /// When the first event was.
    first: Option<u64>,
    /// Whether a section has been written.
    sections: bool,
    /// Events that tell of the initial state.
    initial: Latest,
}

/// How many bytes of events that tell of containers, users and groups before the part are kept at most.
const MAX_INITIAL: usize = 32 << 20;

/// What one more event takes besides its block, roughly.
const PER_EVENT: usize = 64;

/// The latest events that tell of the initial state, within [`MAX_INITIAL`].
#[derive(Default)]
struct Latest {
    /// A block for each.
    blocks: VecDeque<Box<[u8]>>,
    /// What they take.
    bytes: usize,
    /// How many were given up for later ones.
    forgotten: u64,
    scratch: Vec<u8>,
}

impl Latest {
    fn push(&mut self, event: &Event<'_>) {
        self.scratch.clear();
        Encoder::new(&mut self.scratch).event(event, 0);
        self.bytes += self.scratch.len() + PER_EVENT;
        self.blocks.push_back(self.scratch.as_slice().into());
        while self.bytes > MAX_INITIAL
            && let Some(oldest) = self.blocks.pop_front()
        {
            self.bytes -= oldest.len() + PER_EVENT;
            self.forgotten += 1;
        }
    }

    fn clear(&mut self) {
        self.blocks.clear();
        self.bytes = 0;
    }
}

impl Part {
    /// Writes the head.
    fn begin<W: Write>(&mut self, host: &Host, writer: &mut Writer<W>) -> io::Result<()> {
        if std::mem::replace(&mut self.sections, true) {
            writer.section()?;
        }
        self.begun = true;
        write_head(host, writer)?;
        self.initial.blocks.iter().try_for_each(|block| writer.blocks(block))
    }
}

/// Writes what is known of the host.
fn write_head<W: Write>(host: &Host, writer: &mut Writer<W>) -> io::Result<()> {
    writer.machine(&host.machine)?;
    writer.interfaces(host.interfaces.iter().map(address))?;
    let mut users: Vec<_> = host.identities.host_users().collect();
    users.sort_by_key(|user| user.uid);
    let mut groups: Vec<_> = host.identities.host_groups().collect();
    groups.sort_by_key(|group| group.gid);
    let users = users.into_iter().map(|user| {
        Account::User(UserRecord {
            uid: user.uid,
            gid: user.gid,
            name: &user.name,
            home: &user.home,
            shell: &user.shell,
        })
    });
    let groups =
        groups.into_iter().map(|group| Account::Group(GroupRecord { gid: group.gid, name: &group.name }));
    writer.accounts(users.chain(groups))?;

    let mut threads: Vec<(ThreadIndex, &Thread)> =
        host.threads().iter().filter(|(_, thread)| !thread.is_dead() && !thread.is_unknown()).collect();
    threads.sort_by_key(|(_, thread)| thread.tid);
    // A list is a block, and a block is built in memory: so there are several.
    for threads in threads.chunks(256) {
        writer.threads(threads.iter().map(|(_, thread)| thread_record(thread)))?;
    }
    for (index, thread) in threads {
        let Some(fds) = host.threads().own_fds_of(index).filter(|fds| !fds.is_empty()) else { continue };
        let mut fds: Vec<(i64, &Fd)> = fds.iter().collect();
        fds.sort_by_key(|(number, _)| *number);
        writer.descriptors(thread.tid, fds.into_iter().map(|(number, fd)| fd_record(number, fd)))?;
    }
    Ok(())
}

fn address(interface: &Interface) -> Address<'_> {
    match interface {
        Interface::Ipv4 { name, address, netmask, broadcast } => Address {
            name: name.as_bytes(),
            address: (*address).into(),
            mask: (*netmask).into(),
            broadcast: (*broadcast).into(),
            link_speed: 0,
        },
        Interface::Ipv6 { name, address } => Address {
            name: name.as_bytes(),
            address: (*address).into(),
            mask: Ipv6Addr::from_bits(u128::MAX << 64).into(),
            broadcast: Ipv6Addr::UNSPECIFIED.into(),
            link_speed: 0,
        },
    }
}

fn thread_record(thread: &Thread) -> ThreadRecord<'_> {
    ThreadRecord {
        tid: thread.tid,
        pid: thread.pid,
        ptid: thread.ptid,
        sid: thread.sid,
        vpgid: thread.vpgid,
        pgid: thread.pgid,
        vtid: thread.vtid,
        vpid: thread.vpid,
        comm: &thread.comm,
        exe: &thread.exe,
        exepath: &thread.exepath,
        args: thread.args.as_bytes(),
        env: thread.env.as_bytes(),
        cgroups: thread.cgroups.as_bytes(),
        cwd: &thread.cwd,
        root: &thread.root,
        executable: thread.executable,
        flags: thread.flags.0,
        fd_limit: thread.fd_limit,
        uid: thread.uid,
        gid: thread.gid,
        login_uid: thread.login_uid,
        capabilities: thread.capabilities,
        memory: thread.memory,
        pidns_start: thread.pidns_start,
        tty: thread.tty,
        clone_time: thread.clone_time,
    }
}

fn fd_record(number: i64, fd: &Fd) -> FdRecord<'_> {
    let detail = match fd.ty {
        FdType::Ipv4Socket => {
            let tuple = fd.endpoints.v4();
            FdDetail::Ipv4 {
                source: tuple.source,
                destination: tuple.destination,
                source_port: tuple.source_port,
                destination_port: tuple.destination_port,
                protocol: tuple.protocol.number(),
            }
        }
        FdType::Ipv6Socket => {
            let tuple = fd.endpoints.v6();
            FdDetail::Ipv6 {
                source: tuple.source,
                destination: tuple.destination,
                source_port: tuple.source_port,
                destination_port: tuple.destination_port,
                protocol: tuple.protocol.number(),
            }
        }
        FdType::Ipv4Server | FdType::Ipv6Server => {
            let at = if fd.ty == FdType::Ipv4Server {
                fd.endpoints.listening_v4()
            } else {
                fd.endpoints.listening_v6()
            };
            let (port, protocol) = (at.port, at.protocol.number());
            match at.address {
                IpAddr::V4(address) => FdDetail::Ipv4Server { address, port, protocol },
                IpAddr::V6(address) => FdDetail::Ipv6Server { address, port, protocol },
            }
        }
        FdType::UnixSocket => {
            let (source, destination) = fd.endpoints.unix();
            FdDetail::Unix { source, destination, path: &fd.name }
        }
        FdType::FileV2 => FdDetail::File { open_flags: fd.open_flags, path: &fd.name, device: fd.device },
        ty => FdDetail::Other { ty, name: &fd.name },
    };
    FdRecord { number, inode: fd.inode, detail }
}

#[cfg(test)]
mod tests {
    use eyrie_events::EventType;

    use super::*;

    #[test]
    fn of_too_many_events_before_the_part_the_latest_are_kept() {
        let json = vec![b'x'; 60_000];
        let body = [&60_000u32.to_le_bytes()[..], &json].concat();
        let mut latest = Latest::default();
        for at in 1..=2_000 {
            let event = Event::from_parts(at, -1, EventType::CONTAINER_JSON_2_E, 1, &body).unwrap();
            latest.push(&event);
            assert!(latest.bytes <= MAX_INITIAL);
        }
        assert_eq!(latest.forgotten + latest.blocks.len() as u64, 2_000);
        assert!(latest.forgotten > 0 && latest.bytes > MAX_INITIAL - 70_000);
        let mut last = Vec::new();
        Encoder::new(&mut last)
            .event(&Event::from_parts(2_000, -1, EventType::CONTAINER_JSON_2_E, 1, &body).unwrap(), 0);
        assert_eq!(latest.blocks.back().map(|block| &block[..]), Some(&last[..]));
        latest.clear();
        assert_eq!((latest.bytes, latest.blocks.len()), (0, 0));
    }
}
