//! The fields `user.*`: the user whose rights the event's thread has, and the one who logged in.

use eyrie_lang::{Field, Presence, Values};

use super::container;
use super::id;
use super::process::Subject;
use super::record::EventRecord;
use crate::state::NO_ID;

const NOT_AVAILABLE: &str = "<NA>";

pub(super) fn extract<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let Some(Subject { thread, .. }) = Subject::of(record) else { return Presence::Absent };
    let identities = &record.host.identities;
    let user = |uid| identities.user(&thread.container_id, uid);
    let root_or = |uid, root| if uid == 0 { root } else { NOT_AVAILABLE };
    match field.id {
        id::USER_UID => out.uint(u64::from(thread.uid)),
        id::USER_NAME => {
            // An event on a container is about the container's user.
            if container::is_told(record)
                && let Some(container) = record.host.containers.get(&thread.container_id)
                && !container.user.is_empty()
            {
                return out.text(&container.user);
            }
            match user(thread.uid) {
                Some(user) => out.text(&user.name),
                None => out.text(root_or(thread.uid, "root")),
            }
        }
        id::USER_HOMEDIR => match user(thread.uid) {
            Some(user) => out.text(&user.home),
            None => out.text(root_or(thread.uid, "/root")),
        },
        id::USER_SHELL => match user(thread.uid) {
            Some(user) => out.text(&user.shell),
            None => out.text(NOT_AVAILABLE),
        },
        id::USER_LOGINUID => {
            out.int(if thread.login_uid == NO_ID { -1 } else { i64::from(thread.login_uid) })
        }
        id::USER_LOGINNAME => match user(thread.login_uid) {
            Some(user) => out.text(&user.name),
            None => out.text(root_or(thread.login_uid, "root")),
        },
        _ => Presence::Absent,
    }
}
