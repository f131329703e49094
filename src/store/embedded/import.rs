//! Many users at once in the embedded store: one transaction, all or nothing. Not here: reading a table, and who
//! may be changed by one.

use sqlx::sqlite::SqliteConnection;

use super::accounts::{
    NewPassword, fingerprint, insert_roles, insert_user, kind_name, raise_version, state_name,
};
use super::changes::replace_contact;
use super::fields::new_id;
use crate::accounts::{ContactKind, ImportCells, ImportRow, NewUser, StoreError};
use crate::keys::Keyring;
use crate::points::Timestamp;

/// Everything that rows are written with.
pub(super) struct Import<'a> {
    pub(super) keys: &'a Keyring,
    pub(super) directory: &'a str,
    pub(super) now: Timestamp,
}

impl Import<'_> {
    pub(super) async fn write(
        &self,
        connection: &mut SqliteConnection,
        rows: Vec<ImportRow>,
    ) -> Result<(), StoreError> {
        for ImportRow { name, cells } in rows {
            let present: Option<String> =
                sqlx::query_scalar("SELECT id FROM users WHERE directory = ? AND name = ?")
                    .bind(self.directory)
                    .bind(name.as_str())
                    .fetch_optional(&mut *connection)
                    .await?;
            let id = match present {
                Some(id) => id,
                None => self.insert(connection, name.as_str(), &cells).await?,
            };
            self.fill(connection, &id, &cells).await?;
        }
        Ok(())
    }

    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        name: &str,
        cells: &ImportCells,
    ) -> Result<String, StoreError> {
        let id = new_id();
        let new = NewUser {
            directory: self.directory.into(),
            name: name.parse().map_err(|_| StoreError::Unreadable { what: "name" })?,
            display_name: cells.display_name.clone(),
            language: cells.language.clone(),
            roles: std::collections::BTreeSet::new(),
            email: None,
            phone: None,
            password_hash: None,
        };
        insert_user(connection, &id, &new, self.now).await?;
        Ok(id)
    }

    /// What the cells say of a user who is there.
    async fn fill(
        &self,
        connection: &mut SqliteConnection,
        id: &str,
        cells: &ImportCells,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE users SET display_name = ifnull(?1, display_name), language = ifnull(?2, language),
             state = ifnull(?3, state) WHERE id = ?4",
        )
        .bind(&cells.display_name)
        .bind(&cells.language)
        .bind(cells.state.map(state_name))
        .bind(id)
        .execute(&mut *connection)
        .await?;
        if let Some(roles) = &cells.roles {
            sqlx::query("DELETE FROM user_roles WHERE user = ?")
                .bind(id)
                .execute(&mut *connection)
                .await?;
            insert_roles(connection, id, roles).await?;
        }
        if let Some(email) = &cells.email {
            self.address(connection, id, ContactKind::Email, email.as_str()).await?;
        }
        if let Some(phone) = &cells.phone {
            self.address(connection, id, ContactKind::Phone, phone.as_str()).await?;
        }
        if let Some(hash) = &cells.password_hash {
            let password =
                NewPassword { hash: hash.clone(), mark: None, enrolled_at: None, now: self.now };
            password.put(connection, self.keys, id).await?;
        }
        raise_version(connection, id).await.map(drop)
    }

    /// An address that is so already stays, with what was proven over it.
    async fn address(
        &self,
        connection: &mut SqliteConnection,
        id: &str,
        kind: ContactKind,
        address: &str,
    ) -> Result<(), StoreError> {
        let present: Vec<(String, bool)> = sqlx::query_as(
            "SELECT fingerprint, is_usable FROM contacts WHERE user = ? AND kind = ?",
        )
        .bind(id)
        .bind(kind_name(kind))
        .fetch_all(&mut *connection)
        .await?;
        if present == [(fingerprint(self.keys, kind, address), true)] {
            return Ok(());
        }
        replace_contact(connection, self.keys, id, (kind, Some(address)), self.now).await
    }
}
