//! [`Key`]: the values by which events belong together, as bytes that are equal if the values are.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use eyrie_lang::{Presence, Run, Value, ValueId};
use foldhash::fast::FixedState;

/// Longer keys are kept as a digest.
const MAX_KEY: usize = 256;

/// The values of some fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(Arc<[u8]>);

impl Key {
    /// The values of these fields; `None` if one is not there.
    pub(crate) fn of(run: &mut Run<'_>, values: &[ValueId]) -> Option<Key> {
        let mut bytes = Vec::new();
        for value in values {
            if run.presence(*value) != Presence::Present {
                return None;
            }
            push(run.values(*value).next()?, &mut bytes);
        }
        Some(Key::from_bytes(bytes))
    }

    /// The values of these fields, of which some may not be there.
    pub(crate) fn of_any(run: &mut Run<'_>, values: &[ValueId]) -> Key {
        let mut bytes = Vec::new();
        for value in values {
            let there = run.presence(*value) == Presence::Present;
            match run.values(*value).next().filter(|_| there) {
                Some(value) => push(value, &mut bytes),
                None => bytes.push(b'-'),
            }
        }
        Key::from_bytes(bytes)
    }

    /// A key from the bytes that stand for it.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Key {
        if bytes.len() <= MAX_KEY {
            return Key(bytes.into());
        }
        // Two keys of one length with both hashes equal do not come by chance.
        let mut digest = vec![b'#'];
        digest.extend((bytes.len() as u64).to_le_bytes());
        for seed in [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03] {
            let mut hasher = FixedState::with_seed(seed).build_hasher();
            hasher.write(&bytes);
            digest.extend(hasher.finish().to_le_bytes());
        }
        Key(digest.into())
    }
}

/// Numbers are equal however a field keeps them, text is equal to text.
fn push(value: Value<'_>, bytes: &mut Vec<u8>) {
    let mut number = |number: i128| {
        bytes.push(b'n');
        bytes.extend(number.to_le_bytes());
    };
    match value {
        Value::Int(value) => number(value.into()),
        Value::Uint(value) => number(value.into()),
        Value::Bool(value) => bytes.extend([b'b', u8::from(value)]),
        Value::Float(value) => {
            bytes.push(b'f');
            bytes.extend(value.to_bits().to_le_bytes());
        }
        Value::Text(text) | Value::Bytes(text) => {
            bytes.push(b't');
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text);
        }
        Value::Ip(IpAddr::V4(ip)) => {
            bytes.push(b'4');
            bytes.extend(ip.octets());
        }
        Value::Ip(IpAddr::V6(ip)) => {
            bytes.push(b'6');
            bytes.extend(ip.octets());
        }
        Value::Net(net) => {
            let text = net.to_string();
            bytes.push(b'/');
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
}
