//! The embedded store: SQLite in one folder, for one gateway. Everything that the other rooms keep is
//! in it, durable before a caller is answered.
//!
//! One thread writes, in groups (`writer`); up to four connections read beside it. In memory there is
//! only the writer, which then reads as well. Not here: several gateways on one store, and any rule
//! about what may be kept.

mod accounts;
mod changes;
mod codes;
mod counters;
#[cfg(test)]
mod counting_tests;
mod fields;
mod folder;
mod passkeys;
mod recovery;
mod remembered;
mod roster;
mod schema;
mod sessions;
mod settings;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqlitePool};

use crate::accounts::StoreError;
use crate::keys::{KeyFileError, Keyring};
use writer::{Work, Writer};

/// Why a store was not opened. The gateway does not start; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the store {folder} is in use by another scoregate: stop that one, or give this one a folder of its own"
    )]
    InUse { folder: PathBuf },
    #[error(
        "the folder {folder} holds files but no store: name an empty folder for a new store, or restore `keys.json` and `scoregate.db` from a backup"
    )]
    NotEmpty { folder: PathBuf },
    #[error(
        "the database {path} is gone, but its keys are there: restore it from a backup, or name an empty folder to begin anew"
    )]
    DatabaseMissing { path: PathBuf },
    #[error(
        "the database {path} is an empty file: restore it from a backup, or name an empty folder to begin anew"
    )]
    DatabaseEmpty { path: PathBuf },
    #[error("the database {path} is damaged: restore it, with its keys, from a backup")]
    Damaged { path: PathBuf },
    #[error("the database {path} belongs to another program: name the folder of the store")]
    Foreign { path: PathBuf },
    #[error(
        "the keys do not open the database {path}: restore `keys.json` and the database from the same backup"
    )]
    WrongKeys { path: PathBuf },
    #[error(
        "the database {path} has schema {found} and this version knows {known}: start the newer scoregate that wrote it"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    #[error("{path} could not be read or written: check its owner and whether the disk is full")]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "the database {path} could not be opened: check its owner and whether the disk is full"
    )]
    Database { path: PathBuf, source: sqlx::Error },
}

impl OpenError {
    /// SQLite's own word for damage is ours as well (result codes 11, CORRUPT, and 26, NOTADB).
    fn of_database(path: &Path, source: sqlx::Error) -> Self {
        let code = source.as_database_error().and_then(|error| error.code());
        let primary = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
        if matches!(primary, Some(11 | 26)) {
            Self::Damaged { path: path.to_owned() }
        } else {
            Self::Database { path: path.to_owned(), source }
        }
    }
}

/// A column of another type is a record that is not ours to read; everything else that a database
/// says means that it cannot be used now.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Unreadable { what: "row" }
            }
            error => writer::unavailable(error),
        }
    }
}

/// A store that is open. Clones are the same store.
#[derive(Clone)]
pub struct Embedded {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Arc<Keyring>,
    writer: Writer,
    /// `None` in memory, where there is one connection.
    readers: Option<SqlitePool>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded")
            .field("in_memory", &self.inner.readers.is_none())
            .finish_non_exhaustive()
    }
}

impl Embedded {
    /// Opens the store in `folder`, which belongs to it alone. If the folder is missing or empty, a
    /// new store and its keys are made in it; in every other case both have to be there and right.
    ///
    /// # Errors
    /// [`OpenError`]: the caller does not start, and prints the sentence.
    pub async fn open(folder: &Path) -> Result<(Self, Arc<Keyring>), OpenError> {
        Self::open_waiting(folder, Duration::ZERO).await
    }

    /// As [`Embedded::open`], but waits up to `patience` for a command that has the store.
    ///
    /// # Errors
    /// As [`Embedded::open`]; [`OpenError::InUse`] once the patience is over.
    pub async fn open_waiting(
        folder: &Path,
        patience: Duration,
    ) -> Result<(Self, Arc<Keyring>), OpenError> {
        let opened = folder::open(folder, patience).await?;
        let readers = schema::readers(&opened.database);
        let keys = Arc::new(opened.keys);
        let store = Self::start(opened.writer, Some(readers), keys.clone(), opened.lock)
            .map_err(|source| OpenError::Io { path: opened.database, source })?;
        Ok((store, keys))
    }

    /// A store that is gone when its last clone is: for a demonstration and for tests.
    ///
    /// # Errors
    /// Only if the machine gives no memory or thread.
    pub async fn in_memory() -> Result<(Self, Arc<Keyring>), OpenError> {
        let path = Path::new(":memory:");
        let keys = Arc::new(Keyring::generate());
        let mut connection = schema::connect_in_memory()
            .await
            .map_err(|source| OpenError::of_database(path, source))?;
        schema::found(&mut connection, path, &keys).await?;
        let store = Self::start(connection, None, keys.clone(), ())
            .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Ok((store, keys))
    }

    fn start(
        writer: SqliteConnection,
        readers: Option<SqlitePool>,
        keys: Arc<Keyring>,
        held: impl Send + 'static,
    ) -> io::Result<Self> {
        let writer = Writer::start(writer, held)?;
        Ok(Self { inner: Arc::new(Inner { keys, writer, readers }) })
    }

    /// Finishes what is waiting, closes the database and gives up the lock. Every call after it, on
    /// any clone, is answered with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        if let Some(readers) = &self.inner.readers {
            readers.close().await;
        }
        self.inner.writer.close().await;
    }

    fn keys(&self) -> Arc<Keyring> {
        self.inner.keys.clone()
    }

    /// Durable when it returns. The work is kept as a whole or not at all.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send + 'static,
    {
        self.inner.writer.write(work).await
    }

    /// All statements of the work see the same state, which is never older than the call.
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send + 'static,
    {
        let Some(readers) = &self.inner.readers else {
            return self.inner.writer.write(work).await;
        };
        let mut snapshot = readers.begin().await?;
        let value = work(&mut snapshot).await?;
        snapshot.rollback().await?;
        Ok(value)
    }
}
