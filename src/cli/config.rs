//! `scoregate config …`.

use clap::{Args, Subcommand};

use super::{ConfigSource, Failure, Program, Terminal};

/// Shows the configuration, and what it can hold
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  scoregate config show --origin\n  scoregate config schema > scoregate-1.json"
)]
pub(super) enum ConfigCommand {
    Show(ShowArgs),
    /// Prints the JSON Schema of the configuration, for editors
    #[command(
        after_help = "Examples:\n  scoregate config schema\n  scoregate config schema > scoregate-1.json"
    )]
    Schema,
    /// Prints every setting, as Markdown
    #[command(
        after_help = "Examples:\n  scoregate config reference\n  scoregate config reference > configuration.md"
    )]
    Reference,
}

/// Prints the settings in force; secrets are starred
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate config show\n  scoregate config show --origin --config scoregate.toml"
)]
pub(super) struct ShowArgs {
    /// Says of each where it was set
    #[arg(long)]
    origin: bool,
}

pub(super) fn config(
    command: &ConfigCommand,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut text = match command {
        ConfigCommand::Show(args) => program.show_config(source, args.origin)?,
        ConfigCommand::Schema => program.config_schema(),
        ConfigCommand::Reference => program.config_reference(),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    terminal.text(&text)
}
