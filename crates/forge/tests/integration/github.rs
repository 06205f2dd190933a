//! GitHub as a server on loopback plays it: what is asked, what each answer and each failure becomes, and where
//! the token goes.

use std::sync::Barrier;
use std::time::Duration;

use eyrie_forge::{
    Answer, Association, Endpoints, Forge, ForgeKind, GitHub, Network, NetworkError, OwnerKind, Reason,
    RepositoryUrl, ReviewState, Token, Tokens, collect,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::server::{Reply, Request, Server, closed_port};

const SECRET: &str = "ghp_0123456789secret";

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// Limits that let a test of a hanging server end soon.
fn network() -> Network {
    Network {
        connect_timeout: Duration::from_secs(5),
        response_timeout: Duration::from_millis(300),
        read_timeout: Duration::from_millis(300),
        total_timeout: Duration::from_millis(600),
        backoff: Duration::ZERO,
        allow_private_pages: true,
        ..Network::default()
    }
}

fn patient() -> Network {
    Network { allow_private_pages: true, backoff: Duration::ZERO, ..Network::default() }
}

fn url(port: u16) -> RepositoryUrl {
    format!("http://127.0.0.1:{port}/o/r").parse::<RepositoryUrl>().unwrap().on(ForgeKind::GitHub)
}

fn endpoints(port: u16) -> Endpoints {
    let origin = format!("http://127.0.0.1:{port}");
    Endpoints {
        host: format!("127.0.0.1:{port}"),
        graphql: format!("{origin}/graphql"),
        rest: format!("{origin}/rest"),
    }
}

fn github(port: u16, token: bool, network: Network) -> GitHub {
    let token = token.then(|| Token::new(SECRET).unwrap());
    GitHub::new(endpoints(port), token.as_ref(), network, now()).unwrap()
}

/// A GraphQL API that answers as documented.
fn graphql(request: &Request) -> Reply {
    let asked: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&asked["variables"]["owner"], &asked["variables"]["name"]), (&json!("o"), &json!("r")));
    let query = asked["query"].as_str().unwrap();
    let repository = if query.contains("history(") {
        assert!(query.contains("repository { nameWithOwner }"), "{query}");
        json!({"nameWithOwner": "o/r", "defaultBranchRef": {"name": "main", "target": {"history": {"nodes": [{
            "oid": "abc", "message": "Fix", "committedDate": "2026-05-01T00:00:00Z",
            "author": {"email": "a@b", "user": {"login": "ann"}}, "committer": {"email": "a@b", "user": null},
            "associatedPullRequests": {"nodes": [{
                "number": 6, "mergedAt": "2026-05-01T00:00:00Z", "repository": {"nameWithOwner": "fork/r"}
            }, {
                "repository": {"nameWithOwner": "o/r"}, "number": 7, "mergedAt": "2026-05-01T00:00:00Z", "headRefOid": "def",
                "author": {"login": "ann", "__typename": "User"}, "mergedBy": {"login": "bob", "__typename": "User"},
                "labels": {"nodes": []}, "reviews": {"nodes": [{"state": "APPROVED", "author": {"login": "bob"}}]}
            }]}
        }]}}}})
    } else if query.contains("issues(") {
        assert_eq!(asked["variables"]["since"], "2026-03-03T00:00:00Z");
        json!({"issues": {"nodes": [{
            "number": 3, "url": "https://x/3", "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-05-01T00:00:00Z", "authorAssociation": "MEMBER", "author": null,
            "comments": {"nodes": []}
        }]}})
    } else {
        json!({
            "name": "r", "owner": {"login": "o", "__typename": "Organization"}, "url": "https://github.com/o/r",
            "description": "", "homepageUrl": format!("http://{}/home", request.headers["host"]),
            "isArchived": false, "isFork": false, "isPrivate": false,
            "createdAt": "2020-01-01T00:00:00Z", "pushedAt": "2026-05-31T00:00:00Z",
            "defaultBranchRef": {"name": "main"}, "licenseInfo": {"spdxId": "Apache-2.0"},
            "codeOfConduct": {"url": "https://x/coc"}, "securityPolicyUrl": null,
            "discussions": {"nodes": [{"createdAt": "2026-05-30T00:00:00Z", "url": "https://x/d"}]},
            "releases": {"nodes": [{
                "name": "One", "tagName": "v1", "createdAt": "2026-05-01T00:00:00Z",
                "publishedAt": "2026-05-02T00:00:00Z", "isLatest": true, "isPrerelease": false, "isDraft": false,
                "description": "Notes", "url": "https://x/v1", "tagCommit": {"oid": "abc"},
                "releaseAssets": {"nodes": [{"name": "a.sig"}]}
            }]},
            "pullRequests": {"nodes": [{"number": 7, "url": "https://x/7", "commits": {"nodes": [{"commit": {
                "oid": "def", "status": null,
                "checkSuites": {"nodes": [{"app": {"name": "DCO"}, "checkRuns": {"nodes": [{"name": "DCO"}]}}]}
            }}]}}]}
        })
    };
    Reply::json(json!({"data": {"repository": repository}}))
}

fn play(request: &Request) -> Reply {
    match request.target.as_str() {
        "/graphql" => graphql(request),
        "/rest/repos/o/.github/contents/" => Reply::json(json!([
            {"path": "CONTRIBUTING.md", "type": "file"}, {"path": ".github", "type": "dir"},
            {"path": "profile", "type": "dir"}
        ])),
        "/rest/repos/o/.github/contents/.github" => {
            Reply::json(json!([{"path": ".github/SECURITY.md", "type": "file"}]))
        }
        "/home" => Reply::redirect("/moved"),
        "/moved" => Reply::status(200, "<html>").with("content-type", "text/html"),
        "/landscape.yml" => {
            Reply::status(200, "landscape:\n- items:\n  - name: R\n    extra: {clomonitor_name: r}\n")
        }
        _ => Reply::status(404, "{}"),
    }
}

#[test]
fn with_a_token_everything_is_known() {
    let server = Server::start(play);
    let github =
        github(server.port, true, patient()).with_landscape(format!("{}/landscape.yml", server.origin()));
    let answers = collect(&github, &url(server.port), None);
    let repository = &answers.repository;
    assert!(repository.pieces().iter().all(|(_, reason)| reason.is_none()), "{:?}", repository.pieces());
    assert_eq!(repository.owner.known().unwrap().kind, Some(OwnerKind::Organization));
    assert_eq!(repository.description, Answer::Known(None));
    assert_eq!(repository.releases.known().unwrap()[0].target.as_deref(), Some("abc"));
    assert_eq!(repository.last_merged.known().unwrap().as_ref().unwrap().head.as_deref(), Some("def"));
    let change = repository.changesets.known().unwrap()[0].merged_change.known().unwrap().clone().unwrap();
    assert_eq!(change.reviews[0].state, ReviewState::Approved);
    assert_eq!(repository.issues.known().unwrap()[0].association, Association::Member);
    let page = answers.homepage.known().unwrap().clone().unwrap();
    assert_eq!(page.final_url, format!("{}/moved", server.origin()));
    assert_eq!((page.status, page.body.as_str()), (200, "<html>"));
    assert_eq!(
        answers.organization_files,
        Answer::Known(vec![".github/SECURITY.md".into(), "CONTRIBUTING.md".into()])
    );
    assert_eq!(answers.landscape.known().unwrap().as_ref().unwrap().name.as_deref(), Some("R"));
    assert_eq!(github.landscape("other"), Answer::Known(None));

    let expected = format!("Bearer {SECRET}");
    let seen = server.seen();
    for request in &seen {
        let to_api = request.target.starts_with("/graphql") || request.target.starts_with("/rest");
        assert_eq!(request.authorization(), to_api.then_some(expected.as_str()), "{}", request.target);
        assert!(request.headers["user-agent"].starts_with("eyrie/"));
    }
    let count = |target: &str| seen.iter().filter(|request| request.target == target).count();
    assert_eq!((count("/graphql"), count("/landscape.yml")), (3, 1));
    assert!(!format!("{github:?}").contains("secret"), "{github:?}");
}

/// A REST API that answers as documented.
fn rest(request: &Request) -> Reply {
    let target = request.target.strip_prefix("/rest/repos/o/r").unwrap_or(&request.target);
    match target.split('?').next().unwrap() {
        "" => Reply::json(json!({
            "name": "r", "owner": {"login": "o", "type": "User"}, "html_url": "https://github.com/o/r",
            "default_branch": "main", "description": "Text", "homepage": "", "archived": true, "fork": false,
            "private": false, "created_at": "2020-01-01T00:00:00Z", "pushed_at": "2026-05-31T00:00:00Z",
            "license": {"spdx_id": "MIT"}
        })),
        "/community/profile" => {
            Reply::json(json!({"files": {"code_of_conduct_file": {"html_url": "https://x/coc"}}}))
        }
        "/releases" => {
            let release = |id, tag: &str, prerelease| {
                json!({
                    "id": id, "name": null, "tag_name": tag, "created_at": "2026-05-01T00:00:00Z",
                    "published_at": "2026-05-01T00:00:00Z", "prerelease": prerelease, "draft": false, "body": "Notes",
                    "html_url": "https://x", "assets": [{"name": "sbom.json"}], "target_commitish": "main"
                })
            };
            Reply::json(json!([release(2, "v2-rc", true), release(1, "v1", false)]))
        }
        "/releases/latest" => Reply::json(json!({"id": 1})),
        "/pulls" => Reply::json(json!([
            {"number": 9, "html_url": "https://x/9", "merged_at": null, "head": {"sha": "999"}},
            {"number": 8, "html_url": "https://x/8", "merged_at": "2026-05-01T00:00:00Z", "head": {"sha": "888"}}
        ])),
        "/commits/888/check-suites" => {
            Reply::json(json!({"check_suites": [{"app": {"name": "DCO"}}, {"app": null}]}))
        }
        "/commits/888/check-runs" => Reply::json(json!({"check_runs": [{"name": "build"}]})),
        "/commits/888/status" => Reply::json(json!({"statuses": [{"context": "license/cla"}]})),
        "/commits" => Reply::json(json!([{
            "sha": "abc", "commit": {"message": "Fix", "committer": {"date": "2026-05-01T00:00:00Z"}},
            "author": {"login": "dependabot[bot]", "type": "Bot"}, "committer": null
        }])),
        "/issues" => Reply::json(json!([
            {"number": 8, "url": "https://api/8", "html_url": "https://x/8", "created_at": "2026-05-01T00:00:00Z",
             "updated_at": "2026-05-01T00:00:00Z", "user": null, "author_association": "NONE", "pull_request": {}},
            {"number": 3, "url": "https://api/3", "html_url": "https://x/3", "created_at": "2026-05-01T00:00:00Z",
             "updated_at": "2026-05-01T00:00:00Z", "user": {"login": "eve"}, "author_association": "NONE"}
        ])),
        "/issues/comments" => Reply::json(json!([
            {"issue_url": "https://api/8", "created_at": "2026-05-01T00:00:00Z", "user": null, "author_association": "OWNER"},
            {"issue_url": "https://api/3", "created_at": "2026-05-02T00:00:00Z", "user": {"login": "ann"},
             "author_association": "COLLABORATOR"}
        ])),
        _ => Reply::status(404, json!({"message": "Not Found"}).to_string()),
    }
}

#[test]
fn without_a_token_what_rest_tells_is_known() {
    let server = Server::start(rest);
    let answers = collect(&github(server.port, false, patient()), &url(server.port), None);
    let repository = &answers.repository;
    let missing: Vec<_> = repository.pieces().into_iter().filter(|(_, reason)| reason.is_some()).collect();
    assert_eq!(
        missing,
        [("security_policy_url", Some(&Reason::NoToken)), ("discussions", Some(&Reason::NoToken))]
    );
    assert_eq!(repository.archived, Answer::Known(true));
    assert_eq!(repository.homepage_url, Answer::Known(None));
    assert_eq!(answers.homepage, Answer::Known(None));
    assert_eq!(repository.license, Answer::Known(Some("MIT".into())));
    let latest: Vec<bool> = repository.releases.known().unwrap().iter().map(|r| r.is_latest).collect();
    assert_eq!(latest, [false, true]);
    let merged = repository.last_merged.known().unwrap().clone().unwrap();
    let checks = merged.checks.known().unwrap();
    assert_eq!(merged.number, Some(8));
    assert_eq!(
        (&checks.apps[..], &checks.runs[..], &checks.contexts[..]),
        (&["DCO".to_owned()][..], &["build".to_owned()][..], &["license/cla".to_owned()][..])
    );
    let commit = &repository.changesets.known().unwrap()[0];
    assert!(commit.author.as_ref().unwrap().is_bot);
    assert_eq!(commit.merged_change, Answer::Unavailable(Reason::NoToken));
    let issues = repository.issues.known().unwrap();
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].comments[0].association, Association::Collaborator);
    // No `.github` repository: no files, and that is known.
    assert_eq!(answers.organization_files, Answer::Known(Vec::new()));
    assert_eq!(answers.landscape, Answer::Unavailable(Reason::NotConfigured));
    assert!(server.seen().iter().all(|request| request.authorization().is_none()));
    assert!(server.seen().len() <= 15, "{} of 60 requests an hour", server.seen().len());
}

#[test]
fn an_empty_repository_has_no_branch() {
    let server = Server::start(|request| {
        if request.target.contains("/commits?") {
            Reply::status(409, json!({"message": "Git Repository is empty."}).to_string())
        } else if request.target.contains("/releases") || request.target.contains("/pulls") {
            Reply::json("[]")
        } else {
            rest(request)
        }
    });
    let repository = github(server.port, false, patient()).repository(&url(server.port));
    assert_eq!(repository.default_branch, Answer::Known(None));
    assert_eq!(repository.changesets, Answer::Known(Vec::new()));
    assert_eq!(repository.releases, Answer::Known(Vec::new()));
    assert_eq!(repository.last_merged, Answer::Known(None));
}

/// What the name of the repository becomes when every question gets the same reply.
fn refused(token: bool, reply: Reply) -> Reason {
    let server = Server::start(move |_| reply.clone());
    let answers = collect(&github(server.port, token, network()), &url(server.port), None);
    assert_eq!(answers.homepage.reason(), answers.repository.name.reason());
    answers.repository.name.reason().cloned().unwrap()
}

#[test]
fn every_failure_has_its_reason() {
    let message = |text: &str| json!({"message": text}).to_string();
    let reset: Timestamp = "2026-06-01T00:42:00Z".parse().unwrap();
    for token in [false, true] {
        assert_eq!(
            refused(token, Reply::status(401, message("Bad credentials"))),
            Reason::TokenRejected { message: "Bad credentials".into() }
        );
        let limited = |until| Reason::RateLimited { until, with_token: token };
        assert_eq!(
            refused(
                token,
                Reply::status(403, message("API rate limit exceeded"))
                    .with("x-ratelimit-remaining", 0)
                    .with("x-ratelimit-reset", reset.as_second())
            ),
            limited(Some(reset))
        );
        assert_eq!(
            refused(token, Reply::status(429, "").with("retry-after", 60)),
            limited(Some("2026-06-01T00:01:00Z".parse().unwrap()))
        );
        assert_eq!(
            refused(token, Reply::status(403, message("Resource not accessible"))),
            Reason::Forbidden { message: "Resource not accessible".into() }
        );
        assert_eq!(refused(token, Reply::status(404, message("Not Found"))), Reason::NotFound);
        assert_eq!(refused(token, Reply::status(500, "oops")), Reason::ServerError { status: 500 });
        assert_eq!(refused(token, Reply::status(503, "oops")), Reason::ServerError { status: 503 });
        assert_eq!(refused(token, Reply::status(304, "")), Reason::UnexpectedStatus { status: 304 });
        assert!(matches!(refused(token, Reply::json("<html>login")), Reason::Malformed { .. }));
        assert!(matches!(refused(token, Reply::json("[1, 2]")), Reason::Malformed { .. }));
        assert!(matches!(
            refused(token, Reply::json("{\"data\": {\"repository\": 5}}")),
            Reason::Malformed { .. }
        ));
        assert!(matches!(
            refused(token, Reply::Cut(b"{\"data".to_vec())),
            Reason::Malformed { .. } | Reason::Unreachable { .. }
        ));
        assert_eq!(refused(token, Reply::Silence), Reason::TimedOut { step: "response".into() });
        assert_eq!(refused(token, Reply::Drip), Reason::TimedOut { step: "total".into() });
        assert!(matches!(
            refused(token, Reply::Close),
            Reason::Unreachable { .. } | Reason::Malformed { .. }
        ));
    }
    let oversize = Reply::Full(200, Vec::new(), vec![b' '; (32 << 20) + 1]);
    let server = Server::start(move |_| oversize.clone());
    let answer = github(server.port, true, patient()).repository(&url(server.port));
    assert_eq!(answer.name, Answer::Unavailable(Reason::TooLarge { limit: 32 << 20 }));

    let port = closed_port();
    let answer = github(port, true, network()).repository(&url(port));
    assert!(matches!(answer.name, Answer::Unavailable(Reason::Unreachable { .. })), "{:?}", answer.name);
}

#[test]
fn graphql_errors_cost_their_pieces_only() {
    // The two are asked at the same time; neither answer shall keep the other question from being asked.
    let both_asked = Barrier::new(2);
    let server = Server::start(move |request| {
        if request.text().contains("history(") || request.text().contains("issues(") {
            both_asked.wait();
        }
        if request.text().contains("history(") {
            return Reply::status(500, "");
        }
        if request.text().contains("issues(") {
            return Reply::json(json!({"errors": [{"type": "RATE_LIMITED", "message": "slow down"}]}))
                .with("x-ratelimit-reset", 1_780_000_000);
        }
        Reply::json(json!({
            "data": {"repository": {"name": "r", "discussions": null, "isArchived": "maybe"}},
            "errors": [{"type": "FORBIDDEN", "path": ["repository", "discussions"], "message": "no"}]
        }))
    });
    let answer = github(server.port, true, patient()).repository(&url(server.port));
    assert_eq!(answer.name, Answer::Known("r".into()));
    assert_eq!(answer.discussions, Answer::Unavailable(Reason::Forbidden { message: "no".into() }));
    assert!(matches!(answer.archived, Answer::Unavailable(Reason::Malformed { .. })));
    assert_eq!(answer.changesets, Answer::Unavailable(Reason::ServerError { status: 500 }));
    let until = Some(Timestamp::from_second(1_780_000_000).unwrap());
    assert_eq!(answer.issues, Answer::Unavailable(Reason::RateLimited { until, with_token: true }));
}

#[test]
fn gateways_out_of_order_are_asked_again_a_few_times() {
    for (failures, expected) in [(2, 3), (9, 3)] {
        let left = std::sync::atomic::AtomicI32::new(failures);
        let server = Server::start(move |request| {
            if left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) > 0 {
                Reply::status(502, "")
            } else {
                play(request)
            }
        });
        let page = github(server.port, false, patient()).page(&format!("{}/moved", server.origin()));
        assert_eq!(page.known().unwrap().status, if failures == 2 { 200 } else { 502 });
        assert_eq!(server.seen().len(), expected);
    }
}

#[test]
fn after_the_rate_limit_nothing_more_is_asked() {
    let server = Server::start(|_| Reply::status(429, ""));
    let github = github(server.port, true, patient());
    let url = url(server.port);
    github.repository(&url);
    let count = server.seen().len();
    assert!(matches!(github.organization_files(&url), Answer::Unavailable(Reason::RateLimited { .. })));
    github.repository(&url);
    assert_eq!(server.seen().len(), count);
}

#[test]
fn a_forge_that_falls_silent_is_not_waited_for_again_and_again() {
    let server =
        Server::start(
            |request| {
                if request.target == "/rest/repos/o/r" { rest(request) } else { Reply::Silence }
            },
        );
    let github = github(server.port, false, network());
    let answer = github.repository(&url(server.port));
    assert_eq!(answer.name, Answer::Known("r".into()));
    let silent = Answer::Unavailable(Reason::TimedOut { step: "response".into() });
    assert_eq!(answer.code_of_conduct_url, silent);
    assert_eq!(answer.issues.reason(), silent.reason());
    assert_eq!(github.organization_files(&url(server.port)).reason(), silent.reason());
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn the_token_follows_no_redirect_to_another_host() {
    let other = Server::start(rest);
    let target = other.origin();
    let server = Server::start(move |request| Reply::redirect(&format!("{target}{}", request.target)));
    let files = github(server.port, true, patient()).organization_files(&url(server.port));
    assert_eq!(files, Answer::Known(Vec::new()));
    assert!(server.seen()[0].authorization().is_some());
    assert_eq!(other.seen().len(), 1);
    assert_eq!(other.seen()[0].authorization(), None);

    // A question that carries a body is not sent on at all.
    let answer = github(server.port, true, patient()).repository(&url(server.port));
    assert_eq!(answer.name, Answer::Unavailable(Reason::UnexpectedStatus { status: 302 }));
    assert_eq!(other.seen().len(), 1);
}

#[test]
fn the_token_stays_with_a_renamed_repository() {
    let server = Server::start(|request| {
        if request.target == "/rest/repos/o/.github/contents/" {
            Reply::redirect("/rest/repositories/1/contents/")
        } else if request.target == "/rest/repositories/1/contents/" {
            Reply::json("[]")
        } else {
            Reply::status(500, "")
        }
    });
    let files = github(server.port, true, patient()).organization_files(&url(server.port));
    assert_eq!(files, Answer::Known(Vec::new()));
    assert!(server.seen().iter().all(|request| request.authorization().is_some()));
}

#[test]
fn the_token_goes_to_its_own_host_only() {
    let server = Server::start(play);
    let github = github(server.port, true, patient());
    for elsewhere in ["https://github.com/o/r", "https://gitlab.com/o/r", "https://codeberg.org/o/r"] {
        let url: RepositoryUrl = elsewhere.parse().unwrap();
        let expected = Reason::NotSupported { host: url.host().into() };
        let answers = collect(&github, &url, None);
        assert!(answers.repository.pieces().iter().all(|(_, reason)| *reason == Some(&expected)));
        assert_eq!(answers.organization_files, Answer::Unavailable(expected));
    }
    assert!(server.seen().is_empty());

    let token = Token::new(SECRET).unwrap();
    let plain = Endpoints {
        host: "github.example.com".into(),
        rest: "http://github.example.com/api/v3".into(),
        graphql: "http://github.example.com/api/graphql".into(),
    };
    let error = GitHub::new(plain.clone(), Some(&token), Network::default(), now()).unwrap_err();
    assert_eq!(error, NetworkError::PlainText { origin: "http://github.example.com/api/v3".into() });
    assert!(GitHub::new(plain, None, Network::default(), now()).is_ok());
}

#[test]
fn pages() {
    let server = Server::start(|request| match request.target.as_str() {
        "/big" => Reply::Full(200, Vec::new(), vec![b'x'; (2 << 20) + 10]),
        "/loop" => Reply::redirect("/loop"),
        "/file" => Reply::redirect("file:///etc/passwd"),
        "/latin1" => Reply::Full(200, Vec::new(), b"caf\xe9".to_vec()),
        _ => Reply::status(404, "gone"),
    });
    let github = github(server.port, true, patient());
    let page = |path: &str| github.page(&format!("{}{path}", server.origin()));
    let big = page("/big").known().cloned().unwrap();
    assert_eq!((big.truncated, big.body.len()), (true, 2 << 20));
    let gone = page("/gone").known().cloned().unwrap();
    assert_eq!((gone.status, gone.body.as_str()), (404, "gone"));
    assert_eq!(page("/latin1").known().unwrap().body, "caf\u{fffd}");
    assert_eq!(page("/loop"), Answer::Unavailable(Reason::TooManyRedirects));
    assert!(matches!(page("/file"), Answer::Unavailable(Reason::AddressRefused { .. })));
    for odd in ["", "not a page", "ftp://x/", "https://u:p@x/", "javascript:alert(1)"] {
        assert!(matches!(github.page(odd), Answer::Unavailable(Reason::AddressRefused { .. })), "{odd}");
    }
}

#[test]
fn pages_are_not_fetched_from_private_addresses() {
    let server = Server::start(play);
    let network = Network { allow_private_pages: false, ..patient() };
    let github = github(server.port, true, network);
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let answer = github.page(&format!("http://{host}:{}/home", server.port));
        assert!(matches!(answer, Answer::Unavailable(Reason::AddressRefused { .. })), "{host}: {answer:?}");
    }
    assert!(server.seen().is_empty());
    // The API, which the user named, may be anywhere.
    assert!(github.repository(&url(server.port)).name.is_known());
}

#[test]
fn settings_that_make_no_sense() {
    let with = |network| GitHub::new(endpoints(1), None, network, now()).map(drop).unwrap_err();
    let proxy = Network { proxy: Some("not a proxy://".into()), ..Network::default() };
    assert_eq!(with(proxy), NetworkError::Proxy);
    let certificates = Network { root_certificates: Some(b"no PEM".to_vec()), ..Network::default() };
    assert_eq!(with(certificates), NetworkError::Certificates);
}

#[test]
fn a_proxy_is_asked_if_there_is_one() {
    let proxy = Server::start(|_| Reply::status(200, "from the proxy"));
    let address = proxy.origin().replace("http://", "http://user:pass%20word@");
    let network = Network { proxy: Some(address), allow_private_pages: false, ..patient() };
    let through = github(1, false, network.clone());
    through.page("http://site.example/x");
    let seen = proxy.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].headers.get("proxy-authorization").unwrap(), "Basic dXNlcjpwYXNzIHdvcmQ=");
    assert!(!format!("{through:?}").contains("word"), "{through:?}");

    // But not for what is to be asked directly.
    let server = Server::start(play);
    let direct = Network { no_proxy: vec!["127.0.0.1".into()], ..network.clone() };
    let allowed = Network { allow_private_pages: true, ..direct.clone() };
    let page = github(1, false, allowed).page(&format!("{}/moved", server.origin()));
    assert_eq!(page.known().unwrap().body, "<html>");
    assert!(github(server.port, true, direct).repository(&url(server.port)).name.is_known());
    assert_eq!(proxy.seen().len(), 1);
}

#[test]
fn past_the_proxy_pages_are_not_fetched_from_private_addresses() {
    let server = Server::start(play);
    let home = |host: &str| format!("http://{host}:{}/home", server.port);
    let proxy = Server::start(|_| Reply::status(200, "from the proxy"));
    for no_proxy in [vec!["localhost", "127.0.0.1", "[::1]"], vec!["*"]] {
        let network = Network {
            proxy: Some(proxy.origin()),
            no_proxy: no_proxy.iter().map(|host| (*host).to_owned()).collect(),
            allow_private_pages: false,
            ..patient()
        };
        let through = github(1, false, network);
        for host in ["127.0.0.1", "localhost"] {
            let answer = through.page(&home(host));
            assert!(
                matches!(answer, Answer::Unavailable(Reason::AddressRefused { .. })),
                "{host}: {answer:?}"
            );
        }
    }
    assert!(server.seen().is_empty() && proxy.seen().is_empty());
}

#[test]
fn endpoints_of_hosts() {
    let of = |url: &str| Endpoints::of(&url.parse().unwrap());
    assert_eq!(
        of("https://github.com/o/r"),
        Endpoints {
            host: "github.com".into(),
            rest: "https://api.github.com".into(),
            graphql: "https://api.github.com/graphql".into()
        }
    );
    assert_eq!(of("git@octo.ghe.com:o/r").graphql, "https://api.octo.ghe.com/graphql");
    let server = of("https://github.example.com:8443/o/r");
    assert_eq!(server.host, "github.example.com:8443");
    assert_eq!(server.rest, "https://github.example.com:8443/api/v3");
    assert_eq!(server.graphql, "https://github.example.com:8443/api/graphql");
}

#[test]
fn a_token_is_for_the_host_that_the_user_named() {
    let (public, enterprise) = (Token::new("ghp_public"), Token::new("ghp_enterprise"));
    let servers =
        [None, Some(""), Some("github.com"), Some("github.example.com"), Some(" Git.Example.Com:8443 ")];
    let urls = [
        "https://github.com/o/r",
        "https://www.github.com/o/r",
        "git@github.com:o/r",
        "ssh://git@github.com:22/o/r",
        "https://github.com:8443/o/r",
        "https://gitlab.com/o/r",
        "https://octo.ghe.com/o/r",
        "https://github.example.com/o/r",
        "git@github.example.com:o/r",
        "https://github.example.com:8443/o/r",
        "https://git.example.com/o/r",
        "https://git.example.com:8443/o/r",
        "https://github.evil.tld/o/r",
        "https://github.com.evil.tld/o/r",
        "https://github.example.com.evil.tld/o/r",
        "http://127.0.0.1:8443/o/r",
    ];
    let mut lines = Vec::new();
    for server in servers {
        let tokens = Tokens::new(public.clone(), server, enterprise.clone());
        for text in urls {
            let url: RepositoryUrl = text.parse().unwrap();
            let token = tokens.of(&url);
            assert_eq!(tokens.is_known(&url), token.is_some(), "{text}");
            let name = if token == public.as_ref() { "public" } else { "enterprise" };
            if token.is_some() && !url.web_url().starts_with("https://github.com/") {
                lines.push(format!("{server:?} {text}: {name}"));
            } else {
                assert_eq!(token.is_some(), url.web_url().starts_with("https://github.com/"), "{text}");
                assert!(token.is_none() || name == "public");
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Some("github.example.com") https://github.example.com/o/r: enterprise
    Some("github.example.com") git@github.example.com:o/r: enterprise
    Some(" Git.Example.Com:8443 ") https://git.example.com:8443/o/r: enterprise
    "#);
    // Without a token a known host is known all the same.
    let none = Tokens::new(None, Some("git.example.com"), None);
    let url: RepositoryUrl = "https://git.example.com/o/r".parse().unwrap();
    assert!(none.is_known(&url) && none.of(&url).is_none());
}
