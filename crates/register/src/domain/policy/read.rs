//! Policies from YAML: every mistake is told with its place, all of them at once. What the keys mean is told at the fields of
//! [`Policy`].

use std::collections::BTreeSet;

use eyrie_lang::diagnostic::Code;
use eyrie_lang::{Diagnostic, Span};
use eyrie_posture::yaml::{self, Kind, Limits, Node, ScalarKind, Style};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Needs, Origin, Policy};

/// The codes of this module's diagnostics.
pub mod codes {
    use super::Code;
    /// See its description.
    pub const SYNTAX: Code = Code::new("policy-syntax", "The policy is not YAML that can be read.");
    /// See its description.
    pub const SHAPE: Code =
        Code::new("policy-shape", "A value of the policy is not of the form expected there.");
    /// See its description.
    pub const UNKNOWN_KEY: Code =
        Code::new("policy-unknown-key", "The policy has a key that means nothing there.");
    /// See its description.
    pub const MISSING_KEY: Code = Code::new("policy-missing-key", "A key that must be there is not.");
    /// See its description.
    pub const TWICE: Code = Code::new("policy-twice", "An id or a key is there twice.");
    /// See its description.
    pub const UNKNOWN_NAME: Code =
        Code::new("policy-unknown-name", "The policy names a stage or body that it does not declare.");
    /// See its description.
    pub const DATES: Code = Code::new("policy-dates", "The policy ends before it begins.");

    /// All of them.
    pub const ALL: &[Code] = &[SYNTAX, SHAPE, UNKNOWN_KEY, MISSING_KEY, TWICE, UNKNOWN_NAME, DATES];
}

/// A policy that cannot be used; all of its mistakes, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", first(.problems))]
pub struct PolicyError {
    /// The mistakes.
    pub problems: Vec<Diagnostic>,
}

fn first(problems: &[Diagnostic]) -> String {
    let first = problems.first().map_or("", |problem| problem.title.as_str());
    match problems.len() {
        0 | 1 => first.to_owned(),
        n => format!("{first}, and {} more", n - 1),
    }
}

struct Reader {
    problems: Vec<Diagnostic>,
}

/// An item with where it is.
struct Placed<'n, T> {
    value: T,
    node: &'n Node,
}

const KEYS: [&str; 19] = [
    "policy",
    "version",
    "name",
    "from",
    "until",
    "source",
    "bodies",
    "stages",
    "transitions",
    "vote_rules",
    "criteria",
    "answers",
    "benefits",
    "annual_review",
    "security_review",
    "sponsor_limit",
    "liaisons",
    "remarks",
    "description",
];

/// Reads a policy.
///
/// # Errors
/// If there are mistakes in it: all of them.
pub fn read(text: &str) -> Result<Policy, PolicyError> {
    let mut reader = Reader { problems: Vec::new() };
    let policy = reader.policy(text);
    reader.problems.sort_by_key(|problem| problem.span.start);
    match policy {
        Some(policy) if reader.problems.is_empty() => Ok(policy),
        _ => Err(PolicyError { problems: reader.problems }),
    }
}

fn span(node: &Node) -> Span {
    Span::new(node.span.start, node.span.end)
}

/// The place of the item: its first line is enough to find it.
fn place(node: &Node) -> Span {
    match node.entries().first() {
        Some((key, value)) => Span::new(key.span.start, value.span.end.max(key.span.end)),
        None => span(node),
    }
}

/// A node as JSON; plain numbers and truth values keep their types, keys their text.
pub(crate) fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.style != Style::Plain => Value::String(scalar.text.clone()),
        Kind::Scalar(scalar) => match scalar.kind {
            ScalarKind::Null => Value::Null,
            ScalarKind::Bool => Value::Bool(node.as_bool().unwrap_or_default()),
            ScalarKind::Int => match scalar.text.parse::<u64>() {
                Ok(number) => Value::from(number),
                Err(_) => node.as_i64().map_or_else(|| Value::String(scalar.text.clone()), Value::from),
            },
            ScalarKind::Float | ScalarKind::Str => Value::String(scalar.text.clone()),
        },
        Kind::Sequence(items) => Value::Array(items.iter().map(json).collect()),
        Kind::Mapping(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| {
                    (key.scalar().map(|one| one.text.clone()).unwrap_or_default(), json(value))
                })
                .collect(),
        ),
    }
}

/// What serde calls by name in its message: ``unknown field `levle` ``.
fn named(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// The key or scalar with this text, at or below a node.
fn find<'n>(node: &'n Node, text: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::Scalar(scalar) => (scalar.text == text).then_some(node),
        Kind::Sequence(items) => items.iter().find_map(|item| find(item, text)),
        Kind::Mapping(entries) => entries.iter().find_map(|(key, value)| {
            if key.scalar().is_some_and(|key| key.text == text) { Some(key) } else { find(value, text) }
        }),
    }
}

/// The diagnostic for what serde found in a node.
pub(crate) fn diagnose(node: &Node, error: &serde_json::Error) -> Diagnostic {
    let message = error.to_string();
    let named = named(&message);
    let found = named.and_then(|text| find(node, text));
    let (code, at) = match () {
        () if message.starts_with("unknown field") => (codes::UNKNOWN_KEY, found),
        () if message.starts_with("missing field") => (codes::MISSING_KEY, None),
        () => (codes::SHAPE, found),
    };
    // A list of everything that is known buries what is wrong.
    let title = match message.split_once(", expected one of ") {
        Some((title, known)) if known.matches('`').count() > 16 => title,
        _ => message.as_str(),
    };
    let mut diagnostic = Diagnostic::error(code, at.map_or_else(|| place(node), span), title);
    if let (Some(named), Some((_, known))) = (named, message.split_once("expected one of "))
        && message.starts_with("unknown")
    {
        let known = known.split('`').skip(1).step_by(2);
        let near = eyrie_lang::closest(named, known).map(|near| format!("did you mean `{near}`?"));
        diagnostic = diagnostic.with_help_if(near);
    }
    diagnostic
}

impl Reader {
    fn error(&mut self, code: Code, at: Span, title: String) {
        self.problems.push(Diagnostic::error(code, at, title));
    }

    fn item<T: DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        match serde_json::from_value(json(node)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.push(diagnose(node, &error));
                None
            }
        }
    }

    fn required<T: DeserializeOwned>(&mut self, document: &Node, key: &str) -> Option<T> {
        match document.get(key) {
            Some(node) => self.item(node),
            None => {
                self.error(codes::MISSING_KEY, place(document), format!("the policy lacks `{key}`"));
                None
            }
        }
    }

    fn optional<T: DeserializeOwned>(&mut self, document: &Node, key: &str) -> Option<T> {
        document.get(key).and_then(|node| self.item(node))
    }

    fn list<'n, T: DeserializeOwned>(&mut self, document: &'n Node, key: &str) -> Vec<Placed<'n, T>> {
        let Some(node) = document.get(key) else { return Vec::new() };
        if !matches!(node.kind, Kind::Sequence(_)) {
            self.error(codes::SHAPE, span(node), format!("`{key}` is a list, not {}", node.describe()));
        }
        node.items().iter().filter_map(|node| self.item(node).map(|value| Placed { value, node })).collect()
    }

    fn once<'a, T>(&mut self, what: &str, items: &'a [Placed<'_, T>], id: impl Fn(&'a T) -> &'a str) {
        let mut seen = BTreeSet::new();
        for item in items {
            let id = id(&item.value);
            if !seen.insert(id) {
                self.error(codes::TWICE, place(item.node), format!("there are two {what} `{id}`"));
            }
        }
    }

    fn known(&mut self, node: &Node, what: &str, id: &str, known: &[&str]) {
        if known.contains(&id) {
            return;
        }
        let at = find(node, id).map_or_else(|| place(node), span);
        let near = eyrie_lang::closest(id, known.iter().copied());
        let help = near
            .map(|near| format!("did you mean `{near}`?"))
            .or_else(|| (!known.is_empty()).then(|| format!("there are {}", known.join(", "))));
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_NAME, at, format!("the policy declares no {what} `{id}`"));
        self.problems.push(diagnostic.with_help_if(help));
    }

    fn policy(&mut self, text: &str) -> Option<Policy> {
        let stream = match yaml::read_str(text, &Limits::default()) {
            Ok(stream) => stream,
            Err(error) => {
                let at = Span::new(error.span.start, error.span.end);
                self.error(codes::SYNTAX, at, error.message);
                return None;
            }
        };
        for twice in &stream.duplicate_keys {
            let at = Span::new(twice.span.start, twice.span.end);
            self.error(codes::TWICE, at, format!("the key `{}` is there already", twice.key));
        }
        let [document] = stream.documents.as_slice() else {
            self.error(codes::SHAPE, Span::default(), "a policy is one YAML document".to_owned());
            return None;
        };
        for (key, _) in document.entries() {
            let name = key.scalar().map(|key| key.text.as_str()).unwrap_or_default();
            if !KEYS.contains(&name) {
                let near = eyrie_lang::closest(name, KEYS).map(|near| format!("did you mean `{near}`?"));
                let title = format!("a policy has no key `{name}`");
                self.problems
                    .push(Diagnostic::error(codes::UNKNOWN_KEY, span(key), title).with_help_if(near));
            }
        }
        let id = self.required(document, "policy");
        let version = self.required(document, "version");
        let name = self.required(document, "name");
        let from = self.required::<jiff::civil::Date>(document, "from");
        let until = self.optional::<jiff::civil::Date>(document, "until");
        let source = self.required(document, "source");
        let bodies: Vec<Placed<'_, super::Body>> = self.list(document, "bodies");
        let stages: Vec<Placed<'_, super::Stage>> = self.list(document, "stages");
        let transitions: Vec<Placed<'_, super::Transition>> = self.list(document, "transitions");
        let vote_rules: Vec<Placed<'_, super::VoteRule>> = self.list(document, "vote_rules");
        let criteria: Vec<Placed<'_, super::Criterion>> = self.list(document, "criteria");
        let answers: Vec<Placed<'_, super::Answer>> = self.list(document, "answers");
        let benefits: Vec<Placed<'_, super::Benefit>> = self.list(document, "benefits");
        let remarks: Vec<Placed<'_, super::Remark>> = self.list(document, "remarks");
        let annual_review: Option<super::AnnualReview> = self.optional(document, "annual_review");
        let security_review = self.optional(document, "security_review");
        let sponsor_limit = self.optional(document, "sponsor_limit");
        let liaisons = self.optional(document, "liaisons");

        if let (Some(from), Some(until), Some(node)) = (from, until, document.get("until"))
            && until <= from
        {
            let title = format!("the policy is in force from {from}, and ends on {until}");
            self.error(codes::DATES, span(node), title);
        }
        self.once("bodies", &bodies, |one| one.id.as_str());
        self.once("stages", &stages, |one| one.id.as_str());
        self.once("vote rules", &vote_rules, |one| one.id.as_str());
        self.once("criteria", &criteria, |one| one.id.as_str());
        self.once("answers", &answers, |one| one.id.as_str());
        self.once("benefits", &benefits, |one| one.id.as_str());
        let known_bodies: Vec<&str> = bodies.iter().map(|one| one.value.id.as_str()).collect();
        let known_stages: Vec<&str> = stages.iter().map(|one| one.value.id.as_str()).collect();
        for stage in &stages {
            if let Some(below) = &stage.value.builds_on {
                self.known(stage.node, "stage", below.as_str(), &known_stages);
            }
        }
        for transition in &transitions {
            for from in &transition.value.from {
                if let Origin::Stage(from) = from {
                    self.known(transition.node, "stage", from, &known_stages);
                }
            }
            self.known(transition.node, "stage", transition.value.to.as_str(), &known_stages);
            if transition.value.decisions.is_empty() {
                self.error(codes::SHAPE, place(transition.node), "a transition takes a vote".to_owned());
            }
            for decision in &transition.value.decisions {
                self.known(transition.node, "body", decision.body.as_str(), &known_bodies);
                for gate in &decision.gates {
                    if let Needs::Decided { body } | Needs::Informed { body } = &gate.needs {
                        self.known(transition.node, "body", body.as_str(), &known_bodies);
                    }
                }
            }
        }
        for rule in &vote_rules {
            for stage in rule.value.to.iter().chain(&rule.value.except_to) {
                self.known(rule.node, "stage", stage.as_str(), &known_stages);
            }
            if let Some(body) = &rule.value.body {
                self.known(rule.node, "body", body.as_str(), &known_bodies);
            }
        }
        for criterion in &criteria {
            self.known(criterion.node, "stage", criterion.value.stage.as_str(), &known_stages);
        }
        if let (Some(review), Some(node)) = (&annual_review, document.get("annual_review")) {
            self.known(node, "body", review.body.as_str(), &known_bodies);
        }
        fn values<T>(items: Vec<Placed<'_, T>>) -> Vec<T> {
            items.into_iter().map(|item| item.value).collect()
        }
        let mut stages = values(stages);
        stages.sort_by_key(|stage| stage.rank);
        Some(Policy {
            policy: id?,
            version: version?,
            name: name?,
            from: from?,
            until,
            source: source?,
            bodies: values(bodies),
            stages,
            transitions: values(transitions),
            vote_rules: values(vote_rules),
            criteria: values(criteria),
            answers: values(answers),
            benefits: values(benefits),
            annual_review,
            security_review,
            sponsor_limit,
            liaisons,
            remarks: values(remarks),
        })
    }
}
