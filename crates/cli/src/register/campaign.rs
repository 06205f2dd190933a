//! `eyrie campaign`: a campaign over the checkouts in a folder, without a network.

use std::fmt::Write as _;
use std::path::Path;

use eyrie_posture::assess::{Options, Target, assess};
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::report::{ProjectReport, Report};
use eyrie_register::domain::fact::{CampaignJoined, CampaignOpened, SnapshotTaken, dollars};
use eyrie_register::domain::id::{CampaignId, ProjectId};
use eyrie_register::domain::state::{Campaign, Participant, State};
use jiff::civil::Date;
use serde_json::json;

use super::args::{CampaignArgs, CampaignCommand, WriteArgs};
use super::{Answer, Desk, id, project};
use crate::catalog;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Destination;
use crate::render::markdown;
use crate::render::text::visible;

fn find<'a>(state: &'a State, name: &str) -> Result<&'a Campaign, Error> {
    let found = name.parse::<CampaignId>().ok().and_then(|id| state.campaigns.get(&id));
    found.ok_or_else(|| {
        let known = state.campaigns.keys().map(CampaignId::as_str);
        Error::unknown("campaign", name, known, "eyrie register log")
    })
}

/// Runs `eyrie campaign`.
pub(crate) fn run(args: &CampaignArgs) -> Result<Exit, Error> {
    let desk = Desk::new(&args.place);
    match &args.command {
        CampaignCommand::Create {
            campaign,
            name,
            category,
            target,
            join_until,
            deadline,
            each,
            cap,
            write,
        } => {
            let cents = |dollars: u64| {
                dollars.checked_mul(100).ok_or_else(|| Error::Usage {
                    message: format!("{dollars} dollars are too many"),
                    help: "give a smaller number".to_owned(),
                })
            };
            let fact = CampaignOpened {
                campaign: id(campaign)?,
                name: name.clone().unwrap_or_else(|| campaign.clone()),
                category: category.clone(),
                target: target.tenths(),
                last_enrolment: join_until.unwrap_or(*deadline),
                deadline: *deadline,
                cents_each: cents(*each)?,
                cents_cap: cents(*cap)?,
            };
            desk.write(write, vec![desk.draft(write, fact)?])
        }
        CampaignCommand::Enrol { campaign, project: name, repo, write } => {
            let register = desk.load()?;
            let project = project::find(register.state(), name)?.id.clone();
            let fact = CampaignJoined { campaign: id(campaign)?, project, repositories: repo.clone() };
            desk.write(write, vec![desk.draft(write, fact)?])
        }
        CampaignCommand::Snapshot { campaign, dir, project, write } => {
            snapshot(&desk, campaign, dir, project.as_deref(), write)
        }
        CampaignCommand::Board { campaign, look } => {
            let (state, day) = desk.look(look)?;
            desk.answer(&board(&state, find(&state, campaign)?, day))
        }
        CampaignCommand::Checklists { campaign, dir, output, dry_run } => {
            checklists(&desk, campaign, dir, output, *dry_run)
        }
        CampaignCommand::Report { campaign, look } => {
            let (state, day) = desk.look(look)?;
            desk.answer(&report(&state, find(&state, campaign)?, day))
        }
    }
}

fn compiled() -> Result<Compiled, Error> {
    catalog::load(&[], false, eyrie_lang::diagnostic::RenderStyle::default())
}

/// The repositories of a participant that count on a day.
fn scope(participant: &Participant, day: Date) -> &[String] {
    let valid = participant.scopes.iter().rev().find(|(since, _)| since.days().first <= day);
    valid.map(|(_, repositories)| repositories.as_slice()).unwrap_or_default()
}

/// Assesses the repositories of a participant as one project.
fn assessed(desk: &Desk, compiled: &Compiled, dir: &Path, id: &ProjectId, scope: &[String]) -> Report {
    let targets = scope.iter().map(|repository| Target::folder(dir.join(repository))).collect();
    let options =
        Options { sets: Vec::new(), strict: false, now: desk.now, history: None, name: Some(id.to_string()) };
    assess(compiled, targets, &options, &|_| {})
}

/// The project of a report, unless one of its repositories could not be assessed: half a score is none.
fn whole(report: &Report) -> Result<&ProjectReport, Error> {
    let project = report.projects.first().filter(|project| project.failures.is_empty());
    project.ok_or_else(|| {
        let failures = report.projects.iter().flat_map(|project| &project.failures);
        let failed: Vec<String> = failures.map(|one| format!("{}: {}", one.path, one.error)).collect();
        Error::Usage {
            message: format!("not everything could be assessed: {}", failed.join("; ")),
            help: "check out what is lacking below --dir, or change the scope with `eyrie campaign enrol`"
                .to_owned(),
        }
    })
}

fn snapshot(
    desk: &Desk,
    campaign: &str,
    dir: &Path,
    only: Option<&str>,
    write: &WriteArgs,
) -> Result<Exit, Error> {
    let register = desk.load()?;
    let found = find(register.state(), campaign)?;
    let only = only.map(|name| project::find(register.state(), name)).transpose()?;
    let day = write.date.map_or_else(|| desk.today(), |date| date.days().last);
    let compiled = compiled()?;
    let mut drafts = Vec::new();
    for (project, participant) in &found.participants {
        if only.is_some_and(|only| only.id != *project) {
            continue;
        }
        let report = assessed(desk, &compiled, dir, project, scope(participant, day));
        let tally = whole(&report)?.score.categories.get(&found.category).copied().unwrap_or_default();
        let fact = SnapshotTaken {
            campaign: id(campaign)?,
            project: project.clone(),
            earned: tally.earned,
            possible: tally.possible,
        };
        drafts.push(desk.draft(write, fact)?);
    }
    desk.write_and(write, drafts, |register| {
        let found = find(register.state(), campaign).ok()?;
        Some(board(register.state(), found, day))
    })
}

fn percent(tenths: u32) -> String {
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn name<'a>(state: &'a State, project: &'a ProjectId) -> &'a str {
    state.projects.get(project).map_or(project.as_str(), |project| project.name.as_str())
}

fn board(state: &State, campaign: &Campaign, day: Date) -> Answer {
    let standings = campaign.board(day);
    let mut text = format!(
        "{}: {} at {}, until {}\n",
        visible(&campaign.name),
        visible(&campaign.category),
        percent(campaign.target),
        campaign.deadline
    );
    for one in &standings {
        let reached = one.reached.map_or_else(String::new, |date| format!("  reached on {date}"));
        let _ = writeln!(
            text,
            "{:>3}  {:>7}  {}{reached}",
            one.rank,
            percent(one.tenths),
            visible(name(state, &one.project))
        );
    }
    let json = json!({ "campaign": campaign.name, "as_of": day, "board": standings });
    Answer { text, json }
}

fn checklists(desk: &Desk, campaign: &str, dir: &Path, output: &Path, dry_run: bool) -> Result<Exit, Error> {
    let register = desk.load()?;
    let found = find(register.state(), campaign)?;
    let compiled = compiled()?;
    let (mut text, mut written) = (String::new(), Vec::new());
    for (project, participant) in &found.participants {
        for repository in scope(participant, desk.today()) {
            let report = assessed(desk, &compiled, dir, project, std::slice::from_ref(repository));
            whole(&report)?;
            let file = format!("{project}-{}.md", repository.replace(['/', '\\'], "-"));
            let path = output.join(&file);
            let destination = Destination::File(path.clone());
            let existing =
                destination.existing().map_err(|source| Error::Read { path: path.clone(), source })?;
            let mut drawn = Vec::new();
            markdown::render(&report, None, existing.as_deref(), &mut drawn).map_err(Error::Stdout)?;
            if existing.as_deref().map(str::as_bytes) == Some(drawn.as_slice()) {
                let _ = writeln!(text, "unchanged {file}");
                continue;
            }
            if !dry_run {
                let fail = |source| Error::Write { path: path.clone(), source };
                std::fs::create_dir_all(output).map_err(fail)?;
                destination.write(&drawn).map_err(fail)?;
            }
            let _ = writeln!(text, "{} {file}", if dry_run { "would write" } else { "wrote" });
            written.push(file);
        }
    }
    desk.answer(&Answer { text, json: json!({ "dry_run": dry_run, "written": written }) })
}

/// The final report: every figure derived, none typed in.
fn report(state: &State, campaign: &Campaign, day: Date) -> Answer {
    let standings = campaign.board(day);
    let reached: Vec<_> = standings.iter().filter(|one| one.reached.is_some()).collect();
    let paid = if day >= campaign.deadline { campaign.payout() } else { 0 };
    let mut text = format!(
        "# {}\n\nAs of {day}. {} projects took part; {} reached {} in {} by {}.\n",
        markdown_line(&campaign.name),
        standings.len(),
        reached.len(),
        percent(campaign.target),
        markdown_line(&campaign.category),
        campaign.deadline
    );
    if campaign.cents_each > 0 {
        let _ = match day >= campaign.deadline {
            true => writeln!(
                text,
                "\n{} are given: {} for each of them, at most {}.",
                dollars(paid),
                dollars(campaign.cents_each),
                dollars(campaign.cents_cap)
            ),
            false => writeln!(text, "\nWhat is given is settled on {}.", campaign.deadline),
        };
    }
    if !reached.is_empty() {
        text.push_str("\n## Made it\n\n");
        for one in &reached {
            let date = one.reached.map_or_else(String::new, |date| date.to_string());
            let _ = writeln!(text, "* {}, on {date}", markdown_line(name(state, &one.project)));
        }
    }
    text.push_str("\n## Leaderboard\n\n| | Project | Score | Repositories |\n|---|---|---|---|\n");
    for one in &standings {
        let repositories = campaign
            .participants
            .get(&one.project)
            .map(|participant| scope(participant, day.min(campaign.deadline)).len())
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {repositories} |",
            one.rank,
            markdown_line(name(state, &one.project)),
            percent(one.tenths)
        );
    }
    let json = json!({
        "campaign": campaign.name,
        "as_of": day,
        "participants": standings.len(),
        "reached": reached.len(),
        "cents": paid,
        "board": standings,
    });
    Answer { text, json }
}

fn markdown_line(text: &str) -> String {
    eyrie_register::files::export::line(text)
}
