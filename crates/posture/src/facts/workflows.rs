//! The records of kinds `workflow`, `job`, `step`, `expression` and `permission`.

use super::Facts;
use crate::kind::Kind;
use crate::parse::workflow::{MAX_BYTES, Permissions, Pinning, State, Workflow};
use crate::record::{FieldValue, Missing, Record, RecordSet, list, map};

/// All records of this group.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkflowRecords {
    pub(super) workflows: RecordSet,
    pub(super) jobs: RecordSet,
    pub(super) steps: RecordSet,
    pub(super) expressions: RecordSet,
    pub(super) permissions: RecordSet,
}

/// Whether a path is a workflow's.
pub(super) fn is_workflow(path: &[u8]) -> bool {
    std::str::from_utf8(path).is_ok_and(Workflow::is_path)
}

impl WorkflowRecords {
    pub(super) fn read(facts: &Facts) -> Self {
        let mut all = Self::default();
        let (tree, files) = (&*facts.sources.tree, facts.files());
        for (at, file) in files.records().iter().enumerate() {
            if !is_workflow(&file.entry.path) {
                continue;
            }
            let Some(target) = files.resolved_file(tree, at) else { continue };
            let path = &file.entry.path;
            match tree.read(&target.entry, MAX_BYTES + 1) {
                Ok(content) => {
                    let workflow = Workflow::parse(&content.bytes);
                    match workflow.state {
                        State::Empty => {}
                        State::Read => all.add(path, &workflow),
                        State::Unreadable => {
                            let problem = workflow.problems.first();
                            let why = problem.map_or("it is not YAML", |problem| &problem.message);
                            let line = problem.map(|problem| problem.span.line);
                            all.add_unreadable(facts, path, line, why);
                        }
                    }
                }
                Err(error) => all.add_unreadable(facts, path, None, &error.to_string()),
            }
        }
        all
    }

    /// A workflow of which nothing is known but that it is there: it may have jobs, steps and permissions of any kind.
    fn add_unreadable(&mut self, facts: &Facts, path: &[u8], line: Option<u32>, why: &str) {
        let name = String::from_utf8_lossy(path);
        let place = line.map(|line| format!(", line {line}")).unwrap_or_default();
        let missing = facts.missing(Missing {
            why: format!("the workflow {name} cannot be read{place}: {why}"),
            supply: format!("mend {name}"),
        });
        let mut record = Record::new(Kind::Workflow).seen_at(path, line);
        for field in Kind::Workflow.fields() {
            record.set(&field.name, missing);
        }
        record.set("workflow.path", path);
        record.set("workflow.is_readable", false);
        self.workflows.records.push(record);
        for set in [&mut self.jobs, &mut self.steps, &mut self.expressions, &mut self.permissions] {
            set.rest.get_or_insert(missing);
        }
    }

    fn add(&mut self, path: &[u8], workflow: &Workflow) {
        let index = self.workflows.records.len();
        let first_job = self.jobs.records.len();
        let without = workflow.jobs.iter().any(|job| job.permissions == Permissions::Undeclared);
        self.workflows.records.push(
            Record::new(Kind::Workflow)
                .with("workflow.path", path)
                .with("workflow.name", workflow.name.as_ref().map(|name| &name.text))
                .with("workflow.is_readable", true)
                .with(
                    "workflow.triggers",
                    list(workflow.triggers.iter().map(|trigger| trigger.event.as_str())),
                )
                .with("workflow.permissions", workflow.permissions.kind())
                .with("workflow.actions", list(workflow.actions()))
                .with("workflow.publishes_to", list(workflow.publishes_to()))
                .with("workflow.has_job_without_permissions", without)
                .with("workflow.job_writes", list(job_writes(workflow)))
                .seen_at(path, workflow.permissions.span().map(|span| span.line)),
        );
        self.add_permissions(path, index, None, &workflow.permissions);
        let mut first_steps = Vec::with_capacity(workflow.jobs.len());
        for job in &workflow.jobs {
            let at = self.jobs.records.len();
            first_steps.push(self.steps.records.len());
            self.jobs.records.push(
                Record::new(Kind::Job)
                    .with("job.id", &job.id)
                    .with("job.permissions", job.permissions.kind())
                    .with("job.uses", job.uses.as_ref().map(|used| &used.uses.name))
                    .with("job.publishes_to", list(job.publishes_to.iter().copied()))
                    .below(Kind::Workflow, index)
                    .seen_at(path, job.span.line)
                    .saying(&job.id),
            );
            self.add_permissions(path, index, Some(at), &job.permissions);
            for step in &job.steps {
                let uses = step.uses.as_ref();
                let pinned = uses.and_then(|used| match used.uses.pinning {
                    Pinning::Commit => Some("commit"),
                    Pinning::Digest => Some("digest"),
                    Pinning::Local => Some("local"),
                    Pinning::Version | Pinning::Name | Pinning::None => None,
                });
                let text = uses.map(|used| used.uses.text.as_str());
                let text = text.or(step.run.as_ref().map(|run| run.text.as_str())).unwrap_or_default();
                let line = uses.map(|used| used.span.line).or(step.run.as_ref().map(|run| run.span.line));
                let inputs =
                    step.with.iter().map(|input| (input.name.to_ascii_lowercase(), &*input.value.text));
                self.steps.records.push(
                    Record::new(Kind::Step)
                        .with("step.name", step.name.as_ref().map(|name| &name.text))
                        .with("step.action", uses.map(|used| &used.uses.name))
                        .with("step.version", uses.and_then(|used| used.uses.version.as_ref()))
                        .with("step.pinned_by", pinned)
                        .with("step.with", map(inputs))
                        .with("step.run", step.run.as_ref().map(|run| &run.text))
                        .with("step.shell", step.shell.as_ref())
                        .below(Kind::Workflow, index)
                        .below(Kind::Job, at)
                        .seen_at(path, line.unwrap_or(step.span.line))
                        .saying(text),
                );
            }
        }
        for expression in &workflow.expressions {
            let mut record = Record::new(Kind::Expression)
                .with("expression.text", &expression.text)
                .with("expression.place", expression.place)
                .with("expression.contexts", list(expression.parsed.contexts.iter().map(String::as_str)))
                .with("expression.calls", list(expression.parsed.calls.iter().map(String::as_str)))
                .below(Kind::Workflow, index)
                .seen_at(path, expression.span.line)
                .saying(&expression.text);
            if let Some(job) = expression.job {
                record = record.below(Kind::Job, first_job + job);
                if let (Some(step), Some(first)) = (expression.step, first_steps.get(job)) {
                    record = record.below(Kind::Step, first + step);
                }
            }
            self.expressions.records.push(record);
        }
    }

    fn add_permissions(&mut self, path: &[u8], workflow: usize, job: Option<usize>, declared: &Permissions) {
        let level = if job.is_some() { "job" } else { "workflow" };
        let record = |scope: &str, access: FieldValue, line: u32| {
            let record = Record::new(Kind::Permission)
                .with("permission.scope", scope)
                .with("permission.access", access)
                .with("permission.level", level)
                .below(Kind::Workflow, workflow)
                .seen_at(path, line);
            match job {
                Some(job) => record.below(Kind::Job, job),
                None => record,
            }
        };
        if let Permissions::All(word) = declared {
            let access = word.text.strip_suffix("-all").into();
            self.permissions.records.push(record("all", access, word.span.line).saying(&word.text));
        }
        for permission in declared.scopes() {
            let text = format!("{}: {}", permission.scope, permission.access);
            let access = permission.access.as_str().into();
            self.permissions
                .records
                .push(record(&permission.scope, access, permission.span.line).saying(&text));
        }
    }
}

/// Scopes that some job may write, `all` for `write-all`.
fn job_writes(workflow: &Workflow) -> Vec<&str> {
    let mut all = Vec::new();
    for job in &workflow.jobs {
        match &job.permissions {
            Permissions::All(word) if word.text == "write-all" => all.push("all"),
            Permissions::Scopes(scopes, _) => {
                all.extend(
                    scopes.iter().filter(|scope| scope.access == "write").map(|scope| scope.scope.as_str()),
                );
            }
            _ => {}
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
