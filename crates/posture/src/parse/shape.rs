//! The shape that a YAML file must have, as data, and what of a file does not fit it.
//!
//! The decisions are those of a strict reader that takes a text for any scalar, a list or mapping for nothing
//! after a key, and refuses a known key that comes twice; so CLOMonitor reads its files.

use super::problem::Problem;
use crate::yaml::{Kind, Node, ScalarKind, Style};

/// What a value must be.
pub(super) enum Shape {
    /// Any scalar.
    Text,
    /// Any scalar with a text that is not empty.
    NonEmpty,
    /// `true` or `false`.
    Bool,
    /// A list of at least so many.
    List(&'static Shape, usize),
    /// A mapping with these keys and any others.
    Keys(&'static [Key]),
}

/// A key of a mapping.
pub(super) struct Key {
    /// Its name, and other names that mean the same.
    pub(super) names: &'static [&'static str],
    pub(super) required: bool,
    pub(super) shape: Shape,
}

pub(super) const fn required(names: &'static [&'static str], shape: Shape) -> Key {
    Key { names, required: true, shape }
}

pub(super) const fn optional(names: &'static [&'static str], shape: Shape) -> Key {
    Key { names, required: false, shape }
}

/// Whether a strict reader finds no value here: nothing after the key.
fn is_void(node: &Node) -> bool {
    node.scalar().is_some_and(|s| s.text.is_empty() && s.style == Style::Plain)
}

/// Everything of `node` that does not fit `shape`. `path` is the path to it.
pub(super) fn check(node: &Node, shape: &Shape, path: &str, problems: &mut Vec<Problem>) {
    match shape {
        Shape::Text | Shape::NonEmpty => match node.scalar() {
            None => wrong(node, "a string", path, problems),
            Some(scalar) if scalar.text.is_empty() && matches!(shape, Shape::NonEmpty) => {
                problems.push(Problem::error("empty", path, "must not be empty".to_owned(), node.span));
            }
            Some(_) => {}
        },
        Shape::Bool => {
            if node.scalar().is_none_or(|s| s.kind != ScalarKind::Bool) {
                wrong(node, "`true` or `false`", path, problems);
            }
        }
        Shape::List(item, least) => {
            let items = match &node.kind {
                Kind::Sequence(items) => items.as_slice(),
                _ if is_void(node) => &[],
                _ => return wrong(node, "a list", path, problems),
            };
            if items.len() < *least {
                let message =
                    format!("must have at least {least} item{}", if *least == 1 { "" } else { "s" });
                problems.push(Problem::error("empty", path, message, node.span));
            }
            for (n, node) in items.iter().enumerate() {
                check(node, item, &format!("{path}[{n}]"), problems);
            }
        }
        Shape::Keys(keys) => check_keys(node, keys, path, problems),
    }
}

fn check_keys(node: &Node, keys: &[Key], path: &str, problems: &mut Vec<Problem>) {
    let entries = match &node.kind {
        Kind::Mapping(entries) => entries.as_slice(),
        _ if is_void(node) => &[],
        _ => return wrong(node, "a mapping", path, problems),
    };
    for key in keys {
        let below =
            if path.is_empty() { key.names[0].to_owned() } else { format!("{path}.{}", key.names[0]) };
        let mut found = entries
            .iter()
            .filter(|(name, _)| name.scalar().is_some_and(|s| key.names.contains(&s.text.as_str())));
        match found.next() {
            None if key.required => {
                let message = format!("the key `{}` is missing", key.names.join("` or `"));
                problems.push(Problem::error("missing-key", &below, message, start_of(node)));
            }
            // An optional key without a value is as good as absent.
            None => {}
            Some((_, value)) if !key.required && value.is_null() => {}
            Some((_, value)) => check(value, &key.shape, &below, problems),
        }
        if let Some((name, _)) = found.next() {
            problems.push(Problem::error(
                "duplicate-key",
                &below,
                "the key is there twice".to_owned(),
                name.span,
            ));
        }
    }
}

/// The first line of a mapping is enough to show where something is missing.
fn start_of(node: &Node) -> crate::yaml::Span {
    match &node.kind {
        Kind::Mapping(entries) => entries.first().map_or(node.span, |(key, _)| key.span),
        _ => node.span,
    }
}

fn wrong(node: &Node, expected: &str, path: &str, problems: &mut Vec<Problem>) {
    let message = format!("must be {expected}, but is {}", node.describe());
    problems.push(Problem::error("wrong-type", path, message, node.span));
}
