//! What must not be left behind when somebody presses Ctrl-C.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Files and folders to remove on the way out.
static LEFTOVERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Listens for the signals that end a command. When one arrives, leftovers are removed and the command ends as it
/// would have without a listener.
///
/// # Errors
/// If the system refuses.
pub fn listen() -> io::Result<()> {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        std::thread::Builder::new().name("interrupt".into()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // Held to the end: what is being made now must not outlive us.
                let leftovers = LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner);
                for path in leftovers.iter() {
                    remove(path);
                }
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        })?;
    }
    Ok(())
}

/// Removes a file or folder. Other threads may still be writing into it, so one try may not be enough.
#[cfg(unix)]
fn remove(path: &Path) {
    for _ in 0..20 {
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        if fs::symlink_metadata(path).is_err() {
            return;
        }
    }
}

/// As long as the answer lives, an interrupt removes this file or folder with all it holds.
pub fn remove_on_interrupt(path: &Path) -> Leftover {
    lock().push(path.to_owned());
    Leftover(path.to_owned())
}

/// Something to be removed on an interrupt; forgotten when dropped.
#[derive(Debug)]
pub struct Leftover(PathBuf);

impl Drop for Leftover {
    fn drop(&mut self) {
        let mut leftovers = lock();
        if let Some(at) = leftovers.iter().position(|path| *path == self.0) {
            leftovers.swap_remove(at);
        }
    }
}

fn lock() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner)
}
