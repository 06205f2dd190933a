//! What an answer of GitHub's API means before its content is looked at: status, headers, GraphQL errors.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::Reason;
use crate::answer::short;

/// The repository object of a GraphQL answer, with the reasons for the pieces that came with an error.
#[derive(Debug, Default)]
pub(crate) struct GraphQl {
    pub(crate) object: Map<String, Value>,
    /// First path element below `repository` → why it is missing.
    pub(crate) errors: Vec<(String, Reason)>,
}

/// Headers of an answer that say something about rate limits.
#[derive(Debug, Default, Clone)]
pub(crate) struct LimitHeaders {
    /// `x-ratelimit-remaining`.
    pub(crate) remaining: Option<u64>,
    /// `x-ratelimit-reset`, seconds since 1970.
    pub(crate) reset: Option<i64>,
    /// `retry-after`, in seconds.
    pub(crate) retry_after: Option<i64>,
}

/// The reason why an answer with this status is none; `None` for 2xx.
pub(crate) fn refusal(
    status: u16,
    limits: &LimitHeaders,
    body: &[u8],
    with_token: bool,
    now: Timestamp,
) -> Option<Reason> {
    let message = || {
        let told = serde_json::from_slice::<Value>(body)
            .ok()
            .and_then(|value| Some(short(value.get("message")?.as_str()?)));
        told.unwrap_or_else(|| "no explanation".into())
    };
    match status {
        200..=299 => None,
        401 => Some(Reason::TokenRejected { message: message() }),
        403 | 429 => {
            let message = message();
            let limited = status == 429
                || limits.remaining == Some(0)
                || limits.retry_after.is_some()
                || message.to_ascii_lowercase().contains("rate limit");
            Some(if limited {
                Reason::RateLimited { until: limited_until(limits, now), with_token }
            } else {
                Reason::Forbidden { message }
            })
        }
        404 | 410 | 451 => Some(Reason::NotFound),
        500..=599 => Some(Reason::ServerError { status }),
        _ => Some(Reason::UnexpectedStatus { status }),
    }
}

fn limited_until(limits: &LimitHeaders, now: Timestamp) -> Option<Timestamp> {
    if let Some(seconds) = limits.retry_after {
        return now.checked_add(SignedDuration::from_secs(seconds.max(0))).ok();
    }
    Timestamp::from_second(limits.reset?).ok()
}

/// Reads the body of a GraphQL answer with status 200.
pub(crate) fn graphql(
    body: &[u8],
    with_token: bool,
    limits: &LimitHeaders,
    now: Timestamp,
) -> Result<GraphQl, Reason> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Reason::Malformed { detail: format!("not JSON: {error}") })?;
    graphql_value(value, with_token).map_err(|reason| match reason {
        Reason::RateLimited { until: None, with_token } => {
            Reason::RateLimited { until: limited_until(limits, now), with_token }
        }
        other => other,
    })
}

/// Reads a parsed GraphQL answer: `{"data": {"repository": …}, "errors": […]}`.
pub(crate) fn graphql_value(value: Value, with_token: bool) -> Result<GraphQl, Reason> {
    let malformed = |detail: &str| Reason::Malformed { detail: detail.into() };
    let Value::Object(mut answer) = value else {
        return Err(malformed("an object with `data` was expected"));
    };
    let mut errors = Vec::new();
    let mut whole = None;
    if let Some(Value::Array(listed)) = answer.get("errors") {
        for error in listed {
            let reason = error_reason(error, with_token);
            let piece = error.get("path").and_then(|path| path.get(1)).and_then(Value::as_str);
            match piece {
                Some(piece) => errors.push((piece.to_owned(), reason)),
                None => whole = whole.or(Some(reason)),
            }
        }
    }
    match answer.get_mut("data").and_then(|data| data.get_mut("repository")) {
        Some(Value::Object(object)) => Ok(GraphQl { object: std::mem::take(object), errors }),
        Some(Value::Null) | None => Err(whole
            .or(errors.into_iter().next().map(|(_, reason)| reason))
            .unwrap_or_else(|| malformed("it holds neither `data.repository` nor an error"))),
        Some(_) => Err(malformed("`data.repository` is not an object")),
    }
}

fn error_reason(error: &Value, with_token: bool) -> Reason {
    let message = short(error.get("message").and_then(Value::as_str).unwrap_or("no explanation"));
    match error.get("type").and_then(Value::as_str) {
        Some("NOT_FOUND") => Reason::NotFound,
        Some("RATE_LIMITED" | "RATE_LIMIT") => Reason::RateLimited { until: None, with_token },
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES" | "SAML_FAILURE") => Reason::Forbidden { message },
        _ => Reason::Malformed { detail: format!("GraphQL error: {message}") },
    }
}
