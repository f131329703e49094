//! One file by itself: is it TOML, does every setting exist, has every value the right type and
//! range. What is wrong is reported with its place and left out of what is handed on, so that the
//! rest can be checked all the same. Not here: what needs more than one setting (`meaning`).

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use toml_edit::{Item, Table, TableLike};

use super::diagnostic::{Diagnostic, SourceFile, Spot, nearest};
use super::outline::{Node, Setting, outline};
use super::texts::{self, Flaw, SPAN_HELP};

/// One setting as one source gives it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) value: Value,
    /// The value as it may be printed.
    pub(super) shown: String,
    /// `None`: the default.
    pub(super) spot: Option<Spot>,
}

/// All that one source gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) entries: Vec<Entry>,
    /// Tables that are written, even if nothing is in them, and where.
    pub(super) tables: Vec<(String, Spot)>,
    /// Settings that are there but wrong, and have been reported. Nobody should miss them.
    pub(super) wrong: BTreeSet<String>,
}

/// Reads one file. `None`: it is not TOML, or of a later format, so that nothing is known of
/// what it sets.
pub(super) fn walk(
    file: &Arc<SourceFile>,
    text: &str,
    allow_plain_secrets: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Layer> {
    let document = match toml_edit::Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            diagnostics.push(syntax(file, text, &error));
            return None;
        }
    };
    let folder = Path::new(&file.name).parent().unwrap_or(Path::new(""));
    let mut walker =
        Walker { file, text, folder, allow_plain_secrets, diagnostics, layer: Layer::default() };
    if !walker.is_known_version(document.as_table()) {
        return None;
    }
    walker.table(outline(), document.as_table(), "");
    Some(walker.layer)
}

fn syntax(file: &Arc<SourceFile>, text: &str, error: &toml_edit::TomlError) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let spot = Spot::Stretch { file: Arc::clone(file), span: on_one_line(text, span) };
    let said = error.message().lines().next().unwrap_or("").to_owned();
    if said.contains("duplicate key") {
        return Diagnostic::error("E0002", "this setting is written twice")
            .at(spot, "duplicate key")
            .help("remove one of the two");
    }
    let help = if said.contains("basic string") || said.contains("literal string") {
        "a string must start and end with a double quote on one line"
    } else {
        "a setting is written `name = value`, a section `[name]`, a text in double quotes"
    };
    Diagnostic::error("E0001", "this file is not valid TOML").at(spot, said).help(help)
}

/// A stretch that ends before the line does, within the text and on its characters.
fn on_one_line(text: &str, span: Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line = text.get(start..).and_then(|rest| rest.find('\n')).unwrap_or(text.len() - start);
    let mut end = span.end.clamp(start, start + line);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

struct Walker<'a> {
    file: &'a Arc<SourceFile>,
    text: &'a str,
    folder: &'a Path,
    allow_plain_secrets: bool,
    diagnostics: &'a mut Vec<Diagnostic>,
    layer: Layer,
}

impl Walker<'_> {
    fn spot(&self, span: Option<Range<usize>>) -> Spot {
        match span {
            Some(span) => {
                Spot::Stretch { file: Arc::clone(self.file), span: on_one_line(self.text, span) }
            }
            None => Spot::File(self.file.name.clone()),
        }
    }

    /// A file of a later format is not looked at any further: every word may mean something else.
    fn is_known_version(&mut self, table: &Table) -> bool {
        let version = table.get("version");
        let Some(number) = version.and_then(Item::as_integer).filter(|number| *number > 1) else {
            return true;
        };
        let spot = self.spot(version.and_then(Item::span));
        self.diagnostics.push(
            Diagnostic::error("E0901", format!("version = {number}, this program knows 1"))
                .at(spot, "newer than this program")
                .help("run a newer scoregate, or write the file for version 1")
                .about("version"),
        );
        false
    }

    fn table(&mut self, setting: &Setting, table: &dyn TableLike, path: &str) {
        let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let Some((key, item)) = table.get_key_value(&name) else { continue };
            let below = join(path, &name);
            let key_span = key.span().or_else(|| item.span());
            if !self.is_right_name(setting, &name, path, key_span.clone()) {
                continue;
            }
            match setting.below(&name) {
                Some(known) => self.item(known, item, &below, key_span),
                None => self.unknown(setting, &name, path, key_span),
            }
        }
    }

    fn item(&mut self, setting: &Setting, item: &Item, path: &str, key: Option<Range<usize>>) {
        if let Some(tables) = item.as_array_of_tables() {
            let header = tables.iter().next().and_then(Table::span).or(key);
            self.list_of_tables(setting, path, header);
            return;
        }
        match &setting.node {
            Node::Table(_) | Node::Named { .. } | Node::Texts(_) | Node::Fields(_) => {
                match item.as_table_like() {
                    Some(table) => {
                        let header = match item {
                            Item::Table(table) if table.is_dotted() => key,
                            _ => item.span().or(key),
                        };
                        let spot = self.spot(header);
                        self.layer.tables.push((path.to_owned(), spot));
                        self.table(setting, table, path);
                    }
                    None => self.not_a_table(item, path),
                }
            }
            Node::Secret(_) => self.secret(setting, item, path, key),
            Node::Text { .. }
            | Node::Choice { .. }
            | Node::Number { .. }
            | Node::Flag
            | Node::List(_) => self.leaf(setting, item, path, key),
        }
    }

    fn leaf(&mut self, setting: &Setting, item: &Item, path: &str, key: Option<Range<usize>>) {
        let mut value = plain(item);
        let span = item.span().or(key);
        if let Some((nth, flaw)) = flaw(setting, &value) {
            let inner = nth.and_then(|nth| item.as_array()?.get(nth)?.span());
            let spot = self.spot(inner.or(span));
            self.diagnostics.push(flawed(path, flaw, spot));
            self.layer.wrong.insert(path.to_owned());
            return;
        }
        let is_path =
            matches!(&setting.node, Node::Text { format: Some(format), .. } if format == "path");
        if let (true, Value::String(text)) = (is_path, &value) {
            value = self.folder.join(text).to_string_lossy().into_owned().into();
        }
        let (shown, spot) = (toml_text(&value), Some(self.spot(span)));
        self.layer.entries.push(Entry { path: path.to_owned(), value, shown, spot });
    }

    fn secret(&mut self, setting: &Setting, item: &Item, path: &str, key: Option<Range<usize>>) {
        let span = item.span().or(key);
        match (plain(item), item.as_table_like()) {
            (_, Some(table)) => {
                let spot = self.spot(span);
                self.layer.tables.push((path.to_owned(), spot));
                self.table(setting, table, path);
            }
            (Value::String(secret), None) if self.allow_plain_secrets => {
                let spot = Some(self.spot(span));
                let (path, shown) = (path.to_owned(), "***".to_owned());
                self.layer.entries.push(Entry { path, value: secret.into(), shown, spot });
            }
            (Value::String(_), None) => {
                let spot = self.spot(span);
                self.diagnostics.push(plain_secret(path, spot));
                self.layer.wrong.insert(path.to_owned());
            }
            (value, None) => {
                let flaw = Flaw::new("must say where the secret is kept", this_is(&value));
                let flaw = Flaw { code: "E0103", ..flaw.help(SECRET_HELP) };
                let spot = self.spot(span);
                self.diagnostics.push(flawed(path, flaw, spot));
                self.layer.wrong.insert(path.to_owned());
            }
        }
    }

    fn is_right_name(
        &mut self,
        setting: &Setting,
        name: &str,
        path: &str,
        span: Option<Range<usize>>,
    ) -> bool {
        let diagnostic = match &setting.node {
            Node::Named { what, .. } if !texts::is_name(name) => {
                let diagnostic =
                    Diagnostic::error("E0106", format!("`{name}` cannot be the name of a {what}"));
                let spot = self.spot(span);
                let label = "lower-case letters, digits and single underscores";
                let diagnostic = diagnostic.at(spot, label);
                match texts::meant_name(name) {
                    Some(meant) => diagnostic.help(format!("write `{meant}`")),
                    None => diagnostic.help("a name starts with a letter"),
                }
            }
            Node::Texts(_) if !texts::is_language(name) => {
                let spot = self.spot(span);
                Diagnostic::error("E0106", format!("`{name}` is not a language"))
                    .at(spot, "not a language tag")
                    .help(r#"texts are by language: { en = "…", nl = "…" }"#)
            }
            Node::Fields(_) => match super::identity::unfit_name(name) {
                Some(why) => {
                    let spot = self.spot(span);
                    let sentence = format!("`{name}` cannot be a header that names a person");
                    Diagnostic::error("E0106", sentence)
                        .at(spot, why)
                        .help(r#"write a name such as X-Remote-User = "{user}""#)
                }
                None => return true,
            },
            _ => return true,
        };
        self.layer.wrong.insert(join(path, name));
        self.diagnostics.push(diagnostic.about(join(path, name)));
        false
    }

    fn unknown(&mut self, setting: &Setting, name: &str, path: &str, span: Option<Range<usize>>) {
        let spot = self.spot(span);
        let place =
            if path.is_empty() { "at the top level".into() } else { format!("in [{path}]") };
        if setting.later.iter().any(|later| later == name) {
            self.diagnostics.push(
                Diagnostic::error("E0102", format!("`{name}` {place} is not in this version"))
                    .at(spot, "not in this version")
                    .help("remove it; a later version has it")
                    .about(join(path, name)),
            );
            return;
        }
        let diagnostic = Diagnostic::error("E0101", format!("unknown setting `{name}` {place}"))
            .at(spot, "not a setting here")
            .about(join(path, name));
        self.diagnostics.push(match nearest(name, setting.names()) {
            _ if name == "public" && setting.below("rule").is_some() => {
                diagnostic.help(format!("put it on a rule with a path: [{path}.rule.NAME]"))
            }
            Some(meant) => {
                self.layer.wrong.insert(join(path, meant));
                diagnostic.help(format!("did you mean `{meant}`?"))
            }
            None => {
                let names: Vec<&str> = setting.names().collect();
                diagnostic.help(format!("what can be here: {}", names.join(", ")))
            }
        });
    }

    fn list_of_tables(&mut self, setting: &Setting, path: &str, header: Option<Range<usize>>) {
        let (sentence, meant, help) = match &setting.node {
            Node::Named { what, .. } => (
                format!("`[[{path}]]` is a list, but {what}s have names"),
                format!("{path}.some_name"),
                format!(
                    "with names, a file in conf.d/ can change or add one {what} without silently \
                     replacing all others"
                ),
            ),
            _ => (
                format!("`[[{path}]]` is a list, but there is one `{path}`"),
                path.to_owned(),
                "double brackets are used nowhere in this file".to_owned(),
            ),
        };
        let spot = self.spot(header);
        self.layer.wrong.insert(path.to_owned());
        self.diagnostics.push(
            Diagnostic::error("E0109", sentence)
                .at(spot, format!("write `[{meant}]`"))
                .help(help)
                .about(path),
        );
    }

    fn not_a_table(&mut self, item: &Item, path: &str) {
        let flaw = Flaw::new("must be a section", this_is(&plain(item)));
        let flaw = Flaw { code: "E0103", ..flaw.help(format!("write `[{path}]`")) };
        let spot = self.spot(item.span());
        self.diagnostics.push(flawed(path, flaw, spot));
        self.layer.wrong.insert(path.to_owned());
    }
}

pub(super) const SECRET_HELP: &str =
    r#"use one of: { file = "/run/secrets/…" }, { credential = "…" } (systemd), { env = "…" }"#;

pub(super) fn plain_secret(path: &str, spot: Spot) -> Diagnostic {
    Diagnostic::error("E0401", format!("`{path}` holds a secret in plain text"))
        .at(spot, "secrets may not be written in the file")
        .help(SECRET_HELP)
        .help("for a try-out only: start with `--allow-plain-secrets`")
        .about(path)
}

fn flawed(path: &str, flaw: Flaw, spot: Spot) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error(flaw.code, format!("`{path}` {}", flaw.predicate)).at(spot, flaw.label);
    diagnostic.help = flaw.help;
    diagnostic.about(path)
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Dates and floats have no setting; they become null, which is no value of any.
fn plain(item: &Item) -> Value {
    match item {
        Item::Value(value) => plain_value(value),
        Item::Table(_) => Value::Object(serde_json::Map::new()),
        Item::ArrayOfTables(_) | Item::None => Value::Null,
    }
}

fn plain_value(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => text.value().clone().into(),
        toml_edit::Value::Integer(number) => (*number.value()).into(),
        toml_edit::Value::Boolean(flag) => (*flag.value()).into(),
        toml_edit::Value::Array(list) => list.iter().map(plain_value).collect(),
        toml_edit::Value::InlineTable(_) => Value::Object(serde_json::Map::new()),
        toml_edit::Value::Float(_) | toml_edit::Value::Datetime(_) => Value::Null,
    }
}

/// A value as a file would write it.
pub(super) fn toml_text(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml_text).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => toml_edit::Value::from(text.as_str()).to_string(),
        value => value.to_string(),
    }
}

pub(super) const fn this_is(value: &Value) -> &'static str {
    match value {
        Value::Null => "this is a date or a fraction",
        Value::Bool(_) => "this is true or false",
        Value::Number(_) => "this is a number",
        Value::String(_) => "this is a text",
        Value::Array(_) => "this is a list",
        Value::Object(_) => "this is a table",
    }
}

/// What is wrong with a value; in a list, with which of its items.
pub(super) fn flaw(setting: &Setting, value: &Value) -> Option<(Option<usize>, Flaw)> {
    match (&setting.node, value) {
        (Node::List(each), Value::Array(items)) => {
            items.iter().enumerate().find_map(|(nth, item)| {
                flaw(each, item).map(|(_, flaw)| {
                    let predicate = format!("has an item that {}", flaw.predicate);
                    (Some(nth), Flaw { predicate, ..flaw })
                })
            })
        }
        (Node::List(_), _) => {
            Some((None, wrong_type("must be a list", value).help(r#"write it as ["…", "…"]"#)))
        }
        _ => single_flaw(setting, value).map(|flaw| (None, flaw)),
    }
}

fn wrong_type(predicate: &str, value: &Value) -> Flaw {
    Flaw { code: "E0103", ..Flaw::new(predicate, this_is(value)) }
}

fn single_flaw(setting: &Setting, value: &Value) -> Option<Flaw> {
    match (&setting.node, value) {
        (Node::Flag, Value::Bool(_)) => None,
        (Node::Flag, _) => {
            Some(wrong_type("must be true or false", value).help("write it without quotes"))
        }
        (Node::Number { least, most }, _) => number_flaw(*least, *most, value),
        (Node::Choice { of, later }, _) => choice_flaw(of, later, value),
        (Node::Text { format, least, most }, Value::String(text)) => {
            text_flaw(format.as_deref(), least.as_deref(), most.as_deref(), text)
        }
        (Node::Text { format, .. }, _) => Some(not_a_text(format.as_deref(), value)),
        (
            Node::Table(_)
            | Node::Named { .. }
            | Node::Texts(_)
            | Node::Fields(_)
            | Node::Secret(_)
            | Node::List(_),
            _,
        ) => Some(wrong_type("must be a section", value)),
    }
}

fn number_flaw(least: i64, most: i64, value: &Value) -> Option<Flaw> {
    let predicate = if most == i64::from(u32::MAX) {
        format!("must be a whole number from {least}")
    } else {
        format!("must be a whole number between {least} and {most}")
    };
    match value.as_i64() {
        Some(number) if (least..=most).contains(&number) => None,
        Some(number) => Some(Flaw::new(predicate, format!("{number} is out of range"))),
        None => Some(wrong_type(&predicate, value)),
    }
}

fn choice_flaw(of: &[String], later: &[String], value: &Value) -> Option<Flaw> {
    let quoted: Vec<String> = of.iter().map(|choice| format!("\"{choice}\"")).collect();
    let predicate = match quoted.as_slice() {
        [only] => format!("must be {only}"),
        several => format!("must be one of {}", several.join(", ")),
    };
    let Value::String(text) = value else { return Some(wrong_type(&predicate, value)) };
    if of.contains(text) {
        return None;
    }
    if later.contains(text) {
        let flaw = Flaw::new(
            format!("cannot be \"{text}\": that is not in this version"),
            "not in this version",
        );
        return Some(Flaw {
            code: "E0102",
            ..flaw.help(format!("this version has {}", quoted.join(", ")))
        });
    }
    let flaw = Flaw::new(predicate, "not one of these");
    Some(match nearest(text, of.iter().map(String::as_str)) {
        Some(meant) => flaw.help(format!("did you mean \"{meant}\"?")),
        None => flaw,
    })
}

fn text_flaw(
    format: Option<&str>,
    least: Option<&str>,
    most: Option<&str>,
    text: &str,
) -> Option<Flaw> {
    let format = format?;
    if let Err(flaw) = texts::check(format, text)? {
        return Some(flaw);
    }
    if format != "length of time" {
        return None;
    }
    let (least, most) = (least.unwrap_or("1s"), most.unwrap_or("36500d"));
    let (shortest, longest) = (texts::span(least).ok()?, texts::span(most).ok()?);
    let span = texts::span(text).ok()?;
    (!(shortest..=longest).contains(&span)).then(|| {
        Flaw::new(
            format!("must be between {least} and {most}"),
            if span < shortest { "too short" } else { "too long" },
        )
    })
}

fn not_a_text(format: Option<&str>, value: &Value) -> Flaw {
    if format == Some("length of time") || format == Some("lifetime") {
        let flaw = Flaw::new("is not a length of time", this_is(value));
        return Flaw { code: "E0107", ..flaw.help(SPAN_HELP) };
    }
    let mut flaw = wrong_type("must be a text", value);
    let example = format.and_then(|format| texts::check(format, "")).and_then(Result::err);
    flaw.help = example
        .map(|flaw| flaw.help)
        .filter(|help| !help.is_empty())
        .unwrap_or_else(|| vec!["write it in double quotes".to_owned()]);
    flaw
}

#[cfg(test)]
pub(super) fn flaw_of_default(setting: &Setting, default: &Value) -> Option<Flaw> {
    flaw(setting, default).map(|(_, flaw)| flaw)
}
