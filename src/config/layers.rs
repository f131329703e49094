//! Laying what files, environment and command line say over the defaults, and remembering where each
//! value came from and what it replaced. Not here: whether a value is right in itself (`walk`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::diagnostic::{Diagnostic, Spot, nearest};
use super::outline::{Node, Setting, Weaker, outline};
use super::secrets::without_user_info;
use super::shape::Shape;
use super::texts;
use super::walk::{Entry, Layer, SECRET_HELP, flaw, join, toml_text};

/// What every variable of ours begins with.
const PREFIX: &str = "SCOREGATE_";
/// Names the file, and is no setting.
pub const CONFIG_VARIABLE: &str = "SCOREGATE_CONFIG";
/// On the line of a value that is meant to be weaker than an earlier file's.
const WEAKER_IS_MEANT: &str = "# scoregate: allow weaker";

/// Where a value came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The value as it may be printed.
    pub value: String,
    /// `None`: the default.
    pub spot: Option<Spot>,
    /// What it replaced, the latest first. The default is not listed.
    pub replaced: Vec<(String, Spot)>,
}

/// Where every setting came from, by its path, such as `route.portal.level`.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    origins: BTreeMap<String, Origin>,
    tables: BTreeMap<String, Spot>,
}

impl Provenance {
    /// Where the setting at `path` came from; `None`: nothing sets it and it has no default.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<&Origin> {
        self.origins.get(path)
    }

    /// All settings that have a value, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.origins.iter().map(|(path, origin)| (path.as_str(), origin))
    }

    /// Where a setting is written; `None`: nowhere, so that it has its default or no value.
    pub(super) fn written(&self, path: &str) -> Option<&Spot> {
        self.origins.get(path)?.spot.as_ref()
    }

    /// Where a table is written first: its header, or else the first setting in it.
    pub(super) fn table(&self, path: &str) -> Option<&Spot> {
        let inside = format!("{path}.");
        self.tables.get(path).or_else(|| {
            let below = |(name, spot): (&String, _)| name.starts_with(&inside).then_some(spot);
            let tables = self.tables.iter().map(|(name, spot)| (name, Some(spot)));
            let origins = self.origins.iter().map(|(name, origin)| (name, origin.spot.as_ref()));
            tables.chain(origins).find_map(|entry| below(entry).flatten())
        })
    }

    fn record(&mut self, entry: &Entry) {
        let replaced = match self.origins.remove(&entry.path) {
            Some(Origin { value, spot: Some(spot), mut replaced }) => {
                replaced.insert(0, (value, spot));
                replaced
            }
            Some(Origin { spot: None, .. }) | None => Vec::new(),
        };
        let origin = Origin { value: entry.shown.clone(), spot: entry.spot.clone(), replaced };
        self.origins.insert(entry.path.clone(), origin);
    }
}

/// Everything laid over one another.
pub(super) struct Layered {
    pub(super) shape: Option<Shape>,
    pub(super) provenance: Provenance,
    /// Settings that are there but wrong.
    pub(super) wrong: BTreeSet<String>,
}

/// Lays `layers`, weakest first, over the defaults.
pub(super) fn lay(mut layers: Vec<Layer>, diagnostics: &mut Vec<Diagnostic>) -> Layered {
    let mut provenance = Provenance::default();
    replace_secrets(&mut layers);
    let defaults = defaults(&layers);
    layers.insert(0, defaults);
    let mut wrong = BTreeSet::new();
    let mut builder = config::Config::builder();
    for layer in layers {
        for (path, spot) in &layer.tables {
            provenance.tables.entry(path.clone()).or_insert_with(|| spot.clone());
        }
        for entry in &layer.entries {
            provenance.record(entry);
        }
        wrong.extend(layer.wrong.iter().cloned());
        builder = builder.add_source(layer);
    }
    let shape = match builder.build().and_then(config::Config::try_deserialize::<Shape>) {
        Ok(shape) => Some(shape),
        Err(error) => {
            // Every value was checked before, so this is a contradiction between checks: refuse.
            diagnostics
                .push(Diagnostic::error("E0103", format!("the settings do not fit: {error}")));
            None
        }
    };
    Layered { shape, provenance, wrong }
}

/// A later source that says where a secret is kept replaces an earlier one, rather than adding a second
/// place.
fn replace_secrets(layers: &mut [Layer]) {
    for nth in (1..layers.len()).rev() {
        let Some((earlier, [layer, ..])) = layers.split_at_mut_checked(nth) else { continue };
        let secrets: BTreeSet<&str> =
            layer.entries.iter().filter_map(|entry| secret_of(&entry.path)).collect();
        for earlier in earlier {
            earlier.entries.retain(|entry| {
                secret_of(&entry.path).is_none_or(|secret| !secrets.contains(secret))
            });
        }
    }
}

/// The secret that a path is, or is a part of.
fn secret_of(path: &str) -> Option<&str> {
    let is_secret = |path: &&str| {
        outline().at(path).is_some_and(|setting| matches!(setting.node, Node::Secret(_)))
    };
    let around = path.rsplit_once('.').map(|(around, _)| around);
    Some(path).filter(is_secret).or_else(|| around.filter(is_secret))
}

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<config::Map<String, config::Value>, config::ConfigError> {
        let mut root = config::Map::new();
        for (path, _) in &self.tables {
            let names: Vec<&str> = path.split('.').collect();
            put(&mut root, &names, None);
        }
        for entry in &self.entries {
            let names: Vec<&str> = entry.path.split('.').collect();
            put(&mut root, &names, Some(&entry.value));
        }
        Ok(root)
    }
}

/// Puts a value, or an empty table, at a path.
fn put(table: &mut config::Map<String, config::Value>, names: &[&str], value: Option<&Value>) {
    let Some((name, rest)) = names.split_first() else { return };
    let empty = || config::Value::new(None, config::ValueKind::Table(config::Map::new()));
    match (rest.is_empty(), value) {
        (true, Some(value)) => {
            table.insert((*name).to_owned(), config::Value::new(None, kind(value)));
        }
        (true, None) => {
            table.entry((*name).to_owned()).or_insert_with(empty);
        }
        (false, _) => {
            let below = table.entry((*name).to_owned()).or_insert_with(empty);
            if !matches!(below.kind, config::ValueKind::Table(_)) {
                *below = empty();
            }
            if let config::ValueKind::Table(inner) = &mut below.kind {
                put(inner, rest, value);
            }
        }
    }
}

fn kind(value: &Value) -> config::ValueKind {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => number.as_i64().unwrap_or(i64::MAX).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => config::ValueKind::Array(
            items.iter().map(|item| config::Value::new(None, kind(item))).collect(),
        ),
        Value::Null | Value::Object(_) => config::ValueKind::Nil,
    }
}

/// The defaults of every setting, for every name that occurs.
fn defaults(layers: &[Layer]) -> Layer {
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    for layer in layers {
        paths.extend(layer.entries.iter().map(|entry| entry.path.as_str()));
        paths.extend(layer.tables.iter().map(|(path, _)| path.as_str()));
    }
    let mut defaults = Layer::default();
    add_defaults(outline(), "", &paths, &mut defaults);
    // Worth something as soon as something can send it; no schema can say that.
    let worth = |carries: bool| if carries { CODE_POINTS } else { 0 };
    let (email, sms) = carried(layers, &paths);
    let codes = [("email", worth(email)), ("sms", worth(sms))];
    let points: Vec<String> = defaults
        .entries
        .iter()
        .filter_map(|e| e.path.strip_suffix(".totp").map(str::to_owned))
        .collect();
    for table in points.iter().filter(|table| table.ends_with(".points")) {
        for (method, points) in codes {
            let (path, value) = (join(table, method), Value::from(points));
            defaults.entries.push(Entry { path, shown: value.to_string(), value, spot: None });
        }
    }
    defaults
}

/// What a code by e-mail or text message is worth where a notifier can send it.
const CODE_POINTS: u16 = 10;

/// Whether a notifier carries e-mail, and text messages. One whose kind is missing or wrong may be meant
/// for either: its own mistake is to be mended, and not to bring about others.
fn carried(layers: &[Layer], paths: &BTreeSet<&str>) -> (bool, bool) {
    let names: BTreeSet<&str> = paths
        .range("notifier."..)
        .map_while(|path| path.strip_prefix("notifier."))
        .filter_map(|path| path.split('.').next())
        .collect();
    let mut carried = (false, false);
    for name in names {
        let path = format!("notifier.{name}.kind");
        let entries = layers.iter().rev().flat_map(|layer| &layer.entries);
        let kind =
            entries.filter(|entry| entry.path == path).find_map(|entry| entry.value.as_str());
        carried.0 |= kind != Some("http");
        carried.1 |= kind != Some("smtp");
    }
    carried
}

/// Tables that are there only if they are written: defaults must not bring them about.
const ONLY_IF_WRITTEN: [&str; 2] = ["listen.https", "listen.http"];

fn add_defaults(setting: &Setting, path: &str, paths: &BTreeSet<&str>, defaults: &mut Layer) {
    let inside = if path.is_empty() { String::new() } else { format!("{path}.") };
    let is_written = paths.contains(path)
        || paths.range(inside.as_str()..).next().is_some_and(|next| next.starts_with(&inside));
    if ONLY_IF_WRITTEN.contains(&path) && !is_written {
        return;
    }
    match &setting.node {
        Node::Table(settings) => {
            for setting in settings {
                add_defaults(setting, &join(path, &setting.name), paths, defaults);
            }
        }
        Node::Named { each, .. } => {
            let names: BTreeSet<&str> = paths
                .range(inside.as_str()..)
                .map_while(|below| below.strip_prefix(&inside))
                .filter_map(|below| below.split('.').next())
                .collect();
            for name in names {
                add_defaults(each, &join(path, name), paths, defaults);
            }
        }
        _ => {
            if let Some(value) = setting.default.clone() {
                let (path, shown) = (path.to_owned(), toml_text(&value));
                defaults.entries.push(Entry { path, value, shown, spot: None });
            }
        }
    }
}

/// A setting that is given outside files: by a variable, or on the command line.
#[derive(Clone, Copy)]
enum Outside<'a> {
    Environment(&'a str),
    CommandLine(&'a str),
}

impl Outside<'_> {
    fn subject(self) -> String {
        match self {
            Self::Environment(name) => format!("environment variable {name}"),
            Self::CommandLine(path) => format!("`{path}` on the command line"),
        }
    }

    fn spot(self, shown: &str) -> Spot {
        match self {
            Self::Environment(name) => {
                Spot::Environment { name: name.to_owned(), shown: shown.to_owned() }
            }
            Self::CommandLine(path) => {
                Spot::CommandLine { path: path.to_owned(), shown: shown.to_owned() }
            }
        }
    }
}

/// The settings in the environment. `not_settings` are variables that a file names for a secret;
/// `None`: not all files could be read, so that a variable which is no setting may be one of those.
pub(super) fn environment(
    variables: &BTreeMap<String, String>,
    not_settings: Option<&BTreeSet<String>>,
    allow_plain_secrets: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Layer {
    let mut layer = Layer::default();
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let path = rest.to_lowercase().replace("__", ".");
        let is_none = match not_settings {
            Some(names) => names.contains(name),
            None => find(&path).is_err(),
        };
        if name == CONFIG_VARIABLE || is_none {
            continue;
        }
        let source = Outside::Environment(name);
        outside(source, &path, value, allow_plain_secrets, &mut layer, diagnostics);
    }
    layer
}

/// The settings on the command line.
pub(super) fn command_line(
    overrides: &[(String, String)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Layer {
    let mut layer = Layer::default();
    for (path, value) in overrides {
        outside(Outside::CommandLine(path), path, value, true, &mut layer, diagnostics);
    }
    layer
}

/// The variables that files name for secrets: `{ env = "NAME" }`.
pub(super) fn variables_for_secrets(layers: &[Layer]) -> BTreeSet<String> {
    let entries = layers.iter().flat_map(|layer| &layer.entries);
    entries
        .filter(|entry| {
            entry.path.strip_suffix(".env").is_some_and(|path| {
                outline().at(path).is_some_and(|s| matches!(s.node, Node::Secret(_)))
            })
        })
        .filter_map(|entry| entry.value.as_str().map(str::to_owned))
        .collect()
}

fn outside(
    source: Outside<'_>,
    path: &str,
    text: &str,
    allow_plain_secrets: bool,
    layer: &mut Layer,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let setting = match find(path) {
        Ok(setting) => setting,
        Err(unknown) => {
            // What it was meant to be is not known, so it may be a secret.
            let shown =
                if unknown.may_be_secret { "***".to_owned() } else { without_user_info(text) };
            diagnostics.push(unknown.diagnostic(source, &shown).about(path));
            return;
        }
    };
    if matches!(setting.node, Node::Secret(_)) {
        let spot = source.spot("***");
        if !allow_plain_secrets {
            layer.wrong.insert(path.to_owned());
            let sentence = format!("{} holds a secret in plain text", source.subject());
            diagnostics.push(
                Diagnostic::error("E0401", sentence).at(spot, "").help(SECRET_HELP).about(path),
            );
            return;
        }
        let (path, value, shown) = (path.to_owned(), text.into(), "***".to_owned());
        layer.entries.push(Entry { path, value, shown, spot: Some(spot) });
        return;
    }
    let value = typed(setting, text);
    let spot = source.spot(&without_user_info(text));
    if let Some((_, flaw)) = flaw(setting, &value) {
        layer.wrong.insert(path.to_owned());
        let sentence = format!("{} {}", source.subject(), flaw.predicate);
        let mut diagnostic = Diagnostic::error("E0502", sentence).at(spot, "").about(path);
        let is_list = matches!(setting.node, Node::List(_)) && !value.is_array();
        diagnostic.help = if is_list { vec![LIST_HELP.to_owned()] } else { flaw.help };
        if matches!(setting.node, Node::Flag) {
            diagnostic.help.clear();
        }
        if let Outside::Environment(_) = source {
            diagnostic = diagnostic.help(format!("it overrides `{path}`"));
        }
        diagnostics.push(diagnostic);
        return;
    }
    let (path, shown) = (path.to_owned(), toml_text(&value));
    layer.entries.push(Entry { path, value, shown, spot: Some(spot) });
}

const LIST_HELP: &str = r#"write a list as JSON: '["…", "…"]'"#;

/// A text as a value of the type that the setting has, if it can be one.
fn typed(setting: &Setting, text: &str) -> Value {
    let parsed = || serde_json::from_str::<Value>(text).ok();
    match &setting.node {
        Node::Number { .. } => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Node::Flag => match text {
            "true" => true.into(),
            "false" => false.into(),
            _ => text.into(),
        },
        Node::List(_) => parsed().filter(Value::is_array).unwrap_or_else(|| text.into()),
        _ => text.into(),
    }
}

/// Why a path leads to no value.
struct Unknown {
    label: String,
    help: Option<String>,
    may_be_secret: bool,
}

impl Unknown {
    fn diagnostic(self, source: Outside<'_>, shown: &str) -> Diagnostic {
        let sentence = format!("{} does not match any setting", source.subject());
        let diagnostic = Diagnostic::error("E0501", sentence).at(source.spot(shown), self.label);
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

fn find(path: &str) -> Result<&'static Setting, Unknown> {
    let mut setting = outline();
    // A variable that does not even begin like a setting may hold anything.
    let mut may_be_secret =
        path.split('.').next().is_none_or(|name| outline().below(name).is_none());
    for name in path.split('.') {
        let unknown = |label: String, help: Option<String>| Unknown {
            label,
            help,
            may_be_secret: may_be_secret || super::secrets::is_secret_name(name),
        };
        let is_named = matches!(setting.node, Node::Named { .. });
        if is_named && !texts::is_name(name) {
            return Err(unknown(format!("`{name}` is not a name"), None));
        }
        if matches!(setting.node, Node::Texts(_)) && !texts::is_language(name) {
            return Err(unknown(format!("`{name}` is not a language"), None));
        }
        if matches!(setting.node, Node::Fields(_)) {
            let help = "names of header fields have no place in a variable: write them in the file";
            return Err(unknown(format!("`{name}` is a header field"), Some(help.to_owned())));
        }
        let Some(below) = setting.below(name) else {
            if setting.later.iter().any(|later| later == name) {
                let help = "remove it; a later version has it".to_owned();
                return Err(unknown(format!("`{name}` is not in this version"), Some(help)));
            }
            let help = nearest(name, setting.names()).map(|near| format!("did you mean `{near}`?"));
            return Err(unknown(format!("`{name}` is not a setting"), help));
        };
        may_be_secret |= matches!(below.node, Node::Secret(_)) && name != "file";
        setting = below;
    }
    match &setting.node {
        Node::Table(_) | Node::Named { .. } | Node::Texts(_) | Node::Fields(_) => Err(Unknown {
            label: format!("`{path}` is a section"),
            help: setting
                .names()
                .next()
                .map(|name| format!("name a setting in it, such as `{name}`")),
            may_be_secret: false,
        }),
        _ => Ok(setting),
    }
}

/// Values that a later file makes weaker than an earlier one.
pub(super) fn weakenings(provenance: &Provenance, diagnostics: &mut Vec<Diagnostic>) {
    for (path, origin) in provenance.iter() {
        let Some(weaker) = outline().at(path).and_then(|setting| setting.weaker) else { continue };
        let (Some(spot), Some((before, earlier))) = (&origin.spot, origin.replaced.first()) else {
            continue;
        };
        let is_weaker = match (amount(&origin.value), amount(before), weaker) {
            (Some(now), Some(before), Weaker::Lower) => now < before,
            (Some(now), Some(before), Weaker::Higher) => now > before,
            (None, _, _) | (_, None, _) => false,
        };
        let in_files = matches!((spot, earlier), (Spot::Stretch { .. }, Spot::Stretch { .. }));
        if !is_weaker || !in_files || spot.line_contains(WEAKER_IS_MEANT) {
            continue;
        }
        let now = &origin.value;
        let sentence = format!("`{path}` is made weaker by a later file: {before} -> {now}");
        diagnostics.push(
            Diagnostic::warning("W0601", sentence)
                .at(spot.clone(), "this value wins")
                .at(earlier.clone(), format!("was {before} here"))
                .help("files are read in name order; later files win")
                .help(format!("if it is meant, add `{WEAKER_IS_MEANT}` on this line"))
                .about(path),
        );
    }
}

/// A value as a number, for comparing: lengths of time in seconds, false as 0.
fn amount(shown: &str) -> Option<u64> {
    match shown {
        "true" => Some(1),
        "false" => Some(0),
        shown => shown.parse().ok().or_else(|| {
            texts::span(shown.trim_matches(['"', '\''])).ok().map(|span| span.as_secs())
        }),
    }
}
