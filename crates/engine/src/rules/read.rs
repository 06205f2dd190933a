//! From a file's YAML to items for the collector. Values are taken one by one in Falco's order, so that the first mistake is
//! the one that Falco reports. A [`Reader`] that is tolerant goes on after it.

mod exceptions;
mod memory;
mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eyrie_lang::diagnostic::Code;
use eyrie_lang::parse::{is_bare_text, is_identifier};
use eyrie_lang::{Schema, Span, closest};

use super::collect::{Collector, MacroInfo, Step, Value};
use super::problem::{Context, LoadCode, Problem};
use super::written::{Origin, Place, Written};
use super::yaml::{self, Documents, Mark, Node};
use super::{ENGINE_VERSION, Version, codes};

pub(super) type Sources<'s> = BTreeMap<String, &'s dyn Schema>;

/// The priorities, from the highest.
pub(super) const PRIORITIES: [&str; 8] =
    ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"];

/// Reads files' items into a collector.
pub(super) struct Reader<'r, 's> {
    pub(super) sources: &'r Sources<'s>,
    pub(super) collector: &'r mut Collector,
    pub(super) warnings: &'r mut Vec<Problem>,
    /// Where a tolerant reader puts mistakes; without, reading stops at the first.
    pub(super) mistakes: Option<&'r mut Vec<Problem>>,
    /// The file's number.
    pub(super) file: usize,
    /// Whether the file uses rules with memory.
    pub(super) memory: bool,
}

fn invalid<T>(context: &Context, code: Code, message: impl Into<String>) -> Step<T> {
    Err(Box::new(context.problem(LoadCode::YamlValidate, code, message)))
}

fn misfit<T>(context: &Context, code: Code, message: impl Into<String>) -> Step<T> {
    Err(Box::new(context.problem(LoadCode::Validate, code, message)))
}

fn is_set(item: &Node, key: &str) -> bool {
    item.get(key).is_some()
}

/// What an item is called by: its first key and the value of that.
fn head(item: &Node, key: &str) -> Span {
    match item.entry(key) {
        Some((key, value)) if value.scalar().is_some() && value.span.end > key.span.start => {
            key.span.to(value.span)
        }
        Some((key, _)) => key.span,
        None => item.entries().first().map_or(item.span, |(key, _)| key.span),
    }
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

/// A plain value with its place.
struct Found<'n> {
    text: &'n str,
    context: Context,
    node: &'n Node,
}

impl Reader<'_, '_> {
    /// Reads what a file contains.
    pub(super) fn read(&mut self, found: &Documents, file: &Context) -> Step<()> {
        // What is not YAML is found before anything is taken from the file.
        for mistake in &found.mistakes {
            let place = match mistake.mark {
                mark if mark == Mark::default() => {
                    file.pointing(Place { file: self.file, span: mistake.span })
                }
                mark => file.at("value for", "", mark, mistake.span),
            };
            let problem = place
                .problem(LoadCode::YamlParse, codes::NOT_YAML, format!("not YAML: {}", mistake.message))
                .help_if(yaml_help(&mistake.message));
            self.soft(Err::<(), _>(Box::new(problem)))?;
            self.collector.incomplete = true;
        }
        for document in found.documents.iter().filter(|document| !document.is_null()) {
            let result = self.document(document, file);
            self.soft(result)?;
        }
        Ok(())
    }

    fn document(&mut self, document: &Node, file: &Context) -> Step<()> {
        let place = Place { file: self.file, span: Span::at(document.span.start) };
        let Some(items) = document.sequence() else {
            let message =
                format!("a rule file is a list of items, and this document is {}", document.describe());
            let mut problem = file.pointing(place).problem(LoadCode::YamlValidate, codes::NOT_ITEMS, message);
            problem = problem.help("begin each item with `- `, as in `- rule: Name`");
            return Err(Box::new(problem));
        };
        for item in items.iter().filter(|item| !item.is_null()) {
            let result = self.item(item, file);
            if result.is_err() {
                // Who uses it is not at fault.
                let name = ["rule", "macro", "list"].iter().find_map(|key| item.get(key)?.scalar());
                self.collector.broken.extend(name.map(str::to_string));
            }
            self.soft(result)?;
        }
        Ok(())
    }

    /// In a tolerant reader, keeps a mistake and goes on without the value.
    fn soft<T>(&mut self, result: Step<T>) -> Step<Option<T>> {
        match (result, &mut self.mistakes) {
            (Ok(value), _) => Ok(Some(value)),
            (Err(problem), Some(mistakes)) => {
                mistakes.push(*problem);
                Ok(None)
            }
            (Err(problem), None) => Err(problem),
        }
    }

    fn place(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }

    fn written(&self, text: &str, node: &Node) -> Written {
        Written::new(text.to_string(), Origin::new(self.file, node))
    }

    /// The scalar with this key; `None` if it is not there and need not be.
    fn text<'n>(
        &self,
        item: &'n Node,
        key: &str,
        context: &Context,
        optional: bool,
    ) -> Step<Option<Found<'n>>> {
        let (name, value) = match item.entry(key) {
            None if optional => return Ok(None),
            None => return missing(context, key),
            Some(entry) => entry,
        };
        if value.is_null() {
            if optional {
                return Ok(None);
            }
            let at = context.pointing(self.place(name.span));
            return invalid(&at, codes::MISSING_KEY, format!("the key `{key}` has no value"));
        }
        let place = context.child("value for", key, value);
        match value.scalar() {
            None => {
                let message = format!("`{key}` takes a plain value, and this is {}", value.describe());
                invalid(&place.pointing(self.place(first_line(value))), codes::WRONG_KIND, message)
            }
            Some("") => invalid(&place, codes::EMPTY_VALUE, format!("the value of `{key}` is empty")),
            Some(text) => Ok(Some(Found { text, context: place, node: value })),
        }
    }

    fn required(&self, item: &Node, key: &str, context: &Context) -> Step<String> {
        Ok(self.text(item, key, context, false)?.map(|found| found.text.to_string()).unwrap_or_default())
    }

    fn optional(&self, item: &Node, key: &str, context: &Context) -> Step<Option<String>> {
        Ok(self.text(item, key, context, true)?.map(|found| found.text.to_string()))
    }

    fn required_written(&self, item: &Node, key: &str, context: &Context) -> Step<Written> {
        let found = self.text(item, key, context, false)?;
        Ok(found.map(|found| self.written(found.text, found.node)).unwrap_or_default())
    }

    fn optional_written(&self, item: &Node, key: &str, context: &Context) -> Step<Option<Written>> {
        Ok(self.text(item, key, context, true)?.map(|found| self.written(found.text, found.node)))
    }

    fn boolean(&self, item: &Node, key: &str, context: &Context) -> Step<Option<bool>> {
        let Some(found) = self.text(item, key, context, true)? else { return Ok(None) };
        match yaml::boolean(found.text) {
            Some(value) => Ok(Some(value)),
            None => {
                let title = format!("`{key}` is `true` or `false`, not `{}`", found.text);
                invalid(&found.context, codes::BAD_VALUE, title)
            }
        }
    }

    fn number(&self, item: &Node, key: &str, context: &Context) -> Step<Option<u32>> {
        let Some(found) = self.text(item, key, context, true)? else { return Ok(None) };
        match yaml::unsigned(found.text) {
            Some(value) => Ok(Some(value)),
            None => {
                let title = format!("`{key}` is a whole number from 0 on, not `{}`", found.text);
                invalid(&found.context, codes::BAD_VALUE, title)
            }
        }
    }

    fn texts(&self, item: &Node, key: &str, context: &Context, optional: bool) -> Step<Option<Vec<Value>>> {
        let (name, value) = match item.entry(key) {
            None if optional => return Ok(None),
            None => return missing(context, key),
            Some(entry) => entry,
        };
        let place = context.child("value for", key, value);
        let Some(items) = value.sequence() else {
            let shown = if value.is_null() { name.span } else { first_line(value) };
            let problem = place
                .pointing(self.place(shown))
                .problem(
                    LoadCode::YamlValidate,
                    codes::WRONG_KIND,
                    format!("`{key}` takes a list, and this is {}", value.describe()),
                )
                .help(match value.scalar() {
                    Some(text) => format!("write `{key}: [{text}]`"),
                    None => format!("write `{key}: []` for an empty list"),
                });
            return Err(Box::new(problem));
        };
        let mut all = Vec::with_capacity(items.len());
        for entry in items {
            match entry.scalar() {
                Some(text) => {
                    all.push(Value { text: text.to_string(), origin: Origin::new(self.file, entry) });
                }
                None => {
                    let title =
                        format!("`{key}` may contain plain values only, and this is {}", entry.describe());
                    return invalid(&place.child("list item", "", entry), codes::WRONG_KIND, title);
                }
            }
        }
        Ok(Some(all))
    }

    fn item(&mut self, item: &Arc<Node>, file: &Context) -> Step<()> {
        if !item.is_mapping() {
            let place = file.child("rules content item", "", item);
            let problem = place
                .problem(
                    LoadCode::YamlValidate,
                    codes::NOT_AN_ITEM,
                    format!("an item is a map, and this is {}", item.describe()),
                )
                .help("an item starts with `rule:`, `macro:`, `list:` or a version requirement");
            return Err(Box::new(problem));
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
        } else if is_set(item, "extensions") {
            self.extensions(item, file)
        } else if self.memory && is_set(item, "sequence") {
            self.memory_item(item, file, "sequence")
        } else if self.memory && is_set(item, "threshold") {
            self.memory_item(item, file, "threshold")
        } else if self.memory && is_set(item, "suppress") {
            self.suppress_item(item, file)
        } else {
            self.unknown_item(item, file);
            Ok(())
        }
    }

    fn unknown_item(&mut self, item: &Node, file: &Context) {
        let kinds = ["rule", "macro", "list", "required_engine_version", "required_plugin_versions"];
        let keys = item.entries().iter().filter_map(|(key, _)| key.scalar());
        let meant = keys.filter_map(|key| closest(key, kinds)).next();
        let undeclared = memory::ITEMS.iter().any(|kind| is_set(item, kind));
        let problem = file
            .child("rules content item", "", item)
            .pointing(self.place(head(item, "")))
            .problem(
                LoadCode::UnknownItem,
                codes::UNKNOWN_ITEM,
                "an item of no known kind is left out",
            )
            .help(match meant {
                _ if undeclared => memory::DECLARE.to_string(),
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "an item has one of the keys `rule`, `macro`, `list`, `required_engine_version` and `required_plugin_versions`".to_string(),
            });
        self.warnings.push(problem);
    }

    /// Warns about keys that are not known, and of ours about keys that are given twice.
    fn unknown_keys(&mut self, item: &Node, context: &Context, known: &[&str]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (node, _) in item.entries() {
            let key = node.scalar().unwrap_or("null");
            let at = context.pointing(self.place(node.span));
            if !known.contains(&key) {
                let meant = closest(key, known.iter().copied());
                let problem = at
                    .problem(
                        LoadCode::UnknownKey,
                        codes::UNKNOWN_KEY,
                        format!("there is no key `{key}` here; it is left out"),
                    )
                    .help_if(match key {
                        "suppress" if !self.memory => Some(memory::DECLARE.to_string()),
                        _ => meant.map(|meant| format!("did you mean `{meant}`?")),
                    });
                self.warnings.push(problem);
            }
            if let Some(first) = seen.get(key) {
                let mut problem = at.remark(
                    codes::DUPLICATE_KEY,
                    format!("the key `{key}` is given twice; this one does not count"),
                );
                problem.diagnostic = problem.diagnostic.with_remark(*first, "this one counts");
                self.warnings.push(problem);
            } else {
                seen.insert(key, node.span);
            }
        }
    }

    fn engine_version(&mut self, item: &Node, file: &Context) -> Step<()> {
        let context = file
            .child("required_engine_version", "", item)
            .pointing(self.place(head(item, "required_engine_version")));
        let Some(found) = self.text(item, "required_engine_version", &context, false)? else { return Ok(()) };
        let text = found.text;
        let version = match yaml::unsigned(text) {
            Some(minor) => Version::new(0, minor, 0),
            None => match Version::parse(text) {
                Some(version) => version,
                None => {
                    let title = format!("`{text}` is no version; write three numbers, as in 0.57.0");
                    return invalid(&context, codes::BAD_VERSION, title);
                }
            },
        };
        if !ENGINE_VERSION.satisfies(version) {
            return misfit(
                &context,
                codes::ENGINE_VERSION,
                format!("the rules need engine version {version}; this is {ENGINE_VERSION}"),
            );
        }
        let highest = self.collector.required_engine.unwrap_or_default().max(version);
        self.collector.required_engine = Some(highest);
        self.unknown_keys(item, &context, &["required_engine_version"]);
        Ok(())
    }

    fn plugin_versions(&mut self, item: &Node, file: &Context) -> Step<()> {
        let Some(value) = item.get("required_plugin_versions") else { return Ok(()) };
        let list_context = file
            .child("required plugin versions", "", value)
            .pointing(self.place(head(item, "required_plugin_versions")));
        let Some(entries) = value.sequence() else {
            let message = format!("expected a list of plugins, and this is {}", value.describe());
            return invalid(&list_context, codes::WRONG_KIND, message);
        };
        for entry in entries {
            let mut context = list_context.child("required plugin versions entry", "", entry);
            let name = self.required(entry, "name", &context)?;
            context = list_context
                .child("required plugin versions entry", &name, entry)
                .pointing(self.place(head(entry, "name")));
            let mut alternatives = vec![(name, self.required(entry, "version", &context)?)];
            if let Some(value) = entry.get("alternatives") {
                let Some(more) = value.sequence() else {
                    let message =
                        format!("expected a list of alternatives, and this is {}", value.describe());
                    return invalid(&context, codes::WRONG_KIND, message);
                };
                for alternative in more {
                    let mut place = context.child("required plugin versions alternative", "", alternative);
                    let name = self.required(alternative, "name", &place)?;
                    place = context.child("required plugin versions alternative", &name, alternative);
                    alternatives.push((name, self.required(alternative, "version", &place)?));
                }
            }
            let mut requirement: Vec<(String, Version)> = Vec::new();
            for (name, version) in alternatives {
                let Some(version) = Version::parse(&version) else {
                    let title = format!(
                        "`{version}` is no version of the plugin `{name}`; write three numbers, as in 0.4.0"
                    );
                    return misfit(&context, codes::BAD_VERSION, title);
                };
                if requirement.iter().any(|(known, _)| *known == name) {
                    let title = format!("the plugin `{name}` is its own alternative");
                    return misfit(&context, codes::PLUGIN_TWICE, title);
                }
                requirement.push((name, version));
            }
            self.collector.required_plugins.push(requirement);
            self.collector.plugin_places.push(self.place(head(entry, "name")));
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
        let Some((name, value)) = item.entry("override") else { return Ok(found) };
        let place = context.at("overrides", "", item.mark, name.span);
        if value.sequence().is_some() {
            // What the YAML library says there, with the place of the file.
            return Err(Box::new(
                context
                    .root()
                    .pointing(self.place(name.span))
                    .problem(
                        LoadCode::Validate,
                        codes::BAD_OVERRIDE,
                        "an override is a map of keys to `append` or `replace`, and this is a list",
                    )
                    .help("write it as `override: {condition: append}`"),
            ));
        }
        for (key, operation) in value.entries() {
            let name = key.scalar().unwrap_or_default();
            let at_key = place.child("overrides", name, key);
            let Some(operation_text) = operation.scalar() else {
                return Err(Box::new(context.root().pointing(self.place(key.span)).problem(
                    LoadCode::Validate,
                    codes::BAD_OVERRIDE,
                    format!("an override is `append` or `replace`, and this is {}", operation.describe()),
                )));
            };
            let (can_append, can_replace) = (appendable.contains(&name), replaceable.contains(&name));
            let unknown = |title: String| {
                let all = replaceable.iter().copied();
                let meant = closest(name, all.clone()).filter(|_| !can_append && !can_replace);
                let help = match meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None if can_replace => "write `replace`".to_string(),
                    None => {
                        format!("what can be changed here is {}", all.collect::<Vec<_>>().join(", "))
                    }
                };
                let problem = at_key.problem(LoadCode::YamlValidate, codes::BAD_OVERRIDE, title).help(help);
                Err(Box::new(problem))
            };
            match operation_text {
                "append" if can_append => _ = found.append.insert(name.to_string()),
                "append" => {
                    return unknown(if can_replace {
                        format!("`{name}` cannot be appended to, only replaced")
                    } else {
                        format!("`{name}` cannot be appended to")
                    });
                }
                "replace" if can_replace => _ = found.replace.insert(name.to_string()),
                "replace" => return unknown(format!("`{name}` cannot be replaced")),
                other => {
                    let allowed: Vec<_> = [(can_append, "`append`"), (can_replace, "`replace`")]
                        .iter()
                        .filter(|(can, _)| *can)
                        .map(|(_, name)| *name)
                        .collect();
                    let problem = place
                        .child("value for", name, operation)
                        .problem(
                            LoadCode::YamlValidate,
                            codes::BAD_OVERRIDE,
                            format!("`{other}` is nothing that an override can do"),
                        )
                        .help(if allowed.is_empty() {
                            format!("`{name}` cannot be changed by an override")
                        } else {
                            format!("for `{name}` write {}", allowed.join(" or "))
                        });
                    return Err(Box::new(problem));
                }
            }
        }
        Ok(found)
    }

    /// The old `append: true`, which cannot stand with an `override`.
    fn append_flag(&mut self, item: &Node, context: &Context, overridden: bool) -> Step<bool> {
        let append = self.boolean(item, "append", context)?;
        if append == Some(true) {
            let at = context.pointing(self.place(head(item, "append")));
            self.warnings.push(
                at.problem(
                    LoadCode::DeprecatedItem,
                    codes::DEPRECATED_APPEND,
                    "`append: true` is the old way",
                )
                .help("name what is appended, as in `override: {condition: append}`"),
            );
            if overridden {
                return invalid(
                    &at,
                    codes::APPEND_AND_OVERRIDE,
                    "an item has either `override` or the old `append: true`; keep `override`",
                );
            }
        }
        Ok(append == Some(true))
    }

    fn list(&mut self, item: &Node, file: &Context) -> Step<()> {
        let place = self.place(head(item, "list"));
        let name = self.required(item, "list", &file.child("list", "", item).pointing(place))?;
        let context = file.child("list", &name, item).pointing(place);
        if !is_bare_text(&name) {
            let problem = context
                .problem(LoadCode::InvalidListName, codes::LIST_NAME, "no condition can name this list")
                .help("a name has no blanks, quotes, parentheses, commas or `=`");
            self.warnings.push(problem);
        }
        let items = self.texts(item, "items", &context, false)?.unwrap_or_default();
        let overrides = self.overrides(item, &["items"], &["items"], &context)?;
        let append = self.append_flag(item, &context, overrides.any())?;
        if append || overrides.append.contains("items") {
            let result = self.collector.append_list(&context, &name, items);
            self.unless_broken(&name, result)?;
        } else {
            self.collector.define_list(context.clone(), name, items);
        }
        self.unknown_keys(item, &context, &["list", "items", "append", "override"]);
        Ok(())
    }

    fn macro_item(&mut self, item: &Node, file: &Context) -> Step<()> {
        let place = self.place(head(item, "macro"));
        let name = self.required(item, "macro", &file.child("macro", "", item).pointing(place))?;
        let context = file.child("macro", &name, item).pointing(place);
        if !is_identifier(&name) {
            let problem = context
                .problem(LoadCode::InvalidMacroName, codes::MACRO_NAME, "no condition can name this macro")
                .help("a name is one word of ASCII letters, digits and `_` that starts with a letter");
            self.warnings.push(problem);
        }
        let condition = self.required_written(item, "condition", &context)?;
        let overrides = self.overrides(item, &["condition"], &["condition"], &context)?;
        let append = self.append_flag(item, &context, overrides.any())?;
        if append || overrides.append.contains("condition") {
            let result = self.collector.append_macro(&context, &name, &condition);
            self.unless_broken(&name, result)?;
        } else if let Some(node) = item.get("condition") {
            let condition_context = context.child("macro condition", "", node);
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

    /// Whether an item can be changed that could not be read is not known.
    fn unless_broken<T>(&self, name: &str, result: Step<T>) -> Step<Option<T>> {
        match result {
            Err(problem)
                if problem.diagnostic.code == codes::NOTHING_TO_CHANGE
                    && (self.collector.incomplete || self.collector.broken.contains(name)) =>
            {
                Ok(None)
            }
            other => other.map(Some),
        }
    }
}

fn missing<T>(context: &Context, key: &str) -> Step<T> {
    invalid(context, codes::MISSING_KEY, format!("the key `{key}` is missing"))
}

/// The first line of a value, which says enough about where it is.
fn first_line(node: &Node) -> Span {
    let first = match &node.kind {
        yaml::Kind::Sequence(items) => items.first(),
        yaml::Kind::Mapping(entries) => entries.first().map(|(key, _)| key),
        _ => None,
    };
    first.map_or(node.span, |first| Span::new(node.span.start.min(first.span.start), first.span.end))
}

fn yaml_help(message: &str) -> Option<String> {
    let help = if message.contains("tab") {
        "YAML is indented with blanks, never with tabs"
    } else if message.contains("escape character") {
        "in double quotes write `\\\\` for a backslash, or use single quotes"
    } else if message.contains("simple key") || message.contains("mapping values are not allowed") {
        "a `:` and a blank after it start a value; put text that contains them in quotes, or after `>`"
    } else if message.contains("unknown anchor") {
        "an alias (`*name`) needs an anchor (`&name`) before it; put text that starts with `*` in quotes"
    } else if message.contains("quoted scalar") {
        "a quote is not closed"
    } else {
        return None;
    };
    Some(help.to_string())
}
