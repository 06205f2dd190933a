//! Containers: [`Container`], what is known of one, and [`Containers`], the table of them by id.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::text::Text;

/// A container, as its runtime describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// The id as fields show it, usually the first twelve digits of the full one.
    pub id: Text,
    /// The runtime's own description, as the recorder wrote it.
    pub info: serde_json::Map<String, serde_json::Value>,
}

/// The containers that are known.
#[derive(Clone, Debug, Default)]
pub struct Containers {
    by_id: HashMap<Text, Container, RandomState>,
}

impl Containers {
    /// The container of this id.
    pub fn get(&self, id: &[u8]) -> Option<&Container> {
        self.by_id.get(id)
    }

    /// All of them, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &Container> {
        self.by_id.values()
    }

    pub(crate) fn insert(&mut self, container: Container) {
        self.by_id.insert(container.id.clone(), container);
    }
}
