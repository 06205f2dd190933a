//! [`SourceRules`]: the rules of one source, and how they judge an [`Event`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use eyrie_lang::{
    Candidates, Compiler, ConditionId, Diagnostic, Fields, Index, Kind, KindSet, Program, Run, Schema,
    Scratch,
};

use super::template::Template;
use super::{BuildError, Matching, RuleSetOptions};
use crate::finding::{Finding, RuleInfo};
use crate::memory::{Memory, MemoryStats, Suppressor};
use crate::output::Style;
use crate::rules::{MemoryRule, Rule};
use crate::static_fields::Layered;

/// What is judged.
#[derive(Clone, Copy)]
pub struct Event<'e> {
    /// Of which kind it is, among those of the source's schema. Where the schema has no kinds it does not matter.
    pub kind: Kind,
    /// When it happened, in nanoseconds since the Unix epoch.
    pub time: u64,
    /// Its fields.
    pub fields: &'e dyn Fields,
}

impl std::fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event").field("kind", &self.kind).field("time", &self.time).finish_non_exhaustive()
    }
}

/// The memory of judging, to be used again and again; one for each thread. Any rule set can use it.
#[derive(Debug, Default)]
pub struct JudgeScratch {
    run: Scratch,
    candidates: Candidates,
}

impl JudgeScratch {
    /// Empty; it grows with the first events.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The rules of one source that are on. Can be shared by threads, each of which has its own [`JudgeScratch`].
#[derive(Debug)]
pub struct SourceRules {
    name: String,
    rules: Vec<Judge>,
    memory: Vec<Memory>,
    /// Distinct programs for kinds of events.
    groups: Vec<Group>,
    /// Of each kind, which group; empty where there are no kinds, and the first group is for everything.
    of_kind: Vec<u32>,
    wanted: KindSet,
    matching: Matching,
    style: Style,
    /// The texts of static fields, in the order of their keys.
    static_texts: Vec<Arc<str>>,
    waiting: Option<Waiting>,
}

/// The time, where events wait in rules' memories.
#[derive(Debug, Default)]
struct Waiting {
    /// The time of the latest event.
    now: AtomicU64,
    /// When something has waited long enough.
    due: AtomicU64,
}

/// A rule and how its findings are told.
#[derive(Debug)]
struct Judge {
    info: Arc<RuleInfo>,
    condition: ConditionId,
    template: Template,
    suppressor: Option<Suppressor>,
    /// What the memory of its findings depends on.
    fingerprint: String,
}

/// The rules that can match some kinds of events.
#[derive(Debug)]
struct Group {
    program: Program,
    index: Index,
    /// In the order in which they are tried: the rule's position, and its condition.
    rules: Vec<(u32, ConditionId)>,
    memory_index: Index,
    /// The position of a rule with memory, the number of its condition, and that.
    memory: Vec<(u32, u32, ConditionId)>,
}

/// Makes the rules of a source ready, one by one in their order.
pub(super) struct Builder<'b> {
    name: &'b str,
    schema: &'b dyn Schema,
    compiler: Compiler<'b>,
    options: &'b RuleSetOptions,
    rules: Vec<Judge>,
    memory: Vec<Memory>,
}

impl<'b> Builder<'b> {
    pub(super) fn new(name: &'b str, schema: &'b dyn Schema, options: &'b RuleSetOptions) -> Self {
        let compiler = Compiler::new(schema);
        Builder { name, schema, compiler, options, rules: Vec::new(), memory: Vec::new() }
    }

    pub(super) fn rule(&mut self, rule: &Rule, info: &Arc<RuleInfo>) -> Result<(), Box<BuildError>> {
        let judge = Judge::compile(rule, info, &mut self.compiler);
        self.rules.push(judge.map_err(|diagnostics| failed(&rule.name, diagnostics))?);
        Ok(())
    }

    pub(super) fn memory(
        &mut self,
        rule: Option<&MemoryRule>,
        info: &Arc<RuleInfo>,
    ) -> Result<(), Box<BuildError>> {
        let Some(rule) = rule else { return Ok(()) };
        let memory = Memory::compile(rule, info, self.schema, &mut self.compiler);
        self.memory.push(memory.map_err(|diagnostics| failed(&rule.name, diagnostics))?);
        Ok(())
    }

    pub(super) fn finish(self) -> SourceRules {
        let Builder { name, schema, compiler, options, rules, memory } = self;
        let program = compiler.finish();
        let conditions = || {
            let of_memory = memory.iter().flat_map(|memory| memory.conditions());
            rules.iter().map(|judge| judge.condition).chain(of_memory)
        };
        let (programs, of_kind, wanted) = match schema.discriminant() {
            Some(discriminant) => {
                let by_kind = program.specialise_all(discriminant);
                let wanted = conditions().filter_map(|condition| by_kind.kinds(condition));
                let mut wanted =
                    wanted.fold(KindSet::empty(discriminant.len()), |all, kinds| all.union(kinds));
                let any_name =
                    (0..discriminant.records()).map(Kind).filter(|kind| discriminant.has_any_name(*kind));
                any_name.filter(|_| conditions().next().is_some()).for_each(|kind| wanted.insert(kind));
                let (programs, of) = by_kind.into_parts();
                (programs, of, wanted)
            }
            None => (vec![program], Vec::new(), KindSet::empty(0)),
        };
        let groups = programs.into_iter().map(|program| Group::new(program, &rules, &memory)).collect();
        SourceRules {
            name: name.to_string(),
            waiting: memory.iter().any(Memory::waits).then(Waiting::default),
            rules,
            memory,
            groups,
            of_kind,
            wanted,
            matching: options.matching,
            style: options.style,
            static_texts: options.static_fields.values().map(|text| Arc::from(text.as_str())).collect(),
        }
    }
}

fn failed(rule: &str, diagnostics: Vec<Diagnostic>) -> Box<BuildError> {
    Box::new(BuildError { rule: rule.to_string(), diagnostics })
}

impl SourceRules {
    /// The source's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules that are on, in the order in which they are tried; those with memory come last.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<RuleInfo>> {
        self.rules.iter().map(|rule| &rule.info).chain(self.memory.iter().map(Memory::info))
    }

    /// What the memories of rules hold: of each rule with memory, and of each whose findings are not all told.
    pub fn memory(&self) -> impl Iterator<Item = (&Arc<RuleInfo>, MemoryStats)> {
        let suppressing =
            self.rules.iter().filter_map(|rule| Some((&rule.info, rule.suppressor.as_ref()?.stats())));
        self.memory.iter().map(|memory| (memory.info(), memory.stats())).chain(suppressing)
    }

    /// The kinds that at least one rule can match. Events of other kinds need not be brought.
    pub fn wanted_kinds(&self) -> &KindSet {
        &self.wanted
    }

    /// Judges an event: calls `report` with what the first rule that matches finds, or all rules, in order, and then with what
    /// rules with memory find, which are looked at whatever matched before. Allocates nothing for an event that matches no
    /// condition, once the scratch is warm.
    pub fn judge(&self, event: &Event<'_>, scratch: &mut JudgeScratch, mut report: impl FnMut(Finding)) {
        if self.static_texts.is_empty() {
            return self.judge_fields(event, event.fields, scratch, &mut report);
        }
        let layered = Layered { fields: event.fields, texts: &self.static_texts };
        self.judge_fields(event, &layered, scratch, &mut report);
    }

    /// Tells that all events up to this time have been judged, as far as there were any: what waits for them in the memory of
    /// rules with `slack` counts now. Without it they wait for the next event. Times are in nanoseconds since the Unix epoch.
    pub fn advance(&self, time: u64, mut report: impl FnMut(Finding)) {
        if let Some(waiting) = &self.waiting {
            self.see(waiting, time, &mut report);
        }
    }

    /// Tells that there are no more events. What waits counts now.
    pub fn finish(&self, report: impl FnMut(Finding)) {
        self.advance(u64::MAX, report);
    }

    /// Forgets everything that rules remember.
    pub fn forget(&self) {
        self.memory.iter().for_each(Memory::forget);
        self.rules.iter().filter_map(|rule| rule.suppressor.as_ref()).for_each(Suppressor::forget);
        if let Some(waiting) = &self.waiting {
            waiting.now.store(0, Ordering::Relaxed);
            waiting.due.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn inherit(&self, other: &SourceRules) {
        let others: HashMap<&str, &Memory> =
            other.memory.iter().map(|memory| (memory.info().name.as_str(), memory)).collect();
        for memory in &self.memory {
            if let Some(other) = others.get(memory.info().name.as_str()) {
                memory.inherit(other);
            }
        }
        let suppressors: HashMap<&str, &Suppressor> = other
            .rules
            .iter()
            .filter_map(|judge| Some((judge.fingerprint.as_str(), judge.suppressor.as_ref()?)))
            .collect();
        for judge in &self.rules {
            if let (Some(own), Some(other)) = (&judge.suppressor, suppressors.get(judge.fingerprint.as_str()))
            {
                own.inherit(other);
            }
        }
    }

    fn see(&self, waiting: &Waiting, time: u64, report: &mut dyn FnMut(Finding)) {
        let now = waiting.now.fetch_max(time, Ordering::Relaxed).max(time);
        if now < waiting.due.load(Ordering::Relaxed) {
            return;
        }
        // What another thread adds from here on either is seen below or lowers the time again.
        waiting.due.store(u64::MAX, Ordering::SeqCst);
        let mut found = Vec::new();
        for memory in self.memory.iter().filter(|memory| memory.waits()) {
            memory.see(now, self.style, &mut |finding| found.push(finding));
        }
        self.lower_due(waiting);
        found.sort_by_key(|finding| finding.time);
        found.into_iter().for_each(report);
    }

    fn lower_due(&self, waiting: &Waiting) {
        if let Some(due) = self.memory.iter().filter(|memory| memory.waits()).filter_map(Memory::due).min() {
            waiting.due.fetch_min(due, Ordering::SeqCst);
        }
    }

    fn judge_fields(
        &self,
        event: &Event<'_>,
        fields: &dyn Fields,
        scratch: &mut JudgeScratch,
        report: &mut dyn FnMut(Finding),
    ) {
        if let Some(waiting) = &self.waiting {
            self.see(waiting, event.time, report);
        }
        let Some(group) = self.group(event.kind) else { return };
        if group.rules.is_empty() && group.memory.is_empty() {
            return;
        }
        let mut run = group.program.start(fields, &mut scratch.run);
        run.candidates(&group.index, &mut scratch.candidates);
        for at in scratch.candidates.iter() {
            let Some((rule, condition)) = group.rules.get(at) else { break };
            if !run.verdict(*condition).is_true() {
                continue;
            }
            if let Some(rule) = self.rules.get(*rule as usize)
                && rule.suppressor.as_ref().is_none_or(|suppressor| suppressor.tells(event.time, &mut run))
            {
                report(rule.template.finding(&rule.info, event.time, &mut run, self.style));
            }
            if self.matching == Matching::First {
                break;
            }
        }
        if !group.memory.is_empty() {
            self.remember(group, event.time, &mut run, &mut scratch.candidates, report);
        }
    }

    fn remember(
        &self,
        group: &Group,
        time: u64,
        run: &mut Run<'_>,
        candidates: &mut Candidates,
        report: &mut dyn FnMut(Finding),
    ) {
        run.candidates(&group.memory_index, candidates);
        let now = self.waiting.as_ref().map_or(time, |waiting| waiting.now.load(Ordering::Relaxed));
        let mut waits = false;
        for at in candidates.iter() {
            let Some((memory, part, condition)) = group.memory.get(at) else { break };
            if !run.verdict(*condition).is_true() {
                continue;
            }
            if let Some(memory) = self.memory.get(*memory as usize) {
                memory.take(*part as usize, (time, now), run, self.style, report);
                waits |= memory.waits();
            }
        }
        if let (true, Some(waiting)) = (waits, &self.waiting) {
            self.lower_due(waiting);
        }
    }

    fn group(&self, kind: Kind) -> Option<&Group> {
        match self.of_kind.get(kind.0 as usize) {
            Some(group) => self.groups.get(*group as usize),
            None if self.of_kind.is_empty() => self.groups.first(),
            None => None,
        }
    }
}

impl Group {
    fn new(program: Program, judges: &[Judge], memories: &[Memory]) -> Self {
        let rules: Vec<(u32, ConditionId)> = (0..)
            .zip(judges)
            .map(|(at, judge)| (at, judge.condition))
            .filter(|(_, condition)| !program.is_never(*condition))
            .collect();
        let conditions: Vec<_> = rules.iter().map(|(_, condition)| *condition).collect();
        let index = Index::new(&program, &conditions);
        let memory: Vec<(u32, u32, ConditionId)> = (0..)
            .zip(memories)
            .flat_map(|(at, memory)| {
                (0..).zip(memory.conditions()).map(move |(part, condition)| (at, part, condition))
            })
            .filter(|(_, _, condition)| !program.is_never(*condition))
            .collect();
        let conditions: Vec<_> = memory.iter().map(|(_, _, condition)| *condition).collect();
        let memory_index = Index::new(&program, &conditions);
        Group { program, index, rules, memory_index, memory }
    }
}

impl Judge {
    fn compile(
        rule: &Rule,
        info: &Arc<RuleInfo>,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let condition = compiler.add_expr(&rule.expr)?.id;
        let template = Template::compile(&rule.output, &rule.extra_fields, compiler)?;
        let fingerprint = rule.fingerprint();
        let suppressor = match &rule.suppress {
            Some(suppress) => Some(Suppressor::compile(suppress, &fingerprint, compiler)?),
            None => None,
        };
        Ok(Judge { info: Arc::clone(info), condition, template, suppressor, fingerprint })
    }
}
