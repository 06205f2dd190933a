//! Any bytes as events: decoded, applied to a machine, and asked for every field and the text of every parameter.

#![no_main]

#[path = "../../crates/events/tests/integration/surface.rs"]
mod surface;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| surface::exercise_bytes(bytes));
