//! The `eyrie` command: arguments, rendering, exit codes.
//!
//! What lives here is the command's face: [`args`] is what was typed, [`render`] draws a report, [`exit`] says what
//! the command's exit codes mean. Verdicts, scores and fixes are made in `eyrie-posture`; this crate decides nothing
//! about a repository. It is a library so that tests can call its renderings; other programs should use
//! `eyrie-posture`.

pub mod args;
pub mod assess;
mod capture;
mod catalog;
mod environment;
pub mod error;
pub mod exit;
mod fix;
mod forge;
pub mod interrupt;
pub mod output;
pub mod patch;
mod present;
mod progress;
#[cfg(target_os = "linux")]
mod record;
pub mod register;
pub mod render;
mod replay;
mod rules;
mod run;
pub mod screen;
#[cfg(target_os = "linux")]
mod watch;

pub use error::Error;
pub use run::run;
