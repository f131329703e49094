//! `scoregate completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure, Terminal};

/// Prints completions for a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scoregate completions bash > /etc/bash_completion.d/scoregate\n  scoregate completions \
                  fish > ~/.config/fish/completions/scoregate.fish"
)]
pub(super) struct CompletionsArgs {
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs, terminal: &mut Terminal) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "scoregate", &mut script);
    terminal.text(&String::from_utf8_lossy(&script))
}
