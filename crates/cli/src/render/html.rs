//! The report as one HTML page that needs nothing else: no script, no font, no request.
//!
//! What is shown is prepared here, as strings and numbers; how it looks is in `templates/report.html`, where every
//! text is escaped by the template engine. A policy in the page forbids it to load anything.

use std::io::{self, Write};

use askama::Template;
use eyrie_posture::report::{
    CheckResult, Evidence, History, NoteSeverity, Outcome, ProjectReport, Report, RepositoryReport, Tally,
};

use super::PassScore;
use super::digest::{self, Standing};
use super::text::{ProseLine, ProseSpan, prose, visible, web_address};
use super::timeline::{self, Timeline};

/// Pieces of evidence shown for one check; the JSON has all of them.
const EVIDENCE_SHOWN: usize = 20;
/// Commits listed that changed an outcome.
const CHANGES_SHOWN: usize = 50;
/// Size of the chart's own coordinates.
const CHART: (f64, f64) = (1000.0, 200.0);

/// Writes the page.
///
/// # Errors
/// Whatever the writer says.
pub fn render(report: &Report, pass_score: Option<PassScore>, out: &mut dyn Write) -> io::Result<()> {
    let projects = report.projects.iter().enumerate();
    let page = Page {
        title: report.projects.iter().map(|project| visible(&project.name)).collect::<Vec<_>>().join(", "),
        projects: projects.map(|(index, project)| Project::new(index, project, pass_score)).collect(),
        version: env!("CARGO_PKG_VERSION"),
        home: env!("CARGO_PKG_REPOSITORY"),
    };
    page.write_into(out).map_err(io::Error::other)
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    projects: Vec<Project>,
    version: &'static str,
    home: &'static str,
}

struct Project {
    name: String,
    summary: Summary,
    categories: Vec<Bar>,
    repositories: Vec<Repository>,
    failures: Vec<(String, Vec<ProseLine>)>,
}

struct Summary {
    score: String,
    rating: String,
    /// `good`, `fair` or `poor`: the colour.
    tone: &'static str,
    /// Lengths of the ring's arcs in percent of its round.
    earned: String,
    open: String,
    points: String,
    pass: Option<(bool, String)>,
    to_win: Option<String>,
    undecided: Option<String>,
    best: String,
}

/// Points as a bar, in percent of its length.
struct Bar {
    title: String,
    score: String,
    points: String,
    tone: &'static str,
    earned: String,
    open: String,
}

struct Repository {
    /// For links within the page.
    anchor: String,
    label: String,
    url: Option<Link>,
    facts: Vec<(&'static str, String)>,
    summary: Summary,
    bar: Bar,
    categories: Vec<Bar>,
    counts: Vec<Count>,
    failed: Vec<Check>,
    /// What is told in one line each: heading, open at first, checks.
    groups: Vec<Group>,
    missing: Vec<Missing>,
    notes: Vec<Note>,
    history: Option<Chart>,
}

struct Count {
    number: usize,
    outcome: Mark,
}

#[derive(Clone, Copy)]
struct Mark {
    class: &'static str,
    symbol: &'static str,
    word: &'static str,
}

struct Group {
    title: &'static str,
    mark: Mark,
    detail: String,
    open: bool,
    checks: Vec<Check>,
}

struct Check {
    anchor: String,
    id: String,
    title: String,
    category: String,
    weight: u32,
    points: String,
    mark: Mark,
    reason: Vec<ProseLine>,
    value: Option<String>,
    fix: Vec<ProseLine>,
    docs: Option<String>,
    needs: String,
    evidence: Vec<Place>,
    more: usize,
}

struct Place {
    link: Link,
    text: String,
}

/// A text that may lead somewhere.
struct Link {
    text: String,
    to: Option<String>,
}

struct Missing {
    why: Vec<ProseLine>,
    supply: Vec<ProseLine>,
    points: Option<String>,
    checks: Vec<String>,
}

struct Note {
    warning: bool,
    place: String,
    text: Vec<ProseLine>,
}

struct Chart {
    label: String,
    area: String,
    line: String,
    grid: Vec<Grid>,
    pass: Option<String>,
    dots: Vec<Dot>,
    from: String,
    to: String,
    cut_short: Option<String>,
    changes: Vec<Change>,
    more: usize,
}

struct Grid {
    y: String,
    /// From the top, in percent.
    top: String,
    label: String,
}

struct Dot {
    x: String,
    y: String,
    class: &'static str,
    title: String,
}

struct Change {
    day: String,
    commit: String,
    gain: String,
    class: &'static str,
    subject: String,
    outcomes: Vec<(Mark, String, String)>,
}

fn mark(outcome: Outcome) -> Mark {
    let (class, symbol) = match outcome {
        Outcome::Pass => ("pass", "✓"),
        Outcome::Fail => ("fail", "✗"),
        Outcome::Unknown => ("unknown", "?"),
        Outcome::Exempt => ("exempt", "○"),
        Outcome::NotApplicable => ("na", "–"),
    };
    Mark { class, symbol, word: digest::outcome_word(outcome) }
}

fn tone(tally: Tally, pass_score: Option<PassScore>) -> &'static str {
    if tally.possible == 0 {
        return "none";
    }
    match (pass_score.map(|pass_score| pass_score.reached_by(tally)), tally.percent) {
        (Some(true), _) | (None, 750..) => "good",
        (_, 500..) => "fair",
        _ => "poor",
    }
}

/// Hundredths, as percent with two decimals.
fn share(part: u32, whole: u32) -> String {
    let hundredths = (u64::from(part) * 10_000).checked_div(whole.into()).unwrap_or(0).min(10_000);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

impl Summary {
    fn new(standing: Standing, rating: Option<&str>, pass_score: Option<PassScore>) -> Summary {
        let tally = standing.tally;
        let best = tally.earned + standing.undecided;
        let best_percent =
            u32::try_from((u64::from(best) * 1000).checked_div(tally.possible.into()).unwrap_or(0))
                .unwrap_or(1000);
        Summary {
            score: digest::score(tally),
            rating: rating.map(digest::rating).unwrap_or_default(),
            tone: tone(tally, pass_score),
            earned: share(tally.earned, tally.possible),
            open: share(best, tally.possible),
            points: format!("{} of {}", tally.earned, digest::points(tally.possible)),
            pass: pass_score.map(|pass_score| {
                let reached = pass_score.reached_by(tally);
                let verb = if reached { "Reaches" } else { "Below" };
                (reached, format!("{verb} the pass score of {pass_score}"))
            }),
            to_win: (standing.to_win() > 0).then(|| digest::points(standing.to_win())),
            undecided: (standing.undecided > 0).then(|| digest::points(standing.undecided)),
            best: digest::score(Tally { percent: best_percent, ..tally }),
        }
    }
}

impl Bar {
    fn new(title: String, standing: Standing, pass_score: Option<PassScore>) -> Bar {
        let tally = standing.tally;
        Bar {
            title,
            score: digest::score(tally),
            points: format!("{} of {}", tally.earned, tally.possible),
            tone: tone(tally, pass_score),
            earned: share(tally.earned, tally.possible),
            open: share(tally.earned + standing.undecided, tally.possible),
        }
    }

    fn of(categories: Vec<digest::CategoryStanding>) -> Vec<Bar> {
        categories
            .into_iter()
            .map(|category| Bar::new(visible(&category.title).into_owned(), category.standing, None))
            .collect()
    }
}

impl Project {
    fn new(index: usize, project: &ProjectReport, pass_score: Option<PassScore>) -> Project {
        let labels = digest::labels(&project.repositories);
        Project {
            name: visible(&project.name).into_owned(),
            summary: Summary::new(Standing::of(&project.score), project.score.rating.as_deref(), pass_score),
            categories: Bar::of(digest::project_categories(project)),
            repositories: project
                .repositories
                .iter()
                .zip(labels)
                .enumerate()
                .map(|(number, (repository, label))| {
                    Repository::new(format!("p{}r{}", index + 1, number + 1), &label, repository, pass_score)
                })
                .collect(),
            failures: project
                .failures
                .iter()
                .map(|failure| (visible(&failure.path).into_owned(), prose(&failure.error)))
                .collect(),
        }
    }
}

impl Repository {
    fn new(
        anchor: String,
        label: &str,
        repository: &RepositoryReport,
        pass_score: Option<PassScore>,
    ) -> Repository {
        let standing = Standing::of(&repository.score);
        let commit = match &repository.commit {
            Some(commit) if repository.work_tree => format!("work tree at {}", digest::short_commit(commit)),
            Some(commit) => digest::short_commit(commit).to_owned(),
            None => "no git history".to_owned(),
        };
        let facts = [
            ("Commit", commit.as_str()),
            ("Catalogue", &repository.catalog),
            ("Check sets", &repository.sets.join(", ")),
        ];
        let checks = |outcome| {
            digest::with_outcome(repository, outcome)
                .into_iter()
                .map(|check| Check::new(&anchor, repository, check))
                .collect::<Vec<_>>()
        };
        let group = |title, outcome: Outcome, open| {
            let checks = checks(outcome);
            let points = checks.iter().map(|check| check.weight).sum();
            let mut detail = digest::count_of(checks.len(), "check");
            if outcome != Outcome::NotApplicable {
                detail = format!("{detail}, {}", digest::points(points));
            }
            Group { title, mark: mark(outcome), detail, open, checks }
        };
        let mut groups = vec![
            group("Unknown", Outcome::Unknown, true),
            group("Passed", Outcome::Pass, false),
            group("Exempt", Outcome::Exempt, false),
            group("Not applicable", Outcome::NotApplicable, false),
        ];
        groups.retain(|group| !group.checks.is_empty());
        Repository {
            label: visible(label).into_owned(),
            url: repository
                .url
                .as_deref()
                .map(|url| Link { text: visible(url).into_owned(), to: web_address(url) }),
            facts: facts.map(|(name, value)| (name, visible(value).into_owned())).to_vec(),
            summary: Summary::new(standing, repository.score.rating.as_deref(), pass_score),
            bar: Bar::new(visible(label).into_owned(), standing, pass_score),
            categories: Bar::of(digest::categories(repository)),
            counts: Outcome::ALL
                .into_iter()
                .map(|outcome| Count { number: digest::count(repository, outcome), outcome: mark(outcome) })
                .filter(|count| count.number > 0)
                .collect(),
            failed: checks(Outcome::Fail),
            groups,
            missing: repository
                .missing
                .iter()
                .map(|group| Missing {
                    why: prose(&group.why),
                    supply: prose(&group.supply),
                    points: (group.points > 0).then(|| digest::points(group.points)),
                    checks: group.checks.iter().map(|check| visible(check).into_owned()).collect(),
                })
                .collect(),
            notes: repository
                .notes
                .iter()
                .map(|note| Note {
                    warning: note.severity == NoteSeverity::Warning,
                    place: position(note.path.as_deref(), note.line),
                    text: prose(&note.text),
                })
                .collect(),
            history: repository.history.as_ref().and_then(|history| Chart::new(history, pass_score)),
            anchor,
        }
    }
}

fn position(path: Option<&str>, line: Option<u32>) -> String {
    match (path, line) {
        (Some(path), Some(line)) => format!("{}:{line}", visible(path)),
        (Some(path), None) => visible(path).into_owned(),
        (None, _) => String::new(),
    }
}

impl Check {
    fn new(anchor: &str, repository: &RepositoryReport, check: &CheckResult) -> Check {
        let number = repository.checks.iter().position(|other| std::ptr::eq(other, check)).unwrap_or(0);
        let category = digest::category_title(std::slice::from_ref(repository), &check.category);
        Check {
            anchor: format!("{anchor}c{}", number + 1),
            id: visible(&check.id).into_owned(),
            title: visible(&check.title).into_owned(),
            category: visible(&category).into_owned(),
            weight: check.weight,
            points: digest::points(check.weight),
            mark: mark(check.outcome),
            reason: prose(&check.reason),
            value: digest::value(check).map(|value| visible(&value).into_owned()),
            fix: check.fix.as_deref().map(prose).unwrap_or_default(),
            docs: web_address(&check.docs),
            // What would help is told once, above, and not again for each check.
            needs: if repository.missing.iter().any(|group| group.checks.contains(&check.id)) {
                String::new()
            } else {
                visible(&check.decided_by.join(", ")).into_owned()
            },
            evidence: check.evidence.iter().take(EVIDENCE_SHOWN).map(Place::new).collect(),
            more: check.evidence.len().saturating_sub(EVIDENCE_SHOWN),
        }
    }
}

impl Place {
    fn new(evidence: &Evidence) -> Place {
        let mut text = match (&evidence.path, &evidence.commit, &evidence.url) {
            (Some(path), _, _) => position(Some(path), evidence.line),
            (None, Some(commit), _) => format!("commit {}", visible(digest::short_commit(commit))),
            (None, None, Some(url)) => visible(url).into_owned(),
            (None, None, None) => String::new(),
        };
        if text.is_empty() && evidence.text.is_none() {
            text = visible(&evidence.kind).into_owned();
        }
        Place {
            link: Link { text, to: evidence.url.as_deref().and_then(web_address) },
            text: evidence.text.as_deref().map(|text| visible(text.trim()).into_owned()).unwrap_or_default(),
        }
    }
}

impl Chart {
    fn new(history: &History, pass_score: Option<PassScore>) -> Option<Chart> {
        let timeline = Timeline::new(history, pass_score.map(PassScore::tenths))?;
        let (width, height) = CHART;
        let y = |percent: u32| number(height * (1.0 - timeline.height(percent)));
        let mut line = String::new();
        let mut dots = Vec::new();
        let mut before: Option<&eyrie_posture::report::HistoryPoint> = None;
        for (place, point) in &timeline.points {
            let (x, y) = (number(place * width), y(point.score.percent));
            if line.is_empty() {
                line = format!("M{x} {y}");
            } else {
                // The score of a commit holds until the next one.
                line.push_str(&format!("H{x}V{y}"));
            }
            let gain =
                before.map_or(0, |before| i64::from(point.score.percent) - i64::from(before.score.percent));
            if before.is_none() || gain != 0 || !point.changes.is_empty() {
                let changes: Vec<_> = point
                    .changes
                    .iter()
                    .map(|change| format!("\n{} {}", mark(change.to).symbol, visible(&change.check)))
                    .collect();
                dots.push(Dot {
                    x,
                    y,
                    class: tendency(gain),
                    title: format!(
                        "{}  {}  {}\n{}{}",
                        visible(timeline::day(&point.date)),
                        digest::score(point.score),
                        visible(digest::short_commit(&point.commit)),
                        visible(&point.subject),
                        changes.concat()
                    ),
                });
            }
            before = Some(point);
        }
        line.push_str(&format!("H{}", number(width)));
        let day = |point: Option<&(f64, &eyrie_posture::report::HistoryPoint)>| {
            point.map(|(_, point)| visible(timeline::day(&point.date)).into_owned()).unwrap_or_default()
        };
        let (from, to) = (day(timeline.points.first()), day(timeline.points.last()));
        let score = |point: Option<&(f64, &eyrie_posture::report::HistoryPoint)>| {
            point.map(|(_, point)| digest::score(point.score)).unwrap_or_default()
        };
        let changes = timeline::changes(history);
        let middle = (timeline.low + timeline.high) / 2;
        Some(Chart {
            label: format!(
                "The score from {from} ({}) to {to} ({}), {} commits",
                score(timeline.points.first()),
                score(timeline.points.last()),
                timeline.points.len()
            ),
            area: format!("{line}V{height}H0Z"),
            line,
            grid: [timeline.high, middle, timeline.low]
                .map(|percent| Grid {
                    y: y(percent),
                    top: number(100.0 * (1.0 - timeline.height(percent))),
                    label: format!("{}%", percent / 10),
                })
                .into(),
            pass: pass_score.map(|pass_score| y(pass_score.tenths())),
            dots,
            from,
            to,
            cut_short: history.cut_short.as_deref().map(|why| visible(why).into_owned()),
            more: changes.len().saturating_sub(CHANGES_SHOWN),
            changes: changes
                .into_iter()
                .take(CHANGES_SHOWN)
                .map(|(point, gain)| Change {
                    day: visible(timeline::day(&point.date)).into_owned(),
                    commit: visible(digest::short_commit(&point.commit)).into_owned(),
                    gain: timeline::gain(gain),
                    class: tendency(gain),
                    subject: visible(&point.subject).into_owned(),
                    outcomes: point
                        .changes
                        .iter()
                        .map(|change| {
                            (
                                mark(change.to),
                                visible(&change.check).into_owned(),
                                visible(&change.reason).into_owned(),
                            )
                        })
                        .collect(),
                })
                .collect(),
        })
    }
}

fn tendency(gain: i64) -> &'static str {
    match gain {
        1.. => "up",
        0 => "same",
        _ => "down",
    }
}

/// A coordinate with two decimals at most.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
