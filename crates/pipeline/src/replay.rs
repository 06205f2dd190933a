//! [`Replay`]: a capture through the host's state and rules, event by event.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use eyrie_engine::{Event as Judged, Finding, JudgeScratch, RuleSet, SourceRules};
use eyrie_events::state::{self, Limits};
use eyrie_events::{Event, EventRecord, Host, Stream};
use eyrie_sources::capture::{Compression, Counts, Item, ReadError, Reader};

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
    in_head: bool,
    judged: u64,
    last_time: u64,
    first_time: Option<u64>,
}

/// What a replay goes through.
pub(crate) enum Step<'a> {
    /// An item of the head, before it is put into the host.
    Item(&'a Item<'a>),
    /// An event that told of the initial state; it has been applied.
    Initial(&'a Event<'a>),
    /// An event before it is applied, and the host without it.
    Before(&'a Event<'a>, &'a Host),
    /// An event; it has been applied.
    Event {
        /// The event.
        record: &'a EventRecord<'a>,
        /// Whether the capture has it for the state alone.
        state_only: bool,
    },
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
            in_head: true,
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

    /// Gives `evt.hostname` this value: the name of the machine that judges the events.
    #[must_use]
    pub fn with_hostname(mut self, name: impl Into<String>) -> Self {
        self.stream.hostname = name.into();
        self
    }

    /// Shows what Falco shows where it is Falco that errs ([`Stream::strict`]).
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.stream = self.stream.strict();
        self
    }

    /// How the capture is compressed.
    pub fn compression(&self) -> Compression {
        self.reader.compression()
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

    /// Calls `each` for every event, after it has been applied to the host, until the capture ends or `each` breaks. Events
    /// that the capture has only for the state are applied and not given.
    ///
    /// # Errors
    /// If the capture is damaged or cut off; what came before has been seen.
    pub fn for_each(
        &mut self,
        mut each: impl FnMut(&EventRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        self.steps(|step| match step {
            Step::Event { record, state_only: false } => each(record),
            _ => ControlFlow::Continue(()),
        })
    }

    /// Calls `each` for everything that is read, until the capture ends or `each` breaks.
    pub(crate) fn steps(
        &mut self,
        mut each: impl FnMut(Step<'_>) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        while let Some(item) = self.reader.next()? {
            let recorded = match item {
                Item::Event(recorded) => recorded,
                item => {
                    if each(Step::Item(&item)).is_break() {
                        break;
                    }
                    if matches!(item, Item::Section(_)) {
                        // Nothing of the section before holds.
                        self.host = Host::new(self.limits);
                        self.stream.first_time = 0;
                        self.in_head = true;
                    } else {
                        head::insert(&mut self.host, item);
                    }
                    continue;
                }
            };
            if std::mem::take(&mut self.in_head) {
                self.host.finish_head();
            }
            let event = &recorded.event;
            let flow = if recorded.initial {
                self.host.apply(event);
                each(Step::Initial(event))
            } else {
                if each(Step::Before(event, &self.host)).is_break() {
                    break;
                }
                self.stream.advance(event.time);
                let state_only = recorded.is_state_only();
                if !state_only {
                    self.judged += 1;
                    self.first_time.get_or_insert(event.time);
                    self.last_time = event.time;
                }
                let seen = self.host.apply(event);
                let record = EventRecord { event, host: &self.host, seen, stream: &self.stream };
                each(Step::Event { record: &record, state_only })
            };
            if flow.is_break() {
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
        let mut judge = Judge::new(rules);
        let mut flow = ControlFlow::Continue(());
        let mut told = |finding| {
            if flow.is_continue() {
                flow = report(finding);
            }
            flow
        };
        let mut stopped = ControlFlow::Continue(());
        self.for_each(|record| {
            judge.judge(record, |finding| stopped = told(finding));
            stopped
        })?;
        if stopped.is_continue() {
            judge.finish(|finding| _ = told(finding));
        }
        Ok(())
    }
}

/// Rules and the memory to judge events by them.
pub struct Judge<'r> {
    rules: Option<&'r SourceRules>,
    scratch: JudgeScratch,
}

impl<'r> Judge<'r> {
    /// The rules of the set that are for system calls.
    pub fn new(rules: &'r RuleSet) -> Self {
        Judge { rules: rules.source(SYSCALL).map(|rules| &**rules), scratch: JudgeScratch::new() }
    }

    /// Calls `report` with what the rules find in an event, in their order.
    pub fn judge(&mut self, record: &EventRecord<'_>, report: impl FnMut(Finding)) {
        let Some(rules) = self.rules else { return };
        let event = Judged { kind: record.event.ty.into(), time: record.event.time, fields: record };
        rules.judge(&event, &mut self.scratch, report);
    }

    /// Calls `report` with what rules find when there are no more events: what waits in their memory for events that may be
    /// late waits no longer.
    pub fn finish(&mut self, report: impl FnMut(Finding)) {
        if let Some(rules) = self.rules {
            rules.finish(report);
        }
    }
}
