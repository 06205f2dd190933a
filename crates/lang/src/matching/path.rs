//! `pmatch`: whether a path is one of several directories or below one, component by component. Slashes at the start, at
//! the end and doubled do not count; a component may be a `glob` pattern.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::glob;

/// Directories as a tree of components.
#[derive(Debug)]
pub(crate) struct PathSet {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// A directory of the set ends here.
    end: bool,
    names: HashMap<Box<[u8]>, usize, RandomState>,
    globs: Vec<(Box<[u8]>, usize)>,
}

pub(crate) fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|c| !c.is_empty())
}

impl PathSet {
    /// The set of these directories. An empty path is the root, which all paths are below.
    pub(crate) fn new<'p>(paths: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut set = PathSet { nodes: vec![Node::default()] };
        for path in paths {
            let mut at = 0;
            for component in components(path) {
                at = set.child(at, component);
            }
            if let Some(node) = set.nodes.get_mut(at) {
                node.end = true;
            }
        }
        set
    }

    fn child(&mut self, parent: usize, component: &[u8]) -> usize {
        let new = self.nodes.len();
        let Some(node) = self.nodes.get_mut(parent) else { return parent };
        let found = if component.iter().any(|b| matches!(b, b'*' | b'?' | b'[')) {
            match node.globs.iter().find(|(pattern, _)| **pattern == *component) {
                Some((_, child)) => *child,
                None => {
                    node.globs.push((component.into(), new));
                    new
                }
            }
        } else {
            *node.names.entry(component.into()).or_insert(new)
        };
        if found == new {
            self.nodes.push(Node::default());
        }
        found
    }

    /// Whether the path is a directory of the set or below one.
    pub(crate) fn contains_parent_of(&self, path: &[u8]) -> bool {
        self.below(0, path)
    }

    /// Directories without patterns that together hold all that the set holds, as components joined by slashes. `None` if
    /// there are none but the root.
    pub(crate) fn plain(&self) -> Option<Vec<Box<[u8]>>> {
        let mut found = Vec::new();
        self.plain_below(0, &mut Vec::new(), &mut found).then_some(found)
    }

    fn plain_below(&self, at: usize, path: &mut Vec<u8>, found: &mut Vec<Box<[u8]>>) -> bool {
        let Some(node) = self.nodes.get(at) else { return true };
        if node.end || !node.globs.is_empty() {
            found.push(path.as_slice().into());
            return !path.is_empty();
        }
        node.names.iter().all(|(name, child)| {
            let len = path.len();
            if len > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            let all = self.plain_below(*child, path, found);
            path.truncate(len);
            all
        })
    }

    fn below(&self, at: usize, path: &[u8]) -> bool {
        let Some(node) = self.nodes.get(at) else { return false };
        if node.end {
            return true;
        }
        let Some(component) = components(path).next() else { return false };
        let start = path.iter().position(|b| *b != b'/').unwrap_or(path.len());
        let rest = path.get(start + component.len()..).unwrap_or_default();
        if node.names.get(component).is_some_and(|child| self.below(*child, rest)) {
            return true;
        }
        node.globs
            .iter()
            .any(|(pattern, child)| glob::matches(pattern, component, false) && self.below(*child, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_below_directories() {
        for (set, path, expected) in [
            (&["/usr"][..], "/usr", true),
            (&["/usr"], "/usr/bin", true),
            (&["/usr"], "/usrx", false),
            (&["/usr"], "/", false),
            (&["usr/"], "//usr//bin", true),
            (&["/usr/bin", "/etc"], "/usr", false),
            (&["/usr/bin", "/etc"], "/etc/passwd", true),
            (&[""], "", true),
            (&["/"], "/anything", true),
            (&[], "/a", false),
            (&["/*/shadow"], "/etc/shadow", true),
            (&["/*/shadow"], "/a/b/shadow", false),
            (&["/**/shadow"], "/etc/shadow-", false),
            (&["/a\\b"], "/a\\b", true),
            (&["/e?c"], "/etc/x", true),
            (&["/etc/a", "/e*/b"], "/etc/b", true),
        ] {
            let paths = PathSet::new(set.iter().map(|p| p.as_bytes()));
            assert_eq!(paths.contains_parent_of(path.as_bytes()), expected, "{set:?} {path}");
        }
    }
}
