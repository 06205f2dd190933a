//! What can be asked of events besides rules: a [`Query`], which is one condition, and [`Columns`], fields of an event.

use std::borrow::Cow;

use eyrie_engine::output::{OutputFormat, Style, render_value};
use eyrie_engine::rules::Loader;
use eyrie_engine::ruleset::{BuildError, Matching, RuleSet, RuleSetOptions};
use eyrie_engine::{Event as Judged, Finding, JudgeScratch};
use eyrie_events::{EventRecord, SyscallSchema};
use eyrie_lang::{ArgumentPolicy, Compiler, Diagnostic, Program, Schema, Scratch, ValueId};

use crate::SYSCALL;

/// Why something cannot be asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The text has mistakes, which point into it.
    #[error("{}", .problems.first().map_or("it has mistakes", |problem| &problem.title))]
    Text {
        /// What was written.
        text: String,
        /// What is wrong with it.
        problems: Vec<Diagnostic>,
    },
    /// Falco does not take it as a rule's condition.
    #[error("{0}")]
    Refused(String),
}

impl QueryError {
    fn mistaken(text: &str, problems: Vec<Diagnostic>) -> Self {
        QueryError::Text { text: text.to_string(), problems }
    }
}

/// One condition, asked of events as Falco asks a rule's.
#[derive(Debug)]
pub struct Query {
    set: RuleSet,
    scratch: JudgeScratch,
}

impl Query {
    /// Compiles a condition, with the format in which what it matches is told.
    ///
    /// # Errors
    /// With everything that is wrong with either.
    pub fn new(condition: &str, output: &str) -> Result<Query, QueryError> {
        let schema = SyscallSchema::new();
        let mut compiler = Compiler::new(&schema);
        compiler.add(condition).map_err(|problems| QueryError::mistaken(condition, problems))?;
        OutputFormat::compile(output, &mut compiler)
            .map_err(|problems| QueryError::mistaken(output, problems))?;
        // Falco's rules are sorted by kinds of events, and that can decide: so it is made a rule.
        let mut loader = Loader::new([(SYSCALL, &schema as &dyn Schema)]);
        let rule = format!(
            "- {{rule: query, desc: query, priority: DEBUG, condition: {}, output: {}}}",
            quoted(condition),
            quoted(output)
        );
        loader.load("query", rule.as_bytes());
        let loaded = loader.finish();
        if let Some(problem) = loaded.reports.iter().flat_map(|report| &report.errors).next() {
            return Err(QueryError::Refused(problem.message().to_string()));
        }
        let options = RuleSetOptions { matching: Matching::All, ..RuleSetOptions::default() };
        let set = RuleSet::build(&loaded.rules, [(SYSCALL, &schema as &dyn Schema)], &options)
            .map_err(|error: Box<BuildError>| QueryError::Refused(error.to_string()))?;
        Ok(Query { set, scratch: JudgeScratch::new() })
    }

    /// What it finds in an event, if it matches.
    pub fn ask(&mut self, record: &EventRecord<'_>) -> Option<Finding> {
        let rules = self.set.source(SYSCALL)?;
        let event = Judged { kind: record.event.ty.into(), time: record.event.time, fields: record };
        let mut found = None;
        rules.judge(&event, &mut self.scratch, |finding| found = Some(finding));
        found
    }
}

/// A text in double quotes, as YAML reads it.
fn quoted(text: &str) -> Cow<'static, str> {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out.into()
}

/// Fields of every event, as text.
#[derive(Debug)]
pub struct Columns {
    program: Program,
    names: Vec<String>,
    values: Vec<ValueId>,
    scratch: Scratch,
    text: String,
}

impl Columns {
    /// Compiles fields, or transformers over them, as `%` would be followed by in an output.
    ///
    /// # Errors
    /// With everything that is wrong with the first that has a mistake.
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Columns, QueryError> {
        let schema = SyscallSchema::new();
        let mut compiler = Compiler::new(&schema);
        let (mut kept, mut values) = (Vec::new(), Vec::new());
        for name in names {
            let name = name.as_ref();
            let format = format!("%{name}");
            let compiled = OutputFormat::compile(&format, &mut compiler)
                .map_err(|problems| QueryError::mistaken(&format, problems))?;
            let Some(value) = compiled.sole_value() else {
                // The longest name that is a field is taken, and the rest would be text.
                return Err(QueryError::Refused(format!("there is no field `{name}`")));
            };
            values.push(value);
            kept.push(name.to_string());
        }
        Ok(Columns {
            program: compiler.finish(),
            names: kept,
            values,
            scratch: Scratch::new(),
            text: String::new(),
        })
    }

    /// What they are called, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Calls `each` with the text of every column; `None` where the event has no value.
    pub fn texts(&mut self, record: &EventRecord<'_>, mut each: impl FnMut(usize, Option<&str>)) {
        let mut run = self.program.start(record, &mut self.scratch);
        for (at, value) in self.values.iter().enumerate() {
            self.text.clear();
            let there = render_value(&mut run, *value, Style::default(), &mut self.text);
            each(at, there.then_some(self.text.as_str()));
        }
    }
}

/// The names of all fields of system calls that need no argument, in the order of the schema.
pub fn every_field() -> Vec<String> {
    let schema = SyscallSchema::new();
    let fields = schema.fields().iter().filter(|field| {
        !field.flags.hidden
            && !field.flags.deprecated
            && !matches!(field.argument, ArgumentPolicy::Required(_))
    });
    fields.map(|field| field.name.to_string()).collect()
}
