//! Falco's condition language.
