//! Rules over events and facts.
//!
//! Rule files are loaded by a [`rules::Loader`]; what they come to is built into a [`RuleSet`], which judges events and reports
//! [`Finding`]s; an [`AlertFormat`] writes those as Falco does. [`OutputFormat`] puts the values of fields into the text of a
//! finding. What fields there are is described by an [`eyrie_lang::Schema`]; nothing here knows events or repositories.
//!
//! ```text
//! files ── rules::Loader ──▶ rules::Rules ── RuleSet::build ──▶ SourceRules ── judge(Event) ──▶ Finding ── AlertFormat ──▶ line
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod alert;
pub mod append_output;
pub mod explain;
pub mod finding;
pub mod live;
pub mod memory;
pub mod output;
pub mod priority;
pub mod record;
pub mod rule_tests;
pub mod rules;
pub mod ruleset;
pub mod static_fields;

pub use alert::{Alert, AlertFormat};
pub use append_output::{AppendOutput, ExtraField};
pub use explain::Explained;
pub use finding::{FieldValue, Finding, RuleId, RuleInfo};
pub use live::LiveRules;
pub use memory::MemoryStats;
pub use output::OutputFormat;
pub use priority::Priority;
pub use record::{JsonRecord, RecordError};
pub use rule_tests::{RuleTests, TestResult};
pub use ruleset::{
    BuildError, Event, JudgeScratch, Matching, RuleSet, RuleSetOptions, SelectedBy, Selection, SourceRules,
};
pub use static_fields::{StaticFields, WithStaticFields};
