//! The names of things in a register: one newtype a kind, so that a seat is never taken for a person. What they name is
//! elsewhere.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` cannot be an id: use lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit"
)]
pub struct IdError {
    /// The text.
    pub text: String,
}

/// Whether `text` can be an id: at most 100 of `a`–`z`, `0`–`9`, `-`, `_`, `.`, beginning with a letter or digit. Ids are
/// names of files in an export, so nothing else is allowed.
fn is_id(text: &str) -> bool {
    let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    text.len() <= 100
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(ok)
}

/// The id that a name suggests: `Qonto S.A.` is `qonto-s.a`. None if nothing of it can be in an id.
///
/// ```
/// use eyrie_register::domain::id::slug;
/// assert_eq!(slug("Cintia Sánchez García").as_deref(), Some("cintia-sanchez-garcia"));
/// ```
pub fn slug(name: &str) -> Option<String> {
    use unicode_normalization::UnicodeNormalization as _;
    let mut id = String::new();
    for c in name.nfd().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() || (c == '.' && !id.is_empty()) {
            id.push(c);
        } else if (c.is_whitespace() || c.is_ascii_punctuation()) && !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(100);
    let id = id.trim_end_matches(['-', '.']).to_owned();
    is_id(&id).then_some(id)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The id that is written so.
            ///
            /// # Errors
            /// If the text cannot be an id.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                if is_id(&text) { Ok(Self(text.into())) } else { Err(IdError { text }) }
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A project.
    ProjectId
    /// A body that decides: a technical committee, a board.
    BodyId
    /// A seat of a body; it has one vote.
    SeatId
    /// A person.
    PersonId
    /// An organisation.
    OrganisationId
    /// A vote on one motion.
    VoteId
    /// A meeting of a body.
    MeetingId
    /// A foundation's policy, over all its versions.
    PolicyId
    /// A stage of a policy.
    StageId
    /// A criterion of a policy.
    CriterionId
    /// A benefit of a policy.
    BenefitId
    /// A rule by which votes are counted.
    VoteRuleId
    /// A concern, change request, legal question, audit, finding or obligation of a project.
    ItemId
    /// A security review.
    ReviewId
    /// A campaign.
    CampaignId
}

/// A name as it is compared: without case, accents' form, spaces and punctuation, so that `Red Hat`, `RedHat` and `REDHAT` are
/// one. Accents count: `Müller` is not `Muller`.
///
/// ```
/// use eyrie_register::domain::id::folded;
/// assert_eq!(folded("Red Hat"), folded("REDHAT"));
/// assert_ne!(folded("Müller"), folded("Muller"));
/// ```
pub fn folded(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    name.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}
