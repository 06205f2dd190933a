//! Falco's condition language: conditions over the fields of a [`Schema`].
//!
//! A condition (`evt.type = open and fd.name startswith /etc`) is parsed, checked against a [`Schema`], compiled together
//! with all others of its kind, and run over the [`Fields`] of an event or record. This crate knows neither events nor
//! YAML nor repositories: whoever has fields describes them with a [`Schema`] (for a fixed table: [`StaticSchema`])
//! and gives their values through [`Fields`].
//!
//! What a user got wrong is said with a [`Diagnostic`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod diagnostic;
pub mod fields;
pub mod schema;
mod service;
pub mod value;

pub use diagnostic::{Diagnostic, Severity, Span};
pub use fields::{Fields, Presence, Values};
pub use schema::{
    Argument, ArgumentKind, ArgumentPolicy, Arity, Discriminant, Field, FieldError, FieldFlags, FieldId,
    FieldInfo, Kind, Schema, SchemaError, StaticSchema,
};
pub use service::service_port;
pub use value::{Class, Type, Value, Width};
