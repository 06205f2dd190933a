//! A register as files: nothing is lost on the way, and what cannot be taken over is told as a whole.

use eyrie_register::domain::fact::*;
use eyrie_register::domain::log::Log;
use eyrie_register::domain::policy::Channel;
use eyrie_register::domain::register::Register;
use eyrie_register::files::export::export;
use eyrie_register::files::import::{Imported, Problem, Writer, import};
use eyrie_register::files::{self, Files};
use eyrie_register::store::Store;
use proptest::prelude::*;

use crate::fixture::*;

fn writer() -> Writer {
    Writer { by: "nina".into(), now: now() }
}

fn back(files: &Files) -> Result<Imported, Vec<Problem>> {
    import(files, &Register::default(), &writer()).map_err(|error| error.problems)
}

/// A register with something of everything that the fixtures make.
fn rich() -> Book {
    let mut book = Book::ready_to_graduate("enarx");
    book.decide("2026-05-14", "tac", to("enarx", "graduation"), &ALL_SEATS, &ALL_SEATS[..6]);
    book.add(
        "2026",
        StatusReported { project: id("enarx"), text: "# Report\n\nAll is well:\n  * yes\n".into() },
    );
    book.add(
        "2026-06",
        PersonKnown {
            person: id("cintia"),
            name: "Cintia Sánchez García".into(),
            aliases: vec!["1.10".into(), "true".into()],
        },
    );
    book
}

#[test]
fn export_and_import_lose_nothing() {
    let book = rich();
    let files = export(&book.register).unwrap();
    let imported = back(&files).unwrap();
    assert_eq!(imported.register, book.register);
    assert_eq!(
        imported.notes.iter().filter(|note| note.rule.as_deref() != Some("I3")).collect::<Vec<_>>(),
        Vec::<&Problem>::new()
    );
    // The same again gives the same files.
    assert_eq!(export(&imported.register).unwrap(), files);
    // Through a disk and a database.
    let folder = tempfile::tempdir().unwrap();
    files::write(folder.path(), &files).unwrap();
    assert_eq!(files::read(folder.path()).unwrap(), files);
    let place = folder.path().join("r.db").to_string_lossy().into_owned();
    let mut store = Store::create(&place).unwrap();
    store.adopt(&imported.register).unwrap();
    assert_eq!(store.verify(Some(book.register.log().head())).unwrap(), book.register);
    store.adopt(&imported.register).unwrap();
    assert!(store.adopt(&Book::ccc().register).is_err());
}

#[test]
fn what_the_files_look_like() {
    let files = export(&rich().register).unwrap();
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    insta::assert_json_snapshot!(paths, @r#"
    [
      "README.md",
      "foundation.yaml",
      "meetings/2025.yaml",
      "meetings/2026.yaml",
      "policies/ccc-2024-07-11.yaml",
      "policies/ccc-2025-06-06.yaml",
      "projects/enarx/README.md",
      "projects/enarx/log.yaml",
      "register.yaml",
      "votes/vote-board-2025-08-20.yaml",
      "votes/vote-tac-2025-07-24.yaml",
      "votes/vote-tac-2026-05-14.yaml"
    ]
    "#);
    insta::assert_snapshot!(files["votes/vote-board-2025-08-20.yaml"], @r#"
    - entry: 61
      recorded: 2026-11-22T12:00:00Z
      by: mona
      when: 2025-08-20
      fact: vote-opened
      vote: vote-board-2025-08-20
      body: board
      motion:
        motion: move
        project: enarx
        to: incubation
      channel: meeting
      meeting: board-2025-08-20

    - entry: 62
      recorded: 2026-11-22T12:00:00Z
      by: mona
      when: 2025-08-20
      fact: ballot-cast
      vote: vote-board-2025-08-20
      seat: b1
      choice: "yes"

    - entry: 63
      recorded: 2026-11-22T12:00:00Z
      by: mona
      when: 2025-08-20
      fact: ballot-cast
      vote: vote-board-2025-08-20
      seat: b2
      choice: "yes"

    - entry: 64
      recorded: 2026-11-22T12:00:00Z
      by: mona
      when: 2025-08-20
      fact: ballot-cast
      vote: vote-board-2025-08-20
      seat: b3
      choice: "no"

    - entry: 65
      recorded: 2026-11-22T12:00:00Z
      by: mona
      when: 2025-08-20
      fact: vote-closed
      vote: vote-board-2025-08-20
    "#);
    insta::assert_snapshot!(files["projects/enarx/README.md"], @r#"
    <!-- Made by `eyrie register export`. What is changed here is not read back. -->
    # enarx

    Submitted on 2025-07-01.

    | Stage | Since | Decision |
    |---|---|---|
    | incubation | 2025-08-20 | [vote-board-2025-08-20](../../votes/vote-board-2025-08-20.yaml) |
    | graduation | 2026-05-14 | [vote-tac-2026-05-14](../../votes/vote-tac-2026-05-14.yaml) |

    ## Votes

    * 2025-07-24: tac on incubation: passed
    * 2025-08-20: board on incubation: passed
    * 2026-05-14: tac on graduation: passed

    ## Still to be done

    * the approved technical charter is in the main repository (the project)
    * website and README show the new status prominently (the project)

    Liaisons: Lia Son
    "#);
    let head = format!("head: {}", rich().register.log().head());
    // In quotes where it begins like a number.
    let written = files["register.yaml"].replace('"', "");
    assert_eq!(written, format!("register: 1\nentries: 86\n{head}\n"));
}

/// What is no longer there is removed, and what is not of an export stays.
#[test]
fn a_folder_is_kept_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    std::fs::create_dir_all(at("projects/old")).unwrap();
    std::fs::write(at("projects/old/log.yaml"), "[]\n").unwrap();
    std::fs::write(at("CONTRIBUTING.md"), "keep me\n").unwrap();
    let files = export(&rich().register).unwrap();
    let changes = files::changes(folder.path(), &files).unwrap();
    assert_eq!(
        (changes.written.len(), changes.removed.as_slice()),
        (files.len(), ["projects/old/log.yaml".to_owned()].as_slice())
    );
    assert!(!at("register.yaml").exists());
    assert_eq!(files::write(folder.path(), &files).unwrap(), changes);
    assert!(!at("projects/old/log.yaml").exists() && at("CONTRIBUTING.md").exists());
    assert_eq!(files::write(folder.path(), &files).unwrap(), files::Changes::default());
}

/// Somebody adds to the files by hand, as in a pull request.
#[test]
fn new_entries_have_no_number() {
    let book = rich();
    let mut files = export(&book.register).unwrap();
    files.get_mut("projects/enarx/log.yaml").unwrap().push_str(
        "\n- when: 2026-07\n  source: https://example.org/minutes\n  fact: project-renamed\n  project: enarx\n  name: Enarx Two\n\n- when: 2021\n  by: olga\n  fact: status-reported\n  project: enarx\n  text: x\n",
    );
    // Before it was submitted: refused, and with it the other one.
    let problems = back(&files).unwrap_err();
    let line = files["projects/enarx/log.yaml"].lines().count() - 4;
    let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
    assert_eq!(
        (problem.path.as_str(), problem.line, problem.rule.as_deref()),
        ("projects/enarx/log.yaml", line, Some("I1"))
    );
    let log = files.get_mut("projects/enarx/log.yaml").unwrap();
    *log = log.replace("when: 2021\n", "when: 2026-08\n");
    let imported = import(&files, &book.register, &writer()).unwrap();
    assert_eq!(imported.new, 2);
    let project = &imported.register.state().projects[&id("enarx")];
    assert_eq!(
        (project.name.as_str(), project.aliases.as_slice()),
        ("Enarx Two", ["enarx".to_owned()].as_slice())
    );
    let last = &imported.register.log().entries()[imported.register.log().entries().len() - 2..];
    assert_eq!((last[0].body.draft.by.as_str(), last[1].body.draft.by.as_str()), ("nina", "olga"));
    // The page for reading is behind: it is said, and written anew by the next export.
    assert!(imported.notes.is_empty() || imported.notes.iter().all(|note| note.rule.is_some()));
    assert_ne!(
        export(&imported.register).unwrap()["projects/enarx/README.md"],
        files["projects/enarx/README.md"]
    );
}

/// I14: a generated page that was edited is noticed.
#[test]
fn i14_generated_pages_equal_a_regeneration() {
    let book = rich();
    let mut files = export(&book.register).unwrap();
    let notes = |files: &Files| -> Vec<String> {
        let notes = back(files).unwrap().notes;
        notes.into_iter().filter(|note| note.rule.as_deref() == Some("I14")).map(|note| note.path).collect()
    };
    assert!(notes(&files).is_empty());
    files.get_mut("README.md").unwrap().push_str("and more\n");
    assert_eq!(notes(&files), ["README.md"]);
}

#[test]
fn everything_that_is_wrong_is_told() {
    let mut files = export(&rich().register).unwrap();
    let edit = |files: &mut Files, path: &str, from: &str, to: &str| {
        let text = files.get_mut(path).unwrap();
        assert!(text.contains(from), "{text}");
        *text = text.replacen(from, to, 1);
    };
    edit(&mut files, "foundation.yaml", "fact: seat-created", "fact: seat-crated");
    edit(&mut files, "votes/vote-board-2025-08-20.yaml", "choice: \"yes\"", "choice: maybe");
    edit(&mut files, "projects/enarx/log.yaml", "when: 2025-07-01", "when: 01/07/2025");
    edit(&mut files, "meetings/2026.yaml", "seat: s1", "seta: s1");
    files.insert("votes/odd.yaml".into(), "votes: none\n".into());
    files.insert("votes/broken.yaml".into(), "- [\n".into());
    let problems = back(&files).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_json_snapshot!(told, @r#"
    [
      "foundation.yaml:23: unknown variant `seat-crated`",
      "meetings/2026.yaml:9: unknown field `seta`, expected `seat` or `person`",
      "projects/enarx/log.yaml:4: `01/07/2025` may be two dates: write the year first, as 2021-03-05",
      "register.yaml: entry 3 is missing",
      "votes/broken.yaml:2: not YAML: while parsing a node, did not find expected node content",
      "votes/odd.yaml:1: a list of entries is expected, not a mapping",
      "votes/vote-board-2025-08-20.yaml:22: unknown variant `maybe`, expected one of `yes`, `no`, `abstain`"
    ]
    "#);
}

#[test]
fn entries_with_numbers_stay_as_they_are() {
    let book = rich();
    let files = export(&book.register).unwrap();
    let with = |path: &str, from: &str, to: &str| {
        let mut files = files.clone();
        let text = files.get_mut(path).unwrap();
        assert!(text.contains(from), "{text}");
        *text = text.replacen(from, to, 1);
        files
    };
    let said = |files: &Files| {
        back(files).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let changed = said(&with("votes/vote-board-2025-08-20.yaml", "by: mona", "by: lisa"));
    assert!(
        changed.starts_with("register.yaml: the entries with numbers are not those that were exported"),
        "{changed}"
    );
    let error =
        import(&with("votes/vote-board-2025-08-20.yaml", "by: mona", "by: lisa"), &book.register, &writer())
            .unwrap_err();
    assert!(error.problems[0].text.ends_with("is not the one that the register has"), "{error}");
    assert!(error.problems[0].path.starts_with("votes/vote-board"), "{error}");
    let twice = said(&with(
        "votes/vote-board-2025-08-20.yaml",
        "- entry: ",
        "- entry: 1\n  recorded: 2026-11-22T12:00:00Z\n  by: mona\n  when: 2025-01-01\n  fact: vote-closed\n  vote: x\n\n- entry: ",
    ));
    assert!(twice.contains("entry 1 is in foundation.yaml:1, too") || twice.contains("too"), "{twice}");
    let mut cut = files.clone();
    cut.remove("votes/vote-board-2025-08-20.yaml");
    assert!(said(&cut).contains("is missing"), "{}", said(&cut));
    let mut none = files.clone();
    none.remove("register.yaml");
    assert!(said(&none).contains("this is no export of a register"));
    let mut older = export(&Book::ccc().register).unwrap();
    older.remove("README.md");
    let error = import(&older, &book.register, &writer()).unwrap_err();
    assert!(
        error.to_string().contains("and these files only") || error.to_string().contains("is not the one"),
        "{error}"
    );
}

/// An import with contradictions: every one of them, each with its place and rule, and nothing is taken.
#[test]
fn contradictions_are_all_reported() {
    let book = Book::incubating("enarx");
    let mut files = export(&book.register).unwrap();
    let mut more = String::new();
    for (date, fact) in [
        ("2025-09-01", "fact: stage-entered\n  project: enarx\n  stage: graduated"),
        ("2025-09-02", "fact: sponsor-named\n  project: enarx\n  body: tac\n  seat: s77"),
        (
            "2025-09-03",
            "fact: benefit-granted\n  project: enarx\n  benefit: test-infrastructure\n  cents: 750001",
        ),
        ("2025-09-04", "fact: liaison-released\n  project: enarx\n  person: nobody"),
        ("2025-09-05", "fact: ballot-cast\n  vote: vote-board-2025-08-20\n  seat: b3\n  choice: \"yes\""),
    ] {
        more.push_str(&format!("\n- when: {date}\n  {fact}\n"));
    }
    files.get_mut("projects/enarx/log.yaml").unwrap().push_str(&more);
    let problems = back(&files).unwrap_err();
    let rules: Vec<&str> = problems.iter().filter_map(|problem| problem.rule.as_deref()).collect();
    assert_eq!(rules, ["I1", "I5", "C5", "C3", "I3"]);
    assert!(problems.windows(2).all(|pair| pair[0].line < pair[1].line), "{problems:#?}");
}

#[test]
fn mojibake_is_noticed() {
    let mut book = Book::ccc();
    book.add(
        "2025-07-01",
        PersonKnown { person: id("cintia"), name: "Cintia SÃ¡nchez GarcÃ\u{ad}a".into(), aliases: vec![] },
    );
    let notes = back(&export(&book.register).unwrap()).unwrap().notes;
    let told: Vec<String> = notes
        .iter()
        .map(|note| format!("{} {}", note.rule.as_deref().unwrap_or(""), note.help.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(told, ["R19 it was meant as `Sánchez`", "R19 it was meant as `García`"]);
}

/// What an earlier version wrote in another form keeps its hash.
#[test]
fn entries_in_another_form_keep_their_hash() {
    let book = Book::ccc();
    let mut rows: Vec<_> = Vec::new();
    let mut previous = eyrie_register::domain::log::Digest::ZERO;
    for entry in book.register.log().entries() {
        let spaced = entry
            .text
            .replace(&entry.body.previous.to_string(), &previous.to_string())
            .replacen(":", ": ", 1);
        previous = eyrie_register::domain::log::Digest::of(spaced.as_bytes());
        rows.push((entry.body.entry, spaced, previous));
    }
    let register = Register::new(Log::verified(rows).unwrap());
    let imported = back(&export(&register).unwrap()).unwrap();
    assert_eq!(imported.register.log(), register.log());
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z :#'\"\\n-]{0,20}", "(a line[ ]?\n){0,3}", "[0-9.-]{0,10}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever texts are written: export → import gives the same log, and so does export again.
    #[test]
    fn any_text_survives(texts in prop::collection::vec((any_text(), any_text(), 0u8..4), 1..12)) {
        let mut book = Book::empty();
        book.add("2025-06-06", adopted("ccc-2025-06-06.yaml"));
        book.add("2025-07-01", submission("x"));
        for (at, (one, two, kind)) in texts.into_iter().enumerate() {
            let _ = book.attempt("2025-08", match kind {
                0 => Fact::from(PersonKnown { person: id(&format!("p{at}")), name: one, aliases: vec![two] }),
                1 => StatusReported { project: id("x"), text: one }.into(),
                2 => AnswersChanged { project: id("x"), answers: [("1.1".to_owned(), one), ("3.13".to_owned(), two)].into() }.into(),
                _ => opened(&format!("v{at}"), "tac", Motion::Resolve { text: one }, Channel::Email, None).into(),
            });
        }
        let files = export(&book.register).unwrap();
        let imported = back(&files);
        prop_assert!(imported.is_ok(), "{:?}", imported.err());
        let register = imported.unwrap().register;
        prop_assert_eq!(register.log(), book.register.log());
        prop_assert_eq!(export(&register).unwrap(), files);
    }
}
