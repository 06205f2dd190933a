use proptest::prelude::*;

use super::*;

fn keys(text: &str) -> Vec<(&str, String, u32)> {
    let message = Message::parse(text);
    message.trailers.into_iter().map(|t| (t.key, t.value.into_owned(), t.line)).collect()
}

#[test]
fn subjects_are_first_paragraphs() {
    let rows = [
        ("", "", ""),
        ("\n\n", "", ""),
        ("one", "one", ""),
        ("one\n", "one", ""),
        ("\n \none \ntwo\r\n\n\nbody\nmore\n\n", "one two", "body\nmore"),
        ("one\n\n  indented\n", "one", "  indented"),
    ];
    for (text, subject, body) in rows {
        let message = Message::parse(text);
        assert_eq!((&*message.subject, message.body), (subject, body), "{text:?}");
    }
}

/// Each row was given to `git interpret-trailers --parse`, too.
#[test]
fn trailers_follow_git() {
    let sob = ("Signed-off-by", "A <a@b>".to_owned());
    let rows: &[(&str, &[(&str, &str)])] = &[
        // Not in the subject, not without a blank line.
        ("Signed-off-by: A <a@b>", &[]),
        ("subject\nSigned-off-by: A <a@b>\n", &[]),
        ("subject\n\nSigned-off-by: A <a@b>\n", &[("Signed-off-by", "A <a@b>")]),
        // All lines must be trailers …
        ("subject\n\nprose\nAcked-by: B\n", &[]),
        ("subject\n\nprose\n\nAcked-by: B\nFixes: #1\n", &[("Acked-by", "B"), ("Fixes", "#1")]),
        // … unless one is Git's own and they make up a quarter.
        ("subject\n\na\nb\nc\nSigned-off-by: A <a@b>\n", &[("Signed-off-by", "A <a@b>")]),
        ("subject\n\na\nb\nc\nd\nSigned-off-by: A <a@b>\n", &[]),
        ("subject\n\na\n(cherry picked from commit 1)\nAcked-by: B\n", &[("Acked-by", "B")]),
        // The last paragraph only.
        ("subject\n\nAcked-by: B\n\nprose\n", &[]),
        ("subject\n\nAcked-by: B\n\nReviewed-by: C\n\n\n", &[("Reviewed-by", "C")]),
        // Continued lines, blanks before the colon, empty values, Windows line ends.
        ("subject\n\nFixes: one\n  two\n\tthree\nKey : v\n", &[("Fixes", "one two three"), ("Key", "v")]),
        ("subject\n\nCC:\n  A\n", &[("CC", "A")]),
        ("subject\n\nCC:\nA-b: c\r\n", &[("CC", ""), ("A-b", "c")]),
        // No keys: blanks inside, other letters, an address.
        ("subject\n\nSee also: x\n", &[]),
        ("subject\n\nhttps://example.org\n", &[("https", "//example.org")]),
        ("subject\n\nÜber: x\n", &[]),
        ("subject\n\n: x\n", &[]),
        // A comment neither counts nor breaks the block.
        ("subject\n\nAcked-by: B\n# note\nCc: D\n", &[("Acked-by", "B"), ("Cc", "D")]),
        ("subject\n\nAcked-by: B\n\n# note\n", &[("Acked-by", "B")]),
    ];
    for (text, expected) in rows {
        let found: Vec<_> = keys(text).into_iter().map(|(key, value, _)| (key, value)).collect();
        let expected: Vec<_> = expected.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        assert_eq!(found, expected, "{text:?}");
    }
    assert_eq!(keys("s\n\nbody\n\nSigned-off-by: A <a@b>\n"), [(sob.0, sob.1, 5)]);
}

#[test]
fn sign_offs_are_lines_anywhere_in_this_spelling() {
    let text =
        "subject\n\nSigned-off-by: A B <a@b>\n\nprose\nsigned-off-by: C <c@d>\n Signed-off-by: E <e@f>\n";
    let found: Vec<_> = Message::parse(text).sign_offs().map(|i| (i.name, i.email)).collect();
    assert_eq!(found, [("A B", "a@b")]);
    assert_eq!(Message::parse("Signed-off-by: in the subject").sign_offs().count(), 1);
    assert_eq!(Message::parse("subject\n\nSigned-off-by:\tTab <a@b>").sign_offs().count(), 0);
}

#[test]
fn co_authors_come_from_trailers() {
    let message = Message::parse("s\n\nCo-authored-by: A B <a@b>\nCO-AUTHORED-BY: c@d\n");
    let found: Vec<_> = message.co_authors().map(|i| (i.name, i.email)).collect();
    assert_eq!(found, [("A B", "a@b"), ("", "c@d")]);
}

/// Row by row what `checks/raw/code_review.go` decides from a message.
#[test]
fn review_systems_leave_marks() {
    use ReviewSystem::{Gerrit, Phabricator, Piper};
    type Expected = Option<(ReviewSystem, Option<&'static str>)>;
    let rows: &[(&str, Expected)] = &[
        ("nothing", None),
        ("Reviewed-on: https://go-review.googlesource.com/1\nReviewed-by: A", Some((Gerrit, None))),
        ("x Reviewed-by: A, Reviewed-on: b", Some((Gerrit, None))),
        ("Reviewed-by: A", None),
        ("Reviewed-on: A", None),
        ("reviewed-on: A\nreviewed-by: B", None),
        ("Differential Revision: https://reviews.example.org/D123", Some((Phabricator, Some("D123")))),
        ("Differential Revision: D1 and D22x", Some((Phabricator, Some("D22")))),
        ("Differential Revision: DD7D", Some((Phabricator, Some("D7")))),
        ("Differential Revision:\nD123", None),
        ("Differential Revision: \nDifferential Revision: D4", Some((Phabricator, Some("D4")))),
        ("Differential Revision: D", None),
        ("PiperOrigin-RevId: 444529962", Some((Piper, Some("444529962")))),
        ("PiperOrigin-RevId:\n\t 123", Some((Piper, Some("123")))),
        ("PiperOrigin-RevId: 12", None),
        ("PiperOrigin-RevId: x123", None),
        ("PiperOrigin-RevId: 999\nReviewed-on: a\nReviewed-by: b", Some((Gerrit, None))),
        ("PiperOrigin-RevId: 999\nDifferential Revision: D1", Some((Phabricator, Some("D1")))),
    ];
    for (text, expected) in rows {
        let found = Message::parse(text).revision().map(|r| (r.system, r.id));
        assert_eq!(found, *expected, "{text:?}");
    }
}

#[test]
fn pull_requests_are_named_by_squashes_and_merges() {
    let rows = [
        ("Fix it (#12)", Some(12)),
        ("Fix it (#12)\n\nbody (#13)", Some(12)),
        ("Revert (#1) (#2)", Some(2)),
        ("Merge pull request #345 from a/b\n\nTitle", Some(345)),
        ("Merge pull request 345", None),
        ("Fix #12", None),
        ("Fix (#x)", None),
        ("Fix (#99999999999999999999999)", None),
        ("", None),
    ];
    for (text, expected) in rows {
        assert_eq!(Message::parse(text).pull_request(), expected, "{text:?}");
    }
}

#[test]
fn identities() {
    let rows = [
        ("A B <a@b>", "A B", "a@b"),
        ("<a@b>", "", "a@b"),
        ("A B", "A B", ""),
        ("a@b", "", "a@b"),
        ("A <a@b", "A", "a@b"),
        ("A <> x", "A", ""),
        ("", "", ""),
    ];
    for (text, name, email) in rows {
        assert_eq!(Identity::parse(text), Identity { name, email }, "{text:?}");
    }
    let login = |email| Identity { name: "", email }.github_login();
    assert_eq!(login("49699333+dependabot[bot]@users.noreply.github.com"), Some("dependabot[bot]"));
    assert_eq!(login("octocat@users.noreply.github.com"), Some("octocat"));
    assert_eq!(login("a+b@users.noreply.github.com"), Some("a+b"));
    assert_eq!(login("@users.noreply.github.com"), None);
    assert_eq!(login("octocat@example.org"), None);
}

#[test]
fn programs_are_told_by_suffix_or_name() {
    let mark = |name, email| Identity { name, email }.bot_mark();
    assert_eq!(mark("renovate[bot]", ""), Some(BotMark::Suffix));
    assert_eq!(
        mark("Renovate Bot", "29139614+renovate[bot]@users.noreply.github.com"),
        Some(BotMark::Suffix)
    );
    assert_eq!(mark("Poiana", "x@y"), Some(BotMark::KnownName));
    assert_eq!(mark("[bot] person", "x@y"), None);
    assert_eq!(mark("Talbot", "talbot@example.org"), None);
}

#[test]
fn signatures_by_their_armor() {
    let rows = [
        ("-----BEGIN PGP SIGNATURE-----\n\nx", "openpgp"),
        (" -----BEGIN SSH SIGNATURE-----\nx", "ssh"),
        ("-----BEGIN SIGNED MESSAGE-----\nx", "x509"),
        ("", "other"),
    ];
    for (armor, name) in rows {
        assert_eq!(SignatureKind::of(armor).name(), name);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_message(text in "(?s).{0,200}") {
        let message = Message::parse(&text);
        prop_assert!(text.contains(message.body));
        let lines = text.split('\n').count();
        for trailer in &message.trailers {
            prop_assert!(trailer.line as usize <= lines);
            prop_assert!(text.split('\n').nth(trailer.line as usize - 1).unwrap().contains(trailer.key));
        }
        let _ = (message.revision(), message.pull_request(), message.sign_offs().count());
    }

    /// Paragraphs from parts that matter: there are never trailers without a line of theirs.
    #[test]
    fn trailers_are_lines_of_the_last_paragraph(
        lines in proptest::collection::vec(prop_oneof![
            Just(""), Just("Signed-off-by: A <a@b>"), Just("Key: value"), Just("prose here"), Just("  more"),
            Just("(cherry picked from commit 1234)"), Just("Differential Revision: D1"), Just("# x"),
        ], 0..14),
    ) {
        let text = lines.join("\n");
        let is_note = |paragraph: &&str| paragraph.lines().all(|line| line.starts_with('#'));
        let last = text.split("\n\n").filter(|p| !is_note(&p.trim())).last().unwrap_or("").to_owned();
        for trailer in Message::parse(&text).trailers {
            prop_assert!(last.contains(trailer.key));
        }
    }
}
