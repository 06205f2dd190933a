//! One rule: its exceptions made part of the condition, condition and output checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use eyrie_lang::ast::{Expr, Literal, Op, Operand, Right};
use eyrie_lang::lists::item_text;
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{
    Added, Compiler, ConditionId, Diagnostic, Discriminant, Program, Schema, Span, codes as lang_codes,
};

use super::macros::{pointing, unknown_macro_help};
use super::memory::compile_suppress;
use super::{
    Collector, Compilation, CompiledRule, Report, Rule, RuleException, Step, Surroundings, Uses,
    condition_problem, is_unknown_filter, refused,
};
use crate::OutputFormat;
use crate::append_output::{ExtraField, appended};
use crate::rules::codes;
use crate::rules::collect::{Entry, ExceptionInfo, RuleInfo};
use crate::rules::problem::{LoadCode, Problem};
use crate::rules::written::Written;

/// How many kinds of events a rule may be looked at for without a warning.
const MANY_KINDS: usize = 100;

impl Compilation {
    /// Compiles a rule. Whether there were errors shows in the report.
    pub(super) fn compile_rule(
        &self,
        info: &RuleInfo,
        schema: &dyn Schema,
        collector: &Collector,
        around: Surroundings<'_, '_>,
        report: &mut Report<'_>,
    ) -> CompiledRule {
        let mut compiled = CompiledRule { rule: None, warnings: Vec::new(), uses: Uses::default() };
        let mut work = Work {
            compilation: self,
            info,
            collector,
            around,
            schema,
            compiled: &mut compiled,
            errors: Vec::new(),
        };
        let rule = work.rule(report.tolerant);
        let mut errors = std::mem::take(&mut work.errors);
        if let Some(first) = errors.first()
            && info.skip_if_unknown_filter
            && is_unknown_filter(first)
        {
            let first = errors.swap_remove(0);
            let mut warning = Problem { code: Some(LoadCode::UnknownFilter), ..first };
            warning.diagnostic.severity = eyrie_lang::Severity::Warning;
            warning
                .diagnostic
                .help
                .push("the rule is left out, as `skip-if-unknown-filter` asks".to_string());
            compiled.warnings.push(warning);
            return compiled;
        }
        let stop = !report.tolerant;
        // Warnings that come before the error are told.
        if !errors.is_empty() && stop {
            report.warnings.append(&mut compiled.warnings);
        }
        report.errors.extend(errors.into_iter().take(if stop { 1 } else { usize::MAX }));
        compiled.rule = rule;
        compiled
    }
}

struct Work<'w> {
    compilation: &'w Compilation,
    info: &'w RuleInfo,
    collector: &'w Collector,
    around: Surroundings<'w, 'w>,
    schema: &'w dyn Schema,
    compiled: &'w mut CompiledRule,
    errors: Vec<Problem>,
}

impl Work<'_> {
    fn rule(&mut self, tolerant: bool) -> Option<Rule> {
        let info = self.info;
        let condition = match with_exceptions(info) {
            Ok(condition) => condition,
            Err(problem) => {
                self.errors.push(*problem);
                // The condition alone can be looked at.
                info.condition.clone()
            }
        };
        if !tolerant && !self.errors.is_empty() {
            return None;
        }
        let mut compiler = Compiler::new(self.schema);
        let output = if info.output.text.is_empty() { None } else { self.output(&mut compiler) };
        if (!tolerant && !self.errors.is_empty()) || condition.text.is_empty() {
            return None;
        }
        let (expr, program, id) = self.condition(&condition, compiler, output.as_ref(), tolerant)?;
        let rule = self.finished(expr, &program, id, output?)?;
        self.with_suppress(rule)
    }

    /// The output and the fields that findings get besides.
    fn output(&mut self, compiler: &mut Compiler<'_>) -> Option<(String, BTreeMap<String, ExtraField>)> {
        const PLACEHOLDER: &str = "%container.info";
        let info = self.info;
        let (mut output, extra) =
            appended(self.around.append_output, &info.name, &info.source, &info.tags, &info.output.text);
        if let Some(at) = output.find(PLACEHOLDER) {
            let place = info.output.place(Span::new(at, at + PLACEHOLDER.len()), self.around.files);
            let context = pointing(&info.context, place);
            self.compiled.warnings.push(
                context
                    .problem(
                        LoadCode::DeprecatedItem,
                        codes::CONTAINER_INFO,
                        "`%container.info` stands for nothing any more and is left out",
                    )
                    .help("name the fields that you want, such as `%container.name`"),
            );
            output = output.replace(PLACEHOLDER, "");
            if output.is_empty() {
                self.errors.push(info.output_context.problem(
                    LoadCode::CompileOutput,
                    codes::EMPTY_OUTPUT,
                    "nothing is left of the output",
                ));
                return None;
            }
        }
        let formats = extra.iter().map(|(name, field)| (field.format(name), true));
        let mut sound = true;
        for (format, added) in std::iter::once((output.clone(), false)).chain(formats) {
            let Err(problems) = OutputFormat::compile(&format, compiler) else { continue };
            sound = false;
            for mut diagnostic in problems {
                // What the configuration adds is nowhere in the file.
                let own = !added && diagnostic.span.start <= info.output.text.len();
                let place = info.output.place(diagnostic.span, self.around.files).filter(|_| own);
                let context = pointing(&info.output_context, place);
                diagnostic.span = context.place.span;
                if !own {
                    diagnostic
                        .help
                        .push("this is in what the configuration's `append_output` adds".to_string());
                }
                diagnostic.labels.clear();
                diagnostic.anchor = None;
                self.errors.push(context.with(Some(LoadCode::CompileOutput), diagnostic));
            }
        }
        sound.then_some((output, extra))
    }

    fn condition(
        &mut self,
        condition: &Written,
        mut compiler: Compiler<'_>,
        output: Option<&(String, BTreeMap<String, ExtraField>)>,
        tolerant: bool,
    ) -> Option<(Expr, Program, ConditionId)> {
        let (text, lists) = self.compilation.put_lists(&condition.text, self.collector);
        self.compiled.uses.lists = lists;
        let parsed = parse(&text, Limits::default());
        let mut expr = match parsed {
            Ok(expr) => expr,
            Err(problem) => {
                let found = self.problem(LoadCode::CompileCondition, &text, &text, condition, *problem);
                self.errors.push(found);
                return None;
            }
        };
        if !self.macros(&mut expr, &text, condition) {
            if tolerant {
                // The comparisons beside the macros that are not there.
                let problems = compiler.add_expr(&expr).err().unwrap_or_default();
                for problem in problems.into_iter().filter(|p| p.code != lang_codes::UNKNOWN_MACRO) {
                    let found = self.condition_problem(LoadCode::CompileCondition, condition, &text, problem);
                    self.errors.push(found);
                }
            }
            return None;
        }
        self.compared_with_na(&expr, &condition.text, condition, &text);
        let added = compiler.add_expr(&expr);
        let Added { id, warnings: found } = match added {
            Ok(added) => added,
            Err(problems) => {
                for problem in problems {
                    let found = self.condition_problem(LoadCode::CompileCondition, condition, &text, problem);
                    self.errors.push(found);
                }
                return None;
            }
        };
        for warning in found {
            let falco =
                [lang_codes::FIELD_AS_TEXT, lang_codes::TRANSFORMER_AS_TEXT, lang_codes::SIMPLE_REGEX];
            let code = falco.contains(&warning.code).then_some(LoadCode::ConditionWarning);
            // Deprecated fields are told of below, as Falco does.
            if code.is_none() && warning.code == lang_codes::DEPRECATED_FIELD {
                continue;
            }
            let mut problem = self.condition_problem(LoadCode::ConditionWarning, condition, &text, warning);
            problem.code = code;
            self.compiled.warnings.push(problem);
        }
        let program: Program = compiler.finish();
        self.deprecated(&program, id, output.map_or("", |(output, _)| output), condition, &text);
        Some((expr, program, id))
    }

    fn finished(
        &mut self,
        expr: Expr,
        program: &Program,
        id: ConditionId,
        (output, extra_fields): (String, BTreeMap<String, ExtraField>),
    ) -> Option<Rule> {
        let info = self.info;
        let kinds = program.kinds(id);
        let of_records = self.schema.discriminant().map_or(0, Discriminant::records);
        let many = kinds.iter().take_while(|kind| kind.0 < of_records).count();
        if info.warn_evttypes && info.source == "syscall" && many > MANY_KINDS {
            self.compiled.warnings.push(
                info.context
                    .problem(
                        LoadCode::NoEventType,
                        codes::MANY_EVENTS,
                        format!("the rule is looked at for {many} types of events"),
                    )
                    .help("name the types in the condition, as in `evt.type in (open, openat)`; it is then looked at for those alone"),
            );
        }
        Some(Rule {
            name: info.name.clone(),
            desc: info.desc.clone(),
            source: info.source.clone(),
            condition: info.condition.text.clone(),
            condition_compiled: program.text(id).to_string(),
            expr: Arc::new(expr),
            output_written: info.output.text.clone(),
            output,
            extra_fields,
            priority: info.priority,
            tags: info.tags.clone(),
            enabled: info.enabled,
            capture: info.capture,
            capture_duration: info.capture_duration,
            suppress: None,
            exceptions: info.exceptions.iter().map(described).collect(),
            kinds,
            place: info.context.place,
        })
    }

    fn with_suppress(&mut self, rule: Rule) -> Option<Rule> {
        let Some(suppress) = &self.info.suppress else { return Some(rule) };
        let mut report = Report { errors: &mut self.errors, warnings: &mut Vec::new(), tolerant: true };
        let suppress = compile_suppress(suppress, self.schema, &mut report)?;
        Some(Rule { suppress: Some(suppress), ..rule })
    }

    /// Whether all macros are there.
    fn macros(&mut self, expr: &mut Expr, text: &str, condition: &Written) -> bool {
        let (compilation, collector) = (self.compilation, self.collector);
        let mut used = Vec::new();
        let resolved = expr.resolve_macros(&mut |name| {
            let id = collector.macros.id(name)?;
            used.push(id);
            compilation.macros.get(id)?.body.clone()
        });
        used.sort_unstable();
        used.dedup();
        self.compiled.uses.macros = used;
        let Err(missing) = resolved else { return true };
        let written = self.written(condition);
        for first in missing {
            let name = &*first.name;
            if collector.macros.id(name).is_some() || collector.broken.contains(name) || collector.incomplete
            {
                continue;
            }
            let before = text.get(..first.span.start).unwrap_or(text);
            let place = written.place(first.span, self.around.files);
            let context = pointing(&self.info.context.within_shown(before, &condition.text), place);
            let problem = context
                .problem(LoadCode::Validate, lang_codes::UNKNOWN_MACRO, format!("there is no macro `{name}`"))
                .help(unknown_macro_help(name, collector));
            self.errors.push(problem);
        }
        false
    }

    fn written(&self, condition: &Written) -> Written {
        self.compilation.put_lists_written(
            condition,
            &self.compiled.uses.lists,
            self.collector,
            self.around.files,
        )
    }

    fn problem(
        &self,
        code: LoadCode,
        counted: &str,
        shown: &str,
        condition: &Written,
        diagnostic: Diagnostic,
    ) -> Problem {
        let written = self.written(condition);
        let place = &self.info.condition_context;
        condition_problem(place, code, (counted, shown), diagnostic, &written, self.around.files)
    }

    /// A problem in the condition's text or in that of a macro that it uses. Falco counts both from the condition.
    fn condition_problem(
        &self,
        code: LoadCode,
        condition: &Written,
        text: &str,
        diagnostic: Diagnostic,
    ) -> Problem {
        let within = diagnostic.within.clone();
        let of_macro = within.and_then(|name| {
            let (text, written) = self.compilation.macro_written(&name, self.collector, self.around.files)?;
            Some((text, written, name))
        });
        let place = &self.info.condition_context;
        match of_macro {
            Some((text, written, name)) => {
                let found = condition_problem(
                    place,
                    code,
                    (text, &condition.text),
                    diagnostic,
                    &written,
                    self.around.files,
                );
                found.help(format!("this is in the macro `{name}`, which the rule `{}` uses", self.info.name))
            }
            None => self.problem(code, text, &condition.text, condition, diagnostic),
        }
    }

    /// Warns about fields that should not be used any more.
    fn deprecated(
        &mut self,
        program: &Program,
        id: ConditionId,
        output: &str,
        condition: &Written,
        text: &str,
    ) {
        let info = self.info;
        for field in self.schema.fields().iter().filter(|field| field.flags.deprecated) {
            let name = field.name.as_ref();
            if program.fields(id).iter().any(|used| &*used.name == name) {
                let place = text.find(name).and_then(|at| {
                    self.written(condition).place(Span::new(at, at + name.len()), self.around.files)
                });
                let context = pointing(&info.condition_context.whole(&condition.text), place);
                let title = format!("the field `{name}` should not be used any more");
                self.compiled.warnings.push(
                    context
                        .problem(LoadCode::DeprecatedItem, codes::DEPRECATED_FIELD, title)
                        .help_if(replacement(name)),
                );
            }
            // In outputs Falco looks for the text, wherever it stands.
            if let Some(at) = output.find(name) {
                let place = info.output.place(Span::new(at, at + name.len()), self.around.files);
                let title =
                    format!("the output mentions the field `{name}`, which should not be used any more");
                self.compiled.warnings.push(
                    pointing(&info.output_context, place)
                        .problem(LoadCode::DeprecatedItem, codes::DEPRECATED_FIELD, title)
                        .help_if(replacement(name)),
                );
            }
        }
    }

    /// Warns about fields of Kubernetes audit events that are compared with the text `<NA>`, once.
    fn compared_with_na(&mut self, expr: &Expr, shown: &str, condition: &Written, text: &str) {
        let mut found: Option<(Span, Option<String>)> = None;
        expr.for_each_check(&mut |check, within| {
            let Operand::Field(field) = &check.left else { return };
            let audit = field.name.starts_with("ka.") || field.name.starts_with("jevt.");
            let equality =
                matches!(check.op, Op::Eq | Op::EqEq | Op::Ne | Op::In | Op::Intersects | Op::Pmatch);
            let values: &[Literal] = match &check.right {
                Right::Value(value) => std::slice::from_ref(value),
                Right::List { values, .. } => values,
                _ => &[],
            };
            let na = values.iter().find(|value| &*value.bytes == b"<NA>");
            if let (true, true, Some(value), None) = (audit, equality, na, &found) {
                found = Some((value.span, within.map(str::to_string)));
            }
        });
        let Some((span, within)) = found else { return };
        let written = match &within {
            Some(name) => self
                .compilation
                .macro_written(name, self.collector, self.around.files)
                .map(|(_, written)| written),
            None => Some(self.written(condition)),
        };
        let _ = text;
        let place = written.and_then(|written| written.place(span, self.around.files));
        self.compiled.warnings.push(
            pointing(&self.info.condition_context.whole(shown), place)
                .problem(
                    LoadCode::UnsafeNaCheck,
                    codes::UNSAFE_NA,
                    "a field that is not there has no value, not the text `<NA>`",
                )
                .help("write `exists`, or `not … exists`"),
        );
    }
}

/// What to write instead of a field.
fn replacement(field: &str) -> Option<String> {
    let help = match field {
        "evt.dir" => "every event has its whole result since Falco 0.42; leave the comparison out",
        field if field.starts_with("evt.latency") || field.starts_with("evt.wait_latency") => {
            "events have no latency any more; leave it out"
        }
        _ => return None,
    };
    Some(help.to_string())
}

fn described(exception: &ExceptionInfo) -> RuleException {
    let texts = |entry: &Option<Entry>| -> Vec<String> {
        let mut all = Vec::new();
        if let Some(entry) = entry {
            entry.for_each_text(&mut |text| all.push(text.to_string()));
        }
        all
    };
    let operators = match exception.comps {
        Some(_) => texts(&exception.comps),
        // An exception that replaced another one without saying which.
        None => vec![String::new()],
    };
    // Fields without values except nothing.
    let fields = if exception.values.is_empty() { Vec::new() } else { texts(&exception.fields) };
    RuleException { name: exception.name.clone(), fields, operators, values: exception.values.len() }
}

impl Entry {
    pub(super) fn for_each_text<'e>(&'e self, visit: &mut dyn FnMut(&'e str)) {
        match self {
            Entry::One(value) => visit(&value.text),
            Entry::Many(entries) => entries.iter().for_each(|entry| entry.for_each_text(visit)),
        }
    }
}

impl ExceptionInfo {
    pub(super) fn for_each_text<'e>(&'e self, visit: &mut dyn FnMut(&'e str)) {
        for entry in self.fields.iter().chain(&self.comps).chain(&self.values) {
            entry.for_each_text(visit);
        }
    }
}

/// The condition with what excepts from it.
pub(super) fn with_exceptions(info: &RuleInfo) -> Step<Written> {
    let mut out = Written::default();
    let mut wrapped = false;
    for exception in &info.exceptions {
        let Some(fields) = &exception.fields else { continue };
        if exception.values.is_empty() {
            continue;
        }
        if !wrapped {
            wrapped = true;
            out.put("(");
            out.put_written(&info.condition);
            out.put(")");
        }
        out.put(" and not ");
        match fields {
            Entry::One(field) => {
                out.put("(");
                out.put_value(&field.text, field.origin);
                out.put(" ");
                put_plain(&mut out, exception.comps.as_ref());
                out.put(" (");
                put_values(&mut out, &exception.values);
                out.put("))");
            }
            Entry::Many(fields) => put_tuples(&mut out, exception, fields)?,
        }
    }
    if wrapped { Ok(out) } else { Ok(info.condition.clone()) }
}

fn put_tuples(out: &mut Written, exception: &ExceptionInfo, fields: &[Entry]) -> Step<()> {
    let operators: &[Entry] = match &exception.comps {
        Some(Entry::Many(operators)) => operators,
        // Only an exception that replaced another one comes here without; Falco crashes.
        _ => {
            let title = "the exception has no `comps`, which one that replaces another needs";
            let problem = exception.context.problem(LoadCode::Validate, codes::EXCEPTION_OPERATORS, title);
            return refused(problem.help("write an operator for each field, as in `comps: [=, startswith]`"));
        }
    };
    out.put("(");
    for (number, value) in exception.values.iter().enumerate() {
        let values: &[Entry] = match value {
            Entry::Many(values) => values,
            Entry::One(_) => &[],
        };
        if values.len() != fields.len() {
            let place = first_place(value).unwrap_or(exception.context.place);
            let title = match value {
                Entry::One(_) => {
                    format!("each value is a list of {} values, one for each field", fields.len())
                }
                Entry::Many(values) => format!(
                    "there have to be as many values as fields: {} for {}",
                    values.len(),
                    fields.len()
                ),
            };
            let context = exception.context.pointing(place);
            return refused(context.problem(LoadCode::Validate, codes::EXCEPTION_VALUES, title));
        }
        out.put(if number > 0 { " or (" } else { "(" });
        for (at, (field, value)) in fields.iter().zip(values).enumerate() {
            // The blanks before the fields count for the places of what is wrong.
            out.put(if at > 0 { " and  " } else { " " });
            put_plain(out, Some(field));
            out.put(" ");
            let operator = match operators.get(at) {
                Some(Entry::One(operator)) => operator.text.as_str(),
                _ => "",
            };
            put_plain(out, operators.get(at));
            out.put(" ");
            match value {
                Entry::One(value) if takes_list(operator) && !value.text.starts_with('(') => {
                    out.put("(");
                    out.put_value(&item_text(&value.text), value.origin);
                    out.put(")");
                }
                value => put_value(out, value),
            }
        }
        out.put(")");
    }
    out.put(")");
    Ok(())
}

fn first_place(entry: &Entry) -> Option<crate::rules::written::Place> {
    match entry {
        Entry::One(value) => Some(value.origin.place),
        Entry::Many(entries) => entries.iter().find_map(first_place),
    }
}

fn takes_list(operator: &str) -> bool {
    matches!(operator, "in" | "pmatch" | "intersects") || operator.ends_with("of")
}

/// A field or an operator.
fn put_plain(out: &mut Written, entry: Option<&Entry>) {
    if let Some(Entry::One(value)) = entry {
        out.put_value(&value.text, value.origin);
    }
}

fn put_values(out: &mut Written, values: &[Entry]) {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.put(", ");
        }
        put_value(out, value);
    }
}

/// A value, quoted if it has a blank.
fn put_value(out: &mut Written, entry: &Entry) {
    match entry {
        Entry::One(value) => out.put_value(&item_text(&value.text), value.origin),
        Entry::Many(items) => {
            out.put("(");
            put_values(out, items);
            out.put(")");
        }
    }
}
