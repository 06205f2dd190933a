//! `LICENSE` with the text of the licence that the project's manifests declare.

use std::collections::BTreeMap;

use regex::Regex;
use spdx::{Expression, LicenseItem};

use super::manifests::OwnFiles;
use super::{Draft, Offer, enumerate};
use crate::facts::Facts;
use crate::kind::Kind;

const PATH: &str = "LICENSE";

/// Manifests that can declare a licence.
const MANIFESTS: [&str; 4] = ["Cargo.toml", "composer.json", "package.json", "pyproject.toml"];

pub(super) fn offer(facts: &Facts) -> Offer {
    let there = facts.set(Kind::License).records.first().and_then(|record| record.evidence.path.clone());
    let named = there.or_else(|| {
        let entries = facts.sources.tree.entries().iter().map(|entry| &*entry.path);
        let like = |path: &&[u8]| !path.contains(&b'/') && is_licence_name(path);
        entries.into_iter().find(like).map(|path| String::from_utf8_lossy(path).into_owned())
    });
    if let Some(path) = named {
        return Offer::refusing(format!(
            "{path} is there already; whether its text is meant is for you to say"
        ));
    }
    let declared = declared(&OwnFiles::of(facts));
    let mut by_licence: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, licence) in &declared {
        by_licence.entry(licence).or_default().push(path);
    }
    let mut all = by_licence.iter();
    let (licence, manifests) = match (all.next(), all.next()) {
        (None, _) => return Offer::refusing("no manifest declares a licence"),
        (Some(only), None) => only,
        (Some(first), Some(second)) => {
            let said =
                |(licence, manifests): (&&str, &Vec<&str>)| format!("{} says `{licence}`", manifests[0]);
            return Offer::refusing(format!("{}, {}", said(first), said(second)));
        }
    };
    let Some(id) = single_id(licence) else {
        return Offer::refusing(format!(
            "{} says `{licence}`, which is not the SPDX id of a single licence",
            manifests[0]
        ));
    };
    let mut text = id.text().trim_end().to_owned();
    text.push('\n');
    let mut why = format!("{} is the licence declared in {}.", id.name, shortened(manifests));
    let blanks = blanks(&text);
    if !blanks.is_empty() {
        why.push_str(&format!(" The text has places that only you can fill in: {}.", enumerate(&blanks)));
    }
    Offer::writing(Draft { path: PATH.to_owned(), before: None, after: text, why })
}

fn is_licence_name(path: &[u8]) -> bool {
    let name = path.to_ascii_lowercase();
    ["licen", "copying", "unlicense"].iter().any(|known| name.starts_with(known.as_bytes()))
}

fn shortened(manifests: &[&str]) -> String {
    match manifests {
        [first, rest @ ..] if rest.len() > 2 => format!("{first} and {} other manifests", rest.len()),
        all => enumerate(all),
    }
}

/// What each manifest says its licence is, as it is written there.
fn declared(files: &OwnFiles<'_>) -> Vec<(String, String)> {
    let mut declared = Vec::new();
    for (folder, names) in files.folders() {
        for manifest in MANIFESTS.into_iter().filter(|name| names.contains_key(name)) {
            let licences = match manifest {
                "Cargo.toml" => files.toml(folder, manifest).map(|toml| cargo(&toml)),
                "pyproject.toml" => files.toml(folder, manifest).map(|toml| python(&toml)),
                _ => files.json(folder, manifest).map(|json| json_package(&json)),
            };
            let path = if folder.is_empty() { manifest.to_owned() } else { format!("{folder}/{manifest}") };
            declared.extend(licences.into_iter().flatten().map(|licence| (path.clone(), licence)));
        }
    }
    declared
}

fn text_at<'t>(table: &'t toml::Table, path: &[&str]) -> Option<&'t toml::Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))
}

/// `license` of the package or, for its members to inherit, of the workspace. A licence in a file of its own is as good
/// as another one here: it keeps us from writing.
fn cargo(manifest: &toml::Table) -> Vec<String> {
    let mut found = Vec::new();
    for at in [&["package"][..], &["workspace", "package"][..]] {
        for key in ["license", "license-file"] {
            let path: Vec<&str> = at.iter().copied().chain([key]).collect();
            found.extend(text_at(manifest, &path).and_then(toml::Value::as_str).map(str::to_owned));
        }
    }
    found
}

fn python(manifest: &toml::Table) -> Vec<String> {
    let paths: [&[&str]; 4] = [
        &["project", "license"],
        &["project", "license", "text"],
        &["project", "license", "file"],
        &["tool", "poetry", "license"],
    ];
    let found = paths.iter().filter_map(|path| text_at(manifest, path)?.as_str());
    found.map(str::to_owned).collect()
}

fn json_package(manifest: &serde_json::Value) -> Vec<String> {
    let text = |value: &serde_json::Value| {
        // Old packages have `{"type": …, "url": …}`.
        value.as_str().or_else(|| value.get("type")?.as_str()).map(str::to_owned)
    };
    let several = ["license", "licenses"].iter().filter_map(|key| manifest.get(key)?.as_array()).flatten();
    manifest.get("license").and_then(text).into_iter().chain(several.filter_map(text)).collect()
}

/// The licence, if the expression is a single id, without exception.
fn single_id(expression: &str) -> Option<spdx::LicenseId> {
    let parsed = Expression::parse(expression).ok()?;
    let mut requirements = parsed.requirements();
    match (requirements.next(), requirements.next()) {
        (Some(only), None) if only.req.addition.is_none() => match &only.req.license {
            LicenseItem::Spdx { id, .. } => Some(*id),
            LicenseItem::Other(_) => None,
        },
        _ => None,
    }
}

/// Places in a licence's text that are to be filled in, each once.
fn blanks(text: &str) -> Vec<String> {
    let places = r"(?i)[\[<{][^\[\]<>{}\n]*\b(?:years?|yyyy|names?|owners?|holders?|authors?|organi[sz]ations?|description)\b[^\[\]<>{}\n]*[\]>}]";
    let Ok(places) = Regex::new(places) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for place in places.find_iter(text) {
        if !found.iter().any(|known| known == place.as_str()) {
            found.push(place.as_str().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_id_is_one_licence_without_exception() {
        let name = |text: &str| single_id(text).map(|id| id.name);
        assert_eq!(name("MIT"), Some("MIT"));
        assert_eq!(name("Apache-2.0"), Some("Apache-2.0"));
        assert_eq!(name("GPL-3.0-or-later"), Some("GPL-3.0-or-later"));
        for text in [
            "MIT OR Apache-2.0",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "UNLICENSED",
            "",
            "LicenseRef-x",
        ] {
            assert_eq!(name(text), None, "{text}");
        }
    }

    #[test]
    fn blanks_of_the_usual_texts_are_found() {
        let of = |id: &str| blanks(spdx::license_id(id).expect("known").text());
        assert_eq!(of("MIT"), ["<year>", "<copyright holders>"]);
        assert_eq!(of("Apache-2.0"), ["[yyyy]", "[name of copyright owner]"]);
        assert_eq!(of("BSD-3-Clause"), ["<year>", "<owner>"]);
        assert_eq!(of("CC0-1.0"), Vec::<String>::new());
    }
}
