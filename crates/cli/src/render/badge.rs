//! The score as a badge: the JSON that a shields.io endpoint serves, or a drawing that needs nobody.

use std::io::{self, Write};

use eyrie_posture::report::{Report, Tally};
use serde_json::json;

use super::{PassScore, digest};

/// What a badge says.
struct Badge {
    message: String,
    color: Color,
    /// Whether the score is not that of everything asked for.
    incomplete: bool,
}

/// The colours that shields.io names, with their values.
#[derive(Clone, Copy)]
enum Color {
    Brightgreen,
    Yellow,
    Orange,
    Red,
    Lightgrey,
}

impl Color {
    fn name(self) -> &'static str {
        match self {
            Color::Brightgreen => "brightgreen",
            Color::Yellow => "yellow",
            Color::Orange => "orange",
            Color::Red => "red",
            Color::Lightgrey => "lightgrey",
        }
    }

    /// Dark enough for white text at a contrast of 4.5 to 1.
    fn fill(self) -> &'static str {
        match self {
            Color::Brightgreen => "#2a7d0f",
            Color::Yellow => "#866700",
            Color::Orange => "#a8550e",
            Color::Red => "#c2342a",
            Color::Lightgrey => "#6b6b6b",
        }
    }
}

const LABEL: &str = "eyrie";

/// Writes the JSON of a [shields.io endpoint](https://shields.io/badges/endpoint-badge).
///
/// # Errors
/// Whatever the writer says.
pub fn render_endpoint(
    report: &Report,
    pass_score: Option<PassScore>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let badge = badge(report, pass_score);
    let mut endpoint =
        json!({"schemaVersion": 1, "label": LABEL, "message": badge.message, "color": badge.color.name()});
    if let (true, Some(endpoint)) = (badge.incomplete, endpoint.as_object_mut()) {
        endpoint.insert("isError".into(), true.into());
    }
    serde_json::to_writer(&mut *out, &endpoint)?;
    writeln!(out)
}

/// Writes an SVG that needs no font, script or address of its own.
///
/// # Errors
/// Whatever the writer says.
pub fn render_svg(report: &Report, pass_score: Option<PassScore>, out: &mut dyn Write) -> io::Result<()> {
    let badge = badge(report, pass_score);
    let (label, message) = (text_width(LABEL), text_width(&badge.message));
    let (left, right) = (label + 10, message + 10);
    let width = left + right;
    // The message is made of digits, a rating and our words; a rating comes from a catalogue.
    let text = escape(&badge.message);
    let fill = badge.color.fill();
    let (label_at, message_at) = (5, left + 5);
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{LABEL}: {text}">
<title>{LABEL}: {text}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#444"/><rect x="{left}" width="{right}" height="20" fill="{fill}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
<text x="{label_at}" y="14" textLength="{label}">{LABEL}</text>
<text x="{message_at}" y="14" textLength="{message}">{text}</text>
</g>
</svg>"##
    )
}

fn badge(report: &Report, pass_score: Option<PassScore>) -> Badge {
    let mut tally = Tally::default();
    for project in &report.projects {
        tally.earned += project.score.overall.earned;
        tally.possible += project.score.overall.possible;
    }
    if let [project] = report.projects.as_slice() {
        tally.percent = project.score.overall.percent;
    } else if let Some(percent) = (u64::from(tally.earned) * 1000).checked_div(tally.possible.into()) {
        tally.percent = u32::try_from(percent).unwrap_or(1000);
    }
    let incomplete = report.projects.iter().any(|project| !project.failures.is_empty());
    if tally.possible == 0 {
        return Badge { message: "not assessed".into(), color: Color::Lightgrey, incomplete };
    }
    let rating = match report.projects.as_slice() {
        [project] => project.score.rating.as_deref(),
        _ => None,
    };
    let mut message = digest::percent(tally.percent);
    if let Some(rating) = rating {
        message = format!("{message} {}", digest::rating(rating));
    }
    if incomplete {
        message.push_str(" (incomplete)");
    }
    let color = match (pass_score.map(|pass_score| pass_score.reached_by(tally)), tally.percent) {
        (Some(true), _) | (None, 750..) => Color::Brightgreen,
        (None, 500..) => Color::Yellow,
        (Some(false), 500..) | (None, 250..) => Color::Orange,
        (Some(false) | None, _) => Color::Red,
    };
    Badge { message, color, incomplete }
}

/// Width in pixels of a text in Verdana at 11 pixels. `textLength` makes whatever font there is fit.
fn text_width(text: &str) -> usize {
    let tenths: usize = text
        .chars()
        .map(|c| match c {
            'i' | 'l' | 'j' => 30,
            ' ' | '.' | ',' | '(' | ')' | 'f' | 't' | 'r' => 43,
            '%' | 'm' | 'w' | 'M' | 'W' => 112,
            'A'..='Z' => 76,
            c if c.is_ascii() => 69,
            _ => 110,
        })
        .sum();
    tenths.div_ceil(10)
}

fn escape(text: &str) -> String {
    let text = super::text::visible(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
