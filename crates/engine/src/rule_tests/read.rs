//! From YAML to tests.

use std::time::Duration;

use eyrie_lang::schema::FieldError;
use eyrie_lang::{Class, Diagnostic, Schema, Span, Type, closest};
use serde_json::{Map, Value as Json};

use super::{BAD_TESTS, Expected, GivenEvent, RuleTest, RuleTests};
use crate::record::{JsonRecord, RecordError, resolve};
use crate::rules::parse_duration;
use crate::rules::yaml::{self, Node, Style};

type Sources<'s> = [(&'s str, &'s dyn Schema)];

pub(super) fn tests(text: &str, sources: &Sources<'_>) -> Result<RuleTests, Vec<Diagnostic>> {
    let found = yaml::documents(text, false);
    let mut reader = Reader { sources, errors: Vec::new() };
    for mistake in found.mistakes {
        reader.error(mistake.span, format!("not YAML: {}", mistake.message));
    }
    let mut tests = Vec::new();
    for document in found.documents.iter().filter(|document| !document.is_null()) {
        reader.keys(document, &["tests"]);
        let list = document.get("tests").and_then(|list| list.sequence());
        let Some(list) = list else {
            reader.errors.push(
                error(Span::at(document.span.start), "a file of rule tests is a map with a list `tests`")
                    .with_help("write `tests:` and below it `- name: …`"),
            );
            continue;
        };
        tests.extend(list.iter().filter_map(|item| reader.test(item)));
    }
    if reader.errors.is_empty() { Ok(RuleTests { tests }) } else { Err(reader.errors) }
}

fn error(span: Span, title: impl Into<String>) -> Diagnostic {
    Diagnostic::error(BAD_TESTS, span, title)
}

struct Reader<'r> {
    sources: &'r Sources<'r>,
    errors: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, title: impl Into<String>) {
        self.errors.push(error(span, title));
    }

    /// Complains about keys that are not known.
    fn keys(&mut self, node: &Node, known: &[&str]) {
        for (key, _) in node.entries() {
            let name = key.scalar().unwrap_or_default();
            if !known.contains(&name) {
                let meant =
                    closest(name, known.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
                let all = || format!("the keys here are {}", known.join(", "));
                self.errors.push(
                    error(key.span, format!("there is no key `{name}` here"))
                        .with_help(meant.unwrap_or_else(all)),
                );
            }
        }
    }

    fn test(&mut self, item: &Node) -> Option<RuleTest> {
        if !item.is_mapping() {
            self.error(item.span, format!("a test is a map, and this is {}", item.describe()));
            return None;
        }
        self.keys(item, &["name", "source", "rule", "rules", "given", "events", "expect"]);
        let (name, span) = match item.entry("name") {
            Some((_, value)) if value.scalar().is_some() => {
                (value.scalar().unwrap_or_default().to_string(), value.span)
            }
            _ => {
                self.error(Span::at(item.span.start), "a test has a `name`");
                return None;
            }
        };
        let source = item.get("source").and_then(|source| source.scalar()).unwrap_or("syscall").to_string();
        let Some((_, schema)) = self.sources.iter().find(|(known, _)| *known == source) else {
            let names: Vec<_> = self.sources.iter().map(|(name, _)| *name).collect();
            let span = item.get("source").map_or(span, |node| node.span);
            self.errors.push(
                error(span, format!("there is no source `{source}`"))
                    .with_help(format!("the sources are {}", names.join(", "))),
            );
            return None;
        };
        let rules =
            item.get("rules").or_else(|| item.get("rule")).map(|node| self.texts(node)).unwrap_or_default();
        let mut events: Vec<GivenEvent> = Vec::new();
        match (item.get("given"), item.get("events")) {
            (Some(node), None) => events.extend(self.event(node, *schema)),
            (None, Some(node)) => match node.sequence() {
                Some(nodes) => events.extend(nodes.iter().filter_map(|node| self.event(node, *schema))),
                None => {
                    self.error(node.span, format!("`events` takes a list, and this is {}", node.describe()))
                }
            },
            _ => self.errors.push(
                error(span, "a test has either `given`, the fields of one event, or `events`")
                    .with_help("write `given: {evt.type: execve, …}`"),
            ),
        }
        let expect = match item.get("expect") {
            Some(node) if node.scalar().is_some() => vec![self.expected(node)],
            Some(node) => match node.sequence() {
                Some(nodes) => nodes.iter().map(|node| self.expected(node)).collect(),
                None => {
                    self.error(node.span, format!("`expect` takes a list, and this is {}", node.describe()));
                    Vec::new()
                }
            },
            None => {
                self.errors.push(
                    error(span, "a test says what to `expect`").with_help("write `expect: []` for nothing"),
                );
                Vec::new()
            }
        };
        let expect = expect.into_iter().flatten().collect();
        Some(RuleTest { name, span, source, rules, events, expect })
    }

    /// One text or a list of them.
    fn texts(&mut self, node: &Node) -> Vec<(String, Span)> {
        let nodes: Vec<&Node> = match node.sequence() {
            Some(nodes) => nodes.iter().map(|node| &**node).collect(),
            None => vec![node],
        };
        let mut all = Vec::new();
        for node in nodes {
            match node.scalar() {
                Some(text) => all.push((text.to_string(), node.span)),
                None => self.error(
                    node.span,
                    format!("expected the name of a rule, and this is {}", node.describe()),
                ),
            }
        }
        all
    }

    fn duration(&mut self, node: &Node) -> Duration {
        let found = node
            .scalar()
            .and_then(|text| if text == "0" { Some(Duration::ZERO) } else { parse_duration(text) });
        found.unwrap_or_else(|| {
            self.errors.push(
                error(node.span, "this is no length of time")
                    .with_help("write numbers with units, as in `30s` or `1h30m`"),
            );
            Duration::ZERO
        })
    }

    fn event(&mut self, node: &Node, schema: &dyn Schema) -> Option<GivenEvent> {
        if !node.is_mapping() {
            self.error(node.span, format!("an event is a map of fields, and this is {}", node.describe()));
            return None;
        }
        let mut at = Duration::ZERO;
        let mut fields = Map::new();
        for (key, value) in node.entries() {
            let name = key.scalar().unwrap_or_default();
            if name == "at" {
                at = self.duration(value);
                continue;
            }
            let json = match resolve(name, schema) {
                Ok(field) => json(value, field.ty),
                // What is wrong with it is said below.
                Err(_) => Json::Null,
            };
            let single = Map::from_iter([(name.to_string(), json.clone())]);
            match JsonRecord::new(&single, schema) {
                Ok(_) => _ = fields.insert(name.to_string(), json),
                Err(problems) => {
                    for problem in problems {
                        let span =
                            if matches!(problem, RecordError::Field { .. }) { key.span } else { value.span };
                        self.errors.push(bad_field(span, &problem));
                    }
                }
            }
        }
        let record = JsonRecord::new(&fields, schema).ok()?;
        if record.kind().is_none()
            && let Some(discriminant) = schema.discriminant()
        {
            let field = discriminant.field();
            self.errors.push(
                error(Span::at(node.span.start), format!("an event has a `{field}`"))
                    .with_help("rules are looked at by the type of an event"),
            );
        }
        Some(GivenEvent { at, record, span: node.span })
    }

    fn expected(&mut self, node: &Node) -> Option<Expected> {
        if let Some(rule) = node.scalar() {
            return Some(Expected {
                rule: rule.to_string(),
                at: None,
                output: None,
                fields: Vec::new(),
                span: node.span,
            });
        }
        if !node.is_mapping() {
            self.error(
                node.span,
                format!("expected the name of a rule or a map, and this is {}", node.describe()),
            );
            return None;
        }
        self.keys(node, &["rule", "at", "output", "fields"]);
        let Some((_, rule)) = node.entry("rule") else {
            self.error(Span::at(node.span.start), "an expected finding names its `rule`");
            return None;
        };
        let at = node.get("at").map(|node| self.duration(node));
        let output = node.get("output").and_then(|node| node.scalar()).map(str::to_string);
        let mut fields = Vec::new();
        for (key, value) in node.get("fields").map(|node| node.entries()).unwrap_or_default() {
            let name = key.scalar().unwrap_or_default().to_string();
            match (value.scalar(), value.is_null(), value.sequence()) {
                (Some(text), ..) => fields.push((name, Some(text.to_string()))),
                (_, true, _) => fields.push((name, None)),
                (_, _, Some(items)) => {
                    let items: Vec<_> = items.iter().filter_map(|item| item.scalar()).collect();
                    fields.push((name, Some(format!("({})", items.join(",")))));
                }
                _ => self.error(value.span, "expected a value or a list"),
            }
        }
        Some(Expected {
            rule: rule.scalar().unwrap_or_default().to_string(),
            at,
            output,
            fields,
            span: rule.span,
        })
    }
}

fn bad_field(span: Span, problem: &RecordError) -> Diagnostic {
    match problem {
        RecordError::Field { error: wrong, meant, .. } => {
            let help = meant.as_ref().map(|meant| format!("did you mean `{meant}`?"));
            let help = help.or_else(|| match &**wrong {
                FieldError::ArgumentInvalid { known, .. } if !known.is_empty() => {
                    Some(format!("the arguments are {}", known.join(", ")))
                }
                _ => None,
            });
            error(span, wrong.to_string()).with_help_if(help)
        }
        problem => error(span, problem.to_string()),
    }
}

/// A value as JSON. What is not quoted is a number or a truth value where the field's values are.
fn json(node: &Node, ty: Type) -> Json {
    if let Some(items) = node.sequence() {
        return Json::Array(items.iter().map(|item| json(item, ty)).collect());
    }
    let Some(text) = node.scalar() else { return Json::Null };
    let plain = node.style == Style::Plain;
    let value = match ty.class() {
        _ if !plain => None,
        Class::Bool => yaml::boolean(text).map(Json::Bool),
        Class::Number => text
            .parse::<i64>()
            .map(Json::from)
            .or_else(|_| text.parse::<u64>().map(Json::from))
            .or_else(|_| text.parse::<f64>().map(Json::from))
            .ok(),
        _ => None,
    };
    value.unwrap_or_else(|| Json::String(text.to_string()))
}
