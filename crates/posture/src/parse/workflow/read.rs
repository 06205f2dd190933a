//! From YAML nodes to a [`Workflow`]: which keys there are, which types they have, and where expressions are.
//!
//! Keys: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

use super::{
    Expression, Job, MAX_BYTES, Permission, Permissions, Problem, ProblemKind, Reference, State, Step,
    Trigger, Uses, Variable, Workflow, Written, delivery, expression,
};
use crate::parse::text::{Lines, Text};
use crate::yaml::{self, Kind, Limits, Node, Span, YamlError};

/// More expressions than any honest workflow has: a file of the largest size that holds nothing else has fewer,
/// so that only aliases lead to more.
const MAX_EXPRESSIONS: usize = 250_000;

/// Further problems are not kept.
const MAX_PROBLEMS: usize = 1_000;

/// The keys of a workflow, a job or a step that may hold an expression.
const PLACES: [&str; 25] = [
    "name",
    "run-name",
    "on",
    "permissions",
    "env",
    "defaults",
    "concurrency",
    "if",
    "needs",
    "runs-on",
    "environment",
    "outputs",
    "strategy",
    "container",
    "services",
    "uses",
    "with",
    "secrets",
    "run",
    "shell",
    "working-directory",
    "timeout-minutes",
    "continue-on-error",
    "snapshot",
    "id",
];

pub(super) fn workflow(bytes: &[u8]) -> Workflow {
    if is_blank(bytes) {
        return Workflow::default();
    }
    let limits = Limits { bytes: MAX_BYTES, ..Limits::default() };
    let stream = match yaml::read(bytes, &limits) {
        Ok(stream) => stream,
        Err(error) => return unreadable(error.into()),
    };
    let Some(document) = stream.documents.first() else { return Workflow::default() };
    let source = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(Text::decode(bytes, MAX_BYTES).text.into_owned()),
    };
    let out = Workflow { state: State::Read, ..Workflow::default() };
    let mut reader = Reader { source, lines: OnceCell::new(), out };
    for duplicate in &stream.duplicate_keys {
        let message = format!("`{}` was there before, in line {}", duplicate.key, duplicate.first.line);
        reader.problem(ProblemKind::DuplicateKey, duplicate.span, message, Some("only the first is read"));
    }
    if let Some(second) = stream.documents.get(1) {
        let message = "a workflow is one document; what follows `---` is not read".to_owned();
        reader.problem(ProblemKind::Type, second.span, message, None);
    }
    reader.workflow(document);
    if reader.out.expressions.len() >= MAX_EXPRESSIONS {
        return unreadable(Problem {
            kind: ProblemKind::Yaml,
            message: format!("the file stands for more than {MAX_EXPRESSIONS} expressions"),
            span: document.span,
            help: None,
        });
    }
    let mut workflow = reader.out;
    workflow.problems.sort_by_key(|problem| problem.span.start);
    for job in &mut workflow.jobs {
        job.publishes_to = delivery::publishes_to(job);
        let default = job.default_shell.as_ref().or(workflow.default_shell.as_ref());
        let default =
            default.map(|shell| shell.text.clone()).or_else(|| runner_shell(job).map(str::to_owned));
        for step in job.steps.iter_mut().filter(|step| step.run.is_some() && step.shell.is_none()) {
            step.shell.clone_from(&default);
        }
    }
    workflow
}

/// Only blank lines and comments.
fn is_blank(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    text.split(|byte| *byte == b'\n').all(|line| matches!(line.trim_ascii(), [] | [b'#', ..]))
}

fn unreadable(problem: Problem) -> Workflow {
    Workflow { state: State::Unreadable, problems: vec![problem], ..Workflow::default() }
}

impl From<YamlError> for Problem {
    fn from(error: YamlError) -> Self {
        Self { kind: ProblemKind::Yaml, message: error.message, span: error.span, help: error.help }
    }
}

/// The shell of a script for which none is set: what the runner has. None if the runner is not known.
fn runner_shell(job: &Job) -> Option<&'static str> {
    if job.container.is_some() {
        return Some("sh");
    }
    // A runner has all labels of a list; of a matrix, each value is another runner.
    let is_windows = |label: &str| label.to_ascii_lowercase().starts_with("windows");
    let mut some = [false, false];
    match job.runs_on.iter().find_map(|label| matrix_key(label)) {
        Some(key) => {
            let (_, values) = job.matrix.iter().find(|(row, _)| row.eq_ignore_ascii_case(&key))?;
            if values.iter().any(|value| value.contains("${{")) {
                return None;
            }
            values.iter().for_each(|value| some[usize::from(is_windows(value))] = true);
        }
        None if job.runs_on.iter().any(|label| label.contains("${{")) => return None,
        None => {
            some[usize::from(job.runs_on.iter().any(|label| is_windows(label)))] = !job.runs_on.is_empty()
        }
    }
    match some {
        [true, false] => Some("bash"),
        [false, true] => Some("pwsh"),
        _ => None,
    }
}

/// The row of the matrix that a label is taken from, if it is nothing else.
fn matrix_key(label: &str) -> Option<String> {
    let inner = label.trim().strip_prefix("${{")?.strip_suffix("}}")?;
    let normalized = expression::parse(inner).normalized;
    let key = normalized.strip_prefix("matrix.")?;
    (!key.contains(['.', '['])).then(|| key.to_owned())
}

/// Where in the workflow an expression is.
#[derive(Clone, Copy)]
struct At {
    place: &'static str,
    job: Option<usize>,
    step: Option<usize>,
}

struct Reader<'a> {
    source: Cow<'a, str>,
    lines: OnceCell<Lines>,
    out: Workflow,
}

impl Reader<'_> {
    fn problem(&mut self, kind: ProblemKind, span: Span, message: String, help: Option<&'static str>) {
        if self.out.problems.len() < MAX_PROBLEMS {
            self.out.problems.push(Problem { kind, message, span, help });
        }
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, but this is {}", node.describe());
        self.problem(ProblemKind::Type, node.span, message, None);
    }

    fn missing(&mut self, span: Span, message: &str) {
        self.problem(ProblemKind::Missing, span, message.to_owned(), None);
    }

    fn unknown_key(&mut self, key: &str, span: Span, what: &str) {
        self.problem(ProblemKind::UnknownKey, span, format!("{what} has no key `{key}`"), None);
    }

    /// The entries of a mapping whose keys are scalars, each key once. Null is an empty mapping.
    fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n str, Span, &'n Node)> {
        let entries = match &node.kind {
            Kind::Mapping(entries) => entries.as_slice(),
            _ => {
                if !node.is_null() {
                    self.wrong_type(node, what, "a mapping");
                }
                &[]
            }
        };
        let mut seen = HashSet::with_capacity(entries.len());
        let mut found = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            match key.scalar() {
                Some(scalar) if seen.insert(scalar.text.as_str()) => {
                    found.push((scalar.text.as_str(), key.span, value));
                }
                Some(_) => {}
                None => self.wrong_type(key, "a key", "a string"),
            }
        }
        found
    }

    /// The text of a scalar; none of null.
    fn text(&mut self, node: &Node, what: &str) -> Option<Written> {
        if node.scalar().is_none() {
            self.wrong_type(node, what, "a string");
        }
        node.as_str().map(|text| Written { text: text.to_owned(), span: node.span })
    }

    fn string(&mut self, node: &Node, what: &str) -> Option<String> {
        self.text(node, what).map(|written| written.text)
    }

    /// One text or several.
    fn strings(&mut self, node: &Node, what: &str) -> Vec<String> {
        match &node.kind {
            Kind::Sequence(items) => items.iter().filter_map(|item| self.string(item, what)).collect(),
            _ => self.string(node, what).into_iter().collect(),
        }
    }

    /// Names with values. One expression may stand for all of them.
    fn variables(&mut self, node: &Node, what: &str) -> Vec<Variable> {
        if node.as_str().is_some_and(|text| text.contains("${{")) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (name, _, value) in self.mapping(node, what) {
            let text = self.text(value, &format!("`{name}`"));
            let value = text.unwrap_or(Written { text: String::new(), span: value.span });
            found.push(Variable { name: name.to_owned(), value });
        }
        found
    }

    fn workflow(&mut self, root: &Node) {
        let at = |place| At { place, job: None, step: None };
        let start = Span { end: root.span.start, ..root.span };
        if root.is_null() {
            self.missing(start, "the workflow is empty");
            return;
        }
        let entries = self.mapping(root, "a workflow");
        for (key, key_span, value) in &entries {
            match *key {
                "name" => self.out.name = self.text(value, "`name`"),
                "run-name" => self.out.run_name = self.text(value, "`run-name`"),
                "on" => self.out.triggers = self.triggers(value),
                "permissions" => self.out.permissions = self.permissions(value),
                "env" => self.out.env = self.variables(value, "`env`"),
                "defaults" => self.out.default_shell = self.default_shell(value),
                "concurrency" => {}
                "jobs" => {
                    for (id, id_span, job) in self.mapping(value, "`jobs`") {
                        self.job(id, id_span, job);
                    }
                    continue;
                }
                other => self.unknown_key(other, *key_span, "a workflow"),
            }
            self.expressions(at(place(key)), None, value);
        }
        let has = |wanted: &str| entries.iter().any(|(key, ..)| *key == wanted);
        if !matches!(root.kind, Kind::Mapping(_)) {
            return;
        }
        if !has("on") {
            self.missing(start, "the workflow has no `on`, so nothing starts it");
        }
        if !has("jobs") {
            self.missing(start, "the workflow has no `jobs`");
        }
    }

    fn triggers(&mut self, node: &Node) -> Vec<Trigger> {
        let mut found = Vec::new();
        let bare = |event: String, span| Trigger { event, filters: Vec::new(), inputs: Vec::new(), span };
        match &node.kind {
            Kind::Mapping(_) => {
                for (event, span, value) in self.mapping(node, "`on`") {
                    let mut trigger = bare(event.to_owned(), span);
                    self.filters(&mut trigger, value);
                    found.push(trigger);
                }
            }
            Kind::Sequence(items) => {
                for item in items {
                    found.extend(self.text(item, "an event").map(|event| bare(event.text, event.span)));
                }
            }
            Kind::Scalar(_) => {
                found.extend(self.text(node, "`on`").map(|event| bare(event.text, event.span)));
            }
        }
        found
    }

    fn filters(&mut self, trigger: &mut Trigger, node: &Node) {
        let what = format!("`{}`", trigger.event);
        // `schedule` has a list of mappings.
        let parts = if trigger.event == "schedule" { node.items() } else { std::slice::from_ref(node) };
        if trigger.event == "schedule" && parts.is_empty() {
            self.wrong_type(node, &what, "a list of `cron` entries");
        }
        for part in parts {
            for (name, _, value) in self.mapping(part, &what) {
                if matches!(name, "inputs" | "secrets" | "outputs") {
                    let names = self.mapping(value, &format!("`{name}`"));
                    if name == "inputs" {
                        trigger.inputs.extend(names.iter().map(|(name, ..)| (*name).to_owned()));
                    }
                    continue;
                }
                let values = self.strings(value, &format!("`{name}`"));
                match trigger.filters.iter_mut().find(|(known, _)| known == name) {
                    Some((_, all)) => all.extend(values),
                    None => trigger.filters.push((name.to_owned(), values)),
                }
            }
        }
    }

    fn permissions(&mut self, node: &Node) -> Permissions {
        if node.scalar().is_some() {
            let text = node.as_str().unwrap_or_default().to_owned();
            return Permissions::All(Written { text, span: node.span });
        }
        let mut scopes = Vec::new();
        for (scope, span, value) in self.mapping(node, "`permissions`") {
            let access = self.string(value, &format!("`{scope}`")).unwrap_or_default();
            scopes.push(Permission { scope: scope.to_owned(), access, span });
        }
        Permissions::Scopes(scopes, node.span)
    }

    fn default_shell(&mut self, node: &Node) -> Option<Written> {
        let mut shell = None;
        for (key, span, value) in self.mapping(node, "`defaults`") {
            if key != "run" {
                self.unknown_key(key, span, "`defaults`");
                continue;
            }
            for (key, span, value) in self.mapping(value, "`run`") {
                match key {
                    "shell" => shell = self.text(value, "`shell`"),
                    "working-directory" => {}
                    other => self.unknown_key(other, span, "`run` of `defaults`"),
                }
            }
        }
        shell
    }

    fn job(&mut self, id: &str, id_span: Span, node: &Node) {
        let index = self.out.jobs.len();
        let mut job = Job { id: id.to_owned(), span: id_span, ..Job::default() };
        let (mut has_steps, mut has_runner) = (false, false);
        for (key, key_span, value) in self.mapping(node, &format!("the job `{id}`")) {
            match key {
                "name" => job.name = self.text(value, "`name`"),
                "uses" => job.uses = self.reference(value),
                "with" => job.with = self.variables(value, "`with`"),
                "secrets" if value.as_str() == Some("inherit") => job.inherits_secrets = true,
                "secrets" => job.secrets = self.variables(value, "`secrets`"),
                "needs" => job.needs = self.strings(value, "`needs`"),
                "if" => job.condition = self.text(value, "`if`"),
                "runs-on" => {
                    has_runner = true;
                    self.runs_on(&mut job, value);
                }
                "environment" => job.environment = self.named(value, "environment", "name").map(|n| n.text),
                "container" => job.container = self.named(value, "container", "image"),
                "services" => {
                    if value.as_str().is_none_or(|text| !text.contains("${{")) {
                        for (name, _, service) in self.mapping(value, "`services`") {
                            job.services.extend(self.named(service, name, "image"));
                        }
                    }
                }
                "permissions" => job.permissions = self.permissions(value),
                "env" => job.env = self.variables(value, "`env`"),
                "defaults" => job.default_shell = self.default_shell(value),
                "strategy" => job.matrix = matrix(value),
                "steps" => {
                    has_steps = true;
                    let items = value.items();
                    match &value.kind {
                        Kind::Sequence(_) if items.is_empty() => self.missing(value.span, "`steps` is empty"),
                        Kind::Sequence(_) => {}
                        _ => self.wrong_type(value, "`steps`", "a list of steps"),
                    }
                    for (step_index, step) in items.iter().enumerate() {
                        let step = self.step(index, step_index, step);
                        job.steps.push(step);
                    }
                    continue;
                }
                "concurrency" | "outputs" | "timeout-minutes" | "continue-on-error" | "snapshot" => {}
                other => self.unknown_key(other, key_span, "a job"),
            }
            self.expressions(At { place: place(key), job: Some(index), step: None }, None, value);
        }
        if job.uses.is_some() && has_steps {
            let message = format!("the job `{id}` calls a workflow and has steps; it can do one of both");
            self.problem(ProblemKind::Type, id_span, message, None);
        } else if job.uses.is_none() && !has_steps {
            self.missing(id_span, &format!("the job `{id}` has no `steps`"));
        } else if job.uses.is_none() && !has_runner {
            self.missing(id_span, &format!("the job `{id}` has no `runs-on`"));
        }
        self.out.jobs.push(job);
    }

    fn runs_on(&mut self, job: &mut Job, node: &Node) {
        if !matches!(node.kind, Kind::Mapping(_)) {
            job.runs_on = self.strings(node, "`runs-on`");
            return;
        }
        for (key, span, value) in self.mapping(node, "`runs-on`") {
            match key {
                "labels" => job.runs_on = self.strings(value, "`labels`"),
                "group" => job.runner_group = self.string(value, "`group`"),
                other => self.unknown_key(other, span, "`runs-on`"),
            }
        }
    }

    /// A name by itself, or as an entry of a mapping.
    fn named(&mut self, node: &Node, what: &str, key: &str) -> Option<Written> {
        match &node.kind {
            Kind::Mapping(_) => node.get(key).and_then(|name| self.text(name, &format!("`{key}`"))),
            _ => self.text(node, &format!("`{what}`")),
        }
    }

    fn step(&mut self, job: usize, index: usize, node: &Node) -> Step {
        let mut step = Step { index, span: node.span, ..Step::default() };
        for (key, key_span, value) in self.mapping(node, "a step") {
            match key {
                "id" => step.id = self.string(value, "`id`"),
                "name" => step.name = self.text(value, "`name`"),
                "if" => step.condition = self.text(value, "`if`"),
                "uses" => step.uses = self.reference(value),
                "with" => step.with = self.variables(value, "`with`"),
                "run" => step.run = self.text(value, "`run`"),
                "shell" => step.shell = self.string(value, "`shell`"),
                "working-directory" => step.working_directory = self.string(value, "`working-directory`"),
                "env" => step.env = self.variables(value, "`env`"),
                "timeout-minutes" | "continue-on-error" => {}
                other => self.unknown_key(other, key_span, "a step"),
            }
            self.expressions(At { place: place(key), job: Some(job), step: Some(index) }, None, value);
        }
        let (action, script) = (node.get("uses").is_some(), node.get("run").is_some());
        if action && script {
            let message = "a step has both `uses` and `run`; it can have one of them".to_owned();
            self.problem(ProblemKind::Type, node.span, message, None);
        } else if !action && !script && matches!(node.kind, Kind::Mapping(_)) {
            self.missing(node.span, "a step has neither `uses` nor `run`");
        }
        step
    }

    fn reference(&mut self, node: &Node) -> Option<Reference> {
        let written = self.text(node, "`uses`")?;
        let rest = self.source.get(node.span.end..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        let comment = line.trim_start().strip_prefix('#').map(|comment| comment.trim().to_owned());
        Some(Reference { uses: Uses::parse(&written.text), span: written.span, comment })
    }

    /// Collect the expressions in a value and all it holds. The depth of YAML is bounded, and so is this.
    fn expressions(&mut self, at: At, key: Option<&str>, node: &Node) {
        match &node.kind {
            Kind::Scalar(scalar) => {
                let has_braces = scalar.text.contains("${{");
                if has_braces || (at.place == "if" && node.as_str().is_some()) {
                    self.expressions_in_text(at, key, node.span, &scalar.text, has_braces);
                }
            }
            Kind::Sequence(items) => items.iter().for_each(|item| self.expressions(at, key, item)),
            Kind::Mapping(entries) => {
                for (name, value) in entries {
                    self.expressions(at, name.as_str().or(key), value);
                }
            }
        }
    }

    fn expressions_in_text(&mut self, at: At, key: Option<&str>, span: Span, text: &str, has_braces: bool) {
        if !has_braces {
            self.expression(at, key, text, span);
            return;
        }
        let found: Vec<_> = expression::find(text).collect();
        // What is written may differ from the text (indentation, folding, escapes), but holds as many.
        let written: Vec<_> = self
            .source
            .get(span.start..span.end)
            .map(|raw| expression::find(raw).collect())
            .unwrap_or_default();
        let same = written.len() == found.len();
        for (index, found) in found.iter().enumerate() {
            if self.out.expressions.len() >= MAX_EXPRESSIONS {
                return;
            }
            let place = match written.get(index).filter(|_| same) {
                Some(raw) => self.span(span.start + raw.whole.start, span.start + raw.whole.end),
                None => span,
            };
            if found.closed {
                self.expression(at, key, &text[found.inner.clone()], place);
            } else {
                let message = "`${{` has no `}}`".to_owned();
                self.problem(ProblemKind::Expression, place, message, None);
            }
        }
    }

    fn expression(&mut self, at: At, key: Option<&str>, text: &str, span: Span) {
        let text = text.trim();
        let parsed = expression::parse(text);
        if let Some(fault) = &parsed.fault {
            let message = format!("`{}` cannot be read: {}", shortened(text), fault.message);
            self.problem(ProblemKind::Expression, span, message, None);
        }
        self.out.expressions.push(Expression {
            place: at.place,
            key: key.map(str::to_owned),
            job: at.job,
            step: at.step,
            text: text.to_owned(),
            parsed,
            span,
        });
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let lines = self.lines.get_or_init(|| Lines::new(&self.source));
        let line = lines.line(start);
        let before = self.source.get(lines.start(line).unwrap_or(0)..start).unwrap_or_default();
        // As in the YAML reader: characters, unless the line is so long that counting them costs too much.
        let column = if before.len() < 1 << 16 { before.chars().count() } else { before.len() };
        Span { start, end, line, column: u32::try_from(column + 1).unwrap_or(u32::MAX) }
    }
}

/// The key as one of the places that are known.
fn place(key: &str) -> &'static str {
    PLACES.iter().find(|place| **place == key).copied().unwrap_or("other")
}

/// The rows of a matrix with the values of their keys, those of `include` among them.
fn matrix(strategy: &Node) -> Vec<(String, Vec<String>)> {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |key: &str, values: &mut dyn Iterator<Item = &Node>| {
        let values = values.filter_map(|value| value.as_str().map(str::to_owned));
        match rows.iter_mut().find(|(known, _)| known == key) {
            Some((_, all)) => all.extend(values),
            None => rows.push((key.to_owned(), values.collect())),
        }
    };
    for (key, value) in strategy.get("matrix").map(Node::entries).unwrap_or_default() {
        match key.as_str() {
            Some("include") => {
                for (key, value) in value.items().iter().flat_map(Node::entries) {
                    if let Some(key) = key.as_str() {
                        add(key, &mut std::iter::once(value));
                    }
                }
            }
            Some("exclude") | None => {}
            Some(key) if value.scalar().is_some() => add(key, &mut std::iter::once(value)),
            Some(key) => add(key, &mut value.items().iter()),
        }
    }
    rows
}

/// At most sixty characters of a text, on one line.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(60).collect();
    if cut.len() < text.len() { cut + "…" } else { cut }
}
