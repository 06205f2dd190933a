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
    containers: Directories,
    /// Users and groups of all.
    count: usize,
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

    /// Adds a user or changes a known one. False, and nothing happens, if there would be more than `limit` users and groups. Names
    /// that begin with a sign refer to a network's directory and are not users.
    pub(crate) fn add_user(&mut self, container_id: &[u8], mut user: User, limit: usize) -> bool {
        if matches!(user.name.first(), Some(b'+' | b'-')) {
            return true;
        }
        let Identities { host, containers, count } = self;
        let directory = open(host, containers, container_id, *count < limit);
        let Some(directory) = directory else { return false };
        cut(&mut user.name, MAX_NAME);
        cut(&mut user.home, MAX_PATH);
        cut(&mut user.shell, MAX_PATH);
        if let Some(known) = directory.users.get_mut(&user.uid) {
            *known = User { gid: known.gid, ..user };
            return true;
        }
        let has_room = *count < limit;
        if has_room {
            *count += 1;
            directory.users.insert(user.uid, user);
        }
        has_room
    }

    /// As [`add_user`](Self::add_user).
    pub(crate) fn add_group(&mut self, container_id: &[u8], mut group: UserGroup, limit: usize) -> bool {
        if matches!(group.name.first(), Some(b'+' | b'-')) {
            return true;
        }
        let Identities { host, containers, count } = self;
        let directory = open(host, containers, container_id, *count < limit);
        let Some(directory) = directory else { return false };
        cut(&mut group.name, MAX_NAME);
        let has_room = *count < limit || directory.groups.contains_key(&group.gid);
        if has_room && directory.groups.insert(group.gid, group).is_none() {
            *count += 1;
        }
        has_room
    }

    pub(crate) fn remove_user(&mut self, container_id: &[u8], uid: u32) {
        let Identities { host, containers, count } = self;
        let directory = open(host, containers, container_id, false);
        if directory.is_some_and(|directory| directory.users.remove(&uid).is_some()) {
            *count -= 1;
        }
    }

    pub(crate) fn remove_group(&mut self, container_id: &[u8], gid: u32) {
        let Identities { host, containers, count } = self;
        let directory = open(host, containers, container_id, false);
        if directory.is_some_and(|directory| directory.groups.remove(&gid).is_some()) {
            *count -= 1;
        }
    }
}

type Directories = HashMap<Text, Directory, RandomState>;

/// The directory of a container, or the host's if `container_id` is empty; made if it is not there and `may_make`.
fn open<'a>(
    host: &'a mut Directory,
    containers: &'a mut Directories,
    container_id: &[u8],
    may_make: bool,
) -> Option<&'a mut Directory> {
    if container_id.is_empty() {
        Some(host)
    } else if may_make && !containers.contains_key(container_id) {
        Some(containers.entry(container_id.into()).or_default())
    } else {
        containers.get_mut(container_id)
    }
}

/// The longest name and path that Falco keeps.
const MAX_NAME: usize = 255;
const MAX_PATH: usize = 1023;

fn cut(text: &mut Text, limit: usize) {
    if let Some(short) = text.get(..limit).filter(|_| text.len() > limit) {
        *text = Text::from(short);
    }
}
