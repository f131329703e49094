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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::{AccountStore, NewUser};

    async fn store_with_anna() -> (Embedded, UserId) {
        let (store, _) = Embedded::in_memory().await.unwrap();
        let anna = NewUser {
            directory: "staff".into(),
            name: "anna".parse().unwrap(),
            display_name: None,
            language: None,
            roles: std::collections::BTreeSet::new(),
            email: None,
            phone: None,
            password_hash: None,
        };
        let account = store.create_user(anna, Timestamp::EPOCH).await.unwrap();
        (store, account.user.id)
    }

    #[tokio::test]
    async fn of_a_hundred_who_take_one_code_at_once_one_has_it() {
        let (store, anna) = store_with_anna().await;
        let now = Timestamp::from_secs(1000);
        store.put_recovery_codes(&anna, &[[1; 32], [2; 32]], now).await.unwrap();
        let takes = (0..100).map(|_| store.take_recovery_code(&anna, &[1; 32], now));
        let taken = futures_util::future::join_all(takes).await;
        let count = |what: Taken| taken.iter().filter(|one| *one.as_ref().unwrap() == what).count();
        assert_eq!((count(Taken::Now), count(Taken::Before)), (1, 99));
        let account = store.load_user(&anna).await.unwrap().unwrap();
        assert_eq!(account.recovery.unwrap().left, 1);
    }

    #[tokio::test]
    async fn new_codes_end_the_old_ones_and_raise_the_version_and_a_used_set_is_still_owned() {
        let (store, anna) = store_with_anna().await;
        let now = Timestamp::from_secs(1000);
        let before = store.load_user(&anna).await.unwrap().unwrap();
        assert!(before.recovery.is_none());
        let old = store.put_recovery_codes(&anna, &[[1; 32]], now).await.unwrap();
        let new = store.put_recovery_codes(&anna, &[[2; 32]], now).await.unwrap();
        assert_eq!(store.take_recovery_code(&anna, &[1; 32], now).await.unwrap(), Taken::Never);
        assert_eq!(store.take_recovery_code(&anna, &[2; 32], now).await.unwrap(), Taken::Now);
        let nobody = UserId("nobody".into());
        assert_eq!(store.take_recovery_code(&nobody, &[2; 32], now).await.unwrap(), Taken::Never);
        let after = store.load_user(&anna).await.unwrap().unwrap();
        assert!(after.version > before.version);
        assert!(after.owns(&new) && !after.owns(&old));
        assert!(after.enrolled().is_empty(), "no code is left");
    }
}
