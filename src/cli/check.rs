//! `scoregate check`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{ConfigSource, Failure, Program, Terminal};

/// Says everything that is wrong with configuration files, with the place and what to do
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scoregate check\n  scoregate check --deny-warnings --format github config/*.toml"
)]
pub struct CheckArgs {
    /// The files, each by itself; without: the one that `run` would read
    #[arg(value_name = "FILES")]
    pub files: Vec<PathBuf>,
    /// One JSON object a line; the same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// How problems are printed
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// Warnings fail the check as errors do
    #[arg(long)]
    pub deny_warnings: bool,
    /// Looks at the files only, not at the environment, other files and the network
    #[arg(long)]
    pub no_environment: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum CheckFormat {
    Text,
    Json,
    /// Annotations of a workflow
    Github,
}

impl CheckArgs {
    #[must_use]
    pub const fn format(&self) -> CheckFormat {
        if self.json { CheckFormat::Json } else { self.format }
    }
}

pub(super) fn check(
    args: &CheckArgs,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let checked = program.check(args, source, terminal.in_colour)?;
    terminal.text(&checked.report)?;
    if checked.errors > 0 || (args.deny_warnings && checked.warnings > 0) {
        // The report has said it.
        return Err(Failure::Configuration(String::new()));
    }
    Ok(())
}
