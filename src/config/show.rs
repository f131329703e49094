//! The configuration that is in effect, as a file would write it. Secrets are not in it.

use std::fmt::Write as _;

use super::layers::Origin;
use super::load::Loaded;

/// Prints every setting that has a value, with `origin` after each line where it came from.
#[must_use]
pub fn show(loaded: &Loaded, origin: bool) -> String {
    let mut rows: Vec<(&str, &str, &Origin)> = loaded
        .provenance
        .iter()
        .map(|(path, origin)| {
            let (table, name) = path.rsplit_once('.').unwrap_or(("", path));
            (table, name, origin)
        })
        .collect();
    rows.sort_by_key(|(table, name, _)| (*table, *name));
    let mut out = String::new();
    let mut section = "";
    for (table, name, from) in rows {
        if table != section {
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}[{table}]");
            section = table;
        }
        let line = format!("{name} = {}", toml(&from.value));
        let _ = if origin {
            writeln!(out, "{line:<44}  # {}", whence(from))
        } else {
            writeln!(out, "{line}")
        };
    }
    out
}

/// Stars are no TOML by themselves.
fn toml(shown: &str) -> &str {
    if shown == "***" { "\"***\"" } else { shown }
}

fn whence(origin: &Origin) -> String {
    let mut text = origin.spot.as_ref().map_or_else(|| "default".to_owned(), super::Spot::brief);
    for (value, spot) in &origin.replaced {
        let _ = write!(text, ", replaces {value} of {}", spot.brief());
    }
    text
}
