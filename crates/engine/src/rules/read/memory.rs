//! The items `extensions`, `sequence`, `threshold` and `suppress`, and a rule's key `suppress`. Falco leaves them out with a
//! warning; files that mean them say so with `extensions`.

use std::time::Duration;

use eyrie_lang::closest;
use eyrie_lang::parse::is_identifier;

use super::{Found, Reader, head, invalid, is_set, missing};
use crate::rules::codes;
use crate::rules::collect::{MemoryInfo, PartInfo, PatternInfo, RuleInfo, Step, SuppressInfo, Value};
use crate::rules::memory::{DEFAULT_LIMIT, MAX_LIMIT, parse_duration};
use crate::rules::problem::{Context, LoadCode};
use crate::rules::written::{Origin, Written};
use crate::rules::yaml::Node;

/// The kinds of items that belong to the extension.
pub(super) const ITEMS: [&str; 3] = ["sequence", "threshold", "suppress"];

const HEAD: [&str; 10] =
    ["desc", "source", "priority", "tags", "enabled", "output", "within", "slack", "limit", "suppress"];

/// What to do for an item or key to be understood.
pub(super) const DECLARE: &str =
    "a file that uses it says so with an item `- extensions: [memory]` before it";

impl Reader<'_, '_> {
    /// Which extensions of Falco's rule files the file uses.
    pub(super) fn extensions(&mut self, item: &Node, file: &Context) -> Step<()> {
        let context = file.child("rules content item", "", item);
        for name in self.texts(item, "extensions", &context, false)?.unwrap_or_default() {
            if name.text == "memory" {
                self.memory = true;
                continue;
            }
            let meant = closest(&name.text, ["memory"]).map(|meant| format!("did you mean `{meant}`?"));
            self.warnings.push(
                context
                    .pointing(name.origin.place)
                    .remark(codes::UNKNOWN_EXTENSION, format!("there is no extension `{}`", name.text))
                    .help(meant.unwrap_or_else(|| "the only extension is `memory`".to_string())),
            );
        }
        self.unknown_keys(item, &context, &["extensions"]);
        Ok(())
    }

    /// A sequence or a threshold.
    pub(super) fn memory_item(&mut self, item: &Node, file: &Context, kind: &'static str) -> Step<()> {
        let place = self.place(head(item, kind));
        let name = self.required(item, kind, &file.child("rule", "", item).pointing(place))?;
        let context = file.child("rule", &name, item).pointing(place);
        let output = self.required_written(item, "output", &context);
        let output = self.soft(output)?.unwrap_or_default().trimmed();
        let desc = self.required(item, "desc", &context);
        let desc = self.soft(desc)?.unwrap_or_default();
        let priority = self.priority(item, &context);
        let priority = self.soft(priority)?.unwrap_or_default();
        let source = self.optional(item, "source", &context)?;
        let (source, unknown_source) = self.known_source(item, &context, source);
        let enabled = self.boolean(item, "enabled", &context);
        let enabled = self.soft(enabled)?.flatten().unwrap_or(true);
        let tags = self.tags(item, &context);
        let tags = self.soft(tags)?.flatten().unwrap_or_default();
        let within = self.duration(item, "within", &context);
        let within = self.soft(within)?.flatten();
        let slack = self.duration(item, "slack", &context);
        let slack = self.soft(slack)?.flatten().unwrap_or_default();
        let limit = self.limit(item, &context);
        let limit = self.soft(limit)?.unwrap_or(DEFAULT_LIMIT);
        let suppress = self.suppress(item, &context);
        let suppress = self.soft(suppress)?.flatten();
        let pattern = match kind {
            "sequence" => self.sequence(item, &context),
            _ => self.threshold(item, &context, limit),
        };
        let pattern = self.soft(pattern)?;
        let own: &[&str] = match kind {
            "sequence" => &["sequence", "steps", "until"],
            _ => &["threshold", "condition", "by", "count", "distinct"],
        };
        self.unknown_keys(item, &context, &[&HEAD, own].concat());
        let (Some(within), Some(pattern)) = (within, pattern) else {
            return if is_set(item, "within") { Ok(()) } else { missing(&context, "within") };
        };
        let output_context = item.get("output").map(|node| context.child("rule output", "", node));
        self.collector.memory.define(MemoryInfo {
            rule: RuleInfo {
                condition_context: context.clone(),
                output_context: output_context.unwrap_or_else(|| context.clone()),
                context,
                name,
                condition: Written::default(),
                source,
                desc,
                output,
                tags,
                exceptions: Vec::new(),
                priority,
                capture: false,
                capture_duration: 0,
                enabled,
                warn_evttypes: false,
                skip_if_unknown_filter: false,
                unknown_source,
                suppress,
            },
            within,
            slack,
            limit,
            pattern,
        });
        Ok(())
    }

    fn sequence(&mut self, item: &Node, context: &Context) -> Step<PatternInfo> {
        let Some((key, value)) = item.entry("steps") else { return missing(context, "steps") };
        let place = context.child("value for", "steps", value);
        let Some(nodes) = value.sequence() else {
            let title = format!("`steps` takes a list, and this is {}", value.describe());
            return invalid(&place, codes::WRONG_KIND, title);
        };
        if nodes.len() < 2 {
            let at = context.pointing(self.place(key.span));
            let problem = at
                .problem(LoadCode::YamlValidate, codes::SEQUENCE_STEPS, "a sequence has two steps or more")
                .help("for one event write a `rule`, for many of one sort a `threshold`");
            return Err(Box::new(problem));
        }
        let mut steps: Vec<(Option<String>, PartInfo)> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let step = context.child("rule condition", "", node);
            let part = self.part(node, &step)?;
            let name = self.text(node, "as", &step, true)?;
            if let Some(found) = &name {
                let known = steps.iter().any(|(other, _)| other.as_deref() == Some(found.text));
                if known || !is_identifier(found.text) || found.text == "threshold" {
                    let title = format!("`{}` cannot be a step's name", found.text);
                    let help = if known {
                        "another step has this name"
                    } else {
                        "a name is one word of ASCII letters, digits and `_` that starts with a letter"
                    };
                    let problem = found.context.problem(LoadCode::YamlValidate, codes::STEP_NAME, title);
                    return Err(Box::new(problem.help(help)));
                }
            }
            self.unknown_keys(node, &step, &["condition", "by", "as"]);
            steps.push((name.map(|found| found.text.to_string()), part));
        }
        let until = match item.get("until") {
            Some(node) => {
                let until = context.child("rule condition", "", node);
                let part = self.part(node, &until)?;
                self.unknown_keys(node, &until, &["condition", "by"]);
                Some(part)
            }
            None => None,
        };
        let wanted = steps.first().map_or(0, |(_, part)| part.by.len());
        for part in steps.iter().map(|(_, part)| part).chain(&until) {
            if part.by.len() != wanted {
                let title =
                    format!("this has {} fields in `by`, and the first step has {wanted}", part.by.len());
                let problem = part.context.problem(LoadCode::Validate, codes::UNEQUAL_BY, title);
                return Err(Box::new(problem.help(
                    "events belong together if the values of these fields are equal, the first with the first and so on",
                )));
            }
        }
        Ok(PatternInfo::Sequence { steps, until })
    }

    fn threshold(&mut self, item: &Node, context: &Context, limit: u32) -> Step<PatternInfo> {
        let on = self.part(item, context)?;
        let Some(count) = self.number(item, "count", context)? else { return missing(context, "count") };
        if count < 2 || count > limit {
            let at = context.pointing(self.place(head(item, "count")));
            let problem = at
                .problem(LoadCode::YamlValidate, codes::BAD_VALUE, format!("`count` cannot be {count}"))
                .help(format!("it is 2 or more, and not more than the rule remembers, which is {limit}"));
            return Err(Box::new(problem));
        }
        let distinct = self.text(item, "distinct", context, true)?.map(|found| self.found_value(&found));
        Ok(PatternInfo::Threshold { on, count, distinct })
    }

    /// A condition with the fields that events are joined by.
    fn part(&mut self, node: &Node, context: &Context) -> Step<PartInfo> {
        let place = context.pointing(self.place(super::first_line(node)));
        let condition = self.required_written(node, "condition", context)?;
        let by = self.by(node, context)?;
        let condition_context = node.get("condition").map(|node| context.child("rule condition", "", node));
        Ok(PartInfo {
            context: place,
            condition_context: condition_context.unwrap_or_else(|| context.clone()),
            condition,
            by,
        })
    }

    /// One field or a list of them.
    fn by(&mut self, node: &Node, context: &Context) -> Step<Vec<Value>> {
        match node.get("by") {
            Some(value) if value.scalar().is_some() => Ok(self
                .text(node, "by", context, true)?
                .iter()
                .map(|found| self.found_value(found))
                .collect()),
            _ => Ok(self.texts(node, "by", context, true)?.unwrap_or_default()),
        }
    }

    fn found_value(&self, found: &Found<'_>) -> Value {
        Value { text: found.text.to_string(), origin: Origin::new(self.file, found.node) }
    }

    fn duration(&self, item: &Node, key: &str, context: &Context) -> Step<Option<Duration>> {
        let Some(found) = self.text(item, key, context, true)? else { return Ok(None) };
        match parse_duration(found.text) {
            Some(duration) => Ok(Some(duration)),
            None => {
                let title = format!("`{key}` is a length of time, not `{}`", found.text);
                let problem = found.context.problem(LoadCode::YamlValidate, codes::BAD_VALUE, title);
                Err(Box::new(problem.help("write numbers with units, as in `30s`, `10m` or `1h30m`")))
            }
        }
    }

    fn limit(&self, item: &Node, context: &Context) -> Step<u32> {
        let Some(limit) = self.number(item, "limit", context)? else { return Ok(DEFAULT_LIMIT) };
        if limit == 0 || limit > MAX_LIMIT {
            let at = context.pointing(self.place(head(item, "limit")));
            let title = format!("`limit` is from 1 to {MAX_LIMIT}, not {limit}");
            return invalid(&at, codes::BAD_VALUE, title);
        }
        Ok(limit)
    }

    /// A rule's key `suppress`; nothing unless the file uses the extension.
    pub(super) fn suppress(&mut self, item: &Node, context: &Context) -> Step<Option<SuppressInfo>> {
        let Some(node) = item.get("suppress").filter(|_| self.memory) else { return Ok(None) };
        let place = context.child("value for", "suppress", node);
        if !node.is_mapping() {
            let problem = place
                .problem(
                    LoadCode::YamlValidate,
                    codes::WRONG_KIND,
                    format!("`suppress` takes a map, and this is {}", node.describe()),
                )
                .help("write it as `suppress: {by: [proc.name], for: 10m}`");
            return Err(Box::new(problem));
        }
        self.unknown_keys(node, &place, &["by", "for", "limit"]);
        self.suppressing(node, &place).map(Some)
    }

    fn suppressing(&mut self, node: &Node, place: &Context) -> Step<SuppressInfo> {
        let by = self.by(node, place)?;
        let Some(period) = self.duration(node, "for", place)? else { return missing(place, "for") };
        let limit = self.limit(node, place)?;
        Ok(SuppressInfo { context: place.clone(), by, period, limit })
    }

    /// The item `suppress`, for a rule that is there already.
    pub(super) fn suppress_item(&mut self, item: &Node, file: &Context) -> Step<()> {
        let place = self.place(head(item, "suppress"));
        let name = self.required(item, "suppress", &file.child("rule", "", item).pointing(place))?;
        let context = file.child("rule", &name, item).pointing(place);
        let suppress = self.suppressing(item, &context)?;
        if let Some(known) = self.collector.memory.get_mut(&name) {
            known.rule.suppress = Some(suppress);
        } else {
            let result = self.collector.changed_rule(&context, &name, None, "suppresses findings of");
            let result = result.map(|rule| rule.suppress = Some(suppress));
            self.unless_broken(&name, result)?;
        }
        self.unknown_keys(item, &context, &["suppress", "by", "for", "limit"]);
        Ok(())
    }
}
