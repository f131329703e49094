//! The command line: a file a command. Each turns arguments into a call of `operations`, `app` or
//! `config`, and what comes back into text or JSON. Not here: doing anything.
//!
//! Exit codes: 0 done, 1 "no", 2 usage, 69 not reachable, 78 configuration.

mod audit;
mod certs;
mod check;
mod completions;
mod config;
mod demo;
mod explain;
mod keys;
mod perform;
mod program;
mod recover;
mod run;
mod service;
mod session;
mod terminal;
mod user;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use check::{CheckArgs, CheckFormat};
pub use demo::DemoArgs;
pub use program::{Checked, ConfigSource, Failure, Program};
pub use run::RunArgs;
pub use terminal::Terminal;

/// Puts sign-in in front of a web portal that exists already.
///
/// Each method that a person completes gives points; each page says how many it asks for.
#[derive(Debug, Parser)]
#[command(
    name = "scoregate",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Examples:\n  scoregate demo\n  scoregate run --config scoregate.toml\n\nExit codes: 0 done, 1 no, \
                  2 usage, 69 not reachable, 78 configuration"
)]
struct Cli {
    #[command(flatten)]
    source: ConfigSource,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(DemoArgs),
    Run(RunArgs),
    Check(CheckArgs),
    Explain(explain::ExplainArgs),
    #[command(subcommand)]
    User(user::UserCommand),
    #[command(subcommand)]
    Session(session::SessionCommand),
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    #[command(subcommand)]
    Recover(recover::RecoverCommand),
    Reload(service::ReloadArgs),
    Status(service::StatusArgs),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    #[command(subcommand)]
    Certs(certs::CertsCommand),
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    Completions(completions::CompletionsArgs),
}

/// The whole program: what `main` calls.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "NO_COLOR is for the terminal, not a setting")]
pub fn main() -> ExitCode {
    let no_colour = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
    let mut terminal = Terminal::of_process(no_colour);
    ExitCode::from(run_with(std::env::args_os(), &crate::app::App, &mut terminal))
}

/// Runs one command line and gives its exit code.
pub fn run_with<T: Into<std::ffi::OsString> + Clone>(
    arguments: impl IntoIterator<Item = T>,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> u8 {
    let parsed = Cli::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return show_usage(&error, terminal),
    };
    match dispatch(cli, program, terminal).and_then(|()| Ok(terminal.out.flush()?)) {
        Ok(()) => 0,
        Err(failure) => {
            let code = failure.exit_code();
            if code != 0 && !failure.to_string().is_empty() {
                terminal.note(format_args!("error: {failure}"));
            }
            code
        }
    }
}

/// What clap has to say: help and version on standard output, what is wrong on standard error.
fn show_usage(error: &clap::Error, terminal: &mut Terminal) -> u8 {
    let text = error.render();
    let text = if terminal.in_colour { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        let _ = terminal.err.write_all(text.as_bytes());
        return Failure::Usage(String::new()).exit_code();
    }
    let _ = terminal.text(&text);
    0
}

fn dispatch(cli: Cli, program: &dyn Program, terminal: &mut Terminal) -> Result<(), Failure> {
    let source = &cli.source;
    match cli.command {
        Command::Demo(args) => program.demo(&args, terminal),
        Command::Run(args) => program.run(&args, source, terminal),
        Command::Check(args) => check::check(&args, source, program, terminal),
        Command::Explain(args) => explain::explain(args, source, program, terminal),
        Command::User(command) => user::user(command, source, program, terminal),
        Command::Session(command) => session::session(command, source, program, terminal),
        Command::Keys(command) => keys::keys(&command, source, program, terminal),
        Command::Recover(command) => recover::recover(command, source, program, terminal),
        Command::Reload(args) => service::reload(&args, source, program, terminal),
        Command::Status(args) => service::status(&args, source, program, terminal),
        Command::Config(command) => config::config(&command, source, program, terminal),
        Command::Certs(command) => {
            certs::certs(&command, &crate::clock::SystemClock::default(), terminal)
        }
        Command::Audit(command) => audit::audit(&command, source, program, terminal),
        Command::Completions(args) => completions::completions(&args, terminal),
    }
}

/// An outcome that no operation of the command gives: the gateway that runs is of another version.
fn unexpected() -> Failure {
    Failure::Unreachable("the gateway gave an answer to another question".to_owned())
}

#[cfg(test)]
mod tests;
