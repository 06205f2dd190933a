//! What is recorded reads back the same, and a folder that is none of ours is left alone.

use std::path::Path;

use eyrie_forge::{
    Answer, ForgeAnswers, LandscapeItem, Page, Reason, RecordError, Recorded, RepositoryAnswer,
    RepositoryUrl, collect, record,
};
use jiff::Timestamp;
use serde_json::json;

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn url() -> RepositoryUrl {
    "https://github.com/falcosecurity/falco".parse().unwrap()
}

fn answers() -> ForgeAnswers {
    let recorded = Recorded::from_json(
        json!({
            "name": "{repo}", "owner": {"login": "{owner}", "__typename": "Organization"},
            "homepageUrl": "https://falco.org", "isArchived": false, "defaultBranchRef": null,
            "licenseInfo": null, "createdAt": "2016-01-01T00:00:00Z", "securityPolicyUrl": 5,
            "discussions": {"nodes": []},
            "releases": {"nodes": [{
                "name": "Falco", "tagName": "0.1", "createdAt": "{NOW-7d}", "isLatest": true, "isPrerelease": false,
                "description": "Notes\n\"quoted\"", "url": "https://x", "releaseAssets": {"nodes": [{"name": "a.sig"}]}
            }]},
            "pullRequests": {"nodes": [{"commits": {"nodes": []}}]},
            "issues": {"nodes": [{
                "createdAt": "{NOW-7d}", "authorAssociation": "ODD", "author": {"login": "x", "__typename": "Bot"},
                "comments": {"nodes": []}
            }]},
            "_pages": {"falco.org": "<html>\u{e9}</html>"},
            "_community_files": ["CONTRIBUTING.md", "docs/SECURITY.md"]
        })
        .to_string()
        .as_bytes(),
        now(),
    )
    .unwrap();
    let mut answers = collect(&recorded, &url(), None);
    let extra = [("clomonitor_name", Some("falco")), ("summary_tags", Some("a: b, #c")), ("x", None)];
    answers.landscape = Answer::Known(Some(LandscapeItem {
        name: Some("Falco: \"the\" one".into()),
        extra: extra.into_iter().map(|(k, v)| (k.into(), v.map(Into::into))).collect(),
    }));
    answers
}

fn round_trip(answers: &ForgeAnswers) {
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("deep/er");
    // Twice: the second replaces the first.
    for _ in 0..2 {
        record(answers, &url(), now(), &into).unwrap();
        let read = collect(&Recorded::open(&into, now()).unwrap(), &url(), None);
        assert_eq!(&read, answers);
    }
    assert_eq!(names(into.parent().unwrap()), ["er"]);
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_recorded_reads_back_the_same() {
    let full = answers();
    round_trip(&full);

    let mut other = full.clone();
    other.repository.homepage_url = Answer::Known(None);
    other.homepage = Answer::Known(None);
    other.landscape = Answer::Known(None);
    other.organization_files = Answer::Known(Vec::new());
    round_trip(&other);

    let mut failed = full;
    let limited = Reason::RateLimited { until: Some(now()), with_token: false };
    failed.homepage = Answer::Unavailable(Reason::TimedOut { step: "read".into() });
    failed.organization_files = Answer::Unavailable(limited);
    failed.landscape = Answer::Unavailable(Reason::NotConfigured);
    round_trip(&failed);

    let nothing = Reason::TokenRejected { message: "Bad credentials".into() };
    round_trip(&ForgeAnswers {
        repository: RepositoryAnswer::unavailable(&nothing),
        homepage: Answer::Unavailable(nothing.clone()),
        organization_files: Answer::Unavailable(nothing),
        landscape: Answer::default(),
    });
    round_trip(&ForgeAnswers::default());
}

#[test]
fn the_files_are_for_people_to_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut answers = ForgeAnswers::default();
    answers.repository.homepage_url = Answer::Known(Some("https://falco.org".into()));
    answers.homepage = Answer::Known(Some(Page {
        url: "https://falco.org".into(),
        final_url: "https://falco.org/".into(),
        status: 200,
        content_type: Some("text/html".into()),
        truncated: false,
        body: "<html>".into(),
    }));
    answers.organization_files = Answer::Known(vec!["SECURITY.md".into()]);
    answers.landscape = Answer::Unavailable(Reason::NotConfigured);
    record(&answers, &url(), now(), dir.path()).unwrap();
    let text: Vec<String> = names(dir.path())
        .iter()
        .map(|name| format!("--- {name}\n{}", std::fs::read_to_string(dir.path().join(name)).unwrap()))
        .collect();
    insta::assert_snapshot!(text.join("
"), @r###"
    --- homepage.html
    <html>
    --- homepage.json
    {
      "url": "https://falco.org",
      "final_url": "https://falco.org/",
      "status": 200,
      "content_type": "text/html",
      "truncated": false
    }

    --- org-github.json
    [
      "SECURITY.md"
    ]

    --- repository.json
    {
      "eyrie_forge_record": 1,
      "recorded_at": "2026-06-01T00:00:00Z",
      "url": "https://github.com/falcosecurity/falco",
      "repository": {
        "homepage_url": {
          "known": "https://falco.org"
        }
      },
      "missing": {
        "landscape": {
          "reason": "not_configured"
        }
      }
    }
    "###);
}

#[test]
fn a_folder_that_is_no_recording_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine"), "x").unwrap();
    let error = record(&answers(), &url(), now(), dir.path()).unwrap_err();
    assert!(matches!(&error, RecordError::Occupied { found, .. } if found == "mine"), "{error}");
    assert_eq!(names(dir.path()), ["mine"]);

    let error = record(&answers(), &url(), now(), &dir.path().join("mine")).unwrap_err();
    assert!(matches!(error, RecordError::Write { .. }), "{error}");
}
