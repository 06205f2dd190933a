//! The checklist: what it says, and that it never costs a person a word.

use eyrie_cli::render::markdown::{LIMIT, update};
use eyrie_posture::report::{Outcome, Report};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::fixture::{self, check};

fn first(report: &Report) -> String {
    update(None, report, None)
}

/// A report of a few checks.
fn small(outcomes: &[(&str, Outcome)]) -> Report {
    let checks = outcomes
        .iter()
        .map(|(id, outcome)| {
            let category = if id.starts_with('s') { "security" } else { "documentation" };
            check(id, category, 2, *outcome, "Because.")
        })
        .collect();
    fixture::project("small", vec![fixture::repository("/src/small", checks)])
}

fn line_of<'a>(text: &'a str, id: &str) -> &'a str {
    text.lines().find(|line| line.contains(&format!("eyrie:check {id} "))).unwrap()
}

#[test]
fn a_new_checklist() {
    insta::assert_snapshot!(first(&fixture::falco()), @r"
    ## <!-- eyrie:title -->falco: 66.2% (B)<!-- eyrie:end -->

    Score: <!-- eyrie:summary -->**51 of 77 points** · 26 points to win · 16 of them undecided<br><https://github.com/falcosecurity/falco> at `3f2a91c0b`, catalogue `clomonitor`, sets `code`, `community`<!-- eyrie:end -->

    ### <!-- eyrie:category documentation -->Documentation, 23 of 29 points<!-- eyrie:end -->

    - [x] <!-- eyrie:check adopters pass -->**Adopters** (1 point): A file lists who uses it. [docs](<https://eyrie.example/checks/adopters>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check changelog pass -->**Changelog** (1 point): CHANGELOG.md has content. [docs](<https://eyrie.example/checks/changelog>)<!-- eyrie:end -->
    - [ ] <!-- eyrie:check code_of_conduct fail -->**Code of conduct** (2 points): No code of conduct in the repository, and the README has no heading or link that names one. [docs](<https://eyrie.example/checks/code_of_conduct>)<br>**Fix:** Add CODE\_OF\_CONDUCT.md. A project of the CNCF can adopt the foundation's code with one line:<br><br>`This project follows the [CNCF Code of Conduct](https://github.com/cncf/foundation/blob/main/code-of-conduct.md).`<!-- eyrie:end -->
    - [x] <!-- eyrie:check contributing pass -->**Contributing** (4 points): CONTRIBUTING.md has content. [docs](<https://eyrie.example/checks/contributing>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check governance pass -->**Governance** (3 points): GOVERNANCE.md has content. [docs](<https://eyrie.example/checks/governance>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check maintainers pass -->**Maintainers** (3 points): OWNERS names 9 people. [docs](<https://eyrie.example/checks/maintainers>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check readme pass -->**Readme** (10 points): README.md has 214 lines of text under 11 headings. [docs](<https://eyrie.example/checks/readme>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check summary_table exempt -->**Summary table** (1 point) _exempt_: No landscape was given, so nothing can be looked up in it. [docs](<https://eyrie.example/checks/summary_table>)<!-- eyrie:end -->
    - [ ] <!-- eyrie:check website unknown -->**Website** (4 points) _unknown_: The forge knows the homepage, and nobody could ask it. [docs](<https://eyrie.example/checks/website>)<!-- eyrie:end -->

    ### <!-- eyrie:category license -->License, 15 of 20 points<!-- eyrie:end -->

    - [x] <!-- eyrie:check license_spdx_id pass -->**License spdx id** (5 points): COPYING is the text of one licence. (`Apache-2.0`) [docs](<https://eyrie.example/checks/license_spdx_id>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check license_approved pass -->**License approved** (10 points): Apache-2.0 is on the list of approved licences. [docs](<https://eyrie.example/checks/license_approved>)<!-- eyrie:end -->
    - [ ] <!-- eyrie:check license_scanning fail -->**License scanning** (5 points): Neither .clomonitor.yml nor a badge in the README names a licence scan. [docs](<https://eyrie.example/checks/license_scanning>)<br>**Fix:** Scan with FOSSA or Snyk and show the badge in the README, or name the report in .clomonitor.yml under `licenseScanning.url`.<!-- eyrie:end -->

    ### <!-- eyrie:category best_practices -->Best practices, 8 of 11 points<!-- eyrie:end -->

    - [x] <!-- eyrie:check artifacthub_badge pass -->**Artifacthub badge** (1 point): The README shows the badge. [docs](<https://eyrie.example/checks/artifacthub_badge>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check dco pass -->**Dco** (1 point): All of the last 20 commits are signed off or merges. (`20 of 20`) [docs](<https://eyrie.example/checks/dco>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check cla exempt -->**Cla** (1 point) _exempt_: The DCO check passes, and one of the two is enough. [docs](<https://eyrie.example/checks/cla>)<!-- eyrie:end -->
    - [ ] <!-- eyrie:check recent_release unknown -->**Recent release** (3 points) _unknown_: No tag of the last year is here, and the clone is shallow. [docs](<https://eyrie.example/checks/recent_release>)<!-- eyrie:end -->
    - [ ] <!-- eyrie:check github_discussions unknown -->**Github discussions** _unknown_: Discussions are only known to the forge. [docs](<https://eyrie.example/checks/github_discussions>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check openssf_badge pass -->**Openssf badge** (5 points): The README shows the badge of project 2317. [docs](<https://eyrie.example/checks/openssf_badge>)<!-- eyrie:end -->

    ### <!-- eyrie:category security -->Security, 5 of 12 points<!-- eyrie:end -->

    - [ ] <!-- eyrie:check binary_artifacts fail -->**Binary artifacts** (2 points): Two files are compiled programs. [docs](<https://eyrie.example/checks/binary_artifacts>)<br>**Fix:** Build them in CI, or download them with a checksum, and remove them from git.<br>**Seen:** [`test/trace_files/syscall.scap.bin`](<https://github.com/falcosecurity/falco/blob/3f2a91c0/test/trace_files/syscall.scap.bin>) · [`userspace/engine/lua/测试数据/プラグイン.so`](<https://github.com/falcosecurity/falco/blob/3f2a91c0/userspace/engine/lua/%E6%B5%8B%E8%AF%95%E6%95%B0%E6%8D%AE/%E3%83%97%E3%83%A9%E3%82%B0%E3%82%A4%E3%83%B3.so>)<!-- eyrie:end -->
    - [ ] <!-- eyrie:check code_review unknown -->**Code review** (3 points) _unknown_: Reviews are only known to the forge. [docs](<https://eyrie.example/checks/code_review>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check dangerous_workflow pass -->**Dangerous workflow** (2 points): No workflow runs a stranger's code with the repository's rights. [docs](<https://eyrie.example/checks/dangerous_workflow>)<!-- eyrie:end -->
    - [ ] <!-- eyrie:check token_permissions fail -->**Token permissions** (1 point): 6 of 14 workflows give the token more rights than reading at the top level. [docs](<https://eyrie.example/checks/token_permissions>)<br>**Fix:** Set `permissions: {contents: read}` at the top of each workflow and grant more in the job that needs it.<br>**Seen:** [`.github/workflows/reusable_build_packages_0.yaml:12`](<https://github.com/falcosecurity/falco/blob/3f2a91c0/.github/workflows/reusable_build_packages_0.yaml>) · [`.github/workflows/reusable_build_packages_1.yaml:13`](<https://github.com/falcosecurity/falco/blob/3f2a91c0/.github/workflows/reusable_build_packages_1.yaml>) · [`.github/workflows/reusable_build_packages_2.yaml:14`](<https://github.com/falcosecurity/falco/blob/3f2a91c0/.github/workflows/reusable_build_packages_2.yaml>) · and 3 more<!-- eyrie:end -->
    - [x] <!-- eyrie:check security_policy pass -->**Security policy** (3 points): SECURITY.md says how to report a vulnerability. [docs](<https://eyrie.example/checks/security_policy>)<!-- eyrie:end -->
    - [x] <!-- eyrie:check signed_releases not_applicable -->**Signed releases** (2 points) _not applicable_: The repository publishes no releases of its own. [docs](<https://eyrie.example/checks/signed_releases>)<!-- eyrie:end -->
    - [ ] <!-- eyrie:check sbom unknown -->**Sbom** (1 point) _unknown_: The assets of the latest release are only known to the forge. [docs](<https://eyrie.example/checks/sbom>)<!-- eyrie:end -->

    ### <!-- eyrie:category legal -->Legal, 0 of 5 points<!-- eyrie:end -->

    - [ ] <!-- eyrie:check trademark_disclaimer unknown -->**Trademark disclaimer** (5 points) _unknown_: The homepage is not known, and nobody may ask the network. [docs](<https://eyrie.example/checks/trademark_disclaimer>)<!-- eyrie:end -->

    ### <!-- eyrie:section missing -->Nobody could look, and what would help<!-- eyrie:end -->

    - Unknown: <!-- eyrie:missing 1 -->No token for github.com (8 points: `website`, `code_review`, `sbom`, `github_discussions`)<br>**To do:** Set GITHUB\_TOKEN, or record the answers elsewhere with `eyrie forge record https://github.com/falcosecurity/falco --output DIR` and give them with `--forge-data DIR`.<!-- eyrie:end -->
    - Unknown: <!-- eyrie:missing 2 -->No network (--offline) (5 points: `trademark_disclaimer`)<br>**To do:** Run without `--offline`.<!-- eyrie:end -->
    - Unknown: <!-- eyrie:missing 3 -->The clone is shallow: 50 commits, no tags (3 points: `recent_release`)<br>**To do:** git fetch --unshallow --tags<!-- eyrie:end -->

    ### <!-- eyrie:section notes -->Notes<!-- eyrie:end -->

    - Note: <!-- eyrie:note 1 -->Warning: `.clomonitor.yml:4`: the exemption of `website` expired on 2026-06-30 and no longer counts<!-- eyrie:end -->
    - Note: <!-- eyrie:note 2 -->Info: 1 file over 64 MiB was not read: test/big.scap<!-- eyrie:end -->

    ### <!-- eyrie:section history -->History: +18.6 since 2024-11-25<!-- eyrie:end -->

    - Change: <!-- eyrie:change ac1445900 -->2026-04-12 `ac1445900` **+8.6** docs: governance and security policy<br>`governance` passed, `security_policy` passed<!-- eyrie:end -->
    - Change: <!-- eyrie:change ac08abf00 -->2025-12-01 `ac08abf00` **-2.9** chore: add a prebuilt probe for the tests of the new driver on kernels that have no headers installed<br>`binary_artifacts` failed, `token_permissions` failed<!-- eyrie:end -->
    - Change: <!-- eyrie:change ac0c89d00 -->2025-08-30 `ac0c89d00` **+7.2** new: OpenSSF badge (project 2317)<br>`openssf_badge` passed<!-- eyrie:end -->
    - Change: <!-- eyrie:change ac02df200 -->2025-03-17 `ac02df200` **+5.7** docs: say how to contribute<br>`contributing` passed<!-- eyrie:end -->

    Kept up to date by Eyrie. <!-- eyrie:footer -->eyrie 0.1.0 rewrites what stands between its hidden markers; ticks and text that you add stay.<!-- eyrie:end -->
    ");
}

#[test]
fn a_checklist_of_several_repositories() {
    insta::assert_snapshot!(first(&fixture::several()), @"
    ## <!-- eyrie:title -->falco: 41.6% (C)<!-- eyrie:end -->

    Score: <!-- eyrie:summary -->**10 of 24 points** · 14 points to win · 3 of them undecided<!-- eyrie:end -->

    - Not assessed: <!-- eyrie:failure 1 -->`/src/plugins`: no such folder; give the path of a checkout, a bare repository or a URL<!-- eyrie:end -->

    ### <!-- eyrie:repository falco/ -->falco: 90.9% (A)<!-- eyrie:end -->

    Score: <!-- eyrie:score falco/ -->**10 of 11 points** · 1 point to win<br><https://github.com/falcosecurity/falco> at `3f2a91c0b`, catalogue `clomonitor`, sets `code`, `community`<!-- eyrie:end -->

    #### <!-- eyrie:category falco/documentation -->Documentation, 10 of 10 points<!-- eyrie:end -->

    - [x] <!-- eyrie:check falco/readme pass -->**Readme** (10 points): README.md has content. [docs](<https://eyrie.example/checks/readme>)<!-- eyrie:end -->

    #### <!-- eyrie:category falco/security -->Security, 0 of 1 point<!-- eyrie:end -->

    - [ ] <!-- eyrie:check falco/sbom fail -->**Sbom** (1 point): No release has one. [docs](<https://eyrie.example/checks/sbom>)<!-- eyrie:end -->

    ### <!-- eyrie:repository a-repository-with-a-very-long-name-indeed/ -->a-repository-with-a-very-long-name-indeed: 0.0% (D)<!-- eyrie:end -->

    Score: <!-- eyrie:score a-repository-with-a-very-long-name-indeed/ -->**0 of 13 points** · 13 points to win · 3 of them undecided<br><https://github.com/falcosecurity/a-repository-with-a-very-long-name-indeed> at `3f2a91c0b`, catalogue `clomonitor`, sets `code`, `community`<!-- eyrie:end -->

    #### <!-- eyrie:category a-repository-with-a-very-long-name-indeed/documentation -->Documentation, 0 of 10 points<!-- eyrie:end -->

    - [ ] <!-- eyrie:check a-repository-with-a-very-long-name-indeed/readme fail -->**Readme** (10 points): No README. [docs](<https://eyrie.example/checks/readme>)<!-- eyrie:end -->

    #### <!-- eyrie:category a-repository-with-a-very-long-name-indeed/security -->Security, 0 of 3 points<!-- eyrie:end -->

    - [ ] <!-- eyrie:check a-repository-with-a-very-long-name-indeed/code_review unknown -->**Code review** (3 points) _unknown_: Reviews are only known to the forge. [docs](<https://eyrie.example/checks/code_review>)<!-- eyrie:end -->

    Kept up to date by Eyrie. <!-- eyrie:footer -->eyrie 0.1.0 rewrites what stands between its hidden markers; ticks and text that you add stay.<!-- eyrie:end -->
    ");
}

#[test]
fn ticks_and_text_of_people_stay() {
    use Outcome::{Fail, Pass, Unknown};
    let before = first(&small(&[("readme", Pass), ("roadmap", Fail), ("sbom", Unknown)]));
    let edited = before
        .replace("- [ ] <!-- eyrie:check roadmap", "* [x] <!-- eyrie:check roadmap")
        .replace("## <!-- eyrie:title", "Dear all,\n\n# <!-- eyrie:title")
        .replacen(
            "<!-- eyrie:end -->\n\n###",
            "<!-- eyrie:end --> ask @me\n\n### Mine\n\nMy words.\n\n###",
            1,
        );
    let edited = edited.replace(
        line_of(&edited, "sbom"),
        &format!("{} on it\n  - [ ] ask the vendor\n\n  thanks", line_of(&edited, "sbom")),
    );
    let after = update(
        Some(&edited),
        &small(&[("readme", Fail), ("roadmap", Fail), ("security_policy", Pass)]),
        None,
    );
    insta::assert_snapshot!(after, @"
    Dear all,

    # <!-- eyrie:title -->small: 33.3% (C)<!-- eyrie:end -->

    Score: <!-- eyrie:summary -->**2 of 6 points** · 4 points to win<br><https://github.com/falcosecurity/falco> at `3f2a91c0b`, catalogue `clomonitor`, sets `code`, `community`<!-- eyrie:end --> ask @me

    ### Mine

    My words.

    ### <!-- eyrie:category documentation -->Documentation, 0 of 4 points<!-- eyrie:end -->

    - [ ] <!-- eyrie:check readme fail -->**Readme** (2 points): Because. [docs](<https://eyrie.example/checks/readme>)<!-- eyrie:end -->
    * [x] <!-- eyrie:check roadmap fail -->_claimed, the evidence does not show it:_ **Roadmap** (2 points): Because. [docs](<https://eyrie.example/checks/roadmap>)<!-- eyrie:end -->

    ### <!-- eyrie:category security -->Security, 2 of 2 points<!-- eyrie:end -->

    - [x] <!-- eyrie:check security_policy pass -->**Security policy** (2 points): Because. [docs](<https://eyrie.example/checks/security_policy>)<!-- eyrie:end -->

    - [ ] sbom (no longer in the report) on it
      - [ ] ask the vendor

      thanks

    Kept up to date by Eyrie. <!-- eyrie:footer -->eyrie 0.1.0 rewrites what stands between its hidden markers; ticks and text that you add stay.<!-- eyrie:end -->
    ");
}

#[test]
fn evidence_wins_over_a_tick_that_was_ours() {
    use Outcome::{Fail, Pass};
    let passing = first(&small(&[("readme", Pass)]));
    assert!(line_of(&passing, "readme").starts_with("- [x]"));
    let failing = update(Some(&passing), &small(&[("readme", Fail)]), None);
    assert!(line_of(&failing, "readme").starts_with("- [ ]"));
    let claimed = failing.replace("- [ ] <!-- eyrie:check readme", "- [X] <!-- eyrie:check readme");
    let still = update(Some(&claimed), &small(&[("readme", Fail)]), None);
    assert!(line_of(&still, "readme").starts_with("- [X]") && line_of(&still, "readme").contains("claimed"));
    let shown = update(Some(&still), &small(&[("readme", Pass)]), None);
    assert!(line_of(&shown, "readme").starts_with("- [X]") && !shown.contains("claimed"));
    let lost = update(Some(&shown), &small(&[("readme", Fail)]), None);
    assert!(line_of(&lost, "readme").starts_with("- [ ]") && !lost.contains("claimed"));
}

#[test]
fn a_text_of_people_alone_is_continued() {
    let after = update(Some("# Plan\n\nWe will."), &small(&[("readme", Outcome::Pass)]), None);
    assert!(after.starts_with("# Plan\n\nWe will.\n\n## <!-- eyrie:title -->"), "{after}");
}

#[test]
fn line_ends_are_those_of_the_document() {
    let report = small(&[("readme", Outcome::Pass)]);
    let windows = first(&report).replace('\n', "\r\n");
    assert_eq!(update(Some(&windows), &report, None), windows);
}

#[test]
fn hundreds_of_repositories_fit_into_an_issue() {
    let one = fixture::falco().projects[0].repositories[0].clone();
    for number in [1, 5, 20, 120] {
        let repositories = (0..number).map(|n| {
            let mut repository = one.clone();
            repository.url = Some(format!("https://github.com/falcosecurity/repository-{n}"));
            repository
        });
        let report = fixture::project("all", repositories.collect());
        let text = first(&report);
        assert!(text.chars().count() < LIMIT, "{number}: {}", text.chars().count());
        assert_eq!(update(Some(&text), &report, None), text, "{number}");
    }
}

#[test]
fn nothing_from_a_repository_becomes_markup() {
    let text = first(&fixture::hostile());
    for event in Parser::new_ext(
        &text,
        Options::ENABLE_TASKLISTS | Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH,
    ) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                assert!(
                    html.as_ref() == "<br>" || html.starts_with("<!-- eyrie:") || html.as_ref() == "<!-- -->",
                    "{html}"
                );
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let good = dest_url.starts_with("https://example.org/")
                    || dest_url.starts_with("https://github.com/");
                assert!(good, "{dest_url}");
            }
            Event::Start(Tag::Image { dest_url, .. }) => panic!("an image: {dest_url}"),
            Event::Start(Tag::Table(_) | Tag::Strikethrough) => panic!("{event:?}"),
            _ => {}
        }
    }
    assert!(!text.contains('\x1b') && !text.contains('\u{202e}'));
    assert!(text.contains("&lt;script&gt;"));
}

#[test]
fn nobody_is_called_and_nothing_referred_to() {
    let mut report = small(&[("readme", Outcome::Fail)]);
    report.projects[0].repositories[0].checks[0].reason = "by @torvalds, see #1 <!-- eyrie:end --> x".into();
    let text = first(&report);
    assert!(!text.contains("@torvalds") && !text.contains("#1"), "{text}");
    assert_eq!(update(Some(&text), &report, None), text);
    let mut code = report.clone();
    code.projects[0].repositories[0].checks[0].reason = "`<!-- eyrie:end -->` and `` ` ``".into();
    let text = first(&code);
    assert_eq!(update(Some(&text), &code, None), text);
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop::sample::select(Outcome::ALL.to_vec())
}

fn report() -> impl Strategy<Value = Report> {
    let ids = ["adopters", "readme", "roadmap", "sbom", "security_policy", "summary_table"];
    prop::collection::vec(prop::option::of(outcome()), ids.len()).prop_map(move |outcomes| {
        let checks: Vec<_> =
            ids.into_iter().zip(outcomes).filter_map(|(id, outcome)| Some((id, outcome?))).collect();
        small(&checks)
    })
}

/// What a person does to a line.
#[derive(Clone, Debug)]
enum Edit {
    Insert(&'static str),
    Append,
    Tick,
    Delete,
    MoveTo(prop::sample::Index),
    Duplicate,
    Truncate,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => prop::sample::select(vec!["", "  ", "    ", "- [ ] ", "- [x] ", "### ", "> ", "```", "<!-- x --> ", "<!-- eyrie:check readme fail --> "])
            .prop_map(Edit::Insert),
        3 => Just(Edit::Append),
        3 => Just(Edit::Tick),
        1 => Just(Edit::Delete),
        1 => any::<prop::sample::Index>().prop_map(Edit::MoveTo),
        1 => Just(Edit::Duplicate),
        1 => Just(Edit::Truncate),
    ]
}

/// Applies the edits. Every word a person writes is unique: `W1W`, `W2W` …
fn edited(text: &str, edits: &[(prop::sample::Index, Edit)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (number, (at, edit)) in edits.iter().enumerate() {
        if lines.is_empty() {
            break;
        }
        let at = at.index(lines.len());
        match edit {
            Edit::Insert(prefix) => lines.insert(at, format!("{prefix}W{number}W")),
            Edit::Append => lines[at].push_str(&format!(" W{number}W ")),
            Edit::Tick => lines[at] = lines[at].replacen("[ ]", "[x]", 1),
            Edit::Delete => {
                // Words of people are theirs to delete; this test wants to find them again.
                if !lines[at].contains('W') {
                    lines.remove(at);
                }
            }
            Edit::MoveTo(to) => {
                let line = lines.remove(at);
                lines.insert(to.index(lines.len() + 1), line);
            }
            Edit::Duplicate => lines.insert(at, lines[at].split('W').next().unwrap().to_owned()),
            Edit::Truncate => {
                let head = lines[at].split_once("<!-- eyrie:end").map(|(head, _)| head.to_owned());
                if let Some(head) = head.filter(|_| !lines[at].contains('W')) {
                    lines[at] = head;
                }
            }
        }
    }
    lines.join("\n") + "\n"
}

fn words(text: &str) -> Vec<&str> {
    let word = |word: &&str| word.starts_with('W') && word.ends_with('W') && word.len() > 2;
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(word).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_update_is_idempotent_and_loses_no_word(
        old in report(),
        new in report(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 0..12),
        windows in any::<bool>(),
    ) {
        let mut document = edited(&first(&old), &edits);
        if windows {
            document = document.replace('\n', "\r\n");
        }
        let once = update(Some(&document), &new, None);
        prop_assert_eq!(words(&once), words(&document), "words, and their order");
        prop_assert_eq!(update(Some(&once), &new, None), once.clone());
        for check in &new.projects[0].repositories[0].checks {
            prop_assert!(once.contains(&format!("eyrie:check {} {} -->", check.id, check.outcome)), "{}\n{}", check.id, once);
        }
        // Whatever line is no line of ours is there as it was, in the same order.
        let mut after = once.lines();
        for line in document.lines().filter(|line| !line.contains("<!-- eyrie:") && !line.is_empty()) {
            prop_assert!(after.any(|other| other == line), "{line:?} is gone or moved:\n{once}");
        }
    }

    #[test]
    fn any_text_survives(document in "([a-z#*>`\\[\\]<!\\- \t\r\n]|<!-- eyrie:(title|end|check readme (pass|fail)) -->|\\[x\\]){0,60}") {
        let report = small(&[("readme", Outcome::Fail), ("sbom", Outcome::Pass)]);
        let once = update(Some(&document), &report, None);
        prop_assert_eq!(update(Some(&once), &report, None), once);
    }
}
