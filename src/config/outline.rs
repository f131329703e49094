//! The schema of the file, made from the structs of `shape`, and the same as a tree in which a path
//! such as `route.portal.level` is looked up. Not here: any file.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::shape::Shape;

/// A table or a value, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// Name in its table; for what is named freely, `NAME`.
    pub(super) name: String,
    /// What it is, for operators.
    pub(super) about: String,
    /// The value where nothing sets it.
    pub(super) default: Option<Value>,
    pub(super) weaker: Option<Weaker>,
    /// Names that a later version has here.
    pub(super) later: Vec<String>,
    pub(super) node: Node,
}

/// The direction in which a change lets more people through.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Weaker {
    Lower,
    Higher,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A table with fixed settings.
    Table(Vec<Setting>),
    /// Tables with names of the operator's choice; `what` they are.
    Named {
        what: String,
        each: Box<Setting>,
    },
    /// Texts by language.
    Texts(Box<Setting>),
    /// Values of header fields, by the field's name.
    Fields(Box<Setting>),
    /// A table that says where a secret is kept.
    Secret(Vec<Setting>),
    Text {
        format: Option<String>,
        least: Option<String>,
        most: Option<String>,
    },
    Choice {
        of: Vec<String>,
        later: Vec<String>,
    },
    Number {
        least: i64,
        most: i64,
    },
    Flag,
    List(Box<Setting>),
}

impl Setting {
    /// The setting of this name right below.
    pub(super) fn below(&self, name: &str) -> Option<&Self> {
        match &self.node {
            Node::Table(settings) | Node::Secret(settings) => {
                settings.iter().find(|setting| setting.name == name)
            }
            Node::Named { each, .. } | Node::Texts(each) | Node::Fields(each) => Some(each),
            Node::Text { .. }
            | Node::Choice { .. }
            | Node::Number { .. }
            | Node::Flag
            | Node::List(_) => None,
        }
    }

    /// The setting at a path below.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |setting, name| setting.below(name))
    }

    /// The names that can stand right below.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        match &self.node {
            Node::Table(settings) | Node::Secret(settings) => settings.as_slice(),
            Node::Named { .. }
            | Node::Texts(_)
            | Node::Fields(_)
            | Node::Text { .. }
            | Node::Choice { .. }
            | Node::Number { .. }
            | Node::Flag
            | Node::List(_) => &[],
        }
        .iter()
        .map(|setting| setting.name.as_str())
    }
}

/// The whole file.
pub(super) fn outline() -> &'static Setting {
    static OUTLINE: LazyLock<Setting> = LazyLock::new(|| setting(String::new(), &schema_value()));
    &OUTLINE
}

/// The JSON Schema of a configuration file, for editors.
#[must_use]
pub fn schema() -> String {
    let mut value = schema_value();
    if let Value::Object(object) = &mut value {
        object.insert("title".to_owned(), "scoregate configuration".into());
    }
    format!("{value:#}\n")
}

fn schema_value() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut value = settings.into_generator().into_root_schema_for::<Shape>().to_value();
    tidy(&mut value);
    value
}

/// TOML has no null, and a file in `conf.d/` is only a part, so that nothing is required of one file.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.remove("required");
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [kind] = types.as_slice() {
                    let kind = kind.clone();
                    object.insert("type".to_owned(), kind);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("enum") {
                choices.retain(|choice| !choice.is_null());
            }
            unwrap_option(object);
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `anyOf [X, null]` is X.
fn unwrap_option(object: &mut serde_json::Map<String, Value>) {
    let Some(Value::Array(parts)) = object.get("anyOf") else { return };
    let some: Vec<Value> =
        parts.iter().filter(|part| part.get("type") != Some(&"null".into())).cloned().collect();
    if let [Value::Object(inner)] = some.as_slice() {
        object.remove("anyOf");
        for (key, value) in inner {
            object.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn setting(name: String, schema: &Value) -> Setting {
    Setting {
        name,
        about: text(schema, "description").unwrap_or_default(),
        default: schema.get("default").filter(|value| is_leaf(value)).cloned(),
        weaker: match schema.get("x-weaker").and_then(Value::as_str) {
            Some("lower") => Some(Weaker::Lower),
            Some(_) => Some(Weaker::Higher),
            None => None,
        },
        later: texts(schema, "x-later"),
        node: node(schema),
    }
}

/// Serde's defaults of whole tables are not defaults of settings.
fn is_leaf(value: &Value) -> bool {
    !value.is_null() && !value.is_object() && value.as_array().is_none_or(|list| !list.is_empty())
}

fn node(schema: &Value) -> Node {
    let each = |name: &str, key: &str| {
        Box::new(setting(name.to_owned(), schema.get(key).unwrap_or(&Value::Null)))
    };
    if schema.get("x-texts").is_some() {
        return Node::Texts(each("LANGUAGE", "additionalProperties"));
    }
    if schema.get("x-fields").is_some() {
        return Node::Fields(each("FIELD", "additionalProperties"));
    }
    if let Some(what) = text(schema, "x-name") {
        return Node::Named { what, each: each("NAME", "additionalProperties") };
    }
    if let Some(Value::Object(properties)) = schema.get("properties") {
        let settings =
            properties.iter().map(|(name, value)| setting(name.clone(), value)).collect();
        let is_secret = schema.get("x-secret").is_some();
        return if is_secret { Node::Secret(settings) } else { Node::Table(settings) };
    }
    if schema.get("enum").is_some() || schema.get("const").is_some() {
        let mut of = texts(schema, "enum");
        of.extend(text(schema, "const"));
        return Node::Choice { of, later: texts(schema, "x-later-values") };
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => Node::Number {
            least: schema.get("minimum").and_then(Value::as_i64).unwrap_or(0),
            most: schema.get("maximum").and_then(Value::as_i64).unwrap_or(i64::from(u32::MAX)),
        },
        Some("boolean") => Node::Flag,
        Some("array") => Node::List(each("", "items")),
        _ => Node::Text {
            format: text(schema, "x-format"),
            least: text(schema, "x-least"),
            most: text(schema, "x-most"),
        },
    }
}

fn text(schema: &Value, key: &str) -> Option<String> {
    schema.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn texts(schema: &Value, key: &str) -> Vec<String> {
    let list = schema.get(key).and_then(Value::as_array);
    list.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(setting: &Setting, see: &mut dyn FnMut(&Setting)) {
        see(setting);
        match &setting.node {
            Node::Table(settings) | Node::Secret(settings) => {
                settings.iter().for_each(|setting| walk(setting, see));
            }
            Node::Named { each, .. }
            | Node::Texts(each)
            | Node::Fields(each)
            | Node::List(each) => walk(each, see),
            _ => {}
        }
    }

    #[test]
    fn every_setting_is_described_and_every_format_has_a_parser() {
        let mut count = 0;
        walk(outline(), &mut |setting| {
            if !matches!(setting.name.as_str(), "" | "NAME" | "LANGUAGE" | "FIELD") {
                assert!(setting.about.ends_with('.'), "{}: {:?}", setting.name, setting.about);
                count += 1;
            }
            if let Node::Text { format: Some(format), .. } = &setting.node {
                assert!(super::super::texts::check(format, "x").is_some(), "{format}");
            }
        });
        assert!(count > 100, "only {count} settings were found");
    }

    #[test]
    fn every_default_is_a_value_that_a_file_could_write() {
        walk(outline(), &mut |setting| {
            if let Some(default) = &setting.default {
                let flaw = super::super::walk::flaw_of_default(setting, default);
                assert_eq!(flaw, None, "{}", setting.name);
            }
        });
    }

    #[test]
    fn the_schema_is_json_without_null() {
        let schema = schema();
        assert!(serde_json::from_str::<Value>(&schema).is_ok());
        assert!(!schema.contains("null"), "{schema}");
    }
}
