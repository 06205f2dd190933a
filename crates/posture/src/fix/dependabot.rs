//! `.github/dependabot.yml` from the manifests that are there.
//!
//! Which files make an ecosystem, by its name for GitHub, is from
//! <https://docs.github.com/en/code-security/reference/supply-chain-security/supported-ecosystems-and-repositories>;
//! the keys of the file are from
//! <https://docs.github.com/en/code-security/reference/supply-chain-security/dependabot-options-reference>. A part of a
//! workspace whose root is listed is not listed again, since its dependencies are updated with the root's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use eyrie_forge::{ForgeKind, RepositoryUrl};
use regex::Regex;

use super::manifests::{OwnFiles, above, below};
use super::{Draft, Offer, enumerate};
use crate::facts::Facts;
use crate::parse::workflow::Workflow;

const PATH: &str = ".github/dependabot.yml";

/// At most so many folders are listed for an ecosystem: each is looked at by a run of its own.
const MOST_FOLDERS: usize = 50;

/// Files that pin what a `package.json` asks for; where there is one, it is a root of its own.
const NPM_LOCKS: [&str; 4] = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"];
const BUN_LOCKS: [&str; 2] = ["bun.lock", "bun.lockb"];

/// Folders (the empty one is the root) by ecosystem.
type Ecosystems<'f> = BTreeMap<&'static str, BTreeSet<&'f str>>;

pub(super) fn offer(facts: &Facts) -> Offer {
    let url = facts.sources.url.as_deref().and_then(|url| url.parse::<RepositoryUrl>().ok());
    if let Some(url) = url.filter(|url| url.kind() == ForgeKind::GitLab) {
        return Offer::refusing(format!(
            "the repository is on {}, and Dependabot runs on GitHub",
            url.host()
        ));
    }
    let files = OwnFiles::of(facts);
    let found = ecosystems(&files);
    if found.is_empty() {
        return Offer::refusing("no manifest was found for which Dependabot proposes updates");
    }
    let mut text = String::from("version: 2\nupdates:\n");
    let mut told = Vec::new();
    for (ecosystem, folders) in &found {
        let listed: Vec<String> =
            folders.iter().take(MOST_FOLDERS).map(|folder| format!("/{folder}")).collect();
        let _ = writeln!(text, "  - package-ecosystem: {ecosystem}");
        match &*listed {
            [one] => {
                let _ = writeln!(text, "    directory: {}", scalar(one));
            }
            several => {
                text.push_str("    directories:\n");
                for folder in several {
                    let _ = writeln!(text, "      - {}", scalar(folder));
                }
            }
        }
        text.push_str("    schedule:\n      interval: weekly\n");
        let left_out = folders.len() - listed.len();
        told.push(match &*listed {
            _ if left_out > 0 => {
                format!("{ecosystem} in {MOST_FOLDERS} folders ({left_out} more are left out)")
            }
            [one] => format!("{ecosystem} in {one}"),
            several => format!("{ecosystem} in {} folders", several.len()),
        });
    }
    let why = format!(
        "Manifests are there for {}. The file must name an interval: change `weekly` as you like.",
        enumerate(&told)
    );
    Offer::writing(Draft { path: PATH.to_owned(), before: None, after: text, why })
}

/// A text as a YAML scalar: as it is where that is safe, else in double quotes, whose escapes are JSON's.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.');
    if text.chars().all(plain) { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn ecosystems<'f>(files: &OwnFiles<'f>) -> Ecosystems<'f> {
    let mut found = Ecosystems::new();
    let roots = Roots::of(files);
    for (folder, names) in files.folders() {
        let mut is = |ecosystem| {
            // Dependabot reads `*` in a folder's name as a pattern.
            if !folder.contains(['*', '?', '[', '\n']) {
                found.entry(ecosystem).or_default().insert(folder);
            }
        };
        let has = |name: &str| names.contains_key(name);
        let extension = |wanted: &[&str]| {
            names.keys().any(|name| name.rsplit_once('.').is_some_and(|(_, e)| wanted.contains(&e)))
        };
        if has("Cargo.toml") && !roots.in_cargo_workspace(folder) {
            is("cargo");
        }
        if has("go.mod") {
            is("gomod");
        }
        if has("package.json") && !roots.in_npm_workspace(files, folder) {
            is(if files.has(folder, &BUN_LOCKS) { "bun" } else { "npm" });
        }
        if has("uv.lock") {
            is("uv");
        } else if is_python(files, folder, names.keys().copied()) {
            is("pip");
        }
        if has("Gemfile") || has("gems.rb") {
            is("bundler");
        }
        if has("pom.xml") && !roots.maven_modules.contains(folder) {
            is("maven");
        }
        let settings = ["settings.gradle", "settings.gradle.kts"];
        let build = has("build.gradle") || has("build.gradle.kts");
        if files.has(folder, &settings) || (build && !above(folder).any(|at| files.has(at, &settings))) {
            is("gradle");
        }
        if has("composer.json") {
            is("composer");
        }
        if names.keys().any(|name| is_dockerfile(name)) {
            is("docker");
        }
        if ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"].into_iter().any(has) {
            is("docker-compose");
        }
        if extension(&["sln", "slnx"])
            || (extension(&["csproj", "fsproj", "vbproj"])
                && !above(folder).any(|at| roots.dotnet_solutions.contains(at)))
        {
            is("nuget");
        }
        if has("mix.exs") && !above(folder).any(|at| roots.umbrellas.contains(at)) {
            is("mix");
        }
        if has("pubspec.yaml") {
            is("pub");
        }
        if extension(&["tf"]) {
            is("terraform");
        }
        if has("elm.json") {
            is("elm");
        }
        if has("Package.swift") {
            is("swift");
        }
        if folder == ".github/workflows" && names.keys().any(|n| Workflow::is_path(&format!("{folder}/{n}")))
        {
            // GitHub means the workflows by the root.
            found.entry("github-actions").or_default().insert("");
        } else if has("action.yml") || has("action.yaml") {
            is("github-actions");
        }
    }
    found
}

/// Folders whose manifests bring others with them, each manifest read once.
#[derive(Default)]
struct Roots<'f> {
    /// Folders with a Cargo workspace, with the paths that each excludes.
    cargo_workspaces: BTreeMap<&'f str, Vec<String>>,
    /// Folders with an npm, Yarn, pnpm or Bun workspace.
    npm_workspaces: BTreeSet<&'f str>,
    /// Folders that some `pom.xml` names as its modules.
    maven_modules: BTreeSet<String>,
    /// Folders with a .NET solution.
    dotnet_solutions: BTreeSet<&'f str>,
    /// Folders with an Elixir umbrella project.
    umbrellas: BTreeSet<&'f str>,
}

impl<'f> Roots<'f> {
    fn of(files: &OwnFiles<'f>) -> Self {
        let mut roots = Self::default();
        let module = Regex::new(r"<module>\s*([^<\s]+)\s*</module>").ok();
        for (folder, names) in files.folders() {
            if let Some(workspace) =
                files.toml(folder, "Cargo.toml").and_then(|all| all.get("workspace").cloned())
            {
                let exclude = workspace.get("exclude").and_then(toml::Value::as_array);
                let excluded = exclude.into_iter().flatten().filter_map(toml::Value::as_str);
                let excluded =
                    excluded.map(|path| path.trim_start_matches("./").trim_end_matches('/').to_owned());
                roots.cargo_workspaces.insert(folder, excluded.collect());
            }
            if files.has(folder, &["pnpm-workspace.yaml"])
                || files
                    .json(folder, "package.json")
                    .is_some_and(|package| package.get("workspaces").is_some())
            {
                roots.npm_workspaces.insert(folder);
            }
            let pom = files.text(folder, "pom.xml").unwrap_or_default();
            for named in module.iter().flat_map(|module| module.captures_iter(&pom)) {
                let path = format!("{folder}/{}", &named[1]);
                let path =
                    crate::tree::normalise(path.as_bytes()).and_then(|path| String::from_utf8(path).ok());
                roots.maven_modules.extend(path.map(|path| path.trim_end_matches("/pom.xml").to_owned()));
            }
            if names.keys().any(|name| name.ends_with(".sln") || name.ends_with(".slnx")) {
                roots.dotnet_solutions.insert(folder);
            }
            if files.text(folder, "mix.exs").is_some_and(|text| text.contains("apps_path:")) {
                roots.umbrellas.insert(folder);
            }
        }
        roots
    }

    /// Cargo takes every package below a workspace for a member unless it is excluded, and refuses to build it
    /// otherwise. Source:
    /// <https://doc.rust-lang.org/cargo/reference/workspaces.html#the-members-and-exclude-fields>.
    fn in_cargo_workspace(&self, folder: &str) -> bool {
        if self.cargo_workspaces.contains_key(folder) {
            return false;
        }
        let nearest = above(folder).find_map(|at| Some((at, self.cargo_workspaces.get(at)?)));
        nearest.is_some_and(|(root, excluded)| {
            let path = below(root, folder);
            let covers = |out: &String| {
                path == out || path.strip_prefix(&**out).is_some_and(|rest| rest.starts_with('/'))
            };
            !excluded.iter().any(covers)
        })
    }

    /// Whether a workspace above updates this package: it has no lock file of its own.
    fn in_npm_workspace(&self, files: &OwnFiles<'_>, folder: &str) -> bool {
        !files.has(folder, &NPM_LOCKS)
            && !files.has(folder, &BUN_LOCKS)
            && above(folder).any(|at| self.npm_workspaces.contains(at))
    }
}

/// Whether there are Python dependencies; a `pyproject.toml` that only sets up tools declares none.
fn is_python<'n>(files: &OwnFiles<'_>, folder: &str, mut names: impl Iterator<Item = &'n str>) -> bool {
    if files.has(folder, &["requirements.txt", "requirements.in", "Pipfile", "setup.py"])
        || names.any(|name| name.starts_with("requirements") && name.ends_with(".txt"))
    {
        return true;
    }
    files.toml(folder, "pyproject.toml").is_some_and(|project| {
        project.contains_key("project")
            || project.get("tool").is_some_and(|tool| tool.get("poetry").is_some())
    })
}

/// `Dockerfile`, `Dockerfile.dev`, `dev.Dockerfile` and the same with `Containerfile`.
fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|known| {
        name == *known
            || name.strip_prefix(known).is_some_and(|rest| {
                rest.starts_with(['.', '-']) && !rest.ends_with(".md") && !rest.ends_with(".dockerignore")
            })
            || name.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_quoted_where_yaml_needs_it() {
        assert_eq!(scalar("/a-b/c_d.e"), "/a-b/c_d.e");
        assert_eq!(scalar("/a b: #c\"d"), r##""/a b: #c\"d""##);
    }

    #[test]
    fn dockerfiles_by_their_names() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.dev",
            "dev.Dockerfile",
            "Containerfile",
            "Dockerfile-arm",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in ["Dockerfile.md", "Dockerfile.dockerignore", "Dockerfiles", "notdockerfile", "docker"] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}
