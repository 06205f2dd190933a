//! The generator and the oracle: random schemas, conditions and records, unavailable values included, decided by the
//! compiled program and by an evaluator so plain that it can be checked by reading. They must agree.
//!
//! The short run is part of the tests. The long run is
//! `EYRIE_ORACLE_CASES=1000000 cargo test -p eyrie-lang --test integration --release oracle -- --ignored --nocapture`;
//! `EYRIE_ORACLE_SEED` sets the seed.

mod evaluate;
mod generate;

use eyrie_lang::{ByKind, Candidates, Compiler, Index, Presence, Schema, Scratch, Verdict};

use evaluate::decide;
use generate::{Generated, World};

/// How many conditions share a program, and how many records each program is run over.
const CONDITIONS: u64 = 20;
const RECORDS: u64 = 25;

fn agree(seed: u64, cases: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut verdicts = [0_u64; 3];
    let mut done = 0;
    let mut scratch = Scratch::new();
    let mut candidates = Candidates::new();
    let mut spared = (0, 0);
    while done < cases {
        let world_seed = random.u64(..);
        let mut random = fastrand::Rng::with_seed(world_seed);
        let world = World::random(&mut random);
        let conditions: Vec<Generated> = (0..CONDITIONS).map(|_| world.condition(&mut random)).collect();
        let mut compiler = Compiler::new(&world.schema);
        for (name, items) in &world.lists {
            compiler.define_list(name, items);
        }
        for (name, text, _) in &world.macros {
            if let Err(problems) = compiler.define_macro(name, text) {
                panic!("seed {world_seed}: macro {name}: {text}\n{problems:?}");
            }
        }
        let ids: Vec<_> = conditions
            .iter()
            .map(|condition| match compiler.add(&condition.text) {
                Ok(added) => added.id,
                Err(problems) => panic!("seed {world_seed}: {}\n{problems:#?}", condition.text),
            })
            .collect();
        let program = compiler.finish();
        let special: Vec<_> = match world.schema.discriminant() {
            Some(discriminant) => (0..discriminant.len())
                .map(|kind| program.specialise(discriminant, eyrie_lang::Kind(kind)))
                .collect(),
            None => Vec::new(),
        };
        let by_kind = world.schema.discriminant().map(|discriminant| program.specialise_all(discriminant));
        let indexes: Vec<Index> = by_kind
            .iter()
            .flat_map(ByKind::programs)
            .map(|program| Index::with_minimum(program, &ids, 1))
            .collect();
        let index = Index::with_minimum(&program, &ids, 1);
        spared.0 += index.len() - index.always();
        for _ in 0..RECORDS {
            let (record, kind) = world.record(&mut random);
            for (id, condition) in ids.iter().zip(&conditions) {
                let expected = decide(&condition.tree, &world, &record);
                let mut run = program.start(&record, &mut scratch);
                let verdict = run.verdict(*id);
                assert_eq!(verdict, expected, "seed {world_seed}: {}\n{record:#?}", condition.text);
                let missing: Vec<String> = run.missing(*id).iter().map(ToString::to_string).collect();
                assert_eq!(
                    missing.is_empty(),
                    verdict != Verdict::Unknown,
                    "seed {world_seed}: {}",
                    condition.text
                );
                drop(run);
                if verdict == Verdict::Unknown {
                    // With the fields that were named, it is decided.
                    let supplied = world.supplied(&record, &missing, &mut random);
                    let decided = program.run(*id, &supplied, &mut scratch);
                    assert_ne!(
                        decided,
                        Verdict::Unknown,
                        "seed {world_seed}: {}\n{supplied:#?}",
                        condition.text
                    );
                }
                if let Some(special) = kind.and_then(|kind| special.get(kind)) {
                    let special = special.run(*id, &record, &mut scratch);
                    assert_eq!(
                        special, expected,
                        "seed {world_seed}: {} specialised\n{record:#?}",
                        condition.text
                    );
                }
                verdicts[expected as usize] += 1;
                done += 1;
            }
            // All conditions in one run, sharing what they have in common.
            let mut run = program.start(&record, &mut scratch);
            for (id, condition) in ids.iter().zip(&conditions) {
                let expected = decide(&condition.tree, &world, &record);
                assert_eq!(run.verdict(*id), expected, "seed {world_seed}: {} after others", condition.text);
            }
            drop(run);
            // What an index leaves out does not hold, nor is it unknown.
            let mut special = (&program, &index);
            if let (Some(by_kind), Some(kind)) = (&by_kind, kind) {
                let at = by_kind.position(eyrie_lang::Kind(u32::try_from(kind).unwrap())).unwrap();
                special = (&by_kind.programs()[at], &indexes[at]);
            }
            for (program, index) in [(&program, &index), special] {
                let mut run = program.start(&record, &mut scratch);
                run.candidates(index, &mut candidates);
                let left: Vec<usize> = candidates.iter().collect();
                for (at, (id, condition)) in ids.iter().zip(&conditions).enumerate() {
                    let expected = decide(&condition.tree, &world, &record);
                    let text = &condition.text;
                    assert_eq!(run.verdict(*id), expected, "seed {world_seed}: {text} after looking up");
                    if !left.contains(&at) {
                        spared.1 += 1;
                        assert_eq!(expected, Verdict::False, "seed {world_seed}: {text}\n{record:#?}");
                    }
                }
            }
        }
    }
    let [no, unknown, yes] = verdicts;
    println!("{done} cases from seed {seed}: {no} false, {unknown} unknown, {yes} true");
    // A generator of conditions that never hold would prove little.
    assert!(spared.0 > 0 && spared.1 > 0, "nothing is looked up");
    for count in verdicts {
        assert!(count * 20 > done, "too few of one verdict: {verdicts:?}");
    }
}

#[test]
fn oracle_agrees_in_a_short_run() {
    agree(1, 20_000);
}

#[test]
#[ignore = "the long run"]
fn oracle_agrees_in_a_long_run() {
    let number =
        |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    agree(number("EYRIE_ORACLE_SEED", 2), number("EYRIE_ORACLE_CASES", 1_000_000));
}

/// What the tests give as presence has to be what the record gives.
#[test]
fn records_give_what_was_generated() {
    let mut random = fastrand::Rng::with_seed(3);
    let world = World::random(&mut random);
    let (record, _) = world.record(&mut random);
    let field = world.schema.resolve("f.f0", None).unwrap();
    let mut values = eyrie_lang::Values::new();
    let presence = eyrie_lang::Fields::extract(&record, &field, &mut values);
    assert_eq!(presence == Presence::Absent, !record.0.contains_key("f.f0"));
}
