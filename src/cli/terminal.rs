//! Where commands print to and read from. The only way to print: a test reads what a person would.

use std::io::{BufRead, IsTerminal, Write};

use jiff::tz::TimeZone;

use super::Failure;
use crate::secret::Secret;

/// Bytes of a password on standard input; a page takes no more.
const LONGEST_LINE: u64 = 4096;

/// Standard input, output and error, or what stands in for them.
pub struct Terminal {
    pub out: Box<dyn Write + Send>,
    pub err: Box<dyn Write + Send>,
    pub input: Box<dyn BufRead + Send>,
    pub in_colour: bool,
    /// Somebody is there to answer a question.
    pub can_ask: bool,
    /// In which times are shown.
    pub zone: TimeZone,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("in_colour", &self.in_colour).finish_non_exhaustive()
    }
}

impl Terminal {
    /// The process's own. Colours only on a terminal, and never where `NO_COLOR` is set.
    #[must_use]
    pub fn of_process(no_colour: bool) -> Self {
        let (out, err, input) = (std::io::stdout(), std::io::stderr(), std::io::stdin());
        Self {
            in_colour: !no_colour && err.is_terminal() && out.is_terminal(),
            can_ask: input.is_terminal() && err.is_terminal(),
            out: Box::new(out),
            err: Box::new(err),
            input: Box::new(std::io::BufReader::new(input)),
            zone: TimeZone::system(),
        }
    }

    /// # Errors
    /// [`Failure::OutputClosed`] where nobody reads any more.
    pub fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        writeln!(self.out, "{text}")?;
        Ok(())
    }

    /// Text that ends in its own line feed.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()?;
        Ok(())
    }

    /// # Errors
    /// As [`Self::line`].
    pub fn json<T: serde::Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::Unreachable(error.to_string()))?;
        self.line(text)
    }

    /// Something beside the result. That it cannot be said is no reason to fail.
    /// Sends what was printed on its way.
    ///
    /// # Errors
    /// The output was closed.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// A text of several lines for a person, as it is.
    pub fn note_all(&mut self, text: &str) {
        if !text.is_empty() {
            self.note(text.trim_end());
        }
    }

    pub fn note(&mut self, text: impl std::fmt::Display) {
        let _ = writeln!(self.err, "{text}");
    }

    /// # Errors
    /// As [`Self::line`].
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let mut lines = vec![head.iter().map(|cell| cell.to_uppercase()).collect::<Vec<_>>()];
        lines.extend(rows.iter().map(|row| row.iter().map(|cell| shown(cell)).collect()));
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                let cells = lines.iter().filter_map(|line| line.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for line in &lines {
            let padded: Vec<String> =
                line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            self.line(padded.join("  ").trim_end())?;
        }
        Ok(())
    }

    /// The first line of standard input.
    ///
    /// # Errors
    /// There is none, or it is too long to be a password.
    pub fn secret_line(&mut self) -> Result<Secret<String>, Failure> {
        let mut line = zeroize::Zeroizing::new(String::new());
        let mut limited = std::io::Read::take(&mut self.input, LONGEST_LINE);
        let read = limited.read_line(&mut line);
        let text = line.trim_end_matches(['\r', '\n']);
        match read {
            Ok(read) if read > 0 && u64::try_from(read).is_ok_and(|read| read < LONGEST_LINE) => {
                Ok(Secret::new(text.to_owned()))
            }
            Ok(_) => Err(Failure::Usage(
                "the password is the first line of standard input, and at most 4 KiB long"
                    .to_owned(),
            )),
            Err(error) => Err(Failure::Usage(format!("standard input cannot be read: {error}"))),
        }
    }

    /// Asks whoever is there; scripts, where nobody is, have decided by calling.
    ///
    /// # Errors
    /// The answer was no.
    pub fn confirm(&mut self, question: &str, yes: bool) -> Result<(), Failure> {
        if yes || !self.can_ask {
            return Ok(());
        }
        let _ = write!(self.err, "{question} [y/N] ");
        let _ = self.err.flush();
        let mut answer = String::new();
        let read = std::io::Read::take(&mut self.input, 64).read_line(&mut answer);
        let agrees = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "j" | "ja");
        if read.is_ok() && agrees {
            Ok(())
        } else {
            Err(Failure::No("nothing was changed".to_owned()))
        }
    }

    /// An RFC 3339 instant in the local zone, with its offset.
    #[must_use]
    pub fn local(&self, instant: &str) -> String {
        instant.parse::<jiff::Timestamp>().map_or_else(
            |_| instant.to_owned(),
            |at| at.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string(),
        )
    }
}

/// A value from a browser or a person, as a terminal may show it.
fn shown(cell: &str) -> String {
    let text: String = cell.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}
