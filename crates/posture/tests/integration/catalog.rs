//! The shipped catalogue is read and compiled, in both ways, without a problem.

use eyrie_lang::diagnostic::RenderStyle;
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::catalog::read::Compatibility;
use eyrie_posture::catalog::{CLOMONITOR, Catalog, Problem};

fn drawn(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.render(RenderStyle::default()) + "\n").collect()
}

fn shipped(compatibility: Compatibility) -> Compiled {
    let catalog = Catalog::read(&[("catalogs/clomonitor.yaml", CLOMONITOR)], compatibility);
    let catalog = catalog.unwrap_or_else(|error| panic!("{}", drawn(&error.problems)));
    Compiled::new(catalog).unwrap_or_else(|error| panic!("{}", drawn(&error.problems)))
}

#[test]
fn the_shipped_catalogue_compiles_without_a_warning() {
    for compatibility in [Compatibility::Sane, Compatibility::Strict] {
        let compiled = shipped(compatibility);
        assert_eq!(drawn(&compiled.warnings), "");
        assert_eq!(compiled.catalog.checks.len(), 35);
    }
}

/// The weights by set and category that CLOMonitor has: documentation, license, best practices, security, legal.
#[test]
fn weights_by_set_are_clomonitors() {
    let compiled = shipped(Compatibility::Sane);
    let expected: [(&[&str], [u32; 5]); 5] = [
        (&["code"], [18, 20, 16, 22, 0]),
        (&["code-lite"], [17, 15, 5, 0, 0]),
        (&["community"], [26, 0, 3, 3, 5]),
        (&["docs"], [10, 15, 0, 0, 0]),
        (&["code", "community"], [30, 20, 19, 22, 5]),
    ];
    for (sets, weights) in expected {
        let of = |category: &str| -> u32 {
            let checks = compiled.catalog.checks.iter().filter(|check| check.category == category);
            checks
                .filter(|check| check.sets.iter().any(|set| sets.contains(&&**set)))
                .map(|check| check.weight)
                .sum()
        };
        let found = ["documentation", "license", "best_practices", "security", "legal"].map(of);
        assert_eq!(found, weights, "{sets:?}");
    }
}
