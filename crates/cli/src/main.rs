//! The `eyrie` command.

use std::io::Write as _;
use std::process::ExitCode;

use eyrie_cli::render::text::visible_lines;

fn main() -> ExitCode {
    match eyrie_cli::run(std::env::args_os()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            let mut message = format!("error: {}\n", visible_lines(&error.to_string()));
            if let Some(help) = error.help() {
                message.push_str(&format!("  help: {}\n", visible_lines(&help)));
            }
            // Nowhere is left to complain to if this fails.
            let _ = std::io::stderr().write_all(message.as_bytes());
            error.exit().into()
        }
    }
}
