//! Whole detections.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod conformance;
mod fixture;
mod hostile;
mod replaying;
mod shipped;
