//! Capture files: [`Reader`] streams what is in one, [`Writer`] makes one. The format of blocks is in
//! [`eyrie_events::capture`].

mod ahead;
mod compression;
mod reader;
mod window;
mod writer;

pub use compression::Compression;
pub use reader::{Counts, Item, Limit, ReadError, Reader, Recorded, STATE_ONLY, is_initial};
pub use writer::Writer;
