//! Where results go: standard output, or a file that is replaced as a whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::interrupt::{self, Leftover};

/// A place for results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// This file.
    File(PathBuf),
}

impl Destination {
    /// From the value of `--output`; `-` is standard output.
    pub fn from_argument(path: Option<&Path>) -> Destination {
        match path {
            Some(path) if path.as_os_str() != "-" => Destination::File(path.to_owned()),
            _ => Destination::Stdout,
        }
    }

    /// What the file holds now, if it is there: some formats are updated rather than replaced.
    ///
    /// # Errors
    /// If it is there and cannot be read as UTF-8 text.
    pub fn existing(&self) -> io::Result<Option<String>> {
        match self {
            Destination::Stdout => Ok(None),
            Destination::File(path) => match fs::read_to_string(path) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Writes all of it. A file is replaced at once, so that a reader sees the old or the new one; whatever is no
    /// plain file (a pipe, `/dev/null`) is written to.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn write(&self, content: &[u8]) -> io::Result<()> {
        match self {
            Destination::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(content)?;
                out.flush()
            }
            Destination::File(path) => match fs::metadata(path) {
                Ok(metadata) if !metadata.is_file() => fs::write(path, content),
                // Through a link, the file behind it is replaced and the link stays.
                Ok(metadata) => replace(&fs::canonicalize(path)?, content, Some(metadata.permissions())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => replace(path, content, None),
                Err(error) => Err(error),
            },
        }
    }
}

/// Writes beside the file and renames over it.
fn replace(path: &Path, content: &[u8], permissions: Option<fs::Permissions>) -> io::Result<()> {
    let (file, _while_it_lasts) = staged(path, content, permissions)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file beside `path` with this content, to be moved there as a whole; gone if it is not, or on an interrupt.
pub(crate) fn staged(
    path: &Path,
    content: &[u8],
    permissions: Option<fs::Permissions>,
) -> io::Result<(NamedTempFile, Leftover)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".eyrie-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Reduced by the user's mask, as for any new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    let leftover = interrupt::remove_on_interrupt(file.path());
    file.write_all(content)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    Ok((file, leftover))
}

/// A file that is written bit by bit beside the one that it replaces, and takes its place at the end. What is no plain file (a
/// pipe, `/dev/null`) is written to directly.
pub(crate) enum Staged {
    /// Beside the file.
    Beside(Box<(NamedTempFile, Leftover)>, PathBuf),
    /// Directly.
    Direct(fs::File),
}

impl Staged {
    /// Begins a file at `path`; `-` is standard output.
    pub(crate) fn beside(path: &Path) -> io::Result<Staged> {
        if path.as_os_str() == "-" {
            let file = fs::OpenOptions::new().write(true).open("/dev/stdout")?;
            return Ok(Staged::Direct(file));
        }
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => Ok(Staged::Direct(fs::File::create(path)?)),
            // Through a link, the file behind it is replaced and the link stays.
            Ok(metadata) => {
                let path = fs::canonicalize(path)?;
                Ok(Staged::Beside(Box::new(staged(&path, &[], Some(metadata.permissions()))?), path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Staged::Beside(Box::new(staged(path, &[], None)?), path.to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// Puts it in its place.
    pub(crate) fn persist(self) -> io::Result<()> {
        match self {
            Staged::Beside(file, path) => file.0.persist(path).map(|_| ()).map_err(|error| error.error),
            Staged::Direct(_) => Ok(()),
        }
    }
}

impl io::Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Staged::Beside(file, _) => file.0.write(bytes),
            Staged::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Staged::Beside(file, _) => file.0.flush(),
            Staged::Direct(file) => file.flush(),
        }
    }
}
