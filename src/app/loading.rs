//! From a command line to a checked configuration. Not here: what is right or wrong (`config`).

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::{CheckArgs, CheckFormat, ConfigSource, Failure, RunArgs};
use crate::clock::Clock;
use crate::config::{self, Config, Format, LoadRequest, Loaded, Provenance, StoreLocation};

/// Where the file is, if nothing says otherwise.
const STANDARD_FILE: &str = "/etc/scoregate/scoregate.toml";

/// A configuration without errors.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) config: Arc<Config>,
    pub(super) provenance: Provenance,
    /// What is to be said all the same: warnings, as text.
    pub(super) report: String,
}

/// What a command reads.
pub(super) fn of(source: &ConfigSource, clock: &dyn Clock) -> LoadRequest {
    let environment = config::environment();
    LoadRequest {
        file: Some(source.path(&environment).unwrap_or_else(|| STANDARD_FILE.into())),
        environment,
        overrides: source.overrides.clone(),
        allow_plain_secrets: source.allow_plain_secrets,
        check_environment: true,
        now: clock.now(),
    }
}

/// What `run` reads: a file, or a host and an upstream for a first try.
pub(super) fn for_run(args: &RunArgs, source: &ConfigSource, clock: &dyn Clock) -> LoadRequest {
    let mut request = of(source, clock);
    if let (Some(host), Some(upstream)) = (&args.host, &args.upstream) {
        request.file = None;
        let try_out = [
            ("listen.http.address", "127.0.0.1:8080"),
            ("listen.http.serve", "routes"),
            ("directory.users.source", "embedded"),
            ("route.portal.directory", "users"),
            ("route.portal.host", host),
            ("route.portal.upstream", upstream),
        ];
        let mut overrides: Vec<_> =
            try_out.map(|(path, value)| (path.to_owned(), value.to_owned())).into();
        overrides.append(&mut request.overrides);
        request.overrides = overrides;
    }
    request
}

/// One reading a file; without files, the one that `run` would read.
pub(super) fn for_check(
    args: &CheckArgs,
    source: &ConfigSource,
    clock: &dyn Clock,
) -> Vec<LoadRequest> {
    let mut standard = of(source, clock);
    standard.check_environment = !args.no_environment;
    if args.no_environment {
        standard.environment.clear();
    }
    if args.files.is_empty() {
        return vec![standard];
    }
    let with = |file: &PathBuf| LoadRequest { file: Some(file.clone()), ..standard.clone() };
    args.files.iter().map(with).collect()
}

pub(super) const fn format(format: CheckFormat, coloured: bool) -> Format {
    match format {
        CheckFormat::Text => Format::Text { coloured },
        CheckFormat::Json => Format::Json,
        CheckFormat::Github => Format::Github,
    }
}

pub(super) const fn is_text(format: CheckFormat) -> bool {
    matches!(format, CheckFormat::Text)
}

pub(super) fn load(request: &LoadRequest) -> Result<Ready, Failure> {
    let mut loaded = config::load(request);
    match loaded.config.take() {
        Some(config) => Ok(Ready {
            config: Arc::new(config),
            report: loaded.render(Format::Text { coloured: false }),
            provenance: loaded.provenance,
        }),
        None => Err(wrong(&loaded)),
    }
}

/// All that is wrong with the files, as the one thing to say.
pub(super) fn wrong(loaded: &Loaded) -> Failure {
    let report = loaded.render(Format::Text { coloured: false });
    Failure::Configuration(format!("the configuration has errors\n\n{report}{}", loaded.summary()))
}

pub(super) fn folder(config: &Config) -> Result<PathBuf, Failure> {
    match &config.store {
        StoreLocation::Folder(folder) => Ok(folder.clone()),
        StoreLocation::Memory => {
            Err(Failure::Unreachable("this store is in memory only".to_owned()))
        }
    }
}
