//! What a user of the `eyrie` command sees.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "helpers of tests are tests")]

mod assess;
#[path = "../../../pipeline/tests/integration/fixture.rs"]
mod captured;
mod checks;
mod command;
mod fix;
mod fixture;
mod forge;
mod formats;
mod html;
mod markdown;
mod patch;
mod replay;
mod requirements;
mod rules;
mod terminal;
mod walkthrough;
