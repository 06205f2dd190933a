//! [`Replay`]: a capture through the host's state and rules, event by event.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use eyrie_engine::{Event as Judged, Finding, JudgeScratch, RuleSet};
use eyrie_events::state::{self, Limits};
use eyrie_events::{EventRecord, Host, Stream};
use eyrie_sources::capture::{Counts, Item, ReadError, Reader};

use crate::{SYSCALL, head};

/// A capture, replayed.
///
/// ```no_run
/// use std::path::Path;
/// use eyrie_pipeline::Replay;
///
/// let mut replay = Replay::open(Path::new("trace.scap"))?;
/// let mut bytes = 0;
/// replay.for_each(|record| {
///     bytes += record.event.param(0).map_or(0, <[u8]>::len);
///     std::ops::ControlFlow::Continue(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Replay<R: Read> {
    reader: Reader<R>,
    host: Host,
    stream: Stream,
    limits: Limits,
    judged: u64,
    last_time: u64,
    first_time: Option<u64>,
}

/// What a replay came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events that were judged or shown: without those that only told the initial state.
    pub events: u64,
    /// When the first of them was, in nanoseconds since the Unix epoch.
    pub first_time: Option<u64>,
    /// When the last of them was.
    pub last_time: Option<u64>,
    /// What was read and what was skipped.
    pub read: Counts,
    /// What of the host was guessed and what was dropped.
    pub host: state::Counts,
}

impl Replay<Box<dyn Read + Send>> {
    /// Opens a capture; `-` is standard input.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Replay::new(Reader::open(path)?))
    }
}

impl<R: Read> Replay<R> {
    /// Replays what this reader reads.
    pub fn new(reader: Reader<R>) -> Self {
        Replay {
            reader,
            host: Host::default(),
            stream: Stream::new(),
            limits: Limits::default(),
            judged: 0,
            last_time: 0,
            first_time: None,
        }
    }

    /// Keeps no more than so much of the host.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self.host = Host::new(limits);
        self
    }

    /// Shows what Falco shows where it is Falco that errs ([`Stream::strict`]).
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.stream = self.stream.strict();
        self
    }

    /// The host as it is after the last event.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// What it came to so far.
    pub fn summary(&self) -> Summary {
        Summary {
            events: self.judged,
            first_time: self.first_time,
            last_time: self.first_time.map(|_| self.last_time),
            read: self.reader.counts(),
            host: self.host.counts(),
        }
    }

    /// Calls `each` for every event, after it has been applied to the host, until the capture ends or `each` breaks.
    ///
    /// # Errors
    /// If the capture is damaged or cut off; what came before has been seen.
    pub fn for_each(
        &mut self,
        mut each: impl FnMut(&EventRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        self.for_each_recorded(|record, _| each(record))
    }

    /// As [`for_each`](Replay::for_each), with the recorder's flags of each event.
    ///
    /// # Errors
    /// As there.
    pub fn for_each_recorded(
        &mut self,
        mut each: impl FnMut(&EventRecord<'_>, u32) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let mut in_head = true;
        while let Some(item) = self.reader.next()? {
            let recorded = match item {
                Item::Event(recorded) => recorded,
                Item::Section(_) => {
                    // Nothing of the section before holds.
                    self.host = Host::new(self.limits);
                    self.stream.first_time = 0;
                    in_head = true;
                    continue;
                }
                item => {
                    head::insert(&mut self.host, item);
                    continue;
                }
            };
            if std::mem::take(&mut in_head) {
                self.host.finish_head();
            }
            let event = &recorded.event;
            if recorded.initial {
                self.host.apply(event);
                continue;
            }
            self.stream.advance(event.time);
            self.judged += 1;
            self.first_time.get_or_insert(event.time);
            self.last_time = event.time;
            let seen = self.host.apply(event);
            let record = EventRecord { event, host: &self.host, seen, stream: &self.stream };
            if each(&record, recorded.flags).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Judges every event by rules and calls `report` with what they find, until the capture ends or `report` breaks.
    ///
    /// # Errors
    /// If the capture is damaged or cut off; what came before has been judged.
    pub fn judge(
        &mut self,
        rules: &RuleSet,
        mut report: impl FnMut(Finding) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let mut scratch = JudgeScratch::new();
        let rules = rules.source(SYSCALL);
        let mut flow = ControlFlow::Continue(());
        self.for_each(|record| {
            let Some(rules) = rules else { return ControlFlow::Continue(()) };
            let event = Judged { kind: record.event.ty.into(), time: record.event.time, fields: record };
            rules.judge(&event, &mut scratch, |finding| {
                if flow.is_continue() {
                    flow = report(finding);
                }
            });
            flow
        })?;
        // What waits in the memory of rules for events that may be late waits no longer.
        if let Some(rules) = rules.filter(|_| flow.is_continue()) {
            rules.finish(|finding| {
                if flow.is_continue() {
                    flow = report(finding);
                }
            });
        }
        Ok(())
    }
}
