//! HTTP with limits on everything: [`Http`] is what all network steps of the crate go through, [`Network`] its
//! limits, [`Token`] a secret that never shows, [`Tokens`] whom each secret may be told.
//!
//! Redirects are followed here and not by the client underneath, so that a credential is sent to the one origin
//! that it was given for and to no other. What a repository's owner could have written (a homepage's address) is
//! fetched from public addresses only.

mod address;

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::{self, Method, StatusCode, Uri, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Timeout};

use crate::answer::short;
use crate::github::response::LimitHeaders;
use crate::{Reason, RepositoryUrl};
use address::PublicOnly;

/// A secret for one host. It is not shown by `Debug`, and no error or recording ever holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token; `None` if it is blank or holds what no token holds (blanks, control characters, non-ASCII).
    pub fn new(secret: &str) -> Option<Self> {
        let secret = secret.trim();
        let sane = !secret.is_empty() && secret.bytes().all(|b| b.is_ascii_graphic());
        sane.then(|| Self(secret.to_owned()))
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The tokens of a user, each with the one host that it may be sent to: what an address read from a repository says
/// never widens that.
///
/// ```
/// use eyrie_forge::{RepositoryUrl, Token, Tokens};
///
/// let tokens = Tokens::new(Token::new("ghp_x"), Some("git.example.com"), Token::new("ghe_y"));
/// let url = |text: &str| text.parse::<RepositoryUrl>();
/// assert_eq!(tokens.of(&url("https://github.com/o/r")?), Token::new("ghp_x").as_ref());
/// assert_eq!(tokens.of(&url("https://git.example.com/o/r")?), Token::new("ghe_y").as_ref());
/// assert_eq!(tokens.of(&url("https://github.example.org/o/r")?), None);
/// # Ok::<(), eyrie_forge::UrlError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    github: Option<Token>,
    server: Option<String>,
    enterprise: Option<Token>,
}

impl Tokens {
    /// `github` is for github.com alone; `enterprise` for the GitHub `server` alone (`HOST` or `HOST:PORT`) that the
    /// user named, and for nobody if none was named.
    pub fn new(github: Option<Token>, server: Option<&str>, enterprise: Option<Token>) -> Self {
        let server = server.map(|host| host.trim().to_ascii_lowercase());
        let server = server.filter(|host| !host.is_empty() && host != GITHUB);
        Self { github, server, enterprise }
    }

    /// The token that may be sent to the host of this address.
    pub fn of(&self, url: &RepositoryUrl) -> Option<&Token> {
        if url.authority() == GITHUB {
            self.github.as_ref()
        } else if self.is_server(url) {
            self.enterprise.as_ref()
        } else {
            None
        }
    }

    /// Whether the address is on the GitHub server that the user named.
    pub fn is_server(&self, url: &RepositoryUrl) -> bool {
        self.server.as_deref() == Some(&*url.authority())
    }

    /// Whether the host may be asked although nobody but the repository names it: github.com, or the user's server.
    pub fn is_known(&self, url: &RepositoryUrl) -> bool {
        url.authority() == GITHUB || self.is_server(url)
    }
}

const GITHUB: &str = "github.com";

/// Limits and settings of all network steps. A proxy's address may hold a password: `Debug` leaves it out.
#[derive(Clone)]
pub struct Network {
    /// Time to look up a name and connect, TLS included.
    pub connect_timeout: Duration,
    /// Time until the head of an answer is there.
    pub response_timeout: Duration,
    /// Time in which at least one more byte has to come.
    pub read_timeout: Duration,
    /// Time for one question as a whole, with redirects and retries.
    pub total_timeout: Duration,
    /// How many redirects are followed.
    pub max_redirects: u32,
    /// How many times a question is asked again after 502, 503 or 504.
    pub retries: u32,
    /// How long to wait before asking again; doubled each time.
    pub backoff: Duration,
    /// A proxy's address, `http://host:port`. What it reaches is for it to decide; pages that are fetched without it
    /// are fetched from public addresses only.
    pub proxy: Option<String>,
    /// Hosts that are asked without the proxy, as `NO_PROXY` lists them: `example.com`, `.example.com`, `*`.
    pub no_proxy: Vec<String>,
    /// Certificate authorities to trust instead of the well-known ones, as PEM: for a forge of one's own.
    pub root_certificates: Option<Vec<u8>>,
    /// Fetch pages, and follow redirects to other hosts, even if that leads to loopback and private addresses.
    pub allow_private_pages: bool,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("max_redirects", &self.max_redirects)
            .field("retries", &self.retries)
            .field("proxy", &self.proxy.as_ref().map(|_| "…"))
            .field("no_proxy", &self.no_proxy)
            .field("root_certificates", &self.root_certificates.as_ref().map(Vec::len))
            .field("allow_private_pages", &self.allow_private_pages)
            .finish_non_exhaustive()
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(20),
            read_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(60),
            max_redirects: 5,
            retries: 2,
            backoff: Duration::from_millis(500),
            proxy: None,
            no_proxy: Vec::new(),
            root_certificates: None,
            allow_private_pages: false,
        }
    }
}

/// Why the network cannot be used as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The proxy's address is none.
    #[error("the proxy's address is not of the form http://HOST:PORT")]
    Proxy,
    /// The certificates are no PEM, or there are none.
    #[error("the certificates are not in PEM form, or there are none")]
    Certificates,
    /// A token would be sent in plain text.
    #[error("a token is only sent over https, not to {origin}")]
    PlainText {
        /// Where it would have been sent.
        origin: String,
    },
}

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    /// For the forge that the user named.
    api: Agent,
    /// For addresses that others chose: in a repository, or in a redirect.
    pages: Agent,
    /// For those of them that are asked without the proxy, although there is one.
    direct_pages: Agent,
    /// Tells which those are.
    proxy: Option<ureq::Proxy>,
    network: Arc<Network>,
}

/// Whom a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Forge,
    AnyPage,
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) to: To,
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) credential: Option<&'a Credential>,
    pub(crate) body: Option<&'a [u8]>,
}

/// An `Authorization` header and the origin that it is for.
#[derive(Clone)]
pub(crate) struct Credential {
    header: http::HeaderValue,
    origin: String,
}

impl Credential {
    /// `scheme` is `Bearer` with the token as it is, or `Basic` with the user and token already encoded.
    pub(crate) fn new(scheme: &str, secret: &str, url: &str) -> Option<Self> {
        let mut header = http::HeaderValue::from_str(&format!("{scheme} {secret}")).ok()?;
        header.set_sensitive(true);
        let origin = origin_of(&url.parse().ok()?)?;
        Some(Self { header, origin })
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential(… for {})", self.origin)
    }
}

/// An answer whose body has been read.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The address that answered in the end.
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) limits: LimitHeaders,
    pub(crate) body: Vec<u8>,
    /// There was more than the limit.
    pub(crate) truncated: bool,
}

/// An answer whose body has not been read.
pub(crate) struct Opened {
    pub(crate) url: String,
    pub(crate) response: http::Response<Body>,
}

impl Http {
    pub(crate) fn new(network: Network) -> Result<Self, NetworkError> {
        let proxy = network.proxy.as_deref().map(|address| proxy(address, &network.no_proxy)).transpose()?;
        let tls = match &network.root_certificates {
            None => TlsConfig::default(),
            Some(pem) => {
                let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(pem)
                    .filter_map(|item| match item {
                        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
                        Ok(_) => None,
                        Err(_) => Some(Err(NetworkError::Certificates)),
                    })
                    .collect::<Result<_, _>>()?;
                if certificates.is_empty() {
                    return Err(NetworkError::Certificates);
                }
                TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build()
            }
        };
        let config = |proxy| {
            Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .proxy(proxy)
                .tls_config(tls.clone())
                .user_agent(concat!("eyrie/", env!("CARGO_PKG_VERSION")))
                .timeout_resolve(Some(network.connect_timeout))
                .timeout_connect(Some(network.connect_timeout))
                .timeout_send_request(Some(network.response_timeout))
                .timeout_send_body(Some(network.total_timeout))
                .timeout_recv_response(Some(network.response_timeout))
                .timeout_per_read(Some(network.read_timeout))
                .timeout_per_write(Some(network.read_timeout))
                .build()
        };
        let api = Agent::new_with_config(config(proxy.clone()));
        let direct_pages = if network.allow_private_pages {
            api.clone()
        } else {
            Agent::with_parts(config(None), DefaultConnector::default(), PublicOnly::default())
        };
        let pages = if proxy.is_some() { api.clone() } else { direct_pages.clone() };
        Ok(Self { api, pages, direct_pages, proxy, network: Arc::new(network) })
    }

    /// Asks, and asks again after a short while if a gateway is out of order. At most `limit` bytes are read.
    pub(crate) fn ask(&self, ask: &Ask<'_>, limit: u64) -> Result<Reply, Reason> {
        let deadline = Instant::now() + self.network.total_timeout;
        let mut pause = self.network.backoff;
        let mut left = self.network.retries;
        loop {
            let opened = self.open(ask, deadline)?;
            let again = matches!(opened.response.status().as_u16(), 502..=504);
            if again && left > 0 && Instant::now() + pause < deadline {
                left -= 1;
                std::thread::sleep(pause);
                pause *= 2;
                continue;
            }
            return read(opened, limit);
        }
    }

    /// Sends the request and follows redirects (of anything but POST); the body of the answer is left to read.
    pub(crate) fn open(&self, ask: &Ask<'_>, deadline: Instant) -> Result<Opened, Reason> {
        let mut uri: Uri = web_uri(ask.url)?;
        let mut hops = 0;
        loop {
            let response = self.send(ask, &uri, deadline)?;
            let status = response.status();
            let follows = matches!(
                status,
                StatusCode::MOVED_PERMANENTLY
                    | StatusCode::FOUND
                    | StatusCode::SEE_OTHER
                    | StatusCode::TEMPORARY_REDIRECT
                    | StatusCode::PERMANENT_REDIRECT
            ) && ask.method != Method::POST;
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let (true, Some(location)) = (follows, location) else {
                return Ok(Opened { url: uri.to_string(), response });
            };
            hops += 1;
            if hops > self.network.max_redirects {
                return Err(Reason::TooManyRedirects);
            }
            uri = join(&uri, location)?;
        }
    }

    fn send(&self, ask: &Ask<'_>, uri: &Uri, deadline: Instant) -> Result<http::Response<Body>, Reason> {
        let remaining = deadline
            .checked_duration_since(Instant::now())
            .filter(|remaining| !remaining.is_zero())
            .ok_or_else(|| Reason::TimedOut { step: "total".into() })?;
        let mut builder = http::Request::builder().method(ask.method.clone()).uri(uri.clone());
        for (name, value) in ask.headers {
            builder = builder.header(*name, *value);
        }
        if let Some(credential) = ask.credential
            && origin_of(uri).as_deref() == Some(credential.origin())
        {
            builder = builder.header(header::AUTHORIZATION, credential.header.clone());
        }
        let odd = |error: http::Error| Reason::AddressRefused { detail: short(&error.to_string()) };
        let named = ask.url.parse().ok().and_then(|named| origin_of(&named));
        let agent = match ask.to {
            To::Forge if named == origin_of(uri) => &self.api,
            // Nobody else looks at where these lead.
            _ if self.proxy.as_ref().is_some_and(|proxy| proxy.is_no_proxy(uri)) => &self.direct_pages,
            _ => &self.pages,
        };
        let result = match ask.body {
            Some(body) => {
                let request = builder.body(body).map_err(odd)?;
                agent.run(agent.configure_request(request).timeout_global(Some(remaining)).build())
            }
            None => {
                let request = builder.body(()).map_err(odd)?;
                agent.run(agent.configure_request(request).timeout_global(Some(remaining)).build())
            }
        };
        result.map_err(reason)
    }
}

fn proxy(address: &str, except: &[String]) -> Result<ureq::Proxy, NetworkError> {
    let invalid = |_| NetworkError::Proxy;
    let parsed = ureq::Proxy::new(address).map_err(invalid)?;
    let mut builder = ureq::Proxy::builder(parsed.protocol()).host(parsed.host()).port(parsed.port());
    if let Some(user) = parsed.username() {
        builder = builder.username(user);
    }
    if let Some(password) = parsed.password() {
        builder = builder.password(password);
    }
    except.iter().fold(builder, |builder, host| builder.no_proxy(host)).build().map_err(invalid)
}

/// Reads the body of an answer up to a limit.
fn read(opened: Opened, limit: u64) -> Result<Reply, Reason> {
    let (head, body) = opened.response.into_parts();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let mut bytes = Vec::new();
    let mut reader = body.into_with_config().limit(u64::MAX).reader().take(limit.saturating_add(1));
    reader.read_to_end(&mut bytes).map_err(|error| reason(error.into()))?;
    let truncated = bytes.len() as u64 > limit;
    if truncated {
        bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(Reply {
        url: opened.url,
        status: head.status.as_u16(),
        content_type: text("content-type").map(short),
        limits: LimitHeaders {
            remaining: text("x-ratelimit-remaining").and_then(|n| n.parse().ok()),
            reset: text("x-ratelimit-reset").and_then(|n| n.parse().ok()),
            retry_after: text("retry-after").and_then(|n| n.parse().ok()),
        },
        body: bytes,
        truncated,
    })
}

/// What went wrong below HTTP.
pub(crate) fn reason(error: ureq::Error) -> Reason {
    use ureq::Error;
    let detail = |error: &dyn fmt::Display| short(&error.to_string());
    match error {
        Error::Timeout(step) => Reason::TimedOut {
            step: match step {
                Timeout::Resolve | Timeout::Connect => "connect",
                Timeout::SendRequest | Timeout::SendBody | Timeout::PerWrite => "request",
                Timeout::RecvResponse => "response",
                Timeout::RecvBody | Timeout::PerRead => "read",
                _ => "total",
            }
            .into(),
        },
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Reason::TimedOut { step: "read".into() }
        }
        Error::Io(error) => {
            // rustls hides its errors in those of the transport.
            let source = error.get_ref().map(|source| detail(&source)).unwrap_or_default();
            if source.contains("certificate") || source.contains("handshake") {
                Reason::Tls { detail: source }
            } else {
                Reason::Unreachable { detail: detail(&error) }
            }
        }
        Error::HostNotFound => Reason::Unreachable { detail: "its name is unknown".into() },
        Error::ConnectionFailed => Reason::Unreachable { detail: "the connection failed".into() },
        Error::ConnectProxyFailed(text) => Reason::Unreachable { detail: format!("proxy: {}", short(&text)) },
        Error::Tls(text) => Reason::Tls { detail: text.into() },
        Error::Rustls(error) => Reason::Tls { detail: detail(&error) },
        Error::TooManyRedirects | Error::RedirectFailed => Reason::TooManyRedirects,
        Error::BadUri(text) => Reason::AddressRefused { detail: short(&text) },
        Error::Other(source) => match source.downcast::<address::NotPublic>() {
            Ok(refused) => Reason::AddressRefused { detail: refused.to_string() },
            Err(other) => Reason::Unreachable { detail: detail(&other) },
        },
        other => Reason::Malformed { detail: detail(&other) },
    }
}

/// An absolute http(s) address without credentials.
fn web_uri(text: &str) -> Result<Uri, Reason> {
    let refused = |detail: &str| Reason::AddressRefused { detail: detail.into() };
    let text = text.trim().split('#').next().unwrap_or_default();
    let uri: Uri = text.parse().map_err(|_| refused("it is no web address"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(refused("it is no http(s) address"));
    }
    let authority = uri.authority().ok_or_else(|| refused("it names no host"))?;
    if authority.as_str().contains('@') {
        return Err(refused("it holds a user name or password"));
    }
    Ok(uri)
}

/// Scheme, host and port, the latter always given.
fn origin_of(uri: &Uri) -> Option<String> {
    let scheme = uri.scheme_str()?;
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some(format!("{scheme}://{}:{port}", uri.host()?.to_ascii_lowercase()))
}

/// The address that a `Location` means.
fn join(base: &Uri, location: &str) -> Result<Uri, Reason> {
    let scheme = base.scheme_str().unwrap_or("https");
    let authority = base.authority().map_or("", |authority| authority.as_str());
    let is_absolute = location.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    if is_absolute {
        web_uri(location)
    } else if let Some(rest) = location.strip_prefix("//") {
        web_uri(&format!("{scheme}://{rest}"))
    } else if location.starts_with('/') {
        web_uri(&format!("{scheme}://{authority}{location}"))
    } else if location.starts_with('?') {
        web_uri(&format!("{scheme}://{authority}{}{location}", base.path()))
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        web_uri(&format!("{scheme}://{authority}{folder}/{location}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_joined() {
        let base: Uri = "https://a.example:8/x/y?z".parse().unwrap();
        let join = |location| join(&base, location).map(|uri| uri.to_string()).map_err(|r| r.code());
        assert_eq!(join("https://b.example/c").as_deref(), Ok("https://b.example/c"));
        assert_eq!(join("//b.example/c").as_deref(), Ok("https://b.example/c"));
        assert_eq!(join("/c#d").as_deref(), Ok("https://a.example:8/c"));
        assert_eq!(join("c").as_deref(), Ok("https://a.example:8/x/c"));
        assert_eq!(join("?c").as_deref(), Ok("https://a.example:8/x/y?c"));
        assert_eq!(join("file:///etc/passwd"), Err("address_refused"));
        assert_eq!(join("https://u:p@b.example/"), Err("address_refused"));
        assert_eq!(join("javascript:x"), Err("address_refused"));
    }

    #[test]
    fn tokens_do_not_show() {
        let token = Token::new(" ghp_secret\n").unwrap();
        let credential = Credential::new("Bearer", token.secret(), "https://API.github.com/x").unwrap();
        assert_eq!(credential.origin(), "https://api.github.com:443");
        let shown = format!("{token:?} {credential:?}");
        assert!(!shown.contains("secret"), "{shown}");
        assert!(Token::new("a b").is_none() && Token::new("").is_none() && Token::new("a\r\nX: y").is_none());
    }
}
