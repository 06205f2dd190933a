//! What a policy leaves unclear or says twice ([`lint`]), and which reading applies and why. A policy with such findings can be
//! used; mistakes that it cannot be used with are [`super::read`]'s.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Channel, Level, Policy};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// The text is unclear; a reading is chosen.
    Unclear,
    /// The text contradicts itself; the more specific rule applies.
    Contradiction,
    /// The text contradicts itself and does not say which applies, or leaves something undecidable.
    Unresolved,
}

impl Weight {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Weight::Note => "note",
            Weight::Unclear => "unclear",
            Weight::Contradiction => "contradiction",
            Weight::Unresolved => "unresolved",
        }
    }
}

/// Something to be said about a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// A stable name of the kind of finding.
    pub code: &'static str,
    /// Where in the policy.
    pub at: Vec<String>,
    /// What.
    pub text: String,
    /// Which reading applies, and why.
    pub reading: Option<String>,
}

const CHANNELS: [Channel; 3] = [Channel::Meeting, Channel::Email, Channel::Forge];

/// Looks through a policy; what matters most first.
pub fn lint(policy: &Policy) -> Vec<Finding> {
    let mut found = Vec::new();
    votes(policy, &mut found);
    for rule in policy.vote_rules.iter().filter(|rule| rule.base_unstated) {
        found.push(Finding {
            weight: Weight::Unclear,
            code: "base-unstated",
            at: vec![rule.at.clone()],
            text: format!("{} does not say of what the share is taken", rule.id),
            reading: Some(format!("it is read as {}", rule.pass)),
        });
    }
    let mut unmarked: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for one in policy.criteria.iter().filter(|one| one.level == Level::Unmarked) {
        *unmarked.entry((one.stage.as_str(), one.path.join(" › "))).or_default() += 1;
    }
    for ((stage, path), number) in unmarked {
        found.push(Finding {
            weight: Weight::Unclear,
            code: "level-unmarked",
            at: vec![path],
            text: format!(
                "{number} criteria of {stage} stand under no heading that says whether they are required"
            ),
            reading: Some("they are read as required, as everything that is not suggested".to_owned()),
        });
    }
    for stage in &policy.stages {
        if !policy.transitions.iter().any(|transition| transition.to == stage.id) {
            found.push(Finding {
                weight: Weight::Unresolved,
                code: "unreachable-stage",
                at: vec![stage.name.clone()],
                text: format!("no transition leads to {}", stage.id),
                reading: None,
            });
        }
    }
    for remark in &policy.remarks {
        found.push(Finding {
            weight: Weight::Note,
            code: "remark",
            at: vec![remark.at.clone()],
            text: remark.text.clone(),
            reading: None,
        });
    }
    found.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.at.cmp(&b.at)));
    found
}

/// For every vote that a transition takes, which rules speak of it.
fn votes(policy: &Policy, found: &mut Vec<Finding>) {
    // The same two rules meet in many votes; they are told of once.
    let mut overridden: BTreeMap<(String, String, bool), Vec<String>> = BTreeMap::new();
    for transition in &policy.transitions {
        for decision in &transition.decisions {
            let selected: Vec<_> = CHANNELS
                .into_iter()
                .filter_map(|channel| {
                    policy
                        .vote_rule(&decision.body, channel, Some(&transition.to))
                        .map(|selected| (channel, selected))
                })
                .collect();
            if selected.is_empty() {
                found.push(Finding {
                    weight: Weight::Unresolved,
                    code: "no-vote-rule",
                    at: vec![transition.at.clone()],
                    text: format!(
                        "nothing says how {} votes on moving a project to {}",
                        decision.body, transition.to
                    ),
                    reading: None,
                });
            }
            for (channel, selected) in selected {
                let vote = format!("to {} by {}", transition.to, channel.name());
                let lists = [(selected.overridden, false), (selected.rivals, true)];
                for (others, rival) in lists {
                    for other in others {
                        let key = (selected.rule.id.to_string(), other.id.to_string(), rival);
                        let votes = overridden.entry(key).or_default();
                        if !votes.contains(&vote) {
                            votes.push(vote.clone());
                        }
                    }
                }
            }
        }
    }
    for ((rule, other, rival), votes) in overridden {
        let by_id = |id: &str| policy.vote_rules.iter().find(|rule| rule.id.as_str() == id);
        let (Some(rule), Some(other)) = (by_id(&rule), by_id(&other)) else { continue };
        let quorum = |rule: &super::VoteRule| match rule.quorum {
            Some(quorum) => format!(" with a quorum of {quorum}"),
            None => String::new(),
        };
        let reading = match rival {
            true => {
                format!("{} is taken, since it stands first; the text does not say which applies", rule.id)
            }
            false => {
                let why = match (rule.specificity(), other.specificity()) {
                    ((true, ..), (false, ..)) => "it names the stage, and the other does not",
                    ((_, true, _), (_, false, _)) => "it names the body, and the other does not",
                    _ => "it names how ballots are given, and the other does not",
                };
                format!("{} applies: the most specific rule wins, and {why}", rule.id)
            }
        };
        found.push(Finding {
            weight: if rival { Weight::Unresolved } else { Weight::Contradiction },
            code: "vote-rules-differ",
            at: vec![other.at.clone(), rule.at.clone()],
            text: format!(
                "for votes {}, {} asks for {}{}, and {} for {}{}",
                votes.join(", "),
                other.id,
                other.pass,
                quorum(other),
                rule.id,
                rule.pass,
                quorum(rule)
            ),
            reading: Some(reading),
        });
    }
}
