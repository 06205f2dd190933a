//! The oracle: what a generated condition comes to, computed in the plainest way from the rules of the language.

use std::net::IpAddr;

use eyrie_lang::schema::Arity;
use eyrie_lang::{Type, Verdict};

use super::generate::{Atom, Right, Source, Tree, World};
use crate::record::{Given, Record};

/// `None` is unknown.
type Truth = Option<bool>;

pub(super) fn decide(tree: &Tree, world: &World, record: &Record) -> Verdict {
    match truth(tree, world, record) {
        Some(true) => Verdict::True,
        Some(false) => Verdict::False,
        None => Verdict::Unknown,
    }
}

fn truth(tree: &Tree, world: &World, record: &Record) -> Truth {
    match tree {
        Tree::And(children) => {
            let all: Vec<Truth> = children.iter().map(|child| truth(child, world, record)).collect();
            if all.contains(&Some(false)) {
                return Some(false);
            }
            if all.contains(&None) { None } else { Some(true) }
        }
        Tree::Or(children) => {
            let all: Vec<Truth> = children.iter().map(|child| truth(child, world, record)).collect();
            if all.contains(&Some(true)) {
                return Some(true);
            }
            if all.contains(&None) { None } else { Some(false) }
        }
        Tree::Not(child) => truth(child, world, record).map(|truth| !truth),
        Tree::Macro(at) => truth(&world.macros[*at].2, world, record),
        Tree::Atom(atom) => holds(atom, world, record),
    }
}

enum Got {
    Absent,
    Unavailable,
    Values(Vec<Given>),
}

fn get(source: &Source, world: &World, record: &Record) -> Got {
    let each = |inner: &Source, change: &dyn Fn(&str) -> String| match get(inner, world, record) {
        Got::Values(values) => Got::Values(values.iter().map(|v| Given::Text(change(text_of(v)))).collect()),
        other => other,
    };
    match source {
        Source::Field { name, .. } => match record.0.get(name) {
            None => Got::Absent,
            Some(Given::Unavailable) if world.may_be_unavailable() => Got::Unavailable,
            Some(Given::Unavailable) => Got::Absent,
            Some(Given::Many(values)) => Got::Values(values.clone()),
            Some(value) => Got::Values(vec![value.clone()]),
        },
        Source::Text(text) => Got::Values(vec![Given::Text(text.clone())]),
        Source::Lower(inner) => each(inner, &|text| text.to_ascii_lowercase()),
        Source::Upper(inner) => each(inner, &|text| text.to_ascii_uppercase()),
        Source::Basename(inner) => each(inner, &|text| text.rsplit('/').next().unwrap().to_string()),
        Source::Len(inner) => match get(inner, world, record) {
            Got::Values(values) if inner.arity() == Arity::List => {
                Got::Values(vec![Given::Uint(values.len() as u64)])
            }
            Got::Values(values) => {
                Got::Values(values.iter().map(|value| Given::Uint(bytes_of(value).len() as u64)).collect())
            }
            other => other,
        },
        Source::Concat(parts) => {
            let parts: Vec<Got> = parts.iter().map(|part| get(part, world, record)).collect();
            if parts.iter().any(|part| matches!(part, Got::Absent)) {
                return Got::Absent;
            }
            let mut out = String::new();
            for part in parts {
                match part {
                    Got::Values(values) => out.push_str(values.first().map_or("", text_of)),
                    _ => return Got::Unavailable,
                }
            }
            Got::Values(vec![Given::Text(out)])
        }
        Source::List(parts) => {
            let mut all = Vec::new();
            let mut some = false;
            for part in parts {
                match get(part, world, record) {
                    Got::Unavailable => return Got::Unavailable,
                    Got::Absent => {}
                    Got::Values(values) => {
                        some = true;
                        all.extend(values);
                    }
                }
            }
            if some || parts.is_empty() { Got::Values(all) } else { Got::Absent }
        }
        Source::Join(separator, list) => match get(list, world, record) {
            Got::Values(values) => {
                let parts: Vec<Vec<u8>> = values.iter().map(shown).collect();
                let joined = parts.join(separator.as_bytes());
                // The record's texts are UTF-8, other bytes are kept as they are.
                match String::from_utf8(joined) {
                    Ok(text) => Got::Values(vec![Given::Text(text)]),
                    Err(error) => Got::Values(vec![Given::Bytes(error.into_bytes())]),
                }
            }
            other => other,
        },
    }
}

fn shown(value: &Given) -> Vec<u8> {
    match value {
        Given::Text(text) => text.clone().into_bytes(),
        Given::Bytes(bytes) => bytes.clone(),
        Given::Bool(b) => b.to_string().into_bytes(),
        Given::Int(n) => n.to_string().into_bytes(),
        Given::Uint(n) => n.to_string().into_bytes(),
        Given::Ip(ip) => ip.to_string().into_bytes(),
        Given::Float(_) | Given::Many(_) | Given::Unavailable => {
            unreachable!("not generated in a list to be joined")
        }
    }
}

fn holds(atom: &Atom, world: &World, record: &Record) -> Truth {
    let left = get(&atom.left, world, record);
    let right = match &atom.right {
        Right::Source(source) => Some(get(source, world, record)),
        _ => None,
    };
    if matches!(left, Got::Absent) || matches!(right, Some(Got::Absent)) {
        return Some(false);
    }
    let ty = atom.left.ty();
    let list = atom.left.arity() == Arity::List;
    // Nothing to compare with: never, except that the values of a list, if there are none, are all in it.
    if let Right::Values(values) = &atom.right
        && values.is_empty()
        && !(list && atom.op == "in")
    {
        return Some(false);
    }
    if matches!(left, Got::Unavailable) || matches!(right, Some(Got::Unavailable)) {
        return None;
    }
    let Got::Values(left) = left else { return Some(false) };
    if atom.op == "exists" {
        return Some(true);
    }
    let test = |value: &Given| match (&atom.right, &right) {
        (Right::Values(literals), _) => {
            let hits = literals.iter().filter(|literal| against_literal(atom.op, ty, value, literal)).count();
            match atom.modifier {
                Some("oneof") => hits == 1,
                Some("allof") => hits == literals.len(),
                _ => hits > 0,
            }
        }
        (_, Some(Got::Values(others))) => others.iter().any(|other| against_value(atom.op, value, other)),
        _ => false,
    };
    Some(match atom.left.arity() {
        Arity::One => left.first().is_some_and(test),
        Arity::List if atom.op == "in" => left.iter().all(test),
        Arity::Sides if atom.op == "!=" && atom.modifier.is_none() => {
            !left.is_empty() && left.iter().all(test)
        }
        _ => left.iter().any(test),
    })
}

fn text_of(value: &Given) -> &str {
    match value {
        Given::Text(text) => text,
        _ => "",
    }
}

fn bytes_of(value: &Given) -> &[u8] {
    match value {
        Given::Text(text) => text.as_bytes(),
        Given::Bytes(bytes) => bytes,
        _ => &[],
    }
}

fn ordered<T: PartialOrd>(op: &str, left: T, right: T) -> bool {
    match op {
        "=" | "==" | "in" | "intersects" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        ">=" => left >= right,
        _ => panic!("no order: {op}"),
    }
}

fn against_literal(op: &str, ty: Type, value: &Given, literal: &[u8]) -> bool {
    let text = String::from_utf8_lossy(literal);
    match ty {
        Type::CharBuf | Type::FsPath | Type::ByteBuf => match op {
            "bcontains" => contains(bytes_of(value), &unhex(&text)),
            "bstartswith" => bytes_of(value).starts_with(&unhex(&text)),
            "regex" => text.split('|').any(|one| regex(one, &String::from_utf8_lossy(bytes_of(value)))),
            "pmatch" => {
                let parts = |path: &[u8]| {
                    String::from_utf8_lossy(path)
                        .split('/')
                        .filter(|c| !c.is_empty())
                        .map(String::from)
                        .collect::<Vec<_>>()
                };
                parts(bytes_of(value)).starts_with(&parts(literal))
            }
            op => on_bytes(op, bytes_of(value), literal),
        },
        Type::Bool => ordered(op, *value == Given::Bool(true), text == "true"),
        Type::IpAddr => {
            let Given::Ip(ip) = value else { return false };
            ordered(op, *ip, text.parse().unwrap())
        }
        Type::IpNet => {
            let Given::Ip(ip) = value else { return false };
            let (net, len) = text.split_once('/').unwrap();
            in_network(*ip, net.parse().unwrap(), len.parse().unwrap()) != (op == "!=")
        }
        _ => against_value(op, value, &Given::Float(text.parse::<i32>().unwrap().into())),
    }
}

fn against_value(op: &str, left: &Given, right: &Given) -> bool {
    let number = |value: &Given| match value {
        Given::Int(n) => *n as f64,
        Given::Uint(n) => *n as f64,
        Given::Float(n) => *n,
        other => panic!("no number: {other:?}"),
    };
    match (left, right) {
        (Given::Bool(left), Given::Bool(right)) => ordered(op, left, right),
        (Given::Ip(left), Given::Ip(right)) => ordered(op, left, right),
        (Given::Text(_) | Given::Bytes(_), Given::Text(_) | Given::Bytes(_)) => {
            on_bytes(op, bytes_of(left), bytes_of(right))
        }
        (left, right) => ordered(op, number(left), number(right)),
    }
}

fn on_bytes(op: &str, left: &[u8], right: &[u8]) -> bool {
    match op {
        "contains" => contains(left, right),
        "icontains" => contains(&left.to_ascii_lowercase(), &right.to_ascii_lowercase()),
        "startswith" => left.starts_with(right),
        "endswith" => left.ends_with(right),
        "glob" => glob(right, left),
        "iglob" => glob(&right.to_ascii_lowercase(), &left.to_ascii_lowercase()),
        op => ordered(op, left, right),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn in_network(ip: IpAddr, net: IpAddr, len: u32) -> bool {
    match (ip, net) {
        (IpAddr::V4(ip), IpAddr::V4(net)) => {
            (u32::from(ip) ^ u32::from(net)).checked_shr(32 - len).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(net)) => (u128::from(ip) ^ u128::from(net)) >> (128 - len) == 0,
        _ => false,
    }
}

/// Globs by trying everything; brackets only as the generator writes them.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        [b'?', rest @ ..] => !text.is_empty() && glob(rest, &text[1..]),
        [b'\\', c, rest @ ..] => text.first() == Some(c) && glob(rest, &text[1..]),
        [b'[', rest @ ..] if rest.contains(&b']') => {
            let end = rest.iter().position(|b| *b == b']').unwrap();
            let (inside, after) = (&rest[..end], &rest[end + 1..]);
            let Some(c) = text.first() else { return false };
            let hit = match inside {
                [b'!', some @ ..] => !some.contains(c),
                [low, b'-', high] => (low..=high).contains(&c),
                some => some.contains(c),
            };
            hit && glob(after, &text[1..])
        }
        [c, rest @ ..] => text.first() == Some(c) && glob(rest, &text[1..]),
    }
}

/// Letters, dots and stars after them; parentheses around one letter.
fn regex(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().filter(|c| !matches!(c, '(' | ')')).collect();
    let text: Vec<char> = text.chars().collect();
    fn here(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [c, '*', rest @ ..] => {
                here(rest, text)
                    || text.first().is_some_and(|t| (c == t || *c == '.') && here(pattern, &text[1..]))
            }
            [c, rest @ ..] => text.first().is_some_and(|t| (c == t || *c == '.') && here(rest, &text[1..])),
        }
    }
    here(&pattern, &text)
}
