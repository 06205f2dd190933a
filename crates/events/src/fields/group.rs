//! The fields `group.*`: the group whose rights the event's thread has.

use eyrie_lang::{Field, Presence, Values};

use super::id;
use super::process::Subject;
use super::record::EventRecord;

pub(super) fn extract<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let Some(Subject { thread, .. }) = Subject::of(record) else { return Presence::Absent };
    match field.id {
        id::GROUP_GID => out.uint(u64::from(thread.gid)),
        id::GROUP_NAME => match record.host.identities.group(&thread.container_id, thread.gid) {
            Some(group) => out.text(&group.name),
            None => out.text(if thread.gid == 0 { "root" } else { "<NA>" }),
        },
        _ => Presence::Absent,
    }
}
