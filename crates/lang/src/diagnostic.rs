//! What we say about text that a user wrote: [`Diagnostic`], with a stable [`Code`], a [`Span`] in the text, labels and
//! help; and [`render`], which draws it with a caret under the text. Nothing here prints.

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

/// A stretch of a text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end: end.max(start) }
    }

    /// The place before byte `at`.
    pub fn at(at: usize) -> Self {
        Span { start: at, end: at }
    }

    /// From the start of `self` to the end of `other`.
    #[must_use]
    pub fn to(self, other: Span) -> Self {
        Span::new(self.start, other.end)
    }

    /// The span moved to the right by `bytes`.
    #[must_use]
    pub fn shifted(self, bytes: usize) -> Self {
        Span { start: self.start.saturating_add(bytes), end: self.end.saturating_add(bytes) }
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Span::new(range.start, range.end)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably not what was meant; accepted.
    Warning,
    /// Refused.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// What a diagnostic is about: a stable kebab-case name and one sentence that explains it. Crates declare theirs as
/// constants, with a test that no name is given twice.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// Such as `unknown-field`.
    pub name: &'static str,
    /// What it means.
    pub description: &'static str,
}

impl Code {
    /// Declares a code.
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        Code { name, description }
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Code {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A remark on a part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Which part.
    pub span: Span,
    /// The remark.
    pub text: String,
}

/// Something to tell about text that a user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub span: Span,
    /// What is wrong, in one line without a full stop.
    pub title: String,
    /// What stands under the caret, if anything.
    pub label: Option<String>,
    /// Remarks on other parts of the text.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
    /// Where Falco puts this problem, when that is not the start of `span`.
    pub anchor: Option<usize>,
    /// The macro whose text `span` points into, when that is not the text that was checked.
    pub within: Option<Box<str>>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, span: Span, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, title)
    }

    /// A warning.
    pub fn warning(code: Code, span: Span, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, span, title)
    }

    /// A diagnostic without labels and help.
    pub fn new(code: Code, severity: Severity, span: Span, title: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity,
            span,
            title: title.into(),
            label: None,
            labels: Vec::new(),
            help: Vec::new(),
            anchor: None,
            within: None,
        }
    }

    /// Sets what stands under the caret.
    #[must_use]
    pub fn with_label(mut self, text: impl Into<String>) -> Self {
        self.label = Some(text.into());
        self
    }

    /// Adds a remark on another part of the text.
    #[must_use]
    pub fn with_remark(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds help where there is any.
    #[must_use]
    pub fn with_help_if(mut self, text: Option<String>) -> Self {
        self.help.extend(text);
        self
    }

    /// Sets where Falco puts the problem.
    #[must_use]
    pub fn with_anchor(mut self, at: usize) -> Self {
        self.anchor = Some(at);
        self
    }

    /// Where Falco puts the problem: a byte of the text.
    pub fn anchor(&self) -> usize {
        self.anchor.unwrap_or(self.span.start)
    }

    /// Whether what it is about is refused.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The title with its code, for where there is no room for the text.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.code, self.title)
    }
}

impl std::error::Error for Diagnostic {}

/// The text that diagnostics point into.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// A file's path or another name for the text; shown before the position.
    pub name: Option<&'a str>,
    /// The text.
    pub text: &'a str,
    /// The number of the text's first line.
    pub first_line: usize,
}

impl<'a> Source<'a> {
    /// A text without a name, from line 1.
    pub fn new(text: &'a str) -> Self {
        Source { name: None, text, first_line: 1 }
    }

    /// Names the text.
    #[must_use]
    pub fn named(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// The line and column of a byte, both counted from 1, columns in characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..clip(self.text, byte)).unwrap_or_default();
        let line = before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or_default().chars().count();
        (self.first_line + line, column + 1)
    }
}

/// How a diagnostic is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderStyle {
    /// With terminal colours.
    pub color: bool,
    /// With box-drawing characters; plain ASCII otherwise.
    pub unicode: bool,
    /// How many columns there are; long lines are cut to fit.
    pub width: usize,
}

impl Default for RenderStyle {
    fn default() -> Self {
        RenderStyle { color: false, unicode: false, width: 120 }
    }
}

/// Draws a diagnostic with the text that it is about, without a line break at the end.
///
/// ```
/// use eyrie_lang::diagnostic::{Code, Diagnostic, RenderStyle, Source, Span, render};
/// const CODE: Code = Code::new("unknown-field", "The field is not in the schema.");
/// let diagnostic = Diagnostic::error(CODE, Span::new(0, 9), "there is no field `proc.nmae`");
/// let text = render(&diagnostic, Source::new("proc.nmae = cat"), RenderStyle::default());
/// assert!(text.starts_with("error[unknown-field]: there is no field `proc.nmae`"));
/// assert!(text.contains("^^^^^^^^^"));
/// ```
pub fn render(diagnostic: &Diagnostic, source: Source<'_>, style: RenderStyle) -> String {
    render_with_notes(diagnostic, &[], source, style)
}

/// Draws a diagnostic as [`render`] does, with notes below the help.
pub fn render_with_notes(
    diagnostic: &Diagnostic,
    notes: &[&str],
    source: Source<'_>,
    style: RenderStyle,
) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut snippet: Snippet<'_, Annotation<'_>> =
        Snippet::source(source.text).line_start(source.first_line).fold(true).annotation(annotation(
            AnnotationKind::Primary,
            source.text,
            diagnostic.span,
            diagnostic.label.as_deref(),
        ));
    if let Some(name) = source.name {
        snippet = snippet.path(name);
    }
    for label in &diagnostic.labels {
        snippet = snippet.annotation(annotation(
            AnnotationKind::Context,
            source.text,
            label.span,
            Some(&label.text),
        ));
    }
    let mut group: Group<'_> =
        level.primary_title(diagnostic.title.as_str()).id(diagnostic.code.name).element(snippet);
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    for note in notes {
        group = group.element(Level::NOTE.message(*note));
    }
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let decor = if style.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    renderer.decor_style(decor).term_width(style.width).render(&[group])
}

fn annotation<'a>(kind: AnnotationKind, text: &str, span: Span, label: Option<&'a str>) -> Annotation<'a> {
    let start = clip(text, span.start);
    let end = clip(text, span.end).max(start);
    let annotation = kind.span(start..end);
    match label {
        Some(label) => annotation.label(label),
        None => annotation,
    }
}

/// The nearest place at or before `byte` that lies between two characters of `text`.
fn clip(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}
