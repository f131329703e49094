//! Secrets: starring them in what is shown, and fetching them from where they are kept. Not here:
//! what they are for.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::diagnostic::{Diagnostic, Spot};
use super::shape::{KeptSecret, SecretSource};
use crate::secret::Secret;

/// Words that make a setting's value a secret, whatever else its name says. Names that are not
/// settings count too: `passwrod = "…"` is shown in the message about it.
const SECRET_WORDS: [&str; 9] =
    ["pass", "pwd", "secret", "token", "dsn", "api_key", "apikey", "private", "authorization"];

const METHOD_TABLES: [&str; 2] = ["points", "lifetime"];

/// Where a line stands, as far as earlier lines say.
#[derive(Default)]
struct Around {
    /// The quotes that end a text of several lines which holds a secret.
    quotes: Option<&'static str>,
    /// In a table of points or lifetimes, where `password` is the name of a method.
    of_methods: bool,
    /// In a section such as `[notifier.mail.password]`.
    in_secret_section: bool,
    /// Within braces that a secret's setting opened on an earlier line.
    in_braces: bool,
}

/// The text with every secret replaced by as many stars as it has bytes, so that offsets stay true.
/// Works line by line, since it has to work for files that are not TOML as well.
pub(super) fn starred(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut around = Around::default();
    for line in text.split_inclusive('\n') {
        let start = around.secret_on(line).unwrap_or(line.len());
        let (kept, hidden) = line.split_at_checked(start).unwrap_or((line, ""));
        out.push_str(&without_user_info(kept));
        let (hidden, rest) = secret_and_rest(hidden);
        stars(hidden, &mut out);
        out.push_str(rest);
    }
    out
}

impl Around {
    /// Where on this line a secret begins; remembers what matters to the next.
    fn secret_on(&mut self, line: &str) -> Option<usize> {
        if let Some(quotes) = self.quotes {
            if line.contains(quotes) {
                self.quotes = None;
            }
            return Some(0);
        }
        let has_bracket = line.trim_start().starts_with('[')
            || (!line.contains('=') && line.trim_end().ends_with(']'));
        if has_bracket && !self.in_braces {
            let header = line.split(']').next().unwrap_or("").trim_matches(['[', ' ', '\t']);
            let last = header.rsplit('.').next().unwrap_or("").trim_matches(['"', '\'', ' ']);
            self.of_methods = METHOD_TABLES.contains(&last);
            self.in_secret_section = is_secret_name(&last.to_lowercase());
            // A line break may be what is missing between a header and a setting.
            let is_header = !line.contains('=');
            if is_header {
                return None;
            }
        }
        let start = if self.in_secret_section || self.in_braces {
            unkept_value(line)
        } else if self.of_methods {
            None
        } else {
            secret_starts(line)
        };
        self.in_braces &= !line.contains('}');
        if opens_secret_braces(line) && !self.of_methods {
            self.in_braces = true;
        }
        let hidden = start.and_then(|start| line.get(start..)).unwrap_or("");
        self.quotes = left_open(hidden);
        start
    }
}

/// The quotes in which a secret goes on over the next lines. An empty text may be three quotes of which
/// one is missing.
fn left_open(hidden: &str) -> Option<&'static str> {
    let value = hidden.trim();
    ["\"\"\"", "\'\'\'"].into_iter().find(|quotes| hidden.matches(quotes).count() == 1).or(
        match value {
            "\"\"" => Some("\""),
            "\'\'" => Some("\'"),
            _ => None,
        },
    )
}

/// The value on a line of a section about a secret, unless it says where the secret is kept.
fn unkept_value(line: &str) -> Option<usize> {
    let Some((name, _)) = line.split_once('=') else { return line.find(['"', '\'']) };
    let last = name.rsplit(['.', '{', ',']).next().unwrap_or(name).trim();
    let is_kept = KEEPERS.contains(&last) && line.matches('=').count() == 1;
    (!is_kept).then_some(name.len() + 1)
}

/// `password = {` with the rest on later lines.
fn opens_secret_braces(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, value)| {
        let last = name.trim().rsplit('.').next().unwrap_or("").trim_matches(['"', '\'']);
        is_secret_name(&last.to_lowercase())
            && value.trim_start().starts_with('{')
            && !value.contains('}')
    })
}

/// What can stand in a secret's table: where it is kept, and not what it is.
const KEEPERS: [&str; 3] = ["file", "credential", "env"];

fn stars(hidden: &str, out: &mut String) {
    for byte in hidden.bytes() {
        out.push(if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { '*' });
    }
}

/// A plain `"…"` ends at its quote; a remark after it can be shown. Anything else is hidden whole.
fn secret_and_rest(hidden: &str) -> (&str, &str) {
    let end = hidden.strip_prefix('"').and_then(|inner| {
        let end = inner.find('"').filter(|end| *end > 0)?;
        let rest = inner.get(end + 1..)?;
        let is_plain = !inner.get(..end)?.contains('\\')
            && (rest.trim().is_empty() || rest.trim_start().starts_with('#'));
        is_plain.then_some(end + 2)
    });
    hidden.split_at_checked(end.unwrap_or(hidden.len())).unwrap_or((hidden, ""))
}

/// Where on a line the value of a secret begins.
fn secret_starts(line: &str) -> Option<usize> {
    let quoted = || {
        // The sign between name and value may be what is missing, or another one.
        line.match_indices(['"', '\'']).map(|(at, _)| at).find(|at| {
            let before = line.get(..*at).unwrap_or("").trim_end_matches([' ', '\t', '=', ':', '{']);
            let last = before.rsplit([' ', '.', ',', '{']).next().unwrap_or(before).to_lowercase();
            before.len() < *at && is_secret_name(&last) && !is_of_methods(before)
        })
    };
    secret_value(line).or_else(quoted)
}

/// A name such as `points.password`, or one within `points = { … }`.
fn is_of_methods(before: &str) -> bool {
    before
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .any(|word| METHOD_TABLES.contains(&word))
}

fn secret_value(line: &str) -> Option<usize> {
    let mut from = 0;
    // Several settings can stand on one line in an inline table.
    while let Some(at) = line.get(from..)?.find(['=', ':']).map(|at| from + at) {
        if from > 0 && line.get(at..)?.starts_with(':') {
            return None;
        }
        let before = line.get(from..at)?;
        if is_of_methods(line.get(..at).unwrap_or("")) {
            return None;
        }
        let name = before.rsplit(['{', ',', '.', '[', ']']).next().unwrap_or(before);
        let name = name.trim().trim_matches(['"', '\'']).to_lowercase();
        let after = line.get(at + 1..)?;
        let value = at + 1 + (after.len() - after.trim_start().len());
        let is_reference = matches!(line.get(value..)?.chars().next(), Some('{'));
        if is_secret_name(&name) && !is_reference {
            return Some(value);
        }
        if is_secret_name(before.trim().trim_start_matches('#').split(['.', ' ', '=']).next()?)
            && !is_reference
            && !KEEPERS.contains(&name.as_str())
        {
            return Some(value);
        }
        if is_secret_name(&name) && is_reference {
            // Within the braces, only what names a place is shown.
            return unkept_secret(line, value);
        }
        from = at + 1;
    }
    None
}

fn unkept_secret(line: &str, from: usize) -> Option<usize> {
    let inside = line.get(from..)?;
    let name = inside.trim_start_matches('{').split('=').next()?.trim();
    if name.is_empty() {
        // The braces go on over the next lines.
        return None;
    }
    let is_kept = KEEPERS.contains(&name) && !inside.contains(',');
    (!is_kept).then_some(from)
}

pub(super) fn is_secret_name(name: &str) -> bool {
    SECRET_WORDS.iter().any(|word| name.contains(word))
        || ["password", "passwd", "secret", "token"]
            .iter()
            .any(|word| name.len() > 3 && strsim::damerau_levenshtein(name, word) <= 2)
}

/// `scheme://user:password@host` with stars up to the `@`; also where a sign of it is missing.
pub(super) fn without_user_info(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(['"', '\'', ' ', '\t', '\n', ',']) {
        let (from, to) = user_info(word).unwrap_or((0, 0));
        let parts = (word.get(..from), word.get(from..to), word.get(to..));
        let (Some(before), Some(hidden), Some(after)) = parts else {
            stars(word, &mut out);
            continue;
        };
        out.push_str(before);
        stars(hidden, &mut out);
        out.push_str(after);
    }
    out
}

/// Where in an address its user name and password are.
fn user_info(word: &str) -> Option<(usize, usize)> {
    let scheme = word.find(|c: char| !c.is_ascii_alphanumeric())?;
    let from = scheme + word.get(scheme..)?.find(|c| !matches!(c, ':' | '/'))?;
    if from < scheme + 2 && !word.get(scheme..)?.starts_with('/') {
        return None;
    }
    if let Some(at) = word.rfind('@') {
        return (at > from).then_some((from, at));
    }
    // What follows a colon should be a port.
    let authority = word.get(from..)?;
    let colon = authority.rfind(':')?;
    let port = authority.get(colon + 1..)?;
    let port = port.split(['/', '"', '\'', ' ', '\n', ',']).next().unwrap_or("");
    let is_port = port.bytes().all(|b| b.is_ascii_digit());
    (!is_port && !authority.contains(']')).then_some((from + colon + 1, word.len()))
}

/// Where secrets can be fetched from.
pub(super) struct Keepers<'a> {
    pub(super) environment: &'a BTreeMap<String, String>,
    /// Off: nothing of this machine is looked at, and no secret is fetched.
    pub(super) check_environment: bool,
}

impl Keepers<'_> {
    /// Fetches a secret; what is wrong is said about the setting at `path`.
    pub(super) fn fetch(
        &self,
        source: &SecretSource,
        path: &str,
        spot: &Spot,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Secret<String>> {
        let kept = match source {
            SecretSource::Plain(secret) => return Some(secret.0.clone()),
            SecretSource::Kept(kept) => kept,
        };
        let problem = |code, message: String, label: &str| {
            Diagnostic::error(code, message).at(spot.clone(), label).about(path)
        };
        let KeptSecret { file, credential, env } = kept;
        let result = match (file, credential, env) {
            (Some(file), None, None) => self.file(&file.0, path, spot, diagnostics),
            (None, Some(name), None) => self.credential(&name.0, path, spot, diagnostics),
            (None, None, Some(name)) => self.variable(&name.0, path, spot),
            (_, _, _) => Err(problem(
                "E0207",
                format!("`{path}` must have exactly one of `file`, `credential` and `env`"),
                "not exactly one of them",
            )
            .help(super::walk::SECRET_HELP)),
        };
        result.unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic);
            None
        })
    }

    fn variable(
        &self,
        name: &str,
        path: &str,
        spot: &Spot,
    ) -> Result<Option<Secret<String>>, Diagnostic> {
        if !self.check_environment {
            return Ok(None);
        }
        match self.environment.get(name) {
            Some(value) if !value.is_empty() => Ok(Some(Secret::new(value.clone()))),
            _ => {
                Err(Diagnostic::error("E0402", format!("`{path}`: the variable {name} is not set"))
                    .at(spot.clone(), "not set")
                    .help(format!("start the gateway with {name} in its environment"))
                    .about(path))
            }
        }
    }

    fn credential(
        &self,
        name: &str,
        path: &str,
        spot: &Spot,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Option<Secret<String>>, Diagnostic> {
        if !self.check_environment {
            return Ok(None);
        }
        let Some(folder) = self.environment.get("CREDENTIALS_DIRECTORY") else {
            return Err(Diagnostic::error("E0404", format!("`{path}`: no $CREDENTIALS_DIRECTORY"))
                .at(spot.clone(), "works only when systemd starts the service")
                .help(format!("in the unit: LoadCredential={name}:/etc/scoregate/secrets/{name}"))
                .help(
                    "for a try-out: set CREDENTIALS_DIRECTORY to a folder with a file of this name",
                )
                .about(path));
        };
        if name.contains('/') || name == ".." {
            return Err(Diagnostic::error("E0104", format!("`{path}` is not a credential"))
                .at(spot.clone(), "a name, not a path")
                .about(path));
        }
        self.file(&Path::new(folder).join(name), path, spot, diagnostics)
    }

    fn file(
        &self,
        file: &Path,
        path: &str,
        spot: &Spot,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Option<Secret<String>>, Diagnostic> {
        if !self.check_environment {
            return Ok(None);
        }
        let unreadable = |reason: &str| {
            Diagnostic::error("E0402", format!("`{path}`: {} {reason}", file.display()))
                .at(spot.clone(), "no secret is there")
                .help(
                    r#"with systemd use { credential = "…" } and LoadCredential=, or make the file"#,
                )
                .about(path)
        };
        let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| {
            unreadable(match error.kind() {
                std::io::ErrorKind::NotFound => "does not exist",
                std::io::ErrorKind::PermissionDenied => "may not be read by this user",
                std::io::ErrorKind::InvalidData => "is not text",
                _ => "cannot be read",
            })
        })?;
        diagnostics.extend(exposed(file, path, spot));
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        if secret.is_empty() {
            return Err(unreadable("is empty"));
        }
        Ok(Some(Secret::new(secret.to_owned())))
    }
}

/// A warning where other users of the machine can read a file that is nobody's business.
pub(super) fn exposed(file: &Path, path: &str, spot: &Spot) -> Option<Diagnostic> {
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    let file: PathBuf = file.into();
    (mode & 0o007 != 0).then(|| {
        Diagnostic::warning("W0403", format!("`{path}`: others can read {}", file.display()))
            .at(spot.clone(), format!("mode {mode:04o}; other users on this machine can read it"))
            .help(format!("chmod 600 {}", file.display()))
            .about(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_survives_in_what_is_shown() {
        let table = [
            r#"password = "hunter2"  # remark"#,
            r#"password = 'hunter2'"#,
            r#"password="hunter2"#,
            "password = hunter2",
            r#"notifier.mail.password = "hunter2""#,
            r#"passwrod = "hunter2""#,
            r#"Password = "hunter2""#,
            r#"pasword = "hunter2""#,
            r#"mail = { kind = "smtp", password = "hunter2" }"#,
            r#"password = { value = "hunter2" }"#,
            r#"password = { file = "x", plain = "hunter2" }"#,
            r#"password.plain = "hunter2""#,
            r#"url = "smtp://me:hunter2@mail.example.org""#,
            r#"api_token = "a \" hunter2""#,
            "password = \"\"\"\nhunter2\n\"\"\"",
            "password = \"\"\"hunter2\nhunter2\"\"\"",
            r#"password = ["hunter2"]"#,
            r#"password: "hunter2""#,
            "[notifier.mail.password]\nvalue = \"hunter2\"",
            "[notifier.mail.password]\nfile = \"a\"\nplain = \"hunter2\"",
            "password = {\n plain = \"hunter2\"\n}",
            "password = {\n file = \"a\", plain = \"hunter2\"\n}",
            "[notifier.endpoints]\npassword = \"hunter2\"",
            "endpoints.password = \"hunter2\"",
            "[notifier.mail.pasword]\nvalue = \"\"\"\nhunter2\"\"\"",
        ];
        for text in table {
            let shown = starred(text);
            assert!(!shown.contains("hunter2"), "{text} -> {shown}");
            assert_eq!(shown.len(), text.len(), "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        for text in [
            r#"password = { file = "/run/secrets/smtp" }"#,
            r#"password = { credential = "smtp-password" }"#,
            r#"password.file = "/run/secrets/x""#,
            "tls.key = \"/etc/tls/key.pem\"\n",
            r#"url = "smtps://mail.example.org:465""#,
            r#"upstream = "http://127.0.0.1:3000""#,
            r#"host = "portal.example.org" # a@b"#,
            "[directory.staff]",
            "[notifier.mail.password]\nfile = \"/run/secrets/x\"\n[route.portal]\nhost = \"a\"",
            "password = {\n file = \"a\"\n}\nfrom = \"b\"",
            "\u{e9} = \"\u{e9}\"",
        ] {
            assert_eq!(starred(text), text);
        }
        let points = "[directory.staff.authentication.points]\npassword = 20\n";
        assert_eq!(starred(points), points);
        assert_eq!(starred("points.password = 20"), "points.password = 20");
        assert_ne!(starred("[notifier.mail]\npassword = 20\n"), "[notifier.mail]\npassword = 20\n");
        assert_eq!(starred(r#"password = "abc" # why"#), r#"password = ***** # why"#);
    }
}
