//! Builds the rule files of `rules/` and their tests into the command.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules").canonicalize()?;
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    let out = Path::new(&out);
    fs::write(out.join("shipped_rules.rs"), embedded(&folder, "rules")?)?;
    fs::write(out.join("shipped_tests.rs"), embedded(&folder.join("tests"), "rules/tests")?)
}

/// Code for the names and texts of a folder's YAML files, sorted.
fn embedded(folder: &Path, shown: &str) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    files.sort();
    let mut code = String::from("&[\n");
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Writing to a string does not fail.
        let _ = writeln!(code, "    (\"{shown}/{name}\", include_str!({:?})),", path.display().to_string());
    }
    code.push_str("]\n");
    Ok(code)
}
