//! GitHub, live: [`GitHub`] asks github.com, a `*.ghe.com` tenant or a GitHub Enterprise Server.
//!
//! With a token it asks the GraphQL API three questions (the repository, its last commits, its issues); without
//! one it asks the REST API what that tells to anybody, and the rest is [`Reason::NoToken`]. How answers are read
//! is in [`object`] (GraphQL), [`rest`] and [`response`] (statuses, limits, errors); recorded answers are read by
//! the same code.

pub(crate) mod object;
mod queries;
pub(crate) mod response;
mod rest;

use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::json;
use ureq::http::Method;

use crate::answer::short;
use crate::http::{Ask, Credential, Http, Network, NetworkError, To, Token};
use crate::landscape::{self, LandscapeItem};
use crate::url::is_loopback;
use crate::{Answer, Forge, ForgeKind, Page, Reason, RepositoryAnswer, RepositoryUrl};

/// How far back issues are asked for: the period in which Scorecard's Maintained looks for activity.
const ISSUES_SINCE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The largest answer of the API that is read. The largest legitimate ones are a few megabytes.
const MAX_API: u64 = 32 << 20;

/// As much of a homepage is read.
const MAX_PAGE: u64 = 2 << 20;

/// Where the APIs of a GitHub are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The host that repositories' addresses name, with its port if it has one: `github.com`.
    pub host: String,
    /// Base of the REST API, without a slash at the end: `https://api.github.com`.
    pub rest: String,
    /// The GraphQL API: `https://api.github.com/graphql`.
    pub graphql: String,
}

impl Endpoints {
    /// The APIs of the host that an address names, as GitHub lays them out.
    pub fn of(url: &RepositoryUrl) -> Self {
        let (host, origin) = (url.authority(), url.origin());
        let (rest, graphql) = if url.host() == "github.com" {
            ("https://api.github.com".to_owned(), "https://api.github.com/graphql".to_owned())
        } else if url.host().ends_with(".ghe.com") {
            (format!("https://api.{}", url.host()), format!("https://api.{}/graphql", url.host()))
        } else {
            (format!("{origin}/api/v3"), format!("{origin}/api/graphql"))
        };
        Self { host, rest, graphql }
    }
}

/// A GitHub that is asked over the network, for one run: once the rate limit is used up, or nothing has come in
/// time twice, it asks nothing more.
///
/// Addresses on other hosts, GitLab's among them, are [`Reason::NotSupported`]: of those only the public git data
/// can be read ([`clone`](crate::clone())). Pages and the landscape are fetched all the same.
#[derive(Debug)]
pub struct GitHub {
    endpoints: Endpoints,
    http: Http,
    credential: Option<Credential>,
    graphql_credential: Option<Credential>,
    landscape: Option<Landscape>,
    now: Timestamp,
    patience: Mutex<Patience>,
}

/// Whether it makes sense to ask the API once more.
#[derive(Debug, Default)]
struct Patience {
    /// Questions that got no answer in time.
    unanswered: u32,
    /// Why nothing more is asked.
    lost: Option<Reason>,
}

/// After so many questions without an answer in time the API is left alone: each of them costs the time-out.
const MAX_UNANSWERED: u32 = 2;

impl Patience {
    fn learn(&mut self, reason: &Reason) {
        match reason {
            Reason::RateLimited { .. } => self.lost = Some(reason.clone()),
            Reason::TimedOut { .. } | Reason::Unreachable { .. } => {
                self.unanswered += 1;
                if self.unanswered >= MAX_UNANSWERED {
                    self.lost = Some(reason.clone());
                }
            }
            _ => {}
        }
    }
}

#[derive(Debug)]
struct Landscape {
    url: String,
    text: OnceLock<Answer<String>>,
}

impl GitHub {
    /// A client for one GitHub. `now` is what "the last 90 days" counts from.
    ///
    /// The token is sent to the endpoints alone; it must be one for that host ([`Tokens::of`](crate::Tokens::of)).
    pub fn new(
        endpoints: Endpoints,
        token: Option<&Token>,
        network: Network,
        now: Timestamp,
    ) -> Result<Self, NetworkError> {
        let credential = |url: &str| -> Result<Option<Credential>, NetworkError> {
            let Some(token) = token else { return Ok(None) };
            let plain_text = || NetworkError::PlainText { origin: short(url) };
            let credential = Credential::new("Bearer", token.secret(), url).ok_or_else(plain_text)?;
            let host = credential.origin().split_once("://").and_then(|(_, rest)| rest.rsplit_once(':'));
            let safe = credential.origin().starts_with("https://")
                || host.is_some_and(|(host, _)| is_loopback(host));
            if safe { Ok(Some(credential)) } else { Err(plain_text()) }
        };
        Ok(Self {
            credential: credential(&endpoints.rest)?,
            graphql_credential: credential(&endpoints.graphql)?,
            http: Http::new(network)?,
            endpoints,
            landscape: None,
            now,
            patience: Mutex::default(),
        })
    }

    /// Adds the address of a foundation's landscape file, in which projects are looked up.
    #[must_use]
    pub fn with_landscape(mut self, url: impl Into<String>) -> Self {
        self.landscape = Some(Landscape { url: url.into(), text: OnceLock::new() });
        self
    }

    fn with_token(&self) -> bool {
        self.credential.is_some()
    }

    /// Asks the API if that makes sense; what an answer's status means is told apart here.
    fn api(&self, ask: &Ask<'_>) -> Result<crate::http::Reply, Reason> {
        if let Some(reason) = self.patience().lost.clone() {
            return Err(reason);
        }
        let result = self.http.ask(ask, MAX_API).and_then(|reply| {
            let with_token = self.with_token();
            match response::refusal(reply.status, &reply.limits, &reply.body, with_token, self.now) {
                Some(reason) => Err(reason),
                None if reply.truncated => Err(Reason::TooLarge { limit: MAX_API }),
                None => Ok(reply),
            }
        });
        result.inspect_err(|reason| self.patience().learn(reason))
    }

    fn patience(&self) -> std::sync::MutexGuard<'_, Patience> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest<T: DeserializeOwned>(&self, path: &str) -> Result<T, Reason> {
        let url = format!("{}{path}", self.endpoints.rest);
        let reply = self.api(&Ask {
            to: To::Forge,
            method: Method::GET,
            url: &url,
            headers: &[("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")],
            credential: self.credential.as_ref(),
            body: None,
        })?;
        rest::parse(&reply.body)
    }

    fn graphql(&self, query: &str, url: &RepositoryUrl) -> Result<response::GraphQl, Reason> {
        let since = self.now.checked_sub(ISSUES_SINCE).unwrap_or(self.now);
        let mut variables = json!({"owner": url.owner(), "name": url.name()});
        if query.contains("$since") {
            variables["since"] = json!(since.to_string());
        }
        let body = json!({"query": query, "variables": variables}).to_string();
        let reply = self.api(&Ask {
            to: To::Forge,
            method: Method::POST,
            url: &self.endpoints.graphql,
            headers: &[("accept", "application/json"), ("content-type", "application/json")],
            credential: self.graphql_credential.as_ref(),
            body: Some(body.as_bytes()),
        })?;
        response::graphql(&reply.body, self.with_token(), &reply.limits, self.now)
            .inspect_err(|reason| self.patience().learn(reason))
    }

    fn fetch(&self, url: &str, limit: u64) -> Result<crate::http::Reply, Reason> {
        self.http.ask(
            &Ask {
                to: To::AnyPage,
                method: Method::GET,
                url,
                headers: &[("accept", "text/html, */*;q=0.5")],
                credential: None,
                body: None,
            },
            limit,
        )
    }

    fn landscape_text(&self, url: &str) -> Result<String, Reason> {
        let limit = landscape::MAX_BYTES as u64;
        let reply = self.fetch(url, limit)?;
        match reply.status {
            200 if reply.truncated => Err(Reason::TooLarge { limit }),
            200 => String::from_utf8(reply.body)
                .map_err(|_| Reason::Malformed { detail: "the landscape is not UTF-8".into() }),
            404 | 410 => Err(Reason::NotFound),
            status @ 500..=599 => Err(Reason::ServerError { status }),
            status => Err(Reason::UnexpectedStatus { status }),
        }
    }

    /// Whether the address is on this GitHub; elsewhere the API is another one, and the token must not go there.
    fn serves(&self, url: &RepositoryUrl) -> Result<(), Reason> {
        if url.kind() == ForgeKind::GitHub && url.authority() == self.endpoints.host {
            Ok(())
        } else {
            Err(Reason::NotSupported { host: url.host().into() })
        }
    }
}

impl Forge for GitHub {
    fn repository(&self, url: &RepositoryUrl) -> RepositoryAnswer {
        if let Err(reason) = self.serves(url) {
            return RepositoryAnswer::unavailable(&reason);
        }
        if !self.with_token() {
            return rest::repository(self, url.owner(), url.name());
        }
        let mut answer = match self.graphql(queries::REPOSITORY, url) {
            Ok(answer) => object::read(&answer),
            Err(
                reason @ (Reason::ServerError { .. } | Reason::TimedOut { .. } | Reason::Malformed { .. }),
            ) => RepositoryAnswer::unavailable(&reason),
            // Nothing else would be answered either.
            Err(reason) => return RepositoryAnswer::unavailable(&reason),
        };
        let (changesets, issues) = std::thread::scope(|scope| {
            let issues = scope.spawn(|| self.graphql(queries::ISSUES, url));
            let changesets = self.graphql(queries::CHANGESETS, url);
            (changesets, issues.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        answer.changesets = match changesets {
            Ok(answer) => object::changesets(&answer),
            Err(reason) => Answer::Unavailable(reason),
        };
        answer.issues = match issues {
            Ok(answer) => object::issues(&answer),
            Err(reason) => Answer::Unavailable(reason),
        };
        answer
    }

    fn page(&self, url: &str) -> Answer<Page> {
        self.fetch(url, MAX_PAGE)
            .map(|reply| Page {
                url: url.into(),
                final_url: reply.url,
                status: reply.status,
                content_type: reply.content_type,
                truncated: reply.truncated,
                body: String::from_utf8_lossy(&reply.body).into_owned(),
            })
            .into()
    }

    fn organization_files(&self, url: &RepositoryUrl) -> Answer<Vec<String>> {
        self.serves(url).and_then(|()| rest::organization_files(self, url.owner())).into()
    }

    fn landscape(&self, project: &str) -> Answer<Option<LandscapeItem>> {
        let Some(landscape) = &self.landscape else { return Answer::Unavailable(Reason::NotConfigured) };
        let text = landscape.text.get_or_init(|| self.landscape_text(&landscape.url).into());
        match text {
            Answer::Known(text) => LandscapeItem::find(text, project)
                .map_err(|error| Reason::Malformed { detail: format!("the landscape: {error}") })
                .into(),
            Answer::Unavailable(reason) => Answer::Unavailable(reason.clone()),
        }
    }
}
