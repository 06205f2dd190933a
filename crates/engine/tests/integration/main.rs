//! Tests of the engine through its public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod alerts;
mod bad_input;
mod conditions;
mod falco;
mod lint;
mod loading;
mod memory;
mod output;
mod record;
mod rule_files;
mod rule_tests;
mod ruleset;
mod shipped;
mod whole_files;
