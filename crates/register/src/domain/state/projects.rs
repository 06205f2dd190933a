//! Projects: what is known of each, from its submission to its end. What a vote asks for before it opens is in
//! [`super::gates`].

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::foundation::held;
use super::reviews::is_draft;
use super::{
    Annual, Applying, Attestation, Audit, Change, Comment, Concern, Evaluated, Filed, Finding, Grant,
    GrowthPlan, Held, Interview, Legal, Measured, Notice, Owed, Presentation, Project, Question, Repository,
    Sponsor, StageSpan, State,
};
use crate::domain::date::PartialDate;
use crate::domain::fact::{
    AdopterInterviewed, Attested, Document, DocumentState, Evidence, Fact, ProjectSubmitted, Verdict, dollars,
};
use crate::domain::id::{CriterionId, ItemId, ProjectId, StageId, VoteId};
use crate::domain::policy::MetBy;

pub(super) fn submitted(on: &mut Applying<'_>, fact: &ProjectSubmitted) {
    if on.state.projects.contains_key(&fact.project) {
        return on.refuse("I1", format!("there is a project {} already", fact.project), None);
    }
    if let Some(same) = on.state.project(&fact.name) {
        let text = format!("{} is called `{}`, too", same.id, fact.name);
        on.flag("I1", text);
    }
    if let Some(parent) = &fact.parent
        && !on.state.projects.contains_key(parent)
    {
        on.refuse("C22", format!("it cannot be spun off from {parent}: there is no such project"), None);
    }
    check_answers(on, fact.answers.keys());
    if let (Some(stage), Some(policy)) = (&fact.preferred_stage, on.state.policy(on.day()))
        && policy.stage(stage).is_none()
    {
        let known: Vec<&str> = policy.stages.iter().map(|stage| stage.id.as_str()).collect();
        let help = format!("on that day there are {}", known.join(", "));
        on.refuse("C23", format!("the policy knows no stage `{stage}`"), Some(help));
    }
    let when = on.when;
    on.state.projects.insert(
        fact.project.clone(),
        Project {
            id: fact.project.clone(),
            name: fact.name.clone(),
            aliases: Vec::new(),
            kind: fact.kind,
            origin: fact.origin,
            parent: fact.parent.clone(),
            creator: fact.creator.clone(),
            repository: fact.repository.clone(),
            preferred_stage: fact.preferred_stage.clone(),
            submitted: when,
            answers: fact.answers.iter().map(|(item, text)| (item.clone(), (when, text.clone()))).collect(),
            presentations: Vec::new(),
            changes: BTreeMap::new(),
            informed: BTreeMap::new(),
            legal: Legal::default(),
            decisions: Vec::new(),
            stages: Vec::new(),
            notices: Vec::new(),
            comments: Vec::new(),
            sponsors: Vec::new(),
            conflicts: BTreeMap::new(),
            liaisons: Vec::new(),
            obligations: Vec::new(),
            criteria: BTreeMap::new(),
            attestations: Vec::new(),
            interviews: BTreeMap::new(),
            concerns: BTreeMap::new(),
            audits: BTreeMap::new(),
            findings: BTreeMap::new(),
            license_exceptions: BTreeMap::new(),
            metrics: Vec::new(),
            badges: Vec::new(),
            growth_plans: Vec::new(),
            reports: Vec::new(),
            annual_reviews: Vec::new(),
            missed_reviews: Vec::new(),
            grants: Vec::new(),
            raised_caps: BTreeMap::new(),
            assets: BTreeMap::new(),
            repositories: BTreeMap::new(),
        },
    );
}

fn check_answers<'a>(on: &mut Applying<'_>, items: impl Iterator<Item = &'a String>) {
    let Some(policy) = on.state.policy(on.day()) else { return };
    let unknown: Vec<String> =
        items.filter(|item| !policy.answers.iter().any(|answer| answer.id == **item)).cloned().collect();
    let (first, last) = (policy.answers.first(), policy.answers.last());
    let help = first.zip(last).map(|(first, last)| format!("its items are {} to {}", first.id, last.id));
    for item in unknown {
        on.refuse("C10", format!("the submission has no item `{item}`"), help.clone());
    }
}

/// A project enters a stage: by a vote, or as taken over from history.
pub(super) fn enter_stage(on: &mut Applying<'_>, id: &ProjectId, stage: &StageId, vote: Option<&VoteId>) {
    let (day, when, number) = (on.day(), on.when, on.number);
    let Some(project) = on.state.projects.get(id) else { return };
    let from = project.stage().cloned();
    let mut problems = Vec::new();
    if let Some(last) = project.stages.last()
        && when.before(last.entered)
    {
        problems.push(format!("{id} entered {} later, on {}", last.stage, last.entered));
    }
    if when.before(project.submitted) {
        problems.push(format!("{id} was submitted later, on {}", project.submitted));
    }
    let policy = on.state.policy(day);
    let transition = policy.and_then(|policy| policy.transition(from.as_ref(), stage));
    let obligations = transition.map(|transition| transition.obligations.clone()).unwrap_or_default();
    let ends = policy.and_then(|policy| policy.stage(stage)).is_some_and(|stage| stage.is_final);
    let mut help = None;
    let mut unchecked = None;
    match policy {
        // History may go back further than the versions that are known.
        None => {
            unchecked = Some(format!("no version of the policy is known for {day}: {stage} is not checked"))
        }
        Some(policy) if transition.is_none() => {
            problems.push(format!(
                "{} {} knows no way from {} to {stage}",
                policy.policy,
                policy.version,
                from.as_ref().map_or("proposed", StageId::as_str)
            ));
            help = Some(reachable(policy, from.as_ref()));
        }
        Some(_) => {}
    }
    for text in problems {
        on.refuse("I1", text, help.clone());
    }
    if let Some(text) = unchecked {
        on.flag("I1", text);
    }
    let Some(project) = on.state.projects.get_mut(id) else { return };
    project.stages.push(StageSpan {
        stage: stage.clone(),
        entered: when,
        vote: vote.cloned(),
        entry: number,
    });
    // What was owed for an earlier stage and is owed anew, or has become pointless, is not owed twice.
    project.obligations.retain(|owed| {
        let again = obligations.iter().any(|one| one.id == owed.obligation.id);
        owed.met.is_some() || !(again || ends)
    });
    project.obligations.extend(obligations.into_iter().map(|obligation| Owed {
        obligation,
        since: when,
        met: None,
    }));
    // Their task was to bring it here.
    for sponsor in &mut project.sponsors {
        sponsor.until.get_or_insert(when);
    }
}

pub(super) fn reachable(policy: &crate::domain::policy::Policy, from: Option<&StageId>) -> String {
    let reachable: Vec<&str> = policy.reachable(from).iter().map(|stage| stage.id.as_str()).collect();
    match reachable.is_empty() {
        true => "there is no way on from there".to_owned(),
        false => format!("from there it can go to {}", reachable.join(" or ")),
    }
}

/// Evidence has to be there already, to count still, and not to be a draft of a security review.
fn check_evidence(on: &mut Applying<'_>, evidence: &[Evidence]) {
    let (when, day) = (on.when, on.day());
    for one in evidence {
        if when.before(one.date) {
            let text = format!("the evidence {} is of {}, later than {when}", one.at, one.date);
            on.refuse("I10", text, None);
        }
        if let Some(expires) = one.expires.filter(|expires| *expires < day) {
            let text = format!("the evidence {} counted until {expires}, which is before {when}", one.at);
            on.refuse("I10", text, Some("look again, and name what there is now".to_owned()));
        }
        if let Some(review) = is_draft(on.state, &one.at) {
            let text = format!("{} is part of the security review {review}, which is a draft", one.at);
            let help = "a draft is only there to prepare the final package; finish it first".to_owned();
            on.refuse("R13", text, Some(help));
        }
    }
}

/// The project a fact is about.
fn project_of(fact: &Fact) -> Option<&ProjectId> {
    Some(match fact {
        Fact::ProjectRenamed(fact) => &fact.project,
        Fact::AnswersChanged(fact) => &fact.project,
        Fact::ProposalPresented(fact) => &fact.project,
        Fact::ChangeRequested(fact) => &fact.project,
        Fact::ChangeMade(fact) => &fact.project,
        Fact::BodyInformed(fact) => &fact.project,
        Fact::LegalSubmitted(fact) => &fact.project,
        Fact::DocumentFiled(fact) => &fact.project,
        Fact::TrademarksSettled(fact) => &fact.project,
        Fact::LegalQuestionRaised(fact) => &fact.project,
        Fact::LegalQuestionAnswered(fact) => &fact.project,
        Fact::StageEntered(fact) => &fact.project,
        Fact::NoticePosted(fact) => &fact.project,
        Fact::CommentOpened(fact) => &fact.project,
        Fact::SponsorNamed(fact) => &fact.project,
        Fact::SponsorReleased(fact) => &fact.project,
        Fact::ConflictDeclared(fact) => &fact.project,
        Fact::LiaisonAssigned(fact) => &fact.project,
        Fact::LiaisonReleased(fact) => &fact.project,
        Fact::ObligationMet(fact) => &fact.project,
        Fact::CriterionAsserted(fact) => &fact.project,
        Fact::CriterionEvaluated(fact) => &fact.project,
        Fact::Attested(fact) => &fact.project,
        Fact::AdopterInterviewed(fact) => &fact.project,
        Fact::ConcernRaised(fact) => &fact.project,
        Fact::ConcernResolved(fact) => &fact.project,
        Fact::AuditPublished(fact) => &fact.project,
        Fact::FindingRecorded(fact) => &fact.project,
        Fact::FindingResolved(fact) => &fact.project,
        Fact::LicenseExceptionFiled(fact) => &fact.project,
        Fact::MetricMeasured(fact) => &fact.project,
        Fact::BadgeMeasured(fact) => &fact.project,
        Fact::GrowthPlanSet(fact) => &fact.project,
        Fact::StatusReported(fact) => &fact.project,
        Fact::AnnualReviewHeld(fact) => &fact.project,
        Fact::AnnualReviewMissed(fact) => &fact.project,
        Fact::BenefitGranted(fact) => &fact.project,
        Fact::AssetHeld(fact) => &fact.project,
        Fact::RepositoryListed(fact) => &fact.project,
        Fact::PolicyAdopted(_)
        | Fact::SeatCreated(_)
        | Fact::SeatEnded(_)
        | Fact::SeatFilled(_)
        | Fact::SeatVacated(_)
        | Fact::PersonKnown(_)
        | Fact::OrganisationKnown(_)
        | Fact::FreezeSet(_)
        | Fact::MeetingHeld(_)
        | Fact::VoteOpened(_)
        | Fact::BallotCast(_)
        | Fact::SeatRecused(_)
        | Fact::ConsentGiven(_)
        | Fact::VoteClosed(_)
        | Fact::VoteVoided(_)
        | Fact::ProjectSubmitted(_)
        | Fact::ReviewRequested(_)
        | Fact::ReviewerJoined(_)
        | Fact::ConflictStated(_)
        | Fact::ConflictWaived(_)
        | Fact::ReviewPartDelivered(_)
        | Fact::ReviewApproved(_)
        | Fact::ReviewFinalised(_)
        | Fact::CampaignOpened(_)
        | Fact::CampaignJoined(_)
        | Fact::SnapshotTaken(_)
        | Fact::IdentifierRegistered(_)
        | Fact::EntryRetracted(_) => return None,
    })
}

impl Fact {
    /// The project that it is about, if it is about one.
    pub fn project(&self) -> Option<&ProjectId> {
        match self {
            Fact::ProjectSubmitted(fact) => Some(&fact.project),
            Fact::VoteOpened(fact) => fact.motion.project(),
            Fact::ReviewRequested(fact) => Some(&fact.project),
            Fact::CampaignJoined(fact) => Some(&fact.project),
            Fact::SnapshotTaken(fact) => Some(&fact.project),
            other => project_of(other),
        }
    }
}

/// What the register itself shows to be done is owed no more.
fn settle(on: &Applying<'_>, project: &mut Project, shown: MetBy) {
    let evidence =
        Evidence { at: format!("entry {}", on.number), date: on.when, expires: None, sha256: None };
    for owed in &mut project.obligations {
        if owed.met.is_none() && owed.obligation.met_by == Some(shown) {
            owed.met = Some((on.when, evidence.clone()));
        }
    }
}

/// Applies a fact about one project.
pub(super) fn apply(on: &mut Applying<'_>, fact: &Fact) {
    let Some(id) = project_of(fact) else { return };
    if let Fact::StageEntered(fact) = fact {
        if !on.state.projects.contains_key(id) {
            return on.refuse("I1", format!("there is no project {id}"), None);
        }
        return enter_stage(on, id, &fact.stage, None);
    }
    // Taken out, so that the rest of the state can be looked at meanwhile.
    let Some(mut project) = on.state.projects.remove(id) else {
        let near = eyrie_lang::closest(id.as_str(), on.state.projects.keys().map(ProjectId::as_str));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        return on.refuse("I1", format!("there is no project {id}"), help);
    };
    if on.when.before(project.submitted) {
        on.refuse("I1", format!("{id} was submitted later, on {}", project.submitted), None);
    }
    one(on, &mut project, fact);
    on.state.projects.insert(id.clone(), project);
}

fn one(on: &mut Applying<'_>, project: &mut Project, fact: &Fact) {
    let when = on.when;
    match fact {
        Fact::ProjectRenamed(fact) => {
            let old = std::mem::replace(&mut project.name, fact.name.clone());
            project.aliases.push(old);
        }
        Fact::AnswersChanged(fact) => {
            check_answers(on, fact.answers.keys());
            for (item, text) in &fact.answers {
                project.answers.insert(item.clone(), (when, text.clone()));
            }
        }
        Fact::ProposalPresented(fact) => match held(on, &fact.meeting, None) {
            Ok(meeting) => project.presentations.push(Presentation {
                meeting: fact.meeting.clone(),
                body: meeting.body,
                date: when,
            }),
            Err(text) => on.refuse("C10", text, None),
        },
        Fact::ChangeRequested(fact) => {
            let change = Change { text: fact.text.clone(), requested: when, made: None };
            if project.changes.insert(fact.change.clone(), change).is_some() {
                on.refuse("C11", format!("there is a change request {} already", fact.change), None);
            }
        }
        Fact::ChangeMade(fact) => {
            check_evidence(on, std::slice::from_ref(&fact.evidence));
            match project.changes.get_mut(&fact.change) {
                Some(change) => change.made = Some((when, fact.evidence.clone())),
                None => on.refuse("C11", format!("nobody asked for a change {}", fact.change), None),
            }
        }
        Fact::BodyInformed(fact) => {
            project.informed.entry(fact.body.clone()).or_insert(when);
        }
        Fact::LegalSubmitted(fact) => {
            project.legal.submitted = Some(when);
            project.legal.contribution_agreement = fact.contribution_agreement;
        }
        Fact::DocumentFiled(fact) => {
            let filed = project.legal.documents.entry(fact.document).or_insert_with(|| Filed {
                state: fact.state,
                date: when,
                approved: None,
                in_repository: None,
                url: None,
            });
            filed.state = fact.state;
            filed.date = when;
            filed.url = fact.url.clone().or_else(|| filed.url.clone());
            match fact.state {
                DocumentState::Approved => filed.approved = fact.sha256.clone(),
                DocumentState::InRepository => filed.in_repository = fact.sha256.clone(),
                DocumentState::Drafted => {}
            }
            let same = filed.approved.as_ref().zip(filed.in_repository.as_ref()).map(|(a, b)| a == b);
            match same {
                Some(false) => {
                    let text = format!(
                        "the {} in the repository of {} is not the one that was approved",
                        fact.document.name(),
                        project.id
                    );
                    on.flag("C21", text);
                }
                Some(true) if fact.document == Document::Charter => settle(on, project, MetBy::Charter),
                _ => {}
            }
        }
        Fact::TrademarksSettled(fact) => project.legal.trademarks = Some(fact.state),
        Fact::LegalQuestionRaised(fact) => {
            let question =
                Question { text: fact.text.clone(), referred: fact.referred, raised: when, answered: None };
            project.legal.questions.insert(fact.question.clone(), question);
        }
        Fact::LegalQuestionAnswered(fact) => match project.legal.questions.get_mut(&fact.question) {
            Some(question) => question.answered = Some((when, fact.text.clone())),
            None => on.refuse("C19", format!("there is no legal question {}", fact.question), None),
        },
        Fact::NoticePosted(fact) => {
            project.notices.push(Notice { url: fact.url.clone(), posted: when });
        }
        Fact::CommentOpened(fact) => {
            let day = on.day();
            if let Some(freeze) = on.state.frozen(day) {
                let text = format!(
                    "no comment period opens between {} and {}, for {}",
                    freeze.first, freeze.last, freeze.name
                );
                on.refuse("I9", text, None);
            }
            if fact.last < day {
                on.refuse("I9", format!("the comment period ends on {}, before it opens", fact.last), None);
            }
            project.comments.push(Comment { kind: fact.kind.clone(), opened: when, last: fact.last });
        }
        Fact::SponsorNamed(fact) => {
            let day = on.day();
            if !on.state.seats(&fact.body, day).contains(&fact.seat) {
                let text = format!("{} has no seat {} on {day}", fact.body, fact.seat);
                on.refuse("I5", text, None);
            }
            if let Some(conflict) = project.conflicts.get(&fact.seat) {
                let text = format!("{} has an interest in {}: {conflict}", fact.seat, project.id);
                on.refuse("I5", text, None);
            }
            let limit = on.state.policy(day).and_then(|policy| policy.sponsor_limit.clone());
            let others = on.state.projects.values();
            let running = others.filter(|other| other.sponsors().any(|one| one.seat == fact.seat)).count();
            if let (Some(limit), None) = (limit, &fact.exception)
                && running >= limit.at_most
            {
                let text = format!(
                    "{} sponsors {running} projects already; at most {} at a time ({})",
                    fact.seat, limit.at_most, limit.at
                );
                on.refuse("I5", text, Some("say why with an exception, or release one".to_owned()));
            }
            project.sponsors.push(Sponsor {
                body: fact.body.clone(),
                seat: fact.seat.clone(),
                since: when,
                until: None,
            });
        }
        Fact::SponsorReleased(fact) => {
            let sponsor =
                project.sponsors.iter_mut().find(|one| one.seat == fact.seat && one.until.is_none());
            match sponsor {
                Some(sponsor) => sponsor.until = Some(when),
                None => on.refuse("I5", format!("{} does not sponsor {}", fact.seat, project.id), None),
            }
        }
        Fact::ConflictDeclared(fact) => {
            project.conflicts.insert(fact.seat.clone(), fact.text.clone());
        }
        Fact::LiaisonAssigned(fact) => {
            if !on.state.people.contains_key(&fact.person) {
                on.refuse("C3", format!("nobody knows a person {}", fact.person), None);
            }
            project.liaisons.push(Held { what: fact.person.clone(), since: when, until: None });
            settle(on, project, MetBy::Liaison);
        }
        Fact::LiaisonReleased(fact) => {
            let liaison =
                project.liaisons.iter_mut().find(|one| one.what == fact.person && one.until.is_none());
            match liaison {
                Some(liaison) => liaison.until = Some(when),
                None => {
                    on.refuse("C3", format!("{} is no liaison of {}", fact.person, project.id), None);
                }
            }
        }
        Fact::ObligationMet(fact) => {
            check_evidence(on, std::slice::from_ref(&fact.evidence));
            let owed = project
                .obligations
                .iter_mut()
                .find(|owed| owed.obligation.id == fact.obligation && owed.met.is_none());
            match owed {
                Some(owed) => owed.met = Some((when, fact.evidence.clone())),
                None => {
                    on.refuse("C32", format!("{} does not owe `{}`", project.id, fact.obligation), None);
                }
            }
        }
        Fact::Attested(fact) => attested(on, project, fact),
        Fact::AdopterInterviewed(fact) => interviewed(project, when, fact),
        Fact::BenefitGranted(fact) => granted(on, project, fact),
        Fact::AnnualReviewHeld(_) | Fact::AnnualReviewMissed(_) => annual(on, project, fact),
        other => evidence_of(on, project, other),
    }
}

fn attested(on: &mut Applying<'_>, project: &mut Project, fact: &Attested) {
    check_evidence(on, &fact.evidence);
    if let Some(organisation) = &fact.organisation
        && !on.state.organisations.contains_key(organisation)
    {
        on.refuse("C35", format!("nobody knows an organisation {organisation}"), None);
    }
    project.attestations.push(Attestation {
        about: fact.about.clone(),
        date: on.when,
        by: on.by.to_owned(),
        organisation: fact.organisation.clone(),
        text: fact.text.clone(),
        independent: fact.independent,
        evidence: fact.evidence.clone(),
    });
}

fn interviewed(project: &mut Project, date: PartialDate, fact: &AdopterInterviewed) {
    let interview =
        Interview { adopter: fact.adopter.clone(), date, summary_approved: fact.summary_approved };
    project.interviews.insert(fact.interview.clone(), interview);
}

fn granted(on: &mut Applying<'_>, project: &mut Project, fact: &crate::domain::fact::BenefitGranted) {
    let (day, when) = (on.day(), on.when);
    let Some(policy) = on.state.policy(day) else {
        return on.refuse("C7", format!("no version of the policy is in force on {day}"), None);
    };
    let ended = project.stage().and_then(|stage| policy.stage(stage)).is_some_and(|stage| stage.is_final);
    let accepted = project.stage().is_some();
    let Some(benefit) = policy.benefit(&fact.benefit).cloned() else {
        let known: Vec<&str> = policy.benefits.iter().map(|benefit| benefit.id.as_str()).collect();
        let help = format!("there are {}", known.join(", "));
        return on.refuse("C3", format!("the policy knows no benefit `{}`", fact.benefit), Some(help));
    };
    let rule = benefit.rule.as_deref().unwrap_or("I7").to_owned();
    if ended {
        let text = format!("{} has reached its end; it draws on no resources", project.id);
        on.refuse("C44", text, None);
    } else if !accepted {
        on.refuse("C7", format!("{} is not accepted yet", project.id), None);
    }
    let year = day.year();
    let earlier = project
        .grants
        .iter()
        .filter(|one| one.benefit == fact.benefit && one.date.days().first.year() == year);
    let (cents, count) =
        earlier.fold((fact.cents, fact.count), |(cents, count), one| (cents + one.cents, count + one.count));
    let raised = fact.raised_by.as_ref().map(|vote| (vote, project.raised_caps.get(vote)));
    let cap = match raised {
        Some((vote, None)) => {
            on.refuse("I7", format!("the vote {vote} raised no limit of {}", project.id), None);
            benefit.cap.map(|cap| cap.cents_a_year)
        }
        Some((vote, Some((raised, _)))) if *raised != fact.benefit => {
            on.refuse("I7", format!("the vote {vote} is about {raised}"), None);
            benefit.cap.map(|cap| cap.cents_a_year)
        }
        Some((_, Some((_, cents)))) => Some(*cents),
        None => benefit.cap.map(|cap| cap.cents_a_year),
    };
    if let Some(cap) = cap.filter(|cap| cents > *cap) {
        let text = format!(
            "{} would get {} of {} in {year}; at most {}",
            project.id,
            dollars(cents),
            fact.benefit,
            dollars(cap)
        );
        on.refuse(&rule, text, Some("a vote of the body can raise the limit".to_owned()));
    }
    if let Some(most) = benefit.at_most.filter(|most| count > *most) {
        let text = format!("{} would get {count} of {} in {year}; at most {most}", project.id, fact.benefit);
        on.refuse(&rule, text, None);
    }
    project.grants.push(Grant {
        benefit: fact.benefit.clone(),
        date: when,
        cents: fact.cents,
        count: fact.count,
    });
}

fn annual(on: &mut Applying<'_>, project: &mut Project, fact: &Fact) {
    let (day, when) = (on.day(), on.when);
    let policy = on.state.policy(day);
    let stage = project.stage().and_then(|stage| policy.and_then(|policy| policy.stage(stage)));
    let ended = stage.is_some_and(|stage| stage.is_final);
    let parts: Vec<ItemId> = policy
        .and_then(|policy| policy.annual_review.as_ref())
        .map(|review| review.parts.iter().map(|part| part.id.clone()).collect())
        .unwrap_or_default();
    if project.stage().is_none() || ended {
        let why = if ended { "has reached its end" } else { "is not accepted yet" };
        on.refuse("I6", format!("{} {why}; there is no yearly review", project.id), None);
    }
    match fact {
        Fact::AnnualReviewHeld(fact) => {
            if let Some(meeting) = &fact.meeting
                && let Err(text) = held(on, meeting, None)
            {
                on.refuse("C46", text, None);
            }
            for part in parts.iter().filter(|part| !fact.parts.contains_key(*part)) {
                on.refuse("C46", format!("the yearly review says nothing to `{part}`"), None);
            }
            for part in fact.parts.keys().filter(|part| !parts.contains(part)) {
                on.refuse("C46", format!("the yearly review has no part `{part}`"), None);
            }
            project.annual_reviews.push(Annual {
                date: when,
                meeting: fact.meeting.clone(),
                parts: fact.parts.clone(),
            });
        }
        _ => project.missed_reviews.push(when),
    }
}

fn evidence_of(on: &mut Applying<'_>, project: &mut Project, fact: &Fact) {
    let when = on.when;
    match fact {
        Fact::CriterionAsserted(fact) => {
            known_criterion(on, &fact.criterion);
            check_evidence(on, &fact.evidence);
            let record = project.criteria.entry(fact.criterion.clone()).or_default();
            record.assertions.push((when, fact.claim.clone(), fact.evidence.clone()));
        }
        Fact::CriterionEvaluated(fact) => {
            known_criterion(on, &fact.criterion);
            check_evidence(on, &fact.evidence);
            if fact.verdict == Verdict::Waived {
                let text = "a criterion is waived by a vote".to_owned();
                on.refuse("I8", text, Some("open a vote with the motion to waive it".to_owned()));
            }
            let record = project.criteria.entry(fact.criterion.clone()).or_default();
            record.evaluations.push(Evaluated {
                date: when,
                by: on.by.to_owned(),
                verdict: fact.verdict,
                reason: fact.reason.clone(),
                evidence: fact.evidence.clone(),
            });
        }
        Fact::ConcernRaised(fact) => {
            let concern = Concern {
                text: fact.text.clone(),
                raised_by: fact.raised_by.clone(),
                raised: when,
                resolved: None,
            };
            project.concerns.insert(fact.concern.clone(), concern);
        }
        Fact::ConcernResolved(fact) => {
            check_evidence(on, std::slice::from_ref(&fact.evidence));
            match project.concerns.get_mut(&fact.concern) {
                Some(concern) => {
                    concern.resolved = Some((when, fact.text.clone(), fact.evidence.clone()));
                }
                None => on.refuse("F38", format!("there is no concern {}", fact.concern), None),
            }
        }
        Fact::AuditPublished(fact) => {
            check_evidence(on, std::slice::from_ref(&fact.report));
            let audit = Audit {
                vendor: fact.vendor.clone(),
                sponsor: fact.sponsor.clone(),
                scope: fact.scope.clone(),
                date: when,
                report: fact.report.clone(),
            };
            project.audits.insert(fact.audit.clone(), audit);
        }
        Fact::FindingRecorded(fact) => {
            if !project.audits.contains_key(&fact.audit) {
                on.refuse("F23", format!("there is no audit {}", fact.audit), None);
            }
            let finding = Finding {
                audit: fact.audit.clone(),
                severity: fact.severity,
                text: fact.text.clone(),
                resolved: None,
            };
            project.findings.insert(fact.finding.clone(), finding);
        }
        Fact::FindingResolved(fact) => {
            check_evidence(on, std::slice::from_ref(&fact.evidence));
            match project.findings.get_mut(&fact.finding) {
                Some(finding) => finding.resolved = Some((when, fact.evidence.clone())),
                None => on.refuse("F26", format!("there is no finding {}", fact.finding), None),
            }
        }
        Fact::LicenseExceptionFiled(fact) => {
            project.license_exceptions.insert(fact.exception.clone(), fact.state);
        }
        Fact::MetricMeasured(fact) => {
            check_evidence(on, std::slice::from_ref(&fact.evidence));
            project.metrics.push(Measured {
                metric: fact.metric.clone(),
                subject: fact.subject.clone(),
                date: when,
                value: fact.value,
                precision: fact.precision,
                evidence: fact.evidence.clone(),
                caveat: fact.caveat.clone(),
            });
        }
        Fact::BadgeMeasured(fact) => {
            for (level, percent) in [("passing", fact.passing), ("silver", fact.silver), ("gold", fact.gold)]
            {
                if percent > 100 {
                    on.refuse("F22", format!("{percent} percent of {level} is more than all"), None);
                }
            }
            let last = project.badges.last().map(|(_, _, levels)| levels[0]);
            if last == Some(100) && fact.passing < 100 {
                on.flag("F21", format!("{} held the passing badge and lost it", project.id));
            }
            project.badges.push((when, fact.number, [fact.passing, fact.silver, fact.gold]));
        }
        Fact::GrowthPlanSet(fact) => {
            let day = on.day();
            let with_liaison =
                fact.authors.iter().any(|author| project.liaisons(day).any(|one| one == author));
            project.growth_plans.push(GrowthPlan {
                date: when,
                authors: fact.authors.clone(),
                goals: fact.goals.clone(),
                with_liaison,
                url: fact.url.clone(),
            });
            settle(on, project, MetBy::GrowthPlan);
        }
        Fact::StatusReported(fact) => project.reports.push((when, fact.text.clone())),
        Fact::AssetHeld(fact) => {
            project.assets.insert(fact.asset.clone(), (fact.owner.clone(), fact.renew));
        }
        Fact::RepositoryListed(fact) => {
            let repository =
                Repository { check_sets: fact.check_sets.clone(), status: fact.status, since: when };
            project.repositories.insert(fact.repository.clone(), repository);
        }
        _ => {}
    }
}

fn known_criterion(on: &mut Applying<'_>, criterion: &CriterionId) {
    // Of any version: an application may answer the criteria of the version it began with.
    let known =
        |policy: &crate::domain::policy::Policy| policy.criteria.iter().any(|one| one.id == *criterion);
    if !on.state.policies.iter().any(known) {
        let all = on.state.policies.iter().flat_map(|policy| &policy.criteria).map(|one| one.id.as_str());
        let help = eyrie_lang::closest(criterion.as_str(), all).map(|near| format!("did you mean `{near}`?"));
        on.refuse("I8", format!("no version of the policy has a criterion `{criterion}`"), help);
    }
}

impl State {
    /// The freeze that is on, if one is.
    pub fn frozen(&self, day: Date) -> Option<&super::Freeze> {
        self.freezes.iter().find(|freeze| freeze.first <= day && day <= freeze.last)
    }
}
