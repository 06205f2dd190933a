//! Which rule files a command is about: those named, the directories' own, or the ones built in.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The rule files that come with the command, by name.
pub(crate) const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped_rules.rs"));

/// The tests of these rules, by the names of their files.
pub(crate) const SHIPPED_TESTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped_tests.rs"));

/// A rule file.
pub(crate) struct RuleFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What was named and gives no rules.
pub(crate) struct Unread {
    pub(crate) name: String,
    pub(crate) error: Error,
}

/// Reads the files, in the order of loading, for those who need all of them. Of a directory these are its files that end with `.yaml` or `.yml`, sorted by
/// name, as Falco takes them; directories within are left out.
pub(crate) fn gather(paths: &[PathBuf]) -> Result<Vec<RuleFile>, Error> {
    let (files, unread) = gather_readable(paths);
    match unread.into_iter().next() {
        Some(unread) => Err(unread.error),
        None => Ok(files),
    }
}

/// The same for those who can do something with the rest: the files, and what gives none.
pub(crate) fn gather_readable(paths: &[PathBuf]) -> (Vec<RuleFile>, Vec<Unread>) {
    let mut unread = Vec::new();
    if paths.is_empty() {
        if SHIPPED.is_empty() {
            let error = Error::Usage {
                message: "no rules: none are named, and none are built in".to_owned(),
                help: "name rule files, or directories of them".to_owned(),
            };
            unread.push(Unread { name: "rules".to_owned(), error });
        }
        let shipped = SHIPPED.iter();
        let file = |(name, text): &(&str, &str)| RuleFile {
            name: (*name).to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        return (shipped.map(file).collect(), unread);
    }
    let mut files = Vec::new();
    for path in paths {
        let found = if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            let read = std::io::stdin().read_to_end(&mut bytes).map_err(|source| read_error(path, source));
            vec![(path.clone(), read.map(|_| RuleFile { name: "<stdin>".to_owned(), bytes }))]
        } else if path.is_dir() {
            match rule_files(path) {
                Ok(found) if found.is_empty() => {
                    let error = Error::Usage {
                        message: format!("{} has no rule files", path.display()),
                        help: "rule files end with .yaml or .yml".to_owned(),
                    };
                    vec![(path.clone(), Err(error))]
                }
                Ok(found) => found.into_iter().map(|path| (path.clone(), read(&path))).collect(),
                Err(error) => vec![(path.clone(), Err(error))],
            }
        } else {
            vec![(path.clone(), read(path))]
        };
        for (path, result) in found {
            match result {
                Ok(file) => files.push(file),
                Err(error) => unread.push(Unread { name: path.to_string_lossy().into_owned(), error }),
            }
        }
    }
    (files, unread)
}

fn read(path: &Path) -> Result<RuleFile, Error> {
    let bytes = fs::read(path).map_err(|source| read_error(path, source))?;
    Ok(RuleFile { name: path.to_string_lossy().into_owned(), bytes })
}

fn read_error(path: &Path, source: std::io::Error) -> Error {
    Error::Read { path: path.to_owned(), source }
}

fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let error = |source| read_error(folder, source);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        let rules = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if rules && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
