//! Any bytes as what is in a capture's blocks: entries of lists and events, of every version and either byte order.

#![no_main]

use eyrie_events::capture::{
    Account, BlockKind, ByteOrder, Encoder, Entries, EventFrame, EventLayout, Interface, Section, decode_fd,
    decode_fd_owner, decode_machine, decode_thread,
};
use eyrie_events::convert::{Converter, Outcome};
use eyrie_events::{Event, EventType};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((what, bytes)) = bytes.split_first() else { return };
    let order = if what & 0x80 == 0 { ByteOrder::Little } else { ByteOrder::Big };
    let entries = if what & 0x40 == 0 { Entries::Plain } else { Entries::Sized };
    let mut out = Vec::new();
    match what & 0x0f {
        0 => {
            let _ = Section::peek(bytes);
            let _ = Section::decode(bytes);
        }
        1 => {
            if let Ok(machine) = decode_machine(bytes, order) {
                Encoder::new(&mut out).machine(&machine);
            }
        }
        2 => {
            if let Ok((interface, used)) = Interface::decode(bytes, entries, order) {
                assert!(used > 0 && used <= bytes.len());
                Encoder::new(&mut out).interfaces([interface]);
            }
        }
        3 => {
            if let Ok((account, used)) = Account::decode(bytes, entries, order) {
                assert!(used > 0 && used <= bytes.len());
                Encoder::new(&mut out).accounts([account]);
            }
        }
        4 => {
            let version = what >> 4 & 0x03;
            for version in [version * 2 + 1, version * 2 + 2, 9] {
                if let Ok((thread, used)) = decode_thread(bytes, version, order) {
                    assert!(used > 0 && used <= bytes.len());
                    // What is written is what was read.
                    out.clear();
                    Encoder::new(&mut out).threads([thread]);
                    let (again, _) =
                        decode_thread(&out[8..], 9, ByteOrder::Little).expect("it was just written");
                    if thread.args.len() < 1000 && thread.comm.len() < 1000 && thread.exe.len() < 1000 {
                        assert_eq!(
                            (again.tid, again.comm, again.pgid),
                            (thread.tid, thread.comm, thread.pgid)
                        );
                    }
                }
            }
        }
        5 => {
            let _ = decode_fd_owner(bytes, order);
            if let Ok((fd, used)) = decode_fd(bytes, entries, order) {
                assert!(used > 0 && used <= bytes.len());
                Encoder::new(&mut out).descriptors(1, [fd]);
            }
        }
        6 => {
            if let Some(number) = bytes.first_chunk() {
                let _ = BlockKind::from_number(u32::from_le_bytes(*number));
            }
        }
        _ => {
            let layout =
                EventLayout { counted: what & 1 == 0, flags: what & 2 == 0, large: what & 0x20 != 0 };
            event(bytes, layout, order);
        }
    }
});

fn event(bytes: &[u8], layout: EventLayout, order: ByteOrder) {
    let Ok(frame) = EventFrame::decode(bytes, layout, order) else { return };
    assert_eq!(&bytes[frame.start..frame.start + frame.body.len()], frame.body);
    let mut scratch = Vec::new();
    let Ok(event) = frame.event(order, &mut scratch) else { return };
    let mut converter = Converter::new();
    // Whatever is kept for the thread, and whatever is made of it.
    for _ in 0..2 {
        if let Outcome::Rewritten(ty, params) = converter.convert(&event) {
            let event = Event::from_parts(event.time, event.tid, ty, params, converter.body());
            written(&event.expect("a converted event is one"));
        }
    }
    let exit = EventType(event.ty.0 | 1);
    if let Ok(exit) = Event::from_parts(event.time, event.tid, exit, 0, &[]) {
        let _ = converter.convert(&exit);
    }
    written(&event);
}

fn written(event: &Event<'_>) {
    let mut out = Vec::new();
    Encoder::new(&mut out).event(event, 0);
    let again = Event::decode(&out[10..]).expect("it was just written");
    assert_eq!(
        (again.time, again.tid, again.ty, again.param_count()),
        (event.time, event.tid, event.ty, event.param_count())
    );
    for at in 0..event.param_count() {
        assert_eq!(again.param(at), event.param(at));
    }
}
