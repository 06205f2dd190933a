//! How data that was read or written is shown ([`BufferFormat`]).

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How data is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum BufferFormat {
    /// Printable ASCII as it is, a dot for everything else.
    #[default]
    Printable,
    /// Base64 with padding.
    Base64,
    /// Rows of sixteen bytes in hexadecimal.
    Hex,
    /// Rows of sixteen bytes in hexadecimal and as they would be printed.
    HexAscii,
}

/// Writes data.
pub fn write(format: BufferFormat, data: &[u8], out: &mut Vec<u8>) {
    match format {
        BufferFormat::Printable => out.extend(data.iter().map(|byte| printable(*byte))),
        BufferFormat::Base64 => out.extend_from_slice(STANDARD.encode(data).as_bytes()),
        BufferFormat::Hex | BufferFormat::HexAscii if !data.is_empty() => {
            for (at, row) in data.chunks(16).enumerate() {
                write_row(at * 16, row, format == BufferFormat::HexAscii, out);
            }
            out.push(b'\n');
        }
        BufferFormat::Hex | BufferFormat::HexAscii => {}
    }
}

fn write_row(offset: usize, row: &[u8], ascii: bool, out: &mut Vec<u8>) {
    // Writing to a vector of bytes does not fail.
    let _ = write!(out, "\n\t0x{offset:04x}:");
    for pair in row.chunks(2) {
        out.push(b' ');
        for byte in pair {
            let _ = write!(out, "{byte:02x}");
        }
    }
    if ascii {
        let missing = 8 - row.len().div_ceil(2);
        out.extend(std::iter::repeat_n(b' ', missing * 5 + 2));
        out.extend(row.iter().map(|byte| printable(*byte)));
    }
}

fn printable(byte: u8) -> u8 {
    if (b' '..=b'~').contains(&byte) { byte } else { b'.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: BufferFormat, data: &[u8]) -> String {
        let mut out = Vec::new();
        write(format, data, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn data_is_shown_in_each_format() {
        let data = b"GET / HTTP/1.1\r\n\x00\xff!";
        insta::assert_snapshot!(shown(BufferFormat::Printable, data), @"GET / HTTP/1.1....!");
        insta::assert_snapshot!(shown(BufferFormat::Base64, data), @"R0VUIC8gSFRUUC8xLjENCgD/IQ==");
        assert_eq!(
            shown(BufferFormat::Hex, data),
            "\n\t0x0000: 4745 5420 2f20 4854 5450 2f31 2e31 0d0a\n\t0x0010: 00ff 21\n"
        );
        assert_eq!(
            shown(BufferFormat::HexAscii, b"GET\n"),
            format!("\n\t0x0000: 4745 540a{}  GET.\n", " ".repeat(30))
        );
        assert_eq!(shown(BufferFormat::Hex, b""), "");
    }
}
