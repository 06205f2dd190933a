//! `eyrie fix`: shows as a diff what can safely be written, and writes it when told to.
//!
//! What is written is decided in `eyrie_posture::fix`; looking again before a file is written is in [`crate::patch`].
//! The diff, which `git apply` reads, goes to standard output, everything about it to standard error.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use eyrie_posture::catalog::CheckId;
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::fix::{FileChange, FixPlan, Undecided, plan};

use crate::args::FixArgs;
use crate::assess;
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Destination;
use crate::patch::{Change, Plan};
use crate::progress::Progress;
use crate::render::digest::{count_of, points};
use crate::render::text::{visible, visible_lines};
use crate::screen::{Screen, Stream};

/// Runs `eyrie fix`.
pub(crate) fn run(args: &FixArgs) -> Result<Exit, Error> {
    let progress = Progress::new(1, args.quiet);
    let (compiled, options, target) = assess::one_folder(&args.as_assessed(), &progress)?;
    for id in &args.checks {
        if compiled.catalog.check(id).is_none() {
            let known = compiled.catalog.checks.iter().map(|check| &*check.id.0);
            return Err(Error::unknown("check", id, known, "eyrie checks"));
        }
    }
    let root = target.path.clone();
    progress.say("looking for what can be written");
    let planned = plan(&compiled, target, &options, &args.checks)?;
    progress.finish();
    let screen =
        Screen::decide(Stream::stdout(), args.screen.color, args.screen.render_links, &environment::get);
    let changes: Vec<Change> = planned.changes.iter().map(as_change).collect();
    let mut drawn = String::new();
    for change in &changes {
        draw(&mut drawn, change, &screen);
    }
    Destination::Stdout.write(drawn.as_bytes()).map_err(Error::Stdout)?;
    // Looked at even if nothing is to be written: a diff that could not be written is worth nothing.
    let writing = Plan::new(&root, &changes)?;
    if args.write {
        writing.apply()?;
    }
    let told = summary(&planned, &compiled, args);
    // What matters is on standard output and on disk; if nobody hears this, nothing is lost.
    let _ = std::io::stderr().write_all(told.as_bytes());
    Ok(Exit::Clean)
}

fn as_change(change: &FileChange) -> Change {
    Change {
        path: change.path.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
        why: format!("{}: {}", change.check, change.why),
    }
}

/// The reason and the diff. What stands before `diff --git` means nothing to `git apply`.
fn draw(out: &mut String, change: &Change, screen: &Screen) {
    let style = |style: Style, text: &str| match screen.color {
        true => format!("{style}{text}{style:#}"),
        false => text.to_owned(),
    };
    let _ = writeln!(out, "{}", style(Style::new().bold(), &visible(&change.why)));
    let diff = change.diff();
    if !screen.terminal && !screen.color {
        out.push_str(&diff);
        out.push('\n');
        return;
    }
    // A diff for people: nothing in it may move the cursor.
    for line in visible_lines(&diff).lines() {
        let drawn = match line.as_bytes().first() {
            Some(b'+') if !line.starts_with("+++ ") => style(AnsiColor::Green.on_default(), line),
            Some(b'-') if !line.starts_with("--- ") => style(AnsiColor::Red.on_default(), line),
            Some(b'@') => style(AnsiColor::Cyan.on_default(), line),
            _ => line.to_owned(),
        };
        let _ = writeln!(out, "{drawn}");
    }
    out.push('\n');
}

fn summary(plan: &FixPlan, compiled: &Compiled, args: &FixArgs) -> String {
    let mut text = String::new();
    let files = count_of(plan.changes.len(), "file");
    let weight = |id: &CheckId| compiled.catalog.check(&id.0).map_or(0, |check| check.weight);
    let won = points(plan.fixed.iter().map(weight).sum());
    let ids: Vec<_> = plan.fixed.iter().map(|id| &*id.0).collect();
    let effect = match ids.is_empty() {
        true => "no check passes by that alone".to_owned(),
        false => format!("{} then pass{} ({won})", ids.join(", "), if ids.len() == 1 { "es" } else { "" }),
    };
    let done = plan.by_hand.is_empty() && plan.undecided.is_empty();
    let _ = match (plan.changes.is_empty(), args.write) {
        (true, _) if done => writeln!(text, "nothing to fix"),
        (true, _) => writeln!(text, "nothing that fails can safely be written"),
        (false, true) => writeln!(text, "wrote {files}: {effect}"),
        (false, false) => writeln!(text, "{files} to write: {effect}\nnothing was written; --write does it"),
    };
    if args.quiet {
        return text;
    }
    let mut rest: Vec<&Undecided> = plan.undecided.iter().collect();
    while let Some(&first) = rest.first() {
        let alike = |other: &&&Undecided| other.why == first.why && other.supply == first.supply;
        let checks: Vec<_> = rest.iter().filter(alike).map(|undecided| &*undecided.check.0).collect();
        let mut files: Vec<_> = rest.iter().filter(alike).flat_map(|one| one.would_write.iter()).collect();
        files.dedup();
        let files: Vec<_> = files.into_iter().map(|file| visible(file)).collect();
        let (them, fail) = if checks.len() == 1 { ("it", "fails") } else { ("they", "fail") };
        let _ = writeln!(
            text,
            "\n{}: {} could be written if it were known that {them} {fail}",
            checks.join(", "),
            files.join(", ")
        );
        let _ = writeln!(text, "  {}", visible(&first.why));
        for supply in &first.supply {
            let _ = writeln!(text, "  help: {}", visible(supply));
        }
        rest.retain(|other| !alike(&other));
    }
    if !plan.by_hand.is_empty() {
        let _ = writeln!(text, "\nfor you to do:");
    }
    for by_hand in &plan.by_hand {
        let advice = visible_lines(&by_hand.advice).replace('\n', "\n    ");
        let _ = writeln!(text, "  {}: {advice}", by_hand.check);
        for reason in &by_hand.reasons {
            let _ = writeln!(text, "    - {}", visible(reason));
        }
    }
    text
}
