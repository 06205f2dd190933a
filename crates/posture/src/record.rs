//! Facts as records: a [`Record`] of a kind with its fields' values and the evidence for them, and a [`RecordSet`]
//! of all records of that kind.
//!
//! How records come about is in `facts`; what fields there are is in [`crate::kind`].

use std::sync::Arc;

use eyrie_lang::{Presence, Values};

use crate::kind::Kind;
use crate::report::Evidence;

/// Why a fact is unavailable, and what would supply it. The number of a [`Missing`] in [`crate::facts::Facts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MissingId(pub u16);

/// A reason why facts are unavailable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Missing {
    /// What is in the way.
    pub why: String,
    /// What would remove it.
    pub supply: String,
}

/// A fact that would decide something, and why it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Blocker {
    /// The field, or the kind of record.
    pub fact: Box<str>,
    /// Why it is unavailable.
    pub missing: MissingId,
}

/// The value of one field of one record.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum FieldValue {
    /// The thing is not there.
    #[default]
    Absent,
    /// Nobody could look.
    Unavailable(MissingId),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text, not necessarily UTF-8.
    Text(Arc<[u8]>),
    /// A list of texts.
    List(Arc<[Box<str>]>),
    /// Texts by argument; an argument that is not there is absent.
    Map(Arc<[(Box<str>, Box<str>)]>),
    /// Whether there is a name with this path in the tree; looked up when asked.
    InTree(Arc<[u8]>),
    /// Numbers by argument.
    Numbers(Arc<[(Box<str>, f64)]>),
}

impl FieldValue {
    /// Lends the value to a condition.
    pub fn extract<'a>(&'a self, argument: Option<&str>, out: &mut Values<'a>) -> Presence {
        match self {
            // Who has the tree answers this.
            FieldValue::Absent | FieldValue::InTree(_) => Presence::Absent,
            FieldValue::Unavailable(_) => Presence::Unavailable,
            FieldValue::Bool(value) => out.bool(*value),
            FieldValue::Int(value) => out.int(*value),
            FieldValue::Text(value) => out.text(value),
            FieldValue::List(values) => out.texts(values.iter().map(|value| value.as_bytes())),
            FieldValue::Map(entries) => out.text_or_absent(
                entries.iter().find(|(key, _)| argument == Some(key)).map(|(_, text)| &**text),
            ),
            FieldValue::Numbers(entries) => match entries.iter().find(|(key, _)| argument == Some(key)) {
                Some((_, number)) => out.float(*number),
                None => Presence::Absent,
            },
        }
    }
}

impl From<bool> for FieldValue {
    fn from(value: bool) -> Self {
        FieldValue::Bool(value)
    }
}

impl From<i64> for FieldValue {
    fn from(value: i64) -> Self {
        FieldValue::Int(value)
    }
}

impl From<&str> for FieldValue {
    fn from(value: &str) -> Self {
        FieldValue::Text(value.as_bytes().into())
    }
}

impl From<&String> for FieldValue {
    fn from(value: &String) -> Self {
        value.as_str().into()
    }
}

impl From<String> for FieldValue {
    fn from(value: String) -> Self {
        value.as_str().into()
    }
}

impl From<&[u8]> for FieldValue {
    fn from(value: &[u8]) -> Self {
        FieldValue::Text(value.into())
    }
}

impl<T: Into<FieldValue>> From<Option<T>> for FieldValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(FieldValue::Absent, Into::into)
    }
}

impl From<MissingId> for FieldValue {
    fn from(why: MissingId) -> Self {
        FieldValue::Unavailable(why)
    }
}

/// A list field's value.
pub fn list<T: Into<Box<str>>>(values: impl IntoIterator<Item = T>) -> FieldValue {
    FieldValue::List(values.into_iter().map(Into::into).collect())
}

/// A field's values by argument.
pub fn map<K: Into<Box<str>>, V: Into<Box<str>>>(entries: impl IntoIterator<Item = (K, V)>) -> FieldValue {
    FieldValue::Map(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
}

/// One fact: a record of a kind.
#[derive(Clone, Debug)]
pub struct Record {
    kind: Kind,
    fields: Box<[FieldValue]>,
    /// The records of the kinds above, as positions in their sets.
    above: Vec<(Kind, u32)>,
    /// Where it was seen.
    pub evidence: Evidence,
    /// Why it is not known whether it is there at all, if it is not; then it stands for any number of records.
    pub uncertain: Option<MissingId>,
}

impl Record {
    /// A record whose fields are all absent.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            fields: vec![FieldValue::Absent; kind.fields().len()].into_boxed_slice(),
            above: Vec::new(),
            evidence: Evidence { kind: kind.name().to_owned(), ..Evidence::default() },
            uncertain: None,
        }
    }

    /// Stands for the records that may be there besides those that are known, of which only what is set afterwards is
    /// known.
    pub fn unseen(kind: Kind, why: MissingId) -> Self {
        Self { uncertain: Some(why), ..Self::unread(kind, why) }
    }

    /// A record that is there, of which only what is set afterwards is known.
    pub fn unread(kind: Kind, why: MissingId) -> Self {
        let mut record = Self::new(kind);
        record.fields.fill(why.into());
        record
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Sets a field.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<FieldValue>) -> Self {
        self.set(field, value);
        self
    }

    /// Sets a field.
    pub fn set(&mut self, field: &str, value: impl Into<FieldValue>) {
        let at = self.kind.field(field);
        debug_assert!(at.is_some(), "{field} is no field of {}", self.kind.name());
        if let Some(slot) = at.and_then(|at| self.fields.get_mut(at)) {
            *slot = value.into();
        }
    }

    /// Says which record of a kind above this one belongs to.
    #[must_use]
    pub fn below(mut self, kind: Kind, index: usize) -> Self {
        self.above.push((kind, u32::try_from(index).unwrap_or(u32::MAX)));
        self
    }

    /// Says where it was seen: a file and a line from 1.
    #[must_use]
    pub fn seen_at(mut self, path: &[u8], line: impl Into<Option<u32>>) -> Self {
        self.evidence.path = Some(String::from_utf8_lossy(path).into_owned());
        self.evidence.line = line.into();
        self
    }

    /// Keeps the text itself as evidence, shortened to a line.
    #[must_use]
    pub fn saying(mut self, text: &str) -> Self {
        self.evidence.text = Some(shorten(text));
        self
    }

    /// Says on which address a person can look.
    #[must_use]
    pub fn seen_on(mut self, url: Option<&str>) -> Self {
        self.evidence.url = url.map(str::to_owned);
        self
    }

    /// The value at a position of [`Kind::fields`].
    pub fn value(&self, at: usize) -> &FieldValue {
        self.fields.get(at).unwrap_or(&FieldValue::Absent)
    }

    /// Position of the record above it of that kind.
    pub fn above(&self, kind: Kind) -> Option<usize> {
        self.above.iter().find(|(above, _)| *above == kind).map(|&(_, index)| index as usize)
    }
}

/// The first line of a text, at most 160 characters.
pub fn shorten(text: &str) -> String {
    const MOST: usize = 160;
    let line = text.trim().lines().next().unwrap_or_default().trim_end();
    let mut short: String = line.chars().take(MOST).collect();
    if short.len() < text.trim().len() {
        short.push('…');
    }
    short
}

/// All records of one kind, in their order.
#[derive(Clone, Debug, Default)]
pub struct RecordSet {
    /// The records that are known.
    pub records: Vec<Record>,
    /// Why there may be more than these.
    pub rest: Option<MissingId>,
}

impl RecordSet {
    /// A set that is complete.
    pub fn complete(records: Vec<Record>) -> Self {
        Self { records, rest: None }
    }

    /// A set of which nothing is known.
    pub fn unavailable(why: MissingId) -> Self {
        Self { records: Vec::new(), rest: Some(why) }
    }
}
