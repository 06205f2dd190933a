//! Judges repositories by evidence: facts about them, catalogues of checks, verdicts, scores, history, fixes, and the
//! report as data.
//!
//! The way through: [`assess::assess`] takes folders with what is known beside them, and gives a [`report::Report`]. In
//! between, [`facts::Facts`] has the records of one repository at one commit, read when somebody asks;
//! [`catalog::Catalog`] is the checks, read from YAML and compiled to programs of the condition language;
//! [`judge::Judge`] applies one to the other.
//!
//! Nothing here draws, clones, asks a forge, or reads the clock: "now" and the forge's answers are given. No check is
//! known by name; a new one is an entry of a catalogue.

pub mod assess;
pub mod catalog;
pub mod facts;
pub mod fix;
pub mod git;
pub mod history;
pub mod judge;
pub mod kind;
pub mod parse;
pub mod record;
pub mod report;
pub mod score;
pub mod scorecard;
pub mod tree;
pub mod yaml;
