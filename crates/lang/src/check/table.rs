//! Which operators each type takes: the table of Falco.

use crate::ast::Op;
use crate::schema::Arity;
use crate::value::{Class, Type};

/// Whether the operator can be used on a field of this type.
pub(crate) fn allowed(ty: Type, arity: Arity, op: Op) -> bool {
    use Op::{
        Bcontains, BstartsWith, Contains, EndsWith, Eq, EqEq, Exists, Ge, Glob, Gt, Icontains, Iglob, In,
        Intersects, Le, Lt, Ne, Pmatch, Regex, StartsWith,
    };
    if op == Exists {
        return true;
    }
    if arity == Arity::List {
        return matches!(op, In | Intersects) && ty.class() != Class::Opaque;
    }
    match ty.class() {
        Class::Number => matches!(op, Eq | EqEq | Ne | Lt | Le | Gt | Ge | In | Intersects),
        Class::Bool | Class::Ip | Class::Net => matches!(op, Eq | EqEq | Ne | In | Intersects),
        Class::Text => !matches!(op, Bcontains | BstartsWith),
        Class::Bytes => matches!(
            op,
            Eq | EqEq | Ne | Contains | Bcontains | StartsWith | BstartsWith | EndsWith | In | Intersects
        ),
        Class::Opaque => {
            // Spelled out, so that a new operator has to be thought about.
            !matches!(
                op,
                Eq | EqEq
                    | Ne
                    | Lt
                    | Le
                    | Gt
                    | Ge
                    | Glob
                    | Iglob
                    | Contains
                    | Icontains
                    | Bcontains
                    | StartsWith
                    | BstartsWith
                    | EndsWith
                    | Regex
                    | Intersects
                    | In
                    | Pmatch
                    | Exists
            )
        }
    }
}
