//! `.clomonitor.yml`: exemptions from checks, and where the licence scan is.
//!
//! [`Metadata`] is what the file says, with every [`Problem`] in it at once; [`Metadata::strict`] is what
//! CLOMonitor does with the same file. Which check ids exist, and what day it is, the caller knows.

use jiff::civil::Date;

use super::{
    problem::Problem,
    shape::{self, Shape, optional, required},
};
use crate::yaml::{self, Limits, Node, Span};

/// What a `.clomonitor.yml` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// The entries of `exemptions` that name a check, in order.
    pub exemptions: Vec<Exemption>,
    /// `licenseScanning.url`.
    pub license_scanning_url: Option<Located>,
    /// What is wrong with the file, in order of place.
    pub problems: Vec<Problem>,
    /// What CLOMonitor does with the file.
    pub strict: Strict,
}

/// A text and where it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Located {
    /// The text.
    pub text: String,
    /// Where it is.
    pub span: Span,
}

impl Located {
    /// The text of a scalar that is not null.
    #[must_use]
    pub fn of(node: &Node) -> Option<Self> {
        Some(Self { text: node.as_str()?.to_owned(), span: node.span })
    }
}

/// An entry of `exemptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// The id of the check.
    pub check: Located,
    /// Why; `None` if there is none or it is empty, in which case nothing is exempt.
    pub reason: Option<Located>,
    /// The last day on which it holds (`expires`, our extension). `None` if it is not given.
    pub expires: Option<Expiry>,
    /// The whole entry.
    pub span: Span,
}

/// When an exemption ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// The day, or `None` if the text is no date; then the exemption should not be trusted.
    pub date: Option<Date>,
    /// Where it is.
    pub span: Span,
}

/// What CLOMonitor does with a `.clomonitor.yml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Strict {
    /// It reads it.
    #[default]
    Reads,
    /// It gives up on the repository, for this reason.
    Aborts(String),
}

const SHAPE: Shape = Shape::Keys(&[
    optional(
        &["exemptions"],
        Shape::List(
            &Shape::Keys(&[required(&["check"], Shape::Text), required(&["reason"], Shape::Text)]),
            0,
        ),
    ),
    optional(&["licenseScanning"], Shape::Keys(&[optional(&["url"], Shape::Text)])),
]);

impl Metadata {
    /// Read a `.clomonitor.yml`. A file that cannot be read has no exemptions and a problem that says why.
    ///
    /// ```
    /// use eyrie_posture::parse::metadata::Metadata;
    ///
    /// let text = b"exemptions:\n  - check: dco\n    reason: We use a CLA\n    expires: 2027-01-31\n";
    /// let metadata = Metadata::parse(text);
    /// let dco = metadata.exemption("dco").unwrap();
    /// assert_eq!(dco.reason.as_ref().unwrap().text, "We use a CLA");
    /// assert!(metadata.problems.is_empty());
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut metadata = Self::default();
        let limits = Limits { bytes: 1 << 20, nodes: 50_000, ..Limits::default() };
        let stream = match yaml::read(bytes, &limits) {
            Ok(stream) => stream,
            Err(error) => {
                metadata.strict = Strict::Aborts(error.to_string());
                metadata.problems.push(error.into());
                return metadata;
            }
        };
        if let Some(second) = stream.documents.get(1) {
            let message = "the file holds several documents; only one is read".to_owned();
            metadata.problems.push(Problem::error("several-documents", "", message, second.span));
        }
        let Some(root) = stream.documents.first() else { return metadata };
        shape::check(root, &SHAPE, "", &mut metadata.problems);
        if let Some(problem) = metadata.problems.first() {
            metadata.strict = Strict::Aborts(problem.to_string());
        }
        metadata.license_scanning_url = root.at(&["licenseScanning", "url"]).and_then(Located::of);
        metadata.unknown_keys(root, "", &["exemptions", "licenseScanning"]);
        if let Some(scanning) = root.get("licenseScanning") {
            metadata.unknown_keys(scanning, "licenseScanning", &["url"]);
        }
        let entries = root.get("exemptions").map_or(&[][..], Node::items);
        for (n, entry) in entries.iter().enumerate() {
            metadata.exemption_entry(entry, &format!("exemptions[{n}]"));
        }
        metadata.problems.sort_by_key(|problem| problem.span.start);
        metadata
    }

    fn exemption_entry(&mut self, entry: &Node, path: &str) {
        self.unknown_keys(entry, path, &["check", "reason", "expires"]);
        let Some(check) = entry.get("check").and_then(Located::of) else { return };
        let reason =
            entry.get("reason").and_then(Located::of).filter(|reason| !reason.text.trim().is_empty());
        if reason.is_none() && entry.get("reason").is_some_and(|r| r.scalar().is_some()) {
            let span = entry.get("reason").map_or(entry.span, |r| r.span);
            let message = "the reason is empty, so the check is not exempt".to_owned();
            let problem = Problem::error("empty-reason", &format!("{path}.reason"), message, span);
            self.problems.push(problem.with_help("say why the check does not apply"));
        }
        if let Some(first) = self.exemptions.iter().find(|e| e.check.text == check.text) {
            let message = format!("`{}` is exempt already in line {}", check.text, first.check.span.line);
            let problem = Problem::warning("duplicate-check", &format!("{path}.check"), message, check.span);
            self.problems.push(problem.with_help("only the first entry for a check counts; remove this one"));
        }
        let expires = entry.get("expires").filter(|e| !e.is_null()).map(|node| {
            let date = node.as_str().and_then(iso_date);
            if date.is_none() {
                let message = "`expires` must be a date, as 2027-01-31".to_owned();
                self.problems.push(Problem::error(
                    "bad-date",
                    &format!("{path}.expires"),
                    message,
                    node.span,
                ));
            }
            Expiry { date, span: node.span }
        });
        self.exemptions.push(Exemption { check, reason, expires, span: entry.span });
    }

    fn unknown_keys(&mut self, node: &Node, path: &str, known: &[&str]) {
        for (key, _) in node.entries() {
            let Some(scalar) = key.scalar() else { continue };
            if !known.contains(&scalar.text.as_str()) {
                let below =
                    if path.is_empty() { scalar.text.clone() } else { format!("{path}.{}", scalar.text) };
                let message = format!("the key `{}` is not known and has no effect", scalar.text);
                let help = format!("known here: `{}`", known.join("`, `"));
                self.problems
                    .push(Problem::warning("unknown-key", &below, message, key.span).with_help(help));
            }
        }
    }

    /// The exemption of a check, whether or not it has expired: as in CLOMonitor the first entry for its id, and
    /// only if that has a reason.
    #[must_use]
    pub fn exemption(&self, check: &str) -> Option<&Exemption> {
        self.exemptions.iter().find(|e| e.check.text == check).filter(|e| e.reason.is_some())
    }
}

/// The date in exactly the form `2027-01-31`.
pub(super) fn iso_date(text: &str) -> Option<Date> {
    let form = text.len() == 10
        && text.bytes().enumerate().all(
            |(n, b)| {
                if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() }
            },
        );
    form.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn show(text: &str) -> String {
        let metadata = Metadata::parse(text.as_bytes());
        let mut out = String::new();
        for e in &metadata.exemptions {
            let reason = e.reason.as_ref().map(|r| r.text.as_str());
            let expires = e.expires.as_ref().map(|e| e.date);
            let _ =
                writeln!(out, "{} line {} reason {reason:?} expires {expires:?}", e.check.text, e.span.line);
        }
        if let Some(url) = &metadata.license_scanning_url {
            let _ = writeln!(out, "scan {} line {}", url.text, url.span.line);
        }
        for p in &metadata.problems {
            let _ = writeln!(out, "{:?} [{}] {p}", p.severity, p.code);
        }
        let _ = writeln!(out, "{:?}", metadata.strict);
        out
    }

    #[test]
    fn a_good_file() {
        insta::assert_snapshot!(show("\
exemptions:
  - check: dco
    reason: 'We use a CLA'
    expires: 2027-01-31
  - {check: sbom, reason: 12}
licenseScanning: {url: https://scan.example}
"), @r#"
        dco line 2 reason Some("We use a CLA") expires Some(Some(2027-01-31))
        sbom line 5 reason Some("12") expires None
        scan https://scan.example line 6
        Reads
        "#);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        insta::assert_snapshot!(show("\
exemption: []
exemptions:
  - check: cla
  - check: dco
    reason: ''
    until: 2027-01-31
  - check: dco
    reason: again
    expires: 31.01.2027
  - reason: which?
  - just text
licenseScanning:
  url: [a]
"), @r#"
        cla line 3 reason None expires None
        dco line 4 reason None expires None
        dco line 7 reason Some("again") expires Some(None)
        Warning [unknown-key] 1:1: exemption: the key `exemption` is not known and has no effect
        Error [missing-key] 3:5: exemptions[0].reason: the key `reason` is missing
        Error [empty-reason] 5:13: exemptions[1].reason: the reason is empty, so the check is not exempt
        Warning [unknown-key] 6:5: exemptions[1].until: the key `until` is not known and has no effect
        Warning [duplicate-check] 7:12: exemptions[2].check: `dco` is exempt already in line 4
        Error [bad-date] 9:14: exemptions[2].expires: `expires` must be a date, as 2027-01-31
        Error [missing-key] 10:5: exemptions[3].check: the key `check` is missing
        Error [wrong-type] 11:5: exemptions[4]: must be a mapping, but is a string
        Error [wrong-type] 13:8: licenseScanning.url: must be a string, but is a list
        Aborts("3:5: exemptions[0].reason: the key `reason` is missing")
        "#);
    }

    #[test]
    fn what_clomonitor_aborts_on() {
        let aborts = |text: &str| matches!(Metadata::parse(text.as_bytes()).strict, Strict::Aborts(_));
        for text in [
            "invalid { metadata",
            "exemptions:\n  - check: cla\n",
            "exemptions:\n  - reason: x\n",
            "exemptions: {}\n",
            "exemptions: []\nexemptions: []\n",
            "- a",
            "a: 1\n---\nb: 2\n",
            "licenseScanning: text\n",
            "a: [",
        ] {
            assert!(aborts(text), "{text}");
        }
        for text in [
            "",
            "# nothing",
            "exemptions:\n",
            "exemptions: []\n",
            "exemptions: ~\nfoo: 1\n",
            "exemptions:\n  - check: cla\n    reason:\n",
            "exemptions:\n  - check: cla\n    reason: ''\n",
            "licenseScanning:\n  url: ~\n",
        ] {
            assert!(!aborts(text), "{text}");
        }
    }

    #[test]
    fn only_the_first_entry_counts() {
        let text = b"exemptions: [{check: a, reason: ''}, {check: a, reason: x}, {check: b, reason: y}]";
        let metadata = Metadata::parse(text);
        assert!(metadata.exemption("a").is_none());
        assert!(metadata.exemption("b").is_some());
        assert!(metadata.exemption("c").is_none());
    }

    #[test]
    fn dates_have_one_form() {
        assert!(iso_date("2027-01-31").is_some());
        for text in ["2027-02-30", "2027-1-31", "31-01-2027", "2027-01-31T00:00:00", "20270131", "+027-01-31"]
        {
            assert!(iso_date(text).is_none(), "{text}");
        }
    }
}
