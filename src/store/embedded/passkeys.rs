//! Passkeys and security keys in the embedded store, and which challenges were used. What a credential
//! is made of is sealed for its row; only what changes at every use is a column. Not here: whether a
//! signature is right.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnection;

use super::Embedded;
use super::accounts::{load_by_id, raise_version};
use super::fields::{instant, maybe_instant, millis, new_id, open, place, seal_json, unreadable};
use crate::accounts::{
    Account, NewPasskey, PasskeyCredential, PasskeyStore, PasskeyUse, StoreError, UserId,
};
use crate::keys::Keyring;
use crate::points::{CredentialId, Method, Timestamp};

const WHAT: &str = "passkey";
const RECORD_VERSION: u16 = 1;

/// What never changes of a credential but its label.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u16,
    credential: String,
    key: String,
    is_backup_eligible: bool,
    transports: Vec<String>,
    aaguid: String,
    label: Option<String>,
}

/// Sealed for this credential of this user and this method.
fn passkey_place(id: &str, user: &str, method: &str) -> String {
    place("passkeys.record", &[id, user, method])
}

fn fingerprint(keys: &Keyring, credential: &[u8]) -> String {
    keys.fingerprint(WHAT, &BASE64.encode(credential))
}

fn seal(keys: &Keyring, id: &str, new: &NewPasskey) -> Result<Vec<u8>, StoreError> {
    let stored = Stored {
        version: RECORD_VERSION,
        credential: BASE64.encode(&new.credential),
        key: BASE64.encode(&new.key),
        is_backup_eligible: new.is_backup_eligible,
        transports: new.transports.clone(),
        aaguid: BASE64.encode(new.aaguid),
        label: new.label.clone(),
    };
    seal_json(keys, &passkey_place(id, &new.user.0, new.method.name()), &stored)
}

fn unseal(keys: &Keyring, place: &str, sealed: &[u8]) -> Result<Stored, StoreError> {
    let json = open(keys, place, sealed, WHAT)?;
    let stored: Stored = serde_json::from_slice(&json).map_err(|_| unreadable(WHAT))?;
    if stored.version == RECORD_VERSION { Ok(stored) } else { Err(unreadable(WHAT)) }
}

fn decode(text: &str) -> Result<Vec<u8>, StoreError> {
    BASE64.decode(text).map_err(|_| unreadable(WHAT))
}

#[derive(sqlx::FromRow)]
pub(super) struct PasskeyRow {
    id: String,
    method: String,
    record: Vec<u8>,
    sign_count: i64,
    is_backed_up: bool,
    added_at: i64,
    enrolled_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl PasskeyRow {
    pub(super) fn open(self, keys: &Keyring, user: &str) -> Result<PasskeyCredential, StoreError> {
        let method: Method = self.method.parse().map_err(|_| unreadable(WHAT))?;
        let place = passkey_place(&self.id, user, method.name());
        let stored = unseal(keys, &place, &self.record)?;
        Ok(PasskeyCredential {
            id: CredentialId(self.id.into()),
            method,
            credential: decode(&stored.credential)?,
            key: decode(&stored.key)?,
            sign_count: u32::try_from(self.sign_count).map_err(|_| unreadable(WHAT))?,
            is_backup_eligible: stored.is_backup_eligible,
            is_backed_up: self.is_backed_up,
            transports: stored.transports,
            aaguid: decode(&stored.aaguid)?.try_into().map_err(|_| unreadable(WHAT))?,
            label: stored.label,
            added_at: instant(self.added_at)?,
            last_used_at: maybe_instant(self.last_used_at)?,
            enrolled_at: maybe_instant(self.enrolled_at)?,
        })
    }
}

/// Those of one user, in the order in which they were added.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    user: &str,
) -> Result<Vec<PasskeyRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT id, method, record, sign_count, is_backed_up, added_at, enrolled_at, last_used_at
         FROM passkeys WHERE user = ? ORDER BY number",
    );
    Ok(rows.bind(user).fetch_all(connection).await?)
}

async fn insert(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    new: &NewPasskey,
    now: Timestamp,
) -> Result<Option<CredentialId>, StoreError> {
    let id = new_id();
    let inserted = sqlx::query(
        "INSERT INTO passkeys
         (id, user, method, fingerprint, record, sign_count, is_backed_up, added_at, enrolled_at)
         SELECT ?, id, ?, ?, ?, ?, ?, ?, ? FROM users WHERE id = ?
         ON CONFLICT (fingerprint) DO NOTHING",
    )
    .bind(&id)
    .bind(new.method.name())
    .bind(fingerprint(keys, &new.credential))
    .bind(seal(keys, &id, new)?)
    .bind(i64::from(new.sign_count))
    .bind(new.is_backed_up)
    .bind(millis(now))
    .bind(new.enrolled_at.map(millis))
    .bind(&*new.user.0)
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(None);
    }
    raise_version(connection, &new.user.0).await?;
    Ok(Some(CredentialId(id.into())))
}

async fn rename(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    user: &str,
    id: &str,
    label: String,
) -> Result<bool, StoreError> {
    let found: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT method, record FROM passkeys WHERE id = ? AND user = ?")
            .bind(id)
            .bind(user)
            .fetch_optional(&mut *connection)
            .await?;
    let Some((method, record)) = found else { return Ok(false) };
    let place = passkey_place(id, user, &method);
    let stored = Stored { label: Some(label), ..unseal(keys, &place, &record)? };
    sqlx::query("UPDATE passkeys SET record = ? WHERE id = ?")
        .bind(seal_json(keys, &place, &stored)?)
        .bind(id)
        .execute(&mut *connection)
        .await?;
    raise_version(connection, user).await
}

#[async_trait]
impl PasskeyStore for Embedded {
    async fn add_passkey(
        &self,
        new: NewPasskey,
        now: Timestamp,
    ) -> Result<Option<CredentialId>, StoreError> {
        let keys = self.keys();
        self.write(move |connection| {
            Box::pin(async move { insert(connection, &keys, &new, now).await })
        })
        .await
    }

    async fn find_passkey(&self, credential: &[u8]) -> Result<Option<Account>, StoreError> {
        let keys = self.keys();
        let fingerprint = fingerprint(&keys, credential);
        self.read(move |connection| {
            Box::pin(async move {
                let owner: Option<String> =
                    sqlx::query_scalar("SELECT user FROM passkeys WHERE fingerprint = ?")
                        .bind(fingerprint)
                        .fetch_optional(&mut *connection)
                        .await?;
                // The same statements for nobody as for somebody.
                load_by_id(connection, &keys, &owner.unwrap_or_default()).await
            })
        })
        .await
    }

    async fn use_passkey(&self, id: &CredentialId, used: PasskeyUse) -> Result<bool, StoreError> {
        let id = id.clone();
        self.write(move |connection| {
            Box::pin(async move {
                let owner: Option<String> = sqlx::query_scalar(
                    "UPDATE passkeys SET sign_count = ?1, is_backed_up = ?2,
                         last_used_at = max(ifnull(last_used_at, 0), ?3)
                     WHERE id = ?4 AND (sign_count < ?1 OR (sign_count = 0 AND ?1 = 0))
                     RETURNING user",
                )
                .bind(i64::from(used.sign_count))
                .bind(used.is_backed_up)
                .bind(millis(used.at))
                .bind(&*id.0)
                .fetch_optional(&mut *connection)
                .await?;
                let Some(owner) = owner else { return Ok(false) };
                raise_version(connection, &owner).await
            })
        })
        .await
    }

    async fn rename_passkey(
        &self,
        user: &UserId,
        id: &CredentialId,
        label: &str,
    ) -> Result<bool, StoreError> {
        let (keys, user, id, label) = (self.keys(), user.clone(), id.clone(), label.to_owned());
        self.write(move |connection| {
            Box::pin(async move { rename(connection, &keys, &user.0, &id.0, label).await })
        })
        .await
    }

    async fn spend_challenge(
        &self,
        hash: &[u8; 32],
        ends_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let hash = *hash;
        self.write(move |connection| {
            Box::pin(async move {
                let spent = sqlx::query(
                    "INSERT INTO spent_challenges (hash, ends_at) VALUES (?, ?)
                     ON CONFLICT (hash) DO NOTHING",
                )
                .bind(&hash[..])
                .bind(millis(ends_at))
                .execute(connection)
                .await?;
                Ok(spent.rows_affected() > 0)
            })
        })
        .await
    }

    async fn sweep_challenges(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let swept = sqlx::query("DELETE FROM spent_challenges WHERE ends_at < ?")
                    .bind(millis(now))
                    .execute(connection)
                    .await?;
                Ok(swept.rows_affected())
            })
        })
        .await
    }

    async fn passkey_offer(&self, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let at: Option<i64> =
                    sqlx::query_scalar("SELECT not_before FROM passkey_offers WHERE user = ?")
                        .bind(&*user.0)
                        .fetch_optional(connection)
                        .await?;
                maybe_instant(at)
            })
        })
        .await
    }

    async fn put_off_passkey_offer(
        &self,
        user: &UserId,
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO passkey_offers (user, not_before) SELECT id, ? FROM users
                     WHERE id = ?
                     ON CONFLICT (user) DO UPDATE SET not_before = max(not_before, excluded.not_before)",
                )
                .bind(millis(not_before))
                .bind(&*user.0)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }
}
