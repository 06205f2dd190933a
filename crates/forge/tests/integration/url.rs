//! Addresses: every form that people copy, and what is said to those that are none.

use eyrie_forge::{ForgeKind, RepositoryUrl, local_path};

#[test]
fn forms_that_are_understood() {
    let cases = [
        (
            "https://github.com/falcosecurity/falco",
            "https://github.com/falcosecurity/falco",
            ForgeKind::GitHub,
        ),
        (
            "https://github.com/falcosecurity/falco/",
            "https://github.com/falcosecurity/falco",
            ForgeKind::GitHub,
        ),
        (
            "https://github.com/falcosecurity/falco.git",
            "https://github.com/falcosecurity/falco",
            ForgeKind::GitHub,
        ),
        (
            "https://github.com/falcosecurity/falco.git/",
            "https://github.com/falcosecurity/falco",
            ForgeKind::GitHub,
        ),
        ("  https://WWW.GitHub.com/a/b ", "https://github.com/a/b", ForgeKind::GitHub),
        ("git@github.com:a/b.git", "https://github.com/a/b", ForgeKind::GitHub),
        ("ssh://git@github.com/a/b", "https://github.com/a/b", ForgeKind::GitHub),
        ("ssh://git@github.com:22/a/b", "https://github.com/a/b", ForgeKind::GitHub),
        ("https://github.example.com:8443/a/b", "https://github.example.com:8443/a/b", ForgeKind::GitHub),
        ("https://octo.ghe.com/a/b", "https://octo.ghe.com/a/b", ForgeKind::GitHub),
        (
            "https://gitlab.com/group/sub/project.git",
            "https://gitlab.com/group/sub/project",
            ForgeKind::GitLab,
        ),
        (
            "git@gitlab.example.org:group/project",
            "https://gitlab.example.org/group/project",
            ForgeKind::GitLab,
        ),
        ("https://codeberg.org/a/.profile", "https://codeberg.org/a/.profile", ForgeKind::Other),
        ("http://127.0.0.1:8080/o/r.git", "http://127.0.0.1:8080/o/r", ForgeKind::Other),
        ("http://[::1]:8080/o/r", "http://[::1]:8080/o/r", ForgeKind::Other),
    ];
    for (text, web, kind) in cases {
        let url: RepositoryUrl = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((url.web_url().as_str(), url.kind()), (web, kind), "{text}");
        assert_eq!(url.clone_url(), format!("{web}.git"), "{text}");
        assert!(RepositoryUrl::looks_like_url(text), "{text}");
    }
    let url: RepositoryUrl = "https://gitlab.com/group/sub/project".parse().unwrap();
    assert_eq!((url.owner(), url.name()), ("group/sub", "project"));
    let url: RepositoryUrl = "https://git.example.com/a/b".parse().unwrap();
    assert_eq!(url.on(ForgeKind::GitHub).kind(), ForgeKind::GitHub);
}

#[test]
fn what_is_said_to_the_rest() {
    let cases = [
        "http://github.com/a/b",
        "http://localhost.example.com/a/b",
        "git://github.com/a/b",
        "file:///tmp/x",
        "ftp://github.com/a/b",
        "github.com/a/b",
        "https://github.com/a",
        "https://github.com/",
        "https://github.com",
        "https://github.com/a/b/tree/main/c",
        "https://github.com/a/b?tab=readme",
        "https://github.com/a/..",
        "https://github.com/a/b c",
        "https://github.com//b",
        "https://git hub.com/a/b",
        "https://github.com:99999/a/b",
        "https:///a/b",
        "bob@github.com:a/b",
        "https://gitlab.com/g/p/-/tree/main",
        "ORG/REPO",
        ".",
        "",
    ];
    let said: Vec<String> = cases
        .iter()
        .map(|text| match text.parse::<RepositoryUrl>() {
            Ok(url) => panic!("{text} was read as {url:?}"),
            Err(error) => format!("{text:40} {error}; {}", error.help()),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r###"
    http://github.com/a/b                    plain http is neither private nor safe; use `https://github.com/a/b`
    http://localhost.example.com/a/b         plain http is neither private nor safe; use `https://localhost.example.com/a/b`
    git://github.com/a/b                     `git://` is neither private nor safe; use the https address
    file:///tmp/x                            this is a folder on this machine; give its path instead
    ftp://github.com/a/b                     the scheme of the address is unknown; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    github.com/a/b                           the address has no scheme; write `https://github.com/a/b`
    https://github.com/a                     the address names no repository; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://github.com/                      the address names no repository; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://github.com                       the address names no repository; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://github.com/a/b/tree/main/c       the address leads to something inside the repository; use `https://github.com/a/b`
    https://github.com/a/b?tab=readme        an address of a repository has no `?` and no `#`; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://github.com/a/..                  the owner or name holds characters that no repository has; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://github.com/a/b c                 the owner or name holds characters that no repository has; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://github.com//b                    the address names no repository; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://git hub.com/a/b                  the address has no valid host; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://github.com:99999/a/b             the port is not a number between 1 and 65535; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https:///a/b                             the address has no valid host; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    bob@github.com:a/b                       an ssh address has the user `git`; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    https://gitlab.com/g/p/-/tree/main       the owner or name holds characters that no repository has; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    ORG/REPO                                 this is not the address of a repository; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    .                                        this is not the address of a repository; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
                                             this is not the address of a repository; write `https://HOST/OWNER/NAME`, for example `https://github.com/falcosecurity/falco`
    "###);
}

#[test]
fn local_addresses() {
    let path = |text| local_path(text).map(|path| path.to_str().unwrap().to_owned());
    assert_eq!(path("file:///a/b.git").as_deref(), Some("/a/b.git"));
    assert_eq!(path("file://localhost/a/b").as_deref(), Some("/a/b"));
    assert_eq!(path("file:///a%20b/%c3%a9%2").as_deref(), Some("/a b/\u{e9}%2"));
    for none in
        ["file://server/a", "file://", "file:///a%00b", "file:///%ff", "/a/b", "https://github.com/a/b", ""]
    {
        assert_eq!(path(none), None, "{none}");
    }
}

#[test]
fn a_token_in_an_address_is_not_repeated() {
    let error = "https://ghp_secret123@github.com/a/b".parse::<RepositoryUrl>().unwrap_err();
    let shown = format!("{error} {} {error:?}", error.help());
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("GITHUB_TOKEN"), "{shown}");
}

proptest::proptest! {
    #[test]
    fn what_is_read_is_written_and_read_again(text in "(https|http|ssh|git)?(://)?[a-z@.:]{0,12}[a-zA-Z0-9/._:@?#\\[\\]-]{0,30}") {
        if let Ok(url) = text.parse::<RepositoryUrl>() {
            let again: RepositoryUrl = url.web_url().parse().unwrap();
            proptest::prop_assert_eq!((again.owner(), again.name(), again.host()), (url.owner(), url.name(), url.host()));
        }
    }
}
