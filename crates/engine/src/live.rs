//! [`LiveRules`]: the rule set in use, exchanged while events are judged.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::ruleset::RuleSet;

/// The rule set in use. Readers never wait: they judge by the set that was in use when they asked, until they ask again.
/// Exchanging it is one step for all sources, so a new set that does not come about leaves the old one as it is.
///
/// ```
/// use eyrie_engine::{LiveRules, RuleSet};
///
/// let live = LiveRules::new(RuleSet::default());
/// let now = live.current();
/// assert!(now.source("syscall").is_none());
/// live.replace(RuleSet::default());
/// ```
#[derive(Debug)]
pub struct LiveRules {
    set: ArcSwap<RuleSet>,
}

impl LiveRules {
    /// With this set in use.
    pub fn new(set: RuleSet) -> Self {
        LiveRules { set: ArcSwap::from_pointee(set) }
    }

    /// The set in use. Not to be kept longer than for one event or a few; [`snapshot`](LiveRules::snapshot) is for that.
    pub fn current(&self) -> Guard<Arc<RuleSet>> {
        self.set.load()
    }

    /// The set in use, to be kept.
    pub fn snapshot(&self) -> Arc<RuleSet> {
        self.set.load_full()
    }

    /// Puts another set in its place, and returns the old one. What rules remember goes over to the rules of the new set that
    /// have not changed.
    pub fn replace(&self, set: RuleSet) -> Arc<RuleSet> {
        set.inherit(&self.set.load());
        self.set.swap(Arc::new(set))
    }

    /// Puts the set that `make` makes in its place, if it makes one.
    ///
    /// # Errors
    /// With what `make` fails with; then the old set stays in use.
    pub fn try_replace<E>(&self, make: impl FnOnce() -> Result<RuleSet, E>) -> Result<Arc<RuleSet>, E> {
        Ok(self.replace(make()?))
    }
}
