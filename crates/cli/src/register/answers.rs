//! Answers to a submission, from Markdown with numbered items or from YAML.

use std::collections::BTreeMap;
use std::path::Path;

use eyrie_register::files::mojibake::repaired;

use crate::error::Error;

/// The answers in a file, by item, and what was repaired in them.
pub(super) fn read(path: &Path) -> Result<(BTreeMap<String, String>, Vec<String>), Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let mut answers = match yaml {
        true => from_yaml(path, &text)?,
        false => from_markdown(&text),
    };
    if answers.is_empty() {
        return Err(Error::Usage {
            message: format!("there are no answers in {}", path.display()),
            help: "begin each item on a line of its own with its number, as `1.1. Name of the project`"
                .to_owned(),
        });
    }
    let mut notes = Vec::new();
    for (item, answer) in &mut answers {
        if let Some(meant) = repaired(answer) {
            notes
                .push(format!("[R19] the answer to {item} was read in the wrong encoding, and was repaired"));
            *answer = meant;
        }
    }
    Ok((answers, notes))
}

fn from_yaml(path: &Path, text: &str) -> Result<BTreeMap<String, String>, Error> {
    let stream = eyrie_posture::yaml::read_str(text, &eyrie_posture::yaml::Limits::default());
    let stream = stream.map_err(|error| Error::Usage {
        message: format!("{} cannot be read: {error}", path.display()),
        help: "write a mapping from items to answers, as `\"1.1\": Enarx`".to_owned(),
    })?;
    let document = stream.documents.into_iter().next();
    let entries = document.iter().flat_map(|document| document.entries());
    Ok(entries
        .filter_map(|(key, value)| {
            Some((key.scalar()?.text.clone(), value.as_str().unwrap_or_default().trim().to_owned()))
        })
        .collect())
}

/// The number that a line begins an item with, and what follows it: `1.1. Name`, `### 3.11 Policy`, `**2.4.** Marks`.
fn item(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(['#', '*', '-', ' ']);
    let end = line.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number = line[..end].trim_end_matches('.');
    let (part, place) = number.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(part) || !digits(place) {
        return None;
    }
    Some((number, line[end..].trim_matches(['*', ' ', ':'])))
}

/// Below each numbered line stands its answer, up to the next one or a heading. Where nothing does, the line itself, after a colon
/// if it has one, is the answer.
fn from_markdown(text: &str) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::new();
    let mut current: Option<(String, String, String)> = None;
    let mut keep = |current: &mut Option<(String, String, String)>| {
        if let Some((number, line, below)) = current.take() {
            let below = below.trim();
            let answer = match below.is_empty() {
                false => below.to_owned(),
                true => line.split_once(": ").map_or("", |(_, answer)| answer).trim().to_owned(),
            };
            answers.insert(number, answer);
        }
    };
    for line in text.lines() {
        if let Some((number, rest)) = item(line) {
            keep(&mut current);
            current = Some((number.to_owned(), rest.to_owned(), String::new()));
        } else if line.starts_with('#') {
            keep(&mut current);
        } else if let Some((_, _, below)) = &mut current {
            below.push_str(line);
            below.push('\n');
        }
    }
    keep(&mut current);
    answers
}

#[cfg(test)]
mod tests {
    use super::from_markdown;

    #[test]
    fn items_of_a_submission() {
        let text = "# Proposal\n\n### General\n1.1. Name of Project\n\nEnarx\n\n**1.2.** What it does\n* runs things\n* in enclaves\n\n1.3 Mission: protects data in use\n### Legal\nnot an answer\n2.1. Logo\n## End\nlater\n";
        let answers: Vec<_> = from_markdown(text).into_iter().collect();
        let expected = [
            ("1.1", "Enarx"),
            ("1.2", "* runs things\n* in enclaves"),
            ("1.3", "protects data in use"),
            ("2.1", ""),
        ];
        assert_eq!(answers, expected.map(|(item, answer)| (item.to_owned(), answer.to_owned())));
    }
}
