//! From collected items to [`Rules`]: lists put in as text, macros resolved, exceptions made part of conditions, conditions and
//! outputs checked against their source's schema.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use eyrie_lang::ast::Expr;
use eyrie_lang::lists::{List, item_text, replace};
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{Added, Compiler, Diagnostic, Discriminant, Program, codes};

use super::Version;
use super::collect::{Collector, Entry, ListInfo, MacroInfo, RuleInfo, Step};
use super::context::{Context, LoadCode, Problem};
use super::read::{PRIORITIES, Sources};
use crate::OutputFormat;
use crate::append_output::{AppendOutput, ExtraField, appended};

/// How many kinds of events a rule may be looked at for without a warning.
const MANY_KINDS: usize = 100;

/// How many macros may use one another in a chain that is followed from its start.
const MAX_MACRO_CHAIN: usize = 200;

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub desc: String,
    /// Where its events come from.
    pub source: String,
    /// The condition as written, with what was appended.
    pub condition: String,
    /// The condition's canonical text, with lists, macros and exceptions put in.
    pub condition_compiled: String,
    /// The output as it is formatted, with what the configuration appends to it.
    pub output: String,
    /// The fields that findings get besides those of the output.
    pub extra_fields: BTreeMap<String, ExtraField>,
    /// From 0 (`Emergency`) to 7 (`Debug`).
    pub priority: u8,
    /// Labels.
    pub tags: BTreeSet<String>,
    /// Whether it is on, as far as the files say.
    pub enabled: bool,
    /// Whether a match starts a capture.
    pub capture: bool,
    /// For how many milliseconds; 0 is the default.
    pub capture_duration: u32,
    /// The condition with lists, macros and exceptions put in.
    pub expr: Arc<Expr>,
}

impl Rule {
    /// The priority's name, such as `Warning`.
    pub fn priority_name(&self) -> &'static str {
        PRIORITIES.get(usize::from(self.priority)).copied().unwrap_or("Debug")
    }
}

/// A macro.
#[derive(Clone, Debug)]
pub struct MacroItem {
    /// Its name.
    pub name: String,
    /// The condition as written, with what was appended.
    pub condition: String,
    /// Whether a rule or another macro uses it.
    pub used: bool,
}

/// A list.
#[derive(Clone, Debug)]
pub struct ListItem {
    /// Its name.
    pub name: String,
    /// The items as they stand in conditions.
    pub items: Vec<String>,
    /// Whether a rule, a macro or another list uses it.
    pub used: bool,
}

/// What rule files come to.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// In the order in which they were first defined; without those for unknown sources.
    pub rules: Vec<Rule>,
    /// In the order in which they were first defined.
    pub macros: Vec<MacroItem>,
    /// In the order in which they were first defined.
    pub lists: Vec<ListItem>,
    /// The highest engine version that a file requires.
    pub required_engine: Option<Version>,
    /// The plugins that files require: of each the alternatives.
    pub required_plugins: Vec<Vec<(String, Version)>>,
}

/// Why loaded plugins do not do for the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluginError {
    /// None of the alternatives is loaded.
    #[error("the rules need one of these plugins: {0}")]
    Missing(String),
    /// The first alternative that is loaded has another version.
    #[error("the rules need version {required} of the plugin `{name}`; {loaded} is loaded")]
    Version {
        /// The plugin.
        name: String,
        /// The version it has.
        loaded: Version,
        /// The version that is required.
        required: Version,
    },
}

impl Rules {
    /// Checks that the plugins that the files require are among those loaded. The first alternative that is loaded decides.
    ///
    /// # Errors
    /// With the first requirement that is not met.
    pub fn check_plugins(&self, loaded: &[(&str, Version)]) -> Result<(), PluginError> {
        for alternatives in &self.required_plugins {
            let found = alternatives.iter().find_map(|(name, required)| {
                let (_, version) = loaded.iter().find(|(loaded, _)| loaded == name)?;
                Some((name, *version, *required))
            });
            match found {
                None => {
                    let all: Vec<_> =
                        alternatives.iter().map(|(name, v)| format!("{name} (>= {v})")).collect();
                    return Err(PluginError::Missing(all.join(", ")));
                }
                Some((name, loaded, required)) if !loaded.satisfies(required) => {
                    return Err(PluginError::Version { name: name.clone(), loaded, required });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

struct CompiledMacro<'c> {
    info: &'c MacroInfo,
    /// The condition with lists put in, which the places of its comparisons are counted in.
    text: String,
    body: Arc<Expr>,
    used: bool,
}

/// Compiles everything that has been collected.
pub(super) fn compile(
    collector: &Collector,
    sources: &Sources<'_>,
    append_output: &[AppendOutput],
    warnings: &mut Vec<Problem>,
) -> Step<Rules> {
    let mut lists = compile_lists(&collector.lists);
    let mut texts: Vec<List> = lists.iter().map(|list| List::new(&list.name, &list.items)).collect();
    let mut macros = compile_macros(&collector.macros, &mut lists, &mut texts)?;
    let mut rules = Vec::new();
    for info in collector.rules.iter().filter(|rule| !rule.unknown_source) {
        let Some(schema) = sources.get(&info.source) else { continue };
        let compiler = Compiler::new(*schema);
        match compile_rule(info, compiler, append_output, &mut macros, &mut lists, &texts, warnings) {
            Ok(rule) => rules.push(rule),
            Err(problem) if info.skip_if_unknown_filter && is_unknown_filter(&problem) => {
                warnings.push(Problem { code: LoadCode::UnknownFilter, ..*problem });
            }
            Err(problem) => return Err(problem),
        }
    }
    for (item, info) in macros.iter().zip(&collector.macros) {
        if !item.used {
            let message = "nothing uses this macro";
            warnings.push(info.context.problem(LoadCode::UnusedMacro, message));
        }
    }
    for (item, info) in lists.iter().zip(&collector.lists) {
        if !item.used {
            let message = "nothing uses this list";
            warnings.push(info.context.problem(LoadCode::UnusedList, message));
        }
    }
    Ok(Rules {
        rules,
        macros: macros
            .iter()
            .map(|item| MacroItem {
                name: item.info.name.clone(),
                condition: item.info.condition.clone(),
                used: item.used,
            })
            .collect(),
        lists,
        required_engine: collector.required_engine,
        required_plugins: collector.required_plugins.clone(),
    })
}

/// Lists with the items of the lists that they name put in, once: of a list that is put in, the names stay names.
fn compile_lists(infos: &[ListInfo]) -> Vec<ListItem> {
    let quoted: Vec<Vec<String>> = infos
        .iter()
        .map(|info| info.items.iter().map(|item| item_text(item).into_owned()).collect())
        .collect();
    let mut used = vec![false; infos.len()];
    let mut compiled: Vec<Vec<String>> = Vec::with_capacity(infos.len());
    for (info, own) in infos.iter().zip(&quoted) {
        let mut items = Vec::new();
        for item in own {
            let named = infos.iter().position(|other| other.name == *item && other.index < info.visibility);
            match named {
                Some(at) => {
                    if let Some(used) = used.get_mut(at) {
                        *used = true;
                    }
                    items.extend(quoted.get(at).cloned().unwrap_or_default());
                }
                None => items.push(item.clone()),
            }
        }
        compiled.push(items);
    }
    infos
        .iter()
        .zip(compiled)
        .zip(used)
        .map(|((info, items), used)| ListItem { name: info.name.clone(), items, used })
        .collect()
}

/// The text with lists put in; marks those that were.
fn put_lists(text: &str, lists: &mut [ListItem], texts: &[List]) -> String {
    let mut text = text.to_string();
    for (item, list) in lists.iter_mut().zip(texts) {
        if let Some(replaced) = replace(&text, list) {
            item.used = true;
            text = replaced;
        }
    }
    text
}

fn compile_macros<'c>(
    infos: &'c [MacroInfo],
    lists: &mut [ListItem],
    texts: &mut [List],
) -> Step<Vec<CompiledMacro<'c>>> {
    let mut parsed = Vec::with_capacity(infos.len());
    for info in infos {
        let text = put_lists(&info.condition, lists, texts);
        match parse(&text, Limits::default()) {
            Ok(expr) => parsed.push((expr, text)),
            Err(problem) => return Err(condition_problem(&info.condition_context, &text, *problem)),
        }
    }
    let mut used = vec![false; infos.len()];
    let mut bodies: HashMap<usize, Arc<Expr>> = HashMap::new();
    for at in 0..infos.len() {
        resolve(at, infos, &parsed, &mut bodies, &mut Vec::new(), &mut used)?;
    }
    Ok(infos
        .iter()
        .enumerate()
        .filter_map(|(at, info)| {
            let body = bodies.get(&at)?;
            Some(CompiledMacro {
                info,
                text: parsed.get(at).map(|(_, text)| text.clone()).unwrap_or_default(),
                body: Arc::clone(body),
                used: used.get(at).copied().unwrap_or_default(),
            })
        })
        .collect())
}

/// Resolves the macros that a macro uses, then itself.
fn resolve(
    at: usize,
    infos: &[MacroInfo],
    parsed: &[(Expr, String)],
    bodies: &mut HashMap<usize, Arc<Expr>>,
    path: &mut Vec<usize>,
    used: &mut [bool],
) -> Step<()> {
    if bodies.contains_key(&at) {
        return Ok(());
    }
    let (Some(info), Some((expr, text))) = (infos.get(at), parsed.get(at)) else { return Ok(()) };
    if path.len() >= MAX_MACRO_CHAIN {
        let message = format!("more than {MAX_MACRO_CHAIN} macros use one another in a chain");
        return Err(Box::new(info.condition_context.problem(LoadCode::CompileCondition, message)));
    }
    path.push(at);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for name in expr.macro_names() {
        let known = infos.iter().position(|other| other.name == name && other.index < info.visibility);
        // Falco counts from the item here, not from its condition.
        let place = || info.context.within(text, first_use(expr, name));
        let Some(other) = known else {
            let message = format!("there is no macro `{name}`, or not yet");
            return Err(Box::new(place().problem(LoadCode::Validate, message)));
        };
        if path.contains(&other) {
            let message = format!("the macro `{name}` stands for itself");
            return Err(Box::new(place().problem(LoadCode::Validate, message)));
        }
        if let Some(used) = used.get_mut(other) {
            *used = true;
        }
        resolve(other, infos, parsed, bodies, path, used)?;
        found.insert(name.to_string(), other);
    }
    path.pop();
    let mut expr = expr.clone();
    let resolved =
        expr.resolve_macros(&mut |name| found.get(name).and_then(|other| bodies.get(other)).cloned());
    if resolved.is_ok() {
        let depth = expr.depth();
        if depth > Limits::default().depth {
            let message = format!("the macro is nested {depth} levels deep");
            return Err(Box::new(info.condition_context.problem(LoadCode::CompileCondition, message)));
        }
        bodies.insert(at, Arc::new(expr));
    }
    Ok(())
}

/// Where a condition's text uses a macro first.
fn first_use(expr: &Expr, wanted: &str) -> usize {
    match expr {
        Expr::And(children) | Expr::Or(children) => {
            children.iter().map(|child| first_use(child, wanted)).min().unwrap_or(usize::MAX)
        }
        Expr::Not(child) => first_use(child, wanted),
        Expr::Macro { name, span, .. } if **name == *wanted => span.start,
        Expr::Macro { .. } | Expr::Check(_) => usize::MAX,
    }
}

fn condition_problem(context: &Context, text: &str, diagnostic: Diagnostic) -> Box<Problem> {
    let place = context.within(text, diagnostic.anchor());
    let mut problem = place.problem(LoadCode::CompileCondition, diagnostic.title.clone());
    problem.diagnostic = Some(diagnostic);
    Box::new(problem)
}

fn is_unknown_filter(problem: &Problem) -> bool {
    let Some(diagnostic) = &problem.diagnostic else { return false };
    match problem.code {
        LoadCode::CompileOutput => diagnostic.code != crate::output::LONE_PERCENT,
        LoadCode::CompileCondition => {
            diagnostic.code == codes::UNKNOWN_FIELD
                || diagnostic.code == codes::UNKNOWN_KIND
                || diagnostic.code == codes::UNWANTED_FIELD_ARGUMENT
        }
        _ => false,
    }
}

fn compile_rule(
    info: &RuleInfo,
    mut compiler: Compiler<'_>,
    append_output: &[AppendOutput],
    macros: &mut [CompiledMacro<'_>],
    lists: &mut [ListItem],
    texts: &[List],
    warnings: &mut Vec<Problem>,
) -> Step<Rule> {
    let condition = with_exceptions(info)?;
    let (output, extra_fields) = appended(append_output, &info.name, &info.source, &info.tags, &info.output);
    let output = without_container_info(info, output, warnings)?;
    let schema = compiler.schema();
    let extra_formats = extra_fields.iter().map(|(name, field)| field.format(name));
    for format in std::iter::once(output.clone()).chain(extra_formats) {
        let Err(problems) = OutputFormat::compile(&format, &mut compiler) else { continue };
        let diagnostic = problems.into_iter().next();
        let message = diagnostic.as_ref().map(|found| found.title.clone()).unwrap_or_default();
        let mut problem = info.output_context.problem(LoadCode::CompileOutput, message);
        problem.diagnostic = diagnostic;
        return Err(Box::new(problem));
    }
    let text = put_lists(&condition, lists, texts);
    let mut expr = parse(&text, Limits::default())
        .map_err(|problem| condition_problem(&info.condition_context, &text, *problem))?;
    let resolved = expr.resolve_macros(&mut |name| {
        let found = macros.iter_mut().find(|item| item.info.name == name)?;
        found.used = true;
        Some(Arc::clone(&found.body))
    });
    if let Err(missing) = resolved
        && let Some(first) = missing.first()
    {
        let message = format!("there is no macro `{}`", first.name);
        return Err(Box::new(
            info.context.within(&text, first.span.start).problem(LoadCode::Validate, message),
        ));
    }
    // The text that a diagnostic points into: the condition's, or that of a macro it uses. Falco counts both from the
    // condition.
    let text_of = |found: &Diagnostic| -> &str {
        let within = found.within.as_deref();
        within
            .and_then(|name| macros.iter().find(|item| item.info.name == name))
            .map_or(text.as_str(), |item| item.text.as_str())
    };
    let Added { id, warnings: found } = compiler.add_expr(&expr).map_err(|problems| {
        let first = problems.into_iter().next();
        match first {
            Some(problem) => condition_problem(&info.condition_context, text_of(&problem), problem),
            None => Box::new(info.condition_context.problem(LoadCode::CompileCondition, "")),
        }
    })?;
    for warning in found {
        let falco = [codes::FIELD_AS_TEXT, codes::TRANSFORMER_AS_TEXT, codes::SIMPLE_REGEX];
        if falco.contains(&warning.code) {
            let place = info.condition_context.within(text_of(&warning), warning.anchor());
            let mut problem = place.problem(LoadCode::ConditionWarning, warning.title.clone());
            problem.diagnostic = Some(warning);
            warnings.push(problem);
        }
    }
    let program: Program = compiler.finish();
    let deprecated = schema.fields().iter().filter(|field| field.flags.deprecated);
    for field in deprecated {
        let name = field.name.as_ref();
        if program.fields(id).iter().any(|used| &*used.name == name) {
            let message = format!("the condition uses the deprecated field `{name}`");
            warnings.push(info.condition_context.problem(LoadCode::DeprecatedItem, message));
        }
        // In outputs Falco looks for the text, wherever it stands.
        if output.contains(name) {
            let message = format!("the output mentions the deprecated field `{name}`");
            warnings.push(info.output_context.problem(LoadCode::DeprecatedItem, message));
        }
    }
    let of_records = schema.discriminant().map_or(0, Discriminant::records);
    let kinds = program.kinds(id).iter().take_while(|kind| kind.0 < of_records).count();
    if info.warn_evttypes && info.source == "syscall" && kinds > MANY_KINDS {
        let message =
            "the rule is looked at for more than a hundred types of events; name the types in its condition";
        warnings.push(info.context.problem(LoadCode::NoEventType, message));
    }
    Ok(Rule {
        name: info.name.clone(),
        desc: info.desc.clone(),
        source: info.source.clone(),
        condition: info.condition.clone(),
        condition_compiled: program.text(id).to_string(),
        output,
        extra_fields,
        priority: info.priority,
        tags: info.tags.clone(),
        enabled: info.enabled,
        capture: info.capture,
        capture_duration: info.capture_duration,
        expr: Arc::new(expr),
    })
}

/// The output without the old placeholder for container fields.
fn without_container_info(info: &RuleInfo, output: String, warnings: &mut Vec<Problem>) -> Step<String> {
    const PLACEHOLDER: &str = "%container.info";
    if !output.contains(PLACEHOLDER) {
        return Ok(output);
    }
    let message = "`%container.info` stands for nothing any more and is left out";
    warnings.push(info.context.problem(LoadCode::DeprecatedItem, message));
    let output = output.replace(PLACEHOLDER, "");
    if output.is_empty() {
        return Err(Box::new(
            info.output_context.problem(LoadCode::CompileOutput, "nothing is left of the output"),
        ));
    }
    Ok(output)
}

/// The condition with what excepts from it.
fn with_exceptions(info: &RuleInfo) -> Step<String> {
    let mut out = String::new();
    for exception in &info.exceptions {
        let Some(fields) = &exception.fields else { continue };
        if exception.values.is_empty() {
            continue;
        }
        let unequal = || {
            let message = "there have to be as many values as fields";
            Box::new(exception.context.problem(LoadCode::Validate, message))
        };
        let text = match fields {
            Entry::One(field) => {
                let operator = exception.comps.as_ref().map(plain_text).unwrap_or_default();
                let values: Vec<_> = exception.values.iter().map(entry_text).collect();
                format!("({field} {operator} ({}))", values.join(", "))
            }
            Entry::Many(fields) => {
                let operators: &[Entry] = match &exception.comps {
                    Some(Entry::Many(operators)) => operators,
                    _ => &[],
                };
                let mut alternatives = Vec::new();
                for value in &exception.values {
                    let Entry::Many(values) = value else { return Err(unequal()) };
                    if values.len() != fields.len() {
                        return Err(unequal());
                    }
                    // The blanks before the fields count for the places of what is wrong.
                    let parts: Vec<_> = fields
                        .iter()
                        .zip(values)
                        .enumerate()
                        .map(|(at, (field, value))| {
                            let operator = operators.get(at).map(plain_text).unwrap_or_default();
                            let value = match value {
                                Entry::One(text) if takes_list(&operator) && !text.starts_with('(') => {
                                    format!("({})", item_text(text))
                                }
                                value => entry_text(value),
                            };
                            format!(" {} {operator} {value}", plain_text(field))
                        })
                        .collect();
                    alternatives.push(format!("({})", parts.join(" and ")));
                }
                format!("({})", alternatives.join(" or "))
            }
        };
        out.push_str(" and not ");
        out.push_str(&text);
    }
    if out.is_empty() { Ok(info.condition.clone()) } else { Ok(format!("({}){out}", info.condition)) }
}

fn takes_list(operator: &str) -> bool {
    matches!(operator, "in" | "pmatch" | "intersects") || operator.ends_with("of")
}

/// A field or an operator.
fn plain_text(entry: &Entry) -> String {
    match entry {
        Entry::One(text) => text.clone(),
        Entry::Many(_) => String::new(),
    }
}

/// A value, quoted if it has a blank.
fn entry_text(entry: &Entry) -> String {
    match entry {
        Entry::One(text) => item_text(text).into_owned(),
        Entry::Many(items) => format!("({})", items.iter().map(entry_text).collect::<Vec<_>>().join(", ")),
    }
}
