//! The canonical text of a condition, which is what Falco shows as `condition_compiled`: `and` and `or` in parentheses,
//! macros replaced by what they stand for, texts quoted only where they must be.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use super::{Check, Expr, FieldName, Literal, Op, Operand, Right};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expr::And(children) => joined(f, children, " and "),
            Expr::Or(children) => joined(f, children, " or "),
            Expr::Not(child) => write!(f, "not {child}"),
            Expr::Macro { body: Some(body), .. } => body.fmt(f),
            Expr::Macro { name, body: None, .. } => f.write_str(name),
            Expr::Check(check) => check.fmt(f),
        }
    }
}

fn joined(f: &mut Formatter<'_>, children: &[Expr], separator: &str) -> fmt::Result {
    f.write_str("(")?;
    for (at, child) in children.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        child.fmt(f)?;
    }
    f.write_str(")")
}

impl Display for Check {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.left, self.op.name())?;
        if self.op == Op::Exists {
            return Ok(());
        }
        if let Some(modifier) = self.modifier {
            write!(f, " {}", modifier.name())?;
        }
        f.write_str(" ")?;
        match &self.right {
            Right::None => Ok(()),
            Right::Value(literal) => literal.fmt(f),
            Right::List { values, .. } => {
                f.write_str("(")?;
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    value.fmt(f)?;
                }
                f.write_str(")")
            }
            Right::Operand(operand) => operand.fmt(f),
        }
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Field(field) => field.fmt(f),
            Operand::Val { field, .. } => write!(f, "val({field})"),
            Operand::Literal(literal) => literal.fmt(f),
            Operand::List { items, .. } => list(f, items),
            Operand::Call { transformer, arguments, selector, .. } => {
                f.write_str(transformer.name())?;
                list(f, arguments)?;
                match selector {
                    Some(selector) => write!(f, "[{selector}]"),
                    None => Ok(()),
                }
            }
        }
    }
}

fn list(f: &mut Formatter<'_>, items: &[Operand]) -> fmt::Result {
    f.write_str("(")?;
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(",")?;
        }
        item.fmt(f)?;
    }
    f.write_str(")")
}

impl Display for FieldName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.argument {
            Some(argument) => write!(f, "[{}]", quoted(argument)),
            None => Ok(()),
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.text()))
    }
}

/// The text as Falco prints a value: in double quotes with escapes if it has a blank, a control character, a quote or a
/// backslash, as it is otherwise.
///
/// ```
/// assert_eq!(eyrie_lang::ast::quoted("a b"), r#""a b""#);
/// assert_eq!(eyrie_lang::ast::quoted("a(b"), "a(b");
/// ```
pub fn quoted(text: &str) -> Cow<'_, str> {
    let special = |c| matches!(c, '\u{8}' | '\u{c}' | '\n' | '\r' | '\t' | ' ' | '\\' | '"' | '\'');
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 4);
    out.push('"');
    for c in text.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    Cow::Owned(out)
}

/// Text that takes no more than so many bytes.
struct Limited {
    text: String,
    limit: usize,
}

impl fmt::Write for Limited {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.text.len() + part.len() > self.limit {
            return Err(fmt::Error);
        }
        self.text.push_str(part);
        Ok(())
    }
}

pub(super) fn limited(expr: &Expr, limit: usize) -> String {
    let mut out = Limited { text: String::new(), limit };
    if fmt::write(&mut out, format_args!("{expr}")).is_err() {
        out.text.push('…');
    }
    out.text
}
