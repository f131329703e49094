//! Finding and reading the files, and the order of the steps from there to a [`Config`]. Not here: the
//! steps themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checked::Config;
use super::diagnostic::{self, Diagnostic, Severity, SourceFile, Spot};
use super::layers::{self, Provenance};
use super::meaning;
use super::secrets;
use super::walk::{self, Layer};
use crate::points::Timestamp;

/// What to load, and from where.
#[derive(Clone, Debug)]
pub struct LoadRequest {
    /// The main file; `conf.d/*.toml` beside it belong to it. `None`: overrides and environment only.
    pub file: Option<PathBuf>,
    /// The environment, as from [`environment`].
    pub environment: BTreeMap<String, String>,
    /// From the command line, strongest: paths such as `route.portal.host` and values as a variable
    /// would hold them.
    pub overrides: Vec<(String, String)>,
    /// Take secrets that are written in files. For a try-out.
    pub allow_plain_secrets: bool,
    /// Look at what the machine has: certificates, secret files, their permissions. Off, secrets are
    /// not fetched either, so that the result is for checking and not for running.
    pub check_environment: bool,
    /// For what has a date, such as certificates.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug)]
pub struct Loaded {
    /// Only where there is no error.
    pub config: Option<Config>,
    /// In the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    pub provenance: Provenance,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
    /// Leftovers of editors and packages in `conf.d`, which were not.
    pub skipped: Vec<PathBuf>,
}

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    Text {
        coloured: bool,
    },
    /// One object a line.
    Json,
    /// Workflow annotations.
    Github,
}

impl Loaded {
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// All diagnostics, each followed by a newline; as text with an empty line between them.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let one = |diagnostic: &Diagnostic| match format {
            Format::Text { coloured } => diagnostic.text(coloured) + "\n",
            Format::Json => diagnostic.json() + "\n",
            Format::Github => diagnostic.github() + "\n",
        };
        self.diagnostics.iter().map(one).collect()
    }

    /// `3 errors, 1 warning`.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |severity: Severity| {
            let count = self.count(severity);
            format!("{count} {}{}", severity.name(), if count == 1 { "" } else { "s" })
        };
        format!("{}, {}", count(Severity::Error), count(Severity::Warning))
    }
}

/// The environment of this process. Variables that are not UTF-8 are none of ours.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    let text = |text: std::ffi::OsString| text.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// Loads and checks a configuration. Never fails as such: what is wrong is in the diagnostics.
#[must_use]
pub fn load(request: &LoadRequest) -> Loaded {
    let mut diagnostics = Vec::new();
    let mut found = Found::default();
    if let Some(main) = &request.file {
        found = find(main, &mut diagnostics);
    }
    let mut layers: Vec<Layer> = Vec::new();
    let mut all_read = diagnostics.is_empty();
    for (order, file) in found.files.iter().enumerate() {
        let layer = read(order, file, &mut diagnostics).and_then(|(file, text)| {
            walk::walk(&file, &text, request.allow_plain_secrets, &mut diagnostics)
        });
        all_read &= layer.is_some();
        layers.extend(layer);
    }
    layers.extend(outside(request, &layers, &mut diagnostics));
    let layered = layers::lay(layers, &mut diagnostics);
    let mut config = None;
    // Where a file could not be read, what it sets would seem to be missing.
    if let (true, Some(shape)) = (all_read, &layered.shape) {
        layers::weakenings(&layered.provenance, &mut diagnostics);
        config = meaning::build(request, shape, &layered, &mut diagnostics);
    }
    let has_error = diagnostics.iter().any(|found| found.severity == Severity::Error);
    if config.is_none() && !has_error {
        // Fail closed: a configuration that was not built is never taken for one without problems.
        diagnostics.push(Diagnostic::error("E0103", "the settings do not make a configuration"));
    }
    diagnostic::sort(&mut diagnostics);
    Loaded {
        config: config.filter(|_| !has_error),
        diagnostics,
        provenance: layered.provenance,
        files: found.files,
        skipped: found.skipped,
    }
}

fn outside(
    request: &LoadRequest,
    layers: &[Layer],
    diagnostics: &mut Vec<Diagnostic>,
) -> [Layer; 2] {
    let not_settings = layers::variables_for_secrets(layers);
    let environment = layers::environment(
        &request.environment,
        &not_settings,
        request.allow_plain_secrets,
        diagnostics,
    );
    [environment, layers::command_line(&request.overrides, diagnostics)]
}

fn read(
    order: usize,
    file: &Path,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Arc<SourceFile>, String)> {
    let name = file.to_string_lossy().into_owned();
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            let sentence = match error.kind() {
                std::io::ErrorKind::NotFound => "this file does not exist",
                std::io::ErrorKind::PermissionDenied => "this file may not be read by this user",
                _ => "this file cannot be read",
            };
            diagnostics.push(
                Diagnostic::error("E0003", sentence)
                    .at(Spot::File(name), "")
                    .help("name another with `--config FILE` or $SCOREGATE_CONFIG"),
            );
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => {
            let shown = secrets::starred(&text);
            Some((Arc::new(SourceFile { order, name, shown }), text))
        }
        Err(_) => {
            diagnostics.push(
                Diagnostic::error("E0001", "this file is not valid TOML")
                    .at(Spot::File(name), "")
                    .help("save it as UTF-8"),
            );
            None
        }
    }
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    skipped: Vec<PathBuf>,
}

/// The main file, then those in `conf.d` beside it, in byte order of their names.
fn find(main: &Path, diagnostics: &mut Vec<Diagnostic>) -> Found {
    let mut found = Found { files: vec![main.to_owned()], skipped: Vec::new() };
    let folder = main.parent().unwrap_or(Path::new("")).join("conf.d");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return found,
        Err(_) => {
            let name = folder.to_string_lossy().into_owned();
            diagnostics.push(
                Diagnostic::error("E0003", "this folder cannot be read")
                    .at(Spot::File(name), "")
                    .help("the gateway's user must be able to list it"),
            );
            return found;
        }
    };
    let mut names: Vec<std::ffi::OsString> =
        entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let file = folder.join(&name);
        match role(&name.to_string_lossy()) {
            FileRole::Part => found.files.push(file),
            FileRole::Leftover => found.skipped.push(file),
            FileRole::Misnamed => diagnostics.push(
                Diagnostic::error("E0004", "this file is not read: its name does not end in .toml")
                    .at(Spot::File(file.to_string_lossy().into_owned()), "")
                    .help("rename it so that it ends in .toml, or move it elsewhere"),
            ),
            FileRole::Other => {}
        }
    }
    found
}

enum FileRole {
    Part,
    Leftover,
    /// Looks like configuration, and would be silently left out.
    Misnamed,
    Other,
}

fn role(name: &str) -> FileRole {
    const LEFTOVERS: [&str; 8] =
        ["~", ".rpmsave", ".rpmnew", ".rpmorig", ".swp", ".bak", ".orig", ".disabled"];
    const LOOKALIKES: [&str; 9] =
        [".yaml", ".yml", ".json", ".conf", ".cfg", ".ini", ".tml", ".tom", ".toml.txt"];
    let lower = name.to_lowercase();
    let is_leftover = name.starts_with(['.', '#'])
        || lower.contains(".dpkg-")
        || lower.contains(".ucf-")
        || LEFTOVERS.iter().any(|ending| lower.ends_with(ending));
    if is_leftover {
        FileRole::Leftover
    } else if name.ends_with(".toml") {
        FileRole::Part
    } else if lower.ends_with(".toml") || LOOKALIKES.iter().any(|ending| lower.ends_with(ending)) {
        FileRole::Misnamed
    } else {
        FileRole::Other
    }
}
