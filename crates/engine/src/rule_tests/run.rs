//! Runs tests: judges their events and compares what is found with what is expected.

use std::time::Duration;

use eyrie_lang::{Diagnostic, Schema, closest};

use super::{
    DIFFERENT, Expected, Failure, MISSING, NO_SUCH_RULE, RuleTest, RuleTests, TestResult, UNEXPECTED, fail,
};
use crate::finding::{FieldValue, Finding};
use crate::rules::{Rules, duration_text};
use crate::ruleset::{BuildError, Event, JudgeScratch, Matching, RuleSet, RuleSetOptions, Selection};

/// When tests begin: 2026-01-01 in UTC.
const START: Duration = Duration::from_secs(1_767_225_600);

impl RuleTests {
    /// Runs all tests with these rules.
    ///
    /// # Errors
    /// If a rule does not compile, which cannot be if the rules were loaded for these schemas.
    pub fn run<'s>(
        &self,
        rules: &Rules,
        sources: impl IntoIterator<Item = (&'s str, &'s dyn Schema)>,
    ) -> Result<Vec<TestResult>, Box<BuildError>> {
        let sources: Vec<(&str, &dyn Schema)> = sources.into_iter().collect();
        let options = RuleSetOptions {
            selections: vec![Selection::enable_rule("*")],
            matching: Matching::All,
            ..RuleSetOptions::default()
        };
        let set = RuleSet::build(rules, sources.iter().copied(), &options)?;
        let mut scratch = JudgeScratch::new();
        self.tests
            .iter()
            .map(|test| {
                let schema = sources.iter().find(|(name, _)| *name == test.source).map(|(_, schema)| *schema);
                let running = Running { test, rules, set: &set, schema };
                let failures = running.failures(&mut scratch)?;
                Ok(TestResult { name: test.name.clone(), span: test.span, failures })
            })
            .collect()
    }
}

/// A test while it runs.
pub(super) struct Running<'r> {
    pub(super) test: &'r RuleTest,
    pub(super) rules: &'r Rules,
    set: &'r RuleSet,
    pub(super) schema: Option<&'r dyn Schema>,
}

/// A finding, and after which event it was told.
struct Told {
    event: usize,
    finding: Finding,
}

impl Running<'_> {
    fn failures(&self, scratch: &mut JudgeScratch) -> Result<Vec<Failure>, Box<BuildError>> {
        let unknown: Vec<Failure> = self.unknown_rules();
        if !unknown.is_empty() {
            return Ok(unknown);
        }
        let mut told: Vec<Option<Told>> = self.judge(scratch).into_iter().map(Some).collect();
        let mut failures = Vec::new();
        for expected in &self.test.expect {
            let fits = |told: &Told| {
                told.finding.rule.name == expected.rule
                    && expected.at.is_none_or(|at| time(at) == told.finding.time)
            };
            let found = told.iter_mut().find(|told| told.as_ref().is_some_and(&fits)).and_then(Option::take);
            match found {
                Some(found) => failures.extend(different(expected, &found.finding)),
                None => {
                    let when = expected.at.map(|at| format!(" at {}", duration_text(at))).unwrap_or_default();
                    let title = format!("the rule `{}` finds nothing{when}", expected.rule);
                    let diagnostic = Diagnostic::error(MISSING, expected.span, title);
                    failures.push(fail::missing(self, expected, diagnostic)?);
                }
            }
        }
        for Told { event, finding } in told.into_iter().flatten() {
            let name = &finding.rule.name;
            let span = self.test.events.get(event).map_or(self.test.span, |event| event.span);
            let title =
                format!("the rule `{name}` finds something that is not expected: {}", finding.message);
            let diagnostic = Diagnostic::error(UNEXPECTED, span, title);
            failures.push(fail::unexpected(self, name, event, diagnostic)?);
        }
        Ok(failures)
    }

    fn judge(&self, scratch: &mut JudgeScratch) -> Vec<Told> {
        let mut told = Vec::new();
        let Some(source) = self.set.source(&self.test.source) else { return told };
        source.forget();
        for (number, given) in self.test.events.iter().enumerate() {
            let kind = given.record.kind().unwrap_or(eyrie_lang::Kind(0));
            let event = Event { kind, time: time(given.at), fields: &given.record };
            source.judge(&event, scratch, |finding| told.push(Told { event: number, finding }));
        }
        let last = self.test.events.len().saturating_sub(1);
        source.finish(|finding| told.push(Told { event: last, finding }));
        told.retain(|told| self.counts(&told.finding.rule.name));
        told
    }

    /// Whether findings of this rule count in the test.
    fn counts(&self, rule: &str) -> bool {
        if !self.test.rules.is_empty() {
            return self.test.rules.iter().any(|(name, _)| name == rule);
        }
        let rules = self.rules.rules.iter().map(|rule| (&rule.name, rule.enabled));
        let mut rules = rules.chain(self.rules.memory.iter().map(|rule| (&rule.name, rule.enabled)));
        rules.any(|(name, on)| name == rule && on)
            || self.test.expect.iter().any(|expected| expected.rule == rule)
    }

    fn unknown_rules(&self) -> Vec<Failure> {
        let names = || {
            let rules = self.rules.rules.iter().map(|rule| rule.name.as_str());
            rules.chain(self.rules.memory.iter().map(|rule| rule.name.as_str()))
        };
        let named = self.test.rules.iter().map(|(name, span)| (name, *span));
        let mut all: Vec<_> =
            named.chain(self.test.expect.iter().map(|expected| (&expected.rule, expected.span))).collect();
        all.retain(|(wanted, _)| !names().any(|name| name == *wanted));
        all.into_iter()
            .map(|(wanted, span)| {
                let meant = closest(wanted, names()).map(|meant| format!("did you mean `{meant}`?"));
                let title = format!("there is no rule `{wanted}`");
                let diagnostic = Diagnostic::error(NO_SUCH_RULE, span, title).with_help_if(meant);
                Failure { rule: wanted.clone(), diagnostic, explained: Vec::new() }
            })
            .collect()
    }
}

fn time(at: Duration) -> u64 {
    u64::try_from((START + at).as_nanos()).unwrap_or(u64::MAX)
}

/// How a finding differs from what is expected.
fn different(expected: &Expected, finding: &Finding) -> Vec<Failure> {
    let failure = |title: String, help: Option<String>| Failure {
        rule: expected.rule.clone(),
        diagnostic: Diagnostic::error(DIFFERENT, expected.span, title).with_help_if(help),
        explained: Vec::new(),
    };
    let mut failures = Vec::new();
    if let Some(output) = expected.output.as_ref().filter(|output| **output != finding.message) {
        let title = format!("the rule `{}` says something else", expected.rule);
        failures.push(failure(title, Some(format!("expected: {output}\n   found: {}", finding.message))));
    }
    for (name, value) in &expected.fields {
        let shown = value.as_ref().map_or("none".to_string(), |value| format!("`{value}`"));
        match finding.field(name) {
            None => {
                let names: Vec<&str> = finding.fields.iter().map(|(name, _)| &**name).collect();
                let help = format!("a finding has the fields of its output: {}", names.join(", "));
                failures.push(failure(format!("the finding has no field `{name}`"), Some(help)));
            }
            Some(found) if text(found) != *value => {
                let title = match text(found) {
                    Some(found) => format!("`{name}` is `{found}`, and {shown} is expected"),
                    None => format!("`{name}` has no value, and {shown} is expected"),
                };
                failures.push(failure(title, None));
            }
            Some(_) => {}
        }
    }
    failures
}

fn text(value: &FieldValue) -> Option<String> {
    Some(match value {
        FieldValue::Absent => return None,
        FieldValue::Bool(value) => value.to_string(),
        FieldValue::Int(value) => value.to_string(),
        FieldValue::Uint(value) => value.to_string(),
        FieldValue::Float(value) => value.to_string(),
        FieldValue::Text(text) => text.clone(),
        FieldValue::List(items) => {
            format!("({})", items.iter().filter_map(text).collect::<Vec<_>>().join(","))
        }
    })
}
