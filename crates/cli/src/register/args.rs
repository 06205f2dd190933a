//! What was typed for the register: `register`, `project`, `attest`, `meeting`, `vote`, `policy`, `campaign` and `fact`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use eyrie_register::domain::date::PartialDate;
use eyrie_register::domain::fact::{Capacity, Verdict};
use eyrie_register::domain::log::Digest;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::assess::parse_now;
use crate::render::PassScore;

/// Form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people
    #[default]
    Terminal,
    /// For programs
    Json,
}

/// Where the register is and how answers are given.
#[derive(Clone, Debug, Args)]
pub struct PlaceArgs {
    /// The register: an SQLite file, or the URL of a PostgreSQL database
    #[arg(
        long,
        value_name = "FILE|URL",
        env = "EYRIE_REGISTER",
        default_value = "eyrie.db",
        global = true,
        help_heading = "Register"
    )]
    pub register: String,
    /// Form of the answer
    #[arg(
        long,
        short,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        global = true,
        help_heading = "Register"
    )]
    pub format: AnswerFormat,
    /// The time that counts as now: a day or a time
    #[arg(long, value_name = "DATE", value_parser = parse_now, global = true, help_heading = "Register")]
    pub now: Option<Timestamp>,
}

/// What looking back takes.
#[derive(Clone, Debug, Args)]
pub struct LookArgs {
    /// As of the end of this day, instead of now
    #[arg(long, value_name = "DAY")]
    pub as_of: Option<Date>,
    /// As far as was written down by then
    #[arg(long, value_name = "TIME", value_parser = parse_now)]
    pub recorded_by: Option<Timestamp>,
}

/// What writing takes.
#[derive(Clone, Debug, Args)]
pub struct WriteArgs {
    /// When it happened: a day, month or year, as 2026-05-14 or 2026-05; today if not given
    #[arg(long, value_name = "DATE", help_heading = "Writing")]
    pub date: Option<PartialDate>,
    /// Who writes it
    #[arg(long, value_name = "NAME", env = "EYRIE_BY", help_heading = "Writing")]
    pub by: Option<String>,
    /// Where it is known from: an address, minutes
    #[arg(long, value_name = "TEXT", help_heading = "Writing")]
    pub source: Option<String>,
    /// Check it, say what would be written, and write nothing
    #[arg(long, help_heading = "Writing")]
    pub dry_run: bool,
}

/// Arguments of `register`.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RegisterCommand,
    /// The register.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// The commands of `register`.
#[derive(Debug, Subcommand)]
pub enum RegisterCommand {
    /// Make a register kept by a policy: one that comes with Eyrie (ccc, cncf), or files of your own
    Init {
        /// Its name, or a file of a version; more than once for more files
        #[arg(long, required = true, value_name = "NAME|FILE")]
        policy: Vec<String>,
        /// Who writes it, and where it is known from.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Show the log
    Log {
        /// Only entries about this project
        #[arg(long, value_name = "PROJECT")]
        project: Option<String>,
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Check every entry, the chain of hashes and the derived tables
    Verify {
        /// A hash that the log must contain: the one that was noted at some time
        #[arg(long, value_name = "HASH")]
        head: Option<Digest>,
    },
    /// Make the derived tables anew from the log
    Rebuild,
    /// Write the register as a folder of YAML and Markdown
    Export {
        /// The folder
        folder: PathBuf,
        /// Say what would change, and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Take over a folder, all of it or nothing; entries without a number are new
    Import {
        /// The folder
        folder: PathBuf,
        /// Who writes what is new, where the entries do not say.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Show what should be looked at: reviews that are due, what is owed, what is not on record
    Lint {
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Take an entry back; it stays in the log and counts no more
    Retract {
        /// Its number
        entry: u64,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Take up a further version of the policy
    Adopt {
        /// Its file, or the name of one that comes with Eyrie, as `ccc-2025-06-06`
        policy: String,
        /// Who writes it.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Give a body a seat, with who sits on it
    Seat {
        /// The body
        body: String,
        /// The seat
        seat: String,
        /// Who represents it
        #[arg(long, value_name = "PERSON")]
        primary: Option<String>,
        /// Who stands in
        #[arg(long, value_name = "PERSON")]
        alternate: Vec<String>,
        /// Whose it is
        #[arg(long, value_name = "ORGANISATION")]
        organisation: Option<String>,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Put a person on a seat that is there
    Fill {
        /// The body
        body: String,
        /// The seat
        seat: String,
        /// The person
        person: String,
        /// As what
        #[arg(long, value_parser = capacity, default_value = "primary")]
        capacity: Capacity,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Name a person or an organisation, with other spellings
    Name {
        /// Person or organisation
        #[arg(value_enum)]
        what: Named,
        /// The name
        name: String,
        /// Another spelling
        #[arg(long)]
        alias: Vec<String>,
        /// The id; made from the name if not given
        #[arg(long)]
        id: Option<String>,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
}

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Named {
    /// A person
    Person,
    /// An organisation
    Organisation,
}

fn capacity(text: &str) -> Result<Capacity, String> {
    match text {
        "primary" => Ok(Capacity::Primary),
        "alternate" => Ok(Capacity::Alternate),
        _ => Err("primary or alternate".to_owned()),
    }
}

/// Arguments of `project`.
#[derive(Debug, Args)]
pub struct ProjectArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ProjectCommand,
    /// The register.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// The commands of `project`.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// List all projects with their stages
    List {
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Submit a project
    Submit {
        /// Its id
        project: String,
        /// Its name, if it is not the id
        #[arg(long)]
        name: Option<String>,
        /// Its main repository
        #[arg(long, value_name = "PATH|URL")]
        repo: Option<String>,
        /// The answers to the submission: Markdown with numbered items (`1.1. …`), or YAML
        #[arg(long, value_name = "FILE")]
        answers: Option<PathBuf>,
        /// The stage that it would like to enter at
        #[arg(long, value_name = "STAGE")]
        preferred: Option<String>,
        /// The project it is spun off from
        #[arg(long, value_name = "PROJECT")]
        parent: Option<String>,
        /// The organisation that created it
        #[arg(long, value_name = "ORGANISATION")]
        creator: Option<String>,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Show where a project stands, and what the next stage asks for
    Status {
        /// The project
        project: String,
        /// The stage; the next one if not given
        #[arg(long = "for", value_name = "STAGE")]
        stage: Option<String>,
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Draft the proposal for a stage: every sentence with its evidence and date, what a person must attest marked
    Draft {
        /// The project
        project: String,
        /// The stage; the next one if not given
        #[arg(long, value_name = "STAGE")]
        to: Option<String>,
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Evaluate criteria: one by hand, or with --repo all that a repository decides
    Evaluate {
        /// The project
        project: String,
        /// The criterion
        #[arg(required_unless_present = "repo")]
        criterion: Option<String>,
        /// What was found: met, unmet, not-applicable or unknown
        #[arg(value_parser = verdict, required_unless_present = "repo")]
        verdict: Option<Verdict>,
        /// Why
        #[arg(long, required_unless_present = "repo")]
        reason: Option<String>,
        /// What it rests on, an address or a path
        #[arg(long, value_name = "URL|PATH")]
        evidence: Vec<String>,
        /// Assess the repository in this folder and record what it decides
        #[arg(long, value_name = "DIR", conflicts_with_all = ["criterion", "verdict", "reason"])]
        repo: Option<PathBuf>,
        /// The stage whose criteria are looked at with --repo; the next one if not given
        #[arg(long = "for", value_name = "STAGE")]
        stage: Option<String>,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
}

fn verdict(text: &str) -> Result<Verdict, String> {
    let all = [Verdict::Met, Verdict::Unmet, Verdict::NotApplicable, Verdict::Unknown];
    all.into_iter()
        .find(|verdict| verdict.name() == text)
        .ok_or_else(|| "met, unmet, not-applicable or unknown".to_owned())
}

/// Arguments of `attest`.
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// The project
    pub project: String,
    /// What about: `production-use`, or the id of a criterion
    pub about: String,
    /// The organisation it is about
    #[arg(long, value_name = "ORGANISATION")]
    pub org: Option<String>,
    /// That it is independent of the project and its vendors
    #[arg(long)]
    pub independent: bool,
    /// What is stated
    #[arg(long, default_value = "so it is")]
    pub text: String,
    /// What shows it
    #[arg(long, required = true, value_name = "URL")]
    pub evidence: Vec<String>,
    /// The last day the evidence counts
    #[arg(long, value_name = "DAY")]
    pub expires: Option<Date>,
    /// Who attests, and when.
    #[command(flatten)]
    pub write: WriteArgs,
    /// The register.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Arguments of `meeting`.
#[derive(Debug, Args)]
pub struct MeetingArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: MeetingCommand,
    /// The register.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// The commands of `meeting`.
#[derive(Debug, Subcommand)]
pub enum MeetingCommand {
    /// Record a meeting with its roll call
    Record {
        /// The day
        day: PartialDate,
        /// The body
        #[arg(long, default_value = "tac")]
        body: String,
        /// The seats that were represented, each with who was there if known: `intel,arm=jo`
        #[arg(long, required = true, value_delimiter = ',', value_name = "SEAT[=PERSON]")]
        present: Vec<String>,
        /// What the minutes say of a quorum; it is checked when a vote closes
        #[arg(long, value_name = "true|false")]
        quorum: Option<bool>,
        /// The meeting's id; BODY-DAY if not given
        #[arg(long)]
        id: Option<String>,
        /// Who writes it.
        #[command(flatten)]
        write: WriteArgs,
    },
}

/// Arguments of `vote`.
#[derive(Debug, Args)]
pub struct VoteArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: VoteCommand,
    /// The register.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// The commands of `vote`.
#[derive(Debug, Subcommand)]
pub enum VoteCommand {
    /// List all votes
    List {
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Open a vote
    #[command(group = clap::ArgGroup::new("motion").required(true).args(["to", "resolve", "waive", "raise"]))]
    #[command(group = clap::ArgGroup::new("channel").required(true).args(["meeting", "email", "forge"]))]
    Open {
        /// The vote's id
        vote: String,
        /// The project it is about
        #[arg(long, required_unless_present = "resolve")]
        project: Option<String>,
        /// Move the project to this stage
        #[arg(long, value_name = "STAGE")]
        to: Option<String>,
        /// Anything else
        #[arg(long, value_name = "TEXT")]
        resolve: Option<String>,
        /// Do not ask this criterion of the project
        #[arg(long, value_name = "CRITERION", requires = "reason")]
        waive: Option<String>,
        /// Why it is not asked
        #[arg(long)]
        reason: Option<String>,
        /// Raise the limit of this benefit
        #[arg(long, value_name = "BENEFIT", requires = "cents")]
        raise: Option<String>,
        /// To so many US cents a year
        #[arg(long)]
        cents: Option<u64>,
        /// Who votes
        #[arg(long, default_value = "tac")]
        body: String,
        /// At this meeting
        #[arg(long, value_name = "MEETING")]
        meeting: Option<String>,
        /// By e-mail
        #[arg(long)]
        email: bool,
        /// On a forge
        #[arg(long)]
        forge: bool,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Cast ballots
    Cast {
        /// The vote
        vote: String,
        /// Ballots, as `intel=yes`; with who voted for the seat, as `intel/jo=yes`
        #[arg(required = true, value_name = "SEAT[/PERSON]=yes|no|abstain")]
        ballots: Vec<String>,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Take a seat out of a vote, because of a conflict of interest
    Recuse {
        /// The vote
        vote: String,
        /// The seat
        seat: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Take a motion as carried: nobody present objected
    Consent {
        /// The vote
        vote: String,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Close a vote, count it, and check what is claimed of it
    Close {
        /// The vote
        vote: String,
        /// What the minutes say came of it: passed, failed or no-quorum
        #[arg(long, value_name = "RESULT")]
        claim: Option<String>,
        /// How many the minutes say were in favour
        #[arg(long, requires = "claim")]
        yes: Option<usize>,
        /// How many the minutes say were against
        #[arg(long, requires = "claim")]
        no: Option<usize>,
        /// How many the minutes say abstained
        #[arg(long, requires = "claim")]
        abstain: Option<usize>,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Explain step by step what came of a vote, or can still come of it
    Explain {
        /// The vote
        vote: String,
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
}

/// Arguments of `policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PolicyCommand,
    /// Form of the answer
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT", global = true)]
    pub format: AnswerFormat,
    /// The time that counts as now: a day or a time
    #[arg(long, value_name = "DATE", value_parser = parse_now, global = true)]
    pub now: Option<Timestamp>,
}

/// The commands of `policy`. A policy is named by its file, or as one that comes with Eyrie: `ccc` for the version in force,
/// `ccc-2024-07-11` for that one.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the policies that come with Eyrie
    List,
    /// Show where a policy contradicts itself or is unclear, and how it is read
    Lint {
        /// The policy
        policy: String,
    },
    /// Show what changed from one version to another
    Diff {
        /// The earlier version
        old: String,
        /// The later version
        new: String,
    },
    /// Explain a policy: stages, ways between them, votes, criteria
    Explain {
        /// The policy
        policy: String,
        /// Only this stage
        #[arg(long)]
        stage: Option<String>,
    },
}

/// Arguments of `fact`.
#[derive(Debug, Args)]
pub struct FactArgs {
    /// The kind of fact, as `sponsor-named`; `list` shows all
    pub kind: String,
    /// Its fields, as `project=enarx`, `evidence.at=https://…`; a field given again makes a list
    #[arg(value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// Who writes it, and when.
    #[command(flatten)]
    pub write: WriteArgs,
    /// The register.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Arguments of `campaign`.
#[derive(Debug, Args)]
pub struct CampaignArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CampaignCommand,
    /// The register.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// The commands of `campaign`.
#[derive(Debug, Subcommand)]
pub enum CampaignCommand {
    /// Set up a campaign
    Create {
        /// Its id
        campaign: String,
        /// Its name, if it is not the id
        #[arg(long)]
        name: Option<String>,
        /// The category of the score whose target counts
        #[arg(long, default_value = "security")]
        category: String,
        /// The target in percent
        #[arg(long, default_value = "100", value_name = "N")]
        target: PassScore,
        /// The last day on which projects join; the deadline if not given
        #[arg(long, value_name = "DAY")]
        join_until: Option<Date>,
        /// The last day that counts
        #[arg(long, value_name = "DAY")]
        deadline: Date,
        /// US dollars that are given for each project that reaches the target
        #[arg(long, value_name = "DOLLARS", default_value_t = 0)]
        each: u64,
        /// US dollars that are given at most
        #[arg(long, value_name = "DOLLARS", default_value_t = 0)]
        cap: u64,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Let a project join, or change which of its repositories count
    Enrol {
        /// The campaign
        campaign: String,
        /// The project
        project: String,
        /// A repository that counts: its folder below the one that `snapshot` is given
        #[arg(long, required = true, value_name = "FOLDER")]
        repo: Vec<String>,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Assess the repositories of all participants, and record the scores
    Snapshot {
        /// The campaign
        campaign: String,
        /// The folder with the checkouts
        #[arg(long, default_value = ".", value_name = "DIR")]
        dir: PathBuf,
        /// Only this project
        #[arg(long, value_name = "PROJECT")]
        project: Option<String>,
        /// Who writes it, and when.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Show the leaderboard
    Board {
        /// The campaign
        campaign: String,
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Write a checklist in Markdown for each repository; what people ticked and wrote in one that is there stays
    Checklists {
        /// The campaign
        campaign: String,
        /// The folder with the checkouts
        #[arg(long, default_value = ".", value_name = "DIR")]
        dir: PathBuf,
        /// The folder to write to
        #[arg(long, short, value_name = "DIR")]
        output: PathBuf,
        /// Say what would be written, and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the final report in Markdown
    Report {
        /// The campaign
        campaign: String,
        /// As of when.
        #[command(flatten)]
        look: LookArgs,
    },
}
