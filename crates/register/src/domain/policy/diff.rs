//! What changed from one version of a policy to another ([`diff`]).

use serde::Serialize;
use serde_json::Value;

use super::Policy;

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which part of the policy: `stage`, `vote rule`, `criterion` …
    pub part: &'static str,
    /// The id of the thing.
    pub id: String,
    /// What became of it.
    pub change: Change,
}

/// What became of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Added {
        /// What it says.
        text: String,
    },
    /// It is gone.
    Removed {
        /// What it said.
        text: String,
    },
    /// It says something else.
    Changed {
        /// For each key that differs, what it was and what it is.
        keys: Vec<(String, String, String)>,
    },
}

/// What changed from `old` to `new`, in the order of the parts and of `old`.
pub fn diff(old: &Policy, new: &Policy) -> Vec<Difference> {
    let mut found = Vec::new();
    list("stage", &old.stages, &new.stages, |one| one.id.to_string(), |one| one.name.clone(), &mut found);
    list(
        "transition",
        &old.transitions,
        &new.transitions,
        |one| {
            let from: Vec<String> = one.from.iter().cloned().map(String::from).collect();
            format!("{} → {}", if from.is_empty() { "any".to_owned() } else { from.join(", ") }, one.to)
        },
        |one| one.at.clone(),
        &mut found,
    );
    list(
        "vote rule",
        &old.vote_rules,
        &new.vote_rules,
        |one| one.id.to_string(),
        |one| one.pass.to_string(),
        &mut found,
    );
    list(
        "criterion",
        &old.criteria,
        &new.criteria,
        |one| one.id.to_string(),
        |one| one.text.clone(),
        &mut found,
    );
    list("answer", &old.answers, &new.answers, |one| one.id.clone(), |one| one.text.clone(), &mut found);
    list(
        "benefit",
        &old.benefits,
        &new.benefits,
        |one| one.id.to_string(),
        |one| one.text.clone(),
        &mut found,
    );
    let parts = |policy: &Policy| policy.annual_review.clone().map(|review| review.parts).unwrap_or_default();
    list(
        "annual review",
        &parts(old),
        &parts(new),
        |one| one.id.to_string(),
        |one| one.text.clone(),
        &mut found,
    );
    found
}

fn list<T: Serialize>(
    part: &'static str,
    old: &[T],
    new: &[T],
    id: impl Fn(&T) -> String,
    text: impl Fn(&T) -> String,
    found: &mut Vec<Difference>,
) {
    for before in old {
        let key = id(before);
        let change = match new.iter().find(|after| id(after) == key) {
            None => Change::Removed { text: text(before) },
            Some(after) => match changed(before, after) {
                keys if keys.is_empty() => continue,
                keys => Change::Changed { keys },
            },
        };
        found.push(Difference { part, id: key, change });
    }
    for after in new {
        let key = id(after);
        if !old.iter().any(|before| id(before) == key) {
            found.push(Difference { part, id: key, change: Change::Added { text: text(after) } });
        }
    }
}

fn changed<T: Serialize>(before: &T, after: &T) -> Vec<(String, String, String)> {
    let object = |value: &T| match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (object(before), object(after));
    let mut keys: Vec<&String> = before.keys().collect();
    keys.extend(after.keys().filter(|key| !before.contains_key(*key)));
    let said = |value: Option<&Value>| match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| (key.clone(), said(before.get(key)), said(after.get(key))))
        .collect()
}
