//! Where in the files something is, as Falco tells it: a chain of items from the file down to the value. And what is said
//! about it: [`Problem`] with a [`LoadCode`].

use eyrie_lang::Diagnostic;

use super::yaml::Mark;

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
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Context(pub(super) Vec<Location>);

impl Context {
    pub(super) fn file(name: &str) -> Self {
        Context::default().step("rules content", "", Mark::default(), name)
    }

    fn step(&self, item: &'static str, name: &str, mark: Mark, file: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Location {
            item,
            name: name.to_string(),
            file: file.to_string(),
            line: mark.line,
            column: mark.column,
            offset: mark.offset,
        });
        Context(steps)
    }

    /// One step further, in the same file.
    pub(super) fn child(&self, item: &'static str, name: &str, mark: Mark) -> Self {
        let file = self.0.last().map(|last| last.file.clone()).unwrap_or_default();
        self.step(item, name, mark, &file)
    }

    /// A place within a condition's text.
    pub(super) fn within(&self, text: &str, at: usize) -> Self {
        let Some(value) = self.0.last() else { return self.clone() };
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let mark = Mark {
            line: value.line + line + 1,
            column: value.column + (before.len() - start) + 1,
            offset: value.offset + before.len(),
        };
        let shown: String = text.chars().take(18).collect();
        let dots = if shown.len() < text.len() { "..." } else { "" };
        self.step("condition expression", "", mark, &format!("\"{shown}{dots}\""))
    }

    pub(super) fn problem(&self, code: LoadCode, message: impl Into<String>) -> Problem {
        Problem { code, message: message.into(), locations: self.0.clone(), diagnostic: None }
    }
}

/// Something to tell about a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Falco's code.
    pub code: LoadCode,
    /// What is wrong.
    pub message: String,
    /// Where, from the file down.
    pub locations: Vec<Location>,
    /// For what is wrong within a condition or an output: the diagnostic, with its place in that text.
    pub diagnostic: Option<Diagnostic>,
}

macro_rules! load_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
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
        }
    };
}

load_codes! {
    /// The file is not YAML.
    YamlParse = "LOAD_ERR_YAML_PARSE",
    /// A value is missing or of the wrong kind.
    YamlValidate = "LOAD_ERR_YAML_VALIDATE",
    /// A condition does not compile.
    CompileCondition = "LOAD_ERR_COMPILE_CONDITION",
    /// An output does not compile.
    CompileOutput = "LOAD_ERR_COMPILE_OUTPUT",
    /// An item does not fit the others.
    Validate = "LOAD_ERR_VALIDATE",
    /// A rule is for a source that there is not.
    UnknownSource = "LOAD_UNKNOWN_SOURCE",
    /// A rule is looked at for too many kinds of events.
    NoEventType = "LOAD_NO_EVTTYPE",
    /// A rule is left out because it uses a field that there is not, as it asked for.
    UnknownFilter = "LOAD_UNKNOWN_FILTER",
    /// Nothing uses the macro.
    UnusedMacro = "LOAD_UNUSED_MACRO",
    /// Nothing uses the list.
    UnusedList = "LOAD_UNUSED_LIST",
    /// An item is of no known kind.
    UnknownItem = "LOAD_UNKNOWN_ITEM",
    /// Something should be written in another way today.
    DeprecatedItem = "LOAD_DEPRECATED_ITEM",
    /// An exception is appended to without values.
    AppendNoValues = "LOAD_APPEND_NO_VALUES",
    /// Two exceptions of a rule have one name.
    ExceptionNameNotUnique = "LOAD_EXCEPTION_NAME_NOT_UNIQUE",
    /// No condition can contain the macro's name.
    InvalidMacroName = "LOAD_INVALID_MACRO_NAME",
    /// No condition can contain the list's name.
    InvalidListName = "LOAD_INVALID_LIST_NAME",
    /// A condition is probably not what was meant.
    ConditionWarning = "LOAD_COMPILE_CONDITION",
    /// A key is not known.
    UnknownKey = "LOAD_UNKNOWN_KEY",
}
