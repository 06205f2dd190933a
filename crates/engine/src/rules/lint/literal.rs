//! A condition as terms that must all hold, and what two comparisons say about each other.

use std::collections::BTreeSet;

use eyrie_lang::ast::{Check, Expr, Op, Operand, Right};
use eyrie_lang::{Arity, Class, KindSet, Schema};

type Set = BTreeSet<String>;

/// Something that has to hold for a condition to hold.
#[derive(Debug)]
pub(super) enum Term<'e> {
    Literal(Literal<'e>),
    /// Alternatives.
    Other {
        expr: &'e Expr,
        negated: bool,
        within: Option<&'e str>,
        text: String,
    },
}

/// A comparison that has to hold, or not to.
#[derive(Debug)]
pub(super) struct Literal<'e> {
    pub(super) check: &'e Check,
    pub(super) negated: bool,
    /// The macro that it stands in.
    pub(super) within: Option<&'e str>,
    /// The canonical text of the comparison.
    pub(super) text: String,
    /// The field on the left, if it is one and has one value.
    pub(super) field: Option<String>,
    /// The texts on the right.
    pub(super) values: Vec<String>,
    /// What values the field may have, as far as that is known.
    says: Says,
    /// It comes out the same for every event: a place for a condition to come, such as `evt.num = 0`.
    constant: bool,
}

/// What a literal says about the value of its field.
#[derive(Debug)]
enum Says {
    /// It is one of these.
    OneOf(Set),
    /// It is none of these, or absent.
    NoneOf(Set),
    /// It is at least and at most these.
    Between(i128, i128),
    /// It is of these kinds.
    Kinds(KindSet),
    /// The text starts, ends with or contains one of these.
    Part(Op, Vec<String>),
    /// It is there.
    There,
    /// It is not there.
    Absent,
    /// Nothing that is known here.
    Nothing,
}

/// The terms of a condition.
pub(super) fn terms<'e>(expr: &'e Expr, schema: &dyn Schema) -> Vec<Term<'e>> {
    terms_of(expr, false, None, schema)
}

/// The terms of a part of a condition.
pub(super) fn terms_of<'e>(
    expr: &'e Expr,
    negated: bool,
    within: Option<&'e str>,
    schema: &dyn Schema,
) -> Vec<Term<'e>> {
    let mut all = Vec::new();
    collect(expr, negated, within, schema, &mut all);
    all
}

fn collect<'e>(
    expr: &'e Expr,
    negated: bool,
    within: Option<&'e str>,
    schema: &dyn Schema,
    out: &mut Vec<Term<'e>>,
) {
    match (expr, negated) {
        (Expr::And(children), false) | (Expr::Or(children), true) => {
            children.iter().for_each(|child| collect(child, negated, within, schema, out));
        }
        (Expr::Not(child), _) => collect(child, !negated, within, schema, out),
        (Expr::Macro { name, body: Some(body), .. }, _) => {
            collect(body, negated, Some(name), schema, out);
        }
        (Expr::Check(check), _) => out.push(Term::Literal(Literal::new(check, negated, within, schema))),
        (expr, _) => {
            let text = expr.limited_text(1 << 16);
            out.push(Term::Other { expr, negated, within, text });
        }
    }
}

impl<'e> Term<'e> {
    pub(super) fn literal(&self) -> Option<&Literal<'e>> {
        match self {
            Term::Literal(literal) => Some(literal),
            Term::Other { .. } => None,
        }
    }

    /// What a term must have in common with one that implies it: the first of the tokens of that one is among those of this
    /// one. None if it can be implied by something that looks quite different.
    pub(super) fn tokens(&self) -> Vec<String> {
        match self {
            Term::Other { negated, text, .. } => vec![format!("{negated} {text}")],
            Term::Literal(literal) => match (&literal.says, &literal.field) {
                (Says::OneOf(values), Some(field)) => {
                    values.iter().map(|value| format!("{field} = {value}")).collect()
                }
                (Says::NoneOf(_) | Says::Between(..) | Says::Kinds(_) | Says::There, _) => Vec::new(),
                _ => vec![format!("{} {}", literal.negated, literal.text)],
            },
        }
    }

    /// Whether it holds whenever the other does.
    pub(super) fn implied_by(&self, other: &Term<'_>) -> bool {
        match (self, other) {
            (Term::Literal(this), Term::Literal(other)) => this.implied_by(other),
            (Term::Other { negated, text, .. }, Term::Other { negated: other, text: by, .. }) => {
                negated == other && text == by
            }
            _ => false,
        }
    }
}

impl<'e> Literal<'e> {
    fn new(check: &'e Check, negated: bool, within: Option<&'e str>, schema: &dyn Schema) -> Self {
        let values: Vec<String> = match &check.right {
            Right::Value(value) => vec![value.text().into_owned()],
            Right::List { values, .. } => values.iter().map(|value| value.text().into_owned()).collect(),
            Right::None | Right::Operand(_) => Vec::new(),
        };
        let mut literal = Literal {
            check,
            negated,
            within,
            text: check.to_string(),
            field: None,
            values,
            says: Says::Nothing,
            constant: false,
        };
        let Operand::Field(name) = &check.left else { return literal };
        let Ok(field) = schema.resolve(&name.name, name.argument.as_deref()) else { return literal };
        literal.field = Some(field.to_string());
        let op = if check.op == Op::EqEq { Op::Eq } else { check.op };
        let bytes: Vec<&[u8]> = literal.values.iter().map(String::as_bytes).collect();
        literal.constant = schema.constant(&field, op, &bytes).is_some();
        if field.arity == Arity::One && check.modifier.is_none() {
            let number = field.ty.class() == Class::Number;
            let sorts = schema.discriminant().filter(|discriminant| {
                *field.name == *discriminant.field() || discriminant.other_fields().contains(&&*field.name)
            });
            literal.says = literal.meaning(number, &|values| {
                let discriminant = sorts?;
                let mut set = KindSet::empty(discriminant.len());
                for value in values {
                    discriminant.kinds(value)?.into_iter().for_each(|kind| set.insert(kind));
                }
                Some(set)
            });
        }
        literal
    }

    fn meaning(&self, number: bool, kinds: &dyn Fn(&[String]) -> Option<KindSet>) -> Says {
        let compared = !matches!(self.check.right, Right::None | Right::Operand(_));
        let set = || -> Set {
            let plain = |value: &String| match value.parse::<i128>() {
                Ok(value) if number => value.to_string(),
                _ => value.clone(),
            };
            self.values.iter().map(plain).collect()
        };
        let bound = || self.values.first().and_then(|value| value.parse::<i128>().ok());
        match (self.check.op, self.negated) {
            (Op::Exists, false) => Says::There,
            (Op::Exists, true) => Says::Absent,
            (op @ (Op::Eq | Op::EqEq | Op::In | Op::Ne), negated) if compared => {
                let positive = (op != Op::Ne) != negated;
                match kinds(&self.values) {
                    Some(kinds) => Says::Kinds(if positive { kinds } else { kinds.complement() }),
                    // `not x != a` holds where there is no x.
                    None if positive && op == Op::Ne => Says::Nothing,
                    // An empty list is a place for values to come.
                    None if self.values.is_empty() => Says::Nothing,
                    None if positive => Says::OneOf(set()),
                    None => Says::NoneOf(set()),
                }
            }
            (Op::StartsWith | Op::EndsWith | Op::Contains, false) if compared => {
                Says::Part(self.check.op, self.values.clone())
            }
            (Op::Lt, false) if number => bound().map_or(Says::Nothing, |n| Says::Between(i128::MIN, n - 1)),
            (Op::Le, false) if number => bound().map_or(Says::Nothing, |n| Says::Between(i128::MIN, n)),
            (Op::Gt, false) if number => bound().map_or(Says::Nothing, |n| Says::Between(n + 1, i128::MAX)),
            (Op::Ge, false) if number => bound().map_or(Says::Nothing, |n| Says::Between(n, i128::MAX)),
            _ => Says::Nothing,
        }
    }

    /// As a condition would have it.
    pub(super) fn shown(&self) -> String {
        if self.negated { format!("not {}", self.text) } else { self.text.clone() }
    }

    /// Whether the two never hold together.
    pub(super) fn excludes(&self, other: &Literal<'_>) -> bool {
        if self.constant || other.constant {
            return false;
        }
        if self.text == other.text && self.negated != other.negated {
            return true;
        }
        if let (Says::Kinds(a), Says::Kinds(b)) = (&self.says, &other.says) {
            return a.clone().intersection(b).is_empty();
        }
        if self.field.is_none() || self.field != other.field {
            return false;
        }
        excludes(&self.says, &other.says) || excludes(&other.says, &self.says)
    }

    /// Whether it holds whenever the other does.
    fn implied_by(&self, other: &Literal<'_>) -> bool {
        if self.text == other.text {
            return self.negated == other.negated;
        }
        match (&self.says, &other.says) {
            (Says::Kinds(wide), Says::Kinds(narrow)) => narrow.clone().intersection(wide) == *narrow,
            _ if self.field.is_none() || self.field != other.field => false,
            (Says::OneOf(wide), Says::OneOf(narrow)) => narrow.is_subset(wide),
            (Says::NoneOf(few), Says::NoneOf(many)) => {
                // `x != a` asks for an x, `not x = a` does not.
                few.is_subset(many) && (self.negated || !other.negated)
            }
            (Says::NoneOf(excluded), Says::OneOf(values)) => values.is_disjoint(excluded),
            (Says::Between(low, high), Says::Between(from, to)) => low <= from && to <= high,
            (Says::There, Says::OneOf(_) | Says::Between(..) | Says::Part(..)) => true,
            _ => false,
        }
    }
}

/// Whether what both say of one field never holds together.
fn excludes(one: &Says, other: &Says) -> bool {
    match (one, other) {
        (Says::OneOf(a), Says::OneOf(b)) => a.is_disjoint(b),
        (Says::OneOf(values), Says::NoneOf(excluded)) => !values.is_empty() && values.is_subset(excluded),
        (Says::OneOf(values), Says::Part(op, parts)) => {
            let holds = |value: &str| {
                parts.iter().any(|part| match op {
                    Op::StartsWith => value.starts_with(part.as_str()),
                    Op::EndsWith => value.ends_with(part.as_str()),
                    _ => value.contains(part.as_str()),
                })
            };
            !values.iter().any(|value| holds(value))
        }
        (Says::OneOf(values), Says::Between(low, high)) => {
            let numbers: Option<BTreeSet<i128>> = values.iter().map(|value| value.parse().ok()).collect();
            numbers.is_some_and(|numbers| !numbers.iter().any(|n| low <= n && n <= high))
        }
        (Says::Between(low, high), Says::Between(from, to)) => low.max(from) > high.min(to),
        (Says::Part(Op::StartsWith, a), Says::Part(Op::StartsWith, b)) => {
            !a.iter().any(|a| b.iter().any(|b| a.starts_with(b.as_str()) || b.starts_with(a.as_str())))
        }
        (Says::Absent, Says::There | Says::OneOf(_) | Says::Between(..) | Says::Part(..)) => true,
        _ => false,
    }
}
