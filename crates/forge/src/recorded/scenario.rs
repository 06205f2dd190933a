//! A GraphQL repository object as one writes it by hand: placeholders, and the world beside the API in keys that
//! begin with `_`.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{Recorded, RecordedError, Source};
use crate::github::response;
use crate::{Answer, Page, Reason, RepositoryUrl};

/// The web as a recording knows it.
#[derive(Debug, Clone)]
pub(super) enum Pages {
    /// Nothing was recorded.
    NotRecorded,
    /// By host, and there is nothing else.
    ByHost(BTreeMap<String, String>),
    /// One page, or why there is none.
    One(Answer<Page>),
    /// The text of the homepage, whatever its address.
    Body(String),
}

impl Pages {
    pub(super) fn get(&self, url: &str) -> Answer<Page> {
        match self {
            Self::NotRecorded => Answer::default(),
            Self::One(Answer::Known(page)) if page.url != url => Answer::default(),
            Self::One(answer) => answer.clone(),
            Self::Body(body) => Answer::Known(page(url, 200, body)),
            Self::ByHost(pages) => {
                let Some(host) = web_host(url) else {
                    let detail = "it is no http(s) address".into();
                    return Answer::Unavailable(Reason::AddressRefused { detail });
                };
                match pages.get(&host).map(String::as_str) {
                    None => Answer::Known(page(url, 404, "")),
                    Some("@refuse") => Answer::Unavailable(Reason::Unreachable {
                        detail: format!("{host} closes the connection"),
                    }),
                    Some("@hang") => Answer::Unavailable(Reason::TimedOut { step: "response".into() }),
                    Some(body) => Answer::Known(page(url, 200, body)),
                }
            }
        }
    }
}

fn page(url: &str, status: u16, body: &str) -> Page {
    Page {
        url: url.into(),
        final_url: url.into(),
        status,
        content_type: None,
        truncated: false,
        body: body.into(),
    }
}

/// The host of an http(s) address, in lower case and with its port if it has one.
fn web_host(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// Reads an object that is not one of the other forms.
pub(super) fn read(mut value: Value, now: Timestamp, path: &Path) -> Result<Recorded, RecordedError> {
    let form = |message: &str| RecordedError::Form { path: path.to_owned(), message: message.into() };
    let has_placeholders = any_text(&value, &|text| PLACEHOLDERS.iter().any(|p| text.contains(p)));
    map_texts(&mut value, &|text| fill_dates(text, now));
    let Value::Object(object) = &mut value else { return Err(form("not a JSON object")) };
    let has_world = object.keys().any(|key| key.starts_with('_') && !key.starts_with("__"));
    if !has_world && !object.keys().any(|key| KNOWN_KEYS.contains(&key.as_str())) {
        return Err(form("none of the keys of GitHub's GraphQL repository object is there"));
    }

    let pages = match object.remove("_pages") {
        None => None,
        Some(Value::Object(pages)) => {
            let text = |(host, body): (String, Value)| match body {
                Value::String(body) => Ok((host.to_ascii_lowercase(), body)),
                _ => Err(form("`_pages` maps hosts to texts")),
            };
            Some(pages.into_iter().map(text).collect::<Result<_, _>>()?)
        }
        Some(_) => return Err(form("`_pages` maps hosts to texts")),
    };
    let files = match object.remove("_community_files") {
        None => None,
        Some(files) => Some(
            serde_json::from_value::<Vec<String>>(files)
                .map_err(|_| form("`_community_files` is a list of paths"))?,
        ),
    };
    let failed = own_failure(object, now).map_err(form)?;

    let closed = has_world || has_placeholders;
    Ok(Recorded {
        pages: match pages {
            Some(pages) => Pages::ByHost(pages),
            None if closed => Pages::ByHost(BTreeMap::new()),
            None => Pages::NotRecorded,
        },
        organization_files: match files {
            Some(files) => Answer::Known(files),
            None if closed => Answer::Known(Vec::new()),
            None => Answer::default(),
        },
        landscape: Answer::Unavailable(if closed { Reason::NotConfigured } else { Reason::NotRecorded }),
        repository: match failed {
            Some(source) => source,
            None => Source::Scenario(value),
        },
    })
}

/// `_status` and `_raw`: what the API itself answered instead of the object.
fn own_failure(object: &mut Map<String, Value>, now: Timestamp) -> Result<Option<Source>, &'static str> {
    let (status, raw) = (object.remove("_status"), object.remove("_raw"));
    if status.is_none() && raw.is_none() {
        return Ok(None);
    }
    let status = match status {
        None => 200,
        Some(status) => status
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .ok_or("`_status` is an HTTP status")?,
    };
    let body = match &raw {
        None => String::new(),
        Some(Value::String(body)) => body.clone(),
        Some(body) => body.to_string(),
    };
    if let Some(reason) =
        response::refusal(status, &response::LimitHeaders::default(), body.as_bytes(), true, now)
    {
        return Ok(Some(Source::Failed(reason)));
    }
    if raw.is_none() {
        return Ok(None);
    }
    Ok(Some(match serde_json::from_str(&body) {
        Ok(value) => Source::GraphQl(value),
        Err(error) => Source::Failed(Reason::Malformed { detail: format!("not JSON: {error}") }),
    }))
}

/// Keys by which a GraphQL repository object is recognised.
const KNOWN_KEYS: [&str; 18] = [
    "name",
    "owner",
    "url",
    "defaultBranchRef",
    "description",
    "homepageUrl",
    "isArchived",
    "isFork",
    "isPrivate",
    "createdAt",
    "pushedAt",
    "licenseInfo",
    "codeOfConduct",
    "securityPolicyUrl",
    "discussions",
    "releases",
    "pullRequests",
    "issues",
];

const PLACEHOLDERS: [&str; 3] = ["{NOW", "{owner}", "{repo}"];

/// Puts owner and name of the address asked for in place of `{owner}` and `{repo}`.
pub(super) fn fill_names(value: &mut Value, url: &RepositoryUrl) {
    map_texts(value, &|text| {
        text.contains('{').then(|| text.replace("{owner}", url.owner()).replace("{repo}", url.name()))
    });
}

/// Puts dates in place of `{NOW}`, `{NOW-7d}`, `{NOW+1h}`; what is not understood stays.
fn fill_dates(text: &str, now: Timestamp) -> Option<String> {
    if !text.contains("{NOW") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{NOW") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let date = from.find('}').and_then(|end| {
            let offset = from.get("{NOW".len()..end)?;
            Some((date(offset, now)?, from.get(end + 1..)?))
        });
        match date {
            Some((date, after)) => {
                out.push_str(&date.to_string());
                rest = after;
            }
            None => {
                out.push_str("{NOW");
                rest = from.get("{NOW".len()..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    Some(out)
}

fn date(offset: &str, now: Timestamp) -> Option<Timestamp> {
    if offset.is_empty() {
        return Some(now);
    }
    let unit = offset.chars().next_back()?;
    let number: i64 = offset.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3600,
        'm' => 60,
        's' => 1,
        _ => return None,
    };
    now.checked_add(SignedDuration::from_secs(number.checked_mul(seconds)?)).ok()
}

/// Whether any text of the value satisfies the test. Depth is bounded by the JSON reader's limit.
fn any_text(value: &Value, test: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => test(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, test)),
        Value::Object(object) => object.values().any(|item| any_text(item, test)),
        _ => false,
    }
}

fn map_texts(value: &mut Value, change: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(changed) = change(text) {
                *text = changed;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| map_texts(item, change)),
        Value::Object(object) => object.values_mut().for_each(|item| map_texts(item, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_filled_in() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let fill = |text: &str| fill_dates(text, now).unwrap_or_else(|| text.to_owned());
        assert_eq!(fill("{NOW-7d}"), "2026-02-22T12:00:00Z");
        assert_eq!(fill("{NOW}"), "2026-03-01T12:00:00Z");
        assert_eq!(fill("a {NOW-1h} b {NOW+1d}"), "a 2026-03-01T11:00:00Z b 2026-03-02T12:00:00Z");
        for odd in [
            "{NOW",
            "{NOW-}",
            "{NOW-7y}",
            "{NOW-99999999999999999999d}",
            "{NOW-9223372036854775807d}",
            "{NOWé}",
        ] {
            assert_eq!(fill(odd), odd);
        }
    }

    #[test]
    fn hosts_of_web_addresses() {
        assert_eq!(web_host("https://Site.example/x?y#z").as_deref(), Some("site.example"));
        assert_eq!(web_host("http://u:p@h:8080").as_deref(), Some("h:8080"));
        assert_eq!(web_host("ftp://h/"), None);
        assert_eq!(web_host("https://"), None);
        assert_eq!(web_host("site.example"), None);
    }
}
