//! [`RepositoryUrl`]: the address of a repository on a forge, in the forms that people copy.
//!
//! Nothing is looked up: the kind of forge is told from the host's name, and can be overruled with
//! [`RepositoryUrl::on`] (a GitHub Enterprise Server under a name of its own).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which API a host speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForgeKind {
    /// github.com, a `*.ghe.com` tenant or a GitHub Enterprise Server.
    GitHub,
    /// gitlab.com or a GitLab of one's own. Its API is not read yet, only its public git data.
    GitLab,
    /// Some other host; only its public git data can be read.
    Other,
}

/// How the host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `https`.
    Https,
    /// Plain `http`: accepted for this machine (loopback) alone.
    Http,
    /// `ssh`, as `ssh://git@host/…` or `git@host:…`. Repositories are read over https all the same.
    Ssh,
}

/// The address of a repository on a forge.
///
/// ```
/// use eyrie_forge::{ForgeKind, RepositoryUrl};
///
/// let url: RepositoryUrl = "git@github.com:falcosecurity/falco.git".parse()?;
/// assert_eq!((url.host(), url.owner(), url.name()), ("github.com", "falcosecurity", "falco"));
/// assert_eq!(url.kind(), ForgeKind::GitHub);
/// assert_eq!(url.to_string(), "https://github.com/falcosecurity/falco");
///
/// let error = "http://github.com/falcosecurity/falco".parse::<RepositoryUrl>().unwrap_err();
/// assert_eq!(error.help(), "use `https://github.com/falcosecurity/falco`");
/// # Ok::<(), eyrie_forge::UrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepositoryUrl {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    owner: String,
    name: String,
    kind: ForgeKind,
}

/// Why a text is no address of a repository. The text itself is never part of the message where it may hold a
/// password or token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlError {
    message: String,
    help: String,
}

impl UrlError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    /// What to write instead.
    pub fn help(&self) -> &str {
        &self.help
    }
}

const FORM: &str = "write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`";

impl RepositoryUrl {
    /// How the address was written.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host's name, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if one was given. For ssh addresses it is the port of ssh.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The account or group that owns the repository. On GitLab groups nest: `group/subgroup`.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's name, without `.git`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which API the host speaks.
    pub fn kind(&self) -> ForgeKind {
        self.kind
    }

    /// The same address on a host that is known to speak another API than its name tells.
    #[must_use]
    pub fn on(mut self, kind: ForgeKind) -> Self {
        self.kind = kind;
        self
    }

    /// The address in a browser.
    pub fn web_url(&self) -> String {
        format!("{}/{}/{}", self.origin(), self.owner, self.name)
    }

    /// The address to clone from: https, whatever the form that was written (http on loopback), with `.git`.
    pub fn clone_url(&self) -> String {
        format!("{}.git", self.web_url())
    }

    /// Scheme, host and port, as `https://github.com`.
    pub fn origin(&self) -> String {
        let scheme = if self.scheme == Scheme::Http { "http" } else { "https" };
        format!("{scheme}://{}", self.authority())
    }

    /// Host and, if the address gives one, the port of https: `github.com`, `git.example.com:8443`.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) if self.scheme != Scheme::Ssh => format!("{}:{port}", self.host),
            _ => self.host.clone(),
        }
    }

    /// Whether a text is meant as an address rather than as a path: it has a scheme, or the form `git@host:…`.
    pub fn looks_like_url(text: &str) -> bool {
        text.contains("://") || scp_form(text).is_some()
    }
}

/// The folder that a `file://` address means, if it is one of this machine: no clone is needed, it can be assessed
/// where it is. (gix would run the program `git-upload-pack` for it, which Eyrie does without.)
///
/// ```
/// # use std::path::Path;
/// let path = eyrie_forge::local_path("file:///srv/git/my%20project.git");
/// assert_eq!(path.as_deref(), Some(Path::new("/srv/git/my project.git")));
/// assert_eq!(eyrie_forge::local_path("https://github.com/o/r"), None);
/// ```
pub fn local_path(text: &str) -> Option<PathBuf> {
    let rest = text.trim().strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.strip_prefix('/').map(|_| path.as_bytes())?;
    while let Some((&first, tail)) = left.split_first() {
        let escaped = (first == b'%')
            .then(|| {
                tail.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok())
            })
            .flatten();
        let (byte, after) = match escaped {
            Some(byte) => (byte, tail.get(2..).unwrap_or_default()),
            None => (first, tail),
        };
        bytes.push(byte);
        left = after;
    }
    // A path with a null byte is none.
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    Some(PathBuf::from(text))
}

/// `user@host:path` taken apart, as scp and git write it.
fn scp_form(text: &str) -> Option<(&str, &str, &str)> {
    let (before, path) = text.split_once(':')?;
    let (user, host) = before.split_once('@')?;
    let plain = |s: &str| !s.is_empty() && !s.contains(['/', '\\']);
    (plain(user) && plain(host) && !path.starts_with("//")).then_some((user, host, path))
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

impl FromStr for RepositoryUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        if let Some((user, host, path)) = scp_form(text) {
            if user != "git" {
                return Err(UrlError::new("an ssh address has the user `git`", FORM));
            }
            return assemble(Scheme::Ssh, host, None, path);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            let looks_like_host = text.split('/').next().is_some_and(|first| first.contains('.'));
            return Err(if looks_like_host && text.parse::<Bare>().is_ok() {
                UrlError::new("the address has no scheme", format!("write `https://{text}`"))
            } else {
                UrlError::new("this is not the address of a repository", FORM)
            });
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host_and_port) = match authority.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, authority),
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "ssh" | "git+ssh" => Scheme::Ssh,
            "git" => {
                return Err(UrlError::new("`git://` is neither private nor safe", "use the https address"));
            }
            "file" => {
                return Err(UrlError::new("this is a folder on this machine", "give its path instead"));
            }
            _ => return Err(UrlError::new("the scheme of the address is unknown", FORM)),
        };
        match (scheme, user) {
            (_, None) | (Scheme::Ssh, Some("git")) => {}
            (Scheme::Ssh, Some(_)) => return Err(UrlError::new("an ssh address has the user `git`", FORM)),
            (_, Some(_)) => {
                return Err(UrlError::new(
                    "the address holds a user name or token",
                    "take it out of the address; give a token through GITHUB_TOKEN",
                ));
            }
        }
        let (host, port) = match host_and_port.rsplit_once(':') {
            Some((host, port)) if !host_and_port.ends_with(']') => match port.parse::<u16>() {
                Ok(port) if port != 0 => (host, Some(port)),
                _ => return Err(UrlError::new("the port is not a number between 1 and 65535", FORM)),
            },
            _ => (host_and_port, None),
        };
        let url = assemble(scheme, host, port, path)?;
        if url.scheme == Scheme::Http && !is_loopback(&url.host) {
            let secure = Self { scheme: Scheme::Https, ..url };
            return Err(UrlError::new(
                "plain http is neither private nor safe",
                format!("use `{}`", secure.web_url()),
            ));
        }
        Ok(url)
    }
}

/// `host/owner/name` without a scheme, to suggest one.
struct Bare;

impl FromStr for Bare {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        assemble(Scheme::Https, host, None, path).map(|_| Self)
    }
}

fn assemble(scheme: Scheme, host: &str, port: Option<u16>, path: &str) -> Result<RepositoryUrl, UrlError> {
    let mut host = host.to_ascii_lowercase();
    let ipv6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let named = || {
        host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
    };
    if !ipv6.map_or_else(named, |address| address.parse::<std::net::Ipv6Addr>().is_ok()) {
        return Err(UrlError::new("the address has no valid host", FORM));
    }
    if host == "www.github.com" || host == "ssh.github.com" {
        host = "github.com".into();
    }
    let kind = kind_of(&host);
    if path.contains(['?', '#']) {
        return Err(UrlError::new("an address of a repository has no `?` and no `#`", FORM));
    }
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let (owner, name) = match segments.as_slice() {
        [_] => return Err(UrlError::new("the address names no repository", FORM)),
        [owner, name] => ((*owner).to_owned(), (*name).to_owned()),
        [owner, name, ..] if kind == ForgeKind::GitHub => {
            return Err(UrlError::new(
                "the address leads to something inside the repository",
                format!("use `https://{host}/{owner}/{name}`"),
            ));
        }
        [groups @ .., name] => (groups.join("/"), (*name).to_owned()),
        [] => return Err(UrlError::new("the address names no repository", FORM)),
    };
    let plain = |segment: &str| {
        !matches!(segment, "" | "." | ".." | "-")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
    };
    if !segments.iter().all(|segment| plain(segment)) || !plain(&name) {
        return Err(UrlError::new("the owner or name holds characters that no repository has", FORM));
    }
    Ok(RepositoryUrl { scheme, host, port, owner, name, kind })
}

fn kind_of(host: &str) -> ForgeKind {
    if host == "github.com" || host.ends_with(".ghe.com") || host.starts_with("github.") {
        ForgeKind::GitHub
    } else if host == "gitlab.com" || host.starts_with("gitlab.") {
        ForgeKind::GitLab
    } else {
        ForgeKind::Other
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.web_url())
    }
}

impl Serialize for RepositoryUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RepositoryUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
