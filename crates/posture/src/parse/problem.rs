//! What is wrong with a file that a user wrote, and where.

use crate::yaml::{Span, YamlError};

/// Something in a file that needs a person's attention.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name of this kind of problem: `missing-key`, `wrong-type` …
    pub code: &'static str,
    /// The key it is about, as `exemptions[1].reason`; empty for the whole file.
    pub path: String,
    /// What is wrong, in a sentence without its place.
    pub message: String,
    /// Where; for a key that is missing, the mapping that should have it.
    pub span: Span,
    /// What to do about it, where that is known.
    pub help: Option<String>,
}

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is read as meant, probably; a part has no effect.
    Warning,
    /// The file, or the entry, cannot be used.
    Error,
}

impl Problem {
    pub(super) fn error(code: &'static str, path: &str, message: String, span: Span) -> Self {
        Self { severity: Severity::Error, code, path: path.to_owned(), message, span, help: None }
    }

    pub(super) fn warning(code: &'static str, path: &str, message: String, span: Span) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, path, message, span) }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<YamlError> for Problem {
    fn from(error: YamlError) -> Self {
        let help = error.help.map(str::to_owned);
        Self { help, ..Self::error("yaml", "", error.message, error.span) }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: ", self.span.line, self.span.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}
