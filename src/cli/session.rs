//! `scoregate session …`.

use clap::{ArgGroup, Args, Subcommand};

use super::perform::perform;
use super::{ConfigSource, Failure, Program, Terminal, unexpected};
use crate::operations::{Operation, Outcome, SessionChoice, SessionSummary, UserRef};

/// Lists and ends sessions; acts at once, whether or not the gateway runs
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  scoregate session list --user anna\n  scoregate session end 1f2e3d4c5b6a"
)]
pub(super) enum SessionCommand {
    List(ListArgs),
    End(EndArgs),
}

/// Lists live sessions, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate session list\n  scoregate session list --user anna --json"
)]
pub(super) struct ListArgs {
    /// Only this user's
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Needed where several directories have the name
    #[arg(long, value_name = "DIRECTORY", requires = "user")]
    directory: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Ends one session, all of a user, or all there are
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate session end 1f2e3d4c5b6a\n  scoregate session end --user anna",
    group = ArgGroup::new("which").required(true).multiple(false).args(["id", "user", "all"])
)]
#[group(skip)]
pub(super) struct EndArgs {
    /// As `session list` shows it
    id: Option<String>,
    /// All of this user's
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Needed where several directories have the name
    #[arg(long, value_name = "DIRECTORY", requires = "user", conflicts_with_all = ["id", "all"])]
    directory: Option<String>,
    /// Everybody's
    #[arg(long)]
    all: bool,
    /// Does not ask
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn session(
    command: SessionCommand,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    match command {
        SessionCommand::List(ListArgs { user, directory, json }) => {
            let user = user.map(|name| UserRef { name, directory });
            listed(&perform(program, source, Operation::SessionList { user })?, json, terminal)
        }
        SessionCommand::End(args) => {
            let which = chosen(args, terminal)?;
            ended(&perform(program, source, Operation::SessionEnd { which })?, terminal)
        }
    }
}

fn chosen(args: EndArgs, terminal: &mut Terminal) -> Result<SessionChoice, Failure> {
    let EndArgs { id, user, directory, all: _, yes } = args;
    match (id, user) {
        (Some(id), _) => Ok(SessionChoice::Id(id)),
        (None, Some(name)) => Ok(SessionChoice::Of(UserRef { name, directory })),
        (None, None) => {
            terminal.confirm("End every session of everybody?", yes)?;
            Ok(SessionChoice::All)
        }
    }
}

fn listed(outcome: &Outcome, json: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    let Outcome::Sessions { sessions } = outcome else { return Err(unexpected()) };
    if json {
        return terminal.json(sessions);
    }
    let row = |session: &SessionSummary| {
        vec![
            session.id.clone(),
            session.user.clone(),
            session.directory.clone(),
            session.methods.join(","),
            terminal.local(&session.created_at),
            terminal.local(&session.last_seen_at),
            session.address.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = sessions.iter().map(row).collect();
    terminal.table(&["id", "user", "directory", "methods", "since", "seen", "from"], &rows)
}

fn ended(outcome: &Outcome, terminal: &mut Terminal) -> Result<(), Failure> {
    let Outcome::SessionsEnded { count } = outcome else { return Err(unexpected()) };
    let sessions = if *count == 1 { "session" } else { "sessions" };
    terminal.line(format_args!("{count} {sessions} ended."))
}
