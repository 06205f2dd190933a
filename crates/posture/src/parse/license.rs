//! Which licence a text is, and SPDX licence expressions.
//!
//! [`LicenseFile::parse`] compares a file with all texts and headers of the SPDX list: [`LicenseFile::whole`] is
//! the licence that the file as a whole is, [`LicenseFile::parts`] are licences that it holds, and
//! [`LicenseFile::tags`] its `SPDX-License-Identifier` lines. [`Expression`] is one expression. Which files are
//! licence files, and what a `LICENSES` folder means, the caller knows.
//!
//! The measure is askalono's, which CLOMonitor uses: the Sørensen–Dice coefficient of pairs of words, after
//! copyright lines, titles, punctuation and the like are taken away; the `spdx` crate computes it. Comparing with
//! the whole list costs it over 100 ms, so that a sketch of each text is compared first and the measure
//! taken only for the few that are near. Where the measure prefers a text that explains less of the file, because the
//! file leaves out an appendix, the other is chosen ([`LicenseFile::by_measure`] tells).

use spdx::detection::TextData;

use super::text::Text;

mod sketch;

/// How much of a file is read: 512 KiB. The longest licence has 130.
pub const MAX_BYTES: usize = 512 << 10;

/// A text is a licence if it is more than nine tenths alike: CLOMonitor's threshold.
pub const THRESHOLD: f32 = 0.9;

/// So many pairs of words that are not of the file's licence may be another one.
const LEAST: usize = 40;

/// At most so many licences are looked for in one file.
const MAX_PARTS: usize = 20;

/// What a licence file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct LicenseFile {
    /// The licence that the file is.
    pub whole: Option<Match>,
    /// The licence that askalono, and so CLOMonitor, takes the file for, where that is another one. (An Apache-2.0
    /// without its appendix is more like the Pixar licence, by the measure.)
    pub by_measure: Option<Match>,
    /// Licences that parts of the file are, in order of place; empty if the whole file is one, to the word.
    pub parts: Vec<Part>,
    /// If the file is no licence, the one that it is most like. It may be quite unlike.
    pub nearest: Option<Match>,
    /// The `SPDX-License-Identifier` lines.
    pub tags: Vec<Tag>,
    /// The file is longer than [`MAX_BYTES`]; only its beginning was read.
    pub truncated: bool,
}

/// How a text compares with one of the SPDX list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Match {
    /// The SPDX id. Where several ids share one text (`GPL-2.0-only`, `GPL-2.0-or-later`) it is the first that is
    /// not deprecated, as in askalono.
    pub id: &'static str,
    /// The other ids that share the text, deprecated ones included.
    pub aliases: Vec<&'static str>,
    /// It is the short header for source files, not the licence itself.
    pub is_header: bool,
    /// How alike they are, in thousandths, rounded down.
    pub confidence: u16,
}

/// A licence in a part of a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// The licence.
    pub license: Match,
    /// Its first line, from 1.
    pub line: u32,
    /// Its last line.
    pub end_line: u32,
}

/// An `SPDX-License-Identifier` line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Tag {
    /// The line, from 1.
    pub line: u32,
    /// What it says.
    pub expression: Expression,
}

/// An SPDX licence expression.
/// Source: <https://spdx.github.io/spdx-spec/v3.0.1/annexes/spdx-license-expressions/>.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Expression {
    /// As written.
    pub text: String,
    /// The ids and `LicenseRef-…`s in it in order, each once. Of an expression with a fault, none.
    pub ids: Vec<String>,
    /// What is wrong with it.
    pub fault: Option<Fault>,
}

/// Why an expression is none.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// Byte offset of the faulty part in the expression.
    pub start: usize,
    /// Byte offset of its end.
    pub end: usize,
}

/// What the SPDX list says of a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Known {
    /// The id as the list writes it.
    pub id: &'static str,
    /// The full name.
    pub name: &'static str,
    /// The Open Source Initiative approved it.
    pub osi_approved: bool,
    /// The Free Software Foundation calls it free.
    pub fsf_libre: bool,
    /// The id should no longer be used.
    pub deprecated: bool,
}

impl Known {
    /// The licence with this id, if the list has it.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let id = spdx::license_id(id)?;
        Some(Self {
            id: id.name,
            name: id.full_name,
            osi_approved: id.is_osi_approved(),
            fsf_libre: id.is_fsf_free_libre(),
            deprecated: id.is_deprecated(),
        })
    }
}

impl Expression {
    /// Read an expression. Deprecated ids and `GPL-2.0+` are allowed; unknown ids and names are faults.
    ///
    /// ```
    /// use eyrie_posture::parse::license::Expression;
    ///
    /// assert_eq!(Expression::parse("(MIT OR Apache-2.0) AND LicenseRef-x").ids, ["MIT", "Apache-2.0", "LicenseRef-x"]);
    /// assert_eq!(Expression::parse("MIT or nothing").fault.unwrap().start, 7);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mode = spdx::ParseMode {
            allow_slash_as_or_operator: false,
            allow_imprecise_license_names: false,
            allow_postfix_plus_on_gpl: true,
            allow_deprecated: true,
            allow_unknown: false,
        };
        let mut expression = Self { text: text.to_owned(), ids: Vec::new(), fault: None };
        match spdx::Expression::parse_mode(text, mode) {
            Ok(parsed) => {
                for requirement in parsed.requirements() {
                    let id = match requirement.req.license.id() {
                        Some(id) => id.name.to_owned(),
                        None => requirement.req.license.to_string(),
                    };
                    if !expression.ids.contains(&id) {
                        expression.ids.push(id);
                    }
                }
            }
            Err(error) => {
                let end = error.span.end.min(text.len());
                let message = error.reason.to_string();
                expression.fault = Some(Fault { message, start: error.span.start.min(end), end });
            }
        }
        expression
    }
}

impl LicenseFile {
    /// Identify a file. Any bytes are one, of no licence if need be.
    ///
    /// ```
    /// use eyrie_posture::parse::license::LicenseFile;
    ///
    /// let file = LicenseFile::parse(b"// SPDX-License-Identifier: Apache-2.0 OR MIT\n");
    /// assert!(file.whole.is_none());
    /// assert_eq!(file.tags[0].expression.ids, ["Apache-2.0", "MIT"]);
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let decoded = Text::decode(bytes, MAX_BYTES);
        let text = &*decoded.text;
        let mut file = Self { tags: tags(text), truncated: decoded.truncated, ..Self::default() };
        let words = sketch::Words::of(text);
        let Some(Best { by_measure, chosen }) = best_match(text, &words) else { return file };
        let chosen = chosen.unwrap_or(by_measure);
        if chosen.score > THRESHOLD {
            file.whole = Some(chosen.to_match());
            file.by_measure = (chosen.entry.at != by_measure.entry.at).then(|| by_measure.to_match());
        } else {
            file.nearest = Some(chosen.to_match());
        }
        // Nine tenths leave room for a second, short licence below a long one.
        if chosen.score <= THRESHOLD || words.count_beside(chosen.entry) >= LEAST {
            file.parts = parts(text, words);
        }
        if file.parts.len() == 1 && file.whole.is_some() {
            file.parts.clear();
        }
        file
    }

    /// The ids of all licences in the file: the whole, the parts and the tags, each once.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        let found = self.whole.iter().chain(self.parts.iter().map(|part| &part.license)).map(|m| m.id);
        let tagged = self.tags.iter().flat_map(|tag| tag.expression.ids.iter().map(String::as_str));
        let mut ids = Vec::new();
        for id in found.chain(tagged) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }
}

/// A text of the list and how alike it is.
#[derive(Clone, Copy)]
struct Scored {
    entry: &'static sketch::Entry,
    score: f32,
}

/// What a text is most like.
struct Best {
    /// By the measure alone.
    by_measure: Scored,
    /// Another one that is alike enough and leaves less of the text unexplained.
    chosen: Option<Scored>,
}

impl Scored {
    fn to_match(self) -> Match {
        Match {
            id: self.entry.id,
            aliases: self.entry.aliases.clone(),
            is_header: self.entry.is_header,
            // In single precision a whole match is exactly 1; the rest is cut.
            confidence: (self.score * 1000.0) as u16,
        }
    }
}

/// The text of the list that `text` is most like; `None` if none is near at all.
fn best_match(text: &str, words: &sketch::Words) -> Option<Best> {
    let near = sketch::near(words);
    if near.is_empty() {
        return None;
    }
    let data = TextData::new(text);
    let mut scored: Vec<Scored> = Vec::new();
    let mut top = 0.0_f32;
    for candidate in near {
        // What the sketches say is off by less than this; near the top, by less still.
        let margin = if top > 0.95 { 0.15 } else { 0.25 };
        if top >= 1.0 || candidate.alike + margin < top {
            break;
        }
        let score = data.match_score(&TextData::new(&candidate.entry.text()));
        top = top.max(score);
        scored.push(Scored { entry: candidate.entry, score });
    }
    // The list is in order of ids, and of two texts that are equally alike the first one counts.
    let by_measure = *scored
        .iter()
        .max_by(|a, b| a.score.total_cmp(&b.score).then(b.entry.at.cmp(&a.entry.at)))
        .filter(|best| best.score > 0.0)?;
    let mut chosen = None;
    let mut beside = words.count_beside(by_measure.entry);
    for other in scored.iter().filter(|s| s.score > THRESHOLD && by_measure.score < 1.0) {
        let count = words.count_beside(other.entry);
        // A word or two more or less is chance; what is chosen must explain all of the text but a hundredth.
        if count + 5 < beside && count * 100 <= words.count() {
            (beside, chosen) = (count, Some(*other));
        }
    }
    Some(Best { by_measure, chosen })
}

/// The licences in `text`, one after the other: the best window for each text that seems to be held is measured,
/// the best of them taken and its lines left out of what is looked at next.
fn parts(text: &str, mut words: sketch::Words) -> Vec<Part> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut found = Vec::new();
    while found.len() < MAX_PARTS {
        let mut best: Option<(Scored, std::ops::Range<usize>)> = None;
        for entry in sketch::held(&words) {
            let Some(window) = words.window(entry) else { continue };
            let data = TextData::new(&lines[window.clone()].join("\n"));
            let score = data.match_score(&TextData::new(&entry.text()));
            let size = |e: &sketch::Entry| e.count;
            // Of what is alike enough the longest counts: a BSD-3-Clause holds a BSD-2-Clause.
            let better = best.as_ref().is_none_or(|(b, _)| {
                (score > b.score && size(entry) * 2 > size(b.entry)) || size(entry) > size(b.entry) * 2
            });
            if score > THRESHOLD && better {
                best = Some((Scored { entry, score }, window));
            }
        }
        let Some((scored, window)) = best else { break };
        let held = lines[window.clone()].join("\n");
        let scored =
            best_match(&held, &sketch::Words::of(&held)).and_then(|best| best.chosen).unwrap_or(scored);
        words.blank(&window);
        let line = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
        found.push(Part {
            license: scored.to_match(),
            line: line(window.start),
            end_line: line(window.end - 1),
        });
    }
    found.sort_by_key(|part| part.line);
    found
}

fn tags(text: &str) -> Vec<Tag> {
    // Written apart, so that this file does not seem to have one.
    const MARK: &str = concat!("SPDX-License", "-Identifier:");
    let mut tags = Vec::new();
    if memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_none() {
        return tags;
    }
    for (n, line) in text.lines().enumerate().take(100_000) {
        let Some((_, rest)) = line.split_once(MARK) else { continue };
        // A comment may end on the line.
        let end =
            ["*/", "-->", "#}", "\"", "'", "`", "//", "}}", "<"].iter().filter_map(|e| rest.find(e)).min();
        let expression = rest[..end.unwrap_or(rest.len())].trim();
        if !expression.is_empty() && expression.len() <= 1000 && tags.len() < 1000 {
            let line = u32::try_from(n + 1).unwrap_or(u32::MAX);
            tags.push(Tag { line, expression: Expression::parse(expression) });
        }
    }
    tags
}

#[cfg(test)]
mod tests;
