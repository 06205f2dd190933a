//! The records of kind `insights`: OpenSSF Security Insights manifests.

use super::Facts;
use super::files::unreadable;
use crate::kind::Kind;
use crate::parse::insights::{Insights, SchemaVersion};
use crate::parse::problem::Severity;
use crate::record::{FieldValue, Record, RecordSet};
use crate::tree::{EntryKind, split_path};

/// Where a manifest may be, in the order in which it is looked for. Names are told exactly.
const PATHS: [&str; 3] = ["security-insights.yml", ".github/security-insights.yml", "SECURITY-INSIGHTS.yml"];

const MAX_BYTES: usize = 1 << 20;

/// Whether a path is one that a manifest may have.
pub(super) fn is_insights(path: &[u8]) -> bool {
    PATHS.iter().any(|known| known.as_bytes() == path)
}

pub(super) fn read(facts: &Facts) -> RecordSet {
    let (tree, files) = (&*facts.sources.tree, facts.files());
    let mut set = RecordSet::default();
    // The major version of each, or why it cannot be read.
    let mut versions = Vec::new();
    for path in PATHS {
        let Some(at) = files.find(path.as_bytes()) else { continue };
        let Some(target) = files.resolved_file(tree, at) else { continue };
        let named = |record: Record| {
            record
                .with("insights.path", path)
                .with("insights.name", split_path(path.as_bytes()).1)
                .with("insights.is_symlink", files.records()[at].entry.kind == EntryKind::Link)
        };
        let content = match tree.read(&target.entry, MAX_BYTES) {
            Ok(content) => content,
            Err(error) => {
                let missing = unreadable(facts, path.as_bytes(), &error);
                versions.push(Err(missing));
                let record = named(Record::unread(Kind::Insights, missing));
                set.records.push(record.seen_at(path.as_bytes(), None));
                continue;
            }
        };
        let insights = Insights::parse(&content.bytes);
        let problem = insights.problems.iter().find(|problem| problem.severity == Severity::Error);
        let major = insights.version.map(|version| match version {
            SchemaVersion::V1 => 1,
            SchemaVersion::V2 => 2,
        });
        versions.push(Ok(major));
        let line = problem.map(|problem| problem.span.line);
        let record = named(Record::new(Kind::Insights))
            .with("insights.major", major)
            .with("insights.is_valid", insights.is_valid())
            .with("insights.problem", problem.map(ToString::to_string))
            .with(
                "insights.dependency_policy",
                insights.values.dependency_policy.as_ref().map(|url| &url.text),
            )
            .seen_at(path.as_bytes(), line);
        set.records.push(record);
    }
    // The first whose version cannot be told ends the search, as does the first of version 2.
    let end = versions.iter().position(|major| *major != Ok(Some(1)));
    for (at, record) in set.records.iter_mut().enumerate() {
        let is_chosen: FieldValue = match end.map(|end| (end, &versions[end])) {
            // It may end the search, or a later one, or none and the first is taken.
            Some((end, Err(missing))) if at == 0 || at >= end => (*missing).into(),
            Some((end, Ok(_))) => (at == end).into(),
            Some((_, Err(_))) => false.into(),
            None => (at == 0).into(),
        };
        record.set("insights.is_chosen", is_chosen);
    }
    set
}
