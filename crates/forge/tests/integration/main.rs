//! What a caller of the crate sees: recorded answers and addresses.

mod conformance;
mod recorded;
mod url;
