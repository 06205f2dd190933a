//! Repository facts, check catalogues, scores and reports.

pub mod git;
pub mod parse;
pub mod report;
pub mod tree;
pub mod yaml;
