//! Running conditions allocates nothing once the scratch is warm.

use eyrie_lang::schema::Arity;
use eyrie_lang::{Compiler, FieldInfo, Scratch, StaticSchema, Type};

use crate::record::{Given, Record, text, texts};

#[test]
fn a_warm_run_allocates_nothing() {
    let schema = StaticSchema::new(vec![
        FieldInfo::new("p.name", Type::CharBuf, ""),
        FieldInfo::new("p.path", Type::FsPath, ""),
        FieldInfo::new("p.pid", Type::Int64, ""),
        FieldInfo::new("p.list", Type::CharBuf, "").list(),
        FieldInfo::new("p.any", Type::CharBuf, "").arity(Arity::Any),
        FieldInfo::new("p.ip", Type::IpAddr, ""),
    ])
    .unwrap()
    .with_unavailable();
    let mut compiler = Compiler::new(&schema);
    for condition in [
        "p.name in (a, b, c, d, e, f) or p.name startswith x and not p.pid > 5",
        "p.path pmatch (/usr, \"/e?c\") and p.path glob *bin* and p.path regex \".*/cat\"",
        "p.list intersects (x, y) or p.list in (a, b)",
        "tolower(p.name) = cat or concat(p.name, \"/\", p.path) contains x or join(\",\", p.list) = \"a,b\"",
        "getopt(p.list, \"a:\")[a] exists or len(p.list) > 5 or b64(p.name) = x or basename(p.path) icontains AT",
        "p.any != x and p.ip in (10.0.0.1, ::1) and p.name = val(p.name)",
    ] {
        compiler.add(condition).unwrap();
    }
    let program = compiler.finish();
    let names = ["p.name", "p.path", "p.pid", "p.list", "p.any", "p.ip"];
    let values = [
        text("Cat"),
        text("/usr/bin/cat"),
        Given::Int(3),
        texts(&["-a", "b"]),
        texts(&["y", "z"]),
        Given::Ip("10.0.0.1".parse().unwrap()),
    ];
    let record = Plain(names.into_iter().zip(values).collect());
    let mut scratch = Scratch::new();
    let mut run = |rounds: u32| {
        let mut held = 0_u32;
        for _ in 0..rounds {
            let mut run = program.start(&record, &mut scratch);
            held += program.conditions().map(|id| u32::from(run.verdict(id).is_true())).sum::<u32>();
        }
        held
    };
    assert!(run(2) > 0);
    let counted = allocation_counter::measure(|| {
        run(100);
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    // The counter does count.
    let counted = allocation_counter::measure(|| {
        std::hint::black_box(Record::new([("p.name", text("x"))]));
    });
    assert!(counted.count_total > 0);
}

/// A record that looks its fields up without allocating.
struct Plain(Vec<(&'static str, Given)>);

impl eyrie_lang::Fields for Plain {
    fn extract<'a>(
        &'a self,
        field: &eyrie_lang::Field,
        out: &mut eyrie_lang::Values<'a>,
    ) -> eyrie_lang::Presence {
        match self.0.iter().find(|(name, _)| *name == &*field.name) {
            Some((_, given)) => given.push(out),
            None => eyrie_lang::Presence::Absent,
        }
    }
}
