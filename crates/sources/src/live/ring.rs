//! A BPF ring buffer, read where it lies: [`Ring`]. Also the few system calls that the standard library does not have.
//! In which order several rings are read is in [`merge`](super::merge).
#![allow(
    unsafe_code,
    reason = "memory that the kernel writes, and system calls; each block says why it is right"
)]

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

/// Set in a record's length while the kernel still writes it.
const BUSY: u32 = 1 << 31;
/// Set if the record is to be skipped.
const DISCARD: u32 = 1 << 30;
/// Bytes before a record: its length and what only the kernel needs.
const HEADER: usize = 8;

/// One ring buffer. The kernel writes at its end, this reads from its beginning.
#[derive(Debug)]
pub(super) struct Ring {
    /// The page with our position, which the kernel reads.
    consumer: NonNull<u8>,
    /// The page with the kernel's position; behind it the data, twice, so that no record is cut where the ring begins anew.
    producer: NonNull<u8>,
    page: usize,
    mask: usize,
    /// Up to where records have been read.
    read: usize,
    /// Up to where the kernel has been told so.
    told: usize,
    /// Up to where the kernel has written, when last looked at.
    written: usize,
}

// SAFETY: the two mappings belong to this value alone, are shared only with the kernel, and are reached through `&mut self`.
unsafe impl Send for Ring {}

impl Ring {
    /// Maps the ring of this descriptor into memory. `bytes` is its size, a power of two.
    pub(super) fn map(fd: BorrowedFd<'_>, bytes: usize) -> io::Result<Ring> {
        let page = page_size();
        let map = |len, protection, offset: usize| {
            let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
            // SAFETY: a new mapping at a place that the system chooses; nothing of ours is there.
            let at = unsafe {
                libc::mmap(std::ptr::null_mut(), len, protection, libc::MAP_SHARED, fd.as_raw_fd(), offset)
            };
            if at == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            NonNull::new(at.cast::<u8>()).ok_or_else(|| io::Error::other("a mapping at address 0"))
        };
        let consumer = map(page, libc::PROT_READ | libc::PROT_WRITE, 0)?;
        let producer = match map(page + 2 * bytes, libc::PROT_READ, page) {
            Ok(producer) => producer,
            Err(error) => {
                // SAFETY: mapped above with this length, and not used by anything yet.
                unsafe { libc::munmap(consumer.as_ptr().cast(), page) };
                return Err(error);
            }
        };
        let mut ring = Ring { consumer, producer, page, mask: bytes - 1, read: 0, told: 0, written: 0 };
        // SAFETY: see `consumer_position`; a ring that was read before goes on where that ended.
        ring.read = unsafe { ring.consumer_position() }.load(Ordering::Acquire);
        ring.told = ring.read;
        ring.written = ring.read;
        Ok(ring)
    }

    /// # Safety
    /// The first word of the consumer's page is the position, mapped for as long as `self` lives and aligned as a page is.
    unsafe fn consumer_position(&self) -> &AtomicUsize {
        // SAFETY: the caller's.
        unsafe { self.consumer.cast::<AtomicUsize>().as_ref() }
    }

    /// Looks how far the kernel has written.
    pub(super) fn look(&mut self) {
        // SAFETY: the first word of the producer's page is its position; the kernel writes it atomically.
        let position = unsafe { self.producer.cast::<AtomicUsize>().as_ref() };
        self.written = position.load(Ordering::Acquire);
    }

    /// The next record, as far as the kernel had written when last [looked](Ring::look), without taking it. `None` if there
    /// is none, or the next one is not finished.
    pub(super) fn peek(&mut self) -> Option<&[u8]> {
        loop {
            if self.read >= self.written {
                return None;
            }
            let at = self.page + (self.read & self.mask);
            // SAFETY: positions are multiples of 8 below twice the ring's size from the data's beginning, so the header lies
            // within the mapping; the kernel sets its length with release once the record is finished.
            let len = unsafe { self.producer.add(at).cast::<AtomicU32>().as_ref() }.load(Ordering::Acquire);
            if len & BUSY != 0 {
                return None;
            }
            let bytes = (len & !DISCARD) as usize;
            if len & DISCARD != 0 {
                self.read += (HEADER + bytes).next_multiple_of(8);
                continue;
            }
            // SAFETY: the record is finished (not busy), lies within the data mapped twice, and stays as it is until the
            // kernel is told that it was read, which `tell` does and which needs `&mut self`.
            return Some(unsafe {
                std::slice::from_raw_parts(self.producer.add(at + HEADER).as_ptr(), bytes)
            });
        }
    }

    /// Takes the record that `peek` gave, which had this many bytes. Its room is not given back before [`tell`](Ring::tell).
    pub(super) fn take(&mut self, bytes: usize) {
        self.read += (HEADER + bytes).next_multiple_of(8);
    }

    /// The bytes of a record that was taken since the last [`tell`](Ring::tell), by where it was.
    pub(super) fn taken(&self, position: usize, bytes: usize) -> &[u8] {
        debug_assert!(position >= self.told);
        let at = self.page + (position & self.mask) + HEADER;
        // SAFETY: as in `peek`; the kernel has not been told that it was read.
        unsafe { std::slice::from_raw_parts(self.producer.add(at).as_ptr(), bytes) }
    }

    /// Where the next record is.
    pub(super) fn position(&self) -> usize {
        self.read
    }

    /// How much was read that the kernel has not been told of.
    pub(super) fn untold(&self) -> usize {
        self.read - self.told
    }

    /// Tells the kernel what was read, so that it can write there again.
    pub(super) fn tell(&mut self) {
        if self.told != self.read {
            // SAFETY: see `consumer_position`.
            unsafe { self.consumer_position() }.store(self.read, Ordering::Release);
            self.told = self.read;
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: both were mapped in `map` with these lengths, and nothing borrowed from them outlives `self`.
        unsafe {
            libc::munmap(self.consumer.as_ptr().cast(), self.page);
            libc::munmap(self.producer.as_ptr().cast(), self.page + 2 * (self.mask + 1));
        }
    }
}

/// Bytes of a page.
pub(super) fn page_size() -> usize {
    // SAFETY: reads a number; no memory is involved.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// Ticks of a second, in which /proc counts.
pub(super) fn ticks() -> u64 {
    // SAFETY: reads a number; no memory is involved.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100)
}

/// The time since the machine was started, sleep included: the clock of the events.
pub(super) fn boot_clock() -> io::Result<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes into `time`, which is valid and ours.
    if unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Ok(Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0)))
}

/// The machine's name.
pub(super) fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim_end().to_string())
        .unwrap_or_default()
}

/// Mounts the file system that tells tracepoints apart, where it is missing.
pub(super) fn mount_tracefs() -> io::Result<()> {
    // SAFETY: the strings are constants that end with a NUL; no memory of ours is written.
    let done = unsafe {
        libc::mount(
            c"tracefs".as_ptr(),
            c"/sys/kernel/tracing".as_ptr(),
            c"tracefs".as_ptr(),
            libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC,
            std::ptr::null(),
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// An address of a network interface.
pub(super) struct Address {
    pub(super) name: Vec<u8>,
    pub(super) address: std::net::IpAddr,
    pub(super) mask: std::net::IpAddr,
    pub(super) broadcast: std::net::IpAddr,
}

/// The addresses of the machine's network interfaces.
pub(super) fn addresses() -> io::Result<Vec<Address>> {
    let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: writes the list's beginning into `list`; freed below.
    if unsafe { libc::getifaddrs(&raw mut list) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: `at` is an entry of the list, which is freed only after the loop.
        let entry = unsafe { &*at };
        // SAFETY: the list's pointers are null or point to what the type of the address says.
        let (address, mask, broadcast) =
            unsafe { (ip(entry.ifa_addr), ip(entry.ifa_netmask), ip(entry.ifa_ifu)) };
        if let Some(address) = address {
            let none = if address.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
            // SAFETY: the name is a string of the list that ends with a NUL.
            let name = unsafe { std::ffi::CStr::from_ptr(entry.ifa_name) }.to_bytes().to_vec();
            let same = |ip: Option<std::net::IpAddr>| {
                ip.filter(|ip| ip.is_ipv4() == address.is_ipv4()).unwrap_or(none)
            };
            found.push(Address { name, address, mask: same(mask), broadcast: same(broadcast) });
        }
        at = entry.ifa_next;
    }
    // SAFETY: as `getifaddrs` gave it, and nothing points into it any more.
    unsafe { libc::freeifaddrs(list) };
    Ok(found)
}

/// # Safety
/// `at` is null or points to an address of the family that it says.
unsafe fn ip(at: *const libc::sockaddr) -> Option<std::net::IpAddr> {
    if at.is_null() {
        return None;
    }
    // SAFETY: the caller's, for all three reads.
    unsafe {
        match i32::from((*at).sa_family) {
            libc::AF_INET => {
                let v4 = at.cast::<libc::sockaddr_in>().read_unaligned();
                Some(std::net::Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into())
            }
            libc::AF_INET6 => {
                let v6 = at.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(std::net::Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}
