//! The [`Code`]s of what is said about rule files, beside those of [`eyrie_lang::codes`] for what is in conditions.

use eyrie_lang::diagnostic::Code;

macro_rules! codes {
    ($($constant:ident = $name:literal, $description:literal;)*) => {
        $(#[doc = $description] pub const $constant: Code = Code::new($name, $description);)*

        /// Every code of this module.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    NOT_YAML = "not-yaml", "The file is not YAML.";
    NOT_ITEMS = "not-items", "A document of a rule file is not a list of items.";
    NOT_AN_ITEM = "not-an-item", "An item of a rule file is not a map.";
    UNKNOWN_ITEM = "unknown-item", "An item is of no known kind and is left out.";
    UNKNOWN_KEY = "unknown-key", "A key is not known here and is left out.";
    DUPLICATE_KEY = "duplicate-key", "A key is given twice; only the first counts.";
    MISSING_KEY = "missing-key", "A key is missing that the item has to have.";
    EMPTY_VALUE = "empty-value", "A value has no text.";
    WRONG_KIND = "wrong-kind", "A value is of another kind than the key takes: plain, a list or a map.";
    BAD_VALUE = "bad-value", "The key cannot have this value.";
    BAD_VERSION = "bad-version", "A version is not three numbers separated by dots.";
    ENGINE_VERSION = "engine-version", "The rules need a newer engine.";
    PLUGIN_TWICE = "plugin-twice", "A plugin is named twice in one requirement.";
    PLUGIN_MISSING = "plugin-missing", "The rules need a plugin that is not loaded, or another version of it.";
    UNKNOWN_PRIORITY = "unknown-priority", "There is no such priority.";
    UNKNOWN_SOURCE = "unknown-source", "There is no such source of events; the rule is left out.";
    SOURCE_CHANGED = "source-changed", "A rule is defined again for another source.";
    NOTHING_TO_CHANGE = "nothing-to-change", "An item changes another one that is not there yet.";
    NOTHING_APPENDED = "nothing-appended", "An item appends to a rule and has nothing to append.";
    BAD_OVERRIDE = "bad-override", "An override names what cannot be changed in that way.";
    APPEND_AND_OVERRIDE = "append-and-override", "An item has both an override and the old append.";
    DEPRECATED_APPEND = "deprecated-append", "The old append is used; override says what is appended.";
    DEPRECATED_ENABLED = "deprecated-enabled", "A rule is switched in the old way, without an override.";
    DEPRECATED_FIELD = "deprecated-field-used", "A field is used that should not be used any more.";
    CONTAINER_INFO = "container-info", "The placeholder %container.info stands for nothing any more.";
    MACRO_NAME = "macro-name-unusable", "No condition can name the macro.";
    LIST_NAME = "list-name-unusable", "No condition can name the list.";
    MACRO_CYCLE = "macro-cycle", "A macro stands for itself.";
    MACRO_CHAIN = "macro-chain", "Too many macros use one another in a chain.";
    EXCEPTION_FIELDS = "exception-fields", "An exception's fields are missing or not fields.";
    EXCEPTION_OPERATORS = "exception-operators", "An exception's operators do not fit its fields.";
    EXCEPTION_VALUES = "exception-values", "An exception's values do not fit its fields.";
    EXCEPTION_REDEFINED = "exception-redefined", "Only values can be added to an exception that there is.";
    DUPLICATE_EXCEPTION = "duplicate-exception", "Two exceptions of a rule have one name.";
    EXCEPTION_WITHOUT_VALUES = "exception-without-values", "An exception is appended to without values.";
    EMPTY_OUTPUT = "empty-output", "Nothing is left of the output.";
    UNSAFE_NA = "unsafe-na", "A field of audit events is compared with the text `<NA>`.";
    MANY_EVENTS = "many-events", "A rule is looked at for more than a hundred types of events.";
    NEVER_MATCHES = "never-matches", "A rule cannot match: its condition contradicts itself.";
    DEAD_ALTERNATIVE = "dead-alternative", "An alternative of a condition can never hold beside the rest of the condition.";
    SHADOWED_RULE = "shadowed-rule", "Whatever the rule matches an earlier rule matches, too, so that it is never reported where the first match counts.";
    REPEATED = "repeated-comparison", "A comparison stands twice in a condition.";
    COSTLY_FIRST = "costly-first", "A costly comparison is made before a cheap one that could make it needless.";
    USE_IN = "use-in", "Several comparisons of one field can be written as one with a list.";
    SHADOWED_MACRO = "shadowed-macro", "A list has the name of a macro, which then cannot be used.";
    LIST_IS_KEYWORD = "list-is-keyword", "A list has the name of a keyword or operator, which it replaces in conditions.";
    REDEFINED = "redefined", "An item is defined again, which replaces the earlier definition.";
    BROKEN_MACRO = "broken-macro", "A macro that nothing uses would not compile.";
    UNKNOWN_EXTENSION = "unknown-extension", "A file says that it uses an extension that there is not.";
    SEQUENCE_STEPS = "sequence-steps", "A sequence has less than two steps.";
    STEP_NAME = "step-name", "A step of a sequence cannot have this name.";
    UNEQUAL_BY = "unequal-by", "Not all steps of a sequence are joined by the same number of fields.";
    BAD_BY = "bad-by", "Events cannot be joined by this.";
    NAME_TAKEN = "name-taken", "Another rule has the name.";
    UNUSED_MACRO = "unused-macro", "Nothing uses the macro.";
    UNUSED_LIST = "unused-list", "Nothing uses the list.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let all = super::ALL.iter().chain(eyrie_lang::codes::ALL);
        let names: BTreeSet<_> = all.clone().map(|code| code.name).collect();
        assert_eq!(names.len(), all.count());
        for code in super::ALL {
            assert!(code.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert!(code.description.ends_with('.'), "{code}");
        }
    }
}
