//! Judging: a catalogue applied to the facts about one repository.
//!
//! Principal types: [`Judge`], [`Judged`]. Folding matches to answers is here; running conditions over records is in
//! `select`, counting points in [`crate::score`]. Everything is three-valued: what the facts at hand cannot decide is
//! unknown, and says what would decide it.

mod patterns;
pub mod scope;
mod select;

use std::collections::{HashMap, HashSet};

use eyrie_lang::{Scratch, Verdict};

use crate::catalog::compile::{
    Compiled, CompiledCheck, CompiledFold, CompiledForm, CompiledJudgement, CompiledScore, CompiledShareOf,
    SelectionId, TemplateId,
};
use crate::catalog::{Check, Effect, Quantifier};
use crate::facts::{Facts, Group};
use crate::kind::Kind;
use crate::record::{Blocker, FieldValue, Missing};
use crate::report::{CheckResult, Evidence, Outcome};

use scope::{CheckState, Results, Scope, Subject};
use select::Counted;

/// At most so much evidence is kept per check.
const MOST_EVIDENCE: usize = 10;

/// An exemption that the project's metadata asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// Id of the check.
    pub check: String,
    /// Why.
    pub reason: String,
    /// The metadata file.
    pub path: String,
    /// Its line there.
    pub line: u32,
}

/// The result of one check with what it rests on besides the report's own fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The result as reported.
    pub result: CheckResult,
    /// The missing facts that would decide it, if it is unknown.
    pub missing: Vec<Missing>,
}

/// Applies a catalogue to one repository, and again to its next commit.
pub struct Judge<'c> {
    compiled: &'c Compiled,
    exemptions: Vec<Exemption>,
    strict: bool,
    counted: HashMap<SelectionId, Counted>,
    results: Results,
    verdicts: Vec<Option<Decided>>,
}

/// A check's result before it is written down.
#[derive(Clone, Debug)]
struct Decided {
    outcome: Outcome,
    value: Option<serde_json::Value>,
    reason: String,
    evidence: Vec<Evidence>,
    missing: Vec<Blocker>,
}

/// The answer of a fold.
struct Answer {
    verdict: Verdict,
    missing: Vec<Blocker>,
}

/// A number that is known to lie between two others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Between {
    low: i64,
    high: i64,
}

impl<'c> Judge<'c> {
    /// A judge by this catalogue, with the exemptions that the project asks for.
    pub fn new(compiled: &'c Compiled, exemptions: Vec<Exemption>, strict: bool) -> Self {
        let ids = compiled.catalog.checks.iter().map(|check| Box::from(&*check.id.0)).collect();
        let entries = vec![CheckState::default(); compiled.checks.len()];
        Self {
            compiled,
            exemptions,
            strict,
            counted: HashMap::new(),
            results: Results { entries, ids },
            verdicts: vec![None; compiled.checks.len()],
        }
    }

    /// The exemptions, for a commit whose metadata file differs.
    pub fn set_exemptions(&mut self, exemptions: Vec<Exemption>) {
        self.exemptions = exemptions;
    }

    /// Forgets what was found, so that the facts can be judged anew. What files were found to be is kept with the
    /// files; what depends only on `kept` groups is kept here.
    pub(crate) fn forget(&mut self, kept: &[Group]) {
        let compiled = self.compiled;
        self.counted.retain(|id, _| {
            let selection = compiled.selection(*id);
            selection.needs.is_empty() && selection.lasting && kept.contains(&Group::of(selection.kind))
        });
        self.results.entries.fill(CheckState::default());
        self.verdicts.fill(None);
    }

    /// Judges all checks of the sets asked for, in the order of the catalogue.
    pub fn judge(&mut self, facts: &Facts, sets: &[String]) -> Vec<Judged> {
        let wanted: Vec<usize> = (self.compiled.catalog.checks.iter().enumerate())
            .filter(|(_, check)| check.sets.iter().any(|set| sets.contains(set)))
            .map(|(at, _)| at)
            .collect();
        wanted.into_iter().map(|at| self.outcome(facts, at)).collect()
    }

    /// The verdict of a check, before `exempt_when`. The catalogue has no circles, so this comes to an end.
    fn verdict(&mut self, facts: &Facts, at: usize) -> Decided {
        if let Some(decided) = &self.verdicts[at] {
            return decided.clone();
        }
        let (check, compiled) = (&self.compiled.catalog.checks[at], &self.compiled.checks[at]);
        let mut decided = self.decide(facts, check, compiled);
        if let Some(exemption) = self.exemptions.iter().find(|exemption| exemption.check == *check.id.0) {
            decided = Decided {
                outcome: Outcome::Exempt,
                value: decided.value.filter(|_| !self.strict),
                reason: exemption.reason.clone(),
                evidence: vec![Evidence {
                    kind: "exemption".to_owned(),
                    path: Some(exemption.path.clone()),
                    line: Some(exemption.line),
                    ..Evidence::default()
                }],
                // The value can be wanted by another check, and what would tell it is still missing.
                missing: decided.missing,
            };
        }
        let state = &mut self.results.entries[at];
        state.verdict = as_field(decided.outcome, &decided.missing);
        state.value = match (&decided.value, decided.missing.first()) {
            (Some(serde_json::Value::String(text)), _) => text.as_str().into(),
            (Some(value), _) => value.to_string().into(),
            (None, Some(blocker)) => blocker.missing.into(),
            (None, None) => FieldValue::Absent,
        };
        self.verdicts[at] = Some(decided.clone());
        decided
    }

    fn outcome(&mut self, facts: &Facts, at: usize) -> Judged {
        let mut decided = self.verdict(facts, at);
        let compiled = self.compiled;
        if matches!(decided.outcome, Outcome::Fail | Outcome::Unknown) {
            for (selection, reason) in &compiled.checks[at].exempt_when {
                let answer = self.matches(facts, *selection);
                match answer.verdict {
                    Verdict::True => {
                        decided.outcome = Outcome::Exempt;
                        decided.reason.clone_from(reason);
                        decided.missing.clear();
                        break;
                    }
                    Verdict::Unknown => {
                        decided.outcome = Outcome::Unknown;
                        decided.missing.extend(answer.missing);
                    }
                    Verdict::False => {}
                }
            }
        }
        decided.missing.sort_unstable();
        decided.missing.dedup();
        self.results.entries[at].outcome = as_field(decided.outcome, &decided.missing);
        self.write_down(facts, &compiled.catalog.checks[at], decided)
    }

    fn write_down(&self, facts: &Facts, check: &Check, mut decided: Decided) -> Judged {
        // Two deductions can rest on the same place.
        let mut seen: Vec<Evidence> = Vec::new();
        decided.evidence.retain(|evidence| {
            let new = !seen.contains(evidence);
            seen.extend(new.then(|| evidence.clone()));
            new
        });
        let blockers = if decided.outcome == Outcome::Unknown { &decided.missing[..] } else { &[] };
        let mut missing: Vec<Missing> = Vec::new();
        for blocker in blockers {
            let reason = facts.reason(blocker.missing);
            if !missing.contains(&reason) {
                missing.push(reason);
            }
        }
        let mut decided_by: Vec<String> = blockers.iter().map(|blocker| blocker.fact.to_string()).collect();
        decided_by.dedup();
        let reason = match (decided.outcome, missing.first()) {
            (Outcome::Unknown, Some(first)) => format!("cannot be decided: {}", first.why),
            (Outcome::Unknown, None) => "cannot be decided from the facts at hand".to_owned(),
            _ => decided.reason,
        };
        let result = CheckResult {
            id: check.id.to_string(),
            title: check.title.clone(),
            category: check.category.clone(),
            weight: check.weight,
            outcome: decided.outcome,
            value: decided.value,
            reason,
            fix: (decided.outcome == Outcome::Fail && !check.fix.is_empty()).then(|| check.fix.clone()),
            docs: check.docs.clone(),
            evidence: decided.evidence.into_iter().map(|evidence| facts.with_address(evidence)).collect(),
            decided_by,
        };
        Judged { result, missing }
    }

    fn decide(&mut self, facts: &Facts, check: &Check, compiled: &CompiledCheck) -> Decided {
        let passed_over = "it does not apply here".to_owned();
        self.decide_from(facts, check, &compiled.judgements, passed_over)
    }

    /// Decides by the first judgement that applies. Where it is unknown whether one does, what both ways agree on is the
    /// answer.
    fn decide_from(
        &mut self,
        facts: &Facts,
        check: &Check,
        judgements: &[CompiledJudgement],
        mut passed_over: String,
    ) -> Decided {
        let Some((judgement, others)) = judgements.split_first() else {
            return Decided {
                outcome: Outcome::NotApplicable,
                value: None,
                reason: passed_over,
                evidence: Vec::new(),
                missing: Vec::new(),
            };
        };
        let mut applies = Verdict::True;
        let mut missing = Vec::new();
        for fold in &judgement.when {
            let answer = self.fold(facts, fold);
            if answer.verdict == Verdict::False {
                let kind = self.compiled.selection(fold.selection).kind;
                if kind != Kind::Repository {
                    let kind = kind_words(kind);
                    passed_over = format!("it does not apply: there is no {kind} that it is about");
                }
            }
            if answer.verdict == Verdict::Unknown {
                missing.extend(answer.missing);
            }
            applies = applies.min(answer.verdict);
        }
        match applies {
            Verdict::True => self.decide_by(facts, check, judgement),
            Verdict::False => self.decide_from(facts, check, others, passed_over),
            Verdict::Unknown => {
                let this_way = self.decide_by(facts, check, judgement);
                let other_way = self.decide_from(facts, check, others, passed_over);
                if this_way.outcome == other_way.outcome && this_way.outcome != Outcome::Unknown {
                    return this_way;
                }
                missing.extend(this_way.missing);
                missing.extend(other_way.missing);
                Decided {
                    outcome: Outcome::Unknown,
                    value: None,
                    reason: String::new(),
                    evidence: Vec::new(),
                    missing,
                }
            }
        }
    }

    fn decide_by(&mut self, facts: &Facts, check: &Check, judgement: &CompiledJudgement) -> Decided {
        let mut missing = Vec::new();
        let mut unknown = false;
        for fold in &judgement.pass {
            let answer = self.fold(facts, fold);
            match answer.verdict {
                Verdict::True => return self.passed(facts, fold),
                Verdict::Unknown => {
                    unknown = true;
                    missing.extend(answer.missing);
                }
                Verdict::False => {}
            }
        }
        let mut lost = Vec::new();
        let mut value = None;
        let mut reason = None;
        if let Some(score) = &judgement.score {
            let (points, blockers) = self.points(facts, score);
            let tenths = |points: i64| points.clamp(0, 100) / 10;
            if points.low == points.high {
                value = Some(serde_json::Value::from(tenths(points.low)));
                reason = Some(format!("{} of 10 points", tenths(points.low)));
            }
            lost = self.losses(facts, score);
            if points.low >= score.pass_at {
                let reason =
                    reason.unwrap_or_else(|| format!("at least {} of 10 points", tenths(points.low)));
                let evidence = lost.into_iter().map(|(evidence, _)| evidence).collect();
                return Decided { outcome: Outcome::Pass, value, reason, evidence, missing: Vec::new() };
            }
            if points.high >= score.pass_at {
                unknown = true;
                missing.extend(blockers);
            }
        }
        if unknown {
            return Decided {
                outcome: Outcome::Unknown,
                value: None,
                reason: String::new(),
                evidence: Vec::new(),
                missing,
            };
        }
        let mut evidence: Vec<Evidence> = lost.iter().map(|(evidence, _)| evidence.clone()).collect();
        let mut near_reason = lost.first().and_then(|(_, reason)| reason.clone());
        if near_reason.is_none() {
            for fold in &judgement.near {
                if self.fold(facts, fold).verdict == Verdict::True {
                    let near = self.passed(facts, fold);
                    near_reason = Some(near.reason);
                    evidence.extend(near.evidence);
                    break;
                }
            }
        }
        let reason = match (near_reason, reason) {
            (Some(near), Some(points)) => format!("{near} ({points})"),
            (Some(near), None) => near,
            (None, Some(points)) if check.fail.is_empty() => points,
            (None, Some(points)) => format!("{} ({points})", check.fail.trim_end_matches('.')),
            (None, None) => check.fail.clone(),
        };
        evidence.truncate(MOST_EVIDENCE);
        Decided { outcome: Outcome::Fail, value, reason, evidence, missing: Vec::new() }
    }

    /// Reason, value and evidence of a fold that holds.
    fn passed(&mut self, facts: &Facts, fold: &CompiledFold) -> Decided {
        let kind = self.compiled.selection(fold.selection).kind;
        let counted = self.count(facts, fold.selection).clone();
        let scope = |at: usize| Scope { facts, results: &self.results, kind, subject: Subject::Record(at) };
        let first = counted.matched.first().map_or(0, |(at, _)| *at);
        let reason = match (&fold.reason, fold.quantifier) {
            (Some(template), _) => self.render(*template, &scope(first)),
            (None, Quantifier::AtMost(_)) => format!("{} {} found", counted.matched.len(), kind_words(kind)),
            (None, _) => format!("{} {}", counted.matched.len(), kind_words(kind)),
        };
        let value = match (&fold.values, &fold.value) {
            (Some(template), _) => {
                let mut values: Vec<serde_json::Value> = Vec::new();
                for (at, _) in &counted.matched {
                    let value = self.render(*template, &scope(*at)).into();
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                Some(values.into())
            }
            (None, Some(template)) => Some(self.render(*template, &scope(first)).into()),
            (None, None) => None,
        };
        let mut evidence: Vec<Evidence> =
            counted.matched.iter().take(MOST_EVIDENCE).map(|(at, _)| facts.evidence(kind, *at)).collect();
        if let (Some(template), Some(first_evidence)) = (&fold.url, evidence.first_mut()) {
            first_evidence.url = Some(self.render(*template, &scope(first)));
        }
        if kind == Kind::Repository && fold.url.is_none() {
            evidence.clear();
        }
        Decided { outcome: Outcome::Pass, value, reason, evidence, missing: Vec::new() }
    }

    /// Whether anything matches.
    fn matches(&mut self, facts: &Facts, selection: SelectionId) -> Answer {
        let counted = self.count(facts, selection);
        let verdict = if !counted.matched.is_empty() {
            Verdict::True
        } else if !counted.unsure.is_empty() || counted.open {
            Verdict::Unknown
        } else {
            Verdict::False
        };
        Answer { verdict, missing: counted.missing.clone() }
    }

    fn fold(&mut self, facts: &Facts, fold: &CompiledFold) -> Answer {
        let counted = self.count(facts, fold.selection);
        let sure = counted.matched.len();
        let may = if counted.open { usize::MAX } else { sure + counted.unsure.len() };
        let verdict = match fold.quantifier {
            Quantifier::AtLeast(least) => at_least(sure, may, least as usize),
            Quantifier::AtMost(most) => at_least(sure, may, most as usize + 1).negated(),
            Quantifier::All(least) => {
                let none_missed = if !counted.missed.is_empty() {
                    Verdict::False
                } else if !counted.unsure_missed.is_empty() || counted.open_missed {
                    Verdict::Unknown
                } else {
                    Verdict::True
                };
                none_missed.min(at_least(sure, may, least as usize))
            }
        };
        Answer { verdict, missing: counted.missing.clone() }
    }

    /// The score, in tenths of a point, and what would narrow it down.
    fn points(&mut self, facts: &Facts, score: &CompiledScore) -> (Between, Vec<Blocker>) {
        let mut missing = Vec::new();
        let points = match &score.form {
            CompiledForm::Deductions(deductions) => {
                let mut points = Between { low: 100, high: 100 };
                let mut caps = Between { low: 100, high: 100 };
                for (selection, effect, _) in deductions {
                    let counted = self.count(facts, *selection);
                    let times = number(counted);
                    missing.extend(counted.missing.iter().cloned());
                    match effect {
                        Effect::Less(tenths) => {
                            points.low = points.low.saturating_sub(tenths.saturating_mul(times.high));
                            points.high = points.high.saturating_sub(tenths.saturating_mul(times.low));
                        }
                        Effect::AtMost(tenths) => {
                            if times.high > 0 {
                                caps.low = caps.low.min(*tenths);
                            }
                            if times.low > 0 {
                                caps.high = caps.high.min(*tenths);
                            }
                        }
                    }
                }
                Between { low: points.low.min(caps.low).max(0), high: points.high.min(caps.high).max(0) }
            }
            CompiledForm::Share(count, of) => {
                let mut sum = Between { low: 0, high: 0 };
                let mut unsure = HashSet::new();
                for selection in count {
                    let counted = self.count(facts, *selection);
                    let more = number(counted);
                    missing.extend(counted.missing.iter().cloned());
                    sum.low = sum.low.saturating_add(more.low);
                    sum.high = sum.high.saturating_add(more.high);
                    let kind = self.compiled.selection(*selection).kind;
                    unsure.extend(self.count(facts, *selection).unsure.iter().map(|at| (kind, *at)));
                }
                // What counts belongs to the whole, so at best the whole has grown by what may be both.
                let (of, at_best) = match of {
                    CompiledShareOf::Number(number) => (Between { low: *number, high: *number }, *number),
                    CompiledShareOf::Matches(selection) => {
                        let kind = self.compiled.selection(*selection).kind;
                        let counted = self.count(facts, *selection);
                        missing.extend(counted.missing.iter().cloned());
                        let both = counted.unsure.iter().filter(|at| unsure.contains(&(kind, **at))).count();
                        let of = number(counted);
                        let grown = of.low.saturating_add(i64::try_from(both).unwrap_or(i64::MAX));
                        (of, grown.max(1).min(of.high))
                    }
                };
                let share = |part: i64, of: i64| match of {
                    0 => 0,
                    of => (part.saturating_mul(10) / of).clamp(0, 10) * 10,
                };
                Between { low: share(sum.low, of.high), high: share(sum.high, at_best) }
            }
            CompiledForm::Mean(selection, tiers) => {
                let counted = self.count(facts, *selection);
                missing.extend(counted.missing.iter().cloned());
                let known: i64 =
                    counted.matched.iter().map(|(_, tier)| tiers.get(*tier).copied().unwrap_or(0)).sum();
                let best = tiers.iter().copied().max().unwrap_or(0);
                let sure = counted.matched.len() + counted.missed.len();
                let mut unsure: Vec<usize> =
                    counted.unsure.iter().chain(&counted.unsure_missed).copied().collect();
                unsure.sort_unstable();
                unsure.dedup();
                let all = sure + unsure.len();
                let mean = |sum: i64, of: usize| match i64::try_from(of) {
                    Ok(of) if of > 0 => sum / of / 10 * 10,
                    _ => 0,
                };
                if counted.open || counted.open_missed {
                    Between { low: 0, high: best }
                } else {
                    let more = best.saturating_mul(i64::try_from(unsure.len()).unwrap_or(i64::MAX));
                    Between { low: mean(known, all), high: mean(known.saturating_add(more), all) }
                }
            }
        };
        missing.sort_unstable();
        missing.dedup();
        (points, missing)
    }

    /// What took points off, with its reason.
    fn losses(&mut self, facts: &Facts, score: &CompiledScore) -> Vec<(Evidence, Option<String>)> {
        let mut all = Vec::new();
        if let CompiledForm::Deductions(deductions) = &score.form {
            for (selection, _, reason) in deductions {
                let kind = self.compiled.selection(*selection).kind;
                let matched = self.count(facts, *selection).matched.clone();
                for (at, _) in matched.into_iter().take(MOST_EVIDENCE.saturating_sub(all.len())) {
                    let scope = Scope { facts, results: &self.results, kind, subject: Subject::Record(at) };
                    let reason = reason.map(|template| self.render(template, &scope));
                    all.push((facts.evidence(kind, at), reason));
                }
            }
        }
        all
    }

    fn render(&self, template: TemplateId, scope: &Scope<'_>) -> String {
        let Some((kind, format)) = self.compiled.templates.get(template.0) else { return String::new() };
        let Some(program) = self.compiled.program(*kind) else { return String::new() };
        let mut scratch = Scratch::new();
        let text = format.text(&mut program.start(scope, &mut scratch));
        crate::record::shorten(&text)
    }

    /// What a selection found; run once. Others' results that it needs are decided first.
    fn count(&mut self, facts: &Facts, id: SelectionId) -> &Counted {
        if !self.counted.contains_key(&id) {
            let selection = self.compiled.selection(id);
            if selection.kind == Kind::Match {
                self.find_patterns(facts);
            }
            if selection.needs.is_empty() {
                let few = select::wants_few(selection);
                let all = select::run_all(self.compiled, facts, &self.results, selection.kind, few);
                for (id, counted) in all {
                    // What was kept from the commit before is right as it is.
                    self.counted.entry(id).or_insert(counted);
                }
            } else {
                for &(check, outcome) in &selection.needs {
                    if outcome {
                        self.outcome(facts, check);
                    } else {
                        self.verdict(facts, check);
                    }
                }
                let mut counted = select::run(self.compiled, facts, &self.results, selection);
                // What would decide the other check is more useful to know than that it is undecided.
                if counted.missing.iter().any(|blocker| blocker.fact.starts_with("check.")) {
                    counted.missing.retain(|blocker| !blocker.fact.starts_with("check."));
                    for &(check, _) in &selection.needs {
                        let others = self.verdicts[check].iter().flat_map(|decided| &decided.missing);
                        counted.missing.extend(others.cloned());
                    }
                    counted.missing.sort_unstable();
                    counted.missing.dedup();
                }
                self.counted.insert(id, counted);
            }
        }
        let counted = self.counted.entry(id).or_default();
        if counted.missing.is_empty() && !counted.unsure.is_empty() {
            // Over files the reasons are looked up only when somebody wants them.
            let selection = self.compiled.selection(id);
            let mut scratch = Scratch::new();
            for at in &counted.unsure {
                let subject = Subject::Record(*at);
                let scope = Scope { facts, results: &self.results, kind: selection.kind, subject };
                counted.missing.extend(select::why(self.compiled, &scope, &mut scratch, selection));
            }
            counted.missing.sort_unstable();
            counted.missing.dedup();
        }
        counted
    }

    /// Makes the records of kind `match`, once.
    fn find_patterns(&mut self, facts: &Facts) {
        if facts.has_matches() {
            return;
        }
        let mut files = Vec::with_capacity(self.compiled.patterns.len());
        for selection in &self.compiled.patterns {
            files.push(
                selection.map(|id| {
                    self.count(facts, id).matched.iter().map(|(at, _)| *at).collect::<Vec<usize>>()
                }),
            );
        }
        facts.set_matches(patterns::find(facts, &self.compiled.catalog.patterns, &files));
    }
}

fn as_field(outcome: Outcome, missing: &[Blocker]) -> FieldValue {
    match (outcome, missing.first()) {
        (Outcome::Unknown, Some(blocker)) => blocker.missing.into(),
        _ => outcome.as_str().into(),
    }
}

fn at_least(sure: usize, may: usize, least: usize) -> Verdict {
    if sure >= least {
        Verdict::True
    } else if may >= least {
        Verdict::Unknown
    } else {
        Verdict::False
    }
}

fn number(counted: &Counted) -> Between {
    let low = i64::try_from(counted.matched.len()).unwrap_or(i64::MAX);
    let unsure = i64::try_from(counted.unsure.len()).unwrap_or(i64::MAX);
    let high = if counted.open { i64::MAX } else { low.saturating_add(unsure) };
    Between { low, high }
}

fn kind_words(kind: Kind) -> String {
    kind.name().replace('_', " ")
}
