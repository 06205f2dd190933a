//! Which operators each type takes: one cell for each operator and type, on plain fields and on lists, with a literal, a list
//! of literals, a modifier and another field on the right.

use eyrie_lang::ast::{Modifier, Op};
use eyrie_lang::{Compiler, FieldInfo, StaticSchema, Type};

const NUMBERS: &str = "exists <= < >= > == = != intersects in";
const TEXT: &str =
    "exists <= < >= > == = != glob iglob contains icontains startswith endswith regex intersects in pmatch";
const BYTES: &str = "exists == = != contains bcontains startswith bstartswith endswith intersects in";
const EQUALITY: &str = "exists == = != intersects in";
const NOTHING: &str = "exists";

/// The operators of each type, and a literal of it.
fn expected(ty: Type) -> (&'static str, &'static str) {
    match ty {
        Type::Int8
        | Type::Int16
        | Type::Int32
        | Type::Int64
        | Type::Uint8
        | Type::Uint16
        | Type::Uint32
        | Type::Uint64
        | Type::Pid
        | Type::Pid32
        | Type::Fd
        | Type::Fd32
        | Type::Flags8
        | Type::Flags16
        | Type::Flags32
        | Type::EnumFlags8
        | Type::EnumFlags16
        | Type::EnumFlags32
        | Type::Mode
        | Type::Port
        | Type::Errno
        | Type::SigType
        | Type::SyscallId
        | Type::L4Proto
        | Type::SockFamily
        | Type::RelTime
        | Type::AbsTime
        | Type::Double
        | Type::Uid
        | Type::Gid
        | Type::SigSet => (NUMBERS, "5"),
        Type::Bool => (EQUALITY, "true"),
        Type::CharBuf | Type::FsPath | Type::FsRelPath => (TEXT, "61"),
        Type::ByteBuf => (BYTES, "61"),
        Type::Ipv4Addr | Type::Ipv6Addr | Type::IpAddr => (EQUALITY, "10.0.0.1"),
        Type::Ipv4Net | Type::Ipv6Net | Type::IpNet => (EQUALITY, "10.0.0.0/8"),
        _ => (NOTHING, "5"),
    }
}

fn taken(schema: &StaticSchema, condition: &str) -> Result<(), String> {
    match Compiler::new(schema).add(condition) {
        Ok(_) => Ok(()),
        Err(problems) => Err(problems.iter().map(|p| p.code.name).collect::<Vec<_>>().join(" ")),
    }
}

#[test]
fn each_type_takes_its_operators() {
    let mut cells = 0;
    for ty in Type::ALL.iter().copied().filter(|ty| *ty != Type::Dyn) {
        let (operators, literal) = expected(ty);
        let operators: Vec<_> = operators.split(' ').collect();
        let schema = StaticSchema::new(vec![
            FieldInfo::new("a.one", ty, ""),
            FieldInfo::new("a.other", ty, ""),
            FieldInfo::new("a.list", ty, "").list(),
            FieldInfo::new("a.list2", ty, "").list(),
        ])
        .unwrap();
        for op in Op::ALL {
            let name = op.name();
            let several = matches!(op, Op::In | Op::Intersects | Op::Pmatch);
            let numeric = matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge);
            let right = match op {
                Op::Exists => String::new(),
                _ if several => format!(" ({literal}, {literal})"),
                // The grammar takes numbers only here.
                _ if numeric => " 5".to_string(),
                _ => format!(" {literal}"),
            };
            let allowed = operators.contains(&name);
            let refusal = Err("operator-type".to_string());
            let expect = |allowed: bool| if allowed { Ok(()) } else { refusal.clone() };

            let cell = format!("a.one {name}{right}");
            assert_eq!(taken(&schema, &cell), expect(allowed), "{ty}: {cell}");
            let opaque = operators.len() == 1;
            let on_list = *op == Op::Exists || (matches!(op, Op::In | Op::Intersects) && !opaque);
            let cell = format!("a.list {name}{right}");
            assert_eq!(taken(&schema, &cell), expect(on_list), "list of {ty}: {cell}");
            cells += 2;
            if *op == Op::Exists {
                continue;
            }

            let with_field = format!("a.one {name} val(a.other)");
            let network = matches!(ty, Type::Ipv4Net | Type::Ipv6Net | Type::IpNet);
            let literals_only = matches!(op, Op::Regex | Op::Pmatch | Op::Bcontains | Op::BstartsWith);
            let expected = match allowed {
                true if network || literals_only => Err("right-side-forbidden".to_string()),
                allowed => expect(allowed),
            };
            assert_eq!(taken(&schema, &with_field), expected, "{ty}: {with_field}");
            let with_list = format!("a.list {name} val(a.list2)");
            let expected =
                if on_list && network { Err("right-side-forbidden".to_string()) } else { expect(on_list) };
            assert_eq!(taken(&schema, &with_list), expected, "list of {ty}: {with_list}");
            let mixed = format!("a.one {name} val(a.list)");
            assert!(taken(&schema, &mixed).is_err(), "{ty}: {mixed}");
            cells += 3;

            for modifier in Modifier::ALL {
                let cell = format!("a.one {name} {} ({literal}, {literal})", modifier.name());
                if several || numeric {
                    // Not in the grammar: `in anyof` is a list that is one word.
                    assert!(taken(&schema, &cell).is_err(), "{ty}: {cell}");
                } else {
                    assert_eq!(taken(&schema, &cell), expect(allowed), "{ty}: {cell}");
                }
                cells += 1;
            }
        }
    }
    assert!(cells > 6000, "{cells}");
}

#[test]
fn each_transformer_takes_its_types() {
    for ty in Type::ALL.iter().copied().filter(|ty| *ty != Type::Dyn) {
        let schema =
            StaticSchema::new(vec![FieldInfo::new("a.one", ty, ""), FieldInfo::new("a.list", ty, "").list()])
                .unwrap();
        let text = matches!(ty, Type::CharBuf | Type::FsPath | Type::FsRelPath);
        let bytes = ty == Type::ByteBuf;
        for (call, taken_by) in [
            ("tolower(a.one)", text),
            ("toupper(a.one)", text),
            ("basename(a.one)", text),
            ("b64(a.one)", text || bytes),
            ("len(a.one)", text || bytes),
            ("concat(a.one, \"x\")", text),
            ("join(a.one, (\"x\"))", text),
            ("join(\"x\", a.one)", false),
            ("getopt(a.one, \"x\")", false),
            ("getopt((\"x\"), a.one)", text),
            ("tolower(a.list)", text),
            ("basename(a.list)", text),
            ("b64(a.list)", text || bytes),
            ("len(a.list)", true),
            ("concat(a.list, \"x\")", false),
            ("join(a.list, (\"x\"))", false),
            ("join(\"x\", a.list)", true),
            ("join(\"x\", (a.one, a.one))", true),
            ("join(\"x\", (a.list))", false),
            ("getopt(a.list, \"x\")", text),
            ("getopt(a.list, \"x\")[x]", text),
            ("getopt(a.list, \"x\")[xy]", false),
            ("tolower(a.one, a.one)", false),
            ("tolower(a.one)[x]", false),
            ("len(len(a.list))", false),
            ("tolower(basename(a.one))", text),
        ] {
            let found = taken(&schema, &format!("{call} exists"));
            assert_eq!(found.is_ok(), taken_by, "{ty}: {call}: {found:?}");
        }
    }
}
