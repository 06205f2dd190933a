//! Measures `eyrie assess`: CPU time, time on the clock and peak memory, offline, of the optimised command itself.
//!
//! `cargo bench -p eyrie-benches --bench assess` prints a table; README.md beside this file says how to read it.
//! Nothing is judged here: what is fast enough depends on the machine.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose results are what it prints")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use eyrie_benches::{Error, Plan};
use wait4::Wait4 as _;

/// How often each thing is measured; the least and the median are shown.
const RUNS: usize = 10;
/// How many single commits stand for "each commit afresh".
const SAMPLE: usize = 20;

struct Size {
    files: usize,
    commits: usize,
}

/// What this program calls itself with to make the repository in a process of its own: a process that has grown passes
/// its peak of memory on to those it starts.
const MAKE: &str = "--make";

/// One run of the command.
#[derive(Clone, Copy)]
struct Run {
    cpu: Duration,
    clock: Duration,
    peak_bytes: u64,
}

fn main() -> Result<(), Error> {
    // cargo passes `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let size = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Size { files: 10_000, commits: 1_000 },
        ["--quick"] => Size { files: 500, commits: 50 },
        [MAKE, files, commits, path] => {
            return make(&Size { files: files.parse()?, commits: commits.parse()? }, Path::new(path));
        }
        _ => return Err("usage: cargo bench -p eyrie-benches --bench assess [-- --quick]".into()),
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
    let eyrie = build(workspace)?;
    let synthetic = synthetic(&target_folder(&eyrie)?, &size)?;

    println!("{:<44} {:>10} {:>10} {:>10} {:>10}", "", "CPU least", "CPU median", "clock med.", "peak");
    let folder = synthetic.as_os_str();
    let name = format!("{} files, {} commits", size.files, size.commits);
    row("this repository", &runs(&eyrie, &[workspace.as_os_str()], RUNS)?);
    row(&format!("{name}: work tree"), &runs(&eyrie, &[folder], RUNS)?);
    row(&format!("{name}: one commit"), &runs(&eyrie, &[folder, "--at".as_ref(), "HEAD".as_ref()], RUNS)?);
    let followed = [folder, "--history".as_ref(), "10y".as_ref()];
    let points = points(&eyrie, &followed)?;
    if points != size.commits {
        return Err(
            format!("the history has {points} points, not {}: nothing to compare", size.commits).into()
        );
    }
    let history = runs(&eyrie, &followed, 3)?;
    row(&format!("{name}: history"), &history);

    let afresh = afresh(&eyrie, &synthetic, size.commits)?;
    row(&format!("{name}: {SAMPLE} commits, each afresh"), &afresh);
    let per_commit = median(&history, |run| run.cpu) / u32::try_from(size.commits)?;
    let single = median(&afresh, |run| run.cpu);
    println!();
    println!(
        "history: {} of CPU per commit, {:.1} times less than assessing a commit afresh ({})",
        milliseconds(per_commit),
        single.as_secs_f64() / per_commit.as_secs_f64(),
        milliseconds(single),
    );
    println!("The repository that was measured is kept in {}", synthetic.display());
    Ok(())
}

/// The optimised command, as a user builds it.
fn build(workspace: &Path) -> Result<PathBuf, Error> {
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "-p",
            "eyrie-cli",
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(workspace)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("eyrie could not be built".into());
    }
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        if let Some(executable) =
            message["executable"].as_str().filter(|_| message["target"]["name"] == "eyrie")
        {
            return Ok(executable.into());
        }
    }
    Err("cargo named no executable".into())
}

/// The target folder, below which this program keeps what it makes.
fn target_folder(eyrie: &Path) -> Result<PathBuf, Error> {
    Ok(eyrie.ancestors().nth(2).ok_or("the command is not in a target folder")?.join("eyrie-benches"))
}

/// Makes the repository, unless it is there from last time.
fn synthetic(folder: &Path, size: &Size) -> Result<PathBuf, Error> {
    let path = folder.join(format!("{}-files-{}-commits", size.files, size.commits));
    let complete = path.join(".git").join("eyrie-benches-complete");
    if complete.exists() {
        return Ok(path);
    }
    if path.exists() {
        std::fs::remove_dir_all(&path)?;
    }
    eprintln!("making {}", path.display());
    let (files, commits) = (size.files.to_string(), size.commits.to_string());
    let maker = Command::new(std::env::current_exe()?).args([MAKE, &files, &commits]).arg(&path).status()?;
    if !maker.success() {
        return Err("the repository could not be made".into());
    }
    std::fs::write(complete, "")?;
    Ok(path)
}

fn make(size: &Size, path: &Path) -> Result<(), Error> {
    let newest = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    Plan { files: size.files, commits: size.commits, days: 700, newest }.write(path)?;
    // Repositories that people clone are packed. Without a git program the objects stay single files.
    let packed = Command::new("git").arg("-C").arg(path).args(["gc", "--quiet"]).status();
    if !packed.is_ok_and(|status| status.success()) {
        eprintln!("no git program: objects stay loose, which is slower to read than a clone");
    }
    Ok(())
}

fn runs(eyrie: &Path, arguments: &[&OsStr], times: usize) -> Result<Vec<Run>, Error> {
    // Once for the file cache.
    run(eyrie, arguments)?;
    (0..times).map(|_| run(eyrie, arguments)).collect()
}

fn assess(eyrie: &Path, arguments: &[&OsStr]) -> Command {
    let mut command = Command::new(eyrie);
    command.arg("assess").args(arguments).args(["--offline", "--format", "json"]);
    command.env_remove("GITHUB_TOKEN").stdin(Stdio::null());
    command
}

/// How many points the history has that a command reports.
fn points(eyrie: &Path, arguments: &[&OsStr]) -> Result<usize, Error> {
    let output = assess(eyrie, arguments).stderr(Stdio::inherit()).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let points = &report["projects"][0]["repositories"][0]["history"]["points"];
    Ok(points.as_array().map_or(0, Vec::len))
}

fn run(eyrie: &Path, arguments: &[&OsStr]) -> Result<Run, Error> {
    let began = Instant::now();
    let child = assess(eyrie, arguments).stdout(Stdio::null()).spawn()?;
    let used = child.wait4()?;
    if !used.status.success() {
        return Err(format!("eyrie assess {arguments:?} ended with {}", used.status).into());
    }
    Ok(Run {
        cpu: used.rusage.utime + used.rusage.stime,
        clock: began.elapsed(),
        peak_bytes: used.rusage.maxrss,
    })
}

/// Commits spread over the whole history, assessed one at a time.
fn afresh(eyrie: &Path, repository: &Path, commits: usize) -> Result<Vec<Run>, Error> {
    let sample = SAMPLE.min(commits);
    let mut all = Vec::new();
    for number in 0..sample {
        let revision = format!("HEAD~{}", number * (commits - 1) / sample);
        let arguments = [repository.as_os_str(), "--at".as_ref(), revision.as_ref()];
        all.extend(runs(eyrie, &arguments, 1)?);
    }
    Ok(all)
}

fn row(what: &str, runs: &[Run]) {
    let least = runs.iter().map(|run| run.cpu).min().unwrap_or_default();
    let peak = runs.iter().map(|run| run.peak_bytes).max().unwrap_or_default();
    println!(
        "{what:<44} {:>10} {:>10} {:>10} {:>6} MiB",
        milliseconds(least),
        milliseconds(median(runs, |run| run.cpu)),
        milliseconds(median(runs, |run| run.clock)),
        peak.div_ceil(1 << 20),
    );
}

fn median(runs: &[Run], of: impl Fn(&Run) -> Duration) -> Duration {
    let mut all: Vec<Duration> = runs.iter().map(of).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
