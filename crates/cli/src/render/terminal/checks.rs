//! A catalogue on a terminal: its checks, one of them explained, the fields that conditions are written over.

use std::io::{self, Write};

use eyrie_posture::catalog::{Catalog, Check};
use eyrie_posture::kind::Kind;

use super::line::{BLUE, BOLD, CYAN, DIM, PLAIN, Page, YELLOW, span};
use super::{NARROW, TerminalOptions, detail, padded, prose};
use crate::render::digest;
use crate::render::text::{columns, cut, visible, web_address};

/// All checks, by category.
///
/// # Errors
/// Whatever the writer says.
pub fn list(catalog: &Catalog, options: &TerminalOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options);
    let number = digest::count_of(catalog.checks.len(), "check");
    page.line(&[span(BOLD, visible(&catalog.title)), span(DIM, format!("  {number}"))])?;
    page.gap()?;
    let width = catalog.sets.iter().map(|set| columns(&set.id)).max().unwrap_or(0).min(20);
    for set in &catalog.sets {
        let points =
            catalog.checks.iter().filter(|check| check.sets.contains(&set.id)).map(|check| check.weight);
        let default = if set.default { ", taken by default" } else { "" };
        let text = [
            span(PLAIN, visible(&set.about)),
            span(DIM, format!("  {}{default}", digest::points(points.sum()))),
        ];
        let id = visible(&set.id).into_owned();
        page.flow(
            vec![span(PLAIN, "  "), span(CYAN, padded(&cut(&id, width, "~"), width)), span(PLAIN, "  ")],
            &text,
            page.measure(),
        )?;
    }
    let widest = catalog.checks.iter().map(|check| columns(&check.id.0)).max().unwrap_or(0);
    let id_width = widest.min(page.width().saturating_sub(12)).min(30);
    for category in &catalog.categories {
        let checks: Vec<_> = catalog.checks.iter().filter(|check| check.category == category.id).collect();
        if checks.is_empty() {
            continue;
        }
        page.gap()?;
        page.line(&[span(BOLD, visible(&category.title))])?;
        for check in checks {
            let id = visible(&check.id.0).into_owned();
            let id = cut(&id, id_width, page.glyph("…", "~")).into_owned();
            let head = vec![
                span(PLAIN, format!("  {}", padded(&id, id_width))),
                span(DIM, format!(" {:>3}  ", check.weight)),
            ];
            let text = [
                span(PLAIN, visible(&check.title)),
                span(DIM, format!("  {}", visible(&check.sets.join(", ")))),
            ];
            if page.width() < NARROW {
                page.line(&head)?;
                page.flow(vec![span(PLAIN, "    ")], &text, page.width())?;
            } else {
                page.flow(head, &text, page.width().min(140))?;
            }
        }
    }
    page.gap()?;
    let hint = "eyrie checks show ID tells what one of them looks at, and why";
    page.flow(Vec::new(), &[span(DIM, hint)], page.measure())
}

/// One check, explained.
///
/// # Errors
/// Whatever the writer says.
pub fn show(
    catalog: &Catalog,
    check: &Check,
    options: &TerminalOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options);
    page.spread(
        vec![span(BOLD, visible(&check.title)), span(DIM, format!("  {}", visible(&check.id.0)))],
        vec![span(BOLD, digest::points(check.weight))],
    )?;
    let category = catalog.categories.iter().find(|category| category.id == check.category);
    let category = category.map_or(check.category.as_str(), |category| category.title.as_str());
    let place = format!("{}, sets {}", visible(category), visible(&check.sets.join(", ")));
    page.flow(Vec::new(), &[span(DIM, place)], page.measure())?;
    page.gap()?;
    page.flow(vec![span(PLAIN, "    ")], &prose(PLAIN, &check.about), page.measure())?;
    if !check.fix.is_empty() {
        page.gap()?;
        detail(&mut page, "fix", CYAN, &prose(PLAIN, &check.fix))?;
    }
    if let Some(deviation) = &check.deviation {
        page.gap()?;
        detail(&mut page, "differs", YELLOW, &prose(PLAIN, deviation))?;
    }
    if !check.docs.is_empty() {
        page.gap()?;
        let docs = span(BLUE, visible(&check.docs)).link(web_address(&check.docs));
        detail(&mut page, "docs", DIM, &[docs])?;
    }
    if let Some((name, text)) = catalog.files.get(check.file) {
        let (line, rule) = item(text, check.span.start);
        page.gap()?;
        page.line(&[span(BOLD, "The rule"), span(DIM, format!("  {}:{line}", visible(name)))])?;
        page.gap()?;
        for line in rule {
            page.line(&[span(PLAIN, "    "), span(PLAIN, visible(line))])?;
        }
    }
    Ok(())
}

/// All kinds of records and their fields, or those of one kind.
///
/// # Errors
/// Whatever the writer says.
pub fn fields(kinds: &[Kind], options: &TerminalOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options);
    for (index, kind) in kinds.iter().enumerate() {
        if index > 0 {
            page.gap()?;
        }
        page.line(&[span(BOLD, kind.name())])?;
        page.flow(vec![span(PLAIN, "  ")], &prose(PLAIN, kind.doc()), page.measure())?;
        if !kind.above().is_empty() {
            let above: Vec<_> = kind.above().iter().map(|kind| kind.name()).collect();
            let text = format!("sees the fields of {} too", above.join(", "));
            page.flow(vec![span(PLAIN, "  ")], &[span(DIM, text)], page.measure())?;
        }
        let width = kind.fields().iter().map(|field| columns(&field.name)).max().unwrap_or(0);
        let width = width.min(page.width() / 2);
        for field in kind.fields() {
            let head = vec![
                span(PLAIN, "    "),
                span(CYAN, padded(&cut(&field.name, width, page.glyph("…", "~")), width)),
                span(PLAIN, "  "),
            ];
            page.flow(head, &prose(PLAIN, &field.doc), page.measure())?;
        }
    }
    Ok(())
}

/// The item of a catalogue's sequence that this byte is in, and the number of its first line.
fn item(text: &str, at: usize) -> (usize, Vec<&str>) {
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind("\n- ").map_or(0, |newline| newline + 1);
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    let mut lines = text.get(start..).unwrap_or_default().lines();
    let first = lines.next();
    let rest = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let mut item: Vec<_> = first.into_iter().chain(rest).collect();
    while item.last().is_some_and(|line| line.trim().is_empty()) {
        item.pop();
    }
    (line, item)
}
