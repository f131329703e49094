//! The database file: how it is opened, told from a stranger's, checked and brought to this program's
//! schema. Not here: which files a store's folder has to hold (`folder`), and what is in the tables.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::OpenError;
use crate::keys::Keyring;

/// Stands in the header of every database of this program, so that another program's is refused
/// (SQLite file format, section 1.3.16).
pub(super) const APPLICATION_ID: i32 = 0x5363_6721;

/// In the order of their release, which is not that of their names: a new one goes to the end, or a
/// store that has seen the later ones would never see it. `user_version` says how many of them a database has seen. One that was released is
/// never changed again.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0004_accounts.sql"),
    include_str!("migrations/0005_settings.sql"),
    include_str!("migrations/0006_method_counts.sql"),
    include_str!("migrations/0003_codes.sql"),
    include_str!("migrations/0002_passkeys.sql"),
    include_str!("migrations/0007_password_enrolment.sql"),
    include_str!("migrations/0008_roster.sql"),
    include_str!("migrations/0009_remembered_devices.sql"),
];

/// A writer waits this long for a stranger's lock, then the caller answers 503.
const BUSY: Duration = Duration::from_secs(2);
const READERS: u32 = 4;

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .synchronous(SqliteSynchronous::Full)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        // Statements carry no values, but a log of all of them would drown what matters.
        .disable_statement_logging()
}

pub(super) async fn connect_in_memory() -> Result<SqliteConnection, sqlx::Error> {
    options().in_memory(true).connect().await
}

/// For a database that is being made: without a write-ahead log, so that it is one file to rename.
pub(super) async fn connect_new(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    options().filename(path).journal_mode(SqliteJournalMode::Delete).connect().await
}

pub(super) async fn connect(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    options().filename(path).journal_mode(SqliteJournalMode::Wal).connect().await
}

/// Connections that read while the writer writes, and cannot write.
pub(super) fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(0)
        .acquire_timeout(BUSY)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options().filename(path).pragma("query_only", "ON"))
}

/// What the first 100 bytes of a file say, before SQLite is let near it and could change it.
pub(super) fn check_header(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let mut header = [0_u8; 100];
    let mut file = File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.len() == 0 {
        return Err(OpenError::DatabaseEmpty { path: path.to_owned() });
    }
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(OpenError::Damaged { path: path.to_owned() });
        }
        read => read.map_err(io)?,
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(OpenError::Damaged { path: path.to_owned() });
    }
    match header.get(68..72) {
        Some(id) if id == APPLICATION_ID.to_be_bytes() => Ok(()),
        _ => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}

/// An index or page that is not what it should be would turn "counted" into "never seen".
pub(super) async fn check_pages(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), OpenError> {
    let database = |source| OpenError::of_database(path, source);
    let said: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_all(&mut *connection)
        .await
        .map_err(database)?;
    if said.iter().map(String::as_str).eq(["ok"]) {
        Ok(())
    } else {
        Err(OpenError::Damaged { path: path.to_owned() })
    }
}

/// Brings a database to this program's schema, each step in a transaction of its own: a crash leaves
/// the schema before or after it.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
    migrations: &[&'static str],
) -> Result<(), OpenError> {
    let database = |source| OpenError::of_database(path, source);
    let known = migrations.len();
    let version = version(connection).await.map_err(database)?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > known {
        let known = i64::try_from(known).unwrap_or(i64::MAX);
        return Err(OpenError::Newer { path: path.to_owned(), found: version, known });
    }
    for (step, migration) in migrations.iter().enumerate().skip(done) {
        apply(connection, migration, step + 1).await.map_err(database)?;
    }
    Ok(())
}

pub(super) async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await
}

async fn apply(
    connection: &mut SqliteConnection,
    migration: &'static str,
    version: usize,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(migration).execute(&mut *transaction).await?;
    // A pragma takes no parameters; the number is ours.
    let mark = format!("PRAGMA user_version = {version}");
    transaction.execute(AssertSqlSafe(mark)).await?;
    transaction.commit().await
}

/// Makes an empty file or memory into a database of this program that only `keys` open.
pub(super) async fn found(
    connection: &mut SqliteConnection,
    path: &Path,
    keys: &Keyring,
) -> Result<(), OpenError> {
    let database = |source| OpenError::of_database(path, source);
    let mark = format!("PRAGMA application_id = {APPLICATION_ID}");
    connection.execute(AssertSqlSafe(mark)).await.map_err(database)?;
    migrate(connection, path, MIGRATIONS).await?;
    sqlx::query("INSERT INTO meta (name, value) VALUES ('key_check', ?)")
        .bind(keys.seal(KEY_CHECK, KEY_CHECK.as_bytes()))
        .execute(connection)
        .await
        .map(drop)
        .map_err(database)
}

const KEY_CHECK: &str = "meta.value\u{1f}key_check";

/// Keys of another store would make every record unreadable, one by one. Better told at the start.
pub(super) async fn check_keys(
    connection: &mut SqliteConnection,
    path: &Path,
    keys: &Keyring,
) -> Result<(), OpenError> {
    let sealed: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key_check'")
            .fetch_optional(connection)
            .await
            .map_err(|source| OpenError::of_database(path, source))?;
    match sealed.and_then(|sealed| keys.open(KEY_CHECK, &sealed)) {
        Some(_) => Ok(()),
        None => Err(OpenError::WrongKeys { path: path.to_owned() }),
    }
}
