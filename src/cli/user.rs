//! `scoregate user …`.

use clap::{Args, Subcommand};

use super::perform::perform;
use super::{ConfigSource, Failure, Program, Terminal, unexpected};
use crate::operations::{
    LinkMade, Operation, Outcome, PasskeySummary, UserAdd, UserDetails, UserRef, UserSummary,
};

/// Adds, shows and changes users; acts at once, whether or not the gateway runs
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  scoregate user add anna --directory staff --email anna@example.org\n  \
                        scoregate user list --json"
)]
pub(super) enum UserCommand {
    Add(AddArgs),
    List(ListArgs),
    Show(ShowArgs),
    /// Keeps a user out, and ends their sessions at once
    #[command(
        after_help = "Examples:\n  scoregate user disable anna\n  scoregate user disable anna --directory staff"
    )]
    Disable(Named),
    /// Lets a disabled user in again
    #[command(
        after_help = "Examples:\n  scoregate user enable anna\n  scoregate user enable anna --directory staff"
    )]
    Enable(Named),
    /// Forgets failed attempts, so that a user can try again at once
    #[command(
        after_help = "Examples:\n  scoregate user unlock anna\n  scoregate user unlock anna --directory staff"
    )]
    Unlock(Named),
    Link(LinkArgs),
    Role(RoleArgs),
    Delete(DeleteArgs),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The user's name
    name: String,
    /// Needed where several directories have the name
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<String>,
}

impl Named {
    fn user(self) -> UserRef {
        UserRef { name: self.name, directory: self.directory }
    }
}

/// Adds a user and prints a one-time link to set the account up
///
/// Nothing is printed where a password is given: the user can sign in with it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate user add anna --directory staff --email anna@example.org --role finance\n  \
                  pass show anna | scoregate user add anna --directory staff --password-stdin"
)]
pub(super) struct AddArgs {
    /// 1 to 64 of a-z, 0-9, `.`, `_`, `@`, `+` and `-`
    name: String,
    /// Needed where there are several
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<String>,
    /// Can be given several times; `scoregate_owner` opens the administrators' portal
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Codes, and links for a forgotten password, may be sent there at once: you answer for it
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// With `+` and the country code; codes may be sent there at once
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// What people call them
    #[arg(long = "name", value_name = "NAME")]
    display_name: Option<String>,
    /// Such as `nl`
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// The first line of standard input is the password
    #[arg(long)]
    password_stdin: bool,
    /// The host that the link points to; without: the directory's
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Lists users
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate user list\n  scoregate user list --directory staff --json"
)]
pub(super) struct ListArgs {
    /// Only those of this directory
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Shows one user, with the methods that they have
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate user show anna\n  scoregate user show anna --directory staff --json"
)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    user: Named,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Prints a new one-time link to set an account up; earlier ones end
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate user link anna\n  scoregate user link anna --host portal.example.org"
)]
pub(super) struct LinkArgs {
    #[command(flatten)]
    user: Named,
    /// The host that the link points to; without: the directory's
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Gives roles to a user, or takes them away
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate user role anna --add finance\n  scoregate user role anna --remove finance"
)]
pub(super) struct RoleArgs {
    #[command(flatten)]
    user: Named,
    /// Can be given several times
    #[arg(long = "add", value_name = "ROLE", required_unless_present = "remove")]
    add: Vec<String>,
    /// Can be given several times
    #[arg(long = "remove", value_name = "ROLE")]
    remove: Vec<String>,
}

/// Removes a user and everything they own
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate user delete anna\n  scoregate user delete anna --yes"
)]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    user: Named,
    /// Does not ask
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn user(
    command: UserCommand,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let perform = |operation| perform(program, source, operation);
    match command {
        UserCommand::Add(args) => {
            let json = args.json;
            let outcome = perform(Operation::UserAdd(Box::new(addition(args, terminal)?)))?;
            added(&outcome, json, terminal)
        }
        UserCommand::List(ListArgs { directory, json }) => {
            listed(&perform(Operation::UserList { directory })?, json, terminal)
        }
        UserCommand::Show(ShowArgs { user, json }) => {
            showed(&perform(Operation::UserShow { user: user.user() })?, json, terminal)
        }
        UserCommand::Disable(named) => {
            let outcome = perform(Operation::UserDisable { user: named.user() })?;
            changed(&outcome, "disabled, and signed out everywhere", terminal)
        }
        UserCommand::Enable(named) => {
            let outcome = perform(Operation::UserEnable { user: named.user() })?;
            changed(&outcome, "enabled", terminal)
        }
        UserCommand::Unlock(named) => {
            let outcome = perform(Operation::UserUnlock { user: named.user() })?;
            changed(&outcome, "unlocked", terminal)
        }
        UserCommand::Link(LinkArgs { user, host, json }) => {
            linked(&perform(Operation::UserLink { user: user.user(), host })?, json, terminal)
        }
        UserCommand::Role(RoleArgs { user, add: grant, remove: revoke }) => {
            let outcome = perform(Operation::UserRoles { user: user.user(), grant, revoke })?;
            with_roles(&outcome, terminal)
        }
        UserCommand::Delete(DeleteArgs { user, yes }) => {
            let question = format!("Delete `{}` and everything they own?", user.name);
            terminal.confirm(&question, yes)?;
            deleted(&perform(Operation::UserDelete { user: user.user() })?, terminal)
        }
    }
}

fn addition(args: AddArgs, terminal: &mut Terminal) -> Result<UserAdd, Failure> {
    let password = if args.password_stdin { Some(terminal.secret_line()?) } else { None };
    Ok(UserAdd {
        name: args.name,
        directory: args.directory,
        roles: args.roles,
        email: args.email,
        phone: args.phone,
        display_name: args.display_name,
        language: args.language,
        password,
        host: args.host,
    })
}

fn added(outcome: &Outcome, json: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    let Outcome::UserAdded { user: _, link } = outcome else { return Err(unexpected()) };
    match link {
        _ if json => terminal.json(outcome),
        Some(LinkMade { url, expires_at: _ }) => terminal.line(url),
        None => Ok(()),
    }
}

pub(super) fn linked(
    outcome: &Outcome,
    json: bool,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let Outcome::Link { user: _, link } = outcome else { return Err(unexpected()) };
    if json { terminal.json(outcome) } else { terminal.line(&link.url) }
}

fn listed(outcome: &Outcome, json: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    let Outcome::Users { users } = outcome else { return Err(unexpected()) };
    if json {
        return terminal.json(users);
    }
    let rows: Vec<Vec<String>> = users.iter().map(|user| row(user, terminal)).collect();
    terminal.table(&["name", "directory", "state", "roles", "last sign-in"], &rows)
}

fn row(user: &UserSummary, terminal: &Terminal) -> Vec<String> {
    let last = user.last_sign_in_at.as_deref();
    vec![
        user.name.clone(),
        user.directory.clone(),
        state(user).to_owned(),
        user.roles.join(","),
        last.map_or_else(|| "never".to_owned(), |at| terminal.local(at)),
    ]
}

const fn state(user: &UserSummary) -> &'static str {
    if user.disabled { "disabled" } else { "active" }
}

fn showed(outcome: &Outcome, json: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    let Outcome::User(details) = outcome else { return Err(unexpected()) };
    if json {
        return terminal.json(details);
    }
    let UserDetails { user, language, email, phone, methods, passkeys, sessions } = &**details;
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    let rows = [
        ("directory", user.directory.clone()),
        ("display name", optional(&user.display_name)),
        ("state", state(user).to_owned()),
        ("roles", user.roles.join(", ")),
        ("methods", methods.join(", ")),
        ("passkeys", passkey_line(passkeys, terminal)),
        ("e-mail", optional(email)),
        ("phone", optional(phone)),
        ("language", optional(language)),
        ("sessions", sessions.to_string()),
        ("created", terminal.local(&user.created_at)),
        (
            "last sign-in",
            user.last_sign_in_at
                .as_deref()
                .map_or_else(|| "never".to_owned(), |at| terminal.local(at)),
        ),
        ("id", user.id.clone()),
    ];
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    terminal.table(&["name", &user.name], &rows)
}

/// One line: what each is called, and when it was used last.
fn passkey_line(passkeys: &[PasskeySummary], terminal: &Terminal) -> String {
    let one = |passkey: &PasskeySummary| {
        let name = passkey.label.as_deref().unwrap_or(&passkey.method);
        match &passkey.last_used_at {
            Some(at) => format!("{name} (last used {})", terminal.local(at)),
            None => format!("{name} (not used yet)"),
        }
    };
    passkeys.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn changed(outcome: &Outcome, how: &str, terminal: &mut Terminal) -> Result<(), Failure> {
    let Outcome::UserChanged { user, changed } = outcome else { return Err(unexpected()) };
    let before = if *changed { "" } else { " (as before)" };
    terminal.line(format_args!("{} is {how}{before}.", user.name))
}

fn with_roles(outcome: &Outcome, terminal: &mut Terminal) -> Result<(), Failure> {
    let Outcome::UserChanged { user, changed: _ } = outcome else { return Err(unexpected()) };
    let roles = if user.roles.is_empty() { "none".to_owned() } else { user.roles.join(", ") };
    terminal.line(format_args!("Roles of {}: {roles}.", user.name))
}

fn deleted(outcome: &Outcome, terminal: &mut Terminal) -> Result<(), Failure> {
    let Outcome::UserDeleted { user } = outcome else { return Err(unexpected()) };
    terminal.line(format_args!("{} is deleted, and signed out everywhere.", user.name))
}
