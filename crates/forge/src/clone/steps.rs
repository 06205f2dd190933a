//! What gix says of its own steps: [`Steps`] waits for the one that begins when all is received.

use std::sync::Arc;

use gix::progress::{Count, Discard, Id, MessageLevel, NestedProgress, Progress, Step, StepShared, Unit};

use super::CloneProgress;
use super::transport::Shared;

/// Listens to gix's steps.
pub(super) struct Steps(Arc<Shared>);

impl Steps {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }
}

impl NestedProgress for Steps {
    type SubProgress = Self;

    fn add_child(&mut self, _name: impl Into<String>) -> Self {
        Self::new(&self.0)
    }

    fn add_child_with_id(&mut self, _name: impl Into<String>, id: Id) -> Self {
        if id == Id::from(gix::odb::pack::index::write::ProgressId::ResolveObjects) {
            self.0.report(CloneProgress::Resolving);
        }
        Self::new(&self.0)
    }
}

impl Count for Steps {
    fn set(&self, _step: Step) {}

    fn step(&self) -> Step {
        0
    }

    fn inc_by(&self, _step: Step) {}

    fn counter(&self) -> StepShared {
        Discard.counter()
    }
}

impl Progress for Steps {
    fn init(&mut self, _max: Option<Step>, _unit: Option<Unit>) {}

    fn set_name(&mut self, _name: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> Id {
        gix::progress::UNKNOWN
    }

    fn message(&self, _level: MessageLevel, _message: String) {}
}
