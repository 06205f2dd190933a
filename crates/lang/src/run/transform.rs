//! What transformers make of values.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Run, Slot};
use crate::arena::OperandId;
use crate::ast::Transformer;
use crate::fields::Presence;
use crate::value::Value;

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Run<'_> {
    /// The values of all parts that have one. Absent if none has, unless there are no parts.
    pub(super) fn list(&mut self, parts: &[OperandId]) -> Presence {
        let mut presence = if parts.is_empty() { Presence::Present } else { Presence::Absent };
        for part in parts {
            let slot = self.operand(*part);
            match slot.presence {
                Presence::Unavailable => return Presence::Unavailable,
                Presence::Absent => {}
                Presence::Present => {
                    presence = Presence::Present;
                    self.values.repeat(slot.start as usize, slot.end as usize);
                }
            }
        }
        presence
    }

    /// Appends what the transformer makes of its arguments, whose values are known by now.
    pub(super) fn apply(
        &mut self,
        transformer: Transformer,
        arguments: &[OperandId],
        selector: Option<&[u8]>,
    ) -> Presence {
        let mut presence = Presence::Present;
        for argument in arguments {
            match self.operand(*argument).presence {
                // What is not there makes no value, whatever nobody could look at.
                Presence::Absent => return Presence::Absent,
                Presence::Unavailable => presence = Presence::Unavailable,
                Presence::Present => {}
            }
        }
        if presence != Presence::Present {
            return presence;
        }
        match (transformer, arguments) {
            (Transformer::Len, [only]) => self.len(*only),
            (Transformer::Join, [separator, list]) => self.join(*separator, *list),
            (Transformer::Concat, parts) => {
                let mut buffer = self.take_buffer();
                for part in parts {
                    let slot = self.operand(*part);
                    for value in self.slot_values(slot).take(1) {
                        append(value, &mut buffer);
                    }
                }
                self.push_buffer(buffer)
            }
            (Transformer::Getopt, [list, options]) => self.getopt(*list, *options, selector),
            (_, [only]) => self.each(transformer, *only),
            _ => Presence::Absent,
        }
    }

    fn take_buffer(&mut self) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.scratch.buffer);
        buffer.clear();
        buffer
    }

    /// Appends the buffer as text and keeps its memory.
    fn push_buffer(&mut self, buffer: Vec<u8>) -> Presence {
        self.values.written_text(|out| out.extend_from_slice(&buffer));
        self.scratch.buffer = buffer;
        Presence::Present
    }

    fn is_list(&self, operand: OperandId) -> bool {
        let operand = self.program.atoms.operands.get(operand.index());
        operand.is_some_and(|operand| operand.arity == crate::schema::Arity::List)
    }

    fn len(&mut self, operand: OperandId) -> Presence {
        let slot = self.operand(operand);
        if self.is_list(operand) {
            return self.values.uint(u64::from(slot.end - slot.start));
        }
        for at in slot.start..slot.end {
            if let Some(Value::Text(bytes) | Value::Bytes(bytes)) = self.values.get(at as usize) {
                let len = bytes.len() as u64;
                self.values.uint(len);
            }
        }
        Presence::Present
    }

    /// The transformers of one text.
    fn each(&mut self, transformer: Transformer, operand: OperandId) -> Presence {
        let slot = self.operand(operand);
        for at in slot.start..slot.end {
            let mut buffer = self.take_buffer();
            let (bytes, is_text) = match self.values.get(at as usize) {
                Some(Value::Text(bytes)) => (bytes, true),
                Some(Value::Bytes(bytes)) => (bytes, false),
                _ => continue,
            };
            let decoded = match transformer {
                Transformer::ToLower => {
                    buffer.extend(bytes.iter().map(u8::to_ascii_lowercase));
                    true
                }
                Transformer::ToUpper => {
                    buffer.extend(bytes.iter().map(u8::to_ascii_uppercase));
                    true
                }
                Transformer::Basename => {
                    let start = bytes.iter().rposition(|b| *b == b'/').map_or(0, |slash| slash + 1);
                    buffer.extend_from_slice(bytes.get(start..).unwrap_or_default());
                    true
                }
                Transformer::B64 => BASE64.decode_vec(bytes, &mut buffer).is_ok(),
                Transformer::Len | Transformer::Join | Transformer::Concat | Transformer::Getopt => false,
            };
            if !decoded {
                self.scratch.buffer = buffer;
                return Presence::Absent;
            }
            if is_text {
                self.push_buffer(buffer);
            } else {
                self.values.written_bytes(|out| out.extend_from_slice(&buffer));
                self.scratch.buffer = buffer;
            }
        }
        Presence::Present
    }

    fn join(&mut self, separator: OperandId, list: OperandId) -> Presence {
        let mut buffer = self.take_buffer();
        let separator = self.operand(separator);
        let list = self.operand(list);
        for (at, value) in self.slot_values(list).enumerate() {
            if at > 0 {
                for separator in self.slot_values(separator).take(1) {
                    append(separator, &mut buffer);
                }
            }
            append(value, &mut buffer);
        }
        self.push_buffer(buffer)
    }

    /// The options of a command line. Without a selector their letters; with one the option's argument, or an empty text
    /// if it takes none.
    fn getopt(&mut self, list: OperandId, options: OperandId, selector: Option<&[u8]>) -> Presence {
        let (list, options) = (self.operand(list), self.operand(options));
        let wanted = selector.and_then(|selector| selector.first().copied());
        let mut found = wanted.is_none();
        let mut at = 0;
        while let Some(argument) = self.item(list, at) {
            at += 1;
            if argument == b"--" {
                break;
            }
            if argument.starts_with(b"--") {
                continue;
            }
            let Some(letters @ [_, ..]) = argument.strip_prefix(b"-") else { break };
            let count = letters.len();
            let mut next = 0;
            while next < count {
                let Some(letter) =
                    self.item(list, at - 1).and_then(|argument| argument.get(next + 1).copied())
                else {
                    break;
                };
                next += 1;
                let takes_argument = match self.item(options, 0).and_then(|options| option(options, letter)) {
                    Some(takes_argument) => takes_argument,
                    None => continue,
                };
                // Where the option's argument is: the rest of this word, or the next word.
                let place = match (takes_argument, next < count) {
                    (false, _) => None,
                    (true, true) => Some((at - 1, next + 1)),
                    (true, false) => {
                        at += 1;
                        Some((at - 1, 0))
                    }
                };
                if let Some((word, _)) = place
                    && self.item(list, word).is_none()
                {
                    // The argument is missing, so the option does not count.
                    break;
                }
                if wanted.is_none() {
                    self.values.written_text(|out| out.push(letter));
                } else if wanted == Some(letter) && !found {
                    found = true;
                    let mut buffer = self.take_buffer();
                    if let Some((word, from)) = place {
                        let argument = self.item(list, word).and_then(|word| word.get(from..));
                        buffer.extend_from_slice(argument.unwrap_or_default());
                    }
                    self.push_buffer(buffer);
                }
                if takes_argument {
                    break;
                }
            }
        }
        if found { Presence::Present } else { Presence::Absent }
    }

    fn item(&self, slot: Slot, at: usize) -> Option<&[u8]> {
        if at >= (slot.end - slot.start) as usize {
            return None;
        }
        match self.values.get(slot.start as usize + at) {
            Some(Value::Text(bytes) | Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

/// Whether the letter is among the options and, if so, whether it takes an argument.
fn option(options: &[u8], letter: u8) -> Option<bool> {
    if matches!(letter, b':' | b'-') {
        return None;
    }
    let at = options.iter().position(|b| *b == letter)?;
    Some(options.get(at + 1) == Some(&b':'))
}

fn append(value: Value<'_>, buffer: &mut Vec<u8>) {
    match value {
        Value::Text(bytes) | Value::Bytes(bytes) => buffer.extend_from_slice(bytes),
        other => {
            // Writing to a vector does not fail.
            let _ = std::io::Write::write_fmt(buffer, format_args!("{other}"));
        }
    }
}
