//! `scoregate recover …`.

use clap::{Args, Subcommand};

use super::perform::perform;
use super::user::linked;
use super::{ConfigSource, Failure, Program, Terminal};
use crate::operations::{Operation, UserRef};

/// The way back in; works with the gateway down
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  scoregate recover admin\n  scoregate recover admin anna")]
pub(super) enum RecoverCommand {
    Admin(AdminArgs),
}

/// Prints a one-time link for an owner of the gateway
///
/// Without a name: for the first owner there is, or a new one named `admin`. The user is made an owner,
/// enabled and unlocked if need be. It is written to the audit.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate recover admin\n  scoregate recover admin anna --directory staff"
)]
pub(super) struct AdminArgs {
    /// The user's name
    name: Option<String>,
    /// Needed where several directories have the name
    #[arg(long, value_name = "DIRECTORY", requires = "name")]
    directory: Option<String>,
    /// The host that the link points to; without: the directory's
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn recover(
    command: RecoverCommand,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let RecoverCommand::Admin(AdminArgs { name, directory, host, json }) = command;
    let user = name.map(|name| UserRef { name, directory });
    linked(&perform(program, source, Operation::RecoverAdmin { user, host })?, json, terminal)
}
