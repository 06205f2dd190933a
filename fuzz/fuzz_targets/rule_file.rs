//! Any bytes as a rule file, and as a second one after a file that is fine.

#![no_main]

#[allow(dead_code, reason = "only the schema is used here")]
#[path = "../../crates/lang/tests/integration/surface.rs"]
mod surface;

use eyrie_engine::rules::Loader;
use eyrie_lang::Schema;
use eyrie_lang::diagnostic::RenderStyle;

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

const LAST: &[u8] = b"- list: l
  items: [c]
  override: {items: append}
- rule: A
  condition: or proc.name = x
  override: {condition: append}
";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(schema) = surface::schema() else { return };
    let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
    loader.load("first.yaml", FIRST);
    loader.load("second.yaml", bytes);
    loader.load("third.yaml", LAST);
    let loaded = loader.finish();
    for problem in loaded.problems() {
        assert!(!problem.locations.is_empty());
        let file = &loaded.files[problem.file];
        let spans = problem.diagnostic.labels.iter().map(|label| label.span).chain([problem.diagnostic.span]);
        for span in spans {
            assert!(file.text.get(span.start..span.end).is_some(), "{problem:?}");
        }
        assert!(!problem.render(&loaded.files, RenderStyle::default()).is_empty());
    }
    assert_eq!(loaded.is_ok(), loaded.reports.iter().all(|report| report.errors.is_empty()));
});
