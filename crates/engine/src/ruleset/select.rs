//! Which rules are on: what the files say, the least urgent priority, and what is selected by name or tag.

use super::RuleSetOptions;
use crate::finding::RuleInfo;

/// Switches rules on or off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// On, or off.
    pub enable: bool,
    /// Which rules.
    pub by: SelectedBy,
}

/// Which rules are selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectedBy {
    /// Those with this name, in which `*` stands for any text.
    Rule(String),
    /// Those with this tag.
    Tag(String),
}

impl Selection {
    /// Switches on the rules of this name, in which `*` stands for any text.
    pub fn enable_rule(name: impl Into<String>) -> Self {
        Selection { enable: true, by: SelectedBy::Rule(name.into()) }
    }

    /// Switches off the rules of this name, in which `*` stands for any text.
    pub fn disable_rule(name: impl Into<String>) -> Self {
        Selection { enable: false, by: SelectedBy::Rule(name.into()) }
    }

    /// Switches on the rules with this tag.
    pub fn enable_tag(tag: impl Into<String>) -> Self {
        Selection { enable: true, by: SelectedBy::Tag(tag.into()) }
    }

    /// Switches off the rules with this tag.
    pub fn disable_tag(tag: impl Into<String>) -> Self {
        Selection { enable: false, by: SelectedBy::Tag(tag.into()) }
    }

    fn is_for(&self, rule: &RuleInfo) -> bool {
        match &self.by {
            SelectedBy::Rule(pattern) => matches_wildcard(pattern, &rule.name),
            SelectedBy::Tag(tag) => rule.tags.contains(tag),
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for any text.
///
/// ```
/// use eyrie_engine::ruleset::matches_wildcard;
/// assert!(matches_wildcard("Read*file*", "Read sensitive file untrusted"));
/// assert!(!matches_wildcard("read*", "Read sensitive file untrusted"));
/// ```
pub fn matches_wildcard(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The positions of the rules that are on, in the order in which they are tried; `by_files` says which are on in the files. A
/// rule that is switched off and on again comes last, as in Falco.
pub(super) fn enabled(rules: &[RuleInfo], by_files: &[bool], options: &RuleSetOptions) -> Vec<usize> {
    let counts = |rule: &RuleInfo| rule.priority <= options.minimum_priority;
    let mut order: Vec<usize> = rules
        .iter()
        .zip(by_files)
        .enumerate()
        .filter(|(_, (rule, on))| **on && counts(rule))
        .map(|(at, _)| at)
        .collect();
    for selection in &options.selections {
        let selected = |at: &usize| rules.get(*at).is_some_and(|rule| selection.is_for(rule));
        if selection.enable {
            let mut on = vec![false; rules.len()];
            for at in &order {
                if let Some(on) = on.get_mut(*at) {
                    *on = true;
                }
            }
            let more = rules.iter().enumerate().filter(|(at, rule)| {
                counts(rule) && selection.is_for(rule) && !on.get(*at).copied().unwrap_or_default()
            });
            order.extend(more.map(|(at, _)| at));
        } else {
            order.retain(|at| !selected(at));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::matches_wildcard;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "abc", true),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*", "a", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("*b*", "abc", true),
            ("a*a", "a", false),
            ("*ab*ab", "ab", false),
            ("*ab*ab", "abab", true),
            ("A*", "abc", false),
        ] {
            assert_eq!(matches_wildcard(pattern, name), expected, "{pattern} {name}");
        }
    }
}
