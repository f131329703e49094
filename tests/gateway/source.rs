//! Reads Rust source just closely enough to see which paths it names, and where. Not a parser: no
//! types, no macros, no name resolution beyond `crate::` and `super::`.

/// A path such as `crate::points::decide`, and the line that it starts on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NamedPath {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

/// Every path of two or more segments in the code of a file, tests left out. Groups in braces are
/// spelt out: `use crate::{a, b::C}` names `crate::a` and `crate::b::C`.
pub(crate) fn named_paths(source: &str) -> Vec<NamedPath> {
    let tokens = tokens(&without_tests(&code_only(source)));
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = matches!(tokens[at].1, Token::Word(_));
        if starts && (at == 0 || tokens[at - 1].1 != Token::Colons) {
            at = read_path(&tokens, at, &[], &mut paths);
        } else {
            at += 1;
        }
    }
    paths
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    Word(String),
    Colons,
    Other(char),
}

fn tokens(code: &str) -> Vec<(usize, Token)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let chars: Vec<char> = line.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            let start = at;
            while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                at += 1;
            }
            if at > start {
                found.push((number + 1, Token::Word(chars[start..at].iter().collect())));
            } else if chars[at..].starts_with(&[':', ':']) {
                found.push((number + 1, Token::Colons));
                at += 2;
            } else {
                if !chars[at].is_whitespace() {
                    found.push((number + 1, Token::Other(chars[at])));
                }
                at += 1;
            }
        }
    }
    found
}

/// Reads one path from `at`, with `before` in front of it; returns where to go on.
fn read_path(
    tokens: &[(usize, Token)],
    mut at: usize,
    before: &[String],
    paths: &mut Vec<NamedPath>,
) -> usize {
    let line = tokens[at].0;
    let mut segments = before.to_vec();
    while let Some((_, Token::Word(word))) = tokens.get(at) {
        segments.push(word.clone());
        at += 1;
        if tokens.get(at).map(|(_, token)| token) != Some(&Token::Colons) {
            break;
        }
        at += 1;
        if tokens.get(at).map(|(_, token)| token) == Some(&Token::Other('{')) {
            return read_group(tokens, at + 1, &segments, paths);
        }
    }
    if segments.len() > 1 {
        paths.push(NamedPath { line, segments });
    }
    at
}

fn read_group(
    tokens: &[(usize, Token)],
    mut at: usize,
    before: &[String],
    paths: &mut Vec<NamedPath>,
) -> usize {
    while at < tokens.len() {
        match &tokens[at].1 {
            Token::Word(_) => at = read_path(tokens, at, before, paths),
            Token::Other('}') => return at + 1,
            Token::Other(_) | Token::Colons => at += 1,
        }
    }
    at
}

/// The source with comments, strings and character literals blanked; lines stay where they are.
fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_or_comment(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// Where the literal or comment that starts at `at` ends; `at` if none starts here.
fn literal_or_comment(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    if rest.starts_with(&['/', '/']) {
        return at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
    }
    if rest.starts_with(&['/', '*']) {
        return at + block_comment(rest);
    }
    match rest[0] {
        '"' => at + quoted(rest, '"'),
        'r' if !after_word => raw_string(rest).map_or(at, |length| at + length),
        // A lifetime has no closing quote one character on.
        '\'' if rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'') => at + quoted(rest, '\''),
        _ => at,
    }
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = 2 + hashes;
    let end = (body..rest.len()).find(|at| rest[*at..].starts_with(&close));
    Some(end.map_or(rest.len(), |at| at + close.len()))
}

/// Blanks every item under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut left = code.to_owned();
    while let Some(start) = left.find(MARK) {
        let end = start + item_length(&left[start..]);
        let blank: String =
            left[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        left.replace_range(start..end, &blank);
    }
    left
}

/// Up to and with the `;` or the closing brace of the item.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

fn spelt(source: &str) -> Vec<(usize, String)> {
    named_paths(source).into_iter().map(|path| (path.line, path.segments.join("::"))).collect()
}

#[test]
fn paths_are_found_in_code_and_nowhere_else() {
    let source = r##"
//! crate::comment
use crate::{accounts, points::{Proof, self}}; /* crate::block /* nested */ crate::still */
fn f<'a>(x: &'a str) -> char { let _ = "crate::text \" {"; let _ = r#"crate::raw " {"#; '{' }
fn g() { crate::random::bytes::<32>(); }
#[cfg(test)]
mod tests { use crate::store; fn h() { { } } }
#[cfg(test)]
mod more;
use std::fmt;
"##;
    let found: Vec<(usize, String)> = spelt(source);
    let expected = [
        (3, "crate::accounts"),
        (3, "crate::points::Proof"),
        (3, "crate::points::self"),
        (5, "crate::random::bytes"),
        (10, "std::fmt"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
}
