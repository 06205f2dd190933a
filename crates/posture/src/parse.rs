//! Parsers of the formats that repositories are written in: bytes in, typed values with positions out.
//!
//! They do no I/O, read no clock and judge nothing: a parser states what is there, rules say whether it is good.

mod asciidoc;
pub mod binary;
pub mod commit;
pub mod document;
mod html;
pub mod insights;
pub mod license;
mod markdown;
pub mod metadata;
pub mod owners;
pub mod problem;
mod restructured;
pub mod sbom;
mod shape;
pub mod text;
pub mod urls;
pub mod workflow;
