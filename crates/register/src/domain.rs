//! What a register knows and how it follows from its log. Pure: nothing here reads a clock, a file or a database.
//!
//! A [`fact::Fact`] says what happened; the [`log::Log`] keeps facts in a chain of hashes; [`state::replay`] derives the
//! [`state::State`] by the [`policy::Policy`] in force on each day; [`register::Register`] is the one way to add to a log.

pub mod date;
pub mod fact;
pub mod id;
pub mod log;
pub mod order;
pub mod policy;
pub mod register;
pub mod state;
pub mod vote;
