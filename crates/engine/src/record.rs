//! [`JsonRecord`]: an event or record given as a JSON object of fields, for explaining and testing rules without the thing
//! itself.

use std::collections::HashMap;
use std::net::IpAddr;

use eyrie_lang::schema::FieldError;
use eyrie_lang::{
    Arity, Class, Field, Fields, Kind, Presence, Schema, Structured, Type, Value, Values, closest,
};
use serde_json::{Map, Value as Json};

/// An event or record given as JSON: `{"evt.type": "openat", "proc.name": "cat", "proc.aname[2]": "bash"}`.
///
/// * A key is a field as a condition names it, with its argument.
/// * A number, a truth value or a text is the field's value; a list is the values of a list, or of a field that stands for
///   several (`proc.aname`, `fd.ip`); `null`, and a field that is not given, is absent.
/// * Addresses and networks are text, bytes are text. A field whose value is text takes a number, too, which is how findings
///   have times (`evt.time`); in structured output it stays a number.
///
/// So the `output_fields` of an alert are a record of what it saw.
///
/// ```
/// use eyrie_engine::JsonRecord;
/// use eyrie_lang::{Compiler, FieldInfo, Scratch, StaticSchema, Type};
///
/// let schema = StaticSchema::new(vec![FieldInfo::new("proc.name", Type::CharBuf, "its name")])?;
/// let mut compiler = Compiler::new(&schema);
/// let condition = compiler.add("proc.name = cat").map_err(|problems| problems[0].to_string())?.id;
/// let program = compiler.finish();
/// let record = JsonRecord::parse(r#"{"proc.name": "cat"}"#, &schema).map_err(|problems| problems[0].to_string())?;
/// assert!(program.run(condition, &record, &mut Scratch::new()).is_true());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonRecord {
    values: HashMap<Key, Given>,
    kind: Option<Kind>,
}

/// A use of a field.
type Key = (Box<str>, Option<Box<str>>);

#[derive(Clone, Debug, PartialEq)]
enum Given {
    Absent,
    Values { values: Vec<Owned>, number: Option<u64> },
}

#[derive(Clone, Debug, PartialEq)]
enum Owned {
    Plain(Value<'static>),
    Text(String),
    Bytes(String),
}

/// Why JSON is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is not JSON, or no object.
    #[error("expected a JSON object of fields: {0}")]
    NotAnObject(String),
    /// A key is no field.
    #[error("{error}{}", .meant.as_ref().map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default())]
    Field {
        /// The key.
        key: String,
        /// What is wrong with it.
        error: Box<FieldError>,
        /// The field that could be meant.
        meant: Option<String>,
    },
    /// A value is none that the field can have.
    #[error("`{key}` is {expected}, not {value}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What the field can have.
        expected: &'static str,
    },
}

impl JsonRecord {
    /// Reads an object.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn parse(text: &str, schema: &dyn Schema) -> Result<Self, Vec<RecordError>> {
        let json: Json =
            serde_json::from_str(text).map_err(|error| vec![RecordError::NotAnObject(error.to_string())])?;
        match &json {
            Json::Object(object) => JsonRecord::new(object, schema),
            _ => Err(vec![RecordError::NotAnObject("this is something else".to_string())]),
        }
    }

    /// The fields of an object.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn new(object: &Map<String, Json>, schema: &dyn Schema) -> Result<Self, Vec<RecordError>> {
        let mut record = JsonRecord::default();
        let mut errors = Vec::new();
        for (key, json) in object {
            match resolve(key, schema).and_then(|field| Ok((given(key, &field, json)?, field))) {
                Ok((given, field)) => {
                    if let (Some(discriminant), Json::String(text)) = (schema.discriminant(), json)
                        && *field.name == *discriminant.field()
                    {
                        let kinds = discriminant.kinds(text).unwrap_or_default();
                        record.kind = kinds.first().copied();
                    }
                    record.values.insert(key_of(&field), given);
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(record) } else { Err(errors) }
    }

    /// The kind of thing that it is, if its discriminant (`evt.type`) is given.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }
}

fn key_of(field: &Field) -> Key {
    (field.name.clone(), field.argument.as_ref().map(|argument| argument.text.clone()))
}

/// The field that a key names.
pub(crate) fn resolve(key: &str, schema: &dyn Schema) -> Result<Field, RecordError> {
    let (name, argument) = match key.split_once('[') {
        Some((name, rest)) => (name, rest.strip_suffix(']')),
        None => (key, None),
    };
    schema.resolve(name, argument).map_err(|error| {
        let names = schema.fields().iter().map(|field| field.name.as_ref());
        let meant = match &error {
            FieldError::Unknown { .. } => closest(name, names).map(str::to_string),
            _ => None,
        };
        RecordError::Field { key: key.to_string(), error: Box::new(error), meant }
    })
}

fn given(key: &str, field: &Field, json: &Json) -> Result<Given, RecordError> {
    let wrong = |json: &Json, expected| RecordError::Value {
        key: key.to_string(),
        value: json.to_string(),
        expected,
    };
    let one = |json: &Json| value(field.ty, json).map_err(|expected| wrong(json, expected));
    match json {
        Json::Null => Ok(Given::Absent),
        Json::Array(_) if field.arity == Arity::One => Err(wrong(json, "a single value")),
        Json::Array(items) => {
            Ok(Given::Values { values: items.iter().map(one).collect::<Result<_, _>>()?, number: None })
        }
        json => {
            let number = (field.ty.class() == Class::Text).then(|| json.as_u64()).flatten();
            Ok(Given::Values { values: vec![one(json)?], number })
        }
    }
}

fn value(ty: Type, json: &Json) -> Result<Owned, &'static str> {
    let text = json.as_str();
    Ok(match ty.class() {
        Class::Bool => Owned::Plain(Value::Bool(json.as_bool().ok_or("true or false")?)),
        Class::Number if ty == Type::Double => Owned::Plain(Value::Float(json.as_f64().ok_or("a number")?)),
        Class::Number if ty.width().is_some_and(|width| width.signed) => {
            Owned::Plain(Value::Int(json.as_i64().ok_or("a whole number")?))
        }
        Class::Number => Owned::Plain(Value::Uint(json.as_u64().ok_or("a whole number from 0 up")?)),
        Class::Text => match json {
            Json::String(text) => Owned::Text(text.clone()),
            Json::Number(number) => Owned::Text(number.to_string()),
            _ => return Err("a text"),
        },
        Class::Bytes => Owned::Bytes(text.ok_or("a text")?.to_string()),
        Class::Ip => {
            let address: Option<IpAddr> = text.and_then(|text| text.parse().ok());
            Owned::Plain(Value::Ip(address.ok_or("an address such as 192.0.2.1")?))
        }
        Class::Net => {
            let address: Option<IpAddr> = text.and_then(|text| text.parse().ok());
            let network = text.and_then(|text| text.parse().ok());
            let value = address.map(Value::Ip).or(network.map(Value::Net));
            Owned::Plain(value.ok_or("an address or a network such as 192.0.2.0/24")?)
        }
        Class::Opaque => match json {
            Json::String(text) => Owned::Text(text.clone()),
            json => Owned::Text(json.to_string()),
        },
    })
}

impl Fields for JsonRecord {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        let Some(Given::Values { values, .. }) = self.values.get(&key_of(field)) else {
            return Presence::Absent;
        };
        for value in values {
            match value {
                Owned::Plain(value) => out.push(*value),
                Owned::Text(text) => out.text(text),
                Owned::Bytes(text) => out.push(Value::Bytes(text.as_bytes())),
            };
        }
        Presence::Present
    }

    fn structured(&self, field: &Field, _: Value<'_>) -> Structured {
        match self.values.get(&key_of(field)) {
            Some(Given::Values { number: Some(number), .. }) => Structured::Number(*number),
            _ => Structured::Value,
        }
    }
}
