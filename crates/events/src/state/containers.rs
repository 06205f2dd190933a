//! Containers: [`Container`], what its runtime says of one; [`Containers`], the table of them; and how the container of a process
//! is read from its control groups ([`id_of_cgroup`]).
//!
//! The rules are those of Falco's plugin `container` 0.7 with every engine enabled.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use serde_json::Value;

use super::text::{Text, TextList};

/// What runs a container. The numbers are those of recorded events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names are the runtimes'")]
pub enum Runtime {
    Docker,
    Lxc,
    LibvirtLxc,
    Mesos,
    Rkt,
    Custom,
    Cri,
    Containerd,
    CriO,
    Bpm,
    Static,
    Podman,
    #[default]
    Unknown,
}

impl Runtime {
    pub(crate) fn from_number(number: u64) -> Runtime {
        use Runtime::*;
        const ALL: [Runtime; 12] =
            [Docker, Lxc, LibvirtLxc, Mesos, Rkt, Custom, Cri, Containerd, CriO, Bpm, Static, Podman];
        usize::try_from(number).ok().and_then(|at| ALL.get(at)).copied().unwrap_or_default()
    }

    /// The word that `container.type` shows; empty where there is none.
    pub fn word(self) -> &'static str {
        match self {
            Runtime::Docker => "docker",
            Runtime::Lxc => "lxc",
            Runtime::LibvirtLxc => "libvirt-lxc",
            Runtime::Mesos => "mesos",
            Runtime::Rkt => "rkt",
            Runtime::Cri => "cri",
            Runtime::Containerd => "containerd",
            Runtime::CriO => "cri-o",
            Runtime::Bpm => "bpm",
            Runtime::Podman => "podman",
            Runtime::Custom | Runtime::Static | Runtime::Unknown => "",
        }
    }
}

/// A directory of the host that a container sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the runtimes'")]
pub struct Mount {
    pub source: String,
    pub destination: String,
    pub mode: String,
    /// Whether the container may write to it.
    pub writable: bool,
    pub propagation: String,
}

/// What its runtime says of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// The id as fields show it, the first twelve digits of the full one where it is that long.
    pub id: Text,
    /// The whole id.
    pub full_id: String,
    /// What runs it.
    pub runtime: Runtime,
    /// Its name.
    pub name: String,
    /// The image by name and tag.
    pub image: String,
    /// The image by id.
    pub image_id: String,
    /// The image's repository.
    pub image_repository: String,
    /// The image's tag.
    pub image_tag: String,
    /// The image's digest.
    pub image_digest: String,
    /// Its first IPv4 address.
    pub ip: String,
    /// The answer of the network plugin, as JSON.
    pub cni_json: String,
    /// The user that its first process runs as.
    pub user: String,
    /// Whether it has the host's privileges.
    pub privileged: bool,
    /// Whether it sees the host's processes.
    pub host_pid: bool,
    /// Whether it uses the host's network.
    pub host_network: bool,
    /// Whether it shares the host's memory segments.
    pub host_ipc: bool,
    /// Directories of the host that it sees.
    pub mounts: Vec<Mount>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The id of its pod's sandbox.
    pub pod_sandbox_id: String,
    /// The labels of its pod.
    pub pod_labels: BTreeMap<String, String>,
    /// Whether it is a pod's sandbox.
    pub is_pod_sandbox: bool,
    /// How long its description is, in bytes.
    pub(crate) described: usize,
}

impl Container {
    /// Reads the description in a recorded event. `None` if it is none.
    pub fn from_json(json: &[u8]) -> Option<Container> {
        let json = json.split(|byte| *byte == 0).next().unwrap_or_default();
        if json.len() > MAX_DESCRIPTION {
            return None;
        }
        let whole: Value = serde_json::from_slice(json).ok()?;
        let container = whole.get("container")?;
        let text = |name: &str| container.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
        let is = |name: &str| container.get(name).and_then(Value::as_bool).unwrap_or_default();
        let labels = |name: &str| {
            let labels = container.get(name).and_then(Value::as_object);
            let label = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_string()));
            labels.into_iter().flatten().filter_map(label).collect()
        };
        let mounts = container.get("Mounts").and_then(Value::as_array);
        Some(Container {
            id: text("id").as_str().into(),
            full_id: text("full_id"),
            runtime: container
                .get("type")
                .and_then(Value::as_u64)
                .map(Runtime::from_number)
                .unwrap_or_default(),
            name: text("name"),
            image: text("image"),
            image_id: text("imageid"),
            image_repository: text("imagerepo"),
            image_tag: text("imagetag"),
            image_digest: text("imagedigest"),
            ip: text("ip"),
            cni_json: text("cni_json"),
            user: text("User"),
            privileged: is("privileged"),
            host_pid: is("host_pid"),
            host_network: is("host_network"),
            host_ipc: is("host_ipc"),
            mounts: mounts.into_iter().flatten().map(mount).collect(),
            labels: labels("labels"),
            pod_sandbox_id: text("pod_sandbox_id"),
            pod_labels: labels("pod_sandbox_labels"),
            is_pod_sandbox: is("is_pod_sandbox"),
            described: json.len(),
        })
    }
}

fn mount(mount: &Value) -> Mount {
    let text = |name: &str| mount.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
    Mount {
        source: text("Source"),
        destination: text("Destination"),
        mode: text("Mode"),
        writable: mount.get("RW").and_then(Value::as_bool).unwrap_or_default(),
        propagation: text("Propagation"),
    }
}

/// How many containers are kept.
const MAX_CONTAINERS: usize = 65_536;

/// How much memory their descriptions may take, in bytes.
const MAX_DESCRIPTIONS: usize = 64 << 20;

/// The longest description of a container that is read, in bytes.
const MAX_DESCRIPTION: usize = 64 * 1024;

/// How many sets of control groups are remembered with their container.
const MAX_KNOWN_CGROUPS: usize = 512;

/// The longest of them, in bytes.
const MAX_KNOWN_LENGTH: usize = 8 * 1024;

/// The containers that are known.
#[derive(Clone, Debug, Default)]
pub struct Containers {
    by_id: HashMap<Text, Container, RandomState>,
    /// How long their descriptions are.
    described: usize,
    known_cgroups: HashMap<Text, Text, RandomState>,
    /// The container that the latest event on containers told of, and that event's number.
    latest: Option<(u64, Container)>,
}

impl Containers {
    /// The container of this id.
    pub fn get(&self, id: &[u8]) -> Option<&Container> {
        self.by_id.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The containers in no order that means anything.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Container> {
        self.by_id.values()
    }

    /// The container that the event of this number told of, if it was the latest to do so.
    pub fn told_by(&self, number: u64) -> Option<&Container> {
        self.latest.as_ref().filter(|(at, _)| *at == number).map(|(_, container)| container)
    }

    /// Adds a container, or replaces what was known of it.
    pub(crate) fn insert(&mut self, number: u64, container: Container) {
        self.latest = Some((number, container.clone()));
        self.keep(container);
    }

    fn keep(&mut self, container: Container) {
        if let Some(known) = self.by_id.remove(&container.id) {
            self.described -= known.described;
        }
        if self.by_id.len() < MAX_CONTAINERS && self.described + container.described <= MAX_DESCRIPTIONS {
            self.described += container.described;
            self.by_id.insert(container.id.clone(), container);
        }
    }

    pub(crate) fn remove(&mut self, number: u64, container: Container) {
        if let Some(known) = self.by_id.remove(&container.id) {
            self.described -= known.described;
        }
        self.latest = Some((number, container));
    }

    /// The id of the container whose control groups these are, empty if they are the host's.
    pub(crate) fn id_of(&mut self, cgroups: &TextList) -> Text {
        if cgroups.is_empty() {
            return Text::EMPTY;
        }
        if let Some(known) = self.known_cgroups.get(cgroups.as_bytes()) {
            return known.clone();
        }
        let found = cgroups.iter().find_map(|entry| {
            let at = entry.iter().position(|byte| *byte == b'=')?;
            id_of_cgroup(entry.get(at + 1..)?).filter(|found| !found.id.is_empty())
        });
        let id = found.as_ref().map_or(Text::EMPTY, |found| Text::from(found.id));
        if let Some(FoundId { runtime: Some(runtime), .. }) = found {
            // Nobody else will tell of it.
            self.keep(Container { id: id.clone(), runtime, ..Container::default() });
        }
        if self.known_cgroups.len() >= MAX_KNOWN_CGROUPS {
            self.known_cgroups.clear();
        }
        if cgroups.as_bytes().len() <= MAX_KNOWN_LENGTH {
            self.known_cgroups.insert(cgroups.text().clone(), id.clone());
        }
        id
    }
}

/// A container's id, and its runtime if the control group says all that will ever be known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundId<'a> {
    /// The id.
    pub id: &'a [u8],
    /// The runtime, for those without an interface to ask.
    pub runtime: Option<Runtime>,
}

/// What comes before and after a container's id in the path of its control group, in the order in which it is tried.
const LAYOUTS: [(&[u8], &[u8]); 15] = [
    // podman
    (b"/libpod-", b".scope"),
    (b"/libpod-", b".scope/container"),
    (b"/libpod-", b""),
    (b"/libpod-payload-", b".scope"),
    (b"/libpod-payload-", b".scope/container"),
    (b"/libpod-payload-", b""),
    // docker
    (b"/", b""),
    (b"/docker-", b".scope"),
    // cri
    (b"/crio-", b""),
    (b"/cri-containerd-", b".scope"),
    (b"/crio-", b".scope"),
    (b":cri-containerd:", b""),
    (b"/docker-", b".scope"),
    (b"/nerdctl-", b".scope"),
    (b"/", b""),
];

/// The container that a control group belongs to.
///
/// ```
/// use eyrie_events::state::containers::id_of_cgroup;
///
/// let path = b"/docker/3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
/// assert_eq!(id_of_cgroup(path).map(|found| found.id), Some(&b"3ad7b26ded6d"[..]));
/// assert_eq!(id_of_cgroup(b"/user.slice/user-1000.slice/session-2.scope"), None);
/// ```
pub fn id_of_cgroup(path: &[u8]) -> Option<FoundId<'_>> {
    let of = |runtime| move |id| FoundId { id, runtime };
    LAYOUTS
        .iter()
        .find_map(|(before, after)| hex_id(path, before, after))
        .or_else(|| namespaced_id(path))
        .map(of(None))
        .or_else(|| lxc_id(path).map(of(Some(Runtime::Lxc))))
        .or_else(|| libvirt_id(path).map(of(Some(Runtime::LibvirtLxc))))
        .or_else(|| bpm_id(path).map(of(Some(Runtime::Bpm))))
}

/// How many digits of an id fields show.
pub(crate) const SHORT_ID: usize = 12;

const FULL_ID: usize = 64;

fn find(path: &[u8], part: &[u8]) -> Option<usize> {
    path.windows(part.len().max(1)).position(|window| window == part)
}

fn find_last(path: &[u8], part: &[u8]) -> Option<usize> {
    path.windows(part.len().max(1)).rposition(|window| window == part)
}

/// Where the id stands after the last `before` and, if there is any, ahead of the last `after`.
fn between<'a>(path: &'a [u8], before: &[u8], after: &[u8]) -> Option<(usize, &'a [u8])> {
    let start = find_last(path, before)? + before.len();
    let end = if after.is_empty() { path.len() } else { find_last(path, after)? };
    Some((start, path.get(start..end)?))
}

/// An id of 64 hexadecimal digits.
fn hex_id<'a>(path: &'a [u8], before: &[u8], after: &[u8]) -> Option<&'a [u8]> {
    let (start, id) = between(path, before, after)?;
    // As in Falco, only what lies in the first 64 bytes of the path has to be digits.
    let digits = path.get(start..)?.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let end_of_digits = if start + digits == path.len() { usize::MAX } else { start + digits };
    (id.len() == FULL_ID && end_of_digits >= FULL_ID).then(|| id.get(..SHORT_ID).unwrap_or(id))
}

/// `/NAMESPACE/ID`, as containerd has it. What systemd manages is no container.
fn namespaced_id(path: &[u8]) -> Option<&[u8]> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    let namespace = slashes.clone().zip(slashes.skip(1)).find_map(|(start, end)| {
        let name = path.get(start + 1..end)?;
        let is_name = name
            .split(|byte| matches!(byte, b'.' | b'_' | b'-'))
            .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric));
        if is_name { path.get(start..=end) } else { None }
    })?;
    let (_, id) = between(path, namespace, b"")?;
    if let Some(id) = hex_id(path, namespace, b"") {
        return Some(id);
    }
    let is_systemd = [&b".service"[..], b".slice", b".scope"].iter().any(|end| path.ends_with(end));
    if id.is_empty() || id.len() > FULL_ID || is_systemd {
        return None;
    }
    Some(id.get(..SHORT_ID).unwrap_or(id))
}

fn lxc_id(path: &[u8]) -> Option<&[u8]> {
    [&b"/lxc/"[..], b"/lxc.payload/", b"/lxc.payload."].iter().find_map(|before| {
        let rest = path.get(find(path, before)? + before.len()..)?;
        rest.split(|byte| *byte == b'/').next()
    })
}

fn libvirt_id(path: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = path.strip_suffix(b".libvirt-lxc")
        && find(path, b".libvirt-lxc") == Some(rest.len())
    {
        return rest.rsplit(|byte| *byte == b'/').next().filter(|id| id.len() < rest.len());
    }
    if let Some(start) = find(path, b"-lxc\\x2") {
        let end: &[u8] = if find(path, b".scope/libvirt").is_some() { b".scope/libvirt" } else { b".scope" };
        if let Some(rest) = path.strip_suffix(end)
            && find(path, end) == Some(rest.len())
        {
            return rest.get(start + b"-lxc\\x2d".len()..);
        }
    }
    let before = b"/libvirt/lxc/";
    path.get(find(path, before)? + before.len()..)
}

fn bpm_id(path: &[u8]) -> Option<&[u8]> {
    let rest = path.get(find(path, b"bpm-")? + 4..)?;
    let id = find(rest, b".scope").map_or(Some(rest), |end| rest.get(..end))?;
    let is_id = id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    (is_id && !id.is_empty()).then_some(id)
}
