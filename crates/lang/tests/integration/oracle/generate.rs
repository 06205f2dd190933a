//! Random schemas, conditions and records over a small set of values, so that comparisons hold often enough.

use std::net::IpAddr;

use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, Arity};
use eyrie_lang::{FieldInfo, StaticSchema, Type};
use fastrand::Rng;

use crate::record::{Given, Record};

pub(super) const KINDS: &[&str] = &["open", "close", "dup"];

const TEXTS: &[&str] = &[
    "", "a", "b", "ab", "A", "aB", "ba", "/a", "/a/b", "a/b", "/a/b/c", "x y", "5", "7", "é", "a\"b", "a\\b",
];
const GLOBS: &[&str] = &["*", "a*", "*b", "?", "[ab]", "[!a]*", "/*", "/a/*", "A*", "\\a", "", "[a-b]b"];
const REGEXES: &[&str] = &["a", "a.", ".*", "a*b*", "(a)*|b", "b|ab", "/a.*", ".", "", "x y", "5|7"];
const NETS: &[&str] = &["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "fe80::/10", "10.1.2.3/32", "::1/128"];
const IPS: &[&str] = &["10.1.2.3", "10.1.9.9", "192.168.0.1", "::1", "fe80::1"];
const BYTES: &[&[u8]] = &[b"", b"a", b"ab", b"\x01\xff", b"b\x01", b"ELF"];
const TYPES: &[Type] = &[
    Type::CharBuf,
    Type::CharBuf,
    Type::FsPath,
    Type::Int64,
    Type::Int32,
    Type::Uint64,
    Type::Port,
    Type::Double,
    Type::Bool,
    Type::ByteBuf,
    Type::IpAddr,
    Type::IpNet,
];

/// A condition as text and as what it says.
pub(super) struct Generated {
    pub(super) text: String,
    pub(super) tree: Tree,
}

#[derive(Clone, Debug)]
pub(super) enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Macro(usize),
    Atom(Atom),
}

#[derive(Clone, Debug)]
pub(super) struct Atom {
    pub(super) left: Source,
    pub(super) op: &'static str,
    pub(super) modifier: Option<&'static str>,
    pub(super) right: Right,
}

#[derive(Clone, Debug)]
pub(super) enum Right {
    Nothing,
    Values(Vec<Vec<u8>>),
    Source(Source),
}

/// Something that has values.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// By name with argument, as in the record.
    Field {
        name: String,
        ty: Type,
        arity: Arity,
    },
    Text(String),
    Lower(Box<Source>),
    Upper(Box<Source>),
    Basename(Box<Source>),
    Len(Box<Source>),
    Concat(Vec<Source>),
    Join(String, Box<Source>),
    List(Vec<Source>),
}

impl Source {
    pub(super) fn ty(&self) -> Type {
        match self {
            Source::Field { ty, .. } => *ty,
            Source::Len(_) => Type::Uint64,
            Source::Lower(inner) | Source::Upper(inner) | Source::Basename(inner) => inner.ty(),
            Source::Text(_) | Source::Concat(_) | Source::Join(..) | Source::List(_) => Type::CharBuf,
        }
    }

    pub(super) fn arity(&self) -> Arity {
        match self {
            Source::Field { arity, .. } => *arity,
            Source::Lower(inner) | Source::Upper(inner) | Source::Basename(inner) => inner.arity(),
            Source::Len(inner) if inner.arity() != Arity::List => inner.arity(),
            Source::List(_) => Arity::List,
            Source::Text(_) | Source::Concat(_) | Source::Join(..) | Source::Len(_) => Arity::One,
        }
    }

    fn text(&self) -> String {
        match self {
            Source::Field { name, .. } => name.clone(),
            Source::Text(text) => quoted(text.as_bytes()),
            Source::Lower(inner) => format!("tolower({})", inner.text()),
            Source::Upper(inner) => format!("toupper( {} )", inner.text()),
            Source::Basename(inner) => format!("basename({})", inner.text()),
            Source::Len(inner) => format!("len({})", inner.text()),
            Source::Concat(parts) => {
                format!("concat({})", parts.iter().map(Source::text).collect::<Vec<_>>().join(" , "))
            }
            Source::Join(separator, list) => {
                format!("join({},{})", quoted(separator.as_bytes()), list.text())
            }
            Source::List(parts) => {
                format!("({})", parts.iter().map(Source::text).collect::<Vec<_>>().join(","))
            }
        }
    }
}

pub(super) struct World {
    pub(super) schema: StaticSchema,
    fields: Vec<FieldInfo>,
    pub(super) lists: Vec<(String, Vec<String>)>,
    pub(super) macros: Vec<(String, String, Tree)>,
    unavailable: bool,
}

impl World {
    pub(super) fn random(random: &mut Rng) -> World {
        let mut fields: Vec<FieldInfo> = (0..random.usize(4..10))
            .map(|at| {
                let ty = pick(random, TYPES);
                let arity = match random.u8(..10) {
                    0..6 => Arity::One,
                    6 | 7 => Arity::List,
                    8 => Arity::Any,
                    _ => Arity::Sides,
                };
                let argument = match random.u8(..8) {
                    0 => ArgumentPolicy::Required(ArgumentKind::Key),
                    1 => ArgumentPolicy::Optional(ArgumentKind::Index),
                    _ => ArgumentPolicy::Forbidden,
                };
                let name = format!("f.f{at}");
                FieldInfo {
                    name: name.into(),
                    ..FieldInfo::new("f.x", ty, "").arity(arity).argument(argument)
                }
            })
            .collect();
        fields[0].argument = ArgumentPolicy::Forbidden;
        fields.push(FieldInfo::new("f.kind", Type::CharBuf, ""));
        let unavailable = random.bool();
        let mut schema = StaticSchema::new(fields.clone()).unwrap();
        if unavailable {
            schema = schema.with_unavailable();
        }
        schema = schema.with_discriminant("f.kind", KINDS.iter().copied()).unwrap();
        let lists = (0..3)
            .map(|at| {
                let items = (0..random.usize(..4)).map(|_| quoted(pick(random, TEXTS).as_bytes())).collect();
                (format!("list{at}"), items)
            })
            .collect();
        let mut world = World { schema, fields, lists, macros: Vec::new(), unavailable };
        for at in 0..random.usize(..4) {
            let Generated { text, tree } = world.condition(random);
            world.macros.push((format!("macro_{at}"), text, tree));
        }
        world
    }

    pub(super) fn condition(&self, random: &mut Rng) -> Generated {
        let tree = self.tree(random, 4);
        let text = self.text(&tree, random);
        Generated { text, tree }
    }

    fn tree(&self, random: &mut Rng, depth: u32) -> Tree {
        let kind = if depth == 0 { 9 } else { random.u8(..12) };
        match kind {
            0..3 => Tree::And((0..random.usize(2..4)).map(|_| self.tree(random, depth - 1)).collect()),
            3..6 => Tree::Or((0..random.usize(2..4)).map(|_| self.tree(random, depth - 1)).collect()),
            6 | 7 => Tree::Not(Box::new(self.tree(random, depth - 1))),
            8 if !self.macros.is_empty() => Tree::Macro(random.usize(..self.macros.len())),
            _ => Tree::Atom(self.atom(random)),
        }
    }

    fn atom(&self, random: &mut Rng) -> Atom {
        if random.u8(..12) == 0 {
            let values =
                (0..random.usize(1..3)).map(|_| pick(random, KINDS).as_bytes().to_vec()).collect::<Vec<_>>();
            let op = pick(random, &["=", "!=", "in"]);
            let left = Source::Field { name: "f.kind".into(), ty: Type::CharBuf, arity: Arity::One };
            let right = if op == "in" { values } else { values[..1].to_vec() };
            return Atom { left, op, modifier: None, right: Right::Values(right) };
        }
        let left = self.source(random);
        let (ty, arity) = (left.ty(), left.arity());
        if random.u8(..12) == 0 {
            return Atom { left, op: "exists", modifier: None, right: Right::Nothing };
        }
        let text = matches!(ty, Type::CharBuf | Type::FsPath);
        let ops: &[&'static str] = match ty {
            _ if arity == Arity::List => &["in", "intersects"],
            Type::CharBuf | Type::FsPath => &[
                "=",
                "==",
                "!=",
                "contains",
                "icontains",
                "startswith",
                "endswith",
                "glob",
                "iglob",
                "regex",
                "in",
                "intersects",
                "pmatch",
                "<",
                ">=",
            ],
            Type::ByteBuf => {
                &["=", "!=", "contains", "bcontains", "startswith", "bstartswith", "endswith", "in"]
            }
            Type::Bool | Type::IpAddr | Type::IpNet => &["=", "!=", "in", "intersects"],
            _ => &["=", "!=", "<", "<=", ">", ">=", "in", "intersects"],
        };
        let op = pick(random, ops);
        // Another field of the same type on the right.
        if random.u8(..6) == 0
            && ty != Type::IpNet
            && !matches!(op, "regex" | "pmatch" | "bcontains" | "bstartswith")
        {
            for _ in 0..8 {
                let right = self.source(random);
                if right.ty() == ty && (right.arity() == Arity::List) == (arity == Arity::List) {
                    return Atom { left, op, modifier: None, right: Right::Source(right) };
                }
            }
        }
        let several = matches!(op, "in" | "intersects" | "pmatch");
        let numeric_only = matches!(op, "<" | "<=" | ">" | ">=");
        let modifier = (!several && !numeric_only && random.u8(..5) == 0)
            .then(|| pick(random, &["oneof", "anyof", "allof"]));
        let count = if several || modifier.is_some() { random.usize(..4) } else { 1 };
        let values = (0..count)
            .map(|_| match op {
                "glob" | "iglob" => pick(random, GLOBS).as_bytes().to_vec(),
                "regex" => pick(random, REGEXES).as_bytes().to_vec(),
                "bcontains" | "bstartswith" => {
                    pick(random, BYTES).iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect()
                }
                _ if text && numeric_only => pick(random, &["5", "7", "6"]).as_bytes().to_vec(),
                _ => literal(random, ty),
            })
            .collect();
        Atom { left, op, modifier, right: Right::Values(values) }
    }

    fn source(&self, random: &mut Rng) -> Source {
        let info = &self.fields[random.usize(..self.fields.len() - 1)];
        let mut field = |argument: bool| {
            let name = match info.argument {
                ArgumentPolicy::Required(_) => format!("{}[{}]", info.name, pick(random, &["k", "l"])),
                ArgumentPolicy::Optional(_) if argument => format!("{}[{}]", info.name, random.u8(..2)),
                _ => info.name.to_string(),
            };
            Source::Field { name, ty: info.ty, arity: info.arity }
        };
        let plain = field(true);
        let is_text = matches!(info.ty, Type::CharBuf | Type::FsPath);
        match random.u8(..10) {
            0 if is_text => Source::Lower(Box::new(plain)),
            1 if is_text => Source::Upper(Box::new(Source::Basename(Box::new(plain)))),
            2 if is_text => Source::Basename(Box::new(plain)),
            3 if is_text || info.ty == Type::ByteBuf || info.arity == Arity::List => {
                Source::Len(Box::new(plain))
            }
            4 if is_text && info.arity != Arity::List => {
                let mut parts = vec![plain, Source::Text(pick(random, TEXTS).to_string())];
                let other = self.source(random);
                if matches!(other.ty(), Type::CharBuf | Type::FsPath) && other.arity() != Arity::List {
                    parts.insert(random.usize(..2), other);
                }
                Source::Concat(parts)
            }
            5 if info.arity == Arity::List && info.ty != Type::Double => {
                Source::Join(pick(random, &["", "/"]).to_string(), Box::new(plain))
            }
            6 if is_text && info.arity == Arity::One => {
                Source::Join("b".into(), Box::new(Source::List(vec![plain, Source::Text("a".into())])))
            }
            _ => plain,
        }
    }

    fn text(&self, tree: &Tree, random: &mut Rng) -> String {
        match tree {
            Tree::And(children) => self.joined("and", children, random),
            Tree::Or(children) => self.joined("or", children, random),
            Tree::Not(child) => match random.u8(..3) {
                0 => format!("not({})", self.text(child, random)),
                1 => format!("not not{}not ({})", blank(random), self.text(child, random)),
                _ => format!("not{}({})", blank(random), self.text(child, random)),
            },
            Tree::Macro(at) => self.macros[*at].0.clone(),
            Tree::Atom(atom) => self.atom_text(atom, random),
        }
    }

    fn joined(&self, keyword: &str, children: &[Tree], random: &mut Rng) -> String {
        let mut out = String::new();
        for (at, child) in children.iter().enumerate() {
            let text = self.text(child, random);
            let bare = matches!(child, Tree::Atom(_) | Tree::Macro(_));
            let text = if bare && random.bool() { text } else { format!("({text})") };
            if at > 0 {
                let tight = text.starts_with('(') && random.bool();
                out.push_str(blank(random));
                out.push_str(keyword);
                out.push_str(if tight { "" } else { blank(random) });
            }
            out.push_str(&text);
        }
        out
    }

    fn atom_text(&self, atom: &Atom, random: &mut Rng) -> String {
        let left = atom.left.text();
        let word = atom.op.starts_with(|c: char| c.is_ascii_alphabetic());
        let gap = |random: &mut Rng| if word || random.bool() { blank(random) } else { "" };
        let before = gap(random);
        let right = match &atom.right {
            Right::Nothing => return format!("{left}{}exists", blank(random)),
            Right::Source(source @ Source::Field { .. }) => format!("val({})", source.text()),
            Right::Source(source) => source.text(),
            Right::Values(values) => {
                let several = atom.modifier.is_some() || matches!(atom.op, "in" | "intersects" | "pmatch");
                let number = matches!(atom.op, "<" | "<=" | ">" | ">=");
                if several {
                    let mut text =
                        values.iter().map(|v| value_text(v, random)).collect::<Vec<_>>().join(", ");
                    // A list whose items are these values.
                    if let Some((name, _)) = self.lists.iter().find(|(_, items)| {
                        *items == values.iter().map(|value| quoted(value)).collect::<Vec<_>>()
                    }) {
                        text.clone_from(name);
                    }
                    format!("({text})")
                } else if number {
                    String::from_utf8(values[0].clone()).unwrap()
                } else {
                    value_text(&values[0], random)
                }
            }
        };
        match atom.modifier {
            Some(modifier) => {
                format!("{left}{before}{}{}{modifier}{}{right}", atom.op, blank(random), blank(random))
            }
            None => format!("{left}{before}{}{}{right}", atom.op, gap(random)),
        }
    }

    pub(super) fn record(&self, random: &mut Rng) -> (Record, Option<usize>) {
        let mut record = Record::default();
        for info in &self.fields {
            for suffix in ["", "[k]", "[l]", "[0]", "[1]"] {
                let given = match random.u8(..10) {
                    0 => continue,
                    // Also where fields are never unavailable: then it counts as absent.
                    1 | 2 => Given::Unavailable,
                    _ => given(random, info),
                };
                record.0.insert(format!("{}{suffix}", info.name), given);
            }
        }
        let kind = random.usize(..KINDS.len());
        record.0.insert("f.kind".to_string(), Given::Text(KINDS[kind].to_string()));
        (record, Some(kind))
    }

    /// The record with values for these fields, some of which turn out to be absent.
    pub(super) fn supplied(&self, record: &Record, missing: &[String], random: &mut Rng) -> Record {
        let mut record = record.clone();
        for name in missing {
            let base = name.split('[').next().unwrap();
            let info = self.fields.iter().find(|info| info.name == base).unwrap();
            if random.bool() {
                record.0.insert(name.clone(), given(random, info));
            } else {
                record.0.remove(name);
            }
        }
        record
    }

    pub(super) fn may_be_unavailable(&self) -> bool {
        self.unavailable
    }
}

fn given(random: &mut Rng, info: &FieldInfo) -> Given {
    let one = |random: &mut Rng| match info.ty {
        Type::CharBuf | Type::FsPath => Given::Text(pick(random, TEXTS).to_string()),
        Type::Bool => Given::Bool(random.bool()),
        Type::ByteBuf => Given::Bytes(pick(random, BYTES).to_vec()),
        Type::IpAddr | Type::IpNet => Given::Ip(pick(random, IPS).parse::<IpAddr>().unwrap()),
        Type::Double => Given::Float(f64::from(random.i8(-2..3)) / 2.0),
        Type::Uint64 | Type::Port => Given::Uint(random.u64(..4)),
        _ => Given::Int(random.i64(-2..3)),
    };
    match info.arity {
        Arity::One => one(random),
        _ => Given::Many((0..random.usize(..4)).map(|_| one(random)).collect()),
    }
}

fn literal(random: &mut Rng, ty: Type) -> Vec<u8> {
    match ty {
        Type::CharBuf | Type::FsPath => pick(random, TEXTS).as_bytes().to_vec(),
        Type::Bool => pick(random, &["true", "false"]).as_bytes().to_vec(),
        Type::ByteBuf => pick(random, BYTES).to_vec(),
        Type::IpAddr => pick(random, IPS).as_bytes().to_vec(),
        Type::IpNet => pick(random, NETS).as_bytes().to_vec(),
        Type::Uint64 | Type::Port => random.u64(..4).to_string().into_bytes(),
        _ => random.i64(-2..3).to_string().into_bytes(),
    }
}

fn pick<T: Copy>(random: &mut Rng, all: &[T]) -> T {
    all[random.usize(..all.len())]
}

fn blank(random: &mut Rng) -> &'static str {
    pick(random, &[" ", "\n", "\t", "  ", " \r\n"])
}

/// The value in quotes, with escapes for what is no text.
fn quoted(value: &[u8]) -> String {
    let mut out = String::from("\"");
    for part in value.utf8_chunks() {
        for c in part.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                c => out.push(c),
            }
        }
        for byte in part.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

/// The value without quotes where it can be, sometimes with.
fn value_text(value: &[u8], random: &mut Rng) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if eyrie_lang::parse::is_bare_text(text) && random.bool() => text.to_string(),
        _ => quoted(value),
    }
}
