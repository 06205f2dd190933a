//! The `github` objects of the conformance cases, if they are there: every one is read, and says of every piece
//! what the object says.

use std::path::Path;

use eyrie_forge::{Answer, Forge, Reason, Recorded, RepositoryUrl, collect};
use serde_json::Value;

#[test]
fn every_github_object_is_read() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/clomonitor/cases.jsonl");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: no conformance cases at {}", file.display());
        return;
    };
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    let url: RepositoryUrl = "https://github.com/o/r".parse().unwrap();
    let mut read = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let Some(github) = case.get("github").filter(|github| github.is_object()) else { continue };
        let name = case["name"].as_str().unwrap();
        let recorded = Recorded::from_json(github.to_string().as_bytes(), now)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let answers = collect(&recorded, &url, None);
        let repository = &answers.repository;
        read += 1;

        if github.get("_status").is_some() || github.get("_raw").is_some() {
            let expected = if github.get("_status").is_some() {
                Reason::TokenRejected { message: "Bad credentials".into() }
            } else {
                Reason::NotFound
            };
            assert!(repository.pieces().iter().all(|(_, reason)| *reason == Some(&expected)), "{name}");
            continue;
        }
        assert_eq!(repository.name, Answer::Known("r".into()), "{name}");
        assert_eq!(repository.owner.known().unwrap().login, "o", "{name}");
        for piece in [&repository.archived, &repository.fork] {
            assert_eq!(*piece, Answer::Unavailable(Reason::NotRecorded), "{name}");
        }
        assert_eq!(repository.changesets.reason().is_some(), !github["defaultBranchRef"].is_null(), "{name}");
        let count = |key: &str| github[key]["nodes"].as_array().unwrap().len();
        assert_eq!(repository.releases.known().map(Vec::len), Some(count("releases")), "{name}");
        assert_eq!(repository.discussions.known().map(Vec::len), Some(count("discussions")), "{name}");
        assert_eq!(
            repository.last_merged.known().map(Option::is_some),
            Some(count("pullRequests") > 0),
            "{name}"
        );
        let homepage = repository.homepage_url.known().unwrap();
        assert_eq!(homepage.as_deref(), github["homepageUrl"].as_str(), "{name}");
        assert_eq!(repository.license.known().unwrap().as_deref(), github["licenseInfo"]["spdxId"].as_str());
        let page = answers.homepage.known().unwrap().as_ref();
        if let Some(page) = page {
            let host = homepage.as_ref().unwrap().split('/').nth(2).unwrap();
            let body = github["_pages"].get(host).and_then(Value::as_str);
            assert_eq!(
                (page.status, page.body.as_str()),
                if let Some(b) = body { (200, b) } else { (404, "") }
            );
        }
        let files: Vec<String> = github
            .get("_community_files")
            .map(|f| serde_json::from_value(f.clone()).unwrap())
            .unwrap_or_default();
        assert_eq!(recorded.organization_files(&url), Answer::Known(files), "{name}");
    }
    assert!(read > 100, "only {read} cases were read");
}
