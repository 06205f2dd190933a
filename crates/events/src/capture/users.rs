//! Users and groups at a capture's head: [`Account`].

use super::cursor::{ByteOrder, Cursor};
use super::{BlockError, Entries};
use crate::state::head::{GroupRecord, UserRecord};

/// A user or a group of the machine.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names say all there is to say")]
pub enum Account<'a> {
    User(UserRecord<'a>),
    Group(GroupRecord<'a>),
}

impl<'a> Account<'a> {
    /// Reads one entry of a list; `bytes` is what is left of the list or at least [`MAX_ENTRY`](super::MAX_ENTRY) of it. Returns
    /// the entry and its length.
    ///
    /// # Errors
    /// If the bytes end within it.
    pub fn decode(
        bytes: &'a [u8],
        entries: Entries,
        order: ByteOrder,
    ) -> Result<(Account<'a>, usize), BlockError> {
        let mut cursor = Cursor::new(bytes, order);
        let len = match entries {
            Entries::Plain => None,
            Entries::Sized => Some(cursor.entry("the user list")?),
        };
        let account = match cursor.u8("the kind of an account")? {
            0 => Account::User(UserRecord {
                uid: cursor.u32("a user's id")?,
                gid: cursor.u32("a user's group")?,
                name: cursor.text("a user's name")?,
                home: cursor.text("a user's home")?,
                shell: cursor.text("a user's shell")?,
            }),
            _ => Account::Group(GroupRecord {
                gid: cursor.u32("a group's id")?,
                name: cursor.text("a group's name")?,
            }),
        };
        Ok((account, len.unwrap_or(cursor.used())))
    }
}
