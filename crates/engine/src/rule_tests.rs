//! Unit tests for rules: given these fields, expect these findings. [`RuleTests`] is a file of them, [`RuleTests::run`] runs
//! them, and a [`Failure`] says which comparison made the difference.
//!
//! ```yaml
//! tests:
//!   - name: a shell in a container is found
//!     rules: [Shell in a container]       # whose findings count; if left out, all that are on
//!     given: {evt.type: execve, proc.name: bash, container.id: 3ad7b26ded6d}
//!     expect: [Shell in a container]
//!   - name: what is fetched and run is found once
//!     rules: Downloaded file is executed
//!     events:                             # several, with their times
//!       - {at: 0s, evt.type: openat, evt.is_open_write: true, proc.name: curl, fd.name: /tmp/x}
//!       - {at: 5s, evt.type: execve, proc.exepath: /tmp/x, proc.name: x}
//!     expect:
//!       - rule: Downloaded file is executed
//!         at: 5s                          # and, if they matter, when, the text, and fields
//!         fields: {proc.exepath: /tmp/x}
//! ```
//!
//! Fields that are not given are absent. Rules that files switch off are on for tests that name them, priorities do not
//! matter, and all rules that match are looked at, not only the first.

mod fail;
mod read;
mod run;

use std::time::Duration;

use eyrie_lang::diagnostic::Code;
use eyrie_lang::{Diagnostic, Schema, Span};

use crate::explain::Explained;
use crate::record::JsonRecord;

/// A file of rule tests cannot be read.
pub const BAD_TESTS: Code =
    Code::new("bad-rule-tests", "A file of rule tests is not written as it should be.");
/// A test names a rule that there is not.
pub const NO_SUCH_RULE: Code = Code::new("test-unknown-rule", "A test names a rule that there is not.");
/// An expected finding is missing.
pub const MISSING: Code = Code::new("test-missing-finding", "A finding that a test expects is not there.");
/// There is a finding that no test expects.
pub const UNEXPECTED: Code =
    Code::new("test-unexpected-finding", "There is a finding that a test does not expect.");
/// A finding says something else than expected.
pub const DIFFERENT: Code =
    Code::new("test-different-finding", "A finding says something else than a test expects.");

/// A file of rule tests.
#[derive(Clone, Debug, Default)]
pub struct RuleTests {
    /// In the order of the file.
    pub tests: Vec<RuleTest>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct RuleTest {
    /// What it is called.
    pub name: String,
    /// Where the file has it: its name.
    pub span: Span,
    /// The source of its events.
    pub source: String,
    /// The rules whose findings count; all that are on if there are none.
    pub rules: Vec<(String, Span)>,
    /// What happens.
    pub events: Vec<GivenEvent>,
    /// What is to be found.
    pub expect: Vec<Expected>,
}

/// An event of a test.
#[derive(Clone, Debug)]
pub struct GivenEvent {
    /// When it happens.
    pub at: Duration,
    /// Its fields.
    pub record: JsonRecord,
    /// Where the file has it.
    pub span: Span,
}

/// A finding that a test expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The rule.
    pub rule: String,
    /// When what it matches happens, if that matters.
    pub at: Option<Duration>,
    /// The text without time and priority, if it matters.
    pub output: Option<String>,
    /// Fields and their values as text, those that matter; nothing for a field that has no value.
    pub fields: Vec<(String, Option<String>)>,
    /// Where the file has it.
    pub span: Span,
}

/// What a test came to.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// What the test is called.
    pub name: String,
    /// Where the file has it.
    pub span: Span,
    /// What is not as expected; nothing if it passed.
    pub failures: Vec<Failure>,
}

impl TestResult {
    /// Whether everything is as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// What is not as a test expects.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The rule that it is about.
    pub rule: String,
    /// What is wrong, in the file of the tests; its help says which comparisons made the difference.
    pub diagnostic: Diagnostic,
    /// The rule's conditions over the event that came nearest, or that should not have matched: with the number of the event in
    /// the test.
    pub explained: Vec<(usize, Explained)>,
}

impl RuleTests {
    /// Reads a file of tests for events of these sources.
    ///
    /// # Errors
    /// With everything that is wrong with it; spans point into the text.
    pub fn parse<'s>(
        text: &str,
        sources: impl IntoIterator<Item = (&'s str, &'s dyn Schema)>,
    ) -> Result<Self, Vec<Diagnostic>> {
        read::tests(text, &sources.into_iter().collect::<Vec<_>>())
    }
}
