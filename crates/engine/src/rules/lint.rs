//! What is probably wrong with rules that load: conditions that cannot hold, rules that an earlier one keeps from being
//! reported, names that hide others, comparisons in a costly order. Each finding shows both places that do not go together.

mod literal;

use std::collections::{BTreeSet, HashMap};

use eyrie_lang::ast::{Check, Expr, Op, Operand, Right, Transformer};
use eyrie_lang::{Compiler, Diagnostic, Schema, Severity};

use super::problem::{Context, Problem};
use super::read::PRIORITIES;
use super::written::Place;
use super::{Loaded, Rule, codes};
use literal::{Literal, Term, terms};

/// How many comparisons of one condition are held against each other.
const MAX_LITERALS: usize = 400;

impl Loaded {
    /// What is probably wrong with the rules, beyond what loading says: in the order of the files.
    pub fn lint<'s>(&self, sources: impl IntoIterator<Item = (&'s str, &'s dyn Schema)>) -> Vec<Problem> {
        let sources: HashMap<&str, &dyn Schema> = sources.into_iter().collect();
        let mut lint = Lint { loaded: self, sources, found: Vec::new() };
        lint.names();
        let mut known = Vec::with_capacity(self.rules.rules.len());
        for rule in &self.rules.rules {
            let Some(schema) = lint.sources.get(rule.source.as_str()).copied() else { continue };
            let Some(id) = self.collector.rules.id(&rule.name) else { continue };
            let terms = terms(&rule.expr, schema);
            lint.contradictions(rule, id, &terms, schema);
            lint.style(rule, id, &terms);
            known.push((rule, terms));
        }
        lint.shadowed(&known);
        lint.broken_macros();
        let mut found = lint.found;
        found.sort_by_key(|problem| (problem.file, problem.diagnostic.span));
        found.dedup();
        found
    }
}

struct Lint<'l, 's> {
    loaded: &'l Loaded,
    sources: HashMap<&'s str, &'s dyn Schema>,
    found: Vec<Problem>,
}

impl Lint<'_, '_> {
    fn context(&self, place: Place) -> Context {
        let name = self.loaded.files.get(place.file).map_or("", |file| &file.name);
        Context::file(place.file, name).pointing(place)
    }

    fn report(
        &mut self,
        severity: Severity,
        place: Place,
        code: eyrie_lang::diagnostic::Code,
        title: String,
    ) -> &mut Problem {
        let diagnostic = Diagnostic::new(code, severity, place.span, title);
        let problem = self.context(place).with(None, diagnostic);
        self.found.push(problem);
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    fn remark(&mut self, place: Place, text: &str) {
        if let Some(problem) = self.found.pop() {
            self.found.push(problem.remark(place, text, &self.loaded.files));
        }
    }

    fn help(&mut self, text: impl Into<String>) {
        if let Some(problem) = self.found.last_mut() {
            problem.diagnostic.help.push(text.into());
        }
    }

    /// Where a comparison stands: in the rule's own text or in that of a macro.
    fn place(&self, id: usize, literal: &Literal<'_>) -> Option<Place> {
        let Loaded { compilation, collector, files, .. } = self.loaded;
        let written = match literal.within {
            Some(name) => compilation.macro_written(name, collector, files).map(|(_, written)| written),
            None => compilation.rule_written(id, collector, files),
        };
        written?.place(literal.check.span, files)
    }

    /// Names that hide other names.
    fn names(&mut self) {
        for redefined in &self.loaded.collector.redefined {
            let title = format!("the {} `{}` is defined again", redefined.what, redefined.name);
            self.report(Severity::Warning, redefined.new.place, codes::REDEFINED, title);
            self.remark(redefined.old, "this definition is replaced");
            self.help("to change a part of it, use `override`; to have both, give this one another name");
        }
        let operators: Vec<&str> = Op::ALL.iter().map(|op| op.name()).chain(["and", "or", "not"]).collect();
        for list in &self.loaded.rules.lists {
            if let Some(item) = self.loaded.rules.macros.iter().find(|item| item.name == list.name) {
                let title = format!("the list `{}` hides the macro of this name", list.name);
                self.report(Severity::Warning, list.place, codes::SHADOWED_MACRO, title);
                self.remark(item.place, "no condition can use this macro");
                self.help("a list's name is replaced wherever it stands in a condition; rename one of them");
            }
            if operators.contains(&list.name.as_str()) {
                let title = format!("the list `{}` replaces the word `{0}` in conditions", list.name);
                self.report(Severity::Warning, list.place, codes::LIST_IS_KEYWORD, title);
                self.help("give the list another name");
            }
        }
    }

    fn contradictions(&mut self, rule: &Rule, id: usize, all: &[Term<'_>], schema: &dyn Schema) {
        let literals: Vec<&Literal<'_>> = all.iter().filter_map(Term::literal).take(MAX_LITERALS).collect();
        if let Some((first, second)) = contradiction(&literals, &[]) {
            self.never(rule, id, first, second);
            return;
        }
        if rule.kinds.is_empty() {
            let title = format!("the rule `{}` matches no type of event", rule.name);
            self.report(Severity::Warning, rule.place, codes::NEVER_MATCHES, title);
            return;
        }
        for term in all {
            if let Term::Other { expr, negated, within, .. } = term {
                self.alternatives(rule, id, (expr, *negated, *within), &literals, schema);
            }
        }
    }

    /// Looks for alternatives that the rest of the condition rules out.
    fn alternatives<'e>(
        &mut self,
        rule: &Rule,
        id: usize,
        (expr, negated, within): (&'e Expr, bool, Option<&'e str>),
        context: &[&Literal<'e>],
        schema: &dyn Schema,
    ) {
        let children = match (expr, negated) {
            (Expr::Or(children), false) | (Expr::And(children), true) => children,
            _ => return,
        };
        for child in children {
            let own = literal::terms_of(child, negated, within, schema);
            let literals: Vec<&Literal<'e>> =
                own.iter().filter_map(Term::literal).take(MAX_LITERALS).collect();
            if let Some((first, second)) = contradiction(&literals, context) {
                let (Some(at), Some(other)) = (self.place(id, second), self.place(id, first)) else {
                    continue;
                };
                let title = format!("this alternative of the rule `{}` can never hold", rule.name);
                self.report(Severity::Warning, at, codes::DEAD_ALTERNATIVE, title);
                if at != other {
                    self.remark(other, "because of this");
                }
            }
        }
    }

    fn never(&mut self, rule: &Rule, id: usize, first: &Literal<'_>, second: &Literal<'_>) {
        let title = format!("the rule `{}` can never match", rule.name);
        let (Some(at), Some(other)) = (self.place(id, second), self.place(id, first)) else {
            self.report(Severity::Warning, rule.place, codes::NEVER_MATCHES, title);
            self.help(format!("`{}` and `{}` never hold together", first.shown(), second.shown()));
            return;
        };
        let problem = self.report(Severity::Warning, at, codes::NEVER_MATCHES, title);
        problem.diagnostic.label = Some("this never holds …".to_string());
        self.remark(other, "… together with this");
        if let Some(name) = second.within.or(first.within) {
            self.help(format!("one of them is in the macro `{name}`"));
        }
    }

    fn style(&mut self, rule: &Rule, id: usize, all: &[Term<'_>]) {
        let own: Vec<&Literal<'_>> =
            all.iter().filter_map(Term::literal).filter(|literal| literal.within.is_none()).collect();
        let mut seen: HashMap<(&str, bool), &Literal<'_>> = HashMap::new();
        for literal in &own {
            match seen.get(&(literal.text.as_str(), literal.negated)) {
                Some(first) => {
                    let places = self.place(id, literal).zip(self.place(id, first));
                    let Some((at, other)) = places.filter(|(at, other)| at != other) else { continue };
                    let title = format!("the rule `{}` asks this twice", rule.name);
                    self.report(Severity::Note, at, codes::REPEATED, title);
                    self.remark(other, "here already");
                }
                None => _ = seen.insert((&literal.text, literal.negated), literal),
            }
        }
        // What is costly should come after what is cheap: the order of the text is the order of asking.
        for (at, literal) in own.iter().enumerate() {
            let Some(why) = costly(literal) else { continue };
            let Some(cheap) = own.iter().skip(at + 1).find(|later| costly(later).is_none()) else { continue };
            if let Some((place, other)) = self.place(id, literal).zip(self.place(id, cheap)) {
                self.report(Severity::Note, place, codes::COSTLY_FIRST, why.to_string());
                self.remark(other, "this is cheap and is only asked afterwards");
                self.help("put cheap comparisons first: what follows one that fails is not asked");
            }
        }
        self.chains(id, &rule.expr);
    }

    /// `x = a or x = b or x = c`, in the rule's own text.
    fn chains(&mut self, id: usize, expr: &Expr) {
        match expr {
            Expr::And(children) => children.iter().for_each(|child| self.chains(id, child)),
            Expr::Not(child) => self.chains(id, child),
            Expr::Or(children) => {
                let mut groups: HashMap<String, Vec<&Check>> = HashMap::new();
                for child in children {
                    match child {
                        Expr::Check(check)
                            if matches!(check.op, Op::Eq | Op::EqEq) && check.modifier.is_none() =>
                        {
                            if let Right::Value(_) = check.right {
                                groups.entry(check.left.to_string()).or_default().push(check);
                            }
                        }
                        child => self.chains(id, child),
                    }
                }
                for (field, checks) in groups.into_iter().filter(|(_, checks)| checks.len() >= 3) {
                    let Loaded { compilation, collector, files, .. } = self.loaded;
                    let Some(written) = compilation.rule_written(id, collector, files) else { continue };
                    let Some(place) = checks.first().and_then(|check| written.place(check.span, files))
                    else {
                        continue;
                    };
                    let values: Vec<String> = checks
                        .iter()
                        .filter_map(|check| match &check.right {
                            Right::Value(value) => Some(value.to_string()),
                            _ => None,
                        })
                        .collect();
                    let title = format!("`{field}` is compared {} times, one after the other", checks.len());
                    self.report(Severity::Note, place, codes::USE_IN, title);
                    self.help(format!("write `{field} in ({})`", values.join(", ")));
                }
            }
            // In a macro it would be told for every rule that uses it.
            Expr::Macro { .. } | Expr::Check(_) => {}
        }
    }

    /// Rules of which an earlier one takes every match.
    fn shadowed(&mut self, known: &[(&Rule, Vec<Term<'_>>)]) {
        let index = Index::new(known);
        for (at, (rule, terms)) in known.iter().enumerate() {
            let first = index.candidates(terms).into_iter().take_while(|other| *other < at).find(|other| {
                known.get(*other).is_some_and(|(other, of_other)| {
                    other.source == rule.source
                        && other.enabled
                        && of_other.iter().all(|term| terms.iter().any(|by| term.implied_by(by)))
                })
            });
            let Some((other, of_other)) = first.and_then(|other| known.get(other)) else { continue };
            let same = of_other.len() == terms.len()
                && terms.iter().all(|term| of_other.iter().any(|by| term.implied_by(by)));
            let title = if same {
                format!("the rule `{}` has the same condition as `{}`", rule.name, other.name)
            } else {
                format!("whatever the rule `{}` matches, `{}` matches, too", rule.name, other.name)
            };
            let (place, earlier) = (rule.place, other.place);
            let priorities = (rule.priority_name(), other.priority_name());
            self.report(Severity::Warning, place, codes::SHADOWED_RULE, title);
            self.remark(earlier, "this rule comes first");
            self.help("where the first match counts (`rule_matching: first`), this rule is never reported");
            if priorities.0 != priorities.1 && PRIORITIES.contains(&priorities.0) {
                self.help(format!("it would be {}; the earlier one is {}", priorities.0, priorities.1));
            }
        }
    }

    /// Macros that nothing uses are not compiled by loading.
    fn broken_macros(&mut self) {
        let Loaded { compilation, collector, files, rules, .. } = self.loaded;
        let Some(schema) = self.sources.get("syscall").copied() else { return };
        for item in rules.macros.iter().filter(|item| !item.used) {
            let Err(problems) = Compiler::new(schema).add_expr(&item.expr) else { continue };
            let Some(problem) = problems.into_iter().next() else { continue };
            let name = problem.within.clone().unwrap_or_else(|| item.name.as_str().into());
            let written = compilation.macro_written(&name, collector, files).map(|(_, written)| written);
            let place = written.and_then(|w| w.place(problem.span, files)).unwrap_or(item.place);
            let title = format!("the macro `{}` would not compile: {}", item.name, problem.title);
            self.report(Severity::Warning, place, codes::BROKEN_MACRO, title);
            self.help("nothing uses it, so that loading does not notice");
        }
    }
}

/// Rules by one term of each that few others have, so that not every rule is held against every other.
struct Index {
    by_token: HashMap<String, Vec<usize>>,
    /// Rules without such a term.
    others: Vec<usize>,
}

impl Index {
    fn new(known: &[(&Rule, Vec<Term<'_>>)]) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for token in known.iter().flat_map(|(_, terms)| terms).flat_map(Term::tokens) {
            *counts.entry(token).or_default() += 1;
        }
        let mut index = Index { by_token: HashMap::new(), others: Vec::new() };
        for (at, (_, terms)) in known.iter().enumerate() {
            let all = terms.iter().map(Term::tokens).filter(|tokens| !tokens.is_empty());
            let rarest =
                all.min_by_key(|tokens| tokens.iter().filter_map(|token| counts.get(token)).sum::<usize>());
            match rarest {
                Some(tokens) => {
                    for token in tokens {
                        index.by_token.entry(token).or_default().push(at);
                    }
                }
                None => index.others.push(at),
            }
        }
        index
    }

    /// The rules that a condition of these terms may imply, in their order.
    fn candidates(&self, terms: &[Term<'_>]) -> BTreeSet<usize> {
        let mut found: BTreeSet<usize> = self.others.iter().copied().collect();
        for token in terms.iter().flat_map(|term| term.tokens().into_iter().next()) {
            found.extend(self.by_token.get(&token).into_iter().flatten());
        }
        found
    }
}

/// Two literals that never hold together, the second of which is among `own`.
fn contradiction<'l, 'e>(
    own: &[&'l Literal<'e>],
    context: &[&'l Literal<'e>],
) -> Option<(&'l Literal<'e>, &'l Literal<'e>)> {
    for (at, second) in own.iter().enumerate() {
        let before = context.iter().chain(own.iter().take(at));
        if let Some(first) = before.into_iter().find(|first| first.excludes(second)) {
            return Some((first, second));
        }
    }
    None
}

/// Why a comparison is costly.
fn costly(literal: &Literal<'_>) -> Option<&'static str> {
    let check = literal.check;
    let field = literal.field.as_deref().unwrap_or_default();
    let pattern = |starts: &str| literal.values.iter().any(|value| value.starts_with(starts));
    let transformed = matches!(&check.left, Operand::Call { transformer, .. }
        if matches!(transformer, Transformer::B64 | Transformer::Join | Transformer::Getopt));
    if check.op == Op::Regex {
        Some("a regular expression is asked first")
    } else if matches!(check.op, Op::Glob | Op::Iglob) && pattern("*") {
        Some("a pattern that starts with `*` is asked first")
    } else if transformed {
        Some("a costly transformer is asked first")
    } else if ANCESTRY.contains(&field) {
        Some("all ancestors of the process are asked first")
    } else {
        None
    }
}

/// Fields that look at every ancestor when they have no index.
const ANCESTRY: &[&str] =
    &["proc.aname", "proc.aexe", "proc.aexepath", "proc.acmdline", "proc.apid", "proc.aenv"];
