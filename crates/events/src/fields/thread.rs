//! The fields `thread.*`: what belongs to a thread alone.

use eyrie_lang::{Field, Presence, Values};

use super::id;
use super::process::Subject;
use super::record::EventRecord;
use crate::table::EventType;

/// The names of capabilities by number.
const CAPABILITIES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

fn capabilities(bits: u64, out: &mut Vec<u8>) {
    let names = CAPABILITIES.iter().enumerate().filter(|(at, _)| bits >> at & 1 != 0);
    for (at, (_, name)) in names.enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(name.as_bytes());
    }
}

pub(super) fn extract<'v>(
    record: &'v EventRecord<'_>,
    subject: Subject<'v>,
    field: &Field,
    out: &mut Values<'v>,
) -> Presence {
    let thread = subject.thread;
    // The memory of a process is its main thread's.
    let of_main = |kib: u32| if thread.is_main() { u64::from(kib) } else { 0 };
    let memory = thread.memory;
    let if_switched = |time: u64| if record.event.ty == EventType::SCHEDSWITCH_6_E { time } else { 0 };
    match field.id {
        id::THREAD_CAP_PERMITTED => {
            out.written_text(|text| capabilities(thread.capabilities.permitted, text))
        }
        id::THREAD_CAP_INHERITABLE => {
            out.written_text(|text| capabilities(thread.capabilities.inheritable, text))
        }
        id::THREAD_CAP_EFFECTIVE => {
            out.written_text(|text| capabilities(thread.capabilities.effective, text))
        }
        id::THREAD_PFMAJOR => out.uint(memory.major_faults),
        id::THREAD_PFMINOR => out.uint(memory.minor_faults),
        id::THREAD_ISMAIN => out.bool(thread.is_main()),
        id::THREAD_VTID if thread.vtid != -1 => out.int(thread.vtid),
        id::THREAD_NAMETID => out.written_text(|text| {
            text.extend_from_slice(&thread.comm);
            text.extend_from_slice(record.event.tid.to_string().as_bytes());
        }),
        id::THREAD_EXECTIME => out.uint(if_switched(thread.cpu.slice)),
        id::THREAD_TOTEXECTIME => out.uint(thread.cpu.total),
        id::THREAD_CGROUPS if !thread.cgroups.is_empty() => out.written_text(|text| {
            let bytes = thread.cgroups.as_bytes().iter();
            text.extend(bytes.map(|byte| if *byte == 0 { b' ' } else { *byte }));
        }),
        id::THREAD_CGROUP => {
            let name = field.argument.as_ref().map_or(&b""[..], |argument| argument.text.as_bytes());
            out.text_or_absent(thread.cgroup(name))
        }
        id::THREAD_CPU if record.event.ty == EventType::PROCINFO_E => {
            out.float(f64::from(thread.cpu.percent))
        }
        id::THREAD_CPU_USER if record.event.ty == EventType::PROCINFO_E => {
            out.float(f64::from(thread.cpu.user_percent))
        }
        id::THREAD_CPU_SYSTEM if record.event.ty == EventType::PROCINFO_E => {
            out.float(f64::from(thread.cpu.system_percent))
        }
        id::THREAD_VMSIZE => out.uint(of_main(memory.vm_size)),
        id::THREAD_VMRSS => out.uint(of_main(memory.vm_rss)),
        id::THREAD_VMSIZE_B => out.uint(of_main(memory.vm_size) * 1024),
        id::THREAD_VMRSS_B => out.uint(of_main(memory.vm_rss) * 1024),
        _ => Presence::Absent,
    }
}
