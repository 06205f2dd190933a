//! Repositories and rules to measure Eyrie with.
//!
//! [`rules`](rules::rules) writes a rule file of any size in the manner of detection rules. [`Plan`] says how large one is to be, [`Plan::write`] makes it: the same files and messages for the same plan, on
//! every machine, without network and without a git program. What is measured on it is in `benches/`.

pub mod rules;
mod synthetic;
pub mod trace;

pub use synthetic::{Error, Plan};
