//! The fields of Falco as a schema, as far as loading conditions needs them, from the reference tables. Where those are
//! not there, there is nothing to test with and the tests say so.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use eyrie_lang::ast::Op;
use eyrie_lang::schema::{Argument, ArgumentKind, ArgumentPolicy, Arity, FieldFlags, resolve_argument};
use eyrie_lang::{Discriminant, Field, FieldError, FieldId, FieldInfo, Kind, Schema, Type};
use serde_json::Value as Json;

/// The folder with what the real Falco answered, or `None` with a note.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: {} is not there, so nothing is compared with Falco", path.display());
    None
}

pub(crate) struct FalcoSchema {
    fields: Vec<FieldInfo>,
    ids: HashMap<String, u32>,
    /// Types of parameters by name, for `evt.rawarg`.
    parameters: BTreeMap<String, Type>,
    pub(crate) events: Events,
}

pub(crate) struct Events {
    /// Kinds by name; a name may stand for several.
    kinds: BTreeMap<String, Vec<Kind>>,
    names: Vec<String>,
    count: u32,
}

impl FalcoSchema {
    pub(crate) fn load() -> Option<FalcoSchema> {
        let reference = shared("reference")?;
        let text = std::fs::read_to_string(reference.join("falco-fields.json")).unwrap();
        let table: serde_json::Map<String, Json> = serde_json::from_str(&text).unwrap();
        let fields: Vec<FieldInfo> = table
            .iter()
            .filter(|(name, _)| name.contains('.'))
            .map(|(name, info)| field(name, info))
            .collect();
        let ids = fields.iter().zip(0..).map(|(field, id)| (field.name.to_string(), id)).collect();
        let mut parameters = BTreeMap::new();
        let mut events = Events { kinds: BTreeMap::new(), names: Vec::new(), count: 0 };
        for line in std::fs::read_to_string(reference.join("falco-event-table.tsv")).unwrap().lines() {
            let columns: Vec<_> = line.split('\t').collect();
            let [code, _, name, _, _, _, rest @ ..] = columns.as_slice() else { panic!("{line}") };
            let code: u32 = code.parse().unwrap();
            events.kinds.entry((*name).to_string()).or_default().push(Kind(code));
            events.count = events.count.max(code + 1);
            for parameter in rest.iter().flat_map(|all| all.split(',')) {
                let mut parts = parameter.split(':');
                if let (Some(name), Some(ty)) = (parts.next(), parts.next()) {
                    parameters.entry(name.to_string()).or_insert_with(|| parameter_type(ty));
                }
            }
        }
        // Names that are accepted and match nothing.
        for name in ["pread64", "pwrite64", "sendfile64"] {
            events.kinds.insert(name.to_string(), Vec::new());
        }
        // As event codes; as system calls, which is what a rule's description names, each is its own.
        for name in generic_names() {
            let kinds = events.kinds.entry(name).or_default();
            if kinds.is_empty() {
                kinds.push(Kind(events.count));
                events.count += 1;
            }
        }
        events.names = events.kinds.keys().cloned().collect();
        Some(FalcoSchema { fields, ids, parameters, events })
    }

    fn dynamic(&self, prefix: &str, name: &str, written: &str) -> Result<Field, FieldError> {
        let id = self.ids[prefix];
        let info = &self.fields[id as usize];
        let unknown = || FieldError::Unknown { name: written.to_string() };
        let (mut ty, mut flags) = (info.ty, info.flags);
        match prefix {
            "evt.rawarg" => {
                let raw = *self.parameters.get(name).ok_or_else(unknown)?;
                (ty, flags.no_literal) = match raw {
                    Type::ByteBuf | Type::CharBufArray | Type::CharBufPairArray => (Type::ByteBuf, true),
                    Type::SigType | Type::SyscallId => (raw, true),
                    other => (other, false),
                };
            }
            "evt.arg" if !self.parameters.contains_key(name) => {
                return Err(FieldError::ArgumentInvalid {
                    name: prefix.to_string(),
                    argument: name.to_string(),
                    reason: "no event has such a parameter".to_string(),
                    known: self.parameters.keys().cloned().collect(),
                });
            }
            "evt.type.is" => _ = self.events.kinds.get(name).ok_or_else(unknown)?,
            _ => {}
        }
        Ok(Field {
            id: FieldId(id),
            name: info.name.as_ref().into(),
            argument: Some(Argument { text: name.into(), index: None }),
            key: 0,
            ty,
            arity: info.arity,
            flags,
        })
    }
}

impl Schema for FalcoSchema {
    fn resolve(&self, name: &str, argument: Option<&str>) -> Result<Field, FieldError> {
        if let Some(id) = self.ids.get(name) {
            let info = &self.fields[*id as usize];
            if name == "evt.rawarg" && argument.is_some() {
                return Err(FieldError::ArgumentMissing { name: name.to_string(), kind: ArgumentKind::Key });
            }
            let argument = resolve_argument(info, argument)?;
            return Ok(Field {
                id: FieldId(*id),
                name: name.into(),
                arity: match (info.arity, &argument) {
                    (Arity::Any, Some(_)) => Arity::One,
                    (arity, _) => arity,
                },
                argument,
                key: 0,
                ty: info.ty,
                flags: info.flags,
            });
        }
        for prefix in ["evt.arg", "evt.rawarg", "evt.type.is", "evt.abspath", "thread.cgroup"] {
            let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
            if let (Some(rest), None) = (rest, argument) {
                return self.dynamic(prefix, rest, name);
            }
        }
        Err(FieldError::Unknown { name: name.to_string() })
    }

    fn fields(&self) -> &[FieldInfo] {
        &self.fields
    }

    fn discriminant(&self) -> Option<&dyn Discriminant> {
        Some(&self.events)
    }

    fn operators(&self, field: &Field) -> Option<&[Op]> {
        (&*field.name == "evt.around").then_some(&[Op::Eq])
    }

    fn constant(&self, field: &Field, op: Op, values: &[&[u8]]) -> Option<bool> {
        (&*field.name == "evt.num" && op == Op::Eq && values == [b"0"]).then_some(false)
    }
}

impl Events {
    /// The names of the events of these kinds, with the one that Falco adds to every rule.
    pub(crate) fn names_of(&self, kinds: &eyrie_lang::KindSet) -> Vec<String> {
        let mut names: Vec<String> = self
            .kinds
            .iter()
            // The event that stands for system calls without one of their own is not described.
            .filter(|(name, _)| *name != "syscall")
            .filter(|(_, of_name)| of_name.iter().any(|kind| kinds.contains(*kind)))
            .map(|(name, _)| name.clone())
            .collect();
        names.push("asyncevent".to_string());
        names.sort();
        names.dedup();
        names
    }
}

impl Discriminant for Events {
    fn field(&self) -> &'static str {
        "evt.type"
    }

    fn other_fields(&self) -> &[&str] {
        &["syscall.type"]
    }

    fn len(&self) -> u32 {
        self.count
    }

    fn kinds(&self, name: &str) -> Option<Vec<Kind>> {
        self.kinds.get(name).cloned()
    }

    fn text(&self, _: Kind) -> Option<&str> {
        None
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}

fn field(name: &str, info: &Json) -> FieldInfo {
    let ty = info["type"].as_str().unwrap().trim_start_matches("PT_");
    let ty = if ty == "DYN" { Type::Dyn } else { Type::from_name(ty).unwrap() };
    let flags = info["flags"].as_str().unwrap();
    let has = |flag: &str| flags.contains(flag);
    let index = matches!(name, "evt.arg" | "evt.around" | "fd.types" | "proc.args" | "proc.aargs")
        || (name.starts_with("proc.a") && name != "proc.aenv");
    let kind = if index { ArgumentKind::Index } else { ArgumentKind::Key };
    let ancestors = name.starts_with("proc.a") && !matches!(name, "proc.args" | "proc.aargs");
    FieldInfo {
        name: name.to_string().into(),
        ty,
        arity: match name {
            _ if has("EPF_IS_LIST") => Arity::List,
            "fd.ip" | "fd.port" | "fd.net" | "fd.proto" => Arity::Sides,
            _ if ancestors => Arity::Any,
            _ => Arity::One,
        },
        argument: match name {
            "evt.abspath" => ArgumentPolicy::Optional(kind),
            _ if has("EPF_ARG_REQUIRED") => ArgumentPolicy::Required(kind),
            _ if has("EPF_ARG_ALLOWED") => ArgumentPolicy::Optional(kind),
            _ => ArgumentPolicy::Forbidden,
        },
        flags: FieldFlags {
            no_rhs: has("EPF_NO_RHS"),
            no_transformer: has("EPF_NO_TRANSFORMER"),
            deprecated: has("EPF_DEPRECATED"),
            hidden: has("EPF_TABLE_ONLY"),
            print_only: has("EPF_PRINT_ONLY"),
            no_literal: false,
        },
        doc: String::new().into(),
        values: Vec::new().into(),
    }
}

fn parameter_type(name: &str) -> Type {
    match name {
        "DYN" => Type::Dyn,
        name => Type::from_name(name).unwrap_or(Type::Dyn),
    }
}

/// Every event name that the recorded answers know.
fn generic_names() -> Vec<String> {
    let Some(folder) = shared("conformance/rules") else { return Vec::new() };
    let text = std::fs::read_to_string(folder.join("event_sets.json")).unwrap();
    let sets: Json = serde_json::from_str(&text).unwrap();
    let all = sets["_all_events"].as_array().expect("a list of names");
    all.iter().map(|name| name.as_str().unwrap().to_string()).collect()
}
