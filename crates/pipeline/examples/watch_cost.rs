//! What watching costs those who are watched: `sudo watch_cost [rules.yaml …]`. Runs each workload alone and watched, and
//! prints the CPU time of one operation, what the watching itself took, and what was lost.
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [flag, name, times] if flag == "--work" => work::run(name, times.parse()?),
        files => compare::run(files),
    }
}

/// The workloads, each run in a process of its own.
#[cfg(target_os = "linux")]
mod work {
    use std::error::Error;
    use std::fs::File;
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;

    /// By name, with how often.
    pub(crate) const ALL: [(&str, u64); 6] = [
        ("getppid", 3_000_000),
        ("open+close", 300_000),
        ("stat", 1_000_000),
        ("write /dev/null", 2_000_000),
        ("fork+exec", 500),
        ("TCP connect+accept+close", 10_000),
    ];

    pub(crate) fn run(name: &str, times: u64) -> Result<(), Box<dyn Error>> {
        match name {
            "getppid" => (0..times).for_each(|_| _ = std::os::unix::process::parent_id()),
            "open+close" => {
                for _ in 0..times {
                    drop(File::open("/etc/hostname")?);
                }
            }
            "stat" => {
                for _ in 0..times {
                    std::fs::metadata("/etc/hostname")?;
                }
            }
            "write /dev/null" => {
                let mut null = File::options().write(true).open("/dev/null")?;
                for _ in 0..times {
                    null.write_all(b"x")?;
                }
            }
            "fork+exec" => {
                for _ in 0..times {
                    Command::new("/bin/true").status()?;
                }
            }
            "TCP connect+accept+close" => {
                let listener = TcpListener::bind("127.0.0.1:0")?;
                let address = listener.local_addr()?;
                for _ in 0..times {
                    let client = TcpStream::connect(address)?;
                    drop((listener.accept()?, client));
                }
            }
            other => return Err(format!("no workload {other}").into()),
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod compare {
    use std::error::Error;
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use eyrie_engine::{JudgeScratch, RuleSet, RuleSetOptions};
    use eyrie_pipeline::watch::{Watch, wanted_by};
    use eyrie_sources::live::Settings;
    use wait4::Wait4 as _;

    use super::work::ALL;

    /// The middle of so many runs.
    const RUNS: usize = 3;

    pub(crate) fn run(files: &[String]) -> Result<(), Box<dyn Error>> {
        let files: Vec<(&str, Vec<u8>)> = files
            .iter()
            .map(|path| std::fs::read(path).map(|text| (path.as_str(), text)))
            .collect::<Result<_, _>>()?;
        let loaded = eyrie_pipeline::load_rules(files.iter().map(|(name, text)| (*name, text.as_slice())));
        let rules = eyrie_pipeline::build_rules(&loaded.rules, &RuleSetOptions::default())?;
        println!(
            "{:<26}{:>12}{:>12}{:>12}{:>14}{:>8}",
            "", "alone ns", "watched ns", "added ns", "events", "lost"
        );
        for (name, times) in ALL {
            let alone = middle(name, times)?;
            let (watched, events, lost) = watched(&rules, name, times)?;
            println!("{name:<26}{alone:>12.0}{watched:>12.0}{:>12.0}{events:>14}{lost:>8}", watched - alone);
        }
        Ok(())
    }

    /// CPU nanoseconds of one operation.
    fn middle(name: &str, times: u64) -> Result<f64, Box<dyn Error>> {
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            let own = std::env::current_exe()?;
            let child = Command::new(own).args(["--work", name, &times.to_string()]).spawn()?;
            let used = child.wait4()?.rusage;
            runs.push((used.utime + used.stime).as_nanos() as f64 / times as f64);
        }
        runs.sort_by(f64::total_cmp);
        Ok(runs[RUNS / 2])
    }

    fn watched(rules: &RuleSet, name: &str, times: u64) -> Result<(f64, u64, u64), Box<dyn Error>> {
        let mut watch = Watch::start(&Settings::default(), &wanted_by(rules))?;
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let measured = scope.spawn(|| {
                let measured = middle(name, times).map_err(|error| error.to_string());
                done.store(true, Ordering::Relaxed);
                measured
            });
            let mut scratch = JudgeScratch::new();
            while !done.load(Ordering::Relaxed) {
                watch.judge(rules, Duration::from_millis(20), &mut scratch, drop)?;
            }
            let measured = measured.join().map_err(|_| "the workload failed")??;
            Ok((measured, watch.events(), watch.losses()?.total()))
        })
    }
}
