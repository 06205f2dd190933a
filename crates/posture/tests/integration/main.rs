//! Tests of the crate from outside.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed"
)]

mod catalog;
mod conformance;
mod fix;
mod fixture;
mod history;
mod scorecard_rules;
mod unreadable;
