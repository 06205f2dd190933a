//! Captures that were recorded on real machines and what Falco 0.45 says of them: every event's fields, and the alerts of its
//! rules. The folder is beside the workspace; without it these tests say so and pass.
//!
//! `cargo nextest run -p eyrie-pipeline --no-capture fields_of_mixed` prints, for each field, how many values are equal.

mod alerts;
mod cuts;
mod fields;
mod filters;
mod outputs;
mod replays;

use std::path::PathBuf;

/// A folder of the conformance data, if it is there.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/conformance")
        .join(name)
        .canonicalize();
    if folder.is_err() {
        eprintln!("skipped: there is no ../shared/conformance/{name} beside the workspace");
    }
    folder.ok()
}
