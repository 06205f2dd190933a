//! GitHub: how its answers are read ([`object`], [`response`]).

pub(crate) mod object;
pub(crate) mod response;
