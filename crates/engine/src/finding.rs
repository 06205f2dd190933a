//! [`Finding`]: a rule has matched. What it says as text and as JSON is in [`alert`](crate::alert).

use std::collections::BTreeSet;
use std::sync::Arc;

use eyrie_lang::{Arity, Presence, Run, Structured, Value, ValueId};
use serde::Serialize;

use crate::output::{Style, render_value, show};
use crate::priority::Priority;

/// A rule's number among those that were loaded together, in the order in which they were first defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// What findings tell about their rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its number.
    pub id: RuleId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub desc: String,
    /// Where its events come from.
    pub source: String,
    /// How urgent its findings are.
    pub priority: Priority,
    /// Labels.
    pub tags: BTreeSet<String>,
    /// Whether a match starts a capture.
    pub capture: bool,
    /// For how many milliseconds; 0 is the default.
    pub capture_duration: u32,
}

/// A rule has matched.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: Arc<RuleInfo>,
    /// When what it matched happened, in nanoseconds since the Unix epoch.
    pub time: u64,
    /// The rule's output with the values put in.
    pub message: String,
    /// The values of the fields that the output names, and of those that were asked for besides, by name in ascending order.
    pub fields: Vec<(Arc<str>, FieldValue)>,
}

impl Finding {
    /// The value of a field, if the finding has it.
    pub fn field(&self, name: &str) -> Option<&FieldValue> {
        let at = self.fields.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.fields.get(at).map(|(_, value)| value)
    }
}

/// A field's value in a finding. Serialized as JSON it is what Falco gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// There is none.
    Absent,
    /// A truth value.
    Bool(bool),
    /// A number that may be negative.
    Int(i64),
    /// A number.
    Uint(u64),
    /// A number with a fraction.
    Float(f64),
    /// Text, and everything that is shown as text.
    Text(String),
    /// The values of a list.
    List(Vec<FieldValue>),
}

impl FieldValue {
    /// What the fields have for this value. An empty list is absent.
    pub(crate) fn of(run: &mut Run<'_>, value: ValueId, style: Style) -> Self {
        let presence = run.presence(value);
        let arity = run.program().value_arity(value);
        if presence != Presence::Present || arity == Arity::Sides {
            return FieldValue::Absent;
        }
        if arity == Arity::Any && run.values(value).len() > 1 {
            // Several that stand for one are shown as one.
            let mut text = String::new();
            render_value(run, value, style, &mut text);
            return FieldValue::Text(text);
        }
        let run = &*run;
        let mut values = run.values(value).map(|item| FieldValue::one(run, value, item, style));
        let mut all: Vec<_> = match arity {
            Arity::List => values.collect(),
            Arity::One | Arity::Any | Arity::Sides => values.next().into_iter().collect(),
        };
        match (arity, all.len()) {
            (_, 0) => FieldValue::Absent,
            (Arity::List, _) => FieldValue::List(all),
            _ => all.pop().unwrap_or(FieldValue::Absent),
        }
    }

    fn one(run: &Run<'_>, id: ValueId, value: Value<'_>, style: Style) -> Self {
        let shown = || {
            let mut text = String::new();
            show(run, id, value, style, &mut text);
            FieldValue::Text(text)
        };
        let how = run.program().value_field(id).map(|field| run.structured(field, value));
        match (how.unwrap_or(Structured::Value), value) {
            (Structured::Number(number), _) => FieldValue::Uint(number),
            (Structured::Text, _) => shown(),
            (Structured::Value, Value::Bool(value)) => FieldValue::Bool(value),
            (Structured::Value, Value::Int(value)) => FieldValue::Int(value),
            (Structured::Value, Value::Uint(value)) => FieldValue::Uint(value),
            (Structured::Value, Value::Float(value)) => FieldValue::Float(value),
            (Structured::Value, _) => shown(),
        }
    }
}
