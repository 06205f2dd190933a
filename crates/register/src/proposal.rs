//! A project's proposal for a stage, written from the register ([`proposal`]): every sentence has its ground ([`Ground`]), and what
//! nobody has shown yet is marked as what somebody has to attest. It cannot be built otherwise: a [`Claim`] without a ground does
//! not exist.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;

use crate::domain::date::PartialDate;
use crate::domain::fact::{Evidence, Precision, Verdict};
use crate::domain::id::StageId;
use crate::domain::policy::{Level, Policy};
use crate::domain::state::gates::{self, Standing};
use crate::domain::state::{Project, State};

/// What a sentence rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// Something that can be looked at, each with its date.
    Evidence(Vec<(String, PartialDate)>),
    /// What the register says happened on a day: a vote, a date.
    Register(String, PartialDate),
    /// Nothing yet: this person or body has to attest or judge it.
    Open(String),
}

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// What it says.
    pub text: String,
    /// What it rests on.
    pub ground: Ground,
}

/// A part of the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// What it is about, in the policy's sense; no claim about the project.
    pub asks: Option<String>,
    /// Its sentences.
    pub claims: Vec<Claim>,
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The project's name.
    pub name: String,
    /// The stage's name.
    pub stage: String,
    /// The version of the policy.
    pub policy: String,
    /// As of when.
    pub as_of: Date,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// The proposal of a project for a stage, as of a day.
pub fn proposal(state: &State, policy: &Policy, project: &Project, to: &StageId, day: Date) -> Proposal {
    let mut sections = vec![standing(project)];
    sections.extend(figures(project, day));
    for one in policy.criteria_for(to) {
        let found = gates::criterion(state, project, one, day);
        let level = match one.level {
            Level::Required => "required",
            Level::Suggested => "suggested",
            Level::Unmarked => "required, as not marked otherwise",
        };
        sections.push(Section {
            heading: format!("{} ({level})", one.id),
            asks: Some(one.text.clone()),
            claims: criterion_claims(project, one, &found, day),
        });
    }
    sections.extend(concerns(project));
    sections.extend(audits(project));
    Proposal {
        name: project.name.clone(),
        stage: policy.stage(to).map_or_else(|| to.to_string(), |stage| stage.name.clone()),
        policy: format!("{} {}", policy.policy, policy.version),
        as_of: day,
        sections,
    }
}

fn pieces(evidence: &[Evidence]) -> Vec<(String, PartialDate)> {
    evidence.iter().map(|one| (one.at.clone(), one.date)).collect()
}

fn shown(evidence: &[Evidence], else_by: &str) -> Ground {
    match evidence.is_empty() {
        false => Ground::Evidence(pieces(evidence)),
        true => Ground::Open(else_by.to_owned()),
    }
}

fn standing(project: &Project) -> Section {
    let mut claims = vec![Claim {
        text: format!("{} was submitted", project.name),
        ground: Ground::Register("submission".to_owned(), project.submitted),
    }];
    for span in &project.stages {
        let ground = match &span.vote {
            Some(vote) => Ground::Register(format!("vote {vote}"), span.entered),
            None => Ground::Open("the foundation: no vote is on record".to_owned()),
        };
        claims.push(Claim { text: format!("it has been in {} since {}", span.stage, span.entered), ground });
    }
    Section { heading: "Where the project stands".to_owned(), asks: None, claims }
}

/// The latest of each figure, with its growth since the project entered its stage.
fn figures(project: &Project, day: Date) -> Option<Section> {
    let mut keys: Vec<(&str, Option<&str>)> =
        project.metrics.iter().map(|one| (one.metric.as_str(), one.subject.as_deref())).collect();
    keys.sort_unstable();
    keys.dedup();
    let since = project.stages.last().map(|span| (span.stage.as_str(), span.entered));
    let mut claims = Vec::new();
    for (metric, subject) in keys {
        let of_it = project.metrics.iter().filter(|one| {
            one.metric == metric && one.subject.as_deref() == subject && one.date.days().first <= day
        });
        let Some(last) = of_it.max_by_key(|one| one.date.days().first) else { continue };
        let number = match last.precision {
            Precision::Exact => last.value.to_string(),
            Precision::AtLeast => format!("at least {}", last.value),
            Precision::About => format!("about {}", last.value),
        };
        let of = subject.map_or_else(String::new, |subject| format!(" of {subject}"));
        let growth = since.and_then(|(stage, entered)| {
            let percent = project.growth(metric, subject, entered.days().last)?;
            Some(format!(", {percent:+} % since {stage}"))
        });
        let caveat = last.caveat.as_ref().map_or_else(String::new, |caveat| format!(" ({caveat})"));
        claims.push(Claim {
            text: format!("{metric}{of}: {number}{}{caveat}", growth.unwrap_or_default()),
            ground: Ground::Evidence(pieces(std::slice::from_ref(&last.evidence))),
        });
    }
    if let Some((date, number, [passing, silver, gold])) =
        project.badges.iter().rfind(|(date, ..)| date.days().first <= day)
    {
        let at = format!("https://www.bestpractices.dev/projects/{number}");
        claims.push(Claim {
            text: format!("best practices badge: passing {passing} %, silver {silver} %, gold {gold} %"),
            ground: Ground::Evidence(vec![(at, *date)]),
        });
    }
    (!claims.is_empty()).then(|| Section { heading: "Figures".to_owned(), asks: None, claims })
}

fn criterion_claims(
    project: &Project,
    criterion: &crate::domain::policy::Criterion,
    found: &Standing,
    day: Date,
) -> Vec<Claim> {
    let who = found.act.clone().unwrap_or_else(|| "a maintainer".to_owned());
    let mut claims = Vec::new();
    let record = project.criteria.get(&criterion.id);
    for (date, claim, evidence) in record.iter().flat_map(|record| &record.assertions) {
        if date.days().first <= day {
            claims.push(Claim { text: claim.clone(), ground: shown(evidence, &who) });
        }
    }
    for one in project.attestations.iter().filter(|one| {
        one.date.days().first <= day
            && (one.about == criterion.id.as_str()
                || criterion.attested.as_ref().is_some_and(|wanted| wanted.about == one.about))
    }) {
        let of =
            one.organisation.as_ref().map_or_else(String::new, |organisation| format!("{organisation}: "));
        claims.push(Claim {
            text: format!("{of}{} (attested by {})", one.text, one.by),
            ground: shown(&one.evidence, &who),
        });
    }
    let latest =
        record.and_then(|record| record.evaluations.iter().rfind(|one| one.date.days().first <= day));
    let ground = match (found.verdict, latest) {
        (Verdict::Unknown | Verdict::Unmet, _) => Ground::Open(who),
        (_, Some(one)) if one.evidence.is_empty() => {
            Ground::Register(format!("looked at by {}", one.by), one.date)
        }
        (_, Some(one)) => Ground::Evidence(pieces(&one.evidence)),
        (_, None) => Ground::Register("the register".to_owned(), day.into()),
    };
    claims.push(Claim { text: format!("{}: {}", found.verdict.name(), found.reason), ground });
    claims
}

fn concerns(project: &Project) -> Option<Section> {
    let claims: Vec<Claim> = project
        .concerns
        .values()
        .map(|concern| match &concern.resolved {
            Some((_, how, evidence)) => Claim {
                text: format!("{} — {how}", concern.text),
                ground: Ground::Evidence(pieces(std::slice::from_ref(evidence))),
            },
            None => Claim {
                text: concern.text.clone(),
                ground: Ground::Open("the project: this concern is open".to_owned()),
            },
        })
        .collect();
    (!claims.is_empty()).then(|| Section {
        heading: "Concerns of the last due diligence".to_owned(),
        asks: None,
        claims,
    })
}

fn audits(project: &Project) -> Option<Section> {
    let mut claims = Vec::new();
    for (id, audit) in &project.audits {
        let sponsor = audit.sponsor.as_ref().map_or_else(String::new, |one| format!(", paid for by {one}"));
        claims.push(Claim {
            text: format!("{} audited {}{sponsor}", audit.vendor, audit.scope),
            ground: Ground::Evidence(pieces(std::slice::from_ref(&audit.report))),
        });
        for (name, finding) in project.findings.iter().filter(|(_, finding)| finding.audit == *id) {
            let text = format!("{name} ({}): {}", finding.severity.name(), finding.text);
            let ground = match &finding.resolved {
                Some((_, evidence)) => Ground::Evidence(pieces(std::slice::from_ref(evidence))),
                None => Ground::Open("the project: this finding is open".to_owned()),
            };
            claims.push(Claim { text, ground });
        }
    }
    (!claims.is_empty()).then(|| Section { heading: "Audits".to_owned(), asks: None, claims })
}

impl Proposal {
    /// What is still to be attested or judged: the heading, the sentence, and by whom.
    pub fn open(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.sections.iter().flat_map(|section| {
            section.claims.iter().filter_map(|claim| match &claim.ground {
                Ground::Open(who) => Some((section.heading.as_str(), claim.text.as_str(), who.as_str())),
                Ground::Evidence(_) | Ground::Register(..) => None,
            })
        })
    }

    /// The document.
    pub fn markdown(&self) -> String {
        let mut out = format!(
            "# {}: proposal for {}\n\nAs of {}, under {}. Each sentence ends with what it rests on; **to be attested** marks what does \
             not rest on anything yet.\n",
            line(&self.name),
            line(&self.stage),
            self.as_of,
            line(&self.policy)
        );
        for section in &self.sections {
            let _ = writeln!(out, "\n## {}\n", line(&section.heading));
            if let Some(asks) = &section.asks {
                let _ = writeln!(out, "> {}\n", line(asks));
            }
            for claim in &section.claims {
                let _ = writeln!(out, "* {} — {}", line(&claim.text), ground(&claim.ground));
            }
        }
        let open: Vec<_> = self.open().collect();
        if !open.is_empty() {
            let _ = writeln!(out, "\n## To be attested\n");
            for (heading, _, who) in open {
                let _ = writeln!(out, "- [ ] {} — {}", line(heading), line(who));
            }
        }
        out
    }
}

fn ground(ground: &Ground) -> String {
    match ground {
        Ground::Evidence(pieces) => {
            let each = |(at, date): &(String, PartialDate)| match at.starts_with("https://") {
                // An address in angle brackets is shown as it is; one that could end them is not linked.
                true if !at.contains(['<', '>', ' ', '\n']) => format!("<{at}>, {date}"),
                _ => format!("{}, {date}", line(at)),
            };
            pieces.iter().map(each).collect::<Vec<_>>().join("; ")
        }
        Ground::Register(what, date) => format!("{}, {date}", line(what)),
        Ground::Open(who) => format!("**to be attested** by {}", line(who)),
    }
}

/// A text within a line of Markdown, without any effect.
fn line(text: &str) -> String {
    crate::files::export::line(text)
}
