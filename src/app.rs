//! A placeholder for the wiring: says of everything that it is not there. To be replaced whole.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::cli::{CheckArgs, Checked, ConfigSource, DemoArgs, Failure, Program, RunArgs, Terminal};
use crate::operations::Operator;

/// The program as commands use it.
#[derive(Debug, Default)]
pub struct App;

fn absent<T>() -> Result<T, Failure> {
    Err(Failure::Unreachable("this part is not built yet".to_owned()))
}

#[async_trait(?Send)]
impl Program for App {
    fn run(&self, _: &RunArgs, _: &ConfigSource, _: &mut Terminal) -> Result<(), Failure> {
        absent()
    }

    fn demo(&self, _: &DemoArgs, _: &mut Terminal) -> Result<(), Failure> {
        absent()
    }

    fn check(&self, _: &CheckArgs, _: &ConfigSource, _: bool) -> Result<Checked, Failure> {
        absent()
    }

    fn show_config(&self, _: &ConfigSource, _: bool) -> Result<String, Failure> {
        absent()
    }

    fn config_schema(&self) -> String {
        "{}".to_owned()
    }

    fn config_reference(&self) -> String {
        String::new()
    }

    fn store_folder(&self, _: &ConfigSource) -> Result<PathBuf, Failure> {
        absent()
    }

    fn audit_file(&self, _: &ConfigSource) -> Result<PathBuf, Failure> {
        absent()
    }

    async fn operator(&self, _: &ConfigSource) -> Result<Option<Operator>, Failure> {
        absent()
    }
}
