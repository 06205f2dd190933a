//! Repository facts, check catalogues, scores and reports.

pub mod report;
