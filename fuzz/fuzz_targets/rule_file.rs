//! Any bytes as a rule file, and as a second one after a file that is fine.

#![no_main]

#[allow(dead_code, reason = "only the schema is used here")]
#[path = "../../crates/lang/tests/integration/surface.rs"]
mod surface;

use eyrie_engine::rules::Loader;
use eyrie_lang::Schema;

const FIRST: &[u8] = b"- list: l
  items: [a, b]
- macro: m
  condition: evt.type = open
- rule: A
  desc: d
  condition: m and proc.name in (l)
  output: '%proc.name'
  priority: INFO
";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(schema) = surface::schema() else { return };
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
    loader.load("first.yaml", FIRST);
    let report = loader.load("second.yaml", bytes);
    for problem in report.errors.iter().chain(&report.warnings) {
        assert!(!problem.locations.is_empty());
    }
});
