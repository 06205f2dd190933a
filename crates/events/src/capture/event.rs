//! The frame around an event: [`EventFrame`], and what old and foreign captures need before their events can be read as
//! [`Event`](crate::Event)s: a number of parameters, and bytes in the other order.

use eyrie_lang::Type;

use super::cursor::{ByteOrder, Cursor};
use super::{BlockError, EventLayout};
use crate::table::{EventFlags, EventType};
use crate::{DecodeError, Event};

/// An event's block, up to its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFrame<'a> {
    /// The processor it happened on.
    pub cpu: u16,
    /// The recorder's flags; 0 if there are none.
    pub flags: u32,
    /// Nanoseconds since the Unix epoch.
    pub time: u64,
    /// The thread it happened in.
    pub tid: i64,
    /// The kind of event, which may be beyond the table.
    pub ty: EventType,
    /// How many parameters it has; `None` if the layout does not say.
    pub params: Option<u32>,
    /// The parameters' lengths and the parameters, in the capture's byte order.
    pub body: &'a [u8],
    /// Where `body` begins in the block's body.
    pub start: usize,
}

impl<'a> EventFrame<'a> {
    /// From the block's body.
    ///
    /// # Errors
    /// If it is shorter than the event says.
    pub fn decode(
        body: &'a [u8],
        layout: EventLayout,
        order: ByteOrder,
    ) -> Result<EventFrame<'a>, BlockError> {
        const HEADER: &str = "an event's header";
        let mut cursor = Cursor::new(body, order);
        let cpu = cursor.u16(HEADER)?;
        let flags = if layout.flags { cursor.u32(HEADER)? } else { 0 };
        let before = cursor.used();
        let time = cursor.u64(HEADER)?;
        let tid = cursor.i64(HEADER)?;
        let len = usize::try_from(cursor.u32(HEADER)?).unwrap_or(usize::MAX);
        let ty = EventType(cursor.u16(HEADER)?);
        let params = if layout.counted { Some(cursor.u32(HEADER)?) } else { None };
        let header = cursor.used().saturating_sub(before);
        let len = len.saturating_sub(if layout.counted { 0 } else { overlong(ty) });
        let Some(rest) = len.checked_sub(header) else {
            return Err(BlockError::EntryLength { list: "events", said: len, has: header });
        };
        let start = cursor.used();
        let body = cursor.take(rest, "an event")?;
        Ok(EventFrame { cpu, flags, time, tid, ty, params, body, start })
    }

    /// How many parameters it has, counted if the layout does not say.
    ///
    /// # Errors
    /// If no number fits the event's length, or it is of a kind beyond the table.
    pub fn count(&self, order: ByteOrder) -> Result<u32, BlockError> {
        match self.params {
            Some(params) => Ok(params),
            None => infer_params(self.ty, self.body, order),
        }
    }

    /// Writes the lengths and parameters of an event with `params` of them, which are high byte first, into `out`, low byte
    /// first.
    ///
    /// # Errors
    /// If they do not fit, or the event is of a kind beyond the table.
    pub fn swap(&self, params: u32, out: &mut Vec<u8>) -> Result<(), BlockError> {
        swap(self.ty, params, self.body, out)
    }

    /// The event. `scratch` is only needed for what has to be rewritten.
    ///
    /// # Errors
    /// If it is of a kind beyond the table, or its parameters do not fit.
    pub fn event<'s>(&self, order: ByteOrder, scratch: &'s mut Vec<u8>) -> Result<Event<'s>, BlockError>
    where
        'a: 's,
    {
        let params = self.count(order)?;
        let body = match order {
            ByteOrder::Little => self.body,
            ByteOrder::Big => {
                self.swap(params, scratch)?;
                scratch
            }
        };
        let mut event = Event::from_parts(self.time, self.tid, self.ty, params, body)?;
        event.cpu = self.cpu;
        Ok(event)
    }
}

/// How many bytes too many old recorders counted in events of this kind.
fn overlong(ty: EventType) -> usize {
    match ty {
        EventType::NOTIFICATION_E | EventType::INFRASTRUCTURE_EVENT_E => 3,
        _ => 0,
    }
}

/// How many parameters an event has whose header does not say: the number with which its lengths add up to its length.
///
/// # Errors
/// If none does.
pub fn infer_params(ty: EventType, body: &[u8], order: ByteOrder) -> Result<u32, BlockError> {
    let info = ty.info().ok_or(DecodeError::UnknownType(ty.0))?;
    let mut cursor = Cursor::new(body, order);
    // Each parameter adds at least the two bytes of its length: no more than one number fits.
    let mut used = 0;
    for count in 0..=info.params.len() {
        if used == body.len() {
            return Ok(u32::try_from(count).unwrap_or(u32::MAX));
        }
        let Ok(len) = cursor.u16("the length of a parameter") else { break };
        used += 2 + usize::from(len);
    }
    Err(BlockError::Parameters { ty, len: body.len() })
}

/// Rewrites an event's lengths and parameters from high byte first to low byte first.
fn swap(ty: EventType, params: u32, body: &[u8], out: &mut Vec<u8>) -> Result<(), BlockError> {
    let info = ty.info().ok_or(DecodeError::UnknownType(ty.0))?;
    out.clear();
    out.extend_from_slice(body);
    let size = if info.flags.has(EventFlags::LARGE) { 4 } else { 2 };
    let table = usize::try_from(params).unwrap_or(usize::MAX).saturating_mul(size);
    let found = body.len();
    let (lengths, mut rest) = out.split_at_mut_checked(table).ok_or(BlockError::TooShort {
        what: "an event",
        expected: table,
        found,
    })?;
    for (at, length) in lengths.chunks_exact_mut(size).enumerate() {
        length.reverse();
        let len = length.iter().rev().fold(0usize, |len, byte| len << 8 | usize::from(*byte));
        let found = rest.len();
        let (param, after) = rest.split_at_mut_checked(len).ok_or(BlockError::TooShort {
            what: "an event's parameter",
            expected: len,
            found,
        })?;
        rest = after;
        // What the table does not know stays as it is.
        if let Some(info) = info.params.get(at) {
            swap_param(info.ty, info.types, param);
        }
    }
    Ok(())
}

/// Rewrites one parameter. One of several types says in its first byte which of `types` it is of.
fn swap_param(ty: Type, types: &[Type], param: &mut [u8]) {
    match ty {
        Type::Int16 | Type::Uint16 | Type::Flags16 | Type::EnumFlags16 | Type::SyscallId | Type::Port => {
            reverse(param, 0, 2)
        }
        Type::Int32
        | Type::Uint32
        | Type::Pid32
        | Type::Fd32
        | Type::Flags32
        | Type::EnumFlags32
        | Type::Mode
        | Type::Uid
        | Type::Gid
        | Type::Bool
        | Type::SigSet => reverse(param, 0, 4),
        Type::Int64
        | Type::Uint64
        | Type::Pid
        | Type::Fd
        | Type::Errno
        | Type::RelTime
        | Type::AbsTime
        | Type::Double => reverse(param, 0, 8),
        Type::SockAddr => match param.first() {
            Some(2) => reverse(param, 5, 2),
            Some(10) => reverse(param, 17, 2),
            _ => {}
        },
        Type::SockTuple => match param.first() {
            Some(1) => {
                reverse(param, 1, 8);
                reverse(param, 9, 8);
            }
            Some(2) => {
                reverse(param, 5, 2);
                reverse(param, 11, 2);
            }
            Some(10) => {
                reverse(param, 17, 2);
                reverse(param, 35, 2);
            }
            _ => {}
        },
        Type::FdList => {
            reverse(param, 0, 2);
            for entry in param.get_mut(2..).unwrap_or_default().chunks_exact_mut(10) {
                reverse(entry, 0, 8);
                reverse(entry, 8, 2);
            }
        }
        Type::Dyn => {
            if let Some((first, rest)) = param.split_first_mut()
                && let Some(ty) = types.get(usize::from(*first))
            {
                swap_param(*ty, &[], rest);
            }
        }
        _ => {}
    }
}

fn reverse(bytes: &mut [u8], at: usize, len: usize) {
    if let Some(number) = bytes.get_mut(at..at + len) {
        number.reverse();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// An event of the kind with a body that says it has these parameters, big endian.
    fn big(lengths: &[u16], params: &[&[u8]]) -> Vec<u8> {
        let mut bytes: Vec<u8> = lengths.iter().flat_map(|len| len.to_be_bytes()).collect();
        for param in params {
            bytes.extend_from_slice(param);
        }
        bytes
    }

    #[test]
    fn parameters_are_swapped_by_their_types() {
        let (ty, info) = (EventType::CONNECT_X, EventType::CONNECT_X.info().unwrap());
        assert_eq!(
            info.params.iter().map(|param| param.name).collect::<Vec<_>>(),
            ["res", "tuple", "fd", "addr"]
        );
        let tuple = [2, 127, 0, 0, 1, 0x1f, 0x90, 10, 0, 0, 1, 0, 80];
        let body = big(
            &[8, 13, 8, 7],
            &[&(-5i64).to_be_bytes(), &tuple, &7i64.to_be_bytes(), &[2, 10, 0, 0, 1, 0, 80]],
        );
        let frame = EventFrame { cpu: 3, flags: 0, time: 1, tid: 2, ty, params: None, body: &body, start: 0 };
        let mut scratch = Vec::new();
        let event = frame.event(ByteOrder::Big, &mut scratch).unwrap();
        assert_eq!((event.cpu, event.param_count(), event.i64(0), event.i64(2)), (3, 4, Some(-5), Some(7)));
        assert_eq!(event.param(1).unwrap(), [2, 127, 0, 0, 1, 0x90, 0x1f, 10, 0, 0, 1, 80, 0]);
        assert_eq!(event.param(3).unwrap(), [2, 10, 0, 0, 1, 80, 0]);
    }

    #[test]
    fn parameters_are_counted_by_their_lengths() {
        let (ty, _) = (EventType::CONNECT_X, EventType::CONNECT_X.info().unwrap());
        let two = [2u16, 1].iter().flat_map(|len| len.to_le_bytes()).chain([1, 2, 3]).collect::<Vec<_>>();
        assert_eq!(infer_params(ty, &two, ByteOrder::Little), Ok(2));
        assert_eq!(infer_params(ty, &[], ByteOrder::Little), Ok(0));
        assert_eq!(
            infer_params(ty, &[1, 0, 1, 1, 1], ByteOrder::Little),
            Err(BlockError::Parameters { ty, len: 5 })
        );
    }
}
