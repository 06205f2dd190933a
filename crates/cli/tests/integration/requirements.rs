//! `docs/requirements.md` names tests that are there.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn each_test_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/requirements.md")).unwrap();
    let mut ids = BTreeSet::new();
    let mut missing = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, rule, test] = cells.as_slice() else { panic!("three cells in {line}") };
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        assert!(!rule.is_empty(), "{id} says nothing");
        if *test == "*open*" {
            continue;
        }
        let name = test.trim_matches('`');
        let (package, name) = name.strip_prefix("cli: ").map_or(("register", name), |name| ("cli", name));
        let (module, function) = name.split_once("::").unwrap_or_else(|| panic!("{id}: {test}"));
        let file = root.join(format!("crates/{package}/tests/integration/{module}.rs"));
        let source =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let marked = source
            .find(&format!("fn {function}()"))
            .is_some_and(|at| source[..at].trim_end().ends_with("#[test]"));
        if !marked {
            missing.push(format!("{id}: {test}"));
        }
    }
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
    // The rules of the five documents, and the fifteen invariants.
    let of = |letter: &str| ids.iter().filter(|id| id.starts_with(letter)).count();
    assert_eq!(["F", "L", "R", "C", "P", "I"].map(of), [41, 24, 19, 53, 11, 15]);
}
