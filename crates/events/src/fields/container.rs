//! The fields `container.*` and `k8s.*`: the container that the event's process is in, as Falco's plugin `container` gives them.
//! A process in none is in the container `host`.

use std::collections::BTreeMap;

use eyrie_lang::{Field, Presence, Values};
use regex::bytes::RegexBuilder;

use super::id;
use super::process::Subject;
use super::record::EventRecord;
use crate::state::Container;
use crate::state::containers::{Mount, SHORT_ID};
use crate::table::EventType;

/// The name and id of what is no container.
const HOST: &str = "host";

/// Whether an event tells of a new container.
pub(super) fn is_told(record: &EventRecord<'_>) -> bool {
    match record.event.ty {
        EventType::CONTAINER_JSON_2_E => true,
        EventType::ASYNCEVENT_E => record.event.text(1) == Some(b"container"),
        _ => false,
    }
}

/// The container that an event tells of.
pub(super) fn told_of<'a>(record: &EventRecord<'a>) -> Option<&'a Container> {
    let may_tell = matches!(
        record.event.ty,
        EventType::ASYNCEVENT_E
            | EventType::CONTAINER_E
            | EventType::CONTAINER_JSON_E
            | EventType::CONTAINER_JSON_2_E
    );
    if may_tell { record.host.containers.told_by(record.event.number) } else { None }
}

pub(super) fn extract<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    let told = told_of(record);
    let thread = if told.is_some() { None } else { Subject::of(record).map(|subject| subject.thread) };
    let container = match (told, thread) {
        (Some(container), _) => Some(container),
        (None, None) => return Presence::Absent,
        (None, Some(thread)) if thread.container_id.is_empty() => return host(record, field, out),
        (None, Some(thread)) => record.host.containers.get(&thread.container_id),
    };
    match field.id {
        id::CONTAINER_START_TS | id::CONTAINER_DURATION => return times(record, field, out),
        id::CONTAINER_ID => {
            let id = container.map(|container| &container.id).or(thread.map(|thread| &thread.container_id));
            return out.text_or_absent(id);
        }
        _ => {}
    }
    let Some(container) = container else { return Presence::Absent };
    let label = |labels: &'v BTreeMap<String, String>, key: &str| labels.get(key);
    let key = field.argument.as_ref().map_or("", |argument| &argument.text);
    match field.id {
        id::CONTAINER_FULL_ID => out.text(&container.full_id),
        id::CONTAINER_NAME => out.text(&container.name),
        id::CONTAINER_IMAGE => out.text(&container.image),
        id::CONTAINER_IMAGE_ID => out.text(&container.image_id),
        id::CONTAINER_TYPE => out.text(container.runtime.word()),
        id::CONTAINER_PRIVILEGED => out.bool(container.privileged),
        id::CONTAINER_MOUNTS => out.written_text(|text| {
            for (at, mount) in container.mounts.iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                write_mount(mount, text);
            }
        }),
        id::CONTAINER_MOUNT
        | id::CONTAINER_MOUNT_SOURCE
        | id::CONTAINER_MOUNT_DEST
        | id::CONTAINER_MOUNT_MODE
        | id::CONTAINER_MOUNT_RDWR
        | id::CONTAINER_MOUNT_PROPAGATION => mount(container, field, out),
        id::CONTAINER_IMAGE_REPOSITORY => out.text(&container.image_repository),
        id::CONTAINER_IMAGE_TAG => out.text(&container.image_tag),
        id::CONTAINER_IMAGE_DIGEST => out.text(&container.image_digest),
        id::CONTAINER_IP => out.text(&container.ip),
        id::CONTAINER_CNI_JSON => out.text(&container.cni_json),
        id::CONTAINER_HOST_PID => out.bool(container.host_pid),
        id::CONTAINER_HOST_NETWORK => out.bool(container.host_network),
        id::CONTAINER_HOST_IPC => out.bool(container.host_ipc),
        id::CONTAINER_LABEL => out.text_or_absent(label(&container.labels, key)),
        id::CONTAINER_LABELS => out.written_text(|text| write_labels(&container.labels, text)),
        id::K8S_POD_NAME => out.text_or_absent(label(&container.labels, "io.kubernetes.pod.name")),
        id::K8S_NS_NAME => out.text_or_absent(label(&container.labels, "io.kubernetes.pod.namespace")),
        id::K8S_POD_ID | id::K8S_POD_UID => {
            out.text_or_absent(label(&container.labels, "io.kubernetes.pod.uid"))
        }
        id::K8S_POD_SANDBOX_ID => out.text(short(&container.pod_sandbox_id)),
        id::K8S_POD_FULL_SANDBOX_ID => out.text(&container.pod_sandbox_id),
        id::K8S_POD_LABEL => {
            let of_sandbox = sandbox(record, container).and_then(|pod| label(&pod.pod_labels, key));
            out.text_or_absent(of_sandbox.or_else(|| label(&container.pod_labels, key)))
        }
        id::K8S_POD_IP if !container.cni_json.is_empty() => out.text(&container.ip),
        // Falco takes the sandbox without an id for the host, which has neither address nor network nor labels.
        id::K8S_POD_IP | id::K8S_POD_CNI_JSON | id::K8S_POD_LABELS
            if container.cni_json.is_empty() && container.pod_sandbox_id.is_empty() =>
        {
            out.text(b"")
        }
        id::K8S_POD_LABELS => {
            let labels = sandbox(record, container).map_or(&container.pod_labels, |pod| &pod.pod_labels);
            out.written_text(|text| write_labels(labels, text))
        }
        id::K8S_POD_IP => out.text_or_absent(sandbox(record, container).map(|pod| &pod.ip)),
        id::K8S_POD_CNI_JSON if !container.cni_json.is_empty() => out.text(&container.cni_json),
        id::K8S_POD_CNI_JSON => out.text_or_absent(sandbox(record, container).map(|pod| &pod.cni_json)),
        // What is left is deprecated and has no value in Falco either.
        _ => Presence::Absent,
    }
}

/// The fields of a process that is in no container.
fn host<'v>(record: &'v EventRecord<'_>, field: &Field, out: &mut Values<'v>) -> Presence {
    match field.id {
        id::CONTAINER_ID | id::CONTAINER_FULL_ID | id::CONTAINER_NAME | id::CONTAINER_TYPE => out.text(HOST),
        id::CONTAINER_IMAGE
        | id::CONTAINER_IMAGE_ID
        | id::CONTAINER_IMAGE_REPOSITORY
        | id::CONTAINER_IMAGE_TAG
        | id::CONTAINER_IMAGE_DIGEST
        | id::CONTAINER_MOUNTS
        | id::CONTAINER_IP
        | id::CONTAINER_CNI_JSON
        | id::CONTAINER_LABELS
        | id::K8S_POD_SANDBOX_ID
        | id::K8S_POD_FULL_SANDBOX_ID
        | id::K8S_POD_LABELS
        // The sandbox without an id is the host itself.
        | id::K8S_POD_IP
        | id::K8S_POD_CNI_JSON => out.text(b""),
        id::CONTAINER_PRIVILEGED
        | id::CONTAINER_HOST_PID
        | id::CONTAINER_HOST_NETWORK
        | id::CONTAINER_HOST_IPC => out.bool(false),
        id::CONTAINER_START_TS | id::CONTAINER_DURATION => times(record, field, out),
        _ => Presence::Absent,
    }
}

/// When the first process of the pid namespace was started.
fn times(record: &EventRecord<'_>, field: &Field, out: &mut Values<'_>) -> Presence {
    let start = Subject::of(record).map_or(0, |subject| subject.thread.pidns_start);
    match field.id {
        _ if start == 0 || told_of(record).is_some() => Presence::Absent,
        id::CONTAINER_START_TS => out.uint(start),
        _ => out.uint(record.event.time.wrapping_sub(start)),
    }
}

fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// The sandbox of a container's pod, where the container does not know its pod's network itself.
fn sandbox<'a>(record: &EventRecord<'a>, container: &Container) -> Option<&'a Container> {
    if !container.cni_json.is_empty() {
        return None;
    }
    record.host.containers.get(short(&container.pod_sandbox_id).as_bytes())
}

fn write_mount(mount: &Mount, out: &mut Vec<u8>) {
    let writable = if mount.writable { "true" } else { "false" };
    let parts = [&mount.source, &mount.destination, &mount.mode, writable, &mount.propagation];
    out.extend_from_slice(parts.join(":").as_bytes());
}

/// Labels that people set: those that Kubernetes keeps for itself are left out.
fn write_labels(labels: &BTreeMap<String, String>, out: &mut Vec<u8>) {
    let own = ["annotation.", "io.kubernetes."];
    for (key, value) in labels.iter().filter(|(key, _)| own.iter().all(|own| !key.starts_with(own))) {
        if !out.is_empty() {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(key.as_bytes());
        if !value.is_empty() {
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        }
    }
}

/// One mount, by its place or by a pattern for its source, or for its destination where the source is what is asked for.
fn mount<'v>(container: &'v Container, field: &Field, out: &mut Values<'v>) -> Presence {
    let Some(argument) = &field.argument else { return Presence::Absent };
    let found = match argument.index.or_else(|| argument.text.parse().ok()) {
        Some(at) => usize::try_from(at).ok().and_then(|at| container.mounts.get(at)),
        None if container.mounts.is_empty() => None,
        None => {
            let pattern = RegexBuilder::new(&argument.text).multi_line(true).build();
            let Ok(pattern) = pattern else { return Presence::Absent };
            let by_destination = field.id == id::CONTAINER_MOUNT_SOURCE;
            container.mounts.iter().find(|mount| {
                let path = if by_destination { &mount.destination } else { &mount.source };
                pattern.is_match(path.as_bytes())
            })
        }
    };
    let Some(mount) = found else { return Presence::Absent };
    match field.id {
        id::CONTAINER_MOUNT_SOURCE => out.text(&mount.source),
        id::CONTAINER_MOUNT_DEST => out.text(&mount.destination),
        id::CONTAINER_MOUNT_MODE => out.text(&mount.mode),
        id::CONTAINER_MOUNT_RDWR => out.text(if mount.writable { "true" } else { "false" }),
        id::CONTAINER_MOUNT_PROPAGATION => out.text(&mount.propagation),
        _ => out.written_text(|text| write_mount(mount, text)),
    }
}
