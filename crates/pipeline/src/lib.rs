//! A running detection: events from a source, applied to what is known of the host, judged by rules.
//!
//! [`Replay`] is the detection over a capture file. What is asked of its events is a [rule set](eyrie_engine::RuleSet), a
//! [`Query`] (one condition) or [`Columns`] (fields of every event); [`Info`] says what is in a capture, and [`Cut`] makes a
//! smaller one. What rules mean is in `eyrie-engine`, reading in
//! `eyrie-sources`, the host in `eyrie-events`; how results are shown is for whoever runs this.
//!
//! ```text
//! Reader ──▶ Host::apply ──▶ EventRecord ──▶ SourceRules::judge ──▶ Finding
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cut;
mod head;
mod info;
mod query;
mod replay;
mod rules;
#[cfg(target_os = "linux")]
pub mod watch;

pub use cut::{Cut, CutError, CutSummary, Moment};
pub use info::{HeadCounts, Info, MAX_FORMATS, Usage};
pub use query::{Columns, Query, QueryError, every_field};
pub use replay::{Judge, Replay, Summary};
pub use rules::{build_rules, load_rules};

/// The source that system call events are of.
pub const SYSCALL: &str = "syscall";
