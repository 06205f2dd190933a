//! Reads a register from files ([`import`]): as a whole, or not at all, with everything that is wrong told at once.

use std::collections::BTreeMap;

use eyrie_posture::yaml::{self, Limits, Node};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Files;
use super::export::{FORM, pages};
use super::mojibake::repaired;
use crate::domain::date::PartialDate;
use crate::domain::fact::{Draft, Fact, Recorded};
use crate::domain::log::{Body, Digest, Log};
use crate::domain::policy::read::{diagnose, json};
use crate::domain::register::{Refusal, Register};
use crate::domain::state::Violation;

/// Something that is wrong with the files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Problem {
    /// The file.
    pub path: String,
    /// The line, from 1; 0 if it is about the file as a whole.
    pub line: usize,
    /// The rule that is broken, if it is one.
    pub rule: Option<String>,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.line, &self.rule) {
            (0, None) => write!(f, "{}: {}", self.path, self.text),
            (0, Some(rule)) => write!(f, "{}: [{rule}] {}", self.path, self.text),
            (line, None) => write!(f, "{}:{line}: {}", self.path, self.text),
            (line, Some(rule)) => write!(f, "{}:{line}: [{rule}] {}", self.path, self.text),
        }
    }
}

/// Files that cannot be taken over; everything that is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ImportError {
    /// What is wrong, by file and line.
    pub problems: Vec<Problem>,
}

/// Files that can be taken over.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The register with them.
    pub register: Register,
    /// How many entries are new: not in the register before, or without a number in the files.
    pub new: usize,
    /// What should be looked at.
    pub notes: Vec<Problem>,
}

/// Who writes what has no number yet, and when.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Who, where the entry does not say.
    pub by: String,
    /// Now.
    pub now: Timestamp,
}

#[derive(Deserialize)]
struct Loose {
    entry: Option<u64>,
    recorded: Option<Timestamp>,
    as_written: Option<String>,
    by: Option<String>,
    when: PartialDate,
    source: Option<String>,
    #[serde(flatten)]
    fact: Fact,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    register: u64,
    entries: u64,
    head: Digest,
}

/// An entry and where it stands.
struct Placed {
    path: String,
    line: usize,
    loose: Loose,
}

struct Importer<'a> {
    files: &'a Files,
    problems: Vec<Problem>,
    notes: Vec<Problem>,
}

/// Reads a register from files, after what `base` has already: entries with numbers have to be those of `base` where it has them.
///
/// # Errors
/// Everything that is wrong with the files; then nothing is taken.
pub fn import(files: &Files, base: &Register, writer: &Writer) -> Result<Imported, ImportError> {
    let mut importer = Importer { files, problems: Vec::new(), notes: Vec::new() };
    let imported = importer.import(base, writer);
    importer.problems.sort();
    importer.problems.dedup();
    match imported {
        Some((register, new)) if importer.problems.is_empty() => {
            Ok(Imported { register, new, notes: importer.notes })
        }
        _ => Err(ImportError { problems: importer.problems }),
    }
}

impl Importer<'_> {
    fn problem(&mut self, path: &str, line: usize, text: String, help: Option<String>) {
        self.problems.push(Problem { path: path.to_owned(), line, rule: None, text, help });
    }

    fn import(&mut self, base: &Register, writer: &Writer) -> Option<(Register, usize)> {
        let head = self.head();
        let mut numbered: BTreeMap<u64, Placed> = BTreeMap::new();
        let mut new: Vec<Placed> = Vec::new();
        let files = self.files;
        for (path, text) in files {
            if !path.ends_with(".yaml") || path == "register.yaml" || path.starts_with("policies/") {
                continue;
            }
            for placed in self.entries(path, text) {
                let Some(number) = placed.loose.entry else {
                    new.push(placed);
                    continue;
                };
                if let Some(other) = numbered.get(&number) {
                    let text = format!("entry {number} is in {}:{}, too", other.path, other.line);
                    self.problem(&placed.path, placed.line, text, None);
                } else {
                    numbered.insert(number, placed);
                }
            }
        }
        for (expected, number) in (1u64..).zip(numbered.keys().copied().collect::<Vec<_>>()) {
            if expected != number {
                let text = format!("entry {expected} is missing");
                self.problem(
                    "register.yaml",
                    0,
                    text,
                    Some("entries with numbers are kept whole".to_owned()),
                );
                return None;
            }
        }
        if let Some(head) = &head
            && head.entries != numbered.len() as u64
        {
            let text = format!(
                "there should be {} entries with numbers, and there are {}",
                head.entries,
                numbered.len()
            );
            self.problem("register.yaml", 0, text, None);
        }
        // What is broken already would only bring more mistakes of the same kind.
        let log = self.log(&numbered, base)?;
        if let Some(head) = &head
            && head.head != log.head()
            && self.problems.is_empty()
        {
            let text = format!(
                "the entries with numbers are not those that were exported: they end with {}, not with {}",
                log.head(),
                head.head
            );
            let help = "an entry was changed; take it back with a new one instead".to_owned();
            self.problem("register.yaml", 0, text, Some(help));
        }
        new.sort_by_key(|placed| placed.loose.when.days().first);
        let before = log.entries().len();
        let base_len = base.log().entries().len();
        let drafts: Vec<Recorded> = new
            .iter()
            .map(|placed| {
                let loose = &placed.loose;
                let draft = Draft {
                    by: loose.by.clone().unwrap_or_else(|| writer.by.clone()),
                    when: loose.when,
                    source: loose.source.clone(),
                    fact: loose.fact.clone(),
                };
                draft.at(writer.now)
            })
            .collect();
        let at = |number: Option<u64>| -> (String, usize) {
            let number = number.unwrap_or(0);
            let placed = numbered
                .get(&number)
                .or_else(|| usize::try_from(number).ok()?.checked_sub(before + 1).and_then(|at| new.get(at)));
            placed
                .map_or_else(|| ("register.yaml".to_owned(), 0), |placed| (placed.path.clone(), placed.line))
        };
        let told = |violation: &Violation| {
            let (path, line) = at(violation.entry);
            Problem {
                path,
                line,
                rule: Some(violation.rule.clone()),
                text: violation.text.clone(),
                help: violation.help.clone(),
            }
        };
        let known = Register::new(log);
        for violation in known.violations() {
            match violation.refused {
                true => self.problems.push(told(violation)),
                false => self.notes.push(told(violation)),
            }
        }
        self.compare_pages(&known);
        match known.with_recorded(drafts) {
            Ok((register, notes)) => {
                self.notes.extend(notes.iter().map(told));
                let new = register.log().entries().len().saturating_sub(base_len);
                Some((register, new))
            }
            Err(Refusal::Rules(violations)) => {
                self.problems.extend(violations.iter().map(told));
                None
            }
            Err(Refusal::Log(error)) => {
                self.problem("register.yaml", 0, error.to_string(), None);
                None
            }
        }
    }

    fn document(&mut self, path: &str, text: &str) -> Option<Node> {
        match yaml::read_str(text, &Limits::default()) {
            Ok(mut stream) => {
                for twice in &stream.duplicate_keys {
                    let text = format!("the key `{}` is there already", twice.key);
                    self.problem(path, twice.span.line as usize, text, None);
                }
                stream.documents.pop()
            }
            Err(error) => {
                self.problem(path, error.span.line as usize, error.message, None);
                None
            }
        }
    }

    fn head(&mut self) -> Option<Head> {
        let path = "register.yaml";
        let Some(text) = self.files.get(path) else {
            self.problem(path, 0, "there is no such file: this is no export of a register".to_owned(), None);
            return None;
        };
        let node = self.document(path, text)?;
        match serde_json::from_value::<Head>(json(&node)) {
            Ok(head) if head.register == FORM => Some(head),
            Ok(head) => {
                self.problem(
                    path,
                    1,
                    format!("the files are of form {}, this eyrie knows {FORM}", head.register),
                    None,
                );
                None
            }
            Err(error) => {
                self.problem(path, node.span.line as usize, error.to_string(), None);
                None
            }
        }
    }

    fn entries(&mut self, path: &str, text: &str) -> Vec<Placed> {
        let Some(document) = self.document(path, text) else { return Vec::new() };
        if !document.is_null()
            && document.items().is_empty()
            && document.scalar().is_some() | !document.entries().is_empty()
        {
            self.problem(
                path,
                1,
                format!("a list of entries is expected, not {}", document.describe()),
                None,
            );
        }
        let mut placed = Vec::new();
        for node in document.items() {
            let line = node.span.line as usize;
            let mut value = json(node);
            if let Value::Object(fields) = &mut value
                && let Some(file) = fields.shift_remove("text_file")
            {
                let name = file.as_str().unwrap_or_default();
                match self.files.get(name) {
                    Some(text) => {
                        fields.insert("text".to_owned(), Value::from(text.clone()));
                    }
                    None => self.problem(path, line, format!("there is no file `{name}`"), None),
                }
            }
            match serde_json::from_value::<Loose>(value) {
                Ok(loose) => placed.push(Placed { path: path.to_owned(), line, loose }),
                Err(error) => {
                    let diagnostic = diagnose(node, &error);
                    let before = text.get(..diagnostic.span.start).unwrap_or_default();
                    let line = before.matches('\n').count() + 1;
                    let help = diagnostic.help.first().cloned();
                    self.problem(path, line, diagnostic.title, help);
                }
            }
            garbled(node, &mut |line, was, meant| {
                self.notes.push(Problem {
                    path: path.to_owned(),
                    line,
                    rule: Some("R19".to_owned()),
                    text: format!("`{was}` was read in the wrong encoding"),
                    help: Some(format!("it was meant as `{meant}`")),
                });
            });
        }
        placed
    }

    /// The log that the entries with numbers are.
    fn log(&mut self, numbered: &BTreeMap<u64, Placed>, base: &Register) -> Option<Log> {
        let mut log = Log::new();
        for (number, placed) in numbered {
            let loose = &placed.loose;
            let (Some(recorded), Some(by)) = (loose.recorded, &loose.by) else {
                let text = "an entry with a number says when it was recorded, and by whom".to_owned();
                self.problem(
                    &placed.path,
                    placed.line,
                    text,
                    Some("leave the number out of new entries".to_owned()),
                );
                continue;
            };
            let draft = Draft {
                by: by.clone(),
                when: loose.when,
                source: loose.source.clone(),
                fact: loose.fact.clone(),
            };
            if log.entries().last().is_some_and(|last| recorded < last.body.recorded) {
                let text = format!("entry {number} was recorded before the entry before it");
                self.problem(&placed.path, placed.line, text, None);
                continue;
            }
            match &loose.as_written {
                None => {
                    if let Err(error) = log.push(draft.at(recorded)) {
                        self.problem(&placed.path, placed.line, error.to_string(), None);
                    }
                }
                Some(text) => {
                    let says: Result<Body, _> = serde_json::from_str(text);
                    let expected = Body { entry: *number, recorded, previous: log.head(), draft };
                    match says {
                        Ok(body) if body == expected => log.push_as_written(body, text.clone()),
                        Ok(_) => {
                            let text = "`as_written` says something else than the entry".to_owned();
                            self.problem(&placed.path, placed.line, text, None);
                        }
                        Err(error) => self.problem(&placed.path, placed.line, error.to_string(), None),
                    }
                }
            }
        }
        let all = log.entries().len() == numbered.len();
        for (ours, theirs) in base.log().entries().iter().zip(log.entries()).filter(|_| all) {
            if ours.digest != theirs.digest {
                let number = ours.body.entry;
                let placed = numbered.get(&number);
                let (path, line) =
                    placed.map_or(("register.yaml", 0), |placed| (placed.path.as_str(), placed.line));
                let text = format!("entry {number} is not the one that the register has");
                self.problem(path, line, text, Some("take it back with a new entry instead".to_owned()));
                return None;
            }
        }
        if all && log.entries().len() < base.log().entries().len() {
            let text = format!(
                "the register has {} entries, and these files only {}",
                base.log().entries().len(),
                log.entries().len()
            );
            self.problem(
                "register.yaml",
                0,
                text,
                Some("export it again, and add what is new to that".to_owned()),
            );
            return None;
        }
        all.then_some(log)
    }

    /// Pages that do not say what the entries come to (I14).
    fn compare_pages(&mut self, register: &Register) {
        let expected = pages(register.state());
        for (path, text) in self.files.iter().filter(|(path, _)| path.ends_with("README.md")) {
            if expected.get(path) != Some(text) {
                self.notes.push(Problem {
                    path: path.clone(),
                    line: 0,
                    rule: Some("I14".to_owned()),
                    text: "it does not say what the entries come to".to_owned(),
                    help: Some(
                        "it is written anew by the next export; what was changed in it is not read"
                            .to_owned(),
                    ),
                });
            }
        }
    }
}

/// Texts at or below a node that were read in the wrong encoding.
fn garbled(node: &Node, tell: &mut dyn FnMut(usize, &str, &str)) {
    if let Some(text) = node.as_str() {
        for word in text.split_whitespace() {
            if let Some(meant) = repaired(word) {
                tell(node.span.line as usize, word, &meant);
            }
        }
    }
    node.items().iter().for_each(|item| garbled(item, tell));
    node.entries().iter().for_each(|(_, value)| garbled(value, tell));
}
