//! `scoregate user import` and `scoregate user export`: users as a table.

use std::path::PathBuf;

use clap::Args;

use super::perform::perform;
use super::{ConfigSource, Failure, Program, Terminal, unexpected};
use crate::operations::{ImportReport, Operation, Outcome, decode};

/// Longer files are refused before they are read: some 500,000 rows.
const LONGEST: u64 = 48 * 1024 * 1024;

/// Adds and changes users from a CSV file; without --apply it only says what would happen
///
/// The columns: username, name, email, phone, language, roles, state, password_hash, as a header, in any order; only
/// username has to be there. Cells that are empty change nothing. One row that is wrong, and nothing is
/// done. Roles of the gateway, and whoever has one, are not for imports.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate user import staff.csv --directory staff\n  scoregate user import staff.csv --directory staff --apply"
)]
pub(super) struct ImportArgs {
    /// UTF-8 or Windows-1252, with commas or semicolons
    file: PathBuf,
    /// Needed where there are several
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<String>,
    /// Does it, in one transaction
    #[arg(long)]
    apply: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Prints the users of a directory as CSV that can be imported, without password hashes
///
/// Cells that a spreadsheet would take for a formula begin with an apostrophe, which an import takes off again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate user export --directory staff > staff.csv\n  scoregate user export | head"
)]
pub(super) struct ExportArgs {
    /// Needed where there are several
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<String>,
}

pub(super) fn import(
    args: ImportArgs,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let ImportArgs { file, directory, apply, json } = args;
    let not_read = |why: String| Failure::Unreachable(format!("`{}`: {why}", file.display()));
    let length = std::fs::metadata(&file).map_err(|error| not_read(error.to_string()))?.len();
    if length > LONGEST {
        return Err(not_read(format!(
            "has {length} bytes, and at most {LONGEST} are taken: split it"
        )));
    }
    let text = decode(&std::fs::read(&file).map_err(|error| not_read(error.to_string()))?);
    let outcome = perform(program, source, Operation::UserImport { directory, text, apply })?;
    let Outcome::Imported(report) = &outcome else { return Err(unexpected()) };
    if json {
        terminal.json(report)?;
    } else {
        tell(report, apply, terminal)?;
    }
    if report.problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::No(format!("{} problems: nothing was changed", report.problems.len())))
    }
}

fn tell(report: &ImportReport, apply: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    for one in &report.problems {
        let column = one.column.as_ref().map(|column| format!(", {column}")).unwrap_or_default();
        terminal.line(format_args!("row {}{column}: {}", one.row, one.message))?;
    }
    let ImportReport { new, changed, unchanged, problems, .. } = report;
    let wrong = problems.len();
    terminal
        .line(format_args!("{new} new, {changed} changed, {unchanged} as before, {wrong} wrong"))?;
    if wrong == 0 && !apply {
        terminal.line("Nothing was changed. Repeat it with --apply to do it.")?;
    }
    Ok(())
}

pub(super) fn export(
    args: ExportArgs,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let operation = Operation::UserExport { directory: args.directory.clone(), after };
        let Outcome::Exported { csv, next } = perform(program, source, operation)? else {
            return Err(unexpected());
        };
        terminal.text(&csv)?;
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}
