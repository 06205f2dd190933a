//! The score over time, drawn with Braille dots (or ASCII), and the commits that moved it.

use std::io;

use eyrie_posture::report::{History, Outcome};

use super::line::{BOLD, DIM, GREEN, PLAIN, Page, RED, YELLOW, span};
use crate::render::digest;
use crate::render::text::{columns, visible};
use crate::render::timeline::{self, Timeline};

/// Lines of the chart.
const ROWS: usize = 7;
/// Commits listed; the JSON has all of them.
const CHANGES_SHOWN: usize = 12;

/// The chart, then what raised and lowered the score.
pub(super) fn history(page: &mut Page<'_>, history: &History) -> io::Result<()> {
    let timeline = Timeline::new(history, page.options.pass_score.map(|score| score.tenths()));
    if let Some(timeline) = timeline.filter(|timeline| timeline.points.len() > 1) {
        chart(page, &timeline)?;
    }
    if let Some(why) = &history.cut_short {
        page.flow(vec![span(YELLOW, "  ! ")], &[span(PLAIN, visible(why))], page.measure())?;
    }
    changes(page, history)
}

fn chart(page: &mut Page<'_>, timeline: &Timeline<'_>) -> io::Result<()> {
    let axis = 8;
    let width = page.measure().saturating_sub(axis + 1).clamp(8, 100);
    let mut dots = Dots::new(width, ROWS);
    if let Some(pass_score) = page.options.pass_score {
        let row = dots.row(timeline.height(pass_score.tenths()));
        for column in (0..dots.columns()).step_by(4) {
            dots.set(column, row);
        }
    }
    let last = (dots.columns() - 1).max(1) as f64;
    let mut before = None;
    for column in 0..dots.columns() {
        let row = dots.row(timeline.height(timeline.at(column as f64 / last)));
        let from = before.unwrap_or(row);
        for row in row.min(from)..=row.max(from) {
            dots.set(column, row);
        }
        before = Some(row);
    }
    let newest = timeline.points.last().map_or(0, |(_, point)| point.score.percent);
    let oldest = timeline.points.first().map_or(0, |(_, point)| point.score.percent);
    let color = if newest >= oldest { GREEN } else { RED };
    for row in 0..ROWS {
        let label = match row {
            0 => format!("{:>5}%", timeline.high / 10),
            row if row + 1 == ROWS => format!("{:>5}%", timeline.low / 10),
            row if row == ROWS / 2 => format!("{:>5}%", (timeline.high + timeline.low) / 20),
            _ => " ".repeat(6),
        };
        let text = if page.options.unicode { dots.braille(row) } else { dots.ascii(row) };
        page.line(&[span(DIM, format!("{label} {}", page.glyph("│", "|"))), span(color, text)])?;
    }
    let corner =
        format!("{}{}{}", " ".repeat(axis - 1), page.glyph("└", "+"), page.glyph("─", "-").repeat(width));
    page.line(&[span(DIM, corner)])?;
    let day = |point: Option<&(f64, &eyrie_posture::report::HistoryPoint)>| {
        point.map(|(_, point)| visible(timeline::day(&point.date)).into_owned()).unwrap_or_default()
    };
    let (from, to) = (day(timeline.points.first()), day(timeline.points.last()));
    let between = format!("{} commits", timeline.points.len());
    let room = width.saturating_sub(columns(&from) + columns(&to) + columns(&between));
    let line = if room < 4 {
        format!("{from} .. {to}")
    } else {
        format!("{from}{}{between}{}{to}", " ".repeat(room / 2), " ".repeat(room - room / 2))
    };
    page.line(&[span(DIM, format!("{}{line}", " ".repeat(axis)))])
}

fn changes(page: &mut Page<'_>, history: &History) -> io::Result<()> {
    let changes = timeline::changes(history);
    if changes.is_empty() {
        let text = match history.points.len() {
            0 => "No commit in this time.",
            1 => "One commit in this time.",
            _ => "No commit in this time changed an outcome.",
        };
        return page.line(&[span(PLAIN, "  "), span(DIM, text)]);
    }
    page.gap()?;
    for (point, gain) in changes.iter().take(CHANGES_SHOWN) {
        let color = match gain {
            1.. => GREEN,
            0 => DIM,
            _ => RED,
        };
        let head = vec![
            span(PLAIN, "  "),
            span(DIM, visible(timeline::day(&point.date))),
            span(PLAIN, " "),
            span(DIM, visible(digest::short_commit(&point.commit))),
            span(color, format!(" {:>5} ", timeline::gain(*gain))),
        ];
        let subject = [span(BOLD, visible(&point.subject))];
        if page.width() < super::NARROW {
            page.line(&head)?;
            page.flow(vec![span(PLAIN, "    ")], &subject, page.measure())?;
        } else {
            page.flow(head, &subject, page.measure())?;
        }
        for change in &point.changes {
            let (mark, style) = super::mark(page, change.to);
            let from = match change.from {
                Outcome::Fail | Outcome::Pass => String::new(),
                other => format!(" (was {})", digest::outcome_word(other)),
            };
            let lead = if page.width() < super::NARROW { 4 } else { 30 };
            let text = [
                span(PLAIN, visible(&change.check)),
                span(DIM, from),
                span(DIM, format!("  {}", visible(&change.reason))),
            ];
            page.flow(vec![span(style, format!("{}{mark} ", " ".repeat(lead)))], &text, page.measure())?;
        }
    }
    if let Some(more) = changes.len().checked_sub(CHANGES_SHOWN).filter(|more| *more > 0) {
        page.line(&[span(DIM, format!("  and {more} earlier in the JSON report"))])?;
    }
    Ok(())
}

/// A grid of dots, two wide and four high per character.
struct Dots {
    width: usize,
    rows: usize,
    set: Vec<bool>,
}

impl Dots {
    fn new(width: usize, rows: usize) -> Dots {
        Dots { width, rows, set: vec![false; width * 2 * rows * 4] }
    }

    fn columns(&self) -> usize {
        self.width * 2
    }

    /// The dot row, from the top, of a height from 0 to 1.
    fn row(&self, height: f64) -> usize {
        let last = self.rows * 4 - 1;
        last - ((height * last as f64).round() as usize).min(last)
    }

    fn set(&mut self, column: usize, row: usize) {
        let at = row * self.columns() + column;
        if let Some(dot) = self.set.get_mut(at) {
            *dot = true;
        }
    }

    fn get(&self, column: usize, row: usize) -> bool {
        self.set.get(row * self.columns() + column).copied().unwrap_or(false)
    }

    fn braille(&self, row: usize) -> String {
        // Dots of a Braille cell by column and row: bits 0-2 and 6 at the left, 3-5 and 7 at the right.
        const BITS: [[u32; 4]; 2] = [[0, 1, 2, 6], [3, 4, 5, 7]];
        (0..self.width)
            .map(|cell| {
                let mut bits = 0;
                for (x, column) in BITS.iter().enumerate() {
                    for (y, bit) in column.iter().enumerate() {
                        bits |= u32::from(self.get(cell * 2 + x, row * 4 + y)) << bit;
                    }
                }
                match bits {
                    0 => ' ',
                    bits => char::from_u32(0x2800 + bits).unwrap_or(' '),
                }
            })
            .collect()
    }

    fn ascii(&self, row: usize) -> String {
        (0..self.width)
            .map(|cell| {
                let any = (0..2).any(|x| (0..4).any(|y| self.get(cell * 2 + x, row * 4 + y)));
                if any { '*' } else { ' ' }
            })
            .collect()
    }
}
