//! Breaks every key, value and section header of the annotated file, one at a time. Each broken file
//! must be refused, and the message must name the line that was broken. And any text at all must end
//! in an answer.

use proptest::prelude::*;

use super::super::{Severity, Spot};
use super::*;

const REFERENCE: &str = include_str!("../../../config/scoregate.toml");

/// A broken file, the line that was broken (from 1), and how.
struct Mutant {
    line: usize,
    how: &'static str,
    text: String,
}

/// The same file with one line replaced.
fn with_line(nth: usize, line: &str) -> String {
    let mut lines: Vec<&str> = REFERENCE.lines().collect();
    lines[nth] = line;
    lines.join("\n") + "\n"
}

fn mutants() -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for (nth, line) in REFERENCE.lines().enumerate() {
        let mut add = |how, new: String| {
            mutants.push(Mutant { line: nth + 1, how, text: with_line(nth, &new) });
        };
        if line.starts_with('[') {
            break_header(line, &mut add);
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            break_setting(line, key, value, &mut add);
        }
    }
    mutants
}

/// Words of the format itself; the others are names of the operator's choice.
const NAMES: [&str; 12] = [
    "staff", "mail", "text", "outbox", "grafana", "portal", "assets", "payments", "shop", "en",
    "nl", "",
];

fn break_header(line: &str, add: &mut impl FnMut(&'static str, String)) {
    let (header, rest) = line.split_once(']').unwrap();
    let words: Vec<&str> = header.trim_start_matches('[').split('.').collect();
    for (nth, word) in words.iter().enumerate().filter(|(_, word)| !NAMES.contains(word)) {
        let with = |new: &str| {
            let mut words = words.clone();
            words[nth] = new;
            format!("[{}]{rest}", words.join("."))
        };
        add("section name wrong", with(&format!("{word}x")));
        add("letter of a section dropped", with(&word[1..]));
        let doubled = format!("{}{word}", &word[..1]);
        add("letter of a section doubled", with(&doubled));
    }
    add("[x] to [[x]]", format!("[[{}]]{rest}", words.join(".")));
    add("section twice", format!("{line}\n{line}"));
}

fn break_setting(line: &str, key: &str, value: &str, add: &mut impl FnMut(&'static str, String)) {
    let name = key.trim();
    let last = name.rsplit('.').next().unwrap();
    let prefix = &name[..name.len() - last.len()];
    add("letter dropped", format!("{prefix}{} ={value}", &last[..last.len() - 1]));
    let middle = last.len() / 2;
    let doubled = format!("{}{}", &last[..=middle], &last[middle..]);
    add("letter doubled", format!("{prefix}{doubled} ={value}"));
    add("line twice", format!("{line}\n{line}"));
    let value = value.trim();
    if let Some(inner) = value.strip_prefix('"') {
        let end = inner.find('"').unwrap() + 1;
        add("text to number", format!("{name} = 42"));
        add("text to true", format!("{name} = true"));
        add("text to list", format!("{name} = [{}]", &value[..=end]));
        add("quote lost at the end", format!("{name} = {}{}", &value[..end], &value[end + 1..]));
        add("quote lost at the start", format!("{name} = {inner}"));
    } else if value.starts_with('[') {
        add("list to text", format!("{name} = \"x\""));
        add("list to number", format!("{name} = 42"));
    } else if value.starts_with('{') {
        add("table to number", format!("{name} = 42"));
        add("table to list", format!("{name} = [\"x\"]"));
    } else {
        let plain = value.split('#').next().unwrap().trim();
        add("number or flag to text", format!("{name} = \"{plain}\""));
        add("number or flag to list", format!("{name} = [{plain}]"));
        let is_number = plain.starts_with(|c: char| c.is_ascii_digit());
        let other = if is_number { "true" } else { "42" };
        add("number to flag or back", format!("{name} = {other}"));
    }
}

/// The mutants that were not refused, or without naming their line.
fn survivors(mutants: &[Mutant]) -> Vec<String> {
    let folder = Folder::with(&[]);
    let mut survivors = Vec::new();
    for mutant in mutants {
        std::fs::write(folder.path().join("scoregate.toml"), &mutant.text).unwrap();
        let loaded = load(&folder.request());
        // A line that is there twice may be named in either place.
        let lines = [mutant.line, mutant.line + usize::from(mutant.how.ends_with("twice"))];
        let is_named = loaded.diagnostics.iter().any(|found| {
            let spot = found.places.first().map(|place| &place.spot);
            let line = spot.and_then(Spot::position).map(|(line, _)| line);
            found.severity == Severity::Error && line.is_some_and(|line| lines.contains(&line))
        });
        if loaded.config.is_some() || !is_named {
            let printed = folder.print(&loaded);
            survivors.push(format!("line {}: {}\n{printed}", mutant.line, mutant.how));
        }
    }
    survivors
}

#[test]
fn every_broken_line_of_the_annotated_file_is_refused_and_named() {
    let mutants = mutants();
    let survivors = survivors(&mutants);
    assert!(
        survivors.is_empty(),
        "{} of {} mutants were not refused with their line:\n{}",
        survivors.len(),
        mutants.len(),
        survivors.join("\n")
    );
    let count = mutants.len();
    assert!(count >= 880, "only {count} mutants were made from the annotated file");
}

#[test]
fn a_mutant_that_is_harmless_or_named_elsewhere_is_told_from_the_others() {
    let harmless = Mutant { line: 1, how: "remark", text: with_line(0, "# another remark") };
    let broken = with_line(0, "hots = 1");
    let elsewhere = Mutant { line: 2, how: "wrong line", text: broken.clone() };
    let right = Mutant { line: 1, how: "unknown", text: broken };
    assert_eq!(survivors(&[harmless, elsewhere, right]).len(), 2);
}

fn piece() -> impl Strategy<Value = String> {
    let lines: Vec<&str> = REFERENCE.lines().collect();
    prop_oneof![
        4 => proptest::sample::select(lines).prop_map(str::to_owned),
        1 => "\\PC{0,40}",
        1 => "[\\[\\]{}=\"'.,a-z0-9#\n_-]{0,30}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text_ends_in_a_configuration_or_in_an_error(pieces in prop::collection::vec(piece(), 0..30)) {
        let (folder, loaded) = load_text(&pieces.join("\n"));
        let has_error = loaded.count(Severity::Error) > 0;
        prop_assert_eq!(loaded.config.is_none(), has_error);
        for format in [Format::Text { coloured: true }, Format::Json, Format::Github] {
            prop_assert_eq!(loaded.render(format).is_empty(), loaded.diagnostics.is_empty());
        }
        drop(folder);
    }

    #[test]
    fn any_bytes_end_in_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = Folder::with(&[]);
        std::fs::write(folder.path().join("scoregate.toml"), bytes).unwrap();
        let loaded = load(&folder.request());
        prop_assert!(loaded.config.is_none());
        prop_assert!(!folder.print(&loaded).is_empty());
    }

    #[test]
    fn any_variable_ends_in_an_answer(name in "[A-Z_]{0,30}", value in "\\PC{0,20}") {
        let folder = Folder::with(&[("scoregate.toml", MINIMAL)]);
        let mut request = folder.request();
        request.environment.insert(format!("SCOREGATE_{name}"), value);
        let loaded = load(&request);
        prop_assert_eq!(loaded.config.is_none(), loaded.count(Severity::Error) > 0);
    }
}
