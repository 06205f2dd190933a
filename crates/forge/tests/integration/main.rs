//! What a caller of the crate sees: answers live and recorded, clones, addresses.

// Clippy's exception for tests does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod clone;
mod conformance;
mod github;
mod record;
mod recorded;
mod server;
mod tls;
mod url;
