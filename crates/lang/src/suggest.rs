//! Did you mean: the known name that is closest to what was written.

/// The candidate that `written` is most likely a misspelling of, if there is one that is close enough: at most a third
/// of its letters wrong, letter case aside.
///
/// ```
/// use eyrie_lang::closest;
/// assert_eq!(closest("proc.nmae", ["proc.name", "proc.exe"]), Some("proc.name"));
/// assert_eq!(closest("x", ["proc.name"]), None);
/// ```
pub fn closest<'c>(written: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = written.to_lowercase();
    let allowed = (lower.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
            let longer = candidate.chars().count() > 1 && lower.chars().count() > 1;
            (distance <= allowed && longer).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
