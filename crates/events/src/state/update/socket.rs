//! Events on sockets.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::state::descriptors::{Fd, FdType};
use crate::state::machine::Interfaces;

/// Guesses a missing end of a connection from the machine's addresses.
pub(crate) fn complete_addresses(interfaces: &Interfaces, fd: &mut Fd) {
    match fd.ty {
        FdType::Ipv4Socket => {
            let mut tuple = fd.endpoints.v4();
            let same_port = tuple.source_port == tuple.destination_port;
            if tuple.source == Ipv4Addr::UNSPECIFIED {
                let own = interfaces.infer_v4(tuple.destination);
                if own == tuple.destination && same_port {
                    return;
                }
                tuple.source = own;
            } else if tuple.destination == Ipv4Addr::UNSPECIFIED {
                let own = interfaces.infer_v4(tuple.source);
                if own == tuple.source && same_port {
                    return;
                }
                tuple.destination = own;
            } else {
                return;
            }
            fd.endpoints.set_v4(tuple);
        }
        FdType::Ipv6Socket => {
            let mut tuple = fd.endpoints.v6();
            let same_port = tuple.source_port == tuple.destination_port;
            if tuple.source == Ipv6Addr::UNSPECIFIED {
                let own = interfaces.infer_v6(tuple.destination);
                if own == tuple.destination && same_port {
                    return;
                }
                tuple.source = own;
            } else if tuple.destination == Ipv6Addr::UNSPECIFIED {
                let own = interfaces.infer_v6(tuple.source);
                if own == tuple.source && same_port {
                    return;
                }
                tuple.destination = own;
            } else {
                return;
            }
            fd.endpoints.set_v6(tuple);
        }
        _ => {}
    }
}
