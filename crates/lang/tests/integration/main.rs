//! Tests of the language through its public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod explain;
mod oracle;
mod record;
mod semantics;
