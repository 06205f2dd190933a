//! Lists of maintainers: tables and lists in Markdown, mappings in YAML, TOML assignments, plain lines.
//!
//! Such files have no format, so this reads what a person would: a row of a table that has a column for names,
//! handles or addresses, or an item or line that names a handle or an address. A table's other columns and the
//! heading above give organisation and role.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Owners, Person, in_text, is_email, is_handle, is_name, is_yaml, limits, token};
use crate::{
    parse::text::Lines,
    yaml::{self, Node},
};

pub(super) fn read(extension: &str, text: &str) -> Owners {
    if is_yaml(extension) {
        return from_yaml(text);
    }
    if extension == "toml" || text.lines().any(|line| line.trim() == "[people]") {
        return toml(text);
    }
    match extension {
        "md" | "markdown" | "mkd" => markdown(text),
        _ => plain(text),
    }
}

/// What a column of a table holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Column {
    Name,
    Handle,
    Email,
    Org,
    Role,
    Other,
}

impl Column {
    fn of(header: &str) -> Self {
        let header = header.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| header.contains(word));
        if has(&["affiliation", "company", "organi", "employer", "org."]) || header == "org" {
            Self::Org
        } else if has(&["mail"]) {
            Self::Email
        } else if has(&["github", "gitlab", "handle", "username", "user name", "user id"]) || header == "id" {
            Self::Handle
        } else if has(&["role", "title", "position", "responsib", "area", "scope", "status", "focus"]) {
            Self::Role
        } else if has(&[
            "name",
            "maintainer",
            "reviewer",
            "approver",
            "member",
            "who",
            "contact",
            "person",
            "lead",
        ]) {
            Self::Name
        } else {
            Self::Other
        }
    }
}

/// A cell, an item or a heading as it is read.
#[derive(Default)]
struct Part {
    text: String,
    links: Vec<String>,
    at: usize,
}

fn markdown(text: &str) -> Owners {
    let lines = Lines::new(text);
    let mut owners = Owners::default();
    let mut role: Option<String> = None;
    let mut columns: Vec<Column> = Vec::new();
    let mut row: Vec<Part> = Vec::new();
    // Nested items each have their own text.
    let mut items: Vec<Part> = Vec::new();
    let mut cell: Option<Part> = None;
    let mut heading: Option<Part> = None;
    let mut in_head = false;
    let mut code = 0_usize;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let begin = || Part { at: range.start, ..Part::default() };
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(begin()),
            Event::End(TagEnd::Heading(_)) => {
                role = heading.take().map(|h| squeeze(&h.text)).filter(|text| !text.is_empty());
            }
            Event::Start(Tag::TableHead) => {
                in_head = true;
                columns.clear();
            }
            Event::End(TagEnd::TableHead) => in_head = false,
            Event::Start(Tag::TableRow) => row.clear(),
            Event::Start(Tag::TableCell) => cell = Some(begin()),
            Event::End(TagEnd::TableCell) => {
                let part = cell.take().unwrap_or_default();
                if in_head {
                    columns.push(Column::of(&squeeze(&part.text)));
                } else {
                    row.push(part);
                }
            }
            Event::End(TagEnd::TableRow) => {
                let line = lines.line(range.start);
                owners.people.extend(person_of_row(&columns, &row, role.as_deref(), line));
            }
            Event::Start(Tag::Item) => items.push(begin()),
            Event::Start(Tag::List(_)) => {
                // The text before a nested list is the item's own.
                if let Some(item) = items.last_mut() {
                    owners.people.extend(person_of_item(item, role.as_deref(), &lines));
                    *item = Part::default();
                }
            }
            Event::End(TagEnd::Item) => {
                if let Some(item) = items.pop() {
                    owners.people.extend(person_of_item(&item, role.as_deref(), &lines));
                }
            }
            Event::Start(Tag::CodeBlock(_)) => code += 1,
            Event::End(TagEnd::CodeBlock) => code = code.saturating_sub(1),
            _ if code > 0 => {}
            event => {
                let part = cell.as_mut().or(heading.as_mut()).or(items.last_mut());
                if let Some(part) = part {
                    add(part, event, range.start);
                }
            }
        }
    }
    owners
}

fn add(part: &mut Part, event: Event<'_>, at: usize) {
    if part.text.is_empty() && part.links.is_empty() && part.at == 0 {
        part.at = at;
    }
    match event {
        Event::Text(text) | Event::Code(text) => part.text.push_str(&text),
        Event::SoftBreak | Event::HardBreak => part.text.push(' '),
        Event::Start(Tag::Paragraph) => part.text.push(' '),
        Event::Start(Tag::Link { dest_url, .. }) => {
            let link =
                if is_email(&dest_url) { format!("mailto:{dest_url}") } else { dest_url.into_string() };
            part.links.push(link);
        }
        _ => {}
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn person_of_row(columns: &[Column], row: &[Part], role: Option<&str>, line: u32) -> Option<Person> {
    let mut person = Person { line, ..Person::default() };
    for (column, part) in columns.iter().zip(row) {
        let text = squeeze(&part.text);
        if text.is_empty() && part.links.is_empty() {
            continue;
        }
        let found = in_text(&text, &part.links);
        // A handle or address is one in any column.
        person.handle = person.handle.take().or(found.handle.clone());
        person.email = person.email.take().or(found.email);
        match column {
            Column::Name => {
                let name = found.name.or_else(|| (found.handle.is_none()).then(|| text.clone()));
                person.name = person.name.take().or(name);
            }
            Column::Handle => {
                let bare = is_handle(text.trim_start_matches('@')).map(str::to_owned);
                person.handle = found.handle.or(bare).or(person.handle);
            }
            Column::Org => person.org = Some(text.trim_start_matches('@').to_owned()),
            Column::Role => person.role = Some(text),
            Column::Email | Column::Other => {}
        }
    }
    person.section = role.map(str::to_owned);
    person.role = person.role.or_else(|| person.section.clone());
    let known = columns.iter().any(|c| matches!(c, Column::Name | Column::Handle | Column::Email));
    ((known && person.is_named()) || person.handle.is_some() || person.email.is_some()).then_some(person)
}

fn person_of_item(item: &Part, role: Option<&str>, lines: &Lines) -> Option<Person> {
    let text = squeeze(&item.text);
    let person = in_text(&text, &item.links);
    // Without a handle or address an item is a person only if it is little more than a name.
    let words = person.name.as_ref().map_or(0, |name| name.split_whitespace().count());
    let capitals = person.name.as_ref().is_some_and(|name| {
        name.split_whitespace().all(|word| word.chars().next().is_some_and(|c| !c.is_lowercase()))
    });
    let is_person = person.handle.is_some()
        || person.email.is_some()
        || ((2..=4).contains(&words) && capitals && text.len() <= 100 && item.links.is_empty());
    // A sentence that mentions somebody is no entry.
    let sentence = text.len() > 240;
    (is_person && !sentence).then(|| Person {
        role: role.map(str::to_owned),
        section: role.map(str::to_owned),
        line: lines.line(item.at),
        ..person
    })
}

/// A person a line, with `#` comments; lines like titles give the role.
pub(super) fn plain(text: &str) -> Owners {
    let mut owners = Owners::default();
    let mut role: Option<String> = None;
    for (n, line) in text.lines().enumerate() {
        let comment = line.starts_with('#').then(|| line.trim_start_matches('#').trim());
        if let Some(title) = comment.or_else(|| line.trim().strip_suffix(':')) {
            if !title.is_empty() && title.len() <= 80 && !title.contains('@') {
                role = Some(title.trim().to_owned());
            }
            continue;
        }
        let line = line.trim().trim_start_matches(['-', '*', '+']).trim();
        let (letter, line) = kernel_style(line);
        let line = line.split(" #").next().unwrap_or(line);
        let mut person = in_text(line, &[]);
        let alone = person.name.as_deref().is_some_and(|name| {
            name.split_whitespace().count() >= 2
                && is_name(name)
                && line.len() <= 80
                && name.split_whitespace().all(|w| w.chars().next().is_some_and(|c| !c.is_lowercase()))
        });
        let sentence = line.len() > 240;
        if (person.handle.is_some() || person.email.is_some() || alone) && !sentence {
            person.line = u32::try_from(n + 1).unwrap_or(u32::MAX);
            person.section.clone_from(&role);
            person.role = letter.map(str::to_owned).or_else(|| role.clone());
            owners.people.push(person);
        }
    }
    owners
}

/// `M: Name <mail>` and `R: …`, as in the kernel's list.
fn kernel_style(line: &str) -> (Option<&'static str>, &str) {
    for (mark, role) in [("M:", "maintainer"), ("R:", "reviewer")] {
        if let Some(rest) = line.strip_prefix(mark) {
            return (Some(role), rest.trim());
        }
    }
    // Its other lines (`L:`, `F:`, `W:` …) name no person.
    if line.as_bytes().get(1) == Some(&b':') && line.as_bytes()[0].is_ascii_uppercase() {
        return (None, "");
    }
    (None, line)
}

/// Mappings with a name, handle or address, wherever they are; else lists of handles.
fn from_yaml(text: &str) -> Owners {
    let mut owners = Owners::default();
    match yaml::read_str(text, &limits()) {
        Ok(stream) => stream.documents.iter().for_each(|root| walk(root, None, &mut owners)),
        Err(error) => owners.problems.push(error.into()),
    }
    owners
}

/// The recursion is bounded by the depth limit of the YAML reader.
fn walk(node: &Node, role: Option<&str>, owners: &mut Owners) {
    for item in node.items() {
        match item.as_str() {
            Some(text) => {
                let mut person = in_text(text, &[]);
                if person.handle.is_none() && person.email.is_none() {
                    person.handle = is_handle(text).filter(|_| person.name.is_none()).map(str::to_owned);
                }
                if person.is_named() {
                    let role = role.map(str::to_owned);
                    owners.people.push(Person { role, line: item.span.line, ..person });
                }
            }
            None => walk(item, role, owners),
        }
    }
    let mut person = Person { line: node.span.line, ..Person::default() };
    for (key, value) in node.entries() {
        let Some(key) = key.as_str() else { continue };
        let Some(text) = value.as_str() else {
            walk(value, Some(key), owners);
            continue;
        };
        match Column::of(key) {
            Column::Name => person.name = Some(text.to_owned()),
            Column::Handle => {
                person.handle = token(text).handle.or_else(|| is_handle(text).map(str::to_owned));
            }
            Column::Email => person.email = Some(text.to_owned()).filter(|t| is_email(t)),
            Column::Org => person.org = Some(text.to_owned()),
            Column::Role => person.role = Some(text.to_owned()),
            Column::Other => {}
        }
    }
    // A name alone may be the name of anything.
    if person.handle.is_some() || person.email.is_some() {
        person.role = person.role.or_else(|| role.map(str::to_owned));
        owners.people.push(person);
    }
}

/// `[people.id]` tables with `Name`, `Email`, `GitHub`.
fn toml(text: &str) -> Owners {
    let mut owners = Owners::default();
    let mut current: Option<Person> = None;
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            owners.people.extend(current.take().filter(Person::is_named));
            let person = line.trim_matches(['[', ']']).to_ascii_lowercase();
            if person.starts_with("people.") || person == "maintainers" || person == "people" {
                current =
                    Some(Person { line: u32::try_from(n + 1).unwrap_or(u32::MAX), ..Person::default() });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        if let Some(person) = current.as_mut().filter(|_| !value.is_empty() && !value.starts_with('[')) {
            match Column::of(key.trim()) {
                Column::Name => person.name = Some(value.to_owned()),
                Column::Handle => person.handle = is_handle(value.trim_start_matches('@')).map(str::to_owned),
                Column::Email => person.email = Some(value.to_owned()).filter(|v| is_email(v)),
                Column::Org => person.org = Some(value.to_owned()),
                Column::Role => person.role = Some(value.to_owned()),
                Column::Other => {}
            }
        }
    }
    owners.people.extend(current.filter(Person::is_named));
    owners
}
