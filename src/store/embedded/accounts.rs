//! Accounts in the embedded store. Addresses, secrets of apps and password hashes are sealed for their
//! row and user. Every change of an account raises its version in the same transaction. Not here:
//! whether a password, code or link is right.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnection;

use super::Embedded;
use super::fields::{
    bytes, instant, maybe_instant, millis, new_id, open, open_password, place, seal_password,
    unreadable, whole,
};
use super::remembered::{RememberedRow, forget_all};
use crate::accounts::{
    Account, AccountStore, AppCredential, Contact, ContactKind, CreateError, EmailAddress, Link,
    LinkPurpose, Mark, NewUser, PasswordCredential, RecoveryCodes, StoreError, User, UserId,
    UserName, UserState,
};
use crate::keys::Keyring;
use crate::points::{CredentialId, Role, Timestamp};
use crate::secret::Secret;

const ACTIVE: &str = "active";
const DISABLED: &str = "disabled";

const fn state_name(state: UserState) -> &'static str {
    match state {
        UserState::Active => ACTIVE,
        UserState::Disabled => DISABLED,
    }
}

pub(super) const fn kind_name(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::Email => "email",
        ContactKind::Phone => "phone",
    }
}

const fn purpose_name(purpose: &LinkPurpose) -> &'static str {
    match purpose {
        LinkPurpose::SetUp => "set_up",
        LinkPurpose::Reset { .. } => "reset",
    }
}

fn contact_of(purpose: &LinkPurpose) -> Option<&str> {
    match purpose {
        LinkPurpose::SetUp => None,
        LinkPurpose::Reset { through } => Some(&through.0),
    }
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: String,
    directory: String,
    name: String,
    display_name: Option<String>,
    language: Option<String>,
    state: String,
    created_at: i64,
    last_sign_in_at: Option<i64>,
    version: i64,
}

impl UserRow {
    fn read(self, roles: Vec<String>) -> Result<User, StoreError> {
        let state = match self.state.as_str() {
            ACTIVE => UserState::Active,
            DISABLED => UserState::Disabled,
            _ => return Err(unreadable("user")),
        };
        let name = self.name.parse().map_err(|_| unreadable("user"))?;
        // A name that is not canonical was not written here, and would be counted as another.
        if UserName::as_str(&name) != self.name {
            return Err(unreadable("user"));
        }
        Ok(User {
            id: UserId(self.id.into()),
            directory: self.directory.into(),
            name,
            display_name: self.display_name,
            language: self.language,
            roles: roles.into_iter().map(Role::from).collect(),
            state,
            created_at: instant(self.created_at)?,
            last_sign_in_at: maybe_instant(self.last_sign_in_at)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ContactRow {
    id: String,
    kind: String,
    address: Vec<u8>,
    fingerprint: String,
    is_usable: bool,
    added_at: i64,
    enrolled_at: Option<i64>,
}

impl ContactRow {
    fn open(self, keys: &Keyring, user: &str) -> Result<Contact, StoreError> {
        let kind = match self.kind.as_str() {
            "email" => ContactKind::Email,
            "phone" => ContactKind::Phone,
            _ => return Err(unreadable("contact")),
        };
        let opened = open(keys, &contact_place(&self.id, user, kind), &self.address, "contact")?;
        let address = String::from_utf8(opened.to_vec()).map_err(|_| unreadable("contact"))?;
        // The channel hangs on the fingerprint: an edited one would make one mailbox pay twice.
        if fingerprint(keys, kind, &address) != self.fingerprint {
            return Err(unreadable("contact"));
        }
        Ok(Contact {
            id: CredentialId(self.id.into()),
            kind,
            address,
            fingerprint: self.fingerprint.into(),
            is_usable: self.is_usable,
            added_at: instant(self.added_at)?,
            enrolled_at: maybe_instant(self.enrolled_at)?,
        })
    }
}

pub(super) fn contact_place(id: &str, user: &str, kind: ContactKind) -> String {
    place("contacts.address", &[id, user, kind_name(kind)])
}

/// Addresses that differ only in case are one mailbox ([`EmailAddress::folded`]).
pub(super) fn fingerprint(keys: &Keyring, kind: ContactKind, address: &str) -> String {
    match kind {
        ContactKind::Email => keys.fingerprint(kind_name(kind), &address.to_lowercase()),
        ContactKind::Phone => keys.fingerprint(kind_name(kind), address),
    }
}

#[derive(sqlx::FromRow)]
struct PasswordRow {
    id: String,
    record: Vec<u8>,
    set_at: i64,
    enrolled_at: Option<i64>,
}

impl PasswordRow {
    fn open(self, keys: &Keyring, user: &str) -> Result<PasswordCredential, StoreError> {
        let (hash, mark) = open_password(keys, &password_place(&self.id, user), &self.record)?;
        let id = CredentialId(self.id.into());
        let reset_through = mark.map(|mark| mark.channel);
        let (set_at, enrolled_at) = (instant(self.set_at)?, maybe_instant(self.enrolled_at)?);
        Ok(PasswordCredential { id, hash, reset_through, set_at, enrolled_at })
    }
}

pub(super) fn password_place(id: &str, user: &str) -> String {
    place("passwords.record", &[id, user])
}

#[derive(sqlx::FromRow)]
struct AppRow {
    id: String,
    secret: Vec<u8>,
    name: Option<String>,
    last_step: i64,
    added_at: i64,
    enrolled_at: Option<i64>,
}

impl AppRow {
    fn open(self, keys: &Keyring, user: &str) -> Result<AppCredential, StoreError> {
        let secret = open(keys, &app_place(&self.id, user), &self.secret, "app")?;
        Ok(AppCredential {
            id: CredentialId(self.id.into()),
            secret: Secret::new(secret.to_vec()),
            name: self.name,
            last_step: u64::try_from(self.last_step).map_err(|_| unreadable("app"))?,
            added_at: instant(self.added_at)?,
            enrolled_at: maybe_instant(self.enrolled_at)?,
        })
    }
}

fn app_place(id: &str, user: &str) -> String {
    place("apps.secret", &[id, user])
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    token_hash: Vec<u8>,
    user: String,
    purpose: String,
    contact: Option<String>,
    expires_at: i64,
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        let purpose = match (row.purpose.as_str(), row.contact) {
            ("set_up", None) => LinkPurpose::SetUp,
            ("reset", Some(contact)) => {
                LinkPurpose::Reset { through: CredentialId(contact.into()) }
            }
            _ => return Err(unreadable("link")),
        };
        Ok(Self {
            token_hash: bytes(&row.token_hash, "link")?,
            user: UserId(row.user.into()),
            purpose,
            expires_at: instant(row.expires_at)?,
        })
    }
}

/// Everything that a user owns. Asks the same statements for nobody as for somebody, so that the work
/// does not tell whether there is such a user.
async fn load_account(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    row: Option<UserRow>,
) -> Result<Option<Account>, StoreError> {
    let id = row.as_ref().map_or(String::new(), |row| row.id.clone());
    let roles = load_roles(connection, &id).await?;
    let contacts: Vec<ContactRow> = sqlx::query_as(
        "SELECT id, kind, address, fingerprint, is_usable, added_at, enrolled_at
         FROM contacts WHERE user = ? ORDER BY number",
    )
    .bind(&id)
    .fetch_all(&mut *connection)
    .await?;
    let password: Option<PasswordRow> =
        sqlx::query_as("SELECT id, record, set_at, enrolled_at FROM passwords WHERE user = ?")
            .bind(&id)
            .fetch_optional(&mut *connection)
            .await?;
    let apps: Vec<AppRow> = sqlx::query_as(
        "SELECT id, secret, name, last_step, added_at, enrolled_at
         FROM apps WHERE user = ? ORDER BY number",
    )
    .bind(&id)
    .fetch_all(&mut *connection)
    .await?;
    let recovery: Option<(String, i64, i64)> = sqlx::query_as(
        "SELECT code_set, made_at, COUNT(*) - COUNT(used_at) FROM recovery_codes WHERE user = ?
         GROUP BY code_set, made_at LIMIT 1",
    )
    .bind(&id)
    .fetch_optional(&mut *connection)
    .await?;
    let passkeys = super::passkeys::load(connection, &id).await?;
    let remembered = super::remembered::load(connection, &id).await?;
    let Some(row) = row else { return Ok(None) };
    let version = u64::try_from(row.version).map_err(|_| unreadable("user"))?;
    Ok(Some(Account {
        user: row.read(roles)?,
        contacts: contacts.into_iter().map(|row| row.open(keys, &id)).collect::<Result<_, _>>()?,
        password: password.map(|row| row.open(keys, &id)).transpose()?,
        apps: apps.into_iter().map(|row| row.open(keys, &id)).collect::<Result<_, _>>()?,
        passkeys: passkeys.into_iter().map(|row| row.open(keys, &id)).collect::<Result<_, _>>()?,
        recovery: recovery.map(recovery_codes).transpose()?,
        remembered: remembered.into_iter().map(RememberedRow::read).collect::<Result<_, _>>()?,
        version,
    }))
}

fn recovery_codes((id, made_at, left): (String, i64, i64)) -> Result<RecoveryCodes, StoreError> {
    let left = u32::try_from(left).map_err(|_| unreadable("recovery codes"))?;
    Ok(RecoveryCodes { id: CredentialId(id.into()), left, made_at: instant(made_at)? })
}

async fn load_roles(
    connection: &mut SqliteConnection,
    user: &str,
) -> Result<Vec<String>, StoreError> {
    let roles = sqlx::query_scalar("SELECT role FROM user_roles WHERE user = ?").bind(user);
    Ok(roles.fetch_all(connection).await?)
}

pub(super) async fn load_by_id(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    id: &str,
) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM users WHERE id = ?")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    load_account(connection, keys, row).await
}

/// `false` if there is no such user.
pub(super) async fn raise_version(
    connection: &mut SqliteConnection,
    user: &str,
) -> Result<bool, StoreError> {
    let raised = sqlx::query("UPDATE users SET version = version + 1 WHERE id = ?")
        .bind(user)
        .execute(connection)
        .await?;
    Ok(raised.rows_affected() > 0)
}

/// `false` if the directory has the name.
async fn insert_user(
    connection: &mut SqliteConnection,
    id: &str,
    new: &NewUser,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO users (id, directory, name, display_name, language, state, created_at, version)
         VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (directory, name) DO NOTHING",
    )
    .bind(id)
    .bind(&*new.directory)
    .bind(new.name.as_str())
    .bind(&new.display_name)
    .bind(&new.language)
    .bind(ACTIVE)
    .bind(millis(now))
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

async fn insert_roles(
    connection: &mut SqliteConnection,
    user: &str,
    roles: &BTreeSet<Role>,
) -> Result<(), StoreError> {
    for role in roles {
        sqlx::query("INSERT INTO user_roles (user, role) VALUES (?, ?)")
            .bind(user)
            .bind(&**role)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn insert_contact(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    user: &str,
    (kind, address): (ContactKind, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = new_id();
    sqlx::query(
        "INSERT INTO contacts (id, user, kind, address, fingerprint, is_usable, added_at)
         VALUES (?, ?, ?, ?, ?, TRUE, ?)",
    )
    .bind(&id)
    .bind(user)
    .bind(kind_name(kind))
    .bind(keys.seal(&contact_place(&id, user, kind), address.as_bytes()))
    .bind(fingerprint(keys, kind, address))
    .bind(millis(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// A password that takes the place of the one before, if there was one.
pub(super) struct NewPassword {
    pub(super) hash: Secret<String>,
    pub(super) mark: Option<Mark>,
    pub(super) enrolled_at: Option<Timestamp>,
    pub(super) now: Timestamp,
}

impl NewPassword {
    pub(super) async fn put(
        self,
        connection: &mut SqliteConnection,
        keys: &Keyring,
        user: &str,
    ) -> Result<CredentialId, StoreError> {
        sqlx::query("DELETE FROM passwords WHERE user = ?")
            .bind(user)
            .execute(&mut *connection)
            .await?;
        forget_all(connection, user).await?;
        let (id, mark) = (new_id(), self.mark.as_ref());
        sqlx::query(
            "INSERT INTO passwords (id, user, record, set_at, mark_ends_at, enrolled_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&id)
        .bind(user)
        .bind(seal_password(keys, &password_place(&id, user), self.hash.reveal(), mark)?)
        .bind(millis(self.now))
        .bind(mark.and_then(|mark| mark.ends_at).map(millis))
        .bind(self.enrolled_at.map(millis))
        .execute(&mut *connection)
        .await?;
        raise_version(connection, user).await?;
        Ok(CredentialId(id.into()))
    }
}

/// Ends every unused link of a user.
pub(super) async fn end_links(
    connection: &mut SqliteConnection,
    user: &str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM links WHERE user = ? AND used_at IS NULL")
        .bind(user)
        .execute(connection)
        .await?;
    Ok(())
}

/// `None` if the directory has the name.
async fn create(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    new: &NewUser,
    now: Timestamp,
) -> Result<Option<Account>, StoreError> {
    let id = new_id();
    if !insert_user(connection, &id, new, now).await? {
        return Ok(None);
    }
    insert_roles(connection, &id, &new.roles).await?;
    if let Some(email) = &new.email {
        let contact = (ContactKind::Email, email.as_str());
        insert_contact(connection, keys, &id, contact, now).await?;
    }
    if let Some(phone) = &new.phone {
        let contact = (ContactKind::Phone, phone.as_str());
        insert_contact(connection, keys, &id, contact, now).await?;
    }
    if let Some(hash) = &new.password_hash {
        let first = NewPassword { hash: hash.clone(), mark: None, enrolled_at: None, now };
        first.put(connection, keys, &id).await?;
    }
    load_by_id(connection, keys, &id).await?.ok_or_else(|| unreadable("user")).map(Some)
}

/// An address that two users of a directory share names neither of them.
async fn find_by_email(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    directory: &str,
    fingerprint: &str,
) -> Result<Option<Account>, StoreError> {
    let mut rows: Vec<UserRow> = sqlx::query_as(
        "SELECT * FROM users WHERE directory = ? AND id IN (
             SELECT user FROM contacts WHERE fingerprint = ? AND kind = 'email' AND is_usable)
         LIMIT 2",
    )
    .bind(directory)
    .bind(fingerprint)
    .fetch_all(&mut *connection)
    .await?;
    let row = if rows.len() == 1 { rows.pop() } else { None };
    load_account(connection, keys, row).await
}

async fn list(
    connection: &mut SqliteConnection,
    directory: Option<String>,
) -> Result<Vec<User>, StoreError> {
    let rows: Vec<UserRow> = sqlx::query_as(
        "SELECT * FROM users WHERE ?1 IS NULL OR directory = ?1 ORDER BY name, directory",
    )
    .bind(directory)
    .fetch_all(&mut *connection)
    .await?;
    let held: Vec<(String, String)> =
        sqlx::query_as("SELECT user, role FROM user_roles").fetch_all(connection).await?;
    let mut roles: HashMap<String, Vec<String>> = HashMap::new();
    for (user, role) in held {
        roles.entry(user).or_default().push(role);
    }
    rows.into_iter()
        .map(|row| {
            let held = roles.remove(&row.id).unwrap_or_default();
            row.read(held)
        })
        .collect()
}

async fn rehash(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    credential: &CredentialId,
    hash: &Secret<String>,
) -> Result<(), StoreError> {
    let found: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT user, record FROM passwords WHERE id = ?")
            .bind(&*credential.0)
            .fetch_optional(&mut *connection)
            .await?;
    // Replaced meanwhile: the new password has a hash of its own.
    let Some((user, record)) = found else { return Ok(()) };
    let place = password_place(&credential.0, &user);
    let (_, mark) = open_password(keys, &place, &record)?;
    sqlx::query("UPDATE passwords SET record = ? WHERE id = ?")
        .bind(seal_password(keys, &place, hash.reveal(), mark.as_ref())?)
        .bind(&*credential.0)
        .execute(&mut *connection)
        .await?;
    raise_version(connection, &user).await.map(drop)
}

/// An app that is being added.
struct NewApp {
    user: UserId,
    secret: Secret<Vec<u8>>,
    step: u64,
    enrolled_at: Option<Timestamp>,
    now: Timestamp,
}

impl NewApp {
    async fn insert(
        self,
        connection: &mut SqliteConnection,
        keys: &Keyring,
    ) -> Result<CredentialId, StoreError> {
        let (id, user) = (new_id(), &*self.user.0);
        sqlx::query(
            "INSERT INTO apps (id, user, secret, last_step, added_at, enrolled_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&id)
        .bind(user)
        .bind(keys.seal(&app_place(&id, user), self.secret.reveal()))
        .bind(whole(self.step))
        .bind(millis(self.now))
        .bind(self.enrolled_at.map(millis))
        .execute(&mut *connection)
        .await?;
        raise_version(connection, user).await?;
        Ok(CredentialId(id.into()))
    }
}

#[async_trait]
impl AccountStore for Embedded {
    async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<Account, CreateError> {
        let keys = self.keys();
        let created = self
            .write(move |connection| {
                Box::pin(async move { create(connection, &keys, &new, now).await })
            })
            .await?;
        created.ok_or(CreateError::NameTaken)
    }

    async fn find_user(
        &self,
        directory: &str,
        name: &UserName,
    ) -> Result<Option<Account>, StoreError> {
        let (keys, directory, name) = (self.keys(), directory.to_owned(), name.clone());
        self.read(move |connection| {
            Box::pin(async move {
                let row = sqlx::query_as("SELECT * FROM users WHERE directory = ? AND name = ?")
                    .bind(directory)
                    .bind(name.as_str())
                    .fetch_optional(&mut *connection)
                    .await?;
                load_account(connection, &keys, row).await
            })
        })
        .await
    }

    async fn find_user_by_email(
        &self,
        directory: &str,
        email: &EmailAddress,
    ) -> Result<Option<Account>, StoreError> {
        let (keys, directory) = (self.keys(), directory.to_owned());
        let fingerprint = fingerprint(&keys, ContactKind::Email, &email.folded());
        self.read(move |connection| {
            Box::pin(
                async move { find_by_email(connection, &keys, &directory, &fingerprint).await },
            )
        })
        .await
    }

    async fn load_user(&self, user: &UserId) -> Result<Option<Account>, StoreError> {
        let (keys, user) = (self.keys(), user.clone());
        self.read(move |connection| {
            Box::pin(async move { load_by_id(connection, &keys, &user.0).await })
        })
        .await
    }

    async fn list_users(&self, directory: Option<&str>) -> Result<Vec<User>, StoreError> {
        let directory = directory.map(str::to_owned);
        self.read(move |connection| Box::pin(list(connection, directory))).await
    }

    async fn has_user_with_role(&self, role: &str) -> Result<bool, StoreError> {
        let role = role.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let exists = sqlx::query_scalar(
                    "SELECT EXISTS (
                         SELECT 1 FROM user_roles JOIN users ON users.id = user_roles.user
                         WHERE user_roles.role = ? AND users.state = 'active')",
                );
                Ok(exists.bind(role).fetch_one(connection).await?)
            })
        })
        .await
    }

    async fn set_user_state(&self, user: &UserId, state: UserState) -> Result<bool, StoreError> {
        let user = user.clone();
        self.write(move |connection| {
            Box::pin(async move {
                let set =
                    sqlx::query("UPDATE users SET state = ?, version = version + 1 WHERE id = ?")
                        .bind(state_name(state))
                        .bind(&*user.0)
                        .execute(&mut *connection)
                        .await?;
                if state == UserState::Disabled {
                    forget_all(connection, &user.0).await?;
                    end_links(connection, &user.0).await?;
                }
                Ok(set.rows_affected() > 0)
            })
        })
        .await
    }

    async fn set_user_roles(
        &self,
        user: &UserId,
        roles: &BTreeSet<Role>,
    ) -> Result<bool, StoreError> {
        let (user, roles) = (user.clone(), roles.clone());
        self.write(move |connection| {
            Box::pin(async move {
                if !raise_version(connection, &user.0).await? {
                    return Ok(false);
                }
                sqlx::query("DELETE FROM user_roles WHERE user = ?")
                    .bind(&*user.0)
                    .execute(&mut *connection)
                    .await?;
                insert_roles(connection, &user.0, &roles).await?;
                Ok(true)
            })
        })
        .await
    }

    async fn record_sign_in(&self, user: &UserId, at: Timestamp) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE users SET last_sign_in_at = max(ifnull(last_sign_in_at, 0), ?),
                     version = version + 1 WHERE id = ?",
                )
                .bind(millis(at))
                .bind(&*user.0)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn delete_user(&self, user: &UserId) -> Result<bool, StoreError> {
        let user = user.clone();
        self.write(move |connection| {
            Box::pin(async move {
                let deleted = sqlx::query("DELETE FROM users WHERE id = ?")
                    .bind(&*user.0)
                    .execute(connection)
                    .await?;
                Ok(deleted.rows_affected() > 0)
            })
        })
        .await
    }

    async fn set_password(
        &self,
        user: &UserId,
        hash: Secret<String>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        let (keys, user) = (self.keys(), user.clone());
        self.write(move |connection| {
            Box::pin(async move {
                let new = NewPassword { hash, mark: None, enrolled_at: None, now };
                new.put(connection, &keys, &user.0).await
            })
        })
        .await
    }

    async fn rehash_password(
        &self,
        credential: &CredentialId,
        hash: Secret<String>,
    ) -> Result<(), StoreError> {
        let (keys, credential) = (self.keys(), credential.clone());
        self.write(move |connection| {
            Box::pin(async move { rehash(connection, &keys, &credential, &hash).await })
        })
        .await
    }

    async fn add_app(
        &self,
        user: &UserId,
        secret: Secret<Vec<u8>>,
        step: u64,
        enrolled_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        let keys = self.keys();
        let app = NewApp { user: user.clone(), secret, step, enrolled_at, now };
        self.write(move |connection| Box::pin(async move { app.insert(connection, &keys).await }))
            .await
    }

    async fn take_app_step(&self, app: &CredentialId, step: u64) -> Result<bool, StoreError> {
        // Past the column: no clock gets there, and rounding down would take another step.
        let Ok(step) = i64::try_from(step) else { return Ok(false) };
        let app = app.clone();
        self.write(move |connection| {
            Box::pin(async move {
                let owner: Option<String> = sqlx::query_scalar(
                    "UPDATE apps SET last_step = ?1 WHERE id = ?2 AND last_step < ?1
                     RETURNING user",
                )
                .bind(step)
                .bind(&*app.0)
                .fetch_optional(&mut *connection)
                .await?;
                let Some(owner) = owner else { return Ok(false) };
                raise_version(connection, &owner).await
            })
        })
        .await
    }

    async fn create_link(&self, link: Link) -> Result<(), StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO links (token_hash, user, purpose, contact, expires_at)
                     VALUES (?, ?, ?, ?, ?)",
                )
                .bind(&link.token_hash[..])
                .bind(&*link.user.0)
                .bind(purpose_name(&link.purpose))
                .bind(contact_of(&link.purpose))
                .bind(millis(link.expires_at))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn find_link(
        &self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Link>, StoreError> {
        let token_hash = *token_hash;
        self.read(move |connection| {
            Box::pin(async move {
                let row: Option<LinkRow> = sqlx::query_as(
                    "SELECT token_hash, user, purpose, contact, expires_at FROM links
                     WHERE token_hash = ? AND used_at IS NULL AND expires_at > ?",
                )
                .bind(&token_hash[..])
                .bind(millis(now))
                .fetch_optional(connection)
                .await?;
                row.map(Link::try_from).transpose()
            })
        })
        .await
    }

    async fn take_link(
        &self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Link>, StoreError> {
        let token_hash = *token_hash;
        self.write(move |connection| {
            Box::pin(async move {
                let row: Option<LinkRow> = sqlx::query_as(
                    "UPDATE links SET used_at = ?2
                     WHERE token_hash = ?1 AND used_at IS NULL AND expires_at > ?2
                     RETURNING token_hash, user, purpose, contact, expires_at",
                )
                .bind(&token_hash[..])
                .bind(millis(now))
                .fetch_optional(connection)
                .await?;
                row.map(Link::try_from).transpose()
            })
        })
        .await
    }

    async fn has_set_up_link(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            Box::pin(async move {
                Ok(sqlx::query_scalar(
                    "SELECT EXISTS (SELECT 1 FROM links WHERE user = ? AND purpose = 'set_up'
                     AND used_at IS NULL AND expires_at > ?)",
                )
                .bind(&*user.0)
                .bind(millis(now))
                .fetch_one(connection)
                .await?)
            })
        })
        .await
    }

    async fn end_links(&self, user: &UserId) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |connection| Box::pin(async move { end_links(connection, &user.0).await }))
            .await
    }

    async fn sweep_links(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let swept =
                    sqlx::query("DELETE FROM links WHERE used_at IS NOT NULL OR expires_at <= ?")
                        .bind(millis(now))
                        .execute(connection)
                        .await?;
                Ok(swept.rows_affected())
            })
        })
        .await
    }
}
