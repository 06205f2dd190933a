//! The records of kind `sbom`: bills of materials in the tree, by what is in them.

use super::Facts;
use super::files::{split_name, unreadable};
use crate::kind::Kind;
use crate::parse::sbom::{self, Standard};
use crate::record::{Record, RecordSet};
use crate::tree::split_path;

/// Whether a name is worth a look: what such files are called by the tools that write them.
pub(super) fn may_be_sbom(path: &[u8]) -> bool {
    let name = split_path(path).1.to_ascii_lowercase();
    let (stem, extension) = split_name(&name);
    let Some(extension) = extension else { return false };
    let words: Vec<&[u8]> = stem.split(|byte| matches!(byte, b'.' | b'-' | b'_')).collect();
    let named = words.iter().any(|word| matches!(*word, b"sbom" | b"bom" | b"spdx" | b"cdx" | b"cyclonedx"));
    let format = matches!(extension, b"json" | b"xml" | b"yaml" | b"yml" | b"rdf" | b"spdx" | b"tv");
    format && (named || extension == b"spdx")
}

pub(super) fn read(facts: &Facts) -> RecordSet {
    let (tree, files) = (&*facts.sources.tree, facts.files());
    let mut set = RecordSet::default();
    for (at, file) in files.records().iter().enumerate() {
        if !may_be_sbom(&file.entry.path) {
            continue;
        }
        let Some(target) = files.resolved_file(tree, at) else { continue };
        let path = &*file.entry.path;
        let content = match tree.read(&target.entry, sbom::MAX_BYTES) {
            Ok(content) => content,
            Err(error) => {
                let sbom = Record::unseen(Kind::Sbom, unreadable(facts, path, &error));
                set.records.push(sbom.with("sbom.path", path).seen_at(path, None));
                continue;
            }
        };
        let Some(found) = sbom::recognise(&content.bytes) else { continue };
        let format = match found.standard {
            Standard::Spdx => "spdx",
            Standard::CycloneDx => "cyclonedx",
        };
        set.records.push(
            Record::new(Kind::Sbom)
                .with("sbom.path", path)
                .with("sbom.format", format)
                .with("sbom.version", found.version)
                .seen_at(path, None),
        );
    }
    set
}
