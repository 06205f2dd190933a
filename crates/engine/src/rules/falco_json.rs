//! The JSON that Falco writes about rule files: what `-V` says of each file ([`load_results`]) and what `-L` says of the rules
//! ([`describe_results`]). Same keys in the same order, same codes and places; the messages are our own.

use serde_json::{Map, Value, json};

use super::describe::{ConditionDetails, Description, RuleDetails};
use super::{FileReport, ListItem, LoadCode, Loaded, MacroItem, Problem, Rule, Rules, SourceFile};
use crate::ExtraField;

/// How much of a line a snippet shows.
const SNIPPET: usize = 160;

/// Falco's `falco_load_results`. What only we say is left out, but for errors that follow a file's first.
pub fn load_results(loaded: &Loaded) -> Value {
    loaded.reports.iter().map(|report| file_result(report, &loaded.files)).collect()
}

/// The result for a file that cannot be read, to stand among those of [`load_results`].
pub fn unread_result(name: &str, message: &str) -> Value {
    let code = LoadCode::FileRead;
    json!({
        "errors": [{
            "code": code.name(),
            "codedesc": code.meaning(),
            "context": {"locations": [], "snippet": "<No context available>\n"},
            "message": message,
        }],
        "name": name,
        "successful": false,
        "warnings": [],
    })
}

fn file_result(report: &FileReport, files: &[SourceFile]) -> Value {
    let problems = |list: &[Problem]| -> Value {
        list.iter().filter_map(|problem| Some(problem_json(problem, problem.code?, files))).collect()
    };
    let mut out = Map::new();
    out.insert("errors".into(), problems(&report.errors));
    out.insert("name".into(), report.name.clone().into());
    if let Some(schema) = &report.schema {
        out.insert("schema_valid".into(), schema.is_empty().into());
        out.insert("schema_warnings".into(), schema.iter().map(ToString::to_string).collect());
    }
    out.insert("successful".into(), report.errors.is_empty().into());
    out.insert("warnings".into(), problems(&report.warnings));
    Value::Object(out)
}

fn problem_json(problem: &Problem, code: LoadCode, files: &[SourceFile]) -> Value {
    let locations: Value = problem
        .locations
        .iter()
        .map(|location| {
            json!({
                "item_name": location.name,
                "item_type": location.item,
                "position": {
                    "column": location.column,
                    "line": location.line,
                    "name": location.file,
                    "offset": location.offset,
                },
            })
        })
        .collect();
    json!({
        "code": code.name(),
        "codedesc": code.meaning(),
        "context": {"locations": locations, "snippet": snippet(problem, files)},
        "message": problem.message(),
    })
}

/// The line that the last location is in, and a caret below.
///
/// Falco counts characters of the file in bytes of the text, and a place within a condition from the start of the file, so
/// that the caret is seldom where the mistake is.
pub fn snippet(problem: &Problem, files: &[SourceFile]) -> String {
    const NOTHING: &str = "<No context available>\n";
    let Some(last) = problem.locations.last() else { return NOTHING.to_string() };
    let content = match &problem.expression {
        Some(text) => text.as_bytes(),
        None => match files.iter().rfind(|file| file.name == last.file) {
            Some(file) => file.text.as_bytes(),
            None => return format!("<No context for file + {}>\n", last.file),
        },
    };
    if content.is_empty() {
        return NOTHING.to_string();
    }
    let at = |index: usize| content.get(index).copied().unwrap_or_default();
    let half = SNIPPET / 2;
    let mut pos = last.offset;
    while pos > 0 && (pos >= content.len() || at(pos) == b'\n') {
        pos -= 1;
        pos = pos.min(content.len());
    }
    let mut from = pos;
    while from > 0 && at(from) != b'\n' && pos - from < half {
        from -= 1;
    }
    let mut to = pos;
    while to < content.len() - 1 && at(to) != b'\n' && to - pos < half {
        to += 1;
    }
    if at(from) == b'\n' {
        from += 1;
    }
    if at(to) == b'\n' && to > 0 {
        to -= 1;
    }
    let mut shown = content.get(from..=to).unwrap_or_default().to_vec();
    if shown.is_empty() {
        return NOTHING.to_string();
    }
    if pos.saturating_sub(from) >= half {
        shown.splice(..shown.len().min(3), *b"...");
    }
    if to.saturating_sub(pos) >= half {
        let cut = shown.len().saturating_sub(3);
        shown.splice(cut.., *b"...");
    }
    shown.push(b'\n');
    let before = pos.saturating_sub(from);
    if before < shown.len() {
        shown.extend(std::iter::repeat_n(b' ', before));
        shown.extend(*b"^\n");
    }
    String::from_utf8_lossy(&shown).into_owned()
}

/// Falco's `falco_describe_results`.
pub fn describe_results(rules: &Rules, description: &Description) -> Value {
    let plugins: Value = rules
        .required_plugins
        .iter()
        .filter_map(|alternatives| {
            let (first, others) = alternatives.split_first()?;
            let others: Value = others
                .iter()
                .map(|(name, version)| json!({"name": name, "version": version.to_string()}))
                .collect();
            Some(json!({"alternatives": others, "name": first.0, "version": first.1.to_string()}))
        })
        .collect();
    let lists: Value =
        rules.lists.iter().zip(&description.lists).map(|(l, uses)| list_json(l, uses)).collect();
    let macros: Value = rules.macros.iter().zip(&description.macros).map(|(m, d)| macro_json(m, d)).collect();
    json!({
        "lists": lists,
        "macros": macros,
        "required_engine_version": rules.required_engine.unwrap_or_default().to_string(),
        "required_plugin_versions": plugins,
        "rules": rules.rules.iter().zip(&description.rules).map(|(r, d)| rule_json(r, d)).collect::<Value>(),
    })
}

/// What Falco's `-l` says of one rule.
pub fn describe_rule(rule: &Rule, details: &RuleDetails) -> Value {
    json!({"rules": [rule_json(rule, details)]})
}

fn rule_json(rule: &Rule, details: &RuleDetails) -> Value {
    let condition = &details.condition;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| _ = out.insert(key.to_string(), value);
    put("condition_compiled", rule.condition_compiled.clone().into());
    put("condition_fields", condition.fields.clone().into());
    put("condition_operators", condition.operators.clone().into());
    put("events", condition.events.clone().into());
    put("exception_fields", details.exception_fields.clone().into());
    put("exception_names", details.exception_names.clone().into());
    put("exception_operators", details.exception_operators.clone().into());
    let formatted: Map<String, Value> = rule
        .extra_fields
        .iter()
        .filter_map(|(name, field)| match field {
            ExtraField::Raw => None,
            ExtraField::Format(format) => Some((name.clone(), format.clone().into())),
        })
        .collect();
    if !formatted.is_empty() {
        put("extra_output_formatted_fields", Value::Object(formatted));
    }
    put("lists", condition.lists.clone().into());
    put("macros", condition.macros.clone().into());
    put("output_compiled", rule.output.clone().into());
    put("output_fields", details.output_fields.clone().into());
    put("plugins", details.plugins.clone().into());
    json!({
        "details": out,
        "info": {
            "capture": rule.capture,
            "capture_duration": rule.capture_duration,
            "condition": rule.condition,
            "description": rule.desc,
            "enabled": rule.enabled,
            "name": rule.name,
            "output": rule.output_written,
            "priority": rule.priority_name(),
            "source": rule.source,
            "tags": rule.tags,
        },
    })
}

fn macro_json(item: &MacroItem, details: &ConditionDetails) -> Value {
    json!({
        "details": {
            "condition_compiled": details.compiled,
            "condition_fields": details.fields,
            "condition_operators": details.operators,
            "events": details.events,
            "lists": details.lists,
            "macros": details.macros,
            "plugins": [],
            "used": item.used,
        },
        "info": {"condition": item.condition, "name": item.name},
    })
}

fn list_json(item: &ListItem, lists: &[String]) -> Value {
    let own: Vec<&String> = item.written.iter().filter(|written| !lists.contains(written)).collect();
    json!({
        "details": {
            "items_compiled": item.items_plain().collect::<Vec<_>>(),
            "lists": lists,
            "plugins": [],
            "used": item.used,
        },
        "info": {"items": own, "name": item.name},
    })
}
