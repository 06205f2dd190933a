//! [`SourceRules`]: the rules of one source, and how they judge an [`Event`].

use std::sync::Arc;

use eyrie_lang::{
    Candidates, Compiler, ConditionId, Fields, Index, Kind, KindSet, Program, Run, Schema, Scratch, ValueId,
};

use super::{BuildError, Matching, RuleSetOptions};
use crate::finding::{FieldValue, Finding, RuleInfo};
use crate::output::{OutputFormat, Style};
use crate::rules::Rule;
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
    /// Distinct programs for kinds of events.
    groups: Vec<Group>,
    /// Of each kind, which group; empty where there are no kinds, and the first group is for everything.
    of_kind: Vec<u32>,
    wanted: KindSet,
    matching: Matching,
    style: Style,
    /// The texts of static fields, in the order of their keys.
    static_texts: Vec<Arc<str>>,
}

/// A rule and how its findings are told.
#[derive(Debug)]
struct Judge {
    info: Arc<RuleInfo>,
    condition: ConditionId,
    output: OutputFormat,
    fields: Vec<(Arc<str>, Told)>,
}

/// What a finding has for a field.
#[derive(Debug)]
enum Told {
    Value(ValueId),
    Text(OutputFormat),
}

/// The rules that can match some kinds of events.
#[derive(Debug)]
struct Group {
    program: Program,
    index: Index,
    /// In the order in which they are tried: the rule's position, and its condition.
    rules: Vec<(u32, ConditionId)>,
}

impl SourceRules {
    pub(super) fn build(
        name: &str,
        schema: &dyn Schema,
        rules: &[(&Rule, &Arc<RuleInfo>)],
        options: &RuleSetOptions,
    ) -> Result<Self, Box<BuildError>> {
        let mut compiler = Compiler::new(schema);
        let mut judges = Vec::with_capacity(rules.len());
        for (rule, info) in rules {
            let judge = Judge::compile(rule, info, &mut compiler)
                .map_err(|diagnostics| Box::new(BuildError { rule: rule.name.clone(), diagnostics }))?;
            judges.push(judge);
        }
        let program = compiler.finish();
        let (programs, of_kind, wanted) = match schema.discriminant() {
            Some(discriminant) => {
                let by_kind = program.specialise_all(discriminant);
                let wanted = judges.iter().filter_map(|judge| by_kind.kinds(judge.condition));
                let mut wanted =
                    wanted.fold(KindSet::empty(discriminant.len()), |all, kinds| all.union(kinds));
                let any_name =
                    (0..discriminant.records()).map(Kind).filter(|kind| discriminant.has_any_name(*kind));
                any_name.filter(|_| !judges.is_empty()).for_each(|kind| wanted.insert(kind));
                let (programs, of) = by_kind.into_parts();
                (programs, of, wanted)
            }
            None => (vec![program], Vec::new(), KindSet::empty(0)),
        };
        let groups = programs.into_iter().map(|program| Group::new(program, &judges)).collect();
        Ok(SourceRules {
            name: name.to_string(),
            rules: judges,
            groups,
            of_kind,
            wanted,
            matching: options.matching,
            style: options.style,
            static_texts: options.static_fields.values().map(|text| Arc::from(text.as_str())).collect(),
        })
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules that are on, in the order in which they are tried.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Arc<RuleInfo>> {
        self.rules.iter().map(|rule| &rule.info)
    }

    /// The kinds that at least one rule can match. Events of other kinds need not be brought.
    pub fn wanted_kinds(&self) -> &KindSet {
        &self.wanted
    }

    /// Judges an event: calls `report` with what the first rule that matches finds, or all rules, in order. Allocates nothing
    /// if none does, once the scratch is warm.
    pub fn judge(&self, event: &Event<'_>, scratch: &mut JudgeScratch, report: impl FnMut(Finding)) {
        if self.static_texts.is_empty() {
            return self.judge_fields(event, event.fields, scratch, report);
        }
        let layered = Layered { fields: event.fields, texts: &self.static_texts };
        self.judge_fields(event, &layered, scratch, report);
    }

    fn judge_fields(
        &self,
        event: &Event<'_>,
        fields: &dyn Fields,
        scratch: &mut JudgeScratch,
        mut report: impl FnMut(Finding),
    ) {
        let Some(group) = self.group(event.kind) else { return };
        if group.rules.is_empty() {
            return;
        }
        let mut run = group.program.start(fields, &mut scratch.run);
        run.candidates(&group.index, &mut scratch.candidates);
        for at in scratch.candidates.iter() {
            let Some((rule, condition)) = group.rules.get(at) else { break };
            if !run.verdict(*condition).is_true() {
                continue;
            }
            if let Some(rule) = self.rules.get(*rule as usize) {
                report(rule.finding(event.time, &mut run, self.style));
            }
            if self.matching == Matching::First {
                break;
            }
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
    fn new(program: Program, judges: &[Judge]) -> Self {
        let rules: Vec<(u32, ConditionId)> = (0..)
            .zip(judges)
            .map(|(at, judge)| (at, judge.condition))
            .filter(|(_, condition)| !program.is_never(*condition))
            .collect();
        let conditions: Vec<_> = rules.iter().map(|(_, condition)| *condition).collect();
        let index = Index::new(&program, &conditions);
        Group { program, index, rules }
    }
}

impl Judge {
    fn compile(
        rule: &Rule,
        info: &Arc<RuleInfo>,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, Vec<eyrie_lang::Diagnostic>> {
        let condition = compiler.add_expr(&rule.expr)?.id;
        // A star in front is Falco's old mark of outputs that are shown though values are missing, as all are now.
        let output = rule.output.strip_prefix('*').unwrap_or(&rule.output).trim_end();
        let output = OutputFormat::compile(output, compiler)?;
        let mut fields: std::collections::BTreeMap<Arc<str>, Told> =
            output.fields().map(|(name, value)| (Arc::from(name), Told::Value(value))).collect();
        for (name, field) in &rule.extra_fields {
            let format = OutputFormat::compile(&field.format(name), compiler)?;
            let told = match field {
                crate::ExtraField::Raw => format.values().next().map(|(_, value)| Told::Value(value)),
                crate::ExtraField::Format(_) => Some(Told::Text(format)),
            };
            fields.extend(told.map(|told| (Arc::from(name.as_str()), told)));
        }
        Ok(Judge { info: Arc::clone(info), condition, output, fields: fields.into_iter().collect() })
    }

    fn finding(&self, time: u64, run: &mut Run<'_>, style: Style) -> Finding {
        let mut message = String::new();
        self.output.render(run, style, &mut message);
        let fields = self.fields.iter().map(|(name, told)| {
            let value = match told {
                Told::Value(value) => FieldValue::of(run, *value, style),
                Told::Text(format) => {
                    let mut text = String::new();
                    format.render(run, style, &mut text);
                    FieldValue::Text(text)
                }
            };
            (Arc::clone(name), value)
        });
        let fields = fields.collect();
        Finding { rule: Arc::clone(&self.info), time, message, fields }
    }
}
