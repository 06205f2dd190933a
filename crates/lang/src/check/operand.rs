//! Checks operands: fields and transformers.

use super::{Checker, Typed};
use crate::arena::OperandKey;
use crate::ast::{FieldName, Literal, Operand, Transformer};
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::schema::{Arity, FieldError, FieldFlags, FieldInfo};
use crate::suggest::closest;
use crate::value::{Class, Type};

impl Checker<'_> {
    /// Checks an operand. `None` if something is wrong with it, which has been reported.
    pub(crate) fn operand(&mut self, operand: &Operand) -> Option<Typed> {
        match operand {
            Operand::Field(field) | Operand::Val { field, .. } => self.field(field),
            Operand::Literal(literal) => Some(self.literal(literal)),
            Operand::List { items, span } => self.list(items, *span),
            Operand::Call { transformer, arguments, selector, span } => {
                self.call(*transformer, arguments, selector.as_ref(), *span)
            }
        }
    }

    fn field(&mut self, written: &FieldName) -> Option<Typed> {
        let field = match self.schema.resolve(&written.name, written.argument.as_deref()) {
            Ok(field) => field,
            Err(error) => {
                self.bad_field(written, &error);
                return None;
            }
        };
        if field.flags.print_only && !self.output {
            self.error(Diagnostic::error(
                codes::PRINT_ONLY_FIELD,
                written.span,
                format!("`{written}` may be used in output only"),
            ));
            return None;
        }
        if field.flags.deprecated {
            self.warn(
                written.span.start,
                Diagnostic::warning(
                    codes::DEPRECATED_FIELD,
                    written.span,
                    format!("`{written}` is deprecated"),
                ),
            );
        }
        let (ty, arity, flags) = (field.ty, field.arity, field.flags);
        let id = self.interner.operand(OperandKey::Field(field), arity);
        Some(Typed { id, ty, arity, flags })
    }

    fn bad_field(&mut self, written: &FieldName, error: &FieldError) {
        let code = match error {
            FieldError::Unknown { .. } => codes::UNKNOWN_FIELD,
            FieldError::ArgumentForbidden { .. } => codes::UNWANTED_FIELD_ARGUMENT,
            _ => codes::BAD_FIELD_ARGUMENT,
        };
        let help = match error {
            FieldError::Unknown { name } => did_you_mean(name, self.schema.fields()),
            FieldError::ArgumentMissing { name, kind } => Some(match kind {
                crate::schema::ArgumentKind::Index => format!("write `{name}[0]`"),
                crate::schema::ArgumentKind::Key => format!("write `{name}[…]` with a name in the brackets"),
            }),
            FieldError::ArgumentForbidden { name } => Some(format!("write `{name}`")),
            FieldError::ArgumentInvalid { argument, known, .. } => {
                closest(argument, known.iter().map(String::as_str))
                    .map(|meant| format!("did you mean `{meant}`?"))
            }
        };
        self.error(Diagnostic::error(code, written.span, error.to_string()).with_help_if(help));
    }

    fn literal(&mut self, literal: &Literal) -> Typed {
        let key = OperandKey::Literal(literal.bytes.clone());
        let id = self.interner.operand(key, Arity::One);
        Typed { id, ty: Type::CharBuf, arity: Arity::One, flags: FieldFlags::default() }
    }

    /// A list of operands. It has the type of its items, or of text if they differ, as only their text is used then.
    fn list(&mut self, items: &[Operand], span: Span) -> Option<Typed> {
        let mut typed = Vec::with_capacity(items.len());
        let mut whole = true;
        for item in items {
            match self.operand(item) {
                Some(item) => typed.push(item),
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        if typed.iter().any(|item| item.arity == Arity::List) {
            self.error(Diagnostic::error(
                codes::TRANSFORMER_ARGUMENTS,
                span,
                "a list cannot contain a field that is a list",
            ));
            return None;
        }
        let ty = match typed.first() {
            Some(first) if typed.iter().all(|item| item.ty == first.ty) => first.ty,
            _ => Type::CharBuf,
        };
        let flags = typed.iter().fold(FieldFlags::default(), |flags, item| FieldFlags {
            no_transformer: flags.no_transformer || item.flags.no_transformer,
            no_rhs: flags.no_rhs || item.flags.no_rhs,
            ..flags
        });
        let key = OperandKey::List(typed.iter().map(|item| item.id).collect());
        let id = self.interner.operand(key, Arity::List);
        Some(Typed { id, ty, arity: Arity::List, flags })
    }

    fn call(
        &mut self,
        transformer: Transformer,
        arguments: &[Operand],
        selector: Option<&Literal>,
        span: Span,
    ) -> Option<Typed> {
        let mut typed = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let found = self.operand(argument);
            if let Some(found) = found
                && found.flags.no_transformer
            {
                self.error(Diagnostic::error(
                    codes::TRANSFORMER_FORBIDDEN,
                    argument.span(),
                    format!("`{argument}` cannot be transformed"),
                ));
                continue;
            }
            typed.extend(found);
        }
        if typed.len() < arguments.len() {
            return None;
        }
        if let Some(selector) = selector
            && transformer != Transformer::Getopt
        {
            self.error(Diagnostic::error(
                codes::TRANSFORMER_SELECTOR,
                selector.span,
                format!("`{}` takes nothing in brackets", transformer.name()),
            ));
            return None;
        }
        let (ty, arity) = match transformer {
            Transformer::Join => self.join_type(&typed, arguments, span)?,
            Transformer::Concat => self.concat_type(&typed, arguments, span)?,
            Transformer::Getopt => self.getopt_type(&typed, arguments, selector, span)?,
            _ => self.simple_type(transformer, &typed, arguments, span)?,
        };
        let key = OperandKey::Apply {
            transformer,
            arguments: typed.iter().map(|argument| argument.id).collect(),
            selector: selector.map(|selector| selector.bytes.clone()),
        };
        let id = self.interner.operand(key, arity);
        let flags = FieldFlags { no_rhs: typed.iter().any(|t| t.flags.no_rhs), ..FieldFlags::default() };
        Some(Typed { id, ty, arity, flags })
    }

    /// Transformers of one argument.
    fn simple_type(
        &mut self,
        transformer: Transformer,
        typed: &[Typed],
        arguments: &[Operand],
        span: Span,
    ) -> Option<(Type, Arity)> {
        let ([only], [argument]) = (typed, arguments) else {
            self.bad_arguments(span, transformer, "takes one argument");
            return None;
        };
        let class = only.ty.class();
        let fits = match transformer {
            Transformer::B64 => matches!(class, Class::Text | Class::Bytes),
            Transformer::Len => only.arity == Arity::List || matches!(class, Class::Text | Class::Bytes),
            _ => class == Class::Text,
        };
        if !fits {
            let what = if transformer == Transformer::Len { "lists, text and bytes" } else { "text" };
            self.error(
                Diagnostic::error(
                    codes::TRANSFORMER_TYPE,
                    argument.span(),
                    format!("`{}` works on {what} only", transformer.name()),
                )
                .with_label(format!("this has the type {}", only.ty)),
            );
            return None;
        }
        Some(match (transformer, only.arity) {
            (Transformer::Len, Arity::List) => (Type::Uint64, Arity::One),
            (Transformer::Len, arity) => (Type::Uint64, arity),
            (_, arity) => (only.ty, arity),
        })
    }

    fn join_type(&mut self, typed: &[Typed], arguments: &[Operand], span: Span) -> Option<(Type, Arity)> {
        let ([separator, list], [first, second]) = (typed, arguments) else {
            self.bad_arguments(span, Transformer::Join, "takes two arguments, a separator and a list");
            return None;
        };
        if separator.arity == Arity::List {
            self.bad_arguments(
                first.span(),
                Transformer::Join,
                "takes a text as its first argument, the separator",
            );
            return None;
        }
        if separator.ty.class() != Class::Text {
            self.bad_arguments(
                first.span(),
                Transformer::Join,
                "takes a text as its first argument, the separator",
            );
            return None;
        }
        if list.arity != Arity::List {
            self.bad_arguments(second.span(), Transformer::Join, "takes a list as its second argument");
            return None;
        }
        Some((Type::CharBuf, Arity::One))
    }

    fn concat_type(&mut self, typed: &[Typed], arguments: &[Operand], span: Span) -> Option<(Type, Arity)> {
        if typed.len() < 2 {
            self.bad_arguments(span, Transformer::Concat, "takes two or more arguments");
            return None;
        }
        let wrong = |t: &Typed| t.arity == Arity::List || t.ty.class() != Class::Text;
        let mut good = true;
        for (_, argument) in typed.iter().zip(arguments).filter(|(t, _)| wrong(t)) {
            self.bad_arguments(argument.span(), Transformer::Concat, "puts texts together, nothing else");
            good = false;
        }
        good.then_some((Type::CharBuf, Arity::One))
    }

    fn getopt_type(
        &mut self,
        typed: &[Typed],
        arguments: &[Operand],
        selector: Option<&Literal>,
        span: Span,
    ) -> Option<(Type, Arity)> {
        let ([list, options], [first, second]) = (typed, arguments) else {
            self.bad_arguments(span, Transformer::Getopt, "takes two arguments, a list and the options");
            return None;
        };
        if list.arity != Arity::List || list.ty.class() != Class::Text {
            self.bad_arguments(
                first.span(),
                Transformer::Getopt,
                "takes a list of texts as its first argument",
            );
            return None;
        }
        if options.arity == Arity::List || options.ty.class() != Class::Text {
            self.bad_arguments(
                second.span(),
                Transformer::Getopt,
                "takes the options as a text, as in `\"ab:\"`",
            );
            return None;
        }
        match selector {
            Some(selector) if selector.bytes.len() != 1 => {
                self.error(Diagnostic::error(
                    codes::TRANSFORMER_SELECTOR,
                    selector.span,
                    "`getopt` takes one option's letter in brackets",
                ));
                None
            }
            Some(_) => Some((Type::CharBuf, Arity::One)),
            None => Some((Type::CharBuf, Arity::List)),
        }
    }

    fn bad_arguments(&mut self, span: Span, transformer: Transformer, what: &str) {
        self.error(Diagnostic::error(
            codes::TRANSFORMER_ARGUMENTS,
            span,
            format!("`{}` {what}", transformer.name()),
        ));
    }
}

/// The field that a name that is none was meant to be.
fn did_you_mean(name: &str, fields: &[FieldInfo]) -> Option<String> {
    let shown = || fields.iter().filter(|field| !field.flags.hidden).map(|field| field.name.as_ref());
    if let Some(meant) = closest(name, shown()) {
        return Some(format!("did you mean `{meant}`?"));
    }
    // The right word after the wrong prefix, or a prefix of which there are few fields.
    let (prefix, last) = name.rsplit_once('.')?;
    let same: Vec<_> =
        shown().filter(|field| field.rsplit_once('.').is_some_and(|(_, l)| l == last)).take(4).collect();
    if !same.is_empty() {
        return Some(format!("there is `{}`", same.join("`, `")));
    }
    let siblings: Vec<_> =
        shown().filter(|field| field.rsplit_once('.').is_some_and(|(p, _)| p == prefix)).collect();
    (1..=12).contains(&siblings.len()).then(|| format!("`{prefix}` has {}", siblings.join(", ")))
}
