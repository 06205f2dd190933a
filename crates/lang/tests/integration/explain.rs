//! Explanations: which atoms decided, what they saw, what a near miss lacked.

use eyrie_lang::{Explanation, FieldInfo, Program, Scratch, StaticSchema, Type};

use crate::record::{Given, Record, compiled, text, texts};

fn explained(condition: &str) -> (Program, Explanation) {
    let schema = StaticSchema::new(vec![
        FieldInfo::new("proc.name", Type::CharBuf, ""),
        FieldInfo::new("proc.pid", Type::Int64, ""),
        FieldInfo::new("fd.name", Type::CharBuf, ""),
        FieldInfo::new("fd.types", Type::CharBuf, "").list(),
        FieldInfo::new("user.name", Type::CharBuf, ""),
    ])
    .unwrap()
    .with_unavailable();
    let record = Record::new([
        ("proc.name", text("cat")),
        ("proc.pid", Given::Int(7)),
        ("fd.types", texts(&["file", "ipv4"])),
        ("user.name", Given::Unavailable),
    ]);
    let program = compiled(&schema, condition);
    let id = program.conditions().next().unwrap();
    let mut scratch = Scratch::new();
    let explanation = program.start(&record, &mut scratch).explain(id);
    (program, explanation)
}

/// The explanation as a few lines: `*` marks what decided.
fn shown(condition: &str) -> String {
    let (program, explanation) = explained(condition);
    let mut lines = vec![format!("{:?}", explanation.verdict)];
    for atom in &explanation.atoms {
        let mark = if atom.decisive { '*' } else { ' ' };
        let fields: Vec<_> = atom
            .fields
            .iter()
            .map(|field| format!("{} {:?} {:?}", field.name, field.presence, field.values))
            .collect();
        lines.push(format!("{mark} {} -> {:?}; {}", atom.text, atom.verdict, fields.join(", ")));
    }
    for atom in &explanation.near_misses {
        lines.push(format!("near miss: {}", program.atom_text(*atom)));
    }
    for field in &explanation.missing {
        lines.push(format!("missing: {field}"));
    }
    lines.join("\n")
}

#[test]
fn a_match_names_what_sufficed() {
    insta::assert_snapshot!(shown("proc.name = dog or proc.pid > 3 or fd.name exists"), @r#"
    True
      proc.name = dog -> False; proc.name Present ["cat"]
    * proc.pid > 3 -> True; proc.pid Present ["7"]
      fd.name exists -> False; fd.name Absent []
    "#);
    insta::assert_snapshot!(shown("proc.name = cat and not (fd.name = x or proc.pid = 1)"), @r#"
    True
    * proc.name = cat -> True; proc.name Present ["cat"]
    * fd.name = x -> False; fd.name Absent []
    * proc.pid = 1 -> False; proc.pid Present ["7"]
    "#);
}

#[test]
fn a_near_miss_names_the_atom_that_prevented_it() {
    insta::assert_snapshot!(shown("proc.name = cat and proc.pid > 10 and fd.types intersects (file)"), @r#"
    False
      proc.name = cat -> True; proc.name Present ["cat"]
    * proc.pid > 10 -> False; proc.pid Present ["7"]
      fd.types intersects (file) -> True; fd.types Present ["file", "ipv4"]
    near miss: proc.pid > 10
    "#);
    insta::assert_snapshot!(shown("proc.name = dog and proc.pid > 10"), @r#"
    False
    * proc.name = dog -> False; proc.name Present ["cat"]
      proc.pid > 10 -> False; proc.pid Present ["7"]
    "#);
    insta::assert_snapshot!(shown("proc.name = cat and not fd.types in (file, ipv4)"), @r#"
    False
      proc.name = cat -> True; proc.name Present ["cat"]
    * fd.types in (file, ipv4) -> True; fd.types Present ["file", "ipv4"]
    near miss: fd.types in (file, ipv4)
    "#);
}

#[test]
fn what_is_unknown_names_the_fields_that_would_decide() {
    insta::assert_snapshot!(shown("proc.name = cat and user.name = root and fd.types exists"), @r#"
    Unknown
      proc.name = cat -> True; proc.name Present ["cat"]
    * user.name = root -> Unknown; user.name Unavailable []
      fd.types exists -> True; fd.types Present ["file", "ipv4"]
    near miss: user.name = root
    missing: user.name
    "#);
    insta::assert_snapshot!(shown("proc.name = val(user.name)"), @r#"
    Unknown
    * proc.name = val(user.name) -> Unknown; proc.name Present ["cat"], user.name Unavailable []
    near miss: proc.name = val(user.name)
    missing: user.name
    "#);
}
