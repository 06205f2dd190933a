//! Reads catalogues from YAML: a sequence of items, each a `catalog`, `list`, `macro`, `pattern` or `check`.
//!
//! A later file adds to an earlier one: an item with a name that is already there replaces it in place, as in rule
//! files. All mistakes are collected; none makes the rest unread.

use std::sync::Arc;

use eyrie_lang::diagnostic::Code;
use eyrie_lang::{Diagnostic, Span};

use super::{
    Catalog, CatalogError, Category, Check, CheckId, CheckSet, Deduction, Effect, Excuse, Fold, Form, Group,
    Judgement, Located, Pattern, Problem, Quantifier, Rating, Records, ScoreForm, ShareOf,
};
use crate::fix::Writer;
use crate::kind::Kind;
use crate::yaml::{self, Limits, Node, Style};

/// The codes of this module's diagnostics.
pub mod codes {
    use super::Code;
    /// See its description.
    pub const SYNTAX: Code = Code::new("catalog-syntax", "The catalogue is not YAML that can be read.");
    /// See its description.
    pub const SHAPE: Code =
        Code::new("catalog-shape", "A value of the catalogue is not of the form expected there.");
    /// See its description.
    pub const UNKNOWN_KEY: Code =
        Code::new("catalog-unknown-key", "The catalogue has a key that means nothing there.");
    /// See its description.
    pub const UNKNOWN_ITEM: Code = Code::new(
        "catalog-unknown-item",
        "An item is none of `catalog`, `list`, `macro`, `pattern`, `check`.",
    );
    /// See its description.
    pub const MISSING_KEY: Code = Code::new("catalog-missing-key", "A key that must be there is not.");
    /// See its description.
    pub const UNKNOWN_KIND: Code = Code::new("catalog-unknown-kind", "There is no such kind of record.");
    /// See its description.
    pub const UNKNOWN_NAME: Code = Code::new(
        "catalog-unknown-name",
        "A check names a category or check set that the catalogue does not declare.",
    );
    /// See its description.
    pub const UNKNOWN_FIX: Code =
        Code::new("catalog-unknown-fix", "`fix_with` names something that Eyrie cannot write.");
    /// See its description.
    pub const PATTERN: Code =
        Code::new("catalog-pattern", "A pattern is no regular expression that can be used.");

    /// All of them.
    pub const ALL: &[Code] = &[
        SYNTAX,
        SHAPE,
        UNKNOWN_KEY,
        UNKNOWN_ITEM,
        MISSING_KEY,
        UNKNOWN_KIND,
        UNKNOWN_NAME,
        UNKNOWN_FIX,
        PATTERN,
    ];
}

/// Whether a catalogue is read with its own verdicts or with those of the system it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Compatibility {
    /// Deliberate deviations apply.
    #[default]
    Sane,
    /// The keys under `strict` replace those beside it.
    Strict,
}

impl Catalog {
    /// Reads catalogue files, given as name and text, each adding to the ones before.
    ///
    /// # Errors
    ///
    /// All problems of all files, if one of them is an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use eyrie_posture::catalog::{Catalog, read::Compatibility};
    /// let text = "- catalog: mine\n  categories: [{id: all, title: All}]\n  sets: [{id: all}]\n";
    /// let catalog = Catalog::read(&[("mine.yaml", text)], Compatibility::Sane)?;
    /// assert_eq!(catalog.id, "mine");
    /// # Ok::<(), eyrie_posture::catalog::CatalogError>(())
    /// ```
    pub fn read(files: &[(&str, &str)], compatibility: Compatibility) -> Result<Catalog, CatalogError> {
        let (catalog, problems) = Self::read_what_is_right(files, compatibility);
        if problems.iter().any(|problem| problem.diagnostic.is_error()) {
            return Err(CatalogError { problems });
        }
        Ok(catalog)
    }

    /// Reads catalogue files; what is wrong is left out and told.
    pub(super) fn read_what_is_right(
        files: &[(&str, &str)],
        compatibility: Compatibility,
    ) -> (Catalog, Vec<Problem>) {
        let mut reader = Reader { catalog: Catalog::default(), problems: Vec::new(), file: 0, compatibility };
        for (at, (name, text)) in files.iter().enumerate() {
            reader.file = at;
            reader.catalog.files.push(((*name).to_owned(), (*text).to_owned()));
            reader.read_file(text);
        }
        reader.check_names();
        (reader.catalog, reader.problems)
    }
}

struct Reader {
    catalog: Catalog,
    problems: Vec<Problem>,
    file: usize,
    compatibility: Compatibility,
}

/// A mapping being read; remembers which keys were asked for, so that the others can be pointed out.
struct Fields<'n> {
    node: &'n Node,
    /// Keys that replace those of `node`.
    over: Option<&'n Node>,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    fn new(node: &'n Node) -> Self {
        Self { node, over: None, known: Vec::new() }
    }

    fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        let found = self.over.and_then(|over| over.get(key)).or_else(|| self.node.get(key));
        found.filter(|node| !node.is_null())
    }
}

fn span(node: &Node) -> Span {
    Span::new(node.span.start, node.span.end)
}

impl Reader {
    fn problem(&mut self, diagnostic: Diagnostic) {
        let (source, text) = self.catalog.files.get(self.file).cloned().unwrap_or_default();
        self.problems.push(Problem { diagnostic, source, text, first_line: 1 });
    }

    fn shape(&mut self, node: &Node, expected: &str) {
        let title = format!("expected {expected}, found {}", node.describe());
        self.problem(Diagnostic::error(codes::SHAPE, span(node), title));
    }

    fn read_file(&mut self, text: &str) {
        let limits = Limits { merge_keys: true, ..Limits::default() };
        let stream = match yaml::read_str(text, &limits) {
            Ok(stream) => stream,
            Err(error) => {
                let at = Span::new(error.span.start, error.span.end);
                let diagnostic = Diagnostic::error(codes::SYNTAX, at, error.message);
                self.problem(diagnostic.with_help_if(error.help.map(str::to_owned)));
                return;
            }
        };
        for key in &stream.duplicate_keys {
            let at = Span::new(key.span.start, key.span.end);
            let first = Span::new(key.first.start, key.first.end);
            let title = format!("the key `{}` is given twice", key.key);
            self.problem(Diagnostic::error(codes::SHAPE, at, title).with_remark(first, "first given here"));
        }
        for document in &stream.documents {
            if document.is_null() {
                continue;
            }
            if !matches!(document.kind, yaml::Kind::Sequence(_)) {
                self.shape(document, "a sequence of items");
            }
            for item in document.items() {
                self.item(item);
            }
        }
    }

    fn item(&mut self, node: &Node) {
        if node.is_null() {
            return;
        }
        if !matches!(node.kind, yaml::Kind::Mapping(_)) {
            return self.shape(node, "an item, which is a mapping");
        }
        let mut fields = Fields::new(node);
        for (key, read) in [
            ("catalog", Self::header as fn(&mut Self, &mut Fields<'_>, &Node)),
            ("list", Self::list),
            ("macro", Self::macro_),
            ("pattern", Self::pattern),
            ("check", Self::check),
        ] {
            if node.get(key).is_some() {
                let strict = node.get("strict").filter(|_| self.compatibility == Compatibility::Strict);
                fields.over = strict;
                fields.known.push("strict");
                if let Some(name) = fields.get(key) {
                    read(self, &mut fields, name);
                }
                self.unknown_keys(&fields);
                return;
            }
        }
        let title = "this item is none that a catalogue has";
        let help = "an item starts with `catalog`, `list`, `macro`, `pattern` or `check`";
        self.problem(Diagnostic::error(codes::UNKNOWN_ITEM, span(node), title).with_help(help));
    }

    fn unknown_keys(&mut self, fields: &Fields<'_>) {
        let nodes = fields.node.entries().iter().chain(fields.over.map_or(&[][..], Node::entries));
        for (key, _) in nodes {
            let text = key.as_str().unwrap_or_default();
            if !fields.known.contains(&text) {
                let mut known = fields.known.clone();
                known.sort_unstable();
                known.dedup();
                let title = format!("the key `{text}` means nothing here");
                let help = format!("keys here: {}", known.join(", "));
                self.problem(Diagnostic::error(codes::UNKNOWN_KEY, span(key), title).with_help(help));
            }
        }
    }

    fn text(&mut self, node: Option<&Node>) -> Option<String> {
        let node = node?;
        match node.as_str() {
            Some(text) => Some(text.trim_end().to_owned()),
            None => {
                self.shape(node, "text");
                None
            }
        }
    }

    fn texts(&mut self, node: Option<&Node>) -> Vec<String> {
        match node {
            Some(node) if node.as_str().is_some() => self.text(Some(node)).into_iter().collect(),
            Some(node) if matches!(node.kind, yaml::Kind::Sequence(_)) => {
                node.items().iter().filter_map(|item| self.text(Some(item))).collect()
            }
            Some(node) => {
                self.shape(node, "a list of texts");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn number(&mut self, node: Option<&Node>) -> Option<i64> {
        let node = node?;
        match node.as_i64() {
            Some(number) if number >= 0 => Some(number),
            _ => {
                self.shape(node, "a whole number");
                None
            }
        }
    }

    fn located(&mut self, node: Option<&Node>) -> Option<Located> {
        let node = node?;
        let text = self.text(Some(node))?;
        let verbatim = node.scalar().is_some_and(|scalar| scalar.style == Style::Plain)
            && self.catalog.files.get(self.file).is_some_and(|(_, whole)| {
                whole.get(node.span.start..).is_some_and(|rest| rest.starts_with(text.as_str()))
            });
        Some(Located { text, file: self.file, span: span(node), line: node.span.line, verbatim })
    }

    fn require<T>(&mut self, value: Option<T>, node: &Node, key: &str) -> Option<T> {
        if value.is_none() {
            let title = format!("the key `{key}` is missing");
            self.problem(Diagnostic::error(codes::MISSING_KEY, span(node), title));
        }
        value
    }

    fn header(&mut self, fields: &mut Fields<'_>, name: &Node) {
        let Some(id) = self.text(Some(name)) else { return };
        let extends = self.text(fields.get("extends"));
        let earlier = self.file > 0 && extends.is_none();
        if earlier && !self.catalog.id.is_empty() {
            // A catalogue of its own takes the place of what came before; `extends` builds on it.
            let files = std::mem::take(&mut self.catalog.files);
            self.catalog = Catalog { files, ..Catalog::default() };
        }
        self.catalog.id = id;
        if let Some(title) = self.text(fields.get("title")) {
            self.catalog.title = title;
        }
        if let Some(categories) = fields.get("categories") {
            for node in categories.items() {
                let mut fields = Fields::new(node);
                let id = self.text(fields.get("id"));
                let title = self.text(fields.get("title"));
                self.unknown_keys(&fields);
                if let Some(id) = self.require(id, node, "id") {
                    let title = title.unwrap_or_else(|| id.clone());
                    replace(&mut self.catalog.categories, Category { id, title }, |a, b| a.id == b.id);
                }
            }
        }
        if let Some(sets) = fields.get("sets") {
            for node in sets.items() {
                let mut fields = Fields::new(node);
                let id = self.text(fields.get("id"));
                let about = self.text(fields.get("about")).unwrap_or_default();
                let default = fields.get("default").and_then(Node::as_bool).unwrap_or(false);
                self.unknown_keys(&fields);
                if let Some(id) = self.require(id, node, "id") {
                    replace(&mut self.catalog.sets, CheckSet { id, about, default }, |a, b| a.id == b.id);
                }
            }
        }
        if let Some(ratings) = fields.get("ratings") {
            self.catalog.ratings.clear();
            for node in ratings.items() {
                let mut fields = Fields::new(node);
                let name = self.text(fields.get("name"));
                let at_least = self.number(fields.get("at_least_tenths"));
                self.unknown_keys(&fields);
                if let (Some(name), Some(at_least)) =
                    (self.require(name, node, "name"), self.require(at_least, node, "at_least_tenths"))
                {
                    self.catalog.ratings.push(Rating { name, at_least: clamp(at_least) });
                }
            }
            self.catalog.ratings.sort_by_key(|rating| std::cmp::Reverse(rating.at_least));
        }
    }

    fn list(&mut self, fields: &mut Fields<'_>, name: &Node) {
        let items = self.texts(fields.get("items"));
        if let Some(name) = self.text(Some(name)) {
            replace(&mut self.catalog.lists, (name, items), |a, b| a.0 == b.0);
        }
    }

    fn macro_(&mut self, fields: &mut Fields<'_>, name: &Node) {
        let condition = self.located(fields.get("condition"));
        let condition = self.require(condition, name, "condition");
        if let (Some(name), Some(condition)) = (self.text(Some(name)), condition) {
            replace(&mut self.catalog.macros, (name, condition), |a, b| a.0 == b.0);
        }
    }

    fn pattern(&mut self, fields: &mut Fields<'_>, name: &Node) {
        let node = fields.get("regex");
        let files = self.located(fields.get("files"));
        let pages = fields.get("pages").and_then(Node::as_bool).unwrap_or(false);
        if files.is_none() && !pages {
            let title = "a pattern needs `files` (a condition over files) or `pages: true`";
            self.problem(Diagnostic::error(codes::MISSING_KEY, span(name), title));
        }
        let expression = self.text(node);
        let Some(expression) = self.require(expression, name, "regex") else { return };
        let built = regex::RegexBuilder::new(&expression).size_limit(1 << 20).build();
        match (built, self.text(Some(name))) {
            (Ok(regex), Some(id)) => {
                replace(&mut self.catalog.patterns, Pattern { id, regex, files }, |a, b| a.id == b.id);
            }
            (Err(error), _) => {
                let at = node.map_or_else(|| span(name), span);
                let why = error.to_string();
                let short = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.problem(
                    Diagnostic::error(codes::PATTERN, at, "this is no regular expression that can be used")
                        .with_label(short),
                );
            }
            _ => {}
        }
    }

    fn check(&mut self, fields: &mut Fields<'_>, name: &Node) {
        let Some(id) = self.text(Some(name)) else { return };
        let node = fields.node;
        if let Some(enabled) = fields.get("enabled").and_then(Node::as_bool)
            && !enabled
        {
            fields.known.extend([
                "title", "category", "weight", "sets", "about", "fix", "fix_with", "docs", "fail", "when",
            ]);
            fields.known.extend(["pass", "score", "near", "decide", "exempt_when", "deviation"]);
            self.catalog.checks.retain(|check| *check.id.0 != *id);
            return;
        }
        let title = self.text(fields.get("title")).unwrap_or_else(|| id.replace('_', " "));
        let category = self.text(fields.get("category"));
        let weight = self.number(fields.get("weight"));
        let sets = self.texts(fields.get("sets"));
        let about = self.text(fields.get("about")).unwrap_or_default();
        let fix = self.text(fields.get("fix")).unwrap_or_default();
        let fix_with = self.writers(fields.get("fix_with"));
        let docs = self.text(fields.get("docs")).unwrap_or_default();
        let fail = self.text(fields.get("fail")).unwrap_or_default();
        let deviation = self.text(fields.get("deviation"));
        let mut judgements = Vec::new();
        if let Some(decide) = fields.get("decide") {
            for node in decide.items() {
                let mut fields = Fields::new(node);
                judgements.push(self.judgement(&mut fields));
                self.unknown_keys(&fields);
            }
        }
        let own = self.judgement(fields);
        if judgements.is_empty() || !own.pass.is_empty() || own.score.is_some() {
            judgements.push(own);
        } else {
            // `near` beside `decide` serves all judgements.
            for judgement in &mut judgements {
                judgement.near.extend(own.near.iter().cloned());
            }
        }
        if judgements.iter().all(|judgement| judgement.pass.is_empty() && judgement.score.is_none()) {
            let title = format!("nothing decides the check `{id}`");
            let help = "give it `pass`, `score` or `decide`";
            self.problem(Diagnostic::error(codes::MISSING_KEY, span(name), title).with_help(help));
        }
        let mut exempt_when = Vec::new();
        if let Some(excuses) = fields.get("exempt_when") {
            for node in excuses.items() {
                let mut fields = Fields::new(node);
                let condition = self.located(fields.get("condition"));
                let reason = self.text(fields.get("reason")).unwrap_or_default();
                self.unknown_keys(&fields);
                if let Some(condition) = self.require(condition, node, "condition") {
                    exempt_when.push(Excuse { condition, reason });
                }
            }
        }
        let category = self.require(category, node, "category");
        let weight = self.require(weight, node, "weight");
        let (Some(category), Some(weight)) = (category, weight) else { return };
        let check = Check {
            id: CheckId(Arc::from(id)),
            title,
            category,
            weight: clamp(weight),
            sets,
            about,
            fix,
            fix_with,
            docs,
            fail,
            judgements,
            exempt_when,
            deviation,
            file: self.file,
            span: span(name),
        };
        replace(&mut self.catalog.checks, check, |a, b| a.id == b.id);
    }

    /// What writes the fix, by name: one or a list.
    fn writers(&mut self, node: Option<&Node>) -> Vec<Writer> {
        let mut writers = Vec::new();
        let one = node.filter(|node| node.as_str().is_some());
        let (one, several) = (one.into_iter(), node.map_or(&[][..], Node::items));
        if node.is_some_and(|node| matches!(node.kind, yaml::Kind::Mapping(_))) {
            self.texts(node);
        }
        for node in one.chain(several) {
            let Some(name) = self.text(Some(node)) else { continue };
            match Writer::from_name(&name) {
                Some(writer) => writers.push(writer),
                None => {
                    let known = || Writer::ALL.into_iter().map(Writer::name);
                    let help = match eyrie_lang::closest(&name, known()) {
                        Some(nearest) => format!("did you mean `{nearest}`?"),
                        None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
                    };
                    let title = format!("there is no fix called `{name}`");
                    self.problem(Diagnostic::error(codes::UNKNOWN_FIX, span(node), title).with_help(help));
                }
            }
        }
        writers
    }

    fn judgement(&mut self, fields: &mut Fields<'_>) -> Judgement {
        let when = self.folds(fields.get("when"));
        let pass = self.folds(fields.get("pass"));
        let near = self.folds(fields.get("near"));
        let score = fields.get("score").and_then(|node| self.score(node));
        Judgement { when, pass, score, near }
    }

    fn folds(&mut self, node: Option<&Node>) -> Vec<Fold> {
        match node {
            Some(node) if matches!(node.kind, yaml::Kind::Mapping(_)) => {
                self.fold(node).into_iter().collect()
            }
            Some(node) if matches!(node.kind, yaml::Kind::Sequence(_)) => {
                node.items().iter().filter_map(|item| self.fold(item)).collect()
            }
            Some(node) => {
                self.shape(node, "a condition over records, or a list of them");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn kind(&mut self, node: Option<&Node>) -> Option<Kind> {
        let node = node?;
        let name = self.text(Some(node))?;
        let kind = Kind::from_name(&name);
        if kind.is_none() {
            let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            let title = format!("there is no kind of record called `{name}`");
            let help = format!("kinds: {}", names.join(", "));
            self.problem(Diagnostic::error(codes::UNKNOWN_KIND, span(node), title).with_help(help));
        }
        kind
    }

    fn records(&mut self, kind: Kind, fields: &mut Fields<'_>) -> Records {
        Records {
            kind,
            first: self.number(fields.get("first")).map(clamp),
            while_: self.located(fields.get("while")),
            where_: self.located(fields.get("where")),
        }
    }

    fn fold(&mut self, node: &Node) -> Option<Fold> {
        if !matches!(node.kind, yaml::Kind::Mapping(_)) {
            self.shape(node, "a condition over records, such as `any: file` with a `condition`");
            return None;
        }
        let mut fields = Fields::new(node);
        let (any, all, none) = (fields.get("any"), fields.get("all"), fields.get("none"));
        let least = self.number(fields.get("at_least")).map(clamp);
        let most = self.number(fields.get("at_most")).map(clamp);
        let (quantifier, kind) = match (any, all, none) {
            (Some(kind), None, None) => match most {
                Some(most) => (Quantifier::AtMost(most), self.kind(Some(kind))),
                None => (Quantifier::AtLeast(least.unwrap_or(1)), self.kind(Some(kind))),
            },
            (None, Some(kind), None) => (Quantifier::All(least.unwrap_or(0)), self.kind(Some(kind))),
            (None, None, Some(kind)) => (Quantifier::AtMost(0), self.kind(Some(kind))),
            (None, None, None) => (Quantifier::AtLeast(1), Some(Kind::Repository)),
            _ => {
                let title = "only one of `any`, `all` and `none` can be given";
                self.problem(Diagnostic::error(codes::SHAPE, span(node), title));
                (Quantifier::AtLeast(1), None)
            }
        };
        let records = kind.map(|kind| self.records(kind, &mut fields));
        let condition = self.located(fields.get("condition"));
        let reason = self.located(fields.get("reason"));
        let value = self.located(fields.get("value"));
        let values = self.located(fields.get("values"));
        let url = self.located(fields.get("url"));
        self.unknown_keys(&fields);
        Some(Fold { quantifier, records: records?, condition, reason, value, values, url, span: span(node) })
    }

    fn group(&mut self, node: &Node, fields: &mut Fields<'_>) -> Option<Group> {
        let each = fields.get("each");
        let each = self.require(each, node, "each");
        let kind = self.kind(each)?;
        let records = self.records(kind, fields);
        Some(Group { records, condition: self.located(fields.get("condition")) })
    }

    fn groups(&mut self, node: Option<&Node>) -> Vec<Group> {
        let mut groups = Vec::new();
        for node in node.map_or(&[][..], Node::items) {
            let mut fields = Fields::new(node);
            groups.extend(self.group(node, &mut fields));
            self.unknown_keys(&fields);
        }
        groups
    }

    fn score(&mut self, node: &Node) -> Option<ScoreForm> {
        let mut fields = Fields::new(node);
        let pass_at = self.number(fields.get("pass_at_tenths"));
        let pass_at = self.require(pass_at, node, "pass_at_tenths");
        let (deductions, share, mean) = (fields.get("deductions"), fields.get("share"), fields.get("mean"));
        self.unknown_keys(&fields);
        let form = match (deductions, share, mean) {
            (Some(node), None, None) => {
                Form::Deductions(node.items().iter().filter_map(|item| self.deduction(item)).collect())
            }
            (None, Some(node), None) => {
                let mut fields = Fields::new(node);
                let count = self.groups(fields.get("count"));
                let of = fields.get("of");
                self.unknown_keys(&fields);
                let of = match of {
                    Some(of) if of.as_i64().is_some() => ShareOf::Number(self.number(Some(of))?),
                    Some(of) => {
                        let mut fields = Fields::new(of);
                        let group = self.group(of, &mut fields);
                        self.unknown_keys(&fields);
                        ShareOf::Group(group?)
                    }
                    None => return self.require(None, node, "of"),
                };
                Form::Share { count, of }
            }
            (None, None, Some(node)) => {
                let mut fields = Fields::new(node);
                let each = fields.get("each");
                let each = self.require(each, node, "each");
                let kind = self.kind(each)?;
                let records = self.records(kind, &mut fields);
                let mut tiers = Vec::new();
                for node in fields.get("tiers").map_or(&[][..], Node::items) {
                    let mut fields = Fields::new(node);
                    let condition = self.located(fields.get("condition"));
                    let points = self.number(fields.get("tenths"));
                    self.unknown_keys(&fields);
                    if let (Some(condition), Some(points)) =
                        (self.require(condition, node, "condition"), self.require(points, node, "tenths"))
                    {
                        tiers.push((condition, points));
                    }
                }
                self.unknown_keys(&fields);
                Form::Mean { records, tiers }
            }
            _ => {
                let title = "a score is one of `deductions`, `share` and `mean`";
                self.problem(Diagnostic::error(codes::SHAPE, span(node), title));
                return None;
            }
        };
        Some(ScoreForm { form, pass_at: pass_at? })
    }

    fn deduction(&mut self, node: &Node) -> Option<Deduction> {
        let mut fields = Fields::new(node);
        let group = self.group(node, &mut fields);
        let less = self.number(fields.get("less_tenths"));
        let most = self.number(fields.get("at_most_tenths"));
        let reason = self.located(fields.get("reason"));
        self.unknown_keys(&fields);
        let effect = match (less, most) {
            (Some(less), None) => Effect::Less(less),
            (None, Some(most)) => Effect::AtMost(most),
            _ => {
                let title = "a deduction has either `less_tenths` or `at_most_tenths`";
                self.problem(Diagnostic::error(codes::SHAPE, span(node), title));
                return None;
            }
        };
        Some(Deduction { group: group?, effect, reason })
    }

    /// Categories and sets that checks name must be declared.
    fn check_names(&mut self) {
        let mut problems = Vec::new();
        for check in &self.catalog.checks {
            let mut wrong = Vec::new();
            if !self.catalog.categories.iter().any(|category| category.id == check.category) {
                wrong.push(format!("the category `{}` is not declared", check.category));
            }
            for set in &check.sets {
                if !self.catalog.sets.iter().any(|known| known.id == *set) {
                    wrong.push(format!("the check set `{set}` is not declared"));
                }
            }
            for title in wrong {
                let help = "declare it in the `catalog` item";
                problems.push((
                    check.file,
                    Diagnostic::error(codes::UNKNOWN_NAME, check.span, title).with_help(help),
                ));
            }
        }
        for (file, diagnostic) in problems {
            self.file = file;
            self.problem(diagnostic);
        }
    }
}

fn replace<T>(all: &mut Vec<T>, item: T, same: impl Fn(&T, &T) -> bool) {
    match all.iter().position(|other| same(other, &item)) {
        Some(at) => all[at] = item,
        None => all.push(item),
    }
}

fn clamp(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
