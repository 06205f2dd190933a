//! `eyrie watch`: this host through rules, as it happens.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eyrie_engine::rules::Problem;
use eyrie_engine::{AlertFormat, Event as Judged, JudgeScratch, RuleSet, RuleSetOptions};
use eyrie_events::EventRecord;
use eyrie_lang::diagnostic::RenderStyle;
use eyrie_pipeline::watch::{Watch, wanted_by};
use eyrie_pipeline::{SYSCALL, build_rules, load_rules};
use eyrie_sources::live::doctor::{self, Verdict};
use eyrie_sources::live::{Losses, Settings};

use crate::args::watch::{AlertForm, SourceArgs, WatchArgs};
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Destination;
use crate::render::text::visible;
use crate::rules::{drawn, files};
use crate::screen::{Screen, Stream};

/// How long to wait for an event before looking whether it is time to end.
const WAIT: Duration = Duration::from_millis(100);

/// Does it.
pub(crate) fn run(args: &WatchArgs) -> Result<Exit, Error> {
    if args.doctor {
        return examine();
    }
    let rules = rules(args)?;
    let ended = ended()?;
    let mut watch = Watch::start(&settings(&args.source), &wanted_by(&rules))?;
    if args.verbose {
        let (attached, snapshot) = (watch.live().attached(), watch.snapshot());
        note(&format!(
            "{} programs attached; {} threads and {} descriptors looked at in {} ms",
            attached.programs + attached.generic,
            snapshot.threads,
            snapshot.descriptors,
            snapshot.took.as_millis()
        ));
    }
    let format = AlertFormat { hostname: hostname(), ..AlertFormat::default() };
    let (mut scratch, mut tally) = (JudgeScratch::new(), Tally::default());
    let judging = rules.source(SYSCALL);
    let until = args.time.map(|time| Instant::now() + time);
    let mut told = Losses::default();
    let mut looked = Instant::now();
    let mut failed = None;
    while !ended.load(Ordering::Relaxed) && until.is_none_or(|until| Instant::now() < until) {
        // A thousand events between looks at the clock.
        for _ in 0..1000 {
            let mut lines = String::new();
            let more = watch.step(WAIT, |record, _| {
                if let Some(rules) = judging {
                    let event =
                        Judged { kind: record.event.ty.into(), time: record.event.time, fields: record };
                    rules.judge(&event, &mut scratch, |finding| {
                        let line = match args.format {
                            AlertForm::Text => format.text(&finding),
                            AlertForm::Json => format.json(&finding),
                        };
                        lines.push_str(&line);
                        lines.push('\n');
                        tally.rule(&finding.rule.name);
                    });
                }
                if args.summary {
                    tally.event(record);
                }
            })?;
            if !lines.is_empty() {
                failed = io::stdout().write_all(lines.as_bytes()).and_then(|()| io::stdout().flush()).err();
            }
            if !more || failed.is_some() {
                break;
            }
        }
        if failed.is_some() {
            break;
        }
        if looked.elapsed() > Duration::from_secs(1) {
            looked = Instant::now();
            let losses = watch.losses()?;
            if losses != told {
                note(&lost(&losses));
                told = losses;
            }
        }
    }
    let losses = watch.losses()?;
    if losses != told {
        note(&lost(&losses));
    }
    if args.verbose {
        note(&format!("{} events, {} lost", watch.events(), losses.total()));
    }
    if let Some(error) = failed {
        return Err(Error::Stdout(error));
    }
    if args.summary {
        Destination::Stdout.write(tally.text().as_bytes()).map_err(Error::Stdout)?;
    }
    Ok(Exit::Clean)
}

/// How events are taken from the kernel.
pub(crate) fn settings(args: &SourceArgs) -> Settings {
    Settings { ring_bytes: args.ring_size << 20, snap_len: args.snaplen, ..Settings::default() }
}

/// Set when somebody asks the command to end.
pub(crate) fn ended() -> Result<Arc<AtomicBool>, Error> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The second time there is no waiting.
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&ended))
            .map_err(Error::Signals)?;
        signal_hook::flag::register(signal, Arc::clone(&ended)).map_err(Error::Signals)?;
    }
    Ok(ended)
}

fn hostname() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim_end().to_owned()).unwrap_or_default()
}

fn rules(args: &WatchArgs) -> Result<RuleSet, Error> {
    let files = files::gather(&args.rules)?;
    let loaded = load_rules(files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())));
    let problems: Vec<&Problem> =
        loaded.problems().into_iter().filter(|problem| problem.diagnostic.is_error()).collect();
    if !problems.is_empty() {
        let screen =
            Screen::decide(Stream::stderr(), args.screen.color, args.screen.render_links, &environment::get);
        let style = RenderStyle { color: screen.color, unicode: screen.unicode, width: screen.width.max(40) };
        let rendered: Vec<String> = problems.iter().map(|problem| drawn(problem, &loaded, style)).collect();
        return Err(Error::RuleFiles { number: problems.len(), rendered: rendered.join("\n\n") });
    }
    build_rules(&loaded.rules, &RuleSetOptions::default()).map_err(|error| Error::Usage {
        message: error.to_string(),
        help: "see `eyrie rules check`".to_owned(),
    })
}

/// A line on standard error.
pub(crate) fn note(text: &str) {
    // Nowhere is left to complain to if this fails.
    let _ = writeln!(io::stderr(), "{text}");
}

/// What was lost, in words.
pub(crate) fn lost(losses: &Losses) -> String {
    let kinds: Vec<String> =
        losses.by_category().iter().map(|(category, count)| format!("{category} {count}")).collect();
    format!(
        "{} events were lost, since the ring buffers were full: {}; --ring-size makes them larger",
        losses.total(),
        kinds.join(", ")
    )
}

fn examine() -> Result<Exit, Error> {
    let checks = doctor::examine(true);
    let mut text = String::new();
    for check in &checks {
        let mark = match check.verdict {
            Verdict::Good => "ok     ",
            Verdict::Partial => "partial",
            Verdict::Bad => "bad    ",
        };
        let _ = writeln!(text, "{mark}  {:<12}  {}", check.name, check.found);
        if let Some(remedy) = check.remedy {
            let _ = writeln!(text, "{:23}{remedy}", "");
        }
    }
    Destination::Stdout.write(text.as_bytes()).map_err(Error::Stdout)?;
    let bad = checks.iter().any(|check| check.verdict == Verdict::Bad);
    Ok(if bad { Exit::CouldNotAssess } else { Exit::Clean })
}

/// What happened, counted.
#[derive(Default)]
struct Tally {
    rules: HashMap<String, u64>,
    kinds: HashMap<&'static str, u64>,
    processes: HashMap<Vec<u8>, u64>,
    files: HashMap<Vec<u8>, u64>,
    connections: HashMap<Vec<u8>, u64>,
}

/// No more different names are counted apart; a host makes files without end.
const MOST_NAMES: usize = 100_000;

/// So many of each are shown.
const SHOWN: usize = 10;

fn count(names: &mut HashMap<Vec<u8>, u64>, name: &[u8]) {
    if let Some(known) = names.get_mut(name) {
        *known += 1;
    } else if names.len() < MOST_NAMES && !name.is_empty() {
        names.insert(name.to_vec(), 1);
    }
}

impl Tally {
    fn rule(&mut self, name: &str) {
        match self.rules.get_mut(name) {
            Some(known) => *known += 1,
            None => _ = self.rules.insert(name.to_owned(), 1),
        }
    }

    fn event(&mut self, record: &EventRecord<'_>) {
        let name = record.event.info().name;
        *self.kinds.entry(name).or_default() += 1;
        if let Some(thread) = record.host.thread(&record.seen) {
            count(&mut self.processes, &thread.comm);
        }
        let Some(fd) = record.host.fd(&record.seen) else { return };
        if name.starts_with("open") || name == "creat" {
            count(&mut self.files, &fd.name);
        } else if name == "connect" || name.starts_with("accept") {
            count(&mut self.connections, &fd.name);
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let rules: HashMap<Vec<u8>, u64> =
            self.rules.iter().map(|(name, count)| (name.as_bytes().to_vec(), *count)).collect();
        let kinds: HashMap<Vec<u8>, u64> =
            self.kinds.iter().map(|(name, count)| (name.as_bytes().to_vec(), *count)).collect();
        for (title, names) in [
            ("Rules", &rules),
            ("Events", &kinds),
            ("Processes", &self.processes),
            ("Files opened", &self.files),
            ("Connections", &self.connections),
        ] {
            let mut names: Vec<(&Vec<u8>, &u64)> = names.iter().collect();
            names.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
            let _ = writeln!(text, "{title}");
            for (name, count) in names.iter().take(SHOWN) {
                let _ = writeln!(text, "{count:>10}  {}", visible(&String::from_utf8_lossy(name)));
            }
            if names.len() > SHOWN {
                let _ = writeln!(text, "{:>10}  and {} more", "", names.len() - SHOWN);
            }
        }
        text
    }
}
