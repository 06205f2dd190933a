//! The report on a terminal, at the widths and in the colours that terminals have.

use eyrie_cli::render::terminal::{Links, TerminalOptions, render};
use eyrie_cli::render::text::columns;
use eyrie_posture::report::Report;

use crate::fixture;

fn options(width: usize) -> TerminalOptions {
    TerminalOptions { width, color: false, unicode: true, links: None, pass_score: None, quiet: false }
}

fn draw(report: &Report, options: &TerminalOptions) -> String {
    let mut out = Vec::new();
    render(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Without colours and links, as the eye sees it.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\x1b') {
        out.push_str(before);
        rest = match after.strip_prefix(']') {
            Some(link) => link.split_once("\x1b\\").unwrap().1,
            None => after.split_once('m').unwrap().1,
        };
    }
    out + rest
}

#[test]
fn a_report_at_80_columns() {
    let options = TerminalOptions { pass_score: Some("75".parse().unwrap()), ..options(80) };
    insta::assert_snapshot!(draw(&fixture::falco(), &options), @"
    falco
    https://github.com/falcosecurity/falco · work tree at 3f2a91c0b ·
    catalogue clomonitor · sets code, community

      66.2%  B  ████████████████████████████████▒▒▒▒▒▒▒▒▒▒·······  51 of 77 points
      ✗ below the pass score 75.0% · 26 points to win · 16 undecided ·
      best possible now 87.0%

      Documentation    79.3%  ██████████████████████████████████▒▒▒▒▒▒····  23 of 29
      License          75.0%  █████████████████████████████████···········  15 of 20
      Best practices   72.7%  ████████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒   8 of 11
      Security         41.6%  ██████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒···········   5 of 12
      Legal             0.0%  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒   0 of  5

      ✓ 13 passed   ✗ 4 failed   ? 6 unknown   ○ 2 exempt   – 1 not applicable

    To fix  4 checks, 10 points

      ✗ License scanning  license_scanning                                        +5
        Neither .clomonitor.yml nor a badge in the README names a licence scan.
        fix   Scan with FOSSA or Snyk and show the badge in the README, or name the
              report in .clomonitor.yml under `licenseScanning.url`.
        docs  https://eyrie.example/checks/license_scanning

      ✗ Code of conduct  code_of_conduct                                          +2
        No code of conduct in the repository, and the README has no heading or link
        that names one.
        fix   Add CODE_OF_CONDUCT.md. A project of the CNCF can adopt the
              foundation's code with one line:

                  This project follows the [CNCF Code of
              Conduct](https://github.com/cncf/foundation/blob/main/code-of-conduct.
              md).
        docs  https://eyrie.example/checks/code_of_conduct

      ✗ Binary artifacts  binary_artifacts                                        +2
        Two files are compiled programs.
        seen  test/trace_files/syscall.scap.bin  ELF executable, 1,204,224 bytes
              userspace/engine/lua/测试数据/プラグイン.so  ELF shared object, 88,12…
        fix   Build them in CI, or download them with a checksum, and remove them
              from git.
        docs  https://eyrie.example/checks/binary_artifacts

      ✗ Token permissions  token_permissions                                      +1
        6 of 14 workflows give the token more rights than reading at the top level.
        seen  .github/workflows/reusable_build_packages_0.yaml:12  permissions: wri…
              .github/workflows/reusable_build_packages_1.yaml:13  permissions: wri…
              .github/workflows/reusable_build_packages_2.yaml:14  permissions: wri…
              .github/workflows/reusable_build_packages_3.yaml:15  permissions: wri…
              and 2 more in the JSON report
        fix   Set `permissions: {contents: read}` at the top of each workflow and
              grant more in the job that needs it.
        docs  https://eyrie.example/checks/token_permissions

    Unknown  6 checks, 16 points
      ? trademark_disclaimer   5  Trademark disclaimer
      ? website                4  Website
      ? recent_release         3  Recent release
      ? code_review            3  Code review
      ? sbom                   1  Sbom
      ? github_discussions     0  Github discussions

    Nobody could look  and what would help
      ? No token for github.com (8 points)  website, code_review, sbom,
        github_discussions
        → Set GITHUB_TOKEN, or record the answers elsewhere with `eyrie forge record
          https://github.com/falcosecurity/falco --output DIR` and give them with
          `--forge-data DIR`.
      ? No network (--offline) (5 points)  trademark_disclaimer
        → Run without `--offline`.
      ? The clone is shallow: 50 commits, no tags (3 points)  recent_release
        → git fetch --unshallow --tags

    Passed  13 checks, 49 points
      ✓ readme              10  README.md has 214 lines of text under 11 headings.
                                README.md:1
      ✓ license_approved    10  Apache-2.0 is on the list of approved licences.
                                COPYING:1
      ✓ license_spdx_id      5  COPYING is the text of one licence. (Apache-2.0)
                                COPYING:1
      ✓ openssf_badge        5  The README shows the badge of project 2317.
                                README.md:3
      ✓ contributing         4  CONTRIBUTING.md has content.
      ✓ governance           3  GOVERNANCE.md has content.
      ✓ maintainers          3  OWNERS names 9 people.  OWNERS:1
      ✓ security_policy      3  SECURITY.md says how to report a vulnerability.
                                SECURITY.md:1
      ✓ dangerous_workflow   2  No workflow runs a stranger's code with the
                                repository's rights.  .github/workflows/ci.yml:1
      ✓ adopters             1  A file lists who uses it.  ADOPTERS.md
      ✓ changelog            1  CHANGELOG.md has content.  CHANGELOG.md:1
      ✓ artifacthub_badge    1  The README shows the badge.  README.md:5
      ✓ dco                  1  All of the last 20 commits are signed off or merges.
                                (20 of 20)

    Exempt  2 checks, 2 points
      ○ summary_table   1  No landscape was given, so nothing can be looked up in
                           it.
      ○ cla             1  The DCO check passes, and one of the two is enough.

    Not applicable  1 check
      – signed_releases   The repository publishes no releases of its own.

    Notes
      ! .clomonitor.yml:4: the exemption of `website` expired on 2026-06-30 and no
        longer counts
      i 1 file over 64 MiB was not read: test/big.scap

    History
       80% │⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀
           │
           │
       60% │                                                 ⡖⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒
           │                           ⢸⠉⠉⠉⠉⠉⠉⠉⠉⠹⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠇
           │           ⡖⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠚
       40% │⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠃
           └───────────────────────────────────────────────────────────────────────
            2024-11-25                     7 commits                     2026-11-20
      ! the clone is shallow: nothing before 2024-11-25 is here

      2026-04-12 ac1445900  +8.6 docs: governance and security policy
                                  ✓ governance  GOVERNANCE.md has content.
                                  ✓ security_policy  SECURITY.md says how to report
                                    a vulnerability.
      2025-12-01 ac08abf00  -2.9 chore: add a prebuilt probe for the tests of the
                                 new driver on kernels that have no headers
                                 installed
                                  ✗ binary_artifacts  Two files are compiled
                                    programs.
                                  ✗ token_permissions (was unknown)  6 of 14
                                    workflows give the token more rights.
      2025-08-30 ac0c89d00  +7.2 new: OpenSSF badge (project 2317)
                                  ✓ openssf_badge  The README shows the badge of
                                    project 2317.
      2025-03-17 ac02df200  +5.7 docs: say how to contribute
                                  ✓ contributing  CONTRIBUTING.md has content.

    falco 66.2%, most to win: license_scanning (+5), code_of_conduct (+2),
    binary_artifacts (+2)
    ");
}

#[test]
fn a_report_at_200_columns() {
    insta::assert_snapshot!(draw(&fixture::falco(), &options(200)), @"
    falco
    https://github.com/falcosecurity/falco · work tree at 3f2a91c0b · catalogue clomonitor · sets code, community

      66.2%  B  ████████████████████████████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒···········  51 of 77 points
      26 points to win · 16 undecided · best possible now 87.0%

      Documentation    79.3%  ██████████████████████████████████████████████████▒▒▒▒▒▒▒▒▒·····  23 of 29
      License          75.0%  ████████████████████████████████████████████████················  15 of 20
      Best practices   72.7%  ██████████████████████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒   8 of 11
      Security         41.6%  ██████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒················   5 of 12
      Legal             0.0%  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒   0 of  5

      ✓ 13 passed   ✗ 4 failed   ? 6 unknown   ○ 2 exempt   – 1 not applicable

    To fix  4 checks, 10 points

      ✗ License scanning  license_scanning                                                                      +5
        Neither .clomonitor.yml nor a badge in the README names a licence scan.
        fix   Scan with FOSSA or Snyk and show the badge in the README, or name the report in .clomonitor.yml
              under `licenseScanning.url`.
        docs  https://eyrie.example/checks/license_scanning

      ✗ Code of conduct  code_of_conduct                                                                        +2
        No code of conduct in the repository, and the README has no heading or link that names one.
        fix   Add CODE_OF_CONDUCT.md. A project of the CNCF can adopt the foundation's code with one line:

                  This project follows the [CNCF Code of
              Conduct](https://github.com/cncf/foundation/blob/main/code-of-conduct.md).
        docs  https://eyrie.example/checks/code_of_conduct

      ✗ Binary artifacts  binary_artifacts                                                                      +2
        Two files are compiled programs.
        seen  test/trace_files/syscall.scap.bin  ELF executable, 1,204,224 bytes
              userspace/engine/lua/测试数据/プラグイン.so  ELF shared object, 88,120 bytes
        fix   Build them in CI, or download them with a checksum, and remove them from git.
        docs  https://eyrie.example/checks/binary_artifacts

      ✗ Token permissions  token_permissions                                                                    +1
        6 of 14 workflows give the token more rights than reading at the top level.
        seen  .github/workflows/reusable_build_packages_0.yaml:12  permissions: write-all
              .github/workflows/reusable_build_packages_1.yaml:13  permissions: write-all
              .github/workflows/reusable_build_packages_2.yaml:14  permissions: write-all
              .github/workflows/reusable_build_packages_3.yaml:15  permissions: write-all
              and 2 more in the JSON report
        fix   Set `permissions: {contents: read}` at the top of each workflow and grant more in the job that needs
              it.
        docs  https://eyrie.example/checks/token_permissions

    Unknown  6 checks, 16 points
      ? trademark_disclaimer   5  Trademark disclaimer
      ? website                4  Website
      ? recent_release         3  Recent release
      ? code_review            3  Code review
      ? sbom                   1  Sbom
      ? github_discussions     0  Github discussions

    Nobody could look  and what would help
      ? No token for github.com (8 points)  website, code_review, sbom, github_discussions
        → Set GITHUB_TOKEN, or record the answers elsewhere with `eyrie forge record
          https://github.com/falcosecurity/falco --output DIR` and give them with `--forge-data DIR`.
      ? No network (--offline) (5 points)  trademark_disclaimer
        → Run without `--offline`.
      ? The clone is shallow: 50 commits, no tags (3 points)  recent_release
        → git fetch --unshallow --tags

    Passed  13 checks, 49 points
      ✓ readme              10  README.md has 214 lines of text under 11 headings.  README.md:1
      ✓ license_approved    10  Apache-2.0 is on the list of approved licences.  COPYING:1
      ✓ license_spdx_id      5  COPYING is the text of one licence. (Apache-2.0)  COPYING:1
      ✓ openssf_badge        5  The README shows the badge of project 2317.  README.md:3
      ✓ contributing         4  CONTRIBUTING.md has content.
      ✓ governance           3  GOVERNANCE.md has content.
      ✓ maintainers          3  OWNERS names 9 people.  OWNERS:1
      ✓ security_policy      3  SECURITY.md says how to report a vulnerability.  SECURITY.md:1
      ✓ dangerous_workflow   2  No workflow runs a stranger's code with the repository's rights.  .github/workflows/ci.yml:1
      ✓ adopters             1  A file lists who uses it.  ADOPTERS.md
      ✓ changelog            1  CHANGELOG.md has content.  CHANGELOG.md:1
      ✓ artifacthub_badge    1  The README shows the badge.  README.md:5
      ✓ dco                  1  All of the last 20 commits are signed off or merges. (20 of 20)

    Exempt  2 checks, 2 points
      ○ summary_table   1  No landscape was given, so nothing can be looked up in it.
      ○ cla             1  The DCO check passes, and one of the two is enough.

    Not applicable  1 check
      – signed_releases   The repository publishes no releases of its own.

    Notes
      ! .clomonitor.yml:4: the exemption of `website` expired on 2026-06-30 and no longer counts
      i 1 file over 64 MiB was not read: test/big.scap

    History
       70% │
           │
           │                                                                     ⢸⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉
       55% │                                      ⢰⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⣆⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣸
           │               ⢀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣸
           │               ⢸
       40% │⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉
           └────────────────────────────────────────────────────────────────────────────────────────────────────
            2024-11-25                                   7 commits                                    2026-11-20
      ! the clone is shallow: nothing before 2024-11-25 is here

      2026-04-12 ac1445900  +8.6 docs: governance and security policy
                                  ✓ governance  GOVERNANCE.md has content.
                                  ✓ security_policy  SECURITY.md says how to report a vulnerability.
      2025-12-01 ac08abf00  -2.9 chore: add a prebuilt probe for the tests of the new driver on kernels that have
                                 no headers installed
                                  ✗ binary_artifacts  Two files are compiled programs.
                                  ✗ token_permissions (was unknown)  6 of 14 workflows give the token more rights.
      2025-08-30 ac0c89d00  +7.2 new: OpenSSF badge (project 2317)
                                  ✓ openssf_badge  The README shows the badge of project 2317.
      2025-03-17 ac02df200  +5.7 docs: say how to contribute
                                  ✓ contributing  CONTRIBUTING.md has content.

    falco 66.2%, most to win: license_scanning (+5), code_of_conduct (+2), binary_artifacts (+2)
    ");
}

#[test]
fn a_report_at_40_columns_in_ascii() {
    let options = TerminalOptions { unicode: false, ..options(40) };
    let mut report = fixture::falco();
    report.projects[0].repositories[0].checks.retain(|check| check.category == "security");
    let drawn = draw(&report, &options);
    assert!(drawn.is_ascii(), "{drawn}");
    insta::assert_snapshot!(drawn, @"
    falco
    https://github.com/falcosecurity/falco -
    work tree at 3f2a91c0b -
    catalogue clomonitor -
    sets code, community

      66.2%  B  #####??..  51 of 77 points
      26 points to win - 16 undecided -
      best possible now 87.0%

      Security         41.6%   5 of 12
      Best practices   72.7%   8 of 11
      Documentation    79.3%  23 of 29
      Legal             0.0%   0 of  5
      License          75.0%  15 of 20

      + 2 passed   x 2 failed   ? 2 unknown
      - 1 not applicable

    To fix  2 checks, 3 points

      x Binary artifacts  binary_artifac~ +2
        Two files are compiled programs.
        seen  test/trace_files/syscall.scap.
              bin  ELF executable, 1,204,224
              bytes
              userspace/engine/lua/????????/
              ??????????.so  ELF shared
              object, 88,120 bytes
        fix   Build them in CI, or download
              them with a checksum, and
              remove them from git.
        docs  https://eyrie.example/checks/b
              inary_artifacts

      x Token permissions  token_permiss~ +1
        6 of 14 workflows give the token
        more rights than reading at the top
        level.
        seen  .github/workflows/reusable_bui
              ld_packages_0.yaml:12
              permissions: write-all
              .github/workflows/reusable_bui
              ld_packages_1.yaml:13
              permissions: write-all
              .github/workflows/reusable_bui
              ld_packages_2.yaml:14
              permissions: write-all
              .github/workflows/reusable_bui
              ld_packages_3.yaml:15
              permissions: write-all
              and 2 more in the JSON report
        fix   Set `permissions: {contents:
              read}` at the top of each
              workflow and grant more in the
              job that needs it.
        docs  https://eyrie.example/checks/t
              oken_permissions

    Unknown  2 checks, 4 points
      ? code_review   3
        Code review
      ? sbom          1
        Sbom

    Nobody could look  and what would help
      ? No token for github.com (8 points)
        website, code_review, sbom,
        github_discussions
        > Set GITHUB_TOKEN, or record the
          answers elsewhere with `eyrie
          forge record
          https://github.com/falcosecurity/f
          alco --output DIR` and give them
          with `--forge-data DIR`.
      ? No network (--offline) (5 points)
        trademark_disclaimer
        > Run without `--offline`.
      ? The clone is shallow: 50 commits, no
        tags (3 points)  recent_release
        > git fetch --unshallow --tags

    Passed  2 checks, 5 points
      + security_policy      3
        SECURITY.md says how to report a
        vulnerability.  SECURITY.md:1
      + dangerous_workflow   2
        No workflow runs a stranger's code
        with the repository's rights.
        .github/workflows/ci.yml:1

    Not applicable  1 check
      - signed_releases
        The repository publishes no releases
        of its own.

    Notes
      ! .clomonitor.yml:4: the exemption of
        `website` expired on 2026-06-30 and
        no longer counts
      i 1 file over 64 MiB was not read:
        test/big.scap

    History
       70% |
           |
           |                     **********
       55% |            **********
           |     ********
           |     *
       40% |******
           +-------------------------------
            2024-11-25 .. 2026-11-20
      ! the clone is shallow: nothing before
        2024-11-25 is here

      2026-04-12 ac1445900  +8.6
        docs: governance and security policy
        + governance  GOVERNANCE.md has
          content.
        + security_policy  SECURITY.md says
          how to report a vulnerability.
      2025-12-01 ac08abf00  -2.9
        chore: add a prebuilt probe for the
        tests of the new driver on kernels
        that have no headers installed
        x binary_artifacts  Two files are
          compiled programs.
        x token_permissions (was unknown)  6
          of 14 workflows give the token
          more rights.
      2025-08-30 ac0c89d00  +7.2
        new: OpenSSF badge (project 2317)
        + openssf_badge  The README shows
          the badge of project 2317.
      2025-03-17 ac02df200  +5.7
        docs: say how to contribute
        + contributing  CONTRIBUTING.md has
          content.

    falco 66.2%, most to win:
    binary_artifacts (+2), token_permissions
    (+1)
    ");
}

#[test]
fn several_repositories() {
    insta::assert_snapshot!(draw(&fixture::several(), &options(80)), @"
    falco  2 repositories

      41.6%  C  ████████████████████▒▒▒▒▒▒·······················  10 of 24 points
      14 points to win · 3 undecided · best possible now 54.1%

      Documentation   50.0%  ██████████████████████·······················  10 of 20
      Security         0.0%  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒············   0 of  4

      Repository                          Score  Fail  Unknown
      /src/falco                           90.9     1        0  ██████████████████··
      …ith-a-very-long-name-indeed/rules    0.0     1        1  ▒▒▒▒················

    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    /src/falco
    https://github.com/falcosecurity/falco · work tree at 3f2a91c0b ·
    catalogue clomonitor · sets code, community

      90.9%  A  ████████████████████████████████████████████·····  10 of 11 points
      1 point to win

      Documentation  100.0%  █████████████████████████████████████████████  10 of 10
      Security         0.0%  ·············································   0 of  1

      ✓ 1 passed   ✗ 1 failed

    To fix  1 check, 1 point

      ✗ Sbom  sbom                                                                +1
        No release has one.
        docs  https://eyrie.example/checks/sbom

    Passed  1 check, 10 points
      ✓ readme  10  README.md has content.

    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    https://github.com/falcosecurity/a-repository-with-a-very-long-name-indeed/rules
    https://github.com/falcosecurity/a-repository-with-a-very-long-name-indeed ·
    work tree at 3f2a91c0b · catalogue clomonitor · sets code, community

      0.0%  D  ▒▒▒▒▒▒▒▒▒▒▒········································  0 of 13 points
      13 points to win · 3 undecided · best possible now 23.0%

      Documentation    0.0%  ·············································   0 of 10
      Security         0.0%  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒   0 of  3

      ✗ 1 failed   ? 1 unknown

    To fix  1 check, 10 points

      ✗ Readme  readme                                                           +10
        No README.
        docs  https://eyrie.example/checks/readme

    Unknown  1 check, 3 points
      ? code_review   3  Reviews are only known to the forge.

    Not assessed  1 repository, not in the score
      ✗ /src/plugins: no such folder; give the path of a checkout, a bare repository
        or a URL

    falco 41.6%, most to win: readme (+10), sbom (+1)
    ");
}

#[test]
fn quiet_says_the_score_and_what_fails() {
    insta::assert_snapshot!(draw(&fixture::falco(), &TerminalOptions { quiet: true, ..options(80) }), @"
    falco

      66.2%  B  ████████████████████████████████▒▒▒▒▒▒▒▒▒▒·······  51 of 77 points
      26 points to win · 16 undecided · best possible now 87.0%
      ✗ license_scanning  Neither .clomonitor.yml nor a badge in the README names a
                          licence scan.
      ✗ code_of_conduct  No code of conduct in the repository, and the README has no
                         heading or link that names one.
      ✗ binary_artifacts  Two files are compiled programs.
      ✗ token_permissions  6 of 14 workflows give the token more rights than reading
                           at the top level.
    ");
    insta::assert_snapshot!(draw(&fixture::several(), &TerminalOptions { quiet: true, ..options(80) }), @"
    falco  2 repositories

      41.6%  C  ████████████████████▒▒▒▒▒▒·······················  10 of 24 points
      14 points to win · 3 undecided · best possible now 54.1%

    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    /src/falco
      90.9%  A  ████████████████████████████████████████████·····  10 of 11 points
      1 point to win
      ✗ sbom  No release has one.

    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    https://github.com/falcosecurity/a-repository-with-a-very-long-name-indeed/rules
      0.0%  D  ▒▒▒▒▒▒▒▒▒▒▒········································  0 of 13 points
      13 points to win · 3 undecided · best possible now 23.0%
      ✗ readme  No README.

    Not assessed  1 repository, not in the score
      ✗ /src/plugins: no such folder; give the path of a checkout, a bare repository
        or a URL
    ");
}

#[test]
fn colours_and_links() {
    let mut report = fixture::falco();
    let repository = &mut report.projects[0].repositories[0];
    repository
        .checks
        .retain(|check| ["readme", "binary_artifacts", "sbom", "cla"].contains(&check.id.as_str()));
    repository.history = None;
    let options = TerminalOptions {
        color: true,
        links: Some(Links { base: Some("/home/me".into()), host: "here".into() }),
        ..options(80)
    };
    insta::assert_snapshot!(draw(&report, &options).replace('\x1b', "␛"), @r"
    ␛[1mfalco␛[0m
    ␛]8;;https://github.com/falcosecurity/falco␛\␛[34mhttps://github.com/falcosecurity/falco␛[0m␛]8;;␛\␛[2m ␛[0m␛[2m·␛[0m work tree at 3f2a91c0b␛[2m ␛[0m␛[2m·␛[0m
    catalogue clomonitor␛[2m ␛[0m␛[2m·␛[0m sets code, community

      ␛[1m␛[33m66.2%␛[0m  ␛[1m␛[33mB␛[0m  ␛[33m████████████████████████████████␛[0m␛[33m▒▒▒▒▒▒▒▒▒▒␛[0m␛[2m·······␛[0m  51 of 77 points
      ␛[1m26 points to win␛[0m␛[2m ␛[0m␛[2m·␛[0m␛[33m ␛[0m␛[33m16 undecided␛[0m␛[2m ␛[0m␛[2m·␛[0m best possible now 87.0%

      Documentation   ␛[32m 79.3%␛[0m  ␛[32m██████████████████████████████████␛[0m␛[2m··········␛[0m  ␛[2m23 of 29␛[0m
      Best practices  ␛[33m 72.7%␛[0m  ␛[33m████████████████████████████████␛[0m␛[2m············␛[0m  ␛[2m 8 of 11␛[0m
      Security        ␛[31m 41.6%␛[0m  ␛[31m██████████████████␛[0m␛[33m▒▒▒▒␛[0m␛[2m······················␛[0m  ␛[2m 5 of 12␛[0m
      Legal           ␛[31m  0.0%␛[0m  ␛[2m············································␛[0m  ␛[2m 0 of  5␛[0m
      License         ␛[32m 75.0%␛[0m  ␛[32m█████████████████████████████████␛[0m␛[2m···········␛[0m  ␛[2m15 of 20␛[0m

      ␛[32m✓ 1 passed␛[0m␛[31m   ␛[0m␛[31m✗ 1 failed␛[0m␛[33m   ␛[0m␛[33m? 1 unknown␛[0m␛[36m   ␛[0m␛[36m○ 1 exempt␛[0m

    ␛[1mTo fix␛[0m␛[2m  1 check, 2 points␛[0m

    ␛[31m  ✗ ␛[0m␛[1mBinary artifacts␛[0m␛[2m  binary_artifacts␛[0m                                        ␛[31m+2␛[0m
        Two files are compiled programs.
        ␛[2mseen  ␛[0m␛]8;;file://here/src/falco/test/trace_files/syscall.scap.bin␛\␛[34mtest/trace_files/syscall.scap.bin␛[0m␛]8;;␛\␛[2m  ␛[0m␛[2mELF␛[0m␛[2m ␛[0m␛[2mexecutable,␛[0m␛[2m ␛[0m␛[2m1,204,224␛[0m␛[2m ␛[0m␛[2mbytes␛[0m
        ␛[2m      ␛[0m␛]8;;file://here/src/falco/userspace/engine/lua/%E6%B5%8B%E8%AF%95%E6%95%B0%E6%8D%AE/%E3%83%97%E3%83%A9%E3%82%B0%E3%82%A4%E3%83%B3.so␛\␛[34muserspace/engine/lua/测试数据/プラグイン.so␛[0m␛]8;;␛\␛[2m  ␛[0m␛[2mELF␛[0m␛[2m ␛[0m␛[2mshared␛[0m␛[2m ␛[0m␛[2mobject,␛[0m␛[2m ␛[0m␛[2m88,12…␛[0m
        ␛[36mfix  ␛[0m Build them in CI, or download them with a checksum, and remove them
              from git.
        ␛[2mdocs ␛[0m ␛]8;;https://eyrie.example/checks/binary_artifacts␛\␛[34mhttps://eyrie.example/checks/binary_artifacts␛[0m␛]8;;␛\

    ␛[1mUnknown␛[0m␛[2m  1 check, 1 point␛[0m
    ␛[33m  ? ␛[0msbom␛[2m   1␛[0m  Sbom

    ␛[1mNobody could look␛[0m␛[2m  and what would help␛[0m
    ␛[33m  ? ␛[0mNo token for github.com␛[33m ␛[0m␛[33m(8␛[0m␛[33m ␛[0m␛[33mpoints)␛[0m␛[2m  ␛[0m␛[2mwebsite,␛[0m␛[2m ␛[0m␛[2mcode_review,␛[0m␛[2m ␛[0m␛[2msbom,␛[0m
        ␛[2mgithub_discussions␛[0m
    ␛[36m    → ␛[0mSet GITHUB_TOKEN, or record the answers elsewhere with `eyrie forge record
          https://github.com/falcosecurity/falco --output DIR` and give them with
          `--forge-data DIR`.
    ␛[33m  ? ␛[0mNo network (--offline)␛[33m ␛[0m␛[33m(5␛[0m␛[33m ␛[0m␛[33mpoints)␛[0m␛[2m  ␛[0m␛[2mtrademark_disclaimer␛[0m
    ␛[36m    → ␛[0mRun without `--offline`.
    ␛[33m  ? ␛[0mThe clone is shallow: 50 commits, no tags␛[33m ␛[0m␛[33m(3␛[0m␛[33m ␛[0m␛[33mpoints)␛[0m␛[2m  ␛[0m␛[2mrecent_release␛[0m
    ␛[36m    → ␛[0mgit fetch --unshallow --tags

    ␛[1mPassed␛[0m␛[2m  1 check, 10 points␛[0m
    ␛[32m  ✓ ␛[0mreadme␛[2m  10␛[0m  README.md has 214 lines of text under 11 headings.␛]8;;file://here/src/falco/README.md␛\␛[34m  ␛[0m␛]8;;␛\␛]8;;file://here/src/falco/README.md␛\␛[34mREADME.md:1␛[0m␛]8;;␛\

    ␛[1mExempt␛[0m␛[2m  1 check, 1 point␛[0m
    ␛[36m  ○ ␛[0mcla␛[2m   1␛[0m  The DCO check passes, and one of the two is enough.

    ␛[1mNotes␛[0m
    ␛[33m  ! ␛[0m␛]8;;file://here/src/falco/.clomonitor.yml␛\␛[34m.clomonitor.yml:4␛[0m␛]8;;␛\: the exemption of `website` expired on 2026-06-30 and no
        longer counts
    ␛[34m  i ␛[0m1 file over 64 MiB was not read: test/big.scap

    ␛[1mfalco␛[0m␛[1m␛[33m ␛[0m␛[1m␛[33m66.2%␛[0m, most to win: binary_artifacts (+2)
    ");
}

#[test]
fn only_the_basic_colours_are_used() {
    let options = TerminalOptions { color: true, ..options(80) };
    let drawn = draw(&fixture::falco(), &options);
    for code in drawn.split("\x1b[").skip(1).map(|rest| rest.split_once('m').unwrap().0) {
        assert!(["0", "1", "2", "31", "32", "33", "34", "36"].contains(&code), "{code}");
    }
    assert_eq!(plain(&drawn), draw(&fixture::falco(), &TerminalOptions { color: false, ..options }));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for report in [fixture::falco(), fixture::several(), fixture::hostile()] {
        for unicode in [true, false] {
            for width in (20..=90).chain([110, 111, 139, 140, 200]) {
                let drawn = draw(&report, &TerminalOptions { unicode, ..options(width) });
                for line in drawn.lines() {
                    assert!(columns(line) <= width, "{width}: {line}");
                }
            }
        }
    }
}

#[test]
fn nothing_from_a_repository_steers_the_terminal() {
    for links in [None, Some(Links { base: Some("/home/me".into()), host: String::new() })] {
        let drawn = draw(&fixture::hostile(), &TerminalOptions { color: true, links, ..options(100) });
        assert!(!drawn.contains("\x1b[31mred"), "{drawn:?}");
        assert!(!drawn.contains("javascript:alert(1)\x1b\\"), "a link to a script");
        let seen = plain(&drawn);
        let unsafe_characters: Vec<_> = seen
            .chars()
            .filter(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{200b}' | '\u{9b}'))
            .collect();
        assert_eq!(unsafe_characters, []);
        assert!(seen.contains("\\x1b[31mred"), "what was there is shown as text");
    }
}
