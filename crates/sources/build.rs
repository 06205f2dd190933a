//! Compiles the probe in `bpf/` where there is a compiler for it, and otherwise takes the object that is kept beside it. What
//! was done is in `EYRIE_PROBE_BUILD`, which `watch --doctor` shows.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let (bpf, table) = (root.join("bpf"), root.join("crates/events/src/table/events.tsv"));
    println!("cargo::rerun-if-changed={}", bpf.display());
    println!("cargo::rerun-if-changed={}", table.display());
    println!("cargo::rerun-if-env-changed=BPF_CLANG");

    let arch = match env::var("CARGO_CFG_TARGET_ARCH")?.as_str() {
        "x86_64" => "x86",
        "aarch64" => "arm64",
        _ => "",
    };
    let live = env::var("CARGO_CFG_TARGET_OS")? == "linux" && !arch.is_empty();
    println!("cargo::rustc-check-cfg=cfg(live)");
    if !live {
        return Ok(());
    }
    let object = out.join("probe.bpf.o");
    fs::write(out.join("kinds.h"), kinds(&fs::read_to_string(table)?)?)?;
    let built = match compile(&bpf, &out, arch, &object) {
        Some(compiler) => format!("compiled with {compiler}"),
        None => {
            let kept = bpf.join(format!("prebuilt/probe.{arch}.bpf.o"));
            if !kept.exists() {
                println!("cargo::warning=no clang was found and there is no {}", kept.display());
                println!("cargo::warning=this build cannot watch the host");
                return Ok(());
            }
            fs::copy(kept, &object)?;
            "as kept in the repository, since no clang was found".to_string()
        }
    };
    println!("cargo::rustc-cfg=live");
    println!("cargo::rustc-env=EYRIE_PROBE_BUILD={built}");
    Ok(())
}

/// The first compiler that can do it, as it names itself.
fn compile(bpf: &Path, out: &Path, arch: &str, object: &Path) -> Option<String> {
    let named = env::var("BPF_CLANG").ok();
    let known = ["clang-19", "clang-18", "clang-17", "clang-16", "clang"].map(str::to_string);
    // An empty name means none: what is kept is to be taken.
    if named.as_deref() == Some("") {
        return None;
    }
    for clang in named.into_iter().chain(known) {
        let compiled = Command::new(&clang)
            .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror", "-Wno-unused-function"])
            .arg(format!("-D__TARGET_ARCH_{arch}"))
            // So that the object does not depend on where it was made.
            .arg(format!("-ffile-prefix-map={}=bpf", bpf.display()))
            .arg(format!("-ffile-prefix-map={}=bpf", out.display()))
            .arg("-I")
            .arg(out)
            .arg("-c")
            .arg(bpf.join("probe.bpf.c"))
            .arg("-o")
            .arg(object)
            .output();
        let Ok(compiled) = compiled else { continue };
        if !compiled.status.success() {
            println!("cargo::warning={clang} does not compile the probe");
            for line in String::from_utf8_lossy(&compiled.stderr).lines().take(8) {
                println!("cargo::warning={line}");
            }
            continue;
        }
        let version = Command::new(&clang).arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&version.stdout).lines().next().unwrap_or(&clang).to_string();
        return Some(version);
    }
    None
}

/// The kinds of events and how many parameters each has, for the probe.
fn kinds(table: &str) -> Result<String, Box<dyn Error>> {
    let mut header = String::from("/* Made from the table of events. */\nenum kind {\n");
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [number, code, .., params] = columns.as_slice() else {
            return Err(format!("a line of the table has too few columns: {line}").into());
        };
        let count = if *params == "-" { 0 } else { params.split(',').count() };
        writeln!(header, "\t{code} = {number}, {code}_PARAMS = {count},")?;
    }
    header.push_str("};\n");
    Ok(header)
}
