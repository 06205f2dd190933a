//! `permissions: contents: read` at the top of workflows that declare nothing there.
//!
//! Without `permissions:` the token of every job may do what the repository's settings say, often everything. Whether
//! less is enough cannot be seen in general; it can where each job declares permissions of its own, or where none of its
//! steps shows a use of the token that goes beyond reading: see [`obstacle`]. The text is edited, not written anew, so
//! that comments and layout stay, and the result is read again: it must differ by that one key.

use crate::facts::{Facts, FileRecord};
use crate::parse::workflow::{Expression, Job, MAX_BYTES, Permissions, State, Step, Workflow};
use crate::tree::EntryKind;
use crate::yaml::{self, Kind, Limits, Node};

use super::{Draft, Offer, enumerate};

/// Actions that need no more than to read the repository's content, each with the inputs with which it needs more.
///
/// From the `permissions` that their READMEs ask for. An action that is not here is not known, which is no reproach.
const READING: &[(&str, &[&str])] = &[
    ("actions/cache", &[]),
    ("actions/cache/restore", &[]),
    ("actions/cache/save", &[]),
    ("actions/checkout", &[]),
    ("actions/dependency-review-action", &["comment-summary-in-pr"]),
    ("actions/download-artifact", &["run-id", "repository"]),
    ("actions/setup-dotnet", &[]),
    ("actions/setup-go", &[]),
    ("actions/setup-java", &[]),
    ("actions/setup-node", &[]),
    ("actions/setup-python", &[]),
    ("actions/upload-artifact", &[]),
    ("astral-sh/setup-uv", &[]),
    ("azure/setup-helm", &[]),
    ("azure/setup-kubectl", &[]),
    ("denoland/setup-deno", &[]),
    ("docker/setup-buildx-action", &[]),
    ("docker/setup-qemu-action", &[]),
    ("dtolnay/rust-toolchain", &[]),
    ("embarkstudios/cargo-deny-action", &[]),
    ("golangci/golangci-lint-action", &["only-new-issues"]),
    ("gradle/actions/setup-gradle", &["dependency-graph", "add-job-summary-as-pr-comment"]),
    ("gradle/actions/wrapper-validation", &[]),
    ("hashicorp/setup-terraform", &[]),
    ("helm/kind-action", &[]),
    ("oven-sh/setup-bun", &[]),
    ("pnpm/action-setup", &[]),
    ("ruby/setup-ruby", &[]),
    ("sigstore/cosign-installer", &[]),
    ("swatinem/rust-cache", &[]),
    ("taiki-e/install-action", &[]),
];

/// Words in a script that suggest that it writes to the repository or its packages: `actions/checkout` leaves the token
/// where `git push` finds it.
const WRITING_WORDS: [&str; 10] =
    ["push", "publish", "release", "releases", "deploy", "gh", "goreleaser", "lerna", "changeset", "upload"];

pub(super) fn offer(facts: &Facts) -> Offer {
    let mut offer = Offer::default();
    for file in facts.files().records() {
        let Ok(path) = std::str::from_utf8(&file.entry.path) else { continue };
        if !Workflow::is_path(path) {
            continue;
        }
        match edit(facts, file, path) {
            Ok(Some(draft)) => offer.drafts.push(draft),
            Ok(None) => {}
            Err(why) => offer.refusals.push(format!("{path}: {why}")),
        }
    }
    offer
}

/// The edited workflow; none if there is nothing to edit.
fn edit(facts: &Facts, file: &FileRecord, path: &str) -> Result<Option<Draft>, String> {
    match file.entry.kind {
        EntryKind::File { .. } => {}
        EntryKind::Link => return Err("it is a symbolic link, which is not followed".to_owned()),
        _ => return Ok(None),
    }
    let before = super::text(&*facts.sources.tree, &file.entry, MAX_BYTES)?;
    let workflow = Workflow::parse(before.as_bytes());
    match workflow.state {
        State::Empty => return Ok(None),
        State::Read if workflow.permissions != Permissions::Undeclared => {
            return granted_to_all(&workflow.permissions).map_or(Ok(None), Err);
        }
        State::Read | State::Unreadable => {}
    }
    // Of what is not understood as a whole, nothing can be said about parts.
    if let Some(problem) = workflow.problems.first() {
        return Err(format!("line {}: {}", problem.span.line, problem.message));
    }
    if let Some(why) = obstacle(&workflow) {
        return Err(why);
    }
    let after = insert(&before)?;
    let own = workflow.jobs.iter().filter(|job| job.permissions != Permissions::Undeclared).count();
    let rests_on = if own == workflow.jobs.len() {
        "all jobs declare what they need themselves"
    } else {
        "nothing in its jobs shows a use of the token beyond reading"
    };
    let why = format!("The workflow's token may only read, unless a job says otherwise: {rests_on}.");
    Ok(Some(Draft { path: path.to_owned(), before: Some(before), after, why }))
}

/// What permissions at the top let every job write, as a sentence.
fn granted_to_all(permissions: &Permissions) -> Option<String> {
    let written = match permissions {
        Permissions::All(word) if word.text == "write-all" => word.text.clone(),
        declared => {
            let writes = declared.scopes().iter().filter(|scope| scope.access.eq_ignore_ascii_case("write"));
            let writes: Vec<String> = writes.map(|scope| format!("{}: write", scope.scope)).collect();
            enumerate(&writes)
        }
    };
    let line = permissions.span()?.line;
    let why = format!("line {line}: all jobs get `{written}`; give it to the job that needs it");
    (!written.is_empty()).then_some(why)
}

/// Why less than before might not be enough.
fn obstacle(workflow: &Workflow) -> Option<String> {
    if workflow.triggers.iter().any(|trigger| trigger.event == "workflow_call") {
        return Some("other workflows call it, and each would have to grant what it asks for".to_owned());
    }
    for (at, job) in workflow.jobs.iter().enumerate() {
        if job.permissions != Permissions::Undeclared {
            continue;
        }
        let why = job_obstacle(job).or_else(|| {
            let its = |expression: &&Expression| reads_token(at, expression);
            workflow.expressions.iter().find(its).map(|found| match &found.parsed.fault {
                Some(_) => format!("has an expression that cannot be read, `{}`", found.text),
                None => format!("uses the token: `{}`", found.text),
            })
        });
        if let Some(why) = why {
            return Some(format!("job `{}` {why}", job.id));
        }
    }
    None
}

/// Whether an expression that a job sees hands on the token.
fn reads_token(job: usize, expression: &Expression) -> bool {
    if expression.job.is_some_and(|of| of != job) {
        return false;
    }
    let token = |context: &String| {
        let whole = ["secrets", "github", "secrets.*", "github.*", "secrets.github_token", "github.token"];
        whole.contains(&&**context)
    };
    expression.parsed.fault.is_some() || expression.parsed.contexts.iter().any(token)
}

fn job_obstacle(job: &Job) -> Option<String> {
    if let Some(called) = &job.uses {
        return Some(format!("calls {}, which may need more", called.uses.text));
    }
    if let Some(target) = job.publishes_to.first() {
        return Some(format!("publishes ({target})"));
    }
    job.steps.iter().find_map(step_obstacle)
}

fn step_obstacle(step: &Step) -> Option<String> {
    if let Some(used) = &step.uses {
        let name = used.uses.name.to_ascii_lowercase();
        let Some((_, inputs)) = READING.iter().find(|(known, _)| *known == name) else {
            return Some(format!("uses {}, of which Eyrie does not know what it needs", used.uses.text));
        };
        let given = |input: &&&str| step.input(input).is_some_and(|value| !matches!(value, "" | "false"));
        if let Some(input) = inputs.iter().find(given) {
            return Some(format!("uses {} with `{input}`, for which it needs more", used.uses.text));
        }
    }
    let script = step.run.as_ref()?;
    writing_word(&script.text).map(|word| format!("runs `{word}`, which may write to the repository"))
}

/// The first word of a script that is, or names a program or target that is, one of [`WRITING_WORDS`]: `git push`,
/// `make release`, `./hack/publish.sh`. Options (`--release`) and folders (`target/release/x`) are none.
fn writing_word(script: &str) -> Option<&str> {
    let ends = |c: char| {
        c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '`' | '"' | '\'' | '<' | '>')
    };
    script.split(ends).find(|word| {
        let name = word.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric());
        !word.starts_with('-') && parts.any(|part| WRITING_WORDS.contains(&part))
    })
}

/// The text with the key before `jobs`, and before the comment that belongs to it.
fn insert(before: &str) -> Result<String, String> {
    let limits = Limits { bytes: MAX_BYTES, ..Limits::default() };
    let old = yaml::read_str(before, &limits).map_err(|error| error.to_string())?;
    let [document] = &*old.documents else { return Err("it has several documents".to_owned()) };
    let Some((jobs, _)) = document.entry("jobs") else { return Err("it has no jobs".to_owned()) };
    let layout = || "its layout is none that Eyrie can edit".to_owned();
    let start = if before.starts_with('\u{feff}') { 3 } else { 0 };
    let line = start_of_line(before, start, jobs.span.start);
    let indent = before.get(line..jobs.span.start).ok_or_else(layout)?;
    if !indent.chars().all(|c| c == ' ') {
        return Err(layout());
    }
    let mut at = line;
    loop {
        let above = start_of_line(before, start, at.saturating_sub(1));
        let comment = before[above..at].strip_prefix(indent).is_some_and(|rest| rest.starts_with('#'));
        if at == start {
            // The comment at the top is the file's, not the key's.
            at = line;
        } else if comment {
            at = above;
            continue;
        }
        break;
    }
    let rest = &before[line..];
    let end = if rest.lines().next().is_some_and(|first| rest[first.len()..].starts_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let above = &before[start_of_line(before, start, at.saturating_sub(1).max(start))..at];
    let blank = if at > start && above.trim().is_empty() { end } else { "" };
    let key = format!("{indent}permissions:{end}{indent}  contents: read{end}{blank}");
    let after = format!("{}{key}{}", &before[..at], &before[at..]);
    if differs_by_the_key(&old, &after, &limits) { Ok(after) } else { Err(layout()) }
}

/// Where the line that holds the byte at `at` begins; `\r` alone ends a line in YAML, too.
fn start_of_line(text: &str, start: usize, at: usize) -> usize {
    let upto = text.get(start..at).unwrap_or_default();
    upto.rfind(['\n', '\r']).map_or(start, |end| start + end + 1)
}

/// Whether the edited text says what the old one did, and besides that its token may read and no more.
fn differs_by_the_key(old: &yaml::Stream, after: &str, limits: &Limits) -> bool {
    let Ok(new) = yaml::read_str(after, limits) else { return false };
    let ([old], [new]) = (&*old.documents, &*new.documents) else { return false };
    let mut rest = new.clone();
    if let Kind::Mapping(entries) = &mut rest.kind {
        entries.retain(|(key, _)| key.as_str() != Some("permissions"));
    }
    let declared = Workflow::parse(after.as_bytes()).permissions;
    let reads =
        declared.scopes().iter().map(|scope| (&*scope.scope, &*scope.access)).eq([("contents", "read")]);
    reads && new.entries().len() == old.entries().len() + 1 && same(old, &rest)
}

/// Whether two nodes say the same, wherever they stand. No deeper than [`Limits::depth`].
fn same(a: &Node, b: &Node) -> bool {
    a.tag == b.tag
        && match (&a.kind, &b.kind) {
            (Kind::Scalar(a), Kind::Scalar(b)) => a == b,
            (Kind::Sequence(a), Kind::Sequence(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Kind::Mapping(a), Kind::Mapping(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.0, &b.0) && same(&a.1, &b.1))
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_goes_before_the_jobs_and_their_comment() {
        let insert = |text: &str| insert(text).expect("edited");
        assert_eq!(
            insert("on: push\n\n# What runs\njobs: {}\n"),
            "on: push\n\npermissions:\n  contents: read\n\n# What runs\njobs: {}\n"
        );
        assert_eq!(insert("on: push\njobs: {}"), "on: push\npermissions:\n  contents: read\njobs: {}");
        assert_eq!(insert("jobs: {}\non: push"), "permissions:\n  contents: read\njobs: {}\non: push");
        assert_eq!(
            insert("# Copyright\njobs: {}\non: push\n"),
            "# Copyright\npermissions:\n  contents: read\njobs: {}\non: push\n"
        );
        assert_eq!(
            insert("on: push\r\n\r\njobs: {}\r\n"),
            "on: push\r\n\r\npermissions:\r\n  contents: read\r\n\r\njobs: {}\r\n"
        );
        assert_eq!(
            insert("  on:\n    push:\n    # pull_request:\n  jobs: {}\n"),
            "  on:\n    push:\n    # pull_request:\n  permissions:\n    contents: read\n  jobs: {}\n"
        );
        assert_eq!(
            insert("\u{feff}jobs: {}\non: push\n"),
            "\u{feff}permissions:\n  contents: read\njobs: {}\non: push\n"
        );
    }

    #[test]
    fn what_cannot_be_edited_is_refused() {
        for text in [
            "{on: push, jobs: {}}\n",
            "{\n  \"on\": \"push\",\n  \"jobs\": {}\n}\n",
            "? jobs\n: {}\n",
            "on: push\njobs: {}\n---\na: b\n",
            "on: push\n",
            "on: push\npermissions: read-all\njobs: {}\n",
        ] {
            assert!(insert(text).is_err(), "{text}");
        }
    }

    #[test]
    fn scripts_that_may_write_are_told_by_their_words() {
        let words = [
            ("git push origin main", Some("push")),
            ("make release", Some("release")),
            ("npm run release:ci", Some("release:ci")),
            ("set -e\n./hack/publish-docs.sh \"$X\"", Some("./hack/publish-docs.sh")),
            ("x=$(gh api y)", Some("gh")),
            ("cargo build --release && ./target/release/eyrie assess .", None),
            ("go test ./...", None),
            ("make all lint", None),
        ];
        for (script, word) in words {
            assert_eq!(writing_word(script), word, "{script}");
        }
    }

    #[test]
    fn known_actions_are_written_in_lower_case_and_sorted() {
        let names: Vec<_> = READING.iter().map(|(name, _)| *name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(names, sorted);
        assert!(names.iter().all(|name| *name == name.to_ascii_lowercase()));
    }
}
