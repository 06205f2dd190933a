//! The [`Code`]s of this crate's diagnostics: every one of them, with what it means.

use crate::diagnostic::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $description:literal;)*) => {
        $(#[doc = $description] pub const $constant: Code = Code::new($name, $description);)*

        /// Every code of this crate.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    EMPTY_CONDITION = "empty-condition", "The condition has no text.";
    CONDITION_TOO_LONG = "condition-too-long", "The condition has more text than the limit allows.";
    CONDITION_TOO_DEEP = "condition-too-deep", "The condition nests more parentheses, transformers or macros than the limit allows.";
    EXPECTED_CHECK = "expected-check", "A comparison, a macro or a parenthesis has to stand here.";
    EXPECTED_OPERATOR = "expected-operator", "A comparison operator has to stand here.";
    EXPECTED_VALUE = "expected-value", "A value has to stand here.";
    EXPECTED_NUMBER = "expected-number", "The operators <, <=, > and >= take a number or a field.";
    EXPECTED_LIST = "expected-list", "The operators in, intersects and pmatch take a list or a field.";
    EXPECTED_ARGUMENT = "expected-argument", "An argument has to stand here.";
    EXPECTED_BLANK = "expected-blank", "A keyword needs a blank or a parenthesis after it.";
    UNCLOSED = "unclosed", "A parenthesis or bracket is not closed.";
    UNEXPECTED_TEXT = "unexpected-text", "The condition was complete, yet there is more text.";
    BAD_ESCAPE = "bad-escape", "A quoted text contains a backslash with a letter that has no meaning.";

    UNKNOWN_FIELD = "unknown-field", "The schema has no field of this name.";
    BAD_FIELD_ARGUMENT = "bad-field-argument", "A field's argument is missing or not one that the field takes.";
    UNWANTED_FIELD_ARGUMENT = "unwanted-field-argument", "The field takes no argument.";
    PRINT_ONLY_FIELD = "print-only-field", "The field may be used in output only.";
    UNKNOWN_MACRO = "unknown-macro", "There is no macro of this name.";
    MACRO_NAME = "macro-name", "A macro's name must be one word of letters, digits and underscores.";
    OPERATOR_TYPE = "operator-type", "The operator cannot be used on values of this type.";
    NOT_COMPARABLE = "not-comparable", "Nothing can be compared with this field, it can only be asked whether it exists.";
    BAD_NUMBER = "bad-number", "The value is compared with a number and is not one.";
    BAD_BOOLEAN = "bad-boolean", "The value is compared with a truth value and is neither true nor false.";
    BAD_PORT = "bad-port", "The value is neither a port number nor the name of a service.";
    BAD_ADDRESS = "bad-address", "The value is not an IPv4 or IPv6 address.";
    BAD_NETWORK = "bad-network", "The value is not an IPv4 or IPv6 network.";
    BAD_HEX = "bad-hex", "The value is not an even number of hexadecimal digits.";
    BAD_REGEX = "bad-regex", "The value is not a regular expression of the POSIX syntax.";
    VALUE_TOO_LONG = "value-too-long", "The value has more than 255 bytes.";
    NUL_IN_VALUE = "nul-in-value", "The value contains a NUL byte, which no text can.";
    UNKNOWN_KIND = "unknown-kind", "The value is not one that the field can have.";
    TRANSFORMER_TYPE = "transformer-type", "The transformer cannot be used on values of this type.";
    TRANSFORMER_FORBIDDEN = "transformer-forbidden", "The field cannot be transformed.";
    TRANSFORMER_ARGUMENTS = "transformer-arguments", "The transformer takes other arguments.";
    TRANSFORMER_SELECTOR = "transformer-selector", "The transformer takes nothing in brackets.";
    RIGHT_SIDE_FORBIDDEN = "right-side-forbidden", "The field or operator cannot be used with a field on the right-hand side.";
    RIGHT_SIDE_TYPE = "right-side-type", "The fields on both sides have different types.";

    FIELD_AS_TEXT = "field-as-text", "The value is the name of a field and is taken as text.";
    TRANSFORMER_AS_TEXT = "transformer-as-text", "The value looks like a transformer and is taken as text.";
    SIMPLE_REGEX = "simple-regex", "The regular expression has nothing that a simpler operator could not do.";
    DEPRECATED_FIELD = "deprecated-field", "The field is still accepted and should not be used.";
    UNLIKELY_VALUE = "unlikely-value", "The field never has this value.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let names: BTreeSet<_> = super::ALL.iter().map(|code| code.name).collect();
        assert_eq!(names.len(), super::ALL.len());
        for code in super::ALL {
            assert!(code.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert!(code.description.ends_with('.'), "{code}");
        }
    }
}
