//! What is said about rule files: [`Problem`], with Falco's [`LoadCode`] and chain of [`Location`]s and with a
//! [`Diagnostic`] that points into the file as somebody wrote it.

use std::sync::Arc;

use eyrie_lang::Span;
use eyrie_lang::diagnostic::{Code, Diagnostic, RenderStyle, Severity, Source, render_with_notes};

use super::written::{Place, SourceFile};
use super::yaml::{Mark, Node};

/// One step of the way to a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// What kind of thing it is: `rule`, `macro condition`, `value for` ….
    pub item: &'static str,
    /// Its name, if it has one.
    pub name: String,
    /// The file; for a place within a condition the start of its text.
    pub file: String,
    /// Counted from 0.
    pub line: usize,
    /// Counted from 0.
    pub column: usize,
    /// Characters from the start of the file.
    pub offset: usize,
}

/// The way to a place.
#[derive(Clone, Debug)]
pub(super) struct Context {
    step: Arc<Step>,
    /// What a diagnostic points to.
    pub(super) place: Place,
    expression: Option<Arc<str>>,
}

#[derive(Debug)]
struct Step {
    parent: Option<Arc<Step>>,
    item: &'static str,
    name: Box<str>,
    file: Arc<str>,
    mark: Mark,
}

impl Context {
    pub(super) fn file(file: usize, name: &str) -> Self {
        let step = Step {
            parent: None,
            item: "rules content",
            name: "".into(),
            file: name.into(),
            mark: Mark::default(),
        };
        Context { step: Arc::new(step), place: Place { file, span: Span::default() }, expression: None }
    }

    /// One step further, to a value in the same file.
    pub(super) fn child(&self, item: &'static str, name: &str, node: &Node) -> Self {
        self.at(item, name, node.mark, node.span)
    }

    pub(super) fn at(&self, item: &'static str, name: &str, mark: Mark, span: Span) -> Self {
        let step = Step {
            parent: Some(Arc::clone(&self.step)),
            item,
            name: name.into(),
            file: Arc::clone(&self.step.file),
            mark,
        };
        let place = Place { file: self.place.file, span };
        Context { step: Arc::new(step), place, expression: None }
    }

    /// The same way, with diagnostics pointing elsewhere.
    pub(super) fn pointing(&self, place: Place) -> Self {
        Context { place, ..self.clone() }
    }

    /// The file's own place, which Falco gives where its YAML library has none.
    pub(super) fn root(&self) -> Self {
        let mut step = Arc::clone(&self.step);
        while let Some(parent) = &step.parent {
            step = Arc::clone(parent);
        }
        Context { step, place: self.place, expression: None }
    }

    /// A place within a condition's text: after `before`, which Falco counts, in what it shows.
    pub(super) fn within_shown(&self, before: &str, shown: &str) -> Self {
        let line = before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.expression(shown, line + 1, before.len() - start + 1, before.len())
    }

    /// A condition's text as a whole.
    pub(super) fn whole(&self, text: &str) -> Self {
        self.expression(text, 0, 0, 0)
    }

    fn expression(&self, text: &str, line: usize, column: usize, offset: usize) -> Self {
        let value = &self.step.mark;
        let mark =
            Mark { line: value.line + line, column: value.column + column, offset: value.offset + offset };
        let (shown, dots) = if text.len() > 20 {
            let end = (0..=17).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            (text.get(..end).unwrap_or_default(), "...")
        } else {
            (text, "")
        };
        let name = format!("\"{}{dots}\"", shown.replace(['\n', '\r'], " "));
        let step = Step {
            parent: Some(Arc::clone(&self.step)),
            item: "condition expression",
            name: "".into(),
            file: name.into(),
            mark,
        };
        Context { step: Arc::new(step), place: self.place, expression: Some(text.into()) }
    }

    pub(super) fn locations(&self) -> Vec<Location> {
        let mut all = Vec::new();
        let mut next = Some(&self.step);
        while let Some(step) = next {
            all.push(Location {
                item: step.item,
                name: step.name.to_string(),
                file: step.file.to_string(),
                line: step.mark.line,
                column: step.mark.column,
                offset: step.mark.offset,
            });
            next = step.parent.as_ref();
        }
        all.reverse();
        all
    }

    pub(super) fn problem(&self, code: LoadCode, ours: Code, title: impl Into<String>) -> Problem {
        let severity = if code.is_error() { Severity::Error } else { Severity::Warning };
        self.with(Some(code), Diagnostic::new(ours, severity, self.place.span, title))
    }

    /// Something that Falco does not say.
    pub(super) fn remark(&self, ours: Code, title: impl Into<String>) -> Problem {
        self.with(None, Diagnostic::warning(ours, self.place.span, title))
    }

    pub(super) fn with(&self, code: Option<LoadCode>, diagnostic: Diagnostic) -> Problem {
        Problem {
            code,
            locations: self.locations(),
            file: self.place.file,
            diagnostic,
            expression: self.expression.clone(),
        }
    }
}

/// File, place, code and title of a problem.
pub(super) type Key = (usize, Span, &'static str, String);

/// Something to tell about a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Falco's code; nothing where Falco has nothing to say.
    pub code: Option<LoadCode>,
    /// Falco's places, from the file down.
    pub locations: Vec<Location>,
    /// The number of the file that the diagnostic points into.
    pub file: usize,
    /// What is wrong, where and what to do.
    pub diagnostic: Diagnostic,
    /// The text that the last location is in, if it is a condition's.
    pub(super) expression: Option<Arc<str>>,
}

impl Problem {
    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.diagnostic.title
    }

    /// Falco's code, if Falco would say it.
    pub fn falco_code(&self) -> Option<&'static str> {
        self.code.map(LoadCode::name)
    }

    /// What makes two problems the same, however they were found.
    pub(super) fn key(&self) -> Key {
        let diagnostic = &self.diagnostic;
        (self.file, diagnostic.span, diagnostic.code.name, diagnostic.title.clone())
    }

    /// Whether it says that nothing uses something.
    pub(super) fn is_unused(&self) -> bool {
        matches!(self.code, Some(LoadCode::UnusedMacro | LoadCode::UnusedList))
    }

    /// The number of the file in whose report it belongs.
    pub(super) fn item_file(&self, files: &[SourceFile]) -> usize {
        let name = self.locations.first().map(|location| location.file.as_str());
        // Of files of one name, the one that the diagnostic points into, or the last.
        match files.get(self.file) {
            Some(file) if Some(file.name.as_str()) == name => self.file,
            _ => files.iter().rposition(|file| Some(file.name.as_str()) == name).unwrap_or(self.file),
        }
    }

    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.diagnostic.help.push(text.into());
        self
    }

    pub(super) fn help_if(mut self, text: Option<String>) -> Self {
        self.diagnostic.help.extend(text);
        self
    }

    /// A remark on another place: beside the text if it is in the same file, else as help.
    pub(super) fn remark(mut self, place: Place, text: &str, files: &[SourceFile]) -> Self {
        if place.file == self.file {
            self.diagnostic = self.diagnostic.with_remark(place.span, text);
            return self;
        }
        let Some(file) = files.get(place.file) else { return self };
        let (line, column) = file.position(place.span.start);
        self.help(format!("{text} ({}:{line}:{column})", file.name))
    }

    /// Line and column in the file, both from 1.
    pub fn position(&self, files: &[SourceFile]) -> (usize, usize) {
        files.get(self.file).map_or((1, 1), |file| file.position(self.diagnostic.span.start))
    }

    /// Draws it with the lines of the file that it is about.
    pub fn render(&self, files: &[SourceFile], style: RenderStyle) -> String {
        let mut diagnostic = self.diagnostic.clone();
        let note = self.code.map(|code| format!("Falco's code is {}", code.name()));
        let Some(file) = files.get(self.file) else { return diagnostic.to_string() };
        // Only the lines around, however large the file is.
        let spans = diagnostic.labels.iter().map(|label| label.span).chain([diagnostic.span]);
        let (first, last) =
            spans.fold((usize::MAX, 0), |(first, last), span| (first.min(span.start), last.max(span.end)));
        let (start, excerpt) = file.lines(Span::new(first, last));
        let first_line = file.position(start).0;
        let move_back =
            |span: Span| Span::new(span.start.saturating_sub(start), span.end.saturating_sub(start));
        diagnostic.span = move_back(diagnostic.span);
        for label in &mut diagnostic.labels {
            label.span = move_back(label.span);
        }
        let source = Source { name: Some(&file.name), text: excerpt, first_line };
        let notes: Vec<&str> = note.as_deref().into_iter().collect();
        render_with_notes(&diagnostic, &notes, source, style)
    }
}

macro_rules! load_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $short:literal;)*) => {
        /// Falco's codes for what can be wrong with rule files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum LoadCode {
            $($(#[$doc])* $variant,)*
        }

        impl LoadCode {
            /// The code as Falco writes it.
            pub fn name(self) -> &'static str {
                match self { $(LoadCode::$variant => $name,)* }
            }

            /// What it means, in a few words.
            pub fn meaning(self) -> &'static str {
                match self { $(LoadCode::$variant => $short,)* }
            }
        }
    };
}

load_codes! {
    /// The file cannot be read. The caller reads files, and tells of it.
    FileRead = "LOAD_ERR_FILE_READ", "the file cannot be read";
    /// The file is not YAML.
    YamlParse = "LOAD_ERR_YAML_PARSE", "not YAML";
    /// A value is missing or of the wrong kind.
    YamlValidate = "LOAD_ERR_YAML_VALIDATE", "a value is missing or of the wrong kind";
    /// A condition does not compile.
    CompileCondition = "LOAD_ERR_COMPILE_CONDITION", "the condition does not compile";
    /// An output does not compile.
    CompileOutput = "LOAD_ERR_COMPILE_OUTPUT", "the output does not compile";
    /// An item does not fit the others.
    Validate = "LOAD_ERR_VALIDATE", "an item does not fit the others";
    /// A rule is for a source that there is not.
    UnknownSource = "LOAD_UNKNOWN_SOURCE", "the source is not known";
    /// A field of audit events is compared with `<NA>`.
    UnsafeNaCheck = "LOAD_UNSAFE_NA_CHECK", "a comparison with <NA> does not do what it seems to do";
    /// A rule is looked at for too many kinds of events.
    NoEventType = "LOAD_NO_EVTTYPE", "the rule is looked at for too many types of events";
    /// A rule is left out because it uses a field that there is not, as it asked for.
    UnknownFilter = "LOAD_UNKNOWN_FILTER", "the rule uses what is not known and is left out, as it asks for";
    /// Nothing uses the macro.
    UnusedMacro = "LOAD_UNUSED_MACRO", "nothing uses the macro";
    /// Nothing uses the list.
    UnusedList = "LOAD_UNUSED_LIST", "nothing uses the list";
    /// An item is of no known kind.
    UnknownItem = "LOAD_UNKNOWN_ITEM", "the item is of no known kind";
    /// Something should be written in another way today.
    DeprecatedItem = "LOAD_DEPRECATED_ITEM", "something is written in an old way";
    /// An exception is appended to without values.
    AppendNoValues = "LOAD_APPEND_NO_VALUES", "the exception adds no values";
    /// Two exceptions of a rule have one name.
    ExceptionNameNotUnique = "LOAD_EXCEPTION_NAME_NOT_UNIQUE", "two exceptions have one name";
    /// No condition can contain the macro's name.
    InvalidMacroName = "LOAD_INVALID_MACRO_NAME", "no condition can name the macro";
    /// No condition can contain the list's name.
    InvalidListName = "LOAD_INVALID_LIST_NAME", "no condition can name the list";
    /// A condition is probably not what was meant.
    ConditionWarning = "LOAD_COMPILE_CONDITION", "the condition is probably not what was meant";
    /// A key is not known.
    UnknownKey = "LOAD_UNKNOWN_KEY", "the key is not known";
}

impl LoadCode {
    /// Whether files with it do not load.
    pub fn is_error(self) -> bool {
        matches!(
            self,
            LoadCode::FileRead
                | LoadCode::YamlParse
                | LoadCode::YamlValidate
                | LoadCode::CompileCondition
                | LoadCode::CompileOutput
                | LoadCode::Validate
        )
    }
}
