//! [`Index`]: which of many conditions can hold at all, from the values of a few fields.
//!
//! For most conditions there is a comparison that has to hold for the condition to hold: `proc.name in (nc, ncat)` among what
//! `and` joins. The index looks the field's value up once for all conditions, by equality, as the beginning or end of text, or
//! as part of it, and leaves those to be decided whose comparison holds, with those that have no such comparison. What it
//! leaves out is false, so running only the rest changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use foldhash::fast::RandomState;

use crate::arena::{AtomId, Fold, Node, OperandId, Test};
use crate::fields::Presence;
use crate::matching::{Matcher, Order, glob, path};
use crate::program::{ConditionId, Program};
use crate::run::Run;
use crate::value::Value;

/// With fewer conditions than this there is no index.
const MIN_CONDITIONS: usize = 4;

/// A field is looked up in one way only if it spares at least so many conditions.
const MIN_SPARED: usize = 2;

/// The most keys that one condition is found by.
const MAX_KEYS: usize = 512;

/// Shorter parts of text are found too often to be worth looking for.
const MIN_PART: usize = 3;

/// Finds the conditions that can hold. Made for some conditions of one program, in the order in which they are to be decided.
#[derive(Debug)]
pub struct Index {
    len: usize,
    /// Conditions that are always to be decided.
    always: Vec<u64>,
    lookups: Vec<Lookup>,
}

/// The conditions that are left to be decided, as positions in the order that the [`Index`] was made with. To be used again
/// and again.
#[derive(Debug, Default)]
pub struct Candidates {
    words: Vec<u64>,
    buffer: Vec<u8>,
}

impl Candidates {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first position at or after `from`.
    pub fn next_from(&self, from: usize) -> Option<usize> {
        let mut at = from / 64;
        let mut word = self.words.get(at)? & (u64::MAX << (from % 64));
        while word == 0 {
            at += 1;
            word = *self.words.get(at)?;
        }
        Some(at * 64 + word.trailing_zeros() as usize)
    }

    /// The positions in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let mut next = 0;
        std::iter::from_fn(move || {
            let found = self.next_from(next)?;
            next = found + 1;
            Some(found)
        })
    }

    fn add(&mut self, positions: &[u32]) {
        for position in positions {
            if let Some(word) = self.words.get_mut(*position as usize / 64) {
                *word |= 1 << (position % 64);
            }
        }
    }
}

/// How one operand is looked up.
#[derive(Debug)]
struct Lookup {
    operand: OperandId,
    /// The conditions that it finds.
    all: Box<[u32]>,
    texts: HashMap<Box<[u8]>, Box<[u32]>, RandomState>,
    numbers: HashMap<i128, Box<[u32]>, RandomState>,
    addresses: HashMap<IpAddr, Box<[u32]>, RandomState>,
    beginnings: Beginnings,
    /// Backwards.
    endings: Beginnings,
    parts: Option<Parts>,
    /// In any letter case.
    folded_parts: Option<Parts>,
    /// Directories, as components joined by slashes.
    directories: HashMap<Box<[u8]>, Box<[u32]>, RandomState>,
}

/// What has to hold of an operand's value for a condition to hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Text(Box<[u8]>),
    Number(i128),
    Address(IpAddr),
    Beginning(Box<[u8]>),
    /// Backwards.
    Ending(Box<[u8]>),
    Part(Box<[u8]>),
    /// In lower case.
    FoldedPart(Box<[u8]>),
    /// Components joined by slashes.
    Directory(Box<[u8]>),
}

impl Key {
    /// Conditions with keys of the same sort are found together.
    fn sort(&self) -> u8 {
        match self {
            Key::Text(_) | Key::Number(_) | Key::Address(_) => 0,
            Key::Beginning(_) => 1,
            Key::Ending(_) => 2,
            Key::Part(_) => 3,
            Key::FoldedPart(_) => 4,
            Key::Directory(_) => 5,
        }
    }

    /// How likely it is to be found in vain, roughly.
    fn cost(&self) -> u64 {
        match self {
            Key::Text(_) | Key::Number(_) | Key::Address(_) => 1,
            Key::Beginning(text) | Key::Ending(text) | Key::Directory(text) => {
                2 + 8 / (text.len() as u64).max(1)
            }
            Key::Part(text) | Key::FoldedPart(text) => 4 + 16 / (text.len() as u64).max(1),
        }
    }
}

/// The atoms of which one has to hold.
#[derive(Clone)]
struct Required {
    cost: u64,
    atoms: Vec<AtomId>,
}

impl Index {
    /// An index of these conditions of the program.
    pub fn new(program: &Program, conditions: &[ConditionId]) -> Self {
        let worth = if conditions.len() < MIN_CONDITIONS { usize::MAX } else { MIN_SPARED };
        Index::with_minimum(program, conditions, worth)
    }

    /// An index that looks a field up in one way only if that spares at least `minimum` conditions.
    pub fn with_minimum(program: &Program, conditions: &[ConditionId], minimum: usize) -> Self {
        let len = conditions.len();
        let mut index = Index { len, always: vec![0; len.div_ceil(64)], lookups: Vec::new() };
        let required = if minimum > len { vec![None; len] } else { required(program, conditions) };
        let keys: Vec<Option<Vec<(OperandId, Key)>>> =
            required.into_iter().map(|required| all_keys(program, &required?)).collect();
        let mut sorts: HashMap<(OperandId, u8), usize, RandomState> = HashMap::default();
        for keys in keys.iter().flatten() {
            let mut own: Vec<_> = keys.iter().map(|(operand, key)| (*operand, key.sort())).collect();
            own.sort_unstable();
            own.dedup();
            for sort in own {
                *sorts.entry(sort).or_default() += 1;
            }
        }
        let mut found: BTreeMap<OperandId, BTreeMap<Key, Vec<u32>>> = BTreeMap::new();
        for (position, keys) in (0_u32..).zip(keys) {
            let worth = |(operand, key): &(OperandId, Key)| {
                sorts.get(&(*operand, key.sort())).is_some_and(|count| *count >= minimum)
            };
            match keys {
                Some(keys) if keys.iter().all(worth) => {
                    for (operand, key) in keys {
                        let positions = found.entry(operand).or_default().entry(key).or_default();
                        if positions.last() != Some(&position) {
                            positions.push(position);
                        }
                    }
                }
                _ => {
                    if let Some(word) = index.always.get_mut(position as usize / 64) {
                        *word |= 1 << (position % 64);
                    }
                }
            }
        }
        index.lookups = found.into_iter().map(|(operand, keys)| Lookup::new(operand, keys)).collect();
        index
    }

    /// How many conditions it was made for.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it was made for none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many conditions are decided whatever the fields' values.
    pub fn always(&self) -> usize {
        self.always.iter().map(|word| word.count_ones() as usize).sum()
    }
}

impl Run<'_> {
    /// Finds the conditions of the index that can hold; all others do not. The index has to be of the program that is run.
    pub fn candidates(&mut self, index: &Index, candidates: &mut Candidates) {
        candidates.words.clear();
        candidates.words.extend_from_slice(&index.always);
        for lookup in &index.lookups {
            let slot = self.operand(lookup.operand);
            match slot.presence {
                Presence::Absent => {}
                // Its comparisons are unknown, so the conditions can be.
                Presence::Unavailable => candidates.add(&lookup.all),
                Presence::Present => {
                    for value in self.slot_values(slot) {
                        lookup.find(value, candidates);
                    }
                }
            }
        }
    }
}

impl Lookup {
    fn new(operand: OperandId, keys: BTreeMap<Key, Vec<u32>>) -> Self {
        let all: BTreeSet<u32> = keys.values().flatten().copied().collect();
        let mut lookup = Lookup {
            operand,
            all: all.into_iter().collect(),
            texts: HashMap::default(),
            numbers: HashMap::default(),
            addresses: HashMap::default(),
            beginnings: Beginnings::default(),
            endings: Beginnings::default(),
            parts: None,
            folded_parts: None,
            directories: HashMap::default(),
        };
        let (mut beginnings, mut endings) = (Vec::new(), Vec::new());
        let (mut parts, mut folded_parts) = (Vec::new(), Vec::new());
        for (key, positions) in keys {
            let positions = positions.into_boxed_slice();
            match key {
                Key::Text(text) => _ = lookup.texts.insert(text, positions),
                Key::Number(number) => _ = lookup.numbers.insert(number, positions),
                Key::Address(address) => _ = lookup.addresses.insert(address, positions),
                Key::Beginning(text) => beginnings.push((text, positions)),
                Key::Ending(text) => endings.push((text, positions)),
                Key::Part(text) => parts.push((text, positions)),
                Key::FoldedPart(text) => folded_parts.push((text, positions)),
                Key::Directory(path) => _ = lookup.directories.insert(path, positions),
            }
        }
        lookup.beginnings = Beginnings::new(beginnings);
        lookup.endings = Beginnings::new(endings);
        lookup.parts = Parts::new(parts, false);
        lookup.folded_parts = Parts::new(folded_parts, true);
        lookup
    }

    fn find(&self, value: Value<'_>, candidates: &mut Candidates) {
        match value {
            Value::Text(bytes) | Value::Bytes(bytes) => {
                if !self.texts.is_empty()
                    && let Some(positions) = self.texts.get(bytes)
                {
                    candidates.add(positions);
                }
                self.beginnings.find(bytes.iter().copied(), candidates);
                self.endings.find(bytes.iter().rev().copied(), candidates);
                for parts in self.parts.iter().chain(&self.folded_parts) {
                    parts.find(bytes, candidates);
                }
                self.find_directories(bytes, candidates);
            }
            Value::Int(number) => self.find_number(number.into(), candidates),
            Value::Uint(number) => self.find_number(number.into(), candidates),
            Value::Ip(address) => {
                if let Some(positions) = self.addresses.get(&address) {
                    candidates.add(positions);
                }
            }
            Value::Bool(_) | Value::Float(_) | Value::Net(_) => {}
        }
    }

    fn find_directories(&self, bytes: &[u8], candidates: &mut Candidates) {
        if self.directories.is_empty() {
            return;
        }
        let mut path = std::mem::take(&mut candidates.buffer);
        path.clear();
        for component in path::components(bytes) {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(component);
            if let Some(positions) = self.directories.get(path.as_slice()) {
                candidates.add(positions);
            }
        }
        candidates.buffer = path;
    }

    fn find_number(&self, number: i128, candidates: &mut Candidates) {
        if let Some(positions) = self.numbers.get(&number) {
            candidates.add(positions);
        }
    }
}

/// A text, and the conditions that it finds.
type Entry = (Box<[u8]>, Box<[u32]>);

/// Texts that others begin with, in ascending order.
///
/// All that a text begins with lie on one chain: from the last that is not greater than it, each followed by the longest that
/// it begins with itself.
#[derive(Debug, Default)]
struct Beginnings {
    entries: Vec<Beginning>,
}

#[derive(Debug)]
struct Beginning {
    text: Box<[u8]>,
    positions: Box<[u32]>,
    /// The longest other entry that the text begins with.
    next: Option<u32>,
}

impl Beginnings {
    fn new(entries: Vec<Entry>) -> Self {
        let mut all: Vec<Beginning> = Vec::with_capacity(entries.len());
        // Keys come in ascending order, so what a text begins with comes before it.
        for (text, positions) in entries {
            let mut next = all.len().checked_sub(1);
            while let Some(entry) = next.and_then(|at| all.get(at)) {
                if text.starts_with(&entry.text) {
                    break;
                }
                next = entry.next.map(|at| at as usize);
            }
            let next = next.and_then(|at| u32::try_from(at).ok());
            all.push(Beginning { text, positions, next });
        }
        Beginnings { entries: all }
    }

    fn find(&self, text: impl Iterator<Item = u8> + Clone, candidates: &mut Candidates) {
        if self.entries.is_empty() {
            return;
        }
        let greater = self.entries.partition_point(|entry| entry.text.iter().copied().le(text.clone()));
        let mut next = greater.checked_sub(1);
        while let Some(entry) = next.and_then(|at| self.entries.get(at)) {
            let mut text = text.clone();
            if entry.text.iter().all(|byte| text.next() == Some(*byte)) {
                candidates.add(&entry.positions);
            }
            next = entry.next.map(|at| at as usize);
        }
    }
}

/// Texts that are looked for anywhere in others.
#[derive(Debug)]
struct Parts {
    automaton: AhoCorasick,
    positions: Vec<Box<[u32]>>,
}

impl Parts {
    /// `None` for none.
    fn new(entries: Vec<Entry>, fold: bool) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let (texts, positions): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        // It can only fail for more text than there can be in rules: keys are limited.
        let automaton = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(fold)
            .build(texts)
            .ok()?;
        Some(Parts { automaton, positions })
    }

    fn find(&self, text: &[u8], candidates: &mut Candidates) {
        for found in self.automaton.find_overlapping_iter(text) {
            if let Some(positions) = self.positions.get(found.pattern().as_usize()) {
                candidates.add(positions);
            }
        }
    }
}

/// Of each condition atoms of which one has to hold, if there are such atoms that can be looked up.
fn required(program: &Program, conditions: &[ConditionId]) -> Vec<Option<Required>> {
    // An atom that many conditions share tells little, and is decided once for all of them anyway.
    let mut uses = vec![0_u64; program.nodes.len()];
    let roots: Vec<_> = conditions.iter().filter_map(|condition| program.root(*condition)).collect();
    for root in &roots {
        if let Some(count) = uses.get_mut(root.index()) {
            *count += 1;
        }
    }
    for (at, node) in program.nodes.iter().enumerate().rev() {
        let own = uses.get(at).copied().unwrap_or_default();
        for child in node.children() {
            if let Some(count) = uses.get_mut(child.index()) {
                *count = count.saturating_add(own);
            }
        }
    }
    let mut found: Vec<Option<Required>> = Vec::with_capacity(program.nodes.len());
    for (node, uses) in program.nodes.iter().zip(&uses) {
        let of = |child: &crate::arena::NodeId| found.get(child.index()).and_then(Option::as_ref);
        let required = match node {
            _ if *uses == 0 => None,
            Node::Const(false) => Some(Required { cost: 0, atoms: Vec::new() }),
            Node::Const(true) | Node::Not(_) => None,
            Node::Atom(atom) => atom_keys(program, *atom).map(|(_, keys)| Required {
                cost: keys.iter().map(Key::cost).sum::<u64>().saturating_mul(*uses),
                atoms: vec![*atom],
            }),
            Node::And(children) => children.iter().filter_map(of).min_by_key(|child| child.cost).cloned(),
            Node::Or(children) => {
                children.iter().try_fold(Required { cost: 0, atoms: Vec::new() }, |mut all, child| {
                    let child = of(child)?;
                    all.cost = all.cost.saturating_add(child.cost);
                    all.atoms.extend(&child.atoms);
                    (all.atoms.len() <= MAX_KEYS).then_some(all)
                })
            }
        };
        found.push(required);
    }
    conditions
        .iter()
        .map(|condition| found.get(program.root(*condition)?.index()).cloned().flatten())
        .collect()
}

fn all_keys(program: &Program, required: &Required) -> Option<Vec<(OperandId, Key)>> {
    let mut all = Vec::new();
    for atom in &required.atoms {
        let (operand, keys) = atom_keys(program, *atom)?;
        all.extend(keys.into_iter().map(|key| (operand, key)));
    }
    (all.len() <= MAX_KEYS).then_some(all)
}

/// The keys of which one is found whenever the atom holds.
fn atom_keys(program: &Program, atom: AtomId) -> Option<(OperandId, Vec<Key>)> {
    let atom = program.atoms.atoms.get(atom.index())?;
    let Test::Match(fold, matcher) = &atom.test else { return None };
    // Of `All` nothing is found when there are no values, and it holds.
    if *fold == Fold::All {
        return None;
    }
    Some((atom.left, matcher_keys(matcher)?))
}

fn matcher_keys(matcher: &Matcher) -> Option<Vec<Key>> {
    let keys = match matcher {
        Matcher::Number(Order::Equal, number) => vec![Key::Number(*number)],
        Matcher::NumberIn(numbers) if numbers.len() <= MAX_KEYS => {
            numbers.iter().copied().map(Key::Number).collect()
        }
        Matcher::Bytes(Order::Equal, text) => vec![Key::Text(text.clone())],
        Matcher::BytesIn(set) if set.len() <= MAX_KEYS => set.iter().cloned().map(Key::Text).collect(),
        Matcher::Contains(finder) if finder.needle().len() >= MIN_PART => {
            vec![Key::Part(finder.needle().into())]
        }
        Matcher::StartsWith(text) if !text.is_empty() => vec![Key::Beginning(text.clone())],
        Matcher::EndsWith(text) if !text.is_empty() => {
            vec![Key::Ending(text.iter().rev().copied().collect())]
        }
        Matcher::ContainsFolded(text) if text.len() >= MIN_PART => vec![Key::FoldedPart(text.clone())],
        Matcher::Glob { pattern, fold: false } => match glob::ends(pattern) {
            (_, end) if end.len() >= MIN_PART => vec![Key::Ending(end.iter().rev().copied().collect())],
            (start, _) if !start.is_empty() => vec![Key::Beginning(start.into())],
            _ => return None,
        },
        Matcher::Under(paths) => paths.plain()?.into_iter().map(Key::Directory).collect(),
        Matcher::Address(address) => vec![Key::Address(*address)],
        Matcher::AddressIn(addresses) if addresses.len() <= MAX_KEYS => {
            addresses.iter().copied().map(Key::Address).collect()
        }
        Matcher::Any(matchers) | Matcher::One(matchers) => {
            let mut all = Vec::new();
            for matcher in matchers {
                all.extend(matcher_keys(matcher)?);
            }
            all
        }
        Matcher::All(matchers) => matchers
            .iter()
            .filter_map(matcher_keys)
            .min_by_key(|keys| keys.iter().map(Key::cost).sum::<u64>())?,
        _ => return None,
    };
    (keys.len() <= MAX_KEYS).then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_found_as_by_trying_each() {
        let mut random = fastrand::Rng::with_seed(7);
        let text = |random: &mut fastrand::Rng, max: usize| -> Box<[u8]> {
            (0..random.usize(0..=max)).map(|_| *random.choice(b"ab/").unwrap_or(&b'a')).collect()
        };
        for _ in 0..500 {
            let keys: BTreeSet<_> = (0..random.usize(0..40))
                .map(|_| text(&mut random, 5))
                .filter(|key| !key.is_empty())
                .collect();
            let entries: Vec<_> = keys
                .iter()
                .zip(0_u32..)
                .map(|(key, at)| (key.clone(), vec![at].into_boxed_slice()))
                .collect();
            let beginnings = Beginnings::new(entries.clone());
            for _ in 0..20 {
                let value = text(&mut random, 8);
                let mut found = Candidates { words: vec![0], buffer: Vec::new() };
                beginnings.find(value.iter().copied(), &mut found);
                let expected: Vec<_> = entries
                    .iter()
                    .zip(0..)
                    .filter(|((key, _), _)| value.starts_with(key))
                    .map(|(_, at)| at)
                    .collect();
                assert_eq!(found.iter().collect::<Vec<usize>>(), expected, "{value:?} in {entries:?}");
            }
        }
    }

    #[test]
    fn candidates_come_in_order() {
        let mut candidates = Candidates { words: vec![0; 4], buffer: Vec::new() };
        candidates.add(&[200, 0, 63, 64, 127]);
        assert_eq!(candidates.iter().collect::<Vec<_>>(), [0, 63, 64, 127, 200]);
        assert_eq!(candidates.next_from(128), Some(200));
        assert_eq!(candidates.next_from(201), None);
        assert_eq!(candidates.next_from(1000), None);
    }
}
