//! The walk-throughs in `docs/`: their commands are run as they stand there, and say what stands there.
//!
//! In a block that begins with "```console", a line after `$` is a command for the shell, which goes on in lines after `>`; what
//! follows is what it prints. `…` stands for anything within a line, and alone for any number of lines. A command may only fail
//! where an `error:` is shown. `export NAME=VALUE` holds for what follows.

use std::path::Path;
use std::process::{Command, Stdio};

struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside && line == "```console";
        } else if !inside {
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: at + 1, command: command.to_owned(), expected: Vec::new() });
        } else if let Some(step) = steps.last_mut() {
            match line.strip_prefix('>') {
                Some(more) if step.expected.is_empty() => {
                    step.command.push('\n');
                    step.command.push_str(more.strip_prefix(' ').unwrap_or(more));
                }
                _ => step.expected.push(line.to_owned()),
            }
        }
    }
    steps
}

/// Whether a line is as expected, `…` being anything.
fn like(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn all_like(expected: &[String], lines: &[&str]) -> bool {
    match expected.split_first() {
        None => lines.is_empty(),
        Some((any, rest)) if any == "…" => (0..=lines.len()).any(|skip| all_like(rest, &lines[skip..])),
        Some((one, rest)) => {
            lines.split_first().is_some_and(|(line, lines)| like(one, line) && all_like(rest, lines))
        }
    }
}

fn walk(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs").join(name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_eyrie")).parent().unwrap();
    let mut environment = vec![
        ("PATH".to_owned(), format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display())),
        ("HOME".to_owned(), folder.path().display().to_string()),
    ];
    let steps = steps(&text);
    assert!(steps.len() > 5, "docs/{name} has {} commands", steps.len());
    for step in &steps {
        if let Some((variable, value)) =
            step.command.strip_prefix("export ").and_then(|assignment| assignment.split_once('='))
        {
            environment.push((variable.to_owned(), value.to_owned()));
            continue;
        }
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {}\n}} 2>&1", step.command)])
            .env_clear()
            .envs(environment.iter().cloned())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<&str> = said.lines().collect();
        let fails = step.expected.iter().any(|line| line.starts_with("error:"));
        let place = format!("docs/{name}:{}: {}", step.line, step.command);
        assert!(output.status.success() || fails, "{place}\n{said}");
        assert!(
            all_like(&step.expected, &lines),
            "{place}\nexpected:\n{}\n\nit says:\n{said}",
            step.expected.join("\n")
        );
    }
}

#[test]
fn the_life_of_a_project() {
    walk("register.md");
}

#[test]
fn a_campaign_over_five_repositories() {
    walk("campaigns.md");
}
