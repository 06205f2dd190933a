//! Falco's second opinion on rule files: the verdict of its JSON schema for them, which never keeps a file from loading. The
//! schema is stricter in some places than the loader (`True` is no boolean, priorities are upper case) and looser in others.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::yaml::Node;

/// Something in a rule file that Falco's JSON schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The way from the file down: `[2]`, `[priority]`.
    pub path: Vec<String>,
    /// What is expected there.
    pub expected: &'static str,
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed for <root>{}: expected {}", self.path.concat(), self.expected)
    }
}

/// What the schema does not allow in a file: of each document what comes first. Nothing if there is no document. For Falco the
/// first document decides.
pub(super) fn check(documents: &[Arc<Node>]) -> Option<Vec<SchemaProblem>> {
    let (first, others) = documents.split_first()?;
    let Err(problem) = root(first) else { return Some(Vec::new()) };
    let others = others.iter().filter_map(|document| root(document).err());
    Some(std::iter::once(problem).chain(others).collect())
}

/// How many values are looked at. Aliases within aliases can stand for more than there is time.
const MAX_VALUES: usize = 4_000_000;

type Checked = Result<(), SchemaProblem>;

/// The way to a value.
#[derive(Clone, Copy)]
struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
    left: &'p Cell<usize>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Item(usize),
    Key(&'p str),
}

impl<'p> Path<'p> {
    fn item(&'p self, at: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Item(at), left: self.left }
    }

    fn key(&'p self, key: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Key(key), left: self.left }
    }

    fn fail(&self, expected: &'static str) -> Checked {
        let mut path = Vec::new();
        let mut next = Some(self);
        while let Some(here) = next {
            match here.step {
                Step::Root => {}
                Step::Item(at) => path.push(format!("[{at}]")),
                Step::Key(key) => path.push(format!("[{key}]")),
            }
            next = here.parent;
        }
        path.reverse();
        Err(SchemaProblem { path, expected })
    }

    /// Whether there is time for another value.
    fn goes_on(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }
}

fn root(document: &Node) -> Checked {
    let left = Cell::new(MAX_VALUES);
    let root = Path { parent: None, step: Step::Root, left: &left };
    each(document, &root, |item, path| object(item, path, &[], &property))
}

fn text(node: &Node, path: &Path<'_>) -> Checked {
    if node.scalar().is_some() { Ok(()) } else { path.fail("text") }
}

fn boolean(node: &Node, path: &Path<'_>) -> Checked {
    match node.scalar() {
        Some("true" | "false") => Ok(()),
        _ => path.fail("true or false"),
    }
}

fn property(name: &str, value: &Node, path: &Path<'_>) -> Checked {
    match name {
        "required_engine_version"
        | "macro"
        | "condition"
        | "list"
        | "rule"
        | "desc"
        | "output"
        | "source" => text(value, path),
        "enabled" | "append" | "capture" | "warn_evttypes" | "skip-if-unknown-filter" => boolean(value, path),
        "capture_duration" => match value.scalar().map(str::trim) {
            Some(text) if text.parse::<i64>().is_ok() => Ok(()),
            _ => path.fail("a whole number"),
        },
        "priority" => match value.scalar() {
            Some(
                "EMERGENCY" | "ALERT" | "CRITICAL" | "ERROR" | "WARNING" | "NOTICE" | "INFO"
                | "INFORMATIONAL" | "DEBUG",
            ) => Ok(()),
            _ => path.fail("a priority in upper case"),
        },
        "items" | "tags" => each(value, path, text),
        "exceptions" => each(value, path, |item, path| {
            object(item, path, &["name"], &|key, value, path| match key {
                "name" => text(value, path),
                "fields" | "comps" | "values" => Ok(()),
                _ => path.fail(NO_SUCH_KEY),
            })
        }),
        "override" => override_map(value, path),
        "required_plugin_versions" => each(value, path, |item, path| {
            object(item, path, &["name", "version"], &|key, value, path| match key {
                "alternatives" => each(value, path, |item, path| {
                    object(item, path, &["name", "version"], &name_and_version)
                }),
                _ => name_and_version(key, value, path),
            })
        }),
        _ => path.fail(NO_SUCH_KEY),
    }
}

const NO_SUCH_KEY: &str = "no such key";

fn name_and_version(key: &str, value: &Node, path: &Path<'_>) -> Checked {
    match key {
        "name" | "version" => text(value, path),
        _ => path.fail(NO_SUCH_KEY),
    }
}

fn override_map(value: &Node, path: &Path<'_>) -> Checked {
    const KEYS: &[&str] = &[
        "items",
        "desc",
        "condition",
        "output",
        "priority",
        "enabled",
        "exceptions",
        "capture",
        "capture_duration",
        "tags",
        "warn_evttypes",
        "skip-if-unknown-filter",
    ];
    if value.is_mapping() && value.entries().is_empty() {
        return path.fail("a map with at least one key");
    }
    object(value, path, &[], &|key, value, path| match value.scalar() {
        _ if !KEYS.contains(&key) => path.fail(NO_SUCH_KEY),
        Some("append" | "replace") => Ok(()),
        _ => path.fail("append or replace"),
    })
}

fn each(value: &Node, path: &Path<'_>, check: impl Fn(&Node, &Path<'_>) -> Checked) -> Checked {
    let Some(items) = value.sequence() else { return path.fail("a list") };
    for (at, item) in items.iter().enumerate() {
        if !path.goes_on() {
            break;
        }
        check(item, &path.item(at))?;
    }
    Ok(())
}

fn object(
    value: &Node,
    path: &Path<'_>,
    required: &[&str],
    check: &dyn Fn(&str, &Node, &Path<'_>) -> Checked,
) -> Checked {
    if !value.is_mapping() {
        return path.fail("a map");
    }
    let mut seen = HashSet::new();
    for (key, value) in value.entries() {
        let name = key.scalar().unwrap_or_default();
        if !seen.insert(name) {
            return path.key(name).fail("a key to be given once");
        }
        check(name, value, &path.key(name))?;
    }
    match required.iter().find(|key| value.get(key).is_none()) {
        Some(_) => path.fail("the keys that it has to have"),
        None => Ok(()),
    }
}
