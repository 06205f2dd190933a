//! OpenSSF Security Insights, versions 1 and 2: whether a manifest is valid, and what it declares.
//!
//! [`Insights`] holds the problems and the values. Required keys and types are those that CLOMonitor asks for,
//! which are the least of the specification; other keys are not checked. Which of several files counts is the
//! caller's choice. Source: <https://security-insights.openssf.org/>, and for version 1
//! <https://github.com/ossf/security-insights-spec/blob/v1.0.0/specification.md>.

use jiff::civil::Date;

use super::{
    metadata::{Located, iso_date},
    problem::{Problem, Severity},
    shape::{self, Shape, optional, required},
};
use crate::yaml::{self, Limits, Node, Span};

/// A Security Insights manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insights {
    /// The version of the schema that it declares; `None` if it cannot be told or is neither 1 nor 2.
    pub version: Option<SchemaVersion>,
    /// `header.schema-version` as written.
    pub schema_version: Option<Located>,
    /// What is wrong, in order of place. A manifest with an error is not valid.
    pub problems: Vec<Problem>,
    /// What it declares, as far as it can be read.
    pub values: Values,
    /// The whole manifest, for whatever is not in the values.
    pub root: Option<Node>,
}

/// The versions of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum SchemaVersion {
    /// 1.x
    V1,
    /// 2.x
    V2,
}

/// What a manifest declares, in one form for both versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// The project's (or with one repository, the repository's) name.
    pub name: Option<Located>,
    /// The URL of the repository (version 1: of the project).
    pub url: Option<Located>,
    /// `active`, `inactive` …
    pub status: Option<Located>,
    /// When people last looked at it.
    pub last_reviewed: Option<Dated>,
    /// When it was last changed.
    pub last_updated: Option<Dated>,
    /// When it loses its force (version 1 only).
    pub expires: Option<Dated>,
    /// The policy on dependencies.
    pub dependency_policy: Option<Located>,
    /// The security policy.
    pub security_policy: Option<Located>,
    /// Whether reports of vulnerabilities are accepted.
    pub accepts_reports: Option<bool>,
    /// Whether there is a bug bounty.
    pub bug_bounty: Option<bool>,
    /// Where vulnerabilities can be reported: e-mail addresses and URLs.
    pub contacts: Vec<Located>,
    /// The people of the project, each with the list that names them.
    pub people: Vec<Contact>,
    /// Assessments of the security, by the project or by others.
    pub assessments: Vec<Assessment>,
    /// The repositories of the project.
    pub repositories: Vec<Located>,
    /// Where SBOMs are (version 1 only).
    pub sboms: Vec<Located>,
    /// Where releases are.
    pub distribution_points: Vec<Located>,
    /// The licence expression (version 2 only).
    pub license: Option<Located>,
    /// Tools that look for faults (version 1: `security-testing`).
    pub tools: Vec<Tool>,
    /// The manifest that this one takes its `project` from.
    pub project_source: Option<Located>,
}

/// A date as written, and as a date if it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// As written.
    pub text: String,
    /// The day, if the text begins with a date.
    pub date: Option<Date>,
    /// Where it is.
    pub span: Span,
}

/// A person or a team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// The list: `core-team`, `administrators`, `champions`; version 1: `core-maintainers`.
    pub list: &'static str,
    /// The name; in version 1 as `github:name`.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The organisation.
    pub affiliation: Option<String>,
    /// A profile.
    pub social: Option<String>,
    /// The one to talk to.
    pub primary: bool,
    /// Where the entry is.
    pub span: Span,
}

/// A security assessment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    /// By the project itself.
    pub is_self: bool,
    /// What is said of it.
    pub comment: Option<String>,
    /// Where it is published.
    pub evidence: Option<Located>,
    /// When it was made.
    pub date: Option<Dated>,
    /// Where the entry is.
    pub span: Span,
}

/// A tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its kind: `SCA`, `SAST`, `fuzzing` …
    pub kind: Option<String>,
    /// Where the entry is.
    pub span: Span,
}

const VERSION: Shape =
    Shape::Keys(&[required(&["header"], Shape::Keys(&[required(&["schema-version"], Shape::Text)]))]);

const TEXTS: Shape = Shape::List(&Shape::Text, 0);

const V1: Shape = Shape::Keys(&[
    required(
        &["contribution-policy"],
        Shape::Keys(&[
            required(&["accepts-automated-pull-requests"], Shape::Bool),
            required(&["accepts-pull-requests"], Shape::Bool),
        ]),
    ),
    optional(
        &["dependencies"],
        Shape::Keys(&[
            optional(
                &["env-dependencies-policy"],
                Shape::Keys(&[optional(&["comment"], Shape::Text), optional(&["policy-url"], Shape::Text)]),
            ),
            optional(
                &["sbom"],
                Shape::List(
                    &Shape::Keys(&[
                        optional(&["sbom-creation"], Shape::Text),
                        optional(&["sbom-file"], Shape::Text),
                        optional(&["sbom-format"], Shape::Text),
                        optional(&["sbom-url"], Shape::Text),
                    ]),
                    0,
                ),
            ),
        ]),
    ),
    required(&["distribution-points"], TEXTS),
    required(
        &["header"],
        Shape::Keys(&[
            required(&["expiration-date"], Shape::Text),
            required(&["project-url"], Shape::Text),
            required(&["schema-version"], Shape::Text),
        ]),
    ),
    required(
        &["project-lifecycle"],
        Shape::Keys(&[
            required(&["bug-fixes-only"], Shape::Bool),
            optional(&["core-maintainers"], TEXTS),
            required(&["status"], Shape::Text),
        ]),
    ),
    optional(
        &["security-artifacts"],
        Shape::Keys(&[optional(
            &["self-assessment"],
            Shape::Keys(&[
                optional(&["comment"], Shape::Text),
                optional(&["evidence-url"], TEXTS),
                required(&["self-assessment-created"], Shape::Bool),
            ]),
        )]),
    ),
    required(
        &["security-contacts"],
        Shape::List(
            &Shape::Keys(&[required(&["type", "kind"], Shape::Text), required(&["value"], Shape::Text)]),
            0,
        ),
    ),
    required(
        &["vulnerability-reporting"],
        Shape::Keys(&[required(&["accepts-vulnerability-reports"], Shape::Bool)]),
    ),
]);

const PEOPLE: Shape = Shape::List(
    &Shape::Keys(&[required(&["name"], Shape::NonEmpty), required(&["primary"], Shape::Bool)]),
    1,
);

const V2: Shape = Shape::Keys(&[
    required(
        &["header"],
        Shape::Keys(&[
            required(&["last-reviewed"], Shape::NonEmpty),
            required(&["last-updated"], Shape::NonEmpty),
            required(&["schema-version"], Shape::NonEmpty),
            required(&["url"], Shape::NonEmpty),
        ]),
    ),
    optional(
        &["project"],
        Shape::Keys(&[
            required(&["administrators"], PEOPLE),
            required(&["name"], Shape::NonEmpty),
            required(
                &["repositories"],
                Shape::List(
                    &Shape::Keys(&[
                        required(&["comment"], Shape::NonEmpty),
                        required(&["name"], Shape::NonEmpty),
                        required(&["url"], Shape::NonEmpty),
                    ]),
                    1,
                ),
            ),
            required(
                &["vulnerability-reporting"],
                Shape::Keys(&[
                    required(&["bug-bounty-available"], Shape::Bool),
                    required(&["reports-accepted"], Shape::Bool),
                ]),
            ),
        ]),
    ),
    optional(
        &["repository"],
        Shape::Keys(&[
            required(&["accepts-automated-change-request"], Shape::Bool),
            required(&["accepts-change-request"], Shape::Bool),
            required(&["core-team"], PEOPLE),
            required(
                &["license"],
                Shape::Keys(&[
                    required(&["expression"], Shape::NonEmpty),
                    required(&["url"], Shape::NonEmpty),
                ]),
            ),
            required(
                &["security"],
                Shape::Keys(&[required(
                    &["assessments"],
                    Shape::Keys(&[required(
                        &["self"],
                        Shape::Keys(&[required(&["comment"], Shape::NonEmpty)]),
                    )]),
                )]),
            ),
            required(&["status"], Shape::NonEmpty),
            required(&["url"], Shape::NonEmpty),
            optional(
                &["documentation"],
                Shape::Keys(&[optional(&["dependency-management-policy"], Shape::NonEmpty)]),
            ),
        ]),
    ),
]);

impl Insights {
    /// Read a manifest. One that cannot be read has no values and a problem that says why.
    ///
    /// ```
    /// use eyrie_posture::parse::insights::Insights;
    ///
    /// let insights = Insights::parse(b"header:\n  schema-version: 2.0.0\n");
    /// assert!(!insights.is_valid());
    /// assert!(insights.problems.iter().any(|problem| problem.path == "header.last-reviewed"));
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut insights = Self {
            version: None,
            schema_version: None,
            problems: Vec::new(),
            values: Values::default(),
            root: None,
        };
        let limits = Limits { bytes: 2 << 20, nodes: 100_000, ..Limits::default() };
        match yaml::read(bytes, &limits) {
            Err(error) => insights.problems.push(error.into()),
            Ok(stream) => {
                if let Some(second) = stream.documents.get(1) {
                    let message = "the file holds several documents; a manifest is one".to_owned();
                    insights.problems.push(Problem::error("several-documents", "", message, second.span));
                }
                match stream.documents.into_iter().next() {
                    Some(root) => insights.read(root),
                    None => {
                        let span = Span { line: 1, column: 1, ..Span::default() };
                        let message = "the file is empty".to_owned();
                        insights.problems.push(Problem::error("empty", "", message, span));
                    }
                }
            }
        }
        insights.problems.sort_by_key(|problem| problem.span.start);
        insights
    }

    /// Whether it has a version that is known and no error.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.version.is_some() && self.problems.iter().all(|p| p.severity != Severity::Error)
    }

    fn read(&mut self, root: Node) {
        let before = self.problems.len();
        shape::check(&root, &VERSION, "", &mut self.problems);
        let declared = root.at(&["header", "schema-version"]).and_then(|node| {
            // Its text counts even where YAML sees null.
            Some(Located { text: node.scalar()?.text.clone(), span: node.span })
        });
        self.version = match declared.as_ref().map(|d| d.text.as_str()) {
            Some(text) if text.starts_with("1.") => Some(SchemaVersion::V1),
            Some(text) if text.starts_with("2.") => Some(SchemaVersion::V2),
            _ => None,
        };
        match (self.version, &declared) {
            (Some(SchemaVersion::V1), _) => {
                self.problems.truncate(before);
                shape::check(&root, &V1, "", &mut self.problems);
                self.values = v1_values(&root);
            }
            (Some(SchemaVersion::V2), _) => {
                self.problems.truncate(before);
                shape::check(&root, &V2, "", &mut self.problems);
                let there = |key| root.get(key).is_some_and(|n| !n.is_null());
                if !there("project") && !there("repository") {
                    let message = "one of `project` and `repository` must be there".to_owned();
                    self.problems.push(Problem::error("missing-key", "", message, root.span));
                }
                self.values = v2_values(&root);
            }
            (None, Some(declared)) => {
                let message = format!("the schema version `{}` is neither 1.x nor 2.x", declared.text);
                let problem =
                    Problem::error("unknown-version", "header.schema-version", message, declared.span);
                self.problems.push(problem);
            }
            (None, None) => {}
        }
        self.schema_version = declared;
        self.root = Some(root);
    }
}

fn text(node: &Node, path: &[&str]) -> Option<Located> {
    node.at(path).and_then(Located::of)
}

fn plain(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_str).map(str::to_owned)
}

fn dated(node: &Node, path: &[&str]) -> Option<Dated> {
    let Located { text, span } = text(node, path)?;
    let date = text.get(..10).and_then(iso_date);
    Some(Dated { text, date, span })
}

fn texts(node: Option<&Node>) -> Vec<Located> {
    node.map_or(&[][..], Node::items).iter().filter_map(Located::of).collect()
}

fn v1_values(root: &Node) -> Values {
    let reporting = root.get("vulnerability-reporting");
    let mut contacts: Vec<Located> = root
        .get("security-contacts")
        .map_or(&[][..], Node::items)
        .iter()
        .filter_map(|contact| text(contact, &["value"]))
        .collect();
    contacts.extend(reporting.and_then(|r| text(r, &["email-contact"])));
    let maintainers = root.at(&["project-lifecycle", "core-maintainers"]).map_or(&[][..], Node::items);
    let artifacts = root.get("security-artifacts");
    let assessment = artifacts.and_then(|a| a.get("self-assessment")).filter(|a| !a.is_null());
    let tools = root.get("security-testing").map_or(&[][..], Node::items);
    Values {
        url: text(root, &["header", "project-url"]),
        status: text(root, &["project-lifecycle", "status"]),
        last_reviewed: dated(root, &["header", "last-reviewed"]),
        last_updated: dated(root, &["header", "last-updated"]),
        expires: dated(root, &["header", "expiration-date"]),
        dependency_policy: text(root, &["dependencies", "env-dependencies-policy", "policy-url"]),
        security_policy: reporting.and_then(|r| text(r, &["security-policy"])),
        accepts_reports: reporting.and_then(|r| r.get("accepts-vulnerability-reports")?.as_bool()),
        bug_bounty: reporting.and_then(|r| r.get("bug-bounty-available")?.as_bool()),
        contacts,
        people: maintainers
            .iter()
            .filter_map(|node| {
                let name = node.as_str()?.to_owned();
                Some(Contact { list: "core-maintainers", name, span: node.span, ..Contact::default() })
            })
            .collect(),
        assessments: assessment
            .map(|node| Assessment {
                is_self: true,
                comment: plain(node, "comment"),
                evidence: texts(node.get("evidence-url")).into_iter().next(),
                date: None,
                span: node.span,
            })
            .into_iter()
            .collect(),
        sboms: root
            .at(&["dependencies", "sbom"])
            .map_or(&[][..], Node::items)
            .iter()
            .filter_map(|sbom| text(sbom, &["sbom-url"]).or_else(|| text(sbom, &["sbom-file"])))
            .collect(),
        distribution_points: texts(root.get("distribution-points")),
        tools: tools
            .iter()
            .filter_map(|tool| {
                Some(Tool {
                    name: plain(tool, "tool-name")?,
                    kind: plain(tool, "tool-type"),
                    span: tool.span,
                })
            })
            .collect(),
        ..Values::default()
    }
}

fn v2_values(root: &Node) -> Values {
    let reporting = root.at(&["project", "vulnerability-reporting"]);
    let repository = root.get("repository");
    let of_repository = |path: &[&str]| repository.and_then(|r| text(r, path));
    let contact = reporting.and_then(|r| r.get("contact"));
    let mut contacts = Vec::new();
    for key in ["email", "social"] {
        contacts.extend(contact.and_then(|c| text(c, &[key])));
    }
    let people = |list: &'static str, path: &[&str]| {
        let nodes = root.at(path).map_or(&[][..], Node::items);
        nodes.iter().filter_map(move |node| person(node, list)).collect::<Vec<_>>()
    };
    let assessments = repository.and_then(|r| r.at(&["security", "assessments"]));
    let by_project = assessments.and_then(|a| a.get("self")).filter(|a| !a.is_null());
    let by_others = assessments.and_then(|a| a.get("third-party")).map_or(&[][..], Node::items);
    let tools = repository.and_then(|r| r.at(&["security", "tools"])).map_or(&[][..], Node::items);
    let repositories = root.at(&["project", "repositories"]).map_or(&[][..], Node::items);
    let points =
        repository.and_then(|r| r.at(&["release", "distribution-points"])).map_or(&[][..], Node::items);
    Values {
        name: text(root, &["project", "name"]),
        url: of_repository(&["url"]),
        status: of_repository(&["status"]),
        last_reviewed: dated(root, &["header", "last-reviewed"]),
        last_updated: dated(root, &["header", "last-updated"]),
        expires: None,
        dependency_policy: of_repository(&["documentation", "dependency-management-policy"]),
        security_policy: of_repository(&["documentation", "security-policy"])
            .or_else(|| reporting.and_then(|r| text(r, &["security-policy"]))),
        accepts_reports: reporting.and_then(|r| r.get("reports-accepted")?.as_bool()),
        bug_bounty: reporting.and_then(|r| r.get("bug-bounty-available")?.as_bool()),
        contacts,
        people: [
            people("administrators", &["project", "administrators"]),
            people("core-team", &["repository", "core-team"]),
            people("champions", &["repository", "security", "champions"]),
        ]
        .concat(),
        assessments: by_project
            .into_iter()
            .map(|node| assessment(node, true))
            .chain(by_others.iter().map(|node| assessment(node, false)))
            .collect(),
        repositories: repositories.iter().filter_map(|r| text(r, &["url"])).collect(),
        sboms: Vec::new(),
        distribution_points: points.iter().filter_map(|p| text(p, &["uri"])).collect(),
        license: of_repository(&["license", "expression"]),
        tools: tools
            .iter()
            .filter_map(|tool| {
                Some(Tool { name: plain(tool, "name")?, kind: plain(tool, "type"), span: tool.span })
            })
            .collect(),
        project_source: text(root, &["header", "project-si-source"]),
    }
}

fn person(node: &Node, list: &'static str) -> Option<Contact> {
    Some(Contact {
        list,
        name: plain(node, "name")?,
        email: plain(node, "email"),
        affiliation: plain(node, "affiliation"),
        social: plain(node, "social"),
        primary: node.get("primary").and_then(Node::as_bool).unwrap_or(false),
        span: node.span,
    })
}

fn assessment(node: &Node, is_self: bool) -> Assessment {
    Assessment {
        is_self,
        comment: plain(node, "comment"),
        evidence: text(node, &["evidence"]),
        date: dated(node, &["date"]),
        span: node.span,
    }
}

#[cfg(test)]
mod tests;
