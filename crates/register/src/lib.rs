//! A foundation's register: projects and their stages, policies as data, votes, reviews, campaigns, kept and explained.
//!
//! [`domain`] is what is known and how it follows from an append-only log; it is pure. [`store`] keeps the log in SQLite or
//! PostgreSQL, [`files`] in a folder of YAML and Markdown. Nothing here prints, reads the clock or the environment, or looks at
//! repositories: who adds an evaluation brings it along.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod catalogs;
pub mod domain;
pub mod files;
pub mod proposal;
pub mod store;
