//! Events as they were recorded when a system call was two events, made into those of today: [`Converter`].
//!
//! One told that it was entered, the other that it was left, and kinds had fewer parameters; today there is
//! one event with everything. What becomes of which event is in `convert/conversions.tsv`, one line a kind and number of
//! parameters; this is what carries it out.

use std::collections::HashMap;
use std::fmt::Write as _;

use eyrie_lang::Type;

use crate::Event;
use crate::event::MAX_PARAMS;
use crate::table::{EventFlags, EventInfo, EventType};

include!(concat!(env!("OUT_DIR"), "/conversions.rs"));

/// What is done with events of a kind with a number of parameters.
struct Conversion {
    ty: EventType,
    params: u32,
    action: Action,
}

enum Action {
    Store,
    StoreAndPass,
    Pass,
    Add(&'static [Source]),
    Become(EventType, &'static [Source]),
}

/// Where a parameter comes from.
#[derive(Clone, Copy)]
enum Source {
    /// The event itself.
    Old(u8),
    /// The event with which the thread's system call began.
    Enter {
        param: u8,
        or_empty: bool,
    },
    Empty,
    /// Zeros, or -1 for users and groups.
    Default,
    /// A container's parameters as JSON.
    ContainerJson,
}

/// No event needs more conversions one after another: there are fewer versions of any.
const MAX_STEPS: usize = 50;

/// How many bytes of entered system calls are kept at most. A thread has one; a capture in which more are open was not recorded
/// but made up.
const MAX_STORED: usize = 64 << 20;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be.
    Keep,
    /// It says nothing that another does not say.
    Drop,
    /// It is now of this kind, with so many parameters, which [`Converter::body`] has.
    Rewritten(EventType, u32),
    /// It is of an old kind, and nothing is known to do with its number of parameters.
    Unknown,
}

/// Makes old events into today's. It keeps what a thread's system call began with until it ends.
///
/// ```
/// use eyrie_events::convert::{Converter, Outcome};
/// use eyrie_events::{Event, EventType};
///
/// let mut converter = Converter::new();
/// let fd = [8, 0, 3, 0, 0, 0, 0, 0, 0, 0];
/// let enter = Event::from_parts(1, 42, EventType::CLOSE_E, 1, &fd)?;
/// assert_eq!(converter.convert(&enter), Outcome::Drop);
/// let res = [8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// let exit = Event::from_parts(2, 42, EventType::CLOSE_X, 1, &res)?;
/// assert_eq!(converter.convert(&exit), Outcome::Rewritten(EventType::CLOSE_X, 2));
/// let today = Event::from_parts(2, 42, EventType::CLOSE_X, 2, converter.body())?;
/// assert_eq!((today.i64(0), today.i64(1)), (Some(0), Some(3)));
/// # Ok::<(), eyrie_events::DecodeError>(())
/// ```
#[derive(Debug, Default)]
pub struct Converter {
    /// What each thread's system call began with.
    stored: HashMap<i64, Draft, foldhash::fast::RandomState>,
    stored_bytes: usize,
    forgotten: u64,
    draft: Draft,
    next: Draft,
    body: Vec<u8>,
}

/// An event that is being rewritten.
#[derive(Clone, Debug, Default)]
struct Draft {
    ty: Option<EventType>,
    lengths: Vec<usize>,
    payload: Vec<u8>,
}

impl Draft {
    fn clear(&mut self, ty: EventType) {
        self.ty = Some(ty);
        self.lengths.clear();
        self.payload.clear();
    }

    fn push(&mut self, param: &[u8]) {
        self.lengths.push(param.len());
        self.payload.extend_from_slice(param);
    }

    fn param(&self, at: u8) -> Option<&[u8]> {
        let at = usize::from(at);
        let len = *self.lengths.get(at)?;
        let start: usize = self.lengths.iter().take(at).sum();
        self.payload.get(start..start + len)
    }
}

impl Converter {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether an event of this kind with so many parameters is as it would be recorded today; if so, there is nothing to
    /// [`convert`](Converter::convert).
    pub fn is_current(ty: EventType, info: &EventInfo, params: u32) -> bool {
        let any = EventFlags::UNUSED.0 | EventFlags::OLD.0 | EventFlags::CONVERTED.0;
        if info.flags.0 & any == 0 {
            return true;
        }
        info.flags.0 & (EventFlags::UNUSED.0 | EventFlags::OLD.0) == 0
            && !ty.is_enter()
            // More than the table has is what a newer recorder adds.
            && params as usize >= info.params.len()
    }

    /// How many entered system calls were forgotten to keep memory in bounds.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The lengths and parameters of the event that [`Outcome::Rewritten`] told of.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Forgets the system calls that were entered: another section begins.
    pub fn reset(&mut self) {
        self.stored.clear();
        self.stored_bytes = 0;
    }

    /// Says what becomes of an event.
    pub fn convert(&mut self, event: &Event<'_>) -> Outcome {
        let (mut ty, mut count) = (event.ty, event.param_count() as u32);
        let mut rewritten = false;
        for _ in 0..MAX_STEPS {
            let Some(info) = ty.info() else { return Outcome::Unknown };
            if Converter::is_current(ty, info, count) {
                return self.finish(ty, count, rewritten);
            }
            if info.flags.has(EventFlags::UNUSED) {
                return Outcome::Drop;
            }
            if !info.flags.has(EventFlags::CONVERTED) {
                // Old beginnings that no end takes anything from.
                return if ty.is_enter() { Outcome::Drop } else { Outcome::Unknown };
            }
            let found = CONVERSIONS.binary_search_by_key(&(ty, count), |known| (known.ty, known.params));
            let Some(conversion) = found.ok().and_then(|at| CONVERSIONS.get(at)) else {
                return Outcome::Unknown;
            };
            if !rewritten {
                self.draft.clear(ty);
                for at in 0..event.param_count() {
                    self.draft.push(event.param(at).unwrap_or_default());
                }
            }
            match conversion.action {
                Action::Pass => return self.finish(ty, count, rewritten),
                Action::Store | Action::StoreAndPass => {
                    self.store(event.tid);
                    return match conversion.action {
                        Action::Store => Outcome::Drop,
                        _ => self.finish(ty, count, rewritten),
                    };
                }
                Action::Add(sources) => {
                    std::mem::swap(&mut self.draft, &mut self.next);
                    self.draft.clone_from(&self.next);
                    self.fill(event.tid, ty, info, sources);
                }
                Action::Become(kind, sources) => {
                    let Some(info) = kind.info() else { return Outcome::Unknown };
                    std::mem::swap(&mut self.draft, &mut self.next);
                    self.draft.clear(kind);
                    self.fill(event.tid, ty, info, sources);
                    ty = kind;
                }
            }
            count = self.draft.lengths.len() as u32;
            rewritten = true;
        }
        Outcome::Unknown
    }

    /// Appends parameters to the draft, which is of the kind `info`; the event of the kind `ty` that they come from is `next`.
    fn fill(&mut self, tid: i64, ty: EventType, info: &EventInfo, sources: &[Source]) {
        // An entered system call of another kind is one whose end was lost.
        let enter = self.stored.get(&tid).filter(|draft| draft.ty.is_some_and(|kept| kept.0 + 1 == ty.0));
        let mut used = false;
        for source in sources {
            let param = info.params.get(self.draft.lengths.len()).map_or(Type::ByteBuf, |param| param.ty);
            let (value, or_empty) = match *source {
                Source::Old(at) => (self.next.param(at), true),
                Source::Enter { param, or_empty } => {
                    used |= enter.is_some();
                    (enter.and_then(|enter| enter.param(param)), or_empty)
                }
                Source::Empty => (None, true),
                Source::Default => (None, false),
                Source::ContainerJson => {
                    let json = container_json(&self.next);
                    self.draft.push(json.as_deref().unwrap_or_default());
                    continue;
                }
            };
            let size = fixed_size(param);
            match value {
                Some(value) => {
                    let most = size.unwrap_or(usize::from(u16::MAX));
                    self.draft.push(value.get(..most).unwrap_or(value));
                }
                None if or_empty => self.draft.push(&[]),
                None => {
                    let byte = if matches!(param, Type::Uid | Type::Gid) { 0xff } else { 0 };
                    self.draft.push([byte; 16].get(..size.unwrap_or(0)).unwrap_or_default());
                }
            }
        }
        if used && let Some(enter) = self.stored.remove(&tid) {
            self.stored_bytes = self.stored_bytes.saturating_sub(enter.payload.len());
        }
    }

    /// Keeps the draft as what the thread's system call began with.
    fn store(&mut self, tid: i64) {
        if self.stored_bytes > MAX_STORED {
            self.forgotten += self.stored.len() as u64;
            self.reset();
        }
        // The memory of what is replaced is used again.
        let kept = self.stored.entry(tid).or_default();
        self.stored_bytes = self.stored_bytes.saturating_sub(kept.payload.len()) + self.draft.payload.len();
        // What an entry needs besides its parameters counts too.
        if kept.ty.is_none() {
            self.stored_bytes += size_of::<Draft>();
        }
        kept.clone_from(&self.draft);
    }

    /// Writes the draft as a body.
    fn finish(&mut self, ty: EventType, count: u32, rewritten: bool) -> Outcome {
        if !rewritten {
            return Outcome::Keep;
        }
        if count as usize > MAX_PARAMS {
            return Outcome::Unknown;
        }
        self.body.clear();
        let large = ty.info().is_some_and(|info| info.flags.has(EventFlags::LARGE));
        for len in &self.draft.lengths {
            if large {
                self.body.extend_from_slice(&u32::try_from(*len).unwrap_or(u32::MAX).to_le_bytes());
            } else {
                self.body.extend_from_slice(&u16::try_from(*len).unwrap_or(u16::MAX).to_le_bytes());
            }
        }
        self.body.extend_from_slice(&self.draft.payload);
        Outcome::Rewritten(ty, count)
    }
}

/// How many bytes a parameter of the type has; `None` if that depends.
fn fixed_size(ty: Type) -> Option<usize> {
    Some(match ty {
        Type::Int8 | Type::Uint8 | Type::Flags8 | Type::EnumFlags8 | Type::SigType => 1,
        Type::Int16 | Type::Uint16 | Type::Flags16 | Type::EnumFlags16 | Type::SyscallId | Type::Port => 2,
        Type::Int32
        | Type::Uint32
        | Type::Flags32
        | Type::EnumFlags32
        | Type::Uid
        | Type::Gid
        | Type::Mode
        | Type::SigSet
        | Type::Fd32
        | Type::Pid32
        | Type::Ipv4Addr => 4,
        Type::Int64 | Type::Uint64 | Type::RelTime | Type::AbsTime | Type::Errno | Type::Fd | Type::Pid => 8,
        Type::Ipv6Addr => 16,
        _ => return None,
    })
}

/// What the first events of containers said, as the later ones say it.
fn container_json(old: &Draft) -> Option<Vec<u8>> {
    let text = |at| {
        let text = old.param(at)?.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let ty = old.param(1)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))?;
    let mut json = String::from("{\"id\":");
    quote(&mut json, &text(0)?);
    let _ = write!(json, ",\"type\":{ty},\"name\":");
    quote(&mut json, &text(2)?);
    json.push_str(",\"image\":");
    quote(&mut json, &text(3)?);
    json.push_str("}\0");
    Some(json.into_bytes())
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
