//! What a comparison asks of a value: the right-hand side compiled into a [`Matcher`], and the comparison of two values.
//! Which operators go with which types, and how literals are read, is decided in `check`.

pub(crate) mod glob;
pub(crate) mod path;
pub(crate) mod posix;

use std::collections::HashSet;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use ipnet::IpNet;
use memchr::memmem;

use crate::ast::{Modifier, Op};
use crate::value::Value;

/// A question about one value.
#[derive(Debug)]
pub(crate) enum Matcher {
    Bool(bool),
    /// A number, however the field keeps it.
    Number(Order, i128),
    NumberIn(Vec<i128>),
    Float(Order, f64),
    FloatIn(Vec<f64>),
    /// Text or bytes.
    Bytes(Order, Box<[u8]>),
    BytesIn(BytesSet),
    Contains(Box<memmem::Finder<'static>>),
    /// In lower case.
    ContainsFolded(Box<[u8]>),
    StartsWith(Box<[u8]>),
    EndsWith(Box<[u8]>),
    Glob {
        pattern: Box<[u8]>,
        fold: bool,
    },
    Regex(Box<regex::Regex>),
    Under(path::PathSet),
    Address(IpAddr),
    AddressIn(HashSet<IpAddr, RandomState>),
    Network(IpNet),
    NetworkIn(Vec<IpNet>),
    /// An address or network for which the other matcher does not hold.
    Other(Box<Matcher>),
    Any(Vec<Matcher>),
    All(Vec<Matcher>),
    One(Vec<Matcher>),
}

/// How two values are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(crate) fn of(op: Op) -> Option<Order> {
        Some(match op {
            Op::Eq | Op::EqEq => Order::Equal,
            Op::Ne => Order::NotEqual,
            Op::Lt => Order::Less,
            Op::Le => Order::LessOrEqual,
            Op::Gt => Order::Greater,
            Op::Ge => Order::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds<T: PartialOrd + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Order::Equal => left == right,
            Order::NotEqual => left != right,
            Order::Less => left < right,
            Order::LessOrEqual => left <= right,
            Order::Greater => left > right,
            Order::GreaterOrEqual => left >= right,
        }
    }
}

/// A set of texts: a few are compared one by one, more are hashed.
#[derive(Debug)]
pub(crate) enum BytesSet {
    Few(Box<[Box<[u8]>]>),
    Many(HashSet<Box<[u8]>, RandomState>),
}

impl BytesSet {
    pub(crate) fn new(values: impl IntoIterator<Item = Box<[u8]>>) -> Self {
        let set: HashSet<Box<[u8]>, RandomState> = values.into_iter().collect();
        if set.len() > 4 {
            return BytesSet::Many(set);
        }
        let mut few: Vec<_> = set.into_iter().collect();
        few.sort();
        BytesSet::Few(few.into())
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            BytesSet::Few(few) => few.len(),
            BytesSet::Many(many) => many.len(),
        }
    }

    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = &Box<[u8]>> + '_> {
        match self {
            BytesSet::Few(few) => Box::new(few.iter()),
            BytesSet::Many(many) => Box::new(many.iter()),
        }
    }

    fn contains(&self, value: &[u8]) -> bool {
        match self {
            BytesSet::Few(few) => few.iter().any(|v| **v == *value),
            BytesSet::Many(many) => many.contains(value),
        }
    }
}

impl Matcher {
    /// The comparison with each of several values, combined as the modifier says. `None` if there are none, which never
    /// holds.
    pub(crate) fn combined(modifier: Modifier, mut matchers: Vec<Matcher>) -> Option<Matcher> {
        if matchers.len() <= 1 {
            return matchers.pop();
        }
        Some(match modifier {
            Modifier::OneOf => Matcher::One(matchers),
            Modifier::AnyOf => Matcher::Any(matchers),
            Modifier::AllOf => Matcher::All(matchers),
        })
    }

    /// Whether the value is what is asked for. A value of another kind never is.
    pub(crate) fn holds(&self, value: Value<'_>) -> bool {
        match self {
            Matcher::Bool(expected) => matches!(value, Value::Bool(b) if b == *expected),
            Matcher::Number(order, expected) => number(value).is_some_and(|n| order.holds(&n, expected)),
            Matcher::NumberIn(set) => number(value).is_some_and(|n| set.binary_search(&n).is_ok()),
            Matcher::Float(order, expected) => float(value).is_some_and(|n| order.holds(&n, expected)),
            Matcher::FloatIn(set) => float(value).is_some_and(|n| set.contains(&n)),
            Matcher::Bytes(order, expected) => bytes(value).is_some_and(|b| order.holds(b, &**expected)),
            Matcher::BytesIn(set) => bytes(value).is_some_and(|b| set.contains(b)),
            Matcher::Contains(finder) => bytes(value).is_some_and(|b| finder.find(b).is_some()),
            Matcher::ContainsFolded(needle) => bytes(value).is_some_and(|b| contains_folded(b, needle)),
            Matcher::StartsWith(prefix) => bytes(value).is_some_and(|b| b.starts_with(prefix)),
            Matcher::EndsWith(suffix) => bytes(value).is_some_and(|b| b.ends_with(suffix)),
            Matcher::Glob { pattern, fold } => bytes(value).is_some_and(|b| glob::matches(pattern, b, *fold)),
            Matcher::Regex(regex) => {
                bytes(value).is_some_and(|b| regex.is_match(&String::from_utf8_lossy(b)))
            }
            Matcher::Under(paths) => bytes(value).is_some_and(|b| paths.contains_parent_of(b)),
            Matcher::Address(expected) => matches!(value, Value::Ip(ip) if ip == *expected),
            Matcher::AddressIn(set) => matches!(value, Value::Ip(ip) if set.contains(&ip)),
            Matcher::Network(net) => in_network(value, net),
            Matcher::NetworkIn(nets) => nets.iter().any(|net| in_network(value, net)),
            Matcher::Other(matcher) => matches!(value, Value::Ip(_) | Value::Net(_)) && !matcher.holds(value),
            Matcher::Any(matchers) => matchers.iter().any(|m| m.holds(value)),
            Matcher::All(matchers) => matchers.iter().all(|m| m.holds(value)),
            Matcher::One(matchers) => matchers.iter().filter(|m| m.holds(value)).take(2).count() == 1,
        }
    }
}

/// Compares the values of two fields of one type.
pub(crate) fn compare(op: Op, left: Value<'_>, right: Value<'_>) -> bool {
    if let (Some(left), Some(right)) = (bytes(left), bytes(right)) {
        return match op {
            Op::Contains => memmem::find(left, right).is_some(),
            Op::Icontains => contains_folded(left, right),
            Op::StartsWith => left.starts_with(right),
            Op::EndsWith => left.ends_with(right),
            Op::Glob => glob::matches(right, left, false),
            Op::Iglob => glob::matches(right, left, true),
            Op::In | Op::Intersects => left == right,
            // What has been checked cannot get here with another operator.
            op => Order::of(op).is_some_and(|order| order.holds(left, right)),
        };
    }
    let order = match op {
        Op::In | Op::Intersects => Some(Order::Equal),
        op => Order::of(op),
    };
    let Some(order) = order else { return false };
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => order.holds(&left, &right),
        (Value::Ip(left), Value::Ip(right)) => order.holds(&left, &right),
        (Value::Float(_), _) | (_, Value::Float(_)) => match (float(left), float(right)) {
            (Some(left), Some(right)) => order.holds(&left, &right),
            _ => false,
        },
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => order.holds(&left, &right),
            _ => false,
        },
    }
}

fn number(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Int(n) => Some(n.into()),
        Value::Uint(n) => Some(n.into()),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a float field is compared as a float")]
fn float(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Float(n) => Some(n),
        Value::Int(n) => Some(n as f64),
        Value::Uint(n) => Some(n as f64),
        _ => None,
    }
}

fn bytes(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Text(b) | Value::Bytes(b) => Some(b),
        _ => None,
    }
}

fn in_network(value: Value<'_>, net: &IpNet) -> bool {
    match value {
        Value::Ip(ip) => net.contains(&ip),
        Value::Net(inner) => net.contains(&inner),
        _ => false,
    }
}

/// Whether `needle` is in `text`, ASCII letter case aside.
fn contains_folded(text: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return true };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, text).any(|at| {
        text.get(at + 1..at + needle.len()).is_some_and(|candidate| candidate.eq_ignore_ascii_case(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_folded_finds_ascii_letters_in_any_case() {
        for (text, needle, expected) in [
            ("", "", true),
            ("abc", "", true),
            ("xABc", "abC", true),
            ("aab", "AB", true),
            ("ab", "abc", false),
            ("äÄ", "Ä", true),
            ("ä", "Ä", false),
        ] {
            assert_eq!(contains_folded(text.as_bytes(), needle.as_bytes()), expected, "{text} {needle}");
        }
    }
}
