//! A report's numbers and groupings as every drawing of it needs them; the drawings differ, these do not.
//!
//! Principal types: [`Standing`] (points and what they could be), [`CategoryStanding`].

use std::borrow::Cow;

use eyrie_posture::report::{CheckResult, Outcome, ProjectReport, RepositoryReport, Score, Tally};

use super::PassScore;
use super::text::visible;

/// What a score means: what is earned, undecided and lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The points themselves.
    pub tally: Tally,
    /// Points of checks that nobody could decide.
    pub undecided: u32,
}

impl Standing {
    /// Of an overall score.
    pub fn of(score: &Score) -> Standing {
        Standing {
            tally: score.overall,
            undecided: score.best_possible.earned.saturating_sub(score.overall.earned),
        }
    }

    /// Points not earned, undecided ones included.
    pub fn to_win(self) -> u32 {
        self.tally.possible.saturating_sub(self.tally.earned)
    }

    /// Points that are certainly not earned.
    pub fn lost(self) -> u32 {
        self.to_win().saturating_sub(self.undecided)
    }
}

/// A category's name and points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryStanding {
    /// Its id in the catalogue.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Its points.
    pub standing: Standing,
}

/// The categories of one repository, in the order in which the catalogue first uses them.
pub fn categories(repository: &RepositoryReport) -> Vec<CategoryStanding> {
    standings(&repository.score, std::slice::from_ref(repository))
}

/// The categories of a project over all its repositories.
pub fn project_categories(project: &ProjectReport) -> Vec<CategoryStanding> {
    standings(&project.score, &project.repositories)
}

fn standings(score: &Score, repositories: &[RepositoryReport]) -> Vec<CategoryStanding> {
    let mut ids: Vec<&str> = Vec::new();
    let checks = || repositories.iter().flat_map(|repository| &repository.checks);
    for id in checks().map(|check| check.category.as_str()).chain(score.categories.keys().map(String::as_str))
    {
        if !ids.contains(&id) && score.categories.contains_key(id) {
            ids.push(id);
        }
    }
    ids.into_iter()
        .map(|id| CategoryStanding {
            id: id.to_owned(),
            title: category_title(repositories, id),
            standing: Standing {
                tally: score.categories.get(id).copied().unwrap_or_default(),
                undecided: checks()
                    .filter(|check| check.category == id && check.outcome == Outcome::Unknown)
                    .map(|check| check.weight)
                    .sum(),
            },
        })
        .collect()
}

/// The categories of one repository, those in which nothing counts included.
pub fn all_categories(repository: &RepositoryReport) -> Vec<CategoryStanding> {
    let mut all: Vec<CategoryStanding> = Vec::new();
    let mut counted = categories(repository);
    for check in &repository.checks {
        if all.iter().any(|category| category.id == check.category) {
            continue;
        }
        all.push(match counted.iter().position(|category| category.id == check.category) {
            Some(at) => counted.remove(at),
            None => CategoryStanding {
                id: check.category.clone(),
                title: category_title(std::slice::from_ref(repository), &check.category),
                standing: Standing { tally: Tally::default(), undecided: 0 },
            },
        });
    }
    all
}

/// Short names of repositories that tell them apart, and stay the same wherever the repositories lie: the last part
/// of the address or path, with the catalogue where several judge one repository, numbered where even that is the
/// same.
pub fn labels(repositories: &[RepositoryReport]) -> Vec<String> {
    let name = |repository: &RepositoryReport| {
        let place = repository.url.as_deref().unwrap_or(&repository.path);
        let place = place.trim_end_matches('/');
        let place = place.strip_suffix(".git").unwrap_or(place).trim_end_matches('/');
        place.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or("repository").to_owned()
    };
    let mut labels: Vec<String> = repositories.iter().map(name).collect();
    let twice = |labels: &[String], label: &String| labels.iter().filter(|other| *other == label).count() > 1;
    let plain = labels.clone();
    for (label, repository) in labels.iter_mut().zip(repositories) {
        if twice(&plain, label) {
            *label = format!("{label}:{}", repository.catalog);
        }
    }
    let plain = labels.clone();
    for (index, label) in labels.iter_mut().enumerate() {
        let earlier = plain.iter().take(index).filter(|other| **other == plain[index]).count();
        if earlier > 0 {
            *label = format!("{label}~{}", earlier + 1);
        }
    }
    labels
}

/// The checks with this outcome, the most points first, else in catalogue order.
pub fn with_outcome(repository: &RepositoryReport, outcome: Outcome) -> Vec<&CheckResult> {
    let mut checks: Vec<_> = repository.checks.iter().filter(|check| check.outcome == outcome).collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.weight));
    checks
}

/// How many checks have this outcome.
pub fn count(repository: &RepositoryReport, outcome: Outcome) -> usize {
    repository.checks.iter().filter(|check| check.outcome == outcome).count()
}

/// A category's name for people: the catalogue's, or the id in words where the report does not carry it.
pub fn category_title(repositories: &[RepositoryReport], id: &str) -> String {
    let mut known = repositories.iter().flat_map(|repository| &repository.categories);
    known.find(|category| category.id == id).map_or_else(|| in_words(id), |category| category.title.clone())
}

/// An id of words, such as `best_practices`, as a heading.
fn in_words(id: &str) -> String {
    let mut words = id.replace(['_', '-'], " ");
    if let Some(first) = words.get(..1) {
        let first = first.to_ascii_uppercase();
        words.replace_range(..1, &first);
    }
    words
}

/// Tenths of a percent as `72.9%`.
pub fn percent(tenths: u32) -> String {
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// The score of a tally as `72.9%`, or `n/a` where nothing applies.
pub fn score(tally: Tally) -> String {
    if tally.possible == 0 { "n/a".to_owned() } else { percent(tally.percent) }
}

/// A rating for people: a letter is written large.
pub fn rating(rating: &str) -> String {
    let rating = visible(rating);
    if rating.chars().count() == 1 { rating.to_uppercase() } else { rating.into_owned() }
}

/// `1 point`, `2 points`.
pub fn points(number: u32) -> String {
    count_of(number as usize, "point")
}

/// `1 check`, `2 checks`.
pub fn count_of(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The word for an outcome in a legend.
pub fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "passed",
        Outcome::Fail => "failed",
        Outcome::Unknown => "unknown",
        Outcome::Exempt => "exempt",
        Outcome::NotApplicable => "not applicable",
    }
}

/// The first nine digits of a commit, enough to find it.
pub fn short_commit(commit: &str) -> &str {
    commit.get(..9).unwrap_or(commit)
}

/// The value of a check where the reason does not say it already.
pub fn value(check: &CheckResult) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match check.value.as_ref()? {
        serde_json::Value::String(text) => Cow::Borrowed(text),
        serde_json::Value::Number(number) => Cow::Owned(number.to_string()),
        serde_json::Value::Array(items) => Cow::Owned(
            items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        _ => return None,
    };
    (!text.is_empty() && !check.reason.contains(text.as_ref())).then_some(text)
}

/// Whether a project reaches the score asked for; `None` where none was.
pub fn reached(tally: Tally, pass_score: Option<PassScore>) -> Option<bool> {
    pass_score.map(|pass_score| pass_score.reached_by(tally))
}
