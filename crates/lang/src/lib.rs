//! Falco's condition language: conditions over the fields of a [`Schema`].
//!
//! A condition (`evt.type = open and fd.name startswith /etc`) is parsed, checked against a [`Schema`], compiled together
//! with all others of its kind, and run over the [`Fields`] of an event or record. This crate knows neither events nor
//! YAML nor repositories: whoever has fields describes them with a [`Schema`] (for a fixed table: [`StaticSchema`])
//! and gives their values through [`Fields`].
//!
//! A [`Compiler`] turns conditions into a [`Program`]; [`Program::start`] runs them over one event or record and gives a
//! [`Verdict`]. What a user got wrong is said with a [`Diagnostic`].
//!
//! ```text
//! text ── lists ──▶ parse ──▶ ast::Expr ── macros ──▶ check against Schema ──▶ arena of operands, atoms, nodes ──▶ Program
//! Program + Fields + Scratch ──▶ Run ──▶ Verdict, missing fields
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arena;
pub mod ast;
mod check;
pub mod codes;
mod compiler;
pub mod diagnostic;
mod explain;
pub mod fields;
pub mod index;
mod kinds;
pub mod lists;
mod literal;
mod matching;
pub mod parse;
mod program;
mod run;
pub mod schema;
mod service;
mod suggest;
pub mod value;

pub use arena::AtomId;
pub use compiler::{Added, Compiler};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use explain::{AtomExplanation, Explanation, FieldExplanation};
pub use fields::{Fields, Presence, Structured, Values};
pub use index::{Candidates, Index};
pub use kinds::KindSet;
pub use program::{ByKind, ConditionId, Program, ValueId, Verdict};
pub use run::{Run, Scratch};
pub use schema::{
    Argument, ArgumentKind, ArgumentPolicy, Arity, Discriminant, Field, FieldError, FieldFlags, FieldId,
    FieldInfo, Kind, Schema, SchemaError, StaticSchema,
};
pub use service::service_port;
pub use suggest::closest;
pub use value::{Class, Type, Value, Width};
