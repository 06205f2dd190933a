//! Compiles a catalogue: its conditions to one program per kind of record, its templates, and the order in which checks
//! that look at each other's results are decided.
//!
//! Principal types: [`Compiled`], [`Selection`]. Every condition of a kind is in one program, so that what they share
//! is decided once per record.

use std::collections::{BTreeMap, BTreeSet};

use eyrie_engine::OutputFormat;
use eyrie_lang::diagnostic::Code;
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{Compiler, ConditionId, Diagnostic, Field, Program, Span};

use super::read::Compatibility;
use super::{
    Catalog, CatalogError, Effect, Fold, Form, Group, Judgement, Located, Problem, Quantifier, Records,
    ShareOf,
};
use crate::kind::{Kind, KindSchema, Place};

/// A check looks at its own result, directly or through others.
pub const CYCLE: Code = Code::new("catalog-cycle", "Checks look at each other's results in a circle.");
/// A condition names a check that the catalogue does not have.
pub const UNKNOWN_CHECK: Code =
    Code::new("catalog-unknown-check", "A condition names a check that is not there.");

/// The codes of this module's diagnostics.
pub const CODES: &[Code] = &[CYCLE, UNKNOWN_CHECK];

/// Number of a [`Selection`] in [`Compiled::selections`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SelectionId(pub usize);

/// Number of a template in [`Compiled::templates`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TemplateId(pub usize);

/// Which records of a kind are looked at, and what is asked of each.
#[derive(Clone, Debug)]
pub struct Selection<C = ConditionId> {
    /// The kind.
    pub kind: Kind,
    /// Only so many of the first.
    pub first: Option<u32>,
    /// Only the ones before the first that does not meet this.
    pub while_: Option<C>,
    /// Only the ones that meet this.
    pub where_: Option<C>,
    /// What is asked; a record counts for the first that it meets. Empty: every record counts.
    pub conditions: Vec<C>,
    /// Whether the records that do not match are wanted, too.
    pub wants_missed: bool,
    /// Whether only fields are used that do not change from commit to commit for the same file.
    pub lasting: bool,
    /// Positions of the checks whose verdicts (false) or outcomes (true) the conditions ask for.
    pub needs: Vec<(usize, bool)>,
}

/// A compiled [`Fold`].
#[derive(Clone, Debug)]
pub struct CompiledFold {
    /// How matches become an answer.
    pub quantifier: Quantifier,
    /// Over what.
    pub selection: SelectionId,
    /// See [`Fold::reason`].
    pub reason: Option<TemplateId>,
    /// See [`Fold::value`].
    pub value: Option<TemplateId>,
    /// See [`Fold::values`].
    pub values: Option<TemplateId>,
    /// See [`Fold::url`].
    pub url: Option<TemplateId>,
}

/// A compiled [`super::ScoreForm`].
#[derive(Clone, Debug)]
pub struct CompiledScore {
    /// The form.
    pub form: CompiledForm,
    /// Least score to pass, in tenths of a point.
    pub pass_at: i64,
}

/// A compiled [`Form`].
#[derive(Clone, Debug)]
pub enum CompiledForm {
    /// Start full and take off.
    Deductions(Vec<(SelectionId, Effect, Option<TemplateId>)>),
    /// Matches out of a number or out of other matches.
    Share(Vec<SelectionId>, CompiledShareOf),
    /// Mean of the tiers' points.
    Mean(SelectionId, Vec<i64>),
}

/// A compiled [`ShareOf`].
#[derive(Clone, Copy, Debug)]
pub enum CompiledShareOf {
    /// A fixed number.
    Number(i64),
    /// As many as match.
    Matches(SelectionId),
}

/// A compiled [`Judgement`].
#[derive(Clone, Debug)]
pub struct CompiledJudgement {
    /// All must hold.
    pub when: Vec<CompiledFold>,
    /// One must hold.
    pub pass: Vec<CompiledFold>,
    /// Or this score must be high enough.
    pub score: Option<CompiledScore>,
    /// What came close.
    pub near: Vec<CompiledFold>,
}

/// A compiled check.
#[derive(Clone, Debug)]
pub struct CompiledCheck {
    /// See [`super::Check::judgements`].
    pub judgements: Vec<CompiledJudgement>,
    /// Conditions over the repository, each with its reason.
    pub exempt_when: Vec<(SelectionId, String)>,
}

/// A catalogue that can be applied.
#[derive(Debug)]
pub struct Compiled {
    /// As it was read.
    pub catalog: Catalog,
    /// The program of each kind, by `Kind as usize`.
    pub programs: Vec<Option<Program>>,
    /// Templates of reasons, values and addresses, with the kind of record that fills them in.
    pub templates: Vec<(Kind, OutputFormat)>,
    /// All selections.
    pub selections: Vec<Selection>,
    /// Compiled checks, in the order of [`Catalog::checks`].
    pub checks: Vec<CompiledCheck>,
    /// For each pattern, the selection of the files it searches; none for web pages.
    pub patterns: Vec<Option<SelectionId>>,
    /// What is probably not meant.
    pub warnings: Vec<Problem>,
}

/// A condition waiting to be compiled with all others of its kind.
struct Pending {
    kind: Kind,
    located: Located,
}

/// What pending conditions and templates became.
struct Programs {
    programs: Vec<Option<Program>>,
    ids: Vec<Option<ConditionId>>,
    /// All of them, unless there are problems.
    templates: Vec<(Kind, OutputFormat)>,
    warnings: Vec<Problem>,
}

struct Builder<'c> {
    catalog: &'c Catalog,
    pending: Vec<Pending>,
    templates: Vec<Pending>,
    /// With positions in `pending` where ids will be.
    selections: Vec<Selection<usize>>,
    problems: Vec<Problem>,
}

impl Compiled {
    /// Reads catalogue files, each adding to the ones before, and compiles them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files, their conditions and their templates, at once.
    pub fn read(files: &[(&str, &str)], compatibility: Compatibility) -> Result<Self, CatalogError> {
        let (catalog, mut problems) = Catalog::read_what_is_right(files, compatibility);
        let broken = problems.iter().any(|problem| problem.diagnostic.is_error());
        match Self::new(catalog) {
            Ok(mut compiled) if !broken => {
                compiled.warnings.append(&mut problems);
                Ok(compiled)
            }
            Ok(_) => Err(CatalogError { problems }),
            Err(more) => {
                // A check that was left out for a mistake of its own must not be told missing as well.
                problems.extend(
                    more.problems.into_iter().filter(|p| !broken || p.diagnostic.code != UNKNOWN_CHECK),
                );
                Err(CatalogError { problems })
            }
        }
    }

    /// Compiles a catalogue.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its conditions and templates.
    pub fn new(catalog: Catalog) -> Result<Self, CatalogError> {
        let mut builder = Builder {
            catalog: &catalog,
            pending: Vec::new(),
            templates: Vec::new(),
            selections: Vec::new(),
            problems: Vec::new(),
        };
        let checks: Vec<CompiledCheck> = (catalog.checks.iter())
            .map(|check| CompiledCheck {
                judgements: check.judgements.iter().map(|judgement| builder.judgement(judgement)).collect(),
                exempt_when: (check.exempt_when.iter())
                    .map(|excuse| {
                        let records =
                            Records { kind: Kind::Repository, first: None, while_: None, where_: None };
                        (builder.selection(&records, &[&excuse.condition], false), excuse.reason.clone())
                    })
                    .collect(),
            })
            .collect();
        let patterns = (catalog.patterns.iter())
            .map(|pattern| {
                let records = Records { kind: Kind::File, first: None, while_: None, where_: None };
                pattern.files.as_ref().map(|files| builder.selection(&records, &[files], false))
            })
            .collect();
        let Programs { programs, ids, templates, warnings } = builder.programs();
        let Builder { selections: pending, pending: texts, mut problems, .. } = builder;
        let mut selections = Vec::new();
        if problems.is_empty() {
            for selection in pending {
                selections.extend(resolve(selection, &texts, &ids, &programs, &catalog, &mut problems));
            }
        }
        let compiled = Self { programs, templates, selections, checks, patterns, warnings, catalog };
        if problems.is_empty() {
            problems.extend(compiled.cycle());
        }
        if problems.is_empty() { Ok(compiled) } else { Err(CatalogError { problems }) }
    }

    /// The program of a kind; there is one if a selection is of that kind and has conditions.
    pub fn program(&self, kind: Kind) -> Option<&Program> {
        self.programs.get(kind as usize)?.as_ref()
    }

    /// A selection.
    pub fn selection(&self, id: SelectionId) -> &Selection {
        &self.selections[id.0]
    }

    /// The checks whose results a selection needs, those of the patterns' files included if it looks at matches.
    fn needs(&self, id: SelectionId) -> impl Iterator<Item = (usize, bool)> {
        let selection = self.selection(id);
        let patterns = self.patterns.iter().flatten().filter(|_| selection.kind == Kind::Match);
        let patterns = patterns.flat_map(|files| &self.selection(*files).needs);
        selection.needs.iter().chain(patterns).copied()
    }

    /// Looks for a check whose verdict needs itself.
    fn cycle(&self) -> Option<Problem> {
        // Nodes: the verdict of check n is 2n, its outcome 2n + 1.
        let node = |(check, outcome): (usize, bool)| check * 2 + usize::from(outcome);
        let edges = |at: usize| -> Vec<usize> {
            let check = &self.checks[at / 2];
            let mut next = Vec::new();
            if at % 2 == 1 {
                next.push(at - 1);
                for (selection, _) in &check.exempt_when {
                    next.extend(self.needs(*selection).map(node));
                }
            } else {
                for judgement in &check.judgements {
                    for selection in judgement.selections() {
                        next.extend(self.needs(selection).map(node));
                    }
                }
            }
            next
        };
        // 0 not seen, 1 on the way, 2 done.
        let mut state = vec![0_u8; self.checks.len() * 2];
        for start in 0..state.len() {
            let mut stack = vec![(start, false)];
            while let Some((at, done)) = stack.pop() {
                if done {
                    state[at] = 2;
                    continue;
                }
                if state[at] != 0 {
                    continue;
                }
                state[at] = 1;
                stack.push((at, true));
                for next in edges(at) {
                    if state[next] == 1 {
                        let check = &self.catalog.checks[at / 2];
                        let other = &self.catalog.checks[next / 2].id;
                        let title =
                            format!("the result of `{}` depends on itself, by way of `{other}`", check.id);
                        let help = "use `check.verdict[…]`, which does not look at `exempt_when`";
                        let diagnostic = Diagnostic::error(CYCLE, check.span, title).with_help(help);
                        return Some(problem_in_file(&self.catalog, check.file, diagnostic));
                    }
                    stack.push((next, false));
                }
            }
        }
        None
    }
}

impl CompiledJudgement {
    /// All selections it may look at.
    pub fn selections(&self) -> Vec<SelectionId> {
        let mut all: Vec<_> =
            self.when.iter().chain(&self.pass).chain(&self.near).map(|fold| fold.selection).collect();
        match self.score.as_ref().map(|score| &score.form) {
            Some(CompiledForm::Deductions(deductions)) => all.extend(deductions.iter().map(|(id, ..)| *id)),
            Some(CompiledForm::Share(count, of)) => {
                all.extend(count);
                if let CompiledShareOf::Matches(id) = of {
                    all.push(*id);
                }
            }
            Some(CompiledForm::Mean(id, _)) => all.push(*id),
            None => {}
        }
        all
    }
}

fn problem_in_file(catalog: &Catalog, file: usize, diagnostic: Diagnostic) -> Problem {
    let (source, text) = catalog.files.get(file).cloned().unwrap_or_default();
    Problem { diagnostic, source, text, first_line: 1 }
}

/// A problem in a condition or template: shown in the file itself where the text stands there letter by letter.
fn problem_in_text(catalog: &Catalog, located: &Located, text: &str, mut diagnostic: Diagnostic) -> Problem {
    if located.verbatim && text == located.text {
        diagnostic.span = diagnostic.span.shifted(located.span.start);
        for label in &mut diagnostic.labels {
            label.span = label.span.shifted(located.span.start);
        }
        return problem_in_file(catalog, located.file, diagnostic);
    }
    let source = catalog.files.get(located.file).map(|(name, _)| name.clone()).unwrap_or_default();
    Problem { diagnostic, source, text: text.to_owned(), first_line: located.line as usize }
}

impl Builder<'_> {
    fn pend(&mut self, kind: Kind, located: &Located) -> usize {
        self.pending.push(Pending { kind, located: located.clone() });
        self.pending.len() - 1
    }

    fn selection(&mut self, records: &Records, conditions: &[&Located], wants_missed: bool) -> SelectionId {
        let kind = records.kind;
        let selection = Selection {
            kind,
            first: records.first,
            while_: records.while_.as_ref().map(|located| self.pend(kind, located)),
            where_: records.where_.as_ref().map(|located| self.pend(kind, located)),
            conditions: conditions.iter().map(|located| self.pend(kind, located)).collect(),
            wants_missed,
            lasting: false,
            needs: Vec::new(),
        };
        self.selections.push(selection);
        SelectionId(self.selections.len() - 1)
    }

    fn template(&mut self, kind: Kind, located: Option<&Located>) -> Option<TemplateId> {
        self.templates.push(Pending { kind, located: located?.clone() });
        Some(TemplateId(self.templates.len() - 1))
    }

    fn fold(&mut self, fold: &Fold) -> CompiledFold {
        let wants_missed = matches!(fold.quantifier, Quantifier::All(_));
        let condition: Vec<_> = fold.condition.iter().collect();
        let kind = fold.records.kind;
        CompiledFold {
            quantifier: fold.quantifier,
            selection: self.selection(&fold.records, &condition, wants_missed),
            reason: self.template(kind, fold.reason.as_ref()),
            value: self.template(kind, fold.value.as_ref()),
            values: self.template(kind, fold.values.as_ref()),
            url: self.template(kind, fold.url.as_ref()),
        }
    }

    fn group(&mut self, group: &Group) -> SelectionId {
        let condition: Vec<_> = group.condition.iter().collect();
        self.selection(&group.records, &condition, false)
    }

    fn judgement(&mut self, judgement: &Judgement) -> CompiledJudgement {
        let score = judgement.score.as_ref().map(|score| {
            let form = match &score.form {
                Form::Deductions(deductions) => CompiledForm::Deductions(
                    (deductions.iter())
                        .map(|deduction| {
                            let reason =
                                self.template(deduction.group.records.kind, deduction.reason.as_ref());
                            (self.group(&deduction.group), deduction.effect, reason)
                        })
                        .collect(),
                ),
                Form::Share { count, of } => CompiledForm::Share(
                    count.iter().map(|group| self.group(group)).collect(),
                    match of {
                        ShareOf::Number(number) => CompiledShareOf::Number(*number),
                        ShareOf::Group(group) => CompiledShareOf::Matches(self.group(group)),
                    },
                ),
                Form::Mean { records, tiers } => {
                    let conditions: Vec<_> = tiers.iter().map(|(condition, _)| condition).collect();
                    let selection = self.selection(records, &conditions, true);
                    CompiledForm::Mean(selection, tiers.iter().map(|(_, points)| *points).collect())
                }
            };
            CompiledScore { form, pass_at: score.pass_at }
        });
        CompiledJudgement {
            when: judgement.when.iter().map(|fold| self.fold(fold)).collect(),
            pass: judgement.pass.iter().map(|fold| self.fold(fold)).collect(),
            near: judgement.near.iter().map(|fold| self.fold(fold)).collect(),
            score,
        }
    }

    /// Compiles all that is pending, kind by kind.
    fn programs(&mut self) -> Programs {
        let mut problems = Vec::new();
        let mut all = Programs {
            programs: Kind::ALL.iter().map(|_| None).collect(),
            ids: vec![None; self.pending.len()],
            templates: Vec::new(),
            warnings: Vec::new(),
        };
        let mut templates: Vec<Option<OutputFormat>> = vec![None; self.templates.len()];
        let kinds: BTreeSet<Kind> =
            self.pending.iter().chain(&self.templates).map(|pending| pending.kind).collect();
        for kind in kinds {
            let mut compiler = Compiler::new(KindSchema::of(kind));
            for (name, items) in &self.catalog.lists {
                compiler.define_list(name, items);
            }
            let wanted = self.macros_for(kind, &compiler);
            for (name, located) in &self.catalog.macros {
                if wanted.contains(name.as_str())
                    && let Err(found) = compiler.define_macro(name, &located.text)
                {
                    let text = compiler.substitute(&located.text).into_owned();
                    let found = found.into_iter().map(|p| problem_in_text(self.catalog, located, &text, p));
                    problems.extend(found);
                }
            }
            for (at, pending) in self.pending.iter().enumerate().filter(|(_, pending)| pending.kind == kind) {
                let text = compiler.substitute(&pending.located.text).into_owned();
                let in_text = |p| problem_in_text(self.catalog, &pending.located, &text, p);
                match compiler.add(&pending.located.text) {
                    Ok(added) => {
                        all.ids[at] = Some(added.id);
                        all.warnings.extend(added.warnings.into_iter().map(in_text));
                    }
                    Err(found) => problems.extend(found.into_iter().map(in_text)),
                }
            }
            for (at, pending) in self.templates.iter().enumerate().filter(|(_, pending)| pending.kind == kind)
            {
                let located = &pending.located;
                match OutputFormat::compile(&located.text, &mut compiler) {
                    Ok(template) => templates[at] = Some(template),
                    Err(found) => {
                        let found = found
                            .into_iter()
                            .map(|p| problem_in_text(self.catalog, located, &located.text, p));
                        problems.extend(found);
                    }
                }
            }
            all.programs[kind as usize] = Some(compiler.finish());
        }
        self.problems.append(&mut problems);
        let kinds = self.templates.iter().map(|pending| pending.kind);
        all.templates = kinds.zip(templates).filter_map(|(kind, template)| Some((kind, template?))).collect();
        all
    }

    /// The macros that conditions of a kind use, directly or through others. A macro is checked against the fields of
    /// every kind it is used for, and only of those.
    fn macros_for(&self, kind: Kind, compiler: &Compiler<'_>) -> BTreeSet<&str> {
        let mut bodies: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, located) in &self.catalog.macros {
            bodies.insert(name, &located.text);
        }
        let mut wanted: BTreeSet<&str> = BTreeSet::new();
        let mut texts: Vec<&str> = self
            .pending
            .iter()
            .filter(|pending| pending.kind == kind)
            .map(|p| p.located.text.as_str())
            .collect();
        while let Some(text) = texts.pop() {
            let Ok(parsed) = parse(&compiler.substitute(text), Limits::default()) else { continue };
            for name in parsed.macro_names() {
                if let Some((name, body)) = bodies.get_key_value(name)
                    && wanted.insert(name)
                {
                    texts.push(body);
                }
            }
        }
        wanted
    }
}

/// Replaces positions by ids, and notes what the conditions look at.
fn resolve(
    pending: Selection<usize>,
    texts: &[Pending],
    ids: &[Option<ConditionId>],
    programs: &[Option<Program>],
    catalog: &Catalog,
    problems: &mut Vec<Problem>,
) -> Option<Selection> {
    let id = |at: usize| ids.get(at).copied().flatten();
    let mut fields: Vec<(usize, Field)> = Vec::new();
    if let Some(program) = &programs[pending.kind as usize] {
        for at in pending.while_.iter().chain(&pending.where_).chain(&pending.conditions) {
            let used = id(*at).map(|condition| program.fields(condition)).unwrap_or_default();
            fields.extend(used.into_iter().map(|field| (*at, field.clone())));
        }
    }
    let mut selection = Selection {
        kind: pending.kind,
        first: pending.first,
        while_: pending.while_.and_then(id),
        where_: pending.where_.and_then(id),
        conditions: pending.conditions.into_iter().map(id).collect::<Option<_>>()?,
        wants_missed: pending.wants_missed,
        lasting: true,
        needs: Vec::new(),
    };
    let schema = KindSchema::of(selection.kind);
    for (at, field) in fields {
        match schema.place(field.id) {
            Some(Place::Result(which)) => {
                selection.lasting = false;
                let named = field.argument.as_ref().map(|argument| &*argument.text).unwrap_or_default();
                match catalog.checks.iter().position(|check| &*check.id.0 == named) {
                    Some(check) => selection.needs.push((check, which == 0)),
                    None => {
                        let title = format!("there is no check `{named}`");
                        let known = catalog.checks.iter().map(|check| &*check.id.0);
                        let help =
                            eyrie_lang::closest(named, known).map(|close| format!("did you mean `{close}`?"));
                        if let Some(Pending { located, .. }) = texts.get(at) {
                            let place = located.text.find(named).unwrap_or(0);
                            let place = Span::new(place, place + named.len().min(located.text.len() - place));
                            let diagnostic =
                                Diagnostic::error(UNKNOWN_CHECK, place, title).with_help_if(help);
                            problems.push(problem_in_text(catalog, located, &located.text, diagnostic));
                        }
                    }
                }
            }
            Some(Place::Record(Kind::Repository, at)) => {
                // The only field of the repository that is the same at every commit.
                selection.lasting &= Kind::Repository.fields()[at].name == "repo.root_path";
            }
            // Whether a link leads to something depends on all names in the tree.
            Some(Place::Record(Kind::Link, _)) if &*field.name == "link.resolves" => {
                selection.lasting = false
            }
            Some(Place::Record(..)) | None => {}
        }
    }
    selection.needs.sort_unstable();
    selection.needs.dedup();
    Some(selection)
}
