//! [`WithSteps`]: a schema in which the events of steps have names, for outputs: `%download.proc.cmdline`.

use eyrie_lang::ast::Op;
use eyrie_lang::{Discriminant, Field, FieldError, FieldId, FieldInfo, Schema, Type};

/// What a threshold has counted.
const COUNT: &str = "threshold.count";
/// The distinct values that a threshold has counted.
const VALUES: &str = "threshold.values";

/// A schema with the fields of earlier events added, as `STEP.FIELD`, or with what a threshold has counted.
pub(crate) struct WithSteps<'s> {
    schema: &'s dyn Schema,
    steps: Vec<Option<String>>,
    is_threshold: bool,
}

/// Where the value of a field of the output comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From the event of a step, the first being 0: the field as its schema names it.
    Step(usize, String),
    /// From the last event.
    Last(String),
    /// How much has been counted.
    Count,
    /// The distinct values that have been counted.
    Values,
}

impl<'s> WithSteps<'s> {
    /// For a sequence with steps of these names.
    pub(crate) fn sequence(schema: &'s dyn Schema, steps: &[Option<String>]) -> Self {
        WithSteps { schema, steps: steps.to_vec(), is_threshold: false }
    }

    /// For a threshold.
    pub(crate) fn threshold(schema: &'s dyn Schema) -> Self {
        WithSteps { schema, steps: Vec::new(), is_threshold: true }
    }

    /// Where the value of a field comes from that is written like this.
    pub(crate) fn origin(&self, name: &str) -> Origin {
        match name {
            COUNT if self.is_threshold => Origin::Count,
            VALUES if self.is_threshold => Origin::Values,
            _ => match self.step(name) {
                Some((step, rest)) => Origin::Step(step, rest.to_string()),
                None => Origin::Last(name.to_string()),
            },
        }
    }

    /// What the steps are called, for who gets it wrong.
    pub(crate) fn named(&self) -> Option<String> {
        let names: Vec<String> = self.steps.iter().flatten().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("the only step with a name is {one}")),
            [more @ .., last] => Some(format!("the steps are called {} and {last}", more.join(", "))),
        }
    }

    fn step<'n>(&self, name: &'n str) -> Option<(usize, &'n str)> {
        let (first, rest) = name.split_once('.')?;
        let step = self.steps.iter().position(|step| step.as_deref() == Some(first))?;
        Some((step, rest))
    }
}

impl Schema for WithSteps<'_> {
    fn resolve(&self, name: &str, argument: Option<&str>) -> Result<Field, FieldError> {
        if self.is_threshold && argument.is_none() && matches!(name, COUNT | VALUES) {
            let info = match name {
                COUNT => FieldInfo::new("", Type::Uint64, ""),
                _ => FieldInfo::new("", Type::CharBuf, "").list(),
            };
            return Ok(Field {
                id: FieldId(u32::MAX),
                name: name.into(),
                argument: None,
                key: 0,
                ty: info.ty,
                arity: info.arity,
                flags: info.flags,
            });
        }
        let Some((_, rest)) = self.step(name) else { return self.schema.resolve(name, argument) };
        let field = self.schema.resolve(rest, argument)?;
        let prefix = name.strip_suffix(rest).unwrap_or_default();
        Ok(Field { name: format!("{prefix}{}", field.name).into(), ..field })
    }

    fn fields(&self) -> &[FieldInfo] {
        self.schema.fields()
    }

    fn info(&self, id: FieldId) -> Option<&FieldInfo> {
        self.schema.info(id)
    }

    fn may_be_unavailable(&self) -> bool {
        self.schema.may_be_unavailable()
    }

    fn discriminant(&self) -> Option<&dyn Discriminant> {
        self.schema.discriminant()
    }

    fn operators(&self, field: &Field) -> Option<&[Op]> {
        self.schema.operators(field)
    }
}
