//! [`Captured`]: the values of an event that outlive it, and [`Recalled`], which shows them to an output.

use std::borrow::Cow;
use std::collections::HashMap;

use eyrie_lang::{Field, Fields, Presence, Run, Structured, Value, ValueId, Values};

use super::steps::Origin;

/// How many values of a list are kept, and how many bytes of each text.
const MAX_VALUES: usize = 64;
const MAX_BYTES: usize = 4096;

/// Some values of an event, in the order in which they were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured(Box<[Option<Vec<One>>]>);

#[derive(Clone, Debug)]
struct One {
    value: Owned,
    /// As it is shown, where that is not as it is.
    shown: Option<Box<str>>,
    structured: Structured,
}

#[derive(Clone, Debug)]
enum Owned {
    Plain(Value<'static>),
    Text(Box<[u8]>),
    Bytes(Box<[u8]>),
}

impl Owned {
    fn of(value: Value<'_>) -> Self {
        let cut = |bytes: &[u8]| Box::from(bytes.get(..MAX_BYTES).unwrap_or(bytes));
        match value {
            Value::Text(text) => Owned::Text(cut(text)),
            Value::Bytes(bytes) => Owned::Bytes(cut(bytes)),
            Value::Bool(value) => Owned::Plain(Value::Bool(value)),
            Value::Int(value) => Owned::Plain(Value::Int(value)),
            Value::Uint(value) => Owned::Plain(Value::Uint(value)),
            Value::Float(value) => Owned::Plain(Value::Float(value)),
            Value::Ip(value) => Owned::Plain(Value::Ip(value)),
            Value::Net(value) => Owned::Plain(Value::Net(value)),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Owned::Plain(value) => *value,
            Owned::Text(text) => Value::Text(text),
            Owned::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

impl Captured {
    /// Takes the values of these fields.
    pub(crate) fn take(run: &mut Run<'_>, values: &[ValueId]) -> Self {
        let mut all = Vec::with_capacity(values.len());
        for id in values {
            let there = run.presence(*id) == Presence::Present;
            let run = &*run;
            let one = |value: Value<'_>| {
                let owned = Owned::of(value);
                let (mut shown, mut structured) = (None, Structured::Value);
                if let Some(field) = run.program().value_field(*id) {
                    let mut text = String::new();
                    run.display(field, value, &mut text);
                    if let Some((end, _)) = text.char_indices().nth(MAX_BYTES) {
                        text.truncate(end);
                    }
                    shown = (text != owned.value().to_string()).then(|| text.into_boxed_str());
                    structured = run.structured(field, value);
                }
                One { value: owned, shown, structured }
            };
            all.push(there.then(|| run.values(*id).take(MAX_VALUES).map(one).collect()));
        }
        Captured(all.into())
    }

    /// The first value of the field at `at`, as it is shown.
    pub(crate) fn shown(&self, at: usize) -> Option<Cow<'_, str>> {
        let one = self.0.get(at)?.as_ref()?.first()?;
        Some(match &one.shown {
            Some(shown) => Cow::Borrowed(shown),
            None => Cow::Owned(one.value.value().to_string()),
        })
    }
}

/// The fields of an output, from what is remembered.
pub(crate) struct Recalled<'c> {
    /// Where each field's value is: the event's number and the position in it.
    pub(crate) places: &'c HashMap<String, (Origin, usize)>,
    pub(crate) events: &'c [Captured],
    pub(crate) count: usize,
    pub(crate) values: &'c [Box<str>],
}

impl Recalled<'_> {
    fn found(&self, field: &Field) -> Option<&[One]> {
        let (origin, at) = self.places.get(&field.to_string())?;
        let event = match origin {
            Origin::Step(step, _) => self.events.get(*step),
            Origin::Last(_) => self.events.last(),
            Origin::Count | Origin::Values => None,
        };
        event?.0.get(*at)?.as_deref()
    }

    fn one(&self, field: &Field, value: Value<'_>) -> Option<&One> {
        self.found(field)?.iter().find(|one| one.value.value() == value)
    }
}

impl Fields for Recalled<'_> {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        match self.places.get(&field.to_string()) {
            Some((Origin::Count, _)) => return out.uint(self.count as u64),
            Some((Origin::Values, _)) => return out.texts(self.values.iter().map(|value| value.as_bytes())),
            _ => {}
        }
        let Some(found) = self.found(field) else { return Presence::Absent };
        for one in found {
            out.push(one.value.value());
        }
        Presence::Present
    }

    fn display(&self, field: &Field, value: Value<'_>, out: &mut String) -> bool {
        match self.one(field, value).and_then(|one| one.shown.as_deref()) {
            Some(shown) => {
                out.push_str(shown);
                true
            }
            None => false,
        }
    }

    fn structured(&self, field: &Field, value: Value<'_>) -> Structured {
        self.one(field, value).map_or(Structured::Value, |one| one.structured)
    }
}
