//! The configuration reference, from the schema: every setting with its type, default and text. Not
//! here: the texts, which are the comments in `shape`.

use std::fmt::Write as _;

use super::outline::{Node, Setting, outline};
use super::walk::{join, toml_text};

const HEAD: &str = "\
# Configuration reference

<!-- Made from src/config/shape.rs by `scoregate config reference`. Change the comments there. -->

Settings of `scoregate.toml` and of the files in `conf.d/` beside it. `NAME` stands for a name of your
choice: a lower-case letter, then lower-case letters, digits and single underscores. Every setting can
also be given as a variable: `route.portal.level` is `SCOREGATE_ROUTE__PORTAL__LEVEL`. Relative paths
start at the folder of the file that names them. What is not listed here is refused.
";

/// The reference as Markdown. `docs/reference/configuration.md` is exactly this.
#[must_use]
pub fn reference_markdown() -> String {
    let mut out = HEAD.to_owned();
    section(outline(), "", &mut out);
    out
}

/// A table: what it is, its own settings, then the tables in it.
fn section(table: &Setting, path: &str, out: &mut String) {
    let (Node::Table(settings) | Node::Secret(settings)) = &table.node else { return };
    if !path.is_empty() {
        let _ = write!(out, "\n## `[{path}]`\n\n{}\n", joined(&table.about));
    }
    let is_section =
        |setting: &&Setting| matches!(setting.node, Node::Table(_) | Node::Named { .. });
    let own: Vec<&Setting> = settings.iter().filter(|setting| !is_section(setting)).collect();
    if !own.is_empty() {
        out.push_str("\n| setting | type | default | what it is |\n|---|---|---|---|\n");
    }
    for setting in own {
        let default = setting.default.as_ref().map(|value| format!("`{}`", toml_text(value)));
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            setting.name,
            kind(setting),
            default.unwrap_or_default(),
            joined(&setting.about).replace('|', "\\|")
        );
    }
    for setting in settings.iter().filter(is_section) {
        let path = join(path, &setting.name);
        match &setting.node {
            Node::Named { each, .. } => {
                let about = if each.about.is_empty() { &setting.about } else { &each.about };
                let each =
                    Setting { about: format!("{} {about}", setting.about), ..(**each).clone() };
                section(&each, &join(&path, "NAME"), out);
            }
            _ => section(setting, &path, out),
        }
    }
}

/// Comments wrap where the source does.
fn joined(about: &str) -> String {
    about.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn kind(setting: &Setting) -> String {
    match &setting.node {
        Node::Table(_) | Node::Named { .. } => "section".to_owned(),
        Node::Texts(_) => "text by language".to_owned(),
        Node::Fields(_) => "header template by field".to_owned(),
        Node::Secret(_) => "secret".to_owned(),
        Node::Text { format, least, most } => {
            let format = format.as_deref().unwrap_or("text");
            match (least, most) {
                (Some(least), Some(most)) => format!("{format}, `{least}` to `{most}`"),
                (None, Some(most)) => format!("{format}, at most `{most}`"),
                (Some(least), None) => format!("{format}, at least `{least}`"),
                (None, None) => format.to_owned(),
            }
        }
        Node::Choice { of, .. } => {
            of.iter().map(|choice| format!("`\"{choice}\"`")).collect::<Vec<_>>().join(", ")
        }
        Node::Number { least, most } if *most == i64::from(u32::MAX) => {
            format!("number from {least}")
        }
        Node::Number { least, most } => format!("number, {least} to {most}"),
        Node::Flag => "`true` or `false`".to_owned(),
        Node::List(each) => format!("list of {}", kind(each)),
    }
}
