//! The `scoregate` program. Everything is in the library; this file only starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    scoregate::cli::main()
}
