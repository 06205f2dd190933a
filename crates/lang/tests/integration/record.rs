//! A record made from a table, and helpers to run conditions over it.

use std::collections::HashMap;
use std::net::IpAddr;

use eyrie_lang::{Compiler, Field, Fields, Presence, Program, Schema, Scratch, Value, Values, Verdict};

/// A value that a test gives a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Ip(IpAddr),
    /// Several values, or none.
    Many(Vec<Given>),
    Unavailable,
}

impl Given {
    pub(crate) fn push<'a>(&'a self, out: &mut Values<'a>) -> Presence {
        match self {
            Given::Bool(b) => out.bool(*b),
            Given::Int(n) => out.int(*n),
            Given::Uint(n) => out.uint(*n),
            Given::Float(n) => out.float(*n),
            Given::Text(t) => out.text(t),
            Given::Bytes(b) => out.bytes(b),
            Given::Ip(ip) => out.push(Value::Ip(*ip)),
            Given::Many(all) => {
                for one in all {
                    one.push(out);
                }
                Presence::Present
            }
            Given::Unavailable => Presence::Unavailable,
        }
    }
}

/// Values by field, as `name` or `name[argument]`; what is not in the table is absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record(pub(crate) HashMap<String, Given>);

impl Record {
    pub(crate) fn new(values: impl IntoIterator<Item = (&'static str, Given)>) -> Self {
        Record(values.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }
}

impl Fields for Record {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        match self.0.get(&field.to_string()) {
            Some(given) => given.push(out),
            None => Presence::Absent,
        }
    }
}

pub(crate) fn text(text: &str) -> Given {
    Given::Text(text.to_string())
}

pub(crate) fn texts(all: &[&str]) -> Given {
    Given::Many(all.iter().map(|one| text(one)).collect())
}

/// A program of one condition.
pub(crate) fn compiled(schema: &dyn Schema, condition: &str) -> Program {
    let mut compiler = Compiler::new(schema);
    if let Err(problems) = compiler.add(condition) {
        panic!("{condition}: {problems:?}");
    }
    compiler.finish()
}

pub(crate) fn verdict(schema: &dyn Schema, condition: &str, record: &Record) -> Verdict {
    let program = compiled(schema, condition);
    let id = program.conditions().next().unwrap();
    program.run(id, record, &mut Scratch::new())
}
