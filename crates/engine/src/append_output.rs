//! What the configuration adds to the outputs of rules: Falco's `append_output`. Which rules an entry is for, the text that it
//! adds, and the fields that findings get besides those of their text. The fields' values are looked up in
//! `ruleset`.

use std::collections::{BTreeMap, BTreeSet};

/// One entry of Falco's `append_output`. What it does not name it does not ask for: the default entry is for all rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppendOutput {
    /// The name of the only rule that it is for.
    pub rule: Option<String>,
    /// The only source that it is for.
    pub source: Option<String>,
    /// Tags that a rule must all have.
    pub tags: BTreeSet<String>,
    /// Put after the output, with a blank between; an output format itself.
    pub extra_output: Option<String>,
    /// Fields that findings get; of several with one name the last counts.
    pub extra_fields: Vec<(String, ExtraField)>,
}

/// A field that a finding gets besides those of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtraField {
    /// The values of the field of that name, as it is: a number stays a number.
    Raw,
    /// The text that an output format comes to.
    Format(String),
}

impl ExtraField {
    /// The output format that stands for it.
    pub fn format(&self, name: &str) -> String {
        match self {
            ExtraField::Raw => format!("%{name}"),
            ExtraField::Format(format) => format.clone(),
        }
    }
}

impl AppendOutput {
    /// What Falco's `suggested_output` adds for these fields, which a plugin marks for it: `proc_name=%proc.name` and so on,
    /// for all rules of a source.
    pub fn suggested<'f>(source: &str, fields: impl IntoIterator<Item = &'f str>) -> Self {
        let texts: Vec<_> =
            fields.into_iter().map(|field| format!("{}=%{field}", field.replace('.', "_"))).collect();
        AppendOutput {
            source: Some(source.to_string()),
            extra_output: (!texts.is_empty()).then(|| texts.join(" ")),
            ..AppendOutput::default()
        }
    }

    /// Whether it is for the rule.
    pub fn is_for(&self, rule: &str, source: &str, tags: &BTreeSet<String>) -> bool {
        self.rule.as_ref().is_none_or(|wanted| wanted == rule)
            && self.source.as_ref().is_none_or(|wanted| wanted == source)
            && self.tags.is_subset(tags)
    }
}

/// The output of a rule with what is added to it, and the fields that its findings get besides.
pub(crate) fn appended(
    entries: &[AppendOutput],
    rule: &str,
    source: &str,
    tags: &BTreeSet<String>,
    output: &str,
) -> (String, BTreeMap<String, ExtraField>) {
    let mut text = output.to_string();
    let mut fields = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_for(rule, source, tags)) {
        if let Some(extra) = &entry.extra_output {
            text.push(' ');
            text.push_str(extra);
        }
        fields.extend(entry.extra_fields.iter().cloned());
    }
    (text, fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_for_the_rules_that_they_match() {
        let tags = |tags: &[&str]| -> BTreeSet<String> { tags.iter().map(ToString::to_string).collect() };
        let entry = |rule: Option<&str>, source: Option<&str>, wanted: &[&str], text: &str| AppendOutput {
            rule: rule.map(str::to_string),
            source: source.map(str::to_string),
            tags: tags(wanted),
            extra_output: Some(text.to_string()),
            extra_fields: vec![(text.to_string(), ExtraField::Raw)],
        };
        let entries = [
            entry(None, None, &[], "all"),
            entry(Some("Opens"), None, &[], "opens"),
            entry(None, Some("k8s_audit"), &[], "audit"),
            entry(None, Some("syscall"), &["fs", "etc"], "both"),
        ];
        let (text, fields) = appended(&entries, "Opens", "syscall", &tags(&["etc", "fs", "x"]), "out");
        assert_eq!(text, "out all opens both");
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["all", "both", "opens"]);
        let (text, _) = appended(&entries, "opens", "syscall", &tags(&["etc"]), "out");
        assert_eq!(text, "out all");
        let suggested = AppendOutput::suggested("syscall", ["container.id", "k8s.ns.name"]);
        assert_eq!(
            suggested.extra_output.as_deref(),
            Some("container_id=%container.id k8s_ns_name=%k8s.ns.name")
        );
    }
}
