//! The fields of processes, threads, users, groups and containers.

use eyrie_events::fields::{EventRecord, Stream, SyscallSchema};
use eyrie_events::state::head::{FdDetail, FdRecord, ThreadRecord};
use eyrie_events::state::{Capabilities, FdType, Host, Limits};
use eyrie_events::{Event, EventType};
use eyrie_lang::{Fields as _, Presence, Schema as _, Values};

use crate::building::{Build, Process};

const SHELL: i64 = 100;

/// `init`, a login shell that leads a session, and a program started by it.
fn machine() -> Host {
    let mut host = Host::new(Limits::default());
    let init = ThreadRecord {
        tid: 1,
        pid: 1,
        ptid: 0,
        vtid: 1,
        vpid: 1,
        comm: b"init",
        cwd: b"/",
        ..Default::default()
    };
    host.insert_thread(&init);
    host.insert_thread(&ThreadRecord {
        tid: SHELL,
        pid: SHELL,
        ptid: 1,
        vtid: SHELL,
        vpid: SHELL,
        sid: SHELL,
        vpgid: SHELL,
        pgid: SHELL,
        comm: b"bash",
        exe: b"-bash",
        exepath: b"/usr/bin/bash (deleted)",
        env: b"HOME=/root\0EMPTY=\0SPACES=  a b \0",
        cwd: b"/root",
        cgroups: b"io=/a\0mem_cgroup=/b\0",
        login_uid: 1000,
        capabilities: Capabilities { permitted: 0b101, effective: 0, inheritable: 1 << 40 },
        fd_limit: 8,
        uid: 0,
        gid: 0,
        ..Default::default()
    });
    let detail = FdDetail::Other { ty: FdType::Fifo, name: b"pipe:[7]" };
    host.insert_fd(SHELL, &FdRecord { number: 1, inode: 7, detail });
    host.finish_head();
    cat().cloned(200, 0, 1_000).apply(&mut host);
    cat().executed("/usr/bin/cat", b"", 2_000).apply(&mut host);
    host
}

fn cat() -> Process<'static> {
    Process { tid: 200, pid: 200, ptid: SHELL, comm: "cat", args: b"-n\0/etc/hosts\0", ..Process::default() }
}

/// What a field shows of an event that does nothing.
fn shown(host: &mut Host, tid: i64, field: &str) -> String {
    shown_of(host, Build::new(EventType::GENERIC_X, tid, 5_000).u16(1).u16(1), field)
}

fn shown_of(host: &mut Host, event: Build, field: &str) -> String {
    let bytes = event.bytes();
    let event = Event::decode(&bytes).unwrap();
    let seen = host.apply(&event);
    let stream = Stream::new();
    let record = EventRecord { event: &event, host, seen, stream: &stream };
    let schema = SyscallSchema::new();
    let field = match field.split_once('[') {
        Some((name, argument)) => schema.resolve(name, argument.strip_suffix(']')),
        None => schema.resolve(field, None),
    };
    let field = field.unwrap();
    let mut values = Values::new();
    if record.extract(&field, &mut values) != Presence::Present {
        return "-".into();
    }
    for value in values.iter() {
        assert!(value.fits(field.ty), "{field}: {value:?} is no {}", field.ty);
    }
    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" ")
}

fn table(host: &mut Host, tid: i64, fields: &[&str]) -> String {
    fields.iter().map(|field| format!("{field} {}\n", shown(host, tid, field))).collect()
}

#[test]
fn a_process_has_a_program_and_parents() {
    insta::assert_snapshot!(table(&mut machine(), 200, &[
        "proc.name", "proc.exe", "proc.exepath", "proc.args", "proc.args[1]", "proc.args[9]", "proc.cmdline",
        "proc.exeline", "proc.cmdnargs", "proc.cmdlenargs", "proc.pid", "proc.ppid", "proc.pname", "proc.pexe",
        "proc.pexepath", "proc.pcmdline", "proc.aname", "proc.aname[0]", "proc.aname[1]", "proc.aname[2]",
        "proc.aname[3]", "proc.apid", "proc.apid[2]", "proc.aexepath[1]", "proc.acmdline[1]", "proc.aargs",
        "proc.cwd", "proc.loginshellid", "proc.duration", "proc.pid.ts", "proc.ppid.ts", "proc.ppid.duration",
        "thread.tid", "thread.ismain", "thread.nametid", "proc.nthreads", "proc.nchilds",
    ]), @r"
        proc.name `cat`
        proc.exe `cat`
        proc.exepath `/usr/bin/cat`
        proc.args `-n /etc/hosts`
        proc.args[1] `/etc/hosts`
        proc.args[9] ``
        proc.cmdline `cat -n /etc/hosts`
        proc.exeline `cat -n /etc/hosts`
        proc.cmdnargs `2`
        proc.cmdlenargs `12`
        proc.pid `200`
        proc.ppid `100`
        proc.pname `bash`
        proc.pexe `-bash`
        proc.pexepath `/usr/bin/bash`
        proc.pcmdline `bash`
        proc.aname `bash` `init`
        proc.aname[0] `cat`
        proc.aname[1] `bash`
        proc.aname[2] `init`
        proc.aname[3] -
        proc.apid `100` `1`
        proc.apid[2] `1`
        proc.aexepath[1] `/usr/bin/bash`
        proc.acmdline[1] `bash`
        proc.aargs -
        proc.cwd `/root/`
        proc.loginshellid `100`
        proc.duration `4000`
        proc.pid.ts `1000`
        proc.ppid.ts `0`
        proc.ppid.duration `1`
        thread.tid `200`
        thread.ismain `true`
        thread.nametid `cat200`
        proc.nthreads `1`
        proc.nchilds `0`
        ");
}

#[test]
fn sessions_and_groups_have_leaders() {
    insta::assert_snapshot!(table(&mut machine(), 200, &[
        "proc.sid", "proc.sname", "proc.sid.exe", "proc.sid.exepath", "proc.is_sid_leader", "proc.vpgid",
        "proc.vpgid.name", "proc.is_vpgid_leader", "proc.pgid", "proc.pgid.name", "proc.is_pgid_leader",
    ]), @r"
        proc.sid `100`
        proc.sname `bash`
        proc.sid.exe `-bash`
        proc.sid.exepath `/usr/bin/bash`
        proc.is_sid_leader `false`
        proc.vpgid `200`
        proc.vpgid.name `cat`
        proc.is_vpgid_leader `true`
        proc.pgid `200`
        proc.pgid.name `cat`
        proc.is_pgid_leader `true`
        ");
    // In a pid namespace the session's id means nothing outside: the highest parent in the same session leads it.
    let mut host = machine();
    let inside = |tid, ptid, vtid, comm| Process {
        tid,
        pid: tid,
        ptid,
        vtid,
        vpid: vtid,
        comm,
        flags: 1 << 29,
        ..Process::default()
    };
    inside(300, SHELL, 1, "runc").cloned(300, 0, 1).apply(&mut host);
    Build::new(EventType::SETSID_X, 300, 2).i64(1).apply(&mut host);
    inside(301, 300, 7, "app").cloned(301, 0, 3).apply(&mut host);
    assert_eq!(shown(&mut host, 301, "proc.sname"), "`runc`");
    assert_eq!(shown(&mut host, 301, "proc.pvpid"), "`1`");
}

#[test]
fn variables_directories_and_descriptors_are_the_main_threads() {
    let mut host = machine();
    let thread =
        Process { tid: 101, pid: SHELL, ptid: 1, comm: "worker", flags: 1 << 13, ..Process::default() };
    thread.cloned(101, 0, 3_000).apply(&mut host);
    insta::assert_snapshot!(table(&mut host, 101, &[
        "proc.env", "proc.env[HOME]", "proc.env[EMPTY]", "proc.env[SPACES]", "proc.env[NONE]", "proc.aenv[HOME]",
        "proc.cwd", "proc.fdopencount", "proc.fdlimit", "proc.fdusage", "proc.stdin.type", "proc.stdout.type",
        "proc.stdout.name", "thread.ismain", "proc.nthreads", "proc.nchilds", "thread.vmsize", "proc.vmsize",
    ]), @r"
        proc.env `HOME=/root EMPTY= SPACES=  a b `
        proc.env[HOME] `/root`
        proc.env[EMPTY] ``
        proc.env[SPACES] `a b`
        proc.env[NONE] ``
        proc.aenv[HOME] ``
        proc.cwd `/root/`
        proc.fdopencount `1`
        proc.fdlimit `8`
        proc.fdusage `12.5`
        proc.stdin.type -
        proc.stdout.type `pipe`
        proc.stdout.name `pipe:[7]`
        thread.ismain `false`
        proc.nthreads `2`
        proc.nchilds `1`
        thread.vmsize `0`
        proc.vmsize `3`
        ");
    assert_eq!(shown(&mut host, 200, "proc.aenv[HOME]"), "`/root`");
    assert_eq!(shown(&mut host, 200, "proc.aenv[1]"), "`HOME=/root EMPTY= SPACES=  a b `");
    assert_eq!(shown(&mut host, 200, "proc.aenv[5]"), "-");
}

#[test]
fn threads_have_capabilities_and_control_groups() {
    insta::assert_snapshot!(table(&mut machine(), SHELL, &[
        "thread.cap_permitted", "thread.cap_effective", "thread.cap_inheritable", "thread.cgroups",
        "thread.cgroup.memory", "thread.cgroup.blkio", "thread.cgroup.cpu", "proc.exe_ino", "proc.duration",
        "user.uid", "user.name", "user.homedir", "user.shell", "user.loginuid", "user.loginname", "group.gid",
        "group.name",
    ]), @r"
        thread.cap_permitted `CAP_CHOWN CAP_DAC_READ_SEARCH`
        thread.cap_effective ``
        thread.cap_inheritable `CAP_CHECKPOINT_RESTORE`
        thread.cgroups `blkio=/a memory=/b`
        thread.cgroup.memory `/b`
        thread.cgroup.blkio `/a`
        thread.cgroup.cpu -
        proc.exe_ino -
        proc.duration -
        user.uid `0`
        user.name `root`
        user.homedir `/root`
        user.shell `<NA>`
        user.loginuid `1000`
        user.loginname `<NA>`
        group.gid `0`
        group.name `root`
        ");
}

#[test]
fn of_an_unknown_thread_little_is_known() {
    insta::assert_snapshot!(table(&mut machine(), 999, &[
        "proc.name", "proc.exe", "proc.exepath", "proc.cmdline", "proc.pid", "proc.ppid", "proc.aname", "proc.cwd",
        "proc.sname", "proc.vpid", "proc.loginshellid", "proc.fdopencount", "proc.nthreads", "proc.nchilds",
        "thread.vtid", "thread.cgroups", "user.uid", "user.name", "user.loginuid", "group.name", "container.id",
    ]), @r"
        proc.name `<NA>`
        proc.exe `<NA>`
        proc.exepath ``
        proc.cmdline `<NA>`
        proc.pid `-1`
        proc.ppid -
        proc.aname -
        proc.cwd `./`
        proc.sname ``
        proc.vpid -
        proc.loginshellid -
        proc.fdopencount `0`
        proc.nthreads `0`
        proc.nchilds `0`
        thread.vtid -
        thread.cgroups -
        user.uid `4294967295`
        user.name `<NA>`
        user.loginuid `-1`
        group.name `<NA>`
        container.id `host`
        ");
}

#[test]
fn a_container_is_known_by_its_control_group_and_described_by_events() {
    let mut host = machine();
    let fields = [
        "container.id",
        "container.full_id",
        "container.name",
        "container.type",
        "container.privileged",
        "container.image.repository",
        "container.mounts",
        "container.mount.dest[0]",
        "container.mount.dest[/s.*]",
        "container.mount.source[/d]",
        "container.mount[7]",
        "container.label[app]",
        "container.labels",
        "k8s.pod.name",
        "k8s.ns.name",
        "k8s.pod.sandbox_id",
        "k8s.pod.label[tier]",
        "container.start_ts",
        "proc.is_container_healthcheck",
        "k8s.deployment.name",
        "user.name",
    ];
    let on_host = table(&mut host, 200, &fields);
    let id = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
    let cgroups = format!("cpuset=/docker/{id}\0");
    Process { tid: 300, pid: 300, ptid: 1, cgroups: cgroups.as_bytes(), comm: "app", ..Process::default() }
        .cloned(300, 0, 3_000)
        .apply(&mut host);
    let unknown = table(&mut host, 300, &fields);
    let json = format!(
        r#"{{"container":{{"id":"3ad7b26ded6d","full_id":"{id}","name":"web","type":7,"privileged":true,"imagerepo":"nginx",
        "labels":{{"app":"web","io.kubernetes.pod.name":"web-1","io.kubernetes.pod.namespace":"shop"}},
        "Mounts":[{{"Source":"/srv","Destination":"/data","Mode":"z","RW":true,"Propagation":"rprivate"}}],
        "pod_sandbox_id":"0123456789abcdef","pod_sandbox_labels":{{"tier":"front"}},"User":"www"}}}}"#
    );
    let told = || Build::new(EventType::ASYNCEVENT_E, 300, 4_000).u32(0).text("container").text(&json);
    assert_eq!(shown_of(&mut host, told(), "container.name"), "`web`");
    assert_eq!(shown_of(&mut host, told(), "user.name"), "`www`");
    let known = table(&mut host, 300, &fields);
    insta::assert_snapshot!(on_host, @r"
        container.id `host`
        container.full_id `host`
        container.name `host`
        container.type `host`
        container.privileged `false`
        container.image.repository ``
        container.mounts ``
        container.mount.dest[0] -
        container.mount.dest[/s.*] -
        container.mount.source[/d] -
        container.mount[7] -
        container.label[app] -
        container.labels ``
        k8s.pod.name -
        k8s.ns.name -
        k8s.pod.sandbox_id ``
        k8s.pod.label[tier] -
        container.start_ts -
        proc.is_container_healthcheck -
        k8s.deployment.name -
        user.name `root`
        ");
    insta::assert_snapshot!(unknown, @r"
        container.id `3ad7b26ded6d`
        container.full_id -
        container.name -
        container.type -
        container.privileged -
        container.image.repository -
        container.mounts -
        container.mount.dest[0] -
        container.mount.dest[/s.*] -
        container.mount.source[/d] -
        container.mount[7] -
        container.label[app] -
        container.labels -
        k8s.pod.name -
        k8s.ns.name -
        k8s.pod.sandbox_id -
        k8s.pod.label[tier] -
        container.start_ts -
        proc.is_container_healthcheck -
        k8s.deployment.name -
        user.name `root`
        ");
    insta::assert_snapshot!(known, @r"
        container.id `3ad7b26ded6d`
        container.full_id `3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e`
        container.name `web`
        container.type `containerd`
        container.privileged `true`
        container.image.repository `nginx`
        container.mounts `/srv:/data:z:true:rprivate`
        container.mount.dest[0] `/data`
        container.mount.dest[/s.*] `/data`
        container.mount.source[/d] `/srv`
        container.mount[7] -
        container.label[app] `web`
        container.labels `app:web`
        k8s.pod.name `web-1`
        k8s.ns.name `shop`
        k8s.pod.sandbox_id `0123456789ab`
        k8s.pod.label[tier] `front`
        container.start_ts -
        proc.is_container_healthcheck -
        k8s.deployment.name -
        user.name `root`
        ");
}
