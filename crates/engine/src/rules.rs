//! Rule files: Falco's `rule`, `macro`, `list`, `exceptions`, overrides and version requirements, loaded file by file with
//! Falco's order, error codes and positions. [`Loader`] takes the files, [`Rules`] is what they come to. Where rules are
//! evaluated is not here.

mod collect;
mod compile;
mod context;
mod read;
mod yaml;

use std::collections::BTreeMap;

use eyrie_lang::Schema;

pub use compile::{ListItem, MacroItem, PluginError, Rule, Rules};
pub use context::{LoadCode, Location, Problem};

use crate::append_output::AppendOutput;
use collect::Collector;
use context::Context;

/// A version of three numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Changed for what is not compatible.
    pub major: u32,
    /// Changed for what is new.
    pub minor: u32,
    /// Changed for what is mended.
    pub patch: u32,
}

impl Version {
    /// A version.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Version { major, minor, patch }
    }

    /// Three numbers separated by dots; what follows them does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches(' ');
        let mut rest = text;
        let mut numbers = [0; 3];
        for (at, number) in numbers.iter_mut().enumerate() {
            if at > 0 {
                rest = rest.strip_prefix('.')?;
            }
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            *number = rest.get(..digits)?.parse().ok()?;
            rest = rest.get(digits..)?;
        }
        let [major, minor, patch] = numbers;
        Some(Version { major, minor, patch })
    }

    /// Whether something of this version does for whoever requires the other.
    pub fn satisfies(self, required: Version) -> bool {
        self.major == required.major && (self.minor, self.patch) >= (required.minor, required.patch)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The version of Falco's engine whose rule files are understood.
pub const ENGINE_VERSION: Version = Version::new(0, 63, 0);

/// What is to be said about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The file's name as given.
    pub name: String,
    /// What makes the files so far unusable. The first is Falco's; its reading stops there.
    pub errors: Vec<Problem>,
    /// What should be looked at.
    pub warnings: Vec<Problem>,
}

/// Loads rule files, one after another.
pub struct Loader<'s> {
    sources: BTreeMap<String, &'s dyn Schema>,
    append_output: Vec<AppendOutput>,
    collector: Collector,
    rules: Rules,
}

impl<'s> Loader<'s> {
    /// A loader for rules over these sources, such as `syscall`.
    pub fn new(sources: impl IntoIterator<Item = (&'s str, &'s dyn Schema)>) -> Self {
        let sources = sources.into_iter().map(|(name, schema)| (name.to_string(), schema)).collect();
        Loader {
            sources,
            append_output: Vec::new(),
            collector: Collector::default(),
            rules: Rules::default(),
        }
    }

    /// Adds to the outputs of rules what the configuration says; what is wrong with it shows as a mistake of the first rule
    /// that gets it, as in Falco.
    #[must_use]
    pub fn with_append_output(mut self, append_output: Vec<AppendOutput>) -> Self {
        self.append_output = append_output;
        self
    }

    /// Loads a file. As in Falco everything loaded so far is compiled anew, so that what a file breaks or mends of an earlier
    /// one shows in its report.
    pub fn load(&mut self, name: &str, bytes: &[u8]) -> FileReport {
        let text = String::from_utf8_lossy(bytes);
        let mut report = FileReport { name: name.to_string(), errors: Vec::new(), warnings: Vec::new() };
        let context = Context::file(name);
        match read::read(&text, &context, &self.sources, &mut self.collector, &mut report.warnings) {
            Ok(()) => match compile::compile(
                &self.collector,
                &self.sources,
                &self.append_output,
                &mut report.warnings,
            ) {
                Ok(rules) => self.rules = rules,
                Err(problem) => report.errors.push(*problem),
            },
            Err(problem) => report.errors.push(*problem),
        }
        report
    }

    /// What the files come to: the rules as of the last file without an error.
    pub fn finish(self) -> Rules {
        self.rules
    }
}
