//! The report on a terminal: what is wrong first, nothing wider than the screen, nothing that a repository wrote
//! able to steer it.
//!
//! Principal type: [`TerminalOptions`]. Colours are the eight basic ones without black and white, plus bold and dim,
//! so that light and dark backgrounds both do. The history chart is in `chart`, setting lines in `line`.

mod chart;
pub mod checks;
pub mod diff;
mod line;
mod link;
pub mod rules;

use std::io::{self, Write};

use anstyle::Style;
use eyrie_posture::report::{
    CheckResult, Evidence, NoteSeverity, Outcome, ProjectReport, Report, RepositoryReport, Tally,
};

use self::line::{BLUE, BOLD, CYAN, DIM, GREEN, PLAIN, Page, RED, Span, YELLOW, span, width_of};
pub use self::link::Links;
use super::PassScore;
use super::digest::{self, Standing};
use super::text::{columns, cut, visible, visible_lines, web_address};

/// How to draw on a terminal.
#[derive(Clone, Debug)]
pub struct TerminalOptions {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to write colours.
    pub color: bool,
    /// Whether it can show characters beyond ASCII.
    pub unicode: bool,
    /// How to link evidence (OSC 8), if the terminal can.
    pub links: Option<Links>,
    /// The score to reach.
    pub pass_score: Option<PassScore>,
    /// Only the score and what fails.
    pub quiet: bool,
}

/// Pieces of evidence shown for a check that failed or is unknown; the JSON has all of them.
const EVIDENCE_SHOWN: usize = 4;
/// Below this many columns a check's reason goes under its id.
const NARROW: usize = 60;

/// Writes the report.
///
/// # Errors
/// Whatever the writer says.
pub fn render(report: &Report, options: &TerminalOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options);
    for (index, project) in report.projects.iter().enumerate() {
        if index > 0 {
            page.gap()?;
        }
        project_report(&mut page, project)?;
    }
    Ok(())
}

fn project_report(page: &mut Page<'_>, project: &ProjectReport) -> io::Result<()> {
    match project.repositories.as_slice() {
        [repository] => {
            let title = vec![span(BOLD, visible(&project.name))];
            identity(page, repository, &title)?;
            page.gap()?;
            summary(page, Standing::of(&project.score), project.score.rating.as_deref())?;
            repository_report(page, repository)?;
        }
        repositories => {
            page.line(&[
                span(BOLD, visible(&project.name)),
                span(PLAIN, "  "),
                span(
                    DIM,
                    match repositories.len() {
                        0 => "no repository could be assessed".to_owned(),
                        number => format!("{number} repositories"),
                    },
                ),
            ])?;
            if !repositories.is_empty() {
                page.gap()?;
                summary(page, Standing::of(&project.score), project.score.rating.as_deref())?;
                if !page.options.quiet {
                    page.gap()?;
                    category_bars(page, &digest::project_categories(project))?;
                    page.gap()?;
                    repository_table(page, repositories)?;
                }
            }
            for repository in repositories {
                page.gap()?;
                let rule = page.glyph("━", "=").repeat(page.measure());
                page.line(&[span(DIM, rule)])?;
                let title = vec![span(BOLD, visible(&repository.path))];
                identity(page, repository, &title)?;
                if !page.options.quiet {
                    page.gap()?;
                }
                summary(page, Standing::of(&repository.score), repository.score.rating.as_deref())?;
                repository_report(page, repository)?;
            }
        }
    }
    failures(page, project)?;
    closing(page, project)
}

/// Who this is: name, address, commit, catalogue.
fn identity(page: &mut Page<'_>, repository: &RepositoryReport, title: &[Span]) -> io::Result<()> {
    let mut facts = Vec::new();
    if let Some(url) = &repository.url {
        facts.push(span(BLUE, visible(url)).link(web_address(url)));
    } else if title.iter().all(|part| part.text() != repository.path) {
        facts.push(span(PLAIN, visible(&repository.path)));
    }
    match &repository.commit {
        Some(commit) => {
            let state = if repository.work_tree { "work tree at " } else { "" };
            let commit = visible(digest::short_commit(commit)).into_owned();
            facts.push(span(PLAIN, format!("{state}{commit}")));
        }
        None => facts.push(span(PLAIN, "no git history")),
    }
    facts.push(span(PLAIN, format!("catalogue {}", visible(&repository.catalog))));
    facts.push(span(PLAIN, format!("sets {}", visible(&repository.sets.join(", ")))));
    page.line(title)?;
    if page.options.quiet {
        return Ok(());
    }
    let line = glued(joined(facts, page.glyph(" · ", " - ")));
    page.flow(Vec::new(), &line, page.measure())
}

fn joined(parts: Vec<Span>, between: &'static str) -> Vec<Span> {
    let mut line = Vec::new();
    for part in parts {
        if !line.is_empty() {
            line.push(span(DIM, between));
        }
        line.push(part);
    }
    line
}

/// The score in large: a bar, the rating, the pass mark, what is to win.
fn summary(page: &mut Page<'_>, standing: Standing, rating: Option<&str>) -> io::Result<()> {
    let tally = standing.tally;
    let color = score_color(page, tally);
    let mut head = vec![span(PLAIN, "  "), span(color.bold(), digest::score(tally))];
    if let Some(rating) = rating {
        head.push(span(PLAIN, "  "));
        head.push(span(color.bold(), digest::rating(rating)));
    }
    head.push(span(PLAIN, "  "));
    let points = format!("{} of {}", tally.earned, digest::points(tally.possible));
    let room = page.measure().saturating_sub(width_of(&head) + columns(&points) + 4);
    if room >= 8 {
        head.extend(bar(page, standing, room, color));
        head.push(span(PLAIN, "  "));
    }
    head.push(span(PLAIN, points));
    page.line(&head)?;

    let mut facts = Vec::new();
    if let Some(pass_score) = page.options.pass_score {
        facts.push(if pass_score.reached_by(tally) {
            span(GREEN, format!("{} reaches the pass score {pass_score}", page.glyph("✓", "+")))
        } else {
            span(RED, format!("{} below the pass score {pass_score}", page.glyph("✗", "x")))
        });
    }
    if standing.to_win() > 0 {
        facts.push(span(BOLD, format!("{} to win", digest::points(standing.to_win()))));
    }
    if standing.undecided > 0 {
        let best = Tally {
            earned: tally.earned + standing.undecided,
            percent: tenths(tally.earned + standing.undecided, tally.possible),
            ..tally
        };
        facts.push(span(YELLOW, format!("{} undecided", standing.undecided)));
        facts.push(span(PLAIN, format!("best possible now {}", digest::score(best))));
    }
    if !facts.is_empty() {
        let line = joined(facts, page.glyph(" · ", " - "));
        page.flow(vec![span(PLAIN, "  ")], &glued(line), page.measure())?;
    }
    Ok(())
}

/// With blanks that do not break inside each span: the line breaks between facts, not within one.
fn glued(line: Vec<Span>) -> Vec<Span> {
    line.into_iter()
        .map(|part| if part.text().trim().chars().count() > 1 { part.glued() } else { part })
        .collect()
}

fn tenths(earned: u32, possible: u32) -> u32 {
    let tenths = u64::from(earned) * 1000 / u64::from(possible.max(1));
    u32::try_from(tenths).unwrap_or(1000)
}

/// Green where the pass score is reached; without one, by quarters.
fn score_color(page: &Page<'_>, tally: Tally) -> Style {
    match digest::reached(tally, page.options.pass_score) {
        _ if tally.possible == 0 => DIM,
        Some(true) => GREEN,
        Some(false) if tally.percent >= 500 => YELLOW,
        Some(false) => RED,
        None => match tally.percent {
            750.. => GREEN,
            500.. => YELLOW,
            _ => RED,
        },
    }
}

/// Earned solid, undecided hatched, lost dotted.
fn bar(page: &Page<'_>, standing: Standing, width: usize, color: Style) -> Vec<Span> {
    let possible = standing.tally.possible.max(1) as usize;
    // Rounded down, so that a bar is full only when nothing is missing.
    let at = |points: u32| points as usize * width / possible;
    let earned = at(standing.tally.earned).min(width);
    let open = at(standing.tally.earned + standing.undecided).min(width);
    vec![
        span(color, page.glyph("█", "#").repeat(earned)),
        span(YELLOW, page.glyph("▒", "?").repeat(open - earned)),
        span(DIM, page.glyph("·", ".").repeat(width - open)),
    ]
}

fn category_bars(page: &mut Page<'_>, categories: &[digest::CategoryStanding]) -> io::Result<()> {
    let label =
        categories.iter().map(|category| columns(&visible(&category.title))).max().unwrap_or(0).min(24);
    let figures = categories.iter().map(|category| category.standing.tally.possible.to_string().len()).max();
    let figures = figures.unwrap_or(1);
    let width = page.measure().saturating_sub(2 + label + 2 + 6 + 2 + 2 + figures * 2 + 4).min(64);
    for category in categories {
        let title = visible(&category.title).into_owned();
        let title = cut(&title, label, page.glyph("…", "~"));
        let tally = category.standing.tally;
        let color = score_color_of_part(tally);
        let mut line = vec![
            span(PLAIN, format!("  {}  ", padded(&title, label))),
            span(color, format!("{:>6}", digest::score(tally))),
            span(PLAIN, "  "),
        ];
        if width >= 6 {
            line.extend(bar(page, category.standing, width, color));
            line.push(span(PLAIN, "  "));
        }
        line.push(span(DIM, format!("{:>figures$} of {:>figures$}", tally.earned, tally.possible)));
        page.line(&line)?;
    }
    Ok(())
}

/// A category is not held to the pass score: by quarters.
fn score_color_of_part(tally: Tally) -> Style {
    match tally.percent {
        _ if tally.possible == 0 => DIM,
        750.. => GREEN,
        500.. => YELLOW,
        _ => RED,
    }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

fn repository_table(page: &mut Page<'_>, repositories: &[RepositoryReport]) -> io::Result<()> {
    let paths: Vec<_> = repositories.iter().map(|repository| visible(&repository.path)).collect();
    let figures = "  Score  Fail  Unknown";
    let bar_width = if page.measure() >= 76 { 20 } else { 0 };
    let room = page.measure().saturating_sub(2 + figures.len() + bar_width + 2).max(8);
    let label =
        paths.iter().map(|path| columns(path)).max().unwrap_or(0).clamp("Repository".len(), room.max(10));
    page.line(&[span(DIM, format!("  {}{figures}", padded("Repository", label)))])?;
    for (repository, path) in repositories.iter().zip(&paths) {
        // The end of a path tells repositories apart.
        let path = tail(path, label, page.glyph("…", "~"));
        let standing = Standing::of(&repository.score);
        let color = score_color(page, standing.tally);
        let (failed, unknown) =
            (digest::count(repository, Outcome::Fail), digest::count(repository, Outcome::Unknown));
        let mut line = vec![
            span(PLAIN, format!("  {}  ", padded(&path, label))),
            span(color, format!("{:>5}", digest::score(standing.tally).trim_end_matches('%'))),
            span(if failed > 0 { RED } else { DIM }, format!("{failed:>6}")),
            span(if unknown > 0 { YELLOW } else { DIM }, format!("{unknown:>9}")),
        ];
        if bar_width > 0 {
            line.push(span(PLAIN, "  "));
            line.extend(bar(page, standing, bar_width, color));
        }
        page.line(&line)?;
    }
    Ok(())
}

/// The last `width` columns of a text.
fn tail(text: &str, width: usize, mark: &str) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut start = 0;
    for (at, _) in text.char_indices() {
        start = at;
        if columns(&text[at..]) + columns(mark) <= width {
            break;
        }
    }
    format!("{mark}{}", &text[start..])
}

fn repository_report(page: &mut Page<'_>, repository: &RepositoryReport) -> io::Result<()> {
    let failed = digest::with_outcome(repository, Outcome::Fail);
    if page.options.quiet {
        for check in failed {
            let id = visible(&check.id).into_owned();
            let head = vec![span(RED, page.glyph("  ✗ ", "  x ")), span(BOLD, id), span(PLAIN, "  ")];
            if page.width() < NARROW {
                page.line(&head)?;
                page.flow(vec![span(PLAIN, "    ")], &prose(PLAIN, &check.reason), page.measure())?;
            } else {
                page.flow(head, &prose(PLAIN, &check.reason), page.measure())?;
            }
        }
        return Ok(());
    }
    page.gap()?;
    category_bars(page, &digest::categories(repository))?;
    page.gap()?;
    let counts = Outcome::ALL
        .into_iter()
        .map(|outcome| (outcome, digest::count(repository, outcome)))
        .filter(|(_, number)| *number > 0)
        .map(|(outcome, number)| {
            let (mark, style) = mark(page, outcome);
            span(style, format!("{mark} {number} {}", digest::outcome_word(outcome)))
        })
        .collect();
    let counts = glued(joined(counts, "   "));
    page.flow(vec![span(PLAIN, "  ")], &counts, page.measure())?;

    failed_checks(page, repository, &failed)?;
    closed_checks(page, repository, "Unknown", &digest::with_outcome(repository, Outcome::Unknown))?;
    missing(page, repository)?;
    closed_checks(page, repository, "Passed", &digest::with_outcome(repository, Outcome::Pass))?;
    closed_checks(page, repository, "Exempt", &digest::with_outcome(repository, Outcome::Exempt))?;
    closed_checks(
        page,
        repository,
        "Not applicable",
        &digest::with_outcome(repository, Outcome::NotApplicable),
    )?;
    notes(page, repository)?;
    if let Some(history) = &repository.history {
        page.gap()?;
        heading(page, "History", "")?;
        chart::history(page, history)?;
    }
    Ok(())
}

fn mark(page: &Page<'_>, outcome: Outcome) -> (&'static str, Style) {
    match outcome {
        Outcome::Pass => (page.glyph("✓", "+"), GREEN),
        Outcome::Fail => (page.glyph("✗", "x"), RED),
        Outcome::Unknown => ("?", YELLOW),
        Outcome::Exempt => (page.glyph("○", "o"), CYAN),
        Outcome::NotApplicable => (page.glyph("–", "-"), DIM),
    }
}

fn heading(page: &mut Page<'_>, title: &str, detail: &str) -> io::Result<()> {
    let mut line = vec![span(BOLD, title)];
    if !detail.is_empty() {
        line.push(span(DIM, format!("  {detail}")));
    }
    page.line(&line)
}

/// Foreign prose, several lines allowed.
fn prose(style: Style, text: &str) -> Vec<Span> {
    vec![span(style, visible_lines(text.trim_end()))]
}

/// Checks that ask for something: each with its reason, evidence, fix and explanation.
fn failed_checks(
    page: &mut Page<'_>,
    repository: &RepositoryReport,
    checks: &[&CheckResult],
) -> io::Result<()> {
    if checks.is_empty() {
        return Ok(());
    }
    page.gap()?;
    let points = checks.iter().map(|check| check.weight).sum();
    let number = digest::count_of(checks.len(), "check");
    heading(page, "To fix", &format!("{number}, {}", digest::points(points)))?;
    for check in checks {
        page.gap()?;
        let (mark, style) = mark(page, check.outcome);
        let mut left = vec![span(style, format!("  {mark} ")), span(BOLD, visible(&check.title))];
        if check.title != check.id {
            left.push(span(DIM, format!("  {}", visible(&check.id))));
        }
        let weight = match check.weight {
            0 => span(DIM, "no points"),
            weight => span(style, format!("+{weight}")),
        };
        page.spread(left, vec![weight])?;
        let mut reason = prose(PLAIN, &check.reason);
        if let Some(value) = digest::value(check) {
            reason.push(span(DIM, format!(" ({})", visible(&value))));
        }
        page.flow(vec![span(PLAIN, "    ")], &reason, page.measure())?;
        let shown = check.evidence.iter().take(EVIDENCE_SHOWN);
        for (index, evidence) in shown.enumerate() {
            let label = if index == 0 { "seen" } else { "" };
            let lead = vec![span(PLAIN, "    "), span(DIM, padded(label, 6))];
            let mut line = place(page, repository, evidence);
            // What stands there is quoted as far as it fits.
            let room = page.measure().saturating_sub(width_of(&lead) + width_of(&line[..1]));
            if line.len() > 1 && room >= 16 {
                line = line
                    .into_iter()
                    .enumerate()
                    .map(|(n, part)| if n > 0 { part.cut(room, page) } else { part })
                    .collect();
            }
            page.flow(lead, &line, page.measure())?;
        }
        if let Some(more) = check.evidence.len().checked_sub(EVIDENCE_SHOWN).filter(|more| *more > 0) {
            detail(page, "", DIM, &[span(DIM, format!("and {more} more in the JSON report"))])?;
        }
        if let Some(fix) = &check.fix {
            detail(page, "fix", CYAN, &prose(PLAIN, fix))?;
        }
        if !check.docs.is_empty() {
            let docs = span(BLUE, visible(&check.docs)).link(web_address(&check.docs));
            detail(page, "docs", DIM, &[docs])?;
        }
    }
    Ok(())
}

fn detail(page: &mut Page<'_>, label: &str, style: Style, text: &[Span]) -> io::Result<()> {
    page.flow(
        vec![span(PLAIN, "    "), span(style, padded(label, 5)), span(PLAIN, " ")],
        text,
        page.measure(),
    )
}

/// A piece of evidence: where to look, and what stands there.
fn place(page: &Page<'_>, repository: &RepositoryReport, evidence: &Evidence) -> Vec<Span> {
    let mut place = match (&evidence.path, &evidence.commit, &evidence.url) {
        (Some(path), _, _) => {
            let line = evidence.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{}{line}", visible(path))
        }
        (None, Some(commit), _) => format!("commit {}", visible(digest::short_commit(commit))),
        (None, None, Some(url)) => visible(url).into_owned(),
        (None, None, None) => String::new(),
    };
    if place.is_empty() && evidence.text.is_none() {
        place = visible(&evidence.kind).into_owned();
    }
    let target = page.options.links.as_ref().and_then(|links| links.target(repository, evidence));
    let mut line = vec![span(BLUE, place.clone()).link(target)];
    if let Some(text) = evidence.text.as_deref().filter(|text| !text.is_empty()) {
        let text = visible(text.trim()).into_owned();
        line.push(span(DIM, if place.is_empty() { text } else { format!("  {text}") }));
    }
    line
}

/// Checks of which there is little to say: a line each.
fn closed_checks(
    page: &mut Page<'_>,
    repository: &RepositoryReport,
    title: &str,
    checks: &[&CheckResult],
) -> io::Result<()> {
    if checks.is_empty() {
        return Ok(());
    }
    page.gap()?;
    let counted = checks.iter().any(|check| check.outcome != Outcome::NotApplicable);
    let points: u32 = checks.iter().map(|check| check.weight).sum();
    let mut number = digest::count_of(checks.len(), "check");
    if counted {
        number = format!("{number}, {}", digest::points(points));
    }
    heading(page, title, &number)?;
    let narrow = page.width() < NARROW;
    let widest = checks.iter().map(|check| columns(&visible(&check.id))).max().unwrap_or(0);
    let id_width = widest.min(if narrow { page.width().saturating_sub(9) } else { 28 });
    for check in checks {
        let (mark, style) = mark(page, check.outcome);
        let id = visible(&check.id).into_owned();
        let id = cut(&id, id_width, page.glyph("…", "~"));
        let weight = if counted { format!("{:>3}", check.weight) } else { String::new() };
        // What nobody could look at is told once, further down, and not again for each check.
        let told = repository.missing.iter().any(|group| group.checks.contains(&check.id));
        let mut text =
            if told { vec![span(PLAIN, visible(&check.title))] } else { prose(PLAIN, &check.reason) };
        if let Some(value) = digest::value(check) {
            text.push(span(PLAIN, format!(" ({})", visible(&value))));
        }
        if !check.decided_by.is_empty() && !told {
            text.push(span(DIM, format!("  needs {}", visible(&check.decided_by.join(", ")))));
        }
        if let Some(evidence) = check.evidence.iter().find(|evidence| evidence.path.is_some()) {
            // Only the place: what stands there is for those who must do something about it.
            let place = place(page, repository, &Evidence { text: None, ..evidence.clone() });
            if !mentions(check, evidence) {
                text.push(span(PLAIN, "  "));
                text.extend(place);
            }
        }
        let head = vec![
            span(style, format!("  {mark} ")),
            span(PLAIN, padded(&id, id_width)),
            span(DIM, format!(" {weight}")),
        ];
        if narrow {
            page.line(&head)?;
            page.flow(vec![span(PLAIN, "    ")], &text, page.width())?;
        } else {
            let head = head.into_iter().chain([span(PLAIN, "  ")]).collect();
            page.flow(head, &text, page.width().min(140))?;
        }
    }
    Ok(())
}

/// Whether the reason names the place already.
fn mentions(check: &CheckResult, evidence: &Evidence) -> bool {
    let Some(path) = &evidence.path else { return false };
    match evidence.line {
        Some(line) => check.reason.contains(&format!("{path}:{line}")),
        None => check.reason.contains(path.as_str()),
    }
}

fn missing(page: &mut Page<'_>, repository: &RepositoryReport) -> io::Result<()> {
    if repository.missing.is_empty() {
        return Ok(());
    }
    page.gap()?;
    heading(page, "Nobody could look", "and what would help")?;
    for group in &repository.missing {
        let cost =
            if group.points == 0 { String::new() } else { format!(" ({})", digest::points(group.points)) };
        let why = [
            span(PLAIN, visible_lines(&group.why)),
            span(YELLOW, cost),
            span(DIM, format!("  {}", visible(&group.checks.join(", ")))),
        ];
        page.flow(vec![span(YELLOW, "  ? ")], &why, page.measure())?;
        page.flow(
            vec![span(CYAN, page.glyph("    → ", "    > "))],
            &prose(PLAIN, &group.supply),
            page.measure(),
        )?;
    }
    Ok(())
}

fn notes(page: &mut Page<'_>, repository: &RepositoryReport) -> io::Result<()> {
    if repository.notes.is_empty() {
        return Ok(());
    }
    page.gap()?;
    heading(page, "Notes", "")?;
    for note in &repository.notes {
        let (mark, style) = match note.severity {
            NoteSeverity::Warning => ("  ! ", YELLOW),
            NoteSeverity::Info => ("  i ", BLUE),
        };
        let mut text = Vec::new();
        if note.path.is_some() {
            let evidence = Evidence { path: note.path.clone(), line: note.line, ..Evidence::default() };
            text.extend(place(page, repository, &evidence));
            text.push(span(PLAIN, ": "));
        }
        text.extend(prose(PLAIN, &note.text));
        page.flow(vec![span(style, mark)], &text, page.measure())?;
    }
    Ok(())
}

fn failures(page: &mut Page<'_>, project: &ProjectReport) -> io::Result<()> {
    if project.failures.is_empty() {
        return Ok(());
    }
    page.gap()?;
    heading(
        page,
        "Not assessed",
        &match project.failures.len() {
            1 => "1 repository, not in the score".to_owned(),
            number => format!("{number} repositories, not in the score"),
        },
    )?;
    for failure in &project.failures {
        let text = [
            span(BOLD, visible(&failure.path)),
            span(PLAIN, ": "),
            span(PLAIN, visible_lines(&failure.error)),
        ];
        page.flow(vec![span(RED, page.glyph("  ✗ ", "  x "))], &text, page.measure())?;
    }
    Ok(())
}

/// What a reader sees above the prompt: the score again and what brings most.
fn closing(page: &mut Page<'_>, project: &ProjectReport) -> io::Result<()> {
    if page.options.quiet || project.repositories.is_empty() {
        return Ok(());
    }
    page.gap()?;
    let tally = project.score.overall;
    let mut line = vec![
        span(BOLD, visible(&project.name)),
        span(PLAIN, " "),
        span(score_color(page, tally).bold(), digest::score(tally)),
    ];
    let mut open: Vec<_> = project
        .repositories
        .iter()
        .flat_map(|repository| digest::with_outcome(repository, Outcome::Fail))
        .collect();
    open.sort_by_key(|check| std::cmp::Reverse(check.weight));
    open.retain(|check| check.weight > 0);
    open.dedup_by(|next, previous| next.id == previous.id);
    let next: Vec<_> =
        open.iter().take(3).map(|check| format!("{} (+{})", visible(&check.id), check.weight)).collect();
    if next.is_empty() {
        line.push(span(
            PLAIN,
            if tally.earned == tally.possible { ", nothing left to win" } else { ", nothing failed" },
        ));
    } else {
        line.push(span(PLAIN, ", most to win: "));
        line.push(span(PLAIN, next.join(", ")));
    }
    page.flow(Vec::new(), &line, page.measure())
}
