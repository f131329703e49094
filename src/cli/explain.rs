//! `scoregate explain`.

use std::net::IpAddr;

use super::perform::perform;
use super::{ConfigSource, Failure, Program, Terminal, unexpected};
use crate::operations::{Explain, Operation, Outcome};

/// Says whether a request would be let in, and why
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scoregate explain https://portal.example.org/ --user anna\n  scoregate explain \
                  https://portal.example.org/payments/ --user anna --done password,email@2m --json\n\nThe first line \
                  is `verdict:` and one of allow, step-up, forbid, public, refused. The exit code is 0 for each of them."
)]
pub(super) struct ExplainArgs {
    /// The address, as a browser would ask for it
    url: String,
    /// Who asks; without: somebody who is not signed in
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// What they have done, and how long ago: `password,email@2m`. Any method, enrolled or not
    #[arg(long, value_name = "METHODS", value_delimiter = ',')]
    done: Vec<String>,
    /// The HTTP method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// Where the request comes from, for rules that ask
    #[arg(long = "from", value_name = "IP")]
    address: Option<IpAddr>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(
    args: ExplainArgs,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let ExplainArgs { url, user, done, method, address, json } = args;
    let question = Operation::Explain(Explain { url, user, done, method, address });
    let Outcome::Explained(explanation) = perform(program, source, question)? else {
        return Err(unexpected());
    };
    if json { terminal.json(&explanation) } else { terminal.text(&explanation.to_string()) }
}
