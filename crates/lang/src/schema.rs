//! What fields there are: the [`Schema`] that conditions are checked against, and [`StaticSchema`], a ready-made one
//! from a table. What values the fields have for one record is [`Fields`](crate::Fields).

use std::borrow::Cow;
use std::collections::HashMap;

use crate::value::Type;

/// A field's number within its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub u32);

/// How many values a field yields, and what a comparison means when there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Arity {
    /// One value.
    #[default]
    One,
    /// A list: only `in` (all values are in the set; true when there are none), `intersects` (any is) and `exists`.
    List,
    /// Several values that stand for one (`proc.aname` without an index): a comparison holds when any of them makes it
    /// hold.
    Any,
    /// Two sides of one thing (`fd.ip` is client or server): as [`Any`](Arity::Any), but `!=` holds when there is a value
    /// and all differ.
    Sides,
}

/// Whether a field takes an argument, as in `proc.aname[2]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ArgumentPolicy {
    /// No argument.
    #[default]
    Forbidden,
    /// With or without.
    Optional(ArgumentKind),
    /// Never without.
    Required(ArgumentKind),
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArgumentKind {
    /// A whole number, possibly negative.
    Index,
    /// Any text.
    Key,
}

/// Marks of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct FieldFlags {
    /// May not stand on the right-hand side, nor have a field on its right-hand side.
    pub no_rhs: bool,
    /// May not be transformed.
    pub no_transformer: bool,
    /// Still accepted; new conditions should not use it.
    pub deprecated: bool,
    /// Left out of listings.
    pub hidden: bool,
    /// Only for output, never in a condition.
    pub print_only: bool,
    /// No literal can be compared with it, whatever its type (some of `evt.rawarg`).
    pub no_literal: bool,
}

/// The declaration of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// The dotted name, without an argument.
    pub name: Cow<'static, str>,
    /// The type of its values.
    pub ty: Type,
    /// How many values it yields.
    pub arity: Arity,
    /// Whether it takes an argument.
    pub argument: ArgumentPolicy,
    /// Its marks.
    pub flags: FieldFlags,
    /// What it is, in a sentence or two.
    pub doc: Cow<'static, str>,
    /// The only values that make sense, when the field has a closed set of them. A condition that compares it with
    /// something else gets a warning.
    pub values: Cow<'static, [&'static str]>,
}

impl FieldInfo {
    /// A field with one value, without argument and marks.
    pub const fn new(name: &'static str, ty: Type, doc: &'static str) -> Self {
        FieldInfo {
            name: Cow::Borrowed(name),
            ty,
            arity: Arity::One,
            argument: ArgumentPolicy::Forbidden,
            flags: FieldFlags {
                no_rhs: false,
                no_transformer: false,
                deprecated: false,
                hidden: false,
                print_only: false,
                no_literal: false,
            },
            doc: Cow::Borrowed(doc),
            values: Cow::Borrowed(&[]),
        }
    }

    /// The field yields a list.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.arity = Arity::List;
        self
    }

    /// The field must have an argument that is any text, as in `step.with[ref]`.
    #[must_use]
    pub const fn key(mut self) -> Self {
        self.argument = ArgumentPolicy::Required(ArgumentKind::Key);
        self
    }

    /// Sets how many values the field yields.
    #[must_use]
    pub const fn arity(mut self, arity: Arity) -> Self {
        self.arity = arity;
        self
    }

    /// Sets whether the field takes an argument.
    #[must_use]
    pub const fn argument(mut self, policy: ArgumentPolicy) -> Self {
        self.argument = policy;
        self
    }

    /// Sets the marks.
    #[must_use]
    pub const fn flags(mut self, flags: FieldFlags) -> Self {
        self.flags = flags;
        self
    }

    /// Sets the closed set of values.
    #[must_use]
    pub fn values(mut self, values: &'static [&'static str]) -> Self {
        self.values = Cow::Borrowed(values);
        self
    }
}

/// A field's argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Argument {
    /// As written.
    pub text: Box<str>,
    /// The number it is, for [`ArgumentKind::Index`].
    pub index: Option<i64>,
}

/// A use of a field: which, with what argument, and what that yields. This is what a schema resolves a name to, and
/// what [`Fields::extract`](crate::Fields::extract) is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Which field.
    pub id: FieldId,
    /// The name of the field's declaration.
    pub name: Box<str>,
    /// The argument.
    pub argument: Option<Argument>,
    /// A number of the schema's own choosing, such as a parameter's position that it found from the argument, so that
    /// extraction need not read text.
    pub key: u64,
    /// The type of the values; never [`Type::Dyn`].
    pub ty: Type,
    /// How many values.
    pub arity: Arity,
    /// Marks.
    pub flags: FieldFlags,
}

impl Field {
    /// Whether the field yields a list.
    pub fn is_list(&self) -> bool {
        self.arity == Arity::List
    }
}

/// The field as a condition would name it.
impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        match &self.argument {
            Some(argument) => write!(f, "[{}]", argument.text),
            None => Ok(()),
        }
    }
}

/// Why a field cannot be used as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// There is no such field.
    #[error("there is no field `{name}`")]
    Unknown {
        /// The name as written.
        name: String,
    },
    /// The field takes no argument.
    #[error("the field `{name}` takes no argument")]
    ArgumentForbidden {
        /// The field.
        name: String,
    },
    /// The field needs an argument.
    #[error("the field `{name}` needs an argument")]
    ArgumentMissing {
        /// The field.
        name: String,
        /// What the argument would be.
        kind: ArgumentKind,
    },
    /// The argument is not one that the field takes.
    #[error("`{argument}` is no argument of the field `{name}`: {reason}")]
    ArgumentInvalid {
        /// The field.
        name: String,
        /// The argument as written.
        argument: String,
        /// What is expected.
        reason: String,
        /// Arguments that could be meant.
        known: Vec<String>,
    },
}

/// The number of one kind of thing that a schema describes: an event type, a kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(pub u32);

/// The field that sorts everything a schema describes into kinds, such as `evt.type`. Programs are specialised for one
/// kind, and a rule that can only match some kinds is looked at for those alone.
///
/// Names and kinds need not be one to one: one kind may have several names, and one name stand for several kinds.
pub trait Discriminant {
    /// The field.
    fn field(&self) -> &str;

    /// Further fields that sort in the same way, such as `syscall.type`.
    fn other_fields(&self) -> &[&str] {
        &[]
    }

    /// How many kinds there are; they are `0..len`.
    fn len(&self) -> u32;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kinds that the field's value `name` stands for, or `None` if it cannot have that value.
    fn kinds(&self, name: &str) -> Option<Vec<Kind>>;

    /// The text that the field has whenever the kind is this, or `None` if the kind alone does not say.
    fn text(&self, kind: Kind) -> Option<&str>;

    /// Whether records of this kind may have any name, so that every condition is to be decided for them, whatever it
    /// compares the discriminant with.
    fn has_any_name(&self, kind: Kind) -> bool {
        let _ = kind;
        false
    }

    /// All values the field can have, for suggestions.
    fn names(&self) -> Vec<&str>;

    /// How many of the kinds records have: those below this number. Kinds beyond only serve to describe what a condition is
    /// about.
    fn records(&self) -> u32 {
        self.len()
    }

    /// The values to name when the kinds that a condition can match are described, sorted.
    fn described(&self, kinds: &crate::kinds::KindSet) -> Vec<&str> {
        let mut names = self.names();
        names.retain(|name| {
            self.kinds(name).is_some_and(|of_name| of_name.iter().any(|kind| kinds.contains(*kind)))
        });
        names.sort_unstable();
        names
    }
}

/// The fields that conditions may use.
///
/// Object safe. Implement it directly where arguments decide types (`evt.rawarg.NAME`); otherwise use [`StaticSchema`].
pub trait Schema {
    /// Resolves `name`, with the argument if one was written in brackets.
    ///
    /// `name` is everything before the bracket. Fields whose argument follows a dot (`evt.arg.flags`) are resolved here,
    /// too: the schema splits the name.
    ///
    /// # Errors
    /// When there is no such field, or its argument is missing, unwanted or wrong.
    fn resolve(&self, name: &str, argument: Option<&str>) -> Result<Field, FieldError>;

    /// Every field, in the order of listings.
    fn fields(&self) -> &[FieldInfo];

    /// The declaration of a field.
    fn info(&self, id: FieldId) -> Option<&FieldInfo> {
        self.fields().get(usize::try_from(id.0).ok()?)
    }

    /// Whether a field's value may be [`Unavailable`](crate::Presence::Unavailable). If not, programs decide in two
    /// values, which is faster.
    fn may_be_unavailable(&self) -> bool {
        false
    }

    /// The field that sorts records into kinds.
    fn discriminant(&self) -> Option<&dyn Discriminant> {
        None
    }

    /// The outcome of a comparison that is the same for every record, if the schema knows one: `evt.num = 0` never holds.
    /// `op` is never [`Op::EqEq`](crate::ast::Op::EqEq).
    fn constant(&self, field: &Field, op: crate::ast::Op, values: &[&[u8]]) -> Option<bool> {
        let _ = (field, op, values);
        None
    }

    /// The only operators that a field takes besides `exists`, where that is less than its type does (`evt.around`).
    fn operators(&self, field: &Field) -> Option<&[crate::ast::Op]> {
        let _ = field;
        None
    }

    /// The comparison that an operator stands for on a field, where it is another one: `evt.around[T] = 1000` asks whether the
    /// event is at most so far from the time.
    fn stands_for(&self, field: &Field, op: crate::ast::Op) -> crate::ast::Op {
        let _ = field;
        op
    }

    /// The port number of a network service, for literals such as `https`. By default [`service_port`](crate::service_port).
    fn service_port(&self, name: &str) -> Option<u16> {
        crate::service::service_port(name)
    }
}

/// Why a table of fields is no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// Two fields of one name.
    #[error("the field `{0}` is declared twice")]
    Duplicate(String),
    /// Not a name that a condition can contain: two or more identifiers, separated by dots.
    #[error("`{0}` is not a field name: two or more words of letters, digits and `_`, separated by dots")]
    Name(String),
    /// [`Type::Dyn`] needs a schema of its own.
    #[error("the field `{0}` has the type DYN, which a table cannot resolve")]
    Dynamic(String),
    /// The discriminant is not among the fields.
    #[error("the discriminant `{0}` is not a field of the schema")]
    Discriminant(String),
}

/// A schema made from a table. A field's [`FieldId`] is its position in it.
///
/// ```
/// use eyrie_lang::{FieldInfo, Schema, StaticSchema, Type};
///
/// let schema = StaticSchema::new(vec![
///     FieldInfo::new("workflow.triggers", Type::CharBuf, "the events that start the workflow").list(),
///     FieldInfo::new("step.action", Type::CharBuf, "the action that the step uses"),
///     FieldInfo::new("step.with", Type::CharBuf, "an input of the action").key(),
/// ])?;
/// assert_eq!(schema.resolve("step.with", Some("ref"))?.to_string(), "step.with[ref]");
/// assert!(schema.resolve("step.with", None).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticSchema {
    fields: Vec<FieldInfo>,
    ids: HashMap<Cow<'static, str>, u32>,
    discriminant: Option<StaticDiscriminant>,
    may_be_unavailable: bool,
}

impl StaticSchema {
    /// A schema of these fields, without discriminant, whose fields are never unavailable.
    ///
    /// # Errors
    /// When two fields have one name, or a name is none.
    pub fn new(fields: Vec<FieldInfo>) -> Result<Self, SchemaError> {
        let mut ids = HashMap::with_capacity(fields.len());
        for (id, field) in (0_u32..).zip(&fields) {
            if !is_field_name(&field.name) {
                return Err(SchemaError::Name(field.name.to_string()));
            }
            if field.ty == Type::Dyn {
                return Err(SchemaError::Dynamic(field.name.to_string()));
            }
            if ids.insert(field.name.clone(), id).is_some() {
                return Err(SchemaError::Duplicate(field.name.to_string()));
            }
        }
        Ok(StaticSchema { fields, ids, discriminant: None, may_be_unavailable: false })
    }

    /// Lets fields be unavailable: conditions are decided in three values.
    #[must_use]
    pub fn with_unavailable(mut self) -> Self {
        self.may_be_unavailable = true;
        self
    }

    /// Makes `field` the discriminant. Its values are `names`; the kind of each is its position.
    ///
    /// # Errors
    /// When the schema has no such field.
    pub fn with_discriminant(
        mut self,
        field: &str,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, SchemaError> {
        if !self.ids.contains_key(field) {
            return Err(SchemaError::Discriminant(field.to_string()));
        }
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.discriminant = Some(StaticDiscriminant { field: field.to_string(), names });
        Ok(self)
    }

    /// The number of the field of this name.
    pub fn id(&self, name: &str) -> Option<FieldId> {
        self.ids.get(name).copied().map(FieldId)
    }
}

impl Schema for StaticSchema {
    fn resolve(&self, name: &str, argument: Option<&str>) -> Result<Field, FieldError> {
        let unknown = || FieldError::Unknown { name: name.to_string() };
        let id = self.id(name).ok_or_else(unknown)?;
        let info = self.info(id).ok_or_else(unknown)?;
        let argument = resolve_argument(info, argument)?;
        Ok(Field {
            id,
            name: name.into(),
            key: 0,
            argument,
            ty: info.ty,
            arity: info.arity,
            flags: info.flags,
        })
    }

    fn fields(&self) -> &[FieldInfo] {
        &self.fields
    }

    fn may_be_unavailable(&self) -> bool {
        self.may_be_unavailable
    }

    fn discriminant(&self) -> Option<&dyn Discriminant> {
        self.discriminant.as_ref().map(|d| d as &dyn Discriminant)
    }
}

/// Checks an argument against a field's declaration.
///
/// # Errors
/// When it is missing, unwanted or not a number where one is needed.
pub fn resolve_argument(info: &FieldInfo, argument: Option<&str>) -> Result<Option<Argument>, FieldError> {
    let name = || info.name.to_string();
    let (text, kind) = match (info.argument, argument) {
        (ArgumentPolicy::Forbidden | ArgumentPolicy::Optional(_), None) => return Ok(None),
        (ArgumentPolicy::Forbidden, Some(_)) => return Err(FieldError::ArgumentForbidden { name: name() }),
        (ArgumentPolicy::Required(kind), None) => {
            return Err(FieldError::ArgumentMissing { name: name(), kind });
        }
        (ArgumentPolicy::Optional(kind) | ArgumentPolicy::Required(kind), Some(text)) => (text, kind),
    };
    let index = match kind {
        ArgumentKind::Key => None,
        ArgumentKind::Index => Some(text.parse::<i64>().map_err(|_| FieldError::ArgumentInvalid {
            name: name(),
            argument: text.to_string(),
            reason: "it takes a number".to_string(),
            known: Vec::new(),
        })?),
    };
    Ok(Some(Argument { text: text.into(), index }))
}

/// Whether a condition can contain this text as a field's name.
pub(crate) fn is_field_name(name: &str) -> bool {
    let mut words = 0_usize;
    for word in name.split('.') {
        let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
        if letters == 0 || !word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return false;
        }
        words += 1;
    }
    words >= 2
}

#[derive(Clone, Debug)]
struct StaticDiscriminant {
    field: String,
    names: Vec<String>,
}

impl Discriminant for StaticDiscriminant {
    fn field(&self) -> &str {
        &self.field
    }

    fn len(&self) -> u32 {
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    fn kinds(&self, name: &str) -> Option<Vec<Kind>> {
        let position = self.names.iter().position(|n| n == name)?;
        Some(vec![Kind(u32::try_from(position).ok()?)])
    }

    fn text(&self, kind: Kind) -> Option<&str> {
        self.names.get(usize::try_from(kind.0).ok()?).map(String::as_str)
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}
