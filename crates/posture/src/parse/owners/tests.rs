use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn show(path: &str, text: &str) -> String {
    let owners = Owners::parse(path, text.as_bytes());
    let mut out = String::new();
    for p in &owners.people {
        let _ = write!(out, "{:>2}", p.line);
        let parts = [
            ("@", &p.handle),
            ("name=", &p.name),
            ("mail=", &p.email),
            ("org=", &p.org),
            ("role=", &p.role),
            ("under=", &p.section),
            ("for=", &p.pattern),
        ];
        for (mark, value) in parts {
            if let Some(value) = value {
                let _ = write!(out, " {mark}{value}");
            }
        }
        out.push_str(if p.is_team() { " (team)\n" } else { "\n" });
    }
    for r in &owners.rules {
        let _ = writeln!(out, "rule {} {:?} {:?} {:?}", r.line, r.pattern, r.owners, r.section);
    }
    for p in &owners.problems {
        let _ = writeln!(out, "problem {p}");
    }
    out
}

#[test]
fn kubernetes_owners() {
    insta::assert_snapshot!(show("pkg/OWNERS", "\
# See the OWNERS docs
approvers:
  - ann
  - sig-lead-approvers # an alias
reviewers: [bob]
emeritus_approvers:
  - cleo
labels: [area/x]
options: {no_parent_owners: true}
filters:
  '\\.md$':
    reviewers: [dee]
"), @r#"
     3 @ann role=approvers
     4 @sig-lead-approvers role=approvers
     5 @bob role=reviewers
     7 @cleo role=emeritus_approvers
    12 @dee role=reviewers for=\.md$
    "#);
    insta::assert_snapshot!(show("OWNERS_ALIASES", "aliases:\n  leads:\n    - ann\n    - bob\n  empty: []\n"), @r#"
    3 @ann role=leads
    4 @bob role=leads
    "#);
    insta::assert_snapshot!(show("OWNERS", "approvers:\n- a\n\t- b\n"), @r#"problem 2:3: not YAML: while scanning a plain scalar, found a tab"#);
    insta::assert_snapshot!(show("OWNERS", "# Chromium style\nann@x.example\nbob@x.example # comment\nper-file *.h=*\n"), @r#"
    2 mail=ann@x.example role=Chromium style under=Chromium style
    3 mail=bob@x.example role=Chromium style under=Chromium style
    "#);
}

#[test]
fn codeowners() {
    insta::assert_snapshot!(show(".github/CODEOWNERS", "\
# comment
*       @ann @org/team-a
/docs/  docs@x.example # the writers
a\\ b.txt @bob
/apps/none
*.js    nobody
[Database][2] @dba
model/
^[Optional]
x/ @cleo
"), @r#"
     2 @ann for=*
     2 @org/team-a for=* (team)
     3 mail=docs@x.example for=/docs/
     4 @bob for=a b.txt
     8 @dba for=model/
    10 @cleo for=x/
    rule 2 "*" ["@ann", "@org/team-a"] None
    rule 3 "/docs/" ["docs@x.example"] None
    rule 4 "a b.txt" ["@bob"] None
    rule 5 "/apps/none" [] None
    rule 6 "*.js" ["nobody"] None
    rule 8 "model/" ["@dba"] Some("Database")
    rule 10 "x/" ["@cleo"] Some("Optional")
    problem 6:1: *.js: `nobody` is neither `@name`, `@org/team` nor an e-mail address
    "#);
}

#[test]
fn maintainers_in_tables() {
    insta::assert_snapshot!(show("MAINTAINERS.md", "\
# Maintainers

| Maintainer | GitHub ID | Affiliation | Email |
| ---------- | --------- | ----------- | ----- |
| Ann Other | [ann](https://github.com/ann) | [ACME](https://acme.example) | ann@x.example |
| Bob B. | @bob | Umbrella | |
| | | | |

## Emeritus

Name | Role
-----|-----
[Cleo](https://github.com/cleo) | Founder
Dee Dee | Docs

| Version | Date |
|---------|------|
| 1.0     | 2026 |
"), @r#"
     5 @ann name=Ann Other mail=ann@x.example org=ACME role=Maintainers under=Maintainers
     6 @bob name=Bob B. org=Umbrella role=Maintainers under=Maintainers
    13 @cleo name=Cleo role=Founder under=Emeritus
    14 name=Dee Dee role=Docs under=Emeritus
    "#);
}

#[test]
fn maintainers_in_lists() {
    insta::assert_snapshot!(show("MAINTAINERS.md", "\
# Core maintainers

* Ann Other (@ann), ACME
* [Bob B.](https://github.com/bob) <bob@x.example>
* @cleo
- Dee Dee
- [Eve](mailto:eve@x.example) - Umbrella Corp
- Reviews pull requests
- See [the process](GOVERNANCE.md) and [us](https://github.com/org/repo)

```
- @nobody
```

### Reviewers

1. Area one
   - Fay <fay@x.example>
"), @r#"
     3 @ann name=Ann Other org=ACME role=Core maintainers under=Core maintainers
     4 @bob name=Bob B. mail=bob@x.example role=Core maintainers under=Core maintainers
     5 @cleo role=Core maintainers under=Core maintainers
     6 name=Dee Dee role=Core maintainers under=Core maintainers
     7 name=Eve mail=eve@x.example org=Umbrella Corp role=Core maintainers under=Core maintainers
    18 name=Fay mail=fay@x.example role=Reviewers under=Reviewers
    "#);
}

#[test]
fn maintainers_in_other_formats() {
    insta::assert_snapshot!(show("MAINTAINERS", "\
# Maintainers
Ann Other <ann@x.example> (@ann)
Bob B., ACME, @bob
@cleo
Dee Dee

This file lists those who merge.
"), @r#"
    2 @ann name=Ann Other mail=ann@x.example role=Maintainers under=Maintainers
    3 @bob name=Bob B. org=ACME role=Maintainers under=Maintainers
    4 @cleo role=Maintainers under=Maintainers
    5 name=Dee Dee role=Maintainers under=Maintainers
    "#);
    insta::assert_snapshot!(show("MAINTAINERS", "\
SUBSYSTEM
M:\tAnn Other <ann@x.example>
R:\tBob <bob@x.example>
L:\tlist@x.example
F:\tdrivers/
"), @r#"
    2 name=Ann Other mail=ann@x.example role=maintainer
    3 name=Bob mail=bob@x.example role=reviewer
    "#);
    insta::assert_snapshot!(show("MAINTAINERS", "\
[Org]
  [Org.Core]
    people = [\"ann\"]
[people]
  [people.ann]
  Name = \"Ann Other\"
  Email = \"ann@x.example\"
  GitHub = \"ann\"
  [people.bob]
  Name = \"Bob\"
"), @r#"
    5 @ann name=Ann Other mail=ann@x.example
    9 name=Bob
    "#);
    insta::assert_snapshot!(show("maintainers.yaml", "\
name: project
maintainers:
  - name: Ann Other
    github: ann
    company: ACME
  - bob
  - Cleo <cleo@x.example>
emeritus: [{name: Dee, email: dee@x.example}]
"), @r#"
    3 @ann name=Ann Other org=ACME role=maintainers
    6 @bob role=maintainers
    7 name=Cleo mail=cleo@x.example role=maintainers
    8 name=Dee mail=dee@x.example role=emeritus
    "#);
}

#[test]
fn handles_and_addresses() {
    for (word, handle, email) in [
        ("@ann", Some("ann"), None),
        ("(@ann-b),", Some("ann-b"), None),
        ("@org/team", Some("org/team"), None),
        ("https://github.com/ann", Some("ann"), None),
        ("https://www.github.com/ann/", Some("ann"), None),
        ("https://github.com/org/repo", None, None),
        ("https://x.example/ann", None, None),
        ("<ann@x.example>", None, Some("ann@x.example")),
        ("mailto:ann@x.example", None, Some("ann@x.example")),
        ("ann@localhost", None, None),
        ("@", None, None),
        ("a@b@c.d", None, None),
        ("ann", None, None),
    ] {
        let person = token(word);
        assert_eq!((person.handle.as_deref(), person.email.as_deref()), (handle, email), "{word}");
    }
}

#[test]
fn large_files_are_cut() {
    let text = "* @ann\n".repeat(1_000_000);
    for path in ["CODEOWNERS", "OWNERS", "MAINTAINERS.md", "MAINTAINERS", "m.yaml", "m.toml"] {
        assert!(Owners::parse(path, text.as_bytes()).truncated, "{path}");
    }
    let deep = format!("{}@ann", "> - ".repeat(50_000));
    assert!(Owners::parse("MAINTAINERS.md", deep.as_bytes()).people.len() <= 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_read(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "@ann", " ", "\n", "* ", "- ", "| ", "|-|-|\n", "| Name | GitHub |\n", "Ann Other", "<a@b.c>", "é",
                "[x](https://github.com/y)", "# ", "approvers:\n", "  - ", ": ", "[people.x]\n", "Name = \"", "\"",
                "M: ", "\\", "[", "]", "(", ")", "\t", "```\n", ",", "\r\n", "^[S] ", "https://github.com/z",
            ]),
            0..30,
        )
    ) {
        let text = parts.concat();
        let lines = text.lines().count().max(1);
        for path in ["CODEOWNERS", "OWNERS", "OWNERS_ALIASES", "MAINTAINERS.md", "MAINTAINERS", "m.yaml", "m.toml"] {
            let owners = Owners::parse(path, text.as_bytes());
            for person in owners.people {
                prop_assert!(person.line >= 1 && person.line as usize <= lines, "{path} {person:?}");
                prop_assert!(person.is_named());
            }
        }
    }
}
