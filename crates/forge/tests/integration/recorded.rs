//! Recorded answers: what each form means, and that no input makes the reader panic.

use std::path::Path;

use eyrie_forge::{
    Answer, ChangeChecks, Changeset, Forge, OwnerKind, Reason, Recorded, RecordedError, RepositoryUrl,
    collect,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn url() -> RepositoryUrl {
    "https://github.com/falcosecurity/falco".parse().unwrap()
}

fn read(value: &Value) -> Recorded {
    Recorded::from_json(value.to_string().as_bytes(), now()).unwrap()
}

#[test]
fn a_scenario_describes_the_whole_world() {
    let recorded = read(&json!({
        "name": "{repo}",
        "owner": {"login": "{owner}", "__typename": "Organization"},
        "defaultBranchRef": {"name": "main"},
        "homepageUrl": "https://Site.example/x",
        "discussions": {"nodes": [{"createdAt": "{NOW-7d}", "url": "https://github.com/{owner}/{repo}/discussions/1"}]},
        "releases": {"nodes": [{
            "createdAt": "{NOW-1d}", "isLatest": true, "isPrerelease": false, "description": null,
            "url": "https://x", "releaseAssets": {"nodes": [{"name": "a.sbom"}, null]}
        }]},
        "pullRequests": {"nodes": [{"commits": {"nodes": [{"commit": {
            "checkSuites": {"nodes": [{"app": {"name": "DCO"}, "checkRuns": {"nodes": [{"name": "build"}]}}]},
            "status": {"contexts": [{"context": "license/cla"}]}
        }}]}}]},
        "_pages": {"site.example": "<html>"},
        "_community_files": ["CONTRIBUTING.md"],
    }));
    let answers = collect(&recorded, &url(), None);
    let repository = answers.repository;
    assert_eq!(repository.name, Answer::Known("falco".into()));
    let owner = repository.owner.known().unwrap();
    assert_eq!((owner.login.as_str(), &owner.kind), ("falcosecurity", &Some(OwnerKind::Organization)));
    let discussion = &repository.discussions.known().unwrap()[0];
    assert_eq!(discussion.created_at, "2026-05-25T00:00:00Z".parse().unwrap());
    assert_eq!(discussion.url.as_deref(), Some("https://github.com/falcosecurity/falco/discussions/1"));
    let release = &repository.releases.known().unwrap()[0];
    assert!(release.is_latest && !release.is_prerelease);
    assert_eq!(release.assets, ["a.sbom"]);
    assert_eq!(
        repository.last_merged.known().unwrap().as_ref().unwrap().checks,
        Answer::Known(ChangeChecks {
            apps: vec!["DCO".into()],
            runs: vec!["build".into()],
            contexts: vec!["license/cla".into()]
        })
    );
    assert_eq!(repository.license, Answer::Unavailable(Reason::NotRecorded));
    let page = answers.homepage.known().unwrap().as_ref().unwrap();
    assert_eq!((page.status, page.body.as_str()), (200, "<html>"));
    assert_eq!(answers.organization_files, Answer::Known(vec!["CONTRIBUTING.md".into()]));
    assert_eq!(answers.landscape, Answer::Unavailable(Reason::NotConfigured));

    assert_eq!(recorded.page("https://elsewhere.example/").known().unwrap().status, 404);
    assert!(matches!(recorded.page("mailto:x"), Answer::Unavailable(Reason::AddressRefused { .. })));
}

#[test]
fn a_scenario_plays_bad_servers() {
    let recorded = read(&json!({"name": "x", "_pages": {"a.example": "@refuse", "b.example": "@hang"}}));
    assert!(matches!(recorded.page("https://a.example"), Answer::Unavailable(Reason::Unreachable { .. })));
    assert!(matches!(recorded.page("https://b.example"), Answer::Unavailable(Reason::TimedOut { .. })));
}

#[test]
fn the_apis_own_failures() {
    let reason = |value: Value| {
        let mut object = json!({"name": "x", "homepageUrl": "https://a.example"});
        object.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        let answers = collect(&read(&object), &url(), None);
        assert_eq!(answers.homepage.reason(), answers.repository.name.reason());
        answers.repository.name.reason().cloned()
    };
    let limited = |until| Some(Reason::RateLimited { until, with_token: true });
    assert_eq!(
        reason(json!({"_status": 401, "_raw": "{\"message\": \"Bad credentials\"}"})),
        Some(Reason::TokenRejected { message: "Bad credentials".into() })
    );
    assert_eq!(reason(json!({"_status": 429})), limited(None));
    assert_eq!(
        reason(json!({"_status": 403, "_raw": {"message": "API rate limit exceeded"}})),
        limited(None)
    );
    assert_eq!(
        reason(json!({"_status": 403, "_raw": {"message": "Resource not accessible"}})),
        Some(Reason::Forbidden { message: "Resource not accessible".into() })
    );
    assert_eq!(reason(json!({"_status": 502})), Some(Reason::ServerError { status: 502 }));
    assert_eq!(reason(json!({"_status": 302})), Some(Reason::UnexpectedStatus { status: 302 }));
    assert!(matches!(reason(json!({"_raw": "<html>"})), Some(Reason::Malformed { .. })));
    assert!(matches!(reason(json!({"_raw": "[]"})), Some(Reason::Malformed { .. })));
    assert!(matches!(reason(json!({"_raw": {"data": {"repository": 5}}})), Some(Reason::Malformed { .. })));
    assert_eq!(
        reason(
            json!({"_raw": {"data": {"repository": null}, "errors": [{"type": "NOT_FOUND", "message": "no"}]}})
        ),
        Some(Reason::NotFound)
    );
    assert_eq!(reason(json!({"_raw": {"errors": [{"type": "RATE_LIMITED"}]}})), limited(None));
    assert_eq!(reason(json!({"_status": 200})), None);
}

#[test]
fn an_answer_of_the_api_says_nothing_of_the_world_beside_it() {
    let recorded = read(&json!({
        "data": {"repository": {"name": "falco", "homepageUrl": "https://falco.org", "issues": null}},
        "errors": [{"type": "FORBIDDEN", "path": ["repository", "issues"], "message": "no access"}],
    }));
    let answers = collect(&recorded, &url(), None);
    assert_eq!(answers.repository.name, Answer::Known("falco".into()));
    assert_eq!(
        answers.repository.issues,
        Answer::Unavailable(Reason::Forbidden { message: "no access".into() })
    );
    for reason in [answers.homepage.reason(), answers.organization_files.reason(), answers.landscape.reason()]
    {
        assert_eq!(reason, Some(&Reason::NotRecorded));
    }
    // The same object without its wrapping is no scenario either.
    let recorded = read(&json!({"name": "falco", "homepageUrl": "https://falco.org"}));
    assert_eq!(recorded.organization_files(&url()), Answer::Unavailable(Reason::NotRecorded));
}

#[test]
fn one_lying_piece_costs_only_itself() {
    let recorded = read(&json!({
        "name": 5, "owner": {"login": "o"}, "releases": {"nodes": [{"createdAt": "yesterday"}]},
        "discussions": null, "isArchived": "no", "homepageUrl": " ", "codeOfConduct": {"url": null},
    }));
    let repository = recorded.repository(&url());
    assert_eq!(repository.owner.known().unwrap().login, "o");
    assert_eq!(repository.homepage_url, Answer::Known(None));
    assert_eq!(repository.code_of_conduct_url, Answer::Known(None));
    let said: Vec<String> = repository
        .pieces()
        .iter()
        .filter_map(|(piece, reason)| match reason {
            Some(reason @ Reason::Malformed { .. }) => Some(format!("{piece}: {reason}")),
            _ => None,
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r###"
    name: the answer makes no sense: name: invalid type: integer `5`, expected a string
    archived: the answer makes no sense: isArchived: invalid type: string "no", expected a boolean
    discussions: the answer makes no sense: discussions: invalid type: null, expected an object with `nodes`
    releases: the answer makes no sense: releases: failed to parse four digit integer as year: invalid digit, expected 0-9 but got y
    "###);
}

#[test]
fn what_a_fork_merged_is_not_ours() {
    let change = |number: u64, into: Value| json!({"number": number, "mergedAt": "2026-01-01T00:00:00Z", "repository": into});
    let named = |name: &str| json!({"nameWithOwner": name});
    let numbers = |own: Value| {
        let commits = [
            vec![change(1, named("fork/r")), change(2, named("O/R"))],
            vec![change(3, named("fork/r"))],
            vec![change(4, Value::Null)],
            vec![change(5, json!({}))],
            vec![json!({"number": 6, "mergedAt": "2026-01-01T00:00:00Z"})],
        ];
        let commits = commits
            .map(|changes| json!({"oid": "a", "message": "m", "associatedPullRequests": {"nodes": changes}}));
        let mut object = own;
        object["defaultBranchRef"] = json!({"name": "main", "target": {"history": {"nodes": commits}}});
        let changesets = read(&object).repository(&url()).changesets.known().cloned().unwrap();
        let number =
            |commit: Changeset| commit.merged_change.known().unwrap().as_ref().map(|change| change.number);
        changesets.into_iter().map(number).collect::<Vec<_>>()
    };
    let ours = [Some(2), None, Some(4), Some(5), Some(6)];
    assert_eq!(numbers(named("o/r")), ours);
    assert_eq!(numbers(json!({"name": "r", "owner": {"login": "o"}})), ours);
    // Where the repository's own name was not recorded, nobody can tell.
    assert_eq!(numbers(json!({})), [Some(1), Some(3), Some(4), Some(5), Some(6)]);
}

#[test]
fn changesets_and_issues() {
    let recorded = read(&json!({
        "defaultBranchRef": {"name": "main", "target": {"history": {"nodes": [{
            "oid": "abc", "message": "Fix", "committedDate": "2026-01-01T00:00:00Z",
            "author": {"email": "49699333+dependabot[bot]@users.noreply.github.com", "user": null},
            "committer": {"email": "x@y", "user": {"login": "web-flow"}},
            "associatedPullRequests": {"nodes": [{
                "number": 7, "author": {"login": "dependabot", "__typename": "Bot"},
                "mergedBy": {"login": "ann", "__typename": "User"}, "mergedAt": "2026-01-01T00:00:00Z",
                "headRefOid": "def", "labels": {"nodes": [{"name": "lgtm"}]},
                "reviews": {"nodes": [{"state": "APPROVED", "author": {"login": "ann"}}, {"state": "NEW", "author": null}]}
            }]}
        }, {
            "oid": "123", "message": "Direct", "author": null, "committer": {"email": "a@b", "user": null},
            "associatedPullRequests": {"nodes": [{"number": 8, "mergedAt": null}]}
        }]}}},
        "issues": {"nodes": [{
            "number": 3, "url": "https://x", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-02-01T00:00:00Z",
            "author": null, "authorAssociation": "NONE",
            "comments": {"nodes": [{"createdAt": "2026-02-01T00:00:00Z", "authorAssociation": "MEMBER", "author": {"login": "ann"}}]}
        }]}
    }));
    let repository = recorded.repository(&url());
    insta::assert_json_snapshot!((&repository.default_branch, &repository.changesets, &repository.issues), @r###"
    [
      {
        "known": "main"
      },
      {
        "known": [
          {
            "oid": "abc",
            "message": "Fix",
            "committed_at": "2026-01-01T00:00:00Z",
            "author": {
              "login": "dependabot[bot]",
              "is_bot": true
            },
            "committer": {
              "login": "web-flow",
              "is_bot": false
            },
            "merged_change": {
              "known": {
                "number": 7,
                "author": {
                  "login": "dependabot[bot]",
                  "is_bot": true
                },
                "merged_by": {
                  "login": "ann",
                  "is_bot": false
                },
                "merged_at": "2026-01-01T00:00:00Z",
                "labels": [
                  "lgtm"
                ],
                "reviews": [
                  {
                    "author": {
                      "login": "ann",
                      "is_bot": false
                    },
                    "state": "approved"
                  },
                  {
                    "author": null,
                    "state": {
                      "other": "NEW"
                    }
                  }
                ],
                "head": "def"
              }
            }
          },
          {
            "oid": "123",
            "message": "Direct",
            "committed_at": null,
            "author": null,
            "committer": null,
            "merged_change": {
              "known": null
            }
          }
        ]
      },
      {
        "known": [
          {
            "number": 3,
            "url": "https://x",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-02-01T00:00:00Z",
            "author": null,
            "association": "none",
            "comments": [
              {
                "created_at": "2026-02-01T00:00:00Z",
                "author": {
                  "login": "ann",
                  "is_bot": false
                },
                "association": "member"
              }
            ]
          }
        ]
      }
    ]
    "###);
}

#[test]
fn files_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let said = |name: &str, content: Option<&str>| {
        let path = dir.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = Recorded::open(&path, now()).unwrap_err();
        format!("{error}; {}", error.help()).replace(dir.path().to_str().unwrap(), "DIR")
    };
    let mut all = vec![
        said("missing.json", None),
        said("rubbish.json", Some("<html>")),
        said("empty.json", Some("")),
        said("list.json", Some("[1]")),
        said("other.json", Some("{\"a\": 1}")),
        said("later.json", Some("{\"eyrie_forge_record\": 2}")),
        said("odd.json", Some("{\"eyrie_forge_record\": 1, \"repository\": 5}")),
        said("pages.json", Some("{\"_pages\": 5}")),
        said("status.json", Some("{\"_status\": \"x\"}")),
        said("deep.json", Some(&"[".repeat(100_000))),
    ];
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    all.push(said("folder", None));
    insta::assert_snapshot!(all.join("\n"), @r###"
    cannot read DIR/missing.json: No such file or directory (os error 2); check the path given to --forge-data
    DIR/rubbish.json is not JSON: expected value at line 1 column 1; expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote
    DIR/empty.json is not JSON: EOF while parsing a value at line 1 column 0; expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote
    DIR/list.json: not a JSON object; expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote
    DIR/other.json: none of the keys of GitHub's GraphQL repository object is there; expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote
    DIR/later.json has version 2 of the recorded form; this Eyrie reads version 1; record again with this version of Eyrie, or use a newer one
    DIR/odd.json: invalid type: integer `5`, expected struct RepositoryAnswer; expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote
    DIR/pages.json: `_pages` maps hosts to texts; expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote
    DIR/status.json: `_status` is an HTTP status; expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote
    DIR/deep.json is not JSON: recursion limit exceeded at line 1 column 128; expected GitHub's GraphQL repository object, or a folder that `eyrie forge record URL` wrote
    DIR/folder holds no recorded answers; write them with `eyrie forge record URL`
    "###);
}

#[test]
fn folders_may_be_partly_filled() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| std::fs::write(dir.path().join(name), content).unwrap();
    write("landscape.yml", "landscape:\n- items:\n  - name: Falco\n    extra: {clomonitor_name: falco}\n");
    let answers = collect(&Recorded::open(dir.path(), now()).unwrap(), &url(), None);
    assert_eq!(answers.landscape.known().unwrap().as_ref().unwrap().name.as_deref(), Some("Falco"));
    assert!(answers.repository.pieces().iter().all(|(_, reason)| *reason == Some(&Reason::NotRecorded)));
    assert_eq!(answers.organization_files, Answer::Unavailable(Reason::NotRecorded));

    // What GitHub answered, saved by hand, with the homepage's text beside it.
    write("repository.json", &json!({"name": "falco", "homepageUrl": "https://falco.org"}).to_string());
    write("homepage.html", "<html>");
    write("org-github.json", "[\"SECURITY.md\"]");
    let answers = collect(&Recorded::open(dir.path(), now()).unwrap(), &url(), None);
    assert_eq!(answers.repository.name, Answer::Known("falco".into()));
    assert_eq!(answers.homepage.known().unwrap().as_ref().unwrap().body, "<html>");
    assert_eq!(answers.organization_files, Answer::Known(vec!["SECURITY.md".into()]));

    write("org-github.json", "{}");
    let error = Recorded::open(dir.path(), now()).unwrap_err();
    assert!(
        matches!(&error, RecordedError::Form { path, .. } if path.ends_with("org-github.json")),
        "{error}"
    );
}

/// JSON values that look like the answers, and others.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(
        "name owner login url nodes defaultBranchRef target history releases releaseAssets createdAt isLatest \
         isPrerelease pullRequests commits commit checkSuites app checkRuns status contexts context issues comments \
         authorAssociation author discussions licenseInfo spdxId _pages _community_files _status _raw data errors \
         repository path type message eyrie_forge_record missing known unavailable reason"
            .split_whitespace()
            .collect::<Vec<_>>(),
    );
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(200), Just(401), Just(1), any::<i64>()].prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "{NOW-7d}",
            "{NOW",
            "{owner}",
            "2026-01-01T00:00:00Z",
            "not_found",
            "{NOW-9e9d}"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..8)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_reader_panic(value in any_json()) {
        if let Ok(recorded) = Recorded::from_json(value.to_string().as_bytes(), now()) {
            collect(&recorded, &url(), None);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Recorded::from_json(&bytes, now()));
    }
}

#[test]
fn a_path_is_not_an_address() {
    assert!(!RepositoryUrl::looks_like_url(Path::new("./a@b/c:d").to_str().unwrap()));
    assert!(!RepositoryUrl::looks_like_url("C:\\src"));
}
