//! What `uses:` names: an action or a reusable workflow of a repository, a folder of this one, or a container image.
//!
//! [`Uses`] takes it apart and tells how far its version is fixed. That a version ought to be fixed is a rule's
//! business.

/// What a step or a job uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uses {
    /// As it is written.
    pub text: String,
    /// What kind of thing it is.
    pub kind: UsesKind,
    /// What is used, without its version: `actions/checkout`, `owner/repo/.github/workflows/x.yml`, `./build`,
    /// `ghcr.io/owner/image`.
    pub name: String,
    /// The repository, `owner/repo`, of an action or workflow that is in one.
    pub repository: Option<String>,
    /// What follows `@`, or an image's tag or digest.
    pub version: Option<String>,
    /// How far the version says which code is run.
    pub pinning: Pinning,
}

/// What kind of thing is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UsesKind {
    /// `owner/repo@version` or `owner/repo/path@version`.
    Action,
    /// `owner/repo/.github/workflows/file.yml@version`.
    Workflow,
    /// `./path`: of the same commit, so that it needs no version.
    Local,
    /// `docker://image`.
    Image,
    /// Nothing that GitHub understands.
    Unknown,
}

/// How far a version says which code is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pinning {
    /// A whole commit id: 40 hexadecimal digits, or 64 in a SHA-256 repository.
    Commit,
    /// A digest of an image: `sha256:` and 64 hexadecimal digits.
    Digest,
    /// A path in the same repository, and so the same commit.
    Local,
    /// A tag that reads like a version number: `v4`, `1.2.3`, `v2.1.0-rc1`.
    Version,
    /// Any other name: a branch, another tag, a shortened commit id.
    Name,
    /// No version at all.
    None,
}

impl Uses {
    /// Take apart what `uses:` names.
    ///
    /// ```
    /// use eyrie_posture::parse::workflow::{Pinning, Uses};
    ///
    /// let uses = Uses::parse("github/codeql-action/init@v3");
    /// assert_eq!(uses.name, "github/codeql-action/init");
    /// assert_eq!(uses.repository.as_deref(), Some("github/codeql-action"));
    /// assert_eq!((uses.version.as_deref(), uses.pinning), (Some("v3"), Pinning::Version));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some(image) = text.strip_prefix("docker://") {
            let (name, version, pinning) = image_version(image);
            let (name, version) = (name.to_owned(), version.map(str::to_owned));
            let kind = if name.is_empty() { UsesKind::Unknown } else { UsesKind::Image };
            return Self { text: text.to_owned(), kind, name, repository: None, version, pinning };
        }
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version).filter(|v| !v.is_empty())),
            None => (text, None),
        };
        let kind = if name.starts_with("./") || name.starts_with("../") || name == "." {
            UsesKind::Local
        } else {
            kind_in_repository(name)
        };
        let repository = match kind {
            UsesKind::Action | UsesKind::Workflow => {
                let end = name.match_indices('/').nth(1).map_or(name.len(), |(at, _)| at);
                Some(name[..end].to_owned())
            }
            _ => None,
        };
        let pinning = match (kind, version) {
            (UsesKind::Local, _) => Pinning::Local,
            (_, Some(version)) => pinning_of(version),
            (_, None) => Pinning::None,
        };
        Self {
            text: text.to_owned(),
            kind,
            name: name.to_owned(),
            repository,
            version: version.map(str::to_owned),
            pinning,
        }
    }

    /// Whether this is the action (or workflow) called `name`, at any version.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.version.is_some() && self.name == name
    }
}

impl UsesKind {
    /// Its name, as rules write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Workflow => "workflow",
            Self::Local => "local",
            Self::Image => "image",
            Self::Unknown => "unknown",
        }
    }
}

impl Pinning {
    /// Its name, as rules write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Digest => "digest",
            Self::Local => "local",
            Self::Version => "version",
            Self::Name => "name",
            Self::None => "none",
        }
    }
}

/// A container image's name, its tag or digest, and how far that fixes it.
///
/// ```
/// use eyrie_posture::parse::workflow::{Pinning, image_version};
///
/// assert_eq!(image_version("localhost:5000/a/b:1.2"), ("localhost:5000/a/b", Some("1.2"), Pinning::Version));
/// ```
#[must_use]
pub fn image_version(image: &str) -> (&str, Option<&str>, Pinning) {
    let tagged = |name| {
        // The colon of a port is before the last slash.
        let from = str::rfind(name, '/').map_or(0, |slash| slash + 1);
        name[from..].find(':').map(|colon| (&name[..from + colon], &name[from + colon + 1..]))
    };
    if let Some((name, digest)) = image.split_once('@') {
        let name = tagged(name).map_or(name, |(name, _)| name);
        let whole = digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && is_hex(hex));
        return (name, Some(digest), if whole { Pinning::Digest } else { Pinning::Name });
    }
    match tagged(image) {
        Some((name, tag)) => (name, Some(tag), pinning_of(tag)),
        None => (image, None, Pinning::None),
    }
}

fn kind_in_repository(name: &str) -> UsesKind {
    let mut parts = name.split('/');
    let named = |part: Option<&str>| {
        part.is_some_and(|p| !p.is_empty() && !p.contains(|c: char| c.is_whitespace() || c == '$'))
    };
    if !named(parts.next()) || !named(parts.next()) {
        return UsesKind::Unknown;
    }
    let rest: Vec<&str> = parts.collect();
    if let [".github", "workflows", file] = rest[..]
        && (file.ends_with(".yml") || file.ends_with(".yaml"))
    {
        UsesKind::Workflow
    } else {
        UsesKind::Action
    }
}

fn pinning_of(version: &str) -> Pinning {
    if matches!(version.len(), 40 | 64) && is_hex(version) {
        Pinning::Commit
    } else if is_version(version) {
        Pinning::Version
    } else {
        Pinning::Name
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `v4`, `1.2.3`, `v2.1.0-rc1+build`: one to four numbers, then perhaps what a pre-release or build is called.
fn is_version(text: &str) -> bool {
    let rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let numbers = rest.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = numbers.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() <= 4 && parts.iter().all(number) && rest.len() < 40
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "8f4b7f84864484a7bf31766abe9204da3cbe65b3";
    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn what_is_used() {
        let rows = [
            ("actions/checkout@v4", "action", "actions/checkout", Some("actions/checkout"), "version"),
            (
                &format!("actions/checkout@{SHA}"),
                "action",
                "actions/checkout",
                Some("actions/checkout"),
                "commit",
            ),
            ("a/b/c/d@main", "action", "a/b/c/d", Some("a/b"), "name"),
            ("a/b", "action", "a/b", Some("a/b"), "none"),
            ("a/b@", "action", "a/b", Some("a/b"), "none"),
            ("a/b@x@y", "action", "a/b", Some("a/b"), "name"),
            ("a/b@8f4b7f8", "action", "a/b", Some("a/b"), "name"),
            (
                "a/b/.github/workflows/x.yml@v1.2.3-rc.1",
                "workflow",
                "a/b/.github/workflows/x.yml",
                Some("a/b"),
                "version",
            ),
            ("./.github/workflows/x.yml", "local", "./.github/workflows/x.yml", None, "local"),
            ("./", "local", "./", None, "local"),
            ("docker://alpine", "image", "alpine", None, "none"),
            ("docker://alpine:3.20", "image", "alpine", None, "version"),
            ("docker://ghcr.io/a/b:latest", "image", "ghcr.io/a/b", None, "name"),
            (&format!("docker://a/b:1@{DIGEST}"), "image", "a/b", None, "digest"),
            ("docker://a/b@sha256:0", "image", "a/b", None, "name"),
            ("docker://", "unknown", "", None, "none"),
            ("checkout@v4", "unknown", "checkout", None, "version"),
            ("", "unknown", "", None, "none"),
            ("${{ x }}/b@v1", "unknown", "${{ x }}/b", None, "version"),
            ("/a/b@v1", "unknown", "/a/b", None, "version"),
        ];
        for (text, kind, name, repository, pinning) in rows {
            let uses = Uses::parse(text);
            let found = (uses.kind.name(), &*uses.name, uses.repository.as_deref(), uses.pinning.name());
            assert_eq!(found, (kind, name, repository, pinning), "{text}");
        }
        assert!(Uses::parse("a/b@v1").is("a/b"));
        assert!(!Uses::parse("a/b").is("a/b"), "without a version it does not run");
        assert!(!Uses::parse("a/b/c@v1").is("a/b"));
    }

    #[test]
    fn versions_read_like_numbers() {
        for text in ["v4", "4", "1.2.3.4", "v1.2.3-rc1", "1.0+b"] {
            assert!(is_version(text), "{text}");
        }
        for text in ["", "v", "main", "release-1", "v1.x", "1..2", "1.2.3.4.5", "v-1"] {
            assert!(!is_version(text), "{text}");
        }
    }
}
