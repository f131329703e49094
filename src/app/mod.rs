//! Wiring: from a configuration to running services, and what commands need of both. One short function
//! a service. Not here: any rule of the product.

mod entries;
mod keyring;
mod letters;
mod loading;
mod operator;
mod policies;
mod reload;
mod serve;
mod services;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::audit::Audit;
use crate::cli::{CheckArgs, Checked, ConfigSource, DemoArgs, Failure, Program, RunArgs, Terminal};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Severity};
use crate::operations::Operator;
use crate::store::embedded::{Embedded, OpenError};

/// The program as commands use it.
#[derive(Clone, Copy, Debug, Default)]
pub struct App;

#[async_trait(?Send)]
impl Program for App {
    fn run(
        &self,
        args: &RunArgs,
        source: &ConfigSource,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let request = loading::for_run(args, source, &*clock());
        let loaded = loading::load(&request)?;
        terminal.note_all(&loaded.report);
        serve::run(loaded, request, terminal)
    }

    fn demo(&self, args: &DemoArgs, terminal: &mut Terminal) -> Result<(), Failure> {
        serve::demo(args.listen, terminal)
    }

    fn check(
        &self,
        args: &CheckArgs,
        source: &ConfigSource,
        in_colour: bool,
    ) -> Result<Checked, Failure> {
        let mut checked = Checked::default();
        for request in loading::for_check(args, source, &*clock()) {
            let loaded = config::load(&request);
            checked.report += &loaded.render(loading::format(args.format(), in_colour));
            checked.errors += loaded.count(Severity::Error);
            checked.warnings += loaded.count(Severity::Warning);
            if loading::is_text(args.format()) {
                let name = request.file.as_ref().map(|file| format!("{}: ", file.display()));
                let summary = loaded.summary();
                checked.report += &format!("{}{summary}\n", name.unwrap_or_default());
            }
        }
        Ok(checked)
    }

    fn show_config(&self, source: &ConfigSource, with_origin: bool) -> Result<String, Failure> {
        let loaded = config::load(&loading::of(source, &*clock()));
        match loaded.count(Severity::Error) {
            0 => Ok(config::show(&loaded, with_origin)),
            _ => Err(loading::wrong(&loaded)),
        }
    }

    fn config_schema(&self) -> String {
        config::schema()
    }

    fn config_reference(&self) -> String {
        config::reference_markdown()
    }

    fn store_folder(&self, source: &ConfigSource) -> Result<PathBuf, Failure> {
        let loaded = loading::load(&loading::of(source, &*clock()))?;
        loading::folder(&loaded.config)
    }

    fn audit_file(&self, source: &ConfigSource) -> Result<PathBuf, Failure> {
        let loaded = loading::load(&loading::of(source, &*clock()))?;
        let folder = loading::folder(&loaded.config)?;
        Ok(services::audit_file(&loaded.config, &folder))
    }

    async fn operator(&self, source: &ConfigSource) -> Result<Option<Operator>, Failure> {
        let clock = clock();
        let loaded = loading::load(&loading::of(source, &*clock))?;
        let folder = loading::folder(&loaded.config)?;
        let (store, keys) = match Embedded::open(&folder).await {
            Ok(opened) => opened,
            Err(OpenError::InUse { .. }) => return Ok(None),
            Err(error) => return Err(Failure::Configuration(chain(&error))),
        };
        let audit = Audit::to_file(&services::audit_file(&loaded.config, &folder), clock.clone())
            .map_err(|error| Failure::Configuration(chain(&error)))?;
        operator::offline(loaded, &folder, store, keys, Arc::new(audit), clock).await.map(Some)
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::default())
}

/// An error with its causes, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
