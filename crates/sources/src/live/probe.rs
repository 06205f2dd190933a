//! The probe in the kernel: [`Probe`] loads it, attaches what is wanted, detaches what is not, and says what was lost.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::AsFd as _;
use std::path::Path;

use aya::maps::{Array, ArrayOfMaps, Map, MapData, MapError, PerCpuArray};
use aya::programs::trace_point::TracePointLinkId;
use aya::programs::{Program, ProgramError};
use aya::{Btf, Ebpf, EbpfLoader, include_bytes_aligned};
use eyrie_events::EventType;

use super::programs::{self, OTHERS, Point};
use super::ring::{Ring, mount_tracefs, page_size};
use super::{LiveError, Settings, Wanted, boot_epoch};

/// The probe as it was built; for one architecture, for any kernel.
static OBJECT: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/probe.bpf.o"));

/// `BPF_MAP_TYPE_RINGBUF`
const RINGBUF: u32 = 27;

/// What was lost because ring buffers were full, by kind of event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Kinds of which something was lost.
    pub by_kind: BTreeMap<u16, u64>,
}

impl Losses {
    /// How many in all.
    pub fn total(&self) -> u64 {
        self.by_kind.values().sum()
    }

    /// By Falco's categories.
    pub fn by_category(&self) -> BTreeMap<&'static str, u64> {
        let mut categories = BTreeMap::new();
        for (kind, lost) in &self.by_kind {
            *categories.entry(super::loss_category(EventType(*kind))).or_default() += lost;
        }
        categories
    }
}

/// What is attached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// Programs that are attached.
    pub programs: usize,
    /// Tracepoints without an event of their own.
    pub generic: usize,
    /// Wanted tracepoints that this kernel does not have.
    pub missing: Vec<String>,
}

/// The probe, loaded. Dropping it detaches everything.
pub struct Probe {
    ebpf: Ebpf,
    btf: Btf,
    rings: Vec<MapData>,
    ring_bytes: usize,
    enter: bool,
    attached: HashMap<Point, Link>,
    generic: HashMap<&'static str, TracePointLinkId>,
    missing: Vec<String>,
}

#[derive(Debug)]
enum Link {
    TracePoint(TracePointLinkId),
    Btf(aya::programs::tp_btf::BtfTracePointLinkId),
}

impl Probe {
    /// Loads maps and programs' code; no program is given to the kernel yet.
    ///
    /// # Errors
    /// If the kernel has no BTF, or may not be asked.
    pub fn load(settings: &Settings) -> Result<Probe, LiveError> {
        if !Path::new("/sys/kernel/tracing/events").exists() {
            mount_tracefs()
                .map_err(|source| LiveError::System { what: "tracefs cannot be mounted", source })?;
        }
        let cpus = aya::util::nr_cpus().map_err(|(what, source)| LiveError::System { what, source })?;
        let entries = u32::try_from(cpus).unwrap_or(u32::MAX);
        let btf = Btf::from_sys_fs().map_err(LiveError::Btf)?;
        let boot = boot_epoch()?;
        let own = if settings.skip_self { std::process::id() } else { 0 };
        let snap_len = settings.snap_len.min(0x3fff);
        let page_shift = page_size().trailing_zeros();
        let mut loader = EbpfLoader::new();
        loader
            .btf(Some(&btf))
            .override_global("boot_epoch_ns", &boot, true)
            .override_global("own_tgid", &own, true)
            .override_global("snap_len", &snap_len, true)
            .override_global("page_shift", &page_shift, true);
        let numbers = programs::MODULES.0.map(|call| u32::from(programs::native(call).unwrap_or(u16::MAX)));
        for (call, number) in
            ["nr_init_module", "nr_finit_module", "nr_delete_module"].into_iter().zip(&numbers)
        {
            loader.override_global(call, number, true);
        }
        for map in ["scratches", "small_scratches", "rings"] {
            loader.map_max_entries(map, entries);
        }
        let mut ebpf = loader.load(OBJECT).map_err(|error| LiveError::Load(Box::new(error)))?;
        drop(loader);

        let ring_bytes = (settings.ring_bytes as usize).max(page_size()).next_power_of_two();
        let mut rings = Vec::with_capacity(cpus);
        let mut outer: ArrayOfMaps<_> = map_mut(&mut ebpf, "rings")?;
        for cpu in 0..entries {
            let size = u32::try_from(ring_bytes).unwrap_or(u32::MAX);
            let ring = MapData::create(aya_obj::Map::new_from_params(RINGBUF, 0, 0, size, 0), "events", None)
                .map_err(|error| map_error("events", error))?;
            outer.set(cpu, &ring, 0).map_err(|error| map_error("rings", error))?;
            rings.push(ring);
        }
        let mut ids: Array<_, u16> = map_mut(&mut ebpf, "call_ids")?;
        for (native, id) in programs::numbers() {
            ids.set(u32::from(native), id.0, 0).map_err(|error| map_error("call_ids", error))?;
        }
        Ok(Probe {
            ebpf,
            btf,
            rings,
            ring_bytes,
            enter: settings.enter,
            attached: HashMap::new(),
            generic: HashMap::new(),
            missing: Vec::new(),
        })
    }

    /// The ring buffers, by number of processor.
    pub(super) fn take_rings(&self) -> Result<Vec<Ring>, LiveError> {
        let map = |ring: &MapData| Ring::map(ring.fd().as_fd(), self.ring_bytes);
        self.rings
            .iter()
            .map(map)
            .collect::<Result<_, _>>()
            .map_err(|source| LiveError::System { what: "a ring buffer cannot be mapped", source })
    }

    /// Attaches what is wanted and not yet attached, then detaches what is no longer wanted.
    ///
    /// # Errors
    /// If the kernel refuses a program. A tracepoint that this kernel does not have is no error, but
    /// [counted](Attached::missing).
    pub fn want(&mut self, wanted: &Wanted) -> Result<(), LiveError> {
        let mut points = programs::points(wanted, self.enter);
        let (modules, absent) = programs::MODULES;
        let is_absent =
            |point: &Point| matches!(point, Point::Exit(name) if modules.contains(name) && !has_exit(name));
        if points.iter().any(is_absent) {
            points.retain(|point| !is_absent(point));
            points.push(absent);
        }
        self.missing.clear();
        for point in &points {
            if !self.attached.contains_key(point)
                && let Some(link) = self.attach(*point)?
            {
                self.attached.insert(*point, link);
            }
        }
        let generic = programs::generic(wanted);
        for name in &generic {
            if !self.generic.contains_key(name) {
                match attach_tracepoint(&mut self.ebpf, "x_generic", &format!("sys_exit_{name}"))? {
                    Some(link) => _ = self.generic.insert(name, link),
                    None => self.missing.push((*name).to_string()),
                }
            }
        }
        let gone: Vec<Point> =
            self.attached.keys().copied().filter(|point| !points.contains(point)).collect();
        for point in gone {
            if let Some(link) = self.attached.remove(&point) {
                detach(&mut self.ebpf, &point.program(), link)?;
            }
        }
        let gone: Vec<&str> = self.generic.keys().copied().filter(|name| !generic.contains(name)).collect();
        for name in gone {
            if let Some(link) = self.generic.remove(name) {
                detach(&mut self.ebpf, "x_generic", Link::TracePoint(link))?;
            }
        }
        Ok(())
    }

    /// Loads every program, attaching none: whether the kernel's verifier takes them all.
    ///
    /// # Errors
    /// For the first that it refuses.
    pub fn verify_all(&mut self) -> Result<usize, LiveError> {
        let names: Vec<String> = self.ebpf.programs().map(|(name, _)| name.to_string()).collect();
        for name in &names {
            match name.strip_prefix("t_") {
                Some(other) => load_other(&mut self.ebpf, &self.btf, other)?,
                None => load_tracepoint(&mut self.ebpf, name)?,
            }
        }
        Ok(names.len())
    }

    /// What is attached.
    pub fn attached(&self) -> Attached {
        Attached { programs: self.attached.len(), generic: self.generic.len(), missing: self.missing.clone() }
    }

    /// What was lost so far.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn losses(&self) -> Result<Losses, LiveError> {
        let map = self.ebpf.map("losses").ok_or_else(|| LiveError::Missing("map losses".to_string()))?;
        let map = PerCpuArray::<_, u64>::try_from(map).map_err(|error| map_error("losses", error))?;
        let mut losses = Losses::default();
        for kind in 0..EventType::COUNT {
            let (index, kind) =
                (u32::try_from(kind).unwrap_or(u32::MAX), u16::try_from(kind).unwrap_or(u16::MAX));
            let lost: u64 = map.get(&index, 0).map_err(|error| map_error("losses", error))?.iter().sum();
            if lost > 0 {
                losses.by_kind.insert(kind, lost);
            }
        }
        Ok(losses)
    }

    fn attach(&mut self, point: Point) -> Result<Option<Link>, LiveError> {
        let program = point.program();
        let link = match point {
            Point::Exit(name) => attach_tracepoint(&mut self.ebpf, &program, &format!("sys_exit_{name}"))?
                .map(Link::TracePoint),
            Point::Enter(name) => attach_tracepoint(&mut self.ebpf, &program, &format!("sys_enter_{name}"))?
                .map(Link::TracePoint),
            Point::Other(name) => {
                load_other(&mut self.ebpf, &self.btf, name)?;
                let Some(Program::BtfTracePoint(loaded)) = self.ebpf.program_mut(&program) else {
                    return Err(LiveError::Missing(format!("program {program}")));
                };
                Some(Link::Btf(loaded.attach().map_err(|error| refused(&program, error))?))
            }
        };
        if link.is_none() {
            self.missing.push(program);
        }
        Ok(link)
    }
}

fn map_error(map: &'static str, error: MapError) -> LiveError {
    LiveError::Map { map, source: Box::new(error) }
}

fn map_mut<'a, T>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<T, LiveError>
where
    T: TryFrom<&'a mut Map, Error = MapError>,
{
    let map = ebpf.map_mut(name).ok_or_else(|| LiveError::Missing(format!("map {name}")))?;
    T::try_from(map).map_err(|error| map_error(name, error))
}

fn refused(program: &str, error: ProgramError) -> LiveError {
    LiveError::Program { program: program.to_string(), source: Box::new(error) }
}

fn load_tracepoint(ebpf: &mut Ebpf, program: &str) -> Result<(), LiveError> {
    let Some(Program::TracePoint(found)) = ebpf.program_mut(program) else {
        return Err(LiveError::Missing(format!("program {program}")));
    };
    match found.load() {
        Ok(()) | Err(ProgramError::AlreadyLoaded) => Ok(()),
        Err(error) => Err(refused(program, error)),
    }
}

fn load_other(ebpf: &mut Ebpf, btf: &Btf, name: &str) -> Result<(), LiveError> {
    let program = format!("t_{name}");
    let point = OTHERS.iter().find(|(known, ..)| *known == name).map(|(_, point, _)| *point);
    let (Some(Program::BtfTracePoint(found)), Some(point)) = (ebpf.program_mut(&program), point) else {
        return Err(LiveError::Missing(format!("program {program}")));
    };
    match found.load(point, btf) {
        Ok(()) | Err(ProgramError::AlreadyLoaded) => Ok(()),
        Err(error) => Err(refused(&program, error)),
    }
}

/// Whether the kernel has a tracepoint for a call's exit.
fn has_exit(call: &str) -> bool {
    Path::new("/sys/kernel/tracing/events/syscalls").join(format!("sys_exit_{call}")).exists()
}

/// `None` if the kernel has no such tracepoint.
fn attach_tracepoint(
    ebpf: &mut Ebpf,
    program: &str,
    point: &str,
) -> Result<Option<TracePointLinkId>, LiveError> {
    if !Path::new("/sys/kernel/tracing/events/syscalls").join(point).exists() {
        return Ok(None);
    }
    load_tracepoint(ebpf, program)?;
    let Some(Program::TracePoint(found)) = ebpf.program_mut(program) else {
        return Err(LiveError::Missing(format!("program {program}")));
    };
    found.attach("syscalls", point).map(Some).map_err(|error| refused(program, error))
}

fn detach(ebpf: &mut Ebpf, program: &str, link: Link) -> Result<(), LiveError> {
    let detached = match (ebpf.program_mut(program), link) {
        (Some(Program::TracePoint(found)), Link::TracePoint(link)) => found.detach(link),
        (Some(Program::BtfTracePoint(found)), Link::Btf(link)) => found.detach(link),
        _ => return Err(LiveError::Missing(format!("program {program}"))),
    };
    detached.map_err(|error| refused(program, error))
}
