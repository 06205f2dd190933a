//! Which of MITRE ATT&CK's tactics and techniques rules say they are about, by their tags: `T1059`, `T1059.004`,
//! `mitre_execution`, `TA0002`. [`Coverage`] is what a set of rules comes to. The table of techniques holds those for Linux,
//! containers and clouds; what rules name beyond it is kept as it is.

use std::collections::{BTreeMap, BTreeSet};

/// A tactic: why somebody does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tactic {
    /// Such as `TA0002`.
    pub id: &'static str,
    /// Such as `Execution`.
    pub name: &'static str,
    /// As tags have it after `mitre_`.
    pub tag: &'static str,
}

/// A technique: how somebody does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Technique {
    /// Such as `T1059`, or `T1059.004` for a part of it.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The tags of its tactics, separated by blanks.
    tactics: &'static str,
}

impl Technique {
    /// The tags of its tactics.
    pub fn tactics(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.tactics.split(' ')
    }

    /// The technique that it is a part of, or itself.
    pub fn parent(id: &str) -> &str {
        id.split('.').next().unwrap_or(id)
    }
}

/// The tactics, in the order of ATT&CK's matrix.
pub const TACTICS: [Tactic; 14] = [
    Tactic { id: "TA0043", name: "Reconnaissance", tag: "reconnaissance" },
    Tactic { id: "TA0042", name: "Resource Development", tag: "resource_development" },
    Tactic { id: "TA0001", name: "Initial Access", tag: "initial_access" },
    Tactic { id: "TA0002", name: "Execution", tag: "execution" },
    Tactic { id: "TA0003", name: "Persistence", tag: "persistence" },
    Tactic { id: "TA0004", name: "Privilege Escalation", tag: "privilege_escalation" },
    Tactic { id: "TA0005", name: "Defense Evasion", tag: "defense_evasion" },
    Tactic { id: "TA0006", name: "Credential Access", tag: "credential_access" },
    Tactic { id: "TA0007", name: "Discovery", tag: "discovery" },
    Tactic { id: "TA0008", name: "Lateral Movement", tag: "lateral_movement" },
    Tactic { id: "TA0009", name: "Collection", tag: "collection" },
    Tactic { id: "TA0011", name: "Command and Control", tag: "command_and_control" },
    Tactic { id: "TA0010", name: "Exfiltration", tag: "exfiltration" },
    Tactic { id: "TA0040", name: "Impact", tag: "impact" },
];

/// The techniques that are known by name, by id.
pub fn techniques() -> impl Iterator<Item = Technique> {
    include_str!("attack.tsv").lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.split('\t');
        Some(Technique { id: columns.next()?, name: columns.next()?, tactics: columns.next()? })
    })
}

/// What rules are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Rules by the tag of their tactic, each once.
    pub tactics: BTreeMap<String, BTreeSet<String>>,
    /// Rules by the id of their technique.
    pub techniques: BTreeMap<String, BTreeSet<String>>,
    /// Rules that name neither.
    pub untagged: BTreeSet<String>,
    /// How many rules there are.
    pub rules: usize,
}

impl Coverage {
    /// What rules with these names and tags are about.
    pub fn of<'r>(rules: impl IntoIterator<Item = (&'r str, &'r BTreeSet<String>)>) -> Self {
        let by_id: BTreeMap<&str, Technique> =
            techniques().map(|technique| (technique.id, technique)).collect();
        let mut coverage = Coverage::default();
        for (name, tags) in rules {
            coverage.rules += 1;
            let mut tactics: BTreeSet<String> = BTreeSet::new();
            let mut techniques: BTreeSet<String> = BTreeSet::new();
            for tag in tags {
                match Named::read(tag) {
                    Some(Named::Tactic(tactic)) => _ = tactics.insert(tactic),
                    Some(Named::Technique(id)) => _ = techniques.insert(id),
                    None => {}
                }
            }
            if tactics.is_empty() {
                // A technique has tactics of its own.
                let of_techniques = techniques
                    .iter()
                    .filter_map(|id| by_id.get(id.as_str()).or_else(|| by_id.get(Technique::parent(id))));
                tactics.extend(of_techniques.flat_map(Technique::tactics).map(str::to_string));
            }
            if tactics.is_empty() && techniques.is_empty() {
                coverage.untagged.insert(name.to_string());
            }
            for tactic in tactics {
                coverage.tactics.entry(tactic).or_default().insert(name.to_string());
            }
            for technique in techniques {
                coverage.techniques.entry(technique).or_default().insert(name.to_string());
            }
        }
        coverage
    }

    /// The techniques of a tactic that are known by name or that rules name, without those that are a part of another, and
    /// the rules about them or their parts.
    pub fn of_tactic(&self, tactic: &str) -> Vec<(String, &'static str, BTreeSet<&str>)> {
        let mut names: BTreeMap<String, &'static str> = BTreeMap::new();
        for technique in techniques().filter(|technique| technique.tactics().any(|own| own == tactic)) {
            if Technique::parent(technique.id) == technique.id {
                names.insert(technique.id.to_string(), technique.name);
            }
        }
        let all = names.into_iter().map(|(id, name)| {
            let rules = self.rules_about(&id);
            (id, name, rules)
        });
        all.collect()
    }

    /// The rules about a technique or a part of it.
    pub fn rules_about(&self, id: &str) -> BTreeSet<&str> {
        let all = self.techniques.iter().filter(|(known, _)| Technique::parent(known) == id);
        all.flat_map(|(_, rules)| rules).map(String::as_str).collect()
    }

    /// Ids of techniques that rules name and the table does not have.
    pub fn unknown(&self) -> Vec<&str> {
        let known: BTreeSet<&str> = techniques().map(|technique| technique.id).collect();
        let all = self.techniques.keys().map(String::as_str);
        all.filter(|id| !known.contains(id) && !known.contains(Technique::parent(id))).collect()
    }
}

/// What a tag names.
enum Named {
    Tactic(String),
    Technique(String),
}

impl Named {
    fn read(tag: &str) -> Option<Named> {
        let lower = tag.to_ascii_lowercase();
        let plain = lower.strip_prefix("mitre_").or_else(|| lower.strip_prefix("attack.")).unwrap_or(&lower);
        let plain = plain.replace('-', "_");
        let id = |text: &str| -> Option<String> {
            let digits = text.strip_prefix('t')?;
            let (main, part) = digits.split_once(['.', '_']).unwrap_or((digits, ""));
            let number =
                |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
            match part {
                "" if number(main, 4) => Some(format!("T{main}")),
                part if number(main, 4) && number(part, 3) => Some(format!("T{main}.{part}")),
                _ => None,
            }
        };
        if let Some(id) = id(&plain) {
            return Some(Named::Technique(id));
        }
        let tactic = TACTICS.iter().find(|tactic| {
            plain == tactic.id.to_ascii_lowercase() || (plain != lower && plain == tactic.tag)
        })?;
        Some(Named::Tactic(tactic.tag.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let all: Vec<Technique> = techniques().collect();
        assert!(all.len() > 150);
        for technique in &all {
            assert!(
                technique.tactics().all(|tag| TACTICS.iter().any(|tactic| tactic.tag == tag)),
                "{technique:?}"
            );
            assert!(all.iter().any(|other| other.id == Technique::parent(technique.id)), "{technique:?}");
        }
        assert!(all.is_sorted_by_key(|technique| technique.id));
    }

    #[test]
    fn tags_are_read_in_all_their_spellings() {
        let read = |tag: &str| match Named::read(tag) {
            Some(Named::Tactic(tactic)) => tactic,
            Some(Named::Technique(id)) => id,
            None => "-".to_string(),
        };
        for (tag, expected) in [
            ("T1059", "T1059"),
            ("t1059.004", "T1059.004"),
            ("attack.t1059_004", "T1059.004"),
            ("mitre_execution", "execution"),
            ("mitre_defense-evasion", "defense_evasion"),
            ("MITRE_Lateral_Movement", "lateral_movement"),
            ("TA0002", "execution"),
            ("execution", "-"),
            ("T105", "-"),
            ("container", "-"),
        ] {
            assert_eq!(read(tag), expected, "{tag}");
        }
    }
}
