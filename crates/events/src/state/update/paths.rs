//! How paths are put together: a directory and a path relative to it make a path without `.`, `..` and repeated slashes.

use std::borrow::Cow;

use crate::state::text::Text;
use crate::state::threads::ThreadIndex;
use crate::state::{Host, Seen};

/// The longest path that is put together.
const MAX_PATH: usize = 1024;

/// What stands for a directory that is not known.
pub(crate) const UNKNOWN_DIRECTORY: &[u8] = b"<UNKNOWN>";

/// The number that stands for the current directory.
pub(crate) const CURRENT: i64 = -100;

impl Host {
    /// The directory that `path` is relative to when a call names the descriptor `number`: what the path is put behind.
    pub(crate) fn directory_at(&self, seen: &Seen, number: i64, path: &[u8]) -> Cow<'_, [u8]> {
        if path.starts_with(b"/") {
            // It does not matter.
            return Cow::Borrowed(b".");
        }
        let Some(index) = seen.thread else { return Cow::Borrowed(UNKNOWN_DIRECTORY) };
        if number == CURRENT {
            return Cow::Borrowed(self.directory_of(index));
        }
        let fd = if number < 0 { None } else { self.threads.fds_of(index).and_then(|fds| fds.get(number)) };
        match fd {
            None => Cow::Borrowed(UNKNOWN_DIRECTORY),
            Some(fd) if matches!(fd.name.last(), None | Some(b'/')) => Cow::Borrowed(&fd.name),
            Some(fd) => Cow::Owned([&*fd.name, b"/"].concat()),
        }
    }

    /// The directory that a thread is in: its main thread's.
    pub(crate) fn directory_of(&self, index: ThreadIndex) -> &[u8] {
        let main = self.threads.main_of(index).and_then(|main| self.threads.get(main));
        main.map_or(b"./", |main| &main.cwd)
    }
}

/// What stands for a path that is too long.
const TOO_LONG: &[u8] = b"/DIR_TOO_LONG/FILENAME_TOO_LONG";

/// The path that `path` means in `directory`.
///
/// A path from the root is taken as it is, and so is an empty one. As in Falco, the directory's own part is kept as it is, `..` goes up in
/// it, and what goes up from the root stays there.
pub(crate) fn join(directory: &[u8], path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if directory.len() + path.len() + 1 > MAX_PATH {
        out.extend_from_slice(TOO_LONG);
        return;
    }
    if !path.is_empty() && !path.starts_with(b"/") {
        out.extend_from_slice(directory);
    }
    if is_plain(path) {
        out.extend_from_slice(path);
        return;
    }
    let base_is_empty = out.is_empty();
    let mut rest = path;
    while let Some((&first, after)) = rest.split_first() {
        let at_start_of_name = out.last().is_none_or(|last| *last == b'/');
        match first {
            0 => break,
            b'.' if at_start_of_name => match after {
                [b'.', b'/', ..] => rest = up(out, after.get(2..)),
                [b'.'] | [b'.', 0, ..] => rest = up(out, after.get(1..)),
                [b'/', ..] => rest = after.get(1..).unwrap_or_default(),
                [] | [0, ..] => break,
                _ => {
                    out.push(first);
                    rest = after;
                }
            },
            b'/' => {
                if !(out.last() == Some(&b'/') || (out.is_empty() && !base_is_empty)) {
                    out.push(first);
                }
                rest = after;
            }
            _ => {
                // Names are copied whole.
                let end = rest.iter().position(|byte| matches!(byte, b'/' | 0)).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                out.extend_from_slice(name);
                rest = after;
            }
        }
    }
    if out.len() > 1 && out.last() == Some(&b'/') {
        out.pop();
    }
}

/// Whether there is nothing in a path to be taken out: no names that begin with a dot, no slash after another or at the end.
fn is_plain(path: &[u8]) -> bool {
    if matches!(path.first(), None | Some(b'.' | 0)) || path.last() == Some(&b'/') {
        return false;
    }
    // Without leaving early, so that many bytes are looked at together.
    let pairs = path.iter().zip(path.iter().skip(1));
    !pairs.fold(false, |found, (a, b)| found | (*b == 0) | ((*a == b'/') & ((*b == b'/') | (*b == b'.'))))
}

/// Takes the last name off, and goes on with the rest.
fn up<'a>(out: &mut Vec<u8>, rest: Option<&'a [u8]>) -> &'a [u8] {
    if out.len() > 1 {
        out.pop();
        while out.len() >= 2 && out.last() != Some(&b'/') {
            out.pop();
        }
        if out.len() == 1 && out.first() != Some(&b'/') {
            out.clear();
        }
    }
    rest.unwrap_or_default()
}

/// The directory that `path` means in `directory`, with a slash at the end.
pub(crate) fn directory(directory: &[u8], path: &[u8]) -> Text {
    let mut out = Vec::with_capacity(directory.len() + path.len() + 1);
    join(directory, path, &mut out);
    if out.last() != Some(&b'/') {
        out.push(b'/');
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by names: what a reader would do by hand.
    fn by_names(directory: &[u8], path: &[u8]) -> Vec<u8> {
        let whole = if path.starts_with(b"/") { path.to_vec() } else { [directory, path].concat() };
        let mut names: Vec<&[u8]> = Vec::new();
        for name in whole.split(|byte| *byte == b'/') {
            match name {
                b"" | b"." => {}
                b".." => _ = names.pop(),
                name => names.push(name),
            }
        }
        [&b"/"[..], &names.join(&b'/')].concat()
    }

    #[test]
    fn paths_are_put_together_as_by_names() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut out = Vec::new();
        for _ in 0..20_000 {
            let pieces = ["/", "a", "bc", ".", "..", ".x", "x.", "..y", "/", "//", "/./", "/../"];
            let path: String = (0..rng.usize(1..8)).map(|_| pieces[rng.usize(..pieces.len())]).collect();
            let directory = ["/", "/d/", "/d/e/"][rng.usize(..3)];
            join(directory.as_bytes(), path.as_bytes(), &mut out);
            let expected = by_names(directory.as_bytes(), path.as_bytes());
            assert_eq!(
                String::from_utf8_lossy(&out),
                String::from_utf8_lossy(&expected),
                "`{path}` in `{directory}`"
            );
        }
    }

    #[test]
    fn what_cannot_be_put_together_is_said() {
        let mut out = Vec::new();
        join(b"/d/", &[b'x'; 1021], &mut out);
        assert_eq!(out, TOO_LONG);
        join(b"<UNKNOWN>", b"a/../b", &mut out);
        assert_eq!(out, b"b");
        join(b"/d/", b"", &mut out);
        assert_eq!(out, b"");
    }
}
