//! A rule's exceptions: read, checked, appended to.

use eyrie_lang::Schema;
use eyrie_lang::ast::{Modifier, Op};
use eyrie_lang::parse::{Limits, parse_operand};

use super::{Reader, invalid, misfit, required};
use crate::rules::collect::{Entry, ExceptionInfo, RuleInfo, Step};
use crate::rules::context::{Context, LoadCode};
use crate::rules::yaml::Node;

/// How many values the exceptions of one item may have. Aliases within aliases can stand for more than there is memory.
const MAX_ENTRIES: usize = 4_000_000;

impl Reader<'_, '_> {
    /// The exceptions of an item, `None` if it has no such key.
    pub(super) fn exceptions(
        &mut self,
        item: &Node,
        context: &Context,
        append: bool,
    ) -> Step<Option<Vec<ExceptionInfo>>> {
        let Some(value) = item.get("exceptions").filter(|value| !value.is_null()) else { return Ok(None) };
        let place = context.child("exceptions", "", value.mark);
        let Some(entries) = value.sequence() else {
            return invalid(&place, "expected a list of exceptions");
        };
        let mut left = MAX_ENTRIES;
        let budget = &mut left;
        let mut all: Vec<ExceptionInfo> = Vec::new();
        for entry in entries {
            let name = required(entry, "name", &place.child("exception", "", entry.mark))?;
            let at = context.child("exception", &name, entry.mark);
            if all.iter().any(|known| known.name == name) {
                self.warn(
                    &at,
                    LoadCode::ExceptionNameNotUnique,
                    format!("the rule has another exception `{name}`"),
                );
            }
            let mut exception =
                ExceptionInfo { context: at.clone(), name, fields: None, comps: None, values: Vec::new() };
            exception.fields = property(entry, "fields", &at, budget)?;
            exception.comps = property(entry, "comps", &at, budget)?;
            match entry.get("values").filter(|values| !values.is_null()) {
                Some(values) => {
                    let place = at.child("exception values", "", values.mark);
                    let Some(items) = values.sequence() else {
                        return invalid(&place, "expected a list of values");
                    };
                    for item in items {
                        exception.values.push(entry_of(
                            item,
                            &place.child("exception value", "", item.mark),
                            budget,
                        )?);
                    }
                }
                None if append => {
                    self.warn(&at, LoadCode::AppendNoValues, "the exception adds nothing: it has no values");
                }
                None => {}
            }
            all.push(exception);
        }
        Ok(Some(all))
    }
}

fn property(entry: &Node, key: &str, context: &Context, budget: &mut usize) -> Step<Option<Entry>> {
    let Some(found) = entry.get(key).filter(|found| !found.is_null()) else { return Ok(None) };
    let place = context.child("value for", key, found.mark);
    if let Some("") = found.scalar() {
        return invalid(&place, "the value is empty");
    }
    match found.sequence() {
        None => Ok(Some(Entry::One(found.scalar().unwrap_or_default().to_string()))),
        Some(items) => {
            let items =
                items.iter().map(|item| entry_of(item, &place.child("exception", "", item.mark), budget));
            Ok(Some(Entry::Many(items.collect::<Step<Vec<Entry>>>()?)))
        }
    }
}

fn entry_of(node: &Node, context: &Context, budget: &mut usize) -> Step<Entry> {
    *budget = budget.saturating_sub(1);
    if *budget == 0 {
        return invalid(context, format!("the exceptions of a rule have more than {MAX_ENTRIES} values"));
    }
    let place = context.child("value for", "", node.mark);
    if let Some(items) = node.sequence() {
        let items = items.iter().map(|item| entry_of(item, &place.child("exception", "", item.mark), budget));
        return Ok(Entry::Many(items.collect::<Step<Vec<Entry>>>()?));
    }
    match node.scalar() {
        Some("") => invalid(&place, "the value is empty"),
        text => Ok(Entry::One(text.unwrap_or_default().to_string())),
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
    let fields: Vec<String> = match &exception.fields {
        None => {
            return misfit(&context, "the exception has no `fields`");
        }
        Some(Entry::One(field)) => {
            let comps = exception.comps.get_or_insert_with(|| Entry::One("in".to_string()));
            let Entry::One(operator) = comps else {
                return misfit(&context, "one field takes one operator, not a list");
            };
            if !matches!(operator.as_str(), "in" | "pmatch" | "intersects") && !is_modified(operator) {
                return misfit(
                    &context,
                    "one field takes `in`, `pmatch`, `intersects` or an operator with a modifier, such as `startswith anyof`",
                );
            }
            vec![field.clone()]
        }
        Some(Entry::Many(fields)) => {
            let comps = exception
                .comps
                .get_or_insert_with(|| Entry::Many(vec![Entry::One("=".to_string()); fields.len()]));
            let operators: &[Entry] = match comps {
                Entry::Many(operators) => operators,
                Entry::One(_) => &[],
            };
            if operators.len() != fields.len() {
                return misfit(&context, "there have to be as many operators as fields");
            }
            for operator in operators {
                let Entry::One(operator) = operator else { continue };
                if !Op::ALL.iter().any(|known| known.name() == operator) && !is_modified(operator) {
                    return misfit(&context, format!("there is no operator `{operator}`"));
                }
            }
            let name = |field: &Entry| match field {
                Entry::One(name) => name.clone(),
                Entry::Many(_) => String::new(),
            };
            fields.iter().map(name).collect()
        }
    };
    for field in fields {
        let parsed = parse_operand(&field, Limits::default());
        let known = match parsed {
            Ok(Some((operand, len))) if len == field.len() => {
                eyrie_lang::Compiler::new(schema).add_value(&operand).is_ok()
            }
            _ => false,
        };
        if !known {
            return misfit(&context, format!("there is no field `{field}`"));
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
                    return misfit(
                        &exception.context,
                        "to an exception that there is only values can be added",
                    );
                }
                known.values.extend(exception.values);
            }
            None => {
                if exception.fields.is_none() {
                    return misfit(
                        &exception.context,
                        "there is no exception of this name to add to, and for a new one `fields` are missing",
                    );
                }
                if exception.values.is_empty() {
                    return misfit(
                        &exception.context,
                        "there is no exception of this name to add to, and for a new one `values` are missing",
                    );
                }
                if let Some(schema) = schema {
                    complete(&mut exception, schema)?;
                }
                rule.exceptions.push(exception);
            }
        }
    }
    Ok(())
}
