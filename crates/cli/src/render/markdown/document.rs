//! A document that we share with people: [`Document`], made of their lines and our [`Piece`]s.

use std::collections::{HashMap, HashSet};

use eyrie_posture::report::Outcome;

const BEGIN: &str = "<!-- eyrie:";
const BEGIN_END: &str = " -->";
const END: &str = "<!-- eyrie:end -->";

/// What kind of line a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has empty lines around it.
    Heading,
    /// Has empty lines around it.
    Paragraph,
    /// A list item; follows the one before without a gap.
    Item,
}

/// One line of ours, as it should be.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    kind: Kind,
    /// What the line begins with when it is new. From then on it is people's (a heading's level, an indentation).
    prefix: &'static str,
    /// Kind of marker and key; tells lines apart.
    key: String,
    /// For a check: what the tick depends on.
    outcome: Option<Outcome>,
    content: String,
}

impl Piece {
    pub(super) fn new(kind: Kind, prefix: &'static str, key: impl Into<String>, content: String) -> Piece {
        Piece { kind, prefix, key: key.into().trim_end().to_owned(), outcome: None, content }
    }

    pub(super) fn check(key: String, outcome: Outcome, content: String) -> Piece {
        Piece {
            kind: Kind::Item,
            prefix: "- [ ] ",
            key: format!("check {key}"),
            outcome: Some(outcome),
            content,
        }
    }

    /// Our part of the line, markers included.
    fn ours(&self, claimed: bool) -> String {
        let state = self.outcome.map(|outcome| format!(" {outcome}")).unwrap_or_default();
        let claim = if claimed { super::CLAIMED } else { "" };
        format!("{BEGIN}{}{state}{BEGIN_END}{claim}{}{END}", self.key, self.content)
    }
}

/// Whether we tick a check with this outcome.
fn ticks(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Pass | Outcome::Exempt | Outcome::NotApplicable)
}

#[derive(Clone, Debug)]
enum Line {
    /// People's, without its end.
    Theirs(String),
    /// Ours between their prefix and suffix.
    Ours(Ours),
}

impl Line {
    fn parse(line: &str) -> Line {
        Ours::parse(line).map_or_else(|| Line::Theirs(line.to_owned()), Line::Ours)
    }
}

#[derive(Clone, Debug)]
struct Ours {
    prefix: String,
    key: String,
    outcome: Option<Outcome>,
    /// Our part, markers included.
    text: String,
    suffix: String,
}

impl Ours {
    fn parse(line: &str) -> Option<Ours> {
        let begin = line.find(BEGIN)?;
        let marker = &line[begin + BEGIN.len()..];
        let (marker, rest) = marker.split_once(BEGIN_END)?;
        let end = rest.find(END)?;
        // A second beginning before the end: one of them is damaged.
        if rest[..end].contains(BEGIN) {
            return None;
        }
        let mut words = marker.split_whitespace();
        let kind = words.next().filter(|kind| *kind != "end")?;
        let (key, outcome) = if kind == "check" {
            let key = format!("check {}", words.next()?);
            let state = words.next()?;
            (key, Some(Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == state)?))
        } else {
            (marker.trim().to_owned(), None)
        };
        let after = line.len() - rest.len() + end + END.len();
        Some(Ours {
            prefix: line[..begin].to_owned(),
            key,
            outcome,
            text: line[begin..after].to_owned(),
            suffix: line[after..].to_owned(),
        })
    }

    /// Whether the box before our part is ticked; none if a person took the box away.
    fn ticked(&self) -> Option<bool> {
        let prefix = self.prefix.trim_end();
        match prefix.get(prefix.len().checked_sub(3)?..)? {
            "[x]" | "[X]" => Some(true),
            "[ ]" => Some(false),
            _ => None,
        }
    }

    fn tick(&mut self, on: bool) {
        let Some(before) = self.ticked() else { return };
        if before != on {
            let at = self.prefix.trim_end().len() - 2;
            self.prefix.replace_range(at..=at, if on { "x" } else { " " });
        }
    }

    /// A tick on a check that we would not have ticked: somebody vouches for it.
    fn is_claimed(&self) -> bool {
        self.ticked() == Some(true) && self.outcome.is_some_and(|outcome| !ticks(outcome))
    }

    fn write_anew(&mut self, piece: &Piece) {
        let mut claimed = false;
        if let Some(outcome) = piece.outcome {
            claimed = self.is_claimed() && !ticks(outcome);
            self.tick(ticks(outcome) || claimed);
        }
        self.outcome = piece.outcome;
        self.text = piece.ours(claimed);
    }
}

/// Lines of people and of ours.
#[derive(Clone, Debug)]
pub(super) struct Document {
    lines: Vec<Line>,
    /// `\n`, or `\r\n` as GitHub's issues have it.
    line_end: &'static str,
}

impl Document {
    pub(super) fn parse(text: &str) -> Document {
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        // A lone carriage return at the end would make a Windows line of the last one.
        let text = if line_end == "\n" { text.trim_end_matches('\r') } else { text };
        let mut lines: Vec<_> = text
            .split('\n')
            .map(|line| line.strip_suffix(line_end.trim_end_matches('\n')).unwrap_or(line))
            .map(Line::parse)
            .collect();
        if matches!(lines.last(), Some(Line::Theirs(line)) if line.is_empty()) {
            lines.pop();
        }
        Document { lines, line_end }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Theirs(line) => text.push_str(line),
                Line::Ours(ours) => {
                    text.push_str(&ours.prefix);
                    text.push_str(&ours.text);
                    text.push_str(&ours.suffix);
                }
            }
            text.push_str(self.line_end);
        }
        text
    }

    /// With these pieces, in this order where they are new, and none other.
    pub(super) fn with(mut self, pieces: &[Piece]) -> Document {
        let wanted: HashMap<&str, &Piece> = pieces.iter().map(|piece| (piece.key.as_str(), piece)).collect();
        self.let_go(&wanted);
        let mut found = HashSet::new();
        for line in &mut self.lines {
            if let Line::Ours(ours) = line
                && let Some(piece) = wanted.get(ours.key.as_str())
            {
                ours.write_anew(piece);
                found.insert(piece.key.as_str());
            }
        }
        let mut before: Option<&Piece> = None;
        for piece in pieces {
            if !found.contains(piece.key.as_str()) {
                self.insert(piece, before);
            }
            before = Some(piece);
        }
        self
    }

    /// Lines whose subject is gone: removed, or handed over to the person who wrote there.
    fn let_go(&mut self, wanted: &HashMap<&str, &Piece>) {
        let mut index = 0;
        while index < self.lines.len() {
            let Line::Ours(ours) = &self.lines[index] else {
                index += 1;
                continue;
            };
            if wanted.contains_key(ours.key.as_str()) {
                index += 1;
                continue;
            }
            let subject = ours.key.rsplit([' ', '/']).next().unwrap_or_default();
            let theirs = format!("{}{subject} (no longer in the report){}", ours.prefix, ours.suffix);
            if !ours.suffix.trim().is_empty() || ours.is_claimed() || self.tail(index) > index {
                // Another line of ours may have been joined to it; then this is looked at again.
                self.lines[index] = Line::parse(&theirs);
            } else {
                self.lines.remove(index);
            }
        }
    }

    /// The last line that belongs to the one at `index`: people's text right under it, and what is indented.
    fn tail(&self, index: usize) -> usize {
        let mut tail = index;
        let mut gap = false;
        for (at, line) in self.lines.iter().enumerate().skip(index + 1) {
            let Line::Theirs(line) = line else { break };
            if line.trim().is_empty() {
                gap = true;
            } else if line.starts_with([' ', '\t']) || !gap {
                // A heading or a list item of theirs is no part of ours.
                if !line.starts_with([' ', '\t']) && line.starts_with(['#', '-', '*', '+']) {
                    break;
                }
                tail = at;
            } else {
                break;
            }
        }
        tail
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.lines.iter().rposition(|line| matches!(line, Line::Ours(ours) if ours.key == key))
    }

    /// Puts a new piece after the one that precedes it in the report; the first of all before our first line, or at
    /// the end of a text that is all theirs.
    fn insert(&mut self, piece: &Piece, before: Option<&Piece>) {
        let at = match before.and_then(|before| self.position(&before.key)) {
            Some(index) => self.tail(index) + 1,
            None => {
                self.lines.iter().position(|line| matches!(line, Line::Ours(_))).unwrap_or(self.lines.len())
            }
        };
        let after_item = piece.kind == Kind::Item && before.is_some_and(|before| before.kind == Kind::Item);
        let mut new = Vec::with_capacity(3);
        if at > 0 && !after_item && !self.is_empty_line(at - 1) {
            new.push(Line::Theirs(String::new()));
        }
        let mut ours = Ours {
            prefix: piece.prefix.to_owned(),
            key: piece.key.clone(),
            outcome: None,
            text: String::new(),
            suffix: String::new(),
        };
        ours.write_anew(piece);
        new.push(Line::Ours(ours));
        let item_follows =
            matches!(self.lines.get(at), Some(Line::Ours(ours)) if ours.key.starts_with("check "));
        if at < self.lines.len() && !self.is_empty_line(at) && !(piece.kind == Kind::Item && item_follows) {
            new.push(Line::Theirs(String::new()));
        }
        self.lines.splice(at..at, new);
    }

    fn is_empty_line(&self, index: usize) -> bool {
        matches!(self.lines.get(index), Some(Line::Theirs(line)) if line.trim().is_empty())
    }
}
