//! Rule files for the source `syscall`, loaded and built as Falco does with its `container` plugin.

use eyrie_engine::AppendOutput;
use eyrie_engine::rules::{Loaded, Loader, Rules};
use eyrie_engine::ruleset::{BuildError, RuleSet, RuleSetOptions};
use eyrie_events::SyscallSchema;
use eyrie_lang::Schema;

use crate::SYSCALL;

/// The fields that Falco's `container` plugin wants in the output of every rule.
const CONTAINER_OUTPUT: [&str; 6] = [
    "container.id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "k8s.pod.name",
    "k8s.ns.name",
];

/// Loads rule files, given as name and text, in this order. Outputs say the container, as Falco's `suggested_output` has them
/// by default.
///
/// What is wrong with them is in [`Loaded::reports`].
pub fn load_rules<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Loaded {
    let schema = SyscallSchema::new();
    let mut loader = Loader::new([(SYSCALL, &schema as &dyn Schema)])
        .with_append_output(vec![AppendOutput::suggested(SYSCALL, CONTAINER_OUTPUT)]);
    for (name, text) in files {
        loader.load(name, text);
    }
    loader.finish()
}

/// Builds what was loaded into rules that judge system call events.
///
/// # Errors
/// If a rule does not compile together with the others.
pub fn build_rules(rules: &Rules, options: &RuleSetOptions) -> Result<RuleSet, Box<BuildError>> {
    let schema = SyscallSchema::new();
    RuleSet::build(rules, [(SYSCALL, &schema as &dyn Schema)], options)
}
