//! Falco's `static_fields`: fields `static.KEY` with a text that the configuration gives, for conditions and outputs.
//! [`WithStaticFields`] puts them over a schema, for loading rules and for building a rule set.

use std::collections::BTreeMap;
use std::sync::Arc;

use eyrie_lang::ast::Op;
use eyrie_lang::{
    Discriminant, Field, FieldError, FieldId, FieldInfo, Fields, Presence, Schema, Structured, Type, Value,
    Values,
};

/// Ids of static fields count down from here.
const FIRST: u32 = u32::MAX;

/// The texts, by key.
pub type StaticFields = BTreeMap<String, String>;

/// A schema with fields `static.KEY` added.
///
/// ```
/// use eyrie_engine::static_fields::{StaticFields, WithStaticFields};
/// use eyrie_lang::{FieldInfo, Schema, StaticSchema, Type};
///
/// let schema = StaticSchema::new(vec![FieldInfo::new("proc.name", Type::CharBuf, "its name")])?;
/// let fields = StaticFields::from([("site".to_string(), "lab".to_string())]);
/// let schema = WithStaticFields::new(&schema, &fields);
/// assert!(schema.resolve("static.site", None).is_ok());
/// assert!(schema.resolve("static.other", None).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WithStaticFields<'s> {
    schema: &'s dyn Schema,
    keys: Vec<String>,
    fields: Vec<FieldInfo>,
}

impl<'s> WithStaticFields<'s> {
    /// The schema with these fields added.
    pub fn new(schema: &'s dyn Schema, values: &StaticFields) -> Self {
        let added = values.keys().map(|key| FieldInfo {
            name: format!("static.{key}").into(),
            doc: "a text from the configuration".into(),
            ..FieldInfo::new("", Type::CharBuf, "")
        });
        let fields = schema.fields().iter().cloned().chain(added).collect();
        WithStaticFields { schema, keys: values.keys().cloned().collect(), fields }
    }
}

impl Schema for WithStaticFields<'_> {
    fn resolve(&self, name: &str, argument: Option<&str>) -> Result<Field, FieldError> {
        let position =
            name.strip_prefix("static.").and_then(|key| self.keys.iter().position(|known| known == key));
        let Some(position) = position.and_then(|at| u32::try_from(at).ok()) else {
            return self.schema.resolve(name, argument);
        };
        if argument.is_some() {
            return Err(FieldError::ArgumentForbidden { name: name.to_string() });
        }
        let info = FieldInfo::new("", Type::CharBuf, "");
        Ok(Field {
            id: FieldId(FIRST - position),
            name: name.into(),
            argument: None,
            key: 0,
            ty: info.ty,
            arity: info.arity,
            flags: info.flags,
        })
    }

    fn fields(&self) -> &[FieldInfo] {
        &self.fields
    }

    fn info(&self, id: FieldId) -> Option<&FieldInfo> {
        let before = self.fields.len() - self.keys.len();
        match (FIRST - id.0) as usize {
            position if position < self.keys.len() => self.fields.get(before + position),
            _ => self.schema.info(id),
        }
    }

    fn may_be_unavailable(&self) -> bool {
        self.schema.may_be_unavailable()
    }

    fn discriminant(&self) -> Option<&dyn Discriminant> {
        self.schema.discriminant()
    }

    fn constant(&self, field: &Field, op: Op, values: &[&[u8]]) -> Option<bool> {
        self.schema.constant(field, op, values)
    }

    fn operators(&self, field: &Field) -> Option<&[Op]> {
        self.schema.operators(field)
    }

    fn stands_for(&self, field: &Field, op: Op) -> Op {
        self.schema.stands_for(field, op)
    }

    fn service_port(&self, name: &str) -> Option<u16> {
        self.schema.service_port(name)
    }
}

/// The values of [`WithStaticFields`]: those of an event, and the texts.
pub(crate) struct Layered<'f> {
    pub(crate) fields: &'f dyn Fields,
    /// In the order of their keys.
    pub(crate) texts: &'f [Arc<str>],
}

impl Layered<'_> {
    fn text(&self, field: &Field) -> Option<&str> {
        let text = self.texts.get((FIRST - field.id.0) as usize)?;
        // Another schema may use so large a number, too.
        field.name.starts_with("static.").then_some(text)
    }
}

impl Fields for Layered<'_> {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        match self.text(field) {
            Some(text) => out.text(text),
            None => self.fields.extract(field, out),
        }
    }

    fn display(&self, field: &Field, value: Value<'_>, out: &mut String) -> bool {
        self.text(field).is_none() && self.fields.display(field, value, out)
    }

    fn structured(&self, field: &Field, value: Value<'_>) -> Structured {
        match self.text(field) {
            Some(_) => Structured::Value,
            None => self.fields.structured(field, value),
        }
    }
}
