//! Changes on a terminal: why, and the diff in colours.

use std::io::{self, Write};

use super::TerminalOptions;
use super::line::{BOLD, CYAN, DIM, GREEN, PLAIN, Page, RED, span};
use crate::patch::Change;
use crate::render::text::visible;

/// Draws the changes. For a program at the other end of a pipe, [`Change::diff`] is the exact text.
///
/// # Errors
/// Whatever the writer says.
pub fn render(changes: &[Change], options: &TerminalOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options);
    for (index, change) in changes.iter().enumerate() {
        if index > 0 {
            page.gap()?;
        }
        let new = if change.before.is_none() { "  new file" } else { "" };
        page.line(&[span(BOLD, visible(&change.path)), span(GREEN, new)])?;
        page.flow(vec![span(PLAIN, "  ")], &[span(DIM, visible(&change.why))], page.measure())?;
        for line in change.diff().lines().skip_while(|line| !line.starts_with("@@")) {
            let style = match line.as_bytes().first() {
                Some(b'+') => GREEN,
                Some(b'-') => RED,
                Some(b'@') => CYAN,
                _ => PLAIN,
            };
            // A tab is as wide as the terminal makes it; four blanks can be counted.
            let line = line.replace('\t', "    ");
            let (sign, text) = line.split_at(usize::from(!line.is_empty()));
            page.flow(
                vec![span(PLAIN, "  "), span(style, sign)],
                &[span(style, visible(text)).glued()],
                page.width(),
            )?;
        }
    }
    Ok(())
}
