//! System call events as Falco has them.
//!
//! [`table`] says what kinds of events there are; an [`Event`] is one of them, borrowed from the bytes that it came in. What is
//! known of the machine from the events before is the state; what a rule may ask of an event and the state are the fields.
//! Nothing here reads files or talks to kernels: bytes come from whoever has them.

pub mod capture;
pub mod convert;
pub mod event;
pub mod fields;
pub mod state;
pub mod table;
pub mod text;

pub use event::{DecodeError, Event};
pub use fields::{EventRecord, Stream, SyscallSchema};
pub use state::{Host, Seen};
pub use table::{EventInfo, EventType, ParamInfo, SyscallId};
