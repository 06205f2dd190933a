//! The paths of calls on files, such as `mkdir` and `rename`, as they were given and made whole.

use eyrie_lang::{Field, Presence, Values};

use super::fd::subject_of;
use super::record::{EventRecord, is_whole, write_directory, write_joined};
use super::{evt, id};
use crate::state::FdType;
use crate::table::{EventType, ParamName};
use crate::text::{self, AT_FDCWD};

/// Where the path of a call stands.
enum Place {
    Param(ParamName),
    /// The name of the descriptor.
    Fd,
}

pub(super) fn extract<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let event = record.event;
    let is_source = matches!(field.id, id::FS_PATH_SOURCE | id::FS_PATH_SOURCERAW);
    let is_target = matches!(field.id, id::FS_PATH_TARGET | id::FS_PATH_TARGETRAW);
    let raw = matches!(field.id, id::FS_PATH_NAMERAW | id::FS_PATH_SOURCERAW | id::FS_PATH_TARGETRAW);
    let place = if is_source || is_target { two_paths(event.ty, is_source) } else { one_path(event.ty) };
    let Some(place) = place.filter(|_| went_well(record)) else { return Presence::Absent };
    let path = match place {
        Place::Param(name) => {
            let params = event.info().params;
            let at = params.iter().position(|param| param.name_id == name);
            match at.and_then(|at| event.param(at)) {
                Some(path) => text::text(path),
                None => return Presence::Absent,
            }
        }
        Place::Fd => match subject_of(record) {
            Some(fd) => &*fd.name,
            None => b"",
        },
    };
    if raw {
        return out.text(path);
    }
    if record.thread_index().is_none() {
        return Presence::Absent;
    }
    if is_whole(path) {
        return out.text(path);
    }
    out.written_text(|out| write_whole(record, field, path, out))
}

/// Writes a path, made whole.
fn write_whole(record: &EventRecord<'_>, field: &Field, path: &[u8], out: &mut Vec<u8>) {
    const UNKNOWN: &[u8] = b"<UNKNOWN>";
    if path.starts_with(b"/") {
        write_joined(b"", path, out);
        return;
    }
    let event = record.event;
    let mut base = Vec::new();
    match event.ty {
        // The descriptor has the whole path.
        EventType::OPENAT_2_X | EventType::OPENAT2_X => {
            let name = record.fd().map_or(UNKNOWN, |fd| &fd.name);
            write_joined(b"", name, out);
            return;
        }
        // The descriptor is the directory.
        EventType::NEWFSTATAT_X
        | EventType::FCHOWNAT_X
        | EventType::FCHMODAT_X
        | EventType::MKDIRAT_X
        | EventType::UNLINKAT_2_X
        | EventType::MKNODAT_X => write_own_directory(record, &mut base),
        EventType::SYMLINKAT_X if field.id == id::FS_PATH_SOURCE => write_own_directory(record, &mut base),
        EventType::SYMLINKAT_X => base.extend_from_slice(UNKNOWN),
        EventType::RENAMEAT2_X => {
            let at = if field.id == id::FS_PATH_TARGET { 3 } else { 1 };
            record.write_path_in(event.i64(at).unwrap_or(AT_FDCWD), UNKNOWN, path, out);
            return;
        }
        _ => base.extend_from_slice(record.working_directory()),
    }
    write_joined(&base, path, out);
}

fn write_own_directory(record: &EventRecord<'_>, out: &mut Vec<u8>) {
    match record.fd().filter(|fd| fd.ty == FdType::Directory) {
        Some(fd) => write_directory(fd, out),
        None => out.extend_from_slice(b"<UNKNOWN>"),
    }
}

fn went_well(record: &EventRecord<'_>) -> bool {
    let opens = matches!(record.event.ty, EventType::OPEN_X | EventType::OPENAT_2_X | EventType::OPENAT2_X);
    // Falco asks only whether the result of opening is -1, which is one error of many.
    evt::result(record).is_some_and(|result| if opens { result != -1 } else { result == 0 })
}

fn one_path(ty: EventType) -> Option<Place> {
    Some(match ty {
        EventType::OPEN_X
        | EventType::OPENAT_2_X
        | EventType::OPENAT2_X
        | EventType::UNLINKAT_2_X
        | EventType::UMOUNT_1_X
        | EventType::UMOUNT2_X => Place::Param(ParamName::NAME),
        EventType::MKDIR_2_X
        | EventType::MKDIRAT_X
        | EventType::RMDIR_2_X
        | EventType::UNLINK_2_X
        | EventType::CHOWN_X
        | EventType::LCHOWN_X => Place::Param(ParamName::PATH),
        EventType::CHMOD_X | EventType::FCHMODAT_X => Place::Param(ParamName::FILENAME),
        EventType::FCHOWNAT_X => Place::Param(ParamName::PATHNAME),
        EventType::QUOTACTL_X => Place::Param(ParamName::SPECIAL),
        EventType::FCHMOD_X | EventType::FCHOWN_X => Place::Fd,
        _ => return None,
    })
}

fn two_paths(ty: EventType, is_source: bool) -> Option<Place> {
    let (source, target) = match ty {
        EventType::RENAME_X | EventType::RENAMEAT_X | EventType::RENAMEAT2_X => {
            (ParamName::OLDPATH, ParamName::NEWPATH)
        }
        EventType::LINK_2_X | EventType::LINKAT_2_X => (ParamName::NEWPATH, ParamName::OLDPATH),
        EventType::SYMLINK_X | EventType::SYMLINKAT_X => (ParamName::LINKPATH, ParamName::TARGET),
        EventType::MOUNT_X => (ParamName::DEV, ParamName::DIR),
        _ => return None,
    };
    Some(Place::Param(if is_source { source } else { target }))
}
