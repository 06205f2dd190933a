//! Rules on a terminal: listed, shown, explained; the fields and events that they are about; what they cover.

use std::io::{self, Write};

use anstyle::Style;
use eyrie_engine::explain::Explained;
use eyrie_engine::rule_tests::TestResult;
use eyrie_engine::rules::attack::{Coverage, TACTICS};
use eyrie_engine::rules::describe::{ConditionDetails, RuleDetails};
use eyrie_engine::rules::{ListItem, Loaded, MacroItem, MemoryRule, Pattern, Place, Problem, Rule};
use eyrie_events::table::{EventClass, EventType, SyscallId};
use eyrie_lang::diagnostic::{RenderStyle, Source};
use eyrie_lang::schema::{ArgumentKind, ArgumentPolicy, Arity};
use eyrie_lang::{Explanation, FieldInfo, Presence, Severity, Verdict};
use serde_json::{Value as Json, json};

use super::line::{BLUE, BOLD, CYAN, DIM, GREEN, PLAIN, Page, RED, Span, YELLOW, span};
use super::{NARROW, TerminalOptions, padded, prose};
use crate::render::text::{columns, cut, visible};
use crate::rules::count;

/// How many columns of a comparison an explanation shows.
const COMPARISON_SHOWN: usize = 160;
/// Below this many event names a rule's are shown one by one.
const EVENTS_SHOWN: usize = 40;

/// File and line of a place.
pub fn position(loaded: &Loaded, place: Place) -> (String, usize) {
    match loaded.files.get(place.file) {
        Some(file) => (file.name.clone(), file.position(place.span.start).0),
        None => (String::new(), 1),
    }
}

fn at(loaded: &Loaded, place: Place) -> String {
    let (file, line) = position(loaded, place);
    format!("{}:{line}", visible(&file))
}

/// The last line of a check.
pub fn check_summary(loaded: &Loaded, errors: usize, warnings: usize, unread: usize) -> String {
    let found = match (errors, warnings) {
        (0, 0) if unread > 0 => format!("{} cannot be read", count(unread, "file")),
        (0, 0) => "no problems".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    let rules = count(loaded.rules.rules.len() + loaded.rules.memory.len(), "rule");
    let unread = match unread {
        unread if unread > 0 && errors + warnings > 0 => {
            format!("; {} cannot be read", count(unread, "file"))
        }
        _ => String::new(),
    };
    format!("{}, {rules}: {found}{unread}\n", count(loaded.files.len(), "file"))
}

/// The last line of a lint.
pub fn lint_summary(loaded: &Loaded, found: &[Problem]) -> String {
    let notes = found.iter().filter(|problem| problem.diagnostic.severity == Severity::Note).count();
    let warnings = found.len() - notes;
    let said = match (warnings, notes) {
        (0, 0) => "nothing found".to_owned(),
        (warnings, 0) => count(warnings, "warning"),
        (0, notes) => count(notes, "note"),
        (warnings, notes) => format!("{}, {}", count(warnings, "warning"), count(notes, "note")),
    };
    format!("{}: {said}\n", count(loaded.rules.rules.len() + loaded.rules.memory.len(), "rule"))
}

/// Findings for programs: places from 1.
pub fn findings_json(loaded: &Loaded, found: &[Problem]) -> Json {
    found
        .iter()
        .map(|problem| {
            let (line, column) = problem.position(&loaded.files);
            let file = loaded.files.get(problem.file);
            let labels: Json = problem
                .diagnostic
                .labels
                .iter()
                .filter_map(|label| {
                    let (line, column) = file?.position(label.span.start);
                    Some(json!({"line": line, "column": column, "text": label.text}))
                })
                .collect();
            json!({
                "code": problem.diagnostic.code.name,
                "falco_code": problem.falco_code(),
                "severity": problem.diagnostic.severity.to_string(),
                "message": problem.message(),
                "file": file.map(|file| &file.name),
                "line": line,
                "column": column,
                "labels": labels,
                "help": problem.diagnostic.help,
            })
        })
        .collect()
}

/// An empty line between two of something.
pub fn gap(wanted: bool, out: &mut Vec<u8>) {
    if wanted {
        out.push(b'\n');
    }
}

/// A rule to list, with memory or without.
pub struct ListedRule<'r> {
    /// Its name.
    pub name: &'r str,
    /// What it is for.
    pub desc: &'r str,
    /// Where its events come from.
    pub source: &'r str,
    /// From 0, the most urgent.
    pub priority: u8,
    /// Such as `Warning`.
    pub priority_name: &'static str,
    /// Labels.
    pub tags: &'r std::collections::BTreeSet<String>,
    /// Whether it is on.
    pub enabled: bool,
    /// Whether it remembers events.
    pub memory: bool,
    /// Where it is defined.
    pub place: Place,
}

impl<'r> ListedRule<'r> {
    /// All rules, those with memory last.
    pub fn all(loaded: &'r Loaded) -> impl Iterator<Item = ListedRule<'r>> {
        let plain = loaded.rules.rules.iter().map(|rule| ListedRule {
            name: &rule.name,
            desc: &rule.desc,
            source: &rule.source,
            priority: rule.priority,
            priority_name: rule.priority_name(),
            tags: &rule.tags,
            enabled: rule.enabled,
            memory: false,
            place: rule.place,
        });
        plain.chain(loaded.rules.memory.iter().map(|rule| ListedRule {
            name: &rule.name,
            desc: &rule.desc,
            source: &rule.source,
            priority: rule.priority,
            priority_name: rule.priority_name(),
            tags: &rule.tags,
            enabled: rule.enabled,
            memory: true,
            place: rule.place,
        }))
    }
}

fn priority_style(priority: u8) -> Style {
    match priority {
        0..=3 => RED,
        4 => YELLOW,
        5 => CYAN,
        _ => PLAIN,
    }
}

/// Rules, macros and lists.
///
/// # Errors
/// Whatever the writer says.
pub fn list(
    loaded: &Loaded,
    rules: &[ListedRule<'_>],
    macros: &[&MacroItem],
    lists: &[&ListItem],
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    let widest = rules.iter().map(|rule| columns(rule.priority_name)).max().unwrap_or(0);
    let sources = rules.iter().any(|rule| rule.source != "syscall");
    for rule in rules {
        let mut text = vec![span(if rule.enabled { BOLD } else { DIM }, visible(rule.name))];
        if sources {
            text.push(span(PLAIN, format!("  {}", visible(rule.source))));
        }
        if rule.memory {
            text.push(span(CYAN, "  memory"));
        }
        if !rule.enabled {
            text.push(span(YELLOW, "  off"));
        }
        if !rule.tags.is_empty() {
            let tags: Vec<&str> = rule.tags.iter().map(String::as_str).collect();
            text.push(span(DIM, format!("  {}", visible(&tags.join(" ")))));
        }
        let lead =
            vec![span(priority_style(rule.priority), padded(rule.priority_name, widest)), span(PLAIN, "  ")];
        let measure = page.width();
        page.flow(lead, &text, measure)?;
    }
    for (title, names) in [
        ("Macros", macros.iter().map(|item| (item.name.as_str(), item.used, item.place)).collect::<Vec<_>>()),
        ("Lists", lists.iter().map(|item| (item.name.as_str(), item.used, item.place)).collect()),
    ] {
        if names.is_empty() {
            continue;
        }
        page.gap()?;
        page.line(&[span(BOLD, title)])?;
        let width = names.iter().map(|(name, ..)| columns(name)).max().unwrap_or(0).min(page.width() / 2);
        for (name, used, place) in names {
            let name = visible(name).into_owned();
            let name = cut(&name, width, page.glyph("…", "~")).into_owned();
            let unused = if used { "" } else { "  unused" };
            page.line(&[
                span(PLAIN, format!("  {}  ", padded(&name, width))),
                span(DIM, at(loaded, place)),
                span(YELLOW, unused),
            ])?;
        }
    }
    if options.width < 10_000 {
        page.gap()?;
        let of = loaded.rules.rules.len() + loaded.rules.memory.len();
        let shown = match rules.len() {
            number if number == of => count(of, "rule"),
            number => format!("{number} of {}", count(of, "rule")),
        };
        page.line(&[span(DIM, shown)])?;
    }
    Ok(())
}

fn fact(page: &mut Page<'_>, label: &str, text: &[Span]) -> io::Result<()> {
    if text.iter().all(|part| part.text().trim().is_empty()) {
        return Ok(());
    }
    let measure = page.measure();
    page.flow(vec![span(PLAIN, "  "), span(DIM, padded(label, 10)), span(PLAIN, " ")], text, measure)
}

fn names(page: &mut Page<'_>, label: &str, names: &[String]) -> io::Result<()> {
    let text = names.iter().map(|name| visible(name).into_owned()).collect::<Vec<_>>().join(", ");
    fact(page, label, &[span(PLAIN, text)])
}

fn events(page: &mut Page<'_>, events: &[String]) -> io::Result<()> {
    // Every rule is looked at for injected events.
    let own: Vec<String> = events.iter().filter(|name| *name != "asyncevent").cloned().collect();
    if own.len() > EVENTS_SHOWN {
        return fact(page, "events", &[span(YELLOW, format!("{} types", own.len()))]);
    }
    names(page, "events", &own)
}

/// A rule with all that is known of it.
///
/// # Errors
/// Whatever the writer says.
pub fn rule(
    loaded: &Loaded,
    rule: &Rule,
    details: &RuleDetails,
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    let mut title = vec![span(BOLD, visible(&rule.name))];
    title.push(span(PLAIN, "  "));
    title.push(span(priority_style(rule.priority), rule.priority_name()));
    if !rule.enabled {
        title.push(span(YELLOW, "  off"));
    }
    page.line(&title)?;
    page.line(&[span(PLAIN, "  "), span(BLUE, at(loaded, rule.place))])?;
    page.gap()?;
    let measure = page.measure();
    page.flow(vec![span(PLAIN, "    ")], &prose(PLAIN, rule.desc.trim()), measure)?;
    page.gap()?;
    fact(&mut page, "source", &[span(PLAIN, visible(&rule.source))])?;
    let tags: Vec<String> = rule.tags.iter().cloned().collect();
    names(&mut page, "tags", &tags)?;
    fact(&mut page, "output", &[span(PLAIN, visible(&rule.output))])?;
    condition(&mut page, &details.condition)?;
    names(&mut page, "exceptions", &details.exception_names)?;
    names(&mut page, "plugins", &details.plugins)?;
    if rule.capture {
        let time = match rule.capture_duration {
            0 => "for the default time".to_owned(),
            time => format!("for {time} ms"),
        };
        fact(&mut page, "capture", &[span(PLAIN, time)])?;
    }
    written(&mut page, "Condition", &rule.condition)?;
    if details.condition.compiled != rule.condition.trim() {
        written(&mut page, "With macros, lists and exceptions", &details.condition.compiled)?;
    }
    Ok(())
}

fn condition(page: &mut Page<'_>, details: &ConditionDetails) -> io::Result<()> {
    events(page, &details.events)?;
    names(page, "macros", &details.macros)?;
    names(page, "lists", &details.lists)?;
    names(page, "fields", &details.fields)?;
    names(page, "operators", &details.operators)
}

fn written(page: &mut Page<'_>, title: &str, text: &str) -> io::Result<()> {
    page.gap()?;
    page.line(&[span(BOLD, title)])?;
    let measure = page.width().min(140);
    page.flow(vec![span(PLAIN, "    ")], &prose(PLAIN, text.trim()), measure)
}

/// A rule with memory.
///
/// # Errors
/// Whatever the writer says.
pub fn memory_rule(
    loaded: &Loaded,
    rule: &MemoryRule,
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    let mut title = vec![span(BOLD, visible(&rule.name)), span(PLAIN, "  ")];
    title.push(span(priority_style(rule.priority), rule.priority_name()));
    if !rule.enabled {
        title.push(span(YELLOW, "  off"));
    }
    page.line(&title)?;
    page.line(&[span(PLAIN, "  "), span(BLUE, at(loaded, rule.place))])?;
    page.gap()?;
    let measure = page.measure();
    page.flow(vec![span(PLAIN, "    ")], &prose(PLAIN, rule.desc.trim()), measure)?;
    page.gap()?;
    fact(&mut page, "source", &[span(PLAIN, visible(&rule.source))])?;
    let tags: Vec<String> = rule.tags.iter().cloned().collect();
    names(&mut page, "tags", &tags)?;
    fact(&mut page, "output", &[span(PLAIN, visible(&rule.output))])?;
    fact(&mut page, "within", &[span(PLAIN, format!("{:?}", rule.within))])?;
    let asked = match &rule.pattern {
        Pattern::Sequence { steps, until } => {
            let until = if until.is_some() { ", unless the last condition comes first" } else { "" };
            format!("{} in this order{until}", count(steps.len(), "event"))
        }
        Pattern::Threshold { count: least, distinct: Some(field), .. } => {
            format!("{least} different values of {}", visible(field))
        }
        Pattern::Threshold { count: least, distinct: None, .. } => format!("{least} events"),
    };
    fact(&mut page, "asks for", &[span(PLAIN, asked)])?;
    for part in rule.parts() {
        written(&mut page, "Condition", &part.condition)?;
        names(&mut page, "joined by", &part.by)?;
    }
    Ok(())
}

/// A macro with all that is known of it.
///
/// # Errors
/// Whatever the writer says.
pub fn macro_item(
    loaded: &Loaded,
    item: &MacroItem,
    details: &ConditionDetails,
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    head(&mut page, loaded, &item.name, "macro", item.used, item.place)?;
    condition(&mut page, details)?;
    written(&mut page, "Condition", &item.condition)?;
    if details.compiled != item.condition.trim() {
        written(&mut page, "With macros and lists", &details.compiled)?;
    }
    Ok(())
}

fn head(
    page: &mut Page<'_>,
    loaded: &Loaded,
    name: &str,
    what: &'static str,
    used: bool,
    place: Place,
) -> io::Result<()> {
    let unused = if used { "" } else { "  unused" };
    page.line(&[span(BOLD, visible(name)), span(PLAIN, "  "), span(DIM, what), span(YELLOW, unused)])?;
    page.line(&[span(PLAIN, "  "), span(BLUE, at(loaded, place))])?;
    page.gap()
}

/// A list with all that is known of it.
///
/// # Errors
/// Whatever the writer says.
pub fn list_item(
    loaded: &Loaded,
    item: &ListItem,
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    head(&mut page, loaded, &item.name, "list", item.used, item.place)?;
    let items = item.items.iter().map(|item| visible(item).into_owned()).collect::<Vec<_>>().join(", ");
    fact(&mut page, &count(item.items.len(), "item"), &[span(PLAIN, items)])
}

/// Rules, described.
///
/// # Errors
/// Whatever the writer says.
pub fn describe(
    rules: &[(&Rule, &RuleDetails)],
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    for (number, (rule, details)) in rules.iter().enumerate() {
        if number > 0 {
            page.gap()?;
        }
        page.line(&[
            span(BOLD, visible(&rule.name)),
            span(PLAIN, "  "),
            span(priority_style(rule.priority), rule.priority_name()),
        ])?;
        fact(&mut page, "condition", &[span(PLAIN, visible(&details.condition.compiled))])?;
        fact(&mut page, "output", &[span(PLAIN, visible(&rule.output))])?;
        condition(&mut page, &details.condition)?;
        names(&mut page, "shown", &details.output_fields)?;
        names(&mut page, "exceptions", &details.exception_names)?;
        names(&mut page, "plugins", &details.plugins)?;
    }
    Ok(())
}

/// A field to list.
pub struct ListedField<'f> {
    /// Its declaration.
    pub info: &'f FieldInfo,
    /// What it is about.
    pub class: &'static str,
}

impl ListedField<'_> {
    fn argument(&self) -> &'static str {
        match self.info.argument {
            ArgumentPolicy::Forbidden => "",
            ArgumentPolicy::Optional(ArgumentKind::Index) => "[N]?",
            ArgumentPolicy::Optional(ArgumentKind::Key) => "[KEY]?",
            ArgumentPolicy::Required(ArgumentKind::Index) => "[N]",
            ArgumentPolicy::Required(ArgumentKind::Key) => "[KEY]",
        }
    }

    fn ty(&self) -> String {
        match self.info.arity {
            Arity::List => format!("{} list", self.info.ty),
            _ => self.info.ty.to_string(),
        }
    }

    /// For programs.
    pub fn json(&self) -> Json {
        json!({
            "name": self.info.name,
            "type": self.info.ty.to_string(),
            "list": self.info.arity == Arity::List,
            "argument": match self.info.argument {
                ArgumentPolicy::Forbidden => Json::Null,
                ArgumentPolicy::Optional(ArgumentKind::Index) => "index, optional".into(),
                ArgumentPolicy::Optional(ArgumentKind::Key) => "key, optional".into(),
                ArgumentPolicy::Required(ArgumentKind::Index) => "index".into(),
                ArgumentPolicy::Required(ArgumentKind::Key) => "key".into(),
            },
            "class": self.class,
            "deprecated": self.info.flags.deprecated,
            "output_only": self.info.flags.print_only,
            "description": self.info.doc,
        })
    }
}

/// Fields, by what they are about.
///
/// # Errors
/// Whatever the writer says.
pub fn fields(fields: &[ListedField<'_>], options: &TerminalOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options);
    let piped = options.width >= 10_000;
    let name_width = fields.iter().map(|field| columns(&field.info.name) + field.argument().len()).max();
    let type_width = fields.iter().map(|field| field.ty().len()).max().unwrap_or(0);
    let name_width = name_width.unwrap_or(0).min(if piped { 60 } else { page.width() / 3 });
    let mut class = "";
    for field in fields {
        if field.class != class && !piped {
            if !class.is_empty() {
                page.gap()?;
            }
            page.line(&[span(BOLD, field.class)])?;
            class = field.class;
        }
        let name = format!("{}{}", field.info.name, field.argument());
        let mut doc = Vec::new();
        if field.info.flags.deprecated {
            doc.push(span(YELLOW, "deprecated  "));
        }
        if field.info.flags.print_only {
            doc.push(span(DIM, "output only  "));
        }
        doc.extend(prose(PLAIN, &field.info.doc));
        let lead = vec![
            span(PLAIN, if piped { "" } else { "  " }),
            span(CYAN, padded(&name, name_width)),
            span(PLAIN, "  "),
            span(DIM, padded(&field.ty(), type_width)),
            span(PLAIN, "  "),
        ];
        if page.width() < NARROW + 20 {
            page.line(&lead)?;
            let measure = page.width();
            page.flow(vec![span(PLAIN, "      ")], &doc, measure)?;
        } else if columns(&name) > name_width {
            // A long name has a line of its own.
            page.line(&[span(PLAIN, "  "), span(CYAN, name), span(PLAIN, "  "), span(DIM, field.ty())])?;
            let indent = " ".repeat(name_width + type_width + 6);
            let measure = page.width().min(140);
            page.flow(vec![span(PLAIN, indent)], &doc, measure)?;
        } else {
            let measure = if piped { page.width() } else { page.width().min(140) };
            page.flow(lead, &doc, measure)?;
        }
    }
    if !piped {
        page.gap()?;
        page.line(&[span(DIM, count(fields.len(), "field"))])?;
    }
    Ok(())
}

/// A type of events to list.
pub struct ListedEvent<'e> {
    name: &'e str,
    rules: usize,
    kind: &'static str,
    params: Vec<&'static str>,
}

impl<'e> ListedEvent<'e> {
    /// A type by its name, with the number of rules that look at it.
    pub fn new(name: &'e str, rules: usize) -> Self {
        let info = EventType::all().filter(|(ty, info)| info.name == name && !ty.is_enter()).last();
        let info = info.or_else(|| EventType::all().find(|(_, info)| info.name == name));
        let kind = match info.map(|(_, info)| info.class) {
            Some(EventClass::Tracepoint) => "tracepoint",
            Some(EventClass::Plugin) => "plugin",
            Some(EventClass::Metaevent) => "host",
            Some(EventClass::Iterator) => "iterator",
            Some(EventClass::None) => "none",
            Some(EventClass::Syscall) => "system call",
            None if SyscallId::from_name(name).is_some() => "system call, generic",
            None => "other",
        };
        let params = info.map(|(_, info)| info.params.iter().map(|param| param.name).collect());
        ListedEvent { name, rules, kind, params: params.unwrap_or_default() }
    }

    /// For programs.
    pub fn json(&self) -> Json {
        json!({"name": self.name, "kind": self.kind, "parameters": self.params, "rules": self.rules})
    }
}

/// Types of events.
///
/// # Errors
/// Whatever the writer says.
pub fn events_list(
    events: &[ListedEvent<'_>],
    with_rules: bool,
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    let width = events.iter().map(|event| columns(event.name)).max().unwrap_or(0);
    for event in events {
        let rules = match event.rules {
            _ if !with_rules => String::new(),
            0 => padded("", 10),
            number => padded(&count(number, "rule"), 10),
        };
        let lead = vec![
            span(CYAN, padded(event.name, width)),
            span(PLAIN, "  "),
            span(if event.rules > 0 { GREEN } else { DIM }, rules),
            span(DIM, padded(event.kind, 20)),
            span(PLAIN, "  "),
        ];
        let measure = page.width();
        page.flow(lead, &[span(PLAIN, event.params.join(" "))], measure)?;
    }
    if options.width < 10_000 {
        page.gap()?;
        let text = "evt.arg.NAME is a parameter as text, evt.rawarg.NAME as it is";
        page.line(&[span(DIM, format!("{}; {text}", count(events.len(), "event")))])?;
    }
    Ok(())
}

/// What rules cover of ATT&CK.
///
/// # Errors
/// Whatever the writer says.
pub fn coverage(found: &Coverage, options: &TerminalOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options);
    page.line(&[
        span(BOLD, "MITRE ATT&CK"),
        span(
            DIM,
            format!("  {}, {}", count(found.rules, "rule"), count(found.techniques.len(), "technique")),
        ),
    ])?;
    for tactic in TACTICS {
        let rules = found.tactics.get(tactic.tag).map_or(0, std::collections::BTreeSet::len);
        let techniques = found.of_tactic(tactic.tag);
        let covered: Vec<_> = techniques.iter().filter(|(.., rules)| !rules.is_empty()).collect();
        page.gap()?;
        page.line(&[
            span(if rules > 0 { BOLD } else { DIM }, tactic.name),
            span(DIM, format!("  {}", tactic.id)),
            span(
                if rules > 0 { PLAIN } else { YELLOW },
                match rules {
                    0 => "  no rules".to_owned(),
                    number => format!(
                        "  {}, {} of {} techniques",
                        count(number, "rule"),
                        covered.len(),
                        techniques.len()
                    ),
                },
            ),
        ])?;
        for (id, name, rules) in covered {
            let named: Vec<&str> = rules.iter().copied().collect();
            let text = [span(PLAIN, visible(name)), span(DIM, format!("  {}", visible(&named.join(", "))))];
            let lead = vec![
                span(PLAIN, "  "),
                span(CYAN, padded(id, 6)),
                span(PLAIN, " "),
                span(GREEN, format!("{:>3}", rules.len())),
                span(PLAIN, "  "),
            ];
            let measure = page.width().min(140);
            page.flow(lead, &text, measure)?;
        }
    }
    let unknown = found.unknown();
    if !unknown.is_empty() {
        page.gap()?;
        page.line(&[span(BOLD, "Other techniques")])?;
        let measure = page.measure();
        page.flow(vec![span(PLAIN, "  ")], &[span(PLAIN, visible(&unknown.join(", ")))], measure)?;
    }
    if !found.untagged.is_empty() {
        page.gap()?;
        page.line(&[
            span(BOLD, "Rules that name neither"),
            span(DIM, format!("  {}", found.untagged.len())),
        ])?;
        for name in &found.untagged {
            page.line(&[span(PLAIN, "  "), span(PLAIN, visible(name))])?;
        }
    }
    Ok(())
}

fn verdict_mark(page: &Page<'_>, verdict: Verdict) -> Span {
    match verdict {
        Verdict::True => span(GREEN, page.glyph("✓", "+")),
        Verdict::False => span(RED, page.glyph("✗", "x")),
        Verdict::Unknown => span(YELLOW, "?"),
    }
}

/// Why a rule matches an event or does not.
///
/// # Errors
/// Whatever the writer says.
pub fn explanation(
    loaded: &Loaded,
    rule: &ListedRule<'_>,
    parts: &[Explained],
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            page.gap()?;
        }
        let found = &part.explanation;
        let (style, word) = match found.verdict {
            _ if part.left_out => (RED, "does not match"),
            Verdict::True => (GREEN, "matches"),
            Verdict::False => (RED, "does not match"),
            Verdict::Unknown => (YELLOW, "may match"),
        };
        let what = part.part.as_ref().map(|part| format!(", {}", visible(part))).unwrap_or_default();
        page.line(&[
            span(BOLD, visible(rule.name)),
            span(PLAIN, what),
            span(PLAIN, " "),
            span(style.bold(), word),
            span(DIM, format!("  {}", at(loaded, rule.place))),
        ])?;
        page.gap()?;
        if part.left_out {
            let text = "The rule is not looked at for events of this type: the types that its condition names leave it out.";
            let measure = page.measure();
            page.flow(Vec::new(), &[span(YELLOW, text)], measure)?;
            page.gap()?;
        }
        comparisons(&mut page, found)?;
    }
    Ok(())
}

fn comparisons(page: &mut Page<'_>, found: &Explanation) -> io::Result<()> {
    page.line(&[span(DIM, "Each comparison, and the value that it saw; * marks those that decide")])?;
    for atom in &found.atoms {
        let decisive = if atom.decisive { "*" } else { " " };
        let lead =
            vec![span(PLAIN, format!("{decisive} ")), verdict_mark(page, atom.verdict), span(PLAIN, " ")];
        // A long list of values says less than what was looked for in it.
        let shown = visible(&atom.text);
        let shown = cut(&shown, COMPARISON_SHOWN, page.glyph("…", "~"));
        let mut text = vec![span(if atom.decisive { BOLD } else { PLAIN }, shown)];
        for field in &atom.fields {
            let value = match (field.presence, field.values.as_slice()) {
                (Presence::Present, []) => "an empty list".to_owned(),
                (Presence::Present, values) => values.join(", "),
                (Presence::Absent, _) => "not there".to_owned(),
                (Presence::Unavailable, _) => "not known".to_owned(),
            };
            text.push(span(DIM, format!("  {} is ", visible(&field.name))));
            text.push(span(CYAN, visible(&value)));
        }
        let measure = page.width().min(140);
        page.flow(lead, &text, measure)?;
    }
    if found.verdict != Verdict::True {
        page.gap()?;
        let misses: Vec<&str> = found
            .atoms
            .iter()
            .filter(|atom| found.near_misses.contains(&atom.atom))
            .map(|atom| atom.text.as_str())
            .collect();
        let measure = page.measure();
        if misses.is_empty() {
            let text = "Two or more comparisons would have to come out the other way for it to match.";
            page.flow(Vec::new(), &[span(PLAIN, text)], measure)?;
        } else {
            page.line(&[span(BOLD, "It would match if one of these came out the other way")])?;
            for text in misses {
                page.flow(vec![span(PLAIN, "  ")], &[span(YELLOW, visible(text))], measure)?;
            }
        }
    }
    Ok(())
}

/// An explanation for programs.
pub fn explanation_json(rule: &ListedRule<'_>, parts: &[Explained]) -> Json {
    let conditions: Json = parts
        .iter()
        .map(|part| {
            let mut json = condition_json(&part.explanation);
            json["part"] = part.part.clone().into();
            json["left_out"] = part.left_out.into();
            json["matches"] = part.holds().into();
            json
        })
        .collect();
    json!({"rule": rule.name, "conditions": conditions})
}

fn condition_json(found: &Explanation) -> Json {
    let word = |verdict: Verdict| match verdict {
        Verdict::True => "true",
        Verdict::False => "false",
        Verdict::Unknown => "unknown",
    };
    let atoms: Json = found
        .atoms
        .iter()
        .map(|atom| {
            let fields: Json = atom
                .fields
                .iter()
                .map(|field| {
                    let presence = match field.presence {
                        Presence::Present => "present",
                        Presence::Absent => "absent",
                        Presence::Unavailable => "unavailable",
                    };
                    json!({"name": field.name, "presence": presence, "values": field.values})
                })
                .collect();
            json!({
                "comparison": atom.text,
                "verdict": word(atom.verdict),
                "decisive": atom.decisive,
                "near_miss": found.near_misses.contains(&atom.atom),
                "fields": fields,
            })
        })
        .collect();
    json!({"condition": found.text, "verdict": word(found.verdict), "comparisons": atoms})
}

/// A file of tests that were run.
pub struct TestedFile {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// In the order of the file.
    pub results: Vec<TestResult>,
}

/// One line for a test.
pub fn test_line(result: &TestResult, style: RenderStyle) -> String {
    let (color, mark, ascii) = if result.passed() { (GREEN, "✓", "+") } else { (RED, "✗", "x") };
    let mark = if style.unicode { mark } else { ascii };
    let name = visible(&result.name);
    if style.color { format!("{color}{mark}{color:#} {name}\n") } else { format!("{mark} {name}\n") }
}

/// The last line of a run of tests.
pub fn tests_summary(files: &[TestedFile]) -> String {
    let all = files.iter().flat_map(|file| &file.results).count();
    let failed = files.iter().flat_map(|file| &file.results).filter(|result| !result.passed()).count();
    match failed {
        0 => format!("{} passed\n", count(all, "test")),
        failed => format!("{}: {failed} failed, {} passed\n", count(all, "test"), all - failed),
    }
}

/// Results of tests for programs.
pub fn tests_json(files: &[TestedFile]) -> Json {
    let mut all = Vec::new();
    for file in files {
        for result in &file.results {
            let line = |span: eyrie_lang::Span| Source::new(&file.text).position(span.start).0;
            let failures: Json = result
                .failures
                .iter()
                .map(|failure| {
                    json!({
                        "rule": failure.rule,
                        "code": failure.diagnostic.code.name,
                        "message": failure.diagnostic.title,
                        "line": line(failure.diagnostic.span),
                        "help": failure.diagnostic.help,
                    })
                })
                .collect();
            all.push(json!({
                "file": file.name, "line": line(result.span), "name": result.name,
                "passed": result.passed(), "failures": failures,
            }));
        }
    }
    Json::Array(all)
}
