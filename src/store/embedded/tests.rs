//! The contract for both forms of the embedded store, and what only a store of files can get wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

use super::*;
use crate::accounts::{AccountStore, Link, LinkPurpose, NewUser, UserId};
use crate::methods::CodeStore;
use crate::points::Method;
use crate::secret::Secret;
use crate::sessions::{NameHash, NameRecord, SessionRecord, SessionStore};
use crate::settings::{Added, Chosen, NewRevision, SettingsStore};
use crate::store::contract::{NOW, code, name, new_user, proof, session};
use crate::throttle::{CounterKey, CounterStore};

mod in_memory {
    async fn fresh() -> (super::Embedded, ()) {
        (super::Embedded::in_memory().await.unwrap().0, ())
    }
    crate::store::contract::store_contract!(fresh);
}

mod in_a_folder {
    async fn fresh() -> (super::Embedded, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (super::Embedded::open(folder.path()).await.unwrap().0, folder)
    }
    crate::store::contract::store_contract!(fresh);
}

const WINDOW: Duration = Duration::from_secs(60);

async fn opened(folder: &Path) -> Embedded {
    Embedded::open(folder).await.unwrap().0
}

async fn refusal(folder: &Path) -> OpenError {
    Embedded::open(folder).await.unwrap_err()
}

/// Statements by a hand that is not ours.
async fn tamper(store: &Embedded, statements: &str) {
    let statements = AssertSqlSafe(statements.to_owned());
    let done = store.write(move |connection| {
        Box::pin(async move {
            sqlx::raw_sql(statements).execute(connection).await?;
            Ok(())
        })
    });
    done.await.unwrap();
}

/// A user with one of everything, and a session of theirs. All bytes of keys and hashes are `byte`.
async fn person(store: &Embedded, user_name: &str, byte: u8) -> UserId {
    let new = NewUser {
        email: Some(format!("{user_name}@mail.example").parse().unwrap()),
        phone: Some(format!("+3161234{byte:04}").parse().unwrap()),
        password_hash: Some(Secret::new(format!("$argon2id$of-{user_name}"))),
        ..new_user("staff", user_name)
    };
    let user = store.create_user(new, NOW).await.unwrap().user.id;
    store.add_app(&user, Secret::new(vec![byte; 20]), 5, None, NOW).await.unwrap();
    let (token_hash, purpose) = ([byte; 32], LinkPurpose::SetUp);
    let link = Link { token_hash, user: user.clone(), purpose, expires_at: NOW.after(WINDOW) };
    store.create_link(link).await.unwrap();
    store.create_session(&session(&user, byte), &name(byte)).await.unwrap();
    store.put_code(&code(&user, byte)).await.unwrap();
    user
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_kept_everything() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("new").join("store");
    let store = opened(&place).await;
    let user = person(&store, "anna", 1).await;
    let counter = CounterKey::new("try", &["anna"]);
    store.count(&counter, WINDOW, NOW).await.unwrap();
    let account = store.load_user(&user).await.unwrap();
    store.close().await;

    let store = opened(&place).await;
    let again = store.load_user(&user).await.unwrap();
    // `Debug` hides secrets, so those are compared as well.
    assert_eq!(format!("{again:?}"), format!("{account:?}"));
    assert_eq!(again.unwrap().apps[0].secret.reveal(), &vec![1; 20]);
    let found = store.find_session(&name(1).hash).await.unwrap();
    assert_eq!(found, Some((session(&user, 1), name(1))));
    assert_eq!(store.count(&counter, WINDOW, NOW).await.unwrap().count, 2);
    assert!(store.take_code(&[1; 16], NOW).await.unwrap());
    store.close().await;
    assert!(!opened(&place).await.take_code(&[1; 16], NOW).await.unwrap());
}

#[tokio::test]
async fn everything_in_the_folder_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let store = opened(folder.path()).await;
    person(&store, "anna", 1).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    names.sort();
    let expected =
        ["keys.json", "scoregate.db", "scoregate.db-shm", "scoregate.db-wal", "scoregate.lock"];
    assert_eq!(names, expected);
}

/// The image that a crash leaves: the files as they are, with nothing closed.
fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in ["keys.json", "scoregate.db", "scoregate.db-wal"] {
        if folder.join(file).exists() {
            fs::copy(folder.join(file), copy.path().join(file)).unwrap();
        }
    }
    copy
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path()).await;
    let user = person(&store, "anna", 1).await;
    assert!(store.take_code(&[1; 16], NOW).await.unwrap());
    let crashed = copy_of(folder.path());
    store.end_session(&session(&user, 1).key).await.unwrap();
    let ended = copy_of(folder.path());

    let after = opened(crashed.path()).await;
    assert!(after.find_session(&name(1).hash).await.unwrap().is_some());
    assert!(!after.take_code(&[1; 16], NOW).await.unwrap());
    let after = opened(ended.path()).await;
    assert!(after.find_session(&name(1).hash).await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_is_open_once_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path()).await;
    assert!(matches!(refusal(folder.path()).await, OpenError::InUse { .. }));
    let impatient = Embedded::open_waiting(folder.path(), Duration::from_millis(1)).await;
    assert!(matches!(impatient, Err(OpenError::InUse { .. })));
    let waiting = Embedded::open_waiting(folder.path(), Duration::from_secs(60));
    let (second, ()) = tokio::join!(waiting, store.close());
    second.unwrap().0.list_users(None).await.unwrap();
}

#[tokio::test]
async fn a_store_that_was_only_dropped_gives_up_its_lock() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(folder.path()).await);
    Embedded::open_waiting(folder.path(), Duration::from_secs(60)).await.unwrap();
}

#[tokio::test]
async fn a_closed_store_is_unavailable_and_never_empty() {
    for (store, _kept) in [(Embedded::in_memory().await.unwrap().0, None), {
        let folder = tempfile::tempdir().unwrap();
        (opened(folder.path()).await, Some(folder))
    }] {
        let user = person(&store, "anna", 1).await;
        store.close().await;
        store.close().await;
        assert!(matches!(store.load_user(&user).await, Err(StoreError::Unavailable(_))));
        let found = store.find_session(&name(1).hash).await;
        assert!(matches!(found, Err(StoreError::Unavailable(_))));
        let counted = store.count(&CounterKey::new("try", &[]), WINDOW, NOW).await;
        assert!(matches!(counted, Err(StoreError::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_store_outlives_the_runtime_that_opened_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_owned();
    let opener = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stores = (opened(&place).await, Embedded::in_memory().await.unwrap().0);
            stores.0.list_users(None).await.unwrap();
            stores
        })
    });
    let (in_folder, in_memory) = opener.join().unwrap();
    for store in [in_folder, in_memory] {
        let user = person(&store, "anna", 1).await;
        assert!(store.load_user(&user).await.unwrap().is_some());
    }
}

/// What became of a store's folder, and what the next start must say.
type Ruin = (&'static str, fn(&Path), fn(&OpenError) -> bool);

const FOREIGN_HEADER: usize = 68;

fn overwrite(folder: &Path, from: usize, bytes: &[u8]) {
    let path = folder.join("scoregate.db");
    let mut file = fs::read(&path).unwrap();
    file[from..from + bytes.len()].copy_from_slice(bytes);
    fs::write(&path, file).unwrap();
}

const RUINS: &[Ruin] = &[
    (
        "the database is gone",
        |folder| fs::remove_file(folder.join("scoregate.db")).unwrap(),
        |error| matches!(error, OpenError::DatabaseMissing { .. }),
    ),
    (
        "the keys are gone",
        |folder| fs::remove_file(folder.join("keys.json")).unwrap(),
        |error| matches!(error, OpenError::Keys(KeyFileError::Missing { .. })),
    ),
    (
        "both are gone, but the folder is no empty one",
        |folder| {
            fs::remove_file(folder.join("scoregate.db")).unwrap();
            fs::remove_file(folder.join("keys.json")).unwrap();
            fs::write(folder.join("audit.log"), "{}").unwrap();
        },
        |error| matches!(error, OpenError::NotEmpty { .. }),
    ),
    (
        "the database is an empty file",
        |folder| fs::write(folder.join("scoregate.db"), "").unwrap(),
        |error| matches!(error, OpenError::DatabaseEmpty { .. }),
    ),
    (
        "the database is text",
        |folder| fs::write(folder.join("scoregate.db"), "hello ".repeat(50)).unwrap(),
        |error| matches!(error, OpenError::Damaged { .. }),
    ),
    (
        "the database ends in its header",
        |folder| fs::write(folder.join("scoregate.db"), "SQLite format 3\0").unwrap(),
        |error| matches!(error, OpenError::Damaged { .. }),
    ),
    (
        "the database ends after its first page",
        |folder| {
            let file = fs::read(folder.join("scoregate.db")).unwrap();
            fs::write(folder.join("scoregate.db"), &file[..4096]).unwrap();
        },
        |error| matches!(error, OpenError::Damaged { .. }),
    ),
    (
        "the database is another program's",
        |folder| overwrite(folder, FOREIGN_HEADER, &[0; 4]),
        |error| matches!(error, OpenError::Foreign { .. }),
    ),
    (
        "the keys are another store's",
        |folder| Keyring::generate().write(&folder.join("keys.json")).unwrap(),
        |error| matches!(error, OpenError::WrongKeys { .. }),
    ),
    (
        "the keys are an empty file",
        |folder| fs::write(folder.join("keys.json"), "").unwrap(),
        |error| matches!(error, OpenError::Keys(KeyFileError::Unreadable { .. })),
    ),
    (
        "the keys can be read by others",
        |folder| {
            let mode = fs::Permissions::from_mode(0o644);
            fs::set_permissions(folder.join("keys.json"), mode).unwrap();
        },
        |error| matches!(error, OpenError::Keys(KeyFileError::Exposed { .. })),
    ),
    (
        "the database is a folder",
        |folder| {
            fs::remove_file(folder.join("scoregate.db")).unwrap();
            fs::create_dir(folder.join("scoregate.db")).unwrap();
        },
        |error| matches!(error, OpenError::Io { .. }),
    ),
];

fn files_of(folder: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(path).ok()))
        .filter(|(path, _)| !path.ends_with("-shm") && !path.ends_with("-wal"))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_ruined_store_is_refused_and_left_as_it_is() {
    for (what, ruin, is_expected) in RUINS {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        person(&store, "anna", 1).await;
        store.close().await;
        ruin(folder.path());
        let before = files_of(folder.path());
        for _ in 0..2 {
            let error = refusal(folder.path()).await;
            assert!(is_expected(&error), "{what}: {error:?}");
            assert!(files_of(folder.path()) == before, "{what}: a refused store was changed");
        }
    }
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_found_at_the_start() {
    let whole = tempfile::tempdir().unwrap();
    let store = opened(whole.path()).await;
    for byte in 1..100 {
        person(&store, &format!("user{byte}"), byte).await;
    }
    store.close().await;
    let pages = fs::metadata(whole.path().join("scoregate.db")).unwrap().len() / 4096;
    assert!(pages > 20, "{pages}");
    for page in 1..usize::try_from(pages).unwrap() {
        let folder = copy_of(whole.path());
        overwrite(folder.path(), page * 4096, &[0xaa; 4096]);
        let error = refusal(folder.path()).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "page {page}: {error:?}");
    }
}

#[tokio::test]
async fn a_file_where_the_folder_should_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("store"), "x").unwrap();
    assert!(matches!(refusal(&folder.path().join("store")).await, OpenError::Io { .. }));
    fs::write(folder.path().join("notes.txt"), "x").unwrap();
    assert!(matches!(refusal(folder.path()).await, OpenError::NotEmpty { .. }));
    assert!(!folder.path().join("keys.json").exists());
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_begun_anew_or_finished() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Ended before the keys were written: nothing depends on the half-made database.
    fs::write(at("scoregate.db.new"), "half").unwrap();
    fs::write(at("scoregate.db.new-journal"), "half").unwrap();
    fs::write(at("keys.new"), "half").unwrap();
    let store = opened(folder.path()).await;
    let user = person(&store, "anna", 1).await;
    store.close().await;
    assert!(!at("scoregate.db.new").exists());
    // Ended before the database was named: it is whole and fits the keys.
    fs::rename(at("scoregate.db"), at("scoregate.db.new")).unwrap();
    let store = opened(folder.path()).await;
    assert!(store.load_user(&user).await.unwrap().is_some());
    store.close().await;
    // The same, but it does not fit: it is not this store's.
    fs::rename(at("scoregate.db"), at("scoregate.db.new")).unwrap();
    Keyring::generate().write(&at("keys.json")).unwrap();
    assert!(matches!(refusal(folder.path()).await, OpenError::WrongKeys { .. }));
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path()).await;
    let newer = schema::MIGRATIONS.len() + 1;
    let mark = AssertSqlSafe(format!("PRAGMA user_version = {newer}"));
    let marked = store.write(move |connection| {
        Box::pin(async move { Ok(sqlx::raw_sql(mark).execute(connection).await.map(drop)?) })
    });
    marked.await.unwrap();
    store.close().await;
    let error = refusal(folder.path()).await;
    assert!(matches!(error, OpenError::Newer { .. }), "{error:?}");
    assert!(error.to_string().contains("start the newer scoregate"), "{error}");
}

#[tokio::test]
async fn a_migration_that_is_cut_short_leaves_the_schema_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    fs::write(&path, "").unwrap();
    let mut connection = schema::connect(&path).await.unwrap();
    let first = "CREATE TABLE one (x INTEGER) STRICT; INSERT INTO one VALUES (1);";
    let half = "CREATE TABLE two (x INTEGER) STRICT; UPDATE one SET x = 2; SELECT missing();";
    let whole = "CREATE TABLE two (x INTEGER) STRICT; UPDATE one SET x = 2;";
    let mut state = async |migrations: &[&'static str]| {
        let result = schema::migrate(&mut connection, &path, migrations).await;
        let version = schema::version(&mut connection).await.unwrap();
        let x: i64 =
            sqlx::query_scalar("SELECT x FROM one").fetch_one(&mut connection).await.unwrap();
        let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        (result.is_ok(), version, x, tables)
    };
    assert_eq!(state(&[first, half]).await, (false, 1, 1, 1));
    assert_eq!(state(&[first, half]).await, (false, 1, 1, 1));
    assert_eq!(state(&[first, whole]).await, (true, 2, 2, 2));
    assert_eq!(state(&[first, whole]).await, (true, 2, 2, 2));
    assert_eq!(state(&[first]).await, (false, 2, 2, 2), "older programs keep away");
}

#[tokio::test]
async fn a_store_of_each_earlier_schema_is_brought_to_this_one_and_has_its_tables() {
    async fn tables(connection: &mut SqliteConnection) -> Vec<String> {
        sqlx::query_scalar("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name")
            .fetch_all(connection)
            .await
            .unwrap()
    }
    let all = schema::MIGRATIONS;
    let path = std::path::Path::new("memory");
    let mut whole = schema::connect_in_memory().await.unwrap();
    schema::migrate(&mut whole, path, all).await.unwrap();
    let expected = tables(&mut whole).await;
    assert!(expected.iter().any(|sql| sql.contains("recovery_codes")));
    for seen in 1..all.len() {
        let mut connection = schema::connect_in_memory().await.unwrap();
        schema::migrate(&mut connection, path, &all[..seen]).await.unwrap();
        assert_ne!(tables(&mut connection).await, expected, "{seen}");
        schema::migrate(&mut connection, path, all).await.unwrap();
        assert_eq!(tables(&mut connection).await, expected, "{seen}");
    }
}

/// A store says how many of them it has seen and no more: with another one in between, or another order, a
/// store of an earlier build would never see one of them. A new one adds a line here, at the end.
#[test]
fn the_migrations_that_stores_have_seen_are_the_same_in_the_same_order() {
    use sha2::{Digest, Sha256};
    let seen = [
        "f57f08a266c0c0f3", // 0001
        "9e2ea3a6bbff96a1", // 0004
        "997f08cdfd6fa926", // 0005
        "98d2c26acc1b7fc4", // 0006
        "93698b7c838a677b", // 0003
        "1153630bfb8a12f5", // 0002
        "0c71956e68f3c474", // 0007
        "362ee9d2976ef05e", // 0008
        "8af4148b4b909518", // 0009
    ];
    let beginning = |sql: &&str| {
        let hash = Sha256::digest(sql.as_bytes());
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let present: Vec<String> = schema::MIGRATIONS.iter().map(beginning).collect();
    assert_eq!(present.get(..seen.len()).unwrap(), seen);
}

/// Which writes are refused while the writer's connection is in a state, and that nothing of them
/// stays; reads go on.
async fn refuses_writes(store: &Embedded, user: &UserId) {
    let counter = CounterKey::new("try", &["anna"]);
    let new = NewUser { display_name: Some("x".repeat(100_000)), ..new_user("staff", "bob") };
    let created = store.create_user(new, NOW).await;
    assert!(matches!(
        created,
        Err(crate::accounts::CreateError::Store(StoreError::Unavailable(_)))
    ));
    let big = SessionRecord { user_agent: Some("x".repeat(100_000)), ..session(user, 2) };
    let created = store.create_session(&big, &name(2)).await;
    assert!(matches!(created, Err(StoreError::Unavailable(_))), "{created:?}");
    assert!(store.find_session(&name(2).hash).await.unwrap().is_none());
    assert!(store.find_session(&name(1).hash).await.unwrap().is_some());
    assert_eq!(store.list_users(None).await.unwrap().len(), 1);
    assert!(store.tally(&counter, NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_that_cannot_be_written_grants_nothing_and_is_read_on() {
    let table = [
        ("read-only", "PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        ("full", "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"),
    ];
    for (what, broken, mended) in table {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let user = person(&store, "anna", 1).await;
        tamper(&store, broken).await;
        refuses_writes(&store, &user).await;
        if what == "read-only" {
            let taken = store.take_code(&[1; 16], NOW).await;
            assert!(matches!(taken, Err(StoreError::Unavailable(_))), "{taken:?}");
            // Even the statement that mends it begins with a lock for writing.
            continue;
        }
        tamper(&store, mended).await;
        store.create_session(&session(&user, 2), &name(2)).await.unwrap();
        assert!(store.take_code(&[1; 16], NOW).await.unwrap());
    }
}

#[tokio::test]
async fn a_stranger_who_holds_the_lock_stops_writes_and_not_reads() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path()).await;
    let user = person(&store, "anna", 1).await;
    tamper(&store, "PRAGMA busy_timeout = 20").await;
    let mut stranger = schema::connect(&folder.path().join("scoregate.db")).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut stranger).await.unwrap();
    refuses_writes(&store, &user).await;
    let calls = (0..50).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.take_code(&[1; 16], NOW).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(matches!(call.await.unwrap(), Err(StoreError::Unavailable(_))));
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut stranger).await.unwrap();
    assert!(store.take_code(&[1; 16], NOW).await.unwrap(), "none of the refused took it");
}

#[tokio::test]
async fn a_member_that_fails_or_panics_is_taken_back_alone() {
    let store = Embedded::in_memory().await.unwrap().0;
    let user = person(&store, "anna", 1).await;
    // Everything below is queued before the writer's thread is done with the first.
    let mut calls = tokio::task::JoinSet::new();
    for byte in 2..60 {
        let (again, store, user) = (store.clone(), store.clone(), user.clone());
        calls.spawn(async move {
            let user = if byte % 3 == 0 { UserId("nobody".into()) } else { user };
            let made = store.create_session(&session(&user, byte), &name(byte)).await;
            assert_eq!(made.is_ok(), byte % 3 != 0, "{byte}");
        });
        let store = again;
        calls.spawn(async move {
            let panicked: Result<(), _> = store
                .write(|connection| {
                    Box::pin(async move {
                        sqlx::query("DELETE FROM sessions").execute(connection).await?;
                        panic!("a panic that belongs to this test");
                    })
                })
                .await;
            assert!(matches!(panicked, Err(StoreError::Unavailable(_))));
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
    for byte in 1..60 {
        let found = store.find_session(&name(byte).hash).await.unwrap();
        assert_eq!(found.is_some(), byte == 1 || byte % 3 != 0, "{byte}");
    }
}

#[tokio::test]
async fn a_group_that_is_not_committed_leaves_nothing_and_stops_nobody_after_it() {
    let store = Embedded::in_memory().await.unwrap().0;
    let user = person(&store, "anna", 1).await;
    // Seems right while it runs and is found out at the commit.
    let late = store.write(|connection| {
        Box::pin(async move {
            let insert = "PRAGMA defer_foreign_keys = ON;
                INSERT INTO known_browsers (user, browser, last_used_at) VALUES ('no', x'', 0);";
            sqlx::raw_sql(insert).execute(connection).await?;
            Ok(())
        })
    });
    let made = session(&user, 2);
    let named = name(2);
    let (late, beside) = tokio::join!(late, store.create_session(&made, &named));
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    let found = store.find_session(&named.hash).await.unwrap();
    assert_eq!(found.is_some(), beside.is_ok(), "an answer says what was kept");
    assert!(!store.knows_browser(&UserId("no".into()), &[0; 32]).await.unwrap());
    store.create_session(&session(&user, 3), &name(3)).await.unwrap();
}

#[tokio::test]
async fn the_files_hold_no_address_secret_or_name_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let (store, keys) = Embedded::open(folder.path()).await.unwrap();
    let user = person(&store, "anna", 1).await;
    let key = session(&user, 1).key;
    let by_app = crate::points::Proof {
        credential: crate::points::CredentialId("credential-in-a-proof".into()),
        ..proof(Method::Totp)
    };
    assert!(store.add_proof(&key, &by_app, &name(7), None).await.unwrap());
    let counter = CounterKey::new("send", &["counted@mail.example"]);
    store.count(&counter, WINDOW, NOW).await.unwrap();
    let app = Secret::new(b"secret-of-an-app-20b".to_vec());
    store.add_app(&user, app, 5, None, NOW).await.unwrap();
    // Who calls hashes the name of a session and the token of a link; the hashes are there.
    let (cookie, token) = (b"name-in-a-cookie", b"token-of-a-link");
    let hash = |text: &[u8]| -> [u8; 32] { Sha256::digest(text).into() };
    let named = NameRecord { hash: NameHash(hash(cookie)), ..name(8) };
    assert!(store.add_proof(&key, &by_app, &named, None).await.unwrap());
    let (purpose, expires_at) = (LinkPurpose::SetUp, NOW.after(WINDOW));
    let link = Link { token_hash: hash(token), user: user.clone(), purpose, expires_at };
    store.create_link(link).await.unwrap();
    let secrets: [(&str, &[u8]); 11] = [
        ("e-mail address", b"anna@mail.example"),
        ("mail domain", b"mail.example"),
        ("phone number", b"31612340001"),
        ("secret of the app", b"secret-of-an-app-20b"),
        ("name of the session", cookie),
        ("token of the link", token),
        ("password hash", b"$argon2id$"),
        ("counted address", b"counted@"),
        ("browser", b"Browser/1"),
        ("address of the client", b"192.0.2.1"),
        ("proof", b"credential-in-a-proof"),
    ];
    let files = || {
        ["scoregate.db", "scoregate.db-wal"]
            .map(|file| fs::read(folder.path().join(file)).unwrap_or_default())
            .concat()
    };
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let open = files();
    assert!(holds(&open, b"staff"), "the search finds what is there");
    assert!(holds(&open, keys.fingerprint("email", "anna@mail.example").as_bytes()));
    assert!(holds(&open, &hash(cookie)) && holds(&open, &hash(token)));
    store.close().await;
    let closed = files();
    for (what, secret) in secrets {
        assert!(!holds(&open, secret), "{what} is in the open files");
        assert!(!holds(&closed, secret), "{what} is in the closed file");
    }
}

#[tokio::test]
async fn a_record_that_was_edited_or_moved_is_an_error_and_never_nobody() {
    // Statements after which Anna's account, or the session under her name, must not be readable.
    // Bob has the same things; his keys and hashes are runs of the byte 2, hers of the byte 1.
    let (hers, his) =
        ("x'01010101010101010101010101010101'", "x'02020202020202020202020202020202'");
    let accounts = [
        "UPDATE contacts SET address = zeroblob(60)",
        "UPDATE contacts SET address = (SELECT address FROM contacts WHERE number = 3)",
        "UPDATE contacts SET kind = 'phone' WHERE number = 1",
        "UPDATE contacts SET kind = 'pigeon'",
        "UPDATE contacts SET fingerprint = 'another'",
        "UPDATE contacts SET user = (SELECT id FROM users WHERE name = 'anna')",
        "UPDATE passwords SET record = (SELECT record FROM passwords JOIN users ON users.id = user
             WHERE name = 'bob')",
        "DELETE FROM passwords WHERE user = (SELECT id FROM users WHERE name = 'anna');
         UPDATE passwords SET user = (SELECT id FROM users WHERE name = 'anna')",
        "UPDATE apps SET secret = (SELECT secret FROM apps WHERE number = 2)",
        "UPDATE apps SET user = (SELECT id FROM users WHERE name = 'anna')",
        "UPDATE apps SET last_step = -1",
        "UPDATE users SET state = 'root'",
        "UPDATE users SET name = name || ' '",
        "UPDATE users SET created_at = -1",
        "UPDATE users SET version = -1",
    ];
    let sessions = [
        "UPDATE sessions SET user = (SELECT id FROM users WHERE name = 'bob')".to_owned(),
        format!("UPDATE sessions SET record = (SELECT record FROM sessions WHERE key = {his})"),
        format!("UPDATE session_names SET session = {his}"),
        "UPDATE sessions SET directory = 'customers'".to_owned(),
        "UPDATE sessions SET ends_at = ends_at + 1".to_owned(),
        "UPDATE sessions SET created_at = created_at - 1".to_owned(),
        "UPDATE sessions SET record = x''".to_owned(),
        "UPDATE session_names SET host = 'other.example'".to_owned(),
        "UPDATE session_names SET sees = 9".to_owned(),
        "UPDATE session_names SET sees = -1".to_owned(),
        "UPDATE session_names SET stands_until = 9000000000000".to_owned(),
        "UPDATE session_names SET mark = x''".to_owned(),
        format!(
            "PRAGMA defer_foreign_keys = ON; DELETE FROM sessions WHERE key = {his};
             UPDATE sessions SET key = {his}; UPDATE session_names SET session = {his}"
        ),
        // Bob's name becomes the one that Anna's browser carries.
        format!(
            "DELETE FROM session_names WHERE session = {hers};
             UPDATE session_names SET hash = x'{}'",
            "01".repeat(32)
        ),
    ];
    let store = async || {
        let store = Embedded::in_memory().await.unwrap().0;
        let anna = person(&store, "anna", 1).await;
        person(&store, "bob", 2).await;
        (store, anna)
    };
    for statements in accounts {
        let (store, anna) = store().await;
        tamper(&store, statements).await;
        let loaded = store.load_user(&anna).await;
        assert!(matches!(loaded, Err(StoreError::Unreadable { .. })), "{statements}: {loaded:?}");
    }
    for statements in &sessions {
        let (store, _) = store().await;
        tamper(&store, statements).await;
        let found = store.find_session(&name(1).hash).await;
        assert!(matches!(found, Err(StoreError::Unreadable { .. })), "{statements}: {found:?}");
    }
}

#[tokio::test]
async fn an_unreadable_session_takes_no_proof_and_can_be_ended() {
    let store = Embedded::in_memory().await.unwrap().0;
    let user = person(&store, "anna", 1).await;
    let key = session(&user, 1).key;
    tamper(&store, "UPDATE sessions SET ends_at = ends_at + 1").await;
    let added = store.add_proof(&key, &proof(Method::Totp), &name(2), None).await;
    assert!(matches!(added, Err(StoreError::Unreadable { .. })), "{added:?}");
    let listed = store.list_sessions(Some(&user)).await;
    assert!(matches!(listed, Err(StoreError::Unreadable { .. })), "{listed:?}");
    assert_eq!(store.end_sessions_of(&user, None).await.unwrap(), [key]);
}

#[tokio::test]
async fn other_unreadable_rows_are_errors_as_well() {
    let store = Embedded::in_memory().await.unwrap().0;
    person(&store, "anna", 1).await;
    let counter = CounterKey::new("try", &["anna"]);
    store.count(&counter, WINDOW, NOW).await.unwrap();
    tamper(
        &store,
        "UPDATE counters SET count = -5; UPDATE links SET purpose = 'other';
         UPDATE codes SET method = 'pigeon';",
    )
    .await;
    let read = store.tally(&counter, NOW).await;
    assert!(matches!(read, Err(StoreError::Unreadable { .. })), "{read:?}");
    let counted = store.count(&counter, WINDOW, NOW).await;
    assert!(matches!(counted, Err(StoreError::Unreadable { .. })), "{counted:?}");
    let found = store.find_link(&[1; 32], NOW).await;
    assert!(matches!(found, Err(StoreError::Unreadable { .. })), "{found:?}");
    let codes = store.codes(&code(&UserId("".into()), 1).session, Method::Email).await;
    assert!(codes.unwrap().is_empty(), "a code of an unknown method is no code by e-mail");
}

#[tokio::test]
async fn a_revision_that_cannot_be_read_is_named_and_going_back_ends_it() {
    let store = Embedded::in_memory().await.unwrap().0;
    let staff = "staff".into();
    let new = || NewRevision {
        directory: "staff".into(),
        author: "anna".to_owned(),
        at: NOW,
        reason: String::new(),
        chosen: Chosen { required_level: Some(40), ..Chosen::default() },
        report_only: false,
        starts_at: None,
        started_at: Some(NOW),
        confirm_by: None,
    };
    for known in 0..2 {
        assert_eq!(store.add_revision(new(), known).await.unwrap(), Added::Revision(known + 1));
    }
    tamper(&store, "UPDATE settings_revisions SET chosen = 'x' WHERE number = 2;").await;
    let held = store.revisions().await.unwrap();
    assert_eq!((held.read.len(), held.unreadable), (1, vec![("staff".into(), 2)]));
    assert_eq!(store.go_back(&staff, Some(new()), NOW).await.unwrap(), 3);
    let held = store.revisions().await.unwrap();
    let said = held.read.iter().map(|one| one.chosen.required_level).collect::<Vec<_>>();
    assert_eq!((said, held.unreadable), (vec![Some(40), None, Some(40)], Vec::new()));
}

/// Forgets prepared statements and says how many there were: whoever asks one more shows here.
async fn statements(store: &Embedded) -> usize {
    let count = store.write(|connection| {
        Box::pin(async move {
            let count = connection.cached_statements_size();
            connection.clear_cached_statements().await?;
            Ok(count)
        })
    });
    count.await.unwrap()
}

#[tokio::test]
async fn an_unknown_user_costs_the_same_statements_as_a_known_one() {
    let store = Embedded::in_memory().await.unwrap().0;
    person(&store, "anna", 1).await;
    let mut costs = Vec::new();
    for (user_name, is_known) in [("anna", true), ("nobody", false)] {
        statements(&store).await;
        let found = store.find_user("staff", &user_name.parse().unwrap()).await.unwrap();
        assert_eq!(found.is_some(), is_known);
        costs.push(statements(&store).await);
        let email = format!("{user_name}@mail.example").parse().unwrap();
        let found = store.find_user_by_email("staff", &email).await.unwrap();
        assert_eq!(found.is_some(), is_known);
        costs.push(statements(&store).await);
    }
    assert_eq!(costs, [costs[0]; 4]);
    assert!(costs[0] >= 5, "{costs:?}");
}

#[test]
fn every_refusal_says_what_to_do() {
    let path = || PathBuf::from("store");
    let io = || io::Error::from(io::ErrorKind::PermissionDenied);
    let all = [
        OpenError::InUse { folder: path() },
        OpenError::NotEmpty { folder: path() },
        OpenError::DatabaseMissing { path: path() },
        OpenError::DatabaseEmpty { path: path() },
        OpenError::Damaged { path: path() },
        OpenError::Foreign { path: path() },
        OpenError::WrongKeys { path: path() },
        OpenError::Newer { path: path(), found: 2, known: 1 },
        OpenError::Io { path: path(), source: io() },
        OpenError::Database { path: path(), source: sqlx::Error::PoolClosed },
    ];
    for error in all {
        let sentence = error.to_string();
        let (what, remedy) = sentence.split_once(": ").unwrap();
        assert!(what.contains("store") && !remedy.is_empty(), "{sentence}");
    }
}
