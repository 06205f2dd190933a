//! [`Answer`]: a piece of what a forge says, or the [`Reason`] why it could not be had and what would supply it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a forge says of one thing, or why nobody could look.
///
/// An absence that the forge itself states is known: a repository without homepage is `Known(None)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T> {
    /// The forge answered.
    Known(T),
    /// Nobody could look.
    Unavailable(Reason),
}

impl<T> Default for Answer<T> {
    /// What a recording leaves out is [`Reason::NotRecorded`].
    fn default() -> Self {
        Self::Unavailable(Reason::NotRecorded)
    }
}

impl<T> Answer<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unavailable(_) => None,
        }
    }

    /// Why there is no value, if there is none.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Known(_) => None,
            Self::Unavailable(reason) => Some(reason),
        }
    }

    /// Whether the forge answered.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// Whether it is missing from a recording; such pieces are not written either.
    pub(crate) fn is_not_recorded(&self) -> bool {
        matches!(self, Self::Unavailable(Reason::NotRecorded))
    }

    /// The same answer with another value.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Known(value) => Answer::Known(convert(value)),
            Self::Unavailable(reason) => Answer::Unavailable(reason),
        }
    }
}

impl<T> From<Result<T, Reason>> for Answer<T> {
    fn from(result: Result<T, Reason>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(reason) => Self::Unavailable(reason),
        }
    }
}

/// Why an answer is missing. `Display` says what happened; [`Reason::remedy`] says what would supply it.
///
/// No variant ever holds a token; details come from the transport or the forge's own message, shortened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// The recorded answers do not contain it.
    NotRecorded,
    /// It was not asked for: no source was configured for it (a landscape file, for example).
    NotConfigured,
    /// Nobody was asked, because the network was not to be used.
    Offline,
    /// Nobody could be asked, because nothing says on which forge the repository is.
    NoAddress,
    /// This kind of forge is not supported (yet); only public git data can be read there.
    NotSupported {
        /// The host that was asked.
        host: String,
    },
    /// Nobody was asked, because only the repository itself names this host: whoever wrote the repository could have
    /// chosen it.
    HostNotNamed {
        /// The host.
        host: String,
    },
    /// The forge tells this only to those who are signed in.
    NoToken,
    /// 401: the token is expired, revoked or wrong.
    TokenRejected {
        /// The forge's own words.
        message: String,
    },
    /// 403, or a GraphQL `FORBIDDEN`: the token (or nobody) may not read this.
    Forbidden {
        /// The forge's own words.
        message: String,
    },
    /// The forge wants no more requests for now.
    RateLimited {
        /// When it will answer again, if it said so.
        until: Option<Timestamp>,
        /// Whether the requests were made with a token.
        with_token: bool,
    },
    /// 404, or a GraphQL `NOT_FOUND`: not there, or private and the token may not see it.
    NotFound,
    /// The host could not be reached: its name does not resolve, or it refuses or drops connections.
    Unreachable {
        /// What the transport said.
        detail: String,
    },
    /// The address is one that is never fetched: not http(s), or inside a private network.
    AddressRefused {
        /// What is wrong with it.
        detail: String,
    },
    /// No answer within the time allowed.
    TimedOut {
        /// The step that took too long: `connect`, `response`, `body`, `total`, …
        step: String,
    },
    /// TLS failed: an untrusted certificate, for example.
    Tls {
        /// What the TLS library said.
        detail: String,
    },
    /// The answer is larger than we are willing to read.
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The server sends from one place to the next without end.
    TooManyRedirects,
    /// 5xx: the forge is out of order.
    ServerError {
        /// The HTTP status.
        status: u16,
    },
    /// A status that nobody expects here.
    UnexpectedStatus {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not what the forge's documentation promises: not JSON, or of another shape.
    Malformed {
        /// Where it differs, and what was expected.
        detail: String,
    },
}

impl Reason {
    /// A short, stable identifier, as in the recorded form: `no_token`, `rate_limited`, …
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRecorded => "not_recorded",
            Self::NotConfigured => "not_configured",
            Self::Offline => "offline",
            Self::NoAddress => "no_address",
            Self::NotSupported { .. } => "not_supported",
            Self::HostNotNamed { .. } => "host_not_named",
            Self::NoToken => "no_token",
            Self::TokenRejected { .. } => "token_rejected",
            Self::Forbidden { .. } => "forbidden",
            Self::RateLimited { .. } => "rate_limited",
            Self::NotFound => "not_found",
            Self::Unreachable { .. } => "unreachable",
            Self::AddressRefused { .. } => "address_refused",
            Self::TimedOut { .. } => "timed_out",
            Self::Tls { .. } => "tls",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyRedirects => "too_many_redirects",
            Self::ServerError { .. } => "server_error",
            Self::UnexpectedStatus { .. } => "unexpected_status",
            Self::Malformed { .. } => "malformed",
        }
    }

    /// What would supply the answer, as an instruction to the user.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotRecorded => {
                "record it with `eyrie forge record URL`, or assess online without --forge-data".into()
            }
            Self::NotConfigured => "name a source for it".into(),
            Self::NoAddress => {
                "give the address instead of the folder, add a git remote called origin, or supply recorded answers \
                 with --forge-data"
                    .into()
            }
            Self::Offline => {
                "run without --offline, or record the answers elsewhere with `eyrie forge record URL` and give them \
                 with --forge-data"
                    .into()
            }
            Self::NotSupported { .. } => "supply recorded answers with --forge-data".into(),
            Self::HostNotNamed { host } => {
                format!("set GH_HOST={host} if you trust this server, or supply recorded answers with --forge-data")
            }
            Self::NoToken => {
                "set GITHUB_TOKEN (GH_HOST and GH_ENTERPRISE_TOKEN for a server of one's own) to a token that can read \
                 the repository"
                    .into()
            },
            Self::TokenRejected { .. } => "create a new token and set GITHUB_TOKEN to it".into(),
            Self::Forbidden { .. } => "use a token that may read this repository".into(),
            Self::RateLimited { until, with_token } => {
                let wait = match until {
                    Some(until) => format!("try again after {until}"),
                    None => "try again later".into(),
                };
                if *with_token { wait } else { format!("set GITHUB_TOKEN for a higher limit, or {wait}") }
            }
            Self::NotFound => "check the address; a private repository needs a token that may read it".into(),
            Self::Unreachable { .. } => {
                "check the network and the proxy, or supply recorded answers with --forge-data".into()
            }
            Self::AddressRefused { .. } => "use a public http(s) address".into(),
            Self::TimedOut { .. } | Self::ServerError { .. } => "try again later".into(),
            Self::Tls { .. } => {
                "check the host's certificate; a private certificate authority has to be given".into()
            }
            Self::TooLarge { .. } => "nothing: the answer is beyond what is read".into(),
            Self::TooManyRedirects => "check the address in a browser and correct it".into(),
            Self::UnexpectedStatus { .. } | Self::Malformed { .. } => {
                "check that the address is the forge's own and not a proxy's or a login page's".into()
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRecorded => f.write_str("the recorded answers do not contain it"),
            Self::NotConfigured => f.write_str("no source was given for it"),
            Self::NoAddress => f.write_str("nothing says on which forge the repository is"),
            Self::Offline => f.write_str("the network was not to be used (--offline)"),
            Self::NotSupported { host } => {
                write!(f, "{host} is not a supported forge: only its public git data can be read")
            }
            Self::HostNotNamed { host } => {
                write!(f, "{host} was not asked: only the repository itself names it")
            }
            Self::NoToken => f.write_str("the forge tells this only with a token"),
            Self::TokenRejected { message } => write!(f, "the forge rejects the token (401): {message}"),
            Self::Forbidden { message } => write!(f, "the forge forbids it (403): {message}"),
            Self::RateLimited { until: Some(until), .. } => {
                write!(f, "the forge's rate limit is used up until {until}")
            }
            Self::RateLimited { until: None, .. } => f.write_str("the forge's rate limit is used up"),
            Self::NotFound => f.write_str("not found (404)"),
            Self::Unreachable { detail } => write!(f, "the host cannot be reached: {detail}"),
            Self::AddressRefused { detail } => write!(f, "the address is not fetched: {detail}"),
            Self::TimedOut { step } => write!(f, "no answer in time ({step})"),
            Self::Tls { detail } => write!(f, "no secure connection: {detail}"),
            Self::TooLarge { limit } => write!(f, "the answer is larger than {limit} bytes"),
            Self::TooManyRedirects => f.write_str("redirected too often"),
            Self::ServerError { status } => write!(f, "the server is out of order ({status})"),
            Self::UnexpectedStatus { status } => write!(f, "unexpected status {status}"),
            Self::Malformed { detail } => write!(f, "the answer makes no sense: {detail}"),
        }
    }
}

/// The first line of a message from outside, shortened and without control characters, fit for a report.
pub(crate) fn short(text: &str) -> String {
    const LIMIT: usize = 200;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut out: String = line.chars().filter(|c| !c.is_control()).take(LIMIT).collect();
    if line.chars().count() > LIMIT {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_explain_themselves() {
        let text = || "detail".to_owned();
        let all = [
            Reason::NotRecorded,
            Reason::NotConfigured,
            Reason::NotSupported { host: "codeberg.org".into() },
            Reason::HostNotNamed { host: "github.example.com".into() },
            Reason::NoToken,
            Reason::TokenRejected { message: text() },
            Reason::Forbidden { message: text() },
            Reason::RateLimited { until: None, with_token: true },
            Reason::RateLimited { until: Some(Timestamp::UNIX_EPOCH), with_token: false },
            Reason::NotFound,
            Reason::Unreachable { detail: text() },
            Reason::AddressRefused { detail: text() },
            Reason::TimedOut { step: "connect".into() },
            Reason::Tls { detail: text() },
            Reason::TooLarge { limit: 10 },
            Reason::TooManyRedirects,
            Reason::ServerError { status: 502 },
            Reason::UnexpectedStatus { status: 418 },
            Reason::Malformed { detail: text() },
        ];
        let mut lines = Vec::new();
        for reason in &all {
            let json = serde_json::to_value(reason).unwrap();
            assert_eq!(json.get("reason").and_then(|code| code.as_str()), Some(reason.code()));
            assert_eq!(&serde_json::from_value::<Reason>(json).unwrap(), reason);
            lines.push(format!("{reason}; {}", reason.remedy()));
        }
        insta::assert_snapshot!(lines.join("\n"), @r###"
    the recorded answers do not contain it; record it with `eyrie forge record URL`, or assess online without --forge-data
    no source was given for it; name a source for it
    codeberg.org is not a supported forge: only its public git data can be read; supply recorded answers with --forge-data
    github.example.com was not asked: only the repository itself names it; set GH_HOST=github.example.com if you trust this server, or supply recorded answers with --forge-data
    the forge tells this only with a token; set GITHUB_TOKEN (GH_HOST and GH_ENTERPRISE_TOKEN for a server of one's own) to a token that can read the repository
    the forge rejects the token (401): detail; create a new token and set GITHUB_TOKEN to it
    the forge forbids it (403): detail; use a token that may read this repository
    the forge's rate limit is used up; try again later
    the forge's rate limit is used up until 1970-01-01T00:00:00Z; set GITHUB_TOKEN for a higher limit, or try again after 1970-01-01T00:00:00Z
    not found (404); check the address; a private repository needs a token that may read it
    the host cannot be reached: detail; check the network and the proxy, or supply recorded answers with --forge-data
    the address is not fetched: detail; use a public http(s) address
    no answer in time (connect); try again later
    no secure connection: detail; check the host's certificate; a private certificate authority has to be given
    the answer is larger than 10 bytes; nothing: the answer is beyond what is read
    redirected too often; check the address in a browser and correct it
    the server is out of order (502); try again later
    unexpected status 418; check that the address is the forge's own and not a proxy's or a login page's
    the answer makes no sense: detail; check that the address is the forge's own and not a proxy's or a login page's
    "###);
    }

    #[test]
    fn text_from_outside_is_made_fit() {
        assert_eq!(short("\n  one\u{1b}[31m\ntwo"), "one[31m");
        assert_eq!(short(&"x".repeat(500)).chars().count(), 201);
        assert_eq!(short(""), "");
    }
}
