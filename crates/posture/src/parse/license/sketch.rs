//! Which licences a text may be or hold, at a glance.
//!
//! A text is the set of its pairs of words, hashed. The sketch of a licence is the 24 least hashes of its set,
//! which are a fair sample: the share of them that another set has tells how much of the licence it holds. The
//! sketches and the headers are made from the SPDX list by a test and kept beside this file, so that nothing
//! needs to be unpacked or hashed to use them.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    ops::Range,
    sync::LazyLock,
};

/// How many hashes a sketch has.
#[cfg(test)]
pub(super) const K: usize = 24;

static SKETCHES: &str = include_str!("sketches.txt");
static HEADERS: &str = include_str!("headers.txt");

/// A text of the list.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: &'static str,
    pub(super) aliases: Vec<&'static str>,
    pub(super) is_header: bool,
    /// Its place in the list.
    pub(super) at: usize,
    /// How many different pairs of words it has.
    pub(super) count: usize,
    sketch: Vec<u32>,
}

/// An entry that is near a text.
pub(super) struct Near {
    pub(super) entry: &'static Entry,
    /// How alike they are, by guess: the Dice coefficient of the sets.
    pub(super) alike: f32,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    SKETCHES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .enumerate()
        .filter_map(|(at, line)| entry(at, line))
        .collect()
});

/// `text|header`, id, aliases or `-`, count, hashes in hexadecimal, with tabs between.
fn entry(at: usize, line: &'static str) -> Option<Entry> {
    let mut columns = line.split('\t');
    let is_header = columns.next()? == "header";
    let id = columns.next()?;
    let aliases = columns.next()?.split(' ').filter(|alias| *alias != "-").collect();
    let count = columns.next()?.parse().ok()?;
    let sketch = columns.next()?.split(' ').filter_map(|hash| u32::from_str_radix(hash, 16).ok()).collect();
    Some(Entry { id, aliases, is_header, at, count, sketch })
}

impl Entry {
    /// The text itself; of a header, as the measure leaves it.
    pub(super) fn text(&self) -> Cow<'static, str> {
        if !self.is_header {
            return Cow::Borrowed(spdx::license_id(self.id).map_or("", spdx::LicenseId::text));
        }
        let mut lines = HEADERS.lines().skip_while(|line| line.strip_prefix("== ") != Some(self.id)).skip(1);
        let mut text = String::new();
        for line in lines.by_ref().take_while(|line| !line.starts_with("== ")) {
            text.push_str(line);
            text.push('\n');
        }
        Cow::Owned(text)
    }

    /// The share of its sketch that is in `set`.
    fn share(&self, set: &HashSet<u32>) -> f32 {
        let hits = self.sketch.iter().filter(|hash| set.contains(hash)).count();
        if self.sketch.is_empty() { 0.0 } else { hits as f32 / self.sketch.len() as f32 }
    }
}

/// All entries, in order of ids, texts before headers.
#[cfg(test)]
pub(super) fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// The entries that `words` as a whole may be, the likeliest first; if none may be, the one that is nearest.
pub(super) fn near(words: &Words) -> Vec<Near> {
    let set = words.set();
    let mut all: Vec<(Near, f32)> = ENTRIES
        .iter()
        .map(|entry| {
            let share = entry.share(&set);
            let alike = 2.0 * share * entry.count as f32 / (entry.count + set.len()) as f32;
            (Near { entry, alike }, share)
        })
        .filter(|(near, _)| near.alike > 0.05)
        .collect();
    all.sort_by(|(a, _), (b, _)| b.alike.total_cmp(&a.alike));
    // Half of the sketch, since copyright lines, which are not measured, may be most of a short licence's file.
    let enough = all.iter().filter(|(_, share)| *share >= 0.5).count();
    if enough > 0 {
        all.retain(|(_, share)| *share >= 0.5);
    }
    all.truncate(if enough > 0 { 40 } else { 1 });
    all.into_iter().map(|(near, _)| near).collect()
}

/// The entries that `words` may hold somewhere: most of the sketch is there. The longest first.
pub(super) fn held(words: &Words) -> Vec<&'static Entry> {
    let set = words.set();
    let mut held: Vec<(&Entry, f32)> =
        ENTRIES.iter().map(|entry| (entry, entry.share(&set))).filter(|(_, share)| *share >= 0.7).collect();
    held.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(b.count.cmp(&a.count)));
    held.truncate(12);
    held.into_iter().map(|(entry, _)| entry).collect()
}

/// The words of a text by lines, as hashes.
pub(super) struct Words {
    /// For each line the hashes of the pairs that end in it.
    lines: Vec<Vec<u32>>,
}

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut before = None;
        let lines = text
            .split('\n')
            .map(|line| {
                let words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                let pairs = words.map(|word| {
                    let word = hash(word);
                    let first = before.replace(word).unwrap_or(0);
                    mix(first, word)
                });
                pairs.collect()
            })
            .collect();
        Self { lines }
    }

    pub(super) fn set(&self) -> HashSet<u32> {
        self.lines.iter().flatten().copied().collect()
    }

    /// How many different pairs the text has.
    pub(super) fn count(&self) -> usize {
        self.set().len()
    }

    /// How many different pairs of this text are not of `entry`.
    pub(super) fn count_beside(&self, entry: &Entry) -> usize {
        let of_entry = Self::of(&entry.text()).set();
        self.set().difference(&of_entry).count()
    }

    /// Take lines away.
    pub(super) fn blank(&mut self, range: &Range<usize>) {
        for line in &mut self.lines[range.clone()] {
            line.clear();
        }
    }

    /// The lines that are most of `entry` and least of anything else: the stretch with the greatest surplus of
    /// its pairs over other pairs. Each pair counts as often as the entry has it, so that a second copy is
    /// something else.
    pub(super) fn window(&self, entry: &Entry) -> Option<Range<usize>> {
        let mut wanted: HashMap<u32, i64> = HashMap::new();
        for pair in Self::of(&entry.text()).lines.into_iter().flatten() {
            *wanted.entry(pair).or_default() += 1;
        }
        let mut best = (0_i64, 0..0);
        let (mut sum, mut start) = (0_i64, 0);
        let mut left = wanted.clone();
        for (at, line) in self.lines.iter().enumerate() {
            if sum <= 0 && start < at {
                (sum, start) = (0, at);
                left.clone_from(&wanted);
            }
            for pair in line {
                let count = left.get_mut(pair).filter(|count| **count > 0);
                match count {
                    Some(count) => {
                        *count -= 1;
                        sum += 1;
                    }
                    None => sum -= 1,
                }
            }
            if sum > best.0 {
                best = (sum, start..at + 1);
            }
        }
        (best.0 > 0).then_some(best.1)
    }
}

/// FNV-1a of a word, without case.
fn hash(word: &str) -> u32 {
    let mut hash = 0x811C_9DC5_u32;
    for c in word.chars().flat_map(char::to_lowercase) {
        hash = (hash ^ c as u32).wrapping_mul(0x0100_0193);
    }
    hash
}

/// Two hashes into one whose bits are all as good (the finalizer of MurmurHash3), so that the least of many are
/// a fair sample.
fn mix(first: u32, second: u32) -> u32 {
    let mut hash = first.rotate_left(13) ^ second.wrapping_mul(0x9E37_79B1);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
    hash ^ (hash >> 16)
}
