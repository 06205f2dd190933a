//! [`Memory`]: one rule with memory, compiled with the other rules of its source. It takes in the events that match one of its
//! conditions and gives findings. [`Suppressor`] is what keeps findings from being told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use eyrie_lang::ast::Operand;
use eyrie_lang::parse::{Limits, parse_operand};
use eyrie_lang::{Compiler, ConditionId, Diagnostic, Program, Run, Schema, Scratch, Span, ValueId};

use super::MemoryStats;
use super::captured::{Captured, Recalled};
use super::key::Key;
use super::sequence::{Part, Sequences};
use super::slack::Waiting;
use super::steps::{Origin, WithSteps};
use super::suppress::Told;
use super::threshold::Counts;
use crate::finding::{Finding, RuleInfo};
use crate::output::Style;
use crate::rules::{MemoryRule, Pattern, PatternPart, Suppress};
use crate::ruleset::template::Template;

/// How many distinct values of a threshold are kept to be shown, and how many characters of each.
const MAX_SHOWN: usize = 64;
const MAX_CHARACTERS: usize = 256;

/// One rule with memory.
#[derive(Debug)]
pub(crate) struct Memory {
    info: Arc<RuleInfo>,
    fingerprint: String,
    parts: Vec<MemoryPart>,
    distinct: Option<ValueId>,
    /// What outputs are rendered with: their fields by name, as they are remembered.
    program: Program,
    template: Template,
    places: HashMap<String, (Origin, usize)>,
    suppressor: Option<Suppressor>,
    slack: u64,
    state: ArcSwap<Mutex<State>>,
}

/// One of a rule's conditions.
#[derive(Debug)]
struct MemoryPart {
    part: Part,
    condition: ConditionId,
    by: Vec<ValueId>,
    captures: Vec<ValueId>,
}

#[derive(Debug)]
struct State {
    waiting: Waiting<Touch>,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Sequence(Sequences<Captured>),
    Threshold(Counts<Box<str>>),
}

/// An event that matches one of the conditions.
#[derive(Debug)]
struct Touch {
    part: Part,
    key: Key,
    captured: Captured,
    distinct: Option<(Key, Box<str>)>,
    suppress: Option<Key>,
}

/// What makes a finding.
struct Found {
    time: u64,
    events: Vec<Captured>,
    count: usize,
    values: Vec<Box<str>>,
    suppress: Option<Key>,
}

impl Memory {
    pub(crate) fn compile(
        rule: &MemoryRule,
        info: &Arc<RuleInfo>,
        schema: &dyn Schema,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let within = nanoseconds(rule.within);
        let limit = rule.limit as usize;
        let mut parts = Vec::new();
        let mut part = |part: Part, pattern: &PatternPart, compiler: &mut Compiler<'_>| {
            let condition = compiler.add_expr(&pattern.expr)?.id;
            let by = add_values(&pattern.by, compiler)?;
            parts.push(MemoryPart { part, condition, by, captures: Vec::new() });
            Ok::<(), Vec<Diagnostic>>(())
        };
        let (steps, machine, distinct) = match &rule.pattern {
            Pattern::Sequence { steps, until } => {
                if let Some(until) = until {
                    part(Part::Until, until, compiler)?;
                }
                for (at, step) in steps.iter().enumerate().rev() {
                    part(Part::Step(at), &step.on, compiler)?;
                }
                let names: Vec<_> = steps.iter().map(|step| step.name.clone()).collect();
                let machine = Machine::Sequence(Sequences::new(steps.len(), within, limit));
                (WithSteps::sequence(schema, &names), machine, None)
            }
            Pattern::Threshold { on, count, distinct } => {
                part(Part::Step(0), on, compiler)?;
                let distinct = match distinct {
                    Some(field) => add_values(std::slice::from_ref(field), compiler)?.pop(),
                    None => None,
                };
                let machine = Machine::Threshold(Counts::new(*count as usize, within, limit));
                (WithSteps::threshold(schema), machine, distinct)
            }
        };
        let mut output_compiler = Compiler::new(&steps);
        let template = Template::compile(&rule.output, &rule.extra_fields, &mut output_compiler)?;
        let program = output_compiler.finish();
        let places = places(&template, &program, &steps, &mut parts, compiler)?;
        let suppressor = match &rule.suppress {
            Some(suppress) => Some(Suppressor::compile(suppress, &rule.fingerprint(), compiler)?),
            None => None,
        };
        let slack = nanoseconds(rule.slack);
        let state = State { waiting: Waiting::new(slack, limit), machine };
        Ok(Memory {
            info: Arc::clone(info),
            fingerprint: rule.fingerprint(),
            parts,
            distinct,
            program,
            template,
            places,
            suppressor,
            slack,
            state: ArcSwap::from_pointee(Mutex::new(state)),
        })
    }

    pub(crate) fn info(&self) -> &Arc<RuleInfo> {
        &self.info
    }

    /// Its conditions in the order in which an event counts for them.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = ConditionId> {
        self.parts.iter().map(|part| part.condition)
    }

    /// Whether events wait before they count.
    pub(crate) fn waits(&self) -> bool {
        self.slack > 0
    }

    /// Goes on with what another rule remembers, if that is the same rule.
    pub(crate) fn inherit(&self, other: &Memory) {
        if self.fingerprint == other.fingerprint {
            self.state.store(other.state.load_full());
        }
        if let (Some(own), Some(other)) = (&self.suppressor, &other.suppressor) {
            own.inherit(other);
        }
    }

    /// Takes in an event that matches the condition of this number. `now` is the time of the latest event that was seen.
    pub(crate) fn take(
        &self,
        part: usize,
        (time, now): (u64, u64),
        run: &mut Run<'_>,
        style: Style,
        report: &mut dyn FnMut(Finding),
    ) {
        let Some(part) = self.parts.get(part) else { return };
        let Some(key) = Key::of(run, &part.by) else { return };
        let distinct = match self.distinct {
            None => None,
            Some(field) => {
                let Some(value) = Key::of(run, &[field]) else { return };
                let mut shown = Captured::take(run, &[field]).shown(0).unwrap_or_default().into_owned();
                if let Some((end, _)) = shown.char_indices().nth(MAX_CHARACTERS) {
                    shown.truncate(end);
                }
                Some((value, shown.into_boxed_str()))
            }
        };
        let touch = Touch {
            part: part.part,
            key,
            captured: Captured::take(run, &part.captures),
            distinct,
            suppress: self.suppressor.as_ref().map(|suppressor| Key::of_any(run, &suppressor.by)),
        };
        let mut found = Vec::new();
        {
            let state = self.state.load();
            let mut state = lock(&state);
            state.waiting.see(now);
            if let Some((time, touch)) = state.waiting.arrive(time, touch) {
                found.extend(state.machine.take(time, touch));
            }
            state.release(&mut found);
        }
        self.tell(found, style, report);
    }

    /// Lets what has waited long enough count. `now` is the time of the latest event that was seen.
    pub(crate) fn see(&self, now: u64, style: Style, report: &mut dyn FnMut(Finding)) {
        let mut found = Vec::new();
        {
            let state = self.state.load();
            let mut state = lock(&state);
            state.waiting.see(now);
            state.release(&mut found);
        }
        self.tell(found, style, report);
    }

    /// When what waits is to be looked at again.
    pub(crate) fn due(&self) -> Option<u64> {
        lock(&self.state.load()).waiting.due()
    }

    pub(crate) fn forget(&self) {
        lock(&self.state.load()).forget();
        if let Some(suppressor) = &self.suppressor {
            suppressor.forget();
        }
    }

    pub(crate) fn stats(&self) -> MemoryStats {
        let state = self.state.load();
        let state = lock(&state);
        let (remembered, evicted) = match &state.machine {
            Machine::Sequence(sequences) => (sequences.remembered(), sequences.evicted()),
            Machine::Threshold(counts) => (counts.remembered(), counts.evicted()),
        };
        let own = self.suppressor.as_ref().map(Suppressor::stats).unwrap_or_default();
        MemoryStats {
            remembered: remembered + state.waiting.len() + own.remembered,
            evicted: evicted + own.evicted,
            late: state.waiting.late(),
            suppressed: own.suppressed,
        }
    }

    fn tell(&self, found: Vec<Found>, style: Style, report: &mut dyn FnMut(Finding)) {
        for found in found {
            let told = match (&self.suppressor, found.suppress) {
                (Some(suppressor), Some(key)) => suppressor.tell(found.time, key),
                _ => true,
            };
            if !told {
                continue;
            }
            let recalled = Recalled {
                places: &self.places,
                events: &found.events,
                count: found.count,
                values: found.values.get(..MAX_SHOWN).unwrap_or(&found.values),
            };
            let mut scratch = Scratch::new();
            let mut run = self.program.start(&recalled, &mut scratch);
            report(self.template.finding(&self.info, found.time, &mut run, style));
        }
    }
}

impl State {
    fn forget(&mut self) {
        self.waiting = self.waiting.anew();
        self.machine = match &self.machine {
            Machine::Sequence(sequences) => Machine::Sequence(sequences.anew()),
            Machine::Threshold(counts) => Machine::Threshold(counts.anew()),
        };
    }

    fn release(&mut self, found: &mut Vec<Found>) {
        while let Some((time, touch)) = self.waiting.next() {
            found.extend(self.machine.take(time, touch));
        }
    }
}

impl Machine {
    fn take(&mut self, time: u64, touch: Touch) -> Option<Found> {
        let suppress = touch.suppress;
        match self {
            Machine::Sequence(sequences) => {
                let events = sequences.take(time, touch.part, touch.key, touch.captured)?;
                Some(Found { time, count: events.len(), events, values: Vec::new(), suppress })
            }
            Machine::Threshold(counts) => {
                let reached = counts.take(time, touch.key, touch.distinct)?;
                let events = vec![touch.captured];
                Some(Found { time, events, count: reached.count, values: reached.values, suppress })
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic happens while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The values of fields that are given as text.
fn add_values(fields: &[String], compiler: &mut Compiler<'_>) -> Result<Vec<ValueId>, Vec<Diagnostic>> {
    fields.iter().map(|field| compiler.add_value(&operand(field)?)).collect()
}

fn operand(text: &str) -> Result<Operand, Vec<Diagnostic>> {
    match parse_operand(text, Limits::default()) {
        Ok(Some((operand, _))) => Ok(operand),
        Ok(None) => {
            let title = format!("`{text}` is no field");
            Err(vec![Diagnostic::error(crate::rules::codes::BAD_BY, Span::default(), title)])
        }
        Err(problem) => Err(vec![*problem]),
    }
}

/// Has each part keep what the output shows of its events, and says where that is.
fn places(
    template: &Template,
    program: &Program,
    steps: &WithSteps<'_>,
    parts: &mut [MemoryPart],
    compiler: &mut Compiler<'_>,
) -> Result<HashMap<String, (Origin, usize)>, Vec<Diagnostic>> {
    let last = parts.iter().filter_map(|part| step(part.part)).max().unwrap_or_default();
    let mut places = HashMap::new();
    for (name, value) in template.fields() {
        let Some(field) = program.value_field(value) else { continue };
        let key = field.to_string();
        if places.contains_key(&key) {
            continue;
        }
        let origin = steps.origin(name);
        let (at, written) = match &origin {
            Origin::Step(at, written) => (*at, written),
            Origin::Last(written) => (last, written),
            Origin::Count | Origin::Values => {
                places.insert(key, (origin, 0));
                continue;
            }
        };
        let value = compiler.add_value(&operand(written)?)?;
        let part = parts.iter_mut().find(|part| step(part.part) == Some(at));
        let position = part.map_or(0, |part| {
            part.captures.push(value);
            part.captures.len() - 1
        });
        places.insert(key, (origin, position));
    }
    Ok(places)
}

fn step(part: Part) -> Option<usize> {
    match part {
        Part::Until => None,
        Part::Step(step) => Some(step),
    }
}

/// Keeps a rule's findings from being told again and again.
#[derive(Debug)]
pub(crate) struct Suppressor {
    fingerprint: String,
    by: Vec<ValueId>,
    told: ArcSwap<Mutex<Told>>,
}

impl Suppressor {
    /// `rule` is the fingerprint of the rule.
    pub(crate) fn compile(
        suppress: &Suppress,
        rule: &str,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let told = Told::new(nanoseconds(suppress.period), suppress.limit as usize);
        Ok(Suppressor {
            fingerprint: suppress.fingerprint(rule),
            by: add_values(&suppress.by, compiler)?,
            told: ArcSwap::from_pointee(Mutex::new(told)),
        })
    }

    /// Whether a finding about this event is to be told.
    pub(crate) fn tells(&self, time: u64, run: &mut Run<'_>) -> bool {
        let key = Key::of_any(run, &self.by);
        self.tell(time, key)
    }

    fn tell(&self, time: u64, key: Key) -> bool {
        lock(&self.told.load()).tell(time, key)
    }

    pub(crate) fn forget(&self) {
        let told = self.told.load();
        let mut told = lock(&told);
        *told = told.anew();
    }

    pub(crate) fn inherit(&self, other: &Suppressor) {
        if self.fingerprint == other.fingerprint {
            self.told.store(other.told.load_full());
        }
    }

    pub(crate) fn stats(&self) -> MemoryStats {
        let told = self.told.load();
        let told = lock(&told);
        MemoryStats {
            remembered: told.remembered(),
            evicted: told.evicted(),
            late: 0,
            suppressed: told.suppressed(),
        }
    }
}
