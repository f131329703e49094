//! The chain of an audit file: every line holds the SHA-256 of the line before, so that a line which
//! is changed, taken out or put in is found. Not here: who may write.
//!
//! A chain cannot show that its *end* is missing. [`Verified::last_hash`] is what to keep elsewhere,
//! if that matters: a later file that does not hold it has been cut.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::event::{Event, Fields};
use crate::points::Timestamp;

/// No line of ours comes near this; more is not an audit file.
const LONGEST_LINE: usize = 64 * 1024;

/// Where a chain stands: what the next line has to say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Link {
    /// Of the next line, from 1.
    pub(super) seq: u64,
    /// Of the line before it.
    pub(super) prev: String,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    seq: u64,
    prev: &'a str,
    event: &'static str,
    #[serde(flatten)]
    fields: &'a Fields,
}

/// The part of a line that the chain needs.
#[derive(Deserialize)]
struct Linked {
    seq: u64,
    prev: String,
}

impl Link {
    pub(super) fn first() -> Self {
        Self { seq: 1, prev: "0".repeat(64) }
    }

    /// The link after a line that stands in a file; `None` if it is no audit line.
    pub(super) fn after(line: &[u8]) -> Option<Self> {
        let linked: Linked = serde_json::from_slice(line).ok()?;
        Some(Self { seq: linked.seq.checked_add(1)?, prev: hash(line) })
    }

    /// The line of an event, without its line feed; the link moves on to the next.
    pub(super) fn line(&mut self, event: &Event) -> String {
        let line = Line {
            at: instant(event.at),
            seq: self.seq,
            prev: &self.prev,
            event: event.name.name(),
            fields: &event.fields,
        };
        // Strings and numbers under fixed keys: there is nothing that could fail.
        let line = serde_json::to_string(&line).unwrap_or_default();
        self.seq = self.seq.saturating_add(1);
        self.prev = hash(line.as_bytes());
        line
    }
}

pub(super) fn hash(line: &[u8]) -> String {
    Sha256::digest(line).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 3339 in UTC, to the millisecond.
fn instant(at: Timestamp) -> String {
    i64::try_from(at.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map_or_else(|| "unknown".to_owned(), |at| format!("{at:.3}"))
}

/// An audit file that is as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    pub lines: u64,
    /// SHA-256 of the last line; of nothing, 64 zeros.
    pub last_hash: String,
}

/// Why an audit file is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the audit file cannot be read")]
    Unreadable(#[source] std::io::Error),
    #[error("line {line}: {why}")]
    At { line: u64, why: Why },
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Why {
    #[error("it is not an audit line")]
    NotALine,
    #[error("the line before it was changed, or lines between the two are gone")]
    Prev,
    #[error("its number does not follow that of the line before")]
    Seq,
    #[error("it has no end: it was not written to the end, or is being written now")]
    Torn,
}

/// Reads an audit file from its first line to its last.
///
/// # Errors
/// The first line at which it is not what was written.
pub fn verify(path: &Path) -> Result<Verified, Broken> {
    let mut reader = BufReader::new(File::open(path).map_err(Broken::Unreadable)?);
    let mut link = Link::first();
    let mut lines = 0_u64;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let most = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
        let read = std::io::Read::take(&mut reader, most)
            .read_until(b'\n', &mut buffer)
            .map_err(Broken::Unreadable)?;
        if read == 0 {
            return Ok(Verified { lines, last_hash: link.prev });
        }
        lines = lines.saturating_add(1);
        link = check(&buffer, &link).map_err(|why| Broken::At { line: lines, why })?;
    }
}

fn check(line: &[u8], link: &Link) -> Result<Link, Why> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err(if line.len() >= LONGEST_LINE { Why::NotALine } else { Why::Torn });
    };
    let linked: Linked = serde_json::from_slice(line).map_err(|_| Why::NotALine)?;
    if linked.prev != link.prev {
        return Err(Why::Prev);
    }
    if linked.seq != link.seq {
        return Err(Why::Seq);
    }
    Link::after(line).ok_or(Why::NotALine)
}
