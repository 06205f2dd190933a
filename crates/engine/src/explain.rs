//! Why a rule matches an event or does not: [`explain`] decides its condition comparison by comparison, for an event or a
//! [`JsonRecord`](crate::JsonRecord).

use eyrie_lang::ast::Expr;
use eyrie_lang::{Compiler, Explanation, Fields, Kind, KindSet, Schema, Scratch};

use crate::rules::{Pattern, Rules};
use crate::ruleset::BuildError;

/// Why a condition came out as it did.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Which of the conditions it is, for a rule with memory: `` step `download` ``, `step 2`, `until`.
    pub part: Option<String>,
    /// The rule is not looked at for events of this kind, whatever the condition comes to: Falco sorts rules by the types of
    /// events that their conditions name.
    pub left_out: bool,
    /// The comparisons, with values and verdicts. What decided is marked; of a condition that does not hold the near misses are
    /// the comparisons of which each alone prevented it.
    pub explanation: Explanation,
}

impl Explained {
    /// Whether the event matches.
    pub fn holds(&self) -> bool {
        self.explanation.verdict.is_true() && !self.left_out
    }
}

/// Explains the conditions of a rule, one or several if it has memory; `None` if there is no such rule. `kind` is that of the
/// event, if the schema tells events apart.
///
/// ```
/// use eyrie_engine::rules::Loader;
/// use eyrie_engine::{JsonRecord, explain};
/// use eyrie_lang::{FieldInfo, Schema, StaticSchema, Type};
///
/// let schema = StaticSchema::new(vec![FieldInfo::new("proc.name", Type::CharBuf, "its name")])?;
/// let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
/// loader.load("rules.yaml", b"- {rule: Cat, desc: a cat, condition: proc.name = cat, output: meow, priority: INFO}");
/// let rules = loader.finish().rules;
/// let record = JsonRecord::parse(r#"{"proc.name": "dog"}"#, &schema).map_err(|problems| problems[0].to_string())?;
/// let explained = explain::explain(&rules, "Cat", &schema, &record, record.kind())?.ok_or("no such rule")?;
/// assert_eq!(explained[0].explanation.atoms[0].text, "proc.name = cat");
/// assert_eq!(explained[0].explanation.atoms[0].fields[0].values, ["dog"]);
/// assert!(!explained[0].holds());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the rule does not compile, which cannot be if it was loaded for this schema.
pub fn explain(
    rules: &Rules,
    name: &str,
    schema: &dyn Schema,
    fields: &dyn Fields,
    kind: Option<Kind>,
) -> Result<Option<Vec<Explained>>, Box<BuildError>> {
    let mut parts: Vec<(Option<String>, &Expr, &KindSet)> = Vec::new();
    if let Some(rule) = rules.rules.iter().find(|rule| rule.name == name) {
        parts.push((None, &rule.expr, &rule.kinds));
    } else if let Some(rule) = rules.memory.iter().find(|rule| rule.name == name) {
        match &rule.pattern {
            Pattern::Sequence { steps, until } => {
                for (step, number) in steps.iter().zip(1..) {
                    let name = match &step.name {
                        Some(name) => format!("step `{name}`"),
                        None => format!("step {number}"),
                    };
                    parts.push((Some(name), &step.on.expr, &step.on.kinds));
                }
                parts.extend(until.iter().map(|on| (Some("until".to_string()), &*on.expr, &on.kinds)));
            }
            Pattern::Threshold { on, .. } => {
                parts.push((Some("what counts".to_string()), &on.expr, &on.kinds));
            }
        }
    } else {
        return Ok(None);
    }
    let any_name =
        kind.zip(schema.discriminant()).is_some_and(|(kind, discriminant)| discriminant.has_any_name(kind));
    let mut explained = Vec::with_capacity(parts.len());
    for (part, expr, kinds) in parts {
        let mut compiler = Compiler::new(schema);
        let condition = compiler
            .add_expr(expr)
            .map_err(|diagnostics| Box::new(BuildError { rule: name.to_string(), diagnostics }))?;
        let program = compiler.finish();
        let explanation = program.start(fields, &mut Scratch::new()).explain(condition.id);
        let left_out = kind.is_some_and(|kind| !any_name && !kinds.contains(kind));
        explained.push(Explained { part, left_out, explanation });
    }
    Ok(Some(explained))
}
