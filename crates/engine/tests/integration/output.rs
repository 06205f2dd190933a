//! Output formats: what is accepted, what is shown.

use std::collections::HashMap;

use eyrie_engine::OutputFormat;
use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, Arity, FieldFlags};
use eyrie_lang::{Compiler, Field, FieldInfo, Fields, Presence, Scratch, StaticSchema, Type, Value, Values};

fn schema() -> StaticSchema {
    let only_output = FieldFlags { print_only: true, ..FieldFlags::default() };
    StaticSchema::new(vec![
        FieldInfo::new("proc.name", Type::CharBuf, "its name"),
        FieldInfo::new("proc.pid", Type::Int64, "its id"),
        FieldInfo::new("proc.pid.ts", Type::RelTime, "when it started"),
        FieldInfo::new("proc.exepath", Type::FsPath, "its file"),
        FieldInfo::new("proc.root", Type::Bool, "whether root runs it"),
        FieldInfo::new("proc.aname", Type::CharBuf, "its ancestors")
            .arity(Arity::Any)
            .argument(ArgumentPolicy::Optional(ArgumentKind::Index)),
        FieldInfo::new("proc.env", Type::CharBuf, "its environment")
            .argument(ArgumentPolicy::Optional(ArgumentKind::Key)),
        FieldInfo::new("fd.types", Type::CharBuf, "types").list(),
        FieldInfo::new("fd.ip", Type::IpAddr, "both sides").arity(Arity::Sides),
        FieldInfo::new("fd.flags", Type::Flags32, "flags"),
        FieldInfo::new("fd.gone", Type::CharBuf, "never there"),
        FieldInfo::new("evt.line", Type::CharBuf, "for output").flags(only_output),
    ])
    .unwrap()
}

struct Process(HashMap<&'static str, Vec<Value<'static>>>);

impl Fields for Process {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        let Some(values) = self.0.get(field.to_string().as_str()) else { return Presence::Absent };
        for value in values {
            out.push(*value);
        }
        Presence::Present
    }

    fn display(&self, field: &Field, value: Value<'_>, out: &mut String) -> bool {
        if field.ty == Type::Flags32 && value == Value::Uint(3) {
            out.push_str("A|B");
            return true;
        }
        false
    }
}

fn process() -> Process {
    Process(HashMap::from([
        ("proc.name", vec!["bash".into()]),
        ("proc.pid", vec![Value::Int(8950)]),
        ("proc.pid.ts", vec![Value::Uint(12)]),
        ("proc.exepath", vec!["/usr/bin/bash".into()]),
        ("proc.root", vec![true.into()]),
        ("proc.aname", vec!["sh".into(), "init".into()]),
        ("proc.aname[2]", vec!["init".into()]),
        ("proc.env[HOME]", vec!["/root".into()]),
        ("proc.env", vec!["HOME=/root".into()]),
        ("fd.types", vec!["file".into(), "ipv4".into()]),
        ("fd.ip", vec![Value::Ip("10.0.0.1".parse().unwrap())]),
        ("fd.flags", vec![Value::Uint(3)]),
        ("evt.line", vec!["größer".into()]),
    ]))
}

fn shown(format: &str) -> String {
    let schema = schema();
    let mut compiler = Compiler::new(&schema);
    let format = OutputFormat::compile(format, &mut compiler).unwrap_or_else(|p| panic!("{format}: {p:?}"));
    let program = compiler.finish();
    format.text(&mut program.start(&process(), &mut Scratch::new()))
}

#[test]
fn formats_show_values() {
    for (format, expected) in [
        ("plain text", "plain text"),
        ("", ""),
        ("x%proc.name.y", "xbash.y"),
        ("%proc.name: %proc.pid", "bash: 8950"),
        ("%proc.nameX %proc.pid2", "bashX 89502"),
        ("%proc.pid.ts %proc.pid.t", "12 8950.t"),
        ("%3proc.name|", "bas|"),
        ("%8proc.root|", "true    |"),
        ("%0proc.name|", "bash|"),
        ("%10toupper(proc.name)|%2toupper(proc.name)|", "BASH      |BA|"),
        ("%3evt.line|%8evt.line|", "grö|größer  |"),
        ("%6fd.gone|", "<NA>  |"),
        ("{%proc.name} (%proc.pid) \"%proc.exepath\"", "{bash} (8950) \"/usr/bin/bash\""),
        ("%toupper(basename(proc.exepath))", "BASH"),
        ("%concat(proc.name, \"<\", \"x y\", \">\")", "bash<x y>"),
        ("%join(\", \", fd.types)", "file, ipv4"),
        ("%len(fd.types)", "2"),
        ("%fd.types", "(file,ipv4)"),
        ("%tolower(fd.gone)", "<NA>"),
        ("%proc.aname", "sh init"),
        ("%proc.aname[2]", "init"),
        ("%proc.aname[2", "sh init[2"),
        ("%proc.aname[x]", "sh init[x]"),
        ("%proc.name[1]", "bash[1]"),
        ("%proc.env[HOME] %proc.env[\"HOME\"]", "/root /root"),
        ("%proc.env[MY VAR]", "HOME=/root[MY VAR]"),
        ("%fd.ip", "<NA>"),
        ("%fd.flags", "A|B"),
        ("%evt.line", "größer"),
        ("a\n%proc.name", "a\nbash"),
        ("größe %proc.name", "größe bash"),
    ] {
        assert_eq!(shown(format), expected, "{format}");
    }
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let schema = schema();
    for (format, codes) in [
        ("%", "output-lone-percent"),
        ("100%", "output-lone-percent"),
        ("100%% %proc.name", "output-no-field output-no-field"),
        ("% proc.name", "output-no-field"),
        ("%-3proc.name", "output-no-field"),
        ("%proc.nope %fd.nope", "output-no-field output-no-field"),
        ("%upper(proc.name)", "output-no-field"),
        ("%toupper(proc.nope)", "unknown-field"),
        ("%toupper(proc.pid)", "transformer-type"),
        ("%toupper(proc.name", "unclosed"),
        ("%toupper()", "expected-argument"),
        ("%ä", "output-no-field"),
    ] {
        let problems = OutputFormat::compile(format, &mut Compiler::new(&schema)).unwrap_err();
        let found: Vec<_> = problems.iter().map(|problem| problem.code.name).collect();
        assert_eq!(found.join(" "), codes, "{format}");
    }
    let problems = OutputFormat::compile("at %proc.nmae", &mut Compiler::new(&schema)).unwrap_err();
    assert_eq!((problems[0].span.start, problems[0].span.end), (4, 13));
    assert_eq!(problems[0].help, ["did you mean `%proc.name`?"]);
}

#[test]
fn a_format_knows_its_fields() {
    let schema = schema();
    let mut compiler = Compiler::new(&schema);
    let text = "%proc.name %toupper(proc.name) %join(\"-\", (proc.pid, proc.env[A]))";
    let format = OutputFormat::compile(text, &mut compiler).unwrap();
    let program = compiler.finish();
    assert_eq!(format.field_names(&program), ["proc.name", "proc.pid", "proc.env[A]"]);
    let names: Vec<_> = format.values().map(|(name, _)| name).collect();
    assert_eq!(names, ["proc.name", "toupper(proc.name)", "join(-,(proc.pid,proc.env[A]))"]);
}
