//! The `scoregate` program. Everything is in the library; this file only starts it.

use std::process::ExitCode;

/// A request costs some two hundred allocations, most of them Pingora's; see `docs/performance.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    scoregate::cli::main()
}
