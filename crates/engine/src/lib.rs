//! Rules over events and facts.
//!
//! [`OutputFormat`] puts the values of fields into the text of a finding. What fields there are is described by an
//! [`eyrie_lang::Schema`]; nothing here knows events or repositories.

pub mod append_output;
pub mod output;
pub mod rules;

pub use append_output::{AppendOutput, ExtraField};
pub use output::OutputFormat;
