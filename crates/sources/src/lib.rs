//! Where events come from. [`capture`] reads and writes capture files, `live` is this host (on Linux); what is in an event and
//! what is known of the host is in `eyrie-events`, and rules are elsewhere.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod capture;
#[cfg(live)]
pub mod live;
