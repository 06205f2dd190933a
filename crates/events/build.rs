//! Makes the table of events, `src/table/events.tsv`, into Rust: a constant and an entry for each kind of event.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/table");
    let out = std::env::var("OUT_DIR")?;
    let events = std::fs::read_to_string("src/table/events.tsv")?;
    std::fs::write(Path::new(&out).join("events.rs"), event_table(&events)?)?;
    let syscalls = std::fs::read_to_string("src/table/syscalls.tsv")?;
    std::fs::write(Path::new(&out).join("syscalls.rs"), syscall_table(&syscalls)?)?;
    Ok(())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// `modifies_state` as `MODIFIES_STATE`.
fn constant(word: &str) -> String {
    word.to_uppercase()
}

/// `io_read` as `IoRead`.
fn variant(word: &str) -> String {
    word.split('_')
        .map(|part| {
            part.chars()
                .next()
                .map_or(String::new(), |c| c.to_uppercase().chain(part.chars().skip(1)).collect())
        })
        .collect()
}

fn event_table(text: &str) -> Result<String, Box<dyn Error>> {
    let mut constants = String::from("impl EventType {\n");
    let mut entries = String::from("static EVENTS: &[EventInfo] = &[\n");
    for (at, line) in lines(text).enumerate() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [number, code, direction, name, category, flags, params] = columns.as_slice() else {
            return Err(format!("events.tsv: seven columns are needed: {line}").into());
        };
        if number.parse::<usize>()? != at {
            return Err(format!("events.tsv: number {at} is missing before {number}").into());
        }
        writeln!(constants, "    /// `{name}`, {}.", if *direction == "E" { "enter" } else { "exit" })?;
        writeln!(constants, "    pub const {code}: EventType = EventType({number});")?;
        let (class, category) =
            category.split_once(':').ok_or("events.tsv: a category is `class:category`")?;
        let flags: Vec<String> = flags
            .split('|')
            .filter(|flag| *flag != "-")
            .map(|flag| format!("EventFlags::{}.0", constant(flag)))
            .collect();
        let flags = if flags.is_empty() { "0".to_string() } else { flags.join(" | ") };
        write!(
            entries,
            "    EventInfo {{ code: {code:?}, name: {name:?}, direction: Direction::{}, class: EventClass::{}, category: Category::{}, flags: EventFlags({flags}), params: &[",
            if *direction == "E" { "Enter" } else { "Exit" },
            variant(class),
            variant(category),
        )?;
        for param in params.split(',').filter(|param| *param != "-") {
            let parts: Vec<&str> = param.split(':').collect();
            let (Some(name), Some(ty), Some(format)) = (parts.first(), parts.get(1), parts.get(2)) else {
                return Err(format!("events.tsv: a parameter is `name:TYPE:format`: {param}").into());
            };
            let extra = parts.get(3).copied();
            let dirfd = extra.and_then(|extra| extra.strip_prefix("dirfd="));
            let names = if dirfd.is_some() { None } else { extra };
            write!(
                entries,
                "ParamInfo {{ name: {name:?}, ty: Type::{}, format: Format::{}, names: {}, dirfd: {} }}, ",
                type_variant(ty)?,
                variant(format),
                names.map_or("None".into(), |names| format!("Some({names:?})")),
                dirfd.map_or("None".into(), |dirfd| format!("Some({dirfd})")),
            )?;
        }
        entries.push_str("] },\n");
    }
    Ok(format!("{constants}}}\n\n{entries}];\n"))
}

/// The variant of `eyrie_lang::Type` with Falco's name for it.
fn type_variant(name: &str) -> Result<&'static str, Box<dyn Error>> {
    Ok(match name {
        "INT8" => "Int8",
        "INT16" => "Int16",
        "INT32" => "Int32",
        "INT64" => "Int64",
        "UINT8" => "Uint8",
        "UINT16" => "Uint16",
        "UINT32" => "Uint32",
        "UINT64" => "Uint64",
        "PID" => "Pid",
        "FD" => "Fd",
        "PID32" => "Pid32",
        "FD32" => "Fd32",
        "IPV4ADDR" => "Ipv4Addr",
        "IPV6ADDR" => "Ipv6Addr",
        "FLAGS8" => "Flags8",
        "FLAGS16" => "Flags16",
        "FLAGS32" => "Flags32",
        "ENUMFLAGS8" => "EnumFlags8",
        "ENUMFLAGS16" => "EnumFlags16",
        "ENUMFLAGS32" => "EnumFlags32",
        "MODE" => "Mode",
        "PORT" => "Port",
        "ERRNO" => "Errno",
        "SIGTYPE" => "SigType",
        "SYSCALLID" => "SyscallId",
        "L4PROTO" => "L4Proto",
        "SOCKFAMILY" => "SockFamily",
        "RELTIME" => "RelTime",
        "ABSTIME" => "AbsTime",
        "DOUBLE" => "Double",
        "BOOL" => "Bool",
        "CHARBUF" => "CharBuf",
        "FSPATH" => "FsPath",
        "FSRELPATH" => "FsRelPath",
        "BYTEBUF" => "ByteBuf",
        "IPADDR" => "IpAddr",
        "IPNET" => "IpNet",
        "UID" => "Uid",
        "GID" => "Gid",
        "SOCKADDR" => "SockAddr",
        "SOCKTUPLE" => "SockTuple",
        "FDLIST" => "FdList",
        "SIGSET" => "SigSet",
        "CHARBUFARRAY" => "CharBufArray",
        "CHARBUF_PAIR_ARRAY" => "CharBufPairArray",
        "DYN" => "Dyn",
        _ => return Err(format!("events.tsv: there is no type {name}").into()),
    })
}

fn syscall_table(text: &str) -> Result<String, Box<dyn Error>> {
    let mut entries = String::from("static SYSCALLS: &[&str] = &[\n");
    for (at, line) in lines(text).enumerate() {
        let (number, name) = line.split_once('\t').ok_or("syscalls.tsv: two columns are needed")?;
        if number.parse::<usize>()? != at {
            return Err(format!("syscalls.tsv: number {at} is missing before {number}").into());
        }
        writeln!(entries, "    {name:?},")?;
    }
    Ok(format!("{entries}];\n"))
}
