//! [`Scope`]: one record with everything above it and the results of other checks, as the fields of a condition.

use eyrie_lang::{Field, Fields, Presence, Values};

use crate::facts::Facts;
use crate::kind::{Kind, KindSchema, Place};
use crate::record::{FieldValue, MissingId, Record};

/// Results of checks, by position in the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// One entry per check that is decided so far.
    pub entries: Vec<CheckState>,
    /// Ids in the same order.
    pub ids: Vec<Box<str>>,
}

/// What is known of a check's result. Empty text is "not decided yet".
#[derive(Clone, Debug, Default)]
pub struct CheckState {
    /// Before `exempt_when`: a word, or why it is unknown.
    pub verdict: FieldValue,
    /// After.
    pub outcome: FieldValue,
    /// Its value as text.
    pub value: FieldValue,
}

impl Results {
    fn get(&self, field: usize, check: Option<&str>) -> &FieldValue {
        let state = self.ids.iter().position(|id| Some(&**id) == check).and_then(|at| self.entries.get(at));
        match (state, field) {
            (Some(state), 0) => &state.outcome,
            (Some(state), 1) => &state.verdict,
            (Some(state), 2) => &state.value,
            _ => &FieldValue::Absent,
        }
    }
}

/// The record that a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The record at this position of its set.
    Record(usize),
    /// Any record that may be there besides those that are known: all of its fields are unavailable.
    Rest(MissingId),
}

/// One record as fields.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// All facts.
    pub facts: &'a Facts,
    /// Results of other checks.
    pub results: &'a Results,
    /// Kind of the record.
    pub kind: Kind,
    /// The record.
    pub subject: Subject,
}

impl<'a> Scope<'a> {
    /// The repository itself.
    pub fn repository(facts: &'a Facts, results: &'a Results) -> Self {
        Self { facts, results, kind: Kind::Repository, subject: Subject::Record(0) }
    }

    fn own_record(&self) -> Option<&'a Record> {
        match self.subject {
            Subject::Record(at) => self.facts.set(self.kind).records.get(at),
            Subject::Rest(_) => None,
        }
    }

    /// The value of a field that is not of kind `file`.
    fn value(&self, place: Place, argument: Option<&str>) -> &'a FieldValue {
        match place {
            Place::Result(at) => self.results.get(at, argument),
            Place::Record(kind, at) if kind == self.kind => {
                self.own_record().map_or(&FieldValue::Absent, |record| record.value(at))
            }
            Place::Record(Kind::Repository, at) => self
                .facts
                .set(Kind::Repository)
                .records
                .first()
                .map_or(&FieldValue::Absent, |record| record.value(at)),
            Place::Record(kind, at) => {
                let above = self.own_record().and_then(|record| record.above(kind));
                let record = above.and_then(|above| self.facts.set(kind).records.get(above));
                record.map_or(&FieldValue::Absent, |record| record.value(at))
            }
        }
    }

    /// Why a field is unavailable here; none if it is not.
    pub fn missing(&self, field: &Field) -> Option<MissingId> {
        let place = KindSchema::of(self.kind).place(field.id)?;
        if let (Place::Record(kind, _), Subject::Rest(missing)) = (place, self.subject)
            && kind != Kind::Repository
        {
            return Some(missing);
        }
        if let (Place::Record(Kind::File, at), Subject::Record(index)) = (place, self.subject) {
            let missing = self.facts.files().missing(&*self.facts.sources.tree, index, at)?;
            return Some(self.facts.missing(missing));
        }
        match self.value(place, field.argument.as_ref().map(|argument| &*argument.text)) {
            FieldValue::Unavailable(missing) => Some(*missing),
            _ => None,
        }
    }
}

impl Fields for Scope<'_> {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        let Some(place) = KindSchema::of(self.kind).place(field.id) else { return Presence::Absent };
        match (place, self.subject) {
            (Place::Record(kind, _), Subject::Rest(_)) if kind != Kind::Repository => Presence::Unavailable,
            (Place::Record(Kind::File, at), Subject::Record(index)) => {
                self.facts.files().extract(&*self.facts.sources.tree, index, at, out)
            }
            _ => {
                let argument = field.argument.as_ref().map(|argument| &*argument.text);
                match self.value(place, argument) {
                    FieldValue::InTree(path) => {
                        out.bool(path.is_empty() || self.facts.files().find(path).is_some())
                    }
                    value => value.extract(argument, out),
                }
            }
        }
    }
}
