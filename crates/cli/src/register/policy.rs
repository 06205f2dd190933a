//! `eyrie policy`.

use std::fmt::Write as _;

use eyrie_register::catalogs::POLICIES;
use eyrie_register::domain::policy::diff::{Change, diff};
use eyrie_register::domain::policy::lint::lint;
use eyrie_register::domain::policy::{Channel, Level, Policy};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::args::{PolicyArgs, PolicyCommand};
use super::{Answer, policy_texts, read_policy, show};
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::text::visible;

/// Runs `eyrie policy`.
pub(crate) fn run(args: &PolicyArgs) -> Result<Exit, Error> {
    let today = args.now.unwrap_or_else(environment::now).to_zoned(TimeZone::UTC).date();
    let answer = match &args.command {
        PolicyCommand::List => list(today)?,
        PolicyCommand::Lint { policy } => linted(&one(policy, today)?),
        PolicyCommand::Diff { old, new } => differences(&one(old, today)?, &one(new, today)?),
        PolicyCommand::Explain { policy, stage } => explained(&one(policy, today)?, stage.as_deref())?,
    };
    show(args.format, &answer)
}

/// The policy of a name: of several versions the one in force, or else the newest.
fn one(name: &str, day: Date) -> Result<Policy, Error> {
    let mut versions = Vec::new();
    for (file, text) in policy_texts(name)? {
        versions.push(read_policy(&file, &text)?);
    }
    versions.sort_by_key(|policy| policy.from);
    let in_force = versions.iter().rposition(|policy| policy.in_force(day));
    let at = in_force.unwrap_or(versions.len().saturating_sub(1));
    versions
        .into_iter()
        .nth(at)
        .ok_or_else(|| Error::unknown("policy", name, std::iter::empty(), "eyrie policy list"))
}

fn period(policy: &Policy) -> String {
    match policy.until {
        Some(until) => format!("in force from {} until {until}", policy.from),
        None => format!("in force since {}", policy.from),
    }
}

fn list(day: Date) -> Result<Answer, Error> {
    let (mut text, mut all) = (String::new(), Vec::new());
    for (file, content) in POLICIES {
        let policy = read_policy(file, content)?;
        let now = if policy.in_force(day) { "*" } else { " " };
        let name = file.trim_end_matches(".yaml");
        let _ = writeln!(
            text,
            "{now} {name:<16}  {}, {}, {} criteria",
            policy.name,
            period(&policy),
            policy.criteria.len()
        );
        all.push(json!({ "name": name, "policy": policy.policy, "version": policy.version, "from": policy.from, "until": policy.until, "in_force": policy.in_force(day), "criteria": policy.criteria.len() }));
    }
    Ok(Answer { text, json: json!({ "policies": all }) })
}

fn linted(policy: &Policy) -> Answer {
    let findings = lint(policy);
    let mut text = format!("{} {}, {}\n", policy.policy, policy.version, period(policy));
    for finding in &findings {
        let _ = writeln!(text, "\n{}[{}]: {}", finding.weight.name(), finding.code, finding.text);
        for at in &finding.at {
            let _ = writeln!(text, "  at: {at}");
        }
        if let Some(reading) = &finding.reading {
            let _ = writeln!(text, "  reading: {reading}");
        }
    }
    if findings.is_empty() {
        text.push_str("nothing to say\n");
    }
    let json = json!({ "policy": policy.policy, "version": policy.version, "findings": findings });
    Answer { text, json }
}

fn differences(old: &Policy, new: &Policy) -> Answer {
    let found = diff(old, new);
    let mut text = format!("{} {} → {} {}\n", old.policy, old.version, new.policy, new.version);
    for one in &found {
        match &one.change {
            Change::Added { text: said } => {
                let _ = writeln!(text, "+ {} {}: {said}", one.part, one.id);
            }
            Change::Removed { text: said } => {
                let _ = writeln!(text, "- {} {}: {said}", one.part, one.id);
            }
            Change::Changed { keys } => {
                let _ = writeln!(text, "~ {} {}", one.part, one.id);
                for (key, was, is) in keys {
                    let _ = writeln!(text, "    {key}: {was}\n    {:width$}→ {is}", "", width = key.len());
                }
            }
        }
    }
    if found.is_empty() {
        text.push_str("nothing changed\n");
    }
    let json = json!({ "old": old.version, "new": new.version, "differences": found });
    Answer { text, json }
}

fn explained(policy: &Policy, stage: Option<&str>) -> Result<Answer, Error> {
    let stages: Vec<_> = match stage {
        Some(name) => {
            let found = policy.stages.iter().find(|stage| stage.id.as_str() == name);
            vec![found.ok_or_else(|| {
                let known = policy.stages.iter().map(|stage| stage.id.as_str());
                Error::unknown("stage", name, known, "eyrie policy explain")
            })?]
        }
        None => policy.stages.iter().collect(),
    };
    let mut text = format!("{}, version {}, {}\n", policy.name, policy.version, period(policy));
    let _ = writeln!(text, "{} at {}", policy.source.repository, policy.source.commit);
    for stage in stages {
        let _ = writeln!(text, "\n{}  ({})\n  {}", stage.name, stage.id, stage.notice);
        for way in policy.transitions.iter().filter(|way| way.to == stage.id) {
            let from: Vec<String> = way.from.iter().cloned().map(String::from).collect();
            let from = if from.is_empty() { "any stage".to_owned() } else { from.join(", ") };
            let _ = writeln!(text, "  from {from}  ({})", way.at);
            for decision in &way.decisions {
                for channel in [Channel::Meeting, Channel::Email, Channel::Forge] {
                    if let Some(selected) = policy.vote_rule(&decision.body, channel, Some(&stage.id)) {
                        let quorum =
                            selected.rule.quorum.map_or_else(String::new, |one| format!(", quorum {one}"));
                        let _ = writeln!(
                            text,
                            "    {} by {}: {}{quorum}  [{}]",
                            decision.body,
                            channel.name(),
                            selected.rule.pass,
                            selected.rule.id
                        );
                    }
                }
                for gate in &decision.gates {
                    let needs = serde_json::to_value(&gate.needs).unwrap_or_default();
                    let mut said: Vec<String> = Vec::new();
                    if let serde_json::Value::Object(fields) = needs {
                        for (key, value) in fields {
                            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                            said.push(if key == "gate" { value } else { format!("{key} {value}") });
                        }
                    }
                    let _ = writeln!(text, "      before: {}  [{}]", said.join(", "), gate.rule);
                }
            }
            for obligation in &way.obligations {
                let _ = writeln!(text, "    afterwards: {} ({})", obligation.text, obligation.by);
            }
        }
        let criteria = policy.criteria.iter().filter(|one| one.stage == stage.id);
        for (at, one) in criteria.enumerate() {
            if at == 0 {
                let builds = stage
                    .builds_on
                    .as_ref()
                    .map_or_else(String::new, |below| format!(", and those of {below}"));
                let _ = writeln!(text, "  criteria{builds}:");
            }
            let level = match one.level {
                Level::Required => "required",
                Level::Suggested => "suggested",
                Level::Unmarked => "unmarked",
            };
            let _ =
                writeln!(text, "    {} ({level}, {}): {}", one.id, one.decided_by.name(), visible(&one.text));
            for part in &one.parts {
                let _ = writeln!(text, "      – {}", visible(part));
            }
        }
    }
    Ok(Answer { text, json: json!({ "policy": policy }) })
}
