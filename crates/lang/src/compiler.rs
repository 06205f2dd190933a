//! [`Compiler`]: from the texts of many conditions to one [`Program`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::arena::{AtomEntry, AtomId, Interner, Node, NodeId, Nodes, OperandId};
use crate::ast::{Expr, Operand};
use crate::check::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::lists::{List, substitute};
use crate::parse::{Limits, is_identifier, parse};
use crate::program::{Condition, ConditionId, Program, ValueId};
use crate::schema::Schema;
use crate::suggest::closest;

/// How much of a condition's canonical text is kept. Macros that use macros can stand for more text than there is memory.
const MAX_TEXT: usize = 16 << 20;

/// Compiles conditions over one schema into a [`Program`]. Everything that conditions share is kept and run once.
///
/// ```
/// use eyrie_lang::{Compiler, FieldInfo, StaticSchema, Type};
///
/// let schema = StaticSchema::new(vec![
///     FieldInfo::new("proc.name", Type::CharBuf, "the name of the process"),
///     FieldInfo::new("proc.pid", Type::Int64, "the id of the process"),
/// ])?;
/// let mut compiler = Compiler::new(&schema);
/// compiler.define_list("shells", ["bash", "zsh"]);
/// compiler.define_macro("is_shell", "proc.name in (shells)").map_err(|problems| problems[0].to_string())?;
/// let condition = compiler.add("is_shell and proc.pid > 1").map_err(|problems| problems[0].to_string())?;
/// let program = compiler.finish();
/// assert_eq!(program.text(condition.id), "(proc.name in (bash, zsh) and proc.pid > 1)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Compiler<'s> {
    schema: &'s dyn Schema,
    limits: Limits,
    lists: Vec<List>,
    macros: HashMap<Box<str>, Arc<Expr>>,
    interner: Interner,
    nodes: Nodes,
    roots: Vec<NodeId>,
    conditions: Vec<Condition>,
    values: Vec<OperandId>,
    /// Macros' bodies by address.
    compiled: HashMap<*const Expr, Body>,
}

/// A macro's body, compiled.
struct Body {
    /// Kept so that no other body gets the same address.
    _expr: Arc<Expr>,
    /// The node, or what is wrong.
    result: Result<NodeId, Vec<Diagnostic>>,
}

/// A condition that was compiled.
#[derive(Clone, Debug)]
pub struct Added {
    /// Its number in the program.
    pub id: ConditionId,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

impl<'s> Compiler<'s> {
    /// A compiler with the default [`Limits`].
    pub fn new(schema: &'s dyn Schema) -> Self {
        Compiler::with_limits(schema, Limits::default())
    }

    /// A compiler with other limits.
    pub fn with_limits(schema: &'s dyn Schema, limits: Limits) -> Self {
        Compiler {
            schema,
            limits,
            lists: Vec::new(),
            macros: HashMap::new(),
            interner: Interner::default(),
            nodes: Nodes::default(),
            roots: Vec::new(),
            conditions: Vec::new(),
            values: Vec::new(),
            compiled: HashMap::new(),
        }
    }

    /// Defines a list, or defines it anew in its old place. Its name is replaced by its items, as text, in the macros and
    /// conditions that come after.
    pub fn define_list(&mut self, name: &str, items: impl IntoIterator<Item = impl AsRef<str>>) {
        let list = List::new(name, items);
        match self.lists.iter_mut().find(|known| known.name == list.name) {
            Some(known) => *known = list,
            None => self.lists.push(list),
        }
    }

    /// The text with the names of lists replaced, which is the text that diagnostics and spans point into.
    pub fn substitute<'t>(&self, text: &'t str) -> Cow<'t, str> {
        substitute(text, &self.lists)
    }

    /// Defines a macro, or defines it anew for what comes after. It may use the macros defined so far.
    ///
    /// # Errors
    /// With everything that is wrong with it; spans point into [`substitute`](Compiler::substitute) of the text.
    pub fn define_macro(&mut self, name: &str, text: &str) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        if !is_identifier(name) {
            return Err(vec![
                Diagnostic::error(
                    codes::MACRO_NAME,
                    Span::default(),
                    format!("`{name}` cannot be a macro's name"),
                )
                .with_help("a name is one word of ASCII letters, digits and `_` that starts with a letter"),
            ]);
        }
        let body = Arc::new(self.parse(text)?);
        self.check_depth(&body)?;
        let mut warnings = Vec::new();
        self.lower(&body, &mut warnings)?;
        self.macros.insert(name.into(), body);
        Ok(warnings)
    }

    /// Adds a condition.
    ///
    /// # Errors
    /// With everything that is wrong with it; spans point into [`substitute`](Compiler::substitute) of the text.
    pub fn add(&mut self, text: &str) -> Result<Added, Vec<Diagnostic>> {
        let expr = self.parse(text)?;
        self.add_expr(&expr)
    }

    /// Adds a condition that has been parsed and whose macros are resolved.
    ///
    /// # Errors
    /// With everything that is wrong with it; spans point into the text that it was parsed from, or into the text of the
    /// macro named by [`Diagnostic::within`].
    pub fn add_expr(&mut self, expr: &Expr) -> Result<Added, Vec<Diagnostic>> {
        self.check_depth(expr)?;
        let mut warnings = Vec::new();
        let (root, atoms) = self.lower(expr, &mut warnings)?;
        let id = ConditionId::new(self.conditions.len());
        self.roots.push(root);
        self.conditions.push(Condition { text: expr.limited_text(MAX_TEXT), spans: atoms });
        Ok(Added { id, warnings })
    }

    /// Adds an operand whose values are wanted, for output. Its values are those that conditions see: a field that both use
    /// is extracted once.
    ///
    /// # Errors
    /// With everything that is wrong with it; spans point into the text that it was parsed from.
    pub fn add_value(&mut self, operand: &Operand) -> Result<ValueId, Vec<Diagnostic>> {
        let mut checker = Checker::new(self.schema, &mut self.interner);
        checker.output = true;
        checker.anchor = operand.span().start;
        match checker.operand(operand) {
            Some(typed) if checker.errors.is_empty() => {
                let id = ValueId::new(self.values.len());
                self.values.push(typed.id);
                Ok(id)
            }
            _ => Err(checker.errors),
        }
    }

    /// The schema that everything is checked against.
    pub fn schema(&self) -> &'s dyn Schema {
        self.schema
    }

    /// All conditions, as they run.
    pub fn finish(self) -> Program {
        let kinds = self.schema.discriminant().map_or(0, crate::schema::Discriminant::len);
        Program::new(
            self.interner.finish(),
            self.nodes,
            self.roots,
            self.conditions,
            self.values,
            self.schema.may_be_unavailable(),
            kinds,
        )
    }

    fn check_depth(&self, expr: &Expr) -> Result<(), Vec<Diagnostic>> {
        let depth = expr.depth();
        if depth <= self.limits.depth {
            return Ok(());
        }
        Err(vec![Diagnostic::error(
            codes::CONDITION_TOO_DEEP,
            expr.span(),
            format!(
                "with its macros the condition is {depth} levels deep; {} are allowed",
                self.limits.depth
            ),
        )])
    }

    fn parse(&self, text: &str) -> Result<Expr, Vec<Diagnostic>> {
        let mut expr = parse(&self.substitute(text), self.limits).map_err(|problem| vec![*problem])?;
        let resolved = expr.resolve_macros(&mut |name| self.macros.get(name).cloned());
        if let Err(missing) = resolved {
            return Err(missing.iter().map(|used| self.unknown_macro(used)).collect());
        }
        Ok(expr)
    }

    fn unknown_macro(&self, used: &crate::ast::UndefinedMacro) -> Diagnostic {
        let name = &used.name;
        let meant = closest(name, self.macros.keys().map(|known| &**known));
        let help = if matches!(&**name, "and" | "or" | "not") {
            format!("`{name}` is a keyword; something is missing before it")
        } else if self.lists.iter().any(|list| list.name == **name) {
            format!("`{name}` is a list; write `… in ({name})`")
        } else if let Some(meant) = meant {
            format!("did you mean `{meant}`?")
        } else {
            "a word alone is a macro's name; a field has a dot in its name".to_string()
        };
        Diagnostic::error(codes::UNKNOWN_MACRO, used.span, format!("there is no macro `{name}`"))
            .with_help(help)
    }

    #[expect(clippy::type_complexity, reason = "private")]
    fn lower(
        &mut self,
        expr: &Expr,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<(NodeId, Vec<(AtomId, Span)>), Vec<Diagnostic>> {
        let mut lowering = Lowering {
            checker: Checker::new(self.schema, &mut self.interner),
            nodes: &mut self.nodes,
            compiled: &mut self.compiled,
            spans: Vec::new(),
        };
        let root = lowering.expr(expr);
        let Lowering { checker, spans, .. } = lowering;
        warnings.extend(checker.warnings);
        match root {
            Some(root) if checker.errors.is_empty() => Ok((root, spans)),
            _ => Err(checker.errors),
        }
    }
}

struct Lowering<'c> {
    checker: Checker<'c>,
    nodes: &'c mut Nodes,
    compiled: &'c mut HashMap<*const Expr, Body>,
    /// The atoms of the condition's own text and where they stand.
    spans: Vec<(AtomId, Span)>,
}

impl Lowering<'_> {
    /// The node, or `None` if anything in the expression is wrong.
    fn expr(&mut self, expr: &Expr) -> Option<NodeId> {
        match expr {
            Expr::And(children) => self.join(true, children),
            Expr::Or(children) => self.join(false, children),
            Expr::Not(child) => {
                let child = self.expr(child)?;
                Some(self.nodes.not(child))
            }
            Expr::Macro { name, span, body } => {
                let Some(body) = body else {
                    self.checker.errors.push(Diagnostic::error(
                        codes::UNKNOWN_MACRO,
                        *span,
                        format!("there is no macro `{name}`"),
                    ));
                    return None;
                };
                if !self.compiled.contains_key(&Arc::as_ptr(body)) {
                    let outer = self.checker.within.replace(name.clone());
                    let spans = std::mem::take(&mut self.spans);
                    let others = std::mem::take(&mut self.checker.errors);
                    let node = self.expr(body);
                    let problems = std::mem::replace(&mut self.checker.errors, others);
                    self.spans = spans;
                    self.checker.within = outer;
                    let result = node.ok_or(problems);
                    self.compiled.insert(Arc::as_ptr(body), Body { _expr: Arc::clone(body), result });
                }
                match &self.compiled.get(&Arc::as_ptr(body))?.result {
                    Ok(node) => Some(*node),
                    Err(problems) => {
                        // Told again for each condition that uses the macro, but once in each.
                        for problem in problems {
                            if !self.checker.errors.contains(problem) {
                                self.checker.errors.push(problem.clone());
                            }
                        }
                        None
                    }
                }
            }
            Expr::Check(check) => {
                let entry = self.checker.check(check)?;
                Some(match entry {
                    AtomEntry::Atom(atom) => {
                        if self.checker.within.is_none() {
                            self.spans.push((atom, check.span));
                        }
                        self.nodes.add(Node::Atom(atom))
                    }
                    AtomEntry::Const(value) => self.nodes.add(Node::Const(value)),
                })
            }
        }
    }

    fn join(&mut self, all: bool, children: &[Expr]) -> Option<NodeId> {
        // All children are looked at, so that all problems are found.
        let nodes: Vec<Option<NodeId>> = children.iter().map(|child| self.expr(child)).collect();
        let nodes: Option<Vec<NodeId>> = nodes.into_iter().collect();
        Some(self.nodes.join(all, nodes?))
    }
}
