//! From a file's YAML to items for the collector. Values are taken one by one in Falco's order, so that the first mistake is
//! the one that Falco reports.

mod exceptions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eyrie_lang::Schema;
use eyrie_lang::parse::{is_bare_text, is_identifier};

use super::collect::{Collector, MacroInfo, RuleChange, RuleInfo, Step};
use super::context::{Context, LoadCode, Problem};
use super::yaml::{self, Node};
use super::{ENGINE_VERSION, Version};

pub(super) type Sources<'s> = BTreeMap<String, &'s dyn Schema>;

const APPEND_DEPRECATED: &str = "`append: true` is the old way; name what is appended under `override`, as in `override: {condition: append}`";
const APPEND_AND_OVERRIDE: &str = "an item has either `override` or the old `append: true`; keep `override`";
const ENABLED_DEPRECATED: &str = "to switch a rule on or off, add `override: {enabled: replace}`";

/// The priorities, from the highest.
pub(super) const PRIORITIES: [&str; 8] =
    ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"];

/// Reads a file's items into the collector, up to the first mistake.
pub(super) fn read(
    text: &str,
    context: &Context,
    sources: &Sources<'_>,
    collector: &mut Collector,
    warnings: &mut Vec<Problem>,
) -> Step<()> {
    let (documents, mistake) = yaml::documents(text);
    // What is not YAML is found before anything is taken from the file.
    if let Some(mistake) = mistake {
        let place = match mistake.mark {
            mark if mark == yaml::Mark::default() => context.clone(),
            mark => context.child("value for", "", mark),
        };
        return Err(Box::new(place.problem(LoadCode::YamlParse, format!("not YAML: {}", mistake.message))));
    }
    let mut reader = Reader { sources, collector, warnings };
    for document in documents.iter().filter(|document| !document.is_null()) {
        if document.scalar().is_some() {
            return Err(Box::new(context.problem(
                LoadCode::YamlValidate,
                "a rule file is a list of items, and this document is plain text",
            )));
        }
        let Some(items) = document.sequence() else {
            return Err(Box::new(context.problem(
                LoadCode::YamlValidate,
                "a rule file is a list of items, and this document is not a list",
            )));
        };
        for item in items.iter().filter(|item| !item.is_null()) {
            reader.item(item, context)?;
        }
    }
    Ok(())
}

struct Reader<'r, 's> {
    sources: &'r Sources<'s>,
    collector: &'r mut Collector,
    warnings: &'r mut Vec<Problem>,
}

fn invalid<T>(context: &Context, message: impl Into<String>) -> Step<T> {
    Err(Box::new(context.problem(LoadCode::YamlValidate, message)))
}

fn misfit<T>(context: &Context, message: impl Into<String>) -> Step<T> {
    Err(Box::new(context.problem(LoadCode::Validate, message)))
}

/// The scalar with this key; `None` if it is not there and need not be.
fn text<'n>(
    item: &'n Node,
    key: &str,
    context: &Context,
    optional: bool,
) -> Step<Option<(&'n str, Context)>> {
    let value = match item.get(key) {
        None if optional => return Ok(None),
        None => return invalid(context, format!("the key `{key}` is missing")),
        Some(value) if value.is_null() && optional => return Ok(None),
        Some(value) if value.is_null() => {
            return invalid(context, format!("the key `{key}` has no value"));
        }
        Some(value) => value,
    };
    let place = context.child("value for", key, value.mark);
    match value.scalar() {
        None => invalid(&place, "expected a plain value, not a list or a map"),
        Some("") => invalid(&place, "the value is empty"),
        Some(text) => Ok(Some((text, place))),
    }
}

fn required(item: &Node, key: &str, context: &Context) -> Step<String> {
    Ok(text(item, key, context, false)?.map(|(text, _)| text.to_string()).unwrap_or_default())
}

fn optional(item: &Node, key: &str, context: &Context) -> Step<Option<String>> {
    Ok(text(item, key, context, true)?.map(|(text, _)| text.to_string()))
}

fn decoded<T>(item: &Node, key: &str, context: &Context, decode: fn(&str) -> Option<T>) -> Step<Option<T>> {
    match text(item, key, context, true)? {
        None => Ok(None),
        Some((text, place)) => match decode(text) {
            Some(value) => Ok(Some(value)),
            None => invalid(&place, "this is not a value that the key can have"),
        },
    }
}

fn texts(item: &Node, key: &str, context: &Context, optional: bool) -> Step<Option<Vec<String>>> {
    let value = match item.get(key) {
        None if optional => return Ok(None),
        None => return invalid(context, format!("the key `{key}` is missing")),
        Some(value) => value,
    };
    let place = context.child("value for", key, value.mark);
    let Some(items) = value.sequence() else { return invalid(&place, "expected a list") };
    let mut all = Vec::with_capacity(items.len());
    for entry in items {
        match entry.scalar() {
            Some(text) => all.push(text.to_string()),
            None => {
                return invalid(
                    &place.child("list item", "", entry.mark),
                    "the list may contain plain values only",
                );
            }
        }
    }
    Ok(Some(all))
}

fn is_set(item: &Node, key: &str) -> bool {
    item.get(key).is_some()
}

/// What an item's `override` names.
#[derive(Default)]
struct Overrides {
    append: BTreeSet<String>,
    replace: BTreeSet<String>,
}

impl Overrides {
    fn any(&self) -> bool {
        !self.append.is_empty() || !self.replace.is_empty()
    }
}

impl Reader<'_, '_> {
    fn warn(&mut self, context: &Context, code: LoadCode, message: impl Into<String>) {
        self.warnings.push(context.problem(code, message));
    }

    fn item(&mut self, item: &Arc<Node>, file: &Context) -> Step<()> {
        let place = file.child("rules content item", "", item.mark);
        if !matches!(item.kind, yaml::Kind::Mapping(_)) {
            let place = file.child("item", "", item.mark);
            return invalid(&place, "an item is a map that starts with `rule`, `macro` or `list`");
        }
        if is_set(item, "required_engine_version") {
            self.engine_version(item, file)
        } else if is_set(item, "required_plugin_versions") {
            self.plugin_versions(item, file)
        } else if is_set(item, "list") {
            self.list(item, file)
        } else if is_set(item, "macro") {
            self.macro_item(item, file)
        } else if is_set(item, "rule") {
            self.rule(item, file)
        } else {
            self.warn(&place, LoadCode::UnknownItem, "an item of no known kind is left out; items start with `rule`, `macro`, `list` or a version requirement");
            Ok(())
        }
    }

    fn unknown_keys(&mut self, item: &Node, context: &Context, known: &[&str]) {
        for (key, _) in item.entries() {
            let key = key.scalar().unwrap_or("null");
            if !known.contains(&key) {
                self.warn(
                    context,
                    LoadCode::UnknownKey,
                    format!("there is no key `{key}` here; it is left out"),
                );
            }
        }
    }

    fn engine_version(&mut self, item: &Node, file: &Context) -> Step<()> {
        let context = file.child("required_engine_version", "", item.mark);
        let (text, _) = match text(item, "required_engine_version", &context, false)? {
            Some(found) => found,
            None => return Ok(()),
        };
        let version = match yaml::unsigned(text) {
            Some(minor) => Version::new(0, minor, 0),
            None => match Version::parse(text) {
                Some(version) => version,
                None => {
                    return invalid(
                        &context,
                        format!("`{text}` is no version; write three numbers, as in 0.57.0"),
                    );
                }
            },
        };
        if !ENGINE_VERSION.satisfies(version) {
            return misfit(
                &context,
                format!("the rules need engine version {version}; this is {ENGINE_VERSION}"),
            );
        }
        let highest = self.collector.required_engine.unwrap_or_default().max(version);
        self.collector.required_engine = Some(highest);
        self.unknown_keys(item, &context, &["required_engine_version"]);
        Ok(())
    }

    fn plugin_versions(&mut self, item: &Node, file: &Context) -> Step<()> {
        let list_context = file.child("required plugin versions", "", item.mark);
        let Some(value) = item.get("required_plugin_versions") else { return Ok(()) };
        let Some(entries) = value.sequence() else {
            let place = list_context.child("value for", "required_plugin_versions", value.mark);
            return invalid(&place, "expected a list of plugins");
        };
        for entry in entries {
            let mut context = list_context.child("required plugin versions entry", "", entry.mark);
            let name = required(entry, "name", &context)?;
            context = list_context.child("required plugin versions entry", &name, entry.mark);
            let mut alternatives = vec![(name, required(entry, "version", &context)?)];
            if let Some(value) = entry.get("alternatives") {
                let Some(more) = value.sequence() else {
                    return invalid(&context, "expected a list of alternatives");
                };
                for alternative in more {
                    let mut place =
                        context.child("required plugin versions alternative", "", alternative.mark);
                    let name = required(alternative, "name", &place)?;
                    place = context.child("required plugin versions alternative", &name, alternative.mark);
                    alternatives.push((name, required(alternative, "version", &place)?));
                }
            }
            let mut requirement: Vec<(String, Version)> = Vec::new();
            for (name, version) in alternatives {
                let Some(version) = Version::parse(&version) else {
                    return misfit(
                        &context,
                        format!(
                            "`{version}` is no version of the plugin `{name}`; write three numbers, as in 0.4.0"
                        ),
                    );
                };
                if requirement.iter().any(|(known, _)| *known == name) {
                    return misfit(&context, format!("the plugin `{name}` is its own alternative"));
                }
                requirement.push((name, version));
            }
            self.collector.required_plugins.push(requirement);
        }
        self.unknown_keys(item, &list_context, &["required_plugin_versions"]);
        Ok(())
    }

    fn overrides(
        &self,
        item: &Node,
        appendable: &[&str],
        replaceable: &[&str],
        context: &Context,
    ) -> Step<Overrides> {
        let mut found = Overrides::default();
        let Some(value) = item.get("override") else { return Ok(found) };
        let place = context.child("overrides", "", item.mark);
        if value.sequence().is_some() {
            // What the YAML library says there, with the place of the file.
            return Err(Box::new(Context(context.0.iter().take(1).cloned().collect()).problem(
                LoadCode::Validate,
                "an override has to be a map of keys to 'append' or 'replace'",
            )));
        }
        for (key, operation) in value.entries() {
            let name = key.scalar().unwrap_or_default();
            let at_key = place.child("overrides", name, key.mark);
            let Some(operation_text) = operation.scalar() else {
                return Err(Box::new(
                    Context(context.0.iter().take(1).cloned().collect())
                        .problem(LoadCode::Validate, "an override has to be 'append' or 'replace'"),
                ));
            };
            let (can_append, can_replace) = (appendable.contains(&name), replaceable.contains(&name));
            match operation_text {
                "append" if can_append => _ = found.append.insert(name.to_string()),
                "append" => {
                    return invalid(&at_key, format!("`{name}` cannot be appended to, only replaced"));
                }
                "replace" if can_replace => _ = found.replace.insert(name.to_string()),
                "replace" => return invalid(&at_key, format!("`{name}` cannot be replaced")),
                other => {
                    let allowed: Vec<_> = [(can_append, "append"), (can_replace, "replace")]
                        .iter()
                        .filter(|(can, _)| *can)
                        .map(|(_, name)| *name)
                        .collect();
                    return invalid(
                        &place.child("value for", name, operation.mark),
                        format!(
                            "`{other}` is not what can be done to `{name}`; that is: {}",
                            allowed.join(", ")
                        ),
                    );
                }
            }
        }
        Ok(found)
    }

    /// The old `append: true`, which cannot stand with an `override`.
    fn append_flag(&mut self, item: &Node, context: &Context, overridden: bool) -> Step<bool> {
        let append = decoded(item, "append", context, yaml::boolean)?;
        if append == Some(true) {
            self.warn(context, LoadCode::DeprecatedItem, APPEND_DEPRECATED);
        }
        if overridden && append == Some(true) {
            return invalid(context, APPEND_AND_OVERRIDE);
        }
        Ok(append == Some(true))
    }

    fn list(&mut self, item: &Node, file: &Context) -> Step<()> {
        let name = required(item, "list", &file.child("list", "", item.mark))?;
        let context = file.child("list", &name, item.mark);
        if !is_bare_text(&name) {
            self.warn(
                &context,
                LoadCode::InvalidListName,
                "no condition can name this list: a name has no blanks, quotes, parentheses, commas or `=`",
            );
        }
        let items = texts(item, "items", &context, false)?.unwrap_or_default();
        let overrides = self.overrides(item, &["items"], &["items"], &context)?;
        let append = self.append_flag(item, &context, overrides.any())?;
        if append || overrides.append.contains("items") {
            self.collector.append_list(&context, &name, items)?;
        } else {
            self.collector.define_list(context.clone(), name, items);
        }
        self.unknown_keys(item, &context, &["list", "items", "append", "override"]);
        Ok(())
    }

    fn macro_item(&mut self, item: &Node, file: &Context) -> Step<()> {
        let name = required(item, "macro", &file.child("macro", "", item.mark))?;
        let context = file.child("macro", &name, item.mark);
        if !is_identifier(&name) {
            self.warn(
                &context,
                LoadCode::InvalidMacroName,
                "no condition can name this macro: a name is one word of ASCII letters, digits and `_`",
            );
        }
        let condition = required(item, "condition", &context)?;
        let mark = item.get("condition").map(|value| value.mark).unwrap_or_default();
        let overrides = self.overrides(item, &["condition"], &["condition"], &context)?;
        let append = self.append_flag(item, &context, overrides.any())?;
        if append || overrides.append.contains("condition") {
            self.collector.append_macro(&context, &name, &condition)?;
        } else {
            let condition_context = context.child("macro condition", "", mark);
            self.collector.define_macro(MacroInfo {
                context: context.clone(),
                condition_context,
                index: 0,
                visibility: 0,
                name,
                condition,
            });
        }
        self.unknown_keys(item, &context, &["macro", "condition", "append", "override"]);
        Ok(())
    }

    fn rule(&mut self, item: &Node, file: &Context) -> Step<()> {
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
        let name = required(item, "rule", &file.child("rule", "", item.mark))?;
        let context = file.child("rule", &name, item.mark);
        let overrides = self.overrides(item, APPENDABLE, REPLACEABLE, &context)?;
        let append = self.append_flag(item, &context, overrides.any())?;
        let source = optional(item, "source", &context)?;
        if overrides.any() {
            self.override_rule(item, &context, &name, source.as_deref(), &overrides)?;
        } else if append {
            self.append_rule(item, &context, &name, source.as_deref())?;
        } else if ["condition", "output", "desc", "priority"].iter().any(|key| is_set(item, key)) {
            self.define_rule(item, &context, &name, source)?;
        } else {
            let enabled = match item.get("enabled") {
                None => {
                    return invalid(
                        &context,
                        "the key `enabled` is missing, or whatever else the rule should have",
                    );
                }
                Some(_) => decoded(item, "enabled", &context, yaml::boolean)?.unwrap_or(true),
            };
            self.warn(&context, LoadCode::DeprecatedItem, ENABLED_DEPRECATED);
            self.collector.changed_rule(&context, &name, source.as_deref(), "switches")?.enabled = enabled;
        }
        let known = [REPLACEABLE, &["rule", "source", "append", "override"]].concat();
        self.unknown_keys(item, &context, &known);
        Ok(())
    }

    fn priority(&self, item: &Node, context: &Context) -> Step<u8> {
        let text = required(item, "priority", context)?;
        let mark = item.get("priority").map(|value| value.mark).unwrap_or_default();
        let wanted = if text.eq_ignore_ascii_case("info") { "informational" } else { &text };
        match (0_u8..).zip(PRIORITIES).find(|(_, name)| name.eq_ignore_ascii_case(wanted)) {
            Some((level, _)) => Ok(level),
            None => invalid(
                &context.child("rule priority", "", mark),
                "there is no such priority; they are EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFORMATIONAL and DEBUG",
            ),
        }
    }

    fn define_rule(
        &mut self,
        item: &Node,
        context: &Context,
        name: &str,
        source: Option<String>,
    ) -> Step<()> {
        let place = |item_type, key: &str| {
            let mark = item.get(key).map(|value| value.mark).unwrap_or_default();
            context.child(item_type, "", mark)
        };
        let condition = required(item, "condition", context)?;
        let output = required(item, "output", context)?;
        let desc = required(item, "desc", context)?;
        let priority = {
            required(item, "priority", context)?;
            self.priority(item, context)?
        };
        let source = source.unwrap_or_else(|| "syscall".to_string());
        let unknown_source = !self.sources.contains_key(&source);
        if unknown_source {
            self.warn(
                context,
                LoadCode::UnknownSource,
                format!("there is no source `{source}`; the rule is left out"),
            );
        }
        let enabled = decoded(item, "enabled", context, yaml::boolean)?.unwrap_or(true);
        let capture = decoded(item, "capture", context, yaml::boolean)?.unwrap_or(false);
        let capture_duration = decoded(item, "capture_duration", context, yaml::unsigned)?.unwrap_or(0);
        let warn_evttypes = decoded(item, "warn_evttypes", context, yaml::boolean)?.unwrap_or(true);
        let skip_if_unknown_filter =
            decoded(item, "skip-if-unknown-filter", context, yaml::boolean)?.unwrap_or(false);
        let tags = texts(item, "tags", context, true)?.unwrap_or_default().into_iter().collect();
        let mut exceptions = self.exceptions(item, context, false)?.unwrap_or_default();
        if let Some(schema) = self.sources.get(&source) {
            for exception in &mut exceptions {
                exceptions::complete(exception, *schema)?;
            }
        }
        self.collector.define_rule(RuleInfo {
            context: context.clone(),
            condition_context: place("rule condition", "condition"),
            output_context: place("rule output", "output"),
            name: name.to_string(),
            condition,
            source,
            desc,
            output: output.trim().to_string(),
            tags,
            exceptions,
            priority,
            capture,
            capture_duration,
            enabled,
            warn_evttypes,
            skip_if_unknown_filter,
            unknown_source,
        })
    }

    fn append_rule(&mut self, item: &Node, context: &Context, name: &str, source: Option<&str>) -> Step<()> {
        let condition = optional(item, "condition", context)?;
        let exceptions = self.exceptions(item, context, true)?;
        if condition.is_none() && exceptions.as_ref().is_none_or(Vec::is_empty) {
            return misfit(
                context,
                "with `append: true` a rule adds to the condition or the exceptions, and this has neither",
            );
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
        let how = "appends to";
        let sources = self.sources;
        let rule = self.collector.changed_rule(context, name, source, how)?;
        if let Some(exceptions) = change.exceptions.take() {
            exceptions::append(rule, exceptions, sources.get(&rule.source.clone()).copied())?;
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
                    return invalid(
                        context,
                        format!("`override` says {how} for `{key}`, which the item does not have"),
                    );
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
            change.condition = optional(item, "condition", context)?;
        }
        if has("output") {
            change.output = optional(item, "output", context)?.map(|output| output.trim().to_string());
        }
        if has("desc") {
            change.desc = optional(item, "desc", context)?;
        }
        if has("tags") {
            change.tags = texts(item, "tags", context, true)?.map(|tags| tags.into_iter().collect());
        }
        if has("exceptions") {
            change.exceptions = self.exceptions(item, context, append)?;
            if !append {
                for exception in change.exceptions.iter().flatten() {
                    if exception.fields.is_none() {
                        return invalid(&exception.context, "the key `fields` is missing");
                    }
                }
            }
        }
        if has("priority") {
            change.priority = Some(self.priority(item, context)?);
        }
        if has("enabled") {
            change.enabled = decoded(item, "enabled", context, yaml::boolean)?;
        }
        if has("warn_evttypes") {
            change.warn_evttypes = decoded(item, "warn_evttypes", context, yaml::boolean)?;
        }
        if has("skip-if-unknown-filter") {
            change.skip_if_unknown_filter = decoded(item, "skip-if-unknown-filter", context, yaml::boolean)?;
        }
        if has("capture") {
            change.capture = decoded(item, "capture", context, yaml::boolean)?;
        }
        if has("capture_duration") {
            change.capture_duration = decoded(item, "capture_duration", context, yaml::unsigned)?;
        }
        Ok(change)
    }
}
