//! What commands need from the rest of the program, and how they fail. `app` implements [`Program`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;

use super::{CheckArgs, DemoArgs, RunArgs, Terminal};
use crate::operations::{Kind, Operator, Refused};

/// Which configuration a command works with.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigSource {
    /// The configuration file; without: the one that the variable SCOREGATE_CONFIG names
    #[arg(long = "config", value_name = "FILE", global = true)]
    pub file: Option<PathBuf>,
    /// Overrides one setting, such as `log.level=debug`; can be given several times
    #[arg(long = "set", value_name = "SETTING=VALUE", global = true, value_parser = setting)]
    pub overrides: Vec<(String, String)>,
    /// Takes secrets that are written in the file. For a try-out only
    #[arg(long, global = true)]
    pub allow_plain_secrets: bool,
}

impl ConfigSource {
    /// The file that is meant: the one of the command line, else the one of the environment.
    #[must_use]
    pub fn path(&self, environment: &BTreeMap<String, String>) -> Option<PathBuf> {
        let named = || environment.get("SCOREGATE_CONFIG").filter(|name| !name.is_empty());
        self.file.clone().or_else(|| named().map(PathBuf::from))
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.is_empty() => Ok((path.to_owned(), value.to_owned())),
        Some(_) | None => Err("a setting is written like log.level=debug".to_owned()),
    }
}

/// The result of checking files.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Checked {
    /// As asked for: text, JSON lines or annotations.
    pub report: String,
    pub errors: usize,
    pub warnings: usize,
}

/// Why a command failed; the text is for whoever ran it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// "No": exit 1.
    #[error("{0}")]
    No(String),
    /// Exit 2.
    #[error("{0}")]
    Usage(String),
    /// Exit 69 (`EX_UNAVAILABLE` of `sysexits.h`).
    #[error("{0}")]
    Unreachable(String),
    /// Exit 78 (`EX_CONFIG`).
    #[error("{0}")]
    Configuration(String),
    /// Whoever read the output has gone; there is nobody to tell. Exit 0.
    #[error("the output was closed")]
    OutputClosed,
}

impl Failure {
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::No(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 69,
            Self::Configuration(_) => 78,
            Self::OutputClosed => 0,
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let text = refused.to_string();
        match refused.kind() {
            Kind::No => Self::No(text),
            Kind::Usage => Self::Usage(text),
            Kind::Unreachable => Self::Unreachable(text),
            Kind::Configuration => Self::Configuration(text),
        }
    }
}

impl From<std::io::Error> for Failure {
    /// Printing is the only I/O that commands do by themselves.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::Unreachable(format!("the output cannot be written: {error}"))
        }
    }
}

/// The rest of the program, as commands use it.
#[async_trait(?Send)]
pub trait Program {
    /// The gateway, until it is told to stop.
    ///
    /// # Errors
    /// It did not start, or ended otherwise than it was told to.
    fn run(
        &self,
        args: &RunArgs,
        source: &ConfigSource,
        terminal: &mut Terminal,
    ) -> Result<(), Failure>;

    /// Everything in memory on loopback, until it is told to stop.
    ///
    /// # Errors
    /// As [`Self::run`].
    fn demo(&self, args: &DemoArgs, terminal: &mut Terminal) -> Result<(), Failure>;

    /// Every problem of the files in one run.
    ///
    /// # Errors
    /// It could not be found out; problems of the files are no error.
    fn check(
        &self,
        args: &CheckArgs,
        source: &ConfigSource,
        in_colour: bool,
    ) -> Result<Checked, Failure>;

    /// The settings in force, secrets starred.
    ///
    /// # Errors
    /// The configuration has errors.
    fn show_config(&self, source: &ConfigSource, with_origin: bool) -> Result<String, Failure>;

    /// JSON Schema of the configuration.
    fn config_schema(&self) -> String;

    /// Every setting, as Markdown.
    fn config_reference(&self) -> String;

    /// Where the store and its control socket are.
    ///
    /// # Errors
    /// The configuration has errors, or its store is in memory.
    fn store_folder(&self, source: &ConfigSource) -> Result<PathBuf, Failure>;

    /// # Errors
    /// As [`Self::store_folder`].
    fn audit_file(&self, source: &ConfigSource) -> Result<PathBuf, Failure>;

    /// Works on the store itself, under its lock and without a gateway. Dropping it gives the lock back.
    /// `None`: another process has the lock.
    ///
    /// # Errors
    /// The configuration has errors, or the store cannot be opened.
    async fn operator(&self, source: &ConfigSource) -> Result<Option<Operator>, Failure>;
}
