//! Cloning over smart HTTP from `git http-backend` on loopback. Where git is not installed, the tests that need a
//! real server say so and are skipped; Eyrie itself needs no git program.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eyrie_forge::{
    CloneError, CloneOptions, CloneProgress, Cloned, Network, Reason, RepositoryUrl, Token, clone,
};

use crate::server::{Reply, Request, Server, closed_port};

/// `git`, with no configuration but what is given here.
fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = git_command().current_dir(dir).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn git_command() -> Command {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    let identity = [("NAME", "Ann"), ("EMAIL", "ann@example.org"), ("DATE", "2026-01-01T00:00:00Z")];
    for (key, value) in identity {
        command.env(format!("GIT_AUTHOR_{key}"), value).env(format!("GIT_COMMITTER_{key}"), value);
    }
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

fn git_is_missing() -> bool {
    let works = git_command().args(["--exec-path"]).output().is_ok_and(|output| {
        Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("git-http-backend").exists()
    });
    if !works {
        eprintln!("SKIPPED: no `git http-backend` here");
    }
    !works
}

/// A folder with `o/r.git`: 5 commits on `trunk`, one more on `side`, an annotated tag.
fn origin() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    std::fs::create_dir(&work).unwrap();
    git(&work, &["init", "-q", "-b", "trunk"]);
    for n in 0..5 {
        std::fs::write(work.join("README.md"), format!("# Version {n}\n{}", "text\n".repeat(n * 100)))
            .unwrap();
        std::fs::write(work.join(format!("file{n}")), vec![n as u8; 10_000]).unwrap();
        git(&work, &["add", "."]);
        git(&work, &["commit", "-q", "-m", &format!("Commit {n}")]);
    }
    git(&work, &["tag", "-a", "v1", "-m", "One"]);
    git(&work, &["checkout", "-q", "-b", "side"]);
    git(&work, &["commit", "-q", "--allow-empty", "-m", "Side"]);
    git(&work, &["checkout", "-q", "trunk"]);
    std::fs::create_dir(dir.path().join("o")).unwrap();
    git(dir.path(), &["clone", "-q", "--bare", "work", "o/r.git"]);
    dir
}

/// Answers as a web server with `git http-backend` behind it.
fn http_backend(root: PathBuf) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
        let mut child = git_command()
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("CONTENT_TYPE", header("content-type"))
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
            .env("GIT_PROTOCOL", header("git-protocol"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&request.body).unwrap();
        let output = child.wait_with_output().unwrap().stdout;
        let end = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let (mut status, mut headers) = (200, Vec::new());
        for line in String::from_utf8_lossy(&output[..end]).lines() {
            let (name, value) = line.split_once(':').unwrap();
            if name.eq_ignore_ascii_case("status") {
                status = value.trim().split(' ').next().unwrap().parse().unwrap();
            } else {
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        Reply::Full(status, headers, output[end + 4..].to_vec())
    }
}

fn url(port: u16) -> RepositoryUrl {
    format!("http://127.0.0.1:{port}/o/r").parse().unwrap()
}

fn options() -> CloneOptions {
    CloneOptions {
        network: Network { response_timeout: Duration::from_secs(20), ..Network::default() },
        ..CloneOptions::default()
    }
}

fn run(port: u16, into: &Path, options: &CloneOptions) -> Result<Cloned, CloneError> {
    clone(&url(port), None, into, options, None, &Arc::default())
}

fn depth(depth: u32) -> CloneOptions {
    CloneOptions { depth: NonZeroU32::new(depth), ..options() }
}

#[test]
fn a_whole_repository() {
    if git_is_missing() {
        return;
    }
    let origin = origin();
    let bare = origin.path().join("o/r.git");
    let server = Server::start(http_backend(origin.path().to_owned()));
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("new");
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&steps);
    let cloned = clone(
        &url(server.port),
        None,
        &into,
        &options(),
        Some(Arc::new(move |step| seen.lock().unwrap().push(step))),
        &Arc::default(),
    )
    .unwrap();
    let head = git(&bare, &["rev-parse", "trunk"]);
    assert_eq!(cloned.path, into);
    assert!(!cloned.shallow);
    assert_eq!(cloned.branch.as_deref(), Some("refs/heads/trunk"));
    assert_eq!(cloned.commit.as_deref(), Some(head.as_str()));
    assert!(cloned.bytes > 500, "{}", cloned.bytes);

    // git agrees that it is whole and the same.
    git(&into, &["fsck", "--strict", "--full"]);
    assert_eq!(git(&into, &["rev-parse", "HEAD"]), head);
    assert_eq!(git(&into, &["symbolic-ref", "HEAD"]), "refs/heads/trunk");
    assert_eq!(git(&into, &["rev-list", "--count", "HEAD"]), "5");
    let names = "refs/heads/side\nrefs/heads/trunk\nrefs/tags/v1";
    assert_eq!(git(&into, &["for-each-ref", "--format=%(refname)"]), names);
    for name in ["refs/heads/side", "refs/heads/trunk", "refs/tags/v1", "v1^{commit}"] {
        assert_eq!(git(&into, &["rev-parse", name]), git(&bare, &["rev-parse", name]), "{name}");
    }
    assert_eq!(git(&into, &["show", "HEAD:README.md"]), git(&bare, &["show", "HEAD:README.md"]));

    let steps = steps.lock().unwrap();
    assert_eq!(steps[0], CloneProgress::Connecting);
    assert!(steps.iter().any(|step| matches!(step, CloneProgress::Receiving { bytes } if *bytes > 500)));
    assert_eq!(steps.last(), Some(&CloneProgress::Resolving));
}

#[test]
fn a_shallow_clone_says_that_it_is_shallow() {
    if git_is_missing() {
        return;
    }
    let origin = origin();
    let server = Server::start(http_backend(origin.path().to_owned()));
    let dir = tempfile::tempdir().unwrap();
    let cloned = run(server.port, dir.path(), &depth(2)).unwrap();
    assert!(cloned.shallow);
    assert_eq!(cloned.branch.as_deref(), Some("refs/heads/trunk"));
    assert_eq!(git(dir.path(), &["rev-list", "--count", "HEAD"]), "2");
    assert_eq!(git(dir.path(), &["symbolic-ref", "HEAD"]), "refs/heads/trunk");
    assert_eq!(git(dir.path(), &["for-each-ref", "--format=%(refname)"]), "refs/heads/trunk\nrefs/tags/v1");
    git(dir.path(), &["fsck", "--full"]);

    // All there is: nothing is cut off.
    let dir = tempfile::tempdir().unwrap();
    let cloned = run(server.port, dir.path(), &depth(50)).unwrap();
    assert!(!cloned.shallow);
    assert_eq!(git(dir.path(), &["rev-list", "--count", "HEAD"]), "5");

    // The server's own history may be cut off, too.
    let shallow = origin.path().join("o/shallow.git");
    let source = format!("file://{}", origin.path().join("o/r.git").display());
    git(origin.path(), &["clone", "-q", "--bare", "--depth=1", &source, shallow.to_str().unwrap()]);
    let url: RepositoryUrl = format!("{}/o/shallow", server.origin()).parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let cloned = clone(&url, None, dir.path(), &options(), None, &Arc::default()).unwrap();
    assert!(cloned.shallow);
    assert_eq!(git(dir.path(), &["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn an_empty_repository() {
    if git_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("o")).unwrap();
    git(dir.path(), &["init", "-q", "--bare", "-b", "trunk", "o/r.git"]);
    let server = Server::start(http_backend(dir.path().to_owned()));
    for options in [options(), depth(1)] {
        let into = tempfile::tempdir().unwrap();
        let cloned = run(server.port, into.path(), &options).unwrap();
        assert_eq!((cloned.shallow, cloned.commit), (false, None));
        assert_eq!(cloned.branch.as_deref(), Some("refs/heads/trunk"));
        assert_eq!(git(into.path(), &["symbolic-ref", "HEAD"]), "refs/heads/trunk");
    }
}

#[test]
fn a_detached_head() {
    if git_is_missing() {
        return;
    }
    let origin = origin();
    let bare = origin.path().join("o/r.git");
    let commit = git(&bare, &["rev-parse", "trunk~2"]);
    git(&bare, &["update-ref", "--no-deref", "HEAD", &commit]);
    let server = Server::start(http_backend(origin.path().to_owned()));
    for options in [options(), depth(1)] {
        let into = tempfile::tempdir().unwrap();
        let cloned = run(server.port, into.path(), &options).unwrap();
        assert_eq!((cloned.branch, cloned.commit.as_deref()), (None, Some(commit.as_str())));
        assert_eq!(git(into.path(), &["rev-parse", "HEAD"]), commit);
    }
}

#[test]
fn a_head_that_points_to_no_branch() {
    if git_is_missing() {
        return;
    }
    let origin = origin();
    let bare = origin.path().join("o/r.git");
    let commit = git(&bare, &["rev-parse", "trunk~1"]);
    git(&bare, &["update-ref", "refs/odd/place", &commit]);
    std::fs::write(bare.join("HEAD"), "ref: refs/odd/place\n").unwrap();
    let server = Server::start(http_backend(origin.path().to_owned()));
    for options in [options(), depth(1)] {
        let into = tempfile::tempdir().unwrap();
        let cloned = run(server.port, into.path(), &options).unwrap();
        assert_eq!((cloned.branch, cloned.commit.as_deref()), (None, Some(commit.as_str())));
        assert_eq!(git(into.path(), &["rev-parse", "HEAD"]), commit);
    }
}

#[test]
fn the_token_is_given_to_its_host_and_no_other() {
    if git_is_missing() {
        return;
    }
    let token = Token::new("ghp_secret").unwrap();
    let expected = "Basic eC1hY2Nlc3MtdG9rZW46Z2hwX3NlY3JldA==";
    let origin = origin();
    let backend = http_backend(origin.path().to_owned());
    let server = Server::start(move |request| {
        if request.authorization() == Some(expected) {
            backend(request)
        } else {
            Reply::status(401, "").with("www-authenticate", "Basic")
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("with");
    clone(&url(server.port), Some(&token), &into, &options(), None, &Arc::default()).unwrap();
    let written = std::fs::read_to_string(into.join("config")).unwrap();
    assert!(!written.contains("secret"), "{written}");

    let error = run(server.port, &dir.path().join("without"), &options()).unwrap_err();
    assert!(matches!(&error, CloneError::Network { reason: Reason::NotFound, .. }), "{error}");
    let wrong = Token::new("ghp_wrong").unwrap();
    let error =
        clone(&url(server.port), Some(&wrong), &dir.path().join("x"), &options(), None, &Arc::default())
            .unwrap_err();
    assert!(matches!(&error, CloneError::Network { reason: Reason::TokenRejected { .. }, .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("wrong"), "{error:?}");

    // Moved to another host: everything is read there, without the token.
    let other = Server::start(http_backend(origin.path().to_owned()));
    let target = other.origin();
    let moved = Server::start(move |request| Reply::redirect(&format!("{target}{}", request.target)));
    let into = dir.path().join("moved");
    let inside = clone(&url(moved.port), Some(&token), &into, &options(), None, &Arc::default()).unwrap_err();
    assert!(
        matches!(&inside, CloneError::Network { reason: Reason::AddressRefused { .. }, .. }),
        "a stranger must not send us into a private network: {inside}"
    );
    let network = Network { allow_private_pages: true, ..options().network };
    let options = CloneOptions { network, ..options() };
    clone(&url(moved.port), Some(&token), &into, &options, None, &Arc::default()).unwrap();
    assert_eq!(git(&into, &["rev-list", "--count", "HEAD"]), "5");
    assert!(moved.seen().iter().all(|request| request.authorization() == Some(expected)));
    assert!(other.seen().len() > 1);
    assert!(other.seen().iter().all(|request| request.authorization().is_none()));
}

/// The error when every question gets the same reply; and that nothing is left behind.
fn refused(reply: Reply) -> CloneError {
    let server = Server::start(move |_| reply.clone());
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("new");
    let network = Network {
        response_timeout: Duration::from_millis(300),
        read_timeout: Duration::from_millis(300),
        ..Network::default()
    };
    let options =
        CloneOptions { network, total_timeout: Duration::from_millis(600), ..CloneOptions::default() };
    let error = run(server.port, &into, &options).unwrap_err();
    assert!(!into.exists(), "{error}");
    error
}

#[test]
fn servers_that_are_no_git_servers() {
    let reason = |reply| match refused(reply) {
        CloneError::Network { reason, .. } => reason,
        other => panic!("{other}"),
    };
    assert_eq!(reason(Reply::status(404, "")), Reason::NotFound);
    assert_eq!(reason(Reply::status(401, "")), Reason::NotFound);
    assert_eq!(reason(Reply::status(500, "")), Reason::ServerError { status: 500 });
    assert_eq!(reason(Reply::status(429, "")), Reason::RateLimited { until: None, with_token: false });
    assert!(matches!(reason(Reply::status(403, "")), Reason::Forbidden { .. }));
    assert_eq!(reason(Reply::Silence), Reason::TimedOut { step: "response".into() });
    assert_eq!(reason(Reply::redirect("/o/r.git/info/refs")), Reason::TooManyRedirects);

    let said = |reply| {
        let error = refused(reply);
        assert!(matches!(&error, CloneError::Protocol { .. }), "{error:?}");
        let text = error.to_string();
        text.split_once("/o/r: ").unwrap().1.to_owned()
    };
    let html = said(Reply::status(200, "<html>Sign in").with("content-type", "text/html"));
    let advertisement = |body: &str| {
        said(Reply::status(200, body).with("content-type", "application/x-git-upload-pack-advertisement"))
    };
    let odd = ["", "0000", "zzzz", "ffff", "001e# service=git-upload-pack\n0000", "000eversion 2\n0000"];
    let all: Vec<String> = std::iter::once(html)
        .chain(odd.iter().map(|body| format!("{body:?}: {}", advertisement(body))))
        .collect();
    insta::assert_snapshot!(all.join("\n"), @r###"
    Transport handshake failed: Didn't find 'application/x-git-upload-pack-advertisement' header to indicate 'smart' protocol, and 'dumb' protocol is not supported.
    "": Transport handshake failed: An IO error occurred when talking to the server: failed to fill whole buffer
    "0000": Transport handshake failed: A capabilities, version or service line was expected, but there was none: Corruption
    "zzzz": Transport handshake failed: Capabilities could not be parsed: Failed to decode the first four hex bytes indicating the line length: Invalid character
    "ffff": Transport handshake failed: Capabilities could not be parsed: The data received claims to be larger than the maximum allowed size: got 65535, exceeds 65516
    "001e# service=git-upload-pack\n0000": Transport handshake failed: An IO error occurred when talking to the server: failed to fill whole buffer
    "000eversion 2\n0000": Failed to list references on the remote: Could not read advertised ref: Didn't find 'application/x-git-upload-pack-result' header to indicate 'smart' protocol, and 'dumb' protocol is not supported.
    "###);

    let port = closed_port();
    let dir = tempfile::tempdir().unwrap();
    let error = run(port, &dir.path().join("new"), &options()).unwrap_err();
    assert!(matches!(&error, CloneError::Network { reason: Reason::Unreachable { .. }, .. }), "{error}");
}

#[test]
fn a_server_that_lies_in_the_pack() {
    if git_is_missing() {
        return;
    }
    let origin = origin();
    let corrupt: fn(Vec<u8>) -> Vec<u8> = |mut body| {
        let middle = body.len() / 2;
        body[middle] ^= 0xff;
        body
    };
    let cut: fn(Vec<u8>) -> Vec<u8> = |mut body| {
        body.truncate(body.len() / 2);
        body
    };
    for change in [corrupt, cut] {
        let backend = http_backend(origin.path().to_owned());
        let server = Server::start(move |request| match backend(request) {
            Reply::Full(status, headers, body) if request.text().contains("command=fetch") => {
                Reply::Full(status, headers, change(body))
            }
            reply => reply,
        });
        let dir = tempfile::tempdir().unwrap();
        let error = run(server.port, dir.path(), &options()).unwrap_err();
        assert!(matches!(&error, CloneError::Protocol { .. }), "{error:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn limits() {
    if git_is_missing() {
        return;
    }
    let origin = origin();
    let server = Server::start(http_backend(origin.path().to_owned()));
    let dir = tempfile::tempdir().unwrap();
    let small = CloneOptions { max_bytes: 600, ..options() };
    let error = run(server.port, dir.path(), &small).unwrap_err();
    assert!(matches!(error, CloneError::TooLarge { limit: 600, .. }), "{error:?}");

    let small = CloneOptions { max_object_bytes: 5_000, ..options() };
    let error = run(server.port, dir.path(), &small).unwrap_err();
    assert!(matches!(error, CloneError::Protocol { .. }), "{error:?}");

    // A pack that trickles in for ever ends with the total time-out.
    let backend = http_backend(origin.path().to_owned());
    let slow =
        Server::start(
            move |request| {
                if request.text().contains("command=fetch") { Reply::Drip } else { backend(request) }
            },
        );
    let hurry = CloneOptions { total_timeout: Duration::from_secs(1), ..options() };
    let error = run(slow.port, dir.path(), &hurry).unwrap_err();
    assert!(
        matches!(
            &error,
            CloneError::Network { reason: Reason::TimedOut { .. }, .. } | CloneError::Protocol { .. }
        ),
        "{error:?}"
    );
}

#[test]
fn cloning_can_be_cancelled() {
    if git_is_missing() {
        return;
    }
    let origin = origin();
    let server = Server::start(http_backend(origin.path().to_owned()));
    let dir = tempfile::tempdir().unwrap();
    let interrupt = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&interrupt);
    let on_progress = move |step| {
        if matches!(step, CloneProgress::Receiving { .. }) {
            stop.store(true, Ordering::SeqCst);
        }
    };
    let error =
        clone(&url(server.port), None, dir.path(), &options(), Some(Arc::new(on_progress)), &interrupt)
            .unwrap_err();
    assert!(matches!(error, CloneError::Cancelled), "{error:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine"), "x").unwrap();
    let error = run(closed_port(), dir.path(), &options()).unwrap_err();
    assert!(matches!(error, CloneError::Folder { .. }), "{error:?}");
    let error = run(closed_port(), &dir.path().join("mine"), &options()).unwrap_err();
    assert!(matches!(error, CloneError::Folder { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(dir.path().join("mine")).unwrap(), "x");
}
