//! Tests of the crate from outside.

mod catalog;
mod conformance;
mod fixture;
mod history;
