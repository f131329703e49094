//! `scoregate recover …`.

use clap::{Args, Subcommand};

use super::perform::perform;
use super::user::linked;
use super::{ConfigSource, Failure, Program, Terminal};
use crate::operations::{Operation, Outcome, UserRef};

/// The way back in; works with the gateway down
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  scoregate recover admin\n  scoregate recover admin anna")]
pub(super) enum RecoverCommand {
    Admin(AdminArgs),
    Policy(PolicyArgs),
}

/// Goes back to an earlier revision of a directory's settings
///
/// Whatever was saved after it, is scheduled or waits to be confirmed, ends. The revision comes back as
/// a new one. `--to 0` leaves what files say. It is written to the audit.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate recover policy --directory staff --to 41\n  scoregate recover policy --directory staff --to 0"
)]
pub(super) struct PolicyArgs {
    /// Needed where there are several
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<String>,
    /// The number of the revision, as the administrators' portal shows it
    #[arg(long, value_name = "REVISION")]
    to: u64,
    /// Prints JSON
    #[arg(long)]
    json: bool,
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
    let AdminArgs { name, directory, host, json } = match command {
        RecoverCommand::Admin(args) => args,
        RecoverCommand::Policy(PolicyArgs { directory, to, json }) => {
            let operation = Operation::RecoverPolicy { directory, to };
            return policy(&perform(program, source, operation)?, json, terminal);
        }
    };
    let user = name.map(|name| UserRef { name, directory });
    linked(&perform(program, source, Operation::RecoverAdmin { user, host })?, json, terminal)
}

fn policy(outcome: &Outcome, json: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    match outcome {
        _ if json => terminal.json(outcome),
        Outcome::PolicyRecovered { directory, revision: 0 } => {
            terminal.line(format_args!("{directory}: files alone decide"))
        }
        Outcome::PolicyRecovered { directory, revision } => {
            terminal.line(format_args!("{directory}: in force as revision {revision}"))
        }
        _ => Ok(()),
    }
}
