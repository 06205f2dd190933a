//! The item `rule`: definitions, the old append and switch, overrides.

use std::collections::BTreeSet;

use eyrie_lang::closest;

use super::{Overrides, PRIORITIES, Reader, exceptions, head, invalid, is_set, misfit, missing};
use crate::rules::codes;
use crate::rules::collect::{RuleChange, RuleInfo, Step};
use crate::rules::problem::{Context, LoadCode};
use crate::rules::yaml::Node;

const APPENDABLE: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
const REPLACEABLE: &[&str] = &[
    "condition",
    "output",
    "desc",
    "priority",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
];

impl Reader<'_, '_> {
    pub(super) fn rule(&mut self, item: &Node, file: &Context) -> Step<()> {
        let place = self.place(head(item, "rule"));
        let name = self.required(item, "rule", &file.child("rule", "", item).pointing(place))?;
        let context = file.child("rule", &name, item).pointing(place);
        let overrides = self.overrides(item, APPENDABLE, REPLACEABLE, &context)?;
        let append = self.append_flag(item, &context, overrides.any())?;
        let source = self.optional(item, "source", &context)?;
        if overrides.any() {
            let result = self.override_rule(item, &context, &name, source.as_deref(), &overrides);
            self.unless_broken(&name, result)?;
        } else if append {
            let result = self.append_rule(item, &context, &name, source.as_deref());
            self.unless_broken(&name, result)?;
        } else if ["condition", "output", "desc", "priority"].iter().any(|key| is_set(item, key)) {
            self.define_rule(item, &context, &name, source)?;
        } else {
            self.switch_rule(item, &context, &name, source.as_deref())?;
        }
        let mut known = [REPLACEABLE, &["rule", "source", "append", "override"]].concat();
        if self.memory {
            known.push("suppress");
        }
        self.unknown_keys(item, &context, &known);
        Ok(())
    }

    fn switch_rule(&mut self, item: &Node, context: &Context, name: &str, source: Option<&str>) -> Step<()> {
        if !is_set(item, "enabled") {
            let problem = context
                .problem(LoadCode::YamlValidate, codes::MISSING_KEY, "this rule has nothing but a name")
                .help("a rule has a `condition`, an `output`, a `desc` and a `priority`; with `enabled` alone it switches an earlier rule");
            return Err(Box::new(problem));
        }
        let enabled = self.boolean(item, "enabled", context)?.unwrap_or(true);
        let at = context.pointing(self.place(head(item, "enabled")));
        self.warnings.push(
            at.problem(
                LoadCode::DeprecatedItem,
                codes::DEPRECATED_ENABLED,
                "a rule is switched in the old way",
            )
            .help("add `override: {enabled: replace}`"),
        );
        let result = self.collector.changed_rule(context, name, source, "switches").map(|rule| {
            rule.enabled = enabled;
        });
        self.unless_broken(name, result)?;
        Ok(())
    }

    pub(super) fn priority(&self, item: &Node, context: &Context) -> Step<u8> {
        let Some(found) = self.text(item, "priority", context, false)? else {
            return missing(context, "priority");
        };
        let text = found.text;
        let wanted = if text.eq_ignore_ascii_case("info") { "informational" } else { text };
        match (0_u8..).zip(PRIORITIES).find(|(_, name)| name.eq_ignore_ascii_case(wanted)) {
            Some((level, _)) => Ok(level),
            None => {
                let meant = match text.trim().to_ascii_lowercase().as_str() {
                    "warn" => Some("WARNING"),
                    "crit" | "fatal" | "high" | "severe" => Some("CRITICAL"),
                    "err" | "medium" => Some("ERROR"),
                    "low" => Some("NOTICE"),
                    "emerg" | "panic" => Some("EMERGENCY"),
                    lower => closest(lower, PRIORITIES),
                };
                let problem = context
                    .child("rule priority", "", found.node)
                    .problem(
                        LoadCode::YamlValidate,
                        codes::UNKNOWN_PRIORITY,
                        format!("there is no priority `{text}`"),
                    )
                    .help_if(meant.map(|meant| format!("did you mean `{}`?", meant.to_ascii_uppercase())))
                    .help("the priorities are EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFORMATIONAL and DEBUG");
                Err(Box::new(problem))
            }
        }
    }

    /// The source of a rule, and whether there is no such source, which is warned about.
    pub(super) fn known_source(
        &mut self,
        item: &Node,
        context: &Context,
        source: Option<String>,
    ) -> (String, bool) {
        let source = source.unwrap_or_else(|| "syscall".to_string());
        let unknown_source = !self.sources.contains_key(&source);
        if unknown_source {
            let at = context.pointing(self.place(head(item, "source")));
            let names: Vec<&str> = self.sources.keys().map(String::as_str).collect();
            let problem = at
                .problem(
                    LoadCode::UnknownSource,
                    codes::UNKNOWN_SOURCE,
                    format!("there is no source `{source}`; the rule is left out"),
                )
                .help(match closest(&source, names.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the sources here are: {}; others come with plugins", names.join(", ")),
                });
            self.warnings.push(problem);
        }
        (source, unknown_source)
    }

    fn define_rule(
        &mut self,
        item: &Node,
        context: &Context,
        name: &str,
        source: Option<String>,
    ) -> Step<()> {
        let place = |kind, key: &str| match item.get(key) {
            Some(node) => context.child(kind, "", node),
            None => context.clone(),
        };
        let condition = self.required_written(item, "condition", context);
        let condition = self.soft(condition)?.unwrap_or_default();
        let output = self.required_written(item, "output", context);
        let output = self.soft(output)?.unwrap_or_default();
        let desc = self.required(item, "desc", context);
        let desc = self.soft(desc)?.unwrap_or_default();
        let priority = self.priority(item, context);
        let priority = self.soft(priority)?.unwrap_or_default();
        let (source, unknown_source) = self.known_source(item, context, source);
        let enabled = self.boolean(item, "enabled", context);
        let enabled = self.soft(enabled)?.flatten().unwrap_or(true);
        let capture = self.boolean(item, "capture", context);
        let capture = self.soft(capture)?.flatten().unwrap_or(false);
        let capture_duration = self.number(item, "capture_duration", context);
        let capture_duration = self.soft(capture_duration)?.flatten().unwrap_or(0);
        let warn_evttypes = self.boolean(item, "warn_evttypes", context);
        let warn_evttypes = self.soft(warn_evttypes)?.flatten().unwrap_or(true);
        let skip = self.boolean(item, "skip-if-unknown-filter", context);
        let skip_if_unknown_filter = self.soft(skip)?.flatten().unwrap_or(false);
        let tags = self.tags(item, context);
        let tags = self.soft(tags)?.flatten().unwrap_or_default();
        let suppress = self.suppress(item, context);
        let suppress = self.soft(suppress)?.flatten();
        let exceptions = self.exceptions(item, context, false);
        let mut exceptions = self.soft(exceptions)?.flatten().unwrap_or_default();
        if let Some(schema) = self.sources.get(&source).copied() {
            let mut complete = Vec::with_capacity(exceptions.len());
            for mut exception in exceptions {
                let result = exceptions::complete(&mut exception, schema);
                if self.soft(result)?.is_some() {
                    complete.push(exception);
                }
            }
            exceptions = complete;
        }
        self.collector.define_rule(RuleInfo {
            context: context.clone(),
            condition_context: place("rule condition", "condition"),
            output_context: place("rule output", "output"),
            name: name.to_string(),
            condition,
            source,
            desc,
            output: output.trimmed(),
            tags,
            exceptions,
            priority,
            capture,
            capture_duration,
            enabled,
            warn_evttypes,
            skip_if_unknown_filter,
            unknown_source,
            suppress,
        })
    }

    pub(super) fn tags(&self, item: &Node, context: &Context) -> Step<Option<BTreeSet<String>>> {
        let tags = self.texts(item, "tags", context, true)?;
        Ok(tags.map(|tags| tags.into_iter().map(|tag| tag.text).collect()))
    }

    fn append_rule(&mut self, item: &Node, context: &Context, name: &str, source: Option<&str>) -> Step<()> {
        let condition = self.optional_written(item, "condition", context)?;
        let exceptions = self.exceptions(item, context, true)?;
        if condition.is_none() && exceptions.as_ref().is_none_or(Vec::is_empty) {
            let title = "this appends to a rule, and has neither a condition nor exceptions to append";
            return misfit(context, codes::NOTHING_APPENDED, title);
        }
        let change = RuleChange { condition, exceptions, ..RuleChange::default() };
        self.append(context, name, source, change)
    }

    fn append(
        &mut self,
        context: &Context,
        name: &str,
        source: Option<&str>,
        mut change: RuleChange,
    ) -> Step<()> {
        let sources = self.sources;
        let rule = self.collector.changed_rule(context, name, source, "appends to")?;
        if let Some(exceptions) = change.exceptions.take() {
            exceptions::append(rule, exceptions, sources.get(&rule.source).copied())?;
        }
        rule.append(change);
        Ok(())
    }

    fn override_rule(
        &mut self,
        item: &Node,
        context: &Context,
        name: &str,
        source: Option<&str>,
        overrides: &Overrides,
    ) -> Step<()> {
        for (keys, how) in [(&overrides.append, "append"), (&overrides.replace, "replace")] {
            for key in keys {
                if !is_set(item, key) {
                    let at = context.pointing(self.place(head(item, "override")));
                    let title = format!("`override` says {how} for `{key}`, which the item does not have");
                    return invalid(&at, codes::BAD_OVERRIDE, title);
                }
            }
        }
        let append = self.change(item, context, &overrides.append, true)?;
        let replace = self.change(item, context, &overrides.replace, false)?;
        if !overrides.append.is_empty() {
            self.append(context, name, source, append)?;
        }
        if !overrides.replace.is_empty() {
            self.collector.changed_rule(context, name, source, "replaces a part of")?.replace(replace);
        }
        Ok(())
    }

    fn change(
        &mut self,
        item: &Node,
        context: &Context,
        keys: &BTreeSet<String>,
        append: bool,
    ) -> Step<RuleChange> {
        let mut change = RuleChange::default();
        let has = |key: &str| keys.contains(key);
        if has("condition") {
            change.condition = self.optional_written(item, "condition", context)?;
        }
        if has("output") {
            change.output = self.optional_written(item, "output", context)?;
        }
        if has("desc") {
            change.desc = self.optional(item, "desc", context)?;
        }
        if has("tags") {
            change.tags = self.tags(item, context)?;
        }
        if has("exceptions") {
            change.exceptions = self.exceptions(item, context, append)?;
            if !append {
                for exception in change.exceptions.iter().flatten() {
                    if exception.fields.is_none() {
                        return missing(&exception.context, "fields");
                    }
                }
            }
        }
        if has("priority") {
            change.priority = Some(self.priority(item, context)?);
        }
        if has("enabled") {
            change.enabled = self.boolean(item, "enabled", context)?;
        }
        if has("warn_evttypes") {
            change.warn_evttypes = self.boolean(item, "warn_evttypes", context)?;
        }
        if has("skip-if-unknown-filter") {
            change.skip_if_unknown_filter = self.boolean(item, "skip-if-unknown-filter", context)?;
        }
        if has("capture") {
            change.capture = self.boolean(item, "capture", context)?;
        }
        if has("capture_duration") {
            change.capture_duration = self.number(item, "capture_duration", context)?;
        }
        Ok(change)
    }
}
