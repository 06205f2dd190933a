//! The environment's part: variables, the network as they set it up, tokens, the clock.
//!
//! Everything else takes these as arguments.

use eyrie_forge::{Network, Token, Tokens};
use jiff::Timestamp;

use crate::error::Error;
use crate::render::PassScore;
use crate::render::terminal::{Links, TerminalOptions};
use crate::screen::Screen;

/// A variable; bytes that are no UTF-8 are replaced.
pub(crate) fn get(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The first of these that is set and not empty.
fn first(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| get(name).filter(|value| !value.is_empty()))
}

/// The network as `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` and `SSL_CERT_FILE` set it up.
///
/// # Errors
/// If the certificates cannot be read.
pub(crate) fn network() -> Result<Network, Error> {
    let root_certificates = match first(&["SSL_CERT_FILE"]) {
        Some(path) => {
            let read = std::fs::read(&path);
            Some(read.map_err(|source| Error::Read { path: path.into(), source })?)
        }
        None => None,
    };
    let no_proxy = first(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    Ok(Network {
        proxy: first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
        no_proxy: no_proxy
            .split(',')
            .map(|host| host.trim().to_owned())
            .filter(|host| !host.is_empty())
            .collect(),
        root_certificates,
        ..Network::default()
    })
}

/// `GITHUB_TOKEN`, for github.com, and `GH_ENTERPRISE_TOKEN`, for the host of `GH_HOST`.
pub(crate) fn tokens() -> Tokens {
    let token = |name| Token::new(&get(name)?);
    Tokens::new(token("GITHUB_TOKEN"), get("GH_HOST").as_deref(), token("GH_ENTERPRISE_TOKEN"))
}

/// How a screen is drawn on; files are linked from the current folder on.
pub(crate) fn terminal(screen: &Screen, pass_score: Option<PassScore>, quiet: bool) -> TerminalOptions {
    TerminalOptions {
        width: screen.width,
        color: screen.color,
        unicode: screen.unicode,
        links: screen.links.then(|| Links { base: std::env::current_dir().ok(), host: String::new() }),
        pass_score,
        quiet,
    }
}

/// The time.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// This machine's name; empty if it has none.
pub(crate) fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
