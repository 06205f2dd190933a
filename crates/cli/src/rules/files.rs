//! Which rule files a command is about: those named, the directories' own, or the ones built in.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The rule files that come with the command, by name.
pub(crate) const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped_rules.rs"));

/// A rule file.
pub(crate) struct RuleFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Reads the files, in the order of loading. Of a directory these are its files that end with `.yaml` or `.yml`, sorted by
/// name, as Falco takes them; directories within are left out.
pub(crate) fn gather(paths: &[PathBuf]) -> Result<Vec<RuleFile>, Error> {
    if paths.is_empty() {
        if SHIPPED.is_empty() {
            return Err(Error::Usage {
                message: "no rules: none are named, and none are built in".to_owned(),
                help: "name rule files, or directories of them".to_owned(),
            });
        }
        let shipped = SHIPPED.iter();
        return Ok(shipped
            .map(|(name, text)| RuleFile { name: (*name).to_owned(), bytes: text.as_bytes().to_vec() })
            .collect());
    }
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(|source| read_error(path, source))?;
            files.push(RuleFile { name: "<stdin>".to_owned(), bytes });
        } else if path.is_dir() {
            let before = files.len();
            for path in rule_files(path)? {
                files.push(read(&path)?);
            }
            if files.len() == before {
                return Err(Error::Usage {
                    message: format!("{} has no rule files", path.display()),
                    help: "rule files end with .yaml or .yml".to_owned(),
                });
            }
        } else {
            files.push(read(path)?);
        }
    }
    Ok(files)
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
