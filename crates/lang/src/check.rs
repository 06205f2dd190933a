//! Checks comparisons against a schema and interns them: fields resolved, transformers typed, operators allowed for the
//! type, literals read. All problems of a condition are collected; a comparison that has one yields no atom.

mod operand;
mod table;

use crate::arena::{Atom, AtomEntry, AtomKey, Fold, Interner, OperandId, RightKey, Test};
use crate::ast::{Check, Literal, Modifier, Op, Operand, Right};
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::kinds::KindSet;
use crate::literal;
use crate::matching::path::PathSet;
use crate::matching::{BytesSet, Matcher, Order, posix};
use crate::parse::looks_like_transformer;
use crate::schema::{Arity, Discriminant, Field, Schema};
use crate::suggest::closest;
use crate::value::{Class, Type};

/// The most bytes that a text on the right may have.
const MAX_VALUE: usize = 255;

/// Checks one condition.
pub(crate) struct Checker<'c> {
    pub(crate) schema: &'c dyn Schema,
    pub(crate) interner: &'c mut Interner,
    pub(crate) errors: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
    /// The macro whose text is being checked.
    pub(crate) within: Option<Box<str>>,
    /// Where Falco puts what is wrong with the current comparison.
    pub(crate) anchor: usize,
    /// Whether it is for output, where more fields may be used.
    pub(crate) output: bool,
}

/// An operand that has been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Typed {
    pub(crate) id: OperandId,
    pub(crate) ty: Type,
    pub(crate) arity: Arity,
    pub(crate) flags: crate::schema::FieldFlags,
}

impl<'c> Checker<'c> {
    pub(crate) fn new(schema: &'c dyn Schema, interner: &'c mut Interner) -> Self {
        Checker {
            schema,
            interner,
            errors: Vec::new(),
            warnings: Vec::new(),
            within: None,
            anchor: 0,
            output: false,
        }
    }

    fn error(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.anchor = Some(self.anchor);
        diagnostic.within = self.within.clone();
        self.errors.push(diagnostic);
    }

    fn warn(&mut self, at: usize, mut diagnostic: Diagnostic) {
        diagnostic.anchor = Some(at);
        diagnostic.within = self.within.clone();
        self.warnings.push(diagnostic);
    }

    /// Checks a comparison. `None` if something is wrong with it.
    pub(crate) fn check(&mut self, check: &Check) -> Option<AtomEntry> {
        self.anchor = check.span.start;
        let errors = self.errors.len();
        let left = self.operand(&check.left);
        let right = match &check.right {
            Right::Operand(operand) => Some(self.operand(operand)),
            _ => None,
        };
        let left = left?;
        if right.is_some_and(|right| right.is_none()) {
            return None;
        }
        if !self.operator_fits(check, left) {
            return None;
        }
        let entry = match (&check.right, right.flatten()) {
            (Right::Operand(operand), Some(right)) => self.against_operand(check, left, operand, right),
            (Right::Value(value), _) => self.against_literals(check, left, std::slice::from_ref(value)),
            (Right::List { values, .. }, _) => self.against_literals(check, left, values),
            (Right::None | Right::Operand(_), _) => self.existence(check, left),
        };
        if self.errors.len() > errors { None } else { entry }
    }

    fn operator_fits(&mut self, check: &Check, left: Typed) -> bool {
        let limited = self.field_of(left.id).and_then(|field| self.schema.operators(field));
        let takes = |op: Op| {
            table::allowed(left.ty, left.arity, op)
                && (op == Op::Exists || limited.is_none_or(|ops| ops.contains(&plain(op))))
        };
        if takes(check.op) {
            return true;
        }
        let name = check.op.name();
        let what = match left.arity {
            Arity::List => format!("`{}` is a list", check.left),
            _ => format!("`{}` has the type {}", check.left, left.ty),
        };
        let usable: Vec<_> =
            Op::ALL.iter().filter(|op| **op != Op::EqEq && takes(**op)).map(|op| op.name()).collect();
        let hint = match (left.arity, check.op) {
            (Arity::List, Op::Eq | Op::EqEq | Op::Contains) => {
                "to ask whether a value is in the list, write `intersects (…)`; "
            }
            _ => "",
        };
        let mut diagnostic = Diagnostic::error(
            codes::OPERATOR_TYPE,
            check.op_span,
            match left.arity {
                Arity::List => format!("the operator `{name}` does not work on lists"),
                _ if limited.is_some() => format!("the operator `{name}` does not work on `{}`", check.left),
                _ => format!("the operator `{name}` does not work on {}", described(left.ty)),
            },
        )
        .with_remark(check.left.span(), what);
        diagnostic = diagnostic.with_help(format!("{hint}the operators here are {}", usable.join(", ")));
        self.error(diagnostic);
        false
    }

    fn existence(&mut self, check: &Check, left: Typed) -> Option<AtomEntry> {
        let key = AtomKey { left: left.id, op: Op::Exists, modifier: None, right: RightKey::None };
        Some(self.intern(key, check, |_, _| Some(Test::Exists)))?
    }

    fn against_operand(
        &mut self,
        check: &Check,
        left: Typed,
        operand: &Operand,
        right: Typed,
    ) -> Option<AtomEntry> {
        let forbidden = if matches!(check.op, Op::Regex | Op::Pmatch | Op::Bcontains | Op::BstartsWith) {
            Some((check.op_span, format!("`{}` compares with literals only", check.op.name())))
        } else if left.flags.no_rhs || left.ty.class() == Class::Net {
            Some((check.left.span(), format!("`{}` cannot be compared with another field", check.left)))
        } else if right.flags.no_rhs || right.ty.class() == Class::Net {
            Some((operand.span(), "this field cannot stand on the right-hand side".to_string()))
        } else {
            None
        };
        if let Some((span, title)) = forbidden {
            self.error(Diagnostic::error(codes::RIGHT_SIDE_FORBIDDEN, span, title));
            return None;
        }
        let lists = (left.arity == Arity::List, right.arity == Arity::List);
        if left.ty != right.ty || lists.0 != lists.1 {
            let show = |ty: Type, list: bool| if list { format!("a list of {ty}") } else { ty.to_string() };
            self.error(
                Diagnostic::error(
                    codes::RIGHT_SIDE_TYPE,
                    operand.span(),
                    "the two sides have different types",
                )
                .with_label(show(right.ty, lists.1))
                .with_remark(check.left.span(), show(left.ty, lists.0)),
            );
            return None;
        }
        let key = AtomKey {
            left: left.id,
            op: plain(check.op),
            modifier: None,
            right: RightKey::Operand(right.id),
        };
        let fold = fold(left.arity, check.op, None);
        self.intern(key, check, |_, _| Some(Test::Compare(fold, plain(check.op), right.id)))
    }

    fn against_literals(&mut self, check: &Check, left: Typed, values: &[Literal]) -> Option<AtomEntry> {
        for value in values {
            self.warn_about_value(check, left, value);
        }
        // In Falco's order: what the field's kinds are comes before everything else.
        self.check_kinds(left, values);
        if left.flags.no_literal {
            let span = values.first().map_or(check.op_span, |value| value.span);
            self.error(
                Diagnostic::error(
                    codes::NOT_COMPARABLE,
                    span,
                    format!("nothing can be compared with `{}`", check.left),
                )
                .with_help(format!("write `{} exists`", check.left)),
            );
            return None;
        }
        let key = AtomKey {
            left: left.id,
            op: plain(check.op),
            modifier: check.modifier,
            right: RightKey::Values(values.iter().map(|value| value.bytes.clone()).collect()),
        };
        if let Some(known) = self.interner.known_atom(&key) {
            return Some(known);
        }
        let errors = self.errors.len();
        let op = self.field_of(left.id).map_or(check.op, |field| self.schema.stands_for(field, check.op));
        let matcher = if op == check.op {
            self.matcher(check, left, values)
        } else {
            self.matcher(&Check { op, ..check.clone() }, left, values)
        };
        if self.errors.len() > errors {
            return None;
        }
        let Some(matcher) = matcher else {
            // Nothing to compare with never holds, except that all of an empty list are in an empty set.
            return self.intern(key, check, |_, _| Some(Test::Never));
        };
        let fold = fold(left.arity, check.op, check.modifier);
        self.intern(key, check, |_, _| Some(Test::Match(fold, matcher)))
    }

    fn intern(
        &mut self,
        key: AtomKey,
        check: &Check,
        test: impl FnOnce(&mut Self, &AtomKey) -> Option<Test>,
    ) -> Option<AtomEntry> {
        if let Some(known) = self.interner.known_atom(&key) {
            return Some(known);
        }
        if let Some(value) = self.constant(&key) {
            return Some(self.interner.constant(key, value));
        }
        let test = test(self, &key)?;
        let kinds = self.kinds(&key);
        let atom = Atom { left: key.left, test, kinds, text: check.to_string() };
        Some(self.interner.atom(key, atom))
    }

    /// What the schema says about a comparison that always comes out the same.
    fn constant(&self, key: &AtomKey) -> Option<bool> {
        let field = self.field_of(key.left)?;
        let RightKey::Values(values) = &key.right else { return None };
        let values: Vec<&[u8]> = values.iter().map(|value| &**value).collect();
        self.schema.constant(field, key.op, &values)
    }

    fn field_of(&self, operand: OperandId) -> Option<&Field> {
        match &self.interner.get(operand)?.key {
            crate::arena::OperandKey::Field(field) => Some(field),
            _ => None,
        }
    }

    /// Whether the operand is the discriminant, perhaps transformed.
    fn is_discriminant(&self, operand: OperandId) -> bool {
        let Some(discriminant) = self.schema.discriminant() else { return false };
        let mut found = false;
        self.interner.atoms.fields(operand, &mut |_, field| {
            found |= sorts(discriminant, field);
        });
        found
    }

    /// Which kinds an atom on the discriminant itself can hold for.
    fn kinds(&self, key: &AtomKey) -> Option<KindSet> {
        let discriminant = self.schema.discriminant()?;
        let field = self.field_of(key.left)?;
        if !sorts(discriminant, field) || key.modifier.is_some() {
            return None;
        }
        if key.op == Op::Exists {
            // Everything has a kind.
            return Some(KindSet::all(discriminant.len()));
        }
        let RightKey::Values(values) = &key.right else { return None };
        if !matches!(key.op, Op::Eq | Op::Ne | Op::In) {
            return None;
        }
        let mut set = KindSet::empty(discriminant.len());
        for value in values {
            let kinds = discriminant.kinds(&String::from_utf8_lossy(value)).unwrap_or_default();
            kinds.into_iter().for_each(|kind| set.insert(kind));
        }
        Some(if key.op == Op::Ne { set.complement() } else { set })
    }

    /// Every value that the discriminant is compared with must be one of its names, whatever the operator.
    fn check_kinds(&mut self, left: Typed, values: &[Literal]) {
        let Some(discriminant) = self.schema.discriminant() else { return };
        if !self.is_discriminant(left.id) {
            return;
        }
        for value in values {
            let text = value.text();
            if discriminant.kinds(&text).is_none() {
                let meant =
                    closest(&text, discriminant.names()).map(|name| format!("did you mean `{name}`?"));
                let field = discriminant.field().to_string();
                self.error(
                    Diagnostic::error(
                        codes::UNKNOWN_KIND,
                        value.span,
                        format!("`{text}` is not a value of `{field}`"),
                    )
                    .with_help_if(meant),
                );
            }
        }
    }

    fn warn_about_value(&mut self, check: &Check, left: Typed, value: &Literal) {
        let text = value.text();
        let at = match &check.right {
            Right::List { span, .. } => span.start,
            _ => value.span.start,
        };
        let looks_like_field = text.contains('.') && {
            let (name, argument) = match text.split_once('[') {
                Some((name, rest)) => (name, rest.strip_suffix(']')),
                None => (&*text, None),
            };
            (argument.is_some() || !text.contains('[')) && self.schema.resolve(name, argument).is_ok()
        };
        if looks_like_field {
            self.warn(
                at,
                Diagnostic::warning(
                    codes::FIELD_AS_TEXT,
                    value.span,
                    format!("`{text}` is a field and is taken as text here"),
                )
                .with_help(format!("to compare with the field's value, write `val({text})`")),
            );
        } else if looks_like_transformer(&text) && text.ends_with(')') {
            self.warn(
                at,
                Diagnostic::warning(
                    codes::TRANSFORMER_AS_TEXT,
                    value.span,
                    format!("`{text}` looks like a transformer and is taken as text here"),
                )
                .with_help("to compare with the transformed value, leave the quotes out"),
            );
        }
        if check.op == Op::Regex && posix::is_simple(&text) {
            self.warn(
                at,
                Diagnostic::warning(
                    codes::SIMPLE_REGEX,
                    value.span,
                    "this regular expression has nothing that a simpler operator could not do",
                )
                .with_help("`=`, `contains`, `startswith` and `endswith` are faster and easier to read"),
            );
        }
        self.warn_about_closed_set(check, left, value);
    }

    fn warn_about_closed_set(&mut self, check: &Check, left: Typed, value: &Literal) {
        if !matches!(check.op, Op::Eq | Op::EqEq | Op::Ne | Op::In | Op::Intersects) {
            return;
        }
        let text = value.text();
        let Some(field) = self.field_of(left.id) else { return };
        let Some(info) = self.schema.info(field.id) else { return };
        if info.values.is_empty() || info.values.contains(&&*text) {
            return;
        }
        let help = match closest(&text, info.values.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("its values are {}", info.values.join(", ")),
        };
        let title = format!("`{}` is never `{text}`", info.name);
        self.warn(
            value.span.start,
            Diagnostic::warning(codes::UNLIKELY_VALUE, value.span, title).with_help(help),
        );
    }

    /// The right-hand side, compiled. `None` without an error if it can never hold.
    fn matcher(&mut self, check: &Check, left: Typed, values: &[Literal]) -> Option<Matcher> {
        if let Some(modifier) = check.modifier {
            let matchers: Vec<_> =
                values.iter().filter_map(|value| self.one(check.op, left, value, check)).collect();
            return Matcher::combined(modifier, matchers);
        }
        match (check.op, values) {
            (Op::In | Op::Intersects, values) => self.set(check, left, values),
            (Op::Pmatch, values) => {
                for value in values {
                    self.text_limits(value);
                }
                (!values.is_empty())
                    .then(|| Matcher::Under(PathSet::new(values.iter().map(|value| &*value.bytes))))
            }
            (op, [value]) => self.one(op, left, value, check),
            _ => None,
        }
    }

    /// Whether a text is short enough and without NUL.
    fn text_limits(&mut self, value: &Literal) -> bool {
        if value.bytes.len() > MAX_VALUE {
            self.error(Diagnostic::error(
                codes::VALUE_TOO_LONG,
                value.span,
                format!("the value has {} bytes; {MAX_VALUE} are allowed", value.bytes.len()),
            ));
            return false;
        }
        if value.bytes.contains(&0) {
            self.error(Diagnostic::error(codes::NUL_IN_VALUE, value.span, "the value contains a NUL byte"));
            return false;
        }
        true
    }

    fn read<T>(&mut self, value: &Literal, result: Result<T, literal::Problem>) -> Option<T> {
        match result {
            Ok(read) => Some(read),
            Err(problem) => {
                self.error(
                    Diagnostic::error(problem.code, value.span, problem.title).with_help_if(problem.help),
                );
                None
            }
        }
    }

    fn one(&mut self, op: Op, left: Typed, value: &Literal, check: &Check) -> Option<Matcher> {
        let text = value.text();
        let order = Order::of(op);
        match left.ty.class() {
            Class::Number => {
                let read = literal::number(&text, left.ty, self.schema);
                let number = self.read(value, read)?;
                let order = order?;
                #[expect(clippy::cast_precision_loss, reason = "a float field is compared as a float")]
                Some(match left.ty {
                    Type::Double => Matcher::Float(order, number as f64),
                    _ => Matcher::Number(order, number),
                })
            }
            Class::Bool => {
                let expected = self.read(value, literal::boolean(&text))?;
                Some(Matcher::Bool(if order? == Order::NotEqual { !expected } else { expected }))
            }
            Class::Ip => {
                let address = Matcher::Address(self.read(value, literal::address(&text))?);
                Some(if order? == Order::NotEqual { Matcher::Other(Box::new(address)) } else { address })
            }
            Class::Net => {
                let network = Matcher::Network(self.read(value, literal::network(&text))?);
                Some(if order? == Order::NotEqual { Matcher::Other(Box::new(network)) } else { network })
            }
            Class::Text | Class::Bytes => {
                if !self.text_limits(value) {
                    return None;
                }
                self.one_text(op, value, check)
            }
            Class::Opaque => None,
        }
    }

    fn one_text(&mut self, op: Op, value: &Literal, check: &Check) -> Option<Matcher> {
        let bytes = &value.bytes;
        Some(match op {
            Op::Contains => Matcher::Contains(Box::new(memchr::memmem::Finder::new(bytes).into_owned())),
            Op::Icontains => Matcher::ContainsFolded(bytes.clone()),
            Op::StartsWith => Matcher::StartsWith(bytes.clone()),
            Op::EndsWith => Matcher::EndsWith(bytes.clone()),
            Op::Bcontains => {
                let bytes = self.read(value, literal::hex(&value.text()))?;
                Matcher::Contains(Box::new(memchr::memmem::Finder::new(&bytes).into_owned()))
            }
            Op::BstartsWith => Matcher::StartsWith(self.read(value, literal::hex(&value.text()))?.into()),
            Op::Glob | Op::Iglob => Matcher::Glob { pattern: bytes.clone(), fold: op == Op::Iglob },
            Op::Regex => match posix::compile(&value.text()) {
                Ok(regex) => Matcher::Regex(Box::new(regex)),
                Err(problem) => {
                    self.bad_regex(value, &problem, check);
                    return None;
                }
            },
            op => Matcher::Bytes(Order::of(op)?, bytes.clone()),
        })
    }

    fn bad_regex(&mut self, value: &Literal, problem: &posix::Problem, check: &Check) {
        // If the text stands in the condition as it is, the place within it is known.
        let quotes =
            value.span.end - value.span.start - value.bytes.len().min(value.span.end - value.span.start);
        let span = match quotes {
            0 => Span::new(value.span.start + problem.at, value.span.end),
            2 => Span::new(value.span.start + 1 + problem.at, value.span.end - 1),
            _ => value.span,
        };
        let mut diagnostic = Diagnostic::error(
            codes::BAD_REGEX,
            span,
            format!("the regular expression is not valid: {}", problem.reason),
        )
        .with_remark(check.op_span, "takes the POSIX syntax and has to match the whole value");
        let rest = value.text().get(problem.at..).unwrap_or_default().to_string();
        if rest.starts_with("\\d") || rest.starts_with("\\w") || rest.starts_with("\\s") {
            diagnostic = diagnostic.with_help("write `[[:digit:]]`, `[[:alnum:]_]` or `[[:space:]]`");
        } else if rest.starts_with('?') && problem.reason.contains("repetition") {
            diagnostic = diagnostic.with_help("groups are written `(…)`; there are no flags such as `(?i)`");
        }
        self.error(diagnostic);
    }

    fn set(&mut self, check: &Check, left: Typed, values: &[Literal]) -> Option<Matcher> {
        // An empty list that has to be in an empty set.
        let empty_matters = left.arity == Arity::List && check.op == Op::In;
        if values.is_empty() && !empty_matters {
            return None;
        }
        match left.ty.class() {
            Class::Number => {
                let mut numbers = Vec::with_capacity(values.len());
                for value in values {
                    let read = literal::number(&value.text(), left.ty, self.schema);
                    numbers.extend(self.read(value, read));
                }
                #[expect(clippy::cast_precision_loss, reason = "a float field is compared as a float")]
                if left.ty == Type::Double {
                    return Some(Matcher::FloatIn(numbers.into_iter().map(|n| n as f64).collect()));
                }
                numbers.sort_unstable();
                numbers.dedup();
                Some(Matcher::NumberIn(numbers))
            }
            Class::Bool => {
                let mut matchers = Vec::new();
                for value in values {
                    matchers.extend(self.read(value, literal::boolean(&value.text())).map(Matcher::Bool));
                }
                Some(Matcher::combined(Modifier::AnyOf, matchers).unwrap_or(Matcher::Any(Vec::new())))
            }
            Class::Ip => {
                let mut set = std::collections::HashSet::default();
                for value in values {
                    set.extend(self.read(value, literal::address(&value.text())));
                }
                Some(Matcher::AddressIn(set))
            }
            Class::Net => {
                let mut nets = Vec::new();
                for value in values {
                    nets.extend(self.read(value, literal::network(&value.text())));
                }
                Some(Matcher::NetworkIn(nets))
            }
            Class::Text | Class::Bytes => {
                for value in values {
                    self.text_limits(value);
                }
                Some(Matcher::BytesIn(BytesSet::new(values.iter().map(|value| value.bytes.clone()))))
            }
            Class::Opaque => None,
        }
    }
}

/// Whether the field is the discriminant or sorts in the same way.
fn sorts(discriminant: &dyn Discriminant, field: &Field) -> bool {
    let named = &*field.name == discriminant.field() || discriminant.other_fields().contains(&&*field.name);
    named && field.argument.is_none()
}

/// The operator that `==` means.
fn plain(op: Op) -> Op {
    if op == Op::EqEq { Op::Eq } else { op }
}

fn fold(arity: Arity, op: Op, modifier: Option<Modifier>) -> Fold {
    match (arity, op) {
        (Arity::One, _) => Fold::First,
        (Arity::List, Op::In) => Fold::All,
        (Arity::Sides, Op::Ne) if modifier.is_none() => Fold::AllOfSome,
        (Arity::List | Arity::Any | Arity::Sides, _) => Fold::Any,
    }
}

fn described(ty: Type) -> &'static str {
    match ty.class() {
        Class::Number => "numbers",
        Class::Bool => "truth values",
        Class::Text => "text",
        Class::Bytes => "bytes",
        Class::Ip => "IP addresses",
        Class::Net => "networks",
        Class::Opaque => "values of this type",
    }
}
