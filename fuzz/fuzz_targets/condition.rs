//! Any text as a condition: parsed, checked, compiled, run and explained.

#![no_main]

#[path = "../../crates/lang/tests/integration/surface.rs"]
mod surface;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(schema) = surface::schema() {
        surface::exercise(&schema, text);
    }
});
