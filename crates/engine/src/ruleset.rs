//! [`RuleSet`]: loaded rules made ready to judge events. Of each source all conditions and outputs are one program, made once
//! for each kind of event ([`SourceRules`]). How files are loaded is in [`rules`](crate::rules), what findings say in
//! [`alert`](crate::alert).
//!
//! ```
//! use eyrie_engine::rules::Loader;
//! use eyrie_engine::{AlertFormat, Event, JudgeScratch, RuleSet, RuleSetOptions};
//! use eyrie_lang::{Field, FieldInfo, Fields, Kind, Presence, Schema, StaticSchema, Type, Values};
//!
//! struct Exec(&'static str);
//! impl Fields for Exec {
//!     fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
//!         match &*field.name {
//!             "evt.type" => out.text("execve"),
//!             "proc.name" => out.text(self.0),
//!             _ => Presence::Absent,
//!         }
//!     }
//! }
//!
//! let schema = StaticSchema::new(vec![
//!     FieldInfo::new("evt.type", Type::CharBuf, "the event's type"),
//!     FieldInfo::new("proc.name", Type::CharBuf, "the name of the process"),
//! ])?
//! .with_discriminant("evt.type", ["open", "execve"])?;
//! let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
//! let report = loader.load("rules.yaml", br#"
//! - rule: Shell
//!   desc: a shell is started
//!   condition: evt.type = execve and proc.name in (bash, sh)
//!   output: shell %proc.name
//!   priority: NOTICE
//! "#);
//! assert!(report.errors.is_empty());
//! let rules = loader.finish().rules;
//! let rule_set = RuleSet::build(&rules, [("syscall", &schema as &dyn Schema)], &RuleSetOptions::default())?;
//!
//! let syscalls = rule_set.source("syscall").ok_or("no such source")?;
//! let mut scratch = JudgeScratch::new();
//! let mut findings = Vec::new();
//! let event = Event { kind: Kind(1), time: 1_795_312_038_871_212_215, fields: &Exec("sh") };
//! syscalls.judge(&event, &mut scratch, |finding| findings.push(finding));
//! assert_eq!(AlertFormat::default().text(&findings[0]), "01:47:18.871212215: Notice shell sh");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod select;
mod source;
pub(crate) mod template;

use std::sync::Arc;

use eyrie_lang::{Diagnostic, Schema};

use crate::finding::{RuleId, RuleInfo};
use crate::output::Style;
use crate::priority::Priority;
use crate::rules::{MemoryRule, Rule, Rules};
use crate::static_fields::{StaticFields, WithStaticFields};

pub use select::{SelectedBy, Selection, matches_wildcard};
pub use source::{Event, JudgeScratch, SourceRules};

/// How many rules an event can match: Falco's `rule_matching`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// The first in order.
    #[default]
    First,
    /// All.
    All,
}

/// How a rule set is made. The default is Falco's.
#[derive(Clone, Debug, Default)]
pub struct RuleSetOptions {
    /// Which rules are switched on or off, one after another: Falco's `rules`.
    pub selections: Vec<Selection>,
    /// Rules of less urgent priorities are left out, whatever is selected: Falco's `priority`.
    pub minimum_priority: Priority,
    /// How many rules an event can match.
    pub matching: Matching,
    /// Texts that are fields. The rules have to be loaded with a schema that has them ([`WithStaticFields`]).
    pub static_fields: StaticFields,
    /// How values are shown.
    pub style: Style,
}

/// Why rules do not come to a rule set. Rules that were loaded for the same schemas always do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the rule `{rule}` does not compile: {}", .diagnostics.first().map(ToString::to_string).unwrap_or_default())]
pub struct BuildError {
    /// The rule.
    pub rule: String,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Rules ready to judge events, by source. Can be shared by threads.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Arc<RuleInfo>>,
    sources: Vec<Arc<SourceRules>>,
}

impl RuleSet {
    /// Makes the rules of these sources ready.
    ///
    /// # Errors
    /// With the first rule that does not compile, which cannot be if the rules were loaded for these schemas.
    pub fn build<'s>(
        rules: &Rules,
        sources: impl IntoIterator<Item = (&'s str, &'s dyn Schema)>,
        options: &RuleSetOptions,
    ) -> Result<Self, Box<BuildError>> {
        let heads: Vec<RuleInfo> =
            rules.rules.iter().map(info).chain(rules.memory.iter().map(memory_info)).collect();
        let enabled_by_files =
            rules.rules.iter().map(|rule| rule.enabled).chain(rules.memory.iter().map(|rule| rule.enabled));
        let enabled = select::enabled(&heads, &enabled_by_files.collect::<Vec<_>>(), options);
        let infos: Vec<Arc<RuleInfo>> = heads
            .into_iter()
            .zip(0..)
            .map(|(head, id)| Arc::new(RuleInfo { id: RuleId(id), ..head }))
            .collect();
        let mut built = Vec::new();
        for (name, schema) in sources {
            let own = |info: &&Arc<RuleInfo>| info.source == name;
            let schema = WithStaticFields::new(schema, &options.static_fields);
            let mut source = source::Builder::new(name, &schema, options);
            for at in &enabled {
                let Some(info) = infos.get(*at).filter(own) else { continue };
                match (rules.rules.get(*at), at.checked_sub(rules.rules.len())) {
                    (Some(rule), _) => source.rule(rule, info)?,
                    (None, Some(at)) => source.memory(rules.memory.get(at), info)?,
                    (None, None) => {}
                }
            }
            built.push(Arc::new(source.finish()));
        }
        Ok(RuleSet { rules: infos, sources: built })
    }

    /// Goes on with what the rules of another set remember: each rule that is the same in both has one memory from now on.
    /// [`LiveRules`](crate::LiveRules) does this when it puts a set in the place of another.
    pub fn inherit(&self, other: &RuleSet) {
        for source in &self.sources {
            if let Some(other) = other.source(source.name()) {
                source.inherit(other);
            }
        }
    }

    /// The rules of a source; `None` if the set was not made for it.
    pub fn source(&self, name: &str) -> Option<&Arc<SourceRules>> {
        self.sources.iter().find(|source| source.name() == name)
    }

    /// The rules of all sources.
    pub fn sources(&self) -> &[Arc<SourceRules>] {
        &self.sources
    }

    /// All rules that were loaded, also those that are switched off, by number; those with memory come last.
    pub fn rules(&self) -> &[Arc<RuleInfo>] {
        &self.rules
    }

    /// A rule.
    pub fn rule(&self, id: RuleId) -> Option<&Arc<RuleInfo>> {
        self.rules.get(id.0 as usize)
    }
}

fn info(rule: &Rule) -> RuleInfo {
    RuleInfo {
        id: RuleId(0),
        name: rule.name.clone(),
        desc: rule.desc.clone(),
        source: rule.source.clone(),
        priority: Priority::from_number(rule.priority),
        tags: rule.tags.clone(),
        capture: rule.capture,
        capture_duration: rule.capture_duration,
    }
}

fn memory_info(rule: &MemoryRule) -> RuleInfo {
    RuleInfo {
        id: RuleId(0),
        name: rule.name.clone(),
        desc: rule.desc.clone(),
        source: rule.source.clone(),
        priority: Priority::from_number(rule.priority),
        tags: rule.tags.clone(),
        capture: false,
        capture_duration: 0,
    }
}
