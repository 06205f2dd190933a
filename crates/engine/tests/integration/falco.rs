//! Where the answers of the real Falco are. Where they are not, there is nothing to compare with and the tests say so.

use std::path::{Path, PathBuf};

/// The folder with what the real Falco answered, or `None` with a note.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: {} is not there, so nothing is compared with Falco", path.display());
    None
}
