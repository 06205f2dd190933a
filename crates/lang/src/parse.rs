//! From a condition's text to an [`Expr`]: Falco's grammar, with its quirks. [`parse`] is the entry point.
//!
//! The grammar, from the lowest precedence to the highest; keywords are plain prefixes (`existsand` is `exists and`):
//!
//! ```text
//! Or        = And ("or" (blank And | "(" Or ")"))*
//! And       = Not ("and" (blank Not | "(" Or ")"))*
//! Not       = ("not" blank)* ("not(" Or ")" | Primary)
//! Primary   = "(" Or ")" | (Transformer | Field) Condition | identifier
//! Condition = "exists" | NumberOp (number | Right) | TextOp (text | modifier List | Right) | ListOp (List | Right)
//! Right     = Transformer | "val(" Field ")"
//! List      = "(" [text ("," text)*] ")" | identifier
//! ```
//!
//! Positions of errors are where Falco's parser stands when it gives up.

mod help;
mod scan;

use crate::ast::{Check, Expr, FieldName, Literal, Modifier, Op, Operand, Right, Transformer};
use crate::codes;
use crate::diagnostic::{Code, Diagnostic, Span};

use scan::Scanner;

pub use scan::{is_bare_text, is_identifier};

/// How much a condition may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep the parser may recurse. Falco's is 1000 for rules and 100 where it describes them. Each pair of parentheses
    /// takes five.
    pub depth: usize,
    /// How many bytes of text a condition may have.
    pub text: usize,
}

impl Default for Limits {
    /// 1000 levels, as in Falco, and 64 MiB of text.
    fn default() -> Self {
        Limits { depth: 1000, text: 64 << 20 }
    }
}

/// Parses a condition.
///
/// # Errors
/// With the first thing that is not of the grammar.
///
/// ```
/// use eyrie_lang::parse::{Limits, parse};
/// let expr = parse("evt.type=open and(proc.name=cat)", Limits::default())?;
/// assert_eq!(expr.to_string(), "(evt.type = open and proc.name = cat)");
/// # Ok::<(), Box<eyrie_lang::Diagnostic>>(())
/// ```
pub fn parse(text: &str, limits: Limits) -> Result<Expr, Box<Diagnostic>> {
    if text.is_empty() {
        return refuse(Diagnostic::error(codes::EMPTY_CONDITION, Span::at(0), "the condition is empty"));
    }
    if text.len() > limits.text {
        return refuse(Diagnostic::error(
            codes::CONDITION_TOO_LONG,
            Span::at(0),
            format!("the condition has {} bytes; {} are allowed", text.len(), limits.text),
        ));
    }
    let mut parser = Parser { scan: Scanner::new(text), depth: 0, limit: limits.depth };
    let expr = parser.or()?;
    if parser.scan.at < text.len() {
        return refuse(parser.leftover());
    }
    Ok(expr)
}

/// Parses a field or a transformer's call at the start of a text, as output formats contain them, and says how many bytes
/// of the text it takes. `None` if there is neither.
///
/// # Errors
/// With the first thing that is not of the grammar, once it is clear that it is a field or a transformer.
///
/// ```
/// use eyrie_lang::parse::{Limits, parse_operand};
/// let (operand, len) = parse_operand("toupper(proc.name) ran", Limits::default())?.unwrap();
/// assert_eq!((operand.to_string().as_str(), len), ("toupper(proc.name)", 18));
/// # Ok::<(), Box<eyrie_lang::Diagnostic>>(())
/// ```
pub fn parse_operand(text: &str, limits: Limits) -> Result<Option<(Operand, usize)>, Box<Diagnostic>> {
    let mut parser = Parser { scan: Scanner::new(text), depth: 0, limit: limits.depth };
    if let Some(call) = parser.transformer()? {
        return Ok(Some((call, parser.scan.at)));
    }
    let Some(name) = parser.scan.field_name() else { return Ok(None) };
    let field = parser.rest_of_field(name, 0)?;
    Ok(Some((Operand::Field(field), parser.scan.at)))
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

struct Parser<'t> {
    scan: Scanner<'t>,
    depth: usize,
    limit: usize,
}

impl<'t> Parser<'t> {
    /// Goes one level deeper. The productions that call each other keep their stack frames small: what goes wrong is put
    /// together elsewhere.
    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth >= self.limit { Err(self.too_deep()) } else { Ok(()) }
    }

    #[cold]
    fn too_deep(&self) -> Box<Diagnostic> {
        Box::new(
            Diagnostic::error(
                codes::CONDITION_TOO_DEEP,
                Span::at(self.scan.at),
                format!("the condition is nested deeper than the limit of {}", self.limit),
            )
            .with_help("put parts of it into macros, or drop needless parentheses"),
        )
    }

    /// Runs one production one level deeper.
    fn nested<T>(&mut self, production: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.enter()?;
        let result = production(self);
        self.depth -= 1;
        result
    }

    fn error(&self, code: Code, title: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.scan.word_span(), title)
    }

    fn or(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let expr = self.joined("or", Parser::and, Expr::Or)?;
        self.depth -= 1;
        Ok(expr)
    }

    fn and(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let expr = self.joined("and", Parser::not, Expr::And)?;
        self.depth -= 1;
        Ok(expr)
    }

    fn joined(
        &mut self,
        keyword: &str,
        operand: fn(&mut Self) -> Parsed<Expr>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Parsed<Expr> {
        self.scan.blanks();
        let first = operand(self)?;
        self.scan.blanks();
        if !self.scan.eat(keyword) {
            return Ok(first);
        }
        let mut children = vec![first];
        loop {
            let child = if self.scan.blanks() {
                operand(self)?
            } else if self.scan.eat("(") {
                self.rest_of_parenthesis()?
            } else {
                return Err(self.keyword_run_on(keyword));
            };
            children.push(child);
            self.scan.blanks();
            if !self.scan.eat(keyword) {
                return Ok(join(children));
            }
        }
    }

    #[cold]
    fn keyword_run_on(&self, keyword: &str) -> Box<Diagnostic> {
        Box::new(
            self.error(codes::EXPECTED_BLANK, format!("expected a blank or `(` after `{keyword}`"))
                .with_help_if(help::keyword_run_on(keyword, &self.scan)),
        )
    }

    fn not(&mut self) -> Parsed<Expr> {
        self.enter()?;
        self.scan.blanks();
        let mut negated = false;
        let expr = loop {
            let before = self.scan.at;
            if !self.scan.eat("not") {
                break self.primary()?;
            }
            if self.scan.blanks() {
                negated = !negated;
            } else if self.scan.eat("(") {
                negated = !negated;
                break self.rest_of_parenthesis()?;
            } else {
                // `nothing`, a macro, or `notes.x`, a field.
                self.scan.at = before;
                break self.primary()?;
            }
        };
        self.depth -= 1;
        Ok(if negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    /// The opening parenthesis has been read.
    fn rest_of_parenthesis(&mut self) -> Parsed<Expr> {
        let open = self.scan.at.saturating_sub(1);
        self.enter()?;
        self.scan.blanks();
        let expr = self.or()?;
        self.scan.blanks();
        if !self.scan.eat(")") {
            return Err(self.unclosed(open));
        }
        self.depth -= 1;
        Ok(expr)
    }

    #[cold]
    fn unclosed(&self, open: usize) -> Box<Diagnostic> {
        Box::new(
            self.error(codes::UNCLOSED, "expected `)`")
                .with_remark(Span::new(open, open + 1), "this parenthesis is not closed")
                .with_help_if(help::leftover(&self.scan)),
        )
    }

    fn primary(&mut self) -> Parsed<Expr> {
        self.enter()?;
        self.scan.blanks();
        let expr = if self.scan.eat("(") { self.rest_of_parenthesis()? } else { self.comparison_or_macro()? };
        self.depth -= 1;
        Ok(expr)
    }

    fn comparison_or_macro(&mut self) -> Parsed<Expr> {
        let start = self.scan.at;
        if let Some(left) = self.transformer()? {
            return self.condition(left, start);
        }
        if let Some(name) = self.scan.field_name() {
            let left = Operand::Field(self.rest_of_field(name, start)?);
            return self.condition(left, start);
        }
        if let Some(name) = self.scan.identifier() {
            let span = Span::new(start, self.scan.at);
            return Ok(Expr::Macro { name: name.into(), span, body: None });
        }
        refuse(
            self.error(codes::EXPECTED_CHECK, "expected a comparison, a macro or `(`")
                .with_help_if(help::no_check(&self.scan)),
        )
    }

    /// The name has been read.
    fn rest_of_field(&mut self, name: &str, start: usize) -> Parsed<FieldName> {
        self.nested(|p| {
            let mut argument = None;
            if p.scan.eat("[") {
                let text: Box<str> = if let Some(literal) = p.quoted()? {
                    literal.text().into()
                } else if let Some(text) = p.scan.bare_argument() {
                    text.into()
                } else {
                    return refuse(p.error(
                        codes::EXPECTED_ARGUMENT,
                        "expected the field's argument: quoted, or without blanks, quotes and brackets",
                    ));
                };
                argument = Some(text);
                if !p.scan.eat("]") {
                    return refuse(p.error(codes::UNCLOSED, "expected `]` after the field's argument"));
                }
            }
            Ok(FieldName { name: name.into(), argument, span: Span::new(start, p.scan.at) })
        })
    }

    fn transformer(&mut self) -> Parsed<Option<Operand>> {
        let start = self.scan.at;
        let Some(transformer) = self.scan.transformer() else { return Ok(None) };
        let open = Span::new(start, self.scan.at);
        self.enter()?;
        let mut arguments = Vec::new();
        loop {
            self.scan.blanks();
            arguments.push(self.argument()?);
            self.scan.blanks();
            if !self.scan.eat(",") {
                break;
            }
        }
        let selector = self.rest_of_transformer(open)?;
        self.depth -= 1;
        let span = Span::new(start, self.scan.at);
        Ok(Some(Operand::Call { transformer, arguments, selector, span }))
    }

    /// The closing parenthesis and what may stand in brackets after it.
    fn rest_of_transformer(&mut self, open: Span) -> Parsed<Option<Literal>> {
        if !self.scan.eat(")") {
            return refuse(
                self.error(codes::UNCLOSED, "expected `)` after the transformer's arguments")
                    .with_remark(open, "the transformer starts here"),
            );
        }
        if !self.scan.eat("[") {
            return Ok(None);
        }
        let at = self.scan.at;
        let selector = if let Some(literal) = self.quoted()? {
            literal
        } else if let Some(text) = self.scan.bare_argument() {
            Literal { bytes: text.as_bytes().into(), span: Span::new(at, self.scan.at) }
        } else {
            return refuse(self.error(
                codes::EXPECTED_ARGUMENT,
                "expected what the brackets select: quoted, or without blanks, quotes and brackets",
            ));
        };
        if !self.scan.eat("]") {
            return refuse(self.error(codes::UNCLOSED, "expected `]`"));
        }
        Ok(Some(selector))
    }

    fn argument(&mut self) -> Parsed<Operand> {
        self.enter()?;
        let operand = match self.simple_argument()? {
            Some(operand) => operand,
            None => self.argument_list()?,
        };
        self.depth -= 1;
        Ok(operand)
    }

    fn argument_list(&mut self) -> Parsed<Operand> {
        let start = self.scan.at;
        if !self.scan.eat("(") {
            return Err(self.no_argument());
        }
        let mut items = Vec::new();
        self.scan.blanks();
        if !self.scan.eat(")") {
            loop {
                self.scan.blanks();
                match self.simple_argument()? {
                    Some(item) => items.push(item),
                    None => return Err(self.no_item()),
                }
                self.scan.blanks();
                if !self.scan.eat(",") {
                    break;
                }
            }
            if !self.scan.eat(")") {
                return Err(self.list_unclosed());
            }
        }
        Ok(Operand::List { items, span: Span::new(start, self.scan.at) })
    }

    #[cold]
    fn no_argument(&self) -> Box<Diagnostic> {
        Box::new(
            self.error(
                codes::EXPECTED_ARGUMENT,
                "expected the transformer's argument: a field, a transformer, a quoted text, a number or a list",
            )
            .with_help_if(help::no_argument(&self.scan)),
        )
    }

    #[cold]
    fn no_item(&self) -> Box<Diagnostic> {
        Box::new(self.error(
            codes::EXPECTED_ARGUMENT,
            "expected a list's item: a field, a transformer, a quoted text or a number",
        ))
    }

    #[cold]
    fn list_unclosed(&self) -> Box<Diagnostic> {
        Box::new(self.error(codes::UNCLOSED, "expected `)` after the list"))
    }

    fn simple_argument(&mut self) -> Parsed<Option<Operand>> {
        let start = self.scan.at;
        if let Some(call) = self.transformer()? {
            return Ok(Some(call));
        }
        if let Some(name) = self.scan.field_name() {
            return Ok(Some(Operand::Field(self.rest_of_field(name, start)?)));
        }
        if let Some(literal) = self.quoted()? {
            return Ok(Some(Operand::Literal(literal)));
        }
        Ok(self.scan.number().map(|number| {
            Operand::Literal(Literal {
                bytes: number.as_bytes().into(),
                span: Span::new(start, self.scan.at),
            })
        }))
    }

    /// The left-hand side has been read.
    fn condition(&mut self, left: Operand, start: usize) -> Parsed<Expr> {
        self.nested(|p| {
            p.scan.blanks();
            let op_start = p.scan.at;
            let Some(op) = p.scan.operator() else {
                return refuse(
                    p.error(codes::EXPECTED_OPERATOR, "expected a comparison operator")
                        .with_help_if(help::no_operator(&p.scan, &left)),
                );
            };
            let mut op_span = Span::new(op_start, p.scan.at);
            let blank = p.scan.blanks();
            let mut modifier = None;
            let right = match op {
                Op::Exists => {
                    // The blanks belong to whatever follows.
                    p.scan.at = op_span.end;
                    Right::None
                }
                Op::Lt | Op::Le | Op::Gt | Op::Ge => p.number_or_operand(op)?,
                Op::In | Op::Intersects | Op::Pmatch => p.list_or_operand(op)?,
                _ => {
                    if blank {
                        modifier = p.modifier();
                    }
                    if modifier.is_some() {
                        op_span.end = p.scan.last_end;
                        p.list(op)?
                    } else {
                        p.text_or_operand(op)?
                    }
                }
            };
            let span = Span::new(start, p.scan.at);
            Ok(Expr::Check(Box::new(Check { left, op, modifier, right, span, op_span })))
        })
    }

    /// `oneof`, `anyof` or `allof` if it is a modifier here and not a plain word.
    fn modifier(&mut self) -> Option<Modifier> {
        let before = self.scan.clone();
        for modifier in Modifier::ALL {
            if self.scan.eat(modifier.name()) && self.scan.blanks() {
                let list = self.scan.clone();
                let follows = self.scan.eat("(")
                    || self.scan.identifier().is_some_and(|word| !matches!(word, "and" | "or" | "not"));
                self.scan = list;
                if follows {
                    self.scan.last_end = before.at + modifier.name().len();
                    return Some(*modifier);
                }
            }
            self.scan = before.clone();
        }
        None
    }

    fn number_or_operand(&mut self, op: Op) -> Parsed<Right> {
        if let Some(operand) = self.right_operand()? {
            return Ok(Right::Operand(operand));
        }
        let start = self.scan.at;
        match self.scan.number() {
            Some(number) => Ok(Right::Value(Literal {
                bytes: number.as_bytes().into(),
                span: Span::new(start, self.scan.at),
            })),
            None => refuse(
                self.error(codes::EXPECTED_NUMBER, format!("expected a number after `{}`", op.name()))
                    .with_help_if(help::no_number(op, &self.scan)),
            ),
        }
    }

    fn text_or_operand(&mut self, op: Op) -> Parsed<Right> {
        if let Some(operand) = self.right_operand()? {
            return Ok(Right::Operand(operand));
        }
        match self.text()? {
            Some(literal) => Ok(Right::Value(literal)),
            None => refuse(
                self.error(codes::EXPECTED_VALUE, format!("expected a value after `{}`", op.name()))
                    .with_help_if(help::no_value(op, &self.scan)),
            ),
        }
    }

    fn list_or_operand(&mut self, op: Op) -> Parsed<Right> {
        match self.right_operand()? {
            Some(operand) => Ok(Right::Operand(operand)),
            None => self.list(op),
        }
    }

    fn list(&mut self, op: Op) -> Parsed<Right> {
        let start = self.scan.at;
        if self.scan.eat("(") {
            let mut values = Vec::new();
            self.scan.blanks();
            if let Some(first) = self.text()? {
                values.push(first);
                self.scan.blanks();
                while self.scan.eat(",") {
                    self.scan.blanks();
                    match self.text()? {
                        Some(value) => values.push(value),
                        None => {
                            let help = if self.scan.rest().starts_with('(') {
                                "a list contains plain values: no fields, transformers or other lists"
                            } else {
                                "a comma stands only between two values"
                            };
                            return refuse(
                                self.error(codes::EXPECTED_VALUE, "expected a value after `,`")
                                    .with_help(help),
                            );
                        }
                    }
                    self.scan.blanks();
                }
            }
            if !self.scan.eat(")") {
                return refuse(
                    self.error(codes::UNCLOSED, "expected `)` or `,`")
                        .with_remark(Span::new(start, start + 1), "in this list")
                        .with_help_if(help::in_list(&self.scan)),
                );
            }
            return Ok(Right::List { values, span: Span::new(start, self.scan.at) });
        }
        match self.scan.identifier() {
            Some(word) => Ok(Right::Value(Literal {
                bytes: word.as_bytes().into(),
                span: Span::new(start, self.scan.at),
            })),
            None => refuse(
                self.error(codes::EXPECTED_LIST, format!("expected a list after `{}`", op.name()))
                    .with_help("write the values in parentheses: `(a, b)`"),
            ),
        }
    }

    /// `val(field)` or a transformer.
    fn right_operand(&mut self) -> Parsed<Option<Operand>> {
        let start = self.scan.at;
        if self.scan.eat("val(") {
            return self.nested(|p| {
                p.scan.blanks();
                let at = p.scan.at;
                let Some(name) = p.scan.field_name() else {
                    return refuse(p.error(codes::EXPECTED_ARGUMENT, "expected a field within `val(…)`"));
                };
                let field = p.rest_of_field(name, at)?;
                p.scan.blanks();
                if !p.scan.eat(")") {
                    return refuse(p.error(codes::UNCLOSED, "expected `)` after the field"));
                }
                Ok(Some(Operand::Val { field, span: Span::new(start, p.scan.at) }))
            });
        }
        self.transformer()
    }

    fn text(&mut self) -> Parsed<Option<Literal>> {
        if let Some(literal) = self.quoted()? {
            return Ok(Some(literal));
        }
        let start = self.scan.at;
        Ok(self
            .scan
            .bare_text()
            .map(|text| Literal { bytes: text.as_bytes().into(), span: Span::new(start, self.scan.at) }))
    }

    fn quoted(&mut self) -> Parsed<Option<Literal>> {
        let start = self.scan.at;
        let Some(raw) = self.scan.quoted() else { return Ok(None) };
        let span = Span::new(start, self.scan.at);
        match scan::unescape(raw) {
            Ok(bytes) => Ok(Some(Literal { bytes: bytes.into(), span })),
            Err((offset, escape)) => {
                let at = start + offset;
                let mut diagnostic = Diagnostic::error(
                    codes::BAD_ESCAPE,
                    Span::new(at, at + 1 + escape.len_utf8()),
                    format!("`\\{escape}` is not an escape"),
                )
                .with_help("write `\\\\` for a backslash; the escapes are \\b \\f \\n \\r \\t \\\\ \\/ \\xHH and the quote");
                // Falco's parser has read the whole text by then.
                diagnostic.anchor = Some(self.scan.at);
                refuse(diagnostic)
            }
        }
    }

    fn leftover(&self) -> Diagnostic {
        let last = Span::new(self.scan.last_start, self.scan.last_end);
        self.error(codes::UNEXPECTED_TEXT, "expected `and` or `or` here, or nothing")
            .with_remark(last, "the condition is complete after this")
            .with_help_if(help::leftover(&self.scan))
    }
}

/// The transformer whose call starts `text`, for the warning about a call that was meant and is a text.
pub(crate) fn looks_like_transformer(text: &str) -> bool {
    Transformer::ALL.iter().any(|t| text.strip_prefix(t.name()).is_some_and(|rest| rest.starts_with('(')))
        || text.starts_with("val(")
}

fn refuse<T>(diagnostic: Diagnostic) -> Parsed<T> {
    Err(Box::new(diagnostic))
}
