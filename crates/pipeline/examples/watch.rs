//! Watches this host for some seconds with rule files, and tells what it cost. `sudo watch 10 rules.yaml …`
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::time::{Duration, Instant};

    use eyrie_engine::{AlertFormat, JudgeScratch, RuleSetOptions};
    use eyrie_pipeline::watch::{Watch, wanted_by};
    use eyrie_sources::live::Settings;

    let mut args = std::env::args().skip(1);
    let seconds: u64 = args.next().and_then(|seconds| seconds.parse().ok()).unwrap_or(10);
    let files: Vec<(String, Vec<u8>)> =
        args.map(|path| std::fs::read(&path).map(|text| (path, text))).collect::<Result<_, _>>()?;
    let loaded =
        eyrie_pipeline::load_rules(files.iter().map(|(name, text)| (name.as_str(), text.as_slice())));
    let rules = eyrie_pipeline::build_rules(&loaded.rules, &RuleSetOptions::default())?;

    let began = Instant::now();
    let mut watch = Watch::start(&Settings::default(), &wanted_by(&rules))?;
    eprintln!(
        "{} programs attached and the host looked at in {:?}; {:?}",
        watch.live().attached().programs,
        began.elapsed(),
        watch.snapshot()
    );
    let (format, mut scratch) = (AlertFormat::default(), JudgeScratch::new());
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        watch.judge(&rules, Duration::from_millis(100), &mut scratch, |finding| {
            println!("{}", format.text(&finding));
        })?;
    }
    eprintln!(
        "{} events, {} late, lost {:?}",
        watch.events(),
        watch.live().late(),
        watch.losses()?.by_category()
    );
    Ok(())
}
