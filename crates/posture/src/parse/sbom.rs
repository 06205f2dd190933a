//! Software bills of materials, recognised by their content: SPDX and CycloneDX in every encoding.
//!
//! [`recognise`] reads only the beginning of a file; it does not validate the bill.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How much of a file is looked at: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;

/// A software bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Sbom {
    /// The standard that it follows.
    pub standard: Standard,
    /// How it is written down.
    pub encoding: Encoding,
    /// The version of the standard, as `2.3` or `1.6`.
    pub version: Option<String>,
    /// The name of the document or of what it describes.
    pub name: Option<String>,
}

/// A standard for bills of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Standard {
    /// <https://spdx.dev>
    #[serde(rename = "spdx")]
    Spdx,
    /// <https://cyclonedx.org>
    #[serde(rename = "cyclonedx")]
    CycloneDx,
}

/// How a bill is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// JSON, or JSON-LD for SPDX 3.
    Json,
    /// XML (CycloneDX).
    Xml,
    /// `Tag: value` lines (SPDX).
    TagValue,
    /// YAML (SPDX).
    Yaml,
    /// RDF in XML (SPDX).
    Rdf,
}

/// What bill of materials `bytes` is, or begins to be.
///
/// ```
/// use eyrie_posture::parse::sbom::{Standard, recognise};
///
/// let bom = recognise(br#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#).unwrap();
/// assert_eq!((bom.standard, bom.version.as_deref()), (Standard::CycloneDx, Some("1.6")));
/// ```
#[must_use]
pub fn recognise(bytes: &[u8]) -> Option<Sbom> {
    let head = &bytes[..bytes.len().min(MAX_BYTES)];
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') {
        return json(text);
    }
    if text.starts_with('<') {
        return xml(text);
    }
    lines(text)
}

fn lines(text: &str) -> Option<Sbom> {
    let value = |key: &str| {
        // The keys of the document come before those of its parts.
        let line = text.lines().take(200).find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        let value = line.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    };
    let of = |encoding, version: String, name| {
        let version = version.strip_prefix("SPDX-")?.to_owned();
        Some(Sbom { standard: Standard::Spdx, encoding, version: Some(version), name })
    };
    if let Some(version) = value("SPDXVersion") {
        return of(Encoding::TagValue, version, value("DocumentName"));
    }
    of(Encoding::Yaml, value("spdxVersion")?, value("name"))
}

fn xml(text: &str) -> Option<Sbom> {
    let mut end = text.len().min(64 << 10);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &text[..end];
    let between = |from: &str, to: char| {
        let at = head.find(from)? + from.len();
        let value = &head[at..at + head[at..].find(to)?];
        Some(value.to_owned())
    };
    if head.contains("<bom") && head.contains("cyclonedx.org/schema/bom") {
        let version = between("cyclonedx.org/schema/bom/", '"')
            .map(|v| v.split('\'').next().unwrap_or_default().to_owned());
        let metadata = head.find("<metadata").map(|at| &head[at..]);
        let name = metadata.and_then(|m| {
            let component = &m[m.find("<component")?..];
            let at = component.find("<name>")? + 6;
            Some(component[at..at + component[at..].find('<')?].to_owned())
        });
        return Some(Sbom { standard: Standard::CycloneDx, encoding: Encoding::Xml, version, name });
    }
    (head.contains("<rdf:RDF") && head.contains("spdx.org/rdf")).then(|| Sbom {
        standard: Standard::Spdx,
        encoding: Encoding::Rdf,
        version: between(":specVersion>", '<').map(|v| v.trim_start_matches("SPDX-").to_owned()),
        name: between(":name>", '<'),
    })
}

/// What is found in a JSON object before its end, or before what was read ends.
#[derive(Default)]
struct Found {
    bom_format: Option<String>,
    spec_version: Option<String>,
    spdx_version: Option<String>,
    context: Option<String>,
    name: Option<String>,
    component: Option<String>,
    /// `specVersion` of the first element that has one (SPDX 3).
    graph_version: Option<String>,
}

fn json(text: &str) -> Option<Sbom> {
    let mut found = Found::default();
    // An error at the cut leaves what was found before it.
    let mut reader = serde_json::Deserializer::from_str(text);
    let _ = Object { found: &mut found, level: Level::Document }.deserialize(&mut reader);
    let sbom = |standard, version, name| Some(Sbom { standard, encoding: Encoding::Json, version, name });
    if found.bom_format.as_deref() == Some("CycloneDX") {
        return sbom(Standard::CycloneDx, found.spec_version, found.component);
    }
    if let Some(version) = found.spdx_version.as_deref().and_then(|v| v.strip_prefix("SPDX-")) {
        return sbom(Standard::Spdx, Some(version.to_owned()), found.name);
    }
    let context = found.context.filter(|c| c.contains("spdx.org/rdf/3"))?;
    let from_context = context.split('/').find(|part| part.starts_with("3.")).map(str::to_owned);
    sbom(Standard::Spdx, found.graph_version.or(from_context), found.name)
}

/// Which object of the document is being read.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Document,
    /// CycloneDX `metadata`.
    Metadata,
    /// CycloneDX `metadata.component`.
    Component,
    /// An element of `@graph` (SPDX 3).
    Element,
}

struct Object<'a> {
    found: &'a mut Found,
    level: Level,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match (self.level, key.as_str()) {
                (Level::Document, "metadata") => {
                    map.next_value_seed(Object { found: self.found, level: Level::Metadata })?;
                }
                (Level::Metadata, "component") => {
                    map.next_value_seed(Object { found: self.found, level: Level::Component })?;
                }
                (Level::Document, "@graph") => {
                    map.next_value_seed(Object { found: self.found, level: Level::Element })?;
                }
                // As the forge's API gives it.
                (Level::Document, "sbom") => {
                    map.next_value_seed(Object { found: self.found, level: Level::Document })?;
                }
                (level, key) => {
                    let slot = match (level, key) {
                        (Level::Document, "bomFormat") => &mut self.found.bom_format,
                        (Level::Document, "specVersion") => &mut self.found.spec_version,
                        (Level::Document, "spdxVersion") => &mut self.found.spdx_version,
                        (Level::Document, "@context") => &mut self.found.context,
                        (Level::Document, "name") => &mut self.found.name,
                        (Level::Component, "name") => &mut self.found.component,
                        (Level::Element, "specVersion") => &mut self.found.graph_version,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    map.next_value_seed(Text(slot))?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Object { found: self.found, level: self.level })?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A string into its place, unless one is there; anything else is passed over.
struct Text<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let value: serde_json::Value = serde::Deserialize::deserialize(deserializer)?;
        if let serde_json::Value::String(text) = value {
            self.0.get_or_insert(text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bills_are_recognised_by_content() {
        use Encoding::{Json, Rdf, TagValue, Xml, Yaml};
        let cases = [
            (
                r#"{"$schema":"x","bomFormat":"CycloneDX","specVersion":"1.6","version":1,
                    "metadata":{"tools":[{"name":"t"}],"component":{"type":"application","name":"app"}}}"#,
                "CycloneDx 1.6 app",
                Json,
            ),
            (
                r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"doc","packages":[]}"#,
                "Spdx 2.3 doc",
                Json,
            ),
            (r#"{"sbom":{"spdxVersion":"SPDX-2.3","name":"api"}}"#, "Spdx 2.3 api", Json),
            (
                r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
                    "@graph":[{"type":"x"},{"specVersion":"3.0.1"}]}"#,
                "Spdx 3.0.1 -",
                Json,
            ),
            (
                "\u{feff}<?xml version=\"1.0\"?>\n<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\">\
                 <metadata><component type='library'><name>lib</name></component></metadata></bom>",
                "CycloneDx 1.5 lib",
                Xml,
            ),
            ("SPDXVersion: SPDX-2.2\nDataLicense: CC0-1.0\nDocumentName: tv\n", "Spdx 2.2 tv", TagValue),
            ("---\nspdxVersion: \"SPDX-2.3\"\nname: 'y'\n", "Spdx 2.3 y", Yaml),
            (
                "<rdf:RDF xmlns:spdx=\"http://spdx.org/rdf/terms#\"><spdx:specVersion>SPDX-2.1</spdx:specVersion>\
                 <spdx:name>r</spdx:name></rdf:RDF>",
                "Spdx 2.1 r",
                Rdf,
            ),
        ];
        for (text, expected, encoding) in cases {
            let bom = recognise(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            let or = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".to_owned());
            assert_eq!(format!("{:?} {} {}", bom.standard, or(&bom.version), or(&bom.name)), expected);
            assert_eq!(bom.encoding, encoding, "{text}");
        }
    }

    #[test]
    fn look_alikes_are_not() {
        for text in [
            "",
            "{}",
            "{\"name\":\"sbom\"}",
            "{\"bomFormat\":\"Other\"}",
            "{\"spdxVersion\":2}",
            "[{\"bomFormat\":\"CycloneDX\"}]",
            "# SBOM\n\nSPDXVersion is a field of SPDX.",
            "SPDXVersion: 2.2",
            "<html>cyclonedx.org/schema/bom</html>",
            "SPDX-License-Identifier: MIT",
        ] {
            assert_eq!(recognise(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn large_and_deep_files_are_only_begun() {
        let mut text = r#"{"spdxVersion":"SPDX-2.3","name":"big","packages":["#.to_owned();
        while text.len() < 3 * MAX_BYTES {
            text.push_str(r#"{"name":"package","versionInfo":"1"},"#);
        }
        assert_eq!(recognise(text.as_bytes()).unwrap().name.as_deref(), Some("big"));
        for deep in ["[".repeat(500_000), "{\"metadata\":".repeat(500_000), "{\"@graph\":[".repeat(100_000)] {
            assert_eq!(recognise(deep.as_bytes()), None);
            assert_eq!(recognise(format!("{{\"x\":{deep}").as_bytes()), None);
        }
    }
}
