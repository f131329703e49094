//! The `scoregate` program. Everything is in the library; this file only starts it.

fn main() {}
