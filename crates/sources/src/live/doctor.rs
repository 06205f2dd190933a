//! What watching needs, and whether it is here: [`examine`].

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Live, PROBE_BUILD, Probe, Settings, Wanted};

/// One thing that watching needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is.
    pub name: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do, if it is not well.
    pub remedy: Option<&'static str>,
}

/// How a [`Check`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Watching works, but not in full.
    Partial,
    /// Watching does not work.
    Bad,
}

/// Looks at everything in turn. If `load` is set, the probe is loaded and attached for a moment.
pub fn examine(load: bool) -> Vec<Check> {
    let mut checks = vec![
        check("probe", Verdict::Good, PROBE_BUILD.to_string(), None),
        kernel(),
        btf(),
        capabilities(),
        tracefs(),
        jit(),
    ];
    if load && checks.iter().all(|check| check.verdict != Verdict::Bad) {
        checks.push(programs());
        checks.push(events());
    }
    checks
}

fn check(name: &'static str, verdict: Verdict, found: String, remedy: Option<&'static str>) -> Check {
    Check { name, verdict, found, remedy: remedy.filter(|_| verdict != Verdict::Good) }
}

fn kernel() -> Check {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_string();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0u32));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let verdict = if version >= (5, 17) { Verdict::Good } else { Verdict::Bad };
    check("kernel", verdict, release, Some("use Linux 5.17 or later: the probe's loops need it"))
}

fn btf() -> Check {
    let path = Path::new("/sys/kernel/btf/vmlinux");
    let (verdict, found) = match fs::metadata(path) {
        Ok(file) => (Verdict::Good, format!("{}, {} KiB", path.display(), file.len() / 1024)),
        Err(error) => (Verdict::Bad, format!("{}: {error}", path.display())),
    };
    check("BTF", verdict, found, Some("use a kernel that was built with CONFIG_DEBUG_INFO_BTF"))
}

fn capabilities() -> Check {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let held = line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    // Programs and maps; tracepoints; reading other users' processes in /proc.
    let admin = 1u64 << 21;
    let wanted = [("CAP_BPF", 39), ("CAP_PERFMON", 38), ("CAP_SYS_PTRACE", 19), ("CAP_DAC_READ_SEARCH", 2)];
    let covered = |bit: u32| held & (1 << bit) != 0 || ((38..40).contains(&bit) && held & admin != 0);
    let missing: Vec<&str> = wanted.iter().filter(|(_, bit)| !covered(*bit)).map(|(name, _)| *name).collect();
    let load = missing.iter().any(|name| ["CAP_BPF", "CAP_PERFMON"].contains(name));
    let (verdict, found) = match (missing.is_empty(), load) {
        (true, _) => (Verdict::Good, "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH".to_string()),
        (false, true) => (Verdict::Bad, format!("missing: {}", missing.join(", "))),
        (false, false) => (Verdict::Partial, format!("missing: {}", missing.join(", "))),
    };
    check("capabilities", verdict, found, Some("run as root, or with these capabilities"))
}

fn tracefs() -> Check {
    let events = Path::new("/sys/kernel/tracing/events/syscalls");
    let exits = fs::read_dir(events).map(|entries| {
        entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("sys_exit_")).count()
    });
    match exits {
        Ok(0) | Err(_) if Path::new("/sys/kernel/tracing/events").exists() => check(
            "tracepoints",
            Verdict::Bad,
            "the kernel has none for system calls".to_string(),
            Some("use a kernel that was built with CONFIG_FTRACE_SYSCALLS"),
        ),
        Ok(count) => check("tracepoints", Verdict::Good, format!("{count} system calls"), None),
        Err(_) => check(
            "tracepoints",
            Verdict::Good,
            "tracefs is not mounted; it will be, at /sys/kernel/tracing".to_string(),
            None,
        ),
    }
}

fn jit() -> Check {
    let path = "/proc/sys/net/core/bpf_jit_enable";
    // A kernel that always compiles programs does not let it be switched off.
    match fs::read_to_string(path).ok().as_deref().map(str::trim) {
        Some("0") => check(
            "JIT",
            Verdict::Partial,
            "off: programs are interpreted, ten times slower".to_string(),
            Some("sysctl net.core.bpf_jit_enable=1"),
        ),
        _ => check("JIT", Verdict::Good, "on".to_string(), None),
    }
}

fn programs() -> Check {
    const REMEDY: &str = "please report this with the kernel's release";
    let began = Instant::now();
    match Probe::load(&Settings::default()).and_then(|mut probe| probe.verify_all()) {
        Ok(count) => {
            let took = began.elapsed().as_millis();
            check("programs", Verdict::Good, format!("all {count} are accepted, in {took} ms"), None)
        }
        Err(error) => check("programs", Verdict::Bad, error.to_string(), Some(REMEDY)),
    }
}

fn events() -> Check {
    const REMEDY: &str = "please report this with the kernel's release";
    let settings = Settings { skip_self: false, ..Settings::default() };
    let began = Instant::now();
    let mut live = match Live::open(&settings, &Wanted::state()) {
        Ok(live) => live,
        Err(error) => return check("events", Verdict::Bad, error.to_string(), Some(REMEDY)),
    };
    let attached = began.elapsed().as_millis();
    let own = i64::from(std::process::id());
    drop(fs::File::open("/proc/self/status"));
    let until = Instant::now() + Duration::from_secs(1);
    let mut seen = false;
    while !seen && Instant::now() < until {
        if let Ok(Some(recorded)) = live.next(Duration::from_millis(50)) {
            let name = recorded.event.info().name;
            seen = recorded.event.tid >= own && name.starts_with("open");
        }
    }
    let programs = live.attached().programs;
    if seen {
        let found = format!("{programs} programs attached in {attached} ms; an own open was seen");
        check("events", Verdict::Good, found, None)
    } else {
        check("events", Verdict::Bad, "an own open was not seen within a second".to_string(), Some(REMEDY))
    }
}
