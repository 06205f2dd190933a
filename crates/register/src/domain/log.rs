//! The log: [`Entry`], a fact with its number and the hash of the one before it, and [`Log`], the entries in the order they were
//! written. An entry's hash is SHA-256 of its [`Body`] as JSON, which names the hash before it: who changes, removes or moves an
//! entry breaks the chain from there on.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::fact::{Draft, Recorded};

/// SHA-256 of an entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// What the first entry names as the hash before it.
    pub const ZERO: Digest = Digest([0; 32]);

    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::str::FromStr for Digest {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("`{text}` is no SHA-256 in hexadecimal");
        if text.len() != 64 || !text.is_ascii() {
            return Err(error());
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| error())?;
        }
        Ok(Digest(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

/// What an entry's hash is taken of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Its number, from 1, without gaps.
    pub entry: u64,
    /// When it was written.
    pub recorded: Timestamp,
    /// The hash of the entry before it.
    pub previous: Digest,
    /// What was written.
    #[serde(flatten)]
    pub draft: Draft,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub body: Body,
    /// That as JSON, byte for byte as it was hashed: a later version may write the same fact in another form.
    pub text: String,
    /// The hash of that.
    pub digest: Digest,
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// An entry's text is not what was hashed.
    #[error("entry {entry} was changed: its hash is {found}, not {expected}")]
    Changed {
        /// Its number.
        entry: u64,
        /// The hash that is kept with it.
        expected: Digest,
        /// The hash of its text.
        found: Digest,
    },
    /// An entry does not follow the one before it.
    #[error("entry {entry} does not follow entry {}: an entry was removed, added or changed there", entry.saturating_sub(1))]
    Broken {
        /// Its number.
        entry: u64,
    },
    /// The numbers have a gap.
    #[error("entry {expected} is missing: entry {found} stands in its place")]
    Gap {
        /// The number that should be there.
        expected: u64,
        /// The number that is.
        found: u64,
    },
    /// An entry's text is no entry.
    #[error("entry {entry} cannot be read: {message}")]
    Unreadable {
        /// Its number.
        entry: u64,
        /// Why.
        message: String,
    },
    /// The last entry is not the one that it should be.
    #[error("the log ends with {found}, not with {expected}: entries at its end were removed or rewritten")]
    Head {
        /// The hash that the last entry should have.
        expected: Digest,
        /// The one that it has.
        found: Digest,
    },
    /// An entry is written before the one before it.
    #[error("entry {entry} was recorded before the entry before it")]
    Clock {
        /// Its number.
        entry: u64,
    },
}

impl LogError {
    /// The number of the first bad entry, if it is an entry that is bad.
    pub fn entry(&self) -> Option<u64> {
        match self {
            LogError::Changed { entry, .. }
            | LogError::Broken { entry }
            | LogError::Unreadable { entry, .. }
            | LogError::Clock { entry } => Some(*entry),
            LogError::Gap { expected, .. } => Some(*expected),
            LogError::Head { .. } => None,
        }
    }
}

/// The entries in the order they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    entries: Vec<Entry>,
}

impl Log {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// The log that these stored entries are: number, text and hash of each.
    ///
    /// # Errors
    /// The first entry that is not what was written.
    pub fn verified(rows: impl IntoIterator<Item = (u64, String, Digest)>) -> Result<Self, LogError> {
        let mut log = Log::new();
        for (number, text, digest) in rows {
            let expected = log.next_number();
            if number != expected {
                return Err(LogError::Gap { expected, found: number });
            }
            let found = Digest::of(text.as_bytes());
            if found != digest {
                return Err(LogError::Changed { entry: number, expected: digest, found });
            }
            let body: Body = serde_json::from_str(&text)
                .map_err(|error| LogError::Unreadable { entry: number, message: error.to_string() })?;
            if body.entry != number || body.previous != log.head() {
                return Err(LogError::Broken { entry: number });
            }
            if log.entries.last().is_some_and(|last| body.recorded < last.body.recorded) {
                return Err(LogError::Clock { entry: number });
            }
            log.entries.push(Entry { body, text, digest });
        }
        Ok(log)
    }

    /// The entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with this number.
    pub fn entry(&self, number: u64) -> Option<&Entry> {
        usize::try_from(number).ok()?.checked_sub(1).and_then(|at| self.entries.get(at))
    }

    /// The hash of the last entry.
    pub fn head(&self) -> Digest {
        self.entries.last().map_or(Digest::ZERO, |entry| entry.digest)
    }

    /// The number of the next entry.
    pub fn next_number(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    /// Adds an entry. A clock that went back does not: the entry is then recorded at the time of the one before it, so that
    /// "as recorded on a day" always means a beginning of the log.
    ///
    /// # Errors
    /// If the fact cannot be written as JSON, which would be a mistake of ours.
    pub fn push(&mut self, recorded: Recorded) -> Result<&Entry, LogError> {
        let number = self.next_number();
        let last = self.entries.last().map(|last| last.body.recorded);
        let when = last.map_or(recorded.recorded, |last| last.max(recorded.recorded));
        let body = Body { entry: number, recorded: when, previous: self.head(), draft: recorded.draft };
        let text = serde_json::to_string(&body)
            .map_err(|error| LogError::Unreadable { entry: number, message: error.to_string() })?;
        self.push_as_written(body, text);
        let at = self.entries.len() - 1;
        Ok(&self.entries[at])
    }

    /// Adds an entry that was written in this form, which may be that of an earlier version.
    pub(crate) fn push_as_written(&mut self, body: Body, text: String) {
        let digest = Digest::of(text.as_bytes());
        self.entries.push(Entry { body, text, digest });
    }
}
