//! `scoregate audit …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigSource, Failure, Program, Terminal};
use crate::audit::{Broken, verify};

/// Looks after the audit file
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  scoregate audit verify\n  scoregate audit verify audit.jsonl --json"
)]
pub(super) enum AuditCommand {
    Verify(VerifyArgs),
}

/// Says whether an audit file is as it was written
///
/// A line that was changed, taken out or put in is found. That the end is missing can only be told by
/// whoever has kept the last hash of before.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate audit verify\n  scoregate audit verify /backup/audit.jsonl"
)]
pub(super) struct VerifyArgs {
    /// Without: the one that the configuration names
    #[arg(value_name = "FILE")]
    audit_file: Option<PathBuf>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn audit(
    command: &AuditCommand,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let AuditCommand::Verify(args) = command;
    let path = match &args.audit_file {
        Some(path) => path.clone(),
        None => program.audit_file(source)?,
    };
    match verify(&path) {
        Ok(verified) if args.json => terminal.json(&serde_json::json!({
            "file": path, "intact": true, "lines": verified.lines, "last_hash": verified.last_hash,
        })),
        Ok(verified) => terminal.line(format_args!(
            "{}: {} lines, all as they were written. Last hash: {}",
            path.display(),
            verified.lines,
            verified.last_hash
        )),
        Err(Broken::Unreadable(error)) => {
            Err(Failure::Unreachable(format!("{} cannot be read: {error}", path.display())))
        }
        Err(Broken::At { line, why }) => {
            if args.json {
                terminal.json(&serde_json::json!({
                    "file": path, "intact": false, "line": line, "why": why.to_string(),
                }))?;
            }
            Err(Failure::No(format!("{}, line {line}: {why}", path.display())))
        }
    }
}
