//! Finds text that was read in the wrong encoding: UTF-8 taken for Windows-1252, as `projectâ€™s` for `project’s`.

/// The text as it was meant, if a part of it was read in the wrong encoding.
///
/// ```
/// use eyrie_register::files::mojibake::repaired;
/// assert_eq!(repaired("the projectâ€™s risk").as_deref(), Some("the project’s risk"));
/// assert_eq!(repaired("Cintia SÃ¡nchez GarcÃ­a").as_deref(), Some("Cintia Sánchez García"));
/// assert_eq!(repaired("Sergio Castaño"), None);
/// ```
pub fn repaired(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut run: Vec<(char, u8)> = Vec::new();
    let mut changed = false;
    for c in text.chars().map(Some).chain([None]) {
        if let Some((c, byte)) = c.and_then(|c| byte(c).map(|byte| (c, byte))) {
            run.push((c, byte));
            continue;
        }
        changed |= flush(&mut run, &mut out);
        out.extend(c);
    }
    changed.then_some(out)
}

/// Writes out a run of characters that bytes above ASCII could have become; repaired wherever they are UTF-8.
fn flush(run: &mut Vec<(char, u8)>, out: &mut String) -> bool {
    let mut changed = false;
    let mut rest = run.as_slice();
    while let [(first, _), ..] = rest {
        let bytes: Vec<u8> = rest.iter().take(4).map(|(_, byte)| *byte).collect();
        let found = (2..=bytes.len()).find_map(|length| {
            let text = std::str::from_utf8(&bytes[..length]).ok()?;
            (text.chars().count() == 1).then_some((text, length))
        });
        match found {
            Some((text, length)) => {
                out.push_str(text);
                rest = &rest[length..];
                changed = true;
            }
            None => {
                out.push(*first);
                rest = &rest[1..];
            }
        }
    }
    run.clear();
    changed
}

/// The byte that Windows-1252 shows as this character, if it is above ASCII.
fn byte(c: char) -> Option<u8> {
    const SPECIAL: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    if let Some(at) = SPECIAL.chars().position(|special| special == c) {
        return u8::try_from(0x80 + at).ok();
    }
    u8::try_from(u32::from(c)).ok().filter(|byte| *byte >= 0xA0)
}
