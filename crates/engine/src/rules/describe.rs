//! What rules are made of, as Falco's `-L` tells it: the fields, operators, macros, lists and events of each condition.
//! [`describe`] is the entry point.

use std::collections::BTreeSet;
use std::sync::Arc;

use eyrie_lang::ast::{Check, Expr, FieldName, Op, Operand, Right};
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{Compiler, Discriminant, KindSet, Schema};

use super::{ListItem, MacroItem, Rule, Rules};
use crate::OutputFormat;

/// How deep a condition may be nested to be described by Falco.
const FALCO_DEPTH: usize = 100;

/// What all rules, macros and lists are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// In the order of the rules.
    pub rules: Vec<RuleDetails>,
    /// In the order of the macros.
    pub macros: Vec<ConditionDetails>,
    /// In the order of the lists: the lists that their items name.
    pub lists: Vec<Vec<String>>,
}

/// What a condition is made of. All names are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionDetails {
    /// The canonical text, with lists and macros put in.
    pub compiled: String,
    /// The macros that the text as written uses itself.
    pub macros: Vec<String>,
    /// The lists that the text as written compares with.
    pub lists: Vec<String>,
    /// All fields, with their arguments.
    pub fields: Vec<String>,
    /// All operators, with their modifiers.
    pub operators: Vec<String>,
    /// The names of the events that it can match.
    pub events: Vec<String>,
}

/// What a rule is made of. All names are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleDetails {
    /// The condition.
    pub condition: ConditionDetails,
    /// The fields of the output.
    pub output_fields: Vec<String>,
    /// The names of the exceptions.
    pub exception_names: Vec<String>,
    /// The operators of the exceptions.
    pub exception_operators: Vec<String>,
    /// The fields of the exceptions.
    pub exception_fields: Vec<String>,
    /// The plugins that the rule needs for its source or its fields.
    pub plugins: Vec<String>,
}

/// What a description needs to know beside the rules.
pub trait Surroundings {
    /// The schema of a source.
    fn schema(&self, source: &str) -> Option<&dyn Schema>;

    /// The plugin that has a field, if it is a plugin's.
    fn plugin_of_field(&self, source: &str, field: &str) -> Option<&str>;

    /// The plugin that a source comes from.
    fn plugin_of_source(&self, source: &str) -> Option<&str> {
        let _ = source;
        None
    }
}

/// Why Falco would not describe rules that it loads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undescribed {
    /// The condition is nested deeper than the limit for descriptions.
    #[error("`{0}` is nested more than {FALCO_DEPTH} levels deep")]
    TooDeep(String),
    /// A comparison has no field on its left side.
    #[error("`{0}` has a comparison without a field on its left side")]
    NoField(String),
    /// The condition cannot be read without its lists.
    #[error("the condition of `{0}` cannot be read before its lists are put in")]
    NotACondition(String),
}

/// Describes all rules, macros and lists, and says which of them Falco would not describe: it then describes none.
pub fn describe(rules: &Rules, around: &dyn Surroundings) -> (Description, Vec<Undescribed>) {
    let mut refused = Vec::new();
    let known = Known {
        macros: rules.macros.iter().map(|item| item.name.as_str()).collect(),
        lists: rules.lists.iter().map(|item| item.name.as_str()).collect(),
    };
    let description = Description {
        rules: rules.rules.iter().map(|rule| known.rule(rule, around, &mut refused)).collect(),
        macros: rules.macros.iter().map(|item| known.macro_item(item, around, &mut refused)).collect(),
        lists: rules.lists.iter().map(named_lists).collect(),
    };
    (description, refused)
}

/// The lists that a list's items name: what is among the items as written and not among those put in.
fn named_lists(list: &ListItem) -> Vec<String> {
    let own = list.written.iter().filter(|item| !list.items_plain().any(|put_in| put_in == item.as_str()));
    own.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

impl ListItem {
    /// The items without the quotes that were put around them.
    pub(super) fn items_plain(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| {
            let inner = item.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            match inner {
                Some(inner) if self.written.iter().any(|written| written == inner) => inner,
                _ => item.as_str(),
            }
        })
    }
}

struct Known<'r> {
    macros: BTreeSet<&'r str>,
    lists: BTreeSet<&'r str>,
}

impl Known<'_> {
    fn rule(&self, rule: &Rule, around: &dyn Surroundings, refused: &mut Vec<Undescribed>) -> RuleDetails {
        let mut condition = self.condition(&rule.name, &rule.condition, &rule.expr, refused);
        condition.compiled.clone_from(&rule.condition_compiled);
        let schema = around.schema(&rule.source);
        condition.events = match schema.and_then(|schema| schema.discriminant()) {
            Some(discriminant) => named(discriminant, &rule.kinds),
            // Events of plugins are of one kind.
            None => vec!["asyncevent".to_string(), "pluginevent".to_string()],
        };
        let mut output_fields = schema.map(|schema| fields_of(&rule.output, schema)).unwrap_or_default();
        for (name, field) in &rule.extra_fields {
            output_fields.insert(field.format(name));
        }
        let mut exceptions = RuleDetails::default();
        for exception in &rule.exceptions {
            exceptions.exception_names.push(exception.name.clone());
            exceptions.exception_operators.extend(exception.operators.iter().cloned());
            exceptions.exception_fields.extend(exception.fields.iter().cloned());
        }
        let used = condition.fields.iter().chain(&output_fields);
        let names = used.map(|field| field.split('[').next().unwrap_or_default());
        let mut plugins: BTreeSet<String> = names
            .filter_map(|field| around.plugin_of_field(&rule.source, field))
            .map(str::to_string)
            .collect();
        plugins.extend(around.plugin_of_source(&rule.source).map(str::to_string));
        RuleDetails {
            condition,
            output_fields: output_fields.into_iter().collect(),
            exception_names: sorted(exceptions.exception_names),
            exception_operators: sorted(exceptions.exception_operators),
            exception_fields: sorted(exceptions.exception_fields),
            plugins: plugins.into_iter().collect(),
        }
    }

    fn macro_item(
        &self,
        item: &MacroItem,
        around: &dyn Surroundings,
        refused: &mut Vec<Undescribed>,
    ) -> ConditionDetails {
        let mut details = self.condition(&item.name, &item.condition, &item.expr, refused);
        details.compiled = item.expr.limited_text(MAX_TEXT);
        if let Some(discriminant) = around.schema("syscall").and_then(|schema| schema.discriminant()) {
            details.events = named(discriminant, &kinds(&item.expr, false, discriminant));
        }
        details
    }

    fn condition(
        &self,
        name: &str,
        written: &str,
        expr: &Arc<Expr>,
        refused: &mut Vec<Undescribed>,
    ) -> ConditionDetails {
        let mut found = Details::default();
        match parse(written, Limits::default()) {
            Ok(own) => self.own_names(&own, &mut found),
            Err(_) => refused.push(Undescribed::NotACondition(name.to_string())),
        }
        // Falco reads the text as written, with the lower limit.
        let limits = Limits { depth: FALCO_DEPTH, ..Limits::default() };
        if parse(written, limits).is_err_and(|problem| problem.code == eyrie_lang::codes::CONDITION_TOO_DEEP)
        {
            refused.push(Undescribed::TooDeep(name.to_string()));
        }
        let mut fieldless = false;
        expr.for_each_check(&mut |check, _| {
            let mut any = false;
            fields_in(&check.left, &mut |field| {
                any = true;
                found.fields.insert(field_text(field));
            });
            fieldless |= !any;
            if let Right::Operand(operand) = &check.right {
                fields_in(operand, &mut |field| _ = found.fields.insert(field_text(field)));
            }
            found.operators.insert(operator(check));
        });
        if fieldless {
            refused.push(Undescribed::NoField(name.to_string()));
        }
        ConditionDetails {
            compiled: String::new(),
            macros: found.macros.into_iter().collect(),
            lists: found.lists.into_iter().collect(),
            fields: found.fields.into_iter().collect(),
            operators: found.operators.into_iter().collect(),
            events: Vec::new(),
        }
    }

    /// The macros and lists that a condition names before any are put in.
    fn own_names(&self, expr: &Expr, found: &mut Details) {
        let names = expr.macro_names();
        found.macros.extend(names.into_iter().filter(|name| self.macros.contains(name)).map(str::to_string));
        expr.for_each_check(&mut |check, _| {
            let values: Vec<String> = match &check.right {
                Right::List { values, .. } => values.iter().map(|value| value.text().into_owned()).collect(),
                Right::Value(value) if matches!(check.op, Op::In | Op::Intersects | Op::Pmatch) => {
                    vec![value.text().into_owned()]
                }
                Right::Value(value) if check.modifier.is_some() => vec![value.text().into_owned()],
                _ => Vec::new(),
            };
            found.lists.extend(values.into_iter().filter(|name| self.lists.contains(name.as_str())));
        });
    }
}

/// How much of a macro's canonical text is kept.
const MAX_TEXT: usize = 16 << 20;

#[derive(Default)]
struct Details {
    macros: BTreeSet<String>,
    lists: BTreeSet<String>,
    fields: BTreeSet<String>,
    operators: BTreeSet<String>,
}

fn sorted(names: Vec<String>) -> Vec<String> {
    names.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

fn named(discriminant: &dyn Discriminant, kinds: &KindSet) -> Vec<String> {
    discriminant.described(kinds).into_iter().map(str::to_string).collect()
}

fn field_text(field: &FieldName) -> String {
    match field.argument.as_deref() {
        None | Some("") => field.name.to_string(),
        Some(argument) => format!("{}[{argument}]", field.name),
    }
}

fn operator(check: &Check) -> String {
    match check.modifier {
        Some(modifier) => format!("{} {}", check.op.name(), modifier.name()),
        None => check.op.name().to_string(),
    }
}

fn fields_in(operand: &Operand, visit: &mut dyn FnMut(&FieldName)) {
    match operand {
        Operand::Field(field) | Operand::Val { field, .. } => visit(field),
        Operand::Call { arguments: parts, .. } | Operand::List { items: parts, .. } => {
            parts.iter().for_each(|part| fields_in(part, visit));
        }
        Operand::Literal(_) => {}
    }
}

fn fields_of(output: &str, schema: &dyn Schema) -> BTreeSet<String> {
    let mut compiler = Compiler::new(schema);
    match OutputFormat::compile(output, &mut compiler) {
        Ok(format) => {
            let program = compiler.finish();
            // What a transformer makes has the transformer's text for a name.
            let values = format.values().map(|(name, _)| name.to_string());
            values.chain(format.field_names(&program)).collect()
        }
        Err(_) => BTreeSet::new(),
    }
}

/// Which kinds a condition can match that is for no source in particular.
fn kinds(expr: &Expr, negated: bool, discriminant: &dyn Discriminant) -> KindSet {
    let all = || KindSet::all(discriminant.len());
    match expr {
        Expr::Not(child) => kinds(child, !negated, discriminant),
        Expr::Macro { body: Some(body), .. } => kinds(body, negated, discriminant),
        Expr::Macro { body: None, .. } => all(),
        Expr::And(children) | Expr::Or(children) => {
            let intersect = matches!(expr, Expr::And(_)) != negated;
            let start = if intersect { all() } else { KindSet::empty(discriminant.len()) };
            children.iter().fold(start, |set, child| {
                let child = kinds(child, negated, discriminant);
                if intersect { set.intersection(&child) } else { set.union(&child) }
            })
        }
        Expr::Check(check) => {
            let Operand::Field(field) = &check.left else { return all() };
            let sorts =
                &*field.name == discriminant.field() || discriminant.other_fields().contains(&&*field.name);
            if !sorts || field.argument.is_some() || check.modifier.is_some() {
                return constant(check, negated, discriminant).unwrap_or_else(all);
            }
            let values: Vec<String> = match &check.right {
                Right::Value(value) => vec![value.text().into_owned()],
                Right::List { values, .. } => values.iter().map(|value| value.text().into_owned()).collect(),
                Right::None if check.op == Op::Exists && negated => {
                    return KindSet::empty(discriminant.len());
                }
                _ => return all(),
            };
            if !matches!(check.op, Op::Eq | Op::EqEq | Op::Ne | Op::In) {
                return all();
            }
            let mut set = KindSet::empty(discriminant.len());
            for value in values {
                let of_name = discriminant.kinds(&value).unwrap_or_default();
                of_name.into_iter().for_each(|kind| set.insert(kind));
            }
            if (check.op == Op::Ne) != negated { set.complement() } else { set }
        }
    }
}

/// `evt.num = 0` matches nothing.
fn constant(check: &Check, negated: bool, discriminant: &dyn Discriminant) -> Option<KindSet> {
    let Operand::Field(field) = &check.left else { return None };
    let Right::Value(value) = &check.right else { return None };
    let zero = &*field.name == "evt.num" && &*value.bytes == b"0";
    let never = match check.op {
        Op::Eq | Op::EqEq | Op::Le if zero => true,
        Op::Ne | Op::Gt if zero => false,
        _ => return None,
    };
    (never != negated).then(|| KindSet::empty(discriminant.len()))
}
