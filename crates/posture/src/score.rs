//! Counting: outcomes and weights to points, in integers.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::report::{CheckResult, Outcome, Score, Tally};

impl Tally {
    /// Points with their share, in tenths of a percent, rounded down.
    ///
    /// ```
    /// use eyrie_posture::report::Tally;
    /// assert_eq!(Tally::new(2499, 2500).percent, 999);
    /// assert_eq!(Tally::new(0, 0).percent, 0);
    /// ```
    pub fn new(earned: u32, possible: u32) -> Self {
        let percent = (u64::from(earned) * 1000).checked_div(u64::from(possible)).unwrap_or(0);
        Self { earned, possible, percent: u32::try_from(percent).unwrap_or(u32::MAX) }
    }

    /// Points of two together.
    #[must_use]
    pub fn plus(self, other: Tally) -> Self {
        Self::new(self.earned.saturating_add(other.earned), self.possible.saturating_add(other.possible))
    }

    /// Whether at least `tenths` of a percent were earned. Compares integers: 72 of 96 points are 75 %.
    pub fn reaches(self, tenths: u32) -> bool {
        u64::from(self.earned) * 1000 >= u64::from(self.possible) * u64::from(tenths)
    }
}

impl Score {
    /// Points for the results of checks.
    ///
    /// Earned is the weight of what passed or is exempt; possible is the weight of all but what does not apply, so an
    /// unknown costs its points, and `best_possible` gives them back.
    pub fn of(catalog: &Catalog, results: &[CheckResult], strict: bool) -> Self {
        let mut categories: BTreeMap<String, Tally> = BTreeMap::new();
        let (mut overall, mut best) = (Tally::default(), Tally::default());
        for result in results {
            let (earned, at_best) = match result.outcome {
                Outcome::Pass | Outcome::Exempt => (result.weight, result.weight),
                Outcome::Unknown => (0, result.weight),
                Outcome::Fail => (0, 0),
                Outcome::NotApplicable => continue,
            };
            if result.weight == 0 {
                continue;
            }
            let tally = Tally::new(earned, result.weight);
            let category = categories.entry(result.category.clone()).or_default();
            *category = category.plus(tally);
            overall = overall.plus(tally);
            best = best.plus(Tally::new(at_best, result.weight));
        }
        let clomonitor = strict.then(|| clomonitor(&catalog_order(catalog, &categories)));
        Self { overall, best_possible: best, rating: rating(catalog, overall), categories, clomonitor }
    }

    /// Points of several repositories together.
    pub fn merged<'s>(catalog: &Catalog, scores: impl IntoIterator<Item = &'s Score>) -> Self {
        let mut all = Score::default();
        let mut strict = false;
        for score in scores {
            all.overall = all.overall.plus(score.overall);
            all.best_possible = all.best_possible.plus(score.best_possible);
            for (category, tally) in &score.categories {
                let sum = all.categories.entry(category.clone()).or_default();
                *sum = sum.plus(*tally);
            }
            strict |= score.clomonitor.is_some();
        }
        all.rating = rating(catalog, all.overall);
        all.clomonitor = strict.then(|| clomonitor(&catalog_order(catalog, &all.categories)));
        all
    }
}

fn rating(catalog: &Catalog, overall: Tally) -> Option<String> {
    catalog.rating(overall.percent).filter(|_| overall.possible > 0).map(str::to_owned)
}

fn catalog_order<'t>(catalog: &Catalog, tallies: &'t BTreeMap<String, Tally>) -> Vec<(&'t str, Tally)> {
    let ids = catalog.categories.iter().filter_map(|category| tallies.get_key_value(&category.id));
    ids.map(|(id, tally)| (id.as_str(), *tally)).collect()
}

/// The numbers as CLOMonitor has them: per category 100 × earned / possible, overall their weighted mean, in floating
/// point.
fn clomonitor(tallies: &[(&str, Tally)]) -> BTreeMap<String, f64> {
    let mut numbers = BTreeMap::new();
    let (mut weighted, mut weights) = (0.0, 0.0);
    for (category, tally) in tallies {
        let (earned, possible) = (f64::from(tally.earned), f64::from(tally.possible));
        let score = earned / possible * 100.0;
        weighted += score * possible;
        weights += possible;
        numbers.insert((*category).to_owned(), score);
    }
    numbers.insert("global".to_owned(), if weights > 0.0 { weighted / weights } else { 0.0 });
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventy_two_of_ninety_six_reach_seventy_five_percent() {
        assert!(Tally::new(72, 96).reaches(750));
        assert!(!Tally::new(71, 96).reaches(750));
        assert!(!Tally::new(2499, 2500).reaches(1000));
        assert!(Tally::new(0, 0).reaches(1000));
    }
}
