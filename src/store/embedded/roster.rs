//! Looking through users in the embedded store. Each statement walks an index in order of name and stops
//! when the page is full. Not here: what a user can reach.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::Embedded;
use super::accounts::{fingerprint, load_by_id};
use super::settings::bits;
use crate::accounts::{
    Account, ContactKind, DirectoryName, EmailAddress, PhoneNumber, RosterQuery, RosterStore,
    Shown, StoreError,
};
use crate::keys::Keyring;

/// A role that more users have is found by walking the names, one that fewer have by its holders.
const RARE: i64 = 5000;
/// Behind every name and title.
const END: char = '\u{10ffff}';

/// A query as statements need it.
struct Search<'a> {
    query: &'a RosterQuery,
    /// Of both kinds, where what is typed is an address.
    fingerprints: Vec<String>,
    /// The first name that may be shown, and the first behind all of them.
    from: String,
    until: String,
    behind: String,
}

/// Found, by name: the identifier of each.
type Found = BTreeMap<String, String>;

impl<'a> Search<'a> {
    fn of(query: &'a RosterQuery, keys: &Keyring) -> Self {
        let typed = query.search.trim();
        let beginning = typed.to_lowercase();
        // No name is between one and the same with a zero.
        let behind = query.after.as_ref().map(|name| format!("{}\0", name.as_str()));
        let behind = behind.unwrap_or_default();
        let mut fingerprints = Vec::new();
        if let Ok(address) = typed.parse::<EmailAddress>() {
            fingerprints.push(fingerprint(keys, ContactKind::Email, &address.folded()));
        }
        if let Ok(number) = typed.parse::<PhoneNumber>() {
            fingerprints.push(fingerprint(keys, ContactKind::Phone, number.as_str()));
        }
        Self {
            query,
            fingerprints,
            from: beginning.clone().max(behind.clone()),
            until: format!("{beginning}{END}"),
            behind,
        }
    }

    fn role(&self) -> Option<&str> {
        match &self.query.shown {
            Shown::Role(role) => Some(role),
            _ => None,
        }
    }

    /// What holds of a user who is shown. Numbers are ours; a role is bound as `?5`.
    fn condition(&self) -> String {
        match &self.query.shown {
            Shown::Everybody => "TRUE".to_owned(),
            Shown::NeverSignedIn => "u.last_sign_in_at IS NULL AND u.state = 'active'".to_owned(),
            Shown::Disabled => "u.state = 'disabled'".to_owned(),
            Shown::With(sets) => {
                let sets: Vec<String> = sets.iter().map(|set| bits(*set).to_string()).collect();
                format!(
                    "EXISTS (SELECT 1 FROM user_methods m WHERE m.user = u.id AND m.is_active = 1
                     AND m.methods IN ({}))",
                    sets.join(",")
                )
            }
            Shown::Role(_) => {
                "EXISTS (SELECT 1 FROM user_roles r WHERE r.user = u.id AND r.role = ?5)".to_owned()
            }
        }
    }

    /// Runs `SELECT name, id …` with the directory as `?1`, a range as `?2` and `?3`, the size of the page
    /// as `?4`, the role as `?5` and one more text as `?6`.
    async fn run(
        &self,
        connection: &mut SqliteConnection,
        statement: String,
        (from, until): (&str, &str),
        more: &str,
    ) -> Result<Vec<(String, String)>, StoreError> {
        Ok(sqlx::query_as(AssertSqlSafe(statement))
            .bind(&*self.query.directory)
            .bind(from)
            .bind(until)
            .bind(self.query.most)
            .bind(self.role().unwrap_or_default())
            .bind(more)
            .fetch_all(connection)
            .await?)
    }

    async fn by_name(&self, connection: &mut SqliteConnection) -> Result<Found, StoreError> {
        let range = (&*self.from, &*self.until);
        let mut found = Found::new();
        for statement in self.statements_by_name(connection).await? {
            found.extend(self.run(connection, statement, range, "").await?);
        }
        Ok(found)
    }

    async fn statements_by_name(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<String>, StoreError> {
        let in_range = "u.directory = ?1 AND u.name >= ?2 AND u.name < ?3";
        let end = "ORDER BY u.name LIMIT ?4";
        let walk = format!(
            "SELECT u.name, u.id FROM users u WHERE {in_range} AND {} {end}",
            self.condition()
        );
        Ok(match &self.query.shown {
            Shown::With(sets) => sets
                .iter()
                .map(|set| {
                    format!(
                        "SELECT name, user FROM user_methods WHERE directory = ?1 AND methods = {}
                         AND is_active = 1 AND name >= ?2 AND name < ?3 ORDER BY name LIMIT ?4",
                        bits(*set)
                    )
                })
                .collect(),
            Shown::Role(role) if is_rare(connection, role).await? => vec![format!(
                "SELECT u.name, u.id FROM user_roles r CROSS JOIN users u ON u.id = r.user
                 WHERE r.role = ?5 AND {in_range} {end}"
            )],
            _ => vec![walk],
        })
    }

    /// By what people are called.
    async fn by_title(&self, connection: &mut SqliteConnection) -> Result<Found, StoreError> {
        let typed = self.query.search.trim();
        let statement = format!(
            "SELECT u.name, u.id FROM users u INDEXED BY users_by_called
             WHERE u.directory = ?1 AND u.display_name IS NOT NULL
             AND u.display_name >= ?2 COLLATE NOCASE AND u.display_name < ?3 COLLATE NOCASE
             AND u.name >= ?6 AND {} ORDER BY u.name LIMIT ?4",
            self.condition()
        );
        let until = format!("{typed}{END}");
        let found = self.run(connection, statement, (typed, &until), &self.behind).await?;
        Ok(found.into_iter().collect())
    }

    async fn by_address(&self, connection: &mut SqliteConnection) -> Result<Found, StoreError> {
        let mut found = Found::new();
        for fingerprint in &self.fingerprints {
            let statement = format!(
                "SELECT u.name, u.id FROM contacts c CROSS JOIN users u ON u.id = c.user
                 WHERE c.fingerprint = ?6 AND u.directory = ?1 AND u.name >= ?2 AND u.name < ?3
                 AND {} ORDER BY u.name LIMIT ?4",
                self.condition()
            );
            let range = (&*self.behind, &*END.to_string());
            found.extend(self.run(connection, statement, range, fingerprint).await?);
        }
        Ok(found)
    }
}

async fn is_rare(connection: &mut SqliteConnection, role: &str) -> Result<bool, StoreError> {
    let holders: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT 1 FROM user_roles WHERE role = ?1 LIMIT ?2)",
    )
    .bind(role)
    .bind(RARE)
    .fetch_one(connection)
    .await?;
    Ok(holders < RARE)
}

async fn roster(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    query: &RosterQuery,
) -> Result<Vec<Account>, StoreError> {
    let search = Search::of(query, keys);
    let mut found = search.by_name(connection).await?;
    if !query.search.trim().is_empty() {
        found.extend(search.by_title(connection).await?);
        found.extend(search.by_address(connection).await?);
    }
    let most = usize::try_from(query.most).unwrap_or(usize::MAX);
    let mut accounts = Vec::new();
    for id in found.values().take(most) {
        accounts.extend(load_by_id(connection, keys, id).await?);
    }
    Ok(accounts)
}

#[async_trait]
impl RosterStore for Embedded {
    async fn roster(&self, query: &RosterQuery) -> Result<Vec<Account>, StoreError> {
        let (keys, query) = (self.keys(), query.clone());
        self.read(move |connection| {
            Box::pin(async move { roster(connection, &keys, &query).await })
        })
        .await
    }

    async fn count_disabled(&self, directory: &DirectoryName) -> Result<u64, StoreError> {
        let directory = directory.clone();
        let count: i64 = self
            .read(move |connection| {
                Box::pin(async move {
                    let count = sqlx::query_scalar(
                        "SELECT count(*) FROM users WHERE directory = ? AND state = 'disabled'",
                    );
                    Ok(count.bind(&*directory).fetch_one(connection).await?)
                })
            })
            .await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}
