//! `eyrie register`, `project`, `attest`, `meeting`, `vote`, `policy`, `campaign` and `fact`: a foundation's register at the command line.
//!
//! What is taken and what is refused is decided in `eyrie-register`; here the clock is read, arguments become facts, and answers
//! are drawn.

mod answers;
pub mod args;
mod campaign;
mod evaluate;
mod facts;
mod policy;
mod project;
mod vote;

use std::fmt::Write as _;

use eyrie_register::catalogs::POLICIES;
use eyrie_register::domain::date::PartialDate;
use eyrie_register::domain::fact::Attendance;
use eyrie_register::domain::fact::{
    Attested, Capacity, Draft, EntryRetracted, Evidence, Fact, MeetingHeld, OrganisationKnown, PersonKnown,
    PolicyAdopted, SeatCreated, SeatFilled,
};
use eyrie_register::domain::id::{OrganisationId, PersonId, SeatId, slug};
use eyrie_register::domain::log::Entry;
use eyrie_register::domain::policy::Policy;
use eyrie_register::domain::register::{Refusal, Register};
use eyrie_register::domain::state::{AsOf, State, Violation, lint::lint};
use eyrie_register::files::{self, export::export, import};
use eyrie_register::store::{Store, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Destination;
use crate::render::text::{visible, visible_lines};
use args::{
    AnswerFormat, AttestArgs, LookArgs, MeetingArgs, MeetingCommand, Named, PlaceArgs, RegisterArgs,
    RegisterCommand, WriteArgs,
};

pub(crate) use campaign::run as campaigns;
pub(crate) use facts::record;
pub(crate) use policy::run as policies;
pub(crate) use project::run as projects;
pub(crate) use vote::run as votes;

/// Where the register is, what counts as now, and how answers are given.
struct Desk {
    place: String,
    now: Timestamp,
    format: AnswerFormat,
}

/// An answer: for people and for programs.
struct Answer {
    text: String,
    json: Value,
}

impl Desk {
    fn new(args: &PlaceArgs) -> Self {
        Desk {
            place: args.register.clone(),
            now: args.now.unwrap_or_else(environment::now),
            format: args.format,
        }
    }

    fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }

    fn open(&self) -> Result<Store, Error> {
        Ok(Store::open(&self.place)?)
    }

    fn load(&self) -> Result<Register, Error> {
        Ok(self.open()?.load()?)
    }

    /// What was known, and the day that it is looked at on.
    fn look(&self, args: &LookArgs) -> Result<(State, Date), Error> {
        let register = self.load()?;
        let as_of = AsOf { happened: args.as_of, recorded: args.recorded_by };
        Ok((register.as_of(as_of).state, args.as_of.unwrap_or_else(|| self.today())))
    }

    fn draft(&self, args: &WriteArgs, fact: impl Into<Fact>) -> Result<Draft, Error> {
        self.draft_on(args, args.date.unwrap_or_else(|| self.today().into()), fact)
    }

    fn draft_on(&self, args: &WriteArgs, when: PartialDate, fact: impl Into<Fact>) -> Result<Draft, Error> {
        let by = args.by.clone().or_else(|| environment::get("USER").filter(|user| !user.is_empty()));
        let by = by.ok_or_else(|| Error::Usage {
            message: "nobody is known who writes this".to_owned(),
            help: "give --by NAME, or set EYRIE_BY".to_owned(),
        })?;
        Ok(Draft { by, when, source: args.source.clone(), fact: fact.into() })
    }

    /// Writes facts, or says what would be written.
    fn write(&self, args: &WriteArgs, drafts: Vec<Draft>) -> Result<Exit, Error> {
        self.write_and(args, drafts, |_| None)
    }

    /// As [`Desk::write`], with something more to say of the register as it then is.
    fn write_and(
        &self,
        args: &WriteArgs,
        drafts: Vec<Draft>,
        more: impl FnOnce(&Register) -> Option<Answer>,
    ) -> Result<Exit, Error> {
        let mut store = self.open()?;
        let result = match args.dry_run {
            true => store.load().and_then(|old| {
                let first = old.log().next_number();
                let (register, notes) = old.with(drafts, self.now)?;
                Ok((register, first, notes))
            }),
            false => store.append(drafts, self.now).map(|done| (done.register, done.first, done.notes)),
        };
        let (register, first, notes) = match result {
            Ok(done) => done,
            Err(StoreError::Refused(Refusal::Rules(violations))) => return self.refuse(&violations),
            Err(error) => return Err(error.into()),
        };
        let new = register.log().entries().iter().filter(|entry| entry.body.entry >= first);
        let mut text = String::new();
        let mut written = Vec::new();
        for entry in new {
            let did = if args.dry_run { "would write" } else { "wrote" };
            let _ = writeln!(text, "{did} {}", entry_line(entry));
            written.push(entry_json(entry));
        }
        for note in &notes {
            let _ = writeln!(text, "note: {}", visible_lines(&note.to_string()));
        }
        let mut json = json!({ "dry_run": args.dry_run, "written": written, "notes": notes });
        if let Some(more) = more(&register) {
            text.push_str(&more.text);
            if let (Value::Object(all), Value::Object(more)) = (&mut json, more.json) {
                all.extend(more);
            }
        }
        self.answer(&Answer { text, json })
    }

    /// Says which rules forbid it.
    fn refuse(&self, violations: &[Violation]) -> Result<Exit, Error> {
        if self.format == AnswerFormat::Json {
            let json = json!({ "refused": violations });
            self.answer(&Answer { text: String::new(), json })?;
        }
        let mut rendered = String::new();
        for violation in violations {
            let _ = writeln!(rendered, "refused: {}", visible_lines(&violation.to_string()));
            if let Some(help) = &violation.help {
                let _ = writeln!(rendered, "  help: {}", visible_lines(help));
            }
        }
        Err(Error::Refused { number: violations.len(), rendered })
    }

    fn answer(&self, answer: &Answer) -> Result<Exit, Error> {
        show(self.format, answer)
    }
}

/// Writes an answer to standard output.
fn show(format: AnswerFormat, answer: &Answer) -> Result<Exit, Error> {
    let drawn = match format {
        AnswerFormat::Terminal => answer.text.clone(),
        AnswerFormat::Json => format!("{:#}\n", answer.json),
    };
    Destination::Stdout.write(drawn.as_bytes()).map_err(Error::Stdout)?;
    Ok(Exit::Clean)
}

/// An id from what was typed.
fn id<T: std::str::FromStr<Err = eyrie_register::domain::id::IdError>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: eyrie_register::domain::id::IdError| Error::Usage {
        message: error.to_string(),
        help: match slug(text) {
            Some(near) => format!("`{near}` could be one"),
            None => "choose another".to_owned(),
        },
    })
}

fn optional<T: std::str::FromStr<Err = eyrie_register::domain::id::IdError>>(
    text: Option<&String>,
) -> Result<Option<T>, Error> {
    text.map(|text| id(text)).transpose()
}

/// What an entry says, on one line.
fn entry_line(entry: &Entry) -> String {
    let body = &entry.body;
    let mut line = format!("{:>4}  {}  ", body.entry, body.draft.when);
    let value = serde_json::to_value(&body.draft.fact).unwrap_or_default();
    if let Value::Object(fields) = value {
        for (key, value) in fields {
            match (key.as_str(), value) {
                ("fact", Value::String(kind)) => line.push_str(&kind),
                // A policy's text is no line.
                ("text", Value::String(text)) if text.len() > 120 => {
                    let _ = write!(line, " text=({} bytes)", text.len());
                }
                (key, Value::String(text)) => {
                    let _ = write!(line, " {key}={}", visible(&text));
                }
                (key, other) => {
                    let _ = write!(line, " {key}={}", visible(&other.to_string()));
                }
            }
        }
    }
    let _ = write!(line, "  ({})", visible(&body.draft.by));
    line
}

fn entry_json(entry: &Entry) -> Value {
    let mut value = serde_json::to_value(&entry.body).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.insert("digest".to_owned(), Value::from(entry.digest.to_string()));
    }
    value
}

/// Evidence as typed, of a day.
fn evidence(at: &[String], date: PartialDate, expires: Option<Date>) -> Vec<Evidence> {
    at.iter().map(|at| Evidence { at: at.clone(), date, expires, sha256: None }).collect()
}

/// The texts of a policy: all versions of one that comes with Eyrie, one version of it, or a file.
fn policy_texts(name: &str) -> Result<Vec<(String, String)>, Error> {
    let shipped: Vec<_> = POLICIES
        .iter()
        .filter(|(file, _)| {
            let stem = file.trim_end_matches(".yaml");
            stem == name || stem.split_once('-').is_some_and(|(policy, _)| policy == name)
        })
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
        .collect();
    if !shipped.is_empty() {
        return Ok(shipped);
    }
    if !name.contains(['/', '.']) {
        let known = POLICIES.iter().map(|(file, _)| file.trim_end_matches(".yaml"));
        return Err(Error::unknown("policy", name, known, "eyrie policy list"));
    }
    let text = std::fs::read_to_string(name).map_err(|source| Error::Read { path: name.into(), source })?;
    Ok(vec![(name.to_owned(), text)])
}

/// Reads a policy, with every mistake in it drawn.
fn read_policy(name: &str, text: &str) -> Result<Policy, Error> {
    use eyrie_lang::diagnostic::{RenderStyle, Source, render};
    eyrie_register::domain::policy::read::read(text).map_err(|error| {
        let source = Source::new(text).named(name);
        let drawn: Vec<String> =
            error.problems.iter().map(|problem| render(problem, source, RenderStyle::default())).collect();
        Error::Policy {
            number: error.problems.len(),
            rendered: visible_lines(&drawn.join("\n\n")).into_owned(),
        }
    })
}

/// The versions of a policy as facts, each of its first day.
fn adoptions(desk: &Desk, names: &[String], write: &WriteArgs) -> Result<Vec<Draft>, Error> {
    let mut drafts = Vec::new();
    for name in names {
        for (file, text) in policy_texts(name)? {
            let policy = read_policy(&file, &text)?;
            let fact = PolicyAdopted { policy: policy.policy, version: policy.version, text };
            drafts.push((policy.from, fact));
        }
    }
    drafts.sort_by_key(|(from, _)| *from);
    drafts.into_iter().map(|(from, fact)| desk.draft_on(write, from.into(), fact)).collect()
}

/// Runs `eyrie register`.
pub(crate) fn run(args: &RegisterArgs) -> Result<Exit, Error> {
    let desk = Desk::new(&args.place);
    match &args.command {
        RegisterCommand::Init { policy, write } => {
            let drafts = adoptions(&desk, policy, write)?;
            if write.dry_run {
                let (register, _) = match Register::default().with(drafts, desk.now) {
                    Ok(done) => done,
                    Err(refusal) => return desk.refuse(refusal.violations()),
                };
                let text = format!(
                    "would make {} with {} versions of the policy\n",
                    desk.place,
                    register.log().entries().len()
                );
                let json = json!({ "dry_run": true, "register": desk.place });
                return desk.answer(&Answer { text, json });
            }
            Store::create(&desk.place)?;
            desk.write(write, drafts)
        }
        RegisterCommand::Log { project, look } => log(&desk, project.as_deref(), look),
        RegisterCommand::Verify { head } => {
            let register = desk.open()?.verify(*head)?;
            let (entries, head) = (register.log().entries().len(), register.log().head());
            let text = format!("{entries} entries, nothing was changed\nhead {head}\n");
            desk.answer(&Answer { text, json: json!({ "entries": entries, "head": head.to_string() }) })
        }
        RegisterCommand::Rebuild => {
            desk.open()?.rebuild()?;
            let text = "made the derived tables anew\n".to_owned();
            desk.answer(&Answer { text, json: json!({ "rebuilt": true }) })
        }
        RegisterCommand::Export { folder, dry_run } => {
            let files = export(&desk.load()?).map_err(StoreError::from)?;
            let changes = match dry_run {
                true => files::changes(folder, &files),
                false => files::write(folder, &files),
            }?;
            let mut text = String::new();
            let (write, remove) =
                if *dry_run { ("would write", "would remove") } else { ("wrote", "removed") };
            for path in &changes.written {
                let _ = writeln!(text, "{write} {}", visible(path));
            }
            for path in &changes.removed {
                let _ = writeln!(text, "{remove} {}", visible(path));
            }
            if changes == files::Changes::default() {
                text.push_str("nothing changed\n");
            }
            let json = json!({ "dry_run": dry_run, "written": changes.written, "removed": changes.removed });
            desk.answer(&Answer { text, json })
        }
        RegisterCommand::Import { folder, write } => take_over(&desk, folder, write),
        RegisterCommand::Lint { look } => {
            let register = desk.load()?;
            let (state, day) = desk.look(look)?;
            let mut found: Vec<Violation> = register.violations().to_vec();
            found.extend(lint(&state, day));
            let mut text = String::new();
            for violation in &found {
                let at = violation.entry.map_or_else(String::new, |entry| format!("entry {entry}: "));
                let _ = writeln!(text, "{at}{}", visible_lines(&violation.to_string()));
                if let Some(help) = &violation.help {
                    let _ = writeln!(text, "  help: {}", visible_lines(help));
                }
            }
            if found.is_empty() {
                text.push_str("nothing to look at\n");
            }
            desk.answer(&Answer { text, json: json!({ "as_of": day.to_string(), "findings": found }) })
        }
        RegisterCommand::Retract { entry, reason, write } => {
            let fact = EntryRetracted { entry: *entry, reason: reason.clone() };
            desk.write(write, vec![desk.draft(write, fact)?])
        }
        RegisterCommand::Adopt { policy, write } => {
            let drafts = adoptions(&desk, std::slice::from_ref(policy), write)?;
            desk.write(write, drafts)
        }
        RegisterCommand::Seat { body, seat, primary, alternate, organisation, write } => {
            let (body, seat): (_, SeatId) = (id(body)?, id(seat)?);
            let organisation = optional(organisation.as_ref())?;
            let mut facts: Vec<Fact> = vec![SeatCreated { body, seat: seat.clone(), organisation }.into()];
            let Some(Fact::SeatCreated(SeatCreated { body, .. })) = facts.first().cloned() else {
                return Ok(Exit::Clean);
            };
            let primaries = primary.iter().map(|person| (person, Capacity::Primary));
            for (person, capacity) in primaries.chain(alternate.iter().map(|one| (one, Capacity::Alternate)))
            {
                let (body, seat) = (body.clone(), seat.clone());
                facts.push(SeatFilled { body, seat, person: id(person)?, capacity }.into());
            }
            let drafts: Result<_, _> = facts.into_iter().map(|fact| desk.draft(write, fact)).collect();
            desk.write(write, drafts?)
        }
        RegisterCommand::Fill { body, seat, person, capacity, write } => {
            let fact =
                SeatFilled { body: id(body)?, seat: id(seat)?, person: id(person)?, capacity: *capacity };
            desk.write(write, vec![desk.draft(write, fact)?])
        }
        RegisterCommand::Name { what, name, alias, id: given, write } => {
            let text = given.clone().or_else(|| slug(name)).ok_or_else(|| Error::Usage {
                message: format!("no id can be made from `{name}`"),
                help: "give one with --id".to_owned(),
            })?;
            let fact: Fact = match what {
                Named::Person => {
                    let person: PersonId = id(&text)?;
                    PersonKnown { person, name: name.clone(), aliases: alias.clone() }.into()
                }
                Named::Organisation => {
                    let organisation: OrganisationId = id(&text)?;
                    OrganisationKnown { organisation, name: name.clone(), aliases: alias.clone() }.into()
                }
            };
            // A name is no event: unless said otherwise it is known from the register's first day on.
            let first = desk.load()?.log().entries().first().map(|entry| entry.body.draft.when);
            let when = write.date.or(first).unwrap_or_else(|| desk.today().into());
            desk.write(write, vec![desk.draft_on(write, when, fact)?])
        }
    }
}

fn log(desk: &Desk, project: Option<&str>, look: &LookArgs) -> Result<Exit, Error> {
    let register = desk.load()?;
    let wanted = match project {
        Some(name) => Some(project::find(register.state(), name)?.id.clone()),
        None => None,
    };
    let (mut text, mut list) = (String::new(), Vec::new());
    for entry in register.log().entries() {
        let draft = &entry.body.draft;
        let of_vote = vote::of_entry(register.state(), &draft.fact);
        let about = draft.fact.project().or(of_vote);
        if wanted.as_ref().is_some_and(|wanted| about != Some(wanted))
            || look.as_of.is_some_and(|day| draft.when.days().first > day)
            || look.recorded_by.is_some_and(|time| entry.body.recorded > time)
        {
            continue;
        }
        let back = register.state().retracted.contains(&entry.body.entry);
        let _ = writeln!(text, "{}{}", entry_line(entry), if back { "  — taken back" } else { "" });
        list.push(entry_json(entry));
    }
    desk.answer(&Answer { text, json: json!({ "entries": list }) })
}

fn take_over(desk: &Desk, folder: &std::path::Path, write: &WriteArgs) -> Result<Exit, Error> {
    let files = files::read(folder)?;
    let made = match Store::open(&desk.place) {
        Ok(_) => false,
        Err(StoreError::Missing(_)) => true,
        Err(error) => return Err(error.into()),
    };
    let base = if made { Register::default() } else { desk.load()? };
    let by = write.by.clone().or_else(|| environment::get("USER")).unwrap_or_else(|| "import".to_owned());
    let imported = import::import(&files, &base, &import::Writer { by, now: desk.now });
    let imported = match imported {
        Ok(imported) => imported,
        Err(error) => {
            if desk.format == AnswerFormat::Json {
                desk.answer(&Answer { text: String::new(), json: json!({ "problems": error.problems }) })?;
            }
            let mut rendered = String::new();
            for problem in &error.problems {
                let _ = writeln!(rendered, "{}", visible_lines(&problem.to_string()));
                if let Some(help) = &problem.help {
                    let _ = writeln!(rendered, "  help: {}", visible_lines(help));
                }
            }
            return Err(Error::Refused { number: error.problems.len(), rendered });
        }
    };
    if !write.dry_run {
        let mut store = if made { Store::create(&desk.place)? } else { desk.open()? };
        store.adopt(&imported.register)?;
    }
    let did = if write.dry_run { "would take over" } else { "took over" };
    let mut text = format!("{did} {} new entries\n", imported.new);
    for note in &imported.notes {
        let _ = writeln!(text, "note: {}", visible_lines(&note.to_string()));
    }
    let json = json!({ "dry_run": write.dry_run, "new": imported.new, "notes": imported.notes });
    desk.answer(&Answer { text, json })
}

/// Runs `eyrie attest`.
pub(crate) fn attest(args: &AttestArgs) -> Result<Exit, Error> {
    let desk = Desk::new(&args.place);
    let when = args.write.date.unwrap_or_else(|| desk.today().into());
    let organisation = match &args.org {
        Some(name) => {
            let register = desk.load()?;
            let known = register.state().organisation(name).cloned();
            Some(known.map_or_else(|| id(name), Ok)?)
        }
        None => None,
    };
    let fact = Attested {
        project: id(&args.project)?,
        about: args.about.clone(),
        organisation,
        text: args.text.clone(),
        independent: args.independent,
        evidence: evidence(&args.evidence, when, args.expires),
    };
    desk.write(&args.write, vec![desk.draft(&args.write, fact)?])
}

/// Runs `eyrie meeting`.
pub(crate) fn meeting(args: &MeetingArgs) -> Result<Exit, Error> {
    let desk = Desk::new(&args.place);
    let MeetingCommand::Record { day, body, present, quorum, id: name, write } = &args.command;
    let mut roll = Vec::new();
    for one in present {
        let (seat, person) = match one.split_once('=') {
            Some((seat, person)) => (seat, Some(id(person)?)),
            None => (one.as_str(), None),
        };
        roll.push(Attendance { seat: id(seat)?, person });
    }
    let name = name.clone().unwrap_or_else(|| format!("{body}-{day}"));
    let fact = MeetingHeld { meeting: id(&name)?, body: id(body)?, present: roll, stated_quorum: *quorum };
    desk.write(write, vec![desk.draft_on(write, *day, fact)?])
}
