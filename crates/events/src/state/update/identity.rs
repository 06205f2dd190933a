//! Events on users, groups and capabilities.

use super::{result_of, text_param};
use crate::event::Event;
use crate::state::identity::{User, UserGroup};
use crate::state::threads::Capabilities;
use crate::state::{Host, Seen};
use crate::table::EventType;

impl Host {
    pub(super) fn changed_user(&mut self, event: &Event<'_>, seen: &Seen) {
        if result_of(event) != 0 {
            return;
        }
        let at = if event.ty == EventType::SETUID_X { 1 } else { 2 };
        if let (Some(uid), Some(thread)) = (event.u32(at), self.thread_mut(seen)) {
            thread.uid = uid;
        }
    }

    pub(super) fn changed_group(&mut self, event: &Event<'_>, seen: &Seen) {
        if result_of(event) != 0 {
            return;
        }
        let at = if event.ty == EventType::SETGID_X { 1 } else { 2 };
        if let (Some(gid), Some(thread)) = (event.u32(at), self.thread_mut(seen)) {
            thread.gid = gid;
        }
    }

    pub(super) fn changed_capabilities(&mut self, event: &Event<'_>, seen: &Seen) {
        if result_of(event) < 0 {
            return;
        }
        if let Some(thread) = self.thread_mut(seen) {
            thread.capabilities = Capabilities {
                inheritable: event.u64(1).unwrap_or(0),
                permitted: event.u64(2).unwrap_or(0),
                effective: event.u64(3).unwrap_or(0),
            };
        }
    }

    pub(super) fn user_changed(&mut self, event: &Event<'_>) {
        let container_id = text_param(event, 5);
        let Some(uid) = event.u32(0) else { return };
        if event.ty == EventType::USER_DELETED_E {
            self.identities.remove_user(container_id, uid);
            return;
        }
        let user = User {
            uid,
            gid: event.u32(1).unwrap_or(0),
            name: text_param(event, 2).into(),
            home: text_param(event, 3).into(),
            shell: text_param(event, 4).into(),
        };
        if !self.identities.add_user(container_id, user, self.limits.identities) {
            self.counts.dropped_identities += 1;
        }
    }

    pub(super) fn group_changed(&mut self, event: &Event<'_>) {
        let container_id = text_param(event, 2);
        let Some(gid) = event.u32(0) else { return };
        if event.ty == EventType::GROUP_DELETED_E {
            self.identities.remove_group(container_id, gid);
            return;
        }
        let group = UserGroup { gid, name: text_param(event, 1).into() };
        if !self.identities.add_group(container_id, group, self.limits.identities) {
            self.counts.dropped_identities += 1;
        }
    }
}
