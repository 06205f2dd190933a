//! Events on containers, and which container a process is in.

use super::{result_of, text_of, text_param};
use crate::event::Event;
use crate::state::containers::Container;
use crate::state::threads::ThreadIndex;
use crate::state::{Host, Seen};
use crate::table::EventType;

impl Host {
    /// A process began or started another program: it may be in a container now.
    pub(super) fn place_in_container(&mut self, event: &Event<'_>, seen: &Seen) {
        if result_of(event) < 0 {
            return;
        }
        if let Some(index) = seen.thread {
            self.find_container(index);
        }
    }

    pub(crate) fn find_container(&mut self, index: ThreadIndex) {
        let Some(thread) = self.threads.get_mut(index) else { return };
        thread.container_id = self.containers.id_of(&thread.cgroups);
    }

    pub(super) fn container_changed(&mut self, event: &Event<'_>) {
        match event.ty {
            EventType::ASYNCEVENT_E => {
                let gone = match text_param(event, 1) {
                    b"container" => false,
                    b"container_removed" => true,
                    _ => return,
                };
                let Some(container) = event.param(2).and_then(Container::from_json) else { return };
                if gone {
                    self.containers.remove(event.number, container);
                } else {
                    self.containers.insert(event.number, container);
                }
            }
            EventType::CONTAINER_E => {
                let text =
                    |at| String::from_utf8_lossy(text_of(event.param(at).unwrap_or_default())).into_owned();
                self.containers.insert(
                    event.number,
                    Container {
                        id: text_param(event, 0).into(),
                        runtime: crate::state::containers::Runtime::from_number(u64::from(
                            event.u32(1).unwrap_or(u32::MAX),
                        )),
                        name: text(2),
                        image: text(3),
                        ..Container::default()
                    },
                );
            }
            _ => {
                if let Some(container) = event.param(0).and_then(Container::from_json) {
                    self.containers.insert(event.number, container);
                }
            }
        }
    }
}
