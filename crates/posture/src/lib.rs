//! Repository facts, check catalogues, scores and reports.

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
