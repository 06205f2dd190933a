//! Replays a capture through rules: `cargo run -p eyrie-pipeline --example embed -- trace.scap rules.yaml`.

use std::error::Error;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use eyrie_engine::{AlertFormat, RuleSetOptions};
use eyrie_pipeline::{Replay, build_rules, load_rules};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [capture, rules] = arguments.as_slice() else { return Err("usage: embed CAPTURE RULES".into()) };
    let loaded = load_rules([(rules.as_str(), std::fs::read(rules)?.as_slice())]);
    if let Some(problem) = loaded.problems().first() {
        return Err(problem.render(&loaded.files, Default::default()).into());
    }
    let rules = build_rules(&loaded.rules, &RuleSetOptions::default())?;
    let format = AlertFormat::default();
    let mut out = std::io::stdout().lock();
    Replay::open(Path::new(capture))?.judge(&rules, |finding| {
        match writeln!(out, "{}", format.text(&finding)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    Ok(())
}
