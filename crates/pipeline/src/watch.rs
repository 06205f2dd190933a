//! [`Watch`]: this host, as it happens, through the host's state and rules.

use std::time::Duration;

use eyrie_engine::{Event as Judged, Finding, JudgeScratch, RuleSet};
use eyrie_events::state::Limits;
use eyrie_events::table::EventClass;
use eyrie_events::{EventRecord, EventType, Host, Stream, SyscallId};
use eyrie_sources::live::{Live, LiveError, Losses, Settings, Snapshot, Wanted};

use crate::{SYSCALL, head};

/// This host, watched.
///
/// ```no_run
/// use std::time::Duration;
/// use eyrie_pipeline::watch::{Watch, wanted_by};
/// use eyrie_engine::{JudgeScratch, ruleset::RuleSetOptions};
/// use eyrie_sources::live::Settings;
///
/// let rules = "- {rule: r, desc: d, priority: INFO, output: '%fd.name', condition: evt.type = openat}";
/// let loaded = eyrie_pipeline::load_rules([("my_rules.yaml", rules.as_bytes())]);
/// let rules = eyrie_pipeline::build_rules(&loaded.rules, &RuleSetOptions::default())?;
/// let mut watch = Watch::start(&Settings::default(), &wanted_by(&rules))?;
/// let mut scratch = JudgeScratch::new();
/// loop {
///     watch.judge(&rules, Duration::from_millis(100), &mut scratch, |finding| println!("{finding:?}"))?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Watch {
    live: Live,
    host: Host,
    stream: Stream,
    events: u64,
    snapshot: Snapshot,
}

/// Why watching ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The host cannot be watched.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// The probe delivered what is no event.
    #[error("the probe delivered what is no event: {0}")]
    Event(#[from] eyrie_events::DecodeError),
}

/// Calls that are made so often, and say so little, that Falco leaves them out unless everything is asked for.
const HIGH_VOLUME: [&str; 11] =
    ["read", "readv", "pread", "preadv", "write", "writev", "pwrite", "pwritev", "sendfile", "send", "recv"];

/// What has to be delivered for these rules: what they look at, and what changes the state that they read. As in Falco
/// without `-A`, reading and writing is left out.
pub fn wanted_by(rules: &RuleSet) -> Wanted {
    let mut wanted = Wanted::state();
    let Some(rules) = rules.source(SYSCALL) else { return wanted };
    let kinds = rules.wanted_kinds();
    for (kind, info) in EventType::all() {
        let generic = kind == EventType::GENERIC_X;
        if kinds.contains(kind.into()) && !generic && !HIGH_VOLUME.contains(&info.name) {
            wanted.insert(kind);
        }
    }
    for (call, _) in SyscallId::all() {
        let named = call.event_names().iter().any(|name| HIGH_VOLUME.contains(name));
        if kinds.contains(eyrie_lang::Kind(EventType::COUNT as u32 + u32::from(call.0))) && !named {
            wanted.insert_call(call);
        }
    }
    wanted
}

impl Watch {
    /// Begins: events are kept from here on, and then what there is at the start is looked at.
    ///
    /// # Errors
    /// If the probe cannot be loaded or /proc not be read.
    pub fn start(settings: &Settings, wanted: &Wanted) -> Result<Watch, WatchError> {
        let live = Live::open(settings, wanted)?;
        let mut host = Host::new(Limits::default());
        let snapshot = live.snapshot(|item| head::insert(&mut host, item))?;
        host.finish_head();
        Ok(Watch { live, host, stream: Stream::new(), events: 0, snapshot })
    }

    /// Waits for the next event, applies it to the host and calls `each`. False if none came within `wait`.
    ///
    /// # Errors
    /// If the probe delivers what is no event.
    pub fn step(
        &mut self,
        wait: Duration,
        each: impl FnOnce(&EventRecord<'_>, u32),
    ) -> Result<bool, WatchError> {
        let Some(recorded) = self.live.next(wait)? else { return Ok(false) };
        let event = &recorded.event;
        if event.ty.is_enter() && event.info().class == EventClass::Syscall {
            // What a call was given, before another thread could change it: kept until the call is left, and not judged.
            self.host.apply(event);
            return Ok(true);
        }
        self.stream.advance(event.time);
        self.events += 1;
        let seen = self.host.apply(event);
        each(&EventRecord { event, host: &self.host, seen, stream: &self.stream }, recorded.flags);
        Ok(true)
    }

    /// Judges events by rules until none comes within `wait`, or a thousand have been judged, and calls `report` with what is
    /// found. Returns how many were judged.
    ///
    /// # Errors
    /// As [`step`](Watch::step).
    pub fn judge(
        &mut self,
        rules: &RuleSet,
        wait: Duration,
        scratch: &mut JudgeScratch,
        mut report: impl FnMut(Finding),
    ) -> Result<usize, WatchError> {
        let rules = rules.source(SYSCALL);
        for judged in 0..1000 {
            let more = self.step(wait, |record, _| {
                let Some(rules) = rules else { return };
                let event = Judged { kind: record.event.ty.into(), time: record.event.time, fields: record };
                rules.judge(&event, scratch, &mut report);
            })?;
            if !more {
                return Ok(judged);
            }
        }
        Ok(1000)
    }

    /// Changes what is delivered, without a gap in what goes on being wanted.
    ///
    /// # Errors
    /// If the kernel refuses a program.
    pub fn want(&mut self, wanted: &Wanted) -> Result<(), WatchError> {
        Ok(self.live.want(wanted)?)
    }

    /// The host as it is after the last event.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The source of the events.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// What there was at the start.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot
    }

    /// What was lost.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn losses(&self) -> Result<Losses, WatchError> {
        Ok(self.live.losses()?)
    }
}
