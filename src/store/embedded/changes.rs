//! What people change about their own account, in the embedded store. Not here: who may.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::Embedded;
use super::accounts::raise_version;
use super::fields::{instant, millis};
use crate::accounts::{ChangeStore, PlannedRemoval, StoreError, UserId};
use crate::points::{CredentialId, Timestamp};

/// Every table whose rows are credentials of a user, by `id` and `user`. A password is replaced, never
/// removed.
const CREDENTIALS: [&str; 2] = ["apps", "contacts"];

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

    async fn plan_removal(&self, removal: &PlannedRemoval) -> Result<(), StoreError> {
        let removal = removal.clone();
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO planned_removals (credential, user, due_at) VALUES (?, ?, ?)
                     ON CONFLICT (credential) DO NOTHING",
                )
                .bind(&*removal.credential.0)
                .bind(&*removal.user.0)
                .bind(millis(removal.due_at))
                .execute(connection)
                .await?;
                Ok(())
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
}
