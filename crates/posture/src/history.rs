//! The score over time.
use crate::assess::{AssessError, Opened, Options, Span};
use crate::catalog::compile::Compiled;
use crate::report::History;
pub(crate) fn follow(
    _: &Compiled,
    _: &Opened,
    _: &Options,
    _: &[String],
    _: Span,
) -> Result<Option<History>, AssessError> {
    Ok(None)
}
