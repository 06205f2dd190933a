//! The fields of the descriptors that `poll` and `ppoll` wait for.

use std::io::Write as _;
use std::net::IpAddr;

use eyrie_lang::{Field, Presence, Values};

use super::fd::{connection, listening};
use super::id;
use super::record::EventRecord;
use crate::table::EventType;
use crate::text;

pub(super) fn extract<'v>(record: &EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let event = record.event;
    let list = match event.ty {
        EventType::POLL_X | EventType::PPOLL_X => event.param(1),
        _ => None,
    };
    let (Some(list), Some(fds)) = (list, record.fds()) else { return Presence::Absent };
    let mut text = Vec::new();
    let mut add = |write: &mut dyn FnMut(&mut Vec<u8>)| {
        if !text.is_empty() {
            text.push(b',');
        }
        write(&mut text);
    };
    for (number, _) in text::poll_list(list) {
        let fd = fds.get(number);
        let end = fd.and_then(|fd| match field.id {
            id::FDLIST_CIPS | id::FDLIST_CPORTS => connection(fd).map(|(client, _)| client),
            id::FDLIST_SPORTS => connection(fd).map(|(_, server)| server),
            _ => connection(fd).map(|(_, server)| server).or_else(|| listening(fd)),
        });
        // Writing to a vector of bytes does not fail.
        match (field.id, end) {
            (id::FDLIST_NUMS, _) => add(&mut |text| _ = write!(text, "{number}")),
            (id::FDLIST_NAMES, _) => {
                let name = fd.map(|fd| &*fd.name).filter(|name| !name.is_empty());
                add(&mut |text| text.extend_from_slice(name.unwrap_or(text::MISSING)));
            }
            (id::FDLIST_CIPS | id::FDLIST_SIPS, Some((address, _))) => add(&mut |text| match address {
                IpAddr::V4(address) => _ = write!(text, "{address}"),
                IpAddr::V6(address) => text::address::write_ipv6(address, text),
            }),
            (id::FDLIST_CPORTS | id::FDLIST_SPORTS, Some((_, port))) => {
                add(&mut |text| _ = write!(text, "{port}"));
            }
            _ => {}
        }
    }
    if text.is_empty() {
        return Presence::Absent;
    }
    out.written_text(|out| out.extend_from_slice(&text))
}
