//! Repositories to measure Eyrie with.
//!
//! [`Plan`] says how large one is to be, [`Plan::write`] makes it: the same files and messages for the same plan, on
//! every machine, without network and without a git program. What is measured on it is in `benches/`.

mod synthetic;

pub use synthetic::{Error, Plan};
