//! Tests of what lies between a file and its events.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod fields;
mod filters;
mod old;
mod recorded;
mod written;
