//! How a report is drawn: one file per format, each a pure function of the report and its options to a writer.
//!
//! What lives here beside the formats is what they share: [`PassScore`], the groupings in [`digest`], the layout of
//! a history in [`timeline`] and the treatment of foreign text in [`text`]. What a verdict is and how it is counted is in
//! `eyrie-posture`; nothing here reads a file, the clock or the environment.

pub mod badge;
pub mod capture;
pub mod coverage;
pub mod digest;
pub mod html;
pub mod json;
pub mod markdown;
pub mod sarif;
pub mod terminal;
pub mod text;
pub mod timeline;

mod pass_score;

pub use pass_score::{PassScore, PassScoreError};
