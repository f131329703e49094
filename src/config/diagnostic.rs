//! What is wrong with a configuration, where, and what to do: as text with the line in question, as
//! JSON, or as annotations of a code host. Not here: finding out what is wrong.
//!
//! A diagnostic only ever holds text in which secrets are starred, so no way of printing it can show
//! one.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;

/// Whether the gateway may start.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// It does not start; a running one keeps what it has.
    Error,
    /// It starts.
    Warning,
}

impl Severity {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A file as it may be shown: under the name by which it was found, with secrets starred. Byte
/// offsets are those of the file itself.
#[derive(Debug, Eq, PartialEq)]
pub struct SourceFile {
    /// In the order in which files are read.
    pub(super) order: usize,
    pub(super) name: String,
    pub(super) shown: String,
}

impl SourceFile {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.shown.get(..offset).unwrap_or(&self.shown);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before.get(start..).unwrap_or("").chars().count() + 1)
    }
}

/// Where a setting was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Spot {
    /// A stretch of a file.
    Stretch { file: Arc<SourceFile>, span: Range<usize> },
    /// A file as a whole.
    File(String),
    /// A variable of the environment and its value, starred where it is a secret.
    Environment { name: String, shown: String },
    /// A setting given on the command line, likewise.
    CommandLine { path: String, shown: String },
}

impl Spot {
    /// `file:line`, or what stands in its place. Short, for `config show --origin`.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Stretch { file, span } => {
                format!("{}:{}", file.name, file.position(span.start).0)
            }
            Self::File(name) => name.clone(),
            Self::Environment { name, shown: _ } => format!("environment {name}"),
            Self::CommandLine { .. } => "command line".to_owned(),
        }
    }

    /// Line and column, from 1, of a stretch of a file.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        match self {
            Self::Stretch { file, span } => Some(file.position(span.start)),
            Self::File(_) | Self::Environment { .. } | Self::CommandLine { .. } => None,
        }
    }

    /// The line itself holds this text. For remarks that silence a warning.
    pub(super) fn line_contains(&self, text: &str) -> bool {
        let Self::Stretch { file, span } = self else { return false };
        let (before, after) = (
            file.shown.get(..span.start).unwrap_or(""),
            file.shown.get(span.start..).unwrap_or(""),
        );
        let start = before.rsplit('\n').next().unwrap_or("");
        format!("{start}{}", after.lines().next().unwrap_or("")).contains(text)
    }

    /// In the order of reading.
    pub(super) fn order(&self) -> (usize, usize) {
        match self {
            Self::Stretch { file, span } => (file.order, span.start),
            Self::File(_) => (0, 0),
            Self::Environment { .. } => (usize::MAX - 1, 0),
            Self::CommandLine { .. } => (usize::MAX, 0),
        }
    }
}

/// A spot and what to say about it there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    pub spot: Spot,
    /// May be empty.
    pub label: String,
}

/// One problem: a sentence, where it is, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnostic {
    /// `E0101`: stable, for searching and for scripts.
    pub code: &'static str,
    pub severity: Severity,
    pub message: String,
    /// The first is where the problem is; others belong to it.
    pub places: Vec<Place>,
    pub help: Vec<String>,
    /// The setting in question, such as `route.portal.level`.
    pub path: Option<String>,
}

impl Diagnostic {
    pub(super) fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    pub(super) fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    const fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self { code, severity, message, places: Vec::new(), help: Vec::new(), path: None }
    }

    #[must_use]
    pub(super) fn at(mut self, spot: Spot, label: impl Into<String>) -> Self {
        self.places.push(Place { spot, label: label.into() });
        self
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    #[must_use]
    pub(super) fn about(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    fn order(&self) -> (usize, usize, Severity) {
        let (file, offset) = self.places.first().map_or((0, 0), |place| place.spot.order());
        (file, offset, self.severity)
    }

    /// The message with the line in question, as on a terminal. Ends with a newline.
    #[must_use]
    pub fn text(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message.as_str()).id(self.code);
        let mut group = Group::with_title(title);
        match self.places.first().map(|place| &place.spot) {
            Some(Spot::File(_) | Spot::Environment { .. } | Spot::CommandLine { .. }) => {
                let head = renderer.render(&[group]);
                return format!("{head}\n{}", self.without_lines());
            }
            Some(Spot::Stretch { .. }) => group = group.elements(self.snippets()),
            None => {}
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group]) + "\n"
    }

    fn snippets(&self) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let mut snippets: Vec<(&str, Snippet<'_, _>)> = Vec::new();
        for (nth, place) in self.places.iter().enumerate() {
            let Spot::Stretch { file, span } = &place.spot else { continue };
            let kind = if nth == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let mut annotation = kind.span(span.clone());
            if !place.label.is_empty() {
                annotation = annotation.label(place.label.as_str());
            }
            match snippets.iter_mut().find(|(name, _)| *name == file.name) {
                Some((_, snippet)) => *snippet = snippet.clone().annotation(annotation),
                None => {
                    let snippet = Snippet::source(file.shown.as_str())
                        .path(file.name.as_str())
                        .annotation(annotation);
                    snippets.push((&file.name, snippet));
                }
            }
        }
        snippets.into_iter().map(|(_, snippet)| snippet).collect()
    }

    /// What follows the title where there is no line of a file to show.
    fn without_lines(&self) -> String {
        let mut text = String::new();
        for place in &self.places {
            let (origin, line) = match &place.spot {
                Spot::File(name) => (name.as_str(), None),
                Spot::Environment { name, shown } => {
                    ("environment", Some(format!("{name}={shown}")))
                }
                Spot::CommandLine { path, shown } => {
                    ("command line", Some(format!("{path}={shown}")))
                }
                Spot::Stretch { .. } => continue,
            };
            let _ = writeln!(text, "  --> {origin}");
            if let Some(line) = line {
                let _ = writeln!(text, "  |\n  | {line}");
            }
            if !place.label.is_empty() {
                let _ = writeln!(text, "  |      {}", place.label);
            }
        }
        if !self.help.is_empty() {
            text.push_str("  |\n");
        }
        for help in &self.help {
            let _ = writeln!(text, "  = help: {help}");
        }
        text
    }

    /// One JSON object on one line, without a newline.
    #[must_use]
    pub fn json(&self) -> String {
        let (file, line, column, end_column) = self.coordinates();
        json!({
            "code": self.code,
            "severity": self.severity.name(),
            "message": self.message,
            "file": file,
            "line": line,
            "column": column,
            "end_column": end_column,
            "path": self.path,
            "help": self.help,
        })
        .to_string()
    }

    /// An annotation of a workflow run, as GitHub reads them from standard output.
    #[must_use]
    pub fn github(&self) -> String {
        let (file, line, column, _) = self.coordinates();
        let mut properties = Vec::new();
        properties.extend(file.map(|file| format!("file={}", escaped(&file, true))));
        properties.extend(line.map(|line| format!("line={line}")));
        properties.extend(column.map(|column| format!("col={column}")));
        properties.push(format!("title={}", self.code));
        let mut message = self.message.clone();
        for help in &self.help {
            let _ = write!(message, "\nhelp: {help}");
        }
        let kind = self.severity.name();
        format!("::{kind} {}::{}", properties.join(","), escaped(&message, false))
    }

    /// File (or what stands for it), line, column and the column after the end on the same line.
    fn coordinates(&self) -> (Option<String>, Option<usize>, Option<usize>, Option<usize>) {
        let Some(place) = self.places.first() else { return (None, None, None, None) };
        match &place.spot {
            Spot::Stretch { file, span } => {
                let (line, column) = file.position(span.start);
                let (end_line, end) = file.position(span.end);
                let end = if end_line == line { end } else { column };
                (Some(file.name.clone()), Some(line), Some(column), Some(end))
            }
            Spot::File(name) => (Some(name.clone()), None, None, None),
            Spot::Environment { .. } => (Some("environment".to_owned()), None, None, None),
            Spot::CommandLine { .. } => (Some("command line".to_owned()), None, None, None),
        }
    }
}

/// As the workflow commands want it: in messages `%`, CR and LF, in properties also `:` and `,`.
fn escaped(text: &str, is_property: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            ':' if is_property => out.push_str("%3A"),
            ',' if is_property => out.push_str("%2C"),
            c => out.push(c),
        }
    }
    out
}

/// In the order of the files, and from top to bottom within each; environment and command line last.
pub(super) fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(Diagnostic::order);
}

/// The nearest of several names to what was typed, if it is near enough to be meant.
pub(super) fn nearest<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&typed, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(typed.len()) / 3).max(1))
        .min_by_key(|(distance, name)| (*distance, Reverse(name.len())))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name_and_another_word_does_not() {
        let names = ["upstream", "host", "path", "level"];
        for (typed, found) in [
            ("upsteam", Some("upstream")),
            ("hots", Some("host")),
            ("Level", Some("level")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names), found, "{typed}");
        }
    }

    #[test]
    fn an_annotation_stays_on_one_line_whatever_it_says() {
        let diagnostic = Diagnostic::error("E0101", "100% wrong\nreally")
            .at(Spot::File("a,b:c.toml".into()), "")
            .help("read on");
        assert_eq!(
            diagnostic.github(),
            "::error file=a%2Cb%3Ac.toml,title=E0101::100%25 wrong%0Areally%0Ahelp: read on"
        );
    }

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nb = \"\u{e9}\u{e9}\" x";
        let file = SourceFile { order: 0, name: "f".into(), shown: text.into() };
        assert_eq!(file.position(text.find('x').unwrap_or(0)), (2, 10));
    }
}
