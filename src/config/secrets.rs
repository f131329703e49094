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
const SECRET_WORDS: [&str; 8] =
    ["pass", "pwd", "secret", "token", "dsn", "api_key", "apikey", "private"];

const METHOD_TABLES: [&str; 2] = ["points", "lifetime"];

/// The text with every secret replaced by as many stars as it has bytes, so that offsets stay true.
/// Works line by line, since it has to work for files that are not TOML as well.
pub(super) fn starred(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The quotes that end a text of several lines which holds a secret.
    let mut open: Option<&str> = None;
    // In a table of points or lifetimes `password` is the name of a method.
    let mut of_methods = false;
    for line in text.split_inclusive('\n') {
        if open.is_none() && line.trim_start().starts_with('[') {
            let header = line.trim().trim_matches(['[', ']']);
            of_methods = METHOD_TABLES.iter().any(|table| header.ends_with(table));
        }
        let start = match open {
            Some(quotes) => {
                if line.contains(quotes) {
                    open = None;
                }
                Some(0)
            }
            None if of_methods => None,
            None => secret_starts(line),
        };
        let start = start.unwrap_or(line.len());
        let (kept, hidden) = line.split_at_checked(start).unwrap_or((line, ""));
        out.push_str(&without_user_info(kept));
        let (hidden, rest) = secret_and_rest(hidden);
        for quotes in ["\"\"\"", "'''"] {
            if open.is_none() && start > 0 && hidden.matches(quotes).count() == 1 {
                open = Some(quotes);
            }
        }
        stars(hidden, &mut out);
        out.push_str(rest);
    }
    out
}

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
    let mut from = 0;
    // Several settings can stand on one line in an inline table.
    while let Some(at) = line.get(from..)?.find(['=', ':']).map(|at| from + at) {
        if from > 0 && line.get(at..)?.starts_with(':') {
            return None;
        }
        let before = line.get(from..at)?;
        if METHOD_TABLES.iter().any(|table| line.get(..at).unwrap_or("").contains(table)) {
            return None;
        }
        let name = before.rsplit(['{', ',', '.', '[']).next().unwrap_or(before);
        let name = name.trim().trim_matches(['"', '\'']).to_lowercase();
        let after = line.get(at + 1..)?;
        let value = at + 1 + (after.len() - after.trim_start().len());
        let is_reference = matches!(line.get(value..)?.chars().next(), Some('{'));
        if is_secret_name(&name) && !is_reference {
            return Some(value);
        }
        if is_secret_name(before.trim().trim_start_matches('#').split(['.', ' ', '=']).next()?)
            && !is_reference
            && !matches!(name.as_str(), "file" | "credential" | "env")
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
    let is_kept = matches!(name, "file" | "credential" | "env") && !inside.contains(',');
    (!is_kept).then_some(from)
}

pub(super) fn is_secret_name(name: &str) -> bool {
    SECRET_WORDS.iter().any(|word| name.contains(word))
        || ["password", "passwd", "secret", "token"]
            .iter()
            .any(|word| name.len() > 3 && strsim::damerau_levenshtein(name, word) <= 2)
}

/// `scheme://user:password@host` with stars up to the `@`.
fn without_user_info(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(['"', '\'', '/', ' ', '\n']).unwrap_or(after.len());
        let at = after.get(..end).and_then(|authority| authority.rfind('@')).unwrap_or(0);
        out.push_str(&"*".repeat(at));
        rest = after.get(at..).unwrap_or("");
    }
    out.push_str(rest);
    out
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
                .at(spot.clone(), "cannot be read")
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
