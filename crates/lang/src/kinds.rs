//! Which kinds a condition can match: the set algebra over a schema's discriminant, as Falco does it for `evt.type`.

use crate::schema::Kind;

/// A set of a schema's kinds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KindSet {
    len: u32,
    words: Vec<u64>,
}

impl KindSet {
    /// No kind out of `len`.
    pub fn empty(len: u32) -> Self {
        KindSet { len, words: vec![0; (len as usize).div_ceil(64)] }
    }

    /// All of `len` kinds.
    pub fn all(len: u32) -> Self {
        KindSet::empty(len).complement()
    }

    /// Adds a kind; one that is not among the kinds is left out.
    pub fn insert(&mut self, kind: Kind) {
        if kind.0 < self.len
            && let Some(word) = self.words.get_mut((kind.0 / 64) as usize)
        {
            *word |= 1 << (kind.0 % 64);
        }
    }

    /// Whether the kind is in the set.
    pub fn contains(&self, kind: Kind) -> bool {
        kind.0 < self.len
            && self.words.get((kind.0 / 64) as usize).is_some_and(|word| word & (1 << (kind.0 % 64)) != 0)
    }

    /// Whether all kinds are in the set.
    pub fn is_all(&self) -> bool {
        self.count() == self.len
    }

    /// Whether no kind is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// How many kinds are in the set.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// The kinds in the set, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Kind> + '_ {
        (0..self.len).map(Kind).filter(|kind| self.contains(*kind))
    }

    /// The kinds that are not in the set.
    #[must_use]
    pub fn complement(mut self) -> Self {
        for word in &mut self.words {
            *word = !*word;
        }
        if let (Some(last), tail @ 1..) = (self.words.last_mut(), self.len % 64) {
            *last &= (1 << tail) - 1;
        }
        self
    }

    /// The kinds that are in both sets.
    #[must_use]
    pub fn intersection(mut self, other: &KindSet) -> Self {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
        self
    }

    /// The kinds that are in either set.
    #[must_use]
    pub fn union(mut self, other: &KindSet) -> Self {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_obey_their_algebra() {
        for len in [0, 1, 63, 64, 65, 450] {
            let all = KindSet::all(len);
            assert_eq!(all.count(), len);
            assert!(all.is_all());
            assert!(all.clone().complement().is_empty());
            let mut odd = KindSet::empty(len);
            (0..len + 10).filter(|k| k % 2 == 1).for_each(|k| odd.insert(Kind(k)));
            assert_eq!(odd.iter().count() as u32, len / 2);
            let even = odd.clone().complement();
            assert!(odd.clone().intersection(&even).is_empty());
            assert!(odd.union(&even).is_all());
            assert!(!all.contains(Kind(len)));
        }
    }
}
