//! Any text as a condition: whatever it is, nothing may panic, and what is said about it must fit it. The fuzz target
//! `condition` and the test of mutated conditions share this.

use eyrie_lang::diagnostic::{RenderStyle, Source, render};
use eyrie_lang::parse::{Limits, parse, parse_operand};
use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, Arity};
use eyrie_lang::{
    Compiler, Field, FieldInfo, Fields, Kind, Presence, Schema, Scratch, StaticSchema, Type, Values,
};

struct Echo;

impl Fields for Echo {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        match (field.id.0 % 3, field.ty) {
            (1, _) if field.arity != Arity::One => Presence::Present,
            (2, _) if field.argument.is_some() => Presence::Unavailable,
            (_, Type::Int64) => out.int(-1),
            (_, Type::Uint32 | Type::Port) => out.uint(22),
            (_, Type::Double) => out.float(0.5),
            (_, Type::Bool) => out.bool(true),
            (_, Type::ByteBuf) => out.bytes(b"\xff\x00a"),
            (_, Type::IpAddr | Type::IpNet) => out.ip([10, 0, 0, 1].into()),
            _ => out.text("/usr/bin/cat"),
        }
    }
}

/// A schema with a field of each kind.
pub(crate) fn schema() -> Option<StaticSchema> {
    let schema = StaticSchema::new(vec![
        FieldInfo::new("evt.type", Type::CharBuf, ""),
        FieldInfo::new("proc.name", Type::CharBuf, ""),
        FieldInfo::new("proc.pid", Type::Int64, ""),
        FieldInfo::new("user.uid", Type::Uint32, ""),
        FieldInfo::new("proc.aname", Type::CharBuf, "")
            .arity(Arity::Any)
            .argument(ArgumentPolicy::Optional(ArgumentKind::Index)),
        FieldInfo::new("proc.env", Type::CharBuf, "").key(),
        FieldInfo::new("evt.failed", Type::Bool, ""),
        FieldInfo::new("evt.buffer", Type::ByteBuf, ""),
        FieldInfo::new("fd.sport", Type::Port, ""),
        FieldInfo::new("fd.sip", Type::IpAddr, ""),
        FieldInfo::new("fd.ip", Type::IpAddr, "").arity(Arity::Sides),
        FieldInfo::new("fd.snet", Type::IpNet, ""),
        FieldInfo::new("fd.types", Type::CharBuf, "").list(),
        FieldInfo::new("proc.usage", Type::Double, ""),
        FieldInfo::new("fs.path", Type::FsPath, ""),
    ]);
    schema.ok()?.with_unavailable().with_discriminant("evt.type", ["open", "close", "dup"]).ok()
}

/// Does everything with a text that can be done with a condition.
pub(crate) fn exercise(schema: &StaticSchema, text: &str) {
    if let Ok(expr) = parse(text, Limits::default()) {
        // Falco's printing loses some quotes, so what is printed need not be a condition; it must not break anything either.
        let _ = parse(&expr.to_string(), Limits::default());
    }
    let _ = parse_operand(text, Limits::default());
    let mut compiler = Compiler::new(schema);
    compiler.define_list("items", ["a", "b c"]);
    let problems = match compiler.define_macro("m", text) {
        Ok(warnings) => warnings,
        Err(problems) => problems,
    };
    let substituted = compiler.substitute(text).into_owned();
    for problem in &problems {
        assert!(problem.span.end <= substituted.len(), "{text:?}: {problem:?}");
        assert!(substituted.is_char_boundary(problem.span.start), "{text:?}: {problem:?}");
        assert!(!render(problem, Source::new(&substituted), RenderStyle::default()).is_empty());
    }
    let Ok(added) = compiler.add("m or not m") else { return };
    let single = compiler.add(text);
    assert!(single.is_ok(), "{text:?} is fine as a macro and not as a condition: {single:?}");
    let program = compiler.finish();
    let mut scratch = Scratch::new();
    let mut run = program.start(&Echo, &mut scratch);
    let verdict = run.verdict(added.id);
    let explanation = run.explain(added.id);
    assert_eq!(explanation.verdict, verdict);
    assert!(verdict != eyrie_lang::Verdict::False, "{text:?}: `x or not x` is never false");
    drop(run);
    for kind in 0..3 {
        if let Some(discriminant) = schema.discriminant() {
            let special = program.specialise(discriminant, Kind(kind));
            special.start(&Echo, &mut scratch).first_match();
        }
    }
}
