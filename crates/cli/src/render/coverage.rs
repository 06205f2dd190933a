//! What rules cover of MITRE ATT&CK, as one HTML page that needs nothing else, and as JSON.

use std::io::{self, Write};

use askama::Template;
use eyrie_engine::rules::attack::{Coverage, TACTICS, techniques};
use serde_json::{Value as Json, json};

use super::text::visible;

/// Writes the page.
///
/// # Errors
/// Whatever the writer says.
pub fn render(found: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    let page = Page {
        rules: found.rules,
        techniques: found.techniques.len(),
        tactics: TACTICS
            .iter()
            .map(|tactic| {
                let cells: Vec<Cell> = found
                    .of_tactic(tactic.tag)
                    .into_iter()
                    .map(|(id, name, rules)| Cell {
                        name: visible(name).into_owned(),
                        tone: match rules.len() {
                            0 => "open",
                            1 => "one",
                            2..=4 => "some",
                            _ => "many",
                        },
                        rules: rules.into_iter().map(|rule| visible(rule).into_owned()).collect(),
                        id,
                    })
                    .collect();
                Column {
                    name: tactic.name,
                    id: tactic.id,
                    rules: found.tactics.get(tactic.tag).map_or(0, std::collections::BTreeSet::len),
                    covered: cells.iter().filter(|cell| !cell.rules.is_empty()).count(),
                    cells,
                }
            })
            .collect(),
        unknown: found.unknown().into_iter().map(|id| visible(id).into_owned()).collect(),
        untagged: found.untagged.iter().map(|rule| visible(rule).into_owned()).collect(),
        style: include_str!("../../templates/coverage.css"),
    };
    let html = page.render().map_err(io::Error::other)?;
    out.write_all(html.as_bytes())
}

/// For programs.
pub fn json(found: &Coverage) -> Json {
    let tactics: Json = TACTICS
        .iter()
        .map(|tactic| {
            let rules = found.tactics.get(tactic.tag);
            json!({"id": tactic.id, "name": tactic.name, "rules": rules.cloned().unwrap_or_default()})
        })
        .collect();
    let name = |id: &str| techniques().find(|technique| technique.id == id).map(|technique| technique.name);
    let techniques: Json = found
        .techniques
        .iter()
        .map(|(id, rules)| json!({"id": id, "name": name(id), "rules": rules}))
        .collect();
    json!({"rules": found.rules, "tactics": tactics, "techniques": techniques, "untagged": found.untagged})
}

#[derive(Template)]
#[template(path = "coverage.html")]
struct Page {
    rules: usize,
    techniques: usize,
    tactics: Vec<Column>,
    unknown: Vec<String>,
    untagged: Vec<String>,
    style: &'static str,
}

struct Column {
    name: &'static str,
    id: &'static str,
    rules: usize,
    covered: usize,
    cells: Vec<Cell>,
}

struct Cell {
    id: String,
    name: String,
    rules: Vec<String>,
    tone: &'static str,
}
