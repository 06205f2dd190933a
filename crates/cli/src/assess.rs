//! `eyrie assess`: from arguments to a report.
//!
//! `AssessOptions` is what the arguments mean together. Fetching (clones, the forge's answers, files with answers
//! recorded elsewhere) is here; judging is `eyrie_posture::assess`.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use eyrie_forge::{
    Answer, CloneError, CloneOptions, Endpoints, ForgeAnswers, ForgeKind, GitHub, LandscapeItem, Network,
    Reason, Recorded, RepositoryAnswer, RepositoryUrl, Tokens, collect, local_path,
};
use eyrie_posture::assess::{Options, Span, Target, assess};
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::facts::ScorecardRun;
use eyrie_posture::git::GitRepository;
use eyrie_posture::report::{ProjectReport, Report, RepositoryFailure};
use eyrie_posture::scorecard;
use jiff::Timestamp;

use crate::args::AssessArgs;
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::present::Presentation;
use crate::progress::Progress;
use crate::render::digest::count_of;
use crate::render::text::visible;
use crate::{catalog, interrupt};

/// How many repositories are fetched at the same time.
const FETCHES: usize = 8;

/// What the arguments mean.
struct AssessOptions {
    targets: Vec<Asked>,
    compiled: Compiled,
    posture: Options,
    at: Option<String>,
    network: Network,
    tokens: Tokens,
    /// Nobody may be asked.
    offline: bool,
    depth: Option<NonZeroU32>,
    landscape: Option<(PathBuf, String)>,
}

/// One repository that was named, with what was given for it.
struct Asked {
    given: String,
    place: Place,
    /// Its address, as the user gave it besides.
    url: Option<RepositoryUrl>,
    recorded: Option<Recorded>,
    scorecard: Option<Arc<ScorecardRun>>,
}

enum Place {
    Folder(PathBuf),
    Address(RepositoryUrl),
}

impl AssessOptions {
    fn new(args: &AssessArgs) -> Result<AssessOptions, Error> {
        let now = args.now.unwrap_or_else(environment::now);
        let number = args.targets.len();
        let recorded = for_each_target("--forge-data", &args.forge_data, number)?;
        let scorecards = for_each_target("--scorecard", &args.scorecard, number)?;
        let urls = for_each_target("--url", &args.url, number)?;
        let mut targets = Vec::with_capacity(number);
        for (((given, recorded), run), url) in args.targets.iter().zip(recorded).zip(scorecards).zip(urls) {
            targets.push(Asked {
                given: given.clone(),
                place: place(given)?,
                url: url.map(|url| url.parse()).transpose().map_err(Error::Url)?,
                recorded: recorded.map(|path| Recorded::open(path, now)).transpose()?,
                scorecard: run.map(read_scorecard).transpose()?.map(Arc::new),
            });
        }
        let style = catalog::diagnostic_style(&args.screen);
        let compiled = catalog::load(&args.catalog, args.strict_compat, style)?;
        for set in &args.sets {
            let known = || compiled.catalog.sets.iter().map(|set| set.id.as_str());
            if !known().any(|known| known == set) {
                return Err(Error::unknown("check set", set, known(), "eyrie checks"));
            }
        }
        let landscape = match &args.landscape {
            Some(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.map_err(|source| Error::Read { path: path.clone(), source })?;
                Some((path.clone(), text))
            }
            None => None,
        };
        Ok(AssessOptions {
            targets,
            compiled,
            posture: Options {
                sets: args.sets.clone(),
                strict: args.strict_compat,
                now,
                history: args.history.map(|history| history.from(now)).transpose()?,
                name: args.name.clone(),
            },
            at: args.at.clone(),
            network: environment::network()?,
            tokens: environment::tokens(),
            offline: args.offline,
            depth: args.depth,
            landscape,
        })
    }
}

/// What was given once for each target, or not at all.
fn for_each_target<'a, T>(flag: &str, given: &'a [T], targets: usize) -> Result<Vec<Option<&'a T>>, Error> {
    if given.is_empty() {
        return Ok((0..targets).map(|_| None).collect());
    }
    if given.len() != targets {
        return Err(Error::Usage {
            message: format!("{flag} was given {} for {targets} repositories", count_of(given.len(), "time")),
            help: format!("give {flag} once for each repository, in their order"),
        });
    }
    Ok(given.iter().map(Some).collect())
}

fn read_scorecard(path: &PathBuf) -> Result<ScorecardRun, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
    scorecard::read(&bytes).map_err(|source| Error::NotScorecard { path: path.clone(), source })
}

fn place(given: &str) -> Result<Place, Error> {
    if let Some(path) = local_path(given) {
        return Ok(Place::Folder(path));
    }
    if RepositoryUrl::looks_like_url(given) && !Path::new(given).exists() {
        return given.parse().map(Place::Address).map_err(Error::Url);
    }
    Ok(Place::Folder(PathBuf::from(given)))
}

/// Runs `eyrie assess`.
pub(crate) fn run(args: &AssessArgs) -> Result<Exit, Error> {
    let options = AssessOptions::new(args)?;
    let presentation = Presentation::of(&args.output, &args.judgement, &args.screen);
    let progress = Progress::new(options.targets.len(), args.output.quiet || args.no_progress);
    let report = report(&options, &progress)?;
    progress.finish();
    presentation.present(&report)
}

/// The one folder that is named, with what is known of it, and what it is judged by.
pub(crate) fn one_folder(
    args: &AssessArgs,
    progress: &Progress,
) -> Result<(Compiled, Options, Target), Error> {
    let options = AssessOptions::new(args)?;
    let [Asked { place: Place::Folder(path), .. }] = &*options.targets else {
        return Err(Error::Usage {
            message: format!("{} is no folder", visible(&args.targets.join(", "))),
            help: "clone the repository and give the folder".into(),
        });
    };
    // Nothing is cloned for a folder, so nothing goes there and nothing fails for this repository alone.
    let fetched = fetch(&options, &options.targets[0], path, progress)?;
    let target = fetched.unwrap_or_else(|_| Target::folder(path));
    Ok((options.compiled, options.posture, target))
}

/// A target, or why there is none.
type Fetched = Result<Target, RepositoryFailure>;

fn report(options: &AssessOptions, progress: &Progress) -> Result<Report, Error> {
    let scratch = Scratch::new(&options.targets)?;
    let fetched = fetch_all(options, &scratch, progress)?;
    let mut targets = Vec::new();
    let mut failures = Vec::new();
    for fetched in fetched {
        match fetched {
            Ok(target) => targets.push(target),
            Err(failure) => failures.push(failure),
        }
    }
    progress.say("assessing");
    let mut report = assess(&options.compiled, targets, &options.posture, &|given| {
        progress.done(&format!("assessed {given}"))
    });
    add_failures(&mut report, failures);
    Ok(report)
}

/// What could not even be fetched goes before what could not be assessed.
fn add_failures(report: &mut Report, failures: Vec<RepositoryFailure>) {
    if failures.is_empty() {
        return;
    }
    if let Some(ProjectReport { name, failures: known, .. }) = report.projects.first_mut() {
        if name.is_empty() {
            name.clone_from(&failures[0].path);
        }
        known.splice(0..0, failures);
    }
}

/// A folder for clones that goes away with the command, however it ends.
struct Scratch {
    folder: Option<(tempfile::TempDir, interrupt::Leftover)>,
}

impl Scratch {
    fn new(targets: &[Asked]) -> Result<Scratch, Error> {
        if !targets.iter().any(|asked| matches!(asked.place, Place::Address(_))) {
            return Ok(Scratch { folder: None });
        }
        let folder = tempfile::Builder::new().prefix("eyrie-").tempdir().map_err(Error::Scratch)?;
        let leftover = interrupt::remove_on_interrupt(folder.path());
        Ok(Scratch { folder: Some((folder, leftover)) })
    }

    fn place(&self, number: usize) -> PathBuf {
        let folder = self.folder.as_ref().map_or(Path::new("."), |(folder, _)| folder.path());
        folder.join(number.to_string())
    }
}

fn fetch_all(options: &AssessOptions, scratch: &Scratch, progress: &Progress) -> Result<Vec<Fetched>, Error> {
    let numbered: Vec<_> = options.targets.iter().enumerate().collect();
    let mut all = Vec::with_capacity(numbered.len());
    for some in numbered.chunks(FETCHES) {
        let fetched: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = some
                .iter()
                .map(|(number, asked)| {
                    let into = scratch.place(*number);
                    scope.spawn(move || fetch(options, asked, &into, progress))
                })
                .collect();
            // A panic in a thread goes on here, as it would have without the thread.
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        for fetched in fetched {
            all.push(fetched?);
        }
    }
    Ok(all)
}

/// Gets one repository and what is said of it. What is wrong with this repository alone is its failure; what is
/// wrong with the arguments or the machine is an error.
fn fetch(options: &AssessOptions, asked: &Asked, into: &Path, progress: &Progress) -> Result<Fetched, Error> {
    let (path, url) = match &asked.place {
        Place::Folder(path) => {
            let origin = || GitRepository::discover(path).ok().flatten().and_then(|git| git.origin_url());
            let known = || origin().and_then(|origin| origin.parse::<RepositoryUrl>().ok());
            (path.clone(), asked.url.clone().or_else(known))
        }
        Place::Address(url) => {
            if options.offline {
                return Ok(Err(failure(
                    asked,
                    "it would have to be cloned, and the network is not to be used (--offline); clone it elsewhere \
                     and give the folder",
                )));
            }
            if let Err(error) = clone(options, url, into, &asked.given, progress) {
                return match error {
                    CloneError::Settings(error) => Err(Error::Network(error)),
                    error => Ok(Err(failure(asked, &clone_failure(&error)))),
                };
            }
            (into.to_owned(), Some(url.clone()))
        }
    };
    let cloned = matches!(asked.place, Place::Address(_));
    let name = project_name(options, url.as_ref(), &path);
    let mut forge = answers(options, asked, url.as_ref(), cloned, &name, progress)?;
    if let Some((path, text)) = &options.landscape {
        let item = LandscapeItem::find(text, &name);
        let item = item.map_err(|source| Error::Landscape { path: path.clone(), source })?;
        forge.landscape = Answer::Known(item);
    }
    Ok(Ok(Target {
        given: asked.given.clone(),
        path,
        url: url.as_ref().map(RepositoryUrl::web_url),
        at: options.at.clone(),
        landscape_given: forge.landscape.is_known(),
        forge,
        scorecard: asked.scorecard.clone(),
    }))
}

fn failure(asked: &Asked, error: &str) -> RepositoryFailure {
    RepositoryFailure { path: asked.given.clone(), error: error.to_owned() }
}

/// The name by which a landscape knows the project.
fn project_name(options: &AssessOptions, url: Option<&RepositoryUrl>, path: &Path) -> String {
    let given = options.posture.name.clone();
    let from_url = || url.map(|url| url.name().to_owned());
    let from_path = || {
        let path = path.canonicalize().ok()?;
        Some(path.file_name()?.to_string_lossy().into_owned())
    };
    given.or_else(from_url).or_else(from_path).unwrap_or_default()
}

fn clone(
    options: &AssessOptions,
    url: &RepositoryUrl,
    into: &Path,
    given: &str,
    progress: &Progress,
) -> Result<(), CloneError> {
    let settings = CloneOptions { depth: options.depth, ..CloneOptions::default() };
    let network = Network {
        connect_timeout: settings.network.connect_timeout,
        response_timeout: settings.network.response_timeout,
        read_timeout: settings.network.read_timeout,
        ..options.network.clone()
    };
    let settings = CloneOptions { network, ..settings };
    let token = options.tokens.of(url);
    // An interrupt ends the command and removes the folder; nobody has to stop here.
    let never = Arc::new(AtomicBool::new(false));
    eyrie_forge::clone(url, token, into, &settings, progress.of_clone(given), &never).map(|_| ())
}

fn clone_failure(error: &CloneError) -> String {
    match error {
        CloneError::Network { reason, .. } => format!("{error}; {}", reason.remedy()),
        error => error.to_string(),
    }
}

/// What the forge says, from whoever may be asked.
fn answers(
    options: &AssessOptions,
    asked: &Asked,
    url: Option<&RepositoryUrl>,
    cloned: bool,
    name: &str,
    progress: &Progress,
) -> Result<ForgeAnswers, Error> {
    if let Some(recorded) = &asked.recorded {
        // Recorded answers are of one repository; its address only fills gaps.
        let unnamed =
            || format!("https://forge.invalid/local/{}", path_segment(name)).parse::<RepositoryUrl>();
        let url = match url {
            Some(url) => url.clone(),
            None => unnamed().map_err(Error::Url)?,
        };
        return Ok(collect(recorded, &url, Some(name)));
    }
    if options.offline {
        return Ok(not_asked(options, &Reason::Offline));
    }
    let url = url.map(|url| match options.tokens.is_server(url) {
        true => url.clone().on(ForgeKind::GitHub),
        false => url.clone(),
    });
    let url = url.as_ref();
    let Some(url) = url.filter(|url| url.kind() == ForgeKind::GitHub) else {
        return Ok(match url {
            Some(url) => not_asked(options, &Reason::NotSupported { host: url.host().to_owned() }),
            None => not_asked(options, &Reason::NoAddress),
        });
    };
    // What only the folder names could have been chosen by whoever made the folder.
    if !cloned && asked.url.is_none() && !options.tokens.is_known(url) {
        return Ok(not_asked(options, &Reason::HostNotNamed { host: url.authority() }));
    }
    let token = options.tokens.of(url);
    // A folder is assessed without the network unless a token says that it is wanted: without one the forge tells
    // little, and grants 60 questions an hour.
    if token.is_none() && !cloned {
        return Ok(not_asked(options, &Reason::NoToken));
    }
    progress.say(&format!("asking {} about {}", url.host(), asked.given));
    let forge = GitHub::new(Endpoints::of(url), token, options.network.clone(), options.posture.now)?;
    Ok(collect(&forge, url, Some(name)))
}

/// What is left of a name that can stand in an address.
fn path_segment(name: &str) -> String {
    let kept: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    if kept.trim_matches('-').is_empty() { "repository".to_owned() } else { kept }
}

/// Answers that nobody was asked for. CLOMonitor's verdicts are defined without a forge only where nothing was
/// recorded.
fn not_asked(options: &AssessOptions, reason: &Reason) -> ForgeAnswers {
    if options.posture.strict {
        return ForgeAnswers::default();
    }
    ForgeAnswers {
        repository: RepositoryAnswer::unavailable(reason),
        homepage: Answer::Unavailable(reason.clone()),
        organization_files: Answer::Unavailable(reason.clone()),
        landscape: Answer::Unavailable(Reason::NotConfigured),
    }
}

/// How far back the score is followed, as it was typed: `2y`, `6mo`, `12w`, `90d` or `100 commits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryArg {
    /// So many of a unit of the calendar.
    Time(i64, Unit),
    /// So many commits.
    Commits(usize),
}

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `y`
    Years,
    /// `mo`
    Months,
    /// `w`
    Weeks,
    /// `d`
    Days,
}

impl HistoryArg {
    fn from(self, now: Timestamp) -> Result<Span, Error> {
        let (number, unit) = match self {
            HistoryArg::Commits(number) => return Ok(Span::Commits(number)),
            HistoryArg::Time(number, unit) => (number, unit),
        };
        let span = match unit {
            Unit::Years => jiff::Span::new().try_years(number),
            Unit::Months => jiff::Span::new().try_months(number),
            Unit::Weeks => jiff::Span::new().try_weeks(number),
            Unit::Days => jiff::Span::new().try_days(number),
        };
        let start = span.and_then(|span| now.to_zoned(jiff::tz::TimeZone::UTC).checked_sub(span));
        match start {
            Ok(start) => Ok(Span::Since(start.timestamp().as_second())),
            Err(_) => Err(Error::Usage {
                message: "--history reaches back before the calendar begins".into(),
                help: "give a shorter time, such as 2y".into(),
            }),
        }
    }
}

impl std::str::FromStr for HistoryArg {
    type Err = String;

    fn from_str(text: &str) -> Result<HistoryArg, String> {
        let text = text.trim();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let form = || "give a time or a number of commits: 2y, 6mo, 12w, 90d, `100 commits`".to_owned();
        let number: i64 = number.parse().ok().filter(|number| *number > 0).ok_or_else(form)?;
        match unit.trim() {
            "y" | "year" | "years" => Ok(HistoryArg::Time(number, Unit::Years)),
            "mo" | "month" | "months" => Ok(HistoryArg::Time(number, Unit::Months)),
            "w" | "week" | "weeks" => Ok(HistoryArg::Time(number, Unit::Weeks)),
            "d" | "day" | "days" => Ok(HistoryArg::Time(number, Unit::Days)),
            "commit" | "commits" => usize::try_from(number).map(HistoryArg::Commits).map_err(|_| form()),
            _ => Err(form()),
        }
    }
}

/// A day or a time, as `--now` takes it.
///
/// # Errors
/// What was expected.
pub fn parse_now(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day = text.parse::<jiff::civil::Date>().ok();
    let time = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|day| day.timestamp());
    time.ok_or_else(|| "give a day or a time: 2026-11-22, 2026-11-22T12:00:00Z".to_owned())
}
