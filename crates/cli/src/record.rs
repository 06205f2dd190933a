//! `eyrie record`: a capture of a command, or of the host.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter};
use std::process::{Child, Command};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use eyrie_events::{Event, EventType};
use eyrie_pipeline::watch::WatchError;
use eyrie_sources::capture::{Compression, Item, Writer};
use eyrie_sources::live::{Live, Wanted};

use crate::args::watch::RecordHostArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::watch::{ended, lost, note, settings};

/// How long to wait for an event before looking whether it is time to end.
const WAIT: Duration = Duration::from_millis(50);

/// Does it.
pub(crate) fn run(args: &RecordHostArgs) -> Result<Exit, Error> {
    let written = |source| Error::Write { path: args.output.clone(), source };
    let compression = match args.output.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Compression::Gzip,
        Some("zst") => Compression::Zstd,
        _ => Compression::None,
    };
    let ended = ended()?;
    let mut live = Live::open(&settings(&args.source), &wanted()).map_err(WatchError::from)?;
    let file = BufWriter::with_capacity(1 << 20, File::create(&args.output).map_err(written)?);
    let mut writer = Writer::new(file, compression).map_err(written)?;
    let mut failed = None;
    live.snapshot(|item| {
        if failed.is_none() {
            failed = head(&mut writer, item).err();
        }
    })
    .map_err(WatchError::from)?;
    if let Some(error) = failed {
        return Err(written(error));
    }
    let mut command = start(args)?;
    let mut family = command.as_ref().map(|child| HashSet::from([i64::from(child.id())]));
    let until = args.time.map(|time| Instant::now() + time);
    let (mut events, mut ending) = (0u64, None);
    loop {
        let late = ended.load(Ordering::Relaxed) || until.is_some_and(|until| Instant::now() >= until);
        let over = match &mut command {
            Some(child) => {
                child.try_wait().map_err(written)?.inspect(|status| ending = Some(*status)).is_some()
            }
            None => false,
        };
        // What happened until now is still in the ring buffers.
        let last = now();
        loop {
            let Some(recorded) = live.next(WAIT).map_err(WatchError::from)? else { break };
            let time = recorded.event.time;
            if belongs(&mut family, &recorded.event) {
                events += 1;
                writer.event(&recorded.event, 0).map_err(written)?;
            }
            if time > last {
                break;
            }
        }
        if over || late {
            break;
        }
    }
    if let Some(child) = &mut command {
        // It was cut off, not waited for.
        let _ = child.kill();
        let _ = child.wait();
    }
    let file = writer.finish().map_err(written)?;
    file.into_inner().map_err(|error| written(error.into_error()))?;
    let losses = live.losses().map_err(WatchError::from)?;
    if losses.total() > 0 {
        note(&lost(&losses));
    }
    if let Some(status) = ending.filter(|status| !status.success()) {
        note(&format!("the command ended with {status}"));
    }
    note(&format!("{events} events recorded in {}", args.output.display()));
    Ok(Exit::Clean)
}

/// Everything that has an event of its own, but for what happens all the time and says little.
fn wanted() -> Wanted {
    let mut wanted = Wanted::nothing();
    for (kind, info) in EventType::all() {
        let always = ["switch", "page_fault"].contains(&info.name);
        if Wanted::every_kind().has(kind) && !always {
            wanted.insert(kind);
        }
    }
    wanted
}

fn start(args: &RecordHostArgs) -> Result<Option<Child>, Error> {
    let Some((program, arguments)) = args.command.split_first() else { return Ok(None) };
    let started = Command::new(program).args(arguments).spawn();
    started.map(Some).map_err(|source| Error::Usage {
        message: format!("{} cannot be started: {source}", program.to_string_lossy()),
        help: "name a program and its arguments after `--`".to_owned(),
    })
}

/// An item of the capture's head.
fn head(writer: &mut Writer<BufWriter<File>>, item: Item<'_>) -> io::Result<()> {
    match item {
        Item::Machine(machine) => writer.machine(&machine),
        Item::Interface(interface) => writer.interfaces([interface]),
        Item::Account(account) => writer.accounts([account]),
        Item::Thread(thread) => writer.threads([thread]),
        Item::Descriptor(tid, descriptor) => writer.descriptors(tid, [descriptor]),
        Item::Section(_) | Item::Event(_) => Ok(()),
    }
}

/// Whether an event is one of the command's processes', which are learnt from the events themselves.
fn belongs(family: &mut Option<HashSet<i64>>, event: &Event<'_>) -> bool {
    let Some(family) = family else { return true };
    let made = matches!(event.info().name, "clone" | "clone3" | "fork" | "vfork") && !event.ty.is_enter();
    if made && let Some(result) = event.i64(0) {
        // Either side may come first: a parent tells its child's number, a child its parent's and its process's.
        if result > 0 && family.contains(&event.tid) {
            family.insert(result);
        } else if result == 0 && [4, 5].iter().any(|at| event.i64(*at).is_some_and(|id| family.contains(&id)))
        {
            family.insert(event.tid);
        }
    }
    let known = family.contains(&event.tid);
    if event.ty == EventType::PROCEXIT_1_E {
        family.remove(&event.tid);
    }
    known
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
