//! Says why a test failed: which comparisons kept a rule from matching, or let it match.

use eyrie_lang::{AtomExplanation, Diagnostic, Presence, Verdict};

use super::run::Running;
use super::{Expected, Failure};
use crate::explain::{Explained, explain};
use crate::rules::{Pattern, duration_text};
use crate::ruleset::BuildError;

/// How many comparisons are told of.
const MAX_TOLD: usize = 4;

/// A finding is missing.
pub(super) fn missing(
    running: &Running<'_>,
    expected: &Expected,
    mut diagnostic: Diagnostic,
) -> Result<Failure, Box<BuildError>> {
    let rule = &expected.rule;
    let mut all: Vec<(usize, Vec<Explained>)> = Vec::new();
    for number in 0..running.test.events.len() {
        if expected.at.is_none_or(|at| running.test.events.get(number).is_some_and(|event| event.at == at))
            || is_memory(running, rule)
        {
            all.push((number, explained(running, rule, number)?));
        }
    }
    let parts = all.first().map_or(0, |(_, parts)| parts.len());
    let mut kept = Vec::new();
    for part in 0..parts {
        let mut of_part: Vec<(usize, &Explained)> =
            all.iter().filter_map(|(number, parts)| Some((*number, parts.get(part)?))).collect();
        let matching: Vec<usize> =
            of_part.iter().filter(|(_, explained)| explained.holds()).map(|(number, _)| *number).collect();
        let name = of_part.first().and_then(|(_, explained)| explained.part.clone());
        if let Some(name) = &name {
            if name == "until" {
                continue;
            }
            if !matching.is_empty() {
                let numbers: Vec<_> = matching.iter().map(|number| (number + 1).to_string()).collect();
                let which = if numbers.len() == 1 { "event" } else { "events" };
                diagnostic.help.push(format!("{name}: {which} {} of the test", numbers.join(", ")));
                continue;
            }
        }
        of_part.sort_by_key(|(_, explained)| (explained.left_out, distance(explained)));
        let Some((number, nearest)) = of_part.first() else { continue };
        let prefix = name.map(|name| format!("{name}: ")).unwrap_or_default();
        let of_event =
            if running.test.events.len() > 1 { format!("event {}: ", number + 1) } else { String::new() };
        for said in why_not(nearest) {
            diagnostic.help.push(format!("{prefix}{of_event}{said}"));
        }
        kept.push((*number, (*nearest).clone()));
    }
    if kept.is_empty() {
        diagnostic.help.extend(not_together(running, rule));
    }
    Ok(Failure { rule: rule.clone(), diagnostic, explained: kept })
}

/// There is a finding that is not expected.
pub(super) fn unexpected(
    running: &Running<'_>,
    rule: &str,
    event: usize,
    mut diagnostic: Diagnostic,
) -> Result<Failure, Box<BuildError>> {
    let holding: Vec<Explained> =
        explained(running, rule, event)?.into_iter().filter(Explained::holds).collect();
    for explained in &holding {
        let decisive = explained.explanation.atoms.iter().filter(|atom| atom.decisive);
        for atom in decisive.take(MAX_TOLD) {
            diagnostic.help.push(told(atom));
        }
    }
    let explained = holding.into_iter().map(|explained| (event, explained)).collect();
    Ok(Failure { rule: rule.to_string(), diagnostic, explained })
}

fn explained(running: &Running<'_>, rule: &str, event: usize) -> Result<Vec<Explained>, Box<BuildError>> {
    let (Some(schema), Some(event)) = (running.schema, running.test.events.get(event)) else {
        return Ok(Vec::new());
    };
    let found = explain(running.rules, rule, schema, &event.record, event.record.kind())?;
    Ok(found.unwrap_or_default())
}

/// How far a condition is from holding.
fn distance(explained: &Explained) -> usize {
    if explained.explanation.near_misses.is_empty() {
        1 + explained.explanation.atoms.iter().filter(|atom| atom.decisive).count().max(1)
    } else {
        1
    }
}

/// The comparisons that kept a condition from holding.
fn why_not(explained: &Explained) -> Vec<String> {
    if explained.left_out {
        return vec!["the rule is not looked at for events of this type".to_string()];
    }
    let explanation = &explained.explanation;
    let near = |atom: &&AtomExplanation| explanation.near_misses.contains(&atom.atom);
    let mut atoms: Vec<_> = explanation.atoms.iter().filter(near).collect();
    if atoms.is_empty() {
        let (decisive, others): (Vec<_>, Vec<_>) = explanation.atoms.iter().partition(|atom| atom.decisive);
        atoms = decisive;
        atoms.extend(others.into_iter().filter(|atom| atom.verdict != Verdict::True));
    }
    atoms.into_iter().take(MAX_TOLD).map(told).collect()
}

/// A comparison, what it came to and what it saw.
fn told(atom: &AtomExplanation) -> String {
    let verdict = match atom.verdict {
        Verdict::True => "holds",
        Verdict::False => "does not hold",
        Verdict::Unknown => "is unknown",
    };
    let seen: Vec<String> = atom
        .fields
        .iter()
        .map(|field| match (field.presence, field.values.as_slice()) {
            (Presence::Present, [value]) => format!("`{}` is `{value}`", field.name),
            (Presence::Present, values) => format!("`{}` is ({})", field.name, values.join(", ")),
            (Presence::Absent | Presence::Unavailable, _) => format!("`{}` is not given", field.name),
        })
        .collect();
    format!("`{}` {verdict}: {}", atom.text, seen.join(", "))
}

fn is_memory(running: &Running<'_>, rule: &str) -> bool {
    running.rules.memory.iter().any(|known| known.name == rule)
}

/// All conditions of a rule with memory hold for an event, and still there is no finding.
fn not_together(running: &Running<'_>, rule: &str) -> Option<String> {
    let rule = running.rules.memory.iter().find(|known| known.name == rule)?;
    let by =
        |by: &[String]| if by.is_empty() { String::new() } else { format!(" with equal {}", by.join(", ")) };
    Some(match &rule.pattern {
        Pattern::Sequence { steps, .. } => {
            let joined: Vec<String> =
                steps.iter().map(|step| format!("({})", step.on.by.join(", "))).collect();
            format!(
                "the steps match, but not one after another within {} with equal {}, or something ended the sequence",
                duration_text(rule.within),
                joined.join(" = ")
            )
        }
        Pattern::Threshold { on, count, distinct } => {
            let what = distinct
                .as_ref()
                .map_or("events".to_string(), |field| format!("different values of {field}"));
            format!("there are not {count} {what} within {}{}", duration_text(rule.within), by(&on.by))
        }
    })
}
