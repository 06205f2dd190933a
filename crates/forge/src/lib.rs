//! What a forge (GitHub, GitLab) says of a repository, live or recorded. No verdicts are made here: whether an
//! answer is good is decided by rules elsewhere.
//!
//! * [`Forge`] is who is asked: [`GitHub`] over the network, [`Recorded`] from files. [`collect`] asks everything at once and
//!   gives [`ForgeAnswers`].
//! * [`Answer`] is what comes back for each piece: [`Answer::Known`], or [`Answer::Unavailable`] with the
//!   [`Reason`] why nobody could look and what would supply it. One piece that fails never loses another.
//! * [`RepositoryUrl`] is the address of a repository on a forge.
//!
//! ```
//! use eyrie_forge::{Answer, Reason, Recorded, RepositoryUrl, collect};
//!
//! let recorded = Recorded::from_json(
//!     br#"{"name": "falco", "homepageUrl": null}"#,
//!     "2026-01-01T00:00:00Z".parse()?,
//! )?;
//! let url: RepositoryUrl = "https://github.com/falcosecurity/falco".parse()?;
//! let answers = collect(&recorded, &url, None);
//! assert_eq!(answers.repository.homepage_url, Answer::Known(None));
//! assert_eq!(answers.repository.archived, Answer::Unavailable(Reason::NotRecorded));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The library reads neither the clock nor the environment: "now", tokens and proxies are arguments.

mod answer;
mod ask;
mod clone;
mod github;
mod http;
mod landscape;
mod record;
mod recorded;
mod repository;
mod url;

pub use answer::{Answer, Reason};
pub use ask::{Forge, ForgeAnswers, Page, collect};
pub use clone::{CloneError, CloneOptions, CloneProgress, Cloned, OnProgress, clone};
pub use github::{Endpoints, GitHub};
pub use http::{Network, NetworkError, Token, Tokens};
pub use landscape::{LandscapeError, LandscapeItem};
pub use record::{RecordError, record};
pub use recorded::{Recorded, RecordedError};
pub use repository::{
    Actor, AssociatedChange, Association, ChangeChecks, Changeset, Comment, Discussion, Issue, MergedChange,
    Owner, OwnerKind, Release, RepositoryAnswer, Review, ReviewState,
};
pub use url::{ForgeKind, RepositoryUrl, Scheme, UrlError, local_path};
