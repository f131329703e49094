//! Sessions in the embedded store. Proofs are sealed for their session, user and directory, and each
//! name carries a mark over all its columns, so that a row that was edited, or copied over another
//! user's, is an error. Not here: whether a session still stands at an instant; idle and absolute
//! limits are the caller's.

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnection;

use super::Embedded;
use super::fields::{
    bytes, hex, instant, maybe_instant, millis, open, open_session, place, seal_session, unreadable,
};
use crate::accounts::{StoreError, UserId};
use crate::keys::Keyring;
use crate::points::{Proof, Timestamp};
use crate::sessions::{NameHash, NameRecord, SessionKey, SessionRecord, SessionStore};

#[derive(sqlx::FromRow)]
struct SessionRow {
    key: Vec<u8>,
    user: String,
    directory: String,
    created_at: i64,
    last_seen_at: i64,
    ends_at: i64,
    record: Vec<u8>,
}

impl SessionRow {
    fn open(self, keys: &Keyring) -> Result<SessionRecord, StoreError> {
        let session = SessionRecord {
            key: SessionKey(bytes(&self.key, "session")?),
            user: UserId(self.user.into()),
            directory: self.directory.into(),
            created_at: instant(self.created_at)?,
            last_seen_at: instant(self.last_seen_at)?,
            ends_at: instant(self.ends_at)?,
            proofs: Vec::new(),
            user_agent: None,
            address: None,
        };
        open_session(keys, session, &self.record)
    }
}

#[derive(sqlx::FromRow)]
struct NameRow {
    session: Vec<u8>,
    host: String,
    sees: Option<i64>,
    stands_until: Option<i64>,
    mark: Vec<u8>,
}

impl NameRow {
    fn open(self, keys: &Keyring, hash: NameHash) -> Result<(SessionKey, NameRecord), StoreError> {
        let sees = self.sees.map(|sees| u32::try_from(sees).map_err(|_| unreadable("name")));
        let session = SessionKey(bytes(&self.session, "name")?);
        let name = NameRecord {
            hash,
            host: self.host,
            sees: sees.transpose()?,
            stands_until: maybe_instant(self.stands_until)?,
        };
        open(keys, &mark_place(&session, &name), &self.mark, "name")?;
        Ok((session, name))
    }
}

fn mark_place(session: &SessionKey, name: &NameRecord) -> String {
    let sees = name.sees.map(|sees| sees.to_string()).unwrap_or_default();
    let until = name.stands_until.map(|until| millis(until).to_string()).unwrap_or_default();
    let parts = [&*hex(&name.hash.0), &*hex(&session.0), &*name.host, &*sees, &*until];
    place("session_names.mark", &parts)
}

async fn find_name(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    hash: NameHash,
) -> Result<Option<(SessionKey, NameRecord)>, StoreError> {
    let row: Option<NameRow> = sqlx::query_as(
        "SELECT session, host, sees, stands_until, mark FROM session_names WHERE hash = ?",
    )
    .bind(&hash.0[..])
    .fetch_optional(connection)
    .await?;
    row.map(|row| row.open(keys, hash)).transpose()
}

/// A name that exists is an error: were it replaced, an older cookie would show what only the new one
/// may.
async fn insert_name(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    session: &SessionKey,
    name: &NameRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO session_names (hash, session, host, sees, stands_until, mark)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&name.hash.0[..])
    .bind(&session.0[..])
    .bind(&name.host)
    .bind(name.sees.map(i64::from))
    .bind(name.stands_until.map(millis))
    .bind(keys.seal(&mark_place(session, name), &[]))
    .execute(connection)
    .await?;
    Ok(())
}

async fn update_name(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    session: &SessionKey,
    name: &NameRecord,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE session_names SET sees = ?, stands_until = ?, mark = ? WHERE hash = ?")
        .bind(name.sees.map(i64::from))
        .bind(name.stands_until.map(millis))
        .bind(keys.seal(&mark_place(session, name), &[]))
        .bind(&name.hash.0[..])
        .execute(connection)
        .await?;
    Ok(())
}

/// What a replaced name saw stays what it sees, and its end only ever comes nearer.
fn retire(name: &mut NameRecord, saw: Option<u32>, until: Timestamp) {
    name.sees = name.sees.or(saw);
    name.stands_until = Some(name.stands_until.map_or(until, |end| end.min(until)));
}

async fn find_record(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    session: &SessionKey,
) -> Result<Option<SessionRecord>, StoreError> {
    let row: Option<SessionRow> = sqlx::query_as(
        "SELECT key, user, directory, created_at, last_seen_at, ends_at, record
         FROM sessions WHERE key = ?",
    )
    .bind(&session.0[..])
    .fetch_optional(connection)
    .await?;
    row.map(|row| row.open(keys)).transpose()
}

async fn insert_record(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    session: &SessionRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (key, user, directory, created_at, last_seen_at, ends_at, record)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&session.key.0[..])
    .bind(&*session.user.0)
    .bind(&*session.directory)
    .bind(millis(session.created_at))
    .bind(millis(session.last_seen_at))
    .bind(millis(session.ends_at))
    .bind(seal_session(keys, session)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// A rise: one more proof, a new name, and the end of the old one.
struct Rise {
    session: SessionKey,
    proof: Proof,
    new_name: NameRecord,
    old_name: Option<(NameHash, Timestamp)>,
}

impl Rise {
    async fn apply(
        self,
        connection: &mut SqliteConnection,
        keys: &Keyring,
    ) -> Result<bool, StoreError> {
        let Some(mut session) = find_record(connection, keys, &self.session).await? else {
            return Ok(false);
        };
        let saw = u32::try_from(session.proofs.len()).map_err(|_| unreadable("session"))?;
        session.proofs.push(self.proof);
        sqlx::query("UPDATE sessions SET record = ? WHERE key = ?")
            .bind(seal_session(keys, &session)?)
            .bind(&self.session.0[..])
            .execute(&mut *connection)
            .await?;
        if let Some((hash, until)) = self.old_name {
            retire_name(connection, keys, hash, Some((self.session, saw)), until).await?;
        }
        insert_name(connection, keys, &self.session, &self.new_name).await?;
        Ok(true)
    }
}

/// With `saw`, only a name of that session is touched.
async fn retire_name(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    hash: NameHash,
    saw: Option<(SessionKey, u32)>,
    until: Timestamp,
) -> Result<(), StoreError> {
    let Some((session, mut name)) = find_name(connection, keys, hash).await? else {
        return Ok(());
    };
    if saw.is_some_and(|(expected, _)| expected != session) {
        return Ok(());
    }
    retire(&mut name, saw.map(|(_, count)| count), until);
    update_name(connection, keys, &session, &name).await
}

#[async_trait]
impl SessionStore for Embedded {
    async fn create_session(
        &self,
        session: &SessionRecord,
        name: &NameRecord,
    ) -> Result<(), StoreError> {
        let (keys, session, name) = (self.keys(), session.clone(), name.clone());
        self.write(move |connection| {
            Box::pin(async move {
                insert_record(connection, &keys, &session).await?;
                insert_name(connection, &keys, &session.key, &name).await
            })
        })
        .await
    }

    async fn find_session(
        &self,
        name: &NameHash,
    ) -> Result<Option<(SessionRecord, NameRecord)>, StoreError> {
        let (keys, hash) = (self.keys(), *name);
        self.read(move |connection| {
            Box::pin(async move {
                let Some((key, name)) = find_name(connection, &keys, hash).await? else {
                    return Ok(None);
                };
                let session = find_record(connection, &keys, &key).await?;
                Ok(session.map(|session| (session, name)))
            })
        })
        .await
    }

    async fn add_proof(
        &self,
        session: &SessionKey,
        proof: &Proof,
        new_name: &NameRecord,
        old_name: Option<(&NameHash, Timestamp)>,
    ) -> Result<bool, StoreError> {
        let keys = self.keys();
        let rise = Rise {
            session: *session,
            proof: proof.clone(),
            new_name: new_name.clone(),
            old_name: old_name.map(|(hash, until)| (*hash, until)),
        };
        self.write(move |connection| Box::pin(async move { rise.apply(connection, &keys).await }))
            .await
    }

    async fn shorten_name(
        &self,
        name: &NameHash,
        stands_until: Timestamp,
    ) -> Result<(), StoreError> {
        let (keys, hash) = (self.keys(), *name);
        self.write(move |connection| {
            Box::pin(async move { retire_name(connection, &keys, hash, None, stands_until).await })
        })
        .await
    }

    async fn end_session(&self, session: &SessionKey) -> Result<bool, StoreError> {
        let key = *session;
        self.write(move |connection| {
            Box::pin(async move {
                let ended = sqlx::query("DELETE FROM sessions WHERE key = ?")
                    .bind(&key.0[..])
                    .execute(connection)
                    .await?;
                Ok(ended.rows_affected() > 0)
            })
        })
        .await
    }

    async fn end_sessions_of(
        &self,
        user: &UserId,
        but: Option<&SessionKey>,
    ) -> Result<Vec<SessionKey>, StoreError> {
        let (user, but) = (user.clone(), but.map(|key| key.0.to_vec()));
        self.write(move |connection| {
            Box::pin(async move {
                let keys: Vec<Vec<u8>> = sqlx::query_scalar(
                    "DELETE FROM sessions WHERE user = ? AND key IS NOT ? RETURNING key",
                )
                .bind(&*user.0)
                .bind(but)
                .fetch_all(connection)
                .await?;
                keys.iter().map(|key| bytes(key, "session").map(SessionKey)).collect()
            })
        })
        .await
    }

    async fn touch_sessions(&self, seen: &[(SessionKey, Timestamp)]) -> Result<(), StoreError> {
        let seen = seen.to_vec();
        self.write(move |connection| {
            Box::pin(async move {
                for (key, at) in seen {
                    sqlx::query(
                        "UPDATE sessions SET last_seen_at = ?1 WHERE key = ?2 AND last_seen_at < ?1",
                    )
                    .bind(millis(at))
                    .bind(&key.0[..])
                    .execute(&mut *connection)
                    .await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn list_sessions(&self, user: Option<&UserId>) -> Result<Vec<SessionRecord>, StoreError> {
        let (keys, user) = (self.keys(), user.map(|user| user.0.to_string()));
        self.read(move |connection| {
            Box::pin(async move {
                let rows: Vec<SessionRow> = sqlx::query_as(
                    "SELECT key, user, directory, created_at, last_seen_at, ends_at, record
                     FROM sessions WHERE ?1 IS NULL OR user = ?1
                     ORDER BY created_at DESC, number DESC",
                )
                .bind(user)
                .fetch_all(connection)
                .await?;
                rows.into_iter().map(|row| row.open(&keys)).collect()
            })
        })
        .await
    }

    /// A session is over when either limit is; names that have had their end go as well.
    async fn sweep_sessions(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<u64, StoreError> {
        let (now, idle_since) = (millis(now), millis(idle_since));
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query("DELETE FROM session_names WHERE stands_until <= ?")
                    .bind(now)
                    .execute(&mut *connection)
                    .await?;
                let swept =
                    sqlx::query("DELETE FROM sessions WHERE ends_at <= ? OR last_seen_at < ?")
                        .bind(now)
                        .bind(idle_since)
                        .execute(connection)
                        .await?;
                Ok(swept.rows_affected())
            })
        })
        .await
    }
}
