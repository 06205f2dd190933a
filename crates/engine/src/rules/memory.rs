//! Rules with memory as rule files define them: [`MemoryRule`], a `sequence` or a `threshold`, and [`Suppress`]. Files that use
//! them say so with `- extensions: [memory]`. How they are read is in `read/memory.rs`, how they remember in
//! [`memory`](crate::memory).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use eyrie_lang::KindSet;
use eyrie_lang::ast::Expr;

use super::written::Place;
use crate::append_output::ExtraField;

/// How many events a rule remembers at most if it does not say.
pub const DEFAULT_LIMIT: u32 = 65_536;

/// The most events that a rule may ask to remember.
pub const MAX_LIMIT: u32 = 4_194_304;

/// A rule that several events match together.
#[derive(Clone, Debug)]
pub struct MemoryRule {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub desc: String,
    /// Where its events come from.
    pub source: String,
    /// From 0 (`Emergency`) to 7 (`Debug`).
    pub priority: u8,
    /// Labels.
    pub tags: BTreeSet<String>,
    /// Whether it is on, as far as the files say.
    pub enabled: bool,
    /// The output as written.
    pub output_written: String,
    /// The output as it is formatted, with what the configuration appends to it.
    pub output: String,
    /// The fields that findings get besides those of the output.
    pub extra_fields: BTreeMap<String, ExtraField>,
    /// How far apart the events may be.
    pub within: Duration,
    /// How much later than a younger event an event may arrive and still count in its place.
    pub slack: Duration,
    /// How many events it remembers at most.
    pub limit: u32,
    /// What the events have to be.
    pub pattern: Pattern,
    /// Which findings are not told.
    pub suppress: Option<Suppress>,
    /// Where it is defined: its name.
    pub place: Place,
}

/// What several events have to be.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// These, one after another.
    Sequence {
        /// In order; two or more.
        steps: Vec<SequenceStep>,
        /// What ends a sequence that has begun.
        until: Option<PatternPart>,
    },
    /// Many of one sort.
    Threshold {
        /// Which count.
        on: PatternPart,
        /// How many there have to be.
        count: u32,
        /// The field whose distinct values are counted, in place of events.
        distinct: Option<String>,
    },
}

/// A step of a sequence.
#[derive(Clone, Debug)]
pub struct SequenceStep {
    /// What outputs call its event.
    pub name: Option<String>,
    /// Which event it is.
    pub on: PatternPart,
}

/// Events of one sort.
#[derive(Clone, Debug)]
pub struct PatternPart {
    /// The condition as written.
    pub condition: String,
    /// The condition's canonical text, with lists and macros put in.
    pub condition_compiled: String,
    /// The condition with lists and macros put in.
    pub expr: Arc<Expr>,
    /// The kinds of events that it can match.
    pub kinds: KindSet,
    /// The fields whose values have to be equal for events to belong together.
    pub by: Vec<String>,
}

/// Which findings of a rule are not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppress {
    /// Findings are alike if these fields have the same values.
    pub by: Vec<String>,
    /// For how long after a finding those that are alike are left out.
    pub period: Duration,
    /// How many findings are remembered at most.
    pub limit: u32,
}

impl MemoryRule {
    /// The priority's name, such as `Warning`.
    pub fn priority_name(&self) -> &'static str {
        crate::Priority::from_number(self.priority).name()
    }

    /// All parts, in order; what ends a sequence is last.
    pub fn parts(&self) -> Vec<&PatternPart> {
        match &self.pattern {
            Pattern::Sequence { steps, until } => steps.iter().map(|step| &step.on).chain(until).collect(),
            Pattern::Threshold { on, .. } => vec![on],
        }
    }

    /// What the rule's memory depends on: a rule with the same fingerprint goes on with it after rules are loaded again.
    pub fn fingerprint(&self) -> String {
        let mut text =
            format!("{}\n{}\n{:?} {:?} {}", self.name, self.source, self.within, self.slack, self.limit);
        let mut part = |name: &str, part: &PatternPart| {
            // Writing to a string does not fail.
            let _ = write!(text, "\n{name:?} {:?} {:?}", part.condition_compiled, part.by);
        };
        match &self.pattern {
            Pattern::Sequence { steps, until } => {
                for step in steps {
                    part(step.name.as_deref().unwrap_or_default(), &step.on);
                }
                if let Some(until) = until {
                    part("until", until);
                }
            }
            Pattern::Threshold { on, count, distinct } => {
                part("threshold", on);
                let _ = write!(text, "\n{count} {distinct:?}");
            }
        }
        // What outputs show of earlier events is remembered with them.
        let _ = write!(text, "\n{:?} {:?}", self.output, self.extra_fields);
        text
    }
}

impl Suppress {
    /// What the memory of findings depends on, given the fingerprint of the rule.
    pub fn fingerprint(&self, rule: &str) -> String {
        format!("{rule}\n{:?} {:?} {}", self.by, self.period, self.limit)
    }
}

/// A length of time: numbers with the units `ms`, `s`, `m`, `h` and `d`, as in `90s` or `1h30m`.
///
/// ```
/// use std::time::Duration;
/// use eyrie_engine::rules::parse_duration;
/// assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5400)));
/// assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
/// assert_eq!(parse_duration("10"), None);
/// ```
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let milliseconds: u64 = match rest.get(..letters)? {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        rest = rest.get(letters..)?.trim_start();
        total = total.checked_add(Duration::from_millis(number.checked_mul(milliseconds)?))?;
    }
    Some(total)
}

/// A length of time as [`parse_duration`] reads it, without what is shorter than a millisecond.
///
/// ```
/// use eyrie_engine::rules::{duration_text, parse_duration};
/// assert_eq!(parse_duration("90m").map(duration_text).as_deref(), Some("1h30m"));
/// ```
pub fn duration_text(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (unit, milliseconds) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]
    {
        if rest >= milliseconds {
            // Writing to a string does not fail.
            let _ = write!(text, "{}{unit}", rest / milliseconds);
            rest %= milliseconds;
        }
    }
    if text.is_empty() { "0s".to_string() } else { text }
}
