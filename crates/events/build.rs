//! Makes the tables of events, system calls and fields into Rust: a constant and an entry for each line.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/table");
    println!("cargo::rerun-if-changed=src/fields/fields.tsv");
    println!("cargo::rerun-if-changed=src/convert/conversions.tsv");
    let out = std::env::var("OUT_DIR")?;
    let events = std::fs::read_to_string("src/table/events.tsv")?;
    let flags = std::fs::read_to_string("src/table/flags.tsv")?;
    let dynamic = std::fs::read_to_string("src/table/dynamic.tsv")?;
    let sets = flag_sets(&flags)?;
    let types = type_sets(&dynamic)?;
    let table = event_table(&events, &sets, &types)? + &set_constants(&sets, &types)?;
    std::fs::write(Path::new(&out).join("events.rs"), table)?;
    let syscalls = std::fs::read_to_string("src/table/syscalls.tsv")?;
    std::fs::write(Path::new(&out).join("syscalls.rs"), syscall_table(&syscalls)?)?;
    let fields = std::fs::read_to_string("src/fields/fields.tsv")?;
    std::fs::write(Path::new(&out).join("fields.rs"), field_table(&fields)?)?;
    let conversions = std::fs::read_to_string("src/convert/conversions.tsv")?;
    std::fs::write(Path::new(&out).join("conversions.rs"), conversion_table(&conversions)?)?;
    Ok(())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// `modifies_state` as `MODIFIES_STATE`.
fn constant(word: &str) -> String {
    word.to_uppercase()
}

/// `nativeID` as `NATIVE_ID`.
fn identifier(name: &str) -> String {
    let mut out = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && after_lower {
            out.push('_');
        }
        after_lower = c.is_lowercase();
        out.extend(c.to_uppercase());
    }
    out
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

/// The names of each set, in the order of the lines.
type FlagSets = BTreeMap<String, Vec<(u32, String)>>;
/// The types of each set of types.
type TypeSets = BTreeMap<String, Vec<&'static str>>;

fn flag_sets(text: &str) -> Result<FlagSets, Box<dyn Error>> {
    let mut sets = FlagSets::new();
    for line in lines(text) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [set, value, name] = columns.as_slice() else {
            return Err(format!("flags.tsv: three columns are needed: {line}").into());
        };
        let value = match value.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16)?,
            None => value.parse()?,
        };
        sets.entry((*set).to_string()).or_default().push((value, (*name).to_string()));
    }
    Ok(sets)
}

fn type_sets(text: &str) -> Result<TypeSets, Box<dyn Error>> {
    let mut sets = TypeSets::new();
    for line in lines(text) {
        let (set, types) = line.split_once('\t').ok_or("dynamic.tsv: two columns are needed")?;
        sets.insert(set.to_string(), types.split(',').map(type_variant).collect::<Result<_, _>>()?);
    }
    Ok(sets)
}

fn set_constants(sets: &FlagSets, types: &TypeSets) -> Result<String, Box<dyn Error>> {
    let mut out = String::from("/// The names of bits and values, by set.\npub(crate) mod names {\n");
    for (set, names) in sets {
        writeln!(out, "    pub(crate) const {}: &[(u32, &str)] = &{names:?};", constant(set))?;
    }
    out.push_str("}\n\nmod types {\n    use super::Type;\n\n");
    for (set, types) in types {
        let types: Vec<String> = types.iter().map(|ty| format!("Type::{ty}")).collect();
        writeln!(out, "    pub(super) const {}: &[Type] = &[{}];", constant(set), types.join(", "))?;
    }
    out.push_str("}\n");
    Ok(out)
}

fn event_table(text: &str, sets: &FlagSets, types: &TypeSets) -> Result<String, Box<dyn Error>> {
    let mut constants = String::from("impl EventType {\n");
    let mut entries = String::from("static EVENTS: &[EventInfo] = &[\n");
    let param_names = param_names(text)?;
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
            let (mut names, mut of_types) = ("&[]".to_string(), "&[]".to_string());
            match extra.filter(|_| dirfd.is_none()) {
                Some(set) if sets.contains_key(set) => names = format!("names::{}", constant(set)),
                Some(set) if types.contains_key(set) => of_types = format!("types::{}", constant(set)),
                Some(set) => return Err(format!("events.tsv: there is no set {set}").into()),
                None => {}
            }
            write!(
                entries,
                "ParamInfo {{ name: {name:?}, name_id: ParamName({}), ty: Type::{}, format: Format::{}, names: {names}, types: {of_types}, dirfd: {} }}, ",
                param_names
                    .iter()
                    .position(|(known, _)| known == name)
                    .ok_or("a parameter without a name")?,
                type_variant(ty)?,
                variant(format),
                dirfd.map_or("None".into(), |dirfd| format!("Some({dirfd})")),
            )?;
        }
        entries.push_str("] },\n");
    }
    entries.push_str("];\n\nstatic PARAM_NAMES: &[(&str, Type)] = &[\n");
    constants.push_str("}\n\nimpl ParamName {\n");
    for (at, (name, ty)) in param_names.iter().enumerate() {
        writeln!(entries, "    ({name:?}, Type::{}),", type_variant(ty)?)?;
        // `ID` and `id` would have one constant.
        if identifier(name) != *name {
            writeln!(
                constants,
                "    /// `{name}`\n    pub const {}: ParamName = ParamName({at});",
                identifier(name)
            )?;
        }
    }
    Ok(format!("{constants}}}\n\n{entries}];\n"))
}

/// The names that parameters have, sorted, each with the type of the first parameter that has it.
fn param_names(text: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut names: Vec<(String, String)> = Vec::new();
    for line in lines(text) {
        let params = line.split('\t').nth(6).ok_or("events.tsv: seven columns are needed")?;
        for param in params.split(',').filter(|param| *param != "-") {
            let mut parts = param.split(':').map(String::from);
            let (Some(name), Some(ty)) = (parts.next(), parts.next()) else {
                return Err("events.tsv: a parameter is `name:TYPE:format`".into());
            };
            if names.iter().all(|(known, _)| *known != name) {
                names.push((name, ty));
            }
        }
    }
    names.sort();
    Ok(names)
}

fn field_table(text: &str) -> Result<String, Box<dyn Error>> {
    let mut constants = String::from(
        "/// The numbers of the fields, by their names.\npub mod id {\n    use eyrie_lang::FieldId;\n\n",
    );
    let mut entries = String::from("pub(super) static FIELDS: &[FieldInfo] = &[\n");
    let mut kinds = String::from("pub(super) static ATTRIBUTES: &[FieldAttributes] = &[\n");
    let mut names = Vec::new();
    for (at, line) in lines(text).enumerate() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [class, name, ty, attributes, doc] = columns.as_slice() else {
            return Err(format!("fields.tsv: five columns are needed: {line}").into());
        };
        let attributes: Vec<&str> = attributes.split(' ').filter(|word| *word != "-").collect();
        let has = |word: &str| attributes.contains(&word);
        let argument = attributes.iter().find_map(|word| word.strip_prefix("arg="));
        let known = ["any", "list", "sides", "norhs", "notr", "deprecated", "hidden", "print", "pad", "hex"];
        let values: Vec<&str> = attributes
            .iter()
            .find_map(|word| word.strip_prefix("values="))
            .map_or_else(Vec::new, |values| values.split(',').collect());
        let is_known =
            |word: &str| known.contains(&word) || word.starts_with("arg=") || word.starts_with("values=");
        if let Some(odd) = attributes.iter().find(|word| !is_known(word)) {
            return Err(format!("fields.tsv: {name} has the unknown attribute {odd}").into());
        }
        let policy = match argument.map(|kind| (kind.trim_end_matches('?'), kind.ends_with('?'))) {
            None => "ArgumentPolicy::Forbidden".to_string(),
            Some((kind, optional)) => format!(
                "ArgumentPolicy::{}(ArgumentKind::{})",
                if optional { "Optional" } else { "Required" },
                match kind {
                    "index" | "time" => "Index",
                    "key" | "mount" | "label" | "name" | "path" => "Key",
                    odd => return Err(format!("fields.tsv: {name} has the unknown argument {odd}").into()),
                }
            ),
        };
        let arity = ["any", "list", "sides"].into_iter().find(|word| has(word)).unwrap_or("one");
        writeln!(
            constants,
            "    /// `{name}`\n    pub const {}: FieldId = FieldId({at});",
            name.to_uppercase().replace('.', "_")
        )?;
        writeln!(
            entries,
            "    FieldInfo {{ name: Cow::Borrowed({name:?}), ty: Type::{}, arity: Arity::{}, argument: {policy}, flags: FieldFlags {{ no_rhs: {}, no_transformer: {}, deprecated: {}, hidden: {}, print_only: {}, no_literal: false }}, doc: Cow::Borrowed({doc:?}), values: Cow::Borrowed(&{values:?}) }},",
            type_variant(if *ty == "DYNAMIC" { "DYN" } else { ty })?,
            variant(arity),
            has("norhs"),
            has("notr"),
            has("deprecated"),
            has("hidden"),
            has("print"),
        )?;
        writeln!(
            kinds,
            "    FieldAttributes {{ class: FieldClass::{}, padded: {}, hex: {} }},",
            variant(&class.replace('.', "_")),
            has("pad"),
            has("hex")
        )?;
        names.push((*name, at));
    }
    names.sort_unstable();
    let mut by_name = String::from("pub(super) static BY_NAME: &[(&str, u32)] = &[\n");
    for (name, at) in names {
        writeln!(by_name, "    ({name:?}, {at}),")?;
    }
    Ok(format!("{constants}}}\n\n{entries}];\n\n{kinds}];\n\n{by_name}];\n"))
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
    let mut entries = String::from("static SYSCALLS: &[(&str, &[&str], Option<u16>)] = &[\n");
    for (at, line) in lines(text).enumerate() {
        let mut columns = line.split('\t');
        let (Some(number), Some(name)) = (columns.next(), columns.next()) else {
            return Err("syscalls.tsv: two columns are needed".into());
        };
        let native = columns.next().filter(|native| *native != "-").map(str::parse::<u16>).transpose()?;
        let events: Vec<&str> = columns.next().into_iter().flat_map(|names| names.split(',')).collect();
        if number.parse::<usize>()? != at {
            return Err(format!("syscalls.tsv: number {at} is missing before {number}").into());
        }
        writeln!(entries, "    ({name:?}, &{events:?}, {native:?}),")?;
    }
    Ok(format!("{entries}];\n"))
}

fn conversion_table(text: &str) -> Result<String, Box<dyn Error>> {
    let mut entries = String::from("static CONVERSIONS: &[Conversion] = &[\n");
    for line in lines(text) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [code, params, action, sources] = columns.as_slice() else {
            return Err(format!("conversions.tsv: four columns are needed: {line}").into());
        };
        let sources: Vec<String> =
            sources.split_whitespace().map(conversion_source).collect::<Result<_, _>>()?;
        let sources = sources.join(", ");
        let action = match action.split_once(' ') {
            Some(("become", kind)) => format!("Action::Become(EventType::{kind}, &[{sources}])"),
            None if *action == "add" => format!("Action::Add(&[{sources}])"),
            None if *action == "store" => "Action::Store".into(),
            None if *action == "store-pass" => "Action::StoreAndPass".into(),
            None if *action == "pass" => "Action::Pass".into(),
            _ => return Err(format!("conversions.tsv: there is no action {action}").into()),
        };
        writeln!(entries, "    Conversion {{ ty: EventType::{code}, params: {params}, action: {action} }},")?;
    }
    Ok(format!("{entries}];\n"))
}

fn conversion_source(word: &str) -> Result<String, Box<dyn Error>> {
    Ok(if let Some(number) = word.strip_prefix("old") {
        format!("Source::Old({})", number.parse::<u8>()?)
    } else if let Some(number) = word.strip_prefix("enter") {
        let empty = number.ends_with('?');
        let number: u8 = number.trim_end_matches('?').parse()?;
        format!("Source::Enter {{ param: {number}, or_empty: {empty} }}")
    } else {
        match word {
            "-" => "Source::Empty",
            "0" => "Source::Default",
            "json" => "Source::ContainerJson",
            _ => return Err(format!("conversions.tsv: there is no parameter {word}").into()),
        }
        .into()
    })
}
