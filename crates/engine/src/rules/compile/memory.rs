//! Rules with memory: each of their conditions is compiled like a rule's, their outputs can name the events of steps.

use std::sync::Arc;

use eyrie_lang::ast::Operand;
use eyrie_lang::parse::{Limits, parse_operand};
use eyrie_lang::schema::Arity;
use eyrie_lang::{Compiler, Diagnostic, Schema, Span};

use super::macros::pointing;
use super::{Collector, Compilation, Report, Surroundings, Uses};
use crate::OutputFormat;
use crate::append_output::appended;
use crate::memory::WithSteps;
use crate::rules::codes;
use crate::rules::collect::{MemoryInfo, PartInfo, PatternInfo, RuleInfo, SuppressInfo, Value};
use crate::rules::memory::{MemoryRule, Pattern, PatternPart, SequenceStep, Suppress};
use crate::rules::problem::{Context, LoadCode, Problem};
use crate::rules::written::Written;

impl Compilation {
    /// Compiles the rules with memory. True if there was an error to stop at.
    pub(super) fn compile_memory(
        &mut self,
        collector: &Collector,
        around: &Surroundings<'_, '_>,
        report: &mut Report<'_>,
    ) -> bool {
        self.memory.clear();
        for info in collector.memory.all.iter().filter(|info| !info.rule.unknown_source) {
            let Some(schema) = around.sources.get(&info.rule.source) else { continue };
            let errors = report.errors.len();
            let mut uses = Uses::default();
            let mut work = Work { compilation: self, collector, around, schema: *schema, uses: &mut uses };
            let rule = work.rule(info, report);
            if report.errors.len() > errors && !report.tolerant {
                report.errors.truncate(errors + 1);
                return true;
            }
            self.memory.push((rule, uses));
        }
        false
    }
}

struct Work<'w, 's> {
    compilation: &'w Compilation,
    collector: &'w Collector,
    around: &'w Surroundings<'w, 's>,
    schema: &'w dyn Schema,
    uses: &'w mut Uses,
}

impl Work<'_, '_> {
    fn rule(&mut self, info: &MemoryInfo, report: &mut Report<'_>) -> Option<MemoryRule> {
        let head = &info.rule;
        if let Some(other) = self.collector.rules.id(&head.name).and_then(|id| self.collector.rules.get(id)) {
            let title = format!("there is a rule `{}` already", head.name);
            let problem = head.context.problem(LoadCode::Validate, codes::NAME_TAKEN, title);
            report.errors.push(problem.remark(other.context.place, "the other rule", self.around.files));
        }
        let (pattern, steps) = match &info.pattern {
            PatternInfo::Sequence { steps, until } => {
                let names: Vec<Option<String>> = steps.iter().map(|(name, _)| name.clone()).collect();
                for (name, part) in steps {
                    self.step_name(name.as_deref(), part, report);
                }
                let steps: Vec<Option<SequenceStep>> = steps
                    .iter()
                    .map(|(name, part)| {
                        Some(SequenceStep { name: name.clone(), on: self.part(head, part, report)? })
                    })
                    .collect();
                let until = until.as_ref().map(|part| self.part(head, part, report));
                let pattern = match (steps.into_iter().collect::<Option<Vec<_>>>(), until) {
                    (Some(steps), None) => Some(Pattern::Sequence { steps, until: None }),
                    (Some(steps), Some(Some(until))) => Some(Pattern::Sequence { steps, until: Some(until) }),
                    _ => None,
                };
                (pattern, WithSteps::sequence(self.schema, &names))
            }
            PatternInfo::Threshold { on, count, distinct } => {
                let fields = distinct.as_ref().map(std::slice::from_ref).unwrap_or_default();
                let distinct = joined_by(fields, self.schema, &head.context, report);
                let on = self.part(head, on, report);
                let pattern = match (on, distinct) {
                    (Some(on), Some(mut distinct)) => {
                        Some(Pattern::Threshold { on, count: *count, distinct: distinct.pop() })
                    }
                    _ => None,
                };
                (pattern, WithSteps::threshold(self.schema))
            }
        };
        let (output, extra_fields) =
            appended(self.around.append_output, &head.name, &head.source, &head.tags, &head.output.text);
        let mut compiler = Compiler::new(&steps);
        let extra: Vec<String> = extra_fields.iter().map(|(name, field)| field.format(name)).collect();
        for (format, own) in
            std::iter::once((&output, true)).chain(extra.iter().map(|format| (format, false)))
        {
            for mut diagnostic in OutputFormat::compile(format, &mut compiler).err().unwrap_or_default() {
                let place = head.output.place(diagnostic.span, self.around.files).filter(|_| own);
                let context = pointing(&head.output_context, place);
                diagnostic.span = context.place.span;
                diagnostic.labels.clear();
                diagnostic.anchor = None;
                if diagnostic.help.is_empty() {
                    diagnostic.help.extend(steps.named());
                }
                report.errors.push(context.with(Some(LoadCode::CompileOutput), diagnostic));
            }
        }
        let suppress = match &head.suppress {
            Some(suppress) => Some(compile_suppress(suppress, self.schema, report)?),
            None => None,
        };
        Some(MemoryRule {
            name: head.name.clone(),
            desc: head.desc.clone(),
            source: head.source.clone(),
            priority: head.priority,
            tags: head.tags.clone(),
            enabled: head.enabled,
            output_written: head.output.text.clone(),
            output,
            extra_fields,
            within: info.within,
            slack: info.slack,
            limit: info.limit,
            pattern: pattern?,
            suppress,
            place: head.context.place,
        })
    }

    /// A step cannot be called like the first word of a field.
    fn step_name(&self, name: Option<&str>, part: &PartInfo, report: &mut Report<'_>) {
        let Some(name) = name else { return };
        let taken = self.schema.fields().iter().any(|field| field.name.split('.').next() == Some(name));
        if taken {
            let title = format!("`{name}` cannot be a step's name: fields begin with it");
            let problem = part.context.problem(LoadCode::Validate, codes::STEP_NAME, title);
            report.errors.push(problem.help("give the step another name in `as`"));
        }
    }

    fn part(&mut self, head: &RuleInfo, part: &PartInfo, report: &mut Report<'_>) -> Option<PatternPart> {
        let mut output = Written::default();
        output.put("-");
        let rule = RuleInfo {
            context: head.context.clone(),
            condition_context: part.condition_context.clone(),
            output_context: head.output_context.clone(),
            name: head.name.clone(),
            condition: part.condition.clone(),
            source: head.source.clone(),
            desc: String::new(),
            output,
            tags: std::collections::BTreeSet::new(),
            exceptions: Vec::new(),
            priority: head.priority,
            capture: false,
            capture_duration: 0,
            enabled: true,
            warn_evttypes: false,
            skip_if_unknown_filter: false,
            unknown_source: false,
            suppress: None,
        };
        let around = Surroundings { append_output: &[], ..*self.around };
        let compiled = self.compilation.compile_rule(&rule, self.schema, self.collector, around, report);
        report.warnings.extend(compiled.warnings);
        self.uses.lists.extend(compiled.uses.lists);
        self.uses.macros.extend(compiled.uses.macros);
        let by = joined_by(&part.by, self.schema, &part.context, report);
        let rule = compiled.rule?;
        Some(PatternPart {
            condition: rule.condition,
            condition_compiled: rule.condition_compiled,
            expr: Arc::clone(&rule.expr),
            kinds: rule.kinds,
            by: by?,
        })
    }
}

pub(super) fn compile_suppress(
    info: &SuppressInfo,
    schema: &dyn Schema,
    report: &mut Report<'_>,
) -> Option<Suppress> {
    let by = joined_by(&info.by, schema, &info.context, report)?;
    Some(Suppress { by, period: info.period, limit: info.limit })
}

/// The fields that events are joined by, checked: each has one value.
fn joined_by(
    values: &[Value],
    schema: &dyn Schema,
    context: &Context,
    report: &mut Report<'_>,
) -> Option<Vec<String>> {
    let mut all = Vec::with_capacity(values.len());
    for value in values {
        let at = context.pointing(value.origin.place);
        match operand(&value.text, schema) {
            Ok(_) => all.push(value.text.clone()),
            Err(diagnostics) => report.errors.extend(diagnostics.into_iter().map(|found| {
                let problem = Problem::clone(&at.problem(LoadCode::Validate, codes::BAD_BY, found.title));
                found.help.into_iter().fold(problem, Problem::help)
            })),
        }
    }
    (all.len() == values.len()).then_some(all)
}

fn operand(text: &str, schema: &dyn Schema) -> Result<Operand, Vec<Diagnostic>> {
    let error = |title: String| {
        vec![
            Diagnostic::error(codes::BAD_BY, Span::default(), title)
                .with_help("write a field, or a transformer of one, as in `basename(proc.exepath)`"),
        ]
    };
    let operand = match parse_operand(text, Limits::default()) {
        Ok(Some((operand, len))) if len == text.len() => operand,
        Ok(_) => return Err(error(format!("`{text}` is no field"))),
        Err(problem) => return Err(vec![*problem]),
    };
    let mut compiler = Compiler::new(schema);
    let value = compiler.add_value(&operand)?;
    if compiler.finish().value_arity(value) != Arity::One {
        return Err(error(format!("`{text}` has several values, and events are joined by one")));
    }
    Ok(operand)
}
