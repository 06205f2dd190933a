//! Writes a register as files ([`export`]): the same register always gives the same files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Files, yaml};
use crate::domain::fact::Fact;
use crate::domain::log::Entry;
use crate::domain::register::Register;
use crate::domain::state::{Project, State};

/// What `register.yaml` calls the form of the files.
pub const FORM: u64 = 1;

const NOTE: &str = "<!-- Made by `eyrie register export`. What is changed here is not read back. -->\n";

/// The file that an entry belongs to.
pub fn place(entry: &Entry) -> String {
    let draft = &entry.body.draft;
    match &draft.fact {
        Fact::MeetingHeld(_) => format!("meetings/{:04}.yaml", draft.when.days().first.year()),
        Fact::VoteOpened(fact) => format!("votes/{}.yaml", fact.vote),
        Fact::BallotCast(fact) => format!("votes/{}.yaml", fact.vote),
        Fact::SeatRecused(fact) => format!("votes/{}.yaml", fact.vote),
        Fact::ConsentGiven(fact) => format!("votes/{}.yaml", fact.vote),
        Fact::VoteClosed(fact) => format!("votes/{}.yaml", fact.vote),
        Fact::VoteVoided(fact) => format!("votes/{}.yaml", fact.vote),
        Fact::ReviewRequested(fact) => format!("reviews/{}.yaml", fact.review),
        Fact::ReviewerJoined(fact) => format!("reviews/{}.yaml", fact.review),
        Fact::ConflictStated(fact) => format!("reviews/{}.yaml", fact.review),
        Fact::ConflictWaived(fact) => format!("reviews/{}.yaml", fact.review),
        Fact::ReviewPartDelivered(fact) => format!("reviews/{}.yaml", fact.review),
        Fact::ReviewApproved(fact) => format!("reviews/{}.yaml", fact.review),
        Fact::ReviewFinalised(fact) => format!("reviews/{}.yaml", fact.review),
        Fact::CampaignOpened(fact) => format!("campaigns/{}.yaml", fact.campaign),
        Fact::CampaignJoined(fact) => format!("campaigns/{}.yaml", fact.campaign),
        Fact::SnapshotTaken(fact) => format!("campaigns/{}.yaml", fact.campaign),
        fact => match fact.project() {
            Some(project) => format!("projects/{project}/log.yaml"),
            None => "foundation.yaml".to_owned(),
        },
    }
}

/// The register as files.
///
/// # Errors
/// If something cannot be written as JSON, which would be a mistake of ours.
pub fn export(register: &Register) -> Result<Files, serde_json::Error> {
    let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut files = Files::new();
    for entry in register.log().entries() {
        let mut value = serde_json::to_value(&entry.body)?;
        let same = serde_json::to_string(&entry.body)? == entry.text;
        if let Value::Object(fields) = &mut value {
            // The hashes follow from the entries; the last is in register.yaml.
            fields.shift_remove("previous");
            if let Fact::PolicyAdopted(fact) = &entry.body.draft.fact {
                let mut path = format!("policies/{}-{}.yaml", fact.policy, file_part(&fact.version));
                if files.get(&path).is_some_and(|text| *text != fact.text) {
                    path = format!(
                        "policies/{}-{}-{}.yaml",
                        fact.policy,
                        file_part(&fact.version),
                        entry.body.entry
                    );
                }
                fields.shift_remove("text");
                fields.insert("text_file".to_owned(), Value::from(path.clone()));
                files.insert(path, fact.text.clone());
            }
            if !same {
                // Written by an earlier version in another form: kept as it was hashed.
                fields.insert("as_written".to_owned(), Value::from(entry.text.clone()));
            }
        }
        lists.entry(place(entry)).or_default().push(value);
    }
    for (path, entries) in lists {
        files.insert(path, yaml::list(&entries));
    }
    let head = json!({
        "register": FORM,
        "entries": register.log().entries().len(),
        "head": register.log().head().to_string(),
    });
    files.insert("register.yaml".to_owned(), yaml::mapping(&head));
    files.extend(pages(register.state()));
    Ok(files)
}

/// A version as a part of a file's name.
fn file_part(version: &str) -> String {
    version.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

/// The pages for reading.
pub fn pages(state: &State) -> Files {
    let mut pages = Files::new();
    if state.projects.is_empty() {
        return pages;
    }
    let mut index = format!("{NOTE}# Projects\n\n| Project | Stage | Since |\n|---|---|---|\n");
    for project in state.projects.values() {
        let (stage, since) = match project.stages.last() {
            Some(span) => (stage_name(state, project), span.entered),
            None => ("proposed".to_owned(), project.submitted),
        };
        let _ = writeln!(
            index,
            "| [{}](projects/{}/README.md) | {} | {since} |",
            cell(&project.name),
            project.id,
            cell(&stage)
        );
        pages.insert(format!("projects/{}/README.md", project.id), page(state, project));
    }
    pages.insert("README.md".to_owned(), index);
    pages
}

fn stage_name(state: &State, project: &Project) -> String {
    let Some(span) = project.stages.last() else { return "proposed".to_owned() };
    let policy = state.policy(span.entered.days().last).or(state.policies.last());
    policy
        .and_then(|policy| policy.stage(&span.stage))
        .map_or_else(|| span.stage.to_string(), |stage| stage.name.clone())
}

fn page(state: &State, project: &Project) -> String {
    let mut page = format!("{NOTE}# {}\n\n", line(&project.name));
    if let Some(repository) = &project.repository {
        let _ = writeln!(page, "Repository: {}\n", line(repository));
    }
    let _ = writeln!(page, "Submitted on {}.\n", project.submitted);
    if !project.stages.is_empty() {
        page.push_str("| Stage | Since | Decision |\n|---|---|---|\n");
        for span in &project.stages {
            let decision = match &span.vote {
                Some(vote) => format!("[{vote}](../../votes/{vote}.yaml)"),
                None => "not on record".to_owned(),
            };
            let _ = writeln!(page, "| {} | {} | {decision} |", span.stage, span.entered);
        }
        page.push('\n');
    }
    if !project.decisions.is_empty() {
        page.push_str("## Votes\n\n");
        for taken in &project.decisions {
            let result = if taken.passed { "passed" } else { "did not pass" };
            let _ = writeln!(page, "* {}: {} on {}: {result}", taken.date, taken.body, taken.to);
        }
        page.push('\n');
    }
    let owed: Vec<_> = project.obligations.iter().filter(|owed| owed.met.is_none()).collect();
    if !owed.is_empty() {
        page.push_str("## Still to be done\n\n");
        for owed in owed {
            let _ = writeln!(page, "* {} ({})", line(&owed.obligation.text), line(&owed.obligation.by));
        }
        page.push('\n');
    }
    let liaisons: Vec<String> = project
        .liaisons
        .iter()
        .filter(|held| held.until.is_none())
        .map(|held| state.people.get(&held.what).map_or_else(|| held.what.to_string(), |one| line(&one.name)))
        .collect();
    if !liaisons.is_empty() {
        let _ = writeln!(page, "Liaisons: {}\n", liaisons.join(", "));
    }
    while page.ends_with("\n\n") {
        page.pop();
    }
    page
}

/// A text within a line of Markdown, without any effect.
pub fn line(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn cell(text: &str) -> String {
    line(text)
}
