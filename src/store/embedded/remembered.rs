//! Remembered devices in the database. Of the value of a cookie only its hash is here.

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnection;

use super::Embedded;
use super::accounts::raise_version;
use super::fields::{instant, millis, new_id};
use crate::accounts::{
    MOST_REMEMBERED, NewRemembered, RememberedDevice, RememberedStore, StoreError, UserId,
};
use crate::points::{CredentialId, Timestamp};

#[derive(sqlx::FromRow)]
pub(super) struct RememberedRow {
    id: String,
    user_agent: Option<String>,
    made_at: i64,
    last_used_at: i64,
    ends_at: i64,
}

impl RememberedRow {
    pub(super) fn read(self) -> Result<RememberedDevice, StoreError> {
        Ok(RememberedDevice {
            id: CredentialId(self.id.into()),
            user_agent: self.user_agent,
            made_at: instant(self.made_at)?,
            last_used_at: instant(self.last_used_at)?,
            ends_at: instant(self.ends_at)?,
        })
    }
}

/// The newest first.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    user: &str,
) -> Result<Vec<RememberedRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT id, user_agent, made_at, last_used_at, ends_at FROM remembered_devices
         WHERE user = ? ORDER BY number DESC",
    );
    Ok(rows.bind(user).fetch_all(connection).await?)
}

/// Whoever is to be signed in anew is to be so everywhere.
pub(super) async fn forget_all(
    connection: &mut SqliteConnection,
    user: &str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM remembered_devices WHERE user = ?")
        .bind(user)
        .execute(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl RememberedStore for Embedded {
    async fn remember_device(
        &self,
        new: NewRemembered,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let id = new_id();
                sqlx::query(
                    "INSERT INTO remembered_devices
                         (id, user, hash, user_agent, made_at, last_used_at, ends_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
                )
                .bind(&id)
                .bind(&*new.user.0)
                .bind(&new.hash[..])
                .bind(new.user_agent)
                .bind(millis(now))
                .bind(millis(new.ends_at))
                .execute(&mut *connection)
                .await?;
                sqlx::query(
                    "DELETE FROM remembered_devices WHERE user = ?1 AND number NOT IN (
                         SELECT number FROM remembered_devices WHERE user = ?1
                         ORDER BY number DESC LIMIT ?2)",
                )
                .bind(&*new.user.0)
                .bind(i64::try_from(MOST_REMEMBERED).unwrap_or(i64::MAX))
                .execute(&mut *connection)
                .await?;
                raise_version(connection, &new.user.0).await?;
                Ok(CredentialId(id.into()))
            })
        })
        .await
    }

    async fn use_remembered(
        &self,
        user: &UserId,
        hash: &[u8; 32],
        next: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<RememberedDevice>, StoreError> {
        let (user, hash, next) = (user.clone(), hash.to_vec(), next.to_vec());
        self.write(move |connection| {
            Box::pin(async move {
                let used: Option<RememberedRow> = sqlx::query_as(
                    "UPDATE remembered_devices SET shown = ?1, hash = ?2, last_used_at = ?3
                     WHERE user = ?4 AND ends_at > ?3 AND (hash = ?1 OR shown = ?1)
                     RETURNING id, user_agent, made_at, last_used_at, ends_at",
                )
                .bind(hash)
                .bind(next)
                .bind(millis(now))
                .bind(&*user.0)
                .fetch_optional(connection)
                .await?;
                used.map(RememberedRow::read).transpose()
            })
        })
        .await
    }

    async fn forget_device(&self, user: &UserId, id: &CredentialId) -> Result<bool, StoreError> {
        let (user, id) = (user.clone(), id.clone());
        self.write(move |connection| {
            Box::pin(async move {
                let gone = sqlx::query("DELETE FROM remembered_devices WHERE id = ? AND user = ?")
                    .bind(&*id.0)
                    .bind(&*user.0)
                    .execute(&mut *connection)
                    .await?;
                if gone.rows_affected() == 0 {
                    return Ok(false);
                }
                raise_version(connection, &user.0).await
            })
        })
        .await
    }

    async fn sweep_remembered(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let swept = sqlx::query("DELETE FROM remembered_devices WHERE ends_at <= ?")
                    .bind(millis(now))
                    .execute(connection)
                    .await?;
                Ok(swept.rows_affected())
            })
        })
        .await
    }
}
