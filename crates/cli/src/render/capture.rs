//! How [`Info`], what is in a capture, is drawn: for people and as JSON.

use std::fmt::Write as _;

use eyrie_pipeline::Info;
use eyrie_sources::capture::Compression;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::text::visible;

/// For people, with the `top` most frequent events, processes and files.
pub fn text(info: &Info, top: usize) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = draw(info, top, &mut out);
    out
}

fn draw(info: &Info, top: usize, out: &mut String) -> std::fmt::Result {
    let machine = &info.machine;
    let host = if machine.hostname.is_empty() { "unknown" } else { &machine.hostname };
    writeln!(out, "host         {}", visible(host))?;
    if machine.cpus > 0 {
        writeln!(out, "machine      {} processors, {} of memory", machine.cpus, bytes(machine.memory))?;
    }
    if machine.boot_time > 0 {
        writeln!(out, "started      {}", time(machine.boot_time))?;
    }
    let versions: Vec<String> =
        info.formats.iter().map(|(major, minor)| format!("{major}.{minor}")).collect();
    writeln!(out, "format       {}, {}", versions.join(" and "), compression(info.compression))?;
    if info.sections > 1 {
        writeln!(out, "sections     {}", info.sections)?;
    }
    let head = &info.head;
    writeln!(
        out,
        "at its head  {}, {}, {} users and groups, {}",
        count(head.threads, "thread", "threads"),
        count(head.descriptors, "descriptor", "descriptors"),
        head.accounts,
        count(head.interfaces, "address", "addresses"),
    )?;
    let summary = &info.summary;
    if let (Some(first), Some(last)) = (summary.first_time, summary.last_time) {
        let span = SignedDuration::from_nanos(i64::try_from(last.saturating_sub(first)).unwrap_or(i64::MAX));
        writeln!(out, "from         {}", time(first))?;
        writeln!(out, "to           {}, {:.3} s later", time(last), span.as_secs_f64())?;
    }
    writeln!(out, "events       {}", summary.events)?;
    table(out, "Events", top, info.events.iter().map(|(name, count)| (count.to_string(), name.clone())))?;
    table(
        out,
        "Processes by events",
        top,
        info.processes.iter().map(|(name, count)| (count.to_string(), name.clone())),
    )?;
    let files = info.files.iter().map(|(name, usage)| {
        let moved = match (usage.read, usage.written) {
            (0, 0) => String::new(),
            (read, 0) => format!("  ({} read)", bytes(read)),
            (0, written) => format!("  ({} written)", bytes(written)),
            (read, written) => format!("  ({} read, {} written)", bytes(read), bytes(written)),
        };
        (usage.events.to_string(), format!("{}{moved}", visible(name)))
    });
    table(out, "Files by events", top, files)
}

fn table(
    out: &mut String,
    title: &str,
    top: usize,
    rows: impl ExactSizeIterator<Item = (String, String)>,
) -> std::fmt::Result {
    let (all, rows): (usize, Vec<_>) = (rows.len(), rows.take(top).collect());
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    let width = rows.iter().map(|(count, _)| count.len()).max().unwrap_or(0);
    for (count, name) in &rows {
        writeln!(out, "  {count:>width$}  {}", visible(name))?;
    }
    if all > rows.len() {
        writeln!(out, "  {:>width$}  and {} more", "", all - rows.len())?;
    }
    Ok(())
}

/// As one JSON object.
pub fn json(info: &Info, top: usize) -> String {
    let (machine, summary) = (&info.machine, &info.summary);
    let named = |rows: &[(String, u64)]| -> Vec<_> {
        rows.iter().take(top).map(|(name, count)| json!({"name": name, "events": count})).collect()
    };
    let value = json!({
        "compression": compression(info.compression),
        "sections": info.sections,
        "formats": info.formats.iter().map(|(major, minor)| format!("{major}.{minor}")).collect::<Vec<_>>(),
        "host": {
            "hostname": machine.hostname,
            "cpus": machine.cpus,
            "memory_bytes": machine.memory,
            "boot_time": (machine.boot_time > 0).then(|| time(machine.boot_time)),
        },
        "head": {
            "threads": info.head.threads,
            "descriptors": info.head.descriptors,
            "accounts": info.head.accounts,
            "interfaces": info.head.interfaces,
        },
        "first_time": summary.first_time.map(time),
        "last_time": summary.last_time.map(time),
        "events": summary.events,
        "unknown_events": summary.read.unknown_events,
        "unknown_blocks": summary.read.unknown_blocks,
        "top_events": named(&info.events),
        "top_processes": named(&info.processes),
        "top_files": info.files.iter().take(top).map(|(path, usage)| json!({
            "path": path,
            "events": usage.events,
            "read_bytes": usage.read,
            "written_bytes": usage.written,
        })).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn compression(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "not compressed",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn time(nanoseconds: u64) -> String {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or_default().to_string()
}

fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = count as f64;
    let mut unit = "B";
    for larger in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{count} B") } else { format!("{value:.1} {unit}") }
}
