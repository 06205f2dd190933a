//! `eyrie forge`: what a forge says, written down for a machine that cannot ask.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use eyrie_forge::{Answer, Endpoints, ForgeAnswers, ForgeKind, GitHub, Reason, RepositoryUrl, collect};

use crate::args::{ForgeKindArg, RecordArgs};
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::text::visible;

/// Asks the forge everything and writes the answers into a folder.
pub(crate) fn record(args: &RecordArgs) -> Result<Exit, Error> {
    let mut url: RepositoryUrl = args.url.parse().map_err(Error::Url)?;
    let tokens = environment::tokens();
    if tokens.is_server(&url) {
        url = url.on(ForgeKind::GitHub);
    }
    if let Some(kind) = args.forge_kind {
        url = url.on(match kind {
            ForgeKindArg::Github => ForgeKind::GitHub,
            ForgeKindArg::Gitlab => ForgeKind::GitLab,
        });
    }
    let now = environment::now();
    let mut forge = GitHub::new(Endpoints::of(&url), tokens.of(&url), environment::network()?, now)?;
    if let Some(landscape) = &args.landscape_url {
        forge = forge.with_landscape(landscape);
    }
    let answers = collect(&forge, &url, args.project.as_deref());
    let missing = missing(&answers);
    let all = answers.repository.pieces();
    if let (true, Some((_, Some(reason)))) = (all.iter().all(|(_, reason)| reason.is_some()), all.first()) {
        return Err(Error::NothingKnown { url: url.to_string(), reason: (*reason).clone() });
    }
    let folder = args.output.clone().unwrap_or_else(|| format!("{}-forge", url.name()).into());
    eyrie_forge::record(&answers, &url, now, &folder)?;
    if !args.quiet {
        // Results are in the folder; if nobody hears this, nothing is lost.
        let _ = std::io::stderr().write_all(summary(&url, &folder, &missing).as_bytes());
    }
    Ok(Exit::Clean)
}

/// The pieces that nobody could tell, with the reasons.
fn missing(answers: &ForgeAnswers) -> Vec<(&'static str, Reason)> {
    fn reason<T>(answer: &Answer<T>) -> Option<&Reason> {
        answer.reason()
    }
    let beside = [
        ("homepage", reason(&answers.homepage)),
        ("organization_files", reason(&answers.organization_files)),
        ("landscape", reason(&answers.landscape)),
    ];
    let pieces = answers.repository.pieces();
    let missing = pieces.into_iter().chain(beside);
    missing.filter_map(|(piece, reason)| Some((piece, reason?.clone()))).collect()
}

fn summary(url: &RepositoryUrl, folder: &Path, missing: &[(&'static str, Reason)]) -> String {
    let folder = folder.to_string_lossy();
    let mut text = format!("recorded {url} in {}\n", visible(&folder));
    let mut reasons: Vec<&Reason> = Vec::new();
    for (_, reason) in missing {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    for reason in reasons {
        let pieces: Vec<_> =
            missing.iter().filter(|(_, other)| other == reason).map(|(piece, _)| *piece).collect();
        let _ = writeln!(text, "not told: {}", pieces.join(", "));
        let _ = writeln!(text, "  because {}", visible(&reason.to_string()));
        let _ = writeln!(text, "  help: {}", visible(&reason.remedy()));
    }
    let _ = writeln!(text, "use it with `eyrie assess --forge-data {}`", visible(&folder));
    text
}
