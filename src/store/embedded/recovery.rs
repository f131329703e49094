//! Recovery codes in the embedded store: one row a code, as a hash that is bound to its user. Not here:
//! what a code is (`methods::recovery_code`).

use async_trait::async_trait;

use super::Embedded;
use super::accounts::raise_version;
use super::fields::{millis, new_id};
use crate::accounts::{StoreError, UserId};
use crate::methods::{RecoveryStore, Taken};
use crate::points::{CredentialId, Timestamp};

#[async_trait]
impl RecoveryStore for Embedded {
    async fn put_recovery_codes(
        &self,
        user: &UserId,
        hashes: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        let (user, hashes, id) = (user.clone(), hashes.to_vec(), new_id());
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query("DELETE FROM recovery_codes WHERE user = ?")
                    .bind(&*user.0)
                    .execute(&mut *connection)
                    .await?;
                for hash in &hashes {
                    sqlx::query(
                        "INSERT INTO recovery_codes (user, hash, code_set, made_at)
                         VALUES (?, ?, ?, ?)",
                    )
                    .bind(&*user.0)
                    .bind(&hash[..])
                    .bind(&id)
                    .bind(millis(now))
                    .execute(&mut *connection)
                    .await?;
                }
                raise_version(connection, &user.0).await?;
                Ok(CredentialId(id.into()))
            })
        })
        .await
    }

    async fn take_recovery_code(
        &self,
        user: &UserId,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let (user, hash) = (user.clone(), *hash);
        self.write(move |connection| {
            Box::pin(async move {
                let taken = sqlx::query(
                    "UPDATE recovery_codes SET used_at = ?
                     WHERE user = ? AND hash = ? AND used_at IS NULL",
                )
                .bind(millis(now))
                .bind(&*user.0)
                .bind(&hash[..])
                .execute(&mut *connection)
                .await?;
                if taken.rows_affected() > 0 {
                    raise_version(connection, &user.0).await?;
                    return Ok(Taken::Now);
                }
                let is_known: bool = sqlx::query_scalar(
                    "SELECT EXISTS (SELECT 1 FROM recovery_codes WHERE user = ? AND hash = ?)",
                )
                .bind(&*user.0)
                .bind(&hash[..])
                .fetch_one(connection)
                .await?;
                Ok(if is_known { Taken::Before } else { Taken::Never })
            })
        })
        .await
    }
}
