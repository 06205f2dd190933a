//! Rule files: Falco's `rule`, `macro`, `list`, `exceptions`, overrides and version requirements, loaded file by file with
//! Falco's order, error codes and positions. [`Loader`] takes the files, [`Loaded`] is what they come to: [`Rules`], and for
//! each file a [`FileReport`]. Where rules are evaluated is not here, nor which files are loaded.

pub mod attack;
pub mod codes;
mod collect;
mod compile;
pub mod describe;
pub mod falco_json;
mod lint;
mod memory;
mod problem;
mod read;
mod schema_check;
mod written;
pub(crate) mod yaml;

use std::collections::{BTreeMap, HashSet};

use eyrie_lang::Schema;

pub use compile::{ListItem, MacroItem, PluginError, Rule, RuleException, Rules};
pub use memory::{
    DEFAULT_LIMIT, MAX_LIMIT, MemoryRule, Pattern, PatternPart, SequenceStep, Suppress, duration_text,
    parse_duration,
};
pub use problem::{LoadCode, Location, Problem};
pub use schema_check::SchemaProblem;
pub use written::{Place, SourceFile};

use crate::append_output::AppendOutput;
use collect::Collector;
use compile::{Compilation, Report, Surroundings};
use problem::{Context, Key};
use read::Reader;

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
    /// What makes the files so far unusable. The first is Falco's, whose reading stops there; of an earlier file if that is
    /// still wrong. Those that follow are ours.
    pub errors: Vec<Problem>,
    /// What should be looked at. Of earlier files, too, as Falco repeats what it finds in everything loaded so far.
    pub warnings: Vec<Problem>,
    /// What Falco's JSON schema for rule files does not allow in it, which keeps nothing from loading; `None` if
    /// there is nothing to check: the file is empty, or not YAML.
    pub schema: Option<Vec<SchemaProblem>>,
}

/// The plugins that are built in: what they give is there without loading them, and requirements are met by them.
pub const BUILT_IN_PLUGINS: &[(&str, Version)] = &[("container", Version::new(0, 7, 1))];

/// What loading came to.
#[derive(Debug)]
pub struct Loaded {
    /// The rules; without those that have errors.
    pub rules: Rules,
    /// What is to be said about each file, in the order of loading.
    pub reports: Vec<FileReport>,
    /// The files themselves, which [`Problem`]s point into.
    pub files: Vec<SourceFile>,
    collector: Collector,
    compilation: Compilation,
}

impl Loaded {
    /// Whether all files are free of errors. If not, Falco would not start with them.
    pub fn is_ok(&self) -> bool {
        self.reports.iter().all(|report| report.errors.is_empty())
    }

    /// What is to be said about required plugins that are not among those loaded. Falco does not start without them.
    pub fn plugin_problems(&self, loaded: &[(&str, Version)]) -> Vec<Problem> {
        let all = self.rules.plugin_problems(loaded);
        all.map(|(place, error)| {
            let name = self.files.get(place.file).map_or("", |file| &file.name);
            let context = Context::file(place.file, name).pointing(place);
            let diagnostic =
                eyrie_lang::Diagnostic::error(codes::PLUGIN_MISSING, place.span, error.to_string());
            context.with(None, diagnostic)
        })
        .collect()
    }

    /// All problems, each once: errors and warnings together, in the order of the files.
    pub fn problems(&self) -> Vec<&Problem> {
        let mut seen = HashSet::new();
        let of =
            |report: &'_ FileReport| -> HashSet<Key> { report.warnings.iter().map(Problem::key).collect() };
        // A warning of an earlier file may be no more than that something came later.
        let last = self.reports.last().filter(|_| self.is_ok()).map(of);
        let told = self.reports.iter().flat_map(|report| report.errors.iter().chain(&report.warnings));
        let mut all: Vec<&Problem> = told
            .filter(|problem| seen.insert(problem.key()))
            .filter(|problem| {
                !problem.is_unused() || last.as_ref().is_none_or(|last| last.contains(&problem.key()))
            })
            .collect();
        all.sort_by_key(|problem| (problem.file, problem.diagnostic.span));
        all
    }
}

/// Loads rule files, one after another.
///
/// ```
/// use eyrie_engine::rules::Loader;
/// use eyrie_lang::{FieldInfo, Schema, StaticSchema, Type};
///
/// let schema = StaticSchema::new(vec![FieldInfo::new("proc.name", Type::CharBuf, "the process's name")])?;
/// let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
/// let text = "- {rule: Cat, desc: a cat, condition: proc.nmae = cat, output: meow, priority: INFO}";
/// loader.load("cats.yaml", text.as_bytes());
/// let loaded = loader.finish();
/// let problems = loaded.problems();
/// assert_eq!(problems[0].falco_code(), Some("LOAD_ERR_COMPILE_CONDITION"));
/// assert_eq!(problems[0].position(&loaded.files), (1, 39));
/// assert_eq!(problems[0].diagnostic.help, ["did you mean `proc.name`?"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Loader<'s> {
    sources: BTreeMap<String, &'s dyn Schema>,
    append_output: Vec<AppendOutput>,
    collector: Collector,
    compilation: Compilation,
    files: Vec<SourceFile>,
    reports: Vec<FileReport>,
}

impl<'s> Loader<'s> {
    /// A loader for rules over these sources, such as `syscall`.
    pub fn new(sources: impl IntoIterator<Item = (&'s str, &'s dyn Schema)>) -> Self {
        let sources = sources.into_iter().map(|(name, schema)| (name.to_string(), schema)).collect();
        Loader {
            sources,
            append_output: Vec::new(),
            collector: Collector::default(),
            compilation: Compilation::default(),
            files: Vec::new(),
            reports: Vec::new(),
        }
    }

    /// Adds to the outputs of rules what the configuration says; what is wrong with it shows as a mistake of the first rule
    /// that gets it, as in Falco.
    #[must_use]
    pub fn with_append_output(mut self, append_output: Vec<AppendOutput>) -> Self {
        self.append_output = append_output;
        self
    }

    /// Loads a file and tells what Falco would: at most one error. As in Falco a file's report is about everything loaded so
    /// far, so that what a file breaks or mends of an earlier one shows in it.
    pub fn load(&mut self, name: &str, bytes: &[u8]) -> &FileReport {
        let number = self.files.len();
        self.files.push(SourceFile::new(name, String::from_utf8_lossy(bytes)));
        let documents = yaml::documents(self.files.last().map_or("", |file| &file.text), false);
        let is_yaml = documents.mistakes.is_empty();
        let mut report = FileReport {
            name: name.to_string(),
            errors: Vec::new(),
            warnings: Vec::new(),
            schema: is_yaml.then(|| schema_check::check(&documents.documents)).flatten(),
        };
        let mut reader = Reader {
            sources: &self.sources,
            collector: &mut self.collector,
            warnings: &mut report.warnings,
            mistakes: None,
            file: number,
            memory: false,
        };
        match reader.read(&documents, &Context::file(number, name)) {
            Err(problem) => report.errors.push(*problem),
            Ok(()) => self.compilation.compile(
                &mut self.collector,
                &Surroundings {
                    sources: &self.sources,
                    append_output: &self.append_output,
                    files: &self.files,
                },
                &mut Report { errors: &mut report.errors, warnings: &mut report.warnings, tolerant: false },
            ),
        }
        let at = self.reports.len();
        self.reports.push(report);
        &self.reports[at]
    }

    /// What the files come to. If there are errors, all that can be found are added to the reports.
    pub fn finish(mut self) -> Loaded {
        if !self.reports.iter().all(|report| report.errors.is_empty()) {
            self.diagnose();
        }
        Loaded {
            rules: self.compilation.rules(&self.collector),
            reports: self.reports,
            files: self.files,
            collector: self.collector,
            compilation: self.compilation,
        }
    }

    /// Reads everything again, going on after each mistake, and adds what is found to the reports of the files.
    fn diagnose(&mut self) {
        let mut collector = Collector::default();
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        for (number, file) in self.files.iter().enumerate() {
            let documents = yaml::documents(&file.text, true);
            let mut reader = Reader {
                sources: &self.sources,
                collector: &mut collector,
                warnings: &mut warnings,
                mistakes: Some(&mut errors),
                file: number,
                memory: false,
            };
            // A tolerant reader keeps its mistakes.
            if let Err(problem) = reader.read(&documents, &Context::file(number, &file.name)) {
                errors.push(*problem);
            }
        }
        let mut compilation = Compilation::default();
        compilation.compile(
            &mut collector,
            &Surroundings { sources: &self.sources, append_output: &self.append_output, files: &self.files },
            &mut Report { errors: &mut errors, warnings: &mut warnings, tolerant: true },
        );
        let told = self.reports.iter().flat_map(|report| report.errors.iter().chain(&report.warnings));
        let mut known: HashSet<Key> = told.map(Problem::key).collect();
        for problem in errors.into_iter().chain(warnings) {
            let Some(report) = self.reports.get_mut(problem.item_file(&self.files)) else { continue };
            if known.insert(problem.key()) {
                let list =
                    if problem.diagnostic.is_error() { &mut report.errors } else { &mut report.warnings };
                list.push(problem);
            }
        }
        (self.collector, self.compilation) = (collector, compilation);
    }
}
