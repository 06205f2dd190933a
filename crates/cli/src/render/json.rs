//! The report as JSON: the contract, as `docs/report.schema.json` describes it.

use std::io::{self, Write};

use eyrie_posture::report::Report;

/// Writes the report and a line end; over many lines if a person may read it.
///
/// # Errors
/// Whatever the writer says.
pub fn render(report: &Report, pretty: bool, out: &mut dyn Write) -> io::Result<()> {
    if pretty {
        serde_json::to_writer_pretty(&mut *out, report)?;
    } else {
        serde_json::to_writer(&mut *out, report)?;
    }
    writeln!(out)
}
