//! Catalogues: which checks there are, what decides them, what they are worth. All of it is data in YAML; nothing
//! here knows a check by name.
//!
//! Principal types: [`Catalog`], [`Check`], [`Fold`], [`ScoreForm`]. Reading the YAML is in [`read`], compiling
//! the conditions in [`compile`]; applying them is in [`crate::judge`].

pub mod compile;
pub mod read;

use std::fmt;
use std::sync::Arc;

use eyrie_lang::diagnostic::{RenderStyle, Source, render};
use eyrie_lang::{Diagnostic, Span};

use crate::fix::Writer;
use crate::kind::Kind;

/// The catalogue that comes with Eyrie.
pub const CLOMONITOR: &str = include_str!("../../../catalogs/clomonitor.yaml");

/// Id of a check, such as `security_policy`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub Arc<str>);

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text of the catalogue and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The text.
    pub text: String,
    /// Number of the file it is from, in [`Catalog::files`].
    pub file: usize,
    /// Where it stands in that file.
    pub span: Span,
    /// Line of its beginning, from 1.
    pub line: u32,
    /// Whether the text stands in the file letter by letter from [`Located::span`] on (a plain scalar on one line).
    pub verbatim: bool,
}

/// A group of checks in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Id, such as `best_practices`.
    pub id: String,
    /// Its name for people.
    pub title: String,
}

/// A set of checks that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSet {
    /// Id, such as `code-lite`.
    pub id: String,
    /// What it is for.
    pub about: String,
    /// Whether it is among those taken when none is asked for.
    pub default: bool,
}

/// A word for a range of scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// The word.
    pub name: String,
    /// Least score for it, in tenths of a percent.
    pub at_least: u32,
}

/// A regular expression whose matches in files or pages become records of kind `match`.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Id that conditions name it by.
    pub id: String,
    /// The expression, in the syntax of the `regex` crate.
    pub regex: regex::Regex,
    /// Condition over kind `file`: which files are searched; none for web pages.
    pub files: Option<Located>,
}

/// A catalogue as it was read: everything but the conditions' meaning.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Categories in the order of the report.
    pub categories: Vec<Category>,
    /// Check sets.
    pub sets: Vec<CheckSet>,
    /// Ratings, the best first.
    pub ratings: Vec<Rating>,
    /// Lists by name.
    pub lists: Vec<(String, Vec<String>)>,
    /// Macros by name.
    pub macros: Vec<(String, Located)>,
    /// Patterns.
    pub patterns: Vec<Pattern>,
    /// Checks in the order of the report.
    pub checks: Vec<Check>,
    /// Name and text of the files it was read from.
    pub files: Vec<(String, String)>,
}

/// One check.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its id.
    pub id: CheckId,
    /// Its name for people.
    pub title: String,
    /// Id of its category.
    pub category: String,
    /// Points it is worth.
    pub weight: u32,
    /// Check sets it belongs to.
    pub sets: Vec<String>,
    /// What it is about and why it matters.
    pub about: String,
    /// What to do when it fails.
    pub fix: String,
    /// What can do it: the first that has something to write.
    pub fix_with: Vec<Writer>,
    /// Where it is explained.
    pub docs: String,
    /// Why it failed, when nothing better is known.
    pub fail: String,
    /// What decides it; the first whose [`Judgement::when`] holds.
    pub judgements: Vec<Judgement>,
    /// Conditions over the repository under which a check that did not pass is excused, each with its reason.
    pub exempt_when: Vec<Excuse>,
    /// How the verdict deliberately differs from the system that the check comes from.
    pub deviation: Option<String>,
    /// Number of the file it is from, in [`Catalog::files`].
    pub file: usize,
    /// Where its entry stands in that file.
    pub span: Span,
}

/// A condition that excuses.
#[derive(Clone, Debug)]
pub struct Excuse {
    /// Condition over the repository.
    pub condition: Located,
    /// The reason to show.
    pub reason: String,
}

/// One way to decide a check.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// All must hold for this judgement to be the one; if the last judgement's does not, the check does not apply.
    pub when: Vec<Fold>,
    /// The check passes if one of these holds.
    pub pass: Vec<Fold>,
    /// Or: it passes if this score is high enough.
    pub score: Option<ScoreForm>,
    /// Where nothing passed: what came close, for a better reason.
    pub near: Vec<Fold>,
}

/// How the matches of a condition become one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least so many records match.
    AtLeast(u32),
    /// At most so many records match.
    AtMost(u32),
    /// Every record matches, and there are at least so many.
    All(u32),
}

/// A condition over the records of one kind, folded to one answer.
#[derive(Clone, Debug)]
pub struct Fold {
    /// How.
    pub quantifier: Quantifier,
    /// Over what.
    pub records: Records,
    /// The condition; none means that every record matches.
    pub condition: Option<Located>,
    /// Template of the reason, over the record that decided.
    pub reason: Option<Located>,
    /// Template of the check's value, over the first record that matched.
    pub value: Option<Located>,
    /// Template of a value per match; the check's value is the list of the different ones.
    pub values: Option<Located>,
    /// Template of the address to show, over the first record that matched.
    pub url: Option<Located>,
    /// Where it stands.
    pub span: Span,
}

/// Which records are looked at.
#[derive(Clone, Debug)]
pub struct Records {
    /// Their kind.
    pub kind: Kind,
    /// Only so many of the first.
    pub first: Option<u32>,
    /// Only the ones before the first that does not meet this.
    pub while_: Option<Located>,
    /// Only the ones that meet this.
    pub where_: Option<Located>,
}

/// A score from the records, in tenths of a point from 0 to 100.
#[derive(Clone, Debug)]
pub struct ScoreForm {
    /// The form.
    pub form: Form,
    /// Least score to pass.
    pub pass_at: i64,
}

/// How a score comes about.
#[derive(Clone, Debug)]
pub enum Form {
    /// Start full, and every match takes something off.
    Deductions(Vec<Deduction>),
    /// Matches out of a number: `floor(10 × matches / of)` points, at most 10.
    Share {
        /// What is counted.
        count: Vec<Group>,
        /// Out of what.
        of: ShareOf,
    },
    /// The mean over records of the points of the first tier that each meets, rounded down to a point.
    Mean {
        /// The records.
        records: Records,
        /// Conditions with their points, in tenths.
        tiers: Vec<(Located, i64)>,
    },
}

/// What a share is out of.
#[derive(Clone, Debug)]
pub enum ShareOf {
    /// A fixed number.
    Number(i64),
    /// The number of records that match.
    Group(Group),
}

/// Records that meet a condition, counted.
#[derive(Clone, Debug)]
pub struct Group {
    /// The records.
    pub records: Records,
    /// The condition.
    pub condition: Option<Located>,
}

/// What a match takes off a score.
#[derive(Clone, Debug)]
pub struct Deduction {
    /// Which records.
    pub group: Group,
    /// How much.
    pub effect: Effect,
    /// Template of the reason, over the record.
    pub reason: Option<Located>,
}

/// The effect of a [`Deduction`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// So many tenths less for each match.
    Less(i64),
    /// The score is this at the most if there is a match.
    AtMost(i64),
}

/// Something wrong in a catalogue, with the text it is in.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What and where.
    pub diagnostic: Diagnostic,
    /// Name of the text: a file's path, or a part of it.
    pub source: String,
    /// The text that the diagnostic's spans point into.
    pub text: String,
    /// Number of the text's first line in the file.
    pub first_line: usize,
}

impl Problem {
    /// Draws it with the text under it.
    pub fn render(&self, style: RenderStyle) -> String {
        let mut source = Source::new(&self.text).named(&self.source);
        source.first_line = self.first_line;
        render(&self.diagnostic, source, style)
    }
}

/// A catalogue that cannot be used; all of its problems.
#[derive(Debug, thiserror::Error)]
#[error("the catalogue has {} problem(s); the first: {}", problems.len(), problems.first().map(|p| p.diagnostic.title.as_str()).unwrap_or_default())]
pub struct CatalogError {
    /// The problems, errors and warnings, in the order of the text.
    pub problems: Vec<Problem>,
}

impl Catalog {
    /// The check with this id.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| &*check.id.0 == id)
    }

    /// The ids of the sets that are taken when none is asked for.
    pub fn default_sets(&self) -> Vec<String> {
        self.sets.iter().filter(|set| set.default).map(|set| set.id.clone()).collect()
    }

    /// The word for a score in tenths of a percent.
    pub fn rating(&self, percent: u32) -> Option<&str> {
        self.ratings.iter().find(|rating| percent >= rating.at_least).map(|rating| rating.name.as_str())
    }
}
