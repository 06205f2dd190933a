//! What conditions mean: one row for each quirk.

use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, Arity};
use eyrie_lang::{Compiler, FieldInfo, Kind, Schema, Scratch, StaticSchema, Type, Verdict};

use crate::record::{Given, Record, compiled, text, texts, verdict};

fn fields() -> Vec<FieldInfo> {
    vec![
        FieldInfo::new("t.kind", Type::CharBuf, "the kind"),
        FieldInfo::new("t.name", Type::CharBuf, "a text"),
        FieldInfo::new("t.other", Type::CharBuf, "another text"),
        FieldInfo::new("t.path", Type::FsPath, "a path"),
        FieldInfo::new("t.int", Type::Int64, "a number"),
        FieldInfo::new("t.other_int", Type::Int64, "another number"),
        FieldInfo::new("t.uint", Type::Uint64, "a number"),
        FieldInfo::new("t.float", Type::Double, "a number"),
        FieldInfo::new("t.port", Type::Port, "a port"),
        FieldInfo::new("t.bool", Type::Bool, "a truth value"),
        FieldInfo::new("t.bytes", Type::ByteBuf, "bytes"),
        FieldInfo::new("t.ip", Type::IpAddr, "an address"),
        FieldInfo::new("t.net", Type::IpNet, "an address"),
        FieldInfo::new("t.list", Type::CharBuf, "texts").list(),
        FieldInfo::new("t.other_list", Type::CharBuf, "texts").list(),
        FieldInfo::new("t.ints", Type::Int64, "numbers").list(),
        FieldInfo::new("t.ancestors", Type::CharBuf, "any of several texts").arity(Arity::Any),
        FieldInfo::new("t.sides", Type::IpAddr, "two addresses").arity(Arity::Sides),
        FieldInfo::new("t.env", Type::CharBuf, "by name").key(),
        FieldInfo::new("t.arg", Type::CharBuf, "by position")
            .argument(ArgumentPolicy::Optional(ArgumentKind::Index)),
        FieldInfo::new("t.absent", Type::CharBuf, "never there"),
        FieldInfo::new("t.absent_list", Type::CharBuf, "never there").list(),
        FieldInfo::new("t.absent_int", Type::Int64, "never there"),
    ]
}

fn record() -> Record {
    Record::new([
        ("t.kind", text("open")),
        ("t.name", text("Cat")),
        ("t.other", text("cat")),
        ("t.path", text("/usr/bin/cat")),
        ("t.int", Given::Int(-3)),
        ("t.other_int", Given::Int(7)),
        ("t.uint", Given::Uint(u64::MAX)),
        ("t.float", Given::Float(2.5)),
        ("t.port", Given::Uint(443)),
        ("t.bool", Given::Bool(true)),
        ("t.bytes", Given::Bytes(b"\x7fELF\x02".to_vec())),
        ("t.ip", Given::Ip("10.1.2.3".parse().unwrap())),
        ("t.net", Given::Ip("10.1.2.3".parse().unwrap())),
        ("t.list", texts(&["a", "b"])),
        ("t.other_list", texts(&["a", "b", "c"])),
        ("t.ints", Given::Many(vec![Given::Int(1), Given::Int(2)])),
        ("t.ancestors", texts(&["sh", "init"])),
        (
            "t.sides",
            Given::Many(vec![Given::Ip("10.0.0.1".parse().unwrap()), Given::Ip("10.0.0.2".parse().unwrap())]),
        ),
        ("t.env[HOME]", text("/root")),
        ("t.arg", text("-c ls")),
        ("t.arg[0]", text("-c")),
        ("t.arg[1]", text("ls")),
    ])
}

/// Conditions and whether they hold for [`record`].
const ROWS: &[(&str, bool)] = &[
    // text
    ("t.name = Cat", true),
    ("t.name == Cat", true),
    ("t.name = cat", false),
    ("t.name != cat", true),
    ("t.name > 5", true),
    ("t.name < 5", false),
    ("t.name >= 5", true),
    ("t.name <= 5", false),
    ("t.name contains at", true),
    ("t.name contains AT", false),
    ("t.name contains \"\"", true),
    ("t.name icontains AT", true),
    ("t.name startswith C", true),
    ("t.name startswith c", false),
    ("t.name endswith at", true),
    ("t.path glob /usr/*", true),
    ("t.path glob /*/cat", true),
    ("t.path glob /usr", false),
    ("t.path iglob /USR/*", true),
    ("t.name regex \"[A-Z]at\"", true),
    ("t.name regex at", false),
    ("t.name in (Dog, Cat)", true),
    ("t.name in (cat)", false),
    ("t.name in ()", false),
    ("not t.name in ()", true),
    ("t.name intersects (Dog, Cat)", true),
    ("t.path pmatch (/usr)", true),
    ("t.path pmatch (usr/bin/)", true),
    ("t.path pmatch (/usr/bi)", false),
    ("t.path pmatch (\"/*/bin\")", true),
    ("t.path pmatch ()", false),
    ("t.path pmatch (\"\")", true),
    // modifiers
    ("t.name startswith anyof (X, C)", true),
    ("t.name startswith allof (Ca, C)", true),
    ("t.name startswith allof (Ca, X)", false),
    ("t.name startswith oneof (Ca, C)", false),
    ("t.name startswith oneof (Ca, X)", true),
    ("t.name = anyof ()", false),
    ("t.name = allof ()", false),
    ("t.name = oneof ()", false),
    ("t.name != anyof (Cat, Dog)", true),
    ("t.name != allof (Cat, Dog)", false),
    ("t.name regex anyof (\"x\", \"C.*\")", true),
    ("t.int = anyof (1, -3)", true),
    ("t.name contains anyof Cat", true),
    ("t.name = anyof", false),
    // numbers
    ("t.int = -3", true),
    ("t.int < 0", true),
    ("t.int >= -3", true),
    ("t.int > -3", false),
    ("t.int in (1, -3)", true),
    ("t.int != 3", true),
    ("t.int = \" -3\"", true),
    ("t.uint = -1", true),
    ("t.uint > 9223372036854775807", true),
    ("t.float > 2", true),
    ("t.float < 3", true),
    ("t.float in (2, 3)", false),
    ("t.port = https", true),
    ("t.port in (http, https)", true),
    ("t.port = 65979", true),
    ("t.bool = true", true),
    ("t.bool != false", true),
    ("t.bool in (true, false)", true),
    // bytes
    ("t.bytes contains ELF", true),
    ("t.bytes bcontains 454c46", true),
    ("t.bytes bstartswith 7F45", true),
    ("t.bytes bstartswith 45", false),
    ("t.bytes bcontains \"\"", true),
    ("t.bytes startswith \"\\x7fELF\"", true),
    ("t.bytes endswith \"\\x02\"", true),
    ("t.bytes = anyof (x, \"\\x7fELF\\x02\")", true),
    // addresses
    ("t.ip = 10.1.2.3", true),
    ("t.ip = ::1", false),
    ("t.ip != ::1", true),
    ("t.ip in (::1, 10.1.2.3)", true),
    ("t.net = 10.0.0.0/8", true),
    ("t.net = 10.9.9.9/8", true),
    ("t.net != 192.168.0.0/16", true),
    ("t.net in (192.168.0.0/16, 10.1.0.0/16)", true),
    ("t.net = fe80::/10", false),
    ("t.net = 0.0.0.0/0", true),
    // both sides
    ("t.sides = 10.0.0.2", true),
    ("t.sides = 10.0.0.3", false),
    ("t.sides != 10.0.0.2", false),
    ("t.sides != 10.0.0.3", true),
    ("not t.sides = 10.0.0.3", true),
    ("t.sides in (10.0.0.1)", true),
    // any of several
    ("t.ancestors = init", true),
    ("t.ancestors != init", true),
    ("t.ancestors startswith x", false),
    // lists
    ("t.list in (a, b, c)", true),
    ("t.list in (a)", false),
    ("t.list intersects (b, x)", true),
    ("t.list intersects (x)", false),
    ("t.list intersects ()", false),
    ("t.list in ()", false),
    ("t.list exists", true),
    ("t.ints in (1, 2, 3)", true),
    ("t.list in val(t.other_list)", true),
    ("t.other_list in val(t.list)", false),
    ("t.other_list intersects val(t.list)", true),
    // arguments
    ("t.env[HOME] = /root", true),
    ("t.env['HOME'] exists", true),
    ("t.env[PATH] exists", false),
    ("t.arg contains ls", true),
    ("t.arg[1] = ls", true),
    ("t.arg[-1] exists", false),
    // fields on both sides
    ("t.name = val(t.other)", false),
    ("tolower(t.name) = val(t.other)", true),
    ("t.int < val(t.other_int)", true),
    ("t.name in tolower(t.other)", false),
    ("t.other = tolower(t.name)", true),
    ("t.name endswith val(t.other)", false),
    // transformers
    ("toupper(t.name) = CAT", true),
    ("tolower(t.list) in (a, b)", true),
    ("basename(t.path) = cat", true),
    ("basename(t.name) = Cat", true),
    ("len(t.path) = 12", true),
    ("len(t.list) = 2", true),
    ("len(t.bytes) > 4", true),
    ("tolower(basename(t.path)) = cat", true),
    ("b64(\"aGVsbG8=\") = hello", true),
    ("b64(\"aGVsbG8\") = hello", true),
    ("b64(\"not base64!\") exists", false),
    ("join(\"-\", (t.name, t.int)) = Cat--3", true),
    ("join(\", \", t.list) = \"a, b\"", true),
    ("join(\"-\", ()) = \"\"", true),
    ("concat(t.name, \"/\", 5) = Cat/5", true),
    ("getopt((t.arg[0], t.arg[1]), \"c:x\")[c] = ls", true),
    ("getopt((t.arg[0], t.arg[1], t.arg[2]), \"c:x\")[x] exists", false),
    ("getopt((t.arg[0], t.arg[1]), \"c:x\") intersects (c)", true),
    ("getopt((\"-xcfoo\", \"-y\"), \"c:xy\")[c] = foo", true),
    ("getopt((\"-xcfoo\", \"-y\"), \"c:xy\") in (x, c, y)", true),
    ("getopt((\"--long\", \"-x\", \"--\", \"-y\"), \"xy\") in (x)", true),
    ("getopt((\"stop\", \"-x\"), \"x\")[x] exists", false),
    ("getopt((\"-c\"), \"c:\")[c] exists", false),
    ("getopt((\"-x\"), \"x\")[x] = \"\"", true),
    // what is not there
    ("t.absent = x", false),
    ("t.absent != x", false),
    ("not t.absent = x", true),
    ("t.absent exists", false),
    ("t.absent in ()", false),
    ("t.absent_int < 1", false),
    ("t.absent_int >= 1", false),
    ("t.absent = val(t.name)", false),
    ("t.name != val(t.absent)", false),
    ("t.absent_list in ()", false),
    ("t.absent_list in (a)", false),
    ("not t.absent_list intersects (a)", true),
    ("tolower(t.absent) != x", false),
    ("len(t.absent) = 0", false),
    ("len(t.absent_list) = 0", false),
    ("concat(t.name, t.absent) exists", false),
    ("join(\"\", (t.name, t.absent)) = Cat", true),
    ("t.absent != anyof (a, b)", false),
    // structure
    ("t.name = Cat and t.int = -3", true),
    ("t.name = Cat and t.int = 3 or t.bool = true", true),
    ("t.name = Cat and (t.int = 3 or t.bool = false)", false),
    ("not not t.name = Cat", true),
    ("not(t.name = Cat)", false),
    ("t.name existsand t.int exists", true),
    ("t.name inCat", true),
    ("t.name in(Cat)and(t.int exists)", true),
];

#[test]
fn conditions_mean_what_falco_means() {
    let schema = StaticSchema::new(fields()).unwrap();
    let three_valued = schema.clone().with_unavailable();
    for (condition, expected) in ROWS {
        for schema in [&schema, &three_valued] {
            assert_eq!(verdict(schema, condition, &record()), Verdict::from(*expected), "{condition}");
        }
    }
}

#[test]
fn one_program_decides_all_conditions() {
    let schema = StaticSchema::new(fields()).unwrap();
    let mut compiler = Compiler::new(&schema);
    for (condition, _) in ROWS {
        compiler.add(condition).unwrap();
    }
    let program = compiler.finish();
    let record = record();
    let mut scratch = Scratch::new();
    for _ in 0..2 {
        let mut run = program.start(&record, &mut scratch);
        for (id, (condition, expected)) in program.conditions().zip(ROWS) {
            assert_eq!(run.verdict(id), Verdict::from(*expected), "{condition}");
        }
    }
}

#[test]
fn unavailable_fields_make_verdicts_unknown_only_where_they_matter() {
    let schema = StaticSchema::new(fields()).unwrap().with_unavailable();
    let record = Record::new([
        ("t.name", text("Cat")),
        ("t.other", Given::Unavailable),
        ("t.int", Given::Unavailable),
        ("t.list", Given::Unavailable),
    ]);
    use Verdict::{False, True, Unknown};
    for (condition, expected, missing) in [
        ("t.other = x", Unknown, &["t.other"][..]),
        ("not t.other = x", Unknown, &["t.other"]),
        ("t.other exists", Unknown, &["t.other"]),
        ("t.other = x and t.name = Dog", False, &[]),
        ("t.other = x or t.name = Cat", True, &[]),
        ("t.other = x and t.name = Cat", Unknown, &["t.other"]),
        ("(t.other = x and t.name = Dog) or t.int > 3", Unknown, &["t.int"]),
        ("t.other = x and t.int > 3", Unknown, &["t.other", "t.int"]),
        ("t.other = x and t.other != y", Unknown, &["t.other"]),
        ("t.other in ()", False, &[]),
        ("t.other = anyof ()", False, &[]),
        ("t.list in ()", Unknown, &["t.list"]),
        ("t.absent = val(t.other)", False, &[]),
        ("t.other = val(t.absent)", False, &[]),
        ("t.name = val(t.other)", Unknown, &["t.other"]),
        ("concat(t.absent, t.other) exists", False, &[]),
        ("concat(t.name, t.other) = x", Unknown, &["t.other"]),
        ("join(\"\", (t.absent, t.other)) = x", Unknown, &["t.other"]),
        ("len(t.list) = 0", Unknown, &["t.list"]),
    ] {
        let program = compiled(&schema, condition);
        let id = program.conditions().next().unwrap();
        let mut scratch = Scratch::new();
        let mut run = program.start(&record, &mut scratch);
        assert_eq!(run.verdict(id), expected, "{condition}");
        let found: Vec<_> = run.missing(id).iter().map(ToString::to_string).collect();
        assert_eq!(found, missing, "{condition}");
    }
    // Where fields are never unavailable, one that claims to be is absent.
    let schema = StaticSchema::new(fields()).unwrap();
    assert_eq!(verdict(&schema, "t.other != x", &record), False);
    assert_eq!(verdict(&schema, "not t.other = x", &record), True);
}

#[test]
fn programs_are_specialised_for_a_kind() {
    let schema =
        StaticSchema::new(fields()).unwrap().with_discriminant("t.kind", ["open", "close", "dup"]).unwrap();
    let discriminant = schema.discriminant().unwrap();
    for (condition, kinds) in [
        ("t.kind = open", "open"),
        ("t.kind != open", "close dup"),
        ("t.kind in (open, dup)", "open dup"),
        ("not t.kind in (open, dup)", "close"),
        ("t.kind in ()", ""),
        ("t.name = x", "open close dup"),
        ("not t.name = x", "open close dup"),
        ("t.kind = open and t.name = x", "open"),
        ("t.kind = open or t.name = x", "open close dup"),
        ("not (t.kind = open or t.name = x)", "close dup"),
        ("not (t.kind != open and t.name = x)", "open close dup"),
        ("t.kind = open and t.kind = close", ""),
        ("not (t.kind = open and t.kind = close)", "open close dup"),
        ("not t.kind exists", ""),
        ("t.kind exists", "open close dup"),
        ("t.kind = open and t.name in ()", "open"),
    ] {
        let program = compiled(&schema, condition);
        let id = program.conditions().next().unwrap();
        let set = program.kinds(id);
        let names: Vec<_> = set.iter().map(|kind| discriminant.text(kind).unwrap()).collect();
        assert_eq!(names.join(" "), kinds, "{condition}");
        for (kind, name) in ["open", "close", "dup"].into_iter().enumerate() {
            let special = program.specialise(discriminant, Kind(u32::try_from(kind).unwrap()));
            let mut record = record();
            record.0.insert("t.kind".to_string(), text(name));
            let (mut a, mut b) = (Scratch::new(), Scratch::new());
            let expected = program.run(id, &record, &mut a);
            assert_eq!(special.run(id, &record, &mut b), expected, "{condition} for {name}");
            if !set.contains(Kind(u32::try_from(kind).unwrap())) {
                assert!(special.is_never(id), "{condition} for {name}");
            }
        }
    }
}

#[test]
fn what_conditions_share_is_kept_once_and_known() {
    let schema = StaticSchema::new(fields()).unwrap();
    let mut compiler = Compiler::new(&schema);
    let first = compiler.add("t.name = a and (t.int > 3 or t.env[HOME] exists)").unwrap().id;
    let second = compiler.add("t.name == a and not t.int > 3").unwrap().id;
    let program = compiler.finish();
    assert_eq!(program.atoms(first).len(), 3);
    // `==` is `=`: the same atom.
    assert_eq!(program.atoms(second)[0], program.atoms(first)[0]);
    let fields: Vec<_> = program.fields(first).iter().map(ToString::to_string).collect();
    assert_eq!(fields, ["t.name", "t.int", "t.env[HOME]"]);
    assert_eq!(program.all_fields().len(), 3);
    let span = program.atom_span(second, program.atoms(second)[1]).unwrap();
    assert_eq!((span.start, span.end), (20, 29));
}
