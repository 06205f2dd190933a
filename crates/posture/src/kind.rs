//! The kinds of records that facts come as, and the fields of each: the one table that conditions are checked
//! against, that documentation is printed from and that records are laid out by.
//!
//! Principal types: [`Kind`], [`KindSchema`]. Adding a field is one line here and one where the record is made
//! (`facts`).

use std::sync::LazyLock;

use eyrie_lang::{Field, FieldError, FieldId, FieldInfo, Schema, StaticSchema, Type};

use FieldInfo as F;
use Type::{Bool, CharBuf as Text, Double, FsPath as Path, Int64 as Int};

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])* $variant:ident = $name:literal below [$($parent:ident),*] { $($field:expr),* $(,)? } )*) => {
        /// What a record is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            $( $(#[doc = $doc])* $variant, )*
        }

        impl Kind {
            /// All kinds, in the order of the documentation.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];

            /// The name that a catalogue uses.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }

            /// What one record of it is, in a sentence or two.
            pub fn doc(self) -> &'static str {
                match self { $(Kind::$variant => concat!($($doc,)*).trim_ascii(),)* }
            }

            /// The kinds whose fields a record of this kind sees besides its own (a step sees its job's).
            pub fn above(self) -> &'static [Kind] {
                match self { $(Kind::$variant => &[$(Kind::$parent),*],)* }
            }

            /// The fields of its own.
            pub fn fields(self) -> &'static [FieldInfo] {
                match self { $(Kind::$variant => { const FIELDS: &[FieldInfo] = &[$($field),*]; FIELDS })* }
            }
        }
    };
}

kinds! {
    /// The repository as a whole; there is exactly one record, and every other record sees its fields.
    Repository = "repository" below [] {
        F::new("repo.name", Text, "name on the forge, or of the folder"),
        F::new("repo.owner", Text, "login of the owner on the forge"),
        F::new("repo.url", Text, "address on the forge"),
        F::new("repo.root_path", Path, "the folder that is assessed, as it was given"),
        F::new("repo.commit", Text, "id of the commit that is assessed"),
        F::new("repo.has_git", Bool, "whether there is a git repository"),
        F::new("repo.git_at_root", Bool, "whether the folder assessed is the root of the git repository"),
        F::new("repo.is_shallow", Bool, "whether history was cut off when it was cloned"),
        F::new("repo.default_branch", Text, "name of the default branch"),
        F::new("repo.homepage", Text, "the website that the forge lists"),
        F::new("repo.license", Text, "SPDX id of the licence that the forge detected"),
        F::new("repo.code_of_conduct_url", Text, "code of conduct that the forge found"),
        F::new("repo.security_policy_url", Text, "security policy that the forge found"),
        F::new("repo.archived", Bool, "whether the forge has it as archived"),
        F::new("repo.age_days", Int, "days since it was created on the forge"),
        F::new("repo.discussion_url", Text, "address of the newest discussion on the forge"),
        F::new("repo.discussion_age_days", Int, "days since the newest discussion on the forge was opened"),
        F::new("repo.organisation_files", Text, "files at the root of the organisation's `.github` repository").list(),
        F::new("repo.actions", Text, "actions and reusable workflows that the workflows use, without their versions").list(),
        F::new("repo.actions_succeeded_at_head", Text, "of these, those in workflows whose run for the commit assessed succeeded").list(),
        F::new("repo.license_scanning_url", Text, "`licenseScanning.url` of `.clomonitor.yml`"),
        F::new("landscape.given", Bool, "whether a foundation's landscape was given to look into"),
        F::new("landscape.keys", Text, "keys that the project's entry in the landscape fills in").list(),
        F::new("scorecard.given", Bool, "whether the result of an OpenSSF Scorecard run was given"),
        F::new("scorecard.score", Double, "score of an OpenSSF Scorecard run for the check named, -1 to 10").key(),
        F::new("scorecard.reason", Text, "the reason that the Scorecard run gave for the check named").key(),
    }
    /// A name in the tree: a file, directory, symbolic link or submodule. Sorted by path.
    File = "file" below [] {
        F::new("file.path", Path, "path from the root"),
        F::new("file.dir", Path, "directory part of the path; empty at the root"),
        F::new("file.name", Path, "last part of the path"),
        F::new("file.stem", Path, "the name without its last extension"),
        F::new("file.extension", Path, "last extension without the dot; absent if there is none"),
        F::new("file.depth", Int, "number of directories above it"),
        F::new("file.type", Text, "`file`, `directory`, `symlink`, `submodule` or `special`"),
        F::new("file.resolves_to", Text, "what it is once links inside the tree are followed: a type as in `file.type`, `outside` or `nothing`"),
        F::new("file.is_executable", Bool, "whether anybody may execute it"),
        F::new("file.size", Int, "bytes; of the target for a link inside the tree"),
        F::new("file.is_blank", Bool, "whether it holds nothing but white space"),
        F::new("file.is_text", Bool, "whether its first 1,024 bytes hold no control characters but tabs and line ends, in UTF-16 if they begin with its byte order mark"),
        F::new("file.content_type", Text, "the binary format that its first bytes show, such as `elf`, `jar`, `wasm`; absent if none"),
    }
    /// A document that was read for its structure: the READMEs and the community files at the root, in `.github` and in `docs`.
    Document = "document" below [] {
        F::new("document.path", Path, "path from the root"),
        F::new("document.dir", Path, "directory part of the path"),
        F::new("document.name", Path, "last part of the path"),
        F::new("document.stem", Path, "the name without its extension"),
        F::new("document.format", Text, "`markdown`, `restructuredtext`, `asciidoc` or `plain`"),
    }
    /// A heading of a document.
    Heading = "heading" below [Document] {
        F::new("heading.text", Text, "its text without markup"),
        F::new("heading.level", Int, "1 for the title, 2 below it"),
    }
    /// A link or image of a document.
    Link = "link" below [Document] {
        F::new("link.text", Text, "its text without markup; of an image, the alternative text"),
        F::new("link.target", Text, "where it leads, as written"),
        F::new("link.is_image", Bool, "whether it is an image"),
        F::new("link.resolves", Bool, "whether a link into the repository leads to something; absent for other links"),
    }
    /// An image that is itself a link, as badges are.
    Badge = "badge" below [Document] {
        F::new("badge.image", Text, "address of the image"),
        F::new("badge.target", Text, "where it leads"),
        F::new("badge.alt", Text, "alternative text of the image"),
    }
    /// A piece of running text of a document: a paragraph, list item or table cell.
    Block = "block" below [Document] {
        F::new("block.text", Text, "its text without markup"),
        F::new("block.type", Text, "`paragraph`, `list_item` or `table_cell`"),
    }
    /// A web address anywhere in the text of a README, markup or not.
    Url = "url" below [Document] {
        F::new("url.text", Text, "the address"),
        F::new("url.host", Text, "the host"),
        F::new("url.path", Text, "the path, from its first `/` on, without query and fragment"),
    }
    /// A place where a `pattern` of the catalogue matches.
    Match = "match" below [] {
        F::new("match.pattern", Text, "id of the pattern"),
        F::new("match.text", Text, "what matched: the first group if the expression has one, else the whole"),
    }
    /// A licence text found at the root or in `LICENSES/`.
    License = "license" below [] {
        F::new("license.path", Path, "the file"),
        F::new("license.name", Path, "the file's name"),
        F::new("license.dir", Path, "the file's directory"),
        F::new("license.spdx_id", Text, "SPDX id of the text; absent if it is no licence that we know"),
        F::new("license.measured_id", Text, "SPDX id of the text on the list that is most alike by the measure alone, which takes an Apache-2.0 without its appendix for another"),
        F::new("license.nearest", Text, "SPDX id of the licence that the text is most like"),
        F::new("license.confidence", Int, "how alike the text is to that licence, in thousandths"),
        F::new("license.ids", Text, "all SPDX ids that the file names or contains").list(),
        F::new("license.is_symlink", Bool, "whether the name is a link into the tree"),
    }
    /// An OpenSSF Security Insights manifest.
    Insights = "insights" below [] {
        F::new("insights.path", Path, "the file"),
        F::new("insights.name", Path, "the file's name"),
        F::new("insights.major", Int, "major version of the schema; absent if it cannot be told"),
        F::new("insights.is_valid", Bool, "whether all that its version requires is there"),
        F::new("insights.problem", Text, "the first thing that is wrong with it"),
        F::new("insights.dependency_policy", Text, "address of the policy for dependencies"),
        F::new("insights.is_symlink", Bool, "whether the name is a link into the tree"),
        F::new("insights.is_chosen", Bool, "whether it is the one that counts: the first of version 2, else the first of version 1, in the order of the names that the specification allows"),
    }
    /// A person or team named in OWNERS, CODEOWNERS or MAINTAINERS.
    Person = "person" below [] {
        F::new("person.path", Path, "the file"),
        F::new("person.name", Text, "name"),
        F::new("person.handle", Text, "login on the forge, without `@`"),
        F::new("person.email", Text, "e-mail address"),
        F::new("person.organisation", Text, "organisation, where the file has a column for it"),
        F::new("person.role", Text, "role, as the file calls it, in lower case: `approvers`, `emeritus_approvers`, `maintainers`"),
        F::new("person.is_team", Bool, "whether it is a team and not a person"),
    }
    /// A software bill of materials in the tree.
    Sbom = "sbom" below [] {
        F::new("sbom.path", Path, "the file"),
        F::new("sbom.format", Text, "`spdx` or `cyclonedx`"),
        F::new("sbom.version", Text, "version of the format"),
    }
    /// A commit, the one assessed first, then its ancestors by date.
    Commit = "commit" below [] {
        F::new("commit.id", Text, "full hexadecimal id"),
        F::new("commit.depth", Int, "0 for the commit assessed, 1 for the next older, and so on"),
        F::new("commit.age_days", Int, "days since it was committed"),
        F::new("commit.subject", Text, "first line of the message"),
        F::new("commit.message", Text, "the whole message"),
        F::new("commit.trailers", Text, "keys of the trailers at the end of the message").list(),
        F::new("commit.has_signoff_line", Bool, "whether any line of the message starts with `Signed-off-by: `"),
        F::new("commit.is_merge", Bool, "whether it has more than one parent"),
        F::new("commit.is_signed", Bool, "whether it carries a signature (not verified)"),
        F::new("commit.author_name", Text, "author's name"),
        F::new("commit.author_email", Text, "author's e-mail address"),
        F::new("commit.author_is_bot", Bool, "whether the author is a program, by its name or address"),
        F::new("commit.reviewed_on", Text, "review systems that the message says it went through: `gerrit`, `phabricator`, `piper`").list(),
    }
    /// A git tag.
    Tag = "tag" below [] {
        F::new("tag.name", Text, "name without `refs/tags/`"),
        F::new("tag.age_days", Int, "days since it was made"),
        F::new("tag.is_annotated", Bool, "whether it has a message of its own"),
        F::new("tag.is_signed", Bool, "whether it carries a signature (not verified)"),
    }
    /// A release on the forge, the newest first; at most 30.
    Release = "release" below [] {
        F::new("release.tag", Text, "the tag it was made from"),
        F::new("release.index", Int, "0 for the newest"),
        F::new("release.age_days", Int, "days since it was created"),
        F::new("release.published_age_days", Int, "days since it was published"),
        F::new("release.is_latest", Bool, "whether the forge calls it the latest"),
        F::new("release.is_prerelease", Bool, "whether it is a pre-release"),
        F::new("release.is_current", Bool, "whether it is the one a user would take: the latest if no pre-release, else the first that is none"),
        F::new("release.notes", Text, "its description"),
        F::new("release.url", Text, "its address"),
        F::new("release.assets", Text, "names of the files attached").list(),
        F::new("release.asset_extensions", Text, "what follows the last dot of these names, and the last but one: `jsonl`, `intoto.jsonl`").list(),
    }
    /// A file attached to a release.
    Asset = "asset" below [Release] {
        F::new("asset.name", Text, "the file's name"),
    }
    /// Something that ran on the last merged change: a check run, the app of a check suite, a commit status.
    ChangeCheck = "change_check" below [] {
        F::new("change_check.name", Text, "name of the run, app or status"),
        F::new("change_check.type", Text, "`run`, `app` or `status`"),
    }
    /// A change among the last 30 commits of the default branch, with what the forge knows of its review. The commits of one merged change are one record.
    Changeset = "changeset" below [] {
        F::new("changeset.id", Text, "id of its newest commit"),
        F::new("changeset.author", Text, "login of the commit's author"),
        F::new("changeset.author_is_bot", Bool, "whether whoever opened the merged change is a program; absent without such a change"),
        F::new("changeset.change_author", Text, "login of whoever opened the merged change"),
        F::new("changeset.merged_by", Text, "login of whoever merged the change"),
        F::new("changeset.approved_by", Text, "logins of those who approved the change").list(),
        F::new("changeset.is_approved_by_other", Bool, "whether somebody other than its author approved or merged the change"),
        F::new("changeset.labels", Text, "labels of the change").list(),
        F::new("changeset.reviewed_on", Text, "review systems that the message says it went through: `gerrit`, `phabricator`, `piper`").list(),
    }
    /// An issue of the forge that was active in the last 90 days.
    Issue = "issue" below [] {
        F::new("issue.number", Int, "its number"),
        F::new("issue.touched_by_member", Bool, "whether somebody with rights in the repository opened it or commented on it in the last 90 days"),
    }
    /// A web page that was fetched: the project's website.
    Page = "page" below [] {
        F::new("page.url", Text, "its address"),
        F::new("page.status", Int, "HTTP status"),
        F::new("page.body", Text, "its text, markup included"),
    }
    /// A GitHub Actions workflow.
    Workflow = "workflow" below [] {
        F::new("workflow.path", Path, "the file"),
        F::new("workflow.name", Text, "its name"),
        F::new("workflow.is_readable", Bool, "whether it could be read as a workflow"),
        F::new("workflow.triggers", Text, "the events that start it").list(),
        F::new("workflow.permissions", Text, "what it declares for all its jobs: `undeclared`, `none`, `read-all`, `write-all`, `scopes`, or the text as it is"),
        F::new("workflow.actions", Text, "actions and reusable workflows that it uses, without their versions").list(),
        F::new("workflow.has_job_without_permissions", Bool, "whether some job declares no permissions"),
        F::new("workflow.job_writes", Text, "scopes that some job declares it may write; `all` for `write-all`").list(),
        F::new("workflow.publishes_to", Text, "where its jobs deliver to: `npm`, `pypi`, `docker`, `github-release` and so on").list(),
    }
    /// A job of a workflow.
    Job = "job" below [Workflow] {
        F::new("job.id", Text, "its key in the workflow"),
        F::new("job.permissions", Text, "what it declares, as in `workflow.permissions`"),
        F::new("job.publishes_to", Text, "where it delivers to, as in `workflow.publishes_to`").list(),
        F::new("job.uses", Text, "the reusable workflow that it is, if it is one"),
    }
    /// A step of a job.
    Step = "step" below [Job, Workflow] {
        F::new("step.name", Text, "its name"),
        F::new("step.action", Text, "the action it uses, without the version"),
        F::new("step.version", Text, "what follows the `@`"),
        F::new("step.pinned_by", Text, "`commit`, `digest`, `local`; absent if nothing pins it"),
        F::new("step.with", Text, "an input of the action").key(),
        F::new("step.run", Text, "the script it runs"),
        F::new("step.shell", Text, "the shell it runs the script in"),
    }
    /// An expression `${{ … }}` in a workflow.
    Expression = "expression" below [Step, Job, Workflow] {
        F::new("expression.text", Text, "the text between the braces"),
        F::new("expression.place", Text, "the key it stands under: `run`, `if`, `with`, `env` and so on"),
        F::new("expression.contexts", Text, "the context paths it reads, such as `github.event.pull_request.title`").list(),
        F::new("expression.calls", Text, "the calls it makes, such as `tojson(github)`").list(),
    }
    /// A permission that a workflow or job declares.
    Permission = "permission" below [Job, Workflow] {
        F::new("permission.scope", Text, "what it is for, such as `contents`; `all` for `read-all` and `write-all`"),
        F::new("permission.access", Text, "`read`, `write` or `none`"),
        F::new("permission.level", Text, "`workflow` or `job`"),
    }
}

impl Kind {
    /// The kind with this [`name`](Kind::name).
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Position of a field among [`Kind::fields`].
    pub fn field(self, name: &str) -> Option<usize> {
        self.fields().iter().position(|field| field.name == name)
    }
}

/// The results of other checks, as fields that every record sees.
pub const RESULT_FIELDS: &[FieldInfo] = &[
    F::new(
        "check.outcome",
        Text,
        "outcome of another check: `pass`, `fail`, `unknown`, `exempt`, `not_applicable`",
    )
    .key(),
    F::new("check.verdict", Text, "outcome of another check before `exempt_when` was looked at").key(),
    F::new("check.value", Text, "value of another check, if it has one").key(),
];

/// Where a field's value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the record of this kind, at this position.
    Record(Kind, usize),
    /// Among the results of checks, at this position of [`RESULT_FIELDS`].
    Result(usize),
}

/// The fields that a condition over one kind may use: its own, those of the kinds above it, the repository's, and
/// the results of other checks.
#[derive(Debug)]
pub struct KindSchema {
    fields: StaticSchema,
    places: Vec<Place>,
}

static SCHEMAS: LazyLock<Vec<KindSchema>> =
    LazyLock::new(|| Kind::ALL.iter().map(|&kind| KindSchema::new(kind)).collect());

impl KindSchema {
    /// The schema of a kind.
    pub fn of(kind: Kind) -> &'static KindSchema {
        &SCHEMAS[kind as usize]
    }

    fn new(kind: Kind) -> Self {
        let mut fields = Vec::new();
        let mut places = Vec::new();
        let repository = (kind != Kind::Repository).then_some(Kind::Repository);
        for owner in [kind].into_iter().chain(kind.above().iter().copied()).chain(repository) {
            for (at, field) in owner.fields().iter().enumerate() {
                fields.push(field.clone());
                places.push(Place::Record(owner, at));
            }
        }
        for (at, field) in RESULT_FIELDS.iter().enumerate() {
            fields.push(field.clone());
            places.push(Place::Result(at));
        }
        // A test builds every schema, so that a table with a mistake cannot be shipped; an empty schema is the
        // harmless answer that the signature wants.
        let fields = StaticSchema::new(fields).or_else(|_| StaticSchema::new(Vec::new()));
        let fields = fields.map(StaticSchema::with_unavailable);
        match fields {
            Ok(fields) => Self { fields, places },
            Err(_) => unreachable!("an empty table is a schema"),
        }
    }

    /// Where the field's value is kept.
    pub fn place(&self, id: FieldId) -> Option<Place> {
        self.places.get(id.0 as usize).copied()
    }
}

impl Schema for KindSchema {
    fn resolve(&self, name: &str, argument: Option<&str>) -> Result<Field, FieldError> {
        self.fields.resolve(name, argument)
    }

    fn fields(&self) -> &[FieldInfo] {
        self.fields.fields()
    }

    fn may_be_unavailable(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_schema_and_is_documented() {
        for &kind in Kind::ALL {
            let schema = KindSchema::of(kind);
            assert_eq!(schema.fields().len(), schema.places.len(), "{}", kind.name());
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert!(kind.doc().ends_with('.'), "{}", kind.name());
            for field in kind.fields() {
                assert!(!field.doc.is_empty() && !field.doc.ends_with('.'), "{}", field.name);
            }
        }
    }

    #[test]
    fn a_step_sees_its_workflow_and_the_repository() {
        let schema = KindSchema::of(Kind::Step);
        for name in ["step.action", "job.id", "workflow.triggers", "repo.name"] {
            assert!(schema.resolve(name, None).is_ok(), "{name}");
        }
        assert!(schema.resolve("step.with", Some("ref")).is_ok());
        assert!(schema.resolve("heading.text", None).is_err());
    }
}
