//! One [`Event`], borrowed from the bytes in which a kernel, a capture or a plugin delivered it, and its parameters. What a
//! parameter means is in [`table`](crate::table); captures' blocks around events are not here.

use crate::table::{EventFlags, EventInfo, EventType, ParamInfo};

/// Bytes before the lengths of the parameters: time, thread, length, kind, number of parameters.
pub const HEADER_LEN: usize = 26;

/// The most parameters that an event can have.
pub const MAX_PARAMS: usize = 32;

/// An event.
///
/// Its bytes, little endian: `time u64, thread i64, length u32, kind u16, parameters u32`, then a length for each parameter (two
/// bytes, or four for kinds that are [`LARGE`](EventFlags::LARGE)), then the parameters one after another.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Which event of its source it is, as `evt.num` shows.
    pub number: u64,
    /// Nanoseconds since the Unix epoch.
    pub time: u64,
    /// The thread it happened in; negative or 0 if none.
    pub tid: i64,
    /// The processor it happened on.
    pub cpu: u16,
    /// The kind of event.
    pub ty: EventType,
    info: &'static EventInfo,
    params: u32,
    wide: bool,
    lengths: &'a [u8],
    payload: &'a [u8],
}

/// Why bytes are not an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are fewer bytes than the event has.
    #[error("the event is {expected} bytes long and only {found} are there")]
    Truncated {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The kind is beyond the table. A newer recorder may have written it: to be skipped and counted.
    #[error("the kind of event {0} is not known")]
    UnknownType(u16),
    /// More parameters than any event has.
    #[error("an event of the kind {ty} with {count} parameters")]
    TooManyParams {
        /// Its kind.
        ty: EventType,
        /// How many it claims to have.
        count: u32,
    },
    /// The parameters are longer than the event.
    #[error(
        "the parameters of an event of the kind {ty} are {params} bytes long, the event has room for {room}"
    )]
    ParamsTooLong {
        /// Its kind.
        ty: EventType,
        /// How long they claim to be.
        params: u64,
        /// What is there.
        room: usize,
    },
}

impl<'a> Event<'a> {
    /// Reads an event from its bytes, header first. Nothing is copied. `number` and `cpu` are set to 0.
    ///
    /// # Errors
    /// If the bytes are no event, or one of a kind beyond the table.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let truncated = |expected| DecodeError::Truncated { expected, found: bytes.len() };
        let (header, _) = bytes.split_at_checked(HEADER_LEN).ok_or(truncated(HEADER_LEN))?;
        let time = u64::from_le_bytes(array(header, 0));
        let tid = i64::from_le_bytes(array(header, 8));
        let len = usize::try_from(u32::from_le_bytes(array(header, 16))).unwrap_or(usize::MAX);
        let ty = EventType(u16::from_le_bytes(array(header, 20)));
        let params = u32::from_le_bytes(array(header, 22));
        let body = bytes.get(HEADER_LEN..len).ok_or(truncated(len.max(HEADER_LEN)))?;
        Event::from_parts(time, tid, ty, params, body)
    }

    /// An event of which the header has been read. `body` is the lengths and the parameters.
    ///
    /// # Errors
    /// As [`decode`](Event::decode).
    pub fn from_parts(
        time: u64,
        tid: i64,
        ty: EventType,
        params: u32,
        body: &'a [u8],
    ) -> Result<Self, DecodeError> {
        let info = ty.info().ok_or(DecodeError::UnknownType(ty.0))?;
        let wide = info.flags.has(EventFlags::LARGE);
        let count = usize::try_from(params).unwrap_or(usize::MAX);
        if count > MAX_PARAMS {
            return Err(DecodeError::TooManyParams { ty, count: params });
        }
        let table = count * if wide { 4 } else { 2 };
        let (lengths, payload) = body
            .split_at_checked(table)
            .ok_or(DecodeError::Truncated { expected: HEADER_LEN + table, found: HEADER_LEN + body.len() })?;
        let event = Event { number: 0, time, tid, cpu: 0, ty, info, params, wide, lengths, payload };
        let total = event.param_start(count);
        if total > payload.len() {
            return Err(DecodeError::ParamsTooLong { ty, params: total as u64, room: payload.len() });
        }
        Ok(event)
    }

    /// The event's kind in the table.
    pub fn info(&self) -> &'static EventInfo {
        self.info
    }

    /// Whether the kind has these flags.
    pub fn has(&self, flags: EventFlags) -> bool {
        self.info.flags.has(flags)
    }

    /// How many parameters it has: as many as the table says, fewer if it was recorded before some were added.
    pub fn param_count(&self) -> usize {
        // At most MAX_PARAMS.
        self.params as usize
    }

    /// The bytes of a parameter: `None` if the event does not have it. No bytes may mean that the value is missing or empty.
    #[inline]
    pub fn param(&self, index: usize) -> Option<&'a [u8]> {
        if index >= self.param_count() {
            return None;
        }
        let start = self.param_start(index);
        self.payload.get(start..)?.get(..self.param_len(index))
    }

    /// Its parameters with what the table says of them, in order. Those beyond the table are left out.
    pub fn params(&self) -> impl Iterator<Item = (&'static ParamInfo, &'a [u8])> + use<'a> {
        let event = *self;
        let mut rest = event.payload;
        self.info.params.iter().take(event.param_count()).enumerate().map_while(move |(at, info)| {
            let (bytes, after) = rest.split_at_checked(event.param_len(at))?;
            rest = after;
            Some((info, bytes))
        })
    }

    #[inline]
    fn param_len(&self, index: usize) -> usize {
        if self.wide {
            self.lengths.as_chunks().0.get(index).map_or(0, |len| u32::from_le_bytes(*len) as usize)
        } else {
            self.lengths.as_chunks().0.get(index).map_or(0, |len| usize::from(u16::from_le_bytes(*len)))
        }
    }

    /// How long the parameters before this one are together.
    #[inline]
    fn param_start(&self, index: usize) -> usize {
        // Most of what is looked at is among the first.
        match index {
            0 => return 0,
            1 => return self.param_len(0),
            2 => return self.param_len(0).saturating_add(self.param_len(1)),
            _ => {}
        }
        if self.wide {
            let before = self.lengths.as_chunks().0.iter().take(index);
            before.map(|len| u32::from_le_bytes(*len) as usize).fold(0, usize::saturating_add)
        } else {
            let before = self.lengths.as_chunks().0.iter().take(index);
            before.map(|len| usize::from(u16::from_le_bytes(*len))).sum()
        }
    }
}

/// A parameter's bytes as a number: `None` if they are fewer than it needs. Falco writes what the table says; bytes beyond
/// are ignored.
macro_rules! number {
    ($($name:ident: $ty:ty),*) => {
        impl Event<'_> {
            $(
                /// A parameter as a number; `None` if it is missing or shorter.
                #[inline]
                pub fn $name(&self, index: usize) -> Option<$ty> {
                    let bytes = self.param(index)?;
                    bytes.first_chunk().map(|bytes| <$ty>::from_le_bytes(*bytes))
                }
            )*
        }
    };
}
number!(u8: u8, u16: u16, u32: u32, u64: u64, i32: i32, i64: i64);

impl<'a> Event<'a> {
    /// A parameter as text: what stands before the first NUL. `None` if it is missing or has no bytes at all, which is how a
    /// missing text is written; an empty text is a NUL alone.
    pub fn text(&self, index: usize) -> Option<&'a [u8]> {
        let bytes = self.param(index)?;
        if bytes.is_empty() {
            return None;
        }
        Some(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}
