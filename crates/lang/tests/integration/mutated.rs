//! Conditions with random changes: what a fuzzer does, on a small scale and with the stable toolchain.

use crate::surface::{exercise, schema};

const CORPUS: &[&str] = &[
    "evt.type = open and proc.name in (cat, \"d og\", items) and not fd.types intersects (a, b)",
    "(evt.type=open)or(evt.type!=close and not(proc.pid>=-5))",
    "tolower(proc.name) startswith anyof (a, 'b') or len(fs.path) > 3",
    "proc.env[HOME] exists and proc.aname[2] = val(proc.name)",
    "fd.sip = 10.0.0.1 or fd.snet in (10.0.0.0/8, fe80::/10) or fd.ip != ::1",
    "proc.name regex \"(a|b)[[:digit:]]{2,3}.*\" and fs.path glob /etc/*[!a-c]",
    "join(\"-\", (proc.name, \"x\", 5)) contains \"\\x41\\n\" and getopt((proc.name, \"-a\"), \"a:\")[a] = x",
    "evt.buffer bcontains 7f45 or evt.failed = true or fd.sport = https or proc.usage < 3",
    "fs.path pmatch (/etc, \"/usr/*/x\") and concat(proc.name, proc.name) icontains oneof (żółć, b)",
    "b64(proc.name) existsand m",
];

const WORDS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "\"",
    "'",
    "\\",
    ",",
    "=",
    " ",
    "not ",
    "and ",
    " or ",
    "not(",
    "oneof ",
    "val(",
    "len(",
    "in",
    "exists",
    "0",
    "-1",
    "1.5",
    "\u{0}",
    "ż",
    "\n",
    "proc.name",
    "items",
    "regex \"",
    "{1000}",
    "((((((((((((((((((((((",
    "*",
    "\\x",
];

#[test]
fn mutated_conditions_break_nothing() {
    let schema = schema().unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    for text in CORPUS {
        exercise(&schema, text);
    }
    for _ in 0..4000 {
        let mut text: Vec<char> = CORPUS[random.usize(..CORPUS.len())].chars().collect();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..=text.len());
            match random.u8(..4) {
                0 => drop(text.drain(at..text.len().min(at + random.usize(1..8)))),
                1 => drop(text.splice(at..at, WORDS[random.usize(..WORDS.len())].chars())),
                2 => drop(text.splice(at..at, CORPUS[random.usize(..CORPUS.len())].chars())),
                _ if at < text.len() => text[at] = random.char('\u{1}'..'\u{2ff}'),
                _ => {}
            }
        }
        exercise(&schema, &text.into_iter().collect::<String>());
    }
}
