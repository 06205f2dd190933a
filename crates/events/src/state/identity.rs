//! Users and groups by name, for the host and for each container: [`Identities`].

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::text::Text;

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The number.
    pub uid: u32,
    /// The user's own group.
    pub gid: u32,
    /// The name.
    pub name: Text,
    /// The home directory.
    pub home: Text,
    /// The login shell.
    pub shell: Text,
}

/// A group of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserGroup {
    /// The number.
    pub gid: u32,
    /// The name.
    pub name: Text,
}

#[derive(Clone, Debug, Default)]
struct Directory {
    users: HashMap<u32, User, RandomState>,
    groups: HashMap<u32, UserGroup, RandomState>,
}

/// The users and groups that are known.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    host: Directory,
    containers: HashMap<Text, Directory, RandomState>,
}

impl Identities {
    fn directory(&self, container_id: &[u8]) -> Option<&Directory> {
        if container_id.is_empty() {
            Some(&self.host)
        } else {
            // A text is borrowed as its bytes.
            self.containers.get(container_id)
        }
    }

    fn directory_mut(&mut self, container_id: &[u8]) -> &mut Directory {
        if container_id.is_empty() {
            &mut self.host
        } else {
            self.containers.entry(container_id.into()).or_default()
        }
    }

    /// A user of a container, or of the host if `container_id` is empty.
    pub fn user(&self, container_id: &[u8], uid: u32) -> Option<&User> {
        self.directory(container_id)?.users.get(&uid)
    }

    /// A group of a container, or of the host if `container_id` is empty.
    pub fn group(&self, container_id: &[u8], gid: u32) -> Option<&UserGroup> {
        self.directory(container_id)?.groups.get(&gid)
    }

    /// The users of the host.
    pub fn host_users(&self) -> impl Iterator<Item = &User> {
        self.host.users.values()
    }

    /// The groups of the host.
    pub fn host_groups(&self) -> impl Iterator<Item = &UserGroup> {
        self.host.groups.values()
    }

    pub(crate) fn add_user(&mut self, container_id: &[u8], user: User) {
        self.directory_mut(container_id).users.insert(user.uid, user);
    }

    pub(crate) fn add_group(&mut self, container_id: &[u8], group: UserGroup) {
        self.directory_mut(container_id).groups.insert(group.gid, group);
    }

    pub(crate) fn remove_user(&mut self, container_id: &[u8], uid: u32) {
        self.directory_mut(container_id).users.remove(&uid);
    }

    pub(crate) fn remove_group(&mut self, container_id: &[u8], gid: u32) {
        self.directory_mut(container_id).groups.remove(&gid);
    }
}
