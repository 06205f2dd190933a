//! The `eyrie` command.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match eyrie_cli::run(std::env::args_os()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            // Nowhere is left to complain to if this fails.
            let _ = std::io::stderr().write_all(error.message().as_bytes());
            error.exit().into()
        }
    }
}
