//! What a capture's head says, put into the [`Host`].

use std::net::IpAddr;

use eyrie_events::Host;
use eyrie_events::capture::Account;
use eyrie_events::state::Interface;
use eyrie_sources::capture::Item;

/// Puts an item of the head into the host. Sections and events are for the caller.
pub(crate) fn insert(host: &mut Host, item: Item<'_>) {
    match item {
        Item::Machine(machine) => host.set_machine(machine),
        Item::Interface(interface) => {
            let name = String::from_utf8_lossy(interface.name).into_owned();
            // The three addresses are of one family.
            let interface = match (interface.address, interface.mask, interface.broadcast) {
                (IpAddr::V4(address), IpAddr::V4(netmask), IpAddr::V4(broadcast)) => {
                    Interface::Ipv4 { name, address, netmask, broadcast }
                }
                (IpAddr::V6(address), ..) => Interface::Ipv6 { name, address },
                _ => return,
            };
            host.insert_interface(interface);
        }
        Item::Account(Account::User(user)) => host.insert_user(&user),
        Item::Account(Account::Group(group)) => host.insert_group(&group),
        Item::Thread(thread) => host.insert_thread(&thread),
        Item::Descriptor(tid, descriptor) => host.insert_fd(tid, &descriptor),
        Item::Section(_) | Item::Event(_) => {}
    }
}
