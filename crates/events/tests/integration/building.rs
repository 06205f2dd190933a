//! Events made by tests.

use eyrie_events::event::HEADER_LEN;
use eyrie_events::state::{Host, Seen};
use eyrie_events::table::EventFlags;
use eyrie_events::{Event, EventType};

/// An event that is being made. Parameters are given in their order.
pub(crate) struct Build {
    ty: EventType,
    tid: i64,
    time: u64,
    params: Vec<Vec<u8>>,
}

impl Build {
    pub(crate) fn new(ty: EventType, tid: i64, time: u64) -> Build {
        Build { ty, tid, time, params: Vec::new() }
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Build {
        self.params.push(bytes.to_vec());
        self
    }

    /// A parameter that is not there.
    pub(crate) fn none(self) -> Build {
        self.raw(b"")
    }

    pub(crate) fn i64(self, value: i64) -> Build {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn u64(self, value: u64) -> Build {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn u32(self, value: u32) -> Build {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn u16(self, value: u16) -> Build {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn u8(self, value: u8) -> Build {
        self.raw(&[value])
    }

    pub(crate) fn text(self, text: &str) -> Build {
        self.raw(format!("{text}\0").as_bytes())
    }

    /// The event's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let wide = self.ty.info().is_some_and(|info| info.flags.has(EventFlags::LARGE));
        let width = if wide { 4 } else { 2 };
        let len = HEADER_LEN + self.params.iter().map(|param| param.len() + width).sum::<usize>();
        let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&self.tid.to_le_bytes());
        out.extend_from_slice(&number(len));
        out.extend_from_slice(&self.ty.0.to_le_bytes());
        out.extend_from_slice(&number(self.params.len()));
        for param in &self.params {
            out.extend_from_slice(&number(param.len())[..width]);
        }
        self.params.iter().for_each(|param| out.extend_from_slice(param));
        out
    }

    /// Lets it happen.
    pub(crate) fn apply(self, host: &mut Host) -> Seen {
        let bytes = self.bytes();
        host.apply(&Event::decode(&bytes).unwrap())
    }
}

/// What a new thread or program is like.
#[derive(Clone, Copy)]
pub(crate) struct Process<'a> {
    pub(crate) tid: i64,
    pub(crate) pid: i64,
    pub(crate) ptid: i64,
    pub(crate) comm: &'a str,
    pub(crate) args: &'a [u8],
    pub(crate) flags: u32,
    pub(crate) cgroups: &'a [u8],
    pub(crate) vtid: i64,
    pub(crate) vpid: i64,
}

impl Default for Process<'_> {
    fn default() -> Self {
        Process { tid: 0, pid: 0, ptid: 0, comm: "sh", args: b"", flags: 0, cgroups: b"", vtid: 0, vpid: 0 }
    }
}

impl Process<'_> {
    fn begin(&self, event: Build) -> Build {
        event
            .text(self.comm)
            .raw(self.args)
            .i64(self.tid)
            .i64(self.pid)
            .i64(self.ptid)
            .text("")
            .i64(1024)
            .u64(1)
            .u64(2)
            .u32(3)
            .u32(4)
            .u32(5)
            .text(self.comm)
            .raw(self.cgroups)
    }

    /// The end of `clone` in one of its two threads; `result` is 0 in the new one.
    pub(crate) fn cloned(&self, in_thread: i64, result: i64, time: u64) -> Build {
        self.begin(Build::new(EventType::CLONE_20_X, in_thread, time).i64(result))
            .u32(self.flags)
            .u32(0)
            .u32(0)
            .i64(if self.vtid == 0 { self.tid } else { self.vtid })
            .i64(if self.vpid == 0 { self.pid } else { self.vpid })
            .u64(0)
    }

    /// The end of `execve`.
    pub(crate) fn executed(&self, path: &str, env: &[u8], time: u64) -> Build {
        self.begin(Build::new(EventType::EXECVE_19_X, self.tid, time).i64(0))
            .raw(env)
            .u32(0)
            .i64(self.pid)
            .u32(1000)
            .u32(0)
            .u64(0)
            .u64(0)
            .u64(0)
            .u64(7)
            .u64(8)
            .u64(9)
            .u32(0)
            .text(path)
            .i64(self.pid)
            .u32(0)
            .text(path)
    }
}
