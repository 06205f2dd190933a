//! [`SyscallSchema`]: which fields conditions on system call events may use, how arguments that belong to a name are read
//! (`evt.arg.flags`, `evt.type.is.open`), and which kinds of events a name of `evt.type` stands for.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use eyrie_lang::ast::Op;
use eyrie_lang::schema::{Argument, ArgumentKind, Arity, FieldFlags, resolve_argument};
use eyrie_lang::{Discriminant, Field, FieldError, FieldId, FieldInfo, Kind, KindSet, Schema, Type};

use super::{BY_NAME, FIELDS, id};
use crate::table::{EventType, ParamName, SyscallId};

/// In a [`Field::key`] of `evt.arg`: the rest is a [`ParamName`], not a position.
pub(super) const BY_PARAM_NAME: u64 = 1 << 32;
/// A [`Field::key`] of `evt.arg` for a position that no event has.
pub(super) const NO_POSITION: u64 = u64::MAX;

/// The events that Falco's plugin `container` injects.
const CONTAINER_EVENTS: [&str; 2] = ["container", "container_removed"];

/// The fields whose argument follows a dot.
const DOTTED: [(&str, FieldId); 5] = [
    ("evt.arg.", id::EVT_ARG),
    ("evt.rawarg.", id::EVT_RAWARG),
    ("evt.type.is.", id::EVT_TYPE_IS),
    ("evt.abspath.", id::EVT_ABSPATH),
    ("thread.cgroup.", id::THREAD_CGROUP),
];

/// The fields of the source `syscall`: Falco's own and those of its plugin `container`.
///
/// A field's number is its position in the table.
///
/// ```
/// use eyrie_events::fields::SyscallSchema;
/// use eyrie_lang::{Schema, Type};
///
/// let schema = SyscallSchema::new();
/// assert_eq!(schema.resolve("evt.rawarg.res", None)?.ty, Type::Errno);
/// assert!(schema.resolve("evt.arg.nonsense", None).is_err());
/// # Ok::<(), eyrie_lang::FieldError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SyscallSchema {
    kinds: EventKinds,
    strict: bool,
}

impl Default for SyscallSchema {
    fn default() -> Self {
        SyscallSchema::new()
    }
}

impl SyscallSchema {
    /// The schema.
    pub fn new() -> Self {
        SyscallSchema { kinds: EventKinds::new(), strict: false }.with_async_events(CONTAINER_EVENTS)
    }

    /// Lets `evt.type` have these values too: the names of events that a plugin injects.
    #[must_use]
    pub fn with_async_events<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        for name in names {
            self.kinds.add(name.as_ref(), EventType::ASYNCEVENT_E);
        }
        self
    }

    /// Has conditions come out as in Falco where it is Falco that errs: `fd.ip in (…)` never holds there.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// The number of the field of this name, which is without an argument.
    pub fn id(&self, name: &str) -> Option<FieldId> {
        let at = BY_NAME.binary_search_by_key(&name, |(known, _)| known).ok()?;
        BY_NAME.get(at).map(|(_, id)| FieldId(*id))
    }

    /// The kinds of events, for sorting rules by them.
    pub fn kinds(&self) -> &EventKinds {
        &self.kinds
    }

    fn bracketed(&self, id: FieldId, argument: Option<&str>) -> Result<Field, FieldError> {
        let Some(info) = self.info(id) else { return Err(FieldError::Unknown { name: id.0.to_string() }) };
        let name = || info.name.to_string();
        match (id, argument) {
            // Their arguments follow a dot.
            (id::EVT_RAWARG | id::EVT_TYPE_IS | id::THREAD_CGROUP, Some(_)) => {
                return Err(FieldError::ArgumentMissing { name: name(), kind: ArgumentKind::Key });
            }
            (id::EVT_ABSPATH, Some(_)) => return Err(FieldError::ArgumentForbidden { name: name() }),
            _ => {}
        }
        let argument = resolve_argument(info, argument)?;
        let index = argument.as_ref().and_then(|argument| argument.index);
        let key = match id {
            id::EVT_ARG => index.and_then(|index| u32::try_from(index).ok()).map_or(NO_POSITION, u64::from),
            id::EVT_AROUND => index.and_then(|time| u64::try_from(time).ok()).unwrap_or_default(),
            _ => 0,
        };
        Ok(Field {
            id,
            name: info.name.as_ref().into(),
            key,
            ty: info.ty,
            // One ancestor has one name.
            arity: if info.arity == Arity::Any && argument.is_some() { Arity::One } else { info.arity },
            flags: info.flags,
            argument,
        })
    }

    fn dotted(&self, id: FieldId, rest: &str, written: &str) -> Result<Field, FieldError> {
        let unknown = || FieldError::Unknown { name: written.to_string() };
        let info = self.info(id).ok_or_else(unknown)?;
        let (mut ty, mut flags) = (info.ty, info.flags);
        let key = match id {
            id::EVT_ARG | id::EVT_RAWARG => {
                let param = ParamName::find(rest).ok_or_else(|| FieldError::ArgumentInvalid {
                    name: info.name.to_string(),
                    argument: rest.to_string(),
                    reason: "no event has such a parameter".to_string(),
                    known: ParamName::all().map(String::from).collect(),
                })?;
                if id == id::EVT_RAWARG {
                    (ty, flags) = raw(param.ty(), flags);
                }
                BY_PARAM_NAME | u64::from(param.0)
            }
            id::EVT_TYPE_IS => {
                let found = EventType::all().find(|(_, info)| info.name == rest);
                u64::from(found.ok_or_else(unknown)?.0.0)
            }
            id::EVT_ABSPATH => match rest {
                "src" => 1,
                "dst" => 2,
                _ => return Err(unknown()),
            },
            id::THREAD_CGROUP if rest.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') => 0,
            _ => return Err(unknown()),
        };
        Ok(Field {
            id,
            name: info.name.as_ref().into(),
            argument: Some(Argument { text: rest.into(), index: None }),
            key,
            ty,
            arity: info.arity,
            flags,
        })
    }
}

/// The type that a parameter has in conditions, and whether there are literals of it.
fn raw(ty: Type, flags: FieldFlags) -> (Type, FieldFlags) {
    let (ty, no_literal) = match ty {
        Type::ByteBuf | Type::CharBufArray | Type::CharBufPairArray => (Type::ByteBuf, true),
        Type::SigType | Type::SyscallId => (ty, true),
        ty => (ty, false),
    };
    (ty, FieldFlags { no_literal, ..flags })
}

impl Schema for SyscallSchema {
    fn resolve(&self, name: &str, argument: Option<&str>) -> Result<Field, FieldError> {
        if let Some(id) = self.id(name) {
            return self.bracketed(id, argument);
        }
        for (prefix, id) in DOTTED {
            if let (Some(rest), None) = (name.strip_prefix(prefix), argument) {
                return self.dotted(id, rest, name);
            }
        }
        Err(FieldError::Unknown { name: name.to_string() })
    }

    fn fields(&self) -> &[FieldInfo] {
        FIELDS
    }

    fn discriminant(&self) -> Option<&dyn Discriminant> {
        Some(&self.kinds)
    }

    fn operators(&self, field: &Field) -> Option<&[Op]> {
        (field.id == id::EVT_AROUND).then_some(&[Op::Eq])
    }

    /// `evt.around[T] = D` asks whether the event is at most D milliseconds from T.
    fn stands_for(&self, field: &Field, op: Op) -> Op {
        if field.id == id::EVT_AROUND && op == Op::Eq { Op::Le } else { op }
    }

    /// Events count from 1.
    fn constant(&self, field: &Field, op: Op, values: &[&[u8]]) -> Option<bool> {
        if self.strict && field.id == id::FD_IP && op == Op::In {
            return Some(false);
        }
        if field.id != id::EVT_NUM {
            return None;
        }
        let numbers: Option<Vec<u64>> =
            values.iter().map(|value| std::str::from_utf8(value).ok()?.parse().ok()).collect();
        match (op, numbers?.as_slice()) {
            (Op::In, all) => all.iter().all(|number| *number == 0).then_some(false),
            (Op::Eq | Op::Le, [0]) | (Op::Lt, [0 | 1]) => Some(false),
            (Op::Ne | Op::Gt, [0]) | (Op::Ge, [0 | 1]) => Some(true),
            _ => None,
        }
    }
}

/// The kinds of events that `evt.type` tells apart.
///
/// A record's kind is the number of its [`EventType`]: all system calls without events of their own share
/// [`EventType::GENERIC_X`], so that, as in Falco, `not evt.type = getpid` leaves out all of them. Beyond those, each
/// system call has a kind that no record has; they serve to say which system calls a rule is about
/// ([`described`](Discriminant::described)).
#[derive(Clone, Debug)]
pub struct EventKinds {
    by_name: HashMap<Cow<'static, str>, Vec<Kind>>,
}

/// The kind of a record.
impl From<EventType> for Kind {
    fn from(ty: EventType) -> Self {
        Kind(u32::from(ty.0))
    }
}

const RECORDS: u32 = EventType::COUNT as u32;

/// Whether the name only fills a gap in the table of system calls.
fn is_gap(name: &str) -> bool {
    name.starts_with("na_")
}

/// The kind that stands for a system call in descriptions.
fn call(call: SyscallId) -> Kind {
    Kind(RECORDS + u32::from(call.0))
}

impl EventKinds {
    fn new() -> Self {
        let mut kinds = EventKinds { by_name: HashMap::with_capacity(600) };
        for (ty, info) in EventType::all() {
            // The name of the two generic kinds, `syscall`, is a name and stands for none.
            let of_name = kinds.by_name.entry(Cow::Borrowed(info.name)).or_default();
            if ty != EventType::GENERIC_E && ty != EventType::GENERIC_X {
                of_name.push(ty.into());
            }
        }
        for (id, name) in SyscallId::all().filter(|(_, name)| !is_gap(name)) {
            let generic = [EventType::GENERIC_E.into(), EventType::GENERIC_X.into()];
            let has_events = kinds.by_name.contains_key(name);
            for event in id.event_names() {
                kinds.by_name.entry(Cow::Borrowed(event)).or_default().push(call(id));
            }
            match (has_events, id.event_names()) {
                (true, []) => kinds.by_name.entry(Cow::Borrowed(name)).or_default().push(call(id)),
                (true, _) => {}
                (false, []) => {
                    kinds
                        .by_name
                        .insert(Cow::Borrowed(name), generic.into_iter().chain([call(id)]).collect());
                }
                // Its events have another name, so nothing has this one.
                (false, _) => _ = kinds.by_name.insert(Cow::Borrowed(name), generic.to_vec()),
            }
        }
        kinds
    }

    fn add(&mut self, name: &str, ty: EventType) {
        let of_name = self.by_name.entry(Cow::Owned(name.to_string())).or_default();
        if !of_name.contains(&ty.into()) {
            of_name.push(ty.into());
        }
    }
}

impl Discriminant for EventKinds {
    fn field(&self) -> &'static str {
        "evt.type"
    }

    fn other_fields(&self) -> &[&str] {
        &["syscall.type"]
    }

    fn len(&self) -> u32 {
        RECORDS + SyscallId::COUNT as u32
    }

    fn records(&self) -> u32 {
        RECORDS
    }

    fn kinds(&self, name: &str) -> Option<Vec<Kind>> {
        self.by_name.get(name).cloned()
    }

    fn text(&self, kind: Kind) -> Option<&str> {
        let ty = EventType(u16::try_from(kind.0).ok()?);
        // What these are called stands in the event.
        if matches!(ty, EventType::GENERIC_E | EventType::GENERIC_X | EventType::ASYNCEVENT_E) {
            return None;
        }
        ty.info().map(|info| info.name)
    }

    fn has_any_name(&self, kind: Kind) -> bool {
        kind == EventType::ASYNCEVENT_E.into()
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.by_name.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        names
    }

    fn described(&self, kinds: &KindSet) -> Vec<&str> {
        // Injected events may have any name, so every rule is looked at for them.
        let mut names = BTreeSet::from(["asyncevent"]);
        for (ty, info) in EventType::all() {
            if kinds.contains(ty.into()) && ty != EventType::GENERIC_E && ty != EventType::GENERIC_X {
                names.insert(info.name);
            }
        }
        for (id, name) in SyscallId::all().filter(|(id, name)| id.0 != 0 && !is_gap(name)) {
            if kinds.contains(call(id)) {
                match id.event_names() {
                    [] => _ = names.insert(name),
                    events => names.extend(events),
                }
            }
        }
        names.into_iter().collect()
    }
}
