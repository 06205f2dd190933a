//! What has been read so far, item by item: definitions, redefinitions in place, appends and overrides.

use super::Version;
use super::context::{Context, LoadCode, Problem};

pub(super) type Step<T> = Result<T, Box<Problem>>;

#[derive(Debug, Default)]
pub(super) struct Collector {
    pub(super) lists: Vec<ListInfo>,
    pub(super) macros: Vec<MacroInfo>,
    pub(super) rules: Vec<RuleInfo>,
    pub(super) required_engine: Option<Version>,
    pub(super) required_plugins: Vec<Vec<(String, Version)>>,
    /// Counts definitions and appends; an item can see the lists and macros that were defined before its own count.
    visibility: usize,
}

#[derive(Clone, Debug)]
pub(super) struct ListInfo {
    pub(super) context: Context,
    pub(super) index: usize,
    pub(super) visibility: usize,
    pub(super) name: String,
    pub(super) items: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct MacroInfo {
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) index: usize,
    pub(super) visibility: usize,
    pub(super) name: String,
    pub(super) condition: String,
}

#[derive(Clone, Debug)]
pub(super) struct RuleInfo {
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) output_context: Context,
    pub(super) name: String,
    pub(super) condition: String,
    pub(super) source: String,
    pub(super) desc: String,
    pub(super) output: String,
    pub(super) tags: std::collections::BTreeSet<String>,
    pub(super) exceptions: Vec<ExceptionInfo>,
    pub(super) priority: u8,
    pub(super) capture: bool,
    pub(super) capture_duration: u32,
    pub(super) enabled: bool,
    pub(super) warn_evttypes: bool,
    pub(super) skip_if_unknown_filter: bool,
    pub(super) unknown_source: bool,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    One(String),
    Many(Vec<Entry>),
}

/// What an append or override changes.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleChange {
    pub(super) condition: Option<String>,
    pub(super) output: Option<String>,
    pub(super) desc: Option<String>,
    pub(super) tags: Option<std::collections::BTreeSet<String>>,
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

    pub(super) fn define_list(&mut self, context: Context, name: String, items: Vec<String>) {
        let now = self.tick();
        match self.lists.iter_mut().find(|list| list.name == name) {
            Some(known) => {
                *known = ListInfo { context, index: known.index, visibility: now, name, items };
            }
            None => {
                let index = now;
                self.lists.push(ListInfo { context, index, visibility: now, name, items });
            }
        }
    }

    pub(super) fn append_list(&mut self, context: &Context, name: &str, items: Vec<String>) -> Step<()> {
        let now = self.tick();
        match self.lists.iter_mut().find(|list| list.name == name) {
            Some(known) => {
                known.items.extend(items);
                known.visibility = now;
                Ok(())
            }
            None => Err(Box::new(
                context.problem(LoadCode::Validate, "there is no list of this name yet to append to"),
            )),
        }
    }

    pub(super) fn define_macro(&mut self, new: MacroInfo) {
        let now = self.tick();
        match self.macros.iter_mut().find(|known| known.name == new.name) {
            Some(known) => *known = MacroInfo { index: known.index, visibility: now, ..new },
            None => self.macros.push(MacroInfo { index: now, visibility: now, ..new }),
        }
    }

    pub(super) fn append_macro(&mut self, context: &Context, name: &str, condition: &str) -> Step<()> {
        let now = self.tick();
        match self.macros.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.condition.push(' ');
                known.condition.push_str(condition);
                known.visibility = now;
                Ok(())
            }
            None => Err(Box::new(
                context.problem(LoadCode::Validate, "there is no macro of this name yet to append to"),
            )),
        }
    }

    pub(super) fn define_rule(&mut self, new: RuleInfo) -> Step<()> {
        self.tick();
        match self.rules.iter_mut().find(|known| known.name == new.name) {
            Some(known) if known.source != new.source => {
                Err(Box::new(new.context.problem(LoadCode::Validate, "a rule cannot change its source")))
            }
            Some(known) => {
                *known = new;
                Ok(())
            }
            None => {
                self.rules.push(new);
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
        match self.rules.iter_mut().find(|known| known.name == name) {
            None => Err(Box::new(context.problem(
                LoadCode::Validate,
                format!("this {how} a rule, and there is none of this name yet"),
            ))),
            Some(known) if source.is_some_and(|source| source != known.source) => {
                Err(Box::new(context.problem(LoadCode::Validate, "a rule cannot change its source")))
            }
            Some(known) => Ok(known),
        }
    }
}

fn join(before: &mut String, more: &str) {
    before.push(' ');
    before.push_str(more);
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
            join(&mut self.desc, &desc);
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
