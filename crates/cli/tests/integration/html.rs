//! The page: complete in itself, well formed, and nothing in it but what we put there.

use std::collections::BTreeSet;

use eyrie_cli::render::html::render;
use eyrie_posture::report::Report;
use regex::Regex;

use crate::fixture;

fn page(report: &Report) -> String {
    let mut out = Vec::new();
    render(report, Some("75".parse().unwrap()), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A tag: its name, its attributes, whether it opens, closes or does both.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    closes: bool,
    empty: bool,
}

/// Takes the page apart. Panics at any `<` or `>` that is no part of a tag, and at any attribute without quotes.
fn tags(page: &str) -> Vec<Tag> {
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, tail) = rest.split_once("</style>").unwrap();
    let page = format!("{head}{tail}").replace("<!DOCTYPE html>", "");
    let tag = Regex::new(r#"<(/?)([a-zA-Z0-9]+)((?:\s+[a-zA-Z-]+(?:="[^"<>]*")?)*)\s*(/?)>"#).unwrap();
    let attribute = Regex::new(r#"([a-zA-Z-]+)(?:="([^"<>]*)")?"#).unwrap();
    let text = tag.replace_all(&page, "");
    assert!(!text.contains(['<', '>']), "not a tag: {:?}", text.split(['<', '>']).nth(1));
    tag.captures_iter(&page)
        .map(|tag| Tag {
            name: tag[2].to_owned(),
            attributes: attribute
                .captures_iter(&tag[3])
                .map(|pair| (pair[1].to_owned(), pair.get(2).map_or("", |value| value.as_str()).to_owned()))
                .collect(),
            closes: &tag[1] == "/",
            empty: &tag[4] == "/" || matches!(&tag[2], "meta" | "br"),
        })
        .collect()
}

#[test]
fn every_element_is_closed_where_it_should_be() {
    for report in [fixture::falco(), fixture::several(), fixture::hostile()] {
        let mut open = Vec::new();
        for tag in tags(&page(&report)) {
            if tag.closes {
                assert_eq!(open.pop(), Some(tag.name));
            } else if !tag.empty {
                open.push(tag.name);
            }
        }
        assert_eq!(open, Vec::<String>::new());
    }
}

#[test]
fn a_repository_adds_no_element_attribute_or_address() {
    let known = |pages: &[&Report]| {
        let mut known = BTreeSet::new();
        for tag in pages.iter().flat_map(|report| tags(&page(report))) {
            known.extend(tag.attributes.into_iter().map(|(name, _)| format!("{}[{name}]", tag.name)));
            known.insert(tag.name);
        }
        known
    };
    let ours = known(&[&fixture::falco(), &fixture::several()]);
    let theirs = known(&[&fixture::hostile()]);
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&String>::new());
    let drawn = page(&fixture::hostile());
    for (name, value) in tags(&drawn).into_iter().flat_map(|tag| tag.attributes) {
        if name == "href" {
            let good = value.starts_with("https://") || value.starts_with('#');
            assert!(good && !value.contains(['"', '<', ' ']), "{value}");
        }
    }
    assert!(!drawn.contains('\x1b') && !drawn.contains('\u{202e}') && !drawn.contains('\u{200b}'));
    assert!(drawn.contains("\\x1b[31mred") && drawn.contains("&#60;script&#62;"), "what was there is shown");
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let page = page(&fixture::falco());
    assert!(page.contains("default-src 'none'"));
    for word in ["<script", "<link", "<img", "<iframe", "@import", "url(", " src=", "javascript:"] {
        assert!(!page.contains(word), "{word}");
    }
    let handler =
        tags(&page).into_iter().flat_map(|tag| tag.attributes).find(|(name, _)| name.starts_with("on"));
    assert_eq!(handler, None);
}

#[test]
fn anchors_are_unique_and_lead_somewhere() {
    let tags = tags(&page(&fixture::several()));
    let attributes = || tags.iter().flat_map(|tag| &tag.attributes);
    let ids: Vec<_> =
        attributes().filter(|(name, _)| name == "id").map(|(_, value)| value.as_str()).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len());
    let targets: Vec<_> = attributes()
        .filter(|(name, _)| name == "href")
        .filter_map(|(_, value)| value.strip_prefix('#'))
        .collect();
    assert_eq!(targets, ["p1r1", "p1r2"]);
    assert!(targets.iter().all(|target| ids.contains(target)));
}

#[test]
fn what_a_failed_check_and_the_chart_say() {
    let page = page(&fixture::falco());
    let part = |from: &str, to: &str| {
        let start = page.find(from).unwrap();
        let end = start + page[start..].find(to).unwrap() + to.len();
        page[start..end].to_owned()
    };
    insta::assert_snapshot!(part("<details class=\"check\" id=\"p1r1c3\"", "</details>"), @r#"
    <details class="check" id="p1r1c3" open>
    <summary><span class="mark fail" aria-hidden="true">✗</span><span class="sr">failed: </span><span class="name">Code of conduct <code class="quiet">code_of_conduct</code></span><span class="points fail">+2</span></summary>
    <div class="body">
    <p><span class="line">No code of conduct in the repository, and the README has no heading or link that names one.</span></p>
    <div class="fix"><strong>What to do</strong> <span class="line">Add CODE_OF_CONDUCT.md. A project of the CNCF can adopt the foundation&#39;s code with one line:</span><span class="line"></span><code class="block">This project follows the [CNCF Code of Conduct](https://github.com/cncf/foundation/blob/main/code-of-conduct.md).</code></div>
    <p class="meta">Documentation, 2 points · <a href="https://eyrie.example/checks/code_of_conduct" rel="noreferrer noopener">About this check</a></p>
    </div>
    </details>
    "#);
    insta::assert_snapshot!(part("<svg viewBox=\"0 0 1000 200\"", "</svg>"), @r#"
    <svg viewBox="0 0 1000 200" preserveAspectRatio="none" role="img" aria-label="The score from 2024-11-25 (42.8%) to 2026-11-20 (61.4%), 7 commits"><path class="grid" d="M0 0H1000"/><path class="grid" d="M0 100H1000"/><path class="grid" d="M0 200H1000"/>
    <path class="area" d="M0 186H96.55V186H154.48V157.5H383.45V121.5H511.72V136H693.79V93H1000V93H1000V200H0Z"/><path class="pass-mark" d="M0 25H1000"><title>Pass score</title></path>
    <path class="line" d="M0 186H96.55V186H154.48V157.5H383.45V121.5H511.72V136H693.79V93H1000V93H1000"/>
    <path class="dot same" d="M0 186h0"><title>2024-11-25  42.8%  abfb23600
    cleanup: remove the old build</title></path>
    <path class="dot up" d="M154.48 157.5h0"><title>2025-03-17  48.5%  ac02df200
    docs: say how to contribute
    ✓ contributing</title></path>
    <path class="dot up" d="M383.45 121.5h0"><title>2025-08-30  55.7%  ac0c89d00
    new: OpenSSF badge (project 2317)
    ✓ openssf_badge</title></path>
    <path class="dot down" d="M511.72 136h0"><title>2025-12-01  52.8%  ac08abf00
    chore: add a prebuilt probe for the tests of the new driver on kernels that have no headers installed
    ✗ binary_artifacts
    ✗ token_permissions</title></path>
    <path class="dot up" d="M693.79 93h0"><title>2026-04-12  61.4%  ac1445900
    docs: governance and security policy
    ✓ governance
    ✓ security_policy</title></path>
    </svg>
    "#);
    insta::assert_snapshot!(part("<svg class=\"ring", "</dl>"), @r#"
    <svg class="ring fair" viewBox="0 0 120 120" role="img" aria-label="Score 66.2%, rating B">
    <circle class="track" cx="60" cy="60" r="52"/>
    <circle class="open" cx="60" cy="60" r="52" pathLength="100" stroke-dasharray="87.01 100" transform="rotate(-90 60 60)"/>
    <circle class="earned" cx="60" cy="60" r="52" pathLength="100" stroke-dasharray="66.23 100" transform="rotate(-90 60 60)"/>
    <text x="60" y="62" class="score">66.2%</text><text x="60" y="84" class="rating">B</text>
    </svg>
    <dl>
    <div><dt>Points</dt><dd>51 of 77 points</dd></div>
    <div><dt>Verdict</dt><dd class="poor">Below the pass score of 75.0%</dd></div>
    <div><dt>To win</dt><dd>26 points</dd></div>
    <div><dt>Undecided</dt><dd>16 points, best possible now 87.0%</dd></div>
    </dl>
    "#);
}
