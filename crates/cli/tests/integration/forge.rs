//! `eyrie forge`, against a forge on loopback.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::sync::{Arc, Mutex};

use crate::command::eyrie;

/// As much as GitHub's REST API always tells.
const REPOSITORY: &str = r#"{
    "name": "r", "owner": {"login": "o", "type": "Organization"}, "html_url": "https://example.org/o/r",
    "default_branch": "main", "description": null, "homepage": "", "archived": false, "fork": false,
    "private": false, "created_at": "2020-01-01T00:00:00Z", "pushed_at": null, "license": null
}"#;

/// Serves answers by path until the process ends; every other path is not found. Its address.
fn serve(answers: &'static [(&'static str, u16, &'static str)]) -> String {
    serve_and_hear(answers).0
}

/// The same, with the `Authorization` of each request.
fn serve_and_hear(
    answers: &'static [(&'static str, u16, &'static str)],
) -> (String, Arc<Mutex<Vec<Option<String>>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            let path = request.next().and_then(Result::ok).unwrap_or_default();
            let path = path.split(' ').nth(1).unwrap_or_default().to_owned();
            let head = request.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty());
            let authorization = head.filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("authorization").then(|| value.trim().to_owned())
            });
            let authorization = authorization.last();
            hears.lock().unwrap().push(authorization);
            let found = answers.iter().find(|(known, ..)| path == *known);
            let (status, body) = found.map_or((404, "{}"), |(_, status, body)| (*status, *body));
            let _ = write!(
                stream,
                "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (address, heard)
}

/// A folder with a repository whose origin is this address.
fn checkout(origin: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let git = folder.path().join(".git");
    for name in ["objects", "refs/heads"] {
        std::fs::create_dir_all(git.join(name)).unwrap();
    }
    std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = {origin}\n"
    );
    std::fs::write(git.join("config"), config).unwrap();
    std::fs::write(folder.path().join("README.md"), "# It\n").unwrap();
    folder
}

/// Everything that a user may have set.
fn with_tokens() -> std::process::Command {
    let mut command = eyrie();
    command.env("GITHUB_TOKEN", "ghp_public").env("GH_ENTERPRISE_TOKEN", "ghp_enterprise");
    command
}

#[test]
fn a_host_that_only_the_folder_names_is_not_asked() {
    for command in ["assess", "fix"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        // Whatever goes anywhere goes through here.
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let folder = checkout("https://github.evil.example/o/r");
        let output = with_tokens()
            .env("HTTPS_PROXY", &proxy)
            .env("GH_HOST", "github.example.com")
            .arg(command)
            .arg(folder.path())
            .output()
            .unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(command == "fix" || said.contains("github.evil.example was not asked"), "{said}");
        assert_eq!(
            listener.accept().map(drop).unwrap_err().kind(),
            std::io::ErrorKind::WouldBlock,
            "{command}"
        );
    }
}

#[test]
fn the_host_that_the_user_named_is_asked_with_its_token() {
    let (server, heard) = serve_and_hear(&[]);
    let folder = checkout(&format!("{server}/o/r"));
    let host = server.strip_prefix("http://").unwrap();
    let output = with_tokens().env("GH_HOST", host).arg("assess").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let heard = heard.lock().unwrap();
    assert!(!heard.is_empty());
    assert!(heard.iter().all(|sent| sent.as_deref() == Some("Bearer ghp_enterprise")), "{heard:?}");
}

#[test]
fn an_address_that_was_given_is_asked_without_a_token_unless_the_user_named_its_host() {
    let folder = tempfile::tempdir().unwrap();
    for named in [false, true] {
        let (server, heard) = serve_and_hear(&[]);
        let host = server.strip_prefix("http://").unwrap();
        let run = |arguments: &[&str]| {
            let mut command = with_tokens();
            command.env("GH_HOST", if named { host } else { "github.example.com" });
            let output =
                command.current_dir(folder.path()).args(arguments).arg(format!("{server}/o/r")).output();
            assert_eq!(output.unwrap().status.code(), Some(3));
            std::mem::take(&mut *heard.lock().unwrap())
        };
        for arguments in [&["assess"][..], &["forge", "record", "--forge-kind=github", "--output=answers"]] {
            let heard = run(arguments);
            assert!(!heard.is_empty(), "{arguments:?}");
            assert!(heard.iter().all(|sent| sent.is_some() == named), "{arguments:?} {heard:?}");
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn record(url: &str, folder: &std::path::Path) -> Output {
    eyrie()
        .current_dir(folder)
        .args(["forge", "record", url, "--output", "answers", "--forge-kind", "github"])
        .output()
        .unwrap()
}

#[test]
fn what_a_forge_tells_is_written_and_what_not_is_said() {
    let server = serve(&[("/api/v3/repos/o/r", 200, REPOSITORY)]);
    let folder = tempfile::tempdir().unwrap();
    let output = record(&format!("{server}/o/r"), folder.path());
    let said = text(&output.stderr).replace(&server, "http://HOST");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{said}");
    insta::assert_snapshot!(said, @"
    recorded http://HOST/o/r in answers
    not told: code_of_conduct_url, releases, last_merged, changesets
      because not found (404)
      help: check the address; a private repository needs a token that may read it
    not told: security_policy_url, discussions
      because the forge tells this only with a token
      help: set GITHUB_TOKEN (GH_HOST and GH_ENTERPRISE_TOKEN for a server of one's own) to a token that can read the repository
    not told: landscape
      because no source was given for it
      help: name a source for it
    use it with `eyrie assess --forge-data answers`
    ");
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let recorded = eyrie_forge::Recorded::open(&folder.path().join("answers"), now).unwrap();
    let answers = eyrie_forge::collect(&recorded, &format!("{server}/o/r").parse().unwrap(), None);
    assert_eq!(answers.repository.archived, eyrie_forge::Answer::Known(false));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn a_forge_that_tells_nothing_is_an_error_and_leaves_nothing() {
    let server = serve(&[]);
    let folder = tempfile::tempdir().unwrap();
    let output = record(&format!("{server}/o/r"), folder.path());
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(text(&output.stderr).replace(&server, "http://HOST"), @"
    error: nothing is known of http://HOST/o/r: not found (404)
      help: check the address; a private repository needs a token that may read it
    ");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_wrong_address_is_a_wrong_argument_and_its_token_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let output = record("https://me:s3cr3t@github.com/o/r", folder.path());
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(!said.contains("s3cr3t"), "{said}");
    insta::assert_snapshot!(said, @"
    error: not the address of a repository: the address holds a user name or token
      help: take it out of the address; give a token through GITHUB_TOKEN
    ");
}

#[test]
fn without_a_folder_the_repository_names_it() {
    let server = serve(&[("/api/v3/repos/o/r", 200, REPOSITORY)]);
    let folder = tempfile::tempdir().unwrap();
    let run = || {
        let mut command = eyrie();
        command.current_dir(folder.path()).args(["forge", "record", "--forge-kind", "github"]);
        command.arg(format!("{server}/o/r")).output().unwrap()
    };
    // An earlier recording is replaced.
    for _ in 0..2 {
        let output = run();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(
            said.contains("in r-forge\n") && said.contains("`eyrie assess --forge-data r-forge`"),
            "{said}"
        );
    }
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(eyrie_forge::Recorded::open(&folder.path().join("r-forge"), now).is_ok());
    // Anything else is not.
    std::fs::write(folder.path().join("r-forge/thesis.txt"), "years of work").unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(text(&output.stderr), @"
    error: r-forge is not a recording: it holds thesis.txt
      help: name a new folder, or one with an earlier recording
    ");
    assert_eq!(std::fs::read_to_string(folder.path().join("r-forge/thesis.txt")).unwrap(), "years of work");
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let server = serve(&[("/api/v3/repos/o/r", 200, REPOSITORY)]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("answers")).unwrap();
    std::fs::write(folder.path().join("answers/thesis.txt"), "years of work").unwrap();
    let output = record(&format!("{server}/o/r"), folder.path());
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(text(&output.stderr), @"
    error: answers is not a recording: it holds thesis.txt
      help: name a new folder, or one with an earlier recording
    ");
    assert_eq!(std::fs::read_to_string(folder.path().join("answers/thesis.txt")).unwrap(), "years of work");
}
