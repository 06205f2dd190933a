//! Security reviews: who takes part, which part of the package is there, and when it is final.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Applying, State};
use crate::domain::date::{PartialDate, days_later};
use crate::domain::fact::{
    ConflictStated, ConflictWaived, Evidence, PackagePart, ReviewApproved, ReviewFinalised, ReviewOrigin,
    ReviewPartDelivered, ReviewRequested, ReviewRole, ReviewerJoined,
};
use crate::domain::id::{PersonId, ProjectId, ReviewId};

/// A security review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Of which project.
    pub project: ProjectId,
    /// Who asked.
    pub origin: ReviewOrigin,
    /// When.
    pub requested: PartialDate,
    /// Who takes part.
    pub people: BTreeMap<PersonId, Reviewer>,
    /// The parts of the package.
    pub parts: BTreeMap<PackagePart, Delivered>,
    /// Who approved it.
    pub approvals: Vec<Approval>,
    /// When it became final.
    pub finalised: Option<PartialDate>,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reviewer {
    /// As what.
    pub role: ReviewRole,
    /// Whether they have reviewed before.
    pub experienced: bool,
    /// What they said about conflicts of interest.
    pub conflict: Option<ConflictOfInterest>,
}

/// A statement about conflicts of interest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConflictOfInterest {
    /// How many hard ones.
    pub hard: u8,
    /// How many soft ones.
    pub soft: u8,
    /// Why it was waived.
    pub waived: Option<String>,
}

/// A part of the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// When.
    pub date: PartialDate,
    /// By whom.
    pub by: Vec<PersonId>,
    /// Where it is.
    pub evidence: Option<Evidence>,
    /// Why it was not done.
    pub not_performed: Option<String>,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Who.
    pub person: PersonId,
    /// When.
    pub date: PartialDate,
}

impl Review {
    /// Those who take part as this.
    pub fn with_role(&self, role: ReviewRole) -> impl Iterator<Item = &PersonId> {
        self.people.iter().filter(move |(_, person)| person.role == role).map(|(id, _)| id)
    }

    /// Whether somebody takes part as this.
    fn is(&self, person: &PersonId, role: ReviewRole) -> bool {
        self.people.get(person).is_some_and(|person| person.role == role)
    }

    fn reviews(&self, person: &PersonId) -> bool {
        self.is(person, ReviewRole::LeadReviewer) || self.is(person, ReviewRole::Reviewer)
    }
}

/// The review that an address is a part of while that review is a draft.
pub(super) fn is_draft<'a>(state: &'a State, address: &str) -> Option<&'a ReviewId> {
    let found = state.reviews.iter().find(|(_, review)| {
        review.finalised.is_none()
            && review.parts.values().any(|part| part.evidence.as_ref().is_some_and(|one| one.at == address))
    });
    found.map(|(id, _)| id)
}

fn with(on: &mut Applying<'_>, id: &ReviewId, act: impl FnOnce(&mut Applying<'_>, &mut Review)) {
    let Some(mut review) = on.state.reviews.remove(id) else {
        return on.refuse("R17", format!("there is no security review {id}"), None);
    };
    if review.finalised.is_some() {
        on.refuse("R14", format!("the security review {id} is final; ask for a new one"), None);
    } else {
        act(on, &mut review);
    }
    on.state.reviews.insert(id.clone(), review);
}

pub(super) fn requested(on: &mut Applying<'_>, fact: &ReviewRequested) {
    if !on.state.projects.contains_key(&fact.project) {
        on.refuse("R17", format!("there is no project {}", fact.project), None);
    }
    if on.state.reviews.contains_key(&fact.review) {
        return on.refuse("R17", format!("there is a security review {} already", fact.review), None);
    }
    on.state.reviews.insert(
        fact.review.clone(),
        Review {
            project: fact.project.clone(),
            origin: fact.origin,
            requested: on.when,
            people: BTreeMap::new(),
            parts: BTreeMap::new(),
            approvals: Vec::new(),
            finalised: None,
        },
    );
}

pub(super) fn joined(on: &mut Applying<'_>, fact: &ReviewerJoined) {
    with(on, &fact.review, |on, review| {
        if let Some(earlier) = review.people.get(&fact.person)
            && earlier.role != fact.role
        {
            let lead = ReviewRole::ProjectLead;
            let text = match earlier.role == lead || fact.role == lead {
                true => format!("{} cannot both lead for the project and review it", fact.person),
                false => format!("{} takes part in another role already", fact.person),
            };
            return on.refuse("I11", text, None);
        }
        if fact.role == ReviewRole::LeadReviewer && !fact.experienced {
            let text = format!("{} has not reviewed before and cannot lead the reviewers", fact.person);
            on.refuse("I11", text, Some("a chair can lead with them, or let them review first".to_owned()));
        }
        let reviewer = Reviewer { role: fact.role, experienced: fact.experienced, conflict: None };
        review.people.insert(fact.person.clone(), reviewer);
    });
}

pub(super) fn conflict(on: &mut Applying<'_>, fact: &ConflictStated) {
    with(on, &fact.review, |on, review| match review.people.get_mut(&fact.person) {
        Some(person) => {
            person.conflict = Some(ConflictOfInterest { hard: fact.hard, soft: fact.soft, waived: None });
        }
        None => on.refuse("I11", format!("{} does not take part in the review", fact.person), None),
    });
}

pub(super) fn waived(on: &mut Applying<'_>, fact: &ConflictWaived) {
    with(on, &fact.review, |on, review| {
        let mut chairs: Vec<&PersonId> =
            fact.chairs.iter().filter(|chair| review.is(chair, ReviewRole::Chair)).collect();
        chairs.sort();
        chairs.dedup();
        if chairs.len() < 2 || !review.is(&fact.facilitator, ReviewRole::Facilitator) {
            let text = "a conflict of interest is waived by two chairs and the facilitator".to_owned();
            return on.refuse("I11", text, None);
        }
        if fact.reason.trim().is_empty() {
            return on.refuse("I11", "a waiver gives its reason".to_owned(), None);
        }
        match review.people.get_mut(&fact.person).and_then(|person| person.conflict.as_mut()) {
            Some(conflict) => conflict.waived = Some(fact.reason.clone()),
            None => on.refuse("I11", format!("{} has stated no conflict of interest", fact.person), None),
        }
    });
}

pub(super) fn delivered(on: &mut Applying<'_>, fact: &ReviewPartDelivered) {
    with(on, &fact.review, |on, review| {
        if fact.evidence.is_some() == fact.not_performed.is_some() {
            let text = "a part is either somewhere, or not done for a reason".to_owned();
            return on.refuse("I12", text, None);
        }
        let performed = fact.evidence.is_some();
        let by = |role: ReviewRole| fact.by.iter().any(|person| review.is(person, role));
        let by_reviewer = fact.by.iter().any(|person| review.reviews(person));
        let by_project = by(ReviewRole::ProjectLead);
        match fact.part {
            _ if !performed => {}
            PackagePart::SelfAssessment if !by_project => {
                on.refuse("R8", "the self-assessment is written by the project".to_owned(), None);
            }
            PackagePart::Presentation if !by_project => {
                on.refuse("R10", "the presentation is given by the project".to_owned(), None);
            }
            PackagePart::JointReview => {
                if !(by_project && by_reviewer) {
                    let text = "the joint review is made by reviewers and the project together".to_owned();
                    on.refuse("R9", text, None);
                }
                team(on, review);
                earliest(on, review);
            }
            PackagePart::JointReadme => {
                if !by_reviewer {
                    on.refuse("R11", "the joint README is written by the reviewers".to_owned(), None);
                }
                let joint = review.parts.get(&PackagePart::JointReview);
                if joint.is_none_or(|joint| on.when.before(joint.date)) {
                    let text = "the joint README comes at the end of the joint review".to_owned();
                    on.refuse("R11", text, None);
                }
            }
            PackagePart::SelfAssessment | PackagePart::Presentation => {}
        }
        let delivered = Delivered {
            date: on.when,
            by: fact.by.clone(),
            evidence: fact.evidence.clone(),
            not_performed: fact.not_performed.clone(),
        };
        review.parts.insert(fact.part, delivered);
    });
}

/// Who has to be there before reviewing together.
fn team(on: &mut Applying<'_>, review: &Review) {
    let wanted = on.state.policy(on.day()).and_then(|policy| policy.security_review.clone());
    let wanted = wanted.map_or(1, |wanted| wanted.reviewers);
    if review.with_role(ReviewRole::LeadReviewer).count() != 1 {
        on.refuse("I11", "one reviewer leads the others".to_owned(), None);
    }
    let others = review.with_role(ReviewRole::Reviewer).count();
    if others < wanted {
        let text = format!("there are {others} reviewers besides the lead; at least {wanted} are needed");
        on.refuse("I11", text, None);
    }
    for (id, person) in review.people.iter().filter(|(id, _)| review.reviews(id)) {
        match &person.conflict {
            None => {
                let text = format!("{id} has not said whether there is a conflict of interest");
                on.refuse("I11", text, None);
            }
            Some(conflict) if conflict.hard > 0 && conflict.waived.is_none() => {
                let text = format!("{id} has a conflict of interest that nobody waived");
                on.refuse("I11", text, None);
            }
            Some(_) => {}
        }
    }
}

/// Reviewers get time to read the self-assessment.
fn earliest(on: &mut Applying<'_>, review: &Review) {
    let Some(assessment) = review.parts.get(&PackagePart::SelfAssessment) else {
        return on.refuse("R9", "the joint review builds on the self-assessment".to_owned(), None);
    };
    let days = on.state.policy(on.day()).and_then(|policy| policy.security_review.as_ref());
    let Some(days) = days.map(|review| review.reviewing_days) else { return };
    let earliest = days_later(assessment.date.days().first, days);
    if on.when.days().last < earliest {
        let text =
            format!("reviewers have at least {days} days to read the self-assessment: until {earliest}");
        on.refuse("I11", text, None);
    }
}

pub(super) fn approved(on: &mut Applying<'_>, fact: &ReviewApproved) {
    with(on, &fact.review, |on, review| {
        if !review.people.contains_key(&fact.person) {
            return on.refuse("R14", format!("{} does not take part in the review", fact.person), None);
        }
        review.approvals.push(Approval { person: fact.person.clone(), date: on.when });
    });
}

pub(super) fn finalised(on: &mut Applying<'_>, fact: &ReviewFinalised) {
    with(on, &fact.review, |on, review| {
        let before = on.violations.len();
        for part in PackagePart::ALL {
            if !review.parts.contains_key(&part) {
                let text = format!("the package lacks the {}", part.name());
                on.refuse("I12", text, Some("deliver it, or say why it is not done".to_owned()));
            }
        }
        let chair = review.approvals.iter().any(|one| review.is(&one.person, ReviewRole::Chair));
        let reviewer = review.approvals.iter().any(|one| review.is(&one.person, ReviewRole::Reviewer));
        if !chair {
            on.refuse("R14", "no chair has approved the package".to_owned(), None);
        }
        if !reviewer {
            on.refuse("R14", "no reviewer besides the lead has approved the package".to_owned(), None);
        }
        if on.violations.len() == before {
            review.finalised = Some(on.when);
        }
    });
}
