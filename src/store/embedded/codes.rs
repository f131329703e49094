//! Codes that were sent, in the embedded store. The code itself is not here, only its keyed hash; and
//! whether a hash matches is for the method to say.

use std::time::Duration;

use async_trait::async_trait;

use super::Embedded;
use super::fields::{bytes, instant, maybe_instant, millis, unreadable};
use crate::accounts::{StoreError, UserId};
use crate::methods::{CodeStore, SentCode};
use crate::points::{Method, Timestamp};
use crate::sessions::SessionKey;

/// How long a code is kept after its end, so that a late answer can be told that it is late.
const KEPT_AFTER_END: Duration = Duration::from_secs(2 * 60 * 60);

#[derive(sqlx::FromRow)]
struct CodeRow {
    id: Vec<u8>,
    session: Vec<u8>,
    user: String,
    method: String,
    code_mac: Vec<u8>,
    sent_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
}

impl TryFrom<CodeRow> for SentCode {
    type Error = StoreError;

    fn try_from(row: CodeRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: bytes(&row.id, "code")?,
            session: SessionKey(bytes(&row.session, "code")?),
            user: UserId(row.user.into()),
            method: row.method.parse().map_err(|_| unreadable("code"))?,
            code_mac: bytes(&row.code_mac, "code")?,
            sent_at: instant(row.sent_at)?,
            expires_at: instant(row.expires_at)?,
            used_at: maybe_instant(row.used_at)?,
        })
    }
}

#[async_trait]
impl CodeStore for Embedded {
    async fn put_code(&self, code: &SentCode) -> Result<(), StoreError> {
        let code = code.clone();
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO codes
                     (id, session, user, method, code_mac, sent_at, expires_at, used_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                )
                .bind(&code.id[..])
                .bind(&code.session.0[..])
                .bind(&*code.user.0)
                .bind(code.method.name())
                .bind(&code.code_mac[..])
                .bind(millis(code.sent_at))
                .bind(millis(code.expires_at))
                .bind(code.used_at.map(millis))
                .execute(&mut *connection)
                .await?;
                // By the order in which they came: a clock that went back does not remove the newest.
                sqlx::query(
                    "DELETE FROM codes WHERE session = ?1 AND method = ?2 AND number NOT IN (
                         SELECT number FROM codes WHERE session = ?1 AND method = ?2
                         ORDER BY number DESC LIMIT 2)",
                )
                .bind(&code.session.0[..])
                .bind(code.method.name())
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn codes(
        &self,
        session: &SessionKey,
        method: Method,
    ) -> Result<Vec<SentCode>, StoreError> {
        let session = *session;
        self.read(move |connection| {
            Box::pin(async move {
                let rows: Vec<CodeRow> = sqlx::query_as(
                    "SELECT id, session, user, method, code_mac, sent_at, expires_at, used_at
                     FROM codes WHERE session = ? AND method = ? ORDER BY number DESC",
                )
                .bind(&session.0[..])
                .bind(method.name())
                .fetch_all(connection)
                .await?;
                rows.into_iter().map(SentCode::try_from).collect()
            })
        })
        .await
    }

    async fn take_code(&self, id: &[u8; 16], now: Timestamp) -> Result<bool, StoreError> {
        let (id, now) = (*id, millis(now));
        self.write(move |connection| {
            Box::pin(async move {
                let taken: Option<(Vec<u8>, String)> = sqlx::query_as(
                    "UPDATE codes SET used_at = ?2
                     WHERE id = ?1 AND used_at IS NULL AND expires_at > ?2
                     RETURNING session, method",
                )
                .bind(&id[..])
                .bind(now)
                .fetch_optional(&mut *connection)
                .await?;
                let Some((session, method)) = taken else { return Ok(false) };
                sqlx::query(
                    "UPDATE codes SET used_at = ?1
                     WHERE session = ?2 AND method = ?3 AND used_at IS NULL",
                )
                .bind(now)
                .bind(session)
                .bind(method)
                .execute(connection)
                .await?;
                Ok(true)
            })
        })
        .await
    }

    async fn sweep_codes(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let swept = sqlx::query("DELETE FROM codes WHERE expires_at < ?")
                    .bind(millis(now.before(KEPT_AFTER_END)))
                    .execute(connection)
                    .await?;
                Ok(swept.rows_affected())
            })
        })
        .await
    }
}
