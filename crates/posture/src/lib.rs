//! Repository facts, check catalogues, scores and reports.
