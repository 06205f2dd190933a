//! Running selections: which records of a kind match, which may, and whether there may be more.
//!
//! All selections of a kind that need no other check's result are run in one pass over its records, so that a record's
//! fields are extracted once. Principal type: [`Counted`].

use eyrie_lang::{ConditionId, Run, Scratch, Verdict};
use rayon::prelude::*;

use super::scope::{Results, Scope, Subject};
use crate::catalog::compile::{Compiled, Selection, SelectionId};
use crate::facts::Facts;
use crate::kind::Kind;
use crate::record::Blocker;

/// What a selection found.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    /// Records that match, with the number of the condition they meet.
    pub(super) matched: Vec<(usize, usize)>,
    /// Records that may match.
    pub(super) unsure: Vec<usize>,
    /// Records that are looked at and do not match; only if the selection wants them.
    pub(super) missed: Vec<usize>,
    /// Records that may be looked at and not match; only if the selection wants them.
    pub(super) unsure_missed: Vec<usize>,
    /// Whether there may be more matching records than are known.
    pub(super) open: bool,
    /// Whether there may be more records that do not match.
    pub(super) open_missed: bool,
    /// What would decide the unsure ones and the open ends.
    pub(super) missing: Vec<Blocker>,
}

/// What one record is to a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// Whether it matches.
    matches: Verdict,
    /// Whether it is looked at and does not match.
    misses: Verdict,
    /// Number of the condition met.
    condition: usize,
}

/// As many selections over files as are remembered per file between commits.
const REMEMBERED: usize = 128;

/// Runs everything that can be run over a kind without other checks' results.
///
/// `few` chooses the selections that look at the first few commits only, or the others.
pub(super) fn run_all(
    compiled: &Compiled,
    facts: &Facts,
    results: &Results,
    kind: Kind,
    few: bool,
) -> Vec<(SelectionId, Counted)> {
    let ids: Vec<SelectionId> = (0..compiled.selections.len())
        .map(SelectionId)
        .filter(|id| {
            let selection = compiled.selection(*id);
            selection.kind == kind && selection.needs.is_empty() && wants_few(selection) == few
        })
        .collect();
    // Only what depends on the file alone can be remembered, as many as there are bits for.
    let can_last = |selection: &Selection| {
        kind == Kind::File
            && selection.lasting
            && selection.first.is_none()
            && selection.while_.is_none()
            && !selection.wants_missed
    };
    let (mut lasting, mut other): (Vec<_>, Vec<_>) =
        ids.into_iter().partition(|id| can_last(compiled.selection(*id)));
    if lasting.len() > REMEMBERED {
        other.extend(lasting.split_off(REMEMBERED));
    }
    let selections: Vec<&Selection> = lasting.iter().map(|id| compiled.selection(*id)).collect();
    let counted =
        if selections.is_empty() { Vec::new() } else { files(compiled, facts, results, &selections) };
    let other = other.into_iter().map(|id| (id, run(compiled, facts, results, compiled.selection(id))));
    lasting.into_iter().zip(counted).chain(other).collect()
}

/// Whether the first few commits are enough for a selection.
pub(super) fn wants_few(selection: &Selection) -> bool {
    let few = u32::try_from(crate::facts::commits::FEW).unwrap_or(u32::MAX);
    selection.kind == Kind::Commit && selection.first.is_some_and(|first| first <= few)
}

/// Runs one selection.
pub(super) fn run(compiled: &Compiled, facts: &Facts, results: &Results, selection: &Selection) -> Counted {
    let kind = selection.kind;
    let mut scratch = Scratch::new();
    let few = wants_few(selection);
    let (length, rest) = match kind {
        Kind::File => (facts.files().records().len(), None),
        _ => {
            let set = facts.set_of(kind, few);
            (set.records.len(), set.rest)
        }
    };
    let mut counted = Counted::default();
    let most = selection.first.map_or(usize::MAX, |first| first as usize);
    let mut stopped = false;
    for at in 0..length.min(most) {
        let scope = Scope { facts, results, kind, subject: Subject::Record(at) };
        match selection.while_.map(|condition| decide(compiled, &scope, &mut scratch, condition)) {
            None | Some(Verdict::True) => {}
            Some(Verdict::False) => {
                stopped = true;
                break;
            }
            Some(Verdict::Unknown) => {
                counted.open = true;
                counted.open_missed = true;
                counted.missing.extend(why(compiled, &scope, &mut scratch, selection));
                stopped = true;
                break;
            }
        }
        let mut seen = see_alone(compiled, &scope, &mut scratch, selection);
        if kind != Kind::File
            && let Some(missing) = facts.set(kind).records.get(at).and_then(|record| record.uncertain)
        {
            // It may not be there at all, or stand for many.
            seen.matches = seen.matches.min(Verdict::Unknown);
            seen.misses = seen.misses.min(Verdict::Unknown);
            if seen.matches == Verdict::Unknown {
                counted.open = true;
                counted.missing.push(Blocker { fact: kind.name().into(), missing });
            }
        }
        counted.add(at, seen, selection.wants_missed);
        if seen.matches == Verdict::Unknown || (selection.wants_missed && seen.misses == Verdict::Unknown) {
            counted.missing.extend(why(compiled, &scope, &mut scratch, selection));
        }
    }
    if let (Some(rest), false) = (rest, stopped || length >= most) {
        let scope = Scope { facts, results, kind, subject: Subject::Rest(rest) };
        let seen = see_alone(compiled, &scope, &mut scratch, selection);
        if seen.matches != Verdict::False {
            counted.open = true;
            counted.missing.push(Blocker { fact: kind.name().into(), missing: rest });
        }
        if selection.wants_missed && seen.misses != Verdict::False {
            counted.open_missed = true;
            counted.missing.push(Blocker { fact: kind.name().into(), missing: rest });
        }
    }
    counted.missing.sort_unstable();
    counted.missing.dedup();
    counted
}

/// Runs selections that last over all files in one pass, on all cores. What is known of a file from the commit before
/// is not asked again.
fn files(compiled: &Compiled, facts: &Facts, results: &Results, selections: &[&Selection]) -> Vec<Counted> {
    let records = facts.files().records();
    let look = |scratch: &mut Scratch, at: usize| -> (u128, u128) {
        *records[at].verdicts.get_or_init(|| {
            let scope = Scope { facts, results, kind: Kind::File, subject: Subject::Record(at) };
            let mut run = compiled.program(Kind::File).map(|program| program.start(&scope, scratch));
            let (mut sure, mut unsure) = (0, 0);
            for (bit, selection) in selections.iter().enumerate() {
                match see(run.as_mut(), selection).matches {
                    Verdict::True => sure |= 1 << bit,
                    Verdict::Unknown => unsure |= 1 << bit,
                    Verdict::False => {}
                }
            }
            (sure, unsure)
        })
    };
    let verdicts: Vec<(u128, u128)> =
        (0..records.len()).into_par_iter().with_min_len(256).map_init(Scratch::new, look).collect();
    let mut counted = vec![Counted::default(); selections.len()];
    for (at, (mut sure, mut unsure)) in verdicts.into_iter().enumerate() {
        while sure != 0 {
            counted[sure.trailing_zeros() as usize].matched.push((at, 0));
            sure &= sure - 1;
        }
        while unsure != 0 {
            counted[unsure.trailing_zeros() as usize].unsure.push(at);
            unsure &= unsure - 1;
        }
    }
    counted
}

impl Counted {
    fn add(&mut self, at: usize, seen: Seen, wants_missed: bool) {
        match seen.matches {
            Verdict::True => self.matched.push((at, seen.condition)),
            Verdict::Unknown => self.unsure.push(at),
            Verdict::False => {}
        }
        if wants_missed {
            match seen.misses {
                Verdict::True => self.missed.push(at),
                Verdict::Unknown => self.unsure_missed.push(at),
                Verdict::False => {}
            }
        }
    }
}

fn decide(compiled: &Compiled, scope: &Scope<'_>, scratch: &mut Scratch, condition: ConditionId) -> Verdict {
    compiled.program(scope.kind).map_or(Verdict::False, |program| program.run(condition, scope, scratch))
}

fn see_alone(compiled: &Compiled, scope: &Scope<'_>, scratch: &mut Scratch, selection: &Selection) -> Seen {
    see(compiled.program(scope.kind).map(|program| program.start(scope, scratch)).as_mut(), selection)
}

/// Looks at one record for one selection. The run is the record's: what other selections asked of it is known.
fn see(run: Option<&mut Run<'_>>, selection: &Selection) -> Seen {
    let Some(run) = run else {
        // There is no program for a kind without conditions.
        return Seen { matches: Verdict::True, misses: Verdict::False, condition: 0 };
    };
    let looked_at = selection.where_.map_or(Verdict::True, |condition| run.verdict(condition));
    if looked_at == Verdict::False {
        return Seen { matches: Verdict::False, misses: Verdict::False, condition: 0 };
    }
    let mut met = if selection.conditions.is_empty() { Verdict::True } else { Verdict::False };
    let mut number = 0;
    for (at, condition) in selection.conditions.iter().enumerate() {
        let verdict = run.verdict(*condition);
        if verdict > met {
            (met, number) = (verdict, at);
        }
        if verdict != Verdict::False {
            break;
        }
    }
    Seen { matches: looked_at.min(met), misses: looked_at.min(met.negated()), condition: number }
}

/// The missing facts that would decide what the selection asks of this record.
pub(super) fn why(
    compiled: &Compiled,
    scope: &Scope<'_>,
    scratch: &mut Scratch,
    selection: &Selection,
) -> Vec<Blocker> {
    let Some(program) = compiled.program(scope.kind) else { return Vec::new() };
    let mut run = program.start(scope, scratch);
    let all = selection.while_.iter().chain(&selection.where_).chain(&selection.conditions);
    let mut blockers = Vec::new();
    for condition in all {
        if run.verdict(*condition) == Verdict::Unknown {
            let fields = run.missing(*condition).into_iter();
            blockers.extend(fields.filter_map(|field| {
                Some(Blocker { fact: field.to_string().into(), missing: scope.missing(field)? })
            }));
        }
    }
    blockers
}
