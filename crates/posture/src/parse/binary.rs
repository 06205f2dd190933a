//! What a file's first bytes tell: its format by magic number, and whether it is text.
//!
//! [`sniff`] looks at the beginning of a file, [`extension`] at its name. Both are called for every file of a
//! repository, so neither allocates. That a binary is unwelcome in a source tree is a rule's business.
//!
//! The table is our own and not a crate's. What the `Binary-Artifacts` check of OpenSSF Scorecard finds must be
//! found here, byte for byte, and crates that guess types (`infer`) take two letters such as `BC` or `%!` at the
//! start of plain text for a format and try a hundred functions in turn, where one `match` does.

use serde::Serialize;

/// How many bytes of a file [`sniff`] wants to see. Scorecard reads as many
/// (`checks/raw/binary_artifact.go`, `binaryTestLen`).
pub const SNIFF_LEN: usize = 1024;

/// What the beginning of a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Sniffed {
    /// The format whose magic number the file starts with.
    pub content_type: Option<ContentType>,
    /// No control characters but line ends and tabs. An empty file is text.
    pub is_text: bool,
}

macro_rules! content_types {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// A file format that is told by its magic number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ContentType {
            $($(#[$doc])* $variant,)*
        }

        impl ContentType {
            /// Every format that [`sniff`] knows.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, as rules write it: the usual file extension where there is one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

content_types! {
    /// Executables, objects and shared libraries of Linux and most other Unixes.
    Elf "elf",
    /// The same of macOS, for one processor or several.
    MachO "macho",
    /// A Java class.
    Class "class",
    /// Programs and libraries of DOS and Windows: `exe`, `dll`, `sys`, `efi` all begin alike.
    Exe "exe",
    /// WebAssembly, a module of version 1.
    Wasm "wasm",
    /// WebAssembly of another version or layer, such as a component.
    WasmOther "wasm-component",
    /// Dalvik executable.
    Dex "dex",
    /// Optimised Dalvik executable.
    Dey "dey",
    /// LLVM bitcode.
    Bitcode "bc",
    /// Compiled Python.
    Pyc "pyc",
    /// Debian package.
    Deb "deb",
    /// RPM package.
    Rpm "rpm",
    /// Chrome extension.
    Crx "crx",
    /// `ar` archive: static libraries (`.a`, `.lib`).
    Ar "ar",
    /// ISO 9660 image. Its mark is at byte 32769, so that it takes more than [`SNIFF_LEN`] bytes to see it.
    Iso "iso",
    /// ZIP and what is built on it: `jar`, `whl`, `apk`, `docx`, `nupkg` …
    Zip "zip",
    /// gzip.
    Gzip "gz",
    /// bzip2.
    Bzip2 "bz2",
    /// xz.
    Xz "xz",
    /// Zstandard.
    Zstd "zst",
    /// 7-Zip.
    SevenZip "7z",
    /// RAR.
    Rar "rar",
    /// tar.
    Tar "tar",
    /// Microsoft cabinet.
    Cab "cab",
    /// OLE compound file: `msi`, `doc`, `xls` …
    Ole "ole",
    /// PDF.
    Pdf "pdf",
    /// SQLite database.
    Sqlite "sqlite",
    /// PNG image.
    Png "png",
    /// JPEG image.
    Jpeg "jpg",
    /// GIF image.
    Gif "gif",
    /// WebP image.
    Webp "webp",
    /// TIFF image.
    Tiff "tif",
    /// Windows icon.
    Ico "ico",
    /// Photoshop document.
    Psd "psd",
    /// WOFF font.
    Woff "woff",
    /// WOFF 2 font.
    Woff2 "woff2",
    /// TrueType font.
    Ttf "ttf",
    /// OpenType font.
    Otf "otf",
    /// MP4, QuickTime, HEIC, AVIF and other files of the ISO base media format.
    Mp4 "mp4",
    /// Matroska and WebM.
    Matroska "mkv",
    /// Ogg.
    Ogg "ogg",
    /// FLAC.
    Flac "flac",
    /// WAV.
    Wav "wav",
    /// MP3 with an ID3 tag.
    Mp3 "mp3",
    /// A Git LFS pointer: the file itself is elsewhere.
    GitLfs "git-lfs",
    /// A script that names its interpreter after `#!`.
    Script "script",
}

impl std::fmt::Display for ContentType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ContentType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Tell the format of a file, and whether it is text, from its first bytes. Give it [`SNIFF_LEN`] of them, or all
/// where there are fewer: text is judged by no more, even if `head` is longer.
///
/// ```
/// use eyrie_posture::parse::binary::{ContentType, sniff};
///
/// let png = sniff(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR");
/// assert_eq!((png.content_type, png.is_text), (Some(ContentType::Png), false));
/// assert!(sniff("Grüße\n".as_bytes()).is_text);
/// ```
#[must_use]
pub fn sniff(head: &[u8]) -> Sniffed {
    Sniffed { content_type: content_type(head), is_text: is_text(&head[..head.len().min(SNIFF_LEN)]) }
}

/// What follows the last dot of the file's name, as Go's `filepath.Ext` has it: of `.bashrc` that is `bashrc`, of
/// `libx.so.1` it is `1`, of `Makefile` nothing. Case is kept.
#[must_use]
pub fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// A control character other than `\t`, `\n` and `\r` makes a file binary. Go's loop over runes stops where a
/// rune of four bytes would not fit any more, so that the last three bytes do not count
/// (`checks/raw/binary_artifact.go`, `isText`).
fn is_text(head: &[u8]) -> bool {
    const STEP: usize = 32;
    let head = &head[..head.len().saturating_sub(3)];
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Without an early exit inside a step the compiler can use vector instructions.
    let (steps, rest) = head.as_chunks::<STEP>();
    !steps.iter().any(|step| step.iter().fold(false, |found, byte| found | control(byte)))
        && !rest.iter().any(control)
}

/// Lengths are those from which the `filetype` library of Scorecard tells a format: its fixed header.
fn content_type(head: &[u8]) -> Option<ContentType> {
    use ContentType as T;
    let long = |length: usize| head.len() >= length;
    let found = match head {
        [0x7F, b'E', b'L', b'F', ..] if long(53) => T::Elf,
        [0xFE, 0xED, 0xFA, 0xCE | 0xCF, ..]
        | [0xCE | 0xCF, 0xFA, 0xED, 0xFE, ..]
        | [0xBE, 0xBA, 0xFE, 0xCA, ..] => T::MachO,
        // Both begin alike. A fat Mach-O goes on with its number of processors, a class with its version, which
        // has been 45 or more since Java 1.0.
        [0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 0..45, ..] => T::MachO,
        [0xCA, 0xFE, 0xBA, 0xBE, ..] => T::Class,
        [b'M', b'Z', ..] => T::Exe,
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => T::Wasm,
        [0, b'a', b's', b'm', _, _, _, _, ..] => T::WasmOther,
        [b'd', b'e', b'x', b'\n', ..] if head.get(36) == Some(&0x70) => T::Dex,
        // The Dalvik file inside begins at byte 40.
        [b'd', b'e', b'y', b'\n', ..]
            if long(101) && head[40..].starts_with(b"dex\n") && head[76] == 0x70 =>
        {
            T::Dey
        }
        [b'B', b'C', 0xC0, 0xDE, ..] | [0xDE, 0xC0, 0x17, 0x0B, ..] => T::Bitcode,
        // CPython's magic is a version and CR LF: 3000 and up for Python 3, 50428 to 62211 for Python 1.6 to 2.7.
        [low, high, b'\r', b'\n', ..]
            if long(8) && matches!(u16::from_le_bytes([*low, *high]), 3000..=3999 | 50_428..=62_211) =>
        {
            T::Pyc
        }
        _ if head.starts_with(b"!<arch>\ndebian-binary") => T::Deb,
        _ if head.starts_with(b"!<arch>\n") => T::Ar,
        [0xED, 0xAB, 0xEE, 0xDB, ..] if long(97) => T::Rpm,
        [b'C', b'r', b'2', b'4', ..] => T::Crx,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => T::Zip,
        [0x1F, 0x8B, 8, ..] => T::Gzip,
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => T::Bzip2,
        [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => T::Xz,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => T::Zstd,
        [b'7', b'z', 0xBC, 0xAF, 0x27, 0x1C, ..] => T::SevenZip,
        _ if head.starts_with(b"Rar!\x1A\x07") => T::Rar,
        _ if head.starts_with(b"MSCF\0\0\0\0") => T::Cab,
        _ if head.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") => T::Ole,
        _ if head.starts_with(b"%PDF-") => T::Pdf,
        _ if head.starts_with(b"SQLite format 3\0") => T::Sqlite,
        _ if head.starts_with(b"\x89PNG\r\n\x1A\n") => T::Png,
        [0xFF, 0xD8, 0xFF, ..] => T::Jpeg,
        _ if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") => T::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => T::Webp,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => T::Wav,
        [b'I', b'I', 0x2A, 0, ..] | [b'M', b'M', 0, 0x2A, ..] => T::Tiff,
        [0, 0, 1, 0, _, 0, ..] => T::Ico,
        _ if head.starts_with(b"8BPS\0\x01") => T::Psd,
        _ if head.starts_with(b"wOFF") && long(44) => T::Woff,
        _ if head.starts_with(b"wOF2") && long(48) => T::Woff2,
        [0, 1, 0, 0, 0, ..] => T::Ttf,
        [b'O', b'T', b'T', b'O', 0, ..] => T::Otf,
        [0, 0, _, _, b'f', b't', b'y', b'p', ..] => T::Mp4,
        [0x1A, 0x45, 0xDF, 0xA3, ..] => T::Matroska,
        [b'O', b'g', b'g', b'S', 0, ..] => T::Ogg,
        _ if head.starts_with(b"fLaC\0\0\0") => T::Flac,
        [b'I', b'D', b'3', 2..=4, ..] => T::Mp3,
        _ if head.starts_with(b"version https://git-lfs.github.com/spec/") => T::GitLfs,
        [b'#', b'!', b'/' | b' ', ..] => T::Script,
        _ => return later_content_type(head),
    };
    Some(found)
}

/// Formats whose mark is not at the beginning.
fn later_content_type(head: &[u8]) -> Option<ContentType> {
    let at = |offset: usize, mark: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(mark));
    if at(257, b"ustar") {
        Some(ContentType::Tar)
    } else if at(32_769, b"CD001") {
        Some(ContentType::Iso)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `magic`, then zeros up to `length`.
    fn padded(magic: &[u8], length: usize) -> Vec<u8> {
        let mut bytes = magic.to_vec();
        bytes.resize(length.max(magic.len()), 0);
        bytes
    }

    fn with(length: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for (offset, part) in parts {
            bytes[*offset..offset + part.len()].copy_from_slice(part);
        }
        bytes
    }

    /// The formats for which Scorecard counts a file whatever it is called, with the shortest file that it counts:
    /// one byte less, and it is none.
    #[test]
    fn formats_of_programs_and_packages() {
        let rows: &[(&str, Vec<u8>)] = &[
            ("elf", padded(b"\x7FELF", 53)),
            ("macho", b"\xFE\xED\xFA\xCE".to_vec()),
            ("macho", b"\xFE\xED\xFA\xCF".to_vec()),
            ("macho", b"\xCE\xFA\xED\xFE".to_vec()),
            ("macho", b"\xCF\xFA\xED\xFE".to_vec()),
            ("macho", b"\xBE\xBA\xFE\xCA".to_vec()),
            ("class", b"\xCA\xFE\xBA\xBE".to_vec()),
            ("exe", b"MZ".to_vec()),
            ("wasm", b"\0asm\x01\0\0\0".to_vec()),
            ("dex", with(37, &[(0, b"dex\n035\0"), (36, b"\x70")])),
            ("dey", with(101, &[(0, b"dey\n036\0"), (40, b"dex\n035\0"), (76, b"\x70")])),
            ("deb", b"!<arch>\ndebian-binary".to_vec()),
            ("rpm", padded(b"\xED\xAB\xEE\xDB", 97)),
            ("crx", b"Cr24".to_vec()),
        ];
        for (name, bytes) in rows {
            let found = |bytes: &[u8]| sniff(bytes).content_type.map(ContentType::name);
            assert_eq!(found(bytes), Some(*name), "{bytes:?}");
            assert_eq!(
                found(&padded(bytes, SNIFF_LEN)),
                Some(*name).filter(|n| *n != "class").or(Some("macho"))
            );
            assert_ne!(found(&bytes[..bytes.len() - 1]), Some(*name), "{bytes:?}");
        }
        assert_eq!(sniff(b"\xCA\xFE\xBA\xBE\0\0\0\x41").content_type, Some(ContentType::Class));
        assert_eq!(sniff(b"\xCA\xFE\xBA\xBE\0\0\0\x02").content_type, Some(ContentType::MachO));
    }

    #[test]
    fn other_formats() {
        let rows: &[(&str, &[u8])] = &[
            ("wasm-component", b"\0asm\x0d\0\x01\0"),
            ("bc", b"BC\xC0\xDE"),
            ("pyc", b"\xa7\x0d\r\n\0\0\0\0"),
            ("pyc", b"\x03\xf3\r\n\0\0\0\0"),
            ("ar", b"!<arch>\nlibx.o/"),
            ("zip", b"PK\x03\x04"),
            ("zip", b"PK\x05\x06"),
            ("gz", b"\x1f\x8b\x08"),
            ("bz2", b"BZh9"),
            ("xz", b"\xFD7zXZ\0"),
            ("zst", b"\x28\xB5\x2F\xFD"),
            ("7z", b"7z\xBC\xAF\x27\x1C"),
            ("rar", b"Rar!\x1A\x07\0"),
            ("cab", b"MSCF\0\0\0\0"),
            ("ole", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"),
            ("pdf", b"%PDF-1.7"),
            ("sqlite", b"SQLite format 3\0"),
            ("png", b"\x89PNG\r\n\x1A\n"),
            ("jpg", b"\xFF\xD8\xFF\xE0"),
            ("gif", b"GIF89a"),
            ("webp", b"RIFF\0\0\0\0WEBP"),
            ("wav", b"RIFF\0\0\0\0WAVE"),
            ("tif", b"II*\0"),
            ("ico", b"\0\0\x01\0\x01\0"),
            ("psd", b"8BPS\0\x01"),
            ("ttf", b"\0\x01\0\0\0\x0f"),
            ("otf", b"OTTO\0\x0b"),
            ("mp4", b"\0\0\0\x20ftypisom"),
            ("mkv", b"\x1A\x45\xDF\xA3"),
            ("ogg", b"OggS\0"),
            ("flac", b"fLaC\0\0\0\x22"),
            ("mp3", b"ID3\x04"),
            ("git-lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
            ("script", b"#!/bin/sh\n"),
            ("script", b"#! /usr/bin/env bash\n"),
        ];
        for (name, bytes) in rows {
            assert_eq!(sniff(bytes).content_type.map(ContentType::name), Some(*name), "{bytes:?}");
            let long = padded(bytes, 40_000);
            assert_eq!(sniff(&long).content_type.map(ContentType::name), Some(*name), "{bytes:?} and zeros");
        }
        assert_eq!(sniff(&padded(b"wOFF", 44)).content_type, Some(ContentType::Woff));
        assert_eq!(sniff(&padded(b"wOF2", 48)).content_type, Some(ContentType::Woff2));
        assert_eq!(sniff(&with(512, &[(257, b"ustar")])).content_type, Some(ContentType::Tar));
        assert_eq!(sniff(&with(32_774, &[(32_769, b"CD001")])).content_type, Some(ContentType::Iso));
        assert_eq!(sniff(&with(SNIFF_LEN, &[])).content_type, None);
        let mut names: Vec<_> = ContentType::ALL.iter().map(|t| t.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ContentType::ALL.len(), "two formats have one name");
    }

    #[test]
    fn words_that_begin_like_a_magic_number_are_no_format() {
        for text in
            ["BC Ferries\n", "BZ", "#!shebang-less", "PKG_NAME = x\n", "wOFF is a font format", "IIx", "ID3"]
        {
            assert_eq!(sniff(text.as_bytes()).content_type, None, "{text}");
        }
    }

    #[test]
    fn text_is_without_control_characters_but_for_the_last_three_bytes() {
        for text in ["", "a", "\0", "\0\0\0", "ab\tc\r\n", "é\u{7f}", "\u{fffd}", "latin \x7f"] {
            assert!(sniff(text.as_bytes()).is_text, "{text:?}");
        }
        for bytes in [&b"\0aaa"[..], b"a\x1baaa", b"aaaa\x08\n\n\n", b"\xff\xfe\0aaa"] {
            assert!(!sniff(bytes).is_text, "{bytes:?}");
        }
        assert!(sniff(b"aaaaaaa\0").is_text, "the last byte does not count");
        assert!(sniff(b"\xe9t\xe9\n").is_text, "Latin-1 is text");
        let mut late = vec![b'a'; SNIFF_LEN];
        late.push(0);
        late.extend([b'a'; 8]);
        assert!(sniff(&late).is_text, "only the first kilobyte counts");
        late[SNIFF_LEN - 4] = 0;
        assert!(!sniff(&late).is_text);
    }

    #[test]
    fn extensions_are_those_of_the_last_name() {
        let rows = [
            ("lib/x.so", "so"),
            ("x.so.1", "1"),
            (".so", "so"),
            ("a.d/x", ""),
            ("Makefile", ""),
            ("X.EXE", "EXE"),
            ("x.", ""),
            ("", ""),
        ];
        for (path, expected) in rows {
            assert_eq!(extension(path), expected, "{path}");
        }
    }

    proptest! {
        /// A slow reading of the rule for text, character by character.
        #[test]
        fn text_agrees_with_the_plain_rule(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let head = &bytes[..bytes.len().min(SNIFF_LEN)];
            let mut expected = true;
            for (at, byte) in head.iter().enumerate() {
                if at + 4 > head.len() {
                    break;
                }
                if *byte < b' ' && *byte != b'\n' && *byte != b'\t' && *byte != b'\r' {
                    expected = false;
                }
            }
            prop_assert_eq!(sniff(&bytes).is_text, expected);
        }
    }
}
