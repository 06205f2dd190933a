//! `eyrie replay`: a capture through rules, or its events.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use eyrie_engine::rules::{BUILT_IN_PLUGINS, Problem};
use eyrie_engine::ruleset::{Matching, RuleSet, RuleSetOptions};
use eyrie_engine::{AlertFormat, FieldValue, Finding, Priority};
use eyrie_events::EventRecord;
use eyrie_lang::diagnostic::{RenderStyle, Source, render};
use eyrie_pipeline::{
    Columns, Judge, Query, QueryError, Replay, Summary, build_rules, every_field, load_rules,
};
use eyrie_sources::capture::ReadError;

use crate::args::replay::{EventFormat, ReplayArgs, RuleMatching};
use crate::catalog::diagnostic_style;
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::digest::count_of;
use crate::render::text::visible;
use crate::rules::files::gather;

/// How events are shown if nothing else is asked.
const EVENTS: &str = "%evt.num %evt.time %evt.cpu %proc.name (%thread.tid) %evt.type %evt.args";

/// A condition that every event meets.
const EVERY_EVENT: &str = "evt.num exists";

/// Does it.
pub(crate) fn run(args: &ReplayArgs) -> Result<Exit, Error> {
    let style = diagnostic_style(&args.screen);
    let mut shown = Shown::of(args, style)?;
    let mut replay = open(&args.capture)?.with_hostname(hostname(args));
    if args.strict_compat {
        replay = replay.strict();
    }
    let stdout = io::stdout().lock();
    let mut out = Lines {
        out: BufWriter::with_capacity(64 * 1024, stdout),
        // Whoever feeds a pipe wants to see what it comes to.
        at_once: args.capture.as_os_str() == "-",
        failed: None,
    };
    let mut tally = Tally::default();
    let read = shown.run(&mut replay, &mut out, &mut tally);
    out.finish()?;
    if !args.quiet {
        let mut notes = String::new();
        tally.write(&replay.summary(), !args.rules.is_empty(), &mut notes);
        // Nowhere is left to complain to if this fails.
        let _ = io::stderr().write_all(notes.as_bytes());
    }
    match read {
        Ok(()) => Ok(Exit::Clean),
        Err(source) => Err(Error::Capture { path: args.capture.clone(), source }),
    }
}

/// The name that alerts and `evt.hostname` give for this machine.
fn hostname(args: &ReplayArgs) -> String {
    args.hostname.clone().unwrap_or_else(environment::hostname)
}

/// Opens a capture.
pub(crate) fn open(path: &Path) -> Result<Replay<Box<dyn Read + Send>>, Error> {
    Replay::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// What is shown of events.
enum Shown {
    Alerts { rules: Box<RuleSet>, filter: Option<Query>, format: Box<AlertFormat>, json: bool },
    Events { query: Query, json: bool },
    Columns { columns: Box<Columns>, filter: Option<Query> },
}

impl Shown {
    fn of(args: &ReplayArgs, style: RenderStyle) -> Result<Shown, Error> {
        let json = args.format == EventFormat::Json;
        let filter = || args.filter.as_deref().map(|text| filter(text, style)).transpose();
        if !args.rules.is_empty() {
            let rules = Box::new(rules(args, style)?);
            let format = Box::new(AlertFormat { hostname: hostname(args), ..AlertFormat::default() });
            return Ok(Shown::Alerts { rules, filter: filter()?, format, json });
        }
        if let Some(columns) = &args.columns {
            let columns = Box::new(self::columns(columns, style)?);
            return Ok(Shown::Columns { columns, filter: filter()? });
        }
        let (print, json) = if args.fields {
            let every: Vec<String> = every_field().iter().map(|field| format!("%{field}")).collect();
            (every.join(" "), true)
        } else {
            (args.print.clone().unwrap_or_else(|| EVENTS.to_owned()), json)
        };
        // What is wrong with a format is said of the format, not of a condition.
        filter()?;
        let query = Query::new(args.filter.as_deref().unwrap_or(EVERY_EVENT), &print);
        Ok(Shown::Events { query: query.map_err(|error| mistaken("--print", &error, style))?, json })
    }

    fn run<R: Read, W: Write>(
        &mut self,
        replay: &mut Replay<R>,
        out: &mut Lines<W>,
        tally: &mut Tally,
    ) -> Result<(), ReadError> {
        match self {
            Shown::Alerts { rules, filter, format, json } => {
                let mut judge = Judge::new(rules);
                let mut tell = |finding: Finding, out: &mut Lines<W>| {
                    tally.count(&finding);
                    let line = if *json { format.json(&finding) } else { format.text(&finding) };
                    out.line(&line);
                };
                replay.for_each(|record| {
                    if passes(filter, record) {
                        judge.judge(record, |finding| tell(finding, out));
                    }
                    out.flow()
                })?;
                judge.finish(|finding| tell(finding, out));
                Ok(())
            }
            Shown::Events { query, json } => replay.for_each(|record| {
                if let Some(finding) = query.ask(record) {
                    if *json {
                        out.line(&fields(&finding));
                    } else {
                        out.line(&visible(&finding.message));
                    }
                }
                out.flow()
            }),
            Shown::Columns { columns, filter } => {
                let mut line = String::new();
                for (at, name) in columns.names().iter().enumerate() {
                    push_cell(&mut line, at, Some(name));
                }
                out.line(&line);
                replay.for_each(|record| {
                    if passes(filter, record) {
                        line.clear();
                        columns.texts(record, |at, text| push_cell(&mut line, at, text));
                        out.line(&line);
                    }
                    out.flow()
                })
            }
        }
    }
}

fn passes(filter: &mut Option<Query>, record: &EventRecord<'_>) -> bool {
    filter.as_mut().is_none_or(|query| query.ask(record).is_some())
}

/// Compiles the condition of `--filter`.
pub(crate) fn filter(text: &str, style: RenderStyle) -> Result<Query, Error> {
    Query::new(text, "%evt.num").map_err(|error| mistaken("--filter", &error, style))
}

/// Compiles the fields of `--columns`.
fn columns(text: &str, style: RenderStyle) -> Result<Columns, Error> {
    let names = split(text);
    if names.is_empty() {
        return Err(mistaken("--columns", &QueryError::Refused("no field is named".to_owned()), style));
    }
    Columns::new(names).map_err(|error| mistaken("--columns", &error, style))
}

/// At the commas that are in no brackets, parentheses or quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut start, mut parts) = (0usize, None, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default().trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Says what is wrong with what an option was given.
fn mistaken(option: &'static str, error: &QueryError, style: RenderStyle) -> Error {
    let rendered = match error {
        QueryError::Text { text, problems } => {
            let drawn =
                problems.iter().map(|problem| render(problem, Source::new(text).named(option), style));
            drawn.collect::<Vec<_>>().join("\n\n")
        }
        other => other.to_string(),
    };
    Error::Query { option, rendered }
}

fn rules(args: &ReplayArgs, style: RenderStyle) -> Result<RuleSet, Error> {
    let files = gather(&args.rules)?;
    let loaded = load_rules(files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())));
    let mut errors: Vec<Problem> =
        loaded.problems().into_iter().filter(|problem| problem.diagnostic.is_error()).cloned().collect();
    errors.extend(loaded.plugin_problems(BUILT_IN_PLUGINS));
    if !errors.is_empty() {
        let rendered: Vec<_> = errors.iter().map(|problem| problem.render(&loaded.files, style)).collect();
        return Err(Error::RuleFiles { number: errors.len(), rendered: rendered.join("\n\n") });
    }
    let options = RuleSetOptions {
        matching: match args.rule_matching {
            RuleMatching::First => Matching::First,
            RuleMatching::All => Matching::All,
        },
        minimum_priority: args.priority.unwrap_or_default(),
        ..RuleSetOptions::default()
    };
    if loaded.rules.rules.is_empty() && loaded.rules.memory.is_empty() && !args.quiet {
        // Nowhere is left to complain to if this fails.
        let _ =
            io::stderr().write_all(b"warning: there are no rules in the rule files, so nothing is found\n");
    }
    build_rules(&loaded.rules, &options).map_err(Error::Build)
}

/// A finding's fields as a JSON object; what has no value is left out.
fn fields(finding: &Finding) -> String {
    let fields: BTreeMap<_, _> = finding
        .fields
        .iter()
        .filter(|(_, value)| *value != FieldValue::Absent)
        .map(|(name, value)| (name, value))
        .collect();
    // Texts, numbers and lists of them can be written.
    serde_json::to_string(&fields).unwrap_or_default()
}

/// Appends a cell, after a tab if it is not the first. What would end it or act on a terminal is escaped.
fn push_cell(line: &mut String, at: usize, text: Option<&str>) {
    if at > 0 {
        line.push('\t');
    }
    let Some(text) = text else {
        line.push_str("<NA>");
        return;
    };
    for (at, part) in text.split('\\').enumerate() {
        if at > 0 {
            line.push_str("\\\\");
        }
        line.push_str(&visible(part));
    }
}

/// Lines of results. After the first that cannot be written, no more are.
struct Lines<W: Write> {
    out: BufWriter<W>,
    at_once: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Lines<W> {
    fn line(&mut self, line: &str) {
        if self.failed.is_some() {
            return;
        }
        let mut written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        if self.at_once {
            written = written.and_then(|()| self.out.flush());
        }
        self.failed = written.err();
    }

    fn flow(&self) -> ControlFlow<()> {
        if self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn finish(mut self) -> Result<(), Error> {
        match self.failed.take() {
            Some(error) => Err(Error::Stdout(error)),
            None => self.out.flush().map_err(Error::Stdout),
        }
    }
}

/// How often rules matched.
#[derive(Default)]
struct Tally {
    priorities: BTreeMap<Priority, u64>,
    rules: BTreeMap<String, u64>,
}

impl Tally {
    fn count(&mut self, finding: &Finding) {
        *self.priorities.entry(finding.rule.priority).or_default() += 1;
        match self.rules.get_mut(&finding.rule.name) {
            Some(count) => *count += 1,
            None => _ = self.rules.insert(finding.rule.name.clone(), 1),
        }
    }

    /// As Falco ends a run, and what it does not say.
    fn write(&self, summary: &Summary, judged: bool, out: &mut String) {
        // Writing to a string does not fail.
        if judged {
            let _ = writeln!(out, "Events detected: {}", self.priorities.values().sum::<u64>());
            let _ = writeln!(out, "Rule counts by severity:");
            for (priority, count) in &self.priorities {
                let _ = writeln!(out, "   {}: {count}", priority.name().to_uppercase());
            }
            let _ = writeln!(out, "Triggered rules by rule name:");
            for (rule, count) in &self.rules {
                let _ = writeln!(out, "   {}: {count}", visible(rule));
            }
        }
        notes(summary, out);
    }
}

/// What a reader should know of how the capture was read.
pub(crate) fn notes(summary: &Summary, out: &mut String) {
    let mut note = |count, what, why| note(count, what, why, out);
    let (read, host) = (&summary.read, &summary.host);
    note(read.unknown_events, "event", "of kinds that this eyrie does not know skipped");
    note(read.unknown_blocks, "block", "of kinds that this eyrie does not know skipped");
    note(
        read.unconverted_events,
        "event",
        "of an old version left out: it is not known what they would be today",
    );
    note(read.forgotten_calls, "entered system call", "forgotten before its end: there are too many");
    note(host.invented_threads, "thread", "made up: nothing announced it before its events");
    note(host.dropped_threads, "thread", "not kept: there are too many");
    note(host.purged_threads, "thread", "removed to make room, or not heard of for long");
    note(host.dropped_fds, "descriptor", "not kept: a process has too many");
    note(host.dropped_identities, "account", "of a user or group not kept: there are too many");
}

/// Says that there were so many, if there were any.
pub(crate) fn note(count: u64, what: &str, why: &str, out: &mut String) {
    if count > 0 {
        let count = count_of(usize::try_from(count).unwrap_or(usize::MAX), what);
        // Writing to a string does not fail.
        let _ = writeln!(out, "note: {count} {why}");
    }
}
