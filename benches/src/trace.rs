//! A capture of everyday work: processes that open, read and close files, of which none is of note.

use std::io;

use eyrie_events::state::Machine;
use eyrie_events::state::head::{FdDetail, FdRecord, ThreadRecord};
use eyrie_events::{Event, EventType};
use eyrie_sources::capture::{Compression, Writer};

/// How many processes take turns.
const PROCESSES: i64 = 40;

/// A capture with so many events, compressed with gzip; the same for the same number.
///
/// # Errors
/// None: memory takes everything.
pub fn write(events: u64) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new(), Compression::Gzip)?;
    writer.machine(&Machine { cpus: 2, hostname: "bench".into(), ..Machine::default() })?;
    let names: Vec<String> = (0..PROCESSES).map(|at| format!("worker-{at}")).collect();
    let paths: Vec<String> = names.iter().map(|name| format!("/usr/bin/{name}")).collect();
    let threads = (0..).zip(names.iter().zip(&paths)).map(|(at, (name, path))| ThreadRecord {
        tid: 100 + at,
        pid: 100 + at,
        ptid: if at == 0 { 1 } else { 99 + at / 2 },
        comm: name.as_bytes(),
        exe: name.as_bytes(),
        exepath: path.as_bytes(),
        args: b"--quiet\0--config\0/etc/worker.conf\0",
        cwd: b"/srv/work",
        uid: 1000,
        gid: 1000,
        ..ThreadRecord::default()
    });
    writer.threads(threads)?;
    for tid in 100..100 + PROCESSES {
        let detail = FdDetail::File { open_flags: 1, path: b"/dev/null", device: 5 };
        writer.descriptors(tid, [FdRecord { number: 0, inode: 4, detail }])?;
    }
    let mut bytes = Vec::new();
    let mut time = 1_795_309_200_000_000_000;
    for at in 0..events {
        // Three events after one another are of one process.
        let tid = 100 + i64::try_from(at / 3 % 40).unwrap_or(0);
        time += 9_000 + at % 7 * 1_000;
        let file = at / 3 % 997;
        let (ok, fd) = (0i64.to_le_bytes(), 3i64.to_le_bytes());
        match at % 6 {
            0 | 3 => {
                let path = format!("/srv/work/data/{file:04}.json\0");
                let params: [&[u8]; 7] = [
                    &fd,
                    &(-100i64).to_le_bytes(),
                    path.as_bytes(),
                    &1u32.to_le_bytes(),
                    &[0; 4],
                    &8u32.to_le_bytes(),
                    &file.to_le_bytes(),
                ];
                event(&mut bytes, time, tid, EventType::OPENAT_2_X, &params);
            }
            1 => {
                let data = [b'x'; 80];
                let params: [&[u8]; 4] = [&4096i64.to_le_bytes(), &data, &fd, &4096u32.to_le_bytes()];
                event(&mut bytes, time, tid, EventType::READ_X, &params);
            }
            4 => {
                // futex
                event(
                    &mut bytes,
                    time,
                    tid,
                    EventType::GENERIC_X,
                    &[&168u16.to_le_bytes(), &202u16.to_le_bytes()],
                );
            }
            _ => event(&mut bytes, time, tid, EventType::CLOSE_X, &[&ok, &fd]),
        }
        if let Ok(event) = Event::decode(&bytes) {
            writer.event(&event, 0)?;
        }
    }
    writer.finish()
}

fn event(out: &mut Vec<u8>, time: u64, tid: i64, ty: EventType, params: &[&[u8]]) {
    out.clear();
    let len = 26 + params.iter().map(|param| 2 + param.len()).sum::<usize>();
    out.extend_from_slice(&time.to_le_bytes());
    out.extend_from_slice(&tid.to_le_bytes());
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&ty.0.to_le_bytes());
    out.extend_from_slice(&u32::try_from(params.len()).unwrap_or(u32::MAX).to_le_bytes());
    for param in params {
        out.extend_from_slice(&u16::try_from(param.len()).unwrap_or(u16::MAX).to_le_bytes());
    }
    for param in params {
        out.extend_from_slice(param);
    }
}
