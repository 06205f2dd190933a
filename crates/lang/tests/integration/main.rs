//! Tests of the language through its public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]
mod diagnostics;
mod explain;
mod memory;
mod mutated;
mod oracle;
mod record;
mod semantics;
mod surface;
mod syntax;
mod table;
