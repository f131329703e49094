//! `scoregate keys`: the keys that sign cookies and forms. Not here: the key of the store, which stays
//! as long as the store does.

use std::time::Duration;

use super::perform::perform;
use super::{ConfigSource, Failure, Program, Terminal, unexpected};
use crate::operations::{Operation, Outcome};

/// Changes the keys that sign cookies, forms and assertions
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Examples:\n  scoregate keys rotate\n  scoregate keys rotate --grace 12h")]
pub(super) enum KeysCommand {
    /// Makes a new key; the one before it is believed for a while, so that nobody is signed out
    #[command(
        after_help = "Examples:\n  scoregate keys rotate\n  scoregate keys rotate --grace 0s  (a key that was seen by \
                      others: everybody signs in anew)"
    )]
    Rotate {
        /// How long the old key is believed; longer than a session lasts, nobody notices
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = humantime::parse_duration)]
        grace: Duration,
    },
}

pub(super) fn keys(
    command: &KeysCommand,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let KeysCommand::Rotate { grace } = command;
    match perform(program, source, Operation::KeysRotate { grace_s: grace.as_secs() })? {
        Outcome::KeysRotated { grace_s } => {
            let grace = humantime::format_duration(Duration::from_secs(grace_s));
            terminal.line(format_args!("A new key signs; the old one is believed for {grace}."))
        }
        _ => Err(unexpected()),
    }
}
