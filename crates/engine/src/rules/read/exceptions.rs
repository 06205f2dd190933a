//! A rule's exceptions: read, checked, appended to.

use eyrie_lang::ast::{Modifier, Op};
use eyrie_lang::parse::{Limits, parse_operand};
use eyrie_lang::{Schema, closest};

use super::{Reader, head, invalid, misfit, missing};
use crate::rules::codes;
use crate::rules::collect::{Entry, ExceptionInfo, RuleInfo, Step, Value};
use crate::rules::problem::{Context, LoadCode};
use crate::rules::written::Origin;
use crate::rules::yaml::Node;

/// How many values the exceptions of one item may have. Aliases within aliases can stand for more than there is memory.
const MAX_ENTRIES: usize = 1_000_000;

impl Reader<'_, '_> {
    /// The exceptions of an item, `None` if it has no such key.
    pub(super) fn exceptions(
        &mut self,
        item: &Node,
        context: &Context,
        append: bool,
    ) -> Step<Option<Vec<ExceptionInfo>>> {
        let Some(value) = item.get("exceptions").filter(|value| !value.is_null()) else { return Ok(None) };
        let place = context.child("exceptions", "", value);
        let Some(entries) = value.sequence() else {
            let title = format!("expected a list of exceptions, and this is {}", value.describe());
            return invalid(&place, codes::WRONG_KIND, title);
        };
        let mut left = MAX_ENTRIES;
        let budget = &mut left;
        let mut all: Vec<ExceptionInfo> = Vec::new();
        for entry in entries {
            let shown = self.place(head(entry, "name"));
            let name = self.required(entry, "name", &place.child("exception", "", entry).pointing(shown))?;
            let at = context.child("exception", &name, entry).pointing(shown);
            if all.iter().any(|known| known.name == name) {
                let title = format!("the rule has another exception `{name}`");
                self.warnings.push(at.problem(
                    LoadCode::ExceptionNameNotUnique,
                    codes::DUPLICATE_EXCEPTION,
                    title,
                ));
            }
            let mut exception =
                ExceptionInfo { context: at.clone(), name, fields: None, comps: None, values: Vec::new() };
            exception.fields = self.property(entry, "fields", &at, budget)?;
            exception.comps = self.property(entry, "comps", &at, budget)?;
            match entry.get("values").filter(|values| !values.is_null()) {
                Some(values) => {
                    let place = at.child("exception values", "", values);
                    let Some(items) = values.sequence() else {
                        let title = format!("expected a list of values, and this is {}", values.describe());
                        return invalid(&place, codes::WRONG_KIND, title);
                    };
                    for item in items {
                        let at = || place.child("exception value", "", item);
                        exception.values.push(self.entry_of(item, &at, budget)?);
                    }
                }
                None if append => {
                    let title = "the exception adds nothing: it has no values";
                    self.warnings.push(at.problem(
                        LoadCode::AppendNoValues,
                        codes::EXCEPTION_WITHOUT_VALUES,
                        title,
                    ));
                }
                None => {}
            }
            all.push(exception);
        }
        Ok(Some(all))
    }

    fn property(
        &self,
        entry: &Node,
        key: &str,
        context: &Context,
        budget: &mut usize,
    ) -> Step<Option<Entry>> {
        let Some(found) = entry.get(key).filter(|found| !found.is_null()) else { return Ok(None) };
        let place = context.child("value for", key, found);
        if let Some("") = found.scalar() {
            return invalid(&place, codes::EMPTY_VALUE, format!("the value of `{key}` is empty"));
        }
        match found.sequence() {
            None => Ok(Some(Entry::One(self.value(found)))),
            Some(items) => {
                let items = items
                    .iter()
                    .map(|item| self.entry_of(item, &|| place.child("exception", "", item), budget));
                Ok(Some(Entry::Many(items.collect::<Step<Vec<Entry>>>()?)))
            }
        }
    }

    fn value(&self, node: &Node) -> Value {
        Value { text: node.scalar().unwrap_or_default().to_string(), origin: Origin::new(self.file, node) }
    }

    fn entry_of(&self, node: &Node, context: &dyn Fn() -> Context, budget: &mut usize) -> Step<Entry> {
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            let title = format!("the exceptions of a rule have more than {MAX_ENTRIES} values");
            return invalid(&context(), codes::EXCEPTION_VALUES, title);
        }
        let place = || context().child("value for", "", node);
        if let Some(items) = node.sequence() {
            let items = items
                .iter()
                .map(|item| self.entry_of(item, &|| place().child("exception", "", item), budget));
            return Ok(Entry::Many(items.collect::<Step<Vec<Entry>>>()?));
        }
        match node.scalar() {
            Some("") => invalid(&place(), codes::EMPTY_VALUE, "the value is empty"),
            _ => Ok(Entry::One(self.value(node))),
        }
    }
}

/// Whether the text is an operator with a modifier, as in `startswith oneof`.
fn is_modified(operator: &str) -> bool {
    let takes = |op: &str| {
        matches!(
            Op::ALL.iter().find(|known| known.name() == op),
            Some(
                Op::Eq
                    | Op::EqEq
                    | Op::Ne
                    | Op::Contains
                    | Op::Icontains
                    | Op::Bcontains
                    | Op::StartsWith
                    | Op::BstartsWith
                    | Op::EndsWith
                    | Op::Glob
                    | Op::Iglob
                    | Op::Regex
            )
        )
    };
    operator
        .split_once(' ')
        .is_some_and(|(op, modifier)| takes(op) && Modifier::ALL.iter().any(|known| known.name() == modifier))
}

/// Checks an exception and fills in the operators that it does not give.
pub(super) fn complete(exception: &mut ExceptionInfo, schema: &dyn Schema) -> Step<()> {
    let context = exception.context.clone();
    let refused = |title: String| misfit(&context, codes::EXCEPTION_OPERATORS, title);
    let fields: Vec<Value> = match &exception.fields {
        None => return misfit(&context, codes::EXCEPTION_FIELDS, "the exception has no `fields`"),
        Some(Entry::One(field)) => {
            let default = Value { text: "in".to_string(), origin: field.origin };
            let comps = exception.comps.get_or_insert(Entry::One(default));
            let Entry::One(operator) = comps else {
                return refused("one field takes one operator, not a list".to_string());
            };
            if !matches!(operator.text.as_str(), "in" | "pmatch" | "intersects")
                && !is_modified(&operator.text)
            {
                let problem = context
                    .pointing(operator.origin.place)
                    .problem(
                        LoadCode::Validate,
                        codes::EXCEPTION_OPERATORS,
                        format!("one field does not take the operator `{}`", operator.text),
                    )
                    .help("it takes `in`, `pmatch`, `intersects` or an operator with a modifier, such as `startswith anyof`");
                return Err(Box::new(problem));
            }
            vec![field.clone()]
        }
        Some(Entry::Many(fields)) => {
            let name = |field: &Entry| match field {
                Entry::One(name) => Some(name.clone()),
                Entry::Many(_) => None,
            };
            let names: Vec<Value> = fields.iter().filter_map(name).collect();
            let default = |field: &Value| Value { text: "=".to_string(), origin: field.origin };
            let comps = exception
                .comps
                .get_or_insert_with(|| Entry::Many(names.iter().map(|f| Entry::One(default(f))).collect()));
            let operators: &[Entry] = match comps {
                Entry::Many(operators) => operators,
                Entry::One(_) => &[],
            };
            if operators.len() != fields.len() {
                return refused(format!(
                    "there have to be as many operators as fields: {} for {}",
                    operators.len(),
                    fields.len()
                ));
            }
            for operator in operators {
                let Entry::One(operator) = operator else { continue };
                if !Op::ALL.iter().any(|known| known.name() == operator.text) && !is_modified(&operator.text)
                {
                    let meant = closest(&operator.text, Op::ALL.iter().map(|op| op.name()));
                    let problem = context
                        .pointing(operator.origin.place)
                        .problem(
                            LoadCode::Validate,
                            codes::EXCEPTION_OPERATORS,
                            format!("there is no operator `{}`", operator.text),
                        )
                        .help_if(meant.map(|meant| format!("did you mean `{meant}`?")));
                    return Err(Box::new(problem));
                }
            }
            if names.len() != fields.len() {
                return misfit(&context, codes::EXCEPTION_FIELDS, "a field is a name, not a list");
            }
            names
        }
    };
    for field in fields {
        let parsed = parse_operand(&field.text, Limits::default());
        let known = match parsed {
            Ok(Some((operand, len))) if len == field.text.len() => {
                eyrie_lang::Compiler::new(schema).add_value(&operand).is_ok()
            }
            _ => false,
        };
        if !known {
            let names = schema.fields().iter().filter(|info| !info.flags.hidden);
            let meant = closest(&field.text, names.map(|info| info.name.as_ref()));
            let problem = context
                .pointing(field.origin.place)
                .problem(
                    LoadCode::Validate,
                    codes::EXCEPTION_FIELDS,
                    format!("there is no field `{}`", field.text),
                )
                .help_if(meant.map(|meant| format!("did you mean `{meant}`?")));
            return Err(Box::new(problem));
        }
    }
    Ok(())
}

/// Adds values to exceptions of the rule, or new exceptions.
pub(super) fn append(rule: &mut RuleInfo, more: Vec<ExceptionInfo>, schema: Option<&dyn Schema>) -> Step<()> {
    for mut exception in more {
        match rule.exceptions.iter_mut().find(|known| known.name == exception.name) {
            Some(known) => {
                if exception.fields.is_some() || exception.comps.is_some() {
                    let title = "to an exception that there is only values can be added";
                    let mut problem =
                        exception.context.problem(LoadCode::Validate, codes::EXCEPTION_REDEFINED, title);
                    problem = problem.help("leave out `fields` and `comps`, or choose another name");
                    return Err(Box::new(problem));
                }
                known.values.extend(exception.values);
            }
            None => {
                let known: Vec<&str> = rule.exceptions.iter().map(|known| known.name.as_str()).collect();
                let meant = closest(&exception.name, known.iter().copied());
                let what = match (&exception.fields, exception.values.is_empty()) {
                    (None, _) => "fields",
                    (_, true) => "values",
                    _ => {
                        if let Some(schema) = schema {
                            complete(&mut exception, schema)?;
                        }
                        rule.exceptions.push(exception);
                        continue;
                    }
                };
                let mut problem = *match missing::<()>(&exception.context, what) {
                    Err(problem) => problem,
                    Ok(()) => continue,
                };
                problem.code = Some(LoadCode::Validate);
                problem.diagnostic.title = format!(
                    "the rule has no exception `{}` to add to, and a new one needs `{what}`",
                    exception.name
                );
                return Err(Box::new(match meant {
                    Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                    None => problem,
                }));
            }
        }
    }
    Ok(())
}
