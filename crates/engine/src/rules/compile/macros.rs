//! Macros: parsed with lists put in, then resolved among themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use eyrie_lang::ast::Expr;
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{Span, closest};

use super::{Collector, Compilation, Report, Step, Surroundings, User, Uses, condition_problem, refused};
use crate::rules::codes;
use crate::rules::collect::MacroInfo;
use crate::rules::problem::{Context, LoadCode, Problem};
use crate::rules::written::{SourceFile, Written};

/// How many macros may use one another in a chain that is followed from its start.
const MAX_MACRO_CHAIN: usize = 200;

#[derive(Debug)]
pub(super) struct CompiledMacro {
    /// The condition with lists put in, which the places of its comparisons are counted in.
    pub(super) text: String,
    /// Nothing if it does not parse.
    parsed: Option<Expr>,
    /// With the macros that it uses; nothing if it cannot be used.
    pub(super) body: Option<Arc<Expr>>,
    pub(super) uses: Uses,
}

impl Compilation {
    /// Whether to stop.
    pub(super) fn compile_macros(
        &mut self,
        collector: &Collector,
        around: &Surroundings<'_, '_>,
        dirty: &BTreeSet<User>,
        report: &mut Report<'_>,
    ) -> bool {
        let old = std::mem::take(&mut self.macros);
        let mut old = old.into_iter();
        let mut all = Vec::with_capacity(collector.macros.all.len());
        let mut changed = false;
        for (id, info) in collector.macros.all.iter().enumerate() {
            let known =
                old.next().filter(|known| known.parsed.is_some() && !dirty.contains(&User::Macro(id)));
            if let Some(known) = known {
                all.push(known);
                continue;
            }
            changed = true;
            let (text, lists) = self.put_lists(&info.condition.text, collector);
            let parsed = match parse(&text, Limits::default()) {
                Ok(expr) => Some(expr),
                Err(problem) => {
                    let written = self.put_lists_written(&info.condition, &lists, collector, around.files);
                    let place = &info.condition_context;
                    let code = LoadCode::CompileCondition;
                    let found =
                        condition_problem(place, code, (&text, &text), *problem, &written, around.files);
                    if report.error(found) {
                        return true;
                    }
                    None
                }
            };
            let uses = Uses { lists, macros: Vec::new() };
            all.push(CompiledMacro { text, parsed, body: None, uses });
        }
        let complete = all.iter().all(|item| item.body.is_some());
        if changed || !complete {
            let mut resolving =
                Resolving { compilation: self, collector, around, all: &mut all, bodies: HashMap::new() };
            for id in 0..collector.macros.all.len() {
                if let Err(problem) = resolving.resolve(id, &mut Vec::new())
                    && report.error(*problem)
                {
                    self.macros = all;
                    return true;
                }
            }
        }
        self.macros = all;
        false
    }

    /// The text of a macro's condition with the places of all parts.
    pub(in crate::rules) fn macro_written(
        &self,
        name: &str,
        collector: &Collector,
        files: &[SourceFile],
    ) -> Option<(&str, Written)> {
        let id = collector.macros.id(name)?;
        let (info, compiled) = (collector.macros.get(id)?, self.macros.get(id)?);
        let written = self.put_lists_written(&info.condition, &compiled.uses.lists, collector, files);
        Some((&compiled.text, written))
    }
}

struct Resolving<'r, 's> {
    compilation: &'r Compilation,
    collector: &'r Collector,
    around: &'r Surroundings<'r, 's>,
    all: &'r mut Vec<CompiledMacro>,
    /// `None` for a macro that cannot be used.
    bodies: HashMap<usize, Option<Arc<Expr>>>,
}

impl Resolving<'_, '_> {
    /// Resolves the macros that a macro uses, then itself. A macro that cannot be used is told of once.
    fn resolve(&mut self, id: usize, path: &mut Vec<usize>) -> Step<()> {
        if self.bodies.contains_key(&id) {
            return Ok(());
        }
        let Some(info) = self.collector.macros.get(id) else { return Ok(()) };
        let Some(expr) = self.all.get(id).and_then(|item| item.parsed.clone()) else {
            self.bodies.insert(id, None);
            return Ok(());
        };
        match self.resolved(id, info, expr, path) {
            Ok((body, macros)) => {
                self.bodies.insert(id, body.clone());
                if let Some(item) = self.all.get_mut(id) {
                    item.body = body;
                    item.uses.macros = macros;
                }
                Ok(())
            }
            Err(problem) => {
                self.bodies.insert(id, None);
                if let Some(item) = self.all.get_mut(id) {
                    item.body = None;
                }
                Err(problem)
            }
        }
    }

    fn resolved(
        &mut self,
        id: usize,
        info: &MacroInfo,
        mut expr: Expr,
        path: &mut Vec<usize>,
    ) -> Step<(Option<Arc<Expr>>, Vec<usize>)> {
        if path.len() >= MAX_MACRO_CHAIN {
            let message = format!("more than {MAX_MACRO_CHAIN} macros use one another in a chain");
            return refused(info.condition_context.problem(
                LoadCode::CompileCondition,
                codes::MACRO_CHAIN,
                message,
            ));
        }
        path.push(id);
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        let mut usable = true;
        let names: Vec<String> = expr.macro_names().into_iter().map(str::to_string).collect();
        for name in &names {
            let known = self.collector.macros.id(name);
            let visible = known
                .filter(|other| self.collector.macros.get(*other).is_some_and(|o| o.index < info.visibility));
            let Some(other) = visible else {
                if self.collector.broken.contains(name) || self.collector.incomplete {
                    usable = false;
                    continue;
                }
                let cycle = known.and_then(|other| self.way(other, id));
                path.pop();
                if let Some(mut way) = cycle {
                    way.insert(0, id);
                    let names = way.iter().filter_map(|at| self.collector.macros.get(*at));
                    let names: Vec<&str> = names.map(|info| info.name.as_str()).collect();
                    let title = format!("the macro `{}` stands for itself", info.name);
                    let problem = self.misuse(id, info, &expr, name, codes::MACRO_CYCLE, title);
                    return refused(problem.help(format!("it is used like this: {}", names.join(" → "))));
                }
                let title = match known {
                    Some(_) => format!("the macro `{name}` is defined after this one"),
                    None => format!("there is no macro `{name}`"),
                };
                let problem = self.misuse(id, info, &expr, name, eyrie_lang::codes::UNKNOWN_MACRO, title);
                return refused(problem.help(match known {
                    Some(_) => "a macro can use those that stand before it".to_string(),
                    None => unknown_macro_help(name, self.collector),
                }));
            };
            if path.contains(&other) {
                let title = format!("the macro `{name}` stands for itself");
                let chain: Vec<&str> = path
                    .iter()
                    .skip_while(|at| **at != other)
                    .chain([&other])
                    .filter_map(|at| self.collector.macros.get(*at))
                    .map(|info| info.name.as_str())
                    .collect();
                let way = format!("it is used like this: {}", chain.join(" → "));
                path.pop();
                let problem = self.misuse(id, info, &expr, name, codes::MACRO_CYCLE, title);
                return refused(problem.help(way));
            }
            if let Err(problem) = self.resolve(other, path) {
                path.pop();
                return Err(problem);
            }
            usable &= matches!(self.bodies.get(&other), Some(Some(_)));
            found.insert(name.clone(), other);
        }
        path.pop();
        let uses = found.values().copied().collect();
        if !usable {
            return Ok((None, uses));
        }
        let find = &mut |name: &str| self.bodies.get(found.get(name)?)?.clone();
        if expr.resolve_macros(find).is_err() {
            return Ok((None, uses));
        }
        let depth = expr.depth();
        if depth > Limits::default().depth {
            let message = format!("the macro is nested {depth} levels deep");
            return refused(info.condition_context.problem(
                LoadCode::CompileCondition,
                eyrie_lang::codes::CONDITION_TOO_DEEP,
                message,
            ));
        }
        Ok((Some(Arc::new(expr)), uses))
    }

    /// How a macro uses another, directly or through others, wherever they are defined: the macros on the way, both ends
    /// included.
    #[cold]
    fn way(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let mut before: BTreeMap<usize, usize> = BTreeMap::new();
        let mut next = vec![from];
        while let Some(at) = next.pop() {
            if at == to {
                let mut way = vec![to];
                let mut last = to;
                while last != from {
                    last = *before.get(&last)?;
                    way.push(last);
                }
                way.reverse();
                return Some(way);
            }
            let Some(expr) = self.all.get(at).and_then(|item| item.parsed.as_ref()) else { continue };
            for used in expr.macro_names().into_iter().filter_map(|name| self.collector.macros.id(name)) {
                if used != from && !before.contains_key(&used) {
                    before.insert(used, at);
                    next.push(used);
                }
            }
        }
        None
    }

    /// A problem with the use of a macro. Falco counts from the item here, not from its condition.
    #[cold]
    fn misuse(
        &self,
        id: usize,
        info: &MacroInfo,
        expr: &Expr,
        name: &str,
        code: eyrie_lang::diagnostic::Code,
        title: String,
    ) -> Problem {
        let Some(compiled) = self.all.get(id) else {
            return info.context.problem(LoadCode::Validate, code, title);
        };
        let at = first_use(expr, name);
        let before = compiled.text.get(..at).unwrap_or(&compiled.text);
        let context = info.context.within_shown(before, &info.condition.text);
        let written = self.compilation.put_lists_written(
            &info.condition,
            &compiled.uses.lists,
            self.collector,
            self.around.files,
        );
        let place = written.place(Span::new(at, at + name.len()), self.around.files);
        pointing(&context, place).problem(LoadCode::Validate, code, title)
    }
}

pub(super) fn pointing(context: &Context, place: Option<crate::rules::written::Place>) -> Context {
    place.map_or_else(|| context.clone(), |place| context.pointing(place))
}

pub(super) fn unknown_macro_help(name: &str, collector: &Collector) -> String {
    if matches!(name, "and" | "or" | "not") {
        return format!("`{name}` is a keyword; something is missing before it");
    }
    if collector.lists.id(name).is_some() {
        return format!("`{name}` is a list; write `… in ({name})`");
    }
    let names = collector.macros.all.iter().map(|info| info.name.as_str());
    match closest(name, names) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "a word alone is a macro's name; a field has a dot in its name".to_string(),
    }
}

/// Where a condition's text uses a macro first.
fn first_use(expr: &Expr, wanted: &str) -> usize {
    match expr {
        Expr::And(children) | Expr::Or(children) => {
            children.iter().map(|child| first_use(child, wanted)).min().unwrap_or(usize::MAX)
        }
        Expr::Not(child) => first_use(child, wanted),
        Expr::Macro { name, span, .. } if **name == *wanted => span.start,
        Expr::Macro { .. } | Expr::Check(_) => usize::MAX,
    }
}
