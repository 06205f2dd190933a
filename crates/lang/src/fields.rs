//! What a condition is run over: [`Fields`] gives the values of one event or record, [`Values`] collects them without
//! allocating once warm, [`Presence`] says whether there was anything to collect.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::schema::Field;
use crate::value::{Type, Value};

/// Whether a field has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// The field has its value or, if it is a list, its values, of which there may be none.
    Present,
    /// The thing is not there: every comparison is false.
    Absent,
    /// Nobody could look: every comparison is unknown. Only for schemas that say so
    /// ([`Schema::may_be_unavailable`](crate::Schema::may_be_unavailable)); elsewhere it is taken as `Absent`.
    Unavailable,
}

/// One event or record, as its schema's fields.
///
/// ```
/// use eyrie_lang::{Field, Fields, Presence, Values};
///
/// struct File { path: String, size: u64 }
///
/// impl Fields for File {
///     fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
///         match field.name.as_ref() {
///             "file.path" => out.text(&self.path),
///             "file.size" => out.uint(self.size),
///             _ => Presence::Absent,
///         }
///     }
/// }
/// ```
///
/// Real implementations match on [`Field::id`], not on the name.
pub trait Fields {
    /// Appends the value or values of `field` to `out` and says whether there are any.
    ///
    /// Called at most once per field, argument and run. What was appended before anything but [`Presence::Present`] is
    /// returned is ignored.
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence;

    /// Writes the text in which `value`, extracted from `field`, is shown to a reader, and returns true; or returns false
    /// to have it shown in the way of its type. For values whose text is no property of the type: flags by name, times as
    /// dates.
    fn display(&self, field: &Field, value: Value<'_>, out: &mut String) -> bool {
        let _ = (field, value, out);
        false
    }

    /// How `value`, extracted from `field`, stands in structured output, such as the JSON of a finding. By default as it is,
    /// but flags and modes as they are shown.
    fn structured(&self, field: &Field, value: Value<'_>) -> Structured {
        let _ = value;
        Structured::of(field.ty)
    }
}

/// How a value stands in structured output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structured {
    /// A number as a number, a truth value as such, anything else as text.
    Value,
    /// As the text in which it is shown to a reader.
    Text,
    /// As this number in its place: a time that is shown as text, in nanoseconds since the Unix epoch.
    Number(u64),
}

impl Structured {
    /// How values of a type stand in structured output: as they are, but flags and modes as they are shown.
    pub fn of(ty: Type) -> Structured {
        match ty {
            Type::Flags8
            | Type::Flags16
            | Type::Flags32
            | Type::EnumFlags8
            | Type::EnumFlags16
            | Type::EnumFlags32
            | Type::Mode => Structured::Text,
            _ => Structured::Value,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Entry<'a> {
    Borrowed(Value<'a>),
    Text { start: usize, end: usize },
    Bytes { start: usize, end: usize },
}

/// The values that fields gave: borrowed where the field could lend, otherwise written into a buffer kept here.
///
/// The methods that append return [`Presence::Present`], so that an extraction can end with them.
#[derive(Debug, Default)]
pub struct Values<'a> {
    entries: Vec<Entry<'a>>,
    buffer: Vec<u8>,
}

impl<'a> Values<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a value.
    pub fn push(&mut self, value: Value<'a>) -> Presence {
        self.entries.push(Entry::Borrowed(value));
        Presence::Present
    }

    /// Appends a signed number.
    pub fn int(&mut self, value: i64) -> Presence {
        self.push(Value::Int(value))
    }

    /// Appends an unsigned number.
    pub fn uint(&mut self, value: u64) -> Presence {
        self.push(Value::Uint(value))
    }

    /// Appends a truth value.
    pub fn bool(&mut self, value: bool) -> Presence {
        self.push(Value::Bool(value))
    }

    /// Appends a floating point number.
    pub fn float(&mut self, value: f64) -> Presence {
        self.push(Value::Float(value))
    }

    /// Appends text that is lent.
    pub fn text(&mut self, value: &'a (impl AsRef<[u8]> + ?Sized)) -> Presence {
        self.push(Value::Text(value.as_ref()))
    }

    /// Appends bytes that are lent.
    pub fn bytes(&mut self, value: &'a [u8]) -> Presence {
        self.push(Value::Bytes(value))
    }

    /// Appends an address.
    pub fn ip(&mut self, value: IpAddr) -> Presence {
        self.push(Value::Ip(value))
    }

    /// Appends a network.
    pub fn net(&mut self, value: IpNet) -> Presence {
        self.push(Value::Net(value))
    }

    /// Appends each text of a list.
    pub fn texts<T: AsRef<[u8]> + ?Sized + 'a>(
        &mut self,
        values: impl IntoIterator<Item = &'a T>,
    ) -> Presence {
        for value in values {
            self.text(value);
        }
        Presence::Present
    }

    /// Appends the text if there is one; [`Presence::Absent`] otherwise.
    pub fn text_or_absent(&mut self, value: Option<&'a (impl AsRef<[u8]> + ?Sized)>) -> Presence {
        value.map_or(Presence::Absent, |value| self.text(value))
    }

    /// Appends text that has to be put together: `write` appends its bytes to the buffer.
    ///
    /// ```
    /// # use eyrie_lang::{Value, Values};
    /// let mut values = Values::new();
    /// values.written_text(|out| out.extend_from_slice(b"tar xf"));
    /// assert_eq!(values.get(0), Some(Value::Text(b"tar xf")));
    /// ```
    pub fn written_text(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Presence {
        let (start, end) = self.write(write);
        self.entries.push(Entry::Text { start, end });
        Presence::Present
    }

    /// Appends text that is formatted, as in `out.formatted_text(format_args!("{ip}:{port}"))`.
    pub fn formatted_text(&mut self, text: fmt::Arguments<'_>) -> Presence {
        self.written_text(|out| {
            // Writing to a vector of bytes does not fail.
            let _ = std::io::Write::write_fmt(out, text);
        })
    }

    /// Appends bytes that have to be put together: `write` appends them to the buffer.
    pub fn written_bytes(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Presence {
        let (start, end) = self.write(write);
        self.entries.push(Entry::Bytes { start, end });
        Presence::Present
    }

    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> (usize, usize) {
        let start = self.buffer.len();
        write(&mut self.buffer);
        (start.min(self.buffer.len()), self.buffer.len())
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value at `index`.
    pub fn get(&self, index: usize) -> Option<Value<'_>> {
        self.entries.get(index).map(|entry| self.resolve(entry))
    }

    /// All values in the order they were appended.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Value<'_>> + Clone {
        self.entries.iter().map(|entry| self.resolve(entry))
    }

    /// The values in this range of indices; what lies outside is left out.
    pub fn range(&self, start: usize, end: usize) -> impl ExactSizeIterator<Item = Value<'_>> + Clone {
        let end = end.min(self.entries.len());
        self.entries.get(start..end).unwrap_or_default().iter().map(|entry| self.resolve(entry))
    }

    /// Appends the values in this range of indices once more.
    pub(crate) fn repeat(&mut self, start: usize, end: usize) {
        let end = end.min(self.entries.len());
        if start < end {
            self.entries.extend_from_within(start..end);
        }
    }

    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.buffer.clear();
    }

    /// Forgets all values and hands the memory on to a collection with another lifetime.
    pub fn recycle<'b>(mut self) -> Values<'b> {
        self.clear();
        // The standard library collects in place here: the vector's memory is reused (a test counts allocations).
        #[expect(clippy::unnecessary_filter_map, reason = "`filter` cannot change the lifetime of the items")]
        let entries = self.entries.into_iter().filter_map(|_| None).collect();
        Values { entries, buffer: self.buffer }
    }

    fn resolve(&self, entry: &Entry<'a>) -> Value<'_> {
        match *entry {
            Entry::Borrowed(value) => value,
            Entry::Text { start, end } => Value::Text(self.buffer.get(start..end).unwrap_or_default()),
            Entry::Bytes { start, end } => Value::Bytes(self.buffer.get(start..end).unwrap_or_default()),
        }
    }
}
