//! Addresses behind the text: [`Links`].

use std::path::{Path, PathBuf};

use eyrie_posture::report::{Evidence, RepositoryReport};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::render::text::web_address;

/// What is needed to make an address of a place in a local repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The directory that relative paths of repositories start from. Without it files are linked where the forge
    /// shows them.
    pub base: Option<PathBuf>,
    /// Name of this machine; a terminal elsewhere then knows that it cannot open the file.
    pub host: String,
}

/// What a path may not hold in a URL, and what a terminal could take for the end of one.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

impl Links {
    /// Where a click on this evidence leads.
    pub(super) fn target(&self, repository: &RepositoryReport, evidence: &Evidence) -> Option<String> {
        if let (Some(base), Some(path), true) = (&self.base, &evidence.path, repository.work_tree)
            && !repository.path.contains("://")
        {
            let path = base.join(&repository.path).join(Path::new(path));
            let path = path.to_str()?;
            return Some(format!("file://{}{}", self.host, utf8_percent_encode(path, PATH)));
        }
        web_address(evidence.url.as_deref()?)
    }
}
