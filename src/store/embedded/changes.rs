//! What people change about their own account, in the embedded store. Not here: who may.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::Embedded;
use super::accounts::{
    NewPassword, contact_place, end_links, fingerprint, insert_contact, kind_name, password_place,
    raise_version,
};
use super::fields::{instant, maybe_instant, millis, new_id, open_password, seal_password};
use crate::accounts::{ChangeStore, ContactKind, Mark, PlannedRemoval, StoreError, UserId};
use crate::keys::Keyring;
use crate::points::{CredentialId, Timestamp};
use crate::secret::Secret;

/// Every table whose rows are credentials of a user, by `id` and `user`. A password is replaced, never
/// removed.
const CREDENTIALS: [&str; 3] = ["apps", "contacts", "passkeys"];

#[derive(sqlx::FromRow)]
struct PlanRow {
    credential: String,
    user: String,
    due_at: i64,
}

impl TryFrom<PlanRow> for PlannedRemoval {
    type Error = StoreError;

    fn try_from(row: PlanRow) -> Result<Self, StoreError> {
        Ok(Self {
            user: UserId(row.user.into()),
            credential: CredentialId(row.credential.into()),
            due_at: instant(row.due_at)?,
        })
    }
}

async fn remove(
    connection: &mut SqliteConnection,
    user: &str,
    credential: &str,
) -> Result<bool, StoreError> {
    let mut removed = 0;
    for table in CREDENTIALS {
        // The names are ours.
        let statement = format!("DELETE FROM {table} WHERE id = ? AND user = ?");
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(credential)
            .bind(user)
            .execute(&mut *connection)
            .await?;
        removed += done.rows_affected();
    }
    forget_plan(connection, user, credential).await?;
    if removed > 0 {
        raise_version(connection, user).await?;
    }
    Ok(removed > 0)
}

async fn forget_plan(
    connection: &mut SqliteConnection,
    user: &str,
    credential: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM planned_removals WHERE credential = ? AND user = ?")
        .bind(credential)
        .bind(user)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

#[derive(sqlx::FromRow)]
struct MarkedRow {
    id: String,
    user: String,
    record: Vec<u8>,
}

/// The column finds them; what is sealed decides, so that an edited column lifts nothing early.
async fn lift_marks(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    now: Timestamp,
) -> Result<Vec<UserId>, StoreError> {
    let rows: Vec<MarkedRow> =
        sqlx::query_as("SELECT id, user, record FROM passwords WHERE mark_ends_at <= ? LIMIT 100")
            .bind(millis(now))
            .fetch_all(&mut *connection)
            .await?;
    let mut lifted = Vec::new();
    for MarkedRow { id, user, record } in rows {
        let place = password_place(&id, &user);
        let (hash, mark) = open_password(keys, &place, &record)?;
        let ends_at = mark.as_ref().and_then(|mark| mark.ends_at);
        let has_ended = ends_at.is_some_and(|end| end <= now);
        let stays = if has_ended { None } else { mark.as_ref() };
        sqlx::query("UPDATE passwords SET record = ?, mark_ends_at = ? WHERE id = ?")
            .bind(seal_password(keys, &place, hash.reveal(), stays)?)
            .bind(stays.and(ends_at).map(millis))
            .bind(&id)
            .execute(&mut *connection)
            .await?;
        if has_ended {
            raise_version(connection, &user).await?;
            lifted.push(UserId(user.into()));
        }
    }
    Ok(lifted)
}

#[async_trait]
impl ChangeStore for Embedded {
    async fn remove_credential(
        &self,
        user: &UserId,
        credential: &CredentialId,
    ) -> Result<bool, StoreError> {
        let (user, credential) = (user.clone(), credential.clone());
        self.write(move |connection| {
            Box::pin(async move { remove(connection, &user.0, &credential.0).await })
        })
        .await
    }

    async fn plan_removal(
        &self,
        removal: &PlannedRemoval,
    ) -> Result<Option<Timestamp>, StoreError> {
        let removal = removal.clone();
        self.write(move |connection| {
            Box::pin(async move {
                let stands: Option<i64> =
                    sqlx::query_scalar("SELECT due_at FROM planned_removals WHERE credential = ?")
                        .bind(&*removal.credential.0)
                        .fetch_optional(&mut *connection)
                        .await?;
                if let Some(due_at) = stands {
                    return instant(due_at).map(Some);
                }
                sqlx::query(
                    "INSERT INTO planned_removals (credential, user, due_at) VALUES (?, ?, ?)",
                )
                .bind(&*removal.credential.0)
                .bind(&*removal.user.0)
                .bind(millis(removal.due_at))
                .execute(connection)
                .await?;
                Ok(None)
            })
        })
        .await
    }

    async fn cancel_removal(
        &self,
        user: &UserId,
        credential: &CredentialId,
    ) -> Result<bool, StoreError> {
        let (user, credential) = (user.clone(), credential.clone());
        self.write(move |connection| {
            Box::pin(async move { forget_plan(connection, &user.0, &credential.0).await })
        })
        .await
    }

    async fn planned_removals(&self, user: &UserId) -> Result<Vec<PlannedRemoval>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let rows: Vec<PlanRow> = sqlx::query_as(
                    "SELECT credential, user, due_at FROM planned_removals
                     WHERE user = ? ORDER BY due_at",
                )
                .bind(&*user.0)
                .fetch_all(connection)
                .await?;
                rows.into_iter().map(PlannedRemoval::try_from).collect()
            })
        })
        .await
    }

    async fn due_removals(&self, now: Timestamp) -> Result<Vec<PlannedRemoval>, StoreError> {
        self.read(move |connection| {
            Box::pin(async move {
                let rows: Vec<PlanRow> = sqlx::query_as(
                    "SELECT credential, user, due_at FROM planned_removals
                     WHERE due_at <= ? ORDER BY due_at LIMIT 100",
                )
                .bind(millis(now))
                .fetch_all(connection)
                .await?;
                rows.into_iter().map(PlannedRemoval::try_from).collect()
            })
        })
        .await
    }

    async fn replace_password(
        &self,
        user: &UserId,
        hash: Secret<String>,
        mark: Option<&Mark>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        let (keys, user, mark) = (self.keys(), user.clone(), mark.cloned());
        self.write(move |connection| {
            Box::pin(async move {
                let before: Option<Option<i64>> =
                    sqlx::query_scalar("SELECT enrolled_at FROM passwords WHERE user = ?")
                        .bind(&*user.0)
                        .fetch_optional(&mut *connection)
                        .await?;
                let enrolled_at = match before {
                    Some(at) => maybe_instant(at)?,
                    None => Some(now),
                };
                // A link from before would undo the change.
                end_links(connection, &user.0).await?;
                let new = NewPassword { hash, mark, enrolled_at, now };
                new.put(connection, &keys, &user.0).await
            })
        })
        .await
    }

    async fn lift_marks(&self, now: Timestamp) -> Result<Vec<UserId>, StoreError> {
        let keys = self.keys();
        self.write(move |connection| {
            Box::pin(async move { lift_marks(connection, &keys, now).await })
        })
        .await
    }

    async fn add_contact(
        &self,
        user: &UserId,
        kind: ContactKind,
        address: &str,
        most: usize,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (keys, user, address) = (self.keys(), user.clone(), address.to_owned());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.write(move |connection| {
            Box::pin(async move {
                let id = new_id();
                let added = sqlx::query(
                    "INSERT INTO contacts
                         (id, user, kind, address, fingerprint, is_usable, added_at, enrolled_at)
                     SELECT ?1, ?2, ?3, ?4, ?5, TRUE, ?6, ?6
                     WHERE (SELECT count(*) FROM contacts WHERE user = ?2 AND kind = ?3) < ?7
                       AND NOT EXISTS (
                           SELECT 1 FROM contacts
                           WHERE user = ?2 AND kind = ?3 AND fingerprint = ?5)",
                )
                .bind(&id)
                .bind(&*user.0)
                .bind(kind_name(kind))
                .bind(keys.seal(&contact_place(&id, &user.0, kind), address.as_bytes()))
                .bind(fingerprint(&keys, kind, &address))
                .bind(millis(now))
                .bind(most)
                .execute(&mut *connection)
                .await?;
                if added.rows_affected() == 0 {
                    return Ok(false);
                }
                raise_version(connection, &user.0).await
            })
        })
        .await
    }

    async fn replace_contact(
        &self,
        user: &UserId,
        kind: ContactKind,
        address: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (keys, user) = (self.keys(), user.clone());
        self.write(move |connection| {
            Box::pin(async move {
                if !raise_version(connection, &user.0).await? {
                    return Ok(false);
                }
                let mut gone = 0;
                for statement in [
                    "DELETE FROM planned_removals WHERE credential IN
                     (SELECT id FROM contacts WHERE user = ? AND kind = ?)",
                    "DELETE FROM contacts WHERE user = ? AND kind = ?",
                ] {
                    let done = sqlx::query(statement)
                        .bind(&*user.0)
                        .bind(kind_name(kind))
                        .execute(&mut *connection)
                        .await?;
                    gone = done.rows_affected();
                }
                if kind == ContactKind::Email && gone > 0 {
                    // One may lie in the mailbox that is not theirs any more.
                    end_links(connection, &user.0).await?;
                }
                if let Some(address) = &address {
                    insert_contact(connection, &keys, &user.0, (kind, address), now).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    async fn name_app(
        &self,
        user: &UserId,
        app: &CredentialId,
        name: Option<String>,
    ) -> Result<bool, StoreError> {
        let (user, app) = (user.clone(), app.clone());
        self.write(move |connection| {
            Box::pin(async move {
                let named = sqlx::query("UPDATE apps SET name = ? WHERE id = ? AND user = ?")
                    .bind(name)
                    .bind(&*app.0)
                    .bind(&*user.0)
                    .execute(&mut *connection)
                    .await?;
                if named.rows_affected() == 0 {
                    return Ok(false);
                }
                raise_version(connection, &user.0).await
            })
        })
        .await
    }
}
