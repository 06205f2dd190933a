//! The report as a checklist that lives in an issue or a file and is updated in place.
//!
//! The rule: **what stands between our hidden markers is ours and is written anew; everything else belongs to people
//! and stays as it is, where it is.** [`update`] is idempotent.
//!
//! * Each of our lines carries `<!-- eyrie:KIND KEY STATE -->` before and `<!-- eyrie:end -->` after our text. What
//!   people write behind it on the line, under it or anywhere else stays. Lines may be moved; ours are found by key.
//! * A tick is shared. We tick what passes, is exempt or does not apply. A tick that a person put on a check that
//!   fails or is unknown stays and is shown as claimed. A tick that was ours (the marker remembers the outcome) goes
//!   when the check no longer passes.
//! * A line that a person deleted comes back beside its neighbour. A line whose check is gone goes too; if a person
//!   wrote on or under it, it stays and is theirs from then on.
//! * A marker without its end is text like any other, so a damaged line costs nothing but a second one.
//!
//! What is said is here; keeping people's text is in `document`, foreign text in `escape`.

mod document;
mod escape;

use std::io::{self, Write};

use eyrie_posture::report::{
    CheckResult, Evidence, NoteSeverity, Outcome, ProjectReport, Report, RepositoryReport,
};

use self::document::{Document, Kind, Piece};
use self::escape::{code, key, prose};
use super::digest::{self, Standing};
use super::text::web_address;
use super::{PassScore, timeline};

/// Characters that a GitHub issue may have.
pub const LIMIT: usize = 65_536;
/// Pieces of evidence named for a check that fails.
const EVIDENCE_SHOWN: usize = 3;
/// Commits named that changed an outcome.
const CHANGES_SHOWN: usize = 8;

/// Writes the report, or what `existing` becomes with it.
///
/// # Errors
/// Whatever the writer says.
pub fn render(
    report: &Report,
    pass_score: Option<PassScore>,
    existing: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(update(existing, report, pass_score).as_bytes())
}

/// How much is said about a check, so that all of it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// Only what is to do, by name.
    Least,
    /// Every check by name.
    Names,
    /// With reasons.
    Reasons,
    /// With fixes.
    Fixes,
    /// With evidence.
    Full,
}

/// `existing` with this report in it, or a new document. Says as much about each check as fits below [`LIMIT`]
/// together with what people wrote.
pub fn update(existing: Option<&str>, report: &Report, pass_score: Option<PassScore>) -> String {
    let existing = Document::parse(existing.unwrap_or_default());
    let mut text = String::new();
    let checks = report.projects.iter().flat_map(|project| &project.repositories);
    let checks: usize = checks.map(|repository| repository.checks.len()).sum();
    // No line about a check is shorter than this: with so many there is no need to try.
    let details: &[Detail] = if checks > LIMIT / 64 {
        &[Detail::Least]
    } else {
        &[Detail::Full, Detail::Fixes, Detail::Reasons, Detail::Names, Detail::Least]
    };
    for &detail in details {
        text = existing.clone().with(&pieces(report, pass_score, detail)).text();
        if fits(&text) {
            return text;
        }
    }
    // Hundreds of repositories: the first of them. What people wrote is never cut.
    let mut least = pieces(report, pass_score, Detail::Least);
    while !fits(&text) && least.len() > 4 {
        let share = LIMIT * least.len() / text.chars().count().max(1);
        least.truncate(share.min(least.len() * 15 / 16));
        text = existing.clone().with(&least).text();
    }
    text
}

fn fits(text: &str) -> bool {
    text.chars().count() < LIMIT
}

fn pieces(report: &Report, pass_score: Option<PassScore>, detail: Detail) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, project) in report.projects.iter().enumerate() {
        let scope = if report.projects.len() == 1 { String::new() } else { format!("p{}/", index + 1) };
        project_pieces(&mut pieces, project, &scope, pass_score, detail);
    }
    let tool = format!("eyrie {}", env!("CARGO_PKG_VERSION"));
    pieces.push(Piece::new(
        Kind::Paragraph,
        "Kept up to date by Eyrie. ",
        "footer",
        format!("{tool} rewrites what stands between its hidden markers; ticks and text that you add stay."),
    ));
    pieces
}

fn project_pieces(
    pieces: &mut Vec<Piece>,
    project: &ProjectReport,
    scope: &str,
    pass_score: Option<PassScore>,
    detail: Detail,
) {
    let title = format!("{}: {}", prose(&project.name), standing_title(&project.score));
    pieces.push(Piece::new(Kind::Heading, "## ", format!("title {scope}"), title));
    let mut summary = summary(Standing::of(&project.score), pass_score);
    if let [repository] = project.repositories.as_slice() {
        summary = format!("{summary}<br>{}", identity(repository));
    }
    pieces.push(Piece::new(Kind::Paragraph, "Score: ", format!("summary {scope}"), summary));
    for (number, failure) in project.failures.iter().enumerate() {
        let text = format!("{}: {}", code(&failure.path), prose(&failure.error));
        pieces.push(Piece::new(
            Kind::Item,
            "- Not assessed: ",
            format!("failure {scope}{}", number + 1),
            text,
        ));
    }
    let labels = digest::labels(&project.repositories);
    for (repository, label) in project.repositories.iter().zip(labels) {
        let several = project.repositories.len() > 1;
        let scope = if several { format!("{scope}{}/", key(&label)) } else { scope.to_owned() };
        if several {
            let title = format!("{}: {}", prose(&label), standing_title(&repository.score));
            pieces.push(Piece::new(Kind::Heading, "### ", format!("repository {scope}"), title));
            let summary =
                format!("{}<br>{}", summary_of(Standing::of(&repository.score)), identity(repository));
            pieces.push(Piece::new(Kind::Paragraph, "Score: ", format!("score {scope}"), summary));
        }
        repository_pieces(pieces, repository, &scope, if several { "#### " } else { "### " }, detail);
    }
}

fn repository_pieces(
    pieces: &mut Vec<Piece>,
    repository: &RepositoryReport,
    scope: &str,
    heading: &'static str,
    detail: Detail,
) {
    for category in digest::all_categories(repository) {
        let checks: Vec<_> = repository
            .checks
            .iter()
            .filter(|check| check.category == category.id)
            .filter(|check| detail > Detail::Least || check.outcome == Outcome::Fail)
            .collect();
        if checks.is_empty() {
            continue;
        }
        let tally = category.standing.tally;
        let points = match tally.possible {
            0 => String::new(),
            _ => format!(", {} of {}", tally.earned, digest::points(tally.possible)),
        };
        let title = format!("{}{points}", prose(&category.title));
        pieces.push(Piece::new(
            Kind::Heading,
            heading,
            format!("category {scope}{}", key(&category.id)),
            title,
        ));
        for check in checks {
            pieces.push(Piece::check(
                format!("{scope}{}", key(&check.id)),
                check.outcome,
                description(check, detail),
            ));
        }
    }
    if detail == Detail::Least {
        return;
    }
    if !repository.missing.is_empty() {
        pieces.push(Piece::new(
            Kind::Heading,
            heading,
            format!("section {scope}missing"),
            "Nobody could look, and what would help".into(),
        ));
        for (number, group) in repository.missing.iter().enumerate() {
            let checks: Vec<_> = group.checks.iter().map(|check| code(check)).collect();
            let text = format!(
                "{} ({}: {})<br>**To do:** {}",
                prose(&group.why),
                digest::points(group.points),
                checks.join(", "),
                prose(&group.supply)
            );
            pieces.push(Piece::new(
                Kind::Item,
                "- Unknown: ",
                format!("missing {scope}{}", number + 1),
                text,
            ));
        }
    }
    if !repository.notes.is_empty() {
        pieces.push(Piece::new(Kind::Heading, heading, format!("section {scope}notes"), "Notes".into()));
        for (number, note) in repository.notes.iter().enumerate() {
            let severity = match note.severity {
                NoteSeverity::Warning => "Warning",
                NoteSeverity::Info => "Info",
            };
            let place = note.path.as_ref().map(|path| match note.line {
                Some(line) => format!("{}: ", code(&format!("{path}:{line}"))),
                None => format!("{}: ", code(path)),
            });
            let text = format!("{severity}: {}{}", place.unwrap_or_default(), prose(&note.text));
            pieces.push(Piece::new(Kind::Item, "- Note: ", format!("note {scope}{}", number + 1), text));
        }
    }
    history_pieces(pieces, repository, scope, heading);
}

fn history_pieces(
    pieces: &mut Vec<Piece>,
    repository: &RepositoryReport,
    scope: &str,
    heading: &'static str,
) {
    let Some(history) = &repository.history else { return };
    let (Some(first), Some(last)) = (history.points.first(), history.points.last()) else { return };
    let gain = timeline::gain(i64::from(last.score.percent) - i64::from(first.score.percent));
    let title = format!("History: {gain} since {}", prose(timeline::day(&first.date)));
    pieces.push(Piece::new(Kind::Heading, heading, format!("section {scope}history"), title));
    for (point, gain) in timeline::changes(history).into_iter().take(CHANGES_SHOWN) {
        let changes: Vec<_> = point
            .changes
            .iter()
            .map(|change| format!("{} {}", code(&change.check), digest::outcome_word(change.to)))
            .collect();
        let commit = digest::short_commit(&point.commit);
        let text = format!(
            "{} {} **{}** {}<br>{}",
            prose(timeline::day(&point.date)),
            code(commit),
            timeline::gain(gain),
            prose(&point.subject),
            changes.join(", "),
        );
        pieces.push(Piece::new(Kind::Item, "- Change: ", format!("change {scope}{}", key(commit)), text));
    }
}

fn standing_title(score: &eyrie_posture::report::Score) -> String {
    let rating = score.rating.as_deref().map(|rating| format!(" ({})", prose(&digest::rating(rating))));
    format!("{}{}", digest::score(score.overall), rating.unwrap_or_default())
}

fn summary_of(standing: Standing) -> String {
    summary(standing, None)
}

fn summary(standing: Standing, pass_score: Option<PassScore>) -> String {
    let tally = standing.tally;
    let mut parts = vec![format!("**{} of {}**", tally.earned, digest::points(tally.possible))];
    if let Some(pass_score) = pass_score {
        let verb = if pass_score.reached_by(tally) { "reaches" } else { "below" };
        parts.push(format!("{verb} the pass score {pass_score}"));
    }
    if standing.to_win() > 0 {
        parts.push(format!("{} to win", digest::points(standing.to_win())));
    }
    if standing.undecided > 0 {
        parts.push(format!("{} of them undecided", standing.undecided));
    }
    parts.join(" · ")
}

fn identity(repository: &RepositoryReport) -> String {
    let place = match repository.url.as_deref().and_then(web_address) {
        Some(url) => format!("<{url}>"),
        None => code(repository.url.as_deref().unwrap_or(&repository.path)),
    };
    let commit = match &repository.commit {
        Some(commit) => format!("at {}", code(digest::short_commit(commit))),
        None => "without git history".to_owned(),
    };
    let sets: Vec<_> = repository.sets.iter().map(|set| code(set)).collect();
    format!("{place} {commit}, catalogue {}, sets {}", code(&repository.catalog), sets.join(", "))
}

fn description(check: &CheckResult, detail: Detail) -> String {
    let points = match check.weight {
        0 => String::new(),
        weight => format!(" ({})", digest::points(weight)),
    };
    let mut text = format!("**{}**{points}", prose(&check.title));
    match check.outcome {
        Outcome::Pass | Outcome::Fail => {}
        Outcome::Unknown | Outcome::Exempt | Outcome::NotApplicable => {
            text = format!("{text} _{}_", digest::outcome_word(check.outcome));
        }
    }
    if detail >= Detail::Reasons {
        text = format!("{text}: {}", prose(&check.reason));
        if let Some(value) = digest::value(check) {
            text = format!("{text} ({})", code(&value));
        }
    }
    if let Some(docs) = web_address(&check.docs) {
        text = format!("{text} [docs](<{docs}>)");
    }
    if check.outcome != Outcome::Fail {
        return text;
    }
    if let (Some(fix), true) = (&check.fix, detail >= Detail::Fixes) {
        text = format!("{text}<br>**Fix:** {}", prose(fix));
    }
    if detail >= Detail::Full && !check.evidence.is_empty() {
        let mut seen: Vec<_> = check.evidence.iter().take(EVIDENCE_SHOWN).map(place).collect();
        if let Some(more) = check.evidence.len().checked_sub(EVIDENCE_SHOWN).filter(|more| *more > 0) {
            seen.push(format!("and {more} more"));
        }
        text = format!("{text}<br>**Seen:** {}", seen.join(" · "));
    }
    text
}

fn place(evidence: &Evidence) -> String {
    let label = match (&evidence.path, evidence.line, &evidence.commit) {
        (Some(path), Some(line), _) => code(&format!("{path}:{line}")),
        (Some(path), None, _) => code(path),
        (None, _, Some(commit)) => code(digest::short_commit(commit)),
        (None, _, None) => {
            code(evidence.text.as_deref().or(evidence.url.as_deref()).unwrap_or(&evidence.kind))
        }
    };
    match evidence.url.as_deref().and_then(web_address) {
        Some(url) => format!("[{label}](<{url}>)"),
        None => label,
    }
}

/// What a person's tick on an open check is shown as.
const CLAIMED: &str = "_claimed, the evidence does not show it:_ ";
