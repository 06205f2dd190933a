//! Falco's output strings: `%field`, `%field[argument]`, a width (`%20field`), transformers (`%toupper(field)`), `<NA>` for what
//! is not there, lists as `(a,b)`. [`OutputFormat`] is checked once and rendered for each finding.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eyrie_lang::ast::{FieldName, Operand, Transformer};
use eyrie_lang::diagnostic::Code;
use eyrie_lang::parse::{Limits, parse_operand};
use eyrie_lang::schema::{Arity, FieldInfo};
use eyrie_lang::{Compiler, Diagnostic, Presence, Program, Run, Span, Value, ValueId, closest};

/// A percent sign is not followed by a field.
pub const NO_FIELD: Code =
    Code::new("output-no-field", "A percent sign has to be followed by a field or a transformer.");
/// A format ends with a percent sign.
pub const LONE_PERCENT: Code =
    Code::new("output-lone-percent", "An output format cannot end with a percent sign.");

/// What stands for a value that is not there.
pub const NOT_AVAILABLE: &str = "<NA>";

/// The widest that a value can be made.
const MAX_WIDTH: usize = 4096;

/// A text with the places of values in it.
///
/// Compiled together with conditions, so that a field that a condition has looked at is not extracted again:
///
/// ```
/// use eyrie_engine::OutputFormat;
/// use eyrie_lang::{Compiler, Field, FieldInfo, Fields, Presence, Scratch, StaticSchema, Type, Values};
///
/// struct File(&'static str);
/// impl Fields for File {
///     fn extract<'a>(&'a self, _: &Field, out: &mut Values<'a>) -> Presence { out.text(self.0) }
/// }
///
/// let schema = StaticSchema::new(vec![FieldInfo::new("file.path", Type::FsPath, "where it is")])?;
/// let mut compiler = Compiler::new(&schema);
/// let format = OutputFormat::compile("%file.path is empty", &mut compiler).map_err(|p| p[0].to_string())?;
/// let program = compiler.finish();
/// let (file, mut scratch) = (File("README.md"), Scratch::new());
/// assert_eq!(format.text(&mut program.start(&file, &mut scratch)), "README.md is empty");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFormat {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Shown),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    value: ValueId,
    width: Option<usize>,
    name: String,
    /// The fields that it is made from, as they are written.
    fields: Vec<(String, ValueId)>,
    /// It is a length, which Falco does not show.
    is_len: bool,
}

/// How values are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Raw bytes as base64: Falco's `buffer_format_base64`.
    pub base64: bool,
    /// What Falco gets wrong is shown as Falco shows it: `%len(...)` as `<NA>`, base64 encoded twice.
    pub strict_compat: bool,
}

impl OutputFormat {
    /// Checks a format against the compiler's schema and adds its values.
    ///
    /// A field's name is the longest that the schema has: `%proc.nameX` is `%proc.name` and an `X`. Brackets that are no
    /// argument of the field are text.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn compile(text: &str, compiler: &mut Compiler<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut parts = Vec::new();
        let mut problems = Vec::new();
        let mut rest = 0;
        while let Some(found) = text.get(rest..).and_then(|tail| tail.find('%')) {
            let percent = rest + found;
            push_text(&mut parts, text.get(rest..percent).unwrap_or_default());
            let tail = text.get(percent + 1..).unwrap_or_default();
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            let at = percent + 1 + digits;
            match operand_at(text, at, compiler) {
                Ok((operand, len)) => {
                    let width = tail.get(..digits).and_then(|digits| digits.parse::<usize>().ok());
                    let width = width.filter(|width| *width > 0).map(|width| width.min(MAX_WIDTH));
                    parts.push(Part::Value(Shown { width, ..operand }));
                    rest = at + len;
                }
                Err(found) => {
                    problems.extend(found);
                    rest = at;
                }
            }
        }
        push_text(&mut parts, text.get(rest..).unwrap_or_default());
        if problems.is_empty() { Ok(OutputFormat { parts }) } else { Err(problems) }
    }

    /// The text with the values of these fields.
    pub fn text(&self, run: &mut Run<'_>) -> String {
        let mut out = String::new();
        self.render(run, Style::default(), &mut out);
        out
    }

    /// Appends the text with the values of these fields, and says whether all values are there. What is not is shown as
    /// `<NA>`.
    pub fn render(&self, run: &mut Run<'_>, style: Style, out: &mut String) -> bool {
        let mut complete = true;
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(shown) => {
                    let start = out.len();
                    if shown.is_len && style.strict_compat {
                        out.push_str(NOT_AVAILABLE);
                        complete = false;
                    } else {
                        complete &= render_value(run, shown.value, style, out);
                    }
                    if let Some(width) = shown.width {
                        fit(out, start, width);
                    }
                }
            }
        }
        complete
    }

    /// The values in it, with what they are called, in the order of the text.
    pub fn values(&self) -> impl Iterator<Item = (&str, ValueId)> {
        self.shown().map(|shown| (shown.name.as_str(), shown.value))
    }

    /// The value, if the format is one value at its natural width and no text.
    pub fn sole_value(&self) -> Option<ValueId> {
        match self.parts.as_slice() {
            [Part::Value(Shown { value, width: None, .. })] => Some(*value),
            _ => None,
        }
    }

    /// The fields that are shown or transformed, as they are written, with their values, in the order of the text.
    pub fn fields(&self) -> impl Iterator<Item = (&str, ValueId)> {
        self.shown().flat_map(|shown| shown.fields.iter().map(|(name, value)| (name.as_str(), *value)))
    }

    fn shown(&self) -> impl Iterator<Item = &Shown> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value(shown) => Some(shown),
        })
    }

    /// The names of the fields that are shown or transformed, each once, in the order of the text.
    pub fn field_names(&self, program: &Program) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, value) in self.values() {
            for field in program.value_fields(value) {
                let name = field.to_string();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
        return;
    }
    match parts.last_mut() {
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_string())),
    }
}

/// Appends a value as a finding's text shows it, and says whether it is there.
pub fn render_value(run: &mut Run<'_>, value: ValueId, style: Style, out: &mut String) -> bool {
    let presence = run.presence(value);
    let (open, separator, close) = match run.program().value_arity(value) {
        Arity::One => ("", "", ""),
        Arity::List => ("(", ",", ")"),
        Arity::Any => ("", " ", ""),
        // Which side would be shown is not said.
        Arity::Sides => {
            out.push_str(NOT_AVAILABLE);
            return false;
        }
    };
    if presence != Presence::Present {
        out.push_str(NOT_AVAILABLE);
        return false;
    }
    out.push_str(open);
    for (at, item) in run.values(value).enumerate() {
        if at > 0 {
            if separator.is_empty() {
                break;
            }
            out.push_str(separator);
        }
        show(run, value, item, style, out);
    }
    out.push_str(close);
    true
}

/// Appends one of a field's values as it is shown.
pub(crate) fn show(run: &Run<'_>, of: ValueId, value: Value<'_>, style: Style, out: &mut String) {
    match (value, run.program().value_field(of)) {
        (Value::Bytes(bytes), _) if style.base64 => {
            let once = STANDARD.encode(bytes);
            if style.strict_compat {
                STANDARD.encode_string(once, out);
            } else {
                out.push_str(&once);
            }
        }
        (value, Some(field)) => run.display(field, value, out),
        (value, None) => {
            // Writing to a string does not fail.
            let _ = write!(out, "{value}");
        }
    }
}

/// Cuts what stands in `out` from `start` on to `width` characters, or fills it up with blanks.
fn fit(out: &mut String, start: usize, width: usize) {
    let tail = out.get(start..).unwrap_or_default();
    match tail.char_indices().nth(width) {
        Some((end, _)) => out.truncate(start + end),
        None => {
            let missing = width - tail.chars().count();
            out.extend(std::iter::repeat_n(' ', missing));
        }
    }
}

/// The field or transformer that stands at `at`, and the length of its text.
fn operand_at(text: &str, at: usize, compiler: &mut Compiler<'_>) -> Result<(Shown, usize), Vec<Diagnostic>> {
    let tail = text.get(at..).unwrap_or_default();
    if tail.is_empty() {
        let span = Span::new(at.saturating_sub(1), at);
        return Err(vec![
            Diagnostic::error(LONE_PERCENT, span, "the format ends with `%`")
                .with_help("there is no way to write a percent sign"),
        ]);
    }
    let parsed = parse_operand(tail, Limits::default());
    if let Ok(Some((operand @ Operand::Call { .. }, len))) = &parsed {
        return shown(operand, operand.to_string(), compiler)
            .map(|shown| (shown, *len))
            .map_err(|problems| shifted(problems, at));
    }
    let schema = compiler.schema();
    let name_len = tail.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')).count();
    let mut first_problem = None;
    // With its brackets, if they are an argument; then without, name by name.
    let whole = match &parsed {
        Ok(Some((Operand::Field(field), len))) if field.argument.is_some() => Some((field.clone(), *len)),
        _ => None,
    };
    let shorter = (1..=name_len).rev().filter_map(|len| {
        let name = tail.get(..len)?;
        (!name.ends_with('.'))
            .then(|| (FieldName { name: name.into(), argument: None, span: Span::new(0, len) }, len))
    });
    for (field, len) in whole.into_iter().chain(shorter) {
        match schema.resolve(&field.name, field.argument.as_deref()) {
            Ok(resolved) => {
                let name = resolved.to_string();
                return shown(&Operand::Field(field), name, compiler)
                    .map(|shown| (shown, len))
                    .map_err(|problems| shifted(problems, at));
            }
            Err(problem) => {
                first_problem.get_or_insert((problem, len));
            }
        }
    }
    let diagnostic = match (parsed, first_problem) {
        // A transformer that is not complete, rather than a word and a parenthesis.
        (Err(problem), _) if tail.get(name_len..).is_some_and(|rest| rest.starts_with('(')) => *problem,
        (Err(problem), None) => *problem,
        (_, Some((problem, len))) if name_len > 0 => {
            let name = tail.get(..name_len).unwrap_or_default();
            Diagnostic::error(NO_FIELD, Span::new(0, len), problem.to_string())
                .with_help_if(suggestion(name, schema.fields()))
        }
        _ => Diagnostic::error(NO_FIELD, Span::new(0, 0), "expected a field or a transformer after `%`")
            .with_help("there is no way to write a percent sign"),
    };
    Err(shifted(vec![diagnostic], at))
}

fn shown(operand: &Operand, name: String, compiler: &mut Compiler<'_>) -> Result<Shown, Vec<Diagnostic>> {
    let value = compiler.add_value(operand)?;
    let mut fields = Vec::new();
    inner_fields(operand, compiler, &mut fields)?;
    let is_len = matches!(operand, Operand::Call { transformer: Transformer::Len, .. });
    Ok(Shown { value, width: None, name, fields, is_len })
}

/// The fields that an operand is made from.
fn inner_fields(
    operand: &Operand,
    compiler: &mut Compiler<'_>,
    fields: &mut Vec<(String, ValueId)>,
) -> Result<(), Vec<Diagnostic>> {
    match operand {
        Operand::Field(field) | Operand::Val { field, .. } => {
            let value = compiler.add_value(&Operand::Field(field.clone()))?;
            fields.push((field.to_string(), value));
        }
        Operand::Call { arguments: parts, .. } | Operand::List { items: parts, .. } => {
            for part in parts {
                inner_fields(part, compiler, fields)?;
            }
        }
        Operand::Literal(_) => {}
    }
    Ok(())
}

fn suggestion(name: &str, fields: &[FieldInfo]) -> Option<String> {
    let names = fields.iter().filter(|field| !field.flags.hidden).map(|field| field.name.as_ref());
    closest(name.trim_end_matches('.'), names).map(|meant| format!("did you mean `%{meant}`?"))
}

fn shifted(problems: Vec<Diagnostic>, by: usize) -> Vec<Diagnostic> {
    problems
        .into_iter()
        .map(|mut problem| {
            problem.span = problem.span.shifted(by);
            problem.anchor = problem.anchor.map(|anchor| anchor + by);
            for label in &mut problem.labels {
                label.span = label.span.shifted(by);
            }
            problem
        })
        .collect()
}
