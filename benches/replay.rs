//! Measures replays: CPU time, time on the clock and peak memory, with few rules, many and one, beside `zcat`.
//!
//! `cargo bench -p eyrie-benches --bench replay -- trace.scap --rules a.yaml --rules b.yaml` prints a table; without a capture one is
//! made, without rules those of [`eyrie_benches::rules`] are taken. README.md beside this file says how to read it. Nothing is judged
//! here: what is fast enough depends on the machine.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose results are what it prints")]

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use eyrie_benches::{Error, trace};
use eyrie_engine::AlertFormat;
use eyrie_engine::ruleset::{Matching, RuleSetOptions};
use eyrie_pipeline::{Replay, build_rules, load_rules};
use eyrie_sources::capture::{Compression, Item, Reader, Writer};
use wait4::Wait4 as _;

/// How often each thing is measured; the least and the median are shown. The things take turns, so that what else the machine
/// does meets all of them.
const RUNS: usize = 7;

/// What this program calls itself with, so that each run is a process of its own.
const RUN: &str = "--run";

/// A condition that matches little.
const ONE: &str = "- rule: One
  desc: A program that is rarely started.
  condition: evt.type in (execve, execveat) and proc.name = nc and proc.args contains -e
  output: 'Started | command=%proc.cmdline'
  priority: NOTICE
";

#[derive(Clone, Copy)]
struct Used {
    cpu: Duration,
    clock: Duration,
    peak_bytes: u64,
}

fn main() -> Result<(), Error> {
    // cargo passes `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [RUN, what, capture, rules @ ..] =
        arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
    {
        return run(what, Path::new(capture), rules);
    }
    let (mut capture, mut rules, mut rest) = (None, Vec::new(), arguments.into_iter());
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--rules" => rules.push(rest.next().ok_or("--rules needs a file")?),
            path if capture.is_none() && !path.starts_with('-') => capture = Some(PathBuf::from(path)),
            _ => {
                return Err(
                    "usage: cargo bench -p eyrie-benches --bench replay [-- CAPTURE] [--rules FILE]…".into(),
                );
            }
        }
    }
    let folder = folder()?;
    let (compressed, plain) = captures(capture, &folder)?;
    if rules.is_empty() {
        let path = folder.join("rules.yaml");
        std::fs::write(&path, eyrie_benches::rules::rules(93))?;
        rules.push(path.to_string_lossy().into_owned());
    }
    measure(&compressed, &plain, &rules)
}

/// Below the target folder, where this program keeps what it makes.
fn folder() -> Result<PathBuf, Error> {
    let program = std::env::current_exe()?;
    let folder = program.ancestors().nth(3).ok_or("not in a target folder")?.join("eyrie-benches");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The capture compressed with gzip, and plain.
fn captures(capture: Option<PathBuf>, folder: &Path) -> Result<(PathBuf, PathBuf), Error> {
    let compressed = match capture {
        Some(capture) => capture,
        None => {
            let path = folder.join("trace.scap");
            if !path.exists() {
                eprintln!("making {}", path.display());
                std::fs::write(&path, trace::write(700_000)?)?;
            }
            path
        }
    };
    let plain = folder.join("trace.raw");
    let mut writer = Writer::new(std::fs::File::create(&plain)?, Compression::None)?;
    let mut reader = Reader::open(&compressed)?;
    while let Some(item) = reader.next()? {
        match item {
            Item::Section(_) => {}
            Item::Machine(machine) => writer.machine(&machine)?,
            Item::Interface(interface) => writer.interfaces([interface])?,
            Item::Account(account) => writer.accounts([account])?,
            Item::Thread(thread) => writer.threads([thread])?,
            Item::Descriptor(tid, fd) => writer.descriptors(tid, [fd])?,
            Item::Event(recorded) => writer.event(&recorded.event, recorded.flags)?,
        }
    }
    writer.finish()?;
    Ok((compressed, plain))
}

fn measure(compressed: &Path, plain: &Path, rules: &[String]) -> Result<(), Error> {
    let events = {
        let mut replay = Replay::open(plain)?;
        replay.for_each(|_| ControlFlow::Continue(()))?;
        replay.summary().events
    };
    let first: Vec<&str> = rules.iter().take(1).map(String::as_str).collect();
    let all: Vec<&str> = rules.iter().map(String::as_str).collect();
    let this = std::env::current_exe()?;
    let replay = |what: &str, capture: &Path, rules: &[&str]| {
        let mut command = Command::new(&this);
        command.arg(RUN).arg(what).arg(capture).args(rules);
        command
    };
    let mut zcat = Command::new("zcat");
    zcat.arg(compressed);
    let mut rows: Vec<(&str, Command, Vec<Used>)> = vec![
        ("zcat", zcat, Vec::new()),
        ("read", replay("read", plain, &[]), Vec::new()),
        ("state of the host", replay("state", plain, &[]), Vec::new()),
        ("one rule", replay("one", plain, &[]), Vec::new()),
        ("first rule file", replay("first", plain, &first), Vec::new()),
        ("all rule files, matching all", replay("all", plain, &all), Vec::new()),
        ("all, out of gzip", replay("all", compressed, &all), Vec::new()),
    ];
    for turn in 0..=RUNS {
        for (_, command, runs) in &mut rows {
            let began = Instant::now();
            let used = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?.wait4()?;
            if !used.status.success() {
                return Err(format!("{command:?} ended with {}", used.status).into());
            }
            // The first turn is for the file cache.
            if turn > 0 {
                let cpu = used.rusage.utime + used.rusage.stime;
                runs.push(Used { cpu, clock: began.elapsed(), peak_bytes: used.rusage.maxrss });
            }
        }
    }
    let yardstick = rows.first().map_or(Duration::ZERO, |(_, _, runs)| least(runs));
    println!("{events} events, start-up included");
    println!(
        "{:<30} {:>10} {:>10} {:>10} {:>8} {:>12} {:>9}",
        "", "CPU least", "median", "clock", "× zcat", "events/CPU s", "peak"
    );
    for (what, _, runs) in &rows {
        let cpu = least(runs);
        let peak = runs.iter().map(|run| run.peak_bytes).max().unwrap_or_default();
        println!(
            "{what:<30} {:>10.3?} {:>10.3?} {:>10.3?} {:>8.2} {:>12.0} {:>5} MiB",
            cpu,
            median(runs, |run| run.cpu),
            median(runs, |run| run.clock),
            cpu.as_secs_f64() / yardstick.as_secs_f64(),
            events as f64 / cpu.as_secs_f64(),
            peak >> 20,
        );
    }
    Ok(())
}

/// One run, in a process of its own. Alerts go to standard output as JSON.
fn run(what: &str, capture: &Path, rules: &[&str]) -> Result<(), Error> {
    if what == "read" {
        let mut reader = Reader::open(capture)?;
        while reader.next()?.is_some() {}
        return Ok(());
    }
    let mut replay = Replay::open(capture)?;
    if what == "state" {
        replay.for_each(|_| ControlFlow::Continue(()))?;
        return Ok(());
    }
    let texts: Vec<(String, Vec<u8>)> = match what {
        "one" => vec![("one".to_owned(), ONE.as_bytes().to_vec())],
        _ => rules
            .iter()
            .map(|path| Ok(((*path).to_owned(), std::fs::read(path)?)))
            .collect::<Result<_, std::io::Error>>()?,
    };
    let loaded = load_rules(texts.iter().map(|(name, text)| (name.as_str(), text.as_slice())));
    if !loaded.is_ok() {
        return Err("the rules have mistakes".into());
    }
    let matching = if what == "all" { Matching::All } else { Matching::First };
    let rules = build_rules(&loaded.rules, &RuleSetOptions { matching, ..RuleSetOptions::default() })?;
    let format = AlertFormat::default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    replay.judge(&rules, |finding| match writeln!(out, "{}", format.json(&finding)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    })?;
    out.flush()?;
    Ok(())
}

fn least(runs: &[Used]) -> Duration {
    runs.iter().map(|run| run.cpu).min().unwrap_or_default()
}

fn median(runs: &[Used], of: impl Fn(&Used) -> Duration) -> Duration {
    let mut all: Vec<Duration> = runs.iter().map(of).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}
