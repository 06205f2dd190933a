//! Which events are wanted: [`Wanted`].

use eyrie_events::table::{EventClass, EventFlags};
use eyrie_events::{EventType, SyscallId};
use eyrie_lang::KindSet;

/// The kinds of events that are to be delivered: kinds of the table of events, and system calls that have no kind of their
/// own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    kinds: KindSet,
}

/// As the schema of system call events numbers its kinds: those of the table first, then system calls.
const KINDS: u32 = (EventType::COUNT + SyscallId::COUNT) as u32;

impl Default for Wanted {
    fn default() -> Self {
        Wanted { kinds: KindSet::empty(KINDS) }
    }
}

impl Wanted {
    /// Nothing.
    pub fn nothing() -> Wanted {
        Wanted::default()
    }

    /// What changes the state of the host, without which names of files and processes would be wrong.
    pub fn state() -> Wanted {
        let mut wanted = Wanted::default();
        for (kind, info) in EventType::all() {
            let alive = !info.flags.has(EventFlags::OLD) && !info.flags.has(EventFlags::UNUSED);
            if alive && info.flags.has(EventFlags::MODIFIES_STATE) {
                wanted.insert(kind);
            }
        }
        wanted
    }

    /// Every kind of the table that this host can deliver. Calls without a kind of their own are not in it.
    pub fn every_kind() -> Wanted {
        let mut wanted = Wanted::default();
        for (kind, info) in EventType::all() {
            if matches!(info.class, EventClass::Syscall | EventClass::Tracepoint) {
                wanted.insert(kind);
            }
        }
        wanted
    }

    /// Also these kinds, numbered as the schema of system call events numbers them.
    pub fn insert_kinds(&mut self, kinds: &KindSet) {
        for kind in kinds.iter() {
            self.kinds.insert(kind);
        }
    }

    /// Also this kind.
    pub fn insert(&mut self, kind: EventType) {
        self.kinds.insert(kind.into());
    }

    /// Also this system call, whatever its events are called.
    pub fn insert_call(&mut self, call: SyscallId) {
        self.kinds.insert(eyrie_lang::Kind(EventType::COUNT as u32 + u32::from(call.0)));
    }

    /// Whether this kind is wanted.
    pub fn has(&self, kind: EventType) -> bool {
        self.kinds.contains(kind.into())
    }

    /// Whether this system call is wanted.
    pub fn has_call(&self, call: SyscallId) -> bool {
        self.kinds.contains(eyrie_lang::Kind(EventType::COUNT as u32 + u32::from(call.0)))
    }
}
