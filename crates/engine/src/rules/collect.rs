//! What has been read so far, item by item: definitions, redefinitions in place, appends and overrides.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::Version;
use super::codes;
use super::problem::{Context, LoadCode, Problem};
use super::written::{Origin, Place, Written};

pub(super) type Step<T> = Result<T, Box<Problem>>;

#[derive(Debug, Default)]
pub(super) struct Collector {
    pub(super) lists: Table<ListInfo>,
    pub(super) macros: Table<MacroInfo>,
    pub(super) rules: Table<RuleInfo>,
    pub(super) memory: MemoryTable,
    pub(super) required_engine: Option<Version>,
    pub(super) required_plugins: Vec<Vec<(String, Version)>>,
    /// Where each of them stands.
    pub(super) plugin_places: Vec<Place>,
    /// Counts definitions and appends; an item can see the lists and macros that were defined before its own count.
    visibility: usize,
    /// Names of macros and rules that could not be read. Who uses them is not at fault.
    pub(super) broken: HashSet<String>,
    /// Definitions that were replaced by later ones.
    pub(super) redefined: Vec<Redefined>,
    /// Whether there are lists with a name in which a word can end.
    pub(super) odd_lists: bool,
    /// Parts of files could not be read at all.
    pub(super) incomplete: bool,
}

/// A definition that a later one replaced.
#[derive(Clone, Debug)]
pub(super) struct Redefined {
    pub(super) what: &'static str,
    pub(super) name: String,
    pub(super) old: Place,
    pub(super) new: Context,
}

/// Items in the order in which they were first defined.
#[derive(Debug)]
pub(super) struct Table<T> {
    pub(super) all: Vec<T>,
    ids: HashMap<String, usize>,
    /// What was defined or changed since this was last emptied.
    pub(super) changed: BTreeSet<usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { all: Vec::new(), ids: HashMap::new(), changed: BTreeSet::new() }
    }
}

impl<T> Table<T> {
    pub(super) fn id(&self, name: &str) -> Option<usize> {
        self.ids.get(name).copied()
    }

    pub(super) fn get(&self, id: usize) -> Option<&T> {
        self.all.get(id)
    }

    fn change(&mut self, name: &str) -> Option<&mut T> {
        let id = self.id(name)?;
        self.changed.insert(id);
        self.all.get_mut(id)
    }

    fn push(&mut self, name: &str, item: T) {
        let id = self.all.len();
        self.ids.insert(name.to_string(), id);
        self.changed.insert(id);
        self.all.push(item);
    }
}

/// An item of a list, or another value.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) origin: Origin,
}

#[derive(Debug)]
pub(super) struct ListInfo {
    pub(super) context: Context,
    pub(super) index: usize,
    pub(super) visibility: usize,
    pub(super) name: String,
    pub(super) items: Vec<Value>,
}

#[derive(Debug)]
pub(super) struct MacroInfo {
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) index: usize,
    pub(super) visibility: usize,
    pub(super) name: String,
    pub(super) condition: Written,
}

#[derive(Debug)]
pub(super) struct RuleInfo {
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) output_context: Context,
    pub(super) name: String,
    pub(super) condition: Written,
    pub(super) source: String,
    pub(super) desc: String,
    pub(super) output: Written,
    pub(super) tags: BTreeSet<String>,
    pub(super) exceptions: Vec<ExceptionInfo>,
    pub(super) priority: u8,
    pub(super) capture: bool,
    pub(super) capture_duration: u32,
    pub(super) enabled: bool,
    pub(super) warn_evttypes: bool,
    pub(super) skip_if_unknown_filter: bool,
    pub(super) unknown_source: bool,
    pub(super) suppress: Option<SuppressInfo>,
}

/// Which findings are not told.
#[derive(Clone, Debug)]
pub(super) struct SuppressInfo {
    pub(super) context: Context,
    pub(super) by: Vec<Value>,
    pub(super) period: Duration,
    pub(super) limit: u32,
}

/// A rule with memory. Its head is that of a rule, without a condition.
#[derive(Debug)]
pub(super) struct MemoryInfo {
    pub(super) rule: RuleInfo,
    pub(super) within: Duration,
    pub(super) slack: Duration,
    pub(super) limit: u32,
    pub(super) pattern: PatternInfo,
}

#[derive(Debug)]
pub(super) enum PatternInfo {
    Sequence { steps: Vec<(Option<String>, PartInfo)>, until: Option<PartInfo> },
    Threshold { on: PartInfo, count: u32, distinct: Option<Value> },
}

/// A condition with the fields that events are joined by.
#[derive(Debug)]
pub(super) struct PartInfo {
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) condition: Written,
    pub(super) by: Vec<Value>,
}

/// Rules with memory, in the order in which they were first defined.
#[derive(Debug, Default)]
pub(super) struct MemoryTable {
    pub(super) all: Vec<MemoryInfo>,
}

impl MemoryTable {
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut MemoryInfo> {
        self.all.iter_mut().find(|known| known.rule.name == name)
    }

    pub(super) fn define(&mut self, new: MemoryInfo) {
        match self.get_mut(&new.rule.name) {
            Some(known) => *known = new,
            None => self.all.push(new),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct ExceptionInfo {
    pub(super) context: Context,
    pub(super) name: String,
    pub(super) fields: Option<Entry>,
    pub(super) comps: Option<Entry>,
    pub(super) values: Vec<Entry>,
}

/// A value of an exception: one text or several.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    One(Value),
    Many(Vec<Entry>),
}

/// What an append or override changes.
#[derive(Debug, Default)]
pub(super) struct RuleChange {
    pub(super) condition: Option<Written>,
    pub(super) output: Option<Written>,
    pub(super) desc: Option<String>,
    pub(super) tags: Option<BTreeSet<String>>,
    pub(super) exceptions: Option<Vec<ExceptionInfo>>,
    pub(super) priority: Option<u8>,
    pub(super) enabled: Option<bool>,
    pub(super) warn_evttypes: Option<bool>,
    pub(super) skip_if_unknown_filter: Option<bool>,
    pub(super) capture: Option<bool>,
    pub(super) capture_duration: Option<u32>,
}

impl Collector {
    fn tick(&mut self) -> usize {
        let now = self.visibility;
        self.visibility += 1;
        now
    }

    fn note_redefined(&mut self, what: &'static str, name: &str, old: Option<Place>, new: &Context) {
        let name = name.to_string();
        self.redefined.extend(old.map(|old| Redefined { what, name, old, new: new.clone() }));
    }

    pub(super) fn define_list(&mut self, context: Context, name: String, items: Vec<Value>) {
        let now = self.tick();
        self.odd_lists |= name.contains(eyrie_lang::lists::delimits);
        let old = self.lists.id(&name).and_then(|id| self.lists.get(id)).map(|known| known.context.place);
        self.note_redefined("list", &name, old, &context);
        match self.lists.change(&name) {
            Some(known) => *known = ListInfo { context, index: known.index, visibility: now, name, items },
            None => {
                let key = name.clone();
                self.lists.push(&key, ListInfo { context, index: now, visibility: now, name, items });
            }
        }
    }

    pub(super) fn append_list(&mut self, context: &Context, name: &str, items: Vec<Value>) -> Step<()> {
        let now = self.tick();
        match self.lists.change(name) {
            Some(known) => {
                known.items.extend(items);
                known.visibility = now;
                Ok(())
            }
            None => Err(self.nothing_to_change(context, "list", "appends to", name, &self.lists)),
        }
    }

    pub(super) fn define_macro(&mut self, new: MacroInfo) {
        let now = self.tick();
        let known = self.macros.id(&new.name).and_then(|id| self.macros.get(id));
        let old = known.map(|known| known.context.place);
        self.note_redefined("macro", &new.name, old, &new.context);
        match self.macros.change(&new.name) {
            Some(known) => *known = MacroInfo { index: known.index, visibility: now, ..new },
            None => {
                let key = new.name.clone();
                self.macros.push(&key, MacroInfo { index: now, visibility: now, ..new });
            }
        }
    }

    pub(super) fn append_macro(&mut self, context: &Context, name: &str, condition: &Written) -> Step<()> {
        let now = self.tick();
        match self.macros.change(name) {
            Some(known) => {
                join(&mut known.condition, condition);
                known.visibility = now;
                Ok(())
            }
            None => Err(self.nothing_to_change(context, "macro", "appends to", name, &self.macros)),
        }
    }

    pub(super) fn define_rule(&mut self, new: RuleInfo) -> Step<()> {
        self.tick();
        match self.rules.id(&new.name).and_then(|id| self.rules.get(id)) {
            Some(known) if known.source != new.source => Err(source_changed(&new.context, known)),
            Some(known) => {
                let name = new.name.clone();
                let old = Some(known.context.place);
                self.note_redefined("rule", &name, old, &new.context);
                if let Some(known) = self.rules.change(&name) {
                    *known = new;
                }
                Ok(())
            }
            None => {
                let key = new.name.clone();
                self.rules.push(&key, new);
                Ok(())
            }
        }
    }

    /// The rule that an item changes. `source` is the source that the item names.
    pub(super) fn changed_rule(
        &mut self,
        context: &Context,
        name: &str,
        source: Option<&str>,
        how: &str,
    ) -> Step<&mut RuleInfo> {
        self.tick();
        match self.rules.id(name).and_then(|id| self.rules.get(id)) {
            None => Err(self.nothing_to_change(context, "rule", how, name, &self.rules)),
            Some(known) if source.is_some_and(|source| source != known.source) => {
                Err(source_changed(context, known))
            }
            Some(_) => match self.rules.change(name) {
                Some(known) => Ok(known),
                // It was there a moment ago.
                None => Err(Box::new(context.problem(LoadCode::Validate, codes::NOTHING_TO_CHANGE, how))),
            },
        }
    }

    #[cold]
    fn nothing_to_change<T>(
        &self,
        context: &Context,
        what: &str,
        how: &str,
        name: &str,
        table: &Table<T>,
    ) -> Box<Problem> {
        let meant = eyrie_lang::closest(name, table.ids.keys().map(String::as_str));
        let title = format!("this {how} the {what} `{name}`, and there is none of this name yet");
        let mut problem = context.problem(LoadCode::Validate, codes::NOTHING_TO_CHANGE, title);
        problem = match meant {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None => problem.help(format!(
                "the {what} has to be defined before this item, in this file or one that is loaded earlier"
            )),
        };
        Box::new(problem)
    }
}

#[cold]
fn source_changed(context: &Context, known: &RuleInfo) -> Box<Problem> {
    let problem = context
        .problem(LoadCode::Validate, codes::SOURCE_CHANGED, "a rule cannot change its source")
        .help(format!("the rule is for the source `{}`; give this one another name", known.source));
    Box::new(problem)
}

fn join(before: &mut Written, more: &Written) {
    before.put(" ");
    before.put_written(more);
}

impl RuleInfo {
    /// Adds to what is there. Exceptions are appended by the reader, which can check them.
    pub(super) fn append(&mut self, change: RuleChange) {
        if let Some(condition) = change.condition {
            join(&mut self.condition, &condition);
        }
        if let Some(output) = change.output {
            join(&mut self.output, &output);
        }
        if let Some(desc) = change.desc {
            self.desc.push(' ');
            self.desc.push_str(&desc);
        }
        self.tags.extend(change.tags.unwrap_or_default());
    }

    /// Puts something else in the place of what is there.
    pub(super) fn replace(&mut self, change: RuleChange) {
        fn set<T>(place: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *place = new;
            }
        }
        set(&mut self.condition, change.condition);
        set(&mut self.output, change.output);
        set(&mut self.desc, change.desc);
        set(&mut self.tags, change.tags);
        set(&mut self.exceptions, change.exceptions);
        set(&mut self.priority, change.priority);
        set(&mut self.enabled, change.enabled);
        set(&mut self.warn_evttypes, change.warn_evttypes);
        set(&mut self.skip_if_unknown_filter, change.skip_if_unknown_filter);
        set(&mut self.capture, change.capture);
        set(&mut self.capture_duration, change.capture_duration);
    }
}
