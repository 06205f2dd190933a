//! What takes a forge's answers: `code_review`, `maintained`, `signed_releases`.

use serde_json::{Value, json};

use super::{Case, DAY, check, row};

/// A commit on the default branch that came with a merged change, or with none.
fn pushed(oid: u32, message: &str, changes: &[Value]) -> Value {
    json!({
        "oid": format!("{oid:040x}"),
        "message": message,
        "committedDate": "{NOW-1d}",
        "author": {"email": "a@b", "user": {"login": "ann"}},
        "associatedPullRequests": {"nodes": changes},
    })
}

fn person(login: &str) -> Value {
    json!({"login": login, "__typename": "User"})
}

fn bot(login: &str) -> Value {
    json!({"login": login, "__typename": "Bot"})
}

fn by(actor: Value, state: &str) -> Value {
    json!({"state": state, "author": actor})
}

/// A merged change.
fn change(number: u32, author: Value, merged_by: Value, reviews: &[Value], labels: &[&str]) -> Value {
    let labels: Vec<Value> = labels.iter().map(|name| json!({"name": name})).collect();
    json!({
        "number": number,
        "mergedAt": "{NOW-1d}",
        "author": author,
        "mergedBy": merged_by,
        "reviews": {"nodes": reviews},
        "labels": {"nodes": labels},
    })
}

fn reviewed(number: u32) -> Value {
    change(number, person("ann"), person("ann"), &[by(person("ben"), "APPROVED")], &[])
}

fn unreviewed(number: u32) -> Value {
    change(number, person("ann"), person("ann"), &[], &[])
}

fn history(commits: Vec<Value>) -> Case {
    Case::new().forge(json!({
        "name": "r",
        "defaultBranchRef": {"name": "main", "target": {"history": {"nodes": commits}}},
    }))
}

/// One commit for each change.
fn merged(changes: &[Value]) -> Case {
    let commits = (0..).zip(changes).map(|(at, change)| pushed(at, "Change", std::slice::from_ref(change)));
    history(commits.collect())
}

#[test]
fn code_review_of_one_change() {
    let mut rows = Vec::new();
    let mut one = |about: &str, change: Value, expected| rows.push(row(about, merged(&[change]), expected));
    let (ann, ben) = (|| person("ann"), || person("ben"));
    one("approved by another", reviewed(1), "pass 10");
    one("approved by its author only", change(1, ann(), ann(), &[by(ann(), "APPROVED")], &[]), "fail 0");
    one("merged by its author", unreviewed(1), "fail 0");
    one("merged by another", change(1, ann(), ben(), &[], &[]), "pass 10");
    for state in ["COMMENTED", "CHANGES_REQUESTED", "DISMISSED", "PENDING"] {
        one(&format!("{state} by another"), change(1, ann(), ann(), &[by(ben(), state)], &[]), "fail 0");
    }
    one(
        "the second review approves",
        change(1, ann(), ann(), &[by(ben(), "COMMENTED"), by(ben(), "APPROVED")], &[]),
        "pass 10",
    );
    for (label, expected) in [
        ("lgtm", "pass 10"),
        ("approved", "pass 10"),
        ("LGTM", "fail 0"),
        ("Approved", "fail 0"),
        ("do-not-merge/needs-approved", "fail 0"),
        ("lgtm2", "fail 0"),
    ] {
        one(&format!("label {label}"), change(1, ann(), ann(), &[], &["kind/bug", label]), expected);
    }
    one(
        "approved by an account that is gone",
        change(1, ann(), ann(), &[by(Value::Null, "APPROVED")], &[]),
        "pass 10",
    );
    one("merged by an account that is gone", change(1, ann(), Value::Null, &[], &[]), "pass 10");
    one(
        "its author's account is gone, merged by a person",
        change(1, Value::Null, ann(), &[], &[]),
        "pass 10",
    );
    // Who knows whether they were the same.
    one("author and merger are gone", change(1, Value::Null, Value::Null, &[], &[]), "fail 0");
    one(
        "author and reviewer are gone",
        change(1, Value::Null, Value::Null, &[by(Value::Null, "APPROVED")], &[]),
        "fail 0",
    );
    one("approved by a program", change(1, ann(), ann(), &[by(bot("review"), "APPROVED")], &[]), "pass 10");
    one("merged by a program", change(1, ann(), bot("github-merge-queue"), &[], &[]), "pass 10");
    let mut open = reviewed(1);
    open["mergedAt"] = Value::Null;
    one("a change that was not merged", open, "fail 0");
    let mut labelled = change(1, ann(), Value::Null, &[], &["lgtm"]);
    labelled["mergedAt"] = Value::Null;
    one("a label on a change that was not merged", labelled, "fail 0");
    check("code_review", rows);
}

#[test]
fn code_review_by_messages() {
    let mut rows = Vec::new();
    for (message, expected) in [
        ("Fix\n\nReviewed-on: https://review/1\nReviewed-by: Ben <b@c>\n", "pass 10"),
        ("Fix\n\nReviewed-on: https://review/1\n", "fail 0"),
        ("Fix\n\nReviewed-by: Ben <b@c>\n", "fail 0"),
        ("Fix\n\nreviewed-on: x\nreviewed-by: y\n", "fail 0"),
        ("Fix\n\nDifferential Revision: https://reviews/D123\n", "pass 10"),
        ("Fix\n\nDifferential Revision: D1\n", "pass 10"),
        ("Fix\n\nDifferential Revision: 123\n", "fail 0"),
        ("Fix\n\nDifferential Revision:\nD123\n", "fail 0"),
        ("Fix\n\nPiperOrigin-RevId: 123\n", "pass 10"),
        ("Fix\n\nPiperOrigin-RevId:\n  123456789\n", "pass 10"),
        ("Fix\n\nPiperOrigin-RevId: 12\n", "fail 0"),
        ("Fix\n\nSigned-off-by: Ben <b@c>\n", "fail 0"),
        ("Fix (#12)", "fail 0"),
    ] {
        rows.push(row(format!("{message:?}"), history(vec![pushed(1, message, &[])]), expected));
        // What came with a merged change is judged by that.
        let case = history(vec![pushed(1, message, &[unreviewed(7)])]);
        rows.push(row(format!("{message:?} in a change merged by its author"), case, "fail 0"));
        let case = history(vec![pushed(1, message, &[reviewed(7)])]);
        rows.push(row(format!("{message:?} in a change approved by another"), case, "pass 10"));
    }
    check("code_review", rows);
}

#[test]
fn code_review_as_a_share() {
    let mut rows = Vec::new();
    for (good, bad, expected) in [
        (0, 1, "fail 0"),
        (1, 0, "pass 10"),
        (1, 1, "pass 5"),
        (2, 1, "pass 6"),
        (1, 2, "fail 3"),
        (9, 1, "pass 9"),
        (29, 1, "pass 9"),
        (13, 17, "fail 4"),
        (15, 15, "pass 5"),
        (14, 15, "fail 4"),
    ] {
        let changes: Vec<Value> = (1..=good).map(reviewed).chain((101..=100 + bad).map(unreviewed)).collect();
        rows.push(row(format!("{good} reviewed, {bad} not"), merged(&changes), expected));
    }
    let commit = |oid, change: Value| pushed(oid, "Change", &[change]);
    rows.push(row(
        "the commits of one change are one",
        history(vec![
            commit(1, unreviewed(1)),
            commit(2, unreviewed(1)),
            commit(3, unreviewed(1)),
            commit(4, reviewed(2)),
        ]),
        "pass 5",
    ));
    rows.push(row(
        "also when others are between them",
        history(vec![commit(1, unreviewed(1)), commit(2, reviewed(2)), commit(3, unreviewed(1))]),
        "pass 5",
    ));
    rows.push(row(
        "commits that were pushed are one each",
        history(vec![pushed(1, "x", &[]), pushed(2, "x", &[]), commit(3, reviewed(1))]),
        "fail 3",
    ));
    let phabricator = "Part\n\nDifferential Revision: https://reviews/D9\n";
    let piper = "Part\n\nPiperOrigin-RevId: 12345\n";
    let gerrit = "Part\n\nReviewed-on: https://review/1\nReviewed-by: Ben\n";
    for (message, expected) in [(phabricator, "fail 3"), (piper, "fail 3"), (gerrit, "pass 5")] {
        // Two commits of one revision, and two that nobody reviewed; with Gerrit a commit is a revision.
        let commits =
            vec![pushed(1, message, &[]), pushed(2, message, &[]), pushed(3, "x", &[]), pushed(4, "x", &[])];
        rows.push(row(format!("grouped by {message:?}"), history(commits), expected));
    }
    let by_bot = |number, approved: bool| {
        let merger = if approved { person("ann") } else { bot("dependabot") };
        change(number, bot("dependabot"), merger, &[], &[])
    };
    rows.push(row(
        "a program's approved change does not count",
        merged(&[by_bot(1, true), unreviewed(2)]),
        "fail 0",
    ));
    rows.push(row(
        "nor does it help",
        merged(&[by_bot(1, true), by_bot(2, true), reviewed(3), unreviewed(4)]),
        "pass 5",
    ));
    rows.push(row(
        "a program's unapproved change counts",
        merged(&[by_bot(1, false), reviewed(2)]),
        "pass 5",
    ));
    rows.push(row("two of them", merged(&[by_bot(1, false), by_bot(3, false), reviewed(2)]), "fail 3"));
    rows.push(row(
        "a program's change that carries a label is approved",
        merged(&[change(1, bot("renovate"), bot("renovate"), &[], &["lgtm"]), unreviewed(2)]),
        "fail 0",
    ));
    rows.push(row(
        "nothing but programs' approved changes",
        merged(&[by_bot(1, true), by_bot(2, true)]),
        "not_applicable",
    ));
    rows.push(row(
        "nothing but programs' changes, one not approved",
        merged(&[by_bot(1, true), by_bot(2, false)]),
        "fail 0",
    ));
    rows.push(row("no commits", history(Vec::new()), "not_applicable"));
    rows.push(row(
        "no branch",
        Case::new().forge(json!({"name": "r", "defaultBranchRef": null})),
        "not_applicable",
    ));
    check("code_review", rows);
}

#[test]
fn code_review_with_less_to_go_by() {
    let unknown = |oid: u32| {
        let mut commit = pushed(oid, "Change", &[]);
        commit.as_object_mut().expect("an object").remove("associatedPullRequests");
        commit
    };
    let mixed = |good: u32, bad: u32, missing: u32| {
        let known = (1..=good).map(reviewed).chain((101..=100 + bad).map(unreviewed));
        let known = (1..).zip(known).map(|(oid, change)| pushed(oid, "Change", &[change]));
        history(known.chain((1000..1000 + missing).map(unknown)).collect())
    };
    let rows = vec![
        row("no forge, no git", Case::new(), "unknown: without --offline"),
        row("no forge, git", Case::new().commits(3, 1), "unknown: without --offline"),
        row("an answer without commits", Case::new().forge(json!({"name": "r"})), "unknown: eyrie forge record"),
        row(
            "an answer that was refused",
            Case::new().forge(json!({
                "data": {"repository": {"name": "r", "defaultBranchRef": null}},
                "errors": [{"type": "FORBIDDEN", "path": ["repository", "defaultBranchRef"], "message": "no"}],
            })),
            "unknown: use a token that may read this repository",
        ),
        row("commits without changes", mixed(0, 0, 2), "unknown: eyrie forge record"),
        row("as many unknown as reviewed", mixed(5, 0, 5), "pass"),
        row("more unknown than reviewed", mixed(4, 0, 5), "unknown: eyrie forge record"),
        row("too many that nobody reviewed", mixed(0, 20, 5), "fail"),
        row("just too many of them", mixed(0, 6, 5), "fail"),
        row("just enough left to decide", mixed(0, 5, 5), "unknown: eyrie forge record"),
        row("one reviewed, one not, the others unknown", mixed(1, 1, 28), "unknown: eyrie forge record"),
    ];
    check("code_review", rows);
}

/// A living, grown repository with these issues.
fn alive(issues: &[Value]) -> Value {
    json!({"name": "r", "isArchived": false, "createdAt": "{NOW-1000d}", "issues": {"nodes": issues}})
}

/// An issue, by who opened it when, and the comments to it.
fn issue(opened: &str, association: &str, comments: &[(&str, &str)]) -> Value {
    let comments: Vec<Value> = comments
        .iter()
        .map(|(at, association)| json!({"createdAt": at, "authorAssociation": association, "author": person("x")}))
        .collect();
    json!({
        "number": 1,
        "createdAt": opened,
        "updatedAt": "{NOW}",
        "author": person("x"),
        "authorAssociation": association,
        "comments": {"nodes": comments},
    })
}

fn without(mut answer: Value, keys: &[&str]) -> Value {
    for key in keys {
        answer.as_object_mut().expect("an object").remove(*key);
    }
    answer
}

fn with(mut answer: Value, key: &str, value: Value) -> Value {
    answer[key] = value;
    answer
}

#[test]
fn maintained_by_commits() {
    let mut rows = Vec::new();
    for (number, expected) in [
        (0, "fail 0"),
        (1, "fail 0"),
        (2, "fail 1"),
        (5, "fail 4"),
        (6, "pass 5"),
        (7, "pass 5"),
        (11, "pass 9"),
        (12, "pass 10"),
        (13, "pass 10"),
        (40, "pass 10"),
    ] {
        let case = Case::new().commits(3, 200).commits(number, 10).forge(alive(&[]));
        rows.push(row(format!("{number} commits of late"), case, expected));
    }
    let last = 90 * DAY - 1;
    for (seconds, expected) in
        [(last, "pass 5"), (last + 1, "fail 0"), (last + DAY, "fail 0"), (-DAY, "pass 5")]
    {
        let case = (0..6).fold(Case::new(), |case, _| case.commit("a@b", seconds)).forge(alive(&[]));
        rows.push(row(format!("six commits of {seconds} seconds ago"), case, expected));
    }
    rows.push(row("a repository without commits", Case::new().git().forge(alive(&[])), "fail 0"));
    check("maintained", rows);
}

#[test]
fn maintained_by_issues() {
    let mut rows = Vec::new();
    let mut one = |about: &str, touched: Value, expected| {
        // Five commits are one too few, so that the issue decides.
        let case = Case::new().commits(5, 10).forge(alive(&[touched]));
        rows.push(row(about, case, expected));
    };
    for (association, counts) in [
        ("OWNER", true),
        ("MEMBER", true),
        ("COLLABORATOR", true),
        ("CONTRIBUTOR", false),
        ("FIRST_TIMER", false),
        ("FIRST_TIME_CONTRIBUTOR", false),
        ("MANNEQUIN", false),
        ("NONE", false),
    ] {
        let expected = if counts { "pass 5" } else { "fail 4" };
        one(&format!("opened by {association}"), issue("{NOW-3d}", association, &[]), expected);
        one(
            &format!("commented on by {association}"),
            issue("{NOW-3d}", "NONE", &[("{NOW-2d}", association)]),
            expected,
        );
        one(&format!("opened long ago by {association}"), issue("{NOW-91d}", association, &[]), "fail 4");
        one(
            &format!("commented on long ago by {association}"),
            issue("{NOW-99d}", "NONE", &[("{NOW-91d}", association)]),
            "fail 4",
        );
    }
    one(
        "an old issue, a new comment",
        issue("{NOW-900d}", "NONE", &[("{NOW-800d}", "NONE"), ("{NOW-1d}", "MEMBER")]),
        "pass 5",
    );
    one("ninety days to the second", issue("{NOW-90d}", "OWNER", &[("{NOW-90d}", "OWNER")]), "fail 4");
    one("a second less", issue("{NOW-7775999s}", "OWNER", &[]), "pass 5");
    one(
        "an issue counts once",
        issue("{NOW-3d}", "OWNER", &[("{NOW-2d}", "OWNER"), ("{NOW-1d}", "OWNER")]),
        "pass 5",
    );
    let touched = || issue("{NOW-3d}", "OWNER", &[]);
    for (commits, issues, expected) in [
        (0, 5, "fail 4"),
        (0, 6, "pass 5"),
        (3, 3, "pass 5"),
        (2, 3, "fail 4"),
        (6, 6, "pass 10"),
        (0, 20, "pass 10"),
    ] {
        let case = Case::new().commits(1, 300).commits(commits, 10).forge(alive(&vec![touched(); issues]));
        rows.push(row(format!("{commits} commits and {issues} issues"), case, expected));
    }
    check("maintained", rows);
}

#[test]
fn maintained_archived_or_new() {
    let busy = || Case::new().commits(20, 10);
    let mut rows = Vec::new();
    rows.push(row("archived", busy().forge(with(alive(&[]), "isArchived", json!(true))), "fail 0"));
    for (created, expected) in [
        ("{NOW-1d}", "fail 0"),
        ("{NOW-89d}", "fail 0"),
        ("{NOW-7775999s}", "fail 0"),
        ("{NOW-90d}", "pass 10"),
        ("{NOW-91d}", "pass 10"),
    ] {
        rows.push(row(
            format!("created {created}"),
            busy().forge(with(alive(&[]), "createdAt", json!(created))),
            expected,
        ));
    }
    check("maintained", rows);
}

#[test]
fn maintained_with_less_to_go_by() {
    let busy = || Case::new().commits(20, 10);
    let quiet = || Case::new().commits(3, 200).commits(5, 10);
    let member = || issue("{NOW-3d}", "MEMBER", &[]);
    let archived = || with(alive(&[]), "isArchived", json!(true));
    let new = || with(alive(&[]), "createdAt", json!("{NOW-5d}"));
    let rows = vec![
        row("no forge, busy", busy(), "unknown: without --offline"),
        row("no forge, quiet", quiet(), "unknown: without --offline"),
        row("no forge, no git", Case::new(), "unknown: assess a clone"),
        // Enough to fail.
        row("archived, nothing else", Case::new().forge(json!({"name": "r", "isArchived": true})), "fail 0"),
        row(
            "archived, no issues, busy",
            busy().forge(without(archived(), &["issues", "createdAt"])),
            "fail 0",
        ),
        row("new, nothing else", Case::new().forge(json!({"name": "r", "createdAt": "{NOW-5d}"})), "fail 0"),
        row("new, no issues, busy", busy().forge(without(new(), &["issues", "isArchived"])), "fail 0"),
        row(
            "quiet, issues known, archived or not",
            quiet().forge(without(alive(&[]), &["isArchived"])),
            "fail",
        ),
        row(
            "quiet, issues known, nothing else",
            quiet().forge(without(alive(&[]), &["isArchived", "createdAt"])),
            "fail",
        ),
        // Enough to pass.
        row("busy, no issues", busy().forge(without(alive(&[]), &["issues"])), "pass 10"),
        row(
            "just busy enough, no issues",
            Case::new().commits(6, 10).forge(without(alive(&[]), &["issues"])),
            "pass",
        ),
        row("shallow, busy", busy().shallow().forge(alive(&[])), "pass 10"),
        row("shallow, just busy enough", Case::new().commits(6, 10).shallow().forge(alive(&[])), "pass"),
        row("no git, many issues", Case::new().forge(alive(&vec![member(); 6])), "pass"),
        row(
            "shallow, a commit, many issues",
            Case::new().commits(1, 10).shallow().forge(alive(&vec![member(); 5])),
            "pass",
        ),
        // Not enough.
        row(
            "quiet, no issues",
            quiet().forge(without(alive(&[]), &["issues"])),
            "unknown: eyrie forge record",
        ),
        row(
            "busy, archived or not",
            busy().forge(without(alive(&[]), &["isArchived"])),
            "unknown: eyrie forge record",
        ),
        row(
            "busy, new or not",
            busy().forge(without(alive(&[]), &["createdAt"])),
            "unknown: eyrie forge record",
        ),
        row("no git, few issues", Case::new().forge(alive(&[member()])), "unknown: assess a clone"),
        row("shallow, quiet", Case::new().commits(1, 10).shallow().forge(alive(&[])), "unknown: --unshallow"),
    ];
    check("maintained", rows);
}

fn releases(all: &[&[&str]]) -> Case {
    let nodes: Vec<Value> = (0..)
        .zip(all)
        .map(|(at, assets)| {
            let assets: Vec<Value> = assets.iter().map(|name| json!({"name": name})).collect();
            json!({
                "name": format!("1.{at}"),
                "tagName": format!("v1.{at}"),
                "createdAt": "{NOW-7d}",
                "isLatest": at == 0,
                "isPrerelease": at == 1,
                "releaseAssets": {"nodes": assets},
            })
        })
        .collect();
    Case::new().forge(json!({"name": "r", "releases": {"nodes": nodes}}))
}

#[test]
fn signed_releases() {
    let mut rows = Vec::new();
    for (asset, expected) in [
        ("x.tar.gz.intoto.jsonl", "pass 10"),
        ("multiple.intoto.jsonl", "pass 10"),
        ("x.asc", "pass 8"),
        ("x.minisig", "pass 8"),
        ("x.sig", "pass 8"),
        ("x.sign", "pass 8"),
        ("x.sigstore", "pass 8"),
        ("x.sigstore.json", "pass 8"),
        ("SHA256SUMS.asc", "pass 8"),
        ("x.jsonl", "fail 0"),
        ("intoto.json", "fail 0"),
        ("x.sha256", "fail 0"),
        ("x.pem", "fail 0"),
        ("x.ASC", "fail 0"),
        ("x.sig.txt", "fail 0"),
        ("xasc", "fail 0"),
        ("x.signature", "fail 0"),
    ] {
        rows.push(row(asset, releases(&[&["x", asset]]), expected));
    }
    const P: &[&str] = &["x", "x.intoto.jsonl"];
    const B: &[&str] = &["x", "x.asc", "x.intoto.jsonl"];
    const S: &[&str] = &["x", "x.asc", "y.sig"];
    const N: &[&str] = &["x"];
    const E: &[&str] = &[];
    for (about, all, expected) in [
        ("provenance and signature", &[B][..], "pass 10"),
        ("provenance and signature in turn", &[P, S], "pass 9"),
        ("one of two signed", &[S, N], "pass 4"),
        ("one of two with provenance", &[P, N], "pass 5"),
        ("18 of 30", &[P, S, N], "pass 6"),
        ("one of three signed", &[N, S, N], "pass 2"),
        ("one of five signed", &[N, N, N, N, S], "pass 1"),
        ("the sixth does not count", &[N, N, N, N, N, P], "fail 0"),
        ("nor does it harm", &[P, P, P, P, P, N], "pass 10"),
        ("44 of 50", &[P, P, S, S, S], "pass 8"),
        ("releases without files do not count", &[E, S, E], "pass 8"),
        ("but use up the five", &[E, E, E, E, N, P], "fail 0"),
        ("five without files, a sixth with", &[E, E, E, E, E, P], "not_applicable"),
        ("no release with files", &[E, E], "not_applicable"),
        ("no release", &[], "not_applicable"),
    ] {
        rows.push(row(about, releases(all), expected));
    }
    rows.push(row("no forge, no git", Case::new(), "unknown: without --offline"));
    rows.push(row("no forge, git", Case::new().commits(1, 1), "unknown: without --offline"));
    rows.push(row(
        "an answer without releases",
        Case::new().forge(json!({"name": "r"})),
        "unknown: eyrie forge record",
    ));
    check("signed_releases", rows);
}
