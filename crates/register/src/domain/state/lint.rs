//! What should be looked at on a day, though nothing was refused: reviews that are due, projects without a liaison, promises that
//! were not kept.

use jiff::civil::Date;

use super::{State, Violation};
use crate::domain::date::{PartialDate, months_later};
use crate::domain::fact::{Document, DocumentState};

/// Everything to be looked at on this day, by project.
pub fn lint(state: &State, day: Date) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut say = |rule: &str, text: String, help: Option<String>| {
        found.push(Violation { rule: rule.to_owned(), entry: None, refused: false, text, help });
    };
    let Some(policy) = state.policy(day) else {
        say("C2", format!("no version of the policy is in force on {day}"), None);
        return found;
    };
    for project in state.projects.values() {
        let id = &project.id;
        let Some(stage) = project.stage() else { continue };
        let ended = policy.stage(stage).is_some_and(|stage| stage.is_final);
        if let Some(rule) = policy.liaisons.as_ref().filter(|_| !ended)
            && project.liaisons(day).next().is_none()
        {
            say(rule, format!("{id} has no liaison"), Some("record `liaison-assigned`".to_owned()));
        }
        if let Some(due) = state.annual_review_due(&project.id, day).filter(|due| *due < day) {
            let missed = project.missed_reviews.iter().filter(|date| date.days().last >= due).count();
            let shows =
                if missed > 0 { format!("; it did not come {missed} time(s)") } else { String::new() };
            say("I6", format!("the yearly review of {id} was due on {due}{shows}"), None);
        }
        for owed in project.obligations.iter().filter(|owed| owed.met.is_none()) {
            let rule = owed.obligation.rule.as_deref().unwrap_or("C32");
            let text =
                format!("{id} owes since {}: {} ({})", owed.since, owed.obligation.text, owed.obligation.id);
            say(rule, text, Some(format!("{} does", owed.obligation.by)));
        }
        for span in project.stages.iter().filter(|span| span.vote.is_none()) {
            say("I1", format!("{id} entered {} on {} by no vote on record", span.stage, span.entered), None);
        }
        if let Some(charter) = project.legal.documents.get(&Document::Charter)
            && charter.state == DocumentState::InRepository
            && let (Some(approved), Some(there)) = (&charter.approved, &charter.in_repository)
            && approved != there
        {
            say("C21", format!("the charter in the repository of {id} is not the approved one"), None);
        }
        for (asset, (_, renew)) in &project.assets {
            if let Some(renew) = renew.filter(|renew| *renew <= months_later(day, 1)) {
                say("C6", format!("{asset} of {id} has to be renewed by {renew}"), None);
            }
        }
    }
    found
}

impl State {
    /// When the next yearly review of a project is due: so many months after the last, or after it was accepted. None for
    /// projects that are not accepted, or have reached their end, and where the policy asks for none.
    pub fn annual_review_due(&self, project: &crate::domain::id::ProjectId, day: Date) -> Option<Date> {
        let policy = self.policy(day)?;
        let review = policy.annual_review.as_ref()?;
        let project = self.projects.get(project)?;
        let stage = policy.stage(project.stage()?)?;
        if stage.is_final {
            return None;
        }
        let last = project.annual_reviews.last().map(|annual| annual.date);
        let since: PartialDate = last.or_else(|| project.stages.first().map(|span| span.entered))?;
        Some(months_later(since.days().last, review.every_months))
    }
}
