//! What rules may ask of system call events: the fields, by their numbers ([`id`]) and classes ([`FieldClass`]), made from
//! `fields/fields.tsv`, one line a field. [`SyscallSchema`] is what conditions are checked against. How a field is computed
//! is in the module of its class.

mod container;
mod evt;
mod fd;
mod fdlist;
mod fspath;
mod group;
mod process;
mod record;
mod schema;
mod thread;
mod user;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::IpAddr;

use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, Arity, FieldFlags};
use eyrie_lang::{Field, FieldId, FieldInfo, Fields, Presence, Structured, Type, Value, Values};

use crate::table::Format;
use crate::text;

pub use evt::extract_event;
pub use record::{EventRecord, Stream};
pub use schema::SyscallSchema;

/// What a field is about, as listings sort them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldClass {
    /// Any event of any source: its number, time and source.
    Event,
    /// The system call: its kind, parameters and result.
    Syscall,
    /// The process and thread that made it.
    Process,
    /// The process's user.
    User,
    /// The process's group.
    Group,
    /// The file descriptor that it opened, used or closed.
    Fd,
    /// The paths of calls on files.
    FsPath,
    /// The descriptors that `poll` waits for.
    Fdlist,
    /// Nothing of the event.
    Util,
    /// The process's container and pod, as Falco's plugin `container` gives them.
    Container,
}

impl FieldClass {
    /// A heading for listings.
    pub fn title(self) -> &'static str {
        match self {
            FieldClass::Event => "All events",
            FieldClass::Syscall => "System calls",
            FieldClass::Process => "Process and thread",
            FieldClass::User => "User",
            FieldClass::Group => "Group",
            FieldClass::Fd => "File descriptor",
            FieldClass::FsPath => "Paths of calls on files",
            FieldClass::Fdlist => "Descriptors of poll",
            FieldClass::Util => "Utilities",
            FieldClass::Container => "Container and pod",
        }
    }
}

/// What is known of a field besides its declaration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldAttributes {
    class: FieldClass,
    /// Shown with nine digits.
    padded: bool,
    /// Shown in hexadecimal.
    hex: bool,
}

include!(concat!(env!("OUT_DIR"), "/fields.rs"));

/// The source that system calls are of.
const SOURCE: &str = "syscall";

/// The fields of a class, with their numbers.
pub fn of_class(class: FieldClass) -> impl Iterator<Item = (FieldId, &'static FieldInfo)> {
    let all = (0_u32..).map(FieldId).zip(FIELDS).zip(ATTRIBUTES);
    all.filter(move |(_, attributes)| attributes.class == class).map(|(field, _)| field)
}

/// What a field is about; `None` for a number beyond the table.
pub fn class(id: FieldId) -> Option<FieldClass> {
    attributes(id).map(|attributes| attributes.class)
}

fn attributes(id: FieldId) -> Option<&'static FieldAttributes> {
    ATTRIBUTES.get(usize::try_from(id.0).ok()?)
}

impl Fields for EventRecord<'_> {
    fn extract<'v>(&'v self, field: &Field, out: &mut Values<'v>) -> Presence {
        let Some(attributes) = attributes(field.id) else { return Presence::Absent };
        match attributes.class {
            FieldClass::Syscall => evt::extract_syscall(self, field, out),
            FieldClass::Fd => fd::extract(self, field, out),
            FieldClass::Event => extract_event(self.event, self.stream, SOURCE, field, out),
            FieldClass::FsPath => fspath::extract(self, field, out),
            FieldClass::Fdlist => fdlist::extract(self, field, out),
            FieldClass::Util => out.uint(self.stream.count()),
            FieldClass::Process => process::extract(self, field, out),
            FieldClass::User => user::extract(self, field, out),
            FieldClass::Group => group::extract(self, field, out),
            FieldClass::Container => container::extract(self, field, out),
        }
    }

    fn structured(&self, field: &Field, _: Value<'_>) -> Structured {
        match field.id {
            id::EVT_TIME
            | id::EVT_TIME_S
            | id::EVT_TIME_ISO8601
            | id::EVT_DATETIME
            | id::EVT_DATETIME_S
            | id::EVT_OUTPUTTIME => Structured::Number(self.event.time),
            id::FD_DEV => Structured::Text,
            id::EVT_RAWARG => match evt::format_of(self, field) {
                Some(Format::Hex | Format::Oct) => Structured::Text,
                _ => Structured::Value,
            },
            _ => Structured::of(field.ty),
        }
    }

    fn display(&self, field: &Field, value: Value<'_>, out: &mut String) -> bool {
        // Writing to a string does not fail.
        match (field.id, value) {
            (id::EVT_BUFFER, _) => evt::show_buffer(self, out),
            (id::EVT_RAWARG, _) => evt::show_raw(self, field, value, out),
            (_, Value::Float(number)) => {
                let _ = write!(out, "{number:.1}");
                true
            }
            (_, Value::Ip(IpAddr::V6(address))) => {
                let mut bytes = Vec::new();
                text::address::write_ipv6(address, &mut bytes);
                out.push_str(&String::from_utf8_lossy(&bytes));
                true
            }
            _ => show_number(field.id, value, out),
        }
    }
}

/// Writes a number as the field shows it, where that is not plain decimal; false if it is.
fn show_number(id: FieldId, value: Value<'_>, out: &mut String) -> bool {
    let number = match value {
        Value::Uint(number) => number,
        // As many digits as the type has: the only such field is four bytes wide.
        Value::Int(number) => u64::from(number as u32),
        _ => return false,
    };
    let Some(FieldAttributes { padded, hex, .. }) = attributes(id) else { return false };
    // Writing to a string does not fail.
    if *padded {
        let _ = write!(out, "{number:09}");
    } else if *hex {
        let _ = write!(out, "{number:X}");
    }
    *padded || *hex
}
