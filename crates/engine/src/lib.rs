//! Rules over events and facts.
