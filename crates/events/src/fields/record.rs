//! What fields are computed from: [`EventRecord`], an event with the state it is seen in.

use crate::event::Event;
use crate::state::{Fd, Host, Seen, Thread};

/// An event and the machine as it is after the event.
#[derive(Clone, Copy, Debug)]
pub struct EventRecord<'a> {
    /// The event.
    pub event: &'a Event<'a>,
    /// The machine.
    pub host: &'a Host,
    /// Whose the event is, as [`Host::apply`] said.
    pub seen: Seen,
}

impl<'a> EventRecord<'a> {
    /// The thread of the event.
    pub fn thread(&self) -> Option<&'a Thread> {
        self.host.thread(&self.seen)
    }

    /// The descriptor that the event is about.
    pub fn fd(&self) -> Option<&'a Fd> {
        self.host.fd(&self.seen)
    }
}
