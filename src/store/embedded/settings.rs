//! Revisions of settings in the embedded store, the counts of users by what they have (which triggers of
//! the schema keep), and sign-ins by day. Not here: which revision is in force.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::Embedded;
use super::accounts::load_by_id;
use super::fields::{instant, maybe_instant, millis, unreadable, whole};
use crate::accounts::{DirectoryName, StoreError, UserName};
use crate::points::{Enrolled, Method, MethodSet, Timestamp};
use crate::settings::{
    Added, Chosen, Group, Mark, NewRevision, Revision, Revisions, SettingsStore, SignIns,
};

/// The bit of each method in a column. Never changed: rows hold them.
const BITS: [(Method, i64); 9] = [
    (Method::Password, 1),
    (Method::Email, 2),
    (Method::Sms, 4),
    (Method::Totp, 8),
    (Method::Passkey, 16),
    (Method::SecurityKey, 32),
    (Method::RecoveryCode, 64),
    (Method::RememberedDevice, 128),
    (Method::Token, 256),
];

pub(super) fn bits(methods: MethodSet) -> i64 {
    BITS.iter().filter(|(method, _)| methods.contains(*method)).map(|(_, bit)| bit).sum()
}

fn methods(bits: i64) -> Result<MethodSet, StoreError> {
    let known: i64 = BITS.iter().map(|(_, bit)| bit).sum();
    if bits & !known != 0 {
        return Err(unreadable("set of methods"));
    }
    Ok(BITS.iter().filter(|(_, bit)| bits & bit != 0).map(|(method, _)| *method).collect())
}

fn count(column: i64) -> Result<u64, StoreError> {
    u64::try_from(column).map_err(|_| unreadable("count"))
}

fn day(at: Timestamp) -> i64 {
    whole(at.as_secs() / 86_400)
}

#[derive(sqlx::FromRow)]
struct RevisionRow {
    directory: String,
    number: i64,
    author: String,
    at: i64,
    reason: String,
    chosen: String,
    report_only: bool,
    starts_at: Option<i64>,
    started_at: Option<i64>,
    confirm_by: Option<i64>,
    confirmed_at: Option<i64>,
    ended_at: Option<i64>,
}

impl TryFrom<RevisionRow> for Revision {
    type Error = StoreError;

    fn try_from(row: RevisionRow) -> Result<Self, StoreError> {
        Ok(Self {
            directory: row.directory.into(),
            number: count(row.number)?,
            author: row.author,
            at: instant(row.at)?,
            reason: row.reason,
            chosen: serde_json::from_str(&row.chosen).map_err(|_| unreadable("revision"))?,
            report_only: row.report_only,
            starts_at: maybe_instant(row.starts_at)?,
            started_at: maybe_instant(row.started_at)?,
            confirm_by: maybe_instant(row.confirm_by)?,
            confirmed_at: maybe_instant(row.confirmed_at)?,
            ended_at: maybe_instant(row.ended_at)?,
        })
    }
}

/// What is in force no more is shown as one that says nothing, if it cannot be read.
fn forgiving(row: RevisionRow) -> RevisionRow {
    let is_lost = row.ended_at.is_some() && serde_json::from_str::<Chosen>(&row.chosen).is_err();
    if is_lost { RevisionRow { chosen: "{}".to_owned(), ..row } } else { row }
}

/// Ends all of a directory.
async fn end_all(
    connection: &mut SqliteConnection,
    directory: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE settings_revisions SET ended_at = ?1 WHERE directory = ?2 AND ended_at IS NULL",
    )
    .bind(millis(now))
    .bind(directory)
    .execute(connection)
    .await?;
    Ok(())
}

/// The number of the newest of a directory; 0: there is none.
async fn newest(connection: &mut SqliteConnection, directory: &str) -> Result<i64, StoreError> {
    let newest = sqlx::query_scalar(
        "SELECT coalesce(max(number), 0) FROM settings_revisions WHERE directory = ?",
    );
    Ok(newest.bind(directory).fetch_one(connection).await?)
}

async fn insert(
    connection: &mut SqliteConnection,
    new: &NewRevision,
    number: i64,
) -> Result<(), StoreError> {
    let chosen = serde_json::to_string(&new.chosen).map_err(|_| unreadable("revision"))?;
    sqlx::query(
        "INSERT INTO settings_revisions
         (directory, number, author, at, reason, chosen, report_only, starts_at,
          started_at, confirm_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&*new.directory)
    .bind(number)
    .bind(&new.author)
    .bind(millis(new.at))
    .bind(&new.reason)
    .bind(&chosen)
    .bind(new.report_only)
    .bind(new.starts_at.map(millis))
    .bind(new.started_at.map(millis))
    .bind(new.confirm_by.map(millis))
    .execute(connection)
    .await?;
    Ok(())
}

#[async_trait]
impl SettingsStore for Embedded {
    async fn revisions(&self) -> Result<Revisions, StoreError> {
        let rows: Vec<RevisionRow> = self
            .read(|connection| {
                Box::pin(async move {
                    Ok(sqlx::query_as(
                        "SELECT * FROM settings_revisions ORDER BY directory, number",
                    )
                    .fetch_all(connection)
                    .await?)
                })
            })
            .await?;
        let mut revisions = Revisions::default();
        for row in rows {
            let (directory, number) = (row.directory.as_str().into(), count(row.number)?);
            match Revision::try_from(forgiving(row)) {
                Ok(revision) => revisions.read.push(revision),
                Err(_) => revisions.unreadable.push((directory, number)),
            }
        }
        Ok(revisions)
    }

    async fn add_revision(&self, new: NewRevision, known: u64) -> Result<Added, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let last = newest(connection, &new.directory).await?;
                if count(last)? != known {
                    return Ok(Added::Overtaken);
                }
                let number = last.saturating_add(1);
                insert(connection, &new, number).await?;
                Ok(Added::Revision(count(number)?))
            })
        })
        .await
    }

    async fn mark_revision(
        &self,
        directory: &DirectoryName,
        number: u64,
        mark: Mark,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (directory, number) = (directory.clone(), whole(number));
        // A mark is set once, on what has not ended; to confirm, before the deadline.
        let statement = match mark {
            Mark::Started => {
                "UPDATE settings_revisions SET started_at = ?1 WHERE directory = ?2 AND number = ?3
                 AND started_at IS NULL AND ended_at IS NULL AND report_only = 0"
            }
            Mark::Confirmed => {
                "UPDATE settings_revisions SET confirmed_at = ?1 WHERE directory = ?2 AND number = ?3
                 AND confirmed_at IS NULL AND ended_at IS NULL AND confirm_by > ?1"
            }
            Mark::Ended => {
                "UPDATE settings_revisions SET ended_at = ?1 WHERE directory = ?2 AND number = ?3
                 AND ended_at IS NULL"
            }
        };
        self.write(move |connection| {
            Box::pin(async move {
                let done = sqlx::query(statement)
                    .bind(millis(now))
                    .bind(&*directory)
                    .bind(number)
                    .execute(connection)
                    .await?;
                Ok(done.rows_affected() == 1)
            })
        })
        .await
    }

    async fn go_back(
        &self,
        directory: &DirectoryName,
        to: Option<NewRevision>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let directory = directory.clone();
        self.write(move |connection| {
            Box::pin(async move {
                end_all(connection, &directory, now).await?;
                let Some(new) = to else { return Ok(0) };
                let number = newest(connection, &directory).await?.saturating_add(1);
                insert(connection, &new, number).await?;
                count(number)
            })
        })
        .await
    }

    async fn groups(&self, directory: &DirectoryName) -> Result<Vec<Group>, StoreError> {
        let directory = directory.clone();
        let rows: Vec<(i64, i64, i64)> = self
            .read(move |connection| {
                Box::pin(async move {
                    Ok(sqlx::query_as(
                        "SELECT methods, users, owners FROM method_counts
                         WHERE directory = ? AND users <> 0 ORDER BY methods",
                    )
                    .bind(&*directory)
                    .fetch_all(connection)
                    .await?)
                })
            })
            .await?;
        let group = |(set, users, owners): (i64, i64, i64)| {
            Ok(Group { methods: methods(set)?, users: count(users)?, owners: count(owners)? })
        };
        rows.into_iter().map(group).collect()
    }

    async fn owners(&self, directory: &DirectoryName) -> Result<Vec<Vec<Enrolled>>, StoreError> {
        let (keys, directory) = (self.keys(), directory.clone());
        self.read(move |connection| {
            Box::pin(async move {
                let ids: Vec<String> = sqlx::query_scalar(
                    "SELECT id FROM user_roles JOIN users ON users.id = user
                     WHERE role = 'scoregate_owner' AND directory = ? AND state = 'active'",
                )
                .bind(&*directory)
                .fetch_all(&mut *connection)
                .await?;
                let mut owners = Vec::new();
                for id in ids {
                    let account = load_by_id(connection, &keys, &id).await?;
                    owners.extend(account.map(|account| account.enrolled()));
                }
                Ok(owners)
            })
        })
        .await
    }

    async fn users_with(
        &self,
        directory: &DirectoryName,
        sets: &[MethodSet],
        most: u32,
    ) -> Result<Vec<UserName>, StoreError> {
        let sets: Vec<i64> = sets.iter().map(|set| bits(*set)).collect();
        let directory = directory.clone();
        let mut names: Vec<String> = self
            .read(move |connection| {
                Box::pin(async move {
                    let mut names = Vec::new();
                    for set in sets {
                        // In the order of an index, which ends it after so many.
                        let first: Vec<String> = sqlx::query_scalar(
                            "SELECT name FROM user_methods
                             WHERE directory = ? AND methods = ? AND is_active = 1
                             ORDER BY name LIMIT ?",
                        )
                        .bind(&*directory)
                        .bind(set)
                        .bind(i64::from(most))
                        .fetch_all(&mut *connection)
                        .await?;
                        names.extend(first);
                    }
                    Ok(names)
                })
            })
            .await?;
        names.sort();
        names.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        names.iter().map(|name| name.parse().map_err(|_| unreadable("user"))).collect()
    }

    async fn note_sign_in(
        &self,
        directory: &DirectoryName,
        shown: MethodSet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let directory = directory.clone();
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO sign_in_days (directory, day, methods, count) VALUES (?, ?, ?, 1)
                     ON CONFLICT DO UPDATE SET count = count + 1",
                )
                .bind(&*directory)
                .bind(day(now))
                .bind(bits(shown))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn sign_ins(
        &self,
        directory: &DirectoryName,
        since: Timestamp,
    ) -> Result<Vec<SignIns>, StoreError> {
        let directory = directory.clone();
        let rows: Vec<(i64, i64)> = self
            .read(move |connection| {
                Box::pin(async move {
                    Ok(sqlx::query_as(
                        "SELECT methods, sum(count) FROM sign_in_days
                         WHERE directory = ? AND day >= ? GROUP BY methods HAVING sum(count) > 0",
                    )
                    .bind(&*directory)
                    .bind(day(since))
                    .fetch_all(connection)
                    .await?)
                })
            })
            .await?;
        let sign_ins =
            |(set, sum): (i64, i64)| Ok(SignIns { methods: methods(set)?, count: count(sum)? });
        rows.into_iter().map(sign_ins).collect()
    }
}
