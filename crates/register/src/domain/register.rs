//! A register in memory: a [`Log`] with the state it comes to, and the one way to add to it. How it is kept is in `store`.

use jiff::Timestamp;

use super::date::DAWN;
use super::fact::{Draft, Fact, Recorded};
use super::log::{Log, LogError};
use super::state::{AsOf, Replayed, State, Violation, apply, replay};

/// A log with what follows from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Register {
    log: Log,
    replayed: Replayed,
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Rules forbid it; all that do.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rules(Vec<Violation>),
    /// It cannot be written.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Refusal {
    /// The rules that forbid it.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Refusal::Rules(violations) => violations,
            Refusal::Log(_) => &[],
        }
    }
}

impl Register {
    /// The register that a log comes to.
    pub fn new(log: Log) -> Self {
        let replayed = replay(log.entries(), AsOf::default());
        Register { log, replayed }
    }

    /// The register that a log comes to which begins with this one's.
    fn grown(&self, log: Log) -> Self {
        let (old, new) = log.entries().split_at(self.log.entries().len());
        let latest = old.iter().map(|entry| entry.body.draft.when.days().first).max();
        let mut replayed = self.replayed.clone();
        let mut latest = latest.unwrap_or(DAWN);
        for entry in new {
            let days = entry.body.draft.when.days();
            // What is certainly before something else, or takes something back, is replayed with all the rest.
            if days.last < latest || matches!(entry.body.draft.fact, Fact::EntryRetracted(_)) {
                return Register::new(log);
            }
            latest = latest.max(days.first);
            apply(&mut replayed, entry);
        }
        replayed.sort();
        Register { log, replayed }
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What is known, all of it.
    pub fn state(&self) -> &State {
        &self.replayed.state
    }

    /// What in the log breaks rules.
    pub fn violations(&self) -> &[Violation] {
        &self.replayed.violations
    }

    /// What was known at another time.
    pub fn as_of(&self, as_of: AsOf) -> Replayed {
        replay(self.log.entries(), as_of)
    }

    /// The register with these facts added, all of them or none, and what is to be said about them though they are taken. A fact
    /// of earlier days is checked together with all that came after it.
    ///
    /// # Errors
    /// Every rule that they break, or that others would break because of them.
    pub fn with(
        &self,
        drafts: Vec<Draft>,
        recorded: Timestamp,
    ) -> Result<(Register, Vec<Violation>), Refusal> {
        let drafts = drafts.into_iter().map(|draft| draft.at(recorded)).collect();
        self.with_recorded(drafts)
    }

    /// As [`Register::with`], each with the time it was written.
    ///
    /// # Errors
    /// As [`Register::with`].
    pub fn with_recorded(&self, drafts: Vec<Recorded>) -> Result<(Register, Vec<Violation>), Refusal> {
        let mut log = self.log.clone();
        for draft in drafts {
            log.push(draft)?;
        }
        let register = self.grown(log);
        let mut known: Vec<&Violation> = self.violations().iter().collect();
        let mut new = Vec::new();
        for violation in register.violations() {
            // Each known one excuses one, so that the same mistake made twice is seen.
            match known.iter().position(|known| *known == violation) {
                Some(at) => {
                    known.swap_remove(at);
                }
                None => new.push(violation.clone()),
            }
        }
        if new.iter().any(|violation| violation.refused) {
            new.retain(|violation| violation.refused);
            return Err(Refusal::Rules(new));
        }
        Ok((register, new))
    }
}
