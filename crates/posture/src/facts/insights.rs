//! The records of kind `insights`: OpenSSF Security Insights manifests.

use super::Facts;
use crate::kind::Kind;
use crate::parse::insights::{Insights, SchemaVersion};
use crate::parse::problem::Severity;
use crate::record::{Record, RecordSet};
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
    let mut versions = Vec::new();
    for path in PATHS {
        let Some(at) = files.find(path.as_bytes()) else { continue };
        let Some(target) = files.resolved_file(tree, at) else { continue };
        let Ok(content) = tree.read(&target.entry, MAX_BYTES) else { continue };
        let insights = Insights::parse(&content.bytes);
        let problem = insights.problems.iter().find(|problem| problem.severity == Severity::Error);
        let major = insights.version.map(|version| match version {
            SchemaVersion::V1 => 1,
            SchemaVersion::V2 => 2,
        });
        versions.push(major);
        let line = problem.map(|problem| problem.span.line);
        let record = Record::new(Kind::Insights)
            .with("insights.path", path)
            .with("insights.name", split_path(path.as_bytes()).1)
            .with("insights.major", major)
            .with("insights.is_valid", insights.is_valid())
            .with("insights.problem", problem.map(ToString::to_string))
            .with(
                "insights.dependency_policy",
                insights.values.dependency_policy.as_ref().map(|url| &url.text),
            )
            .with("insights.is_symlink", files.records()[at].entry.kind == EntryKind::Link)
            .seen_at(path.as_bytes(), line);
        set.records.push(record);
    }
    // The first whose version cannot be told ends the search, as does the first of version 2.
    let chosen =
        versions.iter().position(|major| *major != Some(1)).or_else(|| (!versions.is_empty()).then_some(0));
    for (at, record) in set.records.iter_mut().enumerate() {
        record.set("insights.is_chosen", chosen == Some(at));
    }
    set
}
