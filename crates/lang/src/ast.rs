//! A parsed condition: [`Expr`], with the place in the text of each part, and its canonical printing ([`std::fmt::Display`]),
//! which is Falco's `condition_compiled`. Nothing here has been checked against a schema.

mod print;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::Span;

pub use print::quoted;

/// A condition or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of these; two or more.
    And(Vec<Expr>),
    /// Any of these; two or more.
    Or(Vec<Expr>),
    /// The contrary.
    Not(Box<Expr>),
    /// A macro's name and, once it has been resolved, the macro's condition.
    Macro {
        /// The name.
        name: Box<str>,
        /// Where it is used.
        span: Span,
        /// The condition that it stands for, with its own positions. Shared by all uses.
        body: Option<Arc<Expr>>,
    },
    /// A comparison.
    Check(Box<Check>),
}

/// A comparison: `LEFT OP RIGHT`, or `LEFT exists`.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is compared.
    pub left: Operand,
    /// How.
    pub op: Op,
    /// How the values of a list on the right are combined.
    pub modifier: Option<Modifier>,
    /// With what.
    pub right: Right,
    /// The whole comparison.
    pub span: Span,
    /// The operator, with its modifier.
    pub op_span: Span,
}

/// The right-hand side.
#[derive(Clone, Debug, PartialEq)]
pub enum Right {
    /// Nothing (`exists`).
    None,
    /// One literal.
    Value(Literal),
    /// Literals in parentheses.
    List {
        /// The literals.
        values: Vec<Literal>,
        /// From parenthesis to parenthesis.
        span: Span,
    },
    /// `val(field)` or a transformer.
    Operand(Operand),
}

/// A literal, with escapes undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The bytes; a `\x` escape can make any.
    pub bytes: Box<[u8]>,
    /// Where, with the quotes.
    pub span: Span,
}

impl Literal {
    /// The literal as text, with a replacement for what is not UTF-8.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// Something that has values.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A field.
    Field(FieldName),
    /// `val(field)`, on the right only.
    Val {
        /// The field.
        field: FieldName,
        /// The whole call.
        span: Span,
    },
    /// A transformer's call.
    Call {
        /// Which.
        transformer: Transformer,
        /// Its arguments.
        arguments: Vec<Operand>,
        /// What stands in brackets after it, as in `getopt(proc.args, "a:")[a]`.
        selector: Option<Literal>,
        /// The whole call.
        span: Span,
    },
    /// A quoted text or a number, as a transformer's argument.
    Literal(Literal),
    /// Operands in parentheses, as a transformer's argument.
    List {
        /// The operands.
        items: Vec<Operand>,
        /// From parenthesis to parenthesis.
        span: Span,
    },
}

impl Operand {
    /// Where it is written.
    pub fn span(&self) -> Span {
        match self {
            Operand::Field(field) => field.span,
            Operand::Literal(literal) => literal.span,
            Operand::Val { span, .. } | Operand::Call { span, .. } | Operand::List { span, .. } => *span,
        }
    }
}

/// A field's name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName {
    /// The dotted name.
    pub name: Box<str>,
    /// What stands in brackets.
    pub argument: Option<Box<str>>,
    /// Name and brackets.
    pub span: Span,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is documented by what it is written as")]
pub enum Op {
    Exists,
    Le,
    Lt,
    Ge,
    Gt,
    /// `==`, which means the same as `=` and is printed as it was written.
    EqEq,
    Eq,
    Ne,
    Glob,
    Iglob,
    Contains,
    Icontains,
    Bcontains,
    StartsWith,
    BstartsWith,
    EndsWith,
    Regex,
    Intersects,
    In,
    Pmatch,
}

impl Op {
    /// Every operator, in the order in which Falco's parser tries them.
    pub const ALL: &'static [Op] = &[
        Op::Exists,
        Op::Le,
        Op::Lt,
        Op::Ge,
        Op::Gt,
        Op::EqEq,
        Op::Eq,
        Op::Ne,
        Op::Glob,
        Op::Iglob,
        Op::Contains,
        Op::Icontains,
        Op::Bcontains,
        Op::StartsWith,
        Op::BstartsWith,
        Op::EndsWith,
        Op::Regex,
        Op::Intersects,
        Op::In,
        Op::Pmatch,
    ];

    /// The operator as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Op::Exists => "exists",
            Op::Le => "<=",
            Op::Lt => "<",
            Op::Ge => ">=",
            Op::Gt => ">",
            Op::EqEq => "==",
            Op::Eq => "=",
            Op::Ne => "!=",
            Op::Glob => "glob",
            Op::Iglob => "iglob",
            Op::Contains => "contains",
            Op::Icontains => "icontains",
            Op::Bcontains => "bcontains",
            Op::StartsWith => "startswith",
            Op::BstartsWith => "bstartswith",
            Op::EndsWith => "endswith",
            Op::Regex => "regex",
            Op::Intersects => "intersects",
            Op::In => "in",
            Op::Pmatch => "pmatch",
        }
    }
}

/// What `contains oneof (a, b)` and its like ask of the values in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Modifier {
    /// Exactly one makes the comparison hold.
    OneOf,
    /// At least one does.
    AnyOf,
    /// There is one, and all do.
    AllOf,
}

impl Modifier {
    /// Every modifier.
    pub const ALL: &'static [Modifier] = &[Modifier::OneOf, Modifier::AnyOf, Modifier::AllOf];

    /// The modifier as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Modifier::OneOf => "oneof",
            Modifier::AnyOf => "anyof",
            Modifier::AllOf => "allof",
        }
    }
}

/// A function of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transformer {
    /// ASCII lower case.
    ToLower,
    /// ASCII upper case.
    ToUpper,
    /// Decodes base64, padded or not; no value if it is none.
    B64,
    /// What follows the last slash.
    Basename,
    /// How many values a list has, or bytes a text.
    Len,
    /// Puts the values of a list together, with a separator between them.
    Join,
    /// Puts texts together.
    Concat,
    /// Reads a list as a command line's options.
    Getopt,
}

impl Transformer {
    /// Every transformer.
    pub const ALL: &'static [Transformer] = &[
        Transformer::ToLower,
        Transformer::ToUpper,
        Transformer::B64,
        Transformer::Basename,
        Transformer::Len,
        Transformer::Join,
        Transformer::Concat,
        Transformer::Getopt,
    ];

    /// The transformer as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Transformer::ToLower => "tolower",
            Transformer::ToUpper => "toupper",
            Transformer::B64 => "b64",
            Transformer::Basename => "basename",
            Transformer::Len => "len",
            Transformer::Join => "join",
            Transformer::Concat => "concat",
            Transformer::Getopt => "getopt",
        }
    }
}

impl Expr {
    /// Where it is written: from its first comparison or macro to its last.
    pub fn span(&self) -> Span {
        match self {
            Expr::And(children) | Expr::Or(children) => match (children.first(), children.last()) {
                (Some(first), Some(last)) => first.span().to(last.span()),
                _ => Span::default(),
            },
            Expr::Not(child) => child.span(),
            Expr::Macro { span, .. } => *span,
            Expr::Check(check) => check.span,
        }
    }

    /// Calls `visit` with every comparison, those within resolved macros too (with the macro's name, and once for each
    /// macro), from left to right.
    pub fn for_each_check<'a>(&'a self, visit: &mut dyn FnMut(&'a Check, Option<&'a str>)) {
        self.walk(None, &mut HashSet::new(), visit);
    }

    fn walk<'a>(
        &'a self,
        within: Option<&'a str>,
        seen: &mut HashSet<*const Expr>,
        visit: &mut dyn FnMut(&'a Check, Option<&'a str>),
    ) {
        match self {
            Expr::And(children) | Expr::Or(children) => {
                for child in children {
                    child.walk(within, seen, visit);
                }
            }
            Expr::Not(child) => child.walk(within, seen, visit),
            Expr::Macro { name, body, .. } => {
                if let Some(body) = body
                    && seen.insert(Arc::as_ptr(body))
                {
                    body.walk(Some(name), seen, visit);
                }
            }
            Expr::Check(check) => visit(check, within),
        }
    }

    /// The names of the macros that it uses itself, not through other macros.
    pub fn macro_names(&self) -> BTreeSet<&str> {
        fn collect<'a>(expr: &'a Expr, names: &mut BTreeSet<&'a str>) {
            match expr {
                Expr::And(children) | Expr::Or(children) => {
                    for child in children {
                        collect(child, names);
                    }
                }
                Expr::Not(child) => collect(child, names),
                Expr::Macro { name, .. } => {
                    names.insert(name);
                }
                Expr::Check(_) => {}
            }
        }
        let mut names = BTreeSet::new();
        collect(self, &mut names);
        names
    }

    /// The canonical text, cut off with an ellipsis after about `limit` bytes.
    pub fn limited_text(&self, limit: usize) -> String {
        print::limited(self, limit)
    }

    /// How deep it is nested, with what its macros stand for.
    pub fn depth(&self) -> usize {
        fn depth(expr: &Expr, known: &mut HashMap<*const Expr, usize>) -> usize {
            match expr {
                Expr::And(children) | Expr::Or(children) => {
                    1 + children.iter().map(|child| depth(child, known)).max().unwrap_or(0)
                }
                Expr::Not(child) => 1 + depth(child, known),
                Expr::Macro { body: Some(body), .. } => {
                    if let Some(found) = known.get(&Arc::as_ptr(body)) {
                        return *found;
                    }
                    let found = 1 + depth(body, known);
                    known.insert(Arc::as_ptr(body), found);
                    found
                }
                Expr::Macro { body: None, .. } | Expr::Check(_) => 1,
            }
        }
        depth(self, &mut HashMap::new())
    }

    /// Gives every macro that has no body yet the one that `find` returns for its name.
    ///
    /// # Errors
    /// The uses of macros for which `find` returns nothing, as name and place, in the order of the text.
    pub fn resolve_macros(
        &mut self,
        find: &mut dyn FnMut(&str) -> Option<Arc<Expr>>,
    ) -> Result<(), Vec<UndefinedMacro>> {
        let mut missing = Vec::new();
        self.fill(find, &mut missing);
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    fn fill(&mut self, find: &mut dyn FnMut(&str) -> Option<Arc<Expr>>, missing: &mut Vec<UndefinedMacro>) {
        match self {
            Expr::And(children) | Expr::Or(children) => {
                for child in children {
                    child.fill(find, missing);
                }
            }
            Expr::Not(child) => child.fill(find, missing),
            Expr::Macro { name, span, body } => {
                if body.is_none() {
                    *body = find(name);
                }
                if body.is_none() {
                    missing.push(UndefinedMacro { name: name.clone(), span: *span });
                }
            }
            Expr::Check(_) => {}
        }
    }
}

/// A use of a macro that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndefinedMacro {
    /// The name.
    pub name: Box<str>,
    /// Where it is used.
    pub span: Span,
}
