//! A running detection: events from a source, applied to what is known of the host, judged by rules.
//!
//! [`Replay`] is the detection over a capture file. What is asked of its events is a [rule set](eyrie_engine::RuleSet), a
//! [`Query`] (one condition) or [`Columns`] (fields of every event). What rules mean is in `eyrie-engine`, reading in
//! `eyrie-sources`, the host in `eyrie-events`; how results are shown is for whoever runs this.
//!
//! ```text
//! Reader ──▶ Host::apply ──▶ EventRecord ──▶ SourceRules::judge ──▶ Finding
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod head;
mod query;
mod replay;
mod rules;

pub use query::{Columns, Query, QueryError, every_field};
pub use replay::{Replay, Summary};
pub use rules::{BUILT_IN_PLUGINS, build_rules, load_rules};

/// The source that system call events are of.
pub const SYSCALL: &str = "syscall";
