//! From collected items to [`Rules`]: lists put in as text, macros resolved, exceptions made part of conditions, conditions and
//! outputs checked against their source's schema. What a file does not touch is not compiled again.

mod lists;
mod macros;
mod memory;
mod rule;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use eyrie_lang::ast::Expr;
use eyrie_lang::lists::delimits;
use eyrie_lang::{Diagnostic, KindSet};

use super::Version;
use super::codes;
use super::collect::{Collector, Step};
use super::memory::{MemoryRule, Suppress};
use super::problem::{Context, LoadCode, Problem};
use super::read::{PRIORITIES, Sources};
use super::written::{Place, SourceFile, Written};
use crate::append_output::{AppendOutput, ExtraField};

use lists::CompiledList;
use macros::CompiledMacro;

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
    /// The condition with lists, macros and exceptions put in, to be compiled together with others.
    pub expr: Arc<Expr>,
    /// The output as written, with what was appended.
    pub output_written: String,
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
    /// Which findings are not told.
    pub suppress: Option<Suppress>,
    /// Its exceptions.
    pub exceptions: Vec<RuleException>,
    /// The kinds of events that it can match.
    pub kinds: KindSet,
    /// Where it is defined: its name.
    pub place: Place,
}

/// An exception of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleException {
    /// Its name.
    pub name: String,
    /// The fields that it looks at; none if it has no values.
    pub fields: Vec<String>,
    /// The operators, one for each field.
    pub operators: Vec<String>,
    /// How many values it has.
    pub values: usize,
}

impl Rule {
    /// The priority's name, such as `Warning`.
    pub fn priority_name(&self) -> &'static str {
        PRIORITIES.get(usize::from(self.priority)).copied().unwrap_or("Debug")
    }

    /// What the memory of its findings depends on.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{}\n{}\n{}", self.name, self.source, self.condition_compiled)
    }
}

/// A macro.
#[derive(Clone, Debug)]
pub struct MacroItem {
    /// Its name.
    pub name: String,
    /// The condition as written, with what was appended.
    pub condition: String,
    /// The condition with lists and macros put in.
    pub expr: Arc<Expr>,
    /// Whether a rule or another macro uses it.
    pub used: bool,
    /// Where it is defined: its name.
    pub place: Place,
}

/// A list.
#[derive(Clone, Debug)]
pub struct ListItem {
    /// Its name.
    pub name: String,
    /// The items as written, with what was appended.
    pub written: Vec<String>,
    /// The items as they stand in conditions.
    pub items: Vec<String>,
    /// Whether a rule, a macro or another list uses it.
    pub used: bool,
    /// Where it is defined: its name.
    pub place: Place,
}

/// What rule files come to.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// In the order in which they were first defined; without those for unknown sources.
    pub rules: Vec<Rule>,
    /// Rules with memory, in the order in which they were first defined; without those for unknown sources.
    pub memory: Vec<MemoryRule>,
    /// In the order in which they were first defined.
    pub macros: Vec<MacroItem>,
    /// In the order in which they were first defined.
    pub lists: Vec<ListItem>,
    /// The highest engine version that a file requires.
    pub required_engine: Option<Version>,
    /// The plugins that files require: of each the alternatives.
    pub required_plugins: Vec<Vec<(String, Version)>>,
    /// Where each of these requirements stands.
    pub plugin_places: Vec<Place>,
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
        match self.plugin_problems(loaded).next() {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    /// The requirements that loaded plugins do not meet, and where they stand.
    pub fn plugin_problems<'r>(
        &'r self,
        loaded: &'r [(&'r str, Version)],
    ) -> impl Iterator<Item = (Place, PluginError)> + 'r {
        let all = self.required_plugins.iter().zip(&self.plugin_places);
        all.filter_map(|(alternatives, place)| Some((*place, unmet(alternatives, loaded)?)))
    }
}

/// Why loaded plugins do not do for a requirement.
fn unmet(alternatives: &[(String, Version)], loaded: &[(&str, Version)]) -> Option<PluginError> {
    let found = alternatives.iter().find_map(|(name, required)| {
        let (_, version) = loaded.iter().find(|(loaded, _)| loaded == name)?;
        Some((name, *version, *required))
    });
    match found {
        None => {
            let all: Vec<_> = alternatives.iter().map(|(name, v)| format!("{name} (>= {v})")).collect();
            Some(PluginError::Missing(all.join(", ")))
        }
        Some((name, loaded, required)) if !loaded.satisfies(required) => {
            Some(PluginError::Version { name: name.clone(), loaded, required })
        }
        Some(_) => None,
    }
}

/// What has been compiled so far.
#[derive(Debug, Default)]
pub(super) struct Compilation {
    lists: Vec<CompiledList>,
    macros: Vec<CompiledMacro>,
    rules: Vec<Option<CompiledRule>>,
    memory: Vec<(Option<MemoryRule>, Uses)>,
    /// Who has a word in its text that could be the name of a list or macro. Kept from the second file on.
    users: Option<HashMap<Box<str>, Vec<User>>>,
}

#[derive(Debug)]
struct CompiledRule {
    /// `None` if it was left out, as it asked for.
    rule: Option<Rule>,
    warnings: Vec<Problem>,
    uses: Uses,
}

/// The lists and macros that something uses.
#[derive(Debug, Default)]
struct Uses {
    lists: Vec<usize>,
    macros: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum User {
    List(usize),
    Macro(usize),
    Rule(usize),
}

/// What compiling reads beside the collected items.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'c, 's> {
    pub(super) sources: &'c Sources<'s>,
    pub(super) append_output: &'c [AppendOutput],
    pub(super) files: &'c [SourceFile],
}

/// Where compiling puts what is wrong.
pub(super) struct Report<'r> {
    pub(super) errors: &'r mut Vec<Problem>,
    pub(super) warnings: &'r mut Vec<Problem>,
    /// Whether to go on after an error.
    pub(super) tolerant: bool,
}

impl Report<'_> {
    /// Whether to stop.
    fn error(&mut self, problem: Problem) -> bool {
        self.errors.push(problem);
        !self.tolerant
    }
}

impl Compilation {
    /// Compiles what has been collected, as far as it changed.
    pub(super) fn compile(
        &mut self,
        collector: &mut Collector,
        around: &Surroundings<'_, '_>,
        report: &mut Report<'_>,
    ) {
        let dirty = self.dirty(collector);
        self.compile_lists(collector, &dirty);
        if self.compile_macros(collector, around, &dirty, report) {
            return;
        }
        self.rules.resize_with(collector.rules.all.len(), || None);
        for user in &dirty {
            if let User::Rule(id) = user
                && let Some(rule) = self.rules.get_mut(*id)
            {
                *rule = None;
            }
        }
        for (id, info) in collector.rules.all.iter().enumerate() {
            if info.unknown_source {
                continue;
            }
            let Some(schema) = around.sources.get(&info.source) else { continue };
            if let Some(Some(known)) = self.rules.get(id) {
                report.warnings.extend(known.warnings.iter().cloned());
                continue;
            }
            let errors = report.errors.len();
            let compiled = self.compile_rule(info, *schema, collector, *around, report);
            if report.errors.len() > errors {
                if !report.tolerant {
                    return;
                }
                continue;
            }
            report.warnings.extend(compiled.warnings.iter().cloned());
            if let Some(slot) = self.rules.get_mut(id) {
                *slot = Some(compiled);
            }
        }
        if self.compile_memory(collector, around, report) {
            return;
        }
        if report.errors.is_empty() {
            self.unused(collector, report.warnings);
        }
    }

    fn unused(&self, collector: &Collector, warnings: &mut Vec<Problem>) {
        let (lists, macros) = self.used();
        for (info, used) in collector.macros.all.iter().zip(macros) {
            if !used {
                warnings.push(info.context.problem(
                    LoadCode::UnusedMacro,
                    codes::UNUSED_MACRO,
                    format!("nothing uses the macro `{}`", info.name),
                ));
            }
        }
        for (info, used) in collector.lists.all.iter().zip(lists) {
            if !used {
                warnings.push(info.context.problem(
                    LoadCode::UnusedList,
                    codes::UNUSED_LIST,
                    format!("nothing uses the list `{}`", info.name),
                ));
            }
        }
    }

    /// Which lists and macros are used.
    fn used(&self) -> (Vec<bool>, Vec<bool>) {
        let mut lists = vec![false; self.lists.len()];
        let mut macros = vec![false; self.macros.len()];
        let all = self.lists.iter().flat_map(|list| &list.uses).map(|id| (id, true));
        let of_macros = self.macros.iter().map(|item| &item.uses);
        let of_rules = self.rules.iter().flatten().map(|rule| &rule.uses);
        let of_memory = self.memory.iter().map(|(_, uses)| uses);
        let rest = of_macros.chain(of_rules).chain(of_memory).flat_map(|uses| {
            uses.lists.iter().map(|id| (id, true)).chain(uses.macros.iter().map(|id| (id, false)))
        });
        for (id, list) in all.chain(rest) {
            let table = if list { &mut lists } else { &mut macros };
            if let Some(used) = table.get_mut(*id) {
                *used = true;
            }
        }
        (lists, macros)
    }

    /// What has to be compiled again: what changed, and who uses it.
    fn dirty(&mut self, collector: &mut Collector) -> BTreeSet<User> {
        let lists = std::mem::take(&mut collector.lists.changed);
        let macros = std::mem::take(&mut collector.macros.changed);
        let rules = std::mem::take(&mut collector.rules.changed);
        let mut dirty: BTreeSet<User> = lists.into_iter().map(User::List).collect();
        dirty.extend(macros.into_iter().map(User::Macro));
        dirty.extend(rules.into_iter().map(User::Rule));
        let first = self.lists.is_empty() && self.macros.is_empty() && self.rules.is_empty();
        if first {
            return dirty;
        }
        // Names in which a word can end are looked for in all texts.
        let odd = collector.lists.all.iter().any(|list| list.name.contains(delimits));
        if odd {
            dirty.extend((0..collector.lists.all.len()).map(User::List));
            dirty.extend((0..collector.macros.all.len()).map(User::Macro));
            dirty.extend((0..collector.rules.all.len()).map(User::Rule));
            self.users = None;
            return dirty;
        }
        let mut users = self.users.take().unwrap_or_else(|| {
            let mut users = HashMap::new();
            let known = |user: &User| match user {
                User::List(id) => *id < self.lists.len(),
                User::Macro(id) => *id < self.macros.len(),
                User::Rule(id) => *id < self.rules.len(),
            };
            let lists = (0..collector.lists.all.len()).map(User::List);
            let all = lists
                .chain((0..collector.macros.all.len()).map(User::Macro))
                .chain((0..collector.rules.all.len()).map(User::Rule));
            for user in all.filter(known) {
                index(user, collector, &mut users);
            }
            users
        });
        for user in &dirty {
            index(*user, collector, &mut users);
        }
        let mut pending: Vec<User> = dirty.iter().copied().collect();
        while let Some(user) = pending.pop() {
            let name = match user {
                User::List(id) => collector.lists.get(id).map(|list| &list.name),
                User::Macro(id) => collector.macros.get(id).map(|item| &item.name),
                User::Rule(_) => None,
            };
            for other in name.and_then(|name| users.get(name.as_str())).into_iter().flatten() {
                if dirty.insert(*other) {
                    pending.push(*other);
                }
            }
        }
        self.users = Some(users);
        dirty
    }

    /// The text of a rule's condition with exceptions and lists put in, and the places of all parts.
    pub(super) fn rule_written(
        &self,
        id: usize,
        collector: &Collector,
        files: &[SourceFile],
    ) -> Option<Written> {
        let condition = rule::with_exceptions(collector.rules.get(id)?).ok()?;
        let uses = &self.rules.get(id)?.as_ref()?.uses;
        Some(self.put_lists_written(&condition, &uses.lists, collector, files))
    }

    /// What the items come to.
    pub(super) fn rules(&self, collector: &Collector) -> Rules {
        let (lists_used, macros_used) = self.used();
        Rules {
            rules: self.rules.iter().flatten().filter_map(|compiled| compiled.rule.clone()).collect(),
            memory: self.memory.iter().filter_map(|(rule, _)| rule.clone()).collect(),
            macros: collector
                .macros
                .all
                .iter()
                .zip(&self.macros)
                .zip(macros_used)
                .filter_map(|((info, compiled), used)| {
                    Some(MacroItem {
                        name: info.name.clone(),
                        condition: info.condition.text.clone(),
                        expr: Arc::clone(compiled.body.as_ref()?),
                        used,
                        place: info.context.place,
                    })
                })
                .collect(),
            lists: collector
                .lists
                .all
                .iter()
                .zip(&self.lists)
                .zip(lists_used)
                .map(|((info, compiled), used)| ListItem {
                    name: info.name.clone(),
                    written: info.items.iter().map(|item| item.text.clone()).collect(),
                    items: compiled.items.clone(),
                    used,
                    place: info.context.place,
                })
                .collect(),
            required_engine: collector.required_engine,
            required_plugins: collector.required_plugins.clone(),
            plugin_places: collector.plugin_places.clone(),
        }
    }
}

/// Notes the words in an item's text.
fn index(user: User, collector: &Collector, users: &mut HashMap<Box<str>, Vec<User>>) {
    let mut words: BTreeSet<&str> = BTreeSet::new();
    let text_words = |text| str::split(text, |c| delimits(c) || c == '\u{8}').filter(|word| !word.is_empty());
    match user {
        User::List(id) => {
            let items = collector.lists.get(id).into_iter().flat_map(|list| &list.items);
            for item in items {
                words.insert(&item.text);
                words.extend(text_words(&item.text));
            }
        }
        User::Macro(id) => {
            words.extend(
                collector.macros.get(id).into_iter().flat_map(|info| text_words(&info.condition.text)),
            );
        }
        User::Rule(id) => {
            let Some(info) = collector.rules.get(id) else { return };
            words.extend(text_words(&info.condition.text));
            for exception in &info.exceptions {
                exception.for_each_text(&mut |text| words.extend(text_words(text)));
            }
        }
    }
    for word in words {
        match users.get_mut(word) {
            Some(known) if known.last() == Some(&user) => {}
            Some(known) => known.push(user),
            None => _ = users.insert(word.into(), vec![user]),
        }
    }
}

/// A problem of a condition: its places as Falco counts them, the diagnostic in the file.
fn condition_problem(
    context: &Context,
    code: LoadCode,
    (counted, shown): (&str, &str),
    mut diagnostic: Diagnostic,
    written: &Written,
    files: &[SourceFile],
) -> Problem {
    let before = counted.get(..diagnostic.anchor()).unwrap_or(counted);
    let mut context = context.within_shown(before, shown);
    let remarks = std::mem::take(&mut diagnostic.labels);
    let mut elsewhere = None;
    let anchored = diagnostic.span;
    if let Some((place, named)) = written.place_and_use(diagnostic.span, files) {
        // What cannot be read is mended where the list is used, rather, and a value where it stands.
        let unread = is_unread(diagnostic.code);
        let shown = named.filter(|_| unread).unwrap_or(place);
        elsewhere = named.map(|named| match unread {
            true => (place, "this is what the list puts there"),
            false => (named, "the list is used here"),
        });
        if unread && named.is_some() && !in_parentheses(written, anchored.start) {
            // What would mend the text that the list puts there does not mend the list's use.
            diagnostic.help =
                vec!["a list's name stands in parentheses, as in `proc.name in (NAME)`".to_string()];
        }
        context = context.pointing(shown);
        diagnostic.span = shown.span;
    }
    diagnostic.anchor = None;
    let mut problem = context.with(Some(code), diagnostic);
    if let Some((place, text)) = elsewhere {
        problem = problem.remark(place, text, files);
    }
    for remark in remarks {
        let place = written.place_and_use(remark.span, files).map(|(place, named)| named.unwrap_or(place));
        if let Some(place) = place.filter(|place| place.span != problem.diagnostic.span) {
            problem = problem.remark(place, &remark.text, files);
        }
    }
    problem
}

/// Whether a parenthesis is open just before a place, with nothing but values between.
fn in_parentheses(written: &Written, at: usize) -> bool {
    let before = written.text.get(..at).unwrap_or_default();
    before.rfind('(').is_some_and(|open| {
        let between = before.get(open..).unwrap_or_default();
        !between.contains(')') && !between.contains(" in ") && !between.contains(" and ")
    })
}

/// Whether it is about text that cannot be read as a condition.
fn is_unread(code: eyrie_lang::diagnostic::Code) -> bool {
    use eyrie_lang::codes;
    [
        codes::EXPECTED_CHECK,
        codes::EXPECTED_OPERATOR,
        codes::EXPECTED_VALUE,
        codes::EXPECTED_NUMBER,
        codes::EXPECTED_LIST,
        codes::EXPECTED_ARGUMENT,
        codes::EXPECTED_BLANK,
        codes::UNCLOSED,
        codes::UNEXPECTED_TEXT,
    ]
    .contains(&code)
}

fn is_unknown_filter(problem: &Problem) -> bool {
    let code = problem.diagnostic.code;
    match problem.code {
        Some(LoadCode::CompileOutput) => code != crate::output::LONE_PERCENT && code != codes::EMPTY_OUTPUT,
        Some(LoadCode::CompileCondition) => {
            code == eyrie_lang::codes::UNKNOWN_FIELD
                || code == eyrie_lang::codes::UNKNOWN_KIND
                || code == eyrie_lang::codes::UNWANTED_FIELD_ARGUMENT
        }
        _ => false,
    }
}

fn refused<T>(problem: Problem) -> Step<T> {
    Err(Box::new(problem))
}
