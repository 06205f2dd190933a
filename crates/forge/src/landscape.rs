//! A foundation's landscape file (`landscape.yml`): the entry of one project, found by `extra.clomonitor_name`.
//!
//! The file is read as a stream of YAML events, so that its size costs time but not memory, and aliases, which
//! could make a small file endless, are refused. [`LandscapeItem`] is what is left.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde::{Deserialize, Serialize};

/// A project's entry in a landscape.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LandscapeItem {
    /// The entry's name.
    pub name: Option<String>,
    /// Its `extra` keys, values as text (`None` for YAML's null; lists joined with `, `): `clomonitor_name`,
    /// `summary_use_case`, …
    pub extra: BTreeMap<String, Option<String>>,
}

/// Why a landscape file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LandscapeError {
    /// It is no YAML.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What the parser expected.
        message: String,
    },
    /// It uses aliases (`*name`).
    #[error("line {line}: aliases are not read in a landscape file")]
    Alias {
        /// The line, from 1.
        line: usize,
    },
    /// It nests too deeply.
    #[error("line {line}: nested deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// The line, from 1.
        line: usize,
    },
    /// It is larger than 32 MiB.
    #[error("larger than {MAX_BYTES} bytes")]
    TooLarge,
}

/// Landscapes are a few megabytes (CNCF's is about 2 MB); this leaves room.
pub(crate) const MAX_BYTES: usize = 32 << 20;
const MAX_DEPTH: usize = 64;

/// A collection that has begun and not yet ended.
#[derive(Default)]
struct Open {
    is_mapping: bool,
    /// The key whose value comes next.
    key: Option<String>,
    /// The mapping is the value of `extra`.
    is_extra: bool,
    name: Option<String>,
    extra: BTreeMap<String, Option<String>>,
}

impl LandscapeItem {
    /// Finds the project's entry in the text of a landscape file; the first one counts.
    pub fn find(text: &str, project: &str) -> Result<Option<Self>, LandscapeError> {
        if text.len() > MAX_BYTES {
            return Err(LandscapeError::TooLarge);
        }
        let mut parser = Parser::new_from_str(text);
        let mut open: Vec<Open> = Vec::new();
        // Scalars inside a collection that is the value of a key of `extra`, and how deep that collection is.
        let mut inside: Option<(usize, Vec<String>)> = None;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| LandscapeError::Syntax {
                line: error.marker().line(),
                message: error.info().to_owned(),
            })?;
            let line = span.start.line();
            match event {
                Event::Alias(_) => return Err(LandscapeError::Alias { line }),
                Event::MappingStart(..) | Event::SequenceStart(..) => {
                    if open.len() >= MAX_DEPTH {
                        return Err(LandscapeError::TooDeep { line });
                    }
                    let is_mapping = matches!(event, Event::MappingStart(..));
                    let parent = open.last();
                    let is_extra = is_mapping && parent.is_some_and(|p| p.key.as_deref() == Some("extra"));
                    if inside.is_none() && parent.is_some_and(|p| p.is_extra) {
                        inside = Some((open.len(), Vec::new()));
                    }
                    open.push(Open { is_mapping, is_extra, ..Open::default() });
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    let Some(done) = open.pop() else { continue };
                    let collected = inside.take_if(|(depth, _)| *depth == open.len());
                    if done.extra.get("clomonitor_name").and_then(Option::as_deref) == Some(project)
                        && !done.is_extra
                    {
                        return Ok(Some(Self { name: done.name, extra: done.extra }));
                    }
                    let Some(parent) = open.last_mut() else { continue };
                    let key = parent.key.take();
                    if done.is_extra {
                        parent.extra = done.extra;
                    } else if let (Some(key), Some((_, texts))) = (key, collected) {
                        parent.extra.insert(key, Some(texts.join(", ")));
                    }
                }
                Event::Scalar(text, style, ..) => {
                    if let Some((_, texts)) = &mut inside {
                        texts.push(text.into_owned());
                        continue;
                    }
                    let Some(parent) = open.last_mut().filter(|parent| parent.is_mapping) else { continue };
                    let Some(key) = parent.key.take() else {
                        parent.key = Some(text.into_owned());
                        continue;
                    };
                    let is_null = style == ScalarStyle::Plain
                        && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                    let value = (!is_null).then(|| text.into_owned());
                    if parent.is_extra {
                        parent.extra.insert(key, value);
                    } else if key == "name" {
                        parent.name = value;
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// A landscape file with this entry alone.
    pub(crate) fn to_yaml(item: Option<&Self>) -> String {
        let Some(item) = item else { return "landscape: []\n".to_owned() };
        // A JSON string is a YAML double-quoted scalar.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let text = |value: &Option<String>| value.as_deref().map_or_else(|| "null".into(), quoted);
        let mut out = format!("landscape:\n  - items:\n      - name: {}\n        extra:\n", text(&item.name));
        for (key, value) in &item.extra {
            out.push_str(&format!("          {}: {}\n", quoted(key), text(value)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANDSCAPE: &str = "
landscape:
  - category:
    name: Runtime
    subcategories:
      - subcategory:
        name: Security
        items:
          - item:
            name: Other
            extra:
              clomonitor_name: other
          - item:
            name: Falco
            homepage_url: https://falco.org
            extra:
              clomonitor_name: falco
              summary_use_case: Detect
              summary_intro_url: null
              summary_tags:
                - security
                - runtime
";

    #[test]
    fn finds_the_project_with_its_extra_keys() {
        let item = LandscapeItem::find(LANDSCAPE, "falco").unwrap().unwrap();
        assert_eq!(item.name.as_deref(), Some("Falco"));
        let extra: Vec<_> = item.extra.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
        assert_eq!(
            extra,
            [
                ("clomonitor_name", Some("falco")),
                ("summary_intro_url", None),
                ("summary_tags", Some("security, runtime")),
                ("summary_use_case", Some("Detect")),
            ]
        );
        assert_eq!(LandscapeItem::find(LANDSCAPE, "nobody"), Ok(None));
    }

    #[test]
    fn an_excerpt_reads_back() {
        let item = LandscapeItem::find(LANDSCAPE, "falco").unwrap();
        let yaml = LandscapeItem::to_yaml(item.as_ref());
        assert_eq!(LandscapeItem::find(&yaml, "falco").unwrap(), item);
        assert_eq!(LandscapeItem::find(&LandscapeItem::to_yaml(None), "falco"), Ok(None));
    }

    #[test]
    fn refuses_aliases_depth_and_rubbish() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\n";
        assert_eq!(LandscapeItem::find(bomb, "x"), Err(LandscapeError::Alias { line: 2 }));
        let deep = "[".repeat(MAX_DEPTH + 1);
        assert_eq!(LandscapeItem::find(&deep, "x"), Err(LandscapeError::TooDeep { line: 1 }));
        assert!(matches!(LandscapeItem::find("a: [", "x"), Err(LandscapeError::Syntax { .. })));
        assert_eq!(LandscapeItem::find("", "x"), Ok(None));
        assert_eq!(LandscapeItem::find("just text", "x"), Ok(None));
    }
}
