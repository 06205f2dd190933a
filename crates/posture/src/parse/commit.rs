//! What a commit says about itself: subject, body, trailers, the marks that review systems and merges leave, what
//! kind of signature it carries, and what its author's name tells.
//!
//! [`Message`] is a commit message; [`Identity`] is a name with an address, from a commit's header or from a
//! trailer. Reading commits from a repository is not done here; whether a signature is valid is not known here.

use std::borrow::Cow;

use serde::Serialize;

/// A commit message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// All of it, as it was written.
    pub text: &'a str,
    /// The first paragraph, its lines joined by blanks: what `git log --format=%s` prints.
    pub subject: Cow<'a, str>,
    /// What follows the first paragraph, trailers included.
    pub body: &'a str,
    /// The trailers, by Git's own rules.
    pub trailers: Vec<Trailer<'a>>,
}

/// A line `Key: value` at the end of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trailer<'a> {
    /// The key as it was written. Git compares keys without regard to case.
    pub key: &'a str,
    /// The value; continued lines are joined by a blank.
    pub value: Cow<'a, str>,
    /// The line of the message, from 1.
    pub line: u32,
}

/// A name and an e-mail address, as in `Name <address>`. Either may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Identity<'a> {
    /// The name.
    pub name: &'a str,
    /// The address, without angle brackets.
    pub email: &'a str,
}

/// A review system that writes its revisions into commit messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReviewSystem {
    /// `Differential Revision: …D123`.
    Phabricator,
    /// `Reviewed-on:` and `Reviewed-by:`.
    Gerrit,
    /// `PiperOrigin-RevId: 123456`.
    Piper,
}

/// Where a message says that its change was reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision<'a> {
    /// The system that wrote it.
    pub system: ReviewSystem,
    /// The revision's id. Gerrit has none that several commits share: there, a revision is a commit.
    pub id: Option<&'a str>,
}

/// What kind of signature a commit or tag carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignatureKind {
    /// OpenPGP.
    Pgp,
    /// SSH.
    Ssh,
    /// X.509, such as gitsign makes.
    X509,
    /// Some other.
    Other,
}

/// Why an identity looks like that of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BotMark {
    /// The name or the login ends with `[bot]`, as GitHub has it for apps.
    Suffix,
    /// It is the name of a well-known program.
    KnownName,
}

impl<'a> Message<'a> {
    /// Read a message. Any text is one.
    ///
    /// ```
    /// use eyrie_posture::parse::commit::Message;
    ///
    /// let message = Message::parse("Fix the gate\n\nIt leaked.\n\nSigned-off-by: A <a@b.c>\n");
    /// assert_eq!(message.subject, "Fix the gate");
    /// assert_eq!(message.trailers[0].key, "Signed-off-by");
    /// ```
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let (subject, body) = subject_and_body(text);
        Self { text, subject, body, trailers: trailers(text) }
    }

    /// The trailers with a key, compared as Git does.
    pub fn trailers_of<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'s Trailer<'a>> {
        self.trailers.iter().filter(move |trailer| trailer.key.eq_ignore_ascii_case(key))
    }

    /// The lines that begin with `Signed-off-by: `, in exactly this spelling, wherever they stand: that is what
    /// CLOMonitor looks for, and what many sign-offs above a last paragraph of prose need.
    pub fn sign_offs(&self) -> impl Iterator<Item = Identity<'a>> {
        self.text.split('\n').filter_map(|line| line.strip_prefix("Signed-off-by: ")).map(Identity::parse)
    }

    /// Who is named in `Co-authored-by` trailers.
    pub fn co_authors(&self) -> impl Iterator<Item = Identity<'_>> {
        self.trailers_of("Co-authored-by").map(|trailer| Identity::parse(&trailer.value))
    }

    /// The mark of a review system, the first of Phabricator, Gerrit and Piper that has left one anywhere in the
    /// message. Source: `checks/raw/code_review.go` of OpenSSF Scorecard.
    #[must_use]
    pub fn revision(&self) -> Option<Revision<'a>> {
        let text = self.text;
        if let Some(id) = phabricator(text) {
            return Some(Revision { system: ReviewSystem::Phabricator, id: Some(id) });
        }
        if text.contains("Reviewed-on:") && text.contains("Reviewed-by:") {
            return Some(Revision { system: ReviewSystem::Gerrit, id: None });
        }
        piper(text).map(|id| Revision { system: ReviewSystem::Piper, id: Some(id) })
    }

    /// The pull request whose number the subject ends with in parentheses, as a squash merge on GitHub writes it,
    /// or that the subject says it merges.
    #[must_use]
    pub fn pull_request(&self) -> Option<u64> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        if let Some(rest) = self.text.strip_prefix("Merge pull request #") {
            return number(rest.split_ascii_whitespace().next()?);
        }
        let (_, last) = self.subject.trim_end().strip_suffix(')')?.rsplit_once("(#")?;
        number(last)
    }
}

impl<'a> Identity<'a> {
    /// Read `Name <address>`. Without angle brackets all of it is the name, or the address if it holds an `@` and
    /// no blank.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let text = text.trim();
        if let Some((name, rest)) = text.split_once('<') {
            let email = rest.split_once('>').map_or(rest, |(email, _)| email);
            return Self { name: name.trim(), email: email.trim() };
        }
        if text.contains('@') && !text.contains(char::is_whitespace) {
            Self { name: "", email: text }
        } else {
            Self { name: text, email: "" }
        }
    }

    /// The GitHub login in an address that GitHub gave out instead of the user's own:
    /// `123+login@users.noreply.github.com`, or without the number.
    #[must_use]
    pub fn github_login(&self) -> Option<&'a str> {
        let local = self.email.strip_suffix("@users.noreply.github.com")?;
        let login = match local.split_once('+') {
            Some((id, login)) if id.bytes().all(|b| b.is_ascii_digit()) => login,
            _ => local,
        };
        (!login.is_empty()).then_some(login)
    }

    /// What makes this look like a program, if anything does.
    #[must_use]
    pub fn bot_mark(&self) -> Option<BotMark> {
        let login = self.github_login();
        bot_mark(self.name).or_else(|| login.and_then(bot_mark))
    }
}

/// What makes a name or a login look like that of a program, if anything does.
///
/// ```
/// use eyrie_posture::parse::commit::{BotMark, bot_mark};
///
/// assert_eq!(bot_mark("dependabot[bot]"), Some(BotMark::Suffix));
/// assert_eq!(bot_mark("k8s-ci-robot"), Some(BotMark::KnownName));
/// assert_eq!(bot_mark("Abbot"), None);
/// ```
#[must_use]
pub fn bot_mark(name: &str) -> Option<BotMark> {
    let name = name.trim();
    if name.ends_with("[bot]") {
        Some(BotMark::Suffix)
    } else if KNOWN_BOTS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        Some(BotMark::KnownName)
    } else {
        None
    }
}

/// Names and logins of programs that commit without `[bot]` in their name.
const KNOWN_BOTS: &[&str] = &[
    "allcontributors",
    "bors",
    "copybara-service",
    "dependabot",
    "dependabot-preview",
    "fluxcdbot",
    "github-actions",
    "github-merge-queue",
    "greenkeeper",
    "imgbot",
    "istio-testing",
    "k8s-ci-robot",
    "k8s-merge-robot",
    "k8s-publishing-bot",
    "mergify",
    "poiana",
    "pre-commit-ci",
    "pyup-bot",
    "renovate",
    "renovate-bot",
    "renovatebot",
    "semantic-release-bot",
    "snyk-bot",
    "tekton-robot",
    "weblate",
    "whitesource-bolt",
];

impl SignatureKind {
    /// Of the signature that the `gpgsig` header of a commit, or the end of a tag, holds.
    #[must_use]
    pub fn of(armor: &str) -> Self {
        let armor = armor.trim_start();
        if armor.starts_with("-----BEGIN PGP SIGNATURE") || armor.starts_with("-----BEGIN PGP MESSAGE") {
            Self::Pgp
        } else if armor.starts_with("-----BEGIN SSH SIGNATURE") {
            Self::Ssh
        } else if armor.starts_with("-----BEGIN SIGNED MESSAGE") {
            Self::X509
        } else {
            Self::Other
        }
    }

    /// Its name, as rules write it: what Git's `gpg.format` calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pgp => "openpgp",
            Self::Ssh => "ssh",
            Self::X509 => "x509",
            Self::Other => "other",
        }
    }
}

impl ReviewSystem {
    /// Its name, as rules write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phabricator => "phabricator",
            Self::Gerrit => "gerrit",
            Self::Piper => "piper",
        }
    }
}

impl BotMark {
    /// Its name, as rules write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suffix => "suffix",
            Self::KnownName => "known-name",
        }
    }
}

fn subject_and_body(text: &str) -> (Cow<'_, str>, &str) {
    let mut subject = Cow::Borrowed("");
    let (mut at, mut ended) = (0, false);
    for line in text.split_inclusive('\n') {
        if is_blank(line) {
            ended |= !subject.is_empty();
        } else if ended {
            return (subject, text[at..].trim_end());
        } else if subject.is_empty() {
            subject = Cow::Borrowed(line.trim_end());
        } else {
            let joined = subject.to_mut();
            joined.push(' ');
            joined.push_str(line.trim_end());
        }
        at += line.len();
    }
    (subject, "")
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(is_space)
}

/// What C's `isspace` takes for one, which is what Git asks.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Prefixes that make a paragraph one of trailers even if it holds other lines. Source: `trailer.c` of Git.
const GENERATED: [&str; 2] = ["Signed-off-by: ", "(cherry picked from commit "];

/// The trailers of a message: the last paragraph that is not the first, if all its lines are trailers, or if one
/// of them is Git's own and at least a quarter of them are trailers. Source: `git-interpret-trailers(1)`.
fn trailers(text: &str) -> Vec<Trailer<'_>> {
    let all: Vec<&str> = text.split('\n').collect();
    let title_start = all.iter().position(|line| !is_blank(line)).unwrap_or(all.len());
    let title_end =
        all[title_start..].iter().position(|l| is_blank(l)).map_or(all.len(), |n| title_start + n);
    let ignored = |line: &&str| is_blank(line) || line.starts_with('#');
    let end = all.iter().rposition(|line| !ignored(line)).map_or(0, |last| last + 1);
    let Some(start) = trailer_block(&all[..end], title_end) else { return Vec::new() };

    let mut found: Vec<Trailer<'_>> = Vec::new();
    // Whether the line before belongs to the last trailer, so that this one may continue it.
    let mut open = false;
    for (at, line) in all[..end].iter().enumerate().skip(start) {
        if line.bytes().next().is_some_and(is_space) {
            if let Some(last) = found.last_mut().filter(|_| open) {
                let value = last.value.to_mut();
                if !value.is_empty() {
                    value.push(' ');
                }
                value.push_str(line.trim());
            }
            continue;
        }
        open = false;
        if let Some(separator) = separator(line) {
            let line_number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            let value = Cow::Borrowed(line[separator + 1..].trim());
            found.push(Trailer { key: line[..separator].trim_end(), value, line: line_number });
            open = true;
        }
    }
    found
}

/// Where the block of trailers begins.
fn trailer_block(lines: &[&str], title_end: usize) -> Option<usize> {
    let (mut trailers, mut others, mut continued) = (0_usize, 0_usize, 0_usize);
    let mut generated = false;
    for at in (title_end..lines.len()).rev() {
        let line = lines[at];
        if is_blank(line) {
            others += continued;
            let mixed = generated && trailers * 3 >= others;
            let pure = trailers > 0 && others == 0;
            return (mixed || pure).then_some(at + 1);
        }
        if GENERATED.iter().any(|prefix| line.starts_with(prefix)) {
            generated = true;
            trailers += 1;
            continued = 0;
        } else if line.starts_with('#') {
            // A comment of the editor that was kept.
            others += std::mem::take(&mut continued);
        } else if line.bytes().next().is_some_and(is_space) {
            continued += 1;
        } else if separator(line).is_some() {
            trailers += 1;
            continued = 0;
        } else {
            others += 1 + continued;
            continued = 0;
        }
    }
    None
}

/// Where the colon after a trailer's key is: letters, digits and hyphens, then perhaps blanks.
fn separator(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let key = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    let blanks = bytes[key..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    (key > 0 && bytes.get(key + blanks) == Some(&b':')).then_some(key + blanks)
}

/// `Differential Revision:[^\r\n]*(D\d+)`: the last such id on the line of the first mark that has one.
fn phabricator(text: &str) -> Option<&str> {
    marks(text, "Differential Revision:").find_map(|rest| {
        let line = rest.split(['\r', '\n']).next().unwrap_or_default();
        let starts_id = |at: &usize| line.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
        let at = line.rmatch_indices('D').map(|(at, _)| at).find(starts_id)?;
        let digits = line[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        Some(&line[at..=at + digits])
    })
}

/// `PiperOrigin-RevId:\s*(\d{3,})`.
fn piper(text: &str) -> Option<&str> {
    marks(text, "PiperOrigin-RevId:").find_map(|rest| {
        let rest = rest.trim_start_matches(['\t', '\n', '\x0C', '\r', ' ']);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        (digits >= 3).then(|| &rest[..digits])
    })
}

/// What follows each occurrence of `mark`.
fn marks<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(mark).map(move |(at, _)| &text[at + mark.len()..])
}

#[cfg(test)]
mod tests;
