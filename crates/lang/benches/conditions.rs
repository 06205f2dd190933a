//! The three phases of a condition's life, measured apart: parse, compile, run. `cargo bench -p eyrie-lang`.
//!
//! The conditions are made up in the manner of detection rules: a type, then a few comparisons of process and file fields,
//! of which many rules share some.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "benchmarks")]

use divan::{Bencher, black_box};
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{
    Compiler, Field, FieldInfo, Fields, Kind, Presence, Program, Schema, Scratch, StaticSchema, Type, Values,
};

fn main() {
    divan::main();
}

const KINDS: [&str; 8] = ["open", "execve", "connect", "unlink", "chmod", "rename", "mkdir", "setuid"];

fn schema() -> StaticSchema {
    StaticSchema::new(vec![
        FieldInfo::new("evt.type", Type::CharBuf, ""),
        FieldInfo::new("proc.name", Type::CharBuf, ""),
        FieldInfo::new("proc.pname", Type::CharBuf, ""),
        FieldInfo::new("proc.cmdline", Type::CharBuf, ""),
        FieldInfo::new("fd.name", Type::CharBuf, ""),
        FieldInfo::new("user.uid", Type::Uint32, ""),
        FieldInfo::new("container.id", Type::CharBuf, ""),
    ])
    .unwrap()
    .with_discriminant("evt.type", KINDS)
    .unwrap()
}

/// Rule number `n`.
fn condition(n: usize) -> String {
    let kind = KINDS[n % KINDS.len()];
    let program = n % 97;
    format!(
        "evt.type = {kind} and container.id != host and not proc.name in (sshd, dpkg, rpm, systemd, app{program}) \
         and (fd.name startswith /etc/app{program} or fd.name endswith .conf{n}) and (user.uid = 0 or \
         proc.cmdline contains \"--flag{program}\") and not proc.pname in (make, cmake, cc{program})"
    )
}

fn program(schema: &StaticSchema, rules: usize) -> Program {
    let mut compiler = Compiler::new(schema);
    for n in 0..rules {
        compiler.add(&condition(n)).unwrap();
    }
    compiler.finish()
}

/// An event that gets as far as the file's name in every rule of its type, and matches none.
struct Event;

impl Fields for Event {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        match field.id.0 {
            0 => out.text("open"),
            1 => out.text("cat"),
            2 => out.text("bash"),
            3 => out.text("cat /usr/share/doc/readme"),
            4 => out.text("/usr/share/doc/readme"),
            5 => out.uint(1000),
            _ => out.text("3ad7b26ded6d"),
        }
    }
}

#[divan::bench]
fn parse_one(bencher: Bencher<'_, '_>) {
    let text = condition(7);
    bencher.bench(|| parse(black_box(&text), Limits::default()).unwrap());
}

#[divan::bench(args = [25, 100, 1000, 10_000])]
fn compile(bencher: Bencher<'_, '_>, rules: usize) {
    let schema = schema();
    bencher.bench(|| program(&schema, rules));
}

#[divan::bench(args = [25, 100, 1000, 10_000])]
fn run_specialised(bencher: Bencher<'_, '_>, rules: usize) {
    let schema = schema();
    let program = program(&schema, rules).specialise(schema.discriminant().unwrap(), Kind(0));
    // What a caller keeps for each kind: the conditions that can hold for it.
    let conditions: Vec<_> = program.conditions().filter(|id| !program.is_never(*id)).collect();
    let mut scratch = Scratch::new();
    bencher.bench_local(|| {
        let mut run = program.start(black_box(&Event), &mut scratch);
        conditions.iter().filter(|id| run.verdict(**id).is_true()).count()
    });
}

#[divan::bench(args = [25, 100, 1000, 10_000])]
fn run_unspecialised(bencher: Bencher<'_, '_>, rules: usize) {
    let schema = schema();
    let program = program(&schema, rules);
    let mut scratch = Scratch::new();
    bencher.bench_local(|| {
        let mut run = program.start(black_box(&Event), &mut scratch);
        program.conditions().filter(|id| run.verdict(*id).is_true()).count()
    });
}
