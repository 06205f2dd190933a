//! How the register behaves, seen from outside.

// Clippy's exception for tests does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod criteria;
mod files;
mod fixture;
mod invariants;
mod log;
mod policies;
mod projects;
mod proposal;
mod store;
mod votes;
