//! The folder of a store: its lock, its keys and its database. It is filled only where it is empty;
//! whatever else is missing or wrong is refused, since a fresh store in the place of a lost one would
//! forget every counter and open the set-up again. Not here: what is in the database.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::{OpenError, schema};
use crate::keys::{KeyFileError, Keyring};

const LOCK: &str = "scoregate.lock";
const KEYS: &str = "keys.json";
const DATABASE: &str = "scoregate.db";
/// A database that is being made. It is whole before the keys are written, and named last.
const NEW_DATABASE: &str = "scoregate.db.new";
/// What a first start that was cut short may have left; nothing depends on it.
const LEFTOVERS: [&str; 3] = [NEW_DATABASE, "scoregate.db.new-journal", "keys.new"];
/// What a folder that counts as empty may hold beside them: `lost+found` is every fresh disk's.
const ALLOWED: [&str; 2] = [LOCK, "lost+found"];
/// How often a lock is asked for again.
const RETRY: Duration = Duration::from_millis(25);

/// A store that is open: everything in it was there and right.
pub(super) struct Opened {
    pub(super) writer: SqliteConnection,
    pub(super) database: PathBuf,
    pub(super) keys: Keyring,
    /// Held as long as anything may be written.
    pub(super) lock: File,
}

pub(super) async fn open(folder: &Path, patience: Duration) -> Result<Opened, OpenError> {
    make_folder(folder)?;
    let lock = lock_within(folder, patience).await?;
    match look(folder)? {
        Found::Nothing => create(folder).await?,
        Found::Interrupted => name_database(folder)?,
        Found::Store => {}
    }
    let mut keys = Keyring::read(&folder.join(KEYS))?;
    if let Some(whole) = keys.completed() {
        whole.write(&folder.join(KEYS))?;
        keys = whole;
    }
    let database = folder.join(DATABASE);
    let writer = open_database(&database, &keys).await?;
    Ok(Opened { writer, database, keys, lock })
}

fn at(path: &Path) -> impl Fn(io::Error) -> OpenError {
    move |source| OpenError::Io { path: path.to_owned(), source }
}

fn make_folder(folder: &Path) -> Result<(), OpenError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))
}

/// Commands hold the lock for a moment; a gateway holds it as long as it runs.
async fn lock_within(folder: &Path, patience: Duration) -> Result<File, OpenError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(at(&path))?;
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(at(&path)(source)),
            Err(TryLockError::WouldBlock) if tokio::time::Instant::now() >= deadline => {
                return Err(OpenError::InUse { folder: folder.to_owned() });
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(RETRY).await,
        }
    }
}

enum Found {
    Nothing,
    /// Keys and the whole new database, but the first start ended before it was named.
    Interrupted,
    Store,
}

fn look(folder: &Path) -> Result<Found, OpenError> {
    let names = fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|e| e.file_name())).collect::<io::Result<BTreeSet<_>>>()
        })
        .map_err(at(folder))?;
    let has = |name: &str| names.contains(&OsString::from(name));
    match (has(KEYS), has(DATABASE)) {
        (true, true) => Ok(Found::Store),
        (true, false) if has(NEW_DATABASE) => Ok(Found::Interrupted),
        (true, false) => Err(OpenError::DatabaseMissing { path: folder.join(DATABASE) }),
        (false, true) => Err(KeyFileError::Missing { path: folder.join(KEYS) }.into()),
        (false, false) if names.iter().all(|name| counts_as_nothing(name)) => Ok(Found::Nothing),
        (false, false) => Err(OpenError::NotEmpty { folder: folder.to_owned() }),
    }
}

fn counts_as_nothing(name: &OsStr) -> bool {
    LEFTOVERS.iter().chain(&ALLOWED).any(|nothing| name == *nothing)
}

fn clear_leftovers(folder: &Path) -> Result<(), OpenError> {
    for leftover in LEFTOVERS.map(|name| folder.join(name)) {
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(at(&leftover)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Database first, whole; then the keys; then its name. Ended anywhere between, the next start either
/// begins anew, when no keys were written that anything depends on, or finishes.
async fn create(folder: &Path) -> Result<(), OpenError> {
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(at(folder))?;
    let path = folder.join(NEW_DATABASE);
    clear_leftovers(folder)?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(at(&path))?;
    let keys = Keyring::generate();
    found_database(&path, &keys).await?;
    file.sync_all().map_err(at(&path))?;
    keys.write(&folder.join(KEYS))?;
    name_database(folder)
}

async fn found_database(path: &Path, keys: &Keyring) -> Result<(), OpenError> {
    let database = |source| OpenError::of_database(path, source);
    let mut connection = schema::connect_new(path).await.map_err(database)?;
    schema::found(&mut connection, path, keys).await?;
    connection.close().await.map_err(database)
}

fn name_database(folder: &Path) -> Result<(), OpenError> {
    fs::rename(folder.join(NEW_DATABASE), folder.join(DATABASE))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(at(folder))
}

async fn open_database(path: &Path, keys: &Keyring) -> Result<SqliteConnection, OpenError> {
    schema::check_header(path)?;
    let database = |source| OpenError::of_database(path, source);
    let mut writer = schema::connect(path).await.map_err(database)?;
    schema::check_pages(&mut writer, path).await?;
    if schema::version(&mut writer).await.map_err(database)? < 1 {
        return Err(OpenError::Damaged { path: path.to_owned() });
    }
    schema::migrate(&mut writer, path, schema::MIGRATIONS).await?;
    schema::check_keys(&mut writer, path, keys).await?;
    Ok(writer)
}
