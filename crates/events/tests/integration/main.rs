//! The crate as its users see it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod building;
mod convert;
mod fields;
mod process_fields;
mod state;
mod surface;
mod table;
mod text;
