//! The audit file: opened by one process at a time, appended to, and repaired where a crash cut the
//! last line. Not here: what is written (`event`), and the thread that writes (`writer`).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::chain::Link;
use crate::points::Timestamp;

/// How much of the end is looked at for the last line: more than any line of ours.
const TAIL: u64 = 128 * 1024;

/// Why an audit file cannot be continued.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the audit file {path} cannot be opened or read")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the audit file {path} is in use by another process")]
    InUse { path: PathBuf },
    #[error(
        "the last line of {path} is no audit line, so the file cannot be continued: move it aside, and \
         look at what changed it"
    )]
    NotOurs { path: PathBuf },
}

/// An open file and where its chain stands.
#[derive(Debug)]
pub(super) struct AuditFile {
    file: File,
    /// Bytes that are whole lines. What lies behind it was cut by an error and is written over.
    length: u64,
}

/// What was found at opening.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: AuditFile,
    pub(super) link: Link,
    /// An unfinished last line was moved to this file.
    pub(super) torn: Option<PathBuf>,
}

impl AuditFile {
    pub(super) fn open(path: &Path, now: Timestamp) -> Result<Opened, OpenError> {
        let failed = |source| OpenError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { path: path.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let (tail, start) = tail(&mut file).map_err(failed)?;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (lines, rest) = tail.split_at(whole);
        if lines.is_empty() && start > 0 {
            return Err(OpenError::NotOurs { path: path.to_owned() });
        }
        let torn = move_aside(path, rest, now).map_err(failed)?;
        let length = start.saturating_add(u64::try_from(whole).unwrap_or(u64::MAX));
        file.set_len(length).map_err(failed)?;
        let link = match lines.strip_suffix(b"\n").and_then(|lines| lines.rsplit(is_feed).next()) {
            None => Link::first(),
            Some(last) => {
                Link::after(last).ok_or_else(|| OpenError::NotOurs { path: path.to_owned() })?
            }
        };
        Ok(Opened { file: Self { file, length }, link, torn })
    }

    #[cfg(test)]
    pub(super) fn over(file: File) -> Self {
        Self { file, length: 0 }
    }

    /// Appends whole lines: all of them or, after an error, none.
    pub(super) fn append(&mut self, lines: &[u8]) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        let written = self.file.write_all(lines).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.length =
                    self.length.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
                Ok(())
            }
            Err(error) => {
                // A half line must not stand before the next one.
                let _ = self.file.set_len(self.length);
                Err(error)
            }
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what `rsplit` asks for")]
const fn is_feed(byte: &u8) -> bool {
    *byte == b'\n'
}

/// The last bytes of a file, and where they start.
fn tail(file: &mut File) -> std::io::Result<(Vec<u8>, u64)> {
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok((tail, start))
}

fn move_aside(path: &Path, rest: &[u8], now: Timestamp) -> std::io::Result<Option<PathBuf>> {
    if rest.is_empty() {
        return Ok(None);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".torn-{}", now.as_millis()));
    let aside = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(rest)?;
    file.sync_all()?;
    Ok(Some(aside))
}
