//! Tests of what lies between a file and its events.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[cfg(target_os = "linux")]
mod live;
mod old;
mod recorded;
mod written;
