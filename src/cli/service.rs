//! `scoregate reload` and `scoregate status`: what only a running gateway can answer.

use super::perform::perform;
use super::{ConfigSource, Failure, Program, Terminal, unexpected};
use crate::operations::{Operation, Outcome};

/// Has the running gateway read its configuration anew, all or nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  scoregate reload\n  scoregate check && scoregate reload")]
pub(super) struct ReloadArgs {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Shows how the running gateway is
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  scoregate status\n  scoregate status --json")]
pub(super) struct StatusArgs {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn reload(
    args: &ReloadArgs,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let outcome = perform(program, source, Operation::Reload)?;
    match &outcome {
        Outcome::Reloaded { revision: _ } if args.json => terminal.json(&outcome),
        Outcome::Reloaded { revision } => {
            terminal.line(format_args!("Reloaded; revision {revision} is in force."))
        }
        _ => Err(unexpected()),
    }
}

pub(super) fn status(
    args: &StatusArgs,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let Outcome::Status(status) = perform(program, source, Operation::Status)? else {
        return Err(unexpected());
    };
    if args.json {
        return terminal.json(&status);
    }
    let ready = if status.ready { "yes".to_owned() } else { status.not_ready.join("; ") };
    let mut rows = vec![
        vec!["ready".to_owned(), ready],
        vec!["since".to_owned(), terminal.local(&status.started_at)],
        vec!["revision".to_owned(), status.revision.to_string()],
        vec!["sessions".to_owned(), status.sessions.to_string()],
    ];
    rows.extend(status.listeners.iter().map(|one| vec!["listens".to_owned(), one.clone()]));
    if let Some(link) = &status.first_admin_link {
        rows.push(vec!["first owner".to_owned(), format!("link in {}", link.display())]);
    }
    terminal.table(&["version", &status.version], &rows)
}
