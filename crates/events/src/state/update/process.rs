//! Events that make, change and end processes.

use crate::state::text::TextList;

/// Control groups with the names of subsystems as fields show them.
pub(crate) fn cgroups(known: &TextList, bytes: &[u8]) -> TextList {
    let mut out = Vec::with_capacity(bytes.len());
    for entry in TextList::from_nul_separated(bytes).iter() {
        let Some(at) = entry.iter().position(|byte| *byte == b'=') else {
            return known.clone();
        };
        let (name, path) = entry.split_at(at);
        out.extend_from_slice(subsystem(name).as_ref());
        out.extend_from_slice(path);
        out.push(0);
    }
    TextList::same_or_new(known, &out)
}

/// The name of a subsystem: without `_cgroup`, and the long one where the kernel has a short one.
fn subsystem(name: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    use std::borrow::Cow;
    let mark = b"_cgroup";
    let short = match name.windows(mark.len()).position(|part| part == mark) {
        Some(at) => {
            let mut short = name.get(..at).unwrap_or_default().to_vec();
            short.extend_from_slice(name.get(at + mark.len()..).unwrap_or_default());
            Cow::Owned(short)
        }
        None => Cow::Borrowed(name),
    };
    match short.as_ref() {
        b"perf" => Cow::Borrowed(b"perf_event"),
        b"mem" => Cow::Borrowed(b"memory"),
        b"io" => Cow::Borrowed(b"blkio"),
        _ => short,
    }
}
