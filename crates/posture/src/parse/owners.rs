//! Who owns a project: `OWNERS` and `OWNERS_ALIASES` (Kubernetes), `CODEOWNERS`, and `MAINTAINERS` files in
//! Markdown, YAML, TOML or plain text.
//!
//! All give [`Owners`]: people with a handle, name, e-mail address, organisation and role, as far as the file
//! says. Whether there are enough of them is a rule's business; teams and aliases are not expanded here.

use super::{
    problem::Problem,
    text::Text,
    urls::{self, UrlParts},
};
use crate::yaml::{self, Kind, Limits, Node};

mod maintainers;

/// How much of a file is read: 2 MiB. (GitHub ignores a CODEOWNERS of more than 3 MB.)
pub const MAX_BYTES: usize = 2 << 20;

/// What a file says of owners.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owners {
    /// People and teams in order, one entry each time that one is named.
    pub people: Vec<Person>,
    /// The rules of a CODEOWNERS.
    pub rules: Vec<Rule>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
    /// The file is longer than [`MAX_BYTES`].
    pub truncated: bool,
}

/// Somebody that an owners file names.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Person {
    /// The name on the forge without `@`; `org/team` for a team.
    pub handle: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The organisation that the person works for.
    pub org: Option<String>,
    /// The role: the key of an OWNERS file (`approvers`, `emeritus_reviewers` …), the alias in an
    /// OWNERS_ALIASES, the column or the heading above in a MAINTAINERS.
    pub role: Option<String>,
    /// The heading above in a MAINTAINERS, also where a column gives the role: under `Emeritus` a founder is no
    /// maintainer.
    pub section: Option<String>,
    /// The paths that the person owns, where only some: the pattern of a CODEOWNERS or of an OWNERS filter.
    pub pattern: Option<String>,
    /// The line, from 1.
    pub line: u32,
}

impl Person {
    /// Whether it is a team (`org/team`).
    #[must_use]
    pub fn is_team(&self) -> bool {
        self.handle.as_ref().is_some_and(|handle| handle.contains('/'))
    }

    fn is_named(&self) -> bool {
        self.handle.is_some() || self.name.is_some() || self.email.is_some()
    }
}

/// A line of a CODEOWNERS.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rule {
    /// The pattern, as written but for escapes.
    pub pattern: String,
    /// Its owners as written: `@name`, `@org/team`, an e-mail address. None: the paths have no owner.
    pub owners: Vec<String>,
    /// The section that it is in (GitLab).
    pub section: Option<String>,
    /// The line, from 1.
    pub line: u32,
}

impl Owners {
    /// Read an owners file; what it is, its name tells: `OWNERS`, `OWNERS_ALIASES`, `CODEOWNERS`, anything else
    /// is read as a list of maintainers.
    ///
    /// ```
    /// use eyrie_posture::parse::owners::Owners;
    ///
    /// let owners = Owners::parse(".github/CODEOWNERS", b"*.rs @ann docs@example.org\n");
    /// assert_eq!(owners.people[0].handle.as_deref(), Some("ann"));
    /// assert_eq!(owners.people[1].pattern.as_deref(), Some("*.rs"));
    /// ```
    #[must_use]
    pub fn parse(path: &str, bytes: &[u8]) -> Self {
        let decoded = Text::decode(bytes, MAX_BYTES);
        let text = &*decoded.text;
        let file = path.rsplit('/').next().unwrap_or(path);
        let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
        let extension = extension.to_ascii_lowercase();
        let mut owners = match stem.to_ascii_uppercase().as_str() {
            "CODEOWNERS" => Self::codeowners(text),
            "OWNERS_ALIASES" => Self::aliases(text),
            "OWNERS" if extension.is_empty() || is_yaml(&extension) => Self::kubernetes(text),
            _ => maintainers::read(&extension, text),
        };
        owners.truncated = decoded.truncated;
        owners
    }

    /// A Kubernetes OWNERS. One that is no YAML mapping is read as plain text, a person a line.
    /// Source: <https://www.kubernetes.dev/docs/guide/owners/>.
    fn kubernetes(text: &str) -> Self {
        let root = match yaml::read_str(text, &limits()) {
            Ok(stream) => stream.documents.into_iter().next(),
            Err(error) => {
                let plain = maintainers::plain(text);
                // A list of addresses is no faulty YAML.
                if plain.people.iter().any(|p| p.email.is_some() || p.handle.is_some())
                    && !text.contains("approvers:")
                {
                    return plain;
                }
                return Self { problems: vec![error.into()], ..Self::default() };
            }
        };
        let Some(root) = root else { return Self::default() };
        if !matches!(root.kind, Kind::Mapping(_)) {
            return maintainers::plain(text);
        }
        let mut owners = Self::default();
        owners.roles(&root, None);
        if let Some(filters) = root.get("filters") {
            for (pattern, roles) in filters.entries() {
                owners.roles(roles, pattern.as_str());
            }
        }
        owners
    }

    fn roles(&mut self, node: &Node, pattern: Option<&str>) {
        for (key, value) in node.entries() {
            let Some(role) = key.as_str() else { continue };
            if matches!(role, "labels" | "options" | "filters") {
                continue;
            }
            self.named(value, role, pattern);
        }
    }

    /// The items of a list of handles or addresses.
    fn named(&mut self, list: &Node, role: &str, pattern: Option<&str>) {
        for item in list.items() {
            let Some(text) = item.as_str() else { continue };
            let mut person = token(text);
            if !person.is_named() {
                person.handle = Some(text.trim().to_owned());
            }
            person.role = Some(role.to_owned());
            person.pattern = pattern.map(str::to_owned);
            person.line = item.span.line;
            self.people.push(person);
        }
    }

    fn aliases(text: &str) -> Self {
        let mut owners = Self::default();
        match yaml::read_str(text, &limits()) {
            Ok(stream) => {
                for (alias, members) in
                    stream.documents.first().and_then(|d| d.get("aliases")).map_or(&[][..], Node::entries)
                {
                    owners.named(members, alias.as_str().unwrap_or_default(), None);
                }
            }
            Err(error) => owners.problems.push(error.into()),
        }
        owners
    }

    /// A CODEOWNERS of GitHub or GitLab. Source:
    /// <https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>,
    /// <https://docs.gitlab.com/user/project/codeowners/reference/>.
    fn codeowners(text: &str) -> Self {
        let mut owners = Self::default();
        let mut section: Option<(String, Vec<String>)> = None;
        for (n, line) in text.lines().enumerate() {
            let number = u32::try_from(n + 1).unwrap_or(u32::MAX);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((name, defaults)) = section_header(line) {
                section = Some((name, defaults));
                continue;
            }
            let mut words = words(line);
            if words.is_empty() {
                continue;
            }
            let pattern = words.remove(0);
            let named =
                if words.is_empty() { section.as_ref().map_or(Vec::new(), |s| s.1.clone()) } else { words };
            for owner in &named {
                let person = token(owner);
                if person.handle.is_some() || person.email.is_some() {
                    let pattern = Some(pattern.clone());
                    owners.people.push(Person { pattern, line: number, ..person });
                } else {
                    let message = format!("`{owner}` is neither `@name`, `@org/team` nor an e-mail address");
                    let span = yaml::Span { line: number, column: 1, ..yaml::Span::default() };
                    owners.problems.push(Problem::error("bad-owner", &pattern, message, span));
                }
            }
            let section = section.as_ref().map(|s| s.0.clone());
            owners.rules.push(Rule { pattern, owners: named, section, line: number });
        }
        owners
    }
}

fn limits() -> Limits {
    Limits { bytes: MAX_BYTES, nodes: 100_000, ..Limits::default() }
}

fn is_yaml(extension: &str) -> bool {
    matches!(extension, "yaml" | "yml")
}

/// `[Name]`, `^[Name][2] @default`.
fn section_header(line: &str) -> Option<(String, Vec<String>)> {
    let inner = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (name, mut rest) = inner.split_once(']')?;
    if let Some(count) = rest.strip_prefix('[') {
        rest = count.split_once(']')?.1;
    }
    // `[ab].txt @x` is a pattern.
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| (name.to_owned(), words(rest)))
}

/// The words of a line up to a comment; `\ ` and `\#` are no separators.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let next = chars.next();
                if !matches!(next, Some(' ' | '#')) {
                    word.push('\\');
                }
                word.extend(next);
            }
            '#' if word.is_empty() => break,
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// What one word says: `@handle`, an address, a profile's URL; else nothing.
fn token(word: &str) -> Person {
    let word = word
        .trim()
        .trim_matches(|c: char| matches!(c, ',' | ';' | '(' | ')' | '<' | '>' | '[' | ']' | '*' | '`'));
    let mut person = Person::default();
    if let Some(handle) = word.strip_prefix('@') {
        person.handle = is_handle(handle.trim_end_matches(['.', ':'])).map(str::to_owned);
    } else if let Some(handle) = profile(word) {
        person.handle = Some(handle.to_owned());
    } else if is_email(word.strip_prefix("mailto:").unwrap_or(word)) {
        person.email = Some(word.strip_prefix("mailto:").unwrap_or(word).to_owned());
    }
    person
}

/// The handle in the URL of a person's or team's page on a forge.
fn profile(url: &str) -> Option<&str> {
    let parts = UrlParts::of(url)?;
    if !matches!(&*parts.plain_host(), "github.com" | "gitlab.com" | "codeberg.org") {
        return None;
    }
    let mut segments = parts.segments();
    let first = segments.next()?;
    // `github.com/orgs/o/teams/t` is a team, `github.com/o/r` a repository.
    if segments.next().is_some() {
        return None;
    }
    is_handle(first)
}

/// `text`, if it can be a forge's name of a person or, with a slash, of a team.
fn is_handle(text: &str) -> Option<&str> {
    let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let good =
        !text.is_empty() && text.len() <= 100 && text.chars().all(ok) && text.matches('/').count() <= 3;
    (good && text.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some(text)
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    let ok = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%');
    !local.is_empty()
        && local.chars().all(ok)
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
}

/// A person in a line of free text, as `Name <mail> (@handle), Organisation`. `links` are the targets of its
/// links.
fn in_text(text: &str, links: &[String]) -> Person {
    let mut person = Person::default();
    for link in links {
        let found = token(link);
        person.handle = person.handle.or(found.handle);
        person.email = person.email.or(found.email);
    }
    let mut rest = String::new();
    for word in text.split_whitespace() {
        let found = token(word);
        let url = urls::find(word).first().map(|u| u.url);
        if found.handle.is_some() || found.email.is_some() {
            // The name ends where the address or handle begins; what follows is more about the person.
            rest.push('\u{1}');
            person.handle = person.handle.or(found.handle);
            person.email = person.email.or(found.email);
        } else if url.is_some() {
            rest.push('\u{1}');
        } else {
            if !rest.is_empty() && !rest.ends_with('\u{1}') {
                rest.push(' ');
            }
            rest.push_str(word);
        }
    }
    let mut parts = rest
        .split(['\u{1}', ',', ';', '(', ')', '|', '–', '—', '[', ']'])
        .flat_map(|part| part.split(" - "))
        .map(|part| part.trim().trim_matches(|c: char| matches!(c, ':' | '<' | '>' | '*' | '-' | '"')).trim())
        .filter(|part| part.chars().any(char::is_alphanumeric));
    if let Some(name) = parts.next().filter(|name| is_name(name)) {
        person.name = Some(name.to_owned());
        let org = parts.find(|part| person.handle.as_deref() != Some(part) && part.len() <= 60);
        person.org = org.map(|org| org.strip_prefix('@').unwrap_or(org).to_owned());
    }
    // `Name (handle)`: the link says so.
    person
}

/// Whether `text` looks like a person's name: one to five words, the first with a capital or without case.
fn is_name(text: &str) -> bool {
    let count = text.split_whitespace().count();
    (1..=5).contains(&count)
        && text.len() <= 80
        && text.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_lowercase())
        && !text.chars().any(|c| c.is_ascii_digit() || matches!(c, '/' | ':' | '='))
}

#[cfg(test)]
mod tests;
