//! `eyrie rules`: rule files loaded, and what the engine says of them handed to a rendering.

pub(crate) mod files;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use eyrie_engine::rule_tests::RuleTests;
use eyrie_engine::rules::attack::Coverage;
use eyrie_engine::rules::describe::{Surroundings, describe};
use eyrie_engine::rules::{BUILT_IN_PLUGINS, Loaded, Loader, Problem, Rule, falco_json};
use eyrie_engine::{JsonRecord, explain};
use eyrie_events::SyscallSchema;
use eyrie_events::fields::FieldClass;
use eyrie_lang::diagnostic::{RenderStyle, Source, render};
use eyrie_lang::{Schema, Severity};
use serde_json::{Value as Json, json};

use self::files::{RuleFile, SHIPPED_TESTS};
use crate::args::ScreenArgs;
use crate::args::rules::{
    AnswerFormat, CheckArgs, CoverageArgs, CoverageFormat, DescribeArgs, EventsArgs, ExplainArgs, FieldsArgs,
    LintArgs, ListArgs, RuleFiles, RulesArgs, RulesCommand, ShowArgs, TestArgs,
};
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Destination;
use crate::render::terminal::TerminalOptions;
use crate::render::terminal::rules::{self as draw, ListedRule};
use crate::render::text::visible_lines;
use crate::render::{coverage, digest};
use crate::screen::{Screen, Stream};

/// The source of events that is there without plugins.
const SYSCALL: &str = "syscall";

/// `eyrie rules`.
pub(crate) fn run(args: &RulesArgs) -> Result<Exit, Error> {
    let rules = Rules { schema: SyscallSchema::new(), screen: &args.screen };
    match &args.command {
        RulesCommand::Check(args) => rules.check(args),
        RulesCommand::Describe(args) => rules.describe(args),
        RulesCommand::List(args) => rules.list(args),
        RulesCommand::Show(args) => rules.show(args),
        RulesCommand::Fields(args) => rules.fields(args),
        RulesCommand::Events(args) => rules.events(args),
        RulesCommand::Lint(args) => rules.lint(args),
        RulesCommand::Coverage(args) => rules.coverage(args),
        RulesCommand::Test(args) => rules.test(args),
        RulesCommand::Explain(args) => rules.explain(args),
    }
}

/// What all commands need.
struct Rules<'a> {
    schema: SyscallSchema,
    screen: &'a ScreenArgs,
}

/// The source of system calls, with the container plugin's fields built in.
struct Syscalls<'s>(&'s SyscallSchema);

impl Surroundings for Syscalls<'_> {
    fn schema(&self, source: &str) -> Option<&dyn Schema> {
        (source == SYSCALL).then_some(self.0)
    }

    fn plugin_of_field(&self, _: &str, field: &str) -> Option<&str> {
        let class = eyrie_events::fields::class(self.0.id(field)?)?;
        (class == FieldClass::Container).then_some("container")
    }
}

impl Rules<'_> {
    fn load(&self, files: &[RuleFile]) -> Loaded {
        let mut loader = Loader::new([(SYSCALL, &self.schema as &dyn Schema)]);
        for file in files {
            loader.load(&file.name, &file.bytes);
        }
        loader.finish()
    }

    /// Loads rules that something is to be done with: problems go to standard error.
    fn sound(&self, files: &RuleFiles) -> Result<Loaded, Error> {
        let loaded = self.load(&files::gather(&files.files)?);
        let mut errors: Vec<Problem> =
            loaded.problems().into_iter().filter(|problem| problem.diagnostic.is_error()).cloned().collect();
        errors.extend(loaded.plugin_problems(BUILT_IN_PLUGINS));
        if errors.is_empty() {
            return Ok(loaded);
        }
        let style = self.style(&self.stderr());
        let rendered: Vec<String> = errors.iter().map(|problem| drawn(problem, &loaded, style)).collect();
        Err(Error::RuleFiles { number: errors.len(), rendered: rendered.join("\n\n") })
    }

    fn stdout(&self) -> Screen {
        Screen::decide(Stream::stdout(), self.screen.color, self.screen.render_links, &environment::get)
    }

    fn stderr(&self) -> Screen {
        Screen::decide(Stream::stderr(), self.screen.color, self.screen.render_links, &environment::get)
    }

    fn style(&self, screen: &Screen) -> RenderStyle {
        RenderStyle { color: screen.color, unicode: screen.unicode, width: screen.width.max(40) }
    }

    fn options(&self) -> TerminalOptions {
        let screen = self.stdout();
        let mut options = environment::terminal(&screen, None, false);
        if !screen.terminal && environment::get("COLUMNS").is_none() {
            // Whatever reads a pipe wants whole lines.
            options.width = 10_000;
        }
        options
    }

    fn check(&self, args: &CheckArgs) -> Result<Exit, Error> {
        let (files, mut unread) = files::gather_readable(&args.rules.files);
        if args.strict_compat && !unread.is_empty() {
            return Err(unread.swap_remove(0).error);
        }
        let mut loaded = self.load(&files);
        let plugins = loaded.plugin_problems(BUILT_IN_PLUGINS);
        let warned = loaded.reports.iter().any(|report| !report.warnings.is_empty());
        let wrong = !loaded.is_ok() || !plugins.is_empty() || (args.deny_warnings && warned);
        let exit = if wrong { Exit::RulesWrong } else { Exit::Clean };
        let exits = unread.iter().map(|unread| unread.error.exit());
        let exit = exits.fold(exit, |worst, exit| if exit.code() > worst.code() { exit } else { worst });
        if args.strict_compat {
            for report in &mut loaded.reports {
                report.errors.truncate(1);
                report.warnings.retain(|problem| problem.code.is_some());
            }
            if let (true, Some(problem)) = (loaded.is_ok(), plugins.first()) {
                // Falco stops here without an answer.
                return Err(Error::RuleFiles { number: 1, rendered: problem.message().to_owned() });
            }
        }
        let mut out = String::new();
        match args.format {
            AnswerFormat::Json => {
                let mut results = falco_json::load_results(&loaded);
                if let Some(results) = results.as_array_mut() {
                    results.extend(
                        unread
                            .iter()
                            .map(|unread| falco_json::unread_result(&unread.name, &unread.error.to_string())),
                    );
                }
                out = line(&json!({"falco_load_results": results}))
            }
            AnswerFormat::Text => {
                let style = self.style(&self.stdout());
                let mut problems: Vec<&Problem> = loaded.problems();
                problems.extend(&plugins);
                let errors = problems.iter().filter(|problem| problem.diagnostic.is_error()).count();
                let warnings = problems.len() - errors;
                problems.retain(|problem| !args.quiet || problem.diagnostic.is_error());
                for problem in problems {
                    out.push_str(&drawn(problem, &loaded, style));
                    out.push_str("\n\n");
                }
                for unread in &unread {
                    out.push_str(&unread.error.message());
                    out.push('\n');
                }
                out.push_str(&draw::check_summary(&loaded, errors, warnings, unread.len()));
            }
        }
        write(out.as_bytes())?;
        Ok(exit)
    }

    fn describe(&self, args: &DescribeArgs) -> Result<Exit, Error> {
        let loaded = self.sound(&args.rules)?;
        let (description, refused) = describe(&loaded.rules, &Syscalls(&self.schema));
        if let (true, Some(first)) = (args.strict_compat, refused.first()) {
            return Err(Error::Usage {
                message: format!("Falco does not describe these rules: {first}"),
                help: "leave out --strict-compat".to_owned(),
            });
        }
        let one = match &args.rule {
            Some(name) => Some(self.position(&loaded, name)?),
            None => None,
        };
        let rules = &loaded.rules;
        match args.format {
            AnswerFormat::Json => {
                let json = match one.and_then(|at| Some((rules.rules.get(at)?, description.rules.get(at)?))) {
                    Some((rule, details)) => falco_json::describe_rule(rule, details),
                    None => falco_json::describe_results(rules, &description),
                };
                write(line(&json).as_bytes())?;
            }
            AnswerFormat::Text => {
                let mut out = Vec::new();
                let all = rules.rules.iter().zip(&description.rules).enumerate();
                let wanted: Vec<_> =
                    all.filter(|(at, _)| one.is_none_or(|one| one == *at)).map(|(_, pair)| pair).collect();
                draw::describe(&wanted, &self.options(), &mut out).map_err(Error::Stdout)?;
                write(&out)?;
            }
        }
        Ok(Exit::Clean)
    }

    fn position(&self, loaded: &Loaded, name: &str) -> Result<usize, Error> {
        let rules = &loaded.rules.rules;
        rules.iter().position(|rule| rule.name == name).ok_or_else(|| {
            Error::unknown("rule", name, rules.iter().map(|rule| rule.name.as_str()), "eyrie rules list")
        })
    }

    fn list(&self, args: &ListArgs) -> Result<Exit, Error> {
        let loaded = self.sound(&args.rules)?;
        let least = args.priority.map(|priority| priority as u8);
        let wanted = |rule: &ListedRule<'_>| {
            let text = || [rule.name, rule.desc].into_iter().chain(rule.tags.iter().map(String::as_str));
            args.search.as_ref().is_none_or(|search| text().any(|text| found(search, text)))
                && args.tag.iter().all(|tag| rule.tags.contains(tag))
                && args.source.as_ref().is_none_or(|source| source == rule.source)
                && least.is_none_or(|least| rule.priority <= least)
                && args.enabled.is_none_or(|enabled| enabled == rule.enabled)
        };
        let rules: Vec<ListedRule<'_>> = ListedRule::all(&loaded).filter(wanted).collect();
        let named = |name: &str| args.all && args.search.as_ref().is_none_or(|search| found(search, name));
        let macros: Vec<_> = loaded.rules.macros.iter().filter(|item| named(&item.name)).collect();
        let lists: Vec<_> = loaded.rules.lists.iter().filter(|item| named(&item.name)).collect();
        if rules.is_empty() && macros.is_empty() && lists.is_empty() {
            nothing_matches(if args.all { "rule, macro or list" } else { "rule" }, "eyrie rules list");
        }
        let at = |place: eyrie_engine::rules::Place| draw::position(&loaded, place);
        match args.format {
            AnswerFormat::Json => {
                let rules: Json = rules
                    .iter()
                    .map(|rule| {
                        let (file, line) = at(rule.place);
                        json!({
                            "name": rule.name, "priority": rule.priority_name, "source": rule.source,
                            "enabled": rule.enabled, "tags": rule.tags, "description": rule.desc,
                            "memory": rule.memory, "file": file, "line": line,
                        })
                    })
                    .collect();
                let mut json = json!({"rules": rules});
                if args.all {
                    json["macros"] = macros.iter().map(|item| Json::from(item.name.as_str())).collect();
                    json["lists"] = lists.iter().map(|item| Json::from(item.name.as_str())).collect();
                }
                write(line(&json).as_bytes())?;
            }
            AnswerFormat::Text => {
                let mut out = Vec::new();
                draw::list(&loaded, &rules, &macros, &lists, &self.options(), &mut out)
                    .map_err(Error::Stdout)?;
                write(&out)?;
            }
        }
        Ok(Exit::Clean)
    }

    fn show(&self, args: &ShowArgs) -> Result<Exit, Error> {
        let loaded = self.sound(&args.rules)?;
        let (description, _) = describe(&loaded.rules, &Syscalls(&self.schema));
        let fits = |name: &str| name == args.name || (args.name.contains('*') && found(&args.name, name));
        let rules = &loaded.rules;
        let mut out = Vec::new();
        let options = self.options();
        let mut any = false;
        for (rule, details) in rules.rules.iter().zip(&description.rules).filter(|(rule, _)| fits(&rule.name))
        {
            draw::gap(any, &mut out);
            any = true;
            draw::rule(&loaded, rule, details, &options, &mut out).map_err(Error::Stdout)?;
        }
        for rule in rules.memory.iter().filter(|rule| fits(&rule.name)) {
            draw::gap(any, &mut out);
            any = true;
            draw::memory_rule(&loaded, rule, &options, &mut out).map_err(Error::Stdout)?;
        }
        for (item, details) in
            rules.macros.iter().zip(&description.macros).filter(|(item, _)| fits(&item.name))
        {
            draw::gap(any, &mut out);
            any = true;
            draw::macro_item(&loaded, item, details, &options, &mut out).map_err(Error::Stdout)?;
        }
        for item in rules.lists.iter().filter(|item| fits(&item.name)) {
            draw::gap(any, &mut out);
            any = true;
            draw::list_item(&loaded, item, &options, &mut out).map_err(Error::Stdout)?;
        }
        if !any {
            let names = ListedRule::all(&loaded).map(|rule| rule.name);
            let names = names.chain(rules.macros.iter().map(|item| item.name.as_str()));
            let names = names.chain(rules.lists.iter().map(|item| item.name.as_str()));
            return Err(Error::unknown("rule, macro or list", &args.name, names, "eyrie rules list --all"));
        }
        write(&out)?;
        Ok(Exit::Clean)
    }

    fn fields(&self, args: &FieldsArgs) -> Result<Exit, Error> {
        let wanted = |field: &draw::ListedField<'_>| {
            let text = [field.info.name.as_ref(), field.info.doc.as_ref()];
            args.search.as_ref().is_none_or(|search| text.iter().any(|text| found(search, text)))
                && args.r#type.as_ref().is_none_or(|ty| ty.eq_ignore_ascii_case(&field.info.ty.to_string()))
        };
        let all = self.schema.fields().iter().zip(0..).filter(|(info, _)| !info.flags.hidden);
        let fields: Vec<_> = all
            .map(|(info, id)| draw::ListedField {
                info,
                class: eyrie_events::fields::class(eyrie_lang::FieldId(id)).map_or("", FieldClass::title),
            })
            .filter(wanted)
            .collect();
        if fields.is_empty() {
            nothing_matches("field", "eyrie rules fields");
        }
        match args.format {
            AnswerFormat::Json => {
                let json: Json = fields.iter().map(draw::ListedField::json).collect();
                write(line(&json).as_bytes())?;
            }
            AnswerFormat::Text => {
                let mut out = Vec::new();
                draw::fields(&fields, &self.options(), &mut out).map_err(Error::Stdout)?;
                write(&out)?;
            }
        }
        Ok(Exit::Clean)
    }

    fn events(&self, args: &EventsArgs) -> Result<Exit, Error> {
        let loaded = match self.sound(&RuleFiles { files: args.rules.clone() }) {
            // Without rules there are events all the same.
            Err(Error::Usage { .. }) if args.rules.is_empty() && !args.used => None,
            result => Some(result?),
        };
        let kinds = self.schema.kinds();
        let discriminant: &dyn eyrie_lang::Discriminant = kinds;
        let wanted = |name: &&str| args.search.as_ref().is_none_or(|search| found(search, name));
        let mut events = Vec::new();
        for name in discriminant.names().into_iter().filter(wanted) {
            let of_name = discriminant.kinds(name).unwrap_or_default();
            let uses = |rule: &&Rule| of_name.iter().any(|kind| rule.kinds.contains(*kind));
            let plain = loaded.iter().flat_map(|loaded| &loaded.rules.rules).filter(uses).count();
            let memory = loaded.iter().flat_map(|loaded| &loaded.rules.memory).filter(|rule| {
                let parts = rule.parts();
                of_name.iter().any(|kind| parts.iter().any(|part| part.kinds.contains(*kind)))
            });
            let rules = plain + memory.count();
            if rules > 0 || !args.used {
                events.push(draw::ListedEvent::new(name, rules));
            }
        }
        if events.is_empty() {
            nothing_matches("type of event", "eyrie rules events");
        }
        match args.format {
            AnswerFormat::Json => {
                let json: Json = events.iter().map(draw::ListedEvent::json).collect();
                write(line(&json).as_bytes())?;
            }
            AnswerFormat::Text => {
                let mut out = Vec::new();
                draw::events_list(&events, loaded.is_some(), &self.options(), &mut out)
                    .map_err(Error::Stdout)?;
                write(&out)?;
            }
        }
        Ok(Exit::Clean)
    }

    fn lint(&self, args: &LintArgs) -> Result<Exit, Error> {
        let loaded = self.sound(&args.rules)?;
        let mut found = loaded.lint([(SYSCALL, &self.schema as &dyn Schema)]);
        // What loading warns of belongs here, too.
        found.extend(loaded.problems().into_iter().cloned());
        found.retain(|problem| !args.quiet || problem.diagnostic.severity > Severity::Note);
        found.sort_by_key(|problem| (problem.file, problem.diagnostic.span));
        let warned = found.iter().any(|problem| problem.diagnostic.severity > Severity::Note);
        let mut out = String::new();
        match args.format {
            AnswerFormat::Json => out = line(&draw::findings_json(&loaded, &found)),
            AnswerFormat::Text => {
                let style = self.style(&self.stdout());
                for problem in &found {
                    out.push_str(&drawn(problem, &loaded, style));
                    out.push_str("\n\n");
                }
                out.push_str(&draw::lint_summary(&loaded, &found));
            }
        }
        write(out.as_bytes())?;
        Ok(if warned { Exit::RulesWrong } else { Exit::Clean })
    }

    fn coverage(&self, args: &CoverageArgs) -> Result<Exit, Error> {
        let loaded = self.sound(&args.rules)?;
        let found = Coverage::of(
            ListedRule::all(&loaded).filter(|rule| rule.enabled).map(|rule| (rule.name, rule.tags)),
        );
        let mut out = Vec::new();
        match args.format {
            CoverageFormat::Text => draw::coverage(&found, &self.options(), &mut out),
            CoverageFormat::Html => coverage::render(&found, &mut out),
            CoverageFormat::Json => {
                out.extend(line(&coverage::json(&found)).into_bytes());
                Ok(())
            }
        }
        .map_err(Error::Stdout)?;
        let destination = Destination::from_argument(args.output.as_deref());
        destination.write(&out).map_err(|source| match &args.output {
            Some(path) => Error::Write { path: path.clone(), source },
            None => Error::Stdout(source),
        })?;
        Ok(Exit::Clean)
    }

    fn explain(&self, args: &ExplainArgs) -> Result<Exit, Error> {
        let loaded = self.sound(&args.rules)?;
        let record = self.record(&args.event)?;
        let unknown = || {
            let names = ListedRule::all(&loaded).map(|rule| rule.name);
            Error::unknown("rule", &args.rule, names, "eyrie rules list")
        };
        let rule = ListedRule::all(&loaded).find(|rule| rule.name == args.rule).ok_or_else(unknown)?;
        let kind = record.kind();
        let explained =
            explain::explain(&loaded.rules, &args.rule, &self.schema, &record, kind).map_err(Error::Build)?;
        let parts = explained.ok_or_else(unknown)?;
        match args.format {
            AnswerFormat::Json => write(line(&draw::explanation_json(&rule, &parts)).as_bytes())?,
            AnswerFormat::Text => {
                let mut out = Vec::new();
                draw::explanation(&loaded, &rule, &parts, &self.options(), &mut out)
                    .map_err(Error::Stdout)?;
                write(&out)?;
            }
        }
        Ok(Exit::Clean)
    }

    fn test(&self, args: &TestArgs) -> Result<Exit, Error> {
        let loaded = self.sound(&RuleFiles { files: args.rules.clone() })?;
        let sources = [(SYSCALL, &self.schema as &dyn Schema)];
        let style = self.style(&self.stdout());
        let mut files = Vec::new();
        let mut named = Vec::new();
        if args.tests.is_empty() {
            named.extend(SHIPPED_TESTS.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned())));
        }
        for path in &args.tests {
            let read = fs::read_to_string(path);
            named.push((path.clone(), read.map_err(|source| Error::Read { path: path.clone(), source })?));
        }
        for (path, text) in named {
            let name = path.to_string_lossy().into_owned();
            let mut tests = RuleTests::parse(&text, sources).map_err(|problems| {
                let style = self.style(&self.stderr());
                let source = Source::new(&text).named(&name);
                let rendered: Vec<_> =
                    problems.iter().map(|problem| shown(&render(problem, source, style), style)).collect();
                Error::RuleTests {
                    path: path.clone(),
                    number: problems.len(),
                    rendered: rendered.join("\n\n"),
                }
            })?;
            tests.tests.retain(|test| args.search.as_ref().is_none_or(|search| found(search, &test.name)));
            let results = tests.run(&loaded.rules, sources).map_err(Error::Build)?;
            files.push(draw::TestedFile { name, text, results });
        }
        let failed = files.iter().flat_map(|file| &file.results).any(|result| !result.passed());
        let out = match args.format {
            AnswerFormat::Json => line(&draw::tests_json(&files)),
            AnswerFormat::Text => {
                let mut out = String::new();
                for file in &files {
                    for result in file.results.iter().filter(|result| !result.passed() || !args.quiet) {
                        out.push_str(&draw::test_line(result, style));
                        let source = Source::new(&file.text).named(&file.name);
                        for failure in &result.failures {
                            out.push_str(&shown(&render(&failure.diagnostic, source, style), style));
                            out.push_str("\n\n");
                        }
                    }
                }
                out.push_str(&draw::tests_summary(&files));
                out
            }
        };
        write(out.as_bytes())?;
        Ok(if failed { Exit::RulesWrong } else { Exit::Clean })
    }

    /// The event of a file: its fields, or those of an alert.
    fn record(&self, path: &Path) -> Result<JsonRecord, Error> {
        let read = if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        } else {
            fs::read_to_string(path)
        };
        let text = read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let name = if path.as_os_str() == "-" { Path::new("standard input") } else { path };
        let broken =
            |number: usize, problems: String| Error::NotAnEvent { path: name.to_owned(), number, problems };
        let json: Json = serde_json::from_str(&text).map_err(|error| broken(1, error.to_string()))?;
        let fields = json.get("output_fields").unwrap_or(&json);
        let Some(fields) = fields.as_object() else {
            return Err(broken(1, "an event is a JSON object of fields".to_owned()));
        };
        JsonRecord::new(fields, &self.schema).map_err(|errors| {
            let problems: Vec<String> = errors.iter().map(ToString::to_string).collect();
            broken(problems.len(), problems.join("\n"))
        })
    }
}

/// Says on standard error that a search came to nothing, so that an empty answer is not taken for a failure.
fn nothing_matches(what: &str, all: &str) {
    use std::io::Write as _;
    // The answer is right without it.
    let _ = writeln!(std::io::stderr(), "note: no {what} matches; `{all}` without a pattern lists all");
}

/// Whether a text has the pattern in it, whatever the case; with `*`, whether all of it fits.
fn found(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    if pattern.contains('*') {
        return eyrie_engine::ruleset::matches_wildcard(&pattern, &text);
    }
    text.contains(&pattern)
}

pub(crate) fn drawn(problem: &Problem, loaded: &Loaded, style: RenderStyle) -> String {
    shown(&problem.render(&loaded.files, style), style)
}

fn shown(text: &str, style: RenderStyle) -> String {
    // With colours the text has escapes of its own; control characters of the file were replaced when it was drawn.
    if style.color { text.to_owned() } else { visible_lines(text).into_owned() }
}

fn line(json: &Json) -> String {
    format!("{json}\n")
}

fn write(out: &[u8]) -> Result<(), Error> {
    Destination::Stdout.write(out).map_err(Error::Stdout)
}

/// How many there are, in words.
pub(crate) fn count(number: usize, what: &str) -> String {
    digest::count_of(number, what)
}
